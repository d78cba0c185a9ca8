/* memory.c - what the assistant was told to remember. */
#include "api/talk_json.h"
#include "base/clock.h"

static bool fact_answer(ApiCall *c, const Fact *f, const Uuid *replaced, int status, Err *err)
{
    char id[UUID_TEXT];
    JsonW w;
    jw_init(&w, &c->out);
    jw_obj(&w);
    fact_members(&w, f);
    if (replaced && uuid_is_nil(replaced))
        jw_kv_null(&w, "replaced");
    else if (replaced)
        jw_kv_cstr(&w, "replaced", uuid_format(replaced, id));
    jw_obj_end(&w);
    return call_json(c, status, err);
}

static bool page_answer(ApiCall *c, const FactPage *page, Err *err)
{
    JsonW w;
    jw_init(&w, &c->out);
    jw_obj(&w);
    jw_key(&w, "facts");
    jw_arr(&w);
    for (size_t i = 0; i < page->n; i++) {
        jw_obj(&w);
        fact_members(&w, &page->items[i]);
        jw_obj_end(&w);
    }
    jw_arr_end(&w);
    jw_kv_int(&w, "total", (int64_t)page->total);
    jw_kv_opt(&w, "next_cursor", page->next_cursor);
    jw_obj_end(&w);
    return call_json(c, 200, err);
}

static bool list_answer(ApiCall *c, const FactQuery *q, Err *err)
{
    FactPage page;
    return store_fact_list(c->parts->store, c->owner, q, c->arena, &page, err) &&
           page_answer(c, &page, err);
}

bool memory_list(ApiCall *c, Err *err)
{
    const FieldValue *subject = call_query(c, "subject");
    FactQuery q = {.q = call_query(c, "q")->str,
                   .subject = subject->given ? subject->str : (Str){NULL, 0},
                   .ended = call_query(c, "history")->b,
                   .limit = (size_t)call_query(c, "limit")->i,
                   .cursor = call_query(c, "cursor")->str};
    return list_answer(c, &q, err);
}


bool memory_add(ApiCall *c, Err *err)
{
    Fact f;
    Uuid replaced;
    char id[UUID_TEXT];
    if (!memory_remember(c->parts->store, c->owner, call_body(c, "text")->str, STR("api"), c->arena,
                         &f, &replaced, err))
        return false;
    http_resp_header(c->x, "Location",
                     arena_printf(c->arena, "/api/v1/memory/%s", uuid_format(&f.id, id)));
    return fact_answer(c, &f, &replaced, 201, err);
}

static bool path_fact(ApiCall *c, Fact *out, Err *err)
{
    Uuid id;
    return call_path_uuid(c, "id", "fact", &id, err) &&
           store_fact_get(c->parts->store, c->owner, &id, c->arena, out, err);
}

bool memory_get(ApiCall *c, Err *err)
{
    Fact f;
    return path_fact(c, &f, err) && fact_answer(c, &f, NULL, 200, err);
}

bool memory_history(ApiCall *c, Err *err)
{
    Fact f;
    FactQuery q = {.ended = true, .limit = 200};
    if (!path_fact(c, &f, err))
        return false;
    q.subject = f.subject;
    if (f.subject.len)
        return list_answer(c, &q, err);
    FactPage page = {.items = &f, .n = 1, .total = 1}; /* nothing else is about the same */
    return page_answer(c, &page, err);
}

bool memory_change(ApiCall *c, Err *err)
{
    Fact f;
    Uuid replaced;
    if (!path_fact(c, &f, err))
        return false;
    if (f.ended_at)
        return err_set(err, ERR_CONFLICT, "another fact took the place of this one; change that");
    if (!memory_fact(call_body(c, "text")->str, c->arena, &f, err))
        return false;
    f.updated_at = clock_now_ms();
    return store_fact_put(c->parts->store, c->owner, &f, &replaced, err) &&
           fact_answer(c, &f, &replaced, 200, err);
}

/* The other facts of its subject that do not hold any more. */
static bool forget_history(ApiCall *c, const Fact *f, Err *err)
{
    FactQuery q = {.subject = f->subject, .ended = true, .limit = 100};
    FactPage page;
    do {
        if (!store_fact_list(c->parts->store, c->owner, &q, c->arena, &page, err))
            return false;
        for (size_t i = 0; i < page.n; i++) {
            Err why = ERR_INIT;
            if (page.items[i].ended_at && !uuid_eq(&page.items[i].id, &f->id) &&
                !store_fact_delete(c->parts->store, c->owner, &page.items[i].id, false, &why) &&
                why.code != ERR_NOT_FOUND) {
                *err = why;
                return false;
            }
        }
        q.cursor = page.next_cursor;
    } while (page.next_cursor.ptr);
    return true;
}

bool memory_forget(ApiCall *c, Err *err)
{
    Fact f;
    if (!path_fact(c, &f, err) ||
        (call_query(c, "history")->b && f.subject.len && !forget_history(c, &f, err)) ||
        !store_fact_delete(c->parts->store, c->owner, &f.id, false, err))
        return false;
    c->x->resp.status = 204;
    return true;
}
