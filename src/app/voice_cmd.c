/* `sotto transcribe` and `sotto say`: speech to text and text to speech. */
#include <stdio.h>

#include "app/call.h"
#include "app/commands.h"
#include "app/sound_out.h"
#include "base/os.h"
#include "base/uuid.h"


/* ---- transcribe ------------------------------------------------------------------------------ */

static void part(Buf *form, const char *boundary, const char *name, const char *value)
{
    if (value)
        buf_printf(form, "--%s\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n",
                   boundary, name, value);
}

static void file_part(Buf *form, const char *boundary, Str name, Str data)
{
    buf_printf(form, "--%s\r\nContent-Disposition: form-data; name=\"file\"; filename=\"",
               boundary);
    for (size_t i = 0; i < name.len; i++)
        (void)buf_add_char(form, name.ptr[i] == '"' ? '_' : name.ptr[i]);
    buf_add_c(form, "\"\r\nContent-Type: application/octet-stream\r\n\r\n");
    buf_add(form, data);
    buf_printf(form, "\r\n--%s--\r\n", boundary);
}

/* `streams`: the answer comes in events that say how far it is. */
static bool make_form(Cli *cli, const char *format, bool streams, char boundary[UUID_TEXT],
                      Buf *form, Err *err)
{
    Buf data;
    Uuid id;
    const char *model = cli_flag(cli, "--model"), *path = cli->args[0];
    size_t most = (size_t)config_number(cli->config, SET_MAX_UPLOAD);
    buf_init(&data, most);
    buf_init(form, most + (1 << 16));
    bool ok = uuid_v4(&id, err) && os_read_file(path, &data, err);
    if (ok) {
        uuid_format(&id, boundary);
        part(form, boundary, "model", model ? model : "whisper-1");
        part(form, boundary, "response_format", format);
        part(form, boundary, "language", cli_flag(cli, "--language"));
        part(form, boundary, "stream", streams ? "true" : NULL);
        part(form, boundary, "progress", streams ? "true" : NULL);
        if (cli_flag(cli, "--words"))
            part(form, boundary, "timestamp_granularities[]", "word");
        if (cli_flag(cli, "--words"))
            part(form, boundary, "timestamp_granularities[]", "segment");
        file_part(form, boundary, str_file_name(str_of(path)), buf_str(&data));
        ok = buf_check(form, path, err);
    }
    buf_release(&data);
    return ok;
}

typedef struct {
    Progress bar;
    Str name;
} Bar;

/* In seconds of the sound. */
static void on_progress(void *arg, size_t done, size_t all)
{
    Bar *b = arg;
    progress_step(&b->bar, done / CALL_HEARING_HZ, all / CALL_HEARING_HZ, b->name);
}

/* What a server says while it hears, and the answer at the end. */
typedef struct {
    Bar *bar;
    Buf output;
    bool done;
    Err err;
} Events;

static bool on_event(void *arg, Str event, Str data)
{
    Events *e = arg;
    Json *j = json_parse(data, JSON_DEFAULT_DEPTH, &e->err);
    Str type = json_str(json_get(j, "type"));
    double seconds, of;
    (void)event;
    if (str_eq(type, STR("transcript.progress")) && json_num(json_get(j, "seconds"), &seconds) &&
        json_num(json_get(j, "of"), &of))
        progress_step(&e->bar->bar, (uint64_t)seconds, (uint64_t)of, e->bar->name);
    if (str_eq(type, STR("transcript.text.done")))
        e->done = buf_add(&e->output, json_str(json_get(j, "output")));
    bool ok = j != NULL;
    json_free(j);
    return ok;
}

static bool still_wanted(void *arg)
{
    (void)arg;
    return !cli_interrupted();
}

static bool hear_there(Call *call, const char *type, Str form, Bar *bar, CallAnswer *a, Err *err)
{
    Events e = {.bar = bar};
    CallStream s = {.on_event = on_event, .wanted = still_wanted, .arg = &e,
                    .content_type = type};
    buf_init(&e.output, (size_t)64 << 20);
    bool ok = call_stream(call, STR("/v1/audio/transcriptions"), form, &s, err);
    if (!ok && e.err.code != ERR_NONE)
        *err = e.err;
    if (ok && !e.done)
        ok = err_set(err, ERR_UNAVAILABLE, "the answer broke off");
    if (ok)
        a->body = e.output;
    else
        buf_release(&e.output);
    return ok;
}

static void show_text(Cli *cli, Str text)
{
    Str line;
    while (str_next(&text, '\n', &line)) {
        if (cli->term.out_tty)
            term_text(&cli->out, line);
        else
            buf_add(&cli->out, line);
        if (text.ptr || line.len)
            buf_add_char(&cli->out, '\n');
    }
}

static const char *format_of(const Cli *cli)
{
    static const char *const known[][2] = {{"text", "text"}, {"srt", "srt"}, {"vtt", "vtt"},
                                           {"json", "verbose_json"}};
    const char *given = cli_flag(cli, "--format");
    bool json = cli->json || cli_flag(cli, "--words");
    for (size_t i = 0; given && i < sizeof known / sizeof *known; i++)
        if (strcmp(given, known[i][0]) == 0 && (!cli_flag(cli, "--words") || i == 3))
            return known[i][1];
    return given ? NULL : json ? "verbose_json" : "text";
}

