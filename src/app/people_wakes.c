/* people_wakes.c - many people: those for whom something is due are opened in time, and those who
 * were not used for longest are let go. On the main thread's tick.
 *
 *   store_wakes(now and a little) -> open who is not -> their own threads do it -> not due any more
 *   -> let go
 *
 * Nothing is fired here: what a person's scheduler, briefing and calendars do when they are open is
 * all there is. Reminders of events are made a day ahead, so people with calendars are opened now
 * and then: all of them in the hours after the start, then each twice a day. */
#include "app/people_int.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/hash.h"
#include "store/wakes.h"

#define AHEAD_MS 6000             /* opened so long before something fires */
#define OPENING_NS 1000000000u    /* at most so long a tick */
#define IDLE_NS 1000000000u       /* nobody is let go in the middle of a page, */
#define CROWD_IDLE_NS 50000000u   /* unless very many come */
#define CALENDAR_TURN_MS 43200000 /* twice a day, */
#define CALENDAR_MOMENT_MS (int64_t)30000 /* for so long */

typedef struct {
    App *app;
    unsigned look;
    uint64_t began_ns;
    bool full;
} Look;

static bool is_due(App *app, const StoreWake *w, int64_t now)
{
    if (w->kind == WAKE_CALENDAR) {
        /* Each person has a moment of their own in the half day. */
        int64_t turn = (int64_t)(checksum64(0, &w->owner, sizeof w->owner) % CALENDAR_TURN_MS);
        int64_t last = (now - turn) / CALENDAR_TURN_MS * CALENDAR_TURN_MS + turn;
        return now - last < CALENDAR_MOMENT_MS ||
               now - app->people_since < 4 * CALENDAR_MOMENT_MS;
    }
    if (w->kind != WAKE_BRIEFING)
        return true;
    const BriefingSchedule *s = &w->schedule;
    const Zone *z = briefings_zone(app->briefings, s->zone);
    int64_t last = briefing_last(s, z ? z : tasks_zone(app->tasks), now);
    return s->done_at == 0 || (last != TASK_NO_TIME && last > s->done_at);
}

static void wake(Look *l, const StoreWake *w)
{
    App *app = l->app;
    Err err = ERR_INIT;
    if (uuid_eq(&w->owner, &app_owner) || !is_due(app, w, clock_now_ms()))
        return;
    pthread_mutex_lock(&app->people_lock);
    AppPerson *p = app_person_of(app, &w->owner);
    if (p)
        p->due = l->look;
    l->full |= app->n_people >= 2 * app_people_limit(app);
    pthread_mutex_unlock(&app->people_lock);
    if (p || l->full || clock_mono_ns() - l->began_ns > OPENING_NS)
        return; /* the rest at the next tick */
    const ApiParts *parts = api_hold(app->api, &w->owner, &err);
    if (!parts) {
        if (err.code != ERR_UNAUTHORIZED) /* else: rows of one who is being removed */
            log_write(LOG_WARN, "people", "somebody for whom something is due: %s", err.msg);
        return;
    }
    pthread_mutex_lock(&app->people_lock);
    p = app_person_of(app, &w->owner);
    if (p) {
        p->woken = true;
        p->due = l->look;
    }
    pthread_mutex_unlock(&app->people_lock);
    api_give(app->api, parts);
}

/* The one that was used longest ago, but for those who have something due; when that leaves no room
 * for who comes, these too: they are opened again. */
static AppPerson *oldest(App *app, unsigned look, bool over, bool crowd, uint64_t idle_ns)
{
    AppPerson *found = NULL;
    uint64_t best = UINT64_MAX, now = clock_mono_ns();
    pthread_mutex_lock(&app->people_lock);
    for (AppPerson *p = app->people; p; p = p->next) {
        if (p->stopping || (!p->gone && ((p->due == look && !crowd) || !(over || p->woken))))
            continue;
        uint64_t used = p->gone ? 0 : api_person_used_ns(app->api, &p->own.owner);
        if (used < best && now - used >= idle_ns && p->tried != look) {
            best = used;
            found = p;
        }
    }
    if (found) {
        found->tried = look;
        found->stopping = true;
    }
    pthread_mutex_unlock(&app->people_lock);
    return found;
}

static bool is_over(App *app, size_t times)
{
    pthread_mutex_lock(&app->people_lock);
    bool over = app->n_people > times * app_people_limit(app);
    pthread_mutex_unlock(&app->people_lock);
    return over;
}

static void let_go(App *app, unsigned look)
{
    uint64_t began = clock_mono_ns();
    for (;;) {
        bool crowd = is_over(app, 2);
        uint64_t idle = crowd ? CROWD_IDLE_NS : IDLE_NS;
        AppPerson *p = oldest(app, look, is_over(app, 1), is_over(app, 3), idle);
        if (!p || clock_mono_ns() - began > OPENING_NS)
            return;
        (void)app_person_close(app, p, p->gone ? 0 : idle);
    }
}

/* One whose threads do not run, and for whom there is something to do: due soon, or their plans
 * have changed. */
static AppPerson *sleeper(App *app)
{
    pthread_mutex_lock(&app->people_lock);
    AppPerson *p = app->people;
    while (p && (p->own.running || p->stopping || p->gone ||
                 (p->due != app->people_look &&
                  p->plans == store_plans_version(app->store, &p->own.owner))))
        p = p->next;
    if (p)
        p->stopping = true;
    pthread_mutex_unlock(&app->people_lock);
    return p;
}

static void start_threads(App *app)
{
    Err err = ERR_INIT;
    AppPerson *p;
    while (app->running && (p = sleeper(app))) {
        bool ok = app_start(&p->own, &err);
        if (!ok) {
            app_stop(&p->own); /* and again at the next tick */
            log_write(LOG_WARN, "people", "what goes on by itself for somebody: %s", err.msg);
        }
        pthread_mutex_lock(&app->people_lock);
        p->stopping = false;
        pthread_mutex_unlock(&app->people_lock);
        if (!ok)
            return;
    }
}

bool app_people_press(App *app)
{
    start_threads(app);
    pthread_mutex_lock(&app->people_lock);
    bool press = false;
    for (AppPerson *p = app->people; p; p = p->next) {
        press |= !p->own.running; /* a timer of a few seconds is to ring in time */
        p->tried = 0;
    }
    pthread_mutex_unlock(&app->people_lock);
    if (is_over(app, 1))
        let_go(app, app->people_look);
    return press;
}

void app_people_tick(App *app)
{
    Look l = {.app = app, .look = ++app->people_look, .began_ns = clock_mono_ns()};
    StoreWake *list;
    size_t n;
    Err err = ERR_INIT;
    Arena *a = arena_new((size_t)1 << 30);
    if (!app->people_since)
        app->people_since = clock_now_ms();
    bool ok = a && store_wakes(app->store, clock_now_ms() + AHEAD_MS, a, &list, &n, &err);
    for (size_t i = 0; ok && i < n; i++)
        wake(&l, &list[i]);
    arena_free(a);
    if (ok)
        let_go(app, l.look);
    else
        log_write(LOG_DEBUG, "people", "what is due for whom: %s", err.msg);
}
