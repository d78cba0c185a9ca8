/* notify.h - tells systemd how the server is: datagrams to $NOTIFY_SOCKET. Without it, nothing.
 * Threads: safe. */
#ifndef SOTTO_APP_NOTIFY_H
#define SOTTO_APP_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/* "READY=1", "STOPPING=1", "WATCHDOG=1". False when there is a socket and it cannot be reached. */
bool notify_send(const char *state);
/* Milliseconds between two WATCHDOG=1, half of what systemd allows; 0: it does not ask. */
uint32_t notify_watchdog_ms(void);
/* A listening socket that systemd made for us (LISTEN_FDS), or 0. */
int notify_listen_fd(void);

#endif
