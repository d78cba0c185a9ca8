/* sync_int.h - inside the sync: folders being synced, and the queue. See sync.h.
 *
 * Locks: Sync.lock guards everything but what is the sync thread's own (marked); it is never held
 * while the store, the disk or the encoder is used. */
#ifndef SOTTO_INGEST_SYNC_INT_H
#define SOTTO_INGEST_SYNC_INT_H

#include <pthread.h>

#include "ingest/sync.h"
#include "ingest/watch.h"

#define SYNC_QUEUE_MAX 100000u /* files; a scan waits beyond */

/* A folder that changed and is to be looked at. */
typedef struct {
    char *path;
    bool deep;
    uint64_t due_ns;
} Dirty;

/* A known file that was not met. */
typedef struct {
    char *source;
    bool excluded;       /* it is there, and left out now */
    uint64_t due_ns;     /* still missing then: gone */
} Gone;

typedef struct SyncFolder {
    struct SyncFolder *next;
    Arena *arena;        /* of `f` */
    Folder f;
    SyncState state;
    char message[300];
    bool polled, removed, confirm;
    uint64_t full_due_ns;
    Dirty *dirty;        /* the sync thread's and the lanes' */
    size_t n_dirty, cap_dirty;
    Gone *gone;          /* looked after when all files that were met have been read */
    size_t n_gone, cap_gone;
    uint64_t outstanding; /* tasks that wait or run */
    uint64_t running;
    uint64_t round_start_ns, finished, total;
    bool in_round, full_round;
    ScanCounts scan, part;
    uint64_t unchanged, settling;
    uint64_t root_device, root_inode;
    SyncDone done;
} SyncFolder;

typedef enum { TASK_READ, TASK_MOVE, TASK_GONE, TASK_RESUME } TaskKind;
typedef struct Task {
    struct Task *next;
    SyncFolder *folder;  /* NULL: a person's own file */
    TaskKind kind;
    IngestFacts facts;
    bool excluded;       /* TASK_GONE */
    Str source, from;    /* behind the struct; from: TASK_MOVE */
    const char *path;    /* behind the struct */
} Task;

struct Sync {
    SyncOptions o;
    pthread_mutex_t lock;
    pthread_cond_t room, idle; /* room in the queue; a folder's task has ended */
    SyncFolder *folders;
    Task *head, **tail;
    size_t queued, running, lanes;
    bool stopping, started;
    pthread_mutex_t thread_lock; /* of the next three: there is no thread before there is work */
    bool may_run, threaded;
    pthread_t thread;
    int wake_fd;
    Watch *watch;        /* the sync thread's */
    uint64_t told_ns;
    bool news;
    pthread_mutex_t tell_lock; /* of the next two; held while it is called; taken before lock */
    void (*progress)(void *arg);
    void *progress_arg;
};

/* sync.c */
void sync_wake(Sync *s);
/* Puts a folder's path on the list of those to be looked at; caller holds the lock. */
void sync_dirty(SyncFolder *f, const char *path, bool deep, uint64_t due_ns);
/* Hands a task to the queue, or drops it when the folder takes none; waits for room when `wait`. */
bool sync_push(Sync *s, Task *t, bool wait);
Task *sync_task(TaskKind kind, SyncFolder *f, const char *path, Str source, Str from,
                const IngestFacts *facts);

/* sync_scan.c: on the sync thread, without the lock. `at` NULL: the whole folder. */
bool sync_scan(Sync *s, SyncFolder *f, const char *at, bool deep, Err *err);
void sync_forget_gone(SyncFolder *f); /* caller holds the lock, or nobody else knows f */
uint64_t sync_settle_ns(const Sync *s);

/* sync_run.c: a lane of the bulk workers. */
void sync_lane(void *arg, unsigned worker);
void sync_lane_drop(void *arg, unsigned worker);
bool sync_pressed(void *work); /* a person waits: IngestInput's `pressed` */
/* Takes what waits of a folder off the queue; caller holds the lock. */
void sync_drop_tasks(Sync *s, SyncFolder *f);

/* sync_resume.c: files that a person offered and whose parts were not all read when the program
 * ended. The first puts them into the queue. */
bool sync_resume(Sync *s, Arena *a, Err *err);
bool sync_run_resume(Sync *s, const Task *t, unsigned worker, Arena *a, Err *err);

/* Known entries of a part of a folder, by source. */
typedef struct {
    Str source, reason;
    LedgerState state;
    uint64_t bytes, inode;
    int64_t mtime_ns;
    bool by_hand, document, seen;
} Known;
typedef struct {
    Arena *a;
    Known *items;
    size_t n, cap;
    uint32_t *slots; /* index + 1 */
    size_t n_slots;
} KnownSet;
bool known_load(KnownSet *k, Store *store, const Uuid *owner, Str folder, bool deep, Err *err);
void known_release(KnownSet *k);
Known *known_find(const KnownSet *k, Str source);
/* The entry of a part of another file ("mail.eml#2"): that file's, when it is known. */
Known *known_parent(const KnownSet *k, Str source);
/* What the ledger says still holds for the file. */
bool known_same(const Known *k, const ScanItem *item);

#endif
