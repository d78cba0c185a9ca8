#include <math.h>
#include <stdlib.h>

#include "text/when_mean.h"
#include "text/when_resolve.h"

#define UNUSED(x) (void)(x)

int when_full_year(const WhenSense *s, int64_t year, int digits)
{
    if (digits != 2)
        return digits == 4 ? (int)year : 0;
    int full = s->now.year / 100 * 100 + (int)year;
    return full > s->now.year + 50 ? full - 100 : full <= s->now.year - 50 ? full + 100 : full;
}

bool when_date(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    int roles[4] = {0}, count = 0;
    bool doubtful = n == 1, weak = false;
    for (; arg && count < 4; arg /= 10)
        roles[count++] = arg % 10;
    if ((size_t)count != n)
        return false;
    out->date = DATE_FIELDS;
    for (size_t i = 0; i < n; i++) {
        const WhenValue *v = k[i].v;
        weak |= v->weak;
        switch (roles[count - 1 - (int)i]) {
        case 1:
            if (v->num < 1 || v->num > 12)
                return false;
            out->month = (int8_t)v->num;
            break;
        case 6:
            if (v->digits == 0)
                return false;
            out->mday = (int8_t)(v->digits > 2 ? 0 : v->num);
            break;
        case 5: /* "one may ask", "two march" */
            doubtful = v->digits == 0;
            /* fall through */
        case 2:
            if (v->digits > 2 || v->num < 1 || v->num > 99 || v->num != floor(v->num) ||
                (v->num > 31 && v->digits == 0))
                return false;
            out->mday = (int8_t)v->num;
            break;
        case 3:
            out->year = (int16_t)v->num;
            break;
        case 8: /* "14th April 15", and nothing more */
            if (!s->closing[k[i].end - 1])
                return false;
            /* fall through */
        case 7:
            if (v->digits != 2 || v->num != floor(v->num))
                return false;
            out->year = (int16_t)when_full_year(s, (int64_t)v->num, 2);
            break;
        default:
            out->weekday = (int8_t)v->num;
        }
    }
    out->weak = doubtful && weak;
    out->grain = out->mday || out->weekday >= 0 ? GRAIN_DAY : out->month ? GRAIN_MONTH : GRAIN_YEAR;
    if (!out->mday && !out->month && !out->year && out->weekday < 0)
        return false;
    /* A 30th of February is understood, and found to be no date, when it is resolved: that is
     * better than to find the February in it. */
    return true;
}

static bool set_date(WhenValue *out, int year, int month, int mday)
{
    if (!when_real_date(year ? year : 2000, month, mday))
        return false;
    out->date = DATE_FIELDS;
    out->year = (int16_t)year;
    out->month = (int8_t)month;
    out->mday = (int8_t)mday;
    out->grain = GRAIN_DAY;
    return true;
}

bool when_numbers(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(n);
    const WhenValue *v = k[0].v;
    int a = (int)v->from, b = (int)v->until, c = (int)v->ms;
    bool day_first = s->day_first || arg == 1;
    if (v->digits == 4 && v->months == 0) { /* 2026-04 */
        out->date = DATE_FIELDS;
        out->year = (int16_t)a;
        out->month = (int8_t)b;
        out->grain = GRAIN_MONTH;
        return when_real_date(a, b, 1);
    }
    if (v->digits == 4)
        return set_date(out, a, b, c) || (arg == 2 && b > 12 && set_date(out, a, c, b));
    if (v->months == 0 && v->days == 4) { /* 09/2012 */
        out->date = DATE_FIELDS;
        out->year = (int16_t)b;
        out->month = (int8_t)a;
        out->grain = GRAIN_MONTH;
        return when_real_date(b, a, 1);
    }
    int year = v->months ? when_full_year(s, c, v->months) : 0;
    if (v->days > 2 || v->digits > 2 || (v->months && !year))
        return false;
    if (set_date(out, year, day_first ? b : a, day_first ? a : b))
        return true;
    /* Only one order gives a date; of February's 29th in a year without one, neither. */
    return (day_first ? b : a) > 12 && set_date(out, year, day_first ? a : b, day_first ? b : a);
}

bool when_month_numbers(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    const WhenValue *v = k[n - 1].v;
    int year = when_full_year(s, v->until, v->days);
    (void)arg;
    return n == 2 && v->digits <= 2 && year && set_date(out, year, (int)k[0].v->num, (int)v->from);
}

