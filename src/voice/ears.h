/* ears.h - the shared speech recogniser: one for the program, loaded when first needed.
 *
 *   float pcm at 16 kHz -> is anybody speaking? (nn/vad.h) -> Whisper (nn/whisper.h) -> text
 *
 * A model stays in memory for an idle time after its last use. There are two lanes: what a person
 * waits for, and the rest; one transcription at a time in each, those behind it queue in order, and
 * a long one stands still between two windows while the other lane works. A sound in which the
 * detector finds no speech has an empty transcript, and Whisper is not asked at all: it would
 * invent one.
 *
 * With another server (ears_far.h) that one hears; when it cannot, the model here does, which the
 * log, stt_fallbacks_total and EarsRequest.by say.
 *
 * Threads: safe; ears_hear blocks. */
#ifndef SOTTO_VOICE_EARS_H
#define SOTTO_VOICE_EARS_H

#include "nn/vad.h"
#include "nn/whisper.h"
#include "voice/ears_far.h"

#define EARS_RATE_HZ WHISPER_RATE_HZ
#define EARS_NAME_MAX 64

typedef struct Ears Ears;

typedef struct {
    const char *models_dir;
    const char *model;    /* NULL, "" or "auto": whisper-base when it is there, else
                             whisper-tiny.en, else any */
    const char *language; /* when a request names none; NULL, "" or "auto": detected */
    unsigned idle_ms;     /* 0: 10 minutes */
    unsigned queue_max;   /* waiting in a lane; 0: 8 */
    unsigned threads;     /* of one transcription; 0: a processor each, at most 4 */
    const EarsFarOptions *far; /* another server hears what names no model of here; NULL: none */
} EarsOptions;

Ears *ears_new(const EarsOptions *o, Err *err); /* loads nothing */
void ears_free(Ears *e);                        /* NULL is allowed; no ears_hear may be running */

/* The models that are there: names in `a`, sorted. False without memory. */
bool ears_list(const Ears *e, Arena *a, const char ***names, size_t *n);
/* The model that `asked` means: a name of the list, or empty, "whisper" and "whisper-1" for the
 * setting's; with another server that one's, "openai:whisper-1". ERR_NOT_FOUND; ERR_UNAVAILABLE
 * (there is none: it says how to get one). */
bool ears_model(const Ears *e, Str asked, char out[EARS_NAME_MAX], Err *err);

typedef struct {
    Str model;              /* as for ears_model */
    bool urgent;            /* a person waits: the first lane */
    bool exact;             /* silence at its ends is not cut off (voice/trim.h) */
    bool patient;           /* waits in its lane however many are there */
    bool here;              /* never another server: what is heard again every second */
    char *by;               /* [EARS_NAME_MAX]: gets who heard it; may be NULL */
    size_t before, whole;   /* of a longer sound: samples before this piece, and in all; for those
                               who are told how far it is */
    WhisperOptions options; /* with its callbacks; language empty: the setting's. `cancelled` is
                               asked under a lock while it waits: it must not block */
} EarsRequest;

/* ERR_UNAVAILABLE when too many wait already, ERR_CANCELLED, and what ears_model and
 * whisper_transcribe say. *out lives in `a`. */
bool ears_hear(Ears *e, const EarsRequest *r, const float *pcm, size_t n, Arena *a,
    WhisperResult *out, Err *err);

/* A long sound that is read as it is needed, so that hours of it are never in memory. */
typedef struct {
    size_t n; /* samples at EARS_RATE_HZ */
    /* Samples [from, from + n) as floats; returns how many there are. On the thread that hears. */
    size_t (*read)(void *arg, size_t from, size_t n, float *out);
    void *arg;
} EarsSource;

/* As ears_hear, of any length: in stretches of five minutes at most, each cut where it is quietest.
 * Times are those of the whole; the language is that of the first words. */
bool ears_hear_source(Ears *e, const EarsRequest *r, const EarsSource *sound, Arena *a,
    WhisperResult *out, Err *err);

/* Whether anything could hear now: ERR_UNAVAILABLE says what to fetch. Loads nothing. */
bool ears_ready(const Ears *e, Err *err);

/* How far a sound has been heard, in samples; called on the thread that hears. Before the first. */
void ears_on_progress(Ears *e, void (*fn)(void *arg, size_t done, size_t all), void *arg);

/* Loads the setting's model and hears some noise with it, so that the first words need not wait
 * for the disk. */
bool ears_wake(Ears *e, Err *err);
/* Whether anything is being heard, or waits, in the first lane. */
bool ears_pressed(const Ears *e);
/* The speech detector, opened at the first use; NULL when it is not installed. Lives as long as
 * the ears. */
const Vad *ears_vad(Ears *e);

/* Lets go of models that nobody used for the idle time. To be called now and then. */
void ears_rest(Ears *e);
/* Models in memory now. */
size_t ears_loaded(Ears *e);

/* How sure a transcript is, 0..1: the mean probability of its tokens, less what speaks for silence.
 * 0 for an empty one. */
double ears_confidence(const WhisperResult *r);

#endif
