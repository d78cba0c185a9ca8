/* loop_calls.c - a library (LD_PRELOAD) that says what the network's thread should never do.
 *
 * It stands between the program and libc. A call that may wait for a disk or for a name, made on
 * the thread called "net", is told on the standard error, "LOOP CALL name"; made elsewhere it is
 * told once, "ELSEWHERE name", so that a test sees that it looks. Who sends the loop a request that
 * begins with HANG makes it stand still. Calls that libc makes within itself are not seen. */
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))

/* A thread's name as it is now: it is given after the thread has begun. */
static bool on_loop(void)
{
    char name[16] = "";
    return pthread_getname_np(pthread_self(), name, sizeof name) == 0 && strcmp(name, "net") == 0;
}

static void tell(const char *what, const char *name)
{
    char line[64];
    size_t a = strlen(what), b = strlen(name);
    if (a + b + 1 > sizeof line)
        return;
    memcpy(line, what, a);
    memcpy(line + a, name, b);
    line[a + b] = '\n';
    if (write(STDERR_FILENO, line, a + b + 1) < 0)
        return;
}

static void note(const char *name, atomic_bool *told)
{
    if (on_loop())
        tell("LOOP CALL ", name);
    else if (!atomic_exchange(told, true))
        tell("ELSEWHERE ", name);
}

#define NOTE(name) \
    static atomic_bool told; \
    note(name, &told)
#define NEXT(name) \
    static __typeof__(&name) next; \
    if (!next) \
    *(void **)&next = dlsym(RTLD_NEXT, #name)

static mode_t mode_of(int flags, va_list args)
{
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
}

#define OPENER(name) \
    PUBLIC int name(const char *path, int flags, ...) \
    { \
        NEXT(name); \
        NOTE(#name); \
        va_list args; \
        va_start(args, flags); \
        mode_t mode = mode_of(flags, args); \
        va_end(args); \
        return next(path, flags, mode); \
    }
OPENER(open)
OPENER(open64)

#define READER(name, pointer, offset) \
    PUBLIC ssize_t name(int fd, pointer data, size_t n, offset at) \
    { \
        NEXT(name); \
        NOTE(#name); \
        return next(fd, data, n, at); \
    }
READER(pread64, void *, off64_t)
READER(pwrite64, const void *, off64_t)

#define SYNC(name) \
    PUBLIC int name(int fd) \
    { \
        NEXT(name); \
        NOTE(#name); \
        return next(fd); \
    }
SYNC(fsync)
SYNC(fdatasync)

#define STAT(name) \
    PUBLIC int name(const char *path, struct stat *out) \
    { \
        NEXT(name); \
        NOTE(#name); \
        return next(path, out); \
    }
STAT(stat)
STAT(lstat)

PUBLIC int unlink(const char *path)
{
    NEXT(unlink);
    NOTE("unlink");
    return next(path);
}

PUBLIC int rename(const char *from, const char *to)
{
    NEXT(rename);
    NOTE("rename");
    return next(from, to);
}

PUBLIC int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                       struct addrinfo **out)
{
    NEXT(getaddrinfo);
    NOTE("getaddrinfo");
    return next(node, service, hints, out);
}

PUBLIC ssize_t recv(int fd, void *data, size_t n, int flags)
{
    NEXT(recv);
    ssize_t got = next(fd, data, n, flags);
    while (got >= 4 && memcmp(data, "HANG", 4) == 0 && on_loop())
        pause();
    return got;
}
