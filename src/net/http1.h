/* http1.h - HTTP/1.1 message syntax: the head of a request, and the chunked coding of a body.
 *
 * Strict where leniency has let one program see another request than its neighbour (request
 * smuggling): lines end with CR LF and nothing else, no folded header, no space before a colon, one
 * Content-Length of digits only, never together with Transfer-Encoding, one Transfer-Encoding that
 * is exactly "chunked". Pure functions over bytes, without sockets: the fuzz target is fuzz_http1.
 *
 * Source: RFC 9112 sections 2-7. Threads: pure. */
#ifndef SOTTO_NET_HTTP1_H
#define SOTTO_NET_HTTP1_H

#include "net/http.h"

/* Why a message is refused: the status to answer and one sentence. */
typedef struct {
    int status;
    const char *why;
} Http1Fault;

/* Looks for the end of a head in data[0, len). *scan is where the last call stopped (0 at first).
 * Returns the head's length with its empty line, 0 when more is needed, -1 with *fault. */
typedef struct {
    size_t target_bytes, head_bytes;
} Http1Limits;
long http1_find_head(const char *data, size_t len, size_t *scan, const Http1Limits *limits,
                     Http1Fault *fault);

typedef struct {
    Str method, target;
    uint8_t minor;           /* HTTP/1.minor */
    size_t header_count;
    Str host;                /* exactly one, or the parse fails */
    bool has_length;
    uint64_t length;         /* Content-Length */
    bool chunked;
    bool keep_alive;         /* by version and Connection */
    bool expect_continue;
} Http1Head;

/* Parses a whole head as http1_find_head measured it. Everything points into `head`, which must be
 * as stable as the result. Headers go to headers[0, cap). */
bool http1_parse_head(Str head, HttpHeader *headers, size_t cap, Http1Head *out, Http1Fault *fault);

#define HTTP1_CHUNK_EXTRA_MAX 16384 /* sizes' leading zeros, extensions and trailers, in all */

typedef struct {
    uint8_t state;
    uint64_t left;   /* of the chunk */
    uint32_t digits;
    uint32_t extra;  /* bytes spent on extensions and trailers */
} Http1Chunked;

typedef enum { CHUNK_MORE, CHUNK_DATA, CHUNK_END, CHUNK_BAD } Http1ChunkResult;

void http1_chunked_init(Http1Chunked *d);
/* Reads on at data[*at]; moves *at. CHUNK_DATA gives a piece of the body in *piece (call again);
 * CHUNK_END leaves *at behind the last byte of the message; CHUNK_BAD fills *fault. */
Http1ChunkResult http1_chunked_next(Http1Chunked *d, const char *data, size_t len, size_t *at,
                                    Str *piece, Http1Fault *fault);

/* Bytes of the current chunk that are still to come: 0 until its size line has been read to the
 * end, so that the answer does not depend on how the line was cut into packets. */
uint64_t http1_chunked_announced(const Http1Chunked *d);

/* RFC 9110 token characters, and what a header value may hold. */
bool http1_is_token(Str s);
bool http1_is_value(Str s);

#endif
