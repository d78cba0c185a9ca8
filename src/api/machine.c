/* machine.c - the program as the page shows it, a backup to keep, the sample to try it with. */
#include "api/call.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/os.h"
#include "base/uuid.h"

static void models_json(JsonW *w, const ApiMachine *m)
{
    jw_key(w, "models");
    jw_arr(w);
    for (size_t i = 0; i < m->n_models; i++) {
        const ApiModel *x = &m->models[i];
        jw_obj(w);
        jw_kv_cstr(w, "name", x->name);
        jw_kv_cstr(w, "does", x->does);
        jw_kv_int(w, "bytes", (int64_t)x->bytes);
        jw_kv_bool(w, "there", x->there);
        if (x->loaded < 0)
            jw_kv_null(w, "loaded");
        else
            jw_kv_bool(w, "loaded", x->loaded);
        jw_obj_end(w);
    }
    jw_arr_end(w);
}

static void checks_json(JsonW *w, const ApiMachine *m)
{
    jw_key(w, "checks");
    jw_arr(w);
    for (size_t i = 0; i < m->n_checks; i++) {
        jw_obj(w);
        jw_kv_cstr(w, "name", m->checks[i].name);
        jw_kv_bool(w, "ok", m->checks[i].ok);
        jw_kv_cstr(w, "detail", m->checks[i].detail);
        if (m->checks[i].mend)
            jw_kv_cstr(w, "mend", m->checks[i].mend);
        else
            jw_kv_null(w, "mend");
        jw_obj_end(w);
    }
    jw_arr_end(w);
}

static void queue_json(JsonW *w, const ApiParts *p)
{
    jw_key(w, "queue");
    jw_obj(w);
    jw_kv_int(w, "interactive", p->work ? (int64_t)work_queued(p->work, WORK_INTERACTIVE) : 0);
    jw_kv_int(w, "normal", p->work ? (int64_t)work_queued(p->work, WORK_NORMAL) : 0);
    jw_kv_int(w, "bulk", p->work ? (int64_t)work_queued(p->work, WORK_BULK) : 0);
    jw_kv_int(w, "files", p->sync ? (int64_t)sync_queue(p->sync) : 0);
    jw_obj_end(w);
}

static void storage_json(JsonW *w, const ApiMachine *m, const StoreStats *s)
{
    jw_key(w, "storage");
    jw_obj(w);
    jw_kv_cstr(w, "folder", m->folder);
    jw_kv_int(w, "database_bytes", (int64_t)s->database_bytes);
    jw_kv_int(w, "cache_bytes", (int64_t)s->cache_bytes);
    jw_kv_int(w, "free_bytes", (int64_t)m->free_bytes);
    jw_obj_end(w);
}

/* Parts that this build has or not, so that the page need not try them. */
static void features_json(JsonW *w)
{
    size_t n;
    const ApiRoute *routes = api_routes(&n);
    jw_key(w, "features");
    jw_arr(w);
    for (size_t i = 0; i < n; i++)
        if (strcmp(routes[i].pattern, "/api/v1/tokens") == 0 &&
            strcmp(routes[i].method, "GET") == 0)
            jw_cstr(w, "tokens");
    jw_arr_end(w);
}

bool machine_show(ApiCall *c, Err *err)
{
    const ApiHost *host = c->parts->host;
    ApiMachine m;
    StoreStats s;
    JsonW w;
    char text[CLOCK_RFC3339_MAX];
    if (!host)
        return err_set(err, ERR_UNAVAILABLE, "nothing is known of the machine here");
    if (!host->machine(host->arg, c->arena, &m, err) ||
        !store_stats(c->parts->store, c->owner, c->arena, &s, err))
        return false;
    jw_init(&w, &c->out);
    jw_obj(&w);
    jw_kv_cstr(&w, "version", SOTTO_VERSION);
    jw_kv_int(&w, "documents", (int64_t)s.documents);
    jw_kv_cstr(&w, "started_at", clock_format(api_started_ms(), text));
    jw_kv_cstr(&w, "now", clock_format(clock_now_ms(), text));
    jw_key(&w, "processor");
    jw_obj(&w);
    jw_kv_int(&w, "threads", m.threads);
    jw_kv_cstr(&w, "instructions", m.instructions);
    jw_obj_end(&w);
    jw_key(&w, "memory");
    jw_obj(&w);
    jw_kv_int(&w, "resident_bytes", (int64_t)os_rss_bytes());
    jw_obj_end(&w);
    storage_json(&w, &m, &s);
    queue_json(&w, c->parts);
    models_json(&w, &m);
    jw_key(&w, "sample");
    jw_obj(&w);
    jw_kv_bool(&w, "available", c->parts->ingest && sample_count > 0);
    jw_kv_int(&w, "documents", (int64_t)sample_count);
    jw_obj_end(&w);
    features_json(&w);
    checks_json(&w, &m);
    jw_obj_end(&w);
    return call_json(c, 200, err);
}

