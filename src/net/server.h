/* server.h - connections, limits, time-outs: everything between a socket and an HttpExchange.
 *
 *   accept -> [TLS] -> HTTP/1.1 or HTTP/2 -> Host and Origin guard -> on_head -> body -> on_request
 *
 * One loop thread owns every connection; callbacks run on it and must be short (no disk, no model,
 * no name look-up). What takes longer is handed to a worker, which answers with
 * http_exchange_reply.
 *
 * The server answers by itself, in the error format of the layer above: 400 malformed, 403 Host or
 * Origin refused, 408 too slow, 411/413/414/431 too large, 417, 501 unknown transfer coding, 503
 * too many connections or too much body memory, 505. Every answer carries X-Request-Id, Date,
 * X-Content-Type-Options: nosniff, Referrer-Policy: no-referrer and, unless the handler set it,
 * Cache-Control: no-store and a Content-Security-Policy that allows nothing. No CORS header is ever
 * sent.
 *
 * Threads: server_post, server_stop, ws_post_* and http_exchange_reply are safe from any thread;
 * everything else belongs to the thread that made the server until server_start, then to the
 * loop. */
#ifndef SOTTO_NET_SERVER_H
#define SOTTO_NET_SERVER_H

#include "base/work.h"
#include "net/http.h"

typedef struct {
    uint32_t connections;      /* open at once; one more is answered 503 and closed */
    uint32_t address_connections; /* of one address; one more as above. Not of this machine's own,
                                     but with address_loopback */
    bool address_loopback;
    uint32_t target_bytes;     /* request target; 414 */
    uint32_t head_bytes;       /* request line and headers; 431 */
    uint32_t header_count;     /* 431 */
    uint64_t body_bytes;       /* default of HttpExchange.body_max; 413 */
    uint64_t body_total_bytes; /* all bodies and messages being received together; 503. One address
                                  leaves a quarter of it to the others */
    uint32_t head_timeout_ms;  /* from the first byte of a request to the end of its head; 408 */
    uint32_t body_timeout_ms;  /* every such span must bring at least body_min_bytes; 408 */
    uint32_t body_min_bytes;
    uint32_t idle_timeout_ms;  /* keep-alive connection without a request; closed */
    uint32_t write_timeout_ms; /* every such span the client must take something; closed */
    uint32_t linger_ms;        /* a connection we end waits so long for the client's part of it */
    uint32_t h2_streams;       /* concurrent HTTP/2 streams of a connection */
    uint64_t ws_message_bytes; /* a whole message; closed with 1009 */
    uint64_t ws_queue_bytes;   /* waiting for a slow reader; closed with 1013 */
    uint32_t ws_ping_ms;       /* a ping after such a silence; two unanswered: closed */
} ServerLimits;

extern const ServerLimits server_default_limits;

typedef struct {
    const char *host;          /* an address: "127.0.0.1", "::1", "0.0.0.0"; or "localhost" */
    uint16_t port;             /* 0: a free one, see server_port */
    int listen_fd;             /* > 0: a listening socket we were given (socket activation) */
    const char *tls_cert;      /* PEM files; both or none */
    const char *tls_key;
    ServerLimits limits;       /* zero members take the default */
    /* Host names beside 127.0.0.1, localhost, [::1] and the listening address: "name" (any port) or
     * "name:port". Origins beside the same origin: "https://name[:port]". */
    const char *const *allowed_hosts;
    size_t allowed_host_count;
    const char *const *allowed_origins;
    size_t allowed_origin_count;

    /* Head complete, guard passed; the body has not been read. May set x->route, x->user and
     * x->body_max, or answer already (x then is gone; on_request is not called). NULL is
     * allowed. */
    void (*on_head)(void *arg, HttpExchange *x);
    void (*on_request)(void *arg, HttpExchange *x);
    /* At the end of every iteration of the loop: what on_request has put together is handed over.
     * NULL is allowed. */
    void (*on_turn)(void *arg);
    HttpFormatError format_error; /* NULL: http_problem */
    void *arg;                    /* of the four callbacks above */
} ServerOptions;

typedef struct Server Server;

/* Binds and listens. ERR_VALIDATION bad option, ERR_CONFLICT address in use, ERR_IO. */
Server *server_new(const ServerOptions *options, Err *err);
uint16_t server_port(const Server *s);
/* A copy of the listening socket, closed on exec, for who goes on after this server; -1 when it is
 * closed already. */
int server_listener(const Server *s);
bool server_is_tls(const Server *s);
/* Runs the loop on its own thread, or on the calling one until it was stopped. */
bool server_start(Server *s, Err *err);
bool server_run(Server *s, Err *err);
/* Graceful end, from any thread: stop accepting, let requests in flight be answered, close
 * WebSockets with 1001; what is not done after drain_ms is cut. server_start's caller then
 * joins. */
void server_stop(Server *s, uint32_t drain_ms);
/* Whether the thread of server_start has ended, asked to or not; any thread. */
bool server_is_over(const Server *s);
void server_join(Server *s);
/* After server_join or server_run. Exchanges still with workers are waited for: their replies are
 * dropped, and the last one frees the rest. NULL is allowed. */
void server_free(Server *s);

/* Runs fn(arg) on the loop thread, in the order of the calls of one thread. False when memory is
 * short or the loop has ended (fn is not called). */
bool server_post(Server *s, void (*fn)(void *arg), void *arg);
bool server_on_loop(const Server *s); /* is this the loop thread? */
/* From here to server_uncork the calling thread's answers to exchanges wait, and then go to the
 * loop together: who answers many small requests wakes it once. For a millisecond at most; not
 * nested; not on the loop thread. */
void server_cork(Server *s);
void server_uncork(Server *s);
/* Calls fn(arg) on the loop thread after delay_ms, once. False when memory is short. Loop
 * thread. */
bool server_after(Server *s, uint32_t delay_ms, void (*fn)(void *arg), void *arg);

/* The handler of that exchange hangs: from any thread, the client is answered 503 with the sentence
 * (an answer that has begun is cut, and without memory the connection ends), and what the handler
 * still says of it goes nowhere. Needs no memory; `why` is a constant. Nothing happens when it has
 * been answered. */
uint64_t server_exchange_serial(const HttpExchange *x);
/* Whose it is, for what is shared out: the address (of IPv6 its first 64 bits), hashed with a seed
 * of the process, and the connection. Loop thread. */
WorkFrom server_exchange_from(const HttpExchange *x);
void server_give_up(Server *s, uint64_t serial, const char *why);

typedef struct {
    uint64_t connections;     /* open now */
    uint64_t websockets;      /* open now */
    uint64_t accepted;        /* ever */
    uint64_t requests;        /* ever */
    uint64_t body_bytes_held; /* bodies and messages being received now */
} ServerStats;
void server_stats(const Server *s, ServerStats *out); /* any thread */

#endif
