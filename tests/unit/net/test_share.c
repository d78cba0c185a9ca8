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
    return (Conn){.server = &server, .address = address, .dead = true,
                  .opened_ms = loop_now_ms(server.loop)};
}

/* A turn is a quarter of a millisecond, in which a busy machine may do nothing at all. */
static void serve(const Conn *until)
{
    for (int i = 0; i < 1000 && until->ready; i++)
        share_serve(server.share);
    assert_false(until->ready);
}

static void both_want_something(void)
{
    Conn a = gone(FLOOD), b = gone(PERSON);
    share_add(server.share, &a);
    share_add(server.share, &b);
    serve(&a);
    serve(&b);
}

static void alone_an_address_gets_everything(void **state)
{
    (void)state;
    Conn a = gone(FLOOD);
    share_charge(server.share, FLOOD, 10000 * (uint64_t)MS);
    assert_true(share_may_open(server.share, FLOOD));
    share_add(server.share, &a);
    serve(&a);
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
    serve(&b);
    assert_true(a.ready); /* a second at three tenths is more than three away */
    share_drop(server.share);
    assert_false(a.ready);
}

static void who_has_been_there_and_asks_little_goes_first(void **state)
{
    (void)state;
    both_want_something();
    share_charge(server.share, PERSON, 1000 * MS); /* others behind the same address, say */
    Conn fresh = gone(FLOOD), calm = gone(PERSON), costly = gone(PERSON);
    calm.opened_ms -= 1000;
    costly.opened_ms -= 1000;
    fair_add(&costly.had, 3 * MS, loop_now_ms(server.loop));
    share_add(server.share, &costly);
    share_add(server.share, &fresh);
    share_add(server.share, &calm);
    serve(&calm);
    assert_true(costly.ready); /* its address owes */
    share_drop(server.share);
}

/* Each of sixty addresses is far below its own part, all together are not. */
static void many_addresses_have_one_part_together(void **state)
{
    (void)state;
    for (uint64_t i = 10; i < 70; i++)
        share_charge(server.share, i, 3 * MS);
    Conn flood = gone(10), calm = gone(PERSON);
    calm.opened_ms -= 1000;
    share_add(server.share, &flood);
    share_add(server.share, &calm);
    serve(&calm);
    assert_true(flood.ready);
    share_drop(server.share);
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
        cmocka_unit_test_setup_teardown(who_has_been_there_and_asks_little_goes_first, begin, end),
        cmocka_unit_test_setup_teardown(many_addresses_have_one_part_together, begin, end),
        cmocka_unit_test_setup_teardown(and_opens_no_connection, begin, end),
        cmocka_unit_test_setup_teardown(what_is_owed_is_paid, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
