/* `sotto brief`: the briefing of a day on the terminal; its history and its schedule. */
#include <time.h>

#include "app/call.h"
#include "app/commands.h"
#include "assistant/briefing.h"
#include "base/clock.h"

#define SUMMARIES_S 60 /* what they are waited for, all together */
#define DAILY "/api/v1/briefing/daily"
#define SCHEDULE "/api/v1/briefing/schedule"

/* ---- a day ----------------------------------------------------------------------------------- */

static Paint paint_of(Str priority)
{
    return str_eq(priority, STR("Critical")) ? PAINT_BAD : PAINT_TITLE;
}

static void wrapped(Cli *cli, Str text, unsigned indent, Paint paint)
{
    if (!text.len)
        return;
    buf_add_c(&cli->out, term_paint(&cli->term, paint));
    term_wrap(&cli->out, &cli->term, text, NULL, 0, indent);
    buf_add_c(&cli->out, term_paint(&cli->term, PAINT_OFF));
}

static void items(Cli *cli, const Json *list, size_t from, size_t n)
{
    for (size_t i = from; i < from + n && i < json_count(list); i++) {
        const Json *item = json_at(list, i);
        bool overdue = false;
        Str line = arena_printf(cli->arena, "%s " STR_FMT, cli->term.utf8 ? "\xE2\x80\xA2" : "-",
                                STR_ARG(json_str(json_get(item, "text"))));
        (void)json_bool(json_get(item, "overdue"), &overdue);
        wrapped(cli, line, 2, overdue ? PAINT_BAD : PAINT_BOLD);
        wrapped(cli, json_str(json_get(item, "reason")), 4, PAINT_DIM);
    }
}

static void group(Cli *cli, const Json *section, const Json *g)
{
    int64_t created = 0, changed = 0, first = 0, n = 0;
    (void)json_int(json_get(g, "new"), &created);
    (void)json_int(json_get(g, "changed"), &changed);
    (void)json_int(json_get(g, "first_item"), &first);
    (void)json_int(json_get(g, "items"), &n);
    Str line = arena_printf(cli->arena, STR_FMT ": %lld new, %lld changed",
                            STR_ARG(json_str(json_get(g, "name"))), (long long)created,
                            (long long)changed);
    buf_add_char(&cli->out, '\n');
    wrapped(cli, line, 2, PAINT_MARK);
    wrapped(cli, json_str(json_get(g, "summary")), 4, PAINT_OFF);
    items(cli, json_get(section, "items"), (size_t)first, (size_t)n);
}

static void section(Cli *cli, const Json *s)
{
    const Json *list = json_get(s, "items"), *groups = json_get(s, "groups");
    int64_t more = 0;
    buf_printf(&cli->out, "\n%s", term_paint(&cli->term, paint_of(json_str(json_get(s,
                                                                                    "priority")))));
    term_text(&cli->out, json_str(json_get(s, "title")));
    buf_printf(&cli->out, "%s\n", term_paint(&cli->term, PAINT_OFF));
    wrapped(cli, json_str(json_get(s, "lead")), 2, PAINT_DIM);
    for (size_t i = 0; i < json_count(groups); i++)
        group(cli, s, json_at(groups, i));
    if (!json_count(groups))
        items(cli, list, 0, json_count(list));
    if (json_int(json_get(s, "more"), &more) && more)
        buf_printf(&cli->out, "  and %lld more\n", (long long)more);
}

static void page(Cli *cli, const Json *j)
{
    wrapped(cli, json_str(json_get(j, "headline")), 0, PAINT_BOLD);
    const Json *sections = json_get(j, "sections");
    for (size_t i = 0; i < json_count(sections); i++)
        section(cli, json_at(sections, i));
}

/* What is made is kept as history, so it is opened for writing; where another command writes just
 * now, or the folder is another's, it is only read. Without a folder there is an empty one. */
