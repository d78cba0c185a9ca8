/* briefing_schedule.c - the briefing at its time, and its history.
 *
 *   last time of the schedule at or before now > done_at  ->  build  ->  one transaction: the
 *   briefing and done_at  ->  the listener
 *
 * What is marked is what was sent, so a time that passed while nothing ran is sent at the next
 * start, once, as of then. The first start marks now: nobody is told of the days before. */
#include "assistant/briefing_int.h"

#include <errno.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#define LOOK_MS 20000         /* the wall clock can be set, so it is looked at again and again */
#define SET_CLOCK_LOOK_MS 200 /* a clock that was set is looked at so often */
#define HEARD_LATEST 8        /* among these is what another process sent a moment ago */
#define QUIET_MS 3000         /* after a change, before today's briefing is built again */

/* ---- times ----------------------------------------------------------------------------------- */

/* The schedule's time on the day that is `more` after c's; TASK_NO_TIME when it is none of its
 * days. */
static int64_t time_on(const BriefingSchedule *s, const Zone *z, const Civil *c, int more)
{
    Civil noon = {c->year, c->month, c->day + more, 12, 0, 0};
    Civil day = zone_civil(z, zone_instant(z, &noon, NULL));
    unsigned weekday = ((unsigned)civil_weekday(&day) + 6) % 7; /* 0: Monday */
    if (!(s->days >> weekday & 1))
        return TASK_NO_TIME;
    day.hour = (int)(s->minute / 60);
    day.minute = (int)(s->minute % 60);
    day.second = 0;
    return zone_instant(z, &day, NULL);
}

int64_t briefing_next(const BriefingSchedule *s, const Zone *z, int64_t ms)
{
    Civil c = zone_civil(z, ms);
    for (int i = 0; s->enabled && i <= 8; i++) {
        int64_t at = time_on(s, z, &c, i);
        if (at != TASK_NO_TIME && at > ms)
            return at;
    }
    return TASK_NO_TIME;
}

int64_t briefing_last(const BriefingSchedule *s, const Zone *z, int64_t ms)
{
    Civil c = zone_civil(z, ms);
    for (int i = 0; s->enabled && i <= 8; i++) {
        int64_t at = time_on(s, z, &c, -i);
        if (at != TASK_NO_TIME && at <= ms)
            return at;
    }
    return TASK_NO_TIME;
}

/* ---- the schedule ---------------------------------------------------------------------------- */

bool briefings_schedule(Briefings *b, Arena *a, BriefingSchedule *out, Err *err)
{
    bool found;
    *out = (BriefingSchedule){.enabled = true, .minute = BRIEFING_DEFAULT_MINUTE,
        .days = BRIEFING_EVERY_DAY, .zone = STR("")};
    return store_briefing_schedule(b->o.store, &b->o.owner, a, out, &found, err);
}

static void look_again(Briefings *b)
{
    (void)pthread_mutex_lock(&b->run_lock);
    (void)pthread_cond_broadcast(&b->wake);
    (void)pthread_mutex_unlock(&b->run_lock);
}

bool briefings_set_schedule(Briefings *b, const BriefingSchedule *s, Err *err)
{
    BriefingSchedule now = *s;
    if (!briefings_zone(b, s->zone))
        return err_set(err, ERR_VALIDATION, "there is no time zone \"" STR_FMT "\"",
            STR_ARG(str_sub(s->zone, 0, 80)));
    now.done_at = clock_now_ms();
    if (!store_briefing_schedule_put(b->o.store, &b->o.owner, &now, err))
        return false;
    look_again(b);
    return true;
}

void briefings_listen(Briefings *b, BriefingListener fn, void *arg)
{
    (void)pthread_mutex_lock(&b->listen_lock);
    b->listener = fn;
    b->listener_arg = arg;
    (void)pthread_mutex_unlock(&b->listen_lock);
}

static void tell(Briefings *b, const StoredBriefing *made)
{
    (void)pthread_mutex_lock(&b->listen_lock);
    if (b->listener)
        b->listener(b->listener_arg, made);
    (void)pthread_mutex_unlock(&b->listen_lock);
}

