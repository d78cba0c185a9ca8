/* bench_memory.c - what a question costs when much is remembered.
 *
 *   bench_memory [facts=10000]
 *
 * One line a measurement; fails when a look-up of memory takes more than 50 ms. */
#include <stdio.h>
#include <stdlib.h>

#include "assistant/memory.h"
#include "base/clock.h"
#include "base/os.h"
#include "store/store.h"

#define RUNS 50
#define MOST_MS 50.0

static void die(const char *what, const Err *err)
{
    (void)fprintf(stderr, "bench_memory: %s: %s\n", what, err->msg);
    exit(1);
}

static void fill(Store *s, const Uuid *owner, unsigned n)
{
    Err err = ERR_INIT;
    Arena *a = arena_new(1 << 20);
    for (unsigned i = 0; i < n; i++) {
        Fact f;
        arena_reset(a);
        Str text = i % 3 == 0   ? arena_printf(a, "I am allergic to thing%u", i)
                   : i % 3 == 1 ? arena_printf(a, "my shelf %u is blue and stands by the wall", i)
                                : arena_printf(a, "I like band%u", i);
        if (!memory_remember(s, owner, text, STR("bench"), a, &f, NULL, &err))
            die("remembering", &err);
    }
    static const char *const more[] = {"my manager is Dana", "I live in Graz",
                                       "my daughter's birthday is 3 May"};
    Fact f;
    for (size_t i = 0; i < 3; i++)
        if (!memory_remember(s, owner, str_of(more[i]), STR("bench"), a, &f, NULL, &err))
            die("remembering", &err);
    arena_free(a);
}

static bool measure(Store *s, const Uuid *owner, const char *question, bool resolve)
{
    Err err = ERR_INIT;
    Arena *a = arena_new((size_t)64 << 20);
    double worst = 0, sum = 0;
    FactPage page = {0};
    Str out;
    for (int i = 0; i < RUNS; i++) {
        uint64_t start = clock_mono_ns();
        arena_reset(a);
        if (resolve ? !memory_resolve(s, owner, str_of(question), a, &out, &err)
                    : !memory_find(s, owner, str_of(question), 20, a, &page, &err))
            die(question, &err);
        double ms = clock_seconds_since(start) * 1e3;
        worst = ms > worst ? ms : worst;
        sum += ms;
    }
    (void)printf("%s%s\tmean %.2f ms\tworst %.2f ms\tfacts %zu\n", resolve ? "resolve: " : "",
                 question, sum / RUNS, worst, page.n);
    arena_free(a);
    return sum / RUNS <= MOST_MS;
}

int main(int argc, char **argv)
{
    static const char *const questions[] = {"Who is my manager?", "Where do I live?",
        "When does my manager want the report?", "Am I allergic to thing300?",
        "What am I allergic to?", "Who is Dana?", "How much is the monthly rent of the flat?"};
    Err err = ERR_INIT;
    unsigned n = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 10000;
    char dir[] = "/tmp/bench-memory-XXXXXX";
    Uuid owner;
    if (!mkdtemp(dir) || !uuid_v7(&owner, &err))
        die("a folder", &err);
    Store *s = store_open_sqlite(&(StoreOptions){.dir = dir, .model = "none"}, &err);
    if (!s)
        die("opening", &err);
    uint64_t start = clock_mono_ns();
    fill(s, &owner, n);
    (void)printf("%u facts remembered one by one\t%.2f ms each\n", n,
                 clock_seconds_since(start) * 1e3 / n);
    bool good = true;
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++)
        good &= measure(s, &owner, questions[i], false);
    good &= measure(s, &owner, "When does my manager want the report?", true);
    store_close(s);
    (void)os_remove_tree(dir, &err);
    return good ? 0 : 1;
}
