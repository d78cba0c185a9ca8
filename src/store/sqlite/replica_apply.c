/* replica_apply.c - rows from elsewhere into the working copy; see sq_replica.h. */
#include "store/sqlite/sq_apply.h"

#include "base/log.h"
#include "base/mem.h"
#include "store/sqlite/sq_rows.h"

#define COLUMNS_MAX 64
#define TOLD_MAX 1000 /* documents of a new copy that listeners are told of */

typedef struct SqApplyTable {
    Str name;
    struct {
        Str name;
        bool bytes;      /* declared BLOB */
    } columns[COLUMNS_MAX];
    int n_columns;
    int pk[COLUMNS_MAX], n_pk; /* columns of the primary key, in the table's order */
    sqlite3_stmt *remove;
    uint64_t mask;       /* columns that `put` sets */
    sqlite3_stmt *put;
} Table;

static bool no_memory(Err *err)
{
    return err_set(err, ERR_NO_MEMORY, "taking over rows: out of memory");
}

/* ---- tables --------------------------------------------------------------------------------- */

static bool read_columns(SqApply *t, Table *x, Err *err)
{
    Sq q;
    int rc = -1;
    if (sq_begin_once(&q, t->c, STR("SELECT name, type, pk FROM pragma_table_info(?1)"), err)) {
        sq_text(&q, x->name);
        while ((rc = sq_step(&q, err)) > 0 && x->n_columns < COLUMNS_MAX) {
            int i = x->n_columns;
            if (!sq_col_copy(&q, 0, t->a, &x->columns[i].name, err)) {
                rc = -1;
                break;
            }
            x->columns[i].bytes = str_eq(sq_col_str(&q, 1), STR("BLOB"));
            if (sq_col_i64(&q, 2))
                x->pk[x->n_pk++] = i;
            x->n_columns++;
        }
    }
    sq_end(&q);
    return rc == 0;
}

static Table *table_of(SqApply *t, Str name, Err *err)
{
    for (size_t i = t->n_tables; i-- > 0;)
        if (str_eq(t->tables[i].name, name))
            return &t->tables[i];
    char *c_name = arena_cstr(t->a, name);
    if (!c_name || !ARENA_GROW(t->a, t->tables, t->n_tables, t->cap_tables)) {
        no_memory(err);
        return NULL;
    }
    Table *x = &t->tables[t->n_tables];
    *x = (Table){.name = str_of(c_name)};
    if (!sq_replica_table(c_name) || !read_columns(t, x, err) || !x->n_pk) {
        err_set(err, ERR_CONFLICT,
            "what is stored has rows of \"" STR_FMT "\", which this Sotto does not know: a newer "
            "one wrote them; update this one", STR_ARG(name));
        return NULL;
    }
    t->n_tables++;
    return x;
}

static bool prepare(SqApply *t, Buf *sql, sqlite3_stmt **st, Err *err)
{
    if (!buf_check(sql, "a statement", err))
        return false;
    int rc = sqlite3_prepare_v2(t->c->db, sql->ptr, (int)sql->len, st, NULL);
    return rc == SQLITE_OK || sq_fail(t->c, rc, "taking over rows", err);
}

static bool open_remove(SqApply *t, Table *x, Err *err)
{
    if (x->remove)
        return true;
    Buf sql;
    buf_init(&sql, 1 << 16);
    buf_printf(&sql, "DELETE FROM \"" STR_FMT "\" WHERE 1", STR_ARG(x->name));
    for (int i = 0; i < x->n_pk; i++)
        buf_printf(&sql, " AND \"" STR_FMT "\" = ?", STR_ARG(x->columns[x->pk[i]].name));
    bool ok = prepare(t, &sql, &x->remove, err);
    buf_release(&sql);
    return ok;
}

/* Columns that a row has not (an older Sotto wrote it) get their default. */
static bool open_put(SqApply *t, Table *x, uint64_t mask, Err *err)
{
    if (x->put && x->mask == mask)
        return true;
    sqlite3_finalize(x->put);
    x->put = NULL;
    x->mask = mask;
    Buf sql, values;
    buf_init(&sql, 1 << 16);
    buf_init(&values, 1 << 16);
    buf_printf(&sql, "INSERT INTO \"" STR_FMT "\" (", STR_ARG(x->name));
    const char *comma = "";
    for (int i = 0; i < x->n_columns; i++, comma = ", ")
        if (mask >> i & 1) {
            buf_printf(&sql, "%s\"" STR_FMT "\"", comma, STR_ARG(x->columns[i].name));
            buf_printf(&values, "%s?", comma);
        }
    buf_printf(&sql, ") VALUES (" STR_FMT ") ON CONFLICT (", STR_ARG(buf_str(&values)));
    for (int i = 0; i < x->n_pk; i++)
        buf_printf(&sql, "%s\"" STR_FMT "\"", i ? ", " : "",
            STR_ARG(x->columns[x->pk[i]].name));
    buf_add_c(&sql, ") DO UPDATE SET ");
    comma = "";
    for (int i = 0; i < x->n_columns; i++, comma = ", ")
        if (mask >> i & 1)
            buf_printf(&sql, "%s\"" STR_FMT "\" = excluded.\"" STR_FMT "\"", comma,
                STR_ARG(x->columns[i].name), STR_ARG(x->columns[i].name));
    bool ok = prepare(t, &sql, &x->put, err);
    buf_release(&sql);
    buf_release(&values);
    return ok;
}

