/* WordPiece: the reference's ids for generated and real strings, and a vocabulary of our own for
 * the rules one by one. tools/check_wordpiece.py compares as many strings as one likes. */
#include "support/unit.h"

#include "nn/wordpiece.h"
#include "support/torture.h"
#include "unit/nn/models.h"

#define SMALL                                                                                      \
    "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nhello\nworld\n##s\n##ing\nwalk\n##ed\ncafe\n,\n"          \
    "!\n日\n本\nstr\n##as\n##se\na\n##a\n[\n]\ncls\n"
enum {
    PAD,
    UNK,
    CLS,
    SEP,
    MASK,
    HELLO,
    WORLD,
    S,
    ING,
    WALK,
    ED,
    CAFE,
    COMMA,
    BANG,
    HI,
    HON,
    STRR,
    AS,
    SE,
    A,
    AA,
    OPEN,
    CLOSE,
    CLS_WORD
};

static Buf small_blob;
static WordPiece small;

static int setup(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    buf_init(&small_blob, 1 << 20);
    return wordpiece_build(STR(SMALL), &small_blob, &err) &&
            wordpiece_attach(&small, buf_str(&small_blob), &err) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    buf_release(&small_blob);
    return 0;
}

#define END 0xffffu

static void rules_one_by_one(void **state)
{
    (void)state;
    static const struct {
        Str text;
        uint32_t want[8]; /* without [CLS] and [SEP] */
    } cases[] = {
        {STR(""), {END}},
        {STR("   \t\n"), {END}},
        {STR("hello world"), {HELLO, WORLD, END}},
        {STR("Hello, WORLDS!"), {HELLO, COMMA, WORLD, S, BANG, END}},
        {STR("walking walked walk"), {WALK, ING, WALK, ED, WALK, END}},
        {STR("Café CAFE\xcc\x81"), {CAFE, CAFE, END}},
        {STR("日本hello"), {HI, HON, HELLO, END}},
        {STR("zebra hellox"), {UNK, UNK, END}},
        {STR("he\xff\xfello"), {HELLO, END}},
        {STR("he\0l\x01lo"), {HELLO, END}},
        {STR("hello\xef\xbf\xbdworld"), {UNK, END}},
        {STR("[CLS] [SEP][MASK] [PAD][UNK]"), {CLS, SEP, MASK, PAD, UNK, END}},
        {STR("[cls]"), {OPEN, CLS_WORD, CLOSE, END}},
        {STR("[CLS"), {OPEN, CLS_WORD, END}},
        {STR("\xe2\x80\x83hello\xc2\xa0world"), {HELLO, WORLD, END}},
        {STR("##s"), {UNK, UNK, UNK, END}},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint32_t ids[16], n = 0;
        while (cases[i].want[n] != END)
            n++;
        size_t got = wordpiece_encode(&small, cases[i].text, ids, NULL, 16);
        if (got != n + 2 || ids[0] != CLS || ids[n + 1] != SEP ||
            memcmp(ids + 1, cases[i].want, n * 4) != 0)
            fail_msg("case %zu: " STR_FMT ": %zu ids", i, STR_ARG(cases[i].text), got);
    }
}

static void a_word_of_more_than_100_characters_is_unknown(void **state)
{
    (void)state;
    char text[400];
    for (int n = 99; n <= 102; n++) {
        uint32_t ids[128];
        memset(text, 'a', (size_t)n);
        size_t got = wordpiece_encode(&small, str_mem(text, (size_t)n), ids, NULL, 128);
        assert_int_equal(got, n <= 100 ? n + 2 : 3);
        assert_int_equal(ids[1], n <= 100 ? A : UNK);
        for (int i = 0; i < n; i++) /* the same with two bytes a character */
            memcpy(text + 2 * i, "\xc3\xa0", 2);
        assert_int_equal(wordpiece_encode(&small, str_mem(text, 2 * (size_t)n), ids, NULL, 128),
                         got);
    }
}

static void ends_are_byte_offsets(void **state)
{
    (void)state;
    uint32_t ids[16], ends[16];
    Str text = STR("  Walking, caf\xc3\xa9 日x [SEP]");
    size_t n = wordpiece_encode(&small, text, ids, ends, 16);
    static const uint32_t want[] = {0, 6, 9, 10, 16, 20, 21, 27, 27};
    assert_int_equal(n, ARRAY_LEN(want));
    for (size_t i = 0; i < n; i++)
        assert_int_equal(ends[i], want[i]);
    assert_int_equal(ids[6], UNK);
}

static void limits_are_kept(void **state)
{
    (void)state;
    uint32_t ids[8] = {77, 77, 77, 77, 77, 77, 77, 77};
    Str text = STR("hello world hello world");
    assert_int_equal(wordpiece_encode(&small, text, ids, NULL, 3), 6);
    assert_int_equal(ids[2], WORLD);
    assert_int_equal(ids[3], 77);
    assert_int_equal(wordpiece_encode(&small, text, NULL, NULL, 0), 6);
    size_t total;
    assert_int_equal(wordpiece_encode_cut(&small, text, ids, 4, &total), 4);
    assert_int_equal(total, 6);
    assert_int_equal(ids[3], SEP);
    assert_int_equal(ids[2], WORLD);
    assert_int_equal(wordpiece_encode_cut(&small, text, ids, 6, NULL), 6);
    assert_int_equal(ids[5], SEP);
    assert_int_equal(ids[4], WORLD);
    assert_str(wordpiece_token(&small, ING), "ing");
    assert_str(wordpiece_token(&small, 4000), "");
}

