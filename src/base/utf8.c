#include "base/utf8.h"

/* Bytes 2.. of a character are 80..BF, but after E0 (A0..BF), ED (80..9F), F0 (90..BF) and F4
 * (80..8F): that shuts out overlong forms, surrogates and what is above U+10FFFF (RFC 3629,
 * section 4). */

/* Length of the character at s[0], or, when it is broken, 0 and in *bad the length of the maximal
 * part that could have begun one (at least 1). n > 0. */
static size_t sequence(const unsigned char *s, size_t n, size_t *bad)
{
    unsigned char c = s[0], low = 0x80, high = 0xBF;
    size_t need;
    *bad = 1;
    if (c < 0x80)
        return 1;
    if (c >= 0xC2 && c <= 0xDF) {
        need = 2;
    } else if (c >= 0xE0 && c <= 0xEF) {
        need = 3;
        low = c == 0xE0 ? 0xA0 : 0x80;
        high = c == 0xED ? 0x9F : 0xBF;
    } else if (c >= 0xF0 && c <= 0xF4) {
        need = 4;
        low = c == 0xF0 ? 0x90 : 0x80;
        high = c == 0xF4 ? 0x8F : 0xBF;
    } else {
        return 0;
    }
    for (size_t i = 1; i < need; i++) {
        if (i >= n || s[i] < low || s[i] > high)
            return 0;
        low = 0x80;
        high = 0xBF;
        *bad = i + 1;
    }
    return need;
}

size_t utf8_valid_len(Str s)
{
    const unsigned char *p = (const unsigned char *)s.ptr;
    size_t at = 0, bad;
    while (at < s.len) {
        uint64_t word;
        if (s.len - at >= sizeof word) { /* most text is ASCII: eight bytes at a time */
            memcpy(&word, p + at, sizeof word);
            if ((word & 0x8080808080808080u) == 0) {
                at += sizeof word;
                continue;
            }
        }
        size_t n = sequence(p + at, s.len - at, &bad);
        if (n == 0)
            break;
        at += n;
    }
    return at;
}

uint32_t utf8_next(Str s, size_t *at)
{
    const unsigned char *p = (const unsigned char *)s.ptr + *at;
    size_t bad, n = sequence(p, s.len - *at, &bad);
    *at += n ? n : 1;
    switch (n) {
    case 1: return p[0];
    case 2: return (p[0] & 0x1Fu) << 6 | (p[1] & 0x3Fu);
    case 3: return (p[0] & 0x0Fu) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu);
    case 4: return (p[0] & 0x07u) << 18 | (p[1] & 0x3Fu) << 12 | (p[2] & 0x3Fu) << 6 |
                   (p[3] & 0x3Fu);
    default: return UTF8_INVALID;
    }
}

size_t utf8_put(uint32_t cp, char out[4])
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (char)(0xC0 | cp >> 6);
        out[1] = (char)(0x80 | (cp & 0x3F));
        return 2;
    }
    if (cp >= 0xD800 && cp <= 0xDFFF)
        return 0;
    if (cp < 0x10000) {
        out[0] = (char)(0xE0 | cp >> 12);
        out[1] = (char)(0x80 | (cp >> 6 & 0x3F));
        out[2] = (char)(0x80 | (cp & 0x3F));
        return 3;
    }
    if (cp > 0x10FFFF)
        return 0;
    out[0] = (char)(0xF0 | cp >> 18);
    out[1] = (char)(0x80 | (cp >> 12 & 0x3F));
    out[2] = (char)(0x80 | (cp >> 6 & 0x3F));
    out[3] = (char)(0x80 | (cp & 0x3F));
    return 4;
}

bool utf8_append(Buf *b, uint32_t cp)
{
    char bytes[4];
    size_t n = utf8_put(cp, bytes);
    return n > 0 && buf_add_mem(b, bytes, n);
}

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

size_t utf8_floor(Str s, size_t at)
{
    if (at >= s.len)
        return s.len;
    while (at > 0 && is_continuation(s.ptr[at]))
        at--;
    return at;
}

size_t utf8_ceil(Str s, size_t at)
{
    while (at < s.len && is_continuation(s.ptr[at]))
        at++;
    return at < s.len ? at : s.len;
}

size_t utf8_count(Str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++)
        n += !is_continuation(s.ptr[i]);
    return n;
}

size_t utf8_broken_len(Str s)
{
    size_t bad = 0;
    if (s.len > 0)
        (void)sequence((const unsigned char *)s.ptr, s.len, &bad);
    return bad;
}

bool utf8_append_lossy(Buf *b, Str s)
{
    while (s.len > 0) {
        size_t n = utf8_valid_len(s);
        (void)buf_add(b, str_sub(s, 0, n));
        s = str_sub(s, n, s.len);
        if (s.len == 0)
            break;
        (void)buf_add_c(b, "\xEF\xBF\xBD");
        s = str_sub(s, utf8_broken_len(s), s.len);
    }
    return buf_ok(b);
}
