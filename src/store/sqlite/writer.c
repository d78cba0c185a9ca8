/* writer.c - the one thread that writes and checkpoints.
 *
 * Callers hang a request on a queue and wait. The thread takes what is there (at most
 * SQ_GROUP_MAX), runs each in a savepoint of one transaction, commits with one sync, brings the
 * indexes up to date, and wakes them all: ten writers cost one fsync, and a request that fails
 * undoes only itself. When the transaction as a whole fails (disk full, I/O), each request is tried
 * again alone, so that a small one is not refused because of a large one beside it.
 *
 * Checkpoints and the syncs of the caches run after callers have been answered. */
#include "store/sqlite/sq.h"

#include <errno.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/sqlite/sq_index.h"
#include "store/sqlite/sq_replica.h"

#define CHECKPOINT_FRAMES 1000      /* 4 MB of WAL: worth copying back when nobody waits */
#define CHECKPOINT_FRAMES_MUST 8000 /* 32 MB: worth making somebody wait */
#define SYNC_IDLE_NS 2000000000u    /* caches are synced when nothing came for so long, */
#define SYNC_LATEST_NS 30000000000u /* or changes have waited so long */
#define SYNC_LEAN_NS 3000000000u    /* in a lean store: what waits is held in memory */

static int on_wal(void *arg, sqlite3 *db, const char *name, int frames)
{
    Sqlite *s = arg;
    (void)db;
    (void)name;
    s->writer.wal_frames = frames;
    return SQLITE_OK;
}

static void checkpoint(Sqlite *s, int mode)
{
    int frames = 0, done = 0;
    int rc = sqlite3_wal_checkpoint_v2(s->writer.conn->db, NULL, mode, &frames, &done);
    if (rc == SQLITE_OK && frames == done)
        s->writer.wal_frames = 0;
    else if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY)
        log_write(LOG_WARN, "store", "checkpoint: %s", sqlite3_errstr(rc));
}

/* ---- one transaction ------------------------------------------------------------------------ */

/* One request inside the transaction. False when the transaction itself is lost. */
static bool run_one(Sqlite *s, SqWrite *w)
{
    SqConn *c = s->writer.conn;
    w->ok = false;
    w->err = ERR_INIT;
    w->delta = (SqDelta){0};
    w->answers = w->notify = false;
    w->n_gone = 0;
    if (!sq_exec(c, "SAVEPOINT request", "writing", &w->err))
        return false;
    if (w->apply(s, w, &w->err)) {
        w->ok = sq_exec(c, "RELEASE request", "writing", &w->err);
        return w->ok;
    }
    /* Some failures (disk full, I/O) have rolled everything back already. */
    return !sqlite3_get_autocommit(c->db)
        && sq_exec(c, "ROLLBACK TO request; RELEASE request", "undoing", NULL);
}

/* Whether SQLite's own idea of the file may be wrong after it. The keyword index (FTS5) that ran
 * out of memory in the middle of a change takes its own pages for damaged from then on. */
static bool is_shaken(const SqWrite *w)
{
    ErrCode code = w->err.code;
    return !w->ok && (code == ERR_NO_MEMORY || code == ERR_IO || code == ERR_CORRUPT ||
                      code == ERR_INTERNAL);
}

/* A connection that has been through that is replaced before it writes again. */
static bool begin_anew(Sqlite *s, Err *err)
{
    if (!s->writer.shaken)
        return true;
    SqConn *fresh = sq_conn_open(s->path, SQ_WRITER, err);
    if (!fresh)
        return false;
    SqConn *old = s->writer.conn;
    s->writer.conn = fresh;
    if (s->replica && !sq_replica_reconnect(s, err)) {
        s->writer.conn = old;
        sq_conn_close(fresh);
        return false;
    }
    sq_conn_close(old);
    s->writer.shaken = false;
    sqlite3_wal_hook(fresh->db, on_wal, s);
    return true;
}

/* A transaction whose end could not be written (no memory, no disk) is still open: what is sent
 * next must not become part of it. */
static bool end_stray(Sqlite *s, Err *err)
{
    if (!begin_anew(s, err))
        return false;
    SqConn *c = s->writer.conn;
    return sqlite3_get_autocommit(c->db) || sq_exec(c, "ROLLBACK", "undoing what failed", err);
}

