/* dispatch.c - from an exchange to a handler and back; the Api object. See api.h. */
#include <pthread.h>
#include <stdio.h>

#include "api/api_int.h"
#include "api/openai.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"


const ApiParts *api_parts(const Api *api)
{
    return &api->parts;
}
const Router *api_router(const Api *api)
{
    return api->router;
}

Server *api_server(Api *api)
{
    return api->server;
}
ApiWs *api_ws(Api *api)
{
    return api->ws;
}

void api_set_server(Api *api, Server *server)
{
    api->server = server;
    batches_set_server(api->batches, server);
    api_ws_watch(api->ws);
    elsewhere_listen(api->elsewhere);
    api_gauges_add(&api->parts);
}

static void job_refuse(void *arg, const Err *err);

static void job_late(void *arg, uint64_t serial)
{
    server_give_up(((Api *)arg)->server, serial,
                   "the answer takes too long and is not waited for any more");
}

static Batches *new_batches(Api *api, Err *err)
{
    BatchOptions o = {.work = api->parts.work,
                      .store = api->parts.store,
                      .limit_ms = api->parts.job_limit_ms,
                      .refuse = job_refuse,
                      .late = job_late,
                      .arg = api};
    return batches_new(&o, err);
}

void api_tick(Api *api)
{
    elsewhere_tick(api->elsewhere);
    api_people_sweep(api);
}

Api *api_new(const ApiParts *parts, Err *err)
{
    size_t n;
    const ApiRoute *routes = api_routes(&n);
    Api *api = mem_zalloc(sizeof *api);
    Route *table = mem_array(n, sizeof *table);
    if (!api || !table) {
        mem_free(api);
        mem_free(table);
        err_set(err, ERR_NO_MEMORY, "no memory for the route table");
        return NULL;
    }
    for (size_t i = 0; i < n; i++)
        table[i] = (Route){routes[i].method, routes[i].pattern, &routes[i]};
    api->parts = *parts;
    api_people_init(api);
    if (!api->parts.max_upload)
        api->parts.max_upload = (uint64_t)64 << 20;
    if (!api->parts.request_timeout_ms)
        api->parts.request_timeout_ms = 30000;
    api->table = table;
    api->router = router_new(table, n, err);
    if (api->router)
        api->ws = api_ws_new(api, err);
    if (api->ws)
        api->kept = kept_new(err);
    if (api->kept)
        api->batches = new_batches(api, err);
    if (api->batches)
        api->elsewhere = elsewhere_new(api, err);
    if (!api->elsewhere) {
        api_free(api);
        return NULL;
    }
    return api;
}

void api_free(Api *api)
{
    if (!api)
        return;
    if (api->server)
        api_gauges_drop(&api->parts);
    elsewhere_free(api->elsewhere);
    api_ws_free(api->ws);
    router_free(api->router);
    kept_free(api->kept);
    batches_free(api->batches);
    api_people_free(api);
    mem_free(api->table);
    mem_free(api);
}

unsigned api_route_scopes(const ApiRoute *r)
{
    unsigned needs = 0;
    if (r->flags & NEEDS_NOTHING)
        return 0;
    if (r->flags & NEEDS_VOICE)
        needs |= SCOPE_VOICE;
    if (r->flags & NEEDS_READ)
        needs |= SCOPE_READ;
    if (r->flags & NEEDS_ADMIN)
        needs |= SCOPE_ADMIN;
    if (r->flags & NEEDS_METRICS)
        needs |= SCOPE_METRICS;
    if (r->flags & NEEDS_ACCOUNT)
        needs |= SCOPE_ACCOUNT;
    if (needs)
        return needs;
    return str_eq(str_of(r->method), STR("GET")) ? SCOPE_READ : SCOPE_READ | SCOPE_WRITE;
}

bool api_is_openai(Str path)
{
    return str_starts(path, STR("/v1/"));
}

void openai_error(int status, const Err *err, JsonW *w)
{
    const char *type = status == 401   ? "authentication_error"
                       : status == 403 ? "permission_error"
                       : status == 404 ? "not_found_error"
                       : status == 429 ? "rate_limit_error"
                       : status >= 500 ? "server_error"
                                       : "invalid_request_error";
    jw_obj(w);
    jw_key(w, "error");
    jw_obj(w);
    jw_kv_cstr(w, "message", err->msg);
    jw_kv_cstr(w, "type", type);
    jw_kv_null(w, "param");
    if (status == 404 && str_starts(str_of(err->msg), STR("there is no model ")))
        jw_kv_cstr(w, "code", "model_not_found");
    else
        jw_kv_null(w, "code");
    jw_obj_end(w);
    jw_obj_end(w);
}

