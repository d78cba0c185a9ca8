/* related.c - documents that are about the same as one: the mean of its first passages' vectors,
 * and the nearest passages of others; a document counts with its best one. */
#include "api/call.h"
#include "api/serialize.h"
#include "store/briefing.h"

#include <stdlib.h>

#define CANDIDATES 60
#define LEAST 0.25F

typedef struct {
    uint64_t doc_no;
    float similarity;
} Near;

static int closest(const void *x, const void *y)
{
    const Near *a = x, *b = y;
    if (a->similarity != b->similarity)
        return a->similarity < b->similarity ? 1 : -1;
    return a->doc_no < b->doc_no ? -1 : a->doc_no > b->doc_no;
}

/* The best passage of each document; the list is in order of closeness. */
static size_t best_of_each(const Candidates *found, Near *out)
{
    size_t n = 0;
    for (size_t i = 0; i < found->n; i++)
        if (found->items[i].similarity >= LEAST)
            out[n++] = (Near){found->items[i].doc_no, found->items[i].similarity};
    qsort(out, n, sizeof *out, closest);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        bool seen = false;
        for (size_t k = 0; k < kept; k++)
            seen |= out[k].doc_no == out[i].doc_no;
        if (!seen)
            out[kept++] = out[i];
    }
    return kept;
}

bool document_related(ApiCall *c, Err *err)
{
    Uuid id;
    Document self, doc;
    float v[VINDEX_DIM];
    bool have;
    Candidates found = {0};
    JsonW w;
    Store *store = c->parts->store;
    size_t limit = (size_t)call_query(c, "limit")->i, shown = 0;
    if (!call_path_uuid(c, "id", "document", &id, err) ||
        !store_document_get(store, c->owner, &id, false, c->arena, &self, err) ||
        !store_document_vector(store, c->owner, &id, v, &have, err))
        return false;
    CandidateQuery q = {.vector = v, .k = CANDIDATES};
    if (have && !store_candidates(store, c->owner, &q, c->arena, &found, err))
        return false;
    Near *near = ARENA_NEW_ARRAY(c->arena, Near, found.n + 1);
    if (!near)
        return err_set(err, ERR_NO_MEMORY, "no memory for related documents");
    size_t n = best_of_each(&found, near);
    jw_init(&w, &c->out);
    jw_obj(&w);
    jw_key(&w, "documents");
    jw_arr(&w);
    for (size_t i = 0; i < n && shown < limit; i++) {
        Err gone = ERR_INIT;
        if (!store_documents_get(store, c->owner, &near[i].doc_no, 1, false, c->arena, &doc, &gone))
            continue; /* deleted meanwhile */
        if (memcmp(&doc.id, &id, sizeof id) == 0)
            continue;
        jw_obj(&w);
        document_members(&w, &doc, CONTENT_NONE);
        jw_kv_num(&w, "similarity", near[i].similarity);
        jw_obj_end(&w);
        shown++;
    }
    jw_arr_end(&w);
    jw_obj_end(&w);
    return call_json(c, 200, err);
}
