/* remote.h - one text sent to another machine, and the sound that comes back, as it comes.
 *
 *   POST -> 200: raw samples, or WAV (both passed on as they come), or a sound file (decoded when
 *           it is whole) -> sink
 *        -> 429, 5xx, no connection: twice more, after a while, as long as nothing was passed on
 *
 * Redirects are not followed: the key is for one address. Threads: safe; calls block. */
#ifndef SOTTO_VOICE_REMOTE_H
#define SOTTO_VOICE_REMOTE_H

#include <stdatomic.h>

#include "net/client.h"
#include "voice/speech.h"

/* Turns a status that is no 200 into *err. Returns false. */
typedef bool (*RemoteFailed)(void *arg, int status, Str body, Err *err);
/* Samples at rate_hz, which does not change within one call; false stops. */
typedef bool (*RemoteSink)(void *arg, const int16_t *pcm, size_t n, uint32_t rate_hz);

typedef struct {
    const char *who; /* for messages: "ElevenLabs" */
    const char *url;
    const HttpHeader *headers;
    size_t n_headers;
    Str body;        /* JSON */
    uint32_t raw_hz; /* of samples without a header, when such are asked for; else 0 */
    SpeechDecode decode;
    void *decode_arg;
    uint32_t connect_ms, stall_ms, total_ms;
    const atomic_bool *cancel;
    RemoteFailed failed;
    void *failed_arg;
    RemoteSink sink;
    void *sink_arg;
} RemoteAsk;

/* ERR_UNAVAILABLE, ERR_TIMEOUT, ERR_RATE_LIMITED, ERR_CANCELLED, what `failed` says. *given:
 * samples that were passed on, also on failure. */
bool remote_speak(const RemoteAsk *q, uint64_t *given, Err *err);

#endif
