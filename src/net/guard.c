/* guard.c - see guard.h. */
#include "net/guard.h"

#include <arpa/inet.h>

#include "base/mem.h"

typedef struct {
    char *name; /* lower case is not needed: compared without case */
    int port;   /* -1: any */
} Allowed;

struct Guard {
    Allowed *hosts;
    size_t host_count;
    char **origins;
    size_t origin_count;
    uint16_t port;
    bool is_tls;
};

static bool is_host_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '-' || c == '.' || c == '_';
}

/* "name", "name:port", "[::1]", "[::1]:port". *port is -1 when there is none. */
static bool split_host(Str in, Str *name, int *port)
{
    size_t n = 0;
    if (in.len && in.ptr[0] == '[') {
        char text[INET6_ADDRSTRLEN];
        struct in6_addr addr;
        const char *end = memchr(in.ptr, ']', in.len);
        if (!end || (size_t)(end - in.ptr) > sizeof text)
            return false;
        n = (size_t)(end - in.ptr) + 1;
        memcpy(text, in.ptr + 1, n - 2);
        text[n - 2] = '\0';
        if (inet_pton(AF_INET6, text, &addr) != 1)
            return false;
    } else {
        while (n < in.len && is_host_char(in.ptr[n]))
            n++;
    }
    if (n == 0)
        return false;
    *name = str_mem(in.ptr, n);
    *port = -1;
    if (n == in.len)
        return true;
    uint64_t value;
    if (in.ptr[n] != ':' || in.len - n > 6 || !str_to_u64(str_sub(in, n + 1, in.len), &value) ||
        value == 0 || value > 65535)
        return false;
    *port = (int)value;
    return true;
}

static char *copy_str(Str s)
{
    char *p = mem_alloc(s.len + 1);
    if (p) {
        memcpy(p, s.ptr, s.len);
        p[s.len] = '\0';
    }
    return p;
}

static bool add_host(Guard *g, Str name, int port, Err *err)
{
    Allowed *h = &g->hosts[g->host_count];
    h->name = copy_str(name);
    h->port = port;
    if (!h->name)
        return err_set(err, ERR_NO_MEMORY, "no memory for the list of allowed hosts");
    g->host_count++;
    return true;
}

/* "scheme://host[:port]" and nothing behind it. */
static bool origin_parts(Str origin, Str *scheme, Str *authority)
{
    size_t at = str_find(origin, STR("://"), 0);
    if (at == SIZE_MAX || at == 0)
        return false;
    *scheme = str_sub(origin, 0, at);
    *authority = str_sub(origin, at + 3, origin.len);
    Str name;
    int port;
    return split_host(*authority, &name, &port);
}

static bool add_configured(Guard *g, const char *const *hosts, size_t host_count,
                           const char *const *origins, size_t origin_count, Err *err)
{
    Str name, scheme, authority;
    int port;
    for (size_t i = 0; i < host_count; i++) {
        if (!split_host(str_of(hosts[i]), &name, &port))
            return err_set(err, ERR_VALIDATION,
                           "allowed host \"%s\" is no host name; write name or name:port",
                           hosts[i]);
        if (!add_host(g, name, port, err))
            return false;
    }
    for (size_t i = 0; i < origin_count; i++) {
        if (!origin_parts(str_of(origins[i]), &scheme, &authority) ||
            (!str_eq(scheme, STR("http")) && !str_eq(scheme, STR("https"))))
            return err_set(err, ERR_VALIDATION,
                           "allowed origin \"%s\" is no origin; write https://name or "
                           "https://name:port", origins[i]);
        g->origins[i] = mem_strdup(origins[i]);
        if (!g->origins[i])
            return err_set(err, ERR_NO_MEMORY, "no memory for the list of allowed origins");
        g->origin_count++;
    }
    return true;
}

/* The listening address itself, unless it is a wildcard, as it would stand in a Host header. */
static bool add_listen_host(Guard *g, const char *listen_host, Err *err)
{
    struct in6_addr v6;
    struct in_addr v4;
    if (!listen_host || !*listen_host)
        return true;
    if (inet_pton(AF_INET, listen_host, &v4) == 1)
        return v4.s_addr == 0 || add_host(g, str_of(listen_host), g->port, err);
    if (inet_pton(AF_INET6, listen_host, &v6) != 1 || IN6_IS_ADDR_UNSPECIFIED(&v6))
        return true;
    char text[INET6_ADDRSTRLEN + 2];
    size_t n = strlen(listen_host);
    if (n > INET6_ADDRSTRLEN)
        return true;
    text[0] = '[';
    memcpy(text + 1, listen_host, n);
    text[n + 1] = ']';
    return add_host(g, str_mem(text, n + 2), g->port, err);
}

