/* ws.c - the WebSocket of the contract: text queries, subscriptions, notices of changes.
 *
 *   message -> {"type", "data"} -> a worker -> TextResponse
 *   store change -> a worker builds DocumentUpdate -> the loop sends it to who subscribed
 *
 * Clients are known by WsId in one small table under a mutex; the loop thread changes it, workers
 * only read it. A client gets only what it subscribed to.
 *
 * Threads: callbacks on the loop thread; jobs on workers; the store's notice on a thread of its. */
#include <pthread.h>

#include "api/serialize.h"
#include "api/talk_json.h"
#include "api/ws_int.h"
#include "base/log.h"
#include "base/mem.h"

static const struct {
    const char *name;
    unsigned bit;
} topics[] = {{"documents", TOPIC_DOCUMENTS},
              {"briefing", TOPIC_BRIEFING},
              {"tasks", TOPIC_TASKS},
              {"reminders", TOPIC_REMINDERS},
              {"folders", TOPIC_FOLDERS}};

/* Queries one client may have waiting: one more is an Error, not a longer queue. */
#define QUERIES_PER_CLIENT 8
#define QUERY_BYTES_MAX INTENTS_TEXT_MAX
#define PING_BYTES_MAX 1024 /* of a Pong */
#define STOPPING "the server is stopping"

/* What a connection's callbacks get. */
typedef struct {
    ApiWs *ws;
    Caller caller;
    WorkFrom from;
    const ApiParts *parts; /* held while it is open */
} Connection;

typedef struct {
    ApiWs *ws;
    const ApiParts *parts; /* of who asks, or whose document it is */
    WsId id;
    Str text; /* own copy, behind the struct */
    Uuid session;
    bool goes_on; /* in that session */
    unsigned turn;  /* of the client when it was asked */
    Buf so_far;     /* of the response */
} WsJob;

ApiWs *api_ws_new(Api *api, Err *err)
{
    ApiWs *ws = mem_zalloc(sizeof *ws);
    WsVoices *voices = ws ? ws_voices_new(ws) : NULL;
    if (!voices) {
        mem_free(ws);
        err_set(err, ERR_NO_MEMORY, "no memory for the WebSocket table");
        return NULL;
    }
    ws->api = api;
    ws->voices = voices;
    pthread_mutex_init(&ws->lock, NULL);
    return ws;
}

void api_ws_free(ApiWs *ws)
{
    if (!ws)
        return;
    const ApiParts *parts = api_parts(ws->api);
    if (parts->store)
        store_on_change(parts->store, NULL, NULL);
    if (parts->access)
        access_on_end(parts->access, NULL, NULL);
    while (ws->watched) {
        WsWatched *w = ws->watched;
        ws->watched = w->next;
        ws_unwatch(w);
        mem_free(w);
    }
    ws_voices_free(ws->voices);
    pthread_mutex_destroy(&ws->lock);
    ws_clients_release(&ws->clients);
    mem_free(ws);
}

/* ---- the table; callers hold the lock ---------------------------------------------------------
 */

static WsClient *client_of(ApiWs *ws, WsId id)
{
    return ws_client_find(&ws->clients, id);
}

/* It was cancelled, or the client has gone. */
static bool query_over(void *arg)
{
    const WsJob *job = arg;
    pthread_mutex_lock(&job->ws->lock);
    const WsClient *c = client_of(job->ws, job->id);
    bool over = !c || c->turn != job->turn;
    pthread_mutex_unlock(&job->ws->lock);
    return over;
}

static void queries_cancel(ApiWs *ws, WsId id)
{
    pthread_mutex_lock(&ws->lock);
    WsClient *c = client_of(ws, id);
    if (c)
        c->turn++;
    pthread_mutex_unlock(&ws->lock);
}

static bool query_begin(ApiWs *ws, WsId id, unsigned *turn, WorkFrom *from, Err *err)
{
    pthread_mutex_lock(&ws->lock);
    WsClient *c = client_of(ws, id);
    bool stops = c && c->closing, ok = c && !stops && c->queries < QUERIES_PER_CLIENT;
    if (ok) {
        c->queries++;
        *turn = c->turn;
        *from = c->from;
    }
    const WorkFrom refused = c ? c->from : (WorkFrom){.address = 0};
    pthread_mutex_unlock(&ws->lock);
    if (stops)
        return err_set(err, ERR_UNAVAILABLE, STOPPING);
    if (c && !ok)
        work_refused(api_parts(ws->api)->work, &refused);
    return ok || err_set(err, ERR_RATE_LIMITED, "%d queries are waiting already",
                         QUERIES_PER_CLIENT);
}

