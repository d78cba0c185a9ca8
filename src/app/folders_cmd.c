/* `sotto folders`: watched folders. */
#include <limits.h>
#include <stdlib.h>

#include "app/call.h"
#include "app/commands.h"
#include "app/filters.h"
#include "app/sync_wait.h"
#include "base/clock.h"

static const char folders_path[] = "/api/v1/knowledge/folders";

/* ---- list ------------------------------------------------------------------------------------ */

static void words(Buf *out, const Json *list, const char *before)
{
    for (size_t i = 0; i < json_count(list); i++) {
        buf_add_c(out, i ? ", " : before);
        term_text(out, json_str(json_at(list, i)));
    }
}

static void folder_text(Cli *cli, const Json *f)
{
    static const char *const states[] = {"indexed", "duplicate", "refused", "failed", "pending"};
    Buf *out = &cli->out;
    Str state = json_str(json_get(f, "state")), message = json_str(json_get(f, "message"));
    int64_t n = 0, when = 0;
    double covered = 1;
    bool polled = false;
    buf_add_c(out, term_paint(&cli->term, PAINT_TITLE));
    term_text(out, json_str(json_get(f, "path")));
    buf_printf(out, "%s\n  " STR_FMT, term_paint(&cli->term, PAINT_OFF), STR_ARG(state));
    if (json_int(json_get(f, "waiting"), &n) && n)
        buf_printf(out, ", %lld waiting", (long long)n);
    if (json_bool(json_get(f, "polled"), &polled) && polled)
        buf_add_c(out, ", polled");
    json_num(json_get(f, "covered"), &covered);
    buf_printf(out, ", %.1f %% covered", covered * 100);
    const char *before = ": ";
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        if (!json_int(json_get(json_get(f, "files"), states[i]), &n) || !n)
            continue;
        buf_printf(out, "%s%lld %s", before, (long long)n, states[i]);
        before = ", ";
    }
    if (clock_parse(json_str(json_get(f, "synced_at")), &when)) {
        buf_add_c(out, "; read ");
        term_time(out, when);
    }
    buf_add_char(out, '\n');
    if (message.len)
        term_wrap(out, &cli->term, message, NULL, 0, 2);
    if (json_count(json_get(f, "include")) || json_count(json_get(f, "exclude"))) {
        buf_add_c(out, " ");
        words(out, json_get(f, "include"), " only ");
        words(out, json_get(f, "exclude"), " without ");
        buf_add_char(out, '\n');
    }
}

static int list(Cli *cli)
{
    Err err = ERR_INIT;
    Buf body;
    buf_init(&body, 64 << 20);
    Call *call = call_open(cli->config, CALL_READ, "sotto folders", &err);
    Json *j = call ? call_get(call, str_of(folders_path), &body, &err) : NULL;
    const Json *folders = json_get(j, "folders");
    if (j && cli->json)
        buf_printf(&cli->out, "%s\n", body.ptr);
    else if (j && json_count(folders) == 0)
        cli_note(cli, "no folder is watched; begin with sotto folders add DIR");
    else
        for (size_t i = 0; i < json_count(folders); i++)
            folder_text(cli, json_at(folders, i));
    bool ok = j != NULL;
    json_free(j);
    call_close(call);
    buf_release(&body);
    return ok ? cli_done(cli, 0) : cli_fail(cli, &err);
}

/* ---- add ------------------------------------------------------------------------------------- */

static void strings(Cli *cli, JsonW *w, const char *key, const char *flag)
{
    const char *value;
    jw_key(w, key);
    jw_arr(w);
    for (size_t i = 0; (value = cli_flag_at(cli, flag, i)); i++)
        jw_cstr(w, value);
    jw_arr_end(w);
}

