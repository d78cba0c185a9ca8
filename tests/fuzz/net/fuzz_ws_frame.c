/* fuzz_ws_frame.c - frames from a client: the same messages at once and byte by byte, and no piece
 * outside the input. */
#include <stdlib.h>

#include "net/ws_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

/* Writes what was parsed: payload bytes, and a mark with opcode and fin where a frame ends. */
static void parse(const uint8_t *data, size_t size, size_t step, Buf *out)
{
    WsParser p = {0};
    char *copy = malloc(size + 1);
    if (!copy)
        abort();
    memcpy(copy, data, size);
    size_t at = 0;
    for (size_t end = step; ; end += step) {
        if (end > size)
            end = size;
        WsPiece piece;
        const char *why = NULL;
        WsResult r;
        while ((r = ws_parse(&p, copy, end, &at, &piece, &why)) == WS_PIECE) {
            REQUIRE(piece.data.ptr >= copy && piece.data.ptr + piece.data.len <= copy + end);
            REQUIRE(piece.opcode < WS_OP_CLOSE || piece.data.len + piece.left <= 125);
            buf_add(out, piece.data);
            if (piece.ends)
                buf_printf(out, "<%d %d>", piece.opcode, piece.fin);
        }
        if (r == WS_BAD) {
            REQUIRE(why != NULL);
            buf_add(out, STR("<bad>"));
            break;
        }
        if (end == size)
            break;
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Buf a, b;
    buf_init(&a, 1 << 24);
    buf_init(&b, 1 << 24);
    parse(data, size, size ? size : 1, &a);
    parse(data, size, 1, &b);
    REQUIRE(str_eq(buf_str(&a), buf_str(&b)));
    buf_release(&a);
    buf_release(&b);
    size_t n = ws_frame_len((const char *)data, size);
    REQUIRE(n == 0 || n >= 2);
    return 0;
}
