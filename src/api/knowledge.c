/* knowledge.c - documents: add, list, read, change, delete, original; statistics. */
#include "api/call.h"
#include "api/duplicates.h"
#include "api/filter.h"
#include "api/serialize.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "net/range.h"

/* ---- metadata a client gives ---------------------------------------------------------------- */

/* The `metadata` member may hold the same members as the Document's metadata; they count when the
 * request did not give them outright. What is left is the client's own. */
typedef struct {
    Str source, file_type, summary;
    bool has_summary;
    const Str *tags;
    size_t n_tags;
    bool has_tags;
    double importance;
    bool has_importance;
    Str extra;
} Meta;

static const Field meta_fields[] = {
    {.name = "source", .type = F_STRING, .max = 4096},
    {.name = "file_type", .type = F_STRING, .max = 64},
    {.name = "summary", .type = F_TEXT, .max = 10000, .nullable = true},
    {.name = "tags", .type = F_STRINGS, .max = 100},
    {.name = "importance_score", .type = F_NUMBER, .min = 0, .max = 1},
};

static bool meta_member(Str key, const Json *value, ApiCall *c, Meta *m, JsonW *extra, Err *err)
{
    size_t i = field_index(meta_fields, sizeof meta_fields / sizeof *meta_fields, key);
    if (i == SIZE_MAX) {
        jw_key_str(extra, key);
        jw_tree(extra, value);
        return true;
    }
    FieldValue v = {0};
    if (!field_from_json(&meta_fields[i], value, c->arena, &v, err))
        return err_wrap(err, "metadata");
    /* Text of a tree that is freed before the store has it: copied. */
    Str copy = v.str.ptr ? arena_str(c->arena, v.str) : (Str){0};
    if (i == 0) {
        m->source = copy;
    } else if (i == 1) {
        m->file_type = copy;
    } else if (i == 2) {
        m->summary = copy;
        m->has_summary = !v.is_null;
    } else if (i == 3) {
        Str *tags = ARENA_NEW_ARRAY(c->arena, Str, v.n_list + 1);
        for (size_t k = 0; tags && k < v.n_list; k++)
            tags[k] = arena_str(c->arena, v.list[k]);
        m->tags = tags;
        m->n_tags = tags ? v.n_list : 0;
        m->has_tags = true;
    } else {
        m->importance = v.num;
        m->has_importance = true;
    }
    return true;
}

static bool meta_read(ApiCall *c, Meta *m, Err *err)
{
    *m = (Meta){.extra = STR("{}")};
    const FieldValue *given = call_body(c, "metadata");
    if (given->given && !given->is_null) {
        Json *j = json_parse(given->str, JSON_DEFAULT_DEPTH, err);
        Buf b;
        JsonW w;
        void *iter = NULL;
        Str key;
        const Json *value;
        bool ok = j != NULL;
        buf_init(&b, 1 << 20);
        jw_init(&w, &b);
        jw_obj(&w);
        while (ok && json_each(j, &iter, &key, &value))
            ok = meta_member(key, value, c, m, &w, err);
        jw_obj_end(&w);
        m->extra = arena_buf(c->arena, &b);
        buf_release(&b);
        json_free(j);
        if (!ok)
            return false;
        if (!m->extra.ptr)
            return err_set(err, ERR_NO_MEMORY, "no memory for the metadata");
    }
    const FieldValue *v;
    if ((v = call_body(c, "source"))->given)
        m->source = v->str;
    if ((v = call_body(c, "file_type"))->given)
        m->file_type = v->str;
    if ((v = call_body(c, "summary"))->given) {
        m->summary = v->str;
        m->has_summary = !v->is_null;
    }
    if ((v = call_body(c, "tags"))->given) {
        m->tags = v->list;
        m->n_tags = v->n_list;
        m->has_tags = true;
    }
    if ((v = call_body(c, "importance_score"))->given) {
        m->importance = v->num;
        m->has_importance = true;
    }
    return true;
}

