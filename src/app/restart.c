#include "app/restart.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FIRST_FD 3 /* sd_listen_fds(3) */
#define ARGS_MAX 256
#define ARGS_BYTES 65536

static char path[PATH_MAX];
static char text[ARGS_BYTES];
static char *args[ARGS_MAX + 1];

bool restart_note(Err *err)
{
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    size_t len = 0;
    ssize_t got = fd < 0 ? -1 : 1;
    while (got > 0 && len < sizeof text - 1) {
        got = read(fd, text + len, sizeof text - 1 - len);
        len += got > 0 ? (size_t)got : 0;
    }
    int why = errno;
    if (fd >= 0)
        close(fd);
    if (n <= 0 || got < 0)
        return err_set_errno(err, ERR_IO, why, "cannot tell how the program was started");
    path[n] = '\0';
    size_t count = 0;
    for (size_t at = 0; at < len && count < ARGS_MAX; at += strlen(text + at) + 1)
        args[count++] = text + at;
    args[count] = NULL;
    return got == 0 || err_set(err, ERR_TOO_LARGE, "the command line is too long to be kept");
}

bool restart_exec(int fd, Err *err)
{
    char pid[24];
    sigset_t none;
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    bool ok = args[0] && setenv("LISTEN_FDS", "1", 1) == 0 && setenv("LISTEN_PID", pid, 1) == 0;
    if (ok && fd == FIRST_FD)
        ok = fcntl(fd, F_SETFD, 0) == 0;
    else if (ok)
        ok = dup2(fd, FIRST_FD) == FIRST_FD; /* without close-on-exec */
    if (ok) {
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        execv(path, args);
    }
    return err_set_errno(err, ERR_UNAVAILABLE, errno, "%s cannot be started again", path);
}
