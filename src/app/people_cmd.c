/* `sotto people`, `sotto token` and `sotto audit`: who may ask, and what they did. */
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "app/call.h"
#include "app/commands.h"
#include "app/filters.h"
#include "base/clock.h"
#include "base/uuid.h"

#define PASSWORD_LINE 2048

/* ---- asking ---------------------------------------------------------------------------------- */

static Json *ask(Cli *cli, unsigned needs, const char *method, Str target, const Buf *body,
                 Err *err)
{
    CallAnswer answer;
    Json *j = NULL;
    Call *call = call_open(cli->config, needs, "sotto people", err);
    bool ok = call && (!body || buf_check(body, "the request", err)) &&
              call_send(call, 0, method, target, body ? "application/json" : NULL,
                        body ? buf_str(body) : STR(""), &answer, err);
    if (ok) {
        j = answer.body.len ? json_parse(buf_str(&answer.body), JSON_DEFAULT_DEPTH, err)
                            : json_parse(STR("{}"), 4, err);
        buf_release(&answer.body);
    }
    call_close(call);
    return j;
}

static int show_json(Cli *cli, Json *j)
{
    json_dump(j, &cli->out);
    buf_add_char(&cli->out, '\n');
    json_free(j);
    return cli_done(cli, 0);
}

static bool is(const char *word, const char *other)
{
    return str_eq(str_of(word), str_of(other));
}

static void add_when(Buf *out, const Json *time, const char *otherwise)
{
    int64_t at;
    if (clock_parse(json_str(time), &at))
        term_time(out, at);
    else
        buf_add_c(out, otherwise);
}

/* One line from standard input, not shown on a terminal. */
static bool read_secret(const char *prompt, char line[PASSWORD_LINE], Err *err)
{
    struct termios was, quiet;
    bool terminal = isatty(0) == 1 && tcgetattr(0, &was) == 0;
    if (terminal) {
        fprintf(stderr, "%s", prompt);
        quiet = was;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        (void)tcsetattr(0, TCSAFLUSH, &quiet);
    }
    bool got = fgets(line, PASSWORD_LINE, stdin) != NULL;
    if (terminal) {
        (void)tcsetattr(0, TCSAFLUSH, &was);
        fprintf(stderr, "\n");
    }
    if (!got)
        return err_set(err, ERR_VALIDATION, "no password came on standard input");
    line[strcspn(line, "\r\n")] = '\0';
    return true;
}

/* Typed twice on a terminal; once in a pipe. */
static bool new_secret(char line[PASSWORD_LINE], Err *err)
{
    char again[PASSWORD_LINE];
    if (!read_secret("new password: ", line, err))
        return false;
    if (isatty(0) != 1)
        return true;
    bool ok = read_secret("once more: ", again, err) &&
              (is(line, again) || err_set(err, ERR_VALIDATION, "the two are not the same"));
    memset(again, 0, sizeof again);
    return ok;
}

/* ---- people ---------------------------------------------------------------------------------- */

static const char people_path[] = "/api/v1/people";

static int people_list_text(Cli *cli)
{
    Err err = ERR_INIT;
    Json *j = ask(cli, CALL_READ, "GET", str_of(people_path), NULL, &err);
    if (!j)
        return cli_fail(cli, &err);
    if (cli->json)
        return show_json(cli, j);
    const Json *list = json_get(j, "people");
    for (size_t i = 0; i < json_count(list); i++) {
        const Json *p = json_at(list, i);
        bool admin = false, password = false;
        (void)json_bool(json_get(p, "admin"), &admin);
        (void)json_bool(json_get(p, "has_password"), &password);
        buf_printf(&cli->out, "%s%-20.*s%s %s%s\n", term_paint(&cli->term, PAINT_TITLE),
                   STR_ARG(json_str(json_get(p, "name"))), term_paint(&cli->term, PAINT_OFF),
                   password ? "signs in with a password" : "has no password",
                   admin ? ", looks after the others" : "");
    }
    json_free(j);
    return cli_done(cli, 0);
}

/* The id of a person by name; the first person without one. */
static bool person_id(Cli *cli, const char *name, char id[UUID_TEXT], Err *err)
{
    /* For writing: in a new data folder there is somebody from then on. */
    Json *j = ask(cli, CALL_WRITE, "GET", str_of(people_path), NULL, err);
    const Json *list = json_get(j, "people");
    bool found = false;
    for (size_t i = 0; i < json_count(list) && !found; i++) {
        const Json *p = json_at(list, i);
        found = !name || str_eq_nocase(json_str(json_get(p, "name")), str_of(name));
        if (found)
            (void)snprintf(id, UUID_TEXT, STR_FMT, STR_ARG(json_str(json_get(p, "id"))));
    }
    bool asked = j != NULL;
    json_free(j);
    return found || (asked && err_set(err, ERR_NOT_FOUND, "nobody is called %s; see sotto people",
                                      name ? name : "so"));
}

