/* test_http2.c - HTTP/2 in the clear and over TLS, with nghttp2's client side as the other end. */
#include <nghttp2/nghttp2.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/os.h"
#include "unit/net/testserver.h"

#define STREAMS 512

typedef struct {
    int status;
    Buf body;
    uint32_t closed_with; /* error code + 1; 0 while open */
    bool interim;         /* a 100 came first */
    char type[64], length[32];
} Reply;

typedef struct {
    Raw raw;
    SSL *ssl;
    nghttp2_session *session;
    Reply replies[STREAMS]; /* by (id - 1) / 2 */
    uint32_t goaway;        /* error code + 1 */
} H2Client;

typedef struct {
    Str data;
    size_t at;
    bool hold; /* the rest comes later */
} Upload;

static Reply *reply_of(H2Client *c, int32_t id)
{
    assert_true(id > 0 && (size_t)(id - 1) / 2 < STREAMS);
    return &c->replies[(id - 1) / 2];
}

static int on_header(nghttp2_session *s, const nghttp2_frame *f, const uint8_t *name, size_t n,
                     const uint8_t *value, size_t m, uint8_t flags, void *arg)
{
    (void)s;
    (void)flags;
    Reply *r = reply_of(arg, f->hd.stream_id);
    Str key = str_mem((const char *)name, n), v = str_mem((const char *)value, m);
    uint64_t status;
    if (str_eq(key, STR(":status")) && str_to_u64(v, &status)) {
        r->interim |= status == 100;
        r->status = (int)status;
    } else if (str_eq(key, STR("content-type"))) {
        snprintf(r->type, sizeof r->type, "%.*s", STR_ARG(v));
    } else if (str_eq(key, STR("content-length"))) {
        snprintf(r->length, sizeof r->length, "%.*s", STR_ARG(v));
    }
    return 0;
}

static int on_data(nghttp2_session *s, uint8_t flags, int32_t id, const uint8_t *data, size_t n,
                   void *arg)
{
    (void)s;
    (void)flags;
    buf_add_mem(&reply_of(arg, id)->body, data, n);
    return 0;
}

static int on_close(nghttp2_session *s, int32_t id, uint32_t code, void *arg)
{
    (void)s;
    reply_of(arg, id)->closed_with = code + 1;
    return 0;
}

static int on_frame(nghttp2_session *s, const nghttp2_frame *f, void *arg)
{
    (void)s;
    if (f->hd.type == NGHTTP2_GOAWAY)
        ((H2Client *)arg)->goaway = f->goaway.error_code + 1;
    return 0;
}

static ssize_t read_upload(nghttp2_session *s, int32_t id, uint8_t *buf, size_t room,
                           uint32_t *flags, nghttp2_data_source *source, void *arg)
{
    (void)s;
    (void)id;
    (void)arg;
    Upload *u = source->ptr;
    size_t n = u->data.len - u->at;
    if (n > room)
        n = room;
    if (n == 0 && u->hold)
        return NGHTTP2_ERR_DEFERRED;
    memcpy(buf, u->data.ptr + u->at, n);
    u->at += n;
    if (u->at == u->data.len && !u->hold)
        *flags = NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

static void h2_begin(H2Client *c)
{
    nghttp2_session_callbacks *cb;
    assert_int_equal(nghttp2_session_callbacks_new(&cb), 0);
    nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_close);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
    assert_int_equal(nghttp2_session_client_new(&c->session, cb, c), 0);
    nghttp2_session_callbacks_del(cb);
    for (size_t i = 0; i < STREAMS; i++)
        buf_init(&c->replies[i].body, SIZE_MAX);
    nghttp2_submit_settings(c->session, NGHTTP2_FLAG_NONE, NULL, 0);
}

static H2Client *h2_open(void)
{
    H2Client *c = calloc(1, sizeof *c);
    assert_non_null(c);
    c->raw = raw_open(ts.port);
    h2_begin(c);
    return c;
}

static void h2_close(H2Client *c)
{
    nghttp2_session_del(c->session);
    if (c->ssl) {
        SSL_shutdown(c->ssl);
        SSL_free(c->ssl);
    }
    for (size_t i = 0; i < STREAMS; i++)
        buf_release(&c->replies[i].body);
    raw_close(&c->raw);
    free(c);
}

