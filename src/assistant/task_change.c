/* task_change.c - what a person does to tasks. Each reads the task, works out what it becomes and
 * writes it if nobody wrote it meanwhile; else it begins again. */
#include "assistant/tasks_int.h"

#include "base/clock.h"

#define ATTEMPTS 16

typedef bool ChangeFn(Tasks *t, Task *task, int64_t now, void *arg, Arena *a, Err *err);

/* ---- one task, changed ---------------------------------------------------------------------- */

static bool write_one(Tasks *t, const char *what, const Task *task, bool quiet, int64_t now,
    Uuid *change, Err *err)
{
    TaskChange c = {.what = what, .at = now, .put = task, .n_put = 1, .quiet = quiet};
    return store_task_change(t->store, &t->owner, &c, change, err);
}

/* The task as it is now that it was written. What is done is done: when it cannot be read again, it
 * is what was written. */
static void read_back(Tasks *t, const Task *written, Arena *a, Task *out)
{
    if (tasks_get(t, &written->id, a, out, NULL))
        return;
    *out = *written;
    out->rev++;
}

/* True when it is worth beginning again: somebody else was faster. */
static bool lost_race(const Err *err, int attempt)
{
    return err->code == ERR_CONFLICT && attempt + 1 < ATTEMPTS;
}

static bool change_one(Tasks *t, const Uuid *id, TasksEventKind kind, bool quiet, ChangeFn *fn,
    void *arg, Arena *a, TaskResult *out, Err *err)
{
    Task task;
    for (int i = 0;; i++) {
        Err why = ERR_INIT;
        int64_t now = clock_now_ms();
        if (!tasks_get(t, id, a, &task, err) || !fn(t, &task, now, arg, a, err))
            return false;
        task.updated_at = now;
        if (write_one(t, tasks_event_name(kind), &task, quiet, now, &out->change, &why)) {
            out->moved_on = false;
            break;
        }
        if (!lost_race(&why, i))
            return err_set(err, why.code, "%s", why.msg);
    }
    read_back(t, &task, a, &out->task);
    tasks_tell(t, kind, &out->task, false, NULL);
    return true;
}

/* ---- creating ------------------------------------------------------------------------------- */

/* Due on the first day or moment that the rule names, from due_at or today on. */
static bool begin_series(Tasks *t, Task *task, int64_t now, Err *err)
{
    Rrule rule;
    const Zone *z = tasks_zone_of(t, task);
    if (!rrule_parse(task->rrule, &rule, err))
        return err_wrap(err, "rrule");
    if (task->due_at == TASK_NO_TIME) {
        task->due_at = tasks_day_begin(z, now);
        task->due_timed = rule.hour || rule.minute || rule.second || rule.freq <= RRULE_HOURLY;
    }
    task->series_start = task->due_at;
    int64_t first = task->due_at, after = task->due_at - 1;
    RruleStep step = rrule_next(&rule, z, task->series_start, after, &first);
    if (step != RRULE_FOUND)
        return err_set(err, ERR_VALIDATION, "rrule: the rule names no day at or after its start");
    task->due_at = task->series_at = first;
    return true;
}

static bool copy_alarms(Task *task, const TaskAlarm *alarms, size_t n, Arena *a, Err *err)
{
    task->alarms = ARENA_NEW_ARRAY(a, TaskAlarm, n + 1);
    if (!task->alarms)
        return tasks_no_memory(err);
    if (n)
        memcpy(task->alarms, alarms, n * sizeof *alarms);
    task->n_alarms = n;
    return true;
}

static bool set_tags(Task *task, const Str *tags, size_t n, Arena *a, Err *err)
{
    Str *list = ARENA_NEW_ARRAY(a, Str, n + 1);
    size_t kept = 0;
    if (!list)
        return tasks_no_memory(err);
    for (size_t i = 0; i < n; i++) {
        bool twice = false;
        for (size_t k = 0; k < kept; k++)
            twice = twice || str_eq_nocase(list[k], tags[i]);
        if (!twice)
            list[kept++] = tags[i];
    }
    task->tags = list;
    task->n_tags = kept;
    return true;
}

static Str or_else(Str s, const char *other)
{
    return s.len ? s : str_of(other);
}

