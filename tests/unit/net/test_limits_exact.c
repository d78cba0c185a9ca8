/* test_limits_exact.c - limits as they are when nobody says anything else: at the number, and past
 * it. */
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/os.h"
#include "unit/net/testserver.h"

#define FEW 400
#define FILES_BESIDE 200 /* descriptors that are no connections */

/* ---- connections ----------------------------------------------------------------------------- */

/* All of the default with SOTTO_TORTURE=full, as far as a process may have so many: else FEW, by
 * the same option that the default fills. */
static uint32_t connections_here(void)
{
    struct rlimit files;
    const char *torture = getenv("SOTTO_TORTURE");
    if (!torture || strcmp(torture, "full") != 0)
        return FEW;
    rlim_t want = server_default_limits.connections + FILES_BESIDE;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    if (files.rlim_cur < want) {
        files.rlim_cur = files.rlim_max < want ? files.rlim_max : want;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    }
    if (files.rlim_cur >= want)
        return server_default_limits.connections;
    print_message("only %llu descriptors are allowed here: fewer connections are tried\n",
                  (unsigned long long)files.rlim_cur);
    return (uint32_t)files.rlim_cur - FILES_BESIDE;
}

/* The server, in a process of its own, so that both ends have all their descriptors: until `until`
 * is closed. Its end says whether every connection was given back. */
static int serve(int tell, int until, uint32_t connections)
{
    char byte;
    ServerOptions o = {.host = "127.0.0.1",
                       .limits = {.idle_timeout_ms = 600000, .head_timeout_ms = 600000}};
    o.limits.connections = connections == server_default_limits.connections ? 0 : connections;
    ts_begin(&o);
    if (!os_write_all(tell, &ts.port, sizeof ts.port))
        return 1;
    while (read(until, &byte, 1) > 0)
        ;
    ts_end();
    return 0;
}

typedef struct {
    pid_t pid;
    int until;
    uint16_t port;
} Served;

static Served begin_serving(uint32_t connections)
{
    int tell[2], until[2];
    Served s;
    assert_int_equal(pipe(tell), 0);
    assert_int_equal(pipe(until), 0);
    s.pid = fork();
    assert_true(s.pid >= 0);
    if (s.pid == 0) {
        close(until[1]);
        _exit(serve(tell[1], until[0], connections));
    }
    close(tell[1]);
    close(until[0]);
    assert_int_equal(read(tell[0], &s.port, sizeof s.port), sizeof s.port);
    close(tell[0]);
    s.until = until[1];
    return s;
}

static void end_serving(const Served *s)
{
    int status = 1;
    close(s->until);
    assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
    assert_int_equal(status, 0);
}

static int ask(Raw *r, uint16_t port)
{
    char text[100];
    RawAnswer a;
    (void)snprintf(text, sizeof text, "GET /json HTTP/1.1\r\nHost: localhost:%u\r\n\r\n", port);
    raw_puts(r, text);
    assert_true(raw_answer(r, &a));
    raw_answer_release(&a);
    return a.status;
}

static void all_connections(void **state)
{
    (void)state;
    struct linger now = {1, 0}; /* no TIME_WAIT: other tests need ports, too */
    assert_int_equal(server_default_limits.connections, 16384);
    uint32_t n = connections_here();
    Served s = begin_serving(n);
    Raw *r = calloc(n, sizeof *r);
    assert_non_null(r);
    for (uint32_t i = 0; i < n; i++) {
        r[i] = raw_open(s.port);
        setsockopt(r[i].fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
    assert_int_equal(ask(&r[n - 1], s.port), 200); /* at the limit */
    Raw over = raw_open(s.port);
    assert_int_equal(ask(&over, s.port), 503); /* one past it */
    raw_close(&over);
    assert_int_equal(ask(&r[0], s.port), 200); /* the others stay */
    for (uint32_t i = 0; i < n; i++)
        raw_close(&r[i]);
    free(r);
    end_serving(&s);
}

/* ---- the least rate of a body ---------------------------------------------------------------- */

#define SPAN_MS 400 /* in the place of 20 s */

/* A body of two pieces with a span between: the status of the answer. */
static int two_pieces(size_t first)
{
    static char zeros[8192];
    char head[200];
    RawAnswer a;
    Raw r = raw_open(ts.port);
    (void)snprintf(head, sizeof head,
                   "POST /echo HTTP/1.1\r\nHost: localhost:%u\r\nContent-Length: %zu\r\n\r\n",
                   ts.port, sizeof zeros);
    raw_puts(&r, head);
    ts_sleep_ms(SPAN_MS / 8); /* the head by itself: what comes now counts */
    raw_send(&r, zeros, first);
    uint64_t until = raw_now_ms() + SPAN_MS * 3 / 2;
    while (raw_now_ms() < until && !raw_more(&r, 20))
        ;
    raw_send(&r, zeros + first, sizeof zeros - first);
    assert_true(raw_answer(&r, &a));
    raw_answer_release(&a);
    raw_close(&r);
    return a.status;
}

static void rate_of_a_body(void **state)
{
    (void)state;
    assert_int_equal(server_default_limits.body_timeout_ms, 20000);
    assert_int_equal(server_default_limits.body_min_bytes, 4096);
    ServerOptions o = {.host = "127.0.0.1", .limits = {.body_timeout_ms = SPAN_MS}};
    ts_begin(&o);
    assert_int_equal(two_pieces(4096), 200);
    assert_int_equal(two_pieces(4095), 408);
    ts_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_connections),
                                       cmocka_unit_test(rate_of_a_body)};
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
