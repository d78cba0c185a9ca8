/* task_list.c - tasks by id, by filter and page by page; how many there are. As filter.c does it
 * for documents: a cursor holds the sort key and number of the last item. */
#include "store/sqlite/sq_tasks.h"

typedef struct {
    const char *key; /* SQL of the sort key, never NULL */
    bool text, down;
} SortKey;

/* Without a due time: last, whichever way. */
static const SortKey SORTS[] = {
    [TASK_SORT_DUE] = {"coalesce(t.due_at, 9223372036854775807)", false, false},
    [TASK_SORT_DUE_DESC] = {"coalesce(t.due_at, -9223372036854775807)", false, true},
    [TASK_SORT_CREATED] = {"t.created_at", false, false},
    [TASK_SORT_CREATED_DESC] = {"t.created_at", false, true},
    [TASK_SORT_UPDATED] = {"t.updated_at", false, false},
    [TASK_SORT_UPDATED_DESC] = {"t.updated_at", false, true},
    [TASK_SORT_PRIORITY_DESC] = {"t.priority", false, true},
    [TASK_SORT_TITLE] = {"t.title COLLATE NOCASE", true, false},
};

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

typedef struct {
    bool given;
    int64_t task_no, i;
    Str t;
} Cursor;

/* "SORT.TASKNO.KEY": the key is decimal, or a title in hex. */
static bool cursor_parse(Str text, TaskSort sort, Arena *a, Cursor *out, Err *err)
{
    Str rest = text, part;
    int64_t n;
    *out = (Cursor){.given = text.len != 0};
    if (!text.len)
        return true;
    bool ok = str_next(&rest, '.', &part) && str_to_i64(part, &n) && n == (int64_t)sort
        && str_next(&rest, '.', &part) && str_to_i64(part, &out->task_no) && rest.ptr;
    if (ok && SORTS[sort].text) {
        char *t = rest.len % 2 || rest.len > (size_t)2 * TASK_MAX_TITLE ? NULL
            : arena_alloc(a, rest.len / 2 + 1);
        ok = t != NULL;
        for (size_t i = 0; ok && i < rest.len; i += 2) {
            int high = str_hex_digit(rest.ptr[i]), low = str_hex_digit(rest.ptr[i + 1]);
            ok = high >= 0 && low >= 0;
            if (ok)
                t[i / 2] = (char)(high << 4 | low);
        }
        out->t = (Str){t, rest.len / 2};
    } else if (ok) {
        ok = str_to_i64(rest, &out->i);
    }
    return ok || err_set(err, ERR_VALIDATION, "the cursor does not belong to this list and sort");
}

static bool cursor_make(Sq *q, TaskSort sort, Arena *a, Str *out, Err *err)
{
    Buf b;
    buf_init(&b, (size_t)4 * TASK_MAX_TITLE);
    buf_printf(&b, "%d.%lld.", (int)sort, (long long)sq_col_i64(q, 0));
    Str t = sq_col_str(q, SQ_TASK_NCOLUMNS);
    if (SORTS[sort].text)
        for (size_t i = 0; i < t.len; i++)
            buf_printf(&b, "%02x", (unsigned char)t.ptr[i]);
    else
        buf_printf(&b, "%lld", (long long)sq_col_i64(q, SQ_TASK_NCOLUMNS));
    *out = arena_buf(a, &b);
    buf_release(&b);
    return out->ptr || sq_tasks_no_memory(err);
}

static bool count(SqConn *c, const SqWhere *w, uint64_t *total, Err *err)
{
    Str sql = arena_printf(w->a, "SELECT count(*) FROM tasks t WHERE " STR_FMT,
        STR_ARG(buf_str(&w->sql)));
    Sq q;
    if (!sql.ptr)
        return sq_tasks_no_memory(err);
    bool ok = sq_begin_once(&q, c, sql, err);
    if (ok)
        sq_where_bind(w, &q);
    ok = ok && sq_step(&q, err) > 0;
    if (ok)
        *total = (uint64_t)sq_col_i64(&q, 0);
    sq_end(&q);
    return ok;
}

static bool page_begin(Sq *q, SqConn *c, const SqWhere *w, TaskSort sort, size_t limit,
    const Cursor *from, Err *err)
{
    const SortKey *k = &SORTS[sort];
    const char *way = k->down ? "DESC" : "ASC";
    Buf sql;
    buf_init(&sql, 1 << 20);
    buf_printf(&sql, "SELECT " SQ_TASK_COLUMNS ", %s FROM tasks t WHERE " STR_FMT, k->key,
        STR_ARG(buf_str(&w->sql)));
    if (from->given)
        buf_printf(&sql, " AND (%s, t.task_no) %c (?, ?)", k->key, k->down ? '<' : '>');
    buf_printf(&sql, " ORDER BY %s %s, t.task_no %s LIMIT %zu", k->key, way, way, limit);
    bool ok = buf_check(&sql, "a filter", err) && sq_begin_once(q, c, buf_str(&sql), err);
    buf_release(&sql);
    if (!ok)
        return false;
    sq_where_bind(w, q);
    if (from->given) {
        if (k->text)
            sq_text(q, from->t);
        else
            sq_i64(q, from->i);
        sq_i64(q, from->task_no);
    }
    return true;
}

static bool read_page(SqConn *c, const SqWhere *w, TaskSort sort, size_t limit, const Cursor *from,
    Arena *a, TaskPage *page, Err *err)
{
    Sq q = {0};
    int rc = -1;
    page->items = ARENA_NEW_ARRAY(a, Task, limit);
    if (!page->items)
        return sq_tasks_no_memory(err);
    if (page_begin(&q, c, w, sort, limit + 1, from, err)) {
        while ((rc = sq_step(&q, err)) > 0 && page->n < limit) {
            if (!sq_task_read(&q, a, &page->items[page->n], err)
                || (page->n + 1 == limit && !cursor_make(&q, sort, a, &page->next_cursor, err))) {
                rc = -1;
                break;
            }
            page->n++;
        }
    }
    if (rc == 0)
        page->next_cursor = (Str){NULL, 0};
    sq_end(&q);
    return rc >= 0;
}

bool sq_task_list(Store *store, const Uuid *owner, const TaskFilter *f, TaskSort sort, size_t limit,
    Str cursor, Arena *a, TaskPage *out, Err *err)
{
    Sqlite *s = sq_of(store);
    SqOwner *o = sq_owner(s, owner);
    Cursor from;
    TaskPage page = {0};
    if ((unsigned)sort > TASK_SORT_TITLE)
        return err_set(err, ERR_VALIDATION, "%d is no sort order", (int)sort);
    if (!cursor_parse(cursor, sort, a, &from, err))
        return false;
    if (!o) {
        *out = page;
        return true;
    }
    SqConn *c = sq_read_begin(s, err);
    if (!c)
        return false;
    SqWhere w = {.a = a};
    bool ok = make_where(c, o->no, f, &w, err) && count(c, &w, &page.total, err)
        && read_page(c, &w, sort, limit, &from, a, &page, err);
    sq_where_release(&w);
    sq_read_end(s, c);
    if (ok)
        *out = page;
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
