/* h2.c - an HTTP/2 connection: its streams and their requests. nghttp2 is known here, in h2.h and
 * in h2_answer.c, nowhere else.
 *
 *   bytes -> nghttp2 -> a stream an exchange: head -> guard, on_head -> body -> on_request
 *   answer -> nghttp2 frames -> c->out, at most OUT_MAX ahead of the socket
 *
 * Spoken over TLS (ALPN) and in the clear to clients that begin with the preface. nghttp2 checks
 * the syntax of messages (names, pseudo headers, length against data), and holds floods of control
 * frames down; limits and time-outs are ours, as is a count of streams that a client opens and
 * resets (the "rapid reset" of CVE-2023-44487), which ends the connection.
 *
 * Source: RFC 9113. */
#include "base/mem.h"
#include "net/h2.h"

#define OUT_MAX ((size_t)64 << 10)   /* ready to be sent: ahead of the socket */
#define TURN_MAX ((size_t)128 << 10) /* sent in one iteration of the loop */
#define WINDOW_STREAM (1 << 20)
#define WINDOW_CONN (8 << 20)
#define RESETS_MAX 100      /* streams reset before they were answered ... */
#define RESETS_SPAN_MS 10000 /* ... within such a span */
#define HEADER_COST 32      /* RFC 9113 6.5.2: what a field costs beside its bytes */

/* ---- memory through base/mem.h ---- */

static void *h2_malloc(size_t size, void *arg)
{
    (void)arg;
    return mem_alloc(size);
}

static void h2_free(void *p, void *arg)
{
    (void)arg;
    mem_free(p);
}

static void *h2_calloc(size_t n, size_t size, void *arg)
{
    (void)arg;
    return mem_array(n, size);
}

static void *h2_realloc(void *p, size_t size, void *arg)
{
    (void)arg;
    return mem_resize(p, size, 1);
}

/* ---- output ---- */

static void fill(Conn *c)
{
    struct H2 *h = c->u.h2;
    Buf *out = conn_out(c);
    if (c->out_at > OUT_MAX) {
        memmove(out->ptr, out->ptr + c->out_at, out->len - c->out_at);
        buf_cut(out, out->len - c->out_at);
        c->out_at = 0;
    }
    while (conn_unsent(c) < OUT_MAX) {
        const uint8_t *data;
        ssize_t n = nghttp2_session_mem_send(h->session, &data);
        if (n < 0)
            out->failed = true;
        if (n <= 0)
            return;
        buf_add_mem(out, data, (size_t)n);
    }
}

/* Tells workers how much of their streams still waits; TCP's share cannot be told apart. */
static void tell_progress(struct H2 *h)
{
    for (H2Stream *st = h->streams; st; st = st->next)
        if (st->streaming && st->x)
            exchange_stream_progress(st->x, st->piece.len - st->piece_at);
}

/* Sends what there is; closes the connection when both sides have ended. False when it is gone. */
static bool pump(Conn *c)
{
    struct H2 *h = c->u.h2;
    if (h->in_recv || h->in_pump)
        return true;
    h->in_pump = true;
    uint64_t before = c->sent;
    for (;;) {
        fill(c);
        if (conn_unsent(c) == 0)
            break;
        if (c->sent - before > TURN_MAX) { /* the others have their turn */
            conn_again(c);
            break;
        }
        if (!conn_flush(c))
            return false;
        if (conn_unsent(c) > 0)
            break;
    }
    h->in_pump = false;
    tell_progress(h);
    bool over = !nghttp2_session_want_read(h->session) && !nghttp2_session_want_write(h->session);
    if ((over || (h->stopping && h->count == 0)) && conn_unsent(c) == 0) {
        conn_close(c);
        return false;
    }
    return true;
}

/* ---- streams ---- */

static void on_reply(Conn *c, HttpExchange *x)
{
    H2Stream *st = x->priv->stream;
    if (x->priv->is_stream) {
        h2_submit_stream(st);
    } else {
        st->body = http_resp_body(x);
        h2_submit(st, (int64_t)st->body.len, !st->is_head && st->body.len > 0);
    }
    pump(c);
}

static H2Stream *stream_of(struct H2 *h, int32_t id)
{
    return nghttp2_session_get_stream_user_data(h->session, id);
}

