/* Periods and distances beyond those of the calendar's own units: seasons, halves, decades,
 * centuries; what is before or less than something. */
#include <math.h>

#include "text/when_holiday.h"
#include "text/when_mean.h"
#include "text/when_resolve.h"

#define UNUSED(x) (void)(x)

/* Whether what was said ends behind token `at`, which a rule's word stands on. */
static bool closes_at(const WhenSense *s, size_t at)
{
    return s->closing[at];
}

bool when_short_year(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(arg);
    UNUSED(n);
    int year = when_full_year(s, (int64_t)k[0].v->num, 2);
    out->num = year > s->now.year + 20 ? year - 100 : year; /* the summer of '69 */
    out->digits = 2;
    return true;
}

bool when_era(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(n);
    double year = k[0].v->num + arg;
    /* "8 AD" ends a clause; "3 ad campaigns" does not. */
    if (!closes_at(s, k[0].end) || k[0].v->digits == 0 || year != floor(year) ||
        year < WHEN_FIRST_YEAR || year > 2999 || (arg && k[0].v->num < 2400))
        return false;
    out->num = year;
    out->digits = 4;
    return true;
}

static bool set_years(int from, int years, WhenValue *out)
{
    if (from < WHEN_FIRST_YEAR || from + years > WHEN_LAST_YEAR)
        return false;
    when_set_span(out, when_day(from, 1, 1), when_day(from + years, 1, 1), GRAIN_YEAR);
    out->kind = WHEN_RANGE;
    return true;
}

bool when_century(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    if (n == 0)
        return set_years((s->now.year / 100 + arg) * 100, 100, out);
    return k[0].v->num >= 1 && set_years(((int)k[0].v->num - 1) * 100, 100, out);
}

bool when_decade_word(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(s);
    UNUSED(arg);
    int century = n > 1 ? (int)k[0].v->num : 19;
    if (n > 1 && (k[0].v->digits || century < 10 || century > 29))
        return false;
    return set_years(century * 100 + (int)k[n - 1].v->num, 10, out);
}

bool when_half(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    const WhenValue *half = k[arg == 1 ? 1 : 0].v;
    int32_t from, until;
    int nth = (int)half->num, year = s->now.year;
    if (half->num != floor(half->num) || nth == 0 || nth < -2 || nth > 2)
        return false;
    nth = nth < 0 ? nth + 3 : nth;
    if (n > 1) {
        const WhenValue *whole = k[arg == 1 ? 0 : 1].v;
        if (whole->time != TIME_NONE || !when_span(s, whole, &from, &until))
            return false;
        if (whole->grain == GRAIN_MONTH && until - from <= 31) {
            when_set_span(out, nth == 1 ? from : from + 15, nth == 1 ? from + 15 : until,
                          GRAIN_DAY);
            out->kind = WHEN_RANGE;
            return true;
        }
        if (whole->grain != GRAIN_YEAR || until - from > 366)
            return false;
        year = when_civil(from).year;
    }
    from = when_day(year, nth == 1 ? 1 : 7, 1);
    when_set_span(out, from, when_month_begin(from, 6), GRAIN_QUARTER);
    out->kind = WHEN_RANGE;
    return true;
}

bool when_season_near(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    static const uint8_t seasons[] = {HOL_SPRING, HOL_SUMMER, HOL_AUTUMN, HOL_WINTER};
    int32_t from = 0, until = 0, begin, end;
    UNUSED(k);
    UNUSED(n);
    /* The one that began last, and so many on. */
    for (int i = 0; i < 12; i++) {
        if (!when_holiday(seasons[i % 4], s->now.year - 1 + i / 4, &begin, &end) ||
            begin > s->today)
            break;
        int to = i + arg;
        if (to < 0 || !when_holiday(seasons[to % 4], s->now.year - 1 + to / 4, &from, &until))
            return false;
    }
    when_set_span(out, from, until, GRAIN_DAY);
    out->kind = WHEN_RANGE;
    return from < until;
}

bool when_this_unit(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    const WhenValue unit = {.num = arg};
    const WhenKid one = {&unit, 0, 0};
    UNUSED(k);
    UNUSED(n);
    return when_unit_near(s, 0, &one, 1, out);
}

