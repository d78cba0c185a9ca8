/* sq_apply.h - shared by replica_apply.c (rows from elsewhere) and replica_follow.c (what follows
 * from them). */
#ifndef SOTTO_STORE_SQLITE_SQ_APPLY_H
#define SOTTO_STORE_SQLITE_SQ_APPLY_H

#include "store/sqlite/sq_news.h"
#include "store/sqlite/sq_replica_int.h"

typedef struct {
    int64_t doc, first, last;
    bool gone;
} SqApplyRange;

struct SqApply {
    Sqlite *s;
    SqConn *c;
    Arena *a;            /* of the whole */
    Arena *row;          /* of one row */
    bool anew;           /* rows that come are noted */
    bool whole;          /* from nothing: what follows from the rows follows from the tables */
    struct SqApplyTable *tables;
    size_t n_tables, cap_tables;
    uint64_t seq;
    bool any;
    SqApplyRange *ranges;
    size_t n_ranges, cap_ranges;
    struct {
        ChangeKind kind;
        Uuid document;
    } *notices;
    size_t n_notices, cap_notices;
    SqNews news;
};

/* The full text of passages that came, and the log that the caches replay. */
bool sq_apply_follow(SqApply *t, Err *err);

#endif
