/* server.c - the server's life: listening, the pool of exchanges, stopping. What every request goes
 * through is in request.c. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/os.h"
#include "net/address.h"
#include "net/conn.h"
#include "net/limiter.h"
#include "net/listen.h"

#define POOL_MAX 256        /* exchanges kept for the next requests */
#define ACCEPTS_A_TURN 8
#define ACCEPT_PAUSE_MS 100 /* when descriptors have run out */

const ServerLimits server_default_limits = {
    .connections = 16384,
    .address_connections = 256,
    .target_bytes = 8192,
    .head_bytes = 32768,
    .header_count = 100,
    .body_bytes = (uint64_t)64 << 20,
    .body_total_bytes = (uint64_t)256 << 20,
    .head_timeout_ms = 10000,
    .body_timeout_ms = 20000,
    .body_min_bytes = 4096,
    .idle_timeout_ms = 60000,
    .write_timeout_ms = 30000,
    .linger_ms = 2000,
    .h2_streams = 64,
    .ws_message_bytes = (uint64_t)16 << 20,
    .ws_queue_bytes = (uint64_t)1 << 20,
    .ws_ping_ms = 30000,
};

#define TAKE_DEFAULT(member) \
    if (!l->member) \
    l->member = server_default_limits.member

static void fill_limits(ServerLimits *l)
{
    TAKE_DEFAULT(connections);
    TAKE_DEFAULT(address_connections);
    TAKE_DEFAULT(target_bytes);
    TAKE_DEFAULT(head_bytes);
    TAKE_DEFAULT(header_count);
    TAKE_DEFAULT(body_bytes);
    TAKE_DEFAULT(body_total_bytes);
    TAKE_DEFAULT(head_timeout_ms);
    TAKE_DEFAULT(body_timeout_ms);
    TAKE_DEFAULT(body_min_bytes);
    TAKE_DEFAULT(idle_timeout_ms);
    TAKE_DEFAULT(write_timeout_ms);
    TAKE_DEFAULT(linger_ms);
    TAKE_DEFAULT(h2_streams);
    TAKE_DEFAULT(ws_message_bytes);
    TAKE_DEFAULT(ws_queue_bytes);
    TAKE_DEFAULT(ws_ping_ms);
}


/* ---- accepting ---- */

static void accept_later(Server *s)
{
    loop_timer_at(s->loop, &s->t_misc, &s->accept_again, ACCEPT_PAUSE_MS);
}

static void pause_accepting(Server *s)
{
    loop_unwatch(s->loop, &s->listener);
    s->listening = false;
    accept_later(s);
}

/* What the kernel refuses for want of memory it may give in a moment: a server that listens and
 * hears nobody would be worse than a late one. */
static void begin_accepting(Server *s)
{
    s->listening = loop_watch_level(s->loop, &s->listener, NULL);
    if (!s->listening)
        accept_later(s);
}

static void on_accept_again(LoopTimer *t)
{
    Server *s = (Server *)((char *)t - offsetof(Server, accept_again));
    if (s->draining || s->listener.fd < 0)
        return;
    begin_accepting(s);
}

uint64_t server_address_hash(const Server *s, const char *peer)
{
    char room[48];
    Str key = limiter_address(str_of(peer), room);
    return checksum64(s->address_seed, key.ptr, key.len);
}

static bool address_is_full(Server *s, const char *peer, uint64_t address)
{
    bool ours = address_text_is_loopback(str_of(peer)) || str_eq(str_of(peer), STR("unix"));
    return (!ours || s->opt.limits.address_loopback) &&
           *server_address_place(s, address) >= s->opt.limits.address_connections;
}

/* With a reset: neither side keeps anything of it. */
static void turn_away(Server *s, int fd)
{
    const struct linger none = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    close(fd);
    METRIC_INC(s->m_turned_away);
    server_limit_met(s, "flood");
}

static void open_one(Server *s, int fd, const char *peer, uint16_t port, uint64_t address)
{
    if (!share_may_open(s->share, address)) {
        turn_away(s, fd);
        return;
    }
    if (atomic_load(&s->n_connections) >= s->opt.limits.connections)
        (void)server_make_room(s, address);
    uint64_t open = atomic_load(&s->n_connections);
    bool full = open >= s->opt.limits.connections;
    bool over = full || address_is_full(s, peer, address);
    if (over)
        server_limit_met(s, full ? "connections" : "connections_of_address");
    if (open >= (uint64_t)s->opt.limits.connections + OVER_LIMIT_EXTRA)
        close(fd);
    else
        conn_open(s, fd, peer, port, over);
}

