/* test_websocket.c - WebSocket over raw sockets: the handshake, frames as bytes, and their
 * faults. */
#include "unit/net/wsclient.h"

#define MESSAGE_MAX 100000

static int setup_with(uint32_t ping_ms)
{
    ts_begin(&(ServerOptions){
        .host = "127.0.0.1",
        .limits = {.ws_message_bytes = MESSAGE_MAX, .ws_queue_bytes = 200000,
                   .ws_ping_ms = ping_ms, .linger_ms = 200},
    });
    return 0;
}

static int setup(void **state)
{
    (void)state;
    return setup_with(200);
}

/* For clients that answer no ping. */
static int setup_patient(void **state)
{
    (void)state;
    return setup_with(60000);
}

static int teardown(void **state)
{
    (void)state;
    ts_end();
    return 0;
}

/* ---- the handshake ---- */

static void handshakes(void **state)
{
    (void)state;
    static const struct {
        const char *line, *headers;
        int status;
    } cases[] = {
        {"GET /ws HTTP/1.1", UPGRADE KEY VERSION, 101},
        {"GET /ws HTTP/1.1", "upgrade: WebSocket\r\nconnection: UPGRADE\r\n" KEY VERSION, 101},
        {"GET /ws HTTP/1.1", UPGRADE KEY VERSION "Sec-WebSocket-Extensions: permessage-deflate\r\n",
         101},
        {"GET /ws HTTP/1.1", "", 426},
        {"GET /ws HTTP/1.1", KEY VERSION "Upgrade: websocket\r\n", 426},
        {"GET /ws HTTP/1.1", KEY VERSION "Connection: Upgrade\r\n", 426},
        {"GET /ws HTTP/1.1", KEY VERSION "Connection: Upgrade\r\nUpgrade: h2c\r\n", 426},
        {"GET /ws HTTP/1.1", UPGRADE KEY, 426},
        {"GET /ws HTTP/1.1", UPGRADE KEY "Sec-WebSocket-Version: 8\r\n", 426},
        {"GET /ws HTTP/1.1", UPGRADE VERSION, 400},
        {"GET /ws HTTP/1.1", UPGRADE KEY KEY VERSION, 400},
        {"GET /ws HTTP/1.1", UPGRADE VERSION "Sec-WebSocket-Key: short\r\n", 400},
        {"GET /ws HTTP/1.1", UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=!\r\n",
         400},
        {"GET /ws HTTP/1.1", UPGRADE KEY VERSION "Content-Length: 0\r\n", 400},
        {"GET /ws HTTP/1.0", UPGRADE KEY VERSION, 400},
        {"POST /ws HTTP/1.1", UPGRADE KEY VERSION, 400},
        {"GET /ws?token=wrong HTTP/1.1", UPGRADE KEY VERSION, 401},
        {"GET /ws HTTP/1.1", UPGRADE KEY VERSION "Origin: https://evil.example\r\n", 403},
        {"GET /ws HTTP/1.1", UPGRADE KEY VERSION "Origin: null\r\n", 403},
        {"GET /ws HTTP/1.1", UPGRADE KEY VERSION "Sec-Fetch-Site: cross-site\r\n", 403},
        {"GET /json HTTP/1.1", UPGRADE KEY VERSION, 200}, /* an offer may be declined */
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        Raw r;
        RawAnswer a;
        handshake(&r, cases[i].line, cases[i].headers, &a);
        if (a.status != cases[i].status)
            fail_msg("case %zu: %d instead of %d", i, a.status, cases[i].status);
        if (a.status == 426)
            assert_str(raw_header(&a, "Upgrade"), "websocket");
        raw_answer_release(&a);
        raw_close(&r);
    }
}

