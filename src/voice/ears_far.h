/* ears_far.h - hearing by another server: any that has OpenAI's POST /v1/audio/transcriptions.
 *
 *   float pcm at 16 kHz -> WAV, multipart -> server -> verbose_json (or json) -> WhisperResult
 *
 * What a server does not say is made up for: no segments are one segment, words without their
 * punctuation get it from the text. A server that fails is left alone for a while (llm/breaker.h);
 * what then hears is the caller's affair (ears.h).
 *
 * Source: the OpenAI API reference. Threads: safe; ears_far_hear blocks. */
#ifndef SOTTO_VOICE_EARS_FAR_H
#define SOTTO_VOICE_EARS_FAR_H

#include "nn/whisper.h"

#define EARS_FAR_SECONDS 780u /* OpenAI takes 25 MiB: of 16 bits at 16 kHz, that are 13 minutes */

typedef struct EarsFar EarsFar;

typedef struct {
    const char *base_url; /* "https://api.openai.com/v1" */
    const char *api_key;  /* NULL or "": none is sent */
    const char *model;    /* "whisper-1" */
    unsigned timeout_ms;  /* of a sound in all, tries and pauses; 0: 60 s */
    unsigned urgent_ms;   /* when a person waits: one try; 0: 10 s */
} EarsFarOptions;

/* ERR_VALIDATION: the base URL is none. Connects to nothing yet. */
EarsFar *ears_far_new(const EarsFarOptions *o, Err *err);
void ears_far_free(EarsFar *f); /* NULL is allowed */
const char *ears_far_name(const EarsFar *f); /* "whisper-1 at api.openai.com" */

/* Language, prompt, temperature, word_times and cancelled of `o` are heeded; heard and progress are
 * called once, at the end. *out lives in `a`. ERR_UNAVAILABLE (cannot connect, a refused key,
 * status 5xx, it failed a moment ago), ERR_RATE_LIMITED, ERR_TIMEOUT, ERR_CORRUPT (no transcript),
 * ERR_TOO_LARGE (longer than EARS_FAR_SECONDS), ERR_CANCELLED, ERR_NO_MEMORY. */
bool ears_far_hear(EarsFar *f, const WhisperOptions *o, bool urgent, const float *pcm, size_t n,
    Arena *a, WhisperResult *out, Err *err);

/* The answer's body as a transcript of n samples. ERR_CORRUPT, ERR_NO_MEMORY. */
bool ears_far_read(Str body, const WhisperOptions *o, size_t n, Arena *a, WhisperResult *out,
    Err *err);

#endif
