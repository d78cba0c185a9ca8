/* Sounds through the confined child: every format gives the tone that is in it, what is cut short
 * says so, what is no sound is refused with its reason, hours take no memory. The files are made by
 * tests/data/sound/make.sh; this program is its own zygote. SOTTO_CAMPAIGN=1000 decodes that often
 * to see that memory stays flat (60 in the ordinary run), and damages each file that often (12). */
#include "support/unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "audio/wav.h"
#include "base/mem.h"
#include "base/os.h"
#include "base/utf8.h"
#include "ingest/sound_frame.h"
#include "support/descriptors.h"
#include "support/sound.h"

#define FOLDER SOTTO_SOURCE_DIR "/tests/data/sound/"
#define TONE_HZ 440.0

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1 /* no ceiling of memory there: see confine.c */
#else
#define SANITIZED 0
#endif

static void load(const char *name, Buf *out)
{
    char path[1024];
    Err err = ERR_INIT;
    (void)snprintf(path, sizeof path, "%s%s", FOLDER, name);
    buf_init(out, BUF_DEFAULT_MAX);
    if (!os_read_file(path, out, &err))
        fail_msg("%s", err.msg);
}

static bool decode(Str bytes, const SoundLimits *limits, Sound *out, Err *err)
{
    *err = ERR_INIT;
    return sound_decode(box, bytes, STR("a name.mp3"), limits, out, err);
}

static void expect_tone(const char *name, const Sound *s, double seconds)
{
    double amplitude, share;
    sound_tone(s, TONE_HZ, &amplitude, &share);
    if (fabs(sound_seconds(s) - seconds) > 0.11 || amplitude < 0.3 || amplitude > 0.6 ||
        share < 0.97)
        fail_msg("%s: %.3f s, tone %.3f, %.4f of the power", name, sound_seconds(s), amplitude,
                 share);
}

static const struct {
    const char *file, *container, *codec;
    uint32_t rate, channels;
} sounds[] = {
    {"tone.flac", "flac", "flac", 16000, 1},
    {"tone.mp3", "mp3", "mp3", 16000, 1},
    {"tone.vorbis.ogg", "ogg", "vorbis", 16000, 1},
    {"tone.opus.ogg", "ogg", "opus", 48000, 1},
    {"tone.m4a", "mov", "aac", 16000, 1},
    {"tone.fragments.mp4", "mov", "aac", 16000, 1},
    {"speech.amr", "amr", "amr_nb", 8000, 1},
    {"tone.3gp", "mov", "amr_nb", 8000, 1},
    {"tone.alac.m4a", "mov", "alac", 16000, 1},
    {"tone.aac", "aac", "aac", 16000, 1},
    {"tone.webm", "matroska", "opus", 48000, 1},
    {"chromium.webm", "matroska", "opus", 48000, 2},
    {"tone.mka", "matroska", "flac", 16000, 1},
    {"tone.aiff", "aiff", "pcm_s16be", 16000, 1},
    {"tone.caf", "caf", "pcm_s16be", 16000, 1},
    {"tone.au", "au", "pcm_mulaw", 16000, 1},
    {"tone.w64", "w64", "pcm_u8", 16000, 1},
    {"tone.wma", "asf", "wmav2", 16000, 1},
    {"tone.speex.ogg", "ogg", "speex", 16000, 1},
    {"tone.stereo44.mp3", "mp3", "mp3", 44100, 2},
    {"tone.five.flac", "flac", "flac", 48000, 6},
    {"tone.mp4", "mov", "aac", 16000, 1},
    {"tone.s16.wav", "wav", "pcm_s16le", 16000, 1},
    {"tone.u8.wav", "wav", "pcm_u8", 16000, 1},
    {"tone.f32.wav", "wav", "pcm_f32le", 16000, 1},
    {"tone.alaw.wav", "wav", "pcm_alaw", 16000, 1},
    {"tone.adpcm.wav", "wav", "adpcm_ms", 16000, 1},
    {"tone.gsm.wav", "wav", "gsm_ms", 8000, 1},
};

static void every_format_gives_its_tone(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sounds); i++) {
        Buf file;
        Sound s;
        Err err;
        load(sounds[i].file, &file);
        if (!decode(buf_str(&file), NULL, &s, &err))
            fail_msg("%s: %s", sounds[i].file, err.msg);
        /* In six channels ffmpeg put the tone into one; in two at -3 dB each. */
        if (sounds[i].channels < 3)
            expect_tone(sounds[i].file, &s,
                        strcmp(sounds[i].file, "chromium.webm") == 0 ? 0.96 : 0.6);
        assert_string_equal(s.container, sounds[i].container);
        assert_string_equal(s.codec, sounds[i].codec);
        assert_int_equal(s.source_rate_hz, sounds[i].rate);
        assert_int_equal(s.source_channels, sounds[i].channels);
        assert_int_equal(s.rate_hz, 16000);
        if (s.partial)
            fail_msg("%s is whole", sounds[i].file);
        sound_release(&s);
        buf_release(&file);
    }
}

