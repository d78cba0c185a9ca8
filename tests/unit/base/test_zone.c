/* Time zones against Python's zoneinfo (tests/golden/zone, made by make.py there), and every way
 * that a file or a name can be wrong. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/os.h"
#include "base/zone.h"

#define GOLDEN SOTTO_SOURCE_DIR "/tests/golden/zone/"

static Zone *golden_zone(Str name, Err *err)
{
    char path[512];
    Buf bytes;
    buf_init(&bytes, 1 << 20);
    (void)snprintf(path, sizeof path, GOLDEN STR_FMT ".tzif", STR_ARG(name));
    if (!os_read_file(path, &bytes, err))
        fail_msg("%s", err->msg);
    Zone *z = zone_parse(name, buf_str(&bytes), err);
    buf_release(&bytes);
    return z;
}

static int64_t number(Str s)
{
    int64_t v;
    if (!str_to_i64(s, &v))
        fail_msg("\"" STR_FMT "\" is no number", STR_ARG(s));
    return v;
}

static void check_utc(const Zone *z, Str *f)
{
    bool daylight;
    const char *abbrev;
    int64_t ms = number(f[2]) * 1000;
    int32_t offset = zone_offset(z, ms, &daylight, &abbrev);
    /* 999 ms later is the same second, before 1970 too. */
    if (offset != number(f[3]) || daylight != (number(f[4]) == 1) ||
        !str_eq(str_of(abbrev), f[5]) || zone_offset(z, ms + 999, NULL, NULL) != offset)
        fail_msg(STR_FMT " at " STR_FMT ": %d %d %s", STR_ARG(f[1]), STR_ARG(f[2]), offset,
                 daylight, abbrev);
    Civil c = zone_civil(z, ms);
    int64_t local = clock_days_from_civil(c.year, c.month, c.day) * 86400 + c.hour * 3600 +
                    c.minute * 60 + c.second;
    assert_int_equal(local, ms / 1000 + offset);
    ZoneFit fit;
    int64_t back = zone_instant(z, &c, &fit);
    assert_true(fit == ZONE_TWICE ? back <= ms : back == ms);
}

static void check_local(const Zone *z, Str *f)
{
    static const char *const fits[] = {"once", "skipped", "twice"};
    Civil c = {(int)number(f[2]), (int)number(f[3]), (int)number(f[4]),
               (int)number(f[5]), (int)number(f[6]), (int)number(f[7])};
    ZoneFit fit;
    int64_t ms = zone_instant(z, &c, &fit);
    if (ms != number(f[9]) * 1000 || !str_eq(str_of(fits[fit]), f[8]))
        fail_msg(STR_FMT " %d-%d-%d %d:%d: %s %lld, not " STR_FMT " " STR_FMT, STR_ARG(f[1]),
                 c.year, c.month, c.day, c.hour, c.minute, fits[fit], (long long)ms / 1000,
                 STR_ARG(f[8]), STR_ARG(f[9]));
}

static void agrees_with_python(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Buf table;
    buf_init(&table, 8 << 20);
    assert_true(os_read_file(GOLDEN "table.tsv", &table, &err));
    Str rest = buf_str(&table), line;
    Zone *z = NULL;
    size_t rows = 0;
    while (str_next(&rest, '\n', &line)) {
        Str f[10];
        size_t n = 0;
        if (line.len == 0 || line.ptr[0] == '#')
            continue;
        while (n < ARRAY_LEN(f) && str_next(&line, '\t', &f[n]))
            n++;
        if (!z || !str_eq(str_of(zone_name(z)), f[1])) {
            zone_free(z);
            z = golden_zone(f[1], &err);
            if (!z)
                fail_msg("%s", err.msg);
        }
        if (str_eq(f[0], STR("utc")))
            check_utc(z, f);
        else
            check_local(z, f);
        rows++;
    }
    zone_free(z);
    buf_release(&table);
    assert_true(rows > 5000);
}

