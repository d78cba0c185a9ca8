/* h1.c - an HTTP/1.1 connection: requests one after the other, answers in the same order.
 *
 *   IDLE -> HEAD -> BODY -> BUSY (the handler has it) -> SEND or STREAM -> IDLE
 *                     \-> DISCARD (answered early; the rest of a small body is skipped) -> IDLE
 *   any error -> LINGER (answer sent, our side shut, what still comes is thrown away) -> closed
 *
 * A pipelined request waits in c->in, at most one read of it, until the one before is answered. */
#include "net/h1.h"

void h1_init(Conn *c)
{
    c->proto = &h1_proto;
    c->u.h1 = (H1){.state = H1_IDLE, .first = true};
}

static bool wants_input(Conn *c)
{
    switch (c->u.h1.state) {
    case H1_BUSY:
    case H1_SEND:
    case H1_STREAM:
        return false;
    case H1_DISCARD:
        return c->u.h1.body_left > 0;
    case H1_LINGER:
        return true;
    default:
        return !c->close_when_sent;
    }
}

/* ---- requests ---- */

static void dispatch(Conn *c)
{
    H1 *h = &c->u.h1;
    HttpExchange *x = h->x;
    loop_timer_stop(&c->timer);
    h->state = H1_BUSY;
    server_dispatch(x);
}

static HttpExchange *make_exchange(Conn *c, Str head_bytes, Http1Head *head)
{
    Server *s = c->server;
    H1 *h = &c->u.h1;
    Http1Fault fault;
    HttpExchange *x = server_exchange_new(s, c);
    if (!x) {
        conn_close(c);
        return NULL;
    }
    h->x = x;
    h->minor = 1;
    h->is_head = false;
    Str copy = arena_str(x->req.arena, head_bytes);
    if (!copy.ptr) {
        h1_fail(c, 503, "out of memory");
        return NULL;
    }
    if (!http1_parse_head(copy, s->headers, s->opt.limits.header_count, head, &fault)) {
        h1_fail(c, fault.status, fault.why);
        return NULL;
    }
    x->req.method = head->method;
    x->req.version_major = 1;
    x->req.version_minor = head->minor;
    x->req.host = head->host;
    size_t n = head->header_count;
    x->priv->headers = ARENA_NEW_ARRAY(x->req.arena, HttpHeader, n + 1);
    if (!x->priv->headers) {
        h1_fail(c, 503, "out of memory");
        return NULL;
    }
    memcpy(x->priv->headers, s->headers, n * sizeof(HttpHeader));
    x->req.headers = x->priv->headers;
    x->req.header_count = n;
    return x;
}

/* An absolute-form target must name what Host names: two different answers to "which host is this
 * for" are what cache poisoning is made of. Leaves the origin-form in *target. */
static bool strip_absolute(Conn *c, Str host, Str *target)
{
    if (target->ptr[0] == '/' || str_eq(*target, STR("*")))
        return true;
    Str scheme = c->tls ? STR("https://") : STR("http://");
    if (target->len < scheme.len || !str_eq_nocase(str_sub(*target, 0, scheme.len), scheme))
        return false;
    Str rest = str_sub(*target, scheme.len, target->len);
    size_t n = 0;
    while (n < rest.len && rest.ptr[n] != '/' && rest.ptr[n] != '?')
        n++;
    if (!str_eq_nocase(str_sub(rest, 0, n), host))
        return false;
    *target = n < rest.len && rest.ptr[n] == '/' ? str_sub(rest, n, rest.len) : STR("/");
    return true;
}

/* A whole head of n bytes. Leaves the state at what comes next. */
static void on_head(Conn *c, const char *data, size_t n)
{
    H1 *h = &c->u.h1;
    Server *s = c->server;
    Http1Head head;
    HttpExchange *x = make_exchange(c, str_mem(data, n), &head);
    h->first = false;
    if (!x)
        return;
    h->minor = head.minor;
    h->keep_alive = head.keep_alive && !s->draining;
    h->is_head = str_eq(head.method, STR("HEAD"));
    h->chunked = head.chunked;
    h->body_left = head.length;
    h->expect = head.expect_continue && (head.chunked || head.length);
    h->state = H1_BODY;
    x->req.target = head.target;
    if (head.target.len > s->opt.limits.target_bytes) {
        h1_fail(c, 414, "the request target is too long");
        return;
    }
    if (str_eq(head.method, STR("CONNECT"))) {
        h1_fail(c, 501, "this is no proxy: CONNECT is not understood");
        return;
    }
    Str target = head.target;
    if (!strip_absolute(c, head.host, &target) ||
        (str_eq(target, STR("*")) && !str_eq(head.method, STR("OPTIONS")))) {
        h1_fail(c, 400, "the request target must be a path on the host that Host names");
        return;
    }
    if (!server_head_ready(x, target) || c->dead || h->x != x || h->state != H1_BODY)
        return;
    if (head.length > x->body_max) {
        h1_fail(c, 413, "the body is larger than this address takes");
        return;
    }
    if (!head.chunked && head.length == 0) {
        x->req.body = STR("");
        dispatch(c);
        return;
    }
    http1_chunked_init(&h->chunk);
    if (h->expect)
        buf_add(conn_out(c), STR("HTTP/1.1 100 Continue\r\n\r\n"));
    conn_timer(c, &s->t_body);
    c->mark = c->received;
}

