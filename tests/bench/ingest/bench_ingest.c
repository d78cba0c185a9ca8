/* bench_ingest - what storing a page of text costs, until it is durable and findable.
 *
 *   bench_ingest [--pages N] [--words W]
 *
 * Stores N different pages of W words (400: a full page) in a new folder, one after the other,
 * through everything that an upload goes through but HTTP. Prints the median and the 95th
 * percentile, and the resident memory after a tenth of them and at the end: it should not grow with
 * the number of files. Models: SOTTO_MODELS, or models/ of the source tree. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/os.h"
#include "ingest/ingest.h"
#include "ingest/sandbox.h"

static const char *const vocabulary[] = {
    "the",      "rent",    "of", "a",         "plumber", "came",    "and",     "valve",
    "contract", "must",    "be", "signed",    "before",  "Monday",  "Anna",    "kitchen",
    "is",       "due",     "on", "invoice",   "with",    "harbour", "meeting", "notes",
    "for",      "project", "in", "insurance", "letter",  "to",      "school"};

static unsigned next_random(unsigned *seed)
{
    *seed = *seed * 1103515245u + 12345u;
    return *seed >> 16;
}

static void write_page(Buf *b, unsigned number, unsigned words)
{
    unsigned seed = number * 2654435761u + 1;
    buf_clear(b);
    (void)buf_printf(b, "Page %u\n\n", number);
    for (unsigned i = 1; i <= words; i++) {
        (void)buf_add_c(b,
                        vocabulary[next_random(&seed) % (sizeof vocabulary / sizeof *vocabulary)]);
        (void)buf_add_c(b, i % 80 == 0 ? ".\n\n" : i % 14 == 0 ? ". " : " ");
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static _Noreturn void die(const Err *err)
{
    fprintf(stderr, "%s\n", err->msg);
    exit(1);
}

static void run(Ingest *g, unsigned pages, unsigned words)
{
    double *ms = mem_array(pages, sizeof *ms);
    uint64_t early = 0;
    Buf page;
    Err err = ERR_INIT;
    buf_init(&page, 1 << 20);
    for (unsigned i = 0; ms && i < pages; i++) {
        write_page(&page, i, words);
        Arena *a = arena_new(ARENA_DEFAULT_MAX);
        IngestInput in = {.data = buf_str(&page), .filename = STR("page.txt")};
        Document doc;
        PutOutcome outcome;
        uint64_t start = clock_mono_ns();
        if (!ingest_one(g, &(Uuid){{1}}, &in, 0, a, &doc, &outcome, &err))
            die(&err);
        ms[i] = clock_seconds_since(start) * 1e3;
        arena_free(a);
        if (i == pages / 10)
            early = os_rss_bytes();
    }
    qsort(ms, pages, sizeof *ms, by_value);
    printf("%u pages of %u words: p50 %.1f ms, p95 %.1f ms, max %.1f ms; resident %.1f MiB after a "
           "tenth, "
           "%.1f MiB at the end\n",
           pages, words, ms[pages / 2], ms[pages * 95 / 100], ms[pages - 1],
           (double)early / 1048576.0, (double)os_rss_bytes() / 1048576.0);
    buf_release(&page);
    mem_free(ms);
}

int main(int argc, char **argv)
{
    Err err = ERR_INIT;
    unsigned pages = 200, words = 400;
    if (argc > 1 && strcmp(argv[1], ZYGOTE_FLAG) == 0)
        return extract_child_main(argc, argv);
    for (int i = 1; i + 1 < argc; i += 2) {
        unsigned value = (unsigned)strtoul(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--pages") == 0 && value > 0)
            pages = value;
        else if (strcmp(argv[i], "--words") == 0 && value > 0)
            words = value;
    }
    char dir[] = "/tmp/sotto-bench-XXXXXX", path[4096];
    const char *models = getenv("SOTTO_MODELS");
    (void)snprintf(path, sizeof path, "%s/all-MiniLM-L6-v2.sotto",
                   models ? models : SOTTO_SOURCE_DIR "/models");
    Minilm *model = minilm_open(path, MINILM_INT8, &err);
    if (!model || !mkdtemp(dir))
        die(&err);
    StoreOptions so = {.dir = dir, .model = minilm_name(model)};
    Store *store = store_open_sqlite(&so, &err);
    if (!store)
        die(&err);
    IngestOptions io = {.store = store, .model = model, .workers = 1};
    Ingest *g = ingest_new(&io, &err);
    if (!g)
        die(&err);
    run(g, pages, words);
    ingest_free(g);
    store_close(store);
    minilm_close(model);
    (void)os_remove_tree(dir, &err);
    return 0;
}
