/* fuzz_chunk.c - sentences, passages, summaries and key phrases of any bytes with any marks. The
 * input's last bytes choose the marks and the limits. */
#include <stdlib.h>

#include "text/chunk.h"
#include "text/keyphrase.h"
#include "text/letters.h"
#include "text/sentences.h"
#include "text/summary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

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

static void check_sentences(Str s)
{
    size_t at = 0, start, end, covered = 0;
    while (sentence_next(s, &at, &start, &end)) {
        REQUIRE(start < end && start >= covered && at >= end);
        REQUIRE(letters_trim(str_sub(s, covered, start)).len == 0);
        covered = end;
    }
    REQUIRE(letters_trim(str_sub(s, covered, s.len)).len == 0);
}

static void check_chunks(Str s, const Mark *marks, size_t n_marks, size_t max, size_t overlap,
                         Arena *a)
{
    ChunkOptions o = {max, overlap, count_words, NULL};
    ChunkSpan *c;
    size_t n, covered = 0;
    Err err = ERR_INIT;
    if (!chunk_text(s, STR("A title"), marks, n_marks, &o, a, &c, &n, &err)) {
        REQUIRE(!utf8_ok(s) && err.code == ERR_VALIDATION);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        REQUIRE(c[i].start < c[i].end && c[i].end <= s.len);
        Str t = str_sub(s, c[i].start, c[i].end);
        REQUIRE(utf8_ok(t) && utf8_ok(c[i].context) && letters_trim(t).len == t.len);
        REQUIRE(count_words(NULL, t) + count_words(NULL, c[i].context) <= max);
        REQUIRE(i == 0 || (c[i].start > c[i - 1].start && c[i].end > c[i - 1].end));
        if (c[i].start > covered)
            REQUIRE(letters_trim(str_sub(s, covered, c[i].start)).len == 0);
        covered = c[i].end;
    }
    REQUIRE(letters_trim(str_sub(s, covered, s.len)).len == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Mark marks[8];
    size_t n_marks = 0, tail = size < 34 ? 0 : 34;
    const uint8_t *t = data + size - tail;
    Str s = {(const char *)data, size - tail}, summary, *phrases;
    for (; tail && n_marks < 8; n_marks++, t += 4)
        marks[n_marks] = (Mark){(MarkKind)(t[0] % 6), t[1] | (t[0] & 0x80u) << 1,
                                t[2] | (t[0] & 0x40u) << 2, t[3] % 8};
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    Err err = ERR_INIT;
    check_sentences(s);
    check_chunks(s, marks, n_marks, tail ? 16u + t[0] : 200, tail ? t[1] : 30, a);
    size_t n;
    if (utf8_ok(s) && a) {
        REQUIRE(summary_make(s, marks, n_marks, 60, a, &summary, &err));
        REQUIRE(!summary.ptr || (utf8_ok(summary) && summary.len > 0));
        REQUIRE(keyphrase_find(s, STR("A title"), marks, n_marks, NULL, 8, a, &phrases, &n,
                               &err) &&
                n <= 8);
    }
    arena_free(a);
    return 0;
}
