/* store_kill.c - what was acknowledged survives kill -9, whenever it comes.
 *
 *   store_kill [rounds]     20 unless said otherwise; 200 with SOTTO_TORTURE=full
 *
 * A child opens the store and, in three threads, puts, replaces and deletes documents; now and then
 * it closes the store and opens it again, so that the kill also falls into checkpoints and into the
 * writing of caches. Before each call it tells the parent what it is about to do, and after it that
 * it was done. The parent kills it at a random moment, opens the store and checks:
 *
 *   - every acknowledged put is there with its text, its original, and found by meaning and by
 * words;
 *   - every acknowledged deletion is gone, also from search;
 *   - a call that was not acknowledged has happened whole or not at all;
 *   - nothing else is there; SQLite's, FTS5's and our own checks find no fault.
 *
 * The same folder goes through all rounds. Exit status 0, or 1 with what was wrong. */
#include <errno.h>
#include <pthread.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/os.h"
#include "support/store_fixture.h"

enum { THREADS = 3, DOCS = 240, BATCH = 12 };

#define FAIL(...)                                                                                  \
    do {                                                                                           \
        fprintf(stderr, "store_kill: " __VA_ARGS__);                                               \
        fputc('\n', stderr);                                                                       \
        exit(1);                                                                                   \
    } while (0)

static Uuid owner_id(void)
{
    return fx_uuid(77777);
}

/* Version `v` of document `n`; every version has other bytes. */
static DocumentPut *make(Arena *a, uint64_t n, uint64_t v)
{
    uint64_t seed = n * 1000003 + v;
    Str text = fx_text(a, seed, 30 + seed % 200, 25, 3000);
    if (seed % 29 == 0) /* now and then one of many parts */
        text = fx_text(a, seed, 9000, 60, 3000);
    DocumentPut *p = fx_doc(a, n + 1, arena_printf(a, "document %d", (int)n), text);
    p->original = arena_printf(a, "original of %d, %d: " STR_FMT, (int)n, (int)v, STR_ARG(text));
    if (!sha256(p->original, &p->doc.hash, NULL))
        abort();
    return p;
}

/* ---- the child ------------------------------------------------------------------------------ */

typedef struct {
    Store *s;
    int out;
    uint64_t seed, thread;
} Writer;

/* One write(2) below PIPE_BUF: whole or not at all. */
static void tell(int out, char phase, char op, uint64_t n, uint64_t v)
{
    char line[64];
    int len = snprintf(line, sizeof line, "%c %c %llu %llu\n", phase, op, (unsigned long long)n,
        (unsigned long long)v);
    if (write(out, line, (size_t)len) != len)
        _exit(3);
}

static void *write_batch(void *arg)
{
    Writer *w = arg;
    Uuid owner = owner_id();
    for (int i = 0; i < BATCH; i++) {
        Arena *a = arena_new(ARENA_DEFAULT_MAX);
        Err err = ERR_INIT;
        uint64_t r = fx_next(&w->seed);
        uint64_t n = r % (DOCS / THREADS) * THREADS + w->thread, v = r >> 40;
        if (r >> 32 & 1) {
            DocumentPut *p = make(a, n, v);
            PutOutcome outcome;
            Uuid id;
            tell(w->out, 'b', 'p', n, v);
            if (!store_document_put(w->s, &owner, p, &outcome, &id, &err)
                || outcome == PUT_DUPLICATE)
                FAIL("put: %s", err.msg);
            tell(w->out, 'a', 'p', n, v);
        } else {
            Uuid id = fx_uuid(n + 1);
            tell(w->out, 'b', 'd', n, 0);
            if (!store_document_delete(w->s, &owner, &id, &err) && err.code != ERR_NOT_FOUND)
                FAIL("delete: %s", err.msg);
            tell(w->out, 'a', 'd', n, 0);
        }
        arena_free(a);
    }
    return NULL;
}

static int child_main(const char *dir, int out, uint64_t seed)
{
    for (;;) {
        Err err = ERR_INIT;
        Writer writers[THREADS];
        pthread_t threads[THREADS];
        Store *s = store_open_sqlite(&(StoreOptions){.dir = dir, .model = FX_MODEL}, &err);
        if (!s)
            FAIL("child: %s", err.msg);
        for (uint64_t i = 0; i < THREADS; i++) {
            writers[i] = (Writer){s, out, fx_next(&seed), i};
            if (pthread_create(&threads[i], NULL, write_batch, &writers[i]))
                FAIL("no thread");
        }
        for (int i = 0; i < THREADS; i++)
            pthread_join(threads[i], NULL);
        store_close(s);
    }
}

