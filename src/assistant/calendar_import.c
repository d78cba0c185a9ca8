/* calendar_import.c - a stranger's entries, read in the confined process, into events and tasks.
 *
 * Nothing here trusts the lines of JSON: what breaks a rule is left out and told. */
#include "assistant/calendar_int.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"

typedef struct {
    Calendars *c;
    Arena *a;
    Err *err;
    ImportReport *out;
    CalEvent *events;
    size_t n_events, cap_events;
    CalZone *zones;
    const Zone **opened; /* [n_zones], with those zones that only the file knows */
    Zone **owned;
    size_t n_zones, cap_zones;
    Str name;
    uint64_t no_start, bad_dates, bad_rules, exrules, unknown_zones, no_uid, backwards, todos_left;
    int64_t now;
} Import;

static bool no_room(Import *m)
{
    return err_set(m->err, ERR_TOO_LARGE, "the calendar takes too much memory");
}

static void note(Import *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void note(Import *m, const char *fmt, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    Str s = str_of(text);
    s = arena_str(m->a, str_sub(s, 0, utf8_valid_len(s)));
    if (s.ptr && m->out->n_notes < IMPORT_MAX_NOTES)
        m->out->notes[m->out->n_notes++] = s;
}

static Str member(Import *m, const Json *j, const char *key)
{
    Str s = json_str(json_get(j, key));
    return s.ptr ? arena_str(m->a, s) : STR("");
}

/* ---- zones ----------------------------------------------------------------------------------- */

static bool take_zone(Import *m, const Json *j)
{
    Str tzid = json_str(json_get(j, "tzid")), lic = ical_zone_name(json_str(json_get(j, "lic")));
    Str known = ical_zone_name(tzid);
    if (!tzid.len || tzid.len > 200 || m->n_zones >= 1000 ||
        calendars_zone_named(m->c, known))
        return true;
    size_t cap = m->cap_zones, same = cap;
    if (!ARENA_GROW(m->a, m->zones, m->n_zones, cap) ||
        !ARENA_GROW(m->a, m->opened, m->n_zones, same) ||
        !ARENA_GROW(m->a, m->owned, m->n_zones, m->cap_zones))
        return no_room(m);
    CalZone z = {.tzid = arena_str(m->a, tzid), .raw = member(m, j, "raw"), .tzif = STR("")};
    const Zone *named = calendars_zone_named(m->c, lic);
    Zone *made = NULL;
    Buf tzif;
    buf_init(&tzif, 1 << 16);
    if (zone_from_rules(json_get(j, "rules"), &tzif)) {
        z.tzif = arena_buf(m->a, &tzif);
        made = z.tzif.ptr ? zone_parse(STR("calendar"), z.tzif, NULL) : NULL;
    }
    buf_release(&tzif);
    if (!z.tzid.ptr || !z.raw.ptr || !z.tzif.ptr) {
        zone_free(made);
        return calendars_no_memory(m->err);
    }
    m->owned[m->n_zones] = made;
    m->opened[m->n_zones] = made ? made : named;
    m->zones[m->n_zones++] = z;
    return true;
}

/* The zone of a TZID; *name is what the event keeps. NULL: nobody knows it. */
static const Zone *find_zone(Import *m, Str tzid, Str *name)
{
    Str known = ical_zone_name(tzid);
    const Zone *z = calendars_zone_named(m->c, known);
    if (z) {
        *name = arena_str(m->a, known);
        return z;
    }
    for (size_t i = 0; i < m->n_zones; i++)
        if (str_eq(m->zones[i].tzid, tzid) && m->opened[i]) {
            *name = m->zones[i].tzid;
            return m->opened[i];
        }
    return NULL;
}

/* ---- times ----------------------------------------------------------------------------------- */

typedef struct {
    EventKind kind;
    Str zone_name;
    const Zone *zone;
    int64_t ms;
    bool lost_zone;
} StartTime;

static bool read_when(Import *m, const Json *j, StartTime *out)
{
    IcalTime t;
    Str tzid = json_str(json_get(j, "tzid"));
    StartTime w = {.kind = EVENT_TIMED, .zone = m->c->utc, .zone_name = STR("UTC")};
    if (!ical_time(json_str(json_get(j, "v")), &t))
        return false;
    if (t.date) {
        w.kind = EVENT_ALL_DAY;
        w.zone_name = STR("");
    } else if (!t.utc) {
        w.zone = tzid.len ? find_zone(m, tzid, &w.zone_name) : NULL;
        if (!w.zone) {
            w.lost_zone = tzid.len > 0;
            w.kind = EVENT_FLOATING;
            w.zone = m->c->utc;
            w.zone_name = STR("");
        }
    }
    w.ms = zone_instant(w.zone, &t.c, NULL);
    *out = w;
    return w.zone_name.ptr != NULL;
}

/* A date of a list, brought to the terms of the event it belongs to: a bare date of an event with a
 * time means that day's occurrence; a time of a whole day's event means its day; a floating one is
 * meant in the event's zone. */
static bool read_date(Import *m, const Json *j, const CalEvent *e, const Zone *zone, int64_t *out)
{
    IcalTime t;
    StartTime w;
    if (!read_when(m, j, &w) || !ical_time(json_str(json_get(j, "v")), &t))
        return false;
    if (e->kind == EVENT_ALL_DAY) {
        Civil day = {t.c.year, t.c.month, t.c.day, 0, 0, 0};
        *out = zone_instant(m->c->utc, &day, NULL);
        return true;
    }
    if (t.date) {
        Civil start = zone_civil(zone, e->start_ms);
        t.c.hour = start.hour;
        t.c.minute = start.minute;
        t.c.second = start.second;
    }
    bool own = t.date || (w.kind == EVENT_FLOATING && !w.lost_zone) || e->kind == EVENT_FLOATING;
    *out = own ? zone_instant(zone, &t.c, NULL) : w.ms;
    return true;
}

static bool read_dates(Import *m, const Json *list, const CalEvent *e, const Zone *zone,
                       int64_t **out, size_t *n)
{
    size_t count = json_count(list);
    *n = 0;
    *out = count ? ARENA_NEW_ARRAY(m->a, int64_t, count) : NULL;
    if (count && !*out)
        return calendars_no_memory(m->err);
    for (size_t i = 0; i < count && *n < EVENT_MAX_DATES; i++) {
        if (read_date(m, json_at(list, i), e, zone, &(*out)[*n]))
            ++*n;
        else
            m->bad_dates++;
    }
    return true;
}

static void read_end(Import *m, const Json *j, CalEvent *e)
{
    StartTime end;
    int64_t days, ms;
    e->end_ms = e->start_ms + (e->kind == EVENT_ALL_DAY ? CALENDAR_DAY_MS : 0);
    if (read_when(m, json_get(j, "end"), &end)) {
        if (end.kind == e->kind || (end.kind == EVENT_TIMED) == (e->kind == EVENT_TIMED))
            e->end_ms = end.ms;
    } else if (ical_duration(json_str(json_get(j, "duration")), &days, &ms)) {
        e->end_ms = e->start_ms + days * CALENDAR_DAY_MS + ms;
    }
    if (e->end_ms < e->start_ms) {
        m->backwards++;
        e->end_ms = e->start_ms;
    }
    if (e->kind == EVENT_ALL_DAY && e->end_ms == e->start_ms)
        e->end_ms += CALENDAR_DAY_MS;
}

static bool read_rules(Import *m, const Json *j, CalEvent *e)
{
    const Json *list = json_get(j, "rrules");
    Buf b;
    buf_init(&b, EVENT_MAX_TEXT);
    for (size_t i = 0; i < json_count(list); i++) {
        Rrule r;
        if (!rrule_parse(json_str(json_at(list, i)), &r, NULL)) {
            m->bad_rules++;
            continue;
        }
        rrule_write(&r, &b);
        (void)buf_add_char(&b, '\n');
    }
    m->exrules += json_count(json_get(j, "exrules"));
    e->rules = arena_buf(m->a, &b);
    buf_release(&b);
    return e->rules.ptr || calendars_no_memory(m->err);
}

static bool read_alarms(Import *m, const Json *j, CalEvent *e)
{
    const Json *list = json_get(j, "alarms");
    e->alarms = ARENA_NEW_ARRAY(m->a, EventAlarm, EVENT_MAX_ALARMS);
    if (!e->alarms)
        return calendars_no_memory(m->err);
    for (size_t i = 0; i < json_count(list) && e->n_alarms < EVENT_MAX_ALARMS; i++) {
        Str v = json_str(json_get(json_at(list, i), "v"));
        int64_t days, ms;
        bool end = false;
        IcalTime t;
        if (ical_duration(v, &days, &ms)) {
            (void)json_bool(json_get(json_at(list, i), "end"), &end);
            ms += days * CALENDAR_DAY_MS + (end ? e->end_ms - e->start_ms : 0);
            e->alarms[e->n_alarms++] = (EventAlarm){false, ms};
        } else if (ical_time(v, &t) && !t.date) {
            e->alarms[e->n_alarms++] = (EventAlarm){true, zone_instant(m->c->utc, &t.c, NULL)};
        }
    }
    return true;
}

/* ---- events ---------------------------------------------------------------------------------- */

static int64_t stamp_of(Import *m, const Json *j)
{
    IcalTime t;
    if (ical_time(json_str(json_get(j, "modified")), &t) ||
        ical_time(json_str(json_get(j, "stamp")), &t))
        return zone_instant(m->c->utc, &t.c, NULL);
    return 0;
}

static Str status_of(Import *m, const Json *j)
{
    static const char *const known[] = {"confirmed", "tentative", "cancelled"};
    Str s = str_trim(json_str(json_get(j, "status")));
    for (size_t i = 0; s.ptr && i < sizeof known / sizeof *known; i++)
        if (str_eq_nocase(s, str_of(known[i])))
            return str_of(known[i]);
    (void)m;
    return STR("confirmed");
}

/* Lines of a file of ours: one property each, no other line breaks. */
static bool raw_ok(Str raw)
{
    Str line;
    IcalLine l;
    if (!raw.len || raw.len > EVENT_MAX_RAW || raw.ptr[raw.len - 1] != '\n' || !utf8_ok(raw))
        return false;
    for (size_t i = 0; i < raw.len; i++)
        if ((unsigned char)raw.ptr[i] < 0x20 && raw.ptr[i] != '\n' && raw.ptr[i] != '\t')
            return false;
    while (raw.len && str_next(&raw, '\n', &line))
        if (!ical_split(line, &l))
            return false;
    return true;
}

static bool take_event(Import *m, const Json *j)
{
    CalEvent e = {.created_at = m->now, .updated_at = m->now};
    StartTime start, recurrence;
    bool flag = false;
    if (!raw_ok(json_str(json_get(j, "raw"))) || !read_when(m, json_get(j, "start"), &start)) {
        m->no_start++;
        return true;
    }
    e.uid = member(m, j, "uid");
    e.summary = member(m, j, "summary");
    e.location = member(m, j, "location");
    e.description = member(m, j, "description");
    e.raw = member(m, j, "raw");
    if (!e.uid.ptr || !e.summary.ptr || !e.location.ptr || !e.description.ptr || !e.raw.ptr)
        return calendars_no_memory(m->err);
    e.status = status_of(m, j);
    e.kind = start.kind;
    e.zone = start.zone_name;
    e.start_ms = start.ms;
    m->unknown_zones += start.lost_zone;
    e.stamp = stamp_of(m, j);
    (void)json_int(json_get(j, "sequence"), &e.sequence);
    (void)json_bool(json_get(j, "no_uid"), &flag);
    m->no_uid += flag;
    e.free = str_eq_nocase(str_trim(json_str(json_get(j, "transp"))), STR("TRANSPARENT"));
    read_end(m, j, &e);
    if (json_get(j, "recurrence") && read_when(m, json_get(j, "recurrence"), &recurrence)) {
        e.replaces = true;
        e.recurrence_ms = recurrence.ms;
        /* a clock time is meant in the event's zone; of whole days, Outlook writes midnight */
        if (recurrence.kind != EVENT_ALL_DAY &&
            (e.kind == EVENT_ALL_DAY || recurrence.kind == EVENT_FLOATING))
            (void)read_date(m, json_get(j, "recurrence"), &e, start.zone, &e.recurrence_ms);
        (void)json_bool(json_get(j, "and_later"), &e.and_later);
    }
    if (!read_rules(m, j, &e) || !read_alarms(m, j, &e) ||
        !read_dates(m, json_get(j, "rdates"), &e, start.zone, &e.added, &e.n_added) ||
        !read_dates(m, json_get(j, "exdates"), &e, start.zone, &e.taken, &e.n_taken) ||
        !uuid_v7(&e.id, m->err))
        return false;
    if (e.replaces) { /* the series has the rule */
        e.rules = STR("");
        e.n_added = e.n_taken = 0;
    }
    event_finish(&e, start.zone);
    if (!ARENA_GROW(m->a, m->events, m->n_events, m->cap_events))
        return no_room(m);
    m->events[m->n_events++] = e;
    return true;
}

/* ---- to-dos ---------------------------------------------------------------------------------- */

static TaskPriority priority_of(const Json *j)
{
    int64_t v = 0;
    (void)json_int(json_get(j, "priority"), &v);
    return v == 1 ? TASK_URGENT : v >= 2 && v <= 4 ? TASK_HIGH : v >= 6 && v <= 9 ? TASK_LOW
                                                                                  : TASK_NORMAL;
}

static bool todo_due(Import *m, const Json *j, TaskDraft *d)
{
    StartTime due;
    if (!read_when(m, json_get(j, "due"), &due) && !read_when(m, json_get(j, "start"), &due))
        return true;
    d->due_timed = due.kind != EVENT_ALL_DAY;
    d->due_at = due.ms;
    if (due.kind != EVENT_TIMED) { /* here, whatever the zone */
        Civil c = zone_civil(m->c->utc, due.ms);
        d->due_at = zone_instant(m->c->zone, &c, NULL);
    } else if (calendars_zone_named(m->c, due.zone_name)) {
        d->zone = due.zone_name;
    }
    return true;
}

static bool todo_alarms(Import *m, const Json *j, TaskDraft *d)
{
    CalEvent e = {0};
    if (!read_alarms(m, j, &e))
        return false;
    TaskAlarm *alarms = ARENA_NEW_ARRAY(m->a, TaskAlarm, TASK_MAX_ALARMS);
    if (!alarms)
        return calendars_no_memory(m->err);
    for (size_t i = 0; i < e.n_alarms && d->n_alarms < TASK_MAX_ALARMS; i++)
        if (e.alarms[i].absolute || d->due_at != TASK_NO_TIME)
            alarms[d->n_alarms++] = (TaskAlarm){e.alarms[i].absolute, e.alarms[i].ms};
    d->alarms = alarms;
    d->set_alarms = d->n_alarms > 0;
    return true;
}

/* CATEGORIES, a list in each line, as tags. */
static bool todo_tags(Import *m, const Json *j, TaskDraft *d)
{
    const Json *list = json_get(j, "categories");
    Str *tags = ARENA_NEW_ARRAY(m->a, Str, TASK_MAX_TAGS), one;
    Buf text;
    if (!tags)
        return calendars_no_memory(m->err);
    buf_init(&text, 1 << 16);
    for (size_t i = 0; i < json_count(list); i++)
        for (Str rest = json_str(json_at(list, i)); rest.ptr && str_next(&rest, ',', &one);) {
            buf_clear(&text);
            ical_unescape(str_trim(one), &text);
            if (text.len == 0 || text.len > 100 || d->n_tags == TASK_MAX_TAGS)
                continue;
            tags[d->n_tags] = arena_buf(m->a, &text);
            d->n_tags += tags[d->n_tags].ptr != NULL;
        }
    buf_release(&text);
    d->tags = tags;
    return true;
}

/* A task of ours that comes home in a file we had written. */
static bool is_own_task(Import *m, Str uid)
{
    Uuid id;
    Task task;
    return str_ends(uid, STR("@sotto")) && uuid_parse(str_sub(uid, 0, uid.len - 6), &id) &&
           tasks_get(m->c->tasks, &id, m->a, &task, NULL);
}

/* A to-do becomes a task once: the same UID again is left as it is. */
static bool take_todo(Import *m, const Json *j)
{
    TaskPage page;
    TaskResult made;
    TaskFilter f = TASK_FILTER_ALL;
    TaskDraft d = TASK_DRAFT_NONE;
    IcalTime t;
    Rrule r;
    Str uid = json_str(json_get(j, "uid")), title = str_trim(json_str(json_get(j, "summary")));
    Str rule = json_str(json_at(json_get(j, "rrules"), 0));
    Str status = json_str(json_get(j, "status"));
    if (json_get(j, "recurrence") || !title.len || !uid.len) {
        m->todos_left++;
        return true;
    }
    Str source = arena_printf(m->a, "calendar:" STR_FMT, STR_ARG(uid));
    f.source = &source;
    if (!source.ptr)
        return calendars_no_memory(m->err);
    if (!tasks_list(m->c->tasks, &f, TASK_SORT_CREATED, 1, (Str){NULL, 0}, m->a, &page, m->err))
        return false;
    if (page.n || is_own_task(m, uid)) {
        m->out->todos_known++;
        return true;
    }
    d.title = str_sub(title, 0, utf8_floor(title, title.len < TASK_MAX_TITLE ? title.len
                                                                            : TASK_MAX_TITLE));
    d.notes = json_str(json_get(j, "description"));
    d.notes = d.notes.ptr ? d.notes : STR("");
    d.priority = priority_of(j);
    d.set_priority = true;
    d.source = source;
    d.silent = true;
    if (str_eq_nocase(status, STR("COMPLETED")) || json_get(j, "completed")) {
        d.status = TASK_DONE;
        d.completed_at = ical_time(json_str(json_get(j, "completed")), &t)
                             ? zone_instant(m->c->utc, &t.c, NULL)
                             : m->now;
    } else if (str_eq_nocase(status, STR("CANCELLED"))) {
        d.status = TASK_CANCELLED;
    }
    if (!todo_due(m, j, &d) || !todo_alarms(m, j, &d) || !todo_tags(m, j, &d))
        return false;
    if (rule.len && d.due_at != TASK_NO_TIME && d.status == TASK_OPEN &&
        rrule_parse(rule, &r, NULL))
        d.rrule = rule;
    Err why = ERR_INIT;
    if (tasks_create(m->c->tasks, &d, m->a, &made, &why)) {
        m->out->todos++;
        return true;
    }
    if (why.code != ERR_VALIDATION && why.code != ERR_TOO_LARGE) {
        *m->err = why;
        return false;
    }
    m->todos_left++;
    return true;
}

/* ---- the whole file -------------------------------------------------------------------------- */

/* The first time for zones and names, which events need; the second for the events. */
static bool one_line(Import *m, Str line, bool zones)
{
    Json *j = json_parse(line, 8, m->err);
    if (!j)
        return err_wrap(m->err, "the confined reader's answer is not usable");
    Str kind = json_str(json_get(j, "k"));
    bool ok = true;
    if (zones && str_eq(kind, STR("zone")))
        ok = take_zone(m, j);
    else if (zones && str_eq(kind, STR("calendar")))
        m->name = member(m, j, "name");
    else if (zones && str_eq(kind, STR("note")))
        note(m, "%.300s", json_str(json_get(j, "text")).ptr ? json_str(json_get(j, "text")).ptr
                                                            : "");
    else if (!zones && str_eq(kind, STR("event")))
        ok = take_event(m, j);
    else if (!zones && str_eq(kind, STR("todo")) && m->c->tasks)
        ok = take_todo(m, j);
    else if (!zones && str_eq(kind, STR("todo")))
        m->todos_left++;
    json_free(j);
    return ok;
}

static void tell(Import *m)
{
    const struct {
        uint64_t n;
        const char *text;
    } told[] = {
        {m->no_start, "events were left out: they have no begin that can be read"},
        {m->unknown_zones, "events are in a time zone that nobody knows: their times are taken as "
                           "local ones"},
        {m->bad_rules, "recurrence rules are not understood: kept, but not followed"},
        {m->exrules, "exception rules (EXRULE) are kept, but not followed"},
        {m->bad_dates, "dates of recurrences cannot be read: kept, but not followed"},
        {m->backwards, "events ended before they began: taken as ending at once"},
        {m->no_uid, "events have no UID: known by begin and title"},
        {m->todos_left, "to-dos were left out"},
    };
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        if (told[i].n)
            note(m, "%llu %s", (unsigned long long)told[i].n, told[i].text);
}

bool calendars_take(Calendars *c, const ImportTarget *t, Str lines, Arena *a, ImportReport *out,
                    Err *err)
{
    Import m = {.c = c, .a = a, .err = err, .out = out, .now = clock_now_ms(), .name = STR("")};
    bool ok = true;
    Str line;
    *out = (ImportReport){0};
    for (int pass = 0; ok && pass < 2; pass++)
        for (Str rest = lines; ok && rest.len && str_next(&rest, '\n', &line);)
            ok = line.len == 0 || one_line(&m, line, pass == 0);
    for (size_t i = 0; i < m.n_zones; i++)
        zone_free(m.owned[i]);
    if (!ok)
        return false;
    tell(&m);
    if (!t->calendar->name.len)
        t->calendar->name = m.name.len ? m.name : STR("Calendar");
    if (t->calendar->state != FEED_NONE) /* of an address, what was lost is part of its state */
        t->calendar->problem = out->n_notes ? out->notes[0] : STR("");
    EventBatch b = {.calendar = t->calendar, .events = m.events, .n_events = m.n_events,
        .zones = m.zones, .n_zones = m.n_zones, .whole = t->whole, .force = t->whole};
    if (!store_event_apply(c->store, &c->owner, &b, &out->events, err))
        return false;
    calendars_wake(c);
    return store_calendar_get(c->store, &c->owner, &t->calendar->id, a, &out->calendar, err);
}

bool calendars_import(Calendars *c, const Uuid *calendar, Str data, Str filename, Arena *a,
                      ImportReport *out, Err *err)
{
    Calendar k;
    Str lines;
    if (!c->read)
        return err_set(err, ERR_UNAVAILABLE, "nothing here can read calendars");
    if (!c->read(c->read_arg, data, filename, a, &lines, err))
        return false;
    (void)pthread_mutex_lock(&c->change_lock);
    bool ok = calendar ? calendars_get(c, calendar, a, &k, err) : calendars_own(c, a, &k, err);
    if (ok && k.state != FEED_NONE)
        ok = err_set(err, ERR_FORBIDDEN, "the calendar is kept up to date from its address: "
                                         "import into another one");
    ImportTarget t = {.calendar = &k};
    ok = ok && calendars_take(c, &t, lines, a, out, err);
    (void)pthread_mutex_unlock(&c->change_lock);
    return ok;
}
