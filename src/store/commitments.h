/* commitments.h - sentences of documents that bind a person to a date, until somebody decides about
 * them: proposed, made a task, or dismissed.
 *
 * They are written with their document (DocumentPut.commitments) and go with it. The same words
 * with the same date in another document are one proposal, and one decision. A document that is
 * read again keeps the decisions about sentences that it still has.
 *
 * Threads: as store.h. */
#ifndef SOTTO_STORE_COMMITMENTS_H
#define SOTTO_STORE_COMMITMENTS_H

#include "store/store.h"

typedef enum { COMMITMENT_OPEN, COMMITMENT_TAKEN, COMMITMENT_DISMISSED } CommitmentState;

typedef struct {
    Uuid id, document;
    Str title;            /* the document's */
    Str source;
    int kind;             /* text/commitment.h's */
    uint32_t start, end;  /* bytes of the document's text */
    Str text;             /* exactly those */
    int64_t due_at;
    bool timed;
    double strength;
    CommitmentState state;
    Uuid task;            /* TAKEN: the task; else nil */
} StoredCommitment;

typedef struct {
    int64_t from, until;  /* due_at in [from, until) */
    double least;         /* strength */
    const CommitmentState *state; /* NULL: any */
    const Uuid *document; /* NULL: any */
    size_t limit;
} CommitmentQuery;

/* By date, one for each set of equal ones (the document that came first). *total: without limit. */
bool store_commitment_list(Store *s, const Uuid *owner, const CommitmentQuery *q, Arena *a,
    StoredCommitment **out, size_t *n, uint64_t *total, Err *err);
bool store_commitment_get(Store *s, const Uuid *owner, const Uuid *id, Arena *a,
    StoredCommitment *out, Err *err);
/* For all that are equal to it. `task` with TAKEN, else NULL. ERR_NOT_FOUND. */
bool store_commitment_decide(Store *s, const Uuid *owner, const Uuid *id, CommitmentState state,
    const Uuid *task, Err *err);

#endif