static bool h2_write(H2Client *c, const uint8_t *data, size_t n)
{
    if (!c->ssl)
        return raw_send(&c->raw, data, n);
    return SSL_write(c->ssl, data, (int)n) == (int)n;
}

/* Bytes from the server into raw.in; false when none came in time. */
static bool h2_more(H2Client *c, int wait_ms)
{
    if (!c->ssl)
        return raw_more(&c->raw, wait_ms);
    struct pollfd p = {.fd = c->raw.fd, .events = POLLIN};
    if (SSL_pending(c->ssl) == 0 && poll(&p, 1, wait_ms) != 1)
        return false;
    char *to = buf_reserve(&c->raw.in, 65536);
    int n = SSL_read(c->ssl, to, 65536);
    c->raw.eof = n <= 0;
    if (n > 0)
        buf_grew(&c->raw.in, (size_t)n);
    return n > 0;
}

static bool h2_send(H2Client *c)
{
    for (;;) {
        const uint8_t *data;
        ssize_t n = nghttp2_session_mem_send(c->session, &data);
        assert_true(n >= 0);
        if (n == 0)
            return true;
        if (!h2_write(c, data, (size_t)n))
            return false;
    }
}

/* One round of sending and reading. False when nothing came within wait_ms or the end has come. */
static bool h2_round(H2Client *c, int wait_ms)
{
    h2_send(c);
    if (!h2_more(c, wait_ms))
        return false;
    ssize_t n = nghttp2_session_mem_recv(c->session, (uint8_t *)c->raw.in.ptr, c->raw.in.len);
    assert_int_equal(n, c->raw.in.len);
    buf_clear(&c->raw.in);
    h2_send(c);
    return true;
}

static Reply *h2_wait(H2Client *c, int32_t id)
{
    Reply *r = reply_of(c, id);
    while (!r->closed_with && h2_round(c, RAW_WAIT_MS))
        continue;
    if (!r->closed_with)
        fail_msg("stream %d did not end", id);
    return r;
}

#define NV(n, v) {(uint8_t *)(uintptr_t)(n), (uint8_t *)(uintptr_t)(v), strlen(n), strlen(v), 0}

/* A request; `extra` is one more header, or NULL. */
static int32_t h2_ask(H2Client *c, const char *method, const char *path, const char *authority,
                      const char *const *extra, Upload *body)
{
    char own[64];
    snprintf(own, sizeof own, "localhost:%u", ts.port);
    nghttp2_nv nv[5] = {NV(":method", method), NV(":scheme", c->ssl ? "https" : "http"),
                        NV(":path", path), NV(":authority", authority ? authority : own)};
    if (extra)
        nv[4] = (nghttp2_nv)NV(extra[0], extra[1]);
    nghttp2_data_provider p = {.source.ptr = body, .read_callback = read_upload};
    int32_t id = nghttp2_submit_request(c->session, NULL, nv, extra ? 5 : 4, body ? &p : NULL, NULL);
    assert_true(id > 0);
    return id;
}

static Reply *h2_get(H2Client *c, const char *path)
{
    return h2_wait(c, h2_ask(c, "GET", path, NULL, NULL, NULL));
}

/* ---- servers ---- */

static int setup(void **state)
{
    (void)state;
    ts_begin(&(ServerOptions){
        .host = "127.0.0.1",
        .limits = {.body_bytes = 2000000, .head_bytes = 8192, .target_bytes = 512,
                   .header_count = 20, .body_timeout_ms = 300, .body_min_bytes = 100,
                   .idle_timeout_ms = 600},
    });
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ts_end();
    return 0;
}

/* ---- tests ---- */

