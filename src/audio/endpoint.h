/* endpoint.h - where an utterance begins and ends in a stream of sound.
 *
 *   blocks of any size -> frames of 512 -> probability of speech (nn/vad.h) -> START, END, ...
 *
 * Two thresholds (speech begins at `start` and goes on until it stays below `stop`), a minimum of
 * speech before START is said (a click is none), a pre-roll that belongs to the utterance although
 * it came before (the first consonant is soft), a silence that ends it, a length at most.
 *
 * The detector is a function, so that this file knows no model and tests need none.
 *
 * Threads: an Endpointer has one owner. */
#ifndef SOTTO_AUDIO_ENDPOINT_H
#define SOTTO_AUDIO_ENDPOINT_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

#define ENDPOINT_RATE_HZ 16000
#define ENDPOINT_FRAME 512 /* 32 ms */
#define ENDPOINT_SILENCE_MAX_MS 10000
#define ENDPOINT_PREROLL_MAX_MS 2000

typedef struct {
    /* 0 means what stands behind it. */
    float start, stop;         /* probabilities: 0.5, 0.35 */
    uint32_t min_speech_ms;    /* 96: that much above `start` within twice as long */
    uint32_t silence_ms;       /* 600: below `stop` for so long ends it; 96 to 10000 */
    uint32_t preroll_ms;       /* 320, at most 2000 */
    uint32_t pause_ms;         /* 192, less than silence_ms: then PAUSE is said */
    uint32_t keep_silence_ms;  /* 160: of the silence at the end, that much belongs to the speech */
    uint32_t max_ms;           /* 30000, at least 3000: then it is cut, where in the last 2 s speech
                                  was least likely, and the next begins there at once */
    uint32_t patience_ms;      /* 0: forever; else ENDPOINT_NOTHING after so long without speech */
} EndpointOptions;

typedef enum {
    ENDPOINT_START,    /* speech has begun; `at` is its first sample, pre-roll included */
    ENDPOINT_PAUSE,    /* silence so far: may be the end (start to transcribe now) */
    ENDPOINT_RESUME,   /* it was none */
    ENDPOINT_END,      /* `at` is behind its last sample */
    ENDPOINT_CUT,      /* as END, because of max_ms; START of the next follows */
    ENDPOINT_NOTHING   /* patience_ms without speech; said once until the next START */
} EndpointKind;

typedef struct {
    EndpointKind kind;
    uint64_t at;      /* samples since the beginning of the stream */
    uint64_t decided; /* samples heard when it was decided: what it cost in time is the rest */
} EndpointEvent;

/* Probability of speech in the next frame of the stream, 0..1. */
typedef float (*EndpointVad)(void *arg, const float frame[ENDPOINT_FRAME]);
typedef void (*EndpointHear)(void *arg, const EndpointEvent *event);

typedef struct Endpointer Endpointer;

/* options NULL: all as it stands above. ERR_VALIDATION for what makes no sense, ERR_NO_MEMORY. */
Endpointer *endpoint_new(const EndpointOptions *options, EndpointVad vad, void *vad_arg, Err *err);
void endpoint_free(Endpointer *e); /* NULL is allowed */
/* Any n, also 0. Events come in the order of the stream. */
void endpoint_feed(Endpointer *e, const float *pcm, size_t n, EndpointHear hear, void *arg);
/* The stream is over: a last END (or none). Only endpoint_reset may follow. */
void endpoint_finish(Endpointer *e, EndpointHear hear, void *arg);
void endpoint_reset(Endpointer *e); /* a new stream; the detector's state is its owner's business */
bool endpoint_is_speech(const Endpointer *e);
float endpoint_probability(const Endpointer *e); /* of the last frame */

#endif