/* ---- values --------------------------------------------------------------------------------- */

static int bind_json(SqApply *t, sqlite3_stmt *st, int at, const Json *v, Err *err)
{
    int64_t i;
    double d;
    Str s;
    switch (json_type(v)) {
    case JSON_T_INT: (void)json_int(v, &i); return sqlite3_bind_int64(st, at, i);
    case JSON_T_REAL: (void)json_num(v, &d); return sqlite3_bind_double(st, at, d);
    case JSON_T_STRING:
        s = json_str(v);
        return sqlite3_bind_text64(st, at, s.ptr, s.len, SQLITE_STATIC, SQLITE_UTF8);
    case JSON_T_OBJECT:
        if (str_to_double(json_str(json_get(v, "f")), &d))
            return sqlite3_bind_double(st, at, d);
        s = json_str(json_get(v, "t"));
        if (!s.ptr && !sq_replica_base64(json_str(json_get(v, "b")), t->row, &s, err))
            return SQLITE_ERROR;
        return s.len ? sqlite3_bind_blob64(st, at, s.ptr, s.len, SQLITE_STATIC)
                     : sqlite3_bind_zeroblob(st, at, 0);
    default: return sqlite3_bind_null(st, at);
    }
}

/* The last column of a key may hold anything, the separator too; those before it cannot. */
static bool bind_key(SqApply *t, const Table *x, sqlite3_stmt *st, Str key, Err *err)
{
    for (int i = 0; i < x->n_pk; i++) {
        size_t end = i + 1 < x->n_pk ? str_find(key, STR("\x1f"), 0) : key.len;
        if (end == SIZE_MAX)
            return err_set(err, ERR_CORRUPT, "a stored key has too few parts");
        Str part = str_sub(key, 0, end);
        key = str_sub(key, end + 1, key.len);
        int rc;
        if (x->columns[x->pk[i]].bytes) {
            char *bytes = arena_alloc(t->row, part.len / 2 + 1);
            if (!bytes)
                return no_memory(err);
            for (size_t k = 0; k + 1 < part.len; k += 2)
                bytes[k / 2] =
                    (char)(str_hex_digit(part.ptr[k]) << 4 | str_hex_digit(part.ptr[k + 1]));
            rc = sqlite3_bind_blob64(st, i + 1, bytes, part.len / 2, SQLITE_STATIC);
        } else {
            rc = sqlite3_bind_text64(st, i + 1, part.ptr, part.len, SQLITE_STATIC, SQLITE_UTF8);
        }
        if (rc != SQLITE_OK)
            return sq_fail(t->c, rc, "taking over rows", err);
    }
    return true;
}

static bool run(SqApply *t, sqlite3_stmt *st, Err *err)
{
    int rc = sqlite3_step(st);
    bool ok = rc == SQLITE_DONE || sq_fail(t->c, rc, "taking over rows", err);
    sqlite3_reset(st);
    sqlite3_clear_bindings(st);
    return ok;
}

/* ---- versions ------------------------------------------------------------------------------- */

static bool seq_in(SqApply *t, const char *sql, Str table, Str key, uint64_t *seq, Err *err)
{
    Sq q;
    int rc = -1;
    *seq = 0;
    if (sq_begin(&q, t->c, sql, err)) {
        sq_text(&q, table);
        sq_text(&q, key);
        rc = sq_step(&q, err);
        if (rc > 0)
            *seq = (uint64_t)sq_col_i64(&q, 0);
    }
    sq_end(&q);
    return rc >= 0;
}

static bool version_here(SqApply *t, Str table, Str key, uint64_t *seq, Err *err)
{
    static const char sql[] = "SELECT seq FROM replica_rows WHERE tbl = ?1 AND key = ?2";
    return seq_in(t, sql, table, key, seq, err);
}