static void query_end(ApiWs *ws, WsId id)
{
    pthread_mutex_lock(&ws->lock);
    WsClient *c = client_of(ws, id);
    if (c)
        c->queries--;
    bool last = c && c->closing && c->queries == 0;
    pthread_mutex_unlock(&ws->lock);
    if (last) /* behind the answer */
        ws_post_close(api_server(ws->api), id, WS_CLOSE_GOING_AWAY, STR(STOPPING));
}

static bool on_stop(void *user, Server *server, WsId id)
{
    ApiWs *ws = ((Connection *)user)->ws;
    (void)server;
    pthread_mutex_lock(&ws->lock);
    WsClient *c = client_of(ws, id);
    bool waits = c && c->queries > 0;
    if (waits)
        c->closing = true;
    pthread_mutex_unlock(&ws->lock);
    return waits;
}

/* ---- messages out -----------------------------------------------------------------------------
 */

void ws_frame_begin(JsonW *w, Buf *out, const char *type)
{
    buf_init(out, 8 << 20);
    jw_init(w, out);
    jw_obj(w);
    jw_kv_cstr(w, "type", type);
    jw_key(w, "data");
    jw_obj(w);
}

void ws_frame_end(JsonW *w)
{
    jw_obj_end(w);
    jw_obj_end(w);
}

void ws_post_frame(ApiWs *ws, WsId id, Buf *frame)
{
    if (buf_ok(frame))
        ws_post_text(api_server(ws->api), id, buf_str(frame));
    else if (frame->no_memory)
        ws_post_lost(api_server(ws->api), id);
    buf_release(frame);
}

void ws_send_error(ApiWs *ws, WsId id, const Err *fault)
{
    Buf b;
    JsonW w;
    ws_frame_begin(&w, &b, "Error");
    jw_kv_cstr(&w, "code", err_info(fault->code)->wire);
    jw_kv_cstr(&w, "message", fault->msg);
    ws_frame_end(&w);
    Server *server = api_server(ws->api);
    if (buf_ok(&b) && server_on_loop(server)) {
        ws_send_text(server, id, buf_str(&b));
        buf_release(&b);
    } else {
        ws_post_frame(ws, id, &b);
    }
}

/* What is certain so far, and what came last; false: cancelled, or the client has gone. */
static bool send_piece(void *arg, Str piece)
{
    WsJob *job = arg;
    Buf b;
    JsonW w;
    (void)buf_add(&job->so_far, piece);
    ws_frame_begin(&w, &b, "TextResponse");
    jw_kv_str(&w, "response", buf_str(&job->so_far));
    jw_kv_str(&w, "delta", piece);
    jw_key(&w, "citations");
    jw_arr(&w);
    jw_arr_end(&w);
    jw_kv_bool(&w, "done", false);
    ws_frame_end(&w);
    if (buf_ok(&b) && buf_ok(&job->so_far) && !query_over(job))
        ws_post_text(api_server(job->ws->api), job->id, buf_str(&b));
    buf_release(&b);
    return !query_over(job);
}

static void job_drop(void *arg, unsigned worker)
{
    WsJob *job = arg;
    (void)worker;
    api_give(job->ws->api, job->parts);
    mem_free(job);
}

static void query_run(void *arg, unsigned worker)
{
    WsJob *job = arg;
    ApiWs *ws = job->ws;
    const ApiParts *parts = job->parts;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    AssistantRequest q = {.text = job->text, .session = job->goes_on ? &job->session : NULL,
                          .keep = true, .on_delta = send_piece, .only_live = true,
                          .cancelled = query_over, .arg = job};
    AssistantReply r;
    Err err = ERR_INIT;
    buf_init(&job->so_far, 1 << 20);
    if (!a)
        err_set(&err, ERR_NO_MEMORY, "no memory for the query");
    else if (!parts->assistant)
        err_set(&err, ERR_UNAVAILABLE, "there is no assistant here");
    else if (assistant_say(parts->assistant, &q, worker, a, &r, &err)) {
        Buf b;
        JsonW w;
        ws_frame_begin(&w, &b, "TextResponse");
        reply_members(&w, &r);
        jw_kv_bool(&w, "done", true);
        ws_frame_end(&w);
        if (buf_check(&b, "the answer", &err))
            ws_post_text(api_server(ws->api), job->id, buf_str(&b));
        buf_release(&b);
    }
    if (err.code != ERR_NONE)
        ws_send_error(ws, job->id, &err);
    query_end(ws, job->id);
    arena_free(a);
    buf_release(&job->so_far);
    job_drop(job, worker);
}

