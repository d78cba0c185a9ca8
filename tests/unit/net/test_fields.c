/* test_fields.c - header fields with a grammar: Range, Accept, If-None-Match, parameters; targets;
 * addresses; static assets. */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "net/accept.h"
#include "net/address.h"
#include "net/http.h"
#include "net/range.h"
#include "net/static.h"
#include "support/unit.h"

static void ranges(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        uint64_t size;
        RangeResult result;
        uint64_t start, length;
    } cases[] = {
        {NULL, 100, RANGE_NONE, 0, 0},
        {"", 100, RANGE_NONE, 0, 0},
        {"bytes=0-0", 100, RANGE_OK, 0, 1},
        {"bytes=0-99", 100, RANGE_OK, 0, 100},
        {"bytes=0-100", 100, RANGE_OK, 0, 100},
        {"bytes=99-99", 100, RANGE_OK, 99, 1},
        {"Bytes=10-", 100, RANGE_OK, 10, 90},
        {"bytes=-1", 100, RANGE_OK, 99, 1},
        {"bytes=-100", 100, RANGE_OK, 0, 100},
        {"bytes=-1000", 100, RANGE_OK, 0, 100},
        {"bytes= 5-6 ", 100, RANGE_OK, 5, 2},
        {"bytes=5-99999999999999999999999", 100, RANGE_OK, 5, 95},
        {"bytes=-99999999999999999999999", 100, RANGE_OK, 0, 100},
        {"bytes=100-", 100, RANGE_BAD, 0, 0},
        {"bytes=100-200", 100, RANGE_BAD, 0, 0},
        {"bytes=99999999999999999999999-", 100, RANGE_BAD, 0, 0},
        {"bytes=-0", 100, RANGE_BAD, 0, 0},
        {"bytes=0-0", 0, RANGE_BAD, 0, 0},
        {"bytes=-1", 0, RANGE_BAD, 0, 0},
        {"bytes=2-1", 100, RANGE_NONE, 0, 0},
        {"bytes=-", 100, RANGE_NONE, 0, 0},
        {"bytes=1", 100, RANGE_NONE, 0, 0},
        {"bytes=a-b", 100, RANGE_NONE, 0, 0},
        {"bytes=1-2,4-5", 100, RANGE_NONE, 0, 0},
        {"bytes=+1-2", 100, RANGE_NONE, 0, 0},
        {"lines=1-2", 100, RANGE_NONE, 0, 0},
        {"bytes", 100, RANGE_NONE, 0, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        Range r = {0, 0};
        RangeResult got = range_parse(str_of(cases[i].header), cases[i].size, &r);
        if (got != cases[i].result || r.start != cases[i].start || r.length != cases[i].length)
            fail_msg("%s of %llu: %d %llu+%llu", cases[i].header,
                     (unsigned long long)cases[i].size, got, (unsigned long long)r.start,
                     (unsigned long long)r.length);
    }
}

static void accepts(void **state)
{
    (void)state;
    static const char *const offers[] = {"audio/wav", "application/json", "text/plain"};
    static const struct {
        const char *header;
        int chosen;
    } cases[] = {
        {"", 0}, {"*/*", 0}, {"application/json", 1}, {"APPLICATION/JSON", 1},
        {"text/*", 2}, {"text/*;q=0.5, application/json;q=0.4", 2}, {"image/png", -1},
        {"image/png, */*;q=0.1", 0}, {"audio/wav;q=0, */*", 1},
        {"application/json;q=0.9, text/plain", 2}, {"text/plain;q=0", -1},
        {"application/*;q=0.2, application/json;q=0.1, text/plain;q=0.15", 2},
        {"application/json; charset=utf-8; q=0.3", 1}, {"application/json;q=banana", -1},
        {"application/json;q=1.5", -1}, {",,, text/plain", 2}, {"text", -1},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int got = accept_choose(str_of(cases[i].header), offers, ARRAY_LEN(offers));
        if (got != cases[i].chosen)
            fail_msg("\"%s\": %d", cases[i].header, got);
    }
    assert_int_equal(accept_choose((Str){NULL, 0}, offers, 3), 0);
    assert_int_equal(accept_choose(STR(""), offers, 0), -1);
}

static void etags(void **state)
{
    (void)state;
    assert_true(http_etag_matches(STR("\"a\""), STR("\"a\"")));
    assert_true(http_etag_matches(STR("W/\"a\""), STR("\"a\"")));
    assert_true(http_etag_matches(STR("\"x\", \"a\""), STR("W/\"a\"")));
    assert_true(http_etag_matches(STR("*"), STR("\"a\"")));
    assert_false(http_etag_matches(STR("\"b\""), STR("\"a\"")));
    assert_false(http_etag_matches(STR("a"), STR("\"a\"")));
    assert_false(http_etag_matches((Str){NULL, 0}, STR("\"a\"")));
    assert_false(http_etag_matches(STR(""), STR("\"a\"")));
}

