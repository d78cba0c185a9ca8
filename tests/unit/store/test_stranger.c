/* Files from elsewhere: a backup is taken, and what only looks like one is refused before anything
 * in it runs. */
#include <sqlite3.h>

#include "store/sqlite/sq.h"
#include "store_unit.h"

static const char *backup_of(Fx *f, const char *name)
{
    const char *path = tempdir_file(&f->dir, name);
    for (uint64_t i = 1; i <= 3; i++)
        fx_put(f, &f->owner, fx_doc(f->a, i, STR("t"), fx_text(f->a, i, 60, 20, 1000)), NULL);
    OK(store_backup(f->s, path, &oops));
    return path;
}

/* As somebody who may do anything to their own file. */
static void change(const char *path, const char *sql)
{
    sqlite3 *db;
    char *why = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, "PRAGMA writable_schema = ON", NULL, NULL, NULL) != SQLITE_OK
        || sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", sql, why);
    sqlite3_close(db);
}

static void sound_ones(void **state)
{
    Fx *f = *state;
    const char *path = backup_of(f, "backup");
    OK(store_file_check(path, &oops));
    change(path, "UPDATE documents SET title = 'another'"); /* what rows say is their own affair */
    OK(store_file_check(path, &oops));
}

/* Of every version there has been, as the steps make it. */
static void older_ones(void **state)
{
    Fx *f = *state;
    for (int version = 1; version <= SQ_SCHEMA_VERSION; version++) {
        char path[300];
        (void)snprintf(path, sizeof path, "%s/older-%d", f->dir.path, version);
        SqConn *c = sq_conn_open(path, SQ_WRITER, &oops);
        OK(c != NULL);
        OK(sq_migrate(c, SQ_MIGRATIONS, version, &oops));
        OK(sq_exec(c, "PRAGMA journal_mode = DELETE", "making it one file", &oops));
        sq_conn_close(c);
        OK(store_file_check(path, &oops));
    }
}

/* A backup says which step made it, and its schema must then be that step's by the byte: a step
 * that was released never changes. SQLite's own tables of a keyword index are its version's. */
static void steps_stay_as_they_were(void **state)
{
    static const char sql[] =
        "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema "
        "WHERE name NOT LIKE '%\\_fts\\__%' ESCAPE '\\' ORDER BY type, name";
    static const char *const known[] = {
        "d8c87c6ca677c694", "a7e11982630a8e72", "60059762d85fe067", "550e42400eb84fc1",
        "bd77398a13ed5886", "b87c951667f5f04b", "81268dbcfdefb62e", "017394fe4a0e0080",
        "52815fd94ad7b22f", "545e02a40813c079", "7ca0e4a6816989c4", "c7a30c523086a2fb",
        "9c839acaca62c685", "09135e1c6c4860f1", "4b6562146aaeb044",
    };
    Fx *f = *state;
    assert_int_equal(ARRAY_LEN(known), SQ_SCHEMA_VERSION); /* a new step: its line */
    for (int version = 1; version <= SQ_SCHEMA_VERSION; version++) {
        SqConn *c = sq_conn_open("", SQ_MEMORY, &oops);
        OK(c != NULL);
        OK(sq_migrate(c, SQ_MIGRATIONS, version, &oops));
        Buf all;
        Sq q;
        buf_init(&all, (size_t)1 << 20);
        OK(sq_begin_once(&q, c, str_of(sql), &oops));
        for (Str row; sq_step(&q, &oops) > 0;) {
            OK(sq_col_copy(&q, 0, f->a, &row, &oops));
            OK(buf_add(&all, row) && buf_add_char(&all, '\n'));
        }
        sq_end(&q);
        sq_conn_close(c);
        Sha256 hash;
        char hex[SHA256_HEX];
        OK(sha256(buf_str(&all), &hash, &oops));
        buf_release(&all);
        if (strncmp(sha256_hex(&hash, hex), known[version - 1], 16) != 0)
            fail_msg("step %d makes another schema than it did (%.16s): backups of it would be "
                     "refused", version, hex);
    }
}

