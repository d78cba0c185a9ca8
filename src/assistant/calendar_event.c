/* calendar_event.c - an event's own lines, and what follows from its members. */
#include "assistant/calendar_int.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"

#define LAST_STEPS 4000 /* occurrences that are counted to find the end of a series */

/* ---- lines ----------------------------------------------------------------------------------- */

/* Whether the line opens (1) or closes (-1) a component inside. */
static int nesting(Str line)
{
    IcalLine l;
    if (!ical_split(line, &l))
        return 0;
    return str_eq_nocase(l.name, STR("BEGIN")) ? 1 : str_eq_nocase(l.name, STR("END")) ? -1 : 0;
}

static bool is_named(Str line, const char *name)
{
    IcalLine l;
    return ical_split(line, &l) && str_eq_nocase(l.name, str_of(name));
}

void event_raw_set(Buf *raw, const char *name, Str line)
{
    Buf kept;
    Str rest = buf_str(raw), one;
    int depth = 0;
    bool put = line.len == 0;
    buf_init(&kept, raw->max);
    while (rest.len && str_next(&rest, '\n', &one)) {
        int n = nesting(one);
        bool own = depth == 0 && n == 0, replaced = own && is_named(one, name);
        if (!put && (replaced || (depth == 0 && n > 0))) { /* in its place, or before reminders */
            buf_printf(&kept, STR_FMT "\n", STR_ARG(line));
            put = true;
        }
        depth += n;
        if (!replaced && one.len) {
            (void)buf_add(&kept, one);
            (void)buf_add_char(&kept, '\n');
        }
    }
    if (!put)
        buf_printf(&kept, STR_FMT "\n", STR_ARG(line));
    if (kept.no_memory)
        raw->no_memory = raw->failed = true;
    raw->failed = raw->failed || kept.failed;
    if (buf_ok(raw)) {
        buf_clear(raw);
        (void)buf_add(raw, buf_str(&kept));
    }
    buf_release(&kept);
}

void event_raw_drop_alarms(Buf *raw)
{
    Buf kept;
    Str rest = buf_str(raw), one;
    int depth = 0, alarm = 0; /* alarm: the depth inside one */
    buf_init(&kept, raw->max);
    while (rest.len && str_next(&rest, '\n', &one)) {
        IcalLine l;
        int n = nesting(one);
        if (n > 0 && !alarm && ical_split(one, &l) && str_eq_nocase(l.value, STR("VALARM")))
            alarm = depth + 1;
        bool drop = alarm > 0;
        depth += n;
        if (alarm > 0 && depth < alarm)
            alarm = 0;
        if (!drop && one.len) {
            (void)buf_add(&kept, one);
            (void)buf_add_char(&kept, '\n');
        }
    }
    raw->failed = raw->failed || kept.failed;
    raw->no_memory = raw->no_memory || kept.no_memory;
    if (buf_ok(raw)) {
        buf_clear(raw);
        (void)buf_add(raw, buf_str(&kept));
    }
    buf_release(&kept);
}

static void utc_time(int64_t ms, IcalTime *t)
{
    *t = (IcalTime){.utc = true};
    int64_t s = ms / 1000 - (ms % 1000 < 0), day = s / 86400 - (s % 86400 < 0);
    int rest = (int)(s - day * 86400);
    clock_civil_from_days(day, &t->c.year, &t->c.month, &t->c.day);
    t->c.hour = rest / 3600;
    t->c.minute = rest / 60 % 60;
    t->c.second = rest % 60;
}

void event_raw_add_alarm(Buf *raw, const EventAlarm *alarm, Str summary)
{
    Buf text;
    buf_init(&text, 1 << 16);
    (void)buf_add_c(raw, "BEGIN:VALARM\nACTION:DISPLAY\n");
    if (alarm->absolute) {
        IcalTime t;
        utc_time(alarm->ms, &t);
        (void)buf_add_c(&text, "TRIGGER;VALUE=DATE-TIME:");
        ical_add_time(&t, &text);
    } else {
        (void)buf_add_c(&text, "TRIGGER:");
        int64_t days = alarm->ms / CALENDAR_DAY_MS, rest = alarm->ms % CALENDAR_DAY_MS;
        ical_add_duration(rest ? 0 : days, rest ? alarm->ms : 0, &text);
    }
    (void)buf_add_c(&text, "\nDESCRIPTION:");
    ical_escape(summary.len ? summary : STR("Reminder"), &text);
    raw->failed = raw->failed || text.failed;
    buf_printf(raw, STR_FMT "\nEND:VALARM\n", STR_ARG(buf_str(&text)));
    buf_release(&text);
}

