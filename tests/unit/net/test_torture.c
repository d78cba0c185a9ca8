/* test_torture.c - the server under failing memory and under mutated bytes: whatever happens to one
 * connection, the next one is served and nothing is left over (ts_end looks). */
#include "unit/net/h2client.h"

static int setup(void **state)
{
    (void)state;
    ts_begin(&(ServerOptions){
        .host = "127.0.0.1",
        .limits = {.body_bytes = 20000, .head_timeout_ms = 2000, .body_timeout_ms = 2000,
                   .ws_message_bytes = 20000},
    });
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ts_end();
    return 0;
}

static void expect_service(const char *after, uint64_t n)
{
    char text[128];
    snprintf(text, sizeof text, "GET /json HTTP/1.1\r\nHost: localhost:%u\r\n\r\n", ts.port);
    int status = raw_status(ts.port, text);
    if (status != 200)
        fail_msg("after %s %llu: %d", after, (unsigned long long)n, status);
}

/* ---- failing memory ---- */

/* Each returns whether everything went as if memory were there. */
static bool plain_requests(void)
{
    char text[1024];
    Raw r = raw_open(ts.port);
    RawAnswer a;
    bool ok = true;
    snprintf(text, sizeof text,
             "GET /json?a=b HTTP/1.1\r\nHost: localhost:%u\r\n\r\n"
             "POST /echo HTTP/1.1\r\nHost: localhost:%u\r\nTransfer-Encoding: chunked\r\n\r\n"
             "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
             "GET /none HTTP/1.1\r\nHost: localhost:%u\r\n\r\n"
             "GET /headers HTTP/1.1\r\nHost: localhost:%u\r\nConnection: close\r\n\r\n",
             ts.port, ts.port, ts.port, ts.port);
    raw_puts(&r, text);
    static const int want[] = {200, 200, 404, 200};
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        if (!raw_answer_of(&r, &a, false, 500)) {
            ok = false; /* cut: no half answer may look whole, and raw_answer_of has checked */
            break;
        }
        /* 503 with or without a body is an answer; a wrong one is not */
        assert_true(a.status == want[i] || a.status == 503 || a.status == 500);
        ok = ok && a.status == want[i];
        raw_answer_release(&a);
    }
    raw_close(&r);
    return ok;
}

static bool streams(void)
{
    char text[256];
    Raw r = raw_open(ts.port);
    RawAnswer a = {0};
    snprintf(text, sizeof text, "GET /stream HTTP/1.1\r\nHost: localhost:%u\r\n\r\n", ts.port);
    raw_puts(&r, text);
    bool ok = raw_answer_of(&r, &a, false, 500) && a.status == 200 && a.body.len == 5 * 29;
    raw_answer_release(&a);
    raw_close(&r);
    return ok;
}

static bool websocket(void)
{
    char text[512];
    Raw r = raw_open(ts.port);
    RawAnswer a;
    snprintf(text, sizeof text, "GET /ws HTTP/1.1\r\nHost: localhost:%u\r\nUpgrade: websocket\r\n"
             "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", ts.port);
    raw_puts(&r, text);
    bool ok = raw_answer_of(&r, &a, true, 500) && a.status == 101;
    if (ok) {
        /* "hel" and "lo" as two frames, masked with zeros */
        raw_send(&r, "\x01\x83\0\0\0\0hel\x80\x82\0\0\0\0lo", 17);
        while (r.in.len < 7 && raw_more(&r, 500))
            continue;
        ok = r.in.len == 7 && memcmp(r.in.ptr, "\x81\x05hello", 7) == 0;
    }
    raw_close(&r);
    return ok;
}

static bool http2(void)
{
    H2Client *c = h2_open();
    Upload u = {.data = STR("hello")};
    int32_t ids[3] = {h2_ask(c, "GET", "/json", NULL, NULL, NULL),
                      h2_ask(c, "POST", "/echo", NULL, NULL, &u),
                      h2_ask(c, "GET", "/stream", NULL, NULL, NULL)};
    bool ok = true;
    for (size_t i = 0; i < 3; i++) {
        Reply *r = reply_of(c, ids[i]);
        while (!r->closed_with && h2_round(c, 500))
            continue;
        ok = ok && r->closed_with == 1 && r->status == 200;
    }
    h2_close(c);
    return ok;
}