static void small_answers(void **state)
{
    (void)state;
    H2Client *c = h2_open();
    for (int i = 0; i < 20; i++) {
        Reply *r = h2_get(c, "/json");
        assert_int_equal(r->status, 200);
        assert_str(buf_str(&r->body), "{\"ok\":true}");
        assert_string_equal(r->type, "application/json");
        assert_string_equal(r->length, "11");
        assert_int_equal(r->closed_with, 1);
    }
    Reply *r = h2_wait(c, h2_ask(c, "HEAD", "/json", NULL, NULL, NULL));
    assert_int_equal(r->status, 200);
    assert_int_equal(r->body.len, 0);
    assert_string_equal(r->length, "11");
    r = h2_get(c, "/empty");
    assert_int_equal(r->status, 204);
    assert_string_equal(r->length, "");
    r = h2_get(c, "/none");
    assert_int_equal(r->status, 404);
    assert_string_equal(r->type, "application/problem+json");
    h2_close(c);
}

static void many_streams_at_once(void **state)
{
    (void)state;
    H2Client *c = h2_open();
    static const char *const paths[] = {"/slow", "/json", "/big?n=300000", "/stream", "/long"};
    static const size_t lengths[] = {4, 11, 300000, 5 * 29, 4194304};
    int32_t ids[25];
    for (size_t i = 0; i < ARRAY_LEN(ids); i++)
        ids[i] = h2_ask(c, "GET", paths[i % 5], NULL, NULL, NULL);
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        Reply *r = h2_wait(c, ids[i]);
        assert_int_equal(r->status, 200);
        assert_int_equal(r->body.len, lengths[i % 5]);
        assert_int_equal(r->closed_with, 1);
    }
    h2_close(c);
}

static void bodies(void **state)
{
    (void)state;
    H2Client *c = h2_open();
    static const size_t sizes[] = {0, 1, 16384, 16385, 1000000, 2000000};
    char *data = malloc(2000001);
    assert_non_null(data);
    for (size_t i = 0; i < 2000001; i++)
        data[i] = (char)(i * 13 + i / 997);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        Upload u = {.data = {data, sizes[i]}};
        Reply *r = h2_wait(c, h2_ask(c, "POST", "/echo", NULL, NULL, &u));
        assert_int_equal(r->status, 200);
        assert_true(str_eq(buf_str(&r->body), u.data));
    }
    free(data);
    h2_close(c);
}

static void refusals(void **state)
{
    (void)state;
    char long_path[600], long_value[9000];
    memset(long_path, 'p', sizeof long_path);
    long_path[0] = '/';
    long_path[599] = '\0';
    memset(long_value, 'v', sizeof long_value);
    long_value[8999] = '\0';
    const struct {
        const char *method, *path, *authority;
        const char *extra[2];
        int status;
    } cases[] = {
        {"GET", "/json", "evil.example", {NULL}, 403},
        {"GET", "/json", "localhost", {NULL}, 403},
        {"POST", "/json", NULL, {"origin", "https://evil.example"}, 403},
        {"GET", "/json", NULL, {"origin", "https://evil.example"}, 200},
        {"GET", "/json", NULL, {"host", "evil.example"}, 400},
        {"GET", "/a/../json", NULL, {NULL}, 400},
        {"GET", "/a%2fb", NULL, {NULL}, 400},
        {"GET", "/%00", NULL, {NULL}, 400},
        {"GET", long_path, NULL, {NULL}, 414},
        {"GET", "/json", NULL, {"x-long", long_value}, 431},
        {"POST", "/deny", NULL, {NULL}, 401},
        {"GET", "/ws", NULL, {"upgrade-insecure-requests", "1"}, 400},
        {"GET", "/split", NULL, {NULL}, 500},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        H2Client *c = h2_open();
        Reply *r = h2_wait(c, h2_ask(c, cases[i].method, cases[i].path, cases[i].authority,
                                     cases[i].extra[0] ? cases[i].extra : NULL, NULL));
        if (r->status != cases[i].status)
            fail_msg("case %zu: %d, closed with %u", i, r->status, r->closed_with);
        if (r->status >= 400)
            assert_string_equal(r->type, "application/problem+json");
        assert_int_equal(h2_get(c, "/json")->status, 200); /* the connection lives on */
        h2_close(c);
    }
}

