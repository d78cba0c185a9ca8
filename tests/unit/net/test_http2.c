/* test_http2.c - HTTP/2 in the clear, with nghttp2's client side as the other end. */
#include "unit/net/h2client.h"

static int setup(void **state)
{
    (void)state;
    ts_begin(&(ServerOptions){
        .host = "127.0.0.1",
        .limits = {.body_bytes = 2000000, .head_bytes = 8192, .target_bytes = 512,
                   .header_count = 20, .body_timeout_ms = 300, .body_min_bytes = 100,
                   .idle_timeout_ms = 600},
    });
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ts_end();
    return 0;
}

/* ---- tests ---- */

static void small_answers(void **state)
{
    (void)state;
    H2Client *c = h2_open();
    for (int i = 0; i < 20; i++) {
        Reply *r = h2_get(c, "/json");
        assert_int_equal(r->status, 200);
        assert_str(buf_str(&r->body), "{\"ok\":true}");
        assert_string_equal(r->type, "application/json");
        assert_string_equal(r->length, "11");
        assert_int_equal(r->closed_with, 1);
    }
    Reply *r = h2_wait(c, h2_ask(c, "HEAD", "/json", NULL, NULL, NULL));
    assert_int_equal(r->status, 200);
    assert_int_equal(r->body.len, 0);
    assert_string_equal(r->length, "11");
    r = h2_get(c, "/empty");
    assert_int_equal(r->status, 204);
    assert_string_equal(r->length, "");
    r = h2_get(c, "/none");
    assert_int_equal(r->status, 404);
    assert_string_equal(r->type, "application/problem+json");
    h2_close(c);
}

static void many_streams_at_once(void **state)
{
    (void)state;
    H2Client *c = h2_open();
    static const char *const paths[] = {"/slow", "/json", "/big?n=300000", "/stream", "/long"};
    static const size_t lengths[] = {4, 11, 300000, 5 * 29, 4194304};
    int32_t ids[25];
    for (size_t i = 0; i < ARRAY_LEN(ids); i++)
        ids[i] = h2_ask(c, "GET", paths[i % 5], NULL, NULL, NULL);
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        Reply *r = h2_wait(c, ids[i]);
        assert_int_equal(r->status, 200);
        assert_int_equal(r->body.len, lengths[i % 5]);
        assert_int_equal(r->closed_with, 1);
    }
    h2_close(c);
}

static void bodies(void **state)
{
    (void)state;
    H2Client *c = h2_open();
    static const size_t sizes[] = {0, 1, 16384, 16385, 1000000, 2000000};
    char *data = malloc(2000001);
    assert_non_null(data);
    for (size_t i = 0; i < 2000001; i++)
        data[i] = (char)(i * 13 + i / 997);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        Upload u = {.data = {data, sizes[i]}};
        Reply *r = h2_wait(c, h2_ask(c, "POST", "/echo", NULL, NULL, &u));
        assert_int_equal(r->status, 200);
        assert_true(str_eq(buf_str(&r->body), u.data));
    }
    free(data);
    h2_close(c);
}

static void refusals(void **state)
{
    (void)state;
    char long_path[600], long_value[9000];
    memset(long_path, 'p', sizeof long_path);
    long_path[0] = '/';
    long_path[599] = '\0';
    memset(long_value, 'v', sizeof long_value);
    long_value[8999] = '\0';
    const struct {
        const char *method, *path, *authority;
        const char *extra[2];
        int status;
    } cases[] = {
        {"GET", "/json", "evil.example", {NULL}, 403},
        {"GET", "/json", "localhost", {NULL}, 403},
        {"POST", "/json", NULL, {"origin", "https://evil.example"}, 403},
        {"GET", "/json", NULL, {"origin", "https://evil.example"}, 200},
        {"GET", "/json", NULL, {"host", "evil.example"}, 400},
        {"GET", "/a/../json", NULL, {NULL}, 400},
        {"GET", "/a%2fb", NULL, {NULL}, 400},
        {"GET", "/%00", NULL, {NULL}, 400},
        {"GET", long_path, NULL, {NULL}, 414},
        {"GET", "/json", NULL, {"x-long", long_value}, 431},
        {"POST", "/deny", NULL, {NULL}, 401},
        {"GET", "/ws", NULL, {"upgrade-insecure-requests", "1"}, 400},
        {"GET", "/split", NULL, {NULL}, 500},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        H2Client *c = h2_open();
        Reply *r = h2_wait(c, h2_ask(c, cases[i].method, cases[i].path, cases[i].authority,
                                     cases[i].extra[0] ? cases[i].extra : NULL, NULL));
        if (r->status != cases[i].status)
            fail_msg("case %zu: %d, closed with %u", i, r->status, r->closed_with);
        if (r->status >= 400)
            assert_string_equal(r->type, "application/problem+json");
        assert_int_equal(h2_get(c, "/json")->status, 200); /* the connection lives on */
        h2_close(c);
    }
}