/* ---- the parent ----------------------------------------------------------------------------- */

typedef struct {
    bool there;
    uint64_t version;
} State;

typedef struct {
    State now, maybe; /* maybe: after the call that was not acknowledged */
    bool pending, touched;
} Known;

static Known known[DOCS];

static void learn(FILE *from, unsigned long *acked)
{
    char phase, op;
    unsigned long long n, v;
    while (fscanf(from, "%c %c %llu %llu\n", &phase, &op, &n, &v) == 4) {
        Known *k = &known[n % DOCS];
        State after = {op == 'p', v};
        k->touched = true;
        if (phase == 'b') {
            k->maybe = after;
            k->pending = true;
        } else {
            k->now = after;
            k->pending = false;
            ++*acked;
        }
    }
}

static bool same_text(const Document *d, const DocumentPut *p)
{
    return str_eq(d->content, p->doc.content) && !memcmp(d->hash.b, p->doc.hash.b, 32)
        && d->n_chunks == p->n_chunks;
}

/* Is this version's first passage found by its vector and by its words, as this document? */
static bool findable(Store *s, const DocumentPut *p, Arena *a)
{
    Uuid owner = owner_id();
    Err err = ERR_INIT;
    float v[VINDEX_DIM];
    Candidates c;
    vindex_decode(&p->chunks[0].code, v);
    Str body = str_sub(p->doc.content, p->chunks[0].start, p->chunks[0].end);
    KwTerm phrase = {KW_PHRASE, str_sub(body, 0, str_find(body, STR("."), 0)), true, false, 1};
    CandidateQuery by_vector = {.vector = v, .k = 2}, by_words = {.terms = &phrase, .n_terms = 1,
        .k = 9};
    bool meaning = false, words = false;
    for (int round = 0; round < 2; round++) {
        if (!store_candidates(s, &owner, round ? &by_words : &by_vector, a, &c, &err))
            FAIL("candidates: %s", err.msg);
        for (size_t i = 0; i < c.n; i++) {
            Chunk k;
            Document d;
            if (!round && c.items[i].similarity < 0.999f)
                continue;
            if (!store_chunks_get(s, &owner, &c.items[i].chunk_no, 1, a, &k, &err)
                || !store_documents_get(s, &owner, &c.items[i].doc_no, 1, false, a, &d, &err))
                FAIL("reading a candidate: %s", err.msg);
            if (!k.text.ptr || !d.title.ptr)
                FAIL("a candidate is not in the database");
            bool it = str_eq(k.text, body) && uuid_eq(&d.id, &p->doc.id);
            meaning = meaning || (!round && it);
            words = words || (round && it);
        }
    }
    if (meaning != words)
        FAIL("found by %s only", meaning ? "meaning" : "words");
    return meaning;
}

static void check_one(Store *s, uint64_t n, Arena *a)
{
    Known *k = &known[n];
    Uuid owner = owner_id(), id = fx_uuid(n + 1);
    Document d;
    Err err = ERR_INIT;
    bool there = store_document_get(s, &owner, &id, true, a, &d, &err);
    if (!there && err.code != ERR_NOT_FOUND)
        FAIL("document %d: %s", (int)n, err.msg);
    bool matches_now = there == k->now.there && (!there
        || same_text(&d, make(a, n, k->now.version)));
    bool matches_maybe = k->pending && there == k->maybe.there
        && (!there || same_text(&d, make(a, n, k->maybe.version)));
    if (!matches_now && !matches_maybe)
        FAIL("document %d is %s, which it should not be", (int)n, there
            ? "there, or has another text" : "gone");
    State before = k->now;
    if (!matches_now)
        k->now = k->maybe;
    if (k->now.there && !findable(s, make(a, n, k->now.version), a))
        FAIL("document %d is there and not found", (int)n);
    if (before.there && (!k->now.there || k->now.version != before.version)
        && findable(s, make(a, n, before.version), a))
        FAIL("document %d is found in a version that is gone", (int)n);
    if (k->now.there) {
        Str original;
        uint64_t total;
        DocumentPut *p = make(a, n, k->now.version);
        if (!store_original(s, &owner, &id, 0, SIZE_MAX, a, &original, &total, &err)
            || !str_eq(original, p->original))
            FAIL("document %d has lost its original: %s", (int)n, err.msg);
    }
    k->pending = false;
}

