#include "ingest/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/os.h"

static bool fail(int fd, const char *what, Err *err)
{
    int errnum = errno;
    if (fd >= 0)
        (void)close(fd);
    return err_set_errno(err, ERR_IO, errnum, "cannot keep a copy of %s in memory", what);
}

/* Seals fd and maps it; takes the descriptor also on failure. The mapping is private because
 * kernels before 6.7 refuse a shared one of a sealed file. */
static bool finish(int fd, size_t size, const char *what, Snapshot *out, Err *err)
{
    if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0)
        return fail(fd, what, err);
    void *map = size ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
    if (map == MAP_FAILED)
        return fail(fd, what, err);
    *out = (Snapshot){.fd = fd, .data = size ? map : "", .size = size};
    return true;
}

static int new_file(void)
{
    return memfd_create("sotto-input", MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

bool snapshot_bytes(Str data, Snapshot *out, Err *err)
{
    int fd = new_file();
    if (fd < 0 || !os_write_all(fd, data.ptr, data.len))
        return fail(fd, "the document", err);
    return finish(fd, data.len, "the document", out, err);
}

/* Copies from `from` to `to` until the end; the file may have grown since its size was asked. */
static bool copy(int from, int to, const char *path, uint64_t max, size_t *size, Err *err)
{
    char block[65536];
    uint64_t total = 0;
    for (;;) {
        ssize_t n = read(from, block, sizeof block);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_set_errno(err, ERR_IO, errno, "cannot read %s", path);
        if (n == 0)
            break;
        total += (uint64_t)n;
        if (total > max)
            return err_set(err, ERR_TOO_LARGE, "%s is larger than the limit of %llu bytes", path,
                           (unsigned long long)max);
        if (!os_write_all(to, block, (size_t)n))
            return err_set_errno(err, ERR_IO, errno, "cannot keep a copy of %s in memory", path);
    }
    *size = (size_t)total;
    return true;
}

bool snapshot_file(const char *path, uint64_t max_bytes, Snapshot *out, Err *err)
{
    /* O_NONBLOCK: a named pipe must not stop the import before it is seen to be one. */
    int from = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (from < 0) {
        ErrCode code = errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND :
                       errno == EACCES || errno == EPERM ? ERR_FORBIDDEN : ERR_IO;
        return err_set_errno(err, code, errno, "cannot open %s", path);
    }
    struct stat st;
    size_t size = 0;
    int to = -1;
    bool ok = false;
    if (fstat(from, &st) != 0)
        (void)err_set_errno(err, ERR_IO, errno, "cannot look at %s", path);
    else if (!S_ISREG(st.st_mode))
        (void)err_set(err, ERR_VALIDATION, "%s is not a regular file", path);
    else if ((uint64_t)st.st_size > max_bytes)
        (void)err_set(err, ERR_TOO_LARGE, "%s is larger than the limit of %llu bytes", path,
                      (unsigned long long)max_bytes);
    else if ((to = new_file()) < 0)
        (void)fail(-1, path, err);
    else
        ok = copy(from, to, path, max_bytes, &size, err);
    (void)close(from);
    if (!ok) {
        if (to >= 0)
            (void)close(to);
        return false;
    }
    if (!finish(to, size, path, out, err))
        return false;
    out->mtime_ms = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
    return true;
}

void snapshot_release(Snapshot *s)
{
    if (s->size)
        (void)munmap((void *)(uintptr_t)s->data, s->size);
    if (s->fd >= 0 && s->data)
        (void)close(s->fd);
    *s = (Snapshot){.fd = -1};
}
