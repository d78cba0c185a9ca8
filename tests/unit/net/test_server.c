/* test_server.c - the server over raw sockets: what is answered, kept alive, pipelined,
 * streamed. */
#include "base/metrics.h"
#include "unit/net/testserver.h"

static int setup(void **state)
{
    (void)state;
    ts_begin(&(ServerOptions){.host = "127.0.0.1"});
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ts_end();
    return 0;
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: localhost:%u\r\n\r\n"

/* The port goes where the format says; requests are written here as they go over the wire. */
static void put(Raw *r, const char *format)
{
    char text[4096];
    const char *at = strstr(format, "%u");
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%u%s", (int)(at - format), format, ts.port, at + 2);
    raw_puts(r, text);
}

static void a_small_answer(void **state)
{
    (void)state;
    Raw r = raw_open(ts.port);
    RawAnswer a;
    put(&r, GET("/json"));
    assert_true(raw_answer(&r, &a));
    assert_int_equal(a.status, 200);
    assert_str(buf_str(&a.body), "{\"ok\":true}");
    assert_str(raw_header(&a, "Content-Type"), "application/json");
    assert_str(raw_header(&a, "Content-Length"), "11");
    assert_str(raw_header(&a, "X-Content-Type-Options"), "nosniff");
    assert_str(raw_header(&a, "Referrer-Policy"), "no-referrer");
    assert_str(raw_header(&a, "Cache-Control"), "no-store");
    assert_true(raw_header(&a, "X-Request-Id").len > 8);
    assert_null(raw_header(&a, "Server").ptr);
    assert_null(raw_header(&a, "Connection").ptr);
    assert_null(raw_header(&a, "Access-Control-Allow-Origin").ptr);
    raw_answer_release(&a);
    raw_close(&r);
}

static void date_is_now(void **state)
{
    (void)state;
    Raw r = raw_open(ts.port);
    RawAnswer a;
    put(&r, GET("/json"));
    assert_true(raw_answer(&r, &a));
    struct tm tm = {0};
    char text[64];
    snprintf(text, sizeof text, "%.*s", STR_ARG(raw_header(&a, "Date")));
    assert_non_null(strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm));
    assert_true(llabs((long long)timegm(&tm) - (long long)time(NULL)) <= 2);
    raw_answer_release(&a);
    raw_close(&r);
}

static void head_has_no_body_and_the_same_length(void **state)
{
    (void)state;
    Raw r = raw_open(ts.port);
    RawAnswer a;
    put(&r, "HEAD /json HTTP/1.1\r\nHost: localhost:%u\r\n\r\nGET /empty HTTP/1.1\r\nHost: "
            "localhost\r\n\r\n");
    assert_true(raw_answer_of(&r, &a, true, RAW_WAIT_MS));
    assert_int_equal(a.status, 200);
    assert_str(raw_header(&a, "Content-Length"), "11");
    /* What follows at once is the next answer: 403, as its Host has no port. */
    assert_true(raw_answer(&r, &a));
    assert_int_equal(a.status, 403);
    raw_answer_release(&a);
    raw_close(&r);
}

static void no_content_has_no_length(void **state)
{
    (void)state;
    Raw r = raw_open(ts.port);
    RawAnswer a;
    put(&r, GET("/empty"));
    assert_true(raw_answer(&r, &a));
    assert_int_equal(a.status, 204);
    assert_null(raw_header(&a, "Content-Length").ptr);
    assert_null(raw_header(&a, "Content-Type").ptr);
    raw_close(&r);
}

static void keep_alive(void **state)
{
    (void)state;
    Raw r = raw_open(ts.port);
    for (int i = 0; i < 50; i++) {
        RawAnswer a;
        put(&r, GET("/json"));
        assert_true(raw_answer(&r, &a));
        assert_int_equal(a.status, 200);
        raw_answer_release(&a);
    }
    raw_close(&r);
}