bool briefings_heard(Briefings *b, const StoreNews *news, Err *err)
{
    StoredBriefing *list = NULL;
    size_t n = 0;
    if (news->kind == NEWS_SCHEDULE)
        look_again(b);
    if (news->kind != NEWS_BRIEFING)
        return true;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    if (!a)
        return err_set(err, ERR_NO_MEMORY, "no memory for a briefing");
    bool ok = store_briefing_list(b->o.store, &b->o.owner, STR(""), 0, HEARD_LATEST, a, &list, &n,
        err);
    for (size_t i = 0; ok && i < n; i++)
        if (uuid_eq(&list[i].id, &news->id))
            tell(b, &list[i]);
    arena_free(a);
    return ok;
}

/* Another process may have been faster: then its briefing is the day's, and is heard of. */
static bool send(Briefings *b, const BriefingSchedule *s, int64_t at, unsigned worker, Err *err)
{
    BriefingShot *shot = briefing_get(b, &(BriefingAsk){.zone = s->zone}, worker, err);
    Buf json;
    JsonW w;
    if (!shot)
        return false;
    const Briefing *made = briefing_of(shot);
    buf_init(&json, (size_t)1 << 20);
    jw_init(&w, &json);
    briefing_json(made, &w);
    StoredBriefing row = {.id = made->id, .date = str_of(made->date),
        .zone = str_of(made->zone_name), .generated_at = made->as_of, .scheduled = true,
        .json = buf_str(&json)};
    bool ok = buf_check(&json, "a briefing", err)
        && store_briefing_put(b->o.store, &b->o.owner, &row, &at, err);
    if (ok)
        tell(b, &row);
    else
        ok = err->code == ERR_CONFLICT;
    buf_release(&json);
    briefing_release(shot);
    return ok;
}

static bool look(Briefings *b, Arena *a, unsigned worker, bool *sent, Err *err)
{
    BriefingSchedule s;
    int64_t now = clock_now_ms();
    *sent = false;
    if (!briefings_schedule(b, a, &s, err))
        return false;
    if (s.done_at == 0) {
        s.done_at = now;
        return store_briefing_schedule_put(b->o.store, &b->o.owner, &s, err);
    }
    const Zone *z = briefings_zone(b, s.zone);
    if (!z) /* the machine has lost it */
        s.zone = STR("");
    int64_t at = briefing_last(&s, z ? z : tasks_zone(b->o.tasks), now);
    if (at == TASK_NO_TIME || at <= s.done_at)
        return true;
    *sent = true;
    return send(b, &s, at, worker, err);
}

bool briefings_run_once(Briefings *b, unsigned worker, bool *sent, Err *err)
{
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    if (!a)
        return err_set(err, ERR_NO_MEMORY, "no memory for a briefing");
    (void)pthread_mutex_lock(&b->send_lock);
    bool ok = look(b, a, worker, sent, err);
    (void)pthread_mutex_unlock(&b->send_lock);
    arena_free(a);
    return ok;
}

/* ---- the thread ------------------------------------------------------------------------------ */

/* What a worker does for the thread: sends what is due, keeps today's built. */
static void do_job(void *arg, unsigned worker)
{
    Briefings *b = arg;
    Err err = ERR_INIT;
    bool sent;
    if (!briefings_run_once(b, worker, &sent, &err))
        log_write(LOG_ERROR, "briefing", "the briefing is late: %s", err.msg);
    else if (atomic_load(&b->asked)) {
        BriefingShot *s = briefing_get(b, &(BriefingAsk){0}, worker, &err);
        if (!s)
            log_write(LOG_WARN, "briefing", "it could not be built: %s", err.msg);
        briefing_release(s);
    }
    (void)pthread_mutex_lock(&b->run_lock);
    b->job_done = true;
    (void)pthread_cond_broadcast(&b->wake);
    (void)pthread_mutex_unlock(&b->run_lock);
}

