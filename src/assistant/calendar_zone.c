/* calendar_zone.c - zones that calendars define themselves, and zones as iCalendar defines them. */
#include "assistant/calendar_int.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"

#define FIRST_YEAR 1970
#define LAST_YEAR 2099
#define MAX_CHANGES 1500
#define MAX_TYPES 64

bool event_zones_open(Calendars *c, Arena *a, EventZones *out, Err *err)
{
    EventZones z = {.c = c};
    if (!store_zone_list(c->store, &c->owner, a, &z.list, &z.n, err))
        return false;
    z.opened = ARENA_NEW_ARRAY(a, Zone *, z.n + 1);
    if (!z.opened)
        return calendars_no_memory(err);
    *out = z;
    return true;
}

void event_zones_close(EventZones *z)
{
    for (size_t i = 0; i < z->n; i++)
        zone_free(z->opened[i]);
    z->n = 0;
}

const Zone *event_zone(EventZones *z, const CalEvent *e)
{
    if (e->kind != EVENT_TIMED)
        return z->c->utc;
    for (size_t i = 0; i < z->n; i++) {
        if (!str_eq(z->list[i].tzid, e->zone) || !uuid_eq(&z->list[i].calendar, &e->calendar))
            continue;
        if (!z->opened[i] && z->list[i].tzif.len)
            z->opened[i] = zone_parse(str_sub(e->zone, 0, ZONE_NAME_MAX - 1), z->list[i].tzif,
                                      NULL);
        if (z->opened[i])
            return z->opened[i];
    }
    const Zone *named = calendars_zone_named(z->c, e->zone);
    return named ? named : z->c->utc;
}

/* ---- from a definition to TZif --------------------------------------------------------------- */

typedef struct {
    int64_t at;      /* seconds since 1970 */
    int32_t offset;
    char name[16];
} Change;

/* "+0530", "-023045" in seconds. */
static bool offset_of(Str s, int32_t *out)
{
    uint64_t v;
    if ((s.len != 5 && s.len != 7) || (s.ptr[0] != '+' && s.ptr[0] != '-') ||
        !str_to_u64(str_sub(s, 1, s.len), &v))
        return false;
    if (s.len == 5)
        v *= 100;
    int32_t seconds = (int32_t)(v / 10000 * 3600 + v / 100 % 100 * 60 + v % 100);
    if (seconds >= 24 * 3600 - 59 || v / 100 % 100 > 59) /* as ZONE_MAX_OFFSET */
        return false;
    *out = s.ptr[0] == '-' ? -seconds : seconds;
    return true;
}

static bool add_change(Change *list, size_t *n, int64_t local_ms, int32_t from, int32_t to,
                       Str name)
{
    if (*n == MAX_CHANGES)
        return false;
    Change *c = &list[(*n)++];
    *c = (Change){.at = local_ms / 1000 - from, .offset = to};
    size_t len = name.len < sizeof c->name - 1 ? name.len : 0;
    for (size_t i = 0; i < len; i++)
        len = (unsigned char)name.ptr[i] > 0x20 && (unsigned char)name.ptr[i] < 0x7F ? len : 0;
    memcpy(c->name, len ? name.ptr : "LMT", len ? len : 3);
    return true;
}

