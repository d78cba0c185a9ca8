/* test_exchange.c - exchanges without a server: what handlers' tests stand on. */
#include <pthread.h>
#include <stdio.h>

#include "base/json.h"
#include "base/mem.h"
#include "net/http.h"
#include "net/websocket.h"
#include "support/unit.h"

static HttpExchange *make(const char *target)
{
    Err err = ERR_INIT;
    HttpHeader h[] = {{STR("X-One"), STR("1")}, {STR("x-one"), STR("2")},
                      {STR("Connection"), STR("a, B ,c")}, {STR("connection"), STR("d")}};
    HttpExchange *x = http_exchange_new(STR("POST"), str_of(target), h, 4, STR("body"), &err);
    if (!x)
        fail_msg("%s", err.msg);
    return x;
}

static void requests(void **state)
{
    (void)state;
    HttpExchange *x = make("/a%20b?q=1");
    assert_str(x->req.path, "/a b");
    assert_str(x->req.query, "q=1");
    assert_str(x->req.body, "body");
    assert_str(http_header(&x->req, "X-ONE"), "1");
    assert_int_equal(http_header_count(&x->req, "X-One"), 2);
    assert_null(http_header(&x->req, "X-Two").ptr);
    assert_true(http_header_has_token(&x->req, "Connection", "b"));
    assert_true(http_header_has_token(&x->req, "Connection", "D"));
    assert_false(http_header_has_token(&x->req, "Connection", "a, B"));
    assert_true(http_is(&x->req, "POST"));
    assert_false(http_is(&x->req, "post"));
    http_exchange_free(x);
    Err err = ERR_INIT;
    assert_err(http_exchange_new(STR("GET"), STR("/.."), NULL, 0, STR(""), &err) != NULL, err,
               ERR_VALIDATION, "..");
}

static void answers(void **state)
{
    (void)state;
    HttpExchange *x = make("/");
    assert_false(http_exchange_wait(x, 0));
    http_reply(x, 201, "text/plain", STR("made"));
    assert_true(http_exchange_wait(x, 0));
    assert_int_equal(x->resp.status, 201);
    assert_str(x->resp.content_type, "text/plain");
    assert_str(http_resp_body(x), "made");
    http_exchange_free(x);

    x = make("/");
    Buf b;
    buf_init(&b, 100);
    buf_add(&b, STR("{}"));
    http_reply_json(x, 200, &b);
    assert_int_equal(b.len, 0);
    assert_null(b.ptr);
    assert_str(http_resp_body(x), "{}");
    http_exchange_free(x);
    buf_release(&b);
}

static void problems(void **state)
{
    (void)state;
    HttpExchange *x = make("/thing");
    Err err = ERR_INIT;
    err_set(&err, ERR_NOT_FOUND, "there is no \"thing\"");
    http_reply_error(x, &err);
    assert_int_equal(x->resp.status, 404);
    assert_str(x->resp.content_type, "application/problem+json");
    Json *j = json_parse(http_resp_body(x), 4, &err);
    assert_non_null(j);
    assert_str(json_str(json_get(j, "detail")), "there is no \"thing\"");
    assert_str(json_str(json_get(j, "instance")), "/thing");
    assert_str(json_str(json_get(j, "code")), "NOT_FOUND");
    assert_str(json_str(json_get(j, "type")), "about:blank");
    json_free(j);
    http_exchange_free(x);

    x = make("/");
    err_set(&err, ERR_UNAVAILABLE, "later");
    http_reply_error(x, &err);
    assert_int_equal(x->resp.status, 503);
    assert_str(http_resp_find(x, "Retry-After"), "1");
    http_exchange_free(x);

    x = make("/");
    http_resp_header(x, "Retry-After", STR("30"));
    http_reply_error(x, &err);
    assert_str(http_resp_find(x, "Retry-After"), "30");
    http_exchange_free(x);
}

static void headers(void **state)
{
    (void)state;
    HttpExchange *x = make("/");
    assert_true(http_resp_header(x, "X-A", STR("1")));
    assert_true(http_resp_header(x, "x-a", STR("2"))); /* replaces */
    assert_true(http_resp_header(x, "Set-Cookie", STR("a=1")));
    assert_true(http_resp_header(x, "Set-Cookie", STR("b=2"))); /* adds */
    assert_int_equal(x->resp.header_count, 3);
    assert_str(http_resp_find(x, "X-A"), "2");
    http_reply(x, 200, "text/plain", STR("x"));
    assert_int_equal(x->resp.status, 200);
    http_exchange_free(x);
    static const struct {
        const char *name, *value;
    } bad[] = {{"X-A", "a\r\nB: c"}, {"X-A", "a\nb"}, {"X A", "b"}, {"", "b"}, {"X:", "b"}};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        x = make("/");
        assert_false(http_resp_header(x, bad[i].name, str_of(bad[i].value)));
        http_reply(x, 200, "text/plain", STR("secret"));
        assert_int_equal(x->resp.status, 500);
        assert_int_equal(str_find(http_resp_body(x), STR("secret"), 0), SIZE_MAX);
        http_exchange_free(x);
    }
    x = make("/");
    for (int i = 0; i < HTTP_RESP_HEADERS_MAX; i++) {
        char name[16];
        snprintf(name, sizeof name, "X-%d", i);
        assert_true(http_resp_header(x, name, STR("y")));
    }
    assert_false(http_resp_header(x, "X-More", STR("y")));
    http_exchange_free(x);
}