bool when_join(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(arg);
    if (n != 2)
        return false;
    const WhenValue *a = k[0].v, *b = k[1].v;
    *out = *a;
    out->weak = false;
    if (a->date == DATE_INSTANT && a->grain == GRAIN_HOUR) { /* "in two days", at a time */
        int32_t from, until;
        if (!when_span(s, a, &from, &until))
            return false;
        when_set_span(out, from, until, GRAIN_DAY);
        a = out;
    }
    if (b->time != TIME_NONE) {
        if (a->time != TIME_NONE || a->date == DATE_INSTANT || b->date != DATE_NONE)
            return false;
        out->time = b->time;
        out->time_range = b->time_range;
        out->sec = b->sec;
        out->sec_end = b->sec_end;
        out->end_time = b->end_time;
        out->zone = b->zone;
        out->grain = b->grain;
        return a->date != DATE_NONE;
    }
    if (a->date == DATE_NONE && b->date != DATE_INSTANT) { /* a time, then the date */
        const WhenKid swapped[2] = {k[1], k[0]};
        return a->time != TIME_NONE && b->date != DATE_NONE && when_join(s, arg, swapped, 2, out);
    }
    if (a->date != DATE_FIELDS || b->date != DATE_FIELDS || (a->weekday >= 0 && b->weekday >= 0) ||
        (a->mday && b->mday) || (a->month && b->month) || (a->year && b->year))
        return false;
    out->weekday = a->weekday >= 0 ? a->weekday : b->weekday;
    out->mday = a->mday ? a->mday : b->mday;
    out->month = a->month ? a->month : b->month;
    out->year = a->year ? a->year : b->year;
    out->grain = GRAIN_DAY;
    return true;
}

static bool day_fits(const WhenValue *v, int32_t day)
{
    Civil c = when_civil(day);
    return (v->weekday < 0 || when_weekday(day) == v->weekday) && (!v->mday || c.day == v->mday) &&
           (!v->month || c.month == v->month);
}

bool when_in_period(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(n);
    const WhenValue *what = k[0].v, *period = k[1].v;
    WhenValue number;
    int32_t from, until;
    if (arg == 2) { /* "20 of next month" */
        memset(&number, 0, sizeof number);
        number.weekday = -1;
        number.zone = WHEN_NO_ZONE;
        if (!when_date(s, 2, k, 1, &number))
            return false;
        what = &number;
    }
    if (period->time != TIME_NONE || period->grain <= GRAIN_DAY ||
        !when_span(s, period, &from, &until))
        return false;
    *out = *what;
    out->weak = false;
    if (what->date == DATE_NONE)
        return false;
    if (what->date == DATE_HOLIDAY) {
        out->year = (int16_t)when_civil(from).year;
        return period->grain == GRAIN_YEAR && what->year == 0;
    }
    if (what->date != DATE_FIELDS || what->year)
        return false;
    if (arg == 4 && what->grain != GRAIN_MONTH)
        return false;
    if (what->grain == GRAIN_MONTH) {
        out->year = (int16_t)when_civil(from).year;
        return period->grain == GRAIN_YEAR;
    }
    if (period->grain <= GRAIN_WEEK && (what->month || what->mday))
        return false;
    for (int32_t day = from; day < until && day < from + 366; day++)
        if (day_fits(what, day)) {
            /* "the 1st of the month" that is over means the next month's. */
            if (arg == 3 && day < s->today && from <= s->today && s->today < until &&
                period->date == DATE_SPAN && s->c->prefer == WHEN_FUTURE &&
                period->grain == GRAIN_MONTH) {
                until = when_month_begin(from, 2);
                continue;
            }
            when_set_span(out, day, day + 1, what->time == TIME_NONE ? GRAIN_DAY : what->grain);
            return true;
        }
    /* A 31st of this month that has none. */
    return what->mday && !what->month && what->weekday < 0 && period->grain == GRAIN_MONTH &&
           when_nothing(s, 0, k, 0, out);
}

bool when_of_in(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    const WhenKid swapped[2] = {k[1], k[0]};
    return n == 2 && when_in_period(s, arg, swapped, 2, out);
}

