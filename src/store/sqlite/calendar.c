/* calendar.c - writes of calendars and events. */
#include "store/sqlite/sq_calendar.h"

#include <stdlib.h>

#include "base/mem.h"

typedef struct {
    SqWrite w; /* first */
    const Calendar *calendar;
    const Uuid *id;
    const EventBatch *batch;
    EventCounts counts;
} CalendarWrite;

static bool read_only(const Sqlite *s, Err *err)
{
    return s->read_only ? !err_set(err, ERR_FORBIDDEN, "the store was opened for reading only")
                        : false;
}

/* ---- calendars ------------------------------------------------------------------------------- */

static bool write_calendar(SqConn *c, int64_t owner_no, const Calendar *k, Err *err)
{
    static const char sql[] =
        "INSERT INTO calendars (owner_no, uuid, name, address, refresh_s, state, problem, etag,"
        " modified, failures, created_at, checked_at, fetched_at, next_at, private) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) "
        "ON CONFLICT (owner_no, uuid) DO UPDATE SET name = excluded.name,"
        " address = excluded.address, refresh_s = excluded.refresh_s, state = excluded.state,"
        " problem = excluded.problem, etag = excluded.etag, modified = excluded.modified,"
        " failures = excluded.failures, checked_at = excluded.checked_at,"
        " fetched_at = excluded.fetched_at, next_at = excluded.next_at";
    Sq q;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, owner_no);
    sq_blob(&q, k->id.b, sizeof k->id.b);
    sq_text(&q, k->name);
    sq_text(&q, k->address);
    sq_i64(&q, k->refresh_s);
    sq_i64(&q, (int64_t)k->state);
    sq_text(&q, k->problem);
    sq_text(&q, k->etag);
    sq_text(&q, k->modified);
    sq_i64(&q, k->failures);
    sq_i64(&q, k->created_at);
    sq_i64(&q, k->checked_at);
    sq_i64(&q, k->fetched_at);
    sq_i64(&q, k->next_at);
    sq_i64(&q, k->private_network);
    return sq_run(&q, err);
}

static bool apply_calendar(Sqlite *s, SqWrite *w, Err *err)
{
    static const char sql[] =
        "SELECT count(*) FROM calendars WHERE owner_no = ?1 AND uuid <> ?2"; /* beside this one */
    const Calendar *k = ((CalendarWrite *)w)->calendar;
    Sq q;
    int64_t n = 0;
    bool ok = sq_begin(&q, s->writer.conn, sql, err);
    if (ok) {
        sq_i64(&q, w->owner->no);
        sq_blob(&q, k->id.b, sizeof k->id.b);
        ok = sq_step(&q, err) > 0;
        n = ok ? sq_col_i64(&q, 0) : 0;
    }
    sq_end(&q);
    if (ok && n >= (int64_t)CALENDAR_MAX)
        return err_set(err, ERR_TOO_LARGE, "there are %u calendars already", CALENDAR_MAX);
    return ok && write_calendar(s->writer.conn, w->owner->no, k, err);
}

bool sq_calendar_put(Store *store, const Uuid *owner, const Calendar *c, Err *err)
{
    Sqlite *s = sq_of(store);
    CalendarWrite cw = {.w = {.apply = apply_calendar, .plans = true}, .calendar = c};
    return !read_only(s, err) && (cw.w.owner = sq_owner_make(s, owner, err)) &&
           sq_write(s, &cw.w, err);
}

static bool apply_delete(Sqlite *s, SqWrite *w, Err *err)
{
    static const char sql[] = "DELETE FROM calendars WHERE owner_no = ?1 AND uuid = ?2";
    CalendarWrite *cw = (CalendarWrite *)w;
    Sq q;
    if (!sq_begin(&q, s->writer.conn, sql, err))
        return false;
    sq_i64(&q, w->owner->no);
    sq_blob(&q, cw->id->b, sizeof cw->id->b);
    if (!sq_run(&q, err))
        return false;
    return sqlite3_changes(s->writer.conn->db) > 0 ||
           err_set(err, ERR_NOT_FOUND, "there is no such calendar");
}

