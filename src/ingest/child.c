/* child.c - the zygote and its children: everything that runs outside the server's process. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/os.h"
#include "ingest/confine.h"
#include "ingest/job.h"
#include "ingest/sandbox.h"
#include "ingest/sound_frame.h"

#define MAX_JOBS 64
#define IDLE_MS 60000
#define LOOK_MS 1000 /* while files are read: so late is found what no signal led to */
#define KILL_AFTER_NS 30000000u /* the child's own alarm comes first */

typedef struct {
    pid_t pid; /* 0: the place is free */
    int fds[JOB_FDS];
    bool again, killed;
    Job job;
} Running;

typedef struct {
    Running jobs[MAX_JOBS];
    unsigned n;
    const Reader *extra;
    const Reader *loaded[32]; /* readers whose libraries are in */
    bool language; /* its library was asked for */
    int signals;
} Zygote;

/* ---- the child ----------------------------------------------------------------------------- */

/* Puts input and output at 3 and 4 and closes everything else above the standard three. */
static bool tidy_descriptors(int input, int output)
{
    int in = fcntl(input, F_DUPFD, 16), out = fcntl(output, F_DUPFD, 16);
    return in >= 0 && out >= 0 && dup2(in, 3) == 3 && dup2(out, 4) == 4 &&
           close_range(5, ~0u, 0) == 0;
}

static bool confine(const Reader *reader, const Job *job, Err *err)
{
    ConfineLimits limits = {.memory = job->memory, .deadline_ns = job->deadline_ns,
        .max_output = reader->sound ? sound_answer_max(job->rate_hz, job->max_seconds) :
            (uint64_t)job->max_text + (uint64_t)EXTRACT_MAX_MARKS * 32 + 65536 +
            (reader->has_parts ? EXTRACT_MAX_PART_BYTES + EXTRACT_MAX_PARTS * (uint64_t)4096 : 0),
        .readable = reader->readable};
    return confine_child(&limits, err);
}

