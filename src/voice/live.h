/* live.h - a conversation by sound: words appear while somebody speaks, the answer is spoken, and
 * who speaks into it is heard.
 *
 *   sound -> session.h -> while it lasts: partial text (second lane of the ears)
 *                      -> a pause: the text as if it was over (first lane)
 *                      -> over: final text -> answer (hook) -> voice (speech.h) -> sound, in time
 *
 * One thread owns every conversation: it takes what callers post in order, runs the detector and
 * lets sound out at the pace it is played, LIVE_LEAD_MS ahead, so that there is little to throw
 * away when it is interrupted. What computes (recogniser, answer, voice) runs on workers. Partial
 * text is given up as soon as any final text is wanted.
 *
 * States: IDLE -> LISTENING -> HEARING -> THINKING -> SPEAKING -> LISTENING (continuous) or IDLE.
 *
 * What a worker has for longer than the job limit hangs: it is given up, the person is told, and
 * what comes next is heard and answered. Sound that waits to be played does not count.
 *
 * No worker waits for a listener. A long answer is spoken in parts of whole sentences; while
 * LIVE_SPEECH_SECONDS of it wait, its job is parked, and its worker and voice are others'. When
 * half of that has been played it is submitted again. A client that reads more slowly than it is
 * spoken to (`behind`) stops the clock of what it hears, and so, in the end, the making of it.
 *
 * Threads: every function is safe; none blocks. Hooks run on the thread of Live, `complete`,
 * `answer` and `spoken` on a worker; they must not block (those of a worker may) and must not call
 * into this file. */
#ifndef SOTTO_VOICE_LIVE_H
#define SOTTO_VOICE_LIVE_H

#include "base/work.h"
#include "voice/ears.h"
#include "voice/session.h"
#include "voice/speech.h"

#define LIVE_LEAD_MS 200
#define LIVE_QUESTION_MS 224u /* of silence behind a whole question that end it: seven frames */
#define LIVE_COMMAND_MS 320u  /* likewise behind a whole command */
#define LIVE_SPEECH_SECONDS 30 /* that wait to be played: no more of an answer is made before */
#define LIVE_PART_BYTES 600u   /* of an answer are spoken at once: about forty seconds */
#define LIVE_BEHIND_BYTES 65536u /* that a client has not read: nothing is sent to it before */

typedef struct Live Live;
typedef struct LiveTalk LiveTalk;

typedef struct {
    Ears *ears;
    Speech *speech; /* NULL: nothing is spoken */
    Work *work;
    uint32_t job_limit_ms; /* as work.h has it; 0: none */
} LiveParts;

Live *live_new(const LiveParts *parts, Err *err); /* starts its thread */
/* No talk may be open, and the workers must have ended. NULL is allowed. */
void live_free(Live *l);

typedef enum {
    LIVE_IDLE, LIVE_LISTENING, LIVE_HEARING, LIVE_THINKING, LIVE_SPEAKING
} LiveState;
const char *live_state_name(LiveState s); /* "idle", ... */

typedef struct {
    Str text;
    Str settled;        /* the beginning of it that partial text keeps; all of it when final */
    bool final;
    uint32_t utterance;
    const char *language;
} LiveText;

/* What was said, for the answer. */
typedef struct {
    Str text;           /* empty: nobody spoke */
    const char *language;
    double confidence;  /* of hearing */
    double hear_ms;     /* what the transcription took */
    double seconds;     /* of sound */
    uint64_t began_ns;  /* when it was known to be over, or the sound was there */
} LiveHeard;

typedef struct {
    Str say;           /* in the arena; empty: nothing is spoken */
    float speed;       /* 0 means 1 */
    const Uuid *owner; /* whose sounds are kept (speech.h); NULL: nobody's */
    void *about;       /* for `spoken` */
} LiveAnswer;