static bool gone_since(SqApply *t, Str table, Str key, uint64_t *seq, Err *err)
{
    static const char sql[] = "SELECT seq FROM replica_gone WHERE tbl = ?1 AND key = ?2";
    return seq_in(t, sql, table, key, seq, err);
}

/* ---- what follows from a row ---------------------------------------------------------------- */

static bool add_range(SqApply *t, bool gone, int64_t doc, int64_t chunk, Err *err)
{
    if (t->whole)
        return true;
    SqApplyRange *last = t->n_ranges ? &t->ranges[t->n_ranges - 1] : NULL;
    if (last && last->gone == gone && last->doc == doc && last->last + 1 == chunk) {
        last->last = chunk;
        return true;
    }
    if (!ARENA_GROW(t->a, t->ranges, t->n_ranges, t->cap_ranges))
        return no_memory(err);
    t->ranges[t->n_ranges++] = (SqApplyRange){doc, chunk, chunk, gone};
    return true;
}

static bool add_notice(SqApply *t, ChangeKind kind, const Uuid *document, Err *err)
{
    if (t->whole && t->n_notices == TOLD_MAX)
        return true;
    if (!ARENA_GROW(t->a, t->notices, t->n_notices, t->cap_notices))
        return no_memory(err);
    t->notices[t->n_notices].kind = kind;
    t->notices[t->n_notices++].document = *document;
    return true;
}

/* A passage that is about to go: out of the full text, which must be told what was in it. */
static bool passage_goes(SqApply *t, Str key, Err *err)
{
    static const char fts[] = "INSERT INTO chunk_fts (chunk_fts, rowid, body, context) "
        "SELECT 'delete', t.chunk_no, t.body, t.context FROM chunk_texts t WHERE t.chunk_no = ?1";
    static const char doc[] = "SELECT doc_no FROM chunks WHERE chunk_no = ?1";
    int64_t no, doc_no = 0;
    Sq q;
    if (!str_to_i64(key, &no))
        return err_set(err, ERR_CORRUPT, "a passage's key is no number");
    bool ok = sq_begin(&q, t->c, doc, err);
    if (ok) {
        sq_i64(&q, no);
        int rc = sq_step(&q, err);
        doc_no = rc > 0 ? sq_col_i64(&q, 0) : 0;
        ok = rc >= 0;
    }
    sq_end(&q);
    if (!ok || !doc_no)
        return ok;
    if (!sq_begin(&q, t->c, fts, err))
        return false;
    sq_i64(&q, no);
    return sq_run(&q, err) && add_range(t, true, doc_no, no, err);
}

static bool document_goes(SqApply *t, Str key, Err *err)
{
    static const char sql[] = "SELECT uuid FROM documents WHERE doc_no = ?1";
    int64_t no;
    Uuid id;
    Sq q;
    bool ok = str_to_i64(key, &no) && sq_begin(&q, t->c, sql, err);
    if (!ok)
        return false;
    sq_i64(&q, no);
    int rc = sq_step(&q, err);
    ok = rc == 0 || (rc > 0 && sq_col_bytes(&q, 0, id.b, sizeof id.b, "a document's id", err));
    sq_end(&q);
    return ok && (rc == 0 || add_notice(t, CHANGE_DELETED, &id, err));
}

static bool row_came(SqApply *t, Str table, Str key, const Json *row, bool known, Err *err)
{
    int64_t no, doc;
    if (str_eq(table, STR("chunks")))
        return known
            || (str_to_i64(key, &no) && json_int(json_get(row, "doc_no"), &doc)
                && add_range(t, false, doc, no, err));
    if (!str_eq(table, STR("documents")))
        return true;
    Str bytes;
    if (!sq_replica_base64(json_str(json_get(json_get(row, "uuid"), "b")), t->row, &bytes, NULL)
        || bytes.len != 16)
        return true; /* of 16 letters by chance: nobody is told */
    Uuid id;
    memcpy(id.b, bytes.ptr, 16);
    return add_notice(t, known ? CHANGE_UPDATED : CHANGE_CREATED, &id, err);
}

/* ---- rows ----------------------------------------------------------------------------------- */

uint64_t sq_apply_seq(const SqApply *t)
{
    return t->seq;
}

static bool remove_row(SqApply *t, Table *x, Str table, Str key, Err *err)
{
    if (str_eq(table, STR("chunks")) && !passage_goes(t, key, err))
        return false;
    if (str_eq(table, STR("documents")) && !document_goes(t, key, err))
        return false;
    if (!sq_news_goes(&t->news, t->c, table, key, err))
        return false;
    t->any = true;
    return open_remove(t, x, err) && bind_key(t, x, x->remove, key, err)
        && run(t, x->remove, err) && sq_replica_unmark(t->c, table, key, err);
}

