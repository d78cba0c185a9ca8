/* What reaches a terminal: widths, marks, and no control character of a stranger's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "app/term.h"
#include "base/utf8.h"

static Term plain(unsigned width)
{
    Term t;
    term_init(&t); /* for the locale of wcwidth */
    t = (Term){.width = width, .utf8 = true};
    return t;
}

static void test_text_is_tamed(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"plain", "plain"},
        {"  two \t\n words  ", "two words"},
        {"\033[31mred\033[0m", "\xEF\xBF\xBD[31mred\xEF\xBF\xBD[0m"},
        {"bell\007", "bell\xEF\xBF\xBD"},
        {"csi\xC2\x9B"
         "2J",
         "csi\xEF\xBF\xBD"
         "2J"},                                               /* C1 control */
        {"abc\xE2\x80\xAEgpj.exe", "abc\xEF\xBF\xBDgpj.exe"}, /* right-to-left override */
        {"na\xC3\xAFve", "na\xC3\xAFve"},
        {"bad\xFF", "bad\xEF\xBF\xBD"},
        {"non\xC2\xA0"
         "breaking",
         "non breaking"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Buf b;
        buf_init(&b, 4096);
        term_text(&b, str_of(rows[i].in));
        assert_string_equal(b.ptr, rows[i].out);
        buf_release(&b);
    }
}

static void test_cells_have_their_width(void **state)
{
    (void)state;
    Term t = plain(80);
    static const struct {
        const char *in, *out;
        size_t columns;
    } rows[] = {
        {"abc", "abc  ", 5},
        {"abcdef", "abcd\xE2\x80\xA6", 5},
        {"abcde", "abcde", 5},
        {"\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E", "\xE6\x97\xA5\xE6\x9C\xAC\xE2\x80\xA6",
         5}, /* wide */
        {"\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E", "\xE6\x97\xA5\xE2\x80\xA6 ", 4},
        {"", "   ", 3},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Buf b;
        buf_init(&b, 4096);
        term_cell(&b, &t, str_of(rows[i].in), rows[i].columns);
        assert_string_equal(b.ptr, rows[i].out);
        assert_int_equal(term_columns(buf_str(&b)), rows[i].columns);
        buf_release(&b);
    }
}

static void test_wrap(void **state)
{
    (void)state;
    Term t = plain(30);
    Buf b;
    buf_init(&b, 4096);
    term_wrap(&b, &t, STR("The lease ends on the last day of March, at noon."), NULL, 0, 4);
    assert_string_equal(b.ptr, "    The lease ends on the last\n    day of March, at noon.\n");
    buf_clear(&b);
    term_wrap(&b, &t, STR("averyveryveryverylongwordthatfitsnowhere"), NULL, 0, 4);
    Str rest = buf_str(&b), line;
    while (str_next(&rest, '\n', &line))
        assert_true(term_columns(line) <= 30);
    buf_clear(&b);
    term_wrap(&b, &t, STR(" \n "), NULL, 0, 4);
    assert_int_equal(b.len, 0);
    buf_release(&b);
}

static void test_marks(void **state)
{
    (void)state;
    Term t = plain(40);
    t.out_styled = t.out_colour = true;
    const TermSpan marks[] = {{4, 9}, {14, 16}};
    Buf b;
    buf_init(&b, 4096);
    term_wrap(&b, &t, STR("The lease end is near"), marks, 2, 0);
    assert_string_equal(b.ptr, "The \033[1;33mlease\033[0m end \033[1;33mis\033[0m near\n");
    buf_clear(&b);
    t.out_colour = false; /* NO_COLOR */
    term_wrap(&b, &t, STR("The lease"), marks, 1, 0);
    assert_string_equal(b.ptr, "The \033[1mlease\033[0m\n");
    buf_clear(&b);
    t.out_styled = false; /* a pipe */
    term_wrap(&b, &t, STR("The lease"), marks, 1, 0);
    assert_string_equal(b.ptr, "The lease\n");
    buf_release(&b);
}

static void test_sizes(void **state)
{
    (void)state;
    static const struct {
        uint64_t n;
        const char *text;
    } rows[] = {{0, "0 bytes"},     {1, "1 byte"},          {999, "999 bytes"},
                {1000, "1.0 KB"},   {90868376, "91 MB"},    {999499, "999 KB"},
                {999999, "1.0 MB"}, {1500000000, "1.5 GB"}, {12345678901234, "12 TB"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Buf b;
        buf_init(&b, 64);
        term_bytes(&b, rows[i].n);
        assert_string_equal(b.ptr, rows[i].text);
        buf_release(&b);
    }
}

static void test_a_pipe_is_plain(void **state)
{
    (void)state;
    Term t;
    setenv("TERM", "xterm", 1);
    term_init(&t); /* the test's output is no terminal under ctest; both answers are checked */
    assert_int_equal(t.out_styled, t.out_tty);
    setenv("TERM", "dumb", 1);
    term_init(&t);
    assert_false(t.out_styled);
    assert_false(t.err_styled);
    assert_string_equal(term_paint(&t, PAINT_MARK), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_is_tamed), cmocka_unit_test(test_cells_have_their_width),
        cmocka_unit_test(test_wrap),          cmocka_unit_test(test_marks),
        cmocka_unit_test(test_sizes),         cmocka_unit_test(test_a_pipe_is_plain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