static void parameters(void **state)
{
    (void)state;
    static const struct {
        const char *value, *name, *want; /* NULL: absent */
    } cases[] = {
        {"text/html; charset=utf-8", "charset", "utf-8"},
        {"text/html;CHARSET=utf-8", "charset", "utf-8"},
        {"text/html; a=1; charset=\"utf-8\"", "charset", "utf-8"},
        {"x; a=\"1;charset=no\"; charset=yes", "charset", "yes"},
        {"x; a=\"q\\\"z\"", "a", "q\"z"},
        {"x; a=\"open", "a", NULL},
        {"x; a=\"b\"c", "a", NULL},
        {"x; a=b c", "a", NULL},
        {"x", "a", NULL},
        {"x;", "a", NULL},
        {"x; a", "a", NULL},
        {"", "a", NULL},
    };
    Arena *arena = arena_new(ARENA_DEFAULT_MAX);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        Str got = http_param(str_of(cases[i].value), cases[i].name, arena);
        if (cases[i].want)
            assert_str(got, cases[i].want);
        else
            assert_null(got.ptr);
    }
    assert_str(http_media_type(STR("text/html ; a=b")), "text/html");
    assert_str(http_media_type((Str){NULL, 0}), "");
    arena_free(arena);
}

static void targets(void **state)
{
    (void)state;
    static const struct {
        const char *target, *path, *query; /* path NULL: refused */
    } cases[] = {
        {"/", "/", ""},
        {"/a/b", "/a/b", ""},
        {"/a?b=c", "/a", "b=c"},
        {"/a?b?c", "/a", "b?c"},
        {"/a?", "/a", ""},
        {"/a%20b", "/a b", ""},
        {"/%41%5a", "/AZ", ""},
        {"/a%3Fb", "/a?b", ""},
        {"/%C3%A4", "/\xC3\xA4", ""},
        {"/a?x=%zz", "/a", "x=%zz"}, /* the query is judged by who reads it */
        {"/...", "/...", ""},
        {"/.a/b.", "/.a/b.", ""},
        {"*", "*", ""},
        {"", NULL, NULL},
        {"a", NULL, NULL},
        {"/a/..", NULL, NULL},
        {"/../a", NULL, NULL},
        {"/a/./b", NULL, NULL},
        {"/%2e", NULL, NULL},
        {"/a/.%2E/b", NULL, NULL},
        {"/a%2fb", NULL, NULL},
        {"/a%5Cb", NULL, NULL},
        {"/a%00", NULL, NULL},
        {"/a%1f", NULL, NULL},
        {"/a%", NULL, NULL},
        {"/a%2", NULL, NULL},
        {"/%ff", NULL, NULL},
    };
    Arena *arena = arena_new(ARENA_DEFAULT_MAX);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        Err err = ERR_INIT;
        Str path, query;
        bool ok = http_parse_target(str_of(cases[i].target), arena, &path, &query, &err);
        if (ok != (cases[i].path != NULL))
            fail_msg("%s: %s", cases[i].target, ok ? "accepted" : err.msg);
        if (!ok) {
            assert_int_equal(err.code, ERR_VALIDATION);
            continue;
        }
        assert_str(path, cases[i].path);
        assert_str(query, cases[i].query);
    }
    arena_free(arena);
}

static void addresses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_public;
    } cases[] = {
        {"8.8.8.8", true}, {"1.1.1.1", true}, {"172.15.0.1", true}, {"172.32.0.1", true},
        {"100.63.0.1", true}, {"100.128.0.1", true}, {"192.167.1.1", true}, {"223.255.255.1", true},
        {"198.17.0.1", true}, {"198.20.0.1", true}, {"169.253.1.1", true}, {"11.0.0.1", true},
        {"0.0.0.0", false}, {"0.1.2.3", false}, {"10.0.0.1", false}, {"10.255.255.255", false},
        {"100.64.0.1", false}, {"127.0.0.1", false}, {"127.255.1.1", false},
        {"169.254.169.254", false}, {"172.16.0.1", false}, {"172.31.255.255", false},
        {"192.0.0.1", false}, {"192.0.2.1", false}, {"192.168.1.1", false}, {"198.18.0.1", false},
        {"198.19.255.255", false}, {"198.51.100.1", false}, {"203.0.113.9", false},
        {"224.0.0.1", false}, {"240.0.0.1", false}, {"255.255.255.255", false},
        {"2606:4700:4700::1111", true}, {"2a00:1450:4001:80b::200e", true}, {"::", false},
        {"::1", false}, {"::ffff:127.0.0.1", false}, {"::ffff:10.0.0.1", false},
        {"::ffff:8.8.8.8", true}, {"64:ff9b::7f00:1", false}, {"64:ff9b::8.8.8.8", true},
        {"2002:7f00:1::1", false}, {"2002:808:808::1", true}, {"fe80::1", false},
        {"fc00::1", false}, {"fd12:3456::1", false}, {"ff02::1", false}, {"2001::1", false},
        {"2001:db8::1", false}, {"3fff::1", false}, {"100::1", false}, {"::7f00:1", false},
        {"64:ff9b:1::1", false}, {"5f00::1", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct sockaddr_in v4 = {.sin_family = AF_INET};
        struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
        bool got;
        if (inet_pton(AF_INET, cases[i].text, &v4.sin_addr) == 1) {
            got = address_is_public((struct sockaddr *)&v4);
        } else {
            assert_int_equal(inet_pton(AF_INET6, cases[i].text, &v6.sin6_addr), 1);
            got = address_is_public((struct sockaddr *)&v6);
        }
        if (got != cases[i].is_public)
            fail_msg("%s is taken for %s", cases[i].text, got ? "public" : "private");
    }
    struct sockaddr local = {.sa_family = AF_UNIX};
    assert_false(address_is_public(&local));
    assert_true(address_text_is_loopback(STR("127.0.0.1")));
    assert_true(address_text_is_loopback(STR("127.9.9.9")));
    assert_true(address_text_is_loopback(STR("[::1]")));
    assert_true(address_text_is_loopback(STR("::1")));
    assert_false(address_text_is_loopback(STR("10.0.0.1")));
    assert_false(address_text_is_loopback(STR("localhost")));
    assert_false(address_text_is_loopback(STR("")));
}

