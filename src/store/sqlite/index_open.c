/* index_open.c - bringing an owner's indexes to the database's state: from their files and the
 * change log, or from the tables. */
#include "store/sqlite/sq_index.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

char *sq_index_path(Sqlite *s, const Uuid *owner, const char *name, Arena *a)
{
    char text[UUID_TEXT];
    uuid_format(owner, text);
    Str p = arena_printf(a, "%s/cache/%s%s%s", s->dir, text, name ? "/" : "", name ? name : "");
    return p.ptr ? arena_cstr(a, p) : NULL;
}

/* ---- reading passages from the tables ------------------------------------------------------- */

typedef struct {
    Sqlite *s;
    SqIndex *x;
    Arena *a; /* reset after each passage */
} Filler;

static bool vector_row(Filler *f, Sq *q, bool with_terms, Err *err)
{
    VindexCode code;
    Str model = sq_col_str(q, 3);
    bool foreign = f->s->model[0] && !str_eq(model, str_of(f->s->model));
    sq_code_load(&code, sq_col_str(q, 2), foreign);
    SqTerms terms;
    if (with_terms
        && !sq_terms(q->c, sq_col_str(q, 4), sq_col_str(q, 5), f->s->context_weight, f->a, &terms,
            err))
        return false;
    bool ok = sq_index_add_chunk(f->x, (uint64_t)sq_col_i64(q, 0), (uint64_t)sq_col_i64(q, 1),
        &code, with_terms ? &terms : NULL, err);
    arena_reset(f->a);
    return ok;
}

static bool fill_vectors(Filler *f, SqConn *c, const SqOwner *o, Err *err)
{
    static const char sql[] =
        "SELECT v.chunk_no, c.doc_no, v.code, d.model FROM vectors v "
        "CROSS JOIN chunks c ON c.chunk_no = v.chunk_no "
        "CROSS JOIN documents d ON d.doc_no = c.doc_no "
        "WHERE d.owner_no = ?1 ORDER BY v.chunk_no";
    Sq q;
    int rc = -1;
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, o->no);
        while ((rc = sq_step(&q, err)) > 0)
            if (!vector_row(f, &q, false, err)) {
                rc = -1;
                break;
            }
    }
    sq_end(&q);
    return rc == 0;
}

/* Passages [first, last] of a document that are there and not yet in the index. */
static bool add_range(Filler *f, SqConn *c, int64_t doc_no, int64_t first, int64_t last,
    bool with_terms, Err *err)
{
    static const char plain[] =
        "SELECT c.chunk_no, c.doc_no, v.code, d.model FROM chunks c "
        "JOIN vectors v ON v.chunk_no = c.chunk_no JOIN documents d ON d.doc_no = c.doc_no "
        "WHERE c.chunk_no BETWEEN ?1 AND ?2 AND c.doc_no = ?3 ORDER BY c.chunk_no";
    static const char full[] =
        "SELECT c.chunk_no, c.doc_no, v.code, d.model, t.body, t.context FROM chunks c "
        "JOIN vectors v ON v.chunk_no = c.chunk_no JOIN documents d ON d.doc_no = c.doc_no "
        "JOIN chunk_texts t ON t.chunk_no = c.chunk_no "
        "WHERE c.chunk_no BETWEEN ?1 AND ?2 AND c.doc_no = ?3 ORDER BY c.chunk_no";
    Sq q;
    int rc = -1;
    if (sq_begin(&q, c, with_terms ? full : plain, err)) {
        sq_i64(&q, first);
        sq_i64(&q, last);
        sq_i64(&q, doc_no);
        while ((rc = sq_step(&q, err)) > 0) {
            if (sq_slots_of_chunk(&f->x->slots, (uint64_t)sq_col_i64(&q, 0)) != SQ_NO_SLOT)
                continue;
            if (!vector_row(f, &q, with_terms, err)) {
                rc = -1;
                break;
            }
        }
    }
    sq_end(&q);
    return rc == 0;
}

