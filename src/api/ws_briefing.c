/* ws_briefing.c - BriefingUpdate: the briefing at its time, to each client of
 * its person that subscribed; and to who
 * subscribes later, as long as its day lasts: under the same id, so that a client shows it once. */
#include "api/ws_int.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

static void frame(Buf *b, const StoredBriefing *made)
{
    JsonW w;
    ws_frame_begin(&w, b, "BriefingUpdate");
    jw_key(&w, "briefing");
    jw_raw(&w, made->json);
    ws_frame_end(&w);
}

static void on_briefing(void *arg, const StoredBriefing *made)
{
    const WsWatched *watched = arg;
    ApiWs *ws = watched->ws;
    Buf b;
    if (!ws_wanted(ws, TOPIC_BRIEFING))
        return;
    frame(&b, made);
    ws_notify(ws, &watched->parts->owner, TOPIC_BRIEFING, &b);
}

void ws_briefing_watch(WsWatched *w)
{
    if (w->parts->briefings)
        briefings_listen(w->parts->briefings, on_briefing, w);
}

void ws_briefing_unwatch(WsWatched *w)
{
    if (w->parts->briefings)
        briefings_listen(w->parts->briefings, NULL, NULL);
}

/* ---- catching up ---------------------------------------------------------------------------- */

typedef struct {
    ApiWs *ws;
    const ApiParts *parts;
    WsId id;
} CatchUp;

/* Whether it was sent on the day that it is now, where it was made. */
static bool is_todays(Briefings *b, const StoredBriefing *made)
{
    char today[CLOCK_RFC3339_MAX];
    const Zone *z = briefings_zone(b, made->zone);
    if (!z || !made->scheduled)
        return false;
    int64_t now = clock_now_ms();
    (void)clock_format(now + (int64_t)zone_offset(z, now, NULL, NULL) * 1000, today);
    return str_eq(made->date, str_mem(today, 10));
}

static void drop(void *arg, unsigned worker)
{
    CatchUp *job = arg;
    (void)worker;
    api_give(ws_api(job->ws), job->parts);
    mem_free(job);
}

static void catch_up(void *arg, unsigned worker)
{
    CatchUp *job = arg;
    const ApiParts *parts = job->parts;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    StoredBriefing *list = NULL;
    size_t n = 0;
    Err err = ERR_INIT;
    if (!a)
        err_set(&err, ERR_NO_MEMORY, "no memory for today's briefing");
    if (!a ||
        !store_briefing_list(parts->store, &parts->owner, STR(""), 0, 4, a, &list, &n, &err)) {
        log_write(LOG_WARN, "ws", "a subscriber did not get today's briefing: %s", err.msg);
        ws_send_error(job->ws, job->id, &err);
    }
    for (size_t i = 0; i < n; i++) {
        Buf b;
        if (!is_todays(parts->briefings, &list[i]))
            continue;
        frame(&b, &list[i]);
        ws_post_frame(job->ws, job->id, &b);
        break;
    }
    arena_free(a);
    drop(job, worker);
}

void ws_briefing_catch_up(ApiWs *ws, WsId id)
{
    const ApiParts *parts = ws_parts(ws, id);
    Err err = ERR_INIT;
    CatchUp *job = parts && parts->briefings && parts->work ? mem_zalloc(sizeof *job) : NULL;
    if (!job) {
        api_give(ws_api(ws), parts);
        return;
    }
    *job = (CatchUp){ws, parts, id};
    const WorkFrom from = ws_from(ws, id);
    if (work_submit_from(parts->work, WORK_INTERACTIVE, catch_up, drop, job, NULL, &from, &err))
        return;
    if (err.code != ERR_RATE_LIMITED) /* else: who subscribes again and again */
        log_write(LOG_WARN, "ws", "a subscriber did not get today's briefing: %s", err.msg);
    ws_send_error(ws, id, &err);
    drop(job, 0);
}
