/* os.c - files and what the kernel says about this process. Locks, mappings and optional libraries
 * are in os_map.c. */
#include "base/os.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <fcntl.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

static bool fail_open(const char *path, int errnum, Err *err)
{
    bool absent = errnum == ENOENT || errnum == ENOTDIR;
    return err_set_errno(err, absent ? ERR_NOT_FOUND : ERR_IO, errnum, "cannot open %s", path);
}

/* Everything from fd's position to its end; the file may be longer than fstat said (or, in /proc,
 * say nothing). */
static bool read_all(int fd, const char *path, size_t expect, Buf *out, Err *err)
{
    size_t step = expect + 1; /* one more, to see the end without a second allocation */
    for (;;) {
        if (out->len == out->max) {
            char extra;
            ssize_t n = read(fd, &extra, 1);
            if (n == 0)
                return true;
            if (n > 0)
                return err_set(err, ERR_TOO_LARGE, "%s is larger than the limit of %zu bytes", path,
                               out->max);
        } else {
            size_t room = out->max - out->len;
            char *to = buf_reserve(out, step < room ? step : room);
            if (!to)
                return buf_check(out, path, err);
            ssize_t n = read(fd, to, step < room ? step : room);
            if (n == 0)
                return true;
            if (n > 0) {
                buf_grew(out, (size_t)n);
                step = (size_t)n < step ? step - (size_t)n : 65536;
                continue;
            }
        }
        if (errno != EINTR)
            return err_set_errno(err, ERR_IO, errno, "cannot read %s", path);
    }
}

bool os_read_file(const char *path, Buf *out, Err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail_open(path, errno, err);
    struct stat st;
    size_t before = out->len, expect = 0;
    bool ok = false;
    if (fstat(fd, &st) != 0) {
        (void)err_set_errno(err, ERR_IO, errno, "cannot read %s", path);
        goto done;
    }
    if (S_ISREG(st.st_mode) && st.st_size > 0)
        expect = (size_t)st.st_size;
    if (expect > out->max - before) {
        (void)err_set(err, ERR_TOO_LARGE, "%s is larger than the limit of %zu bytes", path,
                      out->max);
        goto done;
    }
    ok = read_all(fd, path, expect, out, err);
    if (!ok)
        buf_cut(out, before);
done:
    (void)close(fd);
    return ok;
}

bool os_write_all(int fd, const void *data, size_t n)
{
    for (const char *at = data; n > 0;) {
        ssize_t done = write(fd, at, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0) {
            errno = done == 0 ? EIO : errno;
            return false;
        }
        at += done;
        n -= (size_t)done;
    }
    return true;
}

/* The folder of `path` ("." when it names none), mem_free'd by the caller. */
static char *parent_of(const char *path)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    while (n > 0 && path[n - 1] != '/')
        n--;
    while (n > 1 && path[n - 1] == '/')
        n--;
    char *parent = mem_strdup(n ? path : ".");
    if (parent && n)
        parent[n] = '\0';
    return parent;
}

static bool sync_parent(const char *path, Err *err)
{
    char *parent = parent_of(path);
    if (!parent)
        return err_set(err, ERR_NO_MEMORY, "cannot sync the folder of %s: out of memory", path);
    bool ok = os_sync_dir(parent, err);
    mem_free(parent);
    return ok;
}

bool os_write_file(const char *path, Str data, unsigned mode, Err *err)
{
    static const char suffix[] = ".tmp-XXXXXX";
    size_t n = strlen(path);
    char *temp = mem_alloc(n + sizeof suffix);
    if (!temp)
        return err_set(err, ERR_NO_MEMORY, "cannot write %s: out of memory", path);
    memcpy(temp, path, n);
    memcpy(temp + n, suffix, sizeof suffix);

    bool ok = false;
    int fd = mkostemp(temp, O_CLOEXEC); /* 0600 */
    if (fd < 0) {
        (void)fail_open(path, errno, err);
        goto done;
    }
    ok = os_write_all(fd, data.ptr, data.len) ||
         err_set_errno(err, ERR_IO, errno, "cannot write %s", path);
    if (ok && mode != 0 && fchmod(fd, (mode_t)mode) != 0)
        ok = err_set_errno(err, ERR_IO, errno, "cannot set the mode of %s", path);
    if (ok && fsync(fd) != 0)
        ok = err_set_errno(err, ERR_IO, errno, "cannot sync %s", path);
    if (close(fd) != 0 && ok)
        ok = err_set_errno(err, ERR_IO, errno, "cannot write %s", path);
    if (ok && rename(temp, path) != 0)
        ok = err_set_errno(err, ERR_IO, errno, "cannot replace %s", path);
    if (!ok)
        (void)unlink(temp);
    ok = ok && sync_parent(path, err);
done:
    mem_free(temp);
    return ok;
}

/* One folder; it is there afterwards, and so is its name after a power cut. */
static bool make_dir(const char *path, unsigned mode, Err *err)
{
    if (mkdir(path, (mode_t)mode) == 0)
        return sync_parent(path, err);
    int errnum = errno; /* EEXIST, but also EROFS or EACCES for one that is there */
    if (os_is_dir(path))
        return true;
    return err_set_errno(err, ERR_IO, errnum, "cannot make the folder %s", path);
}