static void stream_free(H2Stream *st)
{
    struct H2 *h = st->conn->u.h2;
    HttpExchange *x = st->x;
    if (st->prev)
        st->prev->next = st->next;
    else
        h->streams = st->next;
    if (st->next)
        st->next->prev = st->prev;
    h->count--;
    if (x) {
        x->priv->conn = NULL;
        x->priv->stream = NULL;
        if ((st->handed || x->priv->is_stream) && !x->priv->answered)
            exchange_cancel(x); /* the handler still answers; the answer is dropped */
        else
            server_exchange_free(x);
    }
    buf_release(&st->piece);
    mem_free(st);
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    Conn *c = arg;
    struct H2 *h = c->u.h2;
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    H2Stream *st = mem_zalloc(sizeof *st);
    HttpExchange *x = st ? server_exchange_new(c->server, c) : NULL;
    if (x)
        x->priv->headers = ARENA_NEW_ARRAY(x->req.arena, HttpHeader,
                                           c->server->opt.limits.header_count);
    if (!x || !x->priv->headers) {
        if (x)
            server_exchange_free(x);
        mem_free(st);
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    st->conn = c;
    st->x = x;
    st->id = frame->hd.stream_id;
    buf_init(&st->piece, SIZE_MAX);
    x->priv->stream = st;
    x->req.version_major = 2;
    x->req.headers = x->priv->headers;
    st->next = h->streams;
    if (st->next)
        st->next->prev = st;
    h->streams = st;
    if (h->count++ == 0) {
        c->mark = c->sent;
        conn_timer(c, &c->server->t_body);
    }
    nghttp2_session_set_stream_user_data(session, st->id, st);
    return 0;
}

static void note_fault(H2Stream *st, int status, const char *why)
{
    if (!st->fault) {
        st->fault = status;
        st->why = why;
    }
}

static void note_header(H2Stream *st, Str name, Str value)
{
    HttpExchange *x = st->x;
    const ServerLimits *limits = &st->conn->server->opt.limits;
    bool pseudo = name.ptr[0] == ':';
    st->head_bytes += name.len + value.len + HEADER_COST;
    if (str_eq(name, STR(":path")) && value.len > limits->target_bytes)
        note_fault(st, 414, "the request target is too long");
    else if (st->head_bytes > limits->head_bytes)
        note_fault(st, 431, "the request head is too large");
    else if (!pseudo && st->header_count == limits->header_count)
        note_fault(st, 431, "there are too many headers");
    if (st->fault)
        return;
    HttpHeader h = {arena_str(x->req.arena, name), arena_str(x->req.arena, value)};
    if (!h.name.ptr || !h.value.ptr) {
        note_fault(st, 503, "out of memory");
    } else if (!pseudo) {
        x->priv->headers[st->header_count++] = h;
        x->req.header_count = st->header_count;
    } else if (str_eq(name, STR(":method"))) {
        x->req.method = h.value;
    } else if (str_eq(name, STR(":path"))) {
        st->target = h.value;
    } else if (str_eq(name, STR(":authority"))) {
        st->authority = h.value;
    }
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *arg)
{
    (void)session;
    (void)flags;
    H2Stream *st = stream_of(((Conn *)arg)->u.h2, frame->hd.stream_id);
    if (st && !st->head_done) /* trailers are read and forgotten */
        note_header(st, str_mem((const char *)name, name_len),
                    str_mem((const char *)value, value_len));
    return 0;
}

/* ---- requests ---- */

static void send_continue(H2Stream *st)
{
    static uint8_t name[] = ":status", value[] = "100";
    nghttp2_nv nv = {name, value, 7, 3, NGHTTP2_NV_FLAG_NONE};
    nghttp2_submit_headers(st->conn->u.h2->session, NGHTTP2_FLAG_NONE, st->id, NULL, &nv, 1, NULL);
}

/* The host the client means: :authority, else Host; two that differ are refused. */
static bool settle_host(H2Stream *st)
{
    HttpExchange *x = st->x;
    Str host = http_header(&x->req, "host");
    if (http_header_count(&x->req, "host") > 1 ||
        (host.ptr && st->authority.ptr && !str_eq_nocase(host, st->authority)))
        return false;
    x->req.host = st->authority.ptr ? st->authority : host;
    return x->req.host.len > 0;
}

static void refuse(H2Stream *st, int status, const char *why)
{
    st->fault = status;
    server_refuse(st->x, status, why);
}

static void head_complete(H2Stream *st)
{
    HttpExchange *x = st->x;
    st->head_done = true;
    st->is_head = http_is(&x->req, "HEAD");
    x->req.target = st->target;
    if (!st->fault && http_is(&x->req, "CONNECT"))
        note_fault(st, 501, "this is no proxy: CONNECT is not understood");
    if (!st->fault && !settle_host(st))
        note_fault(st, 400, "there must be one host: :authority or Host");
    if (!st->fault && str_eq(st->target, STR("*")) && !http_is(&x->req, "OPTIONS"))
        note_fault(st, 400, "the request target must be a path");
    Str length = http_header(&x->req, "content-length");
    st->has_length = length.ptr && str_to_u64(length, &st->length);
    if (st->fault) {
        refuse(st, st->fault, st->why);
        return;
    }
    if (!server_head_ready(x, st->target) || st->answering)
        return;
    if (st->has_length && st->length > x->body_max)
        refuse(st, 413, "the body is larger than this address takes");
    else if (str_eq_nocase(http_header(&x->req, "expect"), STR("100-continue")))
        send_continue(st);
}

static void body_complete(H2Stream *st)
{
    HttpExchange *x = st->x;
    st->body_done = true;
    if (st->answering)
        return;
    x->req.body = buf_str(&x->priv->body);
    st->handed = true;
    server_dispatch(x);
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
                   size_t len, void *arg)
{
    (void)session;
    (void)flags;
    Conn *c = arg;
    H2Stream *st = stream_of(c->u.h2, id);
    if (!st || st->answering)
        return 0;
    struct ExchangePriv *p = st->x->priv;
    st->received += len;
    if (p->body.len + len > st->x->body_max) {
        refuse(st, 413, "the body is larger than this address takes");
    } else if (!server_hold(c->server, c->address, len)) {
        refuse(st, 503, "too many large requests at once; try again");
    } else {
        p->held += len;
        if (!buf_add_mem(&p->body, data, len))
            refuse(st, 503, "out of memory");
    }
    return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    (void)session;
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
        return 0;
    H2Stream *st = stream_of(((Conn *)arg)->u.h2, frame->hd.stream_id);
    if (!st)
        return 0;
    if (frame->hd.type == NGHTTP2_HEADERS && !st->head_done)
        head_complete(st);
    if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
        body_complete(st);
    return 0;
}

/* The whole answer is on its way but the request is not all here: the client may stop sending. */
static int on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    if (!(frame->hd.flags & NGHTTP2_FLAG_END_STREAM) ||
        (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA))
        return 0;
    H2Stream *st = stream_of(((Conn *)arg)->u.h2, frame->hd.stream_id);
    if (st && !st->body_done)
        nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, st->id, NGHTTP2_NO_ERROR);
    return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t code, void *arg)
{
    Conn *c = arg;
    struct H2 *h = c->u.h2;
    H2Stream *st = stream_of(h, id);
    if (!st)
        return 0;
    if (!st->answering && code != NGHTTP2_NO_ERROR) {
        uint64_t now = loop_now_ms(c->server->loop);
        if (now - h->resets_since_ms > RESETS_SPAN_MS) {
            h->resets_since_ms = now;
            h->resets = 0;
        }
        if (++h->resets > RESETS_MAX) {
            server_limit_met(c->server, "resets");
            nghttp2_session_terminate_session(session, NGHTTP2_ENHANCE_YOUR_CALM);
        }
    }
    stream_free(st);
    if (h->count == 0)
        conn_timer(c, &c->server->t_idle);
    return 0;
}

