/* serialize.c - see serialize.h. */
#include "api/serialize.h"

#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/utf8.h"

static void kv_time(JsonW *w, const char *key, int64_t ms)
{
    char text[CLOCK_RFC3339_MAX];
    if (ms)
        jw_kv_cstr(w, key, clock_format(ms, text));
    else
        jw_kv_null(w, key);
}

static void kv_uuid(JsonW *w, const char *key, const Uuid *id)
{
    char text[UUID_TEXT];
    if (uuid_is_nil(id))
        jw_kv_null(w, key);
    else
        jw_kv_cstr(w, key, uuid_format(id, text));
}

static void kv_strings(JsonW *w, const char *key, const Str *list, size_t n)
{
    jw_key(w, key);
    jw_arr(w);
    for (size_t i = 0; i < n; i++)
        jw_str(w, list[i]);
    jw_arr_end(w);
}

/* Members of one JSON object put into the one that is open, but for those that `hidden` has. */
static void put_members(JsonW *w, const Json *j, const Json *hidden)
{
    void *iter = NULL, *look;
    Str key, other;
    const Json *value, *unused;
    while (json_each(j, &iter, &key, &value)) {
        bool known = false;
        for (look = NULL; !known && json_each(hidden, &look, &other, &unused);)
            known = str_eq(key, other);
        if (known)
            continue;
        jw_key_str(w, key);
        jw_tree(w, value);
    }
}

#define MEMBERS_MAX 24

static bool has_member(const JsonMember *list, size_t n, Str key)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(list[i].key, key))
            return true;
    return false;
}

/* As extra_members by the text alone, which is how the store has it; false, and nothing written,
 * when it is not as JsonW writes. */
static bool extra_as_written(JsonW *w, const Document *d)
{
    JsonMember own[MEMBERS_MAX], about[MEMBERS_MAX];
    size_t n_own = 0, n_about = 0;
    if ((d->extra_json.len > 2 && !json_members(d->extra_json, own, MEMBERS_MAX, &n_own)) ||
        (d->about_json.len > 2 && !json_members(d->about_json, about, MEMBERS_MAX, &n_about)))
        return false;
    if (!has_member(own, n_own, STR("author")))
        jw_kv_opt(w, "author", d->author.len ? d->author : (Str){0});
    if (!has_member(own, n_own, STR("language")))
        jw_kv_opt(w, "language", d->language.len ? d->language : (Str){0});
    for (size_t i = 0; i < n_about; i++) {
        if (has_member(own, n_own, about[i].key))
            continue;
        jw_key_str(w, about[i].key);
        jw_raw(w, about[i].value);
    }
    for (size_t i = 0; i < n_own; i++) {
        jw_key_str(w, own[i].key);
        jw_raw(w, own[i].value);
    }
    return true;
}

/* Beside the five members of the contract stand what was found out about the document and the
 * client's own members, which win where both have the same name. */
static void extra_members(JsonW *w, const Document *d)
{
    if (extra_as_written(w, d))
        return;
    Err err = ERR_INIT;
    Str given = d->extra_json, found = d->about_json;
    Json *own = given.len > 2 ? json_parse(given, JSON_DEFAULT_DEPTH, &err) : NULL;
    Json *about = found.len > 2 ? json_parse(found, JSON_DEFAULT_DEPTH, &err) : NULL;
    if (json_type(json_get(own, "author")) == JSON_T_NONE)
        jw_kv_opt(w, "author", d->author.len ? d->author : (Str){0});
    if (json_type(json_get(own, "language")) == JSON_T_NONE)
        jw_kv_opt(w, "language", d->language.len ? d->language : (Str){0});
    put_members(w, about, own);
    put_members(w, own, NULL);
    json_free(own);
    json_free(about);
}

void document_members(JsonW *w, const Document *d, ContentMode mode)
{
    char text[UUID_TEXT], hex[SHA256_HEX];
    jw_kv_cstr(w, "id", uuid_format(&d->id, text));
    jw_kv_str(w, "title", d->title);
    if (mode != CONTENT_NONE) {
        Str shown = d->content;
        bool cut = mode == CONTENT_EXCERPT && shown.len > CONTENT_EXCERPT_BYTES;
        if (cut)
            shown.len = utf8_floor(shown, CONTENT_EXCERPT_BYTES);
        jw_kv_str(w, "content", shown);
        if (cut)
            jw_kv_bool(w, "content_truncated", true);
    }
    jw_key(w, "metadata");
    jw_obj(w);
    jw_kv_str(w, "source", d->source);
    jw_kv_str(w, "file_type", d->file_type);
    kv_strings(w, "tags", d->tags, d->n_tags);
    jw_kv_opt(w, "summary", d->summary);
    jw_kv_num(w, "importance_score", d->importance);
    extra_members(w, d);
    jw_obj_end(w);
    kv_time(w, "created_at", d->created_at);
    kv_time(w, "updated_at", d->updated_at);
    jw_kv_cstr(w, "content_hash", sha256_hex(&d->hash, hex));
    jw_kv_int(w, "bytes", (int64_t)d->bytes);
    jw_key(w, "pages");
    if (d->pages)
        jw_int(w, d->pages);
    else
        jw_null(w);
    jw_kv_int(w, "chunks", d->n_chunks);
    jw_kv_str(w, "filename", d->filename);
    jw_kv_str(w, "media_type", d->media_type);
}

