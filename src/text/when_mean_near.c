/* Dates that are said by their distance from now or from another date. */
#include <math.h>
#include <stdlib.h>

#include "text/when_holiday.h"
#include "text/when_mean.h"
#include "text/when_resolve.h"

#define UNUSED(x) (void)(x)

void when_set_span(WhenValue *out, int32_t from, int32_t until, uint8_t grain)
{
    out->date = DATE_SPAN;
    out->day = from;
    out->day_end = until;
    out->year = 0;
    out->month = out->mday = 0;
    out->weekday = -1;
    out->grain = grain;
}

static int32_t this_monday(const WhenSense *s)
{
    return s->today - (when_weekday(s->today) + 6) % 7;
}

bool when_relative_day(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(k);
    UNUSED(n);
    when_set_span(out, s->today + arg, s->today + arg + 1, GRAIN_DAY);
    return true;
}

bool when_week_day(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(n);
    int32_t day = this_monday(s) + arg * 7 + ((int)k[0].v->num + 6) % 7;
    when_set_span(out, day, day + 1, GRAIN_DAY);
    return true;
}

bool when_near_weekday(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(n);
    int ahead = ((int)k[0].v->num - when_weekday(s->today) + 7) % 7;
    int32_t day;
    if (arg == 0)
        day = s->today + ahead;
    else if (arg > 0)
        day = s->today + (ahead ? ahead : 7) + (arg - 1) * 7;
    else
        day = s->today + ahead - 7 + (arg + 1) * 7;
    when_set_span(out, day, day + 1, GRAIN_DAY);
    return true;
}

bool when_month_near(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(n);
    int month = (int)k[0].v->num, year = s->now.year;
    if (arg > 0 && month <= s->now.month)
        year++;
    if (arg < 0 && month >= s->now.month)
        year--;
    int32_t from = when_day(year, month, 1);
    when_set_span(out, from, when_month_begin(from, 1), GRAIN_MONTH);
    return true;
}

bool when_unit_span(const WhenSense *s, int unit, int n, int32_t *from, int32_t *until)
{
    int32_t monday = this_monday(s), first = when_month_begin(s->today, 0);
    int year = s->now.year;
    switch ((WhenUnit)unit) {
    case U_DAY:
    case U_NIGHT:
        *from = s->today + n;
        *until = *from + 1;
        return true;
    case U_WORKDAY:
        *from = s->today + n;
        while (when_weekday(*from) % 6 == 0)
            *from += n < 0 ? -1 : 1;
        *until = *from + 1;
        return true;
    case U_WEEK:
    case U_FORTNIGHT:
        *from = monday + n * (unit == U_WEEK ? 7 : 14);
        *until = *from + (unit == U_WEEK ? 7 : 14);
        return true;
    case U_WEEKEND:
        *from = monday + 5 + n * 7;
        *until = *from + 2;
        return true;
    case U_MONTH:
        *from = when_month_begin(first, n);
        *until = when_month_begin(first, n + 1);
        return true;
    case U_QUARTER:
    case U_HALF_YEAR: {
        int months = unit == U_QUARTER ? 3 : 6;
        *from = when_month_begin(first, n * months - (s->now.month - 1) % months);
        *until = when_month_begin(*from, months);
        return true;
    }
    case U_YEAR:
    case U_DECADE: {
        int years = unit == U_YEAR ? 1 : 10;
        year = (year - year % years) + n * years;
        if (year < WHEN_FIRST_YEAR || year + years > WHEN_LAST_YEAR)
            return false;
        *from = when_day(year, 1, 1);
        *until = when_day(year + years, 1, 1);
        return true;
    }
    case U_SECOND:
    case U_MINUTE:
    case U_HOUR:
        break;
    }
    return false;
}

bool when_unit_near(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(n);
    int unit = (int)k[0].v->num;
    int32_t from, until;
    if (unit <= U_HOUR) {
        static const int64_t ms[] = {1000, 60000, 3600000};
        out->date = DATE_INSTANT;
        out->ms = s->c->now_ms + arg * ms[unit];
        out->grain = when_unit_grain(unit);
        return arg != 0;
    }
    /* "the last day" is of something, "last night" a part of a day. */
    if (unit == U_NIGHT || (unit == U_DAY && arg < 0) ||
        !when_unit_span(s, unit, arg, &from, &until))
        return false;
    when_set_span(out, from, until, when_unit_grain(unit));
    if (until - from == 14 || unit == U_DECADE)
        out->kind = WHEN_RANGE;
    return true;
}

