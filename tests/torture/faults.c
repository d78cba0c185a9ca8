/* faults.c - a library (LD_PRELOAD) that makes the Nth call of a kind fail, once or from then on.
 *
 * It stands between the program (and its libraries) and libc: every wrapper counts its call on the
 * shared board (faults.h), and either fails as libc would or goes on to libc. Nothing is on a board
 * that says FAULT_NONE but the counts. Calls that libc makes within itself are not seen.
 *
 * The zygote gets a picked environment (ingest/sandbox.c): posix_spawn adds to it what loads this
 * library there too, so that the confined children are reached. Threads: all of them. */
#include "torture/faults.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))

static FaultBoard *board; /* NULL before the start, or without SOTTO_FAULTS */
static uintptr_t program_from, program_to;

static bool fails(unsigned kind)
{
    FaultBoard *b = board;
    if (!b)
        return false;
    uint64_t n = atomic_fetch_add_explicit(&b->counts[kind], 1, memory_order_relaxed) + 1;
    if (atomic_load_explicit(&b->kind, memory_order_acquire) != kind)
        return false;
    uint64_t at = atomic_load(&b->nth);
    if (n != at && !(n > at && atomic_load(&b->forever)))
        return false;
    atomic_fetch_add(&b->hits, 1);
    errno = (int)atomic_load(&b->error);
    return true;
}

/* The first object is the program. */
static int find_program(struct dl_phdr_info *info, size_t size, void *arg)
{
    (void)size, (void)arg;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        if (p->p_type == PT_LOAD && p->p_flags & PF_X) {
            program_from = info->dlpi_addr + p->p_vaddr;
            program_to = program_from + p->p_memsz;
        }
    }
    return 1;
}

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("SOTTO_FAULTS");
    if (!path)
        return;
    (void)dl_iterate_phdr(find_program, NULL);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    void *at = (void *)syscall(SYS_mmap, NULL, sizeof(FaultBoard), PROT_READ | PROT_WRITE,
                               MAP_SHARED, fd, 0);
    (void)syscall(SYS_close, fd);
    if (at != MAP_FAILED)
        board = at;
}

static void *next(const char *name)
{
    void *f = dlsym(RTLD_NEXT, name);
    if (!f) {
        static const char text[] = "faults: libc has no such function\n";
        (void)syscall(SYS_write, 2, text, sizeof text - 1);
        abort();
    }
    return f;
}

/* A wrapper of libc's NAME: fails with FAIL, or calls on. The pointer is looked up once; two
 * threads at once find the same. */
#define WRAP(type, name, kind, fail, params, args)                                                 \
    PUBLIC type name params                                                                        \
    {                                                                                              \
        static type(*_Atomic real) params;                                                         \
        type(*call) params = atomic_load_explicit(&real, memory_order_relaxed);                    \
        if (!call) {                                                                               \
            void *found = next(#name);                                                             \
            memcpy(&call, &found, sizeof call);                                                    \
            atomic_store_explicit(&real, call, memory_order_relaxed);                              \
        }                                                                                          \
        if (fails(FAULT_##kind))                                                                   \
            return fail;                                                                           \
        return call args;                                                                          \
    }

/* ---- memory: libc's own names, because dlsym itself may want some ---------------------------- */

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);
extern void *__libc_memalign(size_t align, size_t n);

static bool no_memory(void *caller)
{
    uintptr_t at = (uintptr_t)caller;
    return fails(at >= program_from && at < program_to ? FAULT_alloc : FAULT_alloc_lib);
}

PUBLIC void *malloc(size_t n)
{
    return no_memory(__builtin_return_address(0)) ? NULL : __libc_malloc(n);
}

PUBLIC void *calloc(size_t n, size_t size)
{
    return no_memory(__builtin_return_address(0)) ? NULL : __libc_calloc(n, size);
}

PUBLIC void *realloc(void *p, size_t n)
{
    return no_memory(__builtin_return_address(0)) ? NULL : __libc_realloc(p, n);
}

PUBLIC int posix_memalign(void **out, size_t align, size_t n)
{
    int before = errno;
    void *p = no_memory(__builtin_return_address(0)) ? NULL : __libc_memalign(align, n);
    errno = before;
    if (!p)
        return ENOMEM;
    *out = p;
    return 0;
}

/* ---- files ----------------------------------------------------------------------------------- */

#define OPEN(name)                                                                                 \
    PUBLIC int name(const char *path, int flags, ...)                                              \
    {                                                                                              \
        va_list more;                                                                              \
        va_start(more, flags);                                                                     \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;                    \
        va_end(more);                                                                              \
        return fails(FAULT_open) ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);     \
    }
#define OPENAT(name)                                                                               \
    PUBLIC int name(int dir, const char *path, int flags, ...)                                     \
    {                                                                                              \
        va_list more;                                                                              \
        va_start(more, flags);                                                                     \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;                    \
        va_end(more);                                                                              \
        return fails(FAULT_open) ? -1 : (int)syscall(SYS_openat, dir, path, flags, mode);          \
    }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)
