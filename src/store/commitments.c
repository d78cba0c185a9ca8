/* commitments.c - checks what every back end would have to check, then calls through the table. */
#include "store/commitments.h"

#include "store/store_ops.h"

bool store_commitment_list(Store *s, const Uuid *owner, const CommitmentQuery *q, Arena *a,
    StoredCommitment **out, size_t *n, uint64_t *total, Err *err)
{
    if (q->limit == 0 || q->limit > STORE_MAX_PAGE)
        return err_set(err, ERR_VALIDATION, "a page has 1 to %u entries", STORE_MAX_PAGE);
    return s->ops->commitment_list(s, owner, q, a, out, n, total, err);
}

bool store_commitment_get(Store *s, const Uuid *owner, const Uuid *id, Arena *a,
    StoredCommitment *out, Err *err)
{
    return s->ops->commitment_get(s, owner, id, a, out, err);
}

bool store_commitment_decide(Store *s, const Uuid *owner, const Uuid *id, CommitmentState state,
    const Uuid *task, Err *err)
{
    if ((state == COMMITMENT_TAKEN) != (task != NULL))
        return err_set(err, ERR_VALIDATION, "what is taken names its task, and nothing else does");
    return s->ops->commitment_decide(s, owner, id, state, task, err);
}
