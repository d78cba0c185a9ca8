/* ws.c - an open WebSocket connection; see websocket.h.
 *
 * Expected: 10,000 silent clients, 1,000 others. A silent one costs its Conn and Ws, no buffer. A
 * message whole in one read is handed up where it stands; what the socket takes is not copied. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "net/conn.h"
#include "net/ws_frame.h"

/* The system would take megabytes for a client that does not read, and nobody would know: of one
 * that is watched it takes no more than this beyond what is on its way. */
#define UNSENT_IN_SYSTEM 16384

typedef struct Ws {
    WsParser parser;
    WsId id;
    const WsHandler *handler;
    void *user;
    Buf message;            /* a fragmented or interrupted message so far */
    size_t utf8_at;         /* of message: checked up to here */
    uint64_t held;          /* bytes counted in the server's total */
    atomic_size_t *unsent;  /* somebody's who wants to know; NULL */
    size_t base;            /* c->out[base] begins a frame */
    uint16_t close_code;    /* told to on_close */
    uint8_t message_opcode;
    uint8_t unanswered;     /* pings */
    uint8_t control_len;
    bool close_sent, close_received, corked;
    uint8_t control[125];   /* payload of a control frame that came in pieces */
} Ws;

/* ---- ids ---- */

/* slot + 1 in the low 24 bits, the slot's generation above: an id is never valid twice. */
struct WsTable {
    Conn **conns;
    uint64_t *generations;
    uint32_t *free_slots;
    size_t used, free_count, cap;
};

struct WsTable *ws_table_new(void)
{
    return mem_zalloc(sizeof(struct WsTable));
}

void ws_table_free(struct WsTable *t)
{
    if (!t)
        return;
    mem_free(t->conns);
    mem_free(t->generations);
    mem_free(t->free_slots);
    mem_free(t);
}

static bool table_grow(struct WsTable *t)
{
    size_t cap = t->cap ? t->cap * 2 : 64;
    Conn **conns = mem_resize(t->conns, cap, sizeof *conns);
    if (conns)
        t->conns = conns;
    uint64_t *generations = mem_resize(t->generations, cap, sizeof *generations);
    if (generations)
        t->generations = generations;
    uint32_t *free_slots = mem_resize(t->free_slots, cap, sizeof *free_slots);
    if (free_slots)
        t->free_slots = free_slots;
    if (!conns || !generations || !free_slots || cap > ((size_t)1 << 24) - 1)
        return false;
    t->cap = cap;
    return true;
}

static WsId table_add(struct WsTable *t, Conn *c)
{
    uint32_t slot;
    if (t->free_count) {
        slot = t->free_slots[--t->free_count];
    } else {
        if (t->used == t->cap && !table_grow(t))
            return 0;
        slot = (uint32_t)t->used++;
        t->generations[slot] = 0;
    }
    t->conns[slot] = c;
    return t->generations[slot] << 24 | (slot + 1);
}

static void table_remove(struct WsTable *t, WsId id)
{
    uint32_t slot = (uint32_t)(id & 0xFFFFFF) - 1;
    t->conns[slot] = NULL;
    t->generations[slot]++;
    t->free_slots[t->free_count++] = slot;
}

static Conn *table_find(const struct WsTable *t, WsId id)
{
    uint32_t slot = (uint32_t)(id & 0xFFFFFF);
    if (slot == 0 || slot > t->used || t->generations[slot - 1] != id >> 24)
        return NULL;
    return t->conns[slot - 1];
}

/* ---- sending ---- */

/* What waits for a slow reader counts in the server's total, as what is received does. */
static bool recount(Conn *c)
{
    Ws *w = c->u.ws;
    uint64_t now = w->message.cap + (conn_unsent(c) ? c->out.cap : 0);
    if (now == w->held)
        return true;
    server_unhold(c->server, c->address, w->held);
    w->held = 0;
    if (!server_hold(c->server, c->address, now))
        return false;
    w->held = now;
    return true;
}

/* The first frame boundary in c->out at or behind what the socket has taken. */
static size_t next_boundary(const Conn *c)
{
    size_t at = c->u.ws->base;
    while (at < c->out_at) {
        size_t n = ws_frame_len(c->out.ptr + at, c->out.len - at);
        if (n == 0 || at + n > c->out.len)
            return c->out.len;
        at += n;
    }
    return at;
}

