/* One file all the way: bytes to passages in a real store with the real encoder. Needs
 * all-MiniLM-L6-v2.sotto in SOTTO_MODELS, or in models/. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/os.h"
#include "ingest/ingest.h"
#include "ingest/sandbox.h"

typedef struct {
    char dir[64];
    Minilm *model;
    Store *store;
    Ingest *ingest;
    Arena *a;
    Uuid owner;
} Fixture;

static int set_up(void **state)
{
    static Fixture f;
    Err err = ERR_INIT;
    const char *models = getenv("SOTTO_MODELS");
    char model[4096];
    snprintf(model, sizeof model, "%s/all-MiniLM-L6-v2.sotto",
             models ? models : SOTTO_SOURCE_DIR "/models");
    f = (Fixture){.dir = "/tmp/sotto-ingest-XXXXXX", .owner = {{1}}};
    assert_non_null(mkdtemp(f.dir));
    f.model = minilm_open(model, MINILM_INT8, &err);
    if (!f.model)
        fail_msg("%s (./setup puts it there)", err.msg);
    StoreOptions so = {.dir = f.dir, .model = minilm_name(f.model)};
    f.store = store_open_sqlite(&so, &err);
    if (!f.store)
        fail_msg("%s", err.msg);
    IngestOptions io = {.store = f.store, .model = f.model, .workers = 2};
    f.ingest = ingest_new(&io, &err);
    assert_non_null(f.ingest);
    f.a = arena_new(ARENA_DEFAULT_MAX);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    Fixture *f = *state;
    Err err = ERR_INIT;
    ingest_free(f->ingest);
    store_close(f->store);
    minilm_close(f->model);
    arena_free(f->a);
    assert_true(os_remove_tree(f->dir, &err));
    return 0;
}

static Document add(Fixture *f, const IngestInput *in, PutOutcome expected)
{
    Document d;
    PutOutcome outcome;
    Err err = ERR_INIT;
    if (!ingest_one(f->ingest, &f->owner, in, 0, f->a, &d, &outcome, &err))
        fail_msg("%s", err.msg);
    assert_int_equal(outcome, expected);
    return d;
}

static void refuse(Fixture *f, const IngestInput *in, ErrCode code, const char *words)
{
    Document d = {.bytes = 77};
    PutOutcome outcome;
    Err err = ERR_INIT;
    assert_false(ingest_one(f->ingest, &f->owner, in, 0, f->a, &d, &outcome, &err));
    if (err.code != code || !strstr(err.msg, words))
        fail_msg("%s (%d)", err.msg, err.code);
    assert_int_equal(d.bytes, 77);
}

static LedgerEntry entry(Fixture *f, const char *source)
{
    LedgerEntry e;
    Err err = ERR_INIT;
    if (!store_ledger_get(f->store, &f->owner, str_of(source), f->a, &e, &err))
        fail_msg("%s: %s", source, err.msg);
    return e;
}

static void is_str(Str got, const char *expected)
{
    if (!str_eq(got, str_of(expected)))
        fail_msg("\"%.*s\" is not \"%s\"", (int)got.len, got.ptr, expected);
}

static const char lease[] = "# Rental agreement\n\n## Parties\n\nThe landlord is Mrs. Eva Brandt. "
                            "The tenant is Jonas Keller.\n\n"
                            "## Rent and deposit\n\nThe monthly rent is 950 EUR, due on the third "
                            "working day of each month. "
                            "The deposit is 1900 EUR.\n\n## Notice\n\nEither side may end the "
                            "agreement with a notice of three "
                            "months.\n";

static void test_markdown(void **state)
{
    Fixture *f = *state;
    IngestInput in = {
        .data = str_of(lease), .filename = STR("lease.md"), .source = STR("/docs/lease.md")};
    Document d = add(f, &in, PUT_CREATED);
    is_str(d.title, "Rental agreement");
    is_str(d.file_type, "markdown");
    is_str(d.media_type, "text/markdown");
    is_str(d.source, "/docs/lease.md");
    assert_int_equal(d.n_chunks, 3);
    assert_int_equal(d.bytes, strlen(lease));
    assert_non_null(strstr(d.content.ptr, "Parties\n\nThe landlord is Mrs. Eva Brandt."));
    assert_null(strstr(d.content.ptr, "##"));
    assert_true(d.importance > 0.3 && d.importance <= 1.0);
    assert_true(d.n_tags >= 3 && d.n_tags <= 8);
    assert_true(d.summary.len > 20);
    LedgerEntry e = entry(f, "/docs/lease.md");
    assert_int_equal(e.state, LEDGER_INDEXED);
    assert_true(uuid_eq(&e.document, &d.id));
    assert_int_equal(e.n_chunks, 3);
    assert_int_equal(e.bytes, strlen(lease));
}

/* Found with a question at once, and the passage is what the text has there. */
static void test_findable(void **state)
{
    Fixture *f = *state;
    Err err = ERR_INIT;
    IngestInput in = {.data = str_of(lease), .filename = STR("lease.md")};
    Document d = add(f, &in, PUT_CREATED);
    MinilmState *s = minilm_state_new(f->model, &err);
    float v[MINILM_DIM];
    Str question = STR("Who owns the flat?");
    assert_true(minilm_embed(f->model, s, &question, 1, v, NULL, &err));
    minilm_state_free(s);
    CandidateQuery q = {.vector = v, .k = 3};
    Candidates c;
    assert_true(store_candidates(f->store, &f->owner, &q, f->a, &c, &err));
    assert_int_equal(c.n, 3);
    size_t best = 0;
    for (size_t i = 1; i < c.n; i++)
        if (c.items[i].similarity > c.items[best].similarity)
            best = i;
    Chunk chunk;
    assert_true(
        store_chunks_get(f->store, &f->owner, &c.items[best].chunk_no, 1, f->a, &chunk, &err));
    assert_true(str_find(chunk.text, STR("The landlord is Mrs. Eva Brandt"), 0) != SIZE_MAX);
    assert_true(str_eq(chunk.text, str_sub(d.content, chunk.start, chunk.end)));
}

