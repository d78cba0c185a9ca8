/* search.c - one search, stage by stage. */
#include "search/search.h"

#include <math.h>
#include <pthread.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "search/cache.h"
#include "search/fusion.h"
#include "search/passage.h"
#include "search/result.h"
#include "search/vectors.h"
#include "search/words.h"
#include "store/cues.h"

#define DEFAULT_ENTRIES 256
#define DEFAULT_TTL_MS 300000u
#define RESULT_CACHE_BYTES ((size_t)16 << 20)
#define DOCUMENT_CACHE_BYTES ((size_t)8 << 20)
#define VECTOR_CACHE_BYTES ((size_t)8 << 20)
#define DEPTH 200u /* of each list; docs/SEARCH.md: deeper ones change nothing in the first ten */
#define DEPTH_MAX 1000u
#define MAX_LIMIT 100u
#define DEFAULT_PASSAGES 3u

struct Search {
    Store *store;
    const Minilm *model;
    Vectors *kept;
    MinilmState **states; /* [workers], made when first needed */
    unsigned workers;
    Cache *results, *documents, *vectors;
    Metric *requests, *seconds, *stage_seconds, *embed_seconds;
};

/* One search on its way. */
typedef struct {
    Search *s;
    const Uuid *owner;
    const SearchRequest *r;
    unsigned worker;
    Arena *a;
    uint64_t version, lap_ns;
    Query query;
    Words words;
    DocFilter filter;
    bool nothing; /* the filters exclude each other */
    float vector[MINILM_DIM];
    Candidates candidates;
    Fused fused;
} Run;

static bool no_memory(Err *err)
{
    return err_set(err, ERR_NO_MEMORY, "searching: out of memory");
}

/* ---- life ---------------------------------------------------------------------------------------
 */

Search *search_new(const SearchOptions *o, Err *err)
{
    size_t entries = o->cache_entries ? o->cache_entries : DEFAULT_ENTRIES;
    unsigned ttl_ms = o->cache_ttl_ms ? o->cache_ttl_ms : DEFAULT_TTL_MS;
    Search *s = mem_zalloc(sizeof *s);
    if (!s) {
        err_set(err, ERR_NO_MEMORY, "starting the search: out of memory");
        return NULL;
    }
    s->store = o->store;
    s->model = o->model;
    s->workers = o->workers ? o->workers : 1;
    s->states = mem_array(s->workers, sizeof *s->states);
    if (!s->states)
        err_set(err, ERR_NO_MEMORY, "starting the search: out of memory");
    if (!s->states ||
        !(s->results = cache_new("search", entries, RESULT_CACHE_BYTES, ttl_ms, err)) ||
        !(s->documents = cache_new("document", 4 * entries, DOCUMENT_CACHE_BYTES, ttl_ms, err)) ||
        !(s->kept = vectors_new(err)) ||
        !(s->vectors = cache_new("embedding", 4 * entries, VECTOR_CACHE_BYTES, ttl_ms, err))) {
        search_free(s);
        return NULL;
    }
    s->requests = metric_counter("search_requests_total", "Searches asked for.", NULL);
    s->seconds = metric_histogram("search_duration_seconds", "Time of a search.", NULL);
    s->stage_seconds =
        metric_histogram("search_stage_seconds", "Time of a search's stages.", "stage");
    s->embed_seconds =
        metric_histogram("embed_duration_seconds", "Time of one call of the encoder.", NULL);
    return s;
}

void search_free(Search *s)
{
    if (!s)
        return;
    for (unsigned i = 0; s->states && i < s->workers; i++)
        minilm_state_free(s->states[i]);
    mem_free(s->states);
    cache_free(s->results);
    cache_free(s->documents);
    cache_free(s->vectors);
    vectors_free(s->kept);
    mem_free(s);
}

MinilmState *search_encoder(Search *s, unsigned worker, Err *err)
{
    if (worker >= s->workers) {
        err_set(err, ERR_INTERNAL, "searching: worker %u of %u", worker, s->workers);
        return NULL;
    }
    if (!s->states[worker])
        s->states[worker] = minilm_state_new(s->model, err);
    return s->states[worker];
}

/* ---- embedding ----------------------------------------------------------------------------------
 */

bool search_embed(Search *s, const Str *texts, size_t n, unsigned worker, float *out,
                  uint32_t *tokens, Err *err)
{
    MinilmState *state = search_encoder(s, worker, err);
    uint64_t start = clock_mono_ns();
    if (!state || !minilm_embed(s->model, state, texts, n, out, tokens, err))
        return false;
    metric_observe(s->embed_seconds, NULL, clock_seconds_since(start));
    return true;
}

