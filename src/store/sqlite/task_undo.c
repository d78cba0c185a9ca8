/* task_undo.c - takes changes of tasks back: the rows as the journal has them, put in again whole.
 *
 * A row may be put back only when the change is the last one that wrote it: change_no in the row
 * says so, and it is restored with the rest, so that changes are undone one before the other. */
#include "store/sqlite/sq_tasks.h"

#include <stdio.h>

typedef struct {
    SqWrite w; /* first */
    const Uuid *id; /* NULL: the last */
    Arena *a;
    TaskChangeInfo info;
} UndoWrite;

typedef struct {
    int64_t no, delivery_no;
    bool undone;
} Change;

typedef struct {
    Uuid id;
    bool was, removed;
} Image;

static bool read_info(Sq *q, Change *c, TaskChangeInfo *info, Err *err)
{
    Str what = sq_col_str(q, 2);
    if (!sq_col_bytes(q, 1, info->id.b, sizeof info->id.b, "a change's id", err))
        return false;
    c->no = sq_col_i64(q, 0);
    (void)snprintf(info->what, sizeof info->what, STR_FMT,
        (int)(what.len < sizeof info->what ? what.len : sizeof info->what - 1), what.ptr);
    info->at = sq_col_i64(q, 3);
    c->undone = info->undone = sq_col_i64(q, 4) != 0;
    c->delivery_no = sq_col_i64(q, 5);
    return true;
}

#define CHANGE_COLUMNS "change_no, uuid, what, at, undone, delivery_no"

static bool find_change(SqConn *c, int64_t owner_no, const UndoWrite *u, Change *out,
    TaskChangeInfo *info, Err *err)
{
    static const char by_id[] =
        "SELECT " CHANGE_COLUMNS " FROM task_changes WHERE owner_no = ?1 AND uuid = ?2";
    static const char last[] = "SELECT " CHANGE_COLUMNS
        " FROM task_changes WHERE owner_no = ?1 AND undone = 0 AND what <> 'calendar'"
        " ORDER BY change_no DESC LIMIT 1";
    Sq q;
    int rc = -1;
    if (sq_begin(&q, c, u->id ? by_id : last, err)) {
        sq_i64(&q, owner_no);
        if (u->id)
            sq_blob(&q, u->id->b, sizeof u->id->b);
        rc = sq_step(&q, err);
        if (rc > 0 && !read_info(&q, out, info, err))
            rc = -1;
    }
    sq_end(&q);
    if (rc == 0)
        return err_set(err, ERR_NOT_FOUND,
            u->id ? "there is no such change" : "there is nothing to undo");
    return rc > 0
        && (!out->undone || err_set(err, ERR_CONFLICT, "that change was undone already"));
}

static bool read_image(Sq *q, Arena *a, void *row, Err *err)
{
    Image *i = row;
    (void)a;
    i->was = sq_col_i64(q, 1) != 0;
    i->removed = sq_col_i64(q, 2) != 0;
    return sq_col_bytes(q, 0, i->id.b, sizeof i->id.b, "a task's id", err);
}

static bool read_images(SqConn *c, int64_t change_no, Arena *a, Image **out, size_t *n, Err *err)
{
    static const char sql[] = "SELECT uuid, was, removed FROM task_images WHERE change_no = ?1";
    Sq q;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, change_no);
    return sq_list(&q, a, read_image, sizeof **out, out, n, err);
}

/* Nothing may have happened to the row since. *rev is its number now, 0 when it is not there. */
static bool check_untouched(SqConn *c, int64_t owner_no, int64_t change_no, const Image *i,
    int64_t *rev, Err *err)
{
    static const char sql[] = "SELECT rev, change_no FROM tasks WHERE owner_no = ?1 AND uuid = ?2";
    Sq q;
    int rc = -1;
    bool same = i->removed;
    *rev = 0;
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, owner_no);
        sq_blob(&q, i->id.b, sizeof i->id.b);
        rc = sq_step(&q, err);
        if (rc > 0) {
            *rev = sq_col_i64(&q, 0);
            same = !i->removed && sq_col_i64(&q, 1) == change_no;
        } else if (rc == 0) {
            same = i->removed;
        }
    }
    sq_end(&q);
    return rc >= 0
        && (same
            || err_set(err, ERR_CONFLICT, "the task was changed again since; undo that first"));
}

static bool restore(SqConn *c, int64_t owner_no, int64_t change_no, const Image *i, int64_t rev,
    Err *err)
{
    static const char drop[] = "DELETE FROM tasks WHERE owner_no = ?1 AND uuid = ?2";
    static const char put[] =
        "INSERT INTO tasks (task_no, owner_no, uuid, rev, change_no, " SQ_TASK_SHARED ") "
        "SELECT task_no, ?1, uuid, max(rev, ?4) + 1, row_change_no, " SQ_TASK_SHARED
        " FROM task_images WHERE change_no = ?3 AND uuid = ?2";
    Sq q;
    if (!sq_begin(&q, c, drop, err))
        return false;
    sq_i64(&q, owner_no);
    sq_blob(&q, i->id.b, sizeof i->id.b);
    if (!sq_run(&q, err))
        return false;
    if (!i->was)
        return true;
    if (!sq_begin(&q, c, put, err))
        return false;
    sq_i64(&q, owner_no);
    sq_blob(&q, i->id.b, sizeof i->id.b);
    sq_i64(&q, change_no);
    sq_i64(&q, rev);
    return sq_run(&q, err);
}

