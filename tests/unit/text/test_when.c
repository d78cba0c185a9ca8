/* Times as people say them: the sentences of tests/data/when, the rules where they are ambiguous,
 * changes of the clock, and that nothing found can be a time that does not exist. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/os.h"
#include "text/when.h"
#include "text/when_table.h"

#define DATA SOTTO_SOURCE_DIR "/tests/data/when/"
#define MAX_FOUND 8

static Zone *open_zone(const char *name)
{
    Err err = ERR_INIT;
    Zone *z = zone_open(str_of(name), &err);
    if (!z)
        fail_msg("%s", err.msg);
    return z;
}

static int64_t local(const Zone *z, const char *text)
{
    Civil c = {0};
    if (sscanf(text, "%d-%d-%d%*c%d:%d:%d", &c.year, &c.month, &c.day, &c.hour, &c.minute,
               &c.second) < 3)
        fail_msg("\"%s\" is no time", text);
    return zone_instant(z, &c, NULL);
}

static void put_time(const Zone *z, int64_t ms, const Civil *same_day, bool day_only, Buf *out)
{
    Civil c = zone_civil(z, ms);
    bool same = same_day && same_day->year == c.year && same_day->month == c.month &&
                same_day->day == c.day && !day_only;
    if (!same)
        buf_printf(out, "%04d-%02d-%02d", c.year, c.month, c.day);
    if (day_only && c.hour == 0 && c.minute == 0)
        return;
    buf_printf(out, "%s%02d:%02d", same ? "" : " ", c.hour, c.minute);
    if (c.second)
        buf_printf(out, ":%02d", c.second);
}

/* As the files in tests/data/when write it. */
static void put_when(const Zone *z, const When *w, Buf *out)
{
    static const char *const units[] = {"second", "minute", "hour", "part", "day", "weekend",
                                        "week", "month", "quarter", "year"};
    Civil from = zone_civil(z, w->from);
    bool days = !w->timed;
    switch (w->kind) {
    case WHEN_POINT:
        if (days && w->grain == GRAIN_DAY && w->until - w->from > 90000000) {
            buf_add_c(out, "range ");
            put_time(z, w->from, NULL, true, out);
            buf_add_c(out, " .. ");
            put_time(z, w->until, NULL, true, out);
            break;
        }
        buf_printf(out, "%s ", w->grain == GRAIN_PART_OF_DAY || days ? units[w->grain] : "at");
        put_time(z, w->from, NULL, days, out);
        if (w->grain == GRAIN_PART_OF_DAY) {
            buf_add_c(out, " .. ");
            put_time(z, w->until, &from, false, out);
        }
        break;
    case WHEN_RANGE:
        buf_add_c(out, "range ");
        put_time(z, w->from, NULL, days, out);
        buf_add_c(out, " .. ");
        put_time(z, w->until, &from, days, out);
        break;
    case WHEN_OPEN_AFTER:
        buf_add_c(out, "after ");
        put_time(z, w->from, NULL, true, out);
        break;
    case WHEN_OPEN_BEFORE:
        buf_add_c(out, "before ");
        put_time(z, w->until, NULL, true, out);
        break;
    case WHEN_DURATION:
        buf_add_c(out, "for");
        if (w->months)
            buf_printf(out, " %d months", w->months);
        if (w->days)
            buf_printf(out, " %d days", w->days);
        if (w->ms)
            buf_printf(out, " %lld", (long long)w->ms / 1000);
        break;
    case WHEN_RECURRENCE:
        buf_printf(out, "repeat %s from ", w->rrule);
        put_time(z, w->from, NULL, days, out);
    }
    if (w->deadline)
        buf_add_c(out, " !");
}

static void find_as_text(Str sentence, const WhenContext *c, Buf *out)
{
    When found[MAX_FOUND];
    size_t n = when_find(sentence, c, found, MAX_FOUND);
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_add_c(out, "; ");
        put_when(c->zone, &found[i], out);
    }
    if (n == 0)
        buf_add_c(out, "-");
}

