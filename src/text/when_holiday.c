#include "text/when_holiday.h"

#include <math.h>

#include "text/when_resolve.h"

typedef enum { FIXED, NTH, AFTER, BEFORE, OBSERVED, ELECTION_YEAR, EASTER, ORTHODOX, THANKS, HEBREW,
    ISLAMIC, MOON, HINDU, SUN } Form;

static const struct {
    Form form;
    int a, b, c, days;
} rows[] = {
#define X(name, form, a, b, c, days) {form, a, b, c, days},
#include "text/when_holiday_impl.h"
#undef X
};

static int32_t easter(int y)
{
    int a = y % 19, b = y / 100, c = y % 100, d = b / 4, e = b % 4, f = (b + 8) / 25;
    int g = (b - f + 1) / 3, h = (19 * a + b - d - g + 15) % 30, i = c / 4, k = c % 4;
    int l = (32 + 2 * e + 2 * i - h - k) % 7, m = (a + 11 * h + 22 * l) / 451;
    int n = h + l - 7 * m + 114;
    return when_day(y, n / 31, n % 31 + 1);
}

static int32_t orthodox_easter(int y)
{
    int d = (19 * (y % 19) + 15) % 30, e = (2 * (y % 4) + 4 * (y % 7) - d + 34) % 7;
    int n = d + e + 114; /* of the Julian calendar, which is behind by so many days: */
    return when_day(y, n / 31, n % 31 + 1) + y / 100 - y / 400 - 2;
}

/* The nth such weekday of a month, from its end when n is negative. */
static int32_t nth_weekday(int y, int month, int weekday, int n)
{
    if (n < 0) {
        int32_t last = when_day(y, month, civil_days_in_month(y, month));
        return last - (when_weekday(last) - weekday + 7) % 7 + (n + 1) * 7;
    }
    int32_t first = when_day(y, month, 1);
    return first + (weekday - when_weekday(first) + 7) % 7 + (n - 1) * 7;
}

/* Days from the epoch of the Hebrew calendar to the new year of `year`, with its postponements. */
static int32_t hebrew_elapsed(int year)
{
    int64_t months = (235 * (int64_t)year - 234) / 19, parts = 12084 + 13753 * months;
    int64_t day = 29 * months + parts / 25920;
    return (int32_t)(3 * (day + 1) % 7 < 3 ? day + 1 : day);
}

static int32_t hebrew_new_year(int year)
{
    int32_t before = hebrew_elapsed(year - 1), here = hebrew_elapsed(year);
    int32_t after = hebrew_elapsed(year + 1);
    int delay = after - here == 356 ? 2 : here - before == 382 ? 1 : 0;
    return here + delay - 2092590; /* 1 Tishri of year 1, in days from 1970 */
}

/* Months from Nisan; 13 is the Adar before Nisan, whichever number it has in that year. */
static int32_t hebrew_day(int year, int month, int day)
{
    int32_t begin = hebrew_new_year(year), length = hebrew_new_year(year + 1) - begin;
    bool leap = (7 * year + 1) % 19 < 7;
    /* Tishri .. Elul; Heshvan and Kislev make a year's length what it must be. */
    int lengths[13] = {30, length % 10 == 5 ? 30 : 29, length % 10 == 3 ? 29 : 30, 29, 30};
    int n = 5, at;
    if (leap)
        lengths[n++] = 30;
    lengths[n++] = 29;
    static const int rest[] = {30, 29, 30, 29, 30, 29};
    for (int i = 0; i < 6; i++)
        lengths[n++] = rest[i];
    at = month == 13 ? n - 7 : month >= 7 ? month - 7 : n - 7 + month;
    for (int i = 0; i < at; i++)
        begin += lengths[i];
    return begin + day - 1;
}

