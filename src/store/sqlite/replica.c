/* replica.c - what a transaction changed, collected before it commits; see sq_replica.h. */
#define SQLITE_ENABLE_SESSION 1
#define SQLITE_ENABLE_PREUPDATE_HOOK 1
#include "store/sqlite/sq_replica.h"
#include "store/sqlite/sq_replica_int.h"

#include "base/mem.h"
#include "base/utf8.h"

static bool no_memory(Err *err)
{
    return err_set(err, ERR_NO_MEMORY, "collecting what changed: out of memory");
}

/* ---- which tables --------------------------------------------------------------------------- */

bool sq_replica_table(const char *name)
{
    static const char *const local[] = {"meta", "changes", "replica_rows", "replica_state",
        "replica_gone", "replica_seen"};
    for (size_t i = 0; i < sizeof local / sizeof *local; i++)
        if (!strcmp(name, local[i]))
            return false;
    return strncmp(name, "chunk_fts", 9) != 0 && strncmp(name, "sqlite_", 7) != 0;
}

static int wanted(void *arg, const char *name)
{
    (void)arg;
    return sq_replica_table(name);
}

/* ---- a row as text -------------------------------------------------------------------------- */

static void add_base64(Buf *out, Str s)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *p = (const unsigned char *)s.ptr;
    for (size_t i = 0; i < s.len; i += 3) {
        size_t left = s.len - i;
        uint32_t v = (uint32_t)p[i] << 16 | (left > 1 ? (uint32_t)p[i + 1] << 8 : 0)
            | (left > 2 ? p[i + 2] : 0);
        const char four[4] = {digits[v >> 18], digits[v >> 12 & 63],
            left > 1 ? digits[v >> 6 & 63] : '=', left > 2 ? digits[v & 63] : '='};
        buf_add_mem(out, four, 4);
    }
}

static void put_bytes(JsonW *w, Str s)
{
    bool text = utf8_valid_len(s) == s.len && !(s.len && memchr(s.ptr, 0, s.len));
    jw_obj(w);
    if (text) {
        jw_kv_str(w, "t", s);
    } else {
        jw_key(w, "b");
        Buf b;
        buf_init(&b, SIZE_MAX / 2);
        add_base64(&b, s);
        jw_str(w, buf_str(&b));
        w->out->failed = w->out->failed || b.failed;
        buf_release(&b);
    }
    jw_obj_end(w);
}

/* As text: a JSON reader between here and there may be off by the last bit. */
static void put_real(JsonW *w, double v)
{
    Buf b;
    JsonW digits;
    buf_init(&b, 64);
    jw_init(&digits, &b);
    jw_num(&digits, v);
    jw_obj(w);
    jw_kv_str(w, "f", buf_str(&b));
    jw_obj_end(w);
    w->out->failed = w->out->failed || b.failed;
    buf_release(&b);
}

static void put_column(JsonW *w, sqlite3_stmt *st, int i)
{
    Str s = {sqlite3_column_blob(st, i), (size_t)sqlite3_column_bytes(st, i)};
    if (!s.ptr)
        s = STR("");
    jw_key(w, sqlite3_column_name(st, i));
    switch (sqlite3_column_type(st, i)) {
    case SQLITE_INTEGER: jw_int(w, sqlite3_column_int64(st, i)); break;
    case SQLITE_FLOAT: put_real(w, sqlite3_column_double(st, i)); break;
    case SQLITE_TEXT: jw_str(w, s); break;
    case SQLITE_BLOB: put_bytes(w, s); break;
    default: jw_null(w); break;
    }
}

static void add_key(Buf *out, sqlite3_value *v)
{
    Str s = {sqlite3_value_blob(v), (size_t)sqlite3_value_bytes(v)};
    switch (sqlite3_value_type(v)) {
    case SQLITE_INTEGER: buf_printf(out, "%lld", (long long)sqlite3_value_int64(v)); break;
    case SQLITE_TEXT: buf_add(out, s); break;
    case SQLITE_BLOB:
        for (size_t i = 0; i < s.len; i++)
            buf_printf(out, "%02x", (unsigned char)s.ptr[i]);
        break;
    default: buf_add_c(out, "-"); break;
    }
}

/* ---- collecting ----------------------------------------------------------------------------- */

typedef struct {
    SqChange *c;
    sqlite3_changeset_iter *it;
    Str table;           /* of the statements below */
    sqlite3_stmt *get;   /* the row by its key */
    Buf text;
} Collector;

static bool fail(const Collector *k, int rc, Err *err)
{
    return sq_fail(k->c->conn, rc, "collecting what changed", err);
}

