/* Near-duplicates: found, ordered, gone with their documents, new with their texts, each owner's
 * own. */
#include "store_unit.h"

#include "store/near.h"

/* Sketch `seed` with its first `n` bytes of another. */
static void sketch(uint64_t seed, size_t n, uint8_t out[STORE_SKETCH_BYTES])
{
    uint64_t a = seed, b = seed + 777 + n;
    for (size_t i = 0; i < STORE_SKETCH_BYTES; i++) {
        uint64_t x = fx_next(&a), y = fx_next(&b);
        out[i] = (uint8_t)(i < n ? y : x);
    }
}

static Uuid put(Fx *f, const Uuid *owner, uint64_t n, const uint8_t *bytes)
{
    char title[32];
    (void)snprintf(title, sizeof title, "document %d", (int)n);
    DocumentPut *p = fx_doc(f->a, n, arena_str(f->a, str_of(title)),
                            fx_text(f->a, n * 1000 + (uint64_t)bytes[0], 20, 20, 100));
    PutOutcome outcome;
    Uuid id;
    p->sketch = bytes;
    p->doc.language = n % 2 ? STR("de") : STR("en");
    p->doc.author = STR("Nora");
    p->doc.about_json = STR("{\"dates\":{}}");
    OK(store_document_put(f->s, owner, p, &outcome, &id, &oops));
    return id;
}

static void near_is(Fx *f, const Uuid *owner, const Uuid *id, size_t expected)
{
    NearDocument *found;
    size_t n;
    OK(store_near_documents(f->s, owner, id, 0.5, 10, f->a, &found, &n, &oops));
    assert_int_equal(n, expected);
    for (size_t i = 1; i < n; i++)
        assert_true(found[i].similarity <= found[i - 1].similarity);
}

static void test_similarity(void **state)
{
    uint8_t a[STORE_SKETCH_BYTES], b[STORE_SKETCH_BYTES];
    (void)state;
    sketch(1, 0, a);
    assert_true(near_similarity(a, a) == 1.0);
    sketch(1, 16, b); /* a quarter is another's */
    double s = near_similarity(a, b);
    assert_true(s > 0.65 && s < 0.85);
    sketch(2, 0, b);
    assert_true(near_similarity(a, b) < 0.2);
}

static void test_documents(void **state)
{
    Fx *f = *state;
    uint8_t s[6][STORE_SKETCH_BYTES];
    Uuid id[6], eve = fx_uuid(666);
    sketch(1, 0, s[0]);
    sketch(1, 8, s[1]);
    sketch(1, 20, s[2]);
    sketch(2, 0, s[3]);
    sketch(2, 4, s[4]);
    sketch(3, 0, s[5]);
    for (size_t i = 0; i < 6; i++)
        id[i] = put(f, &f->owner, i + 1, s[i]);
    (void)put(f, &eve, 50, s[0]);
    near_is(f, &f->owner, &id[0], 2);
    near_is(f, &f->owner, &id[3], 1);
    near_is(f, &f->owner, &id[5], 0);
    near_is(f, &eve, &id[0], 0);
    /* Another text is another sketch; a deleted document is no neighbour. */
    (void)put(f, &f->owner, 2, s[5]);
    near_is(f, &f->owner, &id[0], 1);
    near_is(f, &f->owner, &id[5], 1);
    OK(store_document_delete(f->s, &f->owner, &id[4], &oops));
    near_is(f, &f->owner, &id[3], 0);
    Document d;
    OK(store_document_get(f->s, &f->owner, &id[0], false, f->a, &d, &oops));
    assert_str(d.author, "Nora");
    assert_str(d.language, "de");
    assert_str(d.about_json, "{\"dates\":{}}");
    fx_check(f->s);
}

/* What is remembered of a document (near.c) says the same as comparing it with all: after others
 * have come, changed and gone, and whatever was asked before. */
