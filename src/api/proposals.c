/* proposals.c - tasks that documents ask for: list, take, dismiss. */
#include "assistant/proposals.h"

#include "api/call.h"
#include "api/task_json.h"
#include "base/clock.h"
#include "text/commitment.h"

static void proposal_json(ApiCall *call, JsonW *w, Tasks *t, const StoredCommitment *c)
{
    char id[UUID_TEXT], at[ZONE_RFC3339_MAX];
    jw_obj(w);
    jw_kv_cstr(w, "id", uuid_format(&c->id, id));
    jw_kv_str(w, "title", proposal_title(c, call->arena));
    jw_kv_cstr(w, "kind", commitment_kind_name((CommitmentKind)c->kind));
    jw_kv_cstr(w, "due_at", zone_format(tasks_zone(t), c->due_at, at));
    jw_kv_bool(w, "due_timed", c->timed);
    jw_kv_num(w, "strength", c->strength);
    jw_kv_cstr(w, "document_id", uuid_format(&c->document, id));
    jw_kv_str(w, "document_title", c->title);
    jw_kv_str(w, "source", c->source);
    jw_kv_str(w, "text", c->text);
    jw_kv_int(w, "start", c->start);
    jw_kv_int(w, "end", c->end);
    jw_obj_end(w);
}

bool proposal_list(ApiCall *c, Err *err)
{
    Tasks *t;
    StoredCommitment *items;
    size_t n;
    uint64_t total;
    if (!call_tasks(c, &t, err) ||
        !proposals_list(t, clock_now_ms(), (size_t)call_query(c, "limit")->i, c->arena, &items, &n,
                        &total, err))
        return false;
    JsonW w;
    jw_init(&w, &c->out);
    jw_obj(&w);
    jw_key(&w, "proposals");
    jw_arr(&w);
    for (size_t i = 0; i < n; i++)
        proposal_json(c, &w, t, &items[i]);
    jw_arr_end(&w);
    jw_kv_int(&w, "total", (int64_t)total);
    jw_obj_end(&w);
    return call_json(c, 200, err);
}

bool proposal_take(ApiCall *c, Err *err)
{
    Tasks *t;
    Uuid id;
    TaskResult r;
    bool made;
    const FieldValue *title = call_body(c, "title");
    Str named = title->str;
    if (!call_tasks(c, &t, err) || !call_path_uuid(c, "id", "proposal", &id, err) ||
        !proposals_take(t, &id, title->given ? &named : NULL, c->arena, &r, &made, err))
        return false;
    JsonW w;
    char change[UUID_TEXT];
    jw_init(&w, &c->out);
    jw_obj(&w);
    task_members(&w, t, &r.task);
    if (made)
        jw_kv_cstr(&w, "change_id", uuid_format(&r.change, change));
    jw_obj_end(&w);
    return call_json(c, made ? 201 : 200, err);
}

bool proposal_dismiss(ApiCall *c, Err *err)
{
    Tasks *t;
    Uuid id;
    if (!call_tasks(c, &t, err) || !call_path_uuid(c, "id", "proposal", &id, err) ||
        !proposals_dismiss(t, &id, c->arena, err))
        return false;
    c->x->resp.status = 204;
    return true;
}
