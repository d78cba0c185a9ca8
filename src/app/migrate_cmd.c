/* `sotto migrate`: everything from the file into Qdrant, or back. */
#include <stdio.h>

#include "app/app.h"
#include "app/backend.h"
#include "app/commands.h"
#include "base/clock.h"
#include "base/os.h"

#define SAY_NS 200000000u

typedef struct {
    Cli *cli;
    uint64_t said_ns;
} Saying;

/* One line that writes over itself on a terminal; nothing in a pipe. */
static bool on_progress(void *arg, size_t people, size_t all, const char *table, uint64_t rows)
{
    Saying *p = arg;
    uint64_t now = clock_mono_ns();
    if (p->cli->term.err_tty && now - p->said_ns > SAY_NS) {
        p->said_ns = now;
        fprintf(stderr, "\r\033[Kperson %zu of %zu: %s, %llu rows", people + 1, all, table,
                (unsigned long long)rows);
    }
    return true;
}

static void clear_line(const Cli *cli)
{
    if (cli->term.err_tty)
        fputs("\r\033[K", stderr);
}

static bool to_qdrant(Cli *cli, const char *dir, const StoreMove *m, StoreMoved *out, Err *err)
{
    const char *file = os_join(cli->arena, dir, "sotto.db");
    QdrantOptions q = backend_qdrant(cli->config);
    StoreOptions o = {.dir = dir, .model = APP_MODEL, .lock_note = "sotto migrate"};
    if (!file || !os_exists(file))
        return err_set(err, ERR_NOT_FOUND, "there is no file in %s to move to Qdrant", dir);
    Store *s = store_open_sqlite(&o, err); /* brings an older file to this version */
    if (!s)
        return false;
    store_close(s);
    if (!(s = store_open_qdrant(&o, &q, err)))
        return false;
    bool ok = store_move_to_qdrant(s, file, m, out, err);
    store_close(s);
    return ok;
}

static bool to_sqlite(Cli *cli, const char *dir, const StoreMove *m, StoreMoved *out, Err *err)
{
    QdrantOptions q = backend_qdrant(cli->config);
    StoreOptions o = {.dir = dir, .model = APP_MODEL, .lock_note = "sotto migrate"};
    StoreOptions beside = {.dir = dir, .model = APP_MODEL, .read_only = true};
    Store *file = store_open_sqlite(&o, err);
    Store *far = file ? store_open_qdrant(&beside, &q, err) : NULL;
    bool ok = far && store_move_to_sqlite(far, file, m, out, err);
    if (far)
        store_close(far);
    if (file)
        store_close(file);
    return ok;
}

static void say(Cli *cli, bool qdrant, const StoreMoved *moved)
{
    if (cli->json) {
        JsonW w;
        jw_init(&w, &cli->out);
        jw_obj(&w);
        jw_kv_cstr(&w, "to", qdrant ? "qdrant" : "sqlite");
        jw_kv_int(&w, "people", (int64_t)moved->people);
        jw_kv_int(&w, "rows", (int64_t)moved->rows);
        jw_kv_int(&w, "passages", (int64_t)moved->passages);
        jw_obj_end(&w);
        buf_add_char(&cli->out, '\n');
        return;
    }
    buf_printf(&cli->out, "moved %llu rows of %llu %s to %s, %llu passages among them; all were "
                          "read again and are the same\n", (unsigned long long)moved->rows,
               (unsigned long long)moved->people, moved->people == 1 ? "person" : "people",
               qdrant ? "Qdrant" : "the file", (unsigned long long)moved->passages);
    buf_add_c(&cli->out, qdrant ? "the file stays as it was; remove it when nothing is missed\n"
                                : "what is in Qdrant stays; take qdrant_url out of the settings "
                                  "to use the file\n");
}

int migrate_command(Cli *cli)
{
    Err err = ERR_INIT;
    const char *to = cli_flag(cli, "--to"), *dir = config_text(cli->config, SET_DATA);
    bool qdrant = to && str_eq(str_of(to), STR("qdrant"));
    if (!qdrant && !(to && str_eq(str_of(to), STR("sqlite"))))
        return cli_usage_error(cli, "say where to: --to qdrant or --to sqlite");
    if (!backend_is_qdrant(cli->config))
        return cli_usage_error(cli, "set qdrant_url (QDRANT_URL) to the server to move to or from");
    Saying p = {.cli = cli};
    StoreMove m = {.progress = on_progress, .arg = &p};
    StoreMoved moved;
    bool ok = (qdrant ? to_qdrant : to_sqlite)(cli, dir, &m, &moved, &err);
    clear_line(cli);
    if (!ok)
        return cli_fail(cli, &err);
    say(cli, qdrant, &moved);
    return cli_done(cli, 0);
}
