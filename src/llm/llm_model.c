/* llm_model.c - which model to ask for, when nobody said. */
#include "llm/llm_int.h"

#define LIST_MS 10000u
#define LIST_MAX ((uint64_t)4 << 20)

/* Names of what does not chat. */
static const char *const others[] = {
    "embed", "whisper", "tts", "dall-e", "image", "moderation", "rerank", "transcribe", "realtime",
    "audio", "bge-", "minilm", "clip", "sora", "babbage", "davinci", "stable-diffusion", "flux",
    "speech", "voice"};

static bool chats(Str id)
{
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        Str word = str_of(others[i]);
        for (size_t at = 0; at + word.len <= id.len; at++)
            if (str_eq_nocase(str_sub(id, at, at + word.len), word))
                return false;
    }
    return id.len > 0 && id.len <= LLM_NAME_MAX;
}

static bool is_openai(const Llm *l)
{
    return str_eq_nocase(endpoint_host(l->base), STR("api.openai.com"));
}

/* The first that chats; of OpenAI's long list the small one. */
static bool choose(const Llm *l, Str body, char out[LLM_NAME_MAX + 1])
{
    Json *j = json_parse(body, JSON_DEFAULT_DEPTH, NULL);
    const Json *list = json_get(j, "data");
    Str best = {NULL, 0};
    for (size_t i = 0; i < json_count(list); i++) {
        Str id = json_str(json_get(json_at(list, i), "id"));
        if (!chats(id))
            continue;
        if (!best.ptr || (is_openai(l) && str_eq(id, STR("gpt-4o-mini"))))
            best = id;
    }
    if (best.ptr) {
        memcpy(out, best.ptr, best.len);
        out[best.len] = '\0';
    }
    json_free(j);
    return best.ptr != NULL;
}

typedef struct {
    Llm *l;
    const LlmRequest *r;
} Asking;

static bool goes_on(void *arg)
{
    const Asking *q = arg;
    return !atomic_load(&q->l->stopped) &&
           !(q->r && q->r->cancelled && q->r->cancelled(q->r->arg));
}

static bool ask(Llm *l, const LlmRequest *r, char out[LLM_NAME_MAX + 1], Err *err)
{
    Arena *a = arena_new(1 << 20);
    const char *url = a ? endpoint_url(l->base, "models", a, err) : NULL;
    HttpHeader auth;
    ClientResponse answer;
    Asking asking = {l, r};
    if (!url) {
        arena_free(a);
        return err_set(err, ERR_NO_MEMORY, "no memory to ask for the language models");
    }
    ClientRequest q = {.url = url, .headers = &auth,
        .header_count = endpoint_auth(l->o.api_key, a, &auth), .connect_ms = 5000,
        .total_ms = LIST_MS, .max_bytes = LIST_MAX, .tick = goes_on, .arg = &asking};
    bool ok = client_request(&q, &answer, err);
    arena_free(a);
    if (!ok)
        return false;
    /* A server that lists nothing, or has no list, mostly has one model and any name is good. */
    if (answer.status == 200 || answer.status == 404 || answer.status == 405 ||
        answer.status == 501) {
        if (answer.status != 200 || !choose(l, buf_str(&answer.body), out))
            memcpy(out, is_openai(l) ? "gpt-4o-mini" : "default",
                   is_openai(l) ? sizeof "gpt-4o-mini" : sizeof "default");
    } else {
        ok = endpoint_failed(l->base, answer.status, buf_str(&answer.body), l->o.api_key, err);
    }
    client_response_release(&answer);
    return ok;
}

bool llm_model(Llm *l, const LlmRequest *r, char out[LLM_NAME_MAX + 1], Err *err)
{
    (void)pthread_mutex_lock(&l->lock);
    memcpy(out, l->model, sizeof l->model);
    (void)pthread_mutex_unlock(&l->lock);
    if (out[0])
        return true;
    if (!ask(l, r, out, err))
        return false;
    (void)pthread_mutex_lock(&l->lock);
    memcpy(l->model, out, sizeof l->model);
    (void)pthread_mutex_unlock(&l->lock);
    return true;
}
