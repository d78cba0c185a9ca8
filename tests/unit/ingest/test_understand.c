/* Titles, importance, the child's answer as bytes, and a page's geometry. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>

#include "ingest/frame.h"
#include "ingest/pdf_layout.h"
#include "ingest/understand.h"

static void title_is(const char *own, const char *text, const Mark *marks, size_t n,
                     const char *file, const char *expected)
{
    Arena *a = arena_new(1 << 20);
    Extracted e = {.text = str_of(text), .title = str_of(own), .marks = marks, .n_marks = n};
    Str title;
    Err err = ERR_INIT;
    assert_true(understand_title(&e, str_of(file), a, &title, &err));
    if (!str_eq(title, str_of(expected)))
        fail_msg("\"%.*s\" is not \"%s\"", (int)title.len, title.ptr, expected);
    arena_free(a);
}

static void test_title(void **state)
{
    const Mark heading = {MARK_HEADING, 0, 5, 1};
    (void)state;
    title_is("  My \n lease ", "Lease and more", &heading, 1, "x.pdf", "My lease");
    title_is("Microsoft Word - lease.doc", "Lease and more", &heading, 1, "x.pdf", "Lease");
    title_is("untitled", "Lease and more", NULL, 0, "x_y-z.pdf", "Lease and more");
    title_is("12/04/2019", "text", NULL, 0, "scan.pdf", "text");
    title_is("", "text", NULL, 0, "/home/n/2026-11-23_gas-bill.final.txt",
             "2026-11-23 gas bill.final");
    title_is("", "text", NULL, 0, "My own-name.md", "My own-name");
    title_is("", "text", NULL, 0, ".profile", ".profile");
    /* What programs leave, whatever its number; paths; addresses. */
    const char *const junk[] = {"Microsoft Word - Document1", "Untitled-3", "Slide 1",
                                "C:\\Users\\n\\x", "/home/n/lease", "https://example.org/a",
                                "report_final.pdf", "Document (2)", "PowerPoint Presentation"};
    for (size_t i = 0; i < sizeof junk / sizeof *junk; i++)
        title_is(junk[i], "Lease of the flat\n\nThe flat is let.", NULL, 0, "IMG_1.pdf",
                 "Lease of the flat");
    title_is("File systems compared", "x", NULL, 0, "", "File systems compared");
    /* A first line that is no title. */
    title_is("", "Dear Anna,\n\nthe flat is let.", NULL, 0, "letter_to_anna.txt",
             "letter to anna");
    title_is("", "Berlin, 4 March 2024\n\nNotice of termination\n\nDear Sir", NULL, 0, "scan1.pdf",
             "Notice of termination");
    title_is("", "name,age,town\nAnna,34,Berlin\n", NULL, 0, "people.csv", "people");
    title_is("", "2024-03-04 10:00:01 INFO started\n", NULL, 0, "server-log.txt", "server log");
    title_is("", "Call the plumber. Then pay.", NULL, 0, "", "Call the plumber.");
    title_is("Index of things to do in Lisbon", "x", NULL, 0, "",
             "Index of things to do in Lisbon");
    title_is("index", "First words here", NULL, 0, "", "First words here");
}

static double score(const char *text)
{
    Extracted e = {.text = str_of(text)};
    Importance v = understand_importance(&e);
    assert_true(v.score >= 0 && v.score <= 1);
    return v.score;
}

static void test_importance(void **state)
{
    (void)state;
    double nothing = score(""), recipe = score("Peel the apples and bake them for fifty minutes."),
           bill = score("Invoice: please pay the total of 205.28 EUR by 4 December 2026. Payment "
                        "is due on 2026-12-04; "
                        "the fee for a late payment is 5 EUR. The contract must be cancelled by "
                        "01.12.2026.");
    assert_true(fabs(nothing - 0.2) < 1e-9);
    assert_true(recipe < 0.25 && bill > 0.6);
    Extracted e = {.text = STR("due due due due due due 1.2.2026 1.2.2026 2.3.26 2026-11-23 1 EUR "
                               "2 EUR 3 EUR \xE2\x82\xAC"
                               "4")};
    Importance v = understand_importance(&e);
    for (ImportanceSignal i = SIGNAL_DUTY; i <= SIGNAL_MONEY; i++)
        assert_true(fabs(v.reasons[i].value - 1) < 1e-9);
    assert_int_equal(v.reasons[SIGNAL_DUTY].count, 6);
    assert_int_equal(v.reasons[SIGNAL_DUTY].n_found, 1);
    assert_int_equal(v.reasons[SIGNAL_DATES].n_found, 3);
    assert_true(str_eq(v.reasons[SIGNAL_MONEY].found[0], STR("1 EUR")));
    double sum = IMPORTANCE_BASE;
    for (size_t i = 0; i < IMPORTANCE_SIGNALS; i++)
        sum += v.reasons[i].weight * v.reasons[i].value;
    assert_true(fabs(sum - v.score) < 1e-9);
}