#define KEPT_AT_ONCE 64

static bool embed_some(Search *s, const Str *texts, size_t n, unsigned worker, float *out,
                       uint32_t *tokens, Err *err)
{
    Str fresh[KEPT_AT_ONCE];
    size_t where[KEPT_AT_ONCE], same[KEPT_AT_ONCE], m = 0; /* of each text: its place in fresh */
    uint32_t counts[KEPT_AT_ONCE];
    for (size_t i = 0; i < n; i++) {
        where[i] = SIZE_MAX;
        if (vectors_get(s->kept, texts[i], out + i * MINILM_DIM, &tokens[i]))
            continue;
        for (size_t k = 0; k < m && where[i] == SIZE_MAX; k++)
            if (str_eq(texts[same[k]], texts[i]))
                where[i] = k;
        if (where[i] != SIZE_MAX)
            continue;
        where[i] = m;
        same[m] = i;
        fresh[m++] = texts[i];
    }
    if (m == 0)
        return true;
    Arena *a = arena_new((size_t)KEPT_AT_ONCE * MINILM_DIM * sizeof(float) + 65536);
    float *v = a ? ARENA_NEW_ARRAY(a, float, m * MINILM_DIM) : NULL;
    bool ok = v ? search_embed(s, fresh, m, worker, v, counts, err) : no_memory(err);
    for (size_t k = 0; ok && k < m; k++)
        vectors_put(s->kept, fresh[k], v + k * MINILM_DIM, counts[k]);
    for (size_t i = 0; ok && i < n; i++) {
        if (where[i] == SIZE_MAX)
            continue;
        memcpy(out + i * MINILM_DIM, v + where[i] * MINILM_DIM, MINILM_DIM * sizeof *v);
        tokens[i] = counts[where[i]];
    }
    arena_free(a);
    return ok;
}

bool search_embed_kept(Search *s, const Str *texts, size_t n, unsigned worker, float *out,
                       uint32_t *tokens, Err *err)
{
    for (size_t at = 0; at < n; at += KEPT_AT_ONCE) {
        size_t some = n - at < KEPT_AT_ONCE ? n - at : KEPT_AT_ONCE;
        if (!embed_some(s, texts + at, some, worker, out + at * MINILM_DIM, tokens + at, err))
            return false;
    }
    return true;
}

bool search_embed_ids(Search *s, const uint32_t *const *ids, const uint32_t *n_ids, size_t n,
                      unsigned worker, float *out, Err *err)
{
    MinilmState *state = search_encoder(s, worker, err);
    uint64_t start = clock_mono_ns();
    if (!state || !minilm_embed_ids(s->model, state, ids, n_ids, n, out, err))
        return false;
    metric_observe(s->embed_seconds, NULL, clock_seconds_since(start));
    return true;
}

static void vector_keep(Search *s, Str text, const float vector[MINILM_DIM])
{
    Arena *a = arena_new(VECTOR_CACHE_BYTES);
    float *copy = a ? ARENA_NEW_ARRAY(a, float, MINILM_DIM) : NULL;
    if (!copy) {
        arena_free(a);
        return; /* a cache that cannot keep something is no failure */
    }
    memcpy(copy, vector, MINILM_DIM * sizeof *copy);
    cache_put(s->vectors, text, a, copy);
}

static bool embed_query(Run *run, Err *err)
{
    CacheEntry *held;
    Str text = run->query.embed;
    const float *known = cache_enter(run->s->vectors, text, &held);
    if (known) {
        memcpy(run->vector, known, sizeof run->vector);
        cache_leave(run->s->vectors, held);
        return true;
    }
    uint32_t tokens;
    if (!search_embed_kept(run->s, &text, 1, run->worker, run->vector, &tokens, err))
        return false;
    vector_keep(run->s, text, run->vector);
    return true;
}

/* ---- the key of the result cache ----------------------------------------------------------------
 */

static void key_mem(Buf *b, const void *p, size_t n)
{
    buf_add_mem(b, &n, sizeof n);
    buf_add_mem(b, p, n);
}

static void key_list(Buf *b, const Str *list, size_t n)
{
    buf_add_mem(b, &n, sizeof n);
    for (size_t i = 0; i < n; i++)
        key_mem(b, list[i].ptr, list[i].len);
}

