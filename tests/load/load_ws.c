/* load_ws.c - many WebSocket clients: some ask, most are silent.
 *
 * One thread, one epoll. TextQuery messages are due at a fixed rate, whoever is asked; each goes to
 * the next of the active clients, which goes on in its own conversation. Beside them small
 * messages at their own rate: a ping frame and a {"type":"Ping"} message in turn, each answered
 * with what it carried. Whatever the server does that it should not - a close, an Error, a wrong
 * answer, none within 30 s - is counted. */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/utf8.h"
#include "load.h"
#include "net/ws_frame.h"

#define WAITING_MAX 64 /* messages one client has on their way */

typedef struct {
    int fd;
    bool gone;
    uint64_t due[WAITING_MAX]; /* of queries, in order */
    unsigned first, waiting;
    char session[40];
    Buf in;
} Client;

typedef struct {
    Client *clients;
    size_t n, active;
    int epoll_fd;
    Hist query, ping, message;
    uint64_t asked, answered, pinged, ponged, said, heard, errors, drops, unsent, bytes;
    char last_error[300];
} Load;

static void note(Load *l, const char *what, Str detail)
{
    snprintf(l->last_error, sizeof l->last_error, "%s %.*s", what,
             (int)(detail.len < 200 ? detail.len : 200), detail.ptr ? detail.ptr : "");
}

static void lose(Load *l, Client *c, const char *why)
{
    if (c->gone)
        return;
    c->gone = true;
    l->drops++;
    note(l, "closed:", str_of(why));
    close(c->fd);
}

static bool put(Load *l, Client *c, unsigned char first, Str payload)
{
    unsigned char frame[4096 + 14];
    if (c->gone || payload.len > 4096)
        return false;
    size_t n = load_frame(first, payload.ptr, payload.len, frame);
    if (load_send(c->fd, frame, n))
        return true;
    l->unsent++;
    return false;
}

static void on_text(Load *l, Client *c, Str text)
{
    uint64_t now = load_now_us();
    if (str_starts(text, STR("{\"type\":\"Pong\""))) {
        size_t at = str_find(text, STR("\"at\":"), 0);
        uint64_t due = at == SIZE_MAX ? 0 : strtoull(text.ptr + at + 5, NULL, 10);
        l->heard++;
        hist_add(&l->message, now - due);
        return;
    }
    if (!str_starts(text, STR("{\"type\":\"TextResponse\"")) || !c->waiting) {
        l->errors++;
        note(l, "unexpected:", text);
        if (c->waiting) {
            c->first = (c->first + 1) % WAITING_MAX;
            c->waiting--;
        }
        return;
    }
    size_t at = str_find(text, STR("\"session_id\":\""), 0);
    if (at != SIZE_MAX && at + 14 + 36 < text.len && !c->session[0]) {
        memcpy(c->session, text.ptr + at + 14, 36);
        c->session[36] = '\0';
    }
    hist_add(&l->query, now - c->due[c->first]);
    c->first = (c->first + 1) % WAITING_MAX;
    c->waiting--;
    l->answered++;
}

static void on_frame(Load *l, Client *c, unsigned op, Str payload)
{
    uint64_t due = 0;
    if (op == WS_OP_TEXT) {
        on_text(l, c, payload);
    } else if (op == WS_OP_PING) {
        (void)put(l, c, 0x80 | WS_OP_PONG, payload);
    } else if (op == WS_OP_PONG && payload.len == sizeof due) {
        memcpy(&due, payload.ptr, sizeof due);
        l->ponged++;
        hist_add(&l->ping, load_now_us() - due);
    } else if (op == WS_OP_CLOSE) {
        char why[64];
        unsigned code = payload.len >= 2 ? (unsigned)(unsigned char)payload.ptr[0] << 8 |
                                               (unsigned char)payload.ptr[1] : 0;
        snprintf(why, sizeof why, "code %u", code);
        lose(l, c, why);
    } else {
        l->errors++;
    }
}

