/* test_form.c - query strings and form bodies. */
#include "base/mem.h"
#include "net/form.h"
#include "support/unit.h"

static Arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(ARENA_DEFAULT_MAX);
    return arena ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static void pairs(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t count;
        const char *name, *value;
    } cases[] = {
        {"", 0, "a", NULL},
        {"&&&", 0, "a", NULL},
        {"a=1", 1, "a", "1"},
        {"a=1&b=2", 2, "b", "2"},
        {"a=1&a=2", 2, "a", "1"},
        {"a", 1, "a", ""},
        {"a=", 1, "a", ""},
        {"=1", 1, "", "1"},
        {"a=b=c", 1, "a", "b=c"},
        {"a=b+c%20d", 1, "a", "b c d"},
        {"a=%2B%26%3d", 1, "a", "+&="},
        {"%61%20+b=x", 1, "a  b", "x"},
        {"q=Gr%C3%BC%C3%9Fe", 1, "q", "Gr\xC3\xBC\xC3\x9F" "e"},
        {"q=\xC3\xBC", 1, "q", "\xC3\xBC"},
        {"a=%0a", 1, "a", "\n"},
        {"A=1", 1, "a", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        Err err = ERR_INIT;
        Form f;
        if (!form_parse(str_of(cases[i].text), arena, &f, &err))
            fail_msg("%s: %s", cases[i].text, err.msg);
        assert_int_equal(f.count, cases[i].count);
        Str got = form_get(&f, cases[i].name);
        if (cases[i].value)
            assert_str(got, cases[i].value);
        else
            assert_null(got.ptr);
    }
}

static void repeated(void **state)
{
    (void)state;
    Form f;
    assert_true(form_parse(STR("tag=a&x=y&tag=b&tag="), arena, &f, NULL));
    assert_int_equal(form_count(&f, "tag"), 3);
    static const char *const want[] = {"a", "b", ""};
    size_t at = 0, n = 0;
    Str value;
    while (form_next(&f, "tag", &at, &value))
        assert_str(value, want[n++]);
    assert_int_equal(n, 3);
    assert_int_equal(form_count(&f, "none"), 0);
}

static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"a=%", "escape"},      {"a=%4", "escape"},  {"a=%zz", "escape"}, {"%=x", "escape"},
        {"a=1%00", "NUL"},      {"%00=1", "NUL"},    {"a=%ff", "UTF-8"},  {"a=%c0%af", "UTF-8"},
        {"a=%ed%a0%80", "UTF-8"}, {"\xff=1", "UTF-8"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        Err err = ERR_INIT;
        Form f;
        assert_err(form_parse(str_of(cases[i].text), arena, &f, &err), err, ERR_VALIDATION,
                   cases[i].why);
    }
    Buf many;
    buf_init(&many, 65536);
    for (int i = 0; i < FORM_PAIRS_MAX; i++)
        buf_add_c(&many, "a&");
    Form f;
    Err err = ERR_INIT;
    assert_true(form_parse(buf_str(&many), arena, &f, &err));
    buf_add_c(&many, "a");
    assert_err(form_parse(buf_str(&many), arena, &f, &err), err, ERR_VALIDATION, "256");
    buf_release(&many);
}

static void encoding_and_back(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed < 500; seed++) {
        char text[64];
        size_t n = seed % sizeof text;
        for (size_t i = 0; i < n; i++) {
            text[i] = (char)(1 + (seed * 7919 + i * 104729) % 127);
        }
        Buf b;
        Str back;
        buf_init(&b, 4096);
        assert_true(form_encode(&b, str_mem(text, n)));
        for (size_t i = 0; i < b.len; i++)
            assert_true(b.ptr[i] > ' ' && !strchr("&=+#?/", b.ptr[i]));
        assert_true(form_decode(buf_str(&b), true, arena, &back, NULL));
        assert_true(str_eq(back, str_mem(text, n)));
        buf_release(&b);
    }
    Str plus;
    assert_true(form_decode(STR("a+b"), false, arena, &plus, NULL));
    assert_str(plus, "a+b");
}

static void short_memory(void **state)
{
    (void)state;
    Arena *tiny = arena_new(64);
    Form f;
    Err err = ERR_INIT;
    assert_err(form_parse(STR("a=1&b=2&c=3&d=4"), tiny, &f, &err), err, ERR_NO_MEMORY, "memory");
    arena_free(tiny);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs),
        cmocka_unit_test(repeated),
        cmocka_unit_test(refused),
        cmocka_unit_test(encoding_and_back),
        cmocka_unit_test(short_memory),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
