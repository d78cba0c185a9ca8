/* index.c - changes to an owner's indexes: one passage in, a document's passages out, syncs. */
#include "store/sqlite/sq_index.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#define PRUNE_EVERY 1024 /* changes */
#define RETRY_NS 60000000000u
#define RETRY_BYTES_A_SLOT 1500u /* of both caches, about */
#define RETRY_BYTES (64u << 20)  /* and so much must stay free */

/* The row's bytes; a zero vector, which no search returns, when another encoder made it. */
void sq_code_load(VindexCode *code, Str blob, bool foreign)
{
    memset(code, 0, sizeof *code);
    if (foreign || blob.len != VINDEX_CODE_BYTES)
        return;
    memcpy(&code->scale, blob.ptr, 4);
    memcpy(code->hi, blob.ptr + 4, VINDEX_DIM);
    memcpy(code->lo, blob.ptr + 4 + VINDEX_DIM, VINDEX_DIM);
}

#define LEAN_BYTES ((size_t)64 << 20) /* of mapped files, that come before all are let go of */

void sq_index_trim(const SqIndex *x)
{
    if (x->spill)
        spill_trim(LEAN_BYTES);
}

bool sq_index_add_chunk(SqIndex *x, uint64_t chunk_no, uint64_t doc_no, const VindexCode *code,
    const SqTerms *terms, Err *err)
{
    uint32_t slot;
    sq_index_trim(x);
    pthread_rwlock_wrlock(&x->slots_lock);
    /* Any free slot may be given; one past the end is the highest. */
    bool ok = sq_slots_reserve(&x->slots, vindex_slots(x->v) + 1, chunk_no);
    pthread_rwlock_unlock(&x->slots_lock);
    if (!ok)
        return err_set(err, ERR_NO_MEMORY, "adding to the index: out of memory");
    if (!vindex_add(x->v, chunk_no, doc_no, code, &slot, err))
        return false;
    if (terms && !kindex_add(x->k, slot, chunk_no, terms->terms, terms->n, terms->length, err)) {
        vindex_delete(x->v, slot);
        return false;
    }
    pthread_rwlock_wrlock(&x->slots_lock);
    ok = sq_slots_add(&x->slots, doc_no, chunk_no, slot);
    pthread_rwlock_unlock(&x->slots_lock);
    return ok || err_set(err, ERR_NO_MEMORY, "adding to the index: out of memory");
}

void sq_index_drop_chunks(SqIndex *x, uint64_t doc_no, uint64_t first, uint64_t last)
{
    x->sweep = true;
    x->sweep_from[0] = 0;
    pthread_rwlock_wrlock(&x->slots_lock);
    for (uint64_t chunk = first; chunk <= last; chunk++) {
        uint32_t slot = sq_slots_of_chunk(&x->slots, chunk);
        if (slot == SQ_NO_SLOT)
            continue;
        sq_slots_remove(&x->slots, doc_no, chunk);
        if (x->k)
            kindex_delete(x->k, slot);
        vindex_delete(x->v, slot);
    }
    pthread_rwlock_unlock(&x->slots_lock);
}

void sq_index_apply(Sqlite *s, SqOwner *o, const SqDelta *d)
{
    SqIndex *x = o->index;
    Err err = ERR_INIT;
    if (!x || d->seq <= x->seq)
        return; /* it is met in the log, when the index is opened; or a catching-up has met it */
    if (atomic_load(&x->behind)) {
        if (!sq_index_catch_up(s, s->writer.conn, o, x, &err))
            log_write(LOG_ERROR, "store", "the index is behind: %s", err.msg);
        return; /* the log held this change too */
    }
    if (d->gone_first)
        sq_index_drop_chunks(x, d->doc_no, d->gone_first, d->gone_last);
    static const VindexCode none;
    bool ok = true;
    for (size_t i = 0; i < d->n_come && ok; i++)
        ok = sq_index_add_chunk(x, d->come_first + i, d->doc_no,
            d->no_vectors ? &none : &d->chunks[i].code, &d->terms[i], &err);
    x->since_prune++;
    if (ok) {
        x->seq = d->seq;
        return;
    }
    /* Durable but not findable yet: replay the log, now or at the next search, which otherwise says
     * why it cannot. */
    atomic_store(&x->behind, true);
    log_write(LOG_WARN, "store", "the index fell behind: %s", err.msg);
    (void)sq_index_catch_up(s, s->writer.conn, o, x, NULL);
}

/* ---- syncs ---------------------------------------------------------------------------------- */

static bool prune(Sqlite *s, const SqOwner *o, Err *err)
{
    static const char sql[] = "DELETE FROM changes WHERE owner_no = ?1 AND seq < ?2";
    Sq q;
    if (!sq_begin(&q, s->writer.conn, sql, err))
        return false;
    sq_i64(&q, o->no);
    sq_i64(&q, (int64_t)o->index->synced);
    return sq_run(&q, err);
}

/* The files failed before (a full disk): makes new ones when there is room again. */
static bool retry(Sqlite *s, SqOwner *o, Err *err)
{
    SqIndex *x = o->index;
    if (clock_mono_ns() < x->retry_ns)
        return false;
    x->retry_ns = clock_mono_ns() + RETRY_NS;
    uint64_t need = (uint64_t)vindex_slots(x->v) * RETRY_BYTES_A_SLOT + RETRY_BYTES;
    return sq_free_bytes(s->dir) > need && sq_index_rebuild(s, s->writer.conn, o, err);
}

