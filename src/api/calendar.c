/* calendar.c - what is on the schedule; events, calendars, addresses; iCalendar in and out. */
#include "api/calendar_json.h"
#include "base/clock.h"
#include "base/hash.h"
#include "text/ical.h"

#define DAY_MS 86400000LL

static bool calendars_of(const ApiCall *c, Calendars **k, Err *err)
{
    *k = c->parts->calendars;
    return *k || err_set(err, ERR_UNAVAILABLE, "calendars are not kept here");
}

static bool viewer_of(const ApiCall *c, Calendars *k, const Zone **out, Err *err)
{
    const FieldValue *tz = call_query(c, "tz");
    *out = tz->given ? calendars_zone_named(k, tz->str) : calendars_zone(k);
    return *out || err_set(err, ERR_VALIDATION, "there is no time zone named \"" STR_FMT "\"",
                           STR_ARG(tz->str));
}

/* ---- the schedule ---------------------------------------------------------------------------- */

/* A bare day begins at midnight of the viewer. */
static int64_t instant(const FieldValue *v, const Zone *z)
{
    if (v->str.len != 10)
        return v->i;
    Civil c = {0};
    clock_civil_from_days(v->i / DAY_MS - (v->i % DAY_MS < 0), &c.year, &c.month, &c.day);
    return zone_instant(z, &c, NULL);
}

static void window(const ApiCall *c, const Zone *z, AgendaQuery *q)
{
    Civil today = zone_civil(z, clock_now_ms());
    today.hour = today.minute = today.second = 0;
    q->from = call_query(c, "from")->given ? instant(call_query(c, "from"), z)
                                           : zone_instant(z, &today, NULL);
    if (call_query(c, "until")->given) {
        q->until = instant(call_query(c, "until"), z);
        return;
    }
    Civil end = zone_civil(z, q->from);
    end.day += (int)call_query(c, "days")->i;
    q->until = zone_instant(z, &end, NULL);
}

bool event_list(ApiCall *c, Err *err)
{
    Calendars *k;
    AgendaQuery q = {.cancelled = call_query(c, "cancelled")->b,
        .max = (size_t)call_query(c, "limit")->i};
    Agenda agenda;
    JsonW w;
    char at[ZONE_RFC3339_MAX];
    if (!calendars_of(c, &k, err) || !viewer_of(c, k, &q.zone, err))
        return false;
    if (call_query(c, "calendar")->given)
        q.calendar = &call_query(c, "calendar")->uuid;
    window(c, q.zone, &q);
    if (!agenda_between(k, &q, c->arena, &agenda, err))
        return false;
    jw_init(&w, &c->out);
    jw_obj(&w);
    jw_kv_cstr(&w, "from", zone_format(q.zone, q.from, at));
    jw_kv_cstr(&w, "until", zone_format(q.zone, q.until, at));
    jw_kv_cstr(&w, "tz", zone_name(q.zone));
    jw_kv_bool(&w, "truncated", !agenda.whole);
    jw_key(&w, "events");
    jw_arr(&w);
    for (size_t i = 0; i < agenda.n; i++)
        event_json(&w, agenda.items[i].event, &agenda.items[i], agenda.items[i].calendar, q.zone);
    jw_arr_end(&w);
    jw_obj_end(&w);
    return call_json(c, 200, err);
}

/* ---- single events --------------------------------------------------------------------------- */

static bool reply_event(ApiCall *c, Calendars *k, const CalEvent *e, const Zone *viewer, int status,
                        Err *err)
{
    Calendar of;
    JsonW w;
    if (!calendars_get(k, &e->calendar, c->arena, &of, err))
        return false;
    jw_init(&w, &c->out);
    event_json(&w, e, NULL, of.name, viewer);
    return call_json(c, status, err);
}

static bool read_alarms(ApiCall *c, EventEdit *e, Err *err)
{
    const FieldValue *v = call_body(c, "remind_before");
    if (!v->given)
        return true;
    EventAlarm *alarms = ARENA_NEW_ARRAY(c->arena, EventAlarm, v->n_list + 1);
    if (!alarms)
        return err_set(err, ERR_NO_MEMORY, "no memory for the reminders");
    for (size_t i = 0; i < v->n_list; i++) {
        int64_t days, ms, until;
        if (ical_duration(v->list[i], &days, &ms))
            alarms[i].ms = -(days * DAY_MS + ms);
        else if (c->parts->tasks && tasks_read_span(c->parts->tasks, v->list[i], 0, &until, NULL))
            alarms[i].ms = -until;
        else
            return err_set(err, ERR_VALIDATION,
                           "remind_before holds \"" STR_FMT "\", which is no length of time",
                           STR_ARG(v->list[i]));
    }
    e->alarms = alarms;
    e->n_alarms = v->n_list;
    e->set_alarms = true;
    return true;
}

