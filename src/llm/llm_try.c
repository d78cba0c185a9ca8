/* llm_try.c - one request to a chat endpoint and its answer, in events or in one piece. */
#include "base/clock.h"
#include "llm/llm_int.h"
#include "llm/sse.h"

#define ANSWER_MAX ((uint64_t)8 << 20)
#define LINE_MAX_BYTES ((size_t)1 << 20)
#define CONNECT_MS 5000u

typedef enum { SHAPE_UNKNOWN, SHAPE_EVENTS, SHAPE_WHOLE } Shape;

typedef struct {
    LlmTry *t;
    Sse sse;
    Shape shape;
    Buf whole;
    Err err;         /* what ended it from inside */
    bool silent, late, unwanted;
} Flow;

static bool on_event(void *arg, Str event, Str data, Err *err)
{
    LlmTry *t = ((Flow *)arg)->t;
    (void)event;
    t->answer.moved = false;
    bool ok = chat_event(&t->answer, data, err);
    if (t->answer.moved || t->answer.done) { /* a sign of life that is one */
        t->moved_ns = clock_mono_ns();
        t->first_ns = t->first_ns ? t->first_ns : t->moved_ns;
    }
    return ok;
}

static bool on_text(void *arg, Str piece)
{
    LlmTry *t = arg;
    t->shown |= piece.len > 0 && t->r->on_text;
    return !t->r->on_text || t->r->on_text(t->r->arg, piece);
}

static bool on_head(void *arg, int status, Str headers)
{
    Flow *f = arg;
    Str type = http_media_type(client_header_in(headers, "Content-Type"));
    f->t->status = status;
    f->t->retry_after = endpoint_retry_after(client_header_in(headers, "Retry-After"),
                                             clock_now_ms());
    f->shape = str_eq_nocase(type, STR("text/event-stream"))  ? SHAPE_EVENTS
               : str_eq_nocase(type, STR("application/json")) ? SHAPE_WHOLE
                                                              : SHAPE_UNKNOWN;
    return status == 200;
}

/* Of a server that does not say it, or says something else. */
static bool guess_shape(Flow *f, Str piece)
{
    Str s = str_trim(piece);
    if (!s.len)
        return true;
    f->shape = s.ptr[0] == '{' ? SHAPE_WHOLE
               : str_starts(s, STR("data:")) || str_starts(s, STR("event:")) || s.ptr[0] == ':'
                   ? SHAPE_EVENTS
                   : SHAPE_UNKNOWN;
    f->t->wrong = f->shape == SHAPE_UNKNOWN;
    return !f->t->wrong ||
           err_set(&f->err, ERR_CORRUPT, STR_FMT " answered with something else than a chat "
                   "completion; check openai_base_url", STR_ARG(endpoint_host(f->t->l->base)));
}

static bool on_data(void *arg, Str piece)
{
    Flow *f = arg;
    if (f->shape == SHAPE_UNKNOWN && !guess_shape(f, piece))
        return false;
    if (f->shape == SHAPE_EVENTS)
        return sse_feed(&f->sse, piece, &f->err);
    return buf_add(&f->whole, piece) || buf_check(&f->whole, "the model's answer", &f->err);
}

static bool tick(void *arg)
{
    Flow *f = arg;
    LlmTry *t = f->t;
    uint64_t now = clock_mono_ns(), silent = (uint64_t)t->l->o.silent_ms * 1000000u;
    f->unwanted = atomic_load(&t->l->stopped) || (t->r->cancelled && t->r->cancelled(t->r->arg));
    f->late = now >= t->deadline_ns;
    f->silent = now - t->moved_ns > silent;
    return !f->unwanted && !f->late && !f->silent;
}

/* Why it ended, when not by itself. */
static bool ended(Flow *f, const Err *why, Err *err)
{
    LlmTry *t = f->t;
    Str host = endpoint_host(t->l->base);
    t->refused = !t->status && why->code == ERR_UNAVAILABLE;
    if (f->err.code != ERR_NONE)
        *err = f->err;
    else if (f->unwanted)
        return err_set(err, ERR_CANCELLED, "nobody waits for the answer any more");
    else if (f->silent || f->late || why->code == ERR_TIMEOUT) {
        t->slow = true;
        return f->silent ? err_set(err, ERR_TIMEOUT, STR_FMT " said nothing for %u seconds",
                                   STR_ARG(host), t->l->o.silent_ms / 1000)
                         : err_set(err, ERR_TIMEOUT, STR_FMT " did not answer in time",
                                   STR_ARG(host));
    } else
        *err = *why;
    return false;
}

static bool complete(Flow *f, const ClientResponse *r, Err *err)
{
    LlmTry *t = f->t;
    if (r->status != 200) {
        t->status = r->status;
        return endpoint_failed(t->l->base, r->status, buf_str(&r->body), t->l->o.api_key, err);
    }
    t->status = 200;
    if (f->shape == SHAPE_WHOLE) {
        t->first_ns = t->first_ns ? t->first_ns : clock_mono_ns();
        return chat_whole(&t->answer, buf_str(&f->whole), err) && chat_end(&t->answer, err);
    }
    return sse_end(&f->sse, err) && chat_end(&t->answer, err);
}

bool llm_try(LlmTry *t, const char *url, Str body, Arena *a, Err *err)
{
    HttpHeader headers[3] = {{STR("Content-Type"), STR("application/json")},
                             {STR("Accept"), STR("text/event-stream, application/json")}};
    Flow f = {.t = t};
    Err why = ERR_INIT;
    ClientResponse r;
    uint64_t now = clock_mono_ns();
    t->moved_ns = now;
    t->status = 0;
    t->retry_after = -1;
    size_t n = 2 + endpoint_auth(t->l->o.api_key, a, &headers[2]);
    chat_init(&t->answer, on_text, t);
    sse_init(&f.sse, LINE_MAX_BYTES, on_event, &f);
    buf_init(&f.whole, LINE_MAX_BYTES);
    /* The base may be a back end on this machine or this network; a proxy of the environment is
     * for the world outside, which client.c sees by the address. */
    ClientRequest q = {.method = "POST", .url = url, .headers = headers, .header_count = n,
        .body = body, .connect_ms = CONNECT_MS,
        .stall_ms = t->l->o.total_ms + 60000, /* tick knows better */
        .max_bytes = ANSWER_MAX, .tick = tick, .on_head = on_head, .on_data = on_data, .arg = &f};
    bool ok = client_request(&q, &r, &why);
    if (ok) {
        ok = complete(&f, &r, err);
        client_response_release(&r);
    } else {
        ended(&f, &why, err);
    }
    if (!ok)
        endpoint_hide(t->l->o.api_key, err);
    sse_release(&f.sse);
    buf_release(&f.whole);
    return ok;
}
