/* Passages: the rules one by one, then properties on generated texts. The token counter counts
 * words and CJK characters, as WordPiece does in the main. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>

#include "text/chunk.h"
#include "text/letters.h"

static size_t count_words(void *arg, Str text)
{
    size_t n = 0;
    bool in_word = false;
    (void)arg;
    for (size_t at = 0; at < text.len;) {
        uint32_t c = utf8_next(text, &at);
        bool word = letter_is_word(c);
        n += !letter_is_space(c) && (!word || letter_is_unspaced(c) || !in_word);
        in_word = word && !letter_is_unspaced(c);
    }
    return n;
}

typedef struct {
    Arena *a;
    ChunkSpan *spans;
    size_t n;
} Cut;

static Cut cut(const char *text, const char *title, const Mark *marks, size_t n_marks, size_t max,
    size_t overlap)
{
    Cut c = {.a = arena_new(ARENA_DEFAULT_MAX)};
    ChunkOptions o = {max, overlap, count_words, NULL};
    Err err = ERR_INIT;
    bool ok =
        chunk_text(str_of(text), str_of(title), marks, n_marks, &o, c.a, &c.spans, &c.n, &err);
    if (!ok)
        fail_msg("%s", err.msg);
    return c;
}

static void is_span(const Cut *c, size_t i, const char *text, const char *expected,
                    const char *context)
{
    assert_true(i < c->n);
    char got[1024];
    ChunkSpan s = c->spans[i];
    (void)snprintf(got, sizeof got, "%.*s", (int)(s.end - s.start), text + s.start);
    assert_string_equal(got, expected);
    assert_string_equal(s.context.ptr, context);
}

/* A mark for the first occurrence of `piece`. */
static Mark mark(MarkKind kind, const char *text, const char *piece, uint32_t level)
{
    const char *p = strstr(text, piece);
    assert_non_null(p);
    return (Mark){kind, (uint32_t)(p - text), (uint32_t)(p - text + (long)strlen(piece)), level};
}

static void test_headings_and_context(void **state)
{
    (void)state;
    const char *t = "Lease\n\nDeposit\n\nThe deposit is 1900 EUR. It is due "
                    "now.\n\nNotice\n\nThree months.";
    Mark m[] = {mark(MARK_HEADING, t, "Lease", 1), mark(MARK_HEADING, t, "Deposit", 2),
        mark(MARK_HEADING, t, "Notice", 2)};
    Cut c = cut(t, "Lease", m, 3, 64, 0);
    assert_int_equal(c.n, 2);
    is_span(&c, 0, t, "Lease\n\nDeposit\n\nThe deposit is 1900 EUR. It is due now.", "");
    is_span(&c, 1, t, "Notice\n\nThree months.", "Lease");
    arena_free(c.a);
    c = cut(t, "Flat in Elm Street", m, 3, 16, 0);
    assert_int_equal(c.n, 3);
    is_span(&c, 0, t, "Lease\n\nDeposit\n\nThe deposit is 1900 EUR.", "Flat in Elm Street");
    is_span(&c, 1, t, "It is due now.",
            "Flat in > Deposit"); /* four tokens at most: the ends of the path */
    is_span(&c, 2, t, "Notice\n\nThree months.", "Flat in > Lease");
    arena_free(c.a);
}

static void test_packing(void **state)
{
    (void)state;
    /* Four sentences of 6 tokens; 16 fit: two passages of two, not of one window and a rest. */
    const char *t = "One two three four five. One two three four six. One two three four ten. "
                    "One two three four end.";
    Cut c = cut(t, "", NULL, 0, 18, 0);
    assert_int_equal(c.n, 2);
    is_span(&c, 0, t, "One two three four five. One two three four six.", "");
    is_span(&c, 1, t, "One two three four ten. One two three four end.", "");
    arena_free(c.a);
    c = cut(t, "", NULL, 0, 24, 6); /* fits whole */
    assert_int_equal(c.n, 1);
    arena_free(c.a);
    c = cut(t, "", NULL, 0, 18, 100); /* overlap: at most a quarter of 18, so no sentence of 6 */
    assert_int_equal(c.n, 2);
    arena_free(c.a);
    const char *o = "First one here is it now yes. Second. Third one here is it also and so. "
                    "Fourth. Fifth.";
    c = cut(o, "", NULL, 0, 16, 4);
    is_span(&c, 0, o, "First one here is it now yes. Second.", "");
    is_span(&c, 1, o, "Second. Third one here is it also and so. Fourth. Fifth.", "");
    arena_free(c.a);
    /* The break goes to the paragraph's end when that leaves half. */
    const char *p = "A b c d e f g h.\n\nI j k l. M n o p. Q r s t.";
    c = cut(p, "", NULL, 0, 16, 0);
    is_span(&c, 0, p, "A b c d e f g h.", "");
    is_span(&c, 1, p, "I j k l. M n o p. Q r s t.", "");
    arena_free(c.a);
}

static void test_pages_code_tables(void **state)
{
    (void)state;
    const char *t = "End of page one.\fStart of page two.\n\na | b\n1 | 2\n";
    Mark m[] = {{MARK_PAGE, 0, 16, 1}, {MARK_PAGE, 17, (uint32_t)strlen(t), 2},
        mark(MARK_TABLE, t, "a | b\n1 | 2", 0)};
    Cut c = cut(t, "T", m, 3, 32, 8);
    assert_int_equal(c.n, 2);
    is_span(&c, 0, t, "End of page one.", "T");
    is_span(&c, 1, t, "Start of page two.\n\na | b\n1 | 2", "T");
    assert_int_equal(c.spans[0].page, 1);
    assert_int_equal(c.spans[1].page, 2);
    arena_free(c.a);
}

