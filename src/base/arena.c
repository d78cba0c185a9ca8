#include "base/arena.h"

#include <stdio.h>

#include "base/mem.h"

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif
#ifdef ARENA_ASAN
/* What is not handed out is poisoned, so that an overrun inside a block is caught in the tests. */
#include <sanitizer/asan_interface.h>
#define POISON(p, n) ASAN_POISON_MEMORY_REGION((p), (n))
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION((p), (n))
#else
#define POISON(p, n) ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#endif

#define FIRST_BLOCK ((size_t)4 << 10)
#define LAST_BLOCK ((size_t)1 << 20)

typedef struct Block Block;
struct Block {
    Block *next;
    size_t size, used; /* of data */
    _Alignas(16) unsigned char data[];
};

struct Arena {
    Block *blocks; /* the first one is where small pieces come from */
    size_t max, used, next_size;
};

Arena *arena_new(size_t max)
{
    Arena *a = mem_zalloc(sizeof *a);
    if (a) {
        a->max = max;
        a->next_size = FIRST_BLOCK;
    }
    return a;
}

static void block_free(Block *b)
{
    UNPOISON(b->data, b->size);
    mem_free(b);
}

static void blocks_free(Block *b)
{
    while (b) {
        Block *next = b->next;
        block_free(b);
        b = next;
    }
}

void arena_free(Arena *a)
{
    if (!a)
        return;
    blocks_free(a->blocks);
    mem_free(a);
}

void arena_reset(Arena *a)
{
    a->used = 0;
    Block *b = a->blocks;
    if (!b)
        return;
    blocks_free(b->next);
    b->next = NULL;
    b->used = 0;
    POISON(b->data, b->size);
    /* A kept block made for one large piece would hold that memory for the arena's whole life. */
    if (b->size > LAST_BLOCK) {
        block_free(b);
        a->blocks = NULL;
    }
}

size_t arena_used(const Arena *a)
{
    return a->used;
}

static Block *block_new(size_t size)
{
    Block *b = mem_alloc(sizeof *b + size);
    if (!b)
        return NULL;
    b->next = NULL;
    b->size = size;
    b->used = 0;
    POISON(b->data, b->size);
    return b;
}

/* A block with room for `size`; NULL without memory. */
static Block *block_for(Arena *a, size_t size)
{
    Block *first = a->blocks;
    if (first && size <= first->size - first->used)
        return first;
    bool large = size > a->next_size / 2;
    Block *b = block_new(large ? size : a->next_size);
    if (!b)
        return NULL;
    if (large && first) {
        /* behind the first one, whose rest stays in use for small pieces */
        b->next = first->next;
        first->next = b;
        return b;
    }
    b->next = first;
    a->blocks = b;
    if (a->next_size < LAST_BLOCK)
        a->next_size *= 2;
    return b;
}

/* As arena_alloc, with whatever was there. */
static void *take(Arena *a, size_t size)
{
    if (size > a->max - a->used || size > SIZE_MAX / 2)
        return NULL;
    size_t rounded = size ? (size + 15) & ~(size_t)15 : 16;
    if (rounded > a->max - a->used)
        return NULL;
    Block *b = block_for(a, rounded);
    if (!b)
        return NULL;
    void *piece = b->data + b->used;
    b->used += rounded;
    a->used += rounded;
    UNPOISON(piece, size);
    return piece;
}

void *arena_alloc(Arena *a, size_t size)
{
    void *piece = take(a, size);
    if (piece)
        memset(piece, 0, size);
    return piece;
}

void *arena_array(Arena *a, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    return arena_alloc(a, bytes);
}

bool arena_grow(Arena *a, void *list, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return true;
    size_t more;
    if (__builtin_mul_overflow(*cap ? *cap : MEM_GROW_FIRST / 2, (size_t)2, &more))
        return false;
    void *old, *block = arena_array(a, more, size);
    if (!block)
        return false;
    memcpy(&old, list, sizeof old);
    if (n)
        memcpy(block, old, n * size);
    memcpy(list, &block, sizeof block);
    *cap = more;
    return true;
}

Str arena_str(Arena *a, Str s)
{
    if (s.len == 0)
        return STR("");
    char *copy = arena_cstr(a, s);
    return (Str){copy, copy ? s.len : 0};
}

char *arena_cstr(Arena *a, Str s)
{
    char *copy = s.len < SIZE_MAX ? take(a, s.len + 1) : NULL;
    if (!copy)
        return NULL;
    if (s.len)
        memcpy(copy, s.ptr, s.len);
    copy[s.len] = '\0';
    return copy;
}

Str arena_printf(Arena *a, const char *fmt, ...)
{
    char small[256];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(small, sizeof small, fmt, ap);
    va_end(ap);
    if (n < 0)
        return (Str){NULL, 0};
    if ((size_t)n < sizeof small)
        return arena_str(a, (Str){small, (size_t)n});
    char *text = arena_alloc(a, (size_t)n + 1);
    if (!text)
        return (Str){NULL, 0};
    va_start(ap, fmt);
    (void)vsnprintf(text, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return (Str){text, (size_t)n};
}

Str arena_buf(Arena *a, const Buf *b)
{
    return buf_ok(b) ? arena_str(a, buf_str(b)) : (Str){NULL, 0};
}
