/* interactions.c - what was said aloud: one row an interaction. */
#include "store/interactions.h"

#include "store/sqlite/sq_talk.h"

typedef struct {
    SqWrite w; /* first */
    const StoredInteraction *i; /* put */
    const Uuid *id;             /* delete; NULL: all */
    uint64_t n;
} InteractionWrite;

static bool none(Err *err)
{
    return err_set(err, ERR_NOT_FOUND, "there is no such interaction");
}

static bool read_only(const Sqlite *s, Err *err)
{
    return s->read_only
        && !err_set(err, ERR_FORBIDDEN, "the store was opened for reading only");
}

static bool apply_put(Sqlite *s, SqWrite *w, Err *err)
{
    static const char sql[] =
        "INSERT INTO interactions (owner_no, uuid, session, at, body) "
        "VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (owner_no, uuid) DO UPDATE SET "
        "session = excluded.session, at = excluded.at, body = excluded.body";
    const StoredInteraction *i = ((InteractionWrite *)w)->i;
    Sq q;
    if (!sq_begin(&q, s->writer.conn, sql, err))
        return false;
    sq_i64(&q, w->owner->no);
    sq_blob(&q, i->id.b, sizeof i->id.b);
    if (uuid_is_nil(&i->session))
        sq_text(&q, (Str){NULL, 0});
    else
        sq_blob(&q, i->session.b, sizeof i->session.b);
    sq_i64(&q, i->at);
    sq_text(&q, i->body_json);
    return sq_run(&q, err);
}

bool sq_interaction_put(Store *store, const Uuid *owner, const StoredInteraction *i, Err *err)
{
    Sqlite *s = sq_of(store);
    InteractionWrite iw = {.w = {.apply = apply_put}, .i = i};
    return !read_only(s, err) && (iw.w.owner = sq_owner_make(s, owner, err)) != NULL
        && sq_write(s, &iw.w, err);
}

#define COLUMNS "interaction_no, uuid, session, at, body"

static bool read_row(Sq *q, Arena *a, void *out, Err *err)
{
    StoredInteraction i = {.at = sq_col_i64(q, 3)};
    if (!sq_col_bytes(q, 1, i.id.b, sizeof i.id.b, "an interaction's id", err)
        || !sq_col_copy(q, 4, a, &i.body_json, err))
        return false;
    if (sq_col_str(q, 2).ptr
        && !sq_col_bytes(q, 2, i.session.b, sizeof i.session.b, "a conversation's id", err))
        return false;
    *(StoredInteraction *)out = i;
    return true;
}

bool sq_interaction_get(Store *store, const Uuid *owner, const Uuid *id, Arena *a,
    StoredInteraction *out, Err *err)
{
    static const char sql[] =
        "SELECT " COLUMNS " FROM interactions WHERE owner_no = ?1 AND uuid = ?2";
    int rc = sq_owned_one(store, owner, sql, id, read_row, a, out, err);
    return rc > 0 || (rc == 0 && none(err));
}

static bool count(SqConn *c, int64_t owner_no, uint64_t *total, Err *err)
{
    static const char sql[] = "SELECT count(*) FROM interactions WHERE owner_no = ?1";
    Sq q;
    bool ok = sq_begin(&q, c, sql, err);
    if (ok) {
        sq_i64(&q, owner_no);
        ok = sq_step(&q, err) > 0;
    }
    if (ok)
        *total = (uint64_t)sq_col_i64(&q, 0);
    sq_end(&q);
    return ok;
}

/* The page before (at, no). */
static bool page_of(SqConn *c, int64_t owner_no, size_t limit, int64_t at, int64_t no, Arena *a,
    InteractionPage *page, Err *err)
{
    static const char sql[] =
        "SELECT " COLUMNS " FROM interactions WHERE owner_no = ?1 "
        "AND (at, interaction_no) < (?2, ?3) ORDER BY at DESC, interaction_no DESC LIMIT ?4";
    Sq q;
    int rc = -1;
    page->items = ARENA_NEW_ARRAY(a, StoredInteraction, limit);
    if (!page->items)
        return err_set(err, ERR_NO_MEMORY, "interactions: out of memory");
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, owner_no);
        sq_i64(&q, at);
        sq_i64(&q, no);
        sq_i64(&q, (int64_t)limit + 1);
        while ((rc = sq_step(&q, err)) > 0 && page->n < limit) {
            StoredInteraction *i = &page->items[page->n];
            if (!read_row(&q, a, i, err)) {
                rc = -1;
                break;
            }
            page->next_cursor = arena_printf(a, "%lld.%lld", (long long)i->at,
                (long long)sq_col_i64(&q, 0));
            page->n++;
        }
    }
    sq_end(&q);
    if (rc > 0 && !page->next_cursor.ptr)
        return err_set(err, ERR_NO_MEMORY, "interactions: out of memory");
    if (rc == 0)
        page->next_cursor = (Str){NULL, 0};
    return rc >= 0;
}

bool sq_interaction_list(Store *store, const Uuid *owner, size_t limit, Str cursor, Arena *a,
    InteractionPage *out, Err *err)
{
    Sqlite *s = sq_of(store);
    SqOwner *o = sq_owner(s, owner);
    InteractionPage page = {0};
    int64_t at = INT64_MAX, no = INT64_MAX;
    if (cursor.len && !sq_talk_cursor(cursor, &at, &no, err))
        return false;
    if (!o) {
        *out = page;
        return true;
    }
    SqConn *c = sq_read_begin(s, err);
    if (!c)
        return false;
    bool ok = count(c, o->no, &page.total, err)
        && page_of(c, o->no, limit, at, no, a, &page, err);
    sq_read_end(s, c);
    if (ok)
        *out = page;
    return ok;
}

static bool apply_delete(Sqlite *s, SqWrite *w, Err *err)
{
    static const char sql[] = "DELETE FROM interactions WHERE owner_no = ?1 "
                              "AND (?2 IS NULL OR uuid = ?2)";
    InteractionWrite *iw = (InteractionWrite *)w;
    Sq q;
    if (!sq_begin(&q, s->writer.conn, sql, err))
        return false;
    sq_i64(&q, w->owner->no);
    if (iw->id)
        sq_blob(&q, iw->id->b, sizeof iw->id->b);
    else
        sq_text(&q, (Str){NULL, 0});
    if (!sq_run(&q, err))
        return false;
    iw->n = (uint64_t)sqlite3_changes(s->writer.conn->db);
    return iw->n > 0 || !iw->id || none(err);
}

bool sq_interaction_delete(Store *store, const Uuid *owner, const Uuid *id, uint64_t *n, Err *err)
{
    Sqlite *s = sq_of(store);
    InteractionWrite iw = {.w = {.apply = apply_delete, .owner = sq_owner(s, owner),
        .frees = true}, .id = id};
    if (read_only(s, err))
        return false;
    if (!iw.w.owner && id)
        return none(err);
    if (iw.w.owner && !sq_write(s, &iw.w, err))
        return false;
    if (n)
        *n = iw.n;
    return true;
}