static void on_connection(LoopIo *io, uint32_t events)
{
    Server *s = (Server *)((char *)io - offsetof(Server, listener));
    (void)events;
    uint64_t start = clock_thread_ns();
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        char peer[46];
        uint16_t port;
        int fd = listen_accept(io->fd, peer, &port);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
                log_write(LOG_WARN, "net", "no descriptor or memory for another connection");
                pause_accepting(s);
            }
            return;
        }
        uint64_t address = server_address_hash(s, peer), now;
        open_one(s, fd, peer, port, address);
        now = clock_thread_ns();
        share_charge(s->share, address, now - start);
        start = now;
    }
}

/* ---- making and freeing ---- */

static void free_list(const char *const *list, size_t n)
{
    for (size_t i = 0; list && i < n; i++)
        mem_free((void *)(uintptr_t)list[i]);
    mem_free((void *)(uintptr_t)list);
}

/* NULL without memory. */
static const char **copy_list(const char *const *list, size_t n)
{
    const char **copy = mem_array(n + 1, sizeof *copy);
    for (size_t i = 0; copy && i < n; i++) {
        copy[i] = mem_strdup(list[i]);
        if (!copy[i]) {
            free_list(copy, n);
            return NULL;
        }
    }
    return copy;
}

/* The options' strings need not outlive server_new. */
static bool copy_options(Server *s, const ServerOptions *o)
{
    s->opt = *o;
    s->opt.host = o->host ? mem_strdup(o->host) : NULL;
    s->opt.tls_cert = o->tls_cert ? mem_strdup(o->tls_cert) : NULL;
    s->opt.tls_key = o->tls_key ? mem_strdup(o->tls_key) : NULL;
    s->opt.allowed_hosts = copy_list(o->allowed_hosts, o->allowed_host_count);
    s->opt.allowed_origins = copy_list(o->allowed_origins, o->allowed_origin_count);
    fill_limits(&s->opt.limits);
    return !s->opt.host == !o->host && !s->opt.tls_cert == !o->tls_cert &&
           !s->opt.tls_key == !o->tls_key && s->opt.allowed_hosts && s->opt.allowed_origins;
}

static bool init_parts(Server *s, Err *err)
{
    const ServerOptions *o = &s->opt;
    s->loop = loop_new(err);
    if (!s->loop)
        return false;
    loop_timers_init(s->loop, &s->t_head, o->limits.head_timeout_ms);
    loop_timers_init(s->loop, &s->t_body, o->limits.body_timeout_ms);
    loop_timers_init(s->loop, &s->t_idle, o->limits.idle_timeout_ms);
    loop_timers_init(s->loop, &s->t_write, o->limits.write_timeout_ms);
    loop_timers_init(s->loop, &s->t_linger, o->limits.linger_ms);
    loop_timers_init(s->loop, &s->t_ping, o->limits.ws_ping_ms);
    loop_timers_init(s->loop, &s->t_misc, 1000);
    s->accept_again.fn = on_accept_again;
    s->scratch = mem_alloc(SCRATCH_BYTES);
    s->by_address = mem_zalloc(ADDRESS_PLACES * sizeof *s->by_address);
    s->headers = mem_array(o->limits.header_count + 1, sizeof *s->headers);
    s->ws = ws_table_new();
    s->share = share_new(s->loop, &s->t_misc);
    if (!s->scratch || !s->headers || !s->ws || !s->by_address || !s->share)
        return err_set(err, ERR_NO_MEMORY, "no memory for the server");
    uint32_t random;
    if (!os_random(&random, sizeof random, err) ||
        !os_random(&s->address_seed, sizeof s->address_seed, err))
        return false;
    snprintf(s->id_prefix, sizeof s->id_prefix, "%08x-", random);
    if ((o->tls_cert != NULL) != (o->tls_key != NULL))
        return err_set(err, ERR_VALIDATION, "TLS needs a certificate and its key, not only one");
    if (o->tls_cert && !(s->tls = tls_context_new(o->tls_cert, o->tls_key, err)))
        return false;
    s->listener.fn = on_connection;
    s->listener.fd = listen_open(o->host, o->port, o->listen_fd, &s->port, err);
    if (s->listener.fd < 0)
        return false;
    s->guard = guard_new(o->host, s->port, s->tls != NULL, o->allowed_hosts,
                         o->allowed_host_count, o->allowed_origins, o->allowed_origin_count, err);
    return s->guard != NULL;
}

static void register_metrics(Server *s)
{
    s->m_requests = metric_counter("http_requests_total", "answered HTTP requests",
                                   "route,method,code");
    s->m_turned_away = metric_counter("http_connections_refused_total",
                                      "new connections of an address that floods", NULL);
    s->m_limits = metric_counter("limits_met_total", "how often somebody met a limit", "limit");
    s->m_duration = metric_histogram("http_request_duration_seconds",
                                     "from the end of the head to the answer", "route");
}