static int was_said(SqConn *c, int64_t owner_no, const Uuid *task, int64_t at, int64_t after,
    Err *err)
{
    static const char sql[] = "SELECT 1 FROM deliveries WHERE owner_no = ?1 AND task = ?2 AND "
                              "delivery_no > ?4 AND at = ?3";
    Sq q;
    int rc = -1;
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, owner_no);
        sq_blob(&q, task->b, sizeof task->b);
        sq_i64(&q, at);
        sq_i64(&q, after);
        rc = sq_step(&q, err);
    }
    sq_end(&q);
    return rc;
}

/* What was said after the change was made must not be said again. */
static bool drop_said(SqConn *c, int64_t owner_no, const Uuid *id, int64_t after, Arena *a,
    Err *err)
{
    static const char sql[] =
        "UPDATE tasks SET fires = ?3, next_fire = ?4 WHERE owner_no = ?1 AND uuid = ?2";
    Task t;
    int rc = sq_task_find(c, owner_no, id, a, &t, err);
    if (rc <= 0)
        return rc == 0;
    size_t kept = 0;
    for (size_t i = 0; i < t.n_fires; i++) {
        int said = was_said(c, owner_no, id, t.fires[i].at, after, err);
        if (said < 0)
            return false;
        if (!said)
            t.fires[kept++] = t.fires[i];
    }
    if (kept == t.n_fires)
        return true;
    Str fires = sq_fires_json(t.fires, kept, a);
    Sq q;
    if (!fires.ptr)
        return sq_tasks_no_memory(err);
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, owner_no);
    sq_blob(&q, id->b, sizeof id->b);
    sq_text(&q, fires);
    sq_time(&q, sq_next_fire(t.status, t.fires, kept));
    return sq_run(&q, err);
}

static bool mark_undone(SqConn *c, int64_t change_no, Err *err)
{
    static const char sql[] = "UPDATE task_changes SET undone = 1 WHERE change_no = ?1";
    Sq q;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, change_no);
    return sq_run(&q, err);
}

static bool apply_undo(Sqlite *s, SqWrite *w, Err *err)
{
    UndoWrite *u = (UndoWrite *)w;
    SqConn *c = s->writer.conn;
    int64_t owner_no = w->owner->no, rev = 0;
    Change ch;
    Image *images;
    size_t n;
    u->info = (TaskChangeInfo){0};
    if (!find_change(c, owner_no, u, &ch, &u->info, err)
        || !read_images(c, ch.no, u->a, &images, &n, err))
        return false;
    u->info.tasks = ARENA_NEW_ARRAY(u->a, Uuid, n + 1);
    if (!u->info.tasks)
        return sq_tasks_no_memory(err);
    for (size_t i = 0; i < n; i++) {
        if (!check_untouched(c, owner_no, ch.no, &images[i], &rev, err)
            || !restore(c, owner_no, ch.no, &images[i], rev, err)
            || !drop_said(c, owner_no, &images[i].id, ch.delivery_no, u->a, err))
            return false;
        u->info.tasks[i] = images[i].id;
    }
    u->info.n_tasks = n;
    u->info.undone = true;
    return mark_undone(c, ch.no, err);
}

bool sq_task_undo(Store *store, const Uuid *owner, const Uuid *change, Arena *a,
    TaskChangeInfo *info, Err *err)
{
    Sqlite *s = sq_of(store);
    UndoWrite u = {.w = {.apply = apply_undo, .plans = true,
        .owner = sq_owner(s, owner)}, .id = change, .a = a};
    if (!u.w.owner)
        return err_set(err, ERR_NOT_FOUND, "there is nothing to undo");
    if (!sq_write(s, &u.w, err))
        return false;
    *info = u.info;
    return true;
}

static bool touched(SqConn *c, int64_t change_no, Arena *a, TaskChangeInfo *info, Err *err)
{
    Image *images;
    if (!read_images(c, change_no, a, &images, &info->n_tasks, err))
        return false;
    info->tasks = ARENA_NEW_ARRAY(a, Uuid, info->n_tasks + 1);
    if (!info->tasks)
        return sq_tasks_no_memory(err);
    for (size_t i = 0; i < info->n_tasks; i++)
        info->tasks[i] = images[i].id;
    return true;
}

bool sq_task_changes(Store *store, const Uuid *owner, size_t limit, Arena *a, TaskChangeInfo **out,
    size_t *n, Err *err)
{
    static const char sql[] = "SELECT " CHANGE_COLUMNS
        " FROM task_changes WHERE owner_no = ?1 ORDER BY change_no DESC LIMIT ?2";
    Sqlite *s = sq_of(store);
    SqOwner *o = sq_owner(s, owner);
    TaskChangeInfo *items = ARENA_NEW_ARRAY(a, TaskChangeInfo, limit + 1);
    Change *changes = ARENA_NEW_ARRAY(a, Change, limit + 1);
    size_t got = 0;
    if (!items || !changes)
        return sq_tasks_no_memory(err);
    SqConn *c = o ? sq_read_begin(s, err) : NULL;
    if (o && !c)
        return false;
    int rc = o ? -1 : 0;
    Sq q = {0};
    if (o && sq_begin(&q, c, sql, err)) {
        sq_i64(&q, o->no);
        sq_i64(&q, (int64_t)limit);
        while (got < limit && (rc = sq_step(&q, err)) > 0) {
            if (!read_info(&q, &changes[got], &items[got], err)) {
                rc = -1;
                break;
            }
            got++;
        }
    }
    sq_end(&q);
    bool ok = rc >= 0;
    for (size_t i = 0; ok && i < got; i++)
        ok = touched(c, changes[i].no, a, &items[i], err);
    if (c)
        sq_read_end(s, c);
    if (ok) {
        *out = items;
        *n = got;
    }
    return ok;
}
