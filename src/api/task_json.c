#include "api/task_json.h"

#include "base/clock.h"

static void utc(JsonW *w, const char *key, int64_t ms)
{
    char text[CLOCK_RFC3339_MAX];
    if (ms == TASK_NO_TIME)
        jw_kv_null(w, key);
    else
        jw_kv_cstr(w, key, clock_format(ms, text));
}

static void local(JsonW *w, const char *key, const Zone *z, int64_t ms)
{
    char text[ZONE_RFC3339_MAX];
    if (ms == TASK_NO_TIME)
        jw_kv_null(w, key);
    else
        jw_kv_cstr(w, key, zone_format(z, ms, text));
}

static void texts(JsonW *w, const char *key, const Str *list, size_t n)
{
    jw_key(w, key);
    jw_arr(w);
    for (size_t i = 0; i < n; i++)
        jw_str(w, list[i]);
    jw_arr_end(w);
}

static void reminders(JsonW *w, Tasks *t, const Task *task, const Zone *z)
{
    jw_key(w, "reminders");
    jw_arr(w);
    for (size_t i = 0; i < task->n_alarms; i++) {
        const TaskAlarm *a = &task->alarms[i];
        jw_obj(w);
        local(w, "at", z, task_alarm_at(t, task, a, task->due_at));
        if (a->absolute)
            jw_kv_null(w, "offset_seconds");
        else
            jw_kv_num(w, "offset_seconds", (double)a->ms / 1000.0);
        jw_obj_end(w);
    }
    jw_arr_end(w);
}

static void words(JsonW *w, Tasks *t, const Task *task, int64_t now)
{
    Buf b;
    buf_init(&b, 4096);
    task_say_when(t, task, now, &b);
    if (b.len)
        jw_kv_str(w, "when", buf_str(&b));
    else
        jw_kv_null(w, "when");
    buf_release(&b);
}

void task_members(JsonW *w, Tasks *t, const Task *task)
{
    const Zone *z = tasks_zone_of(t, task);
    int64_t now = clock_now_ms();
    char id[UUID_TEXT];
    jw_kv_cstr(w, "id", uuid_format(&task->id, id));
    jw_kv_cstr(w, "kind", task_kind_name(task->kind));
    jw_kv_str(w, "title", task->title);
    jw_kv_str(w, "notes", task->notes);
    jw_kv_cstr(w, "status", task_status_name(task->status));
    jw_kv_cstr(w, "priority", task_priority_name(task->priority));
    local(w, "due_at", z, task->due_at);
    jw_kv_bool(w, "due_timed", task->due_timed);
    jw_kv_bool(w, "overdue", task_overdue(t, task, now));
    words(w, t, task, now);
    local(w, "remind_at", z, task_next_fire(task));
    reminders(w, t, task, z);
    local(w, "snoozed_until", z, task->snoozed_until);
    if (task->rrule.len)
        jw_kv_str(w, "rrule", task->rrule);
    else
        jw_kv_null(w, "rrule");
    jw_kv_int(w, "missed", task->missed);
    if (uuid_is_nil(&task->series))
        jw_kv_null(w, "series");
    else
        jw_kv_cstr(w, "series", uuid_format(&task->series, id));
    jw_kv_str(w, "zone", task->zone);
    texts(w, "tags", task->tags, task->n_tags);
    utc(w, "created_at", task->created_at);
    utc(w, "updated_at", task->updated_at);
    utc(w, "completed_at", task->completed_at);
    jw_kv_str(w, "source", task->source);
    jw_kv_int(w, "revision", (int64_t)task->rev);
    if (task->kind == TASK_TIMER && task->status == TASK_OPEN && task->due_at != TASK_NO_TIME)
        jw_kv_num(w, "seconds_left",
            task->due_at > now ? (double)(task->due_at - now) / 1000.0 : 0);
}

void task_json(JsonW *w, Tasks *t, const Task *task)
{
    jw_obj(w);
    task_members(w, t, task);
    jw_obj_end(w);
}

void delivery_members(JsonW *w, const Delivery *d)
{
    char id[UUID_TEXT];
    jw_kv_cstr(w, "id", uuid_format(&d->id, id));
    jw_kv_cstr(w, "task_id", uuid_format(&d->task, id));
    utc(w, "at", d->at);
    utc(w, "due_at", d->due);
    utc(w, "fired_at", d->fired_at);
    jw_kv_num(w, "late_seconds", d->fired_at > d->at ? (double)(d->fired_at - d->at) / 1000.0 : 0);
    utc(w, "acknowledged_at", d->acked_at);
}
