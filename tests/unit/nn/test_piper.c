/* A real voice against what onnxruntime makes of it (tests/golden/piper), and what must hold
 * besides: the same bytes for the same seed, on any number of threads; memory that does not grow;
 * every way it can refuse. Converts the published voice once for itself. */
#include "support/unit.h"

#include <math.h>
#include <stdlib.h>

#include "base/cpu.h"
#include "base/mem.h"
#include "nn/piper.h"
#include "support/tempdir.h"
#include "support/torture.h"
#include "unit/nn/models.h"

#define GOLDEN SOTTO_SOURCE_DIR "/tests/golden/piper/"
#define VOICE_ONNX model_path("en_US-joe-medium/en_US-joe-medium.onnx")
#define VOICE_JSON model_path("en_US-joe-medium/en_US-joe-medium.onnx.json")
#define SENTENCES 3
#define SAMPLES_MAX (1 << 18)

typedef struct {
    char phonemes[400];
    uint32_t ids[PIPER_IDS_MAX];
    size_t n, samples;
    float *want;
} Golden;

static TempDir dir;
static Golden golden[SENTENCES];
static char converted[512];
static Piper *exact, *fast;
static float got[SAMPLES_MAX];

static float half(uint16_t h)
{
    int exponent = h >> 10 & 31, mantissa = h & 1023;
    float v = exponent ? ldexpf((float)(1024 + mantissa), exponent - 25) :
        ldexpf((float)mantissa, -24);
    return h >> 15 ? -v : v;
}

static void read_line(Golden *g, Str line)
{
    Str part, id;
    uint64_t v;
    assert_true(str_next(&line, '\t', &part));
    (void)snprintf(g->phonemes, sizeof g->phonemes, "%.*s", STR_ARG(part));
    assert_true(str_next(&line, '\t', &part));
    while (str_next(&part, ' ', &id)) {
        assert_true(str_to_u64(id, &v));
        g->ids[g->n++] = (uint32_t)v;
    }
    assert_true(str_to_u64(str_trim(line), &v));
    g->samples = (size_t)v;
}

static int setup(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Buf text, halves;
    tempdir_make(&dir);
    buf_init(&text, 1 << 20);
    buf_init(&halves, 4 << 20);
    assert_true(os_read_file(GOLDEN "sentences.txt", &text, &err));
    assert_true(os_read_file(GOLDEN "samples.f16", &halves, &err));
    Str rest = buf_str(&text), line;
    size_t at = 0;
    for (size_t i = 0; i < SENTENCES; i++) {
        assert_true(str_next(&rest, '\n', &line));
        read_line(&golden[i], line);
        golden[i].want = mem_array(golden[i].samples, sizeof(float));
        for (size_t k = 0; k < golden[i].samples; k++, at += 2) {
            uint16_t h;
            assert_true(at + 2 <= halves.len);
            memcpy(&h, halves.ptr + at, 2);
            golden[i].want[k] = half(h);
        }
    }
    assert_int_equal(at, halves.len);
    buf_release(&text);
    buf_release(&halves);
    (void)snprintf(converted, sizeof converted, "%s", tempdir_file(&dir, "voice.sotto"));
    if (!piper_convert(VOICE_ONNX, VOICE_JSON, converted, &err)) {
        fail_msg("%s", err.msg);
    }
    exact = piper_open(converted, PIPER_FP32, &err);
    fast = piper_open(converted, PIPER_FAST, &err);
    assert_non_null(exact);
    assert_non_null(fast);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < SENTENCES; i++) {
        mem_free(golden[i].want);
    }
    piper_close(exact);
    piper_close(fast);
    tempdir_remove(&dir);
    return 0;
}

static size_t speak(PiperState *s, const Golden *g, const PiperParams *p)
{
    Err err = ERR_INIT;
    size_t n, total = 0, frames;
    const float *samples;
    if (!piper_begin(s, g->ids, g->n, p, &frames, &err)) {
        fail_msg("%s", err.msg);
    }
    for (;;) {
        if (!piper_next(s, &samples, &n, &err)) {
            fail_msg("%s", err.msg);
        }
        if (n == 0) {
            break;
        }
        assert_true(total + n <= SAMPLES_MAX);
        memcpy(got + total, samples, n * sizeof *samples);
        total += n;
    }
    assert_int_equal(total, frames * 256);
    return total;
}

static PiperState *state_of(const Piper *p, unsigned threads)
{
    Err err = ERR_INIT;
    PiperState *s = piper_state_new(p, threads, &err);
    assert_non_null(s);
    return s;
}