static double websocket_count(void *arg)
{
    return (double)atomic_load(&((Server *)arg)->n_websockets);
}

static double connection_count(void *arg)
{
    return (double)atomic_load(&((Server *)arg)->n_connections);
}

Server *server_new(const ServerOptions *options, Err *err)
{
    tzset(); /* reads a file: here, and not with the first date on the loop */
    Server *s = mem_zalloc(sizeof *s);
    if (!s) {
        err_set(err, ERR_NO_MEMORY, "no memory for the server");
        return NULL;
    }
    ws_lost_init(&s->lost);
    pthread_mutex_init(&s->given_up.lock, NULL);
    s->listener.fd = -1;
    buf_init(&s->spare, SIZE_MAX);
    if (!copy_options(s, options)) {
        server_free(s);
        err_set(err, ERR_NO_MEMORY, "no memory for the server");
        return NULL;
    }
    if (!s->opt.on_request) {
        server_free(s);
        err_set(err, ERR_VALIDATION, "a server needs a handler");
        return NULL;
    }
    if (!init_parts(s, err)) {
        server_free(s);
        return NULL;
    }
    register_metrics(s);
    metric_gauge_fn("websocket_clients", "open WebSocket connections", websocket_count, s);
    metric_gauge_fn("http_connections", "open connections", connection_count, s);
    return s;
}

void server_free(Server *s)
{
    if (!s)
        return;
    metric_gauge_fn_drop(s);
    /* Workers may still hold exchanges: their replies come in as posts. */
    while (s->loop && atomic_load(&s->outstanding) > 0) {
        loop_run_posts(s->loop, true, false);
        usleep(1000);
    }
    atomic_store(&s->ended, true);
    if (s->loop)
        loop_run_posts(s->loop, true, true);
    server_drop_calls(s);
    if (s->listener.fd >= 0)
        close(s->listener.fd);
    while (s->free_list) {
        struct ExchangePriv *next = s->free_list->next_free;
        exchange_destroy(exchange_of(s->free_list));
        s->free_list = next;
    }
    loop_free(s->loop);
    ws_lost_release(&s->lost);
    pthread_mutex_destroy(&s->given_up.lock);
    ws_table_free(s->ws);
    guard_free(s->guard);
    tls_context_free(s->tls);
    buf_release(&s->spare);
    mem_free(s->scratch);
    mem_free(s->by_address);
    share_free(s->share);
    mem_free(s->headers);
    free_list(s->opt.allowed_hosts, s->opt.allowed_host_count);
    free_list(s->opt.allowed_origins, s->opt.allowed_origin_count);
    mem_free((void *)(uintptr_t)s->opt.host);
    mem_free((void *)(uintptr_t)s->opt.tls_cert);
    mem_free((void *)(uintptr_t)s->opt.tls_key);
    mem_free(s);
}

uint16_t server_port(const Server *s) { return s->port; }

int server_listener(const Server *s)
{
    return s->listener.fd < 0 ? -1 : fcntl(s->listener.fd, F_DUPFD_CLOEXEC, 3);
}

bool server_is_tls(const Server *s) { return s->tls != NULL; }
bool server_on_loop(const Server *s) { return loop_is_current(s->loop); }

void server_stats(const Server *s, ServerStats *out)
{
    Server *m = (Server *)(uintptr_t)s;
    out->connections = atomic_load(&m->n_connections);
    out->websockets = atomic_load(&m->n_websockets);
    out->accepted = atomic_load(&m->n_accepted);
    out->requests = atomic_load(&m->n_requests);
    out->body_bytes_held = atomic_load(&m->n_held);
}

/* ---- exchanges ---- */

HttpExchange *server_exchange_new(Server *s, Conn *c)
{
    HttpExchange *x;
    if (s->free_list) {
        x = exchange_of(s->free_list);
        s->free_list = s->free_list->next_free;
        s->free_count--;
    } else {
        x = exchange_alloc();
    }
    if (!x)
        return NULL;
    x->priv->next_free = NULL;
    x->priv->server = s;
    x->priv->conn = c;
    x->priv->address = c->address;
    x->priv->serial = ++s->next_serial;
    x->format_error = s->opt.format_error;
    x->format_error_arg = s->opt.arg;
    x->body_max = s->opt.limits.body_bytes;
    x->req.path = x->req.query = x->req.method = STR("");
    memcpy(x->priv->peer, c->peer, sizeof c->peer);
    x->req.peer = str_of(x->priv->peer);
    x->req.peer_port = c->peer_port;
    x->req.is_tls = c->tls != NULL;
    atomic_fetch_add(&s->outstanding, 1);
    return x;
}