/* A queue that is read slowly but never empty would else grow by all that was ever sent. */
static void compact(Conn *c)
{
    if (c->out_at < 65536 || c->out_at < c->out.len / 2)
        return;
    size_t keep = next_boundary(c);
    memmove(c->out.ptr, c->out.ptr + c->out_at, c->out.len - c->out_at);
    c->u.ws->base = keep - c->out_at;
    buf_cut(&c->out, c->out.len - c->out_at);
    c->out_at = 0;
}

static void append(Conn *c, uint8_t opcode, Str payload)
{
    uint8_t head[WS_HEAD_MAX];
    size_t n = ws_frame_head(opcode, payload.len, head);
    Buf *out = conn_out(c);
    buf_add_mem(out, head, n);
    buf_add(out, payload);
}

static void send_close(Conn *c, int code, Str reason)
{
    Ws *w = c->u.ws;
    if (w->close_sent)
        return;
    char payload[125];
    size_t n = 0;
    if (code) {
        payload[n++] = (char)(code >> 8);
        payload[n++] = (char)code;
        if (reason.len > sizeof payload - n)
            reason.len = utf8_floor(reason, sizeof payload - n);
        memcpy(payload + n, reason.ptr ? reason.ptr : "", reason.len);
        n += reason.len;
    }
    append(c, WS_OP_CLOSE, str_mem(payload, n));
    w->close_sent = true;
    conn_timer(c, &c->server->t_linger); /* the peer's answer is awaited that long */
}

/* We end it: tells the peer why; what it still sends is read and thrown away. */
static void fail(Conn *c, int code, const char *why)
{
    Ws *w = c->u.ws;
    if (w->close_sent)
        return;
    w->close_code = (uint16_t)code;
    buf_release(&w->message);
    send_close(c, code, str_of(why));
}

/* The queue is full: what has not begun to be sent is dropped, so that the reason gets through. */
static void too_slow(Conn *c)
{
    Ws *w = c->u.ws;
    if (w->close_sent)
        return;
    server_limit_met(c->server, "websocket_queue");
    buf_cut(&c->out, next_boundary(c));
    fail(c, WS_CLOSE_TRY_LATER, "the client reads too slowly");
    conn_flush(c);
}

static void tell_unsent(const Conn *c)
{
    if (c->u.ws->unsent)
        atomic_store(c->u.ws->unsent, conn_unsent(c));
}

static bool send_message(Conn *c, uint8_t opcode, Str message)
{
    Ws *w = c->u.ws;
    if (c->dead || w->close_sent)
        return false;
    size_t waiting = conn_unsent(c);
    if (waiting && waiting + message.len + WS_HEAD_MAX > c->server->opt.limits.ws_queue_bytes) {
        too_slow(c);
        return false;
    }
    append(c, opcode, message);
    if (w->corked)
        return true;
    if (!conn_flush(c))
        return false;
    tell_unsent(c);
    compact(c);
    if (!recount(c)) {
        too_slow(c);
        return false;
    }
    return true;
}

/* ---- receiving ---- */

static bool deliver(Conn *c, uint8_t opcode, Str message)
{
    Ws *w = c->u.ws;
    const WsHandler *h = w->handler;
    if (opcode == WS_OP_TEXT && h->on_text)
        h->on_text(w->user, c->server, w->id, message);
    else if (opcode == WS_OP_BINARY && h->on_binary)
        h->on_binary(w->user, c->server, w->id, message);
    return !c->dead;
}

/* Whether message from utf8_at on can still become valid; at the end it must be. */
static bool text_ok(Ws *w, Str all, bool ends)
{
    Str rest = str_sub(all, w->utf8_at, all.len);
    size_t good = utf8_valid_len(rest);
    w->utf8_at += good;
    size_t left = rest.len - good;
    return left == 0 || (!ends && left < 4);
}

