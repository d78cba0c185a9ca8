/* open.c - opening and closing the data folder, and the pool of read connections.
 *
 *   DIR/sotto.db (-wal, -shm)   the truth
 *   DIR/sotto.lock              held by the process that writes; says where its server listens
 *   DIR/cache/OWNER/...         search caches, rebuilt when they are not there */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/sqlite/sq_index.h"
#include "store/sqlite/sq_calendar.h"
#include "store/sqlite/sq_replica_int.h"

#include "base/mem.h"

static const StoreOps OPS;

/* ---- the pool ------------------------------------------------------------------------------- */

SqConn *sq_conn_take(Sqlite *s, Err *err)
{
    pthread_mutex_lock(&s->pool_lock);
    while (!s->pool && s->pool_made >= SQ_READERS)
        pthread_cond_wait(&s->pool_free, &s->pool_lock);
    SqConn *c = s->pool;
    if (c)
        s->pool = c->next;
    else
        s->pool_made++;
    pthread_mutex_unlock(&s->pool_lock);
    if (!c && !(c = sq_conn_open(s->path, s->reader_role, err))) {
        pthread_mutex_lock(&s->pool_lock);
        s->pool_made--;
        pthread_cond_signal(&s->pool_free);
        pthread_mutex_unlock(&s->pool_lock);
    }
    return c;
}

void sq_conn_give(Sqlite *s, SqConn *c)
{
    pthread_mutex_lock(&s->pool_lock);
    c->next = s->pool;
    s->pool = c;
    pthread_cond_signal(&s->pool_free);
    pthread_mutex_unlock(&s->pool_lock);
}

/* Between sq_read_hold and sq_read_release a thread's reads share a connection and a snapshot. None
 * of them runs inside another that is held with the same statement still open: the calls of store.h
 * end what they begin. */
static _Thread_local struct {
    Sqlite *store;
    SqConn *c; /* NULL: nothing was read yet */
} held;

void sq_read_hold(Store *store)
{
    held.store = sq_of(store);
    held.c = NULL;
}

void sq_read_release(Store *store)
{
    SqConn *c = held.c;
    held.store = NULL;
    held.c = NULL;
    if (c)
        sq_read_end(sq_of(store), c);
}

static SqConn *begin_read(Sqlite *s, Err *err)
{
    static const char sql[] = "BEGIN";
    SqConn *c = sq_conn_take(s, err);
    Sq q;
    /* A read whose end failed twice (sq_read_end) would show what was there then for ever. */
    if (c && !sqlite3_get_autocommit(c->db)
        && !sq_exec(c, "ROLLBACK", "ending an earlier read", err)) {
        sq_conn_give(s, c);
        return NULL;
    }
    if (c) {
        c->last.doc_no = 0;
        c->near_loads = 0;
    }
    if (c && sq_begin(&q, c, sql, err) && sq_run(&q, err))
        return c;
    if (c)
        sq_conn_give(s, c);
    return NULL;
}

SqConn *sq_read_begin(Sqlite *s, Err *err)
{
    if (held.store != s)
        return begin_read(s, err);
    if (!held.c)
        held.c = begin_read(s, err);
    return held.c;
}

void sq_read_end(Sqlite *s, SqConn *c)
{
    if (c == held.c)
        return;
    static const char sql[] = "COMMIT";
    Sq q;
    /* Ending a read cannot lose anything; if it fails, a rollback ends it for certain. */
    if (!sq_begin(&q, c, sql, NULL) || !sq_run(&q, NULL))
        sq_exec(c, "ROLLBACK", "ending a read", NULL);
    sq_conn_give(s, c);
}

/* ---- opening -------------------------------------------------------------------------------- */

static bool take_lock(Sqlite *s, const StoreOptions *o, Err *err)
{
    Buf path, holder;
    buf_init(&path, 16384);
    buf_init(&holder, 4096);
    buf_printf(&path, "%s/sotto.lock", s->dir);
    Err why = ERR_INIT;
    bool ok = buf_check(&path, "the data folder's path", &why);
    if (ok) {
        s->lock = os_lock(path.ptr, str_of(o->lock_note ? o->lock_note : ""), &holder, &why);
        ok = s->lock != NULL;
    }
    if (!ok && why.code == ERR_CONFLICT)
        err_set(err, ERR_CONFLICT, "%s is in use by another sotto%s" STR_FMT, s->dir,
            holder.len ? ": " : "", STR_ARG(buf_str(&holder)));
    else if (!ok && err)
        *err = why;
    buf_release(&path);
    buf_release(&holder);
    return ok;
}

