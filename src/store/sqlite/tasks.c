/* tasks.c - rows of tasks in and out, and changes of them with the journal. */
#include "store/sqlite/sq_tasks.h"

#include "base/json.h"

#define CHANGES_KEPT 10000 /* of all owners; older ones cannot be undone any more */

bool sq_tasks_no_memory(Err *err)
{
    return err_set(err, ERR_NO_MEMORY, "tasks: out of memory");
}

/* ---- rows out -------------------------------------------------------------------------------- */

void sq_time(Sq *q, int64_t ms)
{
    if (ms == TASK_NO_TIME)
        sq_text(q, (Str){NULL, 0});
    else
        sq_i64(q, ms);
}

int64_t sq_col_time(Sq *q, int i)
{
    return sq_col_str(q, i).ptr ? sq_col_i64(q, i) : TASK_NO_TIME;
}

static bool bad_row(const char *what, Err *err)
{
    return err_set(err, ERR_CORRUPT, "a task's %s in the database cannot be read", what);
}

static bool read_alarms(const Json *j, Arena *a, Task *t, Err *err)
{
    size_t n = json_count(j);
    t->alarms = ARENA_NEW_ARRAY(a, TaskAlarm, n + 1);
    if (!t->alarms)
        return sq_tasks_no_memory(err);
    for (size_t i = 0; i < n; i++) {
        int64_t absolute;
        if (!json_int(json_at(json_at(j, i), 0), &absolute)
            || !json_int(json_at(json_at(j, i), 1), &t->alarms[i].ms))
            return bad_row("reminders", err);
        t->alarms[i].absolute = absolute != 0;
    }
    t->n_alarms = n;
    return true;
}

static bool read_fires(const Json *j, Arena *a, Task *t, Err *err)
{
    size_t n = json_count(j);
    t->fires = ARENA_NEW_ARRAY(a, TaskFire, n + 1);
    if (!t->fires)
        return sq_tasks_no_memory(err);
    for (size_t i = 0; i < n; i++) {
        TaskFire *f = &t->fires[i];
        const Json *due = json_at(json_at(j, i), 1);
        if (!json_int(json_at(json_at(j, i), 0), &f->at))
            return bad_row("times of reminders", err);
        if (!json_int(due, &f->due))
            f->due = TASK_NO_TIME;
    }
    t->n_fires = n;
    return true;
}

static bool read_tags(const Json *j, Arena *a, Task *t, Err *err)
{
    size_t n = json_count(j);
    t->tags = ARENA_NEW_ARRAY(a, Str, n + 1);
    if (!t->tags)
        return sq_tasks_no_memory(err);
    for (size_t i = 0; i < n; i++) {
        t->tags[i] = arena_str(a, json_str(json_at(j, i)));
        if (!t->tags[i].ptr)
            return bad_row("tags", err);
    }
    t->n_tags = n;
    return true;
}

static bool read_list(Sq *q, int column, bool (*fn)(const Json *, Arena *, Task *, Err *),
    Arena *a, Task *t, Err *err)
{
    Json *j = json_parse(sq_col_str(q, column), 4, err);
    bool ok = j && (json_type(j) == JSON_T_ARRAY || bad_row("lists", err)) && fn(j, a, t, err);
    json_free(j);
    return ok;
}

bool sq_task_read(Sq *q, Arena *a, Task *out, Err *err)
{
    Task t = {0};
    if (!sq_col_bytes(q, 1, t.id.b, sizeof t.id.b, "a task's id", err)
        || !sq_col_copy(q, 5, a, &t.title, err) || !sq_col_copy(q, 6, a, &t.notes, err)
        || !sq_col_copy(q, 10, a, &t.zone, err) || !read_list(q, 11, read_alarms, a, &t, err)
        || !sq_col_copy(q, 12, a, &t.rrule, err) || !read_list(q, 17, read_tags, a, &t, err)
        || !sq_col_copy(q, 18, a, &t.source, err) || !sq_col_copy(q, 19, a, &t.extra_json, err)
        || !read_list(q, 24, read_fires, a, &t, err))
        return false;
    if (sq_col_str(q, 15).ptr
        && !sq_col_bytes(q, 15, t.series.b, sizeof t.series.b, "a task's series", err))
        return false;
    int64_t kind = sq_col_i64(q, 2), status = sq_col_i64(q, 3), priority = sq_col_i64(q, 4);
    if (kind < 0 || kind >= TASK_KINDS || status < 0 || status > TASK_CANCELLED || priority < 0
        || priority > TASK_URGENT)
        return bad_row("state", err);
    t.kind = (TaskKind)kind;
    t.status = (TaskStatus)status;
    t.priority = (TaskPriority)priority;
    t.due_at = sq_col_time(q, 7);
    t.due_end = sq_col_time(q, 8);
    t.due_timed = sq_col_i64(q, 9) != 0;
    t.series_start = sq_col_time(q, 13);
    t.series_at = sq_col_time(q, 14);
    t.missed = (uint32_t)sq_col_i64(q, 16);
    t.created_at = sq_col_i64(q, 20);
    t.updated_at = sq_col_i64(q, 21);
    t.completed_at = sq_col_time(q, 22);
    t.snoozed_until = sq_col_time(q, 23);
    t.rev = (uint64_t)sq_col_i64(q, 25);
    t.change_no = (uint64_t)sq_col_i64(q, 26);
    t.quiet_no = (uint64_t)sq_col_i64(q, 27);
    *out = t;
    return true;
}