static void test_duplicates(void **state)
{
    Fixture *f = *state;
    IngestInput in = {.data = STR("The plumber comes on Friday at nine."),
                      .source = STR("/a/one.txt"),
                      .filename = STR("one.txt")};
    Document first = add(f, &in, PUT_CREATED);
    is_str(first.title, "The plumber comes on Friday at nine.");
    in.source = STR("/a/two.txt");
    in.filename = STR("two.txt");
    Document second = add(f, &in, PUT_DUPLICATE);
    assert_true(uuid_eq(&first.id, &second.id));
    assert_int_equal(entry(f, "/a/two.txt").state, LEDGER_DUPLICATE);
    assert_int_equal(entry(f, "/a/one.txt").state, LEDGER_INDEXED);
    Uuid other = {{2}};
    Document third;
    PutOutcome outcome;
    Err err = ERR_INIT;
    assert_true(ingest_one(f->ingest, &other, &in, 1, f->a, &third, &outcome, &err));
    assert_int_equal(outcome, PUT_CREATED); /* another person's is another document */
}

static void test_given(void **state)
{
    Fixture *f = *state;
    Str tags[] = {STR("home"), STR("repair")};
    double importance = 0.9;
    IngestInput in = {.data = STR("Call the plumber tomorrow."),
                      .title = STR("  Plumber "),
                      .tags = tags,
                      .n_tags = 2,
                      .has_tags = true,
                      .summary = STR("To do"),
                      .importance = &importance,
                      .extra_json = STR("{\"room\":\"kitchen\"}"),
                      .file_type = STR("markdown")};
    Document d = add(f, &in, PUT_CREATED);
    is_str(d.title, "Plumber");
    assert_int_equal(d.n_tags, 2);
    is_str(d.summary, "To do");
    assert_true(fabs(d.importance - 0.9) < 1e-9);
    is_str(d.extra_json, "{\"room\":\"kitchen\"}");
    is_str(d.file_type, "markdown");
    is_str(d.source, "upload");
    in = (IngestInput){.data = STR("A note without a name. It says little.")};
    is_str(add(f, &in, PUT_CREATED).title, "A note without a name.");
}

