/* fake_server.h - a chat endpoint that answers what a test wrote down, byte for byte: one script a
 * connection, the last one again for every further connection. */
#ifndef SOTTO_TESTS_FAKE_SERVER_H
#define SOTTO_TESTS_FAKE_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "support/unit.h"

#define FAKE_PIECES 16
#define FAKE_SCRIPTS 8

typedef struct {
    const char *pieces[FAKE_PIECES]; /* sent one after the other */
    int pause_ms;                    /* before each of them */
    bool hang;                       /* then says nothing until the client goes */
    bool reset;                      /* ends with a reset, not a close */
} FakeScript;

typedef struct {
    int fd;
    uint16_t port;
    pthread_t thread;
    const FakeScript *scripts;
    size_t n;
    atomic_int connections, gone; /* gone: clients that left while it hung */
    char requests[FAKE_SCRIPTS + 4][32768];
    char base[64];
} Fake;

static inline void fake_pause(int ms)
{
    nanosleep(&(struct timespec){ms / 1000, (long)(ms % 1000) * 1000000}, NULL);
}

/* Head and as much body as it announces. */
static inline void fake_read(int fd, char *out, size_t size)
{
    size_t n = 0;
    for (;;) {
        ssize_t got = recv(fd, out + n, size - 1 - n, 0);
        if (got <= 0)
            break;
        n += (size_t)got;
        out[n] = '\0';
        char *end = strstr(out, "\r\n\r\n"), *length = strstr(out, "Content-Length: ");
        if (end && (!length || n >= (size_t)(end + 4 - out) + strtoul(length + 16, NULL, 10)))
            break;
    }
    out[n] = '\0';
}

static inline void fake_play(Fake *f, int fd, const FakeScript *s)
{
    for (size_t i = 0; i < FAKE_PIECES && s->pieces[i]; i++) {
        fake_pause(s->pause_ms);
        if (send(fd, s->pieces[i], strlen(s->pieces[i]), MSG_NOSIGNAL) < 0)
            return;
    }
    char rest[512];
    if (s->hang && recv(fd, rest, sizeof rest, 0) <= 0)
        atomic_fetch_add(&f->gone, 1);
    if (s->reset) {
        struct linger l = {1, 0};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
    }
}

typedef struct {
    Fake *f;
    int fd, at;
} FakeConn;

static inline void *fake_one(void *arg)
{
    FakeConn *c = arg;
    Fake *f = c->f;
    size_t slot = (size_t)c->at < ARRAY_LEN(f->requests) ? (size_t)c->at
                                                         : ARRAY_LEN(f->requests) - 1;
    fake_read(c->fd, f->requests[slot], sizeof f->requests[slot]);
    fake_play(f, c->fd, &f->scripts[(size_t)c->at < f->n ? (size_t)c->at : f->n - 1]);
    close(c->fd);
    free(c);
    return NULL;
}

static inline void *fake_run(void *arg)
{
    Fake *f = arg;
    pthread_t threads[64];
    int n = 0, fd;
    while ((fd = accept(f->fd, NULL, NULL)) >= 0 && n < 64) {
        FakeConn *c = malloc(sizeof *c);
        *c = (FakeConn){f, fd, atomic_fetch_add(&f->connections, 1)};
        assert_int_equal(pthread_create(&threads[n++], NULL, fake_one, c), 0);
    }
    for (int i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    return NULL;
}

static inline Fake *fake_start(const FakeScript *scripts, size_t n)
{
    Fake *f = calloc(1, sizeof *f);
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t len = sizeof a;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    f->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    f->scripts = scripts;
    f->n = n;
    assert_int_equal(bind(f->fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(f->fd, 32), 0);
    assert_int_equal(getsockname(f->fd, (struct sockaddr *)&a, &len), 0);
    f->port = ntohs(a.sin_port);
    snprintf(f->base, sizeof f->base, "http://127.0.0.1:%u/v1", f->port);
    assert_int_equal(pthread_create(&f->thread, NULL, fake_run, f), 0);
    return f;
}

static inline void fake_stop(Fake *f)
{
    shutdown(f->fd, SHUT_RDWR);
    close(f->fd);
    pthread_join(f->thread, NULL);
    free(f);
}

#define FAKE_EVENTS                                                                                \
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
#define FAKE_JSON "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
#define FAKE_DELTA(text)                                                                           \
    "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,"          \
    "\"delta\":{\"content\":\"" text "\"},\"finish_reason\":null}]}\n\n"
#define FAKE_STOP                                                                                  \
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
#define FAKE_USAGE(prompt, completion)                                                             \
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":" prompt ",\"completion_tokens\":"         \
    completion ",\"total_tokens\":0}}\n\n"
#define FAKE_DONE "data: [DONE]\n\n"
#define FAKE_STATUS(line, headers, body)                                                           \
    "HTTP/1.1 " line "\r\nConnection: close\r\n" headers "Content-Type: application/json\r\n\r\n"  \
    body

#endif
