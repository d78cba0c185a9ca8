/* `sotto ledger`: every file ever offered, the share covered, and another try. */
#include <stdio.h>

#include "app/call.h"
#include "app/commands.h"
#include "app/pages.h"
#include "app/sync_wait.h"

#define LEDGER_PAGE 1000

typedef struct {
    bool any, all;
    size_t limit;
} Listing;

static const char *paint_of(const Cli *cli, Str state)
{
    bool bad = str_eq(state, STR("refused")) || str_eq(state, STR("failed"));
    return term_paint(&cli->term, bad                             ? PAINT_BAD
                                  : str_eq(state, STR("indexed")) ? PAINT_GOOD
                                                                  : PAINT_DIM);
}

static void entry_line(Cli *cli, const Json *e)
{
    Buf *out = &cli->out, size;
    Str state = json_str(json_get(e, "state")), reason = json_str(json_get(e, "reason"));
    Str when = json_str(json_get(e, "last_at"));
    int64_t bytes = 0, chunks = 0;
    json_int(json_get(e, "bytes"), &bytes);
    json_int(json_get(e, "chunks"), &chunks);
    buf_init(&size, 64);
    term_bytes(&size, bytes > 0 ? (uint64_t)bytes : 0);
    buf_printf(out, "%s%-10.*s%s", paint_of(cli, state), STR_ARG(state),
               term_paint(&cli->term, PAINT_OFF));
    buf_printf(out, "%.*s %10.*s %5lld  ", (int)(when.len < 10 ? when.len : 10), when.ptr,
               STR_ARG(buf_str(&size)), (long long)chunks);
    buf_release(&size);
    term_text(out, json_str(json_get(e, "source")));
    buf_add_char(out, '\n');
    if (reason.len)
        term_wrap(out, &cli->term, reason, NULL, 0, 10);
}

/* The last page's totals are of all entries. */
static void totals(Cli *cli, const Listing *l, const Json *page)
{
    static const char *const states[] = {"indexed", "duplicate", "refused",
                                         "failed",  "pending",   "deleted"};
    Buf *out = &cli->out;
    double covered = 1;
    int64_t total = 0;
    json_num(json_get(page, "covered"), &covered);
    json_int(json_get(page, "total"), &total);
    if (cli->json) {
        buf_add_c(out, "],\"counts\":");
        json_dump(json_get(page, "counts"), out);
        buf_printf(out, ",\"total\":%lld,\"covered\":%.6g}\n", (long long)total, covered);
        return;
    }
    buf_add_c(out, l->any ? "\n" : "");
    term_count(out, (uint64_t)total, "file", "files");
    buf_printf(out, " offered, %.1f %% covered", covered * 100);
    const char *before = ": ";
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        int64_t n = 0;
        if (!json_int(json_get(json_get(page, "counts"), states[i]), &n) || n == 0)
            continue;
        buf_printf(out, "%s%lld %s", before, (long long)n, states[i]);
        before = ", ";
    }
    buf_add_char(out, '\n');
}

static size_t ledger_page(Cli *cli, void *arg, const Json *page)
{
    Listing *l = arg;
    const Json *entries = json_get(page, "entries");
    for (size_t i = 0; i < json_count(entries); i++, l->any = true) {
        const Json *e = json_at(entries, i);
        if (!cli->json) {
            if (!l->any)
                buf_printf(&cli->out, "%s%-10s%-10s %10s %5s  %s%s\n",
                           term_paint(&cli->term, PAINT_DIM), "state", "last", "size", "parts",
                           "file", term_paint(&cli->term, PAINT_OFF));
            entry_line(cli, e);
            continue;
        }
        buf_add_c(&cli->out, l->any ? ",\n" : "");
        json_dump(e, &cli->out);
    }
    if (json_str(json_get(page, "next_cursor")).len)
        return LEDGER_PAGE;
    totals(cli, l, page);
    return 0;
}

static int list(Cli *cli)
{
    Err err = ERR_INIT;
    Listing l = {0};
    Buf target;
    buf_init(&target, 64 << 10);
    buf_add_c(&target, "/api/v1/knowledge/ledger");
    if (cli_flag(cli, "--state"))
        call_param(&target, "state", str_of(cli_flag(cli, "--state")));
    if (cli_flag(cli, "--under"))
        call_param(&target, "under", str_of(cli_flag(cli, "--under")));
    if (cli_flag(cli, "--find"))
        call_param(&target, "q", str_of(cli_flag(cli, "--find")));
    Call *call = call_open(cli->config, CALL_READ, "sotto ledger", &err);
    if (cli->json && call)
        buf_add_c(&cli->out, "{\"entries\":[");
    bool ok =
        call && cli_pages(cli, call, buf_str(&target), LEDGER_PAGE, ledger_page, &l, &err);
    call_close(call);
    buf_release(&target);
    return ok ? cli_done(cli, 0) : cli_fail(cli, &err);
}

/* ---- coverage -------------------------------------------------------------------------------- */

