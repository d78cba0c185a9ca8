/* filter.c - what a DocFilter means in SQL, and lists of documents page by page.
 *
 * Pages are found by key, not by number: a cursor holds the sort key and doc_no of the last item,
 * so that items that come or go do not shift what follows. */
#include "store/sqlite/sq.h"

#include "base/mem.h"

/* ---- the condition -------------------------------------------------------------------------- */

static bool no_memory(Err *err)
{
    return err_set(err, ERR_NO_MEMORY, "building a filter: out of memory");
}

static void arg(SqWhere *w, char kind, int64_t i, Str s)
{
    if (!MEM_GROW(w->args, w->n, w->cap)) {
        w->sql.failed = true;
        return;
    }
    w->args[w->n].kind = kind;
    w->args[w->n].i = i;
    w->args[w->n].s = s;
    w->n++;
}

static void arg_text(SqWhere *w, Str s)
{
    arg(w, 't', 0, s.ptr ? s : STR(""));
}

void sq_where_i64(SqWhere *w, int64_t v)
{
    arg(w, 'i', v, STR(""));
}

void sq_where_text(SqWhere *w, Str s)
{
    arg_text(w, s);
}

void sq_where_blob(SqWhere *w, Str bytes)
{
    arg(w, 'b', 0, bytes);
}

/* The smallest text after every text that starts with `prefix`: its last byte plus one. UTF-8 has
 * no 0xFF, so that never overflows. */
static Str after_prefix(Str prefix, Arena *a)
{
    Str copy = arena_str(a, prefix);
    if (copy.ptr && copy.len)
        ((char *)copy.ptr)[copy.len - 1]++;
    return copy;
}

static void add_sources(SqWhere *w, const DocFilter *f)
{
    buf_add_c(&w->sql, " AND (");
    for (size_t i = 0; i < f->n_sources; i++) {
        Str v = f->sources[i];
        buf_add_c(&w->sql, i ? " OR " : "");
        if (!str_ends(v, STR("*"))) {
            buf_add_c(&w->sql, "d.source = ?");
            arg_text(w, v);
        } else if (v.len == 1) {
            buf_add_c(&w->sql, "1");
        } else {
            Str prefix = str_sub(v, 0, v.len - 1), after = after_prefix(prefix, w->a);
            if (!after.ptr)
                w->sql.failed = true;
            buf_add_c(&w->sql, "(d.source >= ? AND d.source < ?)");
            arg_text(w, prefix);
            arg_text(w, after);
        }
    }
    buf_add_c(&w->sql, ")");
}

static void add_list(SqWhere *w, const char *column, size_t n)
{
    buf_printf(&w->sql, " AND %s IN (", column);
    for (size_t i = 0; i < n; i++)
        buf_add_c(&w->sql, i ? ",?" : "?");
    buf_add_c(&w->sql, ")");
}

typedef struct {
    SqWhere *w;
    size_t n;
} Words;

static bool on_word(void *p, Str token, size_t start, size_t end)
{
    Words *words = p;
    (void)start;
    (void)end;
    Str copy = arena_str(words->w->a, token);
    if (!copy.ptr) {
        words->w->sql.failed = true;
        return false;
    }
    buf_add_c(&words->w->sql, " AND instr(d.names, ?) > 0");
    arg_text(words->w, copy);
    words->n++;
    return true;
}

static bool add_words(SqWhere *w, SqConn *c, Str q, Err *err)
{
    Words words = {w, 0};
    if (!sq_tokens(c, q, false, on_word, &words, err))
        return false;
    if (!words.n && str_trim(q).len)
        buf_add_c(&w->sql, " AND 0"); /* nothing but punctuation: in no name */
    return true;
}

