/* buf.c - the owned, growable half of str.h. */
#include <stdio.h>

#include "base/mem.h"
#include "base/str.h"

void buf_init(Buf *b, size_t max)
{
    *b = (Buf){.max = max < SIZE_MAX / 4 ? max : SIZE_MAX / 4};
}

void buf_release(Buf *b)
{
    mem_free(b->ptr);
    buf_init(b, b->max);
}

void buf_clear(Buf *b)
{
    b->len = 0;
    b->failed = b->no_memory = false;
    if (b->ptr)
        b->ptr[0] = '\0';
}

bool buf_check(const Buf *b, const char *what, Err *err)
{
    if (!b->failed)
        return true;
    if (b->no_memory)
        return err_set(err, ERR_NO_MEMORY, "%s: out of memory after %zu bytes", what, b->len);
    return err_set(err, ERR_TOO_LARGE, "%s is larger than the limit of %zu bytes", what, b->max);
}

char *buf_reserve(Buf *b, size_t extra)
{
    if (b->failed)
        return NULL;
    if (extra > b->max - b->len) {
        b->failed = true;
        return NULL;
    }
    size_t need = b->len + extra + 1;
    if (need > b->cap) {
        size_t cap = b->cap * 2 > 64 ? b->cap * 2 : 64;
        if (cap > b->max + 1)
            cap = b->max + 1;
        if (cap < need)
            cap = need;
        char *ptr = mem_resize(b->ptr, cap, 1);
        if (!ptr) {
            b->failed = b->no_memory = true;
            return NULL;
        }
        b->ptr = ptr;
        b->cap = cap;
        b->ptr[b->len] = '\0';
    }
    return b->ptr + b->len;
}

void buf_grew(Buf *b, size_t n)
{
    b->len += n;
    b->ptr[b->len] = '\0';
}

bool buf_add_mem(Buf *b, const void *p, size_t n)
{
    char *to = buf_reserve(b, n);
    if (!to)
        return false;
    if (n)
        memcpy(to, p, n);
    buf_grew(b, n);
    return true;
}

bool buf_add(Buf *b, Str s)
{
    return buf_add_mem(b, s.ptr, s.len);
}

bool buf_add_c(Buf *b, const char *c_string)
{
    return buf_add_mem(b, c_string, strlen(c_string));
}

bool buf_add_char(Buf *b, char c)
{
    return buf_add_mem(b, &c, 1);
}

bool buf_vprintf(Buf *b, const char *fmt, va_list ap)
{
    char small[256];
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(small, sizeof small, fmt, ap);
    bool ok = false;
    if (n < 0) {
        b->failed = true;
    } else if ((size_t)n < sizeof small) {
        ok = buf_add_mem(b, small, (size_t)n);
    } else {
        char *to = buf_reserve(b, (size_t)n);
        if (to) {
            (void)vsnprintf(to, (size_t)n + 1, fmt, again);
            buf_grew(b, (size_t)n);
            ok = true;
        }
    }
    va_end(again);
    return ok;
}

bool buf_printf(Buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    bool ok = buf_vprintf(b, fmt, ap);
    va_end(ap);
    return ok;
}

void buf_cut(Buf *b, size_t len)
{
    if (len < b->len) {
        b->len = len;
        b->ptr[len] = '\0';
    }
}

char *buf_take(Buf *b, size_t *len)
{
    if (!buf_reserve(b, 0)) /* an empty Buf may have no memory yet */
        return NULL;
    char *ptr = b->ptr;
    if (len)
        *len = b->len;
    buf_init(b, b->max);
    return ptr;
}