/* "@ 2026-11-23T10:00 Europe/Berlin future en" */
static void read_context(Str line, WhenContext *c, Zone **zone, char language[8])
{
    char now[40], name[64], prefer[16], text[160];
    assert_true(line.len < sizeof text);
    memcpy(text, line.ptr, line.len);
    text[line.len] = '\0';
    assert_int_equal(sscanf(text, "@ %39s %63s %15s %7s", now, name, prefer, language), 4);
    zone_free(*zone);
    *zone = open_zone(name);
    *c = (WhenContext){.now_ms = local(*zone, now), .zone = *zone, .language = str_of(language),
                       .prefer = strcmp(prefer, "past") == 0 ? WHEN_PAST : WHEN_FUTURE};
}

static void check_file(const char *path, size_t least)
{
    Err err = ERR_INIT;
    Buf file, got;
    WhenContext c = {0};
    Zone *zone = NULL;
    char language[8];
    size_t lines = 0, wrong = 0;
    buf_init(&file, 1 << 20);
    buf_init(&got, 1 << 16);
    if (!os_read_file(path, &file, &err))
        fail_msg("%s", err.msg);
    Str rest = buf_str(&file), line;
    while (str_next(&rest, '\n', &line)) {
        if (line.len == 0 || line.ptr[0] == '#')
            continue;
        if (line.ptr[0] == '@') {
            read_context(line, &c, &zone, language);
            continue;
        }
        size_t bar = str_find(line, STR(" | "), 0);
        assert_true(bar != SIZE_MAX && zone);
        Str sentence = str_sub(line, 0, bar), want = str_sub(line, bar + 3, line.len);
        buf_clear(&got);
        find_as_text(sentence, &c, &got);
        if (!str_eq(buf_str(&got), want)) {
            print_error("\"" STR_FMT "\"\n    is   " STR_FMT "\n    want " STR_FMT "\n",
                        STR_ARG(sentence), STR_ARG(buf_str(&got)), STR_ARG(want));
            wrong++;
        }
        lines++;
    }
    zone_free(zone);
    buf_release(&file);
    buf_release(&got);
    assert_int_equal(wrong, 0);
    assert_true(lines >= least);
}

static void tables_are_whole(void **state)
{
    (void)state;
    const char *fault = when_table_fault(&when_english);
    if (fault)
        fail_msg("%s", fault);
    fault = when_table_fault(&when_german);
    if (fault)
        fail_msg("%s", fault);
}

static void english_sentences(void **state)
{
    (void)state;
    check_file(DATA "english.txt", 250);
}

static void sentences_of_classes(void **state)
{
    (void)state;
    check_file(DATA "classes.txt", 430);
}

static void german_sentences(void **state)
{
    (void)state;
    check_file(DATA "german.txt", 40);
}

static uint32_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

/* Words that the grammar knows, put together at random: whatever is made of them is a time that
 * exists, and for a reminder not one that is over. */
