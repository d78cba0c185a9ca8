/* load.h - what the load generator's parts share: latencies, sockets, frames, the server's /proc.
 *
 * Latencies are counted from when a message was due, not from when it was sent: a generator that
 * waits for a slow server would else leave out exactly the waits that matter ("coordinated
 * omission", Gil Tene). Threads: none is shared unless it says so. */
#ifndef SOTTO_TESTS_LOAD_H
#define SOTTO_TESTS_LOAD_H

#include <stdio.h>

#include "base/str.h"

/* Microseconds; 128 steps of each power of two: better than 1% everywhere. */
#define HIST_STEPS 128
#define HIST_SLOTS (HIST_STEPS * 26)
typedef struct {
    uint64_t n, max_us;
    uint32_t slots[HIST_SLOTS];
} Hist;
void hist_add(Hist *h, uint64_t us);
void hist_merge(Hist *into, const Hist *h);
double hist_ms(const Hist *h, double quantile); /* 0 when empty */

uint64_t load_now_us(void);
_Noreturn void load_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void load_raise_files(void);
/* --name VALUE of the command line; `def` when it is not there. */
const char *load_option(int argc, char **argv, const char *name, const char *def);
double load_number(int argc, char **argv, const char *name, double def);

/* A connected TCP socket on loopback, -1 when refused; from 127.0.0.`from` (1 to 254). */
int load_connect(unsigned port, unsigned from);
void load_nonblocking(int fd);
/* Connects and opens /ws; -1 when it is refused. The socket is non-blocking afterwards. */
int load_websocket(unsigned port, unsigned from);
/* A masked frame into out (room for len + 14); its length. */
size_t load_frame(unsigned char first, const void *payload, size_t len, unsigned char *out);
/* Writes all of a small message to a socket with room; false when it does not fit or it is over. */
bool load_send(int fd, const void *data, size_t n);

typedef struct {
    double rss_anon, rss; /* KiB */
    unsigned fds;
    double cpu_s;
} ProcState;
bool proc_look(int pid, ProcState *out);

/* Lines of a file; ends the program when there are none. */
char **load_lines(const char *path, size_t *n);

int load_ws_main(int argc, char **argv);     /* load_ws.c */
int load_http_main(int argc, char **argv);   /* load_http.c */
int load_attack_main(int argc, char **argv); /* load_attack.c */

#endif