static void under_failing_memory(const char *name, bool (*scenario)(void))
{
    unsigned failed = 0;
    assert_true(scenario());
    for (uint64_t n = 1; n < 160; n++) {
        mem_test_fail(n, 0);
        bool ok = scenario();
        mem_test_fail(0, 0);
        failed += !ok;
        expect_service(name, n);
    }
    print_message("%s: %u allocations were felt\n", name, failed);
    assert_true(failed > 0); /* else nothing was tested */
    assert_true(scenario());
}

static void memory_fails(void **state)
{
    (void)state;
    under_failing_memory("plain requests", plain_requests);
    under_failing_memory("streams", streams);
    under_failing_memory("websocket", websocket);
    under_failing_memory("http2", http2);
}

static void memory_is_gone(void **state)
{
    (void)state;
    mem_test_fail(1, 1);
    for (int i = 0; i < 20; i++) {
        Raw r = raw_open(ts.port);
        raw_puts(&r, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_true(poll(&(struct pollfd){.fd = r.fd, .events = POLLIN}, 1, 1000) == 1);
        close(r.fd);
    }
    mem_test_fail(0, 0);
    expect_service("no memory at all", 0);
}

static void starting(void **state)
{
    (void)state;
    static const char *const hosts[] = {"a.example", "b.example"};
    static const char *const origins[] = {"https://a.example"};
    ServerOptions o = {.host = "127.0.0.1", .on_request = ts_on_request, .allowed_hosts = hosts,
                       .allowed_host_count = 2, .allowed_origins = origins,
                       .allowed_origin_count = 1};
    unsigned refused = 0;
    for (uint64_t n = 1; n < 200; n++) {
        Err err = ERR_INIT;
        mem_test_fail(n, 0);
        Server *s = server_new(&o, &err);
        mem_test_fail(0, 0);
        refused += s == NULL;
        assert_int_equal(s == NULL, err.code == ERR_NO_MEMORY);
        server_free(s);
    }
    assert_true(refused > 10);
}

/* ---- mutated bytes ---- */

static uint32_t seed = 1;

static uint32_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed;
}

/* Some bytes changed, removed, doubled, or a known troublemaker put in. */
static size_t mutate(char *data, size_t n, size_t room)
{
    static const char *const trouble[] = {
        "\r\n", "\n", "\r", "\r\n\r\n", ":", " ", "\0", "Transfer-Encoding: chunked\r\n",
        "Content-Length: 3\r\n", "Content-Length: 99999999999\r\n", "0\r\n\r\n", "ffffffff\r\n",
        "Connection: close\r\n", "Expect: 100-continue\r\n", "GET / HTTP/1.1\r\n", "%00", "/..",
        "Upgrade: websocket\r\n", "\x88\x80\x01\x02\x03\x04", "\x81\xFE", "\xFF\xFF\xFF\xFF",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    };
    for (uint32_t k = next_random() % 4 + 1; k > 0; k--) {
        size_t at = next_random() % n;
        const char *t = trouble[next_random() % ARRAY_LEN(trouble)];
        size_t len = *t ? strlen(t) : 1;
        switch (next_random() % 4) {
        case 0:
            data[at] = (char)next_random();
            break;
        case 1:
            len = next_random() % 20 + 1;
            if (at + len < n) {
                memmove(data + at, data + at + len, n - at - len);
                n -= len;
            }
            break;
        default:
            if (n + len < room) {
                memmove(data + at + len, data + at, n - at);
                memcpy(data + at, t, len);
                n += len;
            }
        }
    }
    return n;
}

static void send_mutated(const char *bytes, size_t n, int count)
{
    for (int i = 0; i < count; i++) {
        char data[4096];
        memcpy(data, bytes, n);
        size_t len = mutate(data, n, sizeof data), cut = next_random() % (len + 1);
        Raw r = raw_open(ts.port);
        raw_send(&r, data, cut);
        if (next_random() % 4 == 0)
            ts_sleep_ms(1); /* in two pieces as the server sees it */
        raw_send(&r, data + cut, len - cut);
        if (next_random() % 2)
            shutdown(r.fd, SHUT_WR);
        if (next_random() % 8)
            raw_more(&r, 20);
        raw_close(&r);
        if (i % 100 == 0)
            expect_service("mutation", (uint64_t)i);
    }
}

