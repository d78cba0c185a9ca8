/* Every reader on the files of tests/data/documents (tools/make_test_documents.py made them),
 * called in this process: what they give is compared word for word. Then what each must refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>

#include "base/os.h"
#include "base/utf8.h"
#include "ingest/extract.h"
#include "ingest/ingest.h"

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

static bool read_with(const char *type, Str data, ExtractOut *out, Err *err)
{
    const Reader *r = reader_find(str_of(type));
    assert_non_null(r);
    if ((r->preload && !r->preload(err)) || !charset_preload(err))
        fail_msg("%s", err->msg);
    extract_init(out, 1 << 20);
    bool ok = r->read(data, STR("name"), out, err) && extract_check(out, err);
    if (ok) {
        assert_true(utf8_ok(buf_str(&out->text)));
        for (size_t i = 0; i < out->n_marks; i++)
            assert_true(out->marks[i].start <= out->marks[i].end &&
                        out->marks[i].end <= out->text.len);
    }
    return ok;
}

/* Reads a file with the reader that its bytes and name choose. */
static ExtractOut read_file(const char *name, const char *expected_type)
{
    ExtractOut out;
    Err err = ERR_INIT;
    Buf b = load(name);
    Str type = ingest_guess_type(buf_str(&b), str_of(name), STR(""));
    if (!str_eq(type, str_of(expected_type)))
        fail_msg("%s was taken for \"%.*s\"", name, (int)type.len, type.ptr);
    if (!read_with(expected_type, buf_str(&b), &out, &err))
        fail_msg("%s: %s", name, err.msg);
    buf_release(&b);
    return out;
}

static void is_text(ExtractOut *out, const char *text, const char *title)
{
    assert_string_equal(out->text.ptr ? out->text.ptr : "", text);
    assert_string_equal(out->title.ptr ? out->title.ptr : "", title);
    extract_release(out);
}

/* A mark of this kind and level covers exactly these words. */
static void has_mark(const ExtractOut *out, MarkKind kind, uint32_t level, const char *words)
{
    for (size_t i = 0; i < out->n_marks; i++) {
        const Mark *m = &out->marks[i];
        Str s = str_trim(str_sub(buf_str(&out->text), m->start, m->end));
        if (m->kind == kind && m->level == level && str_eq(s, str_of(words)))
            return;
    }
    fail_msg("no mark of kind %d for \"%s\"", (int)kind, words);
}

static void test_markdown(void **state)
{
    (void)state;
    ExtractOut out = read_file("garden.md", "markdown");
    has_mark(&out, MARK_HEADING, 1, "What grows where");
    has_mark(&out, MARK_HEADING, 2, "Setext heading");
    has_mark(&out, MARK_TABLE, 0,
             "Bed | Plant | Sown\nEast | Beans | 3 April\nWest | Peas | 20 March");
    has_mark(&out, MARK_CODE, 0, "for bed in beds:\n    water(bed)");
    has_mark(&out, MARK_LIST_ITEM, 2, "- early");
    assert_string_equal(out.author.ptr, "Ruth Fields");
    is_text(&out,
        "author: Ruth Fields\nseason: spring\n\nWhat grows where\n\n"
        "Intro with emphasis, code, a link (https://seeds.example/list) and an old fence. "
        "Second line of the same paragraph & an entity: 5 \xE2\x82\xAC.\n\nBeds\n\n"
        "1. Beans\n2. Peas\n  - early\n  - late\n3. Nothing\n\n"
        "Bed | Plant | Sown\nEast | Beans | 3 April\nWest | Peas | 20 March\n\n"
        "- [x] order seeds\n- [ ] repair the old fence\n\n"
        "for bed in beds:\n    water(bed)\n\n"
        "Grandma says: never before the ice saints.\n\nSetext heading\n\n"
        "Raw HTML stays readable.\n\nA block of HTML.\nNext line.\n\n"
        "Mail ruth@fields.example or see Compost.\n", "Garden notes");
}

