#include "net/limiter.h"

#include <arpa/inet.h>
#include <pthread.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/os.h"

#define WAYS 8

typedef struct {
    uint64_t key; /* 0: empty */
    double tat;   /* seconds of the monotonic clock */
} Slot;

struct Limiter {
    pthread_mutex_t lock;
    uint64_t seed;
    size_t sets; /* a power of two */
    Slot *slots; /* [sets * WAYS] */
};

Limiter *limiter_new(size_t keys, Err *err)
{
    Limiter *l = mem_zalloc(sizeof *l);
    if (l) {
        l->sets = 1;
        while (l->sets * WAYS < keys)
            l->sets *= 2;
        l->slots = mem_zalloc(l->sets * WAYS * sizeof *l->slots);
    }
    if (!l || !l->slots) {
        mem_free(l);
        err_set(err, ERR_NO_MEMORY, "no memory for the limits of requests");
        return NULL;
    }
    if (!os_random(&l->seed, sizeof l->seed, err)) {
        mem_free(l->slots);
        mem_free(l);
        return NULL;
    }
    pthread_mutex_init(&l->lock, NULL);
    return l;
}

void limiter_free(Limiter *l)
{
    if (!l)
        return;
    pthread_mutex_destroy(&l->lock);
    mem_free(l->slots);
    mem_free(l);
}

static Slot *slot_of(Limiter *l, uint64_t key)
{
    Slot *set = &l->slots[(key >> 8 & (l->sets - 1)) * WAYS], *least = set;
    for (int i = 0; i < WAYS; i++) {
        if (set[i].key == key)
            return &set[i];
        if (set[i].tat < least->tat)
            least = &set[i];
    }
    *least = (Slot){.key = key};
    return least;
}

bool limiter_take(Limiter *l, unsigned kind, Str key, LimiterRate rate, double cost,
    unsigned *retry_s)
{
    double now = (double)clock_mono_ns() / 1e9;
    uint64_t hash = checksum64(l->seed + kind, key.ptr, key.len) | 1;
    pthread_mutex_lock(&l->lock);
    Slot *s = slot_of(l, hash);
    double begin = s->tat > now ? s->tat : now, end = begin + cost / rate.per_second;
    double wait = end - now - rate.burst / rate.per_second;
    if (wait <= 0)
        s->tat = end;
    pthread_mutex_unlock(&l->lock);
    if (wait > 0 && retry_s)
        *retry_s = wait < 1 ? 1 : wait > 86400 ? 86400 : (unsigned)wait + 1;
    return wait <= 0;
}

Str limiter_address(Str peer, char out[48])
{
    struct in6_addr v6;
    size_t n = peer.len < 47 ? peer.len : 47;
    memcpy(out, peer.ptr ? peer.ptr : "", n);
    out[n] = '\0';
    if (inet_pton(AF_INET6, out, &v6) != 1)
        return str_mem(out, n);
    if (IN6_IS_ADDR_V4MAPPED(&v6)) /* a peer of a socket for both */
        return str_of(inet_ntop(AF_INET, &v6.s6_addr[12], out, 48));
    memset(&v6.s6_addr[8], 0, 8);
    return str_of(inet_ntop(AF_INET6, &v6, out, 48));
}
