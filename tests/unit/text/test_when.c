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
        "2027-02-29", "29.2.2028", "rest", "quarter", "couple"};
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_are_whole), cmocka_unit_test(english_sentences),
        cmocka_unit_test(german_sentences), cmocka_unit_test(random_sentences)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