/* The answer is still sent, should it come after all. */
static void query_late(void *arg, uint64_t id)
{
    Err err = ERR_INIT;
    err_set(&err, ERR_UNAVAILABLE, "the answer takes too long");
    ws_send_error(arg, id, &err);
}

/* ---- messages in ------------------------------------------------------------------------------
 */

static bool on_query(ApiWs *ws, WsId id, const Json *data, Err *err)
{
    Str text = json_str(json_get(data, "query"));
    const Json *named = json_get(data, "session_id");
    bool goes_on = named && json_type(named) != JSON_T_NULL;
    Uuid session = {{0}};
    if (!text.ptr || !str_trim(text).len)
        return err_set(err, ERR_VALIDATION,
                       "TextQuery needs data.query, a string that is not empty");
    if (text.len > QUERY_BYTES_MAX)
        return err_set(err, ERR_TOO_LARGE, "data.query has more than %d bytes", QUERY_BYTES_MAX);
    if (goes_on && !uuid_parse(json_str(named), &session))
        return err_set(err, ERR_VALIDATION, "data.session_id must be a UUID");
    unsigned turn = 0;
    WorkFrom from;
    const ApiParts *parts = ws_parts(ws, id);
    if (!parts)
        return err_set(err, ERR_UNAUTHORIZED, "sign in again");
    if (!query_begin(ws, id, &turn, &from, err)) {
        api_give(ws->api, parts);
        return false;
    }
    WsJob *job = mem_zalloc(sizeof *job + text.len);
    bool ok = job ? true : err_set(err, ERR_NO_MEMORY, "no memory for the query");
    if (ok) {
        *job = (WsJob){.ws = ws, .parts = parts, .id = id, .text = {(char *)(job + 1), text.len},
                       .session = session, .goes_on = goes_on, .turn = turn};
        memcpy(job + 1, text.ptr, text.len);
        WorkLimit limit = {api_parts(ws->api)->job_limit_ms, "TextQuery", query_late, ws, id};
        ok = work_submit_from(api_parts(ws->api)->work, WORK_INTERACTIVE, query_run, job_drop, job,
                              &limit, &from, err);
    }
    if (!ok) {
        api_give(ws->api, parts);
        mem_free(job);
        query_end(ws, id);
    }
    return ok;
}

static bool topic_bits(const Json *data, unsigned *out, Err *err)
{
    const Json *list = json_get(data, "topics");
    if (json_type(list) != JSON_T_ARRAY)
        return err_set(err, ERR_VALIDATION, "data.topics must be a list of topic names");
    *out = 0;
    for (size_t i = 0; i < json_count(list); i++) {
        Str name = json_str(json_at(list, i));
        size_t t = 0;
        while (t < sizeof topics / sizeof *topics && !str_eq(name, str_of(topics[t].name)))
            t++;
        if (t == sizeof topics / sizeof *topics)
            return err_set(err, ERR_VALIDATION,
                           "unknown topic; there are documents, briefing, tasks, reminders, "
                           "folders");
        *out |= topics[t].bit;
    }
    return true;
}

static bool on_subscribe(ApiWs *ws, WsId id, const Json *data, bool on, Err *err)
{
    unsigned bits;
    if (!topic_bits(data, &bits, err))
        return false;
    pthread_mutex_lock(&ws->lock);
    WsClient *c = client_of(ws, id);
    if (c)
        ws_client_subscribe(&ws->clients, c, on ? c->topics | bits : c->topics & ~bits);
    pthread_mutex_unlock(&ws->lock);
    if (on && (bits & TOPIC_REMINDERS))
        ws_tasks_catch_up(ws, id);
    if (on && (bits & TOPIC_BRIEFING))
        ws_briefing_catch_up(ws, id);
    return true;
}

/* For who wants to know that the connection lives and cannot send ping frames, as a page cannot. */
static bool on_ping(ApiWs *ws, WsId id, const Json *data, Err *err)
{
    Buf b;
    JsonW w;
    buf_init(&b, PING_BYTES_MAX);
    jw_init(&w, &b);
    jw_obj(&w);
    jw_kv_cstr(&w, "type", "Pong");
    jw_key(&w, "data");
    jw_tree(&w, data);
    jw_obj_end(&w);
    bool ok = buf_ok(&b) || err_set(err, b.no_memory ? ERR_NO_MEMORY : ERR_TOO_LARGE,
                                    "data of a Ping has more than %d bytes", PING_BYTES_MAX);
    if (ok)
        ws_send_text(api_server(ws->api), id, buf_str(&b));
    buf_release(&b);
    return ok;
}