static void pipelined_answers_come_in_order(void **state)
{
    (void)state;
    Raw r = raw_open(ts.port);
    /* Slow ones before fast ones, large ones between: the order must hold all the same. */
    static const char *const paths[] = {"/slow", "/json", "/big?n=200000", "/empty", "/slow",
                                        "/big?n=70000", "/json"};
    static const size_t lengths[] = {4, 11, 200000, 0, 4, 70000, 11};
    char text[4096] = "";
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        size_t n = strlen(text);
        snprintf(text + n, sizeof text - n, "GET %s HTTP/1.1\r\nHost: localhost:%u\r\n\r\n",
                 paths[i], ts.port);
    }
    raw_puts(&r, text);
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        RawAnswer a;
        assert_true(raw_answer(&r, &a));
        assert_int_equal(a.body.len, lengths[i]);
        raw_answer_release(&a);
    }
    raw_close(&r);
}

static void a_request_byte_by_byte(void **state)
{
    (void)state;
    Raw r = raw_open(ts.port);
    RawAnswer a;
    char text[256];
    int n = snprintf(text, sizeof text,
                     "POST /echo HTTP/1.1\r\nHost: localhost:%u\r\nTransfer-Encoding: chunked\r\n"
                     "\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: t\r\n\r\n", ts.port);
    for (int i = 0; i < n; i++) {
        assert_true(raw_send(&r, text + i, 1));
        if (i % 16 == 0)
            ts_sleep_ms(1);
    }
    assert_true(raw_answer(&r, &a));
    assert_str(buf_str(&a.body), "abcde");
    raw_answer_release(&a);
    /* and the connection is at the beginning of a request again */
    put(&r, GET("/json"));
    assert_true(raw_answer(&r, &a));
    assert_int_equal(a.status, 200);
    raw_answer_release(&a);
    raw_close(&r);
}

static void bodies_come_back(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 100, 65535, 65536, 65537, 1000000, 5000000};
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        Raw r = raw_open(ts.port);
        RawAnswer a;
        char head[256];
        char *body = malloc(sizes[i]);
        assert_non_null(body);
        for (size_t k = 0; k < sizes[i]; k++)
            body[k] = (char)(k * 31 + i);
        snprintf(head, sizeof head, "POST /echo HTTP/1.1\r\nHost: localhost:%u\r\n"
                 "Content-Length: %zu\r\n\r\n", ts.port, sizes[i]);
        raw_puts(&r, head);
        assert_true(raw_send(&r, body, sizes[i]));
        assert_true(raw_answer(&r, &a));
        assert_int_equal(a.status, 200);
        assert_int_equal(a.body.len, sizes[i]);
        assert_memory_equal(a.body.ptr, body, sizes[i]);
        raw_answer_release(&a);
        free(body);
        raw_close(&r);
    }
}

static void http_1_0_closes_unless_asked(void **state)
{
    (void)state;
    Raw r = raw_open(ts.port);
    RawAnswer a;
    put(&r, "GET /json HTTP/1.0\r\nHost: localhost:%u\r\nConnection: keep-alive\r\n\r\n");
    assert_true(raw_answer(&r, &a));
    assert_str(raw_header(&a, "Connection"), "keep-alive");
    raw_answer_release(&a);
    put(&r, "GET /json HTTP/1.0\r\nHost: localhost:%u\r\n\r\n");
    assert_true(raw_answer(&r, &a));
    assert_str(raw_header(&a, "Connection"), "close");
    raw_answer_release(&a);
    assert_true(raw_closed(&r, RAW_WAIT_MS));
    raw_close(&r);
}

static void connection_close_is_heeded(void **state)
{
    (void)state;
    Raw r = raw_open(ts.port);
    RawAnswer a;
    put(&r, "GET /json HTTP/1.1\r\nHost: localhost:%u\r\nConnection: x, Close\r\n\r\n");
    assert_true(raw_answer(&r, &a));
    assert_str(raw_header(&a, "Connection"), "close");
    raw_answer_release(&a);
    assert_true(raw_closed(&r, RAW_WAIT_MS));
    raw_close(&r);
}

static void half_closed_clients_get_their_answer(void **state)
{
    (void)state;
    Raw r = raw_open(ts.port);
    RawAnswer a;
    put(&r, GET("/big?n=3000000"));
    assert_int_equal(shutdown(r.fd, SHUT_WR), 0);
    assert_true(raw_answer(&r, &a));
    assert_int_equal(a.body.len, 3000000);
    raw_answer_release(&a);
    assert_true(raw_closed(&r, RAW_WAIT_MS));
    raw_close(&r);
}

