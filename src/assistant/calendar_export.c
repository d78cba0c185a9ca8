/* calendar_export.c - events and tasks as iCalendar that other programs take.
 *
 * An event goes out with its own lines; what is missing for RFC 5545 is added. Every TZID that they
 * name gets its VTIMEZONE: ours for a zone that has a name, else the one it came with. Nothing in
 * it depends on the time of asking but how far ahead zones are written out. */
#include "assistant/calendar_int.h"

#include <stdio.h>

#include "base/clock.h"

#define MAX_TZIDS 200

typedef struct {
    Calendars *c;
    Arena *a;
    Err *err;
    EventZones zones;
    Buf body;
    struct {
        Str tzid;
        Uuid calendar;
        int64_t from;
    } tzids[MAX_TZIDS];
    size_t n_tzids;
} Export;

static void use_tzid(Export *x, Str tzid, const Uuid *calendar, int64_t from)
{
    for (size_t i = 0; i < x->n_tzids; i++)
        if (str_eq(x->tzids[i].tzid, tzid)) {
            if (from < x->tzids[i].from)
                x->tzids[i].from = from;
            return;
        }
    if (x->n_tzids == MAX_TZIDS)
        return;
    x->tzids[x->n_tzids].tzid = tzid;
    x->tzids[x->n_tzids].calendar = *calendar;
    x->tzids[x->n_tzids++].from = from;
}

static void time_line(Export *x, const char *name, int64_t ms)
{
    CalEvent utc = {.kind = EVENT_TIMED, .zone = STR("UTC")};
    Buf line;
    buf_init(&line, 200);
    event_time_line(&line, name, &utc, x->c->utc, ms);
    ical_fold(buf_str(&line), &x->body);
    buf_release(&line);
}

static void text_line(Export *x, const char *name, Str value)
{
    Buf line;
    if (!value.len)
        return;
    buf_init(&line, EVENT_MAX_RAW);
    buf_printf(&line, "%s:", name);
    ical_escape(value, &line);
    x->body.failed = x->body.failed || line.failed;
    ical_fold(buf_str(&line), &x->body);
    buf_release(&line);
}

/* ---- events ---------------------------------------------------------------------------------- */

static void put_event(Export *x, const CalEvent *e)
{
    Str rest = e->raw, line, tzid;
    IcalLine l;
    bool uid = false, stamp = false;
    int depth = 0;
    ical_fold(STR("BEGIN:VEVENT"), &x->body);
    while (rest.len && str_next(&rest, '\n', &line)) {
        if (!ical_split(line, &l))
            continue;
        depth += str_eq_nocase(l.name, STR("BEGIN")) ? 1 : 0;
        uid = uid || (depth == 0 && str_eq_nocase(l.name, STR("UID")) && str_trim(l.value).len);
        stamp = stamp || (depth == 0 && str_eq_nocase(l.name, STR("DTSTAMP")));
        if (ical_param(l.params, "TZID", &tzid))
            use_tzid(x, tzid, &e->calendar, e->start_ms);
        depth -= str_eq_nocase(l.name, STR("END")) ? 1 : 0;
        ical_fold(line, &x->body);
    }
    if (!uid)
        text_line(x, "UID", e->uid);
    if (!stamp)
        time_line(x, "DTSTAMP", e->updated_at);
    ical_fold(STR("END:VEVENT"), &x->body);
}

static bool wanted(const ExportQuery *q, const Calendar *k)
{
    if (q->calendar)
        return uuid_eq(q->calendar, &k->id);
    return q->subscribed || k->state == FEED_NONE;
}

