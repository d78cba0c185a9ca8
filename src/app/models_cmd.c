/* `sotto models list|fetch|verify`; models_own.c has those that are not in models.lock. */
#include <stdio.h>

#include "app/commands.h"
#include "app/models.h"
#include "app/models_own.h"
#include "base/json.h"
#include "base/os.h"

typedef enum { DO_LIST, DO_FETCH, DO_VERIFY } Action;

typedef struct {
    Cli *cli;
    Progress bar;
    char file[128]; /* named in the bar now */
} Watcher;

static bool progress(void *arg, const char *file, uint64_t done, uint64_t total)
{
    Watcher *w = arg;
    if (strcmp(w->file, file) != 0) {
        progress_end(&w->bar);
        progress_begin(&w->bar, &w->cli->term, PROGRESS_BYTES, done);
        snprintf(w->file, sizeof w->file, "%s", file);
    }
    progress_step(&w->bar, done, total, str_of(file));
    return !cli_interrupted();
}

static void note(void *arg, const char *text)
{
    Watcher *w = arg;
    progress_end(&w->bar);
    cli_note(w->cli, "%s", text);
}

static ModelsOptions options(Cli *cli, Watcher *w)
{
    const Config *c = cli->config;
    *w = (Watcher){.cli = cli};
    progress_begin(&w->bar, &cli->term, PROGRESS_BYTES, 0);
    return (ModelsOptions){.dir = config_text(c, SET_MODELS),
                           .mirror = config_text(c, SET_MODELS_URL),
                           .token = config_text(c, SET_MODELS_TOKEN),
                           .progress = progress,
                           .note = note,
                           .arg = w};
}

static void file_json(Cli *cli, JsonW *w, const Model *m, const ModelFile *f)
{
    char hex[SHA256_HEX];
    const char *path = models_file_path(m, f, config_text(cli->config, SET_MODELS), cli->arena);
    jw_obj(w);
    jw_kv_cstr(w, "name", f->name);
    jw_kv_int(w, "bytes", (int64_t)f->bytes);
    jw_kv_cstr(w, "sha256", sha256_hex(&f->sha256, hex));
    jw_kv_bool(w, "there", path && os_file_size(path) == (int64_t)f->bytes);
    jw_obj_end(w);
}

static void model_json(Cli *cli, JsonW *w, const Model *m, const char *state, const Err *why)
{
    const char *path = models_path(m, config_text(cli->config, SET_MODELS), cli->arena);
    jw_obj(w);
    jw_kv_cstr(w, "name", m->name);
    jw_kv_cstr(w, "about", m->about);
    jw_kv_cstr(w, "licence", m->licence);
    jw_kv_cstr(w, "page", m->page);
    jw_kv_cstr(w, "state", state);
    jw_kv_cstr(w, "problem", why->code == ERR_NONE ? NULL : why->msg);
    jw_kv_cstr(w, "path", path);
    jw_key(w, "files");
    jw_arr(w);
    for (size_t i = 0; i < m->n_files; i++)
        file_json(cli, w, m, &m->files[i]);
    jw_arr_end(w);
    jw_obj_end(w);
}

static void model_text(Cli *cli, const Model *m, bool good, const char *state, const Err *why)
{
    Buf *out = &cli->out;
    uint64_t bytes = 0;
    for (size_t i = 0; i < m->n_files; i++)
        bytes += m->files[i].bytes;
    bool fault = !good && !(m->named && why->code == ERR_NOT_FOUND);
    buf_printf(out, "%s%-8s%s %s  ",
               fault ? term_paint(&cli->term, PAINT_BAD)
                     : good ? term_paint(&cli->term, PAINT_GOOD) : "",
               state, fault || good ? term_paint(&cli->term, PAINT_OFF) : "", m->name);
    term_bytes(out, bytes);
    buf_printf(out, "  %s  %s\n", m->licence, m->about ? m->about : "");
    if (why->code != ERR_NONE)
        term_wrap(out, &cli->term, str_of(why->msg), NULL, 0, 9);
}