/* In a form, tags may come as one comma-separated text. */
static void split_tags(ApiCall *c, Meta *m)
{
    if (m->n_tags != 1 || str_find(m->tags[0], STR(","), 0) == SIZE_MAX)
        return;
    Str rest = m->tags[0], one;
    size_t n = 0, max = 1;
    for (size_t i = 0; i < rest.len; i++)
        max += rest.ptr[i] == ',';
    Str *tags = ARENA_NEW_ARRAY(c->arena, Str, max);
    while (tags && str_next(&rest, ',', &one)) {
        one = str_trim(one);
        if (one.len)
            tags[n++] = one;
    }
    m->tags = tags;
    m->n_tags = tags ? n : 0;
}

/* ---- add ------------------------------------------------------------------------------------ */

static void created_headers(ApiCall *c, const Document *doc)
{
    char id[UUID_TEXT];
    Str at = arena_printf(c->arena, "/api/v1/knowledge/documents/%s", uuid_format(&doc->id, id));
    http_resp_header(c->x, "Location", at);
}

/* "SIZE-MTIME-INODE", as the ledger tells it. */
static bool facts_read(Str text, IngestFacts *out, Err *err)
{
    Str rest = text, size, mtime, inode;
    if (str_next(&rest, '-', &size) && str_next(&rest, '-', &mtime) &&
        str_next(&rest, '-', &inode) && !rest.ptr && str_to_u64(size, &out->bytes) &&
        str_to_i64(mtime, &out->mtime_ns) && str_to_u64(inode, &out->inode))
        return true;
    return err_set(err, ERR_VALIDATION, "facts must be SIZE-MTIME-INODE, three whole numbers");
}

/* Whoever asks is at work, also for as long as an hour's recording takes. */
static bool client_gone(void *arg)
{
    work_alive();
    return http_exchange_cancelled(arg);
}

static bool pressed(void *arg)
{
    return work_pressed(arg);
}

bool document_create(ApiCall *c, Err *err)
{
    const FieldValue *file = call_body(c, "file"), *content = call_body(c, "content");
    const FieldValue *title = call_body(c, "title");
    Meta m;
    if (file->given == content->given)
        return err_set(err, ERR_VALIDATION,
                       file->given ? "give a file or content, not both"
                                   : "give a file (multipart) or title and content");
    if (!meta_read(c, &m, err))
        return false;
    split_tags(c, &m);
    IngestInput in = {
        .data = file->given ? file->str : content->str,
        .filename = file->given ? file->filename : STR(""),
        .media_type = file->given ? file->media_type : STR("text/plain"),
        .file_type = m.file_type,
        .title = title->str,
        .source = m.source,
        .tags = m.tags,
        .n_tags = m.n_tags,
        .has_tags = m.has_tags,
        .summary = m.has_summary ? m.summary : (Str){0},
        .importance = m.has_importance ? &m.importance : NULL,
        .extra_json = m.extra,
        .cancelled = client_gone,
        .cancelled_arg = c->x,
    };
    if (content->given && !in.file_type.len)
        in.file_type = STR("text");
    IngestFacts facts = {0};
    if (call_body(c, "facts")->given) {
        if (!facts_read(call_body(c, "facts")->str, &facts, err))
            return false;
        in.facts = &facts;
    }
    if (c->parts->work && call_query(c, "background")->b) {
        in.pressed = pressed;
        in.pressed_arg = c->parts->work;
    }
    Document doc;
    PutOutcome outcome;
    if (!ingest_one(c->parts->ingest, c->owner, &in, c->worker, c->arena, &doc, &outcome, err))
        return false;
    JsonW w;
    jw_init(&w, &c->out);
    if (!document_json_near(c, &w, &doc, err))
        return false;
    created_headers(c, &doc);
    return call_json(c, outcome == PUT_DUPLICATE ? 200 : 201, err);
}

/* ---- list and read -------------------------------------------------------------------------- */

static DocSort sort_of(Str s)
{
    static const struct {
        const char *name;
        DocSort sort;
    } names[] = {{"-updated_at", SORT_UPDATED_DESC}, {"updated_at", SORT_UPDATED_ASC},
                 {"-created_at", SORT_CREATED_DESC}, {"created_at", SORT_CREATED_ASC},
                 {"title", SORT_TITLE_ASC},          {"-importance_score", SORT_IMPORTANCE_DESC}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_eq(s, str_of(names[i].name)))
            return names[i].sort;
    return SORT_UPDATED_DESC;
}

