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

typedef struct {
    WsId id;
    unsigned topics;
    unsigned queries;
    unsigned turn; /* raised by Cancel: queries of before are over */
} Client;

struct ApiWs {
    Api *api;
    pthread_mutex_t lock;
    Client *clients;
    size_t n, cap;
    unsigned subscribed; /* topics somebody wants: spares the work for notices nobody reads */
    WsVoices *voices;
};

typedef struct {
    ApiWs *ws;
    WsId id;
    Str text; /* own copy, behind the struct */
    Uuid session;
    bool goes_on; /* in that session */
    Uuid document;
    ChangeKind change;
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
    if (parts->sync)
        sync_on_progress(parts->sync, NULL, NULL);
    ws_tasks_unwatch(ws);
    ws_briefing_unwatch(ws);
    ws_voices_free(ws->voices);
    pthread_mutex_destroy(&ws->lock);
    mem_free(ws->clients);
    mem_free(ws);
}

/* ---- the table; callers hold the lock ---------------------------------------------------------
 */

static Client *client_of(ApiWs *ws, WsId id)
{
    for (size_t i = 0; i < ws->n; i++)
        if (ws->clients[i].id == id)
            return &ws->clients[i];
    return NULL;
}

static void count_topics(ApiWs *ws)
{
    unsigned all = 0;
    for (size_t i = 0; i < ws->n; i++)
        all |= ws->clients[i].topics;
    ws->subscribed = all;
}

static bool client_add(ApiWs *ws, WsId id)
{
    pthread_mutex_lock(&ws->lock);
    bool ok = true;
    if (ws->n == ws->cap) {
        size_t cap = ws->cap ? ws->cap * 2 : 16;
        Client *bigger = mem_resize(ws->clients, cap, sizeof *bigger);
        ok = bigger != NULL;
        if (ok) {
            ws->clients = bigger;
            ws->cap = cap;
        }
    }
    if (ok)
        ws->clients[ws->n++] = (Client){.id = id};
    pthread_mutex_unlock(&ws->lock);
    return ok;
}

static void client_remove(ApiWs *ws, WsId id)
{
    pthread_mutex_lock(&ws->lock);
    Client *c = client_of(ws, id);
    if (c)
        *c = ws->clients[--ws->n];
    count_topics(ws);
    pthread_mutex_unlock(&ws->lock);
}

/* It was cancelled, or the client has gone. */
static bool query_over(void *arg)
{
    const WsJob *job = arg;
    pthread_mutex_lock(&job->ws->lock);
    const Client *c = client_of(job->ws, job->id);
    bool over = !c || c->turn != job->turn;
    pthread_mutex_unlock(&job->ws->lock);
    return over;
}

static void queries_cancel(ApiWs *ws, WsId id)
{
    pthread_mutex_lock(&ws->lock);
    Client *c = client_of(ws, id);
    if (c)
        c->turn++;
    pthread_mutex_unlock(&ws->lock);
}

static bool query_begin(ApiWs *ws, WsId id, unsigned *turn)
{
    pthread_mutex_lock(&ws->lock);
    Client *c = client_of(ws, id);
    bool ok = c && c->queries < QUERIES_PER_CLIENT;
    if (ok) {
        c->queries++;
        *turn = c->turn;
    }
    pthread_mutex_unlock(&ws->lock);
    return ok;
}