void api_format_error(void *arg, Str path, int status, const Err *err, Str request_id,
                      HttpResponse *resp)
{
    if (!api_is_openai(path)) {
        http_problem(arg, path, status, err, request_id, resp);
        return;
    }
    JsonW w;
    buf_clear(&resp->body);
    resp->body.max = BUF_DEFAULT_MAX;
    jw_init(&w, &resp->body);
    openai_error(status, err, &w);
    resp->content_type = STR("application/json");
}

/* What a handler left half-done must not leak into the error's answer. */
static void reply_failure(ApiCall *c, const Err *err)
{
    HttpResponse *r = &c->x->resp;
    if (r->body_release)
        r->body_release(r->body_release_arg);
    r->body_release = NULL;
    r->body_ref = (Str){0};
    buf_clear(&r->body);
    if (err_info(err->code)->http_status >= 500)
        log_write(LOG_ERROR, "api", "%s %s: %s", c->route->method, c->route->pattern, err->msg);
    if (c->fail_status)
        http_reply_status(c->x, c->fail_status, err);
    else
        http_reply_error(c->x, err);
}

/* Whose request it is: api_on_head has found that out; without a server (the command line) it is
 * the first person's. */
static bool know_caller(Api *api, ApiCall *c, Err *err)
{
    c->caller = c->x->user;
    c->parts = &api->parts;
    if (!c->caller) {
        Caller *local = ARENA_NEW(c->arena, Caller);
        if (!local)
            return err_set(err, ERR_NO_MEMORY, "no memory for the request");
        *local = (Caller){.kind = CALLER_LOCAL, .scopes = SCOPE_ALL};
        if (api->parts.access)
            access_local(api->parts.access, local);
        (void)snprintf(local->via, sizeof local->via, "command line");
        c->caller = local;
    } else if (c->caller->kind != CALLER_NOBODY) {
        c->parts = api_hold(api, &c->caller->owner, err);
    }
    if (!c->parts)
        return false;
    c->owner = &c->parts->owner;
    return c->caller->kind != CALLER_NOBODY || api_route_scopes(c->route) == 0 ||
           err_set(err, ERR_UNAUTHORIZED, "sign in, or send a token");
}

/* Who did what: everything that is no plain reading. */
static void note_call(Api *api, const ApiCall *c, int status)
{
    char action[112];
    if ((c->route->flags & NEEDS_READ) && status < 400)
        return;
    (void)snprintf(action, sizeof action, "%s %s", c->route->method, c->route->pattern);
    access_note(api->parts.access, c->caller, &c->x->req, str_of(action), c->x->req.path, status);
}

/* Spoken texts that are kept may hold words of what was deleted: they go with it. */
static void forget_spoken(const ApiCall *c)
{
    Err err = ERR_INIT;
    if (c->parts->speech && strcmp(c->route->method, "DELETE") == 0 &&
        !speech_forget(c->parts->speech, c->owner, &err))
        log_write(LOG_ERROR, "api", "spoken texts cannot be deleted: %s", err.msg);
}

/* `before`: the version under which the answer may be kept, as kept_version told before anything
 * was read; NULL: ask it now. */
static void run_route(Api *api, HttpExchange *x, const RouteMatch *match, const uint64_t *before,
                      unsigned worker)
{
    const ApiRoute *route = match->route->data;
    ApiCall *c = ARENA_NEW(x->req.arena, ApiCall);
    Err err = ERR_INIT;
    if (c) {
        c->query = ARENA_NEW_ARRAY(x->req.arena, FieldValue, route->n_query);
        c->body = ARENA_NEW_ARRAY(x->req.arena, FieldValue, route->n_body);
    }
    if (!c || !c->query || !c->body) {
        err_set(&err, ERR_NO_MEMORY, "no memory for the request");
        http_reply_error(x, &err);
        return;
    }
    c->api = api;
    c->parts = &api->parts;
    c->x = x;
    c->arena = x->req.arena;
    c->worker = worker;
    c->route = route;
    if (!know_caller(api, c, &err)) {
        http_reply_error(x, &err);
        api_give(api, c->parts);
        return;
    }
    c->match = *match;
    c->out = x->resp.body; /* memory of an earlier answer, perhaps */
    c->out.max = BUF_DEFAULT_MAX;
    buf_init(&x->resp.body, BUF_DEFAULT_MAX);
    x->route = c->route->pattern;
    x->resp.status = 200;
    const ApiParts *parts = c->parts;
    uint64_t version = before ? *before : kept_version(c->parts, c->route, x);
    bool ok = call_read(c, &err) && c->route->run(c, &err);
    if (ok && version)
        kept_put(api->kept, c->parts, x, version);
    if (api->parts.access && (!str_eq(x->req.method, STR("GET")) || (c->route->flags & NOTED)))
        note_call(api, c, ok ? x->resp.status : c->fail_status ? c->fail_status
                                              : err_info(err.code)->http_status);
    json_free(c->tree);
    buf_release(&c->out);
    if (ok)
        forget_spoken(c);
    if (c->streaming) {
        if (!ok)
            log_write(LOG_ERROR, "api", "%s %s: %s", c->route->method, c->route->pattern, err.msg);
        http_stream_end(x, ok);
    } else if (ok)
        http_exchange_reply(x);
    else
        reply_failure(c, &err);
    api_give(api, parts); /* the exchange, and *c in it, may be gone by now */
}

