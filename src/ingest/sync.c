/* sync.c - the folders, the queue and the thread that looks; see sync.h. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "ingest/sync_int.h"

#define SECOND 1000000000ull
#define DEBOUNCE_NS 300000000ull /* events come in crowds */
#define TELL_NS 250000000ull
#define MISSING_NS (5 * SECOND)

const char *sync_state_name(SyncState s)
{
    static const char *const names[] = {"watching", "scanning", "reading", "paused",
                                        "missing",  "replaced", "blocked", "stopped"};
    return (unsigned)s <= SYNC_STOPPED ? names[s] : "unknown";
}

static void *sync_main(void *arg);

/* Most people watch nothing: a thread and an inotify instance come with the first work. */
static bool ensure_thread(Sync *s, Err *err)
{
    Err deaf = ERR_INIT;
    int rc = 0;
    pthread_mutex_lock(&s->thread_lock);
    if (s->may_run && !s->threaded) {
        if (!s->watch && !(s->watch = watch_new(&deaf)))
            log_write(LOG_WARN, "sync", "%s: folders are polled", deaf.msg);
        rc = pthread_create(&s->thread, NULL, sync_main, s);
        s->threaded = rc == 0;
    }
    pthread_mutex_unlock(&s->thread_lock);
    return rc == 0 ||
           err_set_errno(err, ERR_UNAVAILABLE, rc, "starting the thread that watches folders");
}

void sync_wake(Sync *s)
{
    Err err = ERR_INIT;
    if (!ensure_thread(s, &err))
        log_write(LOG_ERROR, "sync", "%s", err.msg);
    uint64_t one = 1;
    ssize_t n = write(s->wake_fd, &one, sizeof one);
    (void)n; /* a full counter wakes too */
}

/* Lanes for what waits; caller holds the lock. */
static void start_lanes(Sync *s)
{
    unsigned max = work_bulk_threads(s->o.work);
    if (max == 0)
        max = 1;
    while (s->lanes < max && s->lanes < s->queued &&
           work_submit(s->o.work, WORK_BULK, sync_lane, sync_lane_drop, s, NULL))
        s->lanes++;
}

bool sync_push(Sync *s, Task *t, bool wait)
{
    SyncFolder *f = t->folder;
    pthread_mutex_lock(&s->lock);
    while (wait && s->queued >= SYNC_QUEUE_MAX && !s->stopping && !(f && (f->removed ||
                                                                          f->f.paused)))
        pthread_cond_wait(&s->room, &s->lock);
    bool take = !s->stopping && !(f && f->removed) && !(f && f->f.paused);
    if (take) {
        *s->tail = t;
        s->tail = &t->next;
        s->queued++;
        if (f) {
            f->outstanding++;
            f->total++;
        }
        start_lanes(s);
    } else {
        mem_free(t);
    }
    pthread_mutex_unlock(&s->lock);
    return take;
}

/* ---- rounds, on the sync's thread ------------------------------------------------------------ */

static void begin_round(SyncFolder *f, bool whole)
{
    f->in_round = true;
    f->full_round = whole;
    f->round_start_ns = clock_mono_ns();
    f->finished = f->total = 0;
    f->state = SYNC_SCANNING;
    f->message[0] = '\0';
}

/* The times of the next readings. */
static void plan_next(const Sync *s, SyncFolder *f)
{
    unsigned every = f->polled ? (s->o.poll_s ? s->o.poll_s : 30)
                               : (s->o.rescan_s ? s->o.rescan_s : 600);
    f->full_due_ns = clock_mono_ns() + every * SECOND;
}

static void choose_watching(Sync *s, SyncFolder *f)
{
    bool hears = f->f.watch != FOLDER_POLL &&
                 (f->f.watch == FOLDER_NOTIFY || watch_hears(f->f.path.ptr));
    pthread_mutex_lock(&s->lock);
    f->polled = !hears || !s->watch;
    pthread_mutex_unlock(&s->lock);
}

