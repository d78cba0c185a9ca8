#include "assistant/desktop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/os.h"

#define RUNNING_MAX 8
#define SHOW_SECONDS 5
#define PROGRAM "notify-send"

typedef struct {
    pid_t pid;
    Uuid id;
    uint64_t started_ns;
    bool killed;
} Child;

struct Desktop {
    char path[4096];
    Child children[RUNNING_MAX];
    size_t n;
};

/* The first NAME in $PATH that may be run. */
static bool find_program(char out[4096])
{
    const char *path = getenv("PATH");
    Str rest = str_of(path ? path : "/usr/bin:/bin"), dir;
    while (str_next(&rest, ':', &dir)) {
        int n = snprintf(out, 4096, STR_FMT "/" PROGRAM, STR_ARG(dir));
        if (dir.len && dir.ptr[0] == '/' && n > 0 && n < 4096 && access(out, X_OK) == 0)
            return true;
    }
    return false;
}

/* Where the session's bus is: named, or at its usual place. */
static bool has_session(void)
{
    const char *bus = getenv("DBUS_SESSION_BUS_ADDRESS"), *run = getenv("XDG_RUNTIME_DIR");
    char path[4096];
    if (bus && *bus)
        return true;
    return run && *run == '/' && snprintf(path, sizeof path, "%s/bus", run) < (int)sizeof path
        && os_exists(path);
}

Desktop *desktop_open(Err *err)
{
    Desktop *d = mem_zalloc(sizeof *d);
    if (!d)
        err_set(err, ERR_NO_MEMORY, "no memory for desktop notifications");
    else if (!has_session())
        err_set(err, ERR_UNAVAILABLE, "there is no desktop session here (no session bus)");
    else if (!find_program(d->path))
        err_set(err, ERR_UNAVAILABLE, "%s is not installed (Debian package libnotify-bin)",
            PROGRAM);
    else
        return d;
    mem_free(d);
    return NULL;
}

void desktop_close(Desktop *d)
{
    if (!d)
        return;
    for (size_t i = 0; i < d->n; i++) {
        (void)kill(d->children[i].pid, SIGKILL);
        while (waitpid(d->children[i].pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    mem_free(d);
}

/* The body of a notification is marked up. */
static void add_escaped(Buf *out, Str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '&')
            buf_add_c(out, "&amp;");
        else if (s.ptr[i] == '<')
            buf_add_c(out, "&lt;");
        else if (s.ptr[i] == '>')
            buf_add_c(out, "&gt;");
        else
            buf_add_char(out, s.ptr[i]);
    }
}

static int spawn(const Desktop *d, char *const argv[], pid_t *pid)
{
    posix_spawnattr_t attr;
    posix_spawn_file_actions_t files;
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigmask(&attr, &none); /* our threads block every signal */
    posix_spawn_file_actions_init(&files);
    for (int fd = 0; fd < 3; fd++)
        posix_spawn_file_actions_addopen(&files, fd, "/dev/null", fd ? O_WRONLY : O_RDONLY, 0);
    int rc = posix_spawn(pid, d->path, &files, &attr, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    return rc;
}

bool desktop_show(Desktop *d, const Uuid *id, Str title, Str body, bool urgent, Err *err)
{
    if (d->n == RUNNING_MAX)
        return err_set(err, ERR_UNAVAILABLE, "%d notifications are on their way already",
            RUNNING_MAX);
    char text[UUID_TEXT], tag[80], stack[80];
    Buf head, words;
    uuid_format(id, text);
    (void)snprintf(tag, sizeof tag, "string:x-canonical-private-synchronous:%s", text);
    (void)snprintf(stack, sizeof stack, "string:x-dunst-stack-tag:%s", text);
    buf_init(&head, 8192);
    buf_init(&words, 16384);
    buf_add(&head, title);
    add_escaped(&words, body);
    if (!words.len)
        buf_add_c(&words, "now");
    bool ok = buf_check(&head, "a notification", err) && buf_check(&words, "a notification", err);
    pid_t pid;
    if (ok) {
        char *argv[] = {(char *)PROGRAM, (char *)"-a", (char *)"Sotto", (char *)"-u",
            (char *)(urgent ? "critical" : "normal"), (char *)"-h", tag, (char *)"-h", stack,
            (char *)"--", head.ptr, words.ptr, NULL};
        int rc = spawn(d, argv, &pid);
        ok = rc == 0 || err_set_errno(err, ERR_UNAVAILABLE, rc, "starting %s", d->path);
    }
    if (ok)
        d->children[d->n++] = (Child){.pid = pid, .id = *id, .started_ns = clock_mono_ns()};
    buf_release(&head);
    buf_release(&words);
    return ok;
}

size_t desktop_reap(Desktop *d, Uuid *ids, bool *failed, size_t max)
{
    size_t done = 0;
    for (size_t i = 0; i < d->n && done < max;) {
        Child *c = &d->children[i];
        int status = 0;
        pid_t got = waitpid(c->pid, &status, WNOHANG);
        if (got == 0) {
            if (!c->killed && clock_seconds_since(c->started_ns) > SHOW_SECONDS) {
                (void)kill(c->pid, SIGKILL);
                c->killed = true;
            }
            i++;
            continue;
        }
        ids[done] = c->id;
        failed[done++] = got < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0;
        *c = d->children[--d->n];
    }
    return done;
}

size_t desktop_running(const Desktop *d)
{
    return d->n;
}
