/* task_time.c - when a task is due, overdue and said: alarms, whole days, the next occurrence.
 *
 * An alarm's distance from a moment is exact below a day and by the calendar above ("the day
 * before" is the same hour, whatever the clock did in between); from a whole day it is clock
 * time. */
#include "assistant/tasks_int.h"

#include <stdlib.h>

#include "base/clock.h"

int64_t tasks_day_begin(const Zone *z, int64_t ms)
{
    Civil c = zone_civil(z, ms);
    c.hour = c.minute = c.second = 0;
    return zone_instant(z, &c, NULL);
}

int64_t task_due_end(Tasks *t, const Task *task)
{
    if (task->due_at == TASK_NO_TIME || task->due_timed)
        return task->due_at;
    const Zone *z = tasks_zone_of(t, task);
    Civil c = zone_civil(z, task->due_at);
    c.day++;
    c.hour = c.minute = c.second = 0;
    return zone_instant(z, &c, NULL);
}

bool task_overdue(Tasks *t, const Task *task, int64_t now_ms)
{
    return task->status == TASK_OPEN && task->due_at != TASK_NO_TIME
        && task_due_end(t, task) <= now_ms;
}

int64_t task_next_fire(const Task *task)
{
    return task->status == TASK_OPEN && task->n_fires ? task->fires[0].at : TASK_NO_TIME;
}

/* The wall clock's reading as if it were UTC, in ms. */
static int64_t wall_ms(const Zone *z, int64_t ms)
{
    return ms + (int64_t)zone_offset(z, ms, NULL, NULL) * 1000;
}

static int64_t instant_of_wall(const Zone *z, int64_t wall)
{
    int64_t days = wall / TASKS_DAY_MS - (wall % TASKS_DAY_MS < 0);
    int64_t rest = wall - days * TASKS_DAY_MS;
    Civil c = {.year = 1970, .month = 1, .day = 1};
    int64_t at;
    c.day = 1;
    /* Far days are given by their own date: a day number would overflow nothing, but be slow. */
    clock_civil_from_days(days, &c.year, &c.month, &c.day);
    c.hour = (int)(rest / 3600000);
    c.minute = (int)(rest / 60000 % 60);
    c.second = (int)(rest / 1000 % 60);
    at = zone_instant(z, &c, NULL);
    return at + rest % 1000;
}

int64_t task_alarm_at(Tasks *t, const Task *task, const TaskAlarm *alarm, int64_t due_at)
{
    if (alarm->absolute)
        return alarm->ms;
    if (due_at == TASK_NO_TIME)
        return TASK_NO_TIME;
    if (task->due_timed && llabs(alarm->ms) < TASKS_DAY_MS)
        return due_at + alarm->ms;
    const Zone *z = tasks_zone_of(t, task);
    return instant_of_wall(z, wall_ms(z, due_at) + alarm->ms);
}

void tasks_settle_alarms(Tasks *t, Task *task, int64_t due_before)
{
    const Zone *z = tasks_zone_of(t, task);
    size_t kept = 0;
    for (size_t i = 0; i < task->n_alarms; i++) {
        TaskAlarm a = task->alarms[i];
        if (task->due_at == TASK_NO_TIME && !a.absolute) {
            if (due_before == TASK_NO_TIME)
                continue; /* a distance from nothing */
            a = (TaskAlarm){true, task_alarm_at(t, task, &a, due_before)};
        } else if (task->due_at != TASK_NO_TIME && a.absolute) {
            int64_t exact = a.ms - task->due_at;
            int64_t wall = wall_ms(z, a.ms) - wall_ms(z, task->due_at);
            a = (TaskAlarm){false, task->due_timed && llabs(wall) < TASKS_DAY_MS ? exact : wall};
        }
        task->alarms[kept++] = a;
    }
    task->n_alarms = kept;
}

bool tasks_default_alarms(const Task *task, Arena *a, TaskAlarm **out, size_t *n, Err *err)
{
    TaskAlarm *one = ARENA_NEW(a, TaskAlarm);
    if (!one)
        return tasks_no_memory(err);
    one->ms = task->due_timed ? 0 : TASKS_WHOLE_DAY_ALARM_MS;
    *out = one;
    *n = task->due_at != TASK_NO_TIME;
    return true;
}

