/* sq_replica_int.h - shared by replica.c and replica_apply.c. */
#ifndef SOTTO_STORE_SQLITE_SQ_REPLICA_INT_H
#define SOTTO_STORE_SQLITE_SQ_REPLICA_INT_H

#include "store/sqlite/sq_replica.h"

struct SqReplica {
    SqReplicaOptions options;
    struct sqlite3_session *session; /* writer's thread */
    _Atomic uint64_t seq;
    uint64_t pending;                /* sent; becomes seq with the local commit */
    bool broken;                     /* nothing records: writes are refused */
};

bool sq_replica_table(const char *name);
/* ERR_CORRUPT when it is none. */
bool sq_replica_base64(Str s, Arena *a, Str *out, Err *err);
bool sq_replica_mark(SqConn *c, Str table, Str key, uint64_t seq, const Uuid *txn, Err *err);
bool sq_replica_unmark(SqConn *c, Str table, Str key, Err *err);
bool sq_replica_set_seq(SqConn *c, uint64_t seq, const Uuid *txn, Err *err);
/* Nothing is recorded in between. */
void sq_replica_pause(SqReplica *r, bool pause);
/* open.c: numbers go on after the highest that is there. */
bool sq_counters_load(Sqlite *s, Err *err);
/* owners.c: owners whose rows came from elsewhere. */
bool sq_owners_refresh(Sqlite *s, Err *err);

#endif
