/* listen.h - the listening socket. Threads: plain calls into the kernel. */
#ifndef SOTTO_NET_LISTEN_H
#define SOTTO_NET_LISTEN_H

#include "base/str.h"

/* Binds host:port (0: a free one) and listens, or takes over `given` when it is > 0. Non-blocking,
 * close-on-exec. Returns the descriptor and the port, or -1: ERR_VALIDATION, ERR_CONFLICT,
 * ERR_IO. */
int listen_open(const char *host, uint16_t port, int given, uint16_t *actual, Err *err);
/* The next connection, non-blocking, without Nagle's delay; its address as text. -1 with errno. */
int listen_accept(int fd, char peer[46], uint16_t *port);

#endif
