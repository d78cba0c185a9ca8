/* When the words of a recording are said: written with their document, replaced with it, gone with
 * it, and nobody else's. */
#include "store/cues.h"
#include "store_unit.h"

#define TEXT "One. Two three. Four."

static const Cue three[] = {{0, 4, 0, 900}, {5, 15, 1000, 2500}, {16, 21, 2500, 4000}};

static DocumentPut *recording(Fx *f, const Cue *cues, size_t n)
{
    DocumentPut *p = fx_doc(f->a, 1, STR("Memo"), STR(TEXT));
    p->cues = cues;
    p->n_cues = n;
    return p;
}

static size_t found(Fx *f, const Uuid *owner, const Uuid *id, uint32_t start, uint32_t end,
                    Cue **out)
{
    size_t n;
    OK(store_cues(f->s, owner, id, start, end, f->a, out, &n, &oops));
    return n;
}

static void with_their_document(void **state)
{
    Fx *f = *state;
    Cue *c;
    Uuid other = fx_uuid(2000001), nobody = fx_uuid(77);
    DocumentPut *p = recording(f, three, 3);
    Uuid id = p->doc.id;
    fx_put(f, &f->owner, p, NULL);
    assert_int_equal(found(f, &f->owner, &id, 0, UINT32_MAX, &c), 3);
    for (size_t i = 0; i < 3; i++)
        assert_memory_equal(&c[i], &three[i], sizeof *c);
    assert_int_equal(found(f, &f->owner, &id, 6, 7, &c), 1);
    assert_int_equal(c[0].start_ms, 1000);
    assert_int_equal(found(f, &f->owner, &id, 4, 5, &c), 0);  /* the space between two */
    assert_int_equal(found(f, &f->owner, &id, 14, 17, &c), 2);
    assert_int_equal(found(f, &f->owner, &id, 21, 90, &c), 0);
    assert_int_equal(found(f, &other, &id, 0, UINT32_MAX, &c), 0);
    assert_int_equal(found(f, &f->owner, &nobody, 0, UINT32_MAX, &c), 0);
    OK(store_document_delete(f->s, &f->owner, &id, &oops));
    assert_int_equal(found(f, &f->owner, &id, 0, UINT32_MAX, &c), 0);
}

static void replaced(void **state)
{
    Fx *f = *state;
    Cue *c;
    const Cue one = {5, 15, 7000, 8000};
    DocumentPut *p = recording(f, three, 3);
    fx_put(f, &f->owner, p, NULL);
    fx_put(f, &f->owner, recording(f, &one, 1), NULL);
    assert_int_equal(found(f, &f->owner, &p->doc.id, 0, UINT32_MAX, &c), 1);
    assert_memory_equal(c, &one, sizeof one);
    fx_put(f, &f->owner, recording(f, NULL, 0), NULL);
    assert_int_equal(found(f, &f->owner, &p->doc.id, 0, UINT32_MAX, &c), 0);
}

static void said_at(void **state)
{
    Fx *f = *state;
    uint32_t from = 1, to = 1;
    DocumentPut *p = recording(f, three, 3);
    fx_put(f, &f->owner, p, NULL);
    assert_true(store_said_at(f->s, &f->owner, &p->doc.id, 6, 18, &from, &to));
    assert_int_equal(from, 1000);
    assert_int_equal(to, 4000);
    assert_false(store_said_at(f->s, &f->owner, &p->doc.id, 4, 5, &from, &to));
    Uuid nobody = fx_uuid(77);
    assert_false(store_said_at(f->s, &f->owner, &nobody, 0, 5, &from, &to));
}

/* Cues that are no pieces of the text in order are refused, and nothing is stored. */
static void refused(void **state)
{
    Fx *f = *state;
    const Cue bad[][2] = {
        {{0, 4, 0, 1}, {3, 8, 1, 2}},   /* they touch */
        {{5, 9, 0, 1}, {0, 4, 1, 2}},   /* out of order */
        {{0, 4, 0, 1}, {5, 22, 1, 2}},  /* behind the text's end */
        {{0, 4, 0, 1}, {5, 5, 1, 2}},   /* empty */
        {{0, 4, 2, 1}, {5, 9, 2, 3}},   /* ends before it begins */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Err err = ERR_INIT;
        PutOutcome outcome;
        Uuid id;
        assert_false(store_document_put(f->s, &f->owner, recording(f, bad[i], 2), &outcome, &id,
                                        &err));
        assert_int_equal(err.code, ERR_VALIDATION);
    }
    DocumentPut *p = fx_doc(f->a, 2, STR("Memo"), STR("\xC3\xA9t\xC3\xA9"));
    const Cue half = {0, 1, 0, 1}; /* of a letter */
    p->cues = &half;
    p->n_cues = 1;
    Err err = ERR_INIT;
    PutOutcome outcome;
    Uuid id;
    assert_false(store_document_put(f->s, &f->owner, p, &outcome, &id, &err));
    assert_int_equal(err.code, ERR_VALIDATION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(with_their_document, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(replaced, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(said_at, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(refused, fx_setup, fx_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
