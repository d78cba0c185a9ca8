/* commitments.c - what documents commit a person to, and what was decided about it. */
#include "store/sqlite/sq_rows.h"

#include "store/commitments.h"

#define COLUMNS                                                                                    \
    "t.uuid, d.uuid, d.title, d.source, t.kind, t.start, t.\"end\", t.text, t.due_at, t.timed, "   \
    "t.strength, t.state, t.task"

/* ---- with a document ------------------------------------------------------------------------ */

static bool run_for(SqConn *c, const char *sql, int64_t doc_no, Err *err)
{
    Sq q;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, doc_no);
    return sq_run(&q, err);
}

static bool write_one(SqConn *c, int64_t owner_no, int64_t doc_no, const Document *d,
    const CommitmentNew *n, Err *err)
{
    /* A decision about the same words in another document holds for these too. */
    static const char sql[] =
        "INSERT INTO commitments (owner_no, doc_no, uuid, key, kind, start, \"end\", text, due_at,"
        " timed, strength, state, task, stale) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,"
        " coalesce((SELECT max(state) FROM commitments WHERE owner_no = ?1 AND key = ?4), 0),"
        " (SELECT task FROM commitments WHERE owner_no = ?1 AND key = ?4 AND task IS NOT NULL), 0) "
        "ON CONFLICT (doc_no, key) DO UPDATE SET kind = excluded.kind, start = excluded.start,"
        " \"end\" = excluded.\"end\", text = excluded.text, strength = excluded.strength,"
        " stale = 0";
    Sq q;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, owner_no);
    sq_i64(&q, doc_no);
    sq_blob(&q, n->id.b, sizeof n->id.b);
    sq_blob(&q, n->key, sizeof n->key);
    sq_i64(&q, n->kind);
    sq_i64(&q, n->start);
    sq_i64(&q, n->end);
    sq_text(&q, str_sub(d->content, n->start, n->end));
    sq_i64(&q, n->due_at);
    sq_i64(&q, n->timed);
    sq_real(&q, n->strength);
    return sq_run(&q, err);
}

bool sq_row_commitments(SqConn *c, int64_t owner_no, int64_t doc_no, const DocumentPut *put,
    Err *err)
{
    static const char mark[] = "UPDATE commitments SET stale = 1 WHERE doc_no = ?1";
    static const char sweep[] = "DELETE FROM commitments WHERE doc_no = ?1 AND stale = 1";
    if (!run_for(c, mark, doc_no, err))
        return false;
    for (size_t i = 0; i < put->n_commitments; i++)
        if (!write_one(c, owner_no, doc_no, &put->doc, &put->commitments[i], err))
            return false;
    return run_for(c, sweep, doc_no, err);
}

/* ---- reading -------------------------------------------------------------------------------- */

static bool read_row(Sq *q, Arena *a, void *out, Err *err)
{
    StoredCommitment r = {0};
    if (!sq_col_bytes(q, 0, r.id.b, sizeof r.id.b, "a commitment's id", err)
        || !sq_col_bytes(q, 1, r.document.b, sizeof r.document.b, "a document's id", err)
        || !sq_col_copy(q, 2, a, &r.title, err) || !sq_col_copy(q, 3, a, &r.source, err)
        || !sq_col_copy(q, 7, a, &r.text, err))
        return false;
    r.kind = (int)sq_col_i64(q, 4);
    r.start = (uint32_t)sq_col_i64(q, 5);
    r.end = (uint32_t)sq_col_i64(q, 6);
    r.due_at = sq_col_i64(q, 8);
    r.timed = sq_col_i64(q, 9) != 0;
    r.strength = sq_col_real(q, 10);
    int64_t state = sq_col_i64(q, 11);
    r.state = state == 1 ? COMMITMENT_TAKEN : state == 2 ? COMMITMENT_DISMISSED : COMMITMENT_OPEN;
    if (sq_col_str(q, 12).ptr
        && !sq_col_bytes(q, 12, r.task.b, sizeof r.task.b, "a task's id", err))
        return false;
    *(StoredCommitment *)out = r;
    return true;
}

static void bind_query(Sq *q, int64_t owner_no, const CommitmentQuery *query)
{
    sq_i64(q, owner_no);
    sq_i64(q, query->from);
    sq_i64(q, query->until);
    sq_real(q, query->least - 1e-9);
    sq_i64(q, query->state ? (int64_t)*query->state : -1);
    if (query->document)
        sq_blob(q, query->document->b, sizeof query->document->b);
    else
        sq_text(q, (Str){NULL, 0});
}

#define MATCHES                                                                                    \
    "FROM commitments t JOIN documents d ON d.doc_no = t.doc_no "                                  \
    "WHERE t.owner_no = ?1 AND t.due_at >= ?2 AND t.due_at < ?3 AND t.strength >= ?4 "             \
    "AND (?5 < 0 OR t.state = ?5) AND (?6 IS NULL OR d.uuid = ?6) "                                \
    "AND NOT EXISTS (SELECT 1 FROM commitments o WHERE o.owner_no = ?1 AND o.key = t.key"          \
    " AND o.commitment_no < t.commitment_no AND ?6 IS NULL) "

