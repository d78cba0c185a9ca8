/* h1_answer.c - how an HTTP/1.1 connection answers: whole bodies, streams, refusals, the switch to
 * WebSocket, and what becomes of the connection then. The states are explained in h1.c. */
#include <sys/socket.h>

#include "net/h1.h"

#define DISCARD_MAX ((uint64_t)256 << 10) /* a longer body is not waited for: the connection ends */
#define COPY_BODY_MAX ((size_t)32 << 10)  /* up to here one buffer is cheaper than two */

/* ---- the end of a request ---- */

/* Our side is shut, so the client sees the whole answer; a close now would make the kernel answer
 * its remaining bytes with a reset, which may destroy the answer before it is read. */
void h1_linger(Conn *c)
{
    c->u.h1.state = H1_LINGER;
    c->u.h1.x = NULL;
    if (c->tls)
        tls_goodbye(c->tls);
    shutdown(c->io.fd, SHUT_WR);
    conn_timer(c, &c->server->t_linger);
}

void h1_next_request(Conn *c)
{
    H1 *h = &c->u.h1;
    h->state = H1_IDLE;
    h->x = NULL;
    h->scan = 0;
    if (!h->keep_alive || c->server->draining) {
        c->close_when_sent = true;
        if (conn_unsent(c) == 0)
            h1_linger(c);
        return;
    }
    conn_timer(c, &c->server->t_idle);
}

/* All of the answer is in the socket or in c->out. */
void h1_answer_done(Conn *c)
{
    H1 *h = &c->u.h1;
    HttpExchange *x = h->x;
    h->x = NULL;
    server_exchange_free(x);
    if (h->state == H1_DISCARD && h->body_left > 0)
        return; /* the rest of the body first */
    h1_next_request(c);
}

/* ---- answers ---- */

static void add_header(void *arg, Str name, Str value)
{
    Buf *out = arg;
    char *to = buf_reserve(out, name.len + value.len + 4);
    if (!to)
        return;
    memcpy(to, name.ptr, name.len);
    to += name.len;
    *to++ = ':';
    *to++ = ' ';
    memcpy(to, value.ptr, value.len);
    to += value.len;
    *to++ = '\r';
    *to++ = '\n';
    buf_grew(out, name.len + value.len + 4);
}

static void add_number_header(Buf *out, Str name, uint64_t n)
{
    char digits[24];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + n % 10);
    while (n /= 10);
    add_header(out, name, str_mem(digits + at, sizeof digits - at));
}

static void add_status_line(Buf *out, int status)
{
    if (status == 200)
        buf_add(out, STR("HTTP/1.1 200 OK\r\n"));
    else
        buf_printf(out, "HTTP/1.1 %d %s\r\n", status, http_status_text(status));
}

/* Status line and headers; `length` -1 leaves the framing to the caller's last lines. */
static void add_head(Conn *c, HttpExchange *x, int64_t length)
{
    H1 *h = &c->u.h1;
    Buf *out = conn_out(c);
    int status = x->resp.status;
    buf_reserve(out, 512);
    add_status_line(out, status);
    buf_add(out, server_date_line(c->server));
    server_each_header(x, add_header, out);
    if (length >= 0 && status != 204 && status != 304)
        add_number_header(out, STR("Content-Length"), (uint64_t)length);
    if (h->stream_chunked)
        add_header(out, STR("Transfer-Encoding"), STR("chunked"));
    if (!h->keep_alive)
        add_header(out, STR("Connection"), STR("close"));
    else if (h->minor == 0)
        add_header(out, STR("Connection"), STR("keep-alive"));
    buf_add(out, STR("\r\n"));
}

static void send_whole(Conn *c, HttpExchange *x)
{
    H1 *h = &c->u.h1;
    Str body = http_resp_body(x);
    bool bodiless = h->is_head || x->resp.status == 204 || x->resp.status == 304;
    h->stream_chunked = false;
    add_head(c, x, (int64_t)body.len);
    if (bodiless || body.len == 0) {
        h1_answer_done(c);
    } else if (body.len <= COPY_BODY_MAX) {
        buf_add(&c->out, body);
        h1_answer_done(c);
    } else {
        c->ref = body;
        h->state = h->state == H1_DISCARD ? H1_DISCARD : H1_SEND;
    }
}

