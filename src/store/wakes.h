/* wakes.h - for whom something happens by itself: people who are not open are opened for it.
 * Threads: as store.h. */
#ifndef SOTTO_STORE_WAKES_H
#define SOTTO_STORE_WAKES_H

#include "store/briefing.h"

typedef enum {
    WAKE_TASK,     /* something fires by then */
    WAKE_UNSENT,   /* something fired, and not everybody was told */
    WAKE_FEED,     /* an address of a calendar is to be looked at by then */
    WAKE_CALENDAR, /* there are calendars: reminders of events are made a day ahead */
    WAKE_FOLDER,   /* a folder is watched */
    WAKE_BRIEFING  /* there is a schedule; when it is due its reader works out */
} StoreWakeKind;

typedef struct {
    Uuid owner;
    StoreWakeKind kind;
    BriefingSchedule schedule; /* WAKE_BRIEFING */
} StoreWake;

/* Everybody's, in no order; one person may be there several times. */
bool store_wakes(Store *s, int64_t until, Arena *a, StoreWake **out, size_t *n, Err *err);
/* This person is not expected for a while: caches of theirs that are open may be closed. */
void store_rest(Store *s, const Uuid *owner);

#endif