WorkFrom ws_from(ApiWs *ws, WsId id)
{
    pthread_mutex_lock(&ws->lock);
    const WsClient *c = ws_client_find(&ws->clients, id);
    WorkFrom from = c ? c->from : (WorkFrom){.address = 0};
    pthread_mutex_unlock(&ws->lock);
    return from;
}

bool ws_caller(ApiWs *ws, WsId id, Caller *out)
{
    pthread_mutex_lock(&ws->lock);
    const WsClient *c = client_of(ws, id);
    if (c)
        *out = c->caller;
    pthread_mutex_unlock(&ws->lock);
    return c != NULL;
}

static bool on_message(ApiWs *ws, WsId id, const Json *j, Err *err)
{
    Str type = json_str(json_get(j, "type"));
    const Json *data = json_get(j, "data");
    if (!type.ptr || json_type(data) != JSON_T_OBJECT)
        return err_set(err, ERR_VALIDATION, "a message is {\"type\": string, \"data\": object}");
    if (!ws_may(ws, id, type, err))
        return false;
    if (str_eq(type, STR("TextQuery")))
        return on_query(ws, id, data, err);
    if (str_eq(type, STR("Subscribe")))
        return on_subscribe(ws, id, data, true, err);
    if (str_eq(type, STR("Unsubscribe")))
        return on_subscribe(ws, id, data, false, err);
    if (str_eq(type, STR("Cancel")))
        queries_cancel(ws, id);
    if (str_eq(type, STR("Ping")))
        return on_ping(ws, id, data, err);
    bool known, ok = ws_voice_message(ws->voices, id, type, data, &known, err);
    if (known)
        return ok;
    return err_set(err, ERR_VALIDATION,
                   "unknown message type; there are TextQuery, VoiceInput, VoiceStart, VoiceEnd, "
                   "Cancel, Subscribe, Unsubscribe, Ping");
}

static void on_text(void *user, Server *server, WsId id, Str message)
{
    (void)server;
    Err err = ERR_INIT;
    ApiWs *ws = ((Connection *)user)->ws;
    Json *j = json_parse(message, JSON_DEFAULT_DEPTH, &err);
    if (!j || !on_message(ws, id, j, &err))
        ws_send_error(ws, id, &err);
    json_free(j);
}

static void on_binary(void *user, Server *server, WsId id, Str message)
{
    ApiWs *ws = ((Connection *)user)->ws;
    Err err = ERR_INIT;
    (void)server;
    if (!ws_voice_sound(ws->voices, id, message, &err))
        ws_send_error(ws, id, &err);
}

static void on_open(void *user, Server *server, WsId id)
{
    const Connection *c = user;
    WsClient client = {.id = id, .caller = c->caller, .from = c->from};
    pthread_mutex_lock(&c->ws->lock);
    bool added = ws_client_add(&c->ws->clients, &client);
    pthread_mutex_unlock(&c->ws->lock);
    if (!added)
        ws_close(server, id, WS_CLOSE_TRY_LATER, STR("no memory"));
    else if (!ws_still_may(c->ws, &c->caller)) /* it ended between the handshake and here */
        ws_close(server, id, WS_CLOSE_POLICY, STR(WS_ENDED));
}

/* What runs for it stops, and it is told of nothing more. */
void ws_forget(ApiWs *ws, WsId id)
{
    pthread_mutex_lock(&ws->lock);
    ws_client_remove(&ws->clients, id);
    pthread_mutex_unlock(&ws->lock);
    ws_voice_closed(ws->voices, id);
}

static void on_close(void *user, Server *server, WsId id, int code)
{
    (void)server;
    (void)code;
    Connection *c = user;
    if (id)
        ws_forget(c->ws, id);
    api_give(c->ws->api, c->parts);
    mem_free(c);
}

Api *ws_api(ApiWs *ws)
{
    return ws->api;
}

bool ws_open(ApiCall *c, Err *err)
{
    static const WsHandler handler = {on_open, on_text, on_binary, on_close, on_stop};
    ApiWs *ws = api_ws(c->api);
    if (!api_server(c->api))
        return err_set(err, ERR_UNAVAILABLE, "there is no WebSocket without a server");
    Connection *connection = mem_alloc(sizeof *connection);
    if (!connection)
        return err_set(err, ERR_NO_MEMORY, "no memory for a WebSocket");
    *connection = (Connection){ws, *c->caller, api_from(c->x, c->caller), NULL};
    connection->caller.owner = *c->owner;
    connection->parts = api_hold_open(c->api, c->owner); /* the request holds them too */
    if (!ws_accept(c->x, &handler, connection, err)) {
        c->fail_status = ws_refusal_status(c->x);
        api_give(c->api, connection->parts);
        mem_free(connection);
        return false;
    }
    return true;
}
