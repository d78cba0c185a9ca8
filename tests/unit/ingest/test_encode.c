/* Sound of our own in every format, read back by other people's decoders (FFmpeg's, in the confined
 * child): the tone is in it, in the right length; blocks of any size give the same bytes as all at
 * once; the same sound is the same bytes. */
#include "support/unit.h"

#include <stdio.h>

#include "audio/encode.h"
#include "audio/wav.h"
#include "base/mem.h"
#include "support/sound.h"

#define SECONDS 1.5
#define TONE_HZ 400.0

static float *tone(uint32_t rate, size_t n)
{
    float *pcm = mem_array(n + 1, sizeof *pcm);
    assert_non_null(pcm);
    for (size_t i = 0; i < n; i++)
        pcm[i] = (float)(0.5 * sin(2 * M_PI * TONE_HZ * (double)i / rate));
    return pcm;
}

static void encode_blocks(const EncodeOptions *o, const float *pcm, size_t n, size_t most, Buf *out)
{
    Err err = ERR_INIT;
    uint32_t seed = 7;
    buf_init(out, BUF_DEFAULT_MAX);
    Encoder *e = encode_new(o, &err);
    bool ok = e != NULL;
    for (size_t at = 0, now; ok && at < n; at += now) {
        seed = seed * 1664525 + 1013904223;
        now = most > 1 ? 1 + (seed >> 16) % most : n;
        now = now < n - at ? now : n - at;
        ok = encode_push(e, pcm + at, now, out, &err);
    }
    if (!ok || !encode_finish(e, out, &err))
        fail_msg("%s: %s", encode_info(o->format)->name, err.msg);
    encode_free(e);
}

static void check_tone(const char *what, const Sound *s, double seconds, double slack,
                       double purity)
{
    double amplitude, share;
    sound_tone(s, TONE_HZ, &amplitude, &share);
    if (fabs(sound_seconds(s) - seconds) > slack || fabs(amplitude - 0.5) > 0.05 || share < purity)
        fail_msg("%s: %.3f s, tone %.3f, %.4f of the power", what, sound_seconds(s), amplitude,
                 share);
}

static const struct {
    EncodeFormat format;
    const char *container, *codec;
    double slack; /* seconds that the codec adds at the ends */
    double purity;
} formats[] = {{ENCODE_WAV, "wav", "pcm_s16le", 0.001, 0.98},
               {ENCODE_FLAC, "flac", "flac", 0.001, 0.98},
               {ENCODE_OPUS, "ogg", "opus", 0.001, 0.98},
               {ENCODE_MP3, "mp3", "mp3", 0.16, 0.98},
               {ENCODE_AAC, "aac", "aac", 0.3, 0.96}};

static void every_format_can_be_read(void **state)
{
    (void)state;
    static const uint32_t rates[] = {8000, 16000, 22050, 24000, 44100, 48000, 37800};
    for (size_t f = 0; f < ARRAY_LEN(formats); f++)
        for (size_t r = 0; r < ARRAY_LEN(rates); r++) {
            size_t n = (size_t)(rates[r] * SECONDS);
            float *pcm = tone(rates[r], n);
            EncodeOptions o = {.format = formats[f].format, .rate_hz = rates[r]};
            char what[64];
            Buf out, again;
            Sound s;
            Err err = ERR_INIT;
            (void)snprintf(what, sizeof what, "%s at %u Hz", encode_info(o.format)->name, rates[r]);
            encode_blocks(&o, pcm, n, 3000, &out);
            encode_blocks(&o, pcm, n, 1, &again);
            if (!str_eq(buf_str(&out), buf_str(&again)))
                fail_msg("%s: other blocks, other bytes", what);
            if (!sound_decode(box, buf_str(&out), STR(""), NULL, &s, &err))
                fail_msg("%s: %s", what, err.msg);
            check_tone(what, &s, SECONDS, formats[f].slack, formats[f].purity);
            assert_string_equal(s.container, formats[f].container);
            assert_string_equal(s.codec, formats[f].codec);
            assert_int_equal(s.source_channels, 1);
            assert_false(s.partial);
            sound_release(&s);
            buf_release(&out);
            buf_release(&again);
            mem_free(pcm);
        }
}

static void raw_samples_are_raw(void **state)
{
    (void)state;
    static const float pcm[] = {0, 0.5f, -0.5f, 2, -2, NAN, 1e-9f};
    static const int16_t wanted[] = {0, 16384, -16384, 32767, -32768, 0, 0};
    Buf out;
    encode_blocks(&(EncodeOptions){.format = ENCODE_PCM, .rate_hz = 24000}, pcm, ARRAY_LEN(pcm), 3,
                  &out);
    assert_int_equal(out.len, sizeof wanted);
    assert_memory_equal(out.ptr, wanted, sizeof wanted);
    buf_release(&out);
}

