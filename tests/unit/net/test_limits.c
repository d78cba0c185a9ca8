/* test_limits.c - time-outs, connection and memory limits, and the end of a server. */
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/metrics.h"
#include "unit/net/testserver.h"

static const ServerOptions options = {
    .host = "127.0.0.1",
    .limits = {.connections = 20, .head_timeout_ms = 300, .body_timeout_ms = 300,
               .body_min_bytes = 100, .idle_timeout_ms = 500, .write_timeout_ms = 400,
               .body_total_bytes = 4 << 20, .body_bytes = 64 << 20},
};

static int setup(void **state)
{
    (void)state;
    ts_begin(&options);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ts_end();
    return 0;
}

static const char *get(const char *path)
{
    static char text[256];
    snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: localhost:%u\r\n\r\n", path, ts.port);
    return text;
}

static const char *post(size_t length)
{
    static char text[256];
    snprintf(text, sizeof text, "POST /echo HTTP/1.1\r\nHost: localhost:%u\r\n"
             "Content-Length: %zu\r\n\r\n", ts.port, length);
    return text;
}

/* A head that trickles: every byte resets nothing. */
static void slow_head(void **state)
{
    (void)state;
    Raw r = raw_open(ts.port);
    RawAnswer a;
    uint64_t start = raw_now_ms();
    raw_puts(&r, "GET /json HTTP/1.1\r\nHost: ");
    while (!raw_more(&r, 20) && !r.eof && raw_now_ms() - start < 3000)
        raw_puts(&r, "x");
    assert_true(raw_answer(&r, &a));
    assert_int_equal(a.status, 408);
    uint64_t took = raw_now_ms() - start;
    assert_true(took >= 250 && took < 1500);
    raw_answer_release(&a);
    assert_true(raw_closed(&r, RAW_WAIT_MS));
    raw_close(&r);
}

static void slow_body(void **state)
{
    (void)state;
    Raw r = raw_open(ts.port);
    RawAnswer a;
    uint64_t start = raw_now_ms();
    raw_puts(&r, post(1000));
    while (!raw_more(&r, 20) && !r.eof && raw_now_ms() - start < 3000)
        raw_puts(&r, "x"); /* 50 a second where 333 are the least */
    assert_true(raw_answer(&r, &a));
    assert_int_equal(a.status, 408);
    raw_answer_release(&a);
    raw_close(&r);
}

static void a_steady_body_may_take_its_time(void **state)
{
    (void)state;
    Raw r = raw_open(ts.port);
    RawAnswer a;
    char piece[50];
    memset(piece, 's', sizeof piece);
    raw_puts(&r, post(50 * 50));
    for (int i = 0; i < 50; i++) { /* a second in all, three times the span */
        raw_send(&r, piece, sizeof piece);
        ts_sleep_ms(20);
    }
    assert_true(raw_answer(&r, &a));
    assert_int_equal(a.status, 200);
    assert_int_equal(a.body.len, 2500);
    raw_answer_release(&a);
    raw_close(&r);
}

static void idle_connections_are_closed(void **state)
{
    (void)state;
    Raw silent = raw_open(ts.port), used = raw_open(ts.port);
    RawAnswer a;
    uint64_t start = raw_now_ms();
    raw_puts(&used, get("/json"));
    assert_true(raw_answer(&used, &a));
    raw_answer_release(&a);
    assert_true(raw_closed(&silent, 2000));
    assert_int_equal(silent.in.len, 0);
    assert_true(raw_closed(&used, 2000));
    assert_int_equal(used.in.len, 0); /* no 408 to a client that asked nothing */
    assert_true(raw_now_ms() - start >= 400);
    raw_close(&silent);
    raw_close(&used);
}

