/* qd_backup.c - everything there in one file, of the kind that the SQLite back end is backed up to,
 * while any number of processes go on.
 *
 *   people and credentials: a snapshot of their working copy
 *   each person: the working copy, up to date -> a snapshot of it -> its rows into a file made for
 *   this -> compared with the snapshot
 *   the file: caches, full text, checks -> a backup of it
 *
 * Each person's rows are those of one moment, every person's of another; nothing of one refers to
 * another's. Who was added after the first snapshot is not in the file. */
#include <stdio.h>

#include "base/log.h"
#include "base/mem.h"
#include "store/qdrant/qd_ops.h"
#include "store/sqlite/sq_transfer.h"

typedef struct {
    Qd *q;
    Arena *a;
    const char *dir, *snapshot, *people; /* files in dir: of one person; of people */
    Store *file;
    Uuid *ids;
    size_t n, cap;
} Backup;

static bool no_memory(Err *err)
{
    return err_set(err, ERR_NO_MEMORY, "making a backup: out of memory");
}

/* *there false: the person was removed meanwhile. */
static bool snapshot(Backup *b, const Uuid *id, const char *path, bool *there, Err *err)
{
    Err why = ERR_INIT;
    QdPerson *p = qd_person_take(b->q, id, true, &why);
    *there = p != NULL;
    if (!p)
        return why.code == ERR_NOT_FOUND || err_set(err, why.code, "%s", why.msg);
    bool ok = os_remove(path, err) && p->local->ops->backup(p->local, path, err);
    qd_person_give(p);
    return ok;
}

static bool is_known(void *arg, const Uuid *id)
{
    const Backup *b = arg;
    for (size_t i = 0; i < b->n; i++)
        if (uuid_eq(&b->ids[i], id))
            return true;
    return false;
}

/* Those of the people's snapshot. */
static bool list_people(Backup *b, Err *err)
{
    Uuid *owners;
    size_t n;
    if (!sq_transfer_owners(b->people, b->a, &owners, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (uuid_eq(&owners[i], &QD_SYSTEM) || is_known(b, &owners[i]))
            continue;
        if (!ARENA_GROW(b->a, b->ids, b->n, b->cap))
            return no_memory(err);
        b->ids[b->n++] = owners[i];
    }
    return true;
}

static bool copy(Backup *b, const char *from, const Uuid *owner, Err *err)
{
    SqTransfer t = {.from = from, .owner = owner};
    uint64_t rows;
    if (owner && !sq_transfer_shift(b->file, owner, &t.shift, err))
        return false;
    return sq_transfer(b->file, &t, &rows, err) && sq_transfer_verify(b->file, &t, &rows, err);
}

static bool copy_person(Backup *b, const Uuid *id, Err *err)
{
    bool there;
    return snapshot(b, id, b->snapshot, &there, err) && (!there || copy(b, b->snapshot, id, err));
}

/* The first check finds caches that know nothing of the rows, mends them, and says so. */
static bool make_caches(Backup *b, Err *err)
{
    Buf report;
    bool ok = false;
    for (int i = 0; i < 2; i++) {
        Err *last = i ? err : NULL;
        buf_init(&report, 1 << 20);
        ok = store_check(b->file, true, &report, last);
        if (!ok && last && report.len)
            err_set(err, ERR_CORRUPT, STR_FMT, (int)(report.len < 300 ? report.len : 300),
                report.ptr);
        buf_release(&report);
    }
    return ok;
}

static bool everybody(Backup *b, const char *path, Err *err)
{
    bool there;
    if (!snapshot(b, &QD_SYSTEM, b->people, &there, err) || !list_people(b, err))
        return false;
    for (size_t i = 0; i < b->n; i++)
        if (!copy_person(b, &b->ids[i], err))
            return false;
    for (size_t i = 0; i < b->n; i++) /* who had no rows, too */
        if (!sq_replica_owner(b->file, &b->ids[i], err))
            return false;
    return copy(b, b->people, NULL, err) && make_caches(b, err)
        && store_backup(b->file, path, err);
}

bool qd_backup(Store *s, const char *path, Err *err)
{
    Backup b = {.q = qd_of(s), .a = arena_new(ARENA_DEFAULT_MAX)};
    if (!b.a)
        return no_memory(err);
    b.dir = arena_printf(b.a, "%s.making", path).ptr;
    b.snapshot = b.dir ? os_join(b.a, b.dir, "one.db") : NULL;
    b.people = b.dir ? os_join(b.a, b.dir, "people.db") : NULL;
    bool ok = (b.snapshot && b.people) || no_memory(err);
    ok = ok && os_remove_tree(b.dir, err) && os_mkdirs(b.dir, 0700, err);
    StoreOptions o = {.dir = b.dir, .model = b.q->model, .context_weight = b.q->context_weight};
    b.file = ok ? store_open_sqlite(&o, err) : NULL;
    ok = b.file && everybody(&b, path, err);
    if (b.file)
        store_close(b.file);
    Err why = ERR_INIT;
    if (b.dir && !os_remove_tree(b.dir, &why))
        log_write(LOG_WARN, "qdrant", "%s", why.msg);
    arena_free(b.a);
    return ok;
}