typedef struct {
    EventEdit edit;
    EventWhen when;
    Str title, location, description, status, rrule;
    bool free;
} Body;

static const Str *text_of(const ApiCall *c, const char *name, Str *to)
{
    const FieldValue *v = call_body(c, name);
    *to = v->str.ptr ? v->str : STR("");
    return v->given ? to : NULL;
}

static bool read_body(ApiCall *c, const CalEvent *old, Body *b, Err *err)
{
    bool said;
    *b = (Body){.free = call_body(c, "free")->b};
    b->edit.summary = text_of(c, "title", &b->title);
    b->edit.location = text_of(c, "location", &b->location);
    b->edit.description = text_of(c, "description", &b->description);
    b->edit.status = text_of(c, "status", &b->status);
    b->edit.rrule = text_of(c, "rrule", &b->rrule);
    b->edit.free = call_body(c, "free")->given ? &b->free : NULL;
    if (!event_when(c, old, &b->when, &said, err) || !read_alarms(c, &b->edit, err))
        return false;
    b->edit.when = said ? &b->when : NULL;
    return true;
}

bool event_add(ApiCall *c, Err *err)
{
    Calendars *k;
    Body b;
    CalEvent e;
    const FieldValue *in = call_body(c, "calendar");
    return calendars_of(c, &k, err) && read_body(c, NULL, &b, err) &&
           calendars_event_create(k, in->given ? &in->uuid : NULL, &b.edit, c->arena, &e, err) &&
           reply_event(c, k, &e, calendars_zone(k), 201, err);
}

bool event_get(ApiCall *c, Err *err)
{
    Calendars *k;
    Uuid id;
    CalEvent e;
    const Zone *viewer;
    return calendars_of(c, &k, err) && call_path_uuid(c, "id", "event", &id, err) &&
           viewer_of(c, k, &viewer, err) &&
           store_event_get(c->parts->store, c->owner, &id, c->arena, &e, err) &&
           reply_event(c, k, &e, viewer, 200, err);
}

/* What start and end of a change begin from: the event, or the occurrence. */
static bool before_change(ApiCall *c, const Uuid *id, const int64_t *occurrence, CalEvent *old,
                          Err *err)
{
    if (!store_event_get(c->parts->store, c->owner, id, c->arena, old, err))
        return false;
    if (occurrence && !old->replaces) {
        old->end_ms = *occurrence + (old->end_ms - old->start_ms);
        old->start_ms = *occurrence;
    }
    return true;
}

bool event_change(ApiCall *c, Err *err)
{
    Calendars *k;
    Uuid id;
    Body b;
    CalEvent old, e;
    int64_t room;
    const int64_t *occurrence;
    return calendars_of(c, &k, err) && call_path_uuid(c, "id", "event", &id, err) &&
           event_occurrence(c, &room, &occurrence, err) &&
           before_change(c, &id, occurrence, &old, err) && read_body(c, &old, &b, err) &&
           calendars_event_change(k, &id, occurrence, &b.edit, c->arena, &e, err) &&
           reply_event(c, k, &e, calendars_zone(k), 200, err);
}

bool event_remove(ApiCall *c, Err *err)
{
    Calendars *k;
    Uuid id;
    int64_t room;
    const int64_t *occurrence;
    if (!calendars_of(c, &k, err) || !call_path_uuid(c, "id", "event", &id, err) ||
        !event_occurrence(c, &room, &occurrence, err) ||
        !calendars_event_delete(k, &id, occurrence, c->arena, err))
        return false;
    c->x->resp.status = 204;
    return true;
}

/* ---- calendars ------------------------------------------------------------------------------- */

bool calendar_list(ApiCall *c, Err *err)
{
    Calendars *k;
    Calendar *list;
    size_t n;
    JsonW w;
    if (!calendars_of(c, &k, err) || !calendars_list(k, c->arena, &list, &n, err))
        return false;
    jw_init(&w, &c->out);
    jw_obj(&w);
    jw_key(&w, "calendars");
    jw_arr(&w);
    for (size_t i = 0; i < n; i++) {
        jw_obj(&w);
        calendar_members(&w, &list[i]);
        jw_obj_end(&w);
    }
    jw_arr_end(&w);
    jw_obj_end(&w);
    return call_json(c, 200, err);
}

static bool reply_import(ApiCall *c, const ImportReport *r, int status, Err *err)
{
    JsonW w;
    jw_init(&w, &c->out);
    import_json(&w, r);
    return call_json(c, status, err);
}

