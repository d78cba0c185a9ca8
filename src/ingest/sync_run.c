/* sync_run.c - what a bulk worker does with the queue. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ingest/sync_int.h"

#define TURN_MS 200 /* a lane lets other bulk jobs in after so long */

Task *sync_task(TaskKind kind, SyncFolder *f, const char *path, Str source, Str from,
                const IngestFacts *facts)
{
    size_t n = strlen(path);
    Task *t = mem_zalloc(sizeof *t + n + 1 + source.len + 1 + from.len + 1);
    if (!t)
        return NULL;
    char *at = (char *)(t + 1);
    *t = (Task){.folder = f, .kind = kind, .path = at};
    memcpy(at, path, n);
    at += n + 1;
    memcpy(at, source.ptr, source.len);
    t->source = (Str){at, source.len};
    at += source.len + 1;
    if (from.len)
        memcpy(at, from.ptr, from.len);
    t->from = (Str){at, from.len};
    if (facts)
        t->facts = *facts;
    return t;
}

bool sync_pressed(void *work)
{
    return work_pressed(work);
}

/* The document that a file has now, when it alone has it: a new version takes its place. */
static bool own_document(Sync *s, Str source, Arena *a, Document *old)
{
    LedgerEntry e;
    uint64_t sources = 0;
    return store_ledger_get(s->o.store, &s->o.owner, source, a, &e, NULL) &&
           e.state != LEDGER_DELETED && !uuid_is_nil(&e.document) &&
           store_document_sources(s->o.store, &s->o.owner, &e.document, &sources, NULL) &&
           sources <= 1 &&
           store_document_get(s->o.store, &s->o.owner, &e.document, false, a, old, NULL);
}

/* What would befall every file after this one too: the folder waits instead. */
static bool is_fatal(const Err *err)
{
    return err->code == ERR_STORAGE_FULL || err->code == ERR_NO_MEMORY;
}

static uint64_t *counter(SyncDone *done, PutOutcome outcome, bool same_file)
{
    return outcome == PUT_CREATED    ? &done->added
           : outcome == PUT_REPLACED ? &done->updated
           : same_file               ? &done->touched
                                     : &done->duplicate;
}

static bool run_read(Sync *s, const Task *t, unsigned worker, Arena *a, SyncDone *done, Err *err)
{
    Document old, doc;
    PutOutcome outcome;
    IngestInput in = {.path = t->path, .source = t->source,
        .filename = scan_name(t->source, t->path), .facts = &t->facts, .pressed = sync_pressed,
        .pressed_arg = s->o.work};
    if (t->folder)
        in.folder = &t->folder->f.id;
    if (own_document(s, t->source, a, &old)) {
        in.replace = &old.id;
        in.extra_json = old.extra_json;
    }
    if (!ingest_one(s->o.ingest, &s->o.owner, &in, worker, a, &doc, &outcome, err)) {
        *(ingest_refuses(err->code) ? &done->refused : &done->failed) += 1;
        return false;
    }
    *counter(done, outcome, str_eq(doc.source, t->source)) += 1;
    return true;
}

static bool run_move(Sync *s, const Task *t, unsigned worker, Arena *a, SyncDone *done, Err *err)
{
    LedgerEntry to = {.source = t->source, .bytes = t->facts.bytes,
        .mtime_ms = t->facts.mtime_ns / 1000000, .mtime_ns = t->facts.mtime_ns,
        .device = t->facts.device, .inode = t->facts.inode, .last_at = clock_now_ms()};
    if (t->folder)
        to.folder = t->folder->f.id;
    if (store_file_moved(s->o.store, &s->o.owner, t->from, &to, scan_name(t->source, t->path),
                         err)) {
        done->moved++;
        return true;
    }
    if (err->code != ERR_NOT_FOUND && err->code != ERR_CONFLICT)
        return false;
    *err = ERR_INIT; /* the entry went meanwhile: a file like any other */
    return run_read(s, t, worker, a, done, err);
}

/* The file of a source, or the one that it is a part of ("mail.eml#2"). */
static bool is_there(const char *source, Arena *a)
{
    struct stat st;
    if (lstat(source, &st) == 0)
        return true;
    for (const char *at = strchr(source, '#'); at; at = strchr(at + 1, '#')) {
        char *whole = arena_cstr(a, str_mem(source, (size_t)(at - source)));
        if (whole && lstat(whole, &st) == 0 && S_ISREG(st.st_mode))
            return true;
    }
    return false;
}

