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
Store *store_open_qdrant(const StoreOptions *o, const QdrantOptions *x, Err *err);
/* ---- moving ---------------------------------------------------------------------------------- */

typedef struct {
    uint64_t people, rows, passages;
} StoreMoved;
typedef struct {
    /* Now and then, while `people` of `all` are done; false: stop (ERR_CANCELLED). */
    bool (*progress)(void *arg, size_t people, size_t all, const char *table, uint64_t rows);
    void *arg;
} StoreMove;
/* Everything of a closed SQLite file (of this version) into Qdrant; then every working copy is made
 * anew from there and compared with the file: rows, their SHA-256, the number of passages that
 * can be found. Done again it goes on. ERR_CONFLICT: there are other data already. */
bool store_move_to_qdrant(Store *qdrant, const char *file, const StoreMove *m, StoreMoved *out,
    Err *err);
/* The other way, into an open SQLite store; its caches are made and everything is compared. */
bool store_move_to_sqlite(Store *qdrant, Store *sqlite, const StoreMove *m, StoreMoved *out,
    Err *err);

#endif
