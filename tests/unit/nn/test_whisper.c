/* Whisper against CTranslate2 and faster-whisper (tests/golden/whisper) with the published tiny.en,
 * in fp32 and int8, on the full window and on the short one. */
#include "support/unit.h"

#include "nn/whisper.h"
#include "nn/whisper_attention.h"
#include "unit/nn/whisper_golden.h"

#define MODEL "tiny.en"
static Clip clips[2];
static Whisper *int8, *fp32;
static WhisperState *s8, *s32;

static int setup(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    for (size_t i = 0; i < 2; i++)
        clips[i] = golden_clip(golden_names[i]);
    int8 = whisper_open(model_path("whisper-" MODEL ".sotto"), WHISPER_INT8, &err);
    if (!int8)
        fail_msg("%s", err.msg);
    fp32 = whisper_open(model_path("whisper-" MODEL), WHISPER_FP32, &err);
    if (!fp32)
        fail_msg("%s", err.msg);
    s8 = whisper_state_new(int8, 2, &err);
    s32 = whisper_state_new(fp32, 2, &err);
    assert_non_null(s8);
    assert_non_null(s32);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    whisper_state_free(s8);
    whisper_state_free(s32);
    whisper_close(int8);
    whisper_close(fp32);
    test_free(clips[0].pcm);
    test_free(clips[1].pcm);
    return 0;
}

/* ---- numbers -----------------------------------------------------------------------------------
 */

static void log_mel_is_the_reference(void **state)
{
    (void)state;
    float worst = mel_error(fp32, s32, clips, MODEL, STEP_MEL);
    print_message("log-mel: largest difference %.2g\n", (double)worst);
    assert_true(worst < 1e-4f);
}

static void encoder_is_the_reference(void **state)
{
    (void)state;
    double exact = encoder_error(fp32, s32, clips, MODEL, true);
    double small = encoder_error(int8, s8, clips, MODEL, true);
    double cut = encoder_error(fp32, s32, clips, MODEL, false);
    double both = encoder_error(int8, s8, clips, MODEL, false);
    print_message("encoder, relative error: fp32 %.2g, int8 %.2g; short window %.2g, %.2g\n", exact,
                  small, cut, both);
    assert_true(exact < 1e-3);
    assert_true(small < 0.1);
    assert_true(cut < 0.35);
    assert_true(both < 0.35);
}

/* Both ways of the encoder's attention, with kept silence and without, against doubles. */
static void attention_is_exact(void **state)
{
    (void)state;
    static const uint32_t lengths[] = {16, 48, 160, WHISPER_POSITIONS};
    const WhisperEncoderLayer *l = &int8->w.encoder[1];
    size_t d = int8->w.info.state, ld = 3 * d;
    float *out = test_malloc(WHISPER_BLOCK * d * sizeof *out);
    for (size_t c = 0; c < ARRAY_LEN(lengths); c++) {
        uint32_t n = s8->n = lengths[c], random = 1, row = n > 32 ? 32 : 0;
        s8->silent = (WHISPER_POSITIONS - n) / WHISPER_STRIDE;
        for (size_t i = 0; i < n * ld; i++) {
            random = random * 1664525u + 1013904223u;
            s8->qkv[i] = ((float)(random >> 8) / 8388608.0f - 1) * (i % ld < d ? 1.0f : 1.5f);
        }
        whisper_attention_keys(s8, 0, n);
        whisper_attention(s8, &s8->lane[0], 1, row, 16, out);
        for (size_t i = 0; i < 16; i += 5) {
            for (size_t h = 0; h < int8->w.info.heads; h++) {
                const float *q = s8->qkv + (row + i) * ld + h * 64;
                double sum = 0, want[64] = {0};
                for (size_t j = 0; j < n + s8->silent; j++) {
                    bool own = j < n;
                    size_t at = j - n;
                    const float *k = own ? s8->qkv + j * ld + d + h * 64
                                         : l->silent_k + h * 64 * WHISPER_SILENT_ROWS + at;
                    const float *v = own ? s8->qkv + j * ld + 2 * d + h * 64
                                         : l->silent_v + at * d + h * 64;
                    double score = 0;
                    for (size_t e = 0; e < 64; e++)
                        score += (double)q[e] * (double)k[own ? e : e * WHISPER_SILENT_ROWS];
                    double weight = exp(score) * (own ? 1 : 4);
                    sum += weight;
                    for (size_t e = 0; e < 64; e++)
                        want[e] += weight * (double)v[e];
                }
                for (size_t e = 0; e < 64; e++)
                    if (!(fabs(want[e] / sum - (double)out[i * d + h * 64 + e]) < 0.01))
                        fail_msg("%u keys, row %zu, head %zu: %g, not %g", n, i, h,
                                 (double)out[i * d + h * 64 + e], want[e] / sum);
            }
        }
    }
    test_free(out);
    memset(s8->qkv, 0, WHISPER_ROWS * ld * sizeof *s8->qkv);
}

