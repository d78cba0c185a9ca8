#include <math.h>
#include <stdio.h>

#include "text/when_holiday.h"
#include "text/when_mean.h"
#include "text/when_resolve.h"

#define UNUSED(x) (void)(x)
#define WORK_DAYS 0x3E
#define WEEKEND_DAYS 0x41
/* Days looked at for the first one of a rule: the 29th of February is at most eight years away. */
#define SEARCH_DAYS (8 * 366 + 1)

static bool is_unit_of_hours(int freq)
{
    return freq == U_MINUTE || freq == U_HOUR;
}

bool when_every_unit(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(s);
    int unit = (int)k[n - 1].v->num, interval = arg ? arg : 1;
    out->kind = WHEN_RECURRENCE;
    out->grain = when_unit_grain(unit);
    switch ((WhenUnit)unit) {
    case U_MINUTE:
    case U_HOUR:
    case U_DAY:
    case U_WEEK:
    case U_MONTH:
    case U_YEAR:
        break;
    case U_WORKDAY:
        out->rep.weekdays = WORK_DAYS;
        unit = U_WEEK;
        if (interval != 1)
            return false;
        break;
    case U_WEEKEND:
        out->rep.weekdays = WEEKEND_DAYS;
        unit = U_WEEK;
        break;
    case U_FORTNIGHT:
        unit = U_WEEK;
        interval *= 2;
        break;
    case U_QUARTER:
    case U_HALF_YEAR:
        interval *= unit == U_QUARTER ? 3 : 6;
        unit = U_MONTH;
        break;
    case U_DECADE:
        interval *= 10;
        unit = U_YEAR;
        break;
    case U_NIGHT:
        unit = U_DAY;
        out->time = TIME_FIXED;
        out->sec = 21 * 3600;
        break;
    case U_SECOND:
        return false;
    }
    out->rep.freq = (uint8_t)unit;
    out->rep.interval = (int16_t)interval;
    return interval > 0 && interval <= 1000;
}

bool when_every_units(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    const WhenValue *d = k[0].v;
    if (n == 2)
        return d->num == floor(d->num) && d->num >= 1 && d->num <= 1000 &&
               when_every_unit(s, (int)d->num * (arg ? arg : 1), k + 1, 1, out);
    /* A duration: of one kind of unit. */
    out->kind = WHEN_RECURRENCE;
    out->grain = d->grain;
    int64_t interval = d->ms / 60000;
    out->rep.freq = U_MINUTE;
    if ((d->ms != 0) + (d->days != 0) + (d->months != 0) != 1)
        return false;
    if (d->ms && d->ms % 3600000 == 0) {
        interval = d->ms / 3600000;
        out->rep.freq = U_HOUR;
    } else if (d->days) {
        out->rep.freq = d->days % 7 ? U_DAY : U_WEEK;
        interval = d->days % 7 ? d->days : d->days / 7;
    } else if (d->months) {
        out->rep.freq = d->months % 12 ? U_MONTH : U_YEAR;
        interval = d->months % 12 ? d->months : d->months / 12;
    }
    out->rep.interval = (int16_t)interval;
    return interval >= 1 && interval <= 1000;
}

bool when_every_word(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(k);
    UNUSED(n);
    int number = arg / 100;
    const WhenValue unit = {.num = number};
    const WhenKid one = {&unit, 0, 0};
    return when_every_unit(s, arg % 100, &one, 1, out);
}

bool when_every_minutes(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    return when_every_word(s, U_MINUTE * 100 + arg, k, n, out);
}

static uint8_t weekdays_of(const WhenValue *v)
{
    return v->rep.weekdays ? v->rep.weekdays : (uint8_t)(1 << (int)v->num);
}

bool when_every_weekday(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(s);
    out->kind = WHEN_RECURRENCE;
    out->grain = GRAIN_DAY;
    out->rep.freq = U_WEEK;
    out->rep.interval = (int16_t)(arg ? arg : 1);
    if (n == 2) { /* "every second Monday", "every 3 Fridays" */
        if (k[0].v->num < 1 || k[0].v->num > 52)
            return false;
        out->rep.interval = (int16_t)k[0].v->num;
    }
    out->rep.weekdays = weekdays_of(k[n - 1].v);
    return true;
}

