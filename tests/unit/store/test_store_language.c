/* The tokens of each day, and texts that a model made: durable, each person's own, and gone with
 * the documents they were made of. */
#include "store_unit.h"

#include "store/language.h"

#define TODAY 20780

static Uuid put_doc(Fx *f, uint64_t n)
{
    PutOutcome outcome;
    Uuid id;
    DocumentPut *p = fx_doc(f->a, n, arena_printf(f->a, "Document %d", (int)n),
                            fx_text(f->a, n, 60, 20, 1000));
    OK(store_document_put(f->s, &f->owner, p, &outcome, &id, &oops));
    return id;
}

static void reopen(Fx *f)
{
    store_close(f->s);
    f->s = fx_open(f->dir.path);
}

static void tokens_are_counted_by_day(void **state)
{
    Fx *f = *state;
    uint64_t n = 99;
    Uuid other = fx_uuid(5);
    OK(store_tokens_used(f->s, &f->owner, TODAY, &n, &oops));
    assert_int_equal(n, 0);
    OK(store_tokens_add(f->s, &f->owner, TODAY, 1000, &n, &oops));
    assert_int_equal(n, 1000);
    OK(store_tokens_add(f->s, &f->owner, TODAY, -300, &n, &oops));
    assert_int_equal(n, 700);
    OK(store_tokens_add(f->s, &f->owner, TODAY + 1, 5, &n, &oops));
    assert_int_equal(n, 5);
    reopen(f);
    OK(store_tokens_used(f->s, &f->owner, TODAY, &n, &oops));
    assert_int_equal(n, 700);
    OK(store_tokens_used(f->s, &other, TODAY, &n, &oops));
    assert_int_equal(n, 0);
    OK(store_tokens_add(f->s, &f->owner, TODAY, -5000, &n, &oops));
    assert_int_equal(n, 0);
    OK(store_tokens_add(f->s, &f->owner, TODAY + 1000, 1, &n, &oops)); /* long after */
    OK(store_tokens_used(f->s, &f->owner, TODAY + 1, &n, &oops));
    assert_int_equal(n, 0);
    fx_check(f->s);
}

static bool made(Fx *f, uint8_t key, Str *text)
{
    bool found;
    Sha256 k = {{key}};
    *text = STR("untouched");
    OK(store_made_get(f->s, &f->owner, &k, f->a, text, &found, &oops));
    return found;
}

static void texts_go_with_their_documents(void **state)
{
    Fx *f = *state;
    Str text;
    Uuid docs[2] = {put_doc(f, 1), put_doc(f, 2)}, gone = fx_uuid(77);
    assert_false(made(f, 1, &text));
    assert_str(text, "untouched");
    MadeText m = {.key = {{1}}, .text = STR("a summary"), .at = 5, .documents = docs,
                  .n_documents = 2};
    OK(store_made_put(f->s, &f->owner, &m, &oops));
    m = (MadeText){.key = {{2}}, .text = STR(""), .documents = docs + 1, .n_documents = 1};
    OK(store_made_put(f->s, &f->owner, &m, &oops));
    m = (MadeText){.key = {{3}}, .text = STR("of nothing here"), .documents = &gone,
                   .n_documents = 1};
    OK(store_made_put(f->s, &f->owner, &m, &oops));
    assert_false(made(f, 3, &text));
    reopen(f);
    assert_true(made(f, 1, &text));
    assert_str(text, "a summary");
    assert_true(made(f, 2, &text));
    assert_str(text, "");
    m = (MadeText){.key = {{1}}, .text = STR("another"), .documents = docs, .n_documents = 2};
    OK(store_made_put(f->s, &f->owner, &m, &oops));
    assert_true(made(f, 1, &text));
    assert_str(text, "another");
    OK(store_document_delete(f->s, &f->owner, &docs[0], &oops));
    assert_false(made(f, 1, &text));
    assert_true(made(f, 2, &text));
    fx_check(f->s);
}

static void the_oldest_go(void **state)
{
    Fx *f = *state;
    Str text;
    for (unsigned i = 0; i < STORE_MADE_MAX + 3; i++) {
        MadeText m = {.key = {{(uint8_t)i, (uint8_t)(i >> 8)}}, .text = STR("x")};
        OK(store_made_put(f->s, &f->owner, &m, &oops));
    }
    assert_false(made(f, 0, &text));
    assert_false(made(f, 2, &text));
    assert_true(made(f, 3, &text));
}

static void what_cannot_be_kept(void **state)
{
    Fx *f = *state;
    Err err = ERR_INIT;
    static char big[STORE_MADE_BYTES + 1];
    memset(big, 'x', sizeof big);
    assert_err(store_made_put(f->s, &f->owner, &(MadeText){.text = str_mem(big, sizeof big)}, &err),
               err, ERR_VALIDATION, "at most");
    assert_err(store_made_put(f->s, &f->owner, &(MadeText){.text = STR("\xFF")}, &err), err,
               ERR_VALIDATION, "UTF-8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tokens_are_counted_by_day, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(texts_go_with_their_documents, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(the_oldest_go, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_kept, fx_setup, fx_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