/* What one model's part of the action gave: a word for it, and why when it failed. */
static bool act(Cli *cli, Action action, const Model *m, const char **state, Err *why)
{
    Watcher w;
    ModelsOptions o = options(cli, &w);
    bool ok;
    if (action == DO_FETCH) {
        bool was = models_state(m, o.dir, cli->arena, NULL) == MODEL_READY;
        if (!was)
            cli_note(cli, "fetching %s", m->name);
        ok = models_fetch(m, &o, cli->arena, why);
        *state = !ok ? "failed" : was ? "ready" : "fetched";
    } else if (action == DO_VERIFY) {
        ok = models_verify(m, &o, cli->arena, why);
        *state = ok ? "verified" : why->code == ERR_NOT_FOUND ? "missing" : "damaged";
    } else {
        ModelState s = models_state(m, o.dir, cli->arena, why);
        ok = true;
        *state = models_state_name(s);
    }
    progress_end(&w.bar);
    return ok;
}

/* A model that is fetched only by name is no business of a call without one, until it is here. */
static bool left_out(Cli *cli, Action action, const Model *m)
{
    const char *dir = config_text(cli->config, SET_MODELS);
    return m->named && action != DO_LIST && models_state(m, dir, cli->arena, NULL) == MODEL_MISSING;
}

static int run(Cli *cli, Action action, const ModelsLock *lock, const Model *only)
{
    JsonW w;
    int status = 0;
    jw_init(&w, &cli->out);
    if (cli->json) {
        jw_obj(&w);
        jw_key(&w, "models");
        jw_arr(&w);
    }
    for (size_t i = 0; i < lock->n; i++) {
        const Model *m = &lock->models[i];
        const char *state = "";
        Err why = ERR_INIT;
        if (only ? m != only : left_out(cli, action, m))
            continue;
        bool ok = act(cli, action, m, &state, &why);
        if (!ok)
            status = why.code == ERR_CANCELLED ? EXIT_INTERRUPTED : err_info(why.code)->exit_status;
        if (cli->json)
            model_json(cli, &w, m, state, &why);
        else if (ok || action != DO_FETCH)
            model_text(cli, m, ok && why.code == ERR_NONE, state, &why);
        if (!ok && action == DO_FETCH)
            cli_fail(cli, &why);
        if (!ok && action == DO_FETCH)
            break;
    }
    int own = only || action == DO_FETCH ? 0 : models_own_show(cli, lock, action == DO_VERIFY, &w);
    if (cli->json) {
        jw_arr_end(&w);
        jw_obj_end(&w);
        buf_add_char(&cli->out, '\n');
    }
    return cli_done(cli, status ? status : own);
}

int models_command(Cli *cli)
{
    static const char *const actions[] = {"list", "fetch", "verify"};
    Err err = ERR_INIT;
    int action = -1;
    for (int i = 0; i < 3; i++)
        if (strcmp(cli->args[0], actions[i]) == 0)
            action = i;
    bool adds = strcmp(cli->args[0], "add") == 0;
    if (action < 0 && !adds)
        return cli_usage_error(cli, "sotto models knows list, fetch, verify and add, not \"%s\"",
                               cli->args[0]);
    if (adds ? cli->n_args < 2 : cli->n_args > 2)
        return cli_usage_error(cli, adds ? "sotto models add needs a file or a folder"
                                         : "sotto models %s takes one name", cli->args[0]);
    ModelsLock *lock = models_lock_parse(str_of(models_lock_text), cli->arena, &err);
    if (!lock)
        return cli_fail(cli, &err);
    if (adds)
        return models_own_add(cli, lock);
    const Model *only = cli->n_args > 1 ? models_lock_find(lock, str_of(cli->args[1])) : NULL;
    if (cli->n_args > 1 && !only) {
        err_set(&err, ERR_NOT_FOUND, "there is no model \"%s\"; see sotto models list",
                cli->args[1]);
        return cli_fail(cli, &err);
    }
    cli_catch_signals();
    return run(cli, (Action)action, lock, only);
}