/* SELECT * by primary key. */
static bool open_table(Collector *k, const char *name, const unsigned char *pk, int n, Err *err)
{
    if (k->table.ptr && str_eq(k->table, str_of(name)))
        return true;
    sqlite3_finalize(k->get);
    k->get = NULL;
    k->table = arena_str(k->c->arena, str_of(name));
    if (!k->table.ptr)
        return no_memory(err);
    Sq q;
    Buf sql;
    buf_init(&sql, 1 << 16);
    buf_printf(&sql, "SELECT * FROM \"%s\" WHERE 1", name);
    bool ok = sq_begin_once(&q, k->c->conn, STR("SELECT name FROM pragma_table_info(?1)"), err);
    if (ok)
        sq_text(&q, k->table);
    for (int i = 0, rc = 1; ok && i < n && rc > 0; i++) {
        rc = sq_step(&q, err);
        ok = rc > 0;
        if (ok && pk[i])
            buf_printf(&sql, " AND \"" STR_FMT "\" = ?", STR_ARG(sq_col_str(&q, 0)));
    }
    sq_end(&q);
    ok = ok && buf_check(&sql, "a statement", err);
    if (ok) {
        int rc = sqlite3_prepare_v2(k->c->conn->db, sql.ptr, (int)sql.len, &k->get, NULL);
        ok = rc == SQLITE_OK || fail(k, rc, err);
    }
    buf_release(&sql);
    return ok;
}

static bool number_in(Str s, int64_t *out)
{
    size_t end = str_find(s, STR("\x1f"), 0);
    return str_to_i64(str_sub(s, 0, end == SIZE_MAX ? s.len : end), out);
}

static bool add_number(SqChange *c, int64_t **list, size_t *n, size_t *cap, int64_t v, Err *err)
{
    if (*n && (*list)[*n - 1] == v)
        return true;
    if (!arena_grow(c->arena, list, *n, cap, sizeof **list))
        return no_memory(err);
    (*list)[(*n)++] = v;
    return true;
}

/* What a search engine has to know of it. */
static bool note(Collector *k, const SqRowChange *r, int op, Err *err)
{
    SqChange *c = k->c;
    int64_t no;
    sqlite3_value *v = NULL;
    if (str_eq(r->table, STR("chunks")) && op == SQLITE_DELETE) {
        if (sqlite3changeset_old(k->it, 2, &v) != SQLITE_OK || sqlite3_value_bytes(v) != 16)
            return err_set(err, ERR_CORRUPT, "a passage's id has not 16 bytes");
        if (!ARENA_GROW(c->arena, c->gone_chunks, c->n_gone, c->cap_gone))
            return no_memory(err);
        memcpy(c->gone_chunks[c->n_gone++].b, sqlite3_value_blob(v), 16);
        return true;
    }
    if (op != SQLITE_DELETE && str_eq(r->table, STR("chunks")) && number_in(r->key, &no))
        return add_number(c, &c->chunks, &c->n_chunks, &c->cap_chunks, no, err);
    bool facts = (op == SQLITE_UPDATE && str_eq(r->table, STR("documents")))
        || str_eq(r->table, STR("tags"));
    if (facts && number_in(r->key, &no))
        return add_number(c, &c->docs, &c->n_docs, &c->cap_docs, no, err);
    return true;
}

static bool row_json(Collector *k, SqRowChange *r, Err *err)
{
    int rc = sqlite3_step(k->get);
    if (rc == SQLITE_ROW) {
        JsonW w;
        buf_clear(&k->text);
        jw_init(&w, &k->text);
        jw_obj(&w);
        for (int i = 0, n = sqlite3_column_count(k->get); i < n; i++)
            put_column(&w, k->get, i);
        jw_obj_end(&w);
        r->json = arena_buf(k->c->arena, &k->text);
    }
    sqlite3_reset(k->get);
    return rc == SQLITE_ROW ? r->json.ptr || no_memory(err)
                            : fail(k, rc == SQLITE_DONE ? SQLITE_CORRUPT : rc, err);
}

