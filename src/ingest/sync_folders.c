/* sync_folders.c - what clients ask of the sync: add, remove, pause, look. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ingest/sync_int.h"

#define DIRTY_MAX 1000 /* more changed folders than that: look at everything */

static SyncFolder *find(Sync *s, const Uuid *id)
{
    for (SyncFolder *f = s->folders; f; f = f->next)
        if (!f->removed && uuid_eq(&f->f.id, id))
            return f;
    return NULL;
}

static bool not_there(Err *err)
{
    return err_set(err, ERR_NOT_FOUND, "there is no such folder");
}

/* ---- looking --------------------------------------------------------------------------------- */

/* Caller holds the lock. */
static void fill(const Sync *s, const SyncFolder *f, SyncStatus *out)
{
    *out = (SyncStatus){.folder = f->f, .state = f->state, .polled = f->polled, .scan = f->scan,
        .unchanged = f->unchanged, .waiting = f->outstanding + f->n_gone, .settling = f->settling,
        .finished = f->finished, .total = f->total, .seconds_left = -1, .done = f->done};
    if (!s->started)
        out->state = SYNC_STOPPED;
    else if (f->f.paused)
        out->state = SYNC_PAUSED;
    else if (f->full_due_ns == 0 && !f->in_round)
        out->state = SYNC_SCANNING; /* its turn is about to come */
    /* Folders that are to be looked at again, each for one file at least. */
    if (f->n_dirty == 0 || out->settling < f->n_dirty)
        out->settling = f->n_dirty;
    double seconds = clock_seconds_since(f->round_start_ns);
    if (f->in_round && f->finished && seconds > 0.2) {
        out->rate = (double)f->finished / seconds;
        out->seconds_left = (double)f->outstanding / out->rate;
    }
}

static bool copy_status(const SyncFolder *f, Arena *a, SyncStatus *out)
{
    out->message = arena_str(a, str_of(f->message));
    out->folder.path = arena_str(a, f->f.path);
    bool ok = out->message.ptr && out->folder.path.ptr;
    Str *lists[] = {f->f.include, f->f.exclude};
    size_t n[] = {f->f.n_include, f->f.n_exclude};
    for (size_t k = 0; ok && k < 2; k++) {
        Str *copy = ARENA_NEW_ARRAY(a, Str, n[k] + 1);
        ok = copy != NULL;
        for (size_t i = 0; ok && i < n[k]; i++)
            ok = (copy[i] = arena_str(a, lists[k][i])).ptr != NULL;
        *(k ? &out->folder.exclude : &out->folder.include) = copy;
    }
    return ok;
}

bool sync_list(Sync *s, Arena *a, SyncStatus **out, size_t *n, Err *err)
{
    size_t count = 0;
    pthread_mutex_lock(&s->lock);
    for (SyncFolder *f = s->folders; f; f = f->next)
        count += !f->removed;
    SyncStatus *list = ARENA_NEW_ARRAY(a, SyncStatus, count + 1);
    bool ok = list != NULL;
    size_t i = 0;
    for (SyncFolder *f = s->folders; ok && f; f = f->next) {
        if (f->removed)
            continue;
        fill(s, f, &list[i]);
        ok = copy_status(f, a, &list[i++]);
    }
    pthread_mutex_unlock(&s->lock);
    if (!ok)
        return err_set(err, ERR_NO_MEMORY, "no memory for the list of folders");
    /* Oldest first: they are kept newest first. */
    for (size_t k = 0; k < i / 2; k++) {
        SyncStatus swap = list[k];
        list[k] = list[i - 1 - k];
        list[i - 1 - k] = swap;
    }
    *out = list;
    *n = i;
    return true;
}

bool sync_get(Sync *s, const Uuid *id, Arena *a, SyncStatus *out, Err *err)
{
    pthread_mutex_lock(&s->lock);
    SyncFolder *f = find(s, id);
    bool ok = f != NULL;
    if (ok) {
        fill(s, f, out);
        ok = copy_status(f, a, out);
    }
    pthread_mutex_unlock(&s->lock);
    return f ? ok || err_set(err, ERR_NO_MEMORY, "no memory for the folder") : not_there(err);
}

size_t sync_queue(Sync *s)
{
    pthread_mutex_lock(&s->lock);
    size_t n = s->queued + s->running;
    pthread_mutex_unlock(&s->lock);
    return n;
}

/* ---- changing -------------------------------------------------------------------------------- */

static bool below(Str inner, Str outer)
{
    return outer.len == 1 || (str_starts(inner, outer) &&
                              (inner.len == outer.len || inner.ptr[outer.len] == '/'));
}

