/* fusion.c - features, weight, passages' scores, documents.
 *
 * Two passes over at most two thousand candidates: one for what the lists look like, one for the
 * scores; then a sort by document. Nothing here depends on the candidates' order. */
#include "search/fusion.h"

#include <math.h>
#include <stdlib.h>

#include "search/fusion_weights.h"

/* V = COSINE_SCALE * cosine; K is keyword_part. */
#define COSINE_SCALE 1.5

typedef struct {
    const Candidates *c;
    const FusionQuery *q;
    const float *document_best; /* the best cosine of each document, descending */
    size_t n_documents;
    const Candidate *top_keyword; /* NULL: no word was found */
} Look;

static float known_share(const Candidates *c)
{
    float unknown = c->kw_unknown * logf(1 + ((float)c->n_passages + 0.5f) / 0.5f);
    float all = c->kw_idf + unknown;
    return all > 0 ? c->kw_idf / all : 1;
}

/* Keyword evidence of a passage, 0..1: BM25 against its bound, and which part of the words it
 * holds. Words that occur nowhere count against all alike, so that a query of unknown words leans
 * the other way. */
static double keyword_part(const Candidates *c, const Candidate *x)
{
    if (c->kw_bound <= 0 || x->keyword <= 0)
        return 0;
    double coverage = c->kw_idf > 0 ? x->coverage : 1; /* only prefixes were asked for */
    return (0.5 * (double)(x->keyword / c->kw_bound) + 0.5 * coverage) * known_share(c);
}

static int by_chunk(const Candidate *x, const Candidate *y)
{
    return x->chunk_no < y->chunk_no ? -1 : x->chunk_no > y->chunk_no;
}

static const Candidate *find_top_keyword(const Candidates *c)
{
    const Candidate *top = NULL;
    for (size_t i = 0; i < c->n; i++) {
        const Candidate *x = &c->items[i];
        if (x->keyword > 0 && (!top || x->keyword > top->keyword ||
                               (x->keyword == top->keyword && by_chunk(x, top) < 0)))
            top = x;
    }
    return top;
}

/* ---- the weight ---------------------------------------------------------------------------------
 */

typedef struct {
    uint64_t doc_no;
    float similarity;
} DocBest;

static int by_document(const void *x, const void *y)
{
    const DocBest *a = x, *b = y;
    if (a->doc_no != b->doc_no)
        return a->doc_no < b->doc_no ? -1 : 1;
    return a->similarity > b->similarity ? -1 : a->similarity < b->similarity;
}

static int descending(const void *x, const void *y)
{
    float a = *(const float *)x, b = *(const float *)y;
    return a > b ? -1 : a < b;
}

static bool best_of_documents(const Candidates *c, Arena *a, float **out, size_t *n)
{
    DocBest *all = ARENA_NEW_ARRAY(a, DocBest, c->n + 1);
    float *best = ARENA_NEW_ARRAY(a, float, c->n + 1);
    size_t count = 0;
    if (!all || !best)
        return false;
    for (size_t i = 0; i < c->n; i++)
        all[i] = (DocBest){c->items[i].doc_no, c->items[i].similarity};
    qsort(all, c->n, sizeof *all, by_document);
    for (size_t i = 0; i < c->n; i++)
        if (!i || all[i].doc_no != all[i - 1].doc_no)
            best[count++] = all[i].similarity;
    qsort(best, count, sizeof *best, descending);
    *out = best;
    *n = count;
    return true;
}

/* docs/SEARCH.md says what each is for; the order is that of fusion_weights. Each is roughly within
 * -1..1. */
static void look(const Look *l, float f[FUSION_FEATURES])
{
    const Candidates *c = l->c;
    const Candidate *k = l->top_keyword;
    float best = l->document_best[0];
    float tenth = l->document_best[l->n_documents > 9 ? 9 : l->n_documents - 1];
    float spread = c->vec_std > 1e-6f ? c->vec_std : 1e-6f;
    float words = l->q->words > 1 ? l->q->words : 1, n = logf((float)(c->n_passages + 1));
    float fragments = l->q->pieces > words ? logf(l->q->pieces / words) : 0;
    float coverage = k ? k->coverage : 0;
    f[FEATURE_ONE] = 1;
    f[FEATURE_GAP] = (best - tenth) / spread / 2 - 0.7f;
    f[FEATURE_TOP] = 4 * best - 2.4f;
    f[FEATURE_FRAGMENTS] = fragments - 0.3f;
    f[FEATURE_COVERAGE] = coverage - 0.8f;
    f[FEATURE_MEAN] = 10 * c->vec_mean - 1.5f;
    f[FEATURE_EVIDENCE] = tanhf((coverage * c->kw_idf - n) / 8) - 0.5f;
    f[FEATURE_SIZE] = n - 7.5f;
    f[FEATURE_AGREE] = 4 * (k ? k->similarity : 0) - 2;
    f[FEATURE_STOP] = 1 - l->q->kept / words - 0.4f;
    for (size_t i = 0; i < FUSION_FEATURES; i++)
        f[i] = f[i] > 3 ? 3 : f[i] < -3 ? -3 : f[i]; /* beyond what the weights were found on */
}

