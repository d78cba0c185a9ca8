#include "support/unit.h"

#include <locale.h>
#include <math.h>

#define NONE ((Str){NULL, 0})

static void equality(void **state)
{
    (void)state;
    assert_true(str_eq(STR("abc"), str_of("abc")));
    assert_false(str_eq(STR("abc"), STR("abd")));
    assert_false(str_eq(STR("abc"), STR("ab")));
    assert_true(str_eq(NONE, STR("")));
    assert_true(str_eq_nocase(STR("Content-TYPE"), STR("content-type")));
    assert_false(str_eq_nocase(STR("\xC3\x89"), STR("\xC3\xA9"))); /* ASCII only */
    assert_false(str_eq_nocase(STR("[a"), STR("{a"))); /* 0x20 apart, but no letters */
}

static void order(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        int sign;
    } rows[] = {{"a", "b", -1}, {"b", "a", 1}, {"a", "a", 0}, {"a", "ab", -1}, {"ab", "a", 1},
                {"", "a", -1},  {"", "", 0},   {"\x7F", "\x80", -1}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int c = str_cmp(str_of(rows[i].a), str_of(rows[i].b));
        assert_int_equal((c > 0) - (c < 0), rows[i].sign);
    }
}

static void starts_and_ends(void **state)
{
    (void)state;
    assert_true(str_starts(STR("/api/v1"), STR("/api")));
    assert_false(str_starts(STR("/ap"), STR("/api")));
    assert_true(str_starts(STR("x"), STR("")));
    assert_true(str_ends(STR("a.txt"), STR(".txt")));
    assert_false(str_ends(STR("a.TXT"), STR(".txt")));
    assert_true(str_ends_nocase(STR("a.TXT"), STR(".txt")));
    assert_false(str_ends_nocase(STR("txt"), STR(".txt")));
    assert_true(str_ends(NONE, NONE));
}

static void find(void **state)
{
    (void)state;
    Str s = STR("one two one");
    assert_int_equal(str_find(s, STR("one"), 0), 0);
    assert_int_equal(str_find(s, STR("one"), 1), 8);
    assert_int_equal(str_find(s, STR("one"), 8), 8);
    assert_int_equal(str_find(s, STR("one"), 9), SIZE_MAX);
    assert_int_equal(str_find(s, STR("one"), 99), SIZE_MAX);
    assert_int_equal(str_find(s, STR(""), 5), 5);
    assert_int_equal(str_find(s, STR(""), s.len), s.len);
    assert_int_equal(str_find(NONE, STR("x"), 0), SIZE_MAX);
    assert_int_equal(str_find(str_mem("a\0b", 3), str_mem("\0b", 2), 0), 1);
}

static void trim_and_sub(void **state)
{
    (void)state;
    assert_str(str_trim(STR(" \t\r\n x y\v\f ")), "x y");
    assert_str(str_trim(STR("   ")), "");
    assert_str(str_trim(NONE), "");
    assert_str(str_sub(STR("abcdef"), 2, 4), "cd");
    assert_str(str_sub(STR("abcdef"), 4, 99), "ef");
    assert_str(str_sub(STR("abcdef"), 99, 120), "");
    assert_str(str_sub(STR("abcdef"), 5, 2), "");
    assert_str(str_sub(NONE, 0, 5), "");
}

static void file_names(void **state)
{
    (void)state;
    assert_str(str_file_name(STR("/a/b.txt")), "b.txt");
    assert_str(str_file_name(STR("b.txt")), "b.txt");
    assert_str(str_file_name(STR("/a/b/")), "");
    assert_str(str_file_name(str_sub(STR("a/b/c"), 0, 3)), "b");
    assert_str(str_file_name(NONE), "");
}

static void sorted_words(void **state)
{
    (void)state;
    static const char *const words[] = {"ant", "bee", "cow"};
    for (size_t i = 0; i < 3; i++)
        assert_true(str_in_sorted(str_of(words[i]), words, 3));
    assert_false(str_in_sorted(STR("an"), words, 3));
    assert_false(str_in_sorted(STR("bees"), words, 3));
    assert_false(str_in_sorted(STR("dog"), words, 3));
    assert_false(str_in_sorted(STR("ant"), words, 0));
}

static void next(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *parts[4];
    } rows[] = {{"a,b,c", {"a", "b", "c"}}, {"a,,b", {"a", "", "b"}}, {"a,", {"a", ""}},
                {",", {"", ""}},            {"", {""}},               {"abc", {"abc"}}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Str rest = str_of(rows[i].text), part;
        size_t n = 0;
        while (str_next(&rest, ',', &part)) {
            assert_non_null(rows[i].parts[n]);
            assert_str(part, rows[i].parts[n++]);
        }
        assert_null(rows[i].parts[n]);
        assert_null(rest.ptr);
    }
    Str nothing = NONE, part;
    assert_false(str_next(&nothing, ',', &part));
}