int transcribe_command(Cli *cli)
{
    Err err = ERR_INIT;
    Buf form;
    CallAnswer a;
    char boundary[UUID_TEXT], type[80];
    const char *format = format_of(cli);
    if (!format)
        return cli_usage_error(cli, "--format takes text, srt, vtt or json; --words json only");
    Call *call = call_open(cli->config, CALL_VOICE, "sotto transcribe", &err);
    bool there = call && call_server(call);
    if (!call || !make_form(cli, format, there, boundary, &form, &err)) {
        if (call)
            buf_release(&form);
        call_close(call);
        return cli_fail(cli, &err);
    }
    (void)snprintf(type, sizeof type, "multipart/form-data; boundary=%s", boundary);
    Bar bar = {.name = str_file_name(str_of(cli->args[0]))};
    progress_begin(&bar.bar, &cli->term, PROGRESS_FILES, 0);
    if (there)
        cli_catch_signals();
    if (!cli->quiet)
        call_on_hearing(call, on_progress, &bar);
    bool ok = there ? hear_there(call, type, buf_str(&form), &bar, &a, &err)
                    : call_send(call, 0, "POST", STR("/v1/audio/transcriptions"), type,
                                buf_str(&form), &a, &err);
    progress_end(&bar.bar);
    if (ok) {
        show_text(cli, buf_str(&a.body));
        buf_release(&a.body);
    }
    call_close(call);
    buf_release(&form);
    return ok ? cli_done(cli, 0) : cli_fail(cli, &err);
}

/* ---- say ------------------------------------------------------------------------------------- */

static int list_voices(Cli *cli, Call *call)
{
    Err err = ERR_INIT;
    Buf body;
    buf_init(&body, 1 << 20);
    Str where = cli_flag(cli, "--remote") ? STR("/api/v1/voice/voices?remote=true")
                                          : STR("/api/v1/voice/voices");
    Json *j = call_get(call, where, &body, &err);
    if (j && cli->json)
        buf_printf(&cli->out, "%s\n", body.ptr);
    for (size_t i = 0; j && !cli->json && i < json_count(j); i++) {
        const Json *v = json_at(j, i);
        term_cell(&cli->out, &cli->term, json_str(json_get(v, "id")), 26);
        term_cell(&cli->out, &cli->term, json_str(json_get(v, "language")), 8);
        term_cell(&cli->out, &cli->term, json_str(json_get(v, "backend")), 8);
        term_text(&cli->out, json_str(json_get(v, "name")));
        buf_add_char(&cli->out, '\n');
    }
    json_free(j);
    buf_release(&body);
    return j ? cli_done(cli, 0) : cli_fail(cli, &err);
}

static bool make_body(Cli *cli, const char *format, Buf *body, Err *err)
{
    const char *voice = cli_flag(cli, "--voice"), *speed = cli_flag(cli, "--speed");
    double number = 1;
    Buf text;
    JsonW w;
    if (speed && !str_to_double(str_of(speed), &number))
        return err_set(err, ERR_VALIDATION, "--speed takes a number, 0.25 to 4");
    buf_init(&text, 1 << 20);
    for (size_t i = 0; i < cli->n_args; i++)
        buf_printf(&text, "%s%s", i ? " " : "", cli->args[i]);
    jw_init(&w, body);
    jw_obj(&w);
    jw_kv_str(&w, "text", buf_str(&text));
    jw_kv_cstr(&w, "format", format);
    jw_kv_num(&w, "speed", number);
    if (voice)
        jw_kv_cstr(&w, "voice", voice);
    jw_obj_end(&w);
    bool ok = buf_check(&text, "the text", err) && buf_check(body, "the text", err);
    buf_release(&text);
    return ok;
}

int say_command(Cli *cli)
{
    Err err = ERR_INIT;
    Buf body;
    CallAnswer a;
    const char *output = cli_flag(cli, "--output"), *format = sound_out_format(cli, output);
    bool list = cli_flag(cli, "--list") || cli_flag(cli, "--remote");
    if (!list && !cli->n_args)
        return cli_usage_error(cli, "say what? usage: sotto say TEXT...");
    if (!format || (!output && strcmp(format, "wav") != 0))
        return cli_usage_error(cli, format ? "--format is for a file: add -o FILE"
                                           : "a format is wav, mp3, opus, aac, flac or pcm");
    cli_catch_signals();
    Call *call = call_open(cli->config, CALL_VOICE, "sotto say", &err);
    if (!call)
        return cli_fail(cli, &err);
    if (list) {
        int status = list_voices(cli, call);
        call_close(call);
        return status;
    }
    buf_init(&body, 1 << 20);
    bool ok = make_body(cli, format, &body, &err) &&
              call_send(call, 0, "POST", STR("/api/v1/voice/synthesize"), "application/json",
                        buf_str(&body), &a, &err);
    if (ok) {
        ok = sound_out_put(cli, output, buf_str(&a.body), &err);
        buf_release(&a.body);
    }
    call_close(call);
    buf_release(&body);
    return ok ? cli_done(cli, 0) : cli_fail(cli, &err);
}
