/* talk.c - conversations: turns in, sessions and messages out. */
#include "store/sqlite/sq_talk.h"

/* ---- shared with facts.c --------------------------------------------------------------------- */

bool sq_talk_no_memory(Err *err)
{
    return err_set(err, ERR_NO_MEMORY, "conversations: out of memory");
}

bool sq_talk_words(Sqlite *s, Str text, Arena *a, Str *out, Err *err)
{
    Buf words;
    SqConn *c = sq_conn_take(s, err);
    if (!c)
        return false;
    buf_init(&words, (size_t)4 << 20);
    bool ok = sq_names_fold(c, text, STR(""), STR(""), &words, err);
    sq_conn_give(s, c);
    if (ok) {
        *out = arena_buf(a, &words);
        ok = out->ptr || sq_talk_no_memory(err);
    }
    buf_release(&words);
    return ok;
}

typedef struct {
    SqWhere *w;
    const char *condition;
} WordArg;

static bool on_word(void *arg, Str token, size_t start, size_t end)
{
    WordArg *x = arg;
    (void)start;
    (void)end;
    Str copy = arena_str(x->w->a, token);
    if (!copy.ptr) {
        x->w->sql.failed = true;
        return false;
    }
    buf_printf(&x->w->sql, " AND %s", x->condition);
    for (const char *p = x->condition; *p; p++)
        if (*p == '?')
            sq_where_text(x->w, copy);
    return true;
}

bool sq_talk_where_words(SqConn *c, SqWhere *w, Str q, const char *condition, Err *err)
{
    WordArg x = {w, condition};
    size_t before = w->sql.len;
    if (!str_trim(q).len)
        return true;
    if (!sq_tokens(c, q, false, on_word, &x, err))
        return false;
    if (w->sql.len == before)
        buf_add_c(&w->sql, " AND 0");
    return buf_ok(&w->sql) || sq_talk_no_memory(err);
}

bool sq_talk_cursor(Str text, int64_t *key, int64_t *no, Err *err)
{
    Str rest = text, part;
    bool ok = str_next(&rest, '.', &part) && str_to_i64(part, key) && rest.ptr
        && str_to_i64(rest, no);
    return ok || err_set(err, ERR_VALIDATION, "the cursor does not belong to this list");
}

/* ---- turns ----------------------------------------------------------------------------------- */

typedef struct {
    SqWrite w; /* first */
    const TalkTurn *t;
    const Str *words; /* [t->n_messages] */
    Str title_words;
} TurnWrite;

static int find_session(SqConn *c, int64_t owner_no, const Uuid *id, int64_t *session_no,
    uint64_t *n_messages, Err *err)
{
    static const char sql[] =
        "SELECT session_no, n_messages FROM sessions WHERE owner_no = ?1 AND uuid = ?2 "
        "AND binned_at IS NULL";
    Sq q;
    int rc = -1;
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, owner_no);
        sq_blob(&q, id->b, sizeof id->b);
        rc = sq_step(&q, err);
        if (rc > 0) {
            *session_no = sq_col_i64(&q, 0);
            *n_messages = (uint64_t)sq_col_i64(&q, 1);
        }
    }
    sq_end(&q);
    return rc;
}

static bool new_session(SqConn *c, int64_t owner_no, const TurnWrite *tw, int64_t *no, Err *err)
{
    static const char sql[] =
        "INSERT INTO sessions (owner_no, uuid, title, words, state, n_messages, created_at, "
        "updated_at) VALUES (?1, ?2, ?3, ?4, '{}', 0, ?5, ?5)";
    Sq q;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, owner_no);
    sq_blob(&q, tw->t->session.b, sizeof tw->t->session.b);
    sq_text(&q, tw->t->title);
    sq_text(&q, tw->title_words);
    sq_i64(&q, tw->t->at);
    if (!sq_run(&q, err))
        return false;
    *no = sqlite3_last_insert_rowid(c->db);
    return true;
}

static bool add_message(SqConn *c, int64_t session_no, uint64_t no, const TalkMessage *m, Str words,
    Err *err)
{
    static const char sql[] =
        "INSERT INTO messages (session_no, no, uuid, role, text, words, extra, at) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    Sq q;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, session_no);
    sq_i64(&q, (int64_t)no);
    sq_blob(&q, m->id.b, sizeof m->id.b);
    sq_i64(&q, m->role);
    sq_text(&q, m->text.ptr ? m->text : STR(""));
    sq_text(&q, words);
    sq_text(&q, m->extra_json.len ? m->extra_json : STR("{}"));
    sq_i64(&q, m->at);
    return sq_run(&q, err);
}

