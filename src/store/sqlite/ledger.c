/* ledger.c - the ledger of every file ever offered, and watched folders. */
#include "store/sqlite/sq.h"

#include "base/json.h"

/* ---- ledger --------------------------------------------------------------------------------- */

typedef struct {
    SqWrite w; /* first */
    const LedgerEntry *e;
} LedgerWrite;

static bool apply_entry(Sqlite *s, SqWrite *w, Err *err)
{
    static const char sql[] =
        "INSERT INTO ledger (owner_no, source, state, reason, document, file_type, hash, bytes,"
        " mtime_ms, n_chunks, first_at, last_at) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12) "
        "ON CONFLICT (owner_no, source) DO UPDATE SET state = excluded.state,"
        " reason = excluded.reason, document = excluded.document, file_type = excluded.file_type,"
        " hash = excluded.hash, bytes = excluded.bytes, mtime_ms = excluded.mtime_ms,"
        " n_chunks = excluded.n_chunks, last_at = excluded.last_at";
    const LedgerEntry *e = ((LedgerWrite *)w)->e;
    Sq q;
    if (!sq_begin(&q, s->writer.conn, sql, err))
        return false;
    sq_i64(&q, w->owner->no);
    sq_text(&q, e->source);
    sq_i64(&q, (int64_t)e->state);
    sq_text(&q, e->reason.ptr ? e->reason : STR(""));
    if (uuid_is_nil(&e->document))
        sq_text(&q, (Str){NULL, 0});
    else
        sq_blob(&q, e->document.b, sizeof e->document.b);
    sq_text(&q, e->file_type.ptr ? e->file_type : STR(""));
    sq_blob(&q, e->hash.b, sizeof e->hash.b);
    sq_i64(&q, (int64_t)e->bytes);
    sq_i64(&q, e->mtime_ms);
    sq_i64(&q, e->n_chunks);
    sq_i64(&q, e->first_at);
    sq_i64(&q, e->last_at);
    return sq_run(&q, err);
}

bool sq_ledger_put(Store *store, const Uuid *owner, const LedgerEntry *e, Err *err)
{
    Sqlite *s = sq_of(store);
    LedgerWrite l = {.w = {.apply = apply_entry}, .e = e};
    if (s->read_only)
        return err_set(err, ERR_FORBIDDEN, "the store was opened for reading only");
    l.w.owner = sq_owner_make(s, owner, err);
    return l.w.owner && sq_write(s, &l.w, err);
}

#define LEDGER_COLUMNS \
    "source, state, reason, document, file_type, hash, bytes, mtime_ms, n_chunks, first_at, " \
    "last_at "

static bool read_entry(Sq *q, Arena *a, LedgerEntry *out, Err *err)
{
    LedgerEntry e = {0};
    int64_t state = sq_col_i64(q, 1);
    if (state < 0 || state > LEDGER_DELETED)
        return err_set(err, ERR_CORRUPT, "a ledger entry has state %lld", (long long)state);
    e.state = (LedgerState)state;
    if (!sq_col_copy(q, 0, a, &e.source, err) || !sq_col_copy(q, 2, a, &e.reason, err)
        || !sq_col_copy(q, 4, a, &e.file_type, err)
        || !sq_col_bytes(q, 5, e.hash.b, sizeof e.hash.b, "a ledger entry's hash", err))
        return false;
    if (sq_col_str(q, 3).ptr
        && !sq_col_bytes(q, 3, e.document.b, sizeof e.document.b, "a ledger entry's document", err))
        return false;
    e.bytes = (uint64_t)sq_col_i64(q, 6);
    e.mtime_ms = sq_col_i64(q, 7);
    e.n_chunks = (uint32_t)sq_col_i64(q, 8);
    e.first_at = sq_col_i64(q, 9);
    e.last_at = sq_col_i64(q, 10);
    *out = e;
    return true;
}

bool sq_ledger_get(Store *store, const Uuid *owner, Str source, Arena *a, LedgerEntry *out,
    Err *err)
{
    static const char sql[] =
        "SELECT " LEDGER_COLUMNS "FROM ledger WHERE owner_no = ?1 AND source = ?2";
    Sqlite *s = sq_of(store);
    SqOwner *o = sq_owner(s, owner);
    SqConn *c = o ? sq_read_begin(s, err) : NULL;
    if (o && !c)
        return false;
    Sq q;
    int rc = o ? -1 : 0;
    if (o && sq_begin(&q, c, sql, err)) {
        sq_i64(&q, o->no);
        sq_text(&q, source.ptr ? source : STR(""));
        rc = sq_step(&q, err);
        if (rc > 0 && !read_entry(&q, a, out, err))
            rc = -1;
        sq_end(&q);
    }
    if (c)
        sq_read_end(s, c);
    return rc > 0 || (rc == 0 && err_set(err, ERR_NOT_FOUND, "the ledger has no such entry"));
}