/* nghttp2 passes over a HEADERS frame of a stream that was skipped: opening a later one has closed
 * it, so this is an error of the connection (RFC 9113, 5.1.1). One that was opened may have ended
 * while its trailers were on their way. Of the latest 64; no client comes back to older ones. */
static int on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *hd, void *arg)
{
    Conn *c = arg;
    struct H2 *h = c->u.h2;
    if (hd->type != NGHTTP2_HEADERS || hd->stream_id % 2 == 0)
        return 0;
    int32_t back = (h->newest - hd->stream_id) / 2;
    if (hd->stream_id > h->newest) {
        h->opened = (-back < 64 ? h->opened << -back : 0) | 1;
        h->newest = hd->stream_id;
    } else if (back < 64 && !(h->opened >> back & 1)) {
        nghttp2_session_terminate_session(session, NGHTTP2_PROTOCOL_ERROR);
    }
    return 0;
}

/* ---- events ---- */

static bool wants_input(Conn *c)
{
    return conn_unsent(c) < 2 * OUT_MAX; /* who does not read answers is not heard */
}

static void input(Conn *c, char *data, size_t len)
{
    struct H2 *h = c->u.h2;
    h->in_recv = true;
    ssize_t n = nghttp2_session_mem_recv(h->session, (const uint8_t *)data, len);
    h->in_recv = false;
    if (n < 0)
        nghttp2_session_terminate_session(h->session, NGHTTP2_PROTOCOL_ERROR);
    if (!pump(c))
        return;
    if (n < 0)
        conn_close(c);
}

