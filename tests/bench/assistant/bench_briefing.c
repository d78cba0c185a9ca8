/* bench_briefing.c - how long a briefing takes at a person's ten thousandth document.
 *
 *   bench_briefing [documents=10000] [today=3000]
 *
 * Documents over a year, `today` of them in the last 24 hours in forty folders, with summaries, key
 * phrases and commitments; 300 tasks. Prints the first build (nothing embedded before), builds
 * after a change, and asking when nothing changed; the goal is 500 ms for a build. Needs the
 * encoder (SOTTO_MODELS). Exit status 1 when the goal is missed. */
#include <stdio.h>
#include <stdlib.h>

#include "assistant/briefing.h"
#include "base/clock.h"
#include "base/os.h"
#include "support/store_fixture.h"

#define RUNS 20
#define GOAL_MS 500.0
#define DAY 86400000LL
#define NOW 1795420800000LL /* 2026-11-23T08:00:00Z */

static void die(const char *what, const Err *err)
{
    (void)fprintf(stderr, "bench_briefing: %s: %s\n", what, err->msg);
    exit(1);
}

static Str sentences(Arena *a, uint64_t *seed, unsigned n)
{
    static const char *const who[] = {"The committee", "Our landlord", "The supplier", "Dana",
        "The school", "The insurance company", "A neighbour", "The new team"};
    static const char *const what[] = {"asked for the signed contract", "sent the yearly figures",
        "moved the meeting about the budget", "wants to change the delivery",
        "explained the new timetable", "agreed to repair the heating",
        "published the list of results", "raised the price of the service"};
    static const char *const why[] = {"because the season begins earlier than planned.",
        "after the long discussion of last week.", "and hopes for an answer from everybody.",
        "so that the work can go on in the spring.", "although nobody had expected it.",
        "to the surprise of the whole department."};
    Buf b;
    buf_init(&b, 1 << 16);
    for (unsigned i = 0; i < n; i++)
        (void)buf_printf(&b, "%s%s %s %s", i ? " " : "", who[fx_next(seed) % 8],
            what[fx_next(seed) % 8], why[fx_next(seed) % 6]);
    Str out = arena_buf(a, &b);
    buf_release(&b);
    return out;
}

static void put_one(Store *s, const Uuid *owner, uint64_t i, int64_t at, Arena *a)
{
    Err err = ERR_INIT;
    uint64_t seed = i * 77 + 5;
    PutOutcome outcome;
    Uuid id;
    Str text = arena_printf(a, STR_FMT "\n\n" STR_FMT "\n\nPlease pay invoice %llu.",
        STR_ARG(sentences(a, &seed, 4)), STR_ARG(fx_text(a, i, 120, 60, 20000)),
        (unsigned long long)i);
    DocumentPut *p = fx_doc(a, i, arena_printf(a, "Document %llu", (unsigned long long)i), text);
    Str *phrases = ARENA_NEW_ARRAY(a, Str, 16);
    CommitmentNew *c = ARENA_NEW(a, CommitmentNew);
    for (int k = 0; k < 16; k++) {
        Buf word;
        buf_init(&word, 256);
        fx_word(fx_zipf(&seed, 20000), &word);
        phrases[k] = arena_buf(a, &word);
        buf_release(&word);
    }
    p->phrases = phrases;
    p->n_phrases = 16;
    p->model = "all-MiniLM-L6-v2";
    p->doc.source = arena_printf(a, "/home/person/Documents/%s/folder-%u/file-%llu.txt",
        i % 2 ? "work" : "home", (unsigned)(i % 40), (unsigned long long)i);
    p->doc.summary = sentences(a, &seed, 3);
    p->doc.importance = (double)(i % 97) / 97;
    p->doc.created_at = p->doc.updated_at = at;
    *c = (CommitmentNew){.id = fx_uuid(i + 1000000), .start = 0, .end = 40, .strength = 0.7,
        .due_at = at + (int64_t)(i % 90) * DAY};
    memcpy(c->key, c->id.b, 16);
    p->commitments = c;
    p->n_commitments = i % 3 == 0;
    if (!store_document_put(s, owner, p, &outcome, &id, &err))
        die("putting a document", &err);
    arena_reset(a);
}