bool document_list(ApiCall *c, Err *err)
{
    DocFilter filter;
    DocPage page;
    filter_read(c, c->query, c->route->query, c->route->n_query, &filter);
    filter.q = call_query(c, "q")->str;
    /* The page itself reads no text; the items' is fetched for those shown. */
    ContentMode mode = content_mode(call_query(c, "content")->str);
    if (!store_document_list(c->parts->store, c->owner, &filter,
                             sort_of(call_query(c, "sort")->str), (size_t)call_query(c, "limit")->i,
                             call_query(c, "cursor")->str, c->arena, &page, err))
        return false;
    JsonW w;
    jw_init(&w, &c->out);
    jw_obj(&w);
    jw_key(&w, "documents");
    jw_arr(&w);
    for (size_t i = 0; i < page.n; i++) {
        Document *d = &page.items[i];
        Err gone = ERR_INIT;
        if (mode != CONTENT_NONE &&
            !store_document_get(c->parts->store, c->owner, &d->id, true, c->arena, d, &gone))
            continue; /* deleted a moment ago */
        document_json(&w, d, mode);
    }
    jw_arr_end(&w);
    jw_kv_int(&w, "total", (int64_t)page.total);
    jw_kv_opt(&w, "next_cursor", page.next_cursor);
    jw_obj_end(&w);
    return call_json(c, 200, err);
}

static bool reply_document(ApiCall *c, const Document *doc, Err *err)
{
    JsonW w;
    size_t about = doc->content.len + doc->about_json.len + doc->extra_json.len + 1024;
    if (about < 65536)
        (void)buf_reserve(&c->out, about);
    jw_init(&w, &c->out);
    return document_json_near(c, &w, doc, err) && call_json(c, 200, err);
}

bool document_get(ApiCall *c, Err *err)
{
    Uuid id;
    Document doc;
    return call_path_uuid(c, "id", "document", &id, err) &&
           store_document_get(c->parts->store, c->owner, &id, true, c->arena, &doc, err) &&
           reply_document(c, &doc, err);
}

/* ---- change and delete ---------------------------------------------------------------------- */

/* New text: the document is read again under its id. */
static bool change_content(ApiCall *c, const Uuid *id, const Document *old, Err *err)
{
    IngestInput in = {
        .data = call_body(c, "content")->str,
        .filename = old->filename,
        .media_type = STR("text/plain"),
        .file_type = str_eq(old->file_type, STR("markdown")) ? old->file_type : STR("text"),
        .title = call_body(c, "title")->given ? call_body(c, "title")->str : old->title,
        .source = old->source,
        .tags = old->tags,
        .n_tags = old->n_tags,
        .has_tags = true,
        .importance = document_importance_given(old) ? &old->importance : NULL,
        .extra_json = old->extra_json,
        .replace = id};
    Document doc;
    PutOutcome outcome;
    if (!ingest_one(c->parts->ingest, c->owner, &in, c->worker, c->arena, &doc, &outcome, err))
        return false;
    if (outcome == PUT_DUPLICATE)
        return err_set(err, ERR_CONFLICT, "another document already has exactly this text");
    return true;
}

/* The client's own metadata members: those given replace or, being null, remove (RFC 7396); the
 * others stay. */
static bool merge_extra(ApiCall *c, Str given, Str old, Str *out, Err *err)
{
    Json *now = json_parse(old, JSON_DEFAULT_DEPTH, err);
    Json *change = now ? json_parse(given, JSON_DEFAULT_DEPTH, err) : NULL;
    Buf b;
    JsonW w;
    void *iter = NULL;
    Str key;
    const Json *value;
    buf_init(&b, 1 << 20);
    jw_init(&w, &b);
    jw_obj(&w);
    while (change && json_each(now, &iter, &key, &value)) {
        char *name = arena_cstr(c->arena, key);
        if (name && json_type(json_get(change, name)) != JSON_T_NONE)
            continue;
        jw_key_str(&w, key);
        jw_tree(&w, value);
    }
    iter = NULL;
    while (change && json_each(change, &iter, &key, &value)) {
        if (json_type(value) == JSON_T_NULL)
            continue;
        jw_key_str(&w, key);
        jw_tree(&w, value);
    }
    jw_obj_end(&w);
    bool ok = change != NULL;
    *out = arena_buf(c->arena, &b);
    buf_release(&b);
    json_free(now);
    json_free(change);
    if (ok && !out->ptr)
        return err_set(err, ERR_TOO_LARGE, "the metadata are too large");
    return ok;
}