static void mutated_requests(void **state)
{
    (void)state;
    static const char *const requests[] = {
        "GET /json?a=b HTTP/1.1\r\nHost: localhost:%u\r\nAccept: */*\r\nX-Request-Id: abc\r\n\r\n"
        "GET /slow HTTP/1.1\r\nHost: localhost:%u\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: localhost:%u\r\nContent-Length: 10\r\n\r\n0123456789"
        "GET /json HTTP/1.1\r\nHost: localhost:%u\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: localhost:%u\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5;ext=1\r\nhello\r\n6\r\n world\r\n0\r\nT: v\r\n\r\nGET /stream HTTP/1.1\r\n"
        "Host: localhost:%u\r\n\r\n",
        "POST /deny HTTP/1.1\r\nHost: localhost:%u\r\nContent-Length: 5\r\n\r\nhello"
        "GET /big?n=50000 HTTP/1.1\r\nHost: localhost:%u\r\n\r\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
        char text[1024];
        const char *a = strstr(requests[i], "%u"), *b = strstr(a + 2, "%u");
        int n = snprintf(text, sizeof text, "%.*s%u%.*s%u%s", (int)(a - requests[i]), requests[i],
                         ts.port, (int)(b - a - 2), a + 2, ts.port, b + 2);
        send_mutated(text, (size_t)n, 500);
    }
}

static void mutated_websockets(void **state)
{
    (void)state;
    char text[1024];
    int n = snprintf(text, sizeof text, "GET /ws HTTP/1.1\r\nHost: localhost:%u\r\n"
                     "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", ts.port);
    static const char frames[] = "\x01\x83\1\2\3\4hel\x89\x81\1\2\3\4p\x80\x82\1\2\3\4lo"
                                 "\x82\xFE\0\x80\1\2\3\4";
    memcpy(text + n, frames, sizeof frames - 1);
    n += (int)sizeof frames - 1;
    memset(text + n, 'x', 128);
    n += 128;
    for (int i = 0; i < 800; i++) {
        Raw r = raw_open(ts.port);
        RawAnswer a;
        size_t head = (size_t)n - 128 - (sizeof frames - 1);
        raw_send(&r, text, head);
        assert_true(raw_answer_of(&r, &a, true, RAW_WAIT_MS));
        assert_int_equal(a.status, 101);
        char data[1024];
        memcpy(data, text + head, (size_t)n - head);
        raw_send(&r, data, mutate(data, (size_t)n - head, sizeof data));
        if (next_random() % 2)
            shutdown(r.fd, SHUT_WR);
        raw_more(&r, 20);
        raw_close(&r);
        if (i % 100 == 0)
            expect_service("mutation", (uint64_t)i);
    }
}

static void mutated_http2(void **state)
{
    (void)state;
    /* what a real client sends first, taken from nghttp2 */
    H2Client *c = h2_open();
    char bytes[2048];
    size_t n = 0;
    const uint8_t *data;
    ssize_t k;
    Upload u = {.data = STR("hello")};
    h2_ask(c, "GET", "/json", NULL, NULL, NULL);
    h2_ask(c, "POST", "/echo", NULL, NULL, &u);
    h2_ask(c, "GET", "/stream", NULL, NULL, NULL);
    while ((k = nghttp2_session_mem_send(c->session, &data)) > 0) {
        assert_true(n + (size_t)k < sizeof bytes);
        memcpy(bytes + n, data, (size_t)k);
        n += (size_t)k;
    }
    h2_close(c);
    for (int i = 0; i < 1000; i++) {
        char copy[4096];
        memcpy(copy, bytes, n);
        Raw r = raw_open(ts.port);
        raw_send(&r, copy, 24); /* the preface stays, or it would be HTTP/1.1 */
        raw_send(&r, copy + 24, mutate(copy + 24, n - 24, sizeof copy - 24));
        if (next_random() % 2)
            shutdown(r.fd, SHUT_WR);
        if (next_random() % 4)
            raw_more(&r, 20);
        raw_close(&r);
        if (i % 100 == 0)
            expect_service("mutation", (uint64_t)i);
    }
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starting), CASE(memory_fails),       CASE(memory_is_gone),
        CASE(mutated_requests),     CASE(mutated_websockets), CASE(mutated_http2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
