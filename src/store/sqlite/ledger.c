/* ledger.c - the ledger of every file ever offered: one row a file. */
#include "store/sqlite/sq.h"

#include "base/clock.h"

/* ---- in ------------------------------------------------------------------------------------- */

typedef struct {
    SqWrite w; /* first */
    const LedgerEntry *e;
    size_t n;
} LedgerWrite;

static void bind_uuid(Sq *q, const Uuid *id)
{
    if (uuid_is_nil(id))
        sq_text(q, (Str){NULL, 0});
    else
        sq_blob(q, id->b, sizeof id->b);
}

/* An entry that names a document which went a moment ago would not be true. */
static bool document_is_there(SqConn *c, int64_t owner_no, const Uuid *id, Err *err)
{
    static const char sql[] = "SELECT 1 FROM documents WHERE owner_no = ?1 AND uuid = ?2";
    Sq q;
    int rc = -1;
    if (uuid_is_nil(id))
        return true;
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, owner_no);
        sq_blob(&q, id->b, sizeof id->b);
        rc = sq_step(&q, err);
    }
    sq_end(&q);
    return rc > 0
        || (rc == 0 && err_set(err, ERR_CONFLICT, "the document was deleted a moment ago"));
}

/* Facts about the file that are not told now (a change through the interface) stay as they were.
 * What a person offered stays a person's; what was deleted belongs to who offers it again. That a
 * file waits takes no place of one that has been read: a reader may have been quicker than who
 * asked for it (a look through a folder, a second attempt at what had failed). With a document it
 * is that one's parts that are being read. */
bool sq_ledger_write(SqConn *c, int64_t owner_no, const LedgerEntry *e, Err *err)
{
    static const char sql[] =
        "INSERT INTO ledger (owner_no, source, state, reason, document, file_type, hash, bytes,"
        " mtime_ms, n_chunks, first_at, last_at, folder, mtime_ns, device, inode) "
        "VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16) "
        "ON CONFLICT (owner_no, source) DO UPDATE SET state = excluded.state,"
        " reason = excluded.reason, document = excluded.document, file_type = excluded.file_type,"
        " hash = excluded.hash, n_chunks = excluded.n_chunks, last_at = excluded.last_at,"
        " bytes = CASE WHEN excluded.mtime_ns = 0 AND mtime_ns <> 0 THEN bytes"
        "              ELSE excluded.bytes END,"
        " mtime_ms = CASE WHEN excluded.mtime_ns = 0 AND mtime_ns <> 0 THEN mtime_ms"
        "              ELSE excluded.mtime_ms END,"
        " mtime_ns = CASE WHEN excluded.mtime_ns = 0 THEN mtime_ns ELSE excluded.mtime_ns END,"
        " device = CASE WHEN excluded.mtime_ns = 0 THEN device ELSE excluded.device END,"
        " inode = CASE WHEN excluded.mtime_ns = 0 THEN inode ELSE excluded.inode END,"
        " folder = CASE WHEN excluded.folder IS NULL THEN NULL"
        "              WHEN state = 5 THEN excluded.folder"
        "              WHEN folder IS NULL THEN NULL ELSE excluded.folder END "
        "WHERE excluded.state <> 0 OR excluded.document IS NOT NULL"
        " OR state NOT IN (1, 2)";
    Sq q;
    if (!document_is_there(c, owner_no, &e->document, err) || !sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, owner_no);
    sq_text(&q, e->source);
    sq_i64(&q, (int64_t)e->state);
    sq_text(&q, e->reason.ptr ? e->reason : STR(""));
    bind_uuid(&q, &e->document);
    sq_text(&q, e->file_type.ptr ? e->file_type : STR(""));
    sq_blob(&q, e->hash.b, sizeof e->hash.b);
    sq_i64(&q, (int64_t)e->bytes);
    sq_i64(&q, e->mtime_ms);
    sq_i64(&q, e->n_chunks);
    sq_i64(&q, e->first_at);
    sq_i64(&q, e->last_at);
    bind_uuid(&q, &e->folder);
    sq_i64(&q, e->mtime_ns);
    sq_i64(&q, (int64_t)e->device);
    sq_i64(&q, (int64_t)e->inode);
    return sq_run(&q, err);
}

