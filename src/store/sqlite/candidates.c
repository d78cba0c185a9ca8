/* candidates.c - a query to the union of two lists: nearest vectors and best BM25.
 *
 *   words -> tokens -> weighted terms for the keyword index
 *   filter, required and excluded words -> one bitmap of allowed slots for both indexes
 *
 * Filters are exact: documents are chosen by SQL and mapped to slots. A word's set of passages
 * comes from the keyword index, a phrase's from FTS5, which alone knows positions. Both lists are
 * completed with the other side's score, so that every candidate has both.
 *
 * Slots keep their meaning between vindex_enter and vindex_leave; the numbers that go out are
 * passage and document numbers, which are never used twice. */
#include <math.h>

#include "store/sqlite/sq_candidates.h"

#define DEFAULT_K1 1.2f
#define DEFAULT_B 0.75f
#define PREFIX_RANKED 32 /* of a prefix's words, the most frequent take part in ranking */

static bool no_memory(Err *err)
{
    return err_set(err, ERR_NO_MEMORY, "searching: out of memory");
}

/* ---- bitmaps -------------------------------------------------------------------------------- */

static size_t words_of(const SqQuery *p)
{
    return ((size_t)p->slots + 63) / 64;
}

/* p->mark becomes an empty bitmap. */
static bool mark_begin(SqQuery *p, Err *err)
{
    if (!p->mark)
        p->mark = ARENA_NEW_ARRAY(p->a, uint64_t, words_of(p) + 1);
    else
        memset(p->mark, 0, words_of(p) * sizeof *p->mark);
    return p->mark || no_memory(err);
}

/* Only what is marked (or, with `not`, what is not marked) stays allowed. */
static bool mark_end(SqQuery *p, bool not, Err *err)
{
    size_t n = words_of(p);
    if (!p->allow) {
        p->allow = ARENA_NEW_ARRAY(p->a, uint64_t, n + 1);
        if (!p->allow)
            return no_memory(err);
        memset(p->allow, 0xFF, n * sizeof *p->allow);
    }
    for (size_t i = 0; i < n; i++)
        p->allow[i] &= not ? ~p->mark[i] : p->mark[i];
    return true;
}

static void mark_slot(SqQuery *p, uint32_t slot)
{
    if (slot < p->slots)
        p->mark[slot / 64] |= (uint64_t)1 << slot % 64;
}

/* ---- the document filter -------------------------------------------------------------------- */

static bool filter_empty(const DocFilter *f)
{
    return !f
        || (!f->q.len && !f->n_tags && !f->n_sources && !f->n_types && !f->since && !f->until
            && !f->n_ids && !f->n_languages);
}

static void mark_document(SqQuery *p, uint64_t doc_no)
{
    uint32_t slot = sq_slots_of_doc(&p->x->slots, doc_no);
    for (; slot != SQ_NO_SLOT; slot = p->x->slots.next[slot])
        mark_slot(p, slot);
}

static bool mark_filter(SqQuery *p, Err *err)
{
    SqWhere w;
    if (!sq_where(p->c, p->o->no, p->q->filter, p->a, &w, err))
        return false;
    Buf sql;
    buf_init(&sql, 8 << 20);
    buf_printf(&sql, "SELECT d.doc_no FROM documents d WHERE " STR_FMT, STR_ARG(buf_str(&w.sql)));
    Sq q = {0};
    int rc = -1;
    if (buf_check(&sql, "a filter", err) && sq_begin_once(&q, p->c, buf_str(&sql), err)) {
        sq_where_bind(&w, &q);
        pthread_rwlock_rdlock(&p->x->slots_lock);
        while ((rc = sq_step(&q, err)) > 0)
            mark_document(p, (uint64_t)sq_col_i64(&q, 0));
        pthread_rwlock_unlock(&p->x->slots_lock);
    }
    sq_end(&q);
    buf_release(&sql);
    sq_where_release(&w);
    return rc == 0;
}

/* ---- words ---------------------------------------------------------------------------------- */

typedef struct {
    Arena *a;
    Str items[64];
    size_t n;
    bool failed;
} Tokens;

static bool on_token(void *arg, Str token, size_t start, size_t end)
{
    Tokens *t = arg;
    (void)start;
    (void)end;
    if (t->n == sizeof t->items / sizeof *t->items)
        return false; /* nobody types a longer phrase; it is cut */
    t->items[t->n] = arena_str(t->a, token);
    t->failed = !t->items[t->n].ptr;
    return !t->failed && ++t->n;
}

static bool tokens_of(SqQuery *p, Str text, bool stem, Tokens *t, Err *err)
{
    t->a = p->a;
    t->n = 0;
    t->failed = false;
    return sq_tokens(p->c, text, stem, on_token, t, err) && (!t->failed || no_memory(err));
}

