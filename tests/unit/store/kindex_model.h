/* kindex_model.h - what the keyword index must agree with: chunks as plain arrays of words, and
 * BM25 over all of them in double. Words follow Zipf's law roughly, so that there are words in
 * nearly every chunk and words in one. */
#ifndef SOTTO_TESTS_KINDEX_MODEL_H
#define SOTTO_TESTS_KINDEX_MODEL_H

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "store/kindex.h"

#define MODEL_WORDS 3000
#define MODEL_TERMS 40

typedef struct {
    bool live;
    uint32_t n, length;
    uint16_t word[MODEL_TERMS];
    uint32_t tf[MODEL_TERMS];
} ModelChunk;

typedef struct {
    ModelChunk *chunks;
    uint32_t cap, live;
    char word[MODEL_WORDS][12];
} Model;

static inline uint32_t model_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

static inline Model *model_new(uint32_t cap)
{
    Model *m = mem_zalloc(sizeof *m);
    m->chunks = mem_array(cap, sizeof *m->chunks);
    m->cap = cap;
    for (uint32_t w = 0; w < MODEL_WORDS; w++)
        snprintf(m->word[w], sizeof m->word[w], "w%x", w * 2654435761u % 16777216u);
    return m;
}

static inline void model_free(Model *m)
{
    mem_free(m->chunks);
    mem_free(m);
}

static Spill *model_spill; /* where indexes lie; NULL: the heap */

static inline Kindex *model_kindex(Model *m, const char *path)
{
    Err err = ERR_INIT;
    Kindex *k = kindex_create_on(path, model_spill, &err);
    if (!k)
        fail_msg("%s", err.msg);
    (void)m;
    return k;
}

static inline uint16_t model_word(uint64_t *random)
{
    double u = ((double)model_random(random) + 1.0) / 2147483649.0;
    return (uint16_t)(pow((double)MODEL_WORDS, u) - 1.0);
}

/* A chunk for `slot`; true when the index took it (or had no memory, and then nothing changed). */
static inline bool model_try_add(Model *m, Kindex *k, uint32_t slot, uint64_t id, uint64_t *random,
    Err *err)
{
    ModelChunk c = {.live = true, .n = 0};
    KindexTerm terms[MODEL_TERMS];
    uint32_t want = 1 + model_random(random) % MODEL_TERMS;
    for (uint32_t i = 0; i < want; i++) {
        uint16_t w = model_word(random);
        uint32_t j = 0;
        while (j < c.n && c.word[j] != w)
            j++;
        if (j == c.n) {
            c.word[c.n] = w;
            c.tf[c.n++] = 0;
        }
        c.tf[j] += model_random(random) % 50 == 0 ? 300 : 1;
        c.length += 1;
    }
    c.length += model_random(random) % 100;
    for (uint32_t i = 0; i < c.n; i++)
        terms[i] = (KindexTerm){str_of(m->word[c.word[i]]), c.tf[i]};
    if (!kindex_add(k, slot, id, terms, c.n, c.length, err)) {
        assert_int_equal(err->code, ERR_NO_MEMORY);
        return false;
    }
    m->chunks[slot] = c;
    m->live++;
    return true;
}

/* Fills up to n empty slots: the low ones first half the time, else in order of slots. */
static inline void model_add_some(Model *m, Kindex *k, uint32_t n, uint64_t *random)
{
    uint32_t start = model_random(random) % 2 ? 0 : model_random(random) % m->cap;
    for (uint32_t i = 0; i < m->cap && n > 0; i++) {
        uint32_t slot = (start + i) % m->cap;
        Err err = ERR_INIT;
        if (!m->chunks[slot].live) {
            assert_true(model_try_add(m, k, slot, slot + 1000000, random, &err));
            n--;
        }
    }
}

static inline void model_delete_some(Model *m, Kindex *k, uint32_t n, uint64_t *random)
{
    uint32_t start = model_random(random) % m->cap, step = 1 + model_random(random) % 3;
    for (uint32_t i = 0; i < m->cap && n > 0; i++) {
        uint32_t slot = (start + i * step) % m->cap;
        if (m->chunks[slot].live) {
            kindex_delete(k, slot);
            m->chunks[slot].live = false;
            m->live--;
            n--;
        }
    }
}

static inline uint32_t model_df(const Model *m, uint16_t word)
{
    uint32_t df = 0;
    for (uint32_t s = 0; s < m->cap; s++)
        for (uint32_t i = 0; m->chunks[s].live && i < m->chunks[s].n; i++)
            df += m->chunks[s].word[i] == word;
    return df;
}

