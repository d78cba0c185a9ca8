/* near.c - near-duplicates out of the sketches table.
 *
 * Expected work: one document is shown (its neighbours among 100,000 in about a millisecond), now
 * and then all groups are listed. The first keeps all sketches in memory, 88 bytes a document; the
 * list only grows at its end and is caught up from the table, whose numbers are never used again.
 * What was deleted or replaced meanwhile stays in the list until it is read anew, and drops out
 * when a hit is looked up.
 *
 * What a document was found similar to is remembered with how much of the list it was compared
 * with: shown again, it is compared with what came since and no more. */
#include "store/sqlite/sq.h"

#include <stdlib.h>

#include "base/mem.h"
#include "store/near.h"

#define KNOWN_MAX 64               /* hits of one document that are remembered */
#define KNOWN_BYTES ((size_t)8 << 20) /* of all; past it everything is forgotten */

typedef struct {
    uint32_t at;                   /* in the list */
    double similarity;
} KnownHit;

/* Everything similar to one document among the first `compared` of the list. */
typedef struct {
    uint32_t compared, n;
    KnownHit hits[];
} Known;

typedef struct {
    int64_t sketch_no, doc_no;
    int64_t owner_no;
    Known *known;                  /* NULL: nothing is */
    uint8_t sketch[NEAR_BYTES];
} Entry;

struct SqNear {
    pthread_mutex_t lock;
    Entry *items;
    size_t n, cap;
    size_t at_load; /* entries when the list was last read whole */
    uint64_t loads; /* how often it was */
    size_t known_bytes;
    double least;   /* of what is known; of another value nothing is */
};

SqNear *sq_near_new(void)
{
    SqNear *near = mem_zalloc(sizeof *near);
    if (near)
        (void)pthread_mutex_init(&near->lock, NULL);
    return near;
}

static void forget_known(SqNear *near)
{
    for (size_t i = 0; near->known_bytes && i < near->n; i++) {
        mem_free(near->items[i].known);
        near->items[i].known = NULL;
    }
    near->known_bytes = 0;
}

void sq_near_free(SqNear *near)
{
    if (!near)
        return;
    forget_known(near);
    (void)pthread_mutex_destroy(&near->lock);
    mem_free(near->items);
    mem_free(near);
}

static bool no_memory(Err *err)
{
    return err_set(err, ERR_NO_MEMORY, "looking for similar documents: out of memory");
}

static bool push(SqNear *near, const Entry *e, Err *err)
{
    if (near->n == near->cap) {
        size_t cap = near->cap ? near->cap + near->cap / 2 : 1024;
        Entry *more = mem_resize(near->items, cap, sizeof *more);
        if (!more)
            return no_memory(err);
        near->items = more;
        near->cap = cap;
    }
    near->items[near->n++] = *e;
    return true;
}

/* Reads what came since the last time, once a snapshot; all of it again when half the list may be
 * of the past. */
static bool catch_up(SqNear *near, SqConn *c, Err *err)
{
    if (near->n && c->near_loads == near->loads)
        return true;
    static const char sql[] = "SELECT sketch_no, doc_no, owner_no, sketch FROM sketches "
                              "WHERE sketch_no > ?1 ORDER BY sketch_no";
    bool whole = near->n == 0 || near->n > 2 * near->at_load + 4096;
    if (whole) {
        forget_known(near);
        near->n = 0;
        near->loads++;
    }
    Sq q;
    int rc = -1;
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, near->n ? near->items[near->n - 1].sketch_no : 0);
        while ((rc = sq_step(&q, err)) > 0) {
            Entry e = {sq_col_i64(&q, 0), sq_col_i64(&q, 1), sq_col_i64(&q, 2), NULL, {0}};
            if (!sq_col_bytes(&q, 3, e.sketch, sizeof e.sketch, "a document's sketch", err)
                || !push(near, &e, err)) {
                rc = -1;
                break;
            }
        }
    }
    sq_end(&q);
    if (whole)
        near->at_load = near->n;
    if (rc == 0)
        c->near_loads = near->loads;
    return rc == 0;
}

/* ---- one against all ------------------------------------------------------------------------ */

typedef struct {
    int64_t sketch_no, doc_no;
    double similarity;
} Hit;

static int by_similarity(const void *a, const void *b)
{
    const Hit *x = a, *y = b;
    if (x->similarity != y->similarity)
        return x->similarity > y->similarity ? -1 : 1;
    return x->doc_no < y->doc_no ? -1 : x->doc_no > y->doc_no;
}

