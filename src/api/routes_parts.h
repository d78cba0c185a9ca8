/* routes_parts.h - parts of the route table that have a file of their own; routes.c joins them.
 * Threads: constant tables. */
#ifndef SOTTO_API_ROUTES_PARTS_H
#define SOTTO_API_ROUTES_PARTS_H

#include "api/call.h"

const ApiRoute *routes_talk(size_t *n);
const ApiRoute *routes_tasks(size_t *n);
const ApiRoute *routes_calendar(size_t *n);
const ApiRoute *routes_briefing(size_t *n);
const ApiRoute *routes_voice(size_t *n);
const ApiRoute *routes_page(size_t *n);
const ApiRoute *routes_people(size_t *n);

#endif
