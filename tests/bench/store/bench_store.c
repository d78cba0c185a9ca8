/* bench_store.c - the store at 10,000 and 100,000 passages: a put until durable and findable
 * (without embedding), candidates, reading passages, opening, memory.
 *
 *   bench_store [passages=100000] [folder]     a folder is kept and used again if it is there
 *
 * Text is generated: a vocabulary of 60,000 words drawn by rank with density ~ 1/rank, 120 words a
 * passage, 10 passages a document; vectors are random. Queries are words of real frequency: common
 * ones (as "the" would be), middling and rare. One line a measurement, tab separated. */
#include <fcntl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/mem.h"
#include "base/os.h"
#include "support/store_fixture.h"

enum { PER_DOC = 10, WORDS = 120, VOCABULARY = 60000, QUERIES = 300, PUTS = 300 };

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void report(const char *what, double *ms, size_t n)
{
    qsort(ms, n, sizeof *ms, by_value);
    printf("%s\tp50 %.2f ms\tp95 %.2f ms\tmax %.2f ms\tn %zu\n", what, ms[n / 2], ms[n * 95 / 100],
        ms[n - 1], n);
    fflush(stdout);
}

/* Processor time of this thread: what remains of a measurement on a machine that others use too. */
static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static void die(const Err *err)
{
    fprintf(stderr, "bench_store: %s\n", err->msg);
    exit(1);
}

static Store *open_store(const char *dir, double *ms)
{
    Err err = ERR_INIT;
    uint64_t start = clock_mono_ns();
    Store *s = store_open_sqlite(&(StoreOptions){.dir = dir, .model = FX_MODEL}, &err);
    if (!s)
        die(&err);
    *ms = clock_seconds_since(start) * 1e3;
    return s;
}

static Uuid put_one(Store *s, const Uuid *owner, uint64_t n, size_t passages, double *ms)
{
    Err err = ERR_INIT;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    DocumentPut *p = fx_doc(a, n, STR("A title of a few words"),
        fx_text(a, n, passages * WORDS, WORDS, VOCABULARY));
    PutOutcome outcome;
    Uuid id;
    uint64_t start = clock_mono_ns();
    if (!store_document_put(s, owner, p, &outcome, &id, &err))
        die(&err);
    *ms = clock_seconds_since(start) * 1e3;
    arena_free(a);
    return id;
}

static void fill(Store *s, const Uuid *owner, size_t passages)
{
    StoreStats st;
    Err err = ERR_INIT;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    if (!store_stats(s, owner, a, &st, &err))
        die(&err);
    double ms;
    uint64_t start = clock_mono_ns(), from = st.documents;
    for (uint64_t n = from; n < passages / PER_DOC; n++)
        put_one(s, owner, n + 1, PER_DOC, &ms);
    if (passages / PER_DOC > from)
        printf("fill\t%zu passages\t%.0f passages/s\n", passages,
            (double)(passages - from * PER_DOC) / clock_seconds_since(start));
    fflush(stdout);
    arena_free(a);
}

/* Words of a query by their ranks in the vocabulary. */
typedef struct {
    const char *name;
    uint64_t ranks[12];
    size_t n;
    KwKind kind;
    bool required, vector, filter;
} QueryKind;

static const QueryKind KINDS[] = {
    {"candidates: vector only", {0}, 0, KW_WORD, false, true, false},
    {"candidates: 3 rare words", {20000, 9000, 30000}, 3, KW_WORD, false, false, false},
    {"candidates: 5 words, 2 of them common", {0, 900, 4, 7000, 2500}, 5, KW_WORD, false, false,
    false},
    {"candidates: hybrid, 5 words, 2 of them common", {0, 900, 4, 7000, 2500}, 5, KW_WORD, false,
    true,
        false},
    {"candidates: hybrid, 12 words", {0, 900, 4, 7000, 2500, 1, 60, 300, 11000, 2, 20, 5000}, 12,
    KW_WORD,
        false, true, false},
    {"candidates: hybrid, 5 words, filter by tag and type", {0, 900, 4, 7000, 2500}, 5, KW_WORD,
    false, true,
        true},
    {"candidates: hybrid, 2 required words", {60, 300}, 2, KW_WORD, true, true, false},
    {"candidates: hybrid, prefix", {60}, 1, KW_PREFIX, false, true, false},
    {"candidates: hybrid, phrase of middling words", {200, 300}, 2, KW_PHRASE, true, true, false},
    {"candidates: hybrid, phrase of a common and a middling word", {0, 300}, 2, KW_PHRASE, true,
    true,
        false},
    {"candidates: hybrid, phrase of common words", {0, 1}, 2, KW_PHRASE, true, true, false},
};

