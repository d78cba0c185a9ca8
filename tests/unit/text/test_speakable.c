/* What an assistant writes, as it is said; and what must hold for any text. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "text/speakable.h"
#include "unit/text/speakable_cases.h"
#include "unit/text/speakable_german_cases.h"

static void test_cases(void **state)
{
    (void)state;
    size_t n = sizeof speakable_cases / sizeof *speakable_cases, wrong = 0;
    assert_true(n >= 200);
    for (size_t i = 0; i < n; i++) {
        Arena *a = arena_new(1 << 20);
        Str said = speakable_text(str_of(speakable_cases[i].written), SPEAKABLE_MDY, a);
        if (!str_eq(said, str_of(speakable_cases[i].said))) {
            printf("\"%s\"\n   is  \"%.*s\"\n   not \"%s\"\n", speakable_cases[i].written,
                STR_ARG(said), speakable_cases[i].said);
            wrong++;
        }
        arena_free(a);
    }
    assert_int_equal(wrong, 0);
}

static void test_german(void **state)
{
    size_t n = sizeof german_cases / sizeof *german_cases, wrong = 0;
    (void)state;
    assert_true(n >= 30);
    for (size_t i = 0; i < n; i++) {
        Arena *a = arena_new(1 << 20);
        SpeakableSentence *list;
        size_t count;
        Err err = ERR_INIT;
        Buf all;
        buf_init(&all, 1 << 16);
        assert_true(speakable_sentences_in(SPEAKABLE_GERMAN, str_of(german_cases[i].written),
            SPEAKABLE_DMY, a, &list, &count, &err));
        for (size_t k = 0; k < count; k++)
            buf_printf(&all, "%s" STR_FMT, k ? " " : "", STR_ARG(list[k].text));
        if (!str_eq(buf_str(&all), str_of(german_cases[i].said))) {
            printf("\"%s\"\n   is  \"%.*s\"\n   not \"%s\"\n", german_cases[i].written,
                STR_ARG(buf_str(&all)), german_cases[i].said);
            wrong++;
        }
        buf_release(&all);
        arena_free(a);
    }
    assert_int_equal(wrong, 0);
}

static void test_language(void **state)
{
    (void)state;
    assert_int_equal(speakable_language(STR("en-US")), SPEAKABLE_ENGLISH);
    assert_int_equal(speakable_language(STR("")), SPEAKABLE_ENGLISH);
    assert_int_equal(speakable_language(STR("de")), SPEAKABLE_GERMAN);
    assert_int_equal(speakable_language(STR("de_AT")), SPEAKABLE_GERMAN);
    assert_int_equal(speakable_language(STR("den")), SPEAKABLE_OTHER);
    assert_int_equal(speakable_language(STR("fr-FR")), SPEAKABLE_OTHER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases), cmocka_unit_test(test_german),
        cmocka_unit_test(test_language)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
