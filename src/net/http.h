/* http.h - a request, a response, and the exchange that carries both.
 *
 *   bytes -> HttpExchange.req -> handler (loop thread or a worker) -> HttpExchange.resp -> bytes
 *
 * These are plain structs: a handler reads x->req, fills x->resp and calls http_exchange_reply(x),
 * and a test can call it without any socket (http_exchange_new). Which protocol carried the request
 * (HTTP/1.1 or 2, TLS or not) makes no difference above this line.
 *
 * Ownership rules
 *  1. All of x->req (and whatever is taken from x->req.arena) lives until http_exchange_reply.
 *  2. From on_request until http_exchange_reply the exchange belongs to the handler, wherever it
 *     runs; one thread at a time.
 *  3. http_exchange_reply is called exactly once for every exchange, from any thread, also when the
 *     client has gone (the answer is then dropped). After it x is no longer the caller's - except
 *     for a stream (http_stream_start), which is the caller's until http_stream_end.
 *  4. x->resp.body is owned by the exchange; resp.body_ref is borrowed until body_release is
 *     called.
 *  5. What on_head puts into x->user comes from x->req.arena: a request that breaks off before
 *     on_request is forgotten without a call.
 *
 * Source: RFC 9110 (semantics), RFC 9457 (problem details). */
#ifndef SOTTO_NET_HTTP_H
#define SOTTO_NET_HTTP_H

#include "base/arena.h"

typedef struct {
    Str name; /* as sent; compare with str_eq_nocase */
    Str value;
} HttpHeader;

typedef struct {
    Str method;            /* as sent: methods are case-sensitive */
    Str target;            /* raw request target, "/a%20b?x=1" */
    Str path;              /* decoded; starts with '/', valid UTF-8, no control character, no
                              "." or ".." segment, no encoded slash or backslash */
    Str query;             /* raw, without '?'; read it with form.h */
    const HttpHeader *headers;
    size_t header_count;
    Str host;              /* Host or :authority, checked against the allow-list */
    Str body;              /* complete when on_request runs; NUL-terminated */
    Str peer;              /* address as text, "127.0.0.1" or "::1" or "unix" */
    uint16_t peer_port;
    bool is_tls;
    uint8_t version_major, version_minor;
    Str id;                /* X-Request-Id: the client's if sane, else made here */
    Arena *arena;          /* the request's memory */
} HttpRequest;

#define HTTP_RESP_HEADERS_MAX 24

typedef struct {
    int status;            /* 200 unless set */
    Str content_type;      /* borrowed: a literal or from the arena; empty when there is no body */
    HttpHeader headers[HTTP_RESP_HEADERS_MAX];
    size_t header_count;
    Buf body;              /* owned; what is sent unless body_ref.ptr is set */
    Str body_ref;          /* borrowed body (mapped file, embedded asset), until: */
    void (*body_release)(void *arg); /* called once, on the loop thread, or NULL */
    void *body_release_arg;
} HttpResponse;

typedef struct HttpExchange HttpExchange;

/* Writes resp->content_type and resp->body for an error; other members are set by the caller. */
typedef void (*HttpFormatError)(void *arg, Str path, int status, const Err *err, Str request_id,
                                HttpResponse *resp);

struct HttpExchange {
    HttpRequest req;
    HttpResponse resp;
    void *user;            /* the handler's */
    const char *route;     /* metrics label, static; the route's pattern. NULL counts as "none" */
    uint64_t body_max;     /* on_head may lower or raise it; bytes */
    uint64_t started_ns;   /* clock_mono_ns when the head was complete */
    HttpFormatError format_error; /* NULL: problem+json as http_problem writes it */
    void *format_error_arg;
    struct ExchangePriv *priv; /* the transport's */
};

/* ---- request ---- */

/* First header of that name, {NULL,0} when absent. ASCII case does not matter. */
Str http_header(const HttpRequest *req, const char *name);
size_t http_header_count(const HttpRequest *req, const char *name);
/* Whether a comma-separated header (Connection, Upgrade) holds `token`, in any of its lines. */
bool http_header_has_token(const HttpRequest *req, const char *name, const char *token);
static inline bool http_is(const HttpRequest *req, const char *method)
{
    return str_eq(req->method, str_of(method));
}
/* The media type without parameters ("application/json"), in lower case only if it was sent so. */
Str http_media_type(Str content_type);
/* A parameter of a header value ("boundary" of Content-Type), unquoted into the arena.
 * {NULL,0} when absent or malformed. */