/* ?2 <= source < ?3 is "starts with"; 0xFF comes after every UTF-8 text. */
static void bind_range(Sq *q, const SqOwner *o, Str under, Str after)
{
    sq_i64(q, o->no);
    sq_text(q, under.ptr ? under : STR(""));
    sq_text(q, after);
}

static bool count_states(SqConn *c, const SqOwner *o, Str under, Str after, LedgerPage *page,
    Err *err)
{
    static const char sql[] =
        "SELECT state, count(*) FROM ledger "
        "WHERE owner_no = ?1 AND source >= ?2 AND source < ?3 GROUP BY state";
    Sq q;
    int rc = -1;
    if (sq_begin(&q, c, sql, err)) {
        bind_range(&q, o, under, after);
        while ((rc = sq_step(&q, err)) > 0) {
            int64_t state = sq_col_i64(&q, 0);
            if (state >= 0 && state <= LEDGER_DELETED)
                page->counts[state] = (uint64_t)sq_col_i64(&q, 1);
        }
    }
    sq_end(&q);
    return rc == 0;
}

static bool read_entries(SqConn *c, const SqOwner *o, const LedgerQuery *lq, Str after, Arena *a,
    LedgerPage *page, Err *err)
{
    static const char all[] =
        "SELECT " LEDGER_COLUMNS "FROM ledger "
        "WHERE owner_no = ?1 AND source >= ?2 AND source < ?3 AND source > ?4 "
        "ORDER BY source LIMIT ?5";
    static const char one[] =
        "SELECT " LEDGER_COLUMNS "FROM ledger "
        "WHERE owner_no = ?1 AND source >= ?2 AND source < ?3 AND source > ?4 AND state = ?6 "
        "ORDER BY source LIMIT ?5";
    Sq q;
    int rc = -1;
    page->items = ARENA_NEW_ARRAY(a, LedgerEntry, lq->limit);
    if (!page->items)
        return err_set(err, ERR_NO_MEMORY, "reading the ledger: out of memory");
    if (sq_begin(&q, c, lq->state ? one : all, err)) {
        bind_range(&q, o, lq->under, after);
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
    if (!o) {
        *out = page;
        return true;
    }
    Str after = arena_printf(a, STR_FMT "\xff", STR_ARG(lq->under));
    if (!after.ptr)
        return err_set(err, ERR_NO_MEMORY, "reading the ledger: out of memory");
    SqConn *c = sq_read_begin(s, err);
    if (!c)
        return false;
    bool ok = count_states(c, o, lq->under, after, &page, err)
        && read_entries(c, o, lq, after, a, &page, err);
    sq_read_end(s, c);
    if (ok)
        *out = page;
    return ok;
}

/* ---- folders -------------------------------------------------------------------------------- */

typedef struct {
    SqWrite w; /* first */
    const Folder *f;
    const Uuid *id;
    Str include, exclude;
} FolderWrite;

static bool apply_folder(Sqlite *s, SqWrite *w, Err *err)
{
    static const char twin[] =
        "SELECT 1 FROM folders WHERE owner_no = ?1 AND path = ?2 AND uuid <> ?3";
    static const char sql[] =
        "INSERT INTO folders (owner_no, uuid, path, include, exclude, created_at) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (owner_no, uuid) DO UPDATE SET "
        "path = excluded.path, include = excluded.include, exclude = excluded.exclude";
    FolderWrite *f = (FolderWrite *)w;
    Sq q;
    int rc = -1;
    if (sq_begin(&q, s->writer.conn, twin, err)) {
        sq_i64(&q, w->owner->no);
        sq_text(&q, f->f->path);
        sq_blob(&q, f->f->id.b, sizeof f->f->id.b);
        rc = sq_step(&q, err);
    }
    sq_end(&q);
    if (rc > 0)
        return err_set(err, ERR_CONFLICT, "the folder is watched already");
    if (rc < 0 || !sq_begin(&q, s->writer.conn, sql, err))
        return false;
    sq_i64(&q, w->owner->no);
    sq_blob(&q, f->f->id.b, sizeof f->f->id.b);
    sq_text(&q, f->f->path);
    sq_text(&q, f->include);
    sq_text(&q, f->exclude);
    sq_i64(&q, f->f->created_at);
    return sq_run(&q, err);
}

static void write_patterns(Buf *out, const Str *p, size_t n)
{
    JsonW w;
    jw_init(&w, out);
    jw_arr(&w);
    for (size_t i = 0; i < n; i++)
        jw_str(&w, p[i]);
    jw_arr_end(&w);
}

bool sq_folder_put(Store *store, const Uuid *owner, const Folder *f, Err *err)
{
    Sqlite *s = sq_of(store);
    FolderWrite fw = {.w = {.apply = apply_folder}, .f = f};
    if (s->read_only)
        return err_set(err, ERR_FORBIDDEN, "the store was opened for reading only");
    Buf include, exclude;
    buf_init(&include, 16 << 20);
    buf_init(&exclude, 16 << 20);
    write_patterns(&include, f->include, f->n_include);
    write_patterns(&exclude, f->exclude, f->n_exclude);
    fw.include = buf_str(&include);
    fw.exclude = buf_str(&exclude);
    bool ok = buf_check(&include, "the patterns", err) && buf_check(&exclude, "the patterns", err);
    ok = ok && (fw.w.owner = sq_owner_make(s, owner, err)) && sq_write(s, &fw.w, err);
    buf_release(&include);
    buf_release(&exclude);
    return ok;
}

static bool read_patterns(Str json, Arena *a, Str **out, size_t *n, Err *err)
{
    Json *j = json_parse(json, 4, err);
    if (!j)
        return false;
    bool ok = json_type(j) == JSON_T_ARRAY;
    if (!ok)
        err_set(err, ERR_CORRUPT, "a folder's patterns are no list");
    size_t count = json_count(j);
    Str *items = ARENA_NEW_ARRAY(a, Str, count + 1);
    if (!items)
        ok = err_set(err, ERR_NO_MEMORY, "reading folders: out of memory");
    for (size_t i = 0; ok && i < count; i++) {
        items[i] = arena_str(a, json_str(json_at(j, i)));
        ok = items[i].ptr || err_set(err, ERR_NO_MEMORY, "reading folders: out of memory");
    }
    json_free(j);
    *out = items;
    *n = count;
    return ok;
}

static bool read_folder(Sq *q, Arena *a, Folder *out, Err *err)
{
    Folder f = {0};
    if (!sq_col_bytes(q, 0, f.id.b, sizeof f.id.b, "a folder's id", err)
        || !sq_col_copy(q, 1, a, &f.path, err)
        || !read_patterns(sq_col_str(q, 2), a, &f.include, &f.n_include, err)
        || !read_patterns(sq_col_str(q, 3), a, &f.exclude, &f.n_exclude, err))
        return false;
    f.created_at = sq_col_i64(q, 4);
    *out = f;
    return true;
}

static bool list_folders(SqConn *c, const SqOwner *o, Arena *a, Folder **out, size_t *n, Err *err)
{
    static const char sql[] =
        "SELECT uuid, path, include, exclude, created_at, count(*) OVER () "
        "FROM folders WHERE owner_no = ?1 ORDER BY path";
    Sq q;
    int rc = -1;
    Folder *items = NULL;
    size_t got = 0;
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, o->no);
        while ((rc = sq_step(&q, err)) > 0) {
            if (!items && !(items = ARENA_NEW_ARRAY(a, Folder, (size_t)sq_col_i64(&q, 5)))) {
                err_set(err, ERR_NO_MEMORY, "reading folders: out of memory");
                rc = -1;
                break;
            }
            if (!read_folder(&q, a, &items[got], err)) {
                rc = -1;
                break;
            }
            got++;
        }
    }
    sq_end(&q);
    if (rc < 0)
        return false;
    *out = items;
    *n = got;
    return true;
}

