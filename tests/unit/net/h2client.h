/* h2client.h - an HTTP/2 client for tests: nghttp2's client side over a socket or TLS. */
#ifndef SOTTO_TESTS_H2CLIENT_H
#define SOTTO_TESTS_H2CLIENT_H

#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>

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

static inline H2Client *h2_open(void)
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
    int32_t id = nghttp2_submit_request(c->session, NULL, nv, extra ? 5 : 4, body ? &p : NULL,
                                        NULL);
    assert_true(id > 0);
    return id;
}

static inline Reply *h2_get(H2Client *c, const char *path)
{
    return h2_wait(c, h2_ask(c, "GET", path, NULL, NULL, NULL));
}

#endif
