/* bench_when.c - how many times in sentences are understood, and how fast.
 *
 *   bench_when FILE.jsonl [-v] [--half 0|1]    share right, by kind and by source
 *   bench_when --speed                         microseconds a sentence
 *   bench_when --say TEXT [NOW [ZONE [LANG]]]  what is found in a text
 *
 * A line of FILE is {id, source, text, ref, kind, expected, grain, span}. The reference time is
 * `ref` in the zone of the source (duckling's is -02:00, the others' UTC; 2024-01-01 noon without
 * one), the preference the future, months first. Of several found the longest is compared:
 *
 *   point       begin equal, to the grain (a day, and what we know as whole days: the date, since
 *               one source fills in the hour of the reference); an hour within a part of the
 *               day that we found counts; "within an hour" by its end
 *   range       begin equal; the end half open: equal to the expected, or at most one unit of our
 *               grain later (sources differ on whether the last day or minute counts); parts of a
 *               day: same day, and more than half of the shorter one in common
 *   open        the end that there is; from now until X is the same as before X
 *   duration    seconds equal; time: any of the times of day
 *   recurrence  the same frequency, interval and days as the TIMEX says
 *   none        nothing found
 *
 * Any of the alternatives in `expected` is right. --half takes the lines whose id hashes to it, so
 * that rules can be written looking at one half only. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/os.h"
#include "text/when.h"

#define MAX_FOUND 8

typedef struct {
    Zone *zone;
    int64_t now;
    Str grain;
} Case;

static Zone *zone_named(const char *name)
{
    Err err = ERR_INIT;
    Zone *z = zone_open(str_of(name), &err);
    if (!z) {
        fprintf(stderr, "%s\n", err.msg);
        exit(1);
    }
    return z;
}

/* "2013-02-12T04:30:00" or a date, local to the case's zone. */
static bool local_time(const Case *c, Str s, int64_t *ms)
{
    Civil t = {0};
    char text[40];
    if (s.len < 10 || s.len >= sizeof text)
        return false;
    memcpy(text, s.ptr, s.len);
    text[s.len] = '\0';
    int n = sscanf(text, "%d-%d-%dT%d:%d:%d", &t.year, &t.month, &t.day, &t.hour, &t.minute,
                   &t.second);
    if (n < 3)
        return false;
    *ms = zone_instant(c->zone, &t, NULL);
    return true;
}

static bool time_of_day(Str s, int *sec)
{
    int h, m, x;
    char text[16];
    if (s.len != 8)
        return false;
    memcpy(text, s.ptr, 8);
    text[8] = '\0';
    if (sscanf(text, "%d:%d:%d", &h, &m, &x) != 3)
        return false;
    *sec = h * 3600 + m * 60 + x;
    return true;
}

static int second_of(const Case *c, int64_t ms)
{
    Civil t = zone_civil(c->zone, ms);
    return t.hour * 3600 + t.minute * 60 + t.second;
}

static bool same_to_grain(const Case *c, int64_t a, int64_t b)
{
    Civil x = zone_civil(c->zone, a), y = zone_civil(c->zone, b);
    if (str_eq(c->grain, STR("year")))
        return x.year == y.year;
    if (str_eq(c->grain, STR("month")) || str_eq(c->grain, STR("quarter")))
        return x.year == y.year && x.month == y.month;
    bool day = x.year == y.year && x.month == y.month && x.day == y.day;
    if (str_eq(c->grain, STR("day")) || str_eq(c->grain, STR("week")))
        return day;
    if (str_eq(c->grain, STR("hour")))
        return day && x.hour == y.hour;
    if (str_eq(c->grain, STR("minute")))
        return day && x.hour == y.hour && x.minute == y.minute;
    return a / 1000 == b / 1000;
}

