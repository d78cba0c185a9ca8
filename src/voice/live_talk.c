/* live_talk.c - one conversation: events of the session, results of jobs, states. Everything here
 * is on the thread of Live. */
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "voice/live_int.h"
#include "voice/trim.h"

#define MS_NS 1000000ull
#define SAMPLES_MS (SESSION_RATE_HZ / 1000u)
#define SAID_MAX 2u       /* whole sounds of a client at a time */
#define QUEUED_MAX 4      /* final texts that wait for an answer before them */
/* Partial text: again when there is so much more sound, and never more than a third of the time. */
#define PART_FIRST_MS 150u /* behind the pre-roll: less has no word in it */
#define PART_AGAIN_MS 64u
#define PART_STEP_MS 240u
#define PART_SHARE 3u
#define PART_SECONDS 30u  /* of the end of what is said; one window */
#define ECHO_MS 100u      /* the room goes on a little when the answer is over */

/* ---- stopping -------------------------------------------------------------------------------- */

static void forget(LiveJob *j)
{
    Err err = ERR_INIT;
    atomic_store(&j->over, true);
    if (!j->finished) /* all but `over` is its worker's */
        return;
    if (j->parked && job_resume(j, &err))
        return; /* to be kept, as far as it was spoken */
    if (j->parked)
        job_keep(j);
    job_free(j);
}

static void forget_maybe(LiveTalk *t)
{
    LiveJob *j = t->maybe;
    t->maybe = NULL;
    if (j)
        forget(j);
}

static void forget_part(LiveTalk *t)
{
    if (t->part)
        atomic_store(&t->part->over, true);
    t->part = NULL;
}

static void stop_answer(LiveTalk *t, LiveEnd why)
{
    LiveJob *j = t->answer;
    t->answer = NULL;
    if (!j)
        return;
    out_stop(t, j, why, clock_mono_ns());
    forget(j);
}

static void stop_all(LiveTalk *t, LiveEnd why)
{
    stop_answer(t, why);
    forget_part(t);
    t->maybe = NULL;
    for (LiveJob *j = t->jobs, *next; j; j = next) {
        next = j->next;
        forget(j);
    }
}

static void end_listening(LiveTalk *t)
{
    session_free(t->session);
    t->session = NULL;
    t->open = t->listening = false;
}

/* A single utterance was answered, and nobody speaks into that. */
static void end_if_done(LiveTalk *t)
{
    if (!t->answer && !t->continuous && !(t->session && session_hearing(t->session)) &&
        !talk_is_pending(t))
        end_listening(t);
}

/* ---- text ------------------------------------------------------------------------------------ */

static void show(LiveTalk *t, const LiveJob *j, bool whole)
{
    Buf text;
    size_t settled;
    buf_init(&text, 4 * AGREE_TEXT_MAX);
    if (agree_add(&t->agree, j->heard.text, whole, &text, &settled) && text.len) {
        talk_tell_text(t, j, buf_str(&text), settled, false);
        t->shown = true;
    }
    buf_release(&text);
}

static bool submit(LiveTalk *t, LiveJob *j)
{
    Err err = ERR_INIT;
    if (job_submit(j, &err))
        return true;
    if (j->kind == JOB_FINAL || j->kind == JOB_ANSWER) /* nobody waits for the others */
        talk_tell_error(t, &err);
    job_free(j);
    return false;
}

static void submit_answer(LiveTalk *t, LiveJob *j)
{
    j->kind = JOB_ANSWER;
    j->finished = j->queued = false;
    j->speak = t->speak;
    memcpy(j->voice, t->voice, sizeof j->voice);
    t->answer = j;
    (void)submit(t, j);
}

static void next_answer(LiveTalk *t)
{
    LiveJob *oldest = NULL;
    for (LiveJob *j = t->jobs; j; j = j->next) /* the list is newest first */
        if (j->queued && !atomic_load(&j->over))
            oldest = j;
    if (!t->answer && oldest)
        submit_answer(t, oldest);
}

