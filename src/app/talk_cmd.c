/* `sotto conversations`, `sotto voice` and `sotto memory`: what is kept of what was said. */
#include <stdio.h>

#include "app/commands.h"
#include "app/filters.h"
#include "app/pages.h"
#include "app/talk_out.h"
#include "base/clock.h"
#include "base/uuid.h"

static const char conversations_path[] = "/api/v1/conversations";
static const char voice_path[] = "/api/v1/voice/interactions";
static const char memory_path[] = "/api/v1/memory";

/* ---- lists ----------------------------------------------------------------------------------- */

typedef struct {
    const char *key; /* of the list in a page */
    void (*line)(Cli *cli, const Json *item);
    size_t left;     /* SIZE_MAX: all */
    bool any;
} Listing;

static size_t list_page(Cli *cli, void *arg, const Json *page)
{
    Listing *l = arg;
    const Json *items = json_get(page, l->key);
    size_t n = json_count(items);
    for (size_t i = 0; i < n; i++, l->any = true) {
        if (!cli->json) {
            l->line(cli, json_at(items, i));
            continue;
        }
        buf_add_c(&cli->out, l->any ? ",\n" : "");
        json_dump(json_at(items, i), &cli->out);
    }
    if (l->left == SIZE_MAX)
        return 200;
    l->left -= n < l->left ? n : l->left;
    return l->left < 200 ? l->left : 200;
}

static bool limit_of(Cli *cli, size_t *out)
{
    uint64_t n = 50;
    const char *given = cli_flag(cli, "--limit");
    bool ok = !given || (str_to_u64(str_of(given), &n) && n >= 1 && n <= 100000);
    *out = (size_t)n;
    return ok;
}

/* Everything when l->left is SIZE_MAX, else what --limit says. */
static int list(Cli *cli, const char *path, Listing *l, const char *none)
{
    Err err = ERR_INIT;
    Buf target;
    if (l->left != SIZE_MAX && !limit_of(cli, &l->left))
        return cli_usage_error(cli, "--limit takes a number from 1 to 100000");
    buf_init(&target, 64 << 10);
    buf_add_c(&target, path);
    if (cli_flag(cli, "--find"))
        call_param(&target, "q", str_of(cli_flag(cli, "--find")));
    if (cli_flag(cli, "--history"))
        call_param(&target, "history", STR("true"));
    Call *call = call_open(cli->config, CALL_READ, "sotto", &err);
    if (cli->json)
        buf_add_c(&cli->out, "[");
    bool ok = call && cli_pages(cli, call, buf_str(&target), l->left < 200 ? l->left : 200,
                                list_page, l, &err);
    if (cli->json)
        buf_add_c(&cli->out, "]\n");
    else if (ok && !l->any)
        cli_note(cli, "%s", none);
    call_close(call);
    buf_release(&target);
    return ok ? cli_done(cli, 0) : cli_fail(cli, &err);
}

static void dim_time(Cli *cli, const Json *at)
{
    int64_t ms = 0;
    buf_add_c(&cli->out, term_paint(&cli->term, PAINT_DIM));
    if (clock_parse(json_str(at), &ms))
        term_time(&cli->out, ms);
    buf_add_c(&cli->out, term_paint(&cli->term, PAINT_OFF));
}

/* ---- deletions ------------------------------------------------------------------------------- */

/* `query` is of the list that the ids are of, `how` of the deletion. */
static int remove_all(Cli *cli, const char *path, const char *key, const char *question,
                      const char *query, const char *how)
{
    Err err = ERR_INIT;
    if (cli->n_args < 2)
        return cli_usage_error(cli, "delete takes an id, or the end of one");
    if (!filters_confirm(cli, question, &err))
        return cli_fail(cli, &err);
    Str where = arena_printf(cli->arena, "%s%s", path, query);
    Call *call = call_open(cli->config, CALL_WRITE, "sotto", &err);
    bool ok = call != NULL;
    if (!where.ptr)
        ok = err_set(&err, ERR_NO_MEMORY, "no memory for the list");
    for (size_t i = 1; ok && i < cli->n_args; i++) {
        Str id;
        Json *j = NULL;
        ok = talk_find_id(call, where.ptr, key, cli->args[i], cli->arena, &id, &err);
        Str target = ok ? arena_printf(cli->arena, "%s/" STR_FMT "%s", path, STR_ARG(id), how)
                        : (Str){NULL, 0};
        ok = ok && (target.ptr || err_set(&err, ERR_NO_MEMORY, "no memory for an id")) &&
             talk_send(call, "DELETE", target, (Str){NULL, 0}, &j, &err);
        json_free(j);
        if (ok && cli->json)
            buf_printf(&cli->out, "{\"deleted\":\"" STR_FMT "\"}\n", STR_ARG(id));
        else if (ok)
            buf_printf(&cli->out, "deleted " STR_FMT "\n", STR_ARG(id));
        if (ok && strstr(how, "undoable"))
            cli_note(cli, "sotto conversations restore " STR_FMT " brings it back within a day",
                     STR_ARG(id));
    }
    call_close(call);
    return ok ? cli_done(cli, 0) : cli_fail(cli, &err);
}