static bool apply_turn(Sqlite *s, SqWrite *w, Err *err)
{
    static const char sql[] =
        "UPDATE sessions SET state = ?2, n_messages = ?3, updated_at = max(updated_at, ?4) "
        "WHERE session_no = ?1";
    TurnWrite *tw = (TurnWrite *)w;
    const TalkTurn *t = tw->t;
    SqConn *c = s->writer.conn;
    int64_t no = 0;
    uint64_t n = 0;
    int rc = find_session(c, w->owner->no, &t->session, &no, &n, err);
    if (rc < 0)
        return false;
    if (rc == 0 && t->expected)
        return err_set(err, ERR_NOT_FOUND, "the conversation was deleted");
    if (!sq_talk_empty_bin(c, w->owner->no, t->at, err))
        return false;
    if (n != t->expected)
        return err_set(err, ERR_CONFLICT,
            "something else was said in this conversation at the same time; try again");
    if (rc == 0 && !new_session(c, w->owner->no, tw, &no, err))
        return false;
    for (size_t i = 0; i < t->n_messages; i++)
        if (!add_message(c, no, n + i + 1, &t->messages[i], tw->words[i], err))
            return false;
    Sq q;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, no);
    sq_text(&q, t->state_json.len ? t->state_json : STR("{}"));
    sq_i64(&q, (int64_t)(n + t->n_messages));
    sq_i64(&q, t->at);
    return sq_run(&q, err);
}

bool sq_talk_turn(Store *store, const Uuid *owner, const TalkTurn *t, Err *err)
{
    Sqlite *s = sq_of(store);
    TurnWrite tw = {.w = {.apply = apply_turn}, .t = t};
    if (s->read_only)
        return err_set(err, ERR_FORBIDDEN, "the store was opened for reading only");
    Arena *a = arena_new((size_t)64 << 20);
    Str *words = a ? ARENA_NEW_ARRAY(a, Str, t->n_messages + 1) : NULL;
    bool ok = words || sq_talk_no_memory(err);
    ok = ok && sq_talk_words(s, t->title, a, &tw.title_words, err);
    for (size_t i = 0; ok && i < t->n_messages; i++)
        ok = sq_talk_words(s, t->messages[i].text, a, &words[i], err);
    tw.words = words;
    ok = ok && (tw.w.owner = sq_owner_make(s, owner, err)) && sq_write(s, &tw.w, err);
    arena_free(a);
    return ok;
}

/* ---- one session ----------------------------------------------------------------------------- */

#define SESSION_COLUMNS                                                                            \
    "t.session_no, t.uuid, t.title, t.n_messages, t.created_at, t.updated_at"
#define SESSION_NCOLUMNS 6

static bool read_session(Sq *q, Arena *a, TalkSession *out, Err *err)
{
    TalkSession t = {.state_json = STR("")};
    if (!sq_col_bytes(q, 1, t.id.b, sizeof t.id.b, "a conversation's id", err)
        || !sq_col_copy(q, 2, a, &t.title, err))
        return false;
    t.n_messages = (uint64_t)sq_col_i64(q, 3);
    t.created_at = sq_col_i64(q, 4);
    t.updated_at = sq_col_i64(q, 5);
    *out = t;
    return true;
}

static bool no_session(Err *err)
{
    return err_set(err, ERR_NOT_FOUND, "there is no such conversation");
}

static bool read_with_state(Sq *q, Arena *a, void *row, Err *err)
{
    TalkSession t;
    if (!read_session(q, a, &t, err) || !sq_col_copy(q, SESSION_NCOLUMNS, a, &t.state_json, err))
        return false;
    *(TalkSession *)row = t;
    return true;
}

bool sq_talk_session(Store *store, const Uuid *owner, const Uuid *id, Arena *a, TalkSession *out,
    Err *err)
{
    static const char sql[] = "SELECT " SESSION_COLUMNS ", t.state FROM sessions t "
                              "WHERE t.owner_no = ?1 AND t.uuid = ?2 AND t.binned_at IS NULL";
    int rc = sq_owned_one(store, owner, sql, id, read_with_state, a, out, err);
    return rc > 0 || (rc == 0 && no_session(err));
}