static void on_final(LiveTalk *t, LiveJob *j)
{
    unsigned queued = 0;
    Err err = ERR_INIT;
    j->final_ns = clock_mono_ns();
    talk_stage(t, "final", (double)(j->final_ns - j->heard.began_ns) * 1e-9);
    talk_tell_text(t, j, j->heard.text, j->heard.text.len, true);
    for (const LiveJob *k = t->jobs; k; k = k->next)
        queued += k->queued;
    bool noise = !j->heard.text.len && j->by_silence;
    if (!t->hooks.answer || noise) {
        job_free(j); /* noise that was taken for speech wants no answer */
        t->listening = t->listening || (noise && t->session && !t->answer);
    } else if (queued >= QUEUED_MAX) {
        (void)err_set(&err, ERR_RATE_LIMITED, "%u answers are waited for already", queued);
        talk_tell_error(t, &err);
        job_free(j);
    } else {
        j->queued = true;
        next_answer(t);
    }
}

/* ---- hearing --------------------------------------------------------------------------------- */

/* A job with the sound [from, to) of the session; NULL after an error that was told. */
static LiveJob *hear_job(LiveTalk *t, JobKind kind, const SessionEvent *e)
{
    Err err = ERR_INIT;
    LiveJob *j = job_new(t, kind);
    size_t pad = kind == JOB_PART || e->to == e->from ? 0 : TRIM_PAD;
    float *pcm = mem_array((size_t)(e->to - e->from) + pad + 1, sizeof *pcm);
    if (!j || !pcm) {
        mem_free(pcm);
        job_free(j);
        (void)err_set(&err, ERR_NO_MEMORY, "no memory for what is said");
        talk_tell_error(t, &err);
        return NULL;
    }
    j->utterance = e->utterance;
    j->from = e->from;
    j->to = e->to;
    j->spoke = e->spoke;
    j->pcm = pcm;
    j->n = e->to > e->from ? session_sound(t->session, e->from, e->to, pcm) + pad : 0;
    memcpy(j->language, t->language, sizeof j->language);
    return j;
}

static void on_maybe(LiveTalk *t, const SessionEvent *e)
{
    forget_part(t);
    forget_maybe(t);
    if (e->to - e->from > (uint64_t)PART_SECONDS * SESSION_RATE_HZ)
        return; /* too much to be done for a guess */
    LiveJob *j = hear_job(t, JOB_MAYBE, e);
    if (j && submit(t, j))
        t->maybe = j;
}

static void on_ended(LiveTalk *t, const SessionEvent *e)
{
    LiveJob *j = t->maybe;
    forget_part(t);
    if (j && (j->utterance != e->utterance || j->from != e->from || j->to != e->to)) {
        forget_maybe(t);
        j = NULL;
    }
    t->maybe = NULL;
    t->heard_any = true;
    t->listening = t->continuous;
    bool ready = j && j->finished, runs = j && !ready;
    if (!j)
        j = hear_job(t, JOB_FINAL, e);
    if (!j)
        return;
    j->final = true;
    j->by_silence = e->by_silence;
    j->heard.began_ns = clock_mono_ns();
    if (e->by_silence) {
        uint64_t silence_ns = (e->heard - e->spoke) * 1000000000u / SESSION_RATE_HZ;
        j->ended_ns = j->heard.began_ns - silence_ns;
        talk_stage(t, "endpoint", (double)silence_ns * 1e-9);
    }
    if (ready)
        on_final(t, j);
    else if (!runs)
        (void)submit(t, j);
}

static void on_began(LiveTalk *t)
{
    agree_reset(&t->agree);
    t->part_to = 0;
    t->shown = false;
    if (t->answer)
        atomic_store(&t->answer->mute, true);
    t->listening = true;
}