WRAP(DIR *, opendir, open, NULL, (const char *path), (path))
WRAP(DIR *, fdopendir, open, NULL, (int fd), (fd))
WRAP(FILE *, fopen, open, NULL, (const char *path, const char *mode), (path, mode))
WRAP(int, mkostemp, open, -1, (char *path, int flags), (path, flags))
WRAP(int, mkstemp, open, -1, (char *path), (path))

WRAP(ssize_t, read, read, -1, (int fd, void *to, size_t n), (fd, to, n))
WRAP(ssize_t, pread, read, -1, (int fd, void *to, size_t n, off_t at), (fd, to, n, at))
WRAP(ssize_t, pread64, read, -1, (int fd, void *to, size_t n, off64_t at), (fd, to, n, at))
WRAP(ssize_t, readv, read, -1, (int fd, const struct iovec *v, int n), (fd, v, n))
WRAP(ssize_t, write, write, -1, (int fd, const void *from, size_t n), (fd, from, n))
WRAP(ssize_t, pwrite, write, -1, (int fd, const void *from, size_t n, off_t at), (fd, from, n, at))
WRAP(ssize_t, pwrite64, write, -1, (int fd, const void *from, size_t n, off64_t at),
     (fd, from, n, at))
WRAP(ssize_t, writev, write, -1, (int fd, const struct iovec *v, int n), (fd, v, n))
WRAP(int, fsync, sync, -1, (int fd), (fd))
WRAP(int, fdatasync, sync, -1, (int fd), (fd))
WRAP(int, ftruncate, truncate, -1, (int fd, off_t n), (fd, n))
WRAP(int, ftruncate64, truncate, -1, (int fd, off64_t n), (fd, n))
WRAP(int, posix_fallocate, truncate, errno, (int fd, off_t at, off_t n), (fd, at, n))
WRAP(void *, mmap, mmap, MAP_FAILED, (void *at, size_t n, int prot, int flags, int fd, off_t from),
     (at, n, prot, flags, fd, from))
WRAP(void *, mmap64, mmap, MAP_FAILED,
     (void *at, size_t n, int prot, int flags, int fd, off64_t from),
     (at, n, prot, flags, fd, from))

WRAP(int, stat, stat, -1, (const char *path, struct stat *st), (path, st))
WRAP(int, stat64, stat, -1, (const char *path, struct stat64 *st), (path, st))
WRAP(int, fstat, stat, -1, (int fd, struct stat *st), (fd, st))
WRAP(int, fstat64, stat, -1, (int fd, struct stat64 *st), (fd, st))
WRAP(int, lstat, stat, -1, (const char *path, struct stat *st), (path, st))
WRAP(int, lstat64, stat, -1, (const char *path, struct stat64 *st), (path, st))
WRAP(int, fstatat, stat, -1, (int dir, const char *path, struct stat *st, int flags),
     (dir, path, st, flags))