/* Everything that an answer depends on. White space at the ends of the text does not matter. */
static void make_key(const Run *run, Buf *b)
{
    const SearchRequest *r = run->r;
    const DocFilter *f = &r->filter;
    uint64_t numbers[] = {run->version, r->mode,         r->limit,           r->offset,
                          r->passages,  r->with_content, (uint64_t)f->since, (uint64_t)f->until};
    Str text = str_trim(r->text);
    buf_add_mem(b, run->owner, sizeof *run->owner);
    buf_add_mem(b, numbers, sizeof numbers);
    buf_add_mem(b, &r->threshold, sizeof r->threshold);
    key_mem(b, text.ptr, text.len);
    key_mem(b, f->q.ptr, f->q.len);
    key_list(b, f->tags, f->n_tags);
    key_list(b, f->sources, f->n_sources);
    key_list(b, f->types, f->n_types);
    key_list(b, f->languages, f->n_languages);
    key_mem(b, f->ids, f->n_ids * sizeof *f->ids);
}

static void result_keep(Search *s, Str key, const SearchResult *r)
{
    Arena *a = arena_new(RESULT_CACHE_BYTES / 8);
    SearchResult *copy = a ? ARENA_NEW(a, SearchResult) : NULL;
    if (copy && result_copy(r, a, copy))
        cache_put(s->results, key, a, copy);
    else
        arena_free(a);
}

/* ---- stages -------------------------------------------------------------------------------------
 */

static void lap(Run *run, const char *stage)
{
    uint64_t now = clock_mono_ns();
    metric_observe(run->s->stage_seconds, (const char *const[]){stage},
                   (double)(now - run->lap_ns) * 1e-9);
    run->lap_ns = now;
}

static bool check_request(const SearchRequest *r, Err *err)
{
    if (r->limit < 1 || r->limit > MAX_LIMIT)
        return err_set(err, ERR_VALIDATION, "limit must be 1 to %u", MAX_LIMIT);
    if (r->offset > DEPTH_MAX)
        return err_set(err, ERR_VALIDATION, "offset must be at most %u", DEPTH_MAX);
    if (!(r->threshold >= -1 && r->threshold <= 1))
        return err_set(err, ERR_VALIDATION, "threshold is a cosine: it must be -1 to 1");
    return true;
}

static bool parse(Run *run, Err *err)
{
    if (!query_parse(run->r->text, run->a, &run->query, err) ||
        !words_plan(run->s->store, &run->query, run->a, &run->words, err) ||
        !filter_and(&run->query.filter, &run->r->filter, run->a, &run->filter, &run->nothing, err))
        return false;
    lap(run, "parse");
    return true;
}

/* Semantic mode keeps the words that filter and drops those that only rank. */
static size_t terms_for_mode(const Run *run, KwTerm *out)
{
    size_t n = 0;
    for (size_t i = 0; i < run->words.n_terms; i++) {
        const KwTerm *t = &run->words.terms[i];
        if (run->r->mode != SEARCH_SEMANTIC || t->required || t->excluded)
            out[n++] = *t;
    }
    return n;
}

static bool find(Run *run, Err *err)
{
    const SearchRequest *r = run->r;
    size_t want = 4 * (r->offset + r->limit), k = want > DEPTH ? want : DEPTH;
    KwTerm *terms = ARENA_NEW_ARRAY(run->a, KwTerm, run->words.n_terms + 1);
    if (!terms)
        return no_memory(err);
    CandidateQuery q = {.vector = r->mode == SEARCH_KEYWORD ? NULL : run->vector,
                        .terms = terms,
                        .n_terms = terms_for_mode(run, terms),
                        .filter = &run->filter,
                        .k = k < DEPTH_MAX ? k : DEPTH_MAX};
    if (run->nothing || (!q.vector && !q.n_terms))
        return true;
    if (!store_candidates(run->s->store, run->owner, &q, run->a, &run->candidates, err))
        return false;
    lap(run, "candidates");
    return true;
}

static bool fuse(Run *run, Err *err)
{
    const SearchRequest *r = run->r;
    FusionQuery q = {.mode = r->mode,
                     .threshold = r->threshold,
                     .max_passages = r->passages ? r->passages : DEFAULT_PASSAGES,
                     .words = (float)run->words.n_typed,
                     .kept = (float)run->words.n_kept};
    if (r->mode == SEARCH_HYBRID)
        q.pieces = (float)minilm_count_tokens(run->s->model, run->query.embed);
    if (!fusion_run(&run->candidates, &q, run->a, &run->fused, err))
        return false;
    lap(run, "fuse");
    return true;
}

