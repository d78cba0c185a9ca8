/* `sotto list`, `show` and `delete`. */
#include <stdio.h>

#include "app/call.h"
#include "app/commands.h"
#include "app/facts.h"
#include "app/filters.h"
#include "app/pages.h"
#include "base/clock.h"

static const char documents_path[] = "/api/v1/knowledge/documents";

/* ---- list --------------------------------------------------------------------------------------
 */

#define LIST_PAGE 200

typedef struct {
    size_t left; /* documents still wanted */
    bool any;    /* one was printed */
} Listing;

static void list_line(Cli *cli, const Json *d)
{
    Buf title, *out = &cli->out;
    buf_init(&title, 64 << 10);
    int64_t ms = 0;
    buf_add(out, json_str(json_get(d, "id")));
    buf_add_c(out, "  ");
    if (clock_parse(json_str(json_get(d, "updated_at")), &ms)) {
        Buf when;
        buf_init(&when, 64);
        term_time(&when, ms);
        buf_add(out, str_sub(buf_str(&when), 0, 10));
        buf_release(&when);
    }
    buf_add_c(out, "  ");
    term_text(&title, json_str(json_get(d, "title")));
    if (cli->term.out_tty && cli->term.width > 60)
        term_cell(out, &cli->term, buf_str(&title), cli->term.width - 50);
    else
        buf_add(out, buf_str(&title));
    buf_add_char(out, '\n');
    buf_release(&title);
}

static size_t list_page(Cli *cli, void *arg, const Json *page)
{
    Listing *l = arg;
    const Json *docs = json_get(page, "documents");
    size_t n = json_count(docs);
    for (size_t i = 0; i < n; i++, l->any = true) {
        if (!cli->json) {
            list_line(cli, json_at(docs, i));
            continue;
        }
        buf_add_c(&cli->out, l->any ? ",\n" : "");
        json_dump(json_at(docs, i), &cli->out);
    }
    l->left -= n < l->left ? n : l->left;
    return l->left < LIST_PAGE ? l->left : LIST_PAGE;
}