bool sq_calendar_delete(Store *store, const Uuid *owner, const Uuid *id, Err *err)
{
    Sqlite *s = sq_of(store);
    CalendarWrite cw = {.w = {.apply = apply_delete, .plans = true,
        .owner = sq_owner(s, owner), .frees = true},
        .id = id};
    if (!cw.w.owner)
        return err_set(err, ERR_NOT_FOUND, "there is no such calendar");
    return !read_only(s, err) && sq_write(s, &cw.w, err);
}

/* ---- events ---------------------------------------------------------------------------------- */

static void add_dates(Buf *to, const int64_t *ms, size_t n)
{
    buf_clear(to);
    for (size_t i = 0; i < n; i++)
        buf_printf(to, "%s%lld", i ? "," : "", (long long)ms[i]);
}

static void add_alarms(Buf *to, const CalEvent *e)
{
    buf_clear(to);
    for (size_t i = 0; i < e->n_alarms; i++)
        buf_printf(to, "%s%c%lld", i ? "," : "", e->alarms[i].absolute ? 'a' : 'r',
                   (long long)e->alarms[i].ms);
}

static void bind_event(Sq *q, const CalEvent *e, const Buf *text)
{
    sq_i64(q, e->sequence);
    sq_i64(q, e->stamp);
    sq_text(q, e->summary);
    sq_text(q, e->location);
    sq_text(q, e->description);
    sq_text(q, e->status);
    sq_i64(q, (int64_t)e->kind);
    sq_text(q, e->zone);
    sq_i64(q, e->start_ms);
    sq_i64(q, e->end_ms);
    sq_i64(q, e->last_ms);
    sq_text(q, e->rules);
    sq_text(q, buf_str(&text[0]));
    sq_text(q, buf_str(&text[1]));
    sq_text(q, buf_str(&text[2]));
    sq_i64(q, e->free);
    sq_text(q, e->raw);
    sq_i64(q, (int64_t)e->hash);
    sq_i64(q, e->updated_at);
}

static bool write_event(SqConn *c, int64_t calendar_no, int64_t event_no, const CalEvent *e,
                        int64_t *made, Err *err)
{
    static const char insert[] =
        "INSERT INTO events (sequence, stamp, summary, location, description, status, kind, zone,"
        " start_ms, end_ms, last_ms, rules, added, taken, alarms, free, raw, hash, updated_at,"
        " created_at, calendar_no, uuid, uid, replaces, recurrence_ms) VALUES (?1, ?2, ?3, ?4, ?5,"
        " ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23,"
        " ?24, ?25)";
    static const char update[] =
        "UPDATE events SET sequence = ?1, stamp = ?2, summary = ?3, location = ?4,"
        " description = ?5, status = ?6, kind = ?7, zone = ?8, start_ms = ?9, end_ms = ?10,"
        " last_ms = ?11, rules = ?12, added = ?13, taken = ?14, alarms = ?15, free = ?16,"
        " raw = ?17, hash = ?18, updated_at = ?19 WHERE event_no = ?20";
    Sq q;
    Buf text[3];
    for (size_t i = 0; i < 3; i++)
        buf_init(&text[i], 1 << 20);
    add_dates(&text[0], e->added, e->n_added);
    add_dates(&text[1], e->taken, e->n_taken);
    add_alarms(&text[2], e);
    bool ok = sq_begin(&q, c, event_no ? update : insert, err);
    for (size_t i = 0; ok && i < 3; i++)
        ok = buf_check(&text[i], "an event's dates", err);
    if (ok) {
        bind_event(&q, e, text);
        if (event_no) {
            sq_i64(&q, event_no);
        } else {
            sq_i64(&q, e->created_at);
            sq_i64(&q, calendar_no);
            sq_blob(&q, e->id.b, sizeof e->id.b);
            sq_text(&q, e->uid);
            sq_i64(&q, e->replaces ? e->and_later ? 2 : 1 : 0);
            sq_i64(&q, e->replaces ? e->recurrence_ms : 0);
        }
        ok = sq_step(&q, err) >= 0;
        *made = event_no ? event_no : (int64_t)sqlite3_last_insert_rowid(c->db);
    }
    sq_end(&q);
    for (size_t i = 0; i < 3; i++)
        buf_release(&text[i]);
    return ok;
}

