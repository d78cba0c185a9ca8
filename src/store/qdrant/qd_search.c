/* qd_search.c - a query's two lists, by one call of the Query API:
 *
 *   1. prefetch: nearest by int8 vectors, and best by words -> rescored by the exact vectors
 *   2. best by words
 *
 * What makes an answer of them (whole scores on both sides, coverage, moments, the fusion itself)
 * is ours and the same over every back end: store/sqlite/candidates.c, search/fusion.c. Words that
 * must or must not be there, prefixes of sources and words in titles are found in the working copy,
 * and Qdrant is told the passages that are left. */
#include "store/qdrant/qd_answer.h"
#include "store/qdrant/qd_sparse.h"

typedef struct {
    QdPerson *p;
    const CandidateQuery *q;
    Arena *a;
} Search;

/* ---- filters --------------------------------------------------------------------------------- */

static void any_begin(JsonW *w, const char *key)
{
    jw_obj(w);
    jw_kv_cstr(w, "key", key);
    jw_key(w, "match");
    jw_obj(w);
    jw_key(w, "any");
    jw_arr(w);
}

static void any_end(JsonW *w)
{
    jw_arr_end(w);
    jw_obj_end(w);
    jw_obj_end(w);
}

static void match_any(JsonW *w, const char *key, const Str *items, size_t n)
{
    if (!n)
        return;
    any_begin(w, key);
    for (size_t i = 0; i < n; i++)
        jw_str(w, items[i]);
    any_end(w);
}

static void match_numbers(JsonW *w, const SqPlan *plan)
{
    any_begin(w, "chunk_no");
    for (size_t i = 0; i < plan->n_numbers; i++)
        jw_int(w, (int64_t)plan->numbers[i]);
    any_end(w);
}

static void match_ids(JsonW *w, const Uuid *ids, size_t n)
{
    any_begin(w, "document_id");
    for (size_t i = 0; i < n; i++)
        qd_json_uuid(w, NULL, &ids[i]);
    any_end(w);
}

static void match_time(JsonW *w, const DocFilter *f)
{
    jw_obj(w);
    jw_kv_cstr(w, "key", "updated_ms");
    jw_key(w, "range");
    jw_obj(w);
    if (f->since)
        jw_kv_int(w, "gte", f->since);
    if (f->until)
        jw_kv_int(w, "lt", f->until);
    jw_obj_end(w);
    jw_obj_end(w);
}

static Str filter_json(Search *s, const SqPlan *plan, Err *err)
{
    const DocFilter *f = s->q->filter;
    Buf b;
    JsonW w;
    buf_init(&b, (size_t)24 << 20);
    jw_init(&w, &b);
    jw_obj(&w);
    jw_key(&w, "must");
    jw_arr(&w);
    qd_json_match(&w, "owner", str_of(s->p->text));
    if (plan->by_id) {
        match_numbers(&w, plan);
    } else if (f) {
        for (size_t i = 0; i < f->n_tags; i++)
            qd_json_match(&w, "tags", f->tags[i]);
        match_any(&w, "source", f->sources, f->n_sources);
        match_any(&w, "file_type", f->types, f->n_types);
        match_any(&w, "language", f->languages, f->n_languages);
        if (f->since || f->until)
            match_time(&w, f);
        if (f->n_ids)
            match_ids(&w, f->ids, f->n_ids);
    }
    jw_arr_end(&w);
    jw_obj_end(&w);
    Str text = {NULL, 0};
    if (buf_check(&b, "a filter", err)) {
        text = arena_buf(s->a, &b);
        if (!text.ptr)
            err_set(err, ERR_NO_MEMORY, "searching: out of memory");
    }
    buf_release(&b);
    return text;
}

/* ---- the request ----------------------------------------------------------------------------- */

static void tail(JsonW *w, const char *using, size_t limit, Str filter)
{
    jw_kv_cstr(w, "using", using);
    jw_kv_int(w, "limit", (int64_t)limit);
    if (filter.ptr) {
        jw_key(w, "filter");
        jw_raw(w, filter);
    }
}

static void precision(JsonW *w, const CandidateQuery *q, bool rescore)
{
    jw_key(w, "params");
    jw_obj(w);
    if (q->mode == VINDEX_EXACT)
        jw_kv_bool(w, "exact", true);
    else
        jw_kv_int(w, "hnsw_ef", (int64_t)(q->k > 128 ? q->k : 128));
    jw_key(w, "quantization");
    jw_raw(w, rescore ? STR("{\"rescore\":true,\"oversampling\":2.0}") : STR("{\"ignore\":true}"));
    jw_obj_end(w);
}

static bool words_query(Search *s, const SqPlan *plan, JsonW *w, Str filter, Err *err)
{
    jw_key(w, "query");
    if (!qd_json_query(w, plan->terms, plan->n_terms, s->a, err))
        return false;
    tail(w, "bm25", s->q->k, filter);
    return true;
}