static void tags_come_along(void **state)
{
    (void)state;
    static const char *const files[] = {"tags.m4a", "tags.ogg", "tags.mp3", "tone.flac"};
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        Buf file;
        Sound s;
        Err err;
        bool none = i == 3;
        load(files[i], &file);
        assert_true(decode(buf_str(&file), NULL, &s, &err));
        assert_string_equal(s.tags.title, none ? "" : "K\xc3\xbc" "che, zweiter Besuch");
        assert_string_equal(s.tags.author, none ? "" : "Anna Berg");
        assert_string_equal(s.tags.created, none ? "" : "2026-11-02");
        sound_release(&s);
        buf_release(&file);
    }
}

/* What a stranger puts there: cut on a character's border, squeezed, made valid. */
static void tags_are_made_clean(void **state)
{
    (void)state;
    char to[8] = "";
    sound_tag(to, sizeof to, NULL);
    sound_tag(to, sizeof to, "");
    assert_string_equal(to, "");
    sound_tag(to, sizeof to, " a\n\tb ");
    assert_string_equal(to, "a b");
    sound_tag(to, sizeof to, "123456\xc3\xbc");
    assert_string_equal(to, "123456");
    sound_tag(to, sizeof to, "x\xffy");
    assert_true(utf8_ok(str_of(to)) && to[0] == 'x');
    sound_tag(to, sizeof to, " \n");
    assert_true(to[0] == 'x'); /* nothing in it: what was there stays */
}

static void any_rate_may_be_asked_for(void **state)
{
    (void)state;
    static const uint32_t rates[] = {8000, 22050, 48000};
    static const char *const files[] = {"tone.s16.wav", "tone.flac"};
    for (size_t f = 0; f < ARRAY_LEN(files); f++) {
        Buf file;
        load(files[f], &file);
        for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
            Sound s;
            Err err;
            SoundLimits limits = {.rate_hz = rates[i]};
            float part[100];
            assert_true(decode(buf_str(&file), &limits, &s, &err));
            assert_int_equal(s.rate_hz, rates[i]);
            assert_int_equal(s.samples, (uint64_t)rates[i] * 6 / 10);
            expect_tone(files[f], &s, 0.6);
            assert_int_equal(sound_read(&s, s.samples - 10, 100, part), 10);
            assert_int_equal(sound_read(&s, s.samples, 100, part), 0);
            assert_true(fabsf(part[3] * 32768 - (float)s.pcm[s.samples - 7]) < 1e-3f);
            sound_release(&s);
        }
        SoundLimits limits = {.rate_hz = 10};
        Sound s;
        Err err;
        assert_err(decode(buf_str(&file), &limits, &s, &err), err, ERR_VALIDATION, "1000 to");
        buf_release(&file);
    }
}

static void expect_refusal(Str bytes, ErrCode code, const char *words)
{
    Sound s = {0};
    Err err;
    assert_err(decode(bytes, NULL, &s, &err), err, code, words);
    assert_null(s.map);
}

static void what_is_no_sound_is_refused(void **state)
{
    (void)state;
    Buf file, noise;
    expect_refusal(STR(""), ERR_VALIDATION, "empty");
    expect_refusal(STR("x"), ERR_UNSUPPORTED_MEDIA, "no sound file");
    expect_refusal(STR("{\"error\": \"no such file\"}"), ERR_UNSUPPORTED_MEDIA, "no sound file");
    expect_refusal(STR("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"), ERR_UNSUPPORTED_MEDIA,
                   "no sound file");
    expect_refusal(STR("ffconcat version 1.0\nfile /etc/passwd\n"), ERR_UNSUPPORTED_MEDIA,
                   "no sound file");
    expect_refusal(STR("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\10\2\0\0\0"),
                   ERR_UNSUPPORTED_MEDIA, "no sound file");
    buf_init(&noise, BUF_DEFAULT_MAX);
    uint64_t seed = 88172645463325252u;
    for (int i = 0; i < 300000; i++) {
        seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
        (void)buf_add_char(&noise, (char)seed);
    }
    expect_refusal(buf_str(&noise), ERR_UNSUPPORTED_MEDIA, "no sound file");
    load("tone.silent.mp4", &file);
    expect_refusal(buf_str(&file), ERR_UNSUPPORTED_MEDIA, "no sound in it, only pictures");
    buf_release(&file);
    load("tone.secret.mp4", &file);
    expect_refusal(buf_str(&file), ERR_UNSUPPORTED_MEDIA, "encrypted");
    buf_release(&file);
    load("tone.s16.wav", &file);
    expect_refusal(str_sub(buf_str(&file), 0, 44), ERR_VALIDATION, "no samples");
    file.ptr[20] = 0x55, file.ptr[21] = 0x33; /* a codec that nobody has */
    expect_refusal(buf_str(&file), ERR_UNSUPPORTED_MEDIA, "codec");
    buf_release(&file);
    load("tone.m4a", &file); /* its index is at the end */
    expect_refusal(str_sub(buf_str(&file), 0, file.len / 2), ERR_VALIDATION, "damaged");
    buf_release(&file);
    load("tone.flac", &file); /* a sound file by its first bytes, noise behind */
    memcpy(file.ptr + 90, noise.ptr, file.len - 90);
    expect_refusal(buf_str(&file), ERR_VALIDATION, "damaged");
    buf_release(&file);
    buf_release(&noise);
}