/* ---- frames ---------------------------------------------------------------------------------- */

static Buf good_frame(void)
{
    ExtractOut out;
    Buf b;
    extract_init(&out, 1000);
    extract_add(&out, STR("Gr\xC3\xBC\xC3\x9F" "e\nhere"));
    extract_mark(&out, MARK_HEADING, 0, 7, 2);
    extract_meta(&out.title, STR("A  title"));
    extract_meta(&out.author, STR("An author"));
    out.pages = 3;
    buf_init(&b, 10000);
    assert_true(frame_write(&b, &out, NULL));
    extract_release(&out);
    return b;
}

static bool parse(Str frame, size_t max, Extracted *e, Err *err)
{
    static Arena *a;
    if (!a)
        a = arena_new(1 << 24);
    arena_reset(a);
    *err = ERR_INIT;
    return frame_parse(frame, max, a, e, err);
}

static void test_frame(void **state)
{
    Extracted e;
    Err err;
    (void)state;
    Buf b = good_frame();
    assert_true(parse(buf_str(&b), 1000, &e, &err));
    assert_true(str_eq(e.text, STR("Gr\xC3\xBC\xC3\x9F" "e\nhere")));
    assert_true(str_eq(e.title, STR("A title")) && str_eq(e.author, STR("An author")));
    assert_int_equal(e.n_marks, 1);
    assert_true(e.marks[0].kind == MARK_HEADING && e.marks[0].end == 7 && e.marks[0].level == 2);
    assert_int_equal(e.pages, 3);
    assert_false(parse(buf_str(&b), 5, &e, &err)); /* more text than allowed */
    for (size_t cut = 0; cut < b.len; cut++) {
        assert_false(parse(str_mem(b.ptr, cut), 1000, &e, &err));
        assert_int_equal(err.code, ERR_CORRUPT);
    }
    assert_true(buf_add_char(&b, 'x'));
    assert_false(parse(buf_str(&b), 1000, &e, &err));
    buf_release(&b);
}

/* Every byte replaced by others: refused, or still clean text within its marks. */
static void test_frame_damage(void **state)
{
    Extracted e;
    Err err;
    size_t refused = 0;
    (void)state;
    Buf b = good_frame();
    for (size_t i = 0; i < b.len; i++) {
        for (int v = 0; v < 256; v += 15) {
            char old = b.ptr[i];
            b.ptr[i] = (char)v;
            if (!parse(buf_str(&b), 1000, &e, &err)) {
                refused++;
            } else {
                assert_true(!memchr(e.text.ptr, '\0', e.text.len) &&
                            !memchr(e.text.ptr, '\x1b', e.text.len));
                for (size_t m = 0; m < e.n_marks; m++)
                    assert_true(e.marks[m].start <= e.marks[m].end && e.marks[m].end <= e.text.len);
            }
            b.ptr[i] = old;
        }
    }
    assert_true(refused > 300);
    buf_release(&b);
}

static void test_frame_error(void **state)
{
    Extracted e;
    Err err, failure = {ERR_VALIDATION, "it is\ndamaged"};
    Buf b;
    (void)state;
    buf_init(&b, 10000);
    assert_true(frame_write(&b, NULL, &failure));
    assert_false(parse(buf_str(&b), 1000, &e, &err));
    assert_int_equal(err.code, ERR_VALIDATION);
    assert_string_equal(err.msg, "it is damaged");
    buf_release(&b);
}

/* ---- layout of a page ------------------------------------------------------------------------ */

static PdfLine line(const char *text, float x, float y, float size)
{
    float per_char = size * 0.5f, first = 0;
    Str s = str_of(text);
    for (size_t i = 0; i < s.len && s.ptr[i] != ' '; i++)
        first += per_char;
    return (PdfLine){.text = s, .x0 = x, .y0 = y, .x1 = x + per_char * (float)s.len, .y1 = y + size,
        .first_word = first, .size = size};
}

static void page_is(const PdfLine *lines, size_t n, const char *expected)
{
    ExtractOut out;
    Err err = ERR_INIT;
    extract_init(&out, 100000);
    assert_true(pdf_layout_page(lines, n, 600, 10, &out, &err));
    extract_end(&out);
    assert_string_equal(out.text.ptr ? out.text.ptr : "", expected);
    extract_release(&out);
}

