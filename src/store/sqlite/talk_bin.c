/* talk_bin.c - conversations that were deleted and can be brought back for a day: they keep their
 * rows, and no other question finds them. What is older goes with the next turn or deletion. */
#include "store/sqlite/sq.h"
#include "store/talk.h"

typedef struct {
    SqWrite w; /* first */
    const Uuid *id;
    int64_t at;
    bool back;
} BinWrite;

bool sq_talk_empty_bin(SqConn *c, int64_t owner_no, int64_t at, Err *err)
{
    static const char sql[] = "DELETE FROM sessions WHERE owner_no = ?1 AND binned_at < ?2";
    Sq q;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, owner_no);
    sq_i64(&q, at - TALK_BIN_MS);
    return sq_run(&q, err);
}

static bool apply_bin(Sqlite *s, SqWrite *w, Err *err)
{
    static const char in[] = "UPDATE sessions SET binned_at = ?3 "
                             "WHERE owner_no = ?1 AND uuid = ?2 AND binned_at IS NULL";
    static const char out[] = "UPDATE sessions SET binned_at = NULL "
                              "WHERE owner_no = ?1 AND uuid = ?2 AND binned_at >= ?3";
    BinWrite *bw = (BinWrite *)w;
    Sq q;
    if (!sq_begin(&q, s->writer.conn, bw->back ? out : in, err))
        return false;
    sq_i64(&q, w->owner->no);
    sq_blob(&q, bw->id->b, sizeof bw->id->b);
    sq_i64(&q, bw->back ? bw->at - TALK_BIN_MS : bw->at);
    if (!sq_run(&q, err))
        return false;
    if (sqlite3_changes(s->writer.conn->db) == 0)
        return err_set(err, ERR_NOT_FOUND, bw->back ? "there is no such conversation to bring back"
                                                    : "there is no such conversation");
    return sq_talk_empty_bin(s->writer.conn, w->owner->no, bw->at, err);
}

static bool write(Store *store, const Uuid *owner, const Uuid *session, int64_t at, bool back,
    Err *err)
{
    Sqlite *s = sq_of(store);
    BinWrite bw = {.w = {.apply = apply_bin, .owner = sq_owner(s, owner), .frees = !back},
        .id = session, .at = at, .back = back};
    if (s->read_only)
        return err_set(err, ERR_FORBIDDEN, "the store was opened for reading only");
    return bw.w.owner ? sq_write(s, &bw.w, err)
                      : err_set(err, ERR_NOT_FOUND, "there is no such conversation");
}

bool sq_talk_bin(Store *store, const Uuid *owner, const Uuid *session, int64_t at, Err *err)
{
    return write(store, owner, session, at, false, err);
}

bool sq_talk_restore(Store *store, const Uuid *owner, const Uuid *session, int64_t at, Err *err)
{
    return write(store, owner, session, at, true, err);
}
