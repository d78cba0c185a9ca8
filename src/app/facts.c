#include "app/facts.h"

void facts_line(Cli *cli, const char *name, Str value)
{
    if (!value.len)
        return;
    buf_printf(&cli->out, "%s%-10s%s ", term_paint(&cli->term, PAINT_DIM), name,
               term_paint(&cli->term, PAINT_OFF));
    term_text(&cli->out, value);
    buf_add_char(&cli->out, '\n');
}

static void show_date(Cli *cli, const Json *dates)
{
    Buf b;
    Str own = json_str(json_get(dates, "document"));
    Str from = json_str(json_get(dates, "document_from"));
    buf_init(&b, 4096);
    if (own.len)
        buf_printf(&b, STR_FMT " (from its " STR_FMT ")", STR_ARG(own),
                   STR_ARG(str_eq(from, STR("filename")) ? STR("file name") : from));
    facts_line(cli, "dated", buf_str(&b));
    buf_release(&b);
}

/* "0.62 = base 0.20 + duty 0.35 (notice, rent) + ..." */
static void show_importance(Cli *cli, const Json *meta)
{
    const Json *reasons = json_get(meta, "importance_reasons");
    double score = 0, part;
    bool first = true;
    Buf b;
    buf_init(&b, 64 << 10);
    json_num(json_get(meta, "importance_score"), &score);
    buf_printf(&b, "%.2f", score);
    for (size_t i = 0; i < json_count(reasons); i++) {
        const Json *r = json_at(reasons, i), *found = json_get(r, "found");
        part = 0;
        if (!json_num(json_get(r, "contribution"), &part) || part < 0.005)
            continue;
        buf_printf(&b, " %s " STR_FMT " %.2f", first ? "=" : "+",
                   STR_ARG(json_str(json_get(r, "signal"))), part);
        first = false;
        for (size_t k = 0; k < json_count(found); k++) {
            buf_add_c(&b, k ? ", " : " (");
            buf_add(&b, json_str(json_at(found, k)));
        }
        buf_add_c(&b, json_count(found) ? ")" : "");
    }
    facts_line(cli, "importance", buf_str(&b));
    buf_release(&b);
}

static void show_similar(Cli *cli, const Json *similar)
{
    Buf b;
    buf_init(&b, 64 << 10);
    for (size_t i = 0; i < json_count(similar); i++) {
        const Json *d = json_at(similar, i);
        double similarity = 0;
        json_num(json_get(d, "similarity"), &similarity);
        buf_clear(&b);
        buf_printf(&b, "%.0f %% like " STR_FMT "  " STR_FMT, similarity * 100,
                   STR_ARG(json_str(json_get(d, "id"))), STR_ARG(json_str(json_get(d, "title"))));
        facts_line(cli, i ? "" : "similar", buf_str(&b));
    }
    buf_release(&b);
}

void facts_show(Cli *cli, const Json *document)
{
    const Json *meta = json_get(document, "metadata");
    facts_line(cli, "language", json_str(json_get(meta, "language")));
    facts_line(cli, "author", json_str(json_get(meta, "author")));
    show_date(cli, json_get(meta, "dates"));
    show_importance(cli, meta);
    show_similar(cli, json_get(document, "near_duplicates"));
}
