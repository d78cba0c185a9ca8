#include <math.h>

#include "text/when_mean.h"
#include "text/when_resolve.h"

#define UNUSED(x) (void)(x)

static bool is_open_or_range(const WhenValue *v)
{
    return v->kind == WHEN_OPEN_AFTER || v->kind == WHEN_OPEN_BEFORE ||
           v->kind == WHEN_RECURRENCE || v->kind == WHEN_DURATION || v->time_range;
}

/* What the first end leaves out, the second one has: "from May to October 2020", "the 12th to the
 * 16th of September". */
static void borrow_left(const WhenSense *s, WhenValue *a, const WhenValue *b)
{
    if (a->date != DATE_FIELDS || b->date != DATE_FIELDS)
        return;
    if (a->mday && !a->month && !a->year && b->month) {
        a->month = b->month;
        a->year = b->year;
        if (b->mday && a->mday > b->mday) {
            a->month = (int8_t)(b->month > 1 ? b->month - 1 : 12);
            if (a->year && b->month == 1)
                a->year--;
        }
    } else if (a->month && !a->year && b->year) {
        a->year = b->year;
        if (b->month && a->month > b->month)
            a->year--;
    }
    UNUSED(s);
}

/* The second end is the first of its kind behind the first one. */
static void borrow_right(const WhenSense *s, const WhenValue *a, int32_t day, WhenValue *b)
{
    Civil c = when_civil(day);
    UNUSED(a);
    if (b->date == DATE_FIELDS && !b->year) {
        if (b->weekday >= 0 && !b->mday && !b->month) {
            int32_t to = day + (b->weekday - when_weekday(day) + 7) % 7;
            to = to == day ? to + 7 : to;
            when_set_span(b, to, to + 1, GRAIN_DAY);
        } else if (b->month) {
            b->year = (int16_t)(c.year + (b->month < c.month ||
                                          (b->month == c.month && b->mday && b->mday < c.day)));
        } else if (b->mday) {
            int32_t month = when_month_begin(day, b->mday <= c.day ? 1 : 0);
            Civil m = when_civil(month);
            b->year = (int16_t)m.year;
            b->month = (int8_t)m.month;
        }
    }
    int32_t from, until;
    if (b->date == DATE_HOLIDAY && !b->year) {
        b->year = (int16_t)c.year;
        if (when_span(s, b, &from, &until) && from < day)
            b->year++;
    }
}

/* "From August to October", said in September, is the one that is now. */
static void back_to_now(const WhenSense *s, WhenValue *a, const WhenValue *b, int32_t *day,
                        int32_t *end)
{
    WhenValue before = *a, last = *b;
    int32_t from, until, b_from, b_until;
    if (s->c->prefer == WHEN_PAST || a->date != DATE_FIELDS || b->date != DATE_FIELDS || a->year ||
        b->year || !a->month || !b->month || *day <= s->today)
        return;
    before.year = (int16_t)(when_civil(*day).year - 1);
    if (!when_span(s, &before, &from, &until) || from > s->today)
        return;
    last.year = (int16_t)(before.year + (b->month < a->month ||
                                         (b->month == a->month && b->mday < a->mday)));
    if (!when_span(s, &last, &b_from, &b_until) || b_until <= s->today)
        return;
    *a = before;
    *day = from;
    *end = until;
}

