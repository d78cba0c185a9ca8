#include "app/remote.h"

#include "base/mem.h"
#include "net/client.h"

#define ANSWER_MAX ((uint64_t)1 << 30)
#define STALL_MS (15 * 60 * 1000) /* a large file is being read and embedded meanwhile */

struct Remote {
    char *url;
    char *bearer; /* "Bearer ...", or empty */
};

static char *copy(const char *before, Str text)
{
    Buf b;
    size_t n;
    buf_init(&b, 4096);
    buf_add_c(&b, before);
    buf_add(&b, text);
    char *made = buf_take(&b, &n);
    buf_release(&b);
    return made;
}

Remote *remote_new(Str url, Str key, Err *err)
{
    Remote *r = mem_zalloc(sizeof *r);
    if (r) {
        r->url = copy("", url);
        r->bearer = copy(key.len ? "Bearer " : "", key);
    }
    if (r && r->url && r->bearer)
        return r;
    remote_free(r);
    err_set(err, ERR_NO_MEMORY, "no memory to ask the server");
    return NULL;
}

void remote_free(Remote *r)
{
    if (!r)
        return;
    mem_free(r->url);
    mem_free(r->bearer);
    mem_free(r);
}

const char *remote_url(const Remote *r)
{
    return r->url;
}

/* A server on every address is asked on this machine's own. */
static void add_origin(Buf *out, const char *url)
{
    static const char *const any[][2] = {{"http://0.0.0.0:", "http://127.0.0.1:"},
                                         {"http://[::]:", "http://[::1]:"},
                                         {"https://0.0.0.0:", "https://127.0.0.1:"},
                                         {"https://[::]:", "https://[::1]:"}};
    for (size_t i = 0; i < sizeof any / sizeof *any; i++) {
        size_t n = strlen(any[i][0]);
        if (strncmp(url, any[i][0], n) == 0) {
            buf_printf(out, "%s%s", any[i][1], url + n);
            return;
        }
    }
    buf_add_c(out, url);
}

/* The request without what one of its kind has of its own; `url` and `headers` live as long. */
static bool prepare(const Remote *r, Str target, const char *content_type, Str body, Buf *url,
                    HttpHeader headers[3], ClientRequest *out, Err *err)
{
    size_t n = 0;
    buf_init(url, 8 << 20);
    add_origin(url, r->url);
    buf_add(url, target);
    if (content_type)
        headers[n++] = (HttpHeader){STR("Content-Type"), str_of(content_type)};
    if (r->bearer[0])
        headers[n++] = (HttpHeader){STR("Authorization"), str_of(r->bearer)};
    *out = (ClientRequest){.url = url->ptr,
                           .headers = headers,
                           .header_count = n,
                           .body = content_type ? body : (Str){NULL, 0},
                           .stall_ms = STALL_MS,
                           .max_bytes = ANSWER_MAX,
                           .direct = true,
                           .own = true};
    return buf_check(url, "the address", err);
}

static bool ask(const ClientRequest *req, int *status, Buf *answer, Err *err)
{
    ClientResponse response;
    if (!client_request(req, &response, err))
        return err->code != ERR_CANCELLED ? err_wrap(err, "asking the running server") : false;
    *status = response.status;
    buf_add(answer, buf_str(&response.body));
    client_response_release(&response);
    return buf_check(answer, "the answer", err);
}

bool remote_send(const Remote *r, const char *method, Str target, const char *content_type,
                 Str body, int *status, Buf *answer, Err *err)
{
    Buf url;
    HttpHeader headers[3];
    ClientRequest req;
    bool ok = prepare(r, target, content_type, body, &url, headers, &req, err);
    req.method = method;
    ok = ok && ask(&req, status, answer, err);
    buf_release(&url);
    return ok;
}

typedef struct {
    bool (*on_data)(void *arg, Str piece);
    bool (*wanted)(void *arg);
    void *arg;
} Flow;

static bool on_head(void *arg, int status, Str headers)
{
    (void)arg;
    (void)headers;
    return status == 200;
}

static bool on_data(void *arg, Str piece)
{
    Flow *f = arg;
    return f->on_data(f->arg, piece);
}

static bool on_tick(void *arg)
{
    Flow *f = arg;
    return f->wanted(f->arg);
}

bool remote_stream(const Remote *r, Str target, const char *content_type, Str body,
                   bool (*data)(void *arg, Str piece), bool (*wanted)(void *arg), void *arg,
                   int *status, Buf *answer, Err *err)
{
    Buf url;
    HttpHeader headers[3];
    ClientRequest req;
    Flow f = {data, wanted, arg};
    const char *type = content_type ? content_type : "application/json";
    bool ok = prepare(r, target, type, body, &url, headers, &req, err);
    headers[req.header_count++] = (HttpHeader){STR("Accept"), STR("text/event-stream")};
    req.method = "POST";
    req.on_head = on_head;
    req.on_data = on_data;
    req.tick = on_tick;
    req.arg = &f;
    ok = ok && ask(&req, status, answer, err);
    buf_release(&url);
    return ok;
}
