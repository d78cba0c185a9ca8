/* `sotto duplicates`: documents with nearly the same text. */
#include "app/call.h"
#include "app/commands.h"

static void print_groups(Cli *cli, const Json *j)
{
    Buf *out = &cli->out;
    const Json *groups = json_get(j, "groups");
    int64_t total = 0;
    json_int(json_get(j, "total"), &total);
    for (size_t i = 0; i < json_count(groups); i++) {
        const Json *docs = json_get(json_at(groups, i), "documents");
        buf_add_c(out, i ? "\n" : "");
        for (size_t k = 0; k < json_count(docs); k++) {
            const Json *d = json_at(docs, k);
            double similarity = 0;
            json_num(json_get(d, "similarity"), &similarity);
            buf_add(out, json_str(json_get(d, "id")));
            buf_printf(out, k ? "  %3.0f %%  " : "  first  ", similarity * 100);
            term_text(out, json_str(json_get(d, "title")));
            buf_printf(out, "  %s", term_paint(&cli->term, PAINT_DIM));
            term_text(out, json_str(json_get(d, "source")));
            buf_printf(out, "%s\n", term_paint(&cli->term, PAINT_OFF));
        }
    }
    buf_add_c(out, json_count(groups) ? "\n" : "");
    term_count(out, (uint64_t)total, "group", "groups");
    buf_add_c(out, " of similar documents");
    if ((uint64_t)total > json_count(groups))
        buf_printf(out, ", %zu shown (--limit)", json_count(groups));
    buf_add_char(out, '\n');
}

int duplicates_command(Cli *cli)
{
    Err err = ERR_INIT;
    Buf target, body;
    buf_init(&target, 4096);
    buf_init(&body, (size_t)64 << 20);
    buf_add_c(&target, "/api/v1/knowledge/duplicates?offset=0");
    if (cli_flag(cli, "--threshold"))
        call_param(&target, "threshold", str_of(cli_flag(cli, "--threshold")));
    if (cli_flag(cli, "--limit"))
        call_param(&target, "limit", str_of(cli_flag(cli, "--limit")));
    Call *call = call_open(cli->config, CALL_READ, "sotto duplicates", &err);
    Json *j = call ? call_get(call, buf_str(&target), &body, &err) : NULL;
    if (j && cli->json)
        buf_printf(&cli->out, "%s\n", body.ptr);
    else if (j)
        print_groups(cli, j);
    bool ok = j != NULL;
    json_free(j);
    call_close(call);
    buf_release(&target);
    buf_release(&body);
    return ok ? cli_done(cli, 0) : cli_fail(cli, &err);
}