bool when_range(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    if (n != 2 || is_open_or_range(k[0].v) || is_open_or_range(k[1].v))
        return false;
    WhenValue a = *k[0].v, b = *k[1].v;
    int64_t from, from_end, until, until_end;
    int32_t day, end;
    if (a.date == DATE_NONE || a.kind == WHEN_RANGE || b.kind == WHEN_RANGE)
        return false;
    borrow_left(s, &a, &b);
    if (!when_span(s, &a, &day, &end))
        return false;
    back_to_now(s, &a, &b, &day, &end);
    if (b.date == DATE_NONE) { /* "tomorrow 3pm to 5pm" */
        if (a.time == TIME_NONE || b.time == TIME_PART || a.time == TIME_PART)
            return false;
        const WhenKid times[2] = {{&a, 0, 0}, {&b, 0, 0}};
        return when_time_range(s, 0, times, 2, out);
    }
    if (a.date != DATE_INSTANT)
        borrow_right(s, &a, day, &b);
    if (!when_bounds(s, &a, &from, &from_end) || !when_bounds(s, &b, &until, &until_end))
        return false;
    bool timed = b.time == TIME_FIXED || b.time == TIME_12 || b.date == DATE_INSTANT;
    out->date = DATE_DONE;
    out->kind = WHEN_RANGE;
    out->from = from;
    out->until = timed ? until : until_end;
    out->grain = b.grain > a.grain && !timed ? b.grain : a.grain;
    out->weak = arg == 1;
    return out->from < out->until;
}

/* "12 to 16 September", "August 27th - 29th": the first end is a number only. */
bool when_days_range(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    WhenValue first, second = *out;
    memset(&first, 0, sizeof first);
    first.weekday = -1;
    first.zone = second.zone = WHEN_NO_ZONE;
    if (arg / 1000 == 9) { /* 9xyz: the month is kid 0 and shared, then the days */
        const WhenKid a[2] = {k[0], k[1]};
        WhenKid b[3] = {k[0], k[2]};
        if (n == 4)
            b[2] = k[3];
        if (!when_date(s, 12, a, 2, &first) || !when_date(s, n == 4 ? 123 : 12, b, n - 1, &second))
            return false;
        first.year = second.year;
    } else {
        if (!when_date(s, 2, k, 1, &first) || !when_date(s, arg, k + 1, n - 1, &second))
            return false;
    }
    const WhenKid both[2] = {{&first, k[0].at, k[0].end}, {&second, k[1].at, k[n - 1].end}};
    if (first.mday >= second.mday)
        return false;
    if (!when_range(s, 0, both, 2, out)) /* a day that does not exist: understood, and nothing */
        *out = (WhenValue){.date = DATE_FIELDS, .month = 2, .mday = 30, .weekday = -1,
                           .zone = WHEN_NO_ZONE};
    return true;
}

bool when_for(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(arg);
    UNUSED(n);
    const WhenValue *begin = k[0].v, *d = k[1].v;
    int64_t from, until;
    if (is_open_or_range(begin) || begin->time == TIME_PART ||
        !when_bounds(s, begin, &from, &until))
        return false;
    if (begin->time == TIME_NONE && begin->date != DATE_INSTANT && d->ms)
        return false;
    out->date = DATE_DONE;
    out->kind = WHEN_RANGE;
    out->from = from;
    out->until = when_move(s->c->zone, from, d, 1);
    out->grain = begin->time == TIME_NONE ? GRAIN_DAY : GRAIN_MINUTE;
    return out->until > out->from;
}

bool when_for_from(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    WhenValue begin;
    if (n == 3) { /* day, DUR, time */
        const WhenKid when[2] = {k[0], k[2]};
        memset(&begin, 0, sizeof begin);
        if (!when_join(s, 0, when, 2, &begin))
            return false;
        const WhenKid all[2] = {{&begin, k[0].at, k[0].end}, k[1]};
        return when_for(s, arg, all, 2, out);
    }
    const WhenKid swapped[2] = {k[1], k[0]};
    return when_for(s, arg, swapped, 2, out);
}

bool when_within(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(n);
    const WhenValue *d = k[0].v;
    int64_t now = s->c->now_ms, at = when_move(s->c->zone, now, d, arg < 0 ? -1 : 1);
    out->grain = GRAIN_MINUTE;
    if (d->ms == 0 && d->days % 7 == 0) { /* weeks, months, years are whole days */
        Civil c = zone_civil(s->c->zone, at);
        at = when_at(s, when_day(c.year, c.month, c.day), 0, WHEN_NO_ZONE);
        out->grain = GRAIN_DAY;
    }
    out->date = DATE_DONE;
    out->kind = WHEN_RANGE;
    out->from = arg < 0 ? at : now;
    out->until = arg < 0 ? now : at;
    out->deadline = arg >= 0;
    return out->from < out->until;
}