/* ---- conversations --------------------------------------------------------------------------- */

static void conversation_line(Cli *cli, const Json *s)
{
    int64_t n = 0;
    json_int(json_get(s, "message_count"), &n);
    talk_id(cli, json_str(json_get(s, "id")));
    buf_add_c(&cli->out, cli->term.out_tty ? "  " : "\t");
    dim_time(cli, json_get(s, "updated_at"));
    buf_printf(&cli->out, cli->term.out_tty ? "  %3lld  " : "\t%lld\t", (long long)n);
    term_text(&cli->out, json_str(json_get(s, "title")));
    buf_add_char(&cli->out, '\n');
}

static void message(Cli *cli, const Json *m)
{
    Buf *out = &cli->out;
    bool person = str_eq(json_str(json_get(m, "role")), STR("user"));
    buf_printf(out, "%s%s%s  ", term_paint(&cli->term, PAINT_BOLD), person ? "you" : "sotto",
               term_paint(&cli->term, PAINT_OFF));
    dim_time(cli, json_get(m, "at"));
    buf_add_char(out, '\n');
    talk_text(cli, json_str(json_get(m, "text")), 2);
    const Json *list = json_get(m, "citations");
    for (size_t i = 0; i < json_count(list) && i < 3; i++) {
        bool gone = false;
        json_bool(json_get(json_at(list, i), "gone"), &gone);
        buf_printf(out, "  %s[%zu] ", term_paint(&cli->term, PAINT_DIM), i + 1);
        term_text(out, json_str(json_get(json_at(list, i), "title")));
        buf_printf(out, "%s%s\n", gone ? " (not there any more)" : "",
                   term_paint(&cli->term, PAINT_OFF));
    }
}

static int show(Cli *cli)
{
    Err err = ERR_INIT;
    Str id;
    size_t limit;
    Buf body;
    if (cli->n_args != 2)
        return cli_usage_error(cli, "show takes a conversation's id, or the end of it");
    if (!limit_of(cli, &limit) || limit > 200)
        return cli_usage_error(cli, "--limit takes a number from 1 to 200");
    buf_init(&body, 64 << 20);
    Call *call = call_open(cli->config, CALL_READ, "sotto conversations", &err);
    bool ok = call && talk_find_id(call, conversations_path, "conversations", cli->args[1],
                                   cli->arena, &id, &err);
    Str target = ok ? arena_printf(cli->arena, "%s/" STR_FMT "?limit=%zu", conversations_path,
                                   STR_ARG(id), limit)
                    : (Str){NULL, 0};
    if (ok && !target.ptr)
        ok = err_set(&err, ERR_NO_MEMORY, "no memory for an id");
    Json *j = ok ? call_get(call, target, &body, &err) : NULL;
    const Json *messages = json_get(j, "messages");
    if (j && cli->json) {
        buf_printf(&cli->out, "%s\n", body.ptr);
    } else if (j) {
        buf_add_c(&cli->out, term_paint(&cli->term, PAINT_TITLE));
        term_text(&cli->out, json_str(json_get(j, "title")));
        buf_printf(&cli->out, "%s\n\n", term_paint(&cli->term, PAINT_OFF));
        for (size_t i = 0; i < json_count(messages); i++)
            message(cli, json_at(messages, i));
        if (json_str(json_get(j, "next_cursor")).ptr)
            cli_note(cli, "there is more before; --limit shows it");
    }
    ok = j != NULL;
    json_free(j);
    call_close(call);
    buf_release(&body);
    return ok ? cli_done(cli, 0) : cli_fail(cli, &err);
}