static void random_sentences(void **state)
{
    (void)state;
    static const char *const words[] = {
        "at", "on", "in", "by", "from", "to", "until", "the", "of", "and", "every", "next", "last",
        "this", "other", "first", "second", "third", "31st", "29th", "30", "9", "2:30", "half",
        "past", "quarter", "am", "pm", "morning", "night", "tonight", "tomorrow", "today",
        "yesterday", "monday", "friday", "sunday", "february", "march", "october", "2026", "day",
        "week", "month", "year", "hours", "minutes", "weekend", "days", "two", "an", "hour", "end",
        "after", "before", "between", "for", "ago", "christmas", "easter", "noon", "midnight",
        "twice", "a", "times", "weekdays", "daily", "since", "12", "25", "hundred", "-", "3/4",
        "2027-02-29", "29.2.2028", "rest", "quarter", "couple",
        "now", "upcoming", "early", "late", "mid", "so far", "h1", "'69", "q3", "10:30:15 +0200",
        "GMT+2", "eastern", "century", "nineties", "season", "less than", "more than", "within",
        "same time", "wee hours", "> =", "<", "200th", "workday", "fiscal", "tax day", "pongal",
        "super tuesday", "eve", "bc", "coming", "upcoming", "summer", "date", "so", "in 15", "'"};
    static const char *const zones[] = {"UTC", "Europe/Berlin", "America/New_York",
                                        "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kolkata",
                                        "Pacific/Apia", "America/Havana"};
    Zone *open[ARRAY_LEN(zones)];
    uint64_t seed = 5545;
    size_t found_all = 0;
    for (size_t i = 0; i < ARRAY_LEN(zones); i++)
        open[i] = open_zone(zones[i]);
    for (int round = 0; round < 40000; round++) {
        const Zone *z = open[next_random(&seed) % ARRAY_LEN(zones)];
        WhenContext c = {.zone = z, .prefer = round % 4 == 0 ? WHEN_PAST : WHEN_FUTURE,
                         .now_ms = ((int64_t)next_random(&seed) * 2 + 100000000) * 1000};
        Buf b;
        When found[MAX_FOUND];
        buf_init(&b, 4096);
        for (uint32_t k = next_random(&seed) % 9 + 1; k > 0; k--)
            buf_printf(&b, "%s ", words[next_random(&seed) % ARRAY_LEN(words)]);
        size_t n = when_find(buf_str(&b), &c, found, MAX_FOUND);
        for (size_t i = 0; i < n; i++) {
            const When *w = &found[i];
            bool both = w->kind == WHEN_POINT || w->kind == WHEN_RANGE ||
                        w->kind == WHEN_RECURRENCE;
            if (both && w->from >= w->until)
                fail_msg("\"%s\" ends before it begins", b.ptr);
            ZoneFit fit;
            Civil from = zone_civil(z, w->from);
            int64_t again = zone_instant(z, &from, &fit);
            if (fit == ZONE_SKIPPED || (fit == ZONE_ONCE && again != w->from / 1000 * 1000))
                fail_msg("\"%s\" is at a time that does not exist", b.ptr);
            if (w->kind == WHEN_RECURRENCE && c.now_ms >= w->until)
                fail_msg("\"%s\" begins in the past", b.ptr);
            if (w->kind == WHEN_POINT && !w->dated &&
                (c.prefer == WHEN_FUTURE ? w->until <= c.now_ms : w->from > c.now_ms))
                fail_msg("\"%s\" is on the wrong side of now", b.ptr);
            found_all++;
        }
        buf_release(&b);
    }
    for (size_t i = 0; i < ARRAY_LEN(zones); i++)
        zone_free(open[i]);
    assert_true(found_all > 20000);
}

static void span_of_text(void **state)
{
    (void)state;
    Zone *z = open_zone("UTC");
    WhenContext c = {.zone = z, .now_ms = 1795425300000};
    When found[2];
    Str text = STR("Please call Anna on Friday at half past nine, and me tomorrow.");
    assert_int_equal(when_find(text, &c, found, 2), 2);
    assert_str(str_sub(text, found[0].start, found[0].end), "on Friday at half past nine");
    assert_str(str_sub(text, found[1].start, found[1].end), "tomorrow");
    assert_true(found[0].timed && found[0].dated && !found[1].timed);
    /* No more than asked for. */
    assert_int_equal(when_find(text, &c, found, 1), 1);
    assert_int_equal(when_find(text, &c, found, 0), 0);
    assert_int_equal(when_find(STR(""), &c, found, 2), 0);
    zone_free(z);
}

static void day_first_when_asked(void **state)
{
    (void)state;
    Zone *z = open_zone("UTC");
    WhenContext c = {.zone = z, .now_ms = 1795425300000, .day_first = true};
    When w;
    assert_int_equal(when_find(STR("3/4/2027"), &c, &w, 1), 1);
    assert_int_equal(zone_civil(z, w.from).month, 4);
    c.day_first = false;
    assert_int_equal(when_find(STR("3/4/2027"), &c, &w, 1), 1);
    assert_int_equal(zone_civil(z, w.from).month, 3);
    zone_free(z);
}

