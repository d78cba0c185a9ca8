/* The confined child, from outside: files are read, and a reader that crashes, hangs, grabs memory,
 * floods, forks, connects, opens or executes is an Err and nothing worse. This program is its own
 * zygote, with one more reader that does what its input tells it to. SOTTO_CAMPAIGN=200 repeats the
 * faults that often (20 in the ordinary run). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ingest/confine.h"
#include "ingest/sandbox.h"
#include "support/descriptors.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#define TIMEOUT_MS 200
#define MEMORY ((uint64_t)64 << 20)

/* ---- the faulty reader ---------------------------------------------------------------------- */

static volatile int sink;

static void grab_memory(void)
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

static int dig(int depth)
{
    volatile char room[4096];
    room[0] = (char)depth;
    return depth < 0 ? room[0] : dig(depth + 1) + room[0];
}

/* What a taken-over reader would try. Returns when it was merely refused. */
static void break_out(Str what)
{
    if (str_eq(what, STR("fork")))
        sink += (int)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    else if (str_eq(what, STR("socket")))
        sink += socket(AF_INET, SOCK_STREAM, 0);
    else if (str_eq(what, STR("exec")))
        sink += (int)syscall(SYS_execve, "/bin/true", NULL, NULL);
    else if (str_eq(what, STR("kill")))
        sink += (int)syscall(SYS_kill, getppid(), SIGKILL);
    else if (str_eq(what, STR("tgkill")))
        sink += (int)syscall(SYS_tgkill, 1, 1, SIGTERM);
    else if (str_eq(what, STR("ptrace")))
        sink += (int)syscall(SYS_ptrace, 0, 0, 0, 0);
    else if (str_eq(what, STR("alarm")))
        sink += (int)syscall(SYS_setitimer, 0, NULL, NULL);
}

static bool is_refused(void)
{
    int fd = open("/etc/passwd", O_RDONLY);
    int new_file = open("/tmp/sotto-escape", O_CREAT | O_WRONLY, 0600);
    void *code =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return fd < 0 && new_file < 0 && code == MAP_FAILED;
}

static bool read_fault(Str data, Str filename, ExtractOut *out, Err *err)
{
    (void)filename;
    if (str_eq(data, STR("crash")))
        *(volatile int *)(uintptr_t)(sink + 8) = 1;
    else if (str_eq(data, STR("abort")))
        abort();
    else if (str_eq(data, STR("hang")))
        for (;;)
            sink++;
    else if (str_eq(data, STR("grab")))
        grab_memory();
    else if (str_eq(data, STR("dig")))
        sink = dig(1);
    else if (str_eq(data, STR("leave")))
        _exit(7);
    else if (str_eq(data, STR("silent")))
        _exit(0);
    else if (str_eq(data, STR("forge")))
        (void)(write(4, "SXR1 not a frame at all, but long enough", 40) && (_exit(0), 0));
    else if (str_eq(data, STR("flood")))
        while (write(4, "0123456789abcdef0123456789abcdef", 32) > 0) {
        }
    else if (str_eq(data, STR("endless")))
        while (!out->text.failed)
            extract_add(out, STR("more text and more text and more "));
    else if (str_eq(data, STR("refused")))
        data = is_refused() ? data : STR("allowed");
    else if (str_eq(data, STR("error")))
        return err_set(err, ERR_VALIDATION, "this file is\ndamaged\x1b[2J");
    else if (str_eq(data, STR("short of memory")))
        return err_set(err, ERR_NO_MEMORY, "no memory");
    else if (str_eq(data, STR("lie")))
        return err_set(err, ERR_UNAUTHORIZED, "who are you");
    else
        break_out(data);
    extract_add(out, data);
    return true;
}

static const Reader fault = {.type = "fault", .read = read_fault};

/* ---- helpers -------------------------------------------------------------------------------- */

static Sandbox *open_sandbox(unsigned timeout_ms)
{
    Err err = ERR_INIT;
    SandboxOptions o = {.timeout_ms = timeout_ms, .memory = MEMORY, .max_text = 1 << 20};
    Sandbox *s = sandbox_new(&o, &err);
    assert_non_null(s);
    return s;
}