Guard *guard_new(const char *listen_host, uint16_t port, bool is_tls,
                 const char *const *hosts, size_t host_count,
                 const char *const *origins, size_t origin_count, Err *err)
{
    static const char *const local[] = {"127.0.0.1", "localhost", "[::1]"};
    Guard *g = mem_zalloc(sizeof *g);
    if (g) {
        g->port = port;
        g->is_tls = is_tls;
        g->hosts = mem_array(host_count + 4, sizeof *g->hosts);
        g->origins = mem_array(origin_count + 1, sizeof *g->origins);
    }
    if (!g || !g->hosts || !g->origins) {
        guard_free(g);
        err_set(err, ERR_NO_MEMORY, "no memory for the list of allowed hosts");
        return NULL;
    }
    bool ok = true;
    for (size_t i = 0; ok && i < 3; i++)
        ok = add_host(g, str_of(local[i]), port, err);
    ok = ok && add_listen_host(g, listen_host, err) &&
         add_configured(g, hosts, host_count, origins, origin_count, err);
    if (!ok) {
        guard_free(g);
        return NULL;
    }
    return g;
}

void guard_free(Guard *g)
{
    if (!g)
        return;
    for (size_t i = 0; g->hosts && i < g->host_count; i++)
        mem_free(g->hosts[i].name);
    for (size_t i = 0; g->origins && i < g->origin_count; i++)
        mem_free(g->origins[i]);
    mem_free(g->hosts);
    mem_free(g->origins);
    mem_free(g);
}

static int default_port(bool is_tls)
{
    return is_tls ? 443 : 80;
}

bool guard_host_ok(const Guard *g, Str host)
{
    Str name;
    int port;
    if (!split_host(host, &name, &port))
        return false;
    int effective = port < 0 ? default_port(g->is_tls) : port;
    for (size_t i = 0; i < g->host_count; i++) {
        const Allowed *a = &g->hosts[i];
        if (str_eq_nocase(name, str_of(a->name)) && (a->port < 0 || a->port == effective))
            return true;
    }
    return false;
}

/* Whether two authorities name the same host and port under that scheme. */
static bool same_authority(Str a, Str b, int default_p)
{
    Str name_a, name_b;
    int port_a, port_b;
    if (!split_host(a, &name_a, &port_a) || !split_host(b, &name_b, &port_b))
        return false;
    return str_eq_nocase(name_a, name_b) &&
           (port_a < 0 ? default_p : port_a) == (port_b < 0 ? default_p : port_b);
}

static bool origin_configured(const Guard *g, Str origin)
{
    for (size_t i = 0; i < g->origin_count; i++)
        if (str_eq_nocase(origin, str_of(g->origins[i])))
            return true;
    return false;
}

static bool origin_is_own(const Guard *g, const HttpRequest *req, Str origin)
{
    Str scheme, authority;
    if (!origin_parts(origin, &scheme, &authority))
        return false;
    if (!str_eq_nocase(scheme, g->is_tls ? STR("https") : STR("http")))
        return false;
    return same_authority(authority, req->host, default_port(g->is_tls));
}

static bool check_origin(const Guard *g, const HttpRequest *req, Err *err)
{
    size_t count = http_header_count(req, "Origin");
    if (count > 1)
        return err_set(err, ERR_FORBIDDEN, "there is more than one Origin header");
    Str origin = http_header(req, "Origin");
    if (count && origin_configured(g, origin))
        return true;
    if (count && !origin_is_own(g, req, origin))
        return err_set(err, ERR_FORBIDDEN,
                       "requests from the origin \"%.*s\" are not allowed; add it to the allowed "
                       "origins if it is yours", (int)(origin.len < 100 ? origin.len : 100),
                       origin.ptr);
    for (size_t i = 0; i < req->header_count; i++)
        if (str_eq_nocase(req->headers[i].name, STR("sec-fetch-site")) &&
            str_eq_nocase(req->headers[i].value, STR("cross-site")))
            return err_set(err, ERR_FORBIDDEN, "requests from another site are not allowed");
    return true;
}

bool guard_check(const Guard *g, const HttpRequest *req, bool is_websocket, Err *err)
{
    if (!guard_host_ok(g, req->host))
        return err_set(err, ERR_FORBIDDEN,
                       "the host name \"%.*s\" is not allowed; add it to the allowed hosts if it "
                       "is yours", (int)(req->host.len < 100 ? req->host.len : 100),
                       req->host.ptr);
    bool reads = http_is(req, "GET") || http_is(req, "HEAD") || http_is(req, "OPTIONS");
    if (reads && !is_websocket)
        return true;
    return check_origin(g, req, err);
}
