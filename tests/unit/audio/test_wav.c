/* WAVE read and written, samples of every kind, headers as odd as writers make them. */
#include "support/unit.h"

#include <math.h>

#include "audio/wav.h"

typedef struct {
    char bytes[4096];
    size_t n;
} Bytes;

static void put(Bytes *b, const void *p, size_t n)
{
    assert_true(b->n + n <= sizeof b->bytes);
    memcpy(b->bytes + b->n, p, n);
    b->n += n;
}

static void put32(Bytes *b, uint32_t v) { put(b, &v, 4); }
static void put16(Bytes *b, uint32_t v) { put(b, &(uint16_t){(uint16_t)v}, 2); }

static void put_chunk(Bytes *b, const char *id, uint32_t said, const void *body, size_t n)
{
    put(b, id, 4);
    put32(b, said);
    put(b, body, n);
}

static void begin(Bytes *b, const char *id, uint32_t length)
{
    b->n = 0;
    put(b, id, 4);
    put32(b, length);
    put(b, "WAVE", 4);
}

static void put_format(Bytes *b, uint32_t tag, uint32_t channels, uint32_t rate, uint32_t bytes,
                       uint32_t bits)
{
    put(b, "fmt ", 4);
    put32(b, 16);
    put16(b, tag);
    put16(b, channels);
    put32(b, rate);
    put32(b, rate * channels * bytes);
    put16(b, channels * bytes);
    put16(b, bits);
}

static Str str_of_bytes(const Bytes *b) { return str_mem(b->bytes, b->n); }

static void parse(const Bytes *b, Wav *w)
{
    Err err = ERR_INIT;
    if (!wav_parse(str_of_bytes(b), w, &err))
        fail_msg("%s", err.msg);
}

static void expect_samples(const Wav *w, const float *wanted, size_t n)
{
    float got[16];
    assert_int_equal(w->frames, n);
    assert_int_equal(wav_read(w, 0, 16, got), n);
    for (size_t i = 0; i < n; i++)
        if (fabsf(got[i] - wanted[i]) > 1e-6f)
            fail_msg("sample %zu is %g, not %g", i, (double)got[i], (double)wanted[i]);
}

