/* fault_vfs.h - a disk for SQLite that fails when told to: the Nth write or sync from now on, and,
 * if asked, every one after it. Made the default VFS, so that the store knows nothing of it. */
#ifndef SOTTO_TESTS_UNIT_STORE_FAULT_VFS_H
#define SOTTO_TESTS_UNIT_STORE_FAULT_VFS_H

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    sqlite3_file base;
    sqlite3_file *real;
} FaultFile;

static atomic_long fault_countdown; /* 0: off; 1: the next one fails */
static atomic_bool fault_forever;
static atomic_int fault_code;
static atomic_long fault_hits;

/* The nth write (counting writes, truncations and syncs) fails with `code`; 0: none. */
static inline void fault_set(long nth, bool forever, int code)
{
    atomic_store(&fault_code, code);
    atomic_store(&fault_forever, forever);
    atomic_store(&fault_hits, 0);
    atomic_store(&fault_countdown, nth);
}

static inline bool fault_now(void)
{
    long left = atomic_load(&fault_countdown);
    if (left <= 0)
        return false;
    if (atomic_fetch_sub(&fault_countdown, 1) != 1)
        return false;
    if (atomic_load(&fault_forever))
        atomic_store(&fault_countdown, 1);
    atomic_fetch_add(&fault_hits, 1);
    return true;
}

static inline sqlite3_file *fault_real(sqlite3_file *f)
{
    return ((FaultFile *)f)->real;
}

static inline int fault_close(sqlite3_file *f)
{
    sqlite3_file *r = fault_real(f);
    int rc = r->pMethods ? r->pMethods->xClose(r) : SQLITE_OK;
    free(r);
    return rc;
}

static inline int fault_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
    return fault_real(f)->pMethods->xRead(fault_real(f), p, n, at);
}

/* A failing write writes half of it: what a full disk does. */
static inline int fault_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    if (!fault_now())
        return fault_real(f)->pMethods->xWrite(fault_real(f), p, n, at);
    fault_real(f)->pMethods->xWrite(fault_real(f), p, n / 2, at);
    return atomic_load(&fault_code) == SQLITE_FULL ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

static inline int fault_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    if (fault_now())
        return SQLITE_IOERR_TRUNCATE;
    return fault_real(f)->pMethods->xTruncate(fault_real(f), size);
}

static inline int fault_sync(sqlite3_file *f, int flags)
{
    if (fault_now())
        return SQLITE_IOERR_FSYNC;
    return fault_real(f)->pMethods->xSync(fault_real(f), flags);
}

static inline int fault_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return fault_real(f)->pMethods->xFileSize(fault_real(f), size);
}

static inline int fault_lock(sqlite3_file *f, int how)
{
    return fault_real(f)->pMethods->xLock(fault_real(f), how);
}

static inline int fault_unlock(sqlite3_file *f, int how)
{
    return fault_real(f)->pMethods->xUnlock(fault_real(f), how);
}

static inline int fault_reserved(sqlite3_file *f, int *out)
{
    return fault_real(f)->pMethods->xCheckReservedLock(fault_real(f), out);
}

static inline int fault_control(sqlite3_file *f, int op, void *arg)
{
    return fault_real(f)->pMethods->xFileControl(fault_real(f), op, arg);
}

static inline int fault_sector(sqlite3_file *f)
{
    return fault_real(f)->pMethods->xSectorSize(fault_real(f));
}

static inline int fault_traits(sqlite3_file *f)
{
    return fault_real(f)->pMethods->xDeviceCharacteristics(fault_real(f));
}

static inline int fault_shm_map(sqlite3_file *f, int page, int size, int extend,
    void volatile **out)
{
    return fault_real(f)->pMethods->xShmMap(fault_real(f), page, size, extend, out);
}

static inline int fault_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
    return fault_real(f)->pMethods->xShmLock(fault_real(f), offset, n, flags);
}

static inline void fault_shm_barrier(sqlite3_file *f)
{
    fault_real(f)->pMethods->xShmBarrier(fault_real(f));
}

static inline int fault_shm_unmap(sqlite3_file *f, int drop)
{
    return fault_real(f)->pMethods->xShmUnmap(fault_real(f), drop);
}

static inline int fault_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags,
    int *out)
{
    static const sqlite3_io_methods methods = {2, fault_close, fault_read, fault_write,
        fault_truncate, fault_sync, fault_size, fault_lock, fault_unlock, fault_reserved,
        fault_control, fault_sector, fault_traits, fault_shm_map, fault_shm_lock, fault_shm_barrier,
        fault_shm_unmap, NULL, NULL};
    sqlite3_vfs *unix_vfs = vfs->pAppData;
    FaultFile *file = (FaultFile *)f;
    file->base.pMethods = NULL;
    file->real = calloc(1, (size_t)unix_vfs->szOsFile);
    if (!file->real)
        return SQLITE_NOMEM;
    int rc = unix_vfs->xOpen(unix_vfs, name, file->real, flags, out);
    if (rc == SQLITE_OK) {
        file->base.pMethods = &methods;
    } else {
        if (file->real->pMethods)
            file->real->pMethods->xClose(file->real);
        free(file->real);
    }
    return rc;
}

static inline bool fault_install(void)
{
    static sqlite3_vfs shim;
    sqlite3_vfs *unix_vfs = sqlite3_vfs_find(NULL);
    if (!unix_vfs || shim.zName)
        return shim.zName != NULL;
    shim = *unix_vfs; /* the rest of it does not need the file */
    shim.zName = "fault";
    shim.szOsFile = (int)sizeof(FaultFile);
    shim.pAppData = unix_vfs;
    shim.xOpen = fault_open;
    shim.pNext = NULL;
    return sqlite3_vfs_register(&shim, 1) == SQLITE_OK;
}

#endif