/* A root that is away, a disk that is full: said, and tried again. */
static void scan_failed(Sync *s, SyncFolder *f, const Err *err)
{
    pthread_mutex_lock(&s->lock);
    if (err->code != ERR_CANCELLED) {
        f->state = err->code == ERR_NOT_FOUND ? SYNC_MISSING : SYNC_BLOCKED;
        (void)snprintf(f->message, sizeof f->message, "%.298s", err->msg);
        f->full_due_ns = clock_mono_ns() + MISSING_NS;
    }
    pthread_mutex_unlock(&s->lock);
}

static void scan_whole(Sync *s, SyncFolder *f)
{
    Err err = ERR_INIT;
    pthread_mutex_lock(&s->lock);
    begin_round(f, true);
    for (size_t i = 0; i < f->n_dirty; i++)
        mem_free(f->dirty[i].path);
    f->n_dirty = 0;
    plan_next(s, f);
    pthread_mutex_unlock(&s->lock);
    choose_watching(s, f);
    if (!sync_scan(s, f, NULL, true, &err))
        scan_failed(s, f, &err);
    pthread_mutex_lock(&s->lock);
    f->confirm = false;
    pthread_mutex_unlock(&s->lock);
}

/* All changed folders that are due. */
static void scan_dirty(Sync *s, SyncFolder *f, uint64_t now)
{
    pthread_mutex_lock(&s->lock);
    begin_round(f, false);
    for (size_t i = f->n_dirty; i-- > 0;) {
        if (f->dirty[i].due_ns > now)
            continue;
        Dirty d = f->dirty[i];
        f->dirty[i] = f->dirty[--f->n_dirty];
        pthread_mutex_unlock(&s->lock);
        Err err = ERR_INIT;
        if (!sync_scan(s, f, d.path, d.deep, &err))
            scan_failed(s, f, &err);
        mem_free(d.path);
        pthread_mutex_lock(&s->lock);
        if (i > f->n_dirty)
            i = f->n_dirty;
    }
    pthread_mutex_unlock(&s->lock);
}

static bool gone_due(const SyncFolder *f, uint64_t now)
{
    for (size_t i = 0; i < f->n_gone; i++)
        if (f->gone[i].due_ns <= now)
            return true;
    return false;
}

/* Files that have been missing long enough. */
static void push_gone(Sync *s, SyncFolder *f, uint64_t now)
{
    pthread_mutex_lock(&s->lock);
    begin_round(f, false);
    for (size_t i = f->n_gone; i-- > 0;) {
        Gone g = f->gone[i];
        if (g.due_ns > now)
            continue;
        f->gone[i] = f->gone[--f->n_gone];
        pthread_mutex_unlock(&s->lock);
        Task *t = sync_task(TASK_GONE, f, g.source, str_of(g.source), STR(""), NULL);
        if (t) {
            t->excluded = g.excluded;
            (void)sync_push(s, t, true);
        }
        mem_free(g.source);
        pthread_mutex_lock(&s->lock);
    }
    pthread_mutex_unlock(&s->lock);
}

/* When a whole reading ended well, the folder's row says so. */
static void end_round(Sync *s, SyncFolder *f)
{
    Err err = ERR_INIT;
    pthread_mutex_lock(&s->lock);
    f->in_round = false;
    bool good = f->state == SYNC_SCANNING || f->state == SYNC_READING;
    if (good)
        f->state = SYNC_WATCHING;
    bool save = good && f->full_round && !f->removed;
    if (save) {
        f->f.synced_at = clock_now_ms();
        f->f.device = f->root_device;
        f->f.inode = f->root_inode;
    }
    Folder row = f->f;
    s->news = true;
    pthread_mutex_unlock(&s->lock);
    if (save && !store_folder_put(s->o.store, &s->o.owner, &row, &err))
        log_write(LOG_WARN, "sync", "%s: %s", row.path.ptr, err.msg);
}