static bool apply_entries(Sqlite *s, SqWrite *w, Err *err)
{
    const LedgerWrite *l = (LedgerWrite *)w;
    if (l->n == 1)
        return sq_ledger_supersede(s, w, l->e, true, err);
    for (size_t i = 0; i < l->n; i++)
        if (!sq_ledger_write(s->writer.conn, w->owner->no, &l->e[i], err))
            return false;
    return true;
}

bool sq_ledger_put_many(Store *store, const Uuid *owner, const LedgerEntry *e, size_t n, Err *err)
{
    Sqlite *s = sq_of(store);
    LedgerWrite l = {.w = {.apply = apply_entries}, .e = e, .n = n};
    if (s->read_only)
        return err_set(err, ERR_FORBIDDEN, "the store was opened for reading only");
    l.w.owner = sq_owner_make(s, owner, err);
    return l.w.owner && sq_write(s, &l.w, err);
}

bool sq_ledger_put(Store *store, const Uuid *owner, const LedgerEntry *e, Err *err)
{
    return sq_ledger_put_many(store, owner, e, 1, err);
}

bool sq_ledger_forget(SqConn *c, int64_t owner_no, const Uuid *document, Str reason, Err *err)
{
    static const char sql[] =
        "UPDATE ledger SET state = 5, reason = ?3, document = NULL, n_chunks = 0, last_at = ?4 "
        "WHERE owner_no = ?1 AND document = ?2";
    Sq q;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, owner_no);
    sq_blob(&q, document->b, sizeof document->b);
    sq_text(&q, reason);
    sq_i64(&q, clock_now_ms());
    return sq_run(&q, err);
}

/* ---- out ------------------------------------------------------------------------------------ */

#define LEDGER_COLUMNS \
    "source, state, reason, document, file_type, hash, bytes, mtime_ms, n_chunks, first_at, " \
    "last_at, folder, mtime_ns, device, inode "

/* As read_entry, but texts are the statement's. */
static bool see_entry(Sq *q, LedgerEntry *out, Err *err)
{
    LedgerEntry e = {0};
    int64_t state = sq_col_i64(q, 1);
    if (state < 0 || state > LEDGER_DELETED)
        return err_set(err, ERR_CORRUPT, "a ledger entry has state %lld", (long long)state);
    e.state = (LedgerState)state;
    e.source = sq_col_str(q, 0);
    e.reason = sq_col_str(q, 2);
    e.file_type = sq_col_str(q, 4);
    if (!sq_col_bytes(q, 5, e.hash.b, sizeof e.hash.b, "a ledger entry's hash", err))
        return false;
    if (sq_col_str(q, 3).ptr
        && !sq_col_bytes(q, 3, e.document.b, sizeof e.document.b, "a ledger entry's document", err))
        return false;
    if (sq_col_str(q, 11).ptr
        && !sq_col_bytes(q, 11, e.folder.b, sizeof e.folder.b, "a ledger entry's folder", err))
        return false;
    e.bytes = (uint64_t)sq_col_i64(q, 6);
    e.mtime_ms = sq_col_i64(q, 7);
    e.n_chunks = (uint32_t)sq_col_i64(q, 8);
    e.first_at = sq_col_i64(q, 9);
    e.last_at = sq_col_i64(q, 10);
    e.mtime_ns = sq_col_i64(q, 12);
    e.device = (uint64_t)sq_col_i64(q, 13);
    e.inode = (uint64_t)sq_col_i64(q, 14);
    *out = e;
    return true;
}

static bool read_entry(Sq *q, Arena *a, LedgerEntry *out, Err *err)
{
    LedgerEntry e;
    if (!see_entry(q, &e, err) || !sq_col_copy(q, 0, a, &e.source, err)
        || !sq_col_copy(q, 2, a, &e.reason, err) || !sq_col_copy(q, 4, a, &e.file_type, err))
        return false;
    *out = e;
    return true;
}

/* One row of a bound query, or none. */
static bool get_one(Sqlite *s, SqConn *c, Sq *q, Arena *a, LedgerEntry *out, Err *err)
{
    int rc = sq_step(q, err);
    if (rc > 0 && !read_entry(q, a, out, err))
        rc = -1;
    sq_end(q);
    sq_read_end(s, c);
    return rc > 0 || (rc == 0 && err_set(err, ERR_NOT_FOUND, "the ledger has no such entry"));
}

