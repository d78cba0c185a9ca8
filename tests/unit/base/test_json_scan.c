/* The scanner: what RFC 8259 allows and refuses, tokens and their text, depth, escapes. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/json_scan.h"

static bool whole(Str text, unsigned depth)
{
    JsonScan s;
    json_scan(&s, text, depth);
    return json_skip(&s, json_next(&s)) && json_next(&s) == JSON_END_TOKEN;
}

/* From memory of its own, so that a sanitizer sees a step too far. */
static bool whole_copy(Str text)
{
    char *copy = malloc(text.len + 1);
    assert_non_null(copy);
    memcpy(copy, text.ptr, text.len);
    char *tight = text.len ? copy + 1 : copy;
    memmove(tight, copy, text.len);
    bool ok = whole(str_mem(tight, text.len), JSON_DEFAULT_DEPTH);
    free(copy);
    return ok;
}

#define ROW(text) {text, sizeof(text) - 1}
typedef struct {
    const char *text;
    size_t len;
} Row;

/* Grammar; all of these json_parse takes too. */
static const Row taken[] = {
    ROW("null"), ROW("true"), ROW("false"), ROW("0"), ROW("-0"), ROW("-1"), ROW("\"\""), ROW("[]"),
    ROW("{}"), ROW(" \t\r\n1 \t\r\n"), ROW("[1]"), ROW("[1,2]"), ROW("[ 1 , 2 ]"), ROW("[[]]"),
    ROW("[[],{}]"), ROW("[{}]"), ROW("{\"a\":{}}"), ROW("{\"a\":[]}"), ROW("{ \"a\" : 1 }"),
    ROW("{\"\":0}"), ROW("{\"a\":1,\"b\":2}"), ROW("{\"a\":[1,{\"b\":[2]}],\"c\":null}"),
    ROW("[null,true,false]"), ROW("[\"a\",1,[\"b\"]]"), ROW("0.0"), ROW("-0.0"), ROW("1.5"),
    ROW("10"), ROW("100.001"), ROW("0e1"), ROW("0e+1"), ROW("0E-1"), ROW("1e1"), ROW("1E1"),
    ROW("1e+10"), ROW("1e-10"), ROW("1.25e3"), ROW("123456789012345678"), ROW("1e00"),
    ROW("123456789012345678901234567890"), ROW("0.1234567890123456789012345678901234567890"),
    ROW("\"a\""), ROW("\"\\\"\""), ROW("\"\\\\\""), ROW("\"\\/\\b\\f\\n\\r\\t\""),
    ROW("\"\\u00e9\\u00E9\""), ROW("\"\\uD83D\\uDE00\""), ROW("\"\\ud83d\\ude00 and more\""),
    ROW("\"\\u2028\""), ROW("\"\xE2\x80\xA8\""), ROW("\"\x7f\""), ROW("\"\xC3\xA9\""),
    ROW("\"\xF0\x9F\x98\x80\""), ROW("\"\xEF\xBF\xBF\""), ROW("\"\xF4\x8F\xBF\xBF\""),
    ROW("\"// no comment /* none */\""), ROW("\"twenty letters and more \xE2\x82\xAC\""),
    ROW("{\"\\u0061\":1,\"b\":2}"), ROW("[\"1234567\",\"12345678\",\"123456789\"]"),
    ROW("\"\\\\\\\\\\\\\\\"\""), ROW("[[[[[[[[[[]]]]]]]]]]"), ROW("\"a, [b], {c}: \\\"d\\\"\""),
};

/* What the grammar allows and json_parse refuses for other reasons. */
static const Row taken_alone[] = {
    ROW("{\"a\":1,\"a\":2}"), ROW("1e999"), ROW("-1e+9999"), ROW("\"\\u0000\""),
    ROW("\"\\uD800\""), ROW("\"\\uDC00x\""), ROW("\"\\uD800\\uD800\""), ROW("\"\\uD800\\n\""),
};

