/* transfer.c - see sq_transfer.h. */
#include "store/sqlite/sq_transfer.h"

#include <stdio.h>

#include "store/sqlite/sq_replica_int.h"

#define DEPTH 4 /* of foreign keys between a table and its person */

/* In this order: passages are told to a search engine when they come, and what they are told with
 * must be there. Then all the others. */
static const char *const first[] = {"documents", "text_parts", "tags", "vectors", "chunks"};
static const char *const of_system[] = {"people", "credentials", "audit"};

typedef struct {
    SqWrite w; /* first of all */
    Sqlite *s;
    const SqTransfer *t;
    Arena *a;
    Str *tables;
    size_t n;
    Str sql;         /* of the table in hand: a batch */
    uint64_t rows, came;
} Transfer;

static bool no_memory(Err *err)
{
    return err_set(err, ERR_NO_MEMORY, "moving data: out of memory");
}

static bool is_one_of(Str name, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(name, str_of(list[i])))
            return true;
    return false;
}

#define LEN(a) (sizeof(a) / sizeof *(a))

static bool add_table(Transfer *x, Str name, Err *err)
{
    x->tables[x->n] = arena_str(x->a, name);
    return x->tables[x->n++].ptr || no_memory(err);
}

static bool list_tables(Transfer *x, Err *err)
{
    static const char sql[] = "SELECT name FROM main.sqlite_schema WHERE type = 'table'";
    x->tables = ARENA_NEW_ARRAY(x->a, Str, 128);
    if (!x->tables)
        return no_memory(err);
    for (size_t i = 0; x->t->owner && i < LEN(first); i++)
        x->tables[x->n++] = str_of(first[i]);
    Sq q;
    int rc = -1;
    if (sq_begin_once(&q, x->s->writer.conn, str_of(sql), err))
        while ((rc = sq_step(&q, err)) > 0 && x->n < 128) {
            Str name = sq_col_str(&q, 0);
            bool system = is_one_of(name, of_system, LEN(of_system));
            char text[128];
            snprintf(text, sizeof text, STR_FMT, STR_ARG(name));
            if (!sq_replica_table(text) || str_eq(name, STR("owners"))
                || system == (x->t->owner != NULL) || is_one_of(name, first, LEN(first)))
                continue;
            if (!add_table(x, name, err)) {
                rc = -1;
                break;
            }
        }
    sq_end(&q);
    return rc == 0;
}

/* ---- SQL ------------------------------------------------------------------------------------- */

/* Whether the table has the column. */
static bool has_column(SqConn *c, Str table, const char *column)
{
    Sq q;
    bool yes = false;
    if (sq_begin_once(&q, c, STR("SELECT 1 FROM pragma_table_info(?1) WHERE name = ?2"), NULL)) {
        sq_text(&q, table);
        sq_text(&q, str_of(column));
        yes = sq_step(&q, NULL) > 0;
    }
    sq_end(&q);
    return yes;
}

static const char of_owner[] = "(SELECT owner_no FROM src.owners WHERE uuid = ?1)";

/* Appends what rows of src.`table` belong to the person. */
static bool add_whose(Transfer *x, Buf *out, Str table, int depth, Err *err)
{
    SqConn *c = x->s->writer.conn;
    if (!x->t->owner) {
        buf_add_c(out, "?1 IS NULL");
        return true;
    }
    if (str_eq(table, STR("text_parts")) || str_eq(table, STR("original_parts"))) {
        buf_printf(out, "key / 65536 IN (SELECT doc_no FROM src.documents WHERE owner_no = %s)",
            of_owner);
        return true;
    }
    if (has_column(c, table, "owner_no")) {
        buf_printf(out, "owner_no = %s", of_owner);
        return true;
    }
    Sq q;
    bool ok = depth < DEPTH
        && sq_begin_once(&q, c, STR("SELECT \"table\", \"from\" FROM pragma_foreign_key_list(?1) "
                                    "ORDER BY id LIMIT 1"), err);
    if (!ok)
        return err_set(err, ERR_INTERNAL, "whose rows are in " STR_FMT "?", STR_ARG(table));
    sq_text(&q, table);
    ok = sq_step(&q, err) > 0
        || err_set(err, ERR_INTERNAL, "whose rows are in " STR_FMT "?", STR_ARG(table));
    Str parent = ok ? arena_str(x->a, sq_col_str(&q, 0)) : STR("");
    Str from = ok ? arena_str(x->a, sq_col_str(&q, 1)) : STR("");
    sq_end(&q);
    /* Every parent's key is a number under the name that its children use. */
    buf_printf(out, "\"" STR_FMT "\" IN (SELECT \"" STR_FMT "\" FROM src.\"" STR_FMT "\" WHERE ",
        STR_ARG(from), STR_ARG(from), STR_ARG(parent));
    ok = ok && add_whose(x, out, parent, depth + 1, err);
    buf_add_char(out, ')');
    return ok;
}