static int restore(Cli *cli)
{
    Err err = ERR_INIT;
    Uuid id;
    Json *j = NULL;
    if (cli->n_args != 2 || !uuid_parse(str_of(cli->args[1]), &id))
        return cli_usage_error(cli, "restore takes the whole id, as delete says it");
    Str target = arena_printf(cli->arena, "%s/%s/restore", conversations_path, cli->args[1]);
    Call *call = call_open(cli->config, CALL_WRITE, "sotto conversations", &err);
    bool ok = call && (target.ptr || err_set(&err, ERR_NO_MEMORY, "no memory for an id")) &&
              talk_send(call, "POST", target, (Str){NULL, 0}, &j, &err);
    if (ok && cli->json) {
        json_dump(j, &cli->out);
        buf_add_char(&cli->out, '\n');
    } else if (ok) {
        buf_add_c(&cli->out, "there again: ");
        term_text(&cli->out, json_str(json_get(j, "title")));
        buf_add_char(&cli->out, '\n');
    }
    json_free(j);
    call_close(call);
    return ok ? cli_done(cli, 0) : cli_fail(cli, &err);
}

int conversations_command(Cli *cli)
{
    const char *what = cli->n_args ? cli->args[0] : "list";
    if (strcmp(what, "list") == 0) {
        Listing l = {.key = "conversations", .line = conversation_line};
        return list(cli, conversations_path, &l,
                    cli_flag(cli, "--find") ? "no conversation has these words"
                                            : "no conversation yet; begin with sotto ask");
    }
    if (strcmp(what, "show") == 0)
        return show(cli);
    if (strcmp(what, "delete") == 0)
        return remove_all(cli, conversations_path, "conversations", "delete the conversation?", "",
                          cli_flag(cli, "--forever") ? "" : "?undoable=true");
    if (strcmp(what, "restore") == 0)
        return restore(cli);
    return cli_usage_error(cli, "\"%s\" is not list, show, delete or restore", what);
}

/* ---- what was said aloud --------------------------------------------------------------------- */

static void voice_line(Cli *cli, const Json *i)
{
    Str said = json_str(json_get(i, "transcript"));
    talk_id(cli, json_str(json_get(i, "id")));
    buf_add_c(&cli->out, cli->term.out_tty ? "  " : "\t");
    dim_time(cli, json_get(i, "timestamp"));
    buf_add_c(&cli->out, cli->term.out_tty ? "  " : "\t");
    term_text(&cli->out, said.len ? said : STR("(nobody spoke)"));
    buf_add_c(&cli->out, " -> ");
    term_text(&cli->out, json_str(json_get(i, "response")));
    buf_add_char(&cli->out, '\n');
}

static int voice_show(Cli *cli)
{
    Err err = ERR_INIT;
    Str id, target = {NULL, 0};
    if (cli->n_args != 2)
        return cli_usage_error(cli, "show takes an interaction's id, or the end of it");
    Call *call = call_open(cli->config, CALL_READ, "sotto voice", &err);
    if (call && talk_find_id(call, voice_path, "interactions", cli->args[1], cli->arena, &id, &err))
        target = arena_printf(cli->arena, "%s/" STR_FMT, voice_path, STR_ARG(id));
    Json *j = target.ptr ? call_get(call, target, NULL, &err) : NULL;
    if (j && cli->json) {
        json_dump(j, &cli->out);
        buf_add_char(&cli->out, '\n');
    } else if (j) {
        const Json *stages = json_get(j, "stages"), *spoken = json_get(j, "spoken");
        double hear = 0, answer = 0, first = 0, sure = 0;
        (void)json_num(json_get(stages, "hear_ms"), &hear);
        (void)json_num(json_get(stages, "answer_ms"), &answer);
        (void)json_num(json_get(stages, "first_sound_ms"), &first);
        (void)json_num(json_get(j, "confidence"), &sure);
        buf_printf(&cli->out, "%syou%s\n", term_paint(&cli->term, PAINT_BOLD),
                   term_paint(&cli->term, PAINT_OFF));
        talk_text(cli, json_str(json_get(j, "transcript")), 2);
        buf_printf(&cli->out, "%ssotto%s\n", term_paint(&cli->term, PAINT_BOLD),
                   term_paint(&cli->term, PAINT_OFF));
        talk_text(cli, json_str(json_get(j, "response")), 2);
        buf_printf(&cli->out, "\n%sconfidence %.2f; heard in %.0f ms, answered in %.0f ms",
                   term_paint(&cli->term, PAINT_DIM), sure, hear, answer);
        if (spoken) {
            buf_printf(&cli->out, ", first sound after %.0f ms, by ", first);
            term_text(&cli->out, json_str(json_get(spoken, "voice")));
        }
        buf_printf(&cli->out, "%s\n", term_paint(&cli->term, PAINT_OFF));
    }
    bool ok = j != NULL;
    json_free(j);
    call_close(call);
    return ok ? cli_done(cli, 0) : cli_fail(cli, &err);
}

