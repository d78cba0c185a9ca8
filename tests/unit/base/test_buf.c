#include "support/unit.h"

#include "base/mem.h"
#include "support/torture.h"

static void appends(void **state)
{
    (void)state;
    Buf b;
    buf_init(&b, BUF_DEFAULT_MAX);
    assert_str(buf_str(&b), "");
    assert_true(buf_add(&b, STR("one")));
    assert_true(buf_add_char(&b, ' '));
    assert_true(buf_add_c(&b, "two"));
    assert_true(buf_printf(&b, " %d %s", 3, "four"));
    assert_true(buf_add_mem(&b, NULL, 0));
    assert_str(buf_str(&b), "one two 3 four");
    assert_int_equal(b.ptr[b.len], '\0');
    buf_cut(&b, 3);
    assert_string_equal(b.ptr, "one");
    buf_cut(&b, 99);
    assert_int_equal(b.len, 3);
    buf_clear(&b);
    assert_string_equal(b.ptr, "");
    buf_release(&b);
    assert_null(b.ptr);
}

static void long_printf(void **state)
{
    (void)state;
    Buf b;
    buf_init(&b, 100000);
    for (int width = 250; width < 262; width++) { /* around the small buffer's end */
        buf_clear(&b);
        assert_true(buf_printf(&b, "%*d", width, 7));
        assert_int_equal(b.len, width);
        assert_int_equal(b.ptr[width - 1], '7');
        assert_int_equal(strlen(b.ptr), width);
    }
    buf_release(&b);
}

static void the_ceiling_holds_and_failure_stays(void **state)
{
    (void)state;
    Buf b;
    Err err = ERR_INIT;
    buf_init(&b, 10);
    assert_true(buf_add(&b, STR("0123456789"))); /* exactly full */
    assert_true(buf_check(&b, "the body", &err));
    assert_int_equal(err.code, ERR_NONE);
    assert_false(buf_add_char(&b, 'x'));
    assert_str(buf_str(&b), "0123456789");
    buf_cut(&b, 2);
    assert_false(buf_add_char(&b, 'y')); /* every later append fails, even if it would fit */
    assert_str(buf_str(&b), "01");
    assert_err(buf_check(&b, "the body", &err), err, ERR_TOO_LARGE, "the body is larger than");
    size_t len;
    assert_null(buf_take(&b, &len));
    buf_clear(&b);
    assert_true(buf_ok(&b) && buf_add_char(&b, 'z'));
    assert_false(buf_printf(&b, "%300d", 1));
    assert_str(buf_str(&b), "z");
    assert_int_equal(b.max, 10);
    buf_release(&b);
    assert_int_equal(b.max, 10);
}

static void absurd_sizes_fail(void **state)
{
    (void)state;
    Buf b;
    buf_init(&b, SIZE_MAX);
    assert_true(buf_add(&b, STR("x")));
    assert_null(buf_reserve(&b, SIZE_MAX));
    assert_null(buf_reserve(&b, SIZE_MAX - 1));
    assert_str(buf_str(&b), "x");
    buf_release(&b);
}

static void reserve_and_grew(void **state)
{
    (void)state;
    Buf b;
    buf_init(&b, 1000);
    char *to = buf_reserve(&b, 500);
    assert_non_null(to);
    memset(to, 'q', 500);
    buf_grew(&b, 300);
    assert_int_equal(b.len, 300);
    assert_int_equal(b.ptr[300], '\0');
    buf_release(&b);
}

static void take_hands_over(void **state)
{
    (void)state;
    Buf b;
    size_t len = 99;
    buf_init(&b, 1000);
    char *empty = buf_take(&b, &len);
    assert_string_equal(empty, "");
    assert_int_equal(len, 0);
    mem_free(empty);
    (void)buf_add_c(&b, "hello");
    char *text = buf_take(&b, &len);
    assert_string_equal(text, "hello");
    assert_int_equal(len, 5);
    assert_null(b.ptr);
    assert_true(buf_add_c(&b, "again"));
    assert_str(buf_str(&b), "again");
    mem_free(text);
    buf_release(&b);
}

static bool fill(void *arg)
{
    Buf b;
    Err err = ERR_INIT;
    (void)arg;
    buf_init(&b, 1 << 20);
    for (int i = 0; i < 1000; i++)
        (void)buf_printf(&b, "line %d\n", i);
    bool ok = buf_check(&b, "lines", &err);
    if (ok)
        assert_int_equal(b.len, 10 * 7 + 90 * 8 + 900 * 9);
    else
        assert_err(ok, err, ERR_NO_MEMORY, "lines: out of memory");
    buf_release(&b);
    return ok;
}

static void torture(void **state)
{
    (void)state;
    assert_true(torture_alloc(fill, NULL, 0) >= 5);
    assert_true(torture_alloc(fill, NULL, 1) >= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends),
        cmocka_unit_test(long_printf),
        cmocka_unit_test(the_ceiling_holds_and_failure_stays),
        cmocka_unit_test(absurd_sizes_fail),
        cmocka_unit_test(reserve_and_grew),
        cmocka_unit_test(take_hands_over),
        cmocka_unit_test(torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
