/* request.c - what every request goes through, whatever protocol carried it: its id, the guard, the
 * layer above's callbacks, the headers of every answer, the transport's own refusals, the count. */
#include <ctype.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "net/conn.h"

/* ---- id ---- */

#define ID_MAX 64

static bool id_is_sane(Str id)
{
    if (id.len == 0 || id.len > ID_MAX)
        return false;
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];
        bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
        if (!ok)
            return false;
    }
    return true;
}

static void give_id(HttpExchange *x)
{
    Server *s = x->priv->server;
    Str sent = http_header(&x->req, "X-Request-Id");
    if (id_is_sane(sent)) {
        x->req.id = sent;
        return;
    }
    char text[32];
    size_t n = strlen(s->id_prefix), at = sizeof text;
    uint64_t count = ++s->next_id;
    do
        text[--at] = "0123456789abcdef"[count % 16];
    while (count /= 16);
    at -= n;
    memcpy(text + at, s->id_prefix, n);
    x->req.id = arena_str(x->req.arena, str_mem(text + at, sizeof text - at));
    if (!x->req.id.ptr)
        x->req.id = STR("none");
}

/* ---- the way up ---- */

ErrCode server_status_code(int status)
{
    switch (status) {
    case 403: return ERR_FORBIDDEN;
    case 404: return ERR_NOT_FOUND;
    case 408: return ERR_TIMEOUT;
    case 413: case 414: case 431: return ERR_TOO_LARGE;
    case 500: return ERR_INTERNAL;
    case 503: return ERR_UNAVAILABLE;
    default: return ERR_VALIDATION;
    }
}

void server_refuse(HttpExchange *x, int status, const char *why)
{
    Err err = ERR_INIT;
    err_set(&err, server_status_code(status), "%s", why);
    if (!x->req.id.ptr)
        give_id(x);
    http_reply_status(x, status, &err);
}

/* Of a target that is refused, the part that needs no decoding: enough to know the error's
 * format. */
static Str plain_prefix(Str target)
{
    size_t n = 0;
    while (n < target.len && n < 200 &&
           (isalnum((unsigned char)target.ptr[n]) || memchr("/-_.~", target.ptr[n], 5)))
        n++;
    return str_sub(target, 0, n);
}

bool server_head_ready(HttpExchange *x, Str raw_target)
{
    Server *s = x->priv->server;
    HttpRequest *req = &x->req;
    Err err = ERR_INIT;
    atomic_fetch_add_explicit(&s->n_requests, 1, memory_order_relaxed);
    x->started_ns = clock_mono_ns();
    give_id(x);
    if (!http_parse_target(raw_target, req->arena, &req->path, &req->query, &err)) {
        req->path = plain_prefix(raw_target);
        http_reply_error(x, &err);
        return false;
    }
    bool upgrade = http_header_has_token(req, "Upgrade", "websocket");
    if (!guard_check(s->guard, req, upgrade, &err)) {
        http_reply_error(x, &err);
        return false;
    }
    if (s->opt.on_head)
        s->opt.on_head(s->opt.arg, x);
    return true;
}

void server_dispatch(HttpExchange *x)
{
    Server *s = x->priv->server;
    s->opt.on_request(s->opt.arg, x);
}

/* ---- memory of what is being received ---- */

void server_limit_met(Server *s, const char *limit)
{
    METRIC_INC(s->m_limits, limit);
}

/* One address leaves a quarter to the others. */
bool server_hold(Server *s, uint64_t address, uint64_t bytes)
{
    uint64_t *own = &s->held_by[address % HELD_PLACES], all = s->opt.limits.body_total_bytes;
    if (*own + bytes > all - all / 4) {
        server_limit_met(s, "memory_of_address");
        return false;
    }
    uint64_t now = atomic_load_explicit(&s->n_held, memory_order_relaxed);
    if (bytes > all - (now < all ? now : all)) {
        server_limit_met(s, "memory");
        return false;
    }
    atomic_store_explicit(&s->n_held, now + bytes, memory_order_relaxed);
    *own += bytes;
    return true;
}

void server_unhold(Server *s, uint64_t address, uint64_t bytes)
{
    s->held_by[address % HELD_PLACES] -= bytes;
    if (bytes)
        atomic_fetch_sub_explicit(&s->n_held, bytes, memory_order_relaxed);
}

/* ---- what every answer says ---- */

Str server_date_line(Server *s)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if ((uint64_t)now.tv_sec != s->date_s) {
        static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
        static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
        struct tm tm;
        gmtime_r(&now.tv_sec, &tm);
        s->date_s = (uint64_t)now.tv_sec;
        snprintf(s->date, sizeof s->date, "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n",
                 days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon], (tm.tm_year + 1900) % 10000,
                 tm.tm_hour, tm.tm_min, tm.tm_sec);
    }
    return str_of(s->date);
}

/* Framing and the date are the protocol's business, whatever a handler says. */
static bool is_ours(Str name)
{
    static const char *const ours[] = {"date", "content-length", "transfer-encoding",
                                       "connection", "x-request-id", "keep-alive"};
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (str_eq_nocase(name, str_of(ours[i])))
            return true;
    return false;
}

void server_each_header(HttpExchange *x, void (*cb)(void *arg, Str name, Str value), void *arg)
{
    const HttpResponse *resp = &x->resp;
    bool cache = false, nosniff = false, referrer = false, policy = false;
    if (resp->content_type.len)
        cb(arg, STR("Content-Type"), resp->content_type);
    cb(arg, STR("X-Request-Id"), x->req.id);
    for (size_t i = 0; i < resp->header_count; i++) {
        Str name = resp->headers[i].name;
        if (is_ours(name))
            continue;
        cache |= str_eq_nocase(name, STR("cache-control"));
        nosniff |= str_eq_nocase(name, STR("x-content-type-options"));
        referrer |= str_eq_nocase(name, STR("referrer-policy"));
        policy |= str_eq_nocase(name, STR("content-security-policy"));
        cb(arg, name, resp->headers[i].value);
    }
    if (!nosniff)
        cb(arg, STR("X-Content-Type-Options"), STR("nosniff"));
    if (!referrer)
        cb(arg, STR("Referrer-Policy"), STR("no-referrer"));
    if (!policy) /* nothing but the page is one: whatever a browser makes of it runs nothing */
        cb(arg, STR("Content-Security-Policy"),
           STR("default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"));
    if (!cache)
        cb(arg, STR("Cache-Control"), STR("no-store"));
}

/* ---- counting ---- */

static const char *method_label(Str method)
{
    static const char *const known[] = {"GET", "POST", "HEAD", "PUT", "PATCH", "DELETE",
                                        "OPTIONS"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (str_eq(method, str_of(known[i])))
            return known[i];
    return "other";
}

void server_count_request(HttpExchange *x)
{
    Server *s = x->priv->server;
    const char *route = x->route ? x->route : "none";
    int status = x->resp.status;
    char code[4] = {(char)('0' + status / 100 % 10), (char)('0' + status / 10 % 10),
                    (char)('0' + status % 10), '\0'};
    METRIC_INC(s->m_requests, route, method_label(x->req.method), code);
    if (x->started_ns)
        metric_observe(s->m_duration, (const char *const[]){route},
                       clock_seconds_since(x->started_ns));
}
