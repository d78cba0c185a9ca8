/* sq_candidates.h - shared by candidates.c and candidates_far.c. */
#ifndef SOTTO_STORE_SQLITE_SQ_CANDIDATES_H
#define SOTTO_STORE_SQLITE_SQ_CANDIDATES_H

#include "store/sqlite/sq_replica.h"

typedef struct {
    Sqlite *s;
    SqOwner *o;
    SqIndex *x;
    SqConn *c;
    Arena *a;
    const CandidateQuery *q;
    KindexQueryTerm *terms;
    float *cover;     /* of terms[i]: what it counts for coverage; 0 for a prefix's words */
    size_t n_terms;
    uint32_t slots;   /* bits in a bitmap */
    uint64_t *allow;  /* NULL: all */
    uint64_t *mark;   /* scratch */
    bool by_id;       /* words or a filter that only we understand narrow it */
    bool failed;      /* memory was short in a callback */
    SqListsFn lists;  /* NULL: our own indexes give them */
    void *lists_arg;
    size_t unknown;   /* passages in them that are not here */
} SqQuery;

/* Candidates by slot while the union is made. */
typedef struct {
    Candidate *items;
    uint32_t *slot_of;
    size_t n;
    uint32_t *table; /* index + 1 by slot */
    size_t mask;
} SqUnion;

Candidate *sq_union_at(SqUnion *u, uint32_t slot); /* made when it is new */
KindexQuery sq_keyword_query(const SqQuery *p, float *scale);
/* The lists that p->lists gives, as far as we have what they name and the query allows it. */
bool sq_far_lists(SqQuery *p, SqUnion *u, Candidates *out, Err *err);
/* Our own scores for both sides: a collection's idf is everybody's, and so is its rounding. */
bool sq_far_scores(SqQuery *p, SqUnion *u, Candidates *out, Err *err);

#endif