static bool run(Sandbox *s, const char *type, const char *input, char *text, size_t size, Err *err)
{
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    Snapshot snapshot;
    Extracted out;
    *err = ERR_INIT;
    assert_true(snapshot_bytes(str_of(input), &snapshot, err));
    bool ok = sandbox_run(s, str_of(type), STR("a file.txt"), &snapshot, a, &out, err);
    if (ok && text)
        (void)snprintf(text, size, "%.*s", (int)out.text.len, out.text.ptr);
    snapshot_release(&snapshot);
    arena_free(a);
    return ok;
}

static void expect_error(Sandbox *s, const char *input, ErrCode code, const char *words)
{
    Err err;
    assert_false(run(s, "fault", input, NULL, 0, &err));
    if (err.code != code || !strstr(err.msg, words))
        fail_msg("%s: %s (%d)", input, err.msg, err.code);
}

/* ---- tests ---------------------------------------------------------------------------------- */

static void test_reads(void **state)
{
    Sandbox *s = *state;
    Err err;
    char text[256];
    if (!run(s, "text", "Gr\xC3\xBC\xC3\x9F" "e\r\nfrom here", text, sizeof text, &err))
        fail_msg("%s", err.msg);
    assert_string_equal(text, "Gr\xC3\xBC\xC3\x9F" "e\nfrom here");
    assert_true(run(s, "text", "caf\xE9 na\xEFve r\xE9sum\xE9", text, sizeof text, &err));
    assert_string_equal(text, "caf\xC3\xA9 na\xC3\xAFve r\xC3\xA9sum\xC3\xA9");
    assert_true(run(s, "markdown", "# Title\n\n* one\n* two", text, sizeof text, &err));
    assert_string_equal(text, "Title\n\n- one\n- two\n");
    assert_true(run(s, "text", "", text, sizeof text, &err));
    assert_string_equal(text, "");
    assert_false(run(s, "poetry", "x", NULL, 0, &err));
    assert_int_equal(err.code, ERR_UNSUPPORTED_MEDIA);
}

static void test_rights(void **state)
{
    Sandbox *s = *state;
    Err err;
    char text[64];
    assert_true(confine_allowed_calls() <= 25);
    assert_true(run(s, "fault", "refused", text, sizeof text, &err));
    assert_string_equal(text, "refused");
    const char *const forbidden[] = {"fork", "socket", "exec", "kill", "tgkill", "ptrace", "alarm"};
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++)
        expect_error(s, forbidden[i], ERR_VALIDATION, "forbidden");
    assert_int_not_equal(access("/tmp/sotto-escape", F_OK), 0);
}

static void test_answers(void **state)
{
    Sandbox *s = *state;
    expect_error(s, "leave", ERR_VALIDATION, "status 7");
    expect_error(s, "silent", ERR_VALIDATION, "without an answer");
    expect_error(s, "forge", ERR_VALIDATION, "not usable");
    expect_error(s, "flood", ERR_TOO_LARGE, "more text than the limit");
    expect_error(s, "endless", ERR_TOO_LARGE, "limit of 1048576 bytes");
    expect_error(s, "error", ERR_VALIDATION, "this file is damaged?[2J");
    expect_error(s, "short of memory", ERR_TOO_LARGE, "64 MiB");
    expect_error(s, "lie", ERR_VALIDATION, "not usable");
}

/* `hanging` has the short deadline; the others' is long, so that a busy machine is no fault. */
static void one_round(Sandbox *s, Sandbox *hanging, bool strict)
{
    Err err;
    char text[64];
    expect_error(s, "crash", ERR_VALIDATION, SANITIZED ? "reader" : "damaged");
    expect_error(s, "abort", ERR_VALIDATION, "damaged");
    if (!SANITIZED) { /* no ceiling of memory there: see confine.c */
        expect_error(s, "grab", ERR_TOO_LARGE, "64 MiB");
        expect_error(s, "dig", ERR_VALIDATION, "damaged");
    }
    uint64_t start = clock_mono_ns();
    expect_error(hanging, "hang", ERR_TIMEOUT, "longer than 200 ms");
    double ms = clock_seconds_since(start) * 1e3;
    if (ms < TIMEOUT_MS - 5 || ms > TIMEOUT_MS + (strict ? 250 : 5000))
        fail_msg("a hang was told after %.0f ms", ms);
    assert_true(run(s, "fault", "fine", text, sizeof text, &err));
    assert_string_equal(text, "fine");
}