static bool put_events(Export *x, const ExportQuery *q, Str *name)
{
    Calendar *list;
    size_t n, chosen = 0;
    if (!calendars_list(x->c, x->a, &list, &n, x->err))
        return false;
    for (size_t i = 0; i < n; i++) {
        CalEvent *events;
        size_t count;
        EventQuery l = {.from = INT64_MIN, .until = INT64_MAX, .calendar = &list[i].id,
            .with_raw = true, .limit = 200000};
        if (!wanted(q, &list[i]))
            continue;
        if (!store_event_list(x->c->store, &x->c->owner, &l, x->a, &events, &count, NULL, x->err))
            return false;
        *name = list[i].name;
        chosen++;
        for (size_t k = 0; k < count; k++)
            put_event(x, &events[k]);
    }
    if (q->calendar && !chosen)
        return err_set(x->err, ERR_NOT_FOUND, "there is no such calendar");
    if (chosen != 1)
        *name = STR("Sotto");
    return true;
}

/* ---- tasks ----------------------------------------------------------------------------------- */

static void put_time(Export *x, const char *name, const Task *t, int64_t ms)
{
    CalEvent e = {.kind = EVENT_TIMED, .zone = t->zone};
    const Zone *zone = calendars_zone_named(x->c, t->zone);
    Buf line;
    if (!zone) {
        zone = x->c->utc;
        e.zone = STR("UTC");
    }
    if (!t->due_timed) { /* its day, wherever it is read */
        Civil c = zone_civil(zone, ms);
        e.kind = EVENT_ALL_DAY;
        c.hour = c.minute = c.second = 0;
        ms = zone_instant(x->c->utc, &c, NULL);
    } else if (!str_eq(e.zone, STR("UTC"))) {
        use_tzid(x, e.zone, &(Uuid){{0}}, ms);
    }
    buf_init(&line, 400);
    event_time_line(&line, name, &e, zone, ms);
    ical_fold(buf_str(&line), &x->body);
    buf_release(&line);
}

static void put_categories(Export *x, const Task *t)
{
    Buf line;
    buf_init(&line, EVENT_MAX_RAW);
    (void)buf_add_c(&line, "CATEGORIES:");
    for (size_t i = 0; i < t->n_tags; i++) {
        if (i)
            (void)buf_add_char(&line, ',');
        ical_escape(t->tags[i], &line);
    }
    if (t->n_tags)
        ical_fold(buf_str(&line), &x->body);
    buf_release(&line);
}

static void put_alarms(Export *x, const Task *t)
{
    Buf raw;
    Str line, rest;
    buf_init(&raw, EVENT_MAX_RAW);
    for (size_t i = 0; i < t->n_alarms; i++) {
        EventAlarm alarm = {t->alarms[i].absolute, t->alarms[i].ms};
        event_raw_add_alarm(&raw, &alarm, t->title);
    }
    rest = buf_str(&raw);
    while (rest.len && str_next(&rest, '\n', &line)) {
        /* a begin is what a recurring one has; of the others the due time is the end */
        if (str_starts(line, STR("TRIGGER:")) && !t->rrule.len) {
            Buf end;
            buf_init(&end, 400);
            buf_printf(&end, "TRIGGER;RELATED=END:" STR_FMT, STR_ARG(str_sub(line, 8, line.len)));
            ical_fold(buf_str(&end), &x->body);
            buf_release(&end);
        } else if (line.len) {
            ical_fold(line, &x->body);
        }
    }
    buf_release(&raw);
}