WRAP(int, access, stat, -1, (const char *path, int mode), (path, mode))
WRAP(int, statfs, stat, -1, (const char *path, struct statfs *st), (path, st))
WRAP(int, statvfs, stat, -1, (const char *path, struct statvfs *st), (path, st))
WRAP(off_t, lseek, stat, -1, (int fd, off_t at, int from), (fd, at, from))
WRAP(char *, realpath, stat, NULL, (const char *path, char *to), (path, to))
WRAP(ssize_t, readlink, stat, -1, (const char *path, char *to, size_t n), (path, to, n))

WRAP(int, rename, name, -1, (const char *from, const char *to), (from, to))
WRAP(int, link, name, -1, (const char *from, const char *to), (from, to))
WRAP(int, unlink, name, -1, (const char *path), (path))
WRAP(int, unlinkat, name, -1, (int dir, const char *path, int flags), (dir, path, flags))
WRAP(int, mkdir, name, -1, (const char *path, mode_t mode), (path, mode))
WRAP(int, rmdir, name, -1, (const char *path), (path))
WRAP(int, fchmod, name, -1, (int fd, mode_t mode), (fd, mode))
WRAP(int, fchown, name, -1, (int fd, uid_t user, gid_t group), (fd, user, group))

WRAP(int, utimensat, name, -1,
     (int dir, const char *path, const struct timespec to[2], int flags), (dir, path, to, flags))
WRAP(struct dirent *, readdir, list, NULL, (DIR * d), (d))
WRAP(struct dirent64 *, readdir64, list, NULL, (DIR * d), (d))

WRAP(char *, fgets, stream, NULL, (char *to, int n, FILE *f), (to, n, f))
WRAP(size_t, fread, stream, 0, (void *to, size_t size, size_t n, FILE *f), (to, size, n, f))
WRAP(size_t, fwrite, stream, 0, (const void *from, size_t size, size_t n, FILE *f),
     (from, size, n, f))
WRAP(int, fputs, stream, EOF, (const char *text, FILE *f), (text, f))
WRAP(int, fflush, stream, EOF, (FILE * f), (f))

/* What Linux does: the descriptor is gone whatever close says. */
PUBLIC int close(int fd)
{
    int got = (int)syscall(SYS_close, fd);
    return fails(FAULT_close) ? -1 : got;
}

PUBLIC int fclose(FILE *f)
{
    static int (*_Atomic real)(FILE *);
    if (!real)
        *(void **)&real = next("fclose");
    int got = real(f);
    return fails(FAULT_close) ? EOF : got;
}

WRAP(int, getrlimit, limit, -1, (__rlimit_resource_t what, struct rlimit *to), (what, to))
WRAP(int, getrlimit64, limit, -1, (__rlimit_resource_t what, struct rlimit64 *to), (what, to))
WRAP(int, sched_getaffinity, limit, -1, (pid_t pid, size_t n, cpu_set_t *to), (pid, n, to))
WRAP(int, setpriority, limit, -1, (__priority_which_t what, id_t who, int to), (what, who, to))
WRAP(int, madvise, limit, -1, (void *at, size_t n, int advice), (at, n, advice))
WRAP(int, mprotect, limit, -1, (void *at, size_t n, int prot), (at, n, prot))
WRAP(int, kill, limit, -1, (pid_t pid, int sig), (pid, sig))
WRAP(char *, getcwd, limit, NULL, (char *to, size_t n), (to, n))

PUBLIC void *mremap(void *at, size_t was, size_t n, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    void *to = flags & MREMAP_FIXED ? va_arg(more, void *) : NULL;
    va_end(more);
    return fails(FAULT_mmap) ? MAP_FAILED : (void *)syscall(SYS_mremap, at, was, n, flags, to);
}

