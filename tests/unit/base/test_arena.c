#include "support/unit.h"

#include "base/arena.h"
#include "support/torture.h"

static void pieces_are_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    unsigned char *pieces[2000];
    size_t sizes[2000];
    uint32_t seed = 1;
    for (int round = 0; round < 3; round++) { /* a reset arena hands out used memory */
        for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
            seed = seed * 1664525u + 1013904223u;
            sizes[i] = seed >> 16 & (i % 50 == 0 ? 0x3FFFF : 0xFF);
            pieces[i] = arena_alloc(a, sizes[i]);
            assert_non_null(pieces[i]);
            assert_int_equal((uintptr_t)pieces[i] % 16, 0);
            for (size_t k = 0; k < sizes[i]; k++)
                assert_int_equal(pieces[i][k], 0);
            memset(pieces[i], (int)(i % 255 + 1), sizes[i]);
        }
        for (size_t i = 0; i < ARRAY_LEN(pieces); i++)
            for (size_t k = 0; k < sizes[i]; k++)
                assert_int_equal(pieces[i][k], i % 255 + 1);
        assert_true(arena_used(a) > 0);
        arena_reset(a);
        assert_int_equal(arena_used(a), 0);
    }
    arena_free(a);
}

static void the_ceiling_holds(void **state)
{
    (void)state;
    Arena *a = arena_new(100);
    assert_non_null(arena_alloc(a, 40)); /* 48 with rounding */
    assert_null(arena_alloc(a, 53));
    assert_non_null(arena_alloc(a, 48));
    assert_null(arena_alloc(a, 16));
    assert_int_equal(arena_used(a), 96);
    arena_reset(a);
    assert_non_null(arena_alloc(a, 96));
    arena_free(a);
    arena_free(NULL);
}

static void overflow_fails(void **state)
{
    (void)state;
    Arena *a = arena_new(SIZE_MAX);
    assert_null(arena_array(a, SIZE_MAX / 2 + 1, 2));
    assert_null(arena_alloc(a, SIZE_MAX));
    assert_null(arena_alloc(a, SIZE_MAX - 8));
    assert_null(arena_cstr(a, (Str){"x", SIZE_MAX}));
    assert_int_equal(arena_used(a), 0);
    int *ints = ARENA_NEW_ARRAY(a, int, 10);
    assert_non_null(ints);
    arena_free(a);
}

static void text(void **state)
{
    (void)state;
    Arena *a = arena_new(1 << 20);
    Str s = arena_str(a, STR("copied"));
    assert_str(s, "copied");
    assert_int_equal(s.ptr[s.len], '\0');
    Str empty = arena_str(a, (Str){NULL, 0});
    assert_non_null(empty.ptr);
    assert_int_equal(empty.len, 0);
    assert_string_equal(arena_cstr(a, str_mem("abcdef", 3)), "abc");
    assert_str(arena_printf(a, "%d-%s", 5, "x"), "5-x");
    for (int width = 250; width < 260; width++) {
        Str wide = arena_printf(a, "%*d", width, 9);
        assert_int_equal(wide.len, width);
        assert_int_equal(wide.ptr[width - 1], '9');
        assert_int_equal(wide.ptr[width], '\0');
    }
    Buf b;
    buf_init(&b, 4);
    (void)buf_add_c(&b, "1234");
    assert_str(arena_buf(a, &b), "1234");
    (void)buf_add_c(&b, "5");
    assert_null(arena_buf(a, &b).ptr);
    buf_release(&b);
    arena_free(a);
}

static void short_of_memory_gives_null_text(void **state)
{
    (void)state;
    Arena *a = arena_new(16);
    assert_null(arena_str(a, STR("longer than sixteen bytes")).ptr);
    assert_null(arena_printf(a, "%300d", 1).ptr);
    assert_non_null(arena_str(a, STR("")).ptr);
    arena_free(a);
}

static bool build(void *arg)
{
    (void)arg;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    if (!a)
        return false;
    bool ok = true;
    for (size_t i = 0; i < 400 && ok; i++)
        ok = arena_alloc(a, i * 13) != NULL;
    ok = ok && arena_alloc(a, 5 << 20) != NULL;
    if (ok)
        assert_true(arena_used(a) > 400 * 399 / 2 * 13);
    arena_free(a);
    return ok;
}

static void torture(void **state)
{
    (void)state;
    assert_true(torture_alloc(build, NULL, 0) >= 8);
    assert_true(torture_alloc(build, NULL, 1) >= 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_zeroed_aligned_and_apart),
        cmocka_unit_test(the_ceiling_holds),
        cmocka_unit_test(overflow_fails),
        cmocka_unit_test(text),
        cmocka_unit_test(short_of_memory_gives_null_text),
        cmocka_unit_test(torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