static double check_all(const char *dir)
{
    Err err = ERR_INIT;
    uint64_t start = clock_mono_ns();
    Store *s = store_open_sqlite(&(StoreOptions){.dir = dir, .model = FX_MODEL}, &err);
    double open_ms = clock_seconds_since(start) * 1e3;
    if (!s)
        FAIL("open after the kill: %s", err.msg);
    uint64_t there = 0;
    for (uint64_t n = 0; n < DOCS; n++) {
        Arena *a = arena_new(ARENA_DEFAULT_MAX);
        if (known[n].touched)
            check_one(s, n, a);
        there += known[n].now.there;
        arena_free(a);
    }
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    Uuid owner = owner_id();
    StoreStats st;
    if (!store_stats(s, &owner, a, &st, &err))
        FAIL("stats: %s", err.msg);
    if (st.documents != there)
        FAIL("%d documents instead of %d", (int)st.documents, (int)there);
    arena_free(a);
    Buf report;
    buf_init(&report, 1 << 20);
    if (!store_check(s, false, &report, &err))
        FAIL("check: %s\n" STR_FMT, err.msg, STR_ARG(buf_str(&report)));
    buf_release(&report);
    store_close(s);
    return open_ms;
}

/* Runs a child until a random moment: in one round of four counted from its start, so that some
 * deaths fall into opening, else from its first acknowledgement, however slow the machine is. */
static unsigned long one_kill(const char *self, const char *dir, uint64_t *seed)
{
    int pipe_fd[2];
    char out[16], child_seed[32];
    if (pipe(pipe_fd))
        FAIL("pipe: %s", strerrorname_np(errno));
    (void)snprintf(out, sizeof out, "%d", pipe_fd[1]);
    (void)snprintf(child_seed, sizeof child_seed, "%llu", (unsigned long long)fx_next(seed));
    pid_t child = fork();
    if (child == 0) {
        close(pipe_fd[0]);
        execl("/proc/self/exe", self, "--child", dir, out, child_seed, (char *)NULL);
        _exit(127);
    }
    close(pipe_fd[1]);
    if (fx_next(seed) % 4)
        (void)poll(&(struct pollfd){.fd = pipe_fd[0], .events = POLLIN}, 1, 60000);
    uint64_t us = fx_next(seed) % 300000;
    nanosleep(&(struct timespec){0, (long)us * 1000}, NULL);
    kill(child, SIGKILL);
    FILE *from = fdopen(pipe_fd[0], "r");
    unsigned long acked = 0;
    if (!from)
        FAIL("fdopen failed");
    learn(from, &acked);
    fclose(from);
    int status = 0;
    waitpid(child, &status, 0);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
        FAIL("the child ended by itself, status %d", status);
    return acked;
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "--child") == 0)
        return child_main(argv[2], (int)strtol(argv[3], NULL, 10), strtoull(argv[4], NULL, 10));
    const char *mode = getenv("SOTTO_TORTURE");
    unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10)
        : mode && strcmp(mode, "full") == 0 ? 200 : 20;
    char dir[] = "/tmp/sotto-kill-XXXXXX";
    if (!rounds || !mkdtemp(dir))
        FAIL("usage: store_kill [rounds]");
    uint64_t seed = (uint64_t)time(NULL) * 1000 + (uint64_t)getpid() % 1000;
    printf("store_kill: seed %llu, %lu rounds in %s\n", (unsigned long long)seed, rounds, dir);
    unsigned long acked = 0, with_acks = 0;
    double worst_open = 0;
    for (unsigned long i = 0; i < rounds; i++) {
        unsigned long now = one_kill(argv[0], dir, &seed);
        double open_ms = check_all(dir);
        acked += now;
        with_acks += now > 0;
        worst_open = open_ms > worst_open ? open_ms : worst_open;
    }
    if (!acked || with_acks * 2 < rounds)
        FAIL("too few calls were acknowledged before the kills (%lu in %lu rounds)", acked,
            with_acks);
    printf("store_kill: %lu kills, %lu acknowledged calls, none lost; slowest open %.0f ms\n",
        rounds,
        acked, worst_open);
    Err err = ERR_INIT;
    if (!os_remove_tree(dir, &err))
        FAIL("%s", err.msg);
    return 0;
}
