/* test_client.c - the HTTP client against a server in this process, and against one that
 * misbehaves. */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/metrics.h"
#include "base/os.h"
#include "net/client.h"
#include "net/range.h"
#include "unit/net/testserver.h"

static char dir[] = "/tmp/sotto-test-client-XXXXXX";
static char file[64];
static Server *server;
static uint16_t port;
static char content[300000];
static atomic_int cut_after; /* bytes of a download after which the server gives up; 0: never */
static atomic_int range_requests;

static void on_request(void *arg, HttpExchange *x)
{
    (void)arg;
    Str path = x->req.path;
    if (str_eq(path, STR("/echo"))) {
        http_resp_header(x, "X-Method", x->req.method);
        http_resp_header(x, "X-Got", http_header(&x->req, "X-Sent"));
        http_reply(x, 200, "text/plain", x->req.body);
    } else if (str_eq(path, STR("/file"))) {
        Range r;
        if (http_header(&x->req, "Range").ptr)
            atomic_fetch_add(&range_requests, 1);
        if (!range_prepare(x, sizeof content, STR(""), &r))
            return;
        Str part = str_mem(content + r.start, (size_t)r.length);
        int cut = atomic_exchange(&cut_after, 0);
        http_stream_start(x, (int64_t)part.len);
        http_stream_send(x, cut && (size_t)cut < part.len ? str_sub(part, 0, (size_t)cut) : part);
        http_stream_end(x, true);
    } else if (str_eq(path, STR("/norange"))) {
        http_reply(x, 200, "text/plain", str_mem(content, sizeof content));
    } else if (str_eq(path, STR("/wrong"))) { /* another part than was asked for */
        x->resp.status = 206;
        http_resp_header(x, "Content-Range", STR("bytes 1-2/3"));
        http_reply(x, http_header(&x->req, "Range").ptr ? 206 : 200, "text/plain", STR("ab"));
    } else if (str_eq(path, STR("/hop")) || str_eq(path, STR("/loop"))) {
        http_resp_header(x, "Location", str_eq(path, STR("/hop")) ? STR("/echo") : STR("/loop"));
        http_reply(x, 302, "text/plain", STR(""));
    } else if (str_eq(path, STR("/away"))) {
        http_resp_header(x, "Location", STR("file:///etc/passwd"));
        http_reply(x, 302, "text/plain", STR(""));
    } else if (str_eq(path, STR("/to"))) { /* /to?HOST,STATUS */
        char to[128];
        size_t comma = str_find(x->req.query, STR(","), 0);
        uint64_t status = 302;
        Str host = str_sub(x->req.query, 0, comma);
        assert_true(str_to_u64(str_sub(x->req.query, comma + 1, x->req.query.len), &status));
        (void)snprintf(to, sizeof to, "http://" STR_FMT ":%u/echo", STR_ARG(host), port);
        http_resp_header(x, "Location", str_of(to));
        http_reply(x, (int)status, "text/plain", STR(""));
    } else if (str_eq(path, STR("/hang"))) {
        ts_thread(ts_hang, x);
    } else if (str_eq(path, STR("/stream"))) {
        ts_thread(ts_stream, x);
    } else {
        Err err = ERR_INIT;
        err_set(&err, ERR_NOT_FOUND, "nothing");
        http_reply_error(x, &err);
    }
}

static int setup(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    assert_non_null(mkdtemp(dir));
    snprintf(file, sizeof file, "%s/file", dir);
    for (size_t i = 0; i < sizeof content; i++)
        content[i] = (char)(i * 7 + i / 256);
    ServerOptions o = {.host = "127.0.0.1", .on_request = on_request};
    server = server_new(&o, &err);
    assert_non_null(server);
    assert_true(server_start(server, &err));
    port = server_port(server);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    server_stop(server, 1000);
    server_join(server);
    server_free(server);
    os_remove_tree(dir, NULL);
    return 0;
}

static const char *url(const char *path)
{
    static char text[256];
    snprintf(text, sizeof text, "http://127.0.0.1:%u%s", port, path);
    return text;
}