static void frames_right_behind_the_handshake(void **state)
{
    (void)state;
    Raw r = raw_open(ts.port);
    RawAnswer a;
    char text[1024];
    int n = snprintf(text, sizeof text, "GET /ws HTTP/1.1\r\nHost: localhost:%u\r\n" UPGRADE KEY
                     VERSION "\r\n", ts.port);
    n += (int)frame(0x81, "early", 5, -1, (uint8_t *)text + n);
    raw_send(&r, text, (size_t)n);
    assert_true(raw_answer(&r, &a));
    assert_int_equal(a.status, 101);
    expect_text(&r, "early");
    raw_close(&r);
}

/* ---- messages ---- */

static void echo_of_every_length(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 2, 7, 8, 9, 124, 125, 126, 127, 65535, 65536, 65537,
                                   MESSAGE_MAX};
    Raw r = ws_open();
    char *text = malloc(MESSAGE_MAX + 1);
    assert_non_null(text);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        Buf got;
        for (size_t k = 0; k < sizes[i]; k++)
            text[k] = (char)('a' + (k + i) % 26);
        put_frame(&r, i % 2 ? 0x82 : 0x81, text, sizes[i]);
        assert_int_equal(next_frame(&r, &got, false), i % 2 ? WS_OP_BINARY : WS_OP_TEXT);
        assert_int_equal(got.len, sizes[i]);
        if (sizes[i])
            assert_memory_equal(got.ptr, text, sizes[i]);
        buf_release(&got);
    }
    free(text);
    raw_close(&r);
}

static void fragments(void **state)
{
    (void)state;
    Raw r = ws_open();
    Buf got;
    put_frame(&r, 0x01, "Hel", 3);
    put_frame(&r, 0x89, "ping in between", 15);
    put_frame(&r, 0x00, "", 0);
    put_frame(&r, 0x00, "lo ", 3);
    put_frame(&r, 0x8A, "a pong nobody asked for", 23);
    put_frame(&r, 0x80, "W\xC3\xB6rld", 6);
    assert_int_equal(next_frame(&r, &got, false), WS_OP_PONG);
    assert_str(buf_str(&got), "ping in between");
    buf_release(&got);
    expect_text(&r, "Hello W\xC3\xB6rld");
    /* a character cut between two frames */
    put_frame(&r, 0x01, "\xE2\x82", 2);
    put_frame(&r, 0x80, "\xAC", 1);
    expect_text(&r, "\xE2\x82\xAC");
    put_frame(&r, 0x01, "", 0);
    put_frame(&r, 0x80, "", 0);
    expect_text(&r, "");
    raw_close(&r);
}

static void byte_by_byte(void **state)
{
    (void)state;
    Raw r = ws_open();
    uint8_t out[512];
    char text[300];
    memset(text, 'q', sizeof text);
    size_t n = frame(0x81, text, 200, -1, out);
    n += frame(0x89, "p", 1, -1, out + n);
    for (size_t i = 0; i < n; i++)
        raw_send(&r, out + i, 1);
    text[200] = '\0';
    expect_text(&r, text);
    Buf got;
    assert_int_equal(next_frame(&r, &got, false), WS_OP_PONG);
    buf_release(&got);
    raw_close(&r);
}

static void many_in_one_write(void **state)
{
    (void)state;
    Raw r = ws_open();
    static uint8_t out[64 * 1000];
    size_t n = 0;
    char text[32];
    for (int i = 0; i < 1000; i++) {
        snprintf(text, sizeof text, "message %d", i);
        n += frame(0x81, text, strlen(text), -1, out + n);
    }
    raw_send(&r, out, n);
    for (int i = 0; i < 1000; i++) {
        snprintf(text, sizeof text, "message %d", i);
        expect_text(&r, text);
    }
    raw_close(&r);
}

/* ---- faults ---- */

