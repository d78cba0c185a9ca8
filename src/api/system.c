/* system.c - health, metrics, the OpenAPI document and the page. */
#include <pthread.h>

#include "api/assets.h"
#include "api/call.h"
#include "base/metrics.h"

static bool health_reply(ApiCall *c, bool ok, Err *err)
{
    JsonW w;
    jw_init(&w, &c->out);
    jw_obj(&w);
    jw_kv_cstr(&w, "status", ok ? "ok" : "failing");
    jw_obj_end(&w);
    return call_json(c, ok ? 200 : 503, err);
}

/* The process answers: nothing else is asked. */
bool health_live(ApiCall *c, Err *err)
{
    return health_reply(c, true, err);
}

/* Requests can be served: the database reads and writes, the model gives an embedding. What is
 * wrong goes to the log, not to whoever asks. */
bool health_ready(ApiCall *c, Err *err)
{
    float v[MINILM_DIM], sum = 0;
    Str probe = STR("ready");
    if (!store_ready(c->parts->store, err) ||
        !search_embed(c->parts->search, &probe, 1, c->worker, v, NULL, err))
        return err->code == ERR_UNAVAILABLE ? false : err_set(err, ERR_UNAVAILABLE, "not ready");
    for (size_t i = 0; i < MINILM_DIM; i++)
        sum += v[i] * v[i];
    if (!(sum > 0.98F && sum < 1.02F))
        return err_set(err, ERR_UNAVAILABLE, "the encoder gives wrong vectors");
    return health_reply(c, true, err);
}

bool health(ApiCall *c, Err *err)
{
    return health_ready(c, err);
}

bool metrics_page(ApiCall *c, Err *err)
{
    if (!metrics_render(&c->out))
        return err_set(err, ERR_NO_MEMORY, "no memory for the metrics");
    HttpResponse *r = &c->x->resp;
    buf_release(&r->body);
    r->body = c->out;
    buf_init(&c->out, BUF_DEFAULT_MAX);
    r->content_type = STR("text/plain; version=0.0.4; charset=utf-8");
    return true;
}

/* Made when it is first asked for and kept: whoever asks for it a thousand times a second must not
 * keep the workers busy. */
bool openapi_page(ApiCall *c, Err *err)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static Buf page;
    (void)pthread_mutex_lock(&lock);
    if (!page.len) {
        buf_init(&page, BUF_DEFAULT_MAX);
        if (!api_openapi(&page))
            buf_release(&page);
    }
    Str text = buf_str(&page);
    (void)pthread_mutex_unlock(&lock);
    if (!text.len)
        return err_set(err, ERR_NO_MEMORY, "no memory for the document");
    c->x->resp.content_type = STR("application/json");
    c->x->resp.body_ref = text;
    return true;
}

static bool send_asset(ApiCall *c, const Asset *asset)
{
    static const char policy[] = "default-src 'none'; script-src 'self'; style-src 'self'; img-src "
                                 "'self' data:; "
                                 "connect-src 'self'; manifest-src 'self'; base-uri 'none'; "
                                 "form-action 'self'; frame-ancestors 'none'";
    http_resp_header(c->x, "Content-Security-Policy", str_of(policy));
    http_resp_header(c->x, "Cross-Origin-Opener-Policy", STR("same-origin"));
    http_resp_header(c->x, "Permissions-Policy",
                     STR("camera=(), geolocation=(), microphone=(self)"));
    http_resp_header(c->x, "Cache-Control", STR("no-cache"));
    http_resp_header(c->x, "ETag", str_of(asset->etag));
    Str known = http_header(&c->x->req, "If-None-Match");
    if (known.ptr && str_eq(known, str_of(asset->etag))) {
        c->x->resp.status = 304;
        return true;
    }
    return call_text(c, 200, asset->media_type, str_mem((const char *)asset->data, asset->size));
}

bool page_index(ApiCall *c, Err *err)
{
    const Asset *asset = asset_find(STR("index.html"));
    return asset ? send_asset(c, asset) : err_set(err, ERR_NOT_FOUND, "this build has no page");
}

bool page_asset(ApiCall *c, Err *err)
{
    const Asset *asset = asset_find(route_param(&c->match, "name"));
    return asset ? send_asset(c, asset) : err_set(err, ERR_NOT_FOUND, "there is no such asset");
}
