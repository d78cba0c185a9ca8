/* duplicates.c - documents with nearly the same text: groups of them, and those of one document. */
#include "api/duplicates.h"
#include "api/serialize.h"

#include <math.h>

#include "base/clock.h"

#define SHOWN 10 /* with a document */

static void near_members(JsonW *w, const NearDocument *d)
{
    char id[UUID_TEXT], when[CLOCK_RFC3339_MAX];
    jw_obj(w);
    jw_kv_cstr(w, "id", uuid_format(&d->id, id));
    jw_kv_str(w, "title", d->title);
    jw_kv_str(w, "source", d->source);
    jw_kv_cstr(w, "created_at", clock_format(d->created_at, when));
    jw_kv_num(w, "similarity", round(d->similarity * 1000) / 1000);
    jw_obj_end(w);
}

/* The member "near_duplicates" of an object that is open. */
static bool near_duplicates_json(ApiCall *c, JsonW *w, const Uuid *id, Err *err)
{
    NearDocument *found;
    size_t n;
    if (!store_near_documents(c->parts->store, c->owner, id, STORE_NEAR_LEAST, SHOWN, c->arena,
                              &found, &n, err))
        return false;
    jw_key(w, "near_duplicates");
    jw_arr(w);
    for (size_t i = 0; i < n; i++)
        near_members(w, &found[i]);
    jw_arr_end(w);
    return true;
}

bool document_json_near(ApiCall *c, JsonW *w, const Document *d, Err *err)
{
    jw_obj(w);
    document_members(w, d, CONTENT_FULL);
    bool ok = near_duplicates_json(c, w, &d->id, err);
    jw_obj_end(w);
    return ok;
}

bool knowledge_duplicates(ApiCall *c, Err *err)
{
    NearPage page;
    if (!store_near_groups(c->parts->store, c->owner, call_query(c, "threshold")->num,
                           (size_t)call_query(c, "offset")->i, (size_t)call_query(c, "limit")->i,
                           c->arena, &page, err))
        return false;
    JsonW w;
    jw_init(&w, &c->out);
    jw_obj(&w);
    jw_key(&w, "groups");
    jw_arr(&w);
    for (size_t i = 0; i < page.n; i++) {
        jw_obj(&w);
        jw_key(&w, "documents");
        jw_arr(&w);
        for (size_t k = 0; k < page.groups[i].n; k++)
            near_members(&w, &page.groups[i].documents[k]);
        jw_arr_end(&w);
        jw_obj_end(&w);
    }
    jw_arr_end(&w);
    jw_kv_int(&w, "total", (int64_t)page.total);
    jw_obj_end(&w);
    return call_json(c, 200, err);
}
