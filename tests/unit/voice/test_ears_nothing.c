/* What a recogniser is tempted to make up (tests/bench/voice/nothing.py has the whole table, beside
 * a peer): pink noise, music, clapping, sirens, keys, all of several lengths, have no words; speech
 * that is cut off, sounds like a child's, lasts 0.3 s, or has silence or music behind it gives what
 * was said and no loops. With whisper-tiny.en, which is worse at all of it than base. */
#include "support/unit.h"

#include <math.h>
#include <stdlib.h>

#include "audio/pcm.h"
#include "audio/resample.h"
#include "base/mem.h"
#include "nn/whisper_rules.h"
#include "unit/nn/models.h"
#include "voice/ears.h"
#include "voice/mouth.h"

#define MODEL "whisper-tiny.en"
#define SENTENCE "We took the train to the mountains and walked for five hours."
#define HZ EARS_RATE_HZ
#define TURN 6.283185307179586

static char models[1024];
static Ears *ears;
static float *said; /* the sentence at 16 kHz */
static size_t n_said;

/* ---- our own voice --------------------------------------------------------------------------- */

static bool collect(void *arg, const int16_t *pcm, size_t n, const VoicePlace *place)
{
    (void)place;
    return buf_add_mem(arg, pcm, n * sizeof *pcm);
}

/* `faster`: played so many times as fast as it was spoken, so higher and with a smaller throat. */
static float *speak(double speed, double faster, size_t *n)
{
    Err err = ERR_INIT;
    Buf b;
    buf_init(&b, (size_t)64 << 20);
    Mouth *m = mouth_new(&(MouthOptions){.models_dir = models}, &err);
    MouthTurn *t = m ? mouth_turn(m, STR("en_US-joe-medium"), &err) : NULL;
    VoiceSay say = {.sink = collect, .arg = &b, .seed = 1, .speed = (float)speed};
    if (!t || !mouth_say(t, str_of(SENTENCE), &say, NULL, &err))
        fail_msg("%s", err.msg);
    uint32_t rate = (uint32_t)(mouth_info(t)->rate_hz * faster);
    size_t count = b.len / 2;
    float *raw = mem_array(count, sizeof *raw);
    *n = resample_length(count, rate, HZ);
    float *out = mem_array(*n, sizeof *out);
    assert_true(raw && out);
    pcm_from_s16((const int16_t *)(const void *)b.ptr, count, raw);
    assert_true(resample_all(raw, count, rate, HZ, out, &err));
    mem_free(raw);
    buf_release(&b);
    mouth_done(t);
    mouth_free(m);
    return out;
}

static int setup(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    const char *file = model_path(MODEL ".sotto");
    (void)snprintf(models, sizeof models, "%.*s", (int)(strlen(file) - strlen(MODEL ".sotto") - 1),
        file);
    (void)model_path("silero-vad.sotto");
    (void)model_path("en_US-joe-medium.sotto");
    ears = ears_new(&(EarsOptions){.models_dir = models, .model = MODEL, .threads = 2}, &err);
    if (!ears)
        fail_msg("%s", err.msg);
    said = speak(1, 1, &n_said);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ears_free(ears);
    mem_free(said);
    return 0;
}

static size_t count_words(Str s)
{
    size_t n = 0;
    Str word;
    while (str_next(&s, ' ', &word))
        n += word.len > 0;
    return n;
}

/* Hears and hands back the text; fails where it says the same four times. */
static Str hear(Arena *a, const float *pcm, size_t n, const char *what)
{
    Err err = ERR_INIT;
    WhisperResult r;
    uint32_t period;
    if (!ears_hear(ears, &(EarsRequest){0}, pcm, n, a, &r, &err))
        fail_msg("%s: %s", what, err.msg);
    for (size_t i = 0; i < r.n_segments; i++)
        if (whisper_repeats(r.segments[i].tokens, r.segments[i].n_tokens, &period) >= 4)
            fail_msg("%s: \"" STR_FMT "\"", what, STR_ARG(r.text));
    return r.text;
}

/* ---- no words -------------------------------------------------------------------------------- */

typedef enum { PINK, SIREN, DIAL, CHORDS, DRUMS, TUNE, BAND, CLAPS, HALL, KEYS, KINDS } Kind;
static const char *const kinds[] = {"pink noise", "a siren", "a dial tone", "chords", "drums",
    "a tune", "a band", "clapping", "a hall that claps", "keys"};

