/* test_guard.c - the Host allow-list and the Origin check, over a generated matrix.
 *
 * The expectation is not asked of the code under test: every value carries its verdict, and a
 * request passes when none of its parts is bad. The matrix is run against guard_check, and a slice
 * of it against the server over a socket. */
#include "net/guard.h"
#include "unit/net/testserver.h"

typedef struct {
    const char *value; /* NULL: no such header; PORT stands for the server's port */
    bool good;
} Value;

static const Value hosts[] = {
    {"127.0.0.1:PORT", true},
    {"localhost:PORT", true},
    {"LocalHost:PORT", true},
    {"[::1]:PORT", true},
    {"sotto.lan:PORT", true},     /* configured without a port: any */
    {"sotto.lan:9", true},
    {"sotto.lan", true},
    {"named.example:444", true},  /* configured with a port */
    {"named.example:445", false},
    {"named.example", false},
    {"127.0.0.1", false},
    {"127.0.0.1:1", false},
    {"127.0.0.2:PORT", false},
    {"localhost", false},
    {"localhost.:PORT", false},
    {"localhost.evil.example:PORT", false},
    {"evil.example:PORT", false},
    {"evil.example", false},
    {"user@localhost:PORT", false},
    {"localhost:PORT@evil.example", false},
    {"localhost:PORT:PORT", false},
    {"localhost:", false},
    {"localhost:0", false},
    {"localhost:PORT0", false},
    {"localhost:+PORT", false},
    {"localhost:99999", false},
    {"localhost:PORT/", false},
    {"localhost:PORT localhost", false},
    {"[::1", false},
    {"::1:PORT", false},
    {"[::2]:PORT", false},
    {"[::1%lo]:PORT", false},
    {"[0:0:0:0:0:0:0:1]:PORT", false}, /* browsers shorten it */
    {"0.0.0.0:PORT", false},
    {"2130706433:PORT", false},
    {"0x7f000001:PORT", false},
    {"127.1:PORT", false},
    {"169.254.169.254:PORT", false},
    {"xn--lcalhost-n2a:PORT", false},
    {"", false},
};

/* Judged beside Host localhost:PORT. */
static const Value origins[] = {
    {NULL, true},
    {"http://localhost:PORT", true},
    {"HTTP://LOCALHOST:PORT", true},
    {"https://app.example", true}, /* configured */
    {"https://localhost:PORT", false},
    {"http://127.0.0.1:PORT", false}, /* another name is another origin */
    {"http://localhost", false},
    {"http://localhost:1", false},
    {"http://sotto.lan:PORT", false},
    {"http://evil.example", false},
    {"https://evil.example", false},
    {"https://app.example.evil.example", false},
    {"https://app.example:8443", false},
    {"http://app.example", false},
    {"https://evil.example/https://app.example", false},
    {"null", false},
    {"", false},
    {"file://", false},
    {"chrome-extension://abcdef", false},
    {"localhost:PORT", false},
    {"//localhost:PORT", false},
    {"http://localhost:PORT/", false},
    {"http://user@localhost:PORT", false},
    {"http://localhost:PORT http://evil.example", false},
    {"http://localhost:PORT, http://evil.example", false},
    {"http://localhost:PORT.evil.example", false},
};

static const Value sites[] = {
    {NULL, true}, {"same-origin", true}, {"none", true}, {"same-site", true},
    {"cross-site", false}, {"Cross-Site", false},
};

static const struct {
    const char *method;
    bool asks; /* whether Origin is asked of it */
} methods[] = {
    {"GET", false}, {"HEAD", false}, {"OPTIONS", false}, {"POST", true}, {"PUT", true},
    {"PATCH", true}, {"DELETE", true}, {"TRACE", true}, {"PROPFIND", true}, {"get", true},
};

static const char *const allowed_hosts[] = {"sotto.lan", "named.example:444"};
static const char *const allowed_origins[] = {"https://app.example"};

static const char *fill(const char *value, uint16_t port, char out[128])
{
    const char *at = strstr(value, "PORT");
    size_t n = 0;
    out[0] = '\0';
    while (at) {
        n += (size_t)snprintf(out + n, 128 - n, "%.*s%u", (int)(at - value), value, port);
        value = at + 4;
        at = strstr(value, "PORT");
    }
    snprintf(out + n, 128 - n, "%s", value);
    return out;
}