typedef struct {
    int64_t no, sequence, stamp, hash;
} Known;

/* What stands for the same occurrence of the same event; no 0: nothing does. */
static bool find_known(SqConn *c, int64_t calendar_no, const CalEvent *e, Known *out, Err *err)
{
    static const char sql[] =
        "SELECT event_no, sequence, stamp, hash FROM events WHERE calendar_no = ?1 AND uid = ?2"
        " AND replaces = ?3 AND recurrence_ms = ?4";
    Sq q;
    int rc = -1;
    *out = (Known){0};
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, calendar_no);
        sq_text(&q, e->uid);
        sq_i64(&q, e->replaces ? e->and_later ? 2 : 1 : 0);
        sq_i64(&q, e->replaces ? e->recurrence_ms : 0);
        rc = sq_step(&q, err);
        if (rc > 0)
            *out = (Known){sq_col_i64(&q, 0), sq_col_i64(&q, 1), sq_col_i64(&q, 2),
                sq_col_i64(&q, 3)};
    }
    sq_end(&q);
    return rc >= 0;
}

static bool put_event(SqConn *c, int64_t calendar_no, const CalEvent *e, bool force,
                      EventCounts *counts, int64_t *no, Err *err)
{
    Known k;
    if (!find_known(c, calendar_no, e, &k, err))
        return false;
    *no = k.no;
    if (k.no && k.hash == (int64_t)e->hash) {
        counts->unchanged++;
        return true;
    }
    bool older = e->sequence < k.sequence || (e->sequence == k.sequence && e->stamp < k.stamp);
    if (k.no && older && !force) {
        counts->older++;
        return true;
    }
    if (k.no)
        counts->updated++;
    else
        counts->created++;
    return write_event(c, calendar_no, k.no, e, no, err);
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* Takes away what the newcomers do not have. */
static bool remove_others(SqConn *c, int64_t calendar_no, int64_t *kept, size_t n,
                          uint64_t *removed, Err *err)
{
    static const char list[] = "SELECT event_no FROM events WHERE calendar_no = ?1";
    static const char gone[] = "DELETE FROM events WHERE event_no = ?1";
    Sq q, d;
    Buf found;
    qsort(kept, n, sizeof *kept, by_number);
    buf_init(&found, 256 << 20);
    bool ok = sq_begin(&q, c, list, err);
    int rc = 0;
    if (ok) {
        sq_i64(&q, calendar_no);
        while ((rc = sq_step(&q, err)) > 0) {
            int64_t no = sq_col_i64(&q, 0);
            if (!bsearch(&no, kept, n, sizeof *kept, by_number))
                (void)buf_add_mem(&found, &no, sizeof no);
        }
        ok = rc == 0 && buf_check(&found, "the list of events", err);
    }
    sq_end(&q);
    for (size_t i = 0; ok && i < found.len / sizeof(int64_t); i++) {
        int64_t no;
        memcpy(&no, found.ptr + i * sizeof no, sizeof no);
        ok = sq_begin(&d, c, gone, err);
        if (ok) {
            sq_i64(&d, no);
            ok = sq_run(&d, err);
            ++*removed;
        }
    }
    buf_release(&found);
    return ok;
}

static bool put_zone(SqConn *c, int64_t calendar_no, const CalZone *z, Err *err)
{
    static const char sql[] = "INSERT OR REPLACE INTO calendar_zones (calendar_no, tzid, raw, tzif)"
                              " VALUES (?1, ?2, ?3, ?4)";
    Sq q;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, calendar_no);
    sq_text(&q, z->tzid);
    sq_text(&q, z->raw);
    sq_blob(&q, z->tzif.len ? z->tzif.ptr : "", z->tzif.len);
    return sq_run(&q, err);
}

