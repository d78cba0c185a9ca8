/* load_attack.c - hostile clients. Each attacker has one connection and one habit; when it is cut,
 * it comes again. One thread; what an attacker does next is due at its own pace.
 *
 * They come from 127.0.0.2 and, with --addresses, those behind it, so that what is done by address
 * does not hit the good clients, who are another process (load_ws.c); with --addresses 0 from the
 * good clients' own. What is counted: connections
 * made and cut, steps taken. */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load.h"

#define ATTACK_FROM 2

typedef struct Attacker Attacker;
typedef struct {
    const char *name;
    unsigned pace_ms;  /* between two steps of one attacker */
    bool reads;
    bool websocket;    /* is opened as one */
    /* One step; false: give this connection up. */
    bool (*step)(Attacker *a);
    uint64_t connections, refused, cut, steps;
} Kind;

struct Attacker {
    Kind *kind;
    int fd;
    unsigned at; /* steps on this connection */
    unsigned from; /* 127.0.0.`from` */
    uint64_t due;
};

static unsigned port;

static bool puts_on(Attacker *a, const char *text)
{
    return load_send(a->fd, text, strlen(text));
}

/* A full socket is no fault: the attacker waits for room. */
static bool push(Attacker *a, const void *data, size_t n)
{
    ssize_t w = send(a->fd, data, n, MSG_NOSIGNAL | MSG_DONTWAIT);
    return w == (ssize_t)n || (w < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
}

/* ---- HTTP/1.1 ---- */

static bool slow_head(Attacker *a)
{
    if (a->at == 0)
        return puts_on(a, "GET / HTTP/1.1\r\nHost: localhost\r\n");
    return puts_on(a, a->at % 2 ? "X-a: b" : "c\r\n");
}

static bool slow_body(Attacker *a)
{
    char head[256];
    if (a->at)
        return puts_on(a, "x");
    snprintf(head, sizeof head, "POST /api/v1/knowledge/documents HTTP/1.1\r\n"
             "Host: localhost:%u\r\nContent-Type: application/json\r\n"
             "Content-Length: 1000000\r\n\r\n{", port);
    return puts_on(a, head);
}

/* Asks for the largest thing there is, again and again, and never reads. */
static bool stalled(Attacker *a)
{
    char head[128];
    snprintf(head, sizeof head, "GET /openapi.json HTTP/1.1\r\nHost: localhost:%u\r\n\r\n", port);
    return push(a, head, strlen(head));
}

static bool churn(Attacker *a)
{
    struct linger none = {1, 0};
    if (a->at % 2)
        (void)puts_on(a, "GET / HTTP/1.1\r\n");
    setsockopt(a->fd, SOL_SOCKET, SO_LINGER, &none, sizeof none); /* ends with a reset */
    return false;
}

static bool flood(Attacker *a)
{
    char text[4096];
    static const char *const targets[] = {"/health/live", "/nothing", "/../../etc/passwd", "/",
                                          "/api/v1/tasks/x"};
    size_t n = 0;
    for (unsigned i = 0; i < 20; i++)
        n += (size_t)snprintf(text + n, sizeof text - n,
                              "GET %s HTTP/1.1\r\nHost: localhost:%u\r\n\r\n",
                              targets[(a->at + i) % 5], port);
    return push(a, text, n);
}

/* Requests that need a worker. */
static bool searches(Attacker *a)
{
    char text[512];
    int n = snprintf(text, sizeof text, "GET /api/v1/knowledge/search?q=attack+%u+%p HTTP/1.1\r\n"
                     "Host: localhost:%u\r\n\r\n", a->at, (void *)a, port);
    return push(a, text, (size_t)n);
}

static bool garbage(Attacker *a)
{
    unsigned char bytes[512];
    unsigned seed = a->at * 2654435761u + (unsigned)a->fd;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)((seed = seed * 1103515245 + 12345) >> 16);
    return push(a, bytes, sizeof bytes);
}

/* ---- WebSocket ---- */

