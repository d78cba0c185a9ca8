/* qd_person.c - working copies of people: opened when first asked for, brought up to date before
 * every answer, closed when many others were used since. */
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/qdrant/qd.h"

/* Working copies open at one time, unless more are in use. Those of people who are not open in the
 * program are closed sooner (qd_rest). */
#define OPEN_MAX 256u

const Uuid QD_SYSTEM = {{0x50, 0x77, 0x05, 0x79, 0x51, 0xed, 0x4c, 0x1b, 0x9a, 0x02, 0x73, 0x79,
    0x73, 0x74, 0x65, 0x6d}};

/* ---- ids ------------------------------------------------------------------------------------ */

bool qd_point_id(const QdPerson *p, Str name, Uuid *out, Err *err)
{
    return uuid_v5(&p->id, name, out, err);
}

bool qd_commit_id(const QdPerson *p, uint64_t seq, Uuid *out, Err *err)
{
    char name[40];
    int n = snprintf(name, sizeof name, "commit\x1f%llu", (unsigned long long)seq);
    return qd_point_id(p, str_mem(name, (size_t)n), out, err);
}

bool qd_row_id(const QdPerson *p, Str table, Str key, const Uuid *txn, Uuid *out, Err *err)
{
    Buf b;
    char text[UUID_TEXT];
    buf_init(&b, 1 << 20);
    buf_printf(&b, STR_FMT "\x1f%s\x1f", STR_ARG(table), uuid_format(txn, text));
    buf_add(&b, key);
    bool ok = buf_check(&b, "a row's name", err) && qd_point_id(p, buf_str(&b), out, err);
    buf_release(&b);
    return ok;
}

bool qd_passage_id(const QdPerson *p, const Uuid *chunk, Uuid *out, Err *err)
{
    char name[8 + UUID_TEXT] = "passage\x1f";
    uuid_format(chunk, name + 8);
    return qd_point_id(p, str_of(name), out, err);
}

/* ---- the list ------------------------------------------------------------------------------- */

/* With lock_people held. */
static QdPerson *entry(Qd *q, const Uuid *owner, Err *err)
{
    for (QdPerson *p = q->people; p; p = p->next)
        if (uuid_eq(&p->id, owner))
            return p;
    QdPerson *p = mem_zalloc(sizeof *p);
    if (!p) {
        err_set(err, ERR_NO_MEMORY, "opening a working copy: out of memory");
        return NULL;
    }
    p->q = q;
    p->id = *owner;
    uuid_format(owner, p->text);
    pthread_mutex_init(&p->sync_lock, NULL);
    p->next = q->people;
    q->people = p;
    return p;
}

static char *folder(const QdPerson *p)
{
    Buf b;
    size_t n;
    buf_init(&b, 16384);
    buf_printf(&b, "%s/%s", p->q->dir, p->text);
    char *path = buf_take(&b, &n);
    buf_release(&b);
    return path;
}

/* With lock_people held, or nobody else there. */
static void close_copy(QdPerson *p)
{
    store_close(p->local);
    p->local = NULL;
    p->q->n_open--;
    char *dir = atomic_load(&p->gone) ? folder(p) : NULL;
    if (dir)
        (void)os_remove_tree(dir, NULL);
    mem_free(dir);
}

static void close_oldest(Qd *q)
{
    while (q->n_open > OPEN_MAX) {
        QdPerson *oldest = NULL;
        for (QdPerson *p = q->people; p; p = p->next)
            if (p->local && !p->users && !uuid_eq(&p->id, &QD_SYSTEM)
                && (!oldest || p->used_ns < oldest->used_ns))
                oldest = p;
        if (!oldest)
            return;
        close_copy(oldest);
    }
}

static void relay(void *arg, const Uuid *owner, ChangeKind kind, const Uuid *document)
{
    Qd *q = ((QdPerson *)arg)->q;
    pthread_mutex_lock(&q->change_lock);
    if (q->change_fn)
        q->change_fn(q->change_arg, owner, kind, document);
    pthread_mutex_unlock(&q->change_lock);
}

static void relay_news(void *arg, const Uuid *owner, const StoreNews *list, size_t n)
{
    Qd *q = ((QdPerson *)arg)->q;
    pthread_mutex_lock(&q->change_lock);
    if (q->news_fn)
        q->news_fn(q->news_arg, owner, list, n);
    pthread_mutex_unlock(&q->change_lock);
}

static void committed(void *arg, uint64_t seq)
{
    (void)seq;
    metric_add(((QdPerson *)arg)->q->commits, NULL, 1);
}

static Store *open_store(QdPerson *p, const char *dir, Err *err)
{
    StoreOptions so = {.dir = dir, .model = p->q->model, .lean = true,
        .context_weight = p->q->context_weight};
    SqReplicaOptions ro = {.send = qd_send, .committed = committed, .arg = p};
    Store *local = store_open_sqlite(&so, err);
    if (local
        && !(sq_replica_start(local, &ro, err)
            && (uuid_eq(&p->id, &QD_SYSTEM) || sq_replica_owner(local, &p->id, err)))) {
        store_close(local);
        local = NULL;
    }
    return local;
}

