/* Files inside files, all the way into a real store: attachments and messages of a mailbox as
 * documents of their own, what is kept when the same bytes come twice, what goes when a mail goes.
 * Needs all-MiniLM-L6-v2.sotto in SOTTO_MODELS, or in models/. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

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

static unsigned deleted_notices;

static void on_change(void *arg, const Uuid *owner, ChangeKind kind, const Uuid *document)
{
    (void)arg;
    (void)owner;
    (void)document;
    deleted_notices += kind == CHANGE_DELETED;
}

static void open_all(Fixture *f)
{
    Err err = ERR_INIT;
    StoreOptions so = {.dir = f->dir, .model = minilm_name(f->model)};
    f->store = store_open_sqlite(&so, &err);
    if (!f->store)
        fail_msg("%s", err.msg);
    IngestOptions io = {.store = f->store, .model = f->model, .workers = 1};
    f->ingest = ingest_new(&io, &err);
    assert_non_null(f->ingest);
    store_on_change(f->store, on_change, NULL);
}

static int set_up(void **state)
{
    static Fixture f;
    Err err = ERR_INIT;
    const char *models = getenv("SOTTO_MODELS");
    char model[4096];
    snprintf(model, sizeof model, "%s/all-MiniLM-L6-v2.sotto",
             models ? models : SOTTO_SOURCE_DIR "/models");
    f = (Fixture){.dir = "/tmp/sotto-parts-XXXXXX", .owner = {{1}}};
    assert_non_null(mkdtemp(f.dir));
    f.model = minilm_open(model, MINILM_INT8, &err);
    if (!f.model)
        fail_msg("%s (./setup puts it there)", err.msg);
    open_all(&f);
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

static Document add(Fixture *f, Str data, const char *source, PutOutcome expected)
{
    Document d;
    PutOutcome outcome;
    Err err = ERR_INIT;
    const char *slash = strrchr(source, '/');
    IngestInput in = {.data = data,
                      .source = str_of(slash ? source : ""),
                      .filename = str_of(slash ? slash + 1 : source)};
    if (!ingest_one(f->ingest, &f->owner, &in, 0, f->a, &d, &outcome, &err))
        fail_msg("%s: %s", source, err.msg);
    assert_int_equal(outcome, expected);
    return d;
}

static LedgerEntry entry(Fixture *f, const char *source)
{
    LedgerEntry e;
    Err err = ERR_INIT;
    if (!store_ledger_get(f->store, &f->owner, str_of(source), f->a, &e, &err))
        fail_msg("%s: %s", source, err.msg);
    return e;
}

/* The document that the ledger names for a source. */
static Document part(Fixture *f, const char *source, LedgerState state)
{
    Document d;
    Err err = ERR_INIT;
    LedgerEntry e = entry(f, source);
    if (e.state != state)
        fail_msg("%s is %s: %.*s", source, ledger_state_name(e.state), (int)e.reason.len,
                 e.reason.ptr);
    if (!store_document_get(f->store, &f->owner, &e.document, true, f->a, &d, &err))
        fail_msg("%s: %s", source, err.msg);
    return d;
}

static bool is_there(Fixture *f, const Uuid *id)
{
    Document d;
    Err err = ERR_INIT;
    return store_document_get(f->store, &f->owner, id, false, f->a, &d, &err);
}

static uint64_t documents(Fixture *f)
{
    StoreStats s;
    Err err = ERR_INIT;
    assert_true(store_stats(f->store, &f->owner, f->a, &s, &err));
    return s.documents;
}

static void drop(Fixture *f, const Uuid *id)
{
    Err err = ERR_INIT;
    if (!store_document_delete(f->store, &f->owner, id, &err))
        fail_msg("%s", err.msg);
}

static void is_str(Str got, const char *expected)
{
    if (!str_eq(got, str_of(expected)))
        fail_msg("\"%.*s\" is not \"%s\"", (int)got.len, got.ptr, expected);
}