static void too_many_headers(void **state)
{
    (void)state;
    H2Client *c = h2_open();
    char host[64];
    snprintf(host, sizeof host, "localhost:%u", ts.port);
    nghttp2_nv nv[40] = {NV(":method", "GET"), NV(":scheme", "http"), NV(":path", "/json"),
                         NV(":authority", host)};
    for (size_t i = 4; i < 40; i++)
        nv[i] = (nghttp2_nv)NV("x", "y");
    Reply *r = h2_wait(c, nghttp2_submit_request(c->session, NULL, nv, 24, NULL, NULL));
    assert_int_equal(r->status, 200); /* twenty of them */
    r = h2_wait(c, nghttp2_submit_request(c->session, NULL, nv, 25, NULL, NULL));
    assert_int_equal(r->status, 431);
    h2_close(c);
}

static void body_limits(void **state)
{
    (void)state;
    H2Client *c = h2_open();
    char *data = calloc(1, 2000001);
    assert_non_null(data);
    Upload u = {.data = {data, 2000001}};
    Reply *r = h2_wait(c, h2_ask(c, "POST", "/echo", NULL, NULL, &u));
    assert_int_equal(r->status, 413);
    u = (Upload){.data = STR("12345678901")};
    r = h2_wait(c, h2_ask(c, "POST", "/limit", NULL, NULL, &u));
    assert_int_equal(r->status, 413);
    static const char *const length[] = {"content-length", "11"};
    u = (Upload){.data = STR("12345678901"), .hold = true}; /* told by its announcement */
    r = h2_wait(c, h2_ask(c, "POST", "/limit", NULL, length, &u));
    assert_int_equal(r->status, 413);
    u = (Upload){.data = STR("1234567890")};
    r = h2_wait(c, h2_ask(c, "POST", "/limit", NULL, NULL, &u));
    assert_int_equal(r->status, 200);
    free(data);
    h2_close(c);
}

static void slow_bodies(void **state)
{
    (void)state;
    H2Client *c = h2_open();
    Upload u = {.data = STR("begun"), .hold = true};
    Reply *r = h2_wait(c, h2_ask(c, "POST", "/echo", NULL, NULL, &u));
    assert_int_equal(r->status, 408);
    h2_close(c);
}

static void expectations(void **state)
{
    (void)state;
    H2Client *c = h2_open();
    static const char *const expect[] = {"expect", "100-continue"};
    Upload u = {.data = STR("ok")};
    Reply *r = h2_wait(c, h2_ask(c, "POST", "/echo", NULL, expect, &u));
    assert_true(r->interim);
    assert_int_equal(r->status, 200);
    assert_str(buf_str(&r->body), "ok");
    h2_close(c);
}

static void a_stream_that_falls_short_is_reset(void **state)
{
    (void)state;
    H2Client *c = h2_open();
    Reply *r = h2_get(c, "/short");
    assert_int_not_equal(r->closed_with, 1);
    assert_int_equal(h2_get(c, "/json")->status, 200);
    h2_close(c);
}

static void clients_that_go(void **state)
{
    (void)state;
    H2Client *c = h2_open();
    for (int i = 0; i < 3; i++)
        h2_ask(c, "GET", "/hang", NULL, NULL, NULL);
    h2_ask(c, "GET", "/long", NULL, NULL, NULL);
    h2_ask(c, "GET", "/big?n=20000000", NULL, NULL, NULL);
    h2_round(c, RAW_WAIT_MS);
    ts_sleep_ms(50);
    h2_close(c);
    assert_true(ts_reaches(&ts.cancelled, 3));
    assert_true(ts_reaches(&ts.released, 1));
}