bool when_unit_beside(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    int unit = (int)k[0].v->num;
    int32_t from, until;
    UNUSED(n);
    if (!closes_at(s, k[0].end) || !when_unit_span(s, unit, arg, &from, &until))
        return false;
    when_set_span(out, from, until, when_unit_grain(unit));
    return true;
}

bool when_dangling(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    return closes_at(s, k[0].end) && when_from_now(s, arg, k, n, out);
}

bool when_ahead(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    double count = k[0].v->num;
    UNUSED(arg);
    return n == 2 && count >= 2 && count <= 1000 && count == floor(count) &&
           (int)k[1].v->num >= U_DAY && when_unit_near(s, (int)count, k + 1, 1, out);
}

bool when_bare_minutes(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    double minutes = k[0].v->num;
    UNUSED(arg);
    UNUSED(n);
    if (!closes_at(s, k[0].end - 1u) || minutes < 1 || minutes > 120 || minutes != floor(minutes) ||
        k[0].v->digits > 3)
        return false;
    out->date = DATE_INSTANT;
    out->ms = s->c->now_ms + (int64_t)minutes * 60000;
    out->grain = GRAIN_SECOND;
    return true;
}

bool when_part_edge(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    static const struct {
        uint8_t whole, early, late;
    } edges[] = {{PART_MORNING, PART_EARLY, PART_FORENOON},
                 {PART_AFTERNOON, PART_AFTERNOON, PART_LATE_AFTERNOON},
                 {PART_EVENING, PART_EVENING, PART_LATE_EVENING},
                 {PART_NIGHT, PART_NIGHT, PART_LATE_EVENING},
                 {PART_TONIGHT, PART_TONIGHT, PART_LATE_EVENING}};
    UNUSED(n);
    *out = *k[0].v;
    if (out->time != TIME_PART)
        return true;
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        WhenValue whole, edge;
        if (when_part(s, edges[i].whole, k, 0, &whole) && whole.sec == out->sec &&
            whole.sec_end == out->sec_end &&
            when_part(s, arg ? edges[i].late : edges[i].early, k, 0, &edge)) {
            out->sec = edge.sec;
            out->sec_end = edge.sec_end;
            break;
        }
    }
    return true;
}

bool when_day_edge(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    int32_t from, until;
    WhenValue part = {.weekday = -1, .zone = WHEN_NO_ZONE};
    UNUSED(n);
    if (k[0].v->time != TIME_NONE || k[0].v->date == DATE_INSTANT ||
        !when_span(s, k[0].v, &from, &until) || until - from != 1 ||
        !when_part(s, arg ? PART_LATE_EVENING : PART_EARLY, k, 0, &part))
        return false;
    const WhenKid both[2] = {k[0], {&part, 0, 0}};
    return when_join(s, 0, both, 2, out);
}

bool when_same_time(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    int32_t from, until;
    UNUSED(arg);
    UNUSED(n);
    if (k[0].v->time != TIME_NONE || !when_span(s, k[0].v, &from, &until))
        return false;
    if (k[0].v->grain == GRAIN_WEEK && until - from == 7) { /* "this time next week" */
        from += (when_weekday(s->today) + 6) % 7;
    } else if (k[0].v->grain >= GRAIN_MONTH && until - from <= 366) {
        Civil c = when_civil(from);
        int month = k[0].v->grain == GRAIN_MONTH ? c.month : s->now.month;
        int length = civil_days_in_month(c.year, month);
        from = when_day(c.year, month, s->now.day > length ? length : s->now.day);
    } else if (until - from != 1)
        return false;
    when_set_span(out, from, from + 1, GRAIN_MINUTE);
    out->time = TIME_FIXED;
    out->sec = s->now.hour * 3600 + s->now.minute * 60;
    return true;
}