static void on_event(void *arg, const SessionEvent *e)
{
    LiveTalk *t = arg;
    if (e->kind == SESSION_BEGAN && !t->listening && !t->speak)
        t->skip = e->utterance; /* behind the single one that was asked for */
    if (e->utterance == t->skip)
        return;
    switch (e->kind) {
    case SESSION_BEGAN:
        on_began(t);
        break;
    case SESSION_INTERRUPTED:
        stop_answer(t, LIVE_INTERRUPTED);
        on_began(t);
        break;
    case SESSION_MAYBE:
        on_maybe(t, e);
        break;
    case SESSION_RESUMED:
        forget_maybe(t);
        break;
    case SESSION_ENDED:
        on_ended(t, e);
        break;
    case SESSION_DROPPED:
        break;
    }
    talk_tell_state(t, false);
}

/* ---- messages -------------------------------------------------------------------------------- */

static void wake(LiveTalk *t)
{
    LiveJob *j = ears_loaded(t->live->parts.ears) ? NULL : job_new(t, JOB_WAKE);
    if (!j)
        return;
    j->speak = t->speak;
    memcpy(j->voice, t->voice, sizeof j->voice);
    (void)submit(t, j);
}

static void take_options(LiveTalk *t, const LiveMsg *m)
{
    t->speak = m->speak;
    t->continuous = m->continuous;
    t->no_partials = m->no_partials;
    memcpy(t->voice, m->voice, sizeof t->voice);
    memcpy(t->language, m->language, sizeof t->language);
}

static void on_start(LiveTalk *t, LiveMsg *m)
{
    stop_all(t, LIVE_CANCELLED);
    end_listening(t);
    take_options(t, m);
    t->session = m->session;
    m->session = NULL;
    t->open = t->listening = true;
    t->heard_any = false;
    t->skip = 0;
    t->part_ms = 0;
    wake(t);
    talk_tell_state(t, true);
}

static void on_say(LiveTalk *t, LiveMsg *m)
{
    Err err = ERR_INIT;
    unsigned waiting = 0;
    for (const LiveJob *k = t->jobs; k; k = k->next)
        waiting += k->final && !atomic_load(&k->over);
    LiveJob *j = waiting < SAID_MAX ? job_new(t, JOB_FINAL) : NULL;
    if (!j) {
        if (waiting < SAID_MAX)
            (void)err_set(&err, ERR_NO_MEMORY, "no memory for what was said");
        else
            (void)err_set(&err, ERR_RATE_LIMITED, "%u sounds are being heard already", waiting);
        talk_tell_error(t, &err);
        return;
    }
    end_listening(t);
    take_options(t, m);
    t->continuous = false;
    j->pcm = m->pcm;
    j->n = m->n;
    m->pcm = NULL;
    j->final = true;
    j->heard.began_ns = clock_mono_ns();
    memcpy(j->language, t->language, sizeof j->language);
    (void)submit(t, j);
    talk_tell_state(t, false);
}

static void on_sound(LiveTalk *t, const LiveMsg *m, uint64_t now_ns)
{
    Err err = ERR_INIT;
    Str bytes = {(const char *)(m + 1), m->len};
    if (!t->open || session_feed(t->session, bytes, now_ns, on_event, t, &err))
        return;
    stop_all(t, LIVE_CANCELLED);
    end_listening(t);
    talk_tell_error(t, &err);
    talk_tell_state(t, true);
}

static void on_end(LiveTalk *t)
{
    Err err = ERR_INIT;
    SessionEvent nothing = {.utterance = 0};
    if (!t->open)
        return;
    if (!session_finish(t->session, on_event, t, &err))
        talk_tell_error(t, &err);
    else if (!t->heard_any && !t->continuous)
        on_ended(t, &nothing); /* no sound at all is still answered */
    end_listening(t);
    talk_tell_state(t, false);
}

static void on_cancel(LiveTalk *t)
{
    bool busy = t->answer || talk_is_pending(t);
    stop_all(t, LIVE_CANCELLED);
    if (busy && t->continuous && t->open) {
        session_forget(t->session);
        t->listening = true;
    } else {
        end_listening(t);
    }
    talk_tell_state(t, true);
}