Str http_param(Str value, const char *name, Arena *arena);
/* Splits a raw target into path (decoded, checked, in the arena) and query. ERR_VALIDATION. */
bool http_parse_target(Str target, Arena *arena, Str *path, Str *query, Err *err);

/* ---- response ---- */

/* Adds a header; name and value are copied into the arena. A value with CR, LF or NUL, or one
 * header too many, makes the answer a 500: false. Replaces an earlier one of the same name, but
 * Set-Cookie. */
bool http_resp_header(HttpExchange *x, const char *name, Str value);
/* Standard reason phrase; "Unknown" for a code without one. */
const char *http_status_text(int status);

/* Convenience: fill x->resp and call http_exchange_reply. */
void http_reply(HttpExchange *x, int status, const char *content_type, Str body); /* copies */
/* Takes over *body (which is left empty). A failed Buf becomes a 500. */
void http_reply_buf(HttpExchange *x, int status, const char *content_type, Buf *body);
static inline void http_reply_json(HttpExchange *x, int status, Buf *body)
{
    http_reply_buf(x, status, "application/json", body);
}
void http_reply_empty(HttpExchange *x, int status); /* 204, 304 */
/* An error in the shape the layer above has chosen. http_reply_error takes the status from the
 * code's table; http_reply_status says it (405, 408, 431 ...). 503 gets Retry-After: 1, 401
 * nothing. */
void http_reply_error(HttpExchange *x, const Err *err);
void http_reply_status(HttpExchange *x, int status, const Err *err);
/* The default format: RFC 9457 problem+json {type,title,status,detail,instance,code,request_id}. */
void http_problem(void *arg, Str path, int status, const Err *err, Str request_id,
                  HttpResponse *resp);

/* ---- life ---- */

/* THE call that crosses threads: hands the answer in x->resp back to the loop. */
void http_exchange_reply(HttpExchange *x);
/* The client has gone: long work may stop early (and must still reply). Any thread. */
bool http_exchange_cancelled(const HttpExchange *x);

/* A body that is written piece by piece (server-sent events, large originals, model output). Fill
 * status, content type and headers, then call http_stream_start instead of http_exchange_reply:
 * `length` is the exact number of bytes to come, or -1 when it is not known (chunked; or until
 * close for HTTP/1.0). The exchange stays the caller's until http_stream_end. Any thread, one at a
 * time. */
void http_stream_start(HttpExchange *x, int64_t length);
/* Copies data into the client's queue. False when the client has gone, memory is short, or 8 MiB
 * wait to be sent: then stop and call http_stream_end. Never blocks; see http_stream_wait. */
bool http_stream_send(HttpExchange *x, Str data);
/* Blocks a worker (never the loop thread) until at most `max_pending` bytes wait to be sent.
 * False when the client has gone or timeout_ms passed. */
bool http_stream_wait(HttpExchange *x, size_t max_pending, int timeout_ms);
/* Ends the body and gives x back. With ok false, or fewer bytes than announced, the connection is
 * cut, so that the client cannot take a part for the whole. */
void http_stream_end(HttpExchange *x, bool ok);
/* One server-sent event: `event` may be NULL; every line of data gets its "data: ". */
bool http_stream_event(HttpExchange *x, const char *event, Str data);

/* ---- without sockets: tests, and anything that calls handlers itself ---- */

/* An exchange of its own, as the server would make it from that head; headers and body are copied.
 * NULL with ERR_VALIDATION for a target the server would refuse. Free it with
 * http_exchange_free. */
HttpExchange *http_exchange_new(Str method, Str target, const HttpHeader *headers,
                                size_t header_count, Str body, Err *err);
/* Waits until http_exchange_reply (or http_stream_end) was called, maybe by a worker. False after
 * timeout_ms. A stream's bytes are in x->resp.body. */
bool http_exchange_wait(HttpExchange *x, int timeout_ms);
void http_exchange_cancel(HttpExchange *x); /* as if the client had gone */
/* What is streamed is given on as it comes and not gathered, on the thread of the handler; `wanted`
 * is asked whenever the handler looks whether anybody is still there. Either says false: the client
 * has gone. Before the handler is called. */
void http_exchange_follow(HttpExchange *x, bool (*on_stream)(void *arg, Str data),
    bool (*wanted)(void *arg), void *arg);
void http_exchange_free(HttpExchange *x);
Str http_resp_find(const HttpExchange *x, const char *name); /* {NULL,0} when absent */
/* The body the client would see: body_ref or body. */
Str http_resp_body(const HttpExchange *x);

#endif
