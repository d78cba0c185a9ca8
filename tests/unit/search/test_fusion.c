/* test_fusion.c - the join of two lists: order, ties, thresholds, documents, and which way it
 * leans. */
#include "support/unit.h"

#include <math.h>

#include "search/fusion.h"
#include "support/torture.h"

static Arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(ARENA_DEFAULT_MAX);
    return arena ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

/* What a store of 1000 passages would say about a query of four words. */
static Candidates lists(Candidate *items, size_t n)
{
    Candidates c = {.items = items,
                    .n = n,
                    .vec_mean = 0.1f,
                    .vec_std = 0.08f,
                    .kw_mean = 3,
                    .kw_std = 2,
                    .kw_bound = 44,
                    .kw_idf = 20,
                    .kw_idf_max = 6,
                    .n_passages = 1000};
    for (size_t i = 0; i < n; i++) {
        c.n_vector += items[i].vector_rank > 0;
        c.n_keyword += items[i].keyword_rank > 0;
    }
    return c;
}

static const FusionQuery hybrid = {SEARCH_HYBRID, 0.3, 3, 6, 4, 7};

static Fused run(const Candidates *c, const FusionQuery *q)
{
    Err err = ERR_INIT;
    Fused f;
    if (!fusion_run(c, q, arena, &f, &err))
        fail_msg("%s", err.msg);
    return f;
}

static void test_empty(void **state)
{
    (void)state;
    Candidates c = {0};
    Fused f = run(&c, &hybrid);
    assert_int_equal(f.n, 0);
}

/* chunk, document, cosine, BM25, coverage, vector rank, keyword rank */
static void test_modes(void **state)
{
    (void)state;
    Candidate items[] = {{1, 10, 0.7f, 0, 0, 1, 0},
                         {2, 20, 0.2f, 20, 0.9f, 0, 1},
                         {3, 30, 0.5f, 12, 0.6f, 2, 2},
                         {4, 40, 0.1f, 2, 0.1f, 0, 3},
                         {5, 50, 0.29f, 0, 0, 3, 0}};
    Candidates c = lists(items, ARRAY_LEN(items));
    FusionQuery q = hybrid;
    q.mode = SEARCH_SEMANTIC;
    Fused f = run(&c, &q);
    assert_int_equal(f.n, 2); /* 0.29 is under the threshold; 0.2 and 0.1 are not in the list */
    assert_int_equal(f.docs[0].doc_no, 10);
    assert_int_equal(f.docs[1].doc_no, 30);
    assert_true(f.docs[0].score == 0.7f);
    assert_true(f.weight_vector == 1);
    q.mode = SEARCH_KEYWORD;
    f = run(&c, &q);
    assert_int_equal(f.n, 3); /* no threshold there */
    assert_int_equal(f.docs[0].doc_no, 20);
    assert_int_equal(f.docs[2].doc_no, 40);
    assert_true(f.weight_vector == 0);
    q.mode = SEARCH_HYBRID;
    f = run(&c, &q);
    /* 20 is far by cosine but holds most of the words; 40 is neither near nor a strong match */
    assert_int_equal(f.n, 3);
    assert_true(f.weight_vector > 0 && f.weight_vector < 1);
    for (size_t i = 0; i < f.n; i++) {
        assert_true(f.docs[i].doc_no != 40 && f.docs[i].doc_no != 50);
        assert_true(f.docs[i].score >= 0 && f.docs[i].score <= 1);
        assert_true(!i || f.docs[i].score <= f.docs[i - 1].score);
    }
}

static void test_strong_match_rule(void **state)
{
    (void)state;
    Candidate items[12];
    for (size_t i = 0; i < 12; i++)
        items[i] = (Candidate){i + 1, i + 1, 0.1f, 9 - 0.5f * (float)i, 0.5f, 0, (uint32_t)i + 1};
    items[4].coverage = 0.34f;
    items[5].coverage = 0.32f;
    Candidates c = lists(items, 12);
    Fused f = run(&c, &hybrid);
    assert_int_equal(f.n, 9); /* of the ten best keyword matches the one with too little is out */
    for (size_t i = 0; i < f.n; i++)
        assert_true(f.docs[i].doc_no <= 10 && f.docs[i].doc_no != 6);
    items[11].similarity = 0.3f;
    f = run(&c, &hybrid);
    assert_int_equal(f.n, 10); /* near is enough */
    c.kw_idf = 0;              /* only a prefix was asked for: having it is all there is to have */
    f = run(&c, &hybrid);
    assert_int_equal(f.n, 11);
}

static void test_ties_and_order(void **state)
{
    (void)state;
    Candidate items[] = {{9, 30, 0.5f, 0, 0, 1, 0},
                         {4, 20, 0.5f, 0, 0, 2, 0},
                         {3, 20, 0.5f, 0, 0, 3, 0},
                         {8, 10, 0.5f, 0, 0, 4, 0},
                         {7, 40, 0.5f, 0, 0, 5, 0}};
    Candidate turned[ARRAY_LEN(items)];
    for (size_t i = 0; i < ARRAY_LEN(items); i++)
        turned[i] = items[ARRAY_LEN(items) - 1 - i];
    Candidates c = lists(items, ARRAY_LEN(items)), d = lists(turned, ARRAY_LEN(items));
    Fused f = run(&c, &hybrid), g = run(&d, &hybrid);
    static const uint64_t order[] = {10, 20, 30, 40};
    assert_int_equal(f.n, 4);
    assert_int_equal(g.n, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(f.docs[i].doc_no, order[i]);
        assert_int_equal(g.docs[i].doc_no, order[i]);
    }
    assert_int_equal(f.docs[1].n, 2);
    assert_int_equal(items[f.docs[1].items[0]].chunk_no, 3);
    assert_int_equal(turned[g.docs[1].items[0]].chunk_no, 3);
}

