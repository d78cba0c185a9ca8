#include "text/when_resolve.h"

#include "base/clock.h"
#include "text/when_holiday.h"
#include "text/when_mean.h"

#define NO_DAY INT32_MIN

WhenSense when_sense(const WhenContext *c)
{
    WhenSense s = {.c = c, .now = zone_civil(c->zone, c->now_ms), .day_first = c->day_first};
    s.today = when_day(s.now.year, s.now.month, s.now.day);
    return s;
}

int when_weekday(int32_t day)
{
    return ((day + 4) % 7 + 7) % 7;
}

Civil when_civil(int32_t day)
{
    Civil c = {0};
    clock_civil_from_days(day, &c.year, &c.month, &c.day);
    return c;
}

int32_t when_day(int year, int month, int mday)
{
    return (int32_t)clock_days_from_civil(year, month, mday);
}

bool when_real_date(int year, int month, int mday)
{
    return year >= WHEN_FIRST_YEAR && year <= WHEN_LAST_YEAR && month >= 1 && month <= 12 &&
           mday >= 1 && mday <= civil_days_in_month(year, month);
}

int32_t when_month_begin(int32_t day, int months)
{
    Civil c = when_civil(day);
    int all = c.year * 12 + c.month - 1 + months;
    int year = all / 12 - (all % 12 < 0);
    return when_day(year, all - year * 12 + 1, 1);
}

static bool past(const WhenSense *s)
{
    return s->c->prefer == WHEN_PAST;
}

static int now_second(const WhenSense *s)
{
    return s->now.hour * 3600 + s->now.minute * 60 + s->now.second;
}

/* Whether a day named by its weekday or number may be today: when its time of day is still to come
 * (or has been, for the past). A weekday without a time is another day than today. */
static bool may_be_today(const WhenSense *s, const WhenValue *v)
{
    if (v->time == TIME_NONE)
        return v->mday != 0;
    int last = v->time == TIME_PART || v->time_range ? v->sec_end : v->sec;
    if (v->time == TIME_12 && !v->time_range)
        last = v->sec < 12 * 3600 ? v->sec + 12 * 3600 : v->sec;
    if (past(s))
        return (v->time == TIME_12 && v->sec < WHEN_AWAKE_FROM ? v->sec + 43200 : v->sec) <=
               now_second(s);
    return last > now_second(s);
}

static bool fits(const WhenValue *v, int year, int month, int *day)
{
    if (!when_real_date(year, month, v->mday))
        return false;
    *day = when_day(year, month, v->mday);
    return v->weekday < 0 || when_weekday(*day) == v->weekday;
}

/* The nearest month or year, in the preferred direction, that has the day. */
static bool search_date(const WhenSense *s, const WhenValue *v, int32_t *out)
{
    int step = past(s) ? -1 : 1, day, month = s->now.month, year = s->now.year;
    /* A weekday that fits neither this year nor the next was said wrong. */
    int tries = v->month && v->weekday >= 0 ? 2 : 12 * 12 + 2;
    for (int i = 0; i < tries; i++) {
        int m = v->month ? v->month : month, y = v->year ? v->year : year;
        if (fits(v, y, m, &day)) {
            bool today = day == s->today && may_be_today(s, v);
            if (v->year || today || (past(s) ? day < s->today : day > s->today)) {
                *out = day;
                return true;
            }
        }
        if (v->month)
            year += step;
        else {
            month += step;
            year += month > 12 ? 1 : month < 1 ? -1 : 0;
            month = month > 12 ? 1 : month < 1 ? 12 : month;
        }
        if (v->year && (v->month || y != v->year))
            break;
    }
    return false;
}

static bool weekday_span(const WhenSense *s, const WhenValue *v, int32_t *from)
{
    int ahead = (v->weekday - when_weekday(s->today) + 7) % 7;
    if (ahead == 0 && !may_be_today(s, v))
        ahead = 7;
    *from = s->today + (past(s) && ahead > 0 ? ahead - 7 : ahead);
    if (past(s) && ahead == 7)
        *from = s->today - 7;
    return true;
}

