/* `sotto task proposals|take|dismiss`: tasks that documents ask for. */
#include "app/call.h"
#include "app/task_ref.h"
#include "app/task_proposals.h"
#include "base/clock.h"

#define PATH "/api/v1/tasks/proposals"

static void proposal_line(Cli *cli, const Json *p)
{
    Buf *out = &cli->out;
    Str id = json_str(json_get(p, "id")), due = json_str(json_get(p, "due_at"));
    bool timed = false;
    (void)json_bool(json_get(p, "due_timed"), &timed);
    if (!cli->term.out_tty) {
        buf_printf(out, STR_FMT "\t" STR_FMT "\t" STR_FMT "\t", STR_ARG(id), STR_ARG(due),
                   STR_ARG(json_str(json_get(p, "kind"))));
        term_text(out, json_str(json_get(p, "title")));
        buf_add_c(out, "\t");
        term_text(out, json_str(json_get(p, "source")));
        buf_add_char(out, '\n');
        return;
    }
    buf_add_c(out, term_paint(&cli->term, PAINT_DIM));
    buf_add(out, id.len > TASK_SHORT_ID ? str_sub(id, id.len - TASK_SHORT_ID, id.len) : id);
    buf_printf(out, "%s  " STR_FMT " %-11.*s ", term_paint(&cli->term, PAINT_OFF),
               STR_ARG(str_sub(due, 0, 10)), STR_ARG(json_str(json_get(p, "kind"))));
    buf_add_c(out, term_paint(&cli->term, PAINT_TITLE));
    term_text(out, json_str(json_get(p, "title")));
    buf_printf(out, "%s\n        in ", term_paint(&cli->term, PAINT_OFF));
    term_text(out, json_str(json_get(p, "document_title")));
    buf_add_char(out, '\n');
}

static Json *fetch(Call *call, Buf *body, Err *err)
{
    return call_get(call, STR(PATH "?limit=200"), body, err);
}

static int list(Cli *cli)
{
    Err err = ERR_INIT;
    Buf body;
    buf_init(&body, 16 << 20);
    Call *call = call_open(cli->config, CALL_READ, "sotto task proposals", &err);
    Json *j = call ? fetch(call, &body, &err) : NULL;
    const Json *found = json_get(j, "proposals");
    if (j && cli->json)
        buf_printf(&cli->out, "%s\n", body.ptr);
    else if (j && !json_count(found))
        cli_note(cli, "no document asks for anything from now on");
    for (size_t i = 0; !cli->json && i < json_count(found); i++)
        proposal_line(cli, json_at(found, i));
    if (j && !cli->json && json_count(found))
        cli_note(cli, "sotto task take ID makes one a task; dismiss ID puts it away");
    bool ok = j != NULL;
    json_free(j);
    call_close(call);
    buf_release(&body);
    return ok ? cli_done(cli, 0) : cli_fail(cli, &err);
}

/* The whole id of a proposal whose id ends so. */
static bool find(Call *call, Str typed, Arena *a, Str *id, Err *err)
{
    Buf body;
    size_t hits = 0;
    buf_init(&body, 16 << 20);
    Json *j = fetch(call, &body, err);
    const Json *found = json_get(j, "proposals");
    for (size_t i = 0; i < json_count(found); i++) {
        Str whole = json_str(json_get(json_at(found, i), "id"));
        if (typed.len < 4 || !str_ends_nocase(whole, typed))
            continue;
        hits++;
        *id = arena_str(a, whole);
    }
    bool read = j != NULL;
    json_free(j);
    buf_release(&body);
    if (!read)
        return false;
    if (hits == 1)
        return true;
    return hits ? err_set(err, ERR_CONFLICT, "several proposals end in " STR_FMT, STR_ARG(typed))
                : err_set(err, ERR_NOT_FOUND, "there is no proposal " STR_FMT, STR_ARG(typed));
}

static bool decide(Cli *cli, Call *call, const char *verb, Str typed, Err *err)
{
    Str id;
    CallAnswer answer;
    if (!find(call, typed, cli->arena, &id, err))
        return false;
    Str target = arena_printf(cli->arena, PATH "/" STR_FMT "/%s", STR_ARG(id), verb);
    if (!target.ptr)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    if (!call_send(call, 0, "POST", target, NULL, STR(""), &answer, err))
        return false;
    Json *j = answer.body.len ? json_parse(buf_str(&answer.body), JSON_DEFAULT_DEPTH, err) : NULL;
    if (cli->json && j) {
        buf_printf(&cli->out, "%s\n", answer.body.ptr);
    } else if (j) {
        buf_add_c(&cli->out, "added: ");
        term_text(&cli->out, json_str(json_get(j, "title")));
        buf_add_c(&cli->out, ", ");
        term_text(&cli->out, json_str(json_get(j, "when")));
        buf_add_char(&cli->out, '\n');
    } else if (!cli->json) {
        cli_note(cli, "dismissed; it is not proposed again");
    }
    bool ok = j || answer.body.len == 0;
    json_free(j);
    buf_release(&answer.body);
    return ok;
}

int task_proposals(Cli *cli)
{
    const char *verb = cli->args[0];
    Err err = ERR_INIT;
    if (strcmp(verb, "proposals") == 0)
        return list(cli);
    if (cli->n_args < 2)
        return cli_usage_error(cli, "sotto task %s takes the ID of a proposal", verb);
    Call *call = call_open(cli->config, CALL_WRITE, "sotto task", &err);
    bool ok = call != NULL;
    for (size_t i = 1; ok && i < cli->n_args; i++)
        ok = decide(cli, call, verb, str_of(cli->args[i]), &err);
    call_close(call);
    return ok ? cli_done(cli, 0) : cli_fail(cli, &err);
}
