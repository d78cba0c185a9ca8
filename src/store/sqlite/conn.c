/* conn.c - connections to the data file, statements, and SQLite's errors in plain words. */
#include "store/sqlite/sq.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>

#include "base/mem.h"

static ErrCode code_of(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_FULL: return ERR_STORAGE_FULL;
    case SQLITE_NOMEM: return ERR_NO_MEMORY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return ERR_CORRUPT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return ERR_CONFLICT;
    case SQLITE_TOOBIG: return ERR_TOO_LARGE;
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_IOERR: return ERR_IO;
    default: return ERR_INTERNAL;
    }
}

bool sq_fail(SqConn *c, int rc, const char *what, Err *err)
{
    int sys = c && c->db ? sqlite3_system_errno(c->db) : 0;
    switch (rc & 0xff) {
    case SQLITE_FULL:
        return err_set(err, ERR_STORAGE_FULL,
            "%s: the disk is full; free some space, nothing was written", what);
    case SQLITE_NOMEM:
        return err_set(err, ERR_NO_MEMORY, "%s: out of memory", what);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return err_set(err, ERR_CORRUPT,
            "%s: the database file is damaged; run `sotto doctor` or restore a backup", what);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return err_set(err, ERR_CONFLICT, "%s: another program uses the database", what);
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return err_set(err, ERR_IO, "%s: the database cannot be written (read-only)", what);
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
        if (sys)
            return err_set_errno(err, ERR_IO, sys, "%s", what);
        break;
    default:
        break;
    }
    return err_set(err, code_of(rc), "%s: %s", what,
        c && c->db && sqlite3_errcode(c->db) != SQLITE_OK ? sqlite3_errmsg(c->db)
                                                          : sqlite3_errstr(rc));
}

