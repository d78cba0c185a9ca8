/* voice.h - text spoken aloud: the voices of this machine and one call to use them.
 *
 *   text -> speakable (text/speakable.h) -> sentences -> phonemes (espeak-ng) -> samples -> sink
 *
 * Two back ends: "piper" (nn/piper.h, a converted voice in the models folder), natural; and
 * "espeak" (libespeak-ng's own voice), small, always there when the library is. Nothing here uses
 * the network.
 *
 * Threads: a Voice is shared freely, every call is safe; calls on one Voice run one after another
 * per speaker (voice_speaker_new makes as many as are to run at a time). */
#ifndef SOTTO_VOICE_VOICE_H
#define SOTTO_VOICE_VOICE_H

#include <stdatomic.h>

#include "base/arena.h"

#define VOICE_SPEED_MIN 0.25f
#define VOICE_SPEED_MAX 4.0f
#define VOICE_TEXT_MAX ((size_t)64 << 10) /* bytes of one text */

typedef enum { VOICE_PIPER, VOICE_ESPEAK } VoiceBackend;
const char *voice_backend_name(VoiceBackend b); /* "piper", "espeak" */

typedef struct {
    const char *id;       /* what voice_open takes: "en_US-joe-medium", "espeak:en-us" */
    const char *name;     /* for people: "Joe (medium)" */
    const char *language; /* BCP 47: "en-US" */
    VoiceBackend backend;
    uint32_t rate_hz;
    const char *path;     /* of the weights; NULL for espeak */
    const char *espeak;   /* espeak's name of it, or of what makes its phonemes: "en-us" */
} VoiceInfo;

/* The voices of this machine, in `a`: Piper voices of `models_dir` by id, then espeak's when
 * libespeak-ng is there. *n may be 0. Files that are no Piper voices are passed over. */
bool voice_list(const char *models_dir, Arena *a, VoiceInfo **out, size_t *n, Err *err);

typedef struct Voice Voice;

/* id NULL: the first Piper voice of the list, else espeak. ERR_NOT_FOUND names what there is;
 * ERR_UNAVAILABLE: libespeak-ng or its data is not installed. */
Voice *voice_open(const char *models_dir, const char *id, Err *err);
void voice_close(Voice *v); /* NULL is allowed; no speaker may be left */
const VoiceInfo *voice_info(const Voice *v);

typedef struct VoiceSpeaker VoiceSpeaker;

/* Scratch and helper threads of one utterance at a time. threads 0: as many as processors, at most
 * four. */
VoiceSpeaker *voice_speaker_new(const Voice *v, unsigned threads, Err *err);
void voice_speaker_free(VoiceSpeaker *s); /* NULL is allowed */

/* Where in the text a piece of sound comes from. */
typedef struct {
    size_t sentence;      /* 0, 1, ... */
    size_t from, to;      /* bytes of the text as it was given */
    bool last;            /* the sentence's last piece */
} VoicePlace;

/* Takes 16-bit mono samples, borrowed for the call; false stops (voice_say then returns false with
 * ERR_CANCELLED). */
typedef bool (*VoiceSink)(void *arg, const int16_t *pcm, size_t n, const VoicePlace *place);

typedef struct {
    float speed;    /* 0 means 1; VOICE_SPEED_MIN .. VOICE_SPEED_MAX */
    uint64_t seed;  /* same voice, text, speed and seed: same bytes; espeak's own voice has no seed
                       and varies a little */
    bool plain;     /* the text is already speakable: no normalisation */
    const atomic_bool *cancel; /* NULL, or looked at before every 50 ms of sound, at the latest */
    VoiceSink sink;
    void *arg;
} VoiceSay;

typedef struct {
    uint64_t samples;
    double first_ms, total_ms; /* to the first piece, and in all */
    size_t sentences;
} VoiceReport;

/* What voice_say takes: ERR_VALIDATION, ERR_TOO_LARGE. */
bool voice_check(Str text, float speed, Err *err);

/* Speaks `text` into the sink, sentence by sentence and each in pieces as they are made. *report
 * (may be NULL) is filled also on failure. ERR_VALIDATION (empty text, speed, not UTF-8),
 * ERR_TOO_LARGE, ERR_CANCELLED, ERR_NO_MEMORY. */
bool voice_say(VoiceSpeaker *s, Str text, const VoiceSay *say, VoiceReport *report, Err *err);

#endif
