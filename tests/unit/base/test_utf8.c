#include "support/unit.h"

#include "base/utf8.h"

/* An independent check: decode by the bit patterns alone, then refuse by value (RFC 3629). */
static size_t reference_len(const unsigned char *s, size_t n)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned c = s[0];
    size_t need = c < 0x80 ? 1 : c >> 5 == 6 ? 2 : c >> 4 == 14 ? 3 : c >> 3 == 30 ? 4 : 0;
    if (need == 0 || need > n)
        return 0;
    uint32_t cp = need == 1 ? s[0] : s[0] & (0x7Fu >> need);
    for (size_t i = 1; i < need; i++) {
        if (s[i] >> 6 != 2)
            return 0;
        cp = cp << 6 | (s[i] & 0x3F);
    }
    if (need > 1 && (cp < least[need] || cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF)))
        return 0;
    return need;
}

static void every_start_of_a_character(void **state)
{
    (void)state;
    static const unsigned char third[] = {0x00, 0x41, 0x7F, 0x80, 0xBF, 0xC0, 0xFF};
    unsigned char s[4];
    for (int a = 0; a < 256; a++)
        for (int b = 0; b < 256; b++)
            for (size_t c = 0; c < ARRAY_LEN(third); c++)
                for (size_t d = 0; d < ARRAY_LEN(third); d++)
                    for (size_t n = 1; n <= 4; n++) {
                        s[0] = (unsigned char)a;
                        s[1] = (unsigned char)b;
                        s[2] = third[c];
                        s[3] = third[d];
                        size_t want = reference_len(s, n), at = 0;
                        uint32_t cp = utf8_next(str_mem((char *)s, n), &at);
                        if ((cp != UTF8_INVALID) != (want != 0) || at != (want ? want : 1))
                            fail_msg("%02x %02x %02x %02x of %zu", s[0], s[1], s[2], s[3], n);
                    }
}

static void every_code_point_round_trips(void **state)
{
    (void)state;
    for (uint32_t cp = 0; cp <= 0x110010; cp++) {
        char bytes[4];
        size_t n = utf8_put(cp, bytes), at = 0;
        bool real = cp <= 0x10FFFF && (cp < 0xD800 || cp > 0xDFFF);
        if (!real) {
            assert_int_equal(n, 0);
            continue;
        }
        if (!utf8_ok(str_mem(bytes, n)) || utf8_next(str_mem(bytes, n), &at) != cp || at != n)
            fail_msg("U+%X", cp);
    }
    Buf b;
    buf_init(&b, 100);
    assert_true(utf8_append(&b, 0x20AC));
    assert_false(utf8_append(&b, 0xD800));
    assert_str(buf_str(&b), "\xE2\x82\xAC");
    buf_release(&b);
}

static void valid_prefix(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t len;
    } rows[] = {
        {"", 0},
        {"plain text that is longer than a word", 37},
        {"plain text \x80 in the middle", 11},
        {"1234567\xC3\xA9 8", 11}, /* a character across the eight-byte step */
        {"12345678\xC3", 8},
        {"\xED\xA0\x80", 0},     /* a surrogate */
        {"\xC0\xAF", 0},         /* overlong '/' */
        {"\xF4\x90\x80\x80", 0}, /* above U+10FFFF */
        {"\xF0\x9F\x98\x80!", 5},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(utf8_valid_len(str_of(rows[i].text)), rows[i].len);
}

static void boundaries(void **state)
{
    (void)state;
    Str s = STR("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z"); /* starts: 0 1 3 6 10, end 11 */
    static const size_t floor_of[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
    static const size_t ceil_of[] = {0, 1, 3, 3, 6, 6, 6, 10, 10, 10, 10, 11, 11};
    for (size_t at = 0; at < ARRAY_LEN(floor_of); at++) {
        assert_int_equal(utf8_floor(s, at), floor_of[at]);
        assert_int_equal(utf8_ceil(s, at), ceil_of[at]);
    }
    assert_int_equal(utf8_count(s), 5);
    assert_int_equal(utf8_count(STR("")), 0);
    assert_int_equal(utf8_floor((Str){NULL, 0}, 3), 0);
    assert_int_equal(utf8_ceil((Str){NULL, 0}, 3), 0);
}

#define R "\xEF\xBF\xBD"

static void lossy(void **state)
{
    (void)state;
    /* the first rows are table 3-8 and 3-11 of the Unicode standard, section 3.9 */
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41", R R R R R R R R "A"},
        {"\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41", R R R R R R R R "A"},
        {"\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42", R R R R R "A" R R "B"},
        {"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", R R R R "A"},
        {"fine \xE2\x82\xAC", "fine \xE2\x82\xAC"},
        {"cut \xE2\x82", "cut " R},
        {"", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Buf b;
        buf_init(&b, 1000);
        assert_true(utf8_append_lossy(&b, str_of(rows[i].in)));
        assert_str(buf_str(&b), rows[i].out);
        buf_release(&b);
    }
    Buf small;
    buf_init(&small, 4);
    assert_false(utf8_append_lossy(&small, STR("\xFF\xFF")));
    buf_release(&small);
    assert_int_equal(utf8_broken_len(STR("\xF0\x91\x92\x41")), 3);
    assert_int_equal(utf8_broken_len(STR("")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_start_of_a_character),
        cmocka_unit_test(every_code_point_round_trips),
        cmocka_unit_test(valid_prefix),
        cmocka_unit_test(boundaries),
        cmocka_unit_test(lossy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
