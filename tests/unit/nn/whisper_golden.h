/* whisper_golden.h - what tests/golden/whisper holds of a published model, and how near we come:
 * log-mel, encoder states, token ids of CTranslate2 and faster-whisper in fp32. */
#ifndef SOTTO_TESTS_WHISPER_GOLDEN_H
#define SOTTO_TESTS_WHISPER_GOLDEN_H

#include <math.h>

#include "nn/whisper_words.h"
#include "unit/nn/models.h"

#define GOLDEN SOTTO_SOURCE_DIR "/tests/golden/whisper/"
#define STEP_MEL 8
#define STEP_STATE 32
#define ROWS_STATE 47

static const char *const golden_names[] = {"dentist", "contract"};

typedef struct {
    float *pcm;
    size_t n;
} Clip;

static inline Buf golden_file(const char *model, const char *name)
{
    char path[512];
    Err err = ERR_INIT;
    Buf b;
    buf_init(&b, 16 << 20);
    (void)snprintf(path, sizeof path, GOLDEN "%s%s", model, name);
    if (!os_read_file(path, &b, &err))
        fail_msg("%s", err.msg);
    return b;
}

static inline Clip golden_clip(const char *name)
{
    char wav[64];
    (void)snprintf(wav, sizeof wav, "%s.wav", name);
    Buf b = golden_file("", wav);
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

static inline WhisperWindow window(const Whisper *m, WhisperState *s, const Clip *c,
                            const WhisperOptions *o)
{
    WhisperWindow w = {.m = m, .s = s, .o = o, .pcm = c->pcm, .n = c->n};
    w.most = mel_frames(m->mel, c->pcm, c->n, 0, WHISPER_FRAMES, s->mel + m->w.info.mels,
                        s->lane[0].scores);
    return w;
}

/* The largest difference of the log-mel of the clips to MODEL.mel, of every step-th frame. */
static inline float mel_error(const Whisper *m, WhisperState *s, const Clip *clips,
    const char *model, size_t step)
{
    Buf b = golden_file(model, ".mel");
    size_t at = 0, mels = m->w.info.mels;
    float worst = 0;
    WhisperOptions o = {0};
    for (size_t i = 0; i < 2; i++) {
        WhisperWindow w = window(m, s, &clips[i], &o);
        whisper_window_encode(&w, 0, WHISPER_FRAMES, true);
        for (size_t f = 0; f < clips[i].n / WHISPER_HOP; f += step) {
            for (size_t k = 0; k < mels; k++, at += 4) {
                float want, got = s->mel[(f + 1) * mels + k];
                assert_true(at + 4 <= b.len);
                memcpy(&want, b.ptr + at, 4);
                worst = fabsf(want - got) > worst ? fabsf(want - got) : worst;
            }
        }
    }
    assert_int_equal(at, b.len);
    buf_release(&b);
    return worst;
}

/* Root of the mean square of the difference to the golden states, by that of the states. */
static inline double encoder_error(const Whisper *m, WhisperState *s, const Clip *clips,
    const char *model, bool full)
{
    Buf b = golden_file(model, ".encoder");
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

/* The line "CLIP MODE id id ..." of the golden tokens. */
static inline size_t golden_tokens(Str text, const char *clip, const char *mode, uint32_t *ids)
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

static inline size_t longest_common(const uint32_t *a, size_t n, const uint32_t *b, size_t m)
{
    size_t row[WHISPER_SAID_MAX + 1] = {0};
    for (size_t i = 0; i < n; i++) {
        size_t corner = 0;
        for (size_t j = 1; j <= m; j++) {
            size_t above = row[j];
            row[j] = a[i] == b[j - 1] ? corner + 1 : above > row[j - 1] ? above : row[j - 1];
            corner = above;
        }
    }
    return row[m];
}

/* Share of ids that are CTranslate2's, in their order, over all clips and modes. */
static inline double same_ids(const Whisper *m, WhisperState *s, const Clip *clips,
    const char *model, bool full)
{
    Buf b = golden_file(model, ".tokens");
    size_t same = 0, all = 0;
    for (size_t i = 0; i < 4; i++) {
        WhisperOptions o = {.no_timestamps = i % 2, .full_window = full, .one_temperature = true};
        uint32_t want[WHISPER_SAID_MAX];
        size_t n = golden_tokens(buf_str(&b), golden_names[i / 2], i % 2 ? "plain" : "times", want);
        WhisperWindow w = window(m, s, &clips[i / 2], &o);
        WhisperSaid said;
        Err err = ERR_INIT;
        size_t frames = clips[i / 2].n / WHISPER_HOP;
        whisper_window_encode(&w, 0, frames, full);
        assert_true(whisper_window_decode(&w, 0, frames, &said, &err));
        assert_true(said.full_window == full);
        same += longest_common(want, n, said.tokens, said.n);
        all += n > said.n ? n : said.n;
    }
    buf_release(&b);
    return (double)same / (double)all;
}

#endif
