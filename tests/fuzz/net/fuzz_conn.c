/* fuzz_conn.c - the whole way in: bytes on a connection to a running server, HTTP/1.1, HTTP/2 and
 * WebSocket after its handshake. Whatever comes, the connection ends when the client is done, and
 * what it says is one of the three protocols.
 *
 * The first byte says how the rest is cut into pieces. Threads: the server's loop, and this one. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/hash.h"
#include "net/websocket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

#define PATIENCE_MS 20000

static Server *server;

static void on_text(void *user, Server *s, WsId id, Str message)
{
    (void)user;
    (void)ws_send_text(s, id, message);
}

static const WsHandler echo = {.on_text = on_text, .on_binary = on_text};

static void on_head(void *arg, HttpExchange *x)
{
    (void)arg;
    x->body_max = 1 << 16;
}

static void on_request(void *arg, HttpExchange *x)
{
    Err err = ERR_INIT;
    (void)arg;
    if (str_eq(x->req.path, STR("/ws")) && ws_accept(x, &echo, NULL, &err))
        http_exchange_reply(x);
    else
        http_reply(x, 200, "application/octet-stream", x->req.body);
}

static void end(void)
{
    server_stop(server, 0);
    server_join(server);
    server_free(server);
}

/* libcrypto is begun here and not by the loop's first handshake: it ends in the order in which it
 * began, so behind `end`, and the loop's thread can give back its list of errors (904 bytes a
 * thread, however many connections there were) when it ends. */
static void begin(void)
{
    Err err = ERR_INIT;
    Sha256 hash;
    REQUIRE(sha256(STR("begin"), &hash, &err));
    static const char *hosts[] = {"h"};
    ServerOptions o = {.host = "127.0.0.1", .allowed_hosts = hosts, .allowed_host_count = 1,
                       .on_head = on_head, .on_request = on_request};
    server = server_new(&o, &err);
    REQUIRE(server && server_start(server, &err) && atexit(end) == 0);
}

static int open_connection(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(server_port(server)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
    struct linger now = {1, 0}; /* no TIME_WAIT: a run makes some hundred thousand connections */
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    return fd;
}

/* Sends a piece while it is taken; false when the server has had enough. */
static bool send_piece(int fd, const uint8_t *p, size_t n)
{
    while (n) {
        ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        p += sent;
        n -= (size_t)sent;
    }
    return true;
}

/* What the server says, to its end; the first bytes of it. */
static size_t read_all(int fd, char *first, size_t room)
{
    char rest[16384];
    size_t got = 0;
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int ready = poll(&p, 1, PATIENCE_MS);
        if (ready < 0 && errno == EINTR) /* the fuzzer's own clock */
            continue;
        REQUIRE(ready == 1); /* else it neither speaks nor ends */
        ssize_t n = recv(fd, rest, sizeof rest, 0);
        if (n <= 0)
            return got;
        for (ssize_t i = 0; i < n && got < room; i++)
            first[got++] = rest[i];
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char first[9];
    if (size < 2 || size > 65536)
        return 0;
    if (!server)
        begin();
    size_t step = data[0] ? (size_t)data[0] * data[0] : size;
    int fd = open_connection();
    bool taken = true;
    for (size_t at = 1; at < size && taken; at += step)
        taken = send_piece(fd, data + at, size - at < step ? size - at : step);
    (void)shutdown(fd, SHUT_WR);
    size_t n = read_all(fd, first, sizeof first);
    if (n == sizeof first) /* an HTTP/1 answer, or HTTP/2's first frame: SETTINGS of stream 0 */
        REQUIRE(memcmp(first, "HTTP/1.", 7) == 0 ||
                (first[3] == 4 && memcmp(first + 5, "\0\0\0\0", 4) == 0));
    (void)close(fd);
    return 0;
}