bool os_mkdirs(const char *path, unsigned mode, Err *err)
{
    if (!*path)
        return err_set(err, ERR_VALIDATION, "cannot make a folder with an empty name");
    char *part = mem_strdup(path);
    if (!part)
        return err_set(err, ERR_NO_MEMORY, "cannot make the folder %s: out of memory", path);
    bool ok = true;
    for (char *p = part + 1; ok && part[0] && *p; p++) {
        if (*p != '/' || p[-1] == '/')
            continue;
        *p = '\0';
        ok = make_dir(part, mode, err);
        *p = '/';
    }
    ok = ok && make_dir(part, mode, err);
    mem_free(part);
    return ok;
}

bool os_remove(const char *path, Err *err)
{
    if (unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR)
        return true;
    return err_set_errno(err, ERR_IO, errno, "cannot remove %s", path);
}

bool os_is_dir(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool os_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

int64_t os_file_size(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) ? (int64_t)st.st_size : -1;
}

bool os_sync_dir(const char *path, Err *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail_open(path, errno, err);
    /* EINVAL: a file system that has nothing to sync for a folder */
    bool ok = fsync(fd) == 0 || errno == EINVAL;
    if (!ok)
        (void)err_set_errno(err, ERR_IO, errno, "cannot sync the folder %s", path);
    (void)close(fd);
    return ok;
}

#define TREE_DEPTH_MAX 128 /* one descriptor a level */

/* Empties the folder `dir_fd`, which is closed. Works by descriptors, so that a folder swapped for
 * a link between two calls cannot lead outside. */
static bool empty_tree(int dir_fd, int depth, const char *path, Err *err)
{
    DIR *dir = fdopendir(dir_fd);
    if (!dir) {
        int errnum = errno;
        (void)close(dir_fd);
        return err_set_errno(err, ERR_IO, errnum, "cannot read the folder %s", path);
    }
    bool ok = true;
    while (ok) {
        errno = 0;
        const struct dirent *e = readdir(dir);
        if (!e) {
            if (errno != 0)
                ok = err_set_errno(err, ERR_IO, errno, "cannot read the folder %s", path);
            break;
        }
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (unlinkat(dirfd(dir), e->d_name, 0) == 0)
            continue;
        int sub = openat(dirfd(dir), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (sub < 0)
            ok = err_set_errno(err, ERR_IO, errno, "cannot remove %s in %s", e->d_name, path);
        else if (depth >= TREE_DEPTH_MAX) {
            (void)close(sub);
            ok = err_set(err, ERR_IO, "cannot remove %s: folders nest more than %d deep", path,
                         TREE_DEPTH_MAX);
        } else
            ok = empty_tree(sub, depth + 1, path, err);
        if (ok && unlinkat(dirfd(dir), e->d_name, AT_REMOVEDIR) != 0)
            ok = err_set_errno(err, ERR_IO, errno, "cannot remove %s in %s", e->d_name, path);
    }
    (void)closedir(dir);
    return ok;
}

bool os_remove_tree(const char *path, Err *err)
{
    if (unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR)
        return true;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return fail_open(path, errno, err);
    if (!empty_tree(fd, 0, path, err))
        return false;
    if (rmdir(path) != 0)
        return err_set_errno(err, ERR_IO, errno, "cannot remove the folder %s", path);
    return true;
}

long os_read_head(const char *path, void *out, size_t n)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return -1;
    ssize_t got;
    do
        got = read(fd, out, n);
    while (got < 0 && errno == EINTR);
    (void)close(fd);
    return got;
}

bool os_real_path(const char *path, Arena *a, Str *out, Err *err)
{
    char real[PATH_MAX];
    if (!realpath(path, real)) {
        ErrCode code = errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND
                       : errno == EACCES ? ERR_FORBIDDEN : ERR_IO;
        return err_set_errno(err, code, errno, "cannot look at %s", path);
    }
    *out = arena_str(a, str_of(real));
    return out->ptr || err_set(err, ERR_NO_MEMORY, "no memory for a path");
}

char *os_join(Arena *a, const char *dir, const char *name)
{
    size_t n = strlen(dir);
    while (n > 0 && dir[n - 1] == '/')
        n--;
    while (*dir && *name == '/')
        name++;
    size_t m = strlen(name);
    char *out = arena_alloc(a, n + 1 + m + 1);
    if (!out)
        return NULL;
    memcpy(out, dir, n);
    if (*dir)
        out[n++] = '/';
    memcpy(out + n, name, m + 1);
    return out;
}

bool os_random(void *out, size_t n, Err *err)
{
    for (size_t done = 0; done < n;) {
        ssize_t got = getrandom((char *)out + done, n - done, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set_errno(err, ERR_INTERNAL, errno, "cannot get random bytes");
        done += (size_t)got;
    }
    return true;
}

uint64_t os_rss_bytes(void)
{
    char text[128];
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t n = read(fd, text, sizeof text);
    (void)close(fd);
    Str rest = {text, n > 0 ? (size_t)n : 0}, total, resident = {NULL, 0};
    uint64_t pages = 0;
    if (!str_next(&rest, ' ', &total) || !str_next(&rest, ' ', &resident) ||
        !str_to_u64(resident, &pages))
        return 0;
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static char home_text[4096];

static void ask_home(void)
{
    char text[8192];
    struct passwd entry, *found = NULL;
    if (getpwuid_r(getuid(), &entry, text, sizeof text, &found) != 0 || !found || !found->pw_dir)
        return;
    size_t n = strlen(found->pw_dir);
    if (n < sizeof home_text)
        memcpy(home_text, found->pw_dir, n + 1);
}

const char *os_home(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    const char *home = getenv("HOME");
    if (home && *home)
        return home;
    (void)pthread_once(&once, ask_home);
    return home_text[0] ? home_text : NULL;
}
