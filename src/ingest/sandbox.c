/* sandbox.c - the server's side of confined extraction. */
#include "ingest/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ingest/sandbox_int.h"

#define GRACE_NS 100000000u /* after the deadline the caller is told, whatever the zygote does */
#define LATE_MAX 3          /* such times in a row: then the zygote itself is taken for dead */
#define SPOOL "/var/tmp"
#define IN_MEMORY ((uint64_t)16 << 20) /* what may become larger is written to the disk */
#define ATTEMPTS 3          /* of a file, when the zygote dies meanwhile */

Sandbox *sandbox_new(const SandboxOptions *o, Err *err)
{
    Sandbox *s = mem_zalloc(sizeof *s);
    char *self = mem_strdup(o->self ? o->self : "/proc/self/exe");
    char *spool = mem_strdup(o->spool ? o->spool : SPOOL);
    if (!s || !self || !spool) {
        mem_free(s);
        mem_free(self);
        mem_free(spool);
        (void)err_set(err, ERR_NO_MEMORY, "cannot prepare the confined reader: out of memory");
        return NULL;
    }
    s->self = self;
    s->spool = spool;
    s->timeout_ns = (uint64_t)(o->timeout_ms ? o->timeout_ms : 30000) * 1000000u;
    s->memory = o->memory ? o->memory : (uint64_t)512 << 20;
    s->max_text = o->max_text ? o->max_text : (size_t)16 << 20;
    s->control = -1;
    (void)pthread_mutex_init(&s->lock, NULL);
    return s;
}

/* ---- the zygote's life; the lock is held ---------------------------------------------------- */

static void end_zygote(Sandbox *s, bool kill_it)
{
    if (s->pid == 0)
        return;
    (void)close(s->control); /* the zygote ends when it sees this */
    if (kill_it)
        (void)kill(s->pid, SIGKILL);
    while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    s->pid = 0;
    s->control = -1;
}

/* Of the environment only what the dynamic loader and the sanitizers need: no secrets go along. */
static void pick_environment(char **out)
{
    static const char *const names[] = {"LD_LIBRARY_PATH=", "ASAN_OPTIONS=", "UBSAN_OPTIONS=",
        "TSAN_OPTIONS=", "LSAN_OPTIONS="};
    static char locale[] = "LC_ALL=C";
    size_t n = 0;
    out[n++] = locale;
    for (char **e = environ; e && *e; e++)
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            if (n < 6 && strncmp(*e, names[i], strlen(names[i])) == 0)
                out[n++] = *e;
    out[n] = NULL;
}

static int spawn(const Sandbox *s, int control, pid_t *pid)
{
    static char name[] = "sotto-reader", flag[] = ZYGOTE_FLAG;
    char *argv[] = {name, flag, NULL}, *env[8];
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    pick_environment(env);
    int errnum = posix_spawn_file_actions_init(&files);
    if (errnum != 0)
        return errnum;
    errnum = posix_spawnattr_init(&attributes);
    if (errnum != 0) {
        (void)posix_spawn_file_actions_destroy(&files);
        return errnum;
    }
    /* A group of its own: ctrl-C on a terminal is for the server, which then ends the zygote. */
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                    POSIX_SPAWN_SETPGROUP);
    (void)posix_spawnattr_setsigmask(&attributes, &none);
    (void)posix_spawnattr_setsigdefault(&attributes, &all);
    (void)posix_spawnattr_setpgroup(&attributes, 0);
    for (int fd = 0; fd < 3 && errnum == 0; fd++)
        errnum = posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_RDWR, 0);
    if (errnum == 0)
        errnum = posix_spawn_file_actions_adddup2(&files, control, JOB_CONTROL_FD);
    if (errnum == 0)
        errnum = posix_spawn(pid, s->self, &files, &attributes, argv, env);
    (void)posix_spawn_file_actions_destroy(&files);
    (void)posix_spawnattr_destroy(&attributes);
    return errnum;
}

