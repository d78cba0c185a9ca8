#include "ingest/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#define NOBODY 65534

/* ---- the zygote ---------------------------------------------------------------------------- */

static void drop_capabilities(void)
{
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
    (void)syscall(SYS_capset, &head, none);
}

void confine_zygote(void)
{
    int spaces = CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS;
    if (geteuid() == 0) {
        (void)unshare(spaces);
        /* Kernels and containers differ in what they let root do; every step stands alone. */
        if (setgroups(0, NULL) != 0 || setresgid(NOBODY, NOBODY, NOBODY) != 0 ||
            setresuid(NOBODY, NOBODY, NOBODY) != 0)
            errno = 0;
    } else if (unshare(CLONE_NEWUSER | spaces) != 0) {
        (void)unshare(CLONE_NEWUSER);
    }
    drop_capabilities();
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* ---- limits -------------------------------------------------------------------------------- */

static uint64_t mapped_bytes(void)
{
    char text[128] = "";
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        ssize_t n = read(fd, text, sizeof text - 1);
        text[n > 0 ? n : 0] = '\0';
        (void)close(fd);
    }
    uint64_t pages = strtoull(text, NULL, 10);
    return pages ? pages * (uint64_t)sysconf(_SC_PAGESIZE) : (uint64_t)256 << 20;
}

static bool limit(int what, uint64_t value, Err *err)
{
    struct rlimit r = {value, value}, now;
    if (getrlimit(what, &now) == 0 && now.rlim_max != RLIM_INFINITY && now.rlim_max < value)
        r.rlim_cur = r.rlim_max = now.rlim_max;
    if (setrlimit(what, &r) != 0)
        return err_set_errno(err, ERR_UNAVAILABLE, errno, "cannot limit the reader (limit %d)",
                             what);
    return true;
}

static bool set_limits(const ConfineLimits *l, Err *err)
{
    uint64_t now = clock_mono_ns(), left = l->deadline_ns > now ? l->deadline_ns - now : 1;
    /* The sanitizers reserve terabytes of shadow memory: their builds have no ceiling. */
    if (!SANITIZED && !limit(RLIMIT_AS, mapped_bytes() + l->memory, err))
        return false;
    if (!limit(RLIMIT_CPU, left / 1000000000u + 2, err) ||
        !limit(RLIMIT_FSIZE, l->max_output, err) ||
        !limit(RLIMIT_NOFILE, l->readable ? 16 : 5, err) || !limit(RLIMIT_NPROC, 0, err) ||
        !limit(RLIMIT_CORE, 0, err) || !limit(RLIMIT_MEMLOCK, 0, err))
        return false;
    /* SIGALRM keeps its default action, and nothing on the list of calls could change that. */
    struct itimerval alarm_at = {.it_value = {(time_t)(left / 1000000000u),
                                     (suseconds_t)(left % 1000000000u / 1000u)}};
    if (alarm_at.it_value.tv_sec == 0 && alarm_at.it_value.tv_usec == 0)
        alarm_at.it_value.tv_usec = 1;
    if (setitimer(ITIMER_REAL, &alarm_at, NULL) != 0)
        return err_set_errno(err, ERR_UNAVAILABLE, errno, "cannot set the reader's alarm");
    return true;
}

/* ---- Landlock ------------------------------------------------------------------------------ */

/* Rights by version of the interface; the header of Debian 12 knows the first two. */
static uint64_t file_rights(long abi)
{
    uint64_t rights = ((uint64_t)1 << 13) - 1; /* version 1: execute .. make_sym */
    if (abi >= 2)
        rights |= (uint64_t)1 << 13; /* refer */
    if (abi >= 3)
        rights |= (uint64_t)1 << 14; /* truncate */
    if (abi >= 5)
        rights |= (uint64_t)1 << 15; /* ioctl on devices */
    return rights;
}

typedef struct {
    uint64_t files, net, scoped;
} Ruleset;

/* Denies every file (but what is under `readable`), and TCP and signals where the kernel knows
 * how. */
static bool landlock(const char *readable)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (abi < 1)
        return false;
    Ruleset rules = {
        .files = file_rights(abi), .net = abi >= 4 ? 3 : 0, .scoped = abi >= 6 ? 3 : 0};
    size_t size = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
    int fd = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
    if (fd < 0)
        return false;
    if (readable) {
        struct landlock_path_beneath_attr under = {
            .allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
            .parent_fd = open(readable, O_PATH | O_CLOEXEC)};
        if (under.parent_fd >= 0) {
            (void)syscall(SYS_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH, &under, 0);
            (void)close(under.parent_fd);
        }
    }
    bool ok = syscall(SYS_landlock_restrict_self, fd, 0) == 0;
    (void)close(fd);
    return ok;
}

/* ---- seccomp ------------------------------------------------------------------------------- */

/* What a parser needs that has its input mapped and its output open. Each call has its reason in
 * docs/INGEST.md. */
