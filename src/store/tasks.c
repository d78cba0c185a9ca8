/* tasks.c - checks tasks for every back end, then calls through the table; names of states. */
#include "store/tasks.h"

#include "base/utf8.h"
#include "store/store_ops.h"

/* ---- names ----------------------------------------------------------------------------------- */

static const char *const kinds[] = {"task", "reminder", "timer", "alarm"};
static const char *const statuses[] = {"open", "done", "cancelled"};
static const char *const priorities[] = {"low", "normal", "high", "urgent"};

const char *task_kind_name(TaskKind k)
{
    return (unsigned)k < TASK_KINDS ? kinds[k] : "unknown";
}

const char *task_status_name(TaskStatus s)
{
    return (unsigned)s <= TASK_CANCELLED ? statuses[s] : "unknown";
}

const char *task_priority_name(TaskPriority p)
{
    return (unsigned)p <= TASK_URGENT ? priorities[p] : "unknown";
}

static bool parse(Str name, const char *const *names, int n, int *out)
{
    for (int i = 0; i < n; i++) {
        if (!str_eq(name, str_of(names[i])))
            continue;
        *out = i;
        return true;
    }
    return false;
}

bool task_kind_parse(Str name, TaskKind *out)
{
    int i;
    bool ok = parse(name, kinds, TASK_KINDS, &i);
    if (ok)
        *out = (TaskKind)i;
    return ok;
}

bool task_status_parse(Str name, TaskStatus *out)
{
    int i;
    bool ok = parse(name, statuses, TASK_CANCELLED + 1, &i);
    if (ok)
        *out = (TaskStatus)i;
    return ok;
}

bool task_priority_parse(Str name, TaskPriority *out)
{
    int i;
    bool ok = parse(name, priorities, TASK_URGENT + 1, &i);
    if (ok)
        *out = (TaskPriority)i;
    return ok;
}

/* ---- limits ---------------------------------------------------------------------------------- */

static bool times_ok(const Task *t, Err *err)
{
    if (t->n_alarms > TASK_MAX_ALARMS)
        return err_set(err, ERR_VALIDATION, "%zu reminders are too many; a task has at most %u",
            t->n_alarms, TASK_MAX_ALARMS);
    if (t->n_fires > TASK_MAX_FIRES)
        return err_set(err, ERR_VALIDATION, "%zu times to remind are too many", t->n_fires);
    for (size_t i = 1; i < t->n_fires; i++)
        if (t->fires[i].at < t->fires[i - 1].at)
            return err_set(err, ERR_VALIDATION, "times to remind are out of order");
    return true;
}

static bool task_ok(const Task *t, Err *err)
{
    if (uuid_is_nil(&t->id))
        return err_set(err, ERR_VALIDATION, "a task needs an id");
    if (!str_trim(t->title).len)
        return err_set(err, ERR_VALIDATION, "a task needs a title");
    if (t->n_tags > TASK_MAX_TAGS)
        return err_set(err, ERR_VALIDATION, "%zu tags are too many; a task has at most %u",
            t->n_tags, TASK_MAX_TAGS);
    for (size_t i = 0; i < t->n_tags; i++) {
        if (!t->tags[i].len)
            return err_set(err, ERR_VALIDATION, "a tag is empty");
        if (!store_text_ok(t->tags[i], STORE_MAX_WORD, "a tag", err))
            return false;
    }
    return store_text_ok(t->title, TASK_MAX_TITLE, "the title", err)
        && store_text_ok(t->notes, TASK_MAX_NOTES, "the notes", err)
        && store_text_ok(t->zone, STORE_MAX_WORD, "the time zone", err)
        && store_text_ok(t->rrule, TASK_MAX_RRULE, "the recurrence rule", err)
        && store_text_ok(t->source, STORE_MAX_NAME, "the source", err)
        && store_text_ok(t->extra_json, STORE_MAX_JSON, "what is kept beside the task", err)
        && times_ok(t, err);
}

static bool limit_ok(size_t limit, Err *err)
{
    return (limit >= 1 && limit <= STORE_MAX_PAGE)
        || err_set(err, ERR_VALIDATION, "limit must be from 1 to %u", STORE_MAX_PAGE);
}

