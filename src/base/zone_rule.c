#include "base/clock.h"
#include "base/zone_data.h"

typedef struct {
    Str s;
    size_t at;
} In;

static bool take(In *in, char c)
{
    if (in->at >= in->s.len || in->s.ptr[in->at] != c)
        return false;
    in->at++;
    return true;
}

static bool is_alpha(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool take_number(In *in, int max, int *out)
{
    int v = 0;
    size_t from = in->at;
    while (in->at < in->s.len && is_digit(in->s.ptr[in->at])) {
        v = v * 10 + (in->s.ptr[in->at++] - '0');
        if (v > max)
            return false;
    }
    *out = v;
    return in->at > from;
}

/* "CET" or "<+0530>", three characters at least. */
static bool take_abbrev(In *in, char out[ZONE_ABBREV_MAX])
{
    bool quoted = take(in, '<');
    size_t from = in->at, n;
    while (in->at < in->s.len) {
        char c = in->s.ptr[in->at];
        if (!is_alpha(c) && !(quoted && (is_digit(c) || c == '+' || c == '-')))
            break;
        in->at++;
    }
    n = in->at - from;
    if (n < 3 || n >= ZONE_ABBREV_MAX || (quoted && !take(in, '>')))
        return false;
    memcpy(out, in->s.ptr + from, n);
    out[n] = '\0';
    return true;
}

/* [+-]h[hh][:mm[:ss]] in seconds; at most 167 hours, as RFC 8536 widens it. */
static bool take_clock(In *in, int max_hours, int32_t *out)
{
    bool negative = take(in, '-');
    int h, m = 0, s = 0;
    if (!negative)
        (void)take(in, '+');
    if (!take_number(in, max_hours, &h))
        return false;
    if (take(in, ':') && (!take_number(in, 59, &m) || (take(in, ':') && !take_number(in, 59, &s))))
        return false;
    *out = (negative ? -1 : 1) * (h * 3600 + m * 60 + s);
    return true;
}

static bool take_day(In *in, ZoneDay *out)
{
    *out = (ZoneDay){.second = 7200};
    if (take(in, 'M')) {
        out->form = ZONE_DAY_NTH_WEEKDAY;
        if (!take_number(in, 12, &out->month) || !take(in, '.') ||
            !take_number(in, 5, &out->week) || !take(in, '.') ||
            !take_number(in, 6, &out->weekday) || out->month < 1 || out->week < 1)
            return false;
    } else if (take(in, 'J')) {
        out->form = ZONE_DAY_JULIAN;
        if (!take_number(in, 365, &out->day) || out->day < 1)
            return false;
    } else {
        out->form = ZONE_DAY_OF_YEAR;
        if (!take_number(in, 365, &out->day))
            return false;
    }
    return !take(in, '/') || take_clock(in, 167, &out->second);
}

/* POSIX counts west of Greenwich; a ZoneType east of it. */
static bool take_offset(In *in, int32_t *out)
{
    int32_t west;
    if (!take_clock(in, 24, &west))
        return false;
    *out = -west;
    return *out >= ZONE_MIN_OFFSET && *out <= ZONE_MAX_OFFSET;
}

bool zone_rule_parse(Str text, ZoneRule *out)
{
    In in = {text, 0};
    ZoneRule r = {0};
    if (!take_abbrev(&in, r.standard.abbrev) || !take_offset(&in, &r.standard.offset))
        return false;
    if (in.at < text.len) {
        r.changes = true;
        r.daylight.daylight = true;
        r.daylight.offset = r.standard.offset + 3600;
        if (!take_abbrev(&in, r.daylight.abbrev))
            return false;
        if (in.at < text.len && text.ptr[in.at] != ',' && !take_offset(&in, &r.daylight.offset))
            return false;
        if (r.daylight.offset > ZONE_MAX_OFFSET || !take(&in, ',') || !take_day(&in, &r.begin) ||
            !take(&in, ',') || !take_day(&in, &r.end) || in.at != text.len)
            return false;
    }
    *out = r;
    return true;
}

/* The wall clock's second since 1970 at which the day's change happens in that year. */
static int64_t day_second(const ZoneDay *d, int year)
{
    int64_t days;
    if (d->form == ZONE_DAY_NTH_WEEKDAY) {
        int first = civil_weekday(&(Civil){.year = year, .month = d->month, .day = 1});
        int day = 1 + (d->weekday - first + 7) % 7 + (d->week - 1) * 7;
        while (day > civil_days_in_month(year, d->month))
            day -= 7;
        days = clock_days_from_civil(year, d->month, day);
    } else {
        days = clock_days_from_civil(year, 1, 1) + d->day - (d->form == ZONE_DAY_JULIAN);
        /* J60 is the first of March in every year. */
        if (d->form == ZONE_DAY_JULIAN && d->day >= 60 && civil_days_in_month(year, 2) == 29)
            days++;
    }
    return days * 86400 + d->second;
}

void zone_rule_changes(const ZoneRule *r, int year, ZoneChange out[ZONE_RULE_CHANGES])
{
    size_t n = 0;
    for (int y = year - 2; y <= year + 1; y++) {
        ZoneChange pair[2] = {
            {day_second(&r->begin, y) - r->standard.offset, &r->daylight},
            {day_second(&r->end, y) - r->daylight.offset, &r->standard},
        };
        for (int i = 0; i < 2; i++) {
            size_t k = n++;
            for (; k > 0 && out[k - 1].at > pair[i].at; k--)
                out[k] = out[k - 1];
            out[k] = pair[i];
        }
    }
}
