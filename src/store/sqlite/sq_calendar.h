/* sq_calendar.h - calendars and events in SQLite: calendar.c writes, calendar_read.c reads. */
#ifndef SOTTO_STORE_SQLITE_SQ_CALENDAR_H
#define SOTTO_STORE_SQLITE_SQ_CALENDAR_H

#include "store/sqlite/sq.h"

bool sq_calendar_put(Store *, const Uuid *, const Calendar *, Err *);
bool sq_calendar_list(Store *, const Uuid *, Arena *, Calendar **, size_t *, Err *);
bool sq_calendar_delete(Store *, const Uuid *, const Uuid *, Err *);
bool sq_event_apply(Store *, const Uuid *, const EventBatch *, EventCounts *, Err *);
bool sq_event_get(Store *, const Uuid *, const Uuid *, Arena *, CalEvent *, Err *);
bool sq_event_delete(Store *, const Uuid *, const Uuid *, Err *);
bool sq_event_list(Store *, const Uuid *, const EventQuery *, Arena *, CalEvent **, size_t *,
    bool *, Err *);
bool sq_event_replaced(Store *, const Uuid *, Arena *, EventReplaced **, size_t *, Err *);
bool sq_zone_list(Store *, const Uuid *, Arena *, CalZone **, size_t *, Err *);

#endif