bool when_weekday_set(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(s);
    UNUSED(n);
    out->rep.weekdays = weekdays_of(k[0].v) | weekdays_of(k[1].v);
    if (arg == 1)
        for (int d = (int)k[0].v->num; d != (int)k[1].v->num; d = (d + 1) % 7)
            out->rep.weekdays |= (uint8_t)(1 << d);
    return true;
}

bool when_every_set(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(s);
    UNUSED(k);
    UNUSED(n);
    out->kind = WHEN_RECURRENCE;
    out->grain = GRAIN_DAY;
    out->rep.freq = U_WEEK;
    out->rep.interval = 1;
    out->rep.weekdays = (uint8_t)arg;
    return true;
}

bool when_every_nth(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(s);
    int nth = (int)k[0].v->num;
    out->kind = WHEN_RECURRENCE;
    out->grain = GRAIN_DAY;
    out->rep.freq = U_MONTH;
    out->rep.interval = (int16_t)(arg > 0 ? arg : 1);
    if (n == 1 || arg == -1) { /* the 15th, the last day */
        out->rep.mday = (int8_t)nth;
        return nth >= -1 && nth != 0 && nth <= 31;
    }
    out->rep.weekdays = (uint8_t)(1 << (int)k[1].v->num);
    if (arg == 0 && nth == 2) { /* "every second Friday", of no month: every other one */
        out->rep.freq = U_WEEK;
        out->rep.interval = 2;
        return true;
    }
    out->rep.nth = (int8_t)nth;
    return nth != 0 && nth >= -1 && nth <= 5;
}

bool when_every_date(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    const WhenValue *v = k[n - 1].v;
    int32_t from, until;
    out->kind = WHEN_RECURRENCE;
    out->grain = GRAIN_DAY;
    out->rep.interval = (int16_t)(arg ? arg : 1);
    if (v->date == DATE_HOLIDAY && !v->year) { /* those of a fixed date only */
        Civil a, b;
        if (!when_holiday(v->holiday, 2026, &from, &until))
            return false;
        a = when_civil(from);
        if (!when_holiday(v->holiday, 2030, &from, &until))
            return false;
        b = when_civil(from);
        out->rep.freq = U_YEAR;
        out->rep.month = (int8_t)a.month;
        out->rep.mday = (int8_t)a.day;
        return a.month == b.month && a.day == b.day;
    }
    if (v->date != DATE_FIELDS || v->year || !v->mday || v->weekday >= 0)
        return false;
    out->rep.freq = v->month ? U_YEAR : U_MONTH;
    out->rep.month = v->month;
    out->rep.mday = v->mday;
    out->time = v->time;
    out->sec = v->sec;
    UNUSED(s);
    return v->time == TIME_NONE;
}

bool when_every_part(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(s);
    const WhenValue *v = k[n - 1].v;
    int usual = when_part_usual(v->sec, v->sec_end);
    if (v->time != TIME_PART || usual < 0)
        return false;
    out->kind = WHEN_RECURRENCE;
    out->grain = GRAIN_PART_OF_DAY;
    out->rep.freq = n > 1 ? U_WEEK : U_DAY;
    out->rep.interval = (int16_t)(arg ? arg : 1);
    if (n > 1)
        out->rep.weekdays = weekdays_of(k[0].v);
    out->time = TIME_PART;
    out->sec = v->sec;
    out->sec_end = v->sec_end;
    return true;
}

bool when_every_parts(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    WhenValue part, days = {.rep = {.weekdays = (uint8_t)arg}};
    memset(&part, 0, sizeof part);
    if (!when_part(s, 0, k + n - 1, 1, &part))
        return false;
    const WhenKid both[2] = {n > 1 ? k[0] : (WhenKid){&days, 0, 0}, {&part, 0, 0}};
    return when_every_part(s, 1, both, 2, out);
}

