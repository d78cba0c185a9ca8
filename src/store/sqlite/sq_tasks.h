/* sq_tasks.h - rows of tasks; for tasks.c, task_undo.c, task_list.c and deliveries.c.
 * Threads: as sq.h. */
#ifndef SOTTO_STORE_SQLITE_SQ_TASKS_H
#define SOTTO_STORE_SQLITE_SQ_TASKS_H

#include "store/sqlite/sq.h"

/* In the order sq_task_read expects. */
#define SQ_TASK_COLUMNS                                                                            \
    "t.task_no, t.uuid, t.kind, t.status, t.priority, t.title, t.notes, t.due_at, t.due_end, "     \
    "t.due_timed, t.zone, t.alarms, t.rrule, t.series_start, t.series_at, t.series, t.missed, "    \
    "t.tags, t.source, t.extra, t.created_at, t.updated_at, t.completed_at, t.snoozed_until, "     \
    "t.fires, t.rev, t.change_no, t.quiet_no"
#define SQ_TASK_NCOLUMNS 28
/* What tasks and their images share under one name, but for uuid and task_no. */
#define SQ_TASK_SHARED                                                                             \
    "kind, status, priority, title, notes, due_at, due_end, due_timed, zone, alarms, rrule, "      \
    "series_start, series_at, series, missed, tags, source, extra, created_at, updated_at, "       \
    "completed_at, snoozed_until, fires, quiet_no, words, next_fire"

bool sq_task_read(Sq *q, Arena *a, Task *out, Err *err);
/* One row by its id; 1, 0 not there, -1. */
int sq_task_find(SqConn *c, int64_t owner_no, const Uuid *id, Arena *a, Task *out, Err *err);
/* TASK_NO_TIME binds NULL, and back. */
void sq_time(Sq *q, int64_t ms);
int64_t sq_col_time(Sq *q, int i);
/* [[at, due], ...]; ptr NULL without memory. */
Str sq_fires_json(const TaskFire *fires, size_t n, Arena *a);
/* The first fire of an open task, else TASK_NO_TIME. */
int64_t sq_next_fire(TaskStatus status, const TaskFire *fires, size_t n);
bool sq_tasks_no_memory(Err *err);

#endif
