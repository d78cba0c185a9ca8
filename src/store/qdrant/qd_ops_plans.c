/* qd_ops_plans.c - tasks, calendars and commitments
 *
 * Each is the working copy's operation of the same name, on a copy that is up to date. A write
 * whose commit lost a race is done again on the newer copy: what it decided by, it must decide by
 * anew. LOOSE ones name what a call before them found in the copy, and do not ask again whether it
 * is the newest. */
#include "store/qdrant/qd_ops.h"

static bool qd_task_change(Store *s, const Uuid *owner, const TaskChange *c, Uuid *change, Err *err)
{
    WRITE(owner, who->local->ops->task_change(who->local, owner, c, change, &why));
}

static bool qd_task_undo(Store *s, const Uuid *owner, const Uuid *change, Arena *a,
    TaskChangeInfo *info, Err *err)
{
    WRITE(owner, who->local->ops->task_undo(who->local, owner, change, a, info, &why));
}

static bool qd_task_changes(Store *s, const Uuid *owner, size_t limit, Arena *a,
    TaskChangeInfo **out, size_t *n, Err *err)
{
    READ(owner, who->local->ops->task_changes(who->local, owner, limit, a, out, n, &why));
}

static bool qd_task_get(Store *s, const Uuid *owner, const Uuid *id, Arena *a, Task *out, Err *err)
{
    READ(owner, who->local->ops->task_get(who->local, owner, id, a, out, &why));
}

static bool qd_task_list(Store *s, const Uuid *owner, const TaskFilter *f, TaskSort sort,
    size_t limit, Str cursor, Arena *a, TaskPage *out, Err *err)
{
    READ(owner, who->local->ops->task_list(who->local, owner, f, sort, limit, cursor, a, out,
        &why));
}

static bool qd_task_counts(Store *s, const Uuid *owner, uint64_t *counts, Err *err)
{
    READ(owner, who->local->ops->task_counts(who->local, owner, counts, &why));
}

static bool qd_task_next(Store *s, const Uuid *owner, int64_t *at, Err *err)
{
    READ(owner, who->local->ops->task_next(who->local, owner, at, &why));
}

static bool qd_task_due(Store *s, const Uuid *owner, int64_t now, size_t limit, Arena *a,
    Task **out, size_t *n, Err *err)
{
    READ(owner, who->local->ops->task_due(who->local, owner, now, limit, a, out, n, &why));
}

static bool qd_task_fire(Store *s, const Uuid *owner, const TaskFiring *f, size_t n, int64_t now,
    Arena *a, Delivery **out, size_t *n_out, Err *err)
{
    WRITE(owner, who->local->ops->task_fire(who->local, owner, f, n, now, a, out, n_out, &why));
}

static bool qd_delivery_unsent(Store *s, const Uuid *owner, size_t limit, Arena *a, Delivery **out,
    size_t *n, Err *err)
{
    READ(owner, who->local->ops->delivery_unsent(who->local, owner, limit, a, out, n, &why));
}

static bool qd_delivery_sent(Store *s, const Uuid *owner, const Uuid *ids, size_t n, int64_t at,
    Err *err)
{
    WRITE(owner, who->local->ops->delivery_sent(who->local, owner, ids, n, at, &why));
}

static bool qd_delivery_waiting(Store *s, const Uuid *owner, size_t limit, Arena *a, Delivery **out,
    size_t *n, Err *err)
{
    READ(owner, who->local->ops->delivery_waiting(who->local, owner, limit, a, out, n, &why));
}

static bool qd_delivery_get(Store *s, const Uuid *owner, const Uuid *id, Delivery *out, Err *err)
{
    READ(owner, who->local->ops->delivery_get(who->local, owner, id, out, &why));
}

static bool qd_delivery_ack(Store *s, const Uuid *owner, const Uuid *ids, size_t n, int64_t at,
    bool *first, Err *err)
{
    WRITE(owner, who->local->ops->delivery_ack(who->local, owner, ids, n, at, first, &why));
}

