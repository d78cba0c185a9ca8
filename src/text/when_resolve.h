/* when_resolve.h - from what is known of a date to days, and from days to instants.
 * Threads: pure functions. */
#ifndef SOTTO_TEXT_WHEN_RESOLVE_H
#define SOTTO_TEXT_WHEN_RESOLVE_H

#include "text/when_value.h"

#define WHEN_DAY_SECONDS 86400
/* Years a date may be of: what four digits write, with room to reckon. */
#define WHEN_FIRST_YEAR 1
#define WHEN_LAST_YEAR 9990
/* A person is awake from 7:00 to 23:00: what settles "at nine". */
#define WHEN_AWAKE_FROM (7 * 3600)
#define WHEN_AWAKE_UNTIL (23 * 3600)

WhenSense when_sense(const WhenContext *c);
int when_weekday(int32_t day);            /* 0 Sunday */
Civil when_civil(int32_t day);            /* at midnight */
int32_t when_day(int year, int month, int mday);
bool when_real_date(int year, int month, int mday);
/* The month `months` after that of `day`: its first day. */
int32_t when_month_begin(int32_t day, int months);

/* The days a value's date names; what is not known is settled by the preference. */
bool when_span(const WhenSense *s, const WhenValue *v, int32_t *from, int32_t *until);
/* A day's second as an instant; `zone` as in WhenValue. */
int64_t when_at(const WhenSense *s, int32_t day, int64_t sec, int zone);
/* Settles the half of the day of what TIME_12 left open; `day` INT32_MIN: none was said. */
void when_settle_time(const WhenSense *s, int32_t day, WhenValue *v);
/* The begin and end of all that a value names. */
bool when_bounds(const WhenSense *s, const WhenValue *v, int64_t *from, int64_t *until);
/* False when it names no time that exists. */
bool when_finish(const WhenSense *s, const WhenValue *v, When *out);
/* The first instant of a recurrence; when_repeat.c. */
bool when_finish_repeat(const WhenSense *s, const WhenValue *v, When *out);

#endif
