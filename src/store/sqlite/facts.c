/* facts.c - what the assistant was told: one fact at a time holds of a subject, those before it
 * form a chain by replaced_by. */
#include "store/sqlite/sq_talk.h"

#define FACT_COLUMNS                                                                               \
    "t.fact_no, t.uuid, t.text, t.subject, t.value, t.source, t.created_at, t.updated_at, "        \
    "t.ended_at, t.replaced_by"

static bool no_fact(Err *err)
{
    return err_set(err, ERR_NOT_FOUND, "there is no such fact");
}

static void bind_uuid(Sq *q, const Uuid *id)
{
    if (uuid_is_nil(id))
        sq_text(q, (Str){NULL, 0});
    else
        sq_blob(q, id->b, sizeof id->b);
}

static bool read_fact(Sq *q, Arena *a, void *out, Err *err)
{
    Fact f = {0};
    if (!sq_col_bytes(q, 1, f.id.b, sizeof f.id.b, "a fact's id", err)
        || !sq_col_copy(q, 2, a, &f.text, err) || !sq_col_copy(q, 3, a, &f.subject, err)
        || !sq_col_copy(q, 4, a, &f.value, err) || !sq_col_copy(q, 5, a, &f.source, err))
        return false;
    f.created_at = sq_col_i64(q, 6);
    f.updated_at = sq_col_i64(q, 7);
    f.ended_at = sq_col_i64(q, 8); /* NULL reads as 0 */
    if (sq_col_str(q, 9).ptr
        && !sq_col_bytes(q, 9, f.replaced_by.b, sizeof f.replaced_by.b, "a fact's id", err))
        return false;
    *(Fact *)out = f;
    return true;
}

/* ---- writing --------------------------------------------------------------------------------- */

typedef struct {
    SqWrite w; /* first */
    const Fact *f;
    Str words;
    Uuid replaced;
    const Uuid *id; /* deletions */
    bool revive;
} FactWrite;

/* The one that holds of this subject, but for `id`; 1, 0, -1. */
static int find_holding(SqConn *c, int64_t owner_no, Str subject, const Uuid *id, Uuid *out,
    Err *err)
{
    static const char sql[] = "SELECT uuid FROM facts WHERE owner_no = ?1 AND subject = ?2 "
                              "AND subject <> '' AND ended_at IS NULL AND uuid <> ?3";
    Sq q;
    int rc = -1;
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, owner_no);
        sq_text(&q, subject);
        sq_blob(&q, id->b, sizeof id->b);
        rc = sq_step(&q, err);
        if (rc > 0 && !sq_col_bytes(&q, 0, out->b, sizeof out->b, "a fact's id", err))
            rc = -1;
    }
    sq_end(&q);
    return rc;
}

static bool end_fact(SqConn *c, int64_t owner_no, const Uuid *id, const Uuid *by, int64_t at,
    Err *err)
{
    static const char sql[] = "UPDATE facts SET ended_at = ?3, replaced_by = ?4 "
                              "WHERE owner_no = ?1 AND uuid = ?2";
    Sq q;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, owner_no);
    sq_blob(&q, id->b, sizeof id->b);
    sq_i64(&q, at);
    bind_uuid(&q, by);
    return sq_run(&q, err);
}

static bool write_fact(SqConn *c, int64_t owner_no, const Fact *f, Str words, Err *err)
{
    static const char sql[] =
        "INSERT INTO facts (owner_no, uuid, text, subject, value, source, words, created_at, "
        "updated_at, ended_at, replaced_by) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, nullif(?10, 0), ?11) "
        "ON CONFLICT (owner_no, uuid) DO UPDATE SET text = excluded.text, "
        "subject = excluded.subject, value = excluded.value, source = excluded.source, "
        "words = excluded.words, updated_at = excluded.updated_at, "
        "ended_at = excluded.ended_at, replaced_by = excluded.replaced_by";
    Sq q;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, owner_no);
    sq_blob(&q, f->id.b, sizeof f->id.b);
    sq_text(&q, f->text);
    sq_text(&q, f->subject.ptr ? f->subject : STR(""));
    sq_text(&q, f->value.ptr ? f->value : STR(""));
    sq_text(&q, f->source.ptr ? f->source : STR(""));
    sq_text(&q, words);
    sq_i64(&q, f->created_at);
    sq_i64(&q, f->updated_at);
    sq_i64(&q, f->ended_at);
    bind_uuid(&q, &f->replaced_by);
    return sq_run(&q, err);
}

static bool apply_fact(Sqlite *s, SqWrite *w, Err *err)
{
    FactWrite *fw = (FactWrite *)w;
    const Fact *f = fw->f;
    SqConn *c = s->writer.conn;
    fw->replaced = (Uuid){{0}};
    int rc = f->ended_at ? 0
        : find_holding(c, w->owner->no, f->subject, &f->id, &fw->replaced, err);
    if (rc < 0 || (rc > 0 && !end_fact(c, w->owner->no, &fw->replaced, &f->id, f->updated_at, err)))
        return false;
    return write_fact(c, w->owner->no, f, fw->words, err);
}