static bool start_zygote(Sandbox *s, Err *err)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return err_set_errno(err, ERR_UNAVAILABLE, errno, "cannot start the confined reader");
    /* The child's dup2 must not meet /dev/null on its own descriptor. */
    int theirs = fcntl(pair[1], F_DUPFD_CLOEXEC, 10);
    int errnum = theirs < 0 ? errno : spawn(s, theirs, &s->pid);
    (void)close(pair[1]);
    if (theirs >= 0)
        (void)close(theirs);
    if (errnum != 0) {
        (void)close(pair[0]);
        s->pid = 0;
        return err_set_errno(err, ERR_UNAVAILABLE, errnum, "cannot start the confined reader %s",
                             s->self);
    }
    struct timeval patience = {2, 0};
    (void)setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    s->control = pair[0];
    s->late = 0;
    s->generation++;
    return true;
}

void sandbox_free(Sandbox *s)
{
    if (!s)
        return;
    standing_end(s);
    end_zygote(s, false);
    (void)pthread_mutex_destroy(&s->lock);
    mem_free(s->self);
    mem_free(s->spool);
    mem_free(s);
}

int sandbox_zygote(Sandbox *s)
{
    (void)pthread_mutex_lock(&s->lock);
    int pid = s->pid;
    (void)pthread_mutex_unlock(&s->lock);
    return pid;
}

/* ---- one job ------------------------------------------------------------------------------- */

static bool send_with(int control, const Job *job, const int fds[JOB_FDS])
{
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(int) * JOB_FDS)];
    } rights = {.room = {0}};
    struct iovec part = {(void *)(uintptr_t)job, sizeof *job};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = rights.room,
        .msg_controllen = sizeof rights.room};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int) * JOB_FDS);
    memcpy(CMSG_DATA(head), fds, sizeof(int) * JOB_FDS);
    ssize_t n;
    do
        n = sendmsg(control, &message, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof *job;
}

bool sandbox_send(Sandbox *s, const Job *job, const int fds[JOB_FDS], unsigned *generation,
                  Err *err)
{
    (void)pthread_mutex_lock(&s->lock);
    bool ok = false, started = true;
    for (int i = 0; i < 2 && started && !ok; i++) {
        started = s->pid != 0 || start_zygote(s, err);
        ok = started && send_with(s->control, job, fds);
        if (started && !ok)
            end_zygote(s, true);
    }
    *generation = s->generation;
    (void)pthread_mutex_unlock(&s->lock);
    if (!ok && started)
        return err_set(err, ERR_UNAVAILABLE, "the confined reader does not take files");
    return ok;
}

static void restart_zygote(Sandbox *s, unsigned generation)
{
    (void)pthread_mutex_lock(&s->lock);
    if (s->generation == generation)
        end_zygote(s, true);
    (void)pthread_mutex_unlock(&s->lock);
}

/* A busy machine makes a zygote late now and then; ending it would take every other file that is
 * being read with it. */
static void note_wait(Sandbox *s, unsigned generation, bool late)
{
    (void)pthread_mutex_lock(&s->lock);
    if (s->generation == generation)
        s->late = late ? s->late + 1 : 0;
    bool dead = s->generation == generation && s->late >= LATE_MAX;
    if (dead)
        end_zygote(s, true);
    (void)pthread_mutex_unlock(&s->lock);
}

typedef enum { WAIT_ANSWERED, WAIT_LOST, WAIT_LATE } Wait;

