/* conn.c - reading and writing of one connection; see conn.h. */
#include "net/conn.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/mem.h"

/* What one connection may have done in an iteration, so that none holds up the others: reads of
 * whole blocks, where a block may hold thousands of frames or requests; and bytes sent. */
#define READS_A_TURN 4
#define LITTLE_READ_BYTES ((size_t)4 << 10)
#define SENT_A_TURN ((size_t)128 << 10)
#define SENT_AT_ONCE ((size_t)64 << 10)
#define SPARE_MAX ((size_t)256 << 10)

static void on_timer(LoopTimer *t)
{
    Conn *c = (Conn *)((char *)t - offsetof(Conn, timer));
    c->proto->timer(c);
}

static void on_io(LoopIo *io, uint32_t events)
{
    Conn *c = (Conn *)((char *)io - offsetof(Conn, io));
    if (events & EPOLLIN)
        c->readable = true;
    if (events & EPOLLRDHUP)
        c->readable = c->hangup = true;
    if (events & EPOLLOUT)
        c->writable = true;
    if (events & (EPOLLERR | EPOLLHUP))
        c->broken = true;
    share_add(c->server->share, c);
}

void conn_open(Server *s, int fd, const char *peer, uint16_t port, bool over_limit)
{
    Conn *c = mem_zalloc(sizeof *c);
    if (!c) {
        close(fd);
        return;
    }
    c->io = (LoopIo){fd, on_io};
    c->timer.fn = on_timer;
    c->server = s;
    c->over_limit = over_limit;
    c->peer_port = port;
    strncpy(c->peer, peer, sizeof c->peer - 1);
    buf_init(&c->in, SIZE_MAX);
    buf_init(&c->out, SIZE_MAX);
    c->writable = true;
    h1_init(c);
    if (s->tls) {
        c->tls = tls_new(s->tls, fd);
        c->handshaking = true;
    }
    if ((s->tls && !c->tls) || !loop_watch(s->loop, &c->io, NULL)) {
        tls_free(c->tls);
        mem_free(c);
        close(fd);
        return;
    }
    c->next = s->conns;
    if (c->next)
        c->next->prev = c;
    s->conns = c;
    c->address = server_address_hash(s, c->peer);
    c->serial = ++s->next_conn;
    c->opened_ms = loop_now_ms(s->loop);
    ++*server_address_place(s, c->address);
    atomic_fetch_add(&s->n_connections, 1);
    atomic_fetch_add(&s->n_accepted, 1);
    conn_timer(c, &s->t_head);
}

bool conn_take_post(Conn *c, LoopPost *post)
{
    if (c->dead || !share_contended(c->server->share))
        return false;
    post->next = NULL;
    *(c->posts ? c->posts_end : &c->posts) = post;
    c->posts_end = &post->next;
    share_add(c->server->share, c);
    return true;
}

static void run_posts(Conn *c)
{
    while (c->posts) {
        LoopPost *post = c->posts;
        c->posts = post->next;
        post->fn(post);
    }
}

void conn_close(Conn *c)
{
    if (c->dead)
        return;
    Server *s = c->server;
    c->dead = true;
    loop_timer_stop(&c->timer);
    c->proto->closed(c);
    run_posts(c);
    if (c->tls && !c->handshaking && !c->broken)
        tls_goodbye(c->tls);
    tls_free(c->tls);
    c->tls = NULL;
    close(c->io.fd); /* leaves the epoll set with it */
    c->io.fn = NULL; /* an event of this iteration may still be on its way */
    server_unhold(s, c->address, c->in.cap);
    buf_release(&c->in);
    buf_release(&c->out);
    c->ref = (Str){NULL, 0};
    if (c->prev)
        c->prev->next = c->next;
    else
        s->conns = c->next;
    if (c->next)
        c->next->prev = c->prev;
    share_leave(c);
    --*server_address_place(s, c->address);
    atomic_fetch_sub(&s->n_connections, 1);
    c->next_dead = s->dead;
    s->dead = c;
}

void conn_free(Conn *c)
{
    mem_free(c);
}

Buf *conn_out(Conn *c)
{
    Server *s = c->server;
    if (!c->out.ptr && s->spare.ptr) {
        c->out = s->spare;
        buf_init(&s->spare, SIZE_MAX);
    }
    return &c->out;
}

/* All of c->out is sent: its memory goes to the next one who needs some. */
static void give_back(Conn *c)
{
    Server *s = c->server;
    if (c->out.ptr && !s->spare.ptr && c->out.cap <= SPARE_MAX) {
        buf_clear(&c->out);
        s->spare = c->out;
        buf_init(&c->out, SIZE_MAX);
    } else if (c->out.ptr) {
        buf_release(&c->out);
    }
    c->out_at = 0;
}

