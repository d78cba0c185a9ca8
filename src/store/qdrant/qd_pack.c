/* qd_pack.c - commits that every reader has long since seen, put together.
 *
 *   QD_PACK commits in a row -> one point, kind "pack": their transactions
 *
 * A pack says of each number whose transaction it was, so that a row is told from what a lost race
 * left for all time; what it does not say any more is what went with each commit. Hence
 *
 *   - it is made of commits that are QD_PACK_KEEP old, after the rows that are there were compared
 *     with those of the process that makes it: nothing is left then that a commit must refute;
 *   - a working copy that has not got as far as a pack is compared with all rows there are.
 *
 * A pack is inserted, never changed and never removed, before its commits are deleted; all steps
 * may be done twice, by two processes at once, or be left in the middle. A process that slept while
 * its number was packed may still insert a commit of that number: the pack overrules it. So whoever
 * wants to know a commit asks for its pack in the same request. */
#include <stdio.h>

#include "base/log.h"
#include "store/qdrant/qd.h"

#define AT_ONCE 2 /* packs that one write makes, at most: for what older versions left */

static unsigned pack_size = 256, pack_keep = 256;

void qd_test_pack(unsigned size, unsigned keep)
{
    pack_size = size;
    pack_keep = keep;
}

uint64_t qd_pack_of(uint64_t seq)
{
    return (seq - 1) / pack_size + 1;
}

bool qd_pack_id(const QdPerson *p, uint64_t pack, Uuid *out, Err *err)
{
    char name[40];
    int n = snprintf(name, sizeof name, "pack\x1f%llu", (unsigned long long)pack);
    return qd_point_id(p, str_mem(name, (size_t)n), out, err);
}

/* ---- reading --------------------------------------------------------------------------------- */

