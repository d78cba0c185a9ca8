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
        cmocka_unit_test(what_is_past_ones_part_is_owed),
        cmocka_unit_test(the_program_itself_has_used_nothing),
        cmocka_unit_test(contended_when_somebody_else_came_lately),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
