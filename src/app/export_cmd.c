/* `sotto export`: all that a person owns, as one archive. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "api/export.h"
#include "app/app.h"
#include "app/commands.h"
#include "base/os.h"

static bool to_file(void *arg, Str bytes, Err *err)
{
    const int *fd = arg;
    return os_write_all(*fd, bytes.ptr, bytes.len) ||
           err_set_errno(err, ERR_IO, errno, "cannot write the archive");
}

static bool find_person(App *app, const char *name, Arena *a, Uuid *id, Err *err)
{
    Person *list;
    size_t n;
    *id = app->owner;
    if (!name)
        return true;
    if (!access_people(app->access, a, &list, &n, err))
        return false;
    for (size_t i = 0; i < n; i++)
        if (str_eq_nocase(list[i].name, str_of(name))) {
            *id = list[i].id;
            return true;
        }
    return err_set(err, ERR_NOT_FOUND, "nobody is called %s; see sotto people", name);
}

/* The archive has another name until it is whole and synced. */
static bool write_archive(Cli *cli, App *app, const Uuid *id, const char *file, Err *err)
{
    const char *part = arena_printf(cli->arena, "%s.part", file).ptr;
    if (!part)
        return err_set(err, ERR_NO_MEMORY, "no memory for a path");
    if (os_is_dir(file))
        return err_set(err, ERR_VALIDATION, "%s is a folder; name a file", file);
    int fd = os_remove(part, err) ? open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
    if (fd < 0)
        return err_set_errno(err, ERR_IO, errno, "cannot write %s", part);
    bool ok = export_person(app->api, id, 0, to_file, &fd, err);
    if (ok && fsync(fd) != 0)
        ok = err_set_errno(err, ERR_IO, errno, "cannot write %s", part);
    close(fd);
    if (ok && rename(part, file) != 0)
        ok = err_set_errno(err, ERR_IO, errno, "cannot write %s", file);
    if (!ok)
        os_remove(part, NULL);
    return ok;
}

static void say_done(Cli *cli)
{
    int64_t bytes = os_file_size(cli->args[0]);
    if (cli->json) {
        JsonW w;
        jw_init(&w, &cli->out);
        jw_obj(&w);
        jw_kv_cstr(&w, "export", cli->args[0]);
        jw_kv_int(&w, "bytes", bytes);
        jw_obj_end(&w);
    } else {
        buf_add_c(&cli->out, "wrote ");
        term_text(&cli->out, str_of(cli->args[0]));
        buf_add_c(&cli->out, " (");
        term_bytes(&cli->out, bytes > 0 ? (uint64_t)bytes : 0);
        buf_add_char(&cli->out, ')');
    }
    buf_add_char(&cli->out, '\n');
}

int export_command(Cli *cli)
{
    Err err = ERR_INIT;
    App app;
    Uuid id;
    /* Reading beside a running server is what the database's log is for. */
    AppOptions o = {.config = cli->config, .read_only = true};
    if (!app_open(&app, &o, &err)) {
        if (err.code == ERR_NOT_FOUND)
            err_set(&err, ERR_NOT_FOUND, "there is nothing in %s to export",
                    config_text(cli->config, SET_DATA));
        return cli_fail(cli, &err);
    }
    bool ok = find_person(&app, cli_flag(cli, "--person"), cli->arena, &id, &err) &&
              write_archive(cli, &app, &id, cli->args[0], &err);
    app_close(&app);
    if (!ok)
        return cli_fail(cli, &err);
    say_done(cli);
    return cli_done(cli, 0);
}
