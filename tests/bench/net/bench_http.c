/* bench_http.c - what the transport alone does: a small JSON answer on a loopback port, for a load
 * generator from outside (tests/bench/net/http.sh compares it with nginx).
 *
 *   bench_http [PORT [SECONDS]]     prints "listening on PORT", ends after SECONDS (default 600)
 *   bench_http --idle N             opens N idle WebSockets to itself and prints bytes a client
 *
 * Expected on one core of the project's reference machine: see docs/bench/http.md. */
#include <arpa/inet.h>
#include <malloc.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/json.h"
#include "base/os.h"
#include "net/websocket.h"

/* Autobahn's cases want their messages back. */
static void echo_text(void *user, Server *s, WsId id, Str message)
{
    (void)user;
    (void)ws_send_text(s, id, message);
}

static void echo_binary(void *user, Server *s, WsId id, Str message)
{
    (void)user;
    (void)ws_send_binary(s, id, message);
}

static const WsHandler echo = {.on_text = echo_text, .on_binary = echo_binary};

static void on_request(void *arg, HttpExchange *x)
{
    (void)arg;
    Err err = ERR_INIT;
    if (str_eq(x->req.path, STR("/ws"))) {
        if (ws_accept(x, &echo, NULL, &err))
            http_exchange_reply(x);
        else
            http_reply_status(x, ws_refusal_status(x), &err);
        return;
    }
    Buf b;
    JsonW w;
    buf_init(&b, 4096);
    buf_reserve(&b, 128);
    jw_init(&w, &b);
    jw_obj(&w);
    jw_kv_cstr(&w, "id", "0192f0c1-7c3e-7000-8000-000000000001");
    jw_kv_cstr(&w, "title", "call the bank");
    jw_kv_int(&w, "chunks", 42);
    jw_kv_bool(&w, "done", false);
    jw_obj_end(&w);
    x->route = "/json";
    http_reply_json(x, 200, &b);
}

static Server *begin(uint16_t port, uint32_t connections)
{
    Err err = ERR_INIT;
    ServerOptions o = {.host = "127.0.0.1", .port = port, .on_request = on_request};
    o.limits.connections = connections;
    o.limits.ws_ping_ms = 600000;
    Server *s = server_new(&o, &err);
    if (!s || !server_start(s, &err)) {
        fprintf(stderr, "bench_http: %s\n", err.msg);
        exit(1);
    }
    return s;
}

static int serve(uint16_t port, unsigned seconds)
{
    Server *s = begin(port, 0);
    printf("listening on %u\n", server_port(s));
    fflush(stdout);
    sleep(seconds);
    server_stop(s, 1000);
    server_join(s);
    server_free(s);
    return 0;
}

static int open_websocket(uint16_t port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    char text[512];
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int n = snprintf(text, sizeof text, "GET /ws HTTP/1.1\r\nHost: localhost:%u\r\n"
                     "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", port);
    if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) != 0 ||
        write(fd, text, (size_t)n) != n || read(fd, text, sizeof text) <= 12 ||
        strncmp(text, "HTTP/1.1 101", 12) != 0) {
        perror("bench_http: a WebSocket cannot be opened");
        exit(1);
    }
    return fd;
}

static int idle(unsigned count)
{
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    Server *s = begin(0, count + 100);
    for (unsigned i = 0; i < 100; i++)
        (void)open_websocket(server_port(s)); /* what is there once: tables, pools */
    size_t heap = mallinfo2().uordblks;
    uint64_t rss = os_rss_bytes();
    for (unsigned i = 0; i < count; i++)
        (void)open_websocket(server_port(s));
    printf("%u idle WebSocket clients: %.0f bytes of heap a client, %.0f bytes resident\n", count,
           (double)(mallinfo2().uordblks - heap) / count,
           (double)(os_rss_bytes() - rss) / count);
    fflush(stdout);
    _exit(0); /* twenty thousand descriptors need no ceremony */
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "--idle") == 0)
        return idle((unsigned)strtoul(argv[2], NULL, 10));
    return serve((uint16_t)(argc > 1 ? strtoul(argv[1], NULL, 10) : 0),
                 (unsigned)(argc > 2 ? strtoul(argv[2], NULL, 10) : 600));
}