/* ---- static assets ---- */

static HttpExchange *ask(const StaticAsset *asset, const char *name, const char *value)
{
    HttpHeader h = {str_of(name), str_of(value)};
    HttpExchange *x = http_exchange_new(STR("GET"), STR("/app.js"), &h, name ? 1 : 0, STR(""),
                                        NULL);
    assert_non_null(x);
    http_reply_static(x, asset);
    assert_true(http_exchange_wait(x, 0));
    return x;
}

static void assets(void **state)
{
    (void)state;
    const StaticAsset asset = {"/app.js", "text/javascript", "default-src 'self'",
                               STR("0123456789"), true};
    HttpExchange *x = ask(&asset, NULL, NULL);
    assert_int_equal(x->resp.status, 200);
    assert_str(http_resp_body(x), "0123456789");
    assert_str(http_resp_find(x, "Cache-Control"), "public, max-age=31536000, immutable");
    assert_str(http_resp_find(x, "Content-Security-Policy"), "default-src 'self'");
    assert_str(x->resp.content_type, "text/javascript");
    char etag[40];
    Str tag = http_resp_find(x, "ETag");
    assert_true(tag.len > 10 && tag.len < sizeof etag);
    memcpy(etag, tag.ptr, tag.len);
    etag[tag.len] = '\0';
    http_exchange_free(x);

    x = ask(&asset, "If-None-Match", etag);
    assert_int_equal(x->resp.status, 304);
    assert_int_equal(http_resp_body(x).len, 0);
    assert_str(http_resp_find(x, "ETag"), etag);
    http_exchange_free(x);

    x = ask(&asset, "Range", "bytes=2-4");
    assert_int_equal(x->resp.status, 206);
    assert_str(http_resp_body(x), "234");
    assert_str(http_resp_find(x, "Content-Range"), "bytes 2-4/10");
    http_exchange_free(x);

    x = ask(&asset, "Range", "bytes=10-");
    assert_int_equal(x->resp.status, 416);
    assert_str(http_resp_find(x, "Content-Range"), "bytes */10");
    http_exchange_free(x);

    const StaticAsset page = {"/", "text/html", NULL, STR("another"), false};
    x = ask(&page, "If-None-Match", etag);
    assert_int_equal(x->resp.status, 200); /* another content, another tag */
    assert_str(http_resp_find(x, "Cache-Control"), "no-cache");
    http_exchange_free(x);
}

static void if_range(void **state)
{
    (void)state;
    HttpHeader h[] = {{STR("Range"), STR("bytes=1-2")}, {STR("If-Range"), STR("\"old\"")}};
    Range r;
    HttpExchange *x = http_exchange_new(STR("GET"), STR("/"), h, 2, STR(""), NULL);
    assert_true(range_prepare(x, 10, STR("\"new\""), &r));
    assert_int_equal(x->resp.status, 200);
    assert_int_equal(r.length, 10);
    http_exchange_free(x);
    x = http_exchange_new(STR("GET"), STR("/"), h, 2, STR(""), NULL);
    assert_true(range_prepare(x, 10, STR("\"old\""), &r));
    assert_int_equal(x->resp.status, 206);
    assert_int_equal(r.start, 1);
    assert_int_equal(r.length, 2);
    http_exchange_free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges),    cmocka_unit_test(accepts), cmocka_unit_test(etags),
        cmocka_unit_test(parameters), cmocka_unit_test(targets), cmocka_unit_test(addresses),
        cmocka_unit_test(assets),    cmocka_unit_test(if_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