bool document_change(ApiCall *c, Err *err)
{
    Uuid id;
    Document doc;
    Meta m;
    Store *store = c->parts->store;
    if (!call_path_uuid(c, "id", "document", &id, err) ||
        !store_document_get(store, c->owner, &id, false, c->arena, &doc, err) ||
        !meta_read(c, &m, err))
        return false;
    const FieldValue *title = call_body(c, "title");
    if (call_body(c, "content")->given) {
        if (!change_content(c, &id, &doc, err))
            return false;
    } else if (title->given && !str_eq(title->str, doc.title)) {
        if (!ingest_retitle(c->parts->ingest, c->owner, &id, title->str, c->worker, c->arena, &doc,
                            err))
            return false;
    }
    Str extra;
    if (!merge_extra(c, m.extra, doc.extra_json, &extra, err))
        return false;
    bool summary_given = call_body(c, "summary")->given || m.has_summary;
    Str summary = m.has_summary ? m.summary : (Str){0};
    DocPatch patch = {
        .source = m.source.ptr ? &m.source : NULL,
        .summary = summary_given ? &summary : NULL,
        .extra_json = &extra,
        .tags = m.tags,
        .n_tags = m.n_tags,
        .set_tags = m.has_tags,
        .importance = m.has_importance ? &m.importance : NULL,
        .updated_at = clock_now_ms(),
    };
    return store_document_patch(store, c->owner, &id, &patch, err) &&
           store_document_get(store, c->owner, &id, true, c->arena, &doc, err) &&
           reply_document(c, &doc, err);
}

bool document_remove(ApiCall *c, Err *err)
{
    Uuid id;
    if (!call_path_uuid(c, "id", "document", &id, err) ||
        !store_document_delete(c->parts->store, c->owner, &id, err))
        return false;
    c->x->resp.status = 204;
    return true;
}

/* ---- the original --------------------------------------------------------------------------- */

/* What a browser may show by itself: nothing that can run. The rest is bytes to keep. */
static Str safe_media_type(Str type)
{
    static const char *const shown[] = {"application/pdf", "image/png", "image/jpeg", "image/gif",
                                        "image/webp"};
    Str media = http_media_type(type);
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        if (str_eq_nocase(media, str_of(shown[i])))
            return str_of(shown[i]);
    if (str_starts(media, STR("text/")))
        return STR("text/plain; charset=utf-8");
    return STR("application/octet-stream");
}

/* RFC 6266: an ASCII name, and the real one percent-encoded. */
static void disposition(ApiCall *c, const Document *doc, bool shown)
{
    Buf b;
    Str name = doc->filename.len ? doc->filename : STR("document");
    buf_init(&b, 8192);
    buf_printf(&b, "%s; filename=\"", shown ? "inline" : "attachment");
    for (size_t i = 0; i < name.len; i++) {
        unsigned char ch = (unsigned char)name.ptr[i];
        buf_add_char(&b, ch > 0x20 && ch < 0x7F && ch != '"' && ch != '\\' && ch != '%' ? (char)ch
                                                                                        : '_');
    }
    buf_add_c(&b, "\"; filename*=UTF-8''");
    for (size_t i = 0; i < name.len; i++) {
        unsigned char ch = (unsigned char)name.ptr[i];
        bool plain = (ch >= '0' && ch <= '9') || (ch >= 'A' && ch <= 'Z') ||
                     (ch >= 'a' && ch <= 'z') || ch == '.' || ch == '-' || ch == '_';
        if (plain)
            buf_add_char(&b, (char)ch);
        else
            buf_printf(&b, "%%%02X", ch);
    }
    if (buf_ok(&b))
        http_resp_header(c->x, "Content-Disposition", buf_str(&b));
    buf_release(&b);
}

