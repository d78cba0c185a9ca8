/* qdrant.c - opening and closing; the operations that are not the working copy's alone.
 *
 *   DIR/sotto.lock        held: working copies have one process
 *   DIR/qdrant/PERSON/    working copies; may be deleted when nobody runs
 *
 * A watcher asks now and then whether other processes committed for the people whose copies are
 * open, so that clients that listen hear of it without asking. */
#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/qdrant/qd_ops.h"

#define WATCH_MS 1000

static char *join(const char *dir, const char *name)
{
    Buf b;
    size_t n;
    buf_init(&b, 16384);
    buf_printf(&b, "%s/%s", dir, name);
    char *path = buf_take(&b, &n);
    buf_release(&b);
    return path;
}

bool qd_raced(const Err *err, int tries)
{
    if (err->code != ERR_CONFLICT || strcmp(err->msg, QD_RACED) != 0 || tries >= QD_RACES)
        return false;
    uint32_t r = 0;
    (void)os_random(&r, sizeof r, NULL);
    long most = 1000000L * (tries < 6 ? 2 << tries : 100);
    (void)nanosleep(&(struct timespec){.tv_nsec = (long)(r % (uint32_t)most)}, NULL);
    return true;
}

/* ---- operations of their own ----------------------------------------------------------------- */

static bool qd_tokenize(Store *s, Str text,
    bool (*fn)(void *arg, Str stem, size_t start, size_t end), void *arg, Err *err)
{
    LOOSE(&QD_SYSTEM, who->local->ops->tokenize(who->local, text, fn, arg, &why));
}

static uint64_t qd_version(Store *s, const Uuid *owner)
{
    bool people = uuid_is_nil(owner);
    QdPerson *p = qd_person_take(qd_of(s), people ? &QD_SYSTEM : owner, true, NULL);
    uint64_t v = p ? sq_replica_seq(p->local) : 0;
    if (v && !people)
        v = p->local->ops->version(p->local, owner);
    if (p)
        qd_person_give(p);
    return v;
}

static uint64_t qd_plans_version(Store *s, const Uuid *owner)
{
    QdPerson *p = qd_person_take(qd_of(s), owner, true, NULL);
    uint64_t v = p && sq_replica_seq(p->local) ? p->local->ops->plans_version(p->local, owner) : 0;
    if (p)
        qd_person_give(p);
    return v;
}

static bool stats_of(QdPerson *p, const Uuid *owner, Arena *a, StoreStats *out, Err *err)
{
    if (!p->local->ops->stats(p->local, owner, a, out, err))
        return false;
    out->backend = STR("qdrant");
    return true;
}

static bool qd_stats(Store *s, const Uuid *owner, Arena *a, StoreStats *out, Err *err)
{
    READ(owner, stats_of(who, owner, a, out, &why));
}

static bool qd_ready(Store *s, Err *err)
{
    Qd *q = qd_of(s);
    return qd_http_ready(q->http, err) && qd_schema(q, err);
}

static void qd_on_change(Store *s, StoreChangeFn fn, void *arg)
{
    Qd *q = qd_of(s);
    pthread_mutex_lock(&q->change_lock);
    q->change_fn = fn;
    q->change_arg = arg;
    pthread_mutex_unlock(&q->change_lock);
}

static void qd_on_news(Store *s, StoreNewsFn fn, void *arg)
{
    Qd *q = qd_of(s);
    pthread_mutex_lock(&q->change_lock);
    q->news_fn = fn;
    q->news_arg = arg;
    pthread_mutex_unlock(&q->change_lock);
}

static bool sign_out(Store *s, const Uuid *person, Err *err)
{
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    Credential *list = NULL;
    size_t n = 0;
    if (!a)
        return err_set(err, ERR_NO_MEMORY, "removing a person: out of memory");
    bool ok = s->ops->credential_list(s, a, &list, &n, err);
    for (size_t i = 0; ok && i < n; i++)
        if (uuid_eq(&list[i].owner, person))
            ok = s->ops->credential_delete(s, &list[i].id, 1, err);
    arena_free(a);
    return ok;
}

static bool remove_there(QdPerson *p, const Uuid *person, Err *err)
{
    return p->local->ops->person_remove(p->local, person, err) && sq_replica_flush(p->local, err);
}

static bool remove_row(Store *s, const Uuid *person, Err *err)
{
    READ(&QD_SYSTEM, remove_there(who, person, &why));
}

/* Other processes learn of it by a last commit, which stays. */
static bool say_goodbye(Store *s, const Uuid *person, Err *err)
{
    for (int tries = 0;; tries++) {
        Err why = ERR_INIT;
        QdPerson *p = qd_person_take(qd_of(s), person, true, &why);
        bool ok = p && (atomic_load(&p->gone) || !sq_replica_seq(p->local)
            || qd_commit_removal(p, &why));
        if (p)
            qd_person_give(p);
        if (ok || why.code == ERR_NOT_FOUND)
            return true;
        if (!qd_raced(&why, tries))
            return err && (*err = why, false);
    }
}