static size_t make_terms(const QueryKind *k, uint64_t *seed, Arena *a, KwTerm *out)
{
    Buf b;
    buf_init(&b, 1 << 16);
    size_t n = 0;
    for (size_t i = 0; i < k->n; i++) {
        if (k->kind != KW_PHRASE)
            buf_clear(&b);
        else if (i)
            buf_add_char(&b, ' ');
        /* About as frequent as asked, but not the same word each time. */
        uint64_t rank = k->ranks[i] < 10 ? k->ranks[i]
            : k->ranks[i] + fx_next(seed) % (k->ranks[i] / 5 + 1);
        fx_word(rank, &b);
        if (k->kind == KW_PREFIX)
            buf_cut(&b, 3);
        if (k->kind != KW_PHRASE || i + 1 == k->n)
            out[n++] = (KwTerm){k->kind, arena_buf(a, &b), k->required, false, 1};
    }
    buf_release(&b);
    return n;
}

static void search(Store *s, const Uuid *owner, const QueryKind *k)
{
    double ms[QUERIES], cpu[QUERIES], read_ms[QUERIES];
    uint64_t seed = 99;
    size_t found = 0;
    Err err = ERR_INIT;
    Str type = STR("text");
    DocFilter filter = {.types = &type, .n_types = 1};
    for (size_t i = 0; i < QUERIES; i++) {
        Arena *a = arena_new(ARENA_DEFAULT_MAX);
        KwTerm terms[12];
        float v[VINDEX_DIM];
        fx_vector(seed + i, v);
        CandidateQuery q = {.vector = k->vector ? v : NULL, .terms = terms,
            .n_terms = make_terms(k, &seed, a, terms), .k = 100, .filter = k->filter ? &filter
            : NULL};
        Candidates c;
        uint64_t start = clock_mono_ns();
        double cpu_start = cpu_ms();
        if (!store_candidates(s, owner, &q, a, &c, &err))
            die(&err);
        cpu[i] = cpu_ms() - cpu_start;
        ms[i] = clock_seconds_since(start) * 1e3;
        found += c.n;
        uint64_t nos[30];
        Chunk chunks[30];
        size_t n = c.n < 30 ? c.n : 30;
        for (size_t j = 0; j < n; j++)
            nos[j] = c.items[j].chunk_no;
        start = clock_mono_ns();
        if (!store_chunks_get(s, owner, nos, n, a, chunks, &err))
            die(&err);
        read_ms[i] = clock_seconds_since(start) * 1e3;
        arena_free(a);
    }
    report(k->name, ms, QUERIES);
    qsort(cpu, QUERIES, sizeof *cpu, by_value);
    printf("\tprocessor time p50 %.2f ms, p95 %.2f ms; found %.0f a query\n", cpu[QUERIES / 2],
        cpu[QUERIES * 95 / 100], (double)found / QUERIES);
    if (k == &KINDS[0])
        report("reading 30 passages", read_ms, QUERIES);
}

static void opening(const char *dir)
{
    double ms[7];
    for (size_t i = 0; i < 7; i++)
        store_close(open_store(dir, &ms[i]));
    report("open, all caches there", ms, 7);
}

