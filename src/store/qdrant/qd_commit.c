/* qd_commit.c - a transaction of the working copy becomes one of the truth.
 *
 *   1. points of passages and rows, in batches   nobody counts them yet
 *   2. the commit, inserted if it is not there   now they count; the answer is read back
 *   3. what was replaced or went is deleted
 *
 * A process that dies in 1 leaves points that no commit names; in 3, points that a later commit
 * overrules. Both are told by their numbers. Nothing is acknowledged before 2 is known to be ours:
 * when the server does not say, it is asked, and when it cannot be asked the caller gets an error
 * and the working copy goes back; the next look finds the commit if it was made after all. */
#include "store/qdrant/qd.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/qdrant/qd_pipe.h"

/* ---- deleting ------------------------------------------------------------------------------- */

bool qd_delete_ids(Qd *q, bool knowledge, const Uuid *ids, size_t n, Err *err)
{
    for (size_t at = 0; at < n; at += 1000) {
        Buf b;
        JsonW w;
        buf_init(&b, 1 << 20);
        jw_init(&w, &b);
        jw_obj(&w);
        jw_key(&w, "points");
        jw_arr(&w);
        for (size_t i = at; i < n && i < at + 1000; i++)
            qd_json_uuid(&w, NULL, &ids[i]);
        jw_arr_end(&w);
        jw_obj_end(&w);
        bool ok = buf_check(&b, "a request", err)
            && qd_ask(q, "POST", knowledge, "/points/delete?wait=true", buf_str(&b), NULL, err);
        buf_release(&b);
        if (!ok)
            return false;
    }
    return true;
}

bool qd_delete_where(Qd *q, bool knowledge, Str filter, Err *err)
{
    Buf b;
    buf_init(&b, 1 << 20);
    buf_printf(&b, "{\"filter\":" STR_FMT "}", STR_ARG(filter));
    bool ok = buf_check(&b, "a request", err)
        && qd_ask(q, "POST", knowledge, "/points/delete?wait=true", buf_str(&b), NULL, err);
    buf_release(&b);
    return ok;
}

/* What a transaction that came to nothing has put there. */
static void take_back(QdPerson *p, const Uuid *txn)
{
    Buf b;
    JsonW w;
    char text[UUID_TEXT];
    buf_init(&b, 4096);
    jw_init(&w, &b);
    jw_obj(&w);
    jw_key(&w, "must");
    jw_arr(&w);
    qd_json_match(&w, "owner", str_of(p->text));
    qd_json_match(&w, "txn", str_of(uuid_format(txn, text)));
    jw_arr_end(&w);
    jw_obj_end(&w);
    Err err = ERR_INIT;
    if (!qd_delete_where(p->q, false, buf_str(&b), &err)
        || !qd_delete_where(p->q, true, buf_str(&b), &err))
        log_write(LOG_INFO, "qdrant", "points of a write that failed stay for now: %s", err.msg);
    buf_release(&b);
}

/* ---- rows ----------------------------------------------------------------------------------- */

static void row_point(QdPerson *p, const SqChange *c, const SqRowChange *r, const Uuid *id,
    JsonW *w)
{
    jw_obj(w);
    qd_json_uuid(w, "id", id);
    jw_key(w, "vector");
    jw_raw(w, STR("{}"));
    jw_key(w, "payload");
    jw_obj(w);
    jw_kv_cstr(w, "owner", p->text);
    jw_kv_str(w, "kind", r->table);
    jw_kv_str(w, "key", r->key);
    jw_kv_int(w, "seq", (int64_t)c->seq);
    qd_json_uuid(w, "txn", &c->txn);
    jw_key(w, "row");
    jw_raw(w, r->json);
    jw_obj_end(w);
    jw_obj_end(w);
}

static bool put_rows(QdPerson *p, const SqChange *c, Err *err)
{
    QdPipe pipe;
    bool ok = true;
    qd_pipe_begin(&pipe, p->q, false);
    for (size_t i = 0; ok && i < c->n_rows; i++) {
        const SqRowChange *r = &c->rows[i];
        Uuid id;
        if (!r->json.ptr)
            continue;
        ok = qd_row_id(p, r->table, r->key, &c->txn, &id, err);
        if (ok) {
            row_point(p, c, r, &id, qd_pipe_point(&pipe));
            ok = qd_pipe_pointed(&pipe, err);
        }
    }
    return qd_pipe_end(&pipe, ok ? err : NULL) && ok;
}

/* ---- the commit ----------------------------------------------------------------------------- */

void qd_insert_begin(JsonW *w, Buf *b, const QdPerson *p, const Uuid *id, const char *kind)
{
    jw_init(w, b);
    jw_obj(w);
    jw_key(w, "points");
    jw_arr(w);
    jw_obj(w);
    qd_json_uuid(w, "id", id);
    jw_key(w, "vector");
    jw_raw(w, STR("{}"));
    jw_key(w, "payload");
    jw_obj(w);
    jw_kv_cstr(w, "owner", p->text);
    jw_kv_cstr(w, "kind", kind);
}

bool qd_insert(JsonW *w, Buf *b, const QdPerson *p, Err *err)
{
    jw_obj_end(w);
    jw_obj_end(w);
    jw_arr_end(w);
    jw_kv_cstr(w, "update_mode", "insert_only");
    jw_obj_end(w);
    return buf_check(b, "a request", err)
        && qd_ask(p->q, "PUT", false, "/points?wait=true&ordering=strong", buf_str(b), NULL, err);
}