static void names(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "../etc/passwd", "/etc/localtime", "Europe/../../../etc/passwd", "Europe//Berlin",
        "Europe/", ".", "..", "Europe/.", "Europe/Ber lin", "Europe\\Berlin", "-0", "+24:00",
        "+5:3", "+05:60", "+053", "tzdata.zi", "a\n", "~root", "%2e%2e",
        "Europe/Berlinnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"};
    static const char *const absent[] = {"Europe/Atlantis", "Europe", "berlin", "CET/Berlin"};
    Err err;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        err = ERR_INIT;
        Zone *z = zone_open(str_of(bad[i]), &err);
        if (z && !strcmp(bad[i], "-0")) {
            zone_free(z); /* an offset of nothing */
            continue;
        }
        if (z)
            fail_msg("\"%s\" was opened", bad[i]);
        assert_err(false, err, ERR_VALIDATION, "is no name of a time zone");
    }
    assert_null(zone_open(str_mem("Europe/Berlin\0x", 15), &err));
    assert_int_equal(err.code, ERR_VALIDATION);
    for (size_t i = 0; i < ARRAY_LEN(absent); i++) {
        err = ERR_INIT;
        if (zone_open(str_of(absent[i]), &err))
            fail_msg("\"%s\" was opened", absent[i]);
        assert_err(false, err, ERR_NOT_FOUND, "there is no time zone");
    }
}

static void fixed_and_formatted(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int32_t offset;
        const char *text;
    } rows[] = {
        {"UTC", 0, "2026-11-23T09:15:00Z"},
        {"Z", 0, "2026-11-23T09:15:00Z"},
        {"+05:30", 19800, "2026-11-23T14:45:00+05:30"},
        {"-0800", -28800, "2026-11-23T01:15:00-08:00"},
        {"+5", 18000, "2026-11-23T14:15:00+05:00"},
        {"-00:30", -1800, "2026-11-23T08:45:00-00:30"},
        {"Europe/Berlin", 3600, "2026-11-23T10:15:00+01:00"},
        {"America/New_York", -18000, "2026-11-23T04:15:00-05:00"},
        {"Asia/Kolkata", 19800, "2026-11-23T14:45:00+05:30"},
    };
    char out[ZONE_RFC3339_MAX];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Err err = ERR_INIT;
        Zone *z = zone_open(str_of(rows[i].name), &err);
        if (!z)
            fail_msg("%s", err.msg);
        assert_string_equal(zone_name(z), rows[i].name);
        assert_int_equal(zone_offset(z, 1795425300000, NULL, NULL), rows[i].offset);
        assert_string_equal(zone_format(z, 1795425300000, out), rows[i].text);
        /* Whatever the offset, what is written is the instant. */
        static const int64_t at[] = {INT64_MIN / 2, -5000000000123, -1, 0, 1, 1795425300123,
                                     INT64_MAX / 2};
        for (size_t k = 0; k < ARRAY_LEN(at); k++) {
            int64_t back;
            assert_true(clock_parse(str_of(zone_format(z, at[k], out)), &back));
            if (k > 0 && k + 1 < ARRAY_LEN(at))
                assert_int_equal(back, at[k]);
        }
        zone_free(z);
    }
}