int sq_task_find(SqConn *c, int64_t owner_no, const Uuid *id, Arena *a, Task *out, Err *err)
{
    static const char sql[] =
        "SELECT " SQ_TASK_COLUMNS " FROM tasks t WHERE t.owner_no = ?1 AND t.uuid = ?2";
    Sq q;
    int rc = -1;
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, owner_no);
        sq_blob(&q, id->b, sizeof id->b);
        rc = sq_step(&q, err);
        if (rc > 0 && !sq_task_read(&q, a, out, err))
            rc = -1;
    }
    sq_end(&q);
    return rc;
}

/* ---- rows in --------------------------------------------------------------------------------- */

typedef struct {
    Str alarms, tags, fires, words;
    int64_t next_fire;
} Row;

typedef struct {
    SqWrite w; /* first */
    const TaskChange *c;
    Row *rows; /* [c->n_put] */
    Uuid id;
} ChangeWrite;

Str sq_fires_json(const TaskFire *fires, size_t n, Arena *a)
{
    Buf b;
    JsonW w;
    buf_init(&b, 1 << 16);
    jw_init(&w, &b);
    jw_arr(&w);
    for (size_t i = 0; i < n; i++) {
        jw_arr(&w);
        jw_int(&w, fires[i].at);
        if (fires[i].due == TASK_NO_TIME)
            jw_null(&w);
        else
            jw_int(&w, fires[i].due);
        jw_arr_end(&w);
    }
    jw_arr_end(&w);
    Str s = arena_buf(a, &b);
    buf_release(&b);
    return s;
}

int64_t sq_next_fire(TaskStatus status, const TaskFire *fires, size_t n)
{
    return status == TASK_OPEN && n ? fires[0].at : TASK_NO_TIME;
}

static Str lists_json(const Task *t, bool alarms, Arena *a)
{
    Buf b;
    JsonW w;
    buf_init(&b, 1 << 16);
    jw_init(&w, &b);
    jw_arr(&w);
    for (size_t i = 0; alarms && i < t->n_alarms; i++) {
        jw_arr(&w);
        jw_int(&w, t->alarms[i].absolute);
        jw_int(&w, t->alarms[i].ms);
        jw_arr_end(&w);
    }
    for (size_t i = 0; !alarms && i < t->n_tags; i++)
        jw_str(&w, t->tags[i]);
    jw_arr_end(&w);
    Str s = arena_buf(a, &b);
    buf_release(&b);
    return s;
}

/* What can be made in the caller's thread. */
static bool make_row(SqConn *c, const Task *t, Arena *a, Row *r, Err *err)
{
    Buf words, tags;
    buf_init(&words, 1 << 20);
    buf_init(&tags, 1 << 20);
    for (size_t i = 0; i < t->n_tags; i++) {
        buf_add(&tags, t->tags[i]);
        buf_add_char(&tags, ' ');
    }
    bool ok = buf_check(&tags, "a task's tags", err)
        && sq_names_fold(c, t->title, t->notes, buf_str(&tags), &words, err);
    if (ok) {
        r->words = arena_buf(a, &words);
        r->alarms = lists_json(t, true, a);
        r->tags = lists_json(t, false, a);
        r->fires = sq_fires_json(t->fires, t->n_fires, a);
        r->next_fire = sq_next_fire(t->status, t->fires, t->n_fires);
        ok = (r->words.ptr && r->alarms.ptr && r->tags.ptr && r->fires.ptr)
            || sq_tasks_no_memory(err);
    }
    buf_release(&words);
    buf_release(&tags);
    return ok;
}