/* ---- fetching: everything shown is read from the store now
 * --------------------------------------- */

static Str document_key(const Run *run, uint64_t doc_no, char out[32])
{
    memcpy(out, run->owner, 16);
    memcpy(out + 16, &run->version, 8);
    memcpy(out + 24, &doc_no, 8);
    return (Str){out, 32};
}

static void document_keep(const Run *run, uint64_t doc_no, const Document *d)
{
    char key[32];
    Arena *a = arena_new(DOCUMENT_CACHE_BYTES / 8);
    Document *copy = a ? ARENA_NEW(a, Document) : NULL;
    if (copy && document_copy(d, a, copy))
        cache_put(run->s->documents, document_key(run, doc_no, key), a, copy);
    else
        arena_free(a);
}

static bool document_known(const Run *run, uint64_t doc_no, Document *out, bool *known)
{
    char key[32];
    CacheEntry *held;
    const Document *d = cache_enter(run->s->documents, document_key(run, doc_no, key), &held);
    *known = d != NULL;
    bool ok = !d || document_copy(d, run->a, out);
    cache_leave(run->s->documents, held);
    return ok;
}

/* docs[i] belongs to list[i]; title.ptr is NULL when it is gone by now. */
static bool fetch_documents(Run *run, const FusedDoc *list, size_t n, Document *docs, Err *err)
{
    uint64_t *missing = ARENA_NEW_ARRAY(run->a, uint64_t, n + 1);
    size_t *place = ARENA_NEW_ARRAY(run->a, size_t, n + 1), m = 0;
    Document *found = ARENA_NEW_ARRAY(run->a, Document, n + 1);
    bool cached = !run->r->with_content && !run->r->no_cache;
    if (!missing || !place || !found)
        return no_memory(err);
    for (size_t i = 0; i < n; i++) {
        bool known = false;
        if (cached && !document_known(run, list[i].doc_no, &docs[i], &known))
            return no_memory(err);
        if (known)
            continue;
        place[m] = i;
        missing[m++] = list[i].doc_no;
    }
    if (m && !store_documents_get(run->s->store, run->owner, missing, m, run->r->with_content,
                                  run->a, found, err))
        return false;
    for (size_t i = 0; i < m; i++) {
        docs[place[i]] = found[i];
        if (cached && found[i].title.ptr)
            document_keep(run, missing[i], &found[i]);
    }
    return true;
}

static void fill_match(const Run *run, uint32_t item, const Chunk *chunk, Match *m)
{
    const Candidate *c = &run->candidates.items[item];
    *m = (Match){.chunk_id = chunk->id,
                 .text = chunk->text,
                 .start = chunk->start,
                 .end = chunk->end,
                 .page = chunk->page,
                 .context = chunk->context,
                 .keyword_score = c->keyword,
                 .similarity = run->r->mode == SEARCH_KEYWORD ? NAN : c->similarity,
                 .keyword_rank = c->keyword_rank,
                 .vector_rank = c->vector_rank,
                 .fused_score = run->fused.fused[item]};
}

/* The passages of one document that are still there. */
static bool fill_hit(Run *run, const FusedDoc *d, const Document *doc, const Chunk *chunks,
                     SearchHit *hit)
{
    *hit = (SearchHit){
        .doc = *doc, .score = d->score, .matches = ARENA_NEW_ARRAY(run->a, Match, d->n + 1)};
    if (!hit->matches)
        return false;
    for (size_t i = 0; i < d->n; i++)
        if (chunks[i].text.ptr)
            fill_match(run, d->items[i], &chunks[i], &hit->matches[hit->n_matches++]);
    return true;
}