static const int allowed[] = {
    SYS_read,           SYS_write,        SYS_writev,        SYS_pread64,
    SYS_lseek,          SYS_close, /* its two files, tables */
    SYS_munmap,         SYS_mremap,       SYS_brk,           SYS_madvise, /* memory */
    SYS_futex,          SYS_getrandom,    SYS_clock_gettime, SYS_gettid,
    SYS_getpid,                                                              /* the C library */
    SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_exit,          SYS_exit_group, /* the end */
#if SANITIZED
    SYS_sigaltstack, /* asked by the sanitizers before a process ends */
#endif
};
/* And with conditions: mmap and mprotect without PROT_EXEC, newfstatat of an open file, tgkill of
 * itself (abort), openat for the readable folder alone. */
#define CONDITIONAL 5
_Static_assert(sizeof allowed / sizeof *allowed + CONDITIONAL <= 25, "the list is to stay short");

unsigned confine_allowed_calls(void)
{
    return sizeof allowed / sizeof *allowed + CONDITIONAL;
}

/* What libraries ask out of habit and can do without: answered with "not permitted". */
static const int refused[] = {
    SYS_openat,
    SYS_newfstatat,
    SYS_fstat,
    SYS_statx,
    SYS_faccessat,
    SYS_readlinkat,
    SYS_ioctl,
    SYS_fcntl,
    SYS_getcwd,
    SYS_uname,
    SYS_sysinfo,
    SYS_prlimit64,
    SYS_sched_getaffinity,
    SYS_sched_yield,
    SYS_getuid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getegid,
    SYS_prctl,
    SYS_sigaltstack,
    SYS_rt_sigaction,
    SYS_gettimeofday,
    SYS_getrusage,
#ifdef SYS_faccessat2
    SYS_faccessat2,
#endif
#ifdef SYS_open /* the older calls that aarch64 never had */
    SYS_open,
    SYS_stat,
    SYS_lstat,
    SYS_access,
    SYS_readlink,
    SYS_time,
#endif
};

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv)
#define ARCH AUDIT_ARCH_RISCV64
#else
#error "the seccomp filter does not know this processor"
#endif

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
/* The low half of an argument (the machines above are little-endian). */
#define LOAD_ARG(i) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[i]))
#define IF_EQUAL(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (yes), (no))
#define IF_BITS(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (value), (yes), (no))
#define ANSWER(value) BPF_STMT(BPF_RET | BPF_K, (value))
#define REFUSE ANSWER(SECCOMP_RET_ERRNO | EACCES)

typedef struct {
    struct sock_filter code[160];
    unsigned short n;
} Filter;

static void add(Filter *f, const struct sock_filter *code, size_t n)
{
    for (size_t i = 0; i < n; i++)
        f->code[f->n++] = code[i];
}
#define ADD(f, ...)                                                                                \
    add((f), (const struct sock_filter[]){__VA_ARGS__},                                            \
        sizeof((const struct sock_filter[]){__VA_ARGS__}) / sizeof(struct sock_filter))

static bool seccomp(bool may_open, Err *err)
{
    Filter f = {.n = 0};
    ADD(&f, LOAD(arch), IF_EQUAL(ARCH, 1, 0), ANSWER(SECCOMP_RET_KILL_PROCESS), LOAD(nr));
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
        ADD(&f, IF_EQUAL((unsigned)allowed[i], 0, 1), ANSWER(SECCOMP_RET_ALLOW));
    const int memory[] = {SYS_mmap, SYS_mprotect};
    for (size_t i = 0; i < 2; i++)
        ADD(&f, IF_EQUAL((unsigned)memory[i], 0, 4), LOAD_ARG(2), IF_BITS(PROT_EXEC, 0, 1), REFUSE,
            ANSWER(SECCOMP_RET_ALLOW));
    ADD(&f, IF_EQUAL(SYS_newfstatat, 0, 4), LOAD_ARG(3), IF_BITS(AT_EMPTY_PATH, 0, 1),
        ANSWER(SECCOMP_RET_ALLOW), REFUSE);
    ADD(&f, IF_EQUAL(SYS_tgkill, 0, 4), LOAD_ARG(0), IF_EQUAL((unsigned)getpid(), 0, 1),
        ANSWER(SECCOMP_RET_ALLOW), ANSWER(SECCOMP_RET_KILL_PROCESS));
    if (may_open)
        ADD(&f, IF_EQUAL(SYS_openat, 0, 4), LOAD_ARG(2),
            IF_BITS(O_ACCMODE | O_CREAT | O_TRUNC, 1, 0), ANSWER(SECCOMP_RET_ALLOW), REFUSE);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        ADD(&f, IF_EQUAL((unsigned)refused[i], 0, 1), REFUSE);
    ADD(&f, ANSWER(SECCOMP_RET_KILL_PROCESS));
    struct sock_fprog program = {f.n, f.code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0)
        return err_set_errno(err, ERR_UNAVAILABLE, errno,
            "cannot confine the reader: the kernel refuses a seccomp filter");
    return true;
}

bool confine_child(const ConfineLimits *limits, Err *err)
{
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (!set_limits(limits, err))
        return false;
    bool locked = landlock(limits->readable);
    return seccomp(locked && limits->readable, err);
}