static void faults(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint8_t first;
        const char *payload;
        size_t len;
        int bytes; /* of the length field, -1 the shortest */
        int code;
    } cases[] = {
        {"rsv1", 0xC1, "x", 1, -1, 1002},
        {"rsv2", 0xA1, "x", 1, -1, 1002},
        {"rsv3", 0x91, "x", 1, -1, 1002},
        {"opcode 3", 0x83, "x", 1, -1, 1002},
        {"opcode 7", 0x87, "x", 1, -1, 1002},
        {"opcode 11", 0x8B, "x", 1, -1, 1002},
        {"opcode 15", 0x8F, "", 0, -1, 1002},
        {"continuation of nothing", 0x80, "x", 1, -1, 1002},
        {"unfinished continuation of nothing", 0x00, "x", 1, -1, 1002},
        {"fragmented ping", 0x09, "x", 1, -1, 1002},
        {"fragmented close", 0x08, "", 0, -1, 1002},
        {"length 5 in 16 bits", 0x81, "abcde", 5, 2, 1002},
        {"length 125 in 64 bits", 0x81, "abcde", 5, 8, 1002},
        {"invalid UTF-8", 0x81, "a\xFF" "b", 3, -1, 1007},
        {"overlong UTF-8", 0x81, "\xC0\xAF", 2, -1, 1007},
        {"surrogate", 0x81, "\xED\xA0\x80", 3, -1, 1007},
        {"beyond U+10FFFF", 0x81, "\xF4\x90\x80\x80", 4, -1, 1007},
        {"cut UTF-8 at the end", 0x81, "\xE2\x82", 2, -1, 1007},
        {"close of one byte", 0x88, "\x03", 1, -1, 1002},
        {"close 999", 0x88, "\x03\xE7", 2, -1, 1002},
        {"close 1004", 0x88, "\x03\xEC", 2, -1, 1002},
        {"close 1005", 0x88, "\x03\xED", 2, -1, 1002},
        {"close 1006", 0x88, "\x03\xEE", 2, -1, 1002},
        {"close 1015", 0x88, "\x03\xF7", 2, -1, 1002},
        {"close 2999", 0x88, "\x0B\xB7", 2, -1, 1002},
        {"close 5000", 0x88, "\x13\x88", 2, -1, 1002},
        {"close with invalid UTF-8", 0x88, "\x03\xE8\xFF", 3, -1, 1007},
        {"close", 0x88, "", 0, -1, 1005},
        {"close 1000", 0x88, "\x03\xE8", 2, -1, 1000},
        {"close 1001 with a reason", 0x88, "\x03\xE9" "bye", 5, -1, 1001},
        {"close 1012", 0x88, "\x03\xF4", 2, -1, 1012},
        {"close 3000", 0x88, "\x0B\xB8", 2, -1, 3000},
        {"close 4999", 0x88, "\x13\x87", 2, -1, 4999},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        Raw r = ws_open();
        uint8_t out[256];
        int closed = atomic_load(&ts.ws_closed);
        size_t n = frame(cases[i].first, cases[i].payload, cases[i].len, cases[i].bytes, out);
        n += frame(0x81, "after", 5, -1, out + n); /* must not be answered */
        print_message("%s\n", cases[i].name);
        raw_send(&r, out, n);
        expect_close(&r, cases[i].code);
        assert_true(ts_reaches(&ts.ws_closed, closed + 1));
        assert_int_equal(atomic_load(&ts.ws_last_code), cases[i].code);
        raw_close(&r);
    }
}

static void unmasked_frames(void **state)
{
    (void)state;
    Raw r = ws_open();
    raw_send(&r, "\x81\x02hi", 4);
    expect_close(&r, 1002);
    raw_close(&r);
}

static void long_control_frames(void **state)
{
    (void)state;
    char payload[126];
    memset(payload, 'p', sizeof payload);
    Raw r = ws_open();
    Buf got;
    put_frame(&r, 0x89, payload, 125);
    assert_int_equal(next_frame(&r, &got, false), WS_OP_PONG);
    assert_int_equal(got.len, 125);
    buf_release(&got);
    put_frame(&r, 0x89, payload, 126);
    expect_close(&r, 1002);
    raw_close(&r);
}

static void text_inside_a_message(void **state)
{
    (void)state;
    Raw r = ws_open();
    put_frame(&r, 0x01, "one", 3);
    put_frame(&r, 0x81, "two", 3);
    expect_close(&r, 1002);
    raw_close(&r);
}