bool calendar_add(ApiCall *c, Err *err)
{
    Calendars *k;
    ImportReport r = {0};
    const FieldValue *name = call_body(c, "name"), *address = call_body(c, "address");
    if (!calendars_of(c, &k, err))
        return false;
    if (!address->given) {
        if (!name->given)
            return err_set(err, ERR_VALIDATION, "give a name, or an address to subscribe to");
        return calendars_make(k, name->str, c->arena, &r.calendar, err) &&
               reply_import(c, &r, 201, err);
    }
    FeedDraft d = {.address = address->str, .name = name->given ? name->str : STR(""),
        .refresh_s = (uint32_t)call_body(c, "refresh_seconds")->i,
        .private_network = call_body(c, "private_network")->b};
    if (d.private_network && !(c->caller->scopes & SCOPE_ADMIN))
        return err_set(err, ERR_FORBIDDEN, "an address in this network needs the scope admin");
    return calendars_subscribe(k, &d, c->arena, &r, err) && reply_import(c, &r, 201, err);
}

bool calendar_change(ApiCall *c, Err *err)
{
    Calendars *k;
    Calendar changed;
    Uuid id;
    JsonW w;
    const FieldValue *name = call_body(c, "name"), *refresh = call_body(c, "refresh_seconds");
    uint32_t seconds = (uint32_t)refresh->i;
    if (!calendars_of(c, &k, err) || !call_path_uuid(c, "id", "calendar", &id, err) ||
        !calendars_change(k, &id, name->given ? &name->str : NULL,
                          refresh->given ? &seconds : NULL, c->arena, &changed, err))
        return false;
    jw_init(&w, &c->out);
    jw_obj(&w);
    calendar_members(&w, &changed);
    jw_obj_end(&w);
    return call_json(c, 200, err);
}

bool calendar_remove(ApiCall *c, Err *err)
{
    Calendars *k;
    Uuid id;
    if (!calendars_of(c, &k, err) || !call_path_uuid(c, "id", "calendar", &id, err) ||
        !calendars_delete(k, &id, err))
        return false;
    c->x->resp.status = 204;
    return true;
}

bool calendar_refresh(ApiCall *c, Err *err)
{
    Calendars *k;
    Uuid id;
    ImportReport r;
    return calendars_of(c, &k, err) && call_path_uuid(c, "id", "calendar", &id, err) &&
           calendars_refresh(k, &id, c->arena, &r, err) && reply_import(c, &r, 200, err);
}

/* ---- in and out ------------------------------------------------------------------------------ */

bool calendar_import(ApiCall *c, Err *err)
{
    Calendars *k;
    ImportReport r;
    const FieldValue *file = call_body(c, "file"), *content = call_body(c, "content");
    const FieldValue *in = call_body(c, "calendar");
    if (file->given == content->given)
        return err_set(err, ERR_VALIDATION, file->given ? "give a file or content, not both"
                                                        : "give a file (multipart) or content");
    return calendars_of(c, &k, err) &&
           calendars_import(k, in->given ? &in->uuid : NULL,
                            file->given ? file->str : content->str,
                            file->given ? file->filename : STR("calendar.ics"), c->arena, &r,
                            err) &&
           reply_import(c, &r, 200, err);
}

bool calendar_ics(ApiCall *c, Err *err)
{
    Calendars *k;
    Sha256 hash;
    char etag[SHA256_HEX + 2] = "\"";
    ExportQuery q = {.subscribed = call_query(c, "subscribed")->b,
        .tasks = call_query(c, "tasks")->b};
    if (call_query(c, "calendar")->given) {
        q.calendar = &call_query(c, "calendar")->uuid;
        q.tasks = q.tasks && call_query(c, "tasks")->given;
    }
    c->out.max = (size_t)256 << 20;
    if (!calendars_of(c, &k, err) || !calendars_export(k, &q, c->arena, &c->out, err) ||
        !sha256(buf_str(&c->out), &hash, err))
        return false;
    sha256_hex(&hash, etag + 1);
    memcpy(etag + SHA256_HEX, "\"", 2);
    HttpResponse *r = &c->x->resp;
    http_resp_header(c->x, "ETag", arena_str(c->arena, str_of(etag)));
    http_resp_header(c->x, "Cache-Control", STR("private, no-cache"));
    Str known = http_header(&c->x->req, "If-None-Match");
    if (known.ptr && str_find(known, str_of(etag), 0) != SIZE_MAX) {
        r->status = 304;
        return true;
    }
    if (!call_json(c, 200, err))
        return false;
    r->content_type = STR("text/calendar; charset=utf-8");
    return true;
}
