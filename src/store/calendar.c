/* calendar.c - checks what every back end would have to check, then calls through the table. */
#include "base/utf8.h"
#include "store/store_ops.h"

const char *feed_state_name(FeedState s)
{
    static const char *const names[] = {"local", "new", "ok", "failed"};
    return names[s];
}

static bool calendar_ok(const Calendar *c, Err *err)
{
    if (uuid_is_nil(&c->id) || !c->name.len)
        return err_set(err, ERR_VALIDATION, "a calendar needs an id and a name");
    return store_text_ok(c->name, STORE_MAX_TITLE, "the calendar's name", err) &&
           store_text_ok(c->address, STORE_MAX_NAME, "the address", err) &&
           store_text_ok(c->problem, STORE_MAX_NAME, "what went wrong", err) &&
           store_text_ok(c->etag, STORE_MAX_TITLE, "the ETag", err) &&
           store_text_ok(c->modified, STORE_MAX_WORD, "Last-Modified", err);
}

static bool ascending(const int64_t *ms, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (ms[i] < ms[i - 1])
            return false;
    return true;
}

static bool event_ok(const CalEvent *e, Err *err)
{
    if (uuid_is_nil(&e->id) || !e->uid.len || !e->raw.ptr)
        return err_set(err, ERR_VALIDATION, "an event needs an id, a UID and its lines");
    if (e->end_ms < e->start_ms || e->last_ms < e->start_ms)
        return err_set(err, ERR_VALIDATION, "an event ends before it begins");
    if (e->n_added > EVENT_MAX_DATES || e->n_taken > EVENT_MAX_DATES ||
        e->n_alarms > EVENT_MAX_ALARMS)
        return err_set(err, ERR_TOO_LARGE, "an event has too many dates or alarms");
    if (!ascending(e->added, e->n_added) || !ascending(e->taken, e->n_taken))
        return err_set(err, ERR_INTERNAL, "an event's dates are not in order");
    return store_text_ok(e->uid, STORE_MAX_TITLE, "the UID", err) &&
           store_text_ok(e->summary, STORE_MAX_TITLE, "the summary", err) &&
           store_text_ok(e->location, STORE_MAX_TITLE, "the location", err) &&
           store_text_ok(e->description, EVENT_MAX_TEXT, "the description", err) &&
           store_text_ok(e->status, STORE_MAX_WORD, "the status", err) &&
           store_text_ok(e->zone, STORE_MAX_WORD, "the zone", err) &&
           store_text_ok(e->rules, EVENT_MAX_TEXT, "the rules", err) &&
           store_text_ok(e->raw, EVENT_MAX_RAW, "the event", err);
}

bool store_calendar_put(Store *s, const Uuid *owner, const Calendar *c, Err *err)
{
    return calendar_ok(c, err) && s->ops->calendar_put(s, owner, c, err);
}

bool store_calendar_list(Store *s, const Uuid *owner, Arena *a, Calendar **out, size_t *n, Err *err)
{
    return s->ops->calendar_list(s, owner, a, out, n, err);
}

bool store_calendar_get(Store *s, const Uuid *owner, const Uuid *id, Arena *a, Calendar *out,
                        Err *err)
{
    Calendar *list;
    size_t n;
    if (!s->ops->calendar_list(s, owner, a, &list, &n, err))
        return false;
    for (size_t i = 0; i < n; i++)
        if (uuid_eq(&list[i].id, id)) {
            *out = list[i];
            return true;
        }
    return err_set(err, ERR_NOT_FOUND, "there is no such calendar");
}

bool store_calendar_delete(Store *s, const Uuid *owner, const Uuid *id, Err *err)
{
    return s->ops->calendar_delete(s, owner, id, err);
}

bool store_event_apply(Store *s, const Uuid *owner, const EventBatch *b, EventCounts *counts,
                       Err *err)
{
    if (!calendar_ok(b->calendar, err))
        return false;
    for (size_t i = 0; i < b->n_events; i++)
        if (!event_ok(&b->events[i], err))
            return false;
    for (size_t i = 0; i < b->n_zones; i++)
        if (!store_text_ok(b->zones[i].tzid, STORE_MAX_WORD, "a zone's name", err) ||
            !store_text_ok(b->zones[i].raw, EVENT_MAX_RAW, "a zone", err))
            return false;
    return s->ops->event_apply(s, owner, b, counts, err);
}

bool store_event_get(Store *s, const Uuid *owner, const Uuid *id, Arena *a, CalEvent *out, Err *err)
{
    return s->ops->event_get(s, owner, id, a, out, err);
}

bool store_event_delete(Store *s, const Uuid *owner, const Uuid *id, Err *err)
{
    return s->ops->event_delete(s, owner, id, err);
}

bool store_event_list(Store *s, const Uuid *owner, const EventQuery *q, Arena *a, CalEvent **out,
                      size_t *n, bool *more, Err *err)
{
    return s->ops->event_list(s, owner, q, a, out, n, more, err);
}

bool store_event_replaced(Store *s, const Uuid *owner, Arena *a, EventReplaced **out, size_t *n,
                          Err *err)
{
    return s->ops->event_replaced(s, owner, a, out, n, err);
}

bool store_zone_list(Store *s, const Uuid *owner, Arena *a, CalZone **out, size_t *n, Err *err)
{
    return s->ops->zone_list(s, owner, a, out, n, err);
}
