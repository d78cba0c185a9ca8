/* llm.c - a question to the language model, with all that may keep it from being asked. */
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/os.h"
#include "llm/llm_int.h"

#define TRIES 3u
#define RETRY_MS 500.0       /* before the second try; twice as much before the third */
#define RETRY_MOST_S 20.0    /* a person does not wait longer for a server to come to itself */
#define QUESTION_MAX ((size_t)8 << 20)

/* ---- life ------------------------------------------------------------------------------------ */

static bool copy(const char *text, const char **out)
{
    size_t n = text ? strlen(text) + 1 : 0;
    char *own = n ? mem_alloc(n) : NULL;
    if (own)
        memcpy(own, text, n);
    *out = own;
    return own || !text;
}

Llm *llm_new(const LlmOptions *o, Err *err)
{
    Llm *l;
    if (!endpoint_check(str_of(o->base_url), err))
        return NULL;
    if (!(l = mem_zalloc(sizeof *l))) {
        err_set(err, ERR_NO_MEMORY, "no memory for the language model's client");
        return NULL;
    }
    l->o = *o;
    l->o.base_url = l->o.api_key = l->o.model = NULL;
    l->o.at_once = o->at_once ? o->at_once : 1;
    l->day = -1;
    (void)pthread_mutex_init(&l->lock, NULL);
    if (!copy(o->base_url, &l->o.base_url) || !copy(o->api_key, &l->o.api_key)) {
        llm_free(l);
        err_set(err, ERR_NO_MEMORY, "no memory for the language model's client");
        return NULL;
    }
    l->base = str_of(l->o.base_url);
    if (o->model && strcmp(o->model, "auto") != 0)
        memcpy(l->model, o->model, strnlen(o->model, LLM_NAME_MAX));
    l->requests = metric_counter("llm_requests_total", "Questions to the language model.",
                                 "outcome");
    l->first_seconds = metric_histogram("llm_first_token_seconds",
                                        "Time to the language model's first word.", NULL);
    l->seconds = metric_histogram("llm_request_seconds",
                                  "Time of one question to the language model.", NULL);
    l->tokens = metric_counter("llm_tokens_total", "Tokens of the language model.", "kind");
    l->retries = metric_counter("llm_retries_total", "Requests that were sent again.", NULL);
    metric_add(l->retries, NULL, 0);
    return l;
}

void llm_free(Llm *l)
{
    if (!l)
        return;
    mem_free((void *)(uintptr_t)l->o.base_url);
    mem_free((void *)(uintptr_t)l->o.api_key);
    (void)pthread_mutex_destroy(&l->lock);
    mem_free(l);
}

void llm_stop(Llm *l)
{
    if (l)
        atomic_store(&l->stopped, true);
}

uint64_t llm_tokens(Str text)
{
    return (text.len + 3) / 4 + 1;
}

unsigned llm_context(const Llm *l)
{
    return l->o.context_tokens;
}

unsigned llm_answer_tokens(const Llm *l)
{
    return l->o.answer_tokens;
}

Str llm_host(const Llm *l)
{
    return endpoint_host(l->base);
}

Str llm_asked(const Llm *l)
{
    return str_of(l->o.model);
}

Str llm_name(Llm *l, Arena *a)
{
    (void)pthread_mutex_lock(&l->lock);
    Str known = str_of(l->model); /* llama.cpp's server calls it by the path of its file */
    Str name = arena_str(a, str_starts(known, STR("/")) ? str_file_name(known) : known);
    (void)pthread_mutex_unlock(&l->lock);
    return name;
}

bool llm_ready(Llm *l)
{
    (void)pthread_mutex_lock(&l->lock);
    bool ok = breaker_would(&l->breaker, clock_mono_ns());
    (void)pthread_mutex_unlock(&l->lock);
    return ok && !atomic_load(&l->stopped) && budget_left(l);
}

/* ---- in and out ------------------------------------------------------------------------------ */

static bool enter(Llm *l, bool aside, const char **outcome, Err *err)
{
    double wait = 0;
    Str host = llm_host(l);
    bool ok = true;
    if (atomic_load(&l->stopped))
        return err_set(err, ERR_CANCELLED, "the program is ending");
    (void)pthread_mutex_lock(&l->lock);
    if (!aside && l->running >= l->o.at_once) {
        *outcome = "busy";
        ok = err_set(err, ERR_UNAVAILABLE, "the language model is busy with another question");
    } else if (!breaker_enter(&l->breaker, clock_mono_ns(), &wait)) {
        *outcome = "breaker";
        ok = err_set(err, ERR_UNAVAILABLE, STR_FMT " has failed before and is left alone for %.0f "
                     "more seconds", STR_ARG(host), wait + 0.5);
    } else {
        l->running += !aside;
    }
    (void)pthread_mutex_unlock(&l->lock);
    return ok;
}

