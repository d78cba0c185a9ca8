/* folders.c - watched folders: add, list, pause, sync, remove; and what a sync would do. */
#include "api/call.h"
#include "api/serialize.h"
#include "base/os.h"

static const char *const watch_names[] = {"auto", "notify", "poll"};

static void done_json(JsonW *w, const SyncDone *d)
{
    jw_key(w, "done");
    jw_obj(w);
    jw_kv_int(w, "added", (int64_t)d->added);
    jw_kv_int(w, "updated", (int64_t)d->updated);
    jw_kv_int(w, "duplicate", (int64_t)d->duplicate);
    jw_kv_int(w, "touched", (int64_t)d->touched);
    jw_kv_int(w, "moved", (int64_t)d->moved);
    jw_kv_int(w, "deleted", (int64_t)d->deleted);
    jw_kv_int(w, "kept", (int64_t)d->kept);
    jw_kv_int(w, "refused", (int64_t)d->refused);
    jw_kv_int(w, "failed", (int64_t)d->failed);
    jw_obj_end(w);
}

static void scan_json(JsonW *w, const ScanCounts *s, uint64_t unchanged)
{
    jw_key(w, "scan");
    jw_obj(w);
    jw_kv_int(w, "files", (int64_t)s->files);
    jw_kv_int(w, "unchanged", (int64_t)unchanged);
    jw_kv_int(w, "problems", (int64_t)s->problems);
    jw_kv_int(w, "folders", (int64_t)s->folders);
    jw_kv_int(w, "hidden", (int64_t)s->hidden);
    jw_kv_int(w, "excluded", (int64_t)s->excluded);
    jw_kv_int(w, "links", (int64_t)s->links);
    jw_obj_end(w);
}

void sync_progress_json(JsonW *w, const SyncStatus *s)
{
    jw_kv_cstr(w, "state", sync_state_name(s->state));
    jw_kv_str(w, "message", s->message);
    jw_kv_int(w, "waiting", (int64_t)s->waiting);
    jw_kv_int(w, "settling", (int64_t)s->settling);
    jw_kv_int(w, "finished", (int64_t)s->finished);
    jw_kv_int(w, "total", (int64_t)s->total);
    jw_kv_num(w, "files_per_second", s->rate);
    if (s->seconds_left >= 0)
        jw_kv_num(w, "seconds_left", s->seconds_left);
    else
        jw_kv_null(w, "seconds_left");
    done_json(w, &s->done);
}

static bool ledger_json(ApiCall *c, JsonW *w, const Uuid *folder, Err *err)
{
    LedgerPage page;
    LedgerQuery q = {.folder = folder, .limit = 1};
    if (!store_ledger_list(c->parts->store, c->owner, &q, c->arena, &page, err))
        return false;
    uint64_t total = 0;
    jw_key(w, "files");
    jw_obj(w);
    for (int s = LEDGER_PENDING; s <= LEDGER_DELETED; s++) {
        jw_kv_int(w, ledger_state_name((LedgerState)s), (int64_t)page.counts[s]);
        total += s == LEDGER_DELETED ? 0 : page.counts[s];
    }
    jw_obj_end(w);
    uint64_t covered = page.counts[LEDGER_INDEXED] + page.counts[LEDGER_DUPLICATE];
    jw_kv_num(w, "covered", total ? (double)covered / (double)total : 1.0);
    return true;
}

static bool folder_answer(ApiCall *c, JsonW *w, const SyncStatus *s, Err *err)
{
    jw_obj(w);
    folder_members(w, &s->folder);
    jw_kv_cstr(w, "watch", watch_names[s->folder.watch]);
    jw_kv_bool(w, "polled", s->polled);
    sync_progress_json(w, s);
    scan_json(w, &s->scan, s->unchanged);
    bool ok = ledger_json(c, w, &s->folder.id, err);
    jw_obj_end(w);
    return ok;
}