/* 404, 405 and OPTIONS. True when the exchange has been answered. */
static bool answer_unrouted(Api *api, HttpExchange *x, RouteMatch *match)
{
    Err err = ERR_INIT;
    switch (router_match(api->router, x->req.method, x->req.path, match)) {
    case ROUTE_FOUND:
        return false;
    case ROUTE_OPTIONS:
        x->route = match->route->pattern;
        http_resp_header(x, "Allow", str_of(match->allow));
        http_reply_empty(x, 204);
        return true;
    case ROUTE_METHOD:
        x->route = match->route->pattern;
        http_resp_header(x, "Allow", str_of(match->allow));
        err_set(&err, ERR_METHOD_NOT_ALLOWED, STR_FMT " is not possible here, only %s",
                (int)(x->req.method.len < 20 ? x->req.method.len : 20), x->req.method.ptr,
                match->allow);
        http_reply_error(x, &err);
        return true;
    case ROUTE_NOT_FOUND:
        break;
    }
    err_set(&err, ERR_NOT_FOUND, "there is nothing at this path");
    http_reply_error(x, &err);
    return true;
}

void api_dispatch(Api *api, HttpExchange *x, unsigned worker)
{
    RouteMatch match;
    x->format_error = api_format_error;
    if (!answer_unrouted(api, x, &match))
        run_route(api, x, &match, NULL, worker);
}

static void refuse(Api *api, HttpExchange *x, const Caller *c, unsigned retry_s, const Err *err)
{
    char seconds[16];
    int status = err_info(err->code)->http_status;
    if (status == 401)
        http_resp_header(x, "WWW-Authenticate", STR("Bearer realm=\"sotto\""));
    if (status == 429) {
        (void)snprintf(seconds, sizeof seconds, "%u", retry_s);
        http_resp_header(x, "Retry-After", str_of(seconds));
    }
    if (status != 429)
        access_note(api->parts.access, c, &x->req, x->req.method, x->req.path, status);
    http_reply_error(x, err);
}

/* What the head of a request told; HttpExchange.user points at it, and so at the caller. */
typedef struct {
    Caller caller;
    RouteMatch match;
    bool found;
} Asked;

/* Finds out who asks, before the body is read. False: the exchange has been answered. */
static bool let_in(Api *api, HttpExchange *x, const RouteMatch *match)
{
    Asked *asked = ARENA_NEW(x->req.arena, Asked);
    Err err = ERR_INIT;
    unsigned retry_s = 0;
    if (!asked) {
        err_set(&err, ERR_NO_MEMORY, "no memory for the request");
        http_reply_error(x, &err);
        return false;
    }
    Caller *c = &asked->caller;
    const ApiRoute *r = match ? match->route->data : NULL;
    asked->found = match != NULL;
    if (match)
        asked->match = *match;
    unsigned needs = r ? api_route_scopes(r) : 0;
    bool ok = access_check(api->parts.access, &x->req, c, &retry_s, &err);
    if (!ok && err.code == ERR_UNAUTHORIZED && !needs)
        ok = true; /* who may ask is anybody: then as nobody */
    if (ok && access_allows(c, needs, &err)) {
        x->user = asked;
        return true;
    }
    refuse(api, x, c, retry_s, &err);
    return false;
}

void api_on_head(void *arg, HttpExchange *x)
{
    Api *api = arg;
    RouteMatch match;
    x->format_error = api_format_error;
    x->body_max = 0;
    bool found = router_match(api->router, x->req.method, x->req.path, &match) == ROUTE_FOUND;
    if (found)
        x->route = ((const ApiRoute *)match.route->data)->pattern;
    if (api->parts.access && !let_in(api, x, found ? &match : NULL))
        return;
    if (!found) {
        x->body_max = 1 << 16; /* read and dropped, so that the 404 or 405 can be sent */
        return;
    }
    const ApiRoute *r = match.route->data;
    if (r->body_kinds != BODY_NONE)
        x->body_max = r->body_max ? r->body_max : api->parts.max_upload;
    else
        x->body_max = 1 << 16;
}