static bool fetch(Run *run, SearchResult *out, Err *err)
{
    const SearchRequest *r = run->r;
    size_t from = r->offset < run->fused.n ? r->offset : run->fused.n;
    size_t n = run->fused.n - from < r->limit ? run->fused.n - from : r->limit, passages = 0,
           at = 0;
    const FusedDoc *list = run->fused.docs + from;
    for (size_t i = 0; i < n; i++)
        passages += list[i].n;
    uint64_t *numbers = ARENA_NEW_ARRAY(run->a, uint64_t, passages + 1);
    Chunk *chunks = ARENA_NEW_ARRAY(run->a, Chunk, passages + 1);
    Document *docs = ARENA_NEW_ARRAY(run->a, Document, n + 1);
    out->hits = ARENA_NEW_ARRAY(run->a, SearchHit, n + 1);
    if (!numbers || !chunks || !docs || !out->hits)
        return no_memory(err);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < list[i].n; k++)
            numbers[at++] = run->candidates.items[list[i].items[k]].chunk_no;
    if (passages &&
        !store_chunks_get(run->s->store, run->owner, numbers, passages, run->a, chunks, err))
        return false;
    if (n && !fetch_documents(run, list, n, docs, err))
        return false;
    for (size_t i = 0, first = 0; i < n; first += list[i++].n) {
        SearchHit *hit = &out->hits[out->n];
        if (!docs[i].title.ptr)
            continue; /* deleted since the candidates were found */
        if (!fill_hit(run, &list[i], &docs[i], chunks + first, hit))
            return no_memory(err);
        out->n += hit->n_matches > 0;
    }
    lap(run, "fetch");
    return true;
}

static void say_when(const Run *run, const Uuid *doc, Match *m)
{
    uint32_t end;
    m->timed = store_said_at(run->s->store, run->owner, doc, m->start, m->end, &m->from_ms,
                             &m->to_ms);
    m->snippet_ms = m->from_ms;
    (void)store_said_at(run->s->store, run->owner, doc, m->start + m->snippet_start,
                        m->start + m->snippet_end, &m->snippet_ms, &end);
}

static bool mark(Run *run, SearchResult *out, Err *err)
{
    for (size_t i = 0; i < out->n; i++)
        for (size_t k = 0; k < out->hits[i].n_matches; k++)
            if (!passage_mark(run->s->store, &run->words, run->a, &out->hits[i].matches[k], err))
                return false;
    for (size_t i = 0; i < out->n; i++)
        if (str_eq(out->hits[i].doc.file_type, STR("audio")))
            for (size_t k = 0; k < out->hits[i].n_matches; k++)
                say_when(run, &out->hits[i].doc.id, &out->hits[i].matches[k]);
    lap(run, "snippet");
    return true;
}

static bool run_stages(Run *run, SearchResult *out, Err *err)
{
    SearchResult result = {0};
    if (!parse(run, err))
        return false;
    if (run->r->mode != SEARCH_KEYWORD) {
        if (!embed_query(run, err))
            return false;
        lap(run, "embed");
    }
    if (!find(run, err) || !fuse(run, err) || !fetch(run, &result, err) || !mark(run, &result, err))
        return false;
    result.total = run->fused.n;
    result.weight_vector = run->fused.weight_vector;
    *out = result;
    return true;
}

/* ---- the whole ----------------------------------------------------------------------------------
 */

static bool answer(Run *run, SearchResult *out, Err *err)
{
    Search *s = run->s;
    CacheEntry *held = NULL;
    Buf key;
    if (run->r->no_cache)
        return run_stages(run, out, err);
    buf_init(&key, (size_t)1 << 20);
    make_key(run, &key);
    const SearchResult *known = buf_ok(&key) ? cache_enter(s->results, buf_str(&key), &held) : NULL;
    bool ok;
    if (known) {
        ok = result_copy(known, run->a, out) || no_memory(err);
        if (ok)
            out->from_cache = true;
        cache_leave(s->results, held);
    } else {
        ok = run_stages(run, out, err);
        if (ok && buf_ok(&key))
            result_keep(s, buf_str(&key), out);
    }
    buf_release(&key);
    return ok;
}

bool search_run(Search *s, const Uuid *owner, const SearchRequest *r, unsigned worker, Arena *a,
                SearchResult *out, Err *err)
{
    uint64_t start = clock_mono_ns();
    Run *run = ARENA_NEW(a, Run);
    SearchResult result;
    metric_add(s->requests, NULL, 1);
    if (!check_request(r, err))
        return false;
    if (!run)
        return no_memory(err);
    *run = (Run){.s = s,
                 .owner = owner,
                 .r = r,
                 .worker = worker,
                 .a = a,
                 .lap_ns = start,
                 .version = store_version(s->store, owner)};
    if (!answer(run, &result, err))
        return false;
    double seconds = clock_seconds_since(start);
    result.query_time_ms = seconds * 1e3;
    metric_observe(s->seconds, NULL, seconds);
    *out = result;
    return true;
}