/* The row as it is now into the journal; a row that is not there as one that was not. */
static bool keep_image(SqConn *c, int64_t owner_no, int64_t change_no, const Uuid *id,
    bool removed, Err *err)
{
    static const char sql[] =
        "INSERT INTO task_images (change_no, uuid, was, removed, task_no, rev, row_change_no, "
        SQ_TASK_SHARED ") SELECT ?1, uuid, 1, ?2, task_no, rev, change_no, " SQ_TASK_SHARED
        " FROM tasks WHERE owner_no = ?3 AND uuid = ?4";
    static const char none[] =
        "INSERT INTO task_images (change_no, uuid, was, removed) VALUES (?1, ?2, 0, 0)";
    Sq q;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, change_no);
    sq_i64(&q, removed);
    sq_i64(&q, owner_no);
    sq_blob(&q, id->b, sizeof id->b);
    if (!sq_run(&q, err))
        return false;
    if (sqlite3_changes(c->db) > 0)
        return true;
    if (!sq_begin(&q, c, none, err))
        return false;
    sq_i64(&q, change_no);
    sq_blob(&q, id->b, sizeof id->b);
    return sq_run(&q, err);
}

/* Whether the row is still the one that the caller read. */
static bool check_rev(SqConn *c, int64_t owner_no, const Task *t, Err *err)
{
    static const char sql[] = "SELECT rev FROM tasks WHERE owner_no = ?1 AND uuid = ?2";
    Sq q;
    int rc = -1;
    uint64_t rev = 0;
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, owner_no);
        sq_blob(&q, t->id.b, sizeof t->id.b);
        rc = sq_step(&q, err);
        if (rc > 0)
            rev = (uint64_t)sq_col_i64(&q, 0);
    }
    sq_end(&q);
    if (rc < 0)
        return false;
    if (rc == 0 && t->rev)
        return err_set(err, ERR_NOT_FOUND, "there is no such task");
    return rev == t->rev
        || err_set(err, ERR_CONFLICT, "the task was changed at the same time; try again");
}

static bool write_row(SqConn *c, int64_t owner_no, int64_t change_no, const Task *t, const Row *r,
    bool quiet, Err *err)
{
    static const char sql[] =
        "INSERT INTO tasks (owner_no, uuid, change_no, rev, kind, status, priority, title, notes, "
        "due_at, due_end, due_timed, zone, alarms, rrule, series_start, series_at, series, missed, "
        "tags, source, extra, created_at, updated_at, completed_at, snoozed_until, fires, words, "
        "next_fire, quiet_no) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, "
        "?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, "
        "CASE WHEN ?30 < 0 THEN (SELECT coalesce(max(delivery_no), 0) FROM deliveries "
        " WHERE owner_no = ?1 AND task = ?2) ELSE ?30 END) "
        "ON CONFLICT (owner_no, uuid) DO UPDATE SET change_no = excluded.change_no, "
        "rev = excluded.rev, kind = excluded.kind, status = excluded.status, "
        "priority = excluded.priority, title = excluded.title, notes = excluded.notes, "
        "due_at = excluded.due_at, due_end = excluded.due_end, due_timed = excluded.due_timed, "
        "zone = excluded.zone, alarms = excluded.alarms, rrule = excluded.rrule, "
        "series_start = excluded.series_start, series_at = excluded.series_at, "
        "series = excluded.series, missed = excluded.missed, tags = excluded.tags, "
        "source = excluded.source, extra = excluded.extra, created_at = excluded.created_at, "
        "updated_at = excluded.updated_at, completed_at = excluded.completed_at, "
        "snoozed_until = excluded.snoozed_until, fires = excluded.fires, words = excluded.words, "
        "next_fire = excluded.next_fire, quiet_no = excluded.quiet_no";
    Sq q;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, owner_no);
    sq_blob(&q, t->id.b, sizeof t->id.b);
    sq_i64(&q, change_no);
    sq_i64(&q, (int64_t)t->rev + 1);
    sq_i64(&q, t->kind);
    sq_i64(&q, t->status);
    sq_i64(&q, t->priority);
    sq_text(&q, t->title);
    sq_text(&q, t->notes.ptr ? t->notes : STR(""));
    sq_time(&q, t->due_at);
    sq_time(&q, t->due_end);
    sq_i64(&q, t->due_timed);
    sq_text(&q, t->zone);
    sq_text(&q, r->alarms);
    sq_text(&q, t->rrule.ptr ? t->rrule : STR(""));
    sq_time(&q, t->series_start);
    sq_time(&q, t->series_at);
    if (uuid_is_nil(&t->series))
        sq_text(&q, (Str){NULL, 0});
    else
        sq_blob(&q, t->series.b, sizeof t->series.b);
    sq_i64(&q, t->missed);
    sq_text(&q, r->tags);
    sq_text(&q, t->source.ptr ? t->source : STR(""));
    sq_text(&q, t->extra_json.len ? t->extra_json : STR("{}"));
    sq_i64(&q, t->created_at);
    sq_i64(&q, t->updated_at);
    sq_time(&q, t->completed_at);
    sq_time(&q, t->snoozed_until);
    sq_text(&q, r->fires);
    sq_text(&q, r->words);
    sq_time(&q, r->next_fire);
    sq_i64(&q, quiet ? -1 : (int64_t)t->quiet_no);
    return sq_run(&q, err);
}