bool sq_apply_gone(SqApply *t, Str table, Str key, uint64_t seq, Err *err)
{
    static const char sql[] = "INSERT INTO replica_gone (tbl, key, seq) VALUES (?1, ?2, ?3) "
        "ON CONFLICT (tbl, key) DO UPDATE SET seq = max(seq, excluded.seq)";
    uint64_t here;
    Sq q;
    arena_reset(t->row);
    Table *x = table_of(t, table, err);
    if (!x || !sq_begin(&q, t->c, sql, err))
        return false;
    sq_text(&q, table);
    sq_text(&q, key);
    sq_i64(&q, (int64_t)seq);
    if (!sq_run(&q, err) || !version_here(t, table, key, &here, err))
        return false;
    return !here || here >= seq || remove_row(t, x, table, key, err);
}

/* ---- a copy that is compared with all there is ----------------------------------------------- */

static bool saw(SqApply *t, Str table, Str key, Err *err)
{
    static const char sql[] = "INSERT OR IGNORE INTO replica_seen (tbl, key) VALUES (?1, ?2)";
    Sq q;
    if (!sq_begin(&q, t->c, sql, err))
        return false;
    sq_text(&q, table);
    sq_text(&q, key);
    return sq_run(&q, err);
}

bool sq_apply_anew(SqApply *t, Err *err)
{
    t->anew = true;
    return sq_exec(t->c, "CREATE TABLE IF NOT EXISTS replica_seen (tbl TEXT NOT NULL,"
        " key TEXT NOT NULL, PRIMARY KEY (tbl, key)) WITHOUT ROWID;"
        "DELETE FROM replica_seen", "comparing a working copy", err);
}

#define UNSEEN_AT_ONCE 1000

typedef struct {
    Str table, key;
} Unseen;

static bool read_unseen(Sq *q, Arena *a, void *row, Err *err)
{
    Unseen *u = row;
    return sq_col_copy(q, 0, a, &u->table, err) && sq_col_copy(q, 1, a, &u->key, err);
}

/* Passages before their texts: the full text is told what was in them. */
static bool remove_unseen(SqApply *t, Arena *a, size_t *n, Err *err)
{
    static const char sql[] = "SELECT r.tbl, r.key FROM replica_rows r WHERE NOT EXISTS "
        "(SELECT 1 FROM replica_seen s WHERE s.tbl = r.tbl AND s.key = r.key) "
        "ORDER BY r.tbl != 'chunks', r.tbl != 'documents' LIMIT ?1";
    Unseen *list = NULL;
    Sq q;
    *n = 0;
    if (!sq_begin(&q, t->c, sql, err))
        return false;
    sq_i64(&q, UNSEEN_AT_ONCE);
    if (!sq_list(&q, a, read_unseen, sizeof *list, &list, n, err))
        return false;
    for (size_t i = 0; i < *n; i++) {
        arena_reset(t->row);
        Table *x = table_of(t, list[i].table, err);
        if (!x || !remove_row(t, x, list[i].table, list[i].key, err))
            return false;
    }
    return true;
}

bool sq_apply_seen_all(SqApply *t, Err *err)
{
    Arena *a = arena_new((size_t)1 << 30);
    size_t n = UNSEEN_AT_ONCE;
    bool ok = a || no_memory(err);
    while (ok && n == UNSEEN_AT_ONCE) {
        arena_reset(a);
        ok = remove_unseen(t, a, &n, err);
    }
    arena_free(a);
    t->anew = false;
    return ok && sq_exec(t->c, "DELETE FROM replica_seen", "comparing a working copy", err);
}

bool sq_apply_row(SqApply *t, Str table, Str key, const Json *row, uint64_t seq, const Uuid *txn,
    Err *err)
{
    uint64_t here, gone;
    arena_reset(t->row);
    Table *x = table_of(t, table, err);
    if (x && t->anew && !saw(t, table, key, err))
        return false;
    if (!x || !version_here(t, table, key, &here, err) || !gone_since(t, table, key, &gone, err))
        return false;
    if (here >= seq || gone > seq)
        return true;
    uint64_t mask = 0;
    for (int i = 0; i < x->n_columns; i++)
        mask |= (uint64_t)(json_get(row, x->columns[i].name.ptr) != NULL) << i;
    if (!sq_news_comes(&t->news, t->c, table, key, here != 0, err))
        return false;
    if (!mask || !open_put(t, x, mask, err))
        return mask || err_set(err, ERR_CORRUPT, "a stored row has no columns");
    for (int i = 0, at = 1; i < x->n_columns; i++) {
        if (!(mask >> i & 1))
            continue;
        int rc = bind_json(t, x->put, at++, json_get(row, x->columns[i].name.ptr), err);
        if (rc != SQLITE_OK)
            return sq_fail(t->c, rc, "taking over rows", err);
    }
    t->any = true;
    return run(t, x->put, err) && row_came(t, table, key, row, here != 0, err)
        && sq_replica_mark(t->c, table, key, seq, txn, err);
}