static void cover_line(Cli *cli, const Json *g, Str name)
{
    double covered = 1;
    int64_t total = 0, bytes = 0, bad = 0, n;
    const Json *counts = json_get(g, "counts");
    json_num(json_get(g, "covered"), &covered);
    json_int(json_get(g, "total"), &total);
    json_int(json_get(g, "bytes"), &bytes);
    if (json_int(json_get(counts, "refused"), &n))
        bad += n;
    if (json_int(json_get(counts, "failed"), &n))
        bad += n;
    Buf size;
    buf_init(&size, 64);
    term_bytes(&size, bytes > 0 ? (uint64_t)bytes : 0);
    buf_printf(&cli->out, "%6.1f %%  %7lld  %7lld  %10.*s  ", covered * 100, (long long)total,
               (long long)bad, STR_ARG(buf_str(&size)));
    term_text(&cli->out, name);
    buf_add_char(&cli->out, '\n');
    buf_release(&size);
}

static void cover_table(Cli *cli, const Json *groups, const char *name)
{
    buf_printf(&cli->out, "%s%8s  %7s  %7s  %10s  %s%s\n", term_paint(&cli->term, PAINT_DIM),
               "covered", "files", "not", "size", name, term_paint(&cli->term, PAINT_OFF));
    for (size_t i = 0; i < json_count(groups); i++)
        cover_line(cli, json_at(groups, i), json_str(json_get(json_at(groups, i), name)));
}

static int coverage(Cli *cli)
{
    Err err = ERR_INIT;
    Buf target, body;
    buf_init(&target, 64 << 10);
    buf_init(&body, 64 << 20);
    buf_add_c(&target, "/api/v1/knowledge/ledger/coverage");
    if (cli_flag(cli, "--under"))
        call_param(&target, "under", str_of(cli_flag(cli, "--under")));
    Call *call = call_open(cli->config, CALL_READ, "sotto ledger", &err);
    Json *j = call ? call_get(call, buf_str(&target), &body, &err) : NULL;
    if (j && cli->json) {
        buf_printf(&cli->out, "%s\n", body.ptr);
    } else if (j) {
        cover_table(cli, json_get(j, "folders"), "folder");
        buf_add_char(&cli->out, '\n');
        cover_table(cli, json_get(j, "types"), "type");
        buf_add_char(&cli->out, '\n');
        cover_line(cli, j, STR("of everything offered"));
    }
    bool ok = j != NULL;
    json_free(j);
    call_close(call);
    buf_release(&target);
    buf_release(&body);
    return ok ? cli_done(cli, 0) : cli_fail(cli, &err);
}

/* ---- another try ----------------------------------------------------------------------------- */

static int retry(Cli *cli)
{
    Err err = ERR_INIT;
    Buf body;
    JsonW w;
    CallAnswer answer;
    buf_init(&body, 64 << 10);
    jw_init(&w, &body);
    jw_obj(&w);
    if (cli_flag(cli, "--state"))
        jw_kv_cstr(&w, "state", cli_flag(cli, "--state"));
    if (cli_flag(cli, "--under"))
        jw_kv_cstr(&w, "under", cli_flag(cli, "--under"));
    jw_obj_end(&w);
    Call *call = call_open(cli->config, CALL_WRITE | CALL_SYNC, "sotto ledger retry", &err);
    bool ok = call && call_send(call, 0, "POST", STR("/api/v1/knowledge/ledger/retry"),
                                "application/json", buf_str(&body), &answer, &err);
    if (ok) {
        int64_t n = 0, not = 0;
        Json *j = json_parse(buf_str(&answer.body), JSON_DEFAULT_DEPTH, &err);
        json_int(json_get(j, "retried"), &n);
        json_int(json_get(j, "not_possible"), &not);
        ok = sync_wait(cli, call, NULL, &err);
        if (ok && cli->json) {
            buf_add(&cli->out, buf_str(&answer.body));
            buf_add_char(&cli->out, '\n');
        } else if (ok) {
            term_count(&cli->out, (uint64_t)n, "file", "files");
            buf_add_c(&cli->out, " tried again");
            if (not)
                buf_printf(&cli->out, "; %lld cannot be: uploads, or not there", (long long)not);
            buf_add_c(&cli->out, "\n");
        }
        json_free(j);
        buf_release(&answer.body);
    }
    call_close(call);
    buf_release(&body);
    return ok ? cli_done(cli, cli_interrupted() ? EXIT_INTERRUPTED : 0) : cli_fail(cli, &err);
}

int ledger_command(Cli *cli)
{
    const char *what = cli->n_args ? cli->args[0] : "list";
    if (strcmp(what, "list") == 0)
        return list(cli);
    if (strcmp(what, "coverage") == 0)
        return coverage(cli);
    if (strcmp(what, "retry") == 0)
        return retry(cli);
    return cli_usage_error(cli, "\"%s\" is not list, coverage or retry", what);
}
