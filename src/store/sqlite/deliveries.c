/* deliveries.c - tasks that are due, and what was said of them. A delivery and its task's next
 * state are one transaction: after a crash either both are there or neither is. */
#include "store/sqlite/sq_tasks.h"

#define DELIVERIES_KEPT 10000 /* of those that were dealt with */

/* ---- what is due ----------------------------------------------------------------------------- */

bool sq_task_next(Store *store, const Uuid *owner, int64_t *at, Err *err)
{
    static const char sql[] =
        "SELECT min(next_fire) FROM tasks WHERE owner_no = ?1 AND next_fire IS NOT NULL";
    Sqlite *s = sq_of(store);
    SqOwner *o = sq_owner(s, owner);
    *at = TASK_NO_TIME;
    if (!o)
        return true;
    SqConn *c = sq_read_begin(s, err);
    if (!c)
        return false;
    Sq q;
    int rc = -1;
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, o->no);
        rc = sq_step(&q, err);
        if (rc > 0)
            *at = sq_col_time(&q, 0);
    }
    sq_end(&q);
    sq_read_end(s, c);
    return rc >= 0;
}

bool sq_task_due(Store *store, const Uuid *owner, int64_t now, size_t limit, Arena *a, Task **out,
    size_t *n, Err *err)
{
    static const char sql[] = "SELECT " SQ_TASK_COLUMNS " FROM tasks t WHERE t.owner_no = ?1 "
        "AND t.next_fire <= ?2 ORDER BY t.next_fire, t.task_no LIMIT ?3";
    Sqlite *s = sq_of(store);
    SqOwner *o = sq_owner(s, owner);
    Task *items = ARENA_NEW_ARRAY(a, Task, limit + 1);
    size_t got = 0;
    *n = 0;
    if (!items)
        return sq_tasks_no_memory(err);
    if (!o)
        return true;
    SqConn *c = sq_read_begin(s, err);
    if (!c)
        return false;
    Sq q;
    int rc = -1;
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, o->no);
        sq_i64(&q, now);
        sq_i64(&q, (int64_t)limit);
        while (got < limit && (rc = sq_step(&q, err)) > 0) {
            if (!sq_task_read(&q, a, &items[got], err)) {
                rc = -1;
                break;
            }
            got++;
        }
    }
    sq_end(&q);
    sq_read_end(s, c);
    if (rc < 0)
        return false;
    *out = items;
    *n = got;
    return true;
}

/* ---- firing ---------------------------------------------------------------------------------- */

typedef struct {
    SqWrite w; /* first */
    const TaskFiring *f;
    size_t n;
    int64_t now;
    const Str *fires; /* [n] */
    const Uuid *ids;  /* of all deliveries there may be */
    Delivery *out;
    size_t n_out;
} FireWrite;

static bool move_task(SqConn *c, int64_t owner_no, const TaskFiring *f, Str fires, Err *err)
{
    static const char sql[] =
        "UPDATE tasks SET rev = rev + 1, due_at = ?4, due_end = ?5, series_at = ?6, missed = ?7, "
        "status = ?8, completed_at = ?9, snoozed_until = ?10, updated_at = ?11, fires = ?12, "
        "next_fire = ?13, quiet_no = CASE WHEN ?14 THEN (SELECT coalesce(max(delivery_no), 0) "
        " FROM deliveries WHERE owner_no = ?1 AND task = ?2) ELSE quiet_no END "
        "WHERE owner_no = ?1 AND uuid = ?2 AND rev = ?3";
    const Task *t = f->task;
    Sq q;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, owner_no);
    sq_blob(&q, t->id.b, sizeof t->id.b);
    sq_i64(&q, (int64_t)t->rev);
    sq_time(&q, t->due_at);
    sq_time(&q, t->due_end);
    sq_time(&q, t->series_at);
    sq_i64(&q, t->missed);
    sq_i64(&q, t->status);
    sq_time(&q, t->completed_at);
    sq_time(&q, t->snoozed_until);
    sq_i64(&q, t->updated_at);
    sq_text(&q, fires);
    sq_time(&q, sq_next_fire(t->status, t->fires, t->n_fires));
    sq_i64(&q, f->quiet);
    return sq_run(&q, err);
}