/* Applies the log after x->seq. Safe to repeat: what is there is left, what is gone is ignored. */
static bool replay(Filler *f, SqConn *c, const SqOwner *o, bool with_terms, Err *err)
{
    static const char sql[] =
        "SELECT seq, doc_no, gone, first_chunk, last_chunk FROM changes "
        "WHERE owner_no = ?1 AND seq > ?2 ORDER BY seq";
    Sq q;
    int rc = -1;
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, o->no);
        sq_i64(&q, (int64_t)f->x->seq);
        while ((rc = sq_step(&q, err)) > 0) {
            int64_t doc = sq_col_i64(&q, 1), first = sq_col_i64(&q, 3), last = sq_col_i64(&q, 4);
            if (sq_col_i64(&q, 2)) {
                sq_index_drop_chunks(f->x, (uint64_t)doc, (uint64_t)first, (uint64_t)last);
            } else if (!add_range(f, c, doc, first, last, with_terms, err)) {
                rc = -1;
                break;
            }
            f->x->seq = (uint64_t)sq_col_i64(&q, 0);
            f->x->since_prune++;
        }
    }
    sq_end(&q);
    return rc == 0;
}

static bool last_seq(SqConn *c, const SqOwner *o, uint64_t *out, Err *err)
{
    static const char sql[] = "SELECT coalesce(max(seq), 0) FROM changes WHERE owner_no = ?1";
    Sq q;
    bool ok = sq_begin(&q, c, sql, err);
    if (ok) {
        sq_i64(&q, o->no);
        ok = sq_step(&q, err) > 0;
        if (ok)
            *out = (uint64_t)sq_col_i64(&q, 0);
    }
    sq_end(&q);
    return ok;
}

/* Whether the log knows `seq`: a cache that ends there belongs to this history, and nothing after
 * it has been pruned. */
static bool knows_seq(SqConn *c, const SqOwner *o, uint64_t seq, bool *known, Err *err)
{
    static const char sql[] = "SELECT 1 FROM changes WHERE owner_no = ?1 AND seq = ?2";
    Sq q;
    int rc = -1;
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, o->no);
        sq_i64(&q, (int64_t)seq);
        rc = sq_step(&q, err);
    }
    sq_end(&q);
    *known = rc > 0;
    return rc >= 0;
}

/* ---- the vector side ------------------------------------------------------------------------ */

static bool map_slots(SqIndex *x)
{
    sq_slots_release(&x->slots);
    for (uint32_t slot = vindex_slots(x->v); slot-- > 0;) /* so lists come out in ascending order */
        if (vindex_is_live(x->v, slot)
            && !sq_slots_add(&x->slots, vindex_doc(x->v, slot), vindex_id(x->v, slot), slot))
            return false;
    return true;
}

/* Lists in ascending order, whatever order replaying left them in. */
static bool map_again(SqIndex *x, Err *err)
{
    return map_slots(x) || err_set(err, ERR_NO_MEMORY, "opening the index: out of memory");
}

/* Memory that is short now says nothing against the file: the open fails and the file stays. */
static bool forward(const Err *why, Err *err)
{
    if (err)
        *err = *why;
    return false;
}

/* A cache that is not there, or was never synced, is nothing to speak of. */
static void tell_why(const char *which, bool opened, uint64_t seq, const Err *why)
{
    if (opened ? seq != 0 : why->code != ERR_NOT_FOUND)
        log_write(LOG_WARN, "store", "building the %s cache again: %s", which,
            opened ? "it belongs to another history" : why->msg);
}

static bool open_vectors(Filler *f, SqConn *c, const SqOwner *o, const char *path, Err *err)
{
    SqIndex *x = f->x;
    Err why = ERR_INIT;
    bool known = false;
    x->v = path ? vindex_open_on(path, x->spill, &why) : NULL;
    if (x->v && !knows_seq(c, o, vindex_seq(x->v), &known, err))
        return false;
    if (x->v && known) {
        x->seq = vindex_seq(x->v);
        return map_again(x, err) && replay(f, c, o, false, err);
    }
    if (!x->v && why.code == ERR_NO_MEMORY)
        return forward(&why, err);
    if (path)
        tell_why("vector", x->v != NULL, x->v ? vindex_seq(x->v) : 0, &why);
    vindex_close(x->v);
    x->v = path ? vindex_create_on(path, x->spill, &why) : NULL;
    if (path && !x->v)
        log_write(LOG_WARN, "store", "keeping the vector cache in memory only: %s", why.msg);
    if (!x->v && !(x->v = vindex_create_on(NULL, x->spill, err)))
        return false;
    if (!last_seq(c, o, &x->seq, err))
        return false;
    return fill_vectors(f, c, o, err);
}

/* ---- the keyword side ----------------------------------------------------------------------- */

/* Reads passage `id` again and puts its words into `slot`. One that the database has lost (damage,
 * which a check tells of) must not keep the rest from being found: it leaves the vector index
 * too. */