static void on_eof(Conn *c)
{
    conn_close(c);
}

static void on_drained(Conn *c)
{
    pump(c);
}

static void on_progress(Conn *c)
{
    tell_progress(c->u.h2);
}

static void check_body_times(Conn *c)
{
    H2Stream *next;
    for (H2Stream *st = c->u.h2->streams; st; st = next) {
        next = st->next;
        if (st->body_done || st->answering || !st->head_done)
            continue;
        if (st->received - st->mark < c->server->opt.limits.body_min_bytes) {
            server_limit_met(c->server, "body_time");
            refuse(st, 408, "the request body comes too slowly");
        }
        st->mark = st->received;
    }
}

static void on_timer(Conn *c)
{
    struct H2 *h = c->u.h2;
    bool stuck = conn_unsent(c) > 0 && c->sent == c->mark;
    if (h->count == 0 || stuck) {
        server_limit_met(c->server, stuck ? "write_time" : "idle");
        nghttp2_session_terminate_session(h->session, NGHTTP2_NO_ERROR);
        if (!stuck && !pump(c))
            return;
        conn_close(c);
        return;
    }
    c->mark = c->sent;
    conn_timer(c, &c->server->t_body);
    h->in_recv = true; /* the answers go out together */
    check_body_times(c);
    h->in_recv = false;
    pump(c);
}

static void on_stop(Conn *c)
{
    struct H2 *h = c->u.h2;
    h->stopping = true;
    nghttp2_submit_goaway(h->session, NGHTTP2_FLAG_NONE,
                          nghttp2_session_get_last_proc_stream_id(h->session), NGHTTP2_NO_ERROR,
                          NULL, 0);
    pump(c);
}

static void on_closed(Conn *c)
{
    struct H2 *h = c->u.h2;
    while (h->streams)
        stream_free(h->streams);
    nghttp2_session_del(h->session);
    mem_free(h);
    c->u.h2 = NULL;
}

static HttpExchange **held(Conn *c, uint64_t serial)
{
    for (H2Stream *st = c->u.h2->streams; st; st = st->next)
        if (st->handed && st->x && !st->x->priv->answered && st->x->priv->serial == serial)
            return &st->x;
    return NULL;
}

const ConnProto h2_proto = {wants_input, input, on_eof, on_drained, on_progress, on_timer, on_reply,
                            on_stop, on_closed, held};

static nghttp2_session *make_session(Conn *c)
{
    static nghttp2_mem memory = {NULL, h2_malloc, h2_free, h2_calloc, h2_realloc};
    nghttp2_session_callbacks *cb = NULL;
    nghttp2_option *option = NULL;
    nghttp2_session *session = NULL;
    if (nghttp2_session_callbacks_new(&cb) == 0 && nghttp2_option_new(&option) == 0) {
        nghttp2_session_callbacks_set_on_begin_headers_callback(cb, on_begin_headers);
        nghttp2_session_callbacks_set_on_begin_frame_callback(cb, on_begin_frame);
        nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
        nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
        nghttp2_session_callbacks_set_on_frame_send_callback(cb, on_frame_sent);
        nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_close);
        /* Bounds of memory a connection may take up inside nghttp2. */
        nghttp2_option_set_max_reserved_remote_streams(option, 0);
        nghttp2_option_set_max_send_header_block_length(option, 65536);
        if (nghttp2_session_server_new3(&session, cb, c, option, &memory) != 0)
            session = NULL;
    }
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(cb);
    return session;
}

bool h2_init(Conn *c)
{
    const ServerLimits *limits = &c->server->opt.limits;
    struct H2 *h = mem_zalloc(sizeof *h);
    if (!h)
        return false;
    h->session = make_session(c);
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits->h2_streams},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW_STREAM},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits->head_bytes},
    };
    if (!h->session ||
        nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, settings, 3) != 0 ||
        nghttp2_session_set_local_window_size(h->session, NGHTTP2_FLAG_NONE, 0, WINDOW_CONN)) {
        nghttp2_session_del(h->session);
        mem_free(h);
        return false;
    }
    c->u.h2 = h;
    c->proto = &h2_proto;
    conn_timer(c, &c->server->t_idle);
    return true;
}
