/* Fork, join and barrier: every member sees what all did before, however many runs. */
#include "support/unit.h"

#include <stdatomic.h>

#include "base/mem.h"
#include "base/team.h"

#define STEPS 200

typedef struct {
    Team *team;
    unsigned value[TEAM_MAX];
    atomic_uint wrong, calls;
} Shared;

/* Each step, everybody writes its own number, then reads all others' of that step. */
static void step(void *arg, unsigned member, unsigned members)
{
    Shared *s = arg;
    atomic_fetch_add(&s->calls, 1);
    for (unsigned i = 1; i <= STEPS; i++) {
        s->value[member] = i;
        team_barrier(s->team);
        for (unsigned k = 0; k < members; k++)
            if (s->value[k] != i)
                atomic_fetch_add(&s->wrong, 1);
        team_barrier(s->team);
    }
}

static void members_meet(void **state)
{
    (void)state;
    for (unsigned members = 1; members <= 5; members++) {
        Err err = ERR_INIT;
        Shared s = {.team = team_new(members, &err)};
        assert_non_null(s.team);
        assert_int_equal(team_members(s.team), members);
        for (int run = 0; run < 20; run++)
            team_run(s.team, step, &s);
        assert_int_equal(s.wrong, 0);
        assert_int_equal(s.calls, 20 * members);
        s.calls = 0;
        team_run_alone(s.team, step, &s);
        assert_int_equal(s.calls, 1);
        team_run(s.team, step, &s);
        assert_int_equal(s.calls, 1 + members);
        assert_int_equal(s.wrong, 0);
        team_free(s.team);
    }
}

static void parts_cover_everything_once(void **state)
{
    (void)state;
    for (unsigned units = 0; units < 40; units++) {
        for (unsigned members = 1; members <= TEAM_MAX; members++) {
            unsigned at = 0, from, to;
            for (unsigned i = 0; i < members; i++) {
                team_part(units, i, members, &from, &to);
                assert_int_equal(from, at);
                assert_true(to - from <= units / members + 1);
                at = to;
            }
            assert_int_equal(at, units);
        }
    }
}

static void refuses_what_it_cannot_be(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    assert_err(team_new(0, &err) != NULL, err, ERR_VALIDATION, "1 to 16");
    assert_err(team_new(TEAM_MAX + 1, &err) != NULL, err, ERR_VALIDATION, "1 to 16");
    for (uint64_t nth = 1; nth <= 3; nth++) {
        err = ERR_INIT;
        mem_test_fail(nth, 0);
        Team *t = team_new(3, &err);
        mem_test_fail(0, 0);
        assert_err(t != NULL, err, ERR_NO_MEMORY, "no ");
    }
    team_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_meet),
        cmocka_unit_test(parts_cover_everything_once),
        cmocka_unit_test(refuses_what_it_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
