/* qd_http.c - requests to Qdrant.
 *
 * Every request may be sent again: reads change nothing, points have ids made of what they stand
 * for, a commit is inserted only when it is not there. So whatever may pass (no connection, reset,
 * time-out, 429, 5xx, an answer cut short) is tried again, with growing pauses and jitter, at most
 * TRIES times and within twice one request's time. Then the failure counts for the breaker:
 *
 *   closed -- FAILURES calls in a row failed --> open for 0.5 s -> one probe
 *   it fails -> twice as long, 5 s at most; it succeeds -> closed
 *
 * While it is open calls fail at once: a thousand waiting people are not a thousand time-outs. A
 * redirect is an error and is not followed: the key would go with it.
 *
 * Threads: safe. */
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "net/client.h"
#include "store/qdrant/qd.h"

#define TRIES 4
#define FIRST_PAUSE_MS 40u
#define FAILURES 3u
#define OPEN_FIRST_NS 500000000u
#define OPEN_MOST_NS 5000000000u
#define ANSWER_MAX ((uint64_t)256 << 20)

struct QdHttp {
    char *url, *key, *host;
    unsigned timeout_ms;
    ClientPool *pool;
    pthread_mutex_t lock;
    unsigned failures;
    uint64_t open_until_ns, open_for_ns; /* until 0: closed */
    bool probing;
    char why[400];               /* of the last failure */
    Metric *seconds, *failed, *again;
};

static _Thread_local size_t answer_bytes;

size_t qd_http_size(void)
{
    return answer_bytes;
}

static double breaker_open(void *arg)
{
    QdHttp *h = arg;
    pthread_mutex_lock(&h->lock);
    bool open = h->open_until_ns != 0;
    pthread_mutex_unlock(&h->lock);
    return open;
}

static char *host_of(const char *url)
{
    Str u = str_of(url);
    size_t at = str_find(u, STR("://"), 0);
    u = str_sub(u, at == SIZE_MAX ? 0 : at + 3, u.len);
    size_t n = 0;
    while (n < u.len && u.ptr[n] != '/')
        n++;
    size_t user = str_find(str_sub(u, 0, n), STR("@"), 0);
    u = str_sub(u, user == SIZE_MAX ? 0 : user + 1, n);
    char *host = mem_alloc(u.len + 1);
    if (host) {
        memcpy(host, u.ptr, u.len);
        host[u.len] = 0;
    }
    return host;
}

QdHttp *qd_http_new(const QdrantOptions *o, Err *err)
{
    Str url = str_of(o->url);
    if (!str_starts(url, STR("http://")) && !str_starts(url, STR("https://"))) {
        err_set(err, ERR_VALIDATION, "QDRANT_URL must begin with http:// or https://");
        return NULL;
    }
    while (url.len && url.ptr[url.len - 1] == '/')
        url.len--;
    QdHttp *h = mem_zalloc(sizeof *h);
    if (!h) {
        err_set(err, ERR_NO_MEMORY, "opening Qdrant: out of memory");
        return NULL;
    }
    pthread_mutex_init(&h->lock, NULL);
    h->url = mem_strdup(o->url);
    h->key = mem_strdup(o->key ? o->key : "");
    h->host = host_of(o->url);
    h->timeout_ms = o->timeout_ms ? o->timeout_ms : QD_DEFAULT_TIMEOUT_MS;
    h->pool = client_pool_new(err);
    if (!h->url || !h->key || !h->host || !h->pool) {
        err_set(err, ERR_NO_MEMORY, "opening Qdrant: out of memory");
        qd_http_free(h);
        return NULL;
    }
    h->url[url.len] = 0;
    h->seconds = metric_histogram("qdrant_request_seconds", "Time of a request to Qdrant.", NULL);
    h->failed = metric_counter("qdrant_failures_total", "Calls to Qdrant that failed.", NULL);
    h->again = metric_counter("qdrant_retries_total", "Requests to Qdrant sent again.", NULL);
    metric_add(h->failed, NULL, 0);
    metric_add(h->again, NULL, 0);
    metric_gauge_fn("qdrant_breaker_open",
        "1 while Qdrant is not asked, because it failed again and again.", breaker_open, h);
    return h;
}

void qd_http_free(QdHttp *h)
{
    if (!h)
        return;
    metric_gauge_fn_drop(h);
    client_pool_free(h->pool);
    pthread_mutex_destroy(&h->lock);
    mem_free(h->url);
    mem_free(h->key);
    mem_free(h->host);
    mem_free(h);
}

