/* Whisper against CTranslate2 and faster-whisper (tests/golden/whisper) with the published tiny.en,
 * in fp32 and int8, on the full window and on the short one. */
#include "support/unit.h"

#include <math.h>

#include "nn/whisper.h"
#include "nn/whisper_window.h"
#include "support/tempdir.h"
#include "unit/nn/models.h"

#define GOLDEN SOTTO_SOURCE_DIR "/tests/golden/whisper/"
#define MODEL "tiny.en"
#define STEP_MEL 8
#define STEP_STATE 32
#define ROWS_STATE 47

static const char *const names[] = {"dentist", "contract"};

typedef struct {
    float *pcm;
    size_t n;
} Clip;

static Clip clips[2];
static Whisper *int8, *fp32;
static WhisperState *s8, *s32;

static Buf file(const char *name)
{
    char path[512];
    Err err = ERR_INIT;
    Buf b;
    buf_init(&b, 16 << 20);
    (void)snprintf(path, sizeof path, GOLDEN "%s", name);
    if (!os_read_file(path, &b, &err))
        fail_msg("%s", err.msg);
    return b;
}

static Clip read_clip(const char *name)
{
    char wav[64];
    (void)snprintf(wav, sizeof wav, "%s.wav", name);
    Buf b = file(wav);
    assert_true(b.len > 44 && memcmp(b.ptr, "RIFF", 4) == 0);
    Clip c = {.n = (b.len - 44) / 2};
    c.pcm = test_malloc(c.n * sizeof *c.pcm);
    for (size_t i = 0; i < c.n; i++) {
        int16_t v;
        memcpy(&v, b.ptr + 44 + 2 * i, 2);
        c.pcm[i] = (float)v / 32768.0f;
    }
    buf_release(&b);
    return c;
}