/* What is left of a file that was cut short is decoded, and said to be partial where the format
 * lets one know. */
static void what_is_cut_short_says_so(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        bool known;
    } rows[] = {{"tone.flac", true},  {"tone.s16.wav", true}, {"tone.u8.wav", true},
                {"tone.aiff", true},  {"tone.mka", true},     {"tone.gsm.wav", true},
                {"tone.mp3", true},   {"tone.wma", true},     {"tone.caf", true},
                {"tone.webm", false}, {"tone.aac", false}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Buf file;
        Sound s;
        Err err;
        load(rows[i].file, &file);
        if (!decode(str_sub(buf_str(&file), 0, file.len * 6 / 10 | 1), NULL, &s, &err))
            fail_msg("%s: %s", rows[i].file, err.msg);
        if ((rows[i].known && !s.partial) || sound_seconds(&s) < 0.1 || sound_seconds(&s) > 0.55)
            fail_msg("%s: %.2f s, partial %d", rows[i].file, sound_seconds(&s), s.partial);
        sound_release(&s);
        buf_release(&file);
    }
}

/* AU, the simplest of all: 24 bytes of header, mu-law at 8 kHz. */
static void make_au(Buf *out, size_t seconds)
{
    static const unsigned char head[24] = {'.', 's', 'n', 'd', 0, 0, 0, 24, 255, 255, 255, 255,
                                           0,   0,   0,   1,   0, 0, 31, 64, 0,   0,   0,   1};
    buf_init(out, (size_t)1 << 30);
    (void)buf_add_mem(out, head, sizeof head);
    char *at = buf_reserve(out, seconds * 8000);
    assert_non_null(at);
    for (size_t i = 0; i < seconds * 8000; i++)
        at[i] = (char)(i * 2654435761u >> 24);
    buf_grew(out, seconds * 8000);
}

static void what_is_too_long_is_refused(void **state)
{
    (void)state;
    Buf au, wav;
    Sound s;
    Err err;
    float *quiet = mem_array(48000, sizeof *quiet);
    assert_non_null(quiet);
    make_au(&au, 3);
    buf_init(&wav, BUF_DEFAULT_MAX);
    assert_true(wav_write(quiet, 48000, 16000, &wav));
    mem_free(quiet);
    const Str files[] = {buf_str(&au), buf_str(&wav)};
    for (size_t i = 0; i < 2; i++) {
        SoundLimits limits = {.max_seconds = 2};
        assert_err(decode(files[i], &limits, &s, &err), err, ERR_TOO_LARGE,
                   "longer than the limit of 2 seconds");
        limits.max_seconds = 3;
        assert_true(decode(files[i], &limits, &s, &err));
        assert_int_equal(s.samples, 48000);
        sound_release(&s);
    }
    buf_release(&au);
    buf_release(&wav);
}

/* 40 minutes: 77 MB of samples from a child that may have 24 MiB. */
static void hours_take_no_memory(void **state)
{
    (void)state;
    Buf au;
    Sound s;
    Err err;
    SoundLimits limits = {.memory = (uint64_t)24 << 20};
    make_au(&au, 2400);
    if (!decode(buf_str(&au), &limits, &s, &err))
        fail_msg("%s", err.msg);
    assert_int_equal(s.samples, 2400 * 16000);
    sound_release(&s);
    if (!SANITIZED) {
        limits.memory = (uint64_t)256 << 10;
        assert_false(decode(buf_str(&au), &limits, &s, &err));
        assert_int_equal(err.code, ERR_TOO_LARGE);
    }
    limits = (SoundLimits){.timeout_ms = 20};
    assert_err(decode(buf_str(&au), &limits, &s, &err), err, ERR_TIMEOUT, "longer than 20 ms");
    buf_release(&au);
}