static void expectations(void **state)
{
    (void)state;
    Raw r = raw_open(ts.port);
    RawAnswer a;
    put(&r, "POST /echo HTTP/1.1\r\nHost: localhost:%u\r\nContent-Length: 2\r\n"
            "Expect: 100-continue\r\n\r\n");
    assert_true(raw_answer(&r, &a));
    assert_int_equal(a.status, 100);
    raw_puts(&r, "ok");
    assert_true(raw_answer(&r, &a));
    assert_int_equal(a.status, 200);
    assert_str(buf_str(&a.body), "ok");
    raw_answer_release(&a);
    put(&r, "POST /echo HTTP/1.1\r\nHost: localhost:%u\r\nContent-Length: 2\r\n"
            "Expect: a miracle\r\n\r\n");
    assert_true(raw_answer(&r, &a));
    assert_int_equal(a.status, 417);
    raw_answer_release(&a);
    raw_close(&r);
}

static void request_ids(void **state)
{
    (void)state;
    static const struct {
        const char *sent;
        bool kept;
    } cases[] = {
        {"abc-DEF_0.9", true},
        {"a", true},
        {"0123456789012345678901234567890123456789012345678901234567890123", true},
        {"01234567890123456789012345678901234567890123456789012345678901234", false},
        {"with space", false},
        {"quote\"", false},
        {"\xC3\xA4", false},
        {"a/b", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        Raw r = raw_open(ts.port);
        RawAnswer a;
        char text[512];
        snprintf(text, sizeof text, "GET /id HTTP/1.1\r\nHost: localhost:%u\r\n"
                 "X-Request-Id: %s\r\n\r\n", ts.port, cases[i].sent);
        raw_puts(&r, text);
        assert_true(raw_answer(&r, &a));
        Str id = raw_header(&a, "X-Request-Id");
        assert_true(str_eq(id, buf_str(&a.body)));
        assert_int_equal(str_eq(id, str_of(cases[i].sent)), cases[i].kept);
        raw_answer_release(&a);
        raw_close(&r);
    }
}

static void handlers_headers(void **state)
{
    (void)state;
    Raw r = raw_open(ts.port);
    RawAnswer a;
    put(&r, GET("/headers"));
    assert_true(raw_answer(&r, &a));
    assert_str(raw_header(&a, "Cache-Control"), "max-age=1");
    assert_str(raw_header(&a, "X-Extra"), "yes");
    assert_str(raw_header(&a, "Content-Length"), "1"); /* the handler's 999 is not sent */
    raw_answer_release(&a);
    put(&r, GET("/split"));
    assert_true(raw_answer(&r, &a));
    assert_int_equal(a.status, 500);
    assert_null(strstr(a.head, "Set-Cookie"));
    raw_answer_release(&a);
    raw_close(&r);
}

static void early_refusal_keeps_small_bodies_apart(void **state)
{
    (void)state;
    Raw r = raw_open(ts.port);
    RawAnswer a;
    /* The refused body looks like a request: it must be skipped, not answered. */
    put(&r, "POST /deny HTTP/1.1\r\nHost: localhost:%u\r\nContent-Length: 27\r\n\r\n"
            "GET /json HTTP/1.1\r\nX: y\r\n");
    assert_true(raw_answer(&r, &a));
    assert_int_equal(a.status, 401);
    raw_answer_release(&a);
    raw_puts(&r, "\n");
    put(&r, GET("/id"));
    assert_true(raw_answer(&r, &a));
    assert_int_equal(a.status, 200);
    raw_answer_release(&a);
    raw_close(&r);
}

static void early_refusal_of_unclear_bodies_closes(void **state)
{
    (void)state;
    static const char *const heads[] = {
        "POST /deny HTTP/1.1\r\nHost: localhost:%u\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST /deny HTTP/1.1\r\nHost: localhost:%u\r\nContent-Length: 9000000\r\n\r\n",
        ("POST /deny HTTP/1.1\r\nHost: localhost:%u\r\nContent-Length: 9\r\n"
         "Expect: 100-continue\r\n\r\n"),
    };
    for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
        Raw r = raw_open(ts.port);
        RawAnswer a;
        put(&r, heads[i]);
        assert_true(raw_answer(&r, &a));
        assert_int_equal(a.status, 401);
        assert_str(raw_header(&a, "Connection"), "close");
        raw_answer_release(&a);
        assert_true(raw_closed(&r, RAW_WAIT_MS));
        raw_close(&r);
    }
}