static void switch_to_websocket(Conn *c, HttpExchange *x)
{
    struct ExchangePriv *p = x->priv;
    Buf *out = conn_out(c);
    add_status_line(out, 101);
    buf_add(out, server_date_line(c->server));
    server_each_header(x, add_header, out);
    add_header(out, STR("Upgrade"), STR("websocket"));
    add_header(out, STR("Connection"), STR("Upgrade"));
    add_header(out, STR("Sec-WebSocket-Accept"), str_of(p->ws_key));
    buf_add(out, STR("\r\n"));
    const WsHandler *handler = p->ws;
    void *user = p->ws_user;
    p->ws = NULL; /* on_close is ws.c's affair from here */
    c->u.h1.x = NULL;
    server_exchange_free(x);
    if (!ws_attach(c, handler, user))
        conn_close(c);
}

static void pump_stream(Conn *c, HttpExchange *x)
{
    H1 *h = &c->u.h1;
    struct ExchangePriv *p = x->priv;
    if (h->state != H1_STREAM) {
        h->stream_chunked = p->stream_length < 0 && h->minor >= 1 && !h->is_head;
        if (p->stream_length < 0 && h->minor == 0)
            h->keep_alive = false; /* the end of the body is the end of the connection */
        add_head(c, x, p->stream_length);
        h->state = H1_STREAM;
        conn_timer(c, &c->server->t_write);
        c->mark = c->sent;
    }
    Buf piece;
    bool ended = p->answered, ok;
    buf_init(&piece, SIZE_MAX);
    if (!exchange_take_stream(x, &piece, &ok))
        conn_out(c)->failed = true;
    Buf *out = conn_out(c);
    if (piece.len && !h->is_head) {
        if (h->stream_chunked)
            buf_printf(out, "%zx\r\n", piece.len);
        buf_add(out, buf_str(&piece));
        if (h->stream_chunked)
            buf_add(out, STR("\r\n"));
    }
    buf_release(&piece);
    if (!ended)
        return;
    if (!ok) {
        conn_flush(c);
        conn_close(c);
        return;
    }
    if (h->stream_chunked)
        buf_add(out, STR("0\r\n\r\n"));
    h1_answer_done(c);
}

/* Sends what there is; watches the client taking it; remembers that another request waits. */
bool h1_settle(Conn *c)
{
    H1 *h = &c->u.h1;
    if (!conn_flush(c))
        return false;
    if (conn_unsent(c) > 0 && h->state != H1_STREAM && h->state != H1_BODY) {
        c->mark = c->sent;
        conn_timer(c, &c->server->t_write);
    }
    if (h->state == H1_IDLE && c->in.len)
        conn_again(c);
    return true;
}

/* The new protocol gets what had already come. */
void h1_hand_over(Conn *c, const char *rest, size_t len)
{
    Buf in = c->in;
    buf_init(&c->in, SIZE_MAX);
    server_unhold(c->server, c->address, in.cap);
    if (len)
        c->proto->input(c, (char *)(uintptr_t)rest, len);
    buf_release(&in);
    if (!c->dead)
        conn_flush(c);
}

void h1_on_reply(Conn *c, HttpExchange *x)
{
    H1 *h = &c->u.h1;
    struct ExchangePriv *p = x->priv;
    bool inside = h->in_consume;
    bool early = h->state == H1_BODY;
    if (early) {
        /* A client that waits for 100 Continue may or may not send the body now: only the end of
         * the connection is clear. A long body is not worth reading to its end. */
        if (h->expect || h->chunked || h->body_left > DISCARD_MAX || p->is_stream)
            h->keep_alive = false;
        h->state = h->keep_alive && h->body_left ? H1_DISCARD : H1_BUSY;
    }
    if (h->state == H1_BUSY)
        loop_timer_stop(&c->timer);
    if (p->ws && x->resp.status == 101)
        switch_to_websocket(c, x);
    else if (p->is_stream)
        pump_stream(c, x);
    else
        send_whole(c, x);
    if (c->dead || inside)
        return; /* consume() goes on from here */
    if (c->proto != &h1_proto)
        h1_hand_over(c, c->in.ptr, c->in.len);
    else if (!h1_settle(c))
        return;
    if (!c->dead)
        conn_run(c);
}

/* The transport refuses: in place of the handler's answer, and then the connection ends. */
void h1_fail(Conn *c, int status, const char *why)
{
    H1 *h = &c->u.h1;
    HttpExchange *x = h->x;
    h->keep_alive = false;
    if (!x) {
        x = server_exchange_new(c->server, c);
        if (!x) {
            conn_close(c);
            return;
        }
        h->is_head = false;
        h->x = x;
    }
    h->state = H1_BUSY;
    h->body_left = 0;
    h->chunked = false;
    server_refuse(x, status, why);
}