/* A piece of the body. False when the request has been refused. */
static bool add_body(Conn *c, Str piece)
{
    HttpExchange *x = c->u.h1.x;
    struct ExchangePriv *p = x->priv;
    uint64_t announced = c->u.h1.chunked ? http1_chunked_announced(&c->u.h1.chunk) : 0;
    if (p->body.len + piece.len + announced > x->body_max) {
        h1_fail(c, 413, "the body is larger than this address takes");
        return false;
    }
    if (!server_hold(c->server, c->address, piece.len)) {
        h1_fail(c, 503, "too many large requests at once; try again");
        return false;
    }
    p->held += piece.len;
    /* The whole length at once when it is modest; a large one grows as it really comes, so that an
     * announced length costs the announcer more than it costs us. */
    if (p->body.len == 0 && c->u.h1.body_left < ((uint64_t)1 << 20))
        buf_reserve(&p->body, piece.len + (size_t)c->u.h1.body_left);
    if (!buf_add(&p->body, piece)) {
        h1_fail(c, 503, "out of memory");
        return false;
    }
    return true;
}

static void body_complete(Conn *c)
{
    HttpExchange *x = c->u.h1.x;
    x->req.body = buf_str(&x->priv->body);
    dispatch(c);
}

/* Returns how much of data the body took; less than len when it has ended or was refused. */
static size_t on_body(Conn *c, const char *data, size_t len)
{
    H1 *h = &c->u.h1;
    if (!h->chunked) {
        size_t n = len < h->body_left ? len : (size_t)h->body_left;
        h->body_left -= n;
        if (h->state == H1_DISCARD) {
            if (h->body_left == 0 && !h->x)
                h1_next_request(c);
            return n;
        }
        if (add_body(c, str_mem(data, n)) && h->body_left == 0)
            body_complete(c);
        return n;
    }
    size_t at = 0;
    Str piece;
    Http1Fault fault;
    for (;;) {
        switch (http1_chunked_next(&h->chunk, data, len, &at, &piece, &fault)) {
        case CHUNK_MORE:
            add_body(c, STR("")); /* an announced chunk may be too large already */
            return at;
        case CHUNK_DATA:
            if (!add_body(c, piece))
                return at;
            break;
        case CHUNK_END:
            body_complete(c);
            return at;
        case CHUNK_BAD:
            h1_fail(c, fault.status, fault.why);
            return at;
        }
    }
}

/* One step at data. Returns the bytes used; 0 when it can do no more with what there is. */
static size_t step(Conn *c, const char *data, size_t len)
{
    H1 *h = &c->u.h1;
    Server *s = c->server;
    Http1Fault fault;
    switch (h->state) {
    case H1_IDLE:
    case H1_HEAD: {
        Http1Limits limits = {s->opt.limits.target_bytes, s->opt.limits.head_bytes};
        if (c->close_when_sent)
            return len;
        if (c->over_limit) {
            h1_fail(c, 503, "too many connections; try again");
            return len;
        }
        long n = http1_find_head(data, len, &h->scan, &limits, &fault);
        if (n < 0) {
            h1_fail(c, fault.status, fault.why);
            return len;
        }
        if (n == 0) {
            if (h->state == H1_IDLE)
                conn_timer(c, &s->t_head);
            h->state = H1_HEAD;
            return 0;
        }
        h->scan = 0;
        on_head(c, data, (size_t)n);
        return (size_t)n;
    }
    case H1_BODY:
    case H1_DISCARD:
        return on_body(c, data, len);
    case H1_LINGER:
        return len;
    default:
        return 0; /* the handler's turn */
    }
}

/* An HTTP/2 client with prior knowledge says so in place of the first request line. */
static bool is_h2_preface(Conn *c, const char *data, size_t len)
{
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    if (!c->u.h1.first || c->over_limit || len < sizeof preface - 1)
        return false;
    return memcmp(data, preface, sizeof preface - 1) == 0;
}

/* Counts c->in, which had `before` bytes, anew. False when it is too much or memory was short; then
 * the input is gone. */
static bool recount_input(Conn *c, size_t before)
{
    server_unhold(c->server, c->address, before);
    bool held = server_hold(c->server, c->address, c->in.cap);
    if (held && buf_ok(&c->in))
        return true;
    if (held)
        server_unhold(c->server, c->address, c->in.cap);
    buf_release(&c->in);
    return false;
}