static bool is_exact(const WhenValue *v)
{
    return v->date == DATE_INSTANT || ((v->time == TIME_12 || v->time == TIME_FIXED) &&
                                       !v->time_range);
}

bool when_after(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    const WhenValue *v = k[n - 1].v;
    int64_t from, until;
    WhenContext c = *s->c;
    WhenSense back = *s;
    bool open = (v->date == DATE_FIELDS && !v->year) || v->date == DATE_HOLIDAY ||
                v->date == DATE_NONE;
    back.c = &c;
    if (arg == 2 && open) /* "since Monday", "since nine": the last one */
        c.prefer = WHEN_PAST;
    if (is_open_or_range(v) || !when_bounds(&back, v, &from, &until))
        return false;
    out->date = DATE_DONE;
    out->kind = WHEN_OPEN_AFTER;
    out->from = arg >= 1 || is_exact(v) ? from : until;
    out->grain = v->grain;
    return true;
}

bool when_before(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    const WhenValue *v = k[n - 1].v;
    int64_t from, until;
    if (is_open_or_range(v) || !when_bounds(s, v, &from, &until))
        return false;
    out->date = DATE_DONE;
    out->kind = WHEN_OPEN_BEFORE;
    out->until = arg == 1 && !is_exact(v) ? until : from;
    out->grain = v->grain;
    out->deadline = true;
    return true;
}

bool when_to_date(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(arg);
    UNUSED(n);
    WhenContext c = *s->c;
    WhenSense back = *s;
    int64_t from, until;
    c.prefer = WHEN_PAST;
    back.c = &c;
    if (is_open_or_range(k[0].v) || !when_bounds(&back, k[0].v, &from, &until))
        return false;
    out->date = DATE_DONE;
    out->kind = WHEN_RANGE;
    out->from = from;
    out->until = s->c->now_ms;
    out->grain = GRAIN_DAY;
    return from < out->until;
}

bool when_so_far(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(k);
    UNUSED(n);
    int32_t from, until;
    WhenValue unit = {.weekday = -1, .zone = WHEN_NO_ZONE};
    if (!when_unit_span(s, arg, 0, &from, &until))
        return false;
    when_set_span(&unit, from, until, when_unit_grain(arg));
    const WhenKid one = {&unit, 0, 0};
    return when_to_date(s, 0, &one, 1, out);
}

bool when_far_after(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    WhenValue then = {.weekday = -1, .zone = WHEN_NO_ZONE};
    const WhenKid one = {&then, 0, 0};
    if (!when_shift(s, arg, k, n, &then))
        return false;
    return arg > 0 ? when_after(s, 1, &one, 1, out) : when_before(s, 0, &one, 1, out);
}

bool when_after_duration(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(arg);
    UNUSED(n);
    out->date = DATE_DONE;
    out->kind = WHEN_OPEN_AFTER;
    out->from = when_move(s->c->zone, s->c->now_ms, k[0].v, 1);
    out->grain = k[0].v->grain <= GRAIN_HOUR ? GRAIN_MINUTE : GRAIN_HOUR;
    return true;
}

static bool time_of_date(WhenSense *s, const WhenKid *k, size_t n, WhenValue *both)
{
    memset(both, 0, sizeof *both);
    both->weekday = -1;
    both->zone = WHEN_NO_ZONE;
    if (k[0].v->time == TIME_PART) /* "this evening by eight" */
        return when_time_in_part(s, 0, k, n, both);
    return when_join(s, 0, k, n, both);
}

bool when_before_on(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    WhenValue both;
    const WhenKid one = {&both, 0, 0};
    return time_of_date(s, k, n, &both) && when_before(s, arg, &one, 1, out);
}

bool when_after_on(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    WhenValue both;
    const WhenKid one = {&both, 0, 0};
    return time_of_date(s, k, n, &both) && when_after(s, arg, &one, 1, out);
}