/* One step for a folder. */
static void step(Sync *s, SyncFolder *f)
{
    uint64_t now = clock_mono_ns();
    bool due = false;
    pthread_mutex_lock(&s->lock);
    bool busy = f->outstanding > 0, idle = f->f.paused || f->removed, in_round = f->in_round;
    bool whole = f->full_due_ns <= now, gone = gone_due(f, now);
    for (size_t i = 0; i < f->n_dirty; i++)
        due |= f->dirty[i].due_ns <= now;
    if (f->state == SYNC_MISSING || f->state == SYNC_REPLACED)
        due = gone = false; /* only a whole reading can tell that it is back */
    if (in_round && busy && f->state == SYNC_SCANNING)
        f->state = SYNC_READING;
    pthread_mutex_unlock(&s->lock);
    if (busy)
        return;
    if (in_round) {
        end_round(s, f);
        return;
    }
    if (idle)
        return;
    if (whole)
        scan_whole(s, f);
    else if (due)
        scan_dirty(s, f, now);
    else if (gone)
        push_gone(s, f, now);
}

/* ---- the thread ------------------------------------------------------------------------------ */

static bool lies_in(const char *path, const SyncFolder *f)
{
    size_t len = f->f.path.len;
    return strncmp(path, f->f.path.ptr, len) == 0 &&
           (path[len] == '\0' || path[len] == '/' || len == 1);
}

static SyncFolder *folder_of(Sync *s, const char *path)
{
    for (SyncFolder *f = s->folders; f; f = f->next)
        if (!f->removed && lies_in(path, f))
            return f;
    return NULL;
}

static void on_event(void *arg, const WatchEvent *e)
{
    Sync *s = arg;
    char child[8192];
    uint64_t due = clock_mono_ns() + DEBOUNCE_NS;
    (void)snprintf(child, sizeof child, "%s/%s", strcmp(e->folder, "/") ? e->folder : "", e->name);
    if (e->kind == WATCH_FOLDER_WENT)
        watch_drop(s->watch, child);
    pthread_mutex_lock(&s->lock);
    SyncFolder *f = folder_of(s, e->folder);
    bool rules = strcmp(e->name, SCAN_IGNORE_FILE) == 0;
    if (!f || (e->name[0] == '.' && !rules)) {
        pthread_mutex_unlock(&s->lock);
        return;
    }
    if (e->kind == WATCH_LOST && strcmp(e->folder, f->f.path.ptr) == 0)
        f->full_due_ns = due;
    else if (e->kind == WATCH_FILE)
        sync_dirty(f, e->folder, rules, due);
    else if (e->kind != WATCH_LOST)
        sync_dirty(f, child, true, due);
    pthread_mutex_unlock(&s->lock);
}

static void read_events(Sync *s)
{
    bool overflow;
    if (!s->watch)
        return;
    watch_read(s->watch, on_event, s, &overflow);
    if (!overflow)
        return;
    log_write(LOG_INFO, "sync", "events were lost: all folders are read again");
    pthread_mutex_lock(&s->lock);
    for (SyncFolder *f = s->folders; f; f = f->next)
        if (!f->polled)
            f->full_due_ns = clock_mono_ns() + DEBOUNCE_NS;
    pthread_mutex_unlock(&s->lock);
}

/* Milliseconds until something is due. */
static int next_due_ms(Sync *s)
{
    /* Not longer, so that a wake that could not be written is made good. */
    uint64_t now = clock_mono_ns(), next = now + 5 * SECOND;
    pthread_mutex_lock(&s->lock);
    for (SyncFolder *f = s->folders; f; f = f->next) {
        if (f->outstanding > 0 && next > now + TELL_NS)
            next = now + TELL_NS; /* progress */
        if (f->in_round && f->outstanding == 0)
            next = now;
        if (f->outstanding > 0 || f->f.paused || f->removed)
            continue;
        if (f->full_due_ns < next)
            next = f->full_due_ns;
        bool away = f->state == SYNC_MISSING || f->state == SYNC_REPLACED;
        for (size_t i = 0; i < f->n_dirty && !away; i++)
            if (f->dirty[i].due_ns < next)
                next = f->dirty[i].due_ns;
        for (size_t i = 0; i < f->n_gone && !away; i++)
            if (f->gone[i].due_ns < next)
                next = f->gone[i].due_ns;
    }
    pthread_mutex_unlock(&s->lock);
    return next <= now ? 0 : (int)((next - now + 999999) / 1000000);
}

