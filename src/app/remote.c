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

bool remote_send(const Remote *r, const char *method, Str target, const char *content_type,
                 Str body, int *status, Buf *answer, Err *err)
{
    Buf url;
    ClientResponse response;
    buf_init(&url, 8 << 20);
    add_origin(&url, r->url);
    buf_add(&url, target);
    if (!buf_check(&url, "the address", err)) {
        buf_release(&url);
        return false;
    }
    HttpHeader headers[2];
    size_t n = 0;
    if (content_type)
        headers[n++] = (HttpHeader){STR("Content-Type"), str_of(content_type)};
    if (r->bearer[0])
        headers[n++] = (HttpHeader){STR("Authorization"), str_of(r->bearer)};
    ClientRequest req = {.method = method,
                         .url = url.ptr,
                         .headers = headers,
                         .header_count = n,
                         .body = content_type ? body : (Str){NULL, 0},
                         .stall_ms = STALL_MS,
                         .max_bytes = ANSWER_MAX,
                         .direct = true,
                         .own = true};
    bool ok = client_request(&req, &response, err);
    buf_release(&url);
    if (!ok)
        return err_wrap(err, "asking the running server");
    *status = response.status;
    buf_add(answer, buf_str(&response.body));
    client_response_release(&response);
    return buf_check(answer, "the answer", err);
}
