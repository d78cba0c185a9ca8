/* ws_int.h - what the files of the WebSocket share. Internal to api/. */
#ifndef SOTTO_API_WS_INT_H
#define SOTTO_API_WS_INT_H

#include <pthread.h>

#include "api/call.h"
#include "api/ws_clients.h"
#include "net/websocket.h"

enum { TOPIC_DOCUMENTS = 1, TOPIC_BRIEFING = 2, TOPIC_TASKS = 4, TOPIC_REMINDERS = 8,
       TOPIC_FOLDERS = 16 };

#define WS_ENDED "the token or session has ended"

/* Somebody whose changes are passed on. */
typedef struct WsWatched {
    ApiWs *ws;
    const ApiParts *parts;
    struct WsWatched *next;
} WsWatched;

struct ApiWs {
    Api *api;
    pthread_mutex_t lock;
    WsClients clients;
    struct WsVoices *voices;
    WsWatched *watched; /* under the lock; freed at the end */
};

/* {"type": type, "data": { ... }}: what is written between goes into data. */
void ws_frame_begin(JsonW *w, Buf *out, const char *type);
void ws_frame_end(JsonW *w);
/* To a client, from any thread; frees the frame. One that memory was too short for closes it
 * (ws_post_lost). */
void ws_post_frame(ApiWs *ws, WsId id, Buf *frame);
/* The same to the clients of that person who subscribed to the topic. */
void ws_notify(ApiWs *ws, const Uuid *owner, unsigned topic, Buf *frame);
/* What belongs to the person of a client, held (api_give); NULL when it has closed. Any thread. */
const ApiParts *ws_parts(ApiWs *ws, WsId id);
WorkFrom ws_from(ApiWs *ws, WsId id); /* on whose account its jobs run; any thread */
bool ws_wanted(ApiWs *ws, unsigned topic);
Api *ws_api(ApiWs *ws);

/* ws_access.c: who a client is; whether it may send that message; whether it may be there still. */
bool ws_caller(ApiWs *ws, WsId id, Caller *out); /* ws.c; false when it has closed */
bool ws_may(ApiWs *ws, WsId id, Str type, Err *err);
bool ws_still_may(ApiWs *ws, const Caller *caller);

/* ws_notices.c */
void ws_unwatch(WsWatched *w);
void ws_forget(ApiWs *ws, WsId id); /* ws.c: it is no client any more; loop thread */

void ws_send_error(ApiWs *ws, WsId id, const Err *fault);

/* ws_voice.c: what is said. Loop thread, but new and free. */
typedef struct WsVoices WsVoices;
WsVoices *ws_voices_new(ApiWs *ws); /* NULL without memory */
void ws_voices_free(WsVoices *v);   /* NULL is allowed */
/* *known: it is a message of voice, and has been dealt with. */
bool ws_voice_message(WsVoices *v, WsId id, Str type, const Json *data, bool *known, Err *err);
bool ws_voice_sound(WsVoices *v, WsId id, Str bytes, Err *err);
void ws_voice_closed(WsVoices *v, WsId id);

/* ws_documents.c: passes on what happens to documents and watched folders. */
void ws_documents_watch(ApiWs *ws);
void ws_folders_watch(WsWatched *w);

/* ws_tasks.c: passes on what happens to tasks. */
void ws_tasks_watch(WsWatched *w);
void ws_tasks_unwatch(WsWatched *w);
/* Sends a new subscriber the reminders that wait, on a worker. */
void ws_tasks_catch_up(ApiWs *ws, WsId id);

/* ws_briefing.c: passes on the briefing at its time. */
void ws_briefing_watch(WsWatched *w);
void ws_briefing_unwatch(WsWatched *w);
/* Sends a new subscriber today's, when it was sent already. */
void ws_briefing_catch_up(ApiWs *ws, WsId id);

#endif