static void requests(void **state)
{
    (void)state;
    static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        Err err = ERR_INIT;
        HttpHeader h = {STR("X-Sent"), STR("yes")};
        ClientRequest req = {.method = methods[i], .url = url("/echo"), .headers = &h,
                             .header_count = 1};
        if (i)
            req.body = STR("the body\0with NUL");
        ClientResponse r;
        if (!client_request(&req, &r, &err))
            fail_msg("%s", err.msg);
        assert_int_equal(r.status, 200);
        assert_str(client_header(&r, "x-method"), methods[i]);
        assert_str(client_header(&r, "X-Got"), "yes");
        assert_null(client_header(&r, "X-None").ptr);
        assert_true(str_eq(buf_str(&r.body), i ? req.body : STR("")));
        client_response_release(&r);
    }
}

/* A pool's requests go over one connection, and carry nothing over from one to the next. */
static void kept_connections(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    ServerStats before, after;
    ClientPool *pool = client_pool_new(&err);
    assert_non_null(pool);
    server_stats(server, &before);
    for (int i = 0; i < 20; i++) {
        HttpHeader h = {STR("X-Sent"), STR("yes")};
        ClientRequest req = {.method = i % 2 ? "POST" : "GET", .url = url("/echo"), .headers = &h,
                             .header_count = i % 2 ? 1 : 0, .pool = pool};
        if (i % 2)
            req.body = STR("once");
        ClientResponse r;
        if (!client_request(&req, &r, &err))
            fail_msg("%s", err.msg);
        assert_str(client_header(&r, "x-method"), i % 2 ? "POST" : "GET");
        assert_true(str_eq(buf_str(&r.body), i % 2 ? STR("once") : STR("")));
        assert_true(str_eq(client_header(&r, "X-Got"), STR("yes")) == (i % 2 == 1));
        client_response_release(&r);
    }
    server_stats(server, &after);
    assert_int_equal(after.accepted - before.accepted, 1);
    client_pool_free(pool);
}

static void statuses_are_no_errors(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    ClientResponse r;
    assert_true(client_request(&(ClientRequest){.url = url("/none")}, &r, &err));
    assert_int_equal(r.status, 404);
    assert_true(str_find(buf_str(&r.body), STR("nothing"), 0) != SIZE_MAX);
    client_response_release(&r);
}

static void redirects(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    ClientResponse r;
    assert_true(client_request(&(ClientRequest){.url = url("/hop")}, &r, &err));
    assert_int_equal(r.status, 302);
    client_response_release(&r);
    assert_true(client_request(&(ClientRequest){.url = url("/hop"), .redirects = 1}, &r, &err));
    assert_int_equal(r.status, 200);
    assert_null(client_header(&r, "Location").ptr); /* the headers are those of the last answer */
    client_response_release(&r);
    assert_err(client_request(&(ClientRequest){.url = url("/loop"), .redirects = 3}, &r, &err),
               err, ERR_UNAVAILABLE, "redirect");
    assert_false(client_request(&(ClientRequest){.url = url("/away"), .redirects = 3}, &r, &err));
}

static void bad_urls(void **state)
{
    (void)state;
    static const char *const bad[] = {"file:///etc/passwd", "ftp://127.0.0.1/", "", "http://",
                                      "gopher://x", "dict://127.0.0.1:11211/"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        Err err = ERR_INIT;
        ClientResponse r;
        assert_err(client_request(&(ClientRequest){.url = bad[i]}, &r, &err), err, ERR_VALIDATION,
                   "URL");
    }
}

static void nobody_there(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    ClientResponse r;
    int fd = socket(AF_INET, SOCK_STREAM, 0); /* bound, not listening: nobody else gets the port */
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t len = sizeof a;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    char text[64];
    snprintf(text, sizeof text, "http://127.0.0.1:%u/secret?key=1", ntohs(a.sin_port));
    assert_err(client_request(&(ClientRequest){.url = text}, &r, &err), err, ERR_UNAVAILABLE,
               "127.0.0.1");
    assert_null(strstr(err.msg, "secret")); /* a URL may hold a key */
    close(fd);
}

static void limits(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    ClientResponse r;
    ClientRequest req = {.url = url("/file"), .max_bytes = sizeof content};
    assert_true(client_request(&req, &r, &err));
    assert_int_equal(r.body.len, sizeof content);
    client_response_release(&r);
    req.max_bytes--;
    assert_err(client_request(&req, &r, &err), err, ERR_TOO_LARGE, "larger");
    uint64_t start = raw_now_ms();
    assert_err(client_request(&(ClientRequest){.url = url("/hang"), .total_ms = 200}, &r, &err),
               err, ERR_TIMEOUT, "in time");
    assert_true(raw_now_ms() - start < 2000);
}

