/* test_briefing.c - the briefing over simulated weeks, through its routes: documents are read,
 * tasks made, the clock set. Needs the encoder's file (SOTTO_MODELS). */
#include "briefing_unit.h"

/* ---- the page -------------------------------------------------------------------------------- */

static void nothing_yet(void **state)
{
    World *w = *state;
    Json *j = daily(w, "");
    const Json *list = json_get(j, "sections");
    assert_int_equal(json_count(list), 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(json_count(json_get(json_at(list, i), "items")), 0);
        assert_int_equal(json_count(json_get(json_at(list, i), "source_documents")), 0);
        assert_true(json_str(json_get(json_at(list, i), "content")).len > 10);
    }
    assert_true(has(json_str(json_get(j, "headline")), "nothing is due"));
    Str text = ask(w, "GET", DAILY, NULL, "text/plain", 200);
    assert_true(text.len < 800); /* short */
    Str spoken = ask(w, "GET", DAILY "?format=speech", NULL, NULL, 200);
    assert_true(str_eq(spoken, STR("Monday, the twenty-third of November, twenty "
                                   "twenty-six: nothing is due, and nothing is new.\n")));
    json_free(j);
}

static void due(void **state)
{
    World *w = *state;
    task(w, "call the bank today at 17:00, urgent");
    task(w, "buy milk today");
    task(w, "plan the summer in June");
    add(w, "/mail/power.txt", "Your electricity\n\nPlease pay the invoice of 84.20 EUR for your "
        "electricity no later than 27 November 2026.\n");
    add(w, "/mail/again.txt", "A reminder from the power company\n\nYou must pay the electricity "
        "invoice of 84.20 EUR no later than 27 November 2026, thank you.\n");
    add(w, "/mail/water.txt", "Water company\n\nPlease pay the invoice 55123 for your electricity "
        "no later than 26 November 2026.\n");
    add(w, "/mail/old.txt", "Old\n\nPlease pay the fee no later than 3 March 2019.\n");
    Json *j = daily(w, "");
    const char *due_title = "Important Reminders";
    assert_true(str_eq(json_str(json_get(section(j, due_title), "priority")), STR("Critical")));
    reads(j, due_title, "call the bank", "due today at 17:00, urgent priority");
    reads(j, due_title, "buy milk", "due today");
    reads(j, due_title, "electricity", "on Thursday 26 November");
    assert_null(line(j, due_title, "summer"));
    assert_null(line(j, due_title, "the fee"));
    /* Two mails about one invoice are one line that names both; another day is another one. */
    assert_int_equal(json_count(items(j, due_title)), 4);
    const Json *first = json_at(items(j, due_title), 0);
    assert_true(has(json_str(json_get(first, "text")), "call the bank"));
    size_t joined = 0;
    for (size_t i = 0; i < 4; i++) {
        const Json *l = json_at(items(j, due_title), i);
        if (json_count(json_get(l, "sources")) == 2) {
            joined++;
            assert_true(has(json_str(json_get(l, "reason")), "also in"));
        }
    }
    assert_int_equal(joined, 1);
    assert_int_equal(json_count(json_get(section(j, due_title), "source_documents")), 3);
    json_free(j);
    /* Its time passes. */
    set_clock("2026-11-23T18:00:00+01:00");
    j = daily(w, "");
    reads(j, due_title, "call the bank", "overdue: it was due");
    json_free(j);
}

static void ten_at_most(void **state)
{
    World *w = *state;
    for (int i = 0; i < 14; i++) {
        static const char *const what[] = {"water the ferns", "repair the bicycle", "feed the cat",
            "write to Dana", "clean the oven", "book a flight", "sell the piano", "tune the radio",
            "bake bread", "visit the dentist", "sign the lease", "wash the car", "fold the laundry",
            "charge the drill"};
        Str s = arena_printf(w->a, "%s today at %d:00", what[i], 11 + i % 12);
        task(w, s.ptr);
    }
    Json *j = daily(w, "");
    int64_t more = 0;
    assert_int_equal(json_count(items(j, "Important Reminders")), 10);
    assert_true(json_int(json_get(section(j, "Important Reminders"), "more"), &more));
    assert_int_equal(more, 4);
    double before = 2;
    for (size_t i = 0; i < 10; i++) {
        double score = 0;
        assert_true(json_num(
            json_get(json_at(items(j, "Important Reminders"), i), "score"), &score));
        assert_true(score <= before && score > 0);
        before = score;
    }
    json_free(j);
}

