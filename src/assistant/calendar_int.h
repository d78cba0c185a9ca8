/* calendar_int.h - what the files of the calendar share: the object, zones, lines of an event. */
#ifndef SOTTO_ASSISTANT_CALENDAR_INT_H
#define SOTTO_ASSISTANT_CALENDAR_INT_H

#include <pthread.h>
#include <stdatomic.h>

#include "assistant/calendar.h"
#include "base/json.h"
#include "text/ical.h"
#include "text/rrule.h"

#define CALENDAR_DAY_MS 86400000LL
#define CALENDAR_WIDEST_MS (26 * 3600000LL) /* two local times of one instant differ by less */

typedef struct CalendarsZone {
    Str name;
    Zone *zone; /* NULL: there is none of that name */
    struct CalendarsZone *next;
} CalendarsZone;

struct Calendars {
    Store *store;
    Uuid owner;
    Zone *zone, *utc;
    CalendarReadFn read;
    void *read_arg;
    Tasks *tasks;
    Arena *names;
    pthread_mutex_t zones_lock;
    CalendarsZone *zones;
    size_t n_zones;
    pthread_mutex_t change_lock; /* one at a time reads an event, changes it and writes it */
    pthread_mutex_t feed_lock;
    pthread_cond_t feed_wake;
    pthread_t feed_thread;
    bool feed_running;
    atomic_bool feed_stop;
};

bool calendars_no_memory(Err *err);
/* Events changed: the thread looks at their reminders now. */
void calendars_wake(Calendars *c);
/* Makes the alarms of the next day, takes away those of events that moved (calendar_alarms.c). */
bool calendars_keep_alarms(Calendars *c, Arena *a, Err *err);

/* ---- zones of stored events (calendar_zone.c) ------------------------------------------------ */

/* The zones that calendars brought themselves, opened when they are asked for. */
typedef struct {
    Calendars *c;
    CalZone *list;
    Zone **opened;
    size_t n;
} EventZones;

bool event_zones_open(Calendars *c, Arena *a, EventZones *out, Err *err);
void event_zones_close(EventZones *z);
/* In which the event's rules are counted: UTC for floating ones and whole days. Never NULL. */
const Zone *event_zone(EventZones *z, const CalEvent *e);

/* A zone's definition (the reader's "rules") as TZif, from 1970 to 2099; false when it cannot be
 * understood. */
bool zone_from_rules(const Json *rules, Buf *tzif);
/* Appends a VTIMEZONE (with CR LF, folded) of what the zone does from `from` on. */
void zone_write_vtimezone(const Zone *z, Str tzid, int64_t from_ms, Buf *out);

/* ---- an event's lines and what follows from its members (calendar_event.c) ------------------- */

/* Puts `line` (without "\n"; empty: none) in place of all own lines of that name. */
void event_raw_set(Buf *raw, const char *name, Str line);
/* Takes the reminders out. */
void event_raw_drop_alarms(Buf *raw);
void event_raw_add_alarm(Buf *raw, const EventAlarm *alarm, Str summary);
/* A DTSTART, DTEND, RECURRENCE-ID or EXDATE line for an instant in the event's own terms. */
void event_time_line(Buf *out, const char *name, const CalEvent *e, const Zone *zone, int64_t ms);
/* Sorts the dates, and sets last_ms and hash; zone is event_zone's. */
void event_finish(CalEvent *e, const Zone *zone);
/* The rules that are understood, at most RRULE_SET_RULES. */
size_t event_rules(const CalEvent *e, Rrule *out);

/* ---- taking entries in (calendar_import.c) --------------------------------------------------- */

typedef struct {
    Calendar *calendar;  /* as it is to be written; a name that is empty is taken from the file */
    bool whole;          /* what the calendar has and the file has not goes */
} ImportTarget;
bool calendars_take(Calendars *c, const ImportTarget *t, Str lines, Arena *a, ImportReport *out,
    Err *err);
/* The person's own first calendar, made when there is none. */
bool calendars_own(Calendars *c, Arena *a, Calendar *out, Err *err);

#endif
