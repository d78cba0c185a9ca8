/* faults.h - what the library of faults (faults.c) and its campaign (fault_campaign.py) share.
 *
 * A file of sizeof(FaultBoard) bytes, named by SOTTO_FAULTS and mapped by every process that the
 * library is loaded into: the campaign writes what is to fail, the library counts. Calls of all
 * processes are counted together, so the Nth may be one of the server's, of the zygote's or of a
 * confined child's. fault_campaign.py reads the names of the kinds from this header; the order is
 * that of the board. */
#ifndef SOTTO_TESTS_TORTURE_FAULTS_H
#define SOTTO_TESTS_TORTURE_FAULTS_H

#include <stdatomic.h>
#include <stdint.h>

/* kind, the errors it is given in turn by the campaign */
#define FAULT_KINDS(X)                                                                             \
    X(alloc, ENOMEM)            /* malloc and its like, called by the program */                   \
    X(alloc_lib, ENOMEM)        /* the same, called by a library */                                \
    X(open, EMFILE EIO ENOMEM)  /* open, openat, opendir, fopen, mkostemp */                       \
    X(read, EIO)                /* read, pread, readv */                                           \
    X(write, ENOSPC EIO)        /* write, pwrite, writev */                                        \
    X(sync, EIO)                /* fsync, fdatasync */                                             \
    X(truncate, ENOSPC EIO)     /* ftruncate, fallocate */                                         \
    X(mmap, ENOMEM)             /* mmap */                                                         \
    X(stat, EIO ENOMEM)         /* stat, fstat, lstat, access, statfs, lseek, realpath */          \
    X(name, EIO ENOSPC)         /* rename, link, unlink, mkdir, rmdir, fchmod, utimensat */        \
    X(descriptor, EMFILE ENFILE) /* socket, pipe, memfd, eventfd, timerfd, epoll, ... */   \
    X(bind, EADDRINUSE)         /* bind, listen */                                                 \
    X(accept, EMFILE ENOMEM)    /* accept4 */                                                      \
    X(connect, ENETUNREACH)     /* connect */                                                      \
    X(send, EPIPE ENOBUFS)      /* send, sendto, sendmsg */                                        \
    X(recv, ECONNRESET ENOMEM)  /* recv, recvmsg */                                                \
    X(sockopt, ENOBUFS)         /* setsockopt, getsockopt, getsockname, shutdown */                \
    X(epoll, ENOSPC ENOMEM)     /* epoll_ctl, inotify_add_watch, timerfd_settime */                \
    X(wait, EINTR)              /* epoll_wait, poll */                                             \
    X(copy, EMFILE)             /* dup2, fcntl */                                                  \
    X(fork, EAGAIN ENOMEM)      /* fork, posix_spawn */                                            \
    X(exec, ENOENT)             /* execv */                                                        \
    X(reap, ECHILD)             /* wait4, waitpid */                                               \
    X(thread, EAGAIN)           /* pthread_create */                                               \
    X(random, EIO)              /* getrandom */                                                    \
    X(library, ENOENT)          /* dlopen */                                                       \
    X(confine, EPERM)           /* prctl, unshare, setrlimit: the child's confinement */           \
    X(close, EIO)               /* close, fclose: it is closed, and says that it failed */         \
    X(list, EIO)                /* readdir */                                                      \
    X(stream, EIO)              /* fgets, fread, fwrite, fputs, fflush */                          \
    X(limit, EPERM ENOMEM)      /* getrlimit, sched_getaffinity, setpriority, madvise, ioctl, ... */

#define FAULT_ENUM(kind, errors) FAULT_##kind,
enum { FAULT_KINDS(FAULT_ENUM) FAULT_COUNT };
#undef FAULT_ENUM

#define FAULT_NONE UINT32_MAX

typedef struct {
    _Atomic uint32_t kind;    /* which one fails; FAULT_NONE: nothing does */
    _Atomic uint32_t error;   /* errno that it fails with */
    _Atomic uint64_t nth;     /* the call of that kind that fails, from 1 */
    _Atomic uint32_t forever; /* and all after it */
    _Atomic uint32_t unused;
    _Atomic uint64_t hits; /* calls that were made to fail */
    _Atomic uint64_t counts[64];
} FaultBoard;

#endif
