/* qd_schema.c - the two collections.
 *
 *   personal_knowledge  dense: 384, cosine, int8 in memory beside the originals; bm25: sparse, IDF
 *   personal_state      no vectors
 *
 * What is missing is made. What is there is compared, and another kind is refused, never repaired:
 * the vectors in it were made by somebody else's rules. */
#include <stdio.h>

#include "base/log.h"
#include "store/qdrant/qd.h"

void qd_path(const Qd *q, Buf *out, bool knowledge, const char *rest)
{
    buf_printf(out, "/collections/%s%s%s", q->prefix, knowledge ? "knowledge" : "state", rest);
}

bool qd_ask(Qd *q, const char *method, bool knowledge, const char *rest, Str body, Json **out,
    Err *err)
{
    Buf path;
    buf_init(&path, 4096);
    qd_path(q, &path, knowledge, rest);
    bool ok = buf_check(&path, "an address", err)
        && qd_http_call(q->http, method, buf_str(&path), body, out, NULL, err);
    buf_release(&path);
    return ok;
}

void qd_json_uuid(JsonW *w, const char *key, const Uuid *id)
{
    char text[UUID_TEXT];
    if (key)
        jw_key(w, key);
    jw_cstr(w, uuid_format(id, text));
}

void qd_json_match(JsonW *w, const char *key, Str value)
{
    jw_obj(w);
    jw_kv_cstr(w, "key", key);
    jw_key(w, "match");
    jw_obj(w);
    jw_kv_str(w, "value", value);
    jw_obj_end(w);
    jw_obj_end(w);
}

/* ---- making --------------------------------------------------------------------------------- */

static void add_copies(const Qd *q, JsonW *w)
{
    if (q->shards)
        jw_kv_int(w, "shard_number", q->shards);
    if (q->replicas) {
        jw_kv_int(w, "replication_factor", q->replicas);
        /* A write is acknowledged by the majority, a read asks the majority: they share one. */
        jw_kv_int(w, "write_consistency_factor", q->replicas / 2 + 1);
    }
}

static void knowledge_body(const Qd *q, JsonW *w)
{
    jw_obj(w);
    jw_key(w, "vectors");
    jw_raw(w, STR("{\"dense\":{\"size\":384,\"distance\":\"Cosine\",\"on_disk\":true}}"));
    jw_key(w, "sparse_vectors");
    jw_raw(w, STR("{\"bm25\":{\"modifier\":\"idf\"}}"));
    jw_key(w, "quantization_config");
    jw_raw(w, STR("{\"scalar\":{\"type\":\"int8\",\"quantile\":0.99,\"always_ram\":true}}"));
    jw_kv_bool(w, "on_disk_payload", true);
    add_copies(q, w);
    jw_obj_end(w);
}

static void state_body(const Qd *q, JsonW *w)
{
    jw_obj(w);
    jw_key(w, "vectors");
    jw_raw(w, STR("{}"));
    jw_kv_bool(w, "on_disk_payload", true);
    add_copies(q, w);
    jw_obj_end(w);
}

static const struct {
    bool knowledge;
    const char *body;
} indexes[] = {
    {true, "{\"field_name\":\"owner\",\"field_schema\":{\"type\":\"keyword\",\"is_tenant\":true}}"},
    {true, "{\"field_name\":\"document_id\",\"field_schema\":\"keyword\"}"},
    {true, "{\"field_name\":\"source\",\"field_schema\":\"keyword\"}"},
    {true, "{\"field_name\":\"file_type\",\"field_schema\":\"keyword\"}"},
    {true, "{\"field_name\":\"language\",\"field_schema\":\"keyword\"}"},
    {true, "{\"field_name\":\"tags\",\"field_schema\":\"keyword\"}"},
    {true, "{\"field_name\":\"updated_ms\",\"field_schema\":\"integer\"}"},
    {true, "{\"field_name\":\"created_at\",\"field_schema\":\"datetime\"}"},
    {true, "{\"field_name\":\"chunk_no\",\"field_schema\":\"integer\"}"},
    {false,
        "{\"field_name\":\"owner\",\"field_schema\":{\"type\":\"keyword\",\"is_tenant\":true}}"},
    {false, "{\"field_name\":\"kind\",\"field_schema\":\"keyword\"}"},
    {false, "{\"field_name\":\"seq\",\"field_schema\":\"integer\"}"},
    {false, "{\"field_name\":\"row.next_fire\",\"field_schema\":\"integer\"}"},
};

