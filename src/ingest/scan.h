/* scan.h - what there is in a folder: every file with the facts by which it is known again.
 *
 *   root -> names in order -> hidden? left out? -> folder: enter it; file: tell; else: a problem
 *
 * Left out, and only counted: names that begin with a dot, what the patterns or a .sottoignore file
 * (ignore.h) leave out, links to folders. Links to files are followed. Everything else that is not
 * a readable file (a named pipe, a socket, a device, a broken link, a folder without permission) is
 * told as a problem: nothing is dropped in silence.
 *
 * Threads: a scan runs in its caller's thread; it calls nothing but the file system. */
#ifndef SOTTO_INGEST_SCAN_H
#define SOTTO_INGEST_SCAN_H

#include "base/arena.h"

#define SCAN_IGNORE_FILE ".sottoignore"

typedef struct {
    const char *path;      /* absolute */
    Str source;            /* the path as text, see scan_source */
    uint64_t bytes, device, inode;
    int64_t mtime_ns, ctime_ns;
    const Err *problem;    /* NULL for a file that can be read */
} ScanItem;

typedef struct {
    uint64_t files, problems, folders, hidden, excluded, links;
} ScanCounts;

typedef struct {
    const char *root;      /* absolute; patterns are relative to it */
    const char *at;        /* the folder in it to begin with; NULL: root */
    bool shallow;          /* do not enter folders below `at` */
    const Str *include, *exclude;
    size_t n_include, n_exclude;
    bool (*on_item)(void *arg, const ScanItem *item);   /* false stops the scan */
    bool (*on_folder)(void *arg, const char *path);     /* may be NULL; each that is entered */
    void *arg;
} ScanOptions;

/* False when the root or `at` cannot be looked at (ERR_NOT_FOUND when it is not there), memory is
 * short, or ERR_CANCELLED when a callback said so. An `at` that is left out gives nothing. */
bool scan_run(const ScanOptions *o, ScanCounts *counts, Err *err);

/* A path as a ledger's source. Names may hold any byte and a source is text on one line: one that
 * is not gets its bad bytes replaced and a digest of the path behind, so that two files never share
 * a source. ptr NULL without memory. */
Str scan_source(Arena *a, const char *path);
/* The file's name as text: the last part of the source, without the digest. */
Str scan_name(Str source, const char *path);

#endif