static Wait wait_status(int fd, uint64_t until_ns, JobStatus *status)
{
    size_t have = 0;
    while (have < sizeof *status) {
        uint64_t now = clock_mono_ns();
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int n = poll(&p, 1, now < until_ns ? (int)((until_ns - now) / 1000000u) + 1 : 0);
        if (n == 0)
            return WAIT_LATE;
        if (n < 0)
            continue; /* EINTR */
        ssize_t got = read(fd, (char *)status + have, sizeof *status - have);
        if (got <= 0 && !(got < 0 && errno == EINTR))
            return WAIT_LOST;
        have += got > 0 ? (size_t)got : 0;
    }
    return status->magic == JOB_MAGIC ? WAIT_ANSWERED : WAIT_LOST;
}

static bool timed_out(const Job *job, Err *err)
{
    return err_set(err, ERR_TIMEOUT, "reading the file took longer than %llu ms",
                   (unsigned long long)job->timeout_ms);
}

static bool too_much_memory(const Job *job, Err *err)
{
    return err_set(err, ERR_TOO_LARGE, "reading the file takes more than %llu MiB of memory",
                   (unsigned long long)(job->memory >> 20));
}

/* What the child's death says about the file. */
static bool explain_death(const Job *job, const JobStatus *status, Err *err)
{
    /* A library that finds no memory aborts or crashes: then it had used most of what there was. */
    if (status->peak_bytes > job->memory / 2)
        return too_much_memory(job, err);
    switch (status->number) {
    case SIGXFSZ:
        return err_set(err, ERR_TOO_LARGE, "the file holds more %s than the limit",
                       job->rate_hz ? "sound" : "text");
    case SIGKILL: /* nobody else kills it but the kernel short of memory */
        return too_much_memory(job, err);
    case SIGABRT:
    case SIGTRAP: /* how C++ and GLib give up */
        return err_set(err, ERR_VALIDATION, "the file is damaged: its reader gave up");
    case SIGSYS:
        return err_set(err, ERR_VALIDATION,
            "the file made its reader try something forbidden; it was stopped");
    default:
        return err_set(err, ERR_VALIDATION, "the file is damaged: its reader crashed (signal %d)",
                       status->number);
    }
}

static bool read_answer(const Job *job, const JobStatus *status, int output, SandboxTake take,
                        void *arg, Err *err)
{
    if (status->outcome == JOB_TIMED_OUT)
        return timed_out(job, err);
    if (status->outcome == JOB_KILLED)
        return explain_death(job, status, err);
    if (status->outcome == JOB_NOT_STARTED) {
        return err_set(err, status->err.code, "%.*s", (int)sizeof status->err.msg - 1,
                       status->err.msg);
    }
    if (status->number == JOB_EXIT_OUTPUT)
        return too_much_memory(job, err);
    struct stat st;
    if (status->number != 0 || fstat(output, &st) != 0)
        return err_set(err, ERR_VALIDATION, "the file's reader ended without an answer (status %d)",
                       status->number);
    if (st.st_size == 0)
        return err_set(err, ERR_VALIDATION, "the file made its reader end without an answer");
    void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, output, 0);
    if (map == MAP_FAILED)
        return err_set_errno(err, ERR_IO, errno, "cannot map the confined reader's answer");
    bool ok = take(arg, map, (size_t)st.st_size, err);
    if (!ok && err &&
        err->code == ERR_CORRUPT) /* it took its reader over: the file is at fault, not we */
        err->code = ERR_VALIDATION;
    return ok;
}

typedef struct {
    size_t max_text;
    Arena *arena;
    Extracted *out;
} TakeText;

static bool take_text(void *arg, void *map, size_t size, Err *err)
{
    const TakeText *t = arg;
    bool ok = frame_parse(str_mem(map, size), t->max_text, t->arena, t->out, err);
    if (ok && t->out->n_parts) { /* parts can be large: they stay where they are */
        t->out->held = map;
        t->out->held_size = size;
    } else {
        (void)munmap(map, size);
    }
    return ok;
}

void sandbox_drop_parts(Extracted *e)
{
    if (e->held)
        (void)munmap(e->held, e->held_size);
    e->held = NULL;
    e->parts = NULL;
    e->n_parts = 0;
}

