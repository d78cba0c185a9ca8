/* Dates in running text and in metadata. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>

#include "text/dates.h"

/* All dates of a text, with a space between. */
static void dates_are(const char *text, DateOrder order, const char *expected)
{
    char all[512] = "", one[DATE_TEXT_MAX];
    size_t at = 0, start, end, n = 0, last = 0;
    DocDate d;
    while (date_next(str_of(text), order, &at, &start, &end, &d)) {
        assert_true(start >= last && end > start && at == end);
        last = end;
        n += (size_t)snprintf(all + n, sizeof all - n, "%s%s", n ? " " : "", date_format(&d, one));
    }
    if (strcmp(all, expected) != 0)
        fail_msg("\"%s\": \"%s\" is not \"%s\"", text, all, expected);
}

static void test_text(void **state)
{
    (void)state;
    dates_are("Due 2026-12-04, or 2026/12/05; at the latest 2026.12.06.", DATE_DAY_FIRST,
              "2026-12-04 2026-12-05 2026-12-06");
    dates_are("vom 4.12.2026 bis 24.12.26", DATE_DAY_FIRST, "2026-12-04 2026-12-24");
    dates_are("4 December 2026, 4th of March, 2024 and 1st May 2020", DATE_DAY_FIRST,
              "2026-12-04 2024-03-04 2020-05-01");
    dates_are("December 4, 2026; Dec. 4th 2026; Sept 3 2021", DATE_DAY_FIRST,
              "2026-12-04 2026-12-04 2021-09-03");
    dates_are("Berlin, den 4. Dezember 2026 und am 1. M\xC3\xA4rz 2024", DATE_DAY_FIRST,
              "2026-12-04 2024-03-01");
    dates_are("le 1er mars 2024, el 4 de diciembre de 2026, il 3 gennaio 2020, 5 de mar\xC3\xA7o "
              "de "
              "2021, 6 mei 2022, 7 maja 2019",
              DATE_DAY_FIRST, "2024-03-01 2026-12-04 2020-01-03 2021-03-05 2022-05-06 2019-05-07");
    dates_are("2026\xE5\xB9\xB4"
              "12\xE6\x9C\x88"
              "4\xE6\x97\xA5",
              DATE_DAY_FIRST, "2026-12-04");
    dates_are("3/4/2026 25/12/2026 12/25/2026", DATE_DAY_FIRST, "2026-04-03 2026-12-25 2026-12-25");
    dates_are("3/4/2026", DATE_MONTH_FIRST, "2026-03-04");
    dates_are("4.12.2026 stays", DATE_MONTH_FIRST, "2026-12-04"); /* dots: the day first */
    dates_are("wrapped 4\nDecember 2026", DATE_DAY_FIRST, "2026-12-04");
}

static void test_no_dates(void **state)
{
    (void)state;
    dates_are("version 1.2.2003.4, 30.2.2024, 2023-02-29, 32 March 2024, 2026-13-01", 0, "");
    dates_are("tel. 030/123/4567, 1-2-26, 12.34, 5/6, 4.12.20261 and 0.0.0000", 0, "");
    dates_are("May I come? March on. 12 of 2024. In December 2026. Room 4 mai", 0, "");
    dates_are("", 0, "");
    dates_are("29.2.2024 is one", 0, "2024-02-29");
}

static void meta_is(const char *text, const char *expected)
{
    DocDate d;
    char out[DATE_TEXT_MAX];
    bool found = date_parse(str_of(text), &d);
    if (!expected)
        assert_false(found);
    else if (!found || strcmp(date_format(&d, out), expected) != 0)
        fail_msg("\"%s\" is %s, not %s", text, found ? out : "none", expected);
}

static void test_metadata(void **state)
{
    (void)state;
    meta_is("2026-12-04", "2026-12-04");
    meta_is("2026-12-04T09:30:00Z", "2026-12-04T09:30:00Z");
    meta_is("2026-12-04T09:30:00.5+01:00", "2026-12-04T08:30:00Z");
    meta_is("2026-12-04 09:30", "2026-12-04T09:30:00Z");
    meta_is("20261204T093000", "2026-12-04T09:30:00Z");
    meta_is("D:20261204093000+01'00'", "2026-12-04T08:30:00Z");
    meta_is("D:20261204093000Z", "2026-12-04T09:30:00Z");
    meta_is("D:20261204", "2026-12-04");
    meta_is("Fri, 4 Dec 2026 09:30:00 -0500", "2026-12-04T14:30:00Z");
    meta_is("Mon, 20 Nov 1995 19:12:08 -0500 (EST)", "1995-11-21T00:12:08Z");
    meta_is("  4. Dezember 2026 ", "2026-12-04");
    meta_is("2026-12-04 25:00", "2026-12-04");
    meta_is("", NULL);
    meta_is("yesterday", NULL);
    meta_is("D:2026", NULL);
    meta_is("99999999", NULL);
}

static void test_order(void **state)
{
    (void)state;
    assert_int_equal(date_order(STR("3/4/2026 and 25/12/2026"), STR("en")), DATE_DAY_FIRST);
    assert_int_equal(date_order(STR("3/4/2026 and 12/25/2026"), STR("de")), DATE_MONTH_FIRST);
    assert_int_equal(date_order(STR("3/4/2026"), STR("en")), DATE_MONTH_FIRST);
    assert_int_equal(date_order(STR("3/4/2026"), STR("de")), DATE_DAY_FIRST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_text), cmocka_unit_test(test_no_dates),
                                       cmocka_unit_test(test_metadata),
                                       cmocka_unit_test(test_order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