static int people_add_text(Cli *cli, const char *name)
{
    Err err = ERR_INIT;
    char line[PASSWORD_LINE] = "";
    Buf body;
    JsonW w;
    if (!cli_flag(cli, "--no-password") && !new_secret(line, &err))
        return cli_fail(cli, &err);
    buf_init(&body, 1 << 16);
    jw_init(&w, &body);
    jw_obj(&w);
    jw_kv_cstr(&w, "name", name);
    jw_kv_bool(&w, "admin", cli_flag(cli, "--admin") != NULL);
    if (!cli_flag(cli, "--no-password"))
        jw_kv_cstr(&w, "password", line);
    jw_obj_end(&w);
    memset(line, 0, sizeof line);
    Json *j = ask(cli, CALL_WRITE, "POST", str_of(people_path), &body, &err);
    buf_release(&body);
    if (!j)
        return cli_fail(cli, &err);
    if (cli->json)
        return show_json(cli, j);
    json_free(j);
    buf_printf(&cli->out, "added %s; everybody signs in now\n", name);
    return cli_done(cli, 0);
}

static int people_password_text(Cli *cli, const char *name)
{
    Err err = ERR_INIT;
    char line[PASSWORD_LINE] = "", id[UUID_TEXT];
    bool none = cli_flag(cli, "--no-password") != NULL;
    Buf target, body;
    JsonW w;
    if (!person_id(cli, name, id, &err) || (!none && !new_secret(line, &err)))
        return cli_fail(cli, &err);
    buf_init(&target, 4096);
    buf_init(&body, 1 << 16);
    buf_printf(&target, "%s/%s/password", people_path, id);
    jw_init(&w, &body);
    jw_obj(&w);
    if (none)
        jw_kv_null(&w, "password");
    else
        jw_kv_cstr(&w, "password", line);
    jw_obj_end(&w);
    memset(line, 0, sizeof line);
    Json *j = ask(cli, CALL_WRITE, "PUT", buf_str(&target), &body, &err);
    buf_release(&target);
    buf_release(&body);
    bool ok = j != NULL;
    json_free(j);
    if (!ok)
        return cli_fail(cli, &err);
    if (!cli->json)
        buf_add_c(&cli->out, none ? "the password is gone\n" : "the password is set\n");
    return cli_done(cli, 0);
}

/* Whoever asks here is the first person, who cannot be removed, only emptied. */
static bool is_oneself(Cli *cli, const char *id, bool *out, Err *err)
{
    Json *j = ask(cli, CALL_READ, "GET", STR("/api/v1/session"), NULL, err);
    *out = j && str_eq(json_str(json_get(json_get(j, "person"), "id")), str_of(id));
    bool ok = j != NULL;
    json_free(j);
    return ok;
}

static int people_empty_text(Cli *cli, const char *name)
{
    Err err = ERR_INIT;
    Buf body;
    JsonW w;
    buf_init(&body, 1 << 16);
    jw_init(&w, &body);
    jw_obj(&w);
    jw_kv_cstr(&w, "confirm", name);
    jw_obj_end(&w);
    Json *j = ask(cli, CALL_WRITE, "DELETE", STR("/api/v1/account"), &body, &err);
    buf_release(&body);
    if (!j)
        return cli_fail(cli, &err);
    json_free(j);
    if (!cli->json)
        buf_printf(&cli->out, "deleted all that %s owned; %s stays, to look after the program; "
                              "backups keep what they have\n", name, name);
    return cli_done(cli, 0);
}

static int people_remove_text(Cli *cli, const char *name)
{
    Err err = ERR_INIT;
    char id[UUID_TEXT];
    Buf target;
    const char *question =
        arena_printf(cli->arena, "delete %s with all documents, tasks and conversations?", name)
            .ptr;
    if (!cli_flag(cli, "--delete-data"))
        return cli_usage_error(cli, "say --delete-data: all that %s owns is deleted too (sotto "
                                    "export --person %s FILE keeps a copy)", name, name);
    if (!person_id(cli, name, id, &err) || !question || !filters_confirm(cli, question, &err))
        return cli_fail(cli, &err);
    bool oneself;
    if (!is_oneself(cli, id, &oneself, &err))
        return cli_fail(cli, &err);
    if (oneself)
        return people_empty_text(cli, name);
    buf_init(&target, 4096);
    buf_printf(&target, "%s/%s", people_path, id);
    call_param(&target, "confirm", str_of(name));
    Json *j = ask(cli, CALL_WRITE, "DELETE", buf_str(&target), NULL, &err);
    buf_release(&target);
    bool ok = j != NULL;
    json_free(j);
    if (ok && !cli->json)
        buf_printf(&cli->out, "removed %s and all their data; backups keep what they have\n", name);
    return ok ? cli_done(cli, 0) : cli_fail(cli, &err);
}