static bool qd_calendar_put(Store *s, const Uuid *owner, const Calendar *c, Err *err)
{
    WRITE(owner, who->local->ops->calendar_put(who->local, owner, c, &why));
}

static bool qd_calendar_list(Store *s, const Uuid *owner, Arena *a, Calendar **out, size_t *n,
    Err *err)
{
    READ(owner, who->local->ops->calendar_list(who->local, owner, a, out, n, &why));
}

static bool qd_calendar_delete(Store *s, const Uuid *owner, const Uuid *id, Err *err)
{
    WRITE(owner, who->local->ops->calendar_delete(who->local, owner, id, &why));
}

static bool qd_event_apply(Store *s, const Uuid *owner, const EventBatch *b, EventCounts *counts,
    Err *err)
{
    WRITE(owner, who->local->ops->event_apply(who->local, owner, b, counts, &why));
}

static bool qd_event_get(Store *s, const Uuid *owner, const Uuid *id, Arena *a, CalEvent *out,
    Err *err)
{
    READ(owner, who->local->ops->event_get(who->local, owner, id, a, out, &why));
}

static bool qd_event_delete(Store *s, const Uuid *owner, const Uuid *id, Err *err)
{
    WRITE(owner, who->local->ops->event_delete(who->local, owner, id, &why));
}

static bool qd_event_list(Store *s, const Uuid *owner, const EventQuery *q, Arena *a,
    CalEvent **out, size_t *n, bool *more, Err *err)
{
    READ(owner, who->local->ops->event_list(who->local, owner, q, a, out, n, more, &why));
}

static bool qd_event_replaced(Store *s, const Uuid *owner, Arena *a, EventReplaced **out, size_t *n,
    Err *err)
{
    READ(owner, who->local->ops->event_replaced(who->local, owner, a, out, n, &why));
}

static bool qd_zone_list(Store *s, const Uuid *owner, Arena *a, CalZone **out, size_t *n, Err *err)
{
    READ(owner, who->local->ops->zone_list(who->local, owner, a, out, n, &why));
}

static bool qd_commitment_list(Store *s, const Uuid *owner, const CommitmentQuery *q, Arena *a,
    StoredCommitment **out, size_t *n, uint64_t *total, Err *err)
{
    READ(owner, who->local->ops->commitment_list(who->local, owner, q, a, out, n, total, &why));
}

static bool qd_commitment_get(Store *s, const Uuid *owner, const Uuid *id, Arena *a,
    StoredCommitment *out, Err *err)
{
    READ(owner, who->local->ops->commitment_get(who->local, owner, id, a, out, &why));
}

static bool qd_commitment_decide(Store *s, const Uuid *owner, const Uuid *id, CommitmentState state,
    const Uuid *task, Err *err)
{
    WRITE(owner, who->local->ops->commitment_decide(who->local, owner, id, state, task, &why));
}

void qd_ops_plans(StoreOps *o)
{
    o->task_change = qd_task_change;
    o->task_undo = qd_task_undo;
    o->task_changes = qd_task_changes;
    o->task_get = qd_task_get;
    o->task_list = qd_task_list;
    o->task_counts = qd_task_counts;
    o->task_next = qd_task_next;
    o->task_due = qd_task_due;
    o->task_fire = qd_task_fire;
    o->delivery_unsent = qd_delivery_unsent;
    o->delivery_sent = qd_delivery_sent;
    o->delivery_waiting = qd_delivery_waiting;
    o->delivery_get = qd_delivery_get;
    o->delivery_ack = qd_delivery_ack;
    o->calendar_put = qd_calendar_put;
    o->calendar_list = qd_calendar_list;
    o->calendar_delete = qd_calendar_delete;
    o->event_apply = qd_event_apply;
    o->event_get = qd_event_get;
    o->event_delete = qd_event_delete;
    o->event_list = qd_event_list;
    o->event_replaced = qd_event_replaced;
    o->zone_list = qd_zone_list;
    o->commitment_list = qd_commitment_list;
    o->commitment_get = qd_commitment_get;
    o->commitment_decide = qd_commitment_decide;
}
