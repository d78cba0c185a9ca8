/* interactions.c - see interactions.h; GET and DELETE of /api/v1/voice/interactions. */
#include "api/interactions.h"

#include "base/log.h"
#include "base/metrics.h"
#include "store/interactions.h"

static bool put(const ApiParts *p, const Uuid *owner, const Interaction *i, Err *err)
{
    StoredInteraction row = {.at = i->at_ms, .session = i->reply.session};
    Buf body;
    JsonW w;
    buf_init(&body, INTERACTION_MAX_JSON);
    jw_init(&w, &body);
    jw_obj(&w);
    interaction_members(&w, i);
    jw_obj_end(&w);
    row.body_json = buf_str(&body);
    bool ok = buf_check(&body, "the interaction", err) &&
              (uuid_parse(str_of(i->id), &row.id) ||
               err_set(err, ERR_INTERNAL, "an interaction has no id")) &&
              store_interaction_put(p->store, owner, &row, err);
    buf_release(&body);
    return ok;
}

void interaction_keep(const ApiParts *p, const Uuid *owner, const Interaction *i)
{
    Err err = ERR_INIT;
    if (!p->store || put(p, owner, i, &err))
        return;
    metric_add(metric_counter("voice_interactions_lost_total",
                              "Spoken questions that could not be kept.", NULL), NULL, 1);
    log_write(LOG_ERROR, "voice", "what was said could not be kept: %s", err.msg);
}

/* ---- routes ---------------------------------------------------------------------------------- */

static bool raw_object(JsonW *w, Str body, Err *err)
{
    Json *j = json_parse(body, JSON_DEFAULT_DEPTH, err);
    if (!j)
        return err_set(err, ERR_CORRUPT, "an interaction in the database is no JSON");
    jw_tree(w, j);
    json_free(j);
    return true;
}

bool interaction_list(ApiCall *c, Err *err)
{
    InteractionPage page;
    JsonW w;
    if (!store_interaction_list(c->parts->store, c->owner, (size_t)call_query(c, "limit")->i,
                                call_query(c, "cursor")->str, c->arena, &page, err))
        return false;
    jw_init(&w, &c->out);
    jw_obj(&w);
    jw_key(&w, "interactions");
    jw_arr(&w);
    for (size_t i = 0; i < page.n; i++)
        if (!raw_object(&w, page.items[i].body_json, err))
            return false;
    jw_arr_end(&w);
    jw_kv_int(&w, "total", (int64_t)page.total);
    jw_kv_opt(&w, "next_cursor", page.next_cursor);
    jw_obj_end(&w);
    return call_json(c, 200, err);
}

bool interaction_get(ApiCall *c, Err *err)
{
    Uuid id;
    StoredInteraction i;
    JsonW w;
    if (!call_path_uuid(c, "id", "interaction", &id, err) ||
        !store_interaction_get(c->parts->store, c->owner, &id, c->arena, &i, err))
        return false;
    jw_init(&w, &c->out);
    return raw_object(&w, i.body_json, err) && call_json(c, 200, err);
}

bool interaction_remove(ApiCall *c, Err *err)
{
    Uuid id;
    if (!call_path_uuid(c, "id", "interaction", &id, err) ||
        !store_interaction_delete(c->parts->store, c->owner, &id, NULL, err))
        return false;
    c->x->resp.status = 204;
    return true;
}

bool interaction_clear(ApiCall *c, Err *err)
{
    uint64_t n;
    JsonW w;
    if (!store_interaction_delete(c->parts->store, c->owner, NULL, &n, err))
        return false;
    jw_init(&w, &c->out);
    jw_obj(&w);
    jw_kv_int(&w, "deleted", (int64_t)n);
    jw_obj_end(&w);
    return call_json(c, 200, err);
}
