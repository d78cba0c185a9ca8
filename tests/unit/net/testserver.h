/* testserver.h - a server with a handler for every way of answering, started in this process. */
#ifndef SOTTO_TESTS_TESTSERVER_H
#define SOTTO_TESTS_TESTSERVER_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/mem.h"
#include "net/form.h"
#include "net/server.h"
#include "net/websocket.h"
#include "unit/net/raw.h"

typedef struct {
    Server *server;
    uint16_t port;
    atomic_int handled;    /* on_request calls */
    atomic_int cancelled;  /* /hang requests that saw their client go */
    atomic_int streamed;   /* bytes of /firehose */
    atomic_int released;   /* body_release calls */
    atomic_bool open;      /* /gate answers */
    atomic_int ws_open, ws_closed, ws_last_code;
    _Atomic WsId ws_id;
    char last_path[256];   /* of the last request, for tests that look at it afterwards */
} TestServer;

static TestServer ts;

static void ts_thread(void *(*fn)(void *), HttpExchange *x)
{
    pthread_t t;
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    assert_int_equal(pthread_create(&t, &attr, fn, x), 0);
    pthread_attr_destroy(&attr);
}

static void ts_sleep_ms(int ms)
{
    struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

static void *ts_slow(void *arg)
{
    HttpExchange *x = arg;
    ts_sleep_ms(300);
    http_reply(x, 200, "text/plain", STR("slow"));
    return NULL;
}

/* Not before the test says so. */
static void *ts_gate(void *arg)
{
    for (int i = 0; i < 6000 && !atomic_load(&ts.open); i++)
        ts_sleep_ms(10);
    http_reply(arg, 200, "text/plain", STR("open"));
    return NULL;
}

static void *ts_hang(void *arg)
{
    HttpExchange *x = arg;
    for (int i = 0; i < 300 && !http_exchange_cancelled(x); i++)
        ts_sleep_ms(10);
    if (http_exchange_cancelled(x)) {
        ts_sleep_ms(20); /* until nothing is left of the connection */
        if (str_eq(x->req.peer, STR("127.0.0.1")) && x->req.host.len && x->req.target.len)
            atomic_fetch_add(&ts.cancelled, 1);
    }
    http_reply(x, 200, "text/plain", STR("too late"));
    return NULL;
}

static void *ts_stream(void *arg)
{
    HttpExchange *x = arg;
    x->resp.content_type = STR("text/event-stream");
    http_stream_start(x, -1);
    bool ok = true;
    for (int i = 0; i < 5 && ok; i++) {
        ok = http_stream_event(x, "tick", STR("a\nb"));
        ts_sleep_ms(5);
    }
    http_stream_end(x, ok);
    return NULL;
}

/* 4 MiB of a known length, never more than 64 KiB ahead of the client. */
static void *ts_long_stream(void *arg)
{
    HttpExchange *x = arg;
    char block[16384];
    memset(block, 'z', sizeof block);
    http_stream_start(x, 256 * 16384);
    bool ok = true;
    for (int i = 0; i < 256 && ok; i++)
        ok = http_stream_wait(x, 65536, 3000) && http_stream_send(x, str_mem(block, sizeof block));
    http_stream_end(x, ok);
    return NULL;
}

/* As fast as it goes, until told to stop. */
static void *ts_firehose(void *arg)
{
    HttpExchange *x = arg;
    static char block[65536];
    http_stream_start(x, -1);
    while (http_stream_send(x, str_mem(block, sizeof block)))
        atomic_fetch_add(&ts.streamed, (int)sizeof block);
    atomic_fetch_add(&ts.cancelled, 1);
    http_stream_end(x, false);
    return NULL;
}

static void *ts_short_stream(void *arg)
{
    HttpExchange *x = arg;
    http_stream_start(x, 100);
    http_stream_send(x, STR("only this"));
    http_stream_end(x, true);
    return NULL;
}

static void ts_on_release(void *arg)
{
    free(arg);
    atomic_fetch_add(&ts.released, 1);
}

static void ts_big(HttpExchange *x)
{
    Form form;
    Err err = ERR_INIT;
    uint64_t n = 0;
    if (!form_parse(x->req.query, x->req.arena, &form, &err) ||
        !str_to_u64(form_get(&form, "n"), &n) || n > 100000000) {
        err_set(&err, ERR_VALIDATION, "n is no number of bytes");
        http_reply_error(x, &err);
        return;
    }
    char *p = malloc(n + 1);
    assert_non_null(p);
    for (uint64_t i = 0; i < n; i++)
        p[i] = (char)('a' + i % 26);
    x->resp.body_ref = str_mem(p, (size_t)n);
    x->resp.body_release = ts_on_release;
    x->resp.body_release_arg = p;
    x->resp.content_type = STR("text/plain");
    http_exchange_reply(x);
}

static void ts_ws_open(void *user, Server *s, WsId id)
{
    (void)user;
    (void)s;
    atomic_store(&ts.ws_id, id);
    atomic_fetch_add(&ts.ws_open, 1);
}

static void ts_ws_text(void *user, Server *s, WsId id, Str m)
{
    (void)user;
    if (str_eq(m, STR("close me"))) {
        ws_close(s, id, 4001, STR("as you wish"));
    } else if (str_starts(m, STR("flood "))) {
        /* so many kilobytes back: for a client that does not read */
        uint64_t n = 0;
        static char block[1024];
        memset(block, 'f', sizeof block);
        if (!str_to_u64(str_sub(m, 6, m.len), &n))
            n = 0;
        while (n-- && ws_send_text(s, id, str_mem(block, sizeof block)))
            continue;
    } else {
        ws_send_text(s, id, m);
    }
}

static void ts_ws_binary(void *user, Server *s, WsId id, Str m)
{
    (void)user;
    ws_send_binary(s, id, m);
}

static void ts_ws_close(void *user, Server *s, WsId id, int code)
{
    (void)user;
    (void)s;
    (void)id;
    atomic_store(&ts.ws_last_code, code);
    atomic_fetch_add(&ts.ws_closed, 1);
}

static const WsHandler ts_ws = {ts_ws_open, ts_ws_text, ts_ws_binary, ts_ws_close, NULL};

static void ts_accept_ws(HttpExchange *x)
{
    Err err = ERR_INIT;
    if (str_eq(x->req.query, STR("token=wrong"))) {
        err_set(&err, ERR_UNAUTHORIZED, "the token is wrong");
        http_reply_error(x, &err);
    } else if (!ws_accept(x, &ts_ws, NULL, &err)) {
        http_reply_status(x, ws_refusal_status(x), &err);
    } else {
        http_exchange_reply(x);
    }
}

static void ts_on_request(void *arg, HttpExchange *x)
{
    (void)arg;
    Str path = x->req.path;
    Err err = ERR_INIT;
    snprintf(ts.last_path, sizeof ts.last_path, "%.*s", STR_ARG(path));
    atomic_fetch_add(&ts.handled, 1);
    x->route = "/test";
    if (str_eq(path, STR("/json")))
        http_reply(x, 200, "application/json", STR("{\"ok\":true}"));
    else if (str_eq(path, STR("/echo")) || str_eq(path, STR("/limit")))
        http_reply(x, 200, "application/octet-stream", x->req.body);
    else if (str_eq(path, STR("/slow")))
        ts_thread(ts_slow, x);
    else if (str_eq(path, STR("/gate")))
        ts_thread(ts_gate, x);
    else if (str_eq(path, STR("/firehose")))
        ts_thread(ts_firehose, x);
    else if (str_eq(path, STR("/hang")))
        ts_thread(ts_hang, x);
    else if (str_eq(path, STR("/stream")))
        ts_thread(ts_stream, x);
    else if (str_eq(path, STR("/long")))
        ts_thread(ts_long_stream, x);
    else if (str_eq(path, STR("/short")))
        ts_thread(ts_short_stream, x);
    else if (str_eq(path, STR("/big")))
        ts_big(x);
    else if (str_eq(path, STR("/ws")))
        ts_accept_ws(x);
    else if (str_eq(path, STR("/empty")))
        http_reply_empty(x, 204);
    else if (str_eq(path, STR("/headers"))) {
        http_resp_header(x, "Cache-Control", STR("max-age=1"));
        http_resp_header(x, "Content-Length", STR("999")); /* not a handler's business */
        http_resp_header(x, "X-Extra", STR("yes"));
        http_reply(x, 200, "text/plain", STR("h"));
    } else if (str_eq(path, STR("/split"))) {
        http_resp_header(x, "X-Evil", STR("a\r\nSet-Cookie: b"));
        http_reply(x, 200, "text/plain", STR("never"));
    } else if (str_eq(path, STR("/id"))) {
        http_reply(x, 200, "text/plain", x->req.id);
    } else {
        err_set(&err, ERR_NOT_FOUND, "there is nothing at this address");
        http_reply_error(x, &err);
    }
}

static void ts_on_head(void *arg, HttpExchange *x)
{
    (void)arg;
    Err err = ERR_INIT;
    if (str_eq(x->req.path, STR("/limit")))
        x->body_max = 10;
    if (str_eq(x->req.path, STR("/deny"))) {
        err_set(&err, ERR_UNAUTHORIZED, "no");
        http_reply_error(x, &err);
    }
}

static inline void ts_begin(const ServerOptions *options)
{
    Err err = ERR_INIT;
    ServerOptions o = *options;
    o.on_head = ts_on_head;
    o.on_request = ts_on_request;
    memset(&ts, 0, sizeof ts);
    ts.server = server_new(&o, &err);
    if (!ts.server)
        fail_msg("%s", err.msg);
    ts.port = server_port(ts.server);
    assert_int_not_equal(ts.port, 0);
    assert_true(server_start(ts.server, &err));
}

static inline void ts_end(void)
{
    server_stop(ts.server, 1000);
    server_join(ts.server);
    ServerStats stats;
    server_stats(ts.server, &stats);
    server_free(ts.server);
    /* Whatever a test did: no connection and no counted byte may be left over. */
    assert_int_equal(stats.connections, 0);
    assert_int_equal(stats.websockets, 0);
    assert_int_equal(stats.body_bytes_held, 0);
}

/* Waits until *what reaches `value`, at most a minute: machines are busy. */
static inline bool ts_reaches(atomic_int *what, int value)
{
    for (int i = 0; i < 6000; i++) {
        if (atomic_load(what) >= value)
            return true;
        ts_sleep_ms(10);
    }
    return false;
}

#endif
