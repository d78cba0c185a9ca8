/* filter.c - what a DocFilter means in SQL, and lists of documents page by page. */
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

static const SqSort SORTS[] = {
    [SORT_UPDATED_DESC] = {"d.updated_at", SQ_SORT_INT, true},
    [SORT_UPDATED_ASC] = {"d.updated_at", SQ_SORT_INT, false},
    [SORT_CREATED_DESC] = {"d.created_at", SQ_SORT_INT, true},
    [SORT_CREATED_ASC] = {"d.created_at", SQ_SORT_INT, false},
    [SORT_TITLE_ASC] = {"d.title COLLATE NOCASE", SQ_SORT_TEXT, false},
    [SORT_IMPORTANCE_DESC] = {"d.importance", SQ_SORT_REAL, true},
};

static bool read_document(Sq *q, Arena *a, void *row, Err *err)
{
    return sq_document_read(q, false, a, row, err);
}

static const SqPaged DOCUMENTS = {"documents d", SQ_DOC_COLUMNS, SQ_DOC_NCOLUMNS, "d.doc_no",
    STORE_MAX_TITLE, SORTS, sizeof SORTS / sizeof *SORTS, read_document, sizeof(Document)};

bool sq_document_list(Store *store, const Uuid *owner, const DocFilter *filter, DocSort sort,
    size_t limit, Str cursor, Arena *a, DocPage *out, Err *err)
{
    Sqlite *s = sq_of(store);
    SqOwner *o = sq_owner(s, owner);
    SqCursor from;
    SqPage page = {0};
    if (!sq_cursor_parse(&DOCUMENTS, cursor, (int)sort, a, &from, err))
        return false;
    *out = (DocPage){0};
    SqConn *c = o ? sq_read_begin(s, err) : NULL;
    if (!c)
        return !o;
    SqWhere w;
    bool ok = sq_where(c, o->no, filter, a, &w, err);
    if (ok) {
        ok = sq_page(c, &DOCUMENTS, &w, (int)sort, limit, &from, a, &page, err);
        sq_where_release(&w);
    }
    sq_read_end(s, c);
    if (ok)
        *out = (DocPage){page.items, page.n, page.total, page.next_cursor};
    return ok;
}
