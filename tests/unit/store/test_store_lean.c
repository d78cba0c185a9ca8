/* A lean store, as a working copy is one: the same answers from caches whose pages are let go of
 * again and again, also after it was closed and opened. */
#include "store_unit.h"

#include "store/sqlite/sq_index.h"

#define DOCS 24

static Store *open_store(const char *dir, bool lean)
{
    Err err = ERR_INIT;
    StoreOptions so = {.dir = dir, .model = FX_MODEL, .lean = lean};
    Store *s = store_open_sqlite(&so, &err);
    if (!s)
        fail_msg("%s", err.msg);
    return s;
}

static void fill(Store *s, const Uuid *owner)
{
    Arena *a = arena_new((size_t)1 << 30);
    PutOutcome outcome;
    Uuid id;
    for (uint64_t n = 1; n <= DOCS; n++) {
        DocumentPut *p = fx_doc(a, n, STR("A title"), fx_text(a, n, 300, 30, 900));
        OK(store_document_put(s, owner, p, &outcome, &id, &oops));
        if (n % 7 == 0) {
            id = fx_uuid(n - 3);
            OK(store_document_delete(s, owner, &id, &oops));
        }
    }
    arena_free(a);
}

static void cool(Store *s)
{
    for (SqOwner *o = sq_of(s)->owners; o; o = o->next)
        if (o->index && o->index->spill)
            spill_cool(o->index->spill);
}

static Candidates ask(Store *s, const Uuid *owner, uint64_t n, Arena *a)
{
    uint64_t seed = n;
    KwTerm terms[4];
    Candidates c;
    float *v = ARENA_NEW_ARRAY(a, float, VINDEX_DIM);
    fx_vector(n, v);
    for (size_t i = 0; i < 4; i++) {
        Buf b;
        buf_init(&b, 256);
        fx_word(fx_zipf(&seed, 900), &b);
        terms[i] = (KwTerm){.kind = i == 3 ? KW_PREFIX : KW_WORD, .text = arena_buf(a, &b),
            .excluded = i == 2, .weight = 1};
        buf_release(&b);
    }
    CandidateQuery q = {.vector = v, .terms = terms, .n_terms = 4, .k = 1000};
    OK(store_candidates(s, owner, &q, a, &c, &oops));
    return c;
}

static int by_chunk(const void *a, const void *b)
{
    const Candidate *x = a, *y = b;
    return x->chunk_no < y->chunk_no ? -1 : x->chunk_no > y->chunk_no;
}

/* All candidates: where two are equal, the order is that of their slots, which is by chance. */
static void compare(Store *plain, Store *lean, const Uuid *owner)
{
    size_t found = 0;
    for (uint64_t n = 0; n < 25; n++) {
        Arena *a = arena_new((size_t)1 << 26);
        cool(lean);
        Candidates x = ask(plain, owner, n, a), y = ask(lean, owner, n, a);
        assert_int_equal(x.n, y.n);
        qsort(x.items, x.n, sizeof *x.items, by_chunk);
        qsort(y.items, y.n, sizeof *y.items, by_chunk);
        for (size_t i = 0; i < x.n; i++) {
            const Candidate *p = &x.items[i], *q = &y.items[i];
            assert_true(p->chunk_no == q->chunk_no && p->doc_no == q->doc_no);
            assert_true(p->similarity == q->similarity && p->coverage == q->coverage);
            assert_true(fabsf(p->keyword - q->keyword) <= 1e-5f * fabsf(p->keyword));
        }
        found += x.n;
        arena_free(a);
    }
    assert_true(found > 250);
}

static void test_same_answers(void **state)
{
    (void)state;
    TempDir one, two;
    tempdir_make(&one);
    tempdir_make(&two);
    Uuid owner = fx_uuid(77);
    Store *plain = open_store(one.path, false), *lean = open_store(two.path, true);
    fill(plain, &owner);
    fill(lean, &owner);
    assert_non_null(sq_of(lean)->owners->index->spill);
    assert_null(sq_of(plain)->owners->index->spill);
    compare(plain, lean, &owner);
    for (int i = 0; i < 2; i++) { /* from the files, and then with more in them */
        store_close(plain);
        store_close(lean);
        plain = open_store(one.path, false);
        lean = open_store(two.path, true);
        compare(plain, lean, &owner);
        fill(plain, &owner);
        fill(lean, &owner);
        compare(plain, lean, &owner);
    }
    fx_check(lean);
    store_close(plain);
    store_close(lean);
    tempdir_remove(&one);
    tempdir_remove(&two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_answers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