bool sq_where(SqConn *c, int64_t owner_no, const DocFilter *f, Arena *a, SqWhere *w, Err *err)
{
    *w = (SqWhere){.a = a};
    buf_init(&w->sql, 8 << 20);
    buf_add_c(&w->sql, "d.owner_no = ?");
    arg(w, 'i', owner_no, STR(""));
    if (f) {
        if (f->q.len && !add_words(w, c, f->q, err)) {
            sq_where_release(w);
            return false;
        }
        for (size_t i = 0; i < f->n_tags; i++) {
            buf_add_c(&w->sql, " AND d.doc_no IN (SELECT doc_no FROM tags WHERE tag = ?)");
            arg_text(w, f->tags[i]);
        }
        if (f->n_sources)
            add_sources(w, f);
        if (f->n_types)
            add_list(w, "d.file_type", f->n_types);
        for (size_t i = 0; i < f->n_types; i++)
            arg_text(w, f->types[i]);
        if (f->n_languages)
            add_list(w, "d.language", f->n_languages);
        for (size_t i = 0; i < f->n_languages; i++)
            arg_text(w, f->languages[i]);
        if (f->since) {
            buf_add_c(&w->sql, " AND d.updated_at >= ?");
            arg(w, 'i', f->since, STR(""));
        }
        if (f->until) {
            buf_add_c(&w->sql, " AND d.updated_at < ?");
            arg(w, 'i', f->until, STR(""));
        }
        if (f->n_ids)
            add_list(w, "d.uuid", f->n_ids);
        for (size_t i = 0; i < f->n_ids; i++)
            arg(w, 'b', 0, (Str){(const char *)f->ids[i].b, sizeof f->ids[i].b});
    }
    if (buf_ok(&w->sql))
        return true;
    sq_where_release(w);
    return no_memory(err);
}

void sq_where_bind(const SqWhere *w, Sq *q)
{
    for (size_t i = 0; i < w->n; i++) {
        if (w->args[i].kind == 'i')
            sq_i64(q, w->args[i].i);
        else if (w->args[i].kind == 't')
            sq_text(q, w->args[i].s);
        else
            sq_blob(q, w->args[i].s.ptr, w->args[i].s.len);
    }
}

void sq_where_release(SqWhere *w)
{
    buf_release(&w->sql);
    mem_free(w->args);
    w->args = NULL;
}

/* ---- names ---------------------------------------------------------------------------------- */

static bool on_name(void *p, Str token, size_t start, size_t end)
{
    (void)start;
    (void)end;
    buf_add(p, token);
    return buf_add_char(p, ' ');
}

bool sq_names_fold(SqConn *c, Str title, Str source, Str filename, Buf *out, Err *err)
{
    buf_add_char(out, ' ');
    return sq_tokens(c, title, false, on_name, out, err)
        && sq_tokens(c, source, false, on_name, out, err)
        && sq_tokens(c, filename, false, on_name, out, err)
        && buf_check(out, "a document's names", err);
}

/* ---- pages ---------------------------------------------------------------------------------- */

typedef struct {
    const char *key; /* SQL of the sort key */
    char kind;       /* 'i', 'r' or 't' */
    bool down;
} SortKey;

static const SortKey SORTS[] = {
    [SORT_UPDATED_DESC] = {"d.updated_at", 'i', true},
    [SORT_UPDATED_ASC] = {"d.updated_at", 'i', false},
    [SORT_CREATED_DESC] = {"d.created_at", 'i', true},
    [SORT_CREATED_ASC] = {"d.created_at", 'i', false},
    [SORT_TITLE_ASC] = {"d.title COLLATE NOCASE", 't', false},
    [SORT_IMPORTANCE_DESC] = {"d.importance", 'r', true},
};

typedef struct {
    bool given;
    int64_t doc_no, i;
    double r;
    Str t;
} Cursor;

/* "SORT.DOCNO.KEY": the key is decimal, the bits of a double, or a title in hex. */
static bool cursor_parse(Str text, DocSort sort, Arena *a, Cursor *out, Err *err)
{
    Str rest = text, part;
    int64_t n, key = 0;
    *out = (Cursor){.given = text.len != 0};
    if (!text.len)
        return true;
    bool ok = str_next(&rest, '.', &part) && str_to_i64(part, &n) && n == (int64_t)sort
        && str_next(&rest, '.', &part) && str_to_i64(part, &out->doc_no) && rest.ptr;
    if (ok && SORTS[sort].kind == 't') {
        char *t = rest.len % 2 || rest.len > (size_t)2 * STORE_MAX_TITLE ? NULL
            : arena_alloc(a, rest.len / 2 + 1);
        ok = t != NULL;
        for (size_t i = 0; ok && i < rest.len; i++) {
            const char *digits = "0123456789abcdef", *d = strchr(digits, rest.ptr[i]);
            ok = rest.ptr[i] && d;
            if (ok)
                t[i / 2] = (char)(t[i / 2] << 4 | (d - digits));
        }
        out->t = (Str){t, rest.len / 2};
    } else if (ok) {
        ok = str_to_i64(rest, &key);
        out->i = key;
        memcpy(&out->r, &key, sizeof out->r);
    }
    return ok || err_set(err, ERR_VALIDATION, "the cursor does not belong to this list and sort");
}

