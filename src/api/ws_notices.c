/* ws_notices.c - what clients of the WebSocket are told without having asked, and the end of those
 * whose token or session has ended. */
#include "api/ws_int.h"
#include "base/log.h"
#include "base/mem.h"

void ws_unwatch(WsWatched *w)
{
    if (w->parts->sync)
        sync_on_progress(w->parts->sync, NULL, NULL);
    ws_tasks_unwatch(w);
    ws_briefing_unwatch(w);
}

/* Who subscribed to it loses one for which there is no memory, and is closed: it looks anew when it
 * comes back. */
static void notice_lost(ApiWs *ws, const Uuid *owner, unsigned topic)
{
    const WsClients *t = &ws->clients;
    for (size_t i = 0; i < t->n; i++)
        if ((t->all[i].topics & topic) && uuid_eq(&t->all[i].caller.owner, owner))
            ws_post_lost(api_server(ws->api), t->all[i].id);
    log_write(LOG_WARN, "ws", "no memory for a notice: who waits for it is closed");
}

void ws_notify(ApiWs *ws, const Uuid *owner, unsigned topic, Buf *frame)
{
    pthread_mutex_lock(&ws->lock);
    const WsClients *t = &ws->clients;
    WsId *ids = t->n && buf_ok(frame) ? mem_alloc(t->n * sizeof *ids) : NULL;
    size_t n = 0;
    for (size_t i = 0; ids && i < t->n; i++)
        if ((t->all[i].topics & topic) && uuid_eq(&t->all[i].caller.owner, owner))
            ids[n++] = t->all[i].id;
    if (frame->no_memory || (t->n && buf_ok(frame) && !ids))
        notice_lost(ws, owner, topic);
    pthread_mutex_unlock(&ws->lock);
    if (ids)
        (void)ws_post_text_many(api_server(ws->api), ids, n, buf_str(frame));
    mem_free(ids);
    buf_release(frame);
}

void api_ws_watch_person(ApiWs *ws, const ApiParts *parts)
{
    WsWatched *w = mem_zalloc(sizeof *w);
    if (!w) {
        log_write(LOG_ERROR, "ws", "no memory: clients will not hear of changes");
        return;
    }
    *w = (WsWatched){.ws = ws, .parts = parts};
    pthread_mutex_lock(&ws->lock);
    w->next = ws->watched;
    ws->watched = w;
    pthread_mutex_unlock(&ws->lock);
    ws_folders_watch(w);
    ws_tasks_watch(w);
    ws_briefing_watch(w);
}

void api_ws_unwatch_person(ApiWs *ws, const ApiParts *parts)
{
    WsWatched *w = NULL;
    pthread_mutex_lock(&ws->lock);
    for (WsWatched **at = &ws->watched; *at; at = &(*at)->next)
        if ((*at)->parts == parts) {
            w = *at;
            *at = w->next;
            break;
        }
    pthread_mutex_unlock(&ws->lock);
    if (w)
        ws_unwatch(w);
    mem_free(w);
}

typedef struct {
    ApiWs *ws;
    WsId id;
} Ended;

/* Without waiting for its part of the closing: that may never come. */
static void end_client(void *arg)
{
    Ended *e = arg;
    ws_close(api_server(e->ws->api), e->id, WS_CLOSE_POLICY, STR(WS_ENDED));
    ws_forget(e->ws, e->id);
    mem_free(e);
}

static void post_end(ApiWs *ws, WsId id)
{
    Ended *e = mem_alloc(sizeof *e);
    if (e)
        *e = (Ended){ws, id};
    if (e && server_post(api_server(ws->api), end_client, e))
        return;
    mem_free(e);
    (void)ws_post_close(api_server(ws->api), id, WS_CLOSE_POLICY, STR(WS_ENDED));
}

/* Tokens or sessions have ended: what came in by them is closed. Any thread. */
static void on_end(void *arg, const Uuid *credentials, size_t n)
{
    ApiWs *ws = arg;
    pthread_mutex_lock(&ws->lock);
    for (size_t i = 0; i < ws->clients.n; i++)
        for (size_t k = 0; k < n; k++)
            if (uuid_eq(&ws->clients.all[i].caller.credential, &credentials[k]))
                post_end(ws, ws->clients.all[i].id);
    pthread_mutex_unlock(&ws->lock);
}

void api_ws_watch(ApiWs *ws)
{
    const ApiParts *shared = api_parts(ws->api), *parts;
    ws_documents_watch(ws);
    if (shared->access)
        access_on_end(shared->access, on_end, ws);
    for (size_t at = 0; (parts = api_parts_next(ws->api, &at));)
        api_ws_watch_person(ws, parts);
}

bool ws_wanted(ApiWs *ws, unsigned topic)
{
    pthread_mutex_lock(&ws->lock);
    bool wanted = ws_clients_want(&ws->clients, topic);
    pthread_mutex_unlock(&ws->lock);
    return wanted;
}
