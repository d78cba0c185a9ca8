/* ws_frame.c - see ws_frame.h. */
#include "net/ws_frame.h"

static size_t head_need(const WsParser *p)
{
    if (p->have < 2)
        return 2;
    unsigned len7 = p->head[1] & 0x7F;
    size_t need = 2 + (p->head[1] & 0x80 ? 4 : 0);
    return need + (len7 == 126 ? 2 : len7 == 127 ? 8 : 0);
}

static uint64_t big_endian(const uint8_t *p, int n)
{
    uint64_t v = 0;
    for (int i = 0; i < n; i++)
        v = v << 8 | p[i];
    return v;
}

/* The first two bytes; what can be refused there need not be waited for. */
static const char *check_start(WsParser *p)
{
    p->fin = p->head[0] & 0x80;
    p->opcode = p->head[0] & 0x0F;
    unsigned len7 = p->head[1] & 0x7F;
    if (p->head[0] & 0x70)
        return "a reserved bit is set";
    if (!(p->head[1] & 0x80))
        return "a client's frame is not masked";
    switch (p->opcode) {
    case WS_OP_CONT:
        return p->open ? NULL : "a continuation of no message";
    case WS_OP_TEXT:
    case WS_OP_BINARY:
        return p->open ? "a new message inside another one" : NULL;
    case WS_OP_CLOSE:
    case WS_OP_PING:
    case WS_OP_PONG:
        if (!p->fin)
            return "a control frame is fragmented";
        return len7 > 125 ? "a control frame is too long" : NULL;
    default:
        return "an unknown opcode";
    }
}

static const char *check_length(WsParser *p)
{
    unsigned len7 = p->head[1] & 0x7F;
    p->left = len7;
    if (len7 == 126) {
        p->left = big_endian(p->head + 2, 2);
        if (p->left < 126)
            return "a length is not in its shortest form";
    } else if (len7 == 127) {
        p->left = big_endian(p->head + 2, 8);
        if (p->left < 65536 || p->left > INT64_MAX)
            return "a length is not in its shortest form";
    }
    return NULL;
}

static void unmask(WsParser *p, char *data, size_t n)
{
    const uint8_t *mask = p->head + head_need(p) - 4;
    uint8_t turned[8];
    for (unsigned i = 0; i < 8; i++)
        turned[i] = mask[(p->mask_at + i) & 3];
    uint64_t wide;
    memcpy(&wide, turned, 8);
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t v;
        memcpy(&v, data + i, 8);
        v ^= wide;
        memcpy(data + i, &v, 8);
    }
    for (; i < n; i++)
        data[i] = (char)(data[i] ^ (char)turned[i & 7]);
    p->mask_at = (uint8_t)((p->mask_at + n) & 3);
}

static void frame_ends(WsParser *p)
{
    if (p->opcode < WS_OP_CLOSE)
        p->open = !p->fin;
    p->in_payload = false;
    p->have = 0;
}

WsResult ws_parse(WsParser *p, char *data, size_t len, size_t *at, WsPiece *out, const char **why)
{
    bool begins = false;
    while (!p->in_payload) {
        size_t need = head_need(p);
        while (p->have < need && *at < len) {
            p->head[p->have++] = (uint8_t)data[(*at)++];
            if (p->have == 2) {
                *why = check_start(p);
                if (*why)
                    return WS_BAD;
                need = head_need(p);
            }
        }
        if (p->have < need)
            return WS_MORE;
        *why = check_length(p);
        if (*why)
            return WS_BAD;
        p->in_payload = true;
        p->mask_at = 0;
        begins = true;
    }
    size_t n = len - *at;
    if (n > p->left)
        n = (size_t)p->left;
    if (n == 0 && p->left > 0 && !begins)
        return WS_MORE;
    unmask(p, data + *at, n);
    p->left -= n;
    *out = (WsPiece){p->opcode, p->fin, begins, p->left == 0, p->left, str_mem(data + *at, n)};
    *at += n;
    if (p->left == 0)
        frame_ends(p);
    return WS_PIECE;
}

size_t ws_frame_head(uint8_t opcode, uint64_t len, uint8_t out[WS_HEAD_MAX])
{
    out[0] = (uint8_t)(0x80 | opcode);
    int bytes = len < 126 ? 0 : len < 65536 ? 2 : 8;
    out[1] = (uint8_t)(bytes == 0 ? len : bytes == 2 ? 126 : 127);
    for (int i = 0; i < bytes; i++)
        out[2 + i] = (uint8_t)(len >> (8 * (bytes - 1 - i)));
    return 2 + (size_t)bytes;
}

size_t ws_frame_len(const char *data, size_t len)
{
    const uint8_t *p = (const uint8_t *)data;
    if (len < 2)
        return 0;
    if (p[1] < 126)
        return 2 + (size_t)p[1];
    size_t bytes = p[1] == 126 ? 2 : 8;
    if (len < 2 + bytes)
        return 0;
    uint64_t payload = big_endian(p + 2, (int)bytes);
    return payload > INT64_MAX ? 0 : 2 + bytes + (size_t)payload;
}

bool ws_code_ok(int code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}
