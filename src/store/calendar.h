/* calendar.h - calendars (one's own, or kept up to date from an address) and their events.
 *
 * An event's truth is its own lines as iCalendar had them (`raw`): what is not understood comes out
 * again as it came in. Beside it stands what the lines mean: times as instants, rules, reminders;
 * that is what is asked for and what a window of time finds.
 *
 * Times. A timed event has instants and its zone. One that floats (the same clock time wherever one
 * is) and one of whole days have the instants that their clock times would be in UTC.
 *
 * Threads: as store.h. */
#ifndef SOTTO_STORE_CALENDAR_H
#define SOTTO_STORE_CALENDAR_H

#include "store/store.h"

#define CALENDAR_MAX 200u             /* of one person */
#define EVENT_MAX_RAW ((size_t)256 << 10)
#define EVENT_MAX_TEXT 65536u         /* of a description; shorter ones 4096 */
#define EVENT_MAX_DATES 10000u        /* added or taken away */
#define EVENT_MAX_ALARMS 32u
#define EVENT_OPEN_END INT64_MAX

typedef enum { FEED_NONE, FEED_NEW, FEED_OK, FEED_FAILED } FeedState;
const char *feed_state_name(FeedState s); /* "local", "new", "ok", "failed" */

typedef struct {
    Uuid id;
    Str name;
    Str address;          /* where it is kept up to date from; empty: one's own */
    uint32_t refresh_s;   /* between two looks */
    bool private_network; /* the address may be in one's own network */
    FeedState state;      /* FEED_NONE: one's own */
    Str problem;          /* of the last look, or what of it was left out; empty: none */
    Str etag, modified;   /* of the last answer */
    uint32_t failures;    /* in a row */
    int64_t created_at, checked_at, fetched_at, next_at; /* 0: never */
    uint64_t n_events;    /* read only */
} Calendar;

typedef enum { EVENT_TIMED, EVENT_FLOATING, EVENT_ALL_DAY } EventKind;

/* Before (negative) or after the begin, or at an instant. */
typedef struct {
    bool absolute;
    int64_t ms;
} EventAlarm;

typedef struct {
    Uuid id, calendar;
    Str uid;
    bool replaces;            /* it stands for the occurrence at recurrence_ms of its series */
    bool and_later;           /* and for those after it */
    int64_t recurrence_ms;
    int64_t sequence, stamp;  /* stamp: LAST-MODIFIED or DTSTAMP; 0: none */
    Str summary, location, description, status; /* status: "confirmed", "tentative", "cancelled" */
    EventKind kind;
    Str zone;                 /* timed: IANA name, or a TZID of store_zone_list; "UTC" */
    int64_t start_ms, end_ms; /* end is the first instant after it; all day: the day after */
    int64_t last_ms;          /* nothing of it is after this; EVENT_OPEN_END */
    Str rules;                /* RRULE values, one a line; empty: it does not recur */
    int64_t *added, *taken;   /* ascending */
    size_t n_added, n_taken;
    EventAlarm *alarms;
    size_t n_alarms;
    bool free;                /* does not take up one's time */
    Str raw;                  /* its lines, unfolded, each ending in "\n", without BEGIN and END;
                               * ptr NULL unless asked for */
    uint64_t hash;            /* of raw without what changes by itself */
    int64_t created_at, updated_at;
} CalEvent;

/* A zone that a calendar brought because no other computer knows it. */
typedef struct {
    Uuid calendar;
    Str tzid, raw, tzif;      /* tzif: as zone_parse takes it; empty: it was not understood */
} CalZone;

typedef struct {
    uint64_t created, updated, unchanged, older, removed;
} EventCounts;

/* What came for one calendar, in one transaction. An event is known by uid and the occurrence it
 * stands for. What is there already is replaced when the newcomer is not older (SEQUENCE, then
 * stamp), its id and created_at stay. */
typedef struct {
    const Calendar *calendar; /* written with it: made when it is not there */
    const CalEvent *events;
    size_t n_events;
    const CalZone *zones;
    size_t n_zones;
    bool whole;               /* what the calendar has and this has not goes */
    bool force;               /* the newcomer wins whatever its age: a person's own change */
} EventBatch;

bool store_calendar_put(Store *s, const Uuid *owner, const Calendar *c, Err *err);
/* One's own first, then by name. */
bool store_calendar_list(Store *s, const Uuid *owner, Arena *a, Calendar **out, size_t *n,
    Err *err);
bool store_calendar_get(Store *s, const Uuid *owner, const Uuid *id, Arena *a, Calendar *out,
    Err *err);
/* With its events. ERR_NOT_FOUND. */
bool store_calendar_delete(Store *s, const Uuid *owner, const Uuid *id, Err *err);

bool store_event_apply(Store *s, const Uuid *owner, const EventBatch *b, EventCounts *counts,
    Err *err);
bool store_event_get(Store *s, const Uuid *owner, const Uuid *id, Arena *a, CalEvent *out,
    Err *err); /* with raw */
/* Of a series, its replaced occurrences go with it. */
bool store_event_delete(Store *s, const Uuid *owner, const Uuid *id, Err *err);

typedef struct {
    int64_t from, until;      /* what may touch [from, until); INT64_MIN, INT64_MAX: all */
    const Uuid *calendar;     /* NULL: all */
    const Str *uid;           /* NULL: all */
    bool with_raw;
    size_t limit;             /* at most */
} EventQuery;
/* By start, then uid. *more (may be NULL): the limit cut some off. */
bool store_event_list(Store *s, const Uuid *owner, const EventQuery *q, Arena *a, CalEvent **out,
    size_t *n, bool *more, Err *err);

/* Which occurrences are replaced: by calendar, uid, instant. */
typedef struct {
    Uuid calendar;
    Str uid;
    int64_t recurrence_ms;
    bool and_later;
} EventReplaced;
bool store_event_replaced(Store *s, const Uuid *owner, Arena *a, EventReplaced **out, size_t *n,
    Err *err);
bool store_zone_list(Store *s, const Uuid *owner, Arena *a, CalZone **out, size_t *n, Err *err);

#endif
