/* tasks.h - tasks, reminders, timers and alarms as a person acts on them: from a sentence or from
 * fields; move, complete, reopen, snooze, cancel, delete, undo.
 *
 *   sentence -> TaskDraft -> Task with its fires (due, reminders, zone, rule) -> store, one change
 *
 * Every change gives its id, with which it is undone exactly; whoever listens hears of it. What
 * fires at its time is scheduler.h's business. Rules (docs/TASKS.md): a time without a zone is the
 * person's; a recurring task moves to its next occurrence when it is completed and the done one
 * stays as a row of its own; reminders of a task move with it; what is due and not asked to be
 * reminded of differently is said at its time (of a whole day: at nine).
 *
 * Threads: a Tasks is shared; calls block (disk). Listeners are called on the thread of the change,
 * after it is durable. What a call returns lives in the Arena that it was given. */
#ifndef SOTTO_ASSISTANT_TASKS_H
#define SOTTO_ASSISTANT_TASKS_H

#include "base/zone.h"
#include "store/tasks.h"
#include "text/when.h"

typedef struct Tasks Tasks;

typedef struct {
    Store *store;
    Uuid owner;
    Str zone;        /* the person's; empty: the machine's */
    bool day_first;  /* 3/4 is the third of April */
} TasksOptions;

/* ERR_VALIDATION when there is no such zone. */
Tasks *tasks_new(const TasksOptions *o, Err *err);
void tasks_free(Tasks *t);
const Zone *tasks_zone(const Tasks *t);
bool tasks_day_first(const Tasks *t);
Store *tasks_store(const Tasks *t);
const Uuid *tasks_owner(const Tasks *t);
/* The zone a task was said in; the person's when it is not there (any more). */
const Zone *tasks_zone_of(Tasks *t, const Task *task);

/* ---- what a sentence or a form says ---------------------------------------------------------- */

/* Members that were not said: ptr NULL, TASK_NO_TIME, n 0, set_... false. */
typedef struct {
    TaskKind kind;
    Str title, notes;
    TaskPriority priority;
    bool set_priority;
    int64_t due_at;
    bool due_timed;
    Str zone;                /* empty: the person's */
    const TaskAlarm *alarms;
    size_t n_alarms;
    bool set_alarms;         /* else: as the rules say */
    Str rrule;               /* due_at is its start; when there is none: its first occurrence */
    const Str *tags;
    size_t n_tags;
    Str source, extra_json;
    TaskStatus status;       /* imports: done ones too */
    int64_t completed_at;
    bool silent;             /* imports: what is past already does not fire */
} TaskDraft;
#define TASK_DRAFT_NONE                                                                            \
    ((TaskDraft){.priority = TASK_NORMAL, .due_at = TASK_NO_TIME, .completed_at = TASK_NO_TIME})

/* Reads "review the quarterly report by Friday 5pm #work, urgent, remind me an hour before". What
 * asks for it ("remind me to", "create task:") and what was understood is taken out of the title.
 * ERR_VALIDATION when no title is left (but for timers and alarms), or a time said is past. */
bool tasks_read(Tasks *t, Str sentence, int64_t now_ms, Arena *a, TaskDraft *out, Err *err);
/* Priorities, tags and reminder clauses out of a text that is a title already (an intent's slot):
 * *title is what is left. */
bool tasks_read_extras(Tasks *t, Str text, int64_t now_ms, Arena *a, TaskDraft *io, Err *err);
/* One point in time out of words ("Monday at five", "tomorrow", an RFC 3339 time, a day), for
 * moving: a time of day without a day keeps the day of `base`, a day without a time its time of
 * day (base NULL: neither). ERR_VALIDATION. */
bool tasks_read_time(Tasks *t, Str words, int64_t now_ms, const Task *base, int64_t *at,
    bool *timed, Err *err);
/* A length of time: "an hour", "8 minutes", "PT1H30M"; the instant so long after `from_ms`. */
bool tasks_read_span(Tasks *t, Str words, int64_t from_ms, int64_t *until, Err *err);

/* ---- changing -------------------------------------------------------------------------------- */

typedef struct {
    Task task;         /* as it is now; of a deletion, as it was */
    Uuid change;       /* undoes it */
    bool moved_on;     /* completed, and it goes on with the next occurrence */
    Uuid occurrence;   /* then: the row of the done one */
} TaskResult;

/* Members that are NULL or false stay as they are. */
typedef struct {
    const Str *title, *notes, *rrule; /* rrule empty: once */
    const TaskPriority *priority;
    const TaskStatus *status;
    const int64_t *due_at;            /* TASK_NO_TIME: none */
    bool due_timed;                   /* with due_at */
    const Str *zone;
    const TaskAlarm *alarms;
    size_t n_alarms;
    bool set_alarms;
    const Str *tags;
    size_t n_tags;
    bool set_tags;
    const Str *extra_json;
    bool whole_series;                /* due_at: of a recurring one, of all occurrences from now */
} TaskPatch;