static void streams(void **state)
{
    (void)state;
    Raw r = raw_open(ts.port);
    RawAnswer a;
    put(&r, GET("/stream"));
    assert_true(raw_answer(&r, &a));
    assert_str(raw_header(&a, "Transfer-Encoding"), "chunked");
    assert_null(raw_header(&a, "Content-Length").ptr);
    const char *one = "event: tick\ndata: a\ndata: b\n\n";
    assert_int_equal(a.body.len, 5 * strlen(one));
    assert_true(str_starts(buf_str(&a.body), str_of(one)));
    raw_answer_release(&a);
    /* the connection lives on */
    put(&r, GET("/long"));
    assert_true(raw_answer(&r, &a));
    assert_str(raw_header(&a, "Content-Length"), "4194304");
    assert_int_equal(a.body.len, 4194304);
    raw_answer_release(&a);
    raw_close(&r);
}

static void stream_to_http_1_0_ends_with_the_connection(void **state)
{
    (void)state;
    Raw r = raw_open(ts.port);
    RawAnswer a;
    put(&r, "GET /stream HTTP/1.0\r\nHost: localhost:%u\r\nConnection: keep-alive\r\n\r\n");
    assert_true(raw_answer(&r, &a));
    assert_null(raw_header(&a, "Transfer-Encoding").ptr);
    assert_str(raw_header(&a, "Connection"), "close");
    assert_int_equal(a.body.len, 5 * 29);
    raw_answer_release(&a);
    raw_close(&r);
}

static void a_stream_that_falls_short_is_cut(void **state)
{
    (void)state;
    Raw r = raw_open(ts.port);
    RawAnswer a;
    put(&r, GET("/short"));
    assert_false(raw_answer(&r, &a)); /* 100 bytes announced, 9 sent */
    assert_true(r.eof);
    raw_answer_release(&a);
    raw_close(&r);
}

