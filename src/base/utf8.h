/* utf8.h - UTF-8 as RFC 3629 has it: no surrogates, no overlong forms, at most U+10FFFF.
 * Threads: pure functions. */
#ifndef SOTTO_BASE_UTF8_H
#define SOTTO_BASE_UTF8_H

#include "base/str.h"

#define UTF8_INVALID 0xFFFFFFFFu

/* Length of the valid prefix of s in bytes; s.len when all of it is valid. */
size_t utf8_valid_len(Str s);
static inline bool utf8_ok(Str s) { return utf8_valid_len(s) == s.len; }
/* The code point at *at, which is moved past it; UTF8_INVALID moves by one byte. */
uint32_t utf8_next(Str s, size_t *at);
/* Bytes written to out[4]; 0 for what is no code point. */
size_t utf8_put(uint32_t cp, char out[4]);
bool utf8_append(Buf *b, uint32_t cp);
/* The largest character boundary at or before `at` (s is valid UTF-8). */
size_t utf8_floor(Str s, size_t at);
size_t utf8_ceil(Str s, size_t at);
size_t utf8_count(Str s); /* code points in valid UTF-8 */
/* s begins with what is no character: the bytes of the maximal part of one it could be (1 to 3),
 * the unit that one U+FFFD stands for (Unicode 15, section 3.9). */
size_t utf8_broken_len(Str s);
/* Appends s with every invalid byte replaced by U+FFFD (one a maximal subpart). Returns buf_ok. */
bool utf8_append_lossy(Buf *b, Str s);

#endif