/* ---- lists ----------------------------------------------------------------------------------- */

/* Statements made for one use: "SELECT <what> FROM sessions t WHERE <w> <end>". */
static bool begin_list(Sq *q, SqConn *c, const SqWhere *w, const char *what, const char *end,
    Err *err)
{
    Str sql = arena_printf(w->a, "SELECT %s FROM sessions t WHERE " STR_FMT " %s", what,
        STR_ARG(buf_str(&w->sql)), end);
    *q = (Sq){0};
    if (!sql.ptr)
        return sq_talk_no_memory(err);
    if (!sq_begin_once(q, c, sql, err))
        return false;
    sq_where_bind(w, q);
    return true;
}

static bool list_where(SqConn *c, int64_t owner_no, Str words, SqWhere *w, Err *err)
{
    buf_init(&w->sql, 1 << 20);
    buf_add_c(&w->sql, "t.binned_at IS NULL AND t.owner_no = ?");
    sq_where_i64(w, owner_no);
    return sq_talk_where_words(c, w, words,
        "(instr(t.words, ?) > 0 OR EXISTS (SELECT 1 FROM messages m "
        "WHERE m.session_no = t.session_no AND instr(m.words, ?) > 0))", err)
        && (buf_ok(&w->sql) || sq_talk_no_memory(err));
}

static bool list_page(SqConn *c, SqWhere *w, size_t limit, Str cursor, Arena *a,
    TalkSessionPage *page, Err *err)
{
    int64_t key, no;
    Sq q;
    int rc = -1;
    if (cursor.len) {
        if (!sq_talk_cursor(cursor, &key, &no, err))
            return false;
        buf_add_c(&w->sql, " AND (t.updated_at, t.session_no) < (?, ?)");
        sq_where_i64(w, key);
        sq_where_i64(w, no);
    }
    Str end = arena_printf(a, "ORDER BY t.updated_at DESC, t.session_no DESC LIMIT %zu", limit + 1);
    page->items = ARENA_NEW_ARRAY(a, TalkSession, limit);
    if (!end.ptr || !page->items)
        return sq_talk_no_memory(err);
    if (begin_list(&q, c, w, SESSION_COLUMNS, end.ptr, err)) {
        while ((rc = sq_step(&q, err)) > 0 && page->n < limit) {
            TalkSession *t = &page->items[page->n];
            if (!read_session(&q, a, t, err)) {
                rc = -1;
                break;
            }
            page->next_cursor = arena_printf(a, "%lld.%lld", (long long)t->updated_at,
                (long long)sq_col_i64(&q, 0));
            page->n++;
        }
    }
    sq_end(&q);
    if (rc > 0 && !page->next_cursor.ptr)
        return sq_talk_no_memory(err);
    if (rc == 0)
        page->next_cursor = (Str){NULL, 0};
    return rc >= 0;
}

static bool list_count(SqConn *c, const SqWhere *w, uint64_t *total, Err *err)
{
    Sq q;
    bool ok = begin_list(&q, c, w, "count(*)", "", err) && sq_step(&q, err) > 0;
    if (ok)
        *total = (uint64_t)sq_col_i64(&q, 0);
    sq_end(&q);
    return ok;
}

bool sq_talk_sessions(Store *store, const Uuid *owner, Str words, size_t limit, Str cursor,
    Arena *a, TalkSessionPage *out, Err *err)
{
    Sqlite *s = sq_of(store);
    SqOwner *o = sq_owner(s, owner);
    TalkSessionPage page = {0};
    int64_t key, no;
    if (cursor.len && !sq_talk_cursor(cursor, &key, &no, err))
        return false;
    if (!o) {
        *out = page;
        return true;
    }
    SqConn *c = sq_read_begin(s, err);
    if (!c)
        return false;
    SqWhere w = {.a = a};
    bool ok = list_where(c, o->no, words, &w, err) && list_count(c, &w, &page.total, err)
        && list_page(c, &w, limit, cursor, a, &page, err);
    sq_where_release(&w);
    sq_read_end(s, c);
    if (ok)
        *out = page;
    return ok;
}