static void on_readable(Load *l, Client *c)
{
    static char block[1 << 16];
    while (!c->gone) {
        ssize_t n = recv(c->fd, block, sizeof block, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (n <= 0) {
            lose(l, c, n == 0 ? "end of stream" : "reset");
            return;
        }
        l->bytes += (uint64_t)n;
        if (!buf_add_mem(&c->in, block, (size_t)n))
            load_fail("no memory");
        size_t at = 0, len;
        while (!c->gone && (len = ws_frame_len(c->in.ptr + at, c->in.len - at)) > 0 &&
               len <= c->in.len - at) {
            const char *p = c->in.ptr + at;
            size_t head = len < 126 + 2 ? 2 : len < 65536 + 4 ? 4 : 10;
            on_frame(l, c, (unsigned char)p[0] & 15, str_mem(p + head, len - head));
            at += len;
        }
        if (at == c->in.len) {
            buf_release(&c->in); /* a silent client costs us nothing either */
        } else if (at) {
            memmove(c->in.ptr, c->in.ptr + at, c->in.len - at);
            buf_cut(&c->in, c->in.len - at);
        }
    }
}

static void ask(Load *l, Client *c, const char *query, uint64_t due)
{
    char text[4096];
    int n = c->session[0]
        ? snprintf(text, sizeof text, "{\"type\":\"TextQuery\",\"data\":{\"query\":\"%s\","
                   "\"session_id\":\"%s\"}}", query, c->session)
        : snprintf(text, sizeof text, "{\"type\":\"TextQuery\",\"data\":{\"query\":\"%s\"}}",
                   query);
    if (c->waiting == WAITING_MAX || !put(l, c, 0x80 | WS_OP_TEXT, str_mem(text, (size_t)n)))
        return;
    c->due[(c->first + c->waiting++) % WAITING_MAX] = due;
    l->asked++;
}

static void ping(Load *l, Client *c, uint64_t due)
{
    if (l->pinged <= l->said) {
        l->pinged += put(l, c, 0x80 | WS_OP_PING, str_mem((const char *)&due, sizeof due));
        return;
    }
    char text[128];
    int n = snprintf(text, sizeof text, "{\"type\":\"Ping\",\"data\":{\"at\":%llu}}",
                     (unsigned long long)due);
    l->said += put(l, c, 0x80 | WS_OP_TEXT, str_mem(text, (size_t)n));
}

static void open_all(Load *l, unsigned port)
{
    l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    for (size_t i = 0; i < l->n; i++) {
        Client *c = &l->clients[i];
        buf_init(&c->in, (size_t)8 << 20);
        c->fd = load_websocket(port, 1);
        if (c->fd < 0)
            load_fail("client %zu of %zu cannot connect", i, l->n);
        struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
        if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, c->fd, &ev) != 0)
            load_fail("a client cannot be watched");
    }
}

/* Looks at the server once a second; keeps the memory of every second. */
typedef struct {
    int pid;
    uint64_t next_us;
    double *rss;
    size_t n, cap;
} Watch;

static void watch(Watch *w, uint64_t now)
{
    ProcState p;
    if (!w->pid || now < w->next_us || w->n == w->cap || !proc_look(w->pid, &p))
        return;
    w->rss[w->n++] = p.rss_anon;
    w->next_us = now + 1000000;
}

static void run(Load *l, Watch *w, double seconds, double rate, double pings, char **queries,
                size_t n_queries)
{
    struct epoll_event events[512];
    uint64_t start = load_now_us(), asked = 0, pinged = 0, now;
    uint64_t end = start + (uint64_t)(seconds * 1e6);
    while ((now = load_now_us()) < end) {
        uint64_t next = end, due = end;
        while (rate > 0 && (due = start + (uint64_t)((double)asked / rate * 1e6)) <= now && ++asked)
            ask(l, &l->clients[asked % l->active], queries[asked % n_queries], due);
        if (rate > 0 && due < next)
            next = due;
        while (pings > 0 && (due = start + (uint64_t)((double)pinged / pings * 1e6)) <= now &&
               ++pinged)
            ping(l, &l->clients[pinged * 7 % l->active], due);
        if (pings > 0 && due < next)
            next = due;
        watch(w, now);
        now = load_now_us();
        struct timespec wait = {0, next > now ? (long)((next - now) % 1000000) * 1000 : 0};
        int n = epoll_pwait2(l->epoll_fd, events, 512, &wait, NULL);
        for (int i = 0; i < n; i++)
            on_readable(l, events[i].data.ptr);
    }
    /* what is still on its way has 30 s */
    end = load_now_us() + 30000000;
    while (load_now_us() < end && (l->answered + l->errors < l->asked || l->ponged < l->pinged ||
                                   l->heard < l->said)) {
        int n = epoll_wait(l->epoll_fd, events, 512, 100);
        for (int i = 0; i < n; i++)
            on_readable(l, events[i].data.ptr);
    }
}