bool sq_fact_put(Store *store, const Uuid *owner, const Fact *f, Uuid *replaced, Err *err)
{
    Sqlite *s = sq_of(store);
    FactWrite fw = {.w = {.apply = apply_fact, .plans = true}, .f = f};
    if (s->read_only)
        return err_set(err, ERR_FORBIDDEN, "the store was opened for reading only");
    Arena *a = arena_new((size_t)1 << 20);
    bool ok = (a || sq_talk_no_memory(err)) && sq_talk_words(s, f->text, a, &fw.words, err)
        && (fw.w.owner = sq_owner_make(s, owner, err)) && sq_write(s, &fw.w, err);
    arena_free(a);
    if (ok && replaced)
        *replaced = fw.replaced;
    return ok;
}

/* What the fact had replaced is now replaced by what replaced it: nobody, when it held. */
static bool relink(SqConn *c, int64_t owner_no, const Uuid *id, const Uuid *by, Err *err)
{
    static const char sql[] =
        "UPDATE facts SET replaced_by = ?3 WHERE owner_no = ?1 AND replaced_by = ?2";
    Sq q;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, owner_no);
    sq_blob(&q, id->b, sizeof id->b);
    bind_uuid(&q, by);
    return sq_run(&q, err);
}

/* The last one that it replaced holds again, unless another holds of that subject by now. */
static bool revive(SqConn *c, int64_t owner_no, const Uuid *id, Err *err)
{
    static const char sql[] =
        "UPDATE facts SET ended_at = NULL, replaced_by = NULL WHERE fact_no = "
        " (SELECT fact_no FROM facts WHERE owner_no = ?1 AND replaced_by = ?2 "
        "  ORDER BY ended_at DESC, fact_no DESC LIMIT 1) "
        "AND NOT EXISTS (SELECT 1 FROM facts o WHERE o.owner_no = ?1 AND o.subject <> '' "
        " AND o.subject = facts.subject AND o.ended_at IS NULL)";
    Sq q;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, owner_no);
    sq_blob(&q, id->b, sizeof id->b);
    return sq_run(&q, err);
}

static bool apply_fact_delete(Sqlite *s, SqWrite *w, Err *err)
{
    static const char find[] =
        "SELECT ended_at, replaced_by FROM facts WHERE owner_no = ?1 AND uuid = ?2";
    static const char sql[] = "DELETE FROM facts WHERE owner_no = ?1 AND uuid = ?2";
    FactWrite *fw = (FactWrite *)w;
    SqConn *c = s->writer.conn;
    int64_t owner_no = w->owner->no;
    Uuid by = {{0}};
    bool held = true;
    Sq q;
    int rc = -1;
    if (sq_begin(&q, c, find, err)) {
        sq_i64(&q, owner_no);
        sq_blob(&q, fw->id->b, sizeof fw->id->b);
        rc = sq_step(&q, err);
        held = rc > 0 && !sq_col_str(&q, 0).ptr;
        if (rc > 0 && sq_col_str(&q, 1).ptr
            && !sq_col_bytes(&q, 1, by.b, sizeof by.b, "a fact's id", err))
            rc = -1;
    }
    sq_end(&q);
    if (rc == 0)
        return no_fact(err);
    if (rc < 0 || !sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, owner_no);
    sq_blob(&q, fw->id->b, sizeof fw->id->b);
    return sq_run(&q, err) && (!fw->revive || !held || revive(c, owner_no, fw->id, err))
        && relink(c, owner_no, fw->id, &by, err);
}

bool sq_fact_delete(Store *store, const Uuid *owner, const Uuid *id, bool revive_last, Err *err)
{
    Sqlite *s = sq_of(store);
    FactWrite fw = {.w = {.apply = apply_fact_delete, .owner = sq_owner(s, owner),
            .plans = true, .frees = true},
        .id = id, .revive = revive_last};
    return fw.w.owner ? sq_write(s, &fw.w, err) : no_fact(err);
}

/* ---- reading --------------------------------------------------------------------------------- */

bool sq_fact_get(Store *store, const Uuid *owner, const Uuid *id, Arena *a, Fact *out, Err *err)
{
    static const char sql[] =
        "SELECT " FACT_COLUMNS " FROM facts t WHERE t.owner_no = ?1 AND t.uuid = ?2";
    int rc = sq_owned_one(store, owner, sql, id, read_fact, a, out, err);
    return rc > 0 || (rc == 0 && no_fact(err));
}

