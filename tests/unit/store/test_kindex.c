/* The keyword index against BM25 computed from scratch over the same chunks: scores, order, counts,
 * after adds, deletes and reused slots; prefixes, marks, limits; searches beside a writer; memory
 * that fails. (The file: test_kindex_file.c.) */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "unit/store/kindex_model.h"

static void test_search_is_bm25_from_scratch(void **state)
{
    (void)state;
    Model *m = model_new(9000);
    Kindex *k = model_kindex(m, NULL);
    uint64_t random = 11;
    for (uint32_t step = 0; step < 7; step++) {
        model_add_some(m, k, 2500, &random);
        model_check_counts(m, k);
        for (int q = 0; q < 40; q++)
            model_check_query(m, k, &random);
        model_delete_some(m, k, step == 3 ? 6000 : 700, &random);
        model_check_counts(m, k);
        for (int q = 0; q < 40; q++)
            model_check_query(m, k, &random);
    }
    while (m->live > 0) /* and down to nothing */
        model_delete_some(m, k, 500, &random);
    model_check_counts(m, k);
    for (int q = 0; q < 5; q++)
        model_check_query(m, k, &random);
    kindex_close(k);
    model_free(m);
}

static void test_widths(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Kindex *k = kindex_create(NULL, &err);
    /* distances of 1, 2 and 4 bytes, tfs of 1, 2 and 4 bytes, put in backwards and out of order */
    const uint32_t slots[] = {300000, 5, 70000, 6, 299999, 0, 200, 70001, 261, 4};
    const uint32_t tfs[] = {1, 255, 256, 65535, 65536, 4000000000u, 2, 3, 300, 70000};
    for (size_t i = 0; i < 10; i++) {
        KindexTerm t[2] = {{STR("apple"), tfs[i]}, {STR("pear"), 1}};
        assert_true(kindex_add(k, slots[i], 100 + i, t, 2, 10 + (uint32_t)i, &err));
    }
    KindexQueryTerm qt = {STR("apple"), 1.0f};
    KindexQuery q = {&qt, 1, 1.2f, 0.75f};
    for (size_t gone = 0; gone < 10; gone++) {
        KindexHit hits[10];
        int n = kindex_search(k, &q, 10, NULL, 0, hits, NULL, &err);
        assert_int_equal(n, 10 - (int)gone);
        double average = kindex_average_length(k), idf = log(1.0 + 0.5 / (10 - (double)gone + 0.5));
        for (int h = 0; h < n; h++) {
            size_t i = gone;
            while (slots[i] != hits[h].slot)
                assert_true(++i < 10);
            double tf = tfs[i], len = 10 + (double)i;
            double score = idf * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * len / average));
            assert_true(fabs((double)hits[h].score - score) < 1e-5 * score);
            assert_true(h == 0 || hits[h - 1].score > hits[h].score ||
                        (hits[h - 1].score == hits[h].score && hits[h - 1].slot < hits[h].slot));
        }
        uint64_t bits[300032 / 64] = {0};
        assert_int_equal(kindex_mark(k, STR("apple"), bits, 300001), n);
        assert_true(bits[slots[gone] / 64] >> (slots[gone] % 64) & 1);
        kindex_delete(k, slots[gone]);
    }
    assert_int_equal(kindex_df(k, STR("apple")), 0);
    kindex_close(k);
}

