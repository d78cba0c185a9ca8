/* sync_scan.c - looks at a folder, or a part of it, and compares it with the ledger. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ingest/sync_int.h"

#define BATCH 256        /* ledger entries in one transaction */
#define RECENT_NS 50000000ll /* before the look began: clocks of file systems are coarse */
#define GRACE_NS 1000000000ull
#define MS 1000000ull

typedef struct {
    Sync *s;
    SyncFolder *f;
    KnownSet known;
    Arena *a;            /* of the batch */
    LedgerEntry batch[BATCH];
    size_t n_batch;
    Task *head, **tail;  /* to be done when the batch is written: a quick reader writes after it */
    uint64_t unchanged, settling, seen, gone;
    int64_t now_ns;      /* of the real clock, as files have it */
    size_t gone_before;  /* files known to be missing when the look began */
    Err *err;
} Look;

static int64_t real_now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

uint64_t sync_settle_ns(const Sync *s)
{
    return (uint64_t)(s->o.settle_ms ? s->o.settle_ms : 2000) * MS;
}

static bool was_stopped(Look *l)
{
    return err_set(l->err, ERR_CANCELLED, "the reading of the folder was stopped");
}

static Task *take_task(Look *l)
{
    Task *t = l->head;
    l->head = t->next;
    t->next = NULL;
    if (!l->head)
        l->tail = &l->head;
    return t;
}

static void drop_tasks(Look *l)
{
    while (l->head)
        mem_free(take_task(l));
}

static bool flush(Look *l)
{
    bool ok = store_ledger_put_many(l->s->o.store, &l->s->o.owner, l->batch, l->n_batch, l->err);
    l->n_batch = 0;
    arena_reset(l->a);
    while (ok && l->head)
        ok = sync_push(l->s, take_task(l), true) || was_stopped(l);
    return ok;
}

/* An entry for a file that is not (or cannot be) read now. */
static bool note(Look *l, const ScanItem *item, LedgerState state, Str reason)
{
    LedgerEntry *e = &l->batch[l->n_batch++];
    int64_t now = clock_now_ms();
    *e = (LedgerEntry){.source = arena_str(l->a, item->source),
                       .state = state,
                       .reason = arena_str(l->a, reason),
                       .bytes = item->bytes,
                       .mtime_ms = item->mtime_ns / 1000000,
                       .mtime_ns = item->mtime_ns,
                       .device = item->device,
                       .inode = item->inode,
                       .folder = l->f->f.id,
                       .first_at = now,
                       .last_at = now};
    if (!e->source.ptr || !e->reason.ptr)
        return err_set(l->err, ERR_NO_MEMORY, "reading a folder: out of memory");
    return l->n_batch < BATCH || flush(l);
}

static bool push(Look *l, TaskKind kind, const ScanItem *item, Str from)
{
    IngestFacts facts = {item->bytes, item->device, item->inode, item->mtime_ns};
    Task *t = sync_task(kind, l->f, item->path, item->source, from, &facts);
    if (!t)
        return err_set(l->err, ERR_NO_MEMORY, "reading a folder: out of memory");
    if (l->n_batch == 0)
        return sync_push(l->s, t, true) || was_stopped(l);
    *l->tail = t;
    l->tail = &t->next;
    return true;
}

/* Somebody may still be writing it. Times that lie in the future say nothing. */
static bool is_fresh(const Look *l, const ScanItem *item, int64_t *due)
{
    int64_t settle = (int64_t)sync_settle_ns(l->s);
    int64_t last = item->mtime_ns <= l->now_ns ? item->mtime_ns : 0;
    if (item->ctime_ns <= l->now_ns && item->ctime_ns > last)
        last = item->ctime_ns;
    *due = last + settle - l->now_ns;
    return *due > 0;
}

static bool wait_for(Look *l, const ScanItem *item, const Known *k, int64_t due)
{
    char folder[4096];
    const char *slash = strrchr(item->path, '/');
    size_t len = (size_t)(slash - item->path);
    l->settling++;
    if (len < sizeof folder) {
        memcpy(folder, item->path, len);
        folder[len ? len : 1] = '\0';
        folder[0] = '/';
        pthread_mutex_lock(&l->s->lock);
        sync_dirty(l->f, folder, false, clock_mono_ns() + (uint64_t)due);
        pthread_mutex_unlock(&l->s->lock);
    }
    return (k && k->state != LEDGER_DELETED) ||
           note(l, item, LEDGER_PENDING, STR("it waits until nobody writes it any more"));
}

