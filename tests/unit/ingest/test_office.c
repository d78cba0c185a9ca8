/* The readers of office documents and books: what they give for files that LibreOffice, openpyxl
 * and python-docx wrote and for corners made by hand (tools/make_office_documents*.py), compared
 * byte by byte with tests/data/documents/expected; what they refuse, through the confined child. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>

#include "base/os.h"
#include "base/utf8.h"
#include "ingest/ingest.h"
#include "ingest/sandbox.h"

#define FOLDER SOTTO_SOURCE_DIR "/tests/data/documents/"

static Buf load(const char *name)
{
    char path[512];
    Buf b;
    Err err = ERR_INIT;
    buf_init(&b, 1 << 24);
    (void)snprintf(path, sizeof path, "%s%s", FOLDER, name);
    if (!os_read_file(path, &b, &err))
        fail_msg("%s", err.msg);
    return b;
}

/* Everything a reader gives, as lines: the text, then title, author, language and every mark with
 * its words. */
static void describe(const Extracted *e, Buf *to)
{
    static const char *const kinds[] = {"page", "heading", "code", "table", "item", "paragraph"};
    (void)buf_add(to, e->text);
    (void)buf_printf(to, "--- title: %.*s\nauthor: %.*s\nlanguage: %.*s\npages: %u\n",
        (int)e->title.len, e->title.ptr, (int)e->author.len, e->author.ptr, (int)e->language.len,
        e->language.ptr, e->pages);
    for (size_t i = 0; i < e->n_marks; i++) {
        const Mark *m = &e->marks[i];
        Str s = str_trim(str_sub(e->text, m->start, m->end));
        size_t line = str_find(s, STR("\n"), 0);
        (void)buf_printf(to, "%s %u: %.*s%s%.*s\n", kinds[m->kind], m->level,
            (int)(line == SIZE_MAX ? s.len : line), s.ptr, line == SIZE_MAX ? "" : " ... ",
            line == SIZE_MAX ? 0 : (int)(s.len < line + 20 ? s.len - line - 1 : 18),
            s.ptr + s.len - (s.len < line + 20 ? s.len - line - 1 : 18));
    }
}

static bool read_confined(Sandbox *s, const char *name, const char *type, Arena *a, Extracted *e,
                          Err *err)
{
    Snapshot snapshot;
    Buf b = load(name);
    Str guess = ingest_guess_type(buf_str(&b), str_of(name), STR(""));
    if (!str_eq(guess, str_of(type)))
        fail_msg("%s was taken for \"%.*s\"", name, (int)guess.len, guess.ptr);
    assert_true(snapshot_bytes(buf_str(&b), &snapshot, err));
    bool ok = sandbox_run(s, guess, str_of(name), &snapshot, a, e, err);
    snapshot_release(&snapshot);
    buf_release(&b);
    return ok;
}

static void is_as_expected(Sandbox *s, const char *name, const char *type)
{
    char path[300];
    Err err = ERR_INIT;
    Extracted e;
    Buf got;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    buf_init(&got, 1 << 24);
    assert_non_null(a);
    if (!read_confined(s, name, type, a, &e, &err))
        fail_msg("%s: %s", name, err.msg);
    describe(&e, &got);
    (void)snprintf(path, sizeof path, "expected/%s.txt", name);
    Buf expected = load(path);
    if (!str_eq(buf_str(&got), buf_str(&expected))) {
        (void)printf("=== %s gives\n%s=== end\n", name, got.ptr);
        fail_msg("%s is not read as %s says", name, path);
    }
    buf_release(&expected);
    buf_release(&got);
    arena_free(a);
}

static void test_word(void **state)
{
    is_as_expected(*state, "rules.docx", "docx");
    is_as_expected(*state, "python-docx.docx", "docx");
    is_as_expected(*state, "corners.docx", "docx");
}

static void test_sheets(void **state)
{
    is_as_expected(*state, "household.xlsx", "xlsx");
    is_as_expected(*state, "household.ods", "ods");
    is_as_expected(*state, "openpyxl.xlsx", "xlsx");
}

static void test_slides(void **state)
{
    is_as_expected(*state, "roof.pptx", "pptx");
    is_as_expected(*state, "roof.odp", "odp");
}

static void test_odt(void **state)
{
    is_as_expected(*state, "rules.odt", "odt");
}

static void test_books(void **state)
{
    is_as_expected(*state, "rules.epub", "epub");
    is_as_expected(*state, "pond.epub", "epub");
}

/* The name says one thing, the content types another: a spreadsheet named .docx. Where the first
 * bytes tell (in_zip), the guess is right already. */
static void test_misnamed(void **state)
{
    Err err = ERR_INIT;
    Extracted e;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    assert_true(read_confined(*state, "really-a-sheet.docx", "xlsx", a, &e, &err));
    assert_true(str_eq(e.text, STR("Keys\n\ncellar | 3\n")));
    Snapshot snapshot;
    Buf b = load("really-a-sheet.docx");
    assert_true(snapshot_bytes(buf_str(&b), &snapshot, &err));
    assert_true(sandbox_run(*state, STR("docx"), STR("x.docx"), &snapshot, a, &e, &err));
    assert_true(str_eq(e.text, STR("Keys\n\ncellar | 3\n")));
    snapshot_release(&snapshot);
    buf_release(&b);
    arena_free(a);
}

static void refuses(Sandbox *s, const char *name, const char *type, ErrCode code,
                    const char *message)
{
    Err err = ERR_INIT;
    Extracted e;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    if (read_confined(s, name, type, a, &e, &err))
        fail_msg("%s was read: %.*s", name, (int)e.text.len, e.text.ptr);
    if (err.code != code || strcmp(err.msg, message) != 0)
        fail_msg("%s: %d %s", name, (int)err.code, err.msg);
    arena_free(a);
}

