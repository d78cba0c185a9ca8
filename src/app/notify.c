#include "app/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/str.h"

#define FIRST_FD 3 /* sd_listen_fds(3) */

bool notify_send(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    if (!path || (path[0] != '/' && path[0] != '@') || !path[1])
        return true;
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    size_t n = strlen(path);
    if (n >= sizeof addr.sun_path)
        return false;
    memcpy(addr.sun_path, path, n);
    if (path[0] == '@')
        addr.sun_path[0] = '\0'; /* the abstract name space */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    ssize_t sent = sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&addr, len);
    close(fd);
    return sent == (ssize_t)strlen(state);
}

static bool env_is_me(const char *name)
{
    uint64_t pid = 0;
    const char *text = getenv(name);
    return text && str_to_u64(str_of(text), &pid) && pid == (uint64_t)getpid();
}

uint32_t notify_watchdog_ms(void)
{
    uint64_t usec = 0;
    const char *text = getenv("WATCHDOG_USEC");
    if (!text || !str_to_u64(str_of(text), &usec) ||
        (getenv("WATCHDOG_PID") && !env_is_me("WATCHDOG_PID")))
        return 0;
    uint64_t ms = usec / 2000;
    return ms > 3600000 ? 3600000 : (uint32_t)ms;
}

int notify_listen_fd(void)
{
    uint64_t n = 0;
    const char *text = getenv("LISTEN_FDS");
    if (!text || !env_is_me("LISTEN_PID") || !str_to_u64(str_of(text), &n) || n == 0)
        return 0;
    int on = 0;
    socklen_t len = sizeof on;
    bool listening = getsockopt(FIRST_FD, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) == 0 && on;
    return listening ? FIRST_FD : 0;
}