static void make_tasks(Tasks *t, Arena *a)
{
    Err err = ERR_INIT;
    for (unsigned i = 0; i < 300; i++) {
        TaskResult r;
        TaskDraft d = TASK_DRAFT_NONE;
        d.title = arena_printf(a, "call number %u about the contract", i);
        d.due_at = NOW + ((int64_t)i - 20) * DAY / 10;
        d.due_timed = true;
        d.silent = true;
        if (!tasks_create(t, &d, a, &r, &err))
            die("making a task", &err);
    }
}

static double ask(Briefings *b)
{
    Err err = ERR_INIT;
    uint64_t start = clock_mono_ns();
    BriefingShot *s = briefing_get(b, &(BriefingAsk){0}, 0, &err);
    double ms = clock_seconds_since(start) * 1e3;
    if (!s)
        die("building", &err);
    briefing_release(s);
    return ms;
}

static void page(Briefings *b)
{
    Err err = ERR_INIT;
    Buf text;
    unsigned words = 0, lines = 0;
    BriefingShot *s = briefing_get(b, &(BriefingAsk){0}, 0, &err);
    buf_init(&text, 1 << 20);
    briefing_text(briefing_of(s), &text);
    for (size_t i = 0; i < text.len; i++) {
        words += text.ptr[i] == ' ' || text.ptr[i] == '\n';
        lines += text.ptr[i] == '\n';
    }
    (void)printf("the page\t%u lines, about %u words, %zu bytes\n", lines, words, text.len);
    buf_release(&text);
    briefing_release(s);
}

static bool measure(Store *s, const Uuid *owner, Briefings *b, Arena *a, uint64_t n)
{
    double first = ask(b), best = 1e9, worst = 0, sum = 0, cached = 0;
    for (unsigned i = 0; i < RUNS; i++) {
        put_one(s, owner, n + i, NOW - 60000, a);
        double ms = ask(b);
        best = ms < best ? ms : best;
        worst = ms > worst ? ms : worst;
        sum += ms;
        cached += ask(b);
    }
    (void)printf("first build\t%.1f ms\nafter a change\tbest %.1f ms\tmean %.1f ms\tworst %.1f ms\n"
                 "unchanged\t%.4f ms\ngoal\t%.0f ms\n", first, best, sum / RUNS, worst,
        cached / RUNS, GOAL_MS);
    return first <= GOAL_MS && worst <= GOAL_MS;
}

int main(int argc, char **argv)
{
    Err err = ERR_INIT;
    uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000;
    uint64_t today = argc > 2 ? strtoull(argv[2], NULL, 10) : 3000;
    char dir[] = "/tmp/bench-briefing-XXXXXX", model[4096];
    const char *models = getenv("SOTTO_MODELS");
    Uuid owner = {{1}};
    if (!mkdtemp(dir))
        return 1;
    (void)snprintf(model, sizeof model, "%s/all-MiniLM-L6-v2.sotto", models ? models : "models");
    clock_set_ms(NOW);
    Arena *a = arena_new((size_t)4 << 30);
    Minilm *m = minilm_open(model, MINILM_INT8, &err);
    if (!m)
        die(model, &err);
    Store *s = store_open_sqlite(&(StoreOptions){.dir = dir, .model = "all-MiniLM-L6-v2"}, &err);
    if (!s)
        die("opening", &err);
    for (uint64_t i = 0; i < n; i++) {
        bool recent = i >= n - (today < n ? today : n);
        put_one(s, &owner, i, recent ? NOW - (int64_t)(i % 1400) * 60000
                                     : NOW - (int64_t)(2 + i % 360) * DAY, a);
    }
    Search *search = search_new(&(SearchOptions){.store = s, .model = m, .workers = 1}, &err);
    Tasks *t = tasks_new(&(TasksOptions){.store = s, .owner = owner, .zone = STR("UTC")}, &err);
    if (!search || !t)
        die("opening", &err);
    make_tasks(t, a);
    Briefings *b = briefings_new(&(BriefingsOptions){.store = s, .owner = owner, .tasks = t,
        .search = search}, &err);
    if (!b)
        die("opening", &err);
    (void)printf("%llu documents, %llu of them in the last 24 hours\n", (unsigned long long)n,
        (unsigned long long)(today < n ? today : n));
    bool good = measure(s, &owner, b, a, n);
    page(b);
    briefings_free(b);
    tasks_free(t);
    search_free(search);
    store_close(s);
    minilm_close(m);
    arena_free(a);
    (void)os_remove_tree(dir, NULL);
    return good ? 0 : 1;
}