/* ---- results --------------------------------------------------------------------------------- */

static void on_answered(LiveTalk *t, LiveJob *j)
{
    if (j->parked) {
        if (atomic_load(&j->over))
            forget(j);
        return;
    }
    pthread_mutex_lock(&t->live->lock);
    j->made = true;
    pthread_mutex_unlock(&t->live->lock);
    if (!j->ok && j->err.code != ERR_CANCELLED && !atomic_load(&j->over))
        talk_tell_error(t, &j->err);
    if (atomic_load(&j->over))
        job_free(j);
}

static void on_heard(LiveTalk *t, LiveJob *j)
{
    bool wanted = !atomic_load(&j->over);
    if (j->kind == JOB_PART) {
        if (t->part == j) {
            t->part_ms = j->ok ? j->cost_ms : t->part_ms;
            t->part = NULL;
        }
        if (wanted && j->ok)
            show(t, j, false);
        job_free(j);
        return;
    }
    if (wanted && j->ok && j->final) {
        on_final(t, j);
    } else if (wanted && j->ok) {
        show(t, j, true); /* MAYBE; kept until it is known */
    } else if (wanted && j->final) {
        talk_tell_error(t, &j->err);
        job_free(j);
    } else {
        job_free(j);
    }
}

static void on_job(LiveTalk *t, LiveJob *j)
{
    j->finished = true;
    if (j->kind == JOB_ANSWER)
        on_answered(t, j);
    else if (j->kind == JOB_WAKE)
        job_free(j);
    else
        on_heard(t, j);
    talk_tell_state(t, false);
}

/* A worker hangs. What it does is not waited for; should it end, its job comes back unwanted. */
static void on_late(LiveTalk *t, uint64_t id)
{
    Err err = ERR_INIT;
    LiveJob *j = t->jobs;
    while (j && (j->id != id || j->finished || atomic_load(&j->over)))
        j = j->next;
    if (!j)
        return;
    bool answers = j == t->answer;
    (void)err_set(&err, ERR_UNAVAILABLE, "%s takes too long and is not waited for any more",
                  answers ? "the answer" : "hearing what was said");
    if (answers || j->final)
        talk_tell_error(t, &err);
    if (answers)
        stop_answer(t, LIVE_FAILED);
    atomic_store(&j->over, true);
    t->part = t->part == j ? NULL : t->part;
    t->maybe = t->maybe == j ? NULL : t->maybe;
    next_answer(t);
    end_if_done(t);
    talk_tell_state(t, false);
}

void talk_drop_message(LiveMsg *m)
{
    if (m->kind == MSG_JOB) {
        job_free(m->job);
        return;
    }
    session_free(m->session);
    mem_free(m->pcm);
    if (m->kind != MSG_CLOSE)
        mem_free(m);
}

void talk_handle(LiveTalk *t, LiveMsg *m, uint64_t now_ns)
{
    if (m->kind == MSG_JOB) {
        on_job(t, m->job);
        return;
    }
    if (m->kind == MSG_CLOSE) {
        t->closed = true;
        stop_all(t, LIVE_CANCELLED);
        end_listening(t);
    } else if (t->closed) {
        ;
    } else if (m->kind == MSG_START) {
        on_start(t, m);
    } else if (m->kind == MSG_SAY) {
        on_say(t, m);
    } else if (m->kind == MSG_SOUND) {
        on_sound(t, m, now_ns);
    } else if (m->kind == MSG_END) {
        on_end(t);
    } else if (m->kind == MSG_CANCEL) {
        on_cancel(t);
    } else if (m->kind == MSG_LATE) {
        on_late(t, m->id);
    }
    talk_drop_message(m);
}

/* ---- time ------------------------------------------------------------------------------------ */