const char *qd_http_host(const QdHttp *h)
{
    return h->host;
}

/* ---- the breaker ---------------------------------------------------------------------------- */

static bool enter(QdHttp *h, Err *err)
{
    pthread_mutex_lock(&h->lock);
    uint64_t now = clock_mono_ns();
    bool ok = !h->open_until_ns || (now >= h->open_until_ns && !h->probing);
    if (ok)
        h->probing = h->open_until_ns != 0;
    else
        err_set(err, ERR_UNAVAILABLE, "Qdrant at %s is away (%s); it is asked again in a moment",
            h->host, h->why);
    pthread_mutex_unlock(&h->lock);
    return ok;
}

static void leave(QdHttp *h, bool ok, const Err *why)
{
    pthread_mutex_lock(&h->lock);
    bool probed = h->probing;
    h->probing = false;
    if (ok) {
        if (h->open_until_ns)
            log_write(LOG_INFO, "qdrant", "%s answers again", h->host);
        h->failures = 0;
        h->open_until_ns = h->open_for_ns = 0;
    } else {
        snprintf(h->why, sizeof h->why, "%s", why->msg);
        if (++h->failures >= FAILURES || probed) {
            if (!h->open_until_ns)
                log_write(LOG_WARN, "qdrant", "not asked for a while: %s", why->msg);
            h->open_for_ns = h->open_for_ns ? h->open_for_ns * 2 : OPEN_FIRST_NS;
            if (h->open_for_ns > OPEN_MOST_NS)
                h->open_for_ns = OPEN_MOST_NS;
            h->open_until_ns = clock_mono_ns() + h->open_for_ns;
        }
    }
    pthread_mutex_unlock(&h->lock);
}

/* ---- one request ---------------------------------------------------------------------------- */

/* Members `status.error` of an answer, or what it says without JSON: one line of text, without the
 * key, should the server say it back. */
static void explain(const QdHttp *h, const ClientResponse *r, char *out, size_t n)
{
    Json *j = json_parse(buf_str(&r->body), JSON_DEFAULT_DEPTH, NULL);
    Str said = json_str(json_get(json_get(j, "status"), "error"));
    if (!said.ptr)
        said = str_sub(str_trim(buf_str(&r->body)), 0, 120);
    if (h->key[0] && str_find(buf_str(&r->body), str_of(h->key), 0) != SIZE_MAX)
        said = STR("(it says the key)");
    said = str_sub(said, 0, n - 1);
    said.len = utf8_valid_len(said);
    for (size_t i = 0; i < said.len; i++)
        out[i] = (unsigned char)said.ptr[i] < ' ' || said.ptr[i] == 0x7f ? ' ' : said.ptr[i];
    out[said.len] = 0;
    json_free(j);
}

static bool judge(const QdHttp *h, const ClientResponse *r, int *status, bool *later, Err *err)
{
    char said[240];
    if ((r->status >= 200 && r->status < 300)
        || (status && (r->status == 404 || r->status == 409)))
        return true;
    explain(h, r, said, sizeof said);
    if (r->status == 401 || r->status == 403)
        return err_set(err, ERR_FORBIDDEN, "Qdrant at %s refuses the key (QDRANT_API_KEY): %s",
            h->host, said);
    if (r->status >= 300 && r->status < 400)
        return err_set(err, ERR_UNAVAILABLE,
            "%s answers with a redirect; set QDRANT_URL to where Qdrant is", h->host);
    if (r->status == 429 || r->status >= 500 || r->status == 408) {
        *later = true;
        return err_set(err, ERR_UNAVAILABLE, "Qdrant at %s answers %d: %s", h->host, r->status,
            said);
    }
    return err_set(err, ERR_INTERNAL, "Qdrant at %s finds a request wrong (%d): %s", h->host,
        r->status, said);
}

/* What becomes of an answer: a tree in *out, or what `read` makes of its text, or nothing. */
typedef struct {
    Json **out;
    QdReadFn read;
    void *arg;
    int *status;
} Use;

