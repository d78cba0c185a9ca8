/* hear.h - sounds that come in, and what is said in them: shared by /v1, /api and the WebSocket.
 *
 *   a stranger's bytes -> confined child (ingest/sound.h) -> Heard.pcm -> ears -> assistant
 *
 * Threads: pure functions over the parts, which are shared; calls block. */
#ifndef SOTTO_API_HEAR_H
#define SOTTO_API_HEAR_H

#include "api/call.h"
#include "base/clock.h"
#include "ingest/sound.h"
#include "voice/speech.h"

#define HEAR_FILE_SECONDS (2u * 3600u) /* of a sound to be written down */
#define HEAR_SAID_SECONDS 120u         /* of what is said to the assistant */

typedef struct {
    float *pcm; /* at 16 kHz; mem_free it */
    size_t n;
    bool partial; /* the file was damaged: this is what could be decoded */
} HeardSound;

/* A sound file at 16 kHz, for sound_release: of long ones only what is looked at is in memory.
 * ERR_VALIDATION, ERR_UNSUPPORTED_MEDIA, ERR_TOO_LARGE for bytes that are no such sound. */
bool hear_sound(const ApiParts *p, Str bytes, Str name, uint32_t max_seconds, Sound *out,
                Err *err);
/* The same, all of its samples. */
bool hear_decode(const ApiParts *p, Str bytes, Str name, uint32_t max_seconds, HeardSound *out,
                 Err *err);
/* A list of numbers, samples at 16 kHz. */
bool hear_samples(const Json *list, uint32_t max_seconds, HeardSound *out, Err *err);
/* Raw little-endian samples of one channel at `rate`. */
bool hear_raw(Str bytes, bool is_float, uint32_t rate, uint32_t max_seconds, HeardSound *out,
              Err *err);
/* Measures voice_first_sound_seconds. */
void hear_first_sound(double ms);
/* Names the measurements, so that /metrics has them before anybody speaks. */
void hear_metrics(void);
/* "there is no speech recogniser here" when it is not there. */
bool hear_needs(const ApiParts *p, Err *err);

typedef struct {
    char id[UUID_TEXT];
    Str transcript; /* empty: nobody spoke */
    const char *language;
    AssistantReply reply; /* of words; zero for silence, but a response */
    double confidence;    /* of hearing and of understanding, multiplied */
    double heard;         /* of hearing alone */
    double hear_ms, answer_ms, total_ms;
    int64_t at_ms;
    /* Filled by who speaks the answer. */
    bool spoken;
    SpeechReport speech;
    double speech_speed, speech_seconds;
    double speak_ms;       /* from the answer to its first sound */
    double first_sound_ms; /* from the sound that was there to it */
} Interaction;

typedef struct {
    const Uuid *session; /* NULL: a new one */
    Str language;        /* empty: the setting's */
    uint64_t began_ns;   /* when the sound was there: total_ms counts from it */
    bool (*cancelled)(void *arg);
    void (*transcript)(void *arg, Str text); /* said as soon as it is known; may be NULL */
    void *arg;
} InteractionAsk;

/* Speech to text to what it asks for to an answer. ERR_CANCELLED before the assistant was asked;
 * what was done then is done. */
bool hear_interact(const ApiParts *p, const InteractionAsk *q, const HeardSound *sound,
                   unsigned worker, Arena *a, Interaction *out, Err *err);
/* The second half of it: what was heard is there already. out->transcript, language, heard, hear_ms
 * and at_ms are set by the caller. */
bool hear_answer(const ApiParts *p, const InteractionAsk *q, unsigned worker, Arena *a,
                 Interaction *out, Err *err);
/* Members of VoiceInteraction into an object that is open. */
void interaction_members(JsonW *w, const Interaction *i);

/* A transcript as SubRip or WebVTT. */
void transcript_srt(Buf *out, const WhisperResult *r);
void transcript_vtt(Buf *out, const WhisperResult *r);

#endif
