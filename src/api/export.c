#include "api/export.h"

#include <stdio.h>

#include "api/call.h"
#include "base/clock.h"

#define PIECE ((size_t)4 << 20) /* of an original at once */
#define WAIT_MS 120000

typedef struct {
    Api *api;
    const ApiParts *parts;
    Caller caller;
    unsigned worker;
    ZipOut zip;
    Buf manifest;
    JsonW w;
    Err *err;
} Export;

/* ---- files ----------------------------------------------------------------------------------- */

static bool end_file(Export *x, Str name)
{
    Sha256 hash;
    uint64_t bytes;
    char hex[SHA256_HEX];
    if (!zip_end(&x->zip, &hash, &bytes, x->err))
        return false;
    jw_obj(&x->w);
    jw_kv_str(&x->w, "path", name);
    jw_kv_int(&x->w, "bytes", (int64_t)bytes);
    jw_kv_cstr(&x->w, "sha256", sha256_hex(&hash, hex));
    jw_obj_end(&x->w);
    return true;
}

static bool put_file(Export *x, Str name, Str data)
{
    return zip_begin(&x->zip, name, x->err) && zip_add(&x->zip, data, x->err) &&
           end_file(x, name);
}

/* ---- the interface, asked as the person ------------------------------------------------------ */

/* The answer's body; *found false for a route that this program does not have. The exchange is the
 * caller's to free, NULL on failure. */
static HttpExchange *ask(Export *x, Str target, bool *found)
{
    RouteMatch match;
    HttpExchange *e = http_exchange_new(STR("GET"), target, NULL, 0, STR(""), x->err);
    if (!e)
        return NULL;
    *found = router_match(api_router(x->api), e->req.method, e->req.path, &match) == ROUTE_FOUND;
    if (!*found)
        return e;
    e->user = &x->caller;
    api_dispatch(x->api, e, x->worker);
    if (http_exchange_wait(e, WAIT_MS) && e->resp.status == 200)
        return e;
    (void)err_set(x->err, ERR_INTERNAL, "exporting " STR_FMT ": status %d", STR_ARG(target),
                  e->resp.status);
    http_exchange_free(e);
    return NULL;
}

static bool add_param(Buf *target, Str cursor)
{
    buf_add_c(target, "&cursor=");
    for (size_t i = 0; i < cursor.len; i++)
        buf_printf(target, "%%%02X", (unsigned char)cursor.ptr[i]);
    return buf_ok(target);
}

/* Every page of a list as a file of its own; `each` (may be NULL) gets its tree. */
static bool put_pages(Export *x, const char *name, const char *query,
                      bool (*each)(Export *x, const Json *page))
{
    Buf target, file;
    Str cursor = {NULL, 0};
    Json *page = NULL;
    bool ok = true, found = true;
    for (int i = 1; ok && (i == 1 || cursor.len); i++) {
        buf_init(&target, 1 << 16);
        buf_init(&file, 4096);
        buf_add_c(&target, query);
        ok = (!cursor.len || add_param(&target, cursor)) || !buf_ok(&target);
        json_free(page);
        page = NULL;
        buf_printf(&file, "%s/%04d.json", name, i);
        HttpExchange *e = ok ? ask(x, buf_str(&target), &found) : NULL;
        ok = e != NULL;
        if (ok && found) {
            page = json_parse(http_resp_body(e), JSON_DEFAULT_DEPTH, x->err);
            ok = page && put_file(x, buf_str(&file), http_resp_body(e)) &&
                 (!each || each(x, page));
        }
        http_exchange_free(e);
        buf_release(&target);
        buf_release(&file);
        cursor = json_str(json_get(page, "next_cursor"));
    }
    json_free(page);
    return ok;
}

static bool put_one(Export *x, const char *name, const char *target)
{
    bool found;
    HttpExchange *e = ask(x, str_of(target), &found);
    bool ok = e && (!found || put_file(x, str_of(name), http_resp_body(e)));
    http_exchange_free(e);
    return ok;
}

/* A list without cursors: by offset, until it is empty. */
static bool put_briefings(Export *x)
{
    bool ok = true, more = true, found;
    for (int i = 0; ok && more; i++) {
        char target[96], name[48];
        (void)snprintf(target, sizeof target, "/api/v1/briefing/history?limit=100&offset=%d",
                       i * 100);
        (void)snprintf(name, sizeof name, "briefings/%04d.json", i + 1);
        HttpExchange *e = ask(x, str_of(target), &found);
        Json *page = e ? json_parse(http_resp_body(e), JSON_DEFAULT_DEPTH, x->err) : NULL;
        more = json_count(page) == 100;
        ok = page && put_file(x, str_of(name), http_resp_body(e));
        json_free(page);
        http_exchange_free(e);
    }
    return ok;
}