/* ---- tokens ------------------------------------------------------------------------------------
 */

static void tokens_are_the_reference(void **state)
{
    (void)state;
    double exact = same_ids(fp32, s32, clips, MODEL, true);
    double small = same_ids(int8, s8, clips, MODEL, true);
    double cut = same_ids(fp32, s32, clips, MODEL, false);
    double both = same_ids(int8, s8, clips, MODEL, false);
    print_message("ids as CTranslate2's: fp32 %.0f %%, int8 %.0f %%; short %.0f %%, %.0f %%\n",
                  exact * 100, small * 100, cut * 100, both * 100);
    assert_true(exact == 1.0);
    assert_true(small > 0.8);
    assert_true(cut > 0.7);
    assert_true(both > 0.7);
}

/* ---- the whole way -----------------------------------------------------------------------------
 */

static WhisperResult hear(const float *pcm, size_t n, const WhisperOptions *o, Arena *a)
{
    WhisperResult r;
    Err err = ERR_INIT;
    if (!whisper_transcribe(int8, s8, pcm, n, o, a, &r, &err))
        fail_msg("%s", err.msg);
    return r;
}

static void speech_becomes_text_with_times(void **state)
{
    (void)state;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    WhisperOptions o = {0};
    WhisperResult r = hear(clips[1].pcm, clips[1].n, &o, a);
    assert_str(r.text, "What did the contract say about the notice period? I think it was three "
                       "months.");
    assert_string_equal(r.language, "en");
    assert_int_equal(r.n_segments, 2);
    assert_int_equal(r.fallbacks, 0);
    assert_true(fabsf(r.duration_s - 6.05f) < 0.02f);
    assert_true(r.segments[0].start_s < 0.5f && fabsf(r.segments[0].end_s - 3.7f) < 0.5f);
    assert_true(r.segments[1].start_s >= r.segments[0].end_s && r.segments[1].end_s < 6.2f);
    for (size_t i = 0; i < 2; i++) {
        const WhisperSegment *g = &r.segments[i];
        assert_false(g->full_window);
        assert_true(g->n_tokens > 5 && g->tokens[0] >= int8->ids.time0);
        assert_true(g->avg_logprob > -1 && g->no_speech_prob < 0.6f && g->compression_ratio < 2);
        for (size_t k = 0; k < g->n_tokens; k++)
            assert_true(g->logprobs[k] <= 0);
    }
    o.no_timestamps = true;
    r = hear(clips[1].pcm, clips[1].n, &o, a);
    assert_int_equal(r.n_segments, 1);
    assert_non_null(strstr(r.text.ptr, "notice period"));
    arena_free(a);
}

