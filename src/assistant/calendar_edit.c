/* calendar_edit.c - events that a person makes, changes and deletes. */
#include "assistant/calendar_int.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"

typedef struct {
    CalEvent e;
    Buf raw;
    const Zone *zone;
    Arena *a;
    Err *err;
} Draft;

static void set_text(Draft *d, const char *name, Str value)
{
    Buf line;
    buf_init(&line, EVENT_MAX_RAW);
    if (value.len) {
        buf_printf(&line, "%s:", name);
        ical_escape(value, &line);
    }
    d->raw.failed = d->raw.failed || line.failed;
    event_raw_set(&d->raw, name, buf_str(&line));
    buf_release(&line);
}

static void set_time(Draft *d, const char *name, int64_t ms)
{
    Buf line;
    buf_init(&line, 4096);
    event_time_line(&line, name, &d->e, d->zone, ms);
    event_raw_set(&d->raw, name, buf_str(&line));
    buf_release(&line);
}

static void set_stamp(Draft *d, const char *name, int64_t ms)
{
    CalEvent utc = {.kind = EVENT_TIMED, .zone = STR("UTC")};
    Buf line;
    buf_init(&line, 200);
    event_time_line(&line, name, &utc, d->zone, ms);
    event_raw_set(&d->raw, name, buf_str(&line));
    buf_release(&line);
}

