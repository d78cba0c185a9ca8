/* Words that were spoken so far: a whole question, a whole command, or neither. */
#include "support/unit.h"

#include "assistant/ready.h"

static const struct {
    const char *text;
    char is; /* 'q', 'c', or 0 */
} cases[] = {
    {"What time is it?", 'q'},
    {"What day is it today?", 'q'},
    {"Who is my manager?", 'q'},
    {"What is due today?", 'q'},
    {"When does the lease for the office end?", 'q'},
    {"How much time is left?", 'q'},
    {"What is the", 0},
    {"What is the?", 0},
    {"What about", 0},
    {"Where?", 0},
    {"Who is my...", 0},
    {"Remind me to call the bank tomorrow at 9.", 'c'},
    {"Remind me to water the plants this evening.", 'c'},
    {"Remind me to call the bank tomorrow.", 0},
    {"Remind me to call the bank.", 0},
    {"Remind me to call the bank tomorrow at.", 0},
    {"Remind me to call the bank tomorrow at 9 and.", 0},
    {"Remind me tomorrow at 9 to.", 0},
    {"Set a timer for eight minutes.", 'c'},
    {"Set a timer for eight.", 0},
    {"Set a timer.", 0},
    {"Wake me at seven.", 0},
    {"Wake me at 7.", 'c'},
    {"Add milk to the shopping list.", 'c'},
    {"Add milk to.", 0},
    {"Add milk and.", 0},
    {"Stop.", 'c'},
    {"Never mind.", 'c'},
    {"Say that again.", 'c'},
    {"Delete the second one.", 0}, /* what cannot be guessed waits for silence */
    {"No.", 0},
    {"", 0},
    {".", 0},
};

static void words_that_are_whole(void **state)
{
    Err err = ERR_INIT;
    Intents *x = intents_open(NULL, &err);
    size_t wrong = 0;
    (void)state;
    assert_non_null(x);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        Str text = str_of(cases[i].text);
        char is = ready_question(x, text) ? 'q' : ready_command(x, text) ? 'c' : 0;
        if (is != cases[i].is) {
            print_message("\"%s\" is '%c', not '%c'\n", cases[i].text, is ? is : '0',
                cases[i].is ? cases[i].is : '0');
            wrong++;
        }
    }
    intents_close(x);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(words_that_are_whole)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
