/* spoken.h - a text as the bytes of a sound, into an answer: for /v1/audio/speech, synthesize, and
 * what the assistant says to what it was told by voice.
 *
 *   text -> voice (voice/speech.h) -> encoder -> answer, as it is made or all at once
 *
 * Who spoke is in the headers Sotto-Voice, Sotto-Voice-Backend, Sotto-Voice-Cached and, when the
 * voice that was set could not, Sotto-Voice-Fallback with the reason. An error before the first
 * byte is an ordinary error, one behind it cuts the connection, so that a part is never taken for
 * the whole.
 *
 * Threads: as handlers. */
#ifndef SOTTO_API_SPOKEN_H
#define SOTTO_API_SPOKEN_H

#include "api/call.h"
#include "voice/speech.h"

typedef enum {
    SPOKEN_WHOLE,   /* into c->out, with exact lengths in its header */
    SPOKEN_STREAMS, /* the bytes as they are made */
    SPOKEN_EVENTS   /* likewise, in OpenAI's events speech.audio.delta and .done */
} SpokenWay;

typedef struct {
    Str text, voice, format, instructions;
    double speed;
    SpokenWay way;
    uint32_t pcm_rate; /* of raw PCM; 0: the voice's */
    void (*began)(void *arg, double ms); /* the first sound is on its way; may be NULL */
    void *arg;
} SpokenAsk;

typedef struct {
    const char *media_type;
    SpeechReport report;
    double seconds; /* of sound */
} Spoken;

bool spoken_make(ApiCall *c, const SpokenAsk *q, Spoken *out, Err *err);
/* Replaces c->out by its base64 in `"audio_base64": ..., "content_type": ...` of an object that is
 * open; `bytes` is released. */
bool spoken_members(JsonW *w, Buf *bytes, const char *media_type, Err *err);
/* The format that the Accept header asks for; false when it names no sound. */
bool spoken_accepted(const ApiCall *c, Str *format);

#endif