static void test_faults(void **state)
{
    const char *campaign = getenv("SOTTO_CAMPAIGN");
    int rounds = campaign ? (int)strtol(campaign, NULL, 10) : 20;
    if (SANITIZED)
        print_message("under a sanitizer: memory grabs and stack overflows are not forced\n");
    Sandbox *hanging = open_sandbox(TIMEOUT_MS);
    one_round(*state, hanging, campaign != NULL);
    unsigned descriptors = open_descriptors();
    int zygote = sandbox_zygote(*state);
    for (int i = 0; i < rounds; i++)
        one_round(*state, hanging, campaign != NULL);
    assert_int_equal(open_descriptors(), descriptors);
    assert_int_equal(sandbox_zygote(*state), zygote);
    sandbox_free(hanging);
}

static void test_zygote_dies(void **state)
{
    Sandbox *s = *state;
    Err err;
    char text[64];
    assert_true(run(s, "fault", "warm", text, sizeof text, &err));
    unsigned descriptors = open_descriptors();
    for (int i = 0; i < 5; i++) {
        int pid = sandbox_zygote(s);
        assert_true(pid > 0);
        assert_int_equal(kill(pid, SIGKILL), 0);
        if (!run(s, "fault", "again", text, sizeof text, &err))
            fail_msg("%s", err.msg);
        assert_string_equal(text, "again");
        assert_int_not_equal(sandbox_zygote(s), pid);
    }
    assert_int_equal(open_descriptors(), descriptors);
}

typedef struct {
    Sandbox *s;
    int wrong;
} Many;

/* ---- children that stay --------------------------------------------------------------------- */

/* The zygote's only child, 0 when there is none; one that has answered may take a moment to go. */
static int only_child(Sandbox *s)
{
    char path[64];
    int pid = sandbox_zygote(s);
    (void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
    for (int i = 0; i < 10000; i++) {
        char text[256] = "", *end;
        FILE *f = fopen(path, "r");
        assert_non_null(f);
        size_t n = fread(text, 1, sizeof text - 1, f);
        (void)fclose(f);
        text[n] = '\0';
        int child = (int)strtol(text, &end, 10);
        if (strtol(end, NULL, 10) == 0)
            return child;
        (void)usleep(1000);
    }
    fail_msg("there is more than one child");
    return 0;
}

static void expect_text(Sandbox *s, const char *input, const char *wanted)
{
    Err err;
    char text[256];
    if (!run(s, "text", input, text, sizeof text, &err))
        fail_msg("%s", err.msg);
    assert_string_equal(text, wanted);
}

/* Small texts share a child; what it cannot read, a child of its own does, and says why. */
static void test_standing(void **state)
{
    (void)state;
    Sandbox *s = open_sandbox(30000);
    Err err;
    unsigned descriptors = open_descriptors();
    expect_text(s, "the first", "the first");
    int child = only_child(s);
    assert_true(child > 0);
    expect_text(s, "the second\r\nin two lines", "the second\nin two lines");
    assert_int_equal(only_child(s), child);
    expect_text(s, "caf\xE9 and fianc\xE9" "e in Latin 1, r\xE9sum\xE9 ",
                "café and fiancée in Latin 1, résumé ");
    assert_int_equal(only_child(s), child);
    assert_int_equal(kill(child, SIGKILL), 0);
    expect_text(s, "after its end", "after its end");
    expect_text(s, "and after that", "and after that");
    int other = only_child(s);
    assert_true(other > 0 && other != child);
    for (int i = 0; i < 200; i++) {
        char input[32], wanted[33];
        (void)snprintf(input, sizeof input, "note %d", i);
        (void)snprintf(wanted, sizeof wanted, "note %d", i);
        expect_text(s, input, wanted);
    }
    assert_int_not_equal(only_child(s), other); /* none reads more than its share */
    assert_false(run(s, "text", "\x01\x02\x03\x7F\xFF\xFE\xFA", NULL, 0, &err));
    assert_int_equal(err.code, ERR_UNSUPPORTED_MEDIA);
    sandbox_free(s);
    assert_true(open_descriptors() <= descriptors);
}

static void *run_texts(void *arg)
{
    Many *m = arg;
    Sandbox *s = m->s;
    for (int i = 0; i < 100; i++) {
        Err err;
        char input[64], text[64];
        (void)snprintf(input, sizeof input, "number %d of %p", i, (void *)&err);
        m->wrong += !run(s, "text", input, text, sizeof text, &err) || strcmp(text, input) != 0;
    }
    return NULL;
}

/* The zygote's end takes all its children with it: nobody hears of it. */
static void test_standing_threads(void **state)
{
    (void)state;
    pthread_t threads[6];
    Many many[6];
    Sandbox *s = open_sandbox(30000);
    for (int i = 0; i < 6; i++) {
        many[i] = (Many){s, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, run_texts, &many[i]), 0);
    }
    while (sandbox_zygote(s) == 0)
        (void)usleep(1000);
    (void)usleep(20000);
    int zygote = sandbox_zygote(s);
    if (zygote > 0)
        (void)kill(zygote, SIGKILL);
    for (int i = 0; i < 6; i++) {
        (void)pthread_join(threads[i], NULL);
        assert_int_equal(many[i].wrong, 0);
    }
    sandbox_free(s);
}