static void unsigned_numbers(void **state)
{
    (void)state;
    uint64_t v = 42;
    assert_true(str_to_u64(STR("0"), &v) && v == 0);
    assert_true(str_to_u64(STR("18446744073709551615"), &v) && v == UINT64_MAX);
    assert_true(str_to_u64(STR("007"), &v) && v == 7);
    static const char *const bad[] = {"",   "18446744073709551616", "99999999999999999999",
                                      "-1", "+1", " 1", "1 ", "1a", "0x10", "1.0"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(str_to_u64(str_of(bad[i]), &v));
    assert_int_equal(v, 7); /* untouched on failure */
}

static void signed_numbers(void **state)
{
    (void)state;
    int64_t v = 42;
    assert_true(str_to_i64(STR("-9223372036854775808"), &v) && v == INT64_MIN);
    assert_true(str_to_i64(STR("9223372036854775807"), &v) && v == INT64_MAX);
    assert_true(str_to_i64(STR("-5"), &v) && v == -5);
    static const char *const bad[] = {"-9223372036854775809", "9223372036854775808", "-", "", "--1",
                                      "- 1", "+1"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(str_to_i64(str_of(bad[i]), &v));
    assert_int_equal(v, -5);
}

static void real_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } good[] = {{"0", 0},        {"-0.5", -0.5}, {"1e3", 1000}, {"2.5E-1", 0.25}, {".5", 0.5},
                {"5.", 5},       {"1e+2", 100},  {"1e-400", 0}, {"0.1", 0.1},
                {"123456789012345678901234567890", 123456789012345678901234567890.0}};
    double v = 42;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_true(str_to_double(str_of(good[i].text), &v));
        assert_true(v == good[i].value);
    }
    v = 42;
    static const char *const bad[] = {"", ".", "-", "e5", "1e", "1e+", "inf", "nan", "0x1p3", " 1",
                                      "1 ", "1,5", "1e999", "-1e999", "+1", "1.2.3",
                                      ("0.0000000000000000000000000000000"
                                       "0000000000000000000000000000001")};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(str_to_double(str_of(bad[i]), &v));
    assert_true(v == 42);
}

static void booleans(void **state)
{
    (void)state;
    static const char *const yes[] = {"true", "1", "yes", "on", "TRUE", "On"};
    static const char *const no[] = {"false", "0", "no", "off", "False", "OFF"};
    bool v;
    for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
        v = false;
        assert_true(str_to_bool(str_of(yes[i]), &v) && v);
        v = true;
        assert_true(str_to_bool(str_of(no[i]), &v) && !v);
    }
    v = true;
    assert_false(str_to_bool(STR(""), &v));
    assert_false(str_to_bool(STR("y"), &v));
    assert_false(str_to_bool(STR("2"), &v));
    assert_true(v);
}

static void hex_digits(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        const char *digits = "0123456789abcdef", *upper = "0123456789ABCDEF";
        const char *at = c ? strchr(digits, c) : NULL, *up = c ? strchr(upper, c) : NULL;
        int want = at ? (int)(at - digits) : up ? (int)(up - upper) : -1;
        assert_int_equal(str_hex_digit((char)c), want);
    }
}

static void hash_spreads(void **state)
{
    (void)state;
    assert_int_equal(str_hash(STR("abc")), str_hash(str_of("abc")));
    size_t slots[256] = {0}, most = 0;
    for (unsigned i = 0; i < 4096; i++) {
        char key[4] = {(char)('a' + i / 256), (char)('0' + i / 16 % 16), (char)('0' + i % 16), 0};
        size_t n = ++slots[str_hash(str_of(key)) >> 56]; /* the high byte, weak in plain FNV */
        most = n > most ? n : most;
    }
    assert_true(most < 48); /* 16 on average; a poor hash piles up hundreds */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equality),         cmocka_unit_test(order),
        cmocka_unit_test(starts_and_ends),  cmocka_unit_test(find),
        cmocka_unit_test(trim_and_sub),     cmocka_unit_test(next),
        cmocka_unit_test(file_names),       cmocka_unit_test(sorted_words),
        cmocka_unit_test(unsigned_numbers), cmocka_unit_test(signed_numbers),
        cmocka_unit_test(real_numbers),     cmocka_unit_test(booleans),
        cmocka_unit_test(hex_digits),       cmocka_unit_test(hash_spreads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