/* A process of its own, so that nothing of the filling is counted. */
static void resident(const char *dir, const Uuid *owner)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        double ms;
        char self[] = "/proc/self/exe";
        char mode[] = "--resident", *args[] = {self, mode, (char *)(uintptr_t)dir, NULL};
        (void)owner;
        (void)ms;
        execv(self, args);
        _exit(127);
    }
    waitpid(child, NULL, 0);
}

static int resident_main(const char *dir)
{
    double ms;
    Uuid owner = fx_uuid(1);
    uint64_t before = os_rss_bytes();
    Store *s = open_store(dir, &ms);
    printf("resident, store open at rest\t%.1f MiB\tof which before opening %.1f MiB\n",
        (double)os_rss_bytes() / 1048576, (double)before / 1048576);
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    Err err = ERR_INIT;
    for (uint64_t i = 0; i < 100; i++) {
        float v[VINDEX_DIM];
        fx_vector(i, v);
        KwTerm terms[12];
        Candidates c;
        uint64_t seed = i;
        CandidateQuery q = {.vector = v, .terms = terms,
            .n_terms = make_terms(&KINDS[3], &seed, a, terms),
            .k = 100};
        if (!store_candidates(s, &owner, &q, a, &c, &err))
            die(&err);
        arena_reset(a);
    }
    printf("resident, after 100 queries\t%.1f MiB\n", (double)os_rss_bytes() / 1048576);
    arena_free(a);
    store_close(s);
    return 0;
}

static void fsync_alone(const char *dir)
{
    char path[600];
    double ms[60];
    (void)snprintf(path, sizeof path, "%s/fsync-probe", dir);
    int fd = open(path, O_CREAT | O_RDWR | O_TRUNC, 0600);
    char block[4096] = "x";
    for (size_t i = 0; fd >= 0 && i < 60; i++) {
        uint64_t start = clock_mono_ns();
        if (write(fd, block, sizeof block) < 0 || fdatasync(fd) < 0)
            break;
        ms[i] = clock_seconds_since(start) * 1e3;
    }
    close(fd);
    unlink(path);
    report("for comparison: write 4 KiB and fdatasync", ms, 60);
}

static void measure(const char *dir, size_t passages)
{
    double ms, put_ms[PUTS], delete_ms[PUTS];
    Uuid owner = fx_uuid(1), ids[PUTS];
    Err err = ERR_INIT;
    Store *s = open_store(dir, &ms);
    fill(s, &owner, passages);
    for (size_t i = 0; i < PUTS; i++)
        ids[i] = put_one(s, &owner, 10000000 + i, 3, &put_ms[i]); /* a page: 360 words */
    report("put a page (3 passages), durable and findable", put_ms, PUTS);
    for (size_t i = 0; i < PUTS; i++) {
        uint64_t start = clock_mono_ns();
        if (!store_document_delete(s, &owner, &ids[i], &err))
            die(&err);
        delete_ms[i] = clock_seconds_since(start) * 1e3;
    }
    report("delete it, durable", delete_ms, PUTS);
    fsync_alone(dir);
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++)
        search(s, &owner, &KINDS[i]);
    StoreStats st;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    if (!store_stats(s, &owner, a, &st, &err))
        die(&err);
    printf("on disk\tdatabase %.1f MiB\tcaches %.1f MiB\ttext %.1f MiB\n",
        (double)st.database_bytes / 1048576, (double)st.cache_bytes / 1048576,
        (double)st.text_bytes / 1048576);
    arena_free(a);
    uint64_t start = clock_mono_ns();
    store_close(s);
    printf("close\t%.1f ms\n", clock_seconds_since(start) * 1e3);
    opening(dir);
    resident(dir, &owner);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--resident") == 0)
        return resident_main(argv[2]);
    size_t passages = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;
    char temp[] = "/tmp/bench-store-XXXXXX";
    const char *dir = argc > 2 ? argv[2] : mkdtemp(temp);
    if (!dir || !passages)
        return 2;
    printf("store\t%zu passages\tprocessor level %s\n", passages, cpu_level_name(cpu_level()));
    measure(dir, passages);
    if (argc <= 2)
        os_remove_tree(dir, NULL);
    return 0;
}