bool when_units_near(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(n);
    double count = k[0].v->num;
    int unit = (int)k[1].v->num;
    int32_t from, until, skip;
    if (count < 1 || count > 1000 || count != floor(count))
        return false;
    out->kind = WHEN_RANGE;
    if (unit <= U_HOUR) {
        static const int64_t ms[] = {1000, 60000, 3600000};
        int64_t span = (int64_t)count * ms[unit], now = s->c->now_ms;
        out->date = DATE_DONE;
        out->from = arg > 0 ? now : now - span;
        out->until = arg > 0 ? now + span : now;
        out->grain = when_unit_grain(unit);
        return true;
    }
    if (unit == U_WORKDAY) {
        int left = (int)count;
        int32_t day = s->today;
        while (left > 0) {
            day += arg;
            left -= when_weekday(day) % 6 != 0;
        }
        if (arg > 0)
            when_set_span(out, s->today + 1, day + 1, GRAIN_DAY);
        else
            when_set_span(out, day, s->today, GRAIN_DAY);
        return true;
    }
    if (unit == U_WEEK || unit == U_FORTNIGHT) { /* so many days, up to today or from tomorrow */
        int32_t length = (int32_t)count * (unit == U_WEEK ? 7 : 14), begin = s->today + 1;
        begin = arg > 0 ? begin : s->today - length;
        when_set_span(out, begin, begin + length, GRAIN_DAY);
        return true;
    }
    /* Whole months and years that do not hold today. */
    if (!when_unit_span(s, unit, arg, &from, &until) ||
        !when_unit_span(s, unit, arg * (int)count, arg > 0 ? &skip : &from,
                        arg > 0 ? &until : &skip))
        return false;
    when_set_span(out, from, until, when_unit_grain(unit));
    return from < until;
}

/* Hours and days are reckoned from this moment, longer durations from today. */
bool when_from_now(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    const WhenValue *d = k[n - 1].v;
    if (arg == -2 && !s->glued[k[0].at]) /* "-5d", but not "stay - 5 days" */
        return false;
    arg = arg < 0 ? -1 : 1;
    int64_t at = when_move(s->c->zone, s->c->now_ms, d, arg);
    if (d->ms == 0 && d->sec > U_NIGHT)
        return false;
    bool days = d->ms == 0 && d->days % 7 != 0;
    if (d->ms == 0 && !days) {
        Civil c = zone_civil(s->c->zone, at);
        int32_t day = when_day(c.year, c.month, c.day);
        when_set_span(out, day, day + 1, GRAIN_DAY);
        return true;
    }
    out->date = DATE_INSTANT;
    out->ms = at;
    out->grain = days ? GRAIN_HOUR : GRAIN_SECOND;
    if (!days && d->sec == U_HOUR && d->ms % 3600000 == 0)
        out->grain = GRAIN_MINUTE;
    return true;
}

bool when_shift(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    const WhenValue *d = k[0].v, *base = k[n - 1].v;
    int64_t from, until;
    int32_t day, end;
    if (n != 2 || base->kind == WHEN_RECURRENCE || base->kind == WHEN_OPEN_AFTER ||
        base->kind == WHEN_OPEN_BEFORE)
        return false;
    if (base->time == TIME_NONE && base->date != DATE_INSTANT && d->ms == 0) {
        if (!when_span(s, base, &day, &end))
            return false;
        if (arg > 0 && end - day > 1)
            day = end - 1;
        int64_t at = when_move(s->c->zone, when_at(s, day, 43200, WHEN_NO_ZONE), d, arg);
        Civil c = zone_civil(s->c->zone, at);
        day = when_day(c.year, c.month, c.day);
        when_set_span(out, day, day + 1, GRAIN_DAY);
        return true;
    }
    if (!when_bounds(s, base, &from, &until))
        return false;
    out->date = DATE_INSTANT;
    out->ms = when_move(s->c->zone, from, d, arg);
    out->grain = d->sec <= U_SECOND ? GRAIN_SECOND : GRAIN_MINUTE;
    return true;
}

bool when_day_shift(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    int32_t from, until;
    const WhenValue *v = k[n - 1].v;
    if (v->time != TIME_NONE || v->date == DATE_INSTANT || !when_span(s, v, &from, &until) ||
        until - from > 10)
        return false;
    int32_t day = arg > 0 ? until - 1 + arg : from + arg;
    when_set_span(out, day, day + 1, GRAIN_DAY);
    return true;
}