/* What became of an answer aloud. */
typedef struct {
    bool any;            /* there was sound; else the rest is nothing */
    SpeechReport report;
    float speed;
    double seconds;      /* of sound that was made */
    double speak_ms;     /* from the answer to its first sound */
    double sound_ms;     /* from LiveHeard.began_ns to it */
} LiveSpoken;

/* Whether words leave no doubt that the person has finished. */
typedef enum {
    LIVE_OPEN,     /* no: silence ends it */
    LIVE_QUESTION, /* a question, and answering it changes nothing if it was not all */
    LIVE_COMMAND   /* a command with all that it needs */
} LiveWhole;

typedef enum { LIVE_DONE, LIVE_INTERRUPTED, LIVE_CANCELLED, LIVE_FAILED } LiveEnd;
const char *live_end_name(LiveEnd e); /* "done", "interrupted", "cancelled", "failed" */

/* Asks whether the answer is still wanted. */
typedef bool (*LiveOver)(const void *over_arg);

typedef struct {
    void (*state)(void *arg, LiveState s);
    void (*text)(void *arg, const LiveText *t);
    /* On a worker, in a pause: what these words are. NULL: only silence ends an utterance. */
    LiveWhole (*complete)(void *arg, Str text, unsigned worker);
    /* On a worker. False: err is told by `fail`. NULL: there is no answer, only text. */
    bool (*answer)(void *arg, const LiveHeard *heard, LiveOver over, const void *over_arg,
                   unsigned worker, Arena *a, LiveAnswer *out, Err *err);
    /* On a worker (or, when none takes the job any more, on another thread), behind `answer` when
     * that was true and said what it is about: all of its sound is made, or no more will be. May be
     * NULL. */
    void (*spoken)(void *arg, void *about, const LiveSpoken *s);
    /* The answer's sound: begin (who speaks; rate), pieces, end. NULL: it is not spoken. */
    void (*sound_begin)(void *arg, const SpeechWho *who);
    void (*sound)(void *arg, const int16_t *pcm, size_t n);
    void (*sound_end)(void *arg, LiveEnd why, double played_ms);
    void (*fail)(void *arg, const Err *err);
    void (*gone)(void *arg); /* the last hook of all: arg may be freed */
    /* Bytes of sound that the listener has not taken. NULL: it takes all at once. */
    size_t (*behind)(void *arg);
} LiveHooks;

typedef struct {
    SessionOptions session; /* its vad is set by live_start */
    bool speak;
    Str voice;              /* empty: the setting's; copied */
    Str language;           /* of the words; empty: the setting's; copied */
    bool no_partials;
} LiveOptions;

/* Hooks and `from` (on whose account its jobs run; NULL: nobody's) are copied; arg is used until
 * `gone`. NULL without memory. */
LiveTalk *live_open(Live *l, const LiveHooks *hooks, void *arg, const WorkFrom *from);
/* Ends everything; the talk is not to be used any more. When it returns no hook runs but `complete`
 * and `answer`, and later `gone`. */
void live_close(LiveTalk *t);

/* Begins to listen; ends what was heard or answered. ERR_VALIDATION for what session_new refuses,
 * ERR_UNAVAILABLE, ERR_NO_MEMORY. */
bool live_start(LiveTalk *t, const LiveOptions *o, Err *err);
/* Sound of a talk that was started. ERR_RATE_LIMITED when more than two minutes of it wait. What
 * comes after the end of a single utterance is not listened to, except for speech into the
 * answer's sound. */
bool live_sound(LiveTalk *t, Str bytes, Err *err);
/* That was all: what is being said is over. */
bool live_end(LiveTalk *t, Err *err);
/* A whole sound at 16 kHz, which is taken over (mem_free), said and to be answered. */
bool live_say(LiveTalk *t, float *pcm, size_t n, const LiveOptions *o, Err *err);
/* What is being heard, thought or spoken is over; a continuous talk goes on listening unless it
 * was only listening. */
bool live_cancel(LiveTalk *t, Err *err);

#endif