static void test_passages_of_a_document(void **state)
{
    (void)state;
    Candidate items[8];
    for (size_t i = 0; i < 8; i++)
        items[i] = (Candidate){i + 1, 5, 0.4f + 0.01f * (float)i, 0, 0, (uint32_t)(8 - i), 0};
    Candidates c = lists(items, 8);
    Fused f = run(&c, &hybrid);
    assert_int_equal(f.n, 1);
    assert_int_equal(f.docs[0].n, 3);
    assert_int_equal(f.docs[0].items[0], 7);
    assert_int_equal(f.docs[0].items[2], 5);
    /* many passages do not add up: the best one is the document's */
    assert_true(f.docs[0].score == f.fused[7]);
}

/* Two lists that disagree: the one that stands out decides. */
static void test_which_way_it_leans(void **state)
{
    (void)state;
    Candidate items[12];
    for (size_t i = 0; i < 12; i++)
        items[i] = (Candidate){i + 1, i + 1, 0.35f, 2, 0.1f, (uint32_t)i + 1, (uint32_t)i + 1};
    Candidates c = lists(items, 12);
    FusionQuery question = {SEARCH_HYBRID, 0.3, 3, 9, 4, 10};
    items[0].similarity = 0.8f; /* a clear nearest, and words that match by chance */
    items[11].keyword = 12;
    items[11].coverage = 0.4f;
    Fused f = run(&c, &question);
    double meaning = f.weight_vector;
    assert_int_equal(f.docs[0].doc_no, 1);
    items[0].similarity = 0.37f; /* nothing near; one passage holds all of three odd words */
    items[11].keyword = 40;
    items[11].coverage = 1;
    FusionQuery codes = {SEARCH_HYBRID, 0.3, 3, 3, 3, 14};
    f = run(&c, &codes);
    assert_int_equal(f.docs[0].doc_no, 12);
    assert_true(f.weight_vector < 0.5 && f.weight_vector < meaning - 0.2);
}

static void test_no_vector_no_words(void **state)
{
    (void)state;
    /* a passage of another encoder (-2), and a query without any known word */
    Candidate items[] = {{1, 10, -2, 30, 1, 0, 1}, {2, 20, 0.6f, 0, 0, 1, 0}};
    Candidates c = lists(items, 2);
    Fused f = run(&c, &hybrid);
    assert_int_equal(f.n, 2);
    assert_true(f.fused[0] > 0);
    Candidate near[] = {{2, 20, 0.6f, 0, 0, 1, 0}};
    c = (Candidates){.items = near, .n = 1, .n_vector = 1, .kw_unknown = 3, .n_passages = 5};
    f = run(&c, &hybrid);
    assert_int_equal(f.n, 1);
    assert_true(f.weight_vector == 1 && f.docs[0].score == 0.6f);
}

/* Any numbers at all: finite scores, every document once, order kept. */
static void test_random(void **state)
{
    (void)state;
    uint64_t x = 88172645463325252u;
    Candidate items[64];
    for (int round = 0; round < 2000; round++) {
        size_t n = (size_t)(round % 65);
        for (size_t i = 0; i < n; i++) {
            x ^= x << 13, x ^= x >> 7, x ^= x << 17;
            items[i] = (Candidate){i,
                                   x % 9,
                                   (float)(x >> 8 & 255) / 128 - 1,
                                   (float)(x >> 16 & 63) - 20,
                                   (float)(x >> 24 & 15) / 15,
                                   x >> 32 & 1,
                                   x >> 33 & 1};
        }
        Candidates c = lists(items, n);
        c.vec_std = round % 3 ? 0.1f : 0;
        c.kw_bound = round % 5 ? 60 : 0;
        FusionQuery q = {(SearchMode)(round % 3), -1, 2, (float)(round % 7), (float)(round % 4), 9};
        Fused f = run(&c, &q);
        uint32_t seen = 0;
        for (size_t i = 0; i < f.n; i++) {
            assert_false(seen >> f.docs[i].doc_no & 1);
            seen |= 1u << f.docs[i].doc_no;
            assert_true(f.docs[i].score >= 0 && f.docs[i].score <= 1);
            assert_true(f.docs[i].n >= 1 && f.docs[i].n <= 2);
            assert_true(!i || f.docs[i].score <= f.docs[i - 1].score);
        }
    }
}

static bool fuse_once(void *arg)
{
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    Err err = ERR_INIT;
    Fused f;
    bool ok = a && fusion_run(arg, &hybrid, a, &f, &err);
    assert_true(ok || !a || err.code == ERR_NO_MEMORY);
    arena_free(a);
    return ok;
}

static void test_memory(void **state)
{
    (void)state;
    static Candidate items[1500];
    for (size_t i = 0; i < ARRAY_LEN(items); i++)
        items[i] = (Candidate){i, i / 3, 0.5f, 4, 0.5f, (uint32_t)i + 1, (uint32_t)i + 1};
    Candidates c = lists(items, ARRAY_LEN(items));
    assert_true(torture_alloc(fuse_once, &c, 0) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_empty, setup, teardown),
        cmocka_unit_test_setup_teardown(test_modes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_strong_match_rule, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ties_and_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_passages_of_a_document, setup, teardown),
        cmocka_unit_test_setup_teardown(test_which_way_it_leans, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_vector_no_words, setup, teardown),
        cmocka_unit_test_setup_teardown(test_random, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