static const Row refused[] = {
    ROW(""), ROW(" "), ROW("\0"), ROW("nul"), ROW("nulll"), ROW("True"), ROW("tru"), ROW("fals "),
    ROW("NaN"), ROW("Infinity"), ROW("-Infinity"), ROW("nan"), ROW("undefined"), ROW("a"),
    ROW("'a'"), ROW("`a`"), ROW("1 2"), ROW("1,"), ROW(",1"), ROW("[]]"), ROW("{}}"), ROW("[]x"),
    ROW("{}{}"), ROW("\xEF\xBB\xBF{}"), ROW("\xEF\xBB\xBF"), ROW("\x0c[]"), ROW("[\x0b]"),
    ROW("\xC2\xA0[]"), ROW("[]\0"), ROW("[] // no"), ROW("/* no */[]"), ROW("#\n1"),
    ROW("["), ROW("]"), ROW("[1"), ROW("[1,"), ROW("[,"), ROW("[,1]"), ROW("[1,]"), ROW("[1,,2]"),
    ROW("[1 2]"), ROW("[1:2]"), ROW("[1}"), ROW("[1;2]"), ROW("[[]"), ROW("[\"a\":1]"),
    ROW("[\"a\" \"b\"]"), ROW("[a]"), ROW("[*]"), ROW("[\0]"), ROW("[1\0]"), ROW("[,]"),
    ROW("{"), ROW("}"), ROW("{\"a\""), ROW("{\"a\":"), ROW("{\"a\":1"), ROW("{\"a\":1,"),
    ROW("{\"a\"}"), ROW("{\"a\":}"), ROW("{\"a\":1,}"), ROW("{,}"), ROW("{\"a\":1,,\"b\":2}"),
    ROW("{\"a\" 1}"), ROW("{\"a\"::1}"), ROW("{\"a\",1}"), ROW("{:1}"), ROW("{1:1}"), ROW("{a:1}"),
    ROW("{'a':1}"), ROW("{null:1}"), ROW("{[]:1}"), ROW("{\"a\":1]"), ROW("{\"a\":1 \"b\":2}"),
    ROW("{\"a\":1:2}"), ROW("{\"a\":\"b\":\"c\"}"), ROW("{\"a\":1}//"), ROW("{\"a\":/*b*/1}"),
    ROW("{\"a\":[}"), ROW("{\"a\":{]}"), ROW("{\"a\":{1}}"),
    ROW("-"), ROW("+1"), ROW("--1"), ROW("- 1"), ROW("01"), ROW("-01"), ROW("00"), ROW("1."),
    ROW("-1."), ROW(".5"), ROW("-.5"), ROW("1.e1"), ROW("1.5.6"), ROW("1e"), ROW("1e+"),
    ROW("1e-"), ROW("1e1.5"), ROW("1ee1"), ROW("1e+-1"), ROW("0x10"), ROW("1_000"), ROW("1 000"),
    ROW("1,000"), ROW("0b1"), ROW("1f"), ROW("-a"), ROW("\xEF\xBC\x91"), ROW("012"), ROW("1e1e1"),
    ROW("\""), ROW("\"a"), ROW("\"\\\""), ROW("\"a\\"), ROW("\"\\x41\""), ROW("\"\\a\""),
    ROW("\"\\'\""), ROW("\"\\0\""), ROW("\"\\U0041\""), ROW("\"\\\0\""), ROW("\"\\ \""),
    ROW("\"\\u\""), ROW("\"\\u0\""), ROW("\"\\u00\""), ROW("\"\\u004\""), ROW("\"\\u004"),
    ROW("\"\\u004g\""), ROW("\"\\u-041\""), ROW("\"\\u 041\""), ROW("\"\\\xC3\xA9\""),
    ROW("\"\n\""), ROW("\"\t\""), ROW("\"\0\""), ROW("\"\x1f\""), ROW("\"a long one with a \x01\""),
    ROW("\"\xFF\""), ROW("\"\x80\""), ROW("\"\xC3\""), ROW("\"\xC0\x80\""), ROW("\"\xE0\x80\x80\""),
    ROW("\"\xED\xA0\x80\""), ROW("\"\xF4\x90\x80\x80\""), ROW("\"\xF5\x80\x80\x80\""),
    ROW("\"\xE2\x82\""), ROW("\"twenty letters and then \xE2\x82\""), ROW("\"\xFF\\n\""),
    ROW("{\"\xFF\":1}"), ROW("{\"\n\":1}"), ROW("{\"\\x\":1}"),
};

static Str of(const Row *row)
{
    return str_mem(row->text, row->len);
}

static void test_grammar(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(taken); i++) {
        Json *j = json_parse(of(&taken[i]), JSON_DEFAULT_DEPTH, NULL);
        if (!whole_copy(of(&taken[i])) || !j)
            fail_msg("refused: %s", taken[i].text);
        json_free(j);
    }
    for (size_t i = 0; i < ARRAY_LEN(taken_alone); i++) {
        if (!whole_copy(of(&taken_alone[i])))
            fail_msg("refused: %s", taken_alone[i].text);
        assert_null(json_parse(of(&taken_alone[i]), JSON_DEFAULT_DEPTH, NULL));
    }
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        Json *j = json_parse(of(&refused[i]), JSON_DEFAULT_DEPTH, NULL);
        if (whole_copy(of(&refused[i])) || j)
            fail_msg("taken by %s: %s", j ? "json_parse" : "json_next", refused[i].text);
    }
}

