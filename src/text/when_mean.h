/* when_mean.h - what the rules of a language's table can say: meanings of words that stand together.
 *
 * Each is a WhenMeaning (when_table.h). "kids" are written as the symbols that a rule must have, in
 * order; `arg` is the number in the rule's row. They know calendars and clocks, no language.
 *
 * Threads: pure functions. */
#ifndef SOTTO_TEXT_WHEN_MEAN_H
#define SOTTO_TEXT_WHEN_MEAN_H

#include "text/when_table.h"

#define WHEN_MEANINGS(X)                                                                           \
    /* numbers: when_mean_number.c */                                                              \
    X(when_same)          /* any one kid, as it is */                                              \
    X(when_sure)          /* likewise, and what stands beside it says that it is one */            \
    X(when_unsure)        /* likewise, and not found alone */                                      \
    X(when_constant)      /* the number arg */                                                     \
    X(when_times)         /* NUM * arg */                                                          \
    X(when_sum)           /* NUM NUM: their sum */                                                 \
    X(when_ordinal)       /* NUM in digits with an ending: 1..31 */                                \
    X(when_year)          /* NUM as a year */                                                      \
    X(when_year_pair)     /* NUM NUM: twenty thirteen */                                           \
    X(when_last_ordinal)  /* NUM: the so manyth from the end */                                    \
    X(when_quantity)      /* arg hundredths */                                                     \
    X(when_decimal)       /* DOT2 as a decimal fraction */                                         \
    X(when_fraction)      /* SLASH2 as a fraction */                                               \
    X(when_and_part)      /* NUM and arg hundredths */                                             \
    X(when_duration)      /* QTY UNIT */                                                           \
    X(when_duration_of)   /* UNIT, arg hundredths of it */                                         \
    X(when_duration_and)  /* DUR UNIT-less: DUR plus arg hundredths of its unit */                 \
    X(when_duration_sum)  /* DUR DUR, the greater unit first */                                    \
    X(when_duration_only) /* a duration, as a result */                                            \
    /* times of day: when_mean_clock.c */                                                          \
    X(when_hour)          /* NUM 0..24 */                                                          \
    X(when_digits_hour)   /* likewise, in digits */                                                \
    X(when_clock)         /* CLOCK */                                                              \
    X(when_dot_clock)     /* DOT2 */                                                               \
    X(when_run_clock)     /* NUM of three or four digits: 730, 1140 */                             \
    X(when_hour_minute)   /* HOUR NUM */                                                           \
    X(when_half_day)      /* a time, AMPM */                                                       \
    X(when_past)          /* NUM minutes, HOUR; arg 1 after, -1 before it */                       \
    X(when_past_fixed)    /* HOUR, arg minutes after it */                                         \
    X(when_fixed_time)    /* the minute arg of the day */                                          \
    X(when_zone)          /* a time, TZ or OFFSET */                                               \
    X(when_part)          /* PART: its number is a WhenPartOfDay */                                \
    X(when_time_in_part)  /* a time and a part of a day, in any order */                           \
    X(when_part_of_day)   /* a part of the day that is arg days from today */                      \
    X(when_time_range)    /* time, time */                                                         \
    X(when_range_half_day) /* a range of times, AMPM or part */                                    \
    /* dates: when_mean_date.c */                                                                  \
    X(when_date)          /* arg: a digit a kid: 1 month, 2 day, 3 year, 4 weekday */              \
    X(when_numbers)       /* SLASH2, SLASH3, DOT2, DOT3, DASH2, DASH3; arg 1: day first */         \
    X(when_relative_day)  /* arg days from today */                                                \
    X(when_week_day)      /* WDAY, arg weeks from this one */                                      \
    X(when_near_weekday)  /* WDAY; arg 1 the next, -1 the last, counted from today; 2 ... */       \
    X(when_month_near)    /* MON; arg 1 the next, -1 the last, 0 this year's */                    \
    X(when_unit_near)     /* UNIT, arg units from this one */                                      \
    X(when_units_near)    /* NUM UNIT; arg 1 the next ones, -1 the last */                         \
    X(when_from_now)      /* DUR; arg 1 ahead, -1 ago */                                           \
    X(when_shift)         /* DUR, date; arg 1 after it, -1 before it */                            \
    X(when_day_shift)     /* date, arg days */                                                     \
    X(when_join)          /* two that each know part of one date or time */                        \
    X(when_in_period)     /* what, period: that of the period */                                   \
    X(when_of_in)         /* period, what */                                                       \
    X(when_nth)           /* ORD or LASTORD, WDAY or UNIT, period; arg 1: the units are days */    \
    X(when_nth_weekday)   /* ORD, WDAY, period */                                                  \
    X(when_first_units)   /* NUM UNIT period; arg 1 the first ones, -1 the last */                 \
    X(when_edge)          /* period; arg 0 begin, 1 middle, 2 end */                               \
    X(when_end_of)        /* the last part of the unit arg that is now */                          \
    X(when_rest)          /* period: from now to its end; arg 1 up to now, 2 from tomorrow */      \
    X(when_work_week)     /* Monday to Friday of the week arg weeks from this one */               \
    X(when_week_of)       /* date: its week */                                                     \
    X(when_week_number)   /* NUM, year if given: the week of ISO 8601 */                           \
    X(when_quarter)       /* NUM or ORD, year if given */                                          \
    X(when_nearest)       /* WDAY, date */                                                         \
    X(when_holiday_day)   /* arg: a WhenHoliday */                                                 \
    X(when_holiday_near)  /* HOLIDAY; arg 1 the next, -1 the last */                               \
    X(when_holiday_years) /* HOLIDAY DUR; arg 1 in, -1 ago */                                      \
    X(when_now)                                                                                    \
    /* ranges: when_mean_range.c */                                                                \
    X(when_range)         /* two ends */                                                           \
    X(when_days_range)    /* arg as in when_date, for the second end; kid 0 is the first day */    \
    X(when_for)           /* begin, DUR */                                                         \
    X(when_for_from)      /* DUR, begin */                                                         \
    X(when_within)        /* DUR: from now; arg -1: until now */                                   \
    X(when_after)         /* open: after all of it; arg 1: from its begin */                       \
    X(when_before)        /* open: before it; arg 1: by its end */                                 \
    X(when_after_duration) /* DUR: from then on */                                                 \
    X(when_before_on)     /* date, then as when_before of a time of that day */                    \
    X(when_after_on)                                                                               \
    /* recurrences: when_mean_repeat.c */                                                          \
    X(when_every_unit)    /* UNIT; arg the interval */                                             \
    X(when_every_units)   /* NUM UNIT, or DUR */                                                   \
    X(when_every_word)    /* arg: unit * 100 + interval */                                         \
    X(when_every_minutes) /* arg minutes */                                                        \
    X(when_every_weekday) /* WDAY or WDAYS; arg the interval in weeks */                           \
    X(when_weekday_set)   /* WDAY WDAY: both; arg 1: from the first to the second */               \
    X(when_every_set)     /* arg: a set of weekdays */                                             \
    X(when_every_nth)     /* ORD WDAY of a month, ORD day of a month */                            \
    X(when_every_date)    /* ORD, or a date: every month or year */                                \
    X(when_every_part)    /* PART: every day */                                                    \
    X(when_times_a)       /* NUM UNIT: so many times a unit; arg: how many, UNIT alone */          \
    X(when_repeat_at)     /* FREQ and a time, in any order */                                      \
    X(when_repeat_until)  /* REC, the end */                                                       \
    X(when_repeat_for)    /* REC DUR */                                                            \
    X(when_repeat_from)   /* REC, the begin */                                                     \
    X(when_repeat_count)  /* REC NUM */                                                            \
    X(when_repeat_hours)  /* REC TRANGE: every hour from .. to */

#define X(name) bool name(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out);
WHEN_MEANINGS(X)
#undef X

/* Parts of a day, with their hours; when_moment knows the usual hour of each. */
typedef enum {
    PART_EARLY, PART_MORNING, PART_FORENOON, PART_LUNCH, PART_AFTERNOON, PART_LATE_AFTERNOON,
    PART_EVENING, PART_LATE_EVENING, PART_NIGHT, PART_TONIGHT, PART_DAYTIME, PART_AFTER_WORK,
    PART_AFTER_SCHOOL, PART_AFTER_LUNCH, PART_COUNT
} WhenPartOfDay;
/* The usual second of the part of the day that has these bounds; -1 for none. */
int when_part_usual(int from, int until);

/* Begin and end of the unit that is n units after the one of today; false for those below days. */
bool when_unit_span(const WhenSense *s, int unit, int n, int32_t *from, int32_t *until);
uint8_t when_unit_grain(int unit);
/* A value that is a span of days. */
void when_set_span(WhenValue *out, int32_t from, int32_t until, uint8_t grain);
/* The instant that lies a duration (times sign) after `ms`. */
int64_t when_move(const Zone *z, int64_t ms, const WhenValue *duration, int sign);

#endif