static bool fields_span(const WhenSense *s, const WhenValue *v, int32_t *from, int32_t *until)
{
    if (v->mday) {
        WhenValue plain = *v;
        if (!search_date(s, v, from)) {
            plain.weekday = -1; /* the date counts more than the weekday said with it */
            if (v->weekday < 0 || !search_date(s, &plain, from))
                return false;
        }
        *until = *from + 1;
        return true;
    }
    if (v->month) {
        int year = v->year ? v->year : s->now.year;
        if (!v->year && !past(s) && v->month < s->now.month)
            year++;
        if (!v->year && past(s) && v->month > s->now.month)
            year--;
        if (!when_real_date(year, v->month, 1))
            return false;
        *from = when_day(year, v->month, 1);
        *until = when_month_begin(*from, 1);
        return true;
    }
    if (v->year) {
        if (!when_real_date(v->year, 1, 1))
            return false;
        *from = when_day(v->year, 1, 1);
        *until = when_day(v->year + 1, 1, 1);
        return true;
    }
    if (v->weekday < 0)
        return false;
    *until = weekday_span(s, v, from) ? *from + 1 : 0;
    return true;
}

static bool holiday_span(const WhenSense *s, const WhenValue *v, int32_t *from, int32_t *until)
{
    if (v->year)
        return when_holiday(v->holiday, v->year, from, until);
    int step = past(s) ? -1 : 1, year = s->now.year - 2 * step;
    for (int i = 0; i < 8; i++, year += step)
        if (when_holiday(v->holiday, year, from, until) &&
            (past(s) ? *from < s->today : *until > s->today))
            return true;
    return false;
}

bool when_span(const WhenSense *s, const WhenValue *v, int32_t *from, int32_t *until)
{
    switch ((WhenDate)v->date) {
    case DATE_FIELDS:
        return fields_span(s, v, from, until);
    case DATE_HOLIDAY:
        return holiday_span(s, v, from, until);
    case DATE_SPAN:
        *from = v->day;
        *until = v->day_end;
        return true;
    case DATE_INSTANT: {
        Civil c = zone_civil(s->c->zone, v->ms);
        *from = when_day(c.year, c.month, c.day);
        *until = *from + 1;
        return true;
    }
    case DATE_NONE:
    case DATE_DONE:
        break;
    }
    return false;
}

/* From 2:00 of the second Sunday of March to that of the first of November. */
static bool us_summer(int32_t day, int64_t sec)
{
    int year = when_civil(day).year;
    int32_t march = when_day(year, 3, 8), november = when_day(year, 11, 1);
    march += (7 - when_weekday(march)) % 7;
    november += (7 - when_weekday(november)) % 7;
    int32_t at = sec >= 7200 ? day : day - 1;
    return at >= march && at < november;
}

int64_t when_at(const WhenSense *s, int32_t day, int64_t sec, int zone)
{
    if (zone > WHEN_US_ZONE / 2)
        zone -= WHEN_US_ZONE - (us_summer(day, sec) ? 60 : 0);
    if (zone != WHEN_NO_ZONE)
        return ((int64_t)day * WHEN_DAY_SECONDS + sec - (int64_t)zone * 60) * 1000;
    Civil c = when_civil(day + (int32_t)(sec / WHEN_DAY_SECONDS));
    sec %= WHEN_DAY_SECONDS;
    c.hour = (int)(sec / 3600);
    c.minute = (int)(sec / 60 % 60);
    c.second = (int)(sec % 60);
    return zone_instant(s->c->zone, &c, NULL);
}

static bool awake(int sec)
{
    return sec >= WHEN_AWAKE_FROM && sec <= WHEN_AWAKE_UNTIL;
}

/* The half of the day in which a person is awake, and that is still to come if it is today. */
static int settle_start(const WhenSense *s, int32_t day, int sec)
{
    int late = sec + 12 * 3600, now = now_second(s);
    if (sec >= 12 * 3600) { /* twelve o'clock: noon, unless only midnight is left */
        bool gone = day == s->today && !past(s) && sec <= now;
        return gone ? sec + 12 * 3600 : sec;
    }
    if (day == s->today && !past(s)) {
        if (sec > now && awake(sec))
            return sec;
        return late > now ? late : sec;
    }
    if (day == s->today && awake(late) && late <= now)
        return late;
    return awake(sec) ? sec : late;
}

static void settle_range(const WhenSense *s, int32_t day, WhenValue *v)
{
    int half = 12 * 3600, a = v->sec, b = v->sec_end;
    if (v->time == TIME_12 && v->end_time == TIME_FIXED) {
        a = a % half;
        if (a + half < b)
            a += half;
        else if (a >= b && v->sec >= half)
            a = v->sec;
    } else if (v->time == TIME_12) {
        a = settle_start(s, day == NO_DAY ? s->today + 1 : day, a);
    }
    if (v->end_time == TIME_12) {
        b %= half;
        while (b <= a)
            b += half;
    } else if (b <= a) {
        b += WHEN_DAY_SECONDS;
    }
    v->sec = a;
    v->sec_end = b;
    v->time = v->end_time = TIME_FIXED;
}

