/* page.c - lists page by page: a cursor holds the sort key and the number of the last item, so that
 * the next page begins behind it whatever came and went since. */
#include "store/sqlite/sq.h"

static bool no_memory(Err *err)
{
    return err_set(err, ERR_NO_MEMORY, "reading a list: out of memory");
}

static bool text_parse(Str hex, size_t max, Arena *a, Str *out)
{
    char *t = hex.len % 2 || hex.len > 2 * max ? NULL : arena_alloc(a, hex.len / 2 + 1);
    bool ok = t != NULL;
    for (size_t i = 0; ok && i < hex.len; i += 2) {
        int high = str_hex_digit(hex.ptr[i]), low = str_hex_digit(hex.ptr[i + 1]);
        ok = high >= 0 && low >= 0;
        if (ok)
            t[i / 2] = (char)(high << 4 | low);
    }
    *out = (Str){t, hex.len / 2};
    return ok;
}

bool sq_cursor_parse(const SqPaged *p, Str text, int sort, Arena *a, SqCursor *out, Err *err)
{
    Str rest = text, part;
    int64_t n;
    *out = (SqCursor){.given = text.len != 0};
    if (sort < 0 || sort >= p->n_sorts)
        return err_set(err, ERR_VALIDATION, "%d is no sort order", sort);
    if (!text.len)
        return true;
    bool ok = str_next(&rest, '.', &part) && str_to_i64(part, &n) && n == sort
        && str_next(&rest, '.', &part) && str_to_i64(part, &out->no) && rest.ptr;
    if (ok && p->sorts[sort].kind == SQ_SORT_TEXT) {
        ok = text_parse(rest, p->text_max, a, &out->t);
    } else if (ok) {
        ok = str_to_i64(rest, &out->i);
        memcpy(&out->r, &out->i, sizeof out->r);
    }
    return ok || err_set(err, ERR_VALIDATION, "the cursor does not belong to this list and sort");
}

/* "SORT.NO.KEY": the key is decimal, the bits of a double, or a text in hex. */
static bool cursor_make(Sq *q, const SqPaged *p, int sort, Arena *a, Str *out, Err *err)
{
    Buf b;
    buf_init(&b, 4 * p->text_max + 64);
    buf_printf(&b, "%d.%lld.", sort, (long long)sq_col_i64(q, 0));
    if (p->sorts[sort].kind == SQ_SORT_TEXT) {
        Str t = sq_col_str(q, p->n_columns);
        for (size_t i = 0; i < t.len; i++)
            buf_printf(&b, "%02x", (unsigned char)t.ptr[i]);
    } else {
        int64_t key = sq_col_i64(q, p->n_columns);
        if (p->sorts[sort].kind == SQ_SORT_REAL) {
            double r = sq_col_real(q, p->n_columns);
            memcpy(&key, &r, sizeof key);
        }
        buf_printf(&b, "%lld", (long long)key);
    }
    *out = arena_buf(a, &b);
    buf_release(&b);
    return out->ptr || no_memory(err);
}

static bool count(SqConn *c, const SqPaged *p, const SqWhere *w, uint64_t *total, Err *err)
{
    Buf sql;
    Sq q;
    buf_init(&sql, 8 << 20);
    buf_printf(&sql, "SELECT count(*) FROM %s WHERE " STR_FMT, p->table,
        STR_ARG(buf_str(&w->sql)));
    bool ok = buf_check(&sql, "a filter", err) && sq_begin_once(&q, c, buf_str(&sql), err);
    if (ok) {
        sq_where_bind(w, &q);
        ok = sq_step(&q, err) > 0;
        *total = ok ? (uint64_t)sq_col_i64(&q, 0) : 0;
        sq_end(&q);
    }
    buf_release(&sql);
    return ok;
}

static bool begin(Sq *q, SqConn *c, const SqPaged *p, const SqWhere *w, int sort, size_t limit,
    const SqCursor *from, Err *err)
{
    const SqSort *k = &p->sorts[sort];
    const char *way = k->down ? "DESC" : "ASC";
    Buf sql;
    buf_init(&sql, 8 << 20);
    buf_printf(&sql, "SELECT %s, %s FROM %s WHERE " STR_FMT, p->columns, k->key, p->table,
        STR_ARG(buf_str(&w->sql)));
    if (from->given)
        buf_printf(&sql, " AND (%s, %s) %c (?, ?)", k->key, p->no, k->down ? '<' : '>');
    buf_printf(&sql, " ORDER BY %s %s, %s %s LIMIT %zu", k->key, way, p->no, way, limit);
    bool ok = buf_check(&sql, "a filter", err) && sq_begin_once(q, c, buf_str(&sql), err);
    buf_release(&sql);
    if (!ok)
        return false;
    sq_where_bind(w, q);
    if (from->given) {
        if (k->kind == SQ_SORT_INT)
            sq_i64(q, from->i);
        else if (k->kind == SQ_SORT_REAL)
            sq_real(q, from->r);
        else
            sq_text(q, from->t);
        sq_i64(q, from->no);
    }
    return true;
}

bool sq_page(SqConn *c, const SqPaged *p, const SqWhere *w, int sort, size_t limit,
    const SqCursor *from, Arena *a, SqPage *out, Err *err)
{
    Sq q = {0};
    int rc = -1;
    SqPage page = {.items = arena_array(a, limit, p->size)};
    if (!page.items)
        return no_memory(err);
    if (!count(c, p, w, &page.total, err))
        return false;
    /* One more than asked for tells whether there is another page. */
    if (begin(&q, c, p, w, sort, limit + 1, from, err)) {
        while ((rc = sq_step(&q, err)) > 0 && page.n < limit) {
            char *row = (char *)page.items + page.n * p->size;
            memset(row, 0, p->size);
            if (!p->read(&q, a, row, err)
                || (page.n + 1 == limit
                    && !cursor_make(&q, p, sort, a, &page.next_cursor, err))) {
                rc = -1;
                break;
            }
            page.n++;
        }
    }
    if (rc == 0)
        page.next_cursor = (Str){NULL, 0};
    sq_end(&q);
    *out = page;
    return rc >= 0;
}