void server_exchange_free(HttpExchange *x)
{
    struct ExchangePriv *p = x->priv;
    Server *s = p->server;
    server_unhold(s, p->address, p->held);
    if (p->ws && p->ws->on_close) /* accepted, but never opened */
        p->ws->on_close(p->ws_user, s, 0, WS_CLOSE_ABNORMAL);
    if (s->free_count < POOL_MAX) {
        exchange_reset(x);
        p->next_free = s->free_list;
        s->free_list = p;
        s->free_count++;
    } else {
        exchange_destroy(x);
    }
    atomic_fetch_sub(&s->outstanding, 1);
}

void server_exchange_pump(HttpExchange *x, bool done, bool streaming)
{
    struct ExchangePriv *p = x->priv;
    if (!done && !streaming)
        return;
    if (done)
        server_count_request(x);
    p->answered = done;
    p->is_stream = streaming;
    if (p->conn)
        p->conn->proto->reply(p->conn, x);
    else if (done)
        server_exchange_free(x);
}

WorkFrom server_exchange_from(const HttpExchange *x)
{
    const Conn *c = x->priv->conn;
    if (!c)
        return (WorkFrom){.address = 0};
    return (WorkFrom){.address = c->address | 1, .connection = c->serial, .since_ms = c->opened_ms};
}

uint64_t server_exchange_serial(const HttpExchange *x)
{
    return x->priv->serial;
}

/* ---- running ---- */

static void on_turn(void *arg)
{
    Server *s = arg;
    share_serve(s->share);
    if (s->opt.on_turn)
        s->opt.on_turn(s->opt.arg);
    Conn *dead = s->dead;
    s->dead = NULL;
    while (dead) {
        Conn *next = dead->next_dead;
        if (dead->ready) { /* still in the other list: the next turn frees it */
            dead->next_dead = s->dead;
            s->dead = dead;
        } else {
            conn_free(dead);
        }
        dead = next;
    }
    if (s->draining && !s->conns)
        loop_stop(s->loop);
}

static void on_drain_end(LoopTimer *t)
{
    Server *s = (Server *)((char *)t - offsetof(Server, drain_end));
    loop_stop(s->loop);
}

static void stop_accepting(Server *s)
{
    loop_timer_stop(&s->accept_again);
    if (s->listener.fd >= 0)
        close(s->listener.fd); /* leaves the epoll set with it */
    s->listener.fd = -1;
    s->listening = false;
}

static void on_stop(LoopPost *post)
{
    Server *s = (Server *)((char *)post - offsetof(Server, stop_post));
    if (s->draining)
        return;
    s->draining = true;
    stop_accepting(s);
    s->drain_end.fn = on_drain_end;
    loop_timer_at(s->loop, &s->t_misc, &s->drain_end, atomic_load(&s->stop_ms));
    for (Conn *c = s->conns, *next; c; c = next) {
        next = c->next;
        c->proto->stop(c);
    }
}

void server_stop(Server *s, uint32_t drain_ms)
{
    if (atomic_exchange(&s->stop_posted, true))
        return;
    atomic_store(&s->stop_ms, drain_ms);
    s->stop_post.fn = on_stop;
    loop_post(s->loop, &s->stop_post);
}

bool server_run(Server *s, Err *err)
{
    sigset_t pipe_only, before;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    /* libssl writes with write(2): a client that has gone must not end the program. */
    pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
    /* A kernel without it serves as well, with longer waits under load. */
    (void)os_prompt_thread(100000);
    begin_accepting(s);
    bool ok = loop_run(s->loop, on_turn, s, err);
    stop_accepting(s);
    s->draining = true;
    while (s->conns)
        conn_close(s->conns);
    share_drop(s->share);
    on_turn(s);
    const struct timespec none = {0, 0};
    while (sigtimedwait(&pipe_only, NULL, &none) > 0)
        continue; /* what came while it was blocked must not strike now */
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ok;
}

static void *run_thread(void *arg)
{
    Server *s = arg;
    Err err = ERR_INIT;
    if (!server_run(s, &err))
        log_write(LOG_ERROR, "net", "the server has stopped: %s", err.msg);
    atomic_store(&s->is_over, true);
    return NULL;
}

bool server_start(Server *s, Err *err)
{
    int rc = pthread_create(&s->thread, NULL, run_thread, s);
    if (rc != 0)
        return err_set_errno(err, ERR_UNAVAILABLE, rc, "the network thread cannot start");
    pthread_setname_np(s->thread, "net");
    s->started = true;
    return true;
}

bool server_is_over(const Server *s)
{
    return atomic_load(&((Server *)(uintptr_t)s)->is_over);
}

void server_join(Server *s)
{
    if (s->started)
        pthread_join(s->thread, NULL);
    s->started = false;
}
