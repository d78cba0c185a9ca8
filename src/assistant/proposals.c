#include "assistant/proposals.h"

#include "text/commitment.h"

#define AHEAD_MS ((int64_t)3 * 366 * 86400000) /* years: what is later is no task yet */

bool proposals_list(Tasks *t, int64_t from_ms, size_t limit, Arena *a, StoredCommitment **out,
                    size_t *n, uint64_t *total, Err *err)
{
    static const CommitmentState open = COMMITMENT_OPEN;
    CommitmentQuery q = {.from = from_ms, .until = from_ms + AHEAD_MS, .least = COMMITMENT_STRONG,
        .state = &open, .limit = limit};
    return store_commitment_list(tasks_store(t), tasks_owner(t), &q, a, out, n, total, err);
}

Str proposal_title(const StoredCommitment *c, Arena *a)
{
    char *line = arena_cstr(a, commitment_title(c->text, c->title));
    for (char *p = line; p && *p; p++)
        if (*p == '\n' || *p == '\t')
            *p = ' ';
    return str_of(line);
}

static bool source_of(const StoredCommitment *c, Arena *a, Str *out, Err *err)
{
    char document[UUID_TEXT], id[UUID_TEXT];
    *out = arena_printf(a, "document:%s#%s", uuid_format(&c->document, document),
                        uuid_format(&c->id, id));
    return out->ptr || err_set(err, ERR_NO_MEMORY, "taking a proposal: out of memory");
}

/* The task that was made of it: also when the program ended before that was noted. */
static bool find_made(Tasks *t, Str source, Arena *a, Task *out, bool *found, Err *err)
{
    TaskFilter f = TASK_FILTER_ALL;
    TaskPage page;
    f.source = &source;
    if (!tasks_list(t, &f, TASK_SORT_CREATED, 1, STR(""), a, &page, err))
        return false;
    *found = page.n > 0;
    if (*found)
        *out = page.items[0];
    return true;
}

bool proposals_take(Tasks *t, const Uuid *id, const Str *title, Arena *a, TaskResult *out,
                    bool *made, Err *err)
{
    StoredCommitment c;
    TaskDraft d = TASK_DRAFT_NONE;
    bool found;
    if (!store_commitment_get(tasks_store(t), tasks_owner(t), id, a, &c, err) ||
        !source_of(&c, a, &d.source, err))
        return false;
    *out = (TaskResult){0};
    if (!find_made(t, d.source, a, &out->task, &found, err))
        return false;
    *made = !found;
    if (!found) {
        d.title = title ? *title : proposal_title(&c, a);
        if (!d.title.ptr)
            return err_set(err, ERR_NO_MEMORY, "taking a proposal: out of memory");
        d.notes = arena_printf(a, STR_FMT "\n(" STR_FMT ")", STR_ARG(c.text), STR_ARG(c.title));
        d.due_at = c.due_at;
        d.due_timed = c.timed;
        if (!d.notes.ptr)
            return err_set(err, ERR_NO_MEMORY, "taking a proposal: out of memory");
        if (!tasks_create(t, &d, a, out, err))
            return false;
    }
    return store_commitment_decide(tasks_store(t), tasks_owner(t), id, COMMITMENT_TAKEN,
                                   &out->task.id, err);
}

bool proposals_dismiss(Tasks *t, const Uuid *id, Arena *a, Err *err)
{
    StoredCommitment c;
    if (!store_commitment_get(tasks_store(t), tasks_owner(t), id, a, &c, err))
        return false;
    if (c.state == COMMITMENT_TAKEN)
        return err_set(err, ERR_CONFLICT, "it is a task already");
    return store_commitment_decide(tasks_store(t), tasks_owner(t), id, COMMITMENT_DISMISSED, NULL,
                                   err);
}
