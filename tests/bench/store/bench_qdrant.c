/* bench_qdrant.c - what the Qdrant back end costs us, beside what it waits for.
 *
 *   bench_qdrant search URL PASSAGES QUERIES   our own time a search: all of it but the waiting
 *   bench_qdrant stream PASSAGES               documents into a loopback server that takes
 *                                              everything and keeps nothing: passages a second,
 *                                              points a request, memory as it goes on
 *
 * Our own time is the processor time of the asking thread: sending and taking the answer's bytes
 * too, not what the server does meanwhile. The machine's other work does not count. */
#include <ftw.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/os.h"
#include "store/qdrant.h"
#include "support/store_fixture.h"

#define WORDS 60
#define PER_DOC 200
#define VOCABULARY 30000

static void die(const Err *err)
{
    fprintf(stderr, "bench_qdrant: %s\n", err->msg);
    exit(1);
}

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void show(const char *what, double *ms, size_t n)
{
    qsort(ms, n, sizeof *ms, by_value);
    printf("%s\tp50 %.3f ms\tp95 %.3f ms\tn %zu\n", what, ms[n / 2], ms[n * 95 / 100], n);
}

/* In MB: what is the process' alone, and what it has mapped of files, resident. */
static void memory(double *anonymous, double *mapped)
{
    long resident = 0, shared = 0, all;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f && fscanf(f, "%ld %ld %ld", &all, &resident, &shared) != 3)
        resident = shared = 0;
    if (f)
        (void)fclose(f);
    double page = (double)sysconf(_SC_PAGESIZE) / 1e6;
    *anonymous = (double)(resident - shared) * page;
    *mapped = (double)shared * page;
}

static uint64_t tree_bytes; /* nftw has no argument */

static int add_bytes(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)path;
    (void)type;
    (void)at;
    tree_bytes += (uint64_t)st->st_blocks * 512;
    return 0;
}

static double disk_mb(const char *dir)
{
    tree_bytes = 0;
    (void)nftw(dir, add_bytes, 16, FTW_PHYS);
    return (double)tree_bytes / 1e6;
}

/* ---- a server that takes everything ------------------------------------------------------- */

static struct {
    int fd;
    pthread_mutex_t lock;
    char txn[40];               /* of the last commit */
    atomic_uint_fast64_t points, requests, most; /* of PUTs of points */
} sink = {.lock = PTHREAD_MUTEX_INITIALIZER};

static const char knowledge[] =
    "{\"result\":{\"config\":{\"params\":{\"vectors\":{\"dense\":{\"size\":384,"
    "\"distance\":\"Cosine\"}},\"sparse_vectors\":{\"bm25\":{\"modifier\":\"idf\"}}}},"
    "\"payload_schema\":{}}}";
static const char state[] = "{\"result\":{\"config\":{\"params\":{\"vectors\":{}}},"
                            "\"payload_schema\":{}}}";

static void count_points(Str body)
{
    uint64_t n = 0;
    for (size_t at = 0; (at = str_find(body, STR("\"payload\":{\"owner\""), at)) != SIZE_MAX; at++)
        n++;
    atomic_fetch_add(&sink.points, n);
    atomic_fetch_add(&sink.requests, 1);
    if (n > atomic_load(&sink.most))
        atomic_store(&sink.most, n);
}

static void sink_answer(Str head, Str body, char *out, size_t size)
{
    pthread_mutex_lock(&sink.lock);
    size_t at = str_find(body, STR("\"txn\":\""), 0);
    if (str_starts(head, STR("PUT ")) && str_find(head, STR("/points"), 0) != SIZE_MAX) {
        if (str_find(body, STR("insert_only"), 0) == SIZE_MAX)
            count_points(body);
        else if (at != SIZE_MAX)
            (void)snprintf(sink.txn, sizeof sink.txn, "%.36s", body.ptr + at + 7);
    }
    if (str_starts(head, STR("GET /collections/")))
        (void)snprintf(out, size, "%s",
            str_find(head, STR("knowledge"), 0) != SIZE_MAX ? knowledge : state);
    else if (str_find(body, STR("[\"txn\","), 0) != SIZE_MAX)
        (void)snprintf(out, size, "{\"result\":[{\"id\":1,\"payload\":{\"txn\":\"%s\"}}]}",
            sink.txn);
    else if (str_find(body, STR("\"with_payload\":true}"), 0) != SIZE_MAX)
        (void)snprintf(out, size, "{\"result\":[{\"id\":1,\"payload\":{\"value\":1}}]}");
    else if (str_find(head, STR("/points/count"), 0) != SIZE_MAX)
        (void)snprintf(out, size, "{\"result\":{\"count\":0}}");
    else if (str_find(head, STR("/scroll"), 0) != SIZE_MAX)
        (void)snprintf(out, size, "{\"result\":{\"points\":[],\"next_page_offset\":null}}");
    else if (str_find(body, STR("\"ids\""), 0) != SIZE_MAX)
        (void)snprintf(out, size, "{\"result\":[]}");
    else
        (void)snprintf(out, size, "{\"result\":{\"operation_id\":1,\"status\":\"completed\"}}");
    pthread_mutex_unlock(&sink.lock);
}

