/* proposals.h - tasks that documents ask for: shown, taken or dismissed; never made by themselves.
 *
 * Threads: as tasks.h. */
#ifndef SOTTO_ASSISTANT_PROPOSALS_H
#define SOTTO_ASSISTANT_PROPOSALS_H

#include "assistant/tasks.h"
#include "store/commitments.h"

/* Open ones from `from_ms` on, by date. */
bool proposals_list(Tasks *t, int64_t from_ms, size_t limit, Arena *a, StoredCommitment **out,
    size_t *n, uint64_t *total, Err *err);
/* One line, in the arena; ptr NULL without memory. */
Str proposal_title(const StoredCommitment *c, Arena *a);
/* Makes the task, with the quotation in its notes and "document:UUID#UUID" as its source; once,
 * however often it is asked for (then *made is false and *out that task). ERR_NOT_FOUND. */
bool proposals_take(Tasks *t, const Uuid *id, const Str *title, Arena *a, TaskResult *out,
    bool *made, Err *err);
/* ERR_CONFLICT when it is a task already. */
bool proposals_dismiss(Tasks *t, const Uuid *id, Arena *a, Err *err);

#endif
