/* session.h - sound as it comes in, and what of it is worth listening to now.
 *
 *   bytes of any size, any rate -> 16 kHz -> detector (nn/vad.h) -> endpointer (audio/endpoint.h)
 *     -> BEGAN, MAYBE (a pause: it may be the end), RESUMED, ENDED, each with the sound it is about
 *
 * Words cannot wait until silence has proved that an utterance is over. So a pause of some frames
 * is said at once, with exactly the sound that the utterance will have if it was the end: who
 * transcribes it then has the final text when ENDED comes, and has lost some milliseconds of
 * computing when somebody goes on.
 *
 * An utterance ends by `silence_ms` without speech, by session_finish, or by being too long. Unless
 * the session is continuous, silence must also have passed on the clock: a file that is pushed
 * faster than anybody speaks is not cut at its pauses, so that nothing of it is lost.
 *
 * While the assistant speaks (session_speaking) a beginning does not count until speech has been
 * likely and loud enough for `interrupt_ms`: then INTERRUPTED is said, and the utterance is whole,
 * with what came before. What ends sooner is dropped: a cough, a rest of echo.
 *
 * There is no thread, lock or clock here: times are given. Threads: a Session has one owner. */
#ifndef SOTTO_VOICE_SESSION_H
#define SOTTO_VOICE_SESSION_H

#include "audio/endpoint.h"
#include "base/str.h"
#include "nn/vad.h"

#define SESSION_RATE_HZ ENDPOINT_RATE_HZ
#define SESSION_RATE_MIN_HZ 8000
#define SESSION_RATE_MAX_HZ 192000
#define SESSION_SECONDS_MAX 120u  /* of one utterance when it is not continuous */
#define SESSION_SILENCE_MS 600u
#define SESSION_PREROLL_MS 320u
#define SESSION_INTERRUPT_MS 128u
#define SESSION_SILENCE_MIN_MS 160u

typedef struct Session Session;

typedef struct {
    uint32_t rate_hz;      /* 0: 16000 */
    bool is_float;         /* f32le, else s16le; one channel */
    bool continuous;       /* utterances are found one after another, each of at most 30 s */
    bool manual;           /* only session_finish ends an utterance */
    uint32_t silence_ms;   /* 0: SESSION_SILENCE_MS; else SESSION_SILENCE_MIN_MS .. 10000 */
    uint32_t preroll_ms;   /* 0: SESSION_PREROLL_MS; at most 2000 */
    uint32_t interrupt_ms; /* 0: SESSION_INTERRUPT_MS; UINT32_MAX: speech never interrupts */
    const Vad *vad;        /* borrowed; NULL: nothing is found, the session is manual */
    EndpointVad judge;     /* NULL: vad; for tests that say themselves what speech is */
    void *judge_arg;
} SessionOptions;

typedef enum {
    SESSION_BEGAN,       /* somebody speaks */
    SESSION_MAYBE,       /* a pause; [from, to) is the utterance if it was the end */
    SESSION_RESUMED,     /* it was none */
    SESSION_ENDED,       /* [from, to) is the utterance */
    SESSION_INTERRUPTED, /* BEGAN while the assistant spoke, and it is meant */
    SESSION_DROPPED      /* BEGAN while the assistant spoke, and it was nothing */
} SessionKind;

typedef struct {
    SessionKind kind;
    uint32_t utterance; /* 1, 2, ... */
    uint64_t from, to;  /* samples at 16 kHz since the session began */
    uint64_t spoke;     /* behind the last frame of speech */
    uint64_t heard;     /* samples there were when it was decided */
    bool by_silence;    /* ENDED: found by the detector, not said by session_finish */
} SessionEvent;

typedef void (*SessionHear)(void *arg, const SessionEvent *event);

/* ERR_VALIDATION names the member that makes no sense; ERR_NO_MEMORY, ERR_UNAVAILABLE. */
Session *session_new(const SessionOptions *options, Err *err);
void session_free(Session *s); /* NULL is allowed */

/* Any number of bytes: a sample may be cut in two between calls. ERR_TOO_LARGE when an utterance
 * of a session that is not continuous has more than SESSION_SECONDS_MAX; ERR_NO_MEMORY. */
bool session_feed(Session *s, Str bytes, uint64_t now_ns, SessionHear hear, void *arg, Err *err);
/* Time went by without sound: an end that waited for the clock is said. */
void session_tick(Session *s, uint64_t now_ns, SessionHear hear, void *arg);
/* When session_tick has something to say at the latest; 0: nothing waits. */
uint64_t session_due_ns(const Session *s);
/* The sound is over: ENDED for what is being said. When the detector found no beginning in all of
 * it, ENDED with the whole sound (its last 30 s): a very short word is for the recogniser to find.
 * Says nothing when there was no sound at all, or all of it has been said. Afterwards the session
 * is as new, except that samples and utterances are counted on. */
bool session_finish(Session *s, SessionHear hear, void *arg, Err *err);
/* In a pause (MAYBE was said, RESUMED was not): the words leave no doubt that it was the end, and
 * it is ENDED now. What follows is another utterance. False when there is no such pause. */
bool session_take(Session *s, SessionHear hear, void *arg);
/* Forgets what is being said; what comes next is heard as from the beginning of a sound. */
void session_forget(Session *s);

/* Whether the assistant's own sound is being heard by the person now. */
void session_speaking(Session *s, bool speaking);

/* Somebody speaks, and it counts. */
bool session_hearing(const Session *s);
/* The utterance that is being said, as far as there is sound; false when there is none. */
bool session_now(const Session *s, SessionEvent *out);
/* Copies samples [from, to), which must be of the event that was last said or of session_now;
 * returns how many of them are still there. */
size_t session_sound(const Session *s, uint64_t from, uint64_t to, float *out);

#endif
