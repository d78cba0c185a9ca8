#include <math.h>

#include "text/when_mean.h"
#include "text/when_resolve.h"

#define UNUSED(x) (void)(x)
/* Durations are of things people plan: a hundred years is enough, and nothing overflows. */
#define MAX_QUANTITY 40000

bool when_same(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(s);
    UNUSED(arg);
    *out = *k[n - 1].v;
    return true;
}

bool when_sure(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(s);
    UNUSED(arg);
    *out = *k[n - 1].v;
    out->weak = false;
    return true;
}

bool when_closing(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    return s->closing[k[n - 1].end - 1] && when_same(s, arg, k, n, out);
}

bool when_unsure(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(s);
    UNUSED(arg);
    *out = *k[n - 1].v;
    out->weak = true;
    return true;
}

bool when_constant(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(s);
    UNUSED(k);
    UNUSED(n);
    out->num = arg;
    return true;
}

bool when_times(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(s);
    UNUSED(n);
    if (k[0].v->digits)
        return false;
    out->num = k[0].v->num * arg;
    return true;
}

bool when_sum(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(arg);
    UNUSED(n);
    if (k[0].v->digits || k[1].v->digits || s->comma[k[1].at])
        return false;
    out->num = k[0].v->num + k[1].v->num;
    return true;
}

bool when_ordinal(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(s);
    UNUSED(arg);
    UNUSED(n);
    if (k[0].v->digits == 0 || k[0].v->digits > 3 || k[0].v->num < 1 || k[0].v->num > 366)
        return false;
    out->num = k[0].v->num;
    return true;
}

bool when_year(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(s);
    UNUSED(arg);
    UNUSED(n);
    if (k[0].v->num < 1000 || k[0].v->num > 2999 || k[0].v->num != floor(k[0].v->num))
        return false;
    out->num = k[0].v->num;
    out->digits = k[0].v->digits;
    return true;
}

bool when_year_pair(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(arg);
    UNUSED(n);
    if (k[0].v->num < 10 || k[0].v->num > 29 || k[1].v->num < 10 || s->comma[k[1].at])
        return false;
    out->num = k[0].v->num * 100 + k[1].v->num;
    return true;
}

bool when_last_ordinal(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(s);
    UNUSED(arg);
    UNUSED(n);
    out->num = -k[0].v->num;
    return true;
}

bool when_quantity(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(s);
    UNUSED(k);
    UNUSED(n);
    out->num = arg / 100.0;
    return true;
}

bool when_decimal(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(s);
    UNUSED(arg);
    UNUSED(n);
    double part = (double)k[0].v->until;
    for (int i = 0; i < k[0].v->days; i++)
        part /= 10;
    out->num = (double)k[0].v->from + part;
    return true;
}

bool when_fraction(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(s);
    UNUSED(arg);
    UNUSED(n);
    if (k[0].v->until < 2 || k[0].v->until > 8 || k[0].v->from >= k[0].v->until)
        return false;
    out->num = (double)k[0].v->from / (double)k[0].v->until;
    return true;
}

bool when_mixed(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(n);
    if (!when_fraction(s, arg, k + 1, 1, out))
        return false;
    out->num += k[0].v->num;
    return true;
}

bool when_and_part(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(s);
    UNUSED(n);
    out->num = k[0].v->num + arg / 100.0;
    return true;
}

uint8_t when_unit_grain(int unit)
{
    static const uint8_t grains[] = {
        [U_SECOND] = GRAIN_SECOND, [U_MINUTE] = GRAIN_MINUTE, [U_HOUR] = GRAIN_HOUR,
        [U_DAY] = GRAIN_DAY, [U_WORKDAY] = GRAIN_DAY, [U_WEEKEND] = GRAIN_WEEKEND,
        [U_WEEK] = GRAIN_WEEK, [U_FORTNIGHT] = GRAIN_WEEK, [U_MONTH] = GRAIN_MONTH,
        [U_QUARTER] = GRAIN_QUARTER, [U_HALF_YEAR] = GRAIN_QUARTER, [U_YEAR] = GRAIN_YEAR,
        [U_DECADE] = GRAIN_YEAR, [U_NIGHT] = GRAIN_DAY};
    return grains[unit];
}

/* `num` units into *out. Half a month is fifteen days, half a year six months. */
static bool add_units(double num, int unit, WhenValue *out)
{
    static const int32_t ms[] = {[U_SECOND] = 1000, [U_MINUTE] = 60000, [U_HOUR] = 3600000};
    static const int8_t days[] = {[U_DAY] = 1, [U_WORKDAY] = 1, [U_WEEKEND] = 7, [U_WEEK] = 7,
                                  [U_FORTNIGHT] = 14, [U_NIGHT] = 1, [U_DECADE] = 0};
    static const int8_t months[] = {[U_MONTH] = 1, [U_QUARTER] = 3, [U_HALF_YEAR] = 6,
                                    [U_YEAR] = 12, [U_DECADE] = 120};
    if (num < 0 || num > MAX_QUANTITY)
        return false;
    if (unit <= U_HOUR) {
        out->ms += (int64_t)llround(num * ms[unit]);
    } else if (days[unit]) {
        double whole = floor(num * days[unit]);
        out->days += (int32_t)whole;
        out->ms += (int64_t)llround((num * days[unit] - whole) * 86400000);
    } else {
        double whole = floor(num * months[unit] + 1e-9);
        if (whole > MAX_QUANTITY)
            return false;
        out->months += (int32_t)whole;
        out->days += (int32_t)llround((num * months[unit] - whole) * 30);
    }
    return true;
}

bool when_duration(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(s);
    UNUSED(n);
    int unit = (int)k[1].v->num;
    out->kind = WHEN_DURATION;
    out->grain = when_unit_grain(unit);
    out->sec = unit; /* the smallest unit said */
    out->weak = arg == 1;
    return add_units(k[0].v->num, unit, out);
}

bool when_hours_minutes(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    const WhenValue *hours = k[0].v, *minutes = k[1].v;
    if (n != 2 || hours->digits == 0 || hours->digits > 2 || hours->num > arg ||
        minutes->digits != 2 || minutes->num > 59 || !s->glued[k[1].at])
        return false;
    out->kind = WHEN_DURATION;
    out->grain = GRAIN_MINUTE;
    out->sec = U_MINUTE;
    out->ms = (int64_t)(hours->num * 60 + minutes->num) * 60000;
    return true;
}

bool when_duration_of(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(s);
    int unit = (int)k[n - 1].v->num;
    out->kind = WHEN_DURATION;
    out->grain = when_unit_grain(unit);
    out->sec = unit;
    return add_units(arg / 100.0, unit, out);
}

bool when_duration_and(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(s);
    UNUSED(n);
    *out = *k[0].v;
    out->weak = false;
    return add_units(arg / 100.0, out->sec, out);
}

bool when_duration_sum(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(s);
    UNUSED(arg);
    UNUSED(n);
    const WhenValue *a = k[0].v, *b = k[1].v;
    if (b->sec >= a->sec)
        return false;
    *out = *a;
    out->months += b->months;
    out->days += b->days;
    out->ms += b->ms;
    out->sec = b->sec;
    out->grain = b->grain;
    out->weak = a->weak && b->weak;
    return true;
}

int64_t when_move(const Zone *z, int64_t ms, const WhenValue *duration, int sign)
{
    When d = {.months = sign * duration->months, .days = sign * duration->days,
              .ms = sign * duration->ms};
    return when_add(z, ms, &d);
}
