#include "support/unit.h"

#include "base/fair.h"
#include "base/mem.h"

static Fair *fresh(void)
{
    Fair *f = mem_zalloc(sizeof *f);
    assert_non_null(f);
    return f;
}

static void what_was_used_is_halved_every_second(void **state)
{
    (void)state;
    Fair *f = fresh();
    fair_charge(f, 7, 1000, 5000);
    assert_int_equal(fair_used(f, 7, 5000), 1000);
    assert_int_equal(fair_used(f, 7, 5999), 1000);
    assert_int_equal(fair_used(f, 7, 6000), 500);
    fair_charge(f, 7, 500, 6500);
    assert_int_equal(fair_used(f, 7, 7000), 500);
    assert_int_equal(fair_used(f, 7, 70000), 0);
    assert_int_equal(fair_used(f, 8, 70000), 0);
    mem_free(f);
}

static void only_who_pauses_is_forgiven(void **state)
{
    (void)state;
    Fair *f = fresh();
    FairPlace *flood = fair_place(f, 1), *person = fair_place(f, 2);
    fair_wait(flood, 1000); /* has always something waiting */
    for (uint64_t now = 1000; now < 11000; now += 100) {
        fair_wait(person, now);
        fair_run(person, now + 2);
        fair_done(person, 10000, now + 4);
        fair_wait(flood, now);
        fair_run(flood, now);
        fair_done(flood, 10000, now + 50);
        assert_false(fair_pressing(person, now + 5));
    }
    assert_int_equal(fair_used_by(flood, 11000), 100 * 10000);
    assert_in_range(fair_used_by(person, 11000), 100000, 250000);
    assert_true(fair_pressing(flood, 11000));
    fair_run(flood, 11000);
    fair_done(flood, 0, 11000);
    assert_false(fair_pressing(flood, 11000 + FAIR_PRESSED_MAX_MS));
    mem_free(f);
}

static void used_is_bounded_so_that_nobody_waits_for_ever(void **state)
{
    (void)state;
    Fair *f = fresh();
    fair_wait(fair_place(f, 1), 1000);
    for (int i = 0; i < 10; i++)
        fair_charge(f, 1, FAIR_MOST_NS / 2, 1000);
    assert_int_equal(fair_used(f, 1, 100000), FAIR_MOST_NS);
    mem_free(f);
}

/* Two thousand keys have places of their own; many more forget who has used least, and never one
 * who wants something. */
static void a_key_has_a_place_of_its_own(void **state)
{
    (void)state;
    Fair *f = fresh();
    for (uint64_t key = 1; key <= 1000; key++)
        fair_charge(f, key * 7919, key * 1000, 1000);
    for (uint64_t key = 1; key <= 1000; key++)
        assert_int_equal(fair_used(f, key * 7919, 1000), key * 1000);
    FairPlace *waits = fair_place(f, 7919);
    fair_wait(waits, 1000);
    for (uint64_t key = 1; key <= 100000; key++)
        fair_charge(f, key << 20 | 5, 1, 1000);
    assert_ptr_equal(fair_place(f, 7919), waits);
    assert_int_equal(waits->waiting, 1);
    assert_int_equal(fair_used(f, 1000 * 7919, 1000), 1000000);
    mem_free(f);
}

static void the_program_itself_has_used_nothing(void **state)
{
    (void)state;
    Fair *f = fresh();
    fair_charge(f, 0, 1000000, 1000);
    assert_int_equal(fair_used(f, 0, 1000), 0);
    mem_free(f);
}

static void contended_when_somebody_else_came_lately(void **state)
{
    (void)state;
    Fair *f = fresh();
    for (uint64_t now = 1000; now < 9000; now += 500)
        fair_seen(f, 1, now);
    fair_seen(f, 0, 9000);
    assert_false(fair_contended(f, 9000));
    fair_seen(f, 2, 9100);
    assert_true(fair_contended(f, 9100));
    fair_seen(f, 2, 11000);
    assert_true(fair_contended(f, 11099));
    assert_false(fair_contended(f, 11100));
    mem_free(f);
}

static void what_is_past_ones_part_is_owed(void **state)
{
    (void)state;
    Fair *f = fresh();
    const uint64_t ms = 1000000, t = 1000 * ms;
    f->part = 200;
    assert_int_equal(fair_owes(f, 5, t), 0);
    fair_charge(f, 5, FAIR_BURST_NS, 1000);
    assert_int_equal(fair_owes(f, 5, t), 0); /* in advance */
    fair_charge(f, 5, 10 * ms, 1000);
    uint64_t owes = fair_owes(f, 5, t); /* 10 ms at a fifth */
    assert_in_range(owes, 50 * ms, 51 * ms);
    assert_in_range(fair_owes(f, 5, t + 20 * ms), 30 * ms, 31 * ms);
    assert_int_equal(fair_owes(f, 5, t + owes), 0);
    fair_charge(f, 5, 3600000 * ms, 2000); /* an hour is forgiven but for its end */
    assert_in_range(fair_owes(f, 5, 2 * t), 250 * ms, (FAIR_DEBT_NS - FAIR_BURST_NS) * 5 + ms);
    assert_int_equal(fair_owes(f, 0, t), 0);
    mem_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_used_is_halved_every_second),
        cmocka_unit_test(only_who_pauses_is_forgiven),
        cmocka_unit_test(used_is_bounded_so_that_nobody_waits_for_ever),
        cmocka_unit_test(a_key_has_a_place_of_its_own),
        cmocka_unit_test(what_is_past_ones_part_is_owed),
        cmocka_unit_test(the_program_itself_has_used_nothing),
        cmocka_unit_test(contended_when_somebody_else_came_lately),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