static bool calendar_number(SqConn *c, int64_t owner_no, const Uuid *id, int64_t *no, Err *err)
{
    static const char sql[] = "SELECT calendar_no FROM calendars WHERE owner_no = ?1 AND uuid = ?2";
    Sq q;
    int rc = -1;
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, owner_no);
        sq_blob(&q, id->b, sizeof id->b);
        rc = sq_step(&q, err);
        if (rc > 0)
            *no = sq_col_i64(&q, 0);
    }
    sq_end(&q);
    return rc > 0 || (rc == 0 && err_set(err, ERR_NOT_FOUND, "there is no such calendar"));
}

static bool apply_batch(Sqlite *s, SqWrite *w, Err *err)
{
    CalendarWrite *cw = (CalendarWrite *)w;
    const EventBatch *b = cw->batch;
    SqConn *c = s->writer.conn;
    int64_t no = 0;
    cw->counts = (EventCounts){0};
    int64_t *kept = mem_array(b->n_events + 1, sizeof *kept);
    if (!kept)
        return err_set(err, ERR_NO_MEMORY, "no memory to store the events");
    bool ok = write_calendar(c, w->owner->no, b->calendar, err) &&
              calendar_number(c, w->owner->no, &b->calendar->id, &no, err);
    for (size_t i = 0; ok && i < b->n_zones; i++)
        ok = put_zone(c, no, &b->zones[i], err);
    for (size_t i = 0; ok && i < b->n_events; i++)
        ok = put_event(c, no, &b->events[i], b->force, &cw->counts, &kept[i], err);
    if (ok && b->whole)
        ok = remove_others(c, no, kept, b->n_events, &cw->counts.removed, err);
    mem_free(kept);
    return ok;
}

bool sq_event_apply(Store *store, const Uuid *owner, const EventBatch *b, EventCounts *counts,
                    Err *err)
{
    Sqlite *s = sq_of(store);
    CalendarWrite cw = {.w = {.apply = apply_batch, .plans = true}, .batch = b};
    if (read_only(s, err) || !(cw.w.owner = sq_owner_make(s, owner, err)) ||
        !sq_write(s, &cw.w, err))
        return false;
    *counts = cw.counts;
    return true;
}

static bool apply_event_delete(Sqlite *s, SqWrite *w, Err *err)
{
    static const char sql[] =
        "DELETE FROM events WHERE event_no IN (SELECT o.event_no FROM events e JOIN calendars k"
        " ON k.calendar_no = e.calendar_no JOIN events o ON o.calendar_no = e.calendar_no"
        " AND o.uid = e.uid AND (o.event_no = e.event_no OR (e.replaces = 0 AND o.replaces <> 0))"
        " WHERE e.uuid = ?1 AND k.owner_no = ?2)";
    CalendarWrite *cw = (CalendarWrite *)w;
    Sq q;
    if (!sq_begin(&q, s->writer.conn, sql, err))
        return false;
    sq_blob(&q, cw->id->b, sizeof cw->id->b);
    sq_i64(&q, w->owner->no);
    if (!sq_run(&q, err))
        return false;
    return sqlite3_changes(s->writer.conn->db) > 0 ||
           err_set(err, ERR_NOT_FOUND, "there is no such event");
}

bool sq_event_delete(Store *store, const Uuid *owner, const Uuid *id, Err *err)
{
    Sqlite *s = sq_of(store);
    CalendarWrite cw = {
        .w = {.apply = apply_event_delete, .plans = true,
        .owner = sq_owner(s, owner), .frees = true}, .id = id};
    if (!cw.w.owner)
        return err_set(err, ERR_NOT_FOUND, "there is no such event");
    return !read_only(s, err) && sq_write(s, &cw.w, err);
}