static bool task_of_draft(Tasks *t, const TaskDraft *d, int64_t now, Arena *a, Task *task, Err *err)
{
    *task = (Task){.kind = d->kind, .status = d->status, .title = str_trim(d->title),
        .notes = or_else(d->notes, ""), .due_at = d->due_at, .due_timed = d->due_timed,
        .priority = d->set_priority ? d->priority : TASK_NORMAL,
        .zone = or_else(d->zone, zone_name(t->zone)), .rrule = or_else(d->rrule, ""),
        .series_start = TASK_NO_TIME, .series_at = TASK_NO_TIME,
        .source = or_else(d->source, "api"), .extra_json = or_else(d->extra_json, "{}"),
        .created_at = now, .updated_at = now, .completed_at = TASK_NO_TIME,
        .snoozed_until = TASK_NO_TIME};
    if (d->status == TASK_DONE)
        task->completed_at = d->completed_at == TASK_NO_TIME ? now : d->completed_at;
    if (!task->title.len && task->kind >= TASK_TIMER)
        task->title = str_of(task->kind == TASK_TIMER ? "timer" : "alarm");
    if (!tasks_zone_named(t, task->zone, err) || !uuid_v7(&task->id, err)
        || !set_tags(task, d->tags, d->n_tags, a, err))
        return false;
    if (task->kind >= TASK_TIMER && task->due_at == TASK_NO_TIME && !task->rrule.len)
        return err_set(err, ERR_VALIDATION, "a %s needs a time", task_kind_name(task->kind));
    if (task->due_at != TASK_NO_TIME && !task->due_timed)
        task->due_at = tasks_day_begin(tasks_zone_of(t, task), task->due_at);
    if (task->rrule.len && !begin_series(t, task, now, err))
        return false;
    if (d->set_alarms) {
        if (!copy_alarms(task, d->alarms, d->n_alarms, a, err))
            return false;
        tasks_settle_alarms(t, task, TASK_NO_TIME);
    } else if (!tasks_default_alarms(task, a, &task->alarms, &task->n_alarms, err)) {
        return false;
    }
    return tasks_plan(t, task, d->silent ? now : now - TASKS_GRACE_MS, a, err);
}

bool tasks_create_as(Tasks *t, const char *what, const TaskDraft *d, Arena *a, TaskResult *out,
    Err *err)
{
    Task task;
    TaskResult r = {0};
    int64_t now = clock_now_ms();
    if (!task_of_draft(t, d, now, a, &task, err)
        || !write_one(t, what, &task, false, now, &r.change, err))
        return false;
    read_back(t, &task, a, &r.task);
    *out = r;
    tasks_tell(t, TASKS_CREATED, &out->task, false, NULL);
    return true;
}

bool tasks_preview(Tasks *t, const TaskDraft *d, Arena *a, Task *out, Err *err)
{
    return task_of_draft(t, d, clock_now_ms(), a, out, err);
}

bool tasks_create(Tasks *t, const TaskDraft *d, Arena *a, TaskResult *out, Err *err)
{
    return tasks_create_as(t, "created", d, a, out, err);
}

bool tasks_drop(Tasks *t, const char *what, const Task *task, Err *err)
{
    Err why = ERR_INIT;
    Uuid change;
    TaskChange c = {.what = what, .at = clock_now_ms(), .remove = task, .n_remove = 1};
    if (!store_task_change(t->store, &t->owner, &c, &change, &why)) {
        if (why.code == ERR_CONFLICT || why.code == ERR_NOT_FOUND)
            return true;
        if (err)
            *err = why;
        return false;
    }
    tasks_tell(t, TASKS_DELETED, task, true, NULL);
    return true;
}

bool tasks_timer_start(Tasks *t, int64_t ms, Str title, Arena *a, TaskResult *out, Err *err)
{
    TaskDraft d = TASK_DRAFT_NONE;
    if (ms <= 0 || ms > 366 * TASKS_DAY_MS)
        return err_set(err, ERR_VALIDATION, "a timer runs for a moment at least, a year at most");
    d.kind = TASK_TIMER;
    d.title = title;
    d.source = STR("timer");
    d.due_at = clock_now_ms() + ms;
    d.due_timed = true;
    return tasks_create(t, &d, a, out, err);
}

/* ---- changing members ----------------------------------------------------------------------- */