static inline void model_check_counts(Model *m, Kindex *k)
{
    uint64_t length = 0;
    static uint32_t df[MODEL_WORDS];
    memset(df, 0, sizeof df);
    for (uint32_t s = 0; s < m->cap; s++) {
        assert_true((kindex_id(k, s) != UINT64_MAX) == m->chunks[s].live);
        for (uint32_t i = 0; m->chunks[s].live && i < m->chunks[s].n; i++)
            df[m->chunks[s].word[i]]++;
        length += m->chunks[s].live ? m->chunks[s].length : 0;
    }
    assert_int_equal(kindex_live(k), m->live);
    for (uint32_t w = 0; w < MODEL_WORDS; w++)
        assert_int_equal(kindex_df(k, str_of(m->word[w])), df[w]);
    double average = m->live ? (double)length / m->live : 0.0;
    assert_true(fabs(kindex_average_length(k) - average) < 1e-9 * (1.0 + average));
}

static inline KindexQuery model_query(Model *m, KindexQueryTerm *terms, size_t most,
    uint64_t *random)
{
    size_t n = 1 + model_random(random) % most;
    for (size_t i = 0; i < n; i++) {
        bool known = model_random(random) % 12 != 0;
        terms[i].text = known ? str_of(m->word[model_word(random)]) : STR("nowhere");
        terms[i].weight = model_random(random) % 4 ? 1.0f : 0.3f;
    }
    return (KindexQuery){terms, n, model_random(random) % 2 ? 1.2f : 2.0f,
        model_random(random) % 3 ? 0.75f : 0.0f};
}

static inline void model_scores(Model *m, const KindexQuery *q, double *out)
{
    double total = 0.0;
    for (uint32_t s = 0; s < m->cap; s++) {
        total += m->chunks[s].live ? m->chunks[s].length : 0;
        out[s] = 0.0;
    }
    for (size_t t = 0; t < q->n; t++) {
        uint32_t w = 0;
        while (w < MODEL_WORDS && !str_eq(q->terms[t].text, str_of(m->word[w])))
            w++;
        if (w == MODEL_WORDS)
            continue;
        double df = model_df(m, (uint16_t)w), k1 = (double)q->k1, b = (double)q->b;
        double idf = log(1.0 + (m->live - df + 0.5) / (df + 0.5));
        for (uint32_t s = 0; s < m->cap; s++) {
            const ModelChunk *c = &m->chunks[s];
            for (uint32_t i = 0; c->live && i < c->n; i++)
                if (c->word[i] == w)
                    out[s] += (double)q->terms[t].weight * idf * c->tf[i] * (k1 + 1.0) /
                              (c->tf[i] + k1 * (1.0 - b + b * c->length / (total / m->live)));
        }
    }
}

/* One random query, half the time filtered: the hits must be the best, with their true scores. */
static inline void model_check_query(Model *m, Kindex *k, uint64_t *random)
{
    KindexQueryTerm terms[8];
    KindexQuery q = model_query(m, terms, 8, random);
    double *want = mem_array(m->cap, sizeof *want);
    model_scores(m, &q, want);
    uint32_t nbits = model_random(random) % 3 ? m->cap : m->cap / 2;
    uint64_t *allow = mem_array(m->cap / 64 + 1, 8);
    bool filtered = model_random(random) % 2;
    uint32_t sparse = model_random(random) % 4 ? 3 : 500;
    for (uint32_t s = 0; s < m->cap; s++)
        allow[s / 64] |= (uint64_t)(model_random(random) % sparse == 0) << (s % 64);
    size_t topk = 1 + model_random(random) % 60, possible = 0;
    KindexHit hits[60];
    KindexStats stats;
    Err err = ERR_INIT;
    int n = kindex_search(k, &q, topk, filtered ? allow : NULL, nbits, hits, &stats, &err);
    double sum = 0.0;
    for (int h = 0; h < n; h++) {
        double score = want[hits[h].slot];
        assert_true(fabs((double)hits[h].score - score) <= 1e-6 * score && score > 0.0);
        assert_true(score <= (double)stats.bound * 1.000001);
        if (h > 0)
            assert_true(hits[h - 1].score > hits[h].score || (hits[h - 1].score == hits[h].score &&
                                                                 hits[h - 1].slot < hits[h].slot));
        sum += (double)hits[h].score;
    }
    double worst = n > 0 ? (double)hits[n - 1].score : 0.0;
    size_t better = 0;
    for (uint32_t s = 0; s < m->cap; s++) {
        bool ok = !filtered || (s < nbits && allow[s / 64] >> (s % 64) & 1);
        if (ok && want[s] > 0.0) {
            possible++;
            better += want[s] > worst * 1.000001;
        }
    }
    assert_int_equal(n, possible < topk ? possible : topk);
    assert_true(better < topk || n == 0); /* nothing that is better than the last is missing */
    if (n > 0)
        assert_true(fabs((double)stats.mean - sum / n) < 1e-4 * (1.0 + sum));
    uint32_t slots[8];
    float scores[8];
    for (int i = 0; i < 8; i++)
        slots[i] = model_random(random) % m->cap;
    assert_true(kindex_scores(k, &q, slots, 8, scores, &err));
    for (int i = 0; i < 8; i++)
        assert_true(fabs((double)scores[i] - want[slots[i]]) <= 1e-6 * want[slots[i]]);
    mem_free(allow);
    mem_free(want);
}

#endif