static void moments(void **state)
{
    (void)state;
    static const struct {
        const char *now, *sentence, *moment;
    } rows[] = {
        {"2026-11-23T10:00", "tomorrow", "2026-11-24T09:00"},
        {"2026-11-23T10:00", "tomorrow at eight", "2026-11-24T08:00"},
        {"2026-11-23T10:00", "tomorrow morning", "2026-11-24T09:00"},
        {"2026-11-23T10:00", "tomorrow afternoon", "2026-11-24T15:00"},
        {"2026-11-23T10:00", "this evening", "2026-11-23T19:00"},
        {"2026-11-23T20:00", "this evening", "2026-11-23T20:00"},
        {"2026-11-23T10:00", "tonight", "2026-11-23T19:00"},
        {"2026-11-23T10:00", "tomorrow night", "2026-11-24T21:00"},
        {"2026-11-23T10:00", "today", "2026-11-23T10:00"},
        {"2026-11-23T08:00", "today", "2026-11-23T09:00"},
        {"2026-11-23T10:00", "by friday", "2026-11-27T09:00"},
        {"2026-11-23T10:00", "by 5 pm", "2026-11-23T17:00"},
        {"2026-11-23T10:00", "by the end of the month", "2026-11-30T09:00"},
        {"2026-11-23T10:00", "at the end of the month", "2026-11-30T09:00"},
        {"2026-11-23T10:00", "next week", "2026-11-30T09:00"},
        {"2026-11-23T10:00", "friday from two to four", "2026-11-27T14:00"},
        {"2026-11-23T10:00", "every day at seven", "2026-11-24T07:00"},
        {"2026-11-23T10:00", "every monday", "2026-11-30T09:00"},
        {"2026-11-23T10:00", "within two hours", "2026-11-23T12:00"},
        {"2026-11-23T10:00", "in ten minutes", "2026-11-23T10:10"},
        {"2026-11-23T10:00", "after 6 pm", "2026-11-23T18:00"},
        {"2026-03-28T20:00", "tomorrow", "2026-03-29T09:00"},
    };
    Zone *z = open_zone("Europe/Berlin");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        WhenContext c = {.zone = z, .now_ms = local(z, rows[i].now)};
        When w;
        int64_t at;
        char got[ZONE_RFC3339_MAX], want[ZONE_RFC3339_MAX];
        if (when_find(str_of(rows[i].sentence), &c, &w, 1) != 1 || !when_moment(&c, &w, &at))
            fail_msg("\"%s\" is not found", rows[i].sentence);
        if (at != local(z, rows[i].moment))
            fail_msg("\"%s\" is at %s, not %s", rows[i].sentence, zone_format(z, at, got),
                     zone_format(z, local(z, rows[i].moment), want));
    }
    WhenContext c = {.zone = z, .now_ms = local(z, "2026-11-23T10:00")};
    When w;
    int64_t at;
    assert_int_equal(when_find(STR("for ten minutes"), &c, &w, 1), 1);
    assert_false(when_moment(&c, &w, &at));
    zone_free(z);
}

static void durations_are_of_the_calendar(void **state)
{
    (void)state;
    static const struct {
        const char *from;
        When d;
        const char *to;
    } rows[] = {
        {"2026-01-31T09:00", {.months = 1}, "2026-02-28T09:00"},
        {"2028-01-31T09:00", {.months = 1}, "2028-02-29T09:00"},
        {"2026-03-31T09:00", {.months = -1}, "2026-02-28T09:00"},
        {"2026-12-15T09:00", {.months = 14}, "2028-02-15T09:00"},
        {"2026-03-28T09:00", {.days = 1}, "2026-03-29T09:00"},
        {"2026-03-28T09:00", {.ms = 86400000}, "2026-03-29T10:00"},
        {"2026-03-28T02:30", {.days = 1}, "2026-03-29T03:30"},
        {"2026-10-25T09:00", {.days = -1}, "2026-10-24T09:00"},
        {"2026-11-23T09:00", {.days = 1, .ms = 3600000}, "2026-11-24T10:00"},
    };
    Zone *z = open_zone("Europe/Berlin");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(when_add(z, local(z, rows[i].from), &rows[i].d), local(z, rows[i].to));
    assert_int_equal(when_add(z, 1795425300123, &(When){.days = 1}) % 1000, 123);
    zone_free(z);
}

