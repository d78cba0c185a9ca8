/* confine_campaign.c - a server lives on whatever happens to the children that read its files.
 *
 *   confine_campaign          40 faults, a part of every `make test`
 *   SOTTO_TORTURE=full confine_campaign    1,000 faults, and what they cost as figures
 *
 * This program is three: the driver; the server, which is the product's own main in another
 * process; and the server's zygote, whose reader of text does what a text tells it to ("!fault hang
 * 17") and reads every other text as always. The driver sends faults on three connections -
 * crashes, aborts, stack overflows, hangs, grabs of memory, floods of output, forbidden calls,
 * forged answers, silent ends - while a fourth searches and stores documents, and checks:
 *
 *   - every fault is answered with its own error, and is in the ledger with its reason;
 *   - every other request succeeds, and is not slower than a bound;
 *   - the server is the same process, its zygote too, with no descriptor more, its memory flat;
 *   - a hang is told within 250 ms of its deadline (asserted generously but for the full run).
 *
 * Then hostile files of the formats in the program: bombs, loops, 10,000 levels of nesting,
 * external entities, names that climb out of their folder, truncated and encrypted ones. Each ends
 * in the ledger, read or refused with the reason, and the server goes on. Needs the encoder's
 * model. */
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "app/cli.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/os.h"
#include "confine_hostile.h"
#include "ingest/sandbox.h"
#include "net/client.h"

#define ATTACKERS 3

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

static _Noreturn void fail(const char *what, const char *detail)
{
    fprintf(stderr, "confine_campaign: %s: %s\n", what, detail);
    exit(1);
}

/* ---- the reader in the child ---------------------------------------------------------------- */

static volatile int sink;
static char flood[1 << 20];

static int dig(int depth)
{
    volatile char room[4096];
    room[0] = (char)depth;
    return depth < 0 ? room[0] : dig(depth + 1) + room[0];
}

static void grab(void)
{
    for (;;) {
        char *p = malloc(1 << 20);
        if (!p)
            abort();
        for (size_t i = 0; i < 1 << 20; i += 4096)
            p[i] = 1;
        sink += p[0];
    }
}

static void do_fault(Str what)
{
    if (str_starts(what, STR("crash")))
        *(volatile int *)(uintptr_t)(sink + 8) = 1;
    if (str_starts(what, STR("abort")))
        abort();
    if (str_starts(what, STR("hang")))
        for (;;)
            sink++;
    if (str_starts(what, STR("sleep")))
        for (;;)
            (void)syscall(SYS_futex, &sink, 0 /* wait */, sink, NULL, NULL, 0);
    if (str_starts(what, STR("grab")))
        grab();
    if (str_starts(what, STR("dig")))
        sink = dig(1);
    if (str_starts(what, STR("silent")))
        _exit(0);
    if (str_starts(what, STR("forge")))
        (void)(write(4, "SXR1 not a frame at all, but long enough", 40) && (_exit(0), 0));
    if (str_starts(what, STR("flood")))
        while (write(4, flood, sizeof flood) > 0) {
        }
    if (str_starts(what, STR("socket")))
        sink += socket(AF_INET, SOCK_STREAM, 0);
    if (str_starts(what, STR("fork")))
        sink += (int)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static bool read_or_fault(Str data, Str filename, ExtractOut *out, Err *err)
{
    if (str_starts(data, STR("!fault ")))
        do_fault(str_sub(data, 7, data.len));
    return reader_text.read(data, filename, out, err);
}

/* ---- the server ----------------------------------------------------------------------------- */

typedef struct {
    pid_t pid;
    int out;
    char url[128], dir[64];
} Server;

static void start_server(Server *s, unsigned deadline_s)
{
    int pipes[2];
    char line[256] = "", data[96], seconds[16];
    (void)snprintf(seconds, sizeof seconds, "%u", deadline_s);
    size_t n = 0;
    (void)snprintf(s->dir, sizeof s->dir, "/tmp/sotto-campaign-XXXXXX");
    if (!mkdtemp(s->dir) || pipe(pipes) != 0)
        fail("cannot prepare", "no folder or no pipe");
    (void)snprintf(data, sizeof data, "%s/data", s->dir);
    s->pid = fork();
    if (s->pid == 0) {
        char log[96];
        (void)snprintf(log, sizeof log, "%s/log", s->dir);
        (void)dup2(pipes[1], 1);
        (void)close(pipes[0]);
        (void)(freopen(log, "w", stderr) != NULL);
        (void)execl("/proc/self/exe", "confine_campaign", "serve", "--listen", "127.0.0.1:0",
                    "--data", data, "--read-timeout", seconds, (char *)NULL);
        _exit(127);
    }
    (void)close(pipes[1]);
    s->out = pipes[0];
    while (n + 1 < sizeof line && read(s->out, line + n, 1) == 1 && line[n] != '\n')
        n++;
    char *at = strstr(line, "http://");
    if (!at)
        fail("the server did not start", line[0] ? line : "no address; is the model there?");
    (void)snprintf(s->url, sizeof s->url, "%s", at);
    s->url[strcspn(s->url, " \n")] = '\0';
}

static long status_number(pid_t pid, const char *key)
{
    char path[64], line[256];
    long value = -1;
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, key, strlen(key)) == 0)
            value = strtol(line + strlen(key), NULL, 10);
    if (f)
        (void)fclose(f);
    return value;
}

