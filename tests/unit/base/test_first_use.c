#include "support/unit.h"

#include "base/first_use.h"
#include "base/hash.h"

/* The only test of this program: what libcrypto makes at its first use is made once a process. */
static void libcrypto_begins_without_memory(void **state)
{
    (void)state;
    static const char abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    Str part = STR("abc");
    uint8_t sha1[20];
    char hex[SHA256_HEX];
    Sha256 h;
    Err err = ERR_INIT;
    crypto_test_fail(1);
    assert_false(sha256(part, &h, &err)); /* past the first use it wants memory as anybody does */
    assert_int_equal(err.code, ERR_NO_MEMORY);
    assert_null(sha256_begin(NULL));
    assert_false(sha1_parts(&part, 1, sha1, NULL));
    crypto_test_fail(0);
    assert_true(sha256(part, &h, NULL));
    assert_string_equal(sha256_hex(&h, hex), abc);
    assert_true(sha1_parts(&part, 1, sha1, NULL));
    assert_int_equal(sha1[0], 0xa9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(libcrypto_begins_without_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