static void drop_job(void *arg, unsigned worker)
{
    Briefings *b = arg;
    (void)worker;
    (void)pthread_mutex_lock(&b->run_lock);
    b->job_done = true;
    (void)pthread_cond_broadcast(&b->wake);
    (void)pthread_mutex_unlock(&b->run_lock);
}

/* Whether something is to be sent. */
static bool is_due(Briefings *b, Arena *a, int64_t now, int64_t *next)
{
    BriefingSchedule s;
    Err err = ERR_INIT;
    *next = TASK_NO_TIME;
    if (!briefings_schedule(b, a, &s, &err)) {
        log_write(LOG_WARN, "briefing", "its schedule could not be read: %s", err.msg);
        return false;
    }
    const Zone *z = briefings_zone(b, s.zone);
    z = z ? z : tasks_zone(b->o.tasks);
    int64_t last = briefing_last(&s, z, now);
    *next = briefing_next(&s, z, now);
    return s.done_at == 0 || (last != TASK_NO_TIME && last > s.done_at);
}

/* With run_lock held. */
static void sleep_ms(Briefings *b, int64_t ms)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)(ms / 1000);
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    (void)pthread_cond_timedwait(&b->wake, &b->run_lock, &until);
}

/* With run_lock held; waits until the job is over. */
static void run_job(Briefings *b)
{
    Err err = ERR_INIT;
    b->job_done = false;
    (void)pthread_mutex_unlock(&b->run_lock);
    bool taken = !b->o.work || work_submit(b->o.work, WORK_NORMAL, do_job, drop_job, b, &err);
    if (!b->o.work)
        do_job(b, 0);
    (void)pthread_mutex_lock(&b->run_lock);
    while (taken && !b->job_done)
        (void)pthread_cond_wait(&b->wake, &b->run_lock);
}

static void *schedule_main(void *arg)
{
    Briefings *b = arg;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    uint64_t seen = 0, built = 0;
    (void)pthread_mutex_lock(&b->run_lock);
    while (a && !b->stop) {
        int64_t next, now = clock_now_ms();
        (void)pthread_mutex_unlock(&b->run_lock);
        bool due = is_due(b, a, now, &next);
        uint64_t version = store_version(b->o.store, &b->o.owner)
            + store_plans_version(b->o.store, &b->o.owner) + atomic_load(&b->made);
        arena_reset(a);
        (void)pthread_mutex_lock(&b->run_lock);
        bool quiet = version == seen; /* since the last look */
        bool stale = atomic_load(&b->asked) && version != built && quiet;
        seen = version;
        if (!b->stop && (due || stale)) {
            built = version;
            run_job(b);
        }
        int64_t wait = clock_is_set() ? SET_CLOCK_LOOK_MS
            : atomic_load(&b->asked) && version != built ? QUIET_MS : LOOK_MS;
        if (next != TASK_NO_TIME && next - now < wait)
            wait = next > now ? next - now + 1 : 1;
        if (!b->stop)
            sleep_ms(b, wait);
    }
    (void)pthread_mutex_unlock(&b->run_lock);
    arena_free(a);
    return NULL;
}

bool briefings_start(Briefings *b, Err *err)
{
    if (b->running)
        return true;
    b->stop = false;
    if (!brief_write_start(b, err))
        return false;
    int rc = pthread_create(&b->thread, NULL, schedule_main, b);
    if (rc)
        brief_write_stop(b);
    if (rc)
        return err_set_errno(err, ERR_UNAVAILABLE, rc, "cannot start the briefing's schedule");
    b->running = true;
    return true;
}

void briefings_stop(Briefings *b)
{
    if (!b || !b->running)
        return;
    brief_write_stop(b);
    (void)pthread_mutex_lock(&b->run_lock);
    b->stop = true;
    (void)pthread_cond_broadcast(&b->wake);
    (void)pthread_mutex_unlock(&b->run_lock);
    (void)pthread_join(b->thread, NULL);
    b->running = false;
}