/* A reader that takes nothing: the server must not wait for it for ever. */
static void stalled_reader(void **state)
{
    (void)state;
    Raw r = raw_open(ts.port);
    int small = 4096;
    setsockopt(r.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    raw_puts(&r, get("/big?n=30000000"));
    assert_true(ts_reaches(&ts.released, 1));
    raw_close(&r);
}

/* It is told to stop when 8 MiB wait, long before the client's time is over. */
static void a_stream_that_nobody_reads_stops_its_worker(void **state)
{
    (void)state;
    Raw r = raw_open(ts.port);
    raw_puts(&r, get("/firehose"));
    assert_true(ts_reaches(&ts.cancelled, 1));
    assert_in_range(atomic_load(&ts.streamed), 1, 20 << 20); /* with what the kernel takes */
    raw_close(&r);
}

static void connection_limit(void **state)
{
    (void)state;
    ts_end();
    ServerOptions o = {.host = "127.0.0.1", .limits = {.connections = 20}};
    ts_begin(&o);
    Raw r[20];
    for (size_t i = 0; i < ARRAY_LEN(r); i++) {
        RawAnswer a;
        r[i] = raw_open(ts.port);
        raw_puts(&r[i], get("/json"));
        assert_true(raw_answer(&r[i], &a));
        assert_int_equal(a.status, 200);
        raw_answer_release(&a);
    }
    Raw over = raw_open(ts.port);
    RawAnswer a;
    raw_puts(&over, get("/json"));
    assert_true(raw_answer(&over, &a));
    assert_int_equal(a.status, 503);
    assert_str(raw_header(&a, "Retry-After"), "1");
    assert_str(raw_header(&a, "Content-Type"), "application/problem+json");
    raw_answer_release(&a);
    raw_close(&over);
    for (size_t i = 0; i < ARRAY_LEN(r); i++)
        raw_close(&r[i]);
    for (int i = 0; i < 6000; i++) { /* their places become free */
        ts_sleep_ms(10);
        if (raw_status(ts.port, get("/json")) == 200)
            return;
    }
    fail_msg("the places of closed connections were not given back");
}

/* All places are taken by somebody who says nothing: for another there is one, for the same not. */
static void who_has_most_makes_way(void **state)
{
    (void)state;
    ts_end();
    ServerOptions o = {.host = "127.0.0.1", .limits = {.connections = 20}};
    ts_begin(&o);
    Raw r[21];
    for (size_t i = 0; i < 20; i++) {
        r[i] = raw_open_from(ts.port, 2);
        raw_puts(&r[i], "GET /json HTTP/1.1\r\n");
    }
    assert_int_equal(raw_status(ts.port, get("/json")), 200);
    size_t closed = 0;
    for (size_t i = 0; i < 20; i++)
        closed += raw_closed(&r[i], 20);
    assert_int_equal(closed, 1);
    ServerStats stats;
    do /* until the place is free again */
        server_stats(ts.server, &stats);
    while (stats.connections > 19);
    r[20] = raw_open_from(ts.port, 2);
    Raw over = raw_open_from(ts.port, 2);
    RawAnswer a;
    raw_puts(&over, get("/json"));
    assert_true(raw_answer(&over, &a));
    assert_int_equal(a.status, 503);
    raw_answer_release(&a);
    raw_close(&over);
    for (size_t i = 0; i < ARRAY_LEN(r); i++)
        raw_close(&r[i]);
}

/* One address may not take all places; this machine's own is not counted but for the test. */
static void connections_of_an_address(void **state)
{
    (void)state;
    ts_end();
    ServerOptions o = {.host = "127.0.0.1",
                       .limits = {.address_connections = 5, .address_loopback = true}};
    ts_begin(&o);
    Raw r[5];
    for (size_t i = 0; i < ARRAY_LEN(r); i++) {
        RawAnswer a;
        r[i] = raw_open(ts.port);
        raw_puts(&r[i], get("/json"));
        assert_true(raw_answer(&r[i], &a));
        assert_int_equal(a.status, 200);
        raw_answer_release(&a);
    }
    assert_int_equal(raw_status(ts.port, get("/json")), 503);
    for (size_t i = 0; i < ARRAY_LEN(r); i++)
        raw_close(&r[i]);
    for (int i = 0; i < 6000; i++) {
        ts_sleep_ms(10);
        if (raw_status(ts.port, get("/json")) == 200)
            return;
    }
    fail_msg("the places of closed connections were not given back");
}

/* Three quarters of 4 MiB are one address's: the rest is for the others. */
static void memory_of_an_address(void **state)
{
    (void)state;
    static char part[3200000];
    Raw r = raw_open(ts.port);
    RawAnswer a;
    raw_puts(&r, post(sizeof part));
    raw_send(&r, part, sizeof part);
    assert_true(raw_answer(&r, &a));
    assert_int_equal(a.status, 503);
    raw_answer_release(&a);
    raw_close(&r);
    r = raw_open(ts.port);
    raw_puts(&r, post(3100000));
    assert_true(raw_send(&r, part, 3100000));
    assert_true(raw_answer(&r, &a));
    assert_int_equal(a.status, 200);
    raw_answer_release(&a);
    raw_close(&r);
}

/* What the loop waits with is broken: its thread ends, and says so. */
static void a_loop_that_cannot_wait_ends(void **state)
{
    (void)state;
    assert_false(server_is_over(ts.server));
    int none = open("/dev/null", O_RDONLY | O_CLOEXEC), broken = 0;
    for (int fd = 3; fd < 256; fd++) {
        char path[64], name[64] = "";
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        if (readlink(path, name, sizeof name - 1) > 0 && strstr(name, "eventpoll"))
            broken += dup3(none, fd, O_CLOEXEC) == fd;
    }
    assert_true(broken > 0);
    close(none);
    Raw r = raw_open(ts.port); /* an epoll_wait under way would end with it, or in two seconds */
    for (int i = 0; i < 6000 && !server_is_over(ts.server); i++)
        ts_sleep_ms(10);
    assert_true(server_is_over(ts.server));
    raw_close(&r);
}

/* Two bodies of 3 MiB at once where 4 MiB are the most: one is told to come back. */
static void memory_limit(void **state)
{
    (void)state;
    static char part[3000000];
    Raw first = raw_open(ts.port), second = raw_open(ts.port);
    RawAnswer a;
    raw_puts(&first, post(3000001));
    assert_true(raw_send(&first, part, sizeof part));
    ServerStats stats;
    do /* until all of it is there */
        server_stats(ts.server, &stats);
    while (stats.body_bytes_held < sizeof part);
    raw_puts(&second, post(3000001));
    /* Just past what is left: what the server would have to throw away could end in a reset, and
     * the answer with it. */
    raw_send(&second, part, ((size_t)4 << 20) - sizeof part + 1);
    assert_true(raw_answer(&second, &a));
    assert_int_equal(a.status, 503);
    raw_answer_release(&a);
    raw_puts(&first, "!");
    assert_true(raw_answer(&first, &a));
    assert_int_equal(a.status, 200);
    assert_int_equal(a.body.len, 3000001);
    raw_answer_release(&a);
    raw_close(&first);
    raw_close(&second);
}

/* No descriptor left: the server waits and goes on when there are some again. */
static void descriptors_run_out(void **state)
{
    (void)state;
    struct rlimit before, low;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    Raw probe = raw_open(ts.port), waiting = raw_open(ts.port);
    RawAnswer a;
    raw_puts(&probe, get("/json"));
    assert_true(raw_answer(&probe, &a));
    raw_answer_release(&a);
    int fds[64];
    size_t n = 0;
    low = before;
    low.rlim_cur = (rlim_t)dup(probe.fd) + 8;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    Raw late = {.fd = socket(AF_INET, SOCK_STREAM, 0)};
    buf_init(&late.in, SIZE_MAX);
    while (n < ARRAY_LEN(fds) && (fds[n] = dup(probe.fd)) >= 0)
        n++;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(ts.port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(late.fd, (struct sockaddr *)&to, sizeof to), 0);
    raw_puts(&late, get("/json"));
    assert_false(raw_more(&late, 150));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    while (n)
        close(fds[--n]);
    assert_true(raw_answer(&late, &a));
    assert_int_equal(a.status, 200);
    raw_answer_release(&a);
    raw_close(&late);
    raw_close(&probe);
    raw_close(&waiting);
}

/* ---- the end ---- */

static void stopping_lets_requests_end(void **state)
{
    (void)state;
    ts_begin(&options);
    Raw busy = raw_open(ts.port), idle = raw_open(ts.port);
    RawAnswer a;
    raw_puts(&idle, get("/json"));
    assert_true(raw_answer(&idle, &a));
    raw_answer_release(&a);
    raw_puts(&busy, get("/slow"));
    ts_sleep_ms(20);
    server_stop(ts.server, 2000);
    assert_true(raw_closed(&idle, 1000));
    assert_true(raw_answer(&busy, &a));
    assert_int_equal(a.status, 200);
    assert_str(raw_header(&a, "Connection"), "close");
    raw_answer_release(&a);
    raw_close(&busy);
    raw_close(&idle);
    uint64_t start = raw_now_ms();
    server_join(ts.server);
    assert_true(raw_now_ms() - start < 1500);
    server_free(ts.server);
}

static void stopping_cuts_what_takes_too_long(void **state)
{
    (void)state;
    ts_begin(&options);
    Raw busy = raw_open(ts.port);
    raw_puts(&busy, get("/hang"));
    ts_sleep_ms(20);
    uint64_t start = raw_now_ms();
    server_stop(ts.server, 200);
    server_join(ts.server);
    assert_true(raw_now_ms() - start < 1500);
    assert_true(raw_closed(&busy, 1000));
    server_free(ts.server); /* waits for the handler, which sees that it was cancelled */
    assert_int_equal(atomic_load(&ts.cancelled), 1);
    raw_close(&busy);
}

static void bad_options(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    ServerOptions o = {.host = "no such host", .on_request = ts_on_request};
    assert_err(server_new(&o, &err) != NULL, err, ERR_VALIDATION, "no such host");
    o = (ServerOptions){.host = "127.0.0.1"};
    assert_err(server_new(&o, &err) != NULL, err, ERR_VALIDATION, "handler");
    o = (ServerOptions){.on_request = ts_on_request, .tls_cert = "/nonexistent"};
    assert_err(server_new(&o, &err) != NULL, err, ERR_VALIDATION, "key");
    o.tls_key = "/nonexistent";
    assert_err(server_new(&o, &err) != NULL, err, ERR_VALIDATION, "certificate");
    const char *hosts[] = {"a b"};
    o = (ServerOptions){.on_request = ts_on_request, .allowed_hosts = hosts,
                        .allowed_host_count = 1};
    assert_err(server_new(&o, &err) != NULL, err, ERR_VALIDATION, "a b");
    o = (ServerOptions){.on_request = ts_on_request, .allowed_origins = hosts,
                        .allowed_origin_count = 1};
    assert_err(server_new(&o, &err) != NULL, err, ERR_VALIDATION, "a b");
    o = (ServerOptions){.on_request = ts_on_request, .listen_fd = 0x7fff};
    assert_err(server_new(&o, &err) != NULL, err, ERR_VALIDATION, "listening socket");
}

static void address_in_use(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    ts_begin(&options);
    ServerOptions o = {.host = "127.0.0.1", .port = ts.port, .on_request = ts_on_request};
    assert_err(server_new(&o, &err) != NULL, err, ERR_CONFLICT, "in use");
    ts_end();
}

/* Socket activation: somebody else has bound and listens already. */
static void a_given_socket(void **state)
{
    (void)state;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = {.sin_family = AF_INET};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, 5), 0);
    ServerOptions o = {.listen_fd = fd};
    ts_begin(&o);
    assert_int_equal(raw_status(ts.port, get("/json")), 200);
    ts_end();
}

