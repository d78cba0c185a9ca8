/* Numbers as spreadsheets show them: the formats of ECMA-376 18.8.30, values from its examples and
 * from what LibreOffice and Excel show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "ingest/number_format.h"

static void shows(const char *value, const char *code, const char *expected)
{
    Buf b;
    buf_init(&b, 4096);
    number_format_show(&b, str_of(value), str_of(code), false);
    if (!str_eq(buf_str(&b), str_of(expected)))
        fail_msg("%s as \"%s\" is \"%s\", not \"%s\"", value, code, b.ptr ? b.ptr : "", expected);
    buf_release(&b);
}

static void test_numbers(void **state)
{
    (void)state;
    shows("1234.5", "General", "1234.5");
    shows("0.30000000000000004", "General", "0.3");
    shows("-3", "General", "-3");
    shows("123456789012345", "General", "123456789012345");
    shows("1e20", "General", "1E+20");
    shows("0", "0", "0");
    shows("0", "#", "");
    shows("0.5", "#.##", ".5");
    shows("5", "#.##", "5");
    shows("1234567.891", "#,##0.00", "1,234,567.89");
    shows("999", "#,##0", "999");
    shows("7", "000", "007");
    shows("7", "0,000", "0,007");
    shows("-1234", "#,##0", "-1,234");
    shows("-1234", "#,##0;(#,##0)", "(1,234)");
    shows("0", "0;-0;\"none\"", "none");
    shows("1.005", "0.00", "1.01");
    shows("4.25", "0.0", "4.3");
    shows("0.125", "0%", "13%");
    shows("0.125", "0.0%", "12.5%");
    shows("1250.5", "#,##0.00 \"EUR\"", "1,250.50 EUR");
    shows("1250.5", "[$\xE2\x82\xAC-407] #,##0.00", "\xE2\x82\xAC 1,250.50");
    shows("12345678", "0.0,,\" M\"", "12.3 M");
    shows("123456", "0.00E+00", "1.23E+05");
    shows("5551234567", "(###) ###-####", "(555) 123-4567");
    shows("0.5", "# ?/?", "1/2");
    shows("2.75", "# ?/?", "2 3/4");
    shows("3", "# ?/?", "3");
    shows("50", "[>=100]\"many\";[<10]\"few\";0", "50");
    shows("500", "[>=100]\"many\";[<10]\"few\";0", "many");
    shows("5", "[Red][<10]\"few\";0", "few");
    shows("3", "\\x0_)", "x3 ");
    shows("no number", "0.00", "no number");
    shows("", "0.00", "");
    shows("1e308", "0.00", "1E+308");
    shows("1", "", "1");
    shows("1", ";;;", "");
    shows("4", "0 \"unclosed", "4 unclosed");
    shows("4", "[$", "");
}

static void test_dates(void **state)
{
    (void)state;
    shows("46360", "yyyy-mm-dd", "2026-12-04");
    shows("46360", "d/m/yy", "4/12/26");
    shows("46360", "dddd, mmmm d, yyyy", "Friday, December 4, 2026");
    shows("46360", "ddd d-mmm-yy", "Fri 4-Dec-26");
    shows("46360.4375", "yyyy-mm-dd h:mm:ss", "2026-12-04 10:30:00");
    shows("46360.99999", "h:mm:ss AM/PM", "11:59:59 PM");
    shows("0.5", "h:mm AM/PM", "12:00 PM");
    shows("0.25", "hh:mm", "06:00");
    shows("1.5", "[h]:mm", "36:00");
    shows("0.0104166667", "[mm]:ss", "15:00");
    shows("0.00001736", "mm:ss.0", "00:01.5");
    shows("1", "yyyy-mm-dd", "1900-01-01");
    shows("59", "yyyy-mm-dd", "1900-02-28");
    shows("61", "yyyy-mm-dd", "1900-03-01");
    shows("46360", "d. mmmm yyyy", "4. December 2026");
    shows("46360", "[$-407]d. mmm", "4. Dec");
    shows("46360", "yyyy\"year\"m\"month\"", "2026year12month");
    shows("-5", "yyyy-mm-dd", "-5");
    shows("99999999", "yyyy-mm-dd", "99999999");
    Buf b;
    buf_init(&b, 100);
    number_format_show(&b, STR("44898"), STR("yyyy-mm-dd"), true);
    assert_true(str_eq(buf_str(&b), STR("2026-12-04")));
    buf_release(&b);
}

static void test_builtin_and_text(void **state)
{
    Buf b;
    (void)state;
    assert_true(str_eq(number_format_builtin(0), STR("General")));
    assert_true(str_eq(number_format_builtin(9), STR("0%")));
    assert_true(str_eq(number_format_builtin(14), STR("yyyy-mm-dd")));
    assert_true(str_eq(number_format_builtin(4711), STR("General")));
    buf_init(&b, 100);
    number_format_show_text(&b, STR("abc"), STR("0;0;0;\"<\"@\">\""));
    number_format_show_text(&b, STR(" def"), STR("0.00"));
    number_format_show_text(&b, STR(" ghi"), STR("@"));
    assert_true(str_eq(buf_str(&b), STR("<abc> def ghi")));
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_numbers), cmocka_unit_test(test_dates),
                                       cmocka_unit_test(test_builtin_and_text)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
