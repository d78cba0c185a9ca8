#include "base/clock.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#define MS_PER_DAY 86400000LL
#define WALL_CLOCK INT64_MIN

/* What to add to the monotonic clock for a clock that was set; WALL_CLOCK when it was not. */
static _Atomic int64_t set_offset = WALL_CLOCK;

uint64_t clock_thread_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t clock_mono_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int64_t clock_now_ms(void)
{
    int64_t offset = atomic_load_explicit(&set_offset, memory_order_relaxed);
    if (offset != WALL_CLOCK)
        return (int64_t)(clock_mono_ns() / 1000000u) + offset;
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void clock_set_ms(int64_t now_ms)
{
    atomic_store(&set_offset, now_ms - (int64_t)(clock_mono_ns() / 1000000u));
}

bool clock_is_set(void)
{
    return atomic_load_explicit(&set_offset, memory_order_relaxed) != WALL_CLOCK;
}

bool clock_init(Err *err)
{
    const char *text = getenv("SOTTO_NOW");
    int64_t now_ms;
    if (!text || !*text)
        return true;
    if (!clock_parse(str_of(text), &now_ms))
        return err_set(err, ERR_VALIDATION,
                       "SOTTO_NOW is '%s': use an RFC 3339 time such as 2026-11-23T09:15:00Z",
                       text);
    clock_set_ms(now_ms);
    return true;
}

/* Howard Hinnant, "chrono-compatible low-level date algorithms": eras of 400 years that start on
 * the first of March, so that the leap day is the last day of a year. */
int64_t clock_days_from_civil(int year, int month, int day)
{
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (int64_t)(month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468;
}

void clock_civil_from_days(int64_t days, int *year, int *month, int *day)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    *day = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = (int)(yoe + era * 400 + (*month <= 2));
}

static int64_t first_ms(void)
{
    return clock_days_from_civil(0, 1, 1) * MS_PER_DAY;
}

static int64_t last_ms(void)
{
    return clock_days_from_civil(10000, 1, 1) * MS_PER_DAY - 1;
}

static char *put_digits(char *p, int value, int digits)
{
    for (int i = digits - 1; i >= 0; i--) {
        p[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return p + digits;
}

char *clock_format(int64_t ms, char out[CLOCK_RFC3339_MAX])
{
    if (ms < first_ms())
        ms = first_ms(); /* RFC 3339 has four digits for the year */
    if (ms > last_ms())
        ms = last_ms();
    int64_t days = ms / MS_PER_DAY - (ms % MS_PER_DAY < 0);
    int rest = (int)(ms - days * MS_PER_DAY);
    int year, month, day;
    clock_civil_from_days(days, &year, &month, &day);
    char *p = put_digits(out, year, 4);
    *p++ = '-';
    p = put_digits(p, month, 2);
    *p++ = '-';
    p = put_digits(p, day, 2);
    *p++ = 'T';
    p = put_digits(p, rest / 3600000, 2);
    *p++ = ':';
    p = put_digits(p, rest / 60000 % 60, 2);
    *p++ = ':';
    p = put_digits(p, rest / 1000 % 60, 2);
    if (rest % 1000) {
        *p++ = '.';
        p = put_digits(p, rest % 1000, 3);
    }
    *p++ = 'Z';
    *p = '\0';
    return out;
}

/* Exactly `digits` digits at *at, which moves past them. */
static bool take_digits(Str s, size_t *at, int digits, int *out)
{
    int v = 0;
    for (int i = 0; i < digits; i++, (*at)++) {
        if (*at >= s.len || s.ptr[*at] < '0' || s.ptr[*at] > '9')
            return false;
        v = v * 10 + (s.ptr[*at] - '0');
    }
    *out = v;
    return true;
}

static bool take_char(Str s, size_t *at, const char *any_of)
{
    if (*at >= s.len || s.ptr[*at] == '\0' || !strchr(any_of, s.ptr[*at]))
        return false;
    (*at)++;
    return true;
}

static bool take_date(Str s, size_t *at, int64_t *days)
{
    static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year, month, day;
    if (!take_digits(s, at, 4, &year) || !take_char(s, at, "-") ||
        !take_digits(s, at, 2, &month) || !take_char(s, at, "-") || !take_digits(s, at, 2, &day))
        return false;
    if (month < 1 || month > 12 || day < 1)
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (day > month_days[month - 1] + (month == 2 && leap))
        return false;
    *days = clock_days_from_civil(year, month, day);
    return true;
}

/* Digits after the point, cut to milliseconds. */
static bool take_fraction(Str s, size_t *at, int *ms)
{
    int digit, scale = 100;
    *ms = 0;
    if (!take_char(s, at, "."))
        return true;
    if (!take_digits(s, at, 1, &digit))
        return false;
    do {
        *ms += digit * scale;
        scale /= 10;
    } while (take_digits(s, at, 1, &digit));
    return true;
}

static bool take_zone(Str s, size_t *at, int *minutes)
{
    int hour, minute;
    *minutes = 0;
    if (take_char(s, at, "Zz"))
        return true;
    int sign = *at < s.len && s.ptr[*at] == '-' ? -1 : 1;
    if (!take_char(s, at, "+-") || !take_digits(s, at, 2, &hour) || !take_char(s, at, ":") ||
        !take_digits(s, at, 2, &minute) || hour > 23 || minute > 59)
        return false;
    *minutes = sign * (hour * 60 + minute);
    return true;
}

bool clock_parse(Str text, int64_t *ms)
{
    size_t at = 0;
    int64_t days;
    int hour = 0, minute = 0, second = 0, fraction = 0, zone = 0;
    if (!take_date(text, &at, &days))
        return false;
    if (at < text.len) {
        if (!take_char(text, &at, "Tt ") || !take_digits(text, &at, 2, &hour) ||
            !take_char(text, &at, ":") || !take_digits(text, &at, 2, &minute) ||
            !take_char(text, &at, ":") || !take_digits(text, &at, 2, &second) ||
            !take_fraction(text, &at, &fraction) || !take_zone(text, &at, &zone))
            return false;
    }
    if (at != text.len || hour > 23 || minute > 59 || second > 60)
        return false;
    int64_t utc_minute = (days * 24 + hour) * 60 + minute - zone;
    /* A leap second is the last of a UTC day; POSIX time has none, so it reads as the next one. */
    if (second == 60 && ((utc_minute % 1440) + 1440) % 1440 != 1439)
        return false;
    int64_t v = (utc_minute * 60 + second) * 1000 + fraction;
    if (v < first_ms() || v > last_ms())
        return false;
    *ms = v;
    return true;
}