static void has_parent(const Document *d, const Document *parent)
{
    char id[UUID_TEXT], expected[80];
    uuid_format(&parent->id, id);
    (void)snprintf(expected, sizeof expected, "{\"parent\":\"%s\"}", id);
    is_str(d->extra_json, expected);
}

static void store_is_sound(Fixture *f)
{
    Buf report;
    Err err = ERR_INIT;
    buf_init(&report, 1 << 20);
    if (!store_check(f->store, false, &report, &err))
        fail_msg("%s %s", err.msg, report.ptr ? report.ptr : "");
    buf_release(&report);
}

#define NOTES "The boat needs two coats of varnish before the regatta in June.\n"
#define MAIL(subject, attachments)                                                                 \
    "From: Ann Lee <ann@lee.example>\r\nTo: Bo <bo@lee.example>\r\nSubject: " subject "\r\n"       \
    "Date: Tue, 3 Mar 2026 14:05:00 +0100\r\nMIME-Version: 1.0\r\n"                                \
    "Content-Type: multipart/mixed; boundary=\"b1\"\r\n\r\n--b1\r\n"                               \
    "Content-Type: text/plain; charset=utf-8\r\n\r\nHere is what I found in the attic, " subject   \
    ".\r\n" attachments "--b1--\r\n"
#define ATTACH(name, type, bytes)                                                                  \
    "--b1\r\nContent-Type: " type "; name=\"" name "\"\r\n"                                        \
    "Content-Disposition: attachment; filename=\"" name "\"\r\n\r\n" bytes "\r\n"

static void test_attachments(void **state)
{
    Fixture *f = *state;
    Document d = add(f,
                     STR(MAIL("The boat", ATTACH("notes.txt", "text/plain", NOTES)
                                              ATTACH("tool.bin", "application/octet-stream",
                                                     "\x7F"
                                                     "ELF\1"))),
                     "/mail/boat.eml", PUT_CREATED);
    is_str(d.title, "The boat");
    is_str(d.file_type, "email");
    Document notes = part(f, "/mail/boat.eml#notes.txt", LEDGER_INDEXED);
    is_str(notes.source, "/mail/boat.eml#notes.txt");
    is_str(notes.filename, "notes.txt");
    is_str(notes.title, "notes");
    is_str(notes.content, NOTES);
    has_parent(&notes, &d);
    LedgerEntry e = entry(f, "/mail/boat.eml#tool.bin");
    assert_int_equal(e.state, LEDGER_REFUSED);
    is_str(e.reason, "there is no reader for this kind of file: tool.bin");
    assert_int_equal(entry(f, "/mail/boat.eml").state, LEDGER_INDEXED);
    assert_int_equal(documents(f), 2);
    /* Another title embeds anew and leaves the parts alone. */
    Document again;
    Err err = ERR_INIT;
    assert_true(ingest_retitle(f->ingest, &f->owner, &d.id, STR("Attic"), 0, f->a, &again, &err));
    assert_true(is_there(f, &notes.id));
    assert_true(
        ingest_retitle(f->ingest, &f->owner, &notes.id, STR("Varnish"), 0, f->a, &again, &err));
    has_parent(&again, &d);
    deleted_notices = 0;
    drop(f, &d.id);
    assert_false(is_there(f, &notes.id));
    assert_int_equal(documents(f), 0);
    assert_int_equal(deleted_notices, 2);
    e = entry(f, "/mail/boat.eml#notes.txt");
    assert_int_equal(e.state, LEDGER_DELETED);
    is_str(e.reason, "the file that it came in was removed");
    store_is_sound(f);
}

static void test_upload(void **state)
{
    Fixture *f = *state;
    Document d =
        add(f, STR(MAIL("Up", ATTACH("a.txt", "text/plain", NOTES))), "up.eml", PUT_CREATED);
    DocPage page;
    Err err = ERR_INIT;
    Str source = STR("up.eml#a.txt");
    DocFilter filter = {.sources = &source, .n_sources = 1};
    assert_true(store_document_list(f->store, &f->owner, &filter, SORT_TITLE_ASC, 10,
                                    (Str){NULL, 0}, f->a, &page, &err));
    assert_int_equal(page.total, 1);
    has_parent(&page.items[0], &d);
}