/* What faster-whisper says of the same clip with the same model, to a fifth of a second. */
static void words_have_times(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        float start_s;
    } want[] = {
        {" What", 0.00f}, {" did", 0.34f}, {" the", 0.64f}, {" contract", 0.98f},
        {" say", 1.50f}, {" about", 1.84f}, {" the", 2.24f}, {" notice", 2.56f},
        {" period?", 2.86f}, {" I", 3.92f}, {" think", 4.10f}, {" it", 4.40f},
        {" was", 4.64f}, {" three", 4.92f}, {" months.", 5.18f}};
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    WhisperOptions o = {.word_times = true};
    WhisperResult r = hear(clips[1].pcm, clips[1].n, &o, a);
    size_t at = 0;
    for (size_t i = 0; i < r.n_segments; i++) {
        for (size_t k = 0; k < r.segments[i].n_words; k++, at++) {
            const WhisperWord *w = &r.segments[i].words[k];
            assert_true(at < ARRAY_LEN(want));
            assert_str(w->text, want[at].text);
            assert_true(fabsf(w->start_s - want[at].start_s) < 0.2f);
            assert_true(w->end_s >= w->start_s && w->end_s <= r.segments[i].end_s);
            assert_true(w->probability > 0 && w->probability <= 1);
        }
    }
    assert_int_equal(at, ARRAY_LEN(want));
    arena_free(a);
}

static void the_cheapest_path_is_found(void **state)
{
    (void)state;
    static const float cost[3 * 6] = {0, 0, 9, 9, 9, 9, 9, 9, 0, 0, 0, 9, 9, 9, 9, 9, 9, 0};
    uint8_t trace[18];
    float line[14];
    uint32_t first[3];
    whisper_words_path(cost, 3, 6, trace, line, first);
    assert_int_equal(first[0], 0);
    assert_int_equal(first[1], 2);
    assert_int_equal(first[2], 5);
}

/* 40 s: silence, a clip over the border of the first window, silence, a clip. */
static void long_sound_goes_in_windows(void **state)
{
    (void)state;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    size_t n = 40 * WHISPER_RATE_HZ, at[2] = {27 * WHISPER_RATE_HZ, 34 * WHISPER_RATE_HZ - 8000};
    float *pcm = arena_array(a, n, sizeof *pcm);
    for (size_t i = 0; i < 2; i++)
        memcpy(pcm + at[i], clips[1].pcm, clips[1].n * sizeof *pcm);
    WhisperOptions o = {0};
    WhisperResult r = hear(pcm, n, &o, a);
    size_t hits = 0;
    for (size_t i = 0; i < r.n_segments; i++) {
        hits += strstr(r.segments[i].text.ptr, "three months") != NULL;
        assert_true(i == 0 || r.segments[i].start_s >= r.segments[i - 1].end_s - 0.05f);
        /* A window's first time is within its first second, wherever the speech begins. */
        assert_true(r.segments[i].end_s > r.segments[i].start_s);
    }
    if (hits != 2 || !strstr(r.text.ptr, "contract"))
        fail_msg("%.*s", STR_ARG(r.text));
    const WhisperSegment *last = &r.segments[r.n_segments - 1];
    print_message("across two windows, to %.2f s: %.*s\n", (double)last->end_s, STR_ARG(r.text));
    assert_true(last->end_s > 36 && last->end_s < 41 && r.segments[0].end_s > 25);
    arena_free(a);
}

static void a_prompt_sways_the_words(void **state)
{
    (void)state;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    WhisperOptions o = {.prompt = STR("WHAT DID THE INVOICE SAY. I THINK IT WAS TWO WEEKS.")};
    WhisperResult r = hear(clips[1].pcm, clips[1].n, &o, a);
    print_message("with a prompt in capitals: %.*s\n", STR_ARG(r.text));
    assert_non_null(strstr(r.text.ptr, "THREE MONTHS"));
    arena_free(a);
}

/* ---- what is no speech -------------------------------------------------------------------------
 */

typedef enum { ZERO, WHITE, BROWN, HUM, TONE, CHORDS, CLICKS, SIGNALS } Signal;

