/* Every allocation of our own fails once: sentences to passages, descriptions, frames, every
 * reader, and one file all the way into the store. Each run must say so and leave nothing
 * behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/os.h"
#include "ingest/ingest.h"
#include "ingest/sandbox.h"
#include "ingest/understand.h"
#include "support/torture.h"

static const char text[] = "Lease\n\nThe landlord is Mrs. Brandt. The rent is 950 EUR, due on "
                           "Monday.\n\n"
                           "- keys: two\n- cellar: seven\n\nNotice\n\nThree months. Nobody may "
                           "sublet it.\n";
static const Mark marks[] = {{MARK_HEADING, 0, 5, 1}, {MARK_HEADING, 105, 111, 2}};

static size_t count_words(void *arg, Str s)
{
    size_t n = 1;
    (void)arg;
    for (size_t i = 0; i < s.len; i++)
        n += s.ptr[i] == ' ';
    return n;
}

static bool describe(void *arg)
{
    Err err = ERR_INIT;
    Arena *a = arena_new(1 << 24);
    Extracted e = {.text = str_of(text), .marks = marks, .n_marks = 2};
    ChunkOptions o = {24, 6, count_words, NULL};
    ChunkSpan *spans;
    Str title, *tags, summary;
    Summary *sentences;
    size_t n;
    (void)arg;
    bool ok = a && chunk_text(e.text, STR("T"), marks, 2, &o, a, &spans, &n, &err) &&
              understand_title(&e, STR("x.txt"), a, &title, &err) &&
              understand_tags(&e, title, NULL, a, &tags, &n, &err) &&
              summary_collect(e.text, e.marks, e.n_marks, a, &sentences, &err) &&
              understand_summary(sentences, NULL, a, &summary, &err);
    if (!ok && a)
        assert_int_equal(err.code, ERR_NO_MEMORY);
    arena_free(a);
    return ok;
}

static void test_describe(void **state)
{
    (void)state;
    long once = torture_alloc(describe, NULL, 0), forever = torture_alloc(describe, NULL, 1);
    print_message("describing: %ld allocations failed\n", once);
    assert_true(once >= 5 && forever >= 5);
}

typedef struct {
    const Reader *reader;
    Str data;
} Reading;

static bool read_it(void *arg)
{
    const Reading *r = arg;
    Err err = ERR_INIT;
    ExtractOut out;
    Buf frame;
    extract_init(&out, 1 << 20);
    buf_init(&frame, 1 << 22);
    bool ok = r->reader->read(r->data, STR("x"), &out, &err) && extract_check(&out, &err) &&
              frame_write(&frame, &out, NULL);
    buf_release(&frame);
    extract_release(&out);
    return ok;
}

static void read_file(const char *type, const char *path)
{
    Err err = ERR_INIT;
    Buf b;
    Reading r = {.reader = reader_find(str_of(type))};
    buf_init(&b, 1 << 20);
    assert_true(os_read_file(path, &b, &err));
    assert_true(charset_preload(&err) && (!r.reader->preload || r.reader->preload(&err)));
    r.data = buf_str(&b);
    long failed = torture_alloc(read_it, &r, 0);
    print_message("%s: %ld allocations failed\n", type, failed);
    assert_true(failed >= 2);
    buf_release(&b);
}

static void test_readers(void **state)
{
    (void)state;
    read_file("text", SOTTO_SOURCE_DIR "/tests/data/documents/german-latin1.txt");
    read_file("markdown", SOTTO_SOURCE_DIR "/tests/data/documents/garden.md");
    read_file("html", SOTTO_SOURCE_DIR "/tests/data/documents/library.html");
    read_file("pdf", SOTTO_SOURCE_DIR "/tests/data/documents/pond.pdf");
    read_file("docx", SOTTO_SOURCE_DIR "/tests/data/documents/corners.docx");
    read_file("xlsx", SOTTO_SOURCE_DIR "/tests/data/documents/household.xlsx");
    read_file("pptx", SOTTO_SOURCE_DIR "/tests/data/documents/roof.pptx");
    read_file("odt", SOTTO_SOURCE_DIR "/tests/data/documents/rules.odt");
    read_file("ods", SOTTO_SOURCE_DIR "/tests/data/documents/household.ods");
    read_file("epub", SOTTO_SOURCE_DIR "/tests/data/documents/pond.epub");
    read_file("email", SOTTO_SOURCE_DIR "/tests/data/documents/attached.eml");
    read_file("email", SOTTO_SOURCE_DIR "/tests/data/documents/newsletter.eml");
    read_file("email", SOTTO_SOURCE_DIR "/tests/data/documents/flowed.eml");
    read_file("mailbox", SOTTO_SOURCE_DIR "/tests/data/documents/orchard.mbox");
    read_file("rtf", SOTTO_SOURCE_DIR "/tests/data/documents/house-rules.rtf");
    read_file("calendar", SOTTO_SOURCE_DIR "/tests/data/documents/house.ics");
    read_file("csv", SOTTO_SOURCE_DIR "/tests/data/documents/tenants.csv");
    read_file("json", SOTTO_SOURCE_DIR "/tests/data/documents/orders.json");
    read_file("image", SOTTO_SOURCE_DIR "/tests/data/documents/rent.png");
}

/* The server's side: snapshot, hash, passages, embeddings, store, ledger. */
typedef struct {
    Ingest *g;
    unsigned n;
    bool created;
} Whole;