/* Whatever is taken is refused wherever it is cut, but for numbers and for blanks at the end. */
static void test_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(taken); i++) {
        char first = taken[i].text[0], last = taken[i].text[taken[i].len - 1];
        if (first != '{' && first != '[' && first != '"' && last != 'l' && last != 'e')
            continue;
        for (size_t n = 0; n < taken[i].len; n++)
            if (whole_copy(str_mem(taken[i].text, n)))
                fail_msg("taken: %.*s", (int)n, taken[i].text);
    }
}

static void test_tokens(void **state)
{
    (void)state;
    static const char text[] =
        " {\"a\" : [ -1.5e3,\"b\\n\", true,{ } ] ,\"c\":{\"d\":[]},\"e\":null,\"f\":false}\n";
    static const struct {
        JsonToken token;
        const char *text;
        unsigned depth;
    } rows[] = {
        {JSON_OBJECT_TOKEN, NULL, 1}, {JSON_KEY_TOKEN, "a", 1}, {JSON_ARRAY_TOKEN, NULL, 2},
        {JSON_NUMBER_TOKEN, "-1.5e3", 2}, {JSON_STRING_TOKEN, "b\\n", 2},
        {JSON_TRUE_TOKEN, NULL, 2}, {JSON_OBJECT_TOKEN, NULL, 3},
        {JSON_OBJECT_END_TOKEN, NULL, 2}, {JSON_ARRAY_END_TOKEN, NULL, 1},
        {JSON_KEY_TOKEN, "c", 1}, {JSON_OBJECT_TOKEN, NULL, 2}, {JSON_KEY_TOKEN, "d", 2},
        {JSON_ARRAY_TOKEN, NULL, 3}, {JSON_ARRAY_END_TOKEN, NULL, 2},
        {JSON_OBJECT_END_TOKEN, NULL, 1}, {JSON_KEY_TOKEN, "e", 1}, {JSON_NULL_TOKEN, NULL, 1},
        {JSON_KEY_TOKEN, "f", 1}, {JSON_FALSE_TOKEN, NULL, 1}, {JSON_OBJECT_END_TOKEN, NULL, 0},
        {JSON_END_TOKEN, NULL, 0}, {JSON_BAD_TOKEN, NULL, 0}, {JSON_BAD_TOKEN, NULL, 0},
    };
    JsonScan s;
    json_scan(&s, str_of(text), 3);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(json_next(&s), rows[i].token);
        assert_int_equal(s.depth, rows[i].depth);
        if (rows[i].text)
            assert_str(s.text, rows[i].text);
        if (rows[i].token == JSON_KEY_TOKEN || rows[i].token == JSON_STRING_TOKEN)
            assert_int_equal(s.escaped, strchr(rows[i].text, '\\') != NULL);
    }
    assert_true(s.spaced && s.p == s.end);
    json_scan(&s, STR("[1,\"a b\",{\"c\":[]}]"), 3);
    assert_true(json_skip(&s, json_next(&s)) && json_next(&s) == JSON_END_TOKEN && !s.spaced);
}

static void test_skip(void **state)
{
    (void)state;
    JsonScan s;
    json_scan(&s, STR("[[1,{\"a\":[2]}],3,[4,}]"), 8);
    assert_false(json_skip(&s, JSON_BAD_TOKEN) || json_skip(&s, JSON_END_TOKEN));
    assert_int_equal(json_next(&s), JSON_ARRAY_TOKEN);
    assert_true(json_skip(&s, json_next(&s)));
    assert_int_equal(json_next(&s), JSON_NUMBER_TOKEN);
    assert_str(s.text, "3");
    assert_true(json_skip(&s, JSON_NUMBER_TOKEN)); /* has been read */
    assert_false(json_skip(&s, json_next(&s)));
    assert_int_equal(*s.p, '}'); /* where the fault is */
    assert_int_equal(json_next(&s), JSON_BAD_TOKEN);
    json_scan(&s, (Str){0}, 8);
    assert_int_equal(json_next(&s), JSON_BAD_TOKEN);
}

