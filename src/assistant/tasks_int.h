/* tasks_int.h - what the files of tasks share: the object, planning, telling. */
#ifndef SOTTO_ASSISTANT_TASKS_INT_H
#define SOTTO_ASSISTANT_TASKS_INT_H

#include <pthread.h>

#include "assistant/tasks.h"
#include "text/rrule.h"

/* A reminder that was due a moment before it was asked for is said: clocks differ. */
#define TASKS_GRACE_MS 60000
#define TASKS_DAY_MS 86400000LL
#define TASKS_WHOLE_DAY_ALARM_MS (9 * 3600000LL) /* of what is due on a whole day: at nine */

typedef struct TasksZone {
    Zone *zone;
    struct TasksZone *next;
} TasksZone;

struct Tasks {
    Store *store;
    Uuid owner;
    Zone *zone;
    bool day_first;
    pthread_mutex_t zones_lock;
    TasksZone *zones; /* others that tasks were said in */
    size_t n_zones;
    pthread_mutex_t listen_lock; /* recursive: a listener may change tasks */
    struct {
        TasksListener fn;
        void *arg;
    } listeners[TASKS_LISTENERS];
    size_t n_listeners;
};

bool tasks_no_memory(Err *err);
/* A zone by its name, kept until the end; ERR_VALIDATION. */
const Zone *tasks_zone_named(Tasks *t, Str name, Err *err);
/* The midnight that begins the local day of ms. */
int64_t tasks_day_begin(const Zone *z, int64_t ms);
/* Fills due_end and fires (in the arena): alarms and snooze after `after`, and those of the next
 * occurrence of a recurring task. */
bool tasks_plan(Tasks *t, Task *task, int64_t after, Arena *a, Err *err);
/* The occurrence that follows: after `after_at` and not past at `now`. False: there is none. */
bool tasks_next_occurrence(Tasks *t, const Task *task, int64_t after_at, int64_t now,
    int64_t *out);
/* The reminders that a task has when nobody said: in the arena. */
bool tasks_default_alarms(const Task *task, Arena *a, TaskAlarm **out, size_t *n, Err *err);
/* With a due time an alarm is a distance from it, without one an instant. */
void tasks_settle_alarms(Tasks *t, Task *task, int64_t due_before);
/* Words that are a length of time from the first to the last: "an hour", which only "for" makes
 * one in a sentence. */
bool tasks_whole_span(const WhenContext *c, Str words, When *out);
/* As tasks_create, under another name in the journal. "calendar" is the program's own doing:
 * undoing the last change passes it by. */
bool tasks_create_as(Tasks *t, const char *what, const TaskDraft *d, Arena *a, TaskResult *out,
    Err *err);
/* Deletes a row as it was read; one that was changed since stays. */
bool tasks_drop(Tasks *t, const char *what, const Task *task, Err *err);
void tasks_tell(Tasks *t, TasksEventKind kind, const Task *task, bool gone, const Delivery *d);

#endif