static bool half_handshake(Attacker *a)
{
    if (a->at == 0)
        return puts_on(a, "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                          "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n");
    return puts_on(a, "X: y\r\n");
}

/* Announces what it never sends, or more than there may be. */
static bool giant_frame(Attacker *a)
{
    static const unsigned char huge[] = {0x82, 0xff, 0x3f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                         1, 2, 3, 4, 'x'},
                               large[] = {0x82, 0xff, 0, 0, 0, 0, 0, 0xf0, 0, 0, 1, 2, 3, 4};
    static unsigned char block[16384];
    if (a->at == 0)
        return a->fd % 2 ? push(a, huge, sizeof huge) : push(a, large, sizeof large);
    return push(a, block, sizeof block);
}

static bool fragments(Attacker *a)
{
    unsigned char out[4096];
    size_t n = 0;
    if (a->at == 0)
        n = load_frame(0x01, "x", 1, out);
    while (n < sizeof out - 8)
        n += load_frame(0x00, "y", 1, out + n);
    return push(a, out, n);
}

static bool ping_flood(Attacker *a)
{
    static unsigned char out[64 * (125 + 14)];
    static size_t n;
    char payload[125] = {'p'};
    for (int i = 0; !n || (i < 64 && n < 64 * 131); i++)
        n += load_frame(0x89, payload, sizeof payload, out + n);
    return push(a, out, n);
}

/* Asks to be told everything, asks much, and reads nothing. */
static bool stalled_reader(Attacker *a)
{
    unsigned char out[512];
    static const char subscribe[] = "{\"type\":\"Subscribe\",\"data\":{\"topics\":[\"documents\","
                                    "\"tasks\",\"reminders\",\"briefing\",\"folders\"]}}";
    static const char bad[] = "{\"type\":\"Nonsense\",\"data\":{}}";
    const char *text = a->at == 0 ? subscribe : bad;
    size_t n = load_frame(0x81, text, strlen(text), out);
    return push(a, out, n);
}

static bool query_flood(Attacker *a)
{
    unsigned char out[4096];
    char text[256];
    size_t n = 0;
    for (int i = 0; i < 10; i++) {
        int len = snprintf(text, sizeof text, "{\"type\":\"TextQuery\",\"data\":{\"query\":"
                           "\"what is %u and %d\"}}", a->at, i);
        n += load_frame(0x81, text, (size_t)len, out + n);
    }
    return push(a, out, n);
}

/* ---- HTTP/2 in the clear ---- */

static const char h2_hello[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";
#define H2_HELLO_LEN (sizeof h2_hello - 1)

static size_t h2_frame(unsigned char *out, size_t len, unsigned type, unsigned flags, uint32_t id,
                       const void *payload)
{
    unsigned char head[9] = {(unsigned char)(len >> 16), (unsigned char)(len >> 8),
                             (unsigned char)len, (unsigned char)type, (unsigned char)flags,
                             (unsigned char)(id >> 24), (unsigned char)(id >> 16),
                             (unsigned char)(id >> 8), (unsigned char)id};
    memcpy(out, head, 9);
    memcpy(out + 9, payload, len);
    return 9 + len;
}

/* :method GET, :scheme http, :path /, :authority localhost, all from HPACK's static table. */
static size_t h2_head(unsigned char *out)
{
    static const char authority[] = "localhost";
    size_t n = 0;
    out[n++] = 0x82;
    out[n++] = 0x86;
    out[n++] = 0x84;
    out[n++] = 0x41;
    out[n++] = sizeof authority - 1;
    memcpy(out + n, authority, sizeof authority - 1);
    return n + sizeof authority - 1;
}

static bool h2_begin(Attacker *a)
{
    return a->at > 0 || push(a, h2_hello, H2_HELLO_LEN);
}

static bool rapid_reset(Attacker *a)
{
    unsigned char out[8192], head[64];
    size_t n = 0, len = h2_head(head);
    static const unsigned char cancel[4] = {0, 0, 0, 8};
    if (!h2_begin(a))
        return false;
    for (uint32_t i = 0; i < 100; i++) {
        uint32_t id = 1 + 2 * (a->at * 100 + i);
        n += h2_frame(out + n, len, 1, 5, id, head);
        n += h2_frame(out + n, 4, 3, 0, id, cancel);
    }
    return push(a, out, n);
}

static bool continuations(Attacker *a)
{
    unsigned char out[16384], head[64];
    /* a literal of about a thousand bytes */
    char field[1024] = {0x00, 1, 'a', 0x7f, (char)(0x80 | 0x02), 0x07};
    size_t n = 0;
    memset(field + 6, 'v', sizeof field - 6);
    if (!h2_begin(a))
        return false;
    if (a->at == 0)
        n = h2_frame(out, h2_head(head), 1, 0, 1, head);
    for (int i = 0; i < 10; i++)
        n += h2_frame(out + n, 1007, 9, 0, 1, field);
    return push(a, out, n);
}

static bool settings_flood(Attacker *a)
{
    unsigned char out[9 * 200 + 9], none = 0;
    size_t n = 0;
    if (!h2_begin(a))
        return false;
    for (int i = 0; i < 200; i++)
        n += h2_frame(out + n, 0, 4, 0, 0, &none);
    return push(a, out, n);
}

static bool h2_pings(Attacker *a)
{
    unsigned char out[17 * 200];
    size_t n = 0;
    if (!h2_begin(a))
        return false;
    for (int i = 0; i < 200; i++)
        n += h2_frame(out + n, 8, 6, 0, 0, "12345678");
    return push(a, out, n);
}

static Kind kinds[] = {
    {"slow-heads", 1000, true, false, slow_head, 0, 0, 0, 0},
    {"slow-bodies", 1000, true, false, slow_body, 0, 0, 0, 0},
    {"stalled", 20, false, false, stalled, 0, 0, 0, 0},
    {"churn", 20, true, false, churn, 0, 0, 0, 0},
    {"flood", 10, true, false, flood, 0, 0, 0, 0},
    {"searches", 100, true, false, searches, 0, 0, 0, 0},
    {"garbage", 50, true, false, garbage, 0, 0, 0, 0},
    {"half-handshakes", 1000, true, false, half_handshake, 0, 0, 0, 0},
    {"giant-frames", 50, true, true, giant_frame, 0, 0, 0, 0},
    {"fragments", 10, true, true, fragments, 0, 0, 0, 0},
    {"pings", 10, false, true, ping_flood, 0, 0, 0, 0},
    {"stalled-readers", 10, false, true, stalled_reader, 0, 0, 0, 0},
    {"queries", 100, true, true, query_flood, 0, 0, 0, 0},
    {"rapid-resets", 20, true, false, rapid_reset, 0, 0, 0, 0},
    {"continuations", 20, true, false, continuations, 0, 0, 0, 0},
    {"settings", 20, true, false, settings_flood, 0, 0, 0, 0},
    {"h2-pings", 20, true, false, h2_pings, 0, 0, 0, 0},
};
#define KINDS (sizeof kinds / sizeof *kinds)

/* ---- all of them ---- */

static void leave(Attacker *a, uint64_t now)
{
    if (a->fd >= 0)
        close(a->fd);
    a->fd = -1;
    a->at = 0;
    a->due = now + 20000;
}

static bool come(Attacker *a, int epoll_fd, uint64_t now)
{
    Kind *k = a->kind;
    a->fd = k->websocket ? load_websocket(port, a->from) : load_connect(port, a->from);
    if (a->fd < 0) {
        k->refused++;
        a->due = now + 100000;
        return false;
    }
    load_nonblocking(a->fd);
    k->connections++;
    struct epoll_event ev = {.events = (k->reads ? EPOLLIN : 0u) | EPOLLRDHUP, .data.ptr = a};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, a->fd, &ev);
    return true;
}

static void step(Attacker *a, int epoll_fd, uint64_t now)
{
    Kind *k = a->kind;
    if (a->fd < 0 && !come(a, epoll_fd, now))
        return;
    a->due = now + (uint64_t)k->pace_ms * 1000;
    k->steps++;
    if (!k->step(a)) {
        k->cut++;
        leave(a, now);
        return;
    }
    a->at++;
}

static void on_event(Attacker *a, uint32_t events, uint64_t now)
{
    static char sink[1 << 16];
    if (a->fd < 0)
        return;
    ssize_t n = 1;
    while (a->kind->reads && (n = recv(a->fd, sink, sizeof sink, MSG_DONTWAIT)) > 0)
        continue;
    if (n == 0 || (n < 0 && errno != EAGAIN) || (events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP))) {
        a->kind->cut++;
        leave(a, now);
    }
}