static bool upper_status(Draft *d, Str status)
{
    static const char *const known[][2] = {{"confirmed", "CONFIRMED"},
        {"tentative", "TENTATIVE"}, {"cancelled", "CANCELLED"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_eq(status, str_of(known[i][0]))) {
            d->e.status = str_of(known[i][0]);
            set_text(d, "STATUS", str_of(known[i][1]));
            return true;
        }
    return err_set(d->err, ERR_VALIDATION,
                   "an event's status is confirmed, tentative or cancelled");
}

static bool set_when(Draft *d, Calendars *c, const EventWhen *w)
{
    Str name = w->zone.len ? w->zone : str_of(zone_name(c->zone));
    const Zone *zone = w->kind == EVENT_TIMED ? calendars_zone_named(c, name) : c->utc;
    if (!zone)
        return err_set(d->err, ERR_VALIDATION, "there is no time zone named \"" STR_FMT "\"",
                       STR_ARG(str_sub(name, 0, 60)));
    if (w->end_ms < w->start_ms || (w->kind == EVENT_ALL_DAY && w->end_ms == w->start_ms))
        return err_set(d->err, ERR_VALIDATION, "the event ends before it begins");
    if (w->kind == EVENT_ALL_DAY &&
        (w->start_ms % CALENDAR_DAY_MS || w->end_ms % CALENDAR_DAY_MS))
        return err_set(d->err, ERR_VALIDATION, "an event of whole days has no times of day");
    d->zone = zone;
    d->e.kind = w->kind;
    d->e.zone = w->kind == EVENT_TIMED ? arena_str(d->a, name) : STR("");
    d->e.start_ms = w->start_ms;
    d->e.end_ms = w->end_ms;
    set_time(d, "DTSTART", w->start_ms);
    set_text(d, "DURATION", STR(""));
    set_time(d, "DTEND", w->end_ms);
    return d->e.zone.ptr || calendars_no_memory(d->err);
}

static bool set_rule(Draft *d, Str text)
{
    Rrule r;
    Buf b;
    if (d->e.replaces)
        return err_set(d->err, ERR_VALIDATION,
                       "one occurrence has no rule of its own: change the series");
    if (text.len == 0) {
        d->e.rules = STR("");
        set_text(d, "RRULE", STR(""));
        return true;
    }
    if (!rrule_parse(text, &r, d->err))
        return false;
    buf_init(&b, (size_t)RRULE_TEXT_MAX * 2);
    (void)buf_add_c(&b, "RRULE:");
    rrule_write(&r, &b);
    event_raw_set(&d->raw, "RRULE", buf_str(&b));
    (void)buf_add_char(&b, '\n');
    d->e.rules = arena_str(d->a, str_sub(buf_str(&b), 6, b.len));
    buf_release(&b);
    return d->e.rules.ptr || calendars_no_memory(d->err);
}

static bool set_alarms(Draft *d, const EventAlarm *alarms, size_t n)
{
    if (n > EVENT_MAX_ALARMS)
        return err_set(d->err, ERR_TOO_LARGE, "an event has at most %u reminders",
                       EVENT_MAX_ALARMS);
    event_raw_drop_alarms(&d->raw);
    d->e.alarms = ARENA_NEW_ARRAY(d->a, EventAlarm, n + 1);
    if (!d->e.alarms)
        return calendars_no_memory(d->err);
    for (size_t i = 0; i < n; i++) {
        d->e.alarms[i] = alarms[i];
        event_raw_add_alarm(&d->raw, &alarms[i], d->e.summary);
    }
    d->e.n_alarms = n;
    return true;
}

static bool set_string(Draft *d, const char *name, const Str *value, Str *to)
{
    if (!value)
        return true;
    *to = arena_str(d->a, *value);
    if (!to->ptr)
        return calendars_no_memory(d->err);
    if (!utf8_ok(*to))
        return err_set(d->err, ERR_VALIDATION, "%s is not UTF-8", name);
    set_text(d, name, *to);
    return true;
}

static bool apply(Draft *d, Calendars *c, const EventEdit *e)
{
    if (!set_string(d, "SUMMARY", e->summary, &d->e.summary) ||
        !set_string(d, "LOCATION", e->location, &d->e.location) ||
        !set_string(d, "DESCRIPTION", e->description, &d->e.description) ||
        (e->status && !upper_status(d, *e->status)) || (e->when && !set_when(d, c, e->when)) ||
        (e->rrule && !set_rule(d, *e->rrule)) ||
        (e->set_alarms && !set_alarms(d, e->alarms, e->n_alarms)))
        return false;
    if (!d->e.summary.len)
        return err_set(d->err, ERR_VALIDATION, "an event needs a title");
    if (e->free) {
        d->e.free = *e->free;
        set_text(d, "TRANSP", *e->free ? STR("TRANSPARENT") : STR(""));
    }
    return true;
}

/* Stamps, follows, stores. */
static bool finish(Draft *d, Calendars *c, Calendar *k, CalEvent *out)
{
    int64_t now = clock_now_ms();
    char number[40];
    EventCounts counts;
    d->e.updated_at = now;
    d->e.stamp = now - now % 1000;
    (void)snprintf(number, sizeof number, "%lld", (long long)d->e.sequence);
    set_text(d, "SEQUENCE", str_of(number));
    set_stamp(d, "DTSTAMP", now);
    set_stamp(d, "LAST-MODIFIED", now);
    if (!buf_check(&d->raw, "the event", d->err))
        return false;
    d->e.raw = arena_buf(d->a, &d->raw);
    if (!d->e.raw.ptr)
        return calendars_no_memory(d->err);
    event_finish(&d->e, d->zone);
    EventBatch b = {.calendar = k, .events = &d->e, .n_events = 1, .force = true};
    if (!store_event_apply(c->store, &c->owner, &b, &counts, d->err))
        return false;
    calendars_wake(c);
    *out = d->e;
    return true;
}

static bool own_calendar(Calendars *c, const Uuid *id, Arena *a, Calendar *k, Err *err)
{
    if (id ? !calendars_get(c, id, a, k, err) : !calendars_own(c, a, k, err))
        return false;
    if (k->state != FEED_NONE)
        return err_set(err, ERR_FORBIDDEN,
                       "the calendar \"" STR_FMT "\" comes from an address: change it there",
                       STR_ARG(str_sub(k->name, 0, 100)));
    return true;
}

bool calendars_event_create(Calendars *c, const Uuid *calendar, const EventEdit *e, Arena *a,
                            CalEvent *out, Err *err)
{
    Calendar k;
    Uuid id;
    char text[UUID_TEXT];
    if (!e->summary || !e->when)
        return err_set(err, ERR_VALIDATION, "an event needs a title and a begin");
    if (!uuid_v7(&id, err))
        return false;
    Draft d = {.a = a, .err = err, .zone = c->utc,
        .e = {.id = id, .summary = STR(""), .location = STR(""), .description = STR(""),
            .status = STR("confirmed"), .rules = STR(""), .created_at = clock_now_ms()}};
    d.e.uid = arena_printf(a, "%s@sotto", uuid_format(&id, text));
    if (!d.e.uid.ptr)
        return calendars_no_memory(err);
    buf_init(&d.raw, EVENT_MAX_RAW);
    set_text(&d, "UID", d.e.uid);
    set_stamp(&d, "CREATED", d.e.created_at);
    (void)pthread_mutex_lock(&c->change_lock);
    bool ok = own_calendar(c, calendar, a, &k, err);
    if (ok)
        d.e.calendar = k.id;
    ok = ok && apply(&d, c, e) && finish(&d, c, &k, out);
    (void)pthread_mutex_unlock(&c->change_lock);
    buf_release(&d.raw);
    return ok;
}

/* The stored event as a draft; `occurrence` of a series becomes an event of its own that replaces
 * it there. */
static bool begin(Draft *d, Calendars *c, EventZones *zones, const Uuid *id,
                  const int64_t *occurrence)
{
    if (!store_event_get(c->store, &c->owner, id, d->a, &d->e, d->err))
        return false;
    d->zone = event_zone(zones, &d->e);
    (void)buf_add(&d->raw, d->e.raw);
    if (!occurrence || d->e.replaces)
        return true;
    AgendaQuery q = {.from = *occurrence - 2 * CALENDAR_WIDEST_MS,
        .until = *occurrence + 2 * CALENDAR_WIDEST_MS, .calendar = &d->e.calendar,
        .uid = &d->e.uid, .cancelled = true, .zone = c->utc};
    Agenda agenda;
    if (!agenda_between(c, &q, d->a, &agenda, d->err))
        return false;
    bool found = false;
    for (size_t i = 0; i < agenda.n && !found; i++)
        found = agenda.items[i].occurrence_ms == *occurrence &&
                uuid_eq(&agenda.items[i].event->id, &d->e.id);
    if (!found)
        return err_set(d->err, ERR_NOT_FOUND, "the event has no occurrence at that time");
    return true;
}

/* Makes the draft of a series that of one occurrence. */
static bool split(Draft *d, int64_t occurrence)
{
    int64_t length = d->e.end_ms - d->e.start_ms;
    d->e.replaces = true;
    d->e.recurrence_ms = occurrence;
    d->e.start_ms = occurrence;
    d->e.end_ms = occurrence + length;
    d->e.rules = STR("");
    d->e.n_added = d->e.n_taken = 0;
    d->e.created_at = clock_now_ms();
    if (!uuid_v7(&d->e.id, d->err))
        return false;
    set_text(d, "RRULE", STR(""));
    set_text(d, "RDATE", STR(""));
    set_text(d, "EXDATE", STR(""));
    set_text(d, "DURATION", STR(""));
    set_time(d, "DTSTART", d->e.start_ms);
    set_time(d, "DTEND", d->e.end_ms);
    set_time(d, "RECURRENCE-ID", occurrence);
    return true;
}

/* A series that was moved begins anew: what stood for single occurrences stands for none now. */
static bool drop_replaced(Calendars *c, const CalEvent *series, Arena *a, Err *err)
{
    CalEvent *list;
    size_t n;
    EventQuery q = {.from = INT64_MIN, .until = INT64_MAX, .calendar = &series->calendar,
        .uid = &series->uid, .limit = 10000};
    bool ok = store_event_list(c->store, &c->owner, &q, a, &list, &n, NULL, err);
    for (size_t i = 0; ok && i < n; i++)
        ok = !list[i].replaces || store_event_delete(c->store, &c->owner, &list[i].id, err);
    return ok;
}

bool calendars_event_change(Calendars *c, const Uuid *id, const int64_t *occurrence,
                            const EventEdit *e, Arena *a, CalEvent *out, Err *err)
{
    Draft d = {.a = a, .err = err};
    Calendar k;
    EventZones zones;
    if (!event_zones_open(c, a, &zones, err))
        return false;
    buf_init(&d.raw, EVENT_MAX_RAW);
    (void)pthread_mutex_lock(&c->change_lock);
    bool ok = begin(&d, c, &zones, id, occurrence) &&
              own_calendar(c, &d.e.calendar, a, &k, err);
    bool series = ok && !d.e.replaces && (d.e.rules.len || d.e.n_added);
    if (ok && occurrence && series)
        ok = split(&d, *occurrence);
    int64_t before = d.e.start_ms;
    d.e.sequence++;
    ok = ok && apply(&d, c, e);
    if (ok && series && !occurrence && e->when && d.e.n_taken && before != d.e.start_ms) {
        for (size_t i = 0; i < d.e.n_taken; i++) /* what was taken away moves with the series */
            d.e.taken[i] += d.e.start_ms - before;
        Buf line;
        buf_init(&line, EVENT_MAX_RAW);
        for (size_t i = 0; i < d.e.n_taken; i++) {
            event_time_line(&line, "EXDATE", &d.e, d.zone, d.e.taken[i]);
            if (i + 1 < d.e.n_taken)
                (void)buf_add_char(&line, '\n');
        }
        d.raw.failed = d.raw.failed || line.failed;
        event_raw_set(&d.raw, "EXDATE", buf_str(&line));
        buf_release(&line);
    }
    ok = ok && finish(&d, c, &k, out);
    if (ok && series && !occurrence && e->when && before != d.e.start_ms)
        ok = drop_replaced(c, &d.e, a, err);
    (void)pthread_mutex_unlock(&c->change_lock);
    buf_release(&d.raw);
    event_zones_close(&zones);
    return ok;
}

/* The series without one occurrence: an EXDATE more, and no event that stands for it. */
static bool take_away(Draft *d, Calendars *c, Calendar *k, int64_t occurrence)
{
    CalEvent out;
    Buf line;
    int64_t *taken = ARENA_NEW_ARRAY(d->a, int64_t, d->e.n_taken + 1);
    if (!taken)
        return calendars_no_memory(d->err);
    if (d->e.n_taken >= EVENT_MAX_DATES)
        return err_set(d->err, ERR_TOO_LARGE, "the series has too many exceptions");
    if (d->e.n_taken)
        memcpy(taken, d->e.taken, d->e.n_taken * sizeof *taken);
    taken[d->e.n_taken++] = occurrence;
    d->e.taken = taken;
    d->e.sequence++;
    buf_init(&line, 4096);
    event_time_line(&line, "EXDATE", &d->e, d->zone, occurrence);
    /* beside those that are there: before the first line of all */
    Buf all;
    buf_init(&all, d->raw.max);
    buf_printf(&all, STR_FMT "\n", STR_ARG(buf_str(&line)));
    (void)buf_add(&all, buf_str(&d->raw));
    buf_release(&line);
    d->raw.failed = d->raw.failed || all.failed;
    if (buf_ok(&d->raw)) {
        buf_clear(&d->raw);
        (void)buf_add(&d->raw, buf_str(&all));
    }
    buf_release(&all);
    return finish(d, c, k, &out);
}

/* The series that an event which replaces an occurrence belongs to; *found false: none. */
static bool series_of(Calendars *c, const CalEvent *e, Arena *a, CalEvent *out, bool *found,
                      Err *err)
{
    CalEvent *list;
    size_t n;
    EventQuery q = {.from = INT64_MIN, .until = INT64_MAX, .calendar = &e->calendar,
        .uid = &e->uid, .with_raw = true, .limit = 1000};
    if (!store_event_list(c->store, &c->owner, &q, a, &list, &n, NULL, err))
        return false;
    *found = false;
    for (size_t i = 0; i < n && !*found; i++)
        if (!list[i].replaces) {
            *out = list[i];
            *found = true;
        }
    return true;
}

static bool delete_it(Draft *d, Calendars *c, EventZones *zones, const Uuid *id,
                      const int64_t *occurrence)
{
    Calendar k;
    bool found = false;
    if (!begin(d, c, zones, id, occurrence) || !own_calendar(c, &d->e.calendar, d->a, &k, d->err))
        return false;
    bool series = d->e.rules.len || d->e.n_added;
    if (d->e.replaces) {
        int64_t at = d->e.recurrence_ms;
        CalEvent whole;
        if (!series_of(c, &d->e, d->a, &whole, &found, d->err) ||
            !store_event_delete(c->store, &c->owner, id, d->err))
            return false;
        if (!found)
            return true;
        d->e = whole;
        d->zone = event_zone(zones, &d->e);
        buf_clear(&d->raw);
        (void)buf_add(&d->raw, d->e.raw);
        return take_away(d, c, &k, at);
    }
    if (occurrence && series)
        return take_away(d, c, &k, *occurrence);
    return store_event_delete(c->store, &c->owner, id, d->err);
}

bool calendars_event_delete(Calendars *c, const Uuid *id, const int64_t *occurrence, Arena *a,
                            Err *err)
{
    Draft d = {.a = a, .err = err};
    EventZones zones;
    if (!event_zones_open(c, a, &zones, err))
        return false;
    buf_init(&d.raw, EVENT_MAX_RAW);
    (void)pthread_mutex_lock(&c->change_lock);
    bool ok = delete_it(&d, c, &zones, id, occurrence);
    (void)pthread_mutex_unlock(&c->change_lock);
    calendars_wake(c);
    buf_release(&d.raw);
    event_zones_close(&zones);
    return ok;
}