static void test_refusals(void **state)
{
    Fixture *f = *state;
    IngestInput in = {
        .data = STR("\x7F" "ELF\1\1"), .filename = STR("p.bin"), .source = STR("/p.bin")};
    refuse(f, &in, ERR_UNSUPPORTED_MEDIA, "p.bin");
    LedgerEntry e = entry(f, "/p.bin");
    assert_int_equal(e.state, LEDGER_REFUSED);
    assert_true(str_find(e.reason, STR("no reader"), 0) != SIZE_MAX);
    assert_true(uuid_is_nil(&e.document));
    in = (IngestInput){.data = STR(""), .source = STR("/empty.txt")};
    refuse(f, &in, ERR_VALIDATION, "empty");
    in = (IngestInput){.data = STR(" \n\n\t "), .source = STR("/blank.txt")};
    refuse(f, &in, ERR_VALIDATION, "no text");
    in = (IngestInput){.path = "/nonexistent/file.txt"};
    refuse(f, &in, ERR_NOT_FOUND, "/nonexistent/file.txt");
    assert_int_equal(entry(f, "/nonexistent/file.txt").state, LEDGER_FAILED);
    in = (IngestInput){.path = "/etc"};
    refuse(f, &in, ERR_VALIDATION, "regular file");
}

static void test_retitle(void **state)
{
    Fixture *f = *state;
    Err err = ERR_INIT;
    IngestInput in = {.data = str_of(lease), .filename = STR("lease.md")};
    Document d = add(f, &in, PUT_CREATED), new;
    assert_true(ingest_retitle(f->ingest, &f->owner, &d.id, STR("Flat in Elm Street"), 0, f->a,
                               &new, &err));
    is_str(new.title, "Flat in Elm Street");
    assert_true(uuid_eq(&new.id, &d.id) && str_eq(new.content, d.content));
    assert_int_equal(new.created_at, d.created_at);
    assert_int_equal(new.n_tags, d.n_tags);
    CandidateQuery q = {
        .terms = &(KwTerm){.kind = KW_WORD, .text = STR("elm"), .required = true, .weight = 1},
        .n_terms = 1,
        .k = 5};
    Candidates c;
    assert_true(store_candidates(f->store, &f->owner, &q, f->a, &c, &err));
    assert_int_equal(c.n, 3); /* the new title is in the context of every passage */
    assert_false(ingest_retitle(f->ingest, &f->owner, &(Uuid){{9}}, STR("x"), 0, f->a, &new, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_false(ingest_retitle(f->ingest, &f->owner, &d.id, STR(" "), 0, f->a, &new, &err));
    assert_int_equal(err.code, ERR_VALIDATION);
}

static void test_replace(void **state)
{
    Fixture *f = *state;
    IngestInput in = {.data = STR("The meeting is on Monday.")};
    Document d = add(f, &in, PUT_CREATED);
    in = (IngestInput){.data = STR("The meeting is on Tuesday."), .replace = &d.id};
    Document new = add(f, &in, PUT_REPLACED);
    assert_true(uuid_eq(&new.id, &d.id));
    is_str(new.content, "The meeting is on Tuesday.");
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], ZYGOTE_FLAG) == 0)
        return extract_child_main(argc, argv);
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {WITH_STORE(test_markdown), WITH_STORE(test_findable),
        WITH_STORE(test_duplicates), WITH_STORE(test_given), WITH_STORE(test_refusals),
        WITH_STORE(test_retitle), WITH_STORE(test_replace)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
