/* Opening, closing, reopening: what survives, what is built again, what is refused. */
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/sqlite/sq.h"
#include "store_unit.h"

static mode_t mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 0777;
}

static void reopen(Fx *f)
{
    store_close(f->s);
    f->s = fx_open(f->dir.path);
}

static void put_n(Fx *f, uint64_t from, uint64_t n)
{
    for (uint64_t i = from; i < from + n; i++)
        fx_put(f, &f->owner, fx_doc(f->a, i, STR("t"), fx_text(f->a, i, 200, 40, 1000)), NULL);
}

static const char *cache_file(Fx *f, const char *name)
{
    char owner[UUID_TEXT], path[128];
    (void)snprintf(path, sizeof path, "cache/%s/%s", uuid_format(&f->owner, owner), name);
    return tempdir_file(&f->dir, path);
}

/* Every document is found by its first passage's vector and by its words. */
static void all_found(Fx *f, uint64_t from, uint64_t n)
{
    for (uint64_t i = from; i < from + n; i++) {
        DocumentPut *p = fx_doc(f->a, i, STR("t"), fx_text(f->a, i, 200, 40, 1000));
        float v[VINDEX_DIM];
        vindex_decode(&p->chunks[0].code, v);
        KwTerm phrase = {.kind = KW_PHRASE, .required = true, .weight = 1,
            .text = str_sub(p->doc.content, 0, str_find(p->doc.content, STR("."), 0))};
        CandidateQuery q = {.vector = v, .terms = &phrase, .n_terms = 1, .k = 3};
        Candidates c;
        OK(store_candidates(f->s, &f->owner, &q, f->a, &c, &oops));
        assert_int_equal(c.n_vector, 1);
        assert_int_equal(c.n_keyword, 1);
        assert_int_equal(c.n, 1);
        assert_true(c.items[0].similarity > 0.99f);
    }
}

static void survives_reopening(void **state)
{
    Fx *f = *state;
    put_n(f, 1, 20);
    assert_int_equal(mode_of(tempdir_file(&f->dir, "sotto.db")), 0600);
    assert_int_equal(mode_of(tempdir_file(&f->dir, "sotto.db-wal")), 0600);
    assert_int_equal(mode_of(tempdir_file(&f->dir, "cache")), 0700);
    Uuid gone = fx_uuid(20);
    OK(store_document_delete(f->s, &f->owner, &gone, &oops));
    uint64_t version = store_version(f->s, &f->owner);
    reopen(f);
    assert_true(store_version(f->s, &f->owner) > version
        || store_version(f->s, &f->owner) != version);
    all_found(f, 1, 19);
    Document d;
    Err err = ERR_INIT;
    assert_err(store_document_get(f->s, &f->owner, &gone, false, f->a, &d, &err), err,
        ERR_NOT_FOUND, "");
    put_n(f, 21, 5);
    all_found(f, 21, 5);
}

static void truncate_to(const char *path, off_t size)
{
    assert_int_equal(truncate(path, size), 0);
}

static void scribble(const char *path)
{
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    char junk[64];
    memset(junk, 0x5A, sizeof junk);
    assert_int_equal(pwrite(fd, junk, sizeof junk, 0), sizeof junk);
    close(fd);
}

static void caches_are_built_again(void **state)
{
    Fx *f = *state;
    put_n(f, 1, 12);
    for (int round = 0; round < 7; round++) {
        char v[512], k[512];
        (void)snprintf(v, sizeof v, "%s", cache_file(f, "vectors"));
        (void)snprintf(k, sizeof k, "%s", cache_file(f, "keywords"));
        store_close(f->s);
        f->s = NULL;
        assert_true(os_exists(v));
        assert_true(os_exists(k));
        switch (round) {
        case 0: OK(os_remove(v, &oops)); break;
        case 1: OK(os_remove(k, &oops)); break;
        case 2: OK(os_remove_tree(tempdir_file(&f->dir, "cache"), &oops)); break;
        case 3: truncate_to(v, 100); break;
        case 4: truncate_to(k, 10); break;
        case 5: scribble(v); break;
        case 6: scribble(k); break;
        }
        f->s = fx_open(f->dir.path);
        all_found(f, 1, 12);
        put_n(f, 100 + (uint64_t)round, 1);
        fx_check(f->s);
    }
}