static bool add_delivery(SqConn *c, int64_t owner_no, FireWrite *fw, const Uuid *task,
    const TaskFire *fire, const Uuid *id, Err *err)
{
    static const char sql[] = "INSERT INTO deliveries (owner_no, uuid, task, at, due, fired_at) "
                              "VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    Sq q;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, owner_no);
    sq_blob(&q, id->b, sizeof id->b);
    sq_blob(&q, task->b, sizeof task->b);
    sq_i64(&q, fire->at);
    sq_time(&q, fire->due);
    sq_i64(&q, fw->now);
    if (!sq_run(&q, err))
        return false;
    fw->out[fw->n_out++] = (Delivery){.id = *id, .task = *task, .at = fire->at, .due = fire->due,
        .no = (uint64_t)sqlite3_last_insert_rowid(c->db), .fired_at = fw->now,
        .sent_at = TASK_NO_TIME, .acked_at = TASK_NO_TIME};
    return true;
}

/* Old ones that nobody waits for any more. */
static bool prune(SqConn *c, int64_t owner_no, Err *err)
{
    static const char sql[] =
        "DELETE FROM deliveries WHERE owner_no = ?1 AND sent_at IS NOT NULL AND delivery_no <= "
        " (SELECT max(delivery_no) FROM deliveries) - ?2 AND (acked_at IS NOT NULL OR NOT EXISTS "
        " (SELECT 1 FROM tasks t WHERE t.owner_no = ?1 AND t.uuid = deliveries.task AND "
        "  t.quiet_no < delivery_no))";
    Sq q;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, owner_no);
    sq_i64(&q, DELIVERIES_KEPT);
    return sq_run(&q, err);
}

static bool apply_fire(Sqlite *s, SqWrite *w, Err *err)
{
    FireWrite *fw = (FireWrite *)w;
    SqConn *c = s->writer.conn;
    size_t id = 0;
    bool round = false;
    fw->n_out = 0;
    for (size_t i = 0; i < fw->n; i++) {
        const TaskFiring *f = &fw->f[i];
        if (!move_task(c, w->owner->no, f, fw->fires[i], err))
            return false;
        if (sqlite3_changes(c->db) == 0)
            continue; /* written since it was read: it is found again */
        for (size_t k = 0; k < f->n_fired; k++, id++)
            if (!add_delivery(c, w->owner->no, fw, &f->task->id, &f->fired[k], &fw->ids[id], err))
                return false;
    }
    for (size_t i = 0; i < fw->n_out; i++)
        round = round || fw->out[i].no % 512 == 0;
    return !round || prune(c, w->owner->no, err);
}

bool sq_task_fire(Store *store, const Uuid *owner, const TaskFiring *f, size_t n, int64_t now,
    Arena *a, Delivery **out, size_t *n_out, Err *err)
{
    Sqlite *s = sq_of(store);
    FireWrite fw = {.w = {.apply = apply_fire, .plans = true,
        .owner = sq_owner(s, owner)}, .f = f, .n = n,
        .now = now};
    size_t total = 0;
    for (size_t i = 0; i < n; i++)
        total += f[i].n_fired;
    Str *fires = ARENA_NEW_ARRAY(a, Str, n + 1);
    Uuid *ids = ARENA_NEW_ARRAY(a, Uuid, total + 1);
    fw.out = ARENA_NEW_ARRAY(a, Delivery, total + 1);
    if (!fires || !ids || !fw.out)
        return sq_tasks_no_memory(err);
    for (size_t i = 0; i < total; i++)
        if (!uuid_v7(&ids[i], err))
            return false;
    for (size_t i = 0; i < n; i++) {
        fires[i] = sq_fires_json(f[i].task->fires, f[i].task->n_fires, a);
        if (!fires[i].ptr)
            return sq_tasks_no_memory(err);
    }
    fw.fires = fires;
    fw.ids = ids;
    if (!fw.w.owner)
        return err_set(err, ERR_NOT_FOUND, "there is no such task");
    if (!sq_write(s, &fw.w, err))
        return false;
    *out = fw.out;
    *n_out = fw.n_out;
    return true;
}

