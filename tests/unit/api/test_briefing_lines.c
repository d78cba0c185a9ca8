/* test_briefing_lines.c - which lines a briefing has, case by case: the same duty said twice, older
 * documents, the days on which the clock changes, summaries, and what is read aloud. */
#include "briefing_unit.h"

#define DUE "Important Reminders"
#define AGAIN "Worth another look"

static size_t count(const Json *j, const char *title)
{
    return json_count(items(j, title));
}

static size_t sources(const Json *l)
{
    return json_count(json_get(l, "sources"));
}

static void ends(World *w, const char *sentence, const char *verb)
{
    Str body = arena_printf(w->a, "{\"text\":\"%s\"}", sentence);
    Json *made = parse(ask(w, "POST", "/api/v1/tasks", body.ptr, NULL, 201));
    Str id = json_str(json_get(made, "id"));
    Str path = arena_printf(w->a, "/api/v1/tasks/" STR_FMT "/%s", STR_ARG(id), verb);
    (void)ask(w, "POST", path.ptr, NULL, NULL, 200);
    json_free(made);
}

/* ---- the same duty --------------------------------------------------------------------------- */

static void a_task_and_a_document(void **state)
{
    World *w = *state;
    add(w, "/mail/power.txt", "Northern Power\n\nPlease pay the invoice of 84.20 EUR for your "
        "electricity no later than 23 November 2026.\n");
    task(w, "pay the electricity invoice today");
    Json *j = daily(w, "");
    assert_int_equal(count(j, DUE), 1);
    reads(j, DUE, "electricity", "due today");
    assert_int_equal(sources(line(j, DUE, "electricity")), 2);
    reads(j, DUE, "electricity", "also ");
    json_free(j);
}

static void a_task_that_is_due_later(void **state)
{
    World *w = *state;
    add(w, "/mail/tax.txt", "Tax office\n\nYour tax return must reach us by 27 November 2026.\n");
    add(w, "/mail/club.txt", "Chess\n\nPlease register for the chess club by 27 November 2026.\n");
    task(w, "file the tax return on 27 November 2026");
    Json *j = daily(w, "");
    assert_int_equal(count(j, DUE), 2); /* the task alone would be none before its day */
    reads(j, DUE, "tax return", "also your task \"file the tax return\"");
    assert_int_equal(sources(line(j, DUE, "tax return")), 2);
    assert_int_equal(sources(line(j, DUE, "chess")), 1);
    json_free(j);
}

static void what_is_done_is_not_asked_again(void **state)
{
    World *w = *state;
    add(w, "/mail/tax.txt", "Tax office\n\nYour tax return must reach us by 27 November 2026.\n");
    add(w, "/mail/club.txt", "Chess\n\nPlease register for the chess club by 27 November 2026.\n");
    ends(w, "file the tax return on 27 November 2026", "complete");
    Json *j = daily(w, "");
    assert_int_equal(count(j, DUE), 1);
    assert_non_null(line(j, DUE, "chess"));
    json_free(j);
    (void)ask(w, "POST", "/api/v1/tasks/undo", "{}", NULL, 200); /* it was not, after all */
    j = daily(w, "");
    assert_int_equal(count(j, DUE), 2);
    json_free(j);
}

static void one_sentence_in_two_papers(void **state)
{
    World *w = *state;
    add(w, "/school/letter.txt", "The museum\n\nPlease return the form by Friday, 27 November "
        "2026. The bus leaves at eight.\n");
    add(w, "/school/again.txt", "A reminder of the museum\n\nMany forms are missing. Please return "
        "the form by Friday, 27 November 2026.\n");
    Json *j = daily(w, "");
    assert_int_equal(count(j, DUE), 1);
    reads(j, DUE, "form", "The museum"); /* of the paper that came first */
    json_free(j);
}