/* The k-th new moon since 2000, as days from 1970 (terrestrial time; good to some minutes). */
static double new_moon(double k)
{
    const double rad = 3.14159265358979323846 / 180;
    double t = k / 1236.85;
    double days = 2451550.09766 + 29.530588861 * k + 0.00015437 * t * t - 2440587.5;
    double m = (2.5534 + 29.10535670 * k) * rad, p = (201.5643 + 385.81693528 * k) * rad;
    double f = (160.7108 + 390.67050284 * k) * rad, e = 1 - 0.002516 * t;
    return days - 0.40720 * sin(p) + 0.17241 * e * sin(m) + 0.01608 * sin(2 * p) +
           0.01039 * sin(2 * f) + 0.00739 * e * sin(p - m) - 0.00514 * e * sin(p + m) +
           0.00208 * e * e * sin(2 * m) - 0.00111 * sin(p - 2 * f) - 0.00057 * sin(p + 2 * f) +
           0.00056 * e * sin(2 * p + m);
}

/* The tabular calendar: leap years 2 5 7 10 13 16 18 21 24 26 29 of 30. */
static int32_t islamic_table(int year, int month, int day)
{
    return day + 29 * (month - 1) + month / 2 + (year - 1) * 354 + (3 + 11 * year) / 30 - 492148 -
           1;
}

/* As Mecca's calendar (Umm al-Qura) has it, but for the Moon's setting: a month begins on the day
 * after a new moon that came before sunset, at 15:30 UTC. */
static int32_t islamic_day(int year, int month, int day)
{
    int32_t table = islamic_table(year, month, 1);
    double k = round((table - 1 - 10962.6) / 29.530588861);
    return (int32_t)floor(new_moon(k) + (24 - 15.5) / 24) + day;
}

/* The Sun's apparent longitude in degrees, low precision (0.01). */
static double sun_longitude(double days)
{
    const double rad = 3.14159265358979323846 / 180;
    double t = (days + 2440587.5 - 2451545.0) / 36525;
    double m = (357.52911 + 35999.05029 * t) * rad;
    double l = 280.46646 + 36000.76983 * t + (1.914602 - 0.004817 * t) * sin(m) +
               0.019993 * sin(2 * m) - 0.00569;
    return fmod(fmod(l, 360) + 360, 360);
}

/* The lunar month that begins with the last new moon at which the Sun is before `sign` * 30 + 30
 * degrees: the one in which it enters that sign. */
static int32_t moon_day(int year, int sign, int day, int hours)
{
    double first = floor((year - 2000) * 12.3685) - 1;
    for (int i = 0; i < 15; i++) {
        double k = first + i, east = hours / 24.0;
        double begin = floor(new_moon(k) + east), end = floor(new_moon(k + 1) + east);
        double a = sun_longitude(begin - east), b = sun_longitude(end - east);
        double edge = fmod((sign + 1) * 30.0, 360);
        double to_edge = fmod(edge - a + 360, 360), moved = fmod(b - a + 360, 360);
        Civil c = when_civil((int32_t)begin);
        if (to_edge < moved && (c.year == year || (c.year == year - 1 && c.month == 12)))
            return (int32_t)begin + day - 1;
    }
    return INT32_MIN;
}

/* How far the Moon is ahead of the Sun, in degrees, to some tenths. */
static double elongation(double days)
{
    const double rad = 3.14159265358979323846 / 180;
    double d = days + 2440587.5 - 2451545.0;
    double m = (134.963 + 13.064993 * d) * rad, sun = (357.529 + 0.98560028 * d) * rad;
    double e = (297.850 + 12.190749 * d) * rad, f = (93.272 + 13.229350 * d) * rad;
    double moon = 218.316 + 13.176396 * d + 6.289 * sin(m) + 1.274 * sin(2 * e - m) +
                  0.658 * sin(2 * e) + 0.214 * sin(2 * m) - 0.186 * sin(sun) - 0.114 * sin(2 * f);
    return fmod(fmod(moon - sun_longitude(days), 360) + 360, 360);
}

/* The day on which a tithi holds at sunrise (or in the evening) in India. A month is the one from
 * new moon to new moon in which the Sun enters its sign, counted from the stars. */