static bool read_all(int fd, void *data, size_t size)
{
    for (char *at = data; size > 0;) {
        ssize_t n = read(fd, at, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

/* One file after another; whatever is not plain success ends it, and its file is read elsewhere. */
_Noreturn static void run_standing(const Reader *reader, const Job *job)
{
    static char data[JOB_STANDING_BYTES];
    Err err = ERR_INIT;
    StandingAsk ask;
    if (!confine(reader, job, &err))
        _exit(JOB_EXIT_FAILED);
    while (read_all(3, &ask, sizeof ask)) {
        ExtractOut out;
        Buf frame;
        extract_init(&out, job->max_text);
        buf_init(&frame, SIZE_MAX);
        ask.filename[sizeof ask.filename - 1] = '\0';
        if (ask.magic != JOB_MAGIC || ask.size > sizeof data || !read_all(3, data, ask.size) ||
            !reader->read(str_mem(data, ask.size), str_of(ask.filename), &out, &err) ||
            !extract_check(&out, &err))
            _exit(JOB_EXIT_FAILED);
        language_set(&out);
        StandingAnswer answer = {.magic = JOB_MAGIC};
        if (!frame_write(&frame, &out, NULL) || frame.len > UINT32_MAX)
            _exit(JOB_EXIT_OUTPUT);
        answer.size = (uint32_t)frame.len;
        if (!os_write_all(4, &answer, sizeof answer) ||
            !os_write_all(4, frame.ptr, frame.len))
            _exit(JOB_EXIT_FAILED);
        extract_release(&out);
        buf_release(&frame);
    }
    _exit(0);
}

_Noreturn static void run_child(const Reader *reader, const Job *job, int input, int output)
{
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    const void *data = "";
    Err err = ERR_INIT;
    Buf frame;
    ExtractOut out;
    buf_init(&frame, SIZE_MAX);
    extract_init(&out, job->max_text);
    if (!tidy_descriptors(input, output))
        _exit(JOB_EXIT_FAILED);
    if (job->stays)
        run_standing(reader, job);
    if (job->input_size)
        data = mmap(NULL, job->input_size, PROT_READ, MAP_PRIVATE, 3, 0);
    extract_deadline(job->deadline_ns);
    bool ok = data != MAP_FAILED && confine(reader, job, &err);
    if (ok && reader->sound)
        _exit(sound_answer(reader, str_mem(data, job->input_size), str_of(job->filename),
                           job->rate_hz, job->max_seconds, 4) ? 0 : JOB_EXIT_OUTPUT);
    if (!ok) {
        if (err.code == ERR_NONE)
            (void)err_set(&err, ERR_UNAVAILABLE, "the confined reader cannot map its input");
    } else {
        ok = reader->read(str_mem(data, job->input_size), str_of(job->filename), &out, &err) &&
             extract_check(&out, &err);
        if (ok)
            language_set(&out);
        if (!ok && charset_wanted())
            _exit(JOB_EXIT_CHARSET);
        if (!ok && picture_wanted())
            _exit(JOB_EXIT_PICTURES);
        if (!ok && err.code == ERR_NO_MEMORY) /* the child's ceiling, not the machine's */
            (void)err_set(&err, ERR_TOO_LARGE,
                          "reading the file takes more than %llu MiB of memory",
                          (unsigned long long)(job->memory >> 20));
    }
    if (!frame_write(&frame, ok ? &out : NULL, ok ? NULL : &err))
        _exit(JOB_EXIT_OUTPUT);
    bool written = os_write_all(4, frame.ptr, frame.len);
    for (size_t i = 0; ok && written && i < out.n_parts; i++)
        written = os_write_all(4, out.parts[i].bytes.ptr, out.parts[i].bytes.len);
    _exit(written ? 0 : JOB_EXIT_FAILED);
}

/* ---- the zygote ---------------------------------------------------------------------------- */

static void answer(Running *r, const JobStatus *status)
{
    /* A new pipe takes this much without blocking; a server that left makes it EPIPE. */
    ssize_t n = write(r->fds[2], status, sizeof *status);
    (void)n;
    for (size_t i = 0; i < JOB_FDS; i++)
        (void)close(r->fds[i]);
    r->pid = 0;
}

static void refuse(Running *r, const Err *err)
{
    JobStatus s = {.magic = JOB_MAGIC, .outcome = JOB_NOT_STARTED, .err = *err};
    answer(r, &s);
}

static const Reader *find_reader(const Zygote *z, const char *type)
{
    if (z->extra && strcmp(z->extra->type, type) == 0)
        return z->extra;
    return reader_find(str_of(type));
}

/* Loads a reader's libraries once. */
static bool preload(Zygote *z, const Reader *reader, Err *err)
{
    size_t i = 0;
    const size_t room = sizeof z->loaded / sizeof *z->loaded;
    for (; i < room && z->loaded[i]; i++)
        if (z->loaded[i] == reader)
            return true;
    if (reader->preload && !reader->preload(err))
        return false;
    /* Without it a document's language is what its file says: no reason to refuse the file. */
    if (!z->language && !reader->sound)
        z->language = language_preload(NULL) || true;
    if (i < room)
        z->loaded[i] = reader;
    return true;
}

static void start(Zygote *z, Running *r)
{
    Err err = ERR_INIT;
    const Reader *reader = find_reader(z, r->job.type);
    if (!reader) {
        (void)err_set(&err, ERR_UNSUPPORTED_MEDIA, "there is no reader named %s", r->job.type);
        refuse(r, &err);
        return;
    }
    if (!preload(z, reader, &err)) {
        refuse(r, &err);
        return;
    }
    pid_t me = getpid(), pid = fork();
    if (pid == 0) {
        if (getppid() != me)
            _exit(JOB_EXIT_FAILED);
        run_child(reader, &r->job, r->fds[0], r->fds[1]);
    }
    if (pid < 0) {
        (void)err_set_errno(&err, ERR_UNAVAILABLE, errno, "cannot start a confined reader");
        refuse(r, &err);
        return;
    }
    r->pid = pid;
}

static Running *free_place(Zygote *z)
{
    for (size_t i = 0; i < MAX_JOBS; i++)
        if (z->jobs[i].pid == 0)
            return &z->jobs[i];
    return NULL;
}

/* Takes one job from the control socket; false when the server is gone. */
static bool take_job(Zygote *z)
{
    Job job;
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(int) * JOB_FDS)];
    } control;
    struct iovec part = {&job, sizeof job};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.room,
        .msg_controllen = sizeof control.room};
    ssize_t n = recvmsg(JOB_CONTROL_FD, &message, MSG_CMSG_CLOEXEC);
    if (n < 0)
        return errno == EINTR || errno == EAGAIN;
    if (n == 0)
        return false;
    Running stray = {.pid = 0, .fds = {-1, -1, -1}}, *r = free_place(z);
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    bool whole = head && head->cmsg_type == SCM_RIGHTS &&
                 head->cmsg_len == CMSG_LEN(sizeof(int) * JOB_FDS);
    r = r && whole ? r : &stray;
    *r = (Running){.job = job};
    if (!whole)
        return true;
    memcpy(r->fds, CMSG_DATA(head), sizeof r->fds);
    Err err = ERR_INIT;
    if (n != sizeof job || job.magic != JOB_MAGIC)
        (void)err_set(&err, ERR_UNAVAILABLE, "the program file was replaced: restart the server");
    else if (r == &stray)
        (void)err_set(&err, ERR_UNAVAILABLE, "%d files are being read already: try again",
                      MAX_JOBS);
    if (err.code != ERR_NONE) {
        refuse(r, &err);
        return true;
    }
    r->job.type[sizeof r->job.type - 1] = r->job.filename[sizeof r->job.filename - 1] = '\0';
    start(z, r);
    return true;
}

