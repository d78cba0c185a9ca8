/* What an assistant writes, as it is said; and what must hold for any text. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "text/speakable.h"
#include "unit/text/speakable_cases.h"
#include "unit/text/speakable_everyday_cases.h"
#include "unit/text/speakable_german_cases.h"
#include "unit/text/speakable_german_everyday_cases.h"

typedef struct {
    const char *written, *said;
} Case;

static void check_all(const void *cases, size_t n, SpeakableLanguage language)
{
    const Case *list = cases;
    SpeakableOrder order = language == SPEAKABLE_GERMAN ? SPEAKABLE_DMY : SPEAKABLE_MDY;
    size_t wrong = 0;
    for (size_t i = 0; i < n; i++) {
        Arena *a = arena_new(1 << 20);
        SpeakableSentence *out;
        size_t count;
        Err err = ERR_INIT;
        Buf all;
        buf_init(&all, 1 << 16);
        assert_true(speakable_sentences_in(language, str_of(list[i].written), order, a, &out,
            &count, &err));
        for (size_t k = 0; k < count; k++)
            buf_printf(&all, "%s" STR_FMT, k ? " " : "", STR_ARG(out[k].text));
        if (!str_eq(buf_str(&all), str_of(list[i].said))) {
            printf("\"%s\"\n   is  \"%.*s\"\n   not \"%s\"\n", list[i].written,
                STR_ARG(buf_str(&all)), list[i].said);
            wrong++;
        }
        buf_release(&all);
        arena_free(a);
    }
    assert_int_equal(wrong, 0);
}
#define CHECK_ALL(cases, language) \
    check_all(cases, sizeof(cases) / sizeof *(cases), language)

static void test_cases(void **state)
{
    (void)state;
    assert_true(sizeof speakable_cases / sizeof *speakable_cases >= 200);
    CHECK_ALL(speakable_cases, SPEAKABLE_ENGLISH);
    CHECK_ALL(everyday_cases, SPEAKABLE_ENGLISH);
}

static void test_german(void **state)
{
    (void)state;
    CHECK_ALL(german_cases, SPEAKABLE_GERMAN);
    CHECK_ALL(german_everyday_cases, SPEAKABLE_GERMAN);
}

/* What a voice would end with a low pitch is a sentence; the rest is one breath. */
static void test_ends_that_are_none(void **state)
{
    static const struct {
        const char *text;
        SpeakableLanguage language;
        size_t sentences;
    } cases[] = {{"The U.S. GDP rose. It fell.", SPEAKABLE_ENGLISH, 2},
        {"We left the U.S. Then it rained.", SPEAKABLE_ENGLISH, 2},
        {"Call at 9 a.m. PST on 5 p.m. Monday.", SPEAKABLE_ENGLISH, 1},
        {"Write to P.O. Box 42. Thanks.", SPEAKABLE_ENGLISH, 2},
        {"It ends at 9 a.m. The door shuts.", SPEAKABLE_ENGLISH, 2},
        {"Es war im 19. Jh. in Wien. Dann nicht.", SPEAKABLE_GERMAN, 2},
        {"Der 2. Termin, z. B. Dr. Weber, Nr. 5.", SPEAKABLE_GERMAN, 1},
        {"Ich nehme drei. Du nimmst 3. Gut so.", SPEAKABLE_GERMAN, 3},
        {"Wir gehen am 3. Mai hin. Gut.", SPEAKABLE_GERMAN, 2},
        {"Nr. 5. Il y a.", SPEAKABLE_OTHER, 2},
        {"You can ask about your documents and have the place shown; keep tasks and reminders, "
         "which are said in time; set timers and alarms; hear your day and what has changed in it; "
         "and have things remembered.", SPEAKABLE_ENGLISH, 2}, /* long: its first part alone */
        {"Short; and short.", SPEAKABLE_ENGLISH, 1}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Arena *a = arena_new(1 << 20);
        SpeakableSentence *out;
        size_t n;
        Err err = ERR_INIT;
        assert_true(speakable_sentences_in(cases[i].language, str_of(cases[i].text), SPEAKABLE_MDY,
            a, &out, &n, &err));
        if (n != cases[i].sentences)
            fail_msg("\"%s\" has %zu sentences", cases[i].text, n);
        arena_free(a);
    }
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
        cmocka_unit_test(test_ends_that_are_none),
        cmocka_unit_test(test_language)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