static bool wanted(const char *list, const char *name)
{
    const char *at = strstr(list, name);
    size_t n = strlen(name);
    return strcmp(list, "all") == 0 ||
           (at && (at == list || at[-1] == ',') && (at[n] == ',' || !at[n]));
}

/* Of the i-th attacker: each address has attackers of several kinds, however many there are. */
static unsigned address_of(size_t i, size_t n_kinds, size_t addresses)
{
    return addresses ? (unsigned)(ATTACK_FROM + (i + i / n_kinds) % addresses) : 1;
}

int load_attack_main(int argc, char **argv)
{
    port = (unsigned)load_number(argc, argv, "--port", 0);
    size_t n = (size_t)load_number(argc, argv, "--attackers", 200), used = 0;
    const char *list = load_option(argc, argv, "--kinds", "all");
    size_t addresses = (size_t)load_number(argc, argv, "--addresses", 1);
    uint64_t end = load_now_us() + (uint64_t)(load_number(argc, argv, "--seconds", 10) * 1e6), now;
    Kind *chosen[KINDS];
    for (size_t i = 0; i < KINDS; i++)
        if (wanted(list, kinds[i].name))
            chosen[used++] = &kinds[i];
    Attacker *all = calloc(n, sizeof *all);
    if (!used || !all)
        load_fail("no such kind of attack: %s", list);
    if (addresses > 250)
        load_fail("attackers come from at most 250 addresses");
    now = load_now_us();
    for (size_t i = 0; i < n; i++)
        all[i] = (Attacker){chosen[i % used], -1, 0, address_of(i, used, addresses),
                            now + i * 1000};
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event events[256];
    while ((now = load_now_us()) < end) {
        uint64_t next = now + 5000;
        for (size_t i = 0; i < n; i++) {
            if (all[i].due <= now)
                step(&all[i], epoll_fd, now);
            if (all[i].due < next)
                next = all[i].due;
        }
        now = load_now_us();
        int wait = next > now ? (int)((next - now) / 1000) + 1 : 0;
        int got = epoll_wait(epoll_fd, events, 256, wait);
        for (int i = 0; i < got; i++)
            on_event(events[i].data.ptr, events[i].events, now);
    }
    printf("{");
    for (size_t i = 0; i < used; i++)
        printf("%s\"%s\":{\"connections\":%llu,\"refused\":%llu,\"cut\":%llu,\"steps\":%llu}",
               i ? "," : "", chosen[i]->name, (unsigned long long)chosen[i]->connections,
               (unsigned long long)chosen[i]->refused, (unsigned long long)chosen[i]->cut,
               (unsigned long long)chosen[i]->steps);
    printf("}\n");
    free(all);
    return 0;
}
