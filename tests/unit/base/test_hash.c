#include "support/unit.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/os.h"
#include "support/tempdir.h"
#include "support/torture.h"

static const char empty_hex[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
static const char abc_hex[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

static void sha256_of_the_standard(void **state)
{
    (void)state;
    static const struct {
        const char *text, *hex; /* FIPS 180-2, appendix B */
    } rows[] = {
        {"", empty_hex},
        {"abc", abc_hex},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    char hex[SHA256_HEX];
    Sha256 h, back;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_true(sha256(str_of(rows[i].text), &h, NULL));
        assert_string_equal(sha256_hex(&h, hex), rows[i].hex);
        assert_true(sha256_parse(str_of(hex), &back));
        assert_memory_equal(&h, &back, sizeof h);
    }
    assert_true(sha256((Str){NULL, 0}, &h, NULL));
    assert_string_equal(sha256_hex(&h, hex), empty_hex);
}

static void sha256_parse_is_strict(void **state)
{
    (void)state;
    char hex[SHA256_HEX + 1];
    Sha256 h = {{7}};
    memcpy(hex, abc_hex, sizeof abc_hex);
    hex[63] = 'g';
    assert_false(sha256_parse(str_of(hex), &h));
    assert_false(sha256_parse(str_mem(abc_hex, 63), &h));
    assert_false(sha256_parse(STR(""), &h));
    assert_int_equal(h.b[0], 7);
    Str upper = STR("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD");
    assert_true(sha256_parse(upper, &h));
    assert_int_equal(h.b[0], 0xBA);
}

static void streams_agree(void **state)
{
    (void)state;
    static char data[1000000];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (char)(i * 7 + i / 256);
    Sha256 whole, parts, file;
    Err err = ERR_INIT;
    assert_true(sha256(str_mem(data, sizeof data), &whole, &err));
    Sha256Stream *s = sha256_begin(&err);
    assert_non_null(s);
    for (size_t at = 0, step = 1; at < sizeof data; at += step, step = step * 2 + 1) {
        if (step > sizeof data - at)
            step = sizeof data - at;
        assert_true(sha256_more(s, str_mem(data + at, step), &err));
    }
    assert_true(sha256_end(s, &parts, &err));
    assert_memory_equal(&whole, &parts, sizeof whole);

    TempDir dir;
    tempdir_make(&dir);
    const char *path = tempdir_file(&dir, "f");
    assert_true(os_write_file(path, str_mem(data, sizeof data), 0, &err));
    assert_true(sha256_file(path, &file, &err));
    assert_memory_equal(&whole, &file, sizeof whole);
    assert_err(sha256_file(tempdir_file(&dir, "none"), &file, &err), err, ERR_NOT_FOUND, "none");
    assert_err(sha256_file(dir.path, &file, &err), err, ERR_IO, "cannot read");
    for (unsigned nth = 1; nth <= 2; nth++) {
        mem_test_fail(nth, 0);
        bool ok = sha256_file(path, &file, &err);
        mem_test_fail(0, 0);
        assert_false(ok);
        assert_int_equal(err.code, ERR_NO_MEMORY);
    }
    assert_memory_equal(&whole, &file, sizeof whole); /* untouched */
    tempdir_remove(&dir);
}

static void sha1_of_parts(void **state)
{
    (void)state;
    Str parts[] = {STR("a"), STR(""), STR("bc")};
    uint8_t out[20];
    static const uint8_t want[20] = {0xa9, 0x99, 0x3e, 0x36, 0x47, 0x06, 0x81, 0x6a, 0xba, 0x3e,
                                     0x25, 0x71, 0x78, 0x50, 0xc2, 0x6c, 0x9c, 0xd0, 0xd8, 0x9d};
    assert_true(sha1_parts(parts, 3, out, NULL));
    assert_memory_equal(out, want, 20);
}

static void crc32c_of_the_standard(void **state)
{
    (void)state;
    uint8_t zeros[32] = {0}, ones[32], up[32];
    memset(ones, 0xFF, sizeof ones);
    for (size_t i = 0; i < sizeof up; i++)
        up[i] = (uint8_t)i;
    static uint32_t (*const fns[])(uint32_t, const void *, size_t) = {crc32c, crc32c_portable};
    for (size_t i = 0; i < ARRAY_LEN(fns); i++) { /* RFC 3720, appendix B.4 */
        assert_int_equal(fns[i](0, "123456789", 9), 0xE3069283u);
        assert_int_equal(fns[i](0, zeros, 32), 0x8A9136AAu);
        assert_int_equal(fns[i](0, ones, 32), 0x62A8AB43u);
        assert_int_equal(fns[i](0, up, 32), 0x46DD794Eu);
        assert_int_equal(fns[i](0, NULL, 0), 0);
    }
}

static void crc32c_chains_and_both_ways_agree(void **state)
{
    (void)state;
    uint8_t data[300];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * i + 3);
    for (size_t from = 0; from < 9; from++)
        for (size_t n = 0; n + from <= sizeof data; n += 7) {
            uint32_t whole = crc32c(0, data + from, n);
            assert_int_equal(whole, crc32c_portable(0, data + from, n));
            assert_int_equal(whole, crc32c(crc32c(0, data + from, n / 3), data + from + n / 3,
                                           n - n / 3));
        }
}

/* Written from the format in checksum.c's head, a byte at a time. */
static uint64_t rol(uint64_t x, unsigned r)
{
    return x << r | x >> (64 - r);
}

static uint64_t reference_mix(uint64_t x)
{
    x ^= x >> 32;
    x *= 0xC2B2AE3D27D4EB4Fu;
    x ^= x >> 29;
    x *= 0x9E3779B185EBCA87u;
    return x ^ x >> 32;
}

static uint64_t reference_sum(uint64_t seed, const uint8_t *p, size_t n)
{
    uint64_t lane[8], h = seed ^ (uint64_t)n * 0xC2B2AE3D27D4EB4Fu;
    for (uint64_t i = 0; i < 8; i++)
        lane[i] = seed + (i + 1) * 0xC2B2AE3D27D4EB4Fu;
    size_t padded = (n + 63) / 64 * 64;
    for (size_t at = 0; at < padded; at += 8) {
        uint64_t word = 0;
        for (size_t k = 0; k < 8; k++)
            word |= (uint64_t)(at + k < n ? p[at + k] : 0) << (8 * k);
        size_t i = at / 8 % 8;
        lane[i] = (rol(lane[i], 31) ^ word) * 0x9E3779B185EBCA87u;
    }
    for (size_t i = 0; i < 8; i++)
        h = (rol(h, 27) ^ reference_mix(lane[i])) * 0x9E3779B185EBCA87u;
    return reference_mix(h);
}

static void checksum64_is_the_documented_format(void **state)
{
    (void)state;
    uint8_t data[400];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 31 + 7);
    for (size_t n = 0; n <= sizeof data; n++) {
        assert_true(checksum64(0, data, n) == reference_sum(0, data, n));
        assert_true(checksum64(42, data + n % 3, n - n % 3) ==
                    reference_sum(42, data + n % 3, n - n % 3));
    }
    /* files carry these sums: a change of the format must be noticed */
    assert_true(checksum64(0, "", 0) == 0x371ce3526abc7e11u);
    assert_true(checksum64(1, data, 100) == 0x7dc0f930b66966edu);
    assert_true(checksum64(1, data, 100) != checksum64(2, data, 100));
}

static void checksum64_sees_every_flip_and_cut(void **state)
{
    (void)state;
    uint8_t data[200] = {0};
    uint64_t whole = checksum64(9, data, sizeof data);
    for (size_t bit = 0; bit < 8 * sizeof data; bit++) {
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_true(checksum64(9, data, sizeof data) != whole);
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t n = 0; n < sizeof data; n++) /* all zeros: only the length tells */
        assert_true(checksum64(9, data, n) != whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_of_the_standard),
        cmocka_unit_test(sha256_parse_is_strict),
        cmocka_unit_test(streams_agree),
        cmocka_unit_test(sha1_of_parts),
        cmocka_unit_test(crc32c_of_the_standard),
        cmocka_unit_test(crc32c_chains_and_both_ways_agree),
        cmocka_unit_test(checksum64_is_the_documented_format),
        cmocka_unit_test(checksum64_sees_every_flip_and_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