/* One attachment in two mails: it goes with the last of them. */
static void test_shared(void **state)
{
    Fixture *f = *state;
    Document one =
        add(f, STR(MAIL("One", ATTACH("a.txt", "text/plain", NOTES))), "/1.eml", PUT_CREATED);
    Document two =
        add(f, STR(MAIL("Two", ATTACH("b.txt", "text/plain", NOTES))), "/2.eml", PUT_CREATED);
    Document a = part(f, "/1.eml#a.txt", LEDGER_INDEXED);
    Document b = part(f, "/2.eml#b.txt", LEDGER_DUPLICATE);
    assert_true(uuid_eq(&a.id, &b.id));
    has_parent(&a, &one);
    drop(f, &one.id);
    assert_true(is_there(f, &a.id));
    b = part(f, "/2.eml#b.txt", LEDGER_DUPLICATE);
    has_parent(&b, &two);
    drop(f, &two.id);
    assert_false(is_there(f, &a.id));
    assert_int_equal(documents(f), 0);
    store_is_sound(f);
}

/* What was offered by itself too stays, whichever came first. */
static void test_by_hand(void **state)
{
    Fixture *f = *state;
    const Str mail = STR(MAIL("One", ATTACH("a.txt", "text/plain", NOTES)));
    Document d = add(f, mail, "/1.eml", PUT_CREATED);
    Document a = add(f, STR(NOTES), "/notes.txt", PUT_DUPLICATE);
    drop(f, &d.id);
    assert_true(is_there(f, &a.id));
    a = part(f, "/notes.txt", LEDGER_DUPLICATE);
    is_str(a.extra_json, "{}");
    d = add(f, mail, "/1.eml", PUT_CREATED);
    drop(f, &d.id);
    assert_true(is_there(f, &a.id));
    drop(f, &a.id);
    a = add(f, STR(NOTES), "/notes.txt", PUT_CREATED);
    d = add(f, mail, "/1.eml", PUT_CREATED);
    assert_int_equal(entry(f, "/1.eml#a.txt").state, LEDGER_DUPLICATE);
    drop(f, &d.id);
    assert_true(is_there(f, &a.id));
}

static void test_replace(void **state)
{
    Fixture *f = *state;
    Document d =
        add(f, STR(MAIL("One", ATTACH("a.txt", "text/plain", NOTES))), "/1.eml", PUT_CREATED);
    Document a = part(f, "/1.eml#a.txt", LEDGER_INDEXED);
    IngestInput in = {.data = STR(MAIL("New", ATTACH("b.txt", "text/plain", "Only oil." NOTES))),
                      .filename = STR("1.eml"),
                      .source = STR("/1.eml"),
                      .replace = &d.id};
    Document now;
    PutOutcome outcome;
    Err err = ERR_INIT;
    assert_true(ingest_one(f->ingest, &f->owner, &in, 0, f->a, &now, &outcome, &err));
    assert_int_equal(outcome, PUT_REPLACED);
    assert_false(is_there(f, &a.id));
    Document b = part(f, "/1.eml#b.txt", LEDGER_INDEXED);
    has_parent(&b, &d);
    assert_int_equal(documents(f), 2);
    store_is_sound(f);
}

/* The program ended after the mail was stored and before its parts were: the same file brings
 * them. */