static size_t count_none(void *arg, Str text)
{
    (void)arg;
    (void)text;
    return 0;
}

/* Invisible characters are no tokens: passages must come to an end all the same. */
static void test_no_tokens(void **state)
{
    Arena *a = arena_new((size_t)1 << 24);
    ChunkOptions o = {200, 30, count_none, NULL};
    Err err = ERR_INIT;
    ChunkSpan *spans;
    size_t n;
    (void)state;
    assert_true(chunk_text(STR("One. Two three. Four.\n\nFive six. Seven."), STR(""), NULL, 0, &o,
                           a, &spans, &n, &err));
    assert_true(n >= 1 && spans[n - 1].end == 39);
    arena_free(a);
}

static void test_refusals(void **state)
{
    (void)state;
    Arena *a = arena_new(1 << 20);
    ChunkOptions o = {200, 30, count_words, NULL};
    ChunkSpan *spans = NULL;
    size_t n = 99;
    Err err = ERR_INIT;
    assert_false(chunk_text(STR("a\xFF"), STR(""), NULL, 0, &o, a, &spans, &n, &err));
    assert_int_equal(err.code, ERR_VALIDATION);
    o.max_tokens = 15;
    assert_false(chunk_text(STR("a"), STR(""), NULL, 0, &o, a, &spans, &n, &err));
    assert_int_equal(n, 99);
    o.max_tokens = 200;
    assert_true(chunk_text(STR(" \n\t"), STR("t"), NULL, 0, &o, a, &spans, &n, &err));
    assert_int_equal(n, 0);
    Mark insane[] = {{MARK_HEADING, 5, 2, 1}, {MARK_PAGE, 0, 900, 1}, {MARK_HEADING, 1, 2, 9}};
    assert_true(chunk_text(STR("\xC3\xA4 b"), STR("t"), insane, 3, &o, a, &spans, &n, &err));
    assert_int_equal(n, 1);
    arena_free(a);
}

/* ---- properties ---------------------------------------------------------------------------- */

static unsigned next_random(unsigned *seed)
{
    *seed = *seed * 1103515245u + 12345u;
    return *seed >> 16;
}

static void check_properties(Str text, Str title, const Mark *marks, size_t n_marks, size_t max,
    size_t overlap)
{
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    ChunkOptions o = {max, overlap, count_words, NULL};
    ChunkSpan *s;
    size_t n, covered = 0;
    Err err = ERR_INIT;
    if (!chunk_text(text, title, marks, n_marks, &o, a, &s, &n, &err))
        fail_msg("%s", err.msg);
    for (size_t i = 0; i < n; i++) {
        assert_true(s[i].start < s[i].end && s[i].end <= text.len);
        Str t = str_sub(text, s[i].start, s[i].end);
        assert_true(utf8_ok(t) && utf8_ok(s[i].context));
        assert_int_equal(letters_trim(t).len, t.len);
        assert_true(s[i].context.len <= CHUNK_CONTEXT_MAX && t.len <= CHUNK_TEXT_MAX);
        assert_true(count_words(NULL, t) + count_words(NULL, s[i].context) <= max);
        assert_true(i == 0 || (s[i].start > s[i - 1].start && s[i].end > s[i - 1].end));
        if (s[i].start > covered)
            assert_int_equal(letters_trim(str_sub(text, covered, s[i].start)).len, 0);
        covered = s[i].end;
    }
    assert_int_equal(letters_trim(str_sub(text, covered, text.len)).len, 0);
    arena_free(a);
}

static void test_properties(void **state)
{
    (void)state;
    static const char *const pieces[] = {"word ",
                                         "Another ",
                                         ". ",
                                         "! ",
                                         "\n",
                                         "\n\n",
                                         "- item\n",
                                         "a,b;c ",
                                         "\xE6\xBC\xA2\xE5\xAD\x97",
                                         "\xE3\x80\x82",
                                         "1. ",
                                         "\f",
                                         "x1y2z3",
                                         "verylongwordwithoutspaces",
                                         "\xC2\xA0",
                                         "Dr. ",
                                         "((((((",
                                         "\xF0\x9F\x98\x80"};
    unsigned seed = 3;
    static char text[60000];
    for (int round = 0; round < 600; round++) {
        size_t len = 0, want = next_random(&seed) % (round % 50 ? 2000 : 50000);
        while (len < want) {
            const char *p = pieces[next_random(&seed) % (sizeof pieces / sizeof *pieces)];
            unsigned times = next_random(&seed) % 97 == 0 ? 60 : 1;
            while (times-- && len + 40 < sizeof text) {
                memcpy(text + len, p, strlen(p));
                len += strlen(p);
            }
            if (len + 3000 > sizeof text)
                break;
        }
        Mark marks[40];
        size_t n_marks = next_random(&seed) % 40;
        for (size_t i = 0; i < n_marks; i++) {
            uint32_t start = len ? (uint32_t)((next_random(&seed) << 8) % len) : 0;
            marks[i] = (Mark){(MarkKind)(next_random(&seed) % 6), start,
                start + next_random(&seed) % 60, next_random(&seed) % 5};
        }
        size_t max = 16 + next_random(&seed) % 200;
        check_properties((Str){text, len}, str_of(round % 3 ? "A title" : ""), marks, n_marks, max,
                         next_random(&seed) % 60);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_headings_and_context),
        cmocka_unit_test(test_packing), cmocka_unit_test(test_pages_code_tables),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_no_tokens),
        cmocka_unit_test(test_properties)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