static bool fill(int fd, Buf *b)
{
    char *room = buf_reserve(b, 65536);
    ssize_t n = room ? read(fd, room, 65536) : -1;
    if (n <= 0)
        return false;
    buf_grew(b, (size_t)n);
    return true;
}

static void *sink_connection(void *arg)
{
    int fd = (int)(intptr_t)arg;
    Buf b;
    buf_init(&b, (size_t)256 << 20);
    for (;;) {
        buf_clear(&b);
        size_t end = SIZE_MAX;
        uint64_t length = 0;
        while (end == SIZE_MAX && fill(fd, &b))
            end = str_find(buf_str(&b), STR("\r\n\r\n"), 0);
        if (end == SIZE_MAX)
            break;
        size_t at = str_find(buf_str(&b), STR("Content-Length: "), 0);
        if (at != SIZE_MAX && at < end) {
            Str rest = str_sub(buf_str(&b), at + 16, end);
            size_t line = str_find(rest, STR("\r"), 0);
            (void)str_to_u64(str_sub(rest, 0, line == SIZE_MAX ? rest.len : line), &length);
        }
        while (b.len < end + 4 + length && fill(fd, &b))
            ;
        char answer[1024], reply[1400];
        Str all = buf_str(&b);
        sink_answer(str_sub(all, 0, end), str_sub(all, end + 4, all.len), answer, sizeof answer);
        int n = snprintf(reply, sizeof reply, "HTTP/1.1 200 OK\r\nContent-Type: application/json"
                         "\r\nContent-Length: %zu\r\n\r\n%s", strlen(answer), answer);
        if (write(fd, reply, (size_t)n) != n)
            break;
    }
    buf_release(&b);
    close(fd);
    return NULL;
}

static void *sink_main(void *arg)
{
    (void)arg;
    for (;;) {
        int fd = accept(sink.fd, NULL, NULL);
        pthread_t t;
        if (fd < 0)
            return NULL;
        if (pthread_create(&t, NULL, sink_connection, (void *)(intptr_t)fd) == 0)
            pthread_detach(t);
        else
            close(fd);
    }
}

static unsigned sink_start(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    pthread_t t;
    sink.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (sink.fd < 0 || bind(sink.fd, (struct sockaddr *)&a, sizeof a) != 0
        || listen(sink.fd, 64) != 0 || getsockname(sink.fd, (struct sockaddr *)&a, &n) != 0
        || pthread_create(&t, NULL, sink_main, NULL) != 0) {
        perror("bench_qdrant");
        exit(1);
    }
    pthread_detach(t);
    return ntohs(a.sin_port);
}

/* ---- the two ------------------------------------------------------------------------------ */

static Store *open_at(const char *url, char dir[])
{
    Err err = ERR_INIT;
    char prefix[64];
    if (!mkdtemp(dir)) {
        perror(dir);
        exit(1);
    }
    (void)snprintf(prefix, sizeof prefix, "bench_%s_", dir + strlen(dir) - 6);
    StoreOptions so = {.dir = dir, .model = FX_MODEL};
    QdrantOptions qo = {.url = url, .key = getenv("QDRANT_API_KEY"), .prefix = prefix};
    Store *s = store_open_qdrant(&so, &qo, &err);
    if (!s)
        die(&err);
    return s;
}