static void markdown_is(const char *source, const char *text, const char *title)
{
    ExtractOut out;
    Err err = ERR_INIT;
    assert_true(read_with("markdown", str_of(source), &out, &err));
    is_text(&out, text, title);
}

static void test_markdown_corners(void **state)
{
    (void)state;
    markdown_is("", "", "");
    markdown_is("# [![badge](b.svg)](x) Name [site](https://a.example)\n", "Name site\n",
                "Name site");
    markdown_is("---\nno end of the front matter\n", "no end of the front matter\n", "");
    markdown_is("---\ntitle: 'Quoted'\n---\nBody", "Body\n", "Quoted");
    markdown_is("a\n<!-- not <b>shown</b> -->\nb", "a\n\nb\n", "");
    markdown_is("1. one\n\n   more\n\n2. two", "1. one\n\nmore\n2. two\n", "");
    markdown_is("<script>\nvar a = \"<p>\";\n</script>\n\nText", "Text\n", "");
    markdown_is("R\xC3\xA9sum\xC3\xA9 &eacute; &#65; &#x42; &nosuch; &#128;",
                "R\xC3\xA9sum\xC3\xA9 \xC3\xA9 A B &nosuch; \xE2\x82\xAC\n", "");
}

static void test_html(void **state)
{
    (void)state;
    ExtractOut out = read_file("library.html", "html");
    has_mark(&out, MARK_HEADING, 1, "Opening hours");
    has_mark(&out, MARK_TABLE, 0, "Hours\nDay | From | To\nMonday | 9 | 18\nTuesday | 10 | 20");
    has_mark(&out, MARK_CODE, 0, "keep   this\nas it is");
    assert_string_equal(out.author.ptr, "City Library");
    assert_string_equal(out.language.ptr, "en");
    is_text(&out,
        "Opening hours\n\nWe are open on weekdays,\nand on Saturday mornings.\n\n"
        "Unclosed paragraph with an unclosed bold word.\n\n"
        "Hours\nDay | From | To\nMonday | 9 | 18\nTuesday | 10 | 20\n\n"
        "- Loans: four weeks\n  - films: one week\n- Fees: 0.50 a day\n\n"
        "  keep   this\nas it is\n\n"
        "Write to our desk (desk@library.example). <b> is no tag here.\n",
        "Opening hours \xE2\x80\x93 Library");
    out = read_file("navigation-only.html", "html");
    is_text(&out, "First page\n", "");
}

static void html_is(const char *source, const char *text)
{
    ExtractOut out;
    Err err = ERR_INIT;
    assert_true(read_with("html", str_of(source), &out, &err));
    is_text(&out, text, "");
}

static void test_html_corners(void **state)
{
    (void)state;
    html_is("", "");
    html_is("just words", "just words\n");
    html_is("<p>a<br><br><br>b", "a\n\nb\n");
    html_is("<div>one</div><div><br></div><div>two</div>", "one\n\ntwo\n");
    html_is("<table><tr><td><table><tr><td>a<td>b</table><td><h2>c</h2></table>", "a | b\n\nc\n");
    html_is("<table><tr><td>1<td>2</tr></table>after", "1 | 2\n\nafter\n");
    html_is("<ul><li>a<li>b</ul><ol><li>x<li>y</ol>", "- a\n- b\n\n1. x\n2. y\n");
    html_is("<a href='tel:+49 123'>ring</a> <a href='tel:5550100'>555-0100</a>", "ring (+49 123) "
                                                                                 "555-0100\n");
    html_is("<img alt='A red boat'> sails <img alt=x>", "A red boat sails\n");
    html_is("&euro;&#8364;&hellip;&bogus;", "\xE2\x82\xAC\xE2\x82\xAC\xE2\x80\xA6&bogus;\n");
    html_is("<p>kept</p><template><p>not</p></template><noscript>not</noscript>", "kept\n");
}