static size_t count_descriptors(pid_t pid)
{
    char path[64];
    size_t n = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    for (int fd = 0; fd < 4096; fd++) {
        char one[96];
        (void)snprintf(one, sizeof one, "%s/%d", path, fd);
        char to[8];
        n += readlink(one, to, sizeof to) >= 0;
    }
    return n;
}

/* The one child of the server: its zygote. It was started by any of its threads. */
static long zygote_of(pid_t pid)
{
    DIR *d = opendir("/proc");
    long found = 0;
    for (struct dirent *e; d && (e = readdir(d));) {
        pid_t one = (pid_t)strtol(e->d_name, NULL, 10);
        if (one > 0 && status_number(one, "PPid:") == pid && found == 0)
            found = one;
    }
    if (d)
        (void)closedir(d);
    return found;
}

/* ---- requests ------------------------------------------------------------------------------- */

typedef struct {
    int status;
    double ms;
    char detail[400];
    Buf body;
} Answer;

static void ask(const Server *s, const char *method, const char *path, const char *type, Str body,
                Answer *a)
{
    char url[512];
    Err err = ERR_INIT;
    HttpHeader header = {STR("Content-Type"), str_of(type)};
    (void)snprintf(url, sizeof url, "%s%s", s->url, path);
    ClientRequest r = {.method = method,
                       .url = url,
                       .direct = true,
                       .body = body,
                       .headers = &header,
                       .header_count = body.ptr ? 1 : 0,
                       .total_ms = 120000};
    ClientResponse answer;
    uint64_t start = clock_mono_ns();
    if (!client_request(&r, &answer, &err))
        fail(path, err.msg);
    *a = (Answer){.status = answer.status, .ms = clock_seconds_since(start) * 1e3};
    Json *j = json_parse(buf_str(&answer.body), JSON_DEFAULT_DEPTH, &err);
    Str detail = json_str(json_get(j, "detail"));
    (void)snprintf(a->detail, sizeof a->detail, "%.*s", (int)detail.len, detail.ptr);
    json_free(j);
    buf_init(&a->body, (size_t)64 << 20);
    (void)buf_add(&a->body, buf_str(&answer.body));
    client_response_release(&answer);
}

static void add_text(const Server *s, const char *text, Answer *a)
{
    Buf b;
    JsonW w;
    buf_init(&b, 1 << 20);
    jw_init(&w, &b);
    jw_obj(&w);
    jw_kv_cstr(&w, "content", text);
    jw_obj_end(&w);
    ask(s, "POST", "/api/v1/knowledge/documents", "application/json", buf_str(&b), a);
    buf_release(&b);
}

/* ---- faults --------------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    int status;
    const char *says; /* in the answer's detail */
} Fault;

