/* wakes.c - for whom something happens by itself: one look over everybody's rows, by indexes. */
#include "store/sqlite/sq.h"

#include "store/wakes.h"

#define NO_SCHEDULE ", 0, 0, 0, '', 0 "

static bool read_wake(Sq *q, Arena *a, void *row, Err *err)
{
    StoreWake *w = row;
    *w = (StoreWake){.kind = (StoreWakeKind)sq_col_i64(q, 1),
        .schedule = {.enabled = sq_col_i64(q, 2) != 0, .minute = (uint32_t)sq_col_i64(q, 3),
            .days = (uint32_t)sq_col_i64(q, 4), .done_at = sq_col_i64(q, 6)}};
    return sq_col_bytes(q, 0, w->owner.b, sizeof w->owner.b, "an owner", err)
        && sq_col_copy(q, 5, a, &w->schedule.zone, err);
}

bool sq_wakes(Store *store, int64_t until, Arena *a, StoreWake **out, size_t *n, Err *err)
{
    static const char sql[] =
        "SELECT o.uuid, w.* FROM (SELECT 0 AS kind" NO_SCHEDULE ", owner_no FROM tasks "
        " WHERE next_fire <= ?1 AND next_fire IS NOT NULL GROUP BY owner_no "
        "UNION ALL SELECT DISTINCT 1" NO_SCHEDULE ", owner_no FROM deliveries "
        " WHERE sent_at IS NULL "
        "UNION ALL SELECT DISTINCT 2" NO_SCHEDULE ", owner_no FROM calendars "
        " WHERE state <> 0 AND next_at <= ?1 "
        "UNION ALL SELECT DISTINCT 3" NO_SCHEDULE ", owner_no FROM calendars "
        "UNION ALL SELECT DISTINCT 4" NO_SCHEDULE ", owner_no FROM folders "
        "UNION ALL SELECT 5, enabled, minute, days, zone, done_at, owner_no "
        " FROM briefing_schedule WHERE enabled) w JOIN owners o ON o.owner_no = w.owner_no";
    Sqlite *s = sq_of(store);
    Sq q;
    SqConn *c = sq_read_begin(s, err);
    *out = NULL;
    *n = 0;
    if (!c)
        return false;
    bool ok = sq_begin(&q, c, sql, err);
    if (ok) {
        sq_i64(&q, until);
        ok = sq_list(&q, a, read_wake, sizeof **out, out, n, err);
    }
    sq_read_end(s, c);
    return ok;
}