static bool vector_search(Search *s, const SqPlan *plan, JsonW *w, Str vector, Str filter, Err *err)
{
    size_t k = s->q->k;
    jw_obj(w);
    jw_key(w, "prefetch");
    jw_arr(w);
    jw_obj(w);
    jw_key(w, "query");
    jw_raw(w, vector);
    tail(w, "dense", k, filter);
    precision(w, s->q, true);
    jw_obj_end(w);
    if (plan->n_terms) {
        jw_obj(w);
        if (!words_query(s, plan, w, filter, err))
            return false;
        jw_obj_end(w);
    }
    jw_arr_end(w);
    jw_key(w, "query");
    jw_raw(w, vector);
    tail(w, "dense", k, (Str){NULL, 0});
    precision(w, s->q, false);
    jw_key(w, "with_payload");
    jw_raw(w, STR("[\"chunk_no\"]"));
    jw_obj_end(w);
    return true;
}

static bool request(Search *s, const SqPlan *plan, Buf *out, Err *err)
{
    Str filter = filter_json(s, plan, err), vector = {NULL, 0};
    JsonW w;
    bool ok = filter.ptr != NULL;
    if (ok && s->q->vector) {
        Buf b;
        buf_init(&b, 16384);
        jw_init(&w, &b);
        qd_json_vector(&w, s->q->vector);
        vector = arena_buf(s->a, &b);
        buf_release(&b);
        ok = vector.ptr || err_set(err, ERR_NO_MEMORY, "searching: out of memory");
    }
    jw_init(&w, out);
    jw_obj(&w);
    jw_key(&w, "searches");
    jw_arr(&w);
    if (ok && s->q->vector)
        ok = vector_search(s, plan, &w, vector, filter, err);
    if (ok && plan->n_terms) {
        jw_obj(&w);
        ok = words_query(s, plan, &w, filter, err);
        jw_key(&w, "with_payload");
        jw_raw(&w, STR("[\"chunk_no\"]"));
        jw_obj_end(&w);
    }
    jw_arr_end(&w);
    jw_obj_end(&w);
    return ok && buf_check(out, "a request", err);
}

/* The two lists being filled; anew for another try. */
typedef struct {
    SqFound *found[2];
    size_t n[2], max, lists;
} Lists;

static bool add_hit(void *arg, size_t list, uint64_t chunk_no, float score)
{
    Lists *l = arg;
    if (list < 2 && l->found[list] && l->n[list] < l->max)
        l->found[list][l->n[list]++] = (SqFound){chunk_no, score};
    return true;
}

static bool read_lists(void *arg, Str answer, Err *err)
{
    Lists *l = arg;
    l->n[0] = l->n[1] = 0;
    return qd_answer_read(answer, add_hit, l, &l->lists, err);
}

static bool lists(void *arg, const SqPlan *plan, SqFound *vectors, size_t *n_vectors,
    SqFound *words, size_t *n_words, Err *err)
{
    Search *s = arg;
    Buf b, path;
    Lists l = {.max = s->q->k};
    size_t want = 0;
    if ((plan->by_id && !plan->n_numbers) || (!s->q->vector && !plan->n_terms))
        return true; /* nothing can be found */
    if (s->q->vector)
        l.found[want++] = vectors;
    if (plan->n_terms)
        l.found[want++] = words;
    buf_init(&b, (size_t)64 << 20);
    buf_init(&path, 4096);
    qd_path(s->p->q, &path, true, "/points/query/batch");
    bool ok = request(s, plan, &b, err) && buf_check(&path, "an address", err)
        && qd_http_read(s->p->q->http, "POST", buf_str(&path), buf_str(&b), read_lists, &l, err);
    buf_release(&b);
    buf_release(&path);
    if (ok && l.lists != want)
        ok = err_set(err, ERR_UNAVAILABLE, "Qdrant answered a search with %zu lists instead of %zu",
            l.lists, want);
    if (ok && s->q->vector)
        *n_vectors = l.n[0];
    if (ok && plan->n_terms)
        *n_words = l.n[want - 1];
    return ok;
}

bool qd_candidates(Store *store, const Uuid *owner, const CandidateQuery *q, Arena *a,
    Candidates *out, Err *err)
{
    QdPerson *p = qd_person_take(qd_of(store), owner, false, err);
    if (!p)
        return false;
    Search s = {p, q, a};
    size_t unknown;
    uint64_t seq = sq_replica_seq(p->local);
    bool ok = sq_candidates_from(p->local, owner, q, a, lists, &s, &unknown, out, err);
    /* What came elsewhere is in the lists; what went elsewhere is not. So only passages that are
     * not known here say that the copy is old. */
    if (ok && unknown && (ok = qd_person_refresh(p, err)) && sq_replica_seq(p->local) != seq)
        ok = sq_candidates_from(p->local, owner, q, a, lists, &s, &unknown, out, err);
    qd_person_give(p);
    return ok;
}