/* Bytes changed here and there: some sound, or an error with a reason; the next file is fine. */
static void damage_is_borne(void **state)
{
    (void)state;
    const char *campaign = getenv("SOTTO_CAMPAIGN");
    long rounds = campaign ? strtol(campaign, NULL, 10) : 12;
    uint64_t seed = 42;
    size_t decoded = 0, refused = 0;
    for (size_t i = 0; i < ARRAY_LEN(sounds); i++)
        for (long round = 0; round < rounds; round++) {
            Buf file;
            Sound s;
            Err err;
            load(sounds[i].file, &file);
            for (int k = 0; k < 1 << (round % 12 / 2); k++) {
                seed = seed * 6364136223846793005u + 1442695040888963407u;
                size_t range = round % 2 ? file.len : file.len < 300 ? file.len : 300;
                file.ptr[(seed >> 33) % range] = (char)(seed >> 13);
            }
            if (decode(buf_str(&file), NULL, &s, &err)) {
                assert_true(s.samples > 0 && s.samples <= (uint64_t)4 * 3600 * 16000);
                decoded++;
                sound_release(&s);
            } else {
                if (err.code != ERR_VALIDATION && err.code != ERR_UNSUPPORTED_MEDIA &&
                    err.code != ERR_TOO_LARGE)
                    fail_msg("%s: %s", sounds[i].file, err.msg);
                refused++;
            }
            buf_release(&file);
        }
    print_message("%zu damaged files decoded, %zu refused\n", decoded, refused);
    assert_true(decoded > 50 && refused > 20);
}

typedef struct {
    Str file;
    uint64_t sum;
    int wrong;
} Listener;

static uint64_t sum_of(const Sound *s)
{
    return str_hash(str_mem((const char *)s->pcm, (size_t)s->samples * 2));
}

static void *listen(void *arg)
{
    Listener *l = arg;
    for (int i = 0; i < 15; i++) {
        Sound s;
        Err err;
        bool ok = decode(l->file, NULL, &s, &err);
        l->wrong += !ok || sum_of(&s) != l->sum;
        if (ok)
            sound_release(&s);
    }
    return NULL;
}

static void threads_get_their_own(void **state)
{
    (void)state;
    static const char *const names[] = {"tone.flac", "tone.mp3", "tone.s16.wav", "chromium.webm"};
    Listener l[4];
    Buf files[4];
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) {
        Sound s;
        Err err;
        load(names[i], &files[i]);
        assert_true(decode(buf_str(&files[i]), NULL, &s, &err));
        l[i] = (Listener){buf_str(&files[i]), sum_of(&s), 0};
        sound_release(&s);
    }
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, listen, &l[i]), 0);
    for (size_t i = 0; i < 4; i++) {
        (void)pthread_join(threads[i], NULL);
        assert_int_equal(l[i].wrong, 0);
        buf_release(&files[i]);
    }
}

static void nothing_is_left_behind(void **state)
{
    (void)state;
    const char *campaign = getenv("SOTTO_CAMPAIGN");
    long rounds = campaign ? strtol(campaign, NULL, 10) : 60;
    unsigned descriptors = 0;
    uint64_t before = 0;
    Buf files[2];
    load("tone.mp3", &files[0]);
    load("tone.secret.mp4", &files[1]);
    for (long i = 0; i < rounds; i++) {
        Sound s;
        Err err;
        assert_true(decode(buf_str(&files[0]), NULL, &s, &err));
        sound_release(&s);
        assert_false(decode(buf_str(&files[1]), NULL, &s, &err));
        if (i == rounds / 4) {
            before = os_rss_bytes();
            descriptors = open_descriptors();
        }
    }
    assert_int_equal(open_descriptors(), descriptors);
    uint64_t now = os_rss_bytes();
    print_message("%ld decodes: %llu KiB more\n", rounds,
                  (unsigned long long)((now > before ? now - before : 0) >> 10));
    assert_true(SANITIZED || now < before + ((uint64_t)2 << 20));
    buf_release(&files[0]);
    buf_release(&files[1]);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], ZYGOTE_FLAG) == 0)
        return extract_child_main(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_format_gives_its_tone),
        cmocka_unit_test(tags_come_along),
        cmocka_unit_test(tags_are_made_clean),
        cmocka_unit_test(any_rate_may_be_asked_for),
        cmocka_unit_test(what_is_no_sound_is_refused),
        cmocka_unit_test(what_is_cut_short_says_so),
        cmocka_unit_test(what_is_too_long_is_refused),
        cmocka_unit_test(hours_take_no_memory),
        cmocka_unit_test(damage_is_borne),
        cmocka_unit_test(threads_get_their_own),
        cmocka_unit_test(nothing_is_left_behind),
    };
    return cmocka_run_group_tests(tests, box_open, box_close);
}
