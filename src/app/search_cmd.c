/* `sotto search`: hits with citations, readable at 80 columns. */
#include <stdio.h>

#include "app/call.h"
#include "app/commands.h"
#include "app/filters.h"

#define MAX_MARKS 256

static double number(const Json *object, const char *key, double otherwise)
{
    double v = otherwise;
    json_num(json_get(object, key), &v);
    return v;
}

/* The marks of the passage that fall inside the snippet, counted from its start. */
static size_t clip_marks(const Json *match, size_t from, size_t to, TermSpan *out)
{
    const Json *marks = json_get(match, "marks");
    size_t n = 0;
    for (size_t i = 0; i < json_count(marks) && n < MAX_MARKS; i++) {
        int64_t s = 0, e = 0;
        json_int(json_at(json_at(marks, i), 0), &s);
        json_int(json_at(json_at(marks, i), 1), &e);
        if (s >= (int64_t)from && e <= (int64_t)to)
            out[n++] = (TermSpan){(size_t)s - from, (size_t)e - from};
    }
    return n;
}

static void dot(Buf *out, const Term *t)
{
    buf_add_c(out, t->utf8 ? " \xC2\xB7 " : ", ");
}

/* "page 3 · similarity 0.62 · keyword rank 1" */
static void proof_line(Cli *cli, const Json *m, bool explain)
{
    Buf *out = &cli->out;
    const Term *t = &cli->term;
    int64_t page = 0, start = 0, end = 0, rank = 0;
    double v = 0;
    buf_printf(out, "    %s", term_paint(t, PAINT_DIM));
    if (json_int(json_get(m, "page"), &page))
        buf_printf(out, "page %lld, ", (long long)page);
    if (json_num(json_get(m, "time_snippet"), &v))
        buf_printf(out, "at %d:%02d, ", (int)(v / 60), (int)v % 60);
    json_int(json_get(m, "start"), &start);
    json_int(json_get(m, "end"), &end);
    buf_printf(out, "bytes %lld-%lld", (long long)start, (long long)end);
    if (json_num(json_get(m, "similarity"), &v)) {
        dot(out, t);
        buf_printf(out, "similarity %.2f", v);
    }
    if (json_int(json_get(m, "keyword_rank"), &rank)) {
        dot(out, t);
        buf_printf(out, "keyword rank %lld", (long long)rank);
    }
    if (explain) {
        if (json_int(json_get(m, "vector_rank"), &rank)) {
            dot(out, t);
            buf_printf(out, "vector rank %lld", (long long)rank);
        }
        buf_printf(out, "\n    keyword score %.2f", number(m, "keyword_score", 0));
        dot(out, t);
        buf_printf(out, "fused %.4f", number(m, "fused_score", 0));
    }
    buf_printf(out, "%s\n", term_paint(t, PAINT_OFF));
}

static void print_match(Cli *cli, const Json *m, bool explain)
{
    Str text = json_str(json_get(m, "text"));
    const Json *snippet = json_get(m, "snippet");
    int64_t from = 0, to = (int64_t)text.len;
    json_int(json_get(snippet, "start"), &from);
    json_int(json_get(snippet, "end"), &to);
    if (from < 0 || to > (int64_t)text.len || from >= to) {
        from = 0;
        to = (int64_t)text.len;
    }
    TermSpan marks[MAX_MARKS];
    size_t n = clip_marks(m, (size_t)from, (size_t)to, marks);
    term_wrap(&cli->out, &cli->term, str_sub(text, (size_t)from, (size_t)to), marks, n, 4);
    proof_line(cli, m, explain);
}

static void print_hit(Cli *cli, const Json *doc, size_t number_from_1, bool explain)
{
    Buf *out = &cli->out;
    const Term *t = &cli->term;
    char label[32];
    int n = snprintf(label, sizeof label, "%zu. ", number_from_1);
    buf_printf(out, "%s%s", number_from_1 > 1 ? "\n" : "", label);
    buf_add_c(out, term_paint(t, PAINT_TITLE));
    Buf title;
    buf_init(&title, 64 << 10);
    term_text(&title, json_str(json_get(doc, "title")));
    term_cell(out, t, buf_str(&title), t->width - (size_t)n - 7);
    buf_printf(out, "%s  %5.2f\n", term_paint(t, PAINT_OFF), number(doc, "score", 0));
    buf_release(&title);
    Str source = json_str(json_get(json_get(doc, "metadata"), "source"));
    if (source.len) {
        buf_printf(out, "   %s", term_paint(t, PAINT_DIM));
        term_text(out, source);
        buf_printf(out, "%s\n", term_paint(t, PAINT_OFF));
    }
    const Json *matches = json_get(doc, "matches");
    for (size_t i = 0; i < json_count(matches); i++)
        print_match(cli, json_at(matches, i), explain);
}

static void print_result(Cli *cli, const Json *j)
{
    const Json *docs = json_get(j, "documents");
    bool explain = cli_flag(cli, "--explain") != NULL;
    for (size_t i = 0; i < json_count(docs); i++)
        print_hit(cli, json_at(docs, i), i + 1, explain);
    Buf *out = &cli->out;
    if (json_count(docs) == 0)
        buf_add_c(out, "nothing found; try other words, or a lower --threshold\n");
    if (!explain)
        return;
    buf_add_char(out, '\n');
    term_count(out, (uint64_t)number(j, "total", 0), "document matches", "documents match");
    dot(out, &cli->term);
    buf_printf(out, "%.1f ms", number(j, "query_time_ms", 0));
    dot(out, &cli->term);
    buf_printf(out, "weight of meaning %.2f\n", number(json_get(j, "fusion"), "weight_vector", 0));
}

int search_command(Cli *cli)
{
    Err err = ERR_INIT;
    Buf words, target, body;
    buf_init(&words, 1 << 20);
    buf_init(&target, 4 << 20);
    buf_init(&body, (size_t)256 << 20);
    for (size_t i = 0; i < cli->n_args; i++)
        buf_printf(&words, "%s%s", i ? " " : "", cli->args[i]);
    buf_add_c(&target, "/api/v1/knowledge/search");
    call_param(&target, "q", buf_str(&words));
    call_param(&target, "content", STR("none"));
    static const char *const passed[][2] = {
        {"--limit", "limit"}, {"--mode", "mode"}, {"--threshold", "threshold"}};
    for (size_t i = 0; i < 3; i++)
        if (cli_flag(cli, passed[i][0]))
            call_param(&target, passed[i][1], str_of(cli_flag(cli, passed[i][0])));
    filters_add(cli, &target);
    Call *call = call_open(cli->config, CALL_READ | CALL_SEARCH, "sotto search", &err);
    Json *j = call ? call_get(call, buf_str(&target), &body, &err) : NULL;
    int status = 0;
    if (!j)
        status = cli_fail(cli, &err);
    else if (cli->json)
        buf_printf(&cli->out, "%s\n", body.ptr);
    else
        print_result(cli, j);
    json_free(j);
    call_close(call);
    buf_release(&words);
    buf_release(&target);
    buf_release(&body);
    return status ? status : cli_done(cli, 0);
}
