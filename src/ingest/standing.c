/* standing.c - one confined child for many small texts.
 *
 *   size, name, bytes --socket--> child: read --socket--> size, frame      (again and again)
 *
 * A child a file costs a millisecond of processor time, most of it the kernel's for making and
 * ending a process: more than everything else together for a note of three lines. So texts of at
 * most JOB_STANDING_BYTES, valid UTF-8, of readers that say so (Reader.stays: our own code, no
 * library's), are read by a child that stays for STANDING_FILES files or STANDING_LIFE_NS. It is
 * confined as every other; between two files it waits in read(2).
 *
 * Whatever goes wrong here (a refusal, a crash, silence) only means that the file is read once more
 * in a child of its own: that one's answer counts. What is given up for the speed: a text that
 * took the child over could change what the texts after it in the same child seem to say (never
 * their originals).
 *
 * Threads: a child is used by one caller at a time; the list of idle ones is under the lock. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "ingest/sandbox_int.h"

#define STANDING_FILES 64
#define STANDING_LIFE_NS 5000000000u
#define ANSWER_MAX (JOB_STANDING_BYTES * 32)

static bool send_all(int fd, const void *data, size_t n)
{
    const char *at = data;
    while (n > 0) {
        ssize_t sent = send(fd, at, n, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        at += sent;
        n -= (size_t)sent;
    }
    return true;
}

static bool receive_all(int fd, uint64_t until_ns, void *data, size_t n)
{
    char *at = data;
    while (n > 0) {
        uint64_t now = clock_mono_ns();
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (now >= until_ns || poll(&p, 1, (int)((until_ns - now) / 1000000u) + 1) == 0)
            return false;
        ssize_t got = recv(fd, at, n, MSG_DONTWAIT);
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (got <= 0)
            return false;
        at += got;
        n -= (size_t)got;
    }
    return true;
}

static bool take_idle(Sandbox *s, const char *type, uint64_t now, Standing *out)
{
    bool found = false;
    (void)pthread_mutex_lock(&s->lock);
    for (unsigned i = s->n_standing; i-- > 0 && !found;) {
        Standing *child = &s->standing[i];
        if (strcmp(child->type, type) != 0)
            continue;
        found = child->life_until - STANDING_LIFE_NS / 5 > now;
        if (found)
            *out = *child;
        else
            (void)close(child->fd); /* it sees the end of its input and ends */
        *child = s->standing[--s->n_standing];
    }
    (void)pthread_mutex_unlock(&s->lock);
    return found;
}

static bool start(Sandbox *s, const Job *job, uint64_t now, Standing *out)
{
    int pair[2], status[2];
    Err err = ERR_INIT;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return false;
    if (pipe2(status, O_CLOEXEC) != 0) {
        (void)close(pair[0]);
        (void)close(pair[1]);
        return false;
    }
    Job standing = *job;
    unsigned generation;
    const int fds[JOB_FDS] = {pair[1], pair[1], status[1]};
    standing.stays = 1;
    standing.input_size = 0;
    standing.deadline_ns = now + STANDING_LIFE_NS;
    *out = (Standing){.fd = pair[0], .left = STANDING_FILES, .life_until = standing.deadline_ns};
    memcpy(out->type, job->type, sizeof out->type);
    struct timeval patience = {1, 0};
    bool ok = setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0 &&
              sandbox_send(s, &standing, fds, &generation, &err);
    (void)close(pair[1]);
    (void)close(status[0]); /* how it ends is of no interest: the zygote's word goes nowhere */
    (void)close(status[1]);
    if (!ok)
        (void)close(pair[0]);
    return ok;
}

static void put_back(Sandbox *s, Standing *child)
{
    (void)pthread_mutex_lock(&s->lock);
    bool room = s->n_standing < STANDING_MAX;
    if (room)
        s->standing[s->n_standing++] = *child;
    (void)pthread_mutex_unlock(&s->lock);
    if (!room)
        (void)close(child->fd);
}

static bool ask(const Sandbox *s, const Standing *child, const Job *job, Str input, Arena *a,
                Extracted *out)
{
    StandingAsk head = {.magic = JOB_MAGIC, .size = (uint32_t)input.len};
    StandingAnswer answer;
    Err err = ERR_INIT;
    memcpy(head.filename, job->filename, sizeof head.filename);
    uint64_t until = child->life_until < job->deadline_ns ? child->life_until : job->deadline_ns;
    if (!send_all(child->fd, &head, sizeof head) || !send_all(child->fd, input.ptr, input.len) ||
        !receive_all(child->fd, until, &answer, sizeof answer) || answer.magic != JOB_MAGIC ||
        answer.size > ANSWER_MAX)
        return false;
    char *frame = mem_alloc(answer.size);
    bool ok = frame && receive_all(child->fd, until, frame, answer.size) &&
              frame_parse(str_mem(frame, answer.size), s->max_text, a, out, &err) &&
              out->n_parts == 0;
    mem_free(frame);
    return ok;
}

bool standing_run(Sandbox *s, const Job *job, Str input, Arena *a, Extracted *out)
{
    const Reader *reader = reader_find(str_mem(job->type, strlen(job->type)));
    uint64_t now = clock_mono_ns();
    if (!reader || !reader->stays || input.len > JOB_STANDING_BYTES || !utf8_ok(input) ||
        s->timeout_ns < 2 * (uint64_t)STANDING_LIFE_NS)
        return false;
    Standing child;
    Extracted answer = {0};
    if (!take_idle(s, job->type, now, &child) && !start(s, job, now, &child))
        return false;
    bool ok = ask(s, &child, job, input, a, &answer);
    if (ok)
        *out = answer;
    if (ok && --child.left > 0)
        put_back(s, &child);
    else
        (void)close(child.fd);
    return ok;
}

void standing_end(Sandbox *s)
{
    for (unsigned i = 0; i < s->n_standing; i++)
        (void)close(s->standing[i].fd);
    s->n_standing = 0;
}