static void keep_rest(Conn *c, const char *rest, size_t n)
{
    size_t before = c->in.cap;
    bool inside = c->in.ptr && rest >= c->in.ptr && rest <= c->in.ptr + c->in.len;
    if (n == 0) {
        buf_release(&c->in);
    } else if (inside) {
        memmove(c->in.ptr, rest, n);
        buf_cut(&c->in, n);
    } else {
        buf_add_mem(&c->in, rest, n);
    }
    if (recount_input(c, before))
        return;
    if (c->u.h1.state == H1_HEAD)
        h1_fail(c, 503, "too many requests at once; try again");
    else
        conn_close(c);
}

/* Works through what has come: the rest of last time, then data. */
static void consume(Conn *c, char *data, size_t len)
{
    H1 *h = &c->u.h1;
    h->in_consume = true;
    const char *p = data;
    if (c->in.len) {
        size_t before = c->in.cap;
        buf_add_mem(&c->in, data, len);
        if (!recount_input(c, before)) {
            conn_close(c);
            return;
        }
        p = c->in.ptr;
        len = c->in.len;
    }
    while (len > 0 && !c->dead && c->proto == &h1_proto) {
        if (h->first && is_h2_preface(c, p, len) && h2_init(c))
            break;
        size_t used = step(c, p, len);
        if (used == 0)
            break;
        p += used;
        len -= used;
    }
    if (c->dead)
        return;
    if (c->proto != &h1_proto) {
        h1_hand_over(c, p, len);
        return;
    }
    keep_rest(c, p, len);
    h->in_consume = false;
    if (!c->dead)
        h1_settle(c);
}

/* ---- events ---- */

static void on_eof(Conn *c)
{
    H1 *h = &c->u.h1;
    if (h->state == H1_BUSY || h->state == H1_SEND || h->state == H1_STREAM) {
        if (h->x)
            exchange_cancel(h->x); /* what comes is still written, should anybody read it */
        return;
    }
    if (conn_unsent(c) > 0 && h->state != H1_LINGER) {
        c->close_when_sent = true; /* it shut only its own side: it may still read the answer */
        return;
    }
    conn_close(c);
}

static void on_drained(Conn *c)
{
    H1 *h = &c->u.h1;
    if (h->state == H1_STREAM) {
        exchange_stream_progress(h->x, 0);
        return;
    }
    if (h->x && (h->state == H1_SEND || h->state == H1_DISCARD))
        h1_answer_done(c);
    if (c->close_when_sent && h->state == H1_IDLE)
        h1_linger(c);
    else if (h->state == H1_IDLE)
        conn_timer(c, &c->server->t_idle);
    if (h->state == H1_IDLE && c->in.len)
        conn_again(c);
}

static void on_progress(Conn *c)
{
    if (c->u.h1.state == H1_STREAM)
        exchange_stream_progress(c->u.h1.x, conn_unsent(c));
}

static void on_timer(Conn *c)
{
    H1 *h = &c->u.h1;
    Server *s = c->server;
    if (conn_unsent(c) > 0 || h->state == H1_STREAM) {
        if (conn_unsent(c) > 0 && c->sent == c->mark) {
            server_limit_met(s, "write_time");
            conn_close(c); /* the client takes nothing */
            return;
        }
        c->mark = c->sent;
        conn_timer(c, &s->t_write);
        return;
    }
    switch (h->state) {
    case H1_HEAD:
        server_limit_met(s, "head_time");
        h1_fail(c, 408, "the request head took too long");
        return;
    case H1_BODY:
    case H1_DISCARD:
        if (c->received - c->mark >= s->opt.limits.body_min_bytes) {
            c->mark = c->received;
            conn_timer(c, &s->t_body);
        } else if (h->state == H1_BODY) {
            server_limit_met(s, "body_time");
            h1_fail(c, 408, "the request body comes too slowly");
        } else {
            conn_close(c);
        }
        return;
    case H1_BUSY:
        return;
    default:
        server_limit_met(s, "idle");
        conn_close(c);
    }
}

static void on_stop(Conn *c)
{
    H1 *h = &c->u.h1;
    h->keep_alive = false;
    if (h->state != H1_IDLE || conn_unsent(c) > 0)
        return;
    if (h->first)
        conn_timer(c, &c->server->t_linger); /* it has just come: its request is on its way */
    else
        conn_close(c);
}

static void on_closed(Conn *c)
{
    H1 *h = &c->u.h1;
    HttpExchange *x = h->x;
    h->x = NULL;
    if (!x)
        return;
    struct ExchangePriv *p = x->priv;
    p->conn = NULL;
    /* Nobody above holds it while its body is read or once its answer is only being sent. */
    if (h->state == H1_BODY || p->answered)
        server_exchange_free(x);
    else
        exchange_cancel(x);
}

static HttpExchange **held(Conn *c, uint64_t serial)
{
    H1 *h = &c->u.h1;
    bool has = (h->state == H1_BUSY || h->state == H1_STREAM) && h->x && !h->x->priv->answered;
    return has && h->x->priv->serial == serial ? &h->x : NULL;
}

const ConnProto h1_proto = {wants_input, consume, on_eof, on_drained, on_progress, on_timer,
                            h1_on_reply, on_stop, on_closed, held};