/* What lets them in first, their row last: interrupted, it is done again. */
static bool qd_person_remove(Store *s, const Uuid *person, Err *err)
{
    Qd *q = qd_of(s);
    char id[UUID_TEXT];
    Buf b;
    if (!sign_out(s, person, err) || !say_goodbye(s, person, err))
        return false;
    qd_person_drop(q, person);
    buf_init(&b, 256);
    buf_printf(&b, "{\"must\":[{\"key\":\"owner\",\"match\":{\"value\":\"%s\"}}],"
        "\"must_not\":[{\"key\":\"removed\",\"match\":{\"value\":\"yes\"}}]}",
        uuid_format(person, id));
    bool ok = qd_delete_where(q, true, buf_str(&b), err)
        && qd_delete_where(q, false, buf_str(&b), err);
    buf_release(&b);
    return ok && remove_row(s, person, err);
}

static bool clear_there(QdPerson *p, const Uuid *person, Err *err)
{
    return p->local->ops->person_clear(p->local, person, err) && sq_replica_flush(p->local, err);
}

static bool qd_person_clear(Store *s, const Uuid *person, Err *err)
{
    WRITE(person, clear_there(who, person, &why));
}

/* ---- the watcher ----------------------------------------------------------------------------- */

/* The ids of people with an open copy. */
static size_t watched(Qd *q, Uuid *out, size_t max)
{
    size_t n = 0;
    pthread_mutex_lock(&q->lock_people);
    for (QdPerson *p = q->people; p && n < max; p = p->next)
        if (p->local)
            out[n++] = p->id;
    pthread_mutex_unlock(&q->lock_people);
    return n;
}

static void *watch(void *arg)
{
    Qd *q = arg;
    Uuid ids[256];
    pthread_mutex_lock(&q->watch_lock);
    while (!q->stop) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += WATCH_MS / 1000;
        (void)pthread_cond_timedwait(&q->watch_wake, &q->watch_lock, &until);
        pthread_mutex_unlock(&q->watch_lock);
        size_t n = watched(q, ids, sizeof ids / sizeof *ids);
        for (size_t i = 0; i < n; i++) {
            QdPerson *p = qd_person_take(q, &ids[i], true, NULL);
            if (!p)
                break; /* away: whoever asks for something is told */
            qd_person_give(p);
        }
        pthread_mutex_lock(&q->watch_lock);
    }
    pthread_mutex_unlock(&q->watch_lock);
    return NULL;
}

static bool start_watching(Qd *q, Err *err)
{
    int rc = pthread_create(&q->watcher, NULL, watch, q);
    if (rc)
        return err_set_errno(err, ERR_UNAVAILABLE, rc, "starting a thread");
    q->watching = true;
    return true;
}

/* ---- the whole store ------------------------------------------------------------------------- */

/* Of the copies that are open here; and that what they have is what Qdrant has. */
static bool check_one(Qd *q, const Uuid *id, bool repair, Buf *report, bool *good, Err *err)
{
    QdPerson *p = qd_person_take(q, id, true, err);
    if (!p)
        return false;
    Err why = ERR_INIT;
    bool ok = p->local->ops->check(p->local, repair, report, &why);
    qd_person_give(p);
    if (!ok && why.code != ERR_CORRUPT && err)
        *err = why;
    *good = *good && ok;
    return ok || why.code == ERR_CORRUPT;
}

static bool qd_check(Store *s, bool repair, Buf *report, Err *err)
{
    Qd *q = qd_of(s);
    Uuid ids[256];
    bool good = true;
    size_t n = watched(q, ids, sizeof ids / sizeof *ids);
    for (size_t i = 0; i < n; i++)
        if (!check_one(q, &ids[i], repair, report, &good, err))
            return false;
    return good || err_set(err, ERR_CORRUPT, "the check found faults");
}

static void qd_close(Store *s)
{
    Qd *q = qd_of(s);
    if (q->watching) {
        pthread_mutex_lock(&q->watch_lock);
        q->stop = true;
        pthread_cond_signal(&q->watch_wake);
        pthread_mutex_unlock(&q->watch_lock);
        pthread_join(q->watcher, NULL);
    }
    qd_people_close(q);
    qd_http_free(q->http);
    if (q->lock)
        os_unlock(q->lock);
    if (q->dir && q->private_copies)
        (void)os_remove_tree(q->dir, NULL);
    pthread_mutex_destroy(&q->schema_lock);
    pthread_mutex_destroy(&q->lock_people);
    pthread_cond_destroy(&q->closed);
    pthread_mutex_destroy(&q->change_lock);
    pthread_mutex_destroy(&q->watch_lock);
    pthread_mutex_destroy(&q->wakes_lock);
    arena_free(q->wakes_arena);
    pthread_cond_destroy(&q->watch_wake);
    mem_free(q->dir);
    mem_free(q->model);
    mem_free(q->prefix);
    mem_free(q);
}