static bool new_change(SqConn *c, int64_t owner_no, const ChangeWrite *cw, int64_t *no, Err *err)
{
    static const char sql[] =
        "INSERT INTO task_changes (owner_no, uuid, what, at, undone, delivery_no) VALUES "
        "(?1, ?2, ?3, ?4, 0, (SELECT coalesce(max(delivery_no), 0) FROM deliveries))";
    static const char old[] = "DELETE FROM task_changes WHERE change_no <= ?1";
    Sq q;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, owner_no);
    sq_blob(&q, cw->id.b, sizeof cw->id.b);
    sq_text(&q, str_of(cw->c->what));
    sq_i64(&q, cw->c->at);
    if (!sq_run(&q, err))
        return false;
    *no = sqlite3_last_insert_rowid(c->db);
    if (!sq_begin(&q, c, old, err))
        return false;
    sq_i64(&q, *no - CHANGES_KEPT);
    return sq_run(&q, err);
}

static bool remove_row(SqConn *c, int64_t owner_no, const Uuid *id, Err *err)
{
    static const char sql[] = "DELETE FROM tasks WHERE owner_no = ?1 AND uuid = ?2";
    Sq q;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, owner_no);
    sq_blob(&q, id->b, sizeof id->b);
    return sq_run(&q, err);
}

static bool apply_change(Sqlite *s, SqWrite *w, Err *err)
{
    ChangeWrite *cw = (ChangeWrite *)w;
    const TaskChange *ch = cw->c;
    SqConn *c = s->writer.conn;
    int64_t owner_no = w->owner->no, no = 0;
    w->frees = ch->n_put == 0;
    bool ok = new_change(c, owner_no, cw, &no, err);
    for (size_t i = 0; ok && i < ch->n_put; i++)
        ok = check_rev(c, owner_no, &ch->put[i], err)
            && keep_image(c, owner_no, no, &ch->put[i].id, false, err)
            && write_row(c, owner_no, no, &ch->put[i], &cw->rows[i], ch->quiet, err);
    for (size_t i = 0; ok && i < ch->n_remove; i++)
        ok = check_rev(c, owner_no, &ch->remove[i], err)
            && keep_image(c, owner_no, no, &ch->remove[i].id, true, err)
            && remove_row(c, owner_no, &ch->remove[i].id, err);
    return ok;
}

bool sq_task_change(Store *store, const Uuid *owner, const TaskChange *change, Uuid *id, Err *err)
{
    Sqlite *s = sq_of(store);
    ChangeWrite cw = {.w = {.apply = apply_change, .plans = true}, .c = change};
    if (s->read_only)
        return err_set(err, ERR_FORBIDDEN, "the store was opened for reading only");
    Arena *a = arena_new((size_t)64 << 20);
    cw.rows = a ? ARENA_NEW_ARRAY(a, Row, change->n_put + 1) : NULL;
    bool ok = (cw.rows || sq_tasks_no_memory(err)) && uuid_v7(&cw.id, err);
    SqConn *c = ok && change->n_put ? sq_conn_take(s, err) : NULL;
    ok = ok && (c || !change->n_put);
    for (size_t i = 0; ok && i < change->n_put; i++)
        ok = make_row(c, &change->put[i], a, &cw.rows[i], err);
    if (c)
        sq_conn_give(s, c);
    ok = ok && (cw.w.owner = sq_owner_make(s, owner, err)) && sq_write(s, &cw.w, err);
    arena_free(a);
    if (ok && id)
        *id = cw.id;
    return ok;
}