/* ---- messages -------------------------------------------------------------------------------- */

static bool read_message(Sq *q, Arena *a, TalkMessage *out, Err *err)
{
    TalkMessage m = {.no = (uint64_t)sq_col_i64(q, 0)};
    int64_t role = sq_col_i64(q, 2);
    if (!sq_col_bytes(q, 1, m.id.b, sizeof m.id.b, "a message's id", err)
        || !sq_col_copy(q, 3, a, &m.text, err) || !sq_col_copy(q, 4, a, &m.extra_json, err))
        return false;
    if (role != TALK_PERSON && role != TALK_ASSISTANT)
        return err_set(err, ERR_CORRUPT, "a message in the database is nobody's");
    m.role = (TalkRole)role;
    m.at = sq_col_i64(q, 5);
    *out = m;
    return true;
}

/* The newest first out of the table; turned round for the caller. */
static bool read_messages(SqConn *c, int64_t session_no, size_t limit, int64_t before, Arena *a,
    TalkMessagePage *page, Err *err)
{
    static const char sql[] =
        "SELECT no, uuid, role, text, extra, at FROM messages "
        "WHERE session_no = ?1 AND no < ?2 ORDER BY no DESC LIMIT ?3";
    Sq q;
    int rc = -1;
    page->items = ARENA_NEW_ARRAY(a, TalkMessage, limit);
    if (!page->items)
        return sq_talk_no_memory(err);
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, session_no);
        sq_i64(&q, before);
        sq_i64(&q, (int64_t)limit + 1);
        while ((rc = sq_step(&q, err)) > 0 && page->n < limit) {
            if (!read_message(&q, a, &page->items[page->n], err)) {
                rc = -1;
                break;
            }
            page->n++;
        }
    }
    sq_end(&q);
    if (rc > 0) {
        page->next_cursor = arena_printf(a, "%llu",
            (unsigned long long)page->items[page->n - 1].no);
        if (!page->next_cursor.ptr)
            return sq_talk_no_memory(err);
    }
    for (size_t i = 0; i < page->n / 2; i++) {
        TalkMessage swap = page->items[i];
        page->items[i] = page->items[page->n - 1 - i];
        page->items[page->n - 1 - i] = swap;
    }
    return rc >= 0;
}

bool sq_talk_messages(Store *store, const Uuid *owner, const Uuid *session, size_t limit,
    Str cursor, Arena *a, TalkMessagePage *out, Err *err)
{
    Sqlite *s = sq_of(store);
    SqOwner *o = sq_owner(s, owner);
    TalkMessagePage page = {0};
    int64_t before = INT64_MAX, no;
    if (cursor.len && !str_to_i64(cursor, &before))
        return err_set(err, ERR_VALIDATION, "the cursor does not belong to this list");
    if (!o)
        return no_session(err);
    SqConn *c = sq_read_begin(s, err);
    if (!c)
        return false;
    int rc = find_session(c, o->no, session, &no, &page.total, err);
    bool ok = rc > 0 && read_messages(c, no, limit, before, a, &page, err);
    sq_read_end(s, c);
    if (rc == 0)
        return no_session(err);
    if (ok)
        *out = page;
    return ok;
}

/* ---- by what was said ------------------------------------------------------------------------ */

/* 1: the session has these messages; 0; -1. */
static int same_messages(SqConn *c, int64_t session_no, const TalkMessage *m, size_t n, Err *err)
{
    static const char sql[] =
        "SELECT role, text FROM messages WHERE session_no = ?1 ORDER BY no";
    Sq q;
    size_t i = 0;
    int rc = -1;
    bool same = true;
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, session_no);
        while (same && (rc = sq_step(&q, err)) > 0) {
            same = i < n && sq_col_i64(&q, 0) == (int64_t)m[i].role
                && str_eq(sq_col_str(&q, 1), m[i].text);
            i++;
        }
    }
    sq_end(&q);
    return rc < 0 ? -1 : same && i == n;
}

#define FIND_MAX 64 /* conversations of one length that end alike and are looked at */

