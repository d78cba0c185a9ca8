#include "base/zone.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/zone_data.h"

/* No two local times further apart than this are shown at one instant anywhere. */
#define WIDEST_OFFSET ((int64_t)26 * 3600)
/* Seconds of years beyond this would not fit into milliseconds of 64 bits. */
#define FURTHEST_YEAR 250000000

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b != 0 && (a % b < 0) != (b < 0));
}

const char *zone_name(const Zone *z)
{
    return z->name;
}

int civil_days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month < 1 || month > 12)
        return 0;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

int civil_weekday(const Civil *c)
{
    int64_t days = clock_days_from_civil(c->year, c->month, c->day);
    return (int)(((days + 4) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
}

static Civil civil_of(int64_t local)
{
    Civil c;
    int64_t days = floor_div(local, 86400);
    int rest = (int)(local - days * 86400);
    clock_civil_from_days(days, &c.year, &c.month, &c.day);
    c.hour = rest / 3600;
    c.minute = rest / 60 % 60;
    c.second = rest % 60;
    return c;
}

/* Index of the first transition after s. */
static size_t transition_after(const Zone *z, int64_t s)
{
    size_t lo = 0, hi = z->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (z->at[mid] <= s)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static const ZoneType *rule_type(const ZoneRule *r, int64_t s)
{
    ZoneChange changes[6];
    const ZoneType *t = &r->standard;
    if (!r->changes)
        return t;
    zone_rule_changes(r, civil_of(s).year, changes);
    for (int i = 0; i < 6 && changes[i].at <= s; i++)
        t = changes[i].to;
    return t;
}

static const ZoneType *type_at(const Zone *z, int64_t s)
{
    size_t i = transition_after(z, s);
    if (i == z->n && z->has_rule)
        return rule_type(&z->rule, s);
    return i == 0 ? &z->types[0] : &z->types[z->to[i - 1]];
}

/* The next instant after s at which the type may be another one. */
static bool next_transition(const Zone *z, int64_t s, int64_t *at)
{
    ZoneChange changes[6];
    size_t i = transition_after(z, s);
    if (i < z->n) {
        *at = z->at[i];
        return true;
    }
    if (!z->has_rule || !z->rule.changes)
        return false;
    zone_rule_changes(&z->rule, civil_of(s).year, changes);
    for (int k = 0; k < 6; k++)
        if (changes[k].at > s) {
            *at = changes[k].at;
            return true;
        }
    return false;
}

int32_t zone_offset(const Zone *z, int64_t ms, bool *daylight, const char **abbrev)
{
    const ZoneType *t = type_at(z, floor_div(ms, 1000));
    if (daylight)
        *daylight = t->daylight;
    if (abbrev)
        *abbrev = t->abbrev;
    return t->offset;
}

Civil zone_civil(const Zone *z, int64_t ms)
{
    int64_t s = floor_div(ms, 1000);
    return civil_of(s + type_at(z, s)->offset);
}

bool zone_next_change(const Zone *z, int64_t ms, int64_t *at)
{
    int64_t s = floor_div(ms, 1000);
    int32_t before = type_at(z, s)->offset;
    /* Under a rule the offset changes within a year, or never: eight steps show which. */
    for (size_t left = z->n + 8; left > 0; left--) {
        if (!next_transition(z, s, &s) || s > INT64_MAX / 1000)
            return false;
        if (type_at(z, s)->offset != before) {
            *at = s * 1000;
            return true;
        }
    }
    return false;
}

/* The local second that the fields name, carried over where they are out of range. */
static int64_t local_second(const Civil *c)
{
    int64_t months = (int64_t)c->year * 12 + c->month - 1;
    int64_t year = floor_div(months, 12);
    int month = (int)(months - year * 12) + 1;
    if (year > FURTHEST_YEAR)
        year = FURTHEST_YEAR;
    if (year < -FURTHEST_YEAR)
        year = -FURTHEST_YEAR;
    int64_t days = clock_days_from_civil((int)year, month, 1) + c->day - 1;
    return days * 86400 + (int64_t)c->hour * 3600 + (int64_t)c->minute * 60 + c->second;
}

int64_t zone_instant(const Zone *z, const Civil *c, ZoneFit *fit)
{
    int64_t local = local_second(c), from = local - WIDEST_OFFSET, at;
    int64_t first = 0, skipped = 0;
    const ZoneType *t = type_at(z, from);
    int found = 0;
    bool in_gap = false;
    /* Every stretch of one offset that could show this local time: it does when the instant that
     * its offset gives lies inside it. Between two of them the clock may jump over it. */
    while (found < 2) {
        bool more = next_transition(z, from, &at) && at <= local + WIDEST_OFFSET;
        int64_t s = local - t->offset;
        if (s >= from && (!more || s < at) && found++ == 0)
            first = s;
        if (!more)
            break;
        const ZoneType *next = type_at(z, at);
        if (!in_gap && s >= at && local - next->offset < at) {
            in_gap = true;
            skipped = s;
        }
        from = at;
        t = next;
    }
    if (fit)
        *fit = found == 0 ? ZONE_SKIPPED : found == 1 ? ZONE_ONCE : ZONE_TWICE;
    return (found ? first : in_gap ? skipped : local - t->offset) * 1000;
}

char *zone_format(const Zone *z, int64_t ms, char out[ZONE_RFC3339_MAX])
{
    int64_t last = (clock_days_from_civil(10000, 1, 1) - 2) * 86400000;
    int64_t first = (clock_days_from_civil(0, 1, 1) + 2) * 86400000;
    ms = ms < first ? first : ms > last ? last : ms;
    int32_t offset = zone_offset(z, ms, NULL, NULL);
    /* RFC 3339 has no seconds in an offset; before 1970 many places did. The instant stays. */
    int minutes = (int)floor_div(offset + 30, 60);
    char text[CLOCK_RFC3339_MAX];
    size_t n = strlen(clock_format(ms + (int64_t)minutes * 60000, text)) - 1;
    if (minutes == 0) {
        (void)snprintf(out, ZONE_RFC3339_MAX, "%.*sZ", (int)n, text);
        return out;
    }
    int away = minutes < 0 ? -minutes : minutes;
    (void)snprintf(out, ZONE_RFC3339_MAX, "%.*s%c%02d:%02d", (int)n, text,
                   minutes < 0 ? '-' : '+', away / 60, away % 60);
    return out;
}
