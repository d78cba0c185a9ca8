/* snapshot.h - a file's bytes as they were at one moment, in a sealed memory file.
 *
 * The hash, the reader and the stored original must see the same bytes even when somebody writes to
 * the file meanwhile, and a mapping of a file that is cut short kills the process that reads it. So
 * the bytes are copied once into a memory file, which nobody can change after it is sealed; the
 * child gets its descriptor. Threads: immutable once made. */
#ifndef SOTTO_INGEST_SNAPSHOT_H
#define SOTTO_INGEST_SNAPSHOT_H

#include "base/str.h"

typedef struct {
    int fd;
    const char *data; /* mapped read-only; "" when size is 0 */
    size_t size;
    int64_t mtime_ms; /* of the file; 0 for bytes */
} Snapshot;

bool snapshot_bytes(Str data, Snapshot *out, Err *err);
/* ERR_NOT_FOUND, ERR_FORBIDDEN, ERR_VALIDATION (no regular file), ERR_TOO_LARGE, ERR_IO. */
bool snapshot_file(const char *path, uint64_t max_bytes, Snapshot *out, Err *err);
void snapshot_release(Snapshot *s);
static inline Str snapshot_str(const Snapshot *s) { return (Str){s->data, s->size}; }

#endif