static void print_hist(const char *name, const Hist *h)
{
    printf("\"%s\":{\"n\":%llu,\"p50\":%.3f,\"p95\":%.3f,\"p99\":%.3f,\"p999\":%.3f,\"max\":%.3f},",
           name, (unsigned long long)h->n, hist_ms(h, 0.5), hist_ms(h, 0.95), hist_ms(h, 0.99),
           hist_ms(h, 0.999), (double)h->max_us / 1e3);
}

int load_ws_main(int argc, char **argv)
{
    static Load l;
    unsigned port = (unsigned)load_number(argc, argv, "--port", 0);
    int pid = (int)load_number(argc, argv, "--pid", 0);
    double seconds = load_number(argc, argv, "--seconds", 10);
    size_t n_queries, idle = (size_t)load_number(argc, argv, "--idle", 100);
    char **queries = load_lines(load_option(argc, argv, "--queries", "queries.txt"), &n_queries);
    l.active = (size_t)load_number(argc, argv, "--active", 10);
    l.n = l.active + idle;
    l.clients = calloc(l.n, sizeof *l.clients);
    Watch w = {.pid = pid, .cap = (size_t)seconds + 60};
    w.rss = calloc(w.cap, sizeof *w.rss);
    if (!l.clients || !w.rss || !l.active)
        load_fail("there must be active clients, and memory");
    ProcState before = {0}, open = {0}, after = {0};
    (void)proc_look(pid, &before);
    open_all(&l, port);
    (void)proc_look(pid, &open);
    run(&l, &w, seconds, load_number(argc, argv, "--rate", 200),
        load_number(argc, argv, "--pings", 1000), queries, n_queries);
    ProcState loaded = {0};
    (void)proc_look(pid, &loaded);
    uint64_t unanswered = l.asked - l.answered;
    for (size_t i = 0; i < l.n; i++)
        if (!l.clients[i].gone)
            close(l.clients[i].fd);
    for (int i = 0; i < 100 && pid; i++) { /* the server sees them go */
        usleep(100000);
        (void)proc_look(pid, &after);
        if (after.fds <= before.fds)
            break;
    }
    printf("{\"clients\":%zu,\"active\":%zu,\"seconds\":%.0f,", l.n, l.active, seconds);
    print_hist("query", &l.query);
    print_hist("ping", &l.ping);
    print_hist("message", &l.message);
    printf("\"asked\":%llu,\"unanswered\":%llu,\"pings\":%llu,\"pongs\":%llu,\"said\":%llu,"
           "\"heard\":%llu,\"errors\":%llu,\"drops\":%llu,\"unsent\":%llu,\"last_error\":\"",
           (unsigned long long)l.asked, (unsigned long long)unanswered,
           (unsigned long long)l.pinged, (unsigned long long)l.ponged, (unsigned long long)l.said,
           (unsigned long long)l.heard, (unsigned long long)l.errors, (unsigned long long)l.drops,
           (unsigned long long)l.unsent);
    for (const char *p = l.last_error; *p; p++)
        putchar(*p == '"' || *p == '\\' || (unsigned char)*p < ' ' ? '\'' : *p);
    printf("\",\"fds_before\":%u,\"fds_open\":%u,\"fds_after\":%u,\"client_bytes\":%.0f,"
           "\"cpu_s\":%.2f,\"rss_anon_kib\":[", before.fds, open.fds, after.fds,
           (open.rss_anon - before.rss_anon) * 1024 / (double)l.n, loaded.cpu_s - open.cpu_s);
    for (size_t i = 0; i < w.n; i++)
        printf("%s%.0f", i ? "," : "", w.rss[i]);
    printf("]}\n");
    load_free_lines(queries, n_queries);
    free(l.clients);
    free(w.rss);
    return 0;
}