static void put(Store *s, const Uuid *owner, uint64_t n, size_t passages)
{
    Err err = ERR_INIT;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    DocumentPut *p = fx_doc(a, n, STR("A title of a few words"),
        fx_text(a, n, passages * WORDS, WORDS, VOCABULARY));
    PutOutcome outcome;
    Uuid id;
    if (!store_document_put(s, owner, p, &outcome, &id, &err))
        die(&err);
    arena_free(a);
}

static void show_stream(size_t passages, double seconds, const char *dir)
{
    double anonymous, mapped, requests = (double)atomic_load(&sink.requests);
    memory(&anonymous, &mapped);
    printf("stream\t%zu passages\t%.0f a second\t%.1f points a request\t%.1f MB anonymous\t"
           "%.1f MB mapped\t%.0f MB on disk\n", passages,
        seconds > 0 ? (double)passages / seconds : 0,
        requests > 0 ? (double)atomic_load(&sink.points) / requests : 0, anonymous, mapped,
        disk_mb(dir));
    (void)fflush(stdout);
}

static void stream(size_t passages)
{
    Uuid owner = fx_uuid(1);
    char url[64], dir[] = "/tmp/sotto-bench-XXXXXX";
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u", sink_start());
    Store *s = open_at(url, dir);
    uint64_t start = clock_mono_ns();
    size_t step = passages > 500000 ? 50000 : passages / 10;
    show_stream(0, 0, dir);
    for (size_t i = 0, docs = passages / PER_DOC; i < docs; i++) {
        put(s, &owner, i + 1, PER_DOC);
        if (step < PER_DOC || (i + 1) % (step / PER_DOC) == 0)
            show_stream((i + 1) * PER_DOC, clock_seconds_since(start), dir);
    }
    printf("stream\t%.0f points a request in the mean, %.0f at most\n",
        (double)atomic_load(&sink.points) / (double)atomic_load(&sink.requests),
        (double)atomic_load(&sink.most));
    store_close(s);
    (void)os_remove_tree(dir, NULL);
}

static void search(const char *url, size_t passages, size_t queries)
{
    Uuid owner = fx_uuid(1);
    char dir[] = "/tmp/sotto-bench-XXXXXX";
    Err err = ERR_INIT;
    Store *s = open_at(url, dir);
    for (size_t i = 0; i < passages / PER_DOC; i++)
        put(s, &owner, i + 1, PER_DOC);
    double *own = calloc(queries, sizeof *own), *all = calloc(queries, sizeof *all);
    double *look = calloc(queries, sizeof *look);
    uint64_t seed = 9;
    for (size_t i = 0; own && all && look && i < queries; i++) {
        Arena *a = arena_new(ARENA_DEFAULT_MAX);
        float v[VINDEX_DIM];
        KwTerm terms[5];
        fx_vector(i + 77, v);
        for (size_t k = 0; k < 5; k++) {
            Buf b;
            buf_init(&b, 256);
            fx_word(fx_zipf(&seed, VOCABULARY), &b);
            terms[k] = (KwTerm){.kind = KW_WORD, .text = arena_buf(a, &b), .weight = 1};
            buf_release(&b);
        }
        CandidateQuery q = {.vector = v, .terms = terms, .n_terms = 5, .k = 100};
        Candidates c;
        uint64_t start = clock_mono_ns();
        double cpu = cpu_ms();
        (void)store_version(s, &owner);
        look[i] = cpu_ms() - cpu;
        cpu = cpu_ms();
        if (!store_candidates(s, &owner, &q, a, &c, &err))
            die(&err);
        own[i] = cpu_ms() - cpu;
        all[i] = clock_seconds_since(start) * 1e3;
        arena_free(a);
    }
    show("search: our own processor time", own, queries);
    show("search: and the look before it whether the copy is up to date", look, queries);
    show("search: as the caller sees it", all, queries);
    free(own);
    free(all);
    free(look);
    store_close(s);
    (void)os_remove_tree(dir, NULL);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "stream") == 0)
        stream(strtoul(argv[2], NULL, 10));
    else if (argc == 5 && strcmp(argv[1], "search") == 0)
        search(argv[2], strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10));
    else
        fprintf(stderr, "bench_qdrant search URL PASSAGES QUERIES | stream PASSAGES\n");
    return 0;
}
