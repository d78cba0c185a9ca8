/* calendar_read.c - reads of calendars and events. */
#include "store/sqlite/sq_calendar.h"

/* ---- calendars ------------------------------------------------------------------------------- */

static bool read_calendar(Sq *q, Arena *a, void *row, Err *err)
{
    Calendar k = {0};
    if (!sq_col_bytes(q, 0, k.id.b, sizeof k.id.b, "a calendar's id", err) ||
        !sq_col_copy(q, 1, a, &k.name, err) || !sq_col_copy(q, 2, a, &k.address, err) ||
        !sq_col_copy(q, 5, a, &k.problem, err) || !sq_col_copy(q, 6, a, &k.etag, err) ||
        !sq_col_copy(q, 7, a, &k.modified, err))
        return false;
    k.refresh_s = (uint32_t)sq_col_i64(q, 3);
    int64_t state = sq_col_i64(q, 4);
    k.state = state >= FEED_NONE && state <= FEED_FAILED ? (FeedState)state : FEED_NONE;
    k.failures = (uint32_t)sq_col_i64(q, 8);
    k.created_at = sq_col_i64(q, 9);
    k.checked_at = sq_col_i64(q, 10);
    k.fetched_at = sq_col_i64(q, 11);
    k.next_at = sq_col_i64(q, 12);
    k.n_events = (uint64_t)sq_col_i64(q, 13);
    k.private_network = sq_col_i64(q, 14) != 0;
    *(Calendar *)row = k;
    return true;
}

static bool list_calendars(SqConn *c, const SqOwner *o, Arena *a, Calendar **out, size_t *n,
                           Err *err)
{
    static const char sql[] =
        "SELECT uuid, name, address, refresh_s, state, problem, etag, modified, failures,"
        " created_at, checked_at, fetched_at, next_at, (SELECT count(*) FROM events e WHERE"
        " e.calendar_no = k.calendar_no), private FROM calendars k WHERE owner_no = ?1"
        " ORDER BY address <> '', name COLLATE NOCASE, calendar_no";
    Sq q;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, o->no);
    return sq_list(&q, a, read_calendar, sizeof **out, out, n, err);
}

bool sq_calendar_list(Store *store, const Uuid *owner, Arena *a, Calendar **out, size_t *n,
                      Err *err)
{
    Sqlite *s = sq_of(store);
    SqOwner *o = sq_owner(s, owner);
    *out = NULL;
    *n = 0;
    SqConn *c = o ? sq_read_begin(s, err) : NULL;
    if (!c)
        return o == NULL;
    bool ok = list_calendars(c, o, a, out, n, err);
    sq_read_end(s, c);
    return ok;
}

/* ---- events ---------------------------------------------------------------------------------- */

static bool read_dates(Str text, Arena *a, int64_t **out, size_t *n, Err *err)
{
    size_t count = text.len > 0;
    Str one;
    for (size_t i = 0; i < text.len; i++)
        count += text.ptr[i] == ',';
    *n = 0;
    *out = count ? ARENA_NEW_ARRAY(a, int64_t, count) : NULL;
    if (count && !*out)
        return err_set(err, ERR_NO_MEMORY, "reading the calendar: out of memory");
    while (*n < count && str_next(&text, ',', &one))
        if (!str_to_i64(one, &(*out)[(*n)++]))
            return err_set(err, ERR_CORRUPT, "an event's dates are damaged");
    return true;
}

static bool read_alarms(Str text, Arena *a, CalEvent *e, Err *err)
{
    Str one;
    if (text.len == 0)
        return true;
    e->alarms = ARENA_NEW_ARRAY(a, EventAlarm, EVENT_MAX_ALARMS);
    if (!e->alarms)
        return err_set(err, ERR_NO_MEMORY, "reading the calendar: out of memory");
    while (e->n_alarms < EVENT_MAX_ALARMS && str_next(&text, ',', &one)) {
        EventAlarm *alarm = &e->alarms[e->n_alarms++];
        alarm->absolute = one.len && one.ptr[0] == 'a';
        if (!str_to_i64(str_sub(one, 1, one.len), &alarm->ms))
            return err_set(err, ERR_CORRUPT, "an event's alarms are damaged");
    }
    return true;
}

