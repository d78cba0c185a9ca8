/* qd_wakes.c - for whom something happens by itself, over everybody's rows in personal_state.
 *
 * Rows that no commit names, or that one took away since, may be among them: who is opened for
 * nothing is closed again. What is due soon is asked for every time, the rest every quarter of a
 * minute. */
#include "store/qdrant/qd_ops.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"

#define KEPT_NS 15000000000u

typedef struct {
    StoreWake *items;
    size_t n, cap;
    Arena *a;
    int64_t until;
} List;

static bool no_memory(Err *err)
{
    return err_set(err, ERR_NO_MEMORY, "looking for what is due: out of memory");
}

static bool add(void *arg, const Json *point, Err *err)
{
    List *l = arg;
    const Json *payload = json_get(point, "payload"), *row = json_get(payload, "row");
    Str kind = json_str(json_get(payload, "kind"));
    StoreWake w = {.kind = str_eq(kind, STR("tasks"))     ? WAKE_TASK
                       : str_eq(kind, STR("folders"))     ? WAKE_FOLDER
                       : str_eq(kind, STR("calendars"))   ? WAKE_CALENDAR
                                                          : WAKE_BRIEFING};
    int64_t enabled = 0, minute = 0, days = 0, state = 0, next = 0;
    if (!uuid_parse(json_str(json_get(payload, "owner")), &w.owner))
        return true;
    (void)json_int(json_get(row, "enabled"), &enabled);
    (void)json_int(json_get(row, "minute"), &minute);
    (void)json_int(json_get(row, "days"), &days);
    (void)json_int(json_get(row, "done_at"), &w.schedule.done_at);
    (void)json_int(json_get(row, "state"), &state);
    (void)json_int(json_get(row, "next_at"), &next);
    if (w.kind == WAKE_BRIEFING && !enabled)
        return true;
    if (w.kind == WAKE_CALENDAR && state != 0 && next <= l->until)
        w.kind = WAKE_FEED;
    Str zone = json_str(json_get(row, "zone"));
    w.schedule.enabled = enabled != 0;
    w.schedule.minute = (uint32_t)minute;
    w.schedule.days = (uint32_t)days;
    w.schedule.zone = w.kind == WAKE_BRIEFING && zone.len ? arena_str(l->a, zone) : STR("");
    if (!w.schedule.zone.ptr || !ARENA_GROW(l->a, l->items, l->n, l->cap))
        return no_memory(err);
    l->items[l->n++] = w;
    return true;
}

/* `one`: a JSON condition. */
static bool scroll(Qd *q, Str one, int64_t until, List *l, Err *err)
{
    Buf filter;
    l->until = until;
    buf_init(&filter, 8192);
    buf_printf(&filter, "{\"must\":[" STR_FMT "]}", STR_ARG(one));
    bool ok = buf_check(&filter, "a filter", err);
    QdScroll all = {.filter = buf_str(&filter), .payload = "[\"owner\",\"kind\",\"row\"]"};
    ok = ok && qd_scroll(q, &all, add, l, err);
    buf_release(&filter);
    return ok;
}

/* What changes seldom, from a list that was made a moment ago; zones are copied into the arena. */
static bool kept(Qd *q, int64_t until, List *l, Err *err)
{
    static const char filter[] = "{\"key\":\"kind\",\"match\":{\"any\":[\"folders\","
                                 "\"calendars\",\"briefing_schedule\"]}}";
    pthread_mutex_lock(&q->wakes_lock);
    uint64_t now = clock_mono_ns();
    bool ok = true;
    if (!q->wakes_arena || now - q->wakes_ns > KEPT_NS) {
        List fresh = {.a = arena_new((size_t)1 << 30)};
        ok = fresh.a ? scroll(q, str_of(filter), until, &fresh, err) : no_memory(err);
        if (ok) {
            arena_free(q->wakes_arena);
            q->wakes_arena = fresh.a;
            q->wakes = fresh.items;
            q->n_wakes = fresh.n;
            q->wakes_ns = now;
        } else {
            arena_free(fresh.a);
        }
    }
    for (size_t i = 0; ok && i < q->n_wakes; i++) {
        Str zone = q->wakes[i].schedule.zone.len ? arena_str(l->a, q->wakes[i].schedule.zone)
                                                 : STR("");
        if (!zone.ptr || !ARENA_GROW(l->a, l->items, l->n, l->cap)) {
            ok = no_memory(err);
            break;
        }
        l->items[l->n] = q->wakes[i];
        l->items[l->n++].schedule.zone = zone;
    }
    pthread_mutex_unlock(&q->wakes_lock);
    return ok;
}

bool qd_wakes(Store *s, int64_t until, Arena *a, StoreWake **out, size_t *n, Err *err)
{
    Qd *q = qd_of(s);
    char filter[200];
    List l = {.a = a};
    (void)snprintf(filter, sizeof filter, "{\"key\":\"kind\",\"match\":{\"value\":\"tasks\"}},"
        "{\"key\":\"row.next_fire\",\"range\":{\"lte\":%lld}}", (long long)until);
    if (!qd_schema(q, err) || !scroll(q, str_of(filter), until, &l, err)
        || !kept(q, until, &l, err))
        return false;
    *out = l.items;
    *n = l.n;
    return true;
}