static bool stop_at_once(void *arg, uint64_t done, uint64_t total)
{
    (void)arg;
    (void)total;
    return done == 0;
}

static bool collect(void *arg, Str piece)
{
    return buf_add(arg, piece);
}

static bool refuse_piece(void *arg, Str piece)
{
    (void)arg;
    (void)piece;
    return false;
}

static void callbacks(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    ClientResponse r;
    Buf got;
    buf_init(&got, SIZE_MAX);
    assert_true(client_request(&(ClientRequest){.url = url("/stream"), .on_data = collect,
                                                .arg = &got}, &r, &err));
    assert_int_equal(r.body.len, 0);
    assert_int_equal(got.len, 5 * 29);
    client_response_release(&r);
    buf_release(&got);
    assert_err(client_request(&(ClientRequest){.url = url("/file"), .on_data = refuse_piece}, &r,
                              &err), err, ERR_CANCELLED, "cancelled");
    assert_err(client_request(&(ClientRequest){.url = url("/file"), .progress = stop_at_once}, &r,
                              &err), err, ERR_CANCELLED, "cancelled");
}

static bool tick_thrice(void *arg)
{
    return --*(int *)arg > 0;
}

static void ticks(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    ClientResponse r;
    int left = 3, many = 1000;
    uint64_t start = raw_now_ms();
    assert_err(client_request(&(ClientRequest){.url = url("/hang"), .tick = tick_thrice,
                                               .arg = &left}, &r, &err),
               err, ERR_CANCELLED, "cancelled"); /* nothing comes, and it is asked all the same */
    assert_true(raw_now_ms() - start < 2500);
    err = ERR_INIT;
    assert_true(client_request(&(ClientRequest){.url = url("/echo"), .method = "POST",
                                                .body = STR("hello"), .tick = tick_thrice,
                                                .arg = &many}, &r, &err));
    assert_str(buf_str(&r.body), "hello");
    client_response_release(&r);
    assert_err(client_request(&(ClientRequest){.url = url("/hang"), .total_ms = 200, .arg = &many,
                                               .tick = tick_thrice}, &r, &err),
               err, ERR_TIMEOUT, "in time");
}

typedef struct {
    Buf got;
    int status;
    bool wanted, had_type;
} Headed;

static bool head_first(void *arg, int status, Str headers)
{
    Headed *h = arg;
    assert_int_equal(h->got.len, 0);
    h->status = status;
    h->had_type = client_header_in(headers, "content-type").len > 0;
    return h->wanted;
}

static bool headed_data(void *arg, Str piece)
{
    return buf_add(&((Headed *)arg)->got, piece);
}

/* Who streams is told the status first, and may have an error's body collected instead. */
static void heads(void **state)
{
    (void)state;
    for (int wanted = 0; wanted < 2; wanted++) {
        Err err = ERR_INIT;
        ClientResponse r;
        Headed h = {.wanted = wanted};
        buf_init(&h.got, SIZE_MAX);
        assert_true(client_request(&(ClientRequest){.url = url("/none"), .on_head = head_first,
                                                    .on_data = headed_data, .arg = &h}, &r, &err));
        assert_int_equal(h.status, 404);
        assert_true(h.had_type);
        assert_int_equal(h.got.len > 0, wanted);
        assert_int_equal(r.body.len > 0, !wanted);
        client_response_release(&r);
        buf_release(&h.got);
    }
}

static double sent_bytes_now(void)
{
    Buf b;
    buf_init(&b, SIZE_MAX);
    assert_true(metrics_render(&b));
    const char *at = strstr(b.ptr, "\nnetwork_sent_bytes_total ");
    assert_non_null(at);
    double v = strtod(at + strlen("\nnetwork_sent_bytes_total "), NULL);
    buf_release(&b);
    return v;
}