static void *run_many(void *arg)
{
    Many *m = arg;
    for (int i = 0; i < 40; i++) {
        Err err;
        char input[64], text[64];
        (void)snprintf(input, sizeof input, "number %d of %p", i, arg);
        bool ok = run(m->s, "fault", i % 5 == 4 ? "crash" : input, text, sizeof text, &err);
        m->wrong += i % 5 == 4 ? ok : !ok || strcmp(text, input) != 0;
    }
    return NULL;
}

/* Answers go to whom they belong; one thread ends zygotes meanwhile. */
static void test_threads(void **state)
{
    pthread_t threads[6];
    Many many[6];
    for (int i = 0; i < 6; i++) {
        many[i] = (Many){*state, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, run_many, &many[i]), 0);
    }
    for (int i = 0; i < 6; i++) {
        (void)pthread_join(threads[i], NULL);
        assert_int_equal(many[i].wrong, 0);
    }
}

static void test_no_program(void **state)
{
    Err err = ERR_INIT;
    (void)state;
    SandboxOptions o = {.self = "/nonexistent/sotto"};
    Sandbox *s = sandbox_new(&o, &err);
    assert_false(run(s, "text", "x", NULL, 0, &err));
    assert_int_equal(err.code, ERR_UNAVAILABLE);
    sandbox_free(s);
    o.self = "/bin/true"; /* ends at once, whatever it is asked */
    s = sandbox_new(&o, &err);
    assert_false(run(s, "text", "x", NULL, 0, &err));
    assert_int_equal(err.code, ERR_UNAVAILABLE);
    sandbox_free(s);
}

static void test_snapshot(void **state)
{
    Err err = ERR_INIT;
    Snapshot s;
    char path[] = "/tmp/sotto-snapshot-XXXXXX";
    (void)state;
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, "as it was", 9) == 9);
    assert_true(snapshot_file(path, 9, &s, &err));
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_true(str_eq(snapshot_str(&s), STR("as it was")));
    assert_true(s.mtime_ms > 0);
    assert_int_equal(write(s.fd, "x", 1), -1);
    snapshot_release(&s);
    assert_int_equal(write(fd, "longer than nine", 16), 16);
    assert_false(snapshot_file(path, 9, &s, &err));
    assert_int_equal(err.code, ERR_TOO_LARGE);
    assert_false(snapshot_file("/tmp", 9, &s, &err));
    assert_int_equal(err.code, ERR_VALIDATION);
    assert_false(snapshot_file("/nonexistent", 9, &s, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    (void)close(fd);
    (void)unlink(path);
}

/* No test may fail for a loaded machine: the time limit is generous. */
static int set_up(void **state)
{
    *state = open_sandbox(20000);
    return 0;
}

static int tear_down(void **state)
{
    sandbox_free(*state);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], ZYGOTE_FLAG) == 0)
        return extract_child_main_with(argc, argv, &fault);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_reads, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_rights, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_answers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_faults, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_zygote_dies, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_threads, set_up, tear_down),
        cmocka_unit_test(test_standing),
        cmocka_unit_test(test_standing_threads),
        cmocka_unit_test(test_no_program), cmocka_unit_test(test_snapshot)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