static const char german[] = "Sehr geehrte Frau M\xC3\xBCller,\n\ndie K\xC3\xBCndigungsfrist "
                             "betr\xC3\xA4gt "
                             "drei Monate. Die Kaution \xC3\xBC"
                             "berweisen wir zur\xC3\xBC"
                             "ck, sobald die Wohnung "
                             "\xC3\xBC"
                             "bergeben ist.\n\nMit freundlichen Gr\xC3\xBC\xC3\x9F"
                             "en\nJ\xC3\xBCrgen Wei\xC3\x9F\n";

static void test_charsets(void **state)
{
    static const char *const same[] = {"german-latin1.txt", "german-utf16.txt",
                                       "german-utf16-no-mark.txt", "german-utf32.txt"};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        ExtractOut out = read_file(same[i], "text");
        is_text(&out, german, "");
    }
    ExtractOut out = read_file("german-ebcdic.txt", "text");
    assert_non_null(strstr(out.text.ptr, "K\xC3\xBCndigungsfrist betr\xC3\xA4gt drei Monate."));
    extract_release(&out);
    out = read_file("russian-1251.txt", "text");
    assert_non_null(strstr(out.text.ptr, "\xD0\xBA\xD0\xB2\xD0\xB0\xD1\x80\xD1\x82\xD0\xB8\xD1\x80"
                                         "\xD1\x8B"));
    extract_release(&out);
#define JAPANESE                                                                                   \
    "\xE8\xAB\x8B\xE6\xB1\x82\xE6\x9B\xB8 \xE5\xAE\xB6\xE8\xB3\x83\xE3\x81\xAF\xE4\xB9\x9D\xE4"    \
    "\xB8\x87\xE5\x86\x86\xE3\x81\xA7\xE3\x81\x99\xE3\x80\x82"
    out = read_file("japanese-sjis.html", "html");
    is_text(&out, JAPANESE "\n", "\xE8\xAB\x8B\xE6\xB1\x82\xE6\x9B\xB8");
    out = read_file("japanese-jis.html", "html");
    is_text(&out, JAPANESE "\n", "");
}

static void text_is(Str data, const char *text)
{
    ExtractOut out;
    Err err = ERR_INIT;
    if (!read_with("text", data, &out, &err))
        fail_msg("%s", err.msg);
    is_text(&out, text, "");
}

static void test_text_corners(void **state)
{
    (void)state;
    text_is(STR(""), "");
    text_is(STR("\xEF\xBB\xBFwith a mark\r\nand\rlines"), "with a mark\nand\nlines");
    text_is(STR("mostly fine "
                "\xC3\xA4\xC3\xB6\xC3\xBC\xC3\xA4\xC3\xB6\xC3\xBC\xC3\xA4\xC3\xB6\xC3\xBC\xC3\xA4 "
                "\xFF here"),
            "mostly fine "
            "\xC3\xA4\xC3\xB6\xC3\xBC\xC3\xA4\xC3\xB6\xC3\xBC\xC3\xA4\xC3\xB6\xC3\xBC\xC3\xA4 "
            "\xEF\xBF\xBD here");
    text_is(STR("cut in the middle of \xE2\x82"), "cut in the middle of \xEF\xBF\xBD");
    text_is(STR("colours \x1b[31mred\x1b[0m \x07"), "colours [31mred[0m ");
    text_is(str_mem("\xFF\xFE=\xD8\x00\xDE", 6), "\xF0\x9F\x98\x80");
    ExtractOut out = read_file("mail.txt", "text");
    assert_string_equal(out.title.ptr, "The boat, again");
    assert_string_equal(out.author.ptr, "Ann Lee <ann@lee.example>");
    extract_release(&out);
}