#define EVENT_COLUMNS                                                                              \
    "e.uuid, k.uuid, e.uid, e.replaces, e.recurrence_ms, e.sequence, e.stamp, e.summary,"          \
    " e.location, e.description, e.status, e.kind, e.zone, e.start_ms, e.end_ms, e.last_ms,"       \
    " e.rules, e.added, e.taken, e.alarms, e.free, e.hash, e.created_at, e.updated_at"
#define EVENT_NCOLUMNS 24

static bool read_event(Sq *q, bool with_raw, Arena *a, CalEvent *out, Err *err)
{
    CalEvent e = {0};
    Str *const texts[] = {&e.summary, &e.location, &e.description, &e.status};
    if (!sq_col_bytes(q, 0, e.id.b, sizeof e.id.b, "an event's id", err) ||
        !sq_col_bytes(q, 1, e.calendar.b, sizeof e.calendar.b, "a calendar's id", err) ||
        !sq_col_copy(q, 2, a, &e.uid, err))
        return false;
    e.replaces = sq_col_i64(q, 3) != 0;
    e.and_later = sq_col_i64(q, 3) == 2;
    e.recurrence_ms = sq_col_i64(q, 4);
    e.sequence = sq_col_i64(q, 5);
    e.stamp = sq_col_i64(q, 6);
    for (int i = 0; i < 4; i++)
        if (!sq_col_copy(q, 7 + i, a, texts[i], err))
            return false;
    int64_t kind = sq_col_i64(q, 11);
    e.kind = kind == EVENT_FLOATING || kind == EVENT_ALL_DAY ? (EventKind)kind : EVENT_TIMED;
    e.start_ms = sq_col_i64(q, 13);
    e.end_ms = sq_col_i64(q, 14);
    e.last_ms = sq_col_i64(q, 15);
    e.free = sq_col_i64(q, 20) != 0;
    e.hash = (uint64_t)sq_col_i64(q, 21);
    e.created_at = sq_col_i64(q, 22);
    e.updated_at = sq_col_i64(q, 23);
    bool ok = sq_col_copy(q, 12, a, &e.zone, err) && sq_col_copy(q, 16, a, &e.rules, err) &&
              read_dates(sq_col_str(q, 17), a, &e.added, &e.n_added, err) &&
              read_dates(sq_col_str(q, 18), a, &e.taken, &e.n_taken, err) &&
              read_alarms(sq_col_str(q, 19), a, &e, err) &&
              (!with_raw || sq_col_copy(q, EVENT_NCOLUMNS, a, &e.raw, err));
    if (ok)
        *out = e;
    return ok;
}

static bool read_plain_event(Sq *q, Arena *a, void *row, Err *err)
{
    return read_event(q, false, a, row, err);
}

static bool read_raw_event(Sq *q, Arena *a, void *row, Err *err)
{
    return read_event(q, true, a, row, err);
}

bool sq_event_get(Store *store, const Uuid *owner, const Uuid *id, Arena *a, CalEvent *out,
                  Err *err)
{
    static const char sql[] = "SELECT " EVENT_COLUMNS ", e.raw FROM events e JOIN calendars k"
                              " ON k.calendar_no = e.calendar_no"
                              " WHERE e.uuid = ?1 AND k.owner_no = ?2";
    Sqlite *s = sq_of(store);
    SqOwner *o = sq_owner(s, owner);
    SqConn *c = o ? sq_read_begin(s, err) : NULL;
    Sq q;
    int rc = -1;
    if (!o)
        return err_set(err, ERR_NOT_FOUND, "there is no such event");
    if (!c)
        return false;
    if (sq_begin(&q, c, sql, err)) {
        sq_blob(&q, id->b, sizeof id->b);
        sq_i64(&q, o->no);
        rc = sq_step(&q, err);
        if (rc > 0 && !read_event(&q, true, a, out, err))
            rc = -1;
    }
    sq_end(&q);
    sq_read_end(s, c);
    return rc > 0 || (rc == 0 && err_set(err, ERR_NOT_FOUND, "there is no such event"));
}