static bool point_right(const Case *c, const Json *want, const When *w)
{
    int64_t at;
    int sec;
    Str s = json_str(want);
    if (w->kind == WHEN_OPEN_AFTER || w->kind == WHEN_OPEN_BEFORE || w->kind == WHEN_DURATION ||
        w->kind == WHEN_RECURRENCE)
        return false;
    if (time_of_day(s, &sec))
        return second_of(c, w->from) == sec;
    if (!local_time(c, s, &at))
        return false;
    if (w->grain == GRAIN_PART_OF_DAY && w->from <= at && at < w->until)
        return true;
    if (w->kind == WHEN_RANGE && w->deadline)
        return same_to_grain(c, at, w->until);
    Case plain = *c;
    if (s.len == 10 || (!w->timed && !str_eq(c->grain, STR("month")) &&
                        !str_eq(c->grain, STR("quarter")) && !str_eq(c->grain, STR("year"))))
        plain.grain = STR("day");
    return same_to_grain(&plain, at, w->from);
}

static int64_t grain_length(const When *w)
{
    static const int64_t hours[] = {[GRAIN_PART_OF_DAY] = 1, [GRAIN_DAY] = 25, [GRAIN_WEEKEND] = 49,
                                    [GRAIN_WEEK] = 169, [GRAIN_MONTH] = 745, [GRAIN_QUARTER] = 2209,
                                    [GRAIN_YEAR] = 8785};
    return w->grain <= GRAIN_HOUR ? 60000 : hours[w->grain] * 3600000;
}

static bool part_right(const Case *c, const Json *want, const When *w)
{
    int a, b;
    if (!time_of_day(json_str(json_at(want, 0)), &a) ||
        !time_of_day(json_str(json_at(want, 1)), &b))
        return false;
    int from = second_of(c, w->from), until = from + (int)((w->until - w->from) / 1000);
    int lo = from > a ? from : a, hi = until < b ? until : b;
    int shorter = until - from < b - a ? until - from : b - a;
    return hi - lo >= shorter / 2 && hi > lo;
}

static bool range_right(const Case *c, const Json *want, const When *w)
{
    int64_t a, b;
    int sec;
    Str first = json_str(json_at(want, 0)), second = json_str(json_at(want, 1));
    if (!first.ptr)
        return w->kind == WHEN_OPEN_BEFORE && local_time(c, second, &b) && w->until == b;
    if (!second.ptr)
        return w->kind == WHEN_OPEN_AFTER && local_time(c, first, &a) && w->from == a;
    if (w->kind == WHEN_DURATION || w->kind == WHEN_RECURRENCE || w->kind == WHEN_OPEN_AFTER)
        return false;
    if (time_of_day(first, &sec))
        return part_right(c, want, w);
    if (!local_time(c, first, &a) || !local_time(c, second, &b))
        return false;
    if (w->kind == WHEN_OPEN_BEFORE)
        return a == c->now && w->until == b;
    if (w->grain == GRAIN_PART_OF_DAY) {
        Civil x = zone_civil(c->zone, a), y = zone_civil(c->zone, w->from);
        int64_t lo = a > w->from ? a : w->from, hi = b < w->until ? b : w->until;
        int64_t shorter = b - a < w->until - w->from ? b - a : w->until - w->from;
        return x.day == y.day && x.month == y.month && x.year == y.year && hi - lo >= shorter / 2;
    }
    if (str_eq(c->grain, STR("day"))) { /* one source writes noon for a day */
        Civil x = zone_civil(c->zone, a), y = zone_civil(c->zone, w->from);
        if (x.day != y.day || x.month != y.month || x.year != y.year)
            return false;
    } else if (w->from / 1000 != a / 1000) {
        return false;
    }
    /* 23:59:59 ends a day; a minute more than the end says that it is included. */
    return w->until == b || (b < w->until && w->until - b <= grain_length(w)) ||
           (b > w->until && b - w->until <= 60000);
}