static void plan_text(Cli *cli, const Json *plan)
{
    static const char *const counts[] = {"add",  "update", "move", "delete",
                                         "keep", "refuse", "fail", "unchanged"};
    const Json *steps = json_get(plan, "steps");
    Buf *out = &cli->out;
    for (size_t i = 0; i < json_count(steps); i++) {
        const Json *s = json_at(steps, i);
        buf_printf(out, "%-7.*s ", STR_ARG(json_str(json_get(s, "action"))));
        term_text(out, json_str(json_get(s, "source")));
        buf_add_char(out, '\n');
        if (json_str(json_get(s, "reason")).len)
            term_wrap(out, &cli->term, json_str(json_get(s, "reason")), NULL, 0, 8);
    }
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        int64_t n = 0;
        json_int(json_get(plan, counts[i]), &n);
        buf_printf(out, "%s%lld to %s", i ? ", " : "", (long long)n,
                   i == 7 ? "leave unchanged" : counts[i]);
    }
    buf_add_char(out, '\n');
}

static bool send_json(Call *call, const char *method, Str target, const Buf *body, Json **out,
                      Err *err)
{
    CallAnswer answer;
    if (!call_send(call, 0, method, target, body ? "application/json" : NULL,
                   body ? buf_str(body) : STR(""), &answer, err))
        return false;
    *out = answer.body.len ? json_parse(buf_str(&answer.body), JSON_DEFAULT_DEPTH, err) : NULL;
    bool ok = *out || answer.body.len == 0;
    buf_release(&answer.body);
    return ok;
}

/* What a folder looks like when the waiting is over. */
static bool show_after(Cli *cli, Call *call, Str id, Err *err)
{
    Buf target, body;
    buf_init(&target, 4096);
    buf_init(&body, 16 << 20);
    buf_printf(&target, "%s/" STR_FMT, folders_path, STR_ARG(id));
    Json *j = call_get(call, buf_str(&target), &body, err);
    if (j && cli->json)
        buf_printf(&cli->out, "%s\n", body.ptr);
    else if (j)
        folder_text(cli, j);
    bool ok = j != NULL;
    json_free(j);
    buf_release(&target);
    buf_release(&body);
    return ok;
}

static bool wait_and_show(Cli *cli, Call *call, Str id, Err *err)
{
    char *copy = arena_cstr(cli->arena, id);
    bool wait = !cli_flag(cli, "--no-wait") || !call_server(call);
    return copy && (!wait || sync_wait(cli, call, copy, err)) &&
           show_after(cli, call, str_of(copy), err);
}

static int add(Cli *cli)
{
    Err err = ERR_INIT;
    char path[PATH_MAX];
    bool dry = cli_flag(cli, "--dry-run") != NULL;
    if (cli->n_args != 2)
        return cli_usage_error(cli, "sotto folders add takes one DIR");
    if (!realpath(cli->args[1], path)) {
        err_set(&err, ERR_NOT_FOUND, "%s is not there", cli->args[1]);
        return cli_fail(cli, &err);
    }
    Buf body;
    JsonW w;
    Json *j = NULL;
    buf_init(&body, 1 << 20);
    jw_init(&w, &body);
    jw_obj(&w);
    jw_kv_cstr(&w, "path", path);
    strings(cli, &w, "include", "--include");
    strings(cli, &w, "exclude", "--exclude");
    jw_kv_bool(&w, "keep", cli_flag(cli, "--keep") != NULL);
    jw_kv_bool(&w, "dry_run", dry);
    if (cli_flag(cli, "--watch"))
        jw_kv_cstr(&w, "watch", cli_flag(cli, "--watch"));
    jw_obj_end(&w);
    Call *call = call_open(cli->config, dry ? CALL_WRITE : CALL_WRITE | CALL_SYNC,
                           "sotto folders add", &err);
    bool ok = call && send_json(call, "POST", str_of(folders_path), &body, &j, &err);
    if (ok && dry && cli->json) {
        json_dump(j, &cli->out);
        buf_add_char(&cli->out, '\n');
    } else if (ok && dry) {
        plan_text(cli, j);
    } else if (ok) {
        ok = wait_and_show(cli, call, json_str(json_get(j, "id")), &err);
    }
    json_free(j);
    call_close(call);
    buf_release(&body);
    return ok ? cli_done(cli, cli_interrupted() ? EXIT_INTERRUPTED : 0) : cli_fail(cli, &err);
}