/* Each statement is a constant of its own: its address is its key. */
static const char *list_sql(bool raw)
{
    static const char plain[] = "SELECT " EVENT_COLUMNS
        " FROM calendars k CROSS JOIN events e ON e.calendar_no = k.calendar_no"
        " WHERE k.owner_no = ?1 AND e.last_ms >= ?2 AND e.start_ms < ?3"
        " AND (?4 IS NULL OR k.uuid = ?4) AND (?5 IS NULL OR e.uid = ?5)"
        " ORDER BY e.start_ms, e.uid, e.recurrence_ms LIMIT ?6";
    static const char with[] = "SELECT " EVENT_COLUMNS ", e.raw"
        " FROM calendars k CROSS JOIN events e ON e.calendar_no = k.calendar_no"
        " WHERE k.owner_no = ?1 AND e.last_ms >= ?2 AND e.start_ms < ?3"
        " AND (?4 IS NULL OR k.uuid = ?4) AND (?5 IS NULL OR e.uid = ?5)"
        " ORDER BY e.start_ms, e.uid, e.recurrence_ms LIMIT ?6";
    return raw ? with : plain;
}

static bool list_events(SqConn *c, const SqOwner *o, const EventQuery *l, Arena *a, CalEvent **out,
                        size_t *n, bool *more, Err *err)
{
    Sq q;
    if (!sq_begin(&q, c, list_sql(l->with_raw), err))
        return false;
    sq_i64(&q, o->no);
    sq_i64(&q, l->from);
    sq_i64(&q, l->until);
    if (l->calendar)
        sq_blob(&q, l->calendar->b, sizeof l->calendar->b);
    else
        sq_text(&q, (Str){NULL, 0});
    sq_text(&q, l->uid ? *l->uid : (Str){NULL, 0});
    sq_i64(&q, (int64_t)l->limit + 1);
    if (!sq_list(&q, a, l->with_raw ? read_raw_event : read_plain_event, sizeof **out, out, n, err))
        return false;
    *more = *n > l->limit;
    *n = *more ? l->limit : *n;
    return true;
}

bool sq_event_list(Store *store, const Uuid *owner, const EventQuery *l, Arena *a, CalEvent **out,
                   size_t *n, bool *more, Err *err)
{
    Sqlite *s = sq_of(store);
    SqOwner *o = sq_owner(s, owner);
    bool cut = false;
    *out = NULL;
    *n = 0;
    SqConn *c = o ? sq_read_begin(s, err) : NULL;
    bool ok = o == NULL;
    if (c) {
        ok = list_events(c, o, l, a, out, n, &cut, err);
        sq_read_end(s, c);
    }
    if (ok && more)
        *more = cut;
    return ok;
}

static bool read_replaced(Sq *q, Arena *a, void *row, Err *err)
{
    EventReplaced *r = row;
    r->recurrence_ms = sq_col_i64(q, 2);
    r->and_later = sq_col_i64(q, 3) == 2;
    return sq_col_bytes(q, 0, r->calendar.b, sizeof r->calendar.b, "an id", err) &&
           sq_col_copy(q, 1, a, &r->uid, err);
}

static bool read_zone(Sq *q, Arena *a, void *row, Err *err)
{
    CalZone *z = row;
    return sq_col_bytes(q, 0, z->calendar.b, sizeof z->calendar.b, "an id", err) &&
           sq_col_copy(q, 1, a, &z->tzid, err) && sq_col_copy(q, 2, a, &z->raw, err) &&
           sq_col_copy(q, 3, a, &z->tzif, err);
}

bool sq_event_replaced(Store *store, const Uuid *owner, Arena *a, EventReplaced **out, size_t *n,
                       Err *err)
{
    static const char sql[] =
        "SELECT k.uuid, e.uid, e.recurrence_ms, e.replaces FROM calendars k CROSS JOIN events e"
        " ON e.calendar_no = k.calendar_no WHERE k.owner_no = ?1 AND e.replaces <> 0"
        " ORDER BY k.uuid, e.uid, e.recurrence_ms";
    SqOwned r;
    *out = NULL;
    *n = 0;
    if (!sq_owned_begin(&r, store, owner, sql, err))
        return r.nobody;
    return sq_owned_list(&r, a, read_replaced, sizeof **out, out, n, err);
}

bool sq_zone_list(Store *store, const Uuid *owner, Arena *a, CalZone **out, size_t *n, Err *err)
{
    static const char sql[] =
        "SELECT k.uuid, z.tzid, z.raw, z.tzif FROM calendars k JOIN calendar_zones z"
        " ON z.calendar_no = k.calendar_no WHERE k.owner_no = ?1 ORDER BY k.uuid, z.tzid";
    SqOwned r;
    *out = NULL;
    *n = 0;
    if (!sq_owned_begin(&r, store, owner, sql, err))
        return r.nobody;
    return sq_owned_list(&r, a, read_zone, sizeof **out, out, n, err);
}