static void too_many_headers(void **state)
{
    (void)state;
    H2Client *c = h2_open();
    char host[64];
    snprintf(host, sizeof host, "localhost:%u", ts.port);
    nghttp2_nv nv[40] = {NV(":method", "GET"), NV(":scheme", "http"), NV(":path", "/json"),
                         NV(":authority", host)};
    for (size_t i = 4; i < 40; i++)
        nv[i] = (nghttp2_nv)NV("x", "y");
    Reply *r = h2_wait(c, nghttp2_submit_request(c->session, NULL, nv, 24, NULL, NULL));
    assert_int_equal(r->status, 200); /* twenty of them */
    r = h2_wait(c, nghttp2_submit_request(c->session, NULL, nv, 25, NULL, NULL));
    assert_int_equal(r->status, 431);
    h2_close(c);
}

static void body_limits(void **state)
{
    (void)state;
    H2Client *c = h2_open();
    char *data = calloc(1, 2000001);
    assert_non_null(data);
    Upload u = {.data = {data, 2000001}};
    Reply *r = h2_wait(c, h2_ask(c, "POST", "/echo", NULL, NULL, &u));
    assert_int_equal(r->status, 413);
    u = (Upload){.data = STR("12345678901")};
    r = h2_wait(c, h2_ask(c, "POST", "/limit", NULL, NULL, &u));
    assert_int_equal(r->status, 413);
    static const char *const length[] = {"content-length", "11"};
    u = (Upload){.data = STR("12345678901"), .hold = true}; /* told by its announcement */
    r = h2_wait(c, h2_ask(c, "POST", "/limit", NULL, length, &u));
    assert_int_equal(r->status, 413);
    u = (Upload){.data = STR("1234567890")};
    r = h2_wait(c, h2_ask(c, "POST", "/limit", NULL, NULL, &u));
    assert_int_equal(r->status, 200);
    free(data);
    h2_close(c);
}

static void slow_bodies(void **state)
{
    (void)state;
    H2Client *c = h2_open();
    Upload u = {.data = STR("begun"), .hold = true};
    Reply *r = h2_wait(c, h2_ask(c, "POST", "/echo", NULL, NULL, &u));
    assert_int_equal(r->status, 408);
    h2_close(c);
}

static void expectations(void **state)
{
    (void)state;
    H2Client *c = h2_open();
    static const char *const expect[] = {"expect", "100-continue"};
    Upload u = {.data = STR("ok")};
    Reply *r = h2_wait(c, h2_ask(c, "POST", "/echo", NULL, expect, &u));
    assert_true(r->interim);
    assert_int_equal(r->status, 200);
    assert_str(buf_str(&r->body), "ok");
    h2_close(c);
}

static void a_stream_that_falls_short_is_reset(void **state)
{
    (void)state;
    H2Client *c = h2_open();
    Reply *r = h2_get(c, "/short");
    assert_int_not_equal(r->closed_with, 1);
    assert_int_equal(h2_get(c, "/json")->status, 200);
    h2_close(c);
}

static void clients_that_go(void **state)
{
    (void)state;
    H2Client *c = h2_open();
    for (int i = 0; i < 3; i++)
        h2_ask(c, "GET", "/hang", NULL, NULL, NULL);
    h2_ask(c, "GET", "/long", NULL, NULL, NULL);
    h2_ask(c, "GET", "/big?n=20000000", NULL, NULL, NULL);
    h2_round(c, RAW_WAIT_MS);
    ts_sleep_ms(50);
    h2_close(c);
    assert_true(ts_reaches(&ts.cancelled, 3));
    assert_true(ts_reaches(&ts.released, 1));
}