static void invalid_text_is_refused_before_its_end(void **state)
{
    (void)state;
    Raw r = ws_open();
    put_frame(&r, 0x01, "good so far", 11);
    put_frame(&r, 0x00, "\xFFnot any more", 13); /* no final frame follows */
    expect_close(&r, 1007);
    raw_close(&r);
}

static void huge_messages(void **state)
{
    (void)state;
    static const uint8_t heads[][10] = {
        {0x82, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, /* 2^63 - 1 */
        {0x82, 0xFF, 0, 0, 0, 0, 0, 0x01, 0x86, 0xA1},                /* 100001 */
    };
    for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
        Raw r = ws_open();
        raw_send(&r, heads[i], 10);
        raw_send(&r, mask, 4);
        expect_close(&r, 1009); /* told by the header: the payload has not been sent */
        raw_close(&r);
    }
    Raw r = ws_open();
    raw_send(&r, "\x82\xFF\x80\0\0\0\0\0\0\0\1\2\3\4", 14); /* the top bit of the length */
    expect_close(&r, 1002);
    raw_close(&r);
    r = ws_open();
    static char half[60000];
    put_frame(&r, 0x02, half, sizeof half);
    put_frame(&r, 0x80, half, sizeof half);
    expect_close(&r, 1009);
    raw_close(&r);
}

/* ---- the life of a connection ---- */

static void the_server_closes(void **state)
{
    (void)state;
    Raw r = ws_open();
    Buf got;
    put_text(&r, "close me");
    assert_int_equal(next_frame(&r, &got, false), WS_OP_CLOSE);
    assert_str(buf_str(&got), "\x0F\xA1" "as you wish");
    buf_release(&got);
    put_text(&r, "not heard any more");
    put_frame(&r, 0x88, "\x0F\xA1", 2);
    assert_true(raw_closed(&r, RAW_WAIT_MS));
    assert_int_equal(r.in.len, 0);
    assert_true(ts_reaches(&ts.ws_closed, 1));
    assert_int_equal(atomic_load(&ts.ws_last_code), 4001);
    raw_close(&r);
}

static void a_broken_connection_is_1006(void **state)
{
    (void)state;
    Raw r = ws_open();
    raw_close(&r);
    assert_true(ts_reaches(&ts.ws_closed, 1));
    assert_int_equal(atomic_load(&ts.ws_last_code), 1006);
}

static void pings(void **state)
{
    (void)state;
    Raw r = ws_open();
    Buf got;
    uint64_t start = raw_now_ms();
    assert_int_equal(next_frame(&r, &got, true), WS_OP_PING);
    buf_release(&got);
    assert_true(raw_now_ms() - start >= 150);
    put_frame(&r, 0x8A, "", 0);
    for (int i = 0; i < 4; i++) { /* answered: goes on for ever */
        assert_int_equal(next_frame(&r, &got, true), WS_OP_PING);
        buf_release(&got);
        put_frame(&r, 0x8A, "", 0);
    }
    /* not answered any more: closed after two */
    assert_true(raw_closed(&r, RAW_WAIT_MS));
    assert_true(ts_reaches(&ts.ws_closed, 1));
    raw_close(&r);
}

static void a_slow_reader_is_closed_with_1013(void **state)
{
    (void)state;
    Raw r = ws_open();
    put_text(&r, "flood 40000"); /* forty megabytes, far more than the socket and the queue hold */
    ts_sleep_ms(100);
    ServerStats stats;
    server_stats(ts.server, &stats);
    assert_true(stats.body_bytes_held <= 2 * 200000 + 65536);
    expect_close(&r, 1013);
    assert_true(ts_reaches(&ts.ws_closed, 1));
    assert_int_equal(atomic_load(&ts.ws_last_code), 1013);
    raw_close(&r);
}