static bool problem(Look *l, const ScanItem *item, Known *k)
{
    Str reason = str_of(item->problem->msg);
    LedgerState state =
        item->problem->code == ERR_UNSUPPORTED_MEDIA ? LEDGER_REFUSED : LEDGER_FAILED;
    /* What was read before stays as it was read: its file is there, it just cannot be read now. */
    if (k && (k->document || (k->state == state && str_eq(k->reason, reason))))
        return true;
    pthread_mutex_lock(&l->s->lock);
    *(state == LEDGER_REFUSED ? &l->f->done.refused : &l->f->done.failed) += 1;
    pthread_mutex_unlock(&l->s->lock);
    return note(l, item, state, reason);
}

/* The file was known under another path, which is not there any more. */
static bool was_moved(Look *l, const ScanItem *item, Arena *a, Str *from)
{
    LedgerEntry e;
    struct stat st;
    Err absent = ERR_INIT;
    if (!store_ledger_by_file(l->s->o.store, &l->s->o.owner, item->inode, item->mtime_ns,
                              item->bytes, a, &e, &absent) ||
        e.state == LEDGER_PENDING || !str_starts(e.source, STR("/")))
        return false;
    char *path = arena_cstr(a, e.source);
    *from = e.source;
    return path && !str_eq(e.source, item->source) && lstat(path, &st) != 0 &&
           (errno == ENOENT || errno == ENOTDIR);
}

static bool on_item(void *arg, const ScanItem *item)
{
    Look *l = arg;
    Known *k = known_find(&l->known, item->source);
    int64_t due;
    if (k) {
        k->seen = true;
        l->seen++;
    }
    if (item->problem)
        return problem(l, item, k);
    if (k && known_same(k, item) && k->state != LEDGER_PENDING && k->state != LEDGER_FAILED) {
        l->unchanged++;
        return true;
    }
    bool new = !k || k->state == LEDGER_DELETED;
    if (new) {
        Str from;
        Arena *a = arena_new(1 << 20);
        bool moved = a && was_moved(l, item, a, &from);
        bool ok = moved && push(l, TASK_MOVE, item, from);
        arena_free(a);
        if (moved)
            return ok;
    }
    if (is_fresh(l, item, &due))
        return wait_for(l, item, k, due);
    return (!new || note(l, item, LEDGER_PENDING, STR(""))) && push(l, TASK_READ, item, STR(""));
}

static bool on_folder(void *arg, const char *path)
{
    Look *l = arg;
    Err err = ERR_INIT;
    pthread_mutex_lock(&l->s->lock);
    bool stop = l->s->stopping || l->f->removed || l->f->f.paused;
    bool polled = l->f->polled;
    pthread_mutex_unlock(&l->s->lock);
    if (!polled && !watch_add(l->s->watch, path, &err) && err.code == ERR_UNAVAILABLE) {
        pthread_mutex_lock(&l->s->lock);
        l->f->polled = true;
        (void)snprintf(l->f->message, sizeof l->f->message, "%.250s; the folder is polled",
                       err.msg);
        pthread_mutex_unlock(&l->s->lock);
    }
    return !stop;
}

/* ---- what is not there any more -------------------------------------------------------------- */

/* A file that was moved by copying turns up elsewhere first: what is missing has some time. Caller
 * holds the lock. */
static bool add_gone(Look *l, Str source, bool excluded)
{
    SyncFolder *f = l->f;
    for (size_t i = 0; i < l->gone_before && i < f->n_gone; i++)
        if (str_eq(str_of(f->gone[i].source), source))
            return true;
    if (!MEM_GROW(f->gone, f->n_gone, f->cap_gone))
        return false;
    char *copy = mem_alloc(source.len + 1);
    if (!copy)
        return false;
    memcpy(copy, source.ptr, source.len);
    copy[source.len] = '\0';
    f->gone[f->n_gone++] =
        (Gone){copy, excluded, clock_mono_ns() + sync_settle_ns(l->s) + GRACE_NS};
    return true;
}

/* An entry whose file was not met. One that is there after all is left out by a pattern now, unless
 * it came while they were listed: of that the kernel tells. */
