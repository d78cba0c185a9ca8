/* owners.c - the people whose data are here: all of them in memory, as they are asked for in every
 * call; their indexes when somebody needs them, unless there are few. One that is removed is marked
 * and stays in the list while the store is open: calls on their way may still look at it, and its
 * id is never anybody's again. */
#include "store/sqlite/sq_index.h"
#include "store/sqlite/sq_replica_int.h"

#include "base/clock.h"
#include "base/mem.h"

#define FEW 16 /* their indexes are opened at once: the first question does not wait for it */

static size_t bucket_of(const Sqlite *s, const Uuid *uuid)
{
    uint64_t h;
    memcpy(&h, uuid->b + 8, sizeof h); /* of a v7 the part that is random */
    return (size_t)(h * 0x9e3779b97f4a7c15u >> 32) & (s->n_buckets - 1);
}

/* With owners_lock held. A table that cannot grow is slow, no more. */
static void grow_buckets(Sqlite *s)
{
    size_t n = s->n_buckets ? s->n_buckets * 2 : 16;
    SqOwner **wider = s->n_owners * 2 < s->n_buckets ? NULL : mem_array(n, sizeof *wider);
    if (!wider)
        return;
    mem_free(s->buckets);
    s->buckets = wider;
    s->n_buckets = n;
    for (SqOwner *o = s->owners; o; o = o->next) {
        SqOwner **at = &s->buckets[bucket_of(s, &o->uuid)];
        o->same = *at;
        *at = o;
    }
}

static SqOwner *find(Sqlite *s, const Uuid *uuid, bool *gone)
{
    pthread_mutex_lock(&s->owners_lock);
    SqOwner *o = s->n_buckets ? s->buckets[bucket_of(s, uuid)] : s->owners;
    while (o && !uuid_eq(&o->uuid, uuid))
        o = s->n_buckets ? o->same : o->next;
    *gone = o && o->gone;
    pthread_mutex_unlock(&s->owners_lock);
    return o;
}

void sq_owner_gone(Sqlite *s, SqOwner *o)
{
    pthread_mutex_lock(&s->owners_lock);
    o->gone = true;
    pthread_mutex_unlock(&s->owners_lock);
}

static bool is_gone(Err *err)
{
    return err_set(err, ERR_NOT_FOUND, "this person and their data were removed");
}

static void publish(Sqlite *s, SqOwner *o)
{
    pthread_mutex_lock(&s->owners_lock);
    o->next = s->owners;
    s->owners = o;
    s->n_owners++;
    if (s->n_buckets) {
        SqOwner **at = &s->buckets[bucket_of(s, &o->uuid)];
        o->same = *at;
        *at = o;
    }
    grow_buckets(s);
    pthread_mutex_unlock(&s->owners_lock);
}

/* Versions begin at the wall clock, so that one seen before a restart is not seen again. */
static SqOwner *owner_new(const Uuid *uuid, int64_t no, Err *err)
{
    SqOwner *o = mem_zalloc(sizeof *o);
    if (!o) {
        err_set(err, ERR_NO_MEMORY, "opening an owner: out of memory");
        return NULL;
    }
    o->uuid = *uuid;
    o->no = no;
    pthread_rwlock_init(&o->in_use, NULL);
    atomic_init(&o->version, (uint64_t)clock_now_ms() * 1000);
    return o;
}

static bool lookup(SqConn *c, const Uuid *uuid, int64_t *no, Err *err)
{
    static const char sql[] = "SELECT owner_no FROM owners WHERE uuid = ?1";
    Sq q;
    int rc = -1;
    if (sq_begin(&q, c, sql, err)) {
        sq_blob(&q, uuid->b, sizeof uuid->b);
        rc = sq_step(&q, err);
        *no = rc > 0 ? sq_col_i64(&q, 0) : 0;
    }
    sq_end(&q);
    return rc >= 0;
}

/* A read-only store learns of new owners by asking. */
static SqOwner *discover(Sqlite *s, const Uuid *uuid)
{
    int64_t no = 0;
    SqOwner *o = NULL;
    SqConn *c = sq_read_begin(s, NULL);
    if (!c)
        return NULL;
    pthread_mutex_lock(&s->refresh_lock);
    bool gone;
    o = find(s, uuid, &gone);
    if (!o && lookup(c, uuid, &no, NULL) && no && (o = owner_new(uuid, no, NULL)))
        publish(s, o);
    pthread_mutex_unlock(&s->refresh_lock);
    sq_read_end(s, c);
    return o;
}

SqOwner *sq_owner(Sqlite *s, const Uuid *uuid)
{
    bool gone;
    SqOwner *o = find(s, uuid, &gone);
    if (gone)
        return NULL;
    return o || !s->read_only ? o : discover(s, uuid);
}

typedef struct {
    SqWrite w;
    const Uuid *uuid;
    SqOwner *made;
} MakeOwner;