void event_time_line(Buf *out, const char *name, const CalEvent *e, const Zone *zone, int64_t ms)
{
    IcalTime t = {0};
    (void)buf_add_c(out, name);
    if (e->kind == EVENT_ALL_DAY) {
        utc_time(ms, &t);
        t.utc = false;
        t.date = true;
        (void)buf_add_c(out, ";VALUE=DATE");
    } else if (e->kind == EVENT_FLOATING) {
        utc_time(ms, &t);
        t.utc = false;
    } else if (str_eq(e->zone, STR("UTC"))) {
        utc_time(ms, &t);
    } else {
        t.c = zone_civil(zone, ms);
        bool quote = str_find(e->zone, STR(":"), 0) != SIZE_MAX ||
                     str_find(e->zone, STR(";"), 0) != SIZE_MAX ||
                     str_find(e->zone, STR(","), 0) != SIZE_MAX;
        buf_printf(out, quote ? ";TZID=\"" STR_FMT "\"" : ";TZID=" STR_FMT, STR_ARG(e->zone));
    }
    (void)buf_add_char(out, ':');
    ical_add_time(&t, out);
}

/* ---- what follows ---------------------------------------------------------------------------- */

static int by_ms(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

size_t event_rules(const CalEvent *e, Rrule *out)
{
    Str rest = e->rules, one;
    size_t n = 0;
    while (rest.len && n < RRULE_SET_RULES && str_next(&rest, '\n', &one))
        if (one.len && rrule_parse(one, &out[n], NULL))
            n++;
    return n;
}

static bool keep_last(void *arg, int64_t ms)
{
    *(int64_t *)arg = ms;
    return true;
}

static int64_t last_of(const CalEvent *e, const Zone *zone)
{
    Rrule rules[RRULE_SET_RULES];
    size_t n = event_rules(e, rules);
    int64_t length = e->end_ms - e->start_ms, last = e->start_ms, until = INT64_MIN;
    bool counted = false;
    if (e->replaces && e->and_later)
        return EVENT_OPEN_END;
    for (size_t i = 0; i < n; i++) {
        if (!rules[i].count && rules[i].until_kind == RRULE_NO_UNTIL)
            return EVENT_OPEN_END;
        counted = counted || rules[i].count;
        if (!rules[i].count) {
            int64_t day = clock_days_from_civil(rules[i].until.year, rules[i].until.month,
                                                rules[i].until.day);
            int64_t end = (day + 1) * CALENDAR_DAY_MS + CALENDAR_WIDEST_MS;
            until = end > until ? end : until;
        }
    }
    if (e->n_added && e->added[e->n_added - 1] > last)
        last = e->added[e->n_added - 1];
    last = until > last ? until : last;
    if (counted) {
        RruleSet s = {.zone = zone, .start_ms = e->start_ms, .rules = rules, .n_rules = n};
        int64_t counted_last = e->start_ms;
        if (!rrule_set_each(&s, e->start_ms, INT64_MAX, LAST_STEPS, keep_last, &counted_last))
            return EVENT_OPEN_END;
        last = counted_last > last ? counted_last : last;
    }
    return last + length;
}

/* Of the lines but those that change whenever somebody writes the file. */
static uint64_t hash_of(Str raw)
{
    Str line;
    uint64_t hash = 7;
    while (raw.len && str_next(&raw, '\n', &line))
        if (!is_named(line, "DTSTAMP"))
            hash = checksum64(hash * 31 + line.len, line.ptr, line.len);
    return hash & INT64_MAX;
}

void event_finish(CalEvent *e, const Zone *zone)
{
    if (e->n_added)
        qsort(e->added, e->n_added, sizeof *e->added, by_ms);
    if (e->n_taken)
        qsort(e->taken, e->n_taken, sizeof *e->taken, by_ms);
    if (e->end_ms < e->start_ms)
        e->end_ms = e->start_ms;
    e->last_ms = last_of(e, zone);
    e->hash = hash_of(e->raw);
}
