/* sq_replica.h - the SQLite back end as the working copy of one person's rows, whose truth is
 * elsewhere (store/qdrant).
 *
 *   a write -> its transaction -> what it changed, row by row -> `send` -> COMMIT, if it said yes
 *   rows from elsewhere -> one transaction, with the full-text rows and the caches that follow
 *
 * What changed is what SQLite's session extension recorded: every table with a primary key, but for
 * those that are made from others (full text, the caches' log) or are about this file alone. A row
 * travels as a JSON object of its columns: whole numbers, strings, null; fractions as {"f":
 * "0.25"}, bytes as {"t": "..."} when they are text and {"b": "base64"} when not. Its key is its
 * primary key's values, joined by U+001F.
 *
 * Every row carries the number (`seq`) and the name (`txn`) of the commit that wrote it, kept
 * beside it in the table replica_rows; the highest number that was applied is in replica_state.
 *
 * Threads: `send` and the functions over an SqApply run in the writer's thread. */
#ifndef SOTTO_STORE_SQLITE_SQ_REPLICA_H
#define SOTTO_STORE_SQLITE_SQ_REPLICA_H

#include "base/json.h"
#include "store/sqlite/sq_index.h"

typedef struct {
    Str table, key;
    Str json;            /* the row; ptr NULL: it is gone */
    Uuid was;            /* txn of the version before; nil: there was none */
    bool had;
} SqRowChange;

typedef struct {
    uint64_t seq;        /* the number this commit is to have */
    Uuid txn;
    SqRowChange *rows;
    size_t n_rows, cap_rows;
    int64_t *chunks;     /* chunk numbers that came, in order */
    size_t n_chunks, cap_chunks;
    Uuid *gone_chunks;
    size_t n_gone, cap_gone;
    int64_t *docs;       /* numbers of documents whose facts or tags changed */
    size_t n_docs, cap_docs;
    SqConn *conn;        /* inside the transaction */
    unsigned context_weight;
    const char *model;   /* the store's encoder; "": any */
    Arena *arena;
} SqChange;

/* False: nothing is committed. */
typedef bool (*SqSendFn)(void *arg, const SqChange *c, Err *err);
typedef struct {
    SqSendFn send;
    void (*committed)(void *arg, uint64_t seq); /* the local commit happened too */
    void *arg;
} SqReplicaOptions;

typedef struct SqReplica SqReplica;

/* From now on every write of the store is sent. */
bool sq_replica_start(Store *local, const SqReplicaOptions *o, Err *err);
void sq_replica_free(SqReplica *r);
uint64_t sq_replica_seq(Store *local); /* 0: nothing was ever applied */
/* The last commit that the copy has. */
bool sq_replica_last(Store *local, uint64_t *seq, Uuid *txn, Err *err);
/* Sends what was changed outside of requests (owners, housekeeping). */
bool sq_replica_flush(Store *local, Err *err);
/* The owner's row, when the copy is new. */
bool sq_replica_owner(Store *local, const Uuid *owner, Err *err);
/* For writer.c: before COMMIT, after it. */
bool sq_replica_before(Sqlite *s, Err *err);
void sq_replica_after(Sqlite *s, bool committed);
/* The writer has a new connection, and the old one is still open. */
bool sq_replica_reconnect(Sqlite *s, Err *err);

/* ---- a passage as a search engine needs it --------------------------------------------------- */

typedef struct {
    Uuid id, document;
    int64_t chunk_no, doc_no;
    uint32_t ordinal, start, end, page;
    Str text, context;
    VindexCode code;
    SqTerms terms;
} SqPassage;
bool sq_replica_passage(const SqChange *c, int64_t chunk_no, Arena *a, SqPassage *out, Err *err);
/* The document with its tags, without its text; ptr of *found false: it is gone. */
bool sq_replica_document(SqConn *c, int64_t doc_no, Arena *a, Document *out, bool *found, Err *err);

/* 0: it is not there. */
bool sq_replica_doc_of(SqConn *c, int64_t chunk_no, int64_t *doc_no, Err *err);

/* Rows that the copy has, as of its last commit; the version of one of them. */
bool sq_replica_count(SqConn *c, uint64_t *n, Err *err);
bool sq_replica_version(SqConn *c, Str table, Str key, bool *found, Uuid *txn, Err *err);

/* ---- rows from elsewhere --------------------------------------------------------------------- */

typedef struct SqApply SqApply;
/* Runs fn alone in the writer's thread, in one transaction with foreign keys unchecked; then the
 * index and the counters follow, and versions grow when something was applied. */
bool sq_replica_apply(Store *local, bool (*fn)(void *arg, SqApply *t, Err *err), void *arg,
    Err *err);
uint64_t sq_apply_seq(const SqApply *t); /* applied so far */
/* The row of `key` went with commit `seq`. All of them before the first row. */
bool sq_apply_gone(SqApply *t, Str table, Str key, uint64_t seq, Err *err);
/* Older versions than the one that is here are passed by. */
bool sq_apply_row(SqApply *t, Str table, Str key, const Json *row, uint64_t seq, const Uuid *txn,
    Err *err);
/* All rows there are will come, not those of some commits; after the last of them, what the copy
 * has and none of them was goes. */
bool sq_apply_anew(SqApply *t, Err *err);
bool sq_apply_seen_all(SqApply *t, Err *err);
bool sq_apply_done(SqApply *t, uint64_t seq, const Uuid *txn, Err *err);

/* ---- two lists from elsewhere ---------------------------------------------------------------- */

typedef struct {
    uint64_t chunk_no;
    float score;
} SqFound;
typedef struct {
    const KindexQueryTerm *terms; /* stems with weights */
    size_t n_terms;
    bool narrowed;       /* only some passages are allowed */
    bool by_id;          /* and what narrows cannot be said by DocFilter's plain members */
    uint64_t *numbers;   /* those passages, when by_id */
    size_t n_numbers;
} SqPlan;
/* Asks for the lists: at most k each, best first. */
typedef bool (*SqListsFn)(void *arg, const SqPlan *plan, SqFound *vectors, size_t *n_vectors,
    SqFound *words, size_t *n_words, Err *err);
/* As sq_candidates, with the lists of `lists`; the rest is worked out here. *unknown: how many
 * passages they name that are not here. */
bool sq_candidates_from(Store *store, const Uuid *owner, const CandidateQuery *q, Arena *a,
    SqListsFn lists, void *arg, size_t *unknown, Candidates *out, Err *err);

#endif