/* Of a token that was revoked: what has not begun to be sent is not sent any more. */
static void who_is_put_out_gets_nothing_more(void **state)
{
    (void)state;
    Raw r = ws_open();
    int op;
    assert_true(ts_reaches(&ts.ws_open, 1));
    WsId id = atomic_load(&ts.ws_id);
    size_t asked = 0, came = 0;
    ServerStats before = {0}, stats = {0};
    do { /* until the socket takes no more, and some of it waits */
        before = stats;
        if (stats.body_bytes_held < 50 * 1024) {
            put_text(&r, "flood 60");
            asked += 60;
        }
        ts_sleep_ms(asked < 2000 ? 2 : 50);
        server_stats(ts.server, &stats);
        assert_true(asked < 40000);
    } while (stats.body_bytes_held < 50 * 1024 || before.body_bytes_held != stats.body_bytes_held);
    assert_true(ws_post_close(ts.server, id, WS_CLOSE_POLICY, STR("out")));
    ts_sleep_ms(50);
    do {
        Buf got;
        op = next_frame(&r, &got, false);
        assert_true(op == WS_OP_TEXT || op == WS_OP_CLOSE);
        buf_release(&got);
        came += op == WS_OP_TEXT;
    } while (op == WS_OP_TEXT);
    assert_true(came < asked);
    raw_close(&r);
}

static void a_reader_that_never_reads_is_cut(void **state)
{
    (void)state;
    Raw r = ws_open();
    put_text(&r, "flood 40000");
    assert_true(ts_reaches(&ts.ws_closed, 1)); /* the closing frame cannot be sent either */
    raw_close(&r);
}

