/* talk_json.c - see talk_json.h. */
#include "api/talk_json.h"

#include "base/clock.h"

static void kv_time(JsonW *w, const char *key, int64_t ms)
{
    char text[CLOCK_RFC3339_MAX];
    jw_kv_cstr(w, key, clock_format(ms, text));
}

static void kv_id(JsonW *w, const char *key, const Uuid *id)
{
    char text[UUID_TEXT];
    if (uuid_is_nil(id))
        jw_kv_null(w, key);
    else
        jw_kv_cstr(w, key, uuid_format(id, text));
}

/* ---- replies --------------------------------------------------------------------------------- */

void reply_members(JsonW *w, const AssistantReply *r)
{
    kv_id(w, "session_id", &r->session);
    jw_kv_str(w, "response", r->response);
    assistant_reply_json(r, w);
}

/* ---- conversations --------------------------------------------------------------------------- */

void session_members(JsonW *w, const TalkSession *s)
{
    kv_id(w, "id", &s->id);
    jw_kv_str(w, "title", s->title);
    jw_kv_int(w, "message_count", (int64_t)s->n_messages);
    kv_time(w, "created_at", s->created_at);
    kv_time(w, "updated_at", s->updated_at);
}

static bool document_is_gone(ApiCall *c, Str id_text, bool *gone, Err *err)
{
    Uuid id;
    Document doc;
    Err why = ERR_INIT;
    *gone = !uuid_parse(id_text, &id);
    if (*gone || store_document_get(c->parts->store, c->owner, &id, false, c->arena, &doc, &why))
        return true;
    *gone = why.code == ERR_NOT_FOUND;
    if (!*gone && err)
        *err = why;
    return *gone;
}

static bool citations_json(ApiCall *c, JsonW *w, const Json *list, Err *err)
{
    jw_arr(w);
    for (size_t i = 0; i < json_count(list); i++) {
        const Json *one = json_at(list, i), *value;
        void *iter = NULL;
        Str key;
        bool gone;
        if (!document_is_gone(c, json_str(json_get(one, "document_id")), &gone, err))
            return false;
        jw_obj(w);
        while (json_each(one, &iter, &key, &value)) {
            jw_key_str(w, key);
            jw_tree(w, value);
        }
        jw_kv_bool(w, "gone", gone);
        jw_obj_end(w);
    }
    jw_arr_end(w);
    return true;
}

bool message_json(ApiCall *c, JsonW *w, const TalkMessage *m, Err *err)
{
    Json *extra = json_parse(m->extra_json, JSON_DEFAULT_DEPTH, NULL);
    void *iter = NULL;
    Str key;
    const Json *value;
    bool ok = true;
    if (!extra)
        return err_set(err, ERR_CORRUPT, "what is kept beside a message cannot be read");
    jw_obj(w);
    kv_id(w, "id", &m->id);
    jw_kv_cstr(w, "role", talk_role_name(m->role));
    jw_kv_str(w, "text", m->text);
    kv_time(w, "at", m->at);
    while (ok && json_each(extra, &iter, &key, &value)) {
        if (str_eq(key, STR("id")) || str_eq(key, STR("role")) || str_eq(key, STR("text")) ||
            str_eq(key, STR("at")))
            continue;
        jw_key_str(w, key);
        if (str_eq(key, STR("citations")))
            ok = citations_json(c, w, value, err);
        else
            jw_tree(w, value);
    }
    jw_obj_end(w);
    json_free(extra);
    return ok;
}

/* ---- facts ----------------------------------------------------------------------------------- */

void fact_members(JsonW *w, const Fact *f)
{
    kv_id(w, "id", &f->id);
    jw_kv_str(w, "text", f->text);
    jw_kv_str(w, "subject", f->subject);
    jw_kv_str(w, "value", f->value);
    jw_kv_str(w, "source", f->source);
    jw_kv_bool(w, "holds", f->ended_at == 0);
    kv_time(w, "created_at", f->created_at);
    kv_time(w, "updated_at", f->updated_at);
    if (f->ended_at)
        kv_time(w, "ended_at", f->ended_at);
    else
        jw_kv_null(w, "ended_at");
    kv_id(w, "replaced_by", &f->replaced_by);
}
