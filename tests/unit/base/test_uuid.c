#include "support/unit.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/uuid.h"

static void format_and_parse(void **state)
{
    (void)state;
    static const char text[] = "01890a5d-ac96-774b-bcce-b302099a8057";
    Uuid u, v;
    char out[UUID_TEXT];
    assert_true(uuid_parse(STR("01890A5D-AC96-774B-BCCE-B302099A8057"), &u));
    assert_string_equal(uuid_format(&u, out), text);
    assert_true(uuid_parse(STR("01890a5d-ac96-774b-bcce-b302099a8057"), &v));
    assert_true(uuid_eq(&u, &v));
    v.b[15] ^= 1;
    assert_false(uuid_eq(&u, &v));
    assert_false(uuid_is_nil(&u));
    assert_true(uuid_parse(STR("00000000-0000-0000-0000-000000000000"), &v));
    assert_true(uuid_is_nil(&v));
}

static void parse_bad(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "", "01890a5d", "01890a5dac96774bbcceb302099a8057",
        "01890a5d-ac96-774b-bcce-b302099a805", "01890a5d-ac96-774b-bcce-b302099a80570",
        "{1890a5d-ac96-774b-bcce-b302099a805}", "01890a5d-ac96-774b-bcce_b302099a8057",
        "01890a5da-c96-774b-bcce-b302099a8057", "01890a5d-ac96-774b-bcce-b302099a805g",
        "01890a5d-ac96-774b-bcce-b302099a80 7",
    };
    Uuid u = {{5}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (uuid_parse(str_of(rows[i]), &u))
            fail_msg("took \"%s\"", rows[i]);
    assert_int_equal(u.b[0], 5);
}

static void versions_and_variant(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        Uuid four, seven, other;
        assert_true(uuid_v4(&four, NULL) && uuid_v7(&seven, NULL) && uuid_v4(&other, NULL));
        assert_int_equal(four.b[6] >> 4, 4);
        assert_int_equal(seven.b[6] >> 4, 7);
        assert_int_equal(four.b[8] >> 6, 2);
        assert_int_equal(seven.b[8] >> 6, 2);
        assert_false(uuid_eq(&four, &other));
    }
}

static void v5_of_the_standard(void **state)
{
    (void)state;
    Uuid dns, u;
    char out[UUID_TEXT];
    assert_true(uuid_parse(STR("6ba7b810-9dad-11d1-80b4-00c04fd430c8"), &dns));
    assert_true(uuid_v5(&dns, STR("www.example.com"), &u, NULL)); /* RFC 9562, appendix A.4 */
    assert_string_equal(uuid_format(&u, out), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
    assert_true(uuid_v5(&dns, (Str){NULL, 0}, &u, NULL));
    assert_int_equal(u.b[6] >> 4, 5);
}

static int64_t ms_of(const Uuid *u)
{
    int64_t ms = 0;
    for (int i = 0; i < 6; i++)
        ms = ms << 8 | u->b[i];
    return ms;
}

static void v7_is_in_order(void **state)
{
    (void)state;
    Uuid last, u;
    int64_t before = clock_now_ms();
    assert_true(uuid_v7(&last, NULL));
    for (int i = 0; i < 20000; i++) { /* far more than 4096 in some millisecond */
        assert_true(uuid_v7(&u, NULL));
        assert_true(memcmp(&last, &u, sizeof u) < 0);
        last = u;
    }
    assert_true(ms_of(&u) >= before && ms_of(&u) <= clock_now_ms() + 1000);
    clock_set_ms(before - 3600000); /* the clock is set back */
    assert_true(uuid_v7(&u, NULL));
    assert_true(memcmp(&last, &u, sizeof u) < 0);
    clock_set_ms(before + 3600000);
    assert_true(uuid_v7(&u, NULL));
    assert_true(ms_of(&u) >= before + 3600000);
}

#define EACH 5000
static Uuid made[4][EACH];

static void *make(void *arg)
{
    Uuid *out = arg;
    for (size_t i = 0; i < EACH; i++)
        if (!uuid_v7(&out[i], NULL))
            return NULL;
    return arg;
}

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(Uuid));
}

static void v7_is_unique_across_threads(void **state)
{
    (void)state;
    pthread_t t[4];
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, make, made[i]), 0);
    for (size_t i = 0; i < 4; i++) {
        void *done = NULL;
        (void)pthread_join(t[i], &done);
        assert_non_null(done);
        for (size_t k = 1; k < EACH; k++)
            assert_true(memcmp(&made[i][k - 1], &made[i][k], sizeof(Uuid)) < 0);
    }
    Uuid *all = &made[0][0];
    qsort(all, 4 * EACH, sizeof *all, by_bytes);
    for (size_t k = 1; k < 4 * EACH; k++)
        assert_true(memcmp(all[k - 1].b, all[k].b, 8) < 0); /* the ordered half alone differs */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(format_and_parse),   cmocka_unit_test(parse_bad),
        cmocka_unit_test(versions_and_variant), cmocka_unit_test(v5_of_the_standard),
        cmocka_unit_test(v7_is_in_order),     cmocka_unit_test(v7_is_unique_across_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
