#include "app/call.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "app/app.h"
#include "app/remote.h"
#include "base/mem.h"
#include "base/os.h"
#include "llm/sse.h"

#define LOCAL_TIMEOUT_MS (600 * 1000)
#define GONE_TRIES 50 /* of 20 ms */

struct Call {
    App app;        /* when there is no server */
    Remote *remote; /* when there is one */
    unsigned lanes;
};

/* The process that a lock's note names, "... (process 17)", is not there any more. */
static bool holder_is_gone(Str note)
{
    size_t at = str_find(note, STR("(process "), 0);
    size_t end = at == SIZE_MAX ? SIZE_MAX : str_find(note, STR(")"), at);
    uint64_t pid;
    return end != SIZE_MAX && str_to_u64(str_sub(note, at + 9, end), &pid) && pid > 0 &&
           pid <= INT32_MAX && kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

/* Whether the lock is held. One whose holder was killed is let go a moment later: a reader that it
 * had just started holds the descriptors until it is a program of its own. (Where the holder cannot
 * be seen, as from outside of its container, the wait is for nothing.) */
static bool lock_is_held(const char *path, Buf *note)
{
    for (int i = 0;; i++) {
        buf_clear(note);
        bool held = os_lock_held(path, note);
        if (!held || i == GONE_TRIES || !holder_is_gone(buf_str(note)))
            return held;
        (void)nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
}

bool call_find_server(const Config *config, Buf *out, bool *busy)
{
    Buf path, note;
    buf_init(&path, 16384);
    buf_init(&note, 4096);
    buf_printf(&path, "%s/sotto.lock", config_text(config, SET_DATA));
    bool held = buf_ok(&path) && lock_is_held(path.ptr, &note);
    if (busy)
        *busy = held;
    /* "serving http://127.0.0.1:8080 (process 17)" */
    Str text = buf_str(&note);
    size_t at = held ? str_find(text, STR("http://"), 0) : SIZE_MAX;
    if (held && at == SIZE_MAX)
        at = str_find(text, STR("https://"), 0);
    if (at != SIZE_MAX) {
        size_t end = str_find(text, STR(" "), at);
        buf_add(out, str_sub(text, at, end));
    } else if (held) {
        buf_add(out, text);
    }
    buf_release(&path);
    buf_release(&note);
    return at != SIZE_MAX;
}

void call_key(const Config *config, Buf *out)
{
    Buf path;
    buf_init(out, 4096);
    buf_init(&path, 16384);
    buf_printf(&path, "%s/sotto.key", config_text(config, SET_DATA));
    if (!buf_ok(&path) || !os_read_file(path.ptr, out, NULL))
        buf_clear(out); /* an older server, or somebody else's: it says what it wants */
    buf_release(&path);
}

static bool open_local(Call *c, Config *config, unsigned needs, const char *who, Err *err)
{
    char note[200];
    snprintf(note, sizeof note, "%s (process %d)", who, (int)getpid());
    if (needs & CALL_TALK)
        needs |= CALL_WRITE | CALL_SEARCH | CALL_INGEST;
    AppOptions o = {.config = config,
                    .read_only = !(needs & CALL_WRITE),
                    .lock_note = note,
                    .search = (needs & CALL_SEARCH) != 0,
                    .ingest = (needs & (CALL_INGEST | CALL_SYNC)) != 0,
                    .workers = (needs & CALL_SYNC) != 0,
                    .sync = (needs & CALL_SYNC) != 0,
                    .voice = (needs & (CALL_VOICE | CALL_INGEST | CALL_SYNC)) != 0,
                    .only_voice = needs == CALL_VOICE,
                    .llm = (needs & CALL_MODEL) != 0,
                    .assistant = (needs & CALL_TALK) != 0};
    if (app_open(&c->app, &o, err)) {
        c->lanes = c->app.threads;
        return !c->app.sync || sync_start(c->app.sync, err);
    }
    if (err && err->code == ERR_NOT_FOUND && o.read_only)
        err_set(err, ERR_NOT_FOUND, "there is nothing in %s yet; begin with sotto add PATH",
                config_text(config, SET_DATA));
    else if (err && err->code == ERR_CONFLICT)
        err->code = ERR_UNAVAILABLE; /* it passes: the other command ends */
    return false;
}

Call *call_open(Config *config, unsigned needs, const char *who, Err *err)
{
    Call *c = mem_zalloc(sizeof *c);
    if (!c) {
        err_set(err, ERR_NO_MEMORY, "no memory for %s", who);
        return NULL;
    }
    Buf url;
    buf_init(&url, 4096);
    bool ok;
    if (call_find_server(config, &url, NULL)) {
        c->lanes = app_bulk_threads();
        Buf key;
        call_key(config, &key);
        c->remote = remote_new(buf_str(&url), str_trim(buf_str(&key)), err);
        buf_release(&key);
        ok = c->remote != NULL;
    } else {
        ok = open_local(c, config, needs, who, err);
    }
    buf_release(&url);
    if (ok)
        return c;
    call_close(c);
    return NULL;
}

void call_close(Call *c)
{
    if (!c)
        return;
    remote_free(c->remote);
    app_close(&c->app);
    mem_free(c);
}

unsigned call_lanes(const Call *c)
{
    return c->lanes;
}

const char *call_server(const Call *c)
{
    return c->remote ? remote_url(c->remote) : NULL;
}

static bool send_local(Call *c, unsigned lane, const char *method, Str target,
                       const char *content_type, Str body, CallAnswer *answer, Err *err)
{
    HttpHeader headers[2] = {{STR("Host"), STR("localhost")},
                             {STR("Content-Type"), str_of(content_type ? content_type : "")}};
    HttpExchange *x =
        http_exchange_new(str_of(method), target, headers, content_type ? 2 : 1, body, err);
    if (!x)
        return false;
    api_dispatch(c->app.api, x, lane);
    bool ok = http_exchange_wait(x, LOCAL_TIMEOUT_MS) ||
              err_set(err, ERR_TIMEOUT, "no answer came to %s", method);
    if (ok) {
        answer->status = x->resp.status;
        buf_add(&answer->body, http_resp_body(x));
        ok = buf_check(&answer->body, "the answer", err);
    }
    http_exchange_free(x);
    return ok;
}

/* A code of the table by its name on the wire; several share one, and the first says enough. */
static ErrCode code_of(Str wire, int status)
{
    for (int i = ERR_NONE + 1; i < ERR_CODE_COUNT; i++)
        if (str_eq(wire, str_of(err_info((ErrCode)i)->wire)))
            return (ErrCode)i;
    for (int i = ERR_NONE + 1; i < ERR_CODE_COUNT && status < 500; i++)
        if (err_info((ErrCode)i)->http_status == status)
            return (ErrCode)i;
    return status == 503 ? ERR_UNAVAILABLE : ERR_INTERNAL;
}

/* Errors below /v1 have OpenAI's shape, without a code of ours. */
static bool problem(const CallAnswer *a, Err *err)
{
    Json *j = json_parse(buf_str(&a->body), JSON_DEFAULT_DEPTH, NULL);
    Str detail = json_str(json_get(j, "detail")), code = json_str(json_get(j, "code"));
    if (!detail.len)
        detail = json_str(json_get(json_get(j, "error"), "message"));
    if (detail.len)
        err_set(err, code_of(code, a->status), STR_FMT, STR_ARG(detail));
    else
        err_set(err, code_of(code, a->status), "the server answered with status %d", a->status);
    json_free(j);
    return false;
}

bool call_send(Call *c, unsigned lane, const char *method, Str target, const char *content_type,
               Str body, CallAnswer *answer, Err *err)
{
    CallAnswer a = {0};
    buf_init(&a.body, (size_t)1 << 30);
    bool ok = c->remote ? remote_send(c->remote, method, target, content_type, body, &a.status,
                                      &a.body, err)
                        : send_local(c, lane, method, target, content_type, body, &a, err);
    if (ok && a.status >= 400)
        ok = problem(&a, err);
    if (ok)
        *answer = a;
    else
        buf_release(&a.body);
    return ok;
}

/* ---- events ---------------------------------------------------------------------------------- */

#define EVENT_MAX ((size_t)16 << 20)

typedef struct {
    const CallStream *s;
    Sse sse;
    Err err;
} Flow;

static bool on_event(void *arg, Str event, Str data, Err *err)
{
    const CallStream *s = ((Flow *)arg)->s;
    return s->on_event(s->arg, event, data) || err_set(err, ERR_CANCELLED, "stopped");
}

static bool on_data(void *arg, Str piece)
{
    Flow *f = arg;
    return sse_feed(&f->sse, piece, &f->err);
}

static bool wanted(void *arg)
{
    const Flow *f = arg;
    return f->s->wanted(f->s->arg);
}

static const char *content_type(const CallStream *s)
{
    return s->content_type ? s->content_type : "application/json";
}

static bool stream_local(Call *c, Str target, Str body, Flow *f, CallAnswer *a, Err *err)
{
    HttpHeader headers[] = {{STR("Host"), STR("localhost")},
                            {STR("Content-Type"), str_of(content_type(f->s))},
                            {STR("Accept"), STR("text/event-stream")}};
    HttpExchange *x = http_exchange_new(STR("POST"), target, headers, 3, body, err);
    if (!x)
        return false;
    http_exchange_follow(x, on_data, wanted, f);
    api_dispatch(c->app.api, x, 0);
    bool ok = http_exchange_wait(x, LOCAL_TIMEOUT_MS) ||
              err_set(err, ERR_TIMEOUT, "no answer came");
    if (ok && http_exchange_cancelled(x))
        ok = err_set(err, ERR_CANCELLED, "stopped");
    if (ok) {
        a->status = x->resp.status;
        buf_add(&a->body, http_resp_body(x));
        ok = buf_check(&a->body, "the answer", err);
    }
    http_exchange_free(x);
    return ok;
}

bool call_stream(Call *c, Str target, Str body, const CallStream *s, Err *err)
{
    CallAnswer a = {0};
    Flow f = {.s = s};
    Err why = ERR_INIT;
    buf_init(&a.body, (size_t)1 << 20);
    sse_init(&f.sse, EVENT_MAX, on_event, &f);
    bool ok = c->remote ? remote_stream(c->remote, target, content_type(s), body, on_data, wanted,
                                        &f, &a.status, &a.body, &why)
                        : stream_local(c, target, body, &f, &a, &why);
    if (ok && a.status >= 400)
        ok = problem(&a, &why);
    ok = ok && sse_end(&f.sse, &f.err);
    if (!ok)
        *err = f.err.code != ERR_NONE ? f.err : why;
    sse_release(&f.sse);
    buf_release(&a.body);
    return ok;
}

struct Briefings *call_briefings(Call *c)
{
    return c->remote || !c->app.llm ? NULL : c->app.briefings;
}

void call_on_hearing(Call *c, void (*fn)(void *arg, size_t done, size_t all), void *arg)
{
    if (c->app.ears)
        ears_on_progress(c->app.ears, fn, arg);
}

Json *call_get(Call *c, Str target, Buf *body, Err *err)
{
    CallAnswer a;
    if (!call_send(c, 0, "GET", target, NULL, STR(""), &a, err))
        return NULL;
    Json *j = json_parse(buf_str(&a.body), JSON_DEFAULT_DEPTH, err);
    if (j && body)
        buf_add(body, buf_str(&a.body));
    buf_release(&a.body);
    return j;
}

void call_param(Buf *target, const char *name, Str value)
{
    buf_add_char(target, str_find(buf_str(target), STR("?"), 0) == SIZE_MAX ? '?' : '&');
    buf_add_c(target, name);
    buf_add_char(target, '=');
    for (size_t i = 0; i < value.len; i++) {
        unsigned char ch = (unsigned char)value.ptr[i];
        bool plain = (ch >= '0' && ch <= '9') || (ch >= 'A' && ch <= 'Z') ||
                     (ch >= 'a' && ch <= 'z') || ch == '-' || ch == '.' || ch == '_' || ch == '~';
        if (plain)
            buf_add_char(target, (char)ch);
        else
            buf_printf(target, "%%%02X", ch);
    }
}
