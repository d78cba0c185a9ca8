/* h2.h - what h2.c (streams, requests) and h2_answer.c (answers) share. Private to them. */
#ifndef SOTTO_NET_H2_H
#define SOTTO_NET_H2_H

#include <nghttp2/nghttp2.h>

#include "net/conn.h"

typedef struct H2Stream H2Stream;
struct H2Stream {
    H2Stream *prev, *next;
    Conn *conn;
    HttpExchange *x;
    int32_t id;
    int fault;              /* status to refuse with once the head is complete; 0: none */
    const char *why;
    size_t head_bytes, header_count;
    Str authority, target;
    bool head_done, body_done, is_head, has_length;
    bool handed;            /* the handler has x */
    uint64_t length;
    uint64_t received, mark; /* body bytes, for the time-out */
    Str body;               /* of the answer, what is left */
    Buf piece;              /* of a streamed answer, with piece_at taken */
    size_t piece_at;
    bool answering, streaming, stream_ended, waiting;
};

struct H2 {
    nghttp2_session *session;
    H2Stream *streams;
    size_t count;
    uint64_t resets_since_ms;
    unsigned resets;
    int32_t newest;         /* stream that the client has opened */
    uint64_t opened;        /* bit i: it has opened newest - 2 i too */
    bool in_recv, in_pump, stopping;
};

/* Hands status, headers and, with has_body, st->body or the stream to nghttp2; length -1:
 * unknown. */
void h2_submit(H2Stream *st, int64_t length, bool has_body);
/* A streamed answer has begun, grown or ended. */
void h2_submit_stream(H2Stream *st);

#endif