static void test_interrupted(void **state)
{
    Fixture *f = *state;
    const Str mail = STR(MAIL("One", ATTACH("a.txt", "text/plain", NOTES)));
    Document d = add(f, mail, "/1.eml", PUT_CREATED);
    Document a = part(f, "/1.eml#a.txt", LEDGER_INDEXED);
    LedgerEntry e = entry(f, "/1.eml");
    Err err = ERR_INIT;
    drop(f, &a.id);
    (void)add(f, mail, "/1.eml", PUT_DUPLICATE);
    assert_int_equal(documents(f), 1); /* all had been offered: what was deleted stays so */
    e.state = LEDGER_PENDING; /* with its document, as it is put */
    assert_true(store_ledger_put(f->store, &f->owner, &e, &err));
    (void)add(f, mail, "/1.eml", PUT_DUPLICATE);
    assert_int_equal(documents(f), 2);
    a = part(f, "/1.eml#a.txt", LEDGER_INDEXED);
    has_parent(&a, &d);
    assert_int_equal(entry(f, "/1.eml").state, LEDGER_INDEXED);
}

static Str nested(Arena *a, unsigned depth)
{
    Str s = STR("From: a@b.example\r\nSubject: the innermost\r\n\r\nSixpence in the pudding.\r\n");
    for (unsigned i = 0; i < depth; i++)
        s = arena_printf(a,
                         "From: a@b.example\r\nSubject: level %u\r\nMIME-Version: 1.0\r\n"
                         "Content-Type: multipart/mixed; boundary=x%u\r\n\r\n--x%u\r\n\r\nLook "
                         "inside %u.\r\n--x%u\r\nContent-Type: message/rfc822\r\n\r\n" STR_FMT
                         "\r\n--x%u--\r\n",
                         i, i, i, i, i, STR_ARG(s), i);
    return s;
}

static void test_depth(void **state)
{
    Fixture *f = *state;
    (void)add(f, nested(f->a, 7), "/deep.eml", PUT_CREATED);
    (void)part(f, "/deep.eml#level 5.eml#level 4.eml#level 3.eml#level 2.eml", LEDGER_INDEXED);
    LedgerEntry e = entry(f, "/deep.eml#level 5.eml#level 4.eml#level 3.eml#level 2.eml#level "
                             "1.eml");
    assert_int_equal(e.state, LEDGER_REFUSED);
    is_str(e.reason, "it lies more than 4 levels deep inside other files");
    assert_int_equal(documents(f), 5);
}

#define MESSAGE(n, body)                                                                           \
    "From ann@lee.example Tue Mar  3 14:05:00 2026\nFrom: Ann <ann@lee.example>\n"                 \
    "Subject: Letter " n "\nDate: Tue, 3 Mar 2026 14:05:00 +0100\n\n" body "\n\n"

static void test_mailbox(void **state)
{
    Fixture *f = *state;
    const Str small = STR(MESSAGE("one", "Plums are ripe.") MESSAGE("two", "Pears are not."));
    const Str grown = STR(MESSAGE("one", "Plums are ripe.") MESSAGE("two", "Pears are not.")
                              MESSAGE("three", "Quinces are hard."));
    Document d = add(f, small, "/in.mbox", PUT_CREATED);
    is_str(d.file_type, "mailbox");
    Document one = part(f, "/in.mbox#00001 Letter one.eml", LEDGER_INDEXED);
    is_str(one.title, "Letter one");
    is_str(one.content, "Subject: Letter one\nFrom: Ann <ann@lee.example>\n"
                        "Date: Tue, 3 Mar 2026 14:05:00 +0100\n\nPlums are ripe.\n");
    assert_int_equal(documents(f), 3);
    /* The mailbox grows: its messages keep their documents when the older version goes. */
    Document more = add(f, grown, "/in.mbox", PUT_CREATED);
    drop(f, &d.id);
    assert_int_equal(documents(f), 4);
    Document same = part(f, "/in.mbox#00001 Letter one.eml", LEDGER_INDEXED);
    assert_true(uuid_eq(&same.id, &one.id));
    has_parent(&same, &more);
    drop(f, &more.id);
    assert_int_equal(documents(f), 0);
    store_is_sound(f);
    ingest_free(f->ingest);
    store_close(f->store);
    open_all(f); /* the caches replay the log to the same state */
    store_is_sound(f);
}