/* A column of src as it is to be in main. */
static void add_value(const Transfer *x, Buf *out, Str table, Str column)
{
    bool parts = str_eq(table, STR("text_parts")) || str_eq(table, STR("original_parts"));
    if (str_eq(column, STR("owner_no")))
        buf_add_c(out, "(SELECT m.owner_no FROM main.owners m JOIN src.owners o USING (uuid) "
                       "WHERE o.owner_no = s.owner_no)");
    else if (x->t->shift && parts && str_eq(column, STR("key")))
        buf_printf(out, "s.key + %lld", (long long)x->t->shift * SQ_PARTS);
    else if (x->t->shift && str_ends(column, STR("_no")))
        buf_printf(out, "CASE WHEN s.\"" STR_FMT "\" > 0 THEN s.\"" STR_FMT "\" + %lld "
                        "ELSE s.\"" STR_FMT "\" END", STR_ARG(column), STR_ARG(column),
            (long long)x->t->shift, STR_ARG(column));
    else
        buf_printf(out, "s.\"" STR_FMT "\"", STR_ARG(column));
}

typedef struct {
    Buf names, values, same, order; /* of all columns; of the key's */
} Columns;

static void columns_init(Columns *k)
{
    buf_init(&k->names, 1 << 16);
    buf_init(&k->values, 1 << 18);
    buf_init(&k->same, 1 << 18);
    buf_init(&k->order, 1 << 16);
}

static void columns_release(Columns *k)
{
    buf_release(&k->names);
    buf_release(&k->values);
    buf_release(&k->same);
    buf_release(&k->order);
}

static bool read_columns(const Transfer *x, Str table, Columns *k, Err *err)
{
    Sq q;
    int rc = -1;
    if (sq_begin_once(&q, x->s->writer.conn, STR("SELECT name, pk FROM pragma_table_info(?1)"),
            err)) {
        sq_text(&q, table);
        for (int i = 0; (rc = sq_step(&q, err)) > 0; i++) {
            Str name = sq_col_str(&q, 0);
            buf_printf(&k->names, "%s\"" STR_FMT "\"", i ? ", " : "", STR_ARG(name));
            buf_add_c(&k->values, i ? ", " : "");
            add_value(x, &k->values, table, name);
            if (!sq_col_i64(&q, 1))
                continue;
            buf_printf(&k->same, "%st.\"" STR_FMT "\" = ", k->same.len ? " AND " : "",
                STR_ARG(name));
            add_value(x, &k->same, table, name);
            buf_add_c(&k->order, k->order.len ? ", " : "");
            add_value(x, &k->order, table, name);
        }
    }
    sq_end(&q);
    return rc == 0 && buf_check(&k->names, "a statement", err)
        && buf_check(&k->values, "a statement", err) && buf_check(&k->same, "a statement", err)
        && buf_check(&k->order, "a statement", err);
}

static int batch_of(Str table)
{
    return str_eq(table, STR("original_parts")) ? 16 : str_eq(table, STR("text_parts")) ? 64 : 256;
}

static bool batch_sql(Transfer *x, Str table, Err *err)
{
    Columns k;
    Buf sql;
    columns_init(&k);
    buf_init(&sql, 1 << 20);
    bool ok = read_columns(x, table, &k, err);
    if (ok) {
        buf_printf(&sql, "INSERT INTO main.\"" STR_FMT "\" (" STR_FMT ") SELECT " STR_FMT
                         " FROM src.\"" STR_FMT "\" s WHERE ", STR_ARG(table),
            STR_ARG(buf_str(&k.names)), STR_ARG(buf_str(&k.values)), STR_ARG(table));
        ok = add_whose(x, &sql, table, 0, err);
        buf_printf(&sql, " AND NOT EXISTS (SELECT 1 FROM main.\"" STR_FMT "\" t WHERE " STR_FMT
                         ") LIMIT %d", STR_ARG(table), STR_ARG(buf_str(&k.same)),
            batch_of(table));
        ok = ok && buf_check(&sql, "a statement", err);
        x->sql = arena_buf(x->a, &sql);
        ok = ok && (x->sql.ptr || no_memory(err));
    }
    columns_release(&k);
    buf_release(&sql);
    return ok;
}

