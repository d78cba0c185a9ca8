/* Recurrence rules: read, written, refused; occurrences against python-dateutil's
 * (tests/golden/rrule), across changes of the clock, and with hostile rules. */
#include "support/unit.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/os.h"
#include "text/rrule.h"

static Zone *zone(const char *name)
{
    Err err = ERR_INIT;
    Zone *z = zone_open(str_of(name), &err);
    if (!z)
        fail_msg("%s: %s", name, err.msg);
    return z;
}

static Rrule rule(const char *text)
{
    Rrule r;
    Err err = ERR_INIT;
    if (!rrule_parse(str_of(text), &r, &err))
        fail_msg("%s: %s", text, err.msg);
    return r;
}

static int64_t at(const char *text)
{
    int64_t ms;
    assert_true(clock_parse(str_of(text), &ms));
    return ms;
}

/* "20260305T140000" as an instant of a zone. */
static int64_t local(const Zone *z, Str s)
{
    Civil c;
    assert_int_equal(sscanf(s.ptr, "%4d%2d%2dT%2d%2d%2d", &c.year, &c.month, &c.day, &c.hour,
                            &c.minute, &c.second), 6);
    return zone_instant(z, &c, NULL);
}

static void written(const char *text, const char *want)
{
    Rrule r = rule(text), again;
    Buf b;
    buf_init(&b, RRULE_TEXT_MAX);
    rrule_write(&r, &b);
    assert_str(buf_str(&b), want);
    assert_true(rrule_parse(buf_str(&b), &again, NULL));
    assert_memory_equal(&r, &again, sizeof r);
    buf_release(&b);
}

static void test_text(void **state)
{
    (void)state;
    written("FREQ=DAILY", "FREQ=DAILY");
    written("rrule:freq=weekly;byday=fr,MO,mo;interval=1", "FREQ=WEEKLY;BYDAY=MO,FR");
    written("BYDAY=-1FR,2MO,TU;COUNT=3;FREQ=MONTHLY;", "FREQ=MONTHLY;COUNT=3;BYDAY=TU,-1FR,2MO");
    written("FREQ=YEARLY;UNTIL=20301231;WKST=SU;BYMONTH=3,1;BYMONTHDAY=-1,15",
            "FREQ=YEARLY;UNTIL=20301231;WKST=SU;BYMONTH=1,3;BYMONTHDAY=-1,15");
    written("FREQ=YEARLY;UNTIL=20301231T235960Z;BYWEEKNO=53,-1;BYDAY=MO",
            "FREQ=YEARLY;UNTIL=20301231T235959Z;BYWEEKNO=-1,53;BYDAY=MO");
    written("FREQ=YEARLY;UNTIL=20301231T000000;BYYEARDAY=366,-366,1;BYSETPOS=-366,366",
            "FREQ=YEARLY;UNTIL=20301231T000000;BYYEARDAY=-366,1,366;BYSETPOS=-366,366");
    written("FREQ=SECONDLY;INTERVAL=2147483647;BYSECOND=0,60;BYMINUTE=59;BYHOUR=0,23",
            "FREQ=SECONDLY;INTERVAL=2147483647;BYHOUR=0,23;BYMINUTE=59;BYSECOND=0,59");
    written("FREQ=MONTHLY;RSCALE=GREGORIAN;SKIP=OMIT", "FREQ=MONTHLY");
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } bad[] = {
        {"", "no FREQ"}, {"BYDAY=MO", "no FREQ"}, {"FREQ=FORTNIGHTLY", "FORTNIGHTLY"},
        {"FREQ=DAILY;COUNT=0", "COUNT"}, {"FREQ=DAILY;INTERVAL=0", "INTERVAL"},
        {"FREQ=DAILY;COUNT=99999999999", "COUNT"}, {"FREQ=DAILY;COUNT=-1", "COUNT"},
        {"FREQ=DAILY;COUNT=1;UNTIL=20300101", "both"}, {"FREQ=DAILY;FREQ=DAILY", "twice"},
        {"FREQ=DAILY;UNTIL=20300230", "UNTIL"}, {"FREQ=DAILY;UNTIL=20300101T25", "UNTIL"},
        {"FREQ=DAILY;BYHOUR=24", "BYHOUR"}, {"FREQ=DAILY;BYHOUR=-1", "BYHOUR"},
        {"FREQ=DAILY;BYHOUR=", "BYHOUR"}, {"FREQ=DAILY;BYHOUR=1,", "BYHOUR"},
        {"FREQ=DAILY;BYHOUR=1,,2", "BYHOUR"}, {"FREQ=DAILY;BYMONTH=0", "BYMONTH"},
        {"FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY"}, {"FREQ=MONTHLY;BYDAY=54MO", "BYDAY"},
        {"FREQ=MONTHLY;BYDAY=0MO", "BYDAY"}, {"FREQ=MONTHLY;BYDAY=M", "BYDAY"},
        {"FREQ=WEEKLY;BYDAY=1MO", "BYDAY"}, {"FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY"},
        {"FREQ=MONTHLY;BYWEEKNO=1", "BYWEEKNO"}, {"FREQ=DAILY;BYYEARDAY=1", "BYYEARDAY"},
        {"FREQ=YEARLY;BYWEEKNO=1;BYDAY=1MO", "BYWEEKNO"}, {"FREQ=DAILY;BYSETPOS=1", "BYSETPOS"},
        {"FREQ=DAILY;WKST=XX", "WKST"}, {"FREQ=DAILY;X-NAME=1", "X-NAME"},
        {"FREQ=DAILY;;COUNT=1", "unknown"}, {"FREQ=DAILY;RSCALE=HEBREW", "HEBREW"},
        {"FREQ=DAILY;SKIP=FORWARD", "FORWARD"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        Rrule r;
        Err err = ERR_INIT;
        bool ok = rrule_parse(str_of(bad[i].text), &r, &err);
        if (ok || !strstr(err.msg, bad[i].why))
            fail_msg("\"%s\": %s", bad[i].text, ok ? "taken" : err.msg);
    }
    char *giant = mem_alloc(100000);
    memset(giant, ',', 100000);
    memcpy(giant, "FREQ=DAILY;BYHOUR=", 18);
    Rrule r;
    Err err = ERR_INIT;
    assert_err(rrule_parse(str_mem(giant, 100000), &r, &err), err, ERR_VALIDATION, "4096");
    mem_free(giant);
}

