#include "app/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

#define TICK_MS 100

/* This process's environment with `more` after it; later entries win in none of the programs run
 * here, so an entry of the same name is left out of the first part. */
static char **make_env(const char *const *more)
{
    size_t n = 0, m = 0, k = 0;
    while (environ[n])
        n++;
    while (more && more[m])
        m++;
    char **env = mem_array(n + m + 1, sizeof *env);
    if (!env)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        bool replaced = false;
        for (size_t j = 0; j < m; j++) {
            size_t name = strcspn(more[j], "=") + 1;
            replaced |= strncmp(environ[i], more[j], name) == 0;
        }
        if (!replaced)
            env[k++] = environ[i];
    }
    for (size_t j = 0; j < m; j++)
        env[k++] = (char *)more[j];
    return env;
}

static bool spawn(const ProcRun *run, int out, pid_t *pid, Err *err)
{
    posix_spawn_file_actions_t fa;
    posix_spawnattr_t attr;
    sigset_t defaults;
    char **env = make_env(run->env);
    if (!env)
        return err_set(err, ERR_NO_MEMORY, "no memory to run %s", run->argv[0]);
    posix_spawn_file_actions_init(&fa);
    posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&fa, out, 1);
    posix_spawn_file_actions_adddup2(&fa, out, 2);
    posix_spawnattr_init(&attr);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE); /* ignored here, and what is ignored would be inherited */
    posix_spawnattr_setsigdefault(&attr, &defaults);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
    int e = posix_spawnp(pid, run->argv[0], &fa, &attr, (char *const *)run->argv, env);
    posix_spawn_file_actions_destroy(&fa);
    posix_spawnattr_destroy(&attr);
    mem_free(env);
    if (e == ENOENT)
        return err_set(err, ERR_NOT_FOUND, "there is no program %s", run->argv[0]);
    return e == 0 || err_set_errno(err, ERR_IO, e, "cannot run %s", run->argv[0]);
}

/* Reads until the program closes its output or tick says stop; false: stop. */
static bool collect(const ProcRun *run, int fd, Buf *output)
{
    char block[4096];
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int n = poll(&p, 1, TICK_MS);
        if (run->tick && !run->tick(run->arg))
            return false;
        if (n <= 0)
            continue;
        ssize_t got = read(fd, block, sizeof block);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return true;
        if (output)
            buf_add_mem(output, block, (size_t)got); /* past the ceiling the rest is dropped */
    }
}

bool proc_run(const ProcRun *run, Buf *output, int *status, Err *err)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0)
        return err_set_errno(err, ERR_IO, errno, "cannot run %s", run->argv[0]);
    pid_t pid;
    if (!spawn(run, fds[1], &pid, err)) {
        close(fds[0]);
        close(fds[1]);
        return false;
    }
    close(fds[1]);
    bool finished = collect(run, fds[0], output);
    close(fds[0]);
    if (!finished)
        kill(pid, SIGTERM);
    int wait_status = 0;
    while (waitpid(pid, &wait_status, 0) < 0 && errno == EINTR)
        ;
    if (!finished)
        return err_set(err, ERR_CANCELLED, "%s was stopped", run->argv[0]);
    *status = WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
    return true;
}
