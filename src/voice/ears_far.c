#include "voice/ears_far.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "audio/wav.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/uuid.h"
#include "llm/breaker.h"
#include "llm/endpoint.h"
#include "net/client.h"

#define TRIES 3u
#define PAUSE_MS 300u
#define PAUSE_MOST_MS 5000u
#define LOOK_MS 20u
#define CONNECT_MS 5000u
#define ANSWER_MAX ((uint64_t)16 << 20)
#define NAME_MAX_BYTES 320

struct EarsFar {
    char *base, *key, *model;
    unsigned timeout_ms, urgent_ms;
    char name[NAME_MAX_BYTES];
    pthread_mutex_t lock; /* of the breaker */
    Breaker breaker;
    Metric *requests;
};

EarsFar *ears_far_new(const EarsFarOptions *o, Err *err)
{
    if (!endpoint_check(str_of(o->base_url), err))
        return NULL;
    EarsFar *f = mem_zalloc(sizeof *f);
    if (!f || !(f->base = mem_strdup(o->base_url)) || !(f->model = mem_strdup(o->model)) ||
        !(f->key = mem_strdup(o->api_key ? o->api_key : ""))) {
        ears_far_free(f);
        err_set(err, ERR_NO_MEMORY, "no memory for the speech recogniser");
        return NULL;
    }
    Str host = endpoint_host(str_of(f->base));
    (void)snprintf(f->name, sizeof f->name, "%.60s at " STR_FMT, f->model,
        (int)(host.len < 200 ? host.len : 200), host.ptr);
    f->timeout_ms = o->timeout_ms ? o->timeout_ms : 60000;
    f->urgent_ms = o->urgent_ms ? o->urgent_ms : 10000;
    f->requests = metric_counter("stt_server_requests_total",
        "Sounds sent to another server to be heard: ok, failed.", "outcome");
    pthread_mutex_init(&f->lock, NULL);
    return f;
}

void ears_far_free(EarsFar *f)
{
    if (!f)
        return;
    if (f->requests)
        pthread_mutex_destroy(&f->lock);
    mem_free(f->base);
    mem_free(f->key);
    mem_free(f->model);
    mem_free(f);
}

const char *ears_far_name(const EarsFar *f) { return f->name; }

/* ---- the request ----------------------------------------------------------------------------- */

static void field(Buf *b, const char *boundary, const char *name, Str value)
{
    buf_printf(b, "--%s\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n", boundary, name);
    buf_add(b, value);
    buf_add_c(b, "\r\n");
}

/* Newer models of OpenAI's answer with json alone. */
static bool only_json(const EarsFar *f)
{
    return str_starts(str_of(f->model), STR("gpt-4o"));
}

static bool make_form(const EarsFar *f, const WhisperOptions *o, const char *boundary,
    const float *pcm, size_t n, Buf *form, Err *err)
{
    char temperature[32];
    field(form, boundary, "model", str_of(f->model));
    field(form, boundary, "response_format", only_json(f) ? STR("json") : STR("verbose_json"));
    if (o->language.len)
        field(form, boundary, "language", o->language);
    if (o->prompt.len)
        field(form, boundary, "prompt", o->prompt);
    if (o->temperature > 0) {
        (void)snprintf(temperature, sizeof temperature, "%.2f", (double)o->temperature);
        field(form, boundary, "temperature", str_of(temperature));
    }
    if (o->word_times && !only_json(f)) {
        field(form, boundary, "timestamp_granularities[]", STR("segment"));
        field(form, boundary, "timestamp_granularities[]", STR("word"));
    }
    buf_printf(form, "--%s\r\nContent-Disposition: form-data; name=\"file\"; "
        "filename=\"sound.wav\"\r\nContent-Type: audio/wav\r\n\r\n", boundary);
    bool ok = wav_write(pcm, n, WHISPER_RATE_HZ, form);
    buf_printf(form, "\r\n--%s--\r\n", boundary);
    return ok && buf_check(form, "the sound", err) ? true
        : err_set(err, ERR_NO_MEMORY, "no memory to send the sound");
}

typedef struct {
    const WhisperOptions *o;
    bool cancelled;
} Watch;

static bool watch(void *arg, uint64_t done, uint64_t total)
{
    Watch *w = arg;
    (void)done;
    (void)total;
    w->cancelled = w->o->cancelled && w->o->cancelled(w->o->arg);
    return !w->cancelled;
}

/* What is tried again, and after how long; the rest would fail in the same way. */
typedef struct {
    bool again;
    double after_s; /* the server's wish; -1: none */
} Next;