/* One line of the golden file; the iterator and rrule_next must both say what it says. */
static void golden_line(const Zone *z, Str text, Str start, Str found)
{
    Err err = ERR_INIT;
    Rrule r;
    if (!rrule_parse(text, &r, &err))
        fail_msg(STR_FMT ": %s", STR_ARG(text), err.msg);
    int64_t begin = local(z, start), got = 0, last = begin - 1, middle = INT64_MIN;
    size_t n = 0;
    Str one, rest = found;
    RruleIter it;
    rrule_begin(&it, &r, z, begin, INT64_MIN / 4);
    while (str_next(&rest, ' ', &one)) {
        RruleStep step = rrule_step(&it, &got), other;
        int64_t next;
        if (str_eq(one, STR("."))) {
            if (step == RRULE_FOUND)
                fail_msg(STR_FMT " from " STR_FMT " goes on", STR_ARG(text), STR_ARG(start));
            break;
        }
        other = rrule_next(&r, z, begin, last, &next);
        if (step != RRULE_FOUND || got != local(z, one) || other != step || next != got)
            fail_msg(STR_FMT " from " STR_FMT ": occurrence %zu is not " STR_FMT, STR_ARG(text),
                     STR_ARG(start), n, STR_ARG(one));
        last = got;
        middle = n++ == 4 ? got : middle;
    }
    if (middle == INT64_MIN)
        return;
    rrule_begin(&it, &r, z, begin, middle); /* from the middle on */
    assert_int_equal(rrule_step(&it, &got), RRULE_FOUND);
    assert_int_equal(got, middle);
}