static void leave(Llm *l, const LlmTry *t, bool ok, ErrCode code)
{
    bool ours = t->status == 400 || t->status == 413 || t->status == 422; /* the question */
    BreakerOutcome outcome = ok ? BREAKER_OK
                             : code == ERR_CANCELLED || code == ERR_NO_MEMORY ||
                                       code == ERR_RATE_LIMITED || ours
                                 ? BREAKER_NEITHER
                             : t->slow && !t->first_ns ? BREAKER_SLOW
                                                       : BREAKER_FAILED;
    (void)pthread_mutex_lock(&l->lock);
    l->running -= !t->r->aside;
    breaker_leave(&l->breaker, clock_mono_ns(), outcome);
    (void)pthread_mutex_unlock(&l->lock);
}

static const char *outcome_of(bool ok, ErrCode code)
{
    return ok                         ? "ok"
           : code == ERR_CANCELLED    ? "cancelled"
           : code == ERR_TIMEOUT      ? "timeout"
           : code == ERR_RATE_LIMITED ? "rate_limited"
           : code == ERR_CORRUPT      ? "broken"
           : code == ERR_UNAVAILABLE  ? "unavailable"
                                      : "error";
}

/* ---- again? ---------------------------------------------------------------------------------- */

static bool names(const Err *why, const char *word)
{
    return str_find(str_of(why->msg), str_of(word), 0) != SIZE_MAX;
}

/* What the refusal is about, as a bit that was not known yet; 0: nothing that can be left out. */
static unsigned new_quirk(const Llm *l, const LlmTry *t, const Err *why)
{
    unsigned known = atomic_load(&l->quirks), bit = 0;
    if (t->status != 400 && t->status != 422 && t->status != 501)
        return 0;
    if (names(why, "max_tokens") || names(why, "max_completion_tokens"))
        bit = QUIRK_NEW_LIMIT;
    else if (names(why, "temperature"))
        bit = QUIRK_NO_TEMPERATURE;
    else if (names(why, "stream_options"))
        bit = QUIRK_NO_OPTIONS;
    else if (names(why, "tool") && t->r->n_tools)
        bit = QUIRK_NO_TOOLS;
    else if (names(why, "stream") && t->r->on_text)
        bit = QUIRK_NO_STREAM;
    return bit & ~known;
}

static bool passes(const LlmTry *t, const Err *why)
{
    if (t->shown || t->refused || t->wrong || t->slow || why->code == ERR_CANCELLED ||
        why->code == ERR_NO_MEMORY || why->code == ERR_TOO_LARGE)
        return false;
    return t->status == 429 ? !names(why, "quota") /* that is money, and no matter of seconds */
           : t->status == 408 || t->status >= 500 || t->status == 200 || t->status == 0;
}

static double chance(void)
{
    uint32_t r = 0;
    return os_random(&r, sizeof r, NULL) ? (double)r / 4294967296.0 : 0.5;
}

