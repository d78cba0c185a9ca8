/* backup.c - copies of the whole database, and facts about the store. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/sqlite/sq_index.h"

#define READY_FREE_MIB 16

/* ---- backup --------------------------------------------------------------------------------- */

static bool copy_pages(SqConn *from, const char *path, Err *err)
{
    SqConn to = {0};
    int rc = sqlite3_open_v2(path, &to.db,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(to.db, "PRAGMA synchronous = OFF", NULL, NULL, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_backup *b = sqlite3_backup_init(to.db, "main", from->db, "main");
        if (b) {
            sqlite3_backup_step(b, -1); /* one snapshot; writers go on in the WAL */
            rc = sqlite3_backup_finish(b);
        } else {
            rc = sqlite3_errcode(to.db);
        }
    }
    /* The copy says "WAL" like its source: one plain file is what a backup should be. */
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(to.db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
    bool ok = rc == SQLITE_OK || sq_fail(&to, rc, "writing the backup", err);
    sqlite3_close(to.db);
    return ok;
}

static bool sync_file(const char *path, Err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set_errno(err, ERR_IO, errno, "syncing %s", path);
    int rc = fsync(fd), sys = errno;
    close(fd);
    return rc == 0 || err_set_errno(err, ERR_IO, sys, "syncing %s", path);
}

static bool sync_folder_of(const char *path, Err *err)
{
    char *dir = mem_strdup(path);
    if (!dir)
        return err_set(err, ERR_NO_MEMORY, "syncing a folder: out of memory");
    char *slash = strrchr(dir, '/');
    if (slash && slash != dir)
        *slash = 0;
    else if (slash)
        slash[1] = 0;
    bool ok = os_sync_dir(slash ? dir : ".", err);
    mem_free(dir);
    return ok;
}

/* A file that opens, is one of ours, of a version we know, and whole. */
static bool verify(const char *path, Err *err)
{
    int version = 0;
    SqConn *c = sq_conn_open(path, SQ_IMMUTABLE, err);
    if (!c)
        return false;
    bool ok = sq_schema_known(c, &version, err) || err_wrap(err, "%s", path);
    Sq q = {0};
    if (ok && (ok = sq_begin_once(&q, c, STR("PRAGMA integrity_check(1)"), err))) {
        ok = sq_step(&q, err) > 0;
        if (ok && !str_eq(sq_col_str(&q, 0), STR("ok")))
            ok = err_set(err, ERR_CORRUPT, "%s is damaged: " STR_FMT, path,
                STR_ARG(sq_col_str(&q, 0)));
    }
    sq_end(&q);
    sq_conn_close(c);
    return ok;
}

bool sq_backup(Store *store, const char *path, Err *err)
{
    Sqlite *s = sq_of(store);
    if (os_exists(path))
        return err_set(err, ERR_CONFLICT, "%s is there already; name another file", path);
    Buf temp;
    buf_init(&temp, 16384);
    buf_printf(&temp, "%s.part", path);
    if (!buf_check(&temp, "the backup's path", err))
        return false;
    os_remove(temp.ptr, NULL);
    /* Personal data: readable by its owner only, from the first byte. */
    int fd = open(temp.ptr, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    bool ok = fd >= 0 || err_set_errno(err, ERR_IO, errno, "writing the backup %s", path);
    if (fd >= 0)
        close(fd);
    SqConn *c = ok ? sq_conn_take(s, err) : NULL;
    ok = c && copy_pages(c, temp.ptr, err);
    if (c)
        sq_conn_give(s, c);
    ok = ok && sync_file(temp.ptr, err) && verify(temp.ptr, err);
    if (ok && rename(temp.ptr, path) != 0)
        ok = err_set_errno(err, ERR_IO, errno, "writing the backup %s", path);
    ok = ok && sync_folder_of(path, err);
    if (!ok)
        os_remove(temp.ptr, NULL);
    buf_release(&temp);
    return ok;
}

/* ---- facts ---------------------------------------------------------------------------------- */

static uint64_t size_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static void count_files(Sqlite *s, const Uuid *owner, Arena *a, StoreStats *out)
{
    char *wal = arena_cstr(a, arena_printf(a, "%s-wal", s->path));
    char *v = sq_index_path(s, owner, "vectors", a), *k = sq_index_path(s, owner, "keywords", a);
    out->database_bytes = size_of(s->path) + (wal ? size_of(wal) : 0);
    out->cache_bytes = (v ? size_of(v) : 0) + (k ? size_of(k) : 0);
}

static bool count_rows(SqConn *c, const SqOwner *o, StoreStats *out, Err *err)
{
    static const char sql[] =
        "SELECT count(*), coalesce(sum(n_chunks), 0), coalesce(sum(bytes), 0),"
        " coalesce(sum(text_bytes), 0),"
        " (SELECT count(DISTINCT t.tag) FROM tags t JOIN documents e ON e.doc_no = t.doc_no"
        "  WHERE e.owner_no = ?1),"
        " (SELECT count(*) FROM ledger WHERE owner_no = ?1) FROM documents WHERE owner_no = ?1";
    Sq q;
    int rc = -1;
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, o->no);
        rc = sq_step(&q, err);
        if (rc > 0) {
            out->documents = (uint64_t)sq_col_i64(&q, 0);
            out->chunks = (uint64_t)sq_col_i64(&q, 1);
            out->original_bytes = (uint64_t)sq_col_i64(&q, 2);
            out->text_bytes = (uint64_t)sq_col_i64(&q, 3);
            out->tags = (uint64_t)sq_col_i64(&q, 4);
            out->ledger_entries = (uint64_t)sq_col_i64(&q, 5);
        }
    }
    sq_end(&q);
    return rc > 0;
}

bool sq_stats(Store *store, const Uuid *owner, Arena *a, StoreStats *out, Err *err)
{
    Sqlite *s = sq_of(store);
    SqOwner *o = sq_owner(s, owner);
    StoreStats st = {.backend = STR("sqlite"), .schema_version = SQ_SCHEMA_VERSION};
    SqConn *c = o ? sq_read_begin(s, err) : NULL;
    bool ok = !o || (c && count_rows(c, o, &st, err));
    if (c)
        sq_read_end(s, c);
    st.model = arena_str(a, str_of(s->model));
    if (ok && !st.model.ptr)
        ok = err_set(err, ERR_NO_MEMORY, "counting: out of memory");
    if (!ok)
        return false;
    count_files(s, owner, a, &st);
    *out = st;
    return true;
}

uint64_t sq_free_bytes(const char *dir)
{
    struct statvfs v;
    return statvfs(dir, &v) == 0 ? (uint64_t)v.f_bavail * v.f_frsize : 0;
}

/* So little that the next document may not fit. */
static bool room_left(const char *dir, Err *err)
{
    uint64_t mib = sq_free_bytes(dir) >> 20;
    return mib >= READY_FREE_MIB
        || err_set(err, ERR_STORAGE_FULL, "only %llu MiB are free in %s", (unsigned long long)mib,
            dir);
}

static bool apply_probe(Sqlite *s, SqWrite *w, Err *err)
{
    (void)w;
    return sq_exec(s->writer.conn,
        "INSERT OR REPLACE INTO meta (key, value) VALUES ('probe', 'written')", "trying to write",
        err);
}

/* The last write failed, and nobody may send another to a server that says it is not ready: so one
 * is made here. */
static bool can_write_again(Sqlite *s, Err *err)
{
    SqWrite probe = {.apply = apply_probe};
    if (sq_write(s, &probe, err))
        return true;
    return err_wrap(err, "the last write failed");
}

bool sq_ready(Store *store, Err *err)
{
    static const char sql[] = "SELECT count(*) FROM owners";
    Sqlite *s = sq_of(store);
    SqConn *c = sq_read_begin(s, err);
    if (!c)
        return false;
    Sq q;
    bool ok = sq_begin(&q, c, sql, err) && sq_step(&q, err) > 0;
    sq_end(&q);
    sq_read_end(s, c);
    if (ok && !s->read_only)
        ok = room_left(s->dir, err);
    if (ok && atomic_load(&s->writer.failed))
        ok = can_write_again(s, err);
    return ok;
}
