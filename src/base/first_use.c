#include "base/first_use.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A block of the reserve is preceded by its size. */
typedef struct {
    _Alignas(16) size_t size;
} Head;

static _Alignas(16) char reserve[FIRST_USE_BYTES]; /* no page of it exists until it is needed */
static size_t reserve_at;                          /* under one_at_a_time */
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local bool touching, was_short;

static _Atomic uint64_t test_count, test_nth;

void crypto_test_fail(uint64_t nth)
{
    atomic_store(&test_count, 0);
    atomic_store(&test_nth, nth);
}

/* libc's own, as for any library: what mem.h counts is the program's. */
static void *from_heap(void *block, size_t size)
{
    uint64_t nth = atomic_load(&test_nth);
    return nth && atomic_fetch_add(&test_count, 1) + 1 >= nth ? NULL : realloc(block, size);
}

static bool is_reserved(const void *block)
{
    uintptr_t at = (uintptr_t)block, from = (uintptr_t)reserve;
    return at >= from && at < from + sizeof reserve;
}

static void *from_reserve(size_t size)
{
    size_t room = sizeof reserve - reserve_at;
    if (!touching || size > room || sizeof(Head) + size > room)
        return NULL;
    Head *h = (Head *)(void *)(reserve + reserve_at);
    h->size = size;
    reserve_at += (sizeof *h + size + 15) / 16 * 16;
    return h + 1;
}

static void *take(size_t size, const char *file, int line)
{
    (void)file, (void)line;
    if (!size)
        return NULL;
    void *block = from_heap(NULL, size);
    if (!block)
        block = from_reserve(size);
    was_short |= !block;
    return block;
}

bool crypto_was_short(void)
{
    bool was = was_short;
    was_short = false;
    return was;
}

static void give(void *block, const char *file, int line)
{
    (void)file, (void)line;
    if (!is_reserved(block))
        free(block);
}

static void *retake(void *block, size_t size, const char *file, int line)
{
    if (!block)
        return take(size, file, line);
    if (!size) {
        give(block, file, line);
        return NULL;
    }
    if (!is_reserved(block)) {
        void *same = from_heap(block, size);
        was_short |= !same;
        return same;
    }
    void *bigger = take(size, file, line);
    size_t had = ((const Head *)block - 1)->size;
    if (bigger)
        memcpy(bigger, block, had < size ? had : size);
    return bigger;
}

static void use_our_memory(void)
{
    /* Refused when somebody used libcrypto before; then it has had its first use. */
    (void)CRYPTO_set_mem_functions(take, retake, give);
}

void crypto_first_use(void (*touch)(void *arg), void *arg)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, use_our_memory);
    pthread_mutex_lock(&one_at_a_time);
    touching = true;
    touch(arg);
    touching = false;
    pthread_mutex_unlock(&one_at_a_time);
}
