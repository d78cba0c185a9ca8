/* bench_import - a folder of many small files, beside what the encoder alone needs for their texts.
 *
 *   bench_import [--files N] [--words N] [--bulk N]      10000 files, 60 words, 5 a processor
 *
 * Three figures: texts a second through the encoder alone (batches of 16, a thread a processor),
 * files a second from disk to durable and findable for the first time, and the seconds that it
 * takes to look at all of them again. Wall clock and processor time; a busy machine shows in the
 * difference, because the import runs at the lowest priority. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/os.h"
#include "ingest/sandbox.h"
#include "ingest/sync.h"

static _Noreturn void die(const char *what)
{
    (void)fprintf(stderr, "bench_import: %s\n", what);
    exit(1);
}

typedef struct {
    unsigned files, words, bulk;
    char dir[64];
    Arena *a;
    Str *texts;
    const Minilm *model;
} Bench;

static double cpu_seconds(void)
{
    struct rusage self, children;
    (void)getrusage(RUSAGE_SELF, &self);
    (void)getrusage(RUSAGE_CHILDREN, &children);
    struct timeval t[] = {self.ru_utime, self.ru_stime, children.ru_utime, children.ru_stime};
    double sum = 0;
    for (size_t i = 0; i < 4; i++)
        sum += (double)t[i].tv_sec + (double)t[i].tv_usec * 1e-6;
    return sum;
}

/* Words of syllables, so that the vocabulary is large and the tokens are many, as in real notes. */
static void write_file(Bench *b, unsigned i)
{
    static const char *const parts[] = {"ba", "lo", "mi", "ster", "ing", "con", "ve", "ra",
                                        "tion", "pre", "sol", "um", "the", "of", "land", "er"};
    Err err = ERR_INIT;
    Buf text;
    uint64_t seed = i * 2654435761u + 1;
    buf_init(&text, 1 << 20);
    buf_printf(&text, "Note %u.\n\n", i);
    for (unsigned w = 0; w < b->words; w++) {
        for (unsigned k = 0; k < 1 + (seed >> 61); k++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            buf_add_c(&text, parts[(seed >> 33) % 16]);
        }
        buf_add_c(&text, w % 12 == 11 ? ". " : " ");
    }
    buf_add_c(&text, "\n");
    b->texts[i] = arena_buf(b->a, &text);
    char path[200];
    (void)snprintf(path, sizeof path, "%s/docs/%03u", b->dir, i / 100);
    if (i % 100 == 0 && !os_mkdirs(path, 0755, &err))
        die(err.msg);
    (void)snprintf(path, sizeof path, "%s/docs/%03u/note%u.txt", b->dir, i / 100, i);
    FILE *f = fopen(path, "w");
    if (!f || fwrite(text.ptr, 1, text.len, f) != text.len || fclose(f) != 0)
        die("cannot write the files");
    buf_release(&text);
}

typedef struct {
    Bench *b;
    unsigned from, step;
} Lane;

static void *encode_lane(void *arg)
{
    const Lane *l = arg;
    Err err = ERR_INIT;
    float *out = mem_array(16 * MINILM_DIM, sizeof *out);
    MinilmState *state = minilm_state_new(l->b->model, &err);
    if (!state || !out)
        die(err.msg);
    for (unsigned i = l->from * 16; i < l->b->files; i += l->step * 16) {
        unsigned n = l->b->files - i < 16 ? l->b->files - i : 16;
        if (!minilm_embed(l->b->model, state, l->b->texts + i, n, out, NULL, &err))
            die(err.msg);
    }
    minilm_state_free(state);
    mem_free(out);
    return NULL;
}

static void report(const Bench *b, const char *what, const char *unit, uint64_t start, double cpu)
{
    double wall = clock_seconds_since(start), used = cpu_seconds() - cpu;
    printf("%-14s %7.2f s, %7.0f %s/s; processors %6.2f s, %5.2f ms each\n", what, wall,
           b->files / wall, unit, used, used * 1e3 / b->files);
    (void)fflush(stdout);
}

static void encode_all(Bench *b)
{
    unsigned n = os_cpu_count();
    pthread_t threads[256];
    Lane lanes[256];
    if (n > 256)
        n = 256;
    uint64_t start = clock_mono_ns();
    double cpu = cpu_seconds();
    for (unsigned i = 0; i < n; i++) {
        lanes[i] = (Lane){b, i, n};
        if (pthread_create(&threads[i], NULL, encode_lane, &lanes[i]) != 0)
            die("no thread");
    }
    for (unsigned i = 0; i < n; i++)
        (void)pthread_join(threads[i], NULL);
    report(b, "encoder alone", "texts", start, cpu);
}