/* Making an index that is there changes nothing, so that an interrupted making can be finished. */
static bool make_indexes(Qd *q, bool knowledge, const Json *have, Err *err)
{
    for (size_t i = 0; i < sizeof indexes / sizeof *indexes; i++) {
        if (indexes[i].knowledge != knowledge)
            continue;
        Str body = str_of(indexes[i].body);
        Str name = str_sub(body, 15, body.len); /* {"field_name":" */
        name = str_sub(name, 0, str_find(name, STR("\""), 0));
        char key[32];
        snprintf(key, sizeof key, STR_FMT, STR_ARG(name));
        if (json_get(have, key))
            continue;
        if (!qd_ask(q, "PUT", knowledge, "/index?wait=true", body, NULL, err))
            return false;
    }
    return true;
}

/* 409: another process was faster, which is as good. */
static bool make(Qd *q, bool knowledge, Err *err)
{
    Buf path, body;
    JsonW w;
    int status = 0;
    buf_init(&path, 4096);
    buf_init(&body, 4096);
    jw_init(&w, &body);
    (knowledge ? knowledge_body : state_body)(q, &w);
    qd_path(q, &path, knowledge, "");
    bool ok = buf_check(&body, "a request", err)
        && qd_http_call(q->http, "PUT", buf_str(&path), buf_str(&body), NULL, &status, err);
    if (ok && status == 404)
        ok = err_set(err, ERR_UNAVAILABLE, "%s is no Qdrant: it knows no collections",
            qd_http_host(q->http));
    if (ok && status != 409)
        log_write(LOG_INFO, "qdrant", "made the collection %s%s", q->prefix,
            knowledge ? "knowledge" : "state");
    buf_release(&path);
    buf_release(&body);
    return ok;
}

/* ---- checking ------------------------------------------------------------------------------- */

static bool differs(const Qd *q, bool knowledge, Err *err, const char *what, Str has,
    const char *needs)
{
    return err_set(err, ERR_CONFLICT,
        "the collection %s%s at %s has %s " STR_FMT " where Sotto needs %s; it was not made by "
        "Sotto: give Sotto a server of its own, or remove the collection if nobody needs it",
        q->prefix, knowledge ? "knowledge" : "state", qd_http_host(q->http), what,
        STR_ARG(has.ptr ? has : STR("none")), needs);
}

static bool check_knowledge(const Qd *q, const Json *params, Err *err)
{
    const Json *dense = json_get(json_get(params, "vectors"), "dense");
    const Json *bm25 = json_get(json_get(params, "sparse_vectors"), "bm25");
    int64_t size = 0;
    char text[32];
    if (!dense)
        return differs(q, true, err, "as its vector named dense", (Str){NULL, 0}, "one");
    (void)json_int(json_get(dense, "size"), &size);
    snprintf(text, sizeof text, "%lld", (long long)size);
    if (size != VINDEX_DIM)
        return differs(q, true, err, "vectors of dimension", str_of(text), "384");
    Str distance = json_str(json_get(dense, "distance"));
    if (!str_eq(distance, STR("Cosine")))
        return differs(q, true, err, "the distance", distance, "Cosine");
    if (!bm25)
        return differs(q, true, err, "as its sparse vector named bm25", (Str){NULL, 0}, "one");
    Str modifier = json_str(json_get(bm25, "modifier"));
    if (!str_eq(modifier, STR("idf")))
        return differs(q, true, err, "the modifier", modifier, "idf");
    return true;
}