static bool add_words(Filler *f, SqConn *c, uint32_t slot, uint64_t id, Err *err)
{
    static const char sql[] = "SELECT body, context FROM chunk_texts WHERE chunk_no = ?1";
    Sq q;
    SqTerms t;
    bool ok = false;
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, (int64_t)id);
        int rc = sq_step(&q, err);
        if (rc == 0)
            vindex_delete(f->x->v, slot);
        ok = rc == 0
            || (rc > 0
                && sq_terms(c, sq_col_str(&q, 0), sq_col_str(&q, 1), f->s->context_weight, f->a, &t,
                    err)
                && kindex_add(f->x->k, slot, id, t.terms, t.n, t.length, err));
    }
    sq_end(&q);
    arena_reset(f->a);
    return ok;
}

static bool reconcile(Filler *f, SqConn *c, Err *err)
{
    SqIndex *x = f->x;
    uint32_t nv = vindex_slots(x->v), nk = kindex_slots(x->k);
    for (uint32_t slot = 0; slot < nv || slot < nk; slot++) {
        uint64_t want = slot < nv && vindex_is_live(x->v, slot) ? vindex_id(x->v, slot)
            : UINT64_MAX;
        uint64_t have = slot < nk ? kindex_id(x->k, slot) : UINT64_MAX;
        if (want == have)
            continue;
        if (have != UINT64_MAX)
            kindex_delete(x->k, slot);
        if (want != UINT64_MAX && !add_words(f, c, slot, want, err))
            return false;
    }
    return true;
}

static bool open_keywords(Filler *f, SqConn *c, const SqOwner *o, const char *path, Err *err)
{
    SqIndex *x = f->x;
    Err why = ERR_INIT;
    bool known = false;
    x->k = path ? kindex_open_on(path, x->spill, &why) : NULL;
    if (x->k && !knows_seq(c, o, kindex_seq(x->k), &known, err))
        return false;
    if (!x->k || !known) {
        if (!x->k && why.code == ERR_NO_MEMORY)
            return forward(&why, err);
        if (path)
            tell_why("keyword", x->k != NULL, x->k ? kindex_seq(x->k) : 0, &why);
        kindex_close(x->k);
        x->k = path ? kindex_create_on(path, x->spill, &why) : NULL;
        if (path && !x->k)
            log_write(LOG_WARN, "store", "keeping the keyword cache in memory only: %s", why.msg);
        if (!x->k && !(x->k = kindex_create_on(NULL, x->spill, err)))
            return false;
    }
    return reconcile(f, c, err);
}

/* ---- both ----------------------------------------------------------------------------------- */

static bool open_both(Filler *f, SqConn *c, const SqOwner *o, Err *err)
{
    Sqlite *s = f->s;
    char *vpath = NULL, *kpath = NULL;
    Arena *paths = arena_new(ARENA_DEFAULT_MAX);
    if (!paths)
        return err_set(err, ERR_NO_MEMORY, "opening the index: out of memory");
    if (!f->x->in_memory) {
        Err why = ERR_INIT;
        char *dir = sq_index_path(s, &o->uuid, NULL, paths);
        vpath = sq_index_path(s, &o->uuid, "vectors", paths);
        kpath = sq_index_path(s, &o->uuid, "keywords", paths);
        if (!dir || !vpath || !kpath) {
            arena_free(paths);
            return err_set(err, ERR_NO_MEMORY, "opening the index: out of memory");
        }
        if (!os_mkdirs(dir, 0700, &why)) {
            log_write(LOG_WARN, "store", "keeping search caches in memory only: %s", why.msg);
            vpath = kpath = NULL;
        }
        if (dir && vpath && s->lean)
            f->x->spill = f->x->slots.spill = spill_open(dir, &why);
        if (dir && vpath && s->lean && !f->x->spill)
            log_write(LOG_WARN, "store", "the search caches take memory: %s", why.msg);
    }
    bool ok = open_vectors(f, c, o, vpath, err) && open_keywords(f, c, o, kpath, err)
        && map_again(f->x, err);
    if (ok && vindex_seq(f->x->v) == f->x->seq && kindex_seq(f->x->k) == f->x->seq)
        f->x->synced = f->x->seq;
    arena_free(paths);
    return ok;
}

