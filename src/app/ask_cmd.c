/* `sotto ask` and `sotto chat`: what is said to the assistant. */
#include <stdio.h>

#include "app/commands.h"
#include "app/line.h"
#include "app/sound_out.h"
#include "app/talk_out.h"
#include "base/os.h"
#include "base/uuid.h"

static bool session_of(Cli *cli, const char **out)
{
    Uuid id;
    *out = cli_flag(cli, "--session");
    return !*out || uuid_parse(str_of(*out), &id);
}

/* ---- aloud ----------------------------------------------------------------------------------- */

/* POST /api/v1/voice/process of the file; the answer's tree, or NULL. */
static Json *process(Cli *cli, Call *call, const char *path, bool speak, const char *format,
                     Err *err)
{
    Buf sound, target;
    CallAnswer a;
    Json *j = NULL;
    const char *session = cli_flag(cli, "--session"), *voice = cli_flag(cli, "--voice");
    buf_init(&sound, (size_t)config_number(cli->config, SET_MAX_UPLOAD));
    buf_init(&target, 1 << 16);
    buf_add_c(&target, "/api/v1/voice/process");
    call_param(&target, "speak", speak ? STR("true") : STR("false"));
    call_param(&target, "format", str_of(format));
    if (session)
        call_param(&target, "session_id", str_of(session));
    if (voice)
        call_param(&target, "voice", str_of(voice));
    if (os_read_file(path, &sound, err) &&
        call_send(call, 0, "POST", buf_str(&target), "audio/*", buf_str(&sound), &a, err)) {
        j = json_parse(buf_str(&a.body), JSON_DEFAULT_DEPTH, err);
        buf_release(&a.body);
    }
    buf_release(&sound);
    buf_release(&target);
    return j;
}

static void print_heard(Cli *cli, const Json *j)
{
    Str said = json_str(json_get(j, "transcript"));
    buf_printf(&cli->out, "%sheard:%s ", term_paint(&cli->term, PAINT_DIM),
               term_paint(&cli->term, PAINT_OFF));
    term_text(&cli->out, said.len ? said : STR("(nobody speaks)"));
    buf_add_c(&cli->out, "\n\n");
    talk_print(cli, j, false);
}

/* What is printed as JSON needs no sound in it when that goes to a file. */
static void print_json(Cli *cli, const Json *j, bool sound_went)
{
    void *iter = NULL;
    const Json *value;
    Str key;
    JsonW w;
    jw_init(&w, &cli->out);
    jw_obj(&w);
    while (json_each(j, &iter, &key, &value)) {
        if (sound_went && (str_eq(key, STR("audio_base64")) || str_eq(key, STR("content_type"))))
            continue;
        jw_key_str(&w, key);
        jw_tree(&w, value);
    }
    jw_obj_end(&w);
    buf_add_char(&cli->out, '\n');
}

static int ask_aloud(Cli *cli, const char *path)
{
    Err err = ERR_INIT;
    Buf sound;
    const char *output = cli_flag(cli, "--output"), *format = sound_out_format(cli, output);
    bool plays = cli_flag(cli, "--aloud") != NULL, found = true;
    if (cli->n_args)
        return cli_usage_error(cli, "either words or --audio FILE");
    if (!format || (plays && (output || strcmp(format, "wav") != 0)))
        return cli_usage_error(cli, format ? "--aloud plays a WAV; -o writes a file"
                                           : "a format is wav, mp3, opus, aac, flac or pcm");
    buf_init(&sound, (size_t)256 << 20);
    Call *call = call_open(cli->config, CALL_TALK | CALL_VOICE, "sotto ask", &err);
    Json *j = call ? process(cli, call, path, output || plays, format, &err) : NULL;
    Str text = json_str(json_get(j, "audio_base64"));
    bool ok = j && (!text.ptr || sound_out_base64(text, &sound, &err));
    bool to_stdout = output && strcmp(output, "-") == 0;
    if (ok && !to_stdout && cli->json)
        print_json(cli, j, text.ptr != NULL);
    else if (ok && !to_stdout)
        print_heard(cli, j);
    if (ok && text.ptr)
        ok = sound_out_put(cli, output, buf_str(&sound), &err);
    (void)json_bool(json_get(j, "found"), &found);
    int status = ok ? cli_done(cli, found ? 0 : EXIT_NOT_FOUND) : cli_fail(cli, &err);
    json_free(j);
    call_close(call);
    buf_release(&sound);
    return status;
}

int ask_command(Cli *cli)
{
    Err err = ERR_INIT;
    const char *session;
    bool found = true;
    if (!session_of(cli, &session))
        return cli_usage_error(cli, "--session takes a conversation's id");
    if (cli_flag(cli, "--audio"))
        return ask_aloud(cli, cli_flag(cli, "--audio"));
    if (cli_flag(cli, "--output") || cli_flag(cli, "--aloud") || cli_flag(cli, "--voice"))
        return cli_usage_error(cli, "--output, --aloud and --voice are for --audio");
    if (!cli->n_args)
        return cli_usage_error(cli, "ask what? usage: sotto ask SENTENCE...");
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
            break;
        if (got == LINE_TOO_LONG)
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