static void reap(Zygote *z)
{
    struct rusage use;
    int status;
    pid_t pid;
    while ((pid = wait4(-1, &status, WNOHANG, &use)) > 0) {
        Running *r = NULL;
        for (size_t i = 0; i < MAX_JOBS; i++)
            if (z->jobs[i].pid == pid)
                r = &z->jobs[i];
        if (!r)
            continue;
        Err err = ERR_INIT;
        int wants = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
        if (wants == JOB_EXIT_PICTURES && picture_reading() == PICTURES_UNTRIED) {
            r->pid = 0;
            picture_preload(); /* where there is none, the child reads what it can without */
            start(z, r);
            continue;
        }
        if (wants == JOB_EXIT_CHARSET && !r->again) {
            r->again = true;
            r->pid = 0;
            if (charset_preload(&err))
                start(z, r);
            else
                refuse(r, &err);
            continue;
        }
        bool late = r->killed || (WIFSIGNALED(status) &&
                                  (WTERMSIG(status) == SIGALRM || WTERMSIG(status) == SIGXCPU));
        JobStatus s = {.magic = JOB_MAGIC, .peak_bytes = (uint64_t)use.ru_maxrss * 1024};
        s.outcome = late ? JOB_TIMED_OUT : WIFEXITED(status) ? JOB_ENDED : JOB_KILLED;
        s.number = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
        answer(r, &s);
    }
}

/* Kills children whose own alarm did not; milliseconds until the next deadline. */
static int watch_deadlines(Zygote *z, bool *idle)
{
    uint64_t now = clock_mono_ns(), next = UINT64_MAX;
    for (size_t i = 0; i < MAX_JOBS; i++) {
        Running *r = &z->jobs[i];
        if (r->pid == 0)
            continue;
        uint64_t at = r->job.deadline_ns + KILL_AFTER_NS;
        if (at <= now) {
            r->killed = true;
            (void)kill(r->pid, SIGKILL);
            at = now + KILL_AFTER_NS;
        }
        next = at < next ? at : next;
    }
    *idle = next == UINT64_MAX;
    if (*idle)
        return IDLE_MS;
    uint64_t ms = (next - now) / 1000000u + 1;
    return ms < LOOK_MS ? (int)ms : LOOK_MS;
}

int extract_child_main_with(int argc, char **argv, const Reader *extra)
{
    static Zygote z;
    sigset_t watched;
    (void)argc;
    (void)argv;
    (void)close_range(JOB_CONTROL_FD + 1, ~0u, 0);
    confine_zygote();
    z.extra = extra;
    (void)sigemptyset(&watched);
    (void)sigaddset(&watched, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &watched, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    z.signals = signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
    if (z.signals < 0)
        return 1;
    for (;;) {
        bool idle;
        int wait_ms = watch_deadlines(&z, &idle);
        struct pollfd polled[] = {{.fd = JOB_CONTROL_FD, .events = POLLIN},
            {.fd = z.signals, .events = POLLIN}};
        int n = poll(polled, 2, wait_ms);
        if (n == 0 && idle)
            return 0;
        if (polled[1].revents) {
            struct signalfd_siginfo info;
            while (read(z.signals, &info, sizeof info) > 0) {
            }
        }
        /* Also without a signal: one that was heard may not have led to a child. */
        if (!idle || polled[1].revents)
            reap(&z);
        if (n > 0 && polled[0].revents && !take_job(&z))
            return 0;
    }
}

int extract_child_main(int argc, char **argv)
{
    return extract_child_main_with(argc, argv, NULL);
}