bool when_less_than(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    WhenValue far = {.weekday = -1, .zone = WHEN_NO_ZONE};
    int64_t a, a_end, b, b_end;
    if (n != 2 || k[1].v->kind != WHEN_POINT || !when_shift(s, arg, k, n, &far) ||
        !when_bounds(s, k[1].v, &a, &a_end) || !when_bounds(s, &far, &b, &b_end))
        return false;
    out->date = DATE_DONE;
    out->kind = WHEN_RANGE;
    out->from = a < b ? a : b;
    out->until = a < b ? b : a;
    out->grain = far.grain;
    return out->from < out->until;
}

/* More than so long ago, or from now: open on the far side. */
bool when_beyond(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    WhenValue then = {.weekday = -1, .zone = WHEN_NO_ZONE};
    const WhenKid one = {&then, 0, 0};
    if (!when_from_now(s, arg, k, n, &then))
        return false;
    return arg > 0 ? when_after(s, 1, &one, 1, out) : when_before(s, 0, &one, 1, out);
}

bool when_month_in(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    const WhenValue *d = k[n - 1].v;
    UNUSED(arg);
    if (n != 2 || d->ms || d->days || d->months <= 0 || d->months % 12)
        return false;
    int year = s->now.year + d->months / 12;
    if (!when_real_date(year, (int)k[0].v->num, 1))
        return false;
    int32_t from = when_day(year, (int)k[0].v->num, 1);
    when_set_span(out, from, when_month_begin(from, 1), GRAIN_MONTH);
    return true;
}

bool when_weekend_of(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    int32_t from, until;
    UNUSED(arg);
    UNUSED(n);
    if (k[0].v->time != TIME_NONE || !when_span(s, k[0].v, &from, &until) || until - from != 1)
        return false;
    from += when_weekday(from) == 0 ? -1 : 6 - when_weekday(from);
    when_set_span(out, from, from + 2, GRAIN_WEEKEND);
    return true;
}

bool when_part_of_unit(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    return k[0].v->num < 1 && when_duration(s, arg, k, n, out);
}

bool when_decimal_range(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    if (k[n - 1].v->days != 1) /* "9 - 9.30" may be times */
        return false;
    return when_nothing(s, arg, k, n, out);
}

bool when_weekday_beside(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    const WhenValue *base = k[n - 1].v;
    int nth = n == 3 ? (int)k[0].v->num : 1, weekday = (int)k[n - 2].v->num;
    int32_t from, until;
    if (base->time != TIME_NONE || nth < 1 || nth > 60 || !when_span(s, base, &from, &until))
        return false;
    if (arg > 0) /* the first of them behind its last day */
        from = until + (weekday - when_weekday(until) + 7) % 7 + (nth - 1) * 7;
    else
        from = from - 1 - (when_weekday(from - 1) - weekday + 7) % 7 - (nth - 1) * 7;
    when_set_span(out, from, from + 1, GRAIN_DAY);
    return true;
}

/* The unit beside the one that holds a day, or beside a longer period. */
bool when_unit_next_to(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    int unit = (int)k[0].v->num;
    const WhenValue *base = k[n - 1].v;
    int32_t from, until, begin, end;
    if (base->time != TIME_NONE || base->kind != WHEN_POINT || unit <= U_DAY || unit == U_NIGHT ||
        !when_span(s, base, &from, &until))
        return false;
    WhenSense then = *s;
    then.today = arg > 0 ? until - 1 : from;
    then.now = when_civil(then.today);
    /* The weekend after a Monday is that of its week. */
    int step = unit == U_WEEKEND && arg > 0 && when_weekday(then.today) % 6 != 0 ? 0 : arg;
    if (!when_unit_span(&then, unit, step, &begin, &end))
        return false;
    when_set_span(out, begin, end, when_unit_grain(unit));
    return true;
}

bool when_part_beside(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    int32_t from, until;
    if (k[n - 1].v->time != TIME_NONE || !when_span(s, k[n - 1].v, &from, &until))
        return false;
    *out = *k[0].v;
    from = arg > 0 ? until : from - 1;
    when_set_span(out, from, from + 1, GRAIN_PART_OF_DAY);
    return true;
}

bool when_weekends(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    double count = k[0].v->num;
    return n == 2 && (int)k[1].v->num == U_WEEKEND && count >= 1 && count <= 100 &&
           count == floor(count) && when_unit_near(s, arg * (int)count, k + 1, 1, out);
}