static void close_all(const int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (fds[i] >= 0)
            (void)close(fds[i]);
}

/* What the child writes to: memory, or, for what may become long, a file on a disk without a name,
 * which is gone with its descriptor whatever happens. Where no such file can be made, memory. */
static int new_output(const Sandbox *s, const Job *job)
{
    int fd = -1;
    if ((uint64_t)job->rate_hz * job->max_seconds * 2 > IN_MEMORY) {
        fd = open(s->spool, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        if (fd < 0)
            fd = open(SPOOL, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    }
    return fd >= 0 ? fd : memfd_create("sotto-output", MFD_CLOEXEC);
}

/* One try. *lost: the zygote went away meanwhile and the file may be tried again. */
static bool run_once(Sandbox *s, const Job *job, int input, SandboxTake take, void *arg, bool *lost,
                     Err *err)
{
    int output = new_output(s, job), status_pipe[2] = {-1, -1};
    if (output < 0 || pipe2(status_pipe, O_CLOEXEC) != 0) {
        (void)err_set_errno(err, ERR_UNAVAILABLE, errno, "cannot prepare the confined reader");
        close_all(&output, 1);
        return false;
    }
    int fds[JOB_FDS] = {input, output, status_pipe[1]};
    unsigned generation;
    JobStatus status;
    bool sent = sandbox_send(s, job, fds, &generation, err), ok = false;
    (void)close(status_pipe[1]);
    if (sent) {
        switch (wait_status(status_pipe[0], job->deadline_ns + GRACE_NS, &status)) {
        case WAIT_ANSWERED:
            note_wait(s, generation, false);
            ok = read_answer(job, &status, output, take, arg, err);
            break;
        case WAIT_LOST:
            *lost = true;
            restart_zygote(s, generation);
            (void)err_set(err, ERR_UNAVAILABLE, "the confined reader ended unexpectedly");
            break;
        case WAIT_LATE:
            note_wait(s, generation, true);
            (void)timed_out(job, err);
            break;
        }
    }
    (void)close(status_pipe[0]);
    (void)close(output);
    return ok;
}

bool sandbox_do(Sandbox *s, const Job *job, int input, SandboxTake take, void *arg, Err *err)
{
    for (int i = 0; i < ATTEMPTS; i++) {
        bool lost = false;
        if (run_once(s, job, input, take, arg, &lost, err))
            return true;
        if (!lost || clock_mono_ns() >= job->deadline_ns)
            return false;
    }
    return false;
}

bool sandbox_job(Str type, Str filename, const Snapshot *input, unsigned timeout_ms,
                 uint64_t memory, Job *out, Err *err)
{
    Job job = {.magic = JOB_MAGIC, .memory = memory, .timeout_ms = timeout_ms,
        .deadline_ns = clock_mono_ns() + (uint64_t)timeout_ms * 1000000u,
        .input_size = input->size};
    if (type.len >= sizeof job.type)
        return err_set(err, ERR_UNSUPPORTED_MEDIA, "there is no reader with such a name");
    memcpy(job.type, type.ptr, type.len);
    Str name = filename.len < sizeof job.filename ? filename :
        str_sub(filename, filename.len - sizeof job.filename + 1, filename.len);
    if (name.len)
        memcpy(job.filename, name.ptr, name.len);
    *out = job;
    return true;
}

bool sandbox_run(Sandbox *s, Str type, Str filename, const Snapshot *input, Arena *a,
                 Extracted *out, Err *err)
{
    Job job;
    TakeText take = {s->max_text, a, out};
    if (!sandbox_job(type, filename, input, (unsigned)(s->timeout_ns / 1000000u), s->memory, &job,
                     err))
        return false;
    job.max_text = (uint32_t)s->max_text;
    return standing_run(s, &job, snapshot_str(input), a, out) ||
           sandbox_do(s, &job, input->fd, take_text, &take, err);
}
