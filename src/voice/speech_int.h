/* speech_int.h - what speech.c, speech_say.c and the back ends of other machines share. */
#ifndef SOTTO_VOICE_SPEECH_INT_H
#define SOTTO_VOICE_SPEECH_INT_H

#include <pthread.h>

#include "base/metrics.h"
#include "llm/breaker.h"
#include "voice/remote.h"
#include "voice/sound_cache.h"

#define SPEECH_REMOTES 2 /* ElevenLabs, OpenAI */

typedef struct {
    char *key, *voice, *model, *url, *format; /* never NULL */
    Breaker breaker;                          /* under Speech.lock */
} SpeechService;

struct Speech {
    Mouth *mouth;
    SoundCache *cache;
    SpeechService eleven, openai;
    SpeechDecode decode;
    void *decode_arg;
    uint32_t connect_ms, stall_ms, total_ms;
    pthread_mutex_t lock;
    char voice[SPEECH_VOICE_MAX]; /* under lock; "": the mouth's */
    Metric *first, *asked;
};

/* Of a SpeechBackend, for messages, metrics and voices' ids; "" for this machine. */
extern const char *const SPEECH_NAMES[];
SpeechService *speech_service(Speech *s, SpeechBackend b); /* not SPEECH_LOCAL */
/* Who speaks when nobody is named: the setting's, which may change meanwhile. */
Str speech_voice(Speech *s, char out[SPEECH_VOICE_MAX]);
/* Who `voice` is. *info: only for one of this machine; *stamp: what makes it another one under the
 * same name. */
bool speech_who(Speech *s, Str voice, SpeechBackend *backend, char id[SPEECH_VOICE_MAX],
    VoiceInfo *info, uint64_t stamp[2], Arena *a, Err *err);

/* One sentence for another machine's voice. */
typedef struct {
    const char *voice; /* theirs, without "elevenlabs/" */
    Str text, before, after;
    Str instructions;
    float speed;
    uint64_t seed;
    const atomic_bool *cancel;
    RemoteSink sink;
    void *arg;
} SpeechPart;

/* Fills what all requests have in common. */
RemoteAsk speech_ask(const Speech *s, const SpeechPart *p, const char *who);
/* One line of a stranger's text, without the key, for a message. */
void speech_line(Str text, const char *key, char out[200]);

/* "pcm_22050" -> 22050; 0 for another. False: a format that cannot be taken. */
bool elevenlabs_format(Str name, uint32_t *raw_hz);
bool elevenlabs_ready(const Speech *s, Err *err);
bool elevenlabs_say(const Speech *s, const SpeechPart *p, uint64_t *given, Err *err);
/* Appends the account's voices to list[room]. */
bool elevenlabs_voices(const Speech *s, Arena *a, SpeechVoice *list, size_t room, size_t *n,
    Err *err);

bool openai_voice_ready(const Speech *s, Err *err);
bool openai_voice_say(const Speech *s, const SpeechPart *p, uint64_t *given, Err *err);

#endif
