#include "support/unit.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/num.h"

static void known_doubles(void **state)
{
    (void)state;
    static const struct {
        double v;
        const char *text;
    } rows[] = {
        {0.0, "0"}, {-0.0, "-0.0"}, {1.0, "1"}, {-1.0, "-1"}, {0.1, "0.1"}, {0.3, "0.3"},
        {0.1 + 0.2, "0.30000000000000004"},
        {0.23900000000000002, "0.23900000000000002"}, {1.5, "1.5"}, {100.0, "100"},
        {1e15, "1000000000000000"},
        {1e17, "1e17"}, {123456789012345678.0, "1.2345678901234568e17"},
        {12345678901234568.0, "12345678901234568"}, {1e21, "1e21"}, {1.5e300, "1.5e300"},
        {1e-6, "0.000001"},
        {1e-7, "1e-7"}, {1.25e-9, "1.25e-9"}, {123456789.125, "123456789.125"},
        {5e-324, "5e-324"}, {DBL_MAX, "1.7976931348623157e308"},
        {DBL_MIN, "2.2250738585072014e-308"},
        {1.0 / 3.0, "0.3333333333333333"}, {2.0 / 3.0, "0.6666666666666666"},
        {9007199254740993.0, "9007199254740992"}, {-0.000123, "-0.000123"},
        {4.35, "4.35"}, {0.999999999999999, "0.999999999999999"}, {9.5, "9.5"}, {0.01, "0.01"},
        {NAN, "NaN"}, {INFINITY, "+Inf"}, {-INFINITY, "-Inf"},
    };
    char out[NUM_TEXT];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t n = num_format(rows[i].v, out);
        assert_string_equal(out, rows[i].text);
        assert_int_equal(n, strlen(out));
    }
}

static void known_floats(void **state)
{
    (void)state;
    static const struct {
        float v;
        const char *text;
    } rows[] = {
        {0.0f, "0"}, {1.0f, "1"}, {0.1f, "0.1"}, {-0.04513f, "-0.04513"}, {16777216.0f, "16777216"},
        {3.4028235e38f, "3.4028235e38"}, {1e-45f, "1e-45"}, {1.17549435e-38f, "1.1754944e-38"},
        {0.3f, "0.3"}, {1e10f, "10000000000"}, {1.0f / 3.0f, "0.33333334"}, {100.5f, "100.5"},
        {NAN, "NaN"}, {-INFINITY, "-Inf"}, {-0.0f, "-0.0"}, {1e9f, "1000000000"}, {5e-7f, "5e-7"},
    };
    char out[NUM_TEXT];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t n = num_format_float(rows[i].v, out);
        assert_string_equal(out, rows[i].text);
        assert_int_equal(n, strlen(out));
    }
}

static void known_integers(void **state)
{
    (void)state;
    char out[NUM_TEXT];
    assert_int_equal(num_format_int(0, out), 1);
    assert_string_equal(out, "0");
    (void)num_format_int(INT64_MIN, out);
    assert_string_equal(out, "-9223372036854775808");
    (void)num_format_int(INT64_MAX, out);
    assert_string_equal(out, "9223372036854775807");
}

static int digits_in(const char *text)
{
    int n = 0, zeros = 0;
    bool begun = false;
    for (; *text && *text != 'e'; text++) {
        if (*text < '0' || *text > '9')
            continue;
        begun = begun || *text != '0';
        zeros = *text == '0' ? zeros + 1 : 0;
        n += begun;
    }
    return n - (zeros < n ? zeros : 0);
}

static uint64_t seed = 88172645463325252u;
static uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    return seed ^= seed << 17;
}

static void check_double(double v)
{
    char out[NUM_TEXT], shortest[64] = "";
    if (!isfinite(v))
        return;
    assert_true(num_format(v, out) < NUM_TEXT);
    if (strtod(out, NULL) != v)
        fail_msg("%.17g became %s", v, out);
    for (int p = 1; p <= 17; p++) {
        (void)snprintf(shortest, sizeof shortest, "%.*e", p - 1, v);
        if (strtod(shortest, NULL) == v)
            break;
    }
    if (digits_in(out) > digits_in(shortest))
        fail_msg("%s is longer than %s", out, shortest);
}

static void check_float(float v)
{
    char out[NUM_TEXT], shortest[64] = "";
    if (!isfinite(v))
        return;
    assert_true(num_format_float(v, out) < NUM_TEXT);
    if (strtof(out, NULL) != v)
        fail_msg("%.9g became %s", (double)v, out);
    for (int p = 1; p <= 9; p++) {
        (void)snprintf(shortest, sizeof shortest, "%.*e", p - 1, (double)v);
        if (strtof(shortest, NULL) == v)
            break;
    }
    if (digits_in(out) > digits_in(shortest))
        fail_msg("%s is longer than %s", out, shortest);
}

/* Against the C library: every result reads back, and none has more digits than are needed. */
static void random_numbers(void **state)
{
    (void)state;
    for (int i = 0; i < 60000; i++) {
        uint64_t bits = next_random();
        double d;
        float f;
        memcpy(&d, &bits, sizeof d);
        memcpy(&f, &bits, sizeof f);
        check_double(d);
        check_float(f);
        double unit = (double)(int64_t)bits / 9223372036854775808.0; /* usual magnitudes */
        check_double(unit);
        check_float((float)unit);
        check_float((float)(unit * 0.1));
        check_double((double)(bits % 1000000) / 1000.0);
        check_double((double)(int64_t)(bits % 2000000000000000000) / 1e9);
        check_float((float)(bits % 100000) / 100.0f);
    }
    for (int e = -320; e <= 308; e++) { /* about every power of ten and of two */
        double p = pow(10, e), q = ldexp(1.0, e);
        check_double(p);
        check_double(nextafter(p, 0));
        check_double(nextafter(p, INFINITY));
        check_double(q);
        check_double(nextafter(q, 0));
        check_float((float)p);
        check_float(nextafterf((float)p, 0));
        check_float((float)q);
        check_float(nextafterf((float)q, 0));
    }
}

static void the_locale_does_not_matter(void **state)
{
    (void)state;
    char out[NUM_TEXT];
    double v = 0;
    /* where one with a decimal comma is installed; at least one of them is asked for by name */
    static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "it_IT.UTF-8", "de_DE", "C"};
    const char *got = NULL;
    for (size_t i = 0; i < ARRAY_LEN(names) && !got; i++)
        got = setlocale(LC_ALL, names[i]);
    print_message("locale %s\n", got);
    (void)num_format(1.0 / 3.0, out);
    assert_string_equal(out, "0.3333333333333333");
    (void)num_format(1.2345678901234567e-300, out);
    assert_string_equal(out, "1.2345678901234568e-300");
    (void)num_format_float(1.17549435e-38f, out);
    assert_string_equal(out, "1.1754944e-38");
    assert_true(str_to_double(STR("2.5"), &v) && v == 2.5);
    (void)setlocale(LC_ALL, "C");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_doubles),  cmocka_unit_test(known_floats),
        cmocka_unit_test(known_integers), cmocka_unit_test(random_numbers),
        cmocka_unit_test(the_locale_does_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