/* ---- copying --------------------------------------------------------------------------------- */

static void bind_owner(const Transfer *x, Sq *q)
{
    if (x->t->owner)
        sq_blob(q, x->t->owner->b, sizeof x->t->owner->b);
}

static bool one_batch(Sqlite *s, SqWrite *w, Err *err)
{
    Transfer *x = (Transfer *)w;
    Sq q;
    x->came = 0;
    if (!sq_begin_once(&q, s->writer.conn, x->sql, err))
        return false;
    bind_owner(x, &q);
    if (!sq_run(&q, err))
        return false;
    x->came = (uint64_t)sqlite3_changes64(s->writer.conn->db);
    return true;
}

static bool open_source(Sqlite *s, SqWrite *w, Err *err)
{
    static const char sql[] = "ATTACH ?1 AS src";
    const SqTransfer *t = ((Transfer *)w)->t;
    Sq q;
    if (!sq_begin_once(&q, s->writer.conn, str_of(sql), err))
        return false;
    sq_text(&q, str_of(t->from));
    return sq_run(&q, err)
        && sq_exec(s->writer.conn, "PRAGMA foreign_keys = OFF", "moving data", err);
}

static bool close_source(Sqlite *s, SqWrite *w, Err *err)
{
    (void)w;
    return sq_exec(s->writer.conn, "PRAGMA foreign_keys = ON; DETACH src", "moving data", err);
}

static bool begin(Transfer *x, Store *to, const SqTransfer *t, Err *err)
{
    *x = (Transfer){.s = sq_of(to), .t = t, .a = arena_new(ARENA_DEFAULT_MAX)};
    if (!x->a)
        return no_memory(err);
    x->w = (SqWrite){.alone = open_source};
    if (sq_write(x->s, &x->w, err))
        return true;
    arena_free(x->a);
    return false;
}

static bool end(Transfer *x, bool ok, Err *err)
{
    x->w = (SqWrite){.alone = close_source};
    ok = sq_write(x->s, &x->w, ok ? err : NULL) && ok;
    arena_free(x->a);
    return ok;
}

static bool copy_table(Transfer *x, Str table, Err *err)
{
    if (!batch_sql(x, table, err))
        return false;
    char name[128];
    snprintf(name, sizeof name, STR_FMT, STR_ARG(table));
    do {
        x->w = (SqWrite){.apply = one_batch};
        if (!sq_write(x->s, &x->w, err))
            return err_wrap(err, "moving %s", name);
        x->rows += x->came;
        if (x->came && x->t->progress && !x->t->progress(x->t->arg, name, x->rows))
            return err_set(err, ERR_CANCELLED, "stopped; say it again to go on");
    } while (x->came);
    return true;
}

/* Rows that are there and did not come from here would be mixed with ours. */
static bool fits(Sqlite *s, SqWrite *w, Err *err)
{
    static const char *const sql[] = {
        "SELECT count(*) FROM main.documents t WHERE owner_no = (SELECT owner_no FROM main.owners "
        "WHERE uuid = ?1) AND NOT EXISTS (SELECT 1 FROM src.documents s WHERE s.doc_no + ?2 = "
        "t.doc_no AND s.uuid = t.uuid)",
        "SELECT count(*) FROM main.tasks t WHERE owner_no = (SELECT owner_no FROM main.owners "
        "WHERE uuid = ?1) AND NOT EXISTS (SELECT 1 FROM src.tasks s WHERE s.task_no + ?2 = "
        "t.task_no AND s.uuid = t.uuid)"};
    const Transfer *x = (Transfer *)w;
    for (size_t i = 0; x->t->owner && i < LEN(sql); i++) {
        Sq q;
        bool ok = sq_begin(&q, s->writer.conn, sql[i], err);
        int64_t n = 0;
        if (ok) {
            bind_owner(x, &q);
            sq_i64(&q, x->t->shift);
            ok = sq_step(&q, err) > 0;
            n = ok ? sq_col_i64(&q, 0) : 0;
        }
        sq_end(&q);
        if (!ok)
            return false;
        if (n)
            return err_set(err, ERR_CONFLICT,
                "there are %lld %s already that are not of these data: nothing is mixed; move to "
                "an empty place", (long long)n, i ? "tasks" : "documents");
    }
    return true;
}

