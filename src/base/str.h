/* str.h - borrowed text (Str) and owned growable text (Buf).
 *
 * A Str is a pointer and a length, borrowed: valid as long as whoever made it says. It need not be
 * NUL-terminated. A Buf owns its bytes and has a mandatory ceiling; an append that would pass it,
 * or that finds no memory, leaves the contents as they were, sets `failed`, and every later append
 * fails too: a long run of appends needs one check at its end (buf_ok).
 *
 * Threads: plain data; one owner at a time. */
#ifndef SOTTO_BASE_STR_H
#define SOTTO_BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"

typedef struct {
    const char *ptr;
    size_t len;
} Str;

#define STR(literal) ((Str){"" literal, sizeof(literal) - 1})
#define STR_FMT "%.*s"
#define STR_ARG(s) (int)(s).len, (s).ptr

static inline Str str_of(const char *c) { return (Str){c, c ? strlen(c) : 0}; }
static inline Str str_mem(const char *p, size_t n) { return (Str){p, n}; }
bool str_eq(Str a, Str b);
bool str_eq_nocase(Str a, Str b); /* ASCII case only */
int str_cmp(Str a, Str b);        /* bytewise, shorter first on a tie */
bool str_starts(Str s, Str prefix);
bool str_ends(Str s, Str suffix);
bool str_ends_nocase(Str s, Str suffix);
/* Offset of the first `needle` at or after `from`, or SIZE_MAX. */
size_t str_find(Str s, Str needle, size_t from);
Str str_trim(Str s);              /* ASCII white space off both ends */
Str str_sub(Str s, size_t from, size_t to); /* clamped to the string */
Str str_file_name(Str path);                /* what stands behind the last "/"; all when none */
/* Whether s is one of n words in the order of str_cmp; by halving. */
bool str_in_sorted(Str s, const char *const *words, size_t n);
/* Splits off the part before `sep` from *rest; false when *rest is used up (ptr NULL). */
bool str_next(Str *rest, char sep, Str *part);
/* Strict whole-string numbers: no sign for u64, no white space, no overflow. */
bool str_to_u64(Str s, uint64_t *out);
bool str_to_i64(Str s, int64_t *out);
bool str_to_double(Str s, double *out); /* finite, C locale, at most 63 characters */
bool str_to_bool(Str s, bool *out);     /* true/false/1/0/yes/no/on/off */
int str_hex_digit(char c);               /* 0..15, or -1 */
uint64_t str_hash(Str s);               /* FNV-1a finished by a mixer; not for hostile keys */

typedef struct {
    char *ptr;      /* NUL-terminated whenever not NULL */
    size_t len, cap;
    size_t max;     /* ceiling in bytes, without the NUL */
    bool failed;
    bool no_memory; /* why it failed: memory, not the ceiling */
} Buf;

#define BUF_DEFAULT_MAX ((size_t)64 << 20)

void buf_init(Buf *b, size_t max);
void buf_release(Buf *b);       /* frees and leaves an empty Buf with the same ceiling */
void buf_clear(Buf *b);         /* keeps the memory, forgets the contents and the failure */
static inline bool buf_ok(const Buf *b) { return !b->failed; }
/* False with ERR_TOO_LARGE or ERR_NO_MEMORY and "`what` ..." when an append has failed. */
bool buf_check(const Buf *b, const char *what, Err *err);
static inline Str buf_str(const Buf *b) { return (Str){b->ptr ? b->ptr : "", b->len}; }
/* Room for `extra` more bytes; returns where to write them, or NULL. buf_grew commits them. */
char *buf_reserve(Buf *b, size_t extra);
void buf_grew(Buf *b, size_t n);
bool buf_add(Buf *b, Str s);
bool buf_add_mem(Buf *b, const void *p, size_t n);
bool buf_add_c(Buf *b, const char *c_string);
bool buf_add_char(Buf *b, char c);
bool buf_printf(Buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool buf_vprintf(Buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
void buf_cut(Buf *b, size_t len); /* shortens to len when longer */
/* Hands the bytes (with a NUL; mem_free) to the caller and empties the Buf; NULL when failed. */
char *buf_take(Buf *b, size_t *len);

#endif