static void builds_only_from_a_vocabulary(void **state)
{
    (void)state;
    char long_line[512];
    memset(long_line, 'x', sizeof long_line);
    memcpy(long_line, SMALL, strlen(SMALL));
    const struct {
        Str vocab;
        const char *part;
    } cases[] = {
        {STR(""), "no [PAD]"},
        {STR("[PAD]\n[UNK]\n[CLS]\n[SEP]\n"), "no [MASK]"},
        {STR(SMALL "hello\n"), "\"hello\" twice"},
        {STR(SMALL "\nx\n"), "line 25 is empty"},
        {str_mem(long_line, sizeof long_line), "too long"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        Err err = ERR_INIT;
        Buf b;
        buf_init(&b, 1 << 20);
        assert_err(wordpiece_build(cases[i].vocab, &b, &err), err, ERR_CORRUPT, cases[i].part);
        buf_release(&b);
    }
    Err err = ERR_INIT;
    Buf b;
    buf_init(&b, 100); /* the ceiling */
    assert_false(wordpiece_build(STR(SMALL), &b, &err));
    assert_int_equal(err.code, ERR_TOO_LARGE);
    buf_release(&b);
}

static void damaged_structures_never_read_outside(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    size_t n = small_blob.len;
    for (size_t cut = 0; cut < n; cut += 3) {
        WordPiece w;
        assert_false(wordpiece_attach(&w, str_mem(small_blob.ptr, cut), &err));
        assert_int_equal(err.code, ERR_CORRUPT);
    }
    char *copy = mem_alloc(n); /* exactly as long, for the address sanitizer */
    assert_non_null(copy);
    for (size_t at = 0; at < n; at++)
        for (int bit = 0; bit < 8; bit += 3) {
            memcpy(copy, small_blob.ptr, n);
            copy[at] = (char)(copy[at] ^ (1 << bit));
            WordPiece w;
            uint32_t ids[32];
            if (wordpiece_attach(&w, str_mem(copy, n), &err)) {
                size_t got =
                    wordpiece_encode(&w, STR("walking strasse [CLS] hello aaaa"), ids, NULL, 32);
                assert_true(got >= 2);
                for (size_t i = 0; i < got && i < 32; i++)
                    assert_true(ids[i] < w.count);
            }
        }
    mem_free(copy);
}

static bool build_once(void *arg)
{
    (void)arg;
    Err err = ERR_INIT;
    Buf b;
    buf_init(&b, 1 << 20);
    bool ok = wordpiece_build(STR(SMALL), &b, &err);
    if (!ok)
        assert_int_equal(err.code, ERR_NO_MEMORY);
    buf_release(&b);
    return ok;
}

static void survives_any_failing_allocation(void **state)
{
    (void)state;
    assert_true(torture_alloc(build_once, NULL, 0) >= 3);
    assert_true(torture_alloc(build_once, NULL, 1) >= 3);
}

static void same_ids_as_the_reference(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Buf vocab, blob, golden;
    WordPiece w;
    buf_init(&vocab, 1 << 20);
    buf_init(&blob, 4 << 20);
    buf_init(&golden, 4 << 20);
    assert_true(os_read_file(MODEL_VOCAB, &vocab, &err));
    assert_true(os_read_file(SOTTO_SOURCE_DIR "/tests/golden/minilm/wordpiece.txt", &golden, &err));
    assert_true(wordpiece_build(buf_str(&vocab), &blob, &err));
    assert_true(wordpiece_attach(&w, buf_str(&blob), &err));
    Str rest = buf_str(&golden), line;
    int lines = 0;
    while (str_next(&rest, '\n', &line)) { /* hex of the text, a space, ids with commas */
        Str hex, number;
        if (!str_next(&line, ' ', &hex) || !line.ptr)
            continue;
        char text[1024];
        for (size_t i = 0; i + 1 < hex.len; i += 2) {
            char two[3] = {hex.ptr[i], hex.ptr[i + 1], 0};
            text[i / 2] = (char)strtoul(two, NULL, 16);
        }
        uint32_t ids[1024];
        size_t n = wordpiece_encode(&w, str_mem(text, hex.len / 2), ids, NULL, 1024), at = 0;
        while (str_next(&line, ',', &number)) {
            uint64_t want;
            assert_true(str_to_u64(number, &want));
            if (at >= n || ids[at] != want)
                fail_msg("line %d, id %zu: %u, not %llu", lines + 1, at, at < n ? ids[at] : 0,
                    (unsigned long long)want);
            at++;
        }
        assert_int_equal(at, n);
        lines++;
    }
    assert_true(lines >= 500);
    buf_release(&vocab);
    buf_release(&blob);
    buf_release(&golden);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_one_by_one),
        cmocka_unit_test(a_word_of_more_than_100_characters_is_unknown),
        cmocka_unit_test(ends_are_byte_offsets),
        cmocka_unit_test(limits_are_kept),
        cmocka_unit_test(builds_only_from_a_vocabulary),
        cmocka_unit_test(damaged_structures_never_read_outside),
        cmocka_unit_test(survives_any_failing_allocation),
        cmocka_unit_test(same_ids_as_the_reference),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
