/* bench_search.c - the time of a whole search in process, embedding included, among many passages.
 *
 *   bench_search [passages=100000] [folder]     a folder is kept and used again if it is there
 *
 * Text is drawn from the words of the encoder's own vocabulary, by rank with density ~ 1/rank, 120
 * words a passage, 10 passages a document; passages' vectors are random (a scan takes as long over
 * any vectors), the questions' are real. Three kinds of question, none asked twice, no cache. Wall
 * time, and processor time of the searching thread, which is what remains of a measurement on a
 * machine that others use too. One line a measurement, tab separated. */
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/os.h"
#include "search/search.h"
#include "support/store_fixture.h"

enum { PER_DOC = 10, WORDS = 120, ROUNDS = 400, MAX_WORDS = 30000 };

typedef struct {
    Str words[MAX_WORDS];
    size_t n;
} Vocabulary;

static void die(const char *message)
{
    (void)fprintf(stderr, "bench_search: %s\n", message);
    exit(1);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static const char *models_dir(void)
{
    const char *models = getenv("SOTTO_MODELS");
    return models ? models : SOTTO_SOURCE_DIR "/models";
}

static bool is_word(Str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] < 'a' || s.ptr[i] > 'z')
            return false;
    return s.len > 1;
}

/* The encoder's whole words, which stand in order of how common they are. */
static Vocabulary *read_vocabulary(Arena *a)
{
    Err err = ERR_INIT;
    Vocabulary *v = ARENA_NEW(a, Vocabulary);
    char path[4096];
    Buf b;
    Str line;
    (void)snprintf(path, sizeof path, "%s/all-MiniLM-L6-v2/vocab.txt", models_dir());
    buf_init(&b, 8 << 20);
    if (!os_read_file(path, &b, &err))
        die(err.msg);
    Str text = arena_buf(a, &b);
    buf_release(&b);
    while (v->n < MAX_WORDS && str_next(&text, '\n', &line))
        if (is_word(line))
            v->words[v->n++] = line;
    return v;
}

static Str make_text(const Vocabulary *v, Arena *a, uint64_t seed)
{
    Buf b;
    buf_init(&b, 1 << 20);
    for (size_t i = 0; i < PER_DOC * WORDS; i++) {
        buf_add(&b, v->words[fx_zipf(&seed, v->n)]);
        buf_add_c(&b, (i + 1) % WORDS == 0 ? ".\n\n" : i % 12 == 11 ? ". " : " ");
    }
    Str text = arena_buf(a, &b);
    buf_release(&b);
    return text;
}

static void fill(Store *s, const Uuid *owner, const Vocabulary *v, size_t passages)
{
    StoreStats st;
    Err err = ERR_INIT;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    if (!store_stats(s, owner, a, &st, &err))
        die(err.msg);
    for (uint64_t n = st.documents; n < passages / PER_DOC; n++) {
        PutOutcome outcome;
        Uuid id;
        arena_reset(a);
        DocumentPut *p = fx_doc(a, n + 1, STR("A title of a few words"), make_text(v, a, n + 1));
        if (!store_document_put(s, owner, p, &outcome, &id, &err))
            die(err.msg);
    }
    arena_free(a);
}

typedef struct {
    const char *name;
    const char *shape; /* each % becomes a word of middling frequency */
    SearchMode mode;
} Kind;

static const Kind kinds[] = {
    {"hybrid, three words", "% % %", SEARCH_HYBRID},
    {"hybrid, a question", "what is the % of the % and who % the %?", SEARCH_HYBRID},
    {"hybrid, a long question",
     "when did we say that the % of % should be % before the % is % by %, "
     "and what did it % for % and %?",
     SEARCH_HYBRID},
    {"keyword, a question", "what is the % of the % and who % the %?", SEARCH_KEYWORD},
    {"semantic, a question", "what is the % of the % and who % the %?", SEARCH_SEMANTIC},
};

static Str make_question(const Vocabulary *v, const char *shape, uint64_t *seed, Arena *a)
{
    Buf b;
    buf_init(&b, 4096);
    for (const char *c = shape; *c; c++) {
        if (*c == '%')
            buf_add(&b, v->words[200 + fx_zipf(seed, v->n - 200)]);
        else
            buf_add_char(&b, *c);
    }
    Str s = arena_buf(a, &b);
    buf_release(&b);
    return s;
}

static void report(const char *what, const char *unit, double *ms)
{
    qsort(ms, ROUNDS, sizeof *ms, by_value);
    printf("%s\t%s\tp50 %.2f ms\tp95 %.2f ms\tmax %.2f ms\n", what, unit, ms[ROUNDS / 2],
           ms[ROUNDS * 95 / 100], ms[ROUNDS - 1]);
    (void)fflush(stdout);
}

static void measure(const Kind *k, Search *s, const Uuid *owner, const Vocabulary *v)
{
    static double wall[ROUNDS], cpu[ROUNDS];
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    uint64_t seed = 77;
    size_t hits = 0;
    for (int i = -20; i < ROUNDS; i++) { /* the first twenty warm up */
        Err err = ERR_INIT;
        SearchResult out;
        arena_reset(a);
        SearchRequest r = {.text = make_question(v, k->shape, &seed, a),
                           .mode = k->mode,
                           .limit = 10,
                           .threshold = -1};
        double c = cpu_ms();
        uint64_t start = clock_mono_ns();
        if (!search_run(s, owner, &r, 0, a, &out, &err))
            die(err.msg);
        if (i < 0)
            continue;
        wall[i] = clock_seconds_since(start) * 1e3;
        cpu[i] = cpu_ms() - c;
        hits += out.n;
    }
    if (hits < ROUNDS)
        die("the searches found next to nothing");
    report(k->name, "wall", wall);
    report(k->name, "processor", cpu);
    arena_free(a);
}

/* Sum and count of every stage, from the program's own metrics. */
static void report_stages(void)
{
    Buf b;
    Str line, text;
    buf_init(&b, 1 << 20);
    if (!metrics_render(&b))
        die("out of memory");
    text = buf_str(&b);
    while (str_next(&text, '\n', &line))
        if (str_starts(line, STR("search_stage_seconds_sum")) || str_starts(line, STR("search_"
                                                                                      "stage_"
                                                                                      "seconds_"
                                                                                      "count")))
            printf(STR_FMT "\n", STR_ARG(line));
    buf_release(&b);
}

int main(int argc, char **argv)
{
    static const Uuid owner = {{1}};
    Err err = ERR_INIT;
    uint64_t passages = 100000;
    char made[] = "/tmp/sotto-bench-XXXXXX", path[4096];
    if (argc > 1 && !str_to_u64(str_of(argv[1]), &passages))
        die("the number of passages is no number");
    const char *dir = argc > 2 ? argv[2] : mkdtemp(made);
    (void)snprintf(path, sizeof path, "%s/all-MiniLM-L6-v2.sotto", models_dir());
    Minilm *m = minilm_open(path, MINILM_INT8, &err);
    Store *store =
        dir && m ? store_open_sqlite(&(StoreOptions){.dir = dir, .model = FX_MODEL}, &err) : NULL;
    Search *s =
        store ? search_new(&(SearchOptions){.store = store, .model = m, .workers = 1}, &err) : NULL;
    if (!s)
        die(err.msg);
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    Vocabulary *v = read_vocabulary(a);
    fill(store, &owner, v, passages);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        measure(&kinds[i], s, &owner, v);
    report_stages();
    search_free(s);
    store_close(store);
    minilm_close(m);
    arena_free(a);
    if (argc <= 2)
        (void)os_remove_tree(dir, &err);
    return 0;
}