void when_settle_time(const WhenSense *s, int32_t day, WhenValue *v)
{
    if (v->time_range)
        settle_range(s, day, v);
    else if (v->time == TIME_12 && day != NO_DAY) {
        v->sec = settle_start(s, day, v->sec);
        v->time = TIME_FIXED;
    }
}

/* A time without a date: the first, from now on, at which a person is awake; or the last. */
static int32_t settle_without_day(const WhenSense *s, WhenValue *v)
{
    int64_t now = s->c->now_ms;
    int step = past(s) ? -1 : 1;
    WhenValue best = *v;
    for (int k = 0; k < 2; k++) {
        int32_t day = s->today + step * k;
        for (int half = 0; half < (v->time == TIME_12 && !v->time_range ? 2 : 1); half++) {
            WhenValue t = *v;
            bool second = half != (past(s) ? 1 : 0);
            if (t.time_range)
                when_settle_time(s, day, &t);
            else if (t.time == TIME_12) {
                t.sec = t.sec % 43200 + (second ? 43200 : 0);
                t.time = TIME_FIXED;
                if (!awake(t.sec))
                    continue;
            }
            /* "In the morning", said when one would have been reminded, is tomorrow's. */
            int usual = t.time == TIME_PART && !past(s) ? when_part_usual(t.sec, t.sec_end) : -1;
            int64_t at = when_at(s, day, usual >= 0 ? usual : t.sec, t.zone);
            if (past(s) ? at <= now : at > now) {
                *v = t;
                return day;
            }
            best = t;
        }
    }
    if (best.time == TIME_12)
        best.time = TIME_FIXED;
    *v = best;
    return s->today + step;
}

static int64_t grain_ms(uint8_t grain)
{
    return grain == GRAIN_SECOND ? 1000 : grain == GRAIN_HOUR ? 3600000 : 60000;
}

bool when_bounds(const WhenSense *s, const WhenValue *v, int64_t *from, int64_t *until)
{
    WhenValue t = *v;
    int32_t day, end = 0;
    if (v->date == DATE_DONE) {
        *from = v->from;
        *until = v->until;
        return true;
    }
    if (v->date == DATE_INSTANT) {
        *from = v->ms;
        *until = v->ms + grain_ms(v->grain);
        return true;
    }
    if (v->date == DATE_NONE && v->time == TIME_NONE)
        return false;
    if (v->date == DATE_NONE) {
        day = settle_without_day(s, &t);
    } else {
        if (!when_span(s, v, &day, &end))
            return false;
        when_settle_time(s, day, &t);
    }
    if (t.time == TIME_NONE) {
        *from = when_at(s, day, 0, WHEN_NO_ZONE);
        *until = when_at(s, end, 0, WHEN_NO_ZONE);
        return *from < *until;
    }
    bool extent = t.time_range || t.time == TIME_PART;
    *from = when_at(s, day, t.sec, t.zone);
    *until = extent ? when_at(s, day, t.sec_end, t.zone) : *from + grain_ms(t.grain);
    if (*until <= *from) /* a clock that was put forward swallowed it */
        *until = *from + (int64_t)(t.sec_end - t.sec) * 1000;
    return *from < *until;
}

bool when_finish(const WhenSense *s, const WhenValue *v, When *out)
{
    out->kind = (WhenKind)v->kind;
    out->grain = (WhenGrain)v->grain;
    out->deadline = v->deadline;
    out->dated = v->date != DATE_NONE;
    out->timed = v->time != TIME_NONE || v->date == DATE_INSTANT;
    if (v->kind == WHEN_DURATION) {
        out->months = v->months;
        out->days = v->days;
        out->ms = v->ms;
        out->timed = v->ms != 0;
        out->dated = false;
        return v->months || v->days || v->ms;
    }
    if (v->kind == WHEN_RECURRENCE)
        return when_finish_repeat(s, v, out);
    if (v->time_range)
        out->kind = WHEN_RANGE;
    if (v->time == TIME_PART)
        out->grain = GRAIN_PART_OF_DAY;
    if (v->date == DATE_DONE)
        out->timed = v->grain <= GRAIN_PART_OF_DAY;
    if (!when_bounds(s, v, &out->from, &out->until))
        return false;
    if (out->kind == WHEN_OPEN_AFTER)
        out->until = 0;
    if (out->kind == WHEN_OPEN_BEFORE)
        out->from = 0;
    return true;
}
