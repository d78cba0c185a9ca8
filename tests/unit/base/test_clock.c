#include "support/unit.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

#define DAY 86400000LL

static void days_agree_with_the_c_library(void **state)
{
    (void)state;
    for (int64_t days = -719528; days < 2932897; days += 17) { /* years 0 to 9999 */
        int y, m, d;
        clock_civil_from_days(days, &y, &m, &d);
        assert_int_equal(clock_days_from_civil(y, m, d), days);
        time_t t = (time_t)(days * 86400);
        struct tm tm;
        assert_non_null(gmtime_r(&t, &tm));
        if (tm.tm_year + 1900 != y || tm.tm_mon + 1 != m || tm.tm_mday != d)
            fail_msg("day %lld is %04d-%02d-%02d", (long long)days, y, m, d);
    }
}

static void format(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00Z"},
        {1, "1970-01-01T00:00:00.001Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {1795425300000, "2026-11-23T09:15:00Z"},
        {1795425300120, "2026-11-23T09:15:00.120Z"},
        {951782400000, "2000-02-29T00:00:00Z"},
        {INT64_MIN, "0000-01-01T00:00:00Z"},
        {INT64_MAX, "9999-12-31T23:59:59.999Z"},
    };
    char out[CLOCK_RFC3339_MAX];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_string_equal(clock_format(rows[i].ms, out), rows[i].text);
}

static void parse_good(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01t00:00:00z", 0},
        {"1970-01-01 00:00:00Z", 0},
        {"1970-01-02", DAY},
        {"2000-02-29", 951782400000},
        {"2026-11-23T10:15:00+01:00", 1795425300000},
        {"2026-11-23T03:45:00-05:30", 1795425300000},
        {"2026-11-23T09:15:00.1Z", 1795425300100},
        {"2026-11-23T09:15:00.1239999999Z", 1795425300123},
        {"2016-12-31T23:59:60Z", 1483228800000}, /* a leap second */
        {"2017-01-01T00:59:60+01:00", 1483228800000},
        {"1969-12-31T23:59:59.999Z", -1},
        {"0000-01-01T00:00:00Z", -719528 * DAY},
        {"9999-12-31T23:59:59.999Z", 2932897 * DAY - 1},
        {"1990-12-31T15:59:60-08:00", 662688000000}, /* the example of RFC 3339 */
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t ms = 12345;
        if (!clock_parse(str_of(rows[i].text), &ms) || ms != rows[i].ms)
            fail_msg("%s gave %lld", rows[i].text, (long long)ms);
    }
}

static void parse_bad(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "", "2026", "2026-11", "2026-11-", "2026-1-01", "26-11-23", "2026-13-01", "2026-00-01",
        "2026-11-31", "2026-02-29", "1900-02-29", "2026-11-00", "2026-11-23T", "2026-11-23T09:15",
        "2026-11-23T09:15:00", "2026-11-23T24:00:00Z", "2026-11-23T09:60:00Z",
        "2026-11-23T09:15:61Z", "2026-11-23T09:15:60Z", "2026-11-23T09:15:00.Z",
        "2026-11-23T09:15:00+24:00", "2026-11-23T09:15:00+01:60", "2026-11-23T09:15:00+0100",
        "2026-11-23T09:15:00+01", "2026-11-23T09:15:00ZZ", " 2026-11-23", "2026-11-23 ",
        "2026/11/23", "+2026-11-23", "-001-11-23", "0000-01-01T00:00:00+00:01",
        "9999-12-31T23:59:00-00:01", "2026-11-23T09:15:00,5Z", "2026-11-23_09:15:00Z",
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t ms = 12345;
        if (clock_parse(str_of(rows[i]), &ms))
            fail_msg("took \"%s\"", rows[i]);
        assert_int_equal(ms, 12345);
    }
    int64_t ms;
    assert_false(clock_parse(str_mem("1970-01-01\0", 11), &ms));
    assert_false(clock_parse((Str){NULL, 0}, &ms));
}

static void round_trip(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (int i = 0; i < 20000; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        int64_t ms = (int64_t)(seed >> 1) % (2932897 * DAY), back = 0;
        char out[CLOCK_RFC3339_MAX];
        if (seed & 1)
            ms = -(ms % (719528 * DAY));
        assert_true(clock_parse(str_of(clock_format(ms, out)), &back));
        assert_int_equal(back, ms);
    }
}

static void a_set_clock_runs_on(void **state)
{
    (void)state;
    int64_t wall = (int64_t)time(NULL) * 1000;
    int64_t now = clock_now_ms();
    assert_true(now > wall - 5000 && now < wall + 5000);

    Err err = ERR_INIT;
    (void)setenv("SOTTO_NOW", "tomorrow", 1);
    assert_err(clock_init(&err), err, ERR_VALIDATION, "SOTTO_NOW is 'tomorrow'");
    (void)setenv("SOTTO_NOW", "2026-11-23T09:15:00Z", 1);
    assert_true(clock_init(&err));
    uint64_t start = clock_mono_ns();
    now = clock_now_ms();
    assert_true(now >= 1795425300000 && now < 1795425300000 + 60000);
    struct timespec pause = {0, 20000000};
    (void)nanosleep(&pause, NULL);
    assert_true(clock_now_ms() >= now + 19);
    assert_true(clock_seconds_since(start) >= 0.019);
    clock_set_ms(0);
    assert_true(clock_now_ms() >= 0 && clock_now_ms() < 60000);
    (void)unsetenv("SOTTO_NOW");
    assert_true(clock_init(&err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_agree_with_the_c_library),
        cmocka_unit_test(format),
        cmocka_unit_test(parse_good),
        cmocka_unit_test(parse_bad),
        cmocka_unit_test(round_trip),
        cmocka_unit_test(a_set_clock_runs_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