static void put_task(Export *x, const Task *t)
{
    static const char *const priorities[] = {"9", "5", "3", "1"};
    char id[UUID_TEXT];
    Str uid = str_starts(t->source, STR("calendar:"))
                  ? str_sub(t->source, 9, t->source.len)
                  : arena_printf(x->a, "%s@sotto", uuid_format(&t->id, id));
    ical_fold(STR("BEGIN:VTODO"), &x->body);
    text_line(x, "UID", uid);
    time_line(x, "DTSTAMP", t->updated_at);
    time_line(x, "CREATED", t->created_at);
    time_line(x, "LAST-MODIFIED", t->updated_at);
    text_line(x, "SUMMARY", t->title);
    text_line(x, "DESCRIPTION", t->notes);
    if (t->due_at != TASK_NO_TIME)
        put_time(x, t->rrule.len ? "DTSTART" : "DUE", t, t->due_at);
    if (t->rrule.len && t->due_at != TASK_NO_TIME) {
        Str rule = arena_printf(x->a, "RRULE:" STR_FMT, STR_ARG(t->rrule));
        ical_fold(rule, &x->body);
    }
    if (t->priority != TASK_NORMAL)
        text_line(x, "PRIORITY", str_of(priorities[t->priority]));
    put_categories(x, t);
    ical_fold(STR("STATUS:NEEDS-ACTION"), &x->body);
    put_alarms(x, t);
    ical_fold(STR("END:VTODO"), &x->body);
}

/* Open tasks and reminders; timers and alarm clocks are nobody else's business. */
static bool put_tasks(Export *x)
{
    static const TaskKind kinds[] = {TASK_TODO, TASK_REMINDER};
    TaskStatus open = TASK_OPEN;
    TaskFilter f = TASK_FILTER_ALL;
    TaskPage page = {0};
    f.status = &open;
    f.kinds = kinds;
    f.n_kinds = 2;
    do {
        if (!tasks_list(x->c->tasks, &f, TASK_SORT_CREATED, 500, page.next_cursor, x->a, &page,
                        x->err))
            return false;
        for (size_t i = 0; i < page.n; i++)
            put_task(x, &page.items[i]);
    } while (page.next_cursor.ptr);
    return true;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void put_zones(Export *x, Buf *out)
{
    for (size_t i = 0; i < x->n_tzids; i++) {
        Str tzid = x->tzids[i].tzid, line;
        const Zone *named = calendars_zone_named(x->c, ical_zone_name(tzid));
        if (named) {
            zone_write_vtimezone(named, tzid, x->tzids[i].from, out);
            continue;
        }
        for (size_t k = 0; k < x->zones.n; k++) {
            if (!str_eq(x->zones.list[k].tzid, tzid) ||
                !uuid_eq(&x->zones.list[k].calendar, &x->tzids[i].calendar))
                continue;
            Str rest = x->zones.list[k].raw;
            ical_fold(STR("BEGIN:VTIMEZONE"), out);
            while (rest.len && str_next(&rest, '\n', &line))
                if (line.len)
                    ical_fold(line, out);
            ical_fold(STR("END:VTIMEZONE"), out);
            break;
        }
    }
}

bool calendars_export(Calendars *c, const ExportQuery *q, Arena *a, Buf *out, Err *err)
{
    Export *x = ARENA_NEW(a, Export);
    Str name = STR("Sotto");
    if (!x)
        return calendars_no_memory(err);
    x->c = c;
    x->a = a;
    x->err = err;
    buf_init(&x->body, out->max);
    bool ok = event_zones_open(c, a, &x->zones, err) && put_events(x, q, &name) &&
              (!q->tasks || !c->tasks || put_tasks(x)) &&
              buf_check(&x->body, "the calendar", err);
    if (ok) {
        Buf head;
        buf_init(&head, 1 << 16);
        (void)buf_add_c(&head, "X-WR-CALNAME:");
        ical_escape(name, &head);
        ical_fold(STR("BEGIN:VCALENDAR"), out);
        ical_fold(STR("VERSION:2.0"), out);
        ical_fold(STR("PRODID:-//Sotto//Sotto//EN"), out);
        ical_fold(STR("CALSCALE:GREGORIAN"), out);
        ical_fold(buf_str(&head), out);
        put_zones(x, out);
        (void)buf_add(out, buf_str(&x->body));
        ical_fold(STR("END:VCALENDAR"), out);
        buf_release(&head);
        ok = buf_check(out, "the calendar", err);
    }
    event_zones_close(&x->zones);
    buf_release(&x->body);
    return ok;
}