/* TIMEX: P1D, P2W, P0.5Y, XXXX-WXX-7P1W, XXXX-XX-19P1M, P1WE, T15. */
static bool recurrence_right(const Case *c, const Json *want, const When *w)
{
    static const char *const days[] = {"", "MO", "TU", "WE", "TH", "FR", "SA", "SU"};
    Str s = json_str(want), rule = str_of(w->rrule);
    char text[64], part[32];
    double n;
    char unit;
    int day;
    if (w->kind != WHEN_RECURRENCE || s.len >= sizeof text)
        return false;
    memcpy(text, s.ptr, s.len);
    text[s.len] = '\0';
    if (strstr(text, "WE"))
        return str_find(rule, STR("BYDAY=SA,SU"), 0) != SIZE_MAX;
    if (sscanf(text, "XXXX-WXX-%d", &day) == 1 && day >= 1 && day <= 7) {
        (void)snprintf(part, sizeof part, "BYDAY=%s", days[day]);
        return str_find(rule, str_of(part), 0) != SIZE_MAX;
    }
    if (sscanf(text, "XXXX-XX-%d", &day) == 1) {
        (void)snprintf(part, sizeof part, "BYMONTHDAY=%d", day);
        return str_find(rule, str_of(part), 0) != SIZE_MAX;
    }
    if (sscanf(text, "T%d", &day) == 1)
        return str_starts(rule, STR("FREQ=DAILY")) && second_of(c, w->from) / 3600 == day;
    if (sscanf(text, "P%lf%c", &n, &unit) != 2)
        return false;
    const char *freq = unit == 'D' ? "DAILY" : unit == 'W' ? "WEEKLY" : unit == 'M' ? "MONTHLY"
                                                                                    : "YEARLY";
    if (unit == 'Y' && n < 1) {
        freq = "MONTHLY";
        n *= 12;
    }
    if (n > 1)
        (void)snprintf(part, sizeof part, "FREQ=%s;INTERVAL=%d", freq, (int)n);
    else
        (void)snprintf(part, sizeof part, "FREQ=%s", freq);
    return str_starts(rule, str_of(part)) &&
           (n > 1 || str_find(rule, STR("INTERVAL"), 0) == SIZE_MAX);
}

static bool one_right(const Case *c, Str kind, const Json *want, const When *w)
{
    int64_t at;
    if (str_eq(kind, STR("point")) || str_eq(kind, STR("time")))
        return point_right(c, want, w);
    if (str_eq(kind, STR("range")))
        return range_right(c, want, w);
    if (str_eq(kind, STR("open_after")))
        return w->kind == WHEN_OPEN_AFTER && local_time(c, json_str(want), &at) &&
               same_to_grain(c, at, w->from);
    if (str_eq(kind, STR("open_before")))
        return w->kind == WHEN_OPEN_BEFORE && local_time(c, json_str(want), &at) &&
               same_to_grain(c, at, w->until);
    if (str_eq(kind, STR("duration"))) {
        uint64_t seconds;
        return w->kind == WHEN_DURATION && str_to_u64(json_str(want), &seconds) &&
               (int64_t)seconds == w->ms / 1000 + w->days * 86400LL + w->months * 2592000LL;
    }
    return recurrence_right(c, want, w);
}

static bool row_right(const Json *row, const When *found, size_t n, Case *c)
{
    Str kind = json_str(json_get(row, "kind"));
    const Json *expected = json_get(row, "expected");
    c->grain = json_str(json_get(row, "grain"));
    if (str_eq(kind, STR("none")))
        return n == 0;
    const When *longest = NULL;
    for (size_t i = 0; i < n; i++)
        if (!longest || found[i].end - found[i].start > longest->end - longest->start)
            longest = &found[i];
    for (size_t i = 0; longest && i < json_count(expected); i++)
        if (one_right(c, kind, json_at(expected, i), longest))
            return true;
    return false;
}