static void test_golden(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Buf file;
    Zone *utc = zone("UTC");
    buf_init(&file, 16 << 20);
    assert_true(os_read_file(SOTTO_SOURCE_DIR "/tests/golden/rrule/rules.txt", &file, &err));
    Str rest = buf_str(&file), line;
    size_t n = 0;
    while (str_next(&rest, '\n', &line)) {
        Str text, start;
        if (line.len == 0 || !str_next(&line, '\t', &text))
            continue;
        assert_true(str_next(&line, '\t', &start));
        golden_line(utc, text, start, line);
        n++;
    }
    assert_true(n >= 4000);
    buf_release(&file);
    zone_free(utc);
}

/* All occurrences, as local times of the zone with its offset. */
static void occurs(const char *zone_named, const char *text, const char *start, const char *want)
{
    Zone *z = zone(zone_named);
    Rrule r = rule(text);
    Buf b;
    RruleIter it;
    int64_t ms;
    char one[ZONE_RFC3339_MAX];
    buf_init(&b, 4096);
    rrule_begin(&it, &r, z, at(start), INT64_MIN / 4);
    for (int i = 0; i < 8 && rrule_step(&it, &ms) == RRULE_FOUND; i++)
        buf_printf(&b, "%s%s", i ? " " : "", zone_format(z, ms, one));
    assert_str(buf_str(&b), want);
    buf_release(&b);
    zone_free(z);
}

static void test_clock_changes(void **state)
{
    (void)state;
    /* 02:30 is skipped on 29 March 2026 in Berlin: told at 03:30, and 02:30 again after it. */
    occurs("Europe/Berlin", "FREQ=DAILY;COUNT=3", "2026-03-28T02:30:00+01:00",
           "2026-03-28T02:30:00+01:00 2026-03-29T03:30:00+02:00 2026-03-30T02:30:00+02:00");
    /* 02:30 comes twice on 25 October: the first one. */
    occurs("Europe/Berlin", "FREQ=DAILY;COUNT=3", "2026-10-24T02:30:00+02:00",
           "2026-10-24T02:30:00+02:00 2026-10-25T02:30:00+02:00 2026-10-26T02:30:00+01:00");
    /* A start in the second of the two stays where it is. */
    occurs("Europe/Berlin", "FREQ=MINUTELY;INTERVAL=20;COUNT=3", "2026-10-25T02:30:00+01:00",
           "2026-10-25T02:30:00+01:00 2026-10-25T03:10:00+01:00");
    /* Nine o'clock stays nine o'clock. */
    occurs("America/New_York", "FREQ=WEEKLY;COUNT=3", "2026-10-25T09:00:00-04:00",
           "2026-10-25T09:00:00-04:00 2026-11-01T09:00:00-05:00 2026-11-08T09:00:00-05:00");
    /* The skipped hour and the next one are one instant: told once, counted twice. */
    occurs("Europe/Berlin", "FREQ=HOURLY;COUNT=4", "2026-03-29T01:00:00+01:00",
           "2026-03-29T01:00:00+01:00 2026-03-29T03:00:00+02:00 2026-03-29T04:00:00+02:00");
    occurs("Europe/Berlin", "FREQ=DAILY;UNTIL=20261025", "2026-10-24T23:30:00+02:00",
           "2026-10-24T23:30:00+02:00 2026-10-25T23:30:00+01:00");
    occurs("Europe/Berlin", "FREQ=DAILY;UNTIL=20261025T213000Z", "2026-10-24T23:30:00+02:00",
           "2026-10-24T23:30:00+02:00");
    /* Samoa had no 30 December 2011. */
    occurs("Pacific/Apia", "FREQ=DAILY;COUNT=4", "2011-12-28T08:00:00-10:00",
           "2011-12-28T08:00:00-10:00 2011-12-29T08:00:00-10:00 2011-12-31T08:00:00+14:00");
}