static void test_layout(void **state)
{
    (void)state;
    page_is(NULL, 0, "");
    const PdfLine wrapped[] = {line("The quick brown fox jumps over the extra-", 50, 100, 10),
        line("ordinarily lazy dog and then it goes to a", 50, 112, 10), line("place.", 50, 124, 10),
        line("Another paragraph after some white space here.", 50, 160, 10)};
    page_is(wrapped, 4,
            "The quick brown fox jumps over the extraordinarily lazy dog and then it goes to a "
            "place.\n\n"
            "Another paragraph after some white space here.\n");
    const PdfLine own_hyphen[] = {line("It is a well-known fact, and facts are well-", 50, 100, 10),
        line("known here among people who have read this", 50, 112, 10)};
    page_is(own_hyphen, 2,
            "It is a well-known fact, and facts are well-known here among people who have read "
            "this\n");
    const PdfLine address[] = {line("Nora Fields", 50, 100, 10), line("Alder Lane 14", 50, 112, 10),
        line("Westbrook", 50, 124, 10)};
    page_is(address, 3, "Nora Fields\nAlder Lane 14\nWestbrook\n");
    /* As the library gives them: the left column, then the right one. */
    const PdfLine table[] = {line("Rent of the apartment", 50, 100, 10),
                             line("Deposit", 50, 116, 10), line("1,240.00 EUR", 300, 100, 10),
                             line("2,480.00 EUR", 300, 116, 10)};
    page_is(table, 4, "Rent of the apartment | 1,240.00 EUR\nDeposit | 2,480.00 EUR\n");
    const PdfLine columns[] = {line("This is the left column of a newspaper and", 50, 100, 10),
        line("its text goes on in the next line as always.", 50, 112, 10),
        line("The right column says something else, and it", 320, 100, 10),
        line("takes as many words to say it as the left.", 320, 112, 10)};
    page_is(columns, 4,
            "This is the left column of a newspaper and its text goes on in the next line as "
            "always.\n\n"
            "The right column says something else, and it takes as many words to say it as the "
            "left.\n");
    const PdfLine odd[] = {line("\xEF\xAC\x81ne e\xEF\xAC\x83"
                                "cient",
                                50, 100, 10),
                           line("\xEF\x82\xB7 bullet", 50, 140, 10),
                           {.text = STR("nowhere"), .x0 = NAN, .y0 = NAN, .x1 = NAN, .y1 = NAN}};
    page_is(odd, 3, "fine efficient\n\n\xE2\x80\xA2 bullet\n\nnowhere\n");
}

/* Four pages with a header, a footer and text; the third has no footer. */
static void test_running(void **state)
{
    PdfLine lines[4][4];
    PdfPage pages[4];
    (void)state;
    static const char *const footers[] = {"Page 1 of 4", "Page 2 of 4", NULL, "Page 4 of 4"};
    static const char *const texts[] = {"First text", "Second text", "Third text", "Fourth text"};
    for (size_t i = 0; i < 4; i++) {
        pages[i] = (PdfPage){.lines = lines[i], .width = 600};
        lines[i][pages[i].n++] = line(texts[i], 50, 300, 10);
        lines[i][pages[i].n++] = line("More of it", 50, 340, 10);
        lines[i][pages[i].n++] = line("Annual report 2026", 50, 20, 10);
        if (footers[i])
            lines[i][pages[i].n++] = line(footers[i], 50, 800, 10);
    }
    /* "More of it" is an edge line of the third page alone, of four: it stays. */
    lines[0][1].text = STR("Other");
    lines[1][1].text = STR("Else");
    lines[3][1].text = STR("Last");
    assert_int_equal(pdf_drop_running(pages, 4), 3 + 2);
    assert_int_equal(pages[0].n, 4);
    assert_int_equal(pages[1].n, 2);
    assert_int_equal(pages[2].n, 2);
    assert_true(str_eq(pages[2].lines[1].text, STR("More of it")));
    assert_int_equal(pdf_drop_running(pages, 1), 0);
    assert_int_equal(pdf_drop_running(pages, 0), 0);
    /* Two pages of one letter: another day's number is the same line, other words are not. */
    PdfLine a[] = {line("Report 1", 50, 20, 10), line("Rent is due", 50, 50, 10)},
            b[] = {line("Report 2", 50, 20, 10), line("Rent is paid", 50, 50, 10)};
    PdfPage two[] = {{.lines = a, .n = 2, .width = 600}, {.lines = b, .n = 2, .width = 600}};
    assert_int_equal(pdf_drop_running(two, 2), 1);
    assert_int_equal(two[1].n, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_title),       cmocka_unit_test(test_importance),
        cmocka_unit_test(test_frame),       cmocka_unit_test(test_frame_damage),
        cmocka_unit_test(test_frame_error), cmocka_unit_test(test_layout),
        cmocka_unit_test(test_running)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
