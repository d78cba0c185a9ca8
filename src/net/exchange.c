/* exchange.c - the life of an exchange: replies from any thread, streams, and exchanges without a
 * server for tests. */
#include "net/exchange.h"

#include <errno.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

static void on_post(LoopPost *post)
{
    struct ExchangePriv *p = (void *)((char *)post - offsetof(struct ExchangePriv, post));
    if (p->conn && !p->in_line && conn_take_post(p->conn, post)) {
        p->in_line = true;
        return;
    }
    p->in_line = false;
    pthread_mutex_lock(&p->lock);
    p->posted = false;
    bool done = p->replied || p->stream_ended, streaming = p->streaming;
    pthread_mutex_unlock(&p->lock);
    server_exchange_pump(exchange_of(p), done, streaming);
}

HttpExchange *exchange_alloc(void)
{
    ExchangeBox *box = mem_zalloc(sizeof *box);
    Arena *arena = arena_new(ARENA_DEFAULT_MAX);
    if (!box || !arena) {
        mem_free(box);
        arena_free(arena);
        return NULL;
    }
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&box->priv.lock, NULL);
    pthread_cond_init(&box->priv.changed, &attr);
    pthread_condattr_destroy(&attr);
    box->x.priv = &box->priv;
    box->x.req.arena = arena;
    exchange_reset(&box->x);
    return &box->x;
}

void exchange_destroy(HttpExchange *x)
{
    if (!x)
        return;
    struct ExchangePriv *p = x->priv;
    exchange_release_body(x);
    buf_release(&x->resp.body);
    buf_release(&p->body);
    buf_release(&p->stream_pending);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    arena_free(x->req.arena);
    mem_free((char *)x - offsetof(ExchangeBox, x));
}

void exchange_reset(HttpExchange *x)
{
    struct ExchangePriv *p = x->priv;
    Arena *arena = x->req.arena;
    exchange_release_body(x);
    buf_release(&x->resp.body);
    buf_release(&p->body);
    buf_release(&p->stream_pending);
    arena_reset(arena);
    /* Field by field where it is cheaper than clearing 24 headers nobody has set. */
    size_t used = x->resp.header_count;
    memset(x->resp.headers, 0, used * sizeof x->resp.headers[0]);
    x->req = (HttpRequest){.arena = arena};
    x->resp.status = 200;
    x->resp.content_type = (Str){NULL, 0};
    x->resp.header_count = 0;
    x->resp.body_ref = (Str){NULL, 0};
    buf_init(&x->resp.body, BUF_DEFAULT_MAX);
    x->user = NULL;
    x->route = NULL;
    x->body_max = 0;
    x->started_ns = 0;
    x->format_error = NULL;
    x->format_error_arg = NULL;
    p->server = NULL;
    p->conn = NULL;
    p->stream = NULL;
    p->next_free = NULL;
    p->post = (LoopPost){NULL, on_post};
    p->in_line = false;
    p->headers = NULL;
    buf_init(&p->body, SIZE_MAX);
    p->held = 0;
    p->broken = p->answered = p->is_stream = false;
    atomic_store(&p->cancelled, false);
    p->on_stream = NULL;
    p->wanted = NULL;
    p->ws = NULL;
    p->ws_user = NULL;
    p->ws_refusal = 0;
    p->posted = p->replied = p->streaming = p->stream_ended = p->stream_ok = false;
    p->stream_failed = false;
    p->stream_length = -1;
    buf_init(&p->stream_pending, STREAM_PENDING_MAX);
    p->stream_unsent = 0;
    p->stream_total = 0;
}

void exchange_mark_broken(HttpExchange *x)
{
    x->priv->broken = true;
}

void exchange_release_body(HttpExchange *x)
{
    if (x->resp.body_release)
        x->resp.body_release(x->resp.body_release_arg);
    x->resp.body_release = NULL;
    x->resp.body_ref = (Str){NULL, 0};
}

void exchange_format_error(HttpExchange *x, int status, const Err *err)
{
    HttpResponse *resp = &x->resp;
    exchange_release_body(x);
    buf_clear(&resp->body);
    resp->status = status;
    resp->content_type = (Str){NULL, 0};
    /* Not by http_resp_header: memory for a copy may be what is short. */
    if ((status == 503 || status == 429) && !http_resp_find(x, "retry-after").ptr &&
        resp->header_count < HTTP_RESP_HEADERS_MAX)
        resp->headers[resp->header_count++] = (HttpHeader){STR("Retry-After"), STR("1")};
    HttpFormatError format = x->format_error ? x->format_error : http_problem;
    format(x->format_error_arg, x->req.path, status, err, x->req.id, resp);
    if (!buf_ok(&resp->body)) {
        /* Not even memory for the message: the status alone has to do. */
        buf_release(&resp->body);
        resp->content_type = (Str){NULL, 0};
    }
}

