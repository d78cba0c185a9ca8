/* when_holiday.h - days of the year that have a rule: a fixed date, a weekday of a month, a
 * distance from Easter, a date of the Hebrew or the Islamic calendar, a phase of the Moon.
 *
 * Source: Easter after Meeus/Jones/Butcher (and Meeus' Julian rule for the Orthodox one); Hebrew
 * and Islamic after Reingold and Dershowitz, "Calendrical Calculations", the Islamic months then
 * moved to the new moon as Umm al-Qura has it; Sun and Moon after Meeus, "Astronomical Algorithms",
 * chapters 25, 47 and 49, in short. Islamic days depend on a sighting, Hindu ones on the place that
 * a panchang is made for: either may be a day off. Threads: pure functions. */
#ifndef SOTTO_TEXT_WHEN_HOLIDAY_H
#define SOTTO_TEXT_WHEN_HOLIDAY_H

#include <stdbool.h>
#include <stdint.h>

/* A row of the table of holidays is a number below 256; languages name them. */
typedef enum {
#define X(name, form, a, b, c, days) HOL_##name,
#include "text/when_holiday_impl.h"
#undef X
    HOL_COUNT
} WhenHoliday;

/* The days [from, until) of that holiday in a (Gregorian) year; false when it has none. */
bool when_holiday(int holiday, int year, int32_t *from, int32_t *until);

#endif