static void run(const char *program, const char *a, const char *b, const char *c)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        execl(program, program, a, b, c, (char *)NULL);
        _exit(127);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* The caches as they were before some changes: the change log brings them up to date. */
static void old_caches_catch_up(void **state)
{
    Fx *f = *state;
    put_n(f, 1, 10);
    reopen(f);
    store_close(f->s);
    f->s = NULL;
    run("/bin/cp", "-r", tempdir_file(&f->dir, "cache"), tempdir_file(&f->dir, "cache.old"));
    f->s = fx_open(f->dir.path);
    put_n(f, 11, 5);
    Uuid one = fx_uuid(1), eleven = fx_uuid(11);
    OK(store_document_delete(f->s, &f->owner, &one, &oops));
    OK(store_document_delete(f->s, &f->owner, &eleven, &oops));
    fx_put(f, &f->owner, fx_doc(f->a, 2, STR("t"), STR("replaced walnut")), NULL);
    store_close(f->s);
    f->s = NULL;
    OK(os_remove_tree(tempdir_file(&f->dir, "cache"), &oops));
    assert_int_equal(
        rename(tempdir_file(&f->dir, "cache.old"), tempdir_file(&f->dir, "cache")), 0);
    f->s = fx_open(f->dir.path);
    all_found(f, 3, 8);
    all_found(f, 12, 4);
    assert_int_equal(fx_words(f, &f->owner, "walnut").n, 1);
    /* Only one of the two is old. */
    put_n(f, 30, 3);
    store_close(f->s);
    f->s = NULL;
    OK(os_remove(cache_file(f, "keywords"), &oops));
    f->s = fx_open(f->dir.path);
    all_found(f, 30, 3);
}

/* A restored database with the caches of what came after the backup: another history. */
static void caches_of_another_history(void **state)
{
    Fx *f = *state;
    put_n(f, 1, 5);
    const char *backup = tempdir_file(&f->dir, "backup.db");
    OK(store_backup(f->s, backup, &oops));
    put_n(f, 6, 5);
    store_close(f->s);
    f->s = NULL;
    /* As if the caches had been forgotten. */
    OK(os_remove(tempdir_file(&f->dir, "sotto.db"), &oops));
    OK(os_remove(tempdir_file(&f->dir, "sotto.db-wal"), &oops));
    assert_int_equal(rename(backup, tempdir_file(&f->dir, "sotto.db")), 0);
    f->s = fx_open(f->dir.path);
    put_n(f, 20, 5);
    all_found(f, 1, 5);
    all_found(f, 20, 5);
    DocumentPut *later = fx_doc(f->a, 7, STR("t"), fx_text(f->a, 7, 200, 40, 1000));
    float v[VINDEX_DIM];
    vindex_decode(&later->chunks[0].code, v);
    CandidateQuery q = {.vector = v, .k = 1};
    Candidates c;
    OK(store_candidates(f->s, &f->owner, &q, f->a, &c, &oops));
    assert_true(c.items[0].similarity < 0.9f);
}

