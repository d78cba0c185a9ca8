/* mouth.h - the shared voices: opened when first used, let go after an idle time.
 *
 *   voice's id -> MouthTurn (a voice of one's own for a while) -> mouth_say -> sink -> mouth_done
 *
 * Two utterances of one voice may be made at a time; those behind them wait, in no order.
 *
 * Threads: safe; a MouthTurn has one owner. */
#ifndef SOTTO_VOICE_MOUTH_H
#define SOTTO_VOICE_MOUTH_H

#include "voice/voice.h"

typedef struct Mouth Mouth;
typedef struct MouthTurn MouthTurn;

typedef struct {
    const char *models_dir;
    const char *voice; /* when none is named; NULL, "" or "auto": the first natural one */
    unsigned idle_ms;  /* 0: 10 minutes */
    unsigned queue_max; /* waiting; 0: 8 */
    unsigned threads;  /* of an utterance; 0: as voice_speaker_new */
} MouthOptions;

Mouth *mouth_new(const MouthOptions *o, Err *err); /* opens nothing */
void mouth_free(Mouth *m); /* NULL is allowed; no turn may be left */

/* Who speaks from now on when none is named; "" and "auto": the first natural one. What is being
 * said is said to its end. */
void mouth_set_voice(Mouth *m, Str id);

/* voice_list of this machine. */
bool mouth_voices(const Mouth *m, Arena *a, VoiceInfo **out, size_t *n, Err *err);

/* The voice that an id means, in `a`: errors as mouth_turn, but that nobody waits. */
bool mouth_find(Mouth *m, Str id, Arena *a, VoiceInfo *out, Err *err);

/* id empty: the setting's. Waits while others speak with it. ERR_NOT_FOUND names what there is;
 * ERR_UNAVAILABLE: no voice at all, or too many wait already. */
MouthTurn *mouth_turn(Mouth *m, Str id, Err *err);
const VoiceInfo *mouth_info(const MouthTurn *t);
/* voice_say, measured (tts_first_audio_seconds). */
bool mouth_say(MouthTurn *t, Str text, const VoiceSay *say, VoiceReport *report, Err *err);
void mouth_done(MouthTurn *t); /* NULL is allowed */

/* Lets go of voices that nobody used for the idle time. To be called now and then. */
void mouth_rest(Mouth *m);

#endif
