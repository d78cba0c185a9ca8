/* os_map.c - the half of os.h about mapped files, lock files and optional libraries. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/os.h"

bool os_map(const char *path, Mapped *out, Err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set_errno(err, errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO,
                             errno, "cannot open %s", path);
    struct stat st;
    bool ok = false;
    if (fstat(fd, &st) != 0) {
        (void)err_set_errno(err, ERR_IO, errno, "cannot read %s", path);
    } else if (!S_ISREG(st.st_mode)) {
        (void)err_set(err, ERR_IO, "cannot map %s: it is no regular file", path);
    } else if (st.st_size == 0) {
        *out = (Mapped){NULL, 0};
        ok = true;
    } else {
        void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (p == MAP_FAILED) {
            (void)err_set_errno(err, ERR_IO, errno, "cannot map %s", path);
        } else {
            *out = (Mapped){p, (size_t)st.st_size};
            ok = true;
        }
    }
    (void)close(fd);
    return ok;
}

void os_unmap(Mapped *m)
{
    if (m->data)
        (void)munmap((void *)(uintptr_t)m->data, m->size);
    *m = (Mapped){NULL, 0};
}

/* Open-file-description locks: unlike classic POSIX locks another close of the same file does not
 * drop them, and unlike flock they can be asked about without being taken, so that os_lock_held
 * never makes somebody else's os_lock fail. */
struct OsLock {
    int fd;
};

#define NOTE_MAX 1024

static void read_note(int fd, Buf *note)
{
    char text[NOTE_MAX];
    ssize_t n = note ? pread(fd, text, sizeof text, 0) : 0;
    if (n > 0)
        (void)buf_add_mem(note, text, (size_t)n);
}

OsLock *os_lock(const char *path, Str note, Buf *holder, Err *err)
{
    OsLock *lock = mem_zalloc(sizeof *lock);
    if (!lock) {
        (void)err_set(err, ERR_NO_MEMORY, "cannot lock %s: out of memory", path);
        return NULL;
    }
    lock->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock->fd < 0) {
        (void)err_set_errno(err, ERR_IO, errno, "cannot open the lock file %s", path);
        mem_free(lock);
        return NULL;
    }
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(lock->fd, F_OFD_SETLK, &whole) != 0) {
        if (errno == EAGAIN || errno == EACCES) {
            read_note(lock->fd, holder);
            (void)err_set(err, ERR_CONFLICT, "%s is locked by another process", path);
        } else {
            (void)err_set_errno(err, ERR_IO, errno, "cannot lock %s", path);
        }
    } else if (os_lock_note(lock, note, err)) {
        return lock;
    }
    (void)close(lock->fd);
    mem_free(lock);
    return NULL;
}

bool os_lock_note(OsLock *lock, Str note, Err *err)
{
    if (note.len > NOTE_MAX)
        return err_set(err, ERR_TOO_LARGE, "a lock's note may have %d bytes", NOTE_MAX);
    /* first the text, then the cut: a reader in between never sees an empty note */
    if ((note.len > 0 && pwrite(lock->fd, note.ptr, note.len, 0) != (ssize_t)note.len) ||
        ftruncate(lock->fd, (off_t)note.len) != 0)
        return err_set_errno(err, ERR_IO, errno, "cannot write the lock file");
    return true;
}

void os_unlock(OsLock *lock)
{
    if (!lock)
        return;
    /* The file stays: removing it would let two processes lock two files of one name. */
    (void)os_lock_note(lock, STR(""), NULL);
    (void)close(lock->fd);
    mem_free(lock);
}

bool os_lock_held(const char *path, Buf *note)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    bool held = fcntl(fd, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
    if (held)
        read_note(fd, note);
    (void)close(fd);
    return held;
}

void *os_dlopen(const char *const *names, const char *debian_package, Err *err)
{
    for (size_t i = 0; names[i]; i++) {
        void *lib = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
        if (lib)
            return lib;
    }
    (void)err_set(err, ERR_UNAVAILABLE, "cannot load %s: install the package %s",
                  names[0] ? names[0] : "a library without a name", debian_package);
    return NULL;
}

bool os_sym(void *lib, const char *name, void *fn_out, Err *err)
{
    void *symbol = dlsym(lib, name);
    if (!symbol)
        return err_set(err, ERR_UNAVAILABLE, "the library has no %s: it may be too old", name);
    memcpy(fn_out, &symbol, sizeof symbol); /* ISO C has no cast from object to function pointer */
    return true;
}