/* So many times a day, week, ...: spread evenly, over the hours one is awake. */
bool when_times_a(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    static const uint32_t hours[] = {0, 0, 1 << 9 | 1 << 21, 1 << 8 | 1 << 14 | 1 << 20,
                                     1 << 8 | 1 << 12 | 1 << 16 | 1 << 20};
    static const uint8_t days[] = {0, 0, 0x12, 0x2A, 0x36, 0x3E, 0x7E, 0x7F};
    int count = arg ? arg : (int)k[0].v->num, unit = (int)k[n - 1].v->num;
    if (count < 1 || !when_every_unit(s, 1, k + n - 1, 1, out))
        return false;
    if (count == 1)
        return true;
    switch ((WhenUnit)unit) {
    case U_DAY:
        if (count > 4)
            return false;
        out->rep.hours = hours[count];
        out->time = TIME_FIXED;
        out->sec = (count == 2 ? 9 : 8) * 3600;
        return true;
    case U_WEEK:
        if (count > 7)
            return false;
        out->rep.weekdays = days[count];
        return true;
    case U_YEAR:
    case U_MONTH:
        if (unit == U_MONTH && count == 2) {
            out->rep.freq = U_WEEK;
            out->rep.interval = 2;
            return true;
        }
        if (unit == U_MONTH || 12 % count != 0)
            return false;
        out->rep.freq = U_MONTH;
        out->rep.interval = (int16_t)(12 / count);
        return true;
    default:
        return false;
    }
}

bool when_times_word(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    const WhenValue unit = {.num = arg % 100};
    const WhenKid both[2] = {n > 0 ? k[0] : (WhenKid){&unit, 0, 0}, {&unit, 0, 0}};
    return when_times_a(s, arg / 100, both, n + 1, out);
}

bool when_repeat_at(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(arg);
    if (n != 2)
        return false;
    const WhenValue *rule = k[0].v->kind == WHEN_RECURRENCE ? k[0].v : k[1].v;
    const WhenValue *time = rule == k[0].v ? k[1].v : k[0].v;
    if (rule->kind != WHEN_RECURRENCE || time->kind == WHEN_RECURRENCE ||
        time->time == TIME_NONE || is_unit_of_hours(rule->rep.freq) || rule->rep.hours)
        return false;
    *out = *rule;
    if (rule->time == TIME_PART && time->time != TIME_PART) { /* "every morning at seven" */
        WhenValue exact;
        memset(&exact, 0, sizeof exact);
        WhenValue part = *rule;
        part.kind = WHEN_POINT;
        part.date = DATE_NONE;
        const WhenKid both[2] = {{time, k[0].at, k[0].end}, {&part, k[1].at, k[1].end}};
        if (!when_time_in_part(s, 0, both, 2, &exact))
            return false;
        out->time = exact.time;
        out->sec = exact.sec;
        out->time_range = exact.time_range;
        out->sec_end = exact.sec_end;
        out->end_time = exact.end_time;
        return true;
    }
    if (rule->time != TIME_NONE)
        return false;
    out->time = time->time;
    out->sec = time->sec;
    out->sec_end = time->sec_end;
    out->time_range = time->time_range;
    out->end_time = time->end_time;
    out->zone = time->zone;
    return true;
}

bool when_repeat_until(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(arg);
    int32_t from, until;
    *out = *k[0].v;
    if (n != 2 || out->rep.until || out->rep.count || !when_span(s, k[1].v, &from, &until))
        return false;
    out->rep.until = until - 1;
    return true;
}

