/* websocket.h - RFC 6455 on top of the server: messages in, messages out, by id.
 *
 * A handler that gets GET /ws checks what it wants (token, query) and calls ws_accept, then
 * http_exchange_reply; or it replies with an error and the handshake is refused. From then on the
 * connection is known by its WsId, which is never used again: sending to one that has closed does
 * nothing and returns false. No extension is negotiated (no compression).
 *
 * Received: fragments are joined; text is valid UTF-8 (else 1007); a message over the limit is
 * 1009; a frame against the protocol is 1002. Sent: what the socket does not take at once waits in
 * a queue bounded by ws_queue_bytes; past it the client is closed with 1013.
 *
 * Threads: callbacks and ws_send_* and ws_close on the loop thread; ws_post_* from any thread. */
#ifndef SOTTO_NET_WEBSOCKET_H
#define SOTTO_NET_WEBSOCKET_H

#include <stdatomic.h>

#include "net/server.h"

typedef uint64_t WsId; /* 0 is none */
/* A small number, 1 at least, that no other open one has. */
static inline uint32_t ws_slot(WsId id)
{
    return (uint32_t)(id & 0xFFFFFF);
}

#define WS_CLOSE_NORMAL 1000
#define WS_CLOSE_GOING_AWAY 1001
#define WS_CLOSE_PROTOCOL 1002
#define WS_CLOSE_ABNORMAL 1006 /* never sent: the connection broke */
#define WS_CLOSE_INVALID 1007
#define WS_CLOSE_POLICY 1008
#define WS_CLOSE_TOO_BIG 1009
#define WS_CLOSE_INTERNAL 1011
#define WS_CLOSE_TRY_LATER 1013

typedef struct {
    void (*on_open)(void *user, Server *s, WsId id); /* NULL is allowed, as for the next two */
    void (*on_text)(void *user, Server *s, WsId id, Str message);
    void (*on_binary)(void *user, Server *s, WsId id, Str message);
    /* Exactly once for every ws_accept that returned true; id is 0 when it never opened. */
    void (*on_close)(void *user, Server *s, WsId id, int code);
    /* The server stops. True: something is still to be sent, and the handler closes with
     * WS_CLOSE_GOING_AWAY when it was; the server waits for it no longer than for others. False, or
     * without this: it is closed now. */
    bool (*on_stop)(void *user, Server *s, WsId id);
} WsHandler;

/* Checks the handshake and marks the exchange; *handler must outlive the server. ERR_VALIDATION,
 * and then the caller replies with status ws_refusal_status (400, or 426 for a wrong version). */
bool ws_accept(HttpExchange *x, const WsHandler *handler, void *user, Err *err);
int ws_refusal_status(const HttpExchange *x);

bool ws_send_text(Server *s, WsId id, Str message);
bool ws_send_binary(Server *s, WsId id, Str message);
/* Starts the closing handshake; on_close follows. `reason` at most 123 bytes of UTF-8. */
bool ws_close(Server *s, WsId id, int code, Str reason);
/* From now on *unsent is what waits to be read by this client, for threads that make what is sent:
 * they can wait before the queue is full. Borrowed until on_close, or until NULL is given in its
 * place. False when it has closed. */
bool ws_watch_unsent(Server *s, WsId id, atomic_size_t *unsent);

/* From any thread: copies the message and sends it on the loop. False when memory is short, and
 * then the client is closed (ws_post_lost), or the loop has ended; true says nothing about the
 * client. */
bool ws_post_text(Server *s, WsId id, Str message);
bool ws_post_binary(Server *s, WsId id, Str message);
bool ws_post_close(Server *s, WsId id, int code, Str reason);
/* The same message to many, copied once, in order with other posts; the loop does some hundred
 * clients an iteration and serves the others in between. */
bool ws_post_text_many(Server *s, const WsId *ids, size_t count, Str message);

/* There was no memory for a message to it: it is closed with WS_CLOSE_TRY_LATER, so that nobody
 * waits for what never comes. Needs no memory. Any thread. */
void ws_post_lost(Server *s, WsId id);

#endif