static const PiperParams quiet = {.length = 1};

/* Within 1e-3 of the loudest sample (measured: 1e-4), by every level of the processor's that the
 * environment asks for. */
static void test_golden(void **state)
{
    (void)state;
    PiperState *s = state_of(exact, 2);
    for (size_t i = 0; i < SENTENCES; i++) {
        const Golden *g = &golden[i];
        float top = 0, worst = 0;
        assert_int_equal(speak(s, g, &quiet), g->samples);
        for (size_t k = 0; k < g->samples; k++) {
            top = fmaxf(top, fabsf(g->want[k]));
            worst = fmaxf(worst, fabsf(g->want[k] - got[k]));
        }
        assert_true(top > 0.05f);
        assert_true(worst <= 1e-3f * top);
    }
    piper_state_free(s);
}

/* The fast road's noise is 40 dB under the voice (measured: 41 to 43), with the same durations. */
static void test_fast(void **state)
{
    (void)state;
    PiperState *s = state_of(fast, 2);
    for (size_t i = 0; i < SENTENCES; i++) {
        double signal = 0, noise = 0;
        assert_int_equal(speak(s, &golden[i], &quiet), golden[i].samples);
        for (size_t k = 0; k < golden[i].samples; k++) {
            double d = (double)golden[i].want[k] - got[k];
            signal += (double)golden[i].want[k] * golden[i].want[k];
            noise += d * d;
        }
        assert_true(10 * log10(signal / noise) > 38);
    }
    piper_state_free(s);
}

static void test_ids(void **state)
{
    (void)state;
    uint32_t ids[PIPER_IDS_MAX];
    for (size_t i = 0; i < SENTENCES; i++) {
        size_t unknown = 9;
        size_t n = piper_ids(exact, str_of(golden[i].phonemes), ids, PIPER_IDS_MAX, &unknown);
        assert_int_equal(n, golden[i].n);
        assert_int_equal(unknown, 0);
        assert_memory_equal(ids, golden[i].ids, n * sizeof *ids);
    }
    size_t unknown;
    assert_int_equal(piper_ids(exact, STR("a\xf0\x9f\x98\x80"), ids, PIPER_IDS_MAX, &unknown), 5);
    assert_int_equal(unknown, 1);
    assert_int_equal(piper_ids(exact, STR("aaaa"), ids, 10, NULL), 0);
    assert_int_equal(piper_ids(exact, STR("aaaa"), ids, 11, NULL), 11);
    assert_int_equal(piper_ids(exact, STR("a"), ids, 3, NULL), 0);
}

/* Same seed, same bytes, on one thread and on three; another seed, other bytes. */
static void test_seed(void **state)
{
    (void)state;
    PiperParams p = {.noise = 0.667f, .noise_w = 0.8f, .length = 1, .seed = 42};
    const Piper *voices[] = {exact, fast};
    for (size_t v = 0; v < 2; v++) {
        PiperState *one = state_of(voices[v], 1), *three = state_of(voices[v], 3);
        size_t n = speak(one, &golden[0], &p);
        float *first = mem_array(SAMPLES_MAX, sizeof *first);
        memcpy(first, got, n * sizeof *first);
        assert_int_equal(speak(three, &golden[0], &p), n);
        assert_memory_equal(first, got, n * sizeof *first);
        assert_int_equal(speak(one, &golden[2], &p) > 0, 1);
        assert_int_equal(speak(one, &golden[0], &p), n);
        assert_memory_equal(first, got, n * sizeof *first);
        PiperParams other = p;
        other.seed = 43;
        size_t m = speak(one, &golden[0], &other);
        assert_true(m != n || memcmp(first, got, n * sizeof *first) != 0);
        mem_free(first);
        piper_state_free(one);
        piper_state_free(three);
    }
}

static void test_speed(void **state)
{
    (void)state;
    PiperState *s = state_of(fast, 1);
    PiperParams p = quiet;
    size_t n = speak(s, &golden[2], &p);
    p.length = 0.5f;
    size_t quick = speak(s, &golden[2], &p);
    p.length = 2;
    size_t slow = speak(s, &golden[2], &p);
    assert_true(quick < n * 3 / 4 && slow > n * 3 / 2);
    piper_state_free(s);
}

