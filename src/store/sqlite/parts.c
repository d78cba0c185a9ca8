/* parts.c - documents that came inside other documents: attachments, messages of a mailbox.
 *
 * The table says who holds a part: the documents it came in, and 0 when somebody also offered it by
 * itself. A document without a row is held by nobody but itself and never goes with another. When a
 * document goes, or its bytes are replaced, its holds go in the same transaction, and with them
 * every part that nobody else holds, down to the last level. */
#include "base/mem.h"
#include "store/sqlite/sq_index.h"
#include "store/sqlite/sq_rows.h"

typedef struct {
    int64_t *items;
    size_t n, cap;
} Numbers;

static bool push(Numbers *list, int64_t v, Err *err)
{
    if (!MEM_GROW(list->items, list->n, list->cap))
        return err_set(err, ERR_NO_MEMORY, "deleting a document's parts: out of memory");
    list->items[list->n++] = v;
    return true;
}

/* The first column of all rows. */
static bool numbers_of(SqConn *c, const char *sql, int64_t of, Numbers *out, Err *err)
{
    Sq q;
    int rc = -1;
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, of);
        while ((rc = sq_step(&q, err)) > 0)
            if (!push(out, sq_col_i64(&q, 0), err)) {
                rc = -1;
                break;
            }
    }
    sq_end(&q);
    return rc == 0;
}

/* The part has lost a holder: who is left becomes its parent. *held says whether anybody is. */
static bool still_held(SqConn *c, int64_t part_no, bool *held, Err *err)
{
    static const char holders[] = "SELECT parent_no FROM parts WHERE part_no = ?1 "
                                  "ORDER BY parent_no DESC";
    static const char name[] =
        "UPDATE documents SET extra_json = CASE"
        " WHEN ?2 = 0 THEN json_remove(extra_json, '$.parent')"
        " ELSE json_set(extra_json, '$.parent', (SELECT lower(substr(hex(p.uuid), 1, 8) || '-' ||"
        " substr(hex(p.uuid), 9, 4) || '-' || substr(hex(p.uuid), 13, 4) || '-' ||"
        " substr(hex(p.uuid), 17, 4) || '-' || substr(hex(p.uuid), 21)) FROM documents p"
        " WHERE p.doc_no = ?2)) END WHERE doc_no = ?1";
    Numbers left = {0};
    bool ok = numbers_of(c, holders, part_no, &left, err);
    *held = left.n > 0;
    if (ok && left.n) {
        Sq q;
        ok = sq_begin(&q, c, name, err);
        if (ok) {
            sq_i64(&q, part_no);
            sq_i64(&q, left.items[0]);
            ok = sq_run(&q, err);
        }
    }
    mem_free(left.items);
    return ok;
}

static bool run_for(SqConn *c, const char *sql, int64_t number, Err *err)
{
    Sq q;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, number);
    return sq_run(&q, err);
}

static bool uuid_of(SqConn *c, int64_t doc_no, Uuid *out, Err *err)
{
    static const char sql[] = "SELECT uuid FROM documents WHERE doc_no = ?1";
    Sq q;
    int rc = -1;
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, doc_no);
        rc = sq_step(&q, err);
        if (rc > 0 && !sq_col_bytes(&q, 0, out->b, sizeof out->b, "a document's id", err))
            rc = -1;
    }
    sq_end(&q);
    return rc > 0 || (rc == 0 && err_set(err, ERR_CORRUPT, "a part's document is not there"));
}

static bool note_gone(SqWrite *w, const SqDelta *delta, const Uuid *id, Err *err)
{
    if (!MEM_GROW(w->gone, w->n_gone, w->cap_gone))
        return err_set(err, ERR_NO_MEMORY, "deleting a document's parts: out of memory");
    w->gone[w->n_gone++] = (SqGone){*delta, *id};
    return true;
}

/* Takes one part out, with its ledger entry's word for it. */
static bool drop_part(Sqlite *s, SqWrite *w, int64_t doc_no, Err *err)
{
    static const char document[] = "DELETE FROM documents WHERE doc_no = ?1";
    static const char ledger[] =
        "UPDATE ledger SET state = ?3, document = NULL, n_chunks = 0,"
        " reason = 'the file that it came in was removed' WHERE owner_no = ?1 AND document = ?2";
    SqConn *c = s->writer.conn;
    Uuid id;
    SqRow row;
    Sq q;
    uint64_t seq = 0;
    if (!uuid_of(c, doc_no, &id, err) || !sq_row_find(c, w->owner->no, &id, &row, err) ||
        !sq_row_clear(c, &row, false, err) || !run_for(c, document, doc_no, err) ||
        !sq_begin(&q, c, ledger, err))
        return false;
    sq_i64(&q, w->owner->no);
    sq_blob(&q, id.b, sizeof id.b);
    sq_i64(&q, LEDGER_DELETED);
    if (!sq_run(&q, err))
        return false;
    if (row.first_chunk && !sq_row_change(s, w->owner->no, doc_no, true, row.first_chunk,
                                          row.last_chunk, &seq, err))
        return false;
    SqDelta delta = {.doc_no = (uint64_t)doc_no, .gone_first = row.first_chunk,
                     .gone_last = row.last_chunk, .seq = seq};
    return note_gone(w, &delta, &id, err);
}