bool sq_transfer(Store *to, const SqTransfer *t, uint64_t *rows, Err *err)
{
    Transfer x;
    if (!begin(&x, to, t, err))
        return false;
    x.w = (SqWrite){.alone = fits};
    bool ok = sq_write(x.s, &x.w, err) && list_tables(&x, err);
    for (size_t i = 0; ok && i < x.n; i++)
        ok = copy_table(&x, x.tables[i], err);
    *rows = x.rows;
    return end(&x, ok, err);
}

/* ---- comparing ------------------------------------------------------------------------------- */

static bool add_row(Sha256Stream *h, Sq *q, Err *err)
{
    for (int i = 0, n = sqlite3_column_count(q->st); i < n; i++) {
        char head[32];
        int type = sqlite3_column_type(q->st, i); /* before anything converts it */
        int64_t whole = type == SQLITE_INTEGER ? sq_col_i64(q, i) : 0;
        double d = type == SQLITE_FLOAT ? sq_col_real(q, i) : 0;
        Str bytes = type == SQLITE_INTEGER ? str_mem((const char *)&whole, sizeof whole)
            : type == SQLITE_FLOAT         ? str_mem((const char *)&d, sizeof d)
                                           : sq_col_str(q, i);
        int len = snprintf(head, sizeof head, "%d:%zu:", type, bytes.ptr ? bytes.len : 0);
        if (!sha256_more(h, str_mem(head, (size_t)len), err)
            || (bytes.ptr && !sha256_more(h, bytes, err)))
            return false;
    }
    return true;
}

static bool digest(const Transfer *x, Str sql, bool bind, Sha256 *out, uint64_t *rows, Err *err)
{
    Sq q;
    int rc = -1;
    Sha256Stream *h = sha256_begin(err);
    if (!h)
        return false;
    *rows = 0;
    if (sq_begin_once(&q, x->s->writer.conn, sql, err)) {
        if (bind)
            bind_owner(x, &q);
        while ((rc = sq_step(&q, err)) > 0) {
            if (!add_row(h, &q, err)) {
                rc = -1;
                break;
            }
            ++*rows;
        }
    }
    sq_end(&q);
    return sha256_end(h, out, err) && rc == 0;
}

/* src's rows as they are to be, and main's rows that src's give, both in the order of the key. */
static bool compare_table(Transfer *x, Str table, Err *err)
{
    Columns k;
    Buf there, here;
    Sha256 a, b;
    uint64_t n_there = 0, n_here = 0;
    columns_init(&k);
    buf_init(&there, 1 << 20);
    buf_init(&here, 1 << 20);
    bool ok = read_columns(x, table, &k, err);
    buf_printf(&there, "SELECT " STR_FMT " FROM src.\"" STR_FMT "\" s WHERE ",
        STR_ARG(buf_str(&k.values)), STR_ARG(table));
    ok = ok && add_whose(x, &there, table, 0, err);
    buf_printf(&there, " ORDER BY " STR_FMT, STR_ARG(buf_str(&k.order)));
    buf_printf(&here, "SELECT t.* FROM src.\"" STR_FMT "\" s JOIN main.\"" STR_FMT "\" t ON "
                      STR_FMT " WHERE ", STR_ARG(table), STR_ARG(table), STR_ARG(buf_str(&k.same)));
    if (ok && x->t->owner && has_column(x->s->writer.conn, table, "owner_no"))
        buf_printf(&here, "s.owner_no = %s", of_owner);
    else
        buf_printf(&here, "%s", x->t->owner ? "?1 IS NOT NULL" : "?1 IS NULL");
    buf_printf(&here, " ORDER BY " STR_FMT, STR_ARG(buf_str(&k.order)));
    ok = ok && buf_check(&there, "a statement", err) && buf_check(&here, "a statement", err)
        && digest(x, buf_str(&there), true, &a, &n_there, err)
        && digest(x, buf_str(&here), true, &b, &n_here, err);
    if (ok && (n_there != n_here || memcmp(a.b, b.b, sizeof a.b) != 0))
        ok = err_set(err, ERR_CORRUPT,
            STR_FMT " is not the same on both sides: %llu rows there, %llu here", STR_ARG(table),
            (unsigned long long)n_there, (unsigned long long)n_here);
    x->rows += n_there;
    columns_release(&k);
    buf_release(&there);
    buf_release(&here);
    return ok;
}

