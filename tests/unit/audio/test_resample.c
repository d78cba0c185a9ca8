/* Resampling: tones stay where and how loud they are, nothing folds back, any block size gives the
 * same samples, exactly as many as there should be. */
#include "support/unit.h"

#include <math.h>

#include "audio/pcm.h"
#include "audio/resample.h"
#include "audio/resample_int.h"
#include "base/mem.h"

#define SECONDS 2

typedef struct {
    float *pcm;
    size_t n, most;
} Take;

static bool take(void *arg, const float *pcm, size_t n, Err *err)
{
    Take *t = arg;
    (void)err;
    assert_true(n <= RESAMPLE_BLOCK && t->n + n <= t->most);
    memcpy(t->pcm + t->n, pcm, n * sizeof *pcm);
    t->n += n;
    return true;
}

static float *tone(uint32_t rate, double hz, size_t n)
{
    float *pcm = mem_array(n, sizeof *pcm);
    assert_non_null(pcm);
    for (size_t i = 0; i < n; i++)
        pcm[i] = (float)(0.5 * sin(2 * M_PI * hz * (double)i / rate));
    return pcm;
}

static double level_of(const float *pcm, size_t n)
{
    double sum = 0;
    for (size_t i = n / 4; i < n * 3 / 4; i++)
        sum += (double)pcm[i] * (double)pcm[i];
    return 10 * log10(sum / (double)(n / 2) / 0.125 + 1e-20);
}

/* The tone at the same time as in the input: what differs, in dB below it. */
static double error_of(const float *pcm, size_t n, uint32_t rate, double hz)
{
    double sum = 0;
    for (size_t i = n / 4; i < n * 3 / 4; i++) {
        double d = (double)pcm[i] - 0.5 * sin(2 * M_PI * hz * (double)i / rate);
        sum += d * d;
    }
    return 10 * log10(sum / (double)(n / 2) / 0.125 + 1e-20);
}

/* Of 44101 and 767999 every output has a place of its own between two samples. */
static const uint32_t rates[][2] = {
    {48000, 16000}, {44100, 16000}, {8000, 16000},  {22050, 24000}, {11025, 16000}, {96000, 16000},
    {16000, 44100}, {16000, 16000}, {44101, 16000}, {16000, 22050}, {22050, 16000}, {16000, 47999}};

static void a_tone_stays_what_it_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
        uint32_t in = rates[i][0], out = rates[i][1];
        size_t n = (size_t)in * SECONDS, m = resample_length(n, in, out);
        assert_int_equal(m, (size_t)out * SECONDS);
        float *x = tone(in, 1000, n), *y = mem_array(m, sizeof *y);
        Err err = ERR_INIT;
        assert_non_null(y);
        if (!resample_all(x, n, in, out, y, &err))
            fail_msg("%s", err.msg);
        double half = (in < out ? in : out) / 2.0, error = error_of(y, m, out, 1000);
        if (error > -120)
            fail_msg("%u to %u: error at %.1f dB", in, out, error);
        mem_free(x);
        x = tone(in, half * 0.9, n); /* as loud, and no image of it */
        assert_true(resample_all(x, n, in, out, y, &err));
        error = error_of(y, m, out, half * 0.9);
        if (error > -75)
            fail_msg("%u to %u: error at the edge %.1f dB", in, out, error);
        mem_free(x);
        for (double hz = half * 1.002; in > out && hz < in / 2.0; hz += half * 0.31) {
            x = tone(in, hz, n); /* above half the new rate nothing folds back */
            assert_true(resample_all(x, n, in, out, y, &err));
            if (level_of(y, m) > -120)
                fail_msg("%u to %u: %.0f Hz folded to %.1f dB", in, out, hz, level_of(y, m));
            mem_free(x);
        }
        mem_free(y);
    }
}

static void any_block_size_gives_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
        uint32_t in = rates[i][0], out = rates[i][1], seed = 1;
        size_t n = (size_t)in / 3 + 7, m = resample_length(n, in, out);
        float *x = tone(in, 300, n), *y = mem_array(m, sizeof *y), *z = mem_array(m, sizeof *z);
        Err err = ERR_INIT;
        Resampler *r = resample_new(in, out, &err);
        assert_true(y && z && r);
        assert_true(resample_all(x, n, in, out, y, &err));
        for (int again = 0; again < 2; again++) { /* a Resampler is new after its end */
            Take t = {z, 0, m};
            for (size_t at = 0, now; at < n; at += now) {
                seed = seed * 1664525 + 1013904223;
                now = (seed >> 16) % (again ? 7000 : 12);
                now = now < n - at ? now : n - at;
                assert_true(resample_push(r, x + at, now, take, &t, &err));
            }
            assert_true(resample_finish(r, take, &t, &err));
            assert_int_equal(t.n, m);
            assert_memory_equal(y, z, m * sizeof *y); /* to the bit */
        }
        resample_free(r);
        mem_free(x);
        mem_free(y);
        mem_free(z);
    }
}