/* Alike in all but the child, the number, the day, or the time. */
static void what_only_looks_alike(void **state)
{
    World *w = *state;
    static const char *const pairs[][2] = {
        {"The dentist appointment for Lily is on 25 November 2026.",
            "The dentist appointment for Jonas is on 25 November 2026."},
        {"Please pay the invoice 55123 by 26 November 2026.",
            "Please pay the invoice 55187 by 26 November 2026."},
        {"Please return the library book by 27 November 2026.",
            "Please return the library book by 28 November 2026."},
        {"The parents' meeting is on 24 November 2026 at 18:00.",
            "The parents' meeting is on 24 November 2026 at 20:00."},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        for (size_t k = 0; k < 2; k++) {
            Str source = arena_printf(w->a, "/mail/%zu-%zu.txt", i, k);
            Str text = arena_printf(w->a, "A letter\n\n%s\n", pairs[i][k]);
            add(w, source.ptr, text.ptr);
        }
    Json *j = daily(w, "");
    assert_int_equal(count(j, DUE), 8);
    json_free(j);
}

/* ---- worth another look ---------------------------------------------------------------------- */

static void older_ones(void **state)
{
    World *w = *state;
    Json *j = daily(w, "");
    assert_true(str_eq(json_str(json_get(section(j, AGAIN), "lead")),
        STR("Nothing is current that an older document could be close to.")));
    json_free(j);
    set_clock("2026-09-01T10:00:00+02:00");
    add(w, "/notes/boat.txt", "The rowing boat\n\nThe rowing boat lies upside down on two "
        "trestles. Its planks were caulked with oakum, and the oars hang in the boat house.\n");
    add(w, "/notes/yeast.txt", "Yeast\n\nA sourdough needs rye flour, water and patience.\n");
    set_clock("2026-11-12T10:00:00+01:00"); /* too young to be looked at again */
    add(w, "/notes/oars.txt", "Oars\n\nThe oars of the rowing boat are varnished every spring.\n");
    set_clock("2026-11-23T10:00:00+01:00");
    add(w, "/mail/phone.txt", "Telephone contract\n\nThe monthly charge for calls to foreign "
        "networks changes.\n");
    j = daily(w, "");
    assert_int_equal(count(j, AGAIN), 0); /* nothing old is about telephones */
    assert_true(str_eq(json_str(json_get(section(j, AGAIN), "lead")),
        STR("No older document is close to what is current now.")));
    json_free(j);
    task(w, "caulk the rowing boat today");
    j = daily(w, "");
    assert_int_equal(count(j, AGAIN), 1);
    reads(j, AGAIN, "The rowing boat", "the task \"caulk the rowing boat\"");
    const Json *l = line(j, AGAIN, "The rowing boat");
    assert_int_equal(sources(l), 2);
    double close = 0;
    assert_true(json_num(json_get(l, "score"), &close) && close >= 0.45 && close < 0.97);
    json_free(j);
    /* Somebody touches it: it is not old any more. */
    Str body = arena_printf(w->a, "{\"title\":\"The boat\"}");
    Json *all = parse(ask(w, "GET", "/api/v1/knowledge/documents", NULL, NULL, 200));
    const Json *list = json_get(all, "documents");
    for (size_t i = 0; i < json_count(list); i++)
        if (str_eq(json_str(json_get(json_at(list, i), "title")), STR("The rowing boat"))) {
            Str path = arena_printf(w->a, "/api/v1/knowledge/documents/" STR_FMT,
                STR_ARG(json_str(json_get(json_at(list, i), "id"))));
            (void)ask(w, "PATCH", path.ptr, body.ptr, NULL, 200);
        }
    json_free(all);
    j = daily(w, "");
    assert_null(line(j, AGAIN, "boat"));
    json_free(j);
}

/* ---- the clock changes ----------------------------------------------------------------------- */

/* The commitments of three days ago and of seven days ahead, whatever the days' lengths. */
static void days_of_other_lengths(void **state)
{
    World *w = *state;
    static const struct {
        const char *now, *told[3], *not_told[2];
    } rows[] = {
        /* the clock goes back on 25 October 2026, forward on 28 March 2027 */
        {"2026-10-26T10:00:00+01:00", {"23 October 2026", "26 October 2026", "2 November 2026"},
            {"22 October 2026", "3 November 2026"}},
        {"2026-10-23T10:00:00+02:00", {"20 October 2026", "23 October 2026",
            "30 October 2026 at 23:30"},
            {"19 October 2026", "31 October 2026"}},
        {"2027-03-25T10:00:00+01:00", {"22 March 2027", "25 March 2027", "1 April 2027"},
            {"21 March 2027", "2 April 2027 at 00:30"}},
        {"2027-03-30T10:00:00+02:00", {"27 March 2027", "30 March 2027", "6 April 2027"},
            {"26 March 2027", "7 April 2027"}},
    };
    static const char *const what[] = {"the bicycle tax", "a telephone book", "two garden chairs",
        "the fishing licence", "one parking permit"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        set_clock("2026-10-01T10:00:00+02:00");
        for (size_t k = 0; k < 5; k++) {
            Str source = arena_printf(w->a, "/mail/%zu-%zu.txt", i, k);
            const char *day = k < 3 ? rows[i].told[k] : rows[i].not_told[k - 3];
            Str text = arena_printf(w->a, "Letter %zu\n\nPlease order %s (%zu) by %s.\n",
                i * 5 + k, what[k], i + 700, day);
            add(w, source.ptr, text.ptr);
        }
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        set_clock(rows[i].now);
        Json *j = daily(w, "");
        for (size_t k = 0; k < 5; k++) {
            Str part = arena_printf(w->a, "%s (%zu)", what[k], i + 700);
            const Json *l = line(j, DUE, part.ptr);
            if ((l != NULL) != (k < 3))
                fail_msg("%s: %s is %s", rows[i].now, part.ptr, l ? "there" : "missing");
        }
        json_free(j);
    }
}

/* ---- a folder's summary ---------------------------------------------------------------------- */

static size_t words_in(Str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++)
        n += s.ptr[i] != ' ' && (i == 0 || s.ptr[i - 1] == ' ');
    return n;
}