static bool put_conversations(Export *x, const Json *page)
{
    const Json *list = json_get(page, "conversations");
    bool ok = true;
    for (size_t i = 0; ok && i < json_count(list); i++) {
        char name[80], target[160];
        Str id = json_str(json_get(json_at(list, i), "id"));
        (void)snprintf(name, sizeof name, "conversations/" STR_FMT, STR_ARG(id));
        (void)snprintf(target, sizeof target, "/api/v1/conversations/" STR_FMT "?limit=200",
                       STR_ARG(id));
        ok = put_pages(x, name, target, NULL);
    }
    return ok;
}

/* ---- documents ------------------------------------------------------------------------------- */

/* The ending of a file's name, when it is a plain one. */
static Str ending(Str filename)
{
    size_t at = filename.len;
    while (at && filename.ptr[at - 1] != '.')
        at--;
    Str end = str_sub(filename, at ? at - 1 : filename.len, filename.len);
    bool plain = end.len > 1 && end.len <= 12;
    for (size_t i = 1; plain && i < end.len; i++) {
        char c = end.ptr[i];
        plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    }
    return plain ? end : STR("");
}

static bool put_original(Export *x, const Document *doc, Str name)
{
    bool ok = zip_begin(&x->zip, name, x->err);
    for (uint64_t at = 0; ok && at < doc->bytes;) {
        Arena *a = arena_new(PIECE * 2);
        Str piece;
        uint64_t total;
        ok = a ? store_original(x->parts->store, &x->parts->owner, &doc->id, at, PIECE, a, &piece,
                                &total, x->err)
               : err_set(x->err, ERR_NO_MEMORY, "no memory to export a document");
        if (ok && !piece.len)
            ok = err_set(x->err, ERR_CORRUPT, "a document is shorter than it was");
        ok = ok && zip_add(&x->zip, piece, x->err);
        at += ok ? piece.len : 0;
        arena_free(a);
    }
    return ok && end_file(x, name);
}

static bool put_document(Export *x, const Json *item)
{
    Str id_text = json_str(json_get(item, "id"));
    Arena *a = arena_new((size_t)3 << 30);
    Document doc;
    Uuid id;
    Buf json;
    Err why = ERR_INIT;
    buf_init(&json, (size_t)64 << 20);
    if (!a || !uuid_parse(id_text, &id)) {
        arena_free(a);
        return err_set(x->err, ERR_NO_MEMORY, "no memory to export a document");
    }
    bool ok = store_document_get(x->parts->store, &x->parts->owner, &id, true, a, &doc, &why);
    if (!ok && why.code == ERR_NOT_FOUND) { /* deleted since the list was made */
        arena_free(a);
        return true;
    }
    if (!ok)
        (void)err_set(x->err, why.code, "%s", why.msg);
    Str base = arena_printf(a, "documents/" STR_FMT, STR_ARG(id_text));
    Str end = ok ? ending(doc.filename) : STR("");
    ok = ok && json_dump(item, &json) && buf_check(&json, "a document", x->err) &&
         put_file(x, arena_printf(a, STR_FMT "/document.json", STR_ARG(base)), buf_str(&json)) &&
         put_file(x, arena_printf(a, STR_FMT "/text.txt", STR_ARG(base)), doc.content) &&
         put_original(x, &doc,
                      arena_printf(a, STR_FMT "/original" STR_FMT, STR_ARG(base), STR_ARG(end)));
    buf_release(&json);
    arena_free(a);
    return ok;
}