#if SANITIZED /* it catches the signal, reports and exits */
#define CRASHED "without"
#else
#define CRASHED "damaged"
#endif

static const Fault faults[] = {
    {"crash", 400, CRASHED},     {"hang", 503, "took longer than"},
    {"abort", 400, "damaged"},   {"sleep", 503, "took longer than"},
    {"silent", 400, "without"},  {"forge", 400, "not usable"},
    {"flood", 413, "more text"}, {"socket", 400, "forbidden"},
    {"fork", 400, "forbidden"},  {"hang", 503, "took longer than"},
#if !SANITIZED /* no ceiling of memory there: see confine.c */
    {"grab", 413, "memory"},     {"dig", 400, "damaged"},
#endif
};
#define FAULTS (sizeof faults / sizeof *faults)

typedef struct {
    const Server *s;
    double deadline_ms;
    size_t total;
    atomic_size_t next, answered, deaths, hangs, grabs;
    atomic_bool stop;
    double *late; /* of hangs: ms behind the deadline */
    atomic_size_t n_late;
    double searches[100000], adds[100000];
    size_t n_searches, n_adds, first_note;
} Campaign;

static void *attack(void *arg)
{
    Campaign *c = arg;
    size_t i;
    while ((i = atomic_fetch_add(&c->next, 1)) < c->total) {
        const Fault *f = &faults[i % FAULTS];
        char text[64];
        Answer a;
        (void)snprintf(text, sizeof text, "!fault %s %zu", f->name, i);
        add_text(c->s, text, &a);
        /* On a busy machine a grab of half a gigabyte may meet the deadline before the ceiling. */
        bool hang = a.status == 503 && strstr(a.detail, "took longer than");
        if (!hang && (a.status != f->status || !strstr(a.detail, f->says))) {
            fprintf(stderr, "%d %s\n", a.status, a.detail);
            fail("another answer was due", text);
        }
        buf_release(&a.body);
        if (hang && f->status == 503)
            c->late[atomic_fetch_add(&c->n_late, 1)] = a.ms - c->deadline_ms;
        atomic_fetch_add(hang ? &c->hangs : f->status == 413 ? &c->grabs : &c->deaths, 1);
        atomic_fetch_add(&c->answered, 1);
    }
    return NULL;
}