static void test_pdf(void **state)
{
    (void)state;
    ExtractOut out = read_file("pond.pdf", "pdf");
    has_mark(&out, MARK_HEADING, 1, "The village pond");
    has_mark(&out, MARK_HEADING, 3, "Visitors");
    has_mark(&out, MARK_TABLE, 0,
             "Herons | March to October | rare\nKingfishers | all year | common");
    assert_int_equal(out.pages, 1);
    is_text(&out,
            "The village pond\n\nThe pond was dug in seventeen hundred and twelve, when the "
            "village had no water "
            "of its own, and it has been deepened twice since then, according to the parish books. "
            "Extraordinarily dry summers emptied it completely.\n\nVisitors\n\n"
            "Herons | March to October | rare\nKingfishers | all year | common\n",
            "untitled");
    out = read_file("form.pdf", "pdf");
    is_text(&out, "Name: Nora Fields\nCity: Westbrook\xC3\xA4\n", "");
    out = read_file("encrypted-no-password.pdf", "pdf");
    is_text(&out, "The secret is kept.\n", "");
    out = read_file("picture-only.pdf", "pdf");
    assert_int_equal(out.pages, 1);
    is_text(&out, "", "");
    out = read_file("japanese.pdf", "pdf");
    if (os_is_dir("/usr/share/poppler/cMap"))
        assert_non_null(strstr(out.text.ptr, "\xE5\xAE\xB6\xE8\xB3\x83\xE3\x81\xAF"));
    else
        print_message("without the package poppler-data: the Japanese page stays empty\n");
    extract_release(&out);
}

static void test_pages(void **state)
{
    Buf b;
    Err err = ERR_INIT;
    ExtractOut out;
    (void)state;
    buf_init(&b, 1 << 20);
    assert_true(os_read_file(SOTTO_SOURCE_DIR "/share/sample/home/rental-agreement.pdf", &b, &err));
    assert_true(read_with("pdf", buf_str(&b), &out, &err));
    assert_int_equal(out.pages, 2);
    size_t pages = 0;
    for (size_t i = 0; i < out.n_marks; i++) {
        if (out.marks[i].kind != MARK_PAGE)
            continue;
        Str page = str_sub(buf_str(&out.text), out.marks[i].start, out.marks[i].end);
        assert_int_equal(out.marks[i].level, ++pages);
        assert_true(str_find(page,
                             pages == 1 ? STR("Mrs. Helen Abbott") : STR("The notice period is"),
                             0) != SIZE_MAX);
    }
    assert_int_equal(pages, 2);
    assert_string_equal(out.author.ptr, "Helen Abbott");
    extract_release(&out);
    buf_release(&b);
}

static void refuses(const char *type, const char *name, ErrCode code, const char *words)
{
    ExtractOut out;
    Err err = ERR_INIT;
    Buf b = load(name);
    assert_false(read_with(type, buf_str(&b), &out, &err));
    if (err.code != code || !strstr(err.msg, words))
        fail_msg("%s: %s (%d)", name, err.msg, err.code);
    extract_release(&out);
    buf_release(&b);
}

static void test_refusals(void **state)
{
    (void)state;
    refuses("pdf", "encrypted.pdf", ERR_VALIDATION, "encrypted");
    refuses("pdf", "truncated.pdf", ERR_VALIDATION, "damaged");
    refuses("pdf", "not-a.pdf", ERR_VALIDATION, "damaged");
    refuses("text", "binary.txt", ERR_UNSUPPORTED_MEDIA, "binary");
    refuses("markdown", "binary.txt", ERR_UNSUPPORTED_MEDIA, "binary");
    refuses("html", "binary.txt", ERR_UNSUPPORTED_MEDIA, "binary");
}