static int32_t tithi_day(int year, int month, int tithi, int how)
{
    const double precession = 23.85 + (year - 2000) * 0.01397, india = 5.5 / 24;
    double edge = fmod((month - 1) * 30.0 + precession, 360);
    double first = floor((year - 2000) * 12.3685) - 2;
    for (int i = 0; i < 17; i++) {
        double k = first + i, begin = new_moon(k), end = new_moon(k + 1);
        double a = sun_longitude(begin), b = sun_longitude(end);
        if (fmod(edge - a + 360, 360) >= fmod(b - a + 360, 360))
            continue;
        double at = tithi - 1, start = begin + (end - begin) * at / 30;
        for (int n = 0; n < 3 && at > 0; n++) /* a tithi is 12 degrees */
            start -= (fmod(elongation(start) - at * 12 + 540, 360) - 180) / 12.19;
        double watch = (how & 1 ? 18.5 : 6.0) / 24 - india;
        int32_t day = (int32_t)ceil(start - watch) + (how & 2 ? 1 : 0);
        if (when_civil(day).year == year)
            return day;
    }
    return INT32_MIN;
}

/* Kept on the workday beside a weekend; with `later` on the next one, and not on Emancipation Day
 * (tax day). */
static int32_t observed(int year, int month, int mday, bool later)
{
    int32_t day = when_day(year, month, mday);
    int weekday = when_weekday(day);
    if (!later)
        return weekday == 6 ? day - 1 : weekday == 0 ? day + 1 : day;
    int32_t free = observed(year, 4, 16, false);
    while (when_weekday(day) % 6 == 0 || day == free)
        day++;
    return day;
}

/* The day in January on which the Sun, before sunset in India, has come to so many degrees. */
static int32_t sun_day(int year, int degrees)
{
    const double precession = 23.85 + (year - 2000) * 0.01397, sunset = 12.2 / 24;
    int32_t day = when_day(year, 1, 5);
    for (int i = 0; i < 60; i++, day++)
        if (fmod(sun_longitude(day + sunset) - degrees - precession + 540, 360) >= 180)
            break;
    return day;
}

static int32_t begin_in(int holiday, int year)
{
    int a = rows[holiday].a, b = rows[holiday].b, c = rows[holiday].c;
    switch (rows[holiday].form) {
    case FIXED:
        return when_real_date(year, a, b) ? when_day(year, a, b) : INT32_MIN;
    case NTH:
        return nth_weekday(year, a, b, c);
    case AFTER: {
        int32_t day = when_day(year, a, b);
        return day + (c - when_weekday(day) + 7) % 7;
    }
    case BEFORE: {
        int32_t day = when_day(year, a, b);
        return day - (when_weekday(day) - c + 7) % 7;
    }
    case OBSERVED:
        return observed(year, a, b, c == 1);
    case ELECTION_YEAR:
        return year % 4 == 0 ? nth_weekday(year, a, b, c) : INT32_MIN;
    case SUN:
        return sun_day(year, a) + b;
    case EASTER:
        return easter(year) + a;
    case ORTHODOX:
        return orthodox_easter(year) + a;
    case THANKS:
        return nth_weekday(year, 11, 4, 4) + a;
    case HEBREW: /* Nisan .. Elul and Adar are of the Hebrew year that began the autumn before */
        return hebrew_day(year + (a >= 7 && a <= 10 ? 3761 : 3760), a, b);
    case ISLAMIC: { /* the first of that date in the year, if there is one */
        int first = (int)((year - 622) * 33LL / 32);
        for (int y = first - 1; y <= first + 2; y++) {
            int32_t day = islamic_day(y, a, b);
            if (y > 0 && when_civil(day).year == year)
                return day;
        }
        return INT32_MIN;
    }
    case MOON:
        return moon_day(year, a, b, c);
    case HINDU:
        return tithi_day(year, a, b, c);
    }
    return INT32_MIN;
}

bool when_holiday(int holiday, int year, int32_t *from, int32_t *until)
{
    if (holiday <= HOL_NONE || holiday >= HOL_COUNT || year < 1583 || year > WHEN_LAST_YEAR)
        return false;
    int32_t day = begin_in(holiday, year);
    if (day == INT32_MIN)
        return false;
    /* A day of the Hebrew calendar begins with the evening before. */
    *from = rows[holiday].form == HEBREW ? day - 1 : day;
    *until = day + rows[holiday].days;
    return true;
}
