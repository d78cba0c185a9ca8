/* task_list.c - tasks by id, by filter and page by page; how many there are. */
#include "store/sqlite/sq_tasks.h"

/* ---- the condition --------------------------------------------------------------------------- */

static bool on_word(void *p, Str token, size_t start, size_t end)
{
    SqWhere *w = p;
    (void)start;
    (void)end;
    Str copy = arena_str(w->a, token);
    if (!copy.ptr) {
        w->sql.failed = true;
        return false;
    }
    buf_add_c(&w->sql, " AND instr(t.words, ?) > 0");
    sq_where_text(w, copy);
    return true;
}

static void time_range(SqWhere *w, const char *column, int64_t from, int64_t before)
{
    if (from != TASK_NO_TIME) {
        buf_printf(&w->sql, " AND %s >= ?", column);
        sq_where_i64(w, from);
    }
    if (before != TASK_NO_TIME) {
        buf_printf(&w->sql, " AND %s < ?", column);
        sq_where_i64(w, before);
    }
}

static void add_kinds(SqWhere *w, const TaskFilter *f)
{
    if (!f->n_kinds)
        return;
    buf_add_c(&w->sql, " AND t.kind IN (");
    for (size_t i = 0; i < f->n_kinds; i++) {
        buf_add_c(&w->sql, i ? ",?" : "?");
        sq_where_i64(w, f->kinds[i]);
    }
    buf_add_c(&w->sql, ")");
}

static bool make_where(SqConn *c, int64_t owner_no, const TaskFilter *f, SqWhere *w, Err *err)
{
    size_t before;
    buf_init(&w->sql, 1 << 20);
    buf_add_c(&w->sql, "t.owner_no = ?");
    sq_where_i64(w, owner_no);
    if (f->status) {
        buf_add_c(&w->sql, " AND t.status = ?");
        sq_where_i64(w, *f->status);
    }
    add_kinds(w, f);
    if (f->priority) {
        buf_add_c(&w->sql, " AND t.priority = ?");
        sq_where_i64(w, *f->priority);
    }
    for (size_t i = 0; i < f->n_tags; i++) {
        buf_add_c(&w->sql, " AND EXISTS (SELECT 1 FROM json_each(t.tags) j "
                           "WHERE j.value = ? COLLATE NOCASE)");
        sq_where_text(w, f->tags[i]);
    }
    before = w->sql.len;
    if (f->q.len && !sq_tokens(c, f->q, false, on_word, w, err))
        return false;
    if (f->q.len && w->sql.len == before && str_trim(f->q).len)
        buf_add_c(&w->sql, " AND 0"); /* nothing but punctuation: in no task */
    time_range(w, "t.due_at", f->due_from, f->due_before);
    time_range(w, "t.completed_at", f->done_from, f->done_before);
    if (f->has_due)
        buf_add_c(&w->sql, " AND t.due_at IS NOT NULL");
    if (f->overdue_at != TASK_NO_TIME) {
        buf_add_c(&w->sql, " AND t.status = 0 AND t.due_end <= ?");
        sq_where_i64(w, f->overdue_at);
    }
    if (f->series) {
        buf_add_c(&w->sql, " AND t.series = ?");
        sq_where_blob(w, (Str){(const char *)f->series->b, sizeof f->series->b});
    }
    if (f->once)
        buf_add_c(&w->sql, " AND t.series IS NULL");
    if (f->source) {
        buf_add_c(&w->sql, " AND t.source = ?");
        sq_where_text(w, *f->source);
    }
    return buf_ok(&w->sql) || sq_tasks_no_memory(err);
}

/* ---- pages ----------------------------------------------------------------------------------- */

/* Without a due time: last, whichever way. */
static const SqSort SORTS[] = {
    [TASK_SORT_DUE] = {"coalesce(t.due_at, 9223372036854775807)", SQ_SORT_INT, false},
    [TASK_SORT_DUE_DESC] = {"coalesce(t.due_at, -9223372036854775807)", SQ_SORT_INT, true},
    [TASK_SORT_CREATED] = {"t.created_at", SQ_SORT_INT, false},
    [TASK_SORT_CREATED_DESC] = {"t.created_at", SQ_SORT_INT, true},
    [TASK_SORT_UPDATED] = {"t.updated_at", SQ_SORT_INT, false},
    [TASK_SORT_UPDATED_DESC] = {"t.updated_at", SQ_SORT_INT, true},
    [TASK_SORT_PRIORITY_DESC] = {"t.priority", SQ_SORT_INT, true},
    [TASK_SORT_TITLE] = {"t.title COLLATE NOCASE", SQ_SORT_TEXT, false},
};

static bool read_task(Sq *q, Arena *a, void *row, Err *err)
{
    return sq_task_read(q, a, row, err);
}

static const SqPaged TASKS = {"tasks t", SQ_TASK_COLUMNS, SQ_TASK_NCOLUMNS, "t.task_no",
    TASK_MAX_TITLE, SORTS, sizeof SORTS / sizeof *SORTS, read_task, sizeof(Task)};

bool sq_task_list(Store *store, const Uuid *owner, const TaskFilter *f, TaskSort sort, size_t limit,
    Str cursor, Arena *a, TaskPage *out, Err *err)
{
    Sqlite *s = sq_of(store);
    SqOwner *o = sq_owner(s, owner);
    SqCursor from;
    SqPage page = {0};
    if (!sq_cursor_parse(&TASKS, cursor, (int)sort, a, &from, err))
        return false;
    *out = (TaskPage){0};
    SqConn *c = o ? sq_read_begin(s, err) : NULL;
    if (!c)
        return !o;
    SqWhere w = {.a = a};
    bool ok = make_where(c, o->no, f, &w, err)
        && sq_page(c, &TASKS, &w, (int)sort, limit, &from, a, &page, err);
    sq_where_release(&w);
    sq_read_end(s, c);
    if (ok)
        *out = (TaskPage){page.items, page.n, page.total, page.next_cursor};
    return ok;
}

bool sq_task_get(Store *store, const Uuid *owner, const Uuid *id, Arena *a, Task *out, Err *err)
{
    Sqlite *s = sq_of(store);
    SqOwner *o = sq_owner(s, owner);
    SqConn *c = o ? sq_read_begin(s, err) : NULL;
    if (o && !c)
        return false;
    int rc = o ? sq_task_find(c, o->no, id, a, out, err) : 0;
    if (c)
        sq_read_end(s, c);
    return rc > 0 || (rc == 0 && err_set(err, ERR_NOT_FOUND, "there is no such task"));
}

bool sq_task_counts(Store *store, const Uuid *owner, uint64_t counts[TASK_CANCELLED + 1], Err *err)
{
    static const char sql[] =
        "SELECT status, count(*) FROM tasks WHERE owner_no = ?1 GROUP BY status";
    Sqlite *s = sq_of(store);
    SqOwner *o = sq_owner(s, owner);
    uint64_t got[TASK_CANCELLED + 1] = {0};
    SqConn *c = o ? sq_read_begin(s, err) : NULL;
    if (o && !c)
        return false;
    int rc = o ? -1 : 0;
    Sq q;
    if (o && sq_begin(&q, c, sql, err)) {
        sq_i64(&q, o->no);
        while ((rc = sq_step(&q, err)) > 0) {
            int64_t status = sq_col_i64(&q, 0);
            if (status >= 0 && status <= TASK_CANCELLED)
                got[status] = (uint64_t)sq_col_i64(&q, 1);
        }
        sq_end(&q);
    }
    if (c)
        sq_read_end(s, c);
    if (rc >= 0)
        memcpy(counts, got, sizeof got);
    return rc >= 0;
}
