/* whisper.h - speech to text with Whisper, tiny to medium, English or multilingual.
 *
 *   float pcm [n] at 16 kHz -> log-mel [frames, 80] -> encoder [positions, d]
 *     -> decoder, a token at a time -> byte-level BPE -> text, segments, words
 *
 * Weights come from one memory-mapped file of our own (docs/MODELS.md), made once by
 * whisper_convert from a ggml file or a CTranslate2 folder. Its encoder's cost follows the length
 * of the speech: the states of silent padding are in the file, computed when it was made.
 *
 * Source: Radford et al. 2022 (arXiv:2212.04356) and the reference's decoding rules.
 * Threads: a Whisper is immutable once open and shared freely; a WhisperState is the scratch of one
 * transcription at a time and owns the helper threads that work on it. */
#ifndef SOTTO_NN_WHISPER_H
#define SOTTO_NN_WHISPER_H

#include "base/arena.h"

#define WHISPER_RATE_HZ 16000
#define WHISPER_WINDOW_S 30
#define WHISPER_HOP 160      /* samples a log-mel frame */
#define WHISPER_FRAMES 3000  /* frames of a window */
#define WHISPER_POSITIONS 1500 /* encoder positions of a window: two frames each */
#define WHISPER_THREADS_MAX 8

typedef struct Whisper Whisper;
typedef struct WhisperState WhisperState;
typedef struct WhisperSegment WhisperSegment;

typedef enum {
    WHISPER_INT8, /* u8 activations x s8 weights; what the product uses */
    WHISPER_FP32  /* the reference path, straight from the published files */
} WhisperPrecision;

typedef struct {
    uint32_t state, heads, mels, encoder_layers, decoder_layers, vocabulary, text_positions;
    uint32_t languages; /* 0: English only */
} WhisperInfo;

/* Makes the mapped file `out` (written whole, then renamed) from a ggml file or a CTranslate2
 * folder (config.json, tokenizer.json, model.bin). ERR_CORRUPT with the reason when it is none, is
 * cut short, or a tensor is missing or has another shape; ERR_NO_MEMORY, ERR_IO. */
bool whisper_convert(const char *source, const char *out, Err *err);

/* Maps `path` and checks its header and table of contents (every byte: whisper_verify). For
 * WHISPER_FP32 `path` is what whisper_convert takes. ERR_NOT_FOUND, ERR_CORRUPT, ERR_NO_MEMORY. */
Whisper *whisper_open(const char *path, WhisperPrecision precision, Err *err);
void whisper_close(Whisper *m);
bool whisper_verify(const Whisper *m, Err *err);
const WhisperInfo *whisper_info(const Whisper *m);
/* Whether `code` ("en", "de") is a language of this model; its code by number below languages. */
bool whisper_knows_language(const Whisper *m, Str code);
const char *whisper_language(uint32_t i);

/* threads: 1 to WHISPER_THREADS_MAX that share one transcription; 2 is what was measured. */
WhisperState *whisper_state_new(const Whisper *m, unsigned threads, Err *err);
void whisper_state_free(WhisperState *s);

typedef enum { WHISPER_TRANSCRIBE, WHISPER_TRANSLATE } WhisperTask;

typedef struct {
    Str language;            /* empty: detected (English-only models: English) */
    WhisperTask task;
    Str prompt;              /* words to expect, as text before the speech; may be empty */
    bool no_timestamps;      /* one segment a window, a little faster */
    bool word_times;
    bool carry_text;         /* the text of a window is the prompt of the next */
    bool full_window;        /* never the short encoder: the reference path */
    float temperature;       /* where the ladder of fall-backs starts, 0 is greedy */
    bool one_temperature;    /* no fall-back */
    /* Limits of the reference when 0: 2.4, -1.0, 0.6. */
    float compression_limit, logprob_limit, no_speech_limit;
    /* After each window: samples done of all. False stops with ERR_CANCELLED, as does cancel, which
     * is asked about every token. Either may be NULL. */
    bool (*progress)(void *arg, size_t done, size_t all);
    bool (*cancelled)(void *arg);
    /* The segments of a window, as soon as they stand; borrowed for the call. May be NULL. */
    void (*heard)(void *arg, const WhisperSegment *segments, size_t n);
    void *arg;
} WhisperOptions;

typedef struct {
    Str text;            /* with the space before it, as the model says it */
    float start_s, end_s, probability;
} WhisperWord;

struct WhisperSegment {
    float start_s, end_s;
    Str text;                  /* trimmed */
    const uint32_t *tokens;    /* [n_tokens], timestamps among them */
    const float *logprobs;     /* [n_tokens] */
    size_t n_tokens;
    const WhisperWord *words;  /* [n_words]; none unless asked for */
    size_t n_words;
    uint32_t seek;             /* first frame of its window */
    float temperature, avg_logprob, compression_ratio, no_speech_prob;
    bool full_window;          /* encoded with all 1500 positions */
};

typedef struct {
    Str text;                  /* segments joined by single spaces */
    const char *language;      /* "en" */
    float language_probability; /* 1 when it was given */
    float duration_s;
    const WhisperSegment *segments;
    size_t n_segments;
    uint64_t mel_ns, encode_ns, decode_ns; /* where the time went */
    uint32_t fallbacks;        /* windows that were decoded again */
} WhisperResult;

/* Transcribes n samples (any n, also 0). *out lives in `a`. NaN and infinity read as 0.
 * ERR_VALIDATION (unknown language, prompt no UTF-8), ERR_CANCELLED, ERR_NO_MEMORY. */
bool whisper_transcribe(const Whisper *m, WhisperState *s, const float *pcm, size_t n,
    const WhisperOptions *options, Arena *a, WhisperResult *out, Err *err);

/* The most likely language of the first 30 s, and its probability. Multilingual models only. */
bool whisper_detect(const Whisper *m, WhisperState *s, const float *pcm, size_t n,
    const char **language, float *probability, Err *err);

/* Ids of a text; at most max are written, the number there would be is returned. */
size_t whisper_encode_text(const Whisper *m, Str text, uint32_t *ids, size_t max);
/* Appends the bytes of ids; special tokens and timestamps have none. */
bool whisper_decode_text(const Whisper *m, const uint32_t *ids, size_t n, Buf *out);

#endif
