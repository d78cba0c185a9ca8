/* Sentences that bind to a date, and those that do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>

#include "base/clock.h"
#include "text/commitment.h"

static Zone *berlin;

static WhenContext context(void)
{
    int64_t now;
    assert_true(clock_parse(STR("2026-11-23T10:00:00+01:00"), &now));
    return (WhenContext){.now_ms = now, .zone = berlin, .day_first = true};
}

static void test_found(void **state)
{
    static const struct {
        const char *text, *kind, *due;
        bool timed;
    } rows[] = {
        {"Please pay the total of 205.28 EUR by 4 December 2026 to our account.", "payment",
         "2026-12-04T09:00:00+01:00", false},
        {"We must receive your cancellation in writing by 15 December 2026.", "deadline",
         "2026-12-15T09:00:00+01:00", false},
        {"Please return the form below by Friday, 27 November 2026.", "deadline",
         "2026-11-27T09:00:00+01:00", false},
        {"Next meeting: Tuesday, 24 November, 10:00, by video.", "meeting",
         "2026-11-24T10:00:00+01:00", true},
        {"Renew Lily's passport: it expires on 30 January 2027.", "expiry",
         "2027-01-30T09:00:00+01:00", false},
        {"Your appointment is on 3 March 2027 at 8:15.", "appointment",
         "2027-03-03T08:15:00+01:00", true},
        {"The warranty runs until 2 March 2027.", "expiry", "2027-03-02T09:00:00+01:00", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        WhenContext c = context();
        Commitment found[4];
        char due[ZONE_RFC3339_MAX];
        Str text = str_of(rows[i].text);
        size_t n = commitment_find(text, STR(""), &c, COMMITMENT_STRONG, found, 4);
        if (n != 1)
            fail_msg("%s: %zu found", rows[i].text, n);
        assert_string_equal(commitment_kind_name(found[0].kind), rows[i].kind);
        assert_string_equal(zone_format(berlin, found[0].due_ms, due), rows[i].due);
        assert_int_equal(found[0].timed, rows[i].timed);
        assert_int_equal(found[0].end - found[0].start, text.len);
        assert_true(found[0].strength >= COMMITMENT_STRONG && found[0].strength <= 1.0001);
    }
}

static void test_not_found(void **state)
{
    static const char *const rows[] = {
        "The rent has been paid on 3 December 2026.",
        "Berths can be booked online at any hour; today people must telephone.",
        "Water damage must be reported within seven days.",
        "We went to the museum on 14 November 2026.",
        "Pay attention to the details.",
        "Thank you for your payment of 4 December 2026.",
        "The report of May 2026 is due for review in general.",
        "From: Tom Reyes\nDate: Thu, 19 Nov 2026 17:42:10 +0100",
        "",
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        WhenContext c = context();
        Commitment found[4];
        if (commitment_find(str_of(rows[i]), STR("A letter"), &c, COMMITMENT_STRONG, found, 4))
            fail_msg("%s was taken for a %s", rows[i], commitment_kind_name(found[0].kind));
    }
}

/* A day with its hour belongs to the sentence before its colon, or to the title. */
static void test_led(void **state)
{
    static const char text[] = "this is a reminder of Lily's dentist appointment:\n\n"
                               "Wednesday, 25 November 2026, at 15:20\n\nDr. Amara Singh\n";
    WhenContext c = context();
    Commitment found[4];
    (void)state;
    assert_int_equal(commitment_find(str_of(text), STR("A letter"), &c, 0.6, found, 4), 1);
    assert_int_equal(found[0].start, 0);
    Str sentence = str_sub(str_of(text), found[0].start, found[0].end);
    Str title = commitment_title(sentence, STR("A letter"));
    assert_true(str_eq(title, STR("Lily's dentist appointment")));

    static const char party[] = "Saturday, 5 December 2026, 14:00 to 17:30, at our place.\n";
    Str birthday = STR("Lily's ninth birthday");
    assert_int_equal(commitment_find(str_of(party), birthday, &c, 0.6, found, 4), 1);
    assert_int_equal(found[0].kind, COMMIT_APPOINTMENT);
    assert_true(str_eq(commitment_title(str_of(party), birthday), birthday));
    assert_int_equal(commitment_find(str_of(party), STR("Notes"), &c, 0.6, found, 4), 0);
}

static void test_titles(void **state)
{
    static const struct {
        const char *sentence, *title;
    } rows[] = {
        {"Please pay 374.00 EUR by 14 December 2026.", "pay 374.00 EUR by 14 December 2026"},
        {"- [ ] Register for the chess club until 30 November",
         "Register for the chess club until 30 November"},
        {"Reminder: please return the keys by 3 May 2027!", "return the keys by 3 May 2027"},
    };
    char longest[400];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Str title = commitment_title(str_of(rows[i].sentence), STR("A letter"));
        if (!str_eq(title, str_of(rows[i].title)))
            fail_msg("%.*s", (int)title.len, title.ptr);
    }
    memset(longest, 'x', sizeof longest);
    memcpy(longest, "pay ", 4);
    assert_true(commitment_title(str_mem(longest, sizeof longest), STR("")).len <= 100);
}

static void test_many(void **state)
{
    Buf b;
    Commitment found[8];
    WhenContext c = context();
    (void)state;
    buf_init(&b, 1 << 20);
    for (int i = 0; i < 500; i++)
        buf_printf(&b, "Please pay %d EUR by 4 December 2026.\n\n", i);
    assert_int_equal(commitment_find(buf_str(&b), STR(""), &c, 0.6, found, 8), 8);
    buf_release(&b);
}

int main(void)
{
    Err err = ERR_INIT;
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_found),
        cmocka_unit_test(test_not_found), cmocka_unit_test(test_led),
        cmocka_unit_test(test_titles), cmocka_unit_test(test_many)};
    berlin = zone_open(STR("Europe/Berlin"), &err);
    if (!berlin)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    zone_free(berlin);
    return failed;
}
