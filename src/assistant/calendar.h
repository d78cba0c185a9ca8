/* calendar.h - a person's calendars: what is on the schedule, iCalendar in and out, addresses.
 *
 *   file or address -> confined reader -> entries -> events with instants -> store
 *   store -> occurrences in a window, replaced ones in their place -> agenda
 *   store -> iCalendar, every event with the lines it came with
 *
 * docs/CALENDAR.md has the rules: whose change wins, what is bounded, what is lost.
 *
 * Threads: a Calendars is shared; calls block (disk, network). What a call returns lives in the
 * Arena that it was given. */
#ifndef SOTTO_ASSISTANT_CALENDAR_H
#define SOTTO_ASSISTANT_CALENDAR_H

#include "assistant/tasks.h"
#include "base/zone.h"
#include "store/calendar.h"

typedef struct Calendars Calendars;

/* A stranger's calendar as lines of JSON, read in a confined process: events_read has the form. */
typedef bool (*CalendarReadFn)(void *arg, Str data, Str filename, Arena *a, Str *lines, Err *err);

typedef struct {
    Store *store;
    Uuid owner;
    Str zone;              /* the person's; empty: the machine's */
    CalendarReadFn read;   /* NULL: nothing can be imported */
    void *read_arg;
    Tasks *tasks;          /* where to-dos go, borrowed; NULL: they are left out, and told */
} CalendarsOptions;

Calendars *calendars_new(const CalendarsOptions *o, Err *err);
void calendars_free(Calendars *c); /* after calendars_stop */
const Zone *calendars_zone(const Calendars *c);
/* An IANA zone, kept until the end; NULL when the machine has none of that name. */
const Zone *calendars_zone_named(Calendars *c, Str name);

/* ---- what is on the schedule ----------------------------------------------------------------- */

#define AGENDA_MAX 50000u           /* occurrences of one answer */
#define AGENDA_MAX_OF_ONE 5000u     /* of one event */
#define AGENDA_STEPS 4000000u       /* of all rules together */

typedef struct {
    int64_t from, until;            /* what touches [from, until) */
    const Zone *zone;               /* the viewer's: where whole days begin; NULL: the person's */
    const Uuid *calendar;           /* NULL: all */
    const Str *uid;                 /* NULL: all */
    bool cancelled;                 /* those too */
    size_t max;                     /* 0: AGENDA_MAX */
} AgendaQuery;

typedef struct {
    const CalEvent *event;
    Str calendar;                   /* its name */
    int64_t occurrence_ms;          /* by which this occurrence is known, as the event's start_ms */
    int64_t start_ms, end_ms;       /* for this viewer; a whole day: midnight to midnight */
    bool recurring;
} AgendaItem;

typedef struct {
    AgendaItem *items;              /* by begin, whole days first, then by title */
    size_t n;
    bool whole;                     /* false: a limit cut it short */
} Agenda;

bool agenda_between(Calendars *c, const AgendaQuery *q, Arena *a, Agenda *out, Err *err);

/* ---- single events --------------------------------------------------------------------------- */

typedef struct {
    EventKind kind;
    Str zone;                       /* timed: an IANA name; empty: the person's */
    int64_t start_ms, end_ms;       /* floating and whole days: as if in UTC */
} EventWhen;

/* Members that are NULL or false stay as they are. */
typedef struct {
    const Str *summary, *location, *description;
    const Str *status;              /* "confirmed", "tentative", "cancelled" */
    const EventWhen *when;
    const Str *rrule;               /* empty: once */
    const EventAlarm *alarms;
    size_t n_alarms;
    bool set_alarms;
    const bool *free;
} EventEdit;

/* calendar NULL: the person's own first one, which is made when there is none. ERR_VALIDATION
 * without a summary and a time; ERR_FORBIDDEN in a calendar that is kept up to date from an
 * address. */
