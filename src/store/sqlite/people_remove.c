/* people_remove.c - a person goes, with all that they own; or all that they own goes.
 *
 *   1. their tokens, sessions and password: nobody comes in as them any more
 *   2. their documents, one by one, as anybody would delete them (index, keyword rows)
 *   3. in one transaction every row of every table that has an owner_no, then the owner
 *   4. the index files; the write-ahead log is emptied into the file
 *
 * Meanwhile the connection overwrites what it frees with zeros (PRAGMA secure_delete), and the
 * keyword index is merged into one piece, because deleted words otherwise stay in its older pieces
 * until they are merged by themselves. Interrupted, it is done again from the beginning.
 *
 * Who stays keeps their row, password and credentials, and the numbers that the caches replay. */
#include "store/sqlite/sq_index.h"

#define BATCH 200
#define TRIES 20

typedef struct {
    SqWrite w; /* first */
    SqOwner *o;
    bool stays; /* only what they own goes */
    bool again; /* a document came meanwhile */
} Remove;

static bool run_for(SqConn *c, const char *sql, int64_t owner_no, Err *err)
{
    Sq q;
    if (!sq_begin_once(&q, c, str_of(sql), err))
        return false;
    sq_i64(&q, owner_no);
    return sq_run(&q, err);
}

static bool lock_out(Sqlite *s, SqWrite *w, Err *err)
{
    const Remove *r = (Remove *)w;
    SqConn *c = s->writer.conn;
    return sq_exec(c, "PRAGMA secure_delete = ON", "removing a person", err) &&
           (r->stays ||
            (run_for(c, "DELETE FROM credentials WHERE owner_no = ?1", r->o->no, err) &&
             run_for(c, "UPDATE people SET password = '' WHERE owner_no = ?1", r->o->no, err)));
}

static bool some_documents(Sqlite *s, const SqOwner *o, Uuid *ids, size_t *n, Err *err)
{
    static const char sql[] = "SELECT uuid FROM documents WHERE owner_no = ?1 LIMIT ?2";
    SqConn *c = sq_read_begin(s, err);
    Sq q;
    int rc = -1;
    *n = 0;
    if (!c)
        return false;
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, o->no);
        sq_i64(&q, BATCH);
        while ((rc = sq_step(&q, err)) > 0 && *n < BATCH) {
            if (!sq_col_bytes(&q, 0, ids[*n].b, sizeof ids[*n].b, "a document's id", err)) {
                rc = -1;
                break;
            }
            ++*n;
        }
    }
    sq_end(&q);
    sq_read_end(s, c);
    return rc >= 0;
}

static bool remove_documents(Sqlite *s, const SqOwner *o, Err *err)
{
    Uuid ids[BATCH];
    size_t n;
    do {
        if (!some_documents(s, o, ids, &n, err))
            return false;
        for (size_t i = 0; i < n; i++) {
            Err why = ERR_INIT;
            /* An attachment went with the mail that it came in. */
            if (!sq_document_delete(&s->base, &o->uuid, &ids[i], &why) &&
                why.code != ERR_NOT_FOUND) {
                if (err)
                    *err = why;
                return false;
            }
        }
    } while (n);
    return true;
}

/* Every table with an owner_no: a table that somebody adds later is not forgotten. */
static bool clear_tables(SqConn *c, int64_t owner_no, bool stays, Err *err)
{
    static const char sql[] =
        "SELECT m.name FROM sqlite_schema m JOIN pragma_table_info(m.name) t "
        "WHERE m.type = 'table' AND t.name = 'owner_no' AND m.name <> 'owners' "
        "AND (?1 = 0 OR m.name NOT IN ('people', 'credentials', 'changes'))";
    Sq q;
    int rc = -1;
    bool ok = sq_begin_once(&q, c, str_of(sql), err);
    if (ok)
        sq_i64(&q, stays);
    while (ok && (rc = sq_step(&q, err)) > 0) {
        Buf one;
        buf_init(&one, 1024);
        Str name = sq_col_str(&q, 0);
        buf_printf(&one, "DELETE FROM \"" STR_FMT "\" WHERE owner_no = ?1", STR_ARG(name));
        ok = buf_check(&one, "a statement", err) && run_for(c, one.ptr, owner_no, err);
        buf_release(&one);
    }
    sq_end(&q);
    return ok && rc == 0;
}

static bool has_documents(SqConn *c, int64_t owner_no, bool *out, Err *err)
{
    Sq q;
    int rc = -1;
    if (sq_begin_once(&q, c, STR("SELECT 1 FROM documents WHERE owner_no = ?1 LIMIT 1"), err)) {
        sq_i64(&q, owner_no);
        rc = sq_step(&q, err);
    }
    sq_end(&q);
    *out = rc > 0;
    return rc >= 0;
}

static bool clear_all(SqConn *c, int64_t owner_no, bool stays, Err *err)
{
    static const char what[] = "removing a person";
    if (!sq_exec(c, "BEGIN IMMEDIATE; PRAGMA defer_foreign_keys = ON", what, err))
        return false;
    if (clear_tables(c, owner_no, stays, err) &&
        (stays || run_for(c, "DELETE FROM owners WHERE owner_no = ?1", owner_no, err)) &&
        sq_exec(c, "INSERT INTO chunk_fts (chunk_fts) VALUES ('optimize')", what, err) &&
        sq_exec(c, "COMMIT", what, err))
        return true;
    (void)sq_exec(c, "ROLLBACK", what, NULL);
    return false;
}

static bool take_away(Sqlite *s, SqWrite *w, Err *err)
{
    Remove *r = (Remove *)w;
    SqConn *c = s->writer.conn;
    if (!has_documents(c, r->o->no, &r->again, err))
        return false;
    if (r->again)
        return true;
    if (!clear_all(c, r->o->no, r->stays, err))
        return false;
    if (!r->stays)
        sq_owner_gone(s, r->o);
    atomic_fetch_add(&r->o->version, 1);
    atomic_fetch_add(&r->o->plans, 1);
    (void)sq_index_make_room(s, c, r->o, NULL); /* no files: nothing to take away */
    /* Readers may hold the log; then it is emptied by a later checkpoint. */
    (void)sq_exec(c, "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA secure_delete = OFF",
                  "removing a person", NULL);
    return true;
}

static bool stop_zeroing(Sqlite *s, SqWrite *w, Err *err)
{
    (void)w;
    return sq_exec(s->writer.conn, "PRAGMA secure_delete = OFF", "removing a person", err);
}

static bool remove_all(Store *store, const Uuid *person, bool stays, Err *err)
{
    Sqlite *s = sq_of(store);
    Remove r = {.w = {.alone = lock_out}, .o = sq_owner(s, person), .stays = stays};
    if (!r.o)
        return err_set(err, ERR_NOT_FOUND, "there is no such person");
    bool ok = sq_write(s, &r.w, err);
    for (int i = 0; ok && i < TRIES; i++) {
        r.w = (SqWrite){.alone = take_away};
        r.again = false;
        ok = remove_documents(s, r.o, err) && sq_write(s, &r.w, err);
        if (ok && !r.again)
            return true;
    }
    if (ok)
        (void)err_set(err, ERR_CONFLICT, "documents keep coming for this person; try again");
    r.w = (SqWrite){.alone = stop_zeroing};
    (void)sq_write(s, &r.w, NULL);
    return false;
}

bool sq_person_remove(Store *store, const Uuid *person, Err *err)
{
    return remove_all(store, person, false, err);
}

bool sq_person_clear(Store *store, const Uuid *person, Err *err)
{
    return remove_all(store, person, true, err);
}
