/* add.h - inside `sotto add`: the files that it is about.
 *
 * Threads: the list is made by the main thread; then each file belongs to the lane that took it. */
#ifndef SOTTO_APP_ADD_H
#define SOTTO_APP_ADD_H

#include <pthread.h>

#include "app/call.h"
#include "app/commands.h"
#include "ingest/scan.h"

typedef enum {
    FILE_WAITING,
    FILE_ADDED,
    FILE_UPDATED,
    FILE_THERE,
    FILE_NO_READER,
    FILE_FAILED,
    FILE_STATES
} FileState;

typedef struct {
    const char *path; /* absolute */
    Str source;       /* the path as text, scan_source */
    uint64_t bytes, inode;
    int64_t mtime_ns, ctime_ns;
    bool named;   /* on the command line, not found in a folder */
    bool refused; /* FILE_FAILED, FILE_NO_READER: will not do, rather than could not */
    bool known;   /* the ledger has a document of this path */
    FileState state;
    const char *reason; /* FILE_FAILED, FILE_NO_READER */
    const char *id;     /* FILE_ADDED, FILE_UPDATED, FILE_THERE */
} AddFile;

typedef struct {
    Cli *cli;
    Call *call;
    AddFile *files;
    size_t n, cap, next, finished;
    uint64_t bytes, bytes_done, max_bytes;
    ScanCounts left_out;
    bool named;   /* of the path being looked at */
    size_t heard, to_hear; /* samples of the recording that is being heard; 0: none is */
    bool gave_up; /* the server has gone, or the disk is full: the rest would fail too */
    Err why;
    pthread_mutex_t lock;
    pthread_cond_t changed;
} Add;

/* The files that the command line means. */
bool add_list(Add *a, Err *err);
/* Marks as there already what the ledger knows by size, time and inode: it is not opened. */
bool add_skip_known(Add *a, Err *err);
/* Waits until nobody has written the file for a second, at most a minute, and looks again. */
void add_settle(AddFile *f);
/* Says what would happen; returns the exit status. */
int add_dry_run(Add *a);
/* "12 names left out: ..." when there were any. */
void add_left_out(const Add *a, Buf *out);

#endif
