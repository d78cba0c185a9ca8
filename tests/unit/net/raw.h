/* raw.h - bytes over a loopback socket, for tests of the server: nothing here knows how to repair a
 * message, so that what a test writes is what the server gets. */
#ifndef SOTTO_TESTS_RAW_H
#define SOTTO_TESTS_RAW_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "support/unit.h"

#define RAW_WAIT_MS 5000

typedef struct {
    int fd;
    Buf in;      /* received, not yet looked at */
    bool eof;
} Raw;

typedef struct {
    int status;
    char head[8192];   /* status line and headers */
    Buf body;
} RawAnswer;

/* From 127.0.0.`from`. */
static inline Raw raw_open_from(uint16_t port, unsigned from)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in own = {.sin_family = AF_INET};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    own.sin_addr.s_addr = htonl((127u << 24) + from);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof own), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    Raw r = {.fd = fd};
    buf_init(&r.in, SIZE_MAX);
    return r;
}

static inline Raw raw_open(uint16_t port)
{
    return raw_open_from(port, 1);
}

static inline void raw_close(Raw *r)
{
    if (r->fd >= 0)
        close(r->fd);
    r->fd = -1;
    buf_release(&r->in);
}

/* False when the other side has gone. */
static inline bool raw_send(Raw *r, const void *data, size_t n)
{
    const char *p = data;
    while (n) {
        ssize_t w = send(r->fd, p, n, MSG_NOSIGNAL);
        if (w < 0 && errno == EINTR)
            continue;
        if (w <= 0)
            return false;
        p += w;
        n -= (size_t)w;
    }
    return true;
}

static inline bool raw_puts(Raw *r, const char *text)
{
    return raw_send(r, text, strlen(text));
}

/* Reads once, for at most wait_ms. False when nothing came. */
static inline bool raw_more(Raw *r, int wait_ms)
{
    struct pollfd p = {.fd = r->fd, .events = POLLIN};
    if (r->eof || poll(&p, 1, wait_ms) != 1)
        return false;
    char *to = buf_reserve(&r->in, 65536);
    ssize_t n = recv(r->fd, to, 65536, 0);
    if (n <= 0) {
        r->eof = true;
        return false;
    }
    buf_grew(&r->in, (size_t)n);
    return true;
}

static inline void raw_drop(Raw *r, size_t n)
{
    memmove(r->in.ptr, r->in.ptr + n, r->in.len - n);
    buf_cut(&r->in, r->in.len - n);
}

/* Whether the other side closes within wait_ms. */
static inline bool raw_closed(Raw *r, int wait_ms)
{
    while (raw_more(r, wait_ms))
        continue;
    return r->eof;
}

static inline Str raw_header(const RawAnswer *a, const char *name)
{
    Str rest = str_of(a->head), line;
    while (str_next(&rest, '\n', &line)) {
        size_t colon = str_find(line, STR(":"), 0);
        if (colon != SIZE_MAX && str_eq_nocase(str_sub(line, 0, colon), str_of(name)))
            return str_trim(str_sub(line, colon + 1, line.len));
    }
    return (Str){NULL, 0};
}

/* The next answer; with no_body (HEAD) only its head. False when the connection ended or nothing
 * came in time. Chunked bodies are decoded naively, which is enough for what the server sends. */
static inline bool raw_answer_of(Raw *r, RawAnswer *a, bool no_body, int wait_ms)
{
    size_t end;
    while ((end = str_find(buf_str(&r->in), STR("\r\n\r\n"), 0)) == SIZE_MAX)
        if (!raw_more(r, wait_ms))
            return false;
    assert_true(end + 4 < sizeof a->head);
    memcpy(a->head, r->in.ptr, end + 4);
    a->head[end + 4] = '\0';
    assert_int_equal(sscanf(a->head, "HTTP/1.1 %d ", &a->status), 1);
    raw_drop(r, end + 4);
    buf_init(&a->body, SIZE_MAX);
    if (no_body || a->status < 200 || a->status == 204 || a->status == 304)
        return true;
    if (str_eq(raw_header(a, "Transfer-Encoding"), STR("chunked"))) {
        for (;;) {
            size_t eol;
            while ((eol = str_find(buf_str(&r->in), STR("\r\n"), 0)) == SIZE_MAX)
                if (!raw_more(r, wait_ms))
                    return false;
            size_t n = strtoul(r->in.ptr, NULL, 16);
            while (r->in.len < eol + 2 + n + 2)
                if (!raw_more(r, wait_ms))
                    return false;
            buf_add_mem(&a->body, r->in.ptr + eol + 2, n);
            raw_drop(r, eol + 2 + n + 2);
            if (n == 0)
                return true;
        }
    }
    uint64_t len = 0;
    Str length = raw_header(a, "Content-Length");
    if (!length.ptr) { /* until the end of the connection */
        while (raw_more(r, wait_ms))
            continue;
        buf_add(&a->body, buf_str(&r->in));
        buf_clear(&r->in);
        return r->eof;
    }
    assert_true(str_to_u64(length, &len));
    while (r->in.len < len)
        if (!raw_more(r, wait_ms))
            return false;
    buf_add_mem(&a->body, r->in.ptr, (size_t)len);
    if (len)
        raw_drop(r, (size_t)len);
    return true;
}

static inline bool raw_answer(Raw *r, RawAnswer *a)
{
    return raw_answer_of(r, a, false, RAW_WAIT_MS);
}

static inline void raw_answer_release(RawAnswer *a)
{
    buf_release(&a->body);
}

/* One connection, one request, one answer. Returns the status, 0 without an answer. */
static inline int raw_status(uint16_t port, const char *request)
{
    Raw r = raw_open(port);
    RawAnswer a;
    int status = 0;
    raw_puts(&r, request);
    if (raw_answer(&r, &a)) {
        status = a.status;
        raw_answer_release(&a);
    }
    raw_close(&r);
    return status;
}

static inline uint64_t raw_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

#endif