static void test_remembered(void **state)
{
    Fx *f = *state;
    enum { N = 120 };
    static uint8_t s[N][STORE_SKETCH_BYTES];
    Uuid id[N], eve = fx_uuid(666);
    bool there[N] = {false}, hers[N] = {false};
    uint64_t seed = 20261123;
    for (size_t round = 0; round < 400; round++) {
        size_t i = fx_next(&seed) % N, what = fx_next(&seed) % 4;
        if (!there[i]) {
            hers[i] = i % 7 == 0;
            sketch(i % 12, i % 30, s[i]);
            id[i] = put(f, hers[i] ? &eve : &f->owner, i + 1, s[i]);
            there[i] = true;
        } else if (what == 0) {
            OK(store_document_delete(f->s, hers[i] ? &eve : &f->owner, &id[i], &oops));
            there[i] = false;
        } else if (what == 1) { /* another text: put makes it of the first byte */
            uint8_t other[STORE_SKETCH_BYTES];
            sketch((i + round) % 12, i % 30, other);
            if (other[0] == s[i][0])
                continue;
            memcpy(s[i], other, sizeof other);
            id[i] = put(f, hers[i] ? &eve : &f->owner, i + 1, s[i]);
        }
        if (!there[i])
            continue;
        double least = round % 50 == 49 ? 0.7 : 0.5;
        NearDocument *found;
        size_t n, expected = 0;
        Document d;
        if (round % 2) /* as the API does: the document first, in the same snapshot */
            store_read_hold(f->s);
        OK(store_document_get(f->s, hers[i] ? &eve : &f->owner, &id[i], true, f->a, &d, &oops));
        OK(store_near_documents(f->s, hers[i] ? &eve : &f->owner, &id[i], least, 100, f->a, &found,
                                &n, &oops));
        if (round % 2)
            store_read_release(f->s);
        for (size_t k = 0; k < N; k++)
            expected += k != i && there[k] && hers[k] == hers[i] &&
                        near_similarity(s[i], s[k]) >= least;
        assert_int_equal(n, expected);
        for (size_t k = 1; k < n; k++)
            assert_true(found[k].similarity <= found[k - 1].similarity);
    }
}

static void test_groups(void **state)
{
    Fx *f = *state;
    uint8_t s[STORE_SKETCH_BYTES];
    NearPage page;
    for (uint64_t i = 0; i < 30; i++) { /* groups of 1 to 5 by seed */
        sketch(i % 10, (size_t)(i / 10) * 5, s);
        if (i % 10 < 5 || i < 10)
            (void)put(f, &f->owner, i + 1, s);
    }
    OK(store_near_groups(f->s, &f->owner, 0.5, 0, 50, f->a, &page, &oops));
    assert_int_equal(page.total, 5);
    assert_int_equal(page.n, 5);
    for (size_t i = 0; i < page.n; i++) {
        assert_int_equal(page.groups[i].n, 3);
        assert_true(page.groups[i].documents[0].similarity == 1.0);
        assert_true(page.groups[i].documents[2].similarity >= 0.5);
    }
    OK(store_near_groups(f->s, &f->owner, 0.5, 4, 50, f->a, &page, &oops));
    assert_int_equal(page.n, 1);
    assert_int_equal(page.total, 5);
    Uuid eve = fx_uuid(666);
    OK(store_near_groups(f->s, &eve, 0.5, 0, 50, f->a, &page, &oops));
    assert_int_equal(page.total, 0);
}

static void test_languages(void **state)
{
    Fx *f = *state;
    uint8_t s[STORE_SKETCH_BYTES];
    DocPage page;
    for (uint64_t i = 0; i < 5; i++) {
        sketch(i, 0, s);
        (void)put(f, &f->owner, i + 1, s);
    }
    Str de[] = {STR("de")};
    DocFilter filter = {.languages = de, .n_languages = 1};
    OK(store_document_list(f->s, &f->owner, &filter, SORT_TITLE_ASC, 10, STR(""), f->a, &page,
                           &oops));
    assert_int_equal(page.total, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_similarity),
        cmocka_unit_test_setup_teardown(test_documents, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(test_remembered, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(test_groups, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(test_languages, fx_setup, fx_teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