int people_command(Cli *cli)
{
    const char *verb = cli->n_args ? cli->args[0] : "list";
    const char *name = cli->n_args > 1 ? cli->args[1] : NULL;
    if (is(verb, "list") && !name)
        return people_list_text(cli);
    if (is(verb, "password"))
        return people_password_text(cli, name);
    if (is(verb, "add") && name)
        return people_add_text(cli, name);
    if (is(verb, "remove") && name)
        return people_remove_text(cli, name);
    return cli_usage_error(cli, "say list, add NAME, password [NAME] or remove NAME");
}

/* ---- tokens ---------------------------------------------------------------------------------- */

static const char tokens_path[] = "/api/v1/tokens";

static void token_text(Cli *cli, const Json *t)
{
    Buf *out = &cli->out;
    Str id = json_str(json_get(t, "id")), name = json_str(json_get(t, "name"));
    const Json *scopes = json_get(t, "scopes");
    buf_printf(out, "%s" STR_FMT "%s  ", term_paint(&cli->term, PAINT_DIM),
               STR_ARG(str_sub(id, id.len - 8, id.len)), term_paint(&cli->term, PAINT_OFF));
    if (!scopes)
        buf_add_c(out, "signed in: ");
    term_text(out, name.len ? name : STR("-"));
    for (size_t i = 0; i < json_count(scopes); i++)
        buf_printf(out, "%s" STR_FMT, i ? ", " : "  ", STR_ARG(json_str(json_at(scopes, i))));
    buf_add_c(out, "; made ");
    add_when(out, json_get(t, "created_at"), "-");
    buf_add_c(out, "; used ");
    add_when(out, json_get(t, "last_used_at"), "never");
    buf_add_c(out, "; ends ");
    add_when(out, json_get(t, "expires_at"), "never");
    buf_add_char(out, '\n');
}

static Json *get_tokens(Cli *cli, bool everybody, Err *err)
{
    Buf target;
    buf_init(&target, 4096);
    buf_add_c(&target, tokens_path);
    if (everybody)
        buf_add_c(&target, "?everybody=true");
    Json *j = ask(cli, CALL_READ, "GET", buf_str(&target), NULL, err);
    buf_release(&target);
    return j;
}

static int token_list_text(Cli *cli)
{
    Err err = ERR_INIT;
    Json *j = get_tokens(cli, cli_flag(cli, "--all") != NULL, &err);
    if (!j)
        return cli_fail(cli, &err);
    if (cli->json)
        return show_json(cli, j);
    const Json *list = json_get(j, "tokens");
    if (!json_count(list))
        cli_note(cli, "there are no tokens; begin with sotto token create NAME");
    for (size_t i = 0; i < json_count(list); i++)
        token_text(cli, json_at(list, i));
    json_free(j);
    return cli_done(cli, 0);
}

static int token_create_text(Cli *cli, const char *name)
{
    Err err = ERR_INIT;
    const char *scope, *days = cli_flag(cli, "--days"), *person = cli_flag(cli, "--person");
    char id[UUID_TEXT];
    double n = 0;
    Buf body;
    JsonW w;
    if (days && !str_to_double(str_of(days), &n))
        return cli_usage_error(cli, "--days needs a number");
    if (person && !person_id(cli, person, id, &err))
        return cli_fail(cli, &err);
    buf_init(&body, 1 << 16);
    jw_init(&w, &body);
    jw_obj(&w);
    jw_kv_cstr(&w, "name", name);
    jw_key(&w, "scopes");
    jw_arr(&w);
    for (size_t i = 0; (scope = cli_flag_at(cli, "--scope", i)); i++)
        jw_cstr(&w, scope);
    if (!cli_flag(cli, "--scope")) {
        jw_cstr(&w, "read");
        jw_cstr(&w, "write");
    }
    jw_arr_end(&w);
    if (days)
        jw_kv_num(&w, "expires_in_days", n);
    if (person)
        jw_kv_cstr(&w, "person", id);
    jw_obj_end(&w);
    Json *j = ask(cli, CALL_WRITE, "POST", str_of(tokens_path), &body, &err);
    buf_release(&body);
    if (!j)
        return cli_fail(cli, &err);
    if (cli->json)
        return show_json(cli, j);
    buf_printf(&cli->out, STR_FMT "\n", STR_ARG(json_str(json_get(j, "token"))));
    json_free(j);
    int status = cli_done(cli, 0);
    cli_note(cli, "keep it: it is shown this once. Send it as Authorization: Bearer TOKEN");
    return status;
}