/* Numbers go on after the highest that was ever given and may still be meant. */
bool sq_counters_load(Sqlite *s, Err *err)
{
    Sq q;
    SqWriter *w = &s->writer;
    bool ok = sq_begin_once(&q, w->conn,
        STR("SELECT max((SELECT coalesce(max(chunk_no), 0) FROM chunks),"
            "           (SELECT coalesce(max(last_chunk), 0) FROM changes)),"
            "       max((SELECT coalesce(max(doc_no), 0) FROM documents),"
            "           (SELECT coalesce(max(doc_no), 0) FROM changes)),"
            "       (SELECT coalesce(max(seq), 0) FROM changes)"), err)
        && sq_step(&q, err) > 0;
    if (ok) {
        w->next_chunk = (uint64_t)sq_col_i64(&q, 0) + 1;
        w->next_doc = (uint64_t)sq_col_i64(&q, 1) + 1;
        w->seq = (uint64_t)sq_col_i64(&q, 2);
    }
    sq_end(&q);
    return ok;
}

/* The caches were made for one encoder and one weight of contexts; with others they are stale. */
static bool check_cache_kind(Sqlite *s, Err *err)
{
    char kind[512];
    snprintf(kind, sizeof kind, "context %u, model %s", s->context_weight, s->model);
    Arena *a = arena_new(1 << 20);
    Str have;
    bool ok = a || err_set(err, ERR_NO_MEMORY, "opening the store: out of memory");
    ok = ok && sq_meta_get(s->writer.conn, STR("caches"), a, &have, err);
    if (ok && !(have.ptr && str_eq(have, str_of(kind)))) {
        Str dir = arena_printf(a, "%s/cache", s->dir);
        char *path = dir.ptr ? arena_cstr(a, dir) : NULL;
        ok = path || err_set(err, ERR_NO_MEMORY, "opening the store: out of memory");
        ok = ok && (!os_is_dir(path) || os_remove_tree(path, err))
            && sq_meta_put(s->writer.conn, STR("caches"), str_of(kind), err);
    }
    arena_free(a);
    return ok;
}

/* For its owner's eyes only, whatever the folder's mode and the umask; WAL and caches follow it. */
static bool make_private(const char *path, Err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set_errno(err, ERR_IO, errno, "opening the database %s", path);
    int rc = fchmod(fd, 0600), sys = errno;
    close(fd);
    return rc == 0 || err_set_errno(err, ERR_IO, sys, "making %s private", path);
}

static bool open_writer(Sqlite *s, const StoreOptions *o, Err *err)
{
    if (!os_mkdirs(s->dir, 0700, err) || !take_lock(s, o, err))
        return false;
    if (!make_private(s->path, err))
        return false;
    s->writer.conn = sq_conn_open(s->path, SQ_WRITER, err);
    if (!s->writer.conn)
        return false;
    return sq_migrate(s->writer.conn, SQ_MIGRATIONS, SQ_SCHEMA_VERSION, err)
        && sq_counters_load(s, err) && check_cache_kind(s, err) && sq_owners_load(s, err)
        && sq_writer_start(s, err);
}

static bool probe(const char *path, SqRole role, int *version, Err *err)
{
    SqConn *c = sq_conn_open(path, role, err);
    bool ok = c && sq_schema_version(c, version, err);
    sq_conn_close(c);
    return ok;
}