/* What others do meanwhile: store a document, find it. */
static void *work(void *arg)
{
    Campaign *c = arg;
    for (size_t i = 0; !atomic_load(&c->stop) && c->n_searches < 100000; i++) {
        char text[160], path[160];
        Answer a;
        size_t note = c->first_note + i / 10;
        if (i % 10 == 0) {
            (void)snprintf(text, sizeof text,
                           "Note %zu: the spare key number k%zux hangs behind the cellar's door.",
                           note, note);
            add_text(c->s, text, &a);
            if (a.status != 201)
                fail("a good document was refused", a.detail);
            buf_release(&a.body);
            c->adds[c->n_adds++] = a.ms;
        }
        (void)snprintf(path, sizeof path, "/api/v1/knowledge/search?q=k%zux&content=none", note);
        ask(c->s, "GET", path, "", (Str){0}, &a);
        (void)snprintf(text, sizeof text, "k%zux", note);
        if (a.status != 200 || str_find(buf_str(&a.body), str_of(text), 0) == SIZE_MAX)
            fail("a stored document was not found", text);
        buf_release(&a.body);
        c->searches[c->n_searches++] = a.ms;
        (void)nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    return NULL;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void print_times(const char *what, double *ms, size_t n)
{
    if (n == 0)
        return;
    qsort(ms, n, sizeof *ms, by_value);
    printf("  %-34s n %5zu  p50 %7.1f  p95 %7.1f  p99 %7.1f  max %7.1f ms\n", what, n, ms[n / 2],
           ms[n * 95 / 100], ms[n * 99 / 100], ms[n - 1]);
}

static void run_faults(Campaign *c)
{
    pthread_t threads[ATTACKERS + 1];
    (void)pthread_create(&threads[ATTACKERS], NULL, work, c);
    for (int i = 0; i < ATTACKERS; i++)
        (void)pthread_create(&threads[i], NULL, attack, c);
    for (int i = 0; i < ATTACKERS; i++)
        (void)pthread_join(threads[i], NULL);
    atomic_store(&c->stop, true);
    (void)pthread_join(threads[ATTACKERS], NULL);
}

/* Every fault is in the ledger as refused or failed with its reason, every good one as indexed. */
static void check_ledger(const Server *s, size_t bad, size_t good)
{
    Answer a;
    Err err = ERR_INIT;
    ask(s, "GET", "/api/v1/knowledge/ledger?limit=1000", "", (Str){0}, &a);
    Json *j = json_parse(buf_str(&a.body), JSON_DEFAULT_DEPTH, &err);
    const Json *counts = json_get(j, "counts"), *entries = json_get(j, "entries");
    int64_t refused = 0, failed = 0, indexed = 0;
    json_int(json_get(counts, "refused"), &refused);
    json_int(json_get(counts, "failed"), &failed);
    json_int(json_get(counts, "indexed"), &indexed);
    if ((size_t)(refused + failed) != bad || (size_t)indexed != good) {
        fprintf(stderr, "refused %lld, failed %lld, indexed %lld; due %zu bad, %zu good\n",
                (long long)refused, (long long)failed, (long long)indexed, bad, good);
        fail("the ledger", "its numbers do not add up");
    }
    for (size_t i = 0; i < json_count(entries); i++) {
        Str state = json_str(json_get(json_at(entries, i), "state"));
        bool fault = str_eq(state, STR("refused")) || str_eq(state, STR("failed"));
        if (fault && json_str(json_get(json_at(entries, i), "reason")).len < 10)
            fail("the ledger", "an entry has no reason");
    }
    json_free(j);
    buf_release(&a.body);
}

/* ---- hostile files -------------------------------------------------------------------------- */

static void send_file(const Server *s, const HostileFile *f, Answer *a)
{
    static const char boundary[] = "------------------------campaign";
    Buf b;
    char type[96];
    buf_init(&b, (size_t)128 << 20);
    (void)buf_printf(&b,
                     "--%s\r\nContent-Disposition: form-data; name=\"file\"; "
                     "filename=\"%s\"\r\nContent-Type: application/octet-stream\r\n\r\n",
                     boundary, f->name);
    (void)buf_add(&b, buf_str(&f->data));
    (void)buf_printf(&b, "\r\n--%s--\r\n", boundary);
    (void)snprintf(type, sizeof type, "multipart/form-data; boundary=%s", boundary);
    ask(s, "POST", "/api/v1/knowledge/documents", type, buf_str(&b), a);
    buf_release(&b);
}

static void run_hostile(const Server *s, size_t *good, size_t *bad, bool verbose)
{
    HostileFile f;
    for (size_t i = 0; hostile_file(i, &f); i++) {
        Answer a;
        send_file(s, &f, &a);
        bool read = a.status == 201;
        if (verbose || a.ms > 5000)
            printf("  %-34s %8zu bytes: %d in %.0f ms %s\n", f.what, f.data.len, a.status, a.ms,
                   a.detail);
        if ((a.status != 201 && a.status != 400 && a.status != 413 && a.status != 415 &&
             a.status != 503) ||
            (f.must_fail && read))
            fail(f.what, a.detail[0] ? a.detail : "it was read");
        if (!read && strlen(a.detail) < 10)
            fail(f.what, "no reason was given");
        if (str_find(buf_str(&a.body), STR("root:x:0"), 0) != SIZE_MAX)
            fail(f.what, "a file of the system came along");
        *good += read;
        *bad += !read;
        buf_release(&a.body);
        buf_release(&f.data);
    }
}

/* ---- all ------------------------------------------------------------------------------------ */

static void run(size_t total, bool full)
{
    Server s;
    Campaign *c = mem_zalloc(sizeof *c);
    double *late = mem_array(total + 1, sizeof *late);
    Answer a;
    size_t good = 1, bad;
    unsigned deadline_s = full ? 1 : 3; /* generous where the machine may be busy */
    start_server(&s, deadline_s);
    if (!c || !late)
        fail("out of memory", "");
    *c = (Campaign){.s = &s, .deadline_ms = deadline_s * 1000.0, .total = FAULTS, .late = late};
    add_text(&s, "A document that was there before.", &a);
    buf_release(&a.body);
    run_faults(c); /* each once: then everything is loaded */
    good += c->n_adds;
    bad = FAULTS;
    long rss = status_number(s.pid, "VmRSS:"), own = status_number(s.pid, "RssAnon:");
    long zygote = zygote_of(s.pid);
    size_t descriptors = count_descriptors(s.pid);
    *c = (Campaign){.s = &s,
                    .deadline_ms = deadline_s * 1000.0,
                    .total = FAULTS + total,
                    .late = late,
                    .next = FAULTS,
                    .first_note = c->n_adds};
    uint64_t start = clock_mono_ns();
    run_faults(c);
    double seconds = clock_seconds_since(start);
    bad += total;
    good += c->n_adds;
    size_t within = 0;
    for (size_t i = 0; i < c->n_late; i++) {
        within += c->late[i] <= 250;
        if (c->late[i] > 20000)
            fail("a hang", "was told 20 s after its deadline");
    }
    printf("%zu faults in %.0f s: %zu deaths, %zu hangs, %zu grabs of memory and output\n",
           atomic_load(&c->answered), seconds, atomic_load(&c->deaths), atomic_load(&c->hangs),
           atomic_load(&c->grabs));
    printf("  hangs told within 250 ms: %zu of %zu\n", within, atomic_load(&c->n_late));
    print_times("hangs, behind the deadline", c->late, c->n_late);
    print_times("searches meanwhile", c->searches, c->n_searches);
    print_times("documents stored meanwhile", c->adds, c->n_adds);
    if (full && within * 100 < c->n_late * 99)
        fail("hangs", "more than one in a hundred was told later than 250 ms after its deadline");
    long faulted = status_number(s.pid, "VmRSS:"), own_faulted = status_number(s.pid, "RssAnon:");
    run_hostile(&s, &good, &bad, full);
    long after = status_number(s.pid, "VmRSS:");
    size_t left = count_descriptors(s.pid);
    printf("  server: own memory (without mapped files) %ld KiB, after the faults %ld\n", own,
           own_faulted);
    printf("  server: memory %ld KiB, after the faults %ld, after the files %ld; descriptors %zu "
           "-> "
           "%zu, zygote %ld -> %ld\n",
           rss, faulted, after, descriptors, left, zygote, zygote_of(s.pid));
    if (waitpid(s.pid, NULL, WNOHANG) != 0 || after < 0)
        fail("the server", "is gone");
    if (zygote == 0 || (full && zygote_of(s.pid) != zygote))
        fail("the zygote", "is another process");
    if (left > descriptors + 8) /* connections and readers come and go */
        fail("the server", "holds more descriptors than before");
    /* The faults leave nothing; the files that were read leave caches of their passages. */
    if (!SANITIZED && (faulted > rss + 24 * 1024 || after > faulted + 64 * 1024))
        fail("the server", "its memory grew");
    check_ledger(&s, bad, good);
    (void)kill(s.pid, SIGTERM);
    int status = 0;
    (void)waitpid(s.pid, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail("the server", "did not end well");
    Err err = ERR_INIT;
    (void)os_remove_tree(s.dir, &err);
    (void)close(s.out);
    mem_free(late);
    mem_free(c);
}

int main(int argc, char **argv)
{
    static Reader faulty;
    faulty = reader_text;
    faulty.read = read_or_fault;
    if (argc > 1 && strcmp(argv[1], ZYGOTE_FLAG) == 0)
        return extract_child_main_with(argc, argv, &faulty);
    if (argc > 1)
        return cli_main(argc, argv);
    const char *how = getenv("SOTTO_TORTURE");
    bool full = how && strcmp(how, "full") == 0;
    run(full ? 1000 : 40, full);
    return 0;
}