static bool same_alarms(const TaskAlarm *x, size_t nx, const TaskAlarm *y, size_t ny)
{
    if (nx != ny)
        return false;
    for (size_t i = 0; i < nx; i++)
        if (x[i].absolute != y[i].absolute || x[i].ms != y[i].ms)
            return false;
    return true;
}

static bool move_due(Tasks *t, Task *task, const TaskPatch *p, Arena *a, Err *err)
{
    TaskAlarm *usual, *before = task->alarms;
    size_t n_usual, n_before = task->n_alarms;
    int64_t due_before = task->due_at;
    if (!tasks_default_alarms(task, a, &usual, &n_usual, err))
        return false;
    /* Nobody had asked for other reminders: it has the usual ones of its new time. */
    bool was_usual = same_alarms(usual, n_usual, before, n_before);
    task->due_at = *p->due_at;
    task->due_timed = p->due_timed && task->due_at != TASK_NO_TIME;
    task->snoozed_until = TASK_NO_TIME;
    if (task->due_at != TASK_NO_TIME && !task->due_timed)
        task->due_at = tasks_day_begin(tasks_zone_of(t, task), task->due_at);
    if (task->due_at == TASK_NO_TIME && task->rrule.len && !(p->rrule && !p->rrule->len))
        return err_set(err, ERR_VALIDATION, "a recurring task needs a time; end its rule first");
    if (was_usual && !p->set_alarms)
        return tasks_default_alarms(task, a, &task->alarms, &task->n_alarms, err);
    tasks_settle_alarms(t, task, due_before);
    return true;
}

static void set_status(Task *task, TaskStatus status, int64_t now)
{
    if (status != TASK_DONE)
        task->completed_at = TASK_NO_TIME;
    else if (task->status != TASK_DONE)
        task->completed_at = now;
    if (status != TASK_OPEN)
        task->snoozed_until = TASK_NO_TIME;
    task->status = status;
}

static bool patch(Tasks *t, Task *task, int64_t now, void *arg, Arena *a, Err *err)
{
    const TaskPatch *p = arg;
    if (p->title)
        task->title = str_trim(*p->title);
    if (p->notes)
        task->notes = *p->notes;
    if (p->priority)
        task->priority = *p->priority;
    if (p->extra_json)
        task->extra_json = *p->extra_json;
    if (p->zone) {
        if (!tasks_zone_named(t, *p->zone, err))
            return false;
        task->zone = *p->zone;
    }
    if (p->set_tags && !set_tags(task, p->tags, p->n_tags, a, err))
        return false;
    if (p->due_at && !move_due(t, task, p, a, err))
        return false;
    if (p->rrule) {
        task->rrule = *p->rrule;
        task->series_start = task->series_at = TASK_NO_TIME;
        if (task->rrule.len && !begin_series(t, task, now, err))
            return false;
    } else if (p->due_at && p->whole_series && task->rrule.len
        && !begin_series(t, task, now, err)) {
        return false;
    }
    if (p->set_alarms) {
        if (!copy_alarms(task, p->alarms, p->n_alarms, a, err))
            return false;
        tasks_settle_alarms(t, task, TASK_NO_TIME);
    }
    if (p->status)
        set_status(task, *p->status, now);
    if (!p->due_at && !p->rrule && !p->set_alarms && !p->status && !p->zone)
        return true; /* what is to be said when has not changed */
    /* Reminders that were said already are not said again because another one was added. */
    int64_t after = now - TASKS_GRACE_MS;
    if (!p->due_at && !p->rrule)
        after = now;
    return tasks_plan(t, task, after, a, err);
}

bool tasks_change(Tasks *t, const Uuid *id, const TaskPatch *p, Arena *a, TaskResult *out, Err *err)
{
    TaskPatch copy = *p;
    bool quiet = p->due_at || p->status || p->rrule;
    return change_one(t, id, TASKS_UPDATED, quiet, patch, &copy, a, out, err);
}

/* ---- done, open, later ---------------------------------------------------------------------- */

/* The row that stays of an occurrence that was done. */
static bool done_row(const Task *task, int64_t now, Task *row, Err *err)
{
    *row = *task;
    row->rev = row->change_no = row->quiet_no = 0;
    row->status = TASK_DONE;
    row->completed_at = row->updated_at = now;
    row->series = task->id;
    row->rrule = STR("");
    row->series_start = TASK_NO_TIME;
    row->series_at = task->series_at;
    row->snoozed_until = TASK_NO_TIME;
    row->n_alarms = row->n_fires = 0;
    row->missed = 0;
    return uuid_v7(&row->id, err);
}