static bool insert_owner(SqConn *c, const Uuid *uuid, Err *err)
{
    static const char sql[] = "INSERT OR IGNORE INTO owners (uuid, created_at) VALUES (?1, ?2)";
    Sq q;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_blob(&q, uuid->b, sizeof uuid->b);
    sq_i64(&q, clock_now_ms());
    return sq_run(&q, err);
}

static bool make_owner(Sqlite *s, SqWrite *w, Err *err)
{
    MakeOwner *m = (MakeOwner *)w;
    SqConn *c = s->writer.conn;
    int64_t no;
    bool gone;
    m->made = find(s, m->uuid, &gone);
    if (gone)
        return is_gone(err);
    if (m->made)
        return true; /* somebody was faster */
    if (!insert_owner(c, m->uuid, err) || !lookup(c, m->uuid, &no, err))
        return false;
    SqOwner *o = owner_new(m->uuid, no, err);
    if (!o || (s->n_owners < FEW && !sq_index_of(s, o, err))) {
        mem_free(o);
        return false;
    }
    publish(s, o);
    m->made = o;
    return true;
}

SqOwner *sq_owner_make(Sqlite *s, const Uuid *uuid, Err *err)
{
    bool gone;
    SqOwner *o = find(s, uuid, &gone);
    if (gone)
        (void)is_gone(err);
    if (o)
        return gone ? NULL : o;
    MakeOwner m = {.w = {.alone = make_owner}, .uuid = uuid};
    return sq_write(s, &m.w, err) ? m.made : NULL;
}

bool sq_owners_refresh(Sqlite *s, Err *err)
{
    return sq_owners_load(s, err);
}

bool sq_owners_load(Sqlite *s, Err *err)
{
    SqConn *c = s->writer.conn;
    Sq q;
    int rc = -1;
    if (sq_begin_once(&q, c, STR("SELECT uuid, owner_no FROM owners ORDER BY owner_no DESC"),
        err)) {
        while ((rc = sq_step(&q, err)) > 0) {
            Uuid uuid;
            if (!sq_col_bytes(&q, 0, uuid.b, sizeof uuid.b, "an owner", err))
                break;
            bool gone;
            if (find(s, &uuid, &gone))
                continue;
            SqOwner *o = owner_new(&uuid, sq_col_i64(&q, 1), err);
            if (!o)
                break;
            publish(s, o);
        }
    }
    sq_end(&q);
    for (SqOwner *o = s->owners; rc == 0 && o && s->n_owners <= FEW; o = o->next)
        if (!o->gone && !sq_index_of(s, o, err))
            return false;
    return rc == 0;
}

void sq_owners_free(Sqlite *s)
{
    while (s->owners) {
        SqOwner *o = s->owners;
        s->owners = o->next;
        sq_index_close(o->index);
        pthread_rwlock_destroy(&o->in_use);
        mem_free(o);
    }
    mem_free(s->buckets);
}

uint64_t sq_version(Store *store, const Uuid *owner)
{
    Sqlite *s = sq_of(store);
    SqOwner *o = sq_owner(s, owner);
    if (!o)
        return 0;
    uint64_t v = atomic_load(&o->version);
    if (!s->read_only)
        return v;
    /* Another process writes: SQLite counts its commits for a connection that stays open. */
    pthread_mutex_lock(&s->refresh_lock);
    Sq q;
    if (sq_begin_once(&q, s->watch, STR("PRAGMA data_version"), NULL) && sq_step(&q, NULL) > 0)
        v += (uint64_t)sq_col_i64(&q, 0);
    sq_end(&q);
    pthread_mutex_unlock(&s->refresh_lock);
    return v;
}

bool sq_owned_begin(SqOwned *r, Store *store, const Uuid *owner, const char *sql, Err *err)
{
    Sqlite *s = sq_of(store);
    SqOwner *o = sq_owner(s, owner);
    *r = (SqOwned){.s = s, .nobody = !o};
    r->c = o ? sq_read_begin(s, err) : NULL;
    if (!r->c)
        return false;
    if (!sq_begin(&r->q, r->c, sql, err)) {
        sq_read_end(s, r->c);
        return false;
    }
    r->owner_no = o->no;
    sq_i64(&r->q, o->no);
    return true;
}

bool sq_owned_list(SqOwned *r, Arena *a, SqReadFn read, size_t size, void *list, size_t *n,
    Err *err)
{
    bool ok = sq_list(&r->q, a, read, size, list, n, err);
    sq_read_end(r->s, r->c);
    return ok;
}

int sq_owned_by(Store *store, const Uuid *owner, const char *sql, const void *key, size_t n,
    SqReadFn read, Arena *a, void *row, Err *err)
{
    SqOwned r;
    if (!sq_owned_begin(&r, store, owner, sql, err))
        return r.nobody ? 0 : -1;
    sq_blob(&r.q, key, n);
    int rc = sq_step(&r.q, err);
    if (rc > 0 && !read(&r.q, a, row, err))
        rc = -1;
    sq_end(&r.q);
    sq_read_end(r.s, r.c);
    return rc;
}