static bool compare(Sqlite *s, SqWrite *w, Err *err)
{
    Transfer *x = (Transfer *)w;
    (void)s;
    bool ok = list_tables(x, err);
    for (size_t i = 0; ok && i < x->n; i++)
        ok = compare_table(x, x->tables[i], err);
    return ok;
}

bool sq_transfer_verify(Store *to, const SqTransfer *t, uint64_t *rows, Err *err)
{
    Transfer x;
    if (!begin(&x, to, t, err))
        return false;
    x.w = (SqWrite){.alone = compare};
    bool ok = sq_write(x.s, &x.w, err);
    *rows = x.rows;
    return end(&x, ok, err);
}

/* ---- shifts and people ----------------------------------------------------------------------- */

static bool highest(SqConn *c, int64_t *out, Err *err)
{
    static const char sql[] =
        "SELECT m.name, t.name FROM main.sqlite_schema m JOIN pragma_table_info(m.name) t "
        "WHERE m.type = 'table' AND t.name LIKE '%\\_no' ESCAPE '\\' AND t.name <> 'owner_no'";
    Sq q;
    int rc = -1;
    *out = 0;
    if (!sq_begin_once(&q, c, str_of(sql), err))
        return false;
    while ((rc = sq_step(&q, err)) > 0) {
        Buf b;
        Sq max;
        buf_init(&b, 1024);
        buf_printf(&b, "SELECT max(\"" STR_FMT "\") FROM \"" STR_FMT "\"",
            STR_ARG(sq_col_str(&q, 1)), STR_ARG(sq_col_str(&q, 0)));
        bool ok = buf_check(&b, "a statement", err) && sq_begin_once(&max, c, buf_str(&b), err);
        if (ok) {
            ok = sq_step(&max, err) > 0;
            int64_t v = ok ? sq_col_i64(&max, 0) : 0;
            *out = v > *out ? v : *out;
            sq_end(&max);
        }
        buf_release(&b);
        if (!ok) {
            rc = -1;
            break;
        }
    }
    sq_end(&q);
    return rc == 0;
}

typedef struct {
    SqWrite w;
    const Uuid *owner;
    int64_t shift;
} Shift;

static bool find_shift(Sqlite *s, SqWrite *w, Err *err)
{
    Shift *x = (Shift *)w;
    SqConn *c = s->writer.conn;
    char key[64] = "moved:", value[32];
    Str had;
    uuid_format(x->owner, key + 6);
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    bool ok = (a || no_memory(err)) && sq_meta_get(c, str_of(key), a, &had, err);
    if (ok && had.ptr) {
        ok = str_to_i64(had, &x->shift) || err_set(err, ERR_CORRUPT, "a shift is no number");
    } else if (ok) {
        ok = highest(c, &x->shift, err);
        int n = snprintf(value, sizeof value, "%lld", (long long)x->shift);
        ok = ok && sq_meta_put(c, str_of(key), str_mem(value, (size_t)n), err);
    }
    arena_free(a);
    return ok;
}

bool sq_transfer_shift(Store *to, const Uuid *owner, int64_t *shift, Err *err)
{
    Shift x = {.w = {.alone = find_shift}, .owner = owner};
    if (!sq_owner_make(sq_of(to), owner, err) || !sq_write(sq_of(to), &x.w, err))
        return false;
    *shift = x.shift;
    return true;
}

bool sq_transfer_owners(const char *path, Arena *a, Uuid **out, size_t *n, Err *err)
{
    SqConn *c = sq_conn_open(path, SQ_READER, err);
    size_t cap = 0;
    Sq q;
    int rc = -1;
    *out = NULL;
    *n = 0;
    if (!c)
        return false;
    if (sq_begin_once(&q, c, STR("SELECT uuid FROM owners ORDER BY owner_no"), err))
        while ((rc = sq_step(&q, err)) > 0) {
            if (!ARENA_GROW(a, *out, *n, cap)) {
                no_memory(err);
                rc = -1;
                break;
            }
            if (!sq_col_bytes(&q, 0, (*out)[*n].b, 16, "an owner", err)) {
                rc = -1;
                break;
            }
            ++*n;
        }
    sq_end(&q);
    sq_conn_close(c);
    return rc == 0;
}