/* ---- the rest -------------------------------------------------------------------------------- */

/* A folder by its id, or by its path, which need not be there any more. */
static bool find(Cli *cli, Call *call, const char *typed, Str *id, Err *err)
{
    char real[PATH_MAX];
    const char *path = realpath(typed, real) ? real : typed;
    Json *j = call_get(call, str_of(folders_path), NULL, err);
    const Json *list = json_get(j, "folders");
    *id = (Str){0};
    for (size_t i = 0; i < json_count(list); i++) {
        const Json *f = json_at(list, i);
        if (str_eq(json_str(json_get(f, "path")), str_of(path)) ||
            str_eq(json_str(json_get(f, "id")), str_of(typed)))
            *id = arena_str(cli->arena, json_str(json_get(f, "id")));
    }
    bool ok = j != NULL;
    json_free(j);
    return ok && (id->ptr || err_set(err, ERR_NOT_FOUND, "%s is not watched", typed));
}

static bool change(Cli *cli, Call *call, const char *what, Str id, Err *err)
{
    Buf target, body;
    Json *j = NULL;
    buf_init(&target, 4096);
    buf_init(&body, 4096);
    bool sync = strcmp(what, "sync") == 0, remove = strcmp(what, "remove") == 0;
    buf_printf(&target, "%s/" STR_FMT "%s%s", folders_path, STR_ARG(id), sync ? "/sync" : "",
               remove && cli_flag(cli, "--documents") ? "?documents=delete" : "");
    if (sync)
        buf_printf(&body, "{\"confirm\":%s}", cli_flag(cli, "--confirm") ? "true" : "false");
    else
        buf_printf(&body, "{\"paused\":%s}", strcmp(what, "pause") == 0 ? "true" : "false");
    bool ok = send_json(call, sync ? "POST" : remove ? "DELETE" : "PATCH", buf_str(&target),
                        remove ? NULL : &body, &j, err);
    json_free(j);
    buf_release(&target);
    buf_release(&body);
    if (ok && (sync || strcmp(what, "resume") == 0))
        return wait_and_show(cli, call, id, err);
    if (ok && remove && cli->json)
        buf_printf(&cli->out, "{\"removed\":\"" STR_FMT "\"}\n", STR_ARG(id));
    else if (ok && remove)
        buf_printf(&cli->out, "not watched any more; its documents %s\n",
                   cli_flag(cli, "--documents") ? "are gone" : "stay");
    return ok && (remove || show_after(cli, call, id, err));
}

static int change_all(Cli *cli, const char *what)
{
    Err err = ERR_INIT;
    Str id;
    if (cli->n_args < 2)
        return cli_usage_error(cli, "sotto folders %s takes a folder's path or id", what);
    if (strcmp(what, "remove") == 0 && cli_flag(cli, "--documents") &&
        !filters_confirm(cli, "delete the documents of the folder?", &err))
        return cli_fail(cli, &err);
    Call *call = call_open(cli->config, CALL_WRITE | CALL_SYNC, "sotto folders", &err);
    bool ok = call != NULL;
    for (size_t i = 1; ok && i < cli->n_args; i++)
        ok = find(cli, call, cli->args[i], &id, &err) && change(cli, call, what, id, &err);
    call_close(call);
    return ok ? cli_done(cli, cli_interrupted() ? EXIT_INTERRUPTED : 0) : cli_fail(cli, &err);
}

int folders_command(Cli *cli)
{
    static const char *const changes[] = {"remove", "pause", "resume", "sync"};
    const char *what = cli->n_args ? cli->args[0] : "list";
    if (strcmp(what, "list") == 0)
        return list(cli);
    if (strcmp(what, "add") == 0)
        return add(cli);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
        if (strcmp(what, changes[i]) == 0)
            return change_all(cli, what);
    return cli_usage_error(cli, "\"%s\" is not list, add, remove, pause, resume or sync", what);
}