static const char *sort_name(const char *flag)
{
    static const char *const names[][2] = {
        {"updated_desc", "-updated_at"}, {"updated_asc", "updated_at"},
        {"created_desc", "-created_at"}, {"created_asc", "created_at"},
        {"title_asc", "title"},          {"importance_desc", "-importance_score"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(flag, names[i][0]) == 0)
            return names[i][1];
    return flag; /* the interface's own names are fine, and it says what is wrong with others */
}

static bool list_limit(Cli *cli, Listing *l, int *status)
{
    uint64_t limit = 50;
    const char *text = cli_flag(cli, "--limit");
    if (text && (!str_to_u64(str_of(text), &limit) || limit == 0)) {
        *status = cli_usage_error(cli, "--limit \"%s\" is no whole number above 0", text);
        return false;
    }
    l->left = cli_flag(cli, "--all") ? SIZE_MAX : (size_t)limit;
    return true;
}

int list_command(Cli *cli)
{
    Err err = ERR_INIT;
    int status = 0;
    Listing l = {0};
    if (!list_limit(cli, &l, &status))
        return status;
    Buf target;
    buf_init(&target, 4 << 20);
    buf_printf(&target, "%s?content=none", documents_path);
    if (cli_flag(cli, "--sort"))
        call_param(&target, "sort", str_of(sort_name(cli_flag(cli, "--sort"))));
    filters_add(cli, &target);
    Call *call = call_open(cli->config, CALL_READ, "sotto list", &err);
    if (cli->json && call)
        buf_add_c(&cli->out, "{\"documents\":[");
    size_t first = l.left < LIST_PAGE ? l.left : LIST_PAGE;
    bool ok = call && cli_pages(cli, call, buf_str(&target), first, list_page, &l, &err);
    if (ok && cli->json)
        buf_add_c(&cli->out, "]}\n");
    else if (ok && !l.any)
        cli_note(cli, "no document matches");
    call_close(call);
    buf_release(&target);
    return ok ? cli_done(cli, 0) : cli_fail(cli, &err);
}

/* ---- show --------------------------------------------------------------------------------------
 */

static void show_facts(Cli *cli, const Json *d)
{
    const Json *meta = json_get(d, "metadata"), *tags = json_get(meta, "tags");
    Buf b;
    int64_t n = 0, bytes = 0;
    buf_init(&b, 64 << 10);
    facts_line(cli, "id", json_str(json_get(d, "id")));
    facts_line(cli, "source", json_str(json_get(meta, "source")));
    json_int(json_get(d, "bytes"), &bytes);
    buf_add(&b, json_str(json_get(meta, "file_type")));
    buf_add_c(&b, ", ");
    term_bytes(&b, (uint64_t)bytes);
    if (json_int(json_get(d, "pages"), &n)) {
        buf_add_c(&b, ", ");
        term_count(&b, (uint64_t)n, "page", "pages");
    }
    if (json_int(json_get(d, "chunks"), &n)) {
        buf_add_c(&b, ", ");
        term_count(&b, (uint64_t)n, "passage", "passages");
    }
    facts_line(cli, "type", buf_str(&b));
    buf_clear(&b);
    for (size_t i = 0; i < json_count(tags); i++) {
        buf_add_c(&b, i ? ", " : "");
        buf_add(&b, json_str(json_at(tags, i)));
    }
    facts_line(cli, "tags", buf_str(&b));
    facts_line(cli, "created", json_str(json_get(d, "created_at")));
    facts_line(cli, "updated", json_str(json_get(d, "updated_at")));
    facts_line(cli, "summary", json_str(json_get(meta, "summary")));
    buf_release(&b);
    facts_show(cli, d);
}

/* Text of a document keeps its line breaks and nothing else that is a control character. */
static void show_text(Cli *cli, Str text)
{
    Str line;
    while (str_next(&text, '\n', &line)) {
        Buf *out = &cli->out;
        if (!cli->term.out_tty) {
            buf_add(out, line);
        } else {
            size_t spaces = 0;
            while (spaces < line.len && line.ptr[spaces] == ' ')
                spaces++;
            buf_add(out, str_sub(line, 0, spaces));
            term_text(out, str_sub(line, spaces, line.len));
        }
        buf_add_char(out, '\n');
    }
}

static bool show_one(Cli *cli, Call *call, Str id, Err *err)
{
    Buf target, body;
    buf_init(&target, 4096);
    buf_init(&body, (size_t)256 << 20);
    bool original = cli_flag(cli, "--original") != NULL;
    buf_printf(&target, "%s/" STR_FMT "%s", documents_path, STR_ARG(id),
               original ? "/original" : "");
    bool ok;
    if (original) {
        CallAnswer a;
        ok = call_send(call, 0, "GET", buf_str(&target), NULL, STR(""), &a, err);
        if (ok) {
            buf_add(&cli->out, buf_str(&a.body));
            buf_release(&a.body);
        }
    } else {
        Json *j = call_get(call, buf_str(&target), &body, err);
        ok = j != NULL;
        if (ok && cli->json) {
            buf_printf(&cli->out, "%s\n", body.ptr);
        } else if (ok) {
            buf_add_c(&cli->out, term_paint(&cli->term, PAINT_TITLE));
            term_text(&cli->out, json_str(json_get(j, "title")));
            buf_printf(&cli->out, "%s\n", term_paint(&cli->term, PAINT_OFF));
            show_facts(cli, j);
            buf_add_char(&cli->out, '\n');
            show_text(cli, json_str(json_get(j, "content")));
        }
        json_free(j);
    }
    buf_release(&target);
    buf_release(&body);
    return ok;
}

int show_command(Cli *cli)
{
    Err err = ERR_INIT;
    Str id;
    Call *call = call_open(cli->config, CALL_READ, "sotto show", &err);
    bool ok = call && filters_find_id(call, cli->args[0], cli->arena, &id, &err) &&
              show_one(cli, call, id, &err);
    call_close(call);
    return ok ? cli_done(cli, 0) : cli_fail(cli, &err);
}

/* ---- delete ------------------------------------------------------------------------------------
 */

static bool delete_one(Cli *cli, Call *call, const char *typed, Err *err)
{
    Str id = {0};
    if (!filters_find_id(call, typed, cli->arena, &id, err))
        return false;
    Buf target;
    buf_init(&target, 4096);
    buf_printf(&target, "%s/" STR_FMT, documents_path, STR_ARG(id));
    CallAnswer a;
    bool ok = call_send(call, 0, "DELETE", buf_str(&target), NULL, STR(""), &a, err);
    if (ok)
        buf_release(&a.body);
    buf_release(&target);
    if (ok && cli->json)
        buf_printf(&cli->out, "{\"deleted\":\"" STR_FMT "\"}\n", STR_ARG(id));
    else if (ok)
        buf_printf(&cli->out, "deleted " STR_FMT "\n", STR_ARG(id));
    return ok;
}

int delete_command(Cli *cli)
{
    Err err = ERR_INIT;
    char question[80];
    snprintf(question, sizeof question, "delete %zu document%s?", cli->n_args,
             cli->n_args == 1 ? "" : "s");
    if (!filters_confirm(cli, question, &err))
        return cli_fail(cli, &err);
    Call *call = call_open(cli->config, CALL_WRITE, "sotto delete", &err);
    bool ok = call != NULL;
    for (size_t i = 0; ok && i < cli->n_args; i++)
        ok = delete_one(cli, call, cli->args[i], &err);
    call_close(call);
    if (ok)
        return cli_done(cli, 0);
    cli_flush(cli, NULL); /* what was deleted before the failure */
    return cli_fail(cli, &err);
}
