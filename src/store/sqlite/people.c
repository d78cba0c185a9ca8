/* people.c - people, and what lets them in. */
#include "store/sqlite/sq.h"

static bool read_only(const Sqlite *s, Err *err)
{
    return s->read_only && !err_set(err, ERR_FORBIDDEN, "the store was opened for reading only");
}

/* ---- people --------------------------------------------------------------------------------- */

typedef struct {
    SqWrite w; /* first */
    const Person *p;
    const Credential *c;
    const Uuid *ids;
    const int64_t *at;
    size_t n;
} PeopleWrite;

/* The other person who has that name. */
static bool name_is_free(SqConn *c, int64_t owner_no, Str name, Err *err)
{
    static const char sql[] = "SELECT 1 FROM people WHERE name = ?1 AND owner_no <> ?2";
    Sq q;
    int rc = -1;
    if (sq_begin(&q, c, sql, err)) {
        sq_text(&q, name);
        sq_i64(&q, owner_no);
        rc = sq_step(&q, err);
    }
    sq_end(&q);
    if (rc > 0)
        return err_set(err, ERR_CONFLICT, "somebody is called " STR_FMT " already", STR_ARG(name));
    return rc == 0;
}

static bool apply_person(Sqlite *s, SqWrite *w, Err *err)
{
    static const char sql[] =
        "INSERT INTO people (owner_no, name, admin, password, created_at) "
        "VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (owner_no) DO UPDATE SET name = excluded.name,"
        " admin = excluded.admin, password = excluded.password";
    const Person *p = ((PeopleWrite *)w)->p;
    SqConn *c = s->writer.conn;
    Sq q;
    if (!name_is_free(c, w->owner->no, p->name, err) || !sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, w->owner->no);
    sq_text(&q, p->name);
    sq_i64(&q, p->admin);
    sq_text(&q, p->password.ptr ? p->password : STR(""));
    sq_i64(&q, p->created_at);
    return sq_run(&q, err);
}

bool sq_person_put(Store *store, const Person *p, Err *err)
{
    Sqlite *s = sq_of(store);
    PeopleWrite pw = {.w = {.apply = apply_person}, .p = p};
    if (read_only(s, err))
        return false;
    return (pw.w.owner = sq_owner_make(s, &p->id, err)) && sq_write(s, &pw.w, err);
}

static bool read_person(Sq *q, Arena *a, void *row, Err *err)
{
    Person *p = row;
    p->admin = sq_col_i64(q, 2) != 0;
    p->created_at = sq_col_i64(q, 4);
    return sq_col_bytes(q, 0, p->id.b, sizeof p->id.b, "a person's id", err) &&
           sq_col_copy(q, 1, a, &p->name, err) && sq_col_copy(q, 3, a, &p->password, err);
}

bool sq_person_list(Store *store, Arena *a, Person **out, size_t *n, Err *err)
{
    static const char sql[] = "SELECT o.uuid, p.name, p.admin, p.password, p.created_at "
                              "FROM people p JOIN owners o USING (owner_no) ORDER BY p.owner_no";
    Sqlite *s = sq_of(store);
    SqConn *c = sq_read_begin(s, err);
    Sq q;
    if (!c)
        return false;
    bool ok = sq_begin(&q, c, sql, err) && sq_list(&q, a, read_person, sizeof **out, out, n, err);
    sq_read_end(s, c);
    return ok;
}

/* ---- credentials ---------------------------------------------------------------------------- */

static bool apply_credential(Sqlite *s, SqWrite *w, Err *err)
{
    static const char sql[] =
        "INSERT OR REPLACE INTO credentials (owner_no, uuid, kind, name, hash, scopes, created_at,"
        " expires_at, used_at) SELECT owner_no, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 FROM people"
        " WHERE owner_no = ?1 RETURNING 1";
    const Credential *c = ((PeopleWrite *)w)->c;
    Sq q;
    int rc = -1;
    if (sq_begin(&q, s->writer.conn, sql, err)) {
        sq_i64(&q, w->owner->no);
        sq_blob(&q, c->id.b, sizeof c->id.b);
        sq_i64(&q, c->kind);
        sq_text(&q, c->name.ptr ? c->name : STR(""));
        sq_blob(&q, c->hash.b, sizeof c->hash.b);
        sq_i64(&q, c->scopes);
        sq_i64(&q, c->created_at);
        sq_i64(&q, c->expires_at);
        sq_i64(&q, c->used_at);
        rc = sq_step(&q, err);
    }
    sq_end(&q);
    return rc > 0 || (rc == 0 && err_set(err, ERR_NOT_FOUND, "there is no such person"));
}

