/* fuzz_ws.c - messages of a WebSocket, at the real handlers: a server on loopback, an API over
 * parts of its own (world.h). All of it is made for each input and taken down behind it, so that
 * nothing is left from one to the next.
 * What comes back is messages of the contract, and the connection ends when the client is done.
 *
 * The input is messages with a line "===" between. The first byte of each says what it is: 'T'
 * text, 'S' text in two fragments, 'B' binary, 'X' bytes of the connection as they are; else text,
 * too. The client goes when all has been dealt with; when the input ends with "!", or had an 'X',
 * at once. */
#include "world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/ws_frame.h"

#define PATIENCE_MS 20000
#define MESSAGES_MAX 24

static Server *serve(Api *api)
{
    static const char *hosts[] = {"h"};
    Err err = ERR_INIT;
    ServerOptions o = {.host = "127.0.0.1", .allowed_hosts = hosts, .allowed_host_count = 1,
                       .on_head = api_on_head, .on_request = api_on_request,
                       .on_turn = api_on_turn, .format_error = api_format_error, .arg = api};
    Server *s = server_new(&o, &err);
    REQUIRE(s);
    api_set_server(api, s);
    REQUIRE(server_start(s, &err));
    return s;
}

/* ---- the client ------------------------------------------------------------------------------ */

static int open_connection(uint16_t port)
{
    static const char hello[] =
        "GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct linger now = {1, 0}; /* no TIME_WAIT: a run makes some ten thousand connections */
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
    int one = 1; /* small pieces must not wait for each other */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    REQUIRE(os_write_all(fd, hello, sizeof hello - 1));
    return fd;
}

static bool send_all(int fd, const void *data, size_t n)
{
    const char *p = data;
    while (n) {
        ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        p += sent;
        n -= (size_t)sent;
    }
    return true;
}

/* A frame with a mask of zeros: the payload as it is. */
static bool send_frame(int fd, unsigned first, Str payload)
{
    unsigned char head[14] = {(unsigned char)first, 0x80};
    size_t n = 2, wide = payload.len < 126 ? 0 : payload.len < 65536 ? 2 : 8;
    head[1] |= (unsigned char)(wide == 0 ? payload.len : wide == 2 ? 126 : 127);
    for (size_t i = wide; i-- > 0;)
        head[n++] = (unsigned char)((uint64_t)payload.len >> (8 * i));
    return send_all(fd, head, n + 4) && send_all(fd, payload.ptr, payload.len);
}

static bool send_message(int fd, Str m)
{
    char kind = m.len ? m.ptr[0] : 'T';
    bool marked = m.len && strchr("TSBX", kind);
    Str rest = marked ? str_sub(m, 1, m.len) : m;
    if (marked && kind == 'X')
        return send_all(fd, rest.ptr, rest.len);
    if (marked && kind == 'S')
        return send_frame(fd, 0x01, str_sub(rest, 0, rest.len / 2)) &&
               send_frame(fd, 0x80, str_sub(rest, rest.len / 2, rest.len));
    return send_frame(fd, marked && kind == 'B' ? 0x82 : 0x81, rest);
}

/* Whether the server may be expected to go through all of it. */
static bool send_input(int fd, Str input)
{
    bool more = true, frames = true;
    for (int i = 0; more && i < MESSAGES_MAX && input.len; i++) {
        size_t end = str_find(input, STR("\n===\n"), 0);
        more = send_message(fd, str_sub(input, 0, end == SIZE_MAX ? input.len : end));
        frames = frames && input.ptr[0] != 'X';
        input = end == SIZE_MAX ? STR("") : str_sub(input, end + 5, input.len);
    }
    return more && frames;
}

typedef struct {
    int fd;
    Buf in;
    size_t at;         /* of the next frame */
    bool ended, pong; /* the answer to our own ping has come */
} Client;

static bool read_more(Client *c)
{
    char block[16384];
    for (;;) {
        struct pollfd p = {.fd = c->fd, .events = POLLIN};
        int ready = poll(&p, 1, PATIENCE_MS);
        if (ready < 0 && errno == EINTR) /* the fuzzer's own clock */
            continue;
        REQUIRE(ready == 1); /* else it neither speaks nor ends */
        ssize_t n = recv(c->fd, block, sizeof block, 0);
        c->ended = n <= 0;
        return n > 0 && buf_add_mem(&c->in, block, (size_t)n);
    }
}