static bool find_same(SqConn *c, int64_t owner_no, const TalkMessage *m, size_t n, Uuid *id,
    bool *found, Err *err)
{
    static const char sql[] =
        "SELECT s.session_no, s.uuid FROM sessions s JOIN messages m "
        "ON m.session_no = s.session_no AND m.no = s.n_messages "
        "WHERE s.owner_no = ?1 AND s.n_messages = ?2 AND m.text = ?3 AND s.binned_at IS NULL "
        "ORDER BY s.updated_at DESC, s.session_no DESC LIMIT ?4";
    Sq q;
    int rc = -1;
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, owner_no);
        sq_i64(&q, (int64_t)n);
        sq_text(&q, m[n - 1].text);
        sq_i64(&q, FIND_MAX);
        while (!*found && (rc = sq_step(&q, err)) > 0) {
            int same = same_messages(c, sq_col_i64(&q, 0), m, n, err);
            *found = same > 0;
            if (same < 0 || (*found && !sq_col_bytes(&q, 1, id->b, sizeof id->b,
                                           "a conversation's id", err))) {
                rc = -1;
                break;
            }
        }
    }
    sq_end(&q);
    return rc >= 0;
}

bool sq_talk_find(Store *store, const Uuid *owner, const TalkMessage *m, size_t n, Uuid *id,
    bool *found, Err *err)
{
    Sqlite *s = sq_of(store);
    SqOwner *o = sq_owner(s, owner);
    *found = false;
    if (!o)
        return true;
    SqConn *c = sq_read_begin(s, err);
    if (!c)
        return false;
    bool ok = find_same(c, o->no, m, n, id, found, err);
    sq_read_end(s, c);
    return ok;
}

/* ---- title, deletion ------------------------------------------------------------------------- */

typedef struct {
    SqWrite w; /* first */
    const Uuid *id;
    Str title, words;
    int64_t at;
} SessionWrite;

static bool apply_retitle(Sqlite *s, SqWrite *w, Err *err)
{
    static const char sql[] =
        "UPDATE sessions SET title = ?3, words = ?4, updated_at = max(updated_at, ?5) "
        "WHERE owner_no = ?1 AND uuid = ?2 AND binned_at IS NULL";
    SessionWrite *sw = (SessionWrite *)w;
    Sq q;
    if (!sq_begin(&q, s->writer.conn, sql, err))
        return false;
    sq_i64(&q, w->owner->no);
    sq_blob(&q, sw->id->b, sizeof sw->id->b);
    sq_text(&q, sw->title);
    sq_text(&q, sw->words);
    sq_i64(&q, sw->at);
    return sq_run(&q, err) && (sqlite3_changes(s->writer.conn->db) > 0 || no_session(err));
}

bool sq_talk_retitle(Store *store, const Uuid *owner, const Uuid *session, Str title, int64_t at,
    Err *err)
{
    Sqlite *s = sq_of(store);
    SessionWrite sw = {.w = {.apply = apply_retitle, .owner = sq_owner(s, owner)}, .id = session,
        .title = title, .at = at};
    if (s->read_only)
        return err_set(err, ERR_FORBIDDEN, "the store was opened for reading only");
    if (!sw.w.owner)
        return no_session(err);
    Arena *a = arena_new((size_t)1 << 20);
    bool ok = (a || sq_talk_no_memory(err)) && sq_talk_words(s, title, a, &sw.words, err)
        && sq_write(s, &sw.w, err);
    arena_free(a);
    return ok;
}

static bool apply_session_delete(Sqlite *s, SqWrite *w, Err *err)
{
    static const char sql[] = "DELETE FROM sessions WHERE owner_no = ?1 AND uuid = ?2";
    SessionWrite *sw = (SessionWrite *)w;
    Sq q;
    if (!sq_begin(&q, s->writer.conn, sql, err))
        return false;
    sq_i64(&q, w->owner->no);
    sq_blob(&q, sw->id->b, sizeof sw->id->b);
    return sq_run(&q, err) && (sqlite3_changes(s->writer.conn->db) > 0 || no_session(err));
}

bool sq_talk_delete(Store *store, const Uuid *owner, const Uuid *session, Err *err)
{
    Sqlite *s = sq_of(store);
    SessionWrite sw = {.w = {.apply = apply_session_delete, .owner = sq_owner(s, owner),
        .frees = true}, .id = session};
    if (s->read_only)
        return err_set(err, ERR_FORBIDDEN, "the store was opened for reading only");
    return sw.w.owner ? sq_write(s, &sw.w, err) : no_session(err);
}