bool sq_parts_release(Sqlite *s, SqWrite *w, int64_t doc_no, Err *err)
{
    static const char parts[] = "SELECT part_no FROM parts WHERE parent_no = ?1";
    static const char release[] = "DELETE FROM parts WHERE parent_no = ?1";
    SqConn *c = s->writer.conn;
    Numbers gone = {0}, held = {0};
    bool ok = push(&gone, doc_no, err);
    for (size_t i = 0; ok && i < gone.n; i++) {
        held.n = 0;
        ok = numbers_of(c, parts, gone.items[i], &held, err) &&
             run_for(c, release, gone.items[i], err);
        for (size_t k = 0; ok && k < held.n; k++) {
            bool stays;
            ok = still_held(c, held.items[k], &stays, err) &&
                 (stays || held.items[k] == doc_no || push(&gone, held.items[k], err));
        }
    }
    for (size_t i = 1; ok && i < gone.n; i++)
        ok = drop_part(s, w, gone.items[i], err);
    mem_free(gone.items);
    mem_free(held.items);
    return ok;
}

bool sq_parts_link(SqConn *c, int64_t owner_no, int64_t part_no, const Uuid *parent,
    bool only_parts, Err *err)
{
    static const char sql[] = "INSERT OR IGNORE INTO parts (part_no, parent_no) SELECT ?1, ?2 "
                              "WHERE NOT ?3 OR EXISTS (SELECT 1 FROM parts WHERE part_no = ?1)";
    SqRow row = {0};
    Sq q;
    if (parent && !sq_row_find(c, owner_no, parent, &row, err))
        return false;
    if (parent && !row.doc_no)
        return err_set(err, ERR_NOT_FOUND, "the document that this came in is not there any more");
    if (row.doc_no == part_no)
        return true; /* no document holds itself */
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, part_no);
    sq_i64(&q, row.doc_no);
    sq_i64(&q, only_parts);
    return sq_run(&q, err);
}

/* ---- one more holder ------------------------------------------------------------------------ */

typedef struct {
    SqWrite w; /* first */
    const Uuid *id, *parent;
} Hold;

static bool apply_hold(Sqlite *s, SqWrite *w, Err *err)
{
    Hold *h = (Hold *)w;
    SqRow row;
    if (!sq_row_find(s->writer.conn, w->owner->no, h->id, &row, err))
        return false;
    if (!row.doc_no)
        return err_set(err, ERR_NOT_FOUND, "there is no such document");
    return sq_parts_link(s->writer.conn, w->owner->no, row.doc_no, h->parent, true, err);
}

/* Whether the document is a part at all; most are not, and reading is cheap. */
static bool is_part(Sqlite *s, const SqOwner *o, const Uuid *id, bool *yes, Err *err)
{
    static const char sql[] =
        "SELECT 1 FROM documents d JOIN parts p ON p.part_no = d.doc_no "
        "WHERE d.owner_no = ?1 AND d.uuid = ?2 LIMIT 1";
    SqConn *c = sq_read_begin(s, err);
    if (!c)
        return false;
    Sq q;
    int rc = -1;
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, o->no);
        sq_blob(&q, id->b, sizeof id->b);
        rc = sq_step(&q, err);
    }
    sq_end(&q);
    sq_read_end(s, c);
    *yes = rc > 0;
    return rc >= 0;
}

bool sq_part_hold(Store *store, const Uuid *owner, const Uuid *id, const Uuid *parent, Err *err)
{
    Sqlite *s = sq_of(store);
    Hold h = {.w = {.apply = apply_hold, .owner = sq_owner(s, owner)}, .id = id, .parent = parent};
    bool yes;
    if (!h.w.owner)
        return err_set(err, ERR_NOT_FOUND, "there is no such document");
    if (!is_part(s, h.w.owner, id, &yes, err))
        return false;
    return !yes || sq_write(s, &h.w, err);
}