/* One STANDARD or DAYLIGHT. Its times are local, before the change: counted as if in UTC. */
static bool add_rule(const Json *j, const Zone *utc, Change *list, size_t *n, int32_t *first)
{
    int32_t from, to;
    IcalTime start;
    Rrule rule;
    Str name = json_str(json_get(j, "name")), text = json_str(json_get(j, "rrule"));
    const Json *dates = json_get(j, "rdates");
    if (!offset_of(json_str(json_get(j, "from")), &from) ||
        !offset_of(json_str(json_get(j, "to")), &to) ||
        !ical_time(json_str(json_get(j, "start")), &start))
        return false;
    int64_t begin = zone_instant(utc, &start.c, NULL), ms;
    if (*n == 0)
        *first = from;
    if (!add_change(list, n, begin, from, to, name))
        return false;
    for (size_t i = 0; i < json_count(dates); i++) {
        IcalTime t;
        if (!ical_time(json_str(json_at(dates, i)), &t))
            continue;
        ms = zone_instant(utc, &t.c, NULL) + (t.utc ? (int64_t)from * 1000 : 0);
        if (!add_change(list, n, ms, from, to, name))
            return false;
    }
    if (!text.len)
        return true;
    if (!rrule_parse(text, &rule, NULL) || rule.freq < RRULE_MONTHLY)
        return false;
    if (rule.until_kind == RRULE_UNTIL_UTC) { /* said in UTC, compared with local times */
        rule.until = zone_civil(utc, zone_instant(utc, &rule.until, NULL) + (int64_t)from * 1000);
        rule.until_kind = RRULE_UNTIL_LOCAL;
    }
    RruleIter it;
    Civil low = {FIRST_YEAR, 1, 1, 0, 0, 0};
    rrule_begin(&it, &rule, utc, begin, zone_instant(utc, &low, NULL));
    while (rrule_step(&it, &ms) == RRULE_FOUND && zone_civil(utc, ms).year <= LAST_YEAR)
        if (ms != begin && !add_change(list, n, ms, from, to, name))
            return true; /* far enough */
    return true;
}

static int by_time(const void *a, const void *b)
{
    const Change *x = a, *y = b;
    return x->at < y->at ? -1 : x->at > y->at;
}

static void put_be(Buf *b, uint64_t v, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--)
        (void)buf_add_char(b, i < 8 ? (char)(v >> (8 * i)) : '\0');
}

static void put_header(Buf *b, size_t times, size_t types, size_t chars)
{
    (void)buf_add_c(b, "TZif2");
    for (int i = 0; i < 15; i++)
        (void)buf_add_char(b, '\0');
    put_be(b, 0, 12);
    put_be(b, times, 4);
    put_be(b, types, 4);
    put_be(b, chars, 4);
}

typedef struct {
    Change types[MAX_TYPES]; /* by offset and name */
    size_t n;
} Types;

static int type_of(Types *t, const Change *c)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->types[i].offset == c->offset && strcmp(t->types[i].name, c->name) == 0)
            return (int)i;
    if (t->n == MAX_TYPES)
        return -1;
    t->types[t->n] = *c;
    return (int)t->n++;
}

static bool put_tzif(const Change *list, size_t n, int32_t first, Buf *out)
{
    Types types = {.n = 0};
    Change before = {.offset = first, .name = "LMT"};
    Buf to;
    bool ok = type_of(&types, &before) == 0;
    buf_init(&to, MAX_CHANGES);
    for (size_t i = 0; ok && i < n; i++) {
        int type = type_of(&types, &list[i]);
        ok = type >= 0 && buf_add_char(&to, (char)type);
    }
    if (ok) {
        put_header(out, 0, 0, 0);
        put_header(out, n, types.n, types.n * sizeof before.name);
        for (size_t i = 0; i < n; i++)
            put_be(out, (uint64_t)list[i].at, 8);
        (void)buf_add(out, buf_str(&to));
        for (size_t i = 0; i < types.n; i++) {
            put_be(out, (uint32_t)types.types[i].offset, 4);
            put_be(out, 0, 1);
            put_be(out, i * sizeof before.name, 1);
        }
        for (size_t i = 0; i < types.n; i++)
            (void)buf_add_mem(out, types.types[i].name, sizeof before.name);
        (void)buf_add_c(out, "\n\n");
    }
    buf_release(&to);
    return ok && buf_ok(out);
}

