/* call.h - what a handler sees: one request whose values have been checked, and where the answer
 * goes.
 *
 * Internal to api/. A handler returns true with c->x->resp filled, or false with *err; it never
 * replies itself, and knows nothing of sockets or of other handlers. */
#ifndef SOTTO_API_CALL_H
#define SOTTO_API_CALL_H

#include "api/api.h"
#include "api/field.h"
#include "net/router.h"

#define API_FIELDS_MAX 20

typedef struct ApiCall ApiCall;
typedef struct ApiRoute ApiRoute;
typedef bool ApiHandler(ApiCall *c, Err *err);

/* BODY_MAY_LACK: a request without one is as good. BODY_SOUND: the body itself is the file of the
 * table. */
enum { BODY_NONE = 0, BODY_JSON = 1, BODY_MULTIPART = 2, BODY_MAY_LACK = 4, BODY_SOUND = 8 };
enum { ON_LOOP = 1, NO_SCHEMA = 2, IS_WEBSOCKET = 4, MAY_BE_BULK = 8,
       STREAMS = 16,     /* may answer with server-sent events instead */
       ANY_MEMBERS = 32, /* unknown members of the body are ignored */
       READABLE = 64,    /* may answer with a page or plain text instead */
       IS_KEPT = 128,    /* depends on the path and store_version only (kept.h) */
       NOTED = 256,      /* in the audit log although it only reads: takes much away at once */
       IS_SMALL = 512,   /* reads a few rows, as store_read_hold wants it: in batches (batch.h) */
       /* What a caller needs; without any of these GET needs SCOPE_READ, the others SCOPE_WRITE
        * with it (access.h). */
       NEEDS_NOTHING = 1 << 16, /* for anybody: the page, health, signing in */
       NEEDS_READ = 1 << 17,    /* a POST that changes nothing */
       NEEDS_VOICE = 1 << 18,
       NEEDS_ADMIN = 1 << 19,
       NEEDS_METRICS = 1 << 20,
       NEEDS_ACCOUNT = 1 << 21 };

struct ApiRoute {
    const char *method, *pattern;
    ApiHandler *run;
    WorkClass cls;
    unsigned flags;
    const char *tag, *summary, *details;
    const Field *query;
    size_t n_query;
    const Field *body;
    size_t n_body;
    unsigned body_kinds;
    uint64_t body_max;  /* bytes; 0: the largest upload */
    const char *answer; /* schema name, or a media type when it has a slash; NULL: no body */
    const char *ok;     /* statuses that are no error: "200", "201,200" */
    const char *errors; /* those documented: "400,404" */
};

struct ApiCall {
    Api *api;
    const ApiParts *parts;
    HttpExchange *x;
    Arena *arena;
    unsigned worker;
    const Uuid *owner;
    const Caller *caller;
    const ApiRoute *route;
    RouteMatch match;
    FieldValue *query, *body; /* as many as the route has fields */
    Json *tree;      /* of a JSON body, freed after the handler */
    bool streaming;  /* call_events was called */
    int fail_status; /* when the error's own status would not say it (426) */
    Buf out;         /* the answer being written, handed over by call_json */
};

const ApiRoute *api_routes(size_t *n);
/* The SCOPE_* bits that the route's method and flags ask for. */
unsigned api_route_scopes(const ApiRoute *r);

/* Values by name; asking for a name that the route does not declare is a bug and gives an empty
 * one. */
const FieldValue *call_query(const ApiCall *c, const char *name);
const FieldValue *call_body(const ApiCall *c, const char *name);
/* The {name} of the path as a UUID; one that is none is simply not found. */
bool call_path_uuid(const ApiCall *c, const char *name, const char *what, Uuid *out, Err *err);
/* ERR_UNAVAILABLE where none are kept. */
bool call_tasks(const ApiCall *c, Tasks **t, Err *err);
/* Sends c->out as JSON. False when writing it had failed. */
bool call_json(ApiCall *c, int status, Err *err);
/* Begins an answer of server-sent events, to be sent with http_stream_event (whose false says that
 * the client has gone: no error, stop). The stream ends when the handler returns; true: whole. */
void call_events(ApiCall *c);
/* Whether the client's Accept names server-sent events. */
bool call_accepts_events(const ApiCall *c);
bool call_text(ApiCall *c, int status, const char *media_type, Str text);

/* Reads and checks query and body by the route's tables. */
bool call_read(ApiCall *c, Err *err);

bool api_is_openai(Str path);
Server *api_server(Api *api);
const Router *api_router(const Api *api);
const ApiParts *api_parts(const Api *api); /* what is shared, and the first person's */
/* Everybody, one after the other: *at begins as 0. NULL: no more. */
const ApiParts *api_parts_next(Api *api, size_t *at);

/* Gauges of the process and its queues; dropped before the Work dies. */
void api_gauges_add(const ApiParts *parts);
void api_gauges_drop(const ApiParts *parts);
int64_t api_started_ms(void); /* when it began to serve */

/* WebSocket: the handshake's handler, and the notices. */
typedef struct ApiWs ApiWs;
ApiWs *api_ws_new(Api *api, Err *err);
void api_ws_free(ApiWs *ws);
void api_ws_watch(ApiWs *ws); /* begins to pass the store's changes on */
void api_ws_watch_person(ApiWs *ws, const ApiParts *parts); /* and those of one person */
void api_ws_unwatch_person(ApiWs *ws, const ApiParts *parts);
ApiWs *api_ws(Api *api);
/* On whose account a job of this request runs: the address, the person, the connection. */
WorkFrom api_from(const HttpExchange *x, const Caller *caller);

/* Handlers, by file. */
ApiHandler document_create, document_list, document_get, document_change, document_remove,
    document_original;
ApiHandler search_get, search_post;
ApiHandler knowledge_stats, knowledge_duplicates;
ApiHandler ledger_list, ledger_note, ledger_coverage, ledger_retry;
ApiHandler folder_add, folder_list, folder_get, folder_change, folder_sync, folder_remove,
    folder_remove_path;
ApiHandler openai_embeddings, openai_models, openai_model, openai_chat;
ApiHandler conversation_say, conversation_list, conversation_get, conversation_retitle,
    conversation_remove, conversation_restore;
ApiHandler memory_list, memory_add, memory_get, memory_change, memory_forget, memory_history;
ApiHandler task_list, task_add, task_get, task_change, task_remove, task_complete, task_reopen,
    task_cancel, task_snooze, task_undo, proposal_list, proposal_take, proposal_dismiss,
    task_changes, reminder_list, reminder_acknowledge;
ApiHandler openai_transcribe, openai_speech, voice_process, voice_synthesize, voice_voices;
ApiHandler interaction_list, interaction_get, interaction_remove, interaction_clear;
ApiHandler event_list, event_add, event_get, event_change, event_remove;
ApiHandler calendar_list, calendar_add, calendar_change, calendar_remove, calendar_refresh,
    calendar_import, calendar_ics;
ApiHandler briefing_daily, briefing_history, briefing_feed, briefing_schedule_show,
    briefing_schedule_change;
ApiHandler settings_show, settings_change, machine_show, backup_get, sample_add, task_preview,
    document_related;
ApiHandler health, health_live, health_ready, metrics_page, openapi_page, page_index, page_asset,
    ws_open;
ApiHandler session_show, session_begin, session_end, token_list, token_add, token_revoke,
    people_list, people_add, people_remove, people_password, audit_list, export_get,
    account_delete;

#endif
