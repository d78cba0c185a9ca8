/* when_mean.h - what the rules of a language's table can say: meanings of words together.
 *
 * Each is a WhenMeaning (when_table.h). "kids" are written as the symbols that a rule must have, in
 * order, at least and at most so many; `arg` is the number in the rule's row. They
 * know calendars and clocks, no language.
 *
 * Threads: pure functions. */
#ifndef SOTTO_TEXT_WHEN_MEAN_H
#define SOTTO_TEXT_WHEN_MEAN_H

#include "text/when_table.h"

#define WHEN_MEANINGS(X)                                                                           \
    /* numbers: when_mean_number.c */                                                              \
    X(when_same, 1, 3)           /* any one kid, as it is */                                       \
    X(when_sure, 1, 3)           /* likewise, and what stands beside it says that it is one */     \
    X(when_unsure, 1, 1)         /* likewise, and not found alone */                               \
    X(when_constant, 0, 0)       /* the number arg */                                              \
    X(when_times, 1, 1)          /* NUM * arg */                                                   \
    X(when_sum, 2, 2)            /* NUM NUM: their sum */                                          \
    X(when_ordinal, 1, 1)        /* NUM in digits with an ending: 1..31 */                         \
    X(when_year, 1, 1)           /* NUM as a year */                                               \
    X(when_year_pair, 2, 2)      /* NUM NUM: twenty thirteen */                                    \
    X(when_last_ordinal, 1, 1)   /* NUM: the so manyth from the end */                             \
    X(when_quantity, 0, 0)       /* arg hundredths */                                              \
    X(when_decimal, 1, 1)        /* DOT2 as a decimal fraction */                                  \
    X(when_fraction, 1, 1)       /* SLASH2 as a fraction */                                        \
    X(when_mixed, 2, 2)          /* NUM SLASH2: 2 1/2 */                                           \
    X(when_and_part, 1, 1)       /* NUM and arg hundredths */                                      \
    X(when_duration, 2, 2)       /* QTY UNIT */                                                    \
    X(when_hours_minutes, 2, 2)  /* NUM NUM: 1h30; at most arg hours */                            \
    X(when_duration_of, 1, 1)    /* UNIT, arg hundredths of it */                                  \
    X(when_duration_and, 1, 1)   /* DUR UNIT-less: DUR plus arg hundredths of its unit */          \
    X(when_duration_sum, 2, 2)   /* DUR DUR, the greater unit first */                             \
    /* times of day: when_mean_clock.c */                                                          \
    X(when_hour, 1, 1)           /* NUM 0..24; arg 1: of the 24-hour clock */                      \
    X(when_digits_hour, 1, 1)    /* likewise, in digits */                                         \
    X(when_clock, 1, 1)          /* CLOCK */                                                       \
    X(when_dot_clock, 1, 1)      /* DOT2 */                                                        \
    X(when_run_clock, 1, 1)      /* NUM of three or four digits: 730, 1140; arg 1: of four,
                             2: and an "h" glued to it */ \
    X(when_hour_minute, 2, 2)    /* HOUR NUM */                                                    \
    X(when_closing, 1, 1)        /* one kid, as it is, at the end of a clause */                   \
    X(when_spoken_alone, 1, 1)   /* a time of 1 .. 12 hours in words, at the end of a clause */    \
    X(when_half_day, 2, 2)       /* a time, AMPM */                                                \
    X(when_half_letter, 1, 1)    /* a time, and "a" or "p" glued to it: arg 0, 12 */               \
    X(when_past, 2, 3)           /* NUM minutes, HOUR; arg 1 after, -1 before it */                \
    X(when_past_fixed, 1, 2)     /* HOUR, arg minutes after it */                                  \
    X(when_fixed_time, 0, 1)     /* the minute arg of the day */                                   \
    X(when_zone, 2, 2)           /* a time, TZ or OFFSET */                                        \
    X(when_part, 0, 1)           /* PART: its number is a WhenPartOfDay */                         \
    X(when_time_in_part, 2, 2)   /* a time and a part of a day, in any order */                    \
    X(when_part_of_day, 0, 1)    /* a part of the day that is arg days from today */               \
    X(when_time_range, 2, 2)     /* time, time */                                                  \
    /* dates: when_mean_date.c */                                                                  \
    X(when_date, 1, 4)           /* arg, a digit a kid: 1 month, 2 day, 3 year, 4 weekday,
                             5 a day that is in digits if the month's name is a word too,
                             6 a day in digits, 7 a year in two digits, 8 likewise at the end of a
                             clause */ \
    X(when_numbers, 1, 1)        /* SLASH2, SLASH3, DOT2, DOT3, DASH2, DASH3; arg 1: day first,
                             2: the month may stand behind the day, 2024/13/1 */ \
    X(when_month_numbers, 2, 2)  /* MON, SLASH2 or DASH2: feb/14/2027 */                           \
    X(when_relative_day, 0, 0)   /* arg days from today */                                         \
    X(when_week_day, 1, 1)       /* WDAY, arg weeks from this one */                               \
    X(when_near_weekday, 1, 1)   /* WDAY; arg 1 the next, -1 the last, counted from today; 2 ... */\
    X(when_month_near, 1, 1)     /* MON; arg 1 the next, -1 the last, 0 this year's */             \
    X(when_unit_near, 1, 1)      /* UNIT, arg units from this one */                               \
    X(when_units_near, 2, 2)     /* NUM UNIT; arg 1 the next ones, -1 the last */                  \
    X(when_from_now, 1, 1)       /* DUR; arg 1 ahead, -1 ago */                                    \
    X(when_shift, 2, 2)          /* DUR, date; arg 1 after it, -1 before it */                     \
    X(when_day_shift, 1, 1)      /* date, arg days */                                              \
    X(when_join, 2, 2)           /* two that each know part of one date or time */                 \
    X(when_in_period, 2, 2)      /* what, period: that of the period; arg 4: a month */            \
    X(when_of_in, 2, 2)          /* period, what */                                                \
    X(when_nth, 3, 3)            /* ORD or LASTORD, UNIT, period; arg 1: a day */                  \
    X(when_nth_weekday, 3, 3)    /* ORD, WDAY, period */                                           \
    X(when_first_units, 3, 3)    /* NUM UNIT period; arg 1 the first ones, -1 the last */          \
    X(when_edge, 1, 1)           /* period; arg 0 begin, 1 middle, 2 end */                        \
    X(when_end_of, 0, 0)         /* the last part of the unit arg that is now */                   \
    X(when_rest, 1, 1)           /* period: what is left; arg 1 what is over, 2 not today */       \
    X(when_work_week, 0, 0)      /* Monday to Friday of the week arg weeks from this one */        \
    X(when_week_of, 1, 1)        /* date: its week */                                              \
    X(when_holiday_weekend, 1, 2) /* HOLIDAY, year if given */                                     \
    X(when_weekday_after, 2, 2)  /* WDAY, DUR: that of the week then; arg -1 ago, 2 DUR, WDAY */   \
    X(when_decade, 1, 1)         /* NUM: 1980, 90 */                                               \
    X(when_weekday_count, 2, 2)  /* NUM WDAY; arg 1 so many from now, -1 ago */                    \
    X(when_week_number, 1, 2)    /* NUM, year if given: the week of ISO 8601 */                    \
    X(when_quarter, 1, 2)        /* NUM or ORD, year if given */                                   \
    X(when_nearest, 2, 2)        /* WDAY, date */                                                  \
    X(when_holiday_day, 0, 0)    /* arg: a WhenHoliday */                                          \
    X(when_holiday_near, 1, 1)   /* HOLIDAY; arg 1 the next, -1 the last */                        \
    X(when_holiday_years, 2, 2)  /* HOLIDAY DUR; arg 1 in, -1 ago */                               \
    X(when_nothing, 0, 3)        /* what looks like a date and is none: "the first time" */        \
    X(when_now, 0, 1)            /* NOW; arg 1: at the end of a clause */                          \
    /* ranges: when_mean_range.c */                                                                \
    X(when_range, 2, 2)          /* two ends */                                                    \
    X(when_days_range, 3, 4)     /* kid 0 the first day, the second as in when_date */             \
    X(when_for, 2, 2)            /* begin, DUR */                                                  \
    X(when_for_from, 2, 3)       /* DUR, begin */                                                  \
    X(when_within, 1, 1)         /* DUR: from now; arg -1: until now */                            \
    X(when_after, 1, 1)          /* open: after all of it; arg 1: from its begin, 2: of the last */\
    X(when_before, 1, 1)         /* open: before it; arg 1: by its end */                          \
    X(when_to_date, 1, 1)        /* from the last such until now */                                \
    X(when_so_far, 0, 0)         /* the unit arg until now */                                      \
    X(when_far_after, 2, 2)      /* open: DUR, date; arg 1 after, -1 before */                     \
    X(when_after_duration, 1, 1) /* DUR: from then on */                                           \
    X(when_before_on, 2, 2)      /* date, then as when_before of a time of that day */             \
    X(when_after_on, 2, 2)                                                                         \
    /* more periods and distances: when_mean_period.c */                                           \
    X(when_short_year, 1, 1)     /* YEAR2 */                                                       \
    X(when_era, 1, 1)            /* NUM: the year NUM + arg */                                     \
    X(when_century, 0, 1)        /* ORD; or the one arg centuries from this */                     \
    X(when_decade_word, 1, 2)    /* DECADE of the 20th century, or of century NUM + 1 */           \
    X(when_half, 1, 2)           /* NUM or ORD, year or month if given; arg 1: that comes first */ \
    X(when_season_near, 0, 0)    /* the season arg seasons from this one */                        \
    X(when_this_unit, 0, 0)      /* the unit arg that is now */                                    \
    X(when_unit_beside, 1, 1)    /* UNIT, arg units from this one, at the end of a clause */       \
    X(when_dangling, 1, 1)       /* DUR as in when_from_now, at the end of a clause */             \
    X(when_ahead, 2, 2)          /* NUM UNIT: the unit so many ahead */                            \
    X(when_bare_minutes, 1, 1)   /* NUM minutes from now, at the end of a clause */                \
    X(when_part_edge, 1, 1)      /* a part of the day; arg 0 its early part, 1 its late one */     \
    X(when_day_edge, 1, 1)       /* a day: its early part; arg 1 its late one */                   \
    X(when_same_time, 1, 1)      /* date: at the time of day that it is now */                     \
    X(when_less_than, 2, 2)      /* DUR, date; the range to it; arg 1 after, -1 before */          \
    X(when_beyond, 1, 1)         /* open: more than DUR from now; arg -1 ago */                    \
    X(when_month_in, 2, 2)       /* MON DUR: of the year so many years on */                       \
    X(when_weekend_of, 1, 1)     /* date: the weekend of its week */                               \
    X(when_part_of_unit, 2, 2)   /* QTY UNIT, a fraction */                                        \
    X(when_weekday_beside, 2, 3) /* ORD if said, WDAY, date: behind it; arg -1 before it */        \
    X(when_unit_next_to, 2, 2)   /* UNIT, period: the one behind it; arg -1 before it */           \
    X(when_part_beside, 2, 2)    /* PART, date: of the day behind it; arg -1 before it */          \
    X(when_weekends, 2, 2)       /* NUM weekends; arg 1 from now, -1 ago */                        \
    X(when_decimal_range, 2, 2)  /* a range of decimal fractions is nothing */                     \
    /* recurrences: when_mean_repeat.c */                                                          \
    X(when_every_unit, 1, 1)     /* UNIT; arg the interval */                                      \
    X(when_every_units, 1, 2)    /* NUM UNIT, or DUR */                                            \
    X(when_every_word, 0, 0)     /* arg: unit * 100 + interval */                                  \
    X(when_every_minutes, 0, 0)  /* arg minutes */                                                 \
    X(when_every_weekday, 1, 2)  /* WDAY or WDAYS; arg the interval in weeks */                    \
    X(when_weekday_set, 2, 2)    /* WDAY WDAY: both; arg 1: from the first to the second */        \
    X(when_every_set, 0, 0)      /* arg: a set of weekdays */                                      \
    X(when_every_nth, 1, 2)      /* ORD WDAY of a month, ORD day of a month */                     \
    X(when_every_date, 1, 1)     /* ORD, or a date: every month or year */                         \
    X(when_every_part, 1, 2)     /* PART: every day */                                             \
    X(when_every_parts, 1, 2)    /* WDAY or WSET, PARTS; or PARTS of the weekdays arg */           \
    X(when_times_a, 1, 2)        /* NUM UNIT: so many times a unit; arg: how many, UNIT alone */   \
    X(when_times_word, 0, 1)     /* count times the unit: arg count * 100 + unit, or NUM */        \
    X(when_repeat_at, 2, 2)      /* FREQ and a time, in any order */                               \
    X(when_repeat_until, 2, 2)   /* REC, the end */                                                \
    X(when_repeat_for, 2, 2)     /* REC DUR */                                                     \
    X(when_repeat_from, 2, 2)    /* REC, the begin */                                              \
    X(when_repeat_count, 2, 2)   /* REC NUM */                                                     \
    X(when_repeat_hours, 2, 2)   /* REC TRANGE: every hour from .. to */

