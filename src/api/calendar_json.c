#include "api/calendar_json.h"

#include <stdio.h>

#include "base/clock.h"
#include "text/ical.h"

#define HOUR_MS 3600000LL
#define DAY_MS 86400000LL

/* ---- out ------------------------------------------------------------------------------------- */

static Civil civil_utc(int64_t ms)
{
    Civil c = {0};
    int64_t s = ms / 1000 - (ms % 1000 < 0), day = s / 86400 - (s % 86400 < 0);
    int rest = (int)(s - day * 86400);
    clock_civil_from_days(day, &c.year, &c.month, &c.day);
    c.hour = rest / 3600;
    c.minute = rest / 60 % 60;
    c.second = rest % 60;
    return c;
}

/* `raw` in the event's own terms (a day, a clock time); `ms` the instant for the viewer. */
static void time_member(JsonW *w, const char *key, const CalEvent *e, int64_t raw, int64_t ms,
                        const Zone *viewer)
{
    char text[64];
    Civil c = civil_utc(raw);
    if (e->kind == EVENT_ALL_DAY)
        (void)snprintf(text, sizeof text, "%04d-%02d-%02d", c.year, c.month, c.day);
    else if (e->kind == EVENT_FLOATING && !viewer)
        (void)snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d", c.year, c.month, c.day,
                       c.hour, c.minute, c.second);
    else if (viewer)
        (void)zone_format(viewer, ms, text);
    else
        (void)clock_format(raw, text);
    jw_kv_cstr(w, key, text);
}

static void alarms_member(JsonW *w, const CalEvent *e)
{
    Buf b;
    buf_init(&b, 4096);
    jw_key(w, "remind_before");
    jw_arr(w);
    for (size_t i = 0; i < e->n_alarms; i++) {
        char text[CLOCK_RFC3339_MAX];
        if (e->alarms[i].absolute) {
            jw_cstr(w, clock_format(e->alarms[i].ms, text));
            continue;
        }
        int64_t before = -e->alarms[i].ms;
        buf_clear(&b);
        ical_add_duration(before % DAY_MS ? 0 : before / DAY_MS, before % DAY_MS ? before : 0, &b);
        jw_str(w, buf_str(&b));
    }
    jw_arr_end(w);
    buf_release(&b);
}

/* A floating event or one of whole days begins when its clock time is the viewer's. */
static int64_t for_viewer(const CalEvent *e, int64_t raw, const Zone *viewer)
{
    if (e->kind == EVENT_TIMED)
        return raw;
    Civil c = civil_utc(raw);
    return zone_instant(viewer, &c, NULL);
}

void event_json(JsonW *w, const CalEvent *e, const AgendaItem *item, Str calendar,
                const Zone *viewer)
{
    char id[UUID_TEXT], at[CLOCK_RFC3339_MAX];
    int64_t begin = item ? item->start_ms : for_viewer(e, e->start_ms, viewer);
    int64_t end = item ? item->end_ms : for_viewer(e, e->end_ms, viewer);
    int64_t shift = 0; /* of a whole day's occurrence, in its own terms */
    if (item && e->kind == EVENT_ALL_DAY) {
        Civil c = zone_civil(viewer, item->start_ms);
        shift = clock_days_from_civil(c.year, c.month, c.day) * DAY_MS - e->start_ms;
    }
    jw_obj(w);
    jw_kv_cstr(w, "id", uuid_format(&e->id, id));
    jw_kv_str(w, "uid", e->uid);
    jw_kv_cstr(w, "calendar_id", uuid_format(&e->calendar, id));
    jw_kv_str(w, "calendar", calendar);
    jw_kv_str(w, "title", e->summary);
    time_member(w, "start", e, e->start_ms + shift, begin, viewer);
    time_member(w, "end", e, e->end_ms + shift, end, viewer);
    jw_kv_bool(w, "all_day", e->kind == EVENT_ALL_DAY);
    jw_kv_bool(w, "floating", e->kind != EVENT_TIMED);
    if (e->kind == EVENT_TIMED)
        jw_kv_str(w, "zone", e->zone);
    else
        jw_kv_null(w, "zone");
    jw_kv_bool(w, "recurring", item ? item->recurring : e->rules.len || e->n_added);
    if (item && item->recurring)
        time_member(w, "occurrence", e, item->occurrence_ms, 0, NULL);
    else if (e->replaces)
        time_member(w, "occurrence", e, e->recurrence_ms, 0, NULL);
    else
        jw_kv_null(w, "occurrence");
    jw_kv_str(w, "location", e->location);
    jw_kv_str(w, "description", e->description);
    jw_kv_str(w, "status", e->status);
    jw_kv_bool(w, "free", e->free);
    if (e->rules.len)
        jw_kv_str(w, "rrule", str_sub(e->rules, 0, str_find(e->rules, STR("\n"), 0)));
    else
        jw_kv_null(w, "rrule");
    alarms_member(w, e);
    jw_kv_cstr(w, "created_at", clock_format(e->created_at, at));
    jw_kv_cstr(w, "updated_at", clock_format(e->updated_at, at));
    jw_obj_end(w);
}

