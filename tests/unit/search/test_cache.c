/* test_cache.c - bounded, timed, and safe to hold an entry that is thrown out meanwhile. */
#include "support/unit.h"

#include <pthread.h>
#include <time.h>

#include "search/cache.h"
#include "support/torture.h"

static void put(Cache *c, const char *key, int value)
{
    Arena *a = arena_new(1 << 20);
    int *v = a ? ARENA_NEW(a, int) : NULL;
    assert_non_null(v);
    *v = value;
    cache_put(c, str_of(key), a, v);
}

static int get(Cache *c, const char *key)
{
    CacheEntry *held;
    const int *v = cache_enter(c, str_of(key), &held);
    int value = v ? *v : -1;
    cache_leave(c, held);
    return value;
}

static void test_least_used_goes_first(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Cache *c = cache_new("test", 3, 1 << 20, 60000, &err);
    assert_non_null(c);
    put(c, "a", 1);
    put(c, "b", 2);
    put(c, "c", 3);
    assert_int_equal(get(c, "a"), 1);
    put(c, "d", 4); /* b is the one that nobody asked for */
    assert_int_equal(get(c, "b"), -1);
    assert_int_equal(get(c, "a"), 1);
    assert_int_equal(get(c, "c"), 3);
    assert_int_equal(get(c, "d"), 4);
    put(c, "d", 5);
    assert_int_equal(get(c, "d"), 5);
    CacheStats s = cache_stats(c);
    assert_int_equal(s.entries, 3);
    assert_int_equal(s.hits, 5);
    assert_int_equal(s.misses, 1);
    cache_free(c);
}

static void test_bytes(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Cache *c = cache_new("test", 1000, 200000, 60000, &err);
    char key[16];
    for (int i = 0; i < 200; i++) {
        (void)snprintf(key, sizeof key, "k%d", i);
        put(c, key, i);
        assert_true(cache_stats(c).bytes <= 200000);
    }
    assert_int_equal(get(c, "k199"), 199);
    /* one larger than an eighth of the cache is not kept */
    Arena *a = arena_new(1 << 20);
    int *big = arena_alloc(a, 30000);
    cache_put(c, STR("big"), a, big);
    assert_int_equal(get(c, "big"), -1);
    cache_free(c);
    c = cache_new("test", 0, 200000, 60000, &err);
    put(c, "a", 1);
    assert_int_equal(get(c, "a"), -1);
    cache_free(c);
}

static void test_time(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Cache *c = cache_new("test", 3, 1 << 20, 20, &err);
    put(c, "a", 1);
    (void)nanosleep(&(struct timespec){.tv_nsec = 30 * 1000000}, NULL);
    assert_int_equal(get(c, "a"), -1);
    assert_int_equal(cache_stats(c).entries, 0);
    cache_free(c);
}

static void test_held_entries_live_on(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Cache *c = cache_new("test", 1, 1 << 20, 60000, &err);
    CacheEntry *held, *again;
    put(c, "a", 1);
    const int *v = cache_enter(c, STR("a"), &held), *w = cache_enter(c, STR("a"), &again);
    put(c, "b", 2);
    assert_int_equal(*v, 1);
    cache_leave(c, held);
    assert_int_equal(*w, 1);
    cache_leave(c, again);
    assert_int_equal(get(c, "b"), 2);
    cache_free(c);
}

static void *hammer(void *arg)
{
    char key[8];
    for (int i = 0; i < 3000; i++) {
        (void)snprintf(key, sizeof key, "%d", i * 7 % 23);
        int got = get(arg, key);
        if (got < 0)
            put(arg, key, i * 7 % 23);
        else
            assert_int_equal(got, i * 7 % 23);
    }
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    pthread_t t[4];
    Cache *c = cache_new("test", 16, 1 << 20, 60000, &err);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, hammer, c), 0);
    for (int i = 0; i < 4; i++)
        (void)pthread_join(t[i], NULL);
    assert_true(cache_stats(c).entries <= 16);
    cache_free(c);
}

static bool make_and_fill(void *arg)
{
    Err err = ERR_INIT;
    Cache *c = cache_new("test", 4, 1 << 20, 60000, &err);
    (void)arg;
    if (!c)
        return false;
    Arena *a = arena_new(1 << 20);
    if (a)
        cache_put(c, STR("a"), a, c);
    bool ok = cache_stats(c).entries == 1;
    cache_free(c);
    return ok;
}

static void test_memory(void **state)
{
    (void)state;
    assert_true(torture_alloc(make_and_fill, NULL, 0) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_least_used_goes_first),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_held_entries_live_on),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
