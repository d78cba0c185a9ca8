/* sync.h - watched folders: what lies in them is what can be found, without anybody's doing.
 *
 *   events, timer -> scan -> compare with the ledger -> queue -> bulk workers: read, embed, store
 *                                                  `-> moved, gone (when all new files are read)
 *
 * A file is known by path, size, modification time and inode: one that has not changed is not
 * opened. One thread looks and decides; the pool's bulk threads do the work, at the lowest priority
 * and standing aside while a person's query runs. All state is in the store (folders, ledger), so a
 * sync that was killed goes on where it was: files that wait are PENDING in the ledger.
 *
 * The rules (docs/FOLDERS.md tells them to people):
 *   - a file that was changed less than two seconds ago waits until it has settled;
 *   - a changed file replaces its document, which keeps its id, unless another file has that
 *     document too;
 *   - a moved file (same inode, size and time, or same bytes) keeps its document;
 *   - a file that went takes its document with it when the folder had added it, no other file has
 *     it, and the folder is not to keep; what a person added is never removed;
 *   - a root that is missing, or that is another folder with none of the known files, pauses the
 *     folder and removes nothing.
 *
 * Threads: every call is safe from any thread. */
#ifndef SOTTO_INGEST_SYNC_H
#define SOTTO_INGEST_SYNC_H

#include "base/work.h"
#include "ingest/ingest.h"
#include "ingest/scan.h"

typedef struct Sync Sync;

typedef struct {
    Store *store;
    Ingest *ingest; /* has the pool's bulk workers */
    Work *work;
    Uuid owner;
    uint64_t max_file_bytes; /* 0: no limit of its own */
    unsigned settle_ms;      /* 0: 2000 */
    unsigned poll_s;         /* between readings of a folder that is polled; 0: 30 */
    unsigned rescan_s;       /* between readings of one that is watched; 0: 600 */
} SyncOptions;

typedef enum {
    SYNC_WATCHING,  /* nothing to do */
    SYNC_SCANNING,
    SYNC_READING,
    SYNC_PAUSED,
    SYNC_MISSING,   /* the root is not there */
    SYNC_REPLACED,  /* another folder stands in its place */
    SYNC_BLOCKED,   /* disk full, out of memory: tried again by itself */
    SYNC_STOPPED    /* nobody syncs: no server runs */
} SyncState;
const char *sync_state_name(SyncState s);

/* What became of files since the folder was added or the program started. */
typedef struct {
    uint64_t added, updated, duplicate, touched, moved, deleted, kept, refused, failed;
} SyncDone;

typedef struct {
    Folder folder;
    SyncState state;
    Str message;         /* why, for a person; empty when there is nothing to say */
    bool polled;
    ScanCounts scan;     /* of the last whole reading */
    uint64_t unchanged;  /* in it */
    uint64_t waiting;    /* files in the queue */
    uint64_t settling;   /* files that somebody may still be writing, at the last look */
    uint64_t finished, total; /* of the round that runs */
    double rate;         /* files a second in it */
    double seconds_left; /* -1: not known */
    SyncDone done;
} SyncStatus;

Sync *sync_new(const SyncOptions *o, Err *err);
/* Begins; stops: no file is begun any more. The pool must have ended before sync_free. */
bool sync_start(Sync *s, Err *err); /* started already: nothing happens */
/* Nothing is watched, waits or runs: it may be stopped and freed. NULL is allowed. */
bool sync_rests(Sync *s);
void sync_stop(Sync *s);
void sync_free(Sync *s);

bool sync_list(Sync *s, Arena *a, SyncStatus **out, size_t *n, Err *err);
bool sync_get(Sync *s, const Uuid *id, Arena *a, SyncStatus *out, Err *err);
/* f: id nil, path absolute. ERR_NOT_FOUND when it is no folder, ERR_CONFLICT when it lies in a
 * watched folder or holds one. */
bool sync_add(Sync *s, const Folder *f, Uuid *id, Err *err);
/* Watches it no more; with `documents` what it added goes too, as if all its files had gone. */
bool sync_remove(Sync *s, const Uuid *id, bool documents, Err *err);
bool sync_pause(Sync *s, const Uuid *id, bool paused, Err *err);
/* Reads the folder now. `confirm`: what is missing in a root that was replaced is really gone. */
bool sync_now(Sync *s, const Uuid *id, bool confirm, Err *err);
/* Tries a file again that a person had offered, by its path. */
bool sync_offer(Sync *s, Str path, Err *err);
/* Files that wait or are being read, of all folders. */
size_t sync_queue(Sync *s);
/* fn is called when something changed, at most four times a second, on the sync's thread; NULL: no
 * more. When this returns what was set before is not called any more and does not run: what its
 * `arg` names may go. Not from within fn. */
void sync_on_progress(Sync *s, void (*fn)(void *arg), void *arg);

/* What a sync would do now, without doing it. */
typedef struct {
    Str source;
    const char *action; /* "add", "update", "move", "delete", "keep", "refuse", "fail" */
    Str reason;
} SyncStep;
typedef struct {
    ScanCounts scan;
    uint64_t add, update, move, remove, keep, refuse, fail, unchanged;
    SyncStep *steps;    /* the first `limit` */
    size_t n;
} SyncPlan;
bool sync_plan(Store *store, const Uuid *owner, const Folder *f, uint64_t max_file_bytes,
               size_t limit, Arena *a, SyncPlan *out, Err *err);

#endif