static bool run_group(Sqlite *s, SqWrite *first, size_t n, Err *err)
{
    if (!end_stray(s, err))
        return false;
    SqConn *c = s->writer.conn;
    if (!sq_exec(c, "BEGIN IMMEDIATE", "writing", err))
        return false;
    bool ok = true;
    SqWrite *w = first;
    for (size_t i = 0; i < n && ok; i++, w = w->next) {
        ok = run_one(s, w);
        if (!ok)
            *err = w->err;
    }
    uint64_t start = clock_mono_ns();
    ok = ok && (!s->replica || sq_replica_before(s, err)) && sq_exec(c, "COMMIT", "writing", err);
    if (ok)
        metric_observe(s->writer.commit_seconds, NULL, clock_seconds_since(start));
    else
        (void)end_stray(s, NULL); /* else before the next one */
    if (s->replica)
        sq_replica_after(s, ok);
    return ok;
}

static void tell(Sqlite *s, const SqWrite *w)
{
    pthread_mutex_lock(&s->change_lock);
    StoreChangeFn fn = s->change_fn;
    void *arg = s->change_arg;
    for (size_t i = 0; fn && i < w->n_gone; i++)
        fn(arg, &w->owner->uuid, CHANGE_DELETED, &w->gone[i].document);
    if (fn)
        fn(arg, &w->owner->uuid, w->change, &w->document);
    pthread_mutex_unlock(&s->change_lock);
}

/* After the commit: indexes first, then the version, so that nobody can cache an answer of the old
 * index under the new version. */
static void follow_up(Sqlite *s, SqWrite *w)
{
    if (!w->ok)
        return;
    bool indexed = w->delta.seq != 0;
    for (size_t i = 0; i < w->n_gone; i++) {
        indexed = indexed || w->gone[i].delta.seq;
        if (w->gone[i].delta.seq)
            sq_index_apply(s, w->owner, &w->gone[i].delta);
    }
    if (w->delta.seq)
        sq_index_apply(s, w->owner, &w->delta);
    if (indexed) {
        if (!s->writer.dirty_since_ns)
            s->writer.dirty_since_ns = clock_mono_ns();
    }
    if (w->answers && w->owner)
        atomic_fetch_add(&w->owner->version, 1);
    if (w->plans && w->owner)
        atomic_fetch_add(&w->owner->plans, 1);
    if (w->after)
        w->after(s, w);
    if (w->notify && w->owner)
        tell(s, w);
}

/* Who is out of disk must at least be able to delete: the caches can be had again. */
static bool make_room(Sqlite *s, const SqWrite *w, const Err *err)
{
    Err why = ERR_INIT;
    if (!w->frees || err->code != ERR_STORAGE_FULL
        || !sq_index_make_room(s, s->writer.conn, w->owner, &why))
        return false;
    log_write(LOG_WARN, "store", "the disk is full: search caches made room for a deletion");
    return true;
}

static void run(Sqlite *s, SqWrite *first, size_t n)
{
    Err err = ERR_INIT;
    if (run_group(s, first, n, &err)
        || (n == 1 && make_room(s, first, &err) && run_group(s, first, n, &err))) {
        metric_add(s->writer.groups, NULL, 1);
        metric_add(s->writer.writes, NULL, (double)n);
        atomic_store(&s->writer.failed, 0);
    } else if (n == 1) {
        first->ok = false;
        first->err = err;
        atomic_store(&s->writer.failed, (int)err.code);
    } else {
        SqWrite *w = first;
        for (size_t i = 0; i < n; i++, w = w->next)
            run(s, w, 1);
        return; /* each has had its follow-up */
    }
    SqWrite *w = first;
    for (size_t i = 0; i < n; i++, w = w->next) {
        follow_up(s, w);
        s->writer.shaken |= is_shaken(w);
    }
}

/* ---- the thread ----------------------------------------------------------------------------- */

static void keep_house(Sqlite *s, bool idle)
{
    SqWriter *w = &s->writer;
    if (w->wal_frames >= CHECKPOINT_FRAMES_MUST || (idle && w->wal_frames >= CHECKPOINT_FRAMES))
        checkpoint(s, SQLITE_CHECKPOINT_PASSIVE);
    uint64_t now = clock_mono_ns();
    if (w->dirty_since_ns
        && now - w->dirty_since_ns > (s->lean ? SYNC_LEAN_NS : SYNC_LATEST_NS))
        sq_index_sync_all(s);
}

/* What can wait until nobody does. */
static void use_the_quiet(Sqlite *s)
{
    SqWriter *w = &s->writer;
    Err err = ERR_INIT;
    sq_index_sync_all(s);
    for (bool more = true; more;) {
        more = sq_words_sweep(s, &err);
        pthread_mutex_lock(&w->lock);
        more = more && !w->head && !w->stop;
        pthread_mutex_unlock(&w->lock);
    }
    if (err.code != ERR_NONE)
        log_write(LOG_WARN, "store", "%s", err.msg);
    if (w->wal_frames >= CHECKPOINT_FRAMES)
        checkpoint(s, SQLITE_CHECKPOINT_PASSIVE);
}

