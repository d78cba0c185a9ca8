#include "base/mem.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Nothing is counted until a test asks, so that the ordinary path costs one relaxed load and no
 * cache line is shared for writing between threads. */
static atomic_bool counting;
static _Atomic uint64_t counted;
static _Atomic uint64_t fail_at; /* value of `counted` that fails; 0: none does */
static atomic_bool fail_forever;

static bool refuse(void)
{
    if (!atomic_load_explicit(&counting, memory_order_relaxed))
        return false;
    uint64_t n = atomic_fetch_add(&counted, 1) + 1;
    uint64_t at = atomic_load(&fail_at);
    return at != 0 && (n == at || (n > at && atomic_load(&fail_forever)));
}

void *mem_alloc(size_t size)
{
    if (refuse())
        return NULL;
    return malloc(size ? size : 1);
}

void *mem_zalloc(size_t size)
{
    if (refuse())
        return NULL;
    return calloc(1, size ? size : 1);
}

void *mem_array(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    return mem_zalloc(bytes);
}

void *mem_resize(void *block, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || refuse())
        return NULL;
    return realloc(block, bytes ? bytes : 1); /* realloc(p, 0) would free p */
}

bool mem_grow(void *list, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return true;
    size_t more;
    if (__builtin_mul_overflow(*cap ? *cap : MEM_GROW_FIRST / 2, (size_t)2, &more))
        return false;
    void *block; /* a T * has the size and shape of a void *, but is no void *: copied as bytes */
    memcpy(&block, list, sizeof block);
    block = mem_resize(block, more, size);
    if (!block)
        return false;
    memcpy(list, &block, sizeof block);
    *cap = more;
    return true;
}

void *mem_aligned(size_t align, size_t size)
{
    void *block = NULL;
    if (align < 16)
        align = 16;
    if (refuse() || posix_memalign(&block, align, size ? size : 1) != 0)
        return NULL;
    return block;
}

char *mem_strdup(const char *text)
{
    size_t n = strlen(text) + 1;
    char *copy = mem_alloc(n);
    if (copy)
        memcpy(copy, text, n);
    return copy;
}

void mem_free(void *block)
{
    free(block);
}

void mem_test_fail(uint64_t nth, int forever)
{
    atomic_store(&counting, true);
    atomic_store(&fail_forever, forever != 0);
    atomic_store(&fail_at, nth ? atomic_load(&counted) + nth : 0);
}

uint64_t mem_test_count(void)
{
    static _Atomic uint64_t last;
    atomic_store(&counting, true);
    uint64_t now = atomic_load(&counted);
    return now - atomic_exchange(&last, now);
}
