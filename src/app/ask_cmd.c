/* `sotto ask` and `sotto chat`: what is said to the assistant. */
#include <stdio.h>

#include "app/commands.h"
#include "app/line.h"
#include "app/talk_out.h"
#include "base/uuid.h"

static bool session_of(Cli *cli, const char **out)
{
    Uuid id;
    *out = cli_flag(cli, "--session");
    return !*out || uuid_parse(str_of(*out), &id);
}

int ask_command(Cli *cli)
{
    Err err = ERR_INIT;
    const char *session;
    bool found = true;
    if (!session_of(cli, &session))
        return cli_usage_error(cli, "--session takes a conversation's id");
    Buf words, body;
    buf_init(&words, 1 << 20);
    buf_init(&body, 64 << 20);
    for (size_t i = 0; i < cli->n_args; i++)
        buf_printf(&words, "%s%s", i ? " " : "", cli->args[i]);
    Call *call = call_open(cli->config, CALL_TALK, "sotto ask", &err);
    bool live = cli->term.out_tty && !cli->json;
    if (live)
        cli_catch_signals();
    Json *j = !call  ? NULL
              : live ? talk_say_live(cli, call, buf_str(&words), session, &err)
                     : talk_say(call, buf_str(&words), session, &body, &err);
    if (j && cli->json)
        buf_printf(&cli->out, "%s\n", body.ptr);
    else if (j && live)
        talk_print_rest(cli, j, false);
    else if (j)
        talk_print(cli, j, false);
    (void)json_bool(json_get(j, "found"), &found);
    int status = !j && err.code == ERR_CANCELLED ? EXIT_INTERRUPTED
                 : !j ? cli_fail(cli, &err) : cli_done(cli, found ? 0 : EXIT_NOT_FOUND);
    json_free(j);
    call_close(call);
    buf_release(&words);
    buf_release(&body);
    return status;
}

/* ---- chat ------------------------------------------------------------------------------------ */

typedef struct {
    Cli *cli;
    Call *call;
    char session[UUID_TEXT];
    bool goes_on;
} Chat;

/* False when the conversation cannot go on (what is said with *err); an answer that is an error of
 * what was said is no such thing. */
static bool chat_say(Chat *c, Str text, Err *err)
{
    Buf body;
    Err why = ERR_INIT;
    buf_init(&body, 64 << 20);
    const char *session = c->goes_on ? c->session : NULL;
    bool live = c->cli->term.out_tty && !c->cli->json;
    Json *j = live ? talk_say_live(c->cli, c->call, text, session, &why)
                   : talk_say(c->call, text, session, &body, &why);
    if (!j) {
        buf_release(&body);
        if (why.code == ERR_CANCELLED && live) { /* this answer, and not the conversation */
            cli_go_on();
            cli_note(c->cli, "stopped");
            return true;
        }
        if (why.code != ERR_VALIDATION && why.code != ERR_CONFLICT && why.code != ERR_TOO_LARGE) {
            *err = why;
            return false;
        }
        cli_note(c->cli, "%s", why.msg);
        return true;
    }
    if (c->cli->json)
        buf_printf(&c->cli->out, "%s\n", body.ptr);
    else if (live)
        talk_print_rest(c->cli, j, true);
    else
        talk_print(c->cli, j, true);
    Str id = json_str(json_get(j, "session_id"));
    if (id.len == UUID_TEXT - 1) {
        memcpy(c->session, id.ptr, id.len);
        c->goes_on = true;
    }
    json_free(j);
    buf_release(&body);
    return cli_flush(c->cli, err);
}

/* *interrupted: Ctrl-C ended it. */
static bool chat_loop(Chat *c, bool *interrupted, Err *err)
{
    LineInput in;
    Buf line;
    bool ok = line_open(&in, &c->cli->term, err), more = ok;
    buf_init(&line, LINE_MAX_BYTES);
    if (ok && in.prompts)
        cli_note(c->cli, "ask, or say what is to be done; /quit ends it");
    while (ok && more) {
        LineGot got = line_read(&in, &line);
        Str text = str_trim(buf_str(&line));
        *interrupted = got == LINE_INTERRUPTED;
        if (got == LINE_END || *interrupted)
            more = false;
        else if (got == LINE_TOO_LONG)
            cli_note(c->cli, "that line is too long");
        else if (str_eq(text, STR("/quit")) || str_eq(text, STR("/exit")))
            more = false;
        else if (text.len && text.ptr[0] == '/')
            cli_note(c->cli, "there is only /quit");
        else if (text.len)
            ok = chat_say(c, text, err);
    }
    line_close(&in);
    buf_release(&line);
    return ok;
}

int chat_command(Cli *cli)
{
    Err err = ERR_INIT;
    const char *session;
    Chat c = {.cli = cli};
    if (!session_of(cli, &session))
        return cli_usage_error(cli, "--session takes a conversation's id");
    if (session) {
        (void)snprintf(c.session, sizeof c.session, "%s", session);
        c.goes_on = true;
    }
    cli_catch_signals();
    c.call = call_open(cli->config, CALL_TALK, "sotto chat", &err);
    bool interrupted = false;
    bool ok = c.call && chat_loop(&c, &interrupted, &err);
    call_close(c.call);
    if (!ok)
        return cli_fail(cli, &err);
    return cli_done(cli, interrupted ? EXIT_INTERRUPTED : 0);
}