static void fields_carry_over(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Zone *z = golden_zone(STR("Europe-Berlin"), &err);
    assert_non_null(z);
    static const struct {
        Civil c;
        const char *text;
    } rows[] = {
        {{2026, 1, 32, 9, 0, 0}, "2026-02-01T09:00:00+01:00"},
        {{2026, 13, 1, 9, 0, 0}, "2027-01-01T09:00:00+01:00"},
        {{2026, 0, 1, 9, 0, 0}, "2025-12-01T09:00:00+01:00"},
        {{2026, -11, 0, 9, 0, 0}, "2024-12-31T09:00:00+01:00"},
        {{2024, 2, 29 + 365, 9, 0, 0}, "2025-02-28T09:00:00+01:00"},
        {{2026, 11, 23, 25, 61, 61}, "2026-11-24T02:02:01+01:00"},
        {{2026, 11, 23, 0, -1, 0}, "2026-11-22T23:59:00+01:00"},
        {{2026, 3, 29, 2, 30, 0}, "2026-03-29T03:30:00+02:00"},  /* skipped */
        {{2026, 10, 25, 2, 30, 0}, "2026-10-25T02:30:00+02:00"}, /* the first of two */
    };
    char out[ZONE_RFC3339_MAX];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_string_equal(zone_format(z, zone_instant(z, &rows[i].c, NULL), out), rows[i].text);
    /* Nothing overflows at the ends of what the types can say. */
    static const Civil ends[] = {{2147483647, 12, 2147483647, 2147483647, 0, 0},
                                 {-2147483647 - 1, -2147483647 - 1, 1, 0, 0, 0}};
    assert_true(zone_instant(z, &ends[0], NULL) > 0);
    assert_true(zone_instant(z, &ends[1], NULL) < 0);
    (void)zone_civil(z, INT64_MIN);
    (void)zone_civil(z, INT64_MAX);
    zone_free(z);
}

static void next_change(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Zone *z = golden_zone(STR("Europe-Berlin"), &err);
    int64_t at = 1795425300000; /* 2026-11-23 */
    char out[ZONE_RFC3339_MAX];
    assert_true(zone_next_change(z, at, &at));
    assert_string_equal(zone_format(z, at, out), "2027-03-28T03:00:00+02:00");
    assert_true(zone_next_change(z, at, &at));
    assert_string_equal(zone_format(z, at, out), "2027-10-31T02:00:00+01:00");
    for (int year = 2028; year < 2200; year++) { /* far behind the last entry of the file */
        assert_true(zone_next_change(z, at, &at));
        assert_int_equal(zone_civil(z, at).year, year);
        assert_int_equal(zone_civil(z, at).month, 3);
        assert_true(zone_next_change(z, at, &at));
        assert_int_equal(zone_civil(z, at).month, 10);
    }
    zone_free(z);
    z = golden_zone(STR("Asia-Kolkata"), &err);
    assert_false(zone_next_change(z, 1795425300000, &at));
    zone_free(z);
    z = golden_zone(STR("rule_always_daylight"), &err);
    assert_false(zone_next_change(z, 1795425300000, &at));
    zone_free(z);
}

/* "J60" never counts a leap day, "300" does and begins with 0. */
static void days_of_the_year(void **state)
{
    (void)state;
    static const char *const changes[] = {
        "2023-03-01T07:00:00Z", "2023-10-28T07:45:45Z", "2024-03-01T07:00:00Z",
        "2024-10-27T07:45:45Z", "2025-03-01T07:00:00Z"};
    Err err = ERR_INIT;
    Zone *z = golden_zone(STR("rule_julian"), &err), *utc = zone_open(STR("UTC"), &err);
    int64_t at;
    char out[ZONE_RFC3339_MAX];
    assert_true(z && utc && clock_parse(STR("2023-01-01"), &at));
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        assert_true(zone_next_change(z, at, &at));
        assert_string_equal(zone_format(utc, at, out), changes[i]);
    }
    zone_free(z);
    zone_free(utc);
}

static void weekdays_and_months(void **state)
{
    (void)state;
    assert_int_equal(civil_weekday(&(Civil){.year = 2026, .month = 11, .day = 23}), 1);
    assert_int_equal(civil_weekday(&(Civil){.year = 1969, .month = 12, .day = 31}), 3);
    assert_int_equal(civil_weekday(&(Civil){.year = -1, .month = 1, .day = 3}), 0);
    assert_int_equal(civil_days_in_month(2000, 2), 29);
    assert_int_equal(civil_days_in_month(1900, 2), 28);
    assert_int_equal(civil_days_in_month(2026, 13), 0);
}

