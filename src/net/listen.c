/* listen.c - see listen.h. */
#include "net/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 4096

typedef union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_storage room;
} Address;

static bool parse_address(const char *host, uint16_t port, Address *a, socklen_t *len, Err *err)
{
    memset(a, 0, sizeof *a);
    if (!host || !*host || strcmp(host, "localhost") == 0)
        host = "127.0.0.1";
    if (inet_pton(AF_INET, host, &a->v4.sin_addr) == 1) {
        a->v4.sin_family = AF_INET;
        a->v4.sin_port = htons(port);
        *len = sizeof a->v4;
        return true;
    }
    if (inet_pton(AF_INET6, host, &a->v6.sin6_addr) == 1) {
        a->v6.sin6_family = AF_INET6;
        a->v6.sin6_port = htons(port);
        *len = sizeof a->v6;
        return true;
    }
    return err_set(err, ERR_VALIDATION,
                   "cannot listen on \"%s\": give an address such as 127.0.0.1 or ::1", host);
}

static uint16_t port_of(const Address *a)
{
    if (a->any.sa_family == AF_INET)
        return ntohs(a->v4.sin_port);
    return a->any.sa_family == AF_INET6 ? ntohs(a->v6.sin6_port) : 0;
}

static int fail(int fd, const char *host, uint16_t port, Err *err)
{
    int why = errno;
    if (fd >= 0)
        close(fd);
    if (why == EADDRINUSE)
        err_set(err, ERR_CONFLICT, "%s:%u is in use by another program; choose another port",
                host, port);
    else
        err_set_errno(err, why == EACCES || why == EADDRNOTAVAIL ? ERR_VALIDATION : ERR_IO, why,
                      "cannot listen on %s:%u", host, port);
    return -1;
}

static int take_over(int given, uint16_t *actual, Err *err)
{
    Address a = {.any = {0}};
    socklen_t len = sizeof a;
    int listening = 0;
    socklen_t size = sizeof listening;
    if (getsockopt(given, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || !listening ||
        getsockname(given, &a.any, &len) != 0) {
        err_set(err, ERR_VALIDATION, "descriptor %d is no listening socket", given);
        return -1;
    }
    fcntl(given, F_SETFD, FD_CLOEXEC);
    fcntl(given, F_SETFL, fcntl(given, F_GETFL) | O_NONBLOCK);
    *actual = port_of(&a);
    return given;
}

int listen_open(const char *host, uint16_t port, int given, uint16_t *actual, Err *err)
{
    if (given > 0)
        return take_over(given, actual, err);
    Address a = {.any = {0}};
    socklen_t len;
    if (!parse_address(host, port, &a, &len, err))
        return -1;
    if (!host || !*host)
        host = "127.0.0.1";
    int fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return fail(fd, host, port, err);
    int one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, &a.any, len) != 0 || listen(fd, BACKLOG) != 0)
        return fail(fd, host, port, err);
    len = sizeof a;
    if (getsockname(fd, &a.any, &len) != 0)
        return fail(fd, host, port, err);
    *actual = port_of(&a);
    return fd;
}

int listen_accept(int fd, char peer[46], uint16_t *port)
{
    Address a = {.any = {0}};
    int conn;
    do {
        socklen_t len = sizeof a;
        conn = accept4(fd, &a.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    } while (conn < 0 && (errno == EINTR || errno == ECONNABORTED));
    if (conn < 0)
        return -1;
    int one = 1;
    setsockopt(conn, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    *port = port_of(&a);
    const char *text = NULL;
    if (a.any.sa_family == AF_INET)
        text = inet_ntop(AF_INET, &a.v4.sin_addr, peer, 46);
    else if (a.any.sa_family == AF_INET6)
        text = inet_ntop(AF_INET6, &a.v6.sin6_addr, peer, 46);
    if (!text)
        memcpy(peer, "unix", 5);
    return conn;
}