static bool is_gone(const Look *l, const Known *k, bool *excluded)
{
    struct stat st;
    *excluded = false;
    if (k->seen || k->state == LEDGER_DELETED)
        return false;
    if (k->state == LEDGER_INDEXED && k->mtime_ns == 0 && k->reason.len)
        return false; /* kept after it went */
    const Known *parent = known_parent(&l->known, k->source);
    if (parent)
        return is_gone(l, parent, excluded); /* a part goes with its file */
    if (k->mtime_ns == 0 && k->by_hand)
        return false; /* a name that a person gave, no file that was ever seen here */
    if (lstat(k->source.ptr, &st) != 0)
        return errno == ENOENT || errno == ENOTDIR;
    *excluded = true;
    int64_t changed = (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec;
    return !k->by_hand && changed < l->now_ns - RECENT_NS;
}

static bool collect_gone(Look *l)
{
    for (size_t i = 0; i < l->known.n; i++) {
        bool excluded;
        if (!is_gone(l, &l->known.items[i], &excluded))
            continue;
        l->gone++;
        pthread_mutex_lock(&l->s->lock);
        bool ok = add_gone(l, l->known.items[i].source, excluded);
        pthread_mutex_unlock(&l->s->lock);
        if (!ok)
            return err_set(l->err, ERR_NO_MEMORY, "reading a folder: out of memory");
    }
    return true;
}

void sync_forget_gone(SyncFolder *f)
{
    for (size_t i = 0; i < f->n_gone; i++)
        mem_free(f->gone[i].source);
    f->n_gone = 0;
}

/* A root in whose place another folder stands (an empty mount point, a fresh folder) and that has
 * none of the files which were known: nothing is concluded from that. */
static bool was_replaced(const Look *l, const struct stat *root)
{
    const Folder *f = &l->f->f;
    bool same = f->inode == (uint64_t)root->st_ino && f->device == (uint64_t)root->st_dev;
    return f->synced_at && !same && l->seen == 0 && l->gone > 0 && !l->f->confirm;
}

static bool look(Look *l, const char *at, bool deep, const struct stat *root)
{
    SyncFolder *f = l->f;
    ScanCounts counts;
    Err why = ERR_INIT;
    ScanOptions o = {.root = f->f.path.ptr,
                     .at = at,
                     .shallow = !deep,
                     .include = f->f.include,
                     .n_include = f->f.n_include,
                     .exclude = f->f.exclude,
                     .n_exclude = f->f.n_exclude,
                     .on_item = on_item,
                     .on_folder = on_folder,
                     .arg = l};
    bool ok = scan_run(&o, &counts, &why);
    /* A callback's own error is in *l->err and says more. */
    if (!ok && !(at && why.code == ERR_NOT_FOUND)) {
        if (l->err->code == ERR_NONE)
            *l->err = why;
        return false;
    }
    if (!flush(l) || !collect_gone(l))
        return false;
    if (!at && was_replaced(l, root)) {
        pthread_mutex_lock(&l->s->lock);
        sync_forget_gone(f);
        f->state = SYNC_REPLACED;
        (void)snprintf(f->message, sizeof f->message,
                       "another folder stands in its place and has none of its %llu files; nothing "
                       "was removed. Put the folder back, or confirm that they are gone",
                       (unsigned long long)l->gone);
        pthread_mutex_unlock(&l->s->lock);
        return true;
    }
    pthread_mutex_lock(&l->s->lock);
    f->settling = l->settling;
    if (!at) {
        f->scan = counts;
        f->unchanged = l->unchanged;
        f->root_device = (uint64_t)root->st_dev;
        f->root_inode = (uint64_t)root->st_ino;
    }
    pthread_mutex_unlock(&l->s->lock);
    return true;
}

bool sync_scan(Sync *s, SyncFolder *f, const char *at, bool deep, Err *err)
{
    struct stat root;
    if (stat(f->f.path.ptr, &root) != 0 || !S_ISDIR(root.st_mode))
        return err_set(err, ERR_NOT_FOUND,
                       "%s is not there; nothing is removed while it is away", f->f.path.ptr);
    Err failed = ERR_INIT;
    Look *l = mem_zalloc(sizeof *l);
    bool ok = false;
    if (l) {
        *l = (Look){.s = s, .f = f, .now_ns = real_now_ns(), .gone_before = f->n_gone,
            .err = &failed};
        l->tail = &l->head;
        l->a = arena_new(ARENA_DEFAULT_MAX);
    }
    if (!l || !l->a)
        err_set(&failed, ERR_NO_MEMORY, "reading a folder: out of memory");
    else if (known_load(&l->known, s->o.store, &s->o.owner, at ? str_of(at) : f->f.path, deep,
                        &failed))
        ok = look(l, at, deep, &root);
    if (l) {
        known_release(&l->known);
        drop_tasks(l);
        arena_free(l->a);
    }
    mem_free(l);
    if (!ok && err)
        *err = failed;
    return ok;
}
