/* kindex_terms.c - the vocabulary: a hash table from text to term number, and chains of the terms
 * that begin with the same two bytes, for prefixes. A term stays when its last posting goes. */
#include <stdlib.h>

#include "store/kindex_int.h"

/* Multiply and fold, with a seed of the file's own: texts come from strangers. */
static uint64_t fold(uint64_t a, uint64_t b)
{
    unsigned __int128 m = (unsigned __int128)a * b;
    return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static uint64_t hash_of(const Kindex *k, Str text)
{
    uint64_t h = k->seed, word;
    const char *p = text.ptr;
    size_t n = text.len;
    for (; n >= 8; n -= 8, p += 8) {
        memcpy(&word, p, 8);
        h = fold(h ^ word, 0x9e3779b97f4a7c15u);
    }
    word = 0;
    if (n)
        memcpy(&word, p, n);
    return fold(h ^ word ^ (uint64_t)text.len << 56, 0xd6e8feb86659fd93u);
}

static uint32_t bucket_of(Str text)
{
    uint32_t a = (uint8_t)text.ptr[0], b = text.len > 1 ? (uint8_t)text.ptr[1] : 0;
    return (a * 251 + b) % KX_BUCKETS;
}

static Str cut(Str text)
{
    return text.len > KINDEX_TERM_MAX ? str_mem(text.ptr, KINDEX_TERM_MAX) : text;
}

/* Where the term stands in the table, or the empty place where it would. */
static uint32_t place_of(const Kindex *k, Str text)
{
    uint32_t mask = k->hash_cap - 1, at = (uint32_t)hash_of(k, text) & mask;
    while (k->hash[at] && !str_eq(kx_text(k, &k->terms[k->hash[at] - 1]), text))
        at = (at + 1) & mask;
    return at;
}

uint32_t kx_term_find(const Kindex *k, Str text)
{
    if (k->hash_cap == 0 || text.len == 0)
        return KX_NONE;
    uint32_t entry = k->hash[place_of(k, cut(text))];
    return entry ? entry - 1 : KX_NONE;
}

static uint32_t *zeroed(const Kindex *k, size_t n)
{
    return k->pool.spill ? spill_resize(k->pool.spill, NULL, n, 4) : mem_array(n, 4);
}

static bool grow_hash(Kindex *k)
{
    uint32_t cap = k->hash_cap ? k->hash_cap * 2 : 1024, *old = k->hash;
    uint32_t *hash = zeroed(k, cap);
    if (!hash)
        return false;
    k->hash = hash;
    k->hash_cap = cap;
    for (uint32_t i = 0; i < k->n_terms; i++)
        hash[place_of(k, kx_text(k, &k->terms[i]))] = i + 1;
    kx_drop(k, old);
    return true;
}

static bool grow_terms(Kindex *k, size_t text_len)
{
    if (k->n_terms == k->cap_terms) {
        uint32_t cap = k->cap_terms ? k->cap_terms + k->cap_terms / 2 : 512;
        KxTerm *terms = kx_resize(k, k->terms, cap, sizeof *terms);
        if (!terms)
            return false;
        k->terms = terms;
        k->cap_terms = cap;
    }
    if (k->texts_cap - k->texts_len < text_len + 1) {
        uint64_t cap = (uint64_t)k->texts_cap + k->texts_cap / 2 + 8192;
        uint8_t *texts = cap <= UINT32_MAX ? kx_resize(k, k->texts, cap, 1) : NULL;
        if (!texts)
            return false;
        k->texts = texts;
        k->texts_cap = (uint32_t)cap;
    }
    return (uint64_t)k->n_terms * 8 < (uint64_t)k->hash_cap * 5 || grow_hash(k);
}

uint32_t kx_term_make(Kindex *k, Str text)
{
    text = cut(text);
    uint32_t found = kx_term_find(k, text);
    if (found != KX_NONE)
        return found;
    if (k->n_terms == UINT32_MAX - 1 || !grow_terms(k, text.len))
        return KX_NONE;
    uint32_t b = bucket_of(text);
    k->terms[k->n_terms] = (KxTerm){.text = k->texts_len, .next = k->bucket[b]};
    k->texts[k->texts_len] = (uint8_t)text.len;
    memcpy(k->texts + k->texts_len + 1, text.ptr, text.len);
    k->texts_len += (uint32_t)text.len + 1;
    k->bucket[b] = k->n_terms;
    k->hash[place_of(k, text)] = k->n_terms + 1;
    return k->n_terms++;
}

/* ---- prefixes ----------------------------------------------------------------------------- */

typedef struct {
    const Kindex *k;
    Str prefix;
    uint32_t *found; /* a heap of the `max` best, worst on top */
    size_t n, max;
} Expansion;

static bool worse(const Expansion *e, uint32_t a, uint32_t b)
{
    const KxTerm *x = &e->k->terms[a], *y = &e->k->terms[b];
    if (x->df != y->df)
        return x->df < y->df;
    return str_cmp(kx_text(e->k, x), kx_text(e->k, y)) > 0;
}

static void sift_down(Expansion *e, size_t i)
{
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= e->n)
            return;
        if (child + 1 < e->n && worse(e, e->found[child + 1], e->found[child]))
            child++;
        if (!worse(e, e->found[child], e->found[i]))
            return;
        uint32_t swap = e->found[i];
        e->found[i] = e->found[child];
        e->found[child] = swap;
        i = child;
    }
}

static void consider(Expansion *e, uint32_t term)
{
    const KxTerm *t = &e->k->terms[term];
    if (t->df == 0 || !str_starts(kx_text(e->k, t), e->prefix))
        return;
    if (e->n < e->max) {
        size_t i = e->n++;
        for (; i > 0 && worse(e, term, e->found[(i - 1) / 2]); i = (i - 1) / 2)
            e->found[i] = e->found[(i - 1) / 2];
        e->found[i] = term;
    } else if (worse(e, e->found[0], term)) {
        e->found[0] = term;
        sift_down(e, 0);
    }
}

int kindex_expand_prefix(Kindex *k, Str prefix, size_t max,
    bool (*each)(void *ctx, Str term, uint32_t df), void *ctx, Err *err)
{
    Expansion e = {.k = k, .prefix = prefix, .max = max < 65536 ? max : 65536};
    if (e.max == 0 || prefix.len > KINDEX_TERM_MAX)
        return 0;
    e.found = mem_array(e.max, sizeof *e.found);
    if (!e.found) {
        err_set(err, ERR_NO_MEMORY, "no memory to expand a prefix");
        return -1;
    }
    pthread_rwlock_rdlock(&k->lock);
    if (prefix.len >= 2)
        for (uint32_t t = k->bucket[bucket_of(prefix)]; t != KX_NONE; t = k->terms[t].next)
            consider(&e, t);
    else
        for (uint32_t t = 0; t < k->n_terms; t++)
            consider(&e, t);
    size_t total = e.n;
    while (e.n > 1) { /* the worst to the end, again and again: best first */
        uint32_t swap = e.found[0];
        e.found[0] = e.found[--e.n];
        e.found[e.n] = swap;
        sift_down(&e, 0);
    }
    size_t given = 0;
    while (given < total) {
        const KxTerm *t = &k->terms[e.found[given++]];
        if (!each(ctx, kx_text(k, t), t->df))
            break;
    }
    pthread_rwlock_unlock(&k->lock);
    mem_free(e.found);
    return (int)given;
}