/* An impulse stays at its time: the sound around it is a mirror of itself. */
static void an_impulse_stays_at_its_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
        uint32_t in = rates[i][0], out = rates[i][1];
        size_t n = (size_t)in / 2, m = resample_length(n, in, out);
        float *x = mem_array(n, sizeof *x), *y = mem_array(m, sizeof *y);
        double weighed = 0, all = 0;
        Err err = ERR_INIT;
        assert_true(x && y);
        x[n / 3] = 1;
        assert_true(resample_all(x, n, in, out, y, &err));
        for (size_t k = 0; k < m; k++) {
            weighed += (double)k * (double)y[k];
            all += (double)y[k];
        }
        assert_true(fabs(all - (double)out / in) < 1e-5 * out / in);
        assert_true(fabs(weighed / all - (double)(n / 3) * out / in) < 1e-3);
        mem_free(x);
        mem_free(y);
    }
}

static void silence_stays_silence(void **state)
{
    (void)state;
    static float x[5000], y[20000];
    Err err = ERR_INIT;
    for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
        size_t m = resample_length(ARRAY_LEN(x), rates[i][0], rates[i][1]);
        memset(y, 1, sizeof y);
        assert_true(resample_all(x, ARRAY_LEN(x), rates[i][0], rates[i][1], y, &err));
        for (size_t k = 0; k < m; k++)
            assert_true(y[k] == 0);
    }
}

/* What is no number, or huge, spoils what the filter reaches and not what comes after. */
static void a_broken_sample_passes_by(void **state)
{
    (void)state;
    static const float broken[] = {NAN, INFINITY, -INFINITY, 3e38f};
    Err err = ERR_INIT;
    for (size_t b = 0; b < ARRAY_LEN(broken); b++) {
        float *x = tone(44100, 1000, 44100), *clean = mem_array(16000, sizeof *clean),
              *y = mem_array(16000, sizeof *y);
        assert_true(clean && y);
        assert_true(resample_all(x, 44100, 44100, 16000, clean, &err));
        x[22050] = broken[b];
        assert_true(resample_all(x, 44100, 44100, 16000, y, &err));
        assert_memory_equal(clean, y, 7900 * sizeof *y);
        assert_memory_equal(clean + 8100, y + 8100, 7900 * sizeof *y);
        assert_true(memcmp(clean + 7900, y + 7900, 200 * sizeof *y) != 0);
        mem_free(x);
        mem_free(clean);
        mem_free(y);
    }
}

/* The furthest rates, the shortest sounds: as many samples as rounding says, each a number. */
static void extremes(void **state)
{
    (void)state;
    static const uint32_t far[][2] = {
        {PCM_RATE_MAX_HZ, PCM_RATE_MIN_HZ}, {PCM_RATE_MIN_HZ, PCM_RATE_MAX_HZ},
        {PCM_RATE_MAX_HZ - 1, 1001}, {1001, PCM_RATE_MAX_HZ - 1}, {PCM_RATE_MAX_HZ, 767999},
        {767999, PCM_RATE_MAX_HZ}, {1000, 1001}, {16000, 15999}};
    static const size_t lengths[] = {0, 1, 2, 3, 97, 4096, 20000};
    Err err = ERR_INIT;
    for (size_t i = 0; i < ARRAY_LEN(far); i++)
        for (size_t l = 0; l < ARRAY_LEN(lengths); l++) {
            size_t n = lengths[l] > 97 && far[i][1] / far[i][0] > 9 ? 500 : lengths[l];
            size_t m = resample_length(n, far[i][0], far[i][1]);
            double whole = (double)n * far[i][1] / far[i][0];
            assert_true(fabs((double)m - whole) <= 0.5);
            float *x = mem_array(n + 1, sizeof *x), *y = mem_array(m + 1, sizeof *y);
            assert_true(x && y);
            for (size_t k = 0; k < n; k++)
                x[k] = 0.5f;
            y[m] = 7;
            if (!resample_all(x, n, far[i][0], far[i][1], y, &err))
                fail_msg("%s", err.msg);
            for (size_t k = 0; k < m; k++)
                if (!(fabsf(y[k]) < 0.7f))
                    fail_msg("%u to %u, %zu: y[%zu] = %g", far[i][0], far[i][1], n, k,
                             (double)y[k]);
            assert_true(y[m] == 7);
            if (n == 20000 && m > 400) /* the middle of a constant is that constant */
                assert_true(fabsf(y[m / 2] - 0.5f) < 2e-6f);
            mem_free(x);
            mem_free(y);
        }
}

