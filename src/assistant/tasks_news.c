/* tasks_news.c - what another process did to a person's tasks, told here as if it had been here. */
#include "assistant/tasks_int.h"

static TasksEventKind kind_of(const char *what)
{
    for (int k = TASKS_CREATED; k <= TASKS_UNDONE; k++)
        if (str_eq(str_of(what), str_of(tasks_event_name((TasksEventKind)k))))
            return (TasksEventKind)k;
    return TASKS_UPDATED;
}

/* *there false: it has gone since, and that is told by itself. */
static bool find(Tasks *t, const Uuid *id, Arena *a, Task *out, bool *there, Err *err)
{
    Err why = ERR_INIT;
    *there = tasks_get(t, id, a, out, &why);
    return *there || why.code == ERR_NOT_FOUND || err_set(err, why.code, "%s", why.msg);
}

static bool hear_task(Tasks *t, const StoreNews *news, Arena *a, Err *err)
{
    Task task;
    bool there;
    if (!find(t, &news->id, a, &task, &there, err))
        return false;
    if (there)
        tasks_tell(t, kind_of(news->what), &task, false, NULL);
    return true;
}

static bool hear_delivery(Tasks *t, const StoreNews *news, Arena *a, Err *err)
{
    Delivery d;
    Task task;
    Err why = ERR_INIT;
    bool there, fired = news->kind == NEWS_FIRED;
    if (!store_delivery_get(t->store, &t->owner, &news->id, &d, &why))
        return why.code == ERR_NOT_FOUND || err_set(err, why.code, "%s", why.msg);
    if (!find(t, &d.task, a, &task, &there, err))
        return false;
    if (!there)
        task = (Task){.id = d.task, .due_at = TASK_NO_TIME};
    if (there || !fired)
        tasks_tell(t, fired ? TASKS_FIRED : TASKS_ACKNOWLEDGED, &task, !there, &d);
    return true;
}

bool tasks_heard(Tasks *t, const StoreNews *news, Err *err)
{
    bool ok = true;
    if (news->kind == NEWS_TASK_GONE) {
        Task gone = {.id = news->id, .due_at = TASK_NO_TIME};
        tasks_tell(t, TASKS_DELETED, &gone, true, NULL);
        return true;
    }
    if (news->kind > NEWS_ACKNOWLEDGED)
        return true;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    if (!a)
        return tasks_no_memory(err);
    ok = news->kind == NEWS_TASK ? hear_task(t, news, a, err) : hear_delivery(t, news, a, err);
    arena_free(a);
    return ok;
}