static bool reply(ApiCall *c, const Uuid *id, int status, Err *err)
{
    SyncStatus s;
    JsonW w;
    if (!sync_get(c->parts->sync, id, c->arena, &s, err))
        return false;
    jw_init(&w, &c->out);
    return folder_answer(c, &w, &s, err) && call_json(c, status, err);
}

static bool needs_sync(const ApiCall *c, Err *err)
{
    return c->parts->sync ||
           err_set(err, ERR_UNAVAILABLE, "nothing watches folders here; start sotto serve");
}

/* ---- add ------------------------------------------------------------------------------------- */

static bool plan_answer(ApiCall *c, const Folder *f, Err *err)
{
    SyncPlan p;
    if (!sync_plan(c->parts->store, c->owner, f, c->parts->max_upload, 10000, c->arena, &p, err))
        return false;
    JsonW w;
    jw_init(&w, &c->out);
    jw_obj(&w);
    jw_kv_str(&w, "path", f->path);
    jw_kv_int(&w, "add", (int64_t)p.add);
    jw_kv_int(&w, "update", (int64_t)p.update);
    jw_kv_int(&w, "move", (int64_t)p.move);
    jw_kv_int(&w, "delete", (int64_t)p.remove);
    jw_kv_int(&w, "keep", (int64_t)p.keep);
    jw_kv_int(&w, "refuse", (int64_t)p.refuse);
    jw_kv_int(&w, "fail", (int64_t)p.fail);
    jw_kv_int(&w, "unchanged", (int64_t)p.unchanged);
    scan_json(&w, &p.scan, p.unchanged);
    jw_key(&w, "steps");
    jw_arr(&w);
    for (size_t i = 0; i < p.n; i++) {
        jw_obj(&w);
        jw_kv_str(&w, "source", p.steps[i].source);
        jw_kv_cstr(&w, "action", p.steps[i].action);
        jw_kv_str(&w, "reason", p.steps[i].reason);
        jw_obj_end(&w);
    }
    jw_arr_end(&w);
    jw_obj_end(&w);
    return call_json(c, 200, err);
}

/* The path without slashes at its end and without "." and "..", which patterns and the ledger could
 * not match: links in it are followed. */
static bool real_path(ApiCall *c, Str given, Str *out, Err *err)
{
    char *path = arena_cstr(c->arena, given);
    if (!path)
        return err_set(err, ERR_NO_MEMORY, "no memory for the path");
    if (path[0] != '/')
        return err_set(err, ERR_NOT_FOUND, "there is no folder " STR_FMT
                       ": a path begins with a slash", STR_ARG(given));
    if (!os_real_path(path, c->arena, out, err))
        return false;
    if (out->len == 1)
        return err_set(err, ERR_FORBIDDEN, "the whole machine cannot be watched; name a folder");
    return true;
}

bool folder_add(ApiCall *c, Err *err)
{
    Folder f = {.keep = call_body(c, "keep")->b, .paused = call_body(c, "paused")->b};
    const FieldValue *include = call_body(c, "include"), *exclude = call_body(c, "exclude");
    Uuid id;
    if (!real_path(c, call_body(c, "path")->str, &f.path, err))
        return false;
    f.include = include->list;
    f.n_include = include->n_list;
    f.exclude = exclude->list;
    f.n_exclude = exclude->n_list;
    for (int i = FOLDER_AUTO; i <= FOLDER_POLL; i++)
        if (str_eq(call_body(c, "watch")->str, str_of(watch_names[i])))
            f.watch = (FolderWatch)i;
    if (call_body(c, "dry_run")->b)
        return plan_answer(c, &f, err);
    if (!needs_sync(c, err) || !sync_add(c->parts->sync, &f, &id, err))
        return false;
    char text[UUID_TEXT];
    http_resp_header(c->x, "Location", arena_printf(c->arena, "/api/v1/knowledge/folders/%s",
                                                    uuid_format(&id, text)));
    return reply(c, &id, 201, err);
}