/* The task that tasks_create would make of it; nothing is kept. Errors as there. */
bool tasks_preview(Tasks *t, const TaskDraft *d, Arena *a, Task *out, Err *err);
bool tasks_create(Tasks *t, const TaskDraft *d, Arena *a, TaskResult *out, Err *err);
bool tasks_change(Tasks *t, const Uuid *id, const TaskPatch *p, Arena *a, TaskResult *out,
    Err *err);
/* ERR_CONFLICT when it is done (open, cancelled) already. */
bool tasks_complete(Tasks *t, const Uuid *id, Arena *a, TaskResult *out, Err *err);
/* Of a recurring task that is open: its last done occurrence is taken back. */
bool tasks_reopen(Tasks *t, const Uuid *id, Arena *a, TaskResult *out, Err *err);
/* Said again at `until_ms`, and not before; due stays. Of a done timer or alarm: it is open again.
 * ERR_VALIDATION when that is past. */
bool tasks_snooze(Tasks *t, const Uuid *id, int64_t until_ms, Arena *a, TaskResult *out, Err *err);
bool tasks_cancel(Tasks *t, const Uuid *id, Arena *a, TaskResult *out, Err *err);
bool tasks_delete(Tasks *t, const Uuid *id, Arena *a, TaskResult *out, Err *err);
/* NULL: the last change. *info says what was undone, its tasks as they are now can be got. */
bool tasks_undo(Tasks *t, const Uuid *change, Arena *a, TaskChangeInfo *info, Err *err);

/* A timer that ends in ms; the title may be empty. */
bool tasks_timer_start(Tasks *t, int64_t ms, Str title, Arena *a, TaskResult *out, Err *err);

/* ---- asking ---------------------------------------------------------------------------------- */

bool tasks_get(Tasks *t, const Uuid *id, Arena *a, Task *out, Err *err);
bool tasks_list(Tasks *t, const TaskFilter *f, TaskSort sort, size_t limit, Str cursor, Arena *a,
    TaskPage *out, Err *err);
/* Running timers, the one that ends first in front; left = due_at - now. */
bool tasks_timers(Tasks *t, Arena *a, Task **out, size_t *n, Err *err);
/* Open tasks that a person may mean by these words, the best first: all words are in the title,
 * else the most of them. At most `max`. For "I've paid the electricity bill". */
bool tasks_find(Tasks *t, Str words, size_t max, Arena *a, Task **out, size_t *n, Err *err);

bool task_overdue(Tasks *t, const Task *task, int64_t now_ms);
/* The end of its day for one due on a whole day, else due_at. */
int64_t task_due_end(Tasks *t, const Task *task);
/* When it will be said next; TASK_NO_TIME. */
int64_t task_next_fire(const Task *task);
/* When an alarm of the task is, TASK_NO_TIME when its due time is not there. */
int64_t task_alarm_at(Tasks *t, const Task *task, const TaskAlarm *alarm, int64_t due_at);
/* "today at 15:00", "every Monday", "overdue since yesterday": for answers. Appends. */
void task_say_when(Tasks *t, const Task *task, int64_t now_ms, Buf *out);

/* ---- reminders ------------------------------------------------------------------------------- */

typedef struct {
    Delivery delivery;
    Task task;
} TaskReminder;

/* Fired and not yet dealt with, oldest first. */
bool tasks_waiting(Tasks *t, size_t limit, Arena *a, TaskReminder **out, size_t *n, Err *err);
/* *first: nobody had acknowledged it before. */
bool tasks_acknowledge(Tasks *t, const Uuid *delivery, Arena *a, TaskReminder *out, bool *first,
    Err *err);
/* All or none, in one transaction. *first: how many nobody had acknowledged before. */
bool tasks_acknowledge_all(Tasks *t, const Uuid *deliveries, size_t n, Arena *a, size_t *first,
    Err *err);

/* ---- listening ------------------------------------------------------------------------------- */

typedef enum { TASKS_CREATED, TASKS_UPDATED, TASKS_COMPLETED, TASKS_REOPENED, TASKS_SNOOZED,
    TASKS_CANCELLED, TASKS_DELETED, TASKS_UNDONE, TASKS_FIRED, TASKS_ACKNOWLEDGED } TasksEventKind;
const char *tasks_event_name(TasksEventKind k); /* "created", ... */

typedef struct {
    TasksEventKind kind;
    const Task *task;         /* for the call; of a deletion as it was */
    bool gone;                /* it is not there any more */
    const Delivery *delivery; /* TASKS_FIRED, TASKS_ACKNOWLEDGED; else NULL */
} TasksEvent;
typedef void (*TasksListener)(void *arg, const TasksEvent *e);

#define TASKS_LISTENERS 8
/* Listeners must not call tasks_listen. False when there are TASKS_LISTENERS already. */
bool tasks_listen(Tasks *t, TasksListener fn, void *arg);
/* Another process did it (store_on_news): listeners are told as if it had been done here. */
bool tasks_heard(Tasks *t, const StoreNews *news, Err *err);
/* None of `arg` runs any more when this returns. */
void tasks_unlisten(Tasks *t, void *arg);

#endif