/* A parked answer goes on in time for its next sound. False: it cannot, and that was the end. */
static void go_on(LiveTalk *t, LiveJob *j)
{
    Err err = ERR_INIT;
    double waits = out_waiting(j);
    if (!j->finished || !j->parked || waits > LIVE_SPEECH_SECONDS / 2.0)
        return;
    if (job_resume(j, &err) || waits > 0)
        return;
    j->parked = false; /* no worker took it while there was sound */
    j->err = err;
    j->ok = false;
    job_keep(j);
    on_answered(t, j);
}

static void answer_tick(LiveTalk *t, uint64_t now_ns)
{
    LiveJob *j = t->answer;
    uint64_t due = 0;
    if (!j)
        return;
    go_on(t, j);
    if (atomic_load(&j->mute) && !j->begun && atomic_load(&j->rate_hz)) {
        stop_answer(t, LIVE_INTERRUPTED); /* somebody spoke before it could */
        return;
    }
    bool done = atomic_load(&j->rate_hz) || j->finished ? out_tick(t, j, now_ns, &due) : false;
    if (done && j->finished) {
        uint64_t quiet = j->begun ? j->end_ns + ECHO_MS * MS_NS : now_ns;
        if (now_ns < quiet) {
            due = quiet;
        } else {
            t->answer = NULL;
            job_free(j);
            if (t->session)
                session_speaking(t->session, false);
            next_answer(t);
            end_if_done(t);
        }
    }
    if (due && (!t->due_ns || due < t->due_ns))
        t->due_ns = due;
    talk_tell_state(t, false);
}

/* The next partial text, when there is enough more sound and time for it. */
static void part_tick(LiveTalk *t)
{
    SessionEvent e;
    if (t->no_partials || t->part || t->maybe || !t->listening || !session_now(t->session, &e))
        return;
    uint64_t since = t->part_to > e.from ? t->part_to : e.from;
    uint64_t step = t->shown     ? PART_STEP_MS
                    : t->part_to ? PART_AGAIN_MS
                                 : TRIM_ROLL_MS + PART_FIRST_MS;
    uint64_t share = (uint64_t)(t->part_ms * PART_SHARE);
    step = step > share ? step : share;
    if (e.to - since < step * SAMPLES_MS)
        return;
    t->part_to = e.to;
    if (e.to - e.from > (uint64_t)PART_SECONDS * SESSION_RATE_HZ)
        e.from = e.to - (uint64_t)PART_SECONDS * SESSION_RATE_HZ;
    LiveJob *j = hear_job(t, JOB_PART, &e);
    if (j && submit(t, j))
        t->part = j;
}

static void complete_tick(LiveTalk *t)
{
    SessionEvent e;
    const LiveJob *j = t->maybe;
    if (!j || !j->finished) /* until then what it found is the worker's */
        return;
    uint64_t enough = j->whole == LIVE_COMMAND ? LIVE_COMMAND_MS : LIVE_QUESTION_MS;
    if (j->whole != LIVE_OPEN && session_now(t->session, &e) &&
        e.heard - j->spoke >= enough * SAMPLES_MS)
        (void)session_take(t->session, on_event, t);
}

void talk_tick(LiveTalk *t, uint64_t now_ns)
{
    t->due_ns = 0;
    if (t->closed)
        return;
    if (t->session) {
        session_tick(t->session, now_ns, on_event, t);
        complete_tick(t);
        part_tick(t);
        t->due_ns = session_due_ns(t->session);
    }
    answer_tick(t, now_ns);
    /* A single utterance that is not spoken to needs its session no longer. */
    if (t->session && !t->listening && !t->speak && !talk_is_pending(t))
        end_listening(t);
}

bool talk_is_over(const LiveTalk *t)
{
    return t->closed && !t->jobs;
}

void talk_free(LiveTalk *t)
{
    while (t->jobs)
        job_free(t->jobs);
    session_free(t->session);
    agree_release(&t->agree);
    pthread_mutex_destroy(&t->quiet);
    t->hooks.gone(t->arg);
    mem_free(t);
}