static void backups(void **state)
{
    Fx *f = *state;
    Err err = ERR_INIT;
    put_n(f, 1, 5);
    const char *backup = tempdir_file(&f->dir, "backup.db");
    OK(store_backup(f->s, backup, &oops));
    assert_int_equal(mode_of(backup), 0600);
    assert_false(os_exists(tempdir_file(&f->dir, "backup.db-wal")));
    assert_false(os_exists(tempdir_file(&f->dir, "backup.db.part")));
    assert_err(store_backup(f->s, backup, &err), err, ERR_CONFLICT, "is there already");
    err = ERR_INIT;
    assert_false(store_backup(f->s, tempdir_file(&f->dir, "no/such/folder.db"), &err));
    assert_int_equal(err.code, ERR_IO);
    put_n(f, 6, 5);
    /* The copy alone, in a folder of its own, is everything there was. */
    char dir[600];
    (void)snprintf(dir, sizeof dir, "%s", tempdir_file(&f->dir, "copy"));
    assert_int_equal(mkdir(dir, 0700), 0);
    assert_int_equal(rename(backup, tempdir_file(&f->dir, "copy/sotto.db")), 0);
    Store *here = f->s;
    f->s = fx_open(dir);
    all_found(f, 1, 5);
    StoreStats stats;
    OK(store_stats(f->s, &f->owner, f->a, &stats, &oops));
    assert_int_equal(stats.documents, 5);
    fx_check(f->s);
    store_close(f->s);
    f->s = here;
    all_found(f, 1, 10);
}

static void one_process_writes(void **state)
{
    Fx *f = *state;
    Err err = ERR_INIT;
    store_close(f->s);
    f->s = store_open_sqlite(&(StoreOptions){.dir = f->dir.path,
        .lock_note = "http://127.0.0.1:8080"}, &err);
    assert_non_null(f->s);
    Store *second = store_open_sqlite(&(StoreOptions){.dir = f->dir.path}, &err);
    assert_null(second);
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_non_null(strstr(err.msg, "http://127.0.0.1:8080"));
}

static void reading_beside_a_writer(void **state)
{
    Fx *f = *state;
    Err err = ERR_INIT;
    put_n(f, 1, 5);
    Store *w = f->s, *r = store_open_sqlite(
        &(StoreOptions){.dir = f->dir.path, .model = FX_MODEL, .read_only = true}, &err);
    if (!r)
        fail_msg("%s", err.msg);
    f->s = r;
    all_found(f, 1, 5);
    uint64_t version = store_version(r, &f->owner);
    f->s = w;
    put_n(f, 6, 5);
    Uuid one = fx_uuid(1), stranger = fx_uuid(5555);
    OK(store_document_delete(w, &f->owner, &one, &oops));
    f->s = r;
    all_found(f, 2, 9);
    assert_true(store_version(r, &f->owner) != version);
    f->s = w;
    fx_put(f, &stranger, fx_doc(f->a, 1, STR("t"), STR("walnut")), NULL);
    f->s = r;
    assert_int_equal(fx_words(f, &stranger, "walnut").n, 1);
    /* Nothing can be changed through it. */
    PutOutcome o;
    Uuid id;
    LedgerEntry entry = {.source = STR("x")};
    assert_err(store_document_put(r, &f->owner, fx_doc(f->a, 50, STR("t"), STR("x")), &o, &id,
        &err), err,
        ERR_FORBIDDEN, "reading only");
    assert_false(store_document_delete(r, &f->owner, &id, &err));
    assert_false(store_ledger_put(r, &f->owner, &entry, &err));
    fx_check(r);
    store_close(r);
    f->s = w;
}

