/* qdrant.h - the store over a Qdrant server or cluster.
 *
 * What a person owns lives in two collections there; docs/QDRANT.md says how. Any number of
 * processes may open the same two: each sees what the others acknowledged. A server that is away
 * makes calls fail with ERR_UNAVAILABLE, and they succeed again when it is back.
 *
 * Threads: as store.h. */
#ifndef SOTTO_STORE_QDRANT_H
#define SOTTO_STORE_QDRANT_H

#include "store/store.h"

typedef struct {
    const char *url;      /* http:// or https://, without a path */
    const char *key;      /* NULL or empty: none */
    const char *prefix;   /* of the collections' names; NULL: "personal_" */
    unsigned shards, replicas; /* of collections that are made; 0: 1 */
    unsigned timeout_ms;  /* of one request; 0: 10 s */
} QdrantOptions;

/* `o->dir` is the folder of this process's working copies, which may be lost. ERR_CONFLICT: the
 * collections there are of another kind, or another process has the folder; ERR_FORBIDDEN: the key
 * is refused. A server that cannot be reached is no error here. */
Store *store_open_qdrant(const StoreOptions *o, const QdrantOptions *q, Err *err);
/* How long the last answer took there, of all this thread's requests since the last call; ns. For
 * benchmarks. */
uint64_t store_qdrant_waited(void);

#endif