void document_json(JsonW *w, const Document *d, ContentMode mode)
{
    jw_obj(w);
    document_members(w, d, mode);
    jw_obj_end(w);
}

static void kv_float(JsonW *w, const char *key, float v)
{
    jw_key(w, key);
    if (isfinite(v))
        jw_float(w, v);
    else
        jw_null(w);
}

static void kv_rank(JsonW *w, const char *key, uint32_t rank)
{
    if (rank)
        jw_kv_int(w, key, rank);
    else
        jw_kv_null(w, key);
}

static void match_json(JsonW *w, const Match *m)
{
    char text[UUID_TEXT];
    jw_obj(w);
    jw_kv_cstr(w, "chunk_id", uuid_format(&m->chunk_id, text));
    jw_kv_str(w, "text", m->text);
    jw_kv_int(w, "start", m->start);
    jw_kv_int(w, "end", m->end);
    kv_rank(w, "page", m->page);
    if (m->timed) {
        jw_kv_num(w, "time_start", (double)m->from_ms / 1000);
        jw_kv_num(w, "time_end", (double)m->to_ms / 1000);
        jw_kv_num(w, "time_snippet", (double)m->snippet_ms / 1000);
    }
    kv_float(w, "similarity", m->similarity);
    kv_rank(w, "keyword_rank", m->keyword_rank);
    kv_rank(w, "vector_rank", m->vector_rank);
    kv_float(w, "keyword_score", m->keyword_score);
    kv_float(w, "fused_score", m->fused_score);
    jw_kv_str(w, "context", m->context);
    jw_key(w, "snippet");
    jw_obj(w);
    jw_kv_int(w, "start", m->snippet_start);
    jw_kv_int(w, "end", m->snippet_end);
    jw_obj_end(w);
    jw_key(w, "marks");
    jw_arr(w);
    for (size_t i = 0; i < m->n_marks; i++) {
        jw_arr(w);
        jw_int(w, m->marks[i].start);
        jw_int(w, m->marks[i].end);
        jw_arr_end(w);
    }
    jw_arr_end(w);
    jw_obj_end(w);
}

void search_json(JsonW *w, const SearchResult *r, ContentMode mode)
{
    jw_obj(w);
    jw_key(w, "documents");
    jw_arr(w);
    for (size_t i = 0; i < r->n; i++) {
        const SearchHit *h = &r->hits[i];
        jw_obj(w);
        document_members(w, &h->doc, mode);
        kv_float(w, "score", h->score);
        jw_key(w, "matches");
        jw_arr(w);
        for (size_t k = 0; k < h->n_matches; k++)
            match_json(w, &h->matches[k]);
        jw_arr_end(w);
        jw_obj_end(w);
    }
    jw_arr_end(w);
    jw_kv_int(w, "total", (int64_t)r->total);
    jw_kv_num(w, "query_time_ms", round(r->query_time_ms * 1000) / 1000);
    jw_kv_bool(w, "cached", r->from_cache);
    jw_key(w, "fusion");
    jw_obj(w);
    jw_kv_num(w, "weight_vector", round(r->weight_vector * 1e4) / 1e4);
    jw_obj_end(w);
    jw_obj_end(w);
}

/* By which a client knows an unchanged file; opaque. */
static void kv_facts(JsonW *w, const LedgerEntry *e)
{
    char text[64];
    (void)snprintf(text, sizeof text, "%llu-%lld-%llu", (unsigned long long)e->bytes,
                   (long long)e->mtime_ns, (unsigned long long)e->inode);
    jw_kv_cstr(w, "facts", text);
}

void ledger_entry_json(JsonW *w, const LedgerEntry *e)
{
    static const Sha256 none;
    char hex[SHA256_HEX];
    jw_obj(w);
    jw_kv_str(w, "source", e->source);
    jw_kv_cstr(w, "state", ledger_state_name(e->state));
    jw_kv_opt(w, "reason", e->reason.len ? e->reason : (Str){0});
    kv_uuid(w, "document", &e->document);
    jw_kv_opt(w, "file_type", e->file_type.len ? e->file_type : (Str){0});
    if (memcmp(&e->hash, &none, sizeof none) != 0)
        jw_kv_cstr(w, "content_hash", sha256_hex(&e->hash, hex));
    else
        jw_kv_null(w, "content_hash");
    jw_kv_int(w, "bytes", (int64_t)e->bytes);
    kv_time(w, "modified_at", e->mtime_ms);
    kv_uuid(w, "folder", &e->folder);
    if (e->mtime_ns)
        kv_facts(w, e);
    else
        jw_kv_null(w, "facts");
    jw_kv_int(w, "chunks", e->n_chunks);
    kv_time(w, "first_at", e->first_at);
    kv_time(w, "last_at", e->last_at);
    jw_obj_end(w);
}

void folder_members(JsonW *w, const Folder *f)
{
    kv_uuid(w, "id", &f->id);
    jw_kv_str(w, "path", f->path);
    kv_strings(w, "include", f->include, f->n_include);
    kv_strings(w, "exclude", f->exclude, f->n_exclude);
    kv_time(w, "created_at", f->created_at);
    kv_time(w, "synced_at", f->synced_at);
    jw_kv_bool(w, "keep", f->keep);
    jw_kv_bool(w, "paused", f->paused);
}
