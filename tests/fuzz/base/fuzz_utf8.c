/* fuzz_utf8.c - the functions of utf8.h agree with each other on any bytes. */
#include <stdlib.h>

#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

/* Character by character: the valid prefix ends where utf8_next first refuses. */
static void check_prefix(Str s)
{
    size_t at = 0, valid = utf8_valid_len(s);
    while (at < s.len) {
        size_t from = at;
        uint32_t cp = utf8_next(s, &at);
        if (cp == UTF8_INVALID) {
            REQUIRE(from == valid && at == from + 1);
            return;
        }
        char bytes[4];
        size_t n = utf8_put(cp, bytes);
        REQUIRE(n == at - from && memcmp(bytes, s.ptr + from, n) == 0);
    }
    REQUIRE(valid == s.len);
}

static void check_boundaries(Str s)
{
    for (size_t at = 0; at <= s.len && at < 300; at++) {
        size_t low = utf8_floor(s, at), high = utf8_ceil(s, at);
        REQUIRE(low <= at && at <= high && high - low <= 4);
        REQUIRE(utf8_ok(str_sub(s, 0, low)) && utf8_ok(str_sub(s, high, s.len)));
        REQUIRE((low == at) == (high == at));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Str s = {(const char *)data, size};
    Buf mended;
    check_prefix(s);
    buf_init(&mended, BUF_DEFAULT_MAX);
    REQUIRE(utf8_append_lossy(&mended, s));
    REQUIRE(utf8_ok(buf_str(&mended)));
    REQUIRE(!utf8_ok(s) || str_eq(buf_str(&mended), s));
    check_boundaries(buf_str(&mended));
    REQUIRE(utf8_count(buf_str(&mended)) <= size);
    buf_release(&mended);
    return 0;
}
