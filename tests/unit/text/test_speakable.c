/* What an assistant writes, as it is said; and what must hold for any text. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "text/speakable.h"
#include "unit/text/speakable_cases.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
