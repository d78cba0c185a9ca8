/* system.c - health, metrics and the OpenAPI document. */
#include <pthread.h>

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
