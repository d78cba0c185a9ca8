/* conn.h - one connection: its socket, what waits to be sent, and the protocol spoken on it.
 * Private to src/net; everything here belongs to the loop thread.
 *
 *   epoll event -> conn reads into the loop's scratch buffer -> proto->input
 *   proto appends to conn_out / sets conn->ref -> conn_flush -> socket, rest waits for EPOLLOUT
 *
 * An idle connection owns no buffer: input is parsed where it was read and only an incomplete rest
 * is copied; output that the socket takes at once never leaves the loop's spare buffer. That keeps
 * an idle WebSocket client below a kilobyte.
 *
 * A Conn that is closed stays allocated until the end of the iteration (c->dead), so that callers
 * up the stack can look at it. */
#ifndef SOTTO_NET_CONN_H
#define SOTTO_NET_CONN_H

#include "base/fair.h"
#include "base/metrics.h"
#include "net/exchange.h"
#include "net/guard.h"
#include "net/http1.h"
#include "net/share.h"
#include "net/tls.h"
#include "net/websocket.h"

typedef struct {
    bool (*wants_input)(Conn *c);
    /* Bytes from the socket, writable. What is not used now the protocol keeps itself. */
    void (*input)(Conn *c, char *data, size_t len);
    /* The client will send no more; or, while input is not wanted, has at least said so. */
    void (*eof)(Conn *c);
    void (*drained)(Conn *c);  /* all output has been taken by the socket */
    void (*progress)(Conn *c); /* some has, not all; NULL is allowed */
    void (*timer)(Conn *c);
    void (*reply)(Conn *c, HttpExchange *x); /* answered or, for a stream, something new */
    void (*stop)(Conn *c);     /* the server is shutting down: end when it is polite */
    void (*closed)(Conn *c);   /* the connection is gone: let go of exchanges and memory */
    /* Where the exchange with that serial hangs that a handler has, NULL without one. */
    HttpExchange **(*held)(Conn *c, uint64_t serial);
} ConnProto;

typedef enum { H1_IDLE, H1_HEAD, H1_BODY, H1_DISCARD, H1_BUSY, H1_SEND, H1_STREAM,
    H1_LINGER } H1State;

typedef struct {
    HttpExchange *x;       /* BODY .. STREAM */
    Http1Chunked chunk;
    uint64_t body_left;    /* of Content-Length */
    size_t scan;           /* http1_find_head's place in the input */
    uint8_t state;         /* H1State */
    uint8_t minor;
    bool chunked, keep_alive, is_head, expect;
    bool stream_chunked;   /* the answer goes out in chunks */
    bool first;            /* no request has been read yet */
    bool in_consume;       /* h1_consume is on the stack */
} H1;

struct Conn {
    LoopIo io;
    LoopTimer timer;
    Server *server;
    Conn *prev, *next;     /* all connections of the server */
    LoopPost *posts, **posts_end; /* answers that wait for its turn; the end is valid with one */
    Conn *next_ready, *next_dead; /* in a lane of share.c; of those to be freed */
    const ConnProto *proto;
    Tls *tls;
    Buf in;                /* input that is no whole request or frame yet */
    Buf out;
    size_t out_at;         /* bytes of out the socket has taken */
    Str ref;               /* borrowed bytes to send after out */
    uint64_t received, sent, mark; /* progress, for time-outs */
    union {
        H1 h1;
        struct H2 *h2;
        struct Ws *ws;
    } u;
    char peer[46];
    uint16_t peer_port;
    struct Lane *lane;     /* of its address, once it has wanted something */
    FairPlace had;         /* of the loop's time, for share.c */
    uint64_t opened_ms;
    uint64_t address, serial; /* the address hashed; of the server's connections, from 1 */
    bool readable, writable, hangup, broken, dead;
    bool handshaking, ready, again, close_when_sent, over_limit;
};

#define HELD_PLACES 1024u

/* WebSockets that a message was lost to (ws_post.c). */
#define WS_LOST_IDS 64
struct WsLost {
    LoopPost post; /* first */
    pthread_mutex_t lock; /* of the rest */
    bool posted, all;
    size_t n;
    WsId ids[WS_LOST_IDS];
};

/* Requests whose handlers hang (give_up.c). */
#define GIVEN_UP_MAX 512 /* work.h gives up four jobs at once, of 32 look-ups each (api/batch.h) */
struct GivenUp {
    LoopPost post; /* first */
    pthread_mutex_t lock; /* of the rest */
    bool posted;
    size_t n;
    struct GivenUpOne {
        uint64_t serial;
        const char *why;
    } list[GIVEN_UP_MAX];
};

