/* task_json.h - tasks and reminders as the JSON of the contract. Threads: as tasks.h. */
#ifndef SOTTO_API_TASK_JSON_H
#define SOTTO_API_TASK_JSON_H

#include "assistant/tasks.h"
#include "base/json.h"

/* Into an object that is open already. */
void task_members(JsonW *w, Tasks *t, const Task *task);
void task_json(JsonW *w, Tasks *t, const Task *task);
void delivery_members(JsonW *w, const Delivery *d);

#endif