static bool insert_commit(QdPerson *p, const SqChange *c, bool removed, Err *err)
{
    Uuid id;
    Buf b;
    JsonW w;
    if (!qd_commit_id(p, c->seq, &id, err))
        return false;
    buf_init(&b, (size_t)1 << 30);
    qd_insert_begin(&w, &b, p, &id, "commit");
    jw_kv_int(&w, "seq", (int64_t)c->seq);
    qd_json_uuid(&w, "txn", &c->txn);
    jw_kv_int(&w, "at_ms", clock_now_ms());
    if (removed)
        jw_kv_cstr(&w, "removed", "yes");
    jw_key(&w, "gone");
    jw_arr(&w);
    for (size_t i = 0; i < c->n_rows; i++) {
        if (c->rows[i].json.ptr)
            continue;
        jw_arr(&w);
        jw_str(&w, c->rows[i].table);
        jw_str(&w, c->rows[i].key);
        jw_arr_end(&w);
    }
    jw_arr_end(&w);
    bool ok = qd_insert(&w, &b, p, err);
    buf_release(&b);
    return ok;
}

/* The pack overrules the commit: see qd_pack.c. */
bool qd_commit_get(QdPerson *p, uint64_t seq, bool *found, Uuid *txn, Err *err)
{
    Uuid id, pack;
    Buf b;
    Json *got = NULL;
    char one[UUID_TEXT], two[UUID_TEXT];
    if (!qd_commit_id(p, seq, &id, err) || !qd_pack_id(p, qd_pack_of(seq), &pack, err))
        return false;
    buf_init(&b, 512);
    buf_printf(&b, "{\"ids\":[\"%s\",\"%s\"],\"with_payload\":[\"txn\",\"pack\",\"txns\"],"
        "\"with_vector\":false}", uuid_format(&id, one), uuid_format(&pack, two));
    bool ok =
        qd_ask(p->q, "POST", false, "/points?consistency=majority", buf_str(&b), &got, err);
    buf_release(&b);
    const Json *points = json_get(got, "result");
    *found = false;
    for (size_t i = 0, n = json_count(points); ok && i < n; i++) {
        const Json *payload = json_get(json_at(points, i), "payload");
        if (json_get(payload, "pack")) {
            *found = qd_pack_txn(payload, seq, txn);
            ok = *found || err_set(err, ERR_CORRUPT, "a pack of commits of person %s is damaged",
                p->text);
            break;
        }
        *found = uuid_parse(json_str(json_get(payload, "txn")), txn);
    }
    json_free(got);
    return ok;
}

/* False with p->stale: another's is there. */
static bool commit(QdPerson *p, const SqChange *c, bool removed, Err *err)
{
    Err why = ERR_INIT;
    bool found = false;
    Uuid txn;
    bool sent = insert_commit(p, c, removed, &why);
    if (!qd_commit_get(p, c->seq, &found, &txn, err))
        return false; /* nobody knows; see above */
    if (found && uuid_eq(&txn, &c->txn))
        return true;
    take_back(p, &c->txn);
    if (!found && !sent)
        return err && (*err = why, false);
    if (!found)
        return err_set(err, ERR_UNAVAILABLE, "Qdrant took a commit and has it not; is it failing?");
    metric_add(p->q->conflicts, NULL, 1);
    atomic_store(&p->stale, true);
    return err_set(err, ERR_CONFLICT, QD_RACED);
}

/* ---- after it ------------------------------------------------------------------------------- */

static bool delete_replaced(QdPerson *p, const SqChange *c, Err *err)
{
    size_t n = 0;
    Uuid *ids = ARENA_NEW_ARRAY(c->arena, Uuid, c->n_rows + 1);
    if (!ids)
        return err_set(err, ERR_NO_MEMORY, "tidying up: out of memory");
    for (size_t i = 0; i < c->n_rows; i++) {
        const SqRowChange *r = &c->rows[i];
        if (r->had && !qd_row_id(p, r->table, r->key, &r->was, &ids[n++], err))
            return false;
    }
    return qd_delete_ids(p->q, false, ids, n, err);
}

bool qd_send(void *person, const SqChange *c, Err *err)
{
    QdPerson *p = person;
    if (atomic_load(&p->gone))
        return err_set(err, ERR_NOT_FOUND, "this person and their data were removed");
    if (!qd_points_put(p, c, err) || !put_rows(p, c, err)) {
        take_back(p, &c->txn);
        return false;
    }
    if (!commit(p, c, false, err))
        return false;
    Err why = ERR_INIT;
    if (!delete_replaced(p, c, &why) || !qd_points_follow(p, c, &why) || !qd_pack(p, c, &why)) {
        /* Committed all the same: what is left over is overruled, and found again. */
        log_write(LOG_WARN, "qdrant", "tidying up after a write: %s", why.msg);
    }
    return true;
}

bool qd_commit_removal(QdPerson *p, Err *err)
{
    SqChange c = {.seq = sq_replica_seq(p->local) + 1};
    return uuid_v4(&c.txn, err) && commit(p, &c, true, err);
}