static bool check_state(const Qd *q, const Json *params, Err *err)
{
    const Json *vectors = json_get(params, "vectors");
    if (json_count(vectors) || json_count(json_get(params, "sparse_vectors")))
        return differs(q, false, err, "vectors:", STR("some"), "none");
    return true;
}

static bool collection(Qd *q, bool knowledge, Err *err)
{
    Buf path;
    Json *info = NULL;
    int status = 0;
    buf_init(&path, 4096);
    qd_path(q, &path, knowledge, "");
    bool ok = qd_http_call(q->http, "GET", buf_str(&path), (Str){NULL, 0}, &info, &status, err);
    if (ok && status == 404) {
        json_free(info);
        info = NULL;
        ok = make(q, knowledge, err)
            && qd_http_call(q->http, "GET", buf_str(&path), (Str){NULL, 0}, &info, NULL, err);
    }
    buf_release(&path);
    if (ok) {
        const Json *result = json_get(info, "result");
        const Json *params = json_get(json_get(result, "config"), "params");
        ok = (knowledge ? check_knowledge : check_state)(q, params, err)
            && make_indexes(q, knowledge, json_get(result, "payload_schema"), err);
    }
    json_free(info);
    return ok;
}

/* ---- whether insert_only is understood ------------------------------------------------------- */

/* A point is inserted twice with other words. A server before 1.17 takes the second: then two
 * processes that write for one person at the same moment could both believe they were first. */
static bool put_probe(Qd *q, const Uuid *id, int64_t value, Err *err)
{
    Buf b;
    JsonW w;
    buf_init(&b, 4096);
    jw_init(&w, &b);
    jw_obj(&w);
    jw_key(&w, "points");
    jw_arr(&w);
    jw_obj(&w);
    qd_json_uuid(&w, "id", id);
    jw_key(&w, "vector");
    jw_raw(&w, STR("{}"));
    jw_key(&w, "payload");
    jw_obj(&w);
    jw_kv_cstr(&w, "kind", "probe");
    jw_kv_int(&w, "value", value);
    jw_obj_end(&w);
    jw_obj_end(&w);
    jw_arr_end(&w);
    jw_kv_cstr(&w, "update_mode", "insert_only");
    jw_obj_end(&w);
    bool ok = qd_ask(q, "PUT", false, "/points?wait=true&ordering=strong", buf_str(&b), NULL, err);
    buf_release(&b);
    return ok;
}

static bool probe(Qd *q, Err *err)
{
    Uuid id;
    Buf b;
    Json *got = NULL;
    int64_t value = 0;
    char text[UUID_TEXT];
    if (!uuid_v4(&id, err) || !put_probe(q, &id, 1, err) || !put_probe(q, &id, 2, err))
        return false;
    buf_init(&b, 256);
    buf_printf(&b, "{\"ids\":[\"%s\"],\"with_payload\":true}", uuid_format(&id, text));
    bool ok = qd_ask(q, "POST", false, "/points?consistency=majority", buf_str(&b), &got, err);
    buf_release(&b);
    if (ok)
        (void)json_int(json_get(json_get(json_at(json_get(got, "result"), 0), "payload"), "value"),
            &value);
    json_free(got);
    (void)qd_delete_ids(q, false, &id, 1, NULL);
    if (ok && value != 1)
        return err_set(err, ERR_CONFLICT,
            "Qdrant at %s overwrites what was to be inserted only; Sotto needs Qdrant 1.17 or "
            "newer: update it", qd_http_host(q->http));
    return ok;
}

bool qd_schema(Qd *q, Err *err)
{
    if (atomic_load(&q->schema_ok))
        return true;
    pthread_mutex_lock(&q->schema_lock);
    bool ok = atomic_load(&q->schema_ok)
        || (collection(q, true, err) && collection(q, false, err) && probe(q, err));
    if (ok)
        atomic_store(&q->schema_ok, true);
    pthread_mutex_unlock(&q->schema_lock);
    return ok;
}