/* The same word twice weighs twice. Past KINDEX_QUERY_MAX different words the rest is left out: a
 * text that long is a vector's business. */
static void rank_term(SqQuery *p, Str term, float weight, float cover)
{
    for (size_t i = 0; i < p->n_terms; i++) {
        if (str_eq(p->terms[i].text, term)) {
            p->terms[i].weight += weight;
            p->cover[i] += cover;
            return;
        }
    }
    if (p->n_terms < KINDEX_QUERY_MAX && weight > 0) {
        p->cover[p->n_terms] = cover;
        p->terms[p->n_terms++] = (KindexQueryTerm){term, weight};
    }
}

static bool mark_phrase(SqQuery *p, Str text, Err *err)
{
    static const char sql[] = "SELECT rowid FROM chunk_fts WHERE chunk_fts MATCH ?1";
    Buf match;
    buf_init(&match, (size_t)4 * STORE_MAX_CHUNK);
    buf_add_char(&match, '"');
    for (size_t i = 0; i < text.len; i++) {
        buf_add_char(&match, text.ptr[i]);
        if (text.ptr[i] == '"')
            buf_add_char(&match, '"');
    }
    buf_add_char(&match, '"');
    Sq q = {0};
    int rc = -1;
    if (buf_check(&match, "a phrase", err) && sq_begin(&q, p->c, sql, err)) {
        sq_text(&q, buf_str(&match));
        pthread_rwlock_rdlock(&p->x->slots_lock);
        while ((rc = sq_step(&q, err)) > 0)
            mark_slot(p, sq_slots_of_chunk(&p->x->slots, (uint64_t)sq_col_i64(&q, 0)));
        pthread_rwlock_unlock(&p->x->slots_lock);
    }
    sq_end(&q);
    buf_release(&match);
    return rc == 0;
}

static void sort_by_df(SqQuery *p, SqWordSet *set)
{
    for (size_t i = 0; i < set->n; i++)
        set->items[i].tf = kindex_df(p->x->k, set->items[i].text);
    /* Insertion into the first PREFIX_RANKED places: the rest need no order. */
    for (size_t i = 1; i < set->n; i++) {
        KindexTerm t = set->items[i];
        size_t at = i < PREFIX_RANKED ? i : PREFIX_RANKED;
        if (i >= PREFIX_RANKED && set->items[PREFIX_RANKED - 1].tf >= t.tf)
            continue;
        if (i >= PREFIX_RANKED) {
            set->items[i] = set->items[PREFIX_RANKED - 1];
            at = PREFIX_RANKED - 1;
        }
        for (; at > 0 && set->items[at - 1].tf < t.tf; at--)
            set->items[at] = set->items[at - 1];
        set->items[at] = t;
    }
}

static bool plan_prefix(SqQuery *p, const KwTerm *t, Err *err)
{
    Tokens tokens;
    SqWordSet stems;
    if (!tokens_of(p, t->text, false, &tokens, err))
        return false;
    if (!tokens.n)
        return true;
    if (!sq_words_stems(p->c, p->o->no, tokens.items[tokens.n - 1], p->a, &stems, err))
        return false;
    if (t->required || t->excluded) {
        p->by_id = true;
        if (!mark_begin(p, err))
            return false;
        for (size_t i = 0; i < stems.n; i++)
            kindex_mark(p->x->k, stems.items[i].text, p->mark, p->slots);
        if (!mark_end(p, t->excluded, err))
            return false;
    }
    if (t->excluded)
        return true;
    sort_by_df(p, &stems);
    for (size_t i = 0; i < stems.n && i < PREFIX_RANKED; i++)
        rank_term(p, stems.items[i].text, t->weight, 0);
    return true;
}

static bool plan_words(SqQuery *p, const KwTerm *t, Err *err)
{
    Tokens tokens;
    if (!tokens_of(p, t->text, true, &tokens, err))
        return false;
    if (!tokens.n)
        return true; /* punctuation asks for nothing */
    if (t->required || t->excluded) {
        p->by_id = true;
        if (!mark_begin(p, err))
            return false;
        if (tokens.n == 1)
            kindex_mark(p->x->k, tokens.items[0], p->mark, p->slots);
        else if (!mark_phrase(p, t->text, err))
            return false;
        if (!mark_end(p, t->excluded, err))
            return false;
    }
    for (size_t i = 0; i < tokens.n && !t->excluded; i++)
        rank_term(p, tokens.items[i], t->weight, t->weight);
    return true;
}