static void test_ceiling(void **state)
{
    Err err = ERR_INIT;
    (void)state;
    static const struct {
        const char *type, *data;
    } cases[] = {{"text", "0123456789 0123456789"}, {"markdown", "# 0123456789 0123456789"},
        {"html", "<p>0123456789 0123456789"}};
    for (size_t i = 0; i < 3; i++) {
        ExtractOut out;
        const Reader *r = reader_find(str_of(cases[i].type));
        extract_init(&out, 12);
        err = ERR_INIT;
        bool ok = r->read(str_of(cases[i].data), STR(""), &out, &err) && extract_check(&out, &err);
        assert_false(ok);
        assert_int_equal(err.code, ERR_TOO_LARGE);
        extract_release(&out);
    }
}

static void test_types(void **state)
{
    static const struct {
        const char *head, *name, *media, *type;
    } cases[] = {{"%PDF-1.4", "x.txt", "", "pdf"},
                 {"junk before\n%PDF-1.7", "", "", "pdf"},
                 {"no mark", "x.pdf", "", "pdf"},
                 {"<!DOCTYPE HTML><p>", "", "", "html"},
                 {"  <!-- c --><?xml version='1.0'?>\n<html>", "saved", "", "html"},
                 {"<p>part", "part.htm", "", "html"},
                 {"# x", "README.md", "", "markdown"},
                 {"# x", "README", "text/markdown; charset=utf-8", "markdown"},
                 {"# x", "notes", "", "text"},
                 {"a,b", "t.csv", "text/csv", "csv"},
                 {"<html>", "page.txt", "", "html"},
                 {"PK\3\4zip", "x.zip", "", ""},
                 {"\x89PNG\r\n", "x.txt", "", "image"},
                 {"RIFF\4\4\4\4WEBP", "x", "", "image"},
                 {"RIFF\4\4\4\4WAVE", "x.png", "", "audio"},
                 {"RIFF\4\4\4\4AVI ", "x.wav", "", ""},
                 {"ID3\4", "x.txt", "", "audio"},
                 {"just words", "x.wav", "", "text"},
                 {"\1\2\3\4\5", "x.bmp", "", "image"},
                 {"{\\rtf1", "x.doc", "", "rtf"},
                 {"BEGIN:VCALENDAR\n", "x.txt", "", "calendar"},
                 {"From: a@b\nTo: c@d\nSubject: e\n\nf", "", "", "email"},
                 {"From: a@b\nTo: c@d\nSubject: e\n\nf", "saved.txt", "", "text"},
                 {"From: here to there\nis far", "", "", "text"},
                 {"From a@b Tue Mar  3\nFrom: a@b\nTo: c@d\nDate: e\n\nf", "Inbox", "",
                  "mailbox"},
                 {"<html>", "x.eml", "", "email"},
                 {"x", "", "message/rfc822", "email"},
                 {"{}", "x.geojson", "", "json"},
                 {"words", "x", "image/png", "text"},
                 {"words", "", "application/pdf", "text"},
                 {"words", "strange.xyz", "application/octet-stream", "text"},
                 {"\xFF\xFEw", "", "", "text"},
                 {"\1\2\3\4\5", "x.txt", "", ""},
                 {"\1\2\3\4\5", "x.md", "", ""}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Str type =
            ingest_guess_type(str_of(cases[i].head), str_of(cases[i].name), str_of(cases[i].media));
        if (!str_eq(type, str_of(cases[i].type)))
            fail_msg("case %zu: \"%.*s\" is not \"%s\"", i, (int)type.len, type.ptr, cases[i].type);
    }
    size_t n;
    const IngestType *types = ingest_types(&n);
    assert_int_equal(n, 19);
    for (size_t i = 0; i < n; i++)
        if (strcmp(types[i].type, "audio") != 0) /* heard, not read: memo.h */
            assert_non_null(reader_find(str_of(types[i].type)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_markdown), cmocka_unit_test(test_markdown_corners),
        cmocka_unit_test(test_html),     cmocka_unit_test(test_html_corners),
        cmocka_unit_test(test_charsets), cmocka_unit_test(test_text_corners),
        cmocka_unit_test(test_pdf),      cmocka_unit_test(test_pages),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_ceiling),
        cmocka_unit_test(test_types)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