typedef struct {
    int64_t sketch_no, doc_no, owner_no;
    uint8_t sketch[NEAR_BYTES];
} One;

/* Where a sketch is in the list, which is in order of their numbers; NULL when it is not. */
static Entry *entry_of(SqNear *near, int64_t sketch_no)
{
    size_t from = 0, to = near->n;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        if (near->items[mid].sketch_no < sketch_no)
            from = mid + 1;
        else
            to = mid;
    }
    return from < near->n && near->items[from].sketch_no == sketch_no ? &near->items[from] : NULL;
}

typedef struct {
    KnownHit *items;
    size_t n, cap;
} Found;

static bool compare(const SqNear *near, const One *one, size_t from, double least, Arena *a,
    Found *found, Err *err)
{
    for (size_t i = from; i < near->n; i++) {
        const Entry *e = &near->items[i];
        double similarity = near_similarity(one->sketch, e->sketch);
        if (similarity < least || e->owner_no != one->owner_no || e->doc_no == one->doc_no)
            continue;
        if (!ARENA_GROW(a, found->items, found->n, found->cap))
            return no_memory(err);
        found->items[found->n++] = (KnownHit){(uint32_t)i, similarity};
    }
    return true;
}

static bool recall(const Known *k, Arena *a, Found *found, Err *err)
{
    for (uint32_t i = 0; i < k->n; i++) {
        if (!ARENA_GROW(a, found->items, found->n, found->cap))
            return no_memory(err);
        found->items[found->n++] = k->hits[i];
    }
    return true;
}

/* Without memory nothing is remembered, which costs the next one time. */
static void remember(SqNear *near, Entry *e, const Found *found)
{
    size_t bytes = sizeof(Known) + found->n * sizeof(KnownHit);
    if (near->known_bytes + bytes > KNOWN_BYTES)
        forget_known(near);
    if (e->known) {
        near->known_bytes -= sizeof(Known) + e->known->n * sizeof(KnownHit);
        mem_free(e->known);
    }
    e->known = found->n <= KNOWN_MAX ? mem_alloc(bytes) : NULL;
    if (!e->known)
        return;
    near->known_bytes += bytes;
    e->known->compared = (uint32_t)near->n;
    e->known->n = (uint32_t)found->n;
    if (found->n)
        memcpy(e->known->hits, found->items, found->n * sizeof *found->items);
}

static bool scan(SqNear *near, const One *one, double least, Arena *a, Hit **hits, size_t *n,
    Err *err)
{
    if (near->least != least)
        forget_known(near);
    near->least = least;
    Found found = {0};
    Entry *e = entry_of(near, one->sketch_no);
    size_t from = e && e->known ? e->known->compared : 0;
    if ((from && !recall(e->known, a, &found, err)) || !compare(near, one, from, least, a, &found,
                                                                err))
        return false;
    if (e && from < near->n)
        remember(near, e, &found);
    *n = found.n;
    *hits = found.n ? ARENA_NEW_ARRAY(a, Hit, found.n) : NULL;
    if (found.n && !*hits)
        return no_memory(err);
    for (size_t i = 0; i < found.n; i++) {
        const Entry *hit = &near->items[found.items[i].at];
        (*hits)[i] = (Hit){hit->sketch_no, hit->doc_no, found.items[i].similarity};
    }
    if (*n)
        qsort(*hits, *n, sizeof **hits, by_similarity);
    return true;
}

/* The sketch of one document: 1, 0 when it has none, -1. */
static int own_sketch(SqConn *c, int64_t owner_no, const Uuid *id, One *one, Err *err)
{
    static const char by_id[] =
        "SELECT d.doc_no, s.sketch, s.sketch_no FROM documents d JOIN sketches s "
        "ON s.doc_no = d.doc_no WHERE d.owner_no = ?1 AND d.uuid = ?2";
    static const char by_no[] =
        "SELECT doc_no, sketch, sketch_no FROM sketches WHERE owner_no = ?1 AND doc_no = ?2";
    bool last = c->last.doc_no && c->last.owner_no == owner_no && uuid_eq(&c->last.uuid, id);
    Sq q;
    int rc = -1;
    if (sq_begin(&q, c, last ? by_no : by_id, err)) {
        sq_i64(&q, owner_no);
        if (last)
            sq_i64(&q, c->last.doc_no);
        else
            sq_blob(&q, id->b, sizeof id->b);
        rc = sq_step(&q, err);
        if (rc > 0) {
            one->doc_no = sq_col_i64(&q, 0);
            one->sketch_no = sq_col_i64(&q, 2);
            one->owner_no = owner_no;
            if (!sq_col_bytes(&q, 1, one->sketch, NEAR_BYTES, "a document's sketch", err))
                rc = -1;
        }
    }
    sq_end(&q);
    return rc;
}