static bool plan(SqQuery *p, Err *err)
{
    p->terms = ARENA_NEW_ARRAY(p->a, KindexQueryTerm, KINDEX_QUERY_MAX);
    p->cover = ARENA_NEW_ARRAY(p->a, float, KINDEX_QUERY_MAX);
    if (!p->terms || !p->cover)
        return no_memory(err);
    if (!filter_empty(p->q->filter)
        && !(mark_begin(p, err) && mark_filter(p, err) && mark_end(p, false, err)))
        return false;
    for (size_t i = 0; i < p->q->n_terms; i++) {
        const KwTerm *t = &p->q->terms[i];
        if (!(t->kind == KW_PREFIX ? plan_prefix : plan_words)(p, t, err))
            return false;
    }
    return true;
}

/* ---- the two lists -------------------------------------------------------------------------- */

static bool union_init(SqUnion *u, size_t max, Arena *a, Err *err)
{
    size_t size = 64;
    while (size < max * 2)
        size *= 2;
    *u = (SqUnion){.items = ARENA_NEW_ARRAY(a, Candidate, max), .mask = size - 1,
        .slot_of = ARENA_NEW_ARRAY(a, uint32_t, max), .table = ARENA_NEW_ARRAY(a, uint32_t, size)};
    return (u->items && u->slot_of && u->table) || no_memory(err);
}

Candidate *sq_union_at(SqUnion *u, uint32_t slot)
{
    size_t h = (slot * 0x9E3779B1u >> 7) & u->mask;
    for (; u->table[h]; h = (h + 1) & u->mask)
        if (u->slot_of[u->table[h] - 1] == slot)
            return &u->items[u->table[h] - 1];
    u->slot_of[u->n] = slot;
    u->items[u->n] = (Candidate){.similarity = -2};
    u->table[h] = (uint32_t)++u->n;
    return &u->items[u->n - 1];
}

static bool find_vectors(SqQuery *p, SqUnion *u, Candidates *out, Err *err)
{
    size_t k = p->q->k;
    VindexHit *hits = ARENA_NEW_ARRAY(p->a, VindexHit, k);
    if (!hits)
        return no_memory(err);
    int n = vindex_search(p->x->v, p->q->vector, k, p->allow, p->slots, p->q->mode, hits,
        &out->vec_mean, &out->vec_std, err);
    if (n < 0)
        return false;
    for (int i = 0; i < n; i++) {
        if (hits[i].similarity == 0)
            continue; /* the zero vector of another encoder's passage */
        Candidate *c = sq_union_at(u, hits[i].slot);
        c->similarity = hits[i].similarity;
        c->vector_rank = (uint32_t)++out->n_vector;
    }
    return true;
}

/* BM25 with counts in quarters: tf' = 4 tf and k1' = 4 k1 give the usual score times a constant,
 * (4 k1 + 1) / (k1 + 1), which is taken off again. */
KindexQuery sq_keyword_query(const SqQuery *p, float *scale)
{
    float k1 = p->q->k1 > 0 ? p->q->k1 : DEFAULT_K1;
    float b = p->q->b > 0 ? p->q->b : p->q->b < 0 ? 0 : DEFAULT_B;
    float unit = (float)SQ_TF_UNIT;
    *scale = (k1 + 1) / (k1 * unit + 1);
    return (KindexQuery){p->terms, p->n_terms, k1 * unit, b < 1 ? b : 1};
}

static bool find_keywords(SqQuery *p, SqUnion *u, Candidates *out, Err *err)
{
    size_t k = p->q->k;
    float scale;
    KindexQuery kq = sq_keyword_query(p, &scale);
    KindexStats stats = {0};
    KindexHit *hits = ARENA_NEW_ARRAY(p->a, KindexHit, k);
    if (!hits)
        return no_memory(err);
    int n = kindex_search(p->x->k, &kq, k, p->allow, p->slots, hits, &stats, err);
    if (n < 0)
        return false;
    for (int i = 0; i < n; i++) {
        Candidate *c = sq_union_at(u, hits[i].slot);
        c->keyword = hits[i].score * scale;
        c->keyword_rank = (uint32_t)++out->n_keyword;
    }
    out->kw_mean = stats.mean * scale;
    out->kw_std = stats.stddev * scale;
    out->kw_bound = stats.bound * scale;
    return true;
}

/* Gives what one list found the other side's score. */
static bool complete(SqQuery *p, SqUnion *u, Err *err)
{
    float *score = ARENA_NEW_ARRAY(p->a, float, u->n + 1);
    if (!score)
        return no_memory(err);
    if (p->q->vector && u->n) {
        vindex_similarities(p->x->v, p->q->vector, u->slot_of, u->n, score);
        for (size_t i = 0; i < u->n; i++)
            if (!u->items[i].vector_rank && score[i] != 0)
                u->items[i].similarity = score[i];
    }
    if (p->n_terms && u->n) {
        float scale;
        KindexQuery kq = sq_keyword_query(p, &scale);
        if (!kindex_scores(p->x->k, &kq, u->slot_of, u->n, score, err))
            return false;
        for (size_t i = 0; i < u->n; i++)
            if (!u->items[i].keyword_rank)
                u->items[i].keyword = score[i] * scale;
    }
    return true;
}