static void said_back(void **state)
{
    (void)state;
    static const struct {
        const char *at;
        bool timed;
        const char *text;
    } times[] = {
        {"2026-11-23T15:30", true, "today at 15:30"},
        {"2026-11-24T09:00", true, "tomorrow at 09:00"},
        {"2026-11-24T09:00", false, "tomorrow"},
        {"2026-11-22T09:00", false, "yesterday"},
        {"2026-11-27T09:00", false, "on Friday 27 November"},
        {"2027-03-03T09:00", true, "on Wednesday 3 March at 09:00"},
        {"2027-12-03T00:00", false, "on 3 December 2027"},
        {"2025-03-03T00:00", false, "on 3 March 2025"},
    };
    static const struct {
        int64_t ms;
        const char *text;
    } spans[] = {
        {0, "less than a second"}, {999, "less than a second"}, {1000, "1 second"},
        {480000, "8 minutes"}, {3900000, "1 hour and 5 minutes"}, {3600000, "1 hour"},
        {90000000, "1 day and 1 hour"}, {86400000LL * 3 + 5000, "3 days"},
        {-480000, "8 minutes"}, {INT64_MIN, "106751991167 days and 7 hours"},
        {61000, "1 minute and 1 second"},
    };
    static const struct {
        const char *rule, *text; /* text NULL: not sayable */
    } rules[] = {
        {"FREQ=DAILY", "every day"},
        {"FREQ=DAILY;INTERVAL=3", "every 3 days"},
        {"FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=9;BYMINUTE=0", "every weekday at 09:00"},
        {"FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", "every 2 weeks on Monday"},
        {"FREQ=WEEKLY;BYDAY=MO,TH", "every Monday and Thursday"},
        {"FREQ=WEEKLY;BYDAY=SU,MO,FR", "every Monday, Friday and Sunday"},
        {"FREQ=WEEKLY;BYDAY=SA,SU", "every weekend"},
        {"FREQ=MONTHLY;BYMONTHDAY=15", "every month on the 15th"},
        {"FREQ=MONTHLY;BYMONTHDAY=22", "every month on the 22nd"},
        {"FREQ=MONTHLY;BYMONTHDAY=-1", "every month on the last day"},
        {"FREQ=MONTHLY;BYDAY=1MO", "every month on the first Monday"},
        {"FREQ=MONTHLY;BYDAY=-1FR", "every month on the last Friday"},
        {"FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=3", "every year on 3 March"},
        {"FREQ=DAILY;BYHOUR=9,21", "every day at 09:00 and 21:00"},
        {"FREQ=DAILY;COUNT=5", "every day, 5 times"},
        {"FREQ=DAILY;UNTIL=20261225T225959Z", "every day until 25 December 2026"},
        {"FREQ=HOURLY;INTERVAL=3", "every 3 hours"},
        {"FREQ=SECONDLY", NULL}, {"FREQ=DAILY;BYSETPOS=1", NULL}, {"", NULL}, {"DAILY", NULL},
        {"FREQ=WEEKLY;BYDAY=XX", NULL}, {"FREQ=DAILY;INTERVAL=0", NULL},
        {"FREQ=DAILY;UNTIL=2026", NULL}, {"FREQ=DAILY;UNTIL=20269925", NULL},
    };
    Zone *z = open_zone("Europe/Berlin");
    Buf b;
    buf_init(&b, 256);
    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        buf_clear(&b);
        when_say(z, local(z, "2026-11-23T10:00"), local(z, times[i].at), times[i].timed, &b);
        assert_str(buf_str(&b), times[i].text);
    }
    for (size_t i = 0; i < ARRAY_LEN(spans); i++) {
        buf_clear(&b);
        when_say_span(spans[i].ms, &b);
        assert_str(buf_str(&b), spans[i].text);
    }
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        buf_clear(&b);
        bool said = when_say_rule(str_of(rules[i].rule), &b);
        if (said != (rules[i].text != NULL))
            fail_msg("\"%s\" is said as \"%s\"", rules[i].rule, b.ptr ? b.ptr : "");
        if (said)
            assert_str(buf_str(&b), rules[i].text);
    }
    buf_release(&b);
    zone_free(z);
}

