/* ws_tasks.c - TaskUpdate and Reminder.
 *
 * A reminder goes to each client of its person that subscribed, at its time; and to who subscribes
 * later, as long as nobody has dealt with it: under the same id, so that a client shows it once
 * (docs/TASKS.md).
 * Frames are made on the thread of the change. */
#include "api/task_json.h"
#include "api/ws_int.h"
#include "base/log.h"
#include "base/mem.h"

#define CATCH_UP_MAX 100

static void task_member(JsonW *w, Tasks *t, const Task *task, bool gone)
{
    char id[UUID_TEXT];
    jw_key(w, "task");
    if (!gone) {
        task_json(w, t, task);
        return;
    }
    jw_obj(w);
    jw_kv_cstr(w, "id", uuid_format(&task->id, id));
    jw_obj_end(w);
}

static void reminder_frame(Buf *b, Tasks *t, const Task *task, const Delivery *d)
{
    JsonW w;
    ws_frame_begin(&w, b, "Reminder");
    task_member(&w, t, task, false);
    jw_key(&w, "reminder");
    jw_obj(&w);
    delivery_members(&w, d);
    jw_obj_end(&w);
    ws_frame_end(&w);
}

static void on_event(void *arg, const TasksEvent *e)
{
    const WsWatched *watched = arg;
    ApiWs *ws = watched->ws;
    const Uuid *owner = &watched->parts->owner;
    Tasks *t = watched->parts->tasks;
    Buf b;
    JsonW w;
    if (e->kind == TASKS_FIRED && ws_wanted(ws, TOPIC_REMINDERS)) {
        reminder_frame(&b, t, e->task, e->delivery);
        ws_notify(ws, owner, TOPIC_REMINDERS, &b);
    }
    if (!ws_wanted(ws, TOPIC_TASKS))
        return;
    ws_frame_begin(&w, &b, "TaskUpdate");
    task_member(&w, t, e->task, e->gone);
    jw_kv_cstr(&w, "change", e->gone ? "deleted" : tasks_event_name(e->kind));
    if (e->delivery) {
        jw_key(&w, "reminder");
        jw_obj(&w);
        delivery_members(&w, e->delivery);
        jw_obj_end(&w);
    }
    ws_frame_end(&w);
    ws_notify(ws, owner, TOPIC_TASKS, &b);
}

void ws_tasks_watch(WsWatched *w)
{
    Tasks *t = w->parts->tasks;
    if (t && !tasks_listen(t, on_event, w))
        log_write(LOG_ERROR, "ws", "too many listen to tasks: clients will not hear of them");
}

void ws_tasks_unwatch(WsWatched *w)
{
    if (w->parts->tasks)
        tasks_unlisten(w->parts->tasks, w);
}

/* ---- catching up ---------------------------------------------------------------------------- */

typedef struct {
    ApiWs *ws;
    const ApiParts *parts;
    WsId id;
} CatchUp;

static void drop(void *arg, unsigned worker)
{
    CatchUp *job = arg;
    (void)worker;
    api_give(ws_api(job->ws), job->parts);
    mem_free(job);
}

static void catch_up(void *arg, unsigned worker)
{
    CatchUp *job = arg;
    Tasks *t = job->parts->tasks;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    TaskReminder *list;
    size_t n;
    Err err = ERR_INIT;
    if (!a)
        err_set(&err, ERR_NO_MEMORY, "no memory for the reminders that wait");
    if (!a || !tasks_waiting(t, CATCH_UP_MAX, a, &list, &n, &err)) {
        log_write(LOG_WARN, "ws", "a subscriber did not get the reminders that wait: %s", err.msg);
        ws_send_error(job->ws, job->id, &err);
        n = 0;
    }
    for (size_t i = 0; i < n; i++) {
        Buf b;
        reminder_frame(&b, t, &list[i].task, &list[i].delivery);
        ws_post_frame(job->ws, job->id, &b);
    }
    arena_free(a);
    drop(job, worker);
}

void ws_tasks_catch_up(ApiWs *ws, WsId id)
{
    const ApiParts *parts = ws_parts(ws, id);
    Err err = ERR_INIT;
    CatchUp *job = parts && parts->tasks && parts->work ? mem_zalloc(sizeof *job) : NULL;
    if (!job) {
        api_give(ws_api(ws), parts);
        return;
    }
    *job = (CatchUp){ws, parts, id};
    const WorkFrom from = ws_from(ws, id);
    if (work_submit_from(parts->work, WORK_INTERACTIVE, catch_up, drop, job, NULL, &from, &err))
        return;
    if (err.code != ERR_RATE_LIMITED) /* else: who subscribes again and again */
        log_write(LOG_WARN, "ws", "a subscriber did not get the reminders that wait: %s", err.msg);
    ws_send_error(ws, id, &err);
    drop(job, 0);
}