/* Begins a read of the owner's rows with ?1 bound. */
static bool begin_one(Sqlite *s, const Uuid *owner, const char *sql, SqConn **c, Sq *q, Err *err)
{
    SqOwner *o = sq_owner(s, owner);
    if (!o)
        return err_set(err, ERR_NOT_FOUND, "the ledger has no such entry");
    *c = sq_read_begin(s, err);
    if (!*c)
        return false;
    if (sq_begin(q, *c, sql, err)) {
        sq_i64(q, o->no);
        return true;
    }
    sq_read_end(s, *c);
    return false;
}

bool sq_ledger_get(Store *store, const Uuid *owner, Str source, Arena *a, LedgerEntry *out,
    Err *err)
{
    static const char sql[] =
        "SELECT " LEDGER_COLUMNS "FROM ledger WHERE owner_no = ?1 AND source = ?2";
    SqConn *c;
    Sq q;
    if (!begin_one(sq_of(store), owner, sql, &c, &q, err))
        return false;
    sq_text(&q, source.ptr ? source : STR(""));
    return get_one(sq_of(store), c, &q, a, out, err);
}

bool sq_ledger_by_file(Store *store, const Uuid *owner, uint64_t inode, int64_t mtime_ns,
    uint64_t bytes, Arena *a, LedgerEntry *out, Err *err)
{
    static const char sql[] = "SELECT " LEDGER_COLUMNS "FROM ledger WHERE owner_no = ?1 "
                              "AND inode = ?2 AND inode <> 0 AND mtime_ns = ?3 AND bytes = ?4 "
                              "AND state <> 5 LIMIT 1";
    SqConn *c;
    Sq q;
    if (!begin_one(sq_of(store), owner, sql, &c, &q, err))
        return false;
    sq_i64(&q, (int64_t)inode);
    sq_i64(&q, mtime_ns);
    sq_i64(&q, (int64_t)bytes);
    return get_one(sq_of(store), c, &q, a, out, err);
}

/* What a LedgerQuery asks for, as SQL takes it. ?2 <= source < ?3 is "starts with"; 0xFF comes
 * after every UTF-8 text. */
typedef struct {
    const SqOwner *o;
    Str under, after, like; /* like: ptr NULL for all */
    const Uuid *folder;
} Range;
#define RANGE_SQL \
    "WHERE owner_no = ?1 AND source >= ?2 AND source < ?3 AND (?4 IS NULL OR folder = ?4)" \
    " AND (?5 IS NULL OR source LIKE ?5 ESCAPE '\\' OR reason LIKE ?5 ESCAPE '\\') "

static bool range_of(const SqOwner *o, const LedgerQuery *lq, Arena *a, Range *out, Err *err)
{
    Str under = lq->under.ptr ? lq->under : STR("");
    *out = (Range){.o = o, .under = under, .folder = lq->folder};
    out->after = arena_printf(a, STR_FMT "\xff", STR_ARG(under));
    Buf b;
    buf_init(&b, 1 << 20);
    buf_add_char(&b, '%');
    for (size_t i = 0; i < lq->q.len; i++) {
        if (strchr("%_\\", lq->q.ptr[i]))
            buf_add_char(&b, '\\');
        buf_add_char(&b, lq->q.ptr[i]);
    }
    buf_add_char(&b, '%');
    if (lq->q.len)
        out->like = arena_buf(a, &b);
    buf_release(&b);
    return (out->after.ptr && (!lq->q.len || out->like.ptr))
        || err_set(err, ERR_NO_MEMORY, "reading the ledger: out of memory");
}

static void bind_range(Sq *q, const Range *r)
{
    sq_i64(q, r->o->no);
    sq_text(q, r->under);
    sq_text(q, r->after);
    if (r->folder)
        sq_blob(q, r->folder->b, sizeof r->folder->b);
    else
        sq_text(q, (Str){NULL, 0});
    sq_text(q, r->like);
}

static bool count_states(SqConn *c, const Range *r, LedgerPage *page, Err *err)
{
    static const char sql[] = "SELECT state, count(*) FROM ledger " RANGE_SQL "GROUP BY state";
    Sq q;
    int rc = -1;
    if (sq_begin(&q, c, sql, err)) {
        bind_range(&q, r);
        while ((rc = sq_step(&q, err)) > 0) {
            int64_t state = sq_col_i64(&q, 0);
            if (state >= 0 && state <= LEDGER_DELETED)
                page->counts[state] = (uint64_t)sq_col_i64(&q, 1);
        }
    }
    sq_end(&q);
    return rc == 0;
}