static bool cursor_make(Sq *q, DocSort sort, Arena *a, Str *out, Err *err)
{
    int64_t doc_no = sq_col_i64(q, 0), key = sq_col_i64(q, SQ_DOC_NCOLUMNS);
    Buf b;
    buf_init(&b, (size_t)4 * STORE_MAX_TITLE);
    buf_printf(&b, "%d.%lld.", (int)sort, (long long)doc_no);
    if (SORTS[sort].kind == 't') {
        Str t = sq_col_str(q, SQ_DOC_NCOLUMNS);
        for (size_t i = 0; i < t.len; i++)
            buf_printf(&b, "%02x", (unsigned char)t.ptr[i]);
    } else {
        if (SORTS[sort].kind == 'r') {
            double r = sq_col_real(q, SQ_DOC_NCOLUMNS);
            memcpy(&key, &r, sizeof key);
        }
        buf_printf(&b, "%lld", (long long)key);
    }
    *out = arena_buf(a, &b);
    buf_release(&b);
    return out->ptr || no_memory(err);
}

static bool count(SqConn *c, const SqWhere *w, uint64_t *total, Err *err)
{
    Buf sql;
    buf_init(&sql, 8 << 20);
    buf_printf(&sql, "SELECT count(*) FROM documents d WHERE " STR_FMT, STR_ARG(buf_str(&w->sql)));
    bool ok = buf_check(&sql, "a filter", err);
    if (ok) {
        Sq q;
        ok = sq_begin_once(&q, c, buf_str(&sql), err);
        if (ok)
            sq_where_bind(w, &q);
        ok = ok && sq_step(&q, err) > 0;
        if (ok)
            *total = (uint64_t)sq_col_i64(&q, 0);
        sq_end(&q);
    }
    buf_release(&sql);
    return ok;
}

static bool page_begin(Sq *q, SqConn *c, const SqWhere *w, DocSort sort, size_t limit,
    const Cursor *from, Err *err)
{
    const SortKey *k = &SORTS[sort];
    const char *way = k->down ? "DESC" : "ASC";
    Buf sql;
    buf_init(&sql, 8 << 20);
    buf_printf(&sql, "SELECT " SQ_DOC_COLUMNS ", %s FROM documents d WHERE " STR_FMT, k->key,
        STR_ARG(buf_str(&w->sql)));
    if (from->given)
        buf_printf(&sql, " AND (%s, d.doc_no) %c (?, ?)", k->key, k->down ? '<' : '>');
    buf_printf(&sql, " ORDER BY %s %s, d.doc_no %s LIMIT %zu", k->key, way, way, limit);
    bool ok = buf_check(&sql, "a filter", err) && sq_begin_once(q, c, buf_str(&sql), err);
    buf_release(&sql);
    if (!ok)
        return false;
    sq_where_bind(w, q);
    if (from->given) {
        if (k->kind == 'i')
            sq_i64(q, from->i);
        else if (k->kind == 'r')
            sq_real(q, from->r);
        else
            sq_text(q, from->t);
        sq_i64(q, from->doc_no);
    }
    return true;
}

static bool read_page(SqConn *c, const SqWhere *w, DocSort sort, size_t limit, const Cursor *from,
    Arena *a, DocPage *page, Err *err)
{
    Sq q = {0};
    int rc = -1;
    page->items = ARENA_NEW_ARRAY(a, Document, limit);
    if (!page->items)
        return no_memory(err);
    /* One more than asked for tells whether there is another page. */
    if (page_begin(&q, c, w, sort, limit + 1, from, err)) {
        while ((rc = sq_step(&q, err)) > 0) {
            if (page->n == limit)
                break;
            if (!sq_document_read(&q, false, a, &page->items[page->n], err)
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

bool sq_document_list(Store *store, const Uuid *owner, const DocFilter *filter, DocSort sort,
    size_t limit, Str cursor, Arena *a, DocPage *out, Err *err)
{
    Sqlite *s = sq_of(store);
    SqOwner *o = sq_owner(s, owner);
    Cursor from;
    DocPage page = {0};
    if ((unsigned)sort > SORT_IMPORTANCE_DESC)
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
    SqWhere w;
    bool ok = sq_where(c, o->no, filter, a, &w, err);
    if (ok) {
        ok = count(c, &w, &page.total, err)
            && read_page(c, &w, sort, limit, &from, a, &page, err);
        sq_where_release(&w);
    }
    sq_read_end(s, c);
    if (ok)
        *out = page;
    return ok;
}