static bool open_reader(Sqlite *s, Err *err)
{
    int version = 0;
    Err first = ERR_INIT;
    if (!os_exists(s->path))
        return err_set(err, ERR_NOT_FOUND, "there is no Sotto database in %s", s->dir);
    if (!probe(s->path, SQ_READER, &version, &first)) {
        /* A folder that cannot be written: no writer can be there, so the file stands still. */
        s->reader_role = SQ_IMMUTABLE;
        if (first.code == ERR_CORRUPT || !probe(s->path, SQ_IMMUTABLE, &version, err)) {
            if (err)
                *err = first;
            return false;
        }
    }
    if (version != SQ_SCHEMA_VERSION)
        return err_set(err, ERR_CONFLICT, "the database has version %d, this Sotto reads %d: %s",
            version, SQ_SCHEMA_VERSION,
            version > SQ_SCHEMA_VERSION ? "update Sotto" : "open it once for writing");
    s->watch = sq_conn_open(s->path, s->reader_role, err);
    return s->watch != NULL;
}

static char *join(const char *dir, const char *name)
{
    Buf b;
    buf_init(&b, 16384);
    buf_printf(&b, "%s/%s", dir, name);
    size_t n;
    char *path = buf_take(&b, &n);
    buf_release(&b);
    return path;
}

Store *store_open_sqlite(const StoreOptions *o, Err *err)
{
    Sqlite *s = mem_zalloc(sizeof *s);
    if (!s) {
        err_set(err, ERR_NO_MEMORY, "opening the store: out of memory");
        return NULL;
    }
    s->base.ops = &OPS;
    s->read_only = o->read_only;
    s->lean = o->lean;
    s->context_weight = o->context_weight ? o->context_weight : STORE_CONTEXT_WEIGHT;
    s->reader_role = SQ_READER;
    s->dir = mem_strdup(o->dir);
    s->model = mem_strdup(o->model ? o->model : "");
    s->near = sq_near_new();
    s->path = s->dir ? join(s->dir, "sotto.db") : NULL;
    pthread_mutex_init(&s->pool_lock, NULL);
    pthread_cond_init(&s->pool_free, NULL);
    pthread_mutex_init(&s->owners_lock, NULL);
    pthread_mutex_init(&s->refresh_lock, NULL);
    pthread_mutex_init(&s->change_lock, NULL);
    bool ok = false;
    if (!s->dir || !s->model || !s->path || !s->near)
        err_set(err, ERR_NO_MEMORY, "opening the store: out of memory");
    else if (s->context_weight > 64 || strlen(s->model) > 200)
        err_set(err, ERR_VALIDATION, "opening the store: an option is out of range");
    else
        ok = o->read_only ? open_reader(s, err) : open_writer(s, o, err);
    if (ok)
        return &s->base;
    store_close(&s->base);
    return NULL;
}

static void sq_close(Store *store)
{
    Sqlite *s = sq_of(store);
    sq_writer_stop(s);
    sq_owners_free(s);
    while (s->pool) {
        SqConn *c = s->pool;
        s->pool = c->next;
        sq_conn_close(c);
    }
    sq_conn_close(s->watch);
    sq_replica_free(s->replica);
    sq_conn_close(s->writer.conn);
    if (s->lock)
        os_unlock(s->lock);
    pthread_mutex_destroy(&s->pool_lock);
    pthread_cond_destroy(&s->pool_free);
    pthread_mutex_destroy(&s->owners_lock);
    pthread_mutex_destroy(&s->refresh_lock);
    pthread_mutex_destroy(&s->change_lock);
    sq_near_free(s->near);
    mem_free(s->dir);
    mem_free(s->path);
    mem_free(s->model);
    mem_free(s);
}

static void sq_on_change(Store *store, StoreChangeFn fn, void *arg)
{
    Sqlite *s = sq_of(store);
    pthread_mutex_lock(&s->change_lock);
    s->change_fn = fn;
    s->change_arg = arg;
    pthread_mutex_unlock(&s->change_lock);
}

static void sq_on_news(Store *store, StoreNewsFn fn, void *arg)
{
    Sqlite *s = sq_of(store);
    pthread_mutex_lock(&s->change_lock);
    s->news_fn = fn;
    s->news_arg = arg;
    pthread_mutex_unlock(&s->change_lock);
}

