/* client.c - see client.h. */
#include "net/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/metrics.h"
#include "base/os.h"
#include "net/address.h"

#define DEFAULT_MAX ((uint64_t)64 << 20)
#define HEADERS_MAX ((size_t)256 << 10)
#define TICK_MS 100

/* What we use of libcurl, looked up once. The casts of curl's own macros are not needed: every
 * option is passed through the real prototypes. */
static struct {
    typeof(&curl_global_init) global_init;
    typeof(&curl_easy_init) init;
    typeof(&curl_easy_setopt) setopt;
    typeof(&curl_easy_perform) perform;
    typeof(&curl_easy_getinfo) getinfo;
    typeof(&curl_easy_cleanup) cleanup;
    typeof(&curl_easy_reset) reset;
    typeof(&curl_easy_strerror) strerror;
    typeof(&curl_slist_append) slist_append;
    typeof(&curl_slist_free_all) slist_free_all;
    typeof(&curl_multi_init) multi_init;
    typeof(&curl_multi_add_handle) multi_add;
    typeof(&curl_multi_remove_handle) multi_remove;
    typeof(&curl_multi_perform) multi_perform;
    typeof(&curl_multi_poll) multi_poll;
    typeof(&curl_multi_info_read) multi_read;
    typeof(&curl_multi_cleanup) multi_cleanup;
} curl;

static pthread_mutex_t load_lock = PTHREAD_MUTEX_INITIALIZER;
static bool loaded;

static bool load_symbols(Err *err)
{
    static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4", NULL};
    void *lib = os_dlopen(names, "libcurl4", err);
    return lib && os_sym(lib, "curl_global_init", &curl.global_init, err) &&
           os_sym(lib, "curl_easy_init", &curl.init, err) &&
           os_sym(lib, "curl_easy_setopt", &curl.setopt, err) &&
           os_sym(lib, "curl_easy_perform", &curl.perform, err) &&
           os_sym(lib, "curl_easy_getinfo", &curl.getinfo, err) &&
           os_sym(lib, "curl_easy_cleanup", &curl.cleanup, err) &&
           os_sym(lib, "curl_easy_reset", &curl.reset, err) &&
           os_sym(lib, "curl_easy_strerror", &curl.strerror, err) &&
           os_sym(lib, "curl_slist_append", &curl.slist_append, err) &&
           os_sym(lib, "curl_slist_free_all", &curl.slist_free_all, err) &&
           os_sym(lib, "curl_multi_init", &curl.multi_init, err) &&
           os_sym(lib, "curl_multi_add_handle", &curl.multi_add, err) &&
           os_sym(lib, "curl_multi_remove_handle", &curl.multi_remove, err) &&
           os_sym(lib, "curl_multi_perform", &curl.multi_perform, err) &&
           os_sym(lib, "curl_multi_poll", &curl.multi_poll, err) &&
           os_sym(lib, "curl_multi_info_read", &curl.multi_read, err) &&
           os_sym(lib, "curl_multi_cleanup", &curl.multi_cleanup, err);
}

static bool load(Err *err)
{
    pthread_mutex_lock(&load_lock);
    if (!loaded)
        loaded = load_symbols(err) &&
                 (curl.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ||
                  err_set(err, ERR_UNAVAILABLE, "libcurl cannot start"));
    bool ok = loaded;
    pthread_mutex_unlock(&load_lock);
    return ok;
}

static Metric *sent_bytes(void)
{
    return metric_counter("network_sent_bytes_total", "Bytes sent to other machines.", NULL);
}

void client_metrics(void)
{
    metric_add(sent_bytes(), NULL, 0);
}

/* ---- connections that are kept ---- */

#define POOL_IDLE 32

struct ClientPool {
    pthread_mutex_t lock;
    CURL *idle[POOL_IDLE]; /* each with the connections it has open */
    size_t n;
};

ClientPool *client_pool_new(Err *err)
{
    ClientPool *p = mem_zalloc(sizeof *p);
    if (!p)
        err_set(err, ERR_NO_MEMORY, "no memory for connections");
    else
        pthread_mutex_init(&p->lock, NULL);
    return p;
}

void client_pool_free(ClientPool *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->n; i++)
        curl.cleanup(p->idle[i]);
    pthread_mutex_destroy(&p->lock);
    mem_free(p);
}