/* ---- operations ------------------------------------------------------------------------------ */

bool store_task_change(Store *s, const Uuid *owner, const TaskChange *c, Uuid *change, Err *err)
{
    if (!c->n_put && !c->n_remove)
        return err_set(err, ERR_VALIDATION, "a change of tasks names none");
    for (size_t i = 0; i < c->n_put; i++)
        if (!task_ok(&c->put[i], err))
            return false;
    return s->ops->task_change(s, owner, c, change, err);
}

bool store_task_undo(Store *s, const Uuid *owner, const Uuid *change, Arena *a,
    TaskChangeInfo *info, Err *err)
{
    return s->ops->task_undo(s, owner, change, a, info, err);
}

bool store_task_changes(Store *s, const Uuid *owner, size_t limit, Arena *a, TaskChangeInfo **out,
    size_t *n, Err *err)
{
    return limit_ok(limit, err) && s->ops->task_changes(s, owner, limit, a, out, n, err);
}

bool store_task_get(Store *s, const Uuid *owner, const Uuid *id, Arena *a, Task *out, Err *err)
{
    return s->ops->task_get(s, owner, id, a, out, err);
}

bool store_task_list(Store *s, const Uuid *owner, const TaskFilter *f, TaskSort sort, size_t limit,
    Str cursor, Arena *a, TaskPage *out, Err *err)
{
    if (f->n_tags > STORE_MAX_ANY || f->n_kinds > TASK_KINDS)
        return err_set(err, ERR_VALIDATION, "the filter has too many tags or kinds");
    for (size_t i = 0; i < f->n_tags; i++)
        if (!store_text_ok(f->tags[i], STORE_MAX_WORD, "a tag", err))
            return false;
    return limit_ok(limit, err) && store_text_ok(f->q, STORE_MAX_NAME, "the text to look for", err)
        && s->ops->task_list(s, owner, f, sort, limit, cursor, a, out, err);
}

bool store_task_counts(Store *s, const Uuid *owner, uint64_t counts[TASK_CANCELLED + 1], Err *err)
{
    return s->ops->task_counts(s, owner, counts, err);
}

bool store_task_next(Store *s, const Uuid *owner, int64_t *at, Err *err)
{
    return s->ops->task_next(s, owner, at, err);
}

bool store_task_due(Store *s, const Uuid *owner, int64_t now, size_t limit, Arena *a, Task **out,
    size_t *n, Err *err)
{
    return limit_ok(limit, err) && s->ops->task_due(s, owner, now, limit, a, out, n, err);
}

bool store_task_fire(Store *s, const Uuid *owner, const TaskFiring *f, size_t n, int64_t now,
    Arena *a, Delivery **out, size_t *n_out, Err *err)
{
    for (size_t i = 0; i < n; i++)
        if (!times_ok(f[i].task, err))
            return false;
    return s->ops->task_fire(s, owner, f, n, now, a, out, n_out, err);
}

bool store_delivery_unsent(Store *s, const Uuid *owner, size_t limit, Arena *a, Delivery **out,
    size_t *n, Err *err)
{
    return limit_ok(limit, err) && s->ops->delivery_unsent(s, owner, limit, a, out, n, err);
}

bool store_delivery_sent(Store *s, const Uuid *owner, const Uuid *ids, size_t n, int64_t at,
    Err *err)
{
    return n == 0 || s->ops->delivery_sent(s, owner, ids, n, at, err);
}

bool store_delivery_waiting(Store *s, const Uuid *owner, size_t limit, Arena *a, Delivery **out,
    size_t *n, Err *err)
{
    return limit_ok(limit, err) && s->ops->delivery_waiting(s, owner, limit, a, out, n, err);
}

bool store_delivery_get(Store *s, const Uuid *owner, const Uuid *id, Delivery *out, Err *err)
{
    return s->ops->delivery_get(s, owner, id, out, err);
}

bool store_delivery_ack(Store *s, const Uuid *owner, const Uuid *ids, size_t n, int64_t at,
    bool *first, Err *err)
{
    return s->ops->delivery_ack(s, owner, ids, n, at, first, err);
}