static void query_end(ApiWs *ws, WsId id)
{
    pthread_mutex_lock(&ws->lock);
    Client *c = client_of(ws, id);
    if (c)
        c->queries--;
    pthread_mutex_unlock(&ws->lock);
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

void ws_send_error(ApiWs *ws, WsId id, const Err *fault)
{
    Buf b;
    JsonW w;
    ws_frame_begin(&w, &b, "Error");
    jw_kv_cstr(&w, "code", err_info(fault->code)->wire);
    jw_kv_cstr(&w, "message", fault->msg);
    ws_frame_end(&w);
    if (buf_ok(&b))
        ws_post_text(api_server(ws->api), id, buf_str(&b));
    buf_release(&b);
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

static void query_run(void *arg, unsigned worker)
{
    WsJob *job = arg;
    ApiWs *ws = job->ws;
    const ApiParts *parts = api_parts(ws->api);
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    AssistantRequest q = {.text = job->text, .session = job->goes_on ? &job->session : NULL,
                          .keep = true, .on_delta = send_piece, .cancelled = query_over,
                          .arg = job};
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
    mem_free(job);
}

static void job_drop(void *arg, unsigned worker)
{
    (void)worker;
    mem_free(arg);
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
    if (!query_begin(ws, id, &turn))
        return err_set(err, ERR_RATE_LIMITED, "%d queries are waiting already", QUERIES_PER_CLIENT);
    WsJob *job = mem_zalloc(sizeof *job + text.len);
    bool ok = job ? true : err_set(err, ERR_NO_MEMORY, "no memory for the query");
    if (ok) {
        *job = (WsJob){.ws = ws, .id = id, .text = {(char *)(job + 1), text.len},
                       .session = session, .goes_on = goes_on, .turn = turn};
        memcpy(job + 1, text.ptr, text.len);
        ok = work_submit(api_parts(ws->api)->work, WORK_INTERACTIVE, query_run, job_drop, job, err);
    }
    if (!ok) {
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
    Client *c = client_of(ws, id);
    if (c)
        c->topics = on ? c->topics | bits : c->topics & ~bits;
    count_topics(ws);
    pthread_mutex_unlock(&ws->lock);
    if (on && (bits & TOPIC_REMINDERS))
        ws_tasks_catch_up(ws, id);
    if (on && (bits & TOPIC_BRIEFING))
        ws_briefing_catch_up(ws, id);
    return true;
}

static bool on_message(ApiWs *ws, WsId id, const Json *j, Err *err)
{
    Str type = json_str(json_get(j, "type"));
    const Json *data = json_get(j, "data");
    if (!type.ptr || json_type(data) != JSON_T_OBJECT)
        return err_set(err, ERR_VALIDATION, "a message is {\"type\": string, \"data\": object}");
    if (str_eq(type, STR("TextQuery")))
        return on_query(ws, id, data, err);
    if (str_eq(type, STR("Subscribe")))
        return on_subscribe(ws, id, data, true, err);
    if (str_eq(type, STR("Unsubscribe")))
        return on_subscribe(ws, id, data, false, err);
    if (str_eq(type, STR("Cancel")))
        queries_cancel(ws, id);
    bool known, ok = ws_voice_message(ws->voices, id, type, data, &known, err);
    if (known)
        return ok;
    return err_set(err, ERR_VALIDATION,
                   "unknown message type; there are TextQuery, VoiceInput, VoiceStart, VoiceEnd, "
                   "Cancel, Subscribe, Unsubscribe");
}

static void on_text(void *user, Server *server, WsId id, Str message)
{
    (void)server;
    Err err = ERR_INIT;
    Json *j = json_parse(message, JSON_DEFAULT_DEPTH, &err);
    if (!j || !on_message(user, id, j, &err))
        ws_send_error(user, id, &err);
    json_free(j);
}

static void on_binary(void *user, Server *server, WsId id, Str message)
{
    ApiWs *ws = user;
    Err err = ERR_INIT;
    (void)server;
    if (!ws_voice_sound(ws->voices, id, message, &err))
        ws_send_error(ws, id, &err);
}

static void on_open(void *user, Server *server, WsId id)
{
    if (!client_add(user, id))
        ws_close(server, id, WS_CLOSE_TRY_LATER, STR("no memory"));
}

static void on_close(void *user, Server *server, WsId id, int code)
{
    (void)server;
    (void)code;
    if (!id)
        return;
    client_remove(user, id);
    ws_voice_closed(((ApiWs *)user)->voices, id);
}

/* ---- notices ----------------------------------------------------------------------------------
 */

void ws_notify(ApiWs *ws, unsigned topic, Str frame)
{
    pthread_mutex_lock(&ws->lock);
    WsId *ids = ws->n ? mem_alloc(ws->n * sizeof *ids) : NULL;
    size_t n = 0;
    for (size_t i = 0; ids && i < ws->n; i++)
        if (ws->clients[i].topics & topic)
            ids[n++] = ws->clients[i].id;
    bool lost = ws->n && !ids;
    pthread_mutex_unlock(&ws->lock);
    if (lost || !ws_post_text_many(api_server(ws->api), ids, n, frame))
        log_write(LOG_WARN, "ws", "a notice to %zu clients was dropped: no memory", n);
    mem_free(ids);
}

static void update_run(void *arg, unsigned worker)
{
    static const char *const names[] = {"created", "updated", "deleted"};
    (void)worker;
    WsJob *job = arg;
    const ApiParts *parts = api_parts(job->ws->api);
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    Document doc;
    Buf b;
    JsonW w;
    Err err = ERR_INIT;
    char id[UUID_TEXT];
    /* Workers may run notices in another order than the changes came: one about a document that is
     * gone by now says nothing, so that none arrives after the notice of its deletion. */
    bool there =
        a && job->change != CHANGE_DELETED &&
        store_document_get(parts->store, &parts->owner, &job->document, false, a, &doc, &err);
    if (!there && job->change != CHANGE_DELETED) {
        arena_free(a);
        mem_free(job);
        return;
    }
    ws_frame_begin(&w, &b, "DocumentUpdate");
    jw_key(&w, "document");
    if (there) {
        document_json(&w, &doc, CONTENT_NONE);
    } else {
        jw_obj(&w);
        jw_kv_cstr(&w, "id", uuid_format(&job->document, id));
        jw_obj_end(&w);
    }
    jw_kv_cstr(&w, "change", names[job->change]);
    ws_frame_end(&w);
    if (buf_ok(&b))
        ws_notify(job->ws, TOPIC_DOCUMENTS, buf_str(&b));
    buf_release(&b);
    arena_free(a);
    mem_free(job);
}

static void on_change(void *arg, const Uuid *owner, ChangeKind kind, const Uuid *document)
{
    ApiWs *ws = arg;
    pthread_mutex_lock(&ws->lock);
    bool wanted = ws->subscribed & TOPIC_DOCUMENTS;
    pthread_mutex_unlock(&ws->lock);
    if (!wanted || !uuid_eq(owner, &api_parts(ws->api)->owner))
        return;
    WsJob *job = mem_zalloc(sizeof *job);
    Err err = ERR_INIT;
    if (!job)
        return;
    *job = (WsJob){.ws = ws, .document = *document, .change = kind};
    if (!work_submit(api_parts(ws->api)->work, WORK_NORMAL, update_run, job_drop, job, &err)) {
        log_write(LOG_WARN, "ws", "a notice was dropped: %s", err.msg);
        mem_free(job);
    }
}

/* How far the watched folders are; one message a folder. On the sync's thread. */
static void on_progress(void *arg)
{
    ApiWs *ws = arg;
    const ApiParts *parts = api_parts(ws->api);
    pthread_mutex_lock(&ws->lock);
    bool wanted = ws->subscribed & TOPIC_FOLDERS;
    pthread_mutex_unlock(&ws->lock);
    Arena *a = wanted ? arena_new(ARENA_DEFAULT_MAX) : NULL;
    SyncStatus *list;
    size_t n;
    Err err = ERR_INIT;
    char id[UUID_TEXT];
    if (a && sync_list(parts->sync, a, &list, &n, &err)) {
        for (size_t i = 0; i < n; i++) {
            Buf b;
            JsonW w;
            ws_frame_begin(&w, &b, "IngestProgress");
            jw_kv_cstr(&w, "folder", uuid_format(&list[i].folder.id, id));
            jw_kv_str(&w, "path", list[i].folder.path);
            sync_progress_json(&w, &list[i]);
            ws_frame_end(&w);
            if (buf_ok(&b))
                ws_notify(ws, TOPIC_FOLDERS, buf_str(&b));
            buf_release(&b);
        }
    }
    arena_free(a);
}

void api_ws_watch(ApiWs *ws)
{
    if (api_parts(ws->api)->sync)
        sync_on_progress(api_parts(ws->api)->sync, on_progress, ws);
    store_on_change(api_parts(ws->api)->store, on_change, ws);
    ws_tasks_watch(ws);
    ws_briefing_watch(ws);
}

Api *ws_api(ApiWs *ws)
{
    return ws->api;
}

bool ws_wanted(ApiWs *ws, unsigned topic)
{
    pthread_mutex_lock(&ws->lock);
    bool wanted = ws->subscribed & topic;
    pthread_mutex_unlock(&ws->lock);
    return wanted;
}

bool ws_open(ApiCall *c, Err *err)
{
    static const WsHandler handler = {on_open, on_text, on_binary, on_close};
    ApiWs *ws = api_ws(c->api);
    if (!api_server(c->api))
        return err_set(err, ERR_UNAVAILABLE, "there is no WebSocket without a server");
    if (!ws_accept(c->x, &handler, ws, err)) {
        c->fail_status = ws_refusal_status(c->x);
        return false;
    }
    return true;
}