static bool one(Collector *k, Err *err)
{
    SqChange *c = k->c;
    const char *table;
    unsigned char *pk;
    int n, op, indirect, npk, at = 1;
    int rc = sqlite3changeset_op(k->it, &table, &n, &op, &indirect);
    if (rc == SQLITE_OK)
        rc = sqlite3changeset_pk(k->it, &pk, &npk);
    if (rc != SQLITE_OK)
        return fail(k, rc, err);
    if (!open_table(k, table, pk, n, err)
        || (!ARENA_GROW(c->arena, c->rows, c->n_rows, c->cap_rows) && !no_memory(err)))
        return false;
    SqRowChange r = {.table = k->table};
    buf_clear(&k->text);
    for (int i = 0; i < n; i++) {
        sqlite3_value *v = NULL;
        if (!pk[i])
            continue;
        rc = op == SQLITE_INSERT ? sqlite3changeset_new(k->it, i, &v)
                                 : sqlite3changeset_old(k->it, i, &v);
        if (rc != SQLITE_OK || !v)
            return fail(k, rc == SQLITE_OK ? SQLITE_CORRUPT : rc, err);
        if (at > 1)
            buf_add_char(&k->text, '\x1f');
        add_key(&k->text, v);
        rc = sqlite3_bind_value(k->get, at++, v);
        if (rc != SQLITE_OK)
            return fail(k, rc, err);
    }
    r.key = arena_buf(c->arena, &k->text);
    if (!r.key.ptr)
        return no_memory(err);
    if (!sq_replica_version(c->conn, r.table, r.key, &r.had, &r.was, err)
        || (op != SQLITE_DELETE && !row_json(k, &r, err))
        || !note(k, &r, op, err))
        return false;
    c->rows[c->n_rows++] = r;
    return true;
}

static bool collect(SqReplica *r, SqChange *c, Err *err)
{
    Collector k = {.c = c};
    void *set = NULL;
    int size = 0, rc = sqlite3session_changeset(r->session, &size, &set);
    if (rc == SQLITE_OK)
        rc = sqlite3changeset_start(&k.it, size, set);
    buf_init(&k.text, (size_t)1 << 30);
    bool ok = rc == SQLITE_OK || fail(&k, rc, err);
    while (ok && (rc = sqlite3changeset_next(k.it)) == SQLITE_ROW)
        ok = one(&k, err);
    if (ok && rc != SQLITE_DONE)
        ok = fail(&k, rc, err);
    sqlite3_finalize(k.get);
    if (k.it)
        sqlite3changeset_finalize(k.it);
    sqlite3_free(set);
    buf_release(&k.text);
    return ok;
}

/* ---- versions ------------------------------------------------------------------------------- */

bool sq_replica_mark(SqConn *c, Str table, Str key, uint64_t seq, const Uuid *txn, Err *err)
{
    static const char sql[] = "INSERT INTO replica_rows (tbl, key, txn, seq) VALUES (?1,?2,?3,?4) "
        "ON CONFLICT (tbl, key) DO UPDATE SET txn = excluded.txn, seq = excluded.seq";
    Sq q;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_text(&q, table);
    sq_text(&q, key);
    sq_blob(&q, txn->b, sizeof txn->b);
    sq_i64(&q, (int64_t)seq);
    return sq_run(&q, err);
}

bool sq_replica_unmark(SqConn *c, Str table, Str key, Err *err)
{
    static const char sql[] = "DELETE FROM replica_rows WHERE tbl = ?1 AND key = ?2";
    Sq q;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_text(&q, table);
    sq_text(&q, key);
    return sq_run(&q, err);
}

bool sq_replica_set_seq(SqConn *c, uint64_t seq, const Uuid *txn, Err *err)
{
    static const char sql[] = "UPDATE replica_state SET seq = ?1, txn = ?2";
    Sq q;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, (int64_t)seq);
    sq_blob(&q, txn->b, sizeof txn->b);
    return sq_run(&q, err);
}

static bool get_seq(SqConn *c, uint64_t *seq, Err *err)
{
    Sq q;
    bool ok = sq_begin_once(&q, c, STR("SELECT seq FROM replica_state"), err)
        && sq_step(&q, err) > 0;
    if (ok)
        *seq = (uint64_t)sq_col_i64(&q, 0);
    sq_end(&q);
    return ok;
}

/* ---- around a commit ------------------------------------------------------------------------ */

static bool remember(const SqChange *c, Err *err)
{
    for (size_t i = 0; i < c->n_rows; i++) {
        const SqRowChange *r = &c->rows[i];
        if (!(r->json.ptr ? sq_replica_mark(c->conn, r->table, r->key, c->seq, &c->txn, err)
                          : sq_replica_unmark(c->conn, r->table, r->key, err)))
            return false;
    }
    return sq_replica_set_seq(c->conn, c->seq, &c->txn, err);
}

bool sq_replica_before(Sqlite *s, Err *err)
{
    SqReplica *r = s->replica;
    r->pending = 0;
    if (sqlite3session_isempty(r->session))
        return true;
    SqChange c = {.conn = s->writer.conn, .context_weight = s->context_weight,
        .model = s->model,
        .arena = arena_new((size_t)8 << 30)};
    uint64_t seq = 0;
    bool ok = (c.arena || no_memory(err)) && uuid_v4(&c.txn, err) && collect(r, &c, err);
    if (ok && c.n_rows) {
        ok = get_seq(c.conn, &seq, err);
        c.seq = seq + 1;
        ok = ok && r->options.send(r->options.arg, &c, err) && remember(&c, err);
        if (ok)
            r->pending = c.seq;
    }
    arena_free(c.arena);
    return ok;
}

