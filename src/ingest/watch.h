/* watch.h - what happens in folders, told by the kernel (inotify).
 *
 *   folder -> one watch -> events -> "this folder changed", "a folder came", "a folder went"
 *
 * inotify watches single folders, so every folder below a root gets a watch of its own. It is deaf
 * to what other machines do to a file system that they share (NFS, SMB, most of FUSE): watch_hears
 * says whether it will do, and who is told no polls. When the kernel's queue overflows, events are
 * lost: the reader is told and looks at everything again.
 *
 * Source: inotify(7). Threads: a Watch belongs to one thread. */
#ifndef SOTTO_INGEST_WATCH_H
#define SOTTO_INGEST_WATCH_H

#include "base/str.h"

typedef struct Watch Watch;

typedef enum {
    WATCH_FILE,        /* something about a file in `folder` */
    WATCH_FOLDER_CAME, /* `folder`/`name` */
    WATCH_FOLDER_WENT,
    WATCH_LOST         /* `folder` itself went, or was unmounted */
} WatchKind;

typedef struct {
    WatchKind kind;
    const char *folder; /* as it was given to watch_add */
    const char *name;   /* "" for WATCH_LOST */
} WatchEvent;

Watch *watch_new(Err *err);
void watch_free(Watch *w);
int watch_fd(const Watch *w); /* readable when there are events */
/* Again for a folder that moved: its new path. ERR_UNAVAILABLE when the kernel gives no more
 * watches (fs.inotify.max_user_watches); ERR_NOT_FOUND, ERR_IO. */
bool watch_add(Watch *w, const char *folder, Err *err);
/* Forgets the folder and all below it. */
void watch_drop(Watch *w, const char *folder);
size_t watch_count(const Watch *w);
/* Calls fn for what there is, without waiting. *overflow: events were lost. */
void watch_read(Watch *w, void (*fn)(void *arg, const WatchEvent *e), void *arg, bool *overflow);
/* Whether the file system tells of changes that others make. */
bool watch_hears(const char *path);

#endif