bool when_repeat_for(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(arg);
    *out = *k[0].v;
    const WhenValue *d = k[1].v;
    if (n != 2 || out->rep.until || out->rep.count)
        return false;
    if (d->ms > 0 && d->days == 0 && d->months == 0) { /* "every day at 9 for two hours" */
        out->ms = d->ms;
        return out->ms < 86400000 && out->time != TIME_NONE && out->ms;
    }
    int64_t end = when_move(s->c->zone, s->c->now_ms, d, 1);
    Civil c = zone_civil(s->c->zone, end);
    out->rep.until = when_day(c.year, c.month, c.day) - (is_unit_of_hours(out->rep.freq) ? 0 : 1);
    return true;
}

bool when_repeat_from(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(arg);
    int32_t from, until;
    *out = *k[0].v;
    if (n != 2 || out->date != DATE_NONE || k[1].v->kind == WHEN_RECURRENCE ||
        !when_span(s, k[1].v, &from, &until))
        return false;
    if (k[1].v->time != TIME_NONE && k[1].v->date != DATE_INSTANT) {
        if (out->time != TIME_NONE)
            return false;
        out->time = k[1].v->time;
        out->sec = k[1].v->sec;
        out->sec_end = k[1].v->sec_end;
    }
    out->date = DATE_SPAN;
    out->day = from;
    out->day_end = until;
    return true;
}

bool when_repeat_count(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(s);
    UNUSED(arg);
    UNUSED(n);
    *out = *k[0].v;
    double count = k[1].v->num;
    if (out->rep.until || out->rep.count || count < 1 || count > 1000 || count != floor(count))
        return false;
    out->rep.count = (int16_t)count;
    return true;
}

bool when_repeat_hours(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(arg);
    UNUSED(n);
    *out = *k[0].v;
    WhenValue range = *k[1].v;
    if (out->rep.freq != U_HOUR || out->rep.hours || !range.time_range)
        return false;
    when_settle_time(s, s->today + 1, &range);
    for (int sec = range.sec; sec <= range.sec_end; sec += out->rep.interval * 3600)
        out->rep.hours |= 1u << sec / 3600 % 24;
    out->rep.freq = U_DAY;
    out->rep.interval = 1;
    out->time = TIME_FIXED;
    out->sec = range.sec;
    return true;
}

static bool rule_has_day(const WhenRepeat *r, int32_t day)
{
    Civil c = when_civil(day);
    int length = civil_days_in_month(c.year, c.month);
    if (r->weekdays && !(r->weekdays >> when_weekday(day) & 1))
        return false;
    if (r->nth && (r->nth > 0 ? (c.day - 1) / 7 + 1 != r->nth : c.day + 7 <= length))
        return false;
    if (r->mday && (r->mday > 0 ? c.day != r->mday : c.day != length))
        return false;
    return !r->month || c.month == r->month;
}

static void put_rule(const WhenSense *s, const WhenValue *v, char out[WHEN_RRULE_MAX])
{
    static const char *const names[] = {[U_MINUTE] = "MINUTELY", [U_HOUR] = "HOURLY",
                                        [U_DAY] = "DAILY", [U_WEEK] = "WEEKLY",
                                        [U_MONTH] = "MONTHLY", [U_YEAR] = "YEARLY"};
    static const char *const weekdays[] = {"SU", "MO", "TU", "WE", "TH", "FR", "SA"};
    const WhenRepeat *r = &v->rep;
    Buf b;
    buf_init(&b, WHEN_RRULE_MAX - 1);
    buf_printf(&b, "FREQ=%s", names[r->freq]);
    if (r->interval > 1)
        buf_printf(&b, ";INTERVAL=%d", r->interval);
    if (r->month)
        buf_printf(&b, ";BYMONTH=%d", r->month);
    if (r->mday)
        buf_printf(&b, ";BYMONTHDAY=%d", r->mday);
    for (int i = 1, first = 1; i <= 7; i++)
        if (r->weekdays >> i % 7 & 1) {
            buf_add_c(&b, first ? ";BYDAY=" : ",");
            if (r->nth)
                buf_printf(&b, "%d", r->nth);
            buf_add_c(&b, weekdays[i % 7]);
            first = 0;
        }
    for (int h = 0, first = 1; h < 24 && r->hours; h++)
        if (r->hours >> h & 1) {
            buf_printf(&b, "%s%d", first ? ";BYHOUR=" : ",", h);
            first = 0;
        }
    if (r->count)
        buf_printf(&b, ";COUNT=%d", r->count);
    if (r->until) {
        /* The end of its last day, in UTC as RFC 5545 wants it where a rule has a zone. */
        int64_t end = when_at(s, r->until + 1, 0, WHEN_NO_ZONE) - 1000;
        int64_t days = end / 86400000 - (end % 86400000 < 0);
        Civil c = when_civil((int32_t)days);
        int rest = (int)((end - days * 86400000) / 1000);
        buf_printf(&b, ";UNTIL=%04d%02d%02dT%02d%02d%02dZ", c.year, c.month, c.day, rest / 3600,
                   rest / 60 % 60, rest % 60);
    }
    if (buf_ok(&b))
        memcpy(out, b.ptr, b.len + 1);
    else
        out[0] = '\0';
    buf_release(&b);
}