static void instant_member(JsonW *w, const char *key, int64_t ms)
{
    char at[CLOCK_RFC3339_MAX];
    if (ms)
        jw_kv_cstr(w, key, clock_format(ms, at));
    else
        jw_kv_null(w, key);
}

void calendar_members(JsonW *w, const Calendar *k)
{
    char id[UUID_TEXT];
    jw_kv_cstr(w, "id", uuid_format(&k->id, id));
    jw_kv_str(w, "name", k->name);
    jw_kv_str(w, "address", k->address);
    jw_kv_cstr(w, "state", feed_state_name(k->state));
    jw_kv_str(w, "problem", k->problem);
    jw_kv_int(w, "refresh_seconds", k->refresh_s);
    jw_kv_bool(w, "private_network", k->private_network);
    jw_kv_int(w, "failures", k->failures);
    jw_kv_int(w, "events", (int64_t)k->n_events);
    instant_member(w, "created_at", k->created_at);
    instant_member(w, "checked_at", k->checked_at);
    instant_member(w, "fetched_at", k->fetched_at);
    instant_member(w, "next_at", k->next_at);
}

void import_json(JsonW *w, const ImportReport *r)
{
    jw_obj(w);
    calendar_members(w, &r->calendar);
    jw_key(w, "import");
    jw_obj(w);
    jw_kv_int(w, "created", (int64_t)r->events.created);
    jw_kv_int(w, "updated", (int64_t)r->events.updated);
    jw_kv_int(w, "unchanged", (int64_t)r->events.unchanged);
    jw_kv_int(w, "older", (int64_t)r->events.older);
    jw_kv_int(w, "removed", (int64_t)r->events.removed);
    jw_kv_int(w, "tasks_created", (int64_t)r->todos);
    jw_kv_int(w, "tasks_known", (int64_t)r->todos_known);
    jw_key(w, "notes");
    jw_arr(w);
    for (size_t i = 0; i < r->n_notes; i++)
        jw_str(w, r->notes[i]);
    jw_arr_end(w);
    jw_obj_end(w);
    jw_obj_end(w);
}

/* ---- in -------------------------------------------------------------------------------------- */

typedef enum { T_DAY, T_LOCAL, T_INSTANT } TimeForm;