static bool ignore(void *arg, const float *pcm, size_t n, Err *err)
{
    (void)arg, (void)pcm, (void)n, (void)err;
    return true;
}

static void memory_is_taken_at_the_beginning(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
        uint32_t in = rates[i][0], out = rates[i][1];
        (void)mem_test_count();
        Resampler *r = resample_new(in, out, &err);
        uint64_t taken = mem_test_count();
        float *x = tone(in, 1000, 30000);
        assert_true(r && x);
        (void)mem_test_count();
        assert_true(resample_push(r, x, 30000, ignore, NULL, &err));
        assert_true(resample_finish(r, ignore, NULL, &err));
        assert_int_equal(mem_test_count(), 0);
        resample_free(r);
        mem_free(x);
        for (uint64_t nth = 1; nth <= taken; nth++) {
            err = (Err)ERR_INIT;
            mem_test_fail(nth, 0);
            r = resample_new(in, out, &err);
            mem_test_fail(0, 0);
            assert_err(r != NULL, err, ERR_NO_MEMORY, "out of memory");
        }
    }
}

/* Every processor's sums are those of the plain ones but for rounding, and n at once are each. */
static void every_level_computes_the_same(void **state)
{
    (void)state;
    static float x[2048], rows[4 * 480], all[13], one;
    static const float weights[4] = {-0.06f, 0.8f, 0.3f, -0.04f};
    const ResampleKernels *plain = resample_kernels(CPU_PLAIN);
    for (size_t i = 0; i < ARRAY_LEN(x); i++)
        x[i] = sinf((float)i * 1.7f);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        rows[i] = cosf((float)i * 0.3f) / 100;
    for (CpuLevel level = CPU_PLAIN; level <= cpu_level(); level++) {
        const ResampleKernels *k = resample_kernels(level);
        float between = k->between(x, rows, 480, weights);
        assert_true(fabsf(between - plain->between(x, rows, 480, weights)) < 1e-6f);
        k->same(x, 3, rows, 480, ARRAY_LEN(all), all, 1);
        for (size_t i = 0; i < ARRAY_LEN(all); i++) {
            k->same(x + 3 * i, 1, rows, 480, 1, &one, 1);
            assert_memory_equal(&one, &all[i], sizeof one);
            plain->same(x + 3 * i, 1, rows, 480, 1, &one, 1);
            assert_true(fabsf(one - all[i]) < 1e-6f);
        }
    }
}

static bool refuse(void *arg, const float *pcm, size_t n, Err *err)
{
    (void)arg, (void)pcm, (void)n;
    return err_set(err, ERR_STORAGE_FULL, "no room");
}

static void edges(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    float out[64];
    assert_err(resample_new(999, 16000, &err) != NULL, err, ERR_VALIDATION, "999 Hz");
    assert_err(resample_new(16000, 4000000, &err) != NULL, err, ERR_VALIDATION, "4000000 Hz");
    assert_true(resample_all(NULL, 0, 48000, 16000, out, &err));
    static const float few[] = {0.1f, 0.2f, 0.3f, 0.4f, 0.5f};
    assert_int_equal(resample_length(5, 16000, 48000), 15);
    assert_true(resample_all(few, 5, 16000, 48000, out, &err));
    Resampler *r = resample_new(16000, 48000, &err);
    assert_non_null(r);
    float *x = tone(16000, 100, 16000);
    assert_err(resample_push(r, x, 16000, refuse, NULL, &err), err, ERR_STORAGE_FULL, "no room");
    mem_free(x);
    resample_free(r);
    resample_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tone_stays_what_it_is),
        cmocka_unit_test(any_block_size_gives_the_same),
        cmocka_unit_test(an_impulse_stays_at_its_time),
        cmocka_unit_test(silence_stays_silence),
        cmocka_unit_test(a_broken_sample_passes_by),
        cmocka_unit_test(extremes),
        cmocka_unit_test(memory_is_taken_at_the_beginning),
        cmocka_unit_test(every_level_computes_the_same),
        cmocka_unit_test(edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