/* One folder with much to say: at most 200 words, each sentence whole and as it stands there. */
static void two_hundred_words(void **state)
{
    World *w = *state;
    static const char *const about[] = {"die Brücke über den Kanal", "der Garten hinter dem Haus",
        "das Dach der Turnhalle", "die Straße zum Hafen", "der Zug nach München",
        "die Küche im Keller", "das Boot am Steg", "die Orgel der Kirche"};
    Buf all;
    buf_init(&all, 1 << 20);
    for (size_t d = 0; d < 8; d++) {
        Buf text;
        buf_init(&text, 1 << 16);
        (void)buf_printf(&text, "Papier %zu\n\n", d);
        for (size_t k = 0; k < 14; k++)
            (void)buf_printf(&text, "Im Jahr %zu wurde beschlossen, dass %s für ungefähr %zu Euro "
                "erneuert und größer wird, weil es der Rat der Stadt so wünschte. ",
                1900 + d * 14 + k, about[(d + k) % 8], 1000 + 37 * k);
        (void)buf_add_char(&text, '\n');
        (void)buf_add(&all, buf_str(&text));
        Str source = arena_printf(w->a, "/rat/%zu.txt", d);
        add(w, source.ptr, arena_cstr(w->a, buf_str(&text)));
        buf_release(&text);
    }
    Json *j = daily(w, "");
    const Json *groups = json_get(section(j, "Recent Updates"), "groups");
    assert_int_equal(json_count(groups), 1);
    Str summary = json_str(json_get(json_at(groups, 0), "summary"));
    assert_in_range(words_in(summary), 60, 200);
    assert_int_equal(utf8_valid_len(summary), summary.len);
    for (size_t at = 0; at < summary.len;) { /* sentence by sentence */
        size_t dot = str_find(summary, STR(". "), at);
        dot = dot == SIZE_MAX ? summary.len : dot + 1;
        Str sentence = str_trim(str_sub(summary, at, dot));
        assert_true(str_find(buf_str(&all), sentence, 0) != SIZE_MAX);
        at = dot;
    }
    buf_release(&all);
    json_free(j);
}

/* ---- read aloud ------------------------------------------------------------------------------ */

static void without_signs(void **state)
{
    World *w = *state;
    add(w, "/mail/power.txt", "Northern Power\n\nPlease pay the invoice of 84.20 EUR for your "
        "electricity no later than 27 November 2026.\n");
    task(w, "call the *bank* <now> today at 17:30");
    (void)ask(w, "POST", "/api/v1/calendar/events",
              "{\"title\":\"Dentist\",\"location\":\"Garden Row 3\",\"start\":"
              "\"2026-11-23T15:00:00+01:00\",\"end\":\"2026-11-23T15:30:00+01:00\"}", NULL, 201);
    Str said = ask(w, "GET", DAILY "?format=speech", NULL, NULL, 200);
    for (size_t i = 0; i < said.len; i++)
        if (strchr("0123456789*<>|#_()[]/\\\"%+=@&", said.ptr[i]))
            fail_msg("'%c' is no word: " STR_FMT, said.ptr[i], STR_ARG(said));
    assert_true(has(said, "Monday, the twenty-third of November, twenty twenty-six"));
    assert_true(has(said, "five thirty P.M."));
    assert_true(has(said, "eighty-four euros and twenty cents"));
    assert_false(has(said, "EUR"));
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], ZYGOTE_FLAG) == 0)
        return extract_child_main(argc, argv);
    const struct CMUnitTest tests[] = {
        T(a_task_and_a_document), T(a_task_that_is_due_later), T(what_is_done_is_not_asked_again),
        T(one_sentence_in_two_papers), T(what_only_looks_alike), T(older_ones),
        T(days_of_other_lengths), T(two_hundred_words), T(without_signs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