/* A token by its id, the end of its id as the list shows it, or its name; only one may match. */
static bool find_token(const Json *list, Str typed, Str *id, Err *err)
{
    size_t n = 0;
    for (size_t i = 0; i < json_count(list); i++) {
        const Json *t = json_at(list, i);
        Str one = json_str(json_get(t, "id"));
        bool hit = (typed.len >= 4 && str_ends(one, typed)) ||
                   str_eq(json_str(json_get(t, "name")), typed);
        if (hit)
            *id = one;
        n += hit;
    }
    if (n == 1)
        return true;
    return n ? err_set(err, ERR_CONFLICT, "several tokens match; say the id that sotto token list "
                                          "shows")
             : err_set(err, ERR_NOT_FOUND, "no token matches; see sotto token list");
}

static int token_revoke_text(Cli *cli, const char *typed)
{
    Err err = ERR_INIT;
    Str id;
    Buf target;
    Json *j = get_tokens(cli, true, &err), *gone = NULL;
    buf_init(&target, 4096);
    if (j && find_token(json_get(j, "tokens"), str_of(typed), &id, &err)) {
        buf_printf(&target, "%s/" STR_FMT, tokens_path, STR_ARG(id));
        gone = ask(cli, CALL_WRITE, "DELETE", buf_str(&target), NULL, &err);
    }
    bool ok = gone != NULL;
    json_free(gone);
    json_free(j);
    buf_release(&target);
    if (ok && !cli->json)
        buf_add_c(&cli->out, "revoked\n");
    return ok ? cli_done(cli, 0) : cli_fail(cli, &err);
}

int token_command(Cli *cli)
{
    const char *verb = cli->n_args ? cli->args[0] : "list";
    const char *what = cli->n_args > 1 ? cli->args[1] : NULL;
    if (is(verb, "list") && !what)
        return token_list_text(cli);
    if (is(verb, "create") && what)
        return token_create_text(cli, what);
    if (is(verb, "revoke") && what)
        return token_revoke_text(cli, what);
    return cli_usage_error(cli, "say list, create NAME or revoke ID");
}

/* ---- audit ----------------------------------------------------------------------------------- */

static void audit_text(Cli *cli, const Json *e)
{
    Buf *out = &cli->out;
    int64_t at = 0, status = 0;
    Str who = json_str(json_get(e, "who")), via = json_str(json_get(e, "via"));
    (void)json_int(json_get(e, "status"), &status);
    if (clock_parse(json_str(json_get(e, "at")), &at))
        term_time(out, at);
    buf_printf(out, "  %s%3lld%s  ",
               term_paint(&cli->term, status >= 400 ? PAINT_BAD : PAINT_DIM), (long long)status,
               term_paint(&cli->term, PAINT_OFF));
    term_text(out, who.len ? who : STR("nobody"));
    buf_add_c(out, via.len ? " (" : "");
    term_text(out, via);
    buf_add_c(out, via.len ? ")" : "");
    buf_add_c(out, " from ");
    term_text(out, json_str(json_get(e, "address")));
    buf_add_c(out, ": ");
    term_text(out, json_str(json_get(e, "action")));
    if (!str_ends(json_str(json_get(e, "action")), json_str(json_get(e, "object")))) {
        buf_add_c(out, "  ");
        term_text(out, json_str(json_get(e, "object")));
    }
    buf_add_char(out, '\n');
}

int audit_command(Cli *cli)
{
    Err err = ERR_INIT;
    char id[UUID_TEXT];
    const char *limit = cli_flag(cli, "--limit"), *find = cli_flag(cli, "--find"),
               *person = cli_flag(cli, "--person");
    Buf target;
    if (person && !person_id(cli, person, id, &err))
        return cli_fail(cli, &err);
    buf_init(&target, 8192);
    buf_add_c(&target, "/api/v1/audit");
    call_param(&target, "limit", str_of(limit ? limit : "50"));
    if (find)
        call_param(&target, "q", str_of(find));
    if (person)
        call_param(&target, "person", str_of(id));
    Json *j = ask(cli, CALL_READ, "GET", buf_str(&target), NULL, &err);
    buf_release(&target);
    if (!j)
        return cli_fail(cli, &err);
    if (cli->json)
        return show_json(cli, j);
    const Json *list = json_get(j, "entries");
    for (size_t i = json_count(list); i-- > 0;)
        audit_text(cli, json_at(list, i)); /* the latest at the end, beside the prompt */
    json_free(j);
    return cli_done(cli, 0);
}
