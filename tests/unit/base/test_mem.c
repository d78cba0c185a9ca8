#include "support/unit.h"

#include <pthread.h>

#include "base/arena.h"
#include "base/mem.h"

static void zalloc_is_zero(void **state)
{
    (void)state;
    unsigned char *p = mem_zalloc(1000), *q = mem_array(250, 4);
    assert_non_null(p);
    assert_non_null(q);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(p[i] | q[i], 0);
    mem_free(p);
    mem_free(q);
}

static void zero_bytes_is_a_block(void **state)
{
    (void)state;
    void *blocks[] = {mem_alloc(0), mem_zalloc(0), mem_array(0, 8), mem_resize(NULL, 0, 1),
                      mem_aligned(64, 0)};
    for (size_t i = 0; i < ARRAY_LEN(blocks); i++) {
        assert_non_null(blocks[i]);
        mem_free(blocks[i]);
    }
}

static void products_that_overflow_fail(void **state)
{
    (void)state;
    volatile size_t huge = SIZE_MAX / 2 + 2; /* the compiler would warn of a constant */
    assert_null(mem_array(huge, 2));
    char *p = mem_alloc(8);
    assert_non_null(p);
    memcpy(p, "1234567", 8);
    assert_null(mem_resize(p, huge, 2));
    assert_string_equal(p, "1234567"); /* the old block stays valid */
    p = mem_resize(p, 4000, 2);
    assert_non_null(p);
    assert_string_equal(p, "1234567");
    mem_free(p);
}

static void aligned_is_aligned(void **state)
{
    (void)state;
    for (size_t align = 16; align <= 4096; align *= 2) {
        void *p = mem_aligned(align, 33);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % align, 0);
        mem_free(p);
    }
}

static void strdup_copies(void **state)
{
    (void)state;
    char *p = mem_strdup("sotto voce");
    assert_string_equal(p, "sotto voce");
    mem_free(p);
    mem_free(NULL);
}

static void the_nth_fails_once(void **state)
{
    (void)state;
    mem_test_fail(3, 0);
    for (int i = 1; i <= 5; i++) {
        void *p = mem_alloc(1);
        assert_int_equal(p == NULL, i == 3);
        mem_free(p);
    }
    mem_test_fail(0, 0);
}

static void every_function_can_fail_forever(void **state)
{
    (void)state;
    char keep[1] = {0};
    mem_test_fail(1, 1);
    for (int round = 0; round < 2; round++) {
        assert_null(mem_alloc(1));
        assert_null(mem_zalloc(1));
        assert_null(mem_array(1, 1));
        assert_null(mem_aligned(16, 1));
        assert_null(mem_resize(NULL, 1, 1));
        assert_null(mem_strdup("x"));
        mem_free(NULL);
    }
    assert_int_equal(keep[0], 0);
    mem_test_fail(0, 0);
    void *p = mem_alloc(1);
    assert_non_null(p);
    mem_free(p);
}

static void *allocate_some(void *arg)
{
    (void)arg;
    for (int i = 0; i < 1000; i++)
        mem_free(mem_alloc(16));
    return NULL;
}

static void count_covers_all_threads(void **state)
{
    (void)state;
    (void)mem_test_count();
    pthread_t t[4];
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, allocate_some, NULL), 0);
    for (size_t i = 0; i < 4; i++)
        (void)pthread_join(t[i], NULL);
    assert_int_equal(mem_test_count(), 4000);
    assert_int_equal(mem_test_count(), 0);
}

static void grows_in_twos_and_keeps_what_there_is(void **state)
{
    (void)state;
    uint32_t *list = NULL;
    size_t n = 0, cap = 0, grown = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        size_t before = cap;
        assert_true(MEM_GROW(list, n, cap));
        grown += cap != before;
        list[n++] = i;
    }
    assert_int_equal(cap, 1024);
    assert_int_equal(grown, 7); /* 16, 32, ..., 1024 */
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(list[i], i);
    n = cap;
    mem_test_fail(1, 0);
    assert_false(MEM_GROW(list, n, cap));
    mem_test_fail(0, 0);
    assert_int_equal(cap, 1024);
    assert_int_equal(list[999], 999);
    mem_free(list);
}

static void an_arena_grows_a_list_as_well(void **state)
{
    (void)state;
    Arena *a = arena_new(1 << 16);
    assert_non_null(a);
    char *list = NULL;
    size_t n = 0, cap = 0;
    while (ARENA_GROW(a, list, n, cap))
        list[n] = (char)('a' + n % 26), n++;
    assert_true(n >= 8192 && n == cap); /* the ceiling ended it */
    for (size_t i = 0; i < n; i++)
        assert_int_equal(list[i], 'a' + i % 26);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zalloc_is_zero),
        cmocka_unit_test(zero_bytes_is_a_block),
        cmocka_unit_test(products_that_overflow_fail),
        cmocka_unit_test(aligned_is_aligned),
        cmocka_unit_test(strdup_copies),
        cmocka_unit_test(the_nth_fails_once),
        cmocka_unit_test(every_function_can_fail_forever),
        cmocka_unit_test(count_covers_all_threads),
        cmocka_unit_test(grows_in_twos_and_keeps_what_there_is),
        cmocka_unit_test(an_arena_grows_a_list_as_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