static Call *open_briefing(Config *config, Err *err)
{
    Err why = ERR_INIT;
    Call *call = call_open(config, CALL_WRITE | CALL_SEARCH | CALL_MODEL, "sotto brief", &why);
    if (call || why.code == ERR_NO_MEMORY) {
        if (!call)
            *err = why;
        return call;
    }
    Err reading = ERR_INIT;
    call = call_open(config, CALL_READ | CALL_SEARCH, "sotto brief", &reading);
    if (!call)
        *err = reading.code == ERR_NOT_FOUND ? why : reading;
    return call;
}

/* For what is only looked at: an empty folder where there is none. */
static Call *open_read(Config *config, Err *err)
{
    Err why = ERR_INIT;
    Call *call = call_open(config, CALL_READ, "sotto brief", &why);
    if (!call && why.code == ERR_NOT_FOUND)
        return call_open(config, CALL_WRITE, "sotto brief", err);
    if (!call)
        *err = why;
    return call;
}

/* Without a server nobody writes summaries later: what today's briefing has no summary for is
 * written now, and waited for as long as a person would. */
static bool write_summaries(Cli *cli, Call *call, Str target, Err *err)
{
    struct Briefings *b = call_briefings(call);
    CallAnswer answer;
    uint64_t start = clock_mono_ns();
    size_t all = 0, left;
    Progress p;
    if (!b)
        return true;
    if (!briefings_write_begin(b, err))
        return false;
    bool ok = call_send(call, 0, "GET", target, NULL, STR(""), &answer, err);
    if (ok)
        buf_release(&answer.body);
    if (cli->term.err_tty)
        cli_catch_signals();
    progress_begin(&p, &cli->term, PROGRESS_FILES, 0);
    while (ok && (left = briefings_write_left(b)) > 0 && !cli_interrupted() &&
           clock_seconds_since(start) < SUMMARIES_S) {
        all = left > all ? left : all;
        if (!cli->quiet)
            progress_step(&p, all - left, all, STR("summaries; Ctrl-C goes on without"));
        (void)nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
    progress_end(&p);
    briefings_write_end(b);
    cli_go_on();
    return ok;
}

static int show(Cli *cli)
{
    Err err = ERR_INIT;
    Buf target, body;
    CallAnswer answer = {0};
    const char *format = cli_flag(cli, "--html") ? "html" : cli_flag(cli, "--speech") ? "speech"
                         : cli_flag(cli, "--text") ? "text" : NULL;
    buf_init(&target, 4096);
    buf_init(&body, 16 << 20);
    buf_add_c(&target, DAILY);
    if (cli_flag(cli, "--date"))
        call_param(&target, "date", str_of(cli_flag(cli, "--date")));
    if (cli_flag(cli, "--tz"))
        call_param(&target, "tz", str_of(cli_flag(cli, "--tz")));
    if (format)
        call_param(&target, "format", str_of(format));
    Call *call = open_briefing(cli->config, &err);
    bool ok = call && write_summaries(cli, call, buf_str(&target), &err);
    if (ok && format) {
        ok = call_send(call, 0, "GET", buf_str(&target), NULL, STR(""), &answer, &err);
        if (ok)
            buf_add(&cli->out, buf_str(&answer.body));
        buf_release(&answer.body);
    } else if (ok) {
        Json *j = call_get(call, buf_str(&target), &body, &err);
        ok = j != NULL;
        if (ok && cli->json)
            buf_printf(&cli->out, "%s\n", body.ptr);
        else if (ok)
            page(cli, j);
        json_free(j);
    }
    call_close(call);
    buf_release(&target);
    buf_release(&body);
    return ok ? cli_done(cli, 0) : cli_fail(cli, &err);
}

/* ---- history and schedule -------------------------------------------------------------------- */

static int history(Cli *cli)
{
    Err err = ERR_INIT;
    Buf body;
    buf_init(&body, 64 << 20);
    Call *call = open_read(cli->config, &err);
    Json *j = call ? call_get(call, STR("/api/v1/briefing/history?limit=100"), &body, &err) : NULL;
    if (j && cli->json)
        buf_printf(&cli->out, "%s\n", body.ptr);
    else if (j && !json_count(j))
        cli_note(cli, "no briefing was made yet");
    for (size_t i = 0; j && !cli->json && i < json_count(j); i++) {
        const Json *b = json_at(j, i);
        buf_printf(&cli->out, STR_FMT "\t", STR_ARG(json_str(json_get(b, "date"))));
        term_text(&cli->out, json_str(json_get(b, "headline")));
        buf_add_char(&cli->out, '\n');
    }
    bool ok = j != NULL;
    json_free(j);
    call_close(call);
    buf_release(&body);
    return ok ? cli_done(cli, 0) : cli_fail(cli, &err);
}

/* Appends what is to be changed; false: nothing is. */
static bool changes(Cli *cli, Buf *body)
{
    const char *at = cli_flag(cli, "--at"), *days = cli_flag(cli, "--days"),
               *zone = cli_flag(cli, "--tz");
    bool on = cli_flag(cli, "--on") != NULL, off = cli_flag(cli, "--off") != NULL;
    JsonW w;
    jw_init(&w, body);
    jw_obj(&w);
    if (on || off)
        jw_kv_bool(&w, "enabled", on);
    if (at)
        jw_kv_cstr(&w, "time", at);
    if (days) {
        Str rest = str_of(days), one;
        jw_key(&w, "days");
        jw_arr(&w);
        while (str_next(&rest, ',', &one))
            jw_str(&w, str_trim(one));
        jw_arr_end(&w);
    }
    if (zone)
        jw_kv_cstr(&w, "zone", zone);
    jw_obj_end(&w);
    return on || off || at || days || zone;
}

static void print_schedule(Cli *cli, const Json *j)
{
    bool enabled = false;
    const Json *days = json_get(j, "days");
    Str zone = json_str(json_get(j, "zone")), next = json_str(json_get(j, "next_at"));
    (void)json_bool(json_get(j, "enabled"), &enabled);
    buf_printf(&cli->out, "%s at " STR_FMT " on", enabled ? "sent" : "off; it would be sent",
               STR_ARG(json_str(json_get(j, "time"))));
    for (size_t i = 0; i < json_count(days); i++)
        buf_printf(&cli->out, "%s" STR_FMT, i ? "," : " ", STR_ARG(json_str(json_at(days, i))));
    buf_printf(&cli->out, "%s" STR_FMT "\n", zone.len ? " in " : "", STR_ARG(zone));
    if (next.ptr)
        buf_printf(&cli->out, "next: " STR_FMT "\n", STR_ARG(next));
}

static int schedule(Cli *cli)
{
    Err err = ERR_INIT;
    Buf body;
    CallAnswer answer = {0};
    if (cli_flag(cli, "--on") && cli_flag(cli, "--off"))
        return cli_usage_error(cli, "--on and --off are one too many");
    buf_init(&body, 64 << 10);
    bool change = changes(cli, &body);
    Call *call = change ? call_open(cli->config, CALL_WRITE, "sotto brief", &err)
                        : open_read(cli->config, &err);
    bool ok = call && call_send(call, 0, change ? "PUT" : "GET", STR(SCHEDULE),
                                change ? "application/json" : NULL,
                                change ? buf_str(&body) : STR(""), &answer, &err);
    Json *j = ok ? json_parse(buf_str(&answer.body), JSON_DEFAULT_DEPTH, &err) : NULL;
    if (j && cli->json)
        buf_printf(&cli->out, "%s\n", answer.body.ptr);
    else if (j)
        print_schedule(cli, j);
    ok = j != NULL;
    json_free(j);
    buf_release(&answer.body);
    buf_release(&body);
    call_close(call);
    return ok ? cli_done(cli, 0) : cli_fail(cli, &err);
}

int brief_command(Cli *cli)
{
    const char *what = cli->n_args ? cli->args[0] : "show";
    if (strcmp(what, "show") == 0)
        return show(cli);
    if (strcmp(what, "history") == 0)
        return history(cli);
    if (strcmp(what, "schedule") == 0)
        return schedule(cli);
    return cli_usage_error(cli, "\"%s\" is not show, history or schedule", what);
}