bool when_nth_weekday(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(n);
    int nth = (int)k[0].v->num, weekday = (int)k[1].v->num;
    int32_t from, until, day;
    if (nth == 0 || k[2].v->grain <= GRAIN_WEEK || !when_span(s, k[2].v, &from, &until))
        return false;
    if (nth > 0)
        day = from + (weekday - when_weekday(from) + 7) % 7 + (nth - 1) * 7;
    else
        day = until - 1 - (when_weekday(until - 1) - weekday + 7) % 7 + (nth + 1) * 7;
    /* "the first Monday of the month" that is over by now means the next month's. */
    if (arg == 2 && k[2].v->date == DATE_SPAN && k[2].v->grain == GRAIN_MONTH &&
        from <= s->today && day < s->today && s->c->prefer == WHEN_FUTURE) {
        WhenValue next = *k[2].v;
        when_set_span(&next, until, when_month_begin(until, 1), GRAIN_MONTH);
        const WhenKid again[3] = {k[0], k[1], {&next, 0, 0}};
        return when_nth_weekday(s, 0, again, 3, out);
    }
    when_set_span(out, day, day + 1, GRAIN_DAY);
    return day >= from && day < until;
}

/* The nth day, week, month, quarter of a period; from its end when n is negative. The first week of
 * a month is that of its first Thursday, as weeks are counted in a year. */
bool when_nth(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(n);
    int nth = (int)k[0].v->num, unit = (int)k[1].v->num;
    int32_t from, until, at, end;
    if (nth == 0 || !when_span(s, k[2].v, &from, &until) || k[2].v->grain <= GRAIN_DAY ||
        when_unit_grain(unit) >= k[2].v->grain || unit < U_DAY ||
        (unit == U_DAY || unit == U_WORKDAY) != (arg == 1))
        return false;
    if (unit == U_WORKDAY) {
        at = nth > 0 ? from - 1 : until;
        for (int left = abs(nth); left > 0;) {
            at += nth > 0 ? 1 : -1;
            left -= when_weekday(at) % 6 != 0;
        }
        end = at + 1;
    } else if (unit == U_DAY) {
        at = nth > 0 ? from + nth - 1 : until + nth;
        end = at + 1;
    } else if (unit == U_WEEK) {
        int32_t thursday = nth > 0 ? from + (4 - when_weekday(from) + 7) % 7
                                   : until - 1 - (when_weekday(until - 1) - 4 + 7) % 7;
        at = thursday - 3 + (nth > 0 ? nth - 1 : nth + 1) * 7;
        end = at + 7;
    } else if (unit == U_WEEKEND) {
        int32_t saturday = nth > 0 ? from + (6 - when_weekday(from) + 7) % 7
                                   : until - 1 - (when_weekday(until - 1) - 6 + 7) % 7;
        at = saturday + (nth > 0 ? nth - 1 : nth + 1) * 7;
        end = at + 2;
    } else if (unit == U_MONTH || unit == U_QUARTER) {
        int months = unit == U_MONTH ? 1 : 3;
        at = when_month_begin(nth > 0 ? from : until, (nth > 0 ? nth - 1 : nth) * months);
        end = when_month_begin(at, months);
    } else {
        return false;
    }
    when_set_span(out, at, end, when_unit_grain(unit));
    return at < until && end > from;
}

bool when_first_units(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(n);
    double count = k[0].v->num;
    int unit = (int)k[1].v->num;
    int32_t from, until;
    if (count < 1 || count > 366 || !when_span(s, k[2].v, &from, &until) || unit < U_DAY ||
        when_unit_grain(unit) >= k[2].v->grain)
        return false;
    int each = unit == U_DAY ? 1 : unit == U_WEEK ? 7 : 0, c = (int)count;
    int32_t length = each * c;
    if (unit == U_MONTH)
        length = arg > 0 ? when_month_begin(from, c) - from : until - when_month_begin(until, -c);
    if (length <= 0 || length > until - from)
        return false;
    if (arg > 0)
        until = from + length;
    else
        from = until - length;
    when_set_span(out, from, until, when_unit_grain(unit));
    out->kind = WHEN_RANGE;
    return true;
}

/* Where the first and the last third or so of a period begin and end: ten days of a month (its
 * middle begins on the 10th), three of a week, four months of a year. */
static void thirds(const WhenValue *v, int32_t from, int32_t until, int which, int32_t *a,
                   int32_t *b)
{
    int length = until - from, years = v->grain == GRAIN_YEAR ? length / 365 : 1;
    if (years > 1) { /* of ten: four, three, three */
        *a = when_day(when_civil(from).year + years * 4 / 10, 1, 1);
        *b = when_day(when_civil(from).year + years * 7 / 10, 1, 1);
    } else if (v->grain == GRAIN_YEAR) {
        *a = when_month_begin(from, 4);
        *b = when_month_begin(from, 8);
    } else if (v->grain == GRAIN_WEEK && which == 1) { /* Wednesday and Thursday */
        *a = from + 2;
        *b = from + 4;
    } else {
        int32_t third = v->grain >= GRAIN_MONTH ? 10 : v->grain == GRAIN_WEEK ? 3
                                                                              : (length + 1) / 3;
        *a = from + third - (v->grain == GRAIN_MONTH && which == 1);
        *b = v->grain == GRAIN_MONTH ? from + 20 : until - third;
    }
}

