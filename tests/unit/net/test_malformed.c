/* test_malformed.c - requests that break a rule, as bytes: each gets its status, an error in the
 * agreed form, and a connection that is closed, so that what follows is never taken for a
 * request. */
#include "base/json.h"
#include "unit/net/testserver.h"

static int setup(void **state)
{
    (void)state;
    ts_begin(&(ServerOptions){
        .host = "127.0.0.1",
        .limits = {.body_bytes = 1000, .head_bytes = 4096, .target_bytes = 512,
                   .header_count = 20, .head_timeout_ms = 3000, .body_timeout_ms = 3000},
    });
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ts_end();
    return 0;
}

#define H "Host: localhost:PORT\r\n"
#define G "GET /json HTTP/1.1\r\n" H
#define P "POST /echo HTTP/1.1\r\n" H
/* Behind every malformed request stands a good one; answering it would be smuggling. */
#define NEXT "GET /id HTTP/1.1\r\n" H "\r\n"

static const struct {
    const char *name;
    const char *bytes;
    size_t len; /* 0: a C string */
    int status;
} cases[] = {
    /* lines and request line */
    {"bare LF", "GET /json HTTP/1.1\nHost: localhost:PORT\n\n", 0, 400},
    {"bare LF after the request line", "GET /json HTTP/1.1\n" H "\r\n", 0, 400},
    {"bare LF after a header", "GET /json HTTP/1.1\r\nHost: localhost:PORT\nX: y\r\n\r\n", 0, 400},
    {"bare LF as the empty line", G "\n", 0, 400},
    {"bare CR in the request line", "GET /js\ron HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"bare CR in a header", G "X: a\rb\r\n\r\n", 0, 400},
    {"NUL in a header", "GET /json HTTP/1.1\r\nX: a\0b\r\n\r\n", 30, 400},
    {"NUL in the target", "GET /a\0b HTTP/1.1\r\n\r\n", 21, 400},
    {"binary", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11, 400},
    {"no method", " /json HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"no target", "GET HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"no version", "GET /json\r\n" H "\r\n", 0, 400},
    {"two spaces", "GET  /json HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"space in the target", "GET /js on HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"tab for space", "GET\t/json\tHTTP/1.1\r\n" H "\r\n", 0, 400},
    {"method with a colon", "GE:T /json HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"a very long method", "GETGETGETGETGETGETGETGETGET /json HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"http in lower case", "GET /json http/1.1\r\n" H "\r\n", 0, 400},
    {"version 1", "GET /json HTTP/1\r\n" H "\r\n", 0, 400},
    {"version 1.10", "GET /json HTTP/1.10\r\n" H "\r\n", 0, 400},
    {"version 2.0", "GET /json HTTP/2.0\r\n" H "\r\n", 0, 505},
    {"version 0.9", "GET /json HTTP/0.9\r\n" H "\r\n", 0, 505},
    {"blank behind the version", "GET /json HTTP/1.1 \r\n" H "\r\n", 0, 400},
    {"three empty lines first", "\r\n\r\n\r\n" G "\r\n", 0, 400},
    /* targets */
    {"no slash", "GET json HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"a fragment", "GET /json#x HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"absolute, other host", "GET http://evil.example/json HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"absolute, other scheme", "GET https://localhost:PORT/json HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"absolute, user info", "GET http://a@localhost:PORT/json HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"asterisk for GET", "GET * HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"CONNECT", "CONNECT localhost:PORT HTTP/1.1\r\n" H "\r\n", 0, 501},
    {"%00", "GET /a%00b HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"%0a", "GET /a%0ab HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"%7f", "GET /a%7fb HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"%2f", "GET /a%2fb HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"..%2f", "GET /..%2fetc/passwd HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"%5c", "GET /a%5cb HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"backslash", "GET /a\\b HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"dot dot", "GET /a/../json HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"%2e%2e", "GET /a/%2e%2E/json HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"dot", "GET /./json HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"broken escape", "GET /a%2 HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"no hex", "GET /a%zz HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"overlong UTF-8", "GET /%c0%af HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"a lone surrogate", "GET /%ed%a0%80 HTTP/1.1\r\n" H "\r\n", 0, 400},
    /* headers */
    {"folded", G "X: a\r\n b\r\n\r\n", 0, 400},
    {"folded with a tab", G "X: a\r\n\tb\r\n\r\n", 0, 400},
    {"folded first", "GET /json HTTP/1.1\r\n " H "\r\n", 0, 400},
    {"no colon", G "X\r\n\r\n", 0, 400},
    {"empty name", G ": y\r\n\r\n", 0, 400},
    {"blank before the colon", G "X : y\r\n\r\n", 0, 400},
    {"blank in a name", G "X Y: y\r\n\r\n", 0, 400},
    {"control character", G "X: a\x01\r\n\r\n", 0, 400},
    {"DEL", G "X: a\x7f\r\n\r\n", 0, 400},
    {"no Host", "GET /json HTTP/1.1\r\n\r\n", 0, 400},
    {"no Host, 1.0", "GET /json HTTP/1.0\r\n\r\n", 0, 400},
    {"two Hosts", G H "\r\n", 0, 400},
    {"two Hosts, another one", G "Host: evil.example\r\n\r\n", 0, 400},
    {"Host is a list", "GET /json HTTP/1.1\r\nHost: localhost:PORT, evil\r\n\r\n", 0, 403},
    {"Host empty", "GET /json HTTP/1.1\r\nHost:\r\n\r\n", 0, 403},
    {"expectation", P "Content-Length: 1\r\nExpect: x\r\n\r\na", 0, 417},
    /* framing */
    {"length twice", P "Content-Length: 1\r\nContent-Length: 1\r\n\r\na", 0, 400},
    {"lengths differ", P "Content-Length: 1\r\nContent-Length: 2\r\n\r\na", 0, 400},
    {"length list", P "Content-Length: 1, 1\r\n\r\na", 0, 400},
    {"length with a sign", P "Content-Length: +1\r\n\r\na", 0, 400},
    {"negative length", P "Content-Length: -1\r\n\r\na", 0, 400},
    {"length in hex", P "Content-Length: 0x1\r\n\r\na", 0, 400},
    {"length with a blank", P "Content-Length: 1 1\r\n\r\na", 0, 400},
    {"length empty", P "Content-Length:\r\n\r\n", 0, 400},
    {"length of 2^64", P "Content-Length: 18446744073709551616\r\n\r\na", 0, 400},
    {"length of 2^63", P "Content-Length: 9223372036854775808\r\n\r\na", 0, 400},
    {"length and chunked", P "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0,
     400},
    {"chunked and length", P "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 0,
     400},
    {"coding twice", P "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     0, 400},
    {"identity and chunked",
     P "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0, 400},
    {"chunked, identity", P "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 0, 501},
    {"gzip, chunked", P "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 0, 501},
    {"xchunked", P "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 0, 501},
    {"quoted chunked", P "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", 0, 501},
    {"chunked, vertical tab", P "Transfer-Encoding: \x0b" "chunked\r\n\r\n0\r\n\r\n", 0, 400},
    {"chunked in 1.0", "POST /echo HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     0, 400},
    {"blank before the colon of a length", P "Content-Length : 1\r\n\r\na", 0, 400},
    /* chunks */
#define C P "Transfer-Encoding: chunked\r\n\r\n"
    {"chunk size missing", C "\r\n\r\n", 0, 400},
    {"chunk size no number", C "z\r\n\r\n", 0, 400},
    {"chunk size with 0x", C "0x1\r\na\r\n0\r\n\r\n", 0, 400},
    {"chunk size with a sign", C "+1\r\na\r\n0\r\n\r\n", 0, 400},
    {"chunk size with a blank first", C " 1\r\na\r\n0\r\n\r\n", 0, 400},
    {"chunk size with a blank behind", C "1 \r\na\r\n0\r\n\r\n", 0, 400},
    {"chunk size too long", C "0000000000000001\r\na\r\n0\r\n\r\n", 0, 400},
    {"chunk size huge", C "ffffffffffffffff\r\na\r\n", 0, 400},
    {"chunk size just below", C "fffffffffffffff\r\na", 0, 413},
    {"chunk size ends with LF", C "1\na\r\n0\r\n\r\n", 0, 400},
    {"chunk size ends with CR only", C "1\ra\r\n0\r\n\r\n", 0, 400},
    {"chunk longer than its size", C "1\r\nab\r\n0\r\n\r\n", 0, 400},
    {"chunk shorter than its size", C "3\r\nab\r\n0\r\n\r\n", 0, 400},
    {"chunk ends with LF", C "1\r\na\n0\r\n\r\n", 0, 400},
    {"extension with a LF", C "1;a\nb\r\na\r\n0\r\n\r\n", 0, 400},
    {"extension with a NUL", C "1;a\x01\r\na\r\n0\r\n\r\n", 0, 400},
    {"trailer malformed", C "0\r\n bad: x\r\n\r\n", 0, 400},
    {"trailer with LF", C "0\r\nA: b\n\r\n", 0, 400},
    {"end with LF", C "0\r\n\n", 0, 400},
    /* sizes */
    {"body over the limit", P "Content-Length: 1001\r\n\r\n", 0, 413},
    {"body over a lower limit", "POST /limit HTTP/1.1\r\n" H "Content-Length: 11\r\n\r\n", 0, 413},
    {"chunked over the limit",
     "POST /limit HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n6\r\nabcdef", 0,
     413},
};

/* Replaces PORT; the bytes may hold NUL. */
static size_t fill_port(const char *bytes, size_t len, char out[2048])
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        if (len - i >= 4 && memcmp(bytes + i, "PORT", 4) == 0) {
            n += (size_t)snprintf(out + n, 2048 - n, "%u", ts.port);
            i += 3;
        } else {
            out[n++] = bytes[i];
        }
        assert_true(n < 2000);
    }
    return n;
}

static void check_problem(const RawAnswer *a, const char *name)
{
    Err err = ERR_INIT;
    int64_t status;
    if (!str_eq(raw_header(a, "Content-Type"), STR("application/problem+json")))
        fail_msg("%s: not a problem document", name);
    Json *j = json_parse(buf_str(&a->body), 4, &err);
    if (!j)
        fail_msg("%s: %s", name, err.msg);
    if (!json_int(json_get(j, "status"), &status) || status != a->status)
        fail_msg("%s: another status in the document", name);
    static const char *const members[] = {"type", "title", "detail", "code", "request_id"};
    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        if (json_str(json_get(j, members[i])).len == 0)
            fail_msg("%s: the document has no %s", name, members[i]);
    if (!str_eq(json_str(json_get(j, "request_id")), raw_header(a, "X-Request-Id")))
        fail_msg("%s: two request ids", name);
    json_free(j);
}

static void run_case(size_t i, bool bytewise)
{
    char bytes[2048];
    const char *name = cases[i].name;
    size_t len = cases[i].len ? cases[i].len : strlen(cases[i].bytes);
    size_t n = fill_port(cases[i].bytes, len, bytes);
    n += fill_port(NEXT, strlen(NEXT), bytes + n);
    Raw r = raw_open(ts.port);
    RawAnswer a;
    int before = atomic_load(&ts.handled);
    if (bytewise) {
        for (size_t k = 0; k < n; k++)
            if (!raw_send(&r, bytes + k, 1))
                break;
    } else {
        raw_send(&r, bytes, n);
    }
    if (!raw_answer(&r, &a))
        fail_msg("%s: no answer", name);
    if (a.status != cases[i].status)
        fail_msg("%s: %d instead of %d: %.*s", name, a.status, cases[i].status,
                 STR_ARG(buf_str(&a.body)));
    check_problem(&a, name);
    /* 403 and path errors are well-formed requests: the next one may be answered. All else
     * closes. */
    bool closes = str_eq(raw_header(&a, "Connection"), STR("close"));
    raw_answer_release(&a);
    if (closes) {
        if (!raw_closed(&r, RAW_WAIT_MS))
            fail_msg("%s: the connection stays open", name);
        if (r.in.len)
            fail_msg("%s: a second answer: %.*s", name, STR_ARG(buf_str(&r.in)));
        if (atomic_load(&ts.handled) != before)
            fail_msg("%s: a handler was called", name);
    } else if (!raw_answer(&r, &a) || a.status != 200) {
        fail_msg("%s: the next request was lost", name);
    } else {
        raw_answer_release(&a);
    }
    raw_close(&r);
}

static void in_one_piece(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        run_case(i, false);
}

static void byte_by_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        run_case(i, true);
}

/* ---- at the limit, and one past it ---- */

static int with_head(size_t target_extra, size_t headers, size_t pad)
{
    static char text[65536];
    size_t n = (size_t)snprintf(text, sizeof text, "GET /");
    memset(text + n, 'a', target_extra);
    n += target_extra;
    n += (size_t)snprintf(text + n, sizeof text - n, " HTTP/1.1\r\nHost: localhost:%u\r\n",
                          ts.port);
    for (size_t i = 0; i < headers; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "X-%zu: y\r\n", i);
    if (pad) {
        n += (size_t)snprintf(text + n, sizeof text - n, "P: ");
        memset(text + n, 'p', pad);
        n += pad;
        n += (size_t)snprintf(text + n, sizeof text - n, "\r\n");
    }
    snprintf(text + n, sizeof text - n, "\r\n");
    return raw_status(ts.port, text);
}

static void target_length(void **state)
{
    (void)state;
    assert_int_equal(with_head(511, 0, 0), 404); /* 512 bytes with the slash */
    assert_int_equal(with_head(512, 0, 0), 414);
    assert_int_equal(with_head(20000, 0, 0), 414);
}

static void header_count(void **state)
{
    (void)state;
    assert_int_equal(with_head(0, 19, 0), 404); /* and Host */
    assert_int_equal(with_head(0, 20, 0), 431);
    assert_int_equal(with_head(0, 200, 0), 431);
}

static void head_size(void **state)
{
    (void)state;
    char text[64];
    size_t fixed = (size_t)snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: localhost:%u\r\n"
                                    "P: \r\n\r\n", ts.port);
    assert_int_equal(with_head(0, 0, 4096 - fixed), 404);
    assert_int_equal(with_head(0, 0, 4096 - fixed + 1), 431);
    assert_int_equal(with_head(0, 0, 60000), 431);
}

static void body_size(void **state)
{
    (void)state;
    char text[4096];
    char body[1001];
    memset(body, 'b', sizeof body);
    snprintf(text, sizeof text, "POST /echo HTTP/1.1\r\nHost: localhost:%u\r\n"
             "Content-Length: 1000\r\n\r\n%.1000s", ts.port, body);
    assert_int_equal(raw_status(ts.port, text), 200);
    snprintf(text, sizeof text, "POST /echo HTTP/1.1\r\nHost: localhost:%u\r\n"
             "Transfer-Encoding: chunked\r\n\r\n3e8\r\n%.1000s\r\n0\r\n\r\n", ts.port, body);
    assert_int_equal(raw_status(ts.port, text), 200);
    snprintf(text, sizeof text, "POST /echo HTTP/1.1\r\nHost: localhost:%u\r\n"
             "Transfer-Encoding: chunked\r\n\r\n3e8\r\n%.1000s\r\n1\r\nx\r\n0\r\n\r\n", ts.port,
             body);
    assert_int_equal(raw_status(ts.port, text), 413);
}

static void chunk_extras(void **state)
{
    (void)state;
    /* 1-byte chunks with extensions: what is not body is limited too. */
    Raw r = raw_open(ts.port);
    RawAnswer a;
    char text[512];
    snprintf(text, sizeof text, "POST /echo HTTP/1.1\r\nHost: localhost:%u\r\n"
             "Transfer-Encoding: chunked\r\n\r\n", ts.port);
    raw_puts(&r, text);
    memset(text, 'e', sizeof text);
    memcpy(text, "1;", 2);
    memcpy(text + 400, "\r\nx\r\n", 6);
    for (int i = 0; i < 60 && raw_puts(&r, text); i++)
        continue;
    assert_true(raw_answer(&r, &a));
    assert_int_equal(a.status, 400);
    raw_answer_release(&a);
    raw_close(&r);
}

static void good_variants(void **state)
{
    (void)state;
    static const char *const good[] = {
        "\r\n\r\n" G "\r\n",
        "GET http://localhost:PORT/json HTTP/1.1\r\n" H "\r\n",
        "GET http://LOCALHOST:PORT/json HTTP/1.1\r\n" H "\r\n",
        "GET /json?a=b/../c HTTP/1.1\r\n" H "\r\n",
        "GET /json HTTP/1.1\r\nhOST:localhost:PORT\t \r\n\r\n",
        "GET /json HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nX:\r\nY: \xff\r\n\r\n",
        "GET /json HTTP/1.2\r\n" H "\r\n",
        G "Content-Length: 0\r\n\r\n",
        P "Transfer-Encoding: Chunked\r\n\r\n00a\r\n0123456789\r\n0\r\n\r\n",
        "POST /json HTTP/1.1\r\n" H "Content-Length: 0003\r\n\r\nabc",
        "GET /%6Ason HTTP/1.1\r\n" H "\r\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        char bytes[2048];
        size_t n = fill_port(good[i], strlen(good[i]), bytes);
        Raw r = raw_open(ts.port);
        RawAnswer a;
        raw_send(&r, bytes, n);
        if (!raw_answer(&r, &a) || a.status != 200)
            fail_msg("refused: %s", good[i]);
        raw_answer_release(&a);
        raw_close(&r);
    }
    char bytes[2048];
    static const char umlaut[] = "GET /\xC3\xA4%20b HTTP/1.1\r\n" H "\r\n";
    bytes[fill_port(umlaut, sizeof umlaut - 1, bytes)] = '\0';
    assert_int_equal(raw_status(ts.port, bytes), 404);
    assert_string_equal(ts.last_path, "/\xC3\xA4 b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_one_piece),  cmocka_unit_test(byte_by_byte),
        cmocka_unit_test(target_length), cmocka_unit_test(header_count),
        cmocka_unit_test(head_size),     cmocka_unit_test(body_size),
        cmocka_unit_test(chunk_extras),  cmocka_unit_test(good_variants),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