static void the_day(void **state)
{
    World *w = *state;
    (void)ask(w, "POST", "/api/v1/calendar/events",
              "{\"title\":\"Dentist\",\"location\":\"Garden Row 3\",\"start\":"
              "\"2026-11-23T15:00:00+01:00\",\"end\":\"2026-11-23T15:30:00+01:00\"}", NULL, 201);
    (void)ask(w, "POST", "/api/v1/calendar/events",
              "{\"title\":\"Holiday\",\"start\":\"2026-11-23\"}", NULL, 201);
    task(w, "call the bank today at 11:00");
    Json *j = daily(w, "");
    const Json *today = items(j, "Today");
    static const char *const lines[] = {"all day: Holiday", "11:00 call the bank",
                                        "15:00-15:30 Dentist, Garden Row 3"};
    assert_int_equal(json_count(today), 3);
    for (size_t i = 0; i < 3; i++)
        assert_true(str_eq(json_str(json_get(json_at(today, i), "text")), str_of(lines[i])));
    json_free(j);
    /* Somewhere else the day has other hours. */
    j = daily(w, "?tz=America/New_York");
    assert_non_null(line(j, "Today", "09:00-09:30 Dentist"));
    json_free(j);
    j = daily(w, "?date=2026-11-24");
    assert_int_equal(json_count(items(j, "Today")), 0);
    assert_true(str_eq(json_str(json_get(j, "date")), STR("2026-11-24")));
    json_free(j);
}

static void what_came(void **state)
{
    World *w = *state;
    Uuid plan = add(w, "/home/ann/work/plan.txt", "The plan\n\nThe bridge opens in May. The ferry "
        "stops then. Both towns agreed to it after a long debate.\n");
    add(w, "/home/ann/work/note.txt", "A note\n\nThe crane arrives with the spring tide.\n");
    add(w, "upload", "Soup\n\nBoil the lentils for twenty minutes in salted water.\n");
    Json *j = daily(w, "");
    const Json *groups = json_get(section(j, "Recent Updates"), "groups");
    int64_t n = 0;
    assert_int_equal(json_count(groups), 2);
    assert_true(str_eq(json_str(json_get(json_at(groups, 0), "name")), STR("/home/ann/work")));
    assert_true(json_int(json_get(json_at(groups, 0), "new"), &n) && n == 2);
    /* Sentences of the documents, word for word. */
    Str summary = json_str(json_get(json_at(groups, 0), "summary"));
    assert_true(has(summary, "The crane arrives with the spring tide."));
    reads(j, "Recent Updates", "The plan", "came today at 10:00");
    json_free(j);
    /* By the clock, to the minute: 24 hours later they are no news; one that changed is. */
    set_clock("2026-11-24T09:59:00+01:00");
    j = daily(w, "");
    assert_int_equal(json_count(items(j, "Recent Updates")), 3);
    json_free(j);
    set_clock("2026-11-24T10:02:00+01:00");
    j = daily(w, "");
    assert_int_equal(json_count(items(j, "Recent Updates")), 0);
    json_free(j);
    Err err = ERR_INIT;
    Str title = STR("The better plan");
    DocPatch patch = {.title = &title, .updated_at = clock_now_ms()};
    assert_true(store_document_patch(w->store, &(Uuid){{1}}, &plan, &patch, &err));
    j = daily(w, "");
    reads(j, "Recent Updates", "The better plan", "changed today at 10:02");
    json_free(j);
}

static void weeks(void **state)
{
    World *w = *state;
    static const char *const usual[] = {"garden roses", "bicycle repair", "choir rehearsal"};
    for (int day = 0; day < 40; day++) {
        clock_set_ms(1792825200000 + (int64_t)day * 86400000); /* from 2026-10-24 */
        Str text = arena_printf(w->a, "Diary of day %d\n\nToday it was about %s once more. The %s "
            "took the whole afternoon.\n", day, usual[day % 3], usual[day % 3]);
        add(w, "diary", text.ptr);
        if (day >= 36) {
            text = arena_printf(w->a, "Entry %d\n\nThe heat pump was discussed with plumber %d. "
                "A heat pump costs less than before.\n", day, day * 7);
            add(w, "diary", text.ptr);
        }
    }
    Json *j = daily(w, "");
    const Json *first = json_at(items(j, "Trending Topics"), 0);
    int64_t recent = 0, before = -1;
    assert_non_null(first);
    assert_true(has(json_str(json_get(first, "text")), "heat pump"));
    assert_true(json_int(json_get(first, "recent"), &recent) && recent == 4);
    assert_true(json_int(json_get(first, "before"), &before) && before == 0);
    assert_true(has(json_str(json_get(first, "reason")), "in 4 of 11 documents"));
    assert_null(line(j, "Trending Topics", "garden roses"));
    json_free(j);
    /* Two weeks on nobody writes of it any more; it is history. */
    for (int day = 41; day < 55; day++) {
        clock_set_ms(1792825200000 + (int64_t)day * 86400000);
        Str text = arena_printf(w->a, "Diary of day %d\n\nToday it was about %s once more.\n", day,
            usual[day % 3]);
        add(w, "diary", text.ptr);
    }
    j = daily(w, "");
    assert_null(line(j, "Trending Topics", "heat pump"));
    json_free(j);
    /* What is current again brings the older ones back, with what it is close to. */
    add(w, "mail", "Offer\n\nOur offer for a new heat pump, with the work of the plumber.\n");
    j = daily(w, "");
    const Json *again = items(j, "Worth another look");
    assert_true(json_count(again) > 0 && json_count(again) <= 3);
    reads(j, "Worth another look", "Entry", "the document \"Offer\"");
    json_free(j);
}