void exchange_finish_response(HttpExchange *x)
{
    struct ExchangePriv *p = x->priv;
    Err err = ERR_INIT;
    if (p->broken)
        err_set(&err, ERR_INTERNAL, "the answer held a header that cannot be sent");
    else if ((x->resp.status < 200 && !(p->ws && x->resp.status == 101)) || x->resp.status > 599)
        err_set(&err, ERR_INTERNAL, "the answer had no valid status");
    else if (!x->resp.body_ref.ptr && !buf_check(&x->resp.body, "the answer", &err))
        err.code = err.code == ERR_NO_MEMORY ? ERR_NO_MEMORY : ERR_INTERNAL;
    if (err.code == ERR_NONE)
        return;
    log_write(LOG_ERROR, "net", "%s (request %.*s)", err.msg, STR_ARG(x->req.id));
    p->broken = false;
    x->resp.header_count = 0;
    exchange_format_error(x, err_info(err.code)->http_status, &err);
}

/* ---- replies ---- */

/* With the lock held: asks the loop to look at x, unless it has been asked already. */
static void ask_loop(struct ExchangePriv *p)
{
    pthread_cond_broadcast(&p->changed);
    if (!p->server || p->posted)
        return;
    p->posted = true;
    server_post_node(p->server, &p->post);
}

void http_exchange_reply(HttpExchange *x)
{
    struct ExchangePriv *p = x->priv;
    exchange_finish_response(x);
    /* On the loop nothing else can be looking at x: no lock, no detour. */
    if (p->server && server_on_loop(p->server)) {
        p->replied = true;
        server_exchange_pump(x, true, false);
        return;
    }
    pthread_mutex_lock(&p->lock);
    p->replied = true;
    ask_loop(p);
    pthread_mutex_unlock(&p->lock);
}

bool http_exchange_cancelled(const HttpExchange *x)
{
    struct ExchangePriv *p = x->priv;
    if (p->wanted && !p->wanted(p->follow_arg))
        atomic_store(&p->cancelled, true);
    return atomic_load_explicit(&p->cancelled, memory_order_relaxed);
}

void exchange_cancel(HttpExchange *x)
{
    struct ExchangePriv *p = x->priv;
    pthread_mutex_lock(&p->lock);
    atomic_store(&p->cancelled, true);
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

/* ---- streams ---- */

void http_stream_start(HttpExchange *x, int64_t length)
{
    struct ExchangePriv *p = x->priv;
    exchange_finish_response(x);
    pthread_mutex_lock(&p->lock);
    p->streaming = true;
    p->stream_length = length;
    ask_loop(p);
    pthread_mutex_unlock(&p->lock);
}

bool http_stream_send(HttpExchange *x, Str data)
{
    struct ExchangePriv *p = x->priv;
    if (http_exchange_cancelled(x))
        return false;
    if (p->on_stream) {
        if (!p->on_stream(p->follow_arg, data))
            atomic_store(&p->cancelled, true);
        return !atomic_load(&p->cancelled);
    }
    if (!p->server) /* without a server: gathered for the test to look at */
        return buf_add(&x->resp.body, data);
    pthread_mutex_lock(&p->lock);
    bool ok = p->stream_pending.len + p->stream_unsent + data.len <= STREAM_PENDING_MAX &&
              buf_add(&p->stream_pending, data);
    if (!ok)
        p->stream_failed = true; /* the end is then a cut, whatever the handler says */
    p->stream_total += data.len;
    ask_loop(p);
    pthread_mutex_unlock(&p->lock);
    return ok;
}

bool http_stream_wait(HttpExchange *x, size_t max_pending, int timeout_ms)
{
    struct ExchangePriv *p = x->priv;
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&p->lock);
    int rc = 0;
    while (rc == 0 && !atomic_load(&p->cancelled) &&
           p->stream_pending.len + p->stream_unsent > max_pending)
        rc = pthread_cond_timedwait(&p->changed, &p->lock, &until);
    bool ok = !atomic_load(&p->cancelled) &&
              p->stream_pending.len + p->stream_unsent <= max_pending;
    pthread_mutex_unlock(&p->lock);
    return ok;
}