#define X(name, least, most)                                                                       \
    bool name(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out);
WHEN_MEANINGS(X)
#undef X

/* Parts of a day, with their hours; when_moment knows the usual hour of each. */
typedef enum {
    PART_EARLY, PART_MORNING, PART_FORENOON, PART_LUNCH, PART_AFTERNOON, PART_LATE_AFTERNOON,
    PART_EVENING, PART_LATE_EVENING, PART_NIGHT, PART_TONIGHT, PART_DAYTIME, PART_AFTER_WORK,
    PART_AFTER_SCHOOL, PART_AFTER_LUNCH, PART_BREAKFAST, PART_SMALL_HOURS, PART_COUNT
} WhenPartOfDay;
/* The usual second of the part of the day that has these bounds; -1 for none. */
int when_part_usual(int from, int until);

/* Begin and end of the unit that is n units after the one of today; false for those below days. */
bool when_unit_span(const WhenSense *s, int unit, int n, int32_t *from, int32_t *until);
uint8_t when_unit_grain(int unit);
/* A value that is a span of days. */
void when_set_span(WhenValue *out, int32_t from, int32_t until, uint8_t grain);
/* '74 is 1974, 26 is 2026: within the fifty years before or after now; 0 for other numbers of
 * digits than two and four. */
int when_full_year(const WhenSense *s, int64_t year, int digits);
/* The instant that lies a duration (times sign) after `ms`. */
int64_t when_move(const Zone *z, int64_t ms, const WhenValue *duration, int sign);

#endif