bool zone_from_rules(const Json *rules, Buf *tzif)
{
    Change *list = mem_array(MAX_CHANGES, sizeof *list);
    Zone *utc = zone_open(STR("UTC"), NULL);
    size_t n = 0, kept = 0;
    int32_t first = 0;
    bool ok = list && utc && json_count(rules) > 0;
    for (size_t i = 0; ok && i < json_count(rules); i++)
        ok = add_rule(json_at(rules, i), utc, list, &n, &first);
    if (ok) {
        qsort(list, n, sizeof *list, by_time);
        for (size_t i = 0; i < n; i++) /* two at one instant: the later one in the file */
            list[kept > 0 && list[kept - 1].at == list[i].at ? kept - 1 : kept++] = list[i];
        ok = put_tzif(list, kept, first, tzif);
        Zone *check = ok ? zone_parse(STR("calendar"), buf_str(tzif), NULL) : NULL;
        ok = check != NULL;
        zone_free(check);
    }
    zone_free(utc);
    mem_free(list);
    return ok;
}

/* ---- from a zone to VTIMEZONE ---------------------------------------------------------------- */

typedef struct {
    int64_t at;
    int32_t from, to;
    bool daylight;
    const char *name;
    Civil local;        /* by the clock before the change */
    int weekday, nth;
    bool last, used;    /* last: of its weekday in the month */
} Shift;

#define SHIFTS_MAX 400
#define RULE_LEAST 3    /* years in a row make a rule */
#define RULE_YEARS 12   /* looked ahead of now */

static size_t collect(const Zone *z, int64_t from_ms, int64_t until_ms, Shift *out)
{
    size_t n = 0;
    for (int64_t at = from_ms; n < SHIFTS_MAX && zone_next_change(z, at, &at) && at < until_ms;) {
        Shift s = {.at = at};
        s.from = zone_offset(z, at - 1, NULL, NULL);
        s.to = zone_offset(z, at, &s.daylight, &s.name);
        int64_t day, local = at / 1000 + s.from;
        day = local / 86400 - (local % 86400 < 0);
        int rest = (int)(local - day * 86400);
        clock_civil_from_days(day, &s.local.year, &s.local.month, &s.local.day);
        s.local.hour = rest / 3600;
        s.local.minute = rest / 60 % 60;
        s.local.second = rest % 60;
        s.weekday = civil_weekday(&s.local);
        s.nth = (s.local.day - 1) / 7 + 1;
        s.last = s.local.day + 7 > civil_days_in_month(s.local.year, s.local.month);
        out[n++] = s;
    }
    return n;
}

static void put_line(Buf *out, const char *name, const char *value)
{
    char line[200];
    (void)snprintf(line, sizeof line, "%s:%s", name, value);
    ical_fold(str_of(line), out);
}

static void put_offset(Buf *out, const char *name, int32_t s)
{
    char text[40];
    int32_t v = s < 0 ? -s : s;
    if (v % 60)
        (void)snprintf(text, sizeof text, "%c%02d%02d%02d", s < 0 ? '-' : '+', v / 3600,
                       v / 60 % 60, v % 60);
    else
        (void)snprintf(text, sizeof text, "%c%02d%02d", s < 0 ? '-' : '+', v / 3600, v / 60 % 60);
    put_line(out, name, text);
}

static void put_part(Buf *out, const Shift *s, const char *rrule)
{
    char start[64];
    const char *kind = s->daylight ? "DAYLIGHT" : "STANDARD";
    (void)snprintf(start, sizeof start, "%04d%02d%02dT%02d%02d%02d", s->local.year, s->local.month,
                   s->local.day, s->local.hour, s->local.minute, s->local.second);
    put_line(out, "BEGIN", kind);
    put_offset(out, "TZOFFSETFROM", s->from);
    put_offset(out, "TZOFFSETTO", s->to);
    if (s->name && *s->name)
        put_line(out, "TZNAME", s->name);
    put_line(out, "DTSTART", start);
    if (rrule)
        put_line(out, "RRULE", rrule);
    put_line(out, "END", kind);
}

static bool same_clock(const Shift *a, const Shift *b)
{
    return a->from == b->from && a->to == b->to && a->daylight == b->daylight &&
           a->local.month == b->local.month && a->weekday == b->weekday &&
           a->local.hour == b->local.hour && a->local.minute == b->local.minute &&
           a->local.second == b->local.second && strcmp(a->name, b->name) == 0;
}