static void a_client_that_goes_is_noticed(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        Raw r = raw_open(ts.port);
        put(&r, GET("/hang"));
        ts_sleep_ms(30);
        raw_close(&r);
    }
    assert_true(ts_reaches(&ts.cancelled, 5));
    Raw r = raw_open(ts.port);
    put(&r, GET("/long"));
    assert_true(raw_more(&r, RAW_WAIT_MS));
    raw_close(&r); /* in the midst of a stream */
    assert_int_equal(raw_status(ts.port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"), 403);
}

static void borrowed_bodies_are_released(void **state)
{
    (void)state;
    Raw r = raw_open(ts.port);
    RawAnswer a;
    for (int i = 0; i < 3; i++) {
        put(&r, GET("/big?n=400000"));
        assert_true(raw_answer(&r, &a));
        for (size_t k = 0; k < a.body.len; k += 999)
            assert_int_equal(a.body.ptr[k], 'a' + (int)(k % 26));
        raw_answer_release(&a);
    }
    put(&r, GET("/big?n=30000000"));
    raw_close(&r); /* the client goes while it is being sent */
    assert_true(ts_reaches(&ts.released, 4));
}

static void many_at_once(void **state)
{
    (void)state;
    Raw r[100];
    for (size_t i = 0; i < ARRAY_LEN(r); i++)
        r[i] = raw_open(ts.port);
    for (size_t i = 0; i < ARRAY_LEN(r); i++)
        put(&r[i], i % 2 ? GET("/slow") : GET("/json"));
    for (size_t i = 0; i < ARRAY_LEN(r); i++) {
        RawAnswer a;
        assert_true(raw_answer(&r[i], &a));
        assert_int_equal(a.status, 200);
        raw_answer_release(&a);
        raw_close(&r[i]);
    }
}

static void posted(void *arg)
{
    assert_true(server_on_loop(ts.server));
    atomic_fetch_add((atomic_int *)arg, 1);
}

static void posts_come_all(void **state)
{
    (void)state;
    atomic_int count = 0;
    assert_false(server_on_loop(ts.server));
    for (int i = 0; i < 1000; i++)
        assert_true(server_post(ts.server, posted, &count));
    assert_true(ts_reaches(&count, 1000));
}

static atomic_int fired[3], fired_order;

static void on_fire(void *arg)
{
    int i = (int)(intptr_t)arg;
    atomic_store(&fired[i], atomic_fetch_add(&fired_order, 1) + 1);
}

static void set_delays(void *arg)
{
    (void)arg;
    assert_true(server_after(ts.server, 60, on_fire, (void *)(intptr_t)1));
    assert_true(server_after(ts.server, 20, on_fire, (void *)(intptr_t)0));
    assert_true(server_after(ts.server, 60000, on_fire, (void *)(intptr_t)2)); /* never */
}

static void delays_come_in_order(void **state)
{
    (void)state;
    uint64_t start = raw_now_ms();
    assert_true(server_post(ts.server, set_delays, NULL));
    assert_true(ts_reaches(&fired[1], 1));
    assert_true(raw_now_ms() - start >= 50);
    assert_int_equal(atomic_load(&fired[0]), 1);
    assert_int_equal(atomic_load(&fired[1]), 2);
    assert_int_equal(atomic_load(&fired[2]), 0);
}

static void metrics(void **state)
{
    (void)state;
    Raw r = raw_open(ts.port);
    RawAnswer a;
    static const char *const requests[] = {
        "GET /json HTTP/1.1\r\nHost: localhost:%u\r\n\r\n",
        "BREW /json HTTP/1.1\r\nHost: localhost:%u\r\n\r\n",
        "GET /stream HTTP/1.1\r\nHost: localhost:%u\r\n\r\n",
        "GET /.. HTTP/1.1\r\nHost: localhost:%u\r\n\r\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
        put(&r, requests[i]);
        assert_true(raw_answer(&r, &a));
        raw_answer_release(&a);
    }
    Buf b;
    buf_init(&b, SIZE_MAX);
    assert_true(metrics_render(&b));
    static const char *const lines[] = {
        "http_requests_total{route=\"/test\",method=\"GET\",code=\"200\"} ",
        "http_requests_total{route=\"/test\",method=\"other\",code=\"200\"} ",
        "http_requests_total{route=\"none\",method=\"GET\",code=\"400\"} ",
        "http_request_duration_seconds_count{route=\"/test\"} ",
        "loop_stall_seconds_count ",
        "websocket_clients 0\n",
        "http_connections 1\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        if (str_find(buf_str(&b), str_of(lines[i]), 0) == SIZE_MAX)
            fail_msg("no %s in %s", lines[i], b.ptr);
    buf_release(&b);
    raw_close(&r);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_small_answer),
        CASE(date_is_now),
        CASE(head_has_no_body_and_the_same_length),
        CASE(no_content_has_no_length),
        CASE(keep_alive),
        CASE(pipelined_answers_come_in_order),
        CASE(a_request_byte_by_byte),
        CASE(bodies_come_back),
        CASE(http_1_0_closes_unless_asked),
        CASE(connection_close_is_heeded),
        CASE(half_closed_clients_get_their_answer),
        CASE(expectations),
        CASE(request_ids),
        CASE(handlers_headers),
        CASE(early_refusal_keeps_small_bodies_apart),
        CASE(early_refusal_of_unclear_bodies_closes),
        CASE(streams),
        CASE(stream_to_http_1_0_ends_with_the_connection),
        CASE(a_stream_that_falls_short_is_cut),
        CASE(a_client_that_goes_is_noticed),
        CASE(borrowed_bodies_are_released),
        CASE(many_at_once),
        CASE(posts_come_all),
        CASE(delays_come_in_order),
        CASE(metrics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