bool qd_pack_txn(const Json *payload, uint64_t seq, Uuid *txn)
{
    int64_t pack;
    Str all = json_str(json_get(payload, "txns"));
    if (!json_int(json_get(payload, "pack"), &pack) || pack <= 0
        || (uint64_t)pack != qd_pack_of(seq) || all.len != (size_t)pack_size * 32)
        return false;
    Str one = str_sub(all, (size_t)((seq - 1) % pack_size) * 32, all.len);
    for (size_t i = 0; i < 16; i++) {
        int high = str_hex_digit(one.ptr[2 * i]), low = str_hex_digit(one.ptr[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        txn->b[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool qd_pack_range(const Json *payload, uint64_t *first, uint64_t *last)
{
    int64_t pack;
    if (!json_int(json_get(payload, "pack"), &pack) || pack <= 0 || pack > INT64_MAX / 100000)
        return false;
    *first = ((uint64_t)pack - 1) * pack_size + 1;
    *last = (uint64_t)pack * pack_size;
    return true;
}

/* ---- is there anything left over? ------------------------------------------------------------ */

static void rows_before(JsonW *w, const QdPerson *p, uint64_t seq)
{
    jw_obj(w);
    jw_key(w, "must");
    jw_arr(w);
    qd_json_match(w, "owner", str_of(p->text));
    jw_obj(w);
    jw_kv_cstr(w, "key", "seq");
    jw_key(w, "range");
    jw_obj(w);
    jw_kv_int(w, "lt", (int64_t)seq);
    jw_obj_end(w);
    jw_obj_end(w);
    jw_arr_end(w);
    jw_key(w, "must_not");
    jw_arr(w);
    qd_json_match(w, "kind", STR("commit"));
    jw_arr_end(w);
    jw_obj_end(w);
}

static bool count_there(QdPerson *p, uint64_t seq, uint64_t *n, Err *err)
{
    Buf b;
    JsonW w;
    Json *got = NULL;
    int64_t count = 0;
    buf_init(&b, 4096);
    jw_init(&w, &b);
    jw_obj(&w);
    jw_key(&w, "filter");
    rows_before(&w, p, seq);
    jw_kv_bool(&w, "exact", true);
    jw_obj_end(&w);
    bool ok = buf_check(&b, "a request", err)
        && qd_ask(p->q, "POST", false, "/points/count", buf_str(&b), &got, err);
    buf_release(&b);
    if (ok && !json_int(json_get(json_get(got, "result"), "count"), &count))
        ok = err_set(err, ERR_UNAVAILABLE, "Qdrant answered a count without one");
    json_free(got);
    *n = (uint64_t)count;
    return ok;
}

/* Rows that are as of the commit before `c`, and that it left as they were. */
static bool count_here(const SqChange *c, uint64_t *n, Err *err)
{
    if (!sq_replica_count(c->conn, n, err))
        return false;
    for (size_t i = 0; i < c->n_rows; i++)
        *n -= c->rows[i].had;
    return true;
}

typedef struct {
    const SqChange *c;
    Arena *a;
    Uuid *ids;
    size_t n, cap;
} Left;

static bool changed_now(const SqChange *c, Str table, Str key)
{
    for (size_t i = 0; i < c->n_rows; i++)
        if (str_eq(c->rows[i].key, key) && str_eq(c->rows[i].table, table))
            return true;
    return false;
}

static bool look_at(void *arg, const Json *point, Err *err)
{
    Left *l = arg;
    const Json *payload = json_get(point, "payload");
    Str table = json_str(json_get(payload, "kind")), key = json_str(json_get(payload, "key"));
    Uuid here, there;
    bool found = false;
    if (!table.ptr || !key.ptr || !uuid_parse(json_str(json_get(payload, "txn")), &there))
        return true; /* none of ours */
    if (!sq_replica_version(l->c->conn, table, key, &found, &here, err))
        return false;
    if (found && uuid_eq(&here, &there) && !changed_now(l->c, table, key))
        return true;
    if (!ARENA_GROW(l->a, l->ids, l->n, l->cap))
        return err_set(err, ERR_NO_MEMORY, "tidying up: out of memory");
    l->n += uuid_parse(json_str(json_get(point, "id")), &l->ids[l->n]);
    return true;
}

/* Deletes what neither is the truth nor can become it: every commit before `c` is known here. */
static bool delete_left(QdPerson *p, const SqChange *c, Arena *a, Err *err)
{
    Left l = {.c = c, .a = a};
    Buf filter;
    JsonW w;
    buf_init(&filter, 4096);
    jw_init(&w, &filter);
    rows_before(&w, p, c->seq);
    bool ok = buf_check(&filter, "a filter", err);
    QdScroll all = {.filter = buf_str(&filter), .payload = "[\"kind\",\"key\",\"txn\"]"};
    ok = ok && qd_scroll(p->q, &all, look_at, &l, err);
    buf_release(&filter);
    if (ok && l.n)
        log_write(LOG_INFO, "qdrant", "%zu points that writes left over are deleted", l.n);
    return ok && qd_delete_ids(p->q, false, l.ids, l.n, err);
}

static bool nothing_left(QdPerson *p, const SqChange *c, Arena *a, Err *err)
{
    uint64_t here = 0, there = 0;
    return count_here(c, &here, err) && count_there(p, c->seq, &there, err)
        && (here == there || delete_left(p, c, a, err));
}

/* ---- packing --------------------------------------------------------------------------------- */

static void commits_until(JsonW *w, const QdPerson *p, uint64_t first, uint64_t last)
{
    jw_obj(w);
    jw_key(w, "must");
    jw_arr(w);
    qd_json_match(w, "owner", str_of(p->text));
    qd_json_match(w, "kind", STR("commit"));
    jw_obj(w);
    jw_kv_cstr(w, "key", "seq");
    jw_key(w, "range");
    jw_obj(w);
    jw_kv_int(w, "gte", (int64_t)first);
    jw_kv_int(w, "lte", (int64_t)last);
    jw_obj_end(w);
    jw_obj_end(w);
    jw_arr_end(w);
    jw_obj_end(w);
}

/* The oldest commits that are no pack's yet, or are left of one. */
static bool oldest(QdPerson *p, uint64_t last, Json **out, Err *err)
{
    Buf b;
    JsonW w;
    buf_init(&b, 4096);
    jw_init(&w, &b);
    jw_obj(&w);
    jw_key(&w, "filter");
    commits_until(&w, p, 1, last);
    jw_kv_int(&w, "limit", (int64_t)pack_size * AT_ONCE);
    jw_key(&w, "order_by");
    jw_raw(&w, STR("{\"key\":\"seq\",\"direction\":\"asc\"}"));
    jw_key(&w, "with_payload");
    jw_raw(&w, STR("[\"seq\",\"txn\"]"));
    jw_kv_bool(&w, "with_vector", false);
    jw_obj_end(&w);
    bool ok = buf_check(&b, "a request", err)
        && qd_ask(p->q, "POST", false, "/points/scroll?consistency=majority", buf_str(&b), out,
            err);
    buf_release(&b);
    return ok;
}

static bool put_pack(QdPerson *p, uint64_t pack, const Uuid *txns, Err *err)
{
    Uuid id;
    Buf b, all;
    JsonW w;
    if (!qd_pack_id(p, pack, &id, err))
        return false;
    buf_init(&b, 1 << 20);
    buf_init(&all, 1 << 20);
    for (unsigned i = 0; i < pack_size; i++)
        for (unsigned k = 0; k < 16; k++)
            buf_printf(&all, "%02x", txns[i].b[k]);
    qd_insert_begin(&w, &b, p, &id, "pack");
    jw_kv_int(&w, "pack", (int64_t)pack);
    jw_kv_str(&w, "txns", buf_str(&all));
    bool ok = buf_check(&all, "a pack", err) && qd_insert(&w, &b, p, err);
    buf_release(&all);
    buf_release(&b);
    return ok;
}

static bool is_there(QdPerson *p, uint64_t pack, bool *there, Err *err)
{
    Uuid id;
    char text[UUID_TEXT];
    Json *got = NULL;
    Buf b;
    if (!qd_pack_id(p, pack, &id, err))
        return false;
    buf_init(&b, 256);
    buf_printf(&b, "{\"ids\":[\"%s\"],\"with_payload\":false,\"with_vector\":false}",
        uuid_format(&id, text));
    bool ok = qd_ask(p->q, "POST", false, "/points?consistency=majority", buf_str(&b), &got, err);
    buf_release(&b);
    *there = ok && json_count(json_get(got, "result")) > 0;
    json_free(got);
    return ok;
}

static bool delete_commits(QdPerson *p, uint64_t pack, Err *err)
{
    Buf b;
    JsonW w;
    buf_init(&b, 4096);
    jw_init(&w, &b);
    commits_until(&w, p, (pack - 1) * pack_size + 1, pack * pack_size);
    bool ok = buf_check(&b, "a request", err)
        && qd_delete_where(p->q, false, buf_str(&b), err);
    buf_release(&b);
    return ok;
}

/* `txns`: room for a pack. */
static bool one_pack(QdPerson *p, const Json *points, uint64_t pack, Uuid *txns, Err *err)
{
    uint64_t found = 0;
    bool there = false;
    for (size_t i = 0, n = json_count(points); i < n; i++) {
        const Json *payload = json_get(json_at(points, i), "payload");
        int64_t seq;
        Uuid txn;
        if (json_int(json_get(payload, "seq"), &seq) && seq > 0
            && qd_pack_of((uint64_t)seq) == pack
            && uuid_parse(json_str(json_get(payload, "txn")), &txn)) {
            txns[((uint64_t)seq - 1) % pack_size] = txn;
            found++;
        }
    }
    /* Some only: another process is deleting them, or a sleeper inserted one. */
    if (found < pack_size && !is_there(p, pack, &there, err))
        return false;
    if (found < pack_size && !there)
        return true;
    return (there || put_pack(p, pack, txns, err)) && delete_commits(p, pack, err);
}

bool qd_pack(QdPerson *p, const SqChange *c, Err *err)
{
    if (c->seq % pack_size || c->seq < pack_size + pack_keep)
        return true;
    uint64_t last = (c->seq - pack_keep) / pack_size * pack_size, before = 0;
    Uuid *txns = ARENA_NEW_ARRAY(c->arena, Uuid, pack_size);
    Json *got = NULL;
    if (!txns)
        return err_set(err, ERR_NO_MEMORY, "packing commits: out of memory");
    bool ok = nothing_left(p, c, c->arena, err) && oldest(p, last, &got, err);
    const Json *points = json_get(json_get(got, "result"), "points");
    for (size_t i = 0, n = json_count(points); ok && i < n; i++) {
        int64_t seq;
        if (!json_int(json_get(json_get(json_at(points, i), "payload"), "seq"), &seq) || seq <= 0
            || qd_pack_of((uint64_t)seq) == before)
            continue;
        before = qd_pack_of((uint64_t)seq);
        ok = one_pack(p, points, before, txns, err);
    }
    json_free(got);
    return ok;
}
