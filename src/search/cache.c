/* cache.c - a hash table with a list through it in order of use. */
#include "search/cache.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/metrics.h"

struct CacheEntry {
    CacheEntry *older, *newer; /* in order of use */
    CacheEntry *next;          /* in the bucket */
    Arena *arena;
    const void *value;
    Str text;                  /* of cache_put_text */
    uint64_t hash, born_ns;
    size_t bytes;
    unsigned holders;
    bool dropped; /* out of the table; freed when nobody holds it */
    size_t key_len;
    char key[];
};

struct Cache {
    pthread_mutex_t lock;
    const char *name;
    size_t max_entries, max_bytes, n, bytes, mask;
    uint64_t ttl_ns, hits, misses;
    CacheEntry **buckets, *newest, *oldest;
    Metric *requests;
};

Cache *cache_new(const char *name, size_t entries, size_t bytes, unsigned ttl_ms, Err *err)
{
    Cache *c = mem_zalloc(sizeof *c);
    size_t buckets = 16;
    while (buckets < entries * 2 && buckets < (size_t)1 << 24)
        buckets *= 2;
    if (c)
        c->buckets = mem_array(buckets, sizeof *c->buckets);
    if (!c || !c->buckets) {
        mem_free(c);
        err_set(err, ERR_NO_MEMORY, "making the %s cache: out of memory", name);
        return NULL;
    }
    pthread_mutex_init(&c->lock, NULL);
    c->name = name;
    c->max_entries = entries;
    c->max_bytes = bytes;
    c->mask = buckets - 1;
    c->ttl_ns = (uint64_t)ttl_ms * 1000000u;
    c->requests = metric_counter("cache_requests_total", "Look-ups in the caches of answers.",
                                 "cache,outcome");
    return c;
}

static void entry_free(CacheEntry *e)
{
    arena_free(e->arena);
    mem_free(e);
}

/* Out of the table and the list; the memory goes when the last holder does. */
static void drop(Cache *c, CacheEntry *e)
{
    CacheEntry **at = &c->buckets[e->hash & c->mask];
    while (*at != e)
        at = &(*at)->next;
    *at = e->next;
    *(e->newer ? &e->newer->older : &c->newest) = e->older;
    *(e->older ? &e->older->newer : &c->oldest) = e->newer;
    c->n--;
    c->bytes -= e->bytes;
    e->dropped = true;
    if (!e->holders)
        entry_free(e);
}

static void use(Cache *c, CacheEntry *e)
{
    e->older = c->newest;
    e->newer = NULL;
    *(c->newest ? &c->newest->newer : &c->oldest) = e;
    c->newest = e;
}

void cache_free(Cache *c)
{
    if (!c)
        return;
    while (c->newest)
        drop(c, c->newest);
    pthread_mutex_destroy(&c->lock);
    mem_free(c->buckets);
    mem_free(c);
}

static CacheEntry *find(Cache *c, Str key, uint64_t hash)
{
    CacheEntry *e = c->buckets[hash & c->mask];
    while (e && !(e->hash == hash && str_eq((Str){e->key, e->key_len}, key)))
        e = e->next;
    if (e && clock_mono_ns() - e->born_ns > c->ttl_ns) {
        drop(c, e);
        e = NULL;
    }
    return e;
}

const void *cache_enter(Cache *c, Str key, CacheEntry **held)
{
    uint64_t hash = str_hash(key);
    pthread_mutex_lock(&c->lock);
    CacheEntry *e = find(c, key, hash);
    if (e) {
        e->holders++;
        if (e != c->newest) {
            *(e->newer ? &e->newer->older : &c->newest) = e->older;
            *(e->older ? &e->older->newer : &c->oldest) = e->newer;
            use(c, e);
        }
    }
    *(e ? &c->hits : &c->misses) += 1;
    pthread_mutex_unlock(&c->lock);
    METRIC_INC(c->requests, c->name, e ? "hit" : "miss");
    *held = e;
    return e ? e->value : NULL;
}

void cache_leave(Cache *c, CacheEntry *held)
{
    if (!held)
        return;
    pthread_mutex_lock(&c->lock);
    bool last = --held->holders == 0 && held->dropped;
    pthread_mutex_unlock(&c->lock);
    if (last)
        entry_free(held);
}

/* Takes the arena of `value`, which may be NULL. `more`: bytes behind the key that are the
 * caller's. */
static CacheEntry *entry_new(Cache *c, Str key, Arena *arena, size_t more)
{
    size_t bytes = (arena ? arena_used(arena) : 0) + key.len + more + sizeof(CacheEntry);
    CacheEntry *e =
        c->max_entries && bytes <= c->max_bytes / 8 ? mem_alloc(sizeof *e + key.len + more) : NULL;
    if (!e) {
        arena_free(arena);
        return NULL;
    }
    *e = (CacheEntry){.arena = arena,
                      .hash = str_hash(key),
                      .born_ns = clock_mono_ns(),
                      .bytes = bytes,
                      .key_len = key.len};
    memcpy(e->key, key.ptr, key.len);
    return e;
}

static void put(Cache *c, CacheEntry *e)
{
    pthread_mutex_lock(&c->lock);
    CacheEntry *old = find(c, (Str){e->key, e->key_len}, e->hash);
    if (old)
        drop(c, old);
    e->next = c->buckets[e->hash & c->mask];
    c->buckets[e->hash & c->mask] = e;
    use(c, e);
    c->n++;
    c->bytes += e->bytes;
    while (c->oldest && (c->n > c->max_entries || c->bytes > c->max_bytes))
        drop(c, c->oldest);
    pthread_mutex_unlock(&c->lock);
}

void cache_put(Cache *c, Str key, Arena *arena, const void *value)
{
    CacheEntry *e = entry_new(c, key, arena, 0);
    if (!e)
        return;
    e->value = value;
    put(c, e);
}

void cache_put_text(Cache *c, Str key, Str text)
{
    CacheEntry *e = entry_new(c, key, NULL, text.len);
    if (!e)
        return;
    memcpy(e->key + key.len, text.ptr, text.len);
    e->text = (Str){e->key + key.len, text.len};
    e->value = &e->text;
    put(c, e);
}

CacheStats cache_stats(Cache *c)
{
    pthread_mutex_lock(&c->lock);
    CacheStats s = {c->n, c->bytes, c->hits, c->misses};
    pthread_mutex_unlock(&c->lock);
    return s;
}
