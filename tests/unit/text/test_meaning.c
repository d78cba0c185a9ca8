/* Words, key phrases and summaries: what they must find in plain cases, and what must hold for any
 * text: length, order, whole characters, the text's own words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>

#include "base/utf8.h"
#include "text/keyphrase.h"
#include "text/summary.h"
#include "text/words.h"

static void words_are(const char *text, const char *expected)
{
    Buf b;
    size_t at = 0, start, end;
    buf_init(&b, 1000);
    while (word_next(str_of(text), &at, &start, &end)) {
        char room[WORD_MAX + 8];
        buf_add(&b, word_fold(str_sub(str_of(text), start, end), room));
        buf_add_char(&b, '|');
    }
    assert_string_equal(b.ptr ? b.ptr : "", expected);
    buf_release(&b);
}

static void test_words(void **state)
{
    (void)state;
    words_are("", "");
    words_are(" ... -- !", "");
    words_are("Don't re-use the \xC3\x84pfel, 3rd-party!", "don't|re-use|the|\xC3\xA4pfel|3rd-"
                                                           "party|");
    words_are("it\xE2\x80\x99s -ok-", "it's|ok|");
    words_are("\xE6\x9D\xB1\xE4\xBA\xAC\xE9\x83\xBD\xE5\xBA\x81\xE8\x88\x8Eok",
              "\xE6\x9D\xB1\xE4\xBA\xAC\xE9\x83\xBD\xE5\xBA\x81|\xE8\x88\x8E|ok|");
    assert_true(word_is_stop(STR("the")) && word_is_stop(STR("nicht")) && word_is_stop(STR("eur")));
    assert_false(word_is_stop(STR("plumber")) || word_is_stop(STR("")) ||
                 word_is_stop(STR("quarter")));
}

static Str *phrases(const char *text, const char *title, Arena *a, size_t *n)
{
    Str *out;
    Err err = ERR_INIT;
    if (!keyphrase_find(str_of(text), str_of(title), NULL, 0, NULL, 8, a, &out, n, &err))
        fail_msg("%s", err.msg);
    return out;
}

static bool has(const Str *list, size_t n, const char *phrase)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(list[i], str_of(phrase)))
            return true;
    return false;
}

static void test_keyphrases(void **state)
{
    (void)state;
    Arena *a = arena_new(1 << 20);
    size_t n;
    Str *p = phrases("The drain trap under the sink leaked. The plumber replaced the drain trap. A "
                     "shut-off valve "
                     "is corroded and the valve must be replaced.",
                     "Kitchen repair", a, &n);
    assert_true(has(p, n, "drain trap"));
    assert_false(has(p, n, "drain") || has(p, n, "trap"));   /* parts of a better one */
    assert_false(has(p, n, "the") || has(p, n, "must"));
    assert_true(n <= 8);
    p = phrases("The invoice is here. All invoices are here.", "", a, &n);
    assert_int_equal(n, 1); /* one tag for singular and plural */
    (void)phrases("", "", a, &n);
    assert_int_equal(n, 0);
    (void)phrases("1234 5678 12.30 !!! the and of", "", a, &n);
    assert_int_equal(n, 0);
    arena_free(a);
}

static Str summary(const char *text, const Mark *marks, size_t n_marks, size_t max, Arena *a)
{
    Str out;
    Err err = ERR_INIT;
    if (!summary_make(str_of(text), marks, n_marks, max, a, &out, &err))
        fail_msg("%s", err.msg);
    return out;
}

static size_t count_words(Str s)
{
    size_t at = 0, start, end, n = 0;
    while (word_next(s, &at, &start, &end))
        n++;
    return n;
}

static void test_summary(void **state)
{
    (void)state;
    Arena *a = arena_new(1 << 20);
    const char *text = "Meeting notes\n\nThe harbour website goes live in February. The booking "
                       "module of the harbour "
                       "website is tested in December. Somebody brought cake. The booking module "
                       "must pass a load test before the "
                       "website goes live. The booking module must pass a load test before the "
                       "website goes live.";
    Mark heading = {MARK_HEADING, 0, 13, 1};
    Str s = summary(text, &heading, 1, 25, a);
    assert_true(count_words(s) <= 25 && count_words(s) >= 10);
    assert_true(str_find(s, STR("booking module"), 0) != SIZE_MAX);
    assert_true(str_find(s, STR("cake"), 0) == SIZE_MAX);
    assert_true(str_find(s, STR("Meeting notes"), 0) == SIZE_MAX);
    size_t first = str_find(s, STR("must pass a load test"), 0);
    assert_true(first == SIZE_MAX ||
                str_find(s, STR("must pass a load test"), first + 1) == SIZE_MAX);
    assert_null(summary("", NULL, 0, 60, a).ptr);
    assert_null(summary(" \n ", NULL, 0, 60, a).ptr);
    assert_true(str_eq(summary("Milk, eggs", NULL, 0, 60, a), STR("Milk, eggs")));
    assert_true(str_eq(summary("- [ ] Pay the rent of the flat on Monday.", NULL, 0, 60, a),
                       STR("Pay the rent of the flat on Monday.")));
    arena_free(a);
}

/* Any text: the summary's words are the text's, in its order. */
static void test_properties(void **state)
{
    static const char *const pieces[] = {"The rent is due on Monday. ",
                                         "Anna pays the rent. ",
                                         "caf\xC3\xA9 ",
                                         "\n\n",
                                         "- item one\n",
                                         "\xE5\xAE\xB6\xE8\xB3\x83\xE3\x80\x82",
                                         "A valve leaks under the kitchen sink! ",
                                         "1234 ",
                                         "reallyreallyreallylongwordwithoutanyend",
                                         "Is it? ",
                                         "\xF0\x9F\x98\x80 ",
                                         "The the the. "};
    unsigned seed = 11;
    (void)state;
    for (int round = 0; round < 300; round++) {
        static char text[20000];
        size_t len = 0;
        for (int i = 0; i < 300 && len + 100 < sizeof text; i++) {
            seed = seed * 1103515245u + 12345u;
            const char *p = pieces[(seed >> 16) % (sizeof pieces / sizeof *pieces)];
            memcpy(text + len, p, strlen(p));
            len += strlen(p);
        }
        text[len] = '\0';
        Arena *a = arena_new(1 << 24);
        Str s = summary(text, NULL, 0, 60, a);
        assert_true(utf8_ok(s) && count_words(s) <= 60 && s.len > 0);
        size_t n, at = 0, start, end;
        Str *p = phrases(text, "Rent", a, &n);
        for (size_t i = 0; i < n; i++)
            assert_true(utf8_ok(p[i]) && p[i].len > 0);
        size_t in = 0, from, to;
        while (
            word_next(s, &at, &start, &end)) { /* its words are words of the text, in that order */
            bool found = false;
            while (!found && word_next(str_of(text), &in, &from, &to))
                found = str_eq(str_sub(s, start, end), str_sub(str_of(text), from, to));
            assert_true(found);
        }
        arena_free(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words), cmocka_unit_test(test_keyphrases),
        cmocka_unit_test(test_summary), cmocka_unit_test(test_properties)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
