/* exchange.h - the transport's half of an HttpExchange. Private to src/net.
 *
 * States of an exchange that belongs to a server:
 *
 *   made (loop) -> with the handler -> replied: posted to the loop -> answer copied out -> pooled
 *                                   \-> stream: posted again and again until it ends
 *
 * The connection may die at any point: then conn becomes NULL (loop thread only), cancelled is set
 * (read by anybody), and the reply, when it comes, is dropped. */
#ifndef SOTTO_NET_EXCHANGE_H
#define SOTTO_NET_EXCHANGE_H

#include <pthread.h>
#include <stdatomic.h>

#include "net/loop.h"
#include "net/websocket.h"

typedef struct Conn Conn;

struct ExchangePriv {
    Server *server;            /* NULL: an exchange without a server (tests) */
    Conn *conn;                /* loop thread; NULL once the client has gone */
    void *stream;              /* the HTTP/2 stream; loop thread */
    struct ExchangePriv *next_free;
    uint64_t serial;           /* of this use of the memory */
    LoopPost post;
    HttpHeader *headers;       /* req.headers, writable */
    Buf body;                  /* req.body is received here */
    uint64_t address;          /* whose it is, as Conn.address */
    char peer[46];             /* of req.peer: a worker may ask when the connection has gone */
    uint64_t held;             /* bytes of body counted in the server's total */
    bool broken;               /* a header could not be set: the answer becomes a 500 */
    bool answered;             /* loop: http_exchange_reply or http_stream_end has been seen */
    bool in_line;              /* loop: post waits for its connection's turn */
    bool is_stream;            /* loop: http_stream_start has been seen */
    atomic_bool cancelled;
    bool (*on_stream)(void *arg, Str data); /* without a server: http_exchange_follow */
    bool (*wanted)(void *arg);
    void *follow_arg;

    const WsHandler *ws;       /* accepted as a WebSocket */
    void *ws_user;
    int ws_refusal;
    char ws_key[32];           /* Sec-WebSocket-Accept */

    pthread_mutex_t lock;      /* guards the rest */
    pthread_cond_t changed;
    bool posted;               /* post is in the loop's queue, or in the connection's */
    bool replied;
    bool streaming, stream_ended, stream_ok, stream_failed;
    int64_t stream_length;     /* -1: not known */
    Buf stream_pending;        /* not yet taken by the loop */
    size_t stream_unsent;      /* taken by the loop, not by the socket */
    uint64_t stream_total;     /* bytes given by the handler */
};

static inline HttpExchange *exchange_of(struct ExchangePriv *p);

typedef struct {
    HttpExchange x;
    struct ExchangePriv priv;
} ExchangeBox;

static inline HttpExchange *exchange_of(struct ExchangePriv *p)
{
    return &((ExchangeBox *)((char *)p - offsetof(ExchangeBox, priv)))->x;
}

/* Bytes a stream may have waiting before http_stream_send gives up on the client. */
#define STREAM_PENDING_MAX ((size_t)8 << 20)

HttpExchange *exchange_alloc(void); /* NULL without memory */
void exchange_destroy(HttpExchange *x);
void exchange_reset(HttpExchange *x); /* as new; keeps one arena block */

void exchange_mark_broken(HttpExchange *x);
/* Clears the response and writes an error in the layer above's format into it. */
void exchange_format_error(HttpExchange *x, int status, const Err *err);
/* Last checks before the answer goes out: broken header, failed body, a status that cannot be. */
void exchange_finish_response(HttpExchange *x);
/* Loop: runs body_release, once. */
void exchange_release_body(HttpExchange *x);

/* server.c: an exchange from the pool; back to it; the answer has come, on the loop. */
HttpExchange *server_exchange_new(Server *s, Conn *c);
void server_exchange_free(HttpExchange *x);
/* `done` and `streaming` as they were when the handler's side was looked at under the lock: once
 * done is seen, the handler has let go of x, and no post of it is on its way any more. */
void server_exchange_pump(HttpExchange *x, bool done, bool streaming);
void server_post_node(Server *s, LoopPost *post);
/* conn.c, on the loop: what is to be done for the connection waits for its turn, and is run then,
 * or when it closes. False: nobody else wants anything; do it now. */
bool conn_take_post(Conn *c, LoopPost *post);

/* Loop thread, with a stream: moves what is pending to *out and counts it as unsent. *ok: nothing
 * has been lost so far and, when it has ended, it is whole. */
bool exchange_take_stream(HttpExchange *x, Buf *out, bool *ok);
/* Loop: `unsent` bytes of the stream have still not been taken by the socket. */
void exchange_stream_progress(HttpExchange *x, size_t unsent);
/* Loop: the client has gone. Wakes a waiting worker. */
void exchange_cancel(HttpExchange *x);

#endif
