/* when.h - dates and times as people say them: "tomorrow at nine", "every other Friday",
 * "between 7 and 9:30 last night", "in half an hour", "by the end of the month".
 *
 *   text -> words -> rules of the language's table -> values -> instants in a zone
 *
 * A reference time and a zone make what is relative absolute. What is ambiguous is settled by
 * WhenPrefer: for a reminder "Friday" is the next one and "at nine" the next nine o'clock a person
 * is awake for; for "what changed since Friday" it is the last one. docs/DATES.md has the grammar
 * and the rules. Dates as documents print them, for metadata, are dates.h's.
 *
 * Threads: pure functions. */
#ifndef SOTTO_TEXT_WHEN_H
#define SOTTO_TEXT_WHEN_H

#include "base/zone.h"

typedef enum {
    WHEN_POINT,       /* an instant, or a calendar unit named by its begin: from; until = its end */
    WHEN_RANGE,       /* from .. until (exclusive) */
    WHEN_OPEN_AFTER,  /* from .. */
    WHEN_OPEN_BEFORE, /* .. until ("by Friday", "before nine") */
    WHEN_DURATION,    /* months, days, ms: "for an hour"; nothing absolute */
    WHEN_RECURRENCE   /* rrule; from = its first instant (and duration in months, days, ms) */
} WhenKind;

typedef enum { GRAIN_SECOND, GRAIN_MINUTE, GRAIN_HOUR, GRAIN_PART_OF_DAY, GRAIN_DAY, GRAIN_WEEKEND,
    GRAIN_WEEK, GRAIN_MONTH, GRAIN_QUARTER, GRAIN_YEAR } WhenGrain;

typedef enum { WHEN_FUTURE, WHEN_PAST } WhenPrefer;

typedef struct {
    int64_t now_ms;
    const Zone *zone;
    WhenPrefer prefer;
    bool day_first;   /* 3/4 is the third of April */
    Str language;     /* which table; empty: "en" */
} WhenContext;

#define WHEN_RRULE_MAX 160

typedef struct {
    WhenKind kind;
    WhenGrain grain;
    size_t start, end;        /* bytes of the text it came from: text[start, end) */
    int64_t from, until;      /* ms; 0 where the kind has none */
    bool timed;               /* a time of day was said; else whole days */
    bool dated;               /* a date was said; else only a time of day */
    bool deadline;            /* "by", "until", "due", "before", "end of": the end counts */
    int32_t months, days;     /* of a duration; weeks are days, years are months */
    int64_t ms;
    char rrule[WHEN_RRULE_MAX]; /* RFC 5545, without "RRULE:" */
} When;

/* Finds what the text says about time, in its order, without overlaps: at most `max` are written,
 * and their number returned. Text is UTF-8; at most the first 4,096 bytes are looked at. Linear
 * but for a bounded number of rules a word. */
size_t when_find(Str text, const WhenContext *c, When *out, size_t max);

/* The one instant at which to remind of it: what is timed at its time, a part of a day at its usual
 * hour (morning 9:00, afternoon 15:00, evening 19:00, night 21:00), a whole day at 9:00; with
 * `deadline` the end of what was said (a whole day or more: 9:00 of its last day). False for a
 * duration. Never before now for WHEN_FUTURE unless all of it is past. */
bool when_moment(const WhenContext *c, const When *w, int64_t *ms);

/* The instant a duration after `ms`, calendar-wise (a month after 31 January is the end of
 * February; a day is a calendar day, across changes of the clock). */
int64_t when_add(const Zone *z, int64_t ms, const When *duration);

/* How a person would say it back, from now: "tomorrow at 09:00", "on Friday 27 November",
 * "today at 15:30", "on 3 March 2027". Appends to out. */
void when_say(const Zone *z, int64_t now_ms, int64_t ms, bool timed, Buf *out);
/* "8 minutes", "1 hour and 5 minutes", "less than a second". */
void when_say_span(int64_t ms, Buf *out);
/* "every weekday at 09:00", "every 2 weeks on Monday"; false when the rule is none we know to
 * say. */
bool when_say_rule(Str rrule, Buf *out);

#endif
