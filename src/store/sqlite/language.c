/* language.c - the tokens of each day, and texts that a language model made. */
#include "store/sqlite/sq.h"

typedef struct {
    SqWrite w; /* first */
    int64_t day, delta;
    uint64_t total;
    const MadeText *made;
} LanguageWrite;

#define DAYS_KEPT 400

/* ---- tokens ---------------------------------------------------------------------------------- */

/* 1, 0, -1, as sq_step. */
static int read_day(SqConn *c, int64_t owner_no, int64_t day, uint64_t *total, Err *err)
{
    static const char sql[] = "SELECT tokens FROM llm_days WHERE owner_no = ?1 AND day = ?2";
    Sq q;
    int rc = -1;
    *total = 0;
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, owner_no);
        sq_i64(&q, day);
        rc = sq_step(&q, err);
        if (rc > 0)
            *total = (uint64_t)sq_col_i64(&q, 0);
    }
    sq_end(&q);
    return rc;
}

static bool apply_tokens(Sqlite *s, SqWrite *w, Err *err)
{
    static const char add[] =
        "INSERT INTO llm_days (owner_no, day, tokens) VALUES (?1, ?2, max(?3, 0)) "
        "ON CONFLICT (owner_no, day) DO UPDATE SET tokens = max(tokens + ?3, 0)";
    static const char drop[] = "DELETE FROM llm_days WHERE owner_no = ?1 AND day < ?2";
    LanguageWrite *lw = (LanguageWrite *)w;
    SqConn *c = s->writer.conn;
    Sq q;
    if (!sq_begin(&q, c, add, err))
        return false;
    sq_i64(&q, w->owner->no);
    sq_i64(&q, lw->day);
    sq_i64(&q, lw->delta);
    if (!sq_run(&q, err) || !sq_begin(&q, c, drop, err))
        return false;
    sq_i64(&q, w->owner->no);
    sq_i64(&q, lw->day - DAYS_KEPT);
    return sq_run(&q, err) && read_day(c, w->owner->no, lw->day, &lw->total, err) >= 0;
}

bool sq_tokens_add(Store *store, const Uuid *owner, int64_t day, int64_t delta, uint64_t *total,
    Err *err)
{
    Sqlite *s = sq_of(store);
    LanguageWrite lw = {.w = {.apply = apply_tokens}, .day = day, .delta = delta};
    if (s->read_only)
        return err_set(err, ERR_FORBIDDEN, "the store was opened for reading only");
    if (!(lw.w.owner = sq_owner_make(s, owner, err)) || !sq_write(s, &lw.w, err))
        return false;
    *total = lw.total;
    return true;
}

bool sq_tokens_used(Store *store, const Uuid *owner, int64_t day, uint64_t *total, Err *err)
{
    Sqlite *s = sq_of(store);
    SqOwner *o = sq_owner(s, owner);
    uint64_t n = 0;
    SqConn *c = o ? sq_read_begin(s, err) : NULL;
    if (o && !c)
        return false;
    bool ok = !c || read_day(c, o->no, day, &n, err) >= 0;
    if (c)
        sq_read_end(s, c);
    if (ok)
        *total = n;
    return ok;
}

/* ---- texts ----------------------------------------------------------------------------------- */

static bool drop_made(SqConn *c, int64_t owner_no, const Sha256 *key, Err *err)
{
    static const char sql[] =
        "DELETE FROM made_texts WHERE owner_no = ?1 AND (key = ?2 OR made_no IN "
        "(SELECT made_no FROM made_texts WHERE owner_no = ?1 ORDER BY made_no DESC "
        " LIMIT -1 OFFSET ?3))";
    Sq q;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, owner_no);
    sq_blob(&q, key->b, sizeof key->b);
    sq_i64(&q, STORE_MADE_MAX - 1);
    return sq_run(&q, err);
}

/* 1: the document is there and linked; 0: it is gone; -1. */
static int link_document(SqConn *c, int64_t owner_no, const Sha256 *key, const Uuid *id, Err *err)
{
    static const char sql[] =
        "INSERT OR IGNORE INTO made_documents (made_no, doc_no) "
        "SELECT m.made_no, d.doc_no FROM made_texts m, documents d WHERE m.owner_no = ?1 "
        "AND m.key = ?2 AND d.owner_no = ?1 AND d.uuid = ?3 RETURNING 1";
    Sq q;
    int rc = -1;
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, owner_no);
        sq_blob(&q, key->b, sizeof key->b);
        sq_blob(&q, id->b, sizeof id->b);
        rc = sq_step(&q, err);
        if (rc > 0 && sq_step(&q, err) < 0)
            rc = -1;
    }
    sq_end(&q);
    return rc;
}

static bool apply_made(Sqlite *s, SqWrite *w, Err *err)
{
    static const char sql[] =
        "INSERT INTO made_texts (owner_no, key, text, at) VALUES (?1, ?2, ?3, ?4)";
    const MadeText *m = ((LanguageWrite *)w)->made;
    SqConn *c = s->writer.conn;
    Sq q;
    if (!drop_made(c, w->owner->no, &m->key, err) || !sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, w->owner->no);
    sq_blob(&q, m->key.b, sizeof m->key.b);
    sq_text(&q, m->text.ptr ? m->text : STR(""));
    sq_i64(&q, m->at);
    if (!sq_run(&q, err))
        return false;
    for (size_t i = 0; i < m->n_documents; i++) {
        int rc = link_document(c, w->owner->no, &m->key, &m->documents[i], err);
        if (rc <= 0)
            return rc == 0 && drop_made(c, w->owner->no, &m->key, err);
    }
    return true;
}

bool sq_made_put(Store *store, const Uuid *owner, const MadeText *t, Err *err)
{
    Sqlite *s = sq_of(store);
    LanguageWrite lw = {.w = {.apply = apply_made}, .made = t};
    if (s->read_only)
        return err_set(err, ERR_FORBIDDEN, "the store was opened for reading only");
    return (lw.w.owner = sq_owner_make(s, owner, err)) && sq_write(s, &lw.w, err);
}

bool sq_made_get(Store *store, const Uuid *owner, const Sha256 *key, Arena *a, Str *text,
    bool *found, Err *err)
{
    static const char sql[] = "SELECT text FROM made_texts WHERE owner_no = ?1 AND key = ?2";
    Sqlite *s = sq_of(store);
    SqOwner *o = sq_owner(s, owner);
    int rc = 0;
    *found = false;
    SqConn *c = o ? sq_read_begin(s, err) : NULL;
    if (!c)
        return !o;
    Sq q;
    rc = -1;
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, o->no);
        sq_blob(&q, key->b, sizeof key->b);
        rc = sq_step(&q, err);
        if (rc > 0 && !sq_col_copy(&q, 0, a, text, err))
            rc = -1;
    }
    sq_end(&q);
    sq_read_end(s, c);
    *found = rc > 0;
    return rc >= 0;
}
