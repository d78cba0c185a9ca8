/* What documents commit to: written with them, decided about once, gone with them. */
#include "store/commitments.h"
#include "store_unit.h"

static CommitmentNew commitment(uint64_t id, uint8_t key, uint32_t start, uint32_t end, int64_t due)
{
    CommitmentNew n = {.id = fx_uuid(id), .key = {key}, .kind = 1, .start = start, .end = end,
        .due_at = due, .timed = true, .strength = 0.8};
    return n;
}

static size_t list(Fx *f, const CommitmentState *state, StoredCommitment **out)
{
    CommitmentQuery q = {.from = 0, .until = 10000, .least = 0.6, .state = state, .limit = 10};
    size_t n;
    uint64_t total;
    OK(store_commitment_list(f->s, &f->owner, &q, f->a, out, &n, &total, &oops));
    assert_int_equal(total, n);
    return n;
}

static const CommitmentState open_one = COMMITMENT_OPEN, taken = COMMITMENT_TAKEN;

static void with_their_document(void **state)
{
    Fx *f = *state;
    StoredCommitment *found;
    DocumentPut *p = fx_doc(f->a, 1, STR("A bill"), STR("Pay soon. Sign later. The end."));
    CommitmentNew both[] = {commitment(11, 1, 10, 21, 900), commitment(12, 2, 0, 9, 300)};
    p->commitments = both;
    p->n_commitments = 2;
    fx_put(f, &f->owner, p, NULL);
    assert_int_equal(list(f, &open_one, &found), 2);
    assert_true(str_eq(found[0].text, STR("Pay soon.")));
    assert_true(str_eq(found[0].title, STR("A bill")));
    assert_int_equal(found[0].due_at, 300);
    assert_true(found[0].timed);
    assert_true(str_eq(found[1].text, STR("Sign later.")));
    Uuid id = fx_uuid(12), nobody = fx_uuid(77), other = fx_uuid(2000001);
    StoredCommitment one;
    OK(store_commitment_get(f->s, &f->owner, &id, f->a, &one, &oops));
    assert_int_equal(one.start, 0);
    assert_int_equal(one.end, 9);
    Err err = ERR_INIT;
    assert_false(store_commitment_get(f->s, &f->owner, &nobody, f->a, &one, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    err = ERR_INIT;
    assert_false(store_commitment_get(f->s, &other, &id, f->a, &one, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    OK(store_document_delete(f->s, &f->owner, &p->doc.id, &oops));
    assert_int_equal(list(f, NULL, &found), 0);
}

static void decided_once(void **state)
{
    Fx *f = *state;
    StoredCommitment *found;
    Uuid id = fx_uuid(11), task = fx_uuid(500), nobody = fx_uuid(77);
    Err err = ERR_INIT;
    DocumentPut *p = fx_doc(f->a, 1, STR("A bill"), STR("Pay soon. Sign later. The end."));
    CommitmentNew one = commitment(11, 1, 0, 9, 900), again = commitment(11, 1, 0, 9, 900);
    p->commitments = &one;
    p->n_commitments = 1;
    fx_put(f, &f->owner, p, NULL);
    OK(store_commitment_decide(f->s, &f->owner, &id, COMMITMENT_TAKEN, &task, &oops));
    assert_int_equal(list(f, &open_one, &found), 0);
    assert_int_equal(list(f, &taken, &found), 1);
    assert_memory_equal(found[0].task.b, task.b, 16);
    /* Read again: the decision stays. */
    p->commitments = &again;
    fx_put(f, &f->owner, p, NULL);
    assert_int_equal(list(f, &taken, &found), 1);
    /* The same words in another document are the same commitment. */
    DocumentPut *copy = fx_doc(f->a, 2, STR("A copy"), STR("Pay soon. And more."));
    CommitmentNew twin = commitment(21, 1, 0, 9, 900);
    copy->commitments = &twin;
    copy->n_commitments = 1;
    fx_put(f, &f->owner, copy, NULL);
    assert_int_equal(list(f, &open_one, &found), 0);
    assert_int_equal(list(f, NULL, &found), 1);
    /* A text that does not have the sentence any more has no commitment. */
    p->commitments = NULL;
    p->n_commitments = 0;
    fx_put(f, &f->owner, p, NULL);
    assert_int_equal(list(f, &taken, &found), 1);
    assert_true(str_eq(found[0].title, STR("A copy")));
    assert_false(store_commitment_decide(f->s, &f->owner, &nobody, COMMITMENT_DISMISSED, NULL,
        &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
}

static void refused(void **state)
{
    Fx *f = *state;
    Err err = ERR_INIT;
    PutOutcome outcome;
    Uuid id = fx_uuid(11), unused;
    DocumentPut *p = fx_doc(f->a, 1, STR("A bill"), STR("Gr\xC3\xBC\xC3\x9F" "e."));
    CommitmentNew bad[] = {commitment(11, 1, 3, 5, 900), commitment(12, 2, 4, 4, 900),
        commitment(13, 3, 0, 99, 900)};
    for (size_t i = 0; i < 3; i++) {
        err = ERR_INIT;
        p->commitments = &bad[i];
        p->n_commitments = 1;
        assert_false(store_document_put(f->s, &f->owner, p, &outcome, &unused, &err));
        assert_int_equal(err.code, ERR_VALIDATION);
    }
    err = ERR_INIT;
    assert_false(store_commitment_decide(f->s, &f->owner, &id, COMMITMENT_TAKEN, NULL, &err));
    assert_int_equal(err.code, ERR_VALIDATION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(with_their_document, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(decided_once, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(refused, fx_setup, fx_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