/* ---- occurrences ----------------------------------------------------------------------------- */

static int64_t end_of(Tasks *t, const Task *task, int64_t due_at)
{
    Task other = *task;
    other.due_at = due_at;
    return task_due_end(t, &other);
}

bool tasks_next_occurrence(Tasks *t, const Task *task, int64_t after_at, int64_t now, int64_t *out)
{
    Rrule rule;
    if (!task->rrule.len || task->series_start == TASK_NO_TIME
        || !rrule_parse(task->rrule, &rule, NULL))
        return false;
    const Zone *z = tasks_zone_of(t, task);
    /* A day that has begun is not past yet. */
    int64_t from = task->due_timed ? now : now - TASKS_DAY_MS - 2 * 3600000LL;
    int64_t at = after_at > from ? after_at : from;
    for (int i = 0; i < 200; i++) {
        if (rrule_next(&rule, z, task->series_start, at, &at) != RRULE_FOUND)
            return false;
        if (end_of(t, task, at) > now) {
            *out = at;
            return true;
        }
    }
    return false;
}

/* ---- fires ----------------------------------------------------------------------------------- */

static void add_fire(TaskFire *fires, size_t *n, int64_t at, int64_t due)
{
    size_t i = *n;
    for (size_t k = 0; k < *n; k++)
        if (fires[k].at == at)
            return; /* said once at a time */
    if (*n == TASK_MAX_FIRES)
        return;
    for (; i > 0 && fires[i - 1].at > at; i--)
        fires[i] = fires[i - 1];
    fires[i] = (TaskFire){at, due};
    ++*n;
}

static size_t add_alarms(Tasks *t, const Task *task, int64_t due, int64_t after, TaskFire *fires,
    size_t *n)
{
    size_t before = *n;
    for (size_t i = 0; i < task->n_alarms; i++) {
        int64_t at = task_alarm_at(t, task, &task->alarms[i], due);
        if (at != TASK_NO_TIME && at > after)
            add_fire(fires, n, at, due);
    }
    return *n - before;
}

/* The first occurrence after the one that due_at stands for of which something is still to be
 * said. */
static void add_next(Tasks *t, const Task *task, int64_t after, TaskFire *fires, size_t *n)
{
    Rrule rule;
    int64_t latest = INT64_MIN;
    for (size_t i = 0; i < task->n_alarms; i++)
        if (!task->alarms[i].absolute && task->alarms[i].ms > latest)
            latest = task->alarms[i].ms;
    if (latest == INT64_MIN || task->series_start == TASK_NO_TIME
        || !rrule_parse(task->rrule, &rule, NULL))
        return;
    const Zone *z = tasks_zone_of(t, task);
    int64_t from = after - latest - 2 * 3600000LL; /* two hours: the clock may have changed */
    int64_t at = task->series_at > from ? task->series_at : from;
    for (int i = 0; i < 200; i++) {
        if (rrule_next(&rule, z, task->series_start, at, &at) != RRULE_FOUND
            || add_alarms(t, task, at, after, fires, n))
            return;
    }
}

bool tasks_plan(Tasks *t, Task *task, int64_t after, Arena *a, Err *err)
{
    /* Of two occurrences with every alarm, and a snooze. */
    TaskFire *fires = ARENA_NEW_ARRAY(a, TaskFire, TASK_MAX_FIRES + 1);
    if (!fires)
        return tasks_no_memory(err);
    size_t n = 0;
    task->due_end = task_due_end(t, task);
    if (task->status == TASK_OPEN) {
        int64_t quiet = after;
        if (task->snoozed_until != TASK_NO_TIME) {
            add_fire(fires, &n, task->snoozed_until, task->due_at);
            quiet = task->snoozed_until > after ? task->snoozed_until : after;
        }
        add_alarms(t, task, task->due_at, quiet, fires, &n);
        if (task->rrule.len)
            add_next(t, task, quiet, fires, &n);
    }
    task->fires = fires;
    task->n_fires = n;
    return true;
}