static bool list(SqConn *c, const SqOwner *o, const CommitmentQuery *query, Arena *a,
    StoredCommitment **out, size_t *n, uint64_t *total, Err *err)
{
    static const char count[] = "SELECT count(*) " MATCHES;
    static const char sql[] =
        "SELECT " COLUMNS " " MATCHES "ORDER BY t.due_at, t.commitment_no LIMIT ?7";
    Sq q;
    int rc = -1;
    if (sq_begin(&q, c, count, err)) {
        bind_query(&q, o->no, query);
        rc = sq_step(&q, err);
        *total = rc > 0 ? (uint64_t)sq_col_i64(&q, 0) : 0;
    }
    sq_end(&q);
    if (rc < 0)
        return false;
    size_t cap = *total < query->limit ? (size_t)*total : query->limit;
    *out = ARENA_NEW_ARRAY(a, StoredCommitment, cap + 1);
    *n = 0;
    if (!*out)
        return err_set(err, ERR_NO_MEMORY, "listing commitments: out of memory");
    rc = -1;
    if (sq_begin(&q, c, sql, err)) {
        bind_query(&q, o->no, query);
        sq_i64(&q, (int64_t)cap);
        while ((rc = sq_step(&q, err)) > 0 && *n < cap) {
            if (!read_row(&q, a, &(*out)[*n], err)) {
                rc = -1;
                break;
            }
            ++*n;
        }
    }
    sq_end(&q);
    return rc >= 0;
}

bool sq_commitment_list(Store *store, const Uuid *owner, const CommitmentQuery *query, Arena *a,
    StoredCommitment **out, size_t *n, uint64_t *total, Err *err)
{
    Sqlite *s = sq_of(store);
    SqOwner *o = sq_owner(s, owner);
    *out = NULL;
    *n = 0;
    *total = 0;
    if (!o)
        return true;
    SqConn *c = sq_read_begin(s, err);
    if (!c)
        return false;
    bool ok = list(c, o, query, a, out, n, total, err);
    sq_read_end(s, c);
    return ok;
}

bool sq_commitment_get(Store *store, const Uuid *owner, const Uuid *id, Arena *a,
    StoredCommitment *out, Err *err)
{
    static const char sql[] = "SELECT " COLUMNS " FROM commitments t JOIN documents d "
                              "ON d.doc_no = t.doc_no WHERE t.owner_no = ?1 AND t.uuid = ?2";
    int rc = sq_owned_one(store, owner, sql, id, read_row, a, out, err);
    return rc > 0 || (rc == 0 && err_set(err, ERR_NOT_FOUND, "there is no such commitment"));
}

/* ---- deciding ------------------------------------------------------------------------------- */

typedef struct {
    SqWrite w; /* first */
    const Uuid *id, *task;
    CommitmentState state;
} Decision;

static bool apply_decision(Sqlite *s, SqWrite *w, Err *err)
{
    static const char find[] = "SELECT key FROM commitments WHERE owner_no = ?1 AND uuid = ?2";
    static const char sql[] =
        "UPDATE commitments SET state = ?3, task = ?4 WHERE owner_no = ?1 AND key = ?2";
    Decision *d = (Decision *)w;
    uint8_t key[16];
    Sq q;
    int rc = -1;
    if (sq_begin(&q, s->writer.conn, find, err)) {
        sq_i64(&q, w->owner->no);
        sq_blob(&q, d->id->b, sizeof d->id->b);
        rc = sq_step(&q, err);
        if (rc > 0 && !sq_col_bytes(&q, 0, key, sizeof key, "a commitment's key", err))
            rc = -1;
    }
    sq_end(&q);
    if (rc == 0)
        return err_set(err, ERR_NOT_FOUND, "there is no such commitment");
    if (rc < 0 || !sq_begin(&q, s->writer.conn, sql, err))
        return false;
    sq_i64(&q, w->owner->no);
    sq_blob(&q, key, sizeof key);
    sq_i64(&q, (int64_t)d->state);
    if (d->task)
        sq_blob(&q, d->task->b, sizeof d->task->b);
    else
        sq_text(&q, (Str){NULL, 0});
    return sq_run(&q, err);
}

bool sq_commitment_decide(Store *store, const Uuid *owner, const Uuid *id, CommitmentState state,
    const Uuid *task, Err *err)
{
    Sqlite *s = sq_of(store);
    Decision d = {.w = {.apply = apply_decision, .plans = true},
        .id = id, .task = task, .state = state};
    if (s->read_only)
        return err_set(err, ERR_FORBIDDEN, "the store was opened for reading only");
    return (d.w.owner = sq_owner_make(s, owner, err)) && sq_write(s, &d.w, err);
}