static bool fact_where(SqConn *c, int64_t owner_no, const FactQuery *f, SqWhere *w, Err *err)
{
    buf_init(&w->sql, 1 << 20);
    buf_add_c(&w->sql, "t.owner_no = ?");
    sq_where_i64(w, owner_no);
    if (f->subject.ptr) {
        /* The index has those that hold and have a subject. */
        buf_add_c(&w->sql, f->subject.len ? " AND t.subject <> '' AND t.subject = ?"
                                          : " AND t.subject = ?");
        sq_where_text(w, f->subject);
    }
    for (size_t i = 0; i < f->n_subjects && i < FACT_MAX_SUBJECTS; i++) {
        buf_add_c(&w->sql, i ? ", ?" : " AND t.subject <> '' AND t.subject IN (?");
        sq_where_text(w, f->subjects[i]);
    }
    buf_add_c(&w->sql, f->n_subjects ? ")" : "");
    if (f->subject_prefix.len) {
        /* 0xFF is in no UTF-8, so that it is behind everything that begins so. */
        Str behind = arena_printf(w->a, STR_FMT "\xFF", STR_ARG(f->subject_prefix));
        if (!behind.ptr)
            return sq_talk_no_memory(err);
        buf_add_c(&w->sql, " AND t.subject <> '' AND t.subject >= ? AND t.subject < ?");
        sq_where_text(w, f->subject_prefix);
        sq_where_text(w, behind);
    }
    if (f->subject_suffix.len) {
        buf_add_c(&w->sql, " AND t.subject <> '' AND substr(t.subject, -length(?)) = ?");
        sq_where_text(w, f->subject_suffix);
        sq_where_text(w, f->subject_suffix);
    }
    if (!f->ended)
        buf_add_c(&w->sql, " AND t.ended_at IS NULL");
    return sq_talk_where_words(c, w, f->q, "instr(t.words, ?) > 0", err)
        && (buf_ok(&w->sql) || sq_talk_no_memory(err));
}

static bool begin_facts(Sq *q, SqConn *c, const SqWhere *w, const char *what, const char *end,
    Err *err)
{
    Str sql = arena_printf(w->a, "SELECT %s FROM facts t WHERE " STR_FMT " %s", what,
        STR_ARG(buf_str(&w->sql)), end);
    *q = (Sq){0};
    if (!sql.ptr)
        return sq_talk_no_memory(err);
    if (!sq_begin_once(q, c, sql, err))
        return false;
    sq_where_bind(w, q);
    return true;
}

static bool fact_page(SqConn *c, SqWhere *w, const FactQuery *f, Arena *a, FactPage *page,
    Err *err)
{
    int64_t before;
    Sq q;
    int rc = -1;
    bool ok = begin_facts(&q, c, w, "count(*)", "", err) && sq_step(&q, err) > 0;
    if (ok)
        page->total = (uint64_t)sq_col_i64(&q, 0);
    sq_end(&q);
    if (!ok)
        return false;
    if (f->cursor.len && str_to_i64(f->cursor, &before)) {
        buf_add_c(&w->sql, " AND t.fact_no < ?");
        sq_where_i64(w, before);
    }
    Str end = arena_printf(a, "ORDER BY t.fact_no DESC LIMIT %zu", f->limit + 1);
    page->items = ARENA_NEW_ARRAY(a, Fact, f->limit);
    if (!end.ptr || !page->items)
        return sq_talk_no_memory(err);
    if (begin_facts(&q, c, w, FACT_COLUMNS, end.ptr, err)) {
        while ((rc = sq_step(&q, err)) > 0 && page->n < f->limit) {
            if (!read_fact(&q, a, &page->items[page->n], err)) {
                rc = -1;
                break;
            }
            if (++page->n == f->limit)
                page->next_cursor = arena_printf(a, "%lld", (long long)sq_col_i64(&q, 0));
        }
    }
    sq_end(&q);
    if (rc > 0 && !page->next_cursor.ptr)
        return sq_talk_no_memory(err);
    if (rc == 0)
        page->next_cursor = (Str){NULL, 0};
    return rc >= 0;
}

bool sq_fact_list(Store *store, const Uuid *owner, const FactQuery *f, Arena *a, FactPage *out,
    Err *err)
{
    Sqlite *s = sq_of(store);
    SqOwner *o = sq_owner(s, owner);
    FactPage page = {0};
    int64_t before;
    if (f->cursor.len && !str_to_i64(f->cursor, &before))
        return err_set(err, ERR_VALIDATION, "the cursor does not belong to this list");
    if (!o) {
        *out = page;
        return true;
    }
    SqConn *c = sq_read_begin(s, err);
    if (!c)
        return false;
    SqWhere w = {.a = a};
    bool ok = fact_where(c, o->no, f, &w, err) && fact_page(c, &w, f, a, &page, err);
    sq_where_release(&w);
    sq_read_end(s, c);
    if (ok)
        *out = page;
    return ok;
}
