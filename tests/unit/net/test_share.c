/* Whose turn it is on the loop, and who may open a connection. The addresses are numbers: lanes. */
#include "support/unit.h"

#include "base/clock.h"
#include "base/mem.h"
#include "net/conn.h"

#define FLOOD 1u
#define PERSON 2u
#define MS 1000000u

static Server server;
static LoopTimers timers;

static int begin(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    memset(&server, 0, sizeof server);
    server.loop = loop_new(&err);
    assert_non_null(server.loop);
    loop_timers_init(server.loop, &timers, 1000);
    server.share = share_new(server.loop, &timers);
    assert_non_null(server.share);
    return 0;
}

static int end(void **state)
{
    (void)state;
    share_free(server.share);
    loop_free(server.loop);
    return 0;
}

/* It has gone: its turn does nothing, but that it has had it can be seen. */
static Conn gone(uint64_t address)
{
    return (Conn){.server = &server, .address = address, .dead = true};
}

static void both_want_something(void)
{
    Conn a = gone(FLOOD), b = gone(PERSON);
    share_add(server.share, &a);
    share_add(server.share, &b);
    share_serve(server.share);
    assert_false(a.ready);
    assert_false(b.ready);
}

static void alone_an_address_gets_everything(void **state)
{
    (void)state;
    Conn a = gone(FLOOD);
    share_charge(server.share, FLOOD, 10000 * (uint64_t)MS);
    assert_true(share_may_open(server.share, FLOOD));
    share_add(server.share, &a);
    share_serve(server.share);
    assert_false(a.ready);
    assert_false(share_contended(server.share));
}

static void past_its_part_it_waits(void **state)
{
    (void)state;
    both_want_something();
    assert_true(share_contended(server.share));
    share_charge(server.share, FLOOD, 1000 * MS);
    Conn a = gone(FLOOD), b = gone(PERSON);
    share_add(server.share, &a);
    share_add(server.share, &b);
    share_serve(server.share);
    assert_true(a.ready); /* a second at three tenths is more than three away */
    assert_false(b.ready);
    share_drop(server.share);
    assert_false(a.ready);
}

static void and_opens_no_connection(void **state)
{
    (void)state;
    both_want_something();
    share_charge(server.share, FLOOD, 40 * MS);
    assert_true(share_may_open(server.share, FLOOD)); /* at the limit of 50 ms: not yet */
    share_charge(server.share, FLOOD, 1000 * MS);
    assert_false(share_may_open(server.share, FLOOD));
    assert_true(share_may_open(server.share, PERSON));
}

static void what_is_owed_is_paid(void **state)
{
    (void)state;
    both_want_something();
    share_charge(server.share, FLOOD, 60 * MS);
    uint64_t start = clock_mono_ns();
    while (!share_may_open(server.share, FLOOD))
        assert_true(clock_seconds_since(start) < 10);
    assert_true(clock_seconds_since(start) > 0.02); /* 10 ms at three tenths, but for the start */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(alone_an_address_gets_everything, begin, end),
        cmocka_unit_test_setup_teardown(past_its_part_it_waits, begin, end),
        cmocka_unit_test_setup_teardown(and_opens_no_connection, begin, end),
        cmocka_unit_test_setup_teardown(what_is_owed_is_paid, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
