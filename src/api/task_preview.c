/* task_preview.c - what a sentence would make, for who is still writing it. */
#include "api/call.h"
#include "api/task_json.h"
#include "base/clock.h"

/* What a sentence means while it is being written: one that says nothing yet is no error here. */
bool task_preview(ApiCall *c, Err *err)
{
    Tasks *t;
    TaskDraft d = TASK_DRAFT_NONE;
    Task task;
    Err why = ERR_INIT;
    JsonW w;
    if (!call_tasks(c, &t, err))
        return false;
    bool ok = tasks_read(t, call_query(c, "text")->str, clock_now_ms(), c->arena, &d, &why) &&
              tasks_preview(t, &d, c->arena, &task, &why);
    if (!ok && why.code != ERR_VALIDATION) {
        *err = why;
        return false;
    }
    jw_init(&w, &c->out);
    jw_obj(&w);
    jw_key(&w, "task");
    if (ok)
        task_json(&w, t, &task);
    else
        jw_null(&w);
    if (ok)
        jw_kv_null(&w, "problem");
    else
        jw_kv_cstr(&w, "problem", why.msg);
    jw_obj_end(&w);
    return call_json(c, 200, err);
}