static void tell(Sync *s, bool force)
{
    uint64_t now = clock_mono_ns();
    pthread_mutex_lock(&s->tell_lock);
    pthread_mutex_lock(&s->lock);
    bool say = s->progress && s->news && (force || now - s->told_ns >= TELL_NS);
    if (say) {
        s->news = false;
        s->told_ns = now;
    }
    pthread_mutex_unlock(&s->lock);
    if (say)
        s->progress(s->progress_arg);
    pthread_mutex_unlock(&s->tell_lock);
}

static void free_folder(SyncFolder *f)
{
    for (size_t i = 0; i < f->n_dirty; i++)
        mem_free(f->dirty[i].path);
    sync_forget_gone(f);
    mem_free(f->dirty);
    mem_free(f->gone);
    arena_free(f->arena);
    mem_free(f);
}

/* The kernel knows a folder once, whoever watches it: what a removed one took away with it, those
 * that lie in the same place (the same one, watched anew) watch again by reading all of it. */
static void watch_again(Sync *s, const SyncFolder *gone)
{
    pthread_mutex_lock(&s->lock);
    for (SyncFolder *f = s->folders; f; f = f->next)
        if (!f->removed && !f->polled &&
            (lies_in(f->f.path.ptr, gone) || lies_in(gone->f.path.ptr, f)))
            f->full_due_ns = clock_mono_ns();
    pthread_mutex_unlock(&s->lock);
}

/* Folders that were removed and have no task left. */
static void bury(Sync *s)
{
    pthread_mutex_lock(&s->lock);
    for (SyncFolder **at = &s->folders; *at;) {
        SyncFolder *f = *at;
        if (!f->removed || f->outstanding) {
            at = &f->next;
            continue;
        }
        *at = f->next;
        pthread_mutex_unlock(&s->lock);
        if (s->watch) {
            watch_drop(s->watch, f->f.path.ptr);
            watch_again(s, f);
        }
        free_folder(f);
        pthread_mutex_lock(&s->lock);
        at = &s->folders;
    }
    pthread_cond_broadcast(&s->idle);
    pthread_mutex_unlock(&s->lock);
}

static void *sync_main(void *arg)
{
    Sync *s = arg;
    for (;;) {
        struct pollfd fds[2] = {{.fd = s->wake_fd, .events = POLLIN},
                                {.fd = s->watch ? watch_fd(s->watch) : -1, .events = POLLIN}};
        (void)poll(fds, 2, next_due_ms(s));
        uint64_t count;
        ssize_t n = read(s->wake_fd, &count, sizeof count);
        (void)n;
        pthread_mutex_lock(&s->lock);
        bool stop = s->stopping;
        SyncFolder *f = s->folders;
        if (!stop)
            start_lanes(s);
        pthread_mutex_unlock(&s->lock);
        if (stop)
            return NULL;
        read_events(s);
        /* Only this thread takes folders off the list; new ones come at its head. */
        for (; f; f = f->next)
            step(s, f);
        bury(s);
        tell(s, false);
    }
}

/* ---- beginning and ending -------------------------------------------------------------------- */

static bool copy_strings(Arena *a, Str **list, size_t n)
{
    Str *copy = ARENA_NEW_ARRAY(a, Str, n + 1);
    for (size_t i = 0; copy && i < n; i++) {
        copy[i] = arena_str(a, (*list)[i]);
        if (!copy[i].ptr)
            return false;
    }
    *list = copy;
    return copy != NULL;
}

static SyncFolder *new_folder(const Folder *f, Err *err)
{
    SyncFolder *n = mem_zalloc(sizeof *n);
    if (n)
        n->arena = arena_new((size_t)16 << 20);
    if (n && n->arena) {
        n->f = *f;
        n->f.path = arena_str(n->arena, f->path);
        n->state = f->paused ? SYNC_PAUSED : SYNC_WATCHING;
        if (n->f.path.ptr && copy_strings(n->arena, &n->f.include, f->n_include) &&
            copy_strings(n->arena, &n->f.exclude, f->n_exclude))
            return n;
        arena_free(n->arena);
    }
    mem_free(n);
    err_set(err, ERR_NO_MEMORY, "watching folders: out of memory");
    return NULL;
}

