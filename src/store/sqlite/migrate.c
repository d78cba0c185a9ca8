/* migrate.c - the schema's versions. PRAGMA user_version says which one a file has; each step runs
 * in one transaction with the new number, so a file is always of exactly one version. A newer file
 * than this program knows is refused and left alone. A step that was released never changes, not by
 * a comment: a backup's schema is compared with what the steps make (stranger.c). */
#include <stdio.h>

#include "store/sqlite/sq.h"

/* The .sql files of this folder, put in by the build. */
extern const char schema_sql[], schema_understanding_sql[], schema_tasks_sql[],
    schema_calendar_sql[], schema_talk_sql[], schema_commitments_sql[], schema_phrases_sql[],
    schema_language_sql[], schema_cues_sql[], schema_settings_sql[], schema_people_sql[],
    schema_interactions_sql[], schema_bin_sql[];

/* Watched folders: who offered a file, and the facts by which an unchanged one is known without
 * being read. */
static const char folders_sql[] =
    "ALTER TABLE ledger ADD COLUMN folder BLOB;" /* NULL: a person offered it */
    "ALTER TABLE ledger ADD COLUMN mtime_ns INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE ledger ADD COLUMN device INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE ledger ADD COLUMN inode INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX ledger_document ON ledger (owner_no, document) WHERE document IS NOT NULL;"
    "CREATE INDEX ledger_inode ON ledger (owner_no, inode) WHERE inode <> 0;"
    "ALTER TABLE folders ADD COLUMN keep INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE folders ADD COLUMN paused INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE folders ADD COLUMN watch INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE folders ADD COLUMN synced_at INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE folders ADD COLUMN device INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE folders ADD COLUMN inode INTEGER NOT NULL DEFAULT 0;";

const SqMigration SQ_MIGRATIONS[] = {
    {schema_sql},               /* 1: the first */
    {schema_understanding_sql}, /* 2: authors, languages, dates, sketches */
    /* 3: documents that came inside others. parent_no 0: offered by itself as well. */
    {"CREATE TABLE parts ("
     " part_no   INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,"
     " parent_no INTEGER NOT NULL,"
     " PRIMARY KEY (part_no, parent_no)) WITHOUT ROWID;"
     "CREATE INDEX parts_parent ON parts (parent_no, part_no);"},
    {folders_sql}, /* 4: watched folders */
    {schema_tasks_sql}, /* 5: tasks, their journal, reminders that fired */
    {schema_calendar_sql}, /* 6: calendars and events */
    {schema_talk_sql}, /* 7: conversations, facts */
    {schema_commitments_sql}, /* 8: what documents commit to */
    {schema_phrases_sql}, /* 9: what documents are about; briefings */
    {schema_language_sql}, /* 10: what is kept on account of a language model */
    {schema_cues_sql}, /* 11: when the words of recordings are said */
    {schema_settings_sql}, /* 12: settings that were changed while it runs */
    {schema_people_sql}, /* 13: people, their tokens and sessions, what they did */
    {schema_interactions_sql}, /* 14: what was said aloud */
    {schema_bin_sql}, /* 15: conversations that can be brought back */
};
const int SQ_SCHEMA_VERSION = sizeof SQ_MIGRATIONS / sizeof *SQ_MIGRATIONS;

static bool pragma_int(SqConn *c, const char *sql, int64_t *out, Err *err)
{
    Sq q;
    bool ok = sq_begin_once(&q, c, str_of(sql), err) && sq_step(&q, err) > 0;
    if (ok)
        *out = sq_col_i64(&q, 0);
    sq_end(&q);
    return ok;
}

bool sq_schema_version(SqConn *c, int *version, Err *err)
{
    int64_t app, v, tables;
    if (!pragma_int(c, "PRAGMA application_id", &app, err)
        || !pragma_int(c, "PRAGMA user_version", &v, err)
        || !pragma_int(c, "SELECT count(*) FROM sqlite_schema", &tables, err))
        return false;
    if (app != SQ_APPLICATION_ID && (app != 0 || v != 0 || tables != 0))
        return err_set(err, ERR_CORRUPT, "the file is a SQLite database, but not one of Sotto's");
    *version = (int)v;
    return true;
}

bool sq_schema_known(SqConn *c, int *version, Err *err)
{
    if (!sq_schema_version(c, version, err))
        return false;
    if (*version < 1)
        return err_set(err, ERR_CORRUPT, "it is an empty database");
    return *version <= SQ_SCHEMA_VERSION ||
           err_set(err, ERR_CONFLICT, "it was made by a newer Sotto: update this one");
}

static bool step(SqConn *c, const char *sql, int to, Err *err)
{
    char mark[96];
    snprintf(mark, sizeof mark, "PRAGMA application_id = %d; PRAGMA user_version = %d",
        SQ_APPLICATION_ID, to);
    if (!sq_exec(c, "BEGIN IMMEDIATE", "updating the database", err))
        return false;
    if (sq_exec(c, sql, "updating the database", err)
        && sq_exec(c, mark, "updating the database", err)
        && sq_exec(c, "COMMIT", "updating the database", err))
        return true;
    sq_exec(c, "ROLLBACK", "updating the database", NULL);
    return err_wrap(err, "from version %d to %d", to - 1, to);
}

bool sq_migrate(SqConn *c, const SqMigration *steps, int n, Err *err)
{
    int version;
    if (!sq_schema_version(c, &version, err))
        return false;
    if (version > n)
        return err_set(err, ERR_CONFLICT,
            "the database has version %d, made by a newer Sotto; this one knows %d: update it",
            version, n);
    for (; version < n; version++)
        if (!step(c, steps[version].sql, version + 1, err))
            return false;
    return true;
}

bool sq_meta_get(SqConn *c, Str key, Arena *a, Str *out, Err *err)
{
    static const char sql[] = "SELECT value FROM meta WHERE key = ?1";
    Sq q;
    Str v = {NULL, 0};
    bool ok = sq_begin(&q, c, sql, err);
    if (ok) {
        sq_text(&q, key);
        int rc = sq_step(&q, err);
        ok = rc >= 0 && (rc == 0 || sq_col_copy(&q, 0, a, &v, err));
    }
    sq_end(&q);
    if (ok)
        *out = v;
    return ok;
}

bool sq_meta_put(SqConn *c, Str key, Str value, Err *err)
{
    static const char sql[] = "INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)";
    Sq q;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_text(&q, key);
    sq_text(&q, value);
    return sq_run(&q, err);
}