#define PORT 8080

static Guard *guard_make(const char *listen_host, bool tls)
{
    Err err = ERR_INIT;
    Guard *g = guard_new(listen_host, PORT, tls, allowed_hosts, 2, allowed_origins, 1, &err);
    if (!g)
        fail_msg("%s", err.msg);
    return g;
}

static size_t cases_run;

static void check(Guard *g, const char *method, const char *host, const Value *origin,
                  const Value *site, bool ws, bool want)
{
    char host_text[128], origin_text[128];
    HttpHeader headers[2];
    HttpRequest req = {.method = str_of(method), .headers = headers};
    req.host = str_of(fill(host, PORT, host_text));
    if (origin->value)
        headers[req.header_count++] =
            (HttpHeader){STR("Origin"), str_of(fill(origin->value, PORT, origin_text))};
    if (site->value)
        headers[req.header_count++] = (HttpHeader){STR("sec-fetch-site"), str_of(site->value)};
    Err err = ERR_INIT;
    bool got = guard_check(g, &req, ws, &err);
    cases_run++;
    if (got != want)
        fail_msg("%s Host \"%s\" Origin \"%s\" site \"%s\" ws %d: %s", method, host_text,
                 origin->value ? origin_text : "-", site->value ? site->value : "-", ws,
                 got ? "let through" : err.msg);
    if (!got)
        assert_int_equal(err.code, ERR_FORBIDDEN);
}

static void every_host(void **state)
{
    (void)state;
    Guard *g = guard_make("127.0.0.1", false);
    const Value none = {NULL, true};
    for (size_t m = 0; m < ARRAY_LEN(methods); m++)
        for (size_t h = 0; h < ARRAY_LEN(hosts); h++)
            check(g, methods[m].method, hosts[h].value, &none, &none, false, hosts[h].good);
    guard_free(g);
}

static void every_origin(void **state)
{
    (void)state;
    Guard *g = guard_make("127.0.0.1", false);
    for (size_t m = 0; m < ARRAY_LEN(methods); m++)
        for (size_t o = 0; o < ARRAY_LEN(origins); o++)
            for (size_t s = 0; s < ARRAY_LEN(sites); s++)
                for (int ws = 0; ws < 2; ws++) {
                    bool asked = methods[m].asks || ws;
                    /* a configured origin is another site, and that is what it was configured
                     * for */
                    bool configured = origins[o].value &&
                                      strcmp(origins[o].value, "https://app.example") == 0;
                    bool fine = origins[o].good && (sites[s].good || configured);
                    check(g, methods[m].method, "localhost:PORT", &origins[o], &sites[s], ws,
                          !asked || fine);
                }
    assert_true(cases_run >= 300);
    guard_free(g);
}

static void own_origin_follows_the_host(void **state)
{
    (void)state;
    Guard *g = guard_make("127.0.0.1", false);
    const Value none = {NULL, true};
    static const char *const names[] = {"localhost:PORT", "127.0.0.1:PORT", "[::1]:PORT",
                                        "sotto.lan:PORT"};
    for (size_t h = 0; h < ARRAY_LEN(names); h++)
        for (size_t o = 0; o < ARRAY_LEN(names); o++) {
            char text[128];
            snprintf(text, sizeof text, "http://%s", names[o]);
            check(g, "POST", names[h], &(Value){text, true}, &none, false, h == o);
        }
    guard_free(g);
}

static void default_ports(void **state)
{
    (void)state;
    Guard *g = guard_new("127.0.0.1", 80, false, NULL, 0, NULL, 0, NULL);
    assert_true(guard_host_ok(g, STR("localhost")));
    assert_true(guard_host_ok(g, STR("localhost:80")));
    assert_false(guard_host_ok(g, STR("localhost:443")));
    guard_free(g);
    g = guard_new("127.0.0.1", 443, true, NULL, 0, NULL, 0, NULL);
    assert_true(guard_host_ok(g, STR("localhost")));
    assert_false(guard_host_ok(g, STR("localhost:80")));
    HttpHeader origin = {STR("Origin"), STR("https://localhost")};
    HttpRequest req = {.method = STR("POST"), .host = STR("localhost:443"), .headers = &origin,
                       .header_count = 1};
    assert_true(guard_check(g, &req, false, NULL));
    origin.value = STR("http://localhost");
    assert_false(guard_check(g, &req, false, NULL));
    guard_free(g);
}

