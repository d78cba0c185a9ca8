/* Other Whisper models against CTranslate2 and faster-whisper (tests/golden/whisper): base in fp32
 * and int8, its choice of language, and the log-mel of 128 bands that the large models hear.
 *
 * base (148 MB) is no part of what `make test` fetches: its tests are skipped, and say so, where it
 * is not there, and fail with SOTTO_GOLDEN=all, which `make bench-voice` sets behind its fetch. */
#include "support/unit.h"

#include "nn/whisper.h"
#include "unit/nn/whisper_golden.h"

#define STEP_MEL_LARGE 16

static Clip clips[2];

static int setup(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++)
        clips[i] = golden_clip(golden_names[i]);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_free(clips[0].pcm);
    test_free(clips[1].pcm);
    return 0;
}

typedef struct {
    Whisper *m;
    WhisperState *s;
} Model;

static Model open_model(const char *path, WhisperPrecision precision)
{
    Err err = ERR_INIT;
    Model out = {.m = whisper_open(path, precision, &err)};
    out.s = out.m ? whisper_state_new(out.m, 2, &err) : NULL;
    if (!out.s)
        fail_msg("%s", err.msg);
    return out;
}

static void close_model(Model *m)
{
    whisper_state_free(m->s);
    whisper_close(m->m);
}

static bool is_there(const char *name)
{
    const char *must = getenv("SOTTO_GOLDEN"), *dir = getenv("SOTTO_MODELS");
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s", dir && *dir ? dir : SOTTO_SOURCE_DIR "/models",
                   name);
    if (os_exists(path) || (must && strcmp(must, "all") == 0))
        return true;
    print_message("%s is not there: sotto models fetch whisper-base gets it\n", path);
    return false;
}

/* Language and probability of a clip in base.language. */
static float golden_language(const char *clip, Str *language, Buf *text)
{
    Str rest = buf_str(text), line, word;
    while (str_next(&rest, '\n', &line)) {
        if (!str_next(&line, ' ', &word) || !str_eq(word, str_of(clip)))
            continue;
        assert_true(str_next(&line, ' ', language));
        return strtof(line.ptr, NULL);
    }
    fail_msg("no golden language of %s", clip);
    return 0;
}

static void check_languages(const Model *m, bool full, float nearness)
{
    Buf text = golden_file("base", ".language");
    for (size_t i = 0; i < 2; i++) {
        Str want;
        WhisperOptions o = {0};
        float probabilities[128], p = golden_language(golden_names[i], &want, &text);
        WhisperWindow w = window(m->m, m->s, &clips[i], &o);
        whisper_window_encode(&w, 0, clips[i].n / WHISPER_HOP, full);
        uint32_t best = whisper_window_language(&w, probabilities);
        print_message("%s: %s %.4f, CTranslate2 %.4f\n", golden_names[i], whisper_language(best),
                      (double)probabilities[best], (double)p);
        assert_str(want, whisper_language(best));
        assert_true(fabsf(probabilities[best] - p) < nearness);
    }
    buf_release(&text);
}

/* Where the short window leaves the language open, the full one decides. */
static void check_doubt(const Model *m)
{
    Err err = ERR_INIT;
    size_t doubts = 0;
    for (size_t n = 6400; n < clips[1].n; n += 6400) {
        Clip piece = {.pcm = clips[1].pcm, .n = n};
        WhisperOptions o = {0};
        const char *language;
        float probabilities[128], found;
        size_t frames = n / WHISPER_HOP;
        WhisperWindow w = window(m->m, m->s, &piece, &o);
        whisper_window_encode(&w, 0, frames, false);
        uint32_t best = whisper_window_language(&w, probabilities);
        if (probabilities[best] < 0.7f) {
            doubts++;
            whisper_window_encode(&w, 0, frames, true);
            best = whisper_window_language(&w, probabilities);
        }
        float want = probabilities[best];
        assert_true(whisper_detect(m->m, m->s, piece.pcm, n, &language, &found, &err));
        assert_string_equal(language, whisper_language(best));
        assert_true(fabsf(found - want) < 1e-4f);
    }
    assert_true(doubts > 0);
}

static void base_is_the_reference(void **state)
{
    (void)state;
    if (!is_there("whisper-base/model.bin"))
        skip();
    Model exact = open_model(model_path("whisper-base"), WHISPER_FP32);
    double states = encoder_error(exact.m, exact.s, clips, "base", true);
    double ids = same_ids(exact.m, exact.s, clips, "base", true);
    print_message("base, fp32: log-mel %.2g, encoder %.2g, ids %.0f %%\n",
                  (double)mel_error(exact.m, exact.s, clips, "tiny.en", STEP_MEL), states,
                  ids * 100);
    assert_true(mel_error(exact.m, exact.s, clips, "tiny.en", STEP_MEL) < 1e-4f);
    assert_true(states < 1e-3);
    assert_true(ids == 1.0);
    check_languages(&exact, true, 1e-3f);
    close_model(&exact);
}

static void base_in_int8_is_near(void **state)
{
    (void)state;
    if (!is_there("whisper-base.sotto"))
        skip();
    Model m = open_model(model_path("whisper-base.sotto"), WHISPER_INT8);
    double states = encoder_error(m.m, m.s, clips, "base", true);
    double brief = encoder_error(m.m, m.s, clips, "base", false);
    double ids = same_ids(m.m, m.s, clips, "base", true);
    double brief_ids = same_ids(m.m, m.s, clips, "base", false);
    print_message("base, int8: encoder %.2g, ids %.0f %%; short %.2g, %.0f %%\n", states, ids * 100,
                  brief, brief_ids * 100);
    assert_true(states < 0.1 && brief < 0.35);
    assert_true(ids > 0.8 && brief_ids > 0.7);
    check_languages(&m, true, 0.1f);
    check_languages(&m, false, 0.2f);
    check_doubt(&m);
    close_model(&m);
}

/* The large models' 128 bands: no model is needed to look at them. */
static void log_mel_of_128_bands(void **state)
{
    (void)state;
    static float filters[MEL_MAX * MEL_BINS], out[WHISPER_FRAMES * MEL_MAX], scratch[MEL_SCRATCH];
    Err err = ERR_INIT;
    mel_filters(MEL_MAX, filters);
    Mel *mel = mel_new(filters, MEL_MAX, &err);
    assert_non_null(mel);
    Buf b = golden_file("large-v3", ".mel");
    size_t at = 0;
    float worst = 0;
    for (size_t i = 0; i < 2; i++) {
        float most = mel_frames(mel, clips[i].pcm, clips[i].n, 0, WHISPER_FRAMES, out, scratch);
        mel_scale(out, ARRAY_LEN(out), most);
        for (size_t f = 0; f < clips[i].n / WHISPER_HOP; f += STEP_MEL_LARGE) {
            for (size_t k = 0; k < MEL_MAX; k++, at += 4) {
                float want;
                assert_true(at + 4 <= b.len);
                memcpy(&want, b.ptr + at, 4);
                float off = fabsf(want - out[f * MEL_MAX + k]);
                worst = off > worst ? off : worst;
            }
        }
    }
    assert_int_equal(at, b.len);
    buf_release(&b);
    mel_free(mel);
    print_message("log-mel of 128 bands: largest difference %.2g\n", (double)worst);
    assert_true(worst < 1e-4f);
}

int main(void)
{
    Err err = ERR_INIT;
    if (!cpu_init(&err))
        return 2;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base_is_the_reference),
        cmocka_unit_test(base_in_int8_is_near),
        cmocka_unit_test(log_mel_of_128_bands),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
