/* audit.c - who did what. Appended in groups; what is too old is forgotten with every group. */
#include "store/sqlite/sq.h"

typedef struct {
    SqWrite w; /* first */
    const AuditEntry *e;
    size_t n;
    int64_t keep_since;
} AuditWrite;

static bool insert(SqConn *c, const AuditEntry *e, Err *err)
{
    static const char sql[] =
        "INSERT INTO audit (at, person, who, via, address, action, object, status) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    Sq q;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, e->at);
    if (uuid_is_nil(&e->person))
        sq_text(&q, (Str){NULL, 0});
    else
        sq_blob(&q, e->person.b, sizeof e->person.b);
    sq_text(&q, e->who);
    sq_text(&q, e->via);
    sq_text(&q, e->address);
    sq_text(&q, e->action);
    sq_text(&q, e->object);
    sq_i64(&q, e->status);
    return sq_run(&q, err);
}

static bool apply(Sqlite *s, SqWrite *w, Err *err)
{
    static const char sql[] = "DELETE FROM audit WHERE at < ?1";
    const AuditWrite *aw = (AuditWrite *)w;
    SqConn *c = s->writer.conn;
    Sq q;
    for (size_t i = 0; i < aw->n; i++)
        if (!insert(c, &aw->e[i], err))
            return false;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, aw->keep_since);
    return sq_run(&q, err);
}

bool sq_audit_add(Store *store, const AuditEntry *e, size_t n, int64_t keep_since, Err *err)
{
    Sqlite *s = sq_of(store);
    AuditWrite aw = {.w = {.apply = apply}, .e = e, .n = n, .keep_since = keep_since};
    return sq_write(s, &aw.w, err);
}

static bool read_one(Sq *q, Arena *a, void *row, Err *err)
{
    AuditEntry *e = row;
    *e = (AuditEntry){.no = (uint64_t)sq_col_i64(q, 0), .at = sq_col_i64(q, 1),
        .status = (int)sq_col_i64(q, 8)};
    Str person = sq_col_str(q, 2);
    if (person.ptr && !sq_col_bytes(q, 2, e->person.b, sizeof e->person.b, "a person's id", err))
        return false;
    return sq_col_copy(q, 3, a, &e->who, err) && sq_col_copy(q, 4, a, &e->via, err)
        && sq_col_copy(q, 5, a, &e->address, err) && sq_col_copy(q, 6, a, &e->action, err)
        && sq_col_copy(q, 7, a, &e->object, err);
}

bool sq_audit_list(Store *store, const AuditQuery *query, Arena *a, AuditEntry **out, size_t *n,
    Err *err)
{
    static const char sql[] =
        "SELECT audit_no, at, person, who, via, address, action, object, status FROM audit "
        "WHERE (?1 IS NULL OR person = ?1) AND at >= ?2 AND (?3 = 0 OR audit_no < ?3) "
        "AND (?4 = '' OR instr(action, ?4) OR instr(object, ?4)) ORDER BY audit_no DESC LIMIT ?5";
    Sqlite *s = sq_of(store);
    SqConn *c = sq_read_begin(s, err);
    if (!c)
        return false;
    Sq q;
    bool ok = sq_begin(&q, c, sql, err);
    if (ok) {
        if (query->person)
            sq_blob(&q, query->person->b, sizeof query->person->b);
        else
            sq_text(&q, (Str){NULL, 0});
        sq_i64(&q, query->since);
        sq_i64(&q, (int64_t)query->before);
        sq_text(&q, query->action.ptr ? query->action : STR(""));
        sq_i64(&q, (int64_t)query->limit);
        ok = sq_list(&q, a, read_one, sizeof **out, out, n, err);
    }
    sq_read_end(s, c);
    return ok;
}