/* Known beforehand: the header is exact; else it is that of a stream. Both can be read. */
static void a_wave_says_its_length(void **state)
{
    (void)state;
    float *pcm = tone(16000, 16000);
    EncodeOptions o = {.format = ENCODE_WAV, .rate_hz = 16000};
    Buf stream, whole;
    Wav w;
    Err err = ERR_INIT;
    encode_blocks(&o, pcm, 16000, 700, &stream);
    assert_memory_equal(stream.ptr + 40, "\xFF\xFF\xFF\xFF", 4);
    buf_init(&whole, BUF_DEFAULT_MAX);
    assert_true(encode_all(&o, pcm, 16000, &whole, &err));
    assert_memory_equal(whole.ptr + 40, "\0\x7D\0\0", 4);
    assert_true(wav_parse(buf_str(&whole), &w, &err) && w.frames == 16000 && !w.cut_short);
    assert_true(wav_parse(buf_str(&stream), &w, &err) && w.frames == 16000 && !w.cut_short);
    buf_release(&stream);
    buf_release(&whole);
    mem_free(pcm);
}

/* Bytes come while the sound is made: half a second behind at most. */
static void bytes_come_early(void **state)
{
    (void)state;
    float *pcm = tone(24000, 48000);
    for (size_t f = 0; f < ARRAY_LEN(formats); f++) {
        EncodeOptions o = {.format = formats[f].format, .rate_hz = 24000};
        Err err = ERR_INIT;
        Buf out;
        size_t at = 0;
        buf_init(&out, BUF_DEFAULT_MAX);
        Encoder *e = encode_new(&o, &err);
        assert_non_null(e);
        while (at < 48000 && out.len < 1500) {
            assert_true(encode_push(e, pcm + at, 240, &out, &err));
            at += 240;
        }
        print_message("%s: 1500 bytes after %zu ms of sound\n", encode_info(o.format)->name,
                      at / 24);
        assert_true(at <= 12000);
        encode_free(e); /* in the middle: nothing is lost but the rest */
        buf_release(&out);
    }
    mem_free(pcm);
}

static void limits_are_kept(void **state)
{
    (void)state;
    float *pcm = tone(16000, 48000);
    for (size_t f = 0; f < ENCODE_FORMATS; f++) {
        Err err = ERR_INIT;
        Buf out;
        EncodeOptions o = {.format = (EncodeFormat)f, .rate_hz = 16000};
        buf_init(&out, 1000);
        assert_err(encode_all(&o, pcm, 48000, &out, &err), err, ERR_TOO_LARGE, "1000 bytes");
        buf_release(&out);
        buf_init(&out, 1 << 20);
        assert_true(encode_all(&o, pcm, 0, &out, &err)); /* nothing is a sound too */
        buf_release(&out);
        o.rate_hz = 100;
        assert_err(encode_new(&o, &err) != NULL, err, ERR_VALIDATION, "100 Hz");
        o = (EncodeOptions){.format = (EncodeFormat)f, .rate_hz = 16000, .bit_rate = 10};
        assert_err(encode_new(&o, &err) != NULL, err, ERR_VALIDATION, "bit rate");
        EncodeFormat found;
        assert_true(encode_find(str_of(encode_info((EncodeFormat)f)->name), &found) && found == f);
    }
    EncodeFormat found;
    assert_false(encode_find(STR("midi"), &found));
    mem_free(pcm);
}

/* A frame more or less, a sample alone: every length has an end. */
static void short_sounds_are_sounds(void **state)
{
    (void)state;
    static const size_t lengths[] = {1, 2, 159, 160, 161, 319, 320, 321, 1023, 1024, 1025, 1152};
    float *pcm = tone(16000, 1152);
    for (size_t f = 0; f < ARRAY_LEN(formats); f++)
        for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
            EncodeOptions o = {.format = formats[f].format, .rate_hz = 16000};
            Err err = ERR_INIT;
            Buf out;
            buf_init(&out, 1 << 20);
            if (!encode_all(&o, pcm, lengths[i], &out, &err))
                fail_msg("%s of %zu: %s", encode_info(o.format)->name, lengths[i], err.msg);
            assert_true(out.len > 20);
            buf_release(&out);
        }
    mem_free(pcm);
}

/* Each of our own allocations may fail: an error, and nothing lost. */
static void memory_may_be_short(void **state)
{
    (void)state;
    float *pcm = tone(37800, 4000);
    for (size_t f = 0; f < ENCODE_FORMATS; f++) {
        EncodeOptions o = {.format = (EncodeFormat)f, .rate_hz = 37800};
        bool done = false;
        for (uint64_t n = 1; !done; n++) {
            Err err = ERR_INIT;
            Buf out;
            assert_true(n < 100);
            buf_init(&out, 1 << 20);
            mem_test_fail(n, 0);
            done = encode_all(&o, pcm, 4000, &out, &err);
            mem_test_fail(0, 0);
            if (!done && err.code != ERR_NO_MEMORY)
                fail_msg("%s: %s", encode_info(o.format)->name, err.msg);
            buf_release(&out);
        }
    }
    mem_free(pcm);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], ZYGOTE_FLAG) == 0)
        return extract_child_main(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_format_can_be_read),
        cmocka_unit_test(raw_samples_are_raw),
        cmocka_unit_test(a_wave_says_its_length),
        cmocka_unit_test(bytes_come_early),
        cmocka_unit_test(limits_are_kept),
        cmocka_unit_test(short_sounds_are_sounds),
        cmocka_unit_test(memory_may_be_short),
    };
    return cmocka_run_group_tests(tests, box_open, box_close);
}
