/* kindex_search.c - exact BM25 top-k.
 *
 * Slots are taken in windows of 4096, so that the sums of a window stay in the first-level cache.
 * In a window each term has an upper bound, from the largest tf and the shortest length of its
 * blocks there. Terms are sorted by it; from the low end, terms whose bounds together cannot lift a
 * slot over the k-th best score so far are "light" (MaxScore). Heavy terms are added up posting by
 * posting; light ones are only looked up for the slots that can still get there. Common words are
 * light as soon as k documents with rarer words have been seen, and that is what makes a question
 * with "the" and "of" in it cheap. A window whose bounds together stay below is passed over.
 *
 * Sums are floats in whatever order; the winners, and some more, are scored again term by term in
 * the query's order in double, so that a score does not depend on how it was found. */
#include <stdlib.h>

#include "store/kindex_int.h"
#include "store/topk.h"

#define WINDOW 4096u
#define AHEAD 8u /* blocks that are asked for before they are needed */

typedef struct {
    const KxTerm *t;
    const KxBlock *blocks;
    uint32_t n_blocks;   /* 1 for a single posting too, see `single` */
    KxBlock single;
    double weight;       /* query weight * idf * (k1 + 1) */
    /* In the window: */
    uint32_t from, to;   /* its blocks that reach into it */
    uint32_t postings;   /* in those */
    float bound;
} List;

typedef struct {
    const Kindex *k;
    double c0, c1;       /* tf saturates at c0 + c1 * length */
    List lists[KINDEX_QUERY_MAX];
    size_t n;
    List *window[KINDEX_QUERY_MAX]; /* present in the window, best bound first */
    size_t n_window;
    float sum[WINDOW];
    uint32_t candidate[WINDOW];
    const uint64_t *allow;
    size_t allow_slots;
} Search;

static float impact(const Search *s, double weight, uint32_t tf, uint32_t len)
{
    float t = (float)tf;
    return (float)weight * t / (t + ((float)s->c0 + (float)s->c1 * (float)len));
}

static bool prepare(Search *s, Kindex *k, const KindexQuery *q, KindexStats *stats, Err *err)
{
    if (q->n > KINDEX_QUERY_MAX)
        return err_set(err, ERR_VALIDATION, "a search takes at most %u words, not %zu",
            KINDEX_QUERY_MAX, q->n);
    if (!(q->k1 > 0.0f) || !(q->k1 < 1e6f) || !(q->b >= 0.0f && q->b <= 1.0f))
        return err_set(err, ERR_VALIDATION, "BM25 needs k1 above 0 and b from 0 to 1");
    s->k = k;
    s->n = 0;
    double average = k->live ? (double)k->total_len / k->live : 1.0, k1 = (double)q->k1;
    s->c0 = k1 * (1.0 - (double)q->b);
    s->c1 = average > 0.0 ? k1 * (double)q->b / average : 0.0;
    double bound = 0.0;
    for (size_t i = 0; i < q->n; i++) {
        if (!(q->terms[i].weight > 0.0f) || !(q->terms[i].weight < 1e9f))
            return err_set(err, ERR_VALIDATION, "a word's weight must be above 0");
        uint32_t number = kx_term_find(k, q->terms[i].text);
        const KxTerm *t = number == KX_NONE ? NULL : &k->terms[number];
        if (!t || t->df == 0)
            continue;
        double idf = log(1.0 + ((double)k->live - t->df + 0.5) / (t->df + 0.5));
        double weight = (double)q->terms[i].weight * idf * (k1 + 1.0);
        bound += weight;
        size_t j = 0;
        while (j < s->n && s->lists[j].t != t)
            j++;
        if (j == s->n)
            s->lists[s->n++] = (List){.t = t, .blocks = kx_blocks(k, t), .n_blocks = t->blocks};
        s->lists[j].weight += weight;
    }
    if (stats)
        *stats = (KindexStats){.bound = (float)bound, .terms_found = (uint32_t)s->n};
    return true;
}

static double exact_score(const Search *s, uint32_t slot, uint32_t *hints)
{
    double score = 0.0;
    for (size_t i = 0; i < s->n; i++) {
        uint32_t tf = kx_find(s->k, s->lists[i].t, slot, &hints[i]);
        if (tf)
            score += s->lists[i].weight * tf / (tf + s->c0 + s->c1 * s->k->len[slot]);
    }
    return score;
}

