/* stranger.c - whether a file is one that Sotto made, before anything in it is used.
 *
 * A SQLite file brings a schema, and a schema can hold programs: triggers that run when a row is
 * written, views in the place of tables, constraints that are expressions. So the schema is
 * compared, word for word, with the one that the steps of migrate.c make of nothing, up to the
 * file's own version. It is read with what https://sqlite.org/security.html advises for files from
 * elsewhere: no triggers, no views, small limits, every cell's size checked. Rows may still say
 * what they like: who restores a file gets the people, tokens, folders and settings in it. */
#include "store/sqlite/sq.h"

#define NOT_OURS "it holds %s that Sotto did not make"

static void set_limits(sqlite3 *db)
{
    static const int limits[][2] = {
        {SQLITE_LIMIT_SQL_LENGTH, 100000},  {SQLITE_LIMIT_COLUMN, 100},
        {SQLITE_LIMIT_EXPR_DEPTH, 50},      {SQLITE_LIMIT_COMPOUND_SELECT, 10},
        {SQLITE_LIMIT_VDBE_OP, 25000},      {SQLITE_LIMIT_FUNCTION_ARG, 16},
        {SQLITE_LIMIT_ATTACHED, 0},         {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 50},
        {SQLITE_LIMIT_VARIABLE_NUMBER, 10}, {SQLITE_LIMIT_TRIGGER_DEPTH, 1},
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        (void)sqlite3_limit(db, limits[i][0], limits[i][1]);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
}

/* The first column of the first row, which must be that text. */
static bool answers(SqConn *c, const char *sql, const char *wanted, Str *got, Arena *a, Err *err)
{
    Sq q;
    bool ok = sq_begin_once(&q, c, str_of(sql), err) && sq_step(&q, err) > 0 &&
              sq_col_copy(&q, 0, a, got, err);
    sq_end(&q);
    return ok && str_eq(*got, str_of(wanted));
}

static bool count_schema(SqConn *c, int64_t *n, Err *err)
{
    Sq q;
    bool ok = sq_begin_once(&q, c, STR("SELECT count(*) FROM sqlite_schema"), err) &&
              sq_step(&q, err) > 0;
    *n = ok ? sq_col_i64(&q, 0) : 0;
    sq_end(&q);
    return ok;
}

/* How many rows of the file's schema are that one of ours, in every type and byte. */
static int64_t count_same(SqConn *file, Sq *ours, Err *err)
{
    static const char sql[] = "SELECT count(*) FROM sqlite_schema WHERE type IS ?1 AND name IS ?2 "
                              "AND tbl_name IS ?3 AND sql IS ?4";
    Sq q;
    int64_t n = -1;
    if (sq_begin(&q, file, sql, err)) {
        for (int i = 0; i < 4; i++)
            (void)sqlite3_bind_value(q.st, i + 1, sqlite3_column_value(ours->st, i));
        if (sq_step(&q, err) > 0)
            n = sq_col_i64(&q, 0);
    }
    sq_end(&q);
    return n;
}

/* As many rows, and each of ours once: the same. */
static bool same_schema(SqConn *file, SqConn *ours, Err *err)
{
    static const char sql[] = "SELECT type, name, tbl_name, sql FROM sqlite_schema";
    int64_t here, there, same = 1;
    Sq q;
    int rc = -1;
    if (!count_schema(ours, &here, err) || !count_schema(file, &there, err))
        return false;
    if (there > here)
        return err_set(err, ERR_CORRUPT, NOT_OURS, "tables, views or triggers");
    if (sq_begin_once(&q, ours, str_of(sql), err))
        while (same == 1 && (rc = sq_step(&q, err)) > 0) {
            same = count_same(file, &q, err);
            if (same == 0)
                err_set(err, ERR_CORRUPT, "it has no " STR_FMT " " STR_FMT " as Sotto makes it",
                        STR_ARG(sq_col_str(&q, 0)), STR_ARG(sq_col_str(&q, 1)));
        }
    sq_end(&q);
    if (same > 1)
        return err_set(err, ERR_CORRUPT, NOT_OURS, "a second schema");
    return rc == 0 && same == 1 &&
           (here == there || err_set(err, ERR_CORRUPT, "it lacks tables"));
}

/* Numbers that a store gave: they index arrays, and grow by one with each thing that comes. Texts
 * compare as more than any number. */
static bool check_numbers(SqConn *c, Arena *a, Err *err)
{
    static const char sql[] =
        "SELECT coalesce((SELECT min(chunk_no) > 0 AND max(chunk_no) < 1 << 31 FROM chunks), 1)"
        " AND coalesce((SELECT min(doc_no) > 0 AND max(doc_no) < 1 << 31 FROM documents), 1)"
        " AND coalesce((SELECT min(owner_no) > 0 AND max(owner_no) < 1 << 31 FROM owners), 1)"
        " AND NOT EXISTS (SELECT 1 FROM changes WHERE seq NOT BETWEEN 0 AND 1 << 62"
        " OR doc_no NOT BETWEEN 0 AND 1 << 31 OR first_chunk NOT BETWEEN 0 AND 1 << 31"
        " OR last_chunk NOT BETWEEN first_chunk - 1 AND 1 << 31)";
    Str said;
    return answers(c, sql, "1", &said, a, err) ||
           err_set(err, ERR_CORRUPT, "its documents have numbers that Sotto never gives");
}

static bool check_file(SqConn *c, Arena *a, Err *err)
{
    Str said;
    int version;
    if (!sq_exec(c, "PRAGMA cell_size_check = 1", "opening the file", err) ||
        !sq_schema_known(c, &version, err))
        return false;
    /* Texts are read as the bytes they are. */
    if (!answers(c, "PRAGMA encoding", "UTF-8", &said, a, err))
        return err_set(err, ERR_CORRUPT, "its texts are in another encoding than UTF-8");
    SqConn *ours = sq_conn_open("", SQ_MEMORY, err);
    bool ok = ours && sq_migrate(ours, SQ_MIGRATIONS, version, err) &&
              same_schema(c, ours, err);
    sq_conn_close(ours);
    if (ok && !answers(c, "PRAGMA quick_check(1)", "ok", &said, a, err))
        ok = err_set(err, ERR_CORRUPT, "it is damaged");
    return ok && check_numbers(c, a, err);
}

bool store_file_check(const char *path, Err *err)
{
    Arena *a = arena_new((size_t)1 << 20);
    SqConn *c = a ? sq_conn_open(path, SQ_IMMUTABLE, err)
                  : (err_set(err, ERR_NO_MEMORY, "checking a file: out of memory"), NULL);
    if (c)
        set_limits(c->db);
    bool ok = c && check_file(c, a, err);
    sq_conn_close(c);
    arena_free(a);
    return ok;
}