/* ---- backup --------------------------------------------------------------------------------- */

static void release(void *arg)
{
    Mapped *m = arg;
    os_unmap(m);
    mem_free(m);
}

/* The copy is made beside the data, opened, and unlinked before it is sent: nothing is left of it
 * when the client goes away or the program ends. */
bool backup_get(ApiCall *c, Err *err)
{
    const ApiHost *host = c->parts->host;
    Uuid id;
    char name[UUID_TEXT], day[CLOCK_RFC3339_MAX];
    if (!host)
        return err_set(err, ERR_UNAVAILABLE, "there is no folder for a backup here");
    if (!uuid_v4(&id, err))
        return false;
    Str file = arena_printf(c->arena, "backup-%s.part", uuid_format(&id, name));
    const char *path = file.ptr ? os_join(c->arena, host->folder, file.ptr) : NULL;
    Mapped *m = path ? mem_zalloc(sizeof *m) : NULL;
    if (!m)
        return err_set(err, ERR_NO_MEMORY, "no memory for the backup");
    bool ok = store_backup(c->parts->store, path, err) && os_map(path, m, err);
    (void)os_remove(path, NULL);
    if (!ok) {
        mem_free(m);
        return false;
    }
    clock_format(clock_now_ms(), day);
    http_resp_header(c->x, "Content-Disposition",
                     arena_printf(c->arena, "attachment; filename=\"sotto-%.10s.backup\"", day));
    HttpResponse *r = &c->x->resp;
    r->status = 200;
    r->content_type = STR("application/octet-stream");
    r->body_ref = str_mem((const char *)m->data, m->size);
    r->body_release = release;
    r->body_release_arg = m;
    return true;
}

/* ---- sample --------------------------------------------------------------------------------- */

/* Reads the documents of share/sample, which are part of the program, as if they had been sent. */
bool sample_add(ApiCall *c, Err *err)
{
    size_t added = 0, known = 0, refused = 0;
    if (!c->parts->ingest || !sample_count)
        return err_set(err, ERR_UNAVAILABLE, "this build has no sample documents");
    for (size_t i = 0; i < sample_count; i++) {
        const ApiSample *x = &sample_table[i];
        const char *slash = strrchr(x->name, '/');
        Arena *a = arena_new((size_t)64 << 20);
        Err why = ERR_INIT;
        Document doc;
        PutOutcome outcome;
        IngestInput in = {.data = str_mem((const char *)x->data, x->size),
                          .filename = str_of(slash ? slash + 1 : x->name)};
        if (!a)
            return err_set(err, ERR_NO_MEMORY, "no memory to read the sample");
        in.source = arena_printf(a, "sample/%s", x->name);
        bool ok = ingest_one(c->parts->ingest, c->owner, &in, c->worker, a, &doc, &outcome, &why);
        arena_free(a);
        if (!ok && why.code != ERR_UNSUPPORTED_MEDIA && why.code != ERR_VALIDATION) {
            *err = why; /* the disk is full, for one: what was read stays */
            return false;
        }
        added += ok && outcome != PUT_DUPLICATE;
        known += ok && outcome == PUT_DUPLICATE;
        refused += !ok;
    }
    JsonW w;
    jw_init(&w, &c->out);
    jw_obj(&w);
    jw_kv_int(&w, "added", (int64_t)added);
    jw_kv_int(&w, "known", (int64_t)known);
    jw_kv_int(&w, "refused", (int64_t)refused);
    jw_obj_end(&w);
    return call_json(c, 200, err);
}