/* 1 read, 0 when that sketch is no document's any more, -1. */
static int look_up(SqConn *c, const Hit *hit, Arena *a, NearDocument *out, Err *err)
{
    static const char sql[] =
        "SELECT d.uuid, d.title, d.source, d.created_at FROM sketches s JOIN documents d "
        "ON d.doc_no = s.doc_no WHERE s.sketch_no = ?1";
    Sq q;
    int rc = -1;
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, hit->sketch_no);
        rc = sq_step(&q, err);
        if (rc > 0) {
            out->similarity = hit->similarity;
            out->created_at = sq_col_i64(&q, 3);
            if (!sq_col_bytes(&q, 0, out->id.b, sizeof out->id.b, "a document's id", err)
                || !sq_col_copy(&q, 1, a, &out->title, err)
                || !sq_col_copy(&q, 2, a, &out->source, err))
                rc = -1;
        }
    }
    sq_end(&q);
    return rc;
}

static bool neighbours(Sqlite *s, SqConn *c, int64_t owner_no, const Uuid *id, double least,
    size_t max, Arena *a, NearDocument **out, size_t *n, Err *err)
{
    One one;
    Hit *hits = NULL;
    size_t n_hits = 0;
    int rc = own_sketch(c, owner_no, id, &one, err);
    if (rc <= 0)
        return rc == 0;
    (void)pthread_mutex_lock(&s->near->lock);
    bool ok = catch_up(s->near, c, err)
        && scan(s->near, &one, least, a, &hits, &n_hits, err);
    (void)pthread_mutex_unlock(&s->near->lock);
    *out = ok ? ARENA_NEW_ARRAY(a, NearDocument, max + 1) : NULL;
    if (!*out)
        return ok ? no_memory(err) : false;
    for (size_t i = 0; i < n_hits && *n < max; i++) {
        rc = look_up(c, &hits[i], a, &(*out)[*n], err);
        if (rc < 0)
            return false;
        *n += rc > 0;
    }
    return true;
}

bool sq_near_documents(Store *store, const Uuid *owner, const Uuid *id, double least, size_t max,
    Arena *a, NearDocument **out, size_t *n, Err *err)
{
    Sqlite *s = sq_of(store);
    SqOwner *o = sq_owner(s, owner);
    NearDocument *found = NULL;
    size_t count = 0;
    SqConn *c = o ? sq_read_begin(s, err) : NULL;
    bool ok = !o || (c && neighbours(s, c, o->no, id, least, max, a, &found, &count, err));
    if (c)
        sq_read_end(s, c);
    if (ok) {
        *out = found;
        *n = count;
    }
    return ok;
}

/* ---- all against all ------------------------------------------------------------------------ */

typedef struct {
    Hit *hits;         /* sketch numbers, in order of doc_no */
    uint8_t *sketches; /* [n][NEAR_BYTES] */
    uint32_t *group, *order;
    size_t n;
} All;

static void all_release(All *all)
{
    mem_free(all->hits);
    mem_free(all->sketches);
    mem_free(all->group);
    mem_free(all->order);
}

