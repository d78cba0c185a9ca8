/* briefings.c - briefings that were made, and when the next is to be. */
#include "store/sqlite/sq.h"

#include "store/briefing.h"

typedef struct {
    SqWrite w; /* first */
    const StoredBriefing *b;
    const int64_t *done_at;
    const BriefingSchedule *schedule;
} BriefingWrite;

/* Another process that shares the store may have sent it a moment ago. */
static bool not_done(SqConn *c, int64_t owner_no, int64_t at, Err *err)
{
    static const char sql[] =
        "SELECT 1 FROM briefing_schedule WHERE owner_no = ?1 AND done_at >= ?2";
    Sq q;
    int rc = -1;
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, owner_no);
        sq_i64(&q, at);
        rc = sq_step(&q, err);
    }
    sq_end(&q);
    return rc == 0 || (rc > 0 && err_set(err, ERR_CONFLICT, "the briefing was sent already"));
}

static bool mark_done(SqConn *c, int64_t owner_no, int64_t done_at, Err *err)
{
    static const char sql[] = "UPDATE briefing_schedule SET done_at = ?2 WHERE owner_no = ?1";
    Sq q;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, owner_no);
    sq_i64(&q, done_at);
    return sq_run(&q, err);
}

static bool drop_oldest(SqConn *c, int64_t owner_no, Err *err)
{
    static const char sql[] =
        "DELETE FROM briefings WHERE owner_no = ?1 AND briefing_no IN (SELECT briefing_no "
        "FROM briefings WHERE owner_no = ?1 ORDER BY date DESC, zone LIMIT -1 OFFSET ?2)";
    Sq q;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, owner_no);
    sq_i64(&q, STORE_BRIEFINGS);
    return sq_run(&q, err);
}

static bool apply_briefing(Sqlite *s, SqWrite *w, Err *err)
{
    static const char sql[] =
        "INSERT INTO briefings (owner_no, uuid, date, zone, generated_at, scheduled, json) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (owner_no, uuid) DO UPDATE SET"
        " generated_at = excluded.generated_at, scheduled = max(scheduled, excluded.scheduled),"
        " json = excluded.json";
    BriefingWrite *bw = (BriefingWrite *)w;
    SqConn *c = s->writer.conn;
    Sq q;
    if (bw->done_at && !not_done(c, w->owner->no, *bw->done_at, err))
        return false;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, w->owner->no);
    sq_blob(&q, bw->b->id.b, sizeof bw->b->id.b);
    sq_text(&q, bw->b->date);
    sq_text(&q, bw->b->zone);
    sq_i64(&q, bw->b->generated_at);
    sq_i64(&q, bw->b->scheduled);
    sq_text(&q, bw->b->json);
    return sq_run(&q, err) && drop_oldest(c, w->owner->no, err)
        && (!bw->done_at || mark_done(c, w->owner->no, *bw->done_at, err));
}

bool sq_briefing_put(Store *store, const Uuid *owner, const StoredBriefing *b,
    const int64_t *done_at, Err *err)
{
    Sqlite *s = sq_of(store);
    BriefingWrite bw = {.w = {.apply = apply_briefing}, .b = b, .done_at = done_at};
    if (s->read_only)
        return err_set(err, ERR_FORBIDDEN, "the store was opened for reading only");
    return (bw.w.owner = sq_owner_make(s, owner, err)) && sq_write(s, &bw.w, err);
}

static bool read_one(Sq *q, Arena *a, void *row, Err *err)
{
    StoredBriefing *b = row;
    b->generated_at = sq_col_i64(q, 3);
    b->scheduled = sq_col_i64(q, 4) != 0;
    return sq_col_bytes(q, 0, b->id.b, sizeof b->id.b, "a briefing's id", err)
        && sq_col_copy(q, 1, a, &b->date, err) && sq_col_copy(q, 2, a, &b->zone, err)
        && sq_col_copy(q, 5, a, &b->json, err);
}

bool sq_briefing_list(Store *store, const Uuid *owner, Str date, size_t offset, size_t limit,
    Arena *a, StoredBriefing **out, size_t *n, Err *err)
{
    static const char sql[] =
        "SELECT uuid, date, zone, generated_at, scheduled, json FROM briefings "
        "WHERE owner_no = ?1 AND (?2 = '' OR date = ?2) ORDER BY date DESC, generated_at DESC, "
        "zone LIMIT ?3 OFFSET ?4";
    SqOwned r;
    *out = NULL;
    *n = 0;
    if (!sq_owned_begin(&r, store, owner, sql, err))
        return r.nobody;
    sq_text(&r.q, date.ptr ? date : STR(""));
    sq_i64(&r.q, (int64_t)limit);
    sq_i64(&r.q, (int64_t)offset);
    return sq_owned_list(&r, a, read_one, sizeof **out, out, n, err);
}

/* ---- the schedule --------------------------------------------------------------------------- */

bool sq_briefing_schedule(Store *store, const Uuid *owner, Arena *a, BriefingSchedule *out,
    bool *found, Err *err)
{
    static const char sql[] = "SELECT enabled, minute, days, zone, done_at FROM briefing_schedule "
                              "WHERE owner_no = ?1";
    Sqlite *s = sq_of(store);
    SqOwner *o = sq_owner(s, owner);
    BriefingSchedule b = {0};
    int rc = -1;
    *found = false;
    SqConn *c = o ? sq_read_begin(s, err) : NULL;
    if (!c)
        return !o;
    Sq q;
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, o->no);
        rc = sq_step(&q, err);
        if (rc > 0 && !sq_col_copy(&q, 3, a, &b.zone, err))
            rc = -1;
    }
    if (rc > 0) {
        b.enabled = sq_col_i64(&q, 0) != 0;
        b.minute = (uint32_t)sq_col_i64(&q, 1);
        b.days = (uint32_t)sq_col_i64(&q, 2);
        b.done_at = sq_col_i64(&q, 4);
        *out = b;
        *found = true;
    }
    sq_end(&q);
    sq_read_end(s, c);
    return rc >= 0;
}

static bool apply_schedule(Sqlite *s, SqWrite *w, Err *err)
{
    static const char sql[] =
        "INSERT OR REPLACE INTO briefing_schedule (owner_no, enabled, minute, days, zone, done_at) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    const BriefingSchedule *b = ((BriefingWrite *)w)->schedule;
    Sq q;
    if (!sq_begin(&q, s->writer.conn, sql, err))
        return false;
    sq_i64(&q, w->owner->no);
    sq_i64(&q, b->enabled);
    sq_i64(&q, b->minute);
    sq_i64(&q, b->days);
    sq_text(&q, b->zone.ptr ? b->zone : STR(""));
    sq_i64(&q, b->done_at);
    return sq_run(&q, err);
}

bool sq_briefing_schedule_put(Store *store, const Uuid *owner, const BriefingSchedule *b, Err *err)
{
    Sqlite *s = sq_of(store);
    BriefingWrite bw = {.w = {.apply = apply_schedule}, .schedule = b};
    if (s->read_only)
        return err_set(err, ERR_FORBIDDEN, "the store was opened for reading only");
    return (bw.w.owner = sq_owner_make(s, owner, err)) && sq_write(s, &bw.w, err);
}
