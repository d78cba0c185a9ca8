/* fuzz_http1.c - heads and chunked bodies: what is accepted keeps every promise of http1.h, and is
 * the same whether it comes at once or in pieces. */
#include <stdlib.h>

#include "base/utf8.h"
#include "net/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

#define HEADERS 20

static void check_target(Str target)
{
    Arena *arena = arena_new(1 << 20);
    Str path, query;
    Err err = ERR_INIT;
    if (arena && http_parse_target(target, arena, &path, &query, &err)) {
        REQUIRE(path.len > 0 && utf8_ok(path));
        REQUIRE(path.ptr[0] == '/' || str_eq(path, STR("*")));
        REQUIRE(str_find(path, STR("/../"), 0) == SIZE_MAX && !str_ends(path, STR("/..")));
        REQUIRE(!memchr(path.ptr, '\\', path.len) && !memchr(path.ptr, '\0', path.len));
    }
    arena_free(arena);
}

static void check_head(Str head)
{
    HttpHeader headers[HEADERS];
    Http1Head out;
    Http1Fault fault = {0, NULL};
    if (!http1_parse_head(head, headers, HEADERS, &out, &fault)) {
        REQUIRE(fault.status >= 400 && fault.status < 600 && fault.why);
        return;
    }
    REQUIRE(http1_is_token(out.method) && out.target.len > 0);
    REQUIRE(!(out.chunked && out.has_length));
    REQUIRE(out.header_count <= HEADERS && out.header_count >= 1);
    for (size_t i = 0; i < out.header_count; i++) {
        REQUIRE(http1_is_token(headers[i].name) && http1_is_value(headers[i].value));
        REQUIRE(headers[i].name.ptr >= head.ptr &&
                headers[i].value.ptr + headers[i].value.len <= head.ptr + head.len);
    }
    check_target(out.target);
}

/* Where the head ends, told at once and byte by byte. */
static long find(const char *data, size_t len, size_t step)
{
    const Http1Limits limits = {512, 4096};
    Http1Fault fault;
    size_t scan = 0;
    for (size_t n = step; ; n += step) {
        if (n > len)
            n = len;
        long r = http1_find_head(data, n, &scan, &limits, &fault);
        if (r != 0 || n == len)
            return r;
    }
}

static void decode(const char *data, size_t len, size_t step, Buf *out, int *result, size_t *used)
{
    Http1Chunked d;
    Http1Fault fault;
    Str piece;
    size_t at = 0;
    http1_chunked_init(&d);
    for (size_t end = step; ; end += step) {
        if (end > len)
            end = len;
        Http1ChunkResult r;
        while ((r = http1_chunked_next(&d, data, end, &at, &piece, &fault)) == CHUNK_DATA) {
            REQUIRE(piece.len > 0);
            buf_add(out, piece);
        }
        if (r != CHUNK_MORE || end == len) {
            *result = r;
            *used = at;
            return;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const char *text = (const char *)data;
    long whole = find(text, size, size), bytewise = find(text, size, 1);
    /* Bytewise, a fault may be seen before the limit is; what is accepted must be the same. */
    if (whole > 0)
        REQUIRE(bytewise == whole);
    if (bytewise > 0)
        REQUIRE(whole == bytewise);
    if (whole > 0)
        check_head(str_mem(text, (size_t)whole));
    check_head(str_mem(text, size));
    check_target(str_mem(text, size));
    Buf a, b;
    int result_a, result_b;
    size_t used_a, used_b;
    buf_init(&a, 1 << 24);
    buf_init(&b, 1 << 24);
    decode(text, size, size, &a, &result_a, &used_a);
    decode(text, size, 1, &b, &result_b, &used_b);
    REQUIRE(result_a == result_b && used_a == used_b && str_eq(buf_str(&a), buf_str(&b)));
    buf_release(&a);
    buf_release(&b);
    return 0;
}