static bool check_path(Sync *s, const Folder *f, Err *err)
{
    struct stat st;
    if (!str_starts(f->path, STR("/")))
        return err_set(err, ERR_VALIDATION, "the path of a folder begins with a slash");
    if (stat(f->path.ptr, &st) != 0)
        return err_set_errno(err, errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO,
                             errno, "cannot look at " STR_FMT, STR_ARG(f->path));
    if (!S_ISDIR(st.st_mode))
        return err_set(err, ERR_VALIDATION, STR_FMT " is no folder", STR_ARG(f->path));
    for (SyncFolder *o = s->folders; o; o = o->next) {
        if (o->removed || (!below(f->path, o->f.path) && !below(o->f.path, f->path)))
            continue;
        if (str_eq(f->path, o->f.path))
            return err_set(err, ERR_CONFLICT, STR_FMT " is watched already", STR_ARG(f->path));
        return err_set(err, ERR_CONFLICT, STR_FMT " %s the watched folder " STR_FMT,
                       STR_ARG(f->path), below(f->path, o->f.path) ? "lies in" : "contains",
                       STR_ARG(o->f.path));
    }
    return true;
}

bool sync_add(Sync *s, const Folder *f, Uuid *id, Err *err)
{
    Folder row = *f;
    Err local = ERR_INIT;
    if (!uuid_v7(&row.id, err))
        return false;
    row.created_at = clock_now_ms();
    row.synced_at = 0;
    SyncFolder *n = mem_zalloc(sizeof *n);
    if (n)
        n->arena = arena_new((size_t)16 << 20);
    bool ok = n && n->arena;
    if (ok) {
        SyncStatus copy = {0};
        n->f = row;
        ok = copy_status(n, n->arena, &copy);
        if (ok) {
            n->f.path = copy.folder.path;
            n->f.include = copy.folder.include;
            n->f.exclude = copy.folder.exclude;
        }
    }
    if (!ok)
        err_set(&local, ERR_NO_MEMORY, "watching folders: out of memory");
    pthread_mutex_lock(&s->lock);
    ok = ok && check_path(s, &n->f, &local);
    if (ok) { /* on the list before it is in the store, so that no other can come between */
        n->f.paused = true;
        n->next = s->folders;
        s->folders = n;
    }
    pthread_mutex_unlock(&s->lock);
    if (!ok) {
        if (n)
            arena_free(n->arena);
        mem_free(n);
    } else {
        bool stored = store_folder_put(s->o.store, &s->o.owner, &row, &local);
        pthread_mutex_lock(&s->lock);
        n->f.paused = row.paused;
        n->removed = !stored;
        pthread_mutex_unlock(&s->lock);
        ok = stored;
        sync_wake(s);
    }
    if (ok)
        *id = row.id;
    else if (err)
        *err = local;
    return ok;
}

/* Takes a folder's files off the queue and waits for those that are being read; caller holds the
 * lock, and has set what keeps new ones out. */
static void drain(Sync *s, SyncFolder *f)
{
    sync_drop_tasks(s, f);
    pthread_cond_broadcast(&s->room);
    while (f->running > 0 && !s->stopping)
        pthread_cond_wait(&s->idle, &s->lock);
}

/* What the folder had added goes as if its files had gone. */
typedef struct {
    const Uuid *id;
    Arena *a;
    Str *sources;
    size_t n, cap;
    bool failed;
} Mine;

static bool mine(void *arg, const LedgerEntry *e)
{
    Mine *m = arg;
    if (e->state == LEDGER_DELETED || !uuid_eq(&e->folder, m->id))
        return true;
    m->failed = !MEM_GROW(m->sources, m->n, m->cap);
    if (m->failed)
        return false;
    m->sources[m->n] = arena_str(m->a, e->source);
    m->failed = !m->sources[m->n].ptr;
    m->n += !m->failed;
    return !m->failed;
}

static bool remove_documents(Sync *s, const Uuid *id, Err *err)
{
    FileGone what;
    Mine m = {.id = id, .a = arena_new((size_t)4 << 30)};
    bool ok = m.a || err_set(err, ERR_NO_MEMORY, "removing a folder: out of memory");
    ok = ok && store_ledger_each(s->o.store, &s->o.owner, STR(""), mine, &m, err);
    if (ok && m.failed)
        ok = err_set(err, ERR_NO_MEMORY, "removing a folder: out of memory");
    for (size_t i = 0; ok && i < m.n; i++)
        ok = store_file_gone(s->o.store, &s->o.owner, m.sources[i], false,
                             STR("its folder was removed with its documents"), &what, err);
    mem_free(m.sources);
    arena_free(m.a);
    return ok;
}

