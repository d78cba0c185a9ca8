/* live_int.h - what the files of live share. Internal to voice/live*.c.
 *
 *   live.c       its thread, the inbox, what callers may ask
 *   live_talk.c  one conversation: events of the session, results of jobs
 *   live_tell.c  what it tells: states, text, errors
 *   live_job.c   what runs on workers: transcriptions, the answer and its voice
 *   live_out.c   the answer's sound, at the pace it is played
 *
 * A LiveTalk but its inbox belongs to the thread of Live. A job belongs to a worker from its
 * submission until its message comes back, but `over`, `mute` and what the lock guards. */
#ifndef SOTTO_VOICE_LIVE_INT_H
#define SOTTO_VOICE_LIVE_INT_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/metrics.h"
#include "voice/agree.h"
#include "voice/live.h"

#define NAME_MAX_BYTES 96

typedef enum { JOB_PART, JOB_MAYBE, JOB_FINAL, JOB_ANSWER, JOB_WAKE } JobKind;

typedef enum {
    MSG_START, MSG_SOUND, MSG_END, MSG_SAY, MSG_CANCEL, MSG_CLOSE, MSG_JOB, MSG_LATE
} MsgKind;

typedef struct LiveMsg {
    struct LiveMsg *next;
    MsgKind kind;
    Session *session; /* START */
    struct LiveJob *job; /* JOB: which the message is part of */
    uint64_t id;      /* LATE: of the job that hangs */
    float *pcm;       /* SAY: n samples */
    size_t n;
    bool continuous, speak, no_partials;
    char voice[NAME_MAX_BYTES], language[NAME_MAX_BYTES];
    size_t len;       /* SOUND: bytes behind the struct */
} LiveMsg;

typedef struct LiveJob {
    struct LiveJob *next; /* of the talk's jobs */
    LiveTalk *talk;
    LiveMsg back; /* by which it comes back */
    JobKind kind;
    uint64_t id;      /* of no other job, ever */
    atomic_bool over; /* nobody wants it any more */
    atomic_bool mute; /* its answer is not spoken: somebody speaks */
    /* hearing */
    uint32_t utterance;
    uint64_t from, to;
    float *pcm;
    size_t n;
    char language[NAME_MAX_BYTES];
    Arena *arena;
    LiveHeard heard;
    bool ok;
    Err err;
    double cost_ms;
    LiveWhole whole;  /* MAYBE: what the words are */
    bool finished;    /* its message came back (thread of Live) */
    bool final;       /* it was the end */
    bool by_silence;
    uint64_t ended_ns; /* of the last speech in it, as the detector has it; 0: VoiceEnd said so */
    bool queued;      /* its final text waits for the answer before it */
    uint64_t spoke;   /* sample behind the last speech */
    uint64_t final_ns, answered_ns;
    /* answering */
    bool speak;
    char voice[NAME_MAX_BYTES];
    LiveAnswer answer; /* what is to be spoken, when `answered` */
    LiveSpoken spoken; /* as far as it was */
    size_t at;         /* bytes of answer.say that have been spoken */
    bool answered;
    bool parked;       /* it came back before all of it was spoken */
    SpeechReport who; /* of what is spoken, from when rate_hz is known */
    uint64_t first_ns; /* its first sound was made */
    Buf sound;        /* 16-bit samples, under the lock of Live, as `made` and `sent` */
    atomic_uint rate_hz; /* 0: there is no sound yet */
    bool made;        /* there is no more to come */
    size_t sent;      /* bytes of sound that went out */
    uint64_t dropped; /* and before these, that are not there any more */
    bool begun, told; /* sound_begin and sound_end were said (thread of Live) */
    uint64_t end_ns;  /* when what went out has been played */
} LiveJob;

struct LiveTalk {
    struct LiveTalk *next;
    Live *live;
    LiveHooks hooks;
    void *arg;
    WorkFrom from; /* on whose account its jobs run */
    LiveMsg *first, **last; /* inbox, under the lock, as the next two */
    size_t waiting;         /* bytes of sound in it */
    bool posted;            /* something is in it */
    pthread_mutex_t quiet;  /* held while a hook runs */
    bool silent;            /* closed: no hook but gone runs any more */
    LiveMsg close;          /* by which it is closed: closing cannot fail */
    size_t second;          /* bytes of a second of sound, as callers know it */
    /* the thread of Live alone */
    Session *session;
    bool open;       /* sound is taken */
    bool listening;  /* and what is said in it is meant */
    bool continuous, speak, no_partials, closed;
    uint32_t skip;   /* an utterance that is not listened to */
    bool heard_any;  /* an utterance ended since START */
    char voice[NAME_MAX_BYTES], language[NAME_MAX_BYTES];
    LiveState state;
    LiveJob *jobs;   /* all that are not freed */
    LiveJob *part, *maybe, *answer;
    Agree agree;
    uint64_t part_to; /* sample up to which the last partial text heard */
    double part_ms;   /* what it took */
    bool shown;       /* some text was, of this utterance */
    uint64_t due_ns;  /* when the talk wants to be looked at again; 0: never */
};

struct Live {
    LiveParts parts;
    pthread_t thread;
    pthread_mutex_t lock; /* of the list, inboxes, sounds */
    pthread_cond_t changed;
    LiveTalk *talks;
    uint64_t last_id; /* of a job; thread of Live */
    bool stop;
    Metric *stages, *held;
};

/* live.c */
void live_post(LiveTalk *t, LiveMsg *m); /* any thread; takes m over */

/* live_talk.c, on the thread of Live */
void talk_handle(LiveTalk *t, LiveMsg *m, uint64_t now_ns); /* takes m over */
void talk_tick(LiveTalk *t, uint64_t now_ns);               /* sets due_ns */
bool talk_is_over(const LiveTalk *t);                       /* closed, and no job is left */
void talk_free(LiveTalk *t);                                /* says gone */
void talk_drop_message(LiveMsg *m);
/* Before and after a hook; false: it is not to be called, and there is no leaving. */
bool talk_enter(LiveTalk *t);
void talk_leave(LiveTalk *t);
void talk_stage(LiveTalk *t, const char *stage, double seconds);

/* live_tell.c, on the thread of Live */
bool talk_is_pending(const LiveTalk *t); /* a final text is not there yet, or waits */
void talk_tell_state(LiveTalk *t, bool always);
void talk_tell_error(LiveTalk *t, const Err *err);
void talk_tell_text(LiveTalk *t, const LiveJob *j, Str text, size_t settled, bool final);

/* live_job.c */
LiveJob *job_new(LiveTalk *t, JobKind kind);
void job_free(LiveJob *j); /* takes it off the talk's list */
bool job_submit(LiveJob *j, Err *err); /* on failure it is still the caller's */
/* A parked job goes on, or, when it is not wanted any more, is kept as far as it was spoken. False
 * when no worker takes it. */
bool job_resume(LiveJob *j, Err *err);
void job_keep(LiveJob *j); /* the hook `spoken`, of an answer; once */
/* Any thread: job `id` hangs. (work.h: `late`; arg is a Live.) */
void live_late(void *arg, uint64_t id);

/* live_out.c, on the thread of Live */
/* Lets sound of the answer out; true when all of it has been played. *due: when to look again. */
bool out_tick(LiveTalk *t, LiveJob *j, uint64_t now_ns, uint64_t *due_ns);
/* Seconds of it that wait to be played. */
double out_waiting(LiveJob *j);
/* It stops at once; sound_end is said if it had begun. */
void out_stop(LiveTalk *t, LiveJob *j, LiveEnd why, uint64_t now_ns);

#endif
