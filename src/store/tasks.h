/* tasks.h - what is to be done and when to say so: tasks, reminders, timers; their history.
 *
 * A Task is one row, whatever its kind. What changes it is one transaction with the images of all
 * rows as they were before, under a change id: undoing the change puts exactly those back. Firing a
 * reminder is no such change: it is the program's doing, has a row of its own (Delivery) that is
 * committed together with the task's next state, and stays when a change is undone. docs/TASKS.md
 * has the protocol.
 *
 * The store computes nothing about time: `fires` are instants that the assistant worked out from
 * due, alarms, zone and rule, and the store finds the tasks whose first one has come.
 *
 * Threads: as store.h. */
#ifndef SOTTO_STORE_TASKS_H
#define SOTTO_STORE_TASKS_H

#include "store/store.h"

/* A timer and an alarm are over when they have fired; a reminder waits to be done, as a task. */
typedef enum { TASK_TODO, TASK_REMINDER, TASK_TIMER, TASK_ALARM } TaskKind;
#define TASK_KINDS 4
typedef enum { TASK_OPEN, TASK_DONE, TASK_CANCELLED } TaskStatus;
typedef enum { TASK_LOW, TASK_NORMAL, TASK_HIGH, TASK_URGENT } TaskPriority;

#define TASK_NO_TIME INT64_MIN /* an instant that is not there */
#define TASK_MAX_ALARMS 16u
#define TASK_MAX_FIRES 32u
#define TASK_MAX_TAGS 32u
#define TASK_MAX_TITLE 1000u   /* bytes */
#define TASK_MAX_NOTES 65536u
#define TASK_MAX_RRULE 1000u

/* A reminder that was asked for. With a due time it is a distance from it, so that it moves with
 * it: whole days by the calendar, the rest exactly; of a task due on a whole day, clock time after
 * the day's begin. Without one it is an instant. */
typedef struct {
    bool absolute;
    int64_t ms; /* absolute: the instant; else from due, negative: before */
} TaskAlarm;

/* When it will be said, and of which occurrence. */
typedef struct {
    int64_t at, due; /* due: TASK_NO_TIME when the task has none */
} TaskFire;

typedef struct {
    Uuid id;
    TaskKind kind;
    TaskStatus status;
    TaskPriority priority;
    Str title, notes;       /* notes may be empty */
    int64_t due_at;         /* ms; a whole day: its begin in `zone`; or TASK_NO_TIME */
    int64_t due_end;        /* when it is overdue: due_at, or the end of its day */
    bool due_timed;         /* a moment; else a whole day */
    Str zone;               /* IANA name in which it was said */
    TaskAlarm *alarms;
    size_t n_alarms;
    Str rrule;              /* RFC 5545 without "RRULE:"; empty: once */
    int64_t series_start;   /* DTSTART of the rule; TASK_NO_TIME without one */
    int64_t series_at;      /* the rule's occurrence that due_at stands for (it may be moved) */
    Uuid series;            /* a done occurrence: the task that goes on; else nil */
    uint32_t missed;        /* occurrences that passed since it was last done */
    Str *tags;
    size_t n_tags;
    Str source;             /* "text", "api", "timer", "document:UUID", "calendar:UID", ... */
    Str extra_json;         /* what other formats said and no member holds: an object, "{}" */
    int64_t created_at, updated_at;
    int64_t completed_at;   /* or TASK_NO_TIME */
    int64_t snoozed_until;  /* or TASK_NO_TIME; it is among fires */
    TaskFire *fires;        /* in order of `at`; those of a task that is not open never fire */
    size_t n_fires;
    /* The store's own; a caller gives back what it read, 0 in a new task. */
    uint64_t rev;           /* grows with every write; a write of an older one is ERR_CONFLICT */
    uint64_t change_no;     /* the last change */
    uint64_t quiet_no;      /* deliveries up to this one have been dealt with */
} Task;

const char *task_kind_name(TaskKind k);         /* "task", "reminder", ... "alarm" */
const char *task_status_name(TaskStatus s);     /* "open", "done", "cancelled" */
const char *task_priority_name(TaskPriority p); /* "low", "normal", "high", "urgent" */
bool task_kind_parse(Str name, TaskKind *out);
bool task_status_parse(Str name, TaskStatus *out);
bool task_priority_parse(Str name, TaskPriority *out);

/* ---- changes --------------------------------------------------------------------------------- */

/* Rows as they are to be, and rows to go, in one transaction under one change id. */
typedef struct {
    const char *what;       /* "created", "completed", ...: kept in the journal, for people;
                             * "calendar": not a person's, and passed by when the last is undone */
    int64_t at;
    const Task *put;        /* written whole; new when its rev is 0 (ERR_CONFLICT: there already) */
    size_t n_put;
    const Task *remove;     /* id and rev */
    size_t n_remove;
    bool quiet;             /* what was said of the rows so far has been dealt with */
} TaskChange;

typedef struct {
    Uuid id;
    char what[24];
    int64_t at;
    bool undone;
    Uuid *tasks;            /* that it touched */
    size_t n_tasks;
} TaskChangeInfo;

/* ERR_CONFLICT: a row was written since it was read (read again); ERR_NOT_FOUND: it is gone. */
bool store_task_change(Store *s, const Uuid *owner, const TaskChange *c, Uuid *change, Err *err);
/* Puts back what the change found; NULL: the last one that is not undone. *info says what was
 * undone. What has fired since does not fire again. ERR_NOT_FOUND: no such change;
 * ERR_CONFLICT: undone already, or a row was changed again by a later change. */
