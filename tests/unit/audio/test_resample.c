/* Resampling: tones stay where and how loud they are, nothing folds back, any block size gives the
 * same samples, exactly as many as there should be. */
#include "support/unit.h"

#include <math.h>

#include "audio/resample.h"
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

static const uint32_t rates[][2] = {{48000, 16000}, {44100, 16000}, {8000, 16000}, {22050, 24000},
                                    {11025, 16000}, {96000, 16000}, {16000, 44100}, {16000, 16000}};

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
        double error = error_of(y, m, out, 1000);
        if (error > -95)
            fail_msg("%u to %u: error at %.1f dB", in, out, error);
        mem_free(x);
        if (in > out) { /* what lies above half the new rate does not fold back */
            x = tone(in, out * 0.6, n);
            assert_true(resample_all(x, n, in, out, y, &err));
            if (level_of(y, m) > -95)
                fail_msg("%u to %u: folded back at %.1f dB", in, out, level_of(y, m));
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
                now = (seed >> 16) % (again ? 7000 : 90);
                now = now < n - at ? now : n - at;
                assert_true(resample_push(r, x + at, now, take, &t, &err));
            }
            assert_true(resample_finish(r, take, &t, &err));
            assert_int_equal(t.n, m);
            for (size_t k = 0; k < m; k++)
                if (fabsf(y[k] - z[k]) > 1e-6f)
                    fail_msg("%u to %u: sample %zu differs", in, out, k);
        }
        resample_free(r);
        mem_free(x);
        mem_free(y);
        mem_free(z);
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
        cmocka_unit_test(edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