/* Another machine that a proxy here stands for: no network is needed to see what is counted. */
static void what_leaves_is_counted(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    ClientResponse r;
    char proxy[64];
    client_metrics();
    double before = sent_bytes_now();
    assert_true(client_request(&(ClientRequest){.url = url("/echo"), .method = "POST",
                                                .body = STR("stays here")}, &r, &err));
    client_response_release(&r);
    assert_true(sent_bytes_now() == before);
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", port);
    setenv("http_proxy", proxy, 1);
    assert_true(client_request(&(ClientRequest){.url = "http://elsewhere.example/echo",
                                                .method = "POST", .body = STR("leaves")},
                               &r, &err));
    client_response_release(&r);
    unsetenv("http_proxy");
    double sent = sent_bytes_now() - before;
    assert_true(sent > 60 && sent < 1000); /* the head and six bytes */
}

static void private_addresses(void **state)
{
    (void)state;
    static const char *const inside[] = {"http://127.0.0.1:%u/echo", "http://localhost:%u/echo",
                                         "http://127.1:%u/echo", "http://0:%u/echo",
                                         "http://2130706433:%u/echo", "http://0x7f.1:%u/echo",
                                         "http://[::ffff:127.0.0.1]:%u/echo"};
    for (size_t i = 0; i < ARRAY_LEN(inside); i++) {
        Err err = ERR_INIT;
        ClientResponse r;
        char text[128];
        const char *at = strstr(inside[i], "%u");
        snprintf(text, sizeof text, "%.*s%u%s", (int)(at - inside[i]), inside[i], port, at + 2);
        bool ok = client_request(&(ClientRequest){.url = text, .public_only = true}, &r, &err);
        if (ok || err.code != ERR_FORBIDDEN)
            fail_msg("%s: %s", text, ok ? "reached" : err.msg);
    }
}

/* ---- what must not be reached ---- */

/* Names and numbers for this machine, as somebody would write them into an address field: the
 * server behind them is real, and must not be asked. */
static void this_machine_in_disguise(void **state)
{
    (void)state;
    static const char *const hosts[] = {
        "127.0.0.1", "localhost", "LOCALHOST", "127.1", "127.0.1", "0", "0.0.0.0", "2130706433",
        "0x7f000001", "0x7f.1", "0x7f.0.0.1", "0177.0.0.1", "0177.1", "017700000001",
        "127.000.000.001",
        "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]",
        "[0000::0001]", "[::127.0.0.1]", "127.255.255.254", "127.0.0.1.", "localhost.",
        "user@127.0.0.1", "user:pass@127.0.0.1", "example.com@127.0.0.1", "127.0.0.1#@example.com",
    };
    static const char *const paths[] = {"/echo", "/hop", "/echo?x=http://example.com/", "/../echo",
                                        "//echo"};
    size_t cases = 0;
    for (size_t h = 0; h < ARRAY_LEN(hosts); h++)
        for (size_t f = 0; f < ARRAY_LEN(paths); f++, cases++) {
            Err err = ERR_INIT;
            ClientResponse r;
            char text[256];
            (void)snprintf(text, sizeof text, "http://%s:%u%s", hosts[h], port, paths[f]);
            bool ok = client_request(&(ClientRequest){.url = text, .public_only = true,
                                                      .redirects = 3, .connect_ms = 2000},
                                     &r, &err);
            if (ok)
                fail_msg("%s: reached", text);
        }
    assert_true(cases >= 140);
}

/* Every status that redirects: the first address is allowed (client_test_public says so), what it
 * points to is not. The rule is asked at each connection, with the address that is connected to. */
static void a_redirect_is_looked_at_again(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    ClientResponse r;
    char text[128];
    (void)snprintf(text, sizeof text, "http://127.0.0.1:%u/hop", port);
    assert_true(client_request(&(ClientRequest){.url = text, .redirects = 2}, &r, &err));
    client_response_release(&r);
    client_test_public("127.0.0.1"); /* this one, and no other, counts as anybody's */
    assert_true(client_request(&(ClientRequest){.url = text, .redirects = 2, .public_only = true},
                               &r, &err));
    client_response_release(&r);
    static const char *const away[] = {"/to?127.0.0.2", "/to?localhost", "/to?[::1]", "/to?0",
                                       "/to?127.1.1.1", "/to?0x7f000002", "/to?10.0.0.1",
                                       "/to?169.254.169.254", "/to?192.168.1.1",
                                       "/to?[::ffff:127.0.0.2]", "/to?[fe80::1]"};
    for (size_t i = 0; i < ARRAY_LEN(away); i++)
        for (int status = 301; status <= 308; status++) {
            if (status > 303 && status < 307)
                continue;
            Err why = ERR_INIT;
            (void)snprintf(text, sizeof text, "http://127.0.0.1:%u%s,%d", port, away[i], status);
            bool ok = client_request(&(ClientRequest){.url = text, .redirects = 3,
                                                      .public_only = true, .connect_ms = 2000},
                                     &r, &why);
            /* "localhost" is 127.0.0.1 here on some machines, and then it is the allowed one. */
            if (ok && i != 1)
                fail_msg("%s: reached", text);
            if (ok)
                client_response_release(&r);
            else if (why.code != ERR_FORBIDDEN && i != 1)
                fail_msg("%s: %s", text, why.msg);
        }
    client_test_public(NULL);
}