Sync *sync_new(const SyncOptions *o, Err *err)
{
    Sync *s = mem_zalloc(sizeof *s);
    if (!s) {
        err_set(err, ERR_NO_MEMORY, "watching folders: out of memory");
        return NULL;
    }
    s->o = *o;
    s->tail = &s->head;
    s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->tell_lock, NULL);
    pthread_mutex_init(&s->thread_lock, NULL);
    pthread_cond_init(&s->room, NULL);
    pthread_cond_init(&s->idle, NULL);
    if (s->wake_fd >= 0)
        return s;
    err_set_errno(err, ERR_UNAVAILABLE, errno, "watching folders");
    sync_free(s);
    return NULL;
}

/* It may be there: somebody asked while we start, or we were stopped and start again. */
static void list_once(Sync *s, SyncFolder *f)
{
    pthread_mutex_lock(&s->lock);
    SyncFolder **at = &s->folders;
    while (*at && !uuid_eq(&(*at)->f.id, &f->f.id))
        at = &(*at)->next;
    bool there = *at != NULL;
    *at = there ? *at : f;
    pthread_mutex_unlock(&s->lock);
    if (there)
        free_folder(f);
}

bool sync_start(Sync *s, Err *err)
{
    Folder *rows;
    size_t n = 0;
    if (!s || s->started)
        return true;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    bool ok = a || err_set(err, ERR_NO_MEMORY, "watching folders: out of memory");
    ok = ok && store_folder_list(s->o.store, &s->o.owner, a, &rows, &n, err);
    for (size_t i = 0; ok && i < n; i++) {
        SyncFolder *f = new_folder(&rows[i], err);
        if ((ok = f != NULL))
            list_once(s, f);
    }
    pthread_mutex_lock(&s->thread_lock);
    s->may_run = ok;
    pthread_mutex_unlock(&s->thread_lock);
    pthread_mutex_lock(&s->lock); /* the server answers already */
    s->stopping = false;
    pthread_mutex_unlock(&s->lock);
    ok = ok && sync_resume(s, a, err);
    arena_free(a);
    pthread_mutex_lock(&s->lock);
    bool needed = s->folders || s->head;
    pthread_mutex_unlock(&s->lock);
    ok = ok && (!needed || ensure_thread(s, err));
    pthread_mutex_lock(&s->lock);
    s->started = ok;
    pthread_mutex_unlock(&s->lock);
    return ok;
}

void sync_stop(Sync *s)
{
    if (!s || !s->started)
        return;
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_cond_broadcast(&s->room);
    pthread_cond_broadcast(&s->idle);
    pthread_mutex_unlock(&s->lock);
    pthread_mutex_lock(&s->thread_lock);
    s->may_run = false;
    bool join = s->threaded;
    pthread_mutex_unlock(&s->thread_lock);
    sync_wake(s);
    if (join)
        pthread_join(s->thread, NULL);
    s->threaded = false;
    pthread_mutex_lock(&s->lock);
    s->started = false;
    pthread_mutex_unlock(&s->lock);
}

void sync_free(Sync *s)
{
    if (!s)
        return;
    sync_stop(s);
    for (Task *t = s->head, *next; t; t = next) {
        next = t->next;
        mem_free(t);
    }
    for (SyncFolder *f = s->folders, *next; f; f = next) {
        next = f->next;
        free_folder(f);
    }
    watch_free(s->watch);
    if (s->wake_fd >= 0)
        (void)close(s->wake_fd);
    pthread_mutex_destroy(&s->lock);
    pthread_mutex_destroy(&s->tell_lock);
    pthread_mutex_destroy(&s->thread_lock);
    pthread_cond_destroy(&s->room);
    pthread_cond_destroy(&s->idle);
    mem_free(s);
}

void sync_on_progress(Sync *s, void (*fn)(void *arg), void *arg)
{
    pthread_mutex_lock(&s->tell_lock);
    s->progress = fn;
    s->progress_arg = arg;
    pthread_mutex_unlock(&s->tell_lock);
}
