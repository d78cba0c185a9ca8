/* rrule.h - recurrence: rules of RFC 5545 (and nothing else), and the instants that they name.
 *
 *   "FREQ=MONTHLY;BYDAY=-1FR" -> Rrule -> periods (months) -> days x times of day -> instants
 *
 * A rule is a plain value of bit sets: no memory of its own, every list in order and without
 * doubles. Occurrences are wall-clock times in a zone that is given, made instants by the rules of
 * zone.h (a skipped 02:30 is moved on, a doubled one is the first); each instant comes once.
 *
 * Bounded work. A period's days are one bit set and its times of day a product that is counted and
 * never listed, so that a period costs about a microsecond whatever the rule; times that cannot
 * match are passed a day, an hour or a minute at once; rules without COUNT begin near the instant
 * asked for. What finds nothing in RRULE_MAX_STEPS periods, or up to the year 9999, ends with
 * RRULE_LIMIT: 30 February is not searched for ever. docs/CALENDAR.md says why this is not
 * libical's iterator.
 *
 * Threads: pure functions over values; an iterator has one owner at a time. */
#ifndef SOTTO_TEXT_RRULE_H
#define SOTTO_TEXT_RRULE_H

#include "base/zone.h"

typedef enum { RRULE_SECONDLY, RRULE_MINUTELY, RRULE_HOURLY, RRULE_DAILY, RRULE_WEEKLY,
    RRULE_MONTHLY, RRULE_YEARLY } RruleFreq;

/* How the end is written: not at all, a date (that whole day in the zone is included), a local
 * time, an instant. */
typedef enum { RRULE_NO_UNTIL, RRULE_UNTIL_DATE, RRULE_UNTIL_LOCAL, RRULE_UNTIL_UTC } RruleUntil;

/* Bit n of a positive list is n, bit n of a negative list is -n; n from 1 (hours, minutes and
 * seconds from 0). Weekdays: bit 0 is Sunday. All zero: the part is not there. */
typedef struct {
    RruleFreq freq;
    uint32_t interval;        /* from 1 */
    uint32_t count;           /* 0: none */
    RruleUntil until_kind;
    Civil until;
    uint8_t week_start;       /* 0 Sunday .. 6; Monday when not said */
    uint64_t second, minute;  /* BYSECOND (60 counts as 59), BYMINUTE */
    uint32_t hour;
    uint8_t day;              /* BYDAY without a number */
    uint64_t nth[7], nth_last[7]; /* BYDAY with one, by weekday: 2MO, -1FR */
    uint32_t month_day, month_day_last;
    uint64_t year_day[6], year_day_last[6];
    uint64_t week, week_last; /* BYWEEKNO */
    uint16_t month;
    uint64_t pos[6], pos_last[6]; /* BYSETPOS */
} Rrule;

#define RRULE_TEXT_MAX 4096 /* bytes of a rule that is read */
#define RRULE_MAX_STEPS 20000

/* Reads a rule, with or without "RRULE:" before it. ERR_VALIDATION names the part that is wrong,
 * unknown, twice there, or not allowed with this FREQ. */
bool rrule_parse(Str text, Rrule *out, Err *err);
/* Appends the rule in one canonical form: FREQ, UNTIL or COUNT, INTERVAL, WKST, then the lists from
 * months to seconds and BYSETPOS, each ascending, what is a default left out. */
void rrule_write(const Rrule *r, Buf *out);

typedef enum { RRULE_FOUND, RRULE_END, RRULE_LIMIT } RruleStep;

/* The first occurrence after `after_ms` (not at it) of the rule that began at `start_ms`. RRULE_END
 * when there is none any more. The start is an occurrence when the rule says so: "Mondays" from a
 * Tuesday begin on Monday. Counting goes from the start, whatever is asked for. */
RruleStep rrule_next(const Rrule *r, const Zone *z, int64_t start_ms, int64_t after_ms,
    int64_t *out);

/* The same one by one, ascending: from the first occurrence at or after `from_ms`. */
typedef struct {
    const Rrule *rule;
    const Zone *zone;
    int64_t start, start_ms;         /* start: local seconds since 1970 */
    int64_t from_ms, last_ms;
    int64_t until, until_ms;         /* the last local second; INT64_MAX where there is none */
    /* The period that is looked at and its elements: days x times of day, `at` the next one. */
    int64_t number, first_day, next;
    uint64_t days[6];
    uint32_t n_days, hours;
    uint64_t minutes, seconds, n_times, at, total;
    uint64_t counted, walked;
    RruleStep ended;
    bool open;
    Rrule full; /* the rule with what it takes from its start */
} RruleIter;

/* rule and zone are borrowed until the iterator is forgotten. */
void rrule_begin(RruleIter *it, const Rrule *r, const Zone *z, int64_t start_ms, int64_t from_ms);
RruleStep rrule_step(RruleIter *it, int64_t *out);

/* An event's whole recurrence: its start, its rules, what was added (RDATE) and taken away
 * (EXDATE). The start belongs to it even where the rule would not name it, as calendar programs
 * have it; an EXDATE may take it away. */
typedef struct {
    const Zone *zone;
    int64_t start_ms;
    const Rrule *rules;           /* usually one or none; at most RRULE_SET_RULES */
    size_t n_rules;
    const int64_t *added, *taken; /* ascending */
    size_t n_added, n_taken;
    uint64_t *budget;             /* steps left for many sets together; NULL: no such limit */
} RruleSet;

#define RRULE_SET_RULES 8

/* Calls fn for every instant in [from_ms, until_ms), ascending, each once, until it returns false.
 * At most `max` are told. False when that, the budget, or a rule's own limit ended it. */
bool rrule_set_each(const RruleSet *s, int64_t from_ms, int64_t until_ms, size_t max,
    bool (*fn)(void *arg, int64_t ms), void *arg);

#endif
