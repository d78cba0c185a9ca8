/* `sotto backup`, `restore` and `version`. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "app/app.h"
#include "app/backend.h"
#include "app/commands.h"
#include "app/filters.h"
#include "app/restore.h"
#include "base/os.h"

static void say_done(Cli *cli, const char *what, const char *path)
{
    int64_t bytes = os_file_size(path);
    if (cli->json) {
        JsonW w;
        jw_init(&w, &cli->out);
        jw_obj(&w);
        jw_kv_cstr(&w, what, path);
        jw_kv_int(&w, "bytes", bytes);
        jw_obj_end(&w);
    } else {
        buf_printf(&cli->out, "%s ", what);
        term_text(&cli->out, str_of(path));
        buf_add_c(&cli->out, " (");
        term_bytes(&cli->out, bytes > 0 ? (uint64_t)bytes : 0);
        buf_add_char(&cli->out, ')');
    }
    buf_add_char(&cli->out, '\n');
}

/* The copy has another name until it is whole and synced, so that FILE is always a whole backup. */
static bool backup(Cli *cli, Store *store, const char *file, Err *err)
{
    if (os_is_dir(file))
        return err_set(err, ERR_VALIDATION, "%s is a folder; name a file", file);
    const char *part = arena_printf(cli->arena, "%s.part", file).ptr;
    if (!part)
        return err_set(err, ERR_NO_MEMORY, "no memory for a path");
    if (!os_remove(part, err) || !store_backup(store, part, err)) {
        os_remove(part, NULL);
        return false;
    }
    if (rename(part, file) != 0)
        return err_set_errno(err, ERR_IO, errno, "cannot write %s", file);
    return true;
}

int backup_command(Cli *cli)
{
    Err err = ERR_INIT;
    const char *dir = config_text(cli->config, SET_DATA);
    /* Reading beside a running server is what the database's log is for. */
    StoreOptions o = {.dir = dir, .read_only = true, .model = APP_MODEL};
    Store *store = backend_open(cli->config, &o, &err);
    if (!store && err.code == ERR_NOT_FOUND)
        err_set(&err, ERR_NOT_FOUND, "there is nothing in %s to back up", dir);
    bool ok = store && backup(cli, store, cli->args[0], &err);
    if (store)
        store_close(store);
    if (!ok)
        return cli_fail(cli, &err);
    say_done(cli, cli->json ? "backup" : "wrote", cli->args[0]);
    return cli_done(cli, 0);
}

/* Into Qdrant: read and checked as a file first. What is there already is not replaced: other
 * processes may be serving it. */
static bool into_qdrant(Cli *cli, const char *dir, const char *fresh, StoreMoved *moved, Err *err)
{
    const char *db = os_join(cli->arena, fresh, "sotto.db");
    QdrantOptions q = backend_qdrant(cli->config);
    StoreOptions o = {.dir = dir, .model = APP_MODEL, .lock_note = "sotto restore"};
    StoreMove m = {0};
    if (!db)
        return err_set(err, ERR_NO_MEMORY, "no memory for a path");
    if (!os_remove_tree(fresh, err) || !restore_run(cli->args[0], fresh, cli->arena, err))
        return false;
    Store *s = store_open_qdrant(&o, &q, err);
    bool ok = s && store_move_to_qdrant(s, db, &m, moved, err);
    if (s)
        store_close(s);
    return ok;
}

static int restore_far(Cli *cli, const char *dir)
{
    Err err = ERR_INIT;
    StoreMoved moved = {0};
    const char *fresh = os_join(cli->arena, dir, "restore.far");
    if (!fresh)
        return cli_usage_error(cli, "no memory for a path");
    bool ok = into_qdrant(cli, dir, fresh, &moved, &err);
    os_remove_tree(fresh, NULL);
    if (!ok)
        return cli_fail(cli, &err);
    say_done(cli, "restored", cli->args[0]);
    return cli_done(cli, 0);
}

int restore_command(Cli *cli)
{
    Err err = ERR_INIT;
    const char *dir = config_text(cli->config, SET_DATA);
    const char *db = os_join(cli->arena, dir, "sotto.db");
    const char *question =
        arena_printf(cli->arena, "replace everything in %s by %s?", dir, cli->args[0]).ptr;
    if (!db || !question)
        return cli_usage_error(cli, "no memory for a path");
    if (backend_is_qdrant(cli->config))
        return restore_far(cli, dir);
    if (os_exists(db) && !filters_confirm(cli, question, &err))
        return cli_fail(cli, &err);
    if (!restore_run(cli->args[0], dir, cli->arena, &err))
        return cli_fail(cli, &err);
    say_done(cli, "restored", db);
    return cli_done(cli, 0);
}

int version_command(Cli *cli)
{
    buf_printf(&cli->out, cli->json ? "{\"version\":\"%s\"}\n" : "sotto %s\n", SOTTO_VERSION);
    return cli_done(cli, 0);
}