static uint32_t dice = 1;

static double noise(void)
{
    dice = dice * 1664525u + 1013904223u;
    return (double)dice / 2147483648.0 - 1;
}

/* `every` seconds a burst that falls by `decay` a second; noise, or a tone of hz. */
static void bursts(float *out, size_t n, double first, double every, double decay, double level,
    double hz)
{
    for (double at = first; at * HZ < (double)n; at += every) {
        size_t from = (size_t)(at * HZ);
        for (size_t i = from; i < n && i < from + HZ; i++) {
            double t = (double)(i - from) / HZ, fall = exp(-decay * t);
            if (fall < 1e-3)
                break;
            out[i] += (float)(level * fall * (hz > 0 ? sin(TURN * hz * t) : noise()));
        }
    }
}

static void chords(float *out, size_t n)
{
    static const double steps[4][3] = {
        {262, 330, 392}, {220, 262, 330}, {175, 220, 262}, {196, 247, 294}};
    for (int s = 0; s < 4; s++)
        for (int k = 0; k < 3; k++)
            for (int half = 0; half < 4; half++)
                bursts(out, n, 2 * s + 0.5 * half, 8, 4, 0.1, steps[s][k]);
}

static void drums(float *out, size_t n)
{
    bursts(out, n, 0, 1, 14, 0.6, 55);
    bursts(out, n, 0.375, 1, 14, 0.5, 55);
    bursts(out, n, 0.5, 1, 25, 0.3, 0);
    bursts(out, n, 0, 0.25, 70, 0.1, 0);
}

/* With vibrato and overtones, as a violin has it. */
static void tune(float *out, size_t n)
{
    static const double scale[] = {294, 440, 370, 587, 494, 392, 330, 554};
    for (size_t i = 0; i < n; i++) {
        double t = (double)i / HZ, at = fmod(t, 0.6), hz = scale[(size_t)(t / 0.6) % 8];
        double phase = TURN * (hz * at + 0.002 * hz * sin(TURN * 5.5 * at));
        double swell = fmin(1, fmin(at, 0.6 - at) / 0.05);
        for (int k = 1; k < 7; k++)
            out[i] += (float)(0.12 * swell * sin(k * phase) / k);
    }
}

static void pink(float *out, size_t n)
{
    double b[3] = {0};
    for (size_t i = 0; i < n; i++) { /* Kellet's filter */
        double white = noise();
        b[0] = 0.99765 * b[0] + white * 0.0990460;
        b[1] = 0.96300 * b[1] + white * 0.2965164;
        b[2] = 0.57000 * b[2] + white * 1.0526913;
        out[i] = (float)(0.05 * (b[0] + b[1] + b[2] + white * 0.1848));
    }
}

static void tones(float *out, size_t n, bool siren)
{
    for (size_t i = 0; i < n; i++) {
        double t = (double)i / HZ;
        out[i] = siren ? (float)(0.3 * sin(TURN * (700 * t + 60 * sin(TURN * 0.5 * t))))
                       : (float)(fmod(t, 1) < 0.5 ? 0.15 * (sin(TURN * 350 * t) +
                                                            sin(TURN * 440 * t)) : 0);
    }
}

static void make(Kind kind, float *out, size_t n)
{
    memset(out, 0, n * sizeof *out);
    if (kind == PINK)
        pink(out, n);
    if (kind == SIREN || kind == DIAL)
        tones(out, n, kind == SIREN);
    if (kind == CHORDS || kind == BAND)
        chords(out, n);
    if (kind == DRUMS || kind == BAND)
        drums(out, n);
    if (kind == TUNE || kind == BAND)
        tune(out, n);
    for (int person = 0; (kind == CLAPS && person < 1) || (kind == HALL && person < 25); person++)
        bursts(out, n, 0.011 * person, 0.24 + 0.004 * person, 80, 0.2, 0);
    if (kind == KEYS)
        for (int finger = 0; finger < 4; finger++)
            bursts(out, n, 0.1 * finger, 0.37 + 0.11 * finger, 300, 0.2, 0);
}