SqIndex *sq_index_open(Sqlite *s, SqConn *c, const SqOwner *o, bool in_memory, Err *err)
{
    SqIndex *x = mem_zalloc(sizeof *x);
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    if (!x || !a) {
        mem_free(x);
        arena_free(a);
        err_set(err, ERR_NO_MEMORY, "opening the index: out of memory");
        return NULL;
    }
    pthread_rwlock_init(&x->swap, NULL);
    pthread_rwlock_init(&x->slots_lock, NULL);
    x->in_memory = in_memory || s->read_only;
    x->owner = (SqOwner *)(uintptr_t)o;
    Filler f = {s, x, a};
    Err why = ERR_INIT;
    bool ok = open_both(&f, c, o, &why);
    arena_free(a);
    if (ok)
        return x;
    bool files = !x->in_memory && (why.code == ERR_STORAGE_FULL || why.code == ERR_IO);
    sq_index_close(x);
    if (!files) {
        forward(&why, err);
        return NULL;
    }
    log_write(LOG_WARN, "store", "keeping search caches in memory for now: %s", why.msg);
    x = sq_index_open(s, c, o, true, err);
    if (x)
        x->retry_ns = clock_mono_ns();
    return x;
}

/* Puts what `fresh` holds into `x`, which searches may be holding, and frees the old. */
static void replace(SqIndex *x, SqIndex *fresh)
{
    pthread_rwlock_wrlock(&x->swap);
    pthread_rwlock_wrlock(&x->slots_lock);
    Vindex *v = x->v;
    Kindex *k = x->k;
    SqSlots slots = x->slots;
    Spill *spill = x->spill;
    x->spill = fresh->spill;
    x->v = fresh->v;
    x->k = fresh->k;
    x->slots = fresh->slots;
    x->seq = fresh->seq;
    x->synced = fresh->synced;
    x->in_memory = fresh->in_memory;
    x->retry_ns = fresh->retry_ns;
    atomic_store(&x->behind, false);
    pthread_rwlock_unlock(&x->slots_lock);
    pthread_rwlock_unlock(&x->swap);
    fresh->spill = spill;
    fresh->v = v;
    fresh->k = k;
    fresh->slots = slots;
    sq_index_close(fresh);
}

static bool start_anew(Sqlite *s, SqConn *c, const SqOwner *o, SqIndex *x, bool in_memory, Err *err)
{
    SqIndex *fresh = sq_index_open(s, c, o, in_memory, err);
    if (!fresh)
        return false;
    if (in_memory && !s->read_only)
        fresh->retry_ns = clock_mono_ns(); /* back to files as soon as there is room */
    replace(x, fresh);
    return true;
}

bool sq_index_catch_up(Sqlite *s, SqConn *c, const SqOwner *o, SqIndex *x, Err *err)
{
    bool known = x->seq == 0;
    if (!known && !knows_seq(c, o, x->seq, &known, err))
        return false;
    if (!known) {
        /* The log has been pruned past us: we read while another process wrote for long. */
        return start_anew(s, c, o, x, true, err);
    }
    Err why = ERR_INIT;
    Filler f = {s, x, arena_new(ARENA_DEFAULT_MAX)};
    if (!f.a)
        return err_set(err, ERR_NO_MEMORY, "bringing the index up to date: out of memory");
    bool ok = replay(&f, c, o, true, &why);
    arena_free(f.a);
    if (ok) {
        atomic_store(&x->behind, false);
        return true;
    }
    if (!x->in_memory && (why.code == ERR_STORAGE_FULL || why.code == ERR_IO)) {
        log_write(LOG_WARN, "store", "keeping search caches in memory for now: %s", why.msg);
        return start_anew(s, c, o, x, true, err);
    }
    return forward(&why, err);
}

bool sq_index_make_room(Sqlite *s, SqConn *c, SqOwner *o, Err *err)
{
    if (o->index && !o->index->in_memory && !start_anew(s, c, o, o->index, true, err))
        return false;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    char *dir = a ? sq_index_path(s, &o->uuid, NULL, a) : NULL;
    bool ok = (dir || err_set(err, ERR_NO_MEMORY, "making room: out of memory")) && os_is_dir(dir)
        && os_remove_tree(dir, err);
    arena_free(a);
    return ok;
}

bool sq_index_rebuild(Sqlite *s, SqConn *c, SqOwner *o, Err *err)
{
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    char *dir = a ? sq_index_path(s, &o->uuid, NULL, a) : NULL;
    bool ok = dir || err_set(err, ERR_NO_MEMORY, "rebuilding the index: out of memory");
    /* The files in use stay readable by their mappings until the new ones are in place. */
    ok = ok && os_remove_tree(dir, err);
    arena_free(a);
    if (ok && !o->index)
        return sq_index_of(s, o, err) != NULL;
    return ok && start_anew(s, c, o, o->index, false, err);
}
