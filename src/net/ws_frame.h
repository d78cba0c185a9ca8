/* ws_frame.h - WebSocket frames as bytes, from the client's side in and to the client out.
 *
 *   fin|rsv|opcode  mask|len7  [len16 | len64]  mask[4]  payload ^ mask
 *
 * Pure functions without sockets: the fuzz target is fuzz_ws_frame. Frames from a client must be
 * masked; reserved bits, unknown opcodes, long or fragmented control frames, lengths that are not
 * written in their shortest form and continuations of nothing are protocol errors (1002).
 *
 * Source: RFC 6455 section 5. Threads: a parser has one owner. */
#ifndef SOTTO_NET_WS_FRAME_H
#define SOTTO_NET_WS_FRAME_H

#include "base/str.h"

typedef enum { WS_OP_CONT = 0, WS_OP_TEXT = 1, WS_OP_BINARY = 2, WS_OP_CLOSE = 8, WS_OP_PING = 9,
    WS_OP_PONG = 10 } WsOpcode;

typedef struct {
    uint8_t head[14];
    uint8_t have;        /* bytes of head */
    uint8_t opcode;
    bool fin, in_payload;
    bool open;           /* a fragmented message has begun and not ended */
    uint8_t mask_at;     /* payload bytes so far, modulo 4 */
    uint64_t left;       /* of the payload */
} WsParser;

typedef struct {
    uint8_t opcode;
    bool fin;
    bool begins, ends;   /* of the frame */
    uint64_t left;       /* of the frame's payload, after this piece */
    Str data;            /* unmasked, inside the input */
} WsPiece;

typedef enum { WS_MORE, WS_PIECE, WS_BAD } WsResult;

/* Reads on at data[*at], unmasking in place; moves *at. WS_BAD: *why is one sentence. */
WsResult ws_parse(WsParser *p, char *data, size_t len, size_t *at, WsPiece *out, const char **why);

#define WS_HEAD_MAX 10
/* Header of an unmasked, unfragmented frame; returns its length. */
size_t ws_frame_head(uint8_t opcode, uint64_t len, uint8_t out[WS_HEAD_MAX]);
/* Length of the whole server frame that starts at data; 0 when its header is not complete or says
 * what no frame can have. */
size_t ws_frame_len(const char *data, size_t len);
/* Whether a peer may send this close code. */
bool ws_code_ok(int code);

#endif