static void nobody_speaks(void **state)
{
    (void)state;
    static const double lengths[] = {0.3, 2, 12, 34};
    float *pcm = mem_array(34 * HZ, sizeof *pcm);
    assert_non_null(pcm);
    for (Kind kind = PINK; kind < KINDS; kind++) {
        for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
            Arena *a = arena_new(ARENA_DEFAULT_MAX);
            size_t n = (size_t)(lengths[i] * HZ);
            make(kind, pcm, n);
            Str text = hear(a, pcm, n, kinds[kind]);
            if (text.len)
                fail_msg("%s, %.1f s: \"" STR_FMT "\"", kinds[kind], lengths[i], STR_ARG(text));
            arena_free(a);
        }
    }
    mem_free(pcm);
}

/* ---- a little speech ------------------------------------------------------------------------- */

static void a_cut_gives_the_beginning(void **state)
{
    (void)state;
    for (size_t n = HZ / 5; n < n_said; n += HZ / 3) {
        Arena *a = arena_new(ARENA_DEFAULT_MAX);
        Str text = hear(a, said, n, "cut off");
        if (count_words(text) > 18 * n / n_said + 2) /* the sentence has twelve */
            fail_msg("%zu of %zu samples: \"" STR_FMT "\"", n, n_said, STR_ARG(text));
        arena_free(a);
    }
}

static void three_tenths_of_a_second_are_a_few_words(void **state)
{
    (void)state;
    for (size_t at = 0; at + HZ * 3 / 10 < n_said; at += HZ / 2) {
        Arena *a = arena_new(ARENA_DEFAULT_MAX);
        Str text = hear(a, said + at, HZ * 3 / 10, "0.3 s");
        if (count_words(text) > 3)
            fail_msg("from %zu on: \"" STR_FMT "\"", at, STR_ARG(text));
        arena_free(a);
    }
}

static void expect_sentence(Str text, size_t times, const char *what)
{
    size_t n = 0, found;
    Str rest = text;
    while ((found = str_find(rest, STR("walked for"), 0)) != SIZE_MAX) {
        rest = str_sub(rest, found + 10, rest.len);
        n++;
    }
    if (n != times || count_words(text) > 13 * times)
        fail_msg("%s: \"" STR_FMT "\"", what, STR_ARG(text));
}

static void a_childs_voice_is_heard(void **state)
{
    (void)state;
    static const double higher[] = {1.25, 1.4};
    for (size_t i = 0; i < ARRAY_LEN(higher); i++) {
        Arena *a = arena_new(ARENA_DEFAULT_MAX);
        size_t n;
        float *pcm = speak(0.75, higher[i], &n);
        expect_sentence(hear(a, pcm, n, "a child"), 1, "a child");
        mem_free(pcm);
        arena_free(a);
    }
}

/* The sentence, a long silence, the sentence, another kind of nothing behind it. */
static void silences_between_are_borne(void **state)
{
    (void)state;
    static const Kind behind[] = {KINDS, PINK, CHORDS, HALL};
    size_t gap = 9 * HZ, n = 2 * (n_said + gap) + gap;
    float *pcm = mem_array(n, sizeof *pcm);
    assert_non_null(pcm);
    for (size_t i = 0; i < ARRAY_LEN(behind); i++) {
        Arena *a = arena_new(ARENA_DEFAULT_MAX);
        memset(pcm, 0, n * sizeof *pcm);
        size_t second = n_said + 2 * gap;
        memcpy(pcm + gap, said, n_said * sizeof *pcm);
        memcpy(pcm + second, said, n_said * sizeof *pcm);
        if (behind[i] < KINDS)
            make(behind[i], pcm + second + n_said, gap);
        for (size_t k = second + n_said; k < n; k++)
            pcm[k] *= 0.5f;
        expect_sentence(hear(a, pcm, n, "silences"), 2,
            behind[i] < KINDS ? kinds[behind[i]] : "silence");
        arena_free(a);
    }
    mem_free(pcm);
}

int main(void)
{
    Err err = ERR_INIT;
    if (!cpu_init(&err))
        return 2;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_speaks),
        cmocka_unit_test(a_cut_gives_the_beginning),
        cmocka_unit_test(three_tenths_of_a_second_are_a_few_words),
        cmocka_unit_test(a_childs_voice_is_heard),
        cmocka_unit_test(silences_between_are_borne),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
