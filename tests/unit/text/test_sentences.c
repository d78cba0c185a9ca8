/* Sentences: a table of texts with their sentences divided by "|", and the cover property on random
 * text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>

#include "text/letters.h"
#include "text/sentences.h"

static void expect(const char *text, const char *expected)
{
    Buf got;
    buf_init(&got, 1 << 16);
    size_t at = 0, start, end;
    while (sentence_next(str_of(text), &at, &start, &end)) {
        assert_true(start < end && end <= strlen(text));
        if (got.len)
            buf_add_char(&got, '|');
        buf_add_mem(&got, text + start, end - start);
    }
    assert_string_equal(got.len ? got.ptr : "", expected);
    buf_release(&got);
}

static void test_table(void **state)
{
    (void)state;
    expect("", "");
    expect("  \n\t \xC2\xA0 ", "");
    /* a sentence that begins at the end of a wide line goes on in the next */
    expect("Please look at the hair of your child every day. Mrs Summer is from\nMonday on away.",
           "Please look at the hair of your child every day.|Mrs Summer is from\nMonday on "
           "away.");
    expect("One. Two! Three? Four", "One.|Two!|Three?|Four");
    expect("Dr. Smith met J. R. Tolkien on p. 5. He left.",
           "Dr. Smith met J. R. Tolkien on p. 5.|He left.");
    expect("It cost 3.50 EUR. Paid in 2019. Then nothing.",
           "It cost 3.50 EUR.|Paid in 2019.|Then nothing.");
    expect("See e.g. the U.S. law. We met at 5 p.m. on Monday. Call Acme Inc. They know.",
           "See e.g. the U.S. law.|We met at 5 p.m. on Monday.|Call Acme Inc.|They know.");
    expect("\"Really?\" he said. (It was late.) \"Yes.\" Good.",
           "\"Really?\" he said.|(It was late.)|\"Yes.\"|Good.");
    expect("Wait... what? No\xE2\x80\xA6 Yes.", "Wait... what?|No\xE2\x80\xA6|Yes.");
    expect("Visit example.com. Version 1.2.3 is out.", "Visit example.com.|Version 1.2.3 is out.");
    expect("Am 3. M\xC3\xA4rz kam Dr. Braun. Seite 12. Ende.",
           "Am 3. M\xC3\xA4rz kam Dr. Braun.|Seite 12.|Ende.");
    expect("So did I. Then we left.", "So did I.|Then we left.");
    expect("\xE4\xBB\x8A\xE6\x97\xA5\xE3\x80\x82\xE6\x98\x8E\xE6\x97\xA5\xEF\xBC\x81\xE6\x98\xA8",
           "\xE4\xBB\x8A\xE6\x97\xA5\xE3\x80\x82|\xE6\x98\x8E\xE6\x97\xA5\xEF\xBC\x81|"
           "\xE6\x98\xA8");
}

static void test_lines(void **state)
{
    (void)state;
    expect("A heading\n\nA paragraph that goes\non here.", "A heading|A paragraph that goes\non "
                                                           "here.");
    expect("Rent: 950 EUR\nDeposit: 1900 EUR\nNotice: 3 months",
           "Rent: 950 EUR|Deposit: 1900 EUR|Notice: 3 months");
    expect("The landlord shall hand over all keys to the\nTenant on the first day.",
           "The landlord shall hand over all keys to the\nTenant on the first day.");
    expect("To buy:\n- milk\n- eggs\n1. first\n2) second", "To buy:|- milk|- eggs|1. first|2) "
                                                           "second");
    expect("1. Open the door. 2. Close it.", "1. Open the door.|2. Close it.");
    expect("one\r\n\r\ntwo\ftwo", "one|two|two");
    expect("Dear Anna,\nThanks for coming", "Dear Anna,\nThanks for coming");
}

static void test_cover(void **state)
{
    (void)state;
    static const char *const pieces[] = {"a",
                                         "B",
                                         ".",
                                         "!",
                                         "?",
                                         " ",
                                         "\n",
                                         "\n\n",
                                         "\"",
                                         ")",
                                         "1",
                                         "Dr.",
                                         "\xE3\x80\x82",
                                         "\xC3\xA4",
                                         "- ",
                                         "\f",
                                         "\xFF",
                                         "\xC2\xA0",
                                         "e.g.",
                                         "\t",
                                         "2. ",
                                         ","};
    unsigned seed = 7;
    for (int round = 0; round < 4000; round++) {
        char text[200];
        size_t len = 0;
        for (int i = 0; i < 40; i++) {
            seed = seed * 1103515245 + 12345;
            const char *p = pieces[(seed >> 16) % (sizeof pieces / sizeof *pieces)];
            memcpy(text + len, p, strlen(p));
            len += strlen(p);
        }
        Str s = {text, len};
        size_t at = 0, start, end, covered = 0;
        while (sentence_next(s, &at, &start, &end)) {
            assert_true(start < end && start >= covered && at >= end);
            assert_int_equal(letters_trim(str_sub(s, covered, start)).len, 0);
            assert_int_equal(letters_trim(str_sub(s, start, end)).len, end - start);
            covered = end;
        }
        assert_int_equal(letters_trim(str_sub(s, covered, len)).len, 0);
    }
}

static void test_letters(void **state)
{
    (void)state;
    Buf b;
    buf_init(&b, 1000);
    letters_lower(&b, STR("\xC3\x84\xC3\x96 ABC \xCE\xA3\xD0\x96\xD0\x81 \xC5\xBD\xC5\xA0 "
                          "\xE1\xBA\x9E"));
    assert_string_equal(b.ptr,
        "\xC3\xA4\xC3\xB6 abc \xCF\x83\xD0\xB6\xD1\x91 \xC5\xBE\xC5\xA1 \xC3\x9F");
    buf_clear(&b);
    letters_squeeze(&b, STR(" a \n\xC2\xA0 b\t"));
    assert_string_equal(b.ptr, "a b");
    assert_true(str_eq(letters_cut(STR("alpha beta gamma"), 12), STR("alpha beta")));
    assert_true(str_eq(letters_cut(STR("\xC3\xA4\xC3\xA4\xC3\xA4"), 3), STR("\xC3\xA4")));
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_table), cmocka_unit_test(test_lines),
        cmocka_unit_test(test_cover), cmocka_unit_test(test_letters)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