static const StoreOps OPS = {
    .close = sq_close,
    .on_news = sq_on_news,
    .wakes = sq_wakes,
    .rest = sq_index_rest,
    .document_put = sq_document_put,
    .document_get = sq_document_get,
    .document_by_hash = sq_document_by_hash,
    .document_list = sq_document_list,
    .document_patch = sq_document_patch,
    .document_delete = sq_document_delete,
    .part_hold = sq_part_hold,
    .original = sq_original,
    .candidates = sq_candidates,
    .chunks_get = sq_chunks_get,
    .documents_get = sq_documents_get,
    .chunk_by_id = sq_chunk_by_id,
    .tokenize = sq_tokenize,
    .suggest = sq_suggest,
    .version = sq_version,
    .read_hold = sq_read_hold,
    .read_release = sq_read_release,
    .ledger_put = sq_ledger_put,
    .ledger_get = sq_ledger_get,
    .ledger_list = sq_ledger_list,
    .ledger_put_many = sq_ledger_put_many,
    .ledger_each = sq_ledger_each,
    .file_gone = sq_file_gone,
    .file_moved = sq_file_moved,
    .ledger_by_file = sq_ledger_by_file,
    .document_sources = sq_document_sources,
    .folder_put = sq_folder_put,
    .folder_list = sq_folder_list,
    .folder_delete = sq_folder_delete,
    .near_documents = sq_near_documents,
    .near_groups = sq_near_groups,
    .calendar_put = sq_calendar_put,
    .calendar_list = sq_calendar_list,
    .calendar_delete = sq_calendar_delete,
    .event_apply = sq_event_apply,
    .event_get = sq_event_get,
    .event_delete = sq_event_delete,
    .event_list = sq_event_list,
    .event_replaced = sq_event_replaced,
    .zone_list = sq_zone_list,
    .stats = sq_stats,
    .check = sq_check,
    .backup = sq_backup,
    .ready = sq_ready,
    .on_change = sq_on_change,
    .task_change = sq_task_change,
    .task_undo = sq_task_undo,
    .task_changes = sq_task_changes,
    .task_get = sq_task_get,
    .task_list = sq_task_list,
    .task_counts = sq_task_counts,
    .task_next = sq_task_next,
    .task_due = sq_task_due,
    .task_fire = sq_task_fire,
    .delivery_unsent = sq_delivery_unsent,
    .delivery_sent = sq_delivery_sent,
    .delivery_waiting = sq_delivery_waiting,
    .delivery_get = sq_delivery_get,
    .delivery_ack = sq_delivery_ack,
    .commitment_list = sq_commitment_list,
    .commitment_get = sq_commitment_get,
    .commitment_decide = sq_commitment_decide,
    .talk_turn = sq_talk_turn,
    .talk_session = sq_talk_session,
    .talk_sessions = sq_talk_sessions,
    .talk_messages = sq_talk_messages,
    .talk_find = sq_talk_find,
    .talk_retitle = sq_talk_retitle,
    .talk_delete = sq_talk_delete,
    .talk_bin = sq_talk_bin,
    .talk_restore = sq_talk_restore,
    .fact_put = sq_fact_put,
    .fact_get = sq_fact_get,
    .fact_list = sq_fact_list,
    .fact_delete = sq_fact_delete,
    .brief_documents = sq_brief_documents,
    .phrase_counts = sq_phrase_counts,
    .phrase_documents = sq_phrase_documents,
    .document_vector = sq_document_vector,
    .plans_version = sq_plans_version,
    .briefing_put = sq_briefing_put,
    .briefing_list = sq_briefing_list,
    .briefing_schedule = sq_briefing_schedule,
    .briefing_schedule_put = sq_briefing_schedule_put,
    .interaction_put = sq_interaction_put,
    .interaction_get = sq_interaction_get,
    .interaction_list = sq_interaction_list,
    .interaction_delete = sq_interaction_delete,
    .tokens_add = sq_tokens_add,
    .tokens_used = sq_tokens_used,
    .made_put = sq_made_put,
    .made_get = sq_made_get,
    .cues = sq_cues,
    .setting_list = sq_setting_list,
    .setting_put = sq_setting_put,
    .person_put = sq_person_put,
    .person_list = sq_person_list,
    .person_remove = sq_person_remove,
    .person_clear = sq_person_clear,
    .credential_put = sq_credential_put,
    .credential_list = sq_credential_list,
    .credential_delete = sq_credential_delete,
    .credential_used = sq_credential_used,
    .audit_add = sq_audit_add,
    .audit_list = sq_audit_list,
};