static void make_signal(Signal kind, float *pcm, size_t n)
{
    uint32_t random = 12345;
    double brown = 0;
    for (size_t i = 0; i < n; i++) {
        double t = (double)i / WHISPER_RATE_HZ, beat = fmod(t, 0.5), x = 0;
        random = random * 1664525u + 1013904223u;
        double noise = (double)random / 4294967296.0 - 0.5;
        static const double chord[4][3] = {
            {262, 330, 392}, {220, 262, 330}, {175, 220, 262}, {196, 247, 294}};
        brown = 0.995 * brown + 0.1 * noise;
        if (kind == WHITE)
            x = 0.1 * noise;
        else if (kind == BROWN)
            x = brown;
        else if (kind == HUM)
            x = 0.1 * sin(314.159 * t) + 0.03 * sin(942.478 * t);
        else if (kind == TONE)
            x = 0.3 * sin(2764.6 * t);
        for (int k = 0; k < 3 && kind == CHORDS; k++)
            x += 0.1 * exp(-3 * beat) * sin(6.28319 * chord[(size_t)(t * 2) % 4][k] * t);
        if (kind == CLICKS && i % 5333 < 80)
            x = 0.9 * exp(-(double)(i % 5333) / 10);
        pcm[i] = (float)x;
    }
}

static void noise_has_no_words(void **state)
{
    (void)state;
    static const size_t lengths[] = {1600, 4800, 16000, 48000, 160000};
    static float pcm[160000];
    for (Signal kind = ZERO; kind < SIGNALS; kind++) {
        for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
            Arena *a = arena_new(ARENA_DEFAULT_MAX);
            WhisperOptions o = {0};
            make_signal(kind, pcm, lengths[i]);
            WhisperResult r = hear(pcm, lengths[i], &o, a);
            if (r.text.len)
                fail_msg("signal %d of %zu samples: \"%.*s\"", (int)kind, lengths[i],
                         STR_ARG(r.text));
            arena_free(a);
        }
    }
}

/* A word cut off, and speech with nothing or noise behind it: what was said, and no more. */
static void a_cut_does_not_loop(void **state)
{
    (void)state;
    static float pcm[20 * WHISPER_RATE_HZ];
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    WhisperOptions o = {0};
    for (size_t n = 3200; n < clips[0].n; n += 4000) {
        WhisperResult r = hear(clips[0].pcm, n, &o, a);
        if (r.text.len > 10 + n / 640) /* 25 letters a second */
            fail_msg("%zu samples: \"%.*s\"", n, STR_ARG(r.text));
    }
    for (int noisy = 0; noisy < 2; noisy++) {
        make_signal(noisy ? WHITE : ZERO, pcm, ARRAY_LEN(pcm));
        for (size_t i = 0; i < ARRAY_LEN(pcm); i++)
            pcm[i] = i < clips[1].n ? clips[1].pcm[i] : 0.2f * pcm[i];
        WhisperResult r = hear(pcm, ARRAY_LEN(pcm), &o, a);
        assert_str(r.text, "What did the contract say about the notice period? I think it was "
                           "three months.");
    }
    arena_free(a);
}

/* ---- asking wrongly, stopping, going on --------------------------------------------------------
 */

static bool no(void *arg)
{
    ++*(int *)arg;
    return true;
}

static bool stop_here(void *arg, size_t done, size_t all)
{
    assert_true(done > 0 && done <= all + WHISPER_HOP);
    ++*(int *)arg;
    return false;
}

