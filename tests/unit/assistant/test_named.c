/* What a person said names a task, or only something like it. */
#include "support/unit.h"

#include "assistant/named.h"

#define SURE NAMED_SURE
#define NEAR NAMED_NEAR
#define NOT NAMED_NOT

typedef struct {
    const char *said, *title;
    Naming is;
} Row;

static WhenContext monday = {.now_ms = 1795424400000};
static Zone *utc;

static int set_up(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    monday.zone = utc = zone_open(STR("UTC"), &err);
    return utc ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    zone_free(utc);
    return 0;
}

static const Row phrases[] = {
    /* the same thing, in fewer or in more words */
    {"call the bank", "call the bank", SURE}, {"the bank", "call the bank", SURE},
    {"Call The Bank!", "call the bank", SURE}, {"the dentist", "dentist for Mia", SURE},
    {"the call", "call the bank", SURE}, {"the plants", "water the plant", SURE},
    {"paid the electricity bill", "pay the electricity bill", SURE},
    {"pay the rent", "rent", SURE}, {"phone the dentist", "call the dentist", SURE},
    {"rang the dentist", "call the dentist", SURE}, {"the dentist on Friday", "dentist", SURE},
    {"the dentist appointment", "dentist", SURE}, {"got the milk", "buy milk", SURE},
    {"bought milk", "buy milk", SURE}, {"invoice 12", "pay invoice 12", SURE},
    {"the March invoice", "pay the March invoice", SURE}, {"the report", "finish the report", SURE},
    {"the meeting", "prepare the meeting with Dana", SURE},
    {"Mia's dentist", "dentist for Mia", SURE},
    {"finish", "finish", SURE}, {"the Friday one", "Friday report", SURE},
    /* another thing with a word in common */
    {"call the dentist", "call the bank", NEAR},
    {"call the bank", "call the bank clerk's wife", SURE},
    {"call mom and dad", "call mom", NEAR}, {"buy milk and eggs", "buy milk", NEAR},
    {"invoice 12", "pay invoice 13", NEAR}, {"the March invoice", "pay the April invoice", NEAR},
    {"lunch with Dana", "lunch with Peter", NEAR},
    {"the dentist for Mia", "dentist for Jonas", NEAR},
    {"pay Dana", "call Dana", NEAR}, {"the meeting with Dana", "call Dana", NEAR},
    {"water the garden", "water the plants", NEAR}, {"the gift for Dana", "call Dana", NEAR},
    {"call the dentist", "pay the dentist bill", NEAR}, {"the red car wash", "car wash", NEAR},
    {"order a cake", "order a book", NEAR}, {"email Dana", "call Dana", NEAR},
    {"the tax return 2025", "tax return 2024", NEAR}, {"the car", "buy a card", NOT},
    /* nothing in common but words that name nothing */
    {"the dentist", "call the bank", NOT}, {"delete it", "delete old files", NOT},
    {"delete it", "call the bank", NOT}, {"", "call the bank", NOT}, {"the bank", "", NOT},
    {"move it to Friday", "Friday report", NOT}, {"it", "it", NOT},
    {"cancel that", "cancel gym", NOT},
    {"Dana", "Diana", NOT}, {"the form", "the format", NOT}, {"Martin", "call Martina", NOT},
    /* German and French */
    {"den Zahnarzt", "Zahnarzt anrufen", SURE}, {"die Bank", "Bank anrufen", SURE},
    {"Zahnarzt anrufen", "Bank anrufen", NEAR}, {"die Bank angerufen", "Bank anrufen", SURE},
    {"die Rechnungen", "Rechnung bezahlen", SURE}, {"Miete bezahlt", "Miete bezahlen", SURE},
    {"die Rechnung von Vattenfall", "Rechnung von Telekom", NEAR},
    {"den Termin beim Zahnarzt", "Termin beim Friseur", NEAR},
    {"le dentiste", "appeler le dentiste", SURE},
    {"appeler la banque", "appeler le dentiste", NEAR},
    {"le loyer", "payer le loyer", SURE}, {"j'ai payé le loyer", "payer le loyer", SURE},
    {"acheter du pain", "acheter du lait", NEAR},
};