/* Waits before the next try; false when there is no time for it, or nobody waits any more. */
static bool wait_for(const LlmTry *t, unsigned tries)
{
    double s = t->retry_after >= 0 ? t->retry_after * (1 + 0.1 * chance())
                                   : RETRY_MS / 1000 * (double)(1u << (tries - 1)) *
                                         (0.5 + chance());
    uint64_t until = clock_mono_ns() + (uint64_t)(s < RETRY_MOST_S ? s * 1e9 : 0);
    if (s > RETRY_MOST_S || until >= t->deadline_ns)
        return false;
    while (clock_mono_ns() < until) {
        if (atomic_load(&t->l->stopped) || (t->r->cancelled && t->r->cancelled(t->r->arg)))
            return false;
        (void)nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    return true;
}

/* ---- a question ------------------------------------------------------------------------------ */

static bool one_try(LlmTry *t, const char *model, unsigned max_tokens, Arena *a, Err *err)
{
    unsigned quirks = atomic_load(&t->l->quirks);
    const char *url = endpoint_url(t->l->base, "chat/completions", a, err);
    Buf body;
    ChatAsk ask = {.model = str_of(model), .max_tokens = max_tokens,
        .stream = t->r->on_text && !(quirks & QUIRK_NO_STREAM),
        .stream_options = !(quirks & QUIRK_NO_OPTIONS), .tools = !(quirks & QUIRK_NO_TOOLS),
        .temperature = !(quirks & QUIRK_NO_TEMPERATURE),
        .completion_tokens = (quirks & QUIRK_NEW_LIMIT) != 0};
    buf_init(&body, QUESTION_MAX);
    chat_release(&t->answer);
    bool ok = url && chat_body(t->r, &ask, &body, err) && llm_try(t, url, buf_str(&body), a, err);
    buf_release(&body);
    return ok;
}

/* Until it is answered, or no try is left. *used: tokens of all of them. */
static bool tries(LlmTry *t, unsigned max_tokens, uint64_t prompt, Arena *a, unsigned *n,
                  uint64_t *used, Err *err)
{
    char model[LLM_NAME_MAX + 1];
    if (!llm_model(t->l, t->r, model, err)) {
        t->slow = err->code == ERR_TIMEOUT;
        return false;
    }
    for (*n = 1;; ++*n) {
        Err why = ERR_INIT;
        bool ok = one_try(t, model, max_tokens, a, &why);
        if (t->status == 200)
            *used += t->answer.counted ? t->answer.prompt_tokens + t->answer.completion_tokens
                                       : prompt + llm_tokens(buf_str(&t->answer.text));
        if (ok)
            return true;
        unsigned bit = new_quirk(t->l, t, &why);
        if (bit && !t->shown) {
            atomic_fetch_or(&t->l->quirks, bit);
            --*n;
            continue;
        }
        if (*n == TRIES || !passes(t, &why) || !wait_for(t, *n)) {
            *err = why;
            return false;
        }
        metric_add(t->l->retries, NULL, 1);
    }
}

static void count_tokens(Llm *l, const LlmReply *r)
{
    metric_add(l->tokens, (const char *const[]){"prompt"}, (double)r->prompt_tokens);
    metric_add(l->tokens, (const char *const[]){"completion"}, (double)r->completion_tokens);
}

static uint64_t prompt_tokens(const LlmRequest *r)
{
    uint64_t n = 8;
    for (size_t i = 0; i < r->n_messages; i++) {
        n += llm_tokens(r->messages[i].text) + 4;
        for (size_t k = 0; k < r->messages[i].n_calls; k++)
            n += llm_tokens(r->messages[i].calls[k].arguments) + 8;
    }
    for (size_t i = 0; i < r->n_tools; i++)
        n += llm_tokens(str_of(r->tools[i].description)) +
             llm_tokens(str_of(r->tools[i].parameters)) + 8;
    return n;
}

static bool take(LlmTry *t, uint64_t prompt, Arena *a, LlmReply *out, Err *err)
{
    LlmReply reply = {0};
    if (!chat_take(&t->answer, a, &reply, err))
        return false;
    if (!reply.counted) {
        reply.prompt_tokens = prompt;
        reply.completion_tokens = llm_tokens(reply.text);
    }
    reply.first_ms = t->first_ns ? (double)(t->first_ns - t->start_ns) * 1e-6 : 0;
    reply.total_ms = clock_seconds_since(t->start_ns) * 1e3;
    *out = reply;
    return true;
}

bool llm_chat(Llm *l, const LlmRequest *r, Arena *a, LlmReply *out, Err *err)
{
    const char *outcome = "error";
    unsigned max_tokens = r->max_tokens ? r->max_tokens : l->o.answer_tokens, n = 0;
    unsigned total_ms = r->total_ms ? r->total_ms : l->o.total_ms;
    uint64_t prompt = prompt_tokens(r), taken = prompt + max_tokens, used = 0;
    LlmTry t = {.l = l, .r = r, .start_ns = clock_mono_ns()};
    Err why = ERR_INIT;
    t.deadline_ns = t.start_ns + (uint64_t)total_ms * 1000000u;
    if (!enter(l, r->aside, &outcome, err)) {
        METRIC_INC(l->requests, outcome);
        return false;
    }
    bool paid = budget_take(l, taken, &why);
    bool ok = paid && tries(&t, max_tokens, prompt, a, &n, &used, &why) &&
              take(&t, prompt, a, out, &why);
    if (paid)
        budget_settle(l, taken, used);
    leave(l, &t, ok, why.code);
    METRIC_INC(l->requests, paid ? outcome_of(ok, why.code) : "budget");
    if (ok) {
        out->tries = n;
        count_tokens(l, out);
        metric_observe(l->seconds, NULL, out->total_ms / 1e3);
        if (t.first_ns)
            metric_observe(l->first_seconds, NULL, out->first_ms / 1e3);
    } else {
        *err = why;
    }
    chat_release(&t.answer);
    return ok;
}