static void the_listening_address(void **state)
{
    (void)state;
    Guard *g = guard_make("192.168.1.5", false);
    assert_true(guard_host_ok(g, STR("192.168.1.5:8080")));
    assert_false(guard_host_ok(g, STR("192.168.1.6:8080")));
    guard_free(g);
    g = guard_make("fd00::5", false);
    assert_true(guard_host_ok(g, STR("[fd00::5]:8080")));
    guard_free(g);
    g = guard_make("0.0.0.0", false); /* every address is no name for this one */
    assert_false(guard_host_ok(g, STR("0.0.0.0:8080")));
    assert_false(guard_host_ok(g, STR("192.168.1.5:8080")));
    guard_free(g);
    g = guard_make("::", false);
    assert_false(guard_host_ok(g, STR("[::]:8080")));
    guard_free(g);
}

static void two_origins(void **state)
{
    (void)state;
    Guard *g = guard_make(NULL, false);
    HttpHeader twice[2] = {{STR("Origin"), STR("http://localhost:8080")},
                           {STR("origin"), STR("http://localhost:8080")}};
    HttpRequest req = {.method = STR("POST"), .host = STR("localhost:8080"), .headers = twice,
                       .header_count = 2};
    Err err = ERR_INIT;
    assert_err(guard_check(g, &req, false, &err), err, ERR_FORBIDDEN, "more than one");
    guard_free(g);
}

/* ---- the same over a socket ---- */

static int status_of(const char *method, const char *path, const char *host, const char *origin,
                     const char *more)
{
    char text[1024], host_text[128], origin_text[128];
    size_t n = (size_t)snprintf(text, sizeof text, "%s %s HTTP/1.1\r\nHost: %s\r\n%s", method,
                                path, fill(host, ts.port, host_text), more);
    if (origin)
        n += (size_t)snprintf(text + n, sizeof text - n, "Origin: %s\r\n",
                              fill(origin, ts.port, origin_text));
    snprintf(text + n, sizeof text - n, "\r\n");
    return raw_status(ts.port, text);
}

static void over_a_socket(void **state)
{
    (void)state;
    ServerOptions o = {.host = "127.0.0.1", .allowed_hosts = allowed_hosts,
                       .allowed_host_count = 2, .allowed_origins = allowed_origins,
                       .allowed_origin_count = 1};
    ts_begin(&o);
    for (size_t h = 0; h < ARRAY_LEN(hosts); h++) {
        int got = status_of("GET", "/json", hosts[h].value, NULL, "");
        if (got != (hosts[h].good ? 200 : 403))
            fail_msg("Host %s: %d", hosts[h].value, got);
    }
    for (size_t i = 0; i < ARRAY_LEN(origins); i++) {
        const char *v = origins[i].value;
        int want = origins[i].good ? 200 : 403;
        int got = status_of("POST", "/json", "localhost:PORT", v, "Content-Length: 0\r\n");
        if (got != want)
            fail_msg("POST with Origin %s: %d", v ? v : "-", got);
        assert_int_equal(status_of("GET", "/json", "localhost:PORT", v, ""), 200);
        got = status_of("GET", "/ws", "localhost:PORT", v,
                        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
        if (got != (origins[i].good ? 101 : 403))
            fail_msg("WebSocket with Origin %s: %d", v ? v : "-", got);
    }
    ts_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_host),
        cmocka_unit_test(every_origin),
        cmocka_unit_test(own_origin_follows_the_host),
        cmocka_unit_test(default_ports),
        cmocka_unit_test(the_listening_address),
        cmocka_unit_test(two_origins),
        cmocka_unit_test(over_a_socket),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    print_message("%zu generated cases\n", cases_run);
    return rc;
}