/* ---- the same, and at once ------------------------------------------------------------------- */

static void byte_for_byte(void **state)
{
    World *w = *state;
    static const char *const forms[] = {"?format=json", "?format=text", "?format=html",
                                        "?format=speech"};
    Str before[4];
    add(w, "/mail/a.txt", "Bill\n\nPlease pay the invoice of 84.20 EUR no later than 27 November "
        "2026. The bridge opens in May. The ferry stops then.\n");
    add(w, "/mail/b.txt", "Bill\n\nYou must pay the invoice of 84.20 EUR no later than 27 November "
        "2026. Tides and ferries were discussed at length in both of the towns.\n");
    task(w, "call the bank today at 17:00");
    for (size_t i = 0; i < 4; i++)
        before[i] = ask(w, "GET", arena_printf(w->a, DAILY "%s", forms[i]).ptr, NULL, NULL, 200);
    for (int round = 0; round < 3; round++) {
        if (round) { /* nothing is remembered from before */
            close_parts(w);
            set_clock("2026-11-23T10:00:00+01:00");
            open_parts(w);
        }
        for (size_t i = 4; i-- > 0;) {
            Str now = ask(w, "GET", arena_printf(w->a, DAILY "%s", forms[i]).ptr, NULL, NULL, 200);
            if (!str_eq(now, before[i]))
                fail_msg(STR_FMT "\nis not\n" STR_FMT, STR_ARG(now), STR_ARG(before[i]));
            assert_int_equal(utf8_valid_len(now), now.len);
        }
    }
}

static void kept_until_something_changes(void **state)
{
    World *w = *state;
    Err err = ERR_INIT;
    BriefingAsk now = {0};
    add(w, "/mail/a.txt", "A note\n\nThe crane arrives with the spring tide.\n");
    BriefingShot *a = briefing_get(w->briefings, &now, 0, &err);
    clock_set_ms(clock_now_ms() + 3600000);
    BriefingShot *b = briefing_get(w->briefings, &now, 0, &err);
    assert_true(a && a == b); /* an hour later nothing changed */
    task(w, "call the bank today at 17:00");
    BriefingShot *c = briefing_get(w->briefings, &now, 0, &err);
    assert_true(c && c != a);
    (void)ask(w, "POST", "/api/v1/calendar/events",
              "{\"title\":\"Dentist\",\"start\":\"2026-11-23T15:00:00+01:00\"}", NULL, 201);
    BriefingShot *d = briefing_get(w->briefings, &now, 0, &err);
    assert_true(d && d != c);
    assert_int_equal(briefing_of(d)->sections[BRIEFING_TODAY].n, 2);
    assert_int_equal(briefing_of(c)->sections[BRIEFING_TODAY].n, 1);
    set_clock("2026-11-23T17:01:00+01:00"); /* its time has come */
    BriefingShot *e = briefing_get(w->briefings, &now, 0, &err);
    assert_true(e && e != d && briefing_of(e)->sections[BRIEFING_DUE].items[0].overdue);
    set_clock("2026-11-24T00:00:00+01:00");
    BriefingShot *f = briefing_get(w->briefings, &now, 0, &err);
    assert_true(f && f != e);
    BriefingShot *all[] = {a, b, c, d, e, f};
    for (size_t i = 0; i < 6; i++)
        briefing_release(all[i]);
}

/* ---- other forms ----------------------------------------------------------------------------- */

