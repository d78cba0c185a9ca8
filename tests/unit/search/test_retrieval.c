/* test_retrieval.c - quality, on the small judged set of tests/data/retrieval: the whole way
 * through chunker, encoder, store and fusion. The bounds stand well under what was measured
 * (docs/SEARCH.md), so that they break when something is wrong and not when a digit moves. */
#include "support/search_fixture.h"

static void test_quality(void **state)
{
    (void)state;
    SearchFixture f;
    Retrieval r;
    fixture_open(&f);
    retrieval_load(&r, SOTTO_SOURCE_DIR "/tests/data/retrieval");
    assert_int_equal(r.n_docs, 63);
    assert_int_equal(r.n_queries, 45);
    retrieval_put(&r, f.store, &f.owner, f.model);
    double keyword = retrieval_measure(&r, f.search, &f.owner, SEARCH_KEYWORD, 0.3);
    double semantic = retrieval_measure(&r, f.search, &f.owner, SEARCH_SEMANTIC, 0.3);
    double hybrid = retrieval_measure(&r, f.search, &f.owner, SEARCH_HYBRID, 0.3);
    double better = keyword > semantic ? keyword : semantic;
    print_message("nDCG@10: keyword %.3f, semantic %.3f, hybrid %.3f (%.3f of the better)\n",
                  keyword, semantic, hybrid, hybrid / better);
    assert_true(keyword > 0.6);
    assert_true(semantic > 0.8);
    assert_true(hybrid >= 0.98 * better);
    assert_true(hybrid > 0.87);
    arena_free(r.a);
    fixture_close(&f);
}

/* What only one side can find, hybrid finds too: first place. */
static void test_either_side_is_enough(void **state)
{
    (void)state;
    static const struct {
        const char *query, *document;
    } cases[] = {
        {"ORA-01555", "errorlog"},
        {"QX7RTL", "flight"},
        {"DM-2024-3381", "vendor"},
        {"192.168.178.1", "router"},
        {"PF-3K9Q2L", "laptop"}, /* codes: the keyword side */
        {"insomnia", "dream"},
        {"landlord's name", "lease"},
        {"back pain gymnastics", "physio"},
        {"hay fever medicine", "allergy"},
        {"pet is overweight", "cat"}, /* no word in common */
        {"Who owns the apartment I rent?", "lease"},
    };
    SearchFixture f;
    Retrieval r;
    fixture_open(&f);
    retrieval_load(&r, SOTTO_SOURCE_DIR "/tests/data/retrieval");
    retrieval_put(&r, f.store, &f.owner, f.model);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        SearchResult out = fixture_search(&f, cases[i].query, SEARCH_HYBRID);
        if (!out.n || !str_eq(out.hits[0].doc.source, str_of(cases[i].document)))
            fail_msg("%s: %.*s instead of %s", cases[i].query,
                     out.n ? (int)out.hits[0].doc.source.len : 7,
                     out.n ? out.hits[0].doc.source.ptr : "nothing", cases[i].document);
    }
    arena_free(r.a);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_quality),
                                       cmocka_unit_test(test_either_side_is_enough)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
