/* bench_extract - reads files through the confined child and says what each costs.
 *
 *   bench_extract [--text | --describe] [--repeat N] [--timeout MS] FILE...
 *
 * One line a file: milliseconds (median of N), bytes in, bytes of text, marks, pages, title or
 * error. --text prints the text instead, framed by lines for scripts; --describe what is computed
 * from it. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "ingest/ingest.h"
#include "ingest/sandbox.h"
#include "ingest/about.h"

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

typedef struct {
    Sandbox *sandbox;
    int repeat;
    bool text, describe;
} Bench;

static void describe(const char *path, const Extracted *e, Arena *a)
{
    Err err = ERR_INIT;
    Str title, *tags, summary;
    size_t n;
    uint64_t start = clock_mono_ns();
    if (!understand_title(e, str_of(path), a, &title, &err) ||
        !understand_tags(e, title, NULL, a, &tags, &n, &err) ||
        !summary_make(e->text, e->marks, e->n_marks, 60, a, &summary, &err)) {
        printf("%s: %s\n", path, err.msg);
        return;
    }
    Importance v = understand_importance(e);
    printf("%s (%.2f ms)\n  title: " STR_FMT "\n  tags:", path, clock_seconds_since(start) * 1e3,
           STR_ARG(title));
    for (size_t i = 0; i < n; i++)
        printf(" [" STR_FMT "]", STR_ARG(tags[i]));
    printf("\n  summary: " STR_FMT "\n  importance: %.2f", STR_ARG(summary), v.score);
    for (size_t s = 0; s < IMPORTANCE_SIGNALS; s++)
        printf(" %s %.2f", importance_signal_name((ImportanceSignal)s), v.reasons[s].value);
    Str author, about;
    if (about_author(e, a, &author, &err) && about_json(e, STR(""), &v, NULL, a, &about, &err))
        printf("\n  language: " STR_FMT ", author: " STR_FMT "\n  " STR_FMT "\n",
               STR_ARG(e->language), STR_ARG(author), STR_ARG(about));
}

static void run_file(const Bench *b, const char *path)
{
    Err err = ERR_INIT;
    Snapshot s;
    Extracted out = {.pages = 0};
    double ms[1000];
    Arena *a = arena_new((size_t)1 << 30);
    if (!snapshot_file(path, (uint64_t)256 << 20, &s, &err)) {
        printf("%s\terror\t%s\n", path, err.msg);
        arena_free(a);
        return;
    }
    Str head = str_sub(snapshot_str(&s), 0, EXTRACT_HEAD),
        type = ingest_guess_type(head, str_of(path), STR(""));
    bool ok = type.len > 0 || err_set(&err, ERR_UNSUPPORTED_MEDIA, "no reader");
    for (int i = 0; ok && i < b->repeat; i++) {
        uint64_t start = clock_mono_ns();
        ok = sandbox_run(b->sandbox, type, str_of(path), &s, a, &out, &err);
        ms[i] = clock_seconds_since(start) * 1e3;
    }
    if (b->describe && ok) {
        describe(path, &out, a);
    } else if (b->text) {
        printf("=== %s\n", path);
        if (ok)
            printf("=== title " STR_FMT "\n" STR_FMT "\n", STR_ARG(out.title), STR_ARG(out.text));
        else
            printf("=== error %s\n", err.msg);
    } else if (ok) {
        qsort(ms, (size_t)b->repeat, sizeof *ms, by_value);
        printf("%s\t%.2f ms\t%zu\t%zu\t%zu marks\t%u pages\t" STR_FMT "\n", path, ms[b->repeat / 2],
               s.size, out.text.len, out.n_marks, out.pages, STR_ARG(out.title));
    } else {
        printf("%s\terror\t%s (%s)\n", path, err.msg, err_info(err.code)->wire);
    }
    snapshot_release(&s);
    arena_free(a);
}

int main(int argc, char **argv)
{
    Err err = ERR_INIT;
    if (argc > 1 && strcmp(argv[1], ZYGOTE_FLAG) == 0)
        return extract_child_main(argc, argv);
    SandboxOptions o = {.timeout_ms = 30000};
    Bench b = {.repeat = 1};
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--text") == 0)
            b.text = true;
        else if (strcmp(argv[i], "--describe") == 0)
            b.describe = true;
        else if (strcmp(argv[i], "--repeat") == 0 && i + 1 < argc)
            b.repeat = (int)strtol(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--timeout") == 0 && i + 1 < argc)
            o.timeout_ms = (unsigned)strtoul(argv[++i], NULL, 10);
    }
    b.repeat = b.repeat < 1 ? 1 : b.repeat > 1000 ? 1000 : b.repeat;
    b.sandbox = sandbox_new(&o, &err);
    if (!b.sandbox) {
        fprintf(stderr, "%s\n", err.msg);
        return 1;
    }
    for (; i < argc; i++)
        run_file(&b, argv[i]);
    sandbox_free(b.sandbox);
    return 0;
}