/* Every cut and every changed byte of a file is refused or gives a zone that answers. */
static void broken_files(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Buf bytes;
    buf_init(&bytes, 1 << 20);
    assert_true(os_read_file(GOLDEN "Europe-Berlin.tzif", &bytes, &err));
    Str all = buf_str(&bytes);
    for (size_t n = 0; n + 1 < all.len; n++) {
        err = ERR_INIT;
        Zone *z = zone_parse(STR("x"), str_sub(all, 0, n), &err);
        assert_err(z != NULL, err, ERR_CORRUPT, "time zone file of x");
    }
    for (size_t i = 0; i < all.len; i++) {
        char was = bytes.ptr[i];
        bytes.ptr[i] = (char)(was ^ (1 << i % 8));
        Zone *z = zone_parse(STR("x"), buf_str(&bytes), &err);
        if (z) {
            int64_t at;
            (void)zone_offset(z, 1795425300000, NULL, NULL);
            (void)zone_next_change(z, 0, &at);
        }
        zone_free(z);
        bytes.ptr[i] = was;
    }
    buf_release(&bytes);
}

static void leap_seconds_are_refused(void **state)
{
    (void)state;
    static const char file[] = "TZif\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                               "\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\1\0\0\0\4"
                               "\0\0\0\0\0\0UTC\0\4\262\130\0\0\0\0\1";
    Err err = ERR_INIT;
    Zone *z = zone_parse(STR("right/UTC"), str_mem(file, sizeof file - 1), &err);
    assert_err(z != NULL, err, ERR_VALIDATION, "leap seconds");
}

static void machine_zone(void **state)
{
    (void)state;
    static const struct {
        const char *tz, *name;
        int32_t offset;
    } rows[] = {
        {"Europe/Berlin", "Europe/Berlin", 3600},
        {":America/New_York", "America/New_York", -18000},
        {"/usr/share/zoneinfo/Asia/Kolkata", "Asia/Kolkata", 19800},
        {"EST5EDT,M3.2.0,M11.1.0", "EST5EDT,M3.2.0,M11.1.0", -18000},
        {"UTC", "UTC", 0},
    };
    Err err = ERR_INIT;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(setenv("TZ", rows[i].tz, 1), 0);
        Zone *z = zone_open(STR(""), &err);
        assert_non_null(z);
        assert_string_equal(zone_name(z), rows[i].name);
        assert_int_equal(zone_offset(z, 1795425300000, NULL, NULL), rows[i].offset);
        zone_free(z);
    }
    /* A variable that says nothing leaves the machine's own, whichever that is. */
    assert_int_equal(setenv("TZ", "../../etc/passwd", 1), 0);
    Zone *z = zone_open(STR(""), &err);
    assert_non_null(z);
    zone_free(z);
    assert_int_equal(unsetenv("TZ"), 0);
    z = zone_open(STR(""), &err);
    assert_non_null(z);
    zone_free(z);
}

static void short_of_memory(void **state)
{
    (void)state;
    Err err;
    for (uint64_t nth = 1;; nth++) {
        err = ERR_INIT;
        mem_test_fail(nth, 0);
        Zone *z = zone_open(STR("Europe/Berlin"), &err);
        mem_test_fail(0, 0);
        if (z) {
            assert_true(nth > 3);
            zone_free(z);
            return;
        }
        assert_int_equal(err.code, ERR_NO_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_python), cmocka_unit_test(names),
        cmocka_unit_test(fixed_and_formatted), cmocka_unit_test(fields_carry_over),
        cmocka_unit_test(next_change), cmocka_unit_test(days_of_the_year),
        cmocka_unit_test(weekdays_and_months),
        cmocka_unit_test(broken_files), cmocka_unit_test(leap_seconds_are_refused),
        cmocka_unit_test(machine_zone), cmocka_unit_test(short_of_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
