/* live.c - see live.h: its thread, the inbox, what callers may ask. */
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "voice/live_int.h"

#define WAITING_SECONDS 120u /* of sound in an inbox */

const char *live_state_name(LiveState s)
{
    static const char *const names[] = {"idle", "listening", "hearing", "thinking", "speaking"};
    return names[s];
}

const char *live_end_name(LiveEnd e)
{
    static const char *const names[] = {"done", "interrupted", "cancelled", "failed"};
    return names[e];
}

/* ---- the thread ------------------------------------------------------------------------------ */

/* Sleeps until `due` (0: until something happens); callers hold the lock. */
static void rest(Live *l, uint64_t due)
{
    if (!due) {
        pthread_cond_wait(&l->changed, &l->lock);
        return;
    }
    struct timespec at = {.tv_sec = (time_t)(due / 1000000000u),
                          .tv_nsec = (long)(due % 1000000000u)};
    (void)pthread_cond_timedwait(&l->changed, &l->lock, &at);
}

/* A talk that has something to do, or NULL and the time of the next. Callers hold the lock. */
static LiveTalk *busy(Live *l, uint64_t now_ns, uint64_t *due)
{
    *due = 0;
    for (LiveTalk *t = l->talks; t; t = t->next) {
        if (t->posted || (t->due_ns && t->due_ns <= now_ns))
            return t;
        if (t->due_ns && (!*due || t->due_ns < *due))
            *due = t->due_ns;
    }
    return NULL;
}

static LiveMsg *take_all(LiveTalk *t)
{
    LiveMsg *first = t->first;
    t->first = NULL;
    t->last = &t->first;
    t->waiting = 0;
    t->posted = false;
    return first;
}

static void work_on(LiveTalk *t, LiveMsg *m)
{
    while (m) {
        LiveMsg *next = m->next;
        talk_handle(t, m, clock_mono_ns());
        m = next;
    }
    talk_tick(t, clock_mono_ns());
}

static void unlink_talk(Live *l, LiveTalk *t)
{
    LiveTalk **at = &l->talks;
    while (*at != t)
        at = &(*at)->next;
    *at = t->next;
}

static void *run(void *arg)
{
    Live *l = arg;
    uint64_t due;
    pthread_mutex_lock(&l->lock);
    while (!l->stop) {
        LiveTalk *t = busy(l, clock_mono_ns(), &due);
        if (!t) {
            rest(l, due);
            continue;
        }
        LiveMsg *m = take_all(t);
        pthread_mutex_unlock(&l->lock);
        work_on(t, m);
        pthread_mutex_lock(&l->lock);
        if (!talk_is_over(t) || t->posted)
            continue;
        unlink_talk(l, t);
        pthread_mutex_unlock(&l->lock);
        talk_free(t);
        pthread_mutex_lock(&l->lock);
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

Live *live_new(const LiveParts *parts, Err *err)
{
    Live *l = mem_zalloc(sizeof *l);
    pthread_condattr_t attr;
    if (!l) {
        err_set(err, ERR_NO_MEMORY, "no memory to listen");
        return NULL;
    }
    l->parts = *parts;
    l->stages = metric_histogram("voice_stage_seconds", "Stages of what is said.", "stage");
    l->held = metric_counter("voice_held_total",
                             "Pieces of an answer's sound that waited for a slow reader.", NULL);
    pthread_mutex_init(&l->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&l->changed, &attr);
    pthread_condattr_destroy(&attr);
    /* Signals are for the main thread. */
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&l->thread, NULL, run, l);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!failed) {
        (void)pthread_setname_np(l->thread, "voice");
        return l;
    }
    err_set_errno(err, ERR_UNAVAILABLE, failed, "cannot start a thread to listen");
    pthread_cond_destroy(&l->changed);
    pthread_mutex_destroy(&l->lock);
    mem_free(l);
    return NULL;
}

void live_free(Live *l)
{
    if (!l)
        return;
    pthread_mutex_lock(&l->lock);
    l->stop = true;
    pthread_cond_signal(&l->changed);
    pthread_mutex_unlock(&l->lock);
    pthread_join(l->thread, NULL);
    for (LiveTalk *t; (t = l->talks);) {
        l->talks = t->next;
        for (LiveMsg *m = take_all(t), *next; m; m = next) {
            next = m->next;
            talk_drop_message(m);
        }
        talk_free(t);
    }
    pthread_cond_destroy(&l->changed);
    pthread_mutex_destroy(&l->lock);
    mem_free(l);
}

/* ---- talks ----------------------------------------------------------------------------------- */

LiveTalk *live_open(Live *l, const LiveHooks *hooks, void *arg, const WorkFrom *from)
{
    LiveTalk *t = mem_zalloc(sizeof *t);
    if (!t)
        return NULL;
    t->live = l;
    t->hooks = *hooks;
    t->arg = arg;
    if (from)
        t->from = *from;
    t->last = &t->first;
    agree_init(&t->agree);
    pthread_mutex_init(&t->quiet, NULL);
    pthread_mutex_lock(&l->lock);
    t->next = l->talks;
    l->talks = t;
    pthread_mutex_unlock(&l->lock);
    return t;
}