static void show(const Zone *z, Str text, const When *w)
{
    static const char *const kinds[] = {"point", "range", "after", "before", "duration", "repeat"};
    static const char *const grains[] = {"second", "minute", "hour", "part", "day", "weekend",
                                         "week", "month", "quarter", "year"};
    char a[ZONE_RFC3339_MAX], b[ZONE_RFC3339_MAX];
    printf("    [" STR_FMT "] %s %s %s .. %s%s%s", STR_ARG(str_sub(text, w->start, w->end)),
           kinds[w->kind], grains[w->grain], w->from ? zone_format(z, w->from, a) : "",
           w->until ? zone_format(z, w->until, b) : "", w->timed ? " timed" : "",
           w->deadline ? " deadline" : "");
    if (w->kind == WHEN_DURATION || w->ms)
        printf(" %d months %d days %lld ms", w->months, w->days, (long long)w->ms);
    printf(" %s\n", w->rrule);
}

typedef struct {
    char name[96];
    int right, all;
} Tally;

static void count(Tally *t, size_t max, const char *name, bool right)
{
    size_t i = 0;
    while (i + 1 < max && t[i].all && strcmp(t[i].name, name) != 0)
        i++;
    (void)snprintf(t[i].name, sizeof t[i].name, "%s", name);
    t[i].all++;
    t[i].right += right;
}

static void measure_row(const Json *row, const Zone *utc, const Zone *west, bool verbose,
                        Tally *by_kind, Tally *by_source, Tally *total)
{
    Str text = json_str(json_get(row, "text")), ref = json_str(json_get(row, "ref"));
    Str kind = json_str(json_get(row, "kind")), source = json_str(json_get(row, "source"));
    Case c = {.zone = (Zone *)(str_eq(source, STR("duckling")) ? west : utc)};
    When found[MAX_FOUND];
    char name[96];
    if (!ref.ptr || !local_time(&c, ref, &c.now))
        (void)local_time(&c, STR("2024-01-01T12:00:00"), &c.now);
    WhenContext context = {.now_ms = c.now, .zone = c.zone, .prefer = WHEN_FUTURE};
    size_t n = when_find(text, &context, found, MAX_FOUND);
    bool right = row_right(row, found, n, &c);
    (void)snprintf(name, sizeof name, STR_FMT, STR_ARG(kind));
    count(by_kind, 16, name, right);
    (void)snprintf(name, sizeof name, STR_FMT " " STR_FMT,
                   STR_ARG(str_eq(kind, STR("none")) ? kind : STR("found")), STR_ARG(source));
    count(by_source, 16, name, right);
    count(total + (str_eq(kind, STR("none")) ? 1 : 0), 1,
          str_eq(kind, STR("none")) ? "nothing found in none" : "all but none", right);
    if (right || !verbose)
        return;
    Buf want;
    buf_init(&want, 4096);
    json_dump(json_get(row, "expected"), &want);
    printf(STR_FMT " | " STR_FMT " | " STR_FMT " | " STR_FMT " " STR_FMT "\n", STR_ARG(kind),
           STR_ARG(text), STR_ARG(ref), STR_ARG(buf_str(&want)),
           STR_ARG(json_str(json_get(row, "grain"))));
    buf_release(&want);
    for (size_t i = 0; i < n; i++)
        show(c.zone, text, &found[i]);
}

static int half_of(Str id)
{
    Sha256 digest;
    return sha256(id, &digest, NULL) ? digest.b[0] & 1 : 0;
}

static int measure(const char *path, bool verbose, int half)
{
    Err err = ERR_INIT;
    Buf file;
    Tally by_kind[16] = {0}, by_source[16] = {0}, total[2] = {0};
    buf_init(&file, 64 << 20);
    if (!os_read_file(path, &file, &err)) {
        fprintf(stderr, "%s\n", err.msg);
        return 1;
    }
    Zone *utc = zone_named("UTC"), *west = zone_named("-02:00");
    Str rest = buf_str(&file), line;
    while (str_next(&rest, '\n', &line)) {
        Json *row = line.len ? json_parse(line, JSON_DEFAULT_DEPTH, &err) : NULL;
        if (row && (half < 0 || half_of(json_str(json_get(row, "id"))) == half))
            measure_row(row, utc, west, verbose, by_kind, by_source, total);
        json_free(row);
    }
    for (size_t i = 0; i < 16 && by_kind[i].all; i++)
        printf("%-28s %4d of %4d  %5.1f %%\n", by_kind[i].name, by_kind[i].right, by_kind[i].all,
               100.0 * by_kind[i].right / by_kind[i].all);
    for (size_t i = 0; i < 16 && by_source[i].all; i++)
        printf("%-28s %4d of %4d  %5.1f %%\n", by_source[i].name, by_source[i].right,
               by_source[i].all, 100.0 * by_source[i].right / by_source[i].all);
    for (size_t i = 0; i < 2 && total[i].all; i++)
        printf("%-28s %4d of %4d  %5.1f %%\n", total[i].name, total[i].right, total[i].all,
               100.0 * total[i].right / total[i].all);
    zone_free(utc);
    zone_free(west);
    buf_release(&file);
    return 0;
}

