/* The decoding rules, each against a hand-made case; and the byte-level BPE. Ids are those of the
 * published English model, whose vocabulary the tests read. */
#include "support/unit.h"

#include <math.h>

#include "nn/whisper.h"
#include "nn/whisper_rules.h"
#include "unit/nn/models.h"

static Whisper *m;
static float *logits;
static uint32_t n;

static int setup(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    m = whisper_open(model_path("whisper-tiny.en.sotto"), WHISPER_INT8, &err);
    if (!m)
        fail_msg("%s", err.msg);
    n = m->w.words.n;
    logits = test_malloc(n * sizeof *logits);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_free(logits);
    whisper_close(m);
    return 0;
}

static void fresh(void)
{
    for (uint32_t i = 0; i < n; i++)
        logits[i] = 0;
}

static bool allowed(uint32_t id)
{
    return logits[id] > -1e30f;
}

/* ---- rules -------------------------------------------------------------------------------------
 */

static void ids_are_the_published_ones(void **state)
{
    (void)state;
    WhisperIds multi;
    WhisperInfo info = {.languages = 99};
    whisper_ids_init(&multi, &info);
    assert_int_equal(multi.sot, 50258);
    assert_int_equal(multi.transcribe, 50359);
    assert_int_equal(multi.no_speech, 50362);
    assert_int_equal(multi.time0, 50364);
    assert_int_equal(m->ids.eot, 50256);
    assert_int_equal(m->ids.no_timestamps, 50362);
    assert_int_equal(m->ids.time0, 50363);
    assert_int_equal(m->ids.time0 + 1501, m->w.info.vocabulary);
}

static void signs_are_never_said(void **state)
{
    (void)state;
    /* What openai/whisper's tokenizer gives as non_speech_tokens of the English model. */
    static const uint32_t some[] = {1, 2, 7, 8, 9, 10, 14, 25, 26, 27, 28, 29, 31, 58, 59, 60, 61,
                                    62, 63, 90, 91, 92, 93, 357, 366, 438, 532, 685};
    fresh();
    whisper_rules(m, logits, &(uint32_t){400}, 1, false);
    for (size_t i = 0; i < ARRAY_LEN(some); i++)
        assert_false(allowed(some[i]));
    assert_true(allowed(0) && allowed(11) && allowed(13) && allowed(30)); /* ! , . ? */
    assert_true(allowed(m->ids.eot));
    for (uint32_t id = m->ids.sot; id < n; id++)
        assert_false(allowed(id));
}

static void a_window_begins_with_a_time(void **state)
{
    (void)state;
    fresh();
    whisper_rules(m, logits, NULL, 0, true);
    for (uint32_t id = 0; id < m->ids.time0; id++)
        assert_false(allowed(id));
    assert_true(allowed(m->ids.time0) && allowed(m->ids.time0 + 50));
    assert_false(allowed(m->ids.time0 + 51));
    fresh();
    whisper_rules(m, logits, NULL, 0, false);
    assert_false(allowed(220)); /* " " */
    assert_false(allowed(m->ids.eot));
    assert_true(allowed(314));
}

static void times_come_in_pairs_and_forward(void **state)
{
    (void)state;
    uint32_t t = m->ids.time0, open[] = {t + 5}, word[] = {t + 5, 314},
             half[] = {t + 5, 314, t + 90}, pair[] = {t + 5, 314, t + 90, t + 90};
    fresh();
    whisper_rules(m, logits, open, 1, true); /* words follow the first */
    assert_false(allowed(t + 6));
    assert_true(allowed(314));
    fresh();
    logits[314] = 20; /* likelier than all times together */
    whisper_rules(m, logits, word, 2, true);
    assert_true(allowed(314) && allowed(t + 6));
    assert_false(allowed(t + 4));
    assert_false(allowed(t + 5));
    fresh();
    whisper_rules(m, logits, half, 3, true); /* its twin, a later one, or the end */
    assert_false(allowed(314));
    assert_true(allowed(t + 90) && allowed(m->ids.time0 + 91));
    assert_false(allowed(t + 89));
    fresh();
    logits[314] = 20;
    whisper_rules(m, logits, pair, 4, true);
    assert_false(allowed(t + 90) || allowed(t + 91));
    assert_true(allowed(314));
}

static void likely_times_beat_any_word(void **state)
{
    (void)state;
    uint32_t said[] = {m->ids.time0, 314, 750};
    fresh();
    logits[262] = 6; /* below the sum of some 1,500 times: log 1500 = 7.3 */
    whisper_rules(m, logits, said, 3, true);
    assert_false(allowed(262));
    fresh();
    logits[262] = 8;
    whisper_rules(m, logits, said, 3, true);
    assert_true(allowed(262));
}