/* The one used last: its connection is the least likely to have been closed meanwhile. */
static CURL *pool_take(ClientPool *p)
{
    CURL *h = NULL;
    pthread_mutex_lock(&p->lock);
    if (p->n)
        h = p->idle[--p->n];
    pthread_mutex_unlock(&p->lock);
    return h ? h : curl.init();
}

static void pool_give(ClientPool *p, CURL *h)
{
    curl.reset(h); /* options go, connections stay */
    pthread_mutex_lock(&p->lock);
    if (p->n < POOL_IDLE) {
        p->idle[p->n++] = h;
        h = NULL;
    }
    pthread_mutex_unlock(&p->lock);
    if (h)
        curl.cleanup(h);
}

/* One transfer. */
typedef struct {
    const ClientRequest *req;
    CURL *handle;
    struct curl_slist *headers;
    Buf head, body;
    uint64_t received, max, resumed; /* resumed: bytes the file had before */
    int fd;                /* download; -1 otherwise */
    bool fd_checked;       /* the status has been looked at: data may be written */
    bool cancelled, too_large, refused_address, unwanted_status;
    bool headed, collected; /* on_head was asked; and wants the body collected */
    bool outside;          /* bytes leave this machine */
    int write_errno;
} Transfer;

/* ---- callbacks ---- */

static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
    Transfer *t = arg;
    size_t len = size * n;
    if (len >= 5 && memcmp(data, "HTTP/", 5) == 0)
        buf_clear(&t->head); /* a new answer: after 100 Continue or a redirect */
    else
        buf_add_mem(&t->head, data, len);
    return buf_ok(&t->head) ? len : 0;
}