#define ENCRYPTED "the document is encrypted: remove its password and add it again"

static void test_refusals(void **state)
{
    Sandbox *s = *state;
    refuses(s, "bomb.docx", "docx", ERR_TOO_LARGE, "the file's part word/document.xml unpacks to "
            "more than 400 times its size, as only a bomb does");
    refuses(s, "overlapping.docx", "docx", ERR_TOO_LARGE, "the file unpacks to more than 512 MiB");
    refuses(s, "laughs.docx", "docx", ERR_VALIDATION,
            "the file is refused: its XML has entities of its own");
    refuses(s, "outside.docx", "docx", ERR_VALIDATION,
            "the file is refused: its XML has entities of its own");
    refuses(s, "nested.docx", "docx", ERR_VALIDATION,
            "the file is refused: its XML has elements nested too deep");
    refuses(s, "truncated.docx", "docx", ERR_VALIDATION, "the file is damaged or cut short: it is "
            "no ZIP archive, as documents of this kind are");
    refuses(s, "flipped.docx", "docx", ERR_VALIDATION,
            "the file is damaged: its part word/document.xml cannot be unpacked");
    refuses(s, "zip-encrypted.docx", "docx", ERR_VALIDATION,
            "the file is encrypted: remove its password and add it again");
    refuses(s, "encrypted.docx", "docx", ERR_VALIDATION, ENCRYPTED);
    refuses(s, "encrypted.odt", "odt", ERR_VALIDATION, ENCRYPTED);
    refuses(s, "protected.epub", "epub", ERR_VALIDATION,
            "the book is encrypted (copy protection): it cannot be read");
    refuses(s, "old-binary.docx", "docx", ERR_UNSUPPORTED_MEDIA,
            "the file has an old binary Office "
            "format (.doc, .xls, .ppt): save it as .docx, .xlsx or .pptx and add it again");
    refuses(s, "no-document.docx", "docx", ERR_UNSUPPORTED_MEDIA,
            "the file is a ZIP archive without a document that can be read");
}

static void reads(Sandbox *s, const char *name, const char *text)
{
    Err err = ERR_INIT;
    Extracted e;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    if (!read_confined(s, name, "docx", a, &e, &err))
        fail_msg("%s: %s", name, err.msg);
    if (!str_eq(e.text, str_of(text)))
        fail_msg("%s: %.*s", name, (int)e.text.len, e.text.ptr);
    arena_free(a);
}

/* Odd, but readable: names that point out of the archive, a part that is its own header, 200 tables
 * in each other, a part that breaks off. */
static void test_survives(void **state)
{
    reads(*state, "traversal.docx", "Only names.\n");
    reads(*state, "loop.docx", "Once.\n\nOnce.\n\nOnce.\n");
    reads(*state, "tables-in-tables.docx", "deep\n");
    reads(*state, "cut-short.docx", "Read this far.\n\n(This file is damaged: its part "
          "word/document.xml could not be read to its end.)\n");
}

static void test_types(void **state)
{
    static const struct {
        const char *head, *name, *media, *type;
    } cases[] = {
        {"PK\3\4", "a.docx", "", "docx"},
        {"PK\3\4", "A.DOCM", "", "docx"},
        {"PK\3\4", "a.zip", "", ""},
        {"PK\3\4", "a.txt", "", ""},
        {"PK\3\4", "", "application/epub+zip", "epub"},
        {"PK\3\4__________________________mimetypeapplication/epub+zip", "a.zip", "", "epub"},
        {"PK\3\4__________________________mimetypeapplication/vnd.oasis.opendocument.text-template",
         "", "", "odt"},
        {"PK\3\4__________________________mimetypeapplication/vnd.oasis.opendocument.spreadsheet",
         "x.odt", "", "ods"},
        {"PK\3\4__________________________[Content_Types].xml...PK\3\4__________________________"
         "ppt/presentation.xml", "", "", "pptx"},
        {"PK\3\4__________________________xl/workbook.xml", "table.docx", "", "xlsx"},
        {"\xD0\xCF\x11\xE0", "a.docx", "", "docx"},
        {"\xD0\xCF\x11\xE0", "a.doc", "", ""},
        {"not a zip file at all", "a.odt", "", "odt"},
        {"words", "", "application/vnd.oasis.opendocument.text", "text"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Str type =
            ingest_guess_type(str_of(cases[i].head), str_of(cases[i].name), str_of(cases[i].media));
        if (!str_eq(type, str_of(cases[i].type)))
            fail_msg("case %zu: \"%.*s\" is not \"%s\"", i, (int)type.len, type.ptr, cases[i].type);
    }
}

static int open_sandbox(void **state)
{
    Err err = ERR_INIT;
    /* The sanitizers make bombs slow; nothing here is about time. */
    *state = sandbox_new(&(SandboxOptions){.timeout_ms = 120000}, &err);
    return *state ? 0 : -1;
}

static int close_sandbox(void **state)
{
    sandbox_free(*state);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], ZYGOTE_FLAG) == 0)
        return extract_child_main(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_word),     cmocka_unit_test(test_sheets),
        cmocka_unit_test(test_slides),   cmocka_unit_test(test_odt),
        cmocka_unit_test(test_books),    cmocka_unit_test(test_misnamed),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_survives),
        cmocka_unit_test(test_types)};
    return cmocka_run_group_tests(tests, open_sandbox, close_sandbox);
}
