/* wsclient.h - a WebSocket client for tests: the handshake and frames as bytes. */
#ifndef SOTTO_TESTS_WSCLIENT_H
#define SOTTO_TESTS_WSCLIENT_H

#include "base/utf8.h"
#include "net/ws_frame.h"
#include "unit/net/testserver.h"

#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"

static inline void handshake(Raw *r, const char *request_line, const char *headers, RawAnswer *a)
{
    char text[2048];
    *r = raw_open(ts.port);
    snprintf(text, sizeof text, "%s\r\nHost: localhost:%u\r\n%s\r\n", request_line, ts.port,
             headers);
    raw_puts(r, text);
    assert_true(raw_answer(r, a));
}

static inline Raw ws_open(void)
{
    Raw r;
    RawAnswer a;
    handshake(&r, "GET /ws HTTP/1.1", UPGRADE KEY VERSION, &a);
    assert_int_equal(a.status, 101);
    /* the key and answer of RFC 6455 section 1.3 */
    assert_str(raw_header(&a, "Sec-WebSocket-Accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_str(raw_header(&a, "Upgrade"), "websocket");
    assert_null(raw_header(&a, "Sec-WebSocket-Extensions").ptr);
    assert_null(raw_header(&a, "Content-Length").ptr);
    raw_answer_release(&a);
    return r;
}

static const uint8_t mask[4] = {0x12, 0x34, 0x56, 0x78};

/* A client's frame: first byte, length written in `bytes` (0, 2, 8; -1: the shortest), masked. */
static inline size_t frame(uint8_t first, const void *payload, size_t len, int bytes, uint8_t *out)
{
    size_t n = 0;
    if (bytes < 0)
        bytes = len < 126 ? 0 : len < 65536 ? 2 : 8;
    out[n++] = first;
    out[n++] = (uint8_t)(0x80 | (bytes == 0 ? len : bytes == 2 ? 126 : 127));
    for (int i = bytes - 1; i >= 0; i--)
        out[n++] = (uint8_t)(len >> (8 * i));
    memcpy(out + n, mask, 4);
    n += 4;
    for (size_t i = 0; i < len; i++)
        out[n + i] = (uint8_t)(((const uint8_t *)payload)[i] ^ mask[i & 3]);
    return n + len;
}

static inline void put_frame(Raw *r, uint8_t first, const void *payload, size_t len)
{
    uint8_t *out = malloc(len + 14);
    assert_non_null(out);
    raw_send(r, out, frame(first, payload, len, -1, out));
    free(out);
}

static inline void put_text(Raw *r, const char *text)
{
    put_frame(r, 0x81, text, strlen(text));
}

/* The next frame of the server: its opcode (fin and no mask are checked), -1 without one. Pings are
 * passed over unless wanted. */
static inline int next_frame(Raw *r, Buf *payload, bool want_ping)
{
    for (;;) {
        size_t n;
        while ((n = ws_frame_len(r->in.ptr ? r->in.ptr : "", r->in.len)) == 0 || n > r->in.len)
            if (!raw_more(r, RAW_WAIT_MS))
                return -1;
        uint8_t first = (uint8_t)r->in.ptr[0];
        size_t head = n < 126 + 2 ? 2 : n < 65536 + 4 ? 4 : 10;
        assert_true(first & 0x80);
        assert_false(first & 0x70);
        assert_false(r->in.ptr[1] & 0x80);
        buf_init(payload, SIZE_MAX);
        buf_add_mem(payload, r->in.ptr + head, n - head);
        raw_drop(r, n);
        if ((first & 15) != WS_OP_PING || want_ping)
            return first & 15;
        buf_release(payload);
    }
}

static inline void expect_text(Raw *r, const char *want)
{
    Buf got;
    assert_int_equal(next_frame(r, &got, false), WS_OP_TEXT);
    assert_str(buf_str(&got), want);
    buf_release(&got);
}

/* The server closes with that code, and then the connection ends. */
static inline void expect_close(Raw *r, int code)
{
    Buf got;
    int op;
    while ((op = next_frame(r, &got, false)) != WS_OP_CLOSE) {
        if (op < 0)
            fail_msg("no close frame, %d was expected", code);
        buf_release(&got);
    }
    if (code == 1005) {
        assert_int_equal(got.len, 0);
    } else {
        assert_true(got.len >= 2);
        assert_int_equal((uint8_t)got.ptr[0] << 8 | (uint8_t)got.ptr[1], code);
        assert_true(utf8_ok(str_sub(buf_str(&got), 2, got.len)));
    }
    buf_release(&got);
    assert_true(raw_closed(r, RAW_WAIT_MS));
}

#endif
