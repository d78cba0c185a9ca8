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

/* GET {base}/models; *answer is to be released when it returns true. */
static bool get_list(Llm *l, const LlmRequest *r, ClientResponse *answer, Err *err)
{
    Arena *a = arena_new(1 << 20);
    const char *url = a ? endpoint_url(l->base, "models", a, err) : NULL;
    HttpHeader auth;
    Asking asking = {l, r};
    if (!url) {
        arena_free(a);
        return err_set(err, ERR_NO_MEMORY, "no memory to ask for the language models");
    }
    ClientRequest q = {.url = url, .headers = &auth,
        .header_count = endpoint_auth(l->o.api_key, a, &auth), .connect_ms = 5000,
        .total_ms = LIST_MS, .max_bytes = LIST_MAX, .tick = goes_on, .arg = &asking};
    bool ok = client_request(&q, answer, err);
    arena_free(a);
    return ok;
}

static bool has_no_list(int status)
{
    return status == 404 || status == 405 || status == 501;
}

static bool ask(Llm *l, const LlmRequest *r, char out[LLM_NAME_MAX + 1], Err *err)
{
    ClientResponse answer;
    bool ok = get_list(l, r, &answer, err);
    if (!ok)
        return false;
    /* A server that lists nothing, or has no list, mostly has one model and any name is good. */
    if (answer.status == 200 || has_no_list(answer.status)) {
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

/* "llama3" is Ollama's "llama3:latest". */
static bool is_model(Str id, Str name)
{
    return str_eq(id, name) ||
           (id.len == name.len + 7 && str_eq(str_sub(id, 0, name.len), name) &&
            str_eq(str_sub(id, name.len, id.len), STR(":latest")));
}

/* Whether the list names it; a list that names nothing says nothing. */
static bool lists(Str body, Str name)
{
    Json *j = json_parse(body, JSON_DEFAULT_DEPTH, NULL);
    const Json *list = json_get(j, "data");
    bool found = json_count(list) == 0;
    for (size_t i = 0; i < json_count(list) && !found; i++)
        found = is_model(json_str(json_get(json_at(list, i), "id")), name);
    json_free(j);
    return found;
}

bool llm_check(Llm *l, Arena *a, Str *model, Err *err)
{
    char name[LLM_NAME_MAX + 1] = "";
    ClientResponse answer;
    if (!llm_model(l, NULL, name, err) || !get_list(l, NULL, &answer, err))
        return false;
    bool ok = true;
    if (answer.status != 200 && !has_no_list(answer.status))
        ok = endpoint_failed(l->base, answer.status, buf_str(&answer.body), l->o.api_key, err);
    else if (answer.status == 200 && !str_eq_nocase(llm_asked(l), STR("auto")) &&
             !lists(buf_str(&answer.body), str_of(name)))
        ok = err_set(err, ERR_NOT_FOUND, STR_FMT " has no model \"%s\"",
                     STR_ARG(endpoint_host(l->base)), name);
    client_response_release(&answer);
    *model = ok ? arena_str(a, str_of(name)) : (Str){NULL, 0};
    return ok && (model->ptr || err_set(err, ERR_NO_MEMORY, "no memory for a model's name"));
}
