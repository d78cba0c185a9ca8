/* replica_follow.c - what follows from rows that came from elsewhere: full text, the log of the
 * caches. */
#include "store/sqlite/sq_apply.h"
#include "store/sqlite/sq_rows.h"

/* One passage after the other, document after document, whatever order the rows came in. */
static bool follow_whole(SqApply *t, Err *err)
{
    static const char fts[] = "INSERT INTO chunk_fts (rowid, body, context) "
        "SELECT chunk_no, body, context FROM chunk_texts ORDER BY chunk_no";
    static const char docs[] = "SELECT d.owner_no, c.doc_no, min(c.chunk_no), max(c.chunk_no) "
        "FROM chunks c JOIN documents d ON d.doc_no = c.doc_no GROUP BY c.doc_no";
    Sq q;
    int rc = -1;
    t->whole = false;
    if (!sq_exec(t->c, fts, "taking over rows", err))
        return false;
    if (sq_begin(&q, t->c, docs, err))
        while ((rc = sq_step(&q, err)) > 0) {
            uint64_t seq;
            if (!sq_row_change(t->s, sq_col_i64(&q, 0), sq_col_i64(&q, 1), false,
                    (uint64_t)sq_col_i64(&q, 2), (uint64_t)sq_col_i64(&q, 3), &seq, err)) {
                rc = -1;
                break;
            }
        }
    sq_end(&q);
    return rc == 0;
}

static bool follow_range(SqApply *t, const SqApplyRange *r, Err *err)
{
    static const char fts[] = "INSERT INTO chunk_fts (rowid, body, context) "
        "SELECT chunk_no, body, context FROM chunk_texts WHERE chunk_no = ?1";
    static const char owner[] = "SELECT owner_no FROM documents WHERE doc_no = ?1 UNION ALL "
        "SELECT owner_no FROM owners LIMIT 1";
    uint64_t seq;
    Sq q;
    for (int64_t no = r->first; !r->gone && no <= r->last; no++) {
        if (!sq_begin(&q, t->c, fts, err))
            return false;
        sq_i64(&q, no);
        if (!sq_run(&q, err))
            return false;
    }
    if (!sq_begin(&q, t->c, owner, err))
        return false;
    sq_i64(&q, r->doc);
    bool ok = sq_step(&q, err) > 0;
    int64_t owner_no = ok ? sq_col_i64(&q, 0) : 0;
    sq_end(&q);
    return ok
        && sq_row_change(t->s, owner_no, r->doc, r->gone, (uint64_t)r->first, (uint64_t)r->last,
            &seq, err);
}

bool sq_apply_follow(SqApply *t, Err *err)
{
    bool ok = true;
    for (size_t i = 0; ok && i < t->n_ranges; i++)
        ok = follow_range(t, &t->ranges[i], err);
    t->n_ranges = 0;
    return ok;
}

/* After it a later commit may take away what this one brought: so what follows, follows now. */
bool sq_apply_done(SqApply *t, uint64_t seq, const Uuid *txn, Err *err)
{
    t->seq = seq;
    return (t->whole ? follow_whole(t, err) : sq_apply_follow(t, err))
        && sq_replica_set_seq(t->c, seq, txn, err);
}