static int voice_clear(Cli *cli)
{
    Err err = ERR_INIT;
    int64_t n = 0;
    Json *j = NULL;
    if (!filters_confirm(cli, "delete all that was said aloud?", &err))
        return cli_fail(cli, &err);
    Call *call = call_open(cli->config, CALL_WRITE | CALL_VOICE, "sotto voice", &err);
    bool ok = call && talk_send(call, "DELETE", str_of(voice_path), (Str){NULL, 0}, &j, &err);
    (void)json_int(json_get(j, "deleted"), &n);
    if (ok && cli->json)
        buf_printf(&cli->out, "{\"deleted\":%lld}\n", (long long)n);
    else if (ok)
        buf_printf(&cli->out, "deleted %lld\n", (long long)n);
    json_free(j);
    call_close(call);
    return ok ? cli_done(cli, 0) : cli_fail(cli, &err);
}

int voice_command(Cli *cli)
{
    const char *what = cli->n_args ? cli->args[0] : "list";
    if (strcmp(what, "list") == 0) {
        Listing l = {.key = "interactions", .line = voice_line};
        return list(cli, voice_path, &l,
                    "nothing was said aloud yet; begin with sotto ask --audio");
    }
    if (strcmp(what, "show") == 0)
        return voice_show(cli);
    if (strcmp(what, "delete") == 0 && cli_flag(cli, "--all"))
        return voice_clear(cli);
    if (strcmp(what, "delete") == 0)
        return remove_all(cli, voice_path, "interactions", "delete it?", "", "");
    return cli_usage_error(cli, "\"%s\" is not list, show or delete", what);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void fact_line(Cli *cli, const Json *f)
{
    bool holds = true;
    json_bool(json_get(f, "holds"), &holds);
    talk_id(cli, json_str(json_get(f, "id")));
    buf_add_c(&cli->out, cli->term.out_tty ? "  " : "\t");
    dim_time(cli, json_get(f, "updated_at"));
    buf_add_c(&cli->out, cli->term.out_tty ? "  " : "\t");
    term_text(&cli->out, json_str(json_get(f, "text")));
    buf_add_c(&cli->out, holds ? "\n" : "  (replaced)\n");
}

static int memory_add(Cli *cli)
{
    Err err = ERR_INIT;
    Buf body;
    JsonW w;
    Json *j = NULL;
    Buf text;
    if (cli->n_args < 2)
        return cli_usage_error(cli, "sotto memory add takes what is to be remembered");
    buf_init(&text, 64 << 10);
    for (size_t i = 1; i < cli->n_args; i++)
        buf_printf(&text, "%s%s", i > 1 ? " " : "", cli->args[i]);
    buf_init(&body, 1 << 20);
    jw_init(&w, &body);
    jw_obj(&w);
    jw_kv_str(&w, "text", buf_str(&text));
    jw_obj_end(&w);
    Call *call = call_open(cli->config, CALL_WRITE, "sotto memory", &err);
    bool ok = call && talk_send(call, "POST", str_of(memory_path), buf_str(&body), &j, &err);
    if (ok && cli->json) {
        json_dump(j, &cli->out);
        buf_add_char(&cli->out, '\n');
    } else if (ok) {
        buf_add_c(&cli->out, "remembered");
        if (json_str(json_get(j, "replaced")).ptr)
            buf_add_c(&cli->out, ", in place of the one before");
        buf_add_c(&cli->out, ": ");
        term_text(&cli->out, json_str(json_get(j, "text")));
        buf_add_char(&cli->out, '\n');
    }
    json_free(j);
    call_close(call);
    buf_release(&text);
    buf_release(&body);
    return ok ? cli_done(cli, 0) : cli_fail(cli, &err);
}

static int memory_history(Cli *cli)
{
    Err err = ERR_INIT;
    Str id;
    Buf body;
    if (cli->n_args != 2)
        return cli_usage_error(cli, "history takes a fact's id, or the end of it");
    buf_init(&body, 16 << 20);
    Call *call = call_open(cli->config, CALL_READ, "sotto memory", &err);
    bool ok = call && talk_find_id(call, "/api/v1/memory?history=true", "facts", cli->args[1],
                                   cli->arena, &id, &err);
    Str target = ok ? arena_printf(cli->arena, "%s/" STR_FMT "/history", memory_path, STR_ARG(id))
                    : (Str){NULL, 0};
    if (ok && !target.ptr)
        ok = err_set(&err, ERR_NO_MEMORY, "no memory for an id");
    Json *j = ok ? call_get(call, target, &body, &err) : NULL;
    const Json *facts = json_get(j, "facts");
    if (j && cli->json)
        buf_printf(&cli->out, "%s\n", body.ptr);
    for (size_t i = 0; j && !cli->json && i < json_count(facts); i++) {
        const Json *f = json_at(facts, i);
        Str talk = json_str(json_get(f, "conversation_id"));
        fact_line(cli, f);
        buf_printf(&cli->out, "%s    learnt from: ", term_paint(&cli->term, PAINT_DIM));
        if (talk.len)
            buf_printf(&cli->out, "conversation " STR_FMT, STR_ARG(talk));
        else
            term_text(&cli->out, json_str(json_get(f, "source")));
        buf_printf(&cli->out, "%s\n", term_paint(&cli->term, PAINT_OFF));
    }
    ok = j != NULL;
    json_free(j);
    call_close(call);
    buf_release(&body);
    return ok ? cli_done(cli, 0) : cli_fail(cli, &err);
}

static int memory_edit(Cli *cli)
{
    Err err = ERR_INIT;
    Str id;
    Buf body, text;
    JsonW w;
    Json *j = NULL;
    if (cli->n_args < 3)
        return cli_usage_error(cli, "edit takes a fact's id, or the end of it, and its new words");
    buf_init(&text, 64 << 10);
    for (size_t i = 2; i < cli->n_args; i++)
        buf_printf(&text, "%s%s", i > 2 ? " " : "", cli->args[i]);
    buf_init(&body, 1 << 20);
    jw_init(&w, &body);
    jw_obj(&w);
    jw_kv_str(&w, "text", buf_str(&text));
    jw_obj_end(&w);
    Call *call = call_open(cli->config, CALL_WRITE, "sotto memory", &err);
    bool ok = call && talk_find_id(call, memory_path, "facts", cli->args[1], cli->arena, &id, &err);
    Str target = ok ? arena_printf(cli->arena, "%s/" STR_FMT, memory_path, STR_ARG(id))
                    : (Str){NULL, 0};
    if (ok && !target.ptr)
        ok = err_set(&err, ERR_NO_MEMORY, "no memory for an id");
    ok = ok && talk_send(call, "PATCH", target, buf_str(&body), &j, &err);
    if (ok && cli->json) {
        json_dump(j, &cli->out);
        buf_add_char(&cli->out, '\n');
    } else if (ok) {
        buf_add_c(&cli->out, "changed: ");
        term_text(&cli->out, json_str(json_get(j, "text")));
        buf_add_char(&cli->out, '\n');
    }
    json_free(j);
    call_close(call);
    buf_release(&text);
    buf_release(&body);
    return ok ? cli_done(cli, 0) : cli_fail(cli, &err);
}

int memory_command(Cli *cli)
{
    const char *what = cli->n_args ? cli->args[0] : "list";
    if (strcmp(what, "list") == 0) {
        Listing l = {.key = "facts", .line = fact_line, .left = SIZE_MAX};
        return list(cli, memory_path, &l,
                    cli_flag(cli, "--find") ? "nothing with these words is remembered"
                                            : "nothing is remembered; tell it with sotto memory "
                                              "add");
    }
    if (strcmp(what, "add") == 0)
        return memory_add(cli);
    if (strcmp(what, "history") == 0)
        return memory_history(cli);
    if (strcmp(what, "edit") == 0)
        return memory_edit(cli);
    if (strcmp(what, "delete") == 0 || strcmp(what, "forget") == 0)
        return remove_all(cli, memory_path, "facts", "forget it for good?",
                          cli_flag(cli, "--history") ? "?history=true" : "",
                          cli_flag(cli, "--history") ? "?history=true" : "");
    return cli_usage_error(cli, "\"%s\" is not list, add, history, edit or forget", what);
}
