/* speech.h - a text spoken by whichever voice is wanted: one of this machine, of ElevenLabs, or of
 * a server that speaks OpenAI's /v1/audio/speech; kept on disk, so that the same answer is not made
 * (and paid) twice.
 *
 *   voice's id -> cache? -> local (mouth.h) or remote, sentence by sentence -> sink
 *                                    remote fails: the local voice goes on, and it is said so
 *
 * A voice is named "en_US-joe-medium" or "espeak:en-us" (this machine), "elevenlabs" or
 * "elevenlabs/VOICE_ID", "openai" or "openai/alloy". Nothing is sent anywhere unless the setting or
 * the request names such a voice and its key or address is set. A voice that a request names speaks
 * or the request fails; for the one of the setting, a local voice steps in.
 *
 * Threads: safe; calls block. */
#ifndef SOTTO_VOICE_SPEECH_H
#define SOTTO_VOICE_SPEECH_H

#include "base/uuid.h"
#include "voice/mouth.h"

typedef struct Speech Speech;

#define SPEECH_VOICE_MAX 128 /* bytes of a voice's id, with its end */

typedef enum { SPEECH_LOCAL, SPEECH_ELEVENLABS, SPEECH_OPENAI } SpeechBackend;

/* Decodes a whole sound file (MP3, Opus, ...) into 16-bit samples of one channel at rate_hz,
 * appended to pcm. It is a stranger's file. */
typedef bool (*SpeechDecode)(void *arg, Str bytes, uint32_t rate_hz, Buf *pcm, Err *err);

/* All strings are copied; NULL or "" is "not set". */
typedef struct {
    Mouth *mouth;           /* borrowed; the voices of this machine */
    const char *voice;      /* when a request names none; "auto": mouth's */
    const char *cache_dir;  /* made when needed */
    uint64_t cache_bytes;   /* at most; 0: nothing is kept */
    const char *eleven_key, *eleven_voice, *eleven_model, *eleven_url;
    const char *eleven_format; /* "pcm_22050", "mp3_44100_128", ...: what is asked for */
    const char *openai_key, *openai_url; /* the key may lack; "https://api.openai.com/v1" */
    const char *openai_model, *openai_format; /* "tts-1"; "wav", "pcm", "mp3", ... */
    SpeechDecode decode;    /* NULL: only PCM and WAV can be taken from remote voices */
    void *decode_arg;
    uint32_t connect_ms, stall_ms, total_ms; /* of one request; 0: 5 s, 10 s, 60 s */
} SpeechOptions;

Speech *speech_new(const SpeechOptions *o, Err *err);
void speech_free(Speech *s); /* NULL is allowed; not the mouth */

/* Who speaks; borrowed for the call. */
typedef struct {
    const char *voice;   /* the id, such as "elevenlabs/21m00Tcm4TlvDq8ikWAM" */
    const char *backend; /* "piper", "espeak", "elevenlabs", "openai" */
    uint32_t rate_hz;
    bool cached;
    bool fallback;       /* another was set and could not */
    const char *why;     /* of the fallback; "" */
} SpeechWho;

typedef struct {
    const Uuid *owner; /* whose cache; NULL: none is used */
    Str voice;         /* empty: the setting's */
    Str text;
    Str instructions;  /* for OpenAI's newer models; others ignore it */
    float speed;       /* 0 means 1; VOICE_SPEED_MIN..VOICE_SPEED_MAX */
    uint64_t seed;
    uint32_t rate_hz;  /* of the samples; 0: the voice's own */
    const atomic_bool *cancel; /* may be NULL; looked at at least every 50 ms of sound */
    /* Once, before the first samples, on the caller's thread. False ends it with *err. May be
     * NULL. */
    bool (*begin)(void *arg, const SpeechWho *who, Err *err);
    VoiceSink sink; /* samples at who->rate_hz, always */
    void *arg;
} SpeechSay;

typedef struct {
    VoiceReport sound;
    char voice[SPEECH_VOICE_MAX], backend[16];
    bool cached, fallback;
    char why[400]; /* of the fallback */
    uint32_t rate_hz;
} SpeechReport;

/* ERR_VALIDATION, ERR_NOT_FOUND (no such voice), ERR_UNAVAILABLE (no key, no voice, the other side
 * is away or refused), ERR_TIMEOUT, ERR_RATE_LIMITED, ERR_CANCELLED. *report (may be NULL) is
 * filled also on failure. */
bool speech_say(Speech *s, const SpeechSay *say, SpeechReport *report, Err *err);

/* The setting was changed: who speaks from now on when a request names none, by its mouth, too. */
void speech_set_voice(Speech *s, Str voice);

/* "elevenlabs...", "openai...": another machine's. */
bool speech_is_remote(Str voice);
/* Who would speak: checks the name without speaking. */
bool speech_find(Speech *s, Str voice, SpeechBackend *backend, char id[SPEECH_VOICE_MAX], Err *err);

typedef struct {
    const char *id, *name, *language, *backend;
    uint32_t rate_hz;
} SpeechVoice;

/* The local ones, then (with `remote`, and where a key or address is set) those that the others
 * list; *note (in `a`, may be "") says which could not be asked. */
bool speech_voices(Speech *s, bool remote, Arena *a, SpeechVoice **out, size_t *n, Str *note,
    Err *err);

/* Deletes what is kept of this person's spoken texts; NULL: everybody's. */
bool speech_forget(Speech *s, const Uuid *owner, Err *err);

#endif