static bool once(EarsFar *f, Str form, const char *boundary, uint32_t total_ms, Watch *w,
    size_t n, Arena *a, WhisperResult *out, Next *next, Err *err)
{
    ClientResponse r;
    char type[80];
    HttpHeader headers[2] = {{STR("Content-Type"), STR("")}};
    const char *url = endpoint_url(str_of(f->base), "audio/transcriptions", a, err);
    (void)snprintf(type, sizeof type, "multipart/form-data; boundary=%s", boundary);
    headers[0].value = str_of(type);
    ClientRequest q = {.method = "POST", .url = url, .headers = headers, .body = form,
        .header_count = 1 + (size_t)endpoint_auth(f->key, a, &headers[1]),
        .connect_ms = CONNECT_MS < total_ms ? CONNECT_MS : total_ms, .total_ms = total_ms,
        .stall_ms = total_ms, .max_bytes = ANSWER_MAX, .progress = watch, .arg = w};
    *next = (Next){.after_s = -1};
    if (!url)
        return false;
    if (!client_request(&q, &r, err)) {
        next->again = !w->cancelled && err->code == ERR_UNAVAILABLE;
        return false;
    }
    bool ok = r.status == 200 ? ears_far_read(buf_str(&r.body), w->o, n, a, out, err)
                              : endpoint_failed(str_of(f->base), r.status, buf_str(&r.body),
                                    f->key, err);
    next->again = r.status == 429 || r.status >= 500;
    next->after_s = endpoint_retry_after(client_header(&r, "Retry-After"), clock_now_ms());
    client_response_release(&r);
    return ok;
}

static uint64_t ms_left(uint64_t deadline_ns)
{
    uint64_t now = clock_mono_ns();
    return now < deadline_ns ? (deadline_ns - now) / 1000000u : 0;
}

/* False: there is no time for another try, or nobody waits for it. */
static bool pause_before(unsigned tried, const Next *next, uint64_t deadline_ns, Watch *w)
{
    double ms = next->after_s >= 0 ? next->after_s * 1000 : (double)(PAUSE_MS << tried);
    if (ms > PAUSE_MOST_MS || (uint64_t)ms >= ms_left(deadline_ns))
        return false;
    for (uint64_t left = (uint64_t)ms; left && watch(w, 0, 0);) {
        uint64_t step = left < LOOK_MS ? left : LOOK_MS;
        (void)nanosleep(&(struct timespec){.tv_nsec = (long)step * 1000000}, NULL);
        left -= step;
    }
    return !w->cancelled;
}

static bool tries(EarsFar *f, bool urgent, Str form, const char *boundary, Watch *w, size_t n,
    Arena *a, WhisperResult *out, Err *err)
{
    unsigned most = urgent ? 1 : TRIES;
    uint64_t ms = urgent ? f->urgent_ms : f->timeout_ms;
    uint64_t deadline = clock_mono_ns() + ms * 1000000u;
    for (unsigned i = 0; i < most; i++) {
        Next next;
        Err why = ERR_INIT;
        uint64_t left = ms_left(deadline);
        if (once(f, form, boundary, (uint32_t)(left ? left : 1), w, n, a, out, &next, &why))
            return true;
        *err = why;
        if (!next.again || i + 1 == most || !pause_before(i, &next, deadline, w))
            break;
    }
    if (w->cancelled)
        return err_set(err, ERR_CANCELLED, "the transcription was stopped");
    return false;
}

/* ---- hearing --------------------------------------------------------------------------------- */

static bool enter(EarsFar *f, Err *err)
{
    double wait_s = 0;
    pthread_mutex_lock(&f->lock);
    bool ok = breaker_enter(&f->breaker, clock_mono_ns(), &wait_s);
    pthread_mutex_unlock(&f->lock);
    return ok || err_set(err, ERR_UNAVAILABLE,
        "%s failed a moment ago; it is asked again in %.0f s", f->name, wait_s);
}

static void leave(EarsFar *f, bool ok, const Err *why)
{
    BreakerOutcome outcome = ok                             ? BREAKER_OK
                             : why->code == ERR_CANCELLED ||
                                     why->code == ERR_NO_MEMORY ? BREAKER_NEITHER
                             : why->code == ERR_TIMEOUT     ? BREAKER_SLOW
                                                            : BREAKER_FAILED;
    pthread_mutex_lock(&f->lock);
    breaker_leave(&f->breaker, clock_mono_ns(), outcome);
    pthread_mutex_unlock(&f->lock);
    if (outcome != BREAKER_NEITHER)
        metric_add(f->requests, (const char *const[]){ok ? "ok" : "failed"}, 1);
}

bool ears_far_hear(EarsFar *f, const WhisperOptions *o, bool urgent, const float *pcm, size_t n,
    Arena *a, WhisperResult *out, Err *err)
{
    Uuid id;
    Buf form;
    Err why = ERR_INIT;
    Watch w = {.o = o};
    char boundary[UUID_TEXT];
    if (n > (size_t)EARS_FAR_SECONDS * WHISPER_RATE_HZ)
        return err_set(err, ERR_TOO_LARGE, "a sound of more than %u minutes is not sent at once",
            EARS_FAR_SECONDS / 60);
    if (!uuid_v4(&id, err) || !enter(f, err))
        return false;
    uuid_format(&id, boundary);
    buf_init(&form, 2 * n + (1 << 20));
    bool ok = make_form(f, o, boundary, pcm, n, &form, &why) &&
              tries(f, urgent, buf_str(&form), boundary, &w, n, a, out, &why);
    buf_release(&form);
    leave(f, ok, &why);
    if (!ok) {
        *err = why;
        return false;
    }
    if (o->heard && out->n_segments)
        o->heard(o->arg, out->segments, out->n_segments);
    if (o->progress && !o->progress(o->arg, n, n))
        return err_set(err, ERR_CANCELLED, "the transcription was stopped");
    return true;
}