static void forms(void **state)
{
    World *w = *state;
    add(w, "/mail/<b>.txt", "<script>alert(1)</script> & co\n\nPlease pay the \"invoice\" & more "
        "no later than 27 November 2026.\n");
    Str html = ask(w, "GET", DAILY, NULL, "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", 200);
    assert_true(str_starts(html, STR("<!doctype html>")));
    assert_false(has(html, "<script"));
    assert_true(has(html, "&lt;script&gt;") && has(html, "Important Reminders"));
    Str text = ask(w, "GET", DAILY, NULL, "text/plain", 200);
    assert_true(has(text, "Recent Updates\n") && has(text, "- "));
    Str spoken = ask(w, "GET", DAILY "?format=speech", NULL, NULL, 200);
    assert_false(has(spoken, "<") || has(spoken, "/mail"));
    Str feed = ask(w, "GET", "/api/v1/briefing/feed.atom", NULL, NULL, 200);
    assert_true(has(feed, "<feed xmlns=\"http://www.w3.org/2005/Atom\">"));
    assert_true(has(feed, "<entry>") && has(feed, "date=2026-11-23&amp;tz=Europe/Berlin"));
    assert_false(has(feed, "<script"));
    Json *history = parse(ask(w, "GET", "/api/v1/briefing/history", NULL, NULL, 200));
    assert_int_equal(json_count(history), 1);
    assert_true(str_eq(json_str(json_get(json_at(history, 0), "date")), STR("2026-11-23")));
    json_free(history);
}

static void refusals(void **state)
{
    World *w = *state;
    static const char *const bad[] = {"?date=yesterday", "?date=2026-13-01", "?date=2026-02-30",
        "?tz=Mars/Base", "?tz=../../etc/passwd", "?format=pdf", "?day=1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Str why = ask(w, "GET", arena_printf(w->a, DAILY "%s", bad[i]).ptr, NULL, NULL, 400);
        assert_true(has(why, "VALIDATION_ERROR"));
    }
    static const char *const schedules[] = {"{\"time\":\"25:00\"}", "{\"time\":\"7:00\"}",
        "{\"days\":[\"noday\"]}", "{\"zone\":\"Mars/Base\"}", "{\"when\":1}"};
    for (size_t i = 0; i < sizeof schedules / sizeof *schedules; i++)
        (void)ask(w, "PUT", "/api/v1/briefing/schedule", schedules[i], NULL, 400);
    (void)ask(w, "GET", "/api/v1/briefing/history?limit=0", NULL, NULL, 400);
}

static void schedule(void **state)
{
    World *w = *state;
    Json *j = parse(ask(w, "GET", "/api/v1/briefing/schedule", NULL, NULL, 200));
    assert_true(str_eq(json_str(json_get(j, "time")), STR("07:00")));
    assert_int_equal(json_count(json_get(j, "days")), 7);
    assert_true(str_eq(json_str(json_get(j, "next_at")), STR("2026-11-24T07:00:00+01:00")));
    json_free(j);
    j = parse(ask(w, "PUT", "/api/v1/briefing/schedule",
                  "{\"time\":\"06:30\",\"days\":[\"tue\",\"sat\"],\"zone\":\"UTC\"}", NULL, 200));
    assert_true(str_eq(json_str(json_get(j, "next_at")), STR("2026-11-24T06:30:00+00:00"))
                || str_eq(json_str(json_get(j, "next_at")), STR("2026-11-24T06:30:00Z")));
    json_free(j);
    j = parse(ask(w, "PUT", "/api/v1/briefing/schedule", "{\"enabled\":false}", NULL, 200));
    assert_int_equal(json_type(json_get(j, "next_at")), JSON_T_NULL);
    assert_true(str_eq(json_str(json_get(j, "time")), STR("06:30")));
    json_free(j);
}

static void short_of_memory(void **state)
{
    World *w = *state;
    add(w, "/mail/a.txt", "Bill\n\nPlease pay the invoice no later than 27 November 2026.\n");
    task(w, "call the bank today at 17:00");
    Err err = ERR_INIT;
    size_t failed = 0;
    for (unsigned nth = 1; nth < 20000; nth += 1 + nth / 16) {
        int64_t ms = clock_now_ms();
        clock_set_ms(ms + 86400000 * 2); /* another day: it is built */
        mem_test_fail(nth, 0);
        BriefingShot *s = briefing_get(w->briefings, &(BriefingAsk){0}, 0, &err);
        mem_test_fail(0, 0);
        if (!s) {
            failed++;
            assert_true(err.code != ERR_NONE);
            continue;
        }
        briefing_release(s);
        if (nth > 4000)
            break;
    }
    assert_true(failed > 3);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], ZYGOTE_FLAG) == 0)
        return extract_child_main(argc, argv);
    const struct CMUnitTest tests[] = {
        T(nothing_yet), T(due), T(ten_at_most), T(the_day), T(what_came), T(weeks),
        T(byte_for_byte), T(kept_until_something_changes), T(forms), T(refusals), T(schedule),
        T(short_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
