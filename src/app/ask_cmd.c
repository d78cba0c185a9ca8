/* `sotto ask` and `sotto chat`: what is said to the assistant. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "app/commands.h"
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
    Json *j = call ? talk_say(call, buf_str(&words), session, &body, &err) : NULL;
    if (j && cli->json)
        buf_printf(&cli->out, "%s\n", body.ptr);
    else if (j)
        talk_print(cli, j, false);
    (void)json_bool(json_get(j, "found"), &found);
    int status = !j ? cli_fail(cli, &err) : cli_done(cli, found ? 0 : EXIT_NOT_FOUND);
    json_free(j);
    call_close(call);
    buf_release(&words);
    buf_release(&body);
    return status;
}

/* ---- chat ------------------------------------------------------------------------------------ */

typedef enum { LINE_READ, LINE_END, LINE_TOO_LONG } Line;

typedef struct {
    char bytes[4096];
    size_t at, len;
    bool ended;
} Input;

/* More of standard input, or false. Waits in steps, so that Ctrl-C ends it: a signal between the
 * question and the read would be lost in a plain read. */
static bool fill(Input *in)
{
    while (!in->ended && !cli_interrupted()) {
        struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
        if (poll(&p, 1, 200) <= 0)
            continue;
        ssize_t n = read(STDIN_FILENO, in->bytes, sizeof in->bytes);
        if (n < 0 && errno == EINTR)
            continue;
        in->at = 0;
        in->len = n > 0 ? (size_t)n : 0;
        in->ended = n <= 0;
        return n > 0;
    }
    return false;
}

/* One line without its end, however the reads fall. */
static Line read_line(Input *in, Buf *line)
{
    buf_clear(line);
    for (;;) {
        if (in->at == in->len && !fill(in))
            break;
        char c = in->bytes[in->at++];
        if (c == '\n')
            return buf_ok(line) ? LINE_READ : LINE_TOO_LONG;
        buf_add_char(line, c);
    }
    if (cli_interrupted() || (line->len == 0 && buf_ok(line)))
        return LINE_END;
    return buf_ok(line) ? LINE_READ : LINE_TOO_LONG;
}

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
    Json *j = talk_say(c->call, text, c->goes_on ? c->session : NULL, &body, &why);
    if (!j) {
        buf_release(&body);
        if (why.code != ERR_VALIDATION && why.code != ERR_CONFLICT && why.code != ERR_TOO_LARGE) {
            *err = why;
            return false;
        }
        cli_note(c->cli, "%s", why.msg);
        return true;
    }
    if (c->cli->json)
        buf_printf(&c->cli->out, "%s\n", body.ptr);
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

static bool chat_loop(Chat *c, Err *err)
{
    bool person = isatty(STDIN_FILENO) && c->cli->term.out_tty;
    Buf line;
    Input in = {.len = 0};
    buf_init(&line, 64 << 10);
    bool ok = true;
    while (ok) {
        if (person) {
            printf("%s>%s ", term_paint(&c->cli->term, PAINT_BOLD),
                   term_paint(&c->cli->term, PAINT_OFF));
            (void)fflush(stdout);
        }
        Line got = read_line(&in, &line);
        Str text = str_trim(buf_str(&line));
        if (got == LINE_END || (got == LINE_READ && (str_eq(text, STR("/quit")) ||
                                                     str_eq(text, STR("/exit")))))
            break;
        if (got == LINE_TOO_LONG)
            cli_note(c->cli, "that line is too long");
        else if (text.len && text.ptr[0] == '/')
            cli_note(c->cli, "there is only /quit");
        else if (text.len)
            ok = chat_say(c, text, err);
    }
    if (person && ok && cli_interrupted())
        printf("\n");
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
    bool ok = c.call != NULL;
    if (ok && isatty(STDIN_FILENO) && cli->term.out_tty)
        cli_note(cli, "ask, or say what is to be done; /quit ends it");
    ok = ok && chat_loop(&c, &err);
    call_close(c.call);
    if (!ok)
        return cli_fail(cli, &err);
    return cli_done(cli, cli_interrupted() ? EXIT_INTERRUPTED : 0);
}