static StoreOps ops;
static pthread_once_t ops_once = PTHREAD_ONCE_INIT;

static void fill_ops(void)
{
    qd_ops_documents(&ops);
    qd_ops_plans(&ops);
    qd_ops_people(&ops);
    ops.close = qd_close;
    ops.candidates = qd_candidates;
    ops.tokenize = qd_tokenize;
    ops.version = qd_version;
    ops.plans_version = qd_plans_version;
    ops.stats = qd_stats;
    ops.check = qd_check;
    ops.backup = qd_backup;
    ops.ready = qd_ready;
    ops.on_change = qd_on_change;
    ops.on_news = qd_on_news;
    ops.wakes = qd_wakes;
    ops.rest = qd_rest;
    ops.person_remove = qd_person_remove;
    ops.person_clear = qd_person_clear;
}

static void init_locks(Qd *q)
{
    pthread_condattr_t mono;
    pthread_condattr_init(&mono);
    pthread_condattr_setclock(&mono, CLOCK_MONOTONIC);
    pthread_mutex_init(&q->schema_lock, NULL);
    pthread_mutex_init(&q->lock_people, NULL);
    pthread_cond_init(&q->closed, NULL);
    pthread_mutex_init(&q->change_lock, NULL);
    pthread_mutex_init(&q->watch_lock, NULL);
    pthread_mutex_init(&q->wakes_lock, NULL);
    pthread_cond_init(&q->watch_wake, &mono);
    pthread_condattr_destroy(&mono);
}

static bool take_folder(Qd *q, const StoreOptions *o, Err *err)
{
    char name[64] = "qdrant";
    Buf holder;
    buf_init(&holder, 4096);
    if (o->read_only) { /* beside a running server, whose copies are its own */
        snprintf(name, sizeof name, "qdrant.%d", (int)getpid());
        q->private_copies = true;
    }
    q->dir = join(o->dir, name);
    char *lock = join(o->dir, "sotto.lock");
    Err why = ERR_INIT;
    bool ok = (q->dir && lock) || err_set(&why, ERR_NO_MEMORY, "opening Qdrant: out of memory");
    ok = ok && os_mkdirs(q->dir, 0700, &why);
    if (ok && !o->read_only) {
        q->lock = os_lock(lock, str_of(o->lock_note ? o->lock_note : ""), &holder, &why);
        ok = q->lock != NULL;
    }
    if (!ok && why.code == ERR_CONFLICT)
        err_set(err, ERR_CONFLICT, "%s is in use by another sotto%s" STR_FMT, o->dir,
            holder.len ? ": " : "", STR_ARG(buf_str(&holder)));
    else if (!ok && err)
        *err = why;
    mem_free(lock);
    buf_release(&holder);
    return ok;
}

/* A server that is away now may come; one that is of another kind is refused. */
static bool first_look(Qd *q, Err *err)
{
    Err why = ERR_INIT;
    if (qd_schema(q, &why))
        return true;
    if (why.code == ERR_UNAVAILABLE) {
        log_write(LOG_WARN, "qdrant", "%s", why.msg);
        return true;
    }
    return err && (*err = why, false);
}

Store *store_open_qdrant(const StoreOptions *o, const QdrantOptions *x, Err *err)
{
    Qd *q = mem_zalloc(sizeof *q);
    if (!q) {
        err_set(err, ERR_NO_MEMORY, "opening Qdrant: out of memory");
        return NULL;
    }
    pthread_once(&ops_once, fill_ops);
    q->base.ops = &ops;
    init_locks(q);
    q->model = mem_strdup(o->model ? o->model : "");
    q->prefix = mem_strdup(x->prefix ? x->prefix : "personal_");
    q->shards = x->shards;
    q->replicas = x->replicas;
    q->context_weight = o->context_weight;
    q->commits = metric_counter("qdrant_commits_total", "Commits made in Qdrant.", NULL);
    q->conflicts = metric_counter("qdrant_conflicts_total",
        "Commits that another process was faster with, and that were done again.", NULL);
    q->synced = metric_counter("qdrant_synced_commits_total",
        "Commits of other processes taken over.", NULL);
    bool ok = q->model && q->prefix;
    if (!ok)
        err_set(err, ERR_NO_MEMORY, "opening Qdrant: out of memory");
    if (ok && take_folder(q, o, err) && (q->http = qd_http_new(x, err)) && first_look(q, err)
        && start_watching(q, err))
        return &q->base;
    qd_close(&q->base);
    return NULL;
}