static ssize_t send_some(Conn *c)
{
    size_t left = c->out.len - c->out_at;
    size_t more = c->ref.len < SENT_AT_ONCE ? c->ref.len : SENT_AT_ONCE;
    if (c->tls) {
        if (left)
            return tls_write(c->tls, c->out.ptr + c->out_at, left);
        return tls_write(c->tls, c->ref.ptr, more);
    }
    struct iovec iov[2];
    int n = 0;
    if (left)
        iov[n++] = (struct iovec){c->out.ptr + c->out_at, left};
    if (more)
        iov[n++] = (struct iovec){(void *)(uintptr_t)c->ref.ptr, more};
    struct msghdr msg = {.msg_iov = iov, .msg_iovlen = (size_t)n};
    return sendmsg(c->io.fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void advance(Conn *c, size_t n)
{
    size_t left = c->out.len - c->out_at;
    size_t from_out = n < left ? n : left;
    c->out_at += from_out;
    n -= from_out;
    if (n) { /* else there may be none, and its pointer is NULL */
        c->ref.ptr += n;
        c->ref.len -= n;
    }
}

bool conn_flush(Conn *c)
{
    if (c->dead)
        return false;
    if (!buf_ok(&c->out)) { /* without memory half an answer would look whole */
        conn_close(c);
        return false;
    }
    if (c->handshaking)
        return true;
    bool had = conn_unsent(c) > 0;
    uint64_t before = c->sent;
    while (conn_unsent(c) > 0 && c->writable && !c->broken) {
        if (c->sent - before > SENT_A_TURN) {
            conn_again(c);
            break;
        }
        ssize_t n = send_some(c);
        if (n >= 0) {
            c->sent += (size_t)n;
            advance(c, (size_t)n);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            c->writable = false;
        } else if (errno != EINTR) {
            c->broken = true;
        }
    }
    if (c->broken && conn_unsent(c) > 0) {
        conn_close(c);
        return false;
    }
    if (conn_unsent(c) > 0) {
        if (c->sent != before && c->proto->progress)
            c->proto->progress(c);
        return true;
    }
    give_back(c);
    if (had)
        c->proto->drained(c);
    return !c->dead;
}

static ssize_t receive(Conn *c, size_t want)
{
    char *to = c->server->scratch;
    return c->tls ? tls_read(c->tls, to, want) : recv(c->io.fd, to, want, MSG_DONTWAIT);
}

/* Requests and frames may be as small as a few bytes each: fewer of them at once. */
static bool reads_small(const Conn *c)
{
    return c->proto == &ws_proto || c->proto == &h2_proto ||
           (c->proto == &h1_proto && c->u.h1.state <= H1_HEAD);
}

/* One read. False when there is nothing more to read now. */
static bool read_once(Conn *c)
{
    bool little = conn_is_costly(c) || share_contended(c->server->share);
    size_t want = !reads_small(c) ? SCRATCH_BYTES : little ? LITTLE_READ_BYTES : HEAD_READ_BYTES;
    ssize_t n = receive(c, want);
    if (n > 0) {
        c->received += (size_t)n;
        /* A short read has emptied the socket: the next byte is a new edge. Not so with TLS, which
         * reads records, nor when the end of the stream was announced together with the bytes. */
        if ((size_t)n < want && !c->tls && !c->hangup)
            c->readable = false;
        c->proto->input(c, c->server->scratch, (size_t)n);
        return true;
    }
    if (n < 0 && errno == EINTR)
        return true;
    c->readable = false;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return false;
    if (n < 0)
        c->broken = true;
    c->proto->eof(c);
    return false;
}

static bool handshake(Conn *c)
{
    int rc = tls_handshake(c->tls);
    if (rc == 0 && !c->broken && !c->hangup)
        return false;
    if (rc != 1) {
        c->broken = true;
        conn_close(c);
        return false;
    }
    c->handshaking = false;
    c->readable = c->writable = true;
    if (tls_is_h2(c->tls) && (c->over_limit || !h2_init(c))) {
        conn_close(c);
        return false;
    }
    return conn_flush(c);
}

void conn_again(Conn *c)
{
    c->again = true;
    share_add(c->server->share, c);
    loop_again(c->server->loop);
}

void conn_resume(Conn *c)
{
    bool again = c->again;
    c->again = false;
    if (c->dead)
        return;
    run_posts(c);
    if (c->dead)
        return;
    if (again && c->in.len && c->proto->wants_input(c))
        c->proto->input(c, c->server->scratch, 0);
    conn_run(c);
}

void conn_run(Conn *c)
{
    if (c->dead || (c->handshaking && !handshake(c)))
        return;
    if (conn_unsent(c) > 0 && !conn_flush(c))
        return;
    int budget = reads_small(c) ? 1 : READS_A_TURN;
    while (!c->dead && c->readable && c->proto->wants_input(c)) {
        if (budget-- == 0) {
            conn_again(c);
            return;
        }
        if (!read_once(c))
            break;
    }
    if (c->dead)
        return;
    if (c->broken) {
        conn_close(c);
        return;
    }
    /* While a request is being answered nothing is read; that the client has gone is told
     * anyway. */
    if (c->hangup && !c->proto->wants_input(c))
        c->proto->eof(c);
}