static long status_of(Transfer *t)
{
    long status = 0;
    curl.getinfo(t->handle, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

Str client_header_in(Str lines, const char *name)
{
    Str want = str_of(name), line;
    while (str_next(&lines, '\n', &line)) {
        size_t colon = str_find(line, STR(":"), 0);
        if (colon != SIZE_MAX && str_eq_nocase(str_sub(line, 0, colon), want))
            return str_trim(str_sub(line, colon + 1, line.len));
    }
    return (Str){NULL, 0};
}

/* The first bytes of a download: whether they go behind what is there, or in its place. */
static bool place_download(Transfer *t)
{
    long status = status_of(t);
    t->fd_checked = true;
    if (status == 206) {
        char expect[48];
        Str range = client_header_in(buf_str(&t->head), "Content-Range");
        int n = snprintf(expect, sizeof expect, "bytes %llu-", (unsigned long long)t->resumed);
        if (str_starts(range, str_mem(expect, (size_t)n)))
            return lseek(t->fd, 0, SEEK_END) >= 0;
    } else if (status == 200) {
        t->resumed = 0;
        return ftruncate(t->fd, 0) == 0 && lseek(t->fd, 0, SEEK_SET) == 0;
    }
    t->unwanted_status = true;
    return false;
}

static bool write_all(int fd, const char *data, size_t n)
{
    while (n) {
        ssize_t w = write(fd, data, n);
        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return false;
        data += w;
        n -= (size_t)w;
    }
    return true;
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
    Transfer *t = arg;
    size_t len = size * n;
    t->received += len;
    if (t->received > t->max) {
        t->too_large = true;
        return 0;
    }
    if (t->fd >= 0) {
        errno = 0;
        if ((!t->fd_checked && !place_download(t)) || !write_all(t->fd, data, len)) {
            t->write_errno = errno;
            return 0;
        }
        return len;
    }
    if (t->req->on_head && !t->headed)
        t->collected = !t->req->on_head(t->req->arg, (int)status_of(t), buf_str(&t->head));
    t->headed = true;
    if (t->req->on_data && !t->collected) {
        t->cancelled = !t->req->on_data(t->req->arg, str_mem(data, len));
        return t->cancelled ? 0 : len;
    }
    return buf_add_mem(&t->body, data, len) ? len : 0;
}

static int on_progress(void *arg, curl_off_t total, curl_off_t now, curl_off_t up_total,
                       curl_off_t up_now)
{
    Transfer *t = arg;
    (void)up_total;
    (void)up_now;
    uint64_t all = total > 0 ? (uint64_t)total + t->resumed : 0;
    if (t->req->progress(t->req->arg, (uint64_t)now + t->resumed, all))
        return 0;
    t->cancelled = true;
    return 1;
}

static char test_public[INET_ADDRSTRLEN];

void client_test_public(const char *address)
{
    (void)snprintf(test_public, sizeof test_public, "%s", address ? address : "");
}

static bool may_reach(const struct sockaddr *a)
{
    char text[INET_ADDRSTRLEN];
    if (test_public[0] && a->sa_family == AF_INET &&
        inet_ntop(AF_INET, &((const struct sockaddr_in *)a)->sin_addr, text, sizeof text) &&
        strcmp(text, test_public) == 0)
        return true;
    return address_is_public(a);
}

/* Asked with the resolved address, for every connection, redirects too: no second look-up can
 * answer differently. */
static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
    Transfer *t = arg;
    (void)purpose;
    if (t->req->public_only && !may_reach(&a->addr)) {
        t->refused_address = true;
        return CURL_SOCKET_BAD;
    }
    t->outside = t->outside || !address_is_loopback(&a->addr);
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

/* What goes out, as it goes: with TLS around it when there is one. */
static int on_debug(CURL *handle, curl_infotype type, char *data, size_t size, void *arg)
{
    const Transfer *t = arg;
    (void)handle;
    (void)data;
    if (t->outside && (type == CURLINFO_HEADER_OUT || type == CURLINFO_DATA_OUT ||
                       type == CURLINFO_SSL_DATA_OUT))
        metric_add(sent_bytes(), NULL, (double)size);
    return 0;
}

/* ---- setting up ---- */

static Str url_host(const char *url)
{
    Str u = str_of(url);
    size_t at = str_find(u, STR("://"), 0);
    Str rest = at == SIZE_MAX ? u : str_sub(u, at + 3, u.len);
    size_t n = 0;
    bool bracket = rest.len && rest.ptr[0] == '[';
    while (n < rest.len && !strchr(bracket ? "]" : ":/?#", rest.ptr[n]))
        n++;
    return str_sub(rest, 0, bracket ? n + 1 : n);
}

static bool is_loopback_url(const char *url)
{
    Str host = url_host(url);
    return str_eq_nocase(host, STR("localhost")) || address_text_is_loopback(host);
}

static bool add_line(Transfer *t, const char *line)
{
    struct curl_slist *more = curl.slist_append(t->headers, line);
    if (more)
        t->headers = more;
    return more != NULL;
}

static bool add_headers(Transfer *t, Err *err)
{
    const ClientRequest *req = t->req;
    bool ok = add_line(t, "Expect:"); /* no 100-continue: it costs a round trip or a second */
    for (size_t i = 0; ok && i < req->header_count; i++) {
        Buf line;
        buf_init(&line, 16384);
        buf_printf(&line, "%.*s: %.*s", STR_ARG(req->headers[i].name),
                   STR_ARG(req->headers[i].value));
        ok = buf_ok(&line) && add_line(t, line.ptr);
        buf_release(&line);
    }
    return ok || err_set(err, ERR_NO_MEMORY, "no memory for a request");
}

static void set_options(Transfer *t)
{
    const ClientRequest *req = t->req;
    CURL *h = t->handle;
    curl.setopt(h, CURLOPT_URL, req->url);
    curl.setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
    curl.setopt(h, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl.setopt(h, CURLOPT_NOSIGNAL, 1L);
    curl.setopt(h, CURLOPT_USERAGENT, "sotto/" SOTTO_VERSION);
    curl.setopt(h, CURLOPT_SSL_VERIFYPEER, req->own ? 0L : 1L);
    curl.setopt(h, CURLOPT_SSL_VERIFYHOST, req->own ? 0L : 2L);
    curl.setopt(h, CURLOPT_FOLLOWLOCATION, req->redirects ? 1L : 0L);
    curl.setopt(h, CURLOPT_MAXREDIRS, (long)req->redirects);
    curl.setopt(h, CURLOPT_CONNECTTIMEOUT_MS, (long)(req->connect_ms ? req->connect_ms : 10000));
    curl.setopt(h, CURLOPT_TIMEOUT_MS, (long)req->total_ms);
    curl.setopt(h, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl.setopt(h, CURLOPT_LOW_SPEED_TIME,
                (long)((req->stall_ms ? req->stall_ms : 60000) + 999) / 1000);
    curl.setopt(h, CURLOPT_HEADERFUNCTION, on_header);
    curl.setopt(h, CURLOPT_HEADERDATA, t);
    curl.setopt(h, CURLOPT_WRITEFUNCTION, on_body);
    curl.setopt(h, CURLOPT_WRITEDATA, t);
    curl.setopt(h, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl.setopt(h, CURLOPT_OPENSOCKETDATA, t);
    curl.setopt(h, CURLOPT_HTTPHEADER, t->headers);
    curl.setopt(h, CURLOPT_DEBUGFUNCTION, on_debug);
    curl.setopt(h, CURLOPT_DEBUGDATA, t);
    bool direct = req->direct || req->public_only || is_loopback_url(req->url);
    /* Through a proxy, for all we know; else the address decides, which is looked at when a
     * connection is made: of a kept one the name must do. */
    t->outside = !direct || (req->pool && !is_loopback_url(req->url));
    if (t->outside || !req->pool) /* on_debug alone sees it */
        curl.setopt(h, CURLOPT_VERBOSE, 1L);
    if (direct)
        curl.setopt(h, CURLOPT_PROXY, "");
    if (req->progress) {
        curl.setopt(h, CURLOPT_XFERINFOFUNCTION, on_progress);
        curl.setopt(h, CURLOPT_XFERINFODATA, t);
        curl.setopt(h, CURLOPT_NOPROGRESS, 0L);
    }
    if (req->body.ptr) {
        curl.setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->body.len);
        curl.setopt(h, CURLOPT_POSTFIELDS, req->body.ptr);
    }
    if (req->method && strcmp(req->method, "HEAD") == 0)
        curl.setopt(h, CURLOPT_NOBODY, 1L);
    else if (req->method)
        curl.setopt(h, CURLOPT_CUSTOMREQUEST, req->method);
    if (t->resumed)
        curl.setopt(h, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)t->resumed);
}

/* The host alone goes into messages: a URL may carry a secret. */
static bool explain(const Transfer *t, CURLcode rc, Err *err)
{
    Str host = url_host(t->req->url);
    const char *why = curl.strerror(rc);
    if (t->cancelled)
        return err_set(err, ERR_CANCELLED, "the request to %.*s was cancelled", STR_ARG(host));
    if (t->refused_address)
        return err_set(err, ERR_FORBIDDEN, "%.*s is a private address; requests there are not "
                       "allowed", STR_ARG(host));
    if (t->too_large || t->body.failed)
        return err_set(err, t->body.no_memory ? ERR_NO_MEMORY : ERR_TOO_LARGE,
                       "the answer of %.*s is larger than %llu bytes", STR_ARG(host),
                       (unsigned long long)t->max);
    switch (rc) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return err_set(err, ERR_VALIDATION, "the address is no http or https URL");
    case CURLE_OPERATION_TIMEDOUT:
        return err_set(err, ERR_TIMEOUT, "%.*s did not answer in time", STR_ARG(host));
    case CURLE_OUT_OF_MEMORY:
        return err_set(err, ERR_NO_MEMORY, "no memory for a request");
    case CURLE_WRITE_ERROR:
        return err_set(err, ERR_IO, "the answer of %.*s cannot be taken", STR_ARG(host));
    default:
        return err_set(err, ERR_UNAVAILABLE, "cannot reach %.*s: %s", STR_ARG(host), why);
    }
}

static bool transfer_init(Transfer *t, const ClientRequest *req, Err *err)
{
    *t = (Transfer){.req = req, .fd = -1, .max = req->max_bytes ? req->max_bytes : DEFAULT_MAX};
    buf_init(&t->head, HEADERS_MAX);
    buf_init(&t->body, SIZE_MAX);
    if (!load(err))
        return false;
    t->handle = req->pool ? pool_take(req->pool) : curl.init();
    if (!t->handle)
        return err_set(err, ERR_NO_MEMORY, "no memory for a request");
    return add_headers(t, err);
}

static void transfer_release(Transfer *t)
{
    if (t->handle && t->req->pool)
        pool_give(t->req->pool, t->handle);
    else if (t->handle)
        curl.cleanup(t->handle);
    if (t->headers)
        curl.slist_free_all(t->headers);
    buf_release(&t->head);
    buf_release(&t->body);
}

static CURLcode result_of(CURLM *multi)
{
    int left;
    CURLMsg *m = curl.multi_read(multi, &left);
    return m && m->msg == CURLMSG_DONE ? m->data.result : CURLE_OUT_OF_MEMORY;
}

/* As perform, with the caller asked between. */
static CURLcode perform_ticking(Transfer *t)
{
    CURLM *multi = curl.multi_init();
    int running = 1;
    if (!multi || curl.multi_add(multi, t->handle) != CURLM_OK) {
        if (multi)
            curl.multi_cleanup(multi);
        return CURLE_OUT_OF_MEMORY;
    }
    CURLcode rc = CURLE_OK;
    while (rc == CURLE_OK && running) {
        if (!t->req->tick(t->req->arg)) {
            t->cancelled = true;
            rc = CURLE_ABORTED_BY_CALLBACK;
        } else if (curl.multi_perform(multi, &running) != CURLM_OK ||
                   (running && curl.multi_poll(multi, NULL, 0, TICK_MS, NULL) != CURLM_OK)) {
            rc = CURLE_OUT_OF_MEMORY;
        }
    }
    if (rc == CURLE_OK)
        rc = result_of(multi);
    curl.multi_remove(multi, t->handle);
    curl.multi_cleanup(multi);
    return rc;
}

bool client_request(const ClientRequest *req, ClientResponse *out, Err *err)
{
    Transfer t;
    bool ok = transfer_init(&t, req, err);
    if (ok) {
        set_options(&t);
        CURLcode rc = req->tick ? perform_ticking(&t) : curl.perform(t.handle);
        ok = rc == CURLE_OK || explain(&t, rc, err);
    }
    if (ok) {
        *out = (ClientResponse){(int)status_of(&t), t.head, t.body};
        buf_init(&t.head, 0);
        buf_init(&t.body, 0);
    }
    transfer_release(&t);
    return ok;
}

void client_response_release(ClientResponse *r)
{
    buf_release(&r->headers);
    buf_release(&r->body);
}

Str client_header(const ClientResponse *r, const char *name)
{
    return client_header_in(buf_str(&r->headers), name);
}

/* ---- downloads ---- */

/* Content-Range of a 416, "bytes" and the size, says that the N bytes we have are all there are. */
static bool has_all(const Transfer *t)
{
    uint64_t size;
    Str range = client_header_in(buf_str(&t->head), "Content-Range");
    return str_starts(range, STR("bytes */")) && str_to_u64(str_sub(range, 8, range.len), &size) &&
           size == t->resumed;
}

/* One try. *again: the file on disk does not fit what the server has; start from nothing. */
static bool try_download(const ClientRequest *req, int fd, uint64_t resumed, bool *again, Err *err)
{
    Transfer t;
    *again = false;
    bool ok = transfer_init(&t, req, err);
    if (ok) {
        t.fd = fd;
        t.resumed = resumed;
        t.max = req->max_bytes ? req->max_bytes : UINT64_MAX;
        set_options(&t);
        CURLcode rc = curl.perform(t.handle);
        long status = status_of(&t);
        Str host = url_host(req->url);
        if (status == 416 && has_all(&t)) {
            ok = true;
        } else if ((status == 416 || rc == CURLE_RANGE_ERROR) && resumed) {
            *again = true;
            ok = false;
        } else if (t.write_errno && !t.unwanted_status) {
            ok = err_set_errno(err, ERR_IO, t.write_errno, "the download cannot be written");
        } else if (status && status != 200 && status != 206) {
            ok = err_set(err, status == 404 ? ERR_NOT_FOUND : ERR_UNAVAILABLE,
                         "%.*s answered the download with status %ld", STR_ARG(host), status);
        } else if (t.unwanted_status) {
            *again = resumed > 0;
            ok = err_set(err, ERR_UNAVAILABLE, "%.*s sent another part than was asked for",
                         STR_ARG(host));
        } else if (rc != CURLE_OK) {
            ok = explain(&t, rc, err);
        } else if (!t.fd_checked && !place_download(&t)) { /* an empty body */
            ok = err_set(err, ERR_IO, "the download cannot be written");
        }
    }
    transfer_release(&t);
    return ok;
}

bool client_download(const ClientRequest *req, const char *path, Err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        int why = errno;
        if (fd >= 0)
            close(fd);
        return err_set_errno(err, ERR_IO, why, "%s cannot be opened for writing", path);
    }
    bool again;
    bool ok = try_download(req, fd, (uint64_t)st.st_size, &again, err);
    if (!ok && again)
        ok = try_download(req, fd, 0, &again, err);
    if (ok && fsync(fd) != 0)
        ok = err_set_errno(err, ERR_IO, errno, "%s cannot be synced", path);
    if (close(fd) != 0 && ok)
        ok = err_set_errno(err, ERR_IO, errno, "%s cannot be written", path);
    return ok;
}
