/* load_http.c - people at work: each actor is a thread with one connection that sends the requests
 * of a file, one line each (METHOD TARGET [CONTENT-TYPE BODY or @FILE]), at its own pace.
 *
 * A request is due PACE ms after the one before was due; with pace 0 it follows the answer. Latency
 * is counted from when it was due. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

typedef struct {
    char *method, *target, *type;
    char *body;
    size_t body_len;
} Request;

typedef struct {
    pthread_t thread;
    char name[64];
    double pace_ms;
    Request *requests;
    size_t n;
    unsigned port;
    uint64_t end_us, phase_us;
    Hist took;
    uint64_t sent, failed;
    int last_status;
} Actor;

static char *read_body(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        load_fail("%s cannot be read", path);
    fseek(f, 0, SEEK_END);
    long size = ftell(f);
    rewind(f);
    char *p = malloc((size_t)size + 1);
    if (!p || fread(p, 1, (size_t)size, f) != (size_t)size)
        load_fail("%s cannot be read", path);
    fclose(f);
    *len = (size_t)size;
    return p;
}

static Request parse(char *line)
{
    Request r = {.method = strsep(&line, " "), .target = strsep(&line, " ")};
    if (!r.target)
        load_fail("a request is METHOD TARGET [TYPE BODY]");
    if (line && *line) {
        r.type = strsep(&line, " ");
        r.body = line && *line == '@' ? read_body(line + 1, &r.body_len) : line;
        if (r.body == line && line)
            r.body_len = strlen(line);
    }
    return r;
}

static bool send_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t w = send(fd, p, n, MSG_NOSIGNAL);
        if (w < 0 && errno == EINTR)
            continue;
        if (w <= 0)
            return false;
        p += w;
        n -= (size_t)w;
    }
    return true;
}

/* The status of the whole answer; 0 when the connection broke. Answers have a Content-Length. */
static int receive(int fd)
{
    char head[16384];
    size_t have = 0, left = 0;
    char *end = NULL;
    while (!end && have < sizeof head - 1) {
        ssize_t n = recv(fd, head + have, sizeof head - 1 - have, 0);
        if (n <= 0)
            return 0;
        have += (size_t)n;
        head[have] = '\0';
        end = strstr(head, "\r\n\r\n");
    }
    const char *length = end ? strcasestr(head, "\r\nContent-Length:") : NULL;
    if (!end || (!length && strncmp(head + 9, "204", 3) != 0))
        return 0;
    if (length)
        left = strtoul(length + 17, NULL, 10);
    size_t body = have - (size_t)(end + 4 - head);
    int status = (int)strtol(head + 9, NULL, 10);
    char block[65536];
    for (left = left > body ? left - body : 0; left;) {
        ssize_t n = recv(fd, block, left < sizeof block ? left : sizeof block, 0);
        if (n <= 0)
            return 0;
        left -= (size_t)n;
    }
    return status;
}

static int ask(int fd, unsigned port, const Request *r)
{
    char head[8192];
    int n = snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: localhost:%u\r\n", r->method,
                     r->target, port);
    if (r->type)
        n += snprintf(head + n, sizeof head - (size_t)n,
                      "Content-Type: %s\r\nContent-Length: %zu\r\n", r->type, r->body_len);
    n += snprintf(head + n, sizeof head - (size_t)n, "\r\n");
    if (!send_all(fd, head, (size_t)n) || (r->body_len && !send_all(fd, r->body, r->body_len)))
        return 0;
    return receive(fd);
}

static void *act(void *arg)
{
    Actor *a = arg;
    int fd = -1;
    uint64_t due = load_now_us() + a->phase_us;
    for (size_t i = 0;; i++) {
        uint64_t now = load_now_us();
        if (due > now)
            usleep((useconds_t)(due - now));
        if (due >= a->end_us || load_now_us() >= a->end_us)
            break;
        if (fd < 0 && (fd = load_connect(a->port, 1)) < 0) {
            a->failed++;
            due = load_now_us() + 100000;
            continue;
        }
        a->last_status = ask(fd, a->port, &a->requests[i % a->n]);
        a->sent++;
        if (a->last_status < 200 || a->last_status > 299)
            a->failed++;
        hist_add(&a->took, load_now_us() - due);
        if (a->last_status == 0) {
            close(fd);
            fd = -1;
        }
        due = a->pace_ms > 0 ? due + (uint64_t)(a->pace_ms * 1e3) : load_now_us();
    }
    if (fd >= 0)
        close(fd);
    return NULL;
}

int load_http_main(int argc, char **argv)
{
    static Actor actors[256];
    size_t n = 0;
    unsigned port = (unsigned)load_number(argc, argv, "--port", 0);
    double seconds = load_number(argc, argv, "--seconds", 10);
    for (int i = 0; i + 1 < argc; i++) {
        if (strcmp(argv[i], "--actor") != 0 || n == 256)
            continue;
        Actor *a = &actors[n];
        char path[512];
        if (sscanf(argv[i + 1], "%63[^:]:%lf:%511s", a->name, &a->pace_ms, path) != 3)
            load_fail("an actor is NAME:PACE_MS:FILE");
        size_t lines;
        char **text = load_lines(path, &lines);
        a->requests = calloc(lines, sizeof *a->requests);
        for (size_t j = 0; a->requests && j < lines; j++)
            a->requests[(j + n * 7) % lines] = parse(text[j]); /* not all begin with the same */
        a->n = lines;
        a->port = port;
        a->phase_us = (uint64_t)(a->pace_ms * 1e3) * (n % 8) / 8;
        n++;
    }
    uint64_t end = load_now_us() + (uint64_t)(seconds * 1e6);
    for (size_t i = 0; i < n; i++) {
        actors[i].end_us = end;
        if (pthread_create(&actors[i].thread, NULL, act, &actors[i]) != 0)
            load_fail("no thread for an actor");
    }
    for (size_t i = 0; i < n; i++)
        pthread_join(actors[i].thread, NULL);
    /* actors of one name together */
    printf("{");
    for (size_t i = 0; i < n; i++) {
        static Hist all;
        uint64_t failed = 0;
        int status = 0;
        if (!actors[i].name[0])
            continue;
        memset(&all, 0, sizeof all);
        for (size_t j = n; j-- > i;) {
            if (strcmp(actors[j].name, actors[i].name) != 0)
                continue;
            hist_merge(&all, &actors[j].took);
            failed += actors[j].failed;
            if (actors[j].failed)
                status = actors[j].last_status;
            if (j != i)
                actors[j].name[0] = '\0';
        }
        printf("%s\"%s\":{\"n\":%llu,\"p50\":%.3f,\"p95\":%.3f,\"p99\":%.3f,\"max\":%.3f,"
               "\"failed\":%llu,\"status\":%d}", i ? "," : "", actors[i].name,
               (unsigned long long)all.n, hist_ms(&all, 0.5), hist_ms(&all, 0.95),
               hist_ms(&all, 0.99), (double)all.max_us / 1e3, (unsigned long long)failed, status);
    }
    printf("}\n");
    return 0;
}
