/* qd_move.c - everything from a file into Qdrant and back; the rows are moved by transfer.c of
 * store/sqlite. */
#include <stdio.h>

#include "base/mem.h"
#include "store/qdrant/qd_ops.h"
#include "store/sqlite/sq_transfer.h"

typedef struct {
    Qd *q;
    const StoreMove *m;
    StoreMoved *out;
    Arena *a;
    Uuid *people;
    size_t n, at;
    Store *sqlite;       /* into it; NULL: into Qdrant */
    const char *file;    /* from it, into Qdrant */
    bool checking;
} Move;

static bool no_memory(Err *err)
{
    return err_set(err, ERR_NO_MEMORY, "moving data: out of memory");
}

static bool on_rows(void *arg, const char *table, uint64_t rows)
{
    Move *v = arg;
    return !v->m->progress || v->m->progress(v->m->arg, v->at, v->n + 1, table, rows);
}

/* Passages that Qdrant can find for the person. */
static bool count_passages(QdPerson *p, uint64_t *out, Err *err)
{
    Buf b;
    Json *answer = NULL;
    int64_t n = 0;
    buf_init(&b, 4096);
    buf_printf(&b, "{\"exact\":true,\"filter\":{\"must\":[{\"key\":\"owner\",\"match\":"
                   "{\"value\":\"%s\"}}]}}", p->text);
    bool ok = qd_ask(p->q, "POST", true, "/points/count", buf_str(&b), &answer, err)
        && (json_int(json_get(json_get(answer, "result"), "count"), &n)
            || err_set(err, ERR_UNAVAILABLE, "Qdrant counted nothing"));
    json_free(answer);
    buf_release(&b);
    *out = (uint64_t)n;
    return ok;
}

static bool right_passages(Move *v, QdPerson *p, Err *err)
{
    StoreStats s;
    uint64_t there;
    if (!p->local->ops->stats(p->local, &p->id, v->a, &s, err) || !count_passages(p, &there, err))
        return false;
    v->out->passages += there;
    return there == s.chunks
        || err_set(err, ERR_CORRUPT, "%llu passages are kept, and %llu can be found",
            (unsigned long long)s.chunks, (unsigned long long)there);
}

/* ---- one person ------------------------------------------------------------------------------ */

static bool owners_of_people(Move *v, Store *to, Err *err)
{
    for (size_t i = 0; i < v->n; i++)
        if (!sq_replica_owner(to, &v->people[i], err))
            return false;
    return true;
}

static bool into_qdrant(Move *v, QdPerson *p, const Uuid *owner, Err *err)
{
    SqTransfer t = {.from = v->file, .owner = owner, .progress = on_rows, .arg = v};
    uint64_t rows;
    if (!owner && !owners_of_people(v, p->local, err))
        return false;
    if (!v->checking)
        return sq_transfer(p->local, &t, &rows, err) && sq_replica_flush(p->local, err);
    if (!sq_transfer_verify(p->local, &t, &rows, err) || (owner && !right_passages(v, p, err)))
        return false;
    v->out->rows += rows;
    return true;
}

static bool into_sqlite(Move *v, QdPerson *p, const Uuid *owner, Err *err)
{
    Str file = arena_printf(v->a, "%s/%s/sotto.db", v->q->dir, p->text);
    SqTransfer t = {.from = file.ptr, .owner = owner, .progress = on_rows, .arg = v};
    uint64_t rows;
    if (!file.ptr)
        return no_memory(err);
    if (owner ? !sq_transfer_shift(v->sqlite, owner, &t.shift, err)
              : !owners_of_people(v, v->sqlite, err))
        return false;
    if (!v->checking)
        return sq_transfer(v->sqlite, &t, &rows, err);
    if (!sq_transfer_verify(v->sqlite, &t, &rows, err) || (owner && !right_passages(v, p, err)))
        return false;
    v->out->rows += rows;
    return true;
}

static bool one(Move *v, const Uuid *owner, Err *err)
{
    const Uuid *id = owner ? owner : &QD_SYSTEM;
    if (v->checking && !v->sqlite)
        qd_person_drop(v->q, id); /* what is compared comes from there */
    QdPerson *p = qd_person_take(v->q, id, true, err);
    if (!p)
        return false;
    bool ok = v->sqlite ? into_sqlite(v, p, owner, err) : into_qdrant(v, p, owner, err);
    qd_person_give(p);
    return ok;
}

static bool all(Move *v, bool checking, Err *err)
{
    v->checking = checking;
    for (v->at = 0; v->at < v->n; v->at++)
        if (!one(v, &v->people[v->at], err))
            return false;
    return one(v, NULL, err);
}

/* ---- all of them ----------------------------------------------------------------------------- */

static bool begin(Move *v, Store *qdrant, const StoreMove *m, StoreMoved *out, Err *err)
{
    *out = (StoreMoved){0};
    *v = (Move){.q = qd_of(qdrant), .m = m, .out = out, .a = arena_new(ARENA_DEFAULT_MAX)};
    return v->a || no_memory(err);
}

bool store_move_to_qdrant(Store *qdrant, const char *file, const StoreMove *m, StoreMoved *out,
    Err *err)
{
    Move v;
    if (!begin(&v, qdrant, m, out, err))
        return false;
    v.file = file;
    bool ok = sq_transfer_owners(file, v.a, &v.people, &v.n, err) && all(&v, false, err)
        && all(&v, true, err);
    out->people = v.n;
    arena_free(v.a);
    return ok;
}

/* Everybody who has a row there. */
static bool people_there(Move *v, Err *err)
{
    Json *answer = NULL;
    size_t cap = 0;
    bool ok = qd_ask(v->q, "POST", false, "/facet",
        STR("{\"key\":\"owner\",\"limit\":1000000,\"exact\":true}"), &answer, err);
    const Json *hits = json_get(json_get(answer, "result"), "hits");
    for (size_t i = 0, n = json_count(hits); ok && i < n; i++) {
        Uuid id;
        if (!uuid_parse(json_str(json_get(json_at(hits, i), "value")), &id)
            || uuid_eq(&id, &QD_SYSTEM))
            continue;
        ok = ARENA_GROW(v->a, v->people, v->n, cap) || no_memory(err);
        if (ok)
            v->people[v->n++] = id;
    }
    json_free(answer);
    return ok;
}

/* The caches and the full text of a file that rows were put into. */
static bool make_caches(Store *sqlite, Err *err)
{
    Buf report;
    buf_init(&report, 1 << 20);
    bool ok = store_check(sqlite, true, &report, err);
    if (!ok && report.len)
        err_set(err, ERR_CORRUPT, STR_FMT, (int)(report.len < 300 ? report.len : 300), report.ptr);
    buf_release(&report);
    return ok;
}

bool store_move_to_sqlite(Store *qdrant, Store *sqlite, const StoreMove *m, StoreMoved *out,
    Err *err)
{
    Move v;
    if (!begin(&v, qdrant, m, out, err))
        return false;
    v.sqlite = sqlite;
    /* The first check finds caches that know nothing of the rows, mends them, and says so. */
    bool ok = people_there(&v, err) && all(&v, false, err);
    if (ok) {
        (void)make_caches(sqlite, NULL);
        ok = make_caches(sqlite, err) && all(&v, true, err);
    }
    out->people = v.n;
    arena_free(v.a);
    return ok;
}
