/* bench_agenda.c - the schedule of a month out of 10,000 events, a third of them series (weekly,
 * monthly, every working day, some with exceptions) in five zones.
 *
 *   bench_agenda [events=10000]
 *
 * One line a measurement: taking the events in, then the agenda of a month, a week and a day. */
#include <stdio.h>
#include <stdlib.h>

#include "assistant/calendar.h"
#include "base/clock.h"
#include "base/os.h"

#define RUNS 20

static bool as_it_is(void *arg, Str data, Str filename, Arena *a, Str *lines, Err *err)
{
    (void)arg;
    (void)filename;
    (void)a;
    (void)err;
    *lines = data;
    return true;
}

static void die(const char *what, const Err *err)
{
    (void)fprintf(stderr, "bench_agenda: %s: %s\n", what, err->msg);
    exit(1);
}

static void make(Buf *out, unsigned n)
{
    static const char *const zones[] = {"Europe/Berlin", "America/New_York", "Asia/Tokyo",
                                        "Australia/Sydney", "America/Sao_Paulo"};
    static const char *const rules[] = {"FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "FREQ=WEEKLY",
                                        "FREQ=MONTHLY;BYDAY=-1FR", "FREQ=DAILY;INTERVAL=3",
                                        "FREQ=YEARLY"};
    uint32_t seed = 5545;
    for (unsigned i = 0; i < n; i++) {
        seed = seed * 1664525u + 1013904223u;
        unsigned r = seed >> 8;
        buf_printf(out,
                   "{\"k\":\"event\",\"uid\":\"%u@bench\",\"summary\":\"Event %u\",\"start\":{"
                   "\"v\":\"%04u%02u%02uT%02u0000\",\"tzid\":\"%s\"},\"duration\":\"PT1H\"",
                   i, i, 2022 + r % 5, 1 + r / 5 % 12, 1 + r / 60 % 28, 7 + r / 1680 % 12,
                   zones[i % 5]);
        if (i % 3 == 0)
            buf_printf(out, ",\"rrules\":[\"%s\"]", rules[i / 3 % 5]);
        buf_printf(out, ",\"raw\":\"UID:%u@bench\\nSUMMARY:Event %u\\n\"}\n", i, i);
    }
}

static void measure(Calendars *c, const char *what, int64_t from, int64_t until)
{
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    Err err = ERR_INIT;
    double best = 1e9, sum = 0;
    Agenda g = {0};
    for (int i = 0; i < RUNS; i++) {
        AgendaQuery q = {.from = from, .until = until};
        uint64_t start = clock_mono_ns();
        arena_reset(a);
        if (!agenda_between(c, &q, a, &g, &err))
            die(what, &err);
        double ms = clock_seconds_since(start) * 1e3;
        best = ms < best ? ms : best;
        sum += ms;
    }
    (void)printf("agenda of a %s\tbest %.2f ms\tmean %.2f ms\toccurrences %zu%s\n", what, best,
                 sum / RUNS, g.n, g.whole ? "" : " (cut short)");
    arena_free(a);
}

int main(int argc, char **argv)
{
    Err err = ERR_INIT;
    unsigned n = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 10000;
    char dir[] = "/tmp/bench-agenda-XXXXXX";
    if (!mkdtemp(dir))
        return 1;
    Store *s = store_open_sqlite(&(StoreOptions){.dir = dir, .model = "none"}, &err);
    CalendarsOptions o = {.store = s, .owner = {{1, 2, 3}}, .zone = STR("Europe/Berlin"),
        .read = as_it_is};
    Calendars *c = s ? calendars_new(&o, &err) : NULL;
    if (!c)
        die("opening", &err);
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    Buf lines;
    ImportReport report;
    buf_init(&lines, (size_t)256 << 20);
    make(&lines, n);
    uint64_t start = clock_mono_ns();
    if (!calendars_import(c, NULL, buf_str(&lines), STR("bench"), a, &report, &err))
        die("taking in", &err);
    (void)printf("taking in\t%.0f ms\tevents %llu\n", clock_seconds_since(start) * 1e3,
                 (unsigned long long)report.events.created);
    int64_t begin = 1793491200000; /* 2026-11-01 */
    measure(c, "month", begin, begin + 30 * 86400000LL);
    measure(c, "week", begin, begin + 7 * 86400000LL);
    measure(c, "day", begin, begin + 86400000LL);
    buf_release(&lines);
    arena_free(a);
    calendars_free(c);
    store_close(s);
    (void)os_remove_tree(dir, &err);
    return 0;
}
