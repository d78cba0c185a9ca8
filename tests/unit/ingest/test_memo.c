/* What was heard as a document's text: paragraphs where nobody speaks, a cue a sentence, and each
 * cue the very bytes that are said then. */
#include "support/unit.h"

#include "ingest/memo.h"

typedef struct {
    Arena *a;
    Memo memo;
    Err err;
} Heard;

static Heard heard(const WhisperSegment *s, size_t n)
{
    Heard h = {.a = arena_new((size_t)1 << 24), .err = ERR_INIT};
    WhisperResult r = {.segments = s, .n_segments = n, .language = "en"};
    assert_non_null(h.a);
    if (!memo_text(&r, h.a, &h.memo, &h.err))
        assert_int_not_equal(h.err.code, ERR_NONE);
    return h;
}

static void cue_is(const Heard *h, size_t i, const char *words, uint32_t from, uint32_t to)
{
    assert_true(i < h->memo.n_cues);
    const Cue *c = &h->memo.cues[i];
    Str text = str_sub(h->memo.text.text, c->start, c->end);
    if (!str_eq(text, str_of(words)))
        fail_msg("cue %zu is \"" STR_FMT "\", not \"%s\"", i, STR_ARG(text), words);
    assert_int_equal(c->start_ms, from);
    assert_int_equal(c->end_ms, to);
}

static void test_paragraphs(void **state)
{
    (void)state;
    const WhisperSegment s[] = {
        {.start_s = 0.5F, .end_s = 2, .text = STR("One.")},
        {.start_s = 2, .end_s = 2.5F, .text = STR("")}, /* nothing was said */
        {.start_s = 3, .end_s = 4, .text = STR("Two goes")},
        {.start_s = 6, .end_s = 7, .text = STR("on.")}, /* a pause of two seconds */
    };
    Heard h = heard(s, 4);
    if (!str_eq(h.memo.text.text, STR("One. Two goes\n\non.\n")))
        fail_msg("\"" STR_FMT "\"", STR_ARG(h.memo.text.text));
    assert_true(str_eq(h.memo.text.language, STR("en")));
    assert_int_equal(h.memo.n_cues, 3);
    cue_is(&h, 0, "One.", 500, 2000);
    cue_is(&h, 1, "Two goes", 3000, 4000);
    cue_is(&h, 2, "on.", 6000, 7000);
    arena_free(h.a);
}

/* Who speaks without a pause gets a paragraph after a minute, but only where a sentence ends. */
static void test_a_minute(void **state)
{
    (void)state;
    WhisperSegment s[20];
    size_t breaks = 0;
    for (size_t i = 0; i < 20; i++)
        s[i] = (WhisperSegment){.start_s = 10.0F * (float)i, .end_s = 10.0F * (float)(i + 1),
                                .text = i == 9 ? STR("and ends.") : STR("on and on")};
    Heard h = heard(s, 20);
    for (size_t at = 0; (at = str_find(h.memo.text.text, STR("\n\n"), at)) != SIZE_MAX; at++) {
        breaks++;
        assert_true(str_ends(str_sub(h.memo.text.text, 0, at), STR("and ends.")));
    }
    assert_int_equal(breaks, 1);
    assert_int_equal(h.memo.n_cues, 20);
    arena_free(h.a);
}

static void test_sentences(void **state)
{
    (void)state;
    const WhisperWord words[] = {{STR(" The"), 1, 1.2F, 1},   {STR(" plumber"), 1.2F, 1.6F, 1},
                                 {STR(" comes."), 1.6F, 2, 1}, {STR(" Is"), 2.5F, 2.7F, 1},
                                 {STR(" it"), 2.7F, 2.8F, 1},  {STR(" late?"), 2.8F, 3.25F, 1},
                                 {STR(" Y\xC3\xA9s"), 4, 4.5F, 1}};
    const WhisperSegment s[] = {
        {.start_s = 0, .end_s = 1, .text = STR("Well.")},
        {.start_s = 1, .end_s = 5, .text = STR("The plumber comes. Is it late? Y\xC3\xA9s"),
         .words = words, .n_words = 7},
    };
    Heard h = heard(s, 2);
    assert_int_equal(h.memo.n_cues, 4);
    cue_is(&h, 0, "Well.", 0, 1000);
    cue_is(&h, 1, "The plumber comes.", 1000, 2000);
    cue_is(&h, 2, "Is it late?", 2500, 3250);
    cue_is(&h, 3, "Y\xC3\xA9s", 4000, 4500);
    arena_free(h.a);
}

/* Words that are not those of the text, and times that run backwards, as another recogniser may
 * send them: the segment as a whole, and never an end before its begin. */
static void test_disagreement(void **state)
{
    (void)state;
    const WhisperWord other[] = {{STR(" A."), 1, 2, 1}, {STR(" Something else."), 2, 3, 1}};
    const WhisperWord back[] = {{STR("Late."), 9, 8, 1}};
    const WhisperSegment s[] = {
        {.start_s = 1, .end_s = 4, .text = STR("A. B."), .words = other, .n_words = 2},
        {.start_s = -3, .end_s = -4, .text = STR("Early.")},
        {.start_s = 8, .end_s = 9, .text = STR("Late."), .words = back, .n_words = 1},
    };
    Heard h = heard(s, 3);
    assert_int_equal(h.memo.n_cues, 3);
    cue_is(&h, 0, "A. B.", 1000, 4000);
    cue_is(&h, 1, "Early.", 0, 0);
    cue_is(&h, 2, "Late.", 9000, 9000);
    arena_free(h.a);
}

static void test_silence(void **state)
{
    (void)state;
    const WhisperSegment s[] = {{.start_s = 0, .end_s = 1, .text = STR("")}};
    for (size_t n = 0; n < 2; n++) {
        Heard h = heard(s, n);
        assert_int_equal(h.err.code, ERR_VALIDATION);
        assert_string_equal(h.err.msg, "there is no speech in it");
        arena_free(h.a);
    }
}

static void test_no_recogniser(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Memo memo;
    IngestEars none = {0};
    Arena *a = arena_new((size_t)1 << 20);
    assert_false(memo_read(&none, &(Snapshot){0}, &(IngestInput){0}, a, &memo, &err));
    assert_int_equal(err.code, ERR_UNAVAILABLE);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paragraphs),    cmocka_unit_test(test_a_minute),
        cmocka_unit_test(test_sentences),     cmocka_unit_test(test_disagreement),
        cmocka_unit_test(test_silence),       cmocka_unit_test(test_no_recogniser),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