/* ---- deliveries ------------------------------------------------------------------------------ */

#define DELIVERY_COLUMNS \
    "d.delivery_no, d.uuid, d.task, d.at, d.due, d.fired_at, d.sent_at, d.acked_at"

static bool read_delivery(Sq *q, Delivery *out, Err *err)
{
    Delivery d = {.no = (uint64_t)sq_col_i64(q, 0), .at = sq_col_i64(q, 3),
        .due = sq_col_time(q, 4), .fired_at = sq_col_i64(q, 5), .sent_at = sq_col_time(q, 6),
        .acked_at = sq_col_time(q, 7)};
    if (!sq_col_bytes(q, 1, d.id.b, sizeof d.id.b, "a delivery's id", err)
        || !sq_col_bytes(q, 2, d.task.b, sizeof d.task.b, "a delivery's task", err))
        return false;
    *out = d;
    return true;
}

static bool list_deliveries(Sqlite *s, const Uuid *owner, const char *sql, size_t limit, Arena *a,
    Delivery **out, size_t *n, Err *err)
{
    SqOwner *o = sq_owner(s, owner);
    Delivery *items = ARENA_NEW_ARRAY(a, Delivery, limit + 1);
    size_t got = 0;
    if (!items)
        return sq_tasks_no_memory(err);
    SqConn *c = o ? sq_read_begin(s, err) : NULL;
    if (o && !c)
        return false;
    int rc = o ? -1 : 0;
    Sq q;
    if (o && sq_begin(&q, c, sql, err)) {
        sq_i64(&q, o->no);
        sq_i64(&q, (int64_t)limit);
        while (got < limit && (rc = sq_step(&q, err)) > 0) {
            if (!read_delivery(&q, &items[got], err)) {
                rc = -1;
                break;
            }
            got++;
        }
        sq_end(&q);
    }
    if (c)
        sq_read_end(s, c);
    if (rc < 0)
        return false;
    *out = items;
    *n = got;
    return true;
}

bool sq_delivery_unsent(Store *store, const Uuid *owner, size_t limit, Arena *a, Delivery **out,
    size_t *n, Err *err)
{
    static const char sql[] = "SELECT " DELIVERY_COLUMNS " FROM deliveries d WHERE d.owner_no = ?1 "
        "AND d.sent_at IS NULL ORDER BY d.delivery_no LIMIT ?2";
    return list_deliveries(sq_of(store), owner, sql, limit, a, out, n, err);
}

bool sq_delivery_waiting(Store *store, const Uuid *owner, size_t limit, Arena *a, Delivery **out,
    size_t *n, Err *err)
{
    /* A timer or alarm that has rung is done, and rings until somebody says so. */
    static const char sql[] = "SELECT " DELIVERY_COLUMNS " FROM deliveries d JOIN tasks t "
        "ON t.owner_no = d.owner_no AND t.uuid = d.task WHERE d.owner_no = ?1 "
        "AND d.acked_at IS NULL AND d.delivery_no > t.quiet_no "
        "AND (t.status = 0 OR (t.status = 1 AND t.kind IN (2, 3))) "
        "ORDER BY d.delivery_no LIMIT ?2";
    return list_deliveries(sq_of(store), owner, sql, limit, a, out, n, err);
}

typedef struct {
    SqWrite w; /* first */
    const Uuid *ids;
    size_t n;
    int64_t at;
    bool *first; /* [n] */
} MarkWrite;