/* The first instant that is not over, and how long each lasts. */
static bool first_instant(const WhenSense *s, WhenValue *v, When *out)
{
    int32_t from = v->date == DATE_SPAN && v->day > s->today ? v->day : s->today;
    const WhenRepeat *r = &v->rep;
    WhenValue t = *v;
    if (is_unit_of_hours(r->freq)) {
        int64_t step = r->interval * (r->freq == U_HOUR ? 3600000LL : 60000LL);
        out->from = v->date == DATE_SPAN && from > s->today ? when_at(s, from, 0, WHEN_NO_ZONE)
                                                            : s->c->now_ms + step;
        out->until = out->from + 60000;
        return true;
    }
    if (t.time == TIME_PART) {
        t.sec = when_part_usual(t.sec, t.sec_end);
        t.time = TIME_FIXED;
    } else {
        when_settle_time(s, s->today + 1, &t);
    }
    uint32_t hours = r->hours ? r->hours : t.time == TIME_NONE ? 0 : 1u << t.sec / 3600 % 24;
    bool bare = !r->weekdays && !r->mday && r->freq > U_DAY; /* "every month": from today on */
    for (int32_t day = from; day < from + SEARCH_DAYS; day++) {
        if (bare ? (day != from && day != from + 1) : !rule_has_day(r, day))
            continue;
        if (t.time == TIME_NONE) {
            if (day == s->today && v->date != DATE_SPAN)
                continue; /* a day that has begun is over for a plan made now */
            out->from = when_at(s, day, 0, WHEN_NO_ZONE);
            out->until = when_at(s, day + 1, 0, WHEN_NO_ZONE);
            return true;
        }
        for (int h = 0; h < 24; h++) {
            int sec = r->hours ? h * 3600 + t.sec % 3600 : t.sec;
            if (!(hours >> h & 1))
                continue;
            int64_t at = when_at(s, day, sec, t.zone);
            if (at <= s->c->now_ms)
                continue;
            out->from = at;
            out->until = t.time_range ? when_at(s, day, t.sec_end, t.zone) : at + 60000;
            if (out->until <= at)
                out->until = at + 60000;
            return true;
        }
    }
    return false;
}

bool when_finish_repeat(const WhenSense *s, const WhenValue *v, When *out)
{
    WhenValue t = *v;
    if (t.rep.interval < 1)
        t.rep.interval = 1;
    out->timed = v->time != TIME_NONE || is_unit_of_hours(v->rep.freq);
    out->dated = true;
    if (v->time == TIME_12 || v->time == TIME_FIXED)
        out->grain = GRAIN_MINUTE;
    if (!first_instant(s, &t, out))
        return false;
    put_rule(s, &t, out->rrule);
    if (t.time_range)
        out->ms = out->until - out->from;
    else
        out->ms = v->ms;
    if (t.rep.until && when_at(s, t.rep.until + 1, 0, WHEN_NO_ZONE) <= out->from)
        return false;
    return out->rrule[0] != '\0';
}