static void test_next_around_changes(void **state)
{
    (void)state;
    Zone *z = zone("Europe/Berlin");
    Rrule r = rule("FREQ=DAILY");
    int64_t start = at("2020-01-01T02:30:00+01:00"), ms;
    assert_int_equal(rrule_next(&r, z, start, at("2026-03-29T03:00:00+02:00"), &ms), RRULE_FOUND);
    assert_int_equal(ms, at("2026-03-29T03:30:00+02:00"));
    assert_int_equal(rrule_next(&r, z, start, at("2026-03-29T03:29:59+02:00"), &ms), RRULE_FOUND);
    assert_int_equal(ms, at("2026-03-29T03:30:00+02:00"));
    assert_int_equal(rrule_next(&r, z, start, ms, &ms), RRULE_FOUND);
    assert_int_equal(ms, at("2026-03-30T02:30:00+02:00"));
    assert_int_equal(rrule_next(&r, z, start, at("2026-10-25T02:30:00+02:00"), &ms), RRULE_FOUND);
    assert_int_equal(ms, at("2026-10-26T02:30:00+01:00"));
    zone_free(z);
}

static void test_special_days(void **state)
{
    (void)state;
    occurs("UTC", "FREQ=YEARLY", "2096-02-29T10:00:00Z",
           "2096-02-29T10:00:00Z 2104-02-29T10:00:00Z 2108-02-29T10:00:00Z 2112-02-29T10:00:00Z "
           "2116-02-29T10:00:00Z 2120-02-29T10:00:00Z 2124-02-29T10:00:00Z 2128-02-29T10:00:00Z");
    occurs("UTC", "FREQ=MONTHLY;COUNT=3", "2026-01-31T10:00:00Z",
           "2026-01-31T10:00:00Z 2026-03-31T10:00:00Z 2026-05-31T10:00:00Z");
    /* "Mondays" from a Tuesday begin on Monday. */
    occurs("UTC", "FREQ=WEEKLY;BYDAY=MO;COUNT=2", "2026-11-24T10:00:00Z",
           "2026-11-30T10:00:00Z 2026-12-07T10:00:00Z");
    /* A week's number without a day takes the start's weekday. */
    occurs("UTC", "FREQ=YEARLY;BYWEEKNO=20;COUNT=2", "1997-05-12T09:00:00Z",
           "1997-05-12T09:00:00Z 1998-05-11T09:00:00Z");
    occurs("UTC", "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13;COUNT=2", "2026-01-01T09:00:00Z",
           "2026-02-13T09:00:00Z 2026-03-13T09:00:00Z");
    /* The first week counts whole for BYSETPOS, also what of it is before the start. */
    occurs("UTC", "FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=3;COUNT=2", "2026-11-25T09:00:00Z",
           "2026-11-27T09:00:00Z 2026-12-04T09:00:00Z");
}

/* Rules that name nothing, or nothing for long, or very much: a stated end, soon. */
static void test_hostile(void **state)
{
    (void)state;
    static const char *const never[] = {
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=31", "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=SECONDLY;INTERVAL=60;BYSECOND=7", "FREQ=HOURLY;INTERVAL=24;BYHOUR=3",
        "FREQ=YEARLY;INTERVAL=2147483647;BYMONTHDAY=31;BYMONTH=4",
        "FREQ=SECONDLY;INTERVAL=2147483647;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYWEEKNO=1;BYMONTH=7", "FREQ=YEARLY;BYYEARDAY=1;BYMONTH=12",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=366", "FREQ=DAILY;COUNT=5;BYMONTH=2;BYMONTHDAY=30",
    };
    Zone *z = zone("Europe/Berlin");
    int64_t start = at("2026-01-01T12:00:00+01:00"), ms = 7;
    for (size_t i = 0; i < ARRAY_LEN(never); i++) {
        Rrule r = rule(never[i]);
        if (rrule_next(&r, z, start, start, &ms) != RRULE_LIMIT)
            fail_msg("%s does not end with the limit", never[i]);
        assert_int_equal(ms, 7);
    }
    Rrule r = rule("FREQ=YEARLY;BYMONTH=1,2,3,4,5,6,7,8,9,10,11,12;BYDAY=MO,TU,WE,TH,FR,SA,SU;"
                   "BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23");
    for (int i = 0; i < 60; i++) {
        r.minute |= (uint64_t)1 << i;
        r.second |= (uint64_t)1 << i;
    }
    assert_int_equal(rrule_next(&r, z, start, at("2030-11-23T08:00:00Z"), &ms), RRULE_FOUND);
    assert_int_equal(ms, at("2030-11-23T08:00:01Z"));
    r = rule("FREQ=SECONDLY;COUNT=2147483647");
    assert_int_equal(rrule_next(&r, z, at("1980-01-01"), at("2026-11-23T08:00:00Z"), &ms),
                     RRULE_FOUND);
    assert_int_equal(ms, at("2026-11-23T08:00:01Z"));
    r = rule("FREQ=SECONDLY;BYMONTH=11;COUNT=2147483647");
    assert_int_equal(rrule_next(&r, z, at("1980-01-01"), at("2026-11-23T08:00:00Z"), &ms),
                     RRULE_LIMIT);
    r = rule("FREQ=YEARLY");
    assert_int_equal(rrule_next(&r, z, at("9990-01-01"), at("9999-06-01"), &ms), RRULE_LIMIT);
    assert_int_equal(rrule_next(&r, z, start, INT64_MAX, &ms), RRULE_END);
    assert_int_equal(rrule_next(&r, z, start, INT64_MAX - 1, &ms), RRULE_LIMIT);
    zone_free(z);
}

