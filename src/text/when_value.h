/* when_value.h - what a stretch of words means before it becomes a When.
 *
 * A date may be known in parts (a weekday, a day without a month), as days, or as an instant; a
 * time of day may lack its half of the day. What lacks is found when all of it is known.
 *
 * Days are counted from 1970-01-01. Threads: plain data. */
#ifndef SOTTO_TEXT_WHEN_VALUE_H
#define SOTTO_TEXT_WHEN_VALUE_H

#include "text/when.h"

typedef enum { U_SECOND, U_MINUTE, U_HOUR, U_DAY, U_WORKDAY, U_WEEKEND, U_WEEK, U_FORTNIGHT,
    U_MONTH, U_QUARTER, U_HALF_YEAR, U_YEAR, U_DECADE, U_NIGHT } WhenUnit;

typedef enum {
    DATE_NONE,
    DATE_FIELDS,  /* year, month, mday, weekday as far as known */
    DATE_HOLIDAY, /* holiday, of a year known or not */
    DATE_SPAN,    /* day .. day_end */
    DATE_INSTANT, /* ms */
    DATE_DONE     /* kind, from, until: nothing is open any more */
} WhenDate;

typedef enum {
    TIME_NONE,
    TIME_12,    /* sec lacks its half of the day */
    TIME_FIXED, /* sec */
    TIME_PART   /* sec .. sec_end, a part of the day */
} WhenTime;

#define WHEN_NO_ZONE INT16_MIN
/* Added to the minutes of a zone that keeps the summer time of the USA ("eastern time"). */
#define WHEN_US_ZONE 4000

/* A recurrence as far as said. */
typedef struct {
    uint8_t freq;    /* WhenUnit, one of minute, hour, day, week, month, year */
    uint8_t weekdays; /* bit 0 Sunday */
    int8_t nth;      /* of the weekdays in the month; -1 the last; 0 none */
    int8_t mday;     /* day of the month, -1 the last; 0 none */
    int8_t month;
    int16_t interval, count;
    int32_t until;   /* last day; 0 none */
    uint32_t hours;  /* more than one time a day: a bit an hour */
} WhenRepeat;

typedef struct {
    uint8_t date, time, grain, kind; /* WhenDate, WhenTime, WhenGrain, WhenKind */
    bool deadline, time_range, weak;
    int8_t weekday;                  /* -1 unknown */
    int8_t month, mday;              /* 0 unknown */
    int16_t year;                    /* 0 unknown */
    int16_t zone;                    /* minutes east; WHEN_NO_ZONE */
    uint8_t holiday;                 /* WhenHoliday */
    uint8_t digits;                  /* of a number written in digits */
    uint8_t end_time;                /* WhenTime of sec_end, with time_range */
    int32_t day, day_end;
    int32_t sec, sec_end;            /* seconds of the day; may go beyond it */
    int32_t months, days;            /* of a duration; with ms */
    int64_t ms, from, until;
    double num;
    WhenRepeat rep;
} WhenValue;

/* A value and the tokens [at, end) that it came from. */
typedef struct {
    const WhenValue *v;
    uint16_t at, end;
} WhenKid;

/* What meanings may know of the world. */
typedef struct {
    const WhenContext *c;
    Civil now;
    int32_t today;
    bool day_first;
    const uint8_t *comma; /* [tokens] whether a comma stands before the token */
    const uint8_t *closing; /* [tokens] whether what was said ends behind it */
    const uint8_t *glued; /* [tokens] whether no white space does */
} WhenSense;

#endif