/* How much of the query each candidate holds: BM25 with a vanishing k1 counts a word as there or
 * not, so that its score is the sum of weight * idf over the words that are. */
static bool cover(SqQuery *p, SqUnion *u, Candidates *out, Err *err)
{
    float *score = ARENA_NEW_ARRAY(p->a, float, u->n + 1), n = (float)kindex_live(p->x->k);
    KindexQueryTerm *terms = ARENA_NEW_ARRAY(p->a, KindexQueryTerm, p->n_terms + 1);
    size_t known = 0;
    if (!score || !terms)
        return no_memory(err);
    for (size_t i = 0; i < p->n_terms; i++) {
        float df = (float)kindex_df(p->x->k, p->terms[i].text);
        float idf = df < n ? logf(1 + (n - df + 0.5f) / (df + 0.5f)) : logf(1 + 0.5f / (df + 0.5f));
        if (p->cover[i] <= 0)
            continue;
        if (df == 0) {
            out->kw_unknown += p->cover[i];
            continue;
        }
        out->kw_idf += p->cover[i] * idf;
        out->kw_idf_max = idf > out->kw_idf_max ? idf : out->kw_idf_max;
        terms[known++] = (KindexQueryTerm){p->terms[i].text, p->cover[i]};
    }
    KindexQuery kq = {terms, known, 1e-6f, 0};
    if (!known || !u->n)
        return true;
    if (!kindex_scores(p->x->k, &kq, u->slot_of, u->n, score, err))
        return false;
    for (size_t i = 0; i < u->n; i++)
        u->items[i].coverage = score[i] < out->kw_idf ? score[i] / out->kw_idf : 1;
    return true;
}

static bool both_lists(SqQuery *p, SqUnion *u, Candidates *out, Err *err)
{
    if (p->lists)
        return sq_far_lists(p, u, out, err) && sq_far_scores(p, u, out, err)
            && (!p->n_terms || cover(p, u, out, err));
    if (p->q->vector && !find_vectors(p, u, out, err))
        return false;
    return !p->n_terms
        || (find_keywords(p, u, out, err) && complete(p, u, err) && cover(p, u, out, err));
}

static bool search(SqQuery *p, Candidates *out, Err *err)
{
    SqUnion u;
    if (!plan(p, err) || !union_init(&u, 2 * p->q->k, p->a, err) || !both_lists(p, &u, out, err))
        return false;
    out->n_passages = kindex_live(p->x->k);
    out->items = u.items;
    for (size_t i = 0; i < u.n; i++) {
        if (!vindex_is_live(p->x->v, u.slot_of[i]))
            continue; /* deleted while we searched */
        Candidate c = u.items[i];
        c.chunk_no = vindex_id(p->x->v, u.slot_of[i]);
        c.doc_no = vindex_doc(p->x->v, u.slot_of[i]);
        out->items[out->n++] = c;
    }
    return true;
}

bool sq_candidates(Store *store, const Uuid *owner, const CandidateQuery *q, Arena *a,
    Candidates *out, Err *err)
{
    size_t none;
    return sq_candidates_from(store, owner, q, a, NULL, NULL, &none, out, err);
}

bool sq_candidates_from(Store *store, const Uuid *owner, const CandidateQuery *q, Arena *a,
    SqListsFn lists, void *arg, size_t *unknown, Candidates *out, Err *err)
{
    *unknown = 0;
    Sqlite *s = sq_of(store);
    SqQuery p = {.s = s, .a = a, .q = q, .lists = lists, .lists_arg = arg};
    Candidates found = {0};
    bool empty;
    p.x = sq_index_hold(s, owner, &p.o, &empty, err);
    if (empty)
        *out = found;
    if (!p.x)
        return empty;
    unsigned ticket = vindex_enter(p.x->v);
    uint32_t vs = vindex_slots(p.x->v), ks = kindex_slots(p.x->k);
    p.slots = vs > ks ? vs : ks;
    p.c = sq_read_begin(s, err);
    bool ok = p.c && search(&p, &found, err);
    if (p.c)
        sq_read_end(s, p.c);
    vindex_leave(p.x->v, ticket);
    sq_index_trim(p.x);
    sq_index_give(p.x);
    *unknown = p.unknown;
    if (ok)
        *out = found;
    return ok;
}