static void hostile_ones(void **state)
{
    static const struct {
        const char *sql, *says;
        ErrCode code;
    } cases[] = {
        {"CREATE TRIGGER t AFTER INSERT ON documents BEGIN DELETE FROM tasks; END",
         "it holds tables, views or triggers that Sotto did not make", ERR_CORRUPT},
        {"CREATE TABLE more (a)", "that Sotto did not make", ERR_CORRUPT},
        {"CREATE INDEX i ON documents (abs(doc_no))", "that Sotto did not make", ERR_CORRUPT},
        {"DROP TABLE tags; CREATE VIEW tags AS SELECT 1 AS doc_no, 'x' AS tag, 0 AS ordinal",
         "it has no table tags as Sotto makes it", ERR_CORRUPT},
        {"DROP TRIGGER made_gone; CREATE TRIGGER made_gone AFTER DELETE ON documents BEGIN "
         "DELETE FROM tasks; END", "it has no trigger made_gone as Sotto makes it", ERR_CORRUPT},
        {"UPDATE sqlite_schema SET sql = replace(sql, 'CHECK (length(uuid) = 16)', "
         "'CHECK (length(randomblob(99999999)) > 0)') WHERE name = 'owners'",
         "it has no table owners as Sotto makes it", ERR_CORRUPT},
        {"DROP TABLE facts", "it has no table facts", ERR_CORRUPT},
        {"PRAGMA user_version = 9999", "made by a newer Sotto", ERR_CONFLICT},
        {"PRAGMA user_version = 0", "it is an empty database", ERR_CORRUPT},
        {"PRAGMA user_version = 3", "that Sotto did not make", ERR_CORRUPT},
        {"PRAGMA application_id = 7", "not one of Sotto's", ERR_CORRUPT},
        {"PRAGMA foreign_keys = OFF; UPDATE chunks SET chunk_no = -9223372036854775808 "
         "WHERE chunk_no = 1", "numbers that Sotto never gives", ERR_CORRUPT},
        {"PRAGMA foreign_keys = OFF; UPDATE documents SET doc_no = 1 << 40 WHERE doc_no = 1",
         "numbers that Sotto never gives", ERR_CORRUPT},
        {"INSERT INTO changes VALUES (99999999, 1, 1, 1, 1, 9223372036854775806)",
         "numbers that Sotto never gives", ERR_CORRUPT},
        {"UPDATE sqlite_schema SET rootpage = 2 WHERE name = 'documents'", "it is damaged",
         ERR_CORRUPT},
    };
    Fx *f = *state;
    const char *path = backup_of(f, "backup");
    Buf good;
    buf_init(&good, (size_t)64 << 20);
    OK(os_read_file(path, &good, &oops));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        Err err = ERR_INIT;
        OK(os_write_file(path, buf_str(&good), 0600, &oops));
        change(path, cases[i].sql);
        if (store_file_check(path, &err))
            fail_msg("taken: %s", cases[i].sql);
        assert_err(false, err, cases[i].code, cases[i].says);
    }
    buf_release(&good);
}

static void another_encoding(void **state)
{
    Fx *f = *state;
    Err err = ERR_INIT;
    char path[300];
    (void)snprintf(path, sizeof path, "%s", tempdir_file(&f->dir, "wide"));
    change(path, "PRAGMA encoding = 'UTF-16le'; CREATE TABLE a (b); PRAGMA application_id = "
                 "1399813236; PRAGMA user_version = 1");
    assert_err(store_file_check(path, &err), err, ERR_CORRUPT, "another encoding than UTF-8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sound_ones, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(older_ones, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(steps_stay_as_they_were, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(hostile_ones, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(another_encoding, fx_setup, fx_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