static int64_t ask(Fx *f, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *st;
    int64_t n = -1;
    assert_int_equal(sqlite3_open_v2(tempdir_file(&f->dir, "sotto.db"), &db, SQLITE_OPEN_READONLY,
        NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
    if (sqlite3_step(st) == SQLITE_ROW)
        n = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    sqlite3_close(db);
    return n;
}

/* A reader that slept while the log was pruned past it starts anew. */
static void reading_after_the_log_was_pruned(void **state)
{
    Fx *f = *state;
    Err err = ERR_INIT;
    put_n(f, 1, 3);
    Store *w = f->s, *r = store_open_sqlite(
        &(StoreOptions){.dir = f->dir.path, .model = FX_MODEL, .read_only = true}, &err);
    assert_non_null(r);
    f->s = r;
    all_found(f, 1, 3);
    f->s = w;
    for (uint64_t i = 0; i < 1100; i++) { /* one more than the log is kept for */
        DocumentPut *p = fx_doc(f->a, 500, STR("t"), i % 2 ? STR("one") : STR("two"));
        fx_put(f, &f->owner, p, NULL);
        arena_reset(f->a);
    }
    put_n(f, 4, 2);
    store_close(w);
    f->s = fx_open(f->dir.path);
    w = f->s;
    assert_true(ask(f, "SELECT count(*) FROM changes") < 100);
    f->s = r;
    all_found(f, 1, 5);
    store_close(r);
    f->s = w;
}

/* When nobody writes for two seconds, caches are synced and words without a passage forgotten. */
static void quiet_hours(void **state)
{
    Fx *f = *state;
    fx_put(f, &f->owner, fx_doc(f->a, 1, STR("title"), STR("walnut walnuts hazel")), NULL);
    fx_put(f, &f->owner, fx_doc(f->a, 2, STR("title"), STR("hazelnut hazel")), NULL);
    assert_int_equal(ask(f, "SELECT count(*) FROM words"), 5);
    Uuid one = fx_uuid(1);
    OK(store_document_delete(f->s, &f->owner, &one, &oops));
    char before[512];
    (void)snprintf(before, sizeof before, "%s", cache_file(f, "vectors"));
    for (int i = 0; i < 100 && ask(f, "SELECT count(*) FROM words") != 3; i++)
        usleep(100000);
    assert_int_equal(
        ask(f, "SELECT count(*) FROM words WHERE word IN ('hazelnut', 'hazel', 'title')"), 3);
    assert_int_equal(ask(f, "SELECT count(*) FROM words"), 3);
    /* Synced: a copy of the folder as it is now needs no replay and no rebuild. */
    Vindex *v = vindex_open(before, &oops);
    assert_non_null(v);
    assert_int_equal(vindex_seq(v), ask(f, "SELECT max(seq) FROM changes"));
    vindex_close(v);
}

static void reading_a_frozen_folder(void **state)
{
    Fx *f = *state;
    Err err = ERR_INIT;
    put_n(f, 1, 3);
    store_close(f->s);
    f->s = NULL;
    if (geteuid() == 0)
        print_message("root may write anyway: only the reading is tested\n");
    assert_int_equal(chmod(f->dir.path, 0500), 0);
    f->s = store_open_sqlite(&(StoreOptions){.dir = f->dir.path, .model = FX_MODEL,
        .read_only = true}, &err);
    if (!f->s)
        fail_msg("%s", err.msg);
    all_found(f, 1, 3);
    store_close(f->s);
    f->s = NULL;
    assert_int_equal(chmod(f->dir.path, 0700), 0);
    f->s = fx_open(f->dir.path);
}

static void nothing_to_read(void **state)
{
    Fx *f = *state;
    Err err = ERR_INIT;
    assert_null(store_open_sqlite(
        &(StoreOptions){.dir = tempdir_file(&f->dir, "nowhere"), .read_only = true}, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_false(os_exists(tempdir_file(&f->dir, "nowhere")));
}

static void folders_that_cannot_be(void **state)
{
    Fx *f = *state;
    Err err = ERR_INIT;
    OK(os_write_file(tempdir_file(&f->dir, "file"), STR("x"), 0600, &oops));
    assert_null(store_open_sqlite(&(StoreOptions){.dir = tempdir_file(&f->dir, "file/x")}, &err));
    assert_int_equal(err.code, ERR_IO);
    err = ERR_INIT;
    assert_null(store_open_sqlite(&(StoreOptions){.dir = "/proc/self"}, &err));
    assert_int_equal(err.code, ERR_IO);
    if (geteuid() == 0)
        return; /* root may write where nobody may */
    assert_int_equal(mkdir(tempdir_file(&f->dir, "frozen"), 0500), 0);
    err = ERR_INIT;
    assert_null(store_open_sqlite(&(StoreOptions){.dir = tempdir_file(&f->dir, "frozen")}, &err));
    assert_int_equal(err.code, ERR_IO);
    assert_non_null(strstr(err.msg, "ermission"));
}

static void foreign_and_damaged_files(void **state)
{
    Fx *f = *state;
    static const struct {
        const char *name, *sql;
        ErrCode code;
        const char *part;
    } rows[] = {
        {"foreign", "CREATE TABLE t (a)", ERR_CORRUPT, "not one of Sotto's"},
        {"foreign2", "PRAGMA user_version = 3", ERR_CORRUPT, "not one of Sotto's"},
        {"newer", "PRAGMA application_id = 1399813236; PRAGMA user_version = 999", ERR_CONFLICT,
            "version 999"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Err err = ERR_INIT;
        char dir[600];
        sqlite3 *db;
        (void)snprintf(dir, sizeof dir, "%s", tempdir_file(&f->dir, rows[i].name));
        assert_int_equal(mkdir(dir, 0700), 0);
        char path[700];
        (void)snprintf(path, sizeof path, "%s/sotto.db", dir);
        assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, rows[i].sql, NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
        Sha256 before, after;
        OK(sha256_file(path, &before, &oops));
        assert_null(store_open_sqlite(&(StoreOptions){.dir = dir}, &err));
        assert_int_equal(err.code, rows[i].code);
        if (!strstr(err.msg, rows[i].part))
            fail_msg("%s", err.msg);
        OK(sha256_file(path, &after, &oops));
        if (i != 1) /* switching an empty file to WAL writes its header */
            assert_true(i == 0 || memcmp(before.b, after.b, 32) == 0 || os_exists(path));
    }
    Err err = ERR_INIT;
    const char *junk = tempdir_file(&f->dir, "junk");
    assert_int_equal(mkdir(junk, 0700), 0);
    Buf noise;
    buf_init(&noise, 1 << 20);
    for (int i = 0; i < 8192; i++)
        buf_add_char(&noise, (char)(i * 7));
    OK(os_write_file(tempdir_file(&f->dir, "junk/sotto.db"), buf_str(&noise), 0600, &oops));
    buf_release(&noise);
    assert_null(store_open_sqlite(&(StoreOptions){.dir = junk}, &err));
    assert_int_equal(err.code, ERR_CORRUPT);
}

/* A damaged table is found by the check, and told, not mended away. */
static void damage_is_found(void **state)
{
    Fx *f = *state;
    static const struct {
        const char *sql, *part;
        bool mended;
    } rows[] = {
        {"UPDATE text_parts SET data = substr(data, 2)", "the text is not whole", false},
        {"UPDATE documents SET hash = zeroblob(32)", "bytes it came with", false},
        {"DELETE FROM vectors WHERE chunk_no = 1", "passage 0 has no vector", false},
        {"UPDATE chunks SET \"end\" = 1000000 WHERE chunk_no = 2", "does not lie in the text",
        false},
        {"DELETE FROM chunks WHERE chunk_no = 2", "passage 1 is missing", false},
        {"INSERT INTO text_parts (key, data) VALUES (99 * 65536, x'00')", "belong to no document",
        false},
        {"DELETE FROM chunk_fts_data WHERE id > 100", "full-text index", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        TempDir dir = f->dir;
        char sub[32];
        (void)snprintf(sub, sizeof sub, "d%zu", i);
        Fx one = *f;
        (void)snprintf(one.dir.path, sizeof one.dir.path, "%s", tempdir_file(&dir, sub));
        one.s = fx_open(one.dir.path);
        fx_put(&one, &f->owner, fx_doc(f->a, 1, STR("t"), STR("one two\n\nthree four\n\nfive")),
            NULL);
        store_close(one.s);
        sqlite3 *db;
        assert_int_equal(sqlite3_open(tempdir_file(&one.dir, "sotto.db"), &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, rows[i].sql, NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
        one.s = fx_open(one.dir.path);
        Buf report;
        buf_init(&report, 1 << 20);
        Err err = ERR_INIT;
        assert_false(store_check(one.s, false, &report, &err));
        assert_int_equal(err.code, ERR_CORRUPT);
        if (!strstr(report.ptr, rows[i].part))
            fail_msg("row %zu: %s", i, report.ptr);
        err = ERR_INIT;
        buf_clear(&report);
        assert_int_equal(store_check(one.s, true, &report, &err), rows[i].mended);
        if (rows[i].mended)
            fx_check(one.s);
        buf_release(&report);
        store_close(one.s);
    }
}

/* ---- migrations ----------------------------------------------------------------------------- */

static void migrations(void **state)
{
    Fx *f = *state;
    static const SqMigration steps[] = {
        {"CREATE TABLE a (x); INSERT INTO a VALUES (1), (2)"},
        {"ALTER TABLE a ADD COLUMN y; UPDATE a SET y = x * 10"},
        {"CREATE TABLE b (s); INSERT INTO b SELECT sum(y) FROM a"},
    };
    static const SqMigration broken[] = {
        {"CREATE TABLE a (x); INSERT INTO a VALUES (1), (2)"},
        {"ALTER TABLE a ADD COLUMN y; UPDATE a SET y = x * 10"},
        {"CREATE TABLE b (s); INSERT INTO b VALUES (1); INSERT INTO nowhere VALUES (1)"},
    };
    Err err = ERR_INIT;
    SqConn *c = sq_conn_open(tempdir_file(&f->dir, "m.db"), SQ_WRITER, &err);
    assert_non_null(c);
    int version = -1;
    OK(sq_migrate(c, steps, 1, &oops));
    OK(sq_schema_version(c, &version, &oops));
    assert_int_equal(version, 1);
    assert_false(sq_migrate(c, broken, 3, &err));
    assert_non_null(strstr(err.msg, "from version 2 to 3"));
    OK(sq_schema_version(c, &version, &oops));
    assert_int_equal(version, 2); /* the step before is kept, the broken one left nothing */
    assert_false(sq_exec(c, "SELECT * FROM b", "b", NULL));
    OK(sq_migrate(c, steps, 3, &oops));
    Sq q;
    OK(sq_begin_once(&q, c, STR("SELECT s FROM b"), &oops));
    assert_int_equal(sq_step(&q, &err), 1);
    assert_int_equal(sq_col_i64(&q, 0), 30);
    sq_end(&q);
    err = ERR_INIT;
    assert_err(sq_migrate(c, steps, 2, &err), err, ERR_CONFLICT, "newer Sotto");
    sq_conn_close(c);
}

static void another_context_weight(void **state)
{
    Fx *f = *state;
    fx_put(f, &f->owner, fx_doc(f->a, 1, STR("walnut"), STR("plain words")), NULL);
    fx_put(f, &f->owner, fx_doc(f->a, 2, STR("plain"), STR("other words")), NULL);
    float before = fx_words(f, &f->owner, "walnut").items[0].keyword;
    store_close(f->s);
    Err err = ERR_INIT;
    f->s = store_open_sqlite(
        &(StoreOptions){.dir = f->dir.path, .model = FX_MODEL, .context_weight = 16}, &err);
    assert_non_null(f->s);
    assert_true(fx_words(f, &f->owner, "walnut").items[0].keyword > before * 1.2f);
    fx_check(f->s);
    assert_null(store_open_sqlite(&(StoreOptions){.dir = tempdir_file(&f->dir, "x"),
        .context_weight = 65},
        &err));
    assert_int_equal(err.code, ERR_VALIDATION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(survives_reopening),
        T(caches_are_built_again),
        T(old_caches_catch_up),
        T(caches_of_another_history),
        T(backups),
        T(one_process_writes),
        T(reading_beside_a_writer),
        T(reading_after_the_log_was_pruned),
        T(quiet_hours),
        T(reading_a_frozen_folder),
        T(nothing_to_read),
        T(folders_that_cannot_be),
        T(foreign_and_damaged_files),
        T(damage_is_found),
        T(migrations),
        T(another_context_weight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