bool when_edge(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    int32_t from, until, a, b;
    const WhenValue *v = k[n - 1].v;
    if (v->time != TIME_NONE || !when_span(s, v, &from, &until))
        return false;
    if (v->grain == GRAIN_DAY && until - from == 1) {
        out->date = DATE_DONE;
        int first = arg == 0 ? 6 : arg == 1 ? 11 : 17, last = arg == 0 ? 10 : arg == 1 ? 15 : 24;
        out->from = when_at(s, from, first * 3600LL, WHEN_NO_ZONE);
        out->until = when_at(s, from, last * 3600LL, WHEN_NO_ZONE);
        out->grain = GRAIN_PART_OF_DAY;
    } else {
        thirds(v, from, until, arg, &a, &b);
        when_set_span(out, arg == 0 ? from : arg == 1 ? a : b, arg == 0 ? a : arg == 1 ? b : until,
                      v->grain == GRAIN_YEAR ? GRAIN_MONTH : GRAIN_DAY);
    }
    out->kind = WHEN_RANGE;
    out->deadline = arg == 2;
    return true;
}

bool when_end_of(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(k);
    UNUSED(n);
    int32_t from, until;
    if (!when_unit_span(s, arg, 0, &from, &until))
        return false;
    WhenValue unit = {.weekday = -1, .zone = WHEN_NO_ZONE};
    when_set_span(&unit, from, until, when_unit_grain(arg));
    const WhenKid one = {&unit, 0, 0};
    return when_edge(s, 2, &one, 1, out);
}

bool when_rest(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(n);
    int64_t from, until;
    const WhenValue *v = k[0].v;
    if (!when_bounds(s, v, &from, &until))
        return false;
    int32_t day = s->today, a, b;
    out->kind = WHEN_RANGE;
    if (v->time != TIME_NONE || !when_span(s, v, &a, &b) || b - a < 2) {
        bool in = s->c->now_ms > from && s->c->now_ms < until;
        out->date = DATE_DONE;
        out->from = in && arg != 1 ? s->c->now_ms : from;
        out->until = in && arg == 1 ? s->c->now_ms : until;
        out->grain = GRAIN_PART_OF_DAY;
        return true;
    }
    if (arg == 1 && day > a && day < b) { /* what is over of it */
        when_set_span(out, a, day, GRAIN_DAY);
        return true;
    }
    if (arg == 2 && b - day > 1 && day >= a)
        day++; /* later this week: not today */
    when_set_span(out, day > a && day < b ? day : a, b, GRAIN_DAY);
    return true;
}

bool when_week_of(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(arg);
    int32_t from, until;
    const WhenValue *v = k[n - 1].v;
    if (v->time != TIME_NONE || !when_span(s, v, &from, &until) || until - from != 1)
        return false;
    from -= (when_weekday(from) + 6) % 7;
    when_set_span(out, from, from + 7, GRAIN_WEEK);
    return true;
}

bool when_week_number(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(arg);
    double week = k[0].v->num;
    int year = s->now.year;
    int32_t from, until;
    if (n > 1) {
        if (!when_span(s, k[1].v, &from, &until) || k[1].v->grain != GRAIN_YEAR)
            return false;
        year = when_civil(from).year;
    }
    if (week < 1 || week > 53 || week != floor(week) || k[0].v->digits > 2)
        return false;
    int32_t fourth = when_day(year, 1, 4); /* always in week 1 */
    from = fourth - (when_weekday(fourth) + 6) % 7 + ((int)week - 1) * 7;
    when_set_span(out, from, from + 7, GRAIN_WEEK);
    return true;
}

bool when_quarter(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    double q = k[arg == 1 ? 1 : 0].v->num;
    int year = s->now.year;
    int32_t from, until;
    if (q < 1 || q > 4 || q != floor(q))
        return false;
    if (n > 1) {
        const WhenValue *y = k[arg == 1 ? 0 : 1].v;
        if (y->grain != GRAIN_YEAR || !when_span(s, y, &from, &until))
            return false;
        year = when_civil(from).year;
    }
    from = when_day(year, (int)q * 3 - 2, 1);
    when_set_span(out, from, when_month_begin(from, 3), GRAIN_QUARTER);
    return true;
}