bool sq_folder_list(Store *store, const Uuid *owner, Arena *a, Folder **out, size_t *n, Err *err)
{
    Sqlite *s = sq_of(store);
    SqOwner *o = sq_owner(s, owner);
    if (!o) {
        *out = NULL;
        *n = 0;
        return true;
    }
    SqConn *c = sq_read_begin(s, err);
    if (!c)
        return false;
    bool ok = list_folders(c, o, a, out, n, err);
    sq_read_end(s, c);
    return ok;
}

static bool apply_folder_delete(Sqlite *s, SqWrite *w, Err *err)
{
    static const char sql[] = "DELETE FROM folders WHERE owner_no = ?1 AND uuid = ?2";
    FolderWrite *f = (FolderWrite *)w;
    Sq q;
    if (!sq_begin(&q, s->writer.conn, sql, err))
        return false;
    sq_i64(&q, w->owner->no);
    sq_blob(&q, f->id->b, sizeof f->id->b);
    if (!sq_run(&q, err))
        return false;
    return sqlite3_changes(s->writer.conn->db) > 0
        || err_set(err, ERR_NOT_FOUND, "there is no such folder");
}

bool sq_folder_delete(Store *store, const Uuid *owner, const Uuid *id, Err *err)
{
    Sqlite *s = sq_of(store);
    FolderWrite f = {.w = {.apply = apply_folder_delete, .owner = sq_owner(s, owner)}, .id = id};
    if (!f.w.owner)
        return err_set(err, ERR_NOT_FOUND, "there is no such folder");
    return sq_write(s, &f.w, err);
}
