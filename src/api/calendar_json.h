/* calendar_json.h - events and calendars as the JSON of the contract, and back. Internal to api/.
 * Threads: pure functions. */
#ifndef SOTTO_API_CALENDAR_JSON_H
#define SOTTO_API_CALENDAR_JSON_H

#include "api/call.h"

/* The members of one occurrence; item NULL: of the event itself. */
void event_json(JsonW *w, const CalEvent *e, const AgendaItem *item, Str calendar,
                const Zone *viewer);
void calendar_members(JsonW *w, const Calendar *k);
void import_json(JsonW *w, const ImportReport *r);

/* What a request says about when: begin, end, zone, floating. *said false: nothing. */
bool event_when(ApiCall *c, const CalEvent *old, EventWhen *out, bool *said, Err *err);
/* The parameter `occurrence`: NULL in *out when it was not given. */
bool event_occurrence(ApiCall *c, int64_t *room, const int64_t **out, Err *err);

#endif