/* Finds the term's blocks in the window that begins at `base`, and its bound there. */
static bool enter_window(const Search *s, List *l, uint32_t base)
{
    if (l->n_blocks == 0) {
        if (l->t->d.first - base >= WINDOW)
            return false;
        l->bound = impact(s, l->weight, l->t->d.ref, s->k->len[l->t->d.first]);
        l->postings = 1;
        return true;
    }
    uint32_t at = l->from;
    while (at + 1 < l->n_blocks && l->blocks[at + 1].first <= base)
        at++;
    l->from = at;
    uint32_t tf = 0, len = UINT32_MAX;
    l->postings = 0;
    for (; at < l->n_blocks && l->blocks[at].first < base + WINDOW; at++) {
        const KxBlock *b = &l->blocks[at];
        tf = b->max_tf > tf ? b->max_tf : tf;
        len = b->min_len < len ? b->min_len : len;
        l->postings += b->n;
    }
    l->to = at;
    if (l->postings == 0)
        return false;
    /* a tf of 65535 stands for any above it; the factor covers what rounding a sum may add */
    l->bound = tf == UINT16_MAX ? (float)l->weight : impact(s, l->weight, tf, len);
    l->bound *= 1.00001f;
    return true;
}

static int by_bound(const void *a, const void *b)
{
    float x = (*(List *const *)a)->bound, y = (*(List *const *)b)->bound;
    return x > y ? -1 : x < y;
}

static inline void add_posting(Search *s, const List *l, uint32_t base, uint32_t slot, uint32_t tf)
{
    if (slot - base < WINDOW)
        s->sum[slot - base] += impact(s, l->weight, tf, s->k->len[slot]);
}

static void add_block(Search *s, const List *l, const KxBlock *b, uint32_t base)
{
    const uint8_t *data = kx_ptr(&s->k->pool, b->ref), *tfs = kx_tfs(b, data);
    if (b->tw == 1 && b->ow == 1) {
        for (uint32_t i = 0; i < b->n; i++)
            add_posting(s, l, base, b->first + data[i], tfs[i]);
    } else if (b->tw == 1 && b->ow == 2) {
        for (uint32_t i = 0; i < b->n; i++)
            add_posting(s, l, base, b->first + kx_get(data, 2, i), tfs[i]);
    } else {
        for (uint32_t i = 0; i < b->n; i++)
            add_posting(s, l, base, b->first + kx_get(data, b->ow, i), kx_get(tfs, b->tw, i));
    }
}

/* Blocks lie anywhere in the pool, so the processor cannot guess the next one: a search whose lists
 * have left the caches would wait for memory at every one of them. */
static inline void prefetch_block(const Search *s, const KxBlock *b)
{
    const uint8_t *data = kx_ptr(&s->k->pool, b->ref);
    for (uint32_t at = 0, end = (uint32_t)b->cap * (b->ow + b->tw); at < end; at += 64)
        __builtin_prefetch(data + at);
}

static void add_list(Search *s, const List *l, uint32_t base)
{
    if (l->n_blocks == 0)
        add_posting(s, l, base, l->t->d.first, l->t->d.ref);
    for (uint32_t at = l->from; l->n_blocks && at < l->to; at++) {
        if (at + AHEAD < l->n_blocks)
            prefetch_block(s, &l->blocks[at + AHEAD]);
        add_block(s, l, &l->blocks[at], base);
    }
}

static bool allowed(const Search *s, uint32_t slot)
{
    return !s->allow || (slot < s->allow_slots && s->allow[slot / 64] >> (slot % 64) & 1);
}

static bool window_allowed(const Search *s, uint32_t base)
{
    if (!s->allow)
        return true;
    for (uint32_t slot = base; slot < base + WINDOW && slot < s->allow_slots; slot += 64)
        if (s->allow[slot / 64])
            return true;
    return false;
}

/* One light list for the candidates that it, with those still to come (`rest`), can lift over the
 * threshold; the others are dropped. */
static size_t look_up(Search *s, const List *l, uint32_t base, size_t n, float rest,
    float threshold)
{
    size_t kept = 0;
    uint32_t hint = l->from;
    for (size_t i = 0; i < n; i++) {
        uint32_t c = s->candidate[i];
        if (s->sum[c] + rest <= threshold)
            continue;
        uint32_t tf = kx_find(s->k, l->t, base + c, &hint);
        if (tf)
            s->sum[c] += impact(s, l->weight, tf, s->k->len[base + c]);
        s->candidate[kept++] = c;
    }
    return kept;
}