static const Row turns[] = {
    {"drop the dentist and buy milk", "dentist for Mia", SURE},
    {"I called the dentist, and the bank can wait", "call the bank", SURE},
    {"I called the dentist and bought milk", "call the bank", NEAR},
    {"please delete call the dentist, we moved", "call the bank", NEAR},
    {"I finally finished the tax return, what a relief", "tax return", SURE},
    {"forget about the cake", "order a cake", SURE},
    {"the plants can wait until Wednesday", "water the plants", SURE},
    {"the dentist is next Tuesday at 9 now", "dentist", SURE},
    {"get rid of the gym membership", "cancel gym membership", SURE},
    {"cancel the lunch with Dana, and remind me of the gym", "lunch with Peter", NEAR},
    {"we need milk and eggs", "call the bank", NOT},
    {"I should really water the plants and feed the cat", "call the bank", NOT},
    {"I drank the milk and ate the eggs", "buy milk", NEAR},
    {"milk and eggs are not needed any more", "milk and eggs", SURE},
    {"Lösche bitte den Zahnarzt und kaufe Milch", "Zahnarzt anrufen", SURE},
    {"Der Zahnarzt ist erledigt, die Bank noch nicht", "Zahnarzt anrufen", SURE},
    {"Ich habe den Zahnarzt angerufen und Milch gekauft", "Bank anrufen", NEAR},
    {"Vergiss die Bank und verschieb den Zahnarzt auf Freitag", "Bank anrufen", SURE},
    {"Supprime le dentiste et ajoute du lait", "appeler le dentiste", SURE},
    {"J'ai appelé le dentiste et acheté du lait", "appeler la banque", NEAR},
};

static void check(Naming (*fn)(Str, Str, const WhenContext *), const Row *rows, size_t n)
{
    size_t wrong = 0;
    for (size_t i = 0; i < n; i++) {
        Naming is = fn(str_of(rows[i].said), str_of(rows[i].title), &monday);
        if (is == rows[i].is)
            continue;
        print_error("\"%s\" / \"%s\": %d, not %d\n", rows[i].said, rows[i].title, is, rows[i].is);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

static void test_phrases(void **state)
{
    (void)state;
    check(named, phrases, ARRAY_LEN(phrases));
}

static void test_turns(void **state)
{
    (void)state;
    check(named_in, turns, ARRAY_LEN(turns));
}

static void test_pointing(void **state)
{
    (void)state;
    static const char *const it[] = {"all", "everything", "it", "that"};
    static const struct {
        const char *said;
        bool is;
    } rows[] = {
       {"delete it", true}, {"move that one to Friday", true}, {"all of them are done", true},
       {"please get rid of everything, and I mean all of it", true},
       {"yes, cancel it please", true},
       {"I called the dentist and it went fine", false}, {"that dentist is done", false},
       {"I did all the shopping", false}, {"delete the dentist", false}, {"", false},
       {"the dentist, that is", true}, {"it is over", true}, {"put it off until Monday", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (named_by_pointing(str_of(rows[i].said), it, ARRAY_LEN(it), &monday) != rows[i].is)
            fail_msg("%s", rows[i].said);
}

static void test_together(void **state)
{
    (void)state;
    Str bank = STR("call the bank"), dana = STR("call Dana"), rent = STR("pay the rent");
    assert_true(named_together(STR("drop the call"), bank, dana, SURE, &monday));
    assert_false(named_together(STR("drop the bank and Dana"), bank, dana, SURE, &monday));
    assert_false(named_together(STR("I called the bank, and Dana"), bank, dana, SURE, &monday));
    assert_true(named_together(STR("I called the dentist"), bank, dana, NEAR, &monday));
    assert_false(named_together(STR("I called the dentist"), bank, rent, NEAR, &monday));
}

static void test_instead(void **state)
{
    (void)state;
    static const struct {
        const char *said, *title, *other;
        bool is;
    } rows[] = {
        {"drop the dentist for Mia", "dentist for Jonas", "dentist for Mia", true},
        {"I called the dentist, and the rent is paid", "call the bank", "pay the rent", false},
        {"I called the dentist, and the rent is paid", "call the bank", "call the dentist", true},
        {"delete call the dentist", "call the bank", "call Dana", false},
        {"delete the plumber", "call the bank", "call the plumber", false},
        {"I called Dana, then I called the bank's lawyer", "call the bank", "call Dana", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (named_instead(str_of(rows[i].said), str_of(rows[i].title), str_of(rows[i].other),
                          &monday) != rows[i].is)
            fail_msg("%s", rows[i].said);
}

/* Any bytes and any length are words or none. */
static void test_odd(void **state)
{
    (void)state;
    char many[4000], odd[] = "\xFF\xC3 call \xE2\x82 the\0 bank";
    for (size_t i = 0; i < sizeof many; i++)
        many[i] = i % 4 == 3 ? ' ' : (char)('a' + (i / 4 + i) % 26);
    assert_int_equal(named(str_mem(many, sizeof many), STR("call the bank"), &monday), NAMED_NOT);
    memcpy(many + 3000, " bank ", 6);
    assert_true(named(str_mem(many, sizeof many), STR("call the bank"), &monday) != NAMED_SURE);
    assert_int_equal(named(str_mem(odd, sizeof odd - 1), STR("call the bank"), &monday),
                     NAMED_SURE);
    memset(many, 'x', sizeof many);
    assert_int_equal(named(str_mem(many, sizeof many), str_mem(many, 3999), &monday), NAMED_SURE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_phrases),
        cmocka_unit_test(test_turns),
        cmocka_unit_test(test_pointing),
        cmocka_unit_test(test_together),
        cmocka_unit_test(test_instead),
        cmocka_unit_test(test_odd),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