static SyncStatus status(Sync *s, const Uuid *id)
{
    Err err = ERR_INIT;
    SyncStatus out;
    Arena *a = arena_new(1 << 20);
    if (!a || !sync_get(s, id, a, &out, &err))
        die(err.msg);
    arena_free(a); /* only the numbers are used */
    return out;
}

static void wait_idle(Sync *s, const Uuid *id)
{
    for (;;) {
        SyncStatus t = status(s, id);
        if (t.state == SYNC_WATCHING && t.waiting == 0 && t.settling == 0)
            return;
        (void)nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
}

static void import(Bench *b, Store *store, Ingest *g, Work *work)
{
    Err err = ERR_INIT;
    Uuid id;
    char docs[80];
    SyncOptions o = {.store = store, .ingest = g, .work = work, .owner = {{1}}, .settle_ms = 1};
    Sync *s = sync_new(&o, &err);
    (void)snprintf(docs, sizeof docs, "%s/docs", b->dir);
    Folder f = {.path = str_of(docs)};
    if (!s || !sync_start(s, &err))
        die(err.msg);
    uint64_t start = clock_mono_ns();
    double cpu = cpu_seconds();
    if (!sync_add(s, &f, &id, &err))
        die(err.msg);
    wait_idle(s, &id);
    report(b, "first reading", "files", start, cpu);
    SyncStatus t = status(s, &id);
    if (t.done.added + t.done.duplicate != b->files)
        die("not every file was read");
    start = clock_mono_ns();
    cpu = cpu_seconds();
    if (!sync_now(s, &id, false, &err))
        die(err.msg);
    wait_idle(s, &id);
    report(b, "reading again", "files", start, cpu);
    sync_stop(s);
    work_free(work);
    sync_free(s);
}

static void run(Bench *b)
{
    Err err = ERR_INIT;
    for (unsigned i = 0; i < b->files; i++)
        write_file(b, i);
    encode_all(b);
    char data[80];
    (void)snprintf(data, sizeof data, "%s/data", b->dir);
    StoreOptions so = {.dir = data, .model = minilm_name(b->model)};
    Store *store = store_open_sqlite(&so, &err);
    Work *work = store ? work_new_bulk(1, b->bulk, 16, &err) : NULL;
    IngestOptions io = {.store = store, .model = b->model, .workers = 1 + b->bulk,
        .shared = b->bulk, .slots = os_cpu_count()};
    Ingest *g = work ? ingest_new(&io, &err) : NULL;
    if (!g)
        die(err.msg);
    import(b, store, g, work);
    ingest_free(g);
    store_close(store);
}

int main(int argc, char **argv)
{
    Err err = ERR_INIT;
    if (argc > 1 && strcmp(argv[1], ZYGOTE_FLAG) == 0)
        return extract_child_main(argc, argv);
    Bench b = {.files = 10000, .words = 60, .bulk = os_cpu_count() * 5,
        .dir = "/tmp/sotto-bench-XXXXXX", .a = arena_new((size_t)4 << 30)};
    for (int i = 1; i + 1 < argc; i += 2) {
        unsigned value = (unsigned)strtoul(argv[i + 1], NULL, 10);
        unsigned *at = strcmp(argv[i], "--files") == 0   ? &b.files
                       : strcmp(argv[i], "--words") == 0 ? &b.words
                       : strcmp(argv[i], "--bulk") == 0  ? &b.bulk
                                                         : NULL;
        if (!at || value == 0)
            die("usage: bench_import [--files N] [--words N] [--bulk N]");
        *at = value;
    }
    char path[4096];
    const char *models = getenv("SOTTO_MODELS");
    (void)snprintf(path, sizeof path, "%s/all-MiniLM-L6-v2.sotto",
                   models ? models : SOTTO_SOURCE_DIR "/models");
    Minilm *model = minilm_open(path, MINILM_INT8, &err);
    b.texts = b.a ? ARENA_NEW_ARRAY(b.a, Str, b.files) : NULL;
    if (!model || !b.texts || !mkdtemp(b.dir))
        die(err.msg);
    b.model = model;
    run(&b);
    minilm_close(model);
    arena_free(b.a);
    (void)os_remove_tree(b.dir, &err);
    return 0;
}