static bool move_on(Tasks *t, const Task *task, int64_t next, int64_t now, Arena *a,
    TaskResult *out, Err *err)
{
    Task rows[2];
    rows[0] = *task;
    rows[0].due_at = rows[0].series_at = next;
    rows[0].missed = 0;
    rows[0].snoozed_until = TASK_NO_TIME;
    rows[0].updated_at = now;
    TaskChange c = {.what = "completed", .at = now, .put = rows, .n_put = 2, .quiet = true};
    if (!done_row(task, now, &rows[1], err) || !tasks_plan(t, &rows[0], now, a, err)
        || !store_task_change(t->store, &t->owner, &c, &out->change, err))
        return false;
    out->moved_on = true;
    out->occurrence = rows[1].id;
    return true;
}

static bool finish(Tasks *t, Task *task, int64_t now, Arena *a, TaskResult *out, Err *err)
{
    set_status(task, TASK_DONE, now);
    task->updated_at = now;
    out->moved_on = false;
    return tasks_plan(t, task, now, a, err)
        && write_one(t, "completed", task, true, now, &out->change, err);
}

bool tasks_complete(Tasks *t, const Uuid *id, Arena *a, TaskResult *out, Err *err)
{
    TaskResult r = {0};
    Task task;
    for (int i = 0;; i++) {
        Err why = ERR_INIT;
        int64_t now = clock_now_ms(), next = 0;
        if (!tasks_get(t, id, a, &task, err))
            return false;
        if (task.status == TASK_DONE)
            return err_set(err, ERR_CONFLICT, "\"" STR_FMT "\" is done already",
                (int)(task.title.len < 200 ? task.title.len : 200), task.title.ptr);
        bool on = task.status == TASK_OPEN
            && tasks_next_occurrence(t, &task, task.series_at, now, &next);
        if (on ? move_on(t, &task, next, now, a, &r, &why) : finish(t, &task, now, a, &r, &why))
            break;
        if (!lost_race(&why, i))
            return err_set(err, why.code, "%s", why.msg);
    }
    read_back(t, &task, a, &r.task);
    *out = r;
    tasks_tell(t, TASKS_COMPLETED, &out->task, false, NULL);
    Task row;
    if (r.moved_on && tasks_get(t, &r.occurrence, a, &row, NULL))
        tasks_tell(t, TASKS_CREATED, &row, false, NULL);
    return true;
}

/* The last occurrence that was done; false when there is none. */
static bool last_done(Tasks *t, const Uuid *id, Arena *a, Task *out, Err *err)
{
    TaskFilter f = TASK_FILTER_ALL;
    TaskPage page;
    f.series = id;
    if (!tasks_list(t, &f, TASK_SORT_CREATED_DESC, 1000, STR(""), a, &page, err))
        return false;
    const Task *last = NULL;
    for (size_t i = 0; i < page.n; i++)
        if (page.items[i].status == TASK_DONE
            && (!last || page.items[i].completed_at > last->completed_at))
            last = &page.items[i];
    if (!last)
        return err_set(err, ERR_CONFLICT, "the task is open already");
    *out = *last;
    return true;
}

static bool take_back(Tasks *t, Task *task, int64_t now, Arena *a, TaskResult *out, Err *err)
{
    Task row;
    if (!last_done(t, &task->id, a, &row, err))
        return false;
    task->due_at = row.due_at;
    task->series_at = row.series_at;
    task->updated_at = now;
    TaskChange c = {.what = "reopened", .at = now, .put = task, .n_put = 1, .remove = &row,
        .n_remove = 1, .quiet = true};
    if (!tasks_plan(t, task, now, a, err)
        || !store_task_change(t->store, &t->owner, &c, &out->change, err))
        return false;
    out->occurrence = row.id;
    return true;
}