/* What the tests before it met. */
static void every_limit_is_counted(void **state)
{
    (void)state;
    static const char *const limits[] = {"head_time", "body_time", "idle", "write_time",
                                         "connections", "connections_of_address", "room",
                                         "memory_of_address"};
    Buf b;
    buf_init(&b, SIZE_MAX);
    assert_true(metrics_render(&b));
    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        char line[128];
        snprintf(line, sizeof line, "limits_met_total{limit=\"%s\"} ", limits[i]);
        if (str_find(buf_str(&b), str_of(line), 0) == SIZE_MAX)
            fail_msg("no %s in %s", line, b.ptr);
    }
    buf_release(&b);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(slow_head),
        CASE(slow_body),
        CASE(a_steady_body_may_take_its_time),
        CASE(idle_connections_are_closed),
        CASE(stalled_reader),
        CASE(a_stream_that_nobody_reads_stops_its_worker),
        CASE(connection_limit),
        CASE(connections_of_an_address),
        CASE(who_has_most_makes_way),
        CASE(memory_limit),
        CASE(memory_of_an_address),
        CASE(a_loop_that_cannot_wait_ends),
        CASE(descriptors_run_out),
        cmocka_unit_test(every_limit_is_counted),
        cmocka_unit_test(stopping_lets_requests_end),
        cmocka_unit_test(stopping_cuts_what_takes_too_long),
        cmocka_unit_test(bad_options),
        cmocka_unit_test(address_in_use),
        cmocka_unit_test(a_given_socket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