/* "2026-12-01", "2026-12-01T09:00[:00]", RFC 3339. For the first two *ms is as if in UTC. */
static bool read_time(Str s, const char *name, TimeForm *form, Civil *civil, int64_t *ms, Err *err)
{
    char text[40], tail = '\0';
    Civil c = {0};
    int64_t at;
    if (s.len < sizeof text) {
        memcpy(text, s.ptr, s.len);
        text[s.len] = '\0';
        if (s.len == 10 && clock_parse(s, ms)) {
            *form = T_DAY;
            *civil = civil_utc(*ms);
            return true;
        }
        bool local = (s.len == 16 || s.len == 19) && (s.ptr[10] == 'T' || s.ptr[10] == ' ') &&
                     (sscanf(text, "%4d-%2d-%2d%*c%2d:%2d:%2d%c", &c.year, &c.month, &c.day,
                             &c.hour, &c.minute, &c.second, &tail) >= 5) &&
                     tail == '\0';
        if (local && c.year > 0 && c.month >= 1 && c.month <= 12 && c.day >= 1 &&
            c.day <= civil_days_in_month(c.year, c.month) && c.hour >= 0 && c.hour < 24 &&
            c.minute >= 0 && c.minute < 60 && c.second >= 0 && c.second < 60) {
            *form = T_LOCAL;
            *civil = c;
            *ms = clock_days_from_civil(c.year, c.month, c.day) * DAY_MS + c.hour * HOUR_MS +
                  c.minute * 60000LL + c.second * 1000LL;
            return true;
        }
        if (clock_parse(s, &at)) {
            *form = T_INSTANT;
            *ms = at;
            *civil = civil_utc(at);
            return true;
        }
    }
    return err_set(err, ERR_VALIDATION,
                   "%s must be an RFC 3339 time, YYYY-MM-DD, or a clock time such as "
                   "2026-12-01T09:00", name);
}

static bool one_time(const FieldValue *v, const char *name, const EventWhen *w, const Zone *zone,
                     int64_t *out, Err *err)
{
    TimeForm form;
    Civil civil;
    int64_t ms;
    if (!read_time(v->str, name, &form, &civil, &ms, err))
        return false;
    if ((form == T_DAY) != (w->kind == EVENT_ALL_DAY))
        return err_set(err, ERR_VALIDATION, "start and end must both be days, or both be times");
    if (form == T_INSTANT && w->kind == EVENT_FLOATING)
        return err_set(err, ERR_VALIDATION, "a floating event has times without an offset");
    *out = form == T_LOCAL && w->kind == EVENT_TIMED ? zone_instant(zone, &civil, NULL) : ms;
    return true;
}

bool event_when(ApiCall *c, const CalEvent *old, EventWhen *out, bool *said, Err *err)
{
    const FieldValue *start = call_body(c, "start"), *end = call_body(c, "end");
    const FieldValue *zone = call_body(c, "zone"), *floating = call_body(c, "floating");
    Calendars *k = c->parts->calendars;
    EventWhen w = {.kind = EVENT_TIMED};
    *said = start->given || end->given || zone->given || floating->given;
    if (!*said)
        return true;
    if (old) {
        w = (EventWhen){old->kind, old->zone, old->start_ms, old->end_ms};
    }
    int64_t length = w.end_ms - w.start_ms;
    if (floating->given && w.kind != EVENT_ALL_DAY)
        w.kind = floating->b ? EVENT_FLOATING : EVENT_TIMED;
    if (zone->given)
        w.zone = zone->str;
    if (!w.zone.len)
        w.zone = str_of(zone_name(calendars_zone(k)));
    const Zone *z = calendars_zone_named(k, w.zone);
    if (!z && (zone->given || !old))
        return err_set(err, ERR_VALIDATION, "there is no time zone named \"" STR_FMT "\"",
                       STR_ARG(w.zone));
    z = z ? z : calendars_zone(k);
    if (start->given) {
        bool day = start->str.len == 10;
        if (day != (w.kind == EVENT_ALL_DAY)) {
            w.kind = day ? EVENT_ALL_DAY
                         : floating->given && floating->b ? EVENT_FLOATING : EVENT_TIMED;
            length = 0;
        }
        if (!one_time(start, "start", &w, z, &w.start_ms, err))
            return false;
        if (length == 0 && !(old && old->start_ms == old->end_ms))
            length = w.kind == EVENT_ALL_DAY ? DAY_MS : HOUR_MS;
        w.end_ms = w.start_ms + length;
    }
    if (end->given && !one_time(end, "end", &w, z, &w.end_ms, err))
        return false;
    *out = w;
    return true;
}

bool event_occurrence(ApiCall *c, int64_t *room, const int64_t **out, Err *err)
{
    const FieldValue *v = call_query(c, "occurrence");
    TimeForm form;
    Civil civil;
    *out = NULL;
    if (!v->given)
        return true;
    if (!read_time(v->str, "occurrence", &form, &civil, room, err))
        return false;
    *out = room;
    return true;
}