static void search_window(Search *s, uint32_t base, TopK *best)
{
    s->n_window = 0;
    float all = 0.0f, threshold = best->threshold;
    for (size_t i = 0; i < s->n; i++) {
        if (enter_window(s, &s->lists[i], base)) {
            s->window[s->n_window++] = &s->lists[i];
            all += s->lists[i].bound;
        }
    }
    if (s->n_window == 0 || all <= threshold)
        return;
    qsort(s->window, s->n_window, sizeof *s->window, by_bound);
    size_t heavy = s->n_window;
    float light = 0.0f; /* what the light lists can add together */
    while (heavy > 1 && light + s->window[heavy - 1]->bound <= threshold)
        light += s->window[--heavy]->bound;
    uint32_t end = s->k->slots - base < WINDOW ? s->k->slots - base : WINDOW;
    memset(s->sum, 0, end * sizeof *s->sum);
    for (size_t i = 0; i < heavy; i++)
        add_list(s, s->window[i], base);
    size_t n = 0;
    float least = threshold - light > 0.0f ? threshold - light : 0.0f;
    for (uint32_t c = 0; c < end; c++) {
        s->candidate[n] = c;
        n += s->sum[c] > least;
    }
    if (s->allow) {
        size_t kept = 0;
        for (size_t i = 0; i < n; i++)
            if (allowed(s, base + s->candidate[i]))
                s->candidate[kept++] = s->candidate[i];
        n = kept;
    }
    for (size_t i = heavy; i < s->n_window && n > 0; i++) {
        List *l = s->window[i];
        if (n * 8 > l->postings) /* so many that adding the whole list is cheaper */
            add_list(s, l, base);
        else
            n = look_up(s, l, base, n, light, threshold);
        light -= l->bound;
    }
    for (size_t i = 0; i < n; i++) {
        uint32_t c = s->candidate[i];
        if (s->sum[c] > best->threshold)
            topk_add(best, base + c, s->sum[c]);
    }
}

static void moments(const KindexHit *hits, size_t n, KindexStats *stats)
{
    double sum = 0.0, sum2 = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)hits[i].score;
        sum2 += (double)hits[i].score * (double)hits[i].score;
    }
    double m = n ? sum / (double)n : 0.0, var = n ? sum2 / (double)n - m * m : 0.0;
    stats->mean = (float)m;
    stats->stddev = (float)sqrt(var > 0.0 ? var : 0.0);
}

static int by_slot(const void *a, const void *b)
{
    uint32_t x = ((const TopHit *)a)->slot, y = ((const TopHit *)b)->slot;
    return x < y ? -1 : x > y;
}

/* Scores the best again exactly and sorts them. */
static size_t finish(const Search *s, TopK *best, size_t topk, KindexHit *hits)
{
    uint32_t hints[KINDEX_QUERY_MAX];
    memset(hints, 0, s->n * sizeof *hints);
    topk_shrink(best);
    if (best->n > 1)
        qsort(best->buf, best->n, sizeof *best->buf, by_slot);
    for (size_t i = 0; i < best->n; i++) {
        best->buf[i].score = (float)exact_score(s, best->buf[i].slot, hints);
    }
    topk_sort(best->buf, best->n);
    size_t n = best->n < topk ? best->n : topk;
    for (size_t i = 0; i < n; i++)
        hits[i] = (KindexHit){best->buf[i].slot, best->buf[i].score};
    return n;
}

int kindex_search(Kindex *k, const KindexQuery *query, size_t topk, const uint64_t *allow,
    size_t allow_slots, KindexHit *hits, KindexStats *stats, Err *err)
{
    Search *s = mem_alloc(sizeof *s);
    if (!s) {
        err_set(err, ERR_NO_MEMORY, "no memory for a keyword search");
        return -1;
    }
    s->allow = allow;
    s->allow_slots = allow_slots;
    int found = -1;
    TopK best = {0};
    pthread_rwlock_rdlock(&k->lock);
    size_t most = topk < k->live ? topk : k->live;
    /* a few more than asked for, so that rounding in the sums decides nothing */
    if (prepare(s, k, query, stats, err) && topk_init(&best, most + 16, err)) {
        if (most > 0)
            for (uint32_t base = 0; base < k->slots; base += WINDOW)
                if (window_allowed(s, base))
                    search_window(s, base, &best);
        found = (int)finish(s, &best, most, hits);
        if (stats)
            moments(hits, (size_t)found, stats);
    }
    pthread_rwlock_unlock(&k->lock);
    topk_release(&best);
    mem_free(s);
    return found;
}

bool kindex_scores(Kindex *k, const KindexQuery *query, const uint32_t *slots, size_t n, float *out,
    Err *err)
{
    Search *s = mem_alloc(sizeof *s);
    if (!s)
        return err_set(err, ERR_NO_MEMORY, "no memory for a keyword search");
    pthread_rwlock_rdlock(&k->lock);
    bool ok = prepare(s, k, query, NULL, err);
    for (size_t i = 0; ok && i < n; i++) {
        uint32_t hints[KINDEX_QUERY_MAX];
        memset(hints, 0, s->n * sizeof *hints);
        bool there = slots[i] < k->slots && k->fwd[slots[i]];
        out[i] = there ? (float)exact_score(s, slots[i], hints) : 0.0f;
    }
    pthread_rwlock_unlock(&k->lock);
    mem_free(s);
    return ok;
}