static bool ingest_it(void *arg)
{
    Whole *w = arg;
    Err err = ERR_INIT;
    Arena *a = arena_new(1 << 26);
    Document d;
    PutOutcome outcome;
    IngestInput in = {
        .data = str_of(text), .filename = STR("lease.md"), .source = STR("/lease.md")};
    bool ok = a && ingest_one(w->g, &(Uuid){{1}}, &in, 0, a, &d, &outcome, &err);
    if (!ok && a)
        assert_int_not_equal(err.code, ERR_NONE);
    w->n++;
    arena_free(a);
    return ok;
}

static void test_whole(void **state)
{
    char dir[] = "/tmp/sotto-memory-XXXXXX";
    const char *models = getenv("SOTTO_MODELS");
    char path[4096];
    snprintf(path, sizeof path, "%s/all-MiniLM-L6-v2.sotto",
             models ? models : SOTTO_SOURCE_DIR "/models");
    Err err = ERR_INIT;
    (void)state;
    assert_non_null(mkdtemp(dir));
    Minilm *m = minilm_open(path, MINILM_INT8, &err);
    if (!m)
        fail_msg("%s (./setup puts it there)", err.msg);
    StoreOptions so = {.dir = dir, .model = minilm_name(m)};
    Store *s = store_open_sqlite(&so, &err);
    assert_non_null(s);
    IngestOptions io = {.store = s, .model = m, .workers = 1};
    Whole w = {.g = ingest_new(&io, &err)};
    assert_non_null(w.g);
    assert_true(torture_alloc(ingest_it, &w, 0) > 10);
    Buf report;
    buf_init(&report, 1 << 20);
    if (!store_check(s, false, &report, &err))
        fail_msg("%s %s", err.msg, report.ptr ? report.ptr : "");
    Arena *a = arena_new(1 << 20);
    StoreStats stats;
    assert_true(store_stats(s, &(Uuid){{1}}, a, &stats, &err));
    assert_int_equal(stats.documents, 1);
    assert_int_equal(stats.ledger_entries, 1);
    arena_free(a);
    buf_release(&report);
    ingest_free(w.g);
    store_close(s);
    minilm_close(m);
    assert_true(os_remove_tree(dir, &err));
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], ZYGOTE_FLAG) == 0)
        return extract_child_main(argc, argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_describe),
                                       cmocka_unit_test(test_readers),
                                       cmocka_unit_test(test_whole)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