bool tasks_reopen(Tasks *t, const Uuid *id, Arena *a, TaskResult *out, Err *err)
{
    TaskResult r = {0};
    Task row = {0}, task;
    for (int i = 0;; i++) {
        Err why = ERR_INIT;
        int64_t now = clock_now_ms();
        bool ok;
        if (!tasks_get(t, id, a, &task, err))
            return false;
        if (task.status == TASK_OPEN && !task.rrule.len)
            return err_set(err, ERR_CONFLICT, "the task is open already");
        if (task.status == TASK_OPEN) {
            ok = take_back(t, &task, now, a, &r, &why);
        } else {
            set_status(&task, TASK_OPEN, now);
            task.updated_at = now;
            ok = tasks_plan(t, &task, now, a, &why)
                && write_one(t, "reopened", &task, true, now, &r.change, &why);
        }
        if (ok)
            break;
        if (!lost_race(&why, i) || strstr(why.msg, "already"))
            return err_set(err, why.code, "%s", why.msg);
    }
    read_back(t, &task, a, &r.task);
    *out = r;
    tasks_tell(t, TASKS_REOPENED, &out->task, false, NULL);
    row.id = r.occurrence;
    row.due_at = TASK_NO_TIME;
    if (!uuid_is_nil(&r.occurrence))
        tasks_tell(t, TASKS_DELETED, &row, true, NULL);
    return true;
}

static bool snooze(Tasks *t, Task *task, int64_t now, void *arg, Arena *a, Err *err)
{
    int64_t until = *(const int64_t *)arg;
    if (until <= now)
        return err_set(err, ERR_VALIDATION, "it can only be snoozed until later than now");
    if (task->status != TASK_OPEN && task->kind < TASK_TIMER)
        return err_set(err, ERR_CONFLICT, "the task is %s; reopen it first",
            task_status_name(task->status));
    if (task->status != TASK_OPEN && task->kind == TASK_TIMER)
        task->due_at = until; /* a timer that has rung runs again */
    set_status(task, TASK_OPEN, now);
    task->snoozed_until = until - now >= 60000 ? until - until % 1000 : until; /* whole seconds */
    return tasks_plan(t, task, now, a, err);
}

bool tasks_snooze(Tasks *t, const Uuid *id, int64_t until_ms, Arena *a, TaskResult *out, Err *err)
{
    return change_one(t, id, TASKS_SNOOZED, true, snooze, &until_ms, a, out, err);
}

static bool cancel(Tasks *t, Task *task, int64_t now, void *arg, Arena *a, Err *err)
{
    (void)arg;
    if (task->status != TASK_OPEN)
        return err_set(err, ERR_CONFLICT, "the %s is %s already", task_kind_name(task->kind),
            task_status_name(task->status));
    set_status(task, TASK_CANCELLED, now);
    return tasks_plan(t, task, now, a, err);
}

bool tasks_cancel(Tasks *t, const Uuid *id, Arena *a, TaskResult *out, Err *err)
{
    return change_one(t, id, TASKS_CANCELLED, true, cancel, NULL, a, out, err);
}

/* ---- away and back -------------------------------------------------------------------------- */

bool tasks_delete(Tasks *t, const Uuid *id, Arena *a, TaskResult *out, Err *err)
{
    TaskResult r = {0};
    for (int i = 0;; i++) {
        Err why = ERR_INIT;
        TaskChange c = {.what = "deleted", .at = clock_now_ms(), .remove = &r.task, .n_remove = 1};
        if (!tasks_get(t, id, a, &r.task, err))
            return false;
        if (store_task_change(t->store, &t->owner, &c, &r.change, &why))
            break;
        if (!lost_race(&why, i))
            return err_set(err, why.code, "%s", why.msg);
    }
    *out = r;
    tasks_tell(t, TASKS_DELETED, &out->task, true, NULL);
    return true;
}

bool tasks_undo(Tasks *t, const Uuid *change, Arena *a, TaskChangeInfo *info, Err *err)
{
    TaskChangeInfo got;
    if (!store_task_undo(t->store, &t->owner, change, a, &got, err))
        return false;
    *info = got;
    for (size_t i = 0; i < got.n_tasks; i++) {
        Task task;
        Err why = ERR_INIT;
        bool there = tasks_get(t, &got.tasks[i], a, &task, &why);
        if (!there)
            task = (Task){.id = got.tasks[i], .due_at = TASK_NO_TIME};
        if (there || why.code == ERR_NOT_FOUND)
            tasks_tell(t, TASKS_UNDONE, &task, !there, NULL);
    }
    return true;
}