bool when_nearest(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(arg);
    UNUSED(n);
    int32_t from, until;
    if (!when_span(s, k[1].v, &from, &until))
        return false;
    int ahead = ((int)k[0].v->num - when_weekday(from) + 7) % 7;
    from += ahead > 3 ? ahead - 7 : ahead;
    when_set_span(out, from, from + 1, GRAIN_DAY);
    return true;
}

bool when_holiday_day(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(s);
    UNUSED(k);
    UNUSED(n);
    out->date = DATE_HOLIDAY;
    out->holiday = (uint8_t)arg;
    out->grain = GRAIN_DAY;
    return true;
}

bool when_holiday_near(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(n);
    int32_t from, until;
    for (int i = -1; i < 9; i++) {
        int year = s->now.year + arg * i;
        if (when_holiday(k[0].v->holiday, year, &from, &until) &&
            (arg > 0 ? from > s->today : until <= s->today)) {
            when_set_span(out, from, until, GRAIN_DAY);
            return true;
        }
    }
    return false;
}

bool when_holiday_years(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(n);
    const WhenValue *d = k[1].v;
    *out = *k[0].v;
    if (arg == 0) { /* the year itself */
        out->year = (int16_t)d->num;
        return k[0].v->year == 0;
    }
    if (d->months % 12 != 0 || d->days || d->ms || out->year)
        return false;
    int year = s->now.year + arg * (d->months / 12);
    out->year = (int16_t)year;
    return year >= WHEN_FIRST_YEAR && year <= WHEN_LAST_YEAR;
}

bool when_nothing(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(s);
    UNUSED(arg);
    UNUSED(k);
    UNUSED(n);
    out->date = DATE_FIELDS; /* a day that does not exist: it takes the words, and is dropped */
    out->month = 2;
    out->mday = 30;
    return true;
}

bool when_now(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    if (arg == 1 && n > 0 && !s->closing[k[0].end - 1])
        return false;
    out->date = DATE_INSTANT;
    out->ms = s->c->now_ms;
    out->grain = GRAIN_SECOND;
    return true;
}

bool when_work_week(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(k);
    UNUSED(n);
    when_set_span(out, this_monday(s) + arg * 7, this_monday(s) + arg * 7 + 5, GRAIN_DAY);
    out->kind = WHEN_RANGE;
    return true;
}

bool when_weekday_count(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    double count = k[0].v->num;
    return count >= 1 && count <= 100 && count == floor(count) &&
           when_near_weekday(s, arg * (int)count, k + 1, n - 1, out);
}

bool when_decade(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(s);
    UNUSED(arg);
    UNUSED(n);
    int year = (int)k[0].v->num;
    if (k[0].v->digits != 2 && k[0].v->digits != 4)
        return false;
    if (k[0].v->digits == 2)
        year += year >= 30 ? 1900 : 2000;
    when_set_span(out, when_day(year, 1, 1), when_day(year + 10, 1, 1), GRAIN_YEAR);
    out->kind = WHEN_RANGE;
    return year % 10 == 0 && year >= 1000;
}

/* The Saturday and Sunday nearest to it, and the holiday itself when it is beside them. */
bool when_holiday_weekend(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(arg);
    WhenValue v = *k[0].v;
    int32_t day, until;
    if (n > 1)
        v.year = (int16_t)k[1].v->num;
    if (!when_span(s, &v, &day, &until))
        return false;
    int weekday = when_weekday(day);
    int32_t saturday = day + (weekday <= 2 ? -1 - weekday : 6 - weekday);
    when_set_span(out, weekday == 5 ? day : saturday, weekday == 1 ? day + 1 : saturday + 2,
                  GRAIN_WEEKEND);
    return true;
}

bool when_weekday_after(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    WhenValue then = {.weekday = -1, .zone = WHEN_NO_ZONE};
    int32_t from, until;
    const WhenKid *duration = &k[abs(arg) == 2 ? 0 : 1], *day = &k[abs(arg) == 2 ? 1 : 0];
    if (n != 2 || duration->v->ms || !when_from_now(s, arg < 0 ? -1 : 1, duration, 1, &then) ||
        !when_span(s, &then, &from, &until))
        return false;
    from += ((int)day->v->num + 6) % 7 - (when_weekday(from) + 6) % 7;
    when_set_span(out, from, from + 1, GRAIN_DAY);
    return true;
}