bool sync_remove(Sync *s, const Uuid *id, bool documents, Err *err)
{
    pthread_mutex_lock(&s->lock);
    SyncFolder *f = find(s, id);
    bool paused = f && f->f.paused;
    if (f) {
        f->f.paused = true; /* nothing new comes while its documents go */
        drain(s, f);
    }
    pthread_mutex_unlock(&s->lock);
    if (!f)
        return not_there(err);
    bool ok = !documents || remove_documents(s, id, err);
    ok = ok && store_folder_delete(s->o.store, &s->o.owner, id, err);
    pthread_mutex_lock(&s->lock);
    f->removed = ok;
    f->f.paused = ok || paused;
    s->news = true;
    pthread_mutex_unlock(&s->lock);
    sync_wake(s);
    return ok;
}

bool sync_pause(Sync *s, const Uuid *id, bool paused, Err *err)
{
    SyncStatus copy = {0};
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    if (!a)
        return err_set(err, ERR_NO_MEMORY, "no memory for the folder");
    pthread_mutex_lock(&s->lock);
    SyncFolder *f = find(s, id);
    bool copied = false;
    if (f) {
        f->f.paused = paused;
        fill(s, f, &copy);
        copied = copy_status(f, a, &copy);
        if (paused)
            drain(s, f);
        sync_forget_gone(f);
        f->full_due_ns = 0; /* whatever happened meanwhile */
        f->message[0] = '\0';
        f->state = paused ? SYNC_PAUSED : SYNC_WATCHING;
        s->news = true;
    }
    pthread_mutex_unlock(&s->lock);
    sync_wake(s);
    bool ok = f ? copied || err_set(err, ERR_NO_MEMORY, "no memory for the folder")
                : not_there(err);
    ok = ok && store_folder_put(s->o.store, &s->o.owner, &copy.folder, err);
    arena_free(a);
    return ok;
}

bool sync_now(Sync *s, const Uuid *id, bool confirm, Err *err)
{
    pthread_mutex_lock(&s->lock);
    SyncFolder *f = find(s, id);
    bool paused = f && f->f.paused;
    if (f && !paused) {
        f->full_due_ns = 0;
        f->confirm |= confirm;
    }
    pthread_mutex_unlock(&s->lock);
    if (!f)
        return not_there(err);
    if (paused)
        return err_set(err, ERR_CONFLICT, "the folder is paused; resume it first");
    sync_wake(s);
    return true;
}

bool sync_offer(Sync *s, Str path, Err *err)
{
    struct stat st;
    Arena *a = arena_new(1 << 20);
    char *name = a ? arena_cstr(a, path) : NULL;
    Task *t = NULL;
    bool ok = name || err_set(err, ERR_NO_MEMORY, "offering a file: out of memory");
    if (ok && stat(name, &st) != 0)
        ok = err_set_errno(err, ERR_NOT_FOUND, errno, "cannot look at %s", name);
    if (ok && !S_ISREG(st.st_mode))
        ok = err_set(err, ERR_VALIDATION, "%s is no regular file", name);
    if (ok) {
        IngestFacts facts = {(uint64_t)st.st_size, (uint64_t)st.st_dev, (uint64_t)st.st_ino,
            (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec};
        t = sync_task(TASK_READ, NULL, name, path, STR(""), &facts);
        ok = t || err_set(err, ERR_NO_MEMORY, "offering a file: out of memory");
    }
    arena_free(a);
    return ok && (sync_push(s, t, false) ||
                  err_set(err, ERR_UNAVAILABLE, "the server is stopping"));
}

bool sync_rests(Sync *s)
{
    if (!s)
        return true;
    pthread_mutex_lock(&s->lock);
    bool rests = !s->folders && !s->head && !s->queued && !s->running && !s->lanes;
    pthread_mutex_unlock(&s->lock);
    return rests;
}

void sync_dirty(SyncFolder *f, const char *path, bool deep, uint64_t due_ns)
{
    for (size_t i = 0; i < f->n_dirty; i++) {
        if (strcmp(f->dirty[i].path, path) != 0)
            continue;
        f->dirty[i].deep |= deep;
        if (due_ns < f->dirty[i].due_ns)
            f->dirty[i].due_ns = due_ns;
        return;
    }
    char *copy = f->n_dirty < DIRTY_MAX ? mem_strdup(path) : NULL;
    if (!copy || !MEM_GROW(f->dirty, f->n_dirty, f->cap_dirty)) {
        mem_free(copy);
        if (due_ns < f->full_due_ns)
            f->full_due_ns = due_ns; /* no list: everything */
        return;
    }
    f->dirty[f->n_dirty++] = (Dirty){copy, deep, due_ns};
}