/* Every kind of file through the confined child, with what it is allowed to do and no more. */
static void test_kinds(void **state)
{
    static const struct {
        const char *name, *type, *title, *words;
    } kinds[] = {{"house-rules.rtf", "rtf", "House rules", "Glass & cans | 3rd Friday"},
                 {"house.ics", "calendar",
                  "House Lindenstra\xC3\x9F"
                  "e",
                  "every 2 weeks on Thursday"},
                 {"beds.csv", "csv", "beds", "Beans | 3 April"},
                 {"tenants.csv", "csv", "tenants", "Nachname: Wei\xC3\x9F"},
                 {"orders.json", "json", "Orders of March", "items[1].name: Atlas"},
                 {"rent.png", "image", "rent", "The deposit is 1900 EUR"},
                 {"scanned.pdf", "pdf", "scanned", "The deposit is 1900 EUR"},
                 {"orchard.mbox", "mailbox", "orchard", "They are ripe."},
                 {"flowed.eml", "email", "Re: 50 \xE2\x82\xAC und \xE2\x80\x9Emehr\xE2\x80\x9C",
                  "f\xC3\xBCnfzig Euro, und die Zeile geht hier weiter."}};
    Fixture *f = *state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        char path[512];
        Document d;
        PutOutcome outcome;
        Err err = ERR_INIT;
        (void)snprintf(path, sizeof path, "%s/tests/data/documents/%s", SOTTO_SOURCE_DIR,
                       kinds[i].name);
        IngestInput in = {.path = path};
        if (!ingest_one(f->ingest, &f->owner, &in, 0, f->a, &d, &outcome, &err))
            fail_msg("%s: %s", kinds[i].name, err.msg);
        is_str(d.file_type, kinds[i].type);
        is_str(d.title, kinds[i].title);
        if (str_find(d.content, str_of(kinds[i].words), 0) == SIZE_MAX)
            fail_msg("%s: %.*s", kinds[i].name, (int)d.content.len, d.content.ptr);
    }
}

/* The row of names stands above every passage of a long table. */
static void test_table_context(void **state)
{
    Fixture *f = *state;
    Buf b;
    buf_init(&b, 1 << 20);
    (void)buf_add_c(&b, "Plant,Bed,Harvested\n");
    for (int i = 0; i < 200; i++)
        buf_printf(&b, "Bean no. %d,east %d,%d kilograms\n", i, i % 7, i * 3);
    Document d = add(f, buf_str(&b), "/harvest.csv", PUT_CREATED);
    assert_true(d.n_chunks > 5);
    CandidateQuery q = {.k = 1000};
    KwTerm term = {.kind = KW_WORD, .text = STR("kilograms"), .weight = 1};
    q.terms = &term;
    q.n_terms = 1;
    Candidates found;
    Err err = ERR_INIT;
    assert_true(store_candidates(f->store, &f->owner, &q, f->a, &found, &err));
    assert_int_equal(found.n, d.n_chunks);
    for (size_t i = 0; i < found.n; i++) {
        Chunk chunk;
        assert_true(
            store_chunks_get(f->store, &f->owner, &found.items[i].chunk_no, 1, f->a, &chunk, &err));
        is_str(chunk.context, chunk.ordinal == 0 ? "harvest" : "harvest > Plant | Bed | Harvested");
    }
    buf_release(&b);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], ZYGOTE_FLAG) == 0)
        return extract_child_main(argc, argv);
    const struct CMUnitTest tests[] = {
        WITH_STORE(test_attachments),   WITH_STORE(test_upload),  WITH_STORE(test_shared),
        WITH_STORE(test_by_hand),       WITH_STORE(test_replace), WITH_STORE(test_interrupted),
        WITH_STORE(test_depth),         WITH_STORE(test_mailbox), WITH_STORE(test_kinds),
        WITH_STORE(test_table_context),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
