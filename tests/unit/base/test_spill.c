/* Blocks that the disk may have: contents survive being let go of, memory does not grow. */
#include "support/unit.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/spill.h"
#include "support/tempdir.h"

static Spill *open_in(const TempDir *dir)
{
    Err err = ERR_INIT;
    Spill *s = spill_open(dir->path, &err);
    if (!s)
        fail_msg("%s", err.msg);
    return s;
}

static size_t mapped(void)
{
    unsigned long all, resident, shared = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%lu %lu %lu", &all, &resident, &shared), 3);
    (void)fclose(f);
    return shared * (size_t)sysconf(_SC_PAGESIZE);
}

static void test_blocks(void **state)
{
    (void)state;
    TempDir dir;
    tempdir_make(&dir);
    Spill *s = open_in(&dir);
    uint32_t *a = NULL, *b = spill_resize(s, NULL, 100000, 4);
    assert_non_null(b);
    for (uint32_t n = 1, i = 0; n < 400000; n = n * 3 + 7) {
        a = spill_resize(s, a, n, sizeof *a);
        assert_non_null(a);
        for (; i < n; i++) {
            assert_int_equal(a[i], 0); /* what is new */
            a[i] = i * 2654435761u;
        }
        spill_cool(s);
        for (uint32_t j = 0; j < n; j++)
            if (a[j] != j * 2654435761u)
                fail_msg("of %u words the one at %u is lost", n, j);
    }
    a = spill_resize(s, a, 10, sizeof *a); /* shrinks */
    assert_non_null(a);
    for (uint32_t j = 0; j < 10; j++)
        assert_int_equal(a[j], j * 2654435761u);
    for (uint32_t j = 0; j < 100000; j++)
        assert_int_equal(b[j], 0); /* the neighbours' are their own */
    assert_null(spill_resize(s, NULL, SIZE_MAX / 2, 4));
    spill_free(s, a);
    spill_free(s, NULL);
    spill_close(s);
    spill_close(NULL);
    tempdir_remove(&dir);
}

static void test_no_folder(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    assert_null(spill_open("/tmp/sotto-no-such-folder", &err));
    assert_int_equal(err.code, ERR_IO);
}

/* A file that may not grow (a full disk is the same): the block lies in memory, and stays. */
static void test_no_room(void **state)
{
    (void)state;
    TempDir dir;
    tempdir_make(&dir);
    Spill *s = open_in(&dir);
    struct rlimit was, small = {65536, 65536};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    small.rlim_max = was.rlim_max;
    void (*old)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    char *p = spill_resize(s, NULL, 1 << 20, 1);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    (void)signal(SIGXFSZ, old);
    assert_non_null(p);
    memset(p, 'x', 1 << 20);
    spill_cool(s);
    assert_int_equal(p[(1 << 20) - 1], 'x');
    spill_close(s);
    tempdir_remove(&dir);
}

static void test_memory_stays(void **state)
{
    (void)state;
    TempDir dir;
    tempdir_make(&dir);
    Spill *s = open_in(&dir);
    char *p = spill_resize(s, NULL, (size_t)64 << 20, 1);
    assert_non_null(p);
    void *mine = mmap(NULL, (size_t)8 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
        -1, 0);
    assert_true(mine != MAP_FAILED);
    for (int i = 0; i < 64; i++)
        spill_trim((size_t)4 << 20); /* what is there before is not counted */
    size_t before = mapped(), most = 0;
    for (size_t at = 0; at < (size_t)64 << 20; at += 4096) {
        p[at] = (char)(at >> 12);
        spill_trim((size_t)4 << 20);
        if (at % (1 << 20) == 0 && mapped() > most)
            most = mapped();
    }
    if (most > before + ((size_t)12 << 20))
        fail_msg("%zu MB more were mapped at one time", (most - before) >> 20);
    for (size_t at = 0; at < (size_t)64 << 20; at += 4096)
        assert_int_equal(p[at], (char)(at >> 12));
    spill_cool(s);
    assert_true(mapped() < before + ((size_t)12 << 20));
    assert_true(spill_watch(s, mine, (size_t)8 << 20));
    spill_unwatch(s, mine);
    munmap(mine, (size_t)8 << 20);
    spill_close(s);
    tempdir_remove(&dir);
}

typedef struct {
    Spill *s;
    uint64_t *words;
    atomic_bool stop;
} Race;

static void *cool_on(void *arg)
{
    Race *r = arg;
    while (!atomic_load(&r->stop))
        spill_cool(r->s);
    return NULL;
}

static void test_written_while_cooled(void **state)
{
    (void)state;
    TempDir dir;
    pthread_t t;
    tempdir_make(&dir);
    Race r = {.s = open_in(&dir)};
    r.words = spill_resize(r.s, NULL, 100000, 8);
    assert_non_null(r.words);
    assert_int_equal(pthread_create(&t, NULL, cool_on, &r), 0);
    for (uint64_t round = 1; round <= 5; round++)
        for (uint64_t i = 0; i < 100000; i++)
            r.words[i] += i * round;
    atomic_store(&r.stop, true);
    pthread_join(t, NULL);
    for (uint64_t i = 0; i < 100000; i++)
        assert_int_equal(r.words[i], i * 15);
    spill_close(r.s);
    tempdir_remove(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_no_folder),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_memory_stays),
        cmocka_unit_test(test_written_while_cooled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
