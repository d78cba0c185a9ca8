/* When the briefing is sent: times, zones, days, downtime; and what the history keeps. */
#include "tasks_unit.h"

#include "assistant/briefing.h"

static Briefings *open_briefings(World *w)
{
    Briefings *b = NULL;
    BriefingsOptions o = {.store = w->store, .owner = {{1}}, .tasks = w->t};
    OK((b = briefings_new(&o, &oops)) != NULL);
    return b;
}

static bool run(Briefings *b)
{
    bool sent;
    OK(briefings_run_once(b, 0, &sent, &oops));
    return sent;
}

static size_t kept(World *w, StoredBriefing **list)
{
    size_t n;
    OK(store_briefing_list(w->store, &(Uuid){{1}}, STR(""), 0, 500, w->a, list, &n, &oops));
    return n;
}

static void times(void **state)
{
    World *w = *state;
    static const struct {
        uint32_t minute, days;
        const char *now, *last, *next;
    } rows[] = {
        {420, 127, "2026-11-23T10:00:00+01:00", "2026-11-23T07:00:00+01:00",
            "2026-11-24T07:00:00+01:00"},
        {420, 127, "2026-11-23T07:00:00+01:00", "2026-11-23T07:00:00+01:00",
            "2026-11-24T07:00:00+01:00"},
        {420, 127, "2026-11-23T06:59:59+01:00", "2026-11-22T07:00:00+01:00",
            "2026-11-23T07:00:00+01:00"},
        {420, 31, "2026-11-28T12:00:00+01:00", "2026-11-27T07:00:00+01:00",
            "2026-11-30T07:00:00+01:00"}, /* working days, on a Saturday */
        {420, 64, "2026-11-22T07:00:00+01:00", "2026-11-22T07:00:00+01:00",
            "2026-11-29T07:00:00+01:00"}, /* Sundays, to the minute */
        {150, 127, "2026-03-29T12:00:00+02:00", "2026-03-29T03:30:00+02:00",
            "2026-03-30T02:30:00+02:00"}, /* the clock skips 02:30 */
        {150, 127, "2026-10-25T12:00:00+01:00", "2026-10-25T02:30:00+02:00",
            "2026-10-26T02:30:00+01:00"}, /* the clock shows it twice */
        {420, 0, "2026-11-23T10:00:00+01:00", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        BriefingSchedule s = {.enabled = true, .minute = rows[i].minute, .days = rows[i].days};
        int64_t now = at(rows[i].now);
        int64_t last = rows[i].last ? at(rows[i].last) : TASK_NO_TIME;
        int64_t next = rows[i].next ? at(rows[i].next) : TASK_NO_TIME;
        assert_true(briefing_last(&s, tasks_zone(w->t), now) == last);
        assert_true(briefing_next(&s, tasks_zone(w->t), now) == next);
        s.enabled = false;
        assert_true(briefing_next(&s, tasks_zone(w->t), now) == TASK_NO_TIME);
    }
}

static void the_first_start_tells_nothing_of_before(void **state)
{
    World *w = *state;
    Briefings *b = open_briefings(w);
    StoredBriefing *list;
    assert_false(run(b));
    assert_false(run(b));
    assert_int_equal(kept(w, &list), 0);
    clock_set_ms(at("2026-11-24T06:59:30+01:00"));
    assert_false(run(b));
    clock_set_ms(at("2026-11-24T07:00:00+01:00"));
    assert_true(run(b));
    assert_false(run(b));
    assert_int_equal(kept(w, &list), 1);
    assert_true(str_eq(list[0].date, STR("2026-11-24")) && list[0].scheduled);
    briefings_free(b);
}

/* Three weeks with the program down in the second. */
static void weeks_with_downtime(void **state)
{
    World *w = *state;
    Briefings *b = open_briefings(w);
    StoredBriefing *list;
    size_t sent = 0;
    assert_false(run(b));
    for (int hour = 1; hour <= 21 * 24; hour++) {
        bool down = hour >= 7 * 24 && hour < 14 * 24;
        clock_set_ms(at("2026-11-23T10:00:00+01:00") + hour * HOUR);
        if (hour == 7 * 24) {
            briefings_free(b);
            world_close(w);
        }
        if (hour == 14 * 24) {
            world_open(w, "Europe/Berlin");
            b = open_briefings(w);
        }
        sent += !down && run(b);
    }
    /* Seven days, one late for the week that passed, and seven days. */
    assert_int_equal(sent, 7 + 1 + 7);
    assert_int_equal(kept(w, &list), 15);
    assert_true(str_eq(list[0].date, STR("2026-12-14")));
    assert_true(str_eq(list[7].date, STR("2026-12-07"))); /* late: as of then */
    assert_true(str_eq(list[8].date, STR("2026-11-30")));
    briefings_free(b);
}

/* Looked at every five minutes over changes of the clock: once on every day, never before its time,
 * and within five minutes of it; once as well when the program was down just then. */
static void once_a_day_when_the_clock_changes(void **state)
{
    World *w = *state;
    static const struct {
        const char *zone, *from;
        uint32_t hour, minute;
        int days, down_from, down_until; /* hours after `from` */
    } rows[] = {
        {"Europe/Berlin", "2026-10-24T00:00:00+02:00", 2, 30, 3, 0, 0}, /* 02:30 comes twice */
        {"Europe/Berlin", "2026-10-24T00:00:00+02:00", 3, 0, 3, 0, 0},
        {"Europe/Berlin", "2027-03-27T00:00:00+01:00", 2, 30, 3, 0, 0}, /* and is skipped */
        {"Europe/Berlin", "2027-03-27T00:00:00+01:00", 3, 0, 3, 0, 0},
        {"Europe/Berlin", "2026-10-24T00:00:00+02:00", 2, 30, 3, 25, 27}, /* down while it is */
        {"Europe/Berlin", "2027-03-27T00:00:00+01:00", 2, 30, 3, 24, 28},
        {"America/New_York", "2026-10-31T00:00:00-04:00", 1, 30, 3, 0, 0},
        {"Australia/Lord_Howe", "2026-10-03T00:00:00+10:30", 2, 15, 3, 0, 0}, /* half an hour */
        {"America/Havana", "2027-03-13T00:00:00-05:00", 0, 0, 3, 0, 0}, /* no midnight */
        {"Asia/Kathmandu", "2026-10-24T00:00:00+05:45", 7, 0, 3, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Briefings *b = open_briefings(w);
        size_t sent = 0;
        char last[16] = "";
        BriefingSchedule s = {.enabled = true, .minute = rows[i].hour * 60 + rows[i].minute,
            .days = 127, .zone = str_of(rows[i].zone)};
        int64_t from = at(rows[i].from);
        clock_set_ms(from - 60000);
        OK(briefings_set_schedule(b, &s, &oops));
        const Zone *z = briefings_zone(b, s.zone);
        assert_non_null(z);
        Civil first = zone_civil(z, from);
        Civil end = {first.year, first.month, first.day + rows[i].days, 0, 0, 0};
        int64_t until = zone_instant(z, &end, NULL);
        for (int64_t now = from; now < until; now += 300000) {
            int64_t hours = (now - from) / HOUR;
            if (hours >= rows[i].down_from && hours < rows[i].down_until)
                continue;
            clock_set_ms(now);
            if (!run(b))
                continue;
            Civil c = zone_civil(z, now);
            Civil due = {c.year, c.month, c.day, (int)rows[i].hour, (int)rows[i].minute, 0};
            int64_t late = now - zone_instant(z, &due, NULL);
            char date[16];
            (void)snprintf(date, sizeof date, "%04d-%02d-%02d", c.year, c.month, c.day);
            if (strcmp(date, last) == 0)
                fail_msg("%s: twice on %s", rows[i].zone, date);
            (void)snprintf(last, sizeof last, "%s", date);
            if (late < 0 || late > 300000 + HOUR * (rows[i].down_until - rows[i].down_from))
                fail_msg("%s %s: at %02d:%02d", rows[i].zone, date, c.hour, c.minute);
            sent++;
        }
        if (sent != (size_t)rows[i].days)
            fail_msg("%s from %s: %zu times in %d days", rows[i].zone, rows[i].from, sent,
                     rows[i].days);
        briefings_free(b);
    }
}

static void a_schedule_of_ones_own(void **state)
{
    World *w = *state;
    Briefings *b = open_briefings(w);
    BriefingSchedule s = {.enabled = true, .minute = 18 * 60, .days = 1, .zone = STR("Asia/Tokyo")};
    OK(briefings_set_schedule(b, &s, &oops));
    BriefingSchedule got;
    OK(briefings_schedule(b, w->a, &got, &oops));
    assert_true(got.enabled && got.minute == 18 * 60 && got.days == 1);
    assert_true(str_eq(got.zone, STR("Asia/Tokyo")));
    clock_set_ms(at("2026-11-30T08:59:00Z"));
    assert_false(run(b));
    clock_set_ms(at("2026-11-30T09:00:00Z")); /* a Monday, 18:00 in Tokyo */
    assert_true(run(b));
    s.zone = STR("Mars/Base");
    Err err = ERR_INIT;
    assert_false(briefings_set_schedule(b, &s, &err));
    assert_int_equal(err.code, ERR_VALIDATION);
    s = (BriefingSchedule){.enabled = false, .minute = 0, .days = 127, .zone = STR("")};
    OK(briefings_set_schedule(b, &s, &oops));
    clock_set_ms(at("2026-12-30T09:00:00Z"));
    assert_false(run(b));
    s.minute = 1440;
    assert_false(briefings_set_schedule(b, &s, &err));
    briefings_free(b);
}

static void on_briefing(void *arg, const StoredBriefing *made)
{
    size_t *n = arg;
    assert_true(made->json.len > 0 && made->scheduled);
    ++*n;
}

static void who_listens_hears_of_it(void **state)
{
    World *w = *state;
    Briefings *b = open_briefings(w);
    size_t n = 0;
    briefings_listen(b, on_briefing, &n);
    assert_false(run(b));
    clock_set_ms(at("2026-11-24T08:00:00+01:00"));
    assert_true(run(b));
    assert_int_equal(n, 1);
    briefings_listen(b, NULL, NULL);
    clock_set_ms(at("2026-11-25T08:00:00+01:00"));
    assert_true(run(b));
    assert_int_equal(n, 1);
    briefings_free(b);
}

/* The thread does by itself what run_once does. */
static void the_thread_sends(void **state)
{
    World *w = *state;
    Briefings *b = open_briefings(w);
    StoredBriefing *list;
    assert_false(run(b));
    OK(briefings_start(b, &oops));
    clock_set_ms(at("2026-11-24T07:30:00+01:00"));
    for (int i = 0; i < 3000 && kept(w, &list) == 0; i++) {
        struct timespec ms20 = {0, 20000000};
        nanosleep(&ms20, NULL);
    }
    briefings_stop(b);
    assert_int_equal(kept(w, &list), 1);
    briefings_free(b);
}

static void the_history_is_bounded(void **state)
{
    World *w = *state;
    StoredBriefing *list, row = {.zone = STR("UTC"), .json = STR("{}")};
    for (uint32_t i = 0; i < STORE_BRIEFINGS + 20; i++) {
        char date[16];
        int y, m, d;
        clock_civil_from_days(20000 + (int64_t)i, &y, &m, &d);
        (void)snprintf(date, sizeof date, "%04d-%02d-%02d", y, m, d);
        row.date = str_of(date);
        row.id = (Uuid){{(uint8_t)i, (uint8_t)(i >> 8), 1}};
        row.generated_at = i;
        OK(store_briefing_put(w->store, &(Uuid){{1}}, &row, NULL, &oops));
    }
    assert_int_equal(kept(w, &list), STORE_BRIEFINGS);
    assert_int_equal(list[0].generated_at, STORE_BRIEFINGS + 19);
    /* The same again takes the place of the one before. */
    row.generated_at = 7;
    OK(store_briefing_put(w->store, &(Uuid){{1}}, &row, NULL, &oops));
    assert_int_equal(kept(w, &list), STORE_BRIEFINGS);
    assert_int_equal(list[0].generated_at, 7);
    Err err = ERR_INIT;
    row.date = STR("today");
    assert_false(store_briefing_put(w->store, &(Uuid){{1}}, &row, NULL, &err));
    assert_int_equal(err.code, ERR_VALIDATION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(times), T(the_first_start_tells_nothing_of_before), T(weeks_with_downtime),
        T(once_a_day_when_the_clock_changes),
        T(a_schedule_of_ones_own), T(who_listens_hears_of_it), T(the_thread_sends),
        T(the_history_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
