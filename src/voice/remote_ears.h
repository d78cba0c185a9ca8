/* remote_ears.h - speech to text by another server that speaks OpenAI's POST /audio/transcriptions:
 * OpenAI itself, a speech server in the house, or another Sotto.
 *
 *   float pcm -> WAV, 16 bit -> multipart form -> {text, language, segments} -> WhisperResult
 *
 * Asked once, and again after errors that may pass (no connection, 429, 5xx) with a pause between,
 * within one limit of time. "whisper" models are asked for verbose_json, which has times; others
 * (gpt-4o-transcribe) answer in json, without: then one segment is the whole sound.
 *
 * Source: the OpenAI API reference, "Create transcription".
 * Threads: a RemoteEars is immutable; calls block. */
#ifndef SOTTO_VOICE_REMOTE_EARS_H
#define SOTTO_VOICE_REMOTE_EARS_H

#include "nn/whisper.h"

typedef struct RemoteEars {
    const char *url;        /* the base, such as https://api.openai.com/v1 */
    const char *key;        /* NULL or "": none is sent */
    const char *model;      /* NULL or "": whisper-1 */
    unsigned timeout_ms;    /* of one request, added to half the sound's length; 0: 20 s */
    unsigned connect_ms;    /* 0: 3 s */
    unsigned tries;         /* 0: 2 */
} RemoteEars;

#define REMOTE_EARS_MAX_S 700 /* seconds of sound in one request: OpenAI takes 25 MB */

/* ERR_VALIDATION when the URL is none. */
bool remote_ears_check(const RemoteEars *r, Err *err);
/* The model that is asked. */
const char *remote_ears_model(const RemoteEars *r);

/* *out lives in `a`. Of the options language, prompt, temperature, word_times, cancelled and heard
 * count. ERR_UNAVAILABLE, ERR_TIMEOUT, ERR_RATE_LIMITED, ERR_CANCELLED, ERR_VALIDATION (it refused
 * the sound or the language), ERR_CORRUPT (its answer is none); the message names the host and
 * never the key. */
bool remote_ears_hear(const RemoteEars *r, const float *pcm, size_t n, const WhisperOptions *o,
    Arena *a, WhisperResult *out, Err *err);

#endif