typedef struct {
    Buf text;
    size_t stop;
} Told;

static bool told(void *arg, int64_t ms)
{
    Told *t = arg;
    char one[CLOCK_RFC3339_MAX];
    buf_printf(&t->text, "%s%s", t->text.len ? " " : "", clock_format(ms, one));
    return t->stop == 0 || --t->stop > 0;
}

static void test_sets(void **state)
{
    (void)state;
    Zone *z = zone("UTC");
    Rrule rules[] = {rule("FREQ=WEEKLY;BYDAY=MO;COUNT=4"), rule("FREQ=WEEKLY;BYDAY=WE;COUNT=2")};
    int64_t added[] = {at("2026-12-01T09:00:00Z"), at("2026-12-07T09:00:00Z")};
    int64_t taken[] = {at("2026-11-30T09:00:00Z")};
    RruleSet s = {.zone = z, .start_ms = at("2026-11-24T09:00:00Z"), .rules = rules, .n_rules = 2,
        .added = added, .n_added = 2, .taken = taken, .n_taken = 1};
    Told t = {0};
    buf_init(&t.text, 4096);
    assert_true(rrule_set_each(&s, at("2026-11-01"), at("2026-12-20"), 100, told, &t));
    assert_str(buf_str(&t.text), "2026-11-24T09:00:00Z 2026-11-25T09:00:00Z 2026-12-01T09:00:00Z "
                                 "2026-12-02T09:00:00Z 2026-12-07T09:00:00Z 2026-12-14T09:00:00Z");
    buf_clear(&t.text);
    assert_false(rrule_set_each(&s, at("2026-11-01"), at("2026-12-20"), 2, told, &t));
    assert_str(buf_str(&t.text), "2026-11-24T09:00:00Z 2026-11-25T09:00:00Z");
    buf_clear(&t.text);
    t.stop = 1;
    assert_true(rrule_set_each(&s, at("2026-12-02T09:00:00Z"), at("2027-12-20"), 9, told, &t));
    assert_str(buf_str(&t.text), "2026-12-02T09:00:00Z");
    uint64_t budget = 3;
    Rrule hourly = rule("FREQ=HOURLY");
    RruleSet many = {.zone = z, .start_ms = 0, .rules = &hourly, .n_rules = 1, .budget = &budget};
    t.stop = 0;
    assert_false(rrule_set_each(&many, 0, INT64_MAX, 1000, told, &t));
    assert_int_equal(budget, 0);
    buf_release(&t.text);
    zone_free(z);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),          cmocka_unit_test(test_refused),
        cmocka_unit_test(test_golden),        cmocka_unit_test(test_clock_changes),
        cmocka_unit_test(test_next_around_changes), cmocka_unit_test(test_special_days),
        cmocka_unit_test(test_hostile),       cmocka_unit_test(test_sets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