static void test_depth(void **state)
{
    (void)state;
    char text[2 * JSON_SCAN_DEPTH + 2], objects[6 * JSON_SCAN_DEPTH + 8];
    for (unsigned depth = 1; depth <= JSON_SCAN_DEPTH; depth++) {
        size_t at = 0;
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        assert_true(whole(str_mem(text, 2 * depth), depth));
        assert_int_equal(whole(str_mem(text, 2 * depth), depth - 1), false);
        for (unsigned d = 0; d < depth; d++, at += 5)
            memcpy(objects + at, "{\"a\":", 5);
        objects[at++] = '1';
        memset(objects + at, '}', depth);
        assert_true(whole(str_mem(objects, at + depth), depth));
        assert_false(whole(str_mem(objects, at + depth), depth - 1));
        objects[at + depth - 1] = ']';
        assert_false(whole(str_mem(objects, at + depth), depth));
    }
    memset(text, '[', sizeof text);
    assert_false(whole(str_mem(text, sizeof text), 1000)); /* never more than there are bits */
}

static void test_unescape(void **state)
{
    (void)state;
    static const struct {
        const char *raw, *meant; /* NULL: refused */
    } rows[] = {
        {"", ""}, {"plain \xC3\xA9", "plain \xC3\xA9"}, {"\\\"\\\\\\/\\b\\f\\n\\r\\t",
        "\"\\/\b\f\n\r\t"}, {"\\u0041\\u00e9\\u20AC", "A\xC3\xA9\xE2\x82\xAC"},
        {"x\\uD83D\\ude00y", "x\xF0\x9F\x98\x80y"}, {"\\uFFFF", "\xEF\xBF\xBF"},
        {"\\uDBFF\\uDFFF", "\xF4\x8F\xBF\xBF"}, {"\\ud7ff\\ue000", "\xED\x9F\xBF\xEE\x80\x80"},
        {"\\u0000", NULL}, {"\\uD800", NULL}, {"\\uDC00", NULL}, {"\\uD800x", NULL},
        {"\\uD800\\n", NULL}, {"\\uD800\\u0041", NULL}, {"\\uD800\\uD800", NULL},
        {"\\uD800\\uDC0", NULL}, {"\\", NULL}, {"\\u", NULL}, {"\\u123", NULL}, {"\\u12g4", NULL},
        {"\\x", NULL}, {"a\\", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Str raw = str_of(rows[i].raw);
        char *out = malloc(raw.len + 1);
        size_t n = 99;
        assert_non_null(out);
        bool ok = json_unescape(raw, out, raw.len, &n);
        if (ok != (rows[i].meant != NULL))
            fail_msg("row %zu", i);
        assert_true(ok || n == 99);
        if (ok) {
            assert_str(str_mem(out, n), rows[i].meant);
            assert_true(json_unescape(raw, out, n, &n));
            assert_true(n == 0 || !json_unescape(raw, out, n - 1, &n));
        }
        free(out);
    }
}

static void test_keys(void **state)
{
    (void)state;
    JsonScan s;
    json_scan(&s, STR("{\"chunk_no\":1,\"ch\\u0075nk\\u005Fno\":1,\"chunk_no2\":1,\"\\uD800\":1,"
                      "\"\\u0061\":1}"), 4);
    bool is[5], none[5];
    assert_int_equal(json_next(&s), JSON_OBJECT_TOKEN);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(json_next(&s), JSON_KEY_TOKEN);
        is[i] = json_text_is(&s, STR("chunk_no"));
        none[i] = json_text_is(&s, STR(""));
        assert_int_equal(json_next(&s), JSON_NUMBER_TOKEN);
    }
    assert_true(is[0] && is[1] && !is[2] && !is[3] && !is[4]);
    assert_false(none[0] || none[1] || none[2] || none[3] || none[4]);
}

/* Every byte at every place of a string of every length about eight: the words of eight bytes see
 * what one byte at a time would. */
static void test_every_byte(void **state)
{
    (void)state;
    for (size_t len = 1; len <= 17; len++)
        for (size_t at = 0; at < len; at++)
            for (int byte = 0; byte < 256; byte++) {
                char text[32];
                JsonScan s;
                memset(text, 'x', sizeof text);
                text[0] = '"';
                text[1 + at] = (char)byte;
                text[1 + len] = '"';
                json_scan(&s, str_mem(text, len + 2), 1);
                JsonToken token = json_next(&s);
                bool plain = byte >= 0x20 && byte < 0x80 && byte != '\\' && byte != '"';
                if (plain != (token == JSON_STRING_TOKEN && s.text.len == len))
                    fail_msg("byte %d at %zu of %zu", byte, at, len);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grammar),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_skip),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_unescape),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