typedef struct {
    Api *api;
    HttpExchange *x;
    const RouteMatch *match; /* in the request's arena */
    uint64_t queued_ns;
    uint64_t version; /* of what may be kept, before anything is read; 0: it may not */
} Job;

static void job_run(void *arg, unsigned worker)
{
    Job *job = arg;
    HttpExchange *x = job->x;
    Api *api = job->api;
    if (clock_seconds_since(job->queued_ns) * 1000 > api->parts.request_timeout_ms) {
        Err err = ERR_INIT;
        err_set(&err, ERR_UNAVAILABLE, "the request waited too long; try again in a moment");
        http_reply_error(x, &err);
        return;
    }
    run_route(api, x, job->match, &job->version, worker);
}

static void job_refuse(void *arg, const Err *err)
{
    http_reply_error(((Job *)arg)->x, err);
}

static void job_drop(void *arg, unsigned worker)
{
    (void)worker;
    Job *job = arg;
    Err err = ERR_INIT;
    err_set(&err, ERR_UNAVAILABLE, "the server is stopping");
    http_reply_error(job->x, &err);
}

/* Uploads of many files say so, and wait behind everything else. The query is checked later; here
 * only a plain one counts. */
static WorkClass class_of(const ApiRoute *r, const HttpExchange *x)
{
    Str rest = x->req.query, part;
    while ((r->flags & MAY_BE_BULK) && str_next(&rest, '&', &part))
        if (str_eq(part, STR("background=true")))
            return WORK_BULK;
    return r->cls;
}

WorkFrom api_from(const HttpExchange *x, const Caller *caller)
{
    WorkFrom from = server_exchange_from(x);
    if (caller && caller->kind != CALLER_NOBODY)
        from.address ^= checksum64(from.address, &caller->owner, sizeof caller->owner) & ~1ull;
    from.known = caller && (caller->kind == CALLER_TOKEN || caller->kind == CALLER_SESSION);
    return from;
}

/* Whose rows a request is about, held (api_give); NULL: nobody's, or of one who is not open. */
static const ApiParts *parts_asked(Api *api, const HttpExchange *x)
{
    const Caller *caller = x->user;
    return caller && caller->kind != CALLER_NOBODY ? api_hold_open(api, &caller->owner) : NULL;
}

/* Hands the request to a worker: a small look-up with others, at the end of this iteration. */
static bool hand_over(Api *api, const ApiParts *asked, const ApiRoute *r, Job *job, Err *err)
{
    HttpExchange *x = job->x;
    WorkFrom from = api_from(x, x->user);
    if ((r->flags & IS_SMALL) && asked && api->server) {
        BatchItem item = {job_run, job_drop, job, server_exchange_serial(x)};
        return batches_add(api->batches, &from, &asked->owner, &item, err);
    }
    WorkLimit limit = {api->server ? api->parts.job_limit_ms : 0, r->pattern, job_late, api,
                       server_exchange_serial(x)};
    return work_submit_from(api->parts.work, class_of(r, x), job_run, job_drop, job, &limit, &from,
                            err);
}

void api_on_request(void *arg, HttpExchange *x)
{
    Api *api = arg;
    RouteMatch again;
    const Asked *head = x->user;
    const RouteMatch *match = head && head->found ? &head->match : &again;
    if (match == &again && answer_unrouted(api, x, &again))
        return;
    const ApiRoute *r = match->route->data;
    x->route = r->pattern;
    if (r->flags & ON_LOOP) {
        run_route(api, x, match, NULL, 0);
        return;
    }
    const ApiParts *asked = parts_asked(api, x);
    if ((r->flags & IS_KEPT) && asked && kept_answer(api->kept, asked, x)) {
        api_give(api, asked);
        http_exchange_reply(x);
        return;
    }
    Err err = ERR_INIT;
    Job *job = ARENA_NEW(x->req.arena, Job);
    RouteMatch *copy = match == &again ? ARENA_NEW(x->req.arena, RouteMatch) : NULL;
    if (copy) {
        *copy = again;
        match = copy;
    }
    if (job && match != &again)
        *job = (Job){api, x, match, clock_mono_ns(), asked ? kept_version(asked, r, x) : 0};
    else
        err_set(&err, ERR_NO_MEMORY, "no memory for the request");
    if (err.code != ERR_NONE || !hand_over(api, asked, r, job, &err))
        http_reply_error(x, &err);
    api_give(api, asked);
}

void api_on_turn(void *arg)
{
    batches_flush(((Api *)arg)->batches);
}
