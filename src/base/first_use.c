#include "base/first_use.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <string.h>

#include "base/mem.h"

/* A block of the reserve is preceded by its size. */
typedef struct {
    _Alignas(16) size_t size;
} Head;

static _Alignas(16) char reserve[FIRST_USE_BYTES]; /* no page of it exists until it is needed */
static size_t reserve_at;                          /* under one_at_a_time */
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local bool touching;

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
    void *block = size ? mem_alloc(size) : NULL;
    return block || !size ? block : from_reserve(size);
}

static void give(void *block, const char *file, int line)
{
    (void)file, (void)line;
    if (!is_reserved(block))
        mem_free(block);
}

static void *retake(void *block, size_t size, const char *file, int line)
{
    if (!block)
        return take(size, file, line);
    if (!size) {
        give(block, file, line);
        return NULL;
    }
    if (!is_reserved(block))
        return mem_resize(block, 1, size);
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