static void refuses_and_stops(void **state)
{
    (void)state;
    static const float broken[3] = {NAN, INFINITY, -INFINITY};
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    WhisperResult r = {.fallbacks = 77};
    Err err = ERR_INIT;
    int calls = 0;
    float probability;
    const char *language;
    const Clip *c = &clips[1];
    WhisperOptions o = {.language = STR("xx")};
    assert_err(whisper_transcribe(int8, s8, c->pcm, c->n, &o, a, &r, &err), err, ERR_VALIDATION,
               "does not know the language \"xx\"");
    o = (WhisperOptions){.prompt = STR("\xff")};
    assert_err(whisper_transcribe(int8, s8, c->pcm, c->n, &o, a, &r, &err), err, ERR_VALIDATION,
               "UTF-8");
    o = (WhisperOptions){.cancelled = no, .arg = &calls};
    assert_err(whisper_transcribe(int8, s8, c->pcm, c->n, &o, a, &r, &err), err, ERR_CANCELLED,
               "stopped");
    o = (WhisperOptions){.progress = stop_here, .arg = &calls};
    assert_err(whisper_transcribe(int8, s8, c->pcm, c->n, &o, a, &r, &err), err, ERR_CANCELLED,
               "stopped");
    assert_int_equal(calls, 2);
    assert_int_equal(r.fallbacks, 77); /* untouched on failure */
    assert_err(whisper_detect(int8, s8, c->pcm, c->n, &language, &probability, &err), err,
               ERR_VALIDATION, "English only");
    assert_err(whisper_state_new(int8, 0, &err) != NULL, err, ERR_VALIDATION, "threads");
    assert_err(whisper_state_new(int8, 9, &err) != NULL, err, ERR_VALIDATION, "threads");
    o = (WhisperOptions){0};
    for (size_t n = 0; n < 4; n++) {
        r = hear(broken, n % 4, &o, a);
        assert_int_equal(r.text.len, 0);
    }
    arena_free(a);
}

/* One thread or several: the same sums, so the same text. */
static void threads_change_nothing(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    WhisperOptions o = {0};
    WhisperResult two = hear(clips[0].pcm, clips[0].n, &o, a), other;
    for (unsigned threads = 1; threads <= 5; threads += 2) {
        WhisperState *s = whisper_state_new(int8, threads, &err);
        assert_non_null(s);
        assert_true(whisper_transcribe(int8, s, clips[0].pcm, clips[0].n, &o, a, &other, &err));
        assert_true(str_eq(two.text, other.text));
        whisper_state_free(s);
    }
    arena_free(a);
}

/* 40 transcriptions here, 1,000 with SOTTO_TORTURE=full: not a page more after the first few. */
static void memory_stays_flat(void **state)
{
    (void)state;
    const char *torture = getenv("SOTTO_TORTURE");
    int runs = torture && strcmp(torture, "full") == 0 ? 1000 : 40;
    uint64_t before = 0;
    for (int i = 0; i < runs; i++) {
        Arena *a = arena_new(ARENA_DEFAULT_MAX);
        WhisperOptions o = {.no_timestamps = i % 2, .full_window = i % 10 == 3};
        size_t n = i % 4 == 3 ? 3000 : clips[i % 2].n;
        (void)hear(clips[i % 2].pcm, n, &o, a);
        arena_free(a);
        if (i == 10)
            before = os_rss_bytes();
    }
    uint64_t after = os_rss_bytes();
    print_message("%d transcriptions: %llu KiB more than after ten\n", runs,
                  after > before ? (unsigned long long)((after - before) >> 10) : 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    assert_true(after < before + (2u << 20));
#endif
}

int main(void)
{
    Err err = ERR_INIT;
    if (!cpu_init(&err))
        return 2;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_mel_is_the_reference),
        cmocka_unit_test(encoder_is_the_reference),
        cmocka_unit_test(attention_is_exact),
        cmocka_unit_test(tokens_are_the_reference),
        cmocka_unit_test(speech_becomes_text_with_times),
        cmocka_unit_test(words_have_times),
        cmocka_unit_test(the_cheapest_path_is_found),
        cmocka_unit_test(long_sound_goes_in_windows),
        cmocka_unit_test(a_prompt_sways_the_words),
        cmocka_unit_test(noise_has_no_words),
        cmocka_unit_test(a_cut_does_not_loop),
        cmocka_unit_test(refuses_and_stops),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(memory_stays_flat),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