static bool use(const QdHttp *h, Str body, const Use *u, bool *later, Err *err)
{
    Err why = ERR_INIT;
    if (u->out)
        *u->out = json_parse(body, JSON_DEFAULT_DEPTH, &why);
    if (u->out ? *u->out != NULL : !u->read || u->read(u->arg, body, &why))
        return true;
    *later = why.code == ERR_VALIDATION || why.code == ERR_UNAVAILABLE;
    if (*later)
        return err_set(err, ERR_UNAVAILABLE, "Qdrant at %s sent an answer that is no JSON: %s",
            h->host, why.msg);
    return err_set(err, why.code, "%s", why.msg);
}

/* *later: the same may go well after a while; *after_ms: the server said when. */
static bool once(QdHttp *h, const ClientRequest *req, const Use *u, bool *later,
    uint64_t *after_ms, Err *err)
{
    ClientResponse r;
    Err why = ERR_INIT;
    uint64_t start = clock_mono_ns(), seconds;
    bool sent = client_request(req, &r, &why);
    metric_observe(h->seconds, NULL, clock_seconds_since(start));
    *later = false;
    *after_ms = 0;
    if (!sent) {
        *later = why.code != ERR_VALIDATION && why.code != ERR_NO_MEMORY;
        return err_set(err, *later ? ERR_UNAVAILABLE : why.code, "Qdrant: %s", why.msg);
    }
    answer_bytes = r.body.len;
    bool ok = judge(h, &r, u->status, later, err);
    if (*later && str_to_u64(client_header(&r, "Retry-After"), &seconds) && seconds <= 3600)
        *after_ms = seconds * 1000;
    if (ok && u->status)
        *u->status = r.status;
    ok = ok && use(h, buf_str(&r.body), u, later, err);
    client_response_release(&r);
    return ok;
}

static void pause_ms(uint64_t ms)
{
    struct timespec t = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
    (void)nanosleep(&t, NULL);
}

/* Half of it to all of it: those that failed together do not come again together. */
static uint64_t jitter(uint64_t ms)
{
    uint32_t r = 0;
    (void)os_random(&r, sizeof r, NULL);
    return ms / 2 + r % (ms / 2 + 1);
}

static bool tries(QdHttp *h, const ClientRequest *req, const Use *u, bool *away, Err *err)
{
    uint64_t until = clock_mono_ns() + (uint64_t)h->timeout_ms * 2000000u, pause = FIRST_PAUSE_MS;
    for (int i = 1;; i++, pause *= 3) {
        Err why = ERR_INIT;
        uint64_t after_ms;
        if (once(h, req, u, away, &after_ms, &why))
            return true;
        uint64_t wait = after_ms > pause ? after_ms : jitter(pause);
        if (!*away || i == TRIES || clock_mono_ns() + wait * 1000000u > until) {
            if (err)
                *err = why;
            return false;
        }
        metric_add(h->again, NULL, 1);
        pause_ms(wait);
    }
}

static bool call(QdHttp *h, const char *method, Str path, Str body, const Use *u, Err *err)
{
    Err why = ERR_INIT;
    Buf url;
    bool away = false;
    if (!enter(h, err))
        return false;
    buf_init(&url, 16384);
    buf_printf(&url, "%s" STR_FMT, h->url, STR_ARG(path));
    HttpHeader headers[2] = {{STR("Content-Type"), STR("application/json")},
        {STR("api-key"), str_of(h->key)}};
    ClientRequest req = {.method = method, .url = url.ptr, .headers = headers,
        .header_count = h->key[0] ? 2 : 1, .body = body, .connect_ms = h->timeout_ms / 2 + 1,
        .total_ms = h->timeout_ms, .max_bytes = ANSWER_MAX, .pool = h->pool};
    bool ok = buf_check(&url, "an address", &why) && tries(h, &req, u, &away, &why);
    buf_release(&url);
    leave(h, ok || !away, &why);
    if (!ok) {
        metric_add(h->failed, NULL, 1);
        if (err)
            *err = why;
    }
    return ok;
}

bool qd_http_call(QdHttp *h, const char *method, Str path, Str body, Json **out, int *status,
    Err *err)
{
    return call(h, method, path, body, &(Use){.out = out, .status = status}, err);
}

bool qd_http_read(QdHttp *h, const char *method, Str path, Str body, QdReadFn read, void *arg,
    Err *err)
{
    return call(h, method, path, body, &(Use){.read = read, .arg = arg}, err);
}

bool qd_http_ready(QdHttp *h, Err *err)
{
    return qd_http_call(h, "GET", STR("/readyz"), (Str){NULL, 0}, NULL, NULL, err);
}