static bool on_data(Conn *c, const WsPiece *piece)
{
    Ws *w = c->u.ws;
    uint64_t limit = c->server->opt.limits.ws_message_bytes;
    if (piece->begins && piece->opcode != WS_OP_CONT) {
        w->message_opcode = piece->opcode;
        w->utf8_at = 0;
    }
    if (w->message.len + piece->data.len + piece->left > limit) {
        server_limit_met(c->server, "websocket_message");
        fail(c, WS_CLOSE_TOO_BIG, "the message is too large");
        return true;
    }
    bool ends = piece->ends && piece->fin;
    bool text = w->message_opcode == WS_OP_TEXT;
    if (ends && w->message.len == 0) {
        if (text && !utf8_ok(piece->data)) {
            fail(c, WS_CLOSE_INVALID, "the text is not valid UTF-8");
            return true;
        }
        return deliver(c, w->message_opcode, piece->data);
    }
    buf_add(&w->message, piece->data);
    if (!buf_ok(&w->message) || !recount(c)) {
        fail(c, WS_CLOSE_TRY_LATER, "no memory for the message");
        return true;
    }
    if (text && !text_ok(w, buf_str(&w->message), ends)) {
        fail(c, WS_CLOSE_INVALID, "the text is not valid UTF-8");
        return true;
    }
    if (!ends)
        return true;
    Buf whole = w->message;
    buf_init(&w->message, SIZE_MAX);
    bool alive = deliver(c, w->message_opcode, buf_str(&whole));
    buf_release(&whole);
    if (alive)
        recount(c);
    return alive;
}

static void on_close_frame(Conn *c, Str payload)
{
    Ws *w = c->u.ws;
    int code = 1005; /* none was given */
    if (payload.len >= 2)
        code = (uint8_t)payload.ptr[0] << 8 | (uint8_t)payload.ptr[1];
    Str reason = str_sub(payload, 2, payload.len);
    w->close_received = true;
    if (w->close_sent)
        return;
    if (payload.len == 1 || (payload.len >= 2 && !ws_code_ok(code))) {
        fail(c, WS_CLOSE_PROTOCOL, "the close code is not valid");
    } else if (!utf8_ok(reason)) {
        fail(c, WS_CLOSE_INVALID, "the close reason is not valid UTF-8");
    } else {
        w->close_code = (uint16_t)code;
        send_close(c, code == 1005 ? 0 : code, (Str){NULL, 0});
    }
}

static bool on_control(Conn *c, const WsPiece *piece)
{
    Ws *w = c->u.ws;
    if (piece->begins)
        w->control_len = 0;
    memcpy(w->control + w->control_len, piece->data.ptr, piece->data.len);
    w->control_len = (uint8_t)(w->control_len + piece->data.len);
    if (!piece->ends)
        return true;
    Str payload = str_mem((char *)w->control, w->control_len);
    if (piece->opcode == WS_OP_CLOSE) {
        on_close_frame(c, payload);
    } else if (piece->opcode == WS_OP_PING && !w->close_sent) {
        /* A flood of pings whose answers are not read must not fill the memory. */
        if (conn_unsent(c) > c->server->opt.limits.ws_queue_bytes)
            too_slow(c);
        else
            append(c, WS_OP_PONG, payload);
    }
    return !c->dead;
}

static void after_input(Conn *c)
{
    Ws *w = c->u.ws;
    w->corked = false;
    if (!conn_flush(c))
        return;
    compact(c);
    if (!recount(c))
        too_slow(c);
    if (!c->dead && w->close_sent && w->close_received && conn_unsent(c) == 0)
        shutdown(c->io.fd, SHUT_WR); /* then the peer closes, or the timer does */
}

static void input(Conn *c, char *data, size_t len)
{
    Ws *w = c->u.ws;
    size_t at = 0;
    w->unanswered = 0;
    w->corked = true;
    while (!w->close_received) {
        WsPiece piece;
        const char *why;
        WsResult r = ws_parse(&w->parser, data, len, &at, &piece, &why);
        if (r == WS_MORE)
            break;
        if (r == WS_BAD) {
            fail(c, WS_CLOSE_PROTOCOL, why);
            w->close_received = true; /* what follows cannot be read as frames */
            break;
        }
        bool is_control = piece.opcode >= WS_OP_CLOSE;
        if (w->close_sent && piece.opcode != WS_OP_CLOSE)
            continue;
        if (!(is_control ? on_control(c, &piece) : on_data(c, &piece)))
            return;
    }
    after_input(c);
}

/* ---- events ---- */

static bool wants_input(Conn *c)
{
    (void)c;
    return true;
}

static void on_drained(Conn *c)
{
    Ws *w = c->u.ws;
    w->base = 0;
    tell_unsent(c);
    if (w->held && !w->corked)
        recount(c);
    if (w->close_sent && w->close_received)
        shutdown(c->io.fd, SHUT_WR);
}