struct Server {
    ServerOptions opt;     /* with copies of its strings */
    Loop *loop;
    LoopIo listener;
    bool listening;
    Guard *guard;
    TlsContext *tls;
    uint16_t port;
    LoopTimers t_head, t_body, t_idle, t_write, t_linger, t_ping, t_misc;
    LoopTimer accept_again, drain_end;
    Conn *conns, *dead;
    Share *share;
    uint64_t held_by[HELD_PLACES]; /* of n_held, by a hash of the address */
    uint16_t *by_address;  /* open ones by a hash of their address, [ADDRESS_PLACES] */
    uint64_t address_seed;
    struct ExchangePriv *free_list;
    size_t free_count;
    atomic_size_t outstanding; /* exchanges that somebody holds */
    char *scratch;         /* SCRATCH_BYTES: what was just read */
    Buf spare;             /* memory for the next conn's output */
    HttpHeader *headers;   /* header_count + 1: the head being parsed */
    uint64_t date_s;
    char date[40];         /* "Date: ...\r\n" of that second */
    char id_prefix[12];
    uint64_t next_id, next_serial, next_conn;
    struct WsTable *ws;
    struct WsLost lost;
    struct GivenUp given_up;
    bool draining;
    atomic_bool is_over;   /* its thread has ended */
    atomic_bool ended;     /* no more posts */
    pthread_t thread;
    bool started;
    LoopPost stop_post;
    atomic_uint stop_ms;
    atomic_bool stop_posted;
    _Atomic uint64_t n_connections, n_websockets, n_accepted, n_requests, n_held;
    Metric *m_requests, *m_duration, *m_turned_away, *m_limits;
};

#define ADDRESS_PLACES 16384u
uint64_t server_address_hash(const Server *s, const char *peer);
/* Where the connections of that address are counted. Two addresses may share a place: then they
 * share its number, which is far above what anybody but a flood has. */
static inline uint16_t *server_address_place(Server *s, uint64_t address)
{
    return &s->by_address[address % ADDRESS_PLACES];
}

#define SCRATCH_BYTES ((size_t)64 << 10)
#define HEAD_READ_BYTES ((size_t)16 << 10) /* at most this much pipelined input waits */
#define OVER_LIMIT_EXTRA 64 /* connections past the limit that still get a proper 503 */

/* conn.c */
void conn_open(Server *s, int fd, const char *peer, uint16_t port, bool over_limit);
void conn_close(Conn *c);      /* now */
void conn_free(Conn *c);       /* server.c, at the end of the iteration */
void conn_run(Conn *c);        /* reads and writes as far as it goes */
void conn_again(Conn *c);      /* there is more to do: conn_resume in the next iteration */
void conn_resume(Conn *c);     /* it is its turn */
bool conn_is_costly(Conn *c);  /* share.c: it has had much of the loop's time lately */
Buf *conn_out(Conn *c);        /* where output is appended; then conn_flush */
bool conn_flush(Conn *c);      /* false when the connection is dead */
static inline size_t conn_unsent(const Conn *c) { return c->out.len - c->out_at + c->ref.len; }
static inline void conn_timer(Conn *c, LoopTimers *list)
{
    loop_timer_start(c->server->loop, list, &c->timer);
}

/* h1.c */
extern const ConnProto h1_proto;
void h1_init(Conn *c);

/* h2.c */
extern const ConnProto h2_proto;
bool h2_init(Conn *c); /* false: no memory */

/* ws.c */
extern const ConnProto ws_proto;
struct WsTable *ws_table_new(void);
void ws_table_free(struct WsTable *t);
bool ws_attach(Conn *c, const WsHandler *handler, void *user); /* after the 101 is in conn_out */
WsId ws_id_of(const Conn *c);

/* ws_post.c */
void ws_lost_init(struct WsLost *l);
void ws_lost_release(struct WsLost *l);

/* server.c, for the protocols */
/* Fills id, target, host; checks them and the guard; asks on_head. False when it has been answered
 * (x may be gone). `host_count` Host headers have been seen. */
bool server_head_ready(HttpExchange *x, Str raw_target);
void server_dispatch(HttpExchange *x); /* body complete: on_request */
/* Answers for the transport: status, code and sentence. */
void server_refuse(HttpExchange *x, int status, const char *why);
ErrCode server_status_code(int status);
/* Counts that somebody has met that limit: limits_met_total. */
void server_limit_met(Server *s, const char *limit);
/* Counts bytes being received; false past the server's total, and then they are not counted. */
bool server_hold(Server *s, uint64_t address, uint64_t bytes);
void server_unhold(Server *s, uint64_t address, uint64_t bytes);
Str server_date_line(Server *s);
void server_count_request(HttpExchange *x); /* metrics, when the answer goes out */
/* The header lines every answer has that the handler did not set; cb is called for each. */
void server_each_header(HttpExchange *x, void (*cb)(void *arg, Str name, Str value), void *arg);

/* room.c: at the limit, closes the oldest connection that waits for a head, or for another request,
 * of an address that has many more than `address`. False: there is none. */
bool server_make_room(Server *s, uint64_t address);

/* server_post.c: what was to be called later never will be. */
void server_drop_calls(Server *s);

#endif