static bool read_entries(SqConn *c, const Range *r, const LedgerQuery *lq, Arena *a,
    LedgerPage *page, Err *err)
{
    static const char all[] = "SELECT " LEDGER_COLUMNS "FROM ledger " RANGE_SQL
                              "AND source > ?6 ORDER BY source LIMIT ?7";
    static const char one[] = "SELECT " LEDGER_COLUMNS "FROM ledger " RANGE_SQL
                              "AND source > ?6 AND state = ?8 ORDER BY source LIMIT ?7";
    Sq q;
    int rc = -1;
    page->items = ARENA_NEW_ARRAY(a, LedgerEntry, lq->limit);
    if (!page->items)
        return err_set(err, ERR_NO_MEMORY, "reading the ledger: out of memory");
    if (sq_begin(&q, c, lq->state ? one : all, err)) {
        bind_range(&q, r);
        sq_text(&q, lq->cursor.len ? lq->cursor : STR(""));
        sq_i64(&q, (int64_t)lq->limit + 1);
        if (lq->state)
            sq_i64(&q, (int64_t)*lq->state);
        while ((rc = sq_step(&q, err)) > 0) {
            if (page->n == lq->limit) {
                page->next_cursor = page->items[page->n - 1].source;
                break;
            }
            if (!read_entry(&q, a, &page->items[page->n], err)) {
                rc = -1;
                break;
            }
            page->n++;
        }
    }
    sq_end(&q);
    return rc >= 0;
}

bool sq_ledger_list(Store *store, const Uuid *owner, const LedgerQuery *lq, Arena *a,
    LedgerPage *out, Err *err)
{
    Sqlite *s = sq_of(store);
    SqOwner *o = sq_owner(s, owner);
    LedgerPage page = {0};
    Range r;
    if (!o) {
        *out = page;
        return true;
    }
    SqConn *c = range_of(o, lq, a, &r, err) ? sq_read_begin(s, err) : NULL;
    if (!c)
        return false;
    bool ok = count_states(c, &r, &page, err) && read_entries(c, &r, lq, a, &page, err);
    sq_read_end(s, c);
    if (ok)
        *out = page;
    return ok;
}

bool sq_ledger_each(Store *store, const Uuid *owner, Str under,
    bool (*fn)(void *arg, const LedgerEntry *e), void *arg, Err *err)
{
    static const char sql[] = "SELECT " LEDGER_COLUMNS "FROM ledger " RANGE_SQL "ORDER BY source";
    Sqlite *s = sq_of(store);
    SqOwner *o = sq_owner(s, owner);
    if (!o)
        return true;
    Arena *a = arena_new((size_t)1 << 20);
    LedgerQuery lq = {.under = under};
    Range r;
    SqConn *c = a && range_of(o, &lq, a, &r, err) ? sq_read_begin(s, err) : NULL;
    if (!a)
        err_set(err, ERR_NO_MEMORY, "reading the ledger: out of memory");
    Sq q;
    int rc = -1;
    if (c && sq_begin(&q, c, sql, err)) {
        LedgerEntry e;
        bind_range(&q, &r);
        while ((rc = sq_step(&q, err)) > 0) {
            if (!see_entry(&q, &e, err)) {
                rc = -1;
                break;
            }
            if (!fn(arg, &e))
                break;
        }
        sq_end(&q);
    }
    if (c)
        sq_read_end(s, c);
    arena_free(a);
    return rc >= 0;
}

bool sq_document_sources(Store *store, const Uuid *owner, const Uuid *document, uint64_t *n,
    Err *err)
{
    static const char sql[] = "SELECT count(*) FROM ledger WHERE owner_no = ?1 AND document = ?2";
    Sqlite *s = sq_of(store);
    SqConn *c;
    Sq q;
    *n = 0;
    if (!begin_one(s, owner, sql, &c, &q, err))
        return err && err->code == ERR_NOT_FOUND;
    sq_blob(&q, document->b, sizeof document->b);
    int rc = sq_step(&q, err);
    if (rc > 0)
        *n = (uint64_t)sq_col_i64(&q, 0);
    sq_end(&q);
    sq_read_end(s, c);
    return rc > 0;
}