static void test_bad_input(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Kindex *k = kindex_create(NULL, &err);
    KindexTerm twice[3] = {{STR("a"), 2}, {STR("b"), 1}, {STR("a"), 3}};
    assert_true(kindex_add(k, 0, 7, twice, 3, 6, &err));
    assert_int_equal(kindex_df(k, STR("a")), 1);
    assert_false(kindex_add(k, 0, 8, twice, 3, 6, &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    KindexTerm none[1] = {{STR("c"), 0}}, empty[1] = {{STR(""), 1}};
    assert_false(kindex_add(k, 1, 8, none, 1, 6, &err));
    assert_int_equal(err.code, ERR_VALIDATION);
    assert_false(kindex_add(k, 1, 8, empty, 1, 6, &err));
    assert_int_equal(err.code, ERR_VALIDATION);
    assert_false(kindex_add(k, 1u << 27, 8, twice, 3, 6, &err));
    assert_int_equal(err.code, ERR_STORAGE_FULL);
    assert_int_equal(kindex_live(k), 1);
    assert_true(kindex_add(k, 1, 8, NULL, 0, 0, &err)); /* a chunk without a word is a chunk */
    assert_int_equal(kindex_live(k), 2);
    assert_true(kindex_id(k, 0) == 7 && kindex_id(k, 1) == 8 && kindex_id(k, 2) == UINT64_MAX);

    static KindexQueryTerm many[KINDEX_QUERY_MAX + 1];
    for (size_t i = 0; i <= KINDEX_QUERY_MAX; i++)
        many[i] = (KindexQueryTerm){STR("a"), 1.0f};
    KindexHit hit[2];
    KindexQuery q = {many, KINDEX_QUERY_MAX + 1, 1.2f, 0.75f};
    assert_int_equal(kindex_search(k, &q, 2, NULL, 0, hit, NULL, &err), -1);
    assert_int_equal(err.code, ERR_VALIDATION);
    q.n = KINDEX_QUERY_MAX; /* the same word 256 times weighs 256 times */
    assert_int_equal(kindex_search(k, &q, 2, NULL, 0, hit, NULL, &err), 1);
    float many_score = hit[0].score;
    q.n = 1;
    assert_int_equal(kindex_search(k, &q, 2, NULL, 0, hit, NULL, &err), 1);
    assert_true(fabsf(many_score / hit[0].score - 256.0f) < 0.01f);
    const float bad_k1[] = {0.0f, -1.0f, NAN, INFINITY}, bad_b[] = {-0.1f, 1.1f, NAN};
    for (size_t i = 0; i < 4; i++) {
        q = (KindexQuery){many, 1, bad_k1[i], 0.5f};
        assert_int_equal(kindex_search(k, &q, 2, NULL, 0, hit, NULL, &err), -1);
    }
    for (size_t i = 0; i < 3; i++) {
        q = (KindexQuery){many, 1, 1.2f, bad_b[i]};
        assert_false(kindex_scores(k, &q, NULL, 0, NULL, &err));
    }
    many[0].weight = 0.0f;
    q = (KindexQuery){many, 1, 1.2f, 0.75f};
    assert_int_equal(kindex_search(k, &q, 2, NULL, 0, hit, NULL, &err), -1);
    q.n = 0;
    KindexStats stats;
    assert_int_equal(kindex_search(k, &q, 2, NULL, 0, hit, &stats, &err), 0);
    assert_true(stats.bound == 0.0f && stats.terms_found == 0);
    /* a word longer than KINDEX_TERM_MAX is its first 255 bytes, everywhere */
    char long_word[600];
    memset(long_word, 'x', sizeof long_word);
    KindexTerm lt[1] = {{str_mem(long_word, 600), 1}};
    assert_true(kindex_add(k, 2, 9, lt, 1, 1, &err));
    assert_int_equal(kindex_df(k, str_mem(long_word, 300)), 1);
    assert_int_equal(kindex_df(k, str_mem(long_word, 255)), 1);
    assert_int_equal(kindex_df(k, str_mem(long_word, 254)), 0);
    kindex_close(k);
    kindex_close(NULL);
}

typedef struct {
    char text[64][16];
    uint32_t df[64];
    size_t n, stop;
} Seen;

static bool collect(void *ctx, Str term, uint32_t df)
{
    Seen *s = ctx;
    snprintf(s->text[s->n], sizeof s->text[0], STR_FMT, STR_ARG(term));
    s->df[s->n++] = df;
    return s->n != s->stop;
}

static void test_prefixes(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Kindex *k = kindex_create(NULL, &err);
    const char *const words[] = {"can", "canal", "canals", "candle", "car", "c", "cb", "do"};
    for (uint32_t slot = 0; slot < 8; slot++) {
        KindexTerm t[8];
        for (uint32_t w = 0; w <= slot; w++)
            t[w] = (KindexTerm){str_of(words[w]), 1};
        assert_true(kindex_add(k, slot, slot, t, slot + 1, slot + 1, &err));
    }
    Seen s = {.stop = 99};
    assert_int_equal(kindex_expand_prefix(k, STR("can"), 10, collect, &s, &err), 4);
    for (int i = 0; i < 4; i++) {
        assert_string_equal(s.text[i], words[i]);
        assert_int_equal(s.df[i], 8 - i);
    }
    s = (Seen){.stop = 99};
    assert_int_equal(kindex_expand_prefix(k, STR("c"), 3, collect, &s, &err), 3);
    assert_string_equal(s.text[2], "canals");
    s = (Seen){.stop = 2};
    assert_int_equal(kindex_expand_prefix(k, STR(""), 10, collect, &s, &err), 2);
    kindex_delete(k, 7);
    s = (Seen){.stop = 99};
    assert_int_equal(kindex_expand_prefix(k, STR("d"), 10, collect, &s, &err), 0);
    assert_int_equal(kindex_expand_prefix(k, STR("zz"), 10, collect, &s, &err), 0);
    assert_int_equal(kindex_expand_prefix(k, STR("c"), 0, collect, &s, &err), 0);
    kindex_delete(k, 0); /* equal counts come bytewise */
    kindex_delete(k, 1);
    kindex_delete(k, 2);
    assert_int_equal(kindex_expand_prefix(k, STR("can"), 10, collect, &s, &err), 4);
    for (int i = 0; i < 4; i++)
        assert_string_equal(s.text[i], words[i]);
    kindex_close(k);
}

typedef struct {
    Model *m;
    Kindex *k;
    atomic_bool stop;
    atomic_uint searches, wrong;
} Race;

/* Beside a writer only what always holds can be checked: order, the bound, the limit. */
static void *search_on(void *arg)
{
    Race *r = arg;
    uint64_t random = (uintptr_t)&random;
    while (!atomic_load(&r->stop) || atomic_load(&r->searches) < 50) {
        KindexQueryTerm terms[6];
        KindexQuery q = model_query(r->m, terms, 6, &random);
        KindexHit hits[20];
        KindexStats stats;
        int n = kindex_search(r->k, &q, 20, NULL, 0, hits, &stats, NULL);
        bool wrong = n < 0;
        for (int i = 0; i < n; i++)
            wrong |= hits[i].score > stats.bound || hits[i].score <= 0.0f ||
                     (i > 0 && hits[i - 1].score < hits[i].score);
        uint32_t slots[2] = {0, 1000000};
        float scores[2];
        wrong |= !kindex_scores(r->k, &q, slots, 2, scores, NULL) || scores[1] != 0.0f;
        wrong |= kindex_live(r->k) > kindex_slots(r->k);
        atomic_fetch_add(&r->wrong, wrong);
        atomic_fetch_add(&r->searches, 1);
    }
    return NULL;
}

static void test_searches_beside_a_writer(void **state)
{
    (void)state;
    Race r = {.m = model_new(6000)};
    r.k = model_kindex(r.m, NULL);
    pthread_t threads[3];
    for (int t = 0; t < 3; t++)
        pthread_create(&threads[t], NULL, search_on, &r);
    uint64_t random = 5;
    for (int step = 0; step < 20; step++) {
        model_add_some(r.m, r.k, 400, &random);
        model_delete_some(r.m, r.k, 150, &random);
    }
    atomic_store(&r.stop, true);
    for (int t = 0; t < 3; t++)
        pthread_join(threads[t], NULL);
    assert_int_equal(atomic_load(&r.wrong), 0);
    model_check_counts(r.m, r.k);
    model_check_query(r.m, r.k, &random);
    kindex_close(r.k);
    model_free(r.m);
}

/* Every allocation in turn fails: the failed add has changed nothing, everything after it works. */
static void test_without_memory(void **state)
{
    (void)state;
    size_t failures = 0;
    for (uint64_t nth = 1; nth < 400; nth++) {
        Model *m = model_new(400);
        uint64_t random = 3;
        Err err = ERR_INIT;
        mem_test_fail(nth, 0);
        Kindex *k = kindex_create(NULL, &err);
        mem_test_fail(0, 0);
        if (!k) {
            assert_int_equal(err.code, ERR_NO_MEMORY);
            failures++;
            model_free(m);
            continue;
        }
        model_add_some(m, k, 120, &random); /* so that later allocations are those of growth */
        mem_test_fail(nth, 0);
        for (uint32_t slot = 200; slot < 400; slot++)
            failures += !model_try_add(m, k, slot, slot, &random, &err);
        KindexQueryTerm terms[6];
        KindexQuery q = model_query(m, terms, 6, &random);
        KindexHit hits[10];
        if (kindex_search(k, &q, 10, NULL, 0, hits, NULL, &err) < 0) {
            assert_int_equal(err.code, ERR_NO_MEMORY);
            failures++;
        }
        mem_test_fail(0, 0);
        model_check_counts(m, k);
        for (int i = 0; i < 3; i++)
            model_check_query(m, k, &random);
        kindex_close(k);
        model_free(m);
    }
    assert_true(failures > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_search_is_bm25_from_scratch),
        cmocka_unit_test(test_widths),
        cmocka_unit_test(test_bad_input),
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_searches_beside_a_writer),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