static void post_locked(LiveTalk *t, LiveMsg *m)
{
    m->next = NULL;
    *t->last = m;
    t->last = &m->next;
    t->posted = true;
    pthread_cond_signal(&t->live->changed);
}

void live_post(LiveTalk *t, LiveMsg *m)
{
    Live *l = t->live;
    pthread_mutex_lock(&l->lock);
    post_locked(t, m);
    pthread_mutex_unlock(&l->lock);
}

/* Whose job it is only its own thread knows: every talk is asked. */
void live_late(void *arg, uint64_t id)
{
    Live *l = arg;
    pthread_mutex_lock(&l->lock);
    for (LiveTalk *t = l->talks; t; t = t->next) {
        LiveMsg *m = mem_zalloc(sizeof *m);
        if (m) { /* without memory nobody is told; the worker is replaced all the same */
            *m = (LiveMsg){.kind = MSG_LATE, .id = id};
            post_locked(t, m);
        }
    }
    pthread_mutex_unlock(&l->lock);
}

static LiveMsg *message(MsgKind kind, size_t extra, Err *err)
{
    LiveMsg *m = mem_alloc(sizeof *m + extra);
    if (!m) {
        err_set(err, ERR_NO_MEMORY, "no memory for what is said");
        return NULL;
    }
    *m = (LiveMsg){.kind = kind, .len = extra};
    return m;
}

static bool simple(LiveTalk *t, MsgKind kind, Err *err)
{
    LiveMsg *m = message(kind, 0, err);
    if (m)
        live_post(t, m);
    return m != NULL;
}

void live_close(LiveTalk *t)
{
    pthread_mutex_lock(&t->quiet);
    t->silent = true;
    pthread_mutex_unlock(&t->quiet);
    t->close.kind = MSG_CLOSE;
    live_post(t, &t->close);
}

bool live_cancel(LiveTalk *t, Err *err) { return simple(t, MSG_CANCEL, err); }
bool live_end(LiveTalk *t, Err *err) { return simple(t, MSG_END, err); }

static bool name(char out[NAME_MAX_BYTES], Str from, const char *what, Err *err)
{
    if (from.len >= NAME_MAX_BYTES)
        return err_set(err, ERR_VALIDATION, "the %s has more than %d bytes", what,
                       NAME_MAX_BYTES - 1);
    (void)snprintf(out, NAME_MAX_BYTES, STR_FMT, STR_ARG(from));
    return true;
}

static LiveMsg *start_message(LiveTalk *t, MsgKind kind, const LiveOptions *o, Err *err)
{
    LiveMsg *m = message(kind, 0, err);
    if (!m)
        return NULL;
    m->continuous = o->session.continuous;
    m->speak = o->speak && t->live->parts.speech && t->hooks.sound && t->hooks.answer;
    m->no_partials = o->no_partials;
    if (name(m->voice, o->voice, "voice", err) && name(m->language, o->language, "language", err))
        return m;
    mem_free(m);
    return NULL;
}

bool live_start(LiveTalk *t, const LiveOptions *o, Err *err)
{
    SessionOptions s = o->session;
    LiveMsg *m = start_message(t, MSG_START, o, err);
    s.vad = s.vad ? s.vad : ears_vad(t->live->parts.ears);
    if (!m || !(m->session = session_new(&s, err))) {
        mem_free(m);
        return false;
    }
    t->second = (size_t)(s.rate_hz ? s.rate_hz : SESSION_RATE_HZ) * (s.is_float ? 4 : 2);
    live_post(t, m);
    return true;
}

bool live_say(LiveTalk *t, float *pcm, size_t n, const LiveOptions *o, Err *err)
{
    LiveMsg *m = start_message(t, MSG_SAY, o, err);
    if (!m) {
        mem_free(pcm);
        return false;
    }
    m->pcm = pcm;
    m->n = n;
    live_post(t, m);
    return true;
}

bool live_sound(LiveTalk *t, Str bytes, Err *err)
{
    Live *l = t->live;
    LiveMsg *m = message(MSG_SOUND, bytes.len, err);
    if (!m)
        return false;
    memcpy(m + 1, bytes.ptr, bytes.len);
    pthread_mutex_lock(&l->lock);
    bool ok = t->waiting + bytes.len <= t->second * WAITING_SECONDS;
    if (ok) {
        t->waiting += bytes.len;
        post_locked(t, m);
    }
    pthread_mutex_unlock(&l->lock);
    if (ok)
        return true;
    mem_free(m);
    return err_set(err, ERR_TOO_LARGE, "more than %u seconds of sound at once", WAITING_SECONDS);
}
