/* client.h - HTTP requests we make: to our own server from the command line, to model hosts, to
 * optional back ends. The one file pair that knows libcurl, which is loaded when it is first used:
 * a server that calls nobody never has it in memory.
 *
 * TLS certificates are checked, only http and https are spoken (after a redirect too), redirects
 * are limited, nothing is kept between calls but in a ClientPool. Any HTTP status is a success
 * here: the caller judges it.
 *
 * Every byte that is sent to another machine is counted, requests that fail too: the metric
 * network_sent_bytes_total. What goes to this machine alone (a loopback address, without a proxy
 * between) is not.
 *
 * Threads: safe; every call has a handle of its own. */
#ifndef SOTTO_NET_CLIENT_H
#define SOTTO_NET_CLIENT_H

#include "net/http.h"

/* Registers the metrics, so that they are shown before anything was sent. */
void client_metrics(void);

/* Connections kept open between calls, for a server that is asked all the time. Freed when no call
 * uses it any more. */
typedef struct ClientPool ClientPool;
ClientPool *client_pool_new(Err *err);
void client_pool_free(ClientPool *p);

typedef struct {
    const char *method;        /* NULL: GET */
    const char *url;           /* http:// or https:// */
    const HttpHeader *headers;
    size_t header_count;
    Str body;                  /* sent when ptr is not NULL */
    uint32_t connect_ms;       /* 0: 10 s */
    uint32_t total_ms;         /* 0: no limit but the stall limit */
    uint32_t stall_ms;         /* no byte for so long; 0: 60 s */
    uint64_t max_bytes;        /* of the answer's body; 0: 64 MiB; a download: no limit */
    uint32_t redirects;        /* followed at most; 0: none */
    ClientPool *pool;          /* NULL: a connection of its own */
    bool direct;               /* ignore proxies from the environment; always so for loopback */
    bool own;                  /* our own server, from our own lock file: any certificate */
    bool public_only;          /* refuse private, loopback, link-local addresses, redirects too */
    /* Called now and then; total is 0 when it is not known. False cancels (ERR_CANCELLED). */
    bool (*progress)(void *arg, uint64_t done, uint64_t total);
    /* Asked ten times a second, whether something comes or not. False cancels. */
    bool (*tick)(void *arg);
    /* Status and header lines of the last answer, before the first byte of its body. False: the
     * body is collected, and on_data is not called. */
    bool (*on_head)(void *arg, int status, Str headers);
    /* Pieces of the body as they come, instead of collecting them; false cancels. For streams. */
    bool (*on_data)(void *arg, Str piece);
    void *arg;
} ClientRequest;

typedef struct {
    int status;
    Buf headers; /* of the last answer, "name: value\r\n" lines */
    Buf body;
} ClientResponse;

/* ERR_UNAVAILABLE cannot connect or no libcurl, ERR_TIMEOUT, ERR_TOO_LARGE, ERR_CANCELLED,
 * ERR_FORBIDDEN address not allowed, ERR_VALIDATION bad URL, ERR_IO. *out is to be released only
 * after success. */
bool client_request(const ClientRequest *req, ClientResponse *out, Err *err);
void client_response_release(ClientResponse *r);
Str client_header(const ClientResponse *r, const char *name); /* {NULL,0} when absent */
Str client_header_in(Str lines, const char *name); /* of what on_head is given */

/* Downloads to a file; when it is there already, goes on behind its end (Range), or starts anew
 * when the server cannot. Synced when it returns true; a partial file stays for the next try. Any
 * status but 200 and 206 is ERR_UNAVAILABLE (404: ERR_NOT_FOUND) and leaves the file as it was. */
bool client_download(const ClientRequest *req, const char *path, Err *err);

/* Tests only: this one address, written as a number, counts as public; NULL: none does. */
void client_test_public(const char *address);

#endif
