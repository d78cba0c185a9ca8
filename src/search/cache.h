/* cache.h - a bounded cache of results, oldest use out first.
 *
 * An entry's key holds everything that its value depends on, the store's version of its owner
 * included, so that any write makes it unreachable at once; nothing has to be told to forget. An
 * entry lives at most ttl_ms. A value is whatever the maker puts into the entry's own Arena,
 * immutable from then on.
 *
 * Threads: every call is safe from any thread; an entry stays valid while it is held. */
#ifndef SOTTO_SEARCH_CACHE_H
#define SOTTO_SEARCH_CACHE_H

#include "base/arena.h"

typedef struct Cache Cache;
typedef struct CacheEntry CacheEntry;

/* `name` is the label of cache_requests_total{cache,outcome}; a literal. entries of 0 keeps
 * nothing. */
Cache *cache_new(const char *name, size_t entries, size_t bytes, unsigned ttl_ms, Err *err);
void cache_free(Cache *c); /* NULL is allowed; no entry may be held */

/* The value under the key, held until cache_leave; NULL when there is none. */
const void *cache_enter(Cache *c, Str key, CacheEntry **held);
void cache_leave(Cache *c, CacheEntry *held);

/* Takes the Arena over, also when it does not keep it: larger than an eighth of the cache, or
 * memory is short. A value that is there under the key already is replaced. */
void cache_put(Cache *c, Str key, Arena *arena, const void *value);
/* The same for a text, which is copied: its value is a const Str *. One allocation. */
void cache_put_text(Cache *c, Str key, Str text);

typedef struct {
    size_t entries, bytes;
    uint64_t hits, misses;
} CacheStats;
CacheStats cache_stats(Cache *c);

#endif