/* A copy of what is not there (any more): another server, or the collections were made anew. */
static bool of_this_truth(QdPerson *p, Store *local, bool *good, Err *err)
{
    uint64_t seq;
    Uuid mine, theirs;
    *good = true;
    if (!sq_replica_last(local, &seq, &mine, err))
        return false;
    return seq == 0
        || (qd_commit_get(p, seq, good, &theirs, err)
            && ((*good = *good && uuid_eq(&mine, &theirs)), true));
}

/* With sync_lock held. */
static bool open_copy(QdPerson *p, Err *err)
{
    Qd *q = p->q;
    bool good = true;
    char *dir = folder(p);
    if (!dir)
        return err_set(err, ERR_NO_MEMORY, "opening a working copy: out of memory");
    Err why = ERR_INIT;
    Store *local = open_store(p, dir, &why);
    if (!local && why.code == ERR_CORRUPT) {
        log_write(LOG_WARN, "qdrant", "a working copy is damaged and is made anew: %s", why.msg);
        good = false;
    } else if (local && !of_this_truth(p, local, &good, &why)) {
        store_close(local);
        local = NULL;
    }
    if (!good) {
        if (local)
            store_close(local);
        local = os_remove_tree(dir, &why) ? open_store(p, dir, &why) : NULL;
    }
    mem_free(dir);
    if (!local)
        return err && (*err = why, false);
    pthread_mutex_lock(&q->lock_people);
    p->local = local;
    q->n_open++;
    close_oldest(q);
    pthread_mutex_unlock(&q->lock_people);
    return true;
}

bool qd_person_refresh(QdPerson *p, Err *err)
{
    bool behind = false;
    if (!qd_behind(p, &behind, err))
        return false;
    if (!behind)
        return true;
    pthread_mutex_lock(&p->sync_lock);
    bool ok = qd_sync(p, err);
    pthread_mutex_unlock(&p->sync_lock);
    return ok;
}

QdPerson *qd_person_take(Qd *q, const Uuid *owner, bool fresh, Err *err)
{
    if (!qd_schema(q, err))
        return NULL;
    pthread_mutex_lock(&q->lock_people);
    QdPerson *p = entry(q, owner, err);
    if (p) {
        p->users++;
        p->used_ns = clock_mono_ns();
    }
    bool opened = p && p->local;
    pthread_mutex_unlock(&q->lock_people);
    if (!p)
        return NULL;
    bool ok = !atomic_load(&p->gone) || !atomic_load(&p->had_data)
        || err_set(err, ERR_NOT_FOUND, "this person and their data were removed");
    if (ok && !opened) {
        pthread_mutex_lock(&p->sync_lock);
        ok = p->local
            || (open_copy(p, err)
                /* A new copy looks at all there is: it may be that the person is no more. */
                && (sq_replica_seq(p->local) || qd_sync(p, err)));
        if (ok) { /* from now on: what a new copy begins with is no news */
            store_on_change(p->local, relay, p);
            store_on_news(p->local, relay_news, p);
        }
        pthread_mutex_unlock(&p->sync_lock);
    }
    if (ok && fresh && !atomic_load(&p->gone))
        ok = qd_person_refresh(p, err);
    if (ok)
        return p;
    qd_person_give(p);
    return NULL;
}

void qd_person_give(QdPerson *p)
{
    Qd *q = p->q;
    pthread_mutex_lock(&q->lock_people);
    p->users--;
    pthread_cond_broadcast(&q->closed);
    pthread_mutex_unlock(&q->lock_people);
}

void qd_rest(Store *s, const Uuid *owner)
{
    Qd *q = qd_of(s);
    pthread_mutex_lock(&q->lock_people);
    QdPerson *p = q->people;
    while (p && !uuid_eq(&p->id, owner))
        p = p->next;
    if (p && p->local && !p->users)
        close_copy(p);
    pthread_mutex_unlock(&q->lock_people);
}

void qd_person_drop(Qd *q, const Uuid *owner)
{
    pthread_mutex_lock(&q->lock_people);
    QdPerson *p = entry(q, owner, NULL);
    while (p && p->users)
        pthread_cond_wait(&q->closed, &q->lock_people);
    char *dir = p ? folder(p) : NULL;
    if (p && p->local)
        close_copy(p);
    Err err = ERR_INIT;
    if (dir && os_is_dir(dir) && !os_remove_tree(dir, &err))
        log_write(LOG_WARN, "qdrant", "%s", err.msg);
    pthread_mutex_unlock(&q->lock_people);
    mem_free(dir);
}

void qd_people_close(Qd *q)
{
    while (q->people) {
        QdPerson *p = q->people;
        q->people = p->next;
        if (p->local)
            close_copy(p);
        pthread_mutex_destroy(&p->sync_lock);
        mem_free(p);
    }
}