static double weigh(const float f[FUSION_FEATURES])
{
    double s = 0;
    for (size_t i = 0; i < FUSION_FEATURES; i++)
        s += (double)fusion_weights[i] * (double)f[i];
    return 1 / (1 + exp(-s));
}

static bool find_weight(const Candidates *c, const FusionQuery *q, Arena *a, Fused *out, Err *err)
{
    Look l = {.c = c, .q = q, .top_keyword = find_top_keyword(c)};
    float *best;
    out->weight_vector = q->mode == SEARCH_KEYWORD ? 0 : 1;
    if (q->mode != SEARCH_HYBRID || !c->n || !l.top_keyword)
        return true;
    if (!best_of_documents(c, a, &best, &l.n_documents))
        return err_set(err, ERR_NO_MEMORY, "joining the two lists: out of memory");
    l.document_best = best;
    look(&l, out->features);
    out->weight_vector = weigh(out->features);
    return true;
}

/* ---- passages -----------------------------------------------------------------------------------
 */

static bool passes(const Candidates *c, const FusionQuery *q, const Candidate *x)
{
    bool near = (double)x->similarity >= q->threshold;
    if (q->mode == SEARCH_KEYWORD)
        return x->keyword_rank > 0;
    if (q->mode == SEARCH_SEMANTIC)
        return x->vector_rank > 0 && near;
    float coverage = c->kw_idf > 0 ? x->coverage : 1; /* 1: only prefixes were asked for */
    bool strong = x->keyword_rank > 0 && x->keyword_rank <= FUSION_STRONG_RANK &&
                  coverage >= FUSION_STRONG_COVERAGE;
    return near || strong;
}

/* 0..1 in every mode: hybrid is scaled by the most that its weight allows. */
static float passage_score(const Candidates *c, const FusionQuery *q, double w, const Candidate *x)
{
    double s, cosine = x->similarity < -1 ? 0 : (double)x->similarity; /* -2: it has no vector */
    if (q->mode == SEARCH_KEYWORD)
        s = c->kw_bound > 0 ? (double)(x->keyword / c->kw_bound) : 0;
    else if (q->mode == SEARCH_SEMANTIC)
        s = cosine;
    else
        s = (w * COSINE_SCALE * cosine + (1 - w) * keyword_part(c, x)) /
            (w * COSINE_SCALE + (1 - w));
    return (float)s;
}

/* ---- documents ----------------------------------------------------------------------------------
 */

typedef struct {
    uint64_t doc_no, chunk_no;
    float score;
    uint32_t item;
} Ranked;

static int by_document_and_score(const void *x, const void *y)
{
    const Ranked *a = x, *b = y;
    if (a->doc_no != b->doc_no)
        return a->doc_no < b->doc_no ? -1 : 1;
    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    return a->chunk_no < b->chunk_no ? -1 : a->chunk_no > b->chunk_no;
}

static int by_score(const void *x, const void *y)
{
    const FusedDoc *a = x, *b = y;
    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    return a->doc_no < b->doc_no ? -1 : a->doc_no > b->doc_no;
}

static float clamp(float s)
{
    return s < 0 ? 0 : s > 1 ? 1 : s;
}

/* ranked[0..n) is grouped by document, best passage first, whose score is the document's: a share
 * of the second best (0.05 to 0.8 were tried) only favours long documents, by 2 % to 40 % of nDCG.
 */
static size_t group(const Ranked *ranked, size_t n, size_t max_passages, uint32_t *items,
                    FusedDoc *docs)
{
    size_t count = 0;
    for (size_t i = 0, next; i < n; i = next) {
        for (next = i; next < n && ranked[next].doc_no == ranked[i].doc_no; next++)
            items[next] = ranked[next].item;
        docs[count++] = (FusedDoc){ranked[i].doc_no, ranked[i].score, items + i,
                                   next - i < max_passages ? next - i : max_passages};
    }
    return count;
}

bool fusion_run(const Candidates *c, const FusionQuery *q, Arena *a, Fused *out, Err *err)
{
    Fused r = {0};
    Ranked *ranked = ARENA_NEW_ARRAY(a, Ranked, c->n + 1);
    uint32_t *items = ARENA_NEW_ARRAY(a, uint32_t, c->n + 1);
    size_t n = 0;
    r.docs = ARENA_NEW_ARRAY(a, FusedDoc, c->n + 1);
    r.fused = ARENA_NEW_ARRAY(a, float, c->n + 1);
    if (!ranked || !items || !r.docs || !r.fused)
        return err_set(err, ERR_NO_MEMORY, "joining the two lists: out of memory");
    if (!find_weight(c, q, a, &r, err))
        return false;
    for (size_t i = 0; i < c->n; i++) {
        const Candidate *x = &c->items[i];
        float score = passage_score(c, q, r.weight_vector, x);
        r.fused[i] = clamp(score);
        if (passes(c, q, x))
            ranked[n++] = (Ranked){x->doc_no, x->chunk_no, score, (uint32_t)i};
    }
    qsort(ranked, n, sizeof *ranked, by_document_and_score);
    r.n = group(ranked, n, q->max_passages, items, r.docs);
    qsort(r.docs, r.n, sizeof *r.docs, by_score);
    for (size_t i = 0; i < r.n; i++)
        r.docs[i].score = clamp(r.docs[i].score);
    *out = r;
    return true;
}