static bool run_gone(Sync *s, const Task *t, Arena *a, SyncDone *done, Err *err)
{
    FileGone what;
    bool keep = t->folder && t->folder->f.keep;
    if (!t->excluded && is_there(t->path, a))
        return true; /* it came back, and the kernel tells of that */
    if (!store_file_gone(s->o.store, &s->o.owner, t->source, keep,
                         t->excluded ? STR("it is left out by a pattern now")
                                     : STR("the file is not there any more"), &what, err))
        return false;
    done->deleted += what == GONE_DELETED || what == GONE_PASSED_ON;
    done->kept += what == GONE_KEPT;
    return true;
}

static bool run_task(Sync *s, const Task *t, unsigned worker, Arena *a, SyncDone *done, Err *err)
{
    switch (t->kind) {
    case TASK_READ:
        return run_read(s, t, worker, a, done, err);
    case TASK_MOVE:
        return run_move(s, t, worker, a, done, err);
    case TASK_GONE:
        return run_gone(s, t, a, done, err);
    case TASK_RESUME:
        return sync_run_resume(s, t, worker, a, err);
    }
    return false;
}

static void add_done(SyncDone *to, const SyncDone *more)
{
    to->added += more->added;
    to->updated += more->updated;
    to->duplicate += more->duplicate;
    to->touched += more->touched;
    to->moved += more->moved;
    to->deleted += more->deleted;
    to->kept += more->kept;
    to->refused += more->refused;
    to->failed += more->failed;
}

void sync_drop_tasks(Sync *s, SyncFolder *f)
{
    Task **at = &s->head;
    while (*at) {
        Task *t = *at;
        if (t->folder != f) {
            at = &t->next;
            continue;
        }
        *at = t->next;
        s->queued--;
        f->outstanding--;
        mem_free(t);
    }
    s->tail = at;
}

static void block(Sync *s, SyncFolder *f, const Err *err)
{
    sync_drop_tasks(s, f);
    f->state = SYNC_BLOCKED;
    (void)snprintf(f->message, sizeof f->message, "%.240s; it is tried again in half a minute",
                   err->msg);
    f->full_due_ns = clock_mono_ns() + 30000000000ull;
}

/* The file went between the look and the reading: its folder is looked at again. */
static void look_again(const Task *t)
{
    char folder[4096];
    const char *slash = strrchr(t->path, '/');
    size_t len = slash ? (size_t)(slash - t->path) : 0;
    if (len == 0 || len >= sizeof folder)
        return;
    memcpy(folder, t->path, len);
    folder[len] = '\0';
    sync_dirty(t->folder, folder, false, clock_mono_ns());
}

static Task *take(Sync *s)
{
    Task *t = s->stopping ? NULL : s->head;
    if (!t)
        return NULL;
    s->head = t->next;
    if (!s->head)
        s->tail = &s->head;
    s->queued--;
    s->running++;
    if (t->folder)
        t->folder->running++;
    pthread_cond_signal(&s->room);
    return t;
}

static void finish(Sync *s, Task *t, bool ok, const SyncDone *done, const Err *err)
{
    SyncFolder *f = t->folder;
    s->running--;
    s->news = true;
    if (f) {
        f->running--;
        f->outstanding--;
        f->finished++;
        if (!ok && is_fatal(err))
            block(s, f, err);
        else
            add_done(&f->done, done);
        if (!ok && err->code == ERR_NOT_FOUND && t->kind != TASK_GONE)
            look_again(t);
        if (f->outstanding == 0)
            sync_wake(s);
        pthread_cond_broadcast(&s->idle);
    }
    mem_free(t);
}

void sync_lane_drop(void *arg, unsigned worker)
{
    Sync *s = arg;
    (void)worker;
    pthread_mutex_lock(&s->lock);
    s->lanes--;
    pthread_mutex_unlock(&s->lock);
}

void sync_lane(void *arg, unsigned worker)
{
    Sync *s = arg;
    uint64_t start = clock_mono_ns();
    pthread_mutex_lock(&s->lock);
    for (;;) {
        Task *t = take(s);
        if (!t)
            break;
        pthread_mutex_unlock(&s->lock);
        Err err = ERR_INIT;
        SyncDone done = {0};
        Arena *a = arena_new((size_t)1 << 30);
        bool ok = a ? run_task(s, t, worker, a, &done, &err)
                    : err_set(&err, ERR_NO_MEMORY, "reading a file: out of memory");
        arena_free(a);
        pthread_mutex_lock(&s->lock);
        finish(s, t, ok, &done, &err);
        if (clock_seconds_since(start) * 1000 > TURN_MS)
            break;
    }
    bool more = s->head && !s->stopping;
    pthread_mutex_unlock(&s->lock);
    if (!more || !work_submit(s->o.work, WORK_BULK, sync_lane, sync_lane_drop, s, NULL))
        sync_lane_drop(s, worker);
    if (more)
        sync_wake(s);
}