PUBLIC int ioctl(int fd, unsigned long what, ...)
{
    va_list more;
    va_start(more, what);
    void *word = va_arg(more, void *);
    va_end(more);
    return fails(FAULT_limit) ? -1 : (int)syscall(SYS_ioctl, fd, what, word);
}

/* ---- descriptors and the network ------------------------------------------------------------- */

WRAP(int, socket, descriptor, -1, (int family, int type, int protocol), (family, type, protocol))
WRAP(int, socketpair, descriptor, -1, (int family, int type, int protocol, int pair[2]),
     (family, type, protocol, pair))
WRAP(int, pipe2, descriptor, -1, (int pair[2], int flags), (pair, flags))
WRAP(int, pipe, descriptor, -1, (int pair[2]), (pair))
WRAP(int, memfd_create, descriptor, -1, (const char *name, unsigned flags), (name, flags))
WRAP(int, eventfd, descriptor, -1, (unsigned n, int flags), (n, flags))
WRAP(int, timerfd_create, descriptor, -1, (int clock, int flags), (clock, flags))
WRAP(int, epoll_create1, descriptor, -1, (int flags), (flags))
WRAP(int, inotify_init1, descriptor, -1, (int flags), (flags))
WRAP(int, signalfd, descriptor, -1, (int fd, const sigset_t *set, int flags), (fd, set, flags))

WRAP(int, bind, bind, -1, (int fd, const struct sockaddr *a, socklen_t n), (fd, a, n))
WRAP(int, listen, bind, -1, (int fd, int n), (fd, n))
WRAP(int, accept4, accept, -1, (int fd, struct sockaddr *a, socklen_t *n, int flags),
     (fd, a, n, flags))
WRAP(int, connect, connect, -1, (int fd, const struct sockaddr *a, socklen_t n), (fd, a, n))
WRAP(ssize_t, send, send, -1, (int fd, const void *from, size_t n, int flags), (fd, from, n, flags))
WRAP(ssize_t, sendto, send, -1,
     (int fd, const void *from, size_t n, int flags, const struct sockaddr *a, socklen_t len),
     (fd, from, n, flags, a, len))
WRAP(ssize_t, sendmsg, send, -1, (int fd, const struct msghdr *m, int flags), (fd, m, flags))
WRAP(ssize_t, recv, recv, -1, (int fd, void *to, size_t n, int flags), (fd, to, n, flags))
WRAP(ssize_t, recvmsg, recv, -1, (int fd, struct msghdr *m, int flags), (fd, m, flags))
WRAP(int, setsockopt, sockopt, -1, (int fd, int level, int name, const void *v, socklen_t n),
     (fd, level, name, v, n))
WRAP(int, getsockopt, sockopt, -1, (int fd, int level, int name, void *v, socklen_t *n),
     (fd, level, name, v, n))
WRAP(int, getsockname, sockopt, -1, (int fd, struct sockaddr *a, socklen_t *n), (fd, a, n))
WRAP(int, shutdown, sockopt, -1, (int fd, int how), (fd, how))
WRAP(int, epoll_ctl, epoll, -1, (int fd, int op, int target, struct epoll_event *e),
     (fd, op, target, e))
WRAP(int, inotify_add_watch, epoll, -1, (int fd, const char *path, uint32_t mask),
     (fd, path, mask))
WRAP(int, timerfd_settime, epoll, -1,
     (int fd, int flags, const struct itimerspec *to, struct itimerspec *was), (fd, flags, to, was))
WRAP(int, epoll_wait, wait, -1, (int fd, struct epoll_event *e, int n, int ms), (fd, e, n, ms))
WRAP(int, poll, wait, -1, (struct pollfd *p, nfds_t n, int ms), (p, n, ms))
WRAP(int, dup, copy, -1, (int fd), (fd))
WRAP(int, dup2, copy, -1, (int from, int to), (from, to))