static int setup(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    for (size_t i = 0; i < 2; i++)
        clips[i] = read_clip(names[i]);
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

static WhisperWindow window(const Whisper *m, WhisperState *s, const Clip *c,
                            const WhisperOptions *o)
{
    WhisperWindow w = {.m = m, .s = s, .o = o, .pcm = c->pcm, .n = c->n};
    w.most = mel_frames(m->mel, c->pcm, c->n, 0, WHISPER_FRAMES, s->mel + m->w.info.mels,
                        s->lane[0].scores);
    return w;
}

static void log_mel_is_the_reference(void **state)
{
    (void)state;
    Buf b = file(MODEL ".mel");
    size_t at = 0, mels = fp32->w.info.mels;
    float worst = 0;
    WhisperOptions o = {0};
    for (size_t i = 0; i < 2; i++) {
        WhisperWindow w = window(fp32, s32, &clips[i], &o);
        whisper_window_encode(&w, 0, WHISPER_FRAMES, true);
        for (size_t f = 0; f < clips[i].n / WHISPER_HOP; f += STEP_MEL) {
            for (size_t k = 0; k < mels; k++, at += 4) {
                float want, got = s32->mel[(f + 1) * mels + k];
                assert_true(at + 4 <= b.len);
                memcpy(&want, b.ptr + at, 4);
                worst = fabsf(want - got) > worst ? fabsf(want - got) : worst;
            }
        }
    }
    assert_int_equal(at, b.len);
    buf_release(&b);
    print_message("log-mel: largest difference %.2g\n", (double)worst);
    assert_true(worst < 1e-4f);
}

/* Root of the mean square of the difference to the golden states, by that of the states. */
static double encoder_error(const Whisper *m, WhisperState *s, bool full)
{
    Buf b = file(MODEL ".encoder");
    size_t d = m->w.info.state;
    double difference = 0, size = 0;
    WhisperOptions o = {0};
    assert_int_equal(b.len, 2 * ROWS_STATE * d * 4);
    for (size_t i = 0; i < 2; i++) {
        WhisperWindow w = window(m, s, &clips[i], &o);
        whisper_window_encode(&w, 0, clips[i].n / WHISPER_HOP, full);
        for (size_t r = 0; r < ROWS_STATE && r * STEP_STATE < s->n; r++) {
            for (size_t k = 0; k < d; k++) {
                float want, got = s->encoded[r * STEP_STATE * d + k];
                memcpy(&want, b.ptr + ((i * ROWS_STATE + r) * d + k) * 4, 4);
                difference += (double)(want - got) * (double)(want - got);
                size += (double)want * (double)want;
            }
        }
    }
    buf_release(&b);
    return sqrt(difference / size);
}

static void encoder_is_the_reference(void **state)
{
    (void)state;
    double exact = encoder_error(fp32, s32, true), small = encoder_error(int8, s8, true);
    double cut = encoder_error(fp32, s32, false), both = encoder_error(int8, s8, false);
    print_message("encoder, relative error: fp32 %.2g, int8 %.2g; short window %.2g, %.2g\n", exact,
                  small, cut, both);
    assert_true(exact < 1e-3);
    assert_true(small < 0.1);
    assert_true(cut < 0.35);
    assert_true(both < 0.35);
}

/* ---- tokens ------------------------------------------------------------------------------------
 */

/* The line "CLIP MODE id id ..." of the golden tokens. */
static size_t golden_tokens(Str text, const char *clip, const char *mode, uint32_t *ids)
{
    Str line, word;
    while (str_next(&text, '\n', &line)) {
        size_t n = 0;
        uint64_t id;
        if (!str_next(&line, ' ', &word) || !str_eq(word, str_of(clip)) ||
            !str_next(&line, ' ', &word) || !str_eq(word, str_of(mode)))
            continue;
        while (str_next(&line, ' ', &word)) {
            assert_true(str_to_u64(word, &id));
            ids[n++] = (uint32_t)id;
        }
        return n;
    }
    fail_msg("no golden tokens of %s %s", clip, mode);
    return 0;
}

/* Share of golden ids that come out, in their places, over all clips and modes. */
static double same_ids(const Whisper *m, WhisperState *s, bool full)
{
    Buf b = file(MODEL ".tokens");
    size_t same = 0, all = 0;
    for (size_t i = 0; i < 4; i++) {
        WhisperOptions o = {.no_timestamps = i % 2, .full_window = full, .one_temperature = true};
        uint32_t want[WHISPER_SAID_MAX];
        size_t n = golden_tokens(buf_str(&b), names[i / 2], i % 2 ? "plain" : "times", want);
        WhisperWindow w = window(m, s, &clips[i / 2], &o);
        WhisperSaid said;
        Err err = ERR_INIT;
        size_t frames = clips[i / 2].n / WHISPER_HOP;
        whisper_window_encode(&w, 0, frames, full);
        assert_true(whisper_window_decode(&w, 0, frames, &said, &err));
        for (size_t k = 0; k < n; k++)
            same += k < said.n && said.tokens[k] == want[k];
        all += n > said.n ? n : said.n;
    }
    buf_release(&b);
    return (double)same / (double)all;
}

static void tokens_are_the_reference(void **state)
{
    (void)state;
    double exact = same_ids(fp32, s32, true), small = same_ids(int8, s8, true);
    double cut = same_ids(fp32, s32, false), both = same_ids(int8, s8, false);
    print_message("ids as CTranslate2's: fp32 %.0f %%, int8 %.0f %%; short %.0f %%, %.0f %%\n",
                  exact * 100, small * 100, cut * 100, both * 100);
    assert_true(exact == 1.0);
    assert_true(small > 0.7);
    assert_true(cut > 0.7);
    assert_true(both > 0.7);
}

int main(void)
{
    Err err = ERR_INIT;
    if (!cpu_init(&err))
        return 2;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_mel_is_the_reference),
        cmocka_unit_test(encoder_is_the_reference),
        cmocka_unit_test(tokens_are_the_reference),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