bool document_original(ApiCall *c, Err *err)
{
    Uuid id;
    Document doc;
    Store *store = c->parts->store;
    if (!call_path_uuid(c, "id", "document", &id, err) ||
        !store_document_get(store, c->owner, &id, false, c->arena, &doc, err))
        return false;
    uint64_t total;
    Range range = {0, doc.bytes};
    char etag[SHA256_HEX + 2] = "\"";
    sha256_hex(&doc.hash, etag + 1);
    memcpy(etag + SHA256_HEX, "\"", 2);
    Str if_range = http_header(&c->x->req, "If-Range");
    RangeResult result = if_range.ptr && !str_eq(if_range, str_of(etag))
                             ? RANGE_NONE
                             : range_parse(http_header(&c->x->req, "Range"), doc.bytes, &range);
    http_resp_header(c->x, "Accept-Ranges", STR("bytes"));
    if (result == RANGE_BAD) {
        http_resp_header(c->x, "Content-Range",
                         arena_printf(c->arena, "bytes */%llu", (unsigned long long)doc.bytes));
        return err_set(err, ERR_RANGE, "the range lies outside the %llu bytes",
                       (unsigned long long)doc.bytes);
    }
    if (result == RANGE_NONE)
        range = (Range){0, doc.bytes};
    Str data;
    if (!store_original(store, c->owner, &id, range.start, (size_t)range.length, c->arena, &data,
                        &total, err))
        return false;
    http_resp_header(c->x, "ETag", str_of(etag));
    /* A browser's own viewer of PDF does not work in a sandbox; it runs nothing of ours either. */
    bool shown = call_query(c, "inline")->b && str_eq(doc.media_type, STR("application/pdf"));
    http_resp_header(c->x, "Content-Security-Policy",
                     shown ? STR("default-src 'none'; style-src 'unsafe-inline'; object-src 'self';"
                                 " frame-ancestors 'self'")
                           : STR("default-src 'none'; sandbox; frame-ancestors 'none'"));
    http_resp_header(c->x, "Cross-Origin-Resource-Policy", STR("same-origin"));
    disposition(c, &doc, shown);
    if (result == RANGE_OK)
        http_resp_header(c->x, "Content-Range",
                         arena_printf(c->arena, "bytes %llu-%llu/%llu",
                                      (unsigned long long)range.start,
                                      (unsigned long long)(range.start + data.len - 1),
                                      (unsigned long long)total));
    HttpResponse *r = &c->x->resp;
    r->status = result == RANGE_OK ? 206 : 200;
    r->content_type = safe_media_type(doc.media_type);
    r->body_ref = data;
    return true;
}

/* ---- statistics ----------------------------------------------------------------------------- */

bool knowledge_stats(ApiCall *c, Err *err)
{
    StoreStats s;
    if (!store_stats(c->parts->store, c->owner, c->arena, &s, err))
        return false;
    JsonW w;
    jw_init(&w, &c->out);
    jw_obj(&w);
    jw_kv_int(&w, "documents", (int64_t)s.documents);
    jw_kv_int(&w, "chunks", (int64_t)s.chunks);
    jw_kv_int(&w, "original_bytes", (int64_t)s.original_bytes);
    jw_kv_int(&w, "text_bytes", (int64_t)s.text_bytes);
    jw_kv_int(&w, "database_bytes", (int64_t)s.database_bytes);
    jw_kv_int(&w, "cache_bytes", (int64_t)s.cache_bytes);
    jw_kv_int(&w, "tags", (int64_t)s.tags);
    jw_kv_int(&w, "ledger_entries", (int64_t)s.ledger_entries);
    jw_kv_str(&w, "model", s.model.ptr ? s.model : STR(""));
    jw_kv_int(&w, "dimensions", MINILM_DIM);
    jw_kv_str(&w, "backend", s.backend);
    jw_kv_int(&w, "schema_version", s.schema_version);
    jw_obj_end(&w);
    return call_json(c, 200, err);
}
