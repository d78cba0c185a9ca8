/* piper.h - a natural voice: the VITS models of Piper, from phonemes to sound.
 *
 *   ids [n] -> text encoder -> states [n][H] -> stochastic durations -> frames a phoneme [n]
 *           -> mean and deviation of every frame [T][H] + noise -> coupling flow backwards [T][H]
 *           -> HiFi-GAN decoder -> samples [T * hop], -1..1
 *
 * The front (encoder, durations) runs over a whole sentence; flow and decoder run in windows of
 * frames that see exactly what a run over the whole would show them, so the first sound does not
 * wait for the last word and the samples do not depend on the windows or on the threads.
 *
 * Source: Kim, Kong, Son 2021 (arXiv:2106.06103); the voices of rhasspy/piper, whose ONNX file and
 * JSON piper_convert turns into one weights file. docs/MODELS.md lists every tensor and formula;
 * tests/golden/piper holds what onnxruntime makes of the same model.
 *
 * Threads: a Piper is immutable once open and shared freely; a PiperState (a sentence being spoken,
 * its scratch and its helper threads) has one owner at a time. */
#ifndef SOTTO_NN_PIPER_H
#define SOTTO_NN_PIPER_H

#include <stdatomic.h>

#include "base/str.h"

#define PIPER_MODEL "piper-vits"
#define PIPER_IDS_MAX 2048      /* phoneme ids of one sentence */
#define PIPER_FRAMES_MAX 24000  /* frames of one sentence: four minutes and a half at 22 kHz */

typedef struct Piper Piper;
typedef struct PiperState PiperState;

/* PIPER_FP32 is the reference; PIPER_FAST is the decoder in bf16 products with fp32 sums, and what
 * is before it in three such products for each, where the processor has AMX-BF16; fp32
 * elsewhere. */
typedef enum { PIPER_FAST, PIPER_FP32 } PiperPrecision;

typedef struct {
    const char *espeak_voice; /* "en-us": the phonemes it was trained on */
    const char *language;     /* "en_US" */
    const char *dataset;      /* "joe"; "" when the voice does not say */
    const char *quality;      /* "medium" */
    uint32_t rate_hz, hop;    /* hop: samples a frame */
    float noise, length, noise_w; /* what the voice's authors recommend */
} PiperInfo;

typedef struct {
    float noise;   /* how much the sound varies, 0..2 */
    float noise_w; /* how much the durations vary, 0..2 */
    float length;  /* 1: as trained; 2: half as fast; 0.2..5 */
    float speed;   /* the sound that the others make, so many times as fast to within a frame, as
                      long as every phoneme is left one: 0.2..5; 0 means 1 */
    uint64_t seed; /* same ids, params and seed: same samples */
    const atomic_bool *cancel; /* NULL, or looked at between steps of at most some milliseconds */
} PiperParams;

/* Makes our own file `out` of a published voice. ERR_CORRUPT, ERR_VALIDATION (a kind of voice that
 * is not known here: several speakers, other phonemes than espeak's), ERR_NO_MEMORY, ERR_IO. */
bool piper_convert(const char *onnx, const char *json, const char *out, Err *err);

Piper *piper_open(const char *path, PiperPrecision precision, Err *err);
void piper_close(Piper *p); /* NULL is allowed */
bool piper_verify(const Piper *p, Err *err); /* reads every byte */
const PiperInfo *piper_info(const Piper *p); /* lives as long as p */

/* Ids of a sentence's phonemes (UTF-8, decomposed: one character a phoneme) as the model was
 * trained: begin, pad, phoneme, pad, ..., end. Characters that the voice does not know are left
 * out and counted in *unknown (may be NULL). Returns the number of ids, or 0 when they are more
 * than `max`. */
size_t piper_ids(const Piper *p, Str phonemes, uint32_t *ids, size_t max, size_t *unknown);

/* threads: 1 to TEAM_MAX, the caller's included. */
PiperState *piper_state_new(const Piper *p, unsigned threads, Err *err);
void piper_state_free(PiperState *s); /* NULL is allowed */

/* Starts a sentence: encoder and durations. *frames (may be NULL) gets its length.
 * ERR_VALIDATION, ERR_TOO_LARGE, ERR_NO_MEMORY, ERR_CANCELLED. */
bool piper_begin(PiperState *s, const uint32_t *ids, size_t n, const PiperParams *params,
    size_t *frames, Err *err);
/* The next samples of the sentence, borrowed until the next call; *n is 0 behind the last. */
bool piper_next(PiperState *s, const float **samples, size_t *n, Err *err);
/* Frames of each of the n ids of the sentence that was begun (tests, marks of words). */
const uint32_t *piper_durations(const PiperState *s);
/* Bytes of scratch it holds now. */
size_t piper_state_bytes(const PiperState *s);

#endif