/* Scratch is the same after the hundredth sentence as after the second. */
static void test_memory(void **state)
{
    (void)state;
    PiperState *s = state_of(fast, 1);
    PiperParams p = {.noise = 0.667f, .noise_w = 0.8f, .length = 1};
    speak(s, &golden[2], &p);
    size_t bytes = piper_state_bytes(s);
    const char *full = getenv("SOTTO_TORTURE");
    int times = full && strcmp(full, "full") == 0 ? 1000 : 40;
    (void)mem_test_count();
    for (int i = 0; i < times; i++) {
        p.seed = (uint64_t)i;
        speak(s, &golden[1], &p);
    }
    assert_int_equal(mem_test_count(), 0); /* not one allocation */
    assert_int_equal(piper_state_bytes(s), bytes);
    piper_state_free(s);
}

/* To the first samples, with each allocation failing in turn. Opening is left out: jansson 2.14
 * does not survive a failed allocation while it grows an object of so many members. */
static bool begin_and_speak(void *arg)
{
    Err err = ERR_INIT;
    const float *samples;
    size_t n = 0;
    const Golden *g = arg;
    PiperState *s = piper_state_new(fast, 1, &err);
    bool ok = s && piper_begin(s, g->ids, g->n, &quiet, NULL, &err) &&
        piper_next(s, &samples, &n, &err) && n > 0;
    assert_true(ok || err.code == ERR_NO_MEMORY);
    piper_state_free(s);
    return ok;
}

static void test_no_memory(void **state)
{
    (void)state;
    assert_true(torture_alloc(begin_and_speak, &golden[1], 0) > 20);
    assert_true(torture_alloc(begin_and_speak, &golden[1], 1) > 20);
}

static void test_cancel(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    atomic_bool cancel = false;
    PiperState *s = state_of(fast, 2);
    PiperParams p = quiet;
    const float *samples;
    size_t n;
    p.cancel = &cancel;
    assert_true(piper_begin(s, golden[2].ids, golden[2].n, &p, NULL, &err));
    assert_true(piper_next(s, &samples, &n, &err));
    atomic_store(&cancel, true);
    assert_err(piper_next(s, &samples, &n, &err), err, ERR_CANCELLED, "stopped");
    assert_err(piper_begin(s, golden[2].ids, golden[2].n, &p, NULL, &err), err, ERR_CANCELLED,
        "stopped");
    atomic_store(&cancel, false);
    assert_int_equal(speak(s, &golden[0], &p), golden[0].samples);
    piper_state_free(s);
}

static void test_refuses(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    PiperState *s = state_of(exact, 1);
    uint32_t past = 256;
    assert_err(piper_begin(s, golden[0].ids, 0, &quiet, NULL, &err), err, ERR_VALIDATION, "1 to");
    assert_err(piper_begin(s, &past, 1, &quiet, NULL, &err), err, ERR_VALIDATION, "past the voice");
    PiperParams p = {.length = 9};
    assert_err(piper_begin(s, golden[0].ids, 5, &p, NULL, &err), err, ERR_VALIDATION, "length");
    p = (PiperParams){.length = NAN};
    assert_err(piper_begin(s, golden[0].ids, 5, &p, NULL, &err), err, ERR_VALIDATION, "length");
    const float *samples;
    size_t n = 1;
    assert_true(piper_next(s, &samples, &n, &err)); /* nothing was begun */
    assert_int_equal(n, 0);
    piper_state_free(s);
    assert_err(piper_open(tempdir_file(&dir, "none.sotto"), PIPER_FAST, &err) != NULL, err,
        ERR_NOT_FOUND, "none.sotto");
    assert_err(piper_convert(VOICE_JSON, VOICE_JSON, tempdir_file(&dir, "x.sotto"), &err), err,
        ERR_CORRUPT, "ONNX");
    assert_err(piper_convert(VOICE_ONNX, VOICE_ONNX, tempdir_file(&dir, "x.sotto"), &err), err,
        ERR_TOO_LARGE, "");
    const char *bad = tempdir_file(&dir, "bad.json");
    assert_true(os_write_file(bad,
        STR("{\"audio\": {\"sample_rate\": 22050}, \"num_speakers\": 4}"),
        0600, &err));
    assert_err(piper_convert(VOICE_ONNX, bad, tempdir_file(&dir, "x.sotto"), &err), err,
        ERR_VALIDATION, "4 speakers");
    assert_false(os_exists(tempdir_file(&dir, "x.sotto")));
    assert_true(piper_verify(exact, &err));
}

int main(void)
{
    Err err = ERR_INIT;
    if (!cpu_init(&err)) {
        return 1;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_golden), cmocka_unit_test(test_fast),
        cmocka_unit_test(test_ids), cmocka_unit_test(test_seed), cmocka_unit_test(test_speed),
        cmocka_unit_test(test_memory), cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_refuses)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
