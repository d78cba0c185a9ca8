/* A request whose handler hangs is answered by the server, or its connection ends: also when there
 * is not one byte of memory. */
#include <poll.h>

#include "support/unit.h"

#include "net/conn.h"
#include "unit/net/testserver.h"

static int begin(void **state)
{
    (void)state;
    static const ServerOptions options = {.host = "127.0.0.1"};
    ts_begin(&options);
    return 0;
}

static int end(void **state)
{
    (void)state;
    ts_end();
    return 0;
}

/* Something came, or the end; by poll, because reading takes memory. */
static void await(const Raw *r)
{
    struct pollfd p = {.fd = r->fd, .events = POLLIN};
    int got = poll(&p, 1, RAW_WAIT_MS);
    if (got != 1)
        mem_test_fail(0, false); /* what cmocka does next needs some */
    assert_int_equal(got, 1);
}

/* Opens a connection, asks for what hangs, and waits until its handler has it. */
static Raw ask(int handled)
{
    char text[128];
    Raw r = raw_open(ts.port);
    snprintf(text, sizeof text, "GET /hang HTTP/1.1\r\nHost: localhost:%u\r\n\r\n", ts.port);
    assert_true(raw_puts(&r, text));
    assert_true(ts_reaches(&ts.handled, handled));
    return r;
}

static void it_is_answered(void **state)
{
    (void)state;
    RawAnswer a;
    Raw r = ask(1);
    server_give_up(ts.server, 77, "another one's"); /* nothing happens */
    server_give_up(ts.server, 1, "it is not waited for");
    assert_true(raw_answer(&r, &a));
    assert_int_equal(a.status, 503);
    assert_true(str_find(buf_str(&a.body), STR("it is not waited for"), 0) != SIZE_MAX);
    raw_answer_release(&a);
    raw_close(&r);
}

/* Whichever allocation fails first, and all after it. */
static void without_memory_it_is_not_left_waiting(void **state)
{
    (void)state;
    for (uint64_t n = 1; n <= 8; n++) {
        RawAnswer a = {0};
        Raw r = ask((int)n);
        uint64_t serial = ts.server->next_serial; /* the loop is idle: the last one it has given */
        mem_test_fail(n, true);
        server_give_up(ts.server, serial, "it is not waited for");
        await(&r);
        mem_test_fail(0, false);
        assert_true(raw_answer(&r, &a) ? a.status == 503 : r.eof);
        raw_answer_release(&a);
        raw_close(&r);
    }
}

/* All at once, from a thread that is not the loop's: none is lost. */
static void as_many_as_may_hang(void **state)
{
    (void)state;
    Raw all[64];
    for (int i = 0; i < 64; i++)
        all[i] = ask(i + 1);
    mem_test_fail(1, true);
    for (uint64_t i = 1; i <= 64; i++)
        server_give_up(ts.server, i, "it is not waited for");
    for (int i = 0; i < 64; i++)
        await(&all[i]);
    mem_test_fail(0, false);
    for (int i = 0; i < 64; i++)
        raw_close(&all[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_is_answered, begin, end),
        cmocka_unit_test_setup_teardown(without_memory_it_is_not_left_waiting, begin, end),
        cmocka_unit_test_setup_teardown(as_many_as_may_hang, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