/* ---- the transaction ------------------------------------------------------------------------ */

typedef struct {
    SqWrite w;
    bool (*fn)(void *arg, SqApply *t, Err *err);
    void *arg;
} Apply;

static bool transaction(SqApply *t, const Apply *ap, Err *err)
{
    static const char begin[] =
        "BEGIN IMMEDIATE;"
        "CREATE TABLE IF NOT EXISTS replica_gone (tbl TEXT NOT NULL, key TEXT NOT NULL,"
        " seq INTEGER NOT NULL, PRIMARY KEY (tbl, key)) WITHOUT ROWID;"
        "DELETE FROM replica_gone";
    if (!sq_exec(t->c, begin, "taking over rows", err))
        return false;
    bool ok = ap->fn(ap->arg, t, err) && sq_apply_follow(t, err)
        && sq_news_settle(&t->news, t->c, err)
        && sq_exec(t->c, "DELETE FROM replica_gone", "taking over rows", err);
    for (size_t i = 0; i < t->n_tables; i++) {
        sqlite3_finalize(t->tables[i].remove);
        sqlite3_finalize(t->tables[i].put);
    }
    return ok && sq_exec(t->c, "COMMIT", "taking over rows", err);
}

static bool indexes(Sqlite *s, Err *err)
{
    if (!sq_counters_load(s, err) || !sq_owners_refresh(s, err))
        return false;
    for (SqOwner *o = s->owners; o; o = o->next)
        if (!o->gone && !sq_index_catch_up(s, s->writer.conn, o, o->index, err))
            return false;
    return true;
}

static void tell(Sqlite *s, const SqApply *t)
{
    for (SqOwner *o = s->owners; o; o = o->next) {
        atomic_fetch_add(&o->version, 1);
        atomic_fetch_add(&o->plans, 1);
    }
    pthread_mutex_lock(&s->change_lock);
    for (size_t i = 0; s->change_fn && s->owners && i < t->n_notices; i++)
        s->change_fn(s->change_arg, &s->owners->uuid, t->notices[i].kind, &t->notices[i].document);
    pthread_mutex_unlock(&s->change_lock);
    sq_news_tell(s, &t->news);
}

static bool apply(Sqlite *s, SqWrite *w, Err *err)
{
    SqApply t = {.s = s, .c = s->writer.conn, .a = arena_new((size_t)8 << 30),
        .seq = atomic_load(&s->replica->seq)};
    t.row = t.a ? arena_new((size_t)1 << 30) : NULL;
    t.whole = t.seq == 0;
    if (!t.row) {
        arena_free(t.a);
        return no_memory(err);
    }
    pthread_mutex_lock(&s->change_lock);
    t.news = (SqNews){.wanted = s->news_fn != NULL, .a = t.a};
    pthread_mutex_unlock(&s->change_lock);
    int keys = 0; /* a move of data has them off already, and goes on */
    sqlite3_db_config(t.c->db, SQLITE_DBCONFIG_ENABLE_FKEY, -1, &keys);
    sqlite3_db_config(t.c->db, SQLITE_DBCONFIG_ENABLE_FKEY, 0, NULL);
    sq_replica_pause(s->replica, true);
    bool ok = transaction(&t, (const Apply *)w, err);
    if (!sqlite3_get_autocommit(t.c->db))
        (void)sq_exec(t.c, "ROLLBACK", "undoing", NULL);
    sqlite3_db_config(t.c->db, SQLITE_DBCONFIG_ENABLE_FKEY, keys, NULL);
    sq_replica_pause(s->replica, false);
    if (ok) {
        atomic_store(&s->replica->seq, t.seq);
        ok = !t.any || indexes(s, err);
        if (ok && t.any)
            tell(s, &t);
    }
    arena_free(t.row);
    arena_free(t.a);
    return ok;
}

bool sq_replica_apply(Store *local, bool (*fn)(void *arg, SqApply *t, Err *err), void *arg,
    Err *err)
{
    Apply ap = {.w = {.alone = apply}, .fn = fn, .arg = arg};
    return sq_write(sq_of(local), &ap.w, err);
}