void http_stream_end(HttpExchange *x, bool ok)
{
    struct ExchangePriv *p = x->priv;
    pthread_mutex_lock(&p->lock);
    bool whole = p->stream_length < 0 || p->stream_total == (uint64_t)p->stream_length ||
                 !p->server;
    p->stream_ok = ok && whole && !p->stream_failed;
    p->stream_ended = true;
    ask_loop(p);
    pthread_mutex_unlock(&p->lock);
}

bool http_stream_event(HttpExchange *x, const char *event, Str data)
{
    Buf b;
    buf_init(&b, STREAM_PENDING_MAX);
    if (event)
        buf_printf(&b, "event: %s\n", event);
    /* CR, LF and CR LF all end a line of an event stream; none may break out of its data. */
    for (size_t at = 0;;) {
        size_t end = at;
        while (end < data.len && data.ptr[end] != '\n' && data.ptr[end] != '\r')
            end++;
        buf_add(&b, STR("data: "));
        buf_add(&b, str_sub(data, at, end));
        buf_add_char(&b, '\n');
        if (end >= data.len)
            break;
        at = end + 1;
        if (data.ptr[end] == '\r' && at < data.len && data.ptr[at] == '\n')
            at++;
    }
    buf_add_char(&b, '\n');
    bool ok = buf_ok(&b) && http_stream_send(x, buf_str(&b));
    buf_release(&b);
    return ok;
}

bool exchange_take_stream(HttpExchange *x, Buf *out, bool *ok)
{
    struct ExchangePriv *p = x->priv;
    pthread_mutex_lock(&p->lock);
    size_t n = p->stream_pending.len;
    bool taken = n == 0 || buf_add(out, buf_str(&p->stream_pending));
    p->stream_unsent += n;
    if (p->stream_pending.cap > 65536)
        buf_release(&p->stream_pending);
    else
        buf_clear(&p->stream_pending);
    *ok = taken && (p->answered ? p->stream_ok : !p->stream_failed);
    pthread_mutex_unlock(&p->lock);
    return taken;
}

void exchange_stream_progress(HttpExchange *x, size_t unsent)
{
    struct ExchangePriv *p = x->priv;
    pthread_mutex_lock(&p->lock);
    p->stream_unsent = unsent;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

/* ---- without a server ---- */

HttpExchange *http_exchange_new(Str method, Str target, const HttpHeader *headers,
                                size_t header_count, Str body, Err *err)
{
    HttpExchange *x = exchange_alloc();
    if (!x) {
        err_set(err, ERR_NO_MEMORY, "no memory for a request");
        return NULL;
    }
    Arena *a = x->req.arena;
    HttpRequest *req = &x->req;
    HttpHeader *copy = ARENA_NEW_ARRAY(a, HttpHeader, header_count + 1);
    bool ok = copy != NULL;
    for (size_t i = 0; ok && i < header_count; i++) {
        copy[i] = (HttpHeader){arena_str(a, headers[i].name), arena_str(a, headers[i].value)};
        ok = copy[i].name.ptr && copy[i].value.ptr;
    }
    req->headers = copy;
    req->header_count = header_count;
    req->method = arena_str(a, method);
    req->target = arena_str(a, target);
    req->body = arena_str(a, body);
    req->peer = STR("127.0.0.1");
    req->host = STR("localhost");
    req->version_major = req->version_minor = 1;
    req->id = STR("test");
    x->body_max = server_default_limits.body_bytes;
    x->started_ns = clock_mono_ns();
    if (!ok || !req->method.ptr || !req->target.ptr || !req->body.ptr)
        ok = err_set(err, ERR_NO_MEMORY, "no memory for a request");
    if (!ok || !http_parse_target(req->target, a, &req->path, &req->query, err)) {
        exchange_destroy(x);
        return NULL;
    }
    return x;
}

bool http_exchange_wait(HttpExchange *x, int timeout_ms)
{
    struct ExchangePriv *p = x->priv;
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += timeout_ms / 1000 + 1; /* whole seconds are exact enough for a test */
    pthread_mutex_lock(&p->lock);
    int rc = 0;
    while (!p->replied && !p->stream_ended && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&p->changed, &p->lock, &until);
    bool done = p->replied || p->stream_ended;
    pthread_mutex_unlock(&p->lock);
    return done;
}

void http_exchange_follow(HttpExchange *x, bool (*on_stream)(void *arg, Str data),
                          bool (*wanted)(void *arg), void *arg)
{
    x->priv->on_stream = on_stream;
    x->priv->wanted = wanted;
    x->priv->follow_arg = arg;
}

void http_exchange_cancel(HttpExchange *x)
{
    exchange_cancel(x);
}

void http_exchange_free(HttpExchange *x)
{
    exchange_destroy(x);
}