static bool new_session(SqReplica *r, sqlite3 *db, Err *err)
{
    if (r->session)
        sqlite3session_delete(r->session);
    r->session = NULL;
    int rc = sqlite3session_create(db, "main", &r->session);
    if (rc == SQLITE_OK) {
        sqlite3session_table_filter(r->session, wanted, NULL);
        rc = sqlite3session_attach(r->session, NULL);
    }
    return rc == SQLITE_OK
        || err_set(err, ERR_NO_MEMORY, "recording what changes: %s", sqlite3_errstr(rc));
}

bool sq_replica_reconnect(Sqlite *s, Err *err)
{
    return new_session(s->replica, s->writer.conn->db, err);
}

/* After a rollback the session goes on: what it noted compares equal with what is there. */
void sq_replica_after(Sqlite *s, bool committed)
{
    SqReplica *r = s->replica;
    if (!committed)
        return;
    if (!new_session(r, s->writer.conn->db, NULL))
        r->broken = true;
    if (r->pending) {
        atomic_store(&r->seq, r->pending);
        r->options.committed(r->options.arg, r->pending);
    }
    r->pending = 0;
}

void sq_replica_pause(SqReplica *r, bool pause)
{
    sqlite3session_enable(r->session, !pause);
}

typedef struct {
    SqWrite w;
    const SqReplicaOptions *o;
} Start;

static bool start(Sqlite *s, SqWrite *w, Err *err)
{
    Start *st = (Start *)w;
    SqConn *c = s->writer.conn;
    uint64_t seq = 0;
    if (!sq_exec(c, "CREATE TABLE IF NOT EXISTS replica_rows (tbl TEXT NOT NULL, key TEXT NOT NULL,"
                    " txn BLOB NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (tbl, key))"
                    " WITHOUT ROWID;"
                    "CREATE TABLE IF NOT EXISTS replica_state (one INTEGER PRIMARY KEY CHECK "
                    "(one = 1), seq INTEGER NOT NULL, txn BLOB NOT NULL);"
                    "INSERT OR IGNORE INTO replica_state (one, seq, txn)"
                    " VALUES (1, 0, zeroblob(16));"
                    "PRAGMA synchronous = NORMAL", "opening a working copy", err)
        || !get_seq(c, &seq, err))
        return false;
    SqReplica *r = mem_zalloc(sizeof *r);
    if (!r)
        return no_memory(err);
    r->options = *st->o;
    atomic_init(&r->seq, seq);
    if (!new_session(r, c->db, err)) {
        sq_replica_free(r);
        return false;
    }
    s->replica = r;
    return true;
}

bool sq_replica_start(Store *local, const SqReplicaOptions *o, Err *err)
{
    Start st = {.w = {.alone = start}, .o = o};
    return sq_write(sq_of(local), &st.w, err);
}

void sq_replica_free(SqReplica *r)
{
    if (!r)
        return;
    if (r->session)
        sqlite3session_delete(r->session);
    mem_free(r);
}

uint64_t sq_replica_seq(Store *local)
{
    return atomic_load(&sq_of(local)->replica->seq);
}

bool sq_replica_last(Store *local, uint64_t *seq, Uuid *txn, Err *err)
{
    static const char sql[] = "SELECT seq, txn FROM replica_state";
    Sqlite *s = sq_of(local);
    SqConn *c = sq_read_begin(s, err);
    Sq q;
    if (!c)
        return false;
    bool ok = sq_begin(&q, c, sql, err) && sq_step(&q, err) > 0
        && sq_col_bytes(&q, 1, txn->b, sizeof txn->b, "a commit's name", err);
    if (ok)
        *seq = (uint64_t)sq_col_i64(&q, 0);
    sq_end(&q);
    sq_read_end(s, c);
    return ok;
}

static bool nothing(Sqlite *s, SqWrite *w, Err *err)
{
    (void)s;
    (void)w;
    (void)err;
    return true;
}

bool sq_replica_flush(Store *local, Err *err)
{
    SqWrite w = {.apply = nothing};
    return sq_write(sq_of(local), &w, err);
}

bool sq_replica_owner(Store *local, const Uuid *owner, Err *err)
{
    return sq_owner_make(sq_of(local), owner, err) != NULL;
}