static void choosing(void **state)
{
    (void)state;
    uint64_t random = 7;
    float *scratch = test_malloc(n * sizeof *scratch);
    size_t hits = 0;
    for (uint32_t i = 0; i < n; i++)
        logits[i] = -3e38f;
    logits[10] = 1;
    logits[20] = 1 - logf(3);
    WhisperChoice c = whisper_choose(m, logits, 0, &random, scratch);
    assert_int_equal(c.id, 10);
    assert_true(fabsf(c.logprob - logf(0.75f)) < 1e-4f);
    for (int i = 0; i < 4000; i++) {
        c = whisper_choose(m, logits, 1, &random, scratch);
        assert_true(c.id == 10 || c.id == 20);
        hits += c.id == 10;
    }
    assert_true(hits > 2850 && hits < 3150);
    assert_true(fabsf(whisper_probability(m, logits, 20) - 0.25f) < 1e-4f);
    test_free(scratch);
}

/* ---- telling a bad text ------------------------------------------------------------------------
 */

static void repetitions_are_seen(void **state)
{
    (void)state;
    uint32_t said[64], period;
    for (uint32_t i = 0; i < 64; i++)
        said[i] = 100 + i;
    assert_int_equal(whisper_repeats(said, 64, &period), 0);
    for (uint32_t i = 0; i < 12; i++)
        said[40 + i] = 7 + i % 3;
    assert_int_equal(whisper_repeats(said, 52, &period), 4);
    assert_int_equal(period, 3);
    assert_int_equal(whisper_repeats(said, 48, &period), 0); /* too few tokens to be sure */
    assert_int_equal(whisper_repeats(said, 0, &period), 0);
}

static void compression_is_zlibs(void **state)
{
    (void)state;
    char loop[600];
    for (size_t i = 0; i < sizeof loop; i++)
        loop[i] = "so it is, "[i % 10];
    assert_true(whisper_compression(str_mem(loop, sizeof loop)) > 20);
    float plain = whisper_compression(STR("Remind me to call the dentist tomorrow."));
    assert_true(plain > 0.7f && plain < 1);
    assert_true(whisper_compression(STR("")) == 0);
}

/* ---- BPE ---------------------------------------------------------------------------------------
 */

static void texts_become_the_published_ids(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t ids[12], n;
    } rows[] = { /* by Hugging Face's tokenizers */
        {"Hello world", {15496, 995}, 2},
        {" I'll be there at 10:30, won't I?",
         {314, 1183, 307, 612, 379, 838, 25, 1270, 11, 1839, 470, 314}, 13},
        {"naïve café", {2616, 38776, 40304}, 3},
        {"a  b\n\nc   ", {64, 220, 275, 198, 198, 66, 220, 220, 220}, 9},
        {"", {0}, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint32_t ids[32];
        size_t count = whisper_encode_text(m, str_of(rows[i].text), ids, 32);
        Buf back;
        if (count != rows[i].n)
            fail_msg("\"%s\": %zu ids, not %u", rows[i].text, count, rows[i].n);
        for (size_t k = 0; k < count && k < 12; k++)
            if (ids[k] != rows[i].ids[k])
                fail_msg("\"%s\": id %zu is %u, not %u", rows[i].text, k, ids[k], rows[i].ids[k]);
        buf_init(&back, 1000);
        assert_true(whisper_decode_text(m, ids, count, &back));
        assert_str(buf_str(&back), rows[i].text);
        buf_release(&back);
        assert_int_equal(whisper_encode_text(m, str_of(rows[i].text), ids, 1), count);
    }
}

static void words_are_letters_or_numbers(void **state)
{
    (void)state;
    assert_true(bpe_has_word(STR("... 5")) && bpe_has_word(STR("あ")) && bpe_has_word(STR("ok")));
    assert_false(bpe_has_word(STR(". . !")) || bpe_has_word(STR("…")) || bpe_has_word(STR("♪")));
}

int main(void)
{
    Err err = ERR_INIT;
    if (!cpu_init(&err))
        return 2;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_the_published_ones),
        cmocka_unit_test(signs_are_never_said),
        cmocka_unit_test(a_window_begins_with_a_time),
        cmocka_unit_test(times_come_in_pairs_and_forward),
        cmocka_unit_test(likely_times_beat_any_word),
        cmocka_unit_test(choosing),
        cmocka_unit_test(repetitions_are_seen),
        cmocka_unit_test(compression_is_zlibs),
        cmocka_unit_test(texts_become_the_published_ids),
        cmocka_unit_test(words_are_letters_or_numbers),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