/* Days from calendars: what almanacs print. */
static void holidays(void **state)
{
    (void)state;
    static const struct {
        const char *text, *day;
    } rows[] = {
        {"easter 2024", "2024-03-31"}, {"easter 2025", "2025-04-20"}, {"easter 2038", "2038-04-25"},
        {"easter 1961", "1961-04-02"}, {"orthodox easter 2024", "2024-05-05"},
        {"orthodox easter 2025", "2025-04-20"}, {"whit monday 2026", "2026-05-25"},
        {"ascension day 2026", "2026-05-14"}, {"thanksgiving 2024", "2024-11-28"},
        {"black friday 2024", "2024-11-29"}, {"labor day 2025", "2025-09-01"},
        {"memorial day 2025", "2025-05-26"}, {"mother's day 2025", "2025-05-11"},
        {"father's day 2025", "2025-06-15"}, {"election day 2024", "2024-11-05"},
        {"first sunday of advent 2026", "2026-11-29"},
        /* the evening before, with which they begin */
        {"rosh hashanah 2024", "2024-10-02"}, {"rosh hashanah 2025", "2025-09-22"},
        {"yom kippur 2026", "2026-09-20"}, {"hanukkah 2024", "2024-12-25"},
        {"hanukkah 2025", "2025-12-14"}, {"passover 2024", "2024-04-22"},
        {"purim 2024", "2024-03-23"}, {"purim 2026", "2026-03-02"}, {"shavuot 2025", "2025-06-01"},
        {"chinese new year 2024", "2024-02-10"}, {"chinese new year 2025", "2025-01-29"},
        {"chinese new year 2026", "2026-02-17"}, {"mid autumn festival 2025", "2025-10-06"},
        {"dragon boat festival 2024", "2024-06-10"},
        {"eid al fitr 2023", "2023-04-21"}, {"eid al fitr 2024", "2024-04-10"},
        {"eid al fitr 2025", "2025-03-30"}, {"eid al adha 2024", "2024-06-16"},
        {"eid al adha 2025", "2025-06-06"}, {"eid al adha 2018", "2018-08-21"},
        {"diwali 2023", "2023-11-12"}, {"diwali 2024", "2024-10-31"}, {"diwali 2025", "2025-10-20"},
        {"diwali 2026", "2026-11-08"}, {"holi 2024", "2024-03-25"},
        {"holi 2025", "2025-03-14"}, {"ugadi 2024", "2024-04-09"}, {"ugadi 2025", "2025-03-30"},
        {"dussehra 2023", "2023-10-24"}, {"dussehra 2025", "2025-10-02"},
        {"ganesh chaturthi 2024", "2024-09-07"}, {"raksha bandhan 2024", "2024-08-19"},
        {"maha shivaratri 2025", "2025-02-26"}, {"ratha yatra 2024", "2024-07-07"},
    };
    Zone *z = open_zone("UTC");
    WhenContext c = {.zone = z, .now_ms = 1795425300000};
    size_t wrong = 0;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        When w = {0};
        char got[ZONE_RFC3339_MAX];
        if (when_find(str_of(rows[i].text), &c, &w, 1) != 1 || w.from != local(z, rows[i].day)) {
            print_error("\"%s\" is %s, not %s\n", rows[i].text, zone_format(z, w.from, got),
                        rows[i].day);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
    zone_free(z);
}

/* 4,096 bytes of the worst: bounded, and the text behind them is not looked at. */
static void hostile_text(void **state)
{
    (void)state;
    static const char *const parts[] = {"1 ", "at ", "first last ", "one hundred and ", "- ", "a",
                                        "the second of the ", "9:30-", "every ", "\xff", "'"};
    Zone *z = open_zone("UTC");
    WhenContext c = {.zone = z, .now_ms = 1795425300000};
    When found[MAX_FOUND];
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        Buf b;
        buf_init(&b, 65536);
        while (b.len < 4096)
            buf_add_c(&b, parts[i]);
        buf_cut(&b, 4096);
        size_t alone = when_find(buf_str(&b), &c, found, MAX_FOUND);
        buf_add_c(&b, " tomorrow at nine");
        assert_int_equal(when_find(buf_str(&b), &c, found, MAX_FOUND), alone);
        buf_release(&b);
    }
    zone_free(z);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_are_whole), cmocka_unit_test(english_sentences),
        cmocka_unit_test(sentences_of_classes),
        cmocka_unit_test(german_sentences), cmocka_unit_test(random_sentences),
        cmocka_unit_test(span_of_text), cmocka_unit_test(day_first_when_asked),
        cmocka_unit_test(moments), cmocka_unit_test(durations_are_of_the_calendar),
        cmocka_unit_test(said_back), cmocka_unit_test(holidays), cmocka_unit_test(hostile_text)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
