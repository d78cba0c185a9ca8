/* load.c - the load generator: what its modes share.
 *
 *   sotto_load ws     --port P [--pid N] --seconds S --active 1000 --idle 10000 --rate 200
 *                     --pings 1000 --queries FILE
 *   sotto_load http   --port P --seconds S --actor NAME:PACE_MS:FILE ...
 *   sotto_load attack --port P --pid N --seconds S --kinds a,b,... --attackers 500
 *
 * Prints one JSON object. tests/load/server.py and attack.py start the server and judge. */
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

void hist_add(Hist *h, uint64_t us)
{
    unsigned shift = 0;
    uint64_t v = us;
    while (v >= 2 * HIST_STEPS) {
        v >>= 1;
        shift++;
    }
    size_t slot = shift ? (size_t)shift * HIST_STEPS + (size_t)v : (size_t)v;
    if (slot >= HIST_SLOTS)
        slot = HIST_SLOTS - 1;
    h->slots[slot]++;
    h->n++;
    if (us > h->max_us)
        h->max_us = us;
}

void hist_merge(Hist *into, const Hist *h)
{
    for (size_t i = 0; i < HIST_SLOTS; i++)
        into->slots[i] += h->slots[i];
    into->n += h->n;
    if (h->max_us > into->max_us)
        into->max_us = h->max_us;
}

double hist_ms(const Hist *h, double quantile)
{
    uint64_t want = (uint64_t)((double)h->n * quantile), seen = 0;
    for (size_t i = 0; i < HIST_SLOTS && h->n; i++) {
        seen += h->slots[i];
        if (seen <= want && seen < h->n)
            continue;
        size_t shift = i < 2 * HIST_STEPS ? 0 : i / HIST_STEPS - 1;
        size_t v = shift ? i - shift * HIST_STEPS : i;
        double us = (double)((v + 1) << shift);
        return (us > (double)h->max_us ? (double)h->max_us : us) / 1e3;
    }
    return 0;
}

uint64_t load_now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

void load_fail(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fprintf(stderr, "sotto_load: ");
    vfprintf(stderr, fmt, args);
    fprintf(stderr, "\n");
    va_end(args);
    exit(1);
}

void load_raise_files(void)
{
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

const char *load_option(int argc, char **argv, const char *name, const char *def)
{
    for (int i = 0; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return argv[i + 1];
    return def;
}

double load_number(int argc, char **argv, const char *name, double def)
{
    const char *text = load_option(argc, argv, name, NULL);
    return text ? strtod(text, NULL) : def;
}

int load_connect(unsigned port, unsigned from)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct sockaddr_in me = {.sin_family = AF_INET};
    me.sin_addr.s_addr = htonl(0x7f000000u + from);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    if (fd < 0)
        return -1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    if ((from > 1 && bind(fd, (struct sockaddr *)&me, sizeof me) != 0) ||
        connect(fd, (struct sockaddr *)&a, sizeof a) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

void load_nonblocking(int fd)
{
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

int load_websocket(unsigned port, unsigned from)
{
    char text[1024];
    int fd = load_connect(port, from);
    if (fd < 0)
        return -1;
    struct timeval wait = {.tv_sec = 10};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    int n = snprintf(text, sizeof text, "GET /ws HTTP/1.1\r\nHost: localhost:%u\r\n"
                     "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", port);
    ssize_t got = send(fd, text, (size_t)n, MSG_NOSIGNAL);
    got = got == n ? recv(fd, text, sizeof text, 0) : -1;
    if (got <= 12 || strncmp(text, "HTTP/1.1 101", 12) != 0) {
        close(fd);
        return -1;
    }
    load_nonblocking(fd);
    return fd;
}

size_t load_frame(unsigned char first, const void *payload, size_t len, unsigned char *out)
{
    static const unsigned char mask[4] = {0x5a, 0x17, 0xc3, 0x99};
    const unsigned char *p = payload;
    size_t n = 0;
    out[n++] = first;
    int bytes = len < 126 ? 0 : len < 65536 ? 2 : 8;
    out[n++] = (unsigned char)(0x80 | (bytes == 0 ? len : bytes == 2 ? 126u : 127u));
    for (int i = bytes - 1; i >= 0; i--)
        out[n++] = (unsigned char)(len >> (8 * i));
    memcpy(out + n, mask, 4);
    n += 4;
    for (size_t i = 0; i < len; i++)
        out[n + i] = p[i] ^ mask[i & 3];
    return n + len;
}

bool load_send(int fd, const void *data, size_t n)
{
    return send(fd, data, n, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)n;
}

bool proc_look(int pid, ProcState *out)
{
    char path[64], line[512];
    *out = (ProcState){0};
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *f = fopen(path, "r");
    if (!f)
        return false;
    while (fgets(line, sizeof line, f)) {
        sscanf(line, "RssAnon: %lf", &out->rss_anon);
        sscanf(line, "VmRSS: %lf", &out->rss);
    }
    fclose(f);
    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d));)
        out->fds += e->d_name[0] != '.';
    if (d)
        closedir(d);
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    f = fopen(path, "r");
    unsigned long user = 0, system = 0;
    if (f && fgets(line, sizeof line, f) && strrchr(line, ')'))
        sscanf(strrchr(line, ')') + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
               &user, &system);
    if (f)
        fclose(f);
    out->cpu_s = (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
    return true;
}

char **load_lines(const char *path, size_t *n)
{
    FILE *f = fopen(path, "r");
    char **lines = NULL, *line = NULL;
    size_t cap = 0, room = 0;
    ssize_t got;
    *n = 0;
    if (!f)
        load_fail("%s cannot be read", path);
    while ((got = getline(&line, &room, f)) > 0) {
        if (line[got - 1] == '\n')
            line[--got] = '\0';
        if (!got)
            continue;
        if (*n == cap)
            lines = realloc(lines, (cap = cap ? cap * 2 : 256) * sizeof *lines);
        if (!lines || !(lines[(*n)++] = strdup(line)))
            load_fail("no memory");
    }
    free(line);
    fclose(f);
    if (*n == 0)
        load_fail("%s is empty", path);
    return lines;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    load_raise_files();
    const char *mode = argc > 1 ? argv[1] : "";
    if (strcmp(mode, "ws") == 0)
        return load_ws_main(argc, argv);
    if (strcmp(mode, "http") == 0)
        return load_http_main(argc, argv);
    if (strcmp(mode, "attack") == 0)
        return load_attack_main(argc, argv);
    load_fail("modes are ws, http and attack");
}