/* Waits for work. False when it is time to stop and nothing is left. */
static bool wait_for_work(Sqlite *s)
{
    SqWriter *w = &s->writer;
    while (!w->head) {
        if (w->stop)
            return false;
        if (!w->dirty_since_ns) {
            pthread_cond_wait(&w->wake, &w->lock);
            continue;
        }
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += SYNC_IDLE_NS / 1000000000u;
        if (pthread_cond_timedwait(&w->wake, &w->lock, &until) == ETIMEDOUT && !w->head) {
            pthread_mutex_unlock(&w->lock);
            use_the_quiet(s);
            pthread_mutex_lock(&w->lock);
        }
    }
    return true;
}

/* Takes requests that may share a transaction off the queue. */
static SqWrite *take(SqWriter *w, size_t *n)
{
    SqWrite *first = w->head, *last = first;
    *n = 1;
    while (!first->alone && last->next && !last->next->alone && *n < SQ_GROUP_MAX) {
        last = last->next;
        ++*n;
    }
    w->head = last->next;
    if (!w->head)
        w->tail = &w->head;
    last->next = NULL;
    return first;
}

static void *writer_main(void *arg)
{
    Sqlite *s = arg;
    SqWriter *w = &s->writer;
    pthread_mutex_lock(&w->lock);
    while (wait_for_work(s)) {
        size_t n;
        SqWrite *first = take(w, &n);
        pthread_mutex_unlock(&w->lock);
        if (first->alone)
            first->ok = end_stray(s, &first->err) && first->alone(s, first, &first->err);
        else
            run(s, first, n);
        pthread_mutex_lock(&w->lock);
        for (SqWrite *r = first, *next; r; r = next) {
            next = r->next; /* r is the caller's again once done is set and the lock is free */
            r->done = true;
        }
        pthread_cond_broadcast(&w->done);
        bool idle = !w->head;
        pthread_mutex_unlock(&w->lock);
        keep_house(s, idle);
        pthread_mutex_lock(&w->lock);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

bool sq_write(Sqlite *s, SqWrite *req, Err *err)
{
    SqWriter *w = &s->writer;
    if (s->read_only)
        return err_set(err, ERR_FORBIDDEN, "the store was opened for reading only");
    req->ok = req->done = false;
    req->err = ERR_INIT;
    req->next = NULL;
    pthread_mutex_lock(&w->lock);
    if (w->stop) {
        pthread_mutex_unlock(&w->lock);
        return err_set(err, ERR_UNAVAILABLE, "the store is closing");
    }
    *w->tail = req;
    w->tail = &req->next;
    pthread_cond_signal(&w->wake);
    while (!req->done)
        pthread_cond_wait(&w->done, &w->lock);
    pthread_mutex_unlock(&w->lock);
    mem_free(req->gone);
    req->gone = NULL;
    req->n_gone = req->cap_gone = 0;
    if (!req->ok && err)
        *err = req->err;
    return req->ok;
}

bool sq_writer_start(Sqlite *s, Err *err)
{
    SqWriter *w = &s->writer;
    pthread_condattr_t mono;
    pthread_condattr_init(&mono);
    pthread_condattr_setclock(&mono, CLOCK_MONOTONIC);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->wake, &mono);
    pthread_cond_init(&w->done, NULL);
    pthread_condattr_destroy(&mono);
    w->tail = &w->head;
    w->groups = metric_counter("store_commits_total", "Transactions committed and synced.", NULL);
    w->writes = metric_counter("store_writes_total", "Writes, many of which share a commit.", NULL);
    w->commit_seconds = metric_histogram("store_commit_seconds", "Time of a commit with its sync.",
        NULL);
    sqlite3_wal_hook(w->conn->db, on_wal, s);
    int rc = pthread_create(&w->thread, NULL, writer_main, s);
    if (rc)
        return err_set_errno(err, ERR_UNAVAILABLE, rc, "starting the writer thread");
    w->running = true;
    return true;
}

void sq_writer_stop(Sqlite *s)
{
    SqWriter *w = &s->writer;
    if (!w->running)
        return;
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    w->running = false;
    sq_index_sync_all(s);
    checkpoint(s, SQLITE_CHECKPOINT_TRUNCATE);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->wake);
    pthread_cond_destroy(&w->done);
}
