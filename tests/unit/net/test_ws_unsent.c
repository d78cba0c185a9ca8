/* test_ws_unsent.c - how much a WebSocket's client has not read, told to another thread. */
#include "unit/net/wsclient.h"

static int setup(void **state)
{
    (void)state;
    ts_begin(&(ServerOptions){
        .host = "127.0.0.1",
        .limits = {.ws_message_bytes = 100000, .ws_queue_bytes = 200000, .ws_ping_ms = 60000,
                   .linger_ms = 200},
    });
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ts_end();
    return 0;
}

static atomic_size_t unsent;

static void watch(void *arg)
{
    (void)arg;
    (void)ws_watch_unsent(ts.server, atomic_load(&ts.ws_id), &unsent);
}

/* Who makes what is sent knows what waits, from when the reader is slow until it has caught up. */
static void what_waits_is_told(void **state)
{
    (void)state;
    Raw r = ws_open();
    size_t asked = 0;
    int small = 4096;
    setsockopt(r.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    assert_true(ts_reaches(&ts.ws_open, 1));
    atomic_store(&unsent, 1);
    assert_true(server_post(ts.server, watch, NULL));
    while (atomic_load(&unsent) != 0) /* nothing does */
        ts_sleep_ms(1);
    while (atomic_load(&unsent) == 0) {
        put_text(&r, "flood 4");
        asked += 4;
        ts_sleep_ms(1);
        assert_true(asked < 40000 && atomic_load(&ts.ws_closed) == 0);
    }
    for (size_t i = 0; i < asked; i++) {
        Buf got;
        assert_int_equal(next_frame(&r, &got, false), WS_OP_TEXT);
        buf_release(&got);
    }
    for (int i = 0; atomic_load(&unsent) != 0; i++) {
        assert_true(i < 10000);
        ts_sleep_ms(1);
    }
    raw_close(&r);
}

static atomic_bool unwatched;

static void unwatch(void *arg)
{
    (void)arg;
    (void)ws_watch_unsent(ts.server, atomic_load(&ts.ws_id), NULL);
    atomic_store(&unwatched, true);
}

/* Who wanted to know may go before the client does. */
static void and_then_not_any_more(void **state)
{
    (void)state;
    Raw r = ws_open();
    size_t asked = 0;
    int small = 4096;
    setsockopt(r.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    assert_true(ts_reaches(&ts.ws_open, 1));
    atomic_store(&unsent, 0);
    assert_true(server_post(ts.server, watch, NULL));
    while (atomic_load(&unsent) == 0) {
        put_text(&r, "flood 4");
        asked += 4;
        ts_sleep_ms(1);
        assert_true(asked < 40000 && atomic_load(&ts.ws_closed) == 0);
    }
    assert_true(server_post(ts.server, unwatch, NULL));
    while (!atomic_load(&unwatched))
        ts_sleep_ms(1);
    atomic_store(&unsent, SIZE_MAX);
    for (size_t i = 0; i < asked; i++) {
        Buf got;
        assert_int_equal(next_frame(&r, &got, false), WS_OP_TEXT);
        buf_release(&got);
    }
    assert_true(atomic_load(&unsent) == SIZE_MAX);
    raw_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_waits_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(and_then_not_any_more, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