/* False with *err untouched: later, and nothing new to tell. */
static bool sync_one(Sqlite *s, SqOwner *o, Err *err)
{
    SqIndex *x = o->index;
    if (!x || atomic_load(&x->behind))
        return true;
    if (x->retry_ns)
        return retry(s, o, err);
    if (x->synced == x->seq)
        return true;
    if (!vindex_sync(x->v, x->seq, err) || !kindex_sync(x->k, x->seq, err)) {
        x->retry_ns = clock_mono_ns() + RETRY_NS;
        return false;
    }
    x->synced = x->seq;
    if (x->since_prune >= PRUNE_EVERY) {
        x->since_prune = 0;
        return prune(s, o, err);
    }
    return true;
}

void sq_index_sync_all(Sqlite *s)
{
    bool ok = true;
    Err err = ERR_INIT;
    pthread_mutex_lock(&s->owners_lock);
    SqOwner *first = s->owners; /* owners are only ever put before the first */
    pthread_mutex_unlock(&s->owners_lock);
    for (SqOwner *o = first; o; o = o->next)
        ok = (o->gone || sync_one(s, o, &err)) && ok; /* gone: only this thread says so */
    if (err.code != ERR_NONE)
        log_write(LOG_WARN, "store", "syncing the search caches: %s", err.msg);
    /* After a failure the changes stay in the log: try again later. */
    s->writer.dirty_since_ns = ok ? 0 : clock_mono_ns();
}

SqIndex *sq_index_of(Sqlite *s, SqOwner *o, Err *err)
{
    if (!o->index)
        o->index = sq_index_open(s, s->writer.conn, o, false, err);
    return o->index;
}

void sq_index_close(SqIndex *x)
{
    if (!x)
        return;
    vindex_close(x->v);
    kindex_close(x->k);
    sq_slots_release(&x->slots);
    spill_close(x->spill);
    pthread_rwlock_destroy(&x->swap);
    pthread_rwlock_destroy(&x->slots_lock);
    mem_free(x);
}

/* ---- for searches --------------------------------------------------------------------------- */

static bool catch_up_alone(Sqlite *s, SqWrite *w, Err *err)
{
    SqIndex *x = sq_index_of(s, w->owner, err);
    if (!x)
        return false;
    return !atomic_load(&x->behind) || sq_index_catch_up(s, s->writer.conn, w->owner, x, err);
}

/* Read-only: the database may have moved on under us, and indexes are made when first needed. */
static bool refresh(Sqlite *s, SqOwner *o, Err *err)
{
    SqConn *c = sq_read_begin(s, err);
    if (!c)
        return false;
    pthread_mutex_lock(&s->refresh_lock);
    bool ok = true;
    if (!o->index) {
        SqIndex *x = sq_index_open(s, c, o, true, err);
        o->index = x;
        ok = x != NULL;
    } else {
        ok = sq_index_catch_up(s, c, o, o->index, err);
    }
    pthread_mutex_unlock(&s->refresh_lock);
    sq_read_end(s, c);
    return ok;
}

SqIndex *sq_index_hold(Sqlite *s, const Uuid *owner, SqOwner **out, bool *empty, Err *err)
{
    SqOwner *o = sq_owner(s, owner);
    *empty = !o;
    *out = o;
    if (!o)
        return NULL;
    if (s->read_only && !refresh(s, o, err))
        return NULL;
    pthread_rwlock_rdlock(&o->in_use);
    while (!s->read_only && (!o->index || atomic_load(&o->index->behind))) {
        SqWrite w = {.alone = catch_up_alone, .owner = o};
        pthread_rwlock_unlock(&o->in_use);
        if (!sq_write(s, &w, err))
            return NULL;
        pthread_rwlock_rdlock(&o->in_use);
    }
    SqIndex *x = o->index;
    pthread_rwlock_rdlock(&x->swap);
    return x;
}

void sq_index_give(SqIndex *x)
{
    SqOwner *o = x->owner;
    pthread_rwlock_unlock(&x->swap);
    pthread_rwlock_unlock(&o->in_use);
}

static bool rest_alone(Sqlite *s, SqWrite *w, Err *err)
{
    SqOwner *o = w->owner;
    SqIndex *x = o->index;
    if (!x || o->gone || x->in_memory || x->sweep || atomic_load(&x->behind) || !sync_one(s, o, err)
        || x->synced != x->seq || pthread_rwlock_trywrlock(&o->in_use) != 0)
        return true;
    o->index = NULL;
    pthread_rwlock_unlock(&o->in_use);
    sq_index_close(x);
    return true;
}

void sq_index_rest(Store *store, const Uuid *owner)
{
    Sqlite *s = sq_of(store);
    SqOwner *o = s->read_only ? NULL : sq_owner(s, owner);
    if (!o || !o->index)
        return;
    SqWrite w = {.alone = rest_alone, .owner = o};
    Err err = ERR_INIT;
    (void)sq_write(s, &w, &err);
}
