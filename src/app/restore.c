#include "app/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "app/app.h"
#include "base/os.h"

#define BLOCK ((size_t)1 << 20)

typedef struct {
    const char *dir, *db, *wal, *shm, *cache, *lock; /* of the data folder */
    const char *fresh, *fresh_db;                    /* restore.new and its database */
    const char *before, *before_wal;                 /* what was there */
    bool had_data;
} Paths;

static bool make_paths(Paths *p, const char *dir, Arena *a, Err *err)
{
    p->dir = dir;
    p->db = os_join(a, dir, "sotto.db");
    p->wal = os_join(a, dir, "sotto.db-wal");
    p->shm = os_join(a, dir, "sotto.db-shm");
    p->cache = os_join(a, dir, "cache");
    p->lock = os_join(a, dir, "sotto.lock");
    p->fresh = os_join(a, dir, "restore.new");
    p->before = os_join(a, dir, "sotto.db.before");
    p->before_wal = os_join(a, dir, "sotto.db.before-wal");
    p->fresh_db = p->fresh ? os_join(a, p->fresh, "sotto.db") : NULL;
    p->had_data = p->db && os_exists(p->db);
    return (p->db && p->wal && p->shm && p->cache && p->lock && p->before && p->before_wal &&
            p->fresh_db) ||
           err_set(err, ERR_NO_MEMORY, "no memory to restore");
}

static bool copy_bytes(int in, int out, const char *file, Err *err)
{
    static char block[BLOCK];
    for (;;) {
        ssize_t n = read(in, block, sizeof block);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_set_errno(err, ERR_IO, errno, "cannot read %s", file);
        if (n == 0)
            return fsync(out) == 0 ||
                   err_set_errno(err, ERR_IO, errno, "cannot write a copy of %s", file);
        for (ssize_t at = 0; at < n;) {
            ssize_t w = write(out, block + at, (size_t)(n - at));
            if (w < 0 && errno != EINTR)
                return err_set_errno(err, ERR_IO, errno, "cannot write a copy of %s", file);
            at += w > 0 ? w : 0;
        }
    }
}

static bool copy_file(const char *from, const char *to, Err *err)
{
    int in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0)
        return err_set_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno, "cannot open %s",
                             from);
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool ok = out >= 0 ? copy_bytes(in, out, from, err)
                       : err_set_errno(err, ERR_IO, errno, "cannot write %s", to);
    if (out >= 0)
        close(out);
    close(in);
    return ok;
}

/* Opens (and so migrates) the data in a folder, and with `check` reads all of it. */
static bool opens(const char *dir, bool check, Err *err)
{
    StoreOptions o = {.dir = dir, .model = APP_MODEL, .lock_note = "sotto restore"};
    Store *s = store_open_sqlite(&o, err);
    if (!s)
        return false;
    bool ok = true;
    if (check) {
        Buf report;
        buf_init(&report, 1 << 20);
        ok = store_check(s, false, &report, err);
        if (!ok && report.len)
            err_set(err, ERR_CORRUPT, STR_FMT, (int)(report.len < 300 ? report.len : 300),
                    report.ptr);
        buf_release(&report);
    }
    store_close(s);
    return ok;
}

/* An empty file would open as a new, empty database, and so would anybody's database without
 * tables: a backup has SQLite's magic and our application id (bytes 68 to 71 of the file format).
 */
static bool is_backup(const char *file, Err *err)
{
    unsigned char head[100] = {0};
    static const unsigned char none[4];
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno, "cannot open %s",
                             file);
    ssize_t n = read(fd, head, sizeof head);
    close(fd);
    if (n == (ssize_t)sizeof head && memcmp(head, "SQLite format 3", 16) == 0 &&
        memcmp(head + 68, none, sizeof none) != 0)
        return true;
    return err_set(err, ERR_CORRUPT, "%s is no backup of Sotto's, nothing was changed", file);
}

static bool prepare(const Paths *p, const char *file, Err *err)
{
    Err why = ERR_INIT;
    if (!is_backup(file, err))
        return false;
    if (!os_remove_tree(p->fresh, err) || !os_mkdirs(p->fresh, 0700, err) ||
        !copy_file(file, p->fresh_db, err))
        return false;
    if (store_file_check(p->fresh_db, &why) && opens(p->fresh, true, &why))
        return true;
    return err_set(err, why.code == ERR_CONFLICT ? ERR_VALIDATION : ERR_CORRUPT,
                   "%s is no sound backup, nothing was changed: %s", file, why.msg);
}

static bool move(const char *from, const char *to, Err *err)
{
    if (rename(from, to) == 0 || errno == ENOENT)
        return true;
    return err_set_errno(err, ERR_IO, errno, "cannot move %s", from);
}

/* The write-ahead log belongs to the database it was written for: it moves with the old one. The
 * old database keeps a second name, so that the new one takes the first in a single step. */
static bool swap(const Paths *p, Err *err)
{
    if (!os_remove(p->before, err) || !os_remove(p->before_wal, err) ||
        !move(p->wal, p->before_wal, err) || !os_remove(p->shm, err))
        return false;
    if (p->had_data && link(p->db, p->before) != 0)
        return err_set_errno(err, ERR_IO, errno, "cannot keep the data that are there");
    return move(p->fresh_db, p->db, err) && os_remove_tree(p->cache, err) &&
           os_sync_dir(p->dir, err);
}

static void put_back(const Paths *p)
{
    os_remove(p->shm, NULL);
    if (!p->had_data) {
        os_remove(p->db, NULL);
        os_remove(p->wal, NULL);
    } else if (os_exists(p->before)) { /* else the old one still has its name */
        os_remove(p->wal, NULL);
        move(p->before, p->db, NULL);
        move(p->before_wal, p->wal, NULL);
    }
    os_remove_tree(p->cache, NULL);
}

bool restore_run(const char *file, const char *data_dir, Arena *a, Err *err)
{
    Paths p;
    Buf holder;
    if (!make_paths(&p, data_dir, a, err) || !os_mkdirs(data_dir, 0700, err))
        return false;
    buf_init(&holder, 4096);
    OsLock *lock = os_lock(p.lock, STR("sotto restore"), &holder, err);
    if (!lock && err && err->code == ERR_CONFLICT)
        err_set(err, ERR_CONFLICT, "the data are in use (" STR_FMT "); stop that first",
                STR_ARG(buf_str(&holder)));
    buf_release(&holder);
    if (!lock)
        return false;
    bool ok = prepare(&p, file, err) && (swap(&p, err) || (put_back(&p), false));
    os_remove_tree(p.fresh, NULL);
    os_unlock(lock);
    if (!ok)
        return false;
    if (!opens(data_dir, false, err)) {
        put_back(&p);
        return err_wrap(err, "the restored data cannot be opened, the old ones are back");
    }
    return os_remove(p.before, err) && os_remove(p.before_wal, err);
}
