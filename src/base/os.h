/* os.h - files, folders, mapped memory, random bytes, locks. Linux and glibc.
 *
 * Threads: pure calls into the kernel; a Mapped is immutable once open. Paths end in a NUL. */
#ifndef SOTTO_BASE_OS_H
#define SOTTO_BASE_OS_H

#include "base/arena.h"

/* Whole file into *out (its ceiling holds); ERR_NOT_FOUND, ERR_TOO_LARGE, ERR_IO. */
bool os_read_file(const char *path, Buf *out, Err *err);
/* At most n bytes of a regular file's beginning; -1 when it cannot be read. */
long os_read_head(const char *path, void *out, size_t n);
/* Temporary file, fsync, rename, fsync of the folder: after it returns true the new content
 * survives a power cut; before, the old one does. Mode 0600 unless `mode` says otherwise. */
bool os_write_file(const char *path, Str data, unsigned mode, Err *err);
bool os_mkdirs(const char *path, unsigned mode, Err *err);
/* Writes all n bytes, whatever interrupts; false with errno set. */
bool os_write_all(int fd, const void *data, size_t n);
bool os_remove(const char *path, Err *err); /* absent is fine */
bool os_is_dir(const char *path);
bool os_exists(const char *path);
int64_t os_file_size(const char *path); /* -1 when it is not there */
bool os_sync_dir(const char *path, Err *err);
/* Removes a folder and all in it (tests, temporary folders); never follows links. */
bool os_remove_tree(const char *path, Err *err);
/* The path without links, "." and ".."; ERR_NOT_FOUND, ERR_FORBIDDEN, ERR_IO. */
bool os_real_path(const char *path, Arena *a, Str *out, Err *err);
/* "a/b", with one slash between; NULL without memory. */
char *os_join(Arena *a, const char *dir, const char *name);

bool os_random(void *out, size_t n, Err *err);
/* Processors this process may use, as it was at the first call: its affinity, and not more than the
 * quota of its control group. */
unsigned os_cpu_count(void);
/* What a control group's cpu.max ("150000 100000") allows, in whole processors; 0: no limit. */
unsigned os_cpu_quota(Str text);
/* The calling thread runs as soon as it wakes, before threads with longer slices of the fair
 * scheduler (the usual is some 3 ms; 0.1 ms is the shortest); its share of the processor stays.
 * Linux 6.12. False: the kernel has no such thing, which changes nothing. */
bool os_prompt_thread(uint64_t slice_ns);
uint64_t os_rss_bytes(void);      /* resident memory of this process */
const char *os_home(void);        /* $HOME or the password file's; NULL when neither */

typedef struct {
    const uint8_t *data;
    size_t size;
} Mapped;

/* Read-only private mapping of a whole file. An empty file gives size 0 and data NULL. */
bool os_map(const char *path, Mapped *out, Err *err);
void os_unmap(Mapped *m);

/* An advisory lock on a file, held until os_unlock or the process ends. ERR_CONFLICT, with the
 * text the holder left in the file in *holder (may be NULL), when somebody has it. */
typedef struct OsLock OsLock;
OsLock *os_lock(const char *path, Str note, Buf *holder, Err *err);
bool os_lock_note(OsLock *lock, Str note, Err *err); /* replaces the text */
void os_unlock(OsLock *lock);
/* Whether some process holds the lock now, and its note. */
bool os_lock_held(const char *path, Buf *note);

/* dlopen'd optional libraries: `names` are tried in order. ERR_UNAVAILABLE names the Debian package
 * to install. os_sym is ERR_UNAVAILABLE when the symbol is missing. */
void *os_dlopen(const char *const *names, const char *debian_package, Err *err);
bool os_sym(void *lib, const char *name, void *fn_out, Err *err);

#endif