static double time_of(Str text, int rounds)
{
    Zone *z = zone_named("Europe/Berlin");
    WhenContext c = {.now_ms = 1795425300000, .zone = z};
    When found[MAX_FOUND];
    size_t n = when_find(text, &c, found, MAX_FOUND); /* builds the grammar */
    uint64_t start = clock_mono_ns();
    for (int i = 0; i < rounds; i++)
        n += when_find(text, &c, found, MAX_FOUND);
    double us = clock_seconds_since(start) * 1e6 / rounds;
    zone_free(z);
    return n > 0 || rounds ? us : 0;
}

static int speed(void)
{
    static const char *const sentences[] = {
        "remind me to call the bank about the new card tomorrow morning at half past nine please",
        "put lunch with anna and peter in my calendar next friday from twelve to one thirty okay",
        "every other tuesday at seven in the evening remind me to water all of the plants upstairs",
        "what did we decide about the budget in the meeting on the third of march last year",
        "the quick brown fox jumps over the lazy dog and then it sleeps under the old tree"};
    static const char *const hostile[] = {"1 ", "at ", "monday to ", "9:30-10:30 ", "march 3 ",
                                          "one hundred and ", "every ", "first last ", "a",
                                          "the second of the ", "half past ", "- ", "in a week "};
    for (size_t i = 0; i < sizeof sentences / sizeof sentences[0]; i++)
        printf("%7.1f us  %s\n", time_of(str_of(sentences[i]), 2000), sentences[i]);
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        Buf b;
        buf_init(&b, 8192);
        while (b.len + strlen(hostile[i]) <= 4096)
            buf_add_c(&b, hostile[i]);
        printf("%7.1f us  4096 bytes of \"%s\"\n", time_of(buf_str(&b), 20), hostile[i]);
        buf_release(&b);
    }
    return 0;
}

static int say(int argc, char **argv)
{
    Str text = str_of(argv[2]);
    Zone *z = zone_named(argc > 4 ? argv[4] : "UTC");
    Case c = {.zone = z};
    if (!local_time(&c, str_of(argc > 3 ? argv[3] : "2026-11-23T10:00:00"), &c.now))
        return 1;
    When found[MAX_FOUND];
    WhenContext context = {.now_ms = c.now, .zone = z, .language = str_of(argc > 5 ? argv[5] : "")};
    size_t n = when_find(text, &context, found, MAX_FOUND);
    for (size_t i = 0; i < n; i++)
        show(z, text, &found[i]);
    zone_free(z);
    return 0;
}

int main(int argc, char **argv)
{
    bool verbose = false;
    int half = -1;
    if (argc >= 3 && strcmp(argv[1], "--say") == 0)
        return say(argc, argv);
    if (argc == 2 && strcmp(argv[1], "--speed") == 0)
        return speed();
    for (int i = 2; i < argc; i++) {
        verbose |= strcmp(argv[i], "-v") == 0;
        if (strcmp(argv[i], "--half") == 0 && i + 1 < argc)
            half = argv[++i][0] == '1';
    }
    if (argc < 2) {
        fprintf(stderr, "usage: bench_when FILE.jsonl [-v] [--half 0|1] | --speed | --say TEXT\n");
        return 2;
    }
    return measure(argv[1], verbose, half);
}