static void check_text(Str text)
{
    static const char *const types[] = {"TextResponse", "Transcript", "VoiceResponse", "VoiceState",
        "VoiceAudio", "VoiceAudioEnd", "Error", "Pong", "DocumentUpdate", "TaskUpdate",
        "Reminder", "BriefingUpdate", "IngestProgress"};
    Err err = ERR_INIT;
    size_t i = 0, n = sizeof types / sizeof *types;
    Json *j = json_parse(text, JSON_DEFAULT_DEPTH + 2, &err);
    REQUIRE(j && utf8_ok(text));
    Str type = json_str(json_get(j, "type"));
    while (i < n && !str_eq(type, str_of(types[i])))
        i++;
    REQUIRE(i < n && json_get(j, "data"));
    json_free(j);
}

/* One frame of the server's; false when it is not whole yet. */
static bool take_frame(Client *c)
{
    const char *p = c->in.ptr + c->at;
    size_t left = c->in.len - c->at, n = left ? ws_frame_len(p, left) : 0;
    if (!n || n > left)
        return false;
    unsigned first = (unsigned char)p[0], op = first & 15;
    size_t head = n < 126 + 2 ? 2 : n < 65536 + 4 ? 4 : 10;
    Str payload = str_mem(p + head, n - head);
    REQUIRE((first & 0xF0) == 0x80 && !(p[1] & 0x80));
    REQUIRE(op == WS_OP_TEXT || op == WS_OP_CLOSE || op == WS_OP_PING || op == WS_OP_PONG);
    if (op == WS_OP_TEXT)
        check_text(payload);
    c->pong = c->pong || (op == WS_OP_PONG && str_eq(payload, STR("all")));
    c->at += n;
    return true;
}

static void read_handshake(Client *c)
{
    size_t end;
    while ((end = str_find(buf_str(&c->in), STR("\r\n\r\n"), 0)) == SIZE_MAX)
        REQUIRE(read_more(c));
    REQUIRE(str_starts(buf_str(&c->in), STR("HTTP/1.1 101 ")));
    c->at = end + 4;
}

/* Until our ping has been answered, or the server has ended the connection. */
static void read_frames(Client *c)
{
    do
        while (take_frame(c))
            ;
    while (!c->pong && read_more(c));
}

/* ---- drained --------------------------------------------------------------------------------- */

typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool done;
} Reached;

static void mark(void *arg, unsigned worker)
{
    Reached *m = arg;
    (void)worker;
    pthread_mutex_lock(&m->lock);
    m->done = true;
    pthread_cond_signal(&m->wake);
    pthread_mutex_unlock(&m->lock);
}

/* Until the only worker has done what was before it. */
static void drain(World *w)
{
    Reached m = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};
    Err err = ERR_INIT;
    REQUIRE(work_submit(w->work, WORK_BULK, mark, NULL, &m, &err));
    pthread_mutex_lock(&m.lock);
    while (!m.done)
        pthread_cond_wait(&m.wake, &m.lock);
    pthread_mutex_unlock(&m.lock);
}

/* All that was sent has been read and answered. What is said goes through a thread of its own. */
static void settle(World *w, Client *c)
{
    if (!send_frame(c->fd, 0x89, STR("all")))
        return;
    read_frames(c);
    for (int i = 0; i < 3; i++) {
        drain(w);
        (void)poll(NULL, 0, 1);
    }
}

static void talk(World *w, uint16_t port, Str input)
{
    static const char last[] = "\x03\xe8"; /* 1000 */
    Client c = {.fd = open_connection(port)};
    buf_init(&c.in, (size_t)64 << 20);
    read_handshake(&c);
    if (send_input(c.fd, input) && !str_ends(input, STR("!")))
        settle(w, &c);
    (void)send_frame(c.fd, 0x88, str_mem(last, 2));
    (void)shutdown(c.fd, SHUT_WR);
    c.pong = false;
    while (!c.ended)
        read_frames(&c);
    buf_release(&c.in);
    (void)close(c.fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    World w;
    if (size < 2 || size > 65536)
        return 0;
    world_up(&w);
    Server *s = serve(w.api);
    talk(&w, server_port(s), str_mem((const char *)data, size));
    server_stop(s, 0);
    server_join(s);
    world_down(&w);
    server_free(s);
    return 0;
}