static void one_stream_is_cancelled(void **state)
{
    (void)state;
    H2Client *c = h2_open();
    int32_t id = h2_ask(c, "GET", "/hang", NULL, NULL, NULL);
    h2_round(c, RAW_WAIT_MS);
    ts_sleep_ms(50);
    nghttp2_submit_rst_stream(c->session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    h2_send(c);
    assert_true(ts_reaches(&ts.cancelled, 1));
    assert_int_equal(h2_get(c, "/json")->status, 200);
    h2_close(c);
}

/* CVE-2023-44487: streams opened and reset as fast as the wire takes them. */
static void rapid_reset(void **state)
{
    (void)state;
    H2Client *c = h2_open();
    h2_round(c, RAW_WAIT_MS);
    for (int i = 0; i < 400 && !c->goaway && !c->raw.eof; i++) {
        int32_t id = h2_ask(c, "GET", "/slow", NULL, NULL, NULL);
        if (!h2_send(c))
            break;
        nghttp2_submit_rst_stream(c->session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
        h2_round(c, 1);
    }
    while (!c->goaway && h2_round(c, 500))
        continue;
    assert_int_equal(c->goaway, NGHTTP2_ENHANCE_YOUR_CALM + 1);
    h2_close(c);
    ts_sleep_ms(150);
}

static void idle_connections_get_a_goaway(void **state)
{
    (void)state;
    H2Client *c = h2_open();
    assert_int_equal(h2_get(c, "/json")->status, 200);
    while (!c->raw.eof && h2_round(c, 2000))
        continue;
    assert_int_equal(c->goaway, NGHTTP2_NO_ERROR + 1);
    assert_true(c->raw.eof);
    h2_close(c);
}

static void garbage_behind_the_preface(void **state)
{
    (void)state;
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    Raw r = raw_open(ts.port);
    raw_puts(&r, preface);
    raw_puts(&r, "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(raw_closed(&r, RAW_WAIT_MS));
    raw_close(&r);
    r = raw_open(ts.port); /* byte by byte, and then silence: the idle time-out ends it */
    for (const char *p = preface; *p; p++)
        raw_send(&r, p, 1);
    assert_true(raw_closed(&r, RAW_WAIT_MS));
    raw_close(&r);
}

static void stopping(void **state)
{
    (void)state;
    H2Client *c = h2_open();
    int32_t id = h2_ask(c, "GET", "/slow", NULL, NULL, NULL);
    h2_round(c, RAW_WAIT_MS);
    ts_sleep_ms(20);
    server_stop(ts.server, 2000);
    assert_int_equal(h2_wait(c, id)->status, 200);
    while (!c->raw.eof && h2_round(c, RAW_WAIT_MS))
        continue;
    assert_int_equal(c->goaway, NGHTTP2_NO_ERROR + 1);
    h2_close(c);
}

/* ---- TLS ---- */

static char dir[] = "/tmp/sotto-test-tls-XXXXXX";
static char cert_file[64], key_file[64], other_key[64];

static EVP_PKEY *write_key(const char *path)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    assert_non_null(key);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
    (void)fclose(f);
    return key;
}

static void write_cert(EVP_PKEY *key)
{
    X509 *x = X509_new();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 86400);
    X509_set_pubkey(x, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               (const unsigned char *)"localhost", -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    FILE *f = fopen(cert_file, "w");
    assert_non_null(f);
    assert_int_equal(PEM_write_X509(f, x), 1);
    (void)fclose(f);
    X509_free(x);
}

static int setup_tls(void **state)
{
    (void)state;
    memcpy(dir + strlen(dir) - 6, "XXXXXX", 6);
    assert_non_null(mkdtemp(dir));
    snprintf(cert_file, sizeof cert_file, "%s/cert.pem", dir);
    snprintf(key_file, sizeof key_file, "%s/key.pem", dir);
    snprintf(other_key, sizeof other_key, "%s/other.pem", dir);
    EVP_PKEY *key = write_key(key_file);
    write_cert(key);
    EVP_PKEY_free(key);
    EVP_PKEY_free(write_key(other_key));
    ts_begin(&(ServerOptions){.host = "127.0.0.1", .tls_cert = cert_file, .tls_key = key_file,
                              .limits = {.head_timeout_ms = 500}});
    return 0;
}

static int teardown_tls(void **state)
{
    (void)state;
    ts_end();
    os_remove_tree(dir, NULL);
    return 0;
}

/* A TLS connection that offers those protocols; NULL when the handshake fails. */
static SSL *tls_open(Raw *r, const char *alpn, int max_version)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    *r = raw_open(ts.port);
    SSL *ssl = SSL_new(ctx);
    SSL_CTX_free(ctx);
    SSL_set_max_proto_version(ssl, max_version);
    if (alpn)
        SSL_set_alpn_protos(ssl, (const unsigned char *)alpn, (unsigned)strlen(alpn));
    SSL_set_fd(ssl, r->fd);
    if (SSL_connect(ssl) == 1)
        return ssl;
    SSL_free(ssl);
    return NULL;
}

static void http_2_over_tls(void **state)
{
    (void)state;
    H2Client *c = calloc(1, sizeof *c);
    assert_non_null(c);
    c->ssl = tls_open(&c->raw, "\x02h2\x08http/1.1", TLS1_3_VERSION);
    assert_non_null(c->ssl);
    const unsigned char *chosen;
    unsigned n;
    SSL_get0_alpn_selected(c->ssl, &chosen, &n);
    assert_str(str_mem((const char *)chosen, n), "h2");
    h2_begin(c);
    assert_int_equal(h2_get(c, "/json")->status, 200);
    assert_int_equal(h2_get(c, "/big?n=3000000")->body.len, 3000000);
    Upload u = {.data = {(char *)calloc(1, 1000000), 1000000}};
    assert_int_equal(h2_wait(c, h2_ask(c, "POST", "/echo", NULL, NULL, &u))->body.len, 1000000);
    free((void *)(uintptr_t)u.data.ptr);
    h2_close(c);
}

static void http_1_over_tls(void **state)
{
    (void)state;
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
        Raw r;
        SSL *ssl = tls_open(&r, i ? "\x08http/1.1" : NULL, versions[i]);
        assert_non_null(ssl);
        char text[256], got[4096];
        for (int k = 0; k < 3; k++) {
            int n = snprintf(text, sizeof text, "GET /json HTTP/1.1\r\nHost: localhost:%u\r\n"
                             "Origin: https://localhost:%u\r\n\r\n", ts.port, ts.port);
            assert_int_equal(SSL_write(ssl, text, n), n);
            n = SSL_read(ssl, got, sizeof got - 1);
            assert_true(n > 0);
            got[n] = '\0';
            assert_ptr_equal(strstr(got, "HTTP/1.1 200 OK\r\n"), got);
            assert_non_null(strstr(got, "\r\n\r\n{\"ok\":true}"));
        }
        SSL_free(ssl);
        raw_close(&r);
    }
}