static void one_stream_is_cancelled(void **state)
{
    (void)state;
    H2Client *c = h2_open();
    int32_t id = h2_ask(c, "GET", "/hang", NULL, NULL, NULL);
    h2_round(c, RAW_WAIT_MS);
    ts_sleep_ms(50);
    nghttp2_submit_rst_stream(c->session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    h2_send(c);
    assert_true(ts_reaches(&ts.cancelled, 1));
    assert_int_equal(h2_get(c, "/json")->status, 200);
    h2_close(c);
}

/* CVE-2023-44487: streams opened and reset as fast as the wire takes them. */
/* Before the server's settings have come, which a client that knows them keeps to. */
static void streams_at_once(void **state)
{
    (void)state;
    H2Client *c = h2_open();
    int32_t ids[65];
    for (size_t i = 0; i < 65; i++)
        ids[i] = h2_ask(c, "GET", "/gate", NULL, NULL, NULL);
    assert_true(h2_send(c));
    Reply *over = h2_wait(c, ids[64]);
    assert_int_equal(over->status, 0);
    assert_int_equal(over->closed_with, NGHTTP2_REFUSED_STREAM + 1);
    atomic_store(&ts.open, true);
    for (size_t i = 0; i < 64; i++)
        if (h2_wait(c, ids[i])->status != 200)
            fail_msg("stream %zu: %d", i, reply_of(c, ids[i])->status);
    assert_int_equal(h2_get(c, "/json")->status, 200); /* the connection lives on */
    h2_close(c);
}

/* Stream 9 closes 5 and 7, which were never opened; 3 was, and its request is complete. */
static void a_stream_that_was_skipped(void **state)
{
    (void)state;
    for (uint8_t id = 3; id <= 7; id += 4) {
        const uint8_t trailers[] = {0, 0, 3, 1, 5, 0, 0, 0, id, 0x82, 0x86, 0x84};
        H2Client *c = h2_open();
        assert_int_equal(h2_get(c, "/json")->status, 200);
        int32_t open = h2_ask(c, "GET", "/slow", NULL, NULL, NULL);
        assert_int_equal(open, 3);
        assert_int_equal(nghttp2_session_set_next_stream_id(c->session, 9), 0);
        assert_int_equal(h2_get(c, "/json")->status, 200);
        assert_true(h2_write(c, trailers, sizeof trailers));
        for (int i = 0; !c->goaway && !c->raw.eof && i < 10 && !reply_of(c, open)->closed_with; i++)
            (void)h2_round(c, RAW_WAIT_MS);
        assert_int_equal(c->goaway,
                         (id == 7 ? NGHTTP2_PROTOCOL_ERROR : NGHTTP2_STREAM_CLOSED) + 1);
        h2_close(c);
    }
}

static void rapid_reset(void **state)
{
    (void)state;
    H2Client *c = h2_open();
    h2_round(c, RAW_WAIT_MS);
    for (int i = 0; i < 400 && !c->goaway && !c->raw.eof; i++) {
        int32_t id = h2_ask(c, "GET", "/slow", NULL, NULL, NULL);
        if (!h2_send(c))
            break;
        nghttp2_submit_rst_stream(c->session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
        h2_round(c, 1);
    }
    while (!c->goaway && h2_round(c, 500))
        continue;
    assert_int_equal(c->goaway, NGHTTP2_ENHANCE_YOUR_CALM + 1);
    h2_close(c);
    ts_sleep_ms(150);
}

static void idle_connections_get_a_goaway(void **state)
{
    (void)state;
    H2Client *c = h2_open();
    assert_int_equal(h2_get(c, "/json")->status, 200);
    while (!c->raw.eof && h2_round(c, 2000))
        continue;
    assert_int_equal(c->goaway, NGHTTP2_NO_ERROR + 1);
    assert_true(c->raw.eof);
    h2_close(c);
}

static void garbage_behind_the_preface(void **state)
{
    (void)state;
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    Raw r = raw_open(ts.port);
    raw_puts(&r, preface);
    raw_puts(&r, "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(raw_closed(&r, RAW_WAIT_MS));
    raw_close(&r);
    r = raw_open(ts.port); /* byte by byte, and then silence: the idle time-out ends it */
    for (const char *p = preface; *p; p++)
        raw_send(&r, p, 1);
    assert_true(raw_closed(&r, RAW_WAIT_MS));
    raw_close(&r);
}

static void stopping(void **state)
{
    (void)state;
    H2Client *c = h2_open();
    int32_t id = h2_ask(c, "GET", "/slow", NULL, NULL, NULL);
    h2_round(c, RAW_WAIT_MS);
    ts_sleep_ms(20);
    server_stop(ts.server, 2000);
    assert_int_equal(h2_wait(c, id)->status, 200);
    while (!c->raw.eof && h2_round(c, RAW_WAIT_MS))
        continue;
    assert_int_equal(c->goaway, NGHTTP2_NO_ERROR + 1);
    h2_close(c);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(small_answers),
        CASE(many_streams_at_once),
        CASE(bodies),
        CASE(refusals),
        CASE(too_many_headers),
        CASE(body_limits),
        CASE(slow_bodies),
        CASE(expectations),
        CASE(a_stream_that_falls_short_is_reset),
        CASE(clients_that_go),
        CASE(one_stream_is_cancelled),
        CASE(streams_at_once),
        CASE(a_stream_that_was_skipped),
        CASE(rapid_reset),
        CASE(idle_connections_get_a_goaway),
        CASE(garbage_behind_the_preface),
        CASE(stopping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