/* One word at most follows, whatever the command. */
#define FCNTL(name)                                                                                \
    PUBLIC int name(int fd, int command, ...)                                                      \
    {                                                                                              \
        va_list more;                                                                              \
        va_start(more, command);                                                                   \
        void *word = va_arg(more, void *);                                                         \
        va_end(more);                                                                              \
        return fails(FAULT_copy) ? -1 : (int)syscall(SYS_fcntl, fd, command, word);                \
    }
FCNTL(fcntl)
FCNTL(fcntl64)

/* ---- processes, threads, rights -------------------------------------------------------------- */

WRAP(pid_t, fork, fork, -1, (void), ())
WRAP(int, execv, exec, -1, (const char *path, char *const argv[]), (path, argv))
WRAP(pid_t, wait4, reap, -1, (pid_t pid, int *status, int flags, struct rusage *use),
     (pid, status, flags, use))
WRAP(pid_t, waitpid, reap, -1, (pid_t pid, int *status, int flags), (pid, status, flags))
WRAP(int, pthread_create, thread, EAGAIN,
     (pthread_t * t, const pthread_attr_t *how, void *(*run)(void *), void *arg),
     (t, how, run, arg))
WRAP(ssize_t, getrandom, random, -1, (void *to, size_t n, unsigned flags), (to, n, flags))
WRAP(int, unshare, confine, -1, (int flags), (flags))
WRAP(int, setrlimit, confine, -1, (__rlimit_resource_t what, const struct rlimit *to), (what, to))

PUBLIC int prctl(int what, ...)
{
    unsigned long word[4];
    va_list more;
    va_start(more, what);
    for (int i = 0; i < 4; i++)
        word[i] = va_arg(more, unsigned long);
    va_end(more);
    if (fails(FAULT_confine))
        return -1;
    static int (*real)(int, ...);
    if (!real)
        *(void **)&real = next("prctl");
    return real(what, word[0], word[1], word[2], word[3]);
}

/* What says why comes from libc: a library that is not there. */
PUBLIC void *dlopen(const char *name, int flags)
{
    static void *(*real)(const char *, int);
    if (!real)
        *(void **)&real = next("dlopen");
    return fails(FAULT_library) ? real("libfault-not-there.so.0", flags) : real(name, flags);
}

#define ENVIRONMENT_MAX 256

typedef int (*SpawnFn)(pid_t *, const char *, const posix_spawn_file_actions_t *,
                       const posix_spawnattr_t *, char *const[], char *const[]);

static int spawn_with(const char *name, pid_t *pid, const char *path,
                      const posix_spawn_file_actions_t *files, const posix_spawnattr_t *how,
                      char *const argv[], char *const env[])
{
    if (fails(FAULT_fork))
        return errno;
    static const char *const wanted[] = {"LD_PRELOAD", "SOTTO_FAULTS"};
    char line[2][4096], *all[ENVIRONMENT_MAX];
    size_t n = 0;
    for (char *const *e = env; *e && n < ENVIRONMENT_MAX - 3; e++)
        if (strncmp(*e, "LD_PRELOAD=", 11) != 0 && strncmp(*e, "SOTTO_FAULTS=", 13) != 0)
            all[n++] = *e;
    for (size_t i = 0; i < 2; i++) {
        const char *value = getenv(wanted[i]);
        if (value && snprintf(line[i], sizeof line[i], "%s=%s", wanted[i], value) > 0)
            all[n++] = line[i];
    }
    all[n] = NULL;
    SpawnFn call;
    *(void **)&call = next(name);
    return call(pid, path, files, how, argv, all);
}

PUBLIC int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *files,
                       const posix_spawnattr_t *how, char *const argv[], char *const env[])
{
    return spawn_with("posix_spawn", pid, path, files, how, argv, env);
}

PUBLIC int posix_spawnp(pid_t *pid, const char *path, const posix_spawn_file_actions_t *files,
                        const posix_spawnattr_t *how, char *const argv[], char *const env[])
{
    return spawn_with("posix_spawnp", pid, path, files, how, argv, env);
}