static bool all_read(SqConn *c, int64_t owner_no, All *all, Err *err)
{
    static const char count[] = "SELECT count(*) FROM sketches WHERE owner_no = ?1";
    static const char sql[] = "SELECT sketch_no, doc_no, sketch FROM sketches WHERE owner_no = ?1 "
                              "ORDER BY doc_no";
    Sq q;
    bool ok = sq_begin(&q, c, count, err);
    if (ok) {
        sq_i64(&q, owner_no);
        ok = sq_step(&q, err) > 0;
    }
    size_t max = ok ? (size_t)sq_col_i64(&q, 0) : 0;
    sq_end(&q);
    all->hits = mem_array(max + 1, sizeof *all->hits);
    all->sketches = mem_array(max + 1, NEAR_BYTES);
    all->group = mem_array(max + 1, sizeof *all->group);
    all->order = mem_array(max + 1, sizeof *all->order);
    if (ok && (!all->hits || !all->sketches || !all->group || !all->order))
        return no_memory(err);
    int rc = -1;
    if (ok && sq_begin(&q, c, sql, err)) {
        sq_i64(&q, owner_no);
        while ((rc = sq_step(&q, err)) > 0 && all->n < max) {
            uint8_t *to = all->sketches + all->n * NEAR_BYTES;
            if (!sq_col_bytes(&q, 2, to, NEAR_BYTES, "a document's sketch", err)) {
                rc = -1;
                break;
            }
            all->hits[all->n++] = (Hit){sq_col_i64(&q, 0), sq_col_i64(&q, 1), 1};
        }
    }
    sq_end(&q);
    return ok && rc >= 0;
}

/* Members of groups of two and more, one group after the other, largest groups first; `starts` gets
 * where each begins in all->order. */
static int by_group(const void *a, const void *b, void *arg)
{
    const All *all = arg;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    if (all->group[x] != all->group[y]) {
        double nx = all->hits[all->group[x]].similarity, ny = all->hits[all->group[y]].similarity;
        if (nx != ny) /* the sizes, kept with the leaders */
            return nx > ny ? -1 : 1;
        return all->group[x] < all->group[y] ? -1 : 1;
    }
    return x < y ? -1 : x > y;
}

static size_t order_groups(All *all, size_t *n_groups)
{
    size_t n = 0;
    for (size_t i = 0; i < all->n; i++)
        all->hits[i].similarity = 0;
    for (size_t i = 0; i < all->n; i++)
        all->hits[all->group[i]].similarity += 1;
    *n_groups = 0;
    for (uint32_t i = 0; i < all->n; i++) {
        double size = all->hits[all->group[i]].similarity;
        if (size < 2)
            continue;
        all->order[n++] = i;
        *n_groups += all->group[i] == i;
    }
    qsort_r(all->order, n, sizeof *all->order, by_group, all);
    return n;
}

static bool read_group(SqConn *c, const All *all, const uint32_t *members, size_t n, Arena *a,
    NearGroup *out, Err *err)
{
    const uint8_t *first = all->sketches + (size_t)members[0] * NEAR_BYTES;
    *out = (NearGroup){.documents = ARENA_NEW_ARRAY(a, NearDocument, n)};
    if (!out->documents)
        return no_memory(err);
    for (size_t i = 0; i < n; i++) {
        Hit hit = all->hits[members[i]];
        hit.similarity = near_similarity(first, all->sketches + (size_t)members[i] * NEAR_BYTES);
        int rc = look_up(c, &hit, a, &out->documents[out->n], err);
        if (rc < 0)
            return false;
        out->n += rc > 0;
    }
    return true;
}

static bool read_groups(SqConn *c, const All *all, size_t n_members, size_t offset, size_t limit,
    Arena *a, NearPage *out, Err *err)
{
    out->groups = ARENA_NEW_ARRAY(a, NearGroup, limit + 1);
    if (!out->groups)
        return no_memory(err);
    size_t number = 0;
    for (size_t from = 0, to; from < n_members && out->n < limit; from = to, number++) {
        for (to = from; to < n_members
             && all->group[all->order[to]] == all->group[all->order[from]];)
            to++;
        if (number < offset)
            continue;
        if (!read_group(c, all, all->order + from, to - from, a, &out->groups[out->n++], err))
            return false;
    }
    return true;
}

bool sq_near_groups(Store *store, const Uuid *owner, double least, size_t offset, size_t limit,
    Arena *a, NearPage *out, Err *err)
{
    Sqlite *s = sq_of(store);
    SqOwner *o = sq_owner(s, owner);
    NearPage page = {0};
    All all = {0};
    SqConn *c = o ? sq_read_begin(s, err) : NULL;
    bool ok = !o || (c && all_read(c, o->no, &all, err));
    ok = ok && near_groups(all.sketches, all.n, least, all.group, err);
    if (ok && all.n) {
        size_t members = order_groups(&all, &page.total);
        ok = read_groups(c, &all, members, offset, limit, a, &page, err);
    }
    if (c)
        sq_read_end(s, c);
    all_release(&all);
    if (ok)
        *out = page;
    return ok;
}