static void a_flood_of_pings(void **state)
{
    (void)state;
    Raw r = ws_open();
    int small = 4096;
    setsockopt(r.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    uint8_t out[140], payload[125] = {0};
    size_t n = frame(0x89, payload, sizeof payload, -1, out), at = 0;
    uint64_t start = raw_now_ms();
    while (atomic_load(&ts.ws_closed) == 0 && raw_now_ms() - start < 20000) {
        ssize_t w = send(r.fd, out + at, n - at, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (w > 0)
            at = (at + (size_t)w) % n;
        else
            ts_sleep_ms(1); /* nobody reads the pongs */
    }
    assert_int_equal(atomic_load(&ts.ws_closed), 1);
    raw_close(&r);
}

static void sending_from_other_threads(void **state)
{
    (void)state;
    Raw r = ws_open();
    assert_true(ts_reaches(&ts.ws_open, 1));
    WsId id = atomic_load(&ts.ws_id);
    char text[32];
    for (int i = 0; i < 100; i++) {
        snprintf(text, sizeof text, "post %d", i);
        assert_true(ws_post_text(ts.server, id, str_of(text)));
    }
    for (int i = 0; i < 100; i++) {
        snprintf(text, sizeof text, "post %d", i);
        expect_text(&r, text);
    }
    assert_true(ws_post_close(ts.server, id, 4002, STR("revoked")));
    Buf got;
    assert_int_equal(next_frame(&r, &got, false), WS_OP_CLOSE);
    assert_str(buf_str(&got), "\x0F\xA2revoked");
    buf_release(&got);
    raw_close(&r);
    assert_true(ts_reaches(&ts.ws_closed, 1));
    assert_true(ws_post_text(ts.server, id, STR("to nobody"))); /* an id is never valid twice */
    Raw second = ws_open();
    assert_true(ts_reaches(&ts.ws_open, 2));
    assert_true(atomic_load(&ts.ws_id) != id);
    ws_post_text(ts.server, id, STR("still to nobody"));
    ws_post_text(ts.server, atomic_load(&ts.ws_id), STR("to somebody"));
    expect_text(&second, "to somebody");
    raw_close(&second);
}

static void one_message_to_many(void **state)
{
    (void)state;
    Raw r[20];
    WsId ids[1000];
    for (size_t i = 0; i < ARRAY_LEN(r); i++) {
        r[i] = ws_open();
        assert_true(ts_reaches(&ts.ws_open, (int)i + 1));
        ids[i] = atomic_load(&ts.ws_id);
    }
    for (size_t i = ARRAY_LEN(r); i < ARRAY_LEN(ids); i++)
        ids[i] = ids[i % ARRAY_LEN(r)]; /* fifty times each, in several turns of the loop */
    raw_close(&r[19]); /* one has gone */
    assert_true(ts_reaches(&ts.ws_closed, 1));
    assert_true(ws_post_text_many(ts.server, ids, ARRAY_LEN(ids), STR("to all")));
    assert_true(ws_post_text(ts.server, ids[0], STR("and then this")));
    for (size_t i = 0; i + 1 < ARRAY_LEN(r); i++) {
        for (int k = 0; k < 50; k++)
            expect_text(&r[i], "to all");
        if (i == 0)
            expect_text(&r[i], "and then this"); /* posts keep their order */
        raw_close(&r[i]);
    }
    assert_true(ws_post_text_many(ts.server, NULL, 0, STR("to nobody")));
}

/* Nobody waits for a message for which there was no memory. */
static void a_lost_message_ends_it(void **state)
{
    (void)state;
    Raw r[3];
    WsId ids[3];
    for (size_t i = 0; i < ARRAY_LEN(r); i++) {
        r[i] = ws_open();
        assert_true(ts_reaches(&ts.ws_open, (int)i + 1));
        ids[i] = atomic_load(&ts.ws_id);
    }
    mem_test_fail(1, 0);
    assert_false(ws_post_text(ts.server, ids[0], STR("an answer")));
    mem_test_fail(0, 0);
    expect_close(&r[0], WS_CLOSE_TRY_LATER);
    mem_test_fail(1, 0);
    assert_false(ws_post_text_many(ts.server, &ids[1], 1, STR("a notice")));
    mem_test_fail(0, 0);
    expect_close(&r[1], WS_CLOSE_TRY_LATER);
    assert_true(ws_post_text(ts.server, ids[2], STR("still here")));
    expect_text(&r[2], "still here");
    for (int i = 0; i < 10000; i++)
        ws_post_lost(ts.server, ids[0]); /* has gone; more than there is room for, so all are */
    expect_close(&r[2], WS_CLOSE_TRY_LATER);
    for (size_t i = 0; i < ARRAY_LEN(r); i++)
        raw_close(&r[i]);
    Raw again = ws_open();
    assert_true(ts_reaches(&ts.ws_open, 4));
    raw_close(&again);
}

static void stopping_says_1001(void **state)
{
    (void)state;
    Raw r = ws_open();
    server_stop(ts.server, 1000);
    Buf got;
    assert_int_equal(next_frame(&r, &got, false), WS_OP_CLOSE);
    assert_int_equal((uint8_t)got.ptr[0] << 8 | (uint8_t)got.ptr[1], 1001);
    buf_release(&got);
    put_frame(&r, 0x88, "\x03\xE9", 2);
    assert_true(raw_closed(&r, RAW_WAIT_MS));
    raw_close(&r);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(handshakes),
        CASE(frames_right_behind_the_handshake),
        CASE(echo_of_every_length),
        CASE(fragments),
        CASE(byte_by_byte),
        CASE(many_in_one_write),
        CASE(faults),
        CASE(unmasked_frames),
        CASE(long_control_frames),
        CASE(text_inside_a_message),
        CASE(invalid_text_is_refused_before_its_end),
        CASE(huge_messages),
        CASE(the_server_closes),
        CASE(a_broken_connection_is_1006),
        CASE(pings),
        CASE(a_slow_reader_is_closed_with_1013),
        CASE(who_is_put_out_gets_nothing_more),
        CASE(a_reader_that_never_reads_is_cut),
        CASE(a_flood_of_pings),
        CASE(sending_from_other_threads),
        CASE(one_message_to_many),
        cmocka_unit_test_setup_teardown(a_lost_message_ends_it, setup_patient, teardown),
        CASE(stopping_says_1001),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