/* The years in a row, from shifts[i] on, that one yearly rule says: as the last or the nth weekday
 * of the month. Their indexes go into run. */
static size_t find_run(const Shift *shifts, size_t n, size_t i, bool last, size_t *run)
{
    size_t len = 1;
    run[0] = i;
    if (last && !shifts[i].last)
        return 0;
    for (size_t k = i + 1; k < n; k++) {
        const Shift *prev = &shifts[run[len - 1]], *s = &shifts[k];
        if (s->local.year > prev->local.year + 1)
            break;
        if (!s->used && s->local.year == prev->local.year + 1 && same_clock(&shifts[i], s) &&
            (last ? s->last : s->nth == shifts[i].nth))
            run[len++] = k;
    }
    return len;
}

static void put_shifts(Buf *out, Shift *shifts, size_t n, int horizon)
{
    static const char *const days[] = {"SU", "MO", "TU", "WE", "TH", "FR", "SA"};
    size_t run[SHIFTS_MAX], other[SHIFTS_MAX];
    for (size_t i = 0; i < n; i++) {
        if (shifts[i].used)
            continue;
        size_t len = find_run(shifts, n, i, true, run), nth = find_run(shifts, n, i, false, other);
        bool last = len >= nth;
        size_t *best = last ? run : other, count = last ? len : nth;
        if (count < RULE_LEAST) {
            shifts[i].used = true;
            put_part(out, &shifts[i], NULL);
            continue;
        }
        const Shift *end = &shifts[best[count - 1]];
        char rule[128], until[40] = "";
        if (end->local.year < horizon) {
            int64_t day = end->at / 1000 / 86400 - (end->at / 1000 % 86400 < 0);
            int rest = (int)(end->at / 1000 - day * 86400), y, m, d;
            clock_civil_from_days(day, &y, &m, &d);
            (void)snprintf(until, sizeof until, ";UNTIL=%04d%02d%02dT%02d%02d%02dZ", y, m, d,
                           rest / 3600, rest / 60 % 60, rest % 60);
        }
        (void)snprintf(rule, sizeof rule, "FREQ=YEARLY%s;BYMONTH=%d;BYDAY=%d%s", until,
                       shifts[i].local.month, last ? -1 : shifts[i].nth, days[shifts[i].weekday]);
        put_part(out, &shifts[i], rule);
        for (size_t k = 0; k < count; k++)
            shifts[best[k]].used = true;
    }
}

void zone_write_vtimezone(const Zone *z, Str tzid, int64_t from_ms, Buf *out)
{
    Shift *shifts = mem_array(SHIFTS_MAX, sizeof *shifts);
    Buf line;
    Civil from = zone_civil(z, from_ms), now = zone_civil(z, clock_now_ms());
    int horizon = (now.year > from.year ? now.year : from.year) + RULE_YEARS;
    from = (Civil){from.year < FIRST_YEAR ? FIRST_YEAR : from.year, 1, 1, 0, 0, 0};
    Civil end = {horizon + 1, 1, 1, 0, 0, 0};
    int64_t begin = zone_instant(z, &from, NULL);
    size_t n = shifts ? collect(z, begin, zone_instant(z, &end, NULL), shifts) : 0;
    buf_init(&line, 4096);
    buf_printf(&line, "TZID:" STR_FMT, STR_ARG(tzid));
    put_line(out, "BEGIN", "VTIMEZONE");
    ical_fold(buf_str(&line), out);
    Shift first = {.local = from, .from = zone_offset(z, begin, NULL, NULL)};
    first.to = zone_offset(z, begin, &first.daylight, &first.name);
    put_part(out, &first, NULL); /* what holds before the first change */
    put_shifts(out, shifts, n, horizon);
    put_line(out, "END", "VTIMEZONE");
    buf_release(&line);
    mem_free(shifts);
}