bool sq_exec(SqConn *c, const char *sql, const char *what, Err *err)
{
    int rc = sqlite3_exec(c->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK || sq_fail(c, rc, what, err);
}

/* SQLite's fcntl. When a lock cannot be given back (the kernel may want memory to split a range),
 * the library goes on believing that it is held, and every later reader or writer of this process
 * fails with "locking protocol" until a new start. Within one process these locks exclude nobody,
 * and other processes are kept away by sotto.lock: so the lock counts as given back, and the next
 * use of the same range puts the kernel right. */
static int forgiving_fcntl(int fd, int command, ...)
{
    va_list more;
    va_start(more, command);
    void *arg = va_arg(more, void *); /* SQLite passes a pointer or an int, a word either way */
    va_end(more);
    int rc = fcntl(fd, command, arg);
    if (rc == -1 && command == F_SETLK && ((const struct flock *)arg)->l_type == F_UNLCK)
        return 0;
    return rc;
}

static void set_calls(void)
{
    /* Nobody asks SQLite how much memory it has, and counting takes a lock of the whole process
     * at every allocation. Too late when something else has used the library before: it counts. */
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_vfs *vfs = sqlite3_vfs_find("unix");
    if (vfs && vfs->iVersion >= 3)
        (void)vfs->xSetSystemCall(vfs, "fcntl", (sqlite3_syscall_ptr)forgiving_fcntl);
}

/* A WAL database on a folder that cannot be written is readable only as `immutable`, which is right
 * exactly when nobody can be writing it. */
static int open_db(const char *path, SqRole role, sqlite3 **db)
{
    if (role == SQ_WRITER || role == SQ_MEMORY)
        return sqlite3_open_v2(role == SQ_MEMORY ? ":memory:" : path, db,
            SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    if (role == SQ_READER)
        return sqlite3_open_v2(path, db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    Buf uri;
    buf_init(&uri, 16384);
    buf_add_c(&uri, "file:");
    for (const char *p = path; *p; p++) {
        if (strchr("?#%", *p))
            buf_printf(&uri, "%%%02X", (unsigned char)*p);
        else
            buf_add_char(&uri, *p);
    }
    buf_add_c(&uri, "?immutable=1");
    int rc = SQLITE_NOMEM;
    if (buf_ok(&uri))
        rc = sqlite3_open_v2(uri.ptr, db,
            SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI, NULL);
    buf_release(&uri);
    return rc;
}

/* SQLite stays with its old journal, and says nothing, where a WAL's shared memory cannot be had.
 * */
static bool wal_on(SqConn *c, Err *err)
{
    Sq q;
    bool ok = sq_begin_once(&q, c, STR("PRAGMA journal_mode = WAL"), err) && sq_step(&q, err) > 0;
    if (ok && !str_eq(sq_col_str(&q, 0), STR("wal")))
        ok = err_set(err, ERR_IO,
            "the data folder has no shared memory (a network drive?): use a local one");
    sq_end(&q);
    return ok;
}

static bool configure(SqConn *c, SqRole role, Err *err)
{
    sqlite3_extended_result_codes(c->db, 1);
    /* A row's columns come from here and not from malloc: the default is soon used up. */
    (void)sqlite3_db_config(c->db, SQLITE_DBCONFIG_LOOKASIDE, NULL, 1200, 100);
    sqlite3_busy_timeout(c->db, 10000);
    /* Text from a stranger's file must not reach functions through a doctored schema. */
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    if (role == SQ_MEMORY)
        return true;
    if (role != SQ_WRITER) {
        sqlite3_db_config(c->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        return sq_exec(c, "PRAGMA cache_size = -2000; PRAGMA query_only = 1", "opening", err);
    }
    return wal_on(c, err)
        && sq_exec(c,
            "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 0;"
            "PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -8192;"
            "PRAGMA temp_store = MEMORY", "opening the database", err);
}

SqConn *sq_conn_open(const char *path, SqRole role, Err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, set_calls);
    SqConn *c = mem_zalloc(sizeof *c);
    if (!c) {
        err_set(err, ERR_NO_MEMORY, "opening the database: out of memory");
        return NULL;
    }
    int rc = open_db(path, role, &c->db);
    if (rc != SQLITE_OK) {
        sq_fail(c, rc, "opening the database", err);
        err_wrap(err, "%s", path);
    } else if (configure(c, role, err)) {
        return c;
    }
    sq_conn_close(c);
    return NULL;
}

void sq_conn_close(SqConn *c)
{
    if (!c)
        return;
    sq_tok_free(c->tok);
    for (size_t i = 0; i < SQ_STMTS; i++)
        sqlite3_finalize(c->stmts[i].st);
    sqlite3_close(c->db);
    mem_free(c);
}

static sqlite3_stmt **cached(SqConn *c, const char *sql)
{
    size_t h = ((uintptr_t)sql >> 3) * 0x9E3779B97F4A7C15u >> 56;
    for (size_t i = 0; i < SQ_STMTS; i++) {
        size_t at = (h + i) % SQ_STMTS;
        if (c->stmts[at].sql == sql)
            return &c->stmts[at].st;
        if (!c->stmts[at].sql) {
            c->stmts[at].sql = sql;
            return &c->stmts[at].st;
        }
    }
    return NULL; /* full: the statement is prepared for one use */
}

bool sq_begin(Sq *q, SqConn *c, const char *sql, Err *err)
{
    sqlite3_stmt **slot = cached(c, sql);
    if (!slot)
        return sq_begin_once(q, c, str_of(sql), err);
    *q = (Sq){.c = c, .at = 1};
    if (!*slot) {
        int rc = sqlite3_prepare_v3(c->db, sql, -1, SQLITE_PREPARE_PERSISTENT, slot, NULL);
        if (rc != SQLITE_OK)
            return sq_fail(c, rc, "preparing a statement", err);
    }
    q->st = *slot;
    return true;
}

bool sq_begin_once(Sq *q, SqConn *c, Str sql, Err *err)
{
    *q = (Sq){.c = c, .at = 1, .own = true};
    int rc = sqlite3_prepare_v2(c->db, sql.ptr, (int)sql.len, &q->st, NULL);
    return rc == SQLITE_OK || sq_fail(c, rc, "preparing a statement", err);
}

static void note(Sq *q, int rc)
{
    if (rc != SQLITE_OK && q->rc == SQLITE_OK)
        q->rc = rc;
}

void sq_i64(Sq *q, int64_t v)
{
    note(q, sqlite3_bind_int64(q->st, q->at++, v));
}

void sq_real(Sq *q, double v)
{
    note(q, sqlite3_bind_double(q->st, q->at++, v));
}

void sq_text(Sq *q, Str s)
{
    if (!s.ptr)
        note(q, sqlite3_bind_null(q->st, q->at++));
    else
        note(q, sqlite3_bind_text64(q->st, q->at++, s.ptr, s.len, SQLITE_STATIC, SQLITE_UTF8));
}

void sq_blob(Sq *q, const void *p, size_t n)
{
    if (!n)
        note(q, sqlite3_bind_zeroblob(q->st, q->at++, 0));
    else
        note(q, sqlite3_bind_blob64(q->st, q->at++, p, n, SQLITE_STATIC));
}

int sq_step(Sq *q, Err *err)
{
    int rc = q->rc;
    if (rc == SQLITE_OK)
        rc = sqlite3_step(q->st);
    if (rc == SQLITE_ROW)
        return 1;
    if (rc == SQLITE_DONE)
        return 0;
    sq_fail(q->c, rc, "the database", err);
    return -1;
}

void sq_end(Sq *q)
{
    if (!q->st)
        return;
    if (q->own) {
        sqlite3_finalize(q->st);
    } else {
        sqlite3_reset(q->st);
        sqlite3_clear_bindings(q->st);
    }
    q->st = NULL;
}

bool sq_list(Sq *q, Arena *a, SqReadFn read, size_t size, void *list, size_t *n, Err *err)
{
    char *items = NULL;
    size_t got = 0, cap = 0;
    int rc;
    while ((rc = sq_step(q, err)) > 0) {
        if (!arena_grow(a, &items, got, &cap, size)) {
            rc = -1;
            err_set(err, ERR_NO_MEMORY, "reading a list: out of memory");
            break;
        }
        memset(items + got * size, 0, size);
        if (!read(q, a, items + got * size, err)) {
            rc = -1;
            break;
        }
        got++;
    }
    sq_end(q);
    if (rc < 0)
        return false;
    memcpy(list, &items, sizeof items);
    *n = got;
    return true;
}

bool sq_run(Sq *q, Err *err)
{
    int rc;
    while ((rc = sq_step(q, err)) > 0)
        ;
    sq_end(q);
    return rc == 0;
}

int64_t sq_col_i64(Sq *q, int i)
{
    return sqlite3_column_int64(q->st, i);
}

double sq_col_real(Sq *q, int i)
{
    return sqlite3_column_double(q->st, i);
}

/* column_blob works for text too and converts nothing (the file is UTF-8); it gives NULL for an
 * empty value as well, so NULL is told apart by its type. */
Str sq_col_str(Sq *q, int i)
{
    if (sqlite3_column_type(q->st, i) == SQLITE_NULL)
        return (Str){NULL, 0};
    const char *p = sqlite3_column_blob(q->st, i);
    return (Str){p ? p : "", (size_t)sqlite3_column_bytes(q->st, i)};
}

bool sq_col_copy(Sq *q, int i, Arena *a, Str *out, Err *err)
{
    Str s = sq_col_str(q, i);
    if (s.ptr) {
        s = arena_str(a, s);
        if (!s.ptr)
            return err_set(err, ERR_NO_MEMORY, "reading the database: out of memory");
    }
    *out = s;
    return true;
}

bool sq_col_bytes(Sq *q, int i, void *out, size_t n, const char *what, Err *err)
{
    Str s = sq_col_str(q, i);
    if (!s.ptr || s.len != n)
        return err_set(err, ERR_CORRUPT, "%s in the database has %zu bytes instead of %zu", what,
            s.len, n);
    memcpy(out, s.ptr, n);
    return true;
}