static void answers_that_cannot_be_sent(void **state)
{
    (void)state;
    static const int bad[] = {0, 99, 101, 199, 600, -1};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        HttpExchange *x = make("/");
        http_reply(x, bad[i], "text/plain", STR("x"));
        assert_int_equal(x->resp.status, 500);
        http_exchange_free(x);
    }
    HttpExchange *x = make("/");
    Buf b;
    buf_init(&b, 3);
    buf_add(&b, STR("too long"));
    http_reply_json(x, 200, &b);
    assert_int_equal(x->resp.status, 500);
    http_exchange_free(x);
    buf_release(&b);
}

static int released;

static void on_release(void *arg)
{
    (void)arg;
    released++;
}

static void borrowed_bodies(void **state)
{
    (void)state;
    HttpExchange *x = make("/");
    x->resp.body_ref = STR("borrowed");
    x->resp.body_release = on_release;
    http_exchange_reply(x);
    assert_str(http_resp_body(x), "borrowed");
    assert_int_equal(released, 0);
    http_exchange_free(x);
    assert_int_equal(released, 1);
}

static void *answer_later(void *arg)
{
    HttpExchange *x = arg;
    while (!http_exchange_cancelled(x))
        continue;
    http_reply(x, 200, "text/plain", STR("from a worker"));
    return NULL;
}

static void another_thread_answers(void **state)
{
    (void)state;
    HttpExchange *x = make("/");
    pthread_t t;
    assert_int_equal(pthread_create(&t, NULL, answer_later, x), 0);
    http_exchange_cancel(x);
    assert_true(http_exchange_wait(x, 3000));
    assert_str(http_resp_body(x), "from a worker");
    pthread_join(t, NULL);
    http_exchange_free(x);
}

static void streams(void **state)
{
    (void)state;
    HttpExchange *x = make("/");
    x->resp.content_type = STR("text/event-stream");
    http_stream_start(x, -1);
    assert_true(http_stream_event(x, NULL, STR("one")));
    assert_true(http_stream_event(x, "two", STR("a\r\nb\rc\n")));
    assert_true(http_stream_wait(x, 0, 0));
    assert_false(http_exchange_wait(x, 0));
    http_stream_end(x, true);
    assert_true(http_exchange_wait(x, 0));
    assert_str(http_resp_body(x),
               "data: one\n\nevent: two\ndata: a\ndata: b\ndata: c\ndata: \n\n");
    http_exchange_free(x);
    x = make("/");
    http_stream_start(x, -1);
    http_exchange_cancel(x);
    assert_false(http_stream_send(x, STR("x")));
    http_stream_end(x, false);
    http_exchange_free(x);
}

static int closed_code;

static void on_close(void *user, Server *s, WsId id, int code)
{
    (void)user;
    (void)s;
    (void)id;
    closed_code = code;
}

static void websocket_handshake(void **state)
{
    (void)state;
    static const WsHandler handler = {.on_close = on_close};
    HttpHeader h[] = {{STR("Upgrade"), STR("websocket")}, {STR("Connection"), STR("Upgrade")},
                      {STR("Sec-WebSocket-Version"), STR("13")},
                      {STR("Sec-WebSocket-Key"), STR("dGhlIHNhbXBsZSBub25jZQ==")}};
    HttpExchange *x = http_exchange_new(STR("GET"), STR("/ws"), h, 4, STR(""), NULL);
    Err err = ERR_INIT;
    assert_true(ws_accept(x, &handler, NULL, &err));
    http_exchange_reply(x);
    assert_int_equal(x->resp.status, 101);
    http_exchange_free(x);
    x = http_exchange_new(STR("GET"), STR("/ws"), h, 3, STR(""), NULL);
    assert_err(ws_accept(x, &handler, NULL, &err), err, ERR_VALIDATION, "Sec-WebSocket-Key");
    assert_int_equal(ws_refusal_status(x), 400);
    http_exchange_free(x);
}

static void short_memory(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < 100; n++) {
        Err err = ERR_INIT;
        mem_test_fail(n, 0);
        HttpExchange *x = http_exchange_new(STR("GET"), STR("/a?b"), NULL, 0, STR("c"), &err);
        if (x)
            http_reply(x, 200, "text/plain", STR("hello"));
        mem_test_fail(0, 0);
        if (!x) {
            assert_int_equal(err.code, ERR_NO_MEMORY);
            continue;
        }
        /* either the whole answer, or one that says so */
        bool whole = x->resp.status == 200 && str_eq(http_resp_body(x), STR("hello"));
        assert_true(whole || x->resp.status == 503);
        http_exchange_free(x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests),
        cmocka_unit_test(answers),
        cmocka_unit_test(problems),
        cmocka_unit_test(headers),
        cmocka_unit_test(answers_that_cannot_be_sent),
        cmocka_unit_test(borrowed_bodies),
        cmocka_unit_test(another_thread_answers),
        cmocka_unit_test(streams),
        cmocka_unit_test(websocket_handshake),
        cmocka_unit_test(short_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