bool calendars_event_create(Calendars *c, const Uuid *calendar, const EventEdit *e, Arena *a,
    CalEvent *out, Err *err);
/* occurrence NULL: the event, of a series all of it; else that one of a series, which gets lines of
 * its own (ERR_NOT_FOUND when the series has none there). Lines nobody asked to change stay. */
bool calendars_event_change(Calendars *c, const Uuid *id, const int64_t *occurrence,
    const EventEdit *e, Arena *a, CalEvent *out, Err *err);
bool calendars_event_delete(Calendars *c, const Uuid *id, const int64_t *occurrence, Arena *a,
    Err *err);

#define CALENDAR_KEPT_MAX ((size_t)16 << 10) /* bytes of an event's own lines */

/* A single event as a text, from which calendars_event_restore makes the same again (its id, uid
 * and lines) in the calendar that it was in. ERR_TOO_LARGE for series and very long ones;
 * restoring: ERR_CONFLICT when it is there, ERR_NOT_FOUND when its calendar is gone. */
bool calendars_event_keep(Calendars *c, const Uuid *id, Arena *a, Str *out, Err *err);
bool calendars_event_restore(Calendars *c, Str kept, Arena *a, CalEvent *out, Err *err);

/* ---- in and out ------------------------------------------------------------------------------ */

#define IMPORT_MAX_NOTES 20

typedef struct {
    EventCounts events;
    uint64_t todos, todos_known;    /* made tasks; there already */
    Str notes[IMPORT_MAX_NOTES];    /* what was left out or lost, a sentence each */
    size_t n_notes;
    Calendar calendar;
} ImportReport;

/* The same file twice changes nothing. calendar NULL: the person's own first one. */
bool calendars_import(Calendars *c, const Uuid *calendar, Str data, Str filename, Arena *a,
    ImportReport *out, Err *err);

typedef struct {
    const Uuid *calendar;           /* NULL: all */
    bool subscribed;                /* those that come from an address too */
    bool tasks;                     /* open tasks as VTODO */
} ExportQuery;

/* A VCALENDAR; the same bytes as long as nothing changes. */
bool calendars_export(Calendars *c, const ExportQuery *q, Arena *a, Buf *out, Err *err);

/* ---- addresses ------------------------------------------------------------------------------- */

#define FEED_MAX_BYTES ((uint64_t)32 << 20)
#define FEED_LEAST_REFRESH_S 300u
#define FEED_MOST_REFRESH_S (30u * 86400u)

typedef struct {
    Str address;                    /* https, http or webcal (which is https) */
    Str name;                       /* empty: the calendar's own, or its host */
    uint32_t refresh_s;             /* 0: an hour */
    bool private_network;           /* it may be in one's own network; then it may not redirect */
} FeedDraft;

/* Fetches at once: a failure is ERR_... and nothing is kept. ERR_CONFLICT when it is there. */
bool calendars_subscribe(Calendars *c, const FeedDraft *d, Arena *a, ImportReport *out, Err *err);
/* Looks now. False only when nothing could be stored: what went wrong with the address is the
 * calendar's state. */
bool calendars_refresh(Calendars *c, const Uuid *calendar, Arena *a, ImportReport *out, Err *err);
bool calendars_list(Calendars *c, Arena *a, Calendar **out, size_t *n, Err *err);
bool calendars_get(Calendars *c, const Uuid *id, Arena *a, Calendar *out, Err *err);
bool calendars_make(Calendars *c, Str name, Arena *a, Calendar *out, Err *err);
/* Members that are NULL stay. */
bool calendars_change(Calendars *c, const Uuid *id, const Str *name, const uint32_t *refresh_s,
    Arena *a, Calendar *out, Err *err);
bool calendars_delete(Calendars *c, const Uuid *id, Err *err);

/* A thread that looks at each address when its time has come. */
bool calendars_start(Calendars *c, Err *err);
void calendars_stop(Calendars *c); /* NULL and not started are allowed */

#endif