static void what_tls_refuses(void **state)
{
    (void)state;
    Raw r;
    assert_null(tls_open(&r, NULL, TLS1_1_VERSION));
    raw_close(&r);
    assert_null(tls_open(&r, "\x03" "foo", TLS1_3_VERSION));
    raw_close(&r);
    r = raw_open(ts.port); /* plain HTTP to a TLS port */
    raw_puts(&r, "GET /json HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_true(raw_closed(&r, RAW_WAIT_MS));
    raw_close(&r);
    r = raw_open(ts.port); /* a handshake that never goes on */
    raw_send(&r, "\x16\x03\x01", 3);
    uint64_t start = raw_now_ms();
    assert_true(raw_closed(&r, RAW_WAIT_MS));
    assert_true(raw_now_ms() - start < 3000);
    raw_close(&r);
    Err err = ERR_INIT;
    ServerOptions o = {.on_request = ts_on_request, .tls_cert = cert_file, .tls_key = other_key};
    assert_err(server_new(&o, &err) != NULL, err, ERR_VALIDATION, "private key");
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
#define TLS_CASE(fn) cmocka_unit_test_setup_teardown(fn, setup_tls, teardown_tls)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(small_answers),
        CASE(many_streams_at_once),
        CASE(bodies),
        CASE(refusals),
        CASE(too_many_headers),
        CASE(body_limits),
        CASE(slow_bodies),
        CASE(expectations),
        CASE(a_stream_that_falls_short_is_reset),
        CASE(clients_that_go),
        CASE(one_stream_is_cancelled),
        CASE(rapid_reset),
        CASE(idle_connections_get_a_goaway),
        CASE(garbage_behind_the_preface),
        CASE(stopping),
        TLS_CASE(http_2_over_tls),
        TLS_CASE(http_1_over_tls),
        TLS_CASE(what_tls_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