bool sq_credential_put(Store *store, const Credential *c, Err *err)
{
    Sqlite *s = sq_of(store);
    PeopleWrite pw = {.w = {.apply = apply_credential}, .c = c};
    if (read_only(s, err))
        return false;
    pw.w.owner = sq_owner(s, &c->owner);
    if (!pw.w.owner)
        return err_set(err, ERR_NOT_FOUND, "there is no such person");
    return sq_write(s, &pw.w, err);
}

static bool read_credential(Sq *q, Arena *a, void *row, Err *err)
{
    Credential *c = row;
    c->kind = (CredentialKind)sq_col_i64(q, 2);
    c->scopes = (unsigned)sq_col_i64(q, 5);
    c->created_at = sq_col_i64(q, 6);
    c->expires_at = sq_col_i64(q, 7);
    c->used_at = sq_col_i64(q, 8);
    return sq_col_bytes(q, 0, c->id.b, sizeof c->id.b, "a token's id", err) &&
           sq_col_bytes(q, 1, c->owner.b, sizeof c->owner.b, "a token's person", err) &&
           sq_col_copy(q, 3, a, &c->name, err) &&
           sq_col_bytes(q, 4, c->hash.b, sizeof c->hash.b, "a token's hash", err);
}

bool sq_credential_list(Store *store, Arena *a, Credential **out, size_t *n, Err *err)
{
    static const char sql[] =
        "SELECT c.uuid, o.uuid, c.kind, c.name, c.hash, c.scopes, c.created_at, c.expires_at,"
        " c.used_at FROM credentials c JOIN owners o USING (owner_no) ORDER BY c.credential_no";
    Sqlite *s = sq_of(store);
    SqConn *c = sq_read_begin(s, err);
    Sq q;
    if (!c)
        return false;
    bool ok = sq_begin(&q, c, sql, err) &&
              sq_list(&q, a, read_credential, sizeof **out, out, n, err);
    sq_read_end(s, c);
    return ok;
}

static bool apply_delete(Sqlite *s, SqWrite *w, Err *err)
{
    static const char sql[] = "DELETE FROM credentials WHERE uuid = ?1";
    const PeopleWrite *pw = (PeopleWrite *)w;
    bool ok = true;
    for (size_t i = 0; ok && i < pw->n; i++) {
        Sq q;
        ok = sq_begin(&q, s->writer.conn, sql, err);
        if (ok) {
            sq_blob(&q, pw->ids[i].b, sizeof pw->ids[i].b);
            ok = sq_run(&q, err);
        }
    }
    return ok;
}

bool sq_credential_delete(Store *store, const Uuid *ids, size_t n, Err *err)
{
    Sqlite *s = sq_of(store);
    PeopleWrite pw = {.w = {.apply = apply_delete}, .ids = ids, .n = n};
    return !read_only(s, err) && sq_write(s, &pw.w, err);
}

static bool apply_used(Sqlite *s, SqWrite *w, Err *err)
{
    static const char sql[] = "UPDATE credentials SET used_at = max(used_at, ?2) WHERE uuid = ?1";
    const PeopleWrite *pw = (PeopleWrite *)w;
    bool ok = true;
    for (size_t i = 0; ok && i < pw->n; i++) {
        Sq q;
        ok = sq_begin(&q, s->writer.conn, sql, err);
        if (ok) {
            sq_blob(&q, pw->ids[i].b, sizeof pw->ids[i].b);
            sq_i64(&q, pw->at[i]);
            ok = sq_run(&q, err);
        }
    }
    return ok;
}

bool sq_credential_used(Store *store, const Uuid *ids, const int64_t *at, size_t n, Err *err)
{
    Sqlite *s = sq_of(store);
    PeopleWrite pw = {.w = {.apply = apply_used}, .ids = ids, .at = at, .n = n};
    return !read_only(s, err) && sq_write(s, &pw.w, err);
}