static void on_timer(Conn *c)
{
    Ws *w = c->u.ws;
    bool stuck = conn_unsent(c) > 0 && c->sent == c->mark;
    if (w->close_sent && conn_unsent(c) > 0 && !stuck) {
        c->mark = c->sent; /* the queue before the closing frame is still being read */
        conn_timer(c, &c->server->t_linger);
        return;
    }
    if (w->close_sent || stuck || w->unanswered >= 2) {
        if (!w->close_sent)
            server_limit_met(c->server, stuck ? "write_time" : "websocket_silence");
        if (!w->close_sent)
            w->close_code = stuck ? WS_CLOSE_TRY_LATER : WS_CLOSE_ABNORMAL;
        conn_close(c);
        return;
    }
    c->mark = c->sent;
    conn_timer(c, &c->server->t_ping);
    if (conn_unsent(c) > 0)
        return; /* it is busy reading */
    w->unanswered++;
    append(c, WS_OP_PING, (Str){NULL, 0});
    conn_flush(c);
}

static void on_reply(Conn *c, HttpExchange *x)
{
    (void)c, (void)x; /* no exchange belongs to a WebSocket */
}

static void on_stop(Conn *c)
{
    const WsHandler *h = c->u.ws->handler;
    if (!h->on_stop || !h->on_stop(c->u.ws->user, c->server, c->u.ws->id))
        fail(c, WS_CLOSE_GOING_AWAY, "the server is stopping");
    conn_flush(c);
}

static void on_closed(Conn *c)
{
    Ws *w = c->u.ws;
    Server *s = c->server;
    table_remove(s->ws, w->id);
    atomic_fetch_sub(&s->n_websockets, 1);
    server_unhold(s, c->address, w->held);
    if (w->handler->on_close)
        w->handler->on_close(w->user, s, w->id, w->close_code);
    buf_release(&w->message);
    mem_free(w);
    c->u.ws = NULL;
}

static void on_progress(Conn *c)
{
    tell_unsent(c);
}

const ConnProto ws_proto = {wants_input, input, conn_close, on_drained, on_progress, on_timer,
                            on_reply, on_stop, on_closed, NULL};

bool ws_attach(Conn *c, const WsHandler *handler, void *user)
{
    Server *s = c->server;
    Ws *w = mem_zalloc(sizeof *w);
    WsId id = w ? table_add(s->ws, c) : 0;
    if (!id) {
        mem_free(w);
        if (handler->on_close)
            handler->on_close(user, s, 0, WS_CLOSE_ABNORMAL);
        return false;
    }
    w->id = id;
    w->handler = handler;
    w->user = user;
    w->close_code = WS_CLOSE_ABNORMAL;
    w->base = c->out.len;
    buf_init(&w->message, SIZE_MAX);
    c->u.ws = w;
    c->proto = &ws_proto;
    c->mark = c->sent;
    atomic_fetch_add(&s->n_websockets, 1);
    conn_timer(c, &s->t_ping);
    w->corked = true;
    if (handler->on_open)
        handler->on_open(user, s, id);
    if (!c->dead)
        w->corked = false;
    if (!c->dead && s->draining)
        on_stop(c);
    return true;
}

/* ---- the way in from above ---- */

static bool send_by_id(Server *s, WsId id, uint8_t opcode, Str message)
{
    Conn *c = table_find(s->ws, id);
    return c && send_message(c, opcode, message);
}

bool ws_send_text(Server *s, WsId id, Str message)
{
    return send_by_id(s, id, WS_OP_TEXT, message);
}

bool ws_send_binary(Server *s, WsId id, Str message)
{
    return send_by_id(s, id, WS_OP_BINARY, message);
}

bool ws_close(Server *s, WsId id, int code, Str reason)
{
    Conn *c = table_find(s->ws, id);
    if (!c || c->dead || c->u.ws->close_sent)
        return false;
    c->u.ws->close_code = (uint16_t)code;
    if (code == WS_CLOSE_POLICY)
        buf_cut(&c->out, next_boundary(c)); /* it may not have what waits any more */
    send_close(c, code, reason);
    if (!c->u.ws->corked)
        conn_flush(c);
    return true;
}

bool ws_watch_unsent(Server *s, WsId id, atomic_size_t *unsent)
{
    Conn *c = table_find(s->ws, id);
    int most = UNSENT_IN_SYSTEM;
    if (!c)
        return false;
    if (unsent)
        (void)setsockopt(c->io.fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &most, sizeof most);
    c->u.ws->unsent = unsent;
    tell_unsent(c);
    return true;
}

WsId ws_id_of(const Conn *c)
{
    return c->u.ws->id;
}