/* ---- downloads ---- */

static void check_file(void)
{
    Buf b;
    Err err = ERR_INIT;
    buf_init(&b, SIZE_MAX);
    assert_true(os_read_file(file, &b, &err));
    assert_true(str_eq(buf_str(&b), str_mem(content, sizeof content)));
    buf_release(&b);
}

static void download(const char *path)
{
    Err err = ERR_INIT;
    if (!client_download(&(ClientRequest){.url = url(path)}, file, &err))
        fail_msg("%s: %s", path, err.msg);
    check_file();
}

static void put_file(size_t n, bool good)
{
    Err err = ERR_INIT;
    char *part = malloc(n + 1);
    assert_non_null(part);
    memcpy(part, content, n);
    if (!good && n)
        part[0] ^= 1;
    assert_true(os_write_file(file, str_mem(part, n), 0600, &err));
    free(part);
}

static void downloads(void **state)
{
    (void)state;
    download("/file");
    assert_int_equal(atomic_load(&range_requests), 0);
    download("/file"); /* it is all there: 416, and nothing changes */
    assert_int_equal(atomic_load(&range_requests), 1);
    put_file(1000, true);
    download("/file"); /* goes on behind the thousandth byte */
    assert_int_equal(atomic_load(&range_requests), 2);
    put_file(1000, true);
    download("/norange"); /* a server that cannot: anew */
    put_file(0, true);
    download("/norange");
}

static void a_download_that_breaks_off(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    os_remove(file, NULL);
    atomic_store(&cut_after, 120000);
    assert_false(client_download(&(ClientRequest){.url = url("/file")}, file, &err));
    assert_int_equal(err.code, ERR_UNAVAILABLE);
    assert_int_equal(os_file_size(file), 120000); /* what came stays */
    int before = atomic_load(&range_requests);
    download("/file");
    assert_int_equal(atomic_load(&range_requests), before + 1);
}

static void longer_than_the_original(void **state)
{
    (void)state;
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(ftruncate(fd, sizeof content + 10), 0);
    close(fd);
    download("/file"); /* 416: the file is another one, anew */
}

static void refused_downloads(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    put_file(5, true);
    assert_err(client_download(&(ClientRequest){.url = url("/none")}, file, &err), err,
               ERR_NOT_FOUND, "404");
    assert_int_equal(os_file_size(file), 5);
    assert_err(client_download(&(ClientRequest){.url = url("/hop")}, file, &err), err,
               ERR_UNAVAILABLE, "302");
    assert_int_equal(os_file_size(file), 5);
    assert_true(client_download(&(ClientRequest){.url = url("/wrong")}, file, &err));
    assert_int_equal(os_file_size(file), 2); /* a part that does not fit is not appended */
    assert_err(client_download(&(ClientRequest){.url = url("/file")}, "/nonexistent/x", &err), err,
               ERR_IO, "/nonexistent/x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests),
        cmocka_unit_test(kept_connections),
        cmocka_unit_test(statuses_are_no_errors),
        cmocka_unit_test(redirects),
        cmocka_unit_test(bad_urls),
        cmocka_unit_test(nobody_there),
        cmocka_unit_test(limits),
        cmocka_unit_test(callbacks),
        cmocka_unit_test(ticks),
        cmocka_unit_test(heads),
        cmocka_unit_test(what_leaves_is_counted),
        cmocka_unit_test(private_addresses),
        cmocka_unit_test(this_machine_in_disguise),
        cmocka_unit_test(a_redirect_is_looked_at_again),
        cmocka_unit_test(downloads),
        cmocka_unit_test(a_download_that_breaks_off),
        cmocka_unit_test(longer_than_the_original),
        cmocka_unit_test(refused_downloads),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