static bool put_documents(Export *x, const Json *page)
{
    const Json *list = json_get(page, "documents");
    bool ok = true;
    for (size_t i = 0; ok && i < json_count(list); i++)
        ok = put_document(x, json_at(list, i));
    return ok;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static bool put_all(Export *x)
{
    return put_pages(x, "documents/list",
                     "/api/v1/knowledge/documents?content=none&limit=200&sort=created_at",
                     put_documents) &&
           put_pages(x, "tasks", "/api/v1/tasks?limit=200", NULL) &&
           put_one(x, "tasks/changes.json", "/api/v1/tasks/changes?limit=200") &&
           put_one(x, "tasks/reminders.json", "/api/v1/reminders?limit=200") &&
           put_one(x, "calendar.ics", "/api/v1/calendar.ics?subscribed=true") &&
           put_one(x, "calendars.json", "/api/v1/calendar/calendars") &&
           put_pages(x, "conversations/list", "/api/v1/conversations?limit=200",
                     put_conversations) &&
           put_pages(x, "memory", "/api/v1/memory?history=true&limit=200", NULL) &&
           put_briefings(x) &&
           put_one(x, "briefing-schedule.json", "/api/v1/briefing/schedule") &&
           put_pages(x, "interactions", "/api/v1/voice/interactions?limit=100", NULL) &&
           put_pages(x, "ledger", "/api/v1/knowledge/ledger?limit=1000", NULL) &&
           put_one(x, "folders.json", "/api/v1/knowledge/folders");
}

static void begin_manifest(Export *x)
{
    char id[UUID_TEXT], at[CLOCK_RFC3339_MAX];
    buf_init(&x->manifest, (size_t)1 << 30);
    jw_init(&x->w, &x->manifest);
    jw_obj(&x->w);
    jw_kv_cstr(&x->w, "format", "sotto-export/1");
    jw_kv_cstr(&x->w, "person", uuid_format(&x->parts->owner, id));
    jw_kv_cstr(&x->w, "name", x->caller.who);
    jw_kv_cstr(&x->w, "made_at", clock_format(clock_now_ms(), at));
    jw_key(&x->w, "files");
    jw_arr(&x->w);
}

static bool put_manifest(Export *x)
{
    jw_arr_end(&x->w);
    jw_obj_end(&x->w);
    return buf_check(&x->manifest, "the manifest", x->err) &&
           zip_begin(&x->zip, STR("manifest.json"), x->err) &&
           zip_add(&x->zip, buf_str(&x->manifest), x->err) &&
           zip_end(&x->zip, NULL, NULL, x->err) && zip_close(&x->zip, x->err);
}

static bool name_of(Export *x, const Uuid *owner)
{
    Arena *a = arena_new((size_t)1 << 20);
    Person *list = NULL;
    size_t n = 0;
    bool ok = !x->parts->access || (a && access_people(x->parts->access, a, &list, &n, x->err));
    for (size_t i = 0; ok && i < n; i++)
        if (uuid_eq(&list[i].id, owner))
            (void)snprintf(x->caller.who, sizeof x->caller.who, STR_FMT, STR_ARG(list[i].name));
    arena_free(a);
    return ok;
}

bool export_person(Api *api, const Uuid *owner, unsigned worker, ZipPut put, void *arg, Err *err)
{
    Export x = {.api = api, .parts = api_hold(api, owner, err), .worker = worker, .err = err,
                .caller = {.kind = CALLER_LOCAL, .owner = *owner, .via = "export",
                           .scopes = SCOPE_READ}};
    if (!x.parts)
        return err->code == ERR_UNAUTHORIZED
                   ? err_set(err, ERR_NOT_FOUND, "there is no such person") : false;
    if (!name_of(&x, owner)) {
        api_give(api, x.parts);
        return false;
    }
    zip_open(&x.zip, put, arg, clock_now_ms());
    begin_manifest(&x);
    bool ok = put_all(&x) && put_manifest(&x);
    buf_release(&x.manifest);
    zip_release(&x.zip);
    api_give(api, x.parts);
    return ok;
}

/* ---- the route ------------------------------------------------------------------------------- */

typedef struct {
    HttpExchange *x;
} Stream;

static bool to_client(void *arg, Str bytes, Err *err)
{
    HttpExchange *x = ((Stream *)arg)->x;
    for (Str rest = bytes; rest.len;) {
        Str piece = str_sub(rest, 0, rest.len < (1 << 20) ? rest.len : (1 << 20));
        if (!http_stream_wait(x, (size_t)2 << 20, 60000) || !http_stream_send(x, piece))
            return err_set(err, ERR_CANCELLED, "the client has gone");
        rest = str_sub(rest, piece.len, rest.len);
    }
    return true;
}

bool export_get(ApiCall *c, Err *err)
{
    Stream s = {c->x};
    char day[CLOCK_RFC3339_MAX], name[80];
    (void)snprintf(name, sizeof name, "attachment; filename=\"sotto-%.10s.zip\"",
                   clock_format(clock_now_ms(), day));
    http_resp_header(c->x, "Content-Disposition", str_of(name));
    c->x->resp.content_type = STR("application/zip");
    c->streaming = true;
    http_stream_start(c->x, -1);
    return export_person(c->api, c->owner, c->worker, to_client, &s, err);
}