bool store_task_undo(Store *s, const Uuid *owner, const Uuid *change, Arena *a,
    TaskChangeInfo *info, Err *err);
/* The last changes, newest first. */
bool store_task_changes(Store *s, const Uuid *owner, size_t limit, Arena *a, TaskChangeInfo **out,
    size_t *n, Err *err);

/* ---- reading --------------------------------------------------------------------------------- */

typedef enum { TASK_SORT_DUE, TASK_SORT_DUE_DESC, TASK_SORT_CREATED, TASK_SORT_CREATED_DESC,
    TASK_SORT_UPDATED, TASK_SORT_UPDATED_DESC, TASK_SORT_PRIORITY_DESC, TASK_SORT_TITLE } TaskSort;

typedef struct {
    const TaskStatus *status;   /* NULL: any */
    const TaskKind *kinds;      /* any of them */
    size_t n_kinds;
    const TaskPriority *priority;
    const Str *tags;            /* all of them, ASCII case aside */
    size_t n_tags;
    Str q;                      /* words in title, notes or tags, as lists of documents find them */
    int64_t due_from, due_before; /* [from, before); TASK_NO_TIME: open */
    bool has_due;               /* only what has a time */
    int64_t overdue_at;         /* open and overdue at this instant (due_end before it);
                                 * TASK_NO_TIME: all */
    const Uuid *series;         /* the done occurrences of this task */
    bool once;                  /* leave done occurrences of recurring tasks out */
    int64_t done_from, done_before; /* completed_at in [from, before); TASK_NO_TIME: open */
    const Str *source;          /* exactly this source; NULL: any */
} TaskFilter;
/* A filter that lets everything through. */
#define TASK_FILTER_ALL                                                                            \
    ((TaskFilter){.due_from = TASK_NO_TIME, .due_before = TASK_NO_TIME,                            \
        .overdue_at = TASK_NO_TIME, .done_from = TASK_NO_TIME, .done_before = TASK_NO_TIME})

typedef struct {
    Task *items;
    size_t n;
    uint64_t total;             /* that match, on all pages */
    Str next_cursor;            /* ptr NULL on the last page */
} TaskPage;

bool store_task_get(Store *s, const Uuid *owner, const Uuid *id, Arena *a, Task *out, Err *err);
/* Without a due time they come last. Pages go on where the one before ended, whatever came or went
 * meanwhile. */
bool store_task_list(Store *s, const Uuid *owner, const TaskFilter *f, TaskSort sort, size_t limit,
    Str cursor, Arena *a, TaskPage *out, Err *err);
/* Open, done and cancelled, all kinds. */
bool store_task_counts(Store *s, const Uuid *owner, uint64_t counts[TASK_CANCELLED + 1], Err *err);

/* ---- firing ---------------------------------------------------------------------------------- */

/* One reminder that was due. It is sent until `sent_at` is set, and shown until somebody
 * acknowledges it, its task is acted on, or its task is gone. */
typedef struct {
    Uuid id;                /* stable: the same however often it is sent */
    uint64_t no;            /* grows */
    Uuid task;
    int64_t at;             /* when it was to fire */
    int64_t due;            /* of the occurrence; TASK_NO_TIME */
    int64_t fired_at;       /* when it did */
    int64_t sent_at;        /* to every channel; TASK_NO_TIME: not yet */
    int64_t acked_at;       /* TASK_NO_TIME: not yet */
} Delivery;

/* A task's state after it fired, and what fired: one transaction for all of them. An entry whose
 * task was written since is left out: it is found again. */
typedef struct {
    const Task *task;       /* due, series_at, missed, status, the times and fires are written; rev
                             * is what was read */
    const TaskFire *fired;
    size_t n_fired;
    bool quiet;             /* what was said of it before is superseded */
} TaskFiring;

/* The instant at which something is to fire next; TASK_NO_TIME: nothing is. */
bool store_task_next(Store *s, const Uuid *owner, int64_t *at, Err *err);
/* Tasks whose first fire is at or before `now`, the longest waiting first. */
bool store_task_due(Store *s, const Uuid *owner, int64_t now, size_t limit, Arena *a, Task **out,
    size_t *n, Err *err);
bool store_task_fire(Store *s, const Uuid *owner, const TaskFiring *f, size_t n, int64_t now,
    Arena *a, Delivery **out, size_t *n_out, Err *err);
/* Fired and not sent to every channel yet. */
bool store_delivery_unsent(Store *s, const Uuid *owner, size_t limit, Arena *a, Delivery **out,
    size_t *n, Err *err);
bool store_delivery_sent(Store *s, const Uuid *owner, const Uuid *ids, size_t n, int64_t at,
    Err *err);
/* Fired, and nobody has done anything about it: neither acknowledged it nor acted on its task. */
bool store_delivery_waiting(Store *s, const Uuid *owner, size_t limit, Arena *a, Delivery **out,
    size_t *n, Err *err);
bool store_delivery_get(Store *s, const Uuid *owner, const Uuid *id, Delivery *out, Err *err);
/* All n or, with ERR_NOT_FOUND, none. first[n]: nobody had before. */
bool store_delivery_ack(Store *s, const Uuid *owner, const Uuid *ids, size_t n, int64_t at,
    bool *first, Err *err);

#endif
