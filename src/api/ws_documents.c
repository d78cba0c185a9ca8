/* ws_documents.c - passes on what happens to documents, and how far watched folders are. */
#include "api/serialize.h"
#include "api/ws_int.h"
#include "base/log.h"
#include "base/mem.h"

typedef struct {
    ApiWs *ws;
    const ApiParts *parts;
    Uuid document;
    ChangeKind change;
} Notice;

static void notice_drop(void *arg, unsigned worker)
{
    Notice *job = arg;
    (void)worker;
    api_give(ws_api(job->ws), job->parts);
    mem_free(job);
}

static void update_run(void *arg, unsigned worker)
{
    static const char *const names[] = {"created", "updated", "deleted"};
    Notice *job = arg;
    const ApiParts *parts = job->parts;
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
        notice_drop(job, worker);
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
    ws_notify(job->ws, &parts->owner, TOPIC_DOCUMENTS, &b);
    arena_free(a);
    notice_drop(job, worker);
}

static void on_change(void *arg, const Uuid *owner, ChangeKind kind, const Uuid *document)
{
    ApiWs *ws = arg;
    bool wanted = ws_wanted(ws, TOPIC_DOCUMENTS);
    const ApiParts *parts = wanted ? api_hold_open(ws_api(ws), owner) : NULL;
    if (!parts)
        return;
    Notice *job = mem_zalloc(sizeof *job);
    Err err = ERR_INIT;
    if (!job) {
        api_give(ws_api(ws), parts);
        return;
    }
    *job = (Notice){.ws = ws, .parts = parts, .document = *document, .change = kind};
    if (!work_submit(api_parts(ws_api(ws))->work, WORK_NORMAL, update_run, notice_drop, job,
                     &err)) {
        log_write(LOG_WARN, "ws", "a notice was dropped: %s", err.msg);
        notice_drop(job, 0);
    }
}

/* How far the watched folders are; one message a folder. On the sync's thread. */
static void on_progress(void *arg)
{
    const WsWatched *watched = arg;
    ApiWs *ws = watched->ws;
    const ApiParts *parts = watched->parts;
    Arena *a = ws_wanted(ws, TOPIC_FOLDERS) ? arena_new(ARENA_DEFAULT_MAX) : NULL;
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
            ws_notify(ws, &parts->owner, TOPIC_FOLDERS, &b);
        }
    }
    arena_free(a);
}

void ws_documents_watch(ApiWs *ws)
{
    store_on_change(api_parts(ws_api(ws))->store, on_change, ws);
}

void ws_folders_watch(WsWatched *w)
{
    if (w->parts->sync)
        sync_on_progress(w->parts->sync, on_progress, w);
}