static void every_kind_of_sample_is_read(void **state)
{
    (void)state;
    static const struct {
        uint32_t tag, bytes, bits;
        const char *data;
        float wanted[3];
    } rows[] = {
        {1, 1, 8, "\x80\x00\xC0", {0, -1, 0.5f}},
        {1, 2, 16, "\0\0\0\x80\0\x40", {0, -1, 0.5f}},
        {1, 3, 24, "\0\0\0\0\0\x80\0\0\x40", {0, -1, 0.5f}},
        {1, 3, 20, "\0\0\0\0\0\x80\0\0\x40", {0, -1, 0.5f}}, /* 20 bits lie in 24 */
        {1, 2, 12, "\0\0\0\x80\0\x40", {0, -1, 0.5f}},
        {1, 4, 32, "\0\0\0\0\0\0\0\x80\0\0\0\x40", {0, -1, 0.5f}},
        {3, 4, 32, "\0\0\0\0\0\0\x80\xBF\0\0\0\x3F", {0, -1, 0.5f}},
        {3, 4, 32, "\0\0\xC0\x7F\0\0\x80\xFF\0\0\0\x3F", {0, 0, 0.5f}}, /* NaN, -infinity */
        {3, 8, 64, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xF0\xBF\0\0\0\0\0\0\xE0\x3F", {0, -1, 0.5f}},
        {6, 1, 8, "\xD5\x2A\xAA", {8 / 32768.0f, -32256 / 32768.0f, 32256 / 32768.0f}},
        {7, 1, 8, "\xFF\x00\x80", {0, -32124 / 32768.0f, 32124 / 32768.0f}},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Bytes b;
        Wav w;
        begin(&b, "RIFF", 1000);
        put_format(&b, rows[i].tag, 1, 16000, rows[i].bytes, rows[i].bits);
        put_chunk(&b, "data", 3 * rows[i].bytes, rows[i].data, (size_t)3 * rows[i].bytes);
        parse(&b, &w);
        assert_false(w.cut_short);
        expect_samples(&w, rows[i].wanted, 3);
    }
}

static const int16_t four[] = {8192, 16384, -8192, -16384};

static void channels_become_their_mean(void **state)
{
    (void)state;
    Bytes b;
    Wav w;
    begin(&b, "RIFF", 44);
    put_format(&b, 1, 2, 44100, 2, 16);
    put_chunk(&b, "data", 8, four, 8);
    parse(&b, &w);
    assert_int_equal(w.channels, 2);
    assert_int_equal(w.rate_hz, 44100);
    expect_samples(&w, (const float[]){0.375f, -0.375f}, 2);
    float one;
    assert_int_equal(wav_read(&w, 1, 1, &one), 1);
    assert_true(one == -0.375f);
    assert_int_equal(wav_read(&w, 2, 1, &one), 0);
    assert_int_equal(wav_read(&w, UINT64_MAX, 1, &one), 0);
}

static void extensible_is_what_it_says_inside(void **state)
{
    (void)state;
    static const char guid[] = "\3\0\0\0\0\0\x10\0\x80\0\0\xAA\0\x38\x9B\x71";
    static const float samples[] = {0.25f, -0.5f};
    Bytes b;
    Wav w;
    begin(&b, "RIFF", 1000);
    put_format(&b, 0xFFFE, 1, 48000, 4, 32);
    b.bytes[16] = 40; /* the chunk is longer than the plain one */
    put16(&b, 22);
    put16(&b, 32);
    put32(&b, 4);
    put(&b, guid, 16);
    put_chunk(&b, "data", 8, samples, 8);
    parse(&b, &w);
    assert_int_equal(w.format, PCM_F32);
    expect_samples(&w, samples, 2);
}

static const float quarter[] = {0.25f, 0.5f, -0.25f, -0.5f};

static void chunks_come_as_they_like(void **state)
{
    (void)state;
    Bytes b;
    Wav w;
    begin(&b, "RIFF", 1000); /* odd chunks, with their padding and without, before and behind */
    put_chunk(&b, "LIST", 5, "abcde\0", 6);
    put_chunk(&b, "bext", 3, "xyz", 3);
    put_format(&b, 1, 1, 8000, 2, 16);
    put_chunk(&b, "fact", 4, "\4\0\0\0", 4);
    put_chunk(&b, "data", 8, four, 8);
    put_chunk(&b, "LIST", 4, "abcd", 4);
    parse(&b, &w);
    assert_false(w.cut_short);
    expect_samples(&w, quarter, 4);
    begin(&b, "RIFF", 1000); /* the samples before their format */
    put_chunk(&b, "data", 8, four, 8);
    put_format(&b, 1, 1, 8000, 2, 16);
    parse(&b, &w);
    expect_samples(&w, quarter, 4);
}

static void a_stream_has_no_lengths(void **state)
{
    (void)state;
    static const struct {
        uint32_t riff, data;
        bool cut_short;
    } rows[] = {{UINT32_MAX, UINT32_MAX, false}, {0, 0, false}, {0x7FFFFFFF, 0x7FFFFFDB, false},
                {1000, 100, true}, {44, 8, false}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Bytes b;
        Wav w;
        begin(&b, "RIFF", rows[i].riff);
        put_format(&b, 1, 1, 8000, 2, 16);
        put_chunk(&b, "data", rows[i].data, four, 8);
        parse(&b, &w);
        assert_int_equal(w.cut_short, rows[i].cut_short);
        expect_samples(&w, quarter, 4);
    }
    Bytes b;
    Wav w;
    begin(&b, "RF64", UINT32_MAX);
    put_chunk(&b, "ds64", 28, "\0\0\0\0\0\0\0\0\6\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\0\0\0\0", 28);
    put_format(&b, 1, 1, 8000, 2, 16);
    put_chunk(&b, "data", UINT32_MAX, four, 8);
    parse(&b, &w);
    assert_false(w.cut_short);
    expect_samples(&w, quarter, 3);
    begin(&b, "RIFF", 44); /* half a sample at the end */
    put_format(&b, 1, 1, 8000, 2, 16);
    put_chunk(&b, "data", 7, four, 7);
    parse(&b, &w);
    assert_true(w.cut_short);
    expect_samples(&w, quarter, 3);
}

static void what_is_broken_is_refused(void **state)
{
    (void)state;
    static const struct {
        uint32_t tag, channels, rate, bytes, bits;
        ErrCode code;
        const char *words;
    } rows[] = {
        {1, 0, 16000, 2, 16, ERR_VALIDATION, "channels"},
        {1, 300, 16000, 2, 16, ERR_VALIDATION, "channels"},
        {1, 1, 0, 2, 16, ERR_VALIDATION, "sample rate"},
        {1, 1, 4000000000u, 2, 16, ERR_VALIDATION, "sample rate"},
        {1, 1, 16000, 5, 40, ERR_VALIDATION, "sample size"},
        {3, 1, 16000, 2, 16, ERR_VALIDATION, "sample size"},
        {2, 1, 16000, 1, 4, ERR_UNSUPPORTED_MEDIA, "codec 0x0002"},
        {85, 1, 16000, 1, 0, ERR_UNSUPPORTED_MEDIA, "codec 0x0055"},
    };
    Bytes b;
    Wav w;
    Err err = ERR_INIT;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        begin(&b, "RIFF", 1000);
        put_format(&b, rows[i].tag, rows[i].channels, rows[i].rate, rows[i].bytes, rows[i].bits);
        put_chunk(&b, "data", 8, four, 8);
        assert_err(wav_parse(str_of_bytes(&b), &w, &err), err, rows[i].code, rows[i].words);
    }
    begin(&b, "RIFF", 4);
    assert_err(wav_parse(str_of_bytes(&b), &w, &err), err, ERR_VALIDATION, "format");
    put_format(&b, 1, 1, 8000, 2, 16);
    assert_err(wav_parse(str_of_bytes(&b), &w, &err), err, ERR_VALIDATION, "no sound behind");
    put_chunk(&b, "data", 0, "", 0);
    assert_err(wav_parse(str_of_bytes(&b), &w, &err), err, ERR_VALIDATION, "no samples");
    assert_err(wav_parse(STR("RIFX\0\0\0\0WAVEfmt "), &w, &err), err, ERR_UNSUPPORTED_MEDIA, "no");
    assert_err(wav_parse(STR("RIFF"), &w, &err), err, ERR_UNSUPPORTED_MEDIA, "no WAVE");
    assert_false(wav_is(STR("RIFF\0\0\0\0AVI ")));
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    float pcm[3000], back[3000];
    Buf file;
    Wav w;
    Err err = ERR_INIT;
    for (size_t i = 0; i < ARRAY_LEN(pcm); i++)
        pcm[i] = sinf((float)i * 0.1f) * 1.2f; /* louder than full scale at its tops */
    buf_init(&file, BUF_DEFAULT_MAX);
    assert_true(wav_write(pcm, ARRAY_LEN(pcm), 22050, &file));
    assert_int_equal(file.len, 44 + 6000);
    assert_true(wav_parse(buf_str(&file), &w, &err));
    assert_int_equal(w.rate_hz, 22050);
    assert_false(w.cut_short);
    assert_int_equal(wav_read(&w, 0, ARRAY_LEN(back), back), ARRAY_LEN(back));
    for (size_t i = 0; i < ARRAY_LEN(pcm); i++) {
        float wanted = pcm[i] > 1 ? 32767 / 32768.0f : pcm[i] < -1 ? -1 : pcm[i];
        assert_true(fabsf(back[i] - wanted) <= 1 / 32768.0f);
    }
    buf_release(&file);
    buf_init(&file, 100);
    assert_false(wav_write(pcm, ARRAY_LEN(pcm), 22050, &file));
    buf_release(&file);
}

static void levels(void **state)
{
    (void)state;
    float pcm[1600];
    for (size_t i = 0; i < 1600; i++)
        pcm[i] = 0.1f * sinf((float)i * 2 * (float)M_PI / 16);
    assert_true(fabsf(pcm_level_db(pcm, 1600) + 23.01f) < 0.05f);
    assert_true(pcm_level_db(pcm, 0) == -120.0f);
    memset(pcm, 0, sizeof pcm);
    assert_true(pcm_level_db(pcm, 1600) == -120.0f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_sample_is_read),
        cmocka_unit_test(channels_become_their_mean),
        cmocka_unit_test(extensible_is_what_it_says_inside),
        cmocka_unit_test(chunks_come_as_they_like),
        cmocka_unit_test(a_stream_has_no_lengths),
        cmocka_unit_test(what_is_broken_is_refused),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