static bool apply_sent(Sqlite *s, SqWrite *w, Err *err)
{
    static const char sql[] = "UPDATE deliveries SET sent_at = ?3 WHERE owner_no = ?1 AND "
                              "uuid = ?2 AND sent_at IS NULL";
    MarkWrite *m = (MarkWrite *)w;
    for (size_t i = 0; i < m->n; i++) {
        Sq q;
        if (!sq_begin(&q, s->writer.conn, sql, err))
            return false;
        sq_i64(&q, w->owner->no);
        sq_blob(&q, m->ids[i].b, sizeof m->ids[i].b);
        sq_i64(&q, m->at);
        if (!sq_run(&q, err))
            return false;
    }
    return true;
}

bool sq_delivery_sent(Store *store, const Uuid *owner, const Uuid *ids, size_t n, int64_t at,
    Err *err)
{
    Sqlite *s = sq_of(store);
    MarkWrite m = {.w = {.apply = apply_sent, .owner = sq_owner(s, owner)}, .ids = ids, .n = n,
        .at = at};
    return !m.w.owner || sq_write(s, &m.w, err);
}

static bool ack_one(Sqlite *s, const MarkWrite *m, size_t i, Err *err)
{
    static const char sql[] = "UPDATE deliveries SET acked_at = ?3 WHERE owner_no = ?1 AND "
                              "uuid = ?2 AND acked_at IS NULL";
    static const char there[] = "SELECT 1 FROM deliveries WHERE owner_no = ?1 AND uuid = ?2";
    Sq q;
    if (!sq_begin(&q, s->writer.conn, sql, err))
        return false;
    sq_i64(&q, m->w.owner->no);
    sq_blob(&q, m->ids[i].b, sizeof m->ids[i].b);
    sq_i64(&q, m->at);
    if (!sq_run(&q, err))
        return false;
    m->first[i] = sqlite3_changes(s->writer.conn->db) > 0;
    if (m->first[i])
        return true;
    int rc = -1;
    if (sq_begin(&q, s->writer.conn, there, err)) {
        sq_i64(&q, m->w.owner->no);
        sq_blob(&q, m->ids[i].b, sizeof m->ids[i].b);
        rc = sq_step(&q, err);
    }
    sq_end(&q);
    return rc > 0 || (rc == 0 && err_set(err, ERR_NOT_FOUND, "there is no such reminder"));
}

static bool apply_ack(Sqlite *s, SqWrite *w, Err *err)
{
    const MarkWrite *m = (const MarkWrite *)w;
    for (size_t i = 0; i < m->n; i++)
        if (!ack_one(s, m, i, err))
            return false;
    return true;
}

bool sq_delivery_ack(Store *store, const Uuid *owner, const Uuid *ids, size_t n, int64_t at,
    bool *first, Err *err)
{
    Sqlite *s = sq_of(store);
    MarkWrite m = {.w = {.apply = apply_ack, .plans = true, .owner = sq_owner(s, owner)},
        .ids = ids, .n = n, .at = at, .first = first};
    return m.w.owner ? sq_write(s, &m.w, err)
                     : err_set(err, ERR_NOT_FOUND, "there is no such reminder");
}

bool sq_delivery_get(Store *store, const Uuid *owner, const Uuid *id, Delivery *out, Err *err)
{
    static const char sql[] = "SELECT " DELIVERY_COLUMNS " FROM deliveries d WHERE "
                              "d.owner_no = ?1 AND d.uuid = ?2";
    Sqlite *s = sq_of(store);
    SqOwner *o = sq_owner(s, owner);
    SqConn *c = o ? sq_read_begin(s, err) : NULL;
    if (o && !c)
        return false;
    int rc = o ? -1 : 0;
    Sq q;
    if (o && sq_begin(&q, c, sql, err)) {
        sq_i64(&q, o->no);
        sq_blob(&q, id->b, sizeof id->b);
        rc = sq_step(&q, err);
        if (rc > 0 && !read_delivery(&q, out, err))
            rc = -1;
        sq_end(&q);
    }
    if (c)
        sq_read_end(s, c);
    return rc > 0 || (rc == 0 && err_set(err, ERR_NOT_FOUND, "there is no such reminder"));
}