/* ---- the rest -------------------------------------------------------------------------------- */

/* Without a sync (no server runs): the rows as they are kept. */
static bool stored(ApiCall *c, SyncStatus **out, size_t *n, Err *err)
{
    Folder *rows;
    if (c->parts->sync)
        return sync_list(c->parts->sync, c->arena, out, n, err);
    if (!store_folder_list(c->parts->store, c->owner, c->arena, &rows, n, err))
        return false;
    *out = ARENA_NEW_ARRAY(c->arena, SyncStatus, *n + 1);
    if (!*out)
        return err_set(err, ERR_NO_MEMORY, "no memory for the list of folders");
    for (size_t i = 0; i < *n; i++)
        (*out)[i] = (SyncStatus){.folder = rows[i],
                                 .state = rows[i].paused ? SYNC_PAUSED : SYNC_STOPPED,
                                 .message = STR(""),
                                 .seconds_left = -1};
    return true;
}

bool folder_list(ApiCall *c, Err *err)
{
    SyncStatus *list;
    size_t n;
    if (!stored(c, &list, &n, err))
        return false;
    JsonW w;
    jw_init(&w, &c->out);
    jw_obj(&w);
    jw_key(&w, "folders");
    jw_arr(&w);
    for (size_t i = 0; i < n; i++)
        if (!folder_answer(c, &w, &list[i], err))
            return false;
    jw_arr_end(&w);
    jw_kv_int(&w, "queue", c->parts->sync ? (int64_t)sync_queue(c->parts->sync) : 0);
    jw_obj_end(&w);
    return call_json(c, 200, err);
}

bool folder_get(ApiCall *c, Err *err)
{
    Uuid id;
    SyncStatus *list;
    size_t n;
    if (!call_path_uuid(c, "id", "folder", &id, err) || !stored(c, &list, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!uuid_eq(&list[i].folder.id, &id))
            continue;
        JsonW w;
        jw_init(&w, &c->out);
        return folder_answer(c, &w, &list[i], err) && call_json(c, 200, err);
    }
    return err_set(err, ERR_NOT_FOUND, "there is no such folder");
}

bool folder_change(ApiCall *c, Err *err)
{
    Uuid id;
    return call_path_uuid(c, "id", "folder", &id, err) && needs_sync(c, err) &&
           sync_pause(c->parts->sync, &id, call_body(c, "paused")->b, err) &&
           reply(c, &id, 200, err);
}

bool folder_sync(ApiCall *c, Err *err)
{
    Uuid id;
    return call_path_uuid(c, "id", "folder", &id, err) && needs_sync(c, err) &&
           sync_now(c->parts->sync, &id, call_body(c, "confirm")->b, err) &&
           reply(c, &id, 202, err);
}

static bool remove_one(ApiCall *c, const Uuid *id, Err *err)
{
    bool documents = str_eq(call_query(c, "documents")->str, STR("delete"));
    if (!needs_sync(c, err) || !sync_remove(c->parts->sync, id, documents, err))
        return false;
    c->x->resp.status = 204;
    return true;
}

bool folder_remove(ApiCall *c, Err *err)
{
    Uuid id;
    return call_path_uuid(c, "id", "folder", &id, err) && remove_one(c, &id, err);
}

bool folder_remove_path(ApiCall *c, Err *err)
{
    SyncStatus *list;
    size_t n;
    Str path = call_query(c, "path")->str;
    while (path.len > 1 && path.ptr[path.len - 1] == '/')
        path.len--;
    if (!stored(c, &list, &n, err))
        return false;
    for (size_t i = 0; i < n; i++)
        if (str_eq(list[i].folder.path, path))
            return remove_one(c, &list[i].folder.id, err);
    return err_set(err, ERR_NOT_FOUND, "no watched folder has this path");
}
