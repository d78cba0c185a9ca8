/* The convolutions of every level against the sum as it is written, and row by row against
 * themselves: a row may not depend on how many others are computed with it. */
#include "support/unit.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "nn/conv1d.h"

static const struct {
    uint32_t taps, in, out, dilation;
    size_t rows;
} shapes[] = {{1, 16, 16, 1, 1}, {3, 32, 32, 12, 100}, {7, 32, 64, 3, 37}, {5, 192, 384, 1, 13},
    {2, 64, 80, 1, 17}, {1, 96, 48, 1, 6}, {7, 128, 128, 12, 33}, {3, 48, 112, 2, 9}};

static uint32_t seed = 1;

static float uniform(void)
{
    seed = seed * 1664525u + 1013904223u;
    return (float)(seed >> 8) * 0x1p-23f - 1;
}

typedef struct {
    Conv1d c;
    float *w, *panels, *bias, *x, *add, *want;
    uint16_t *tiles, *low;
    size_t rows, in_rows;
} Case;

static float *floats(size_t n)
{
    float *p = mem_aligned(64, n * sizeof *p);
    for (size_t i = 0; i < n; i++) {
        p[i] = uniform();
    }
    return p;
}

static void case_make(Case *t, size_t i)
{
    uint32_t taps = shapes[i].taps, in = shapes[i].in, out = shapes[i].out;
    size_t n = conv_packed(taps, in, out);
    *t = (Case){.rows = shapes[i].rows};
    t->in_rows = t->rows + (size_t)(taps - 1) * shapes[i].dilation;
    t->w = floats(n);
    t->panels = floats(n);
    t->bias = floats(out);
    t->x = floats(t->in_rows * in);
    t->add = floats(t->rows * out);
    t->want = floats(t->rows * out);
    t->tiles = mem_aligned(64, n * sizeof *t->tiles);
    t->low = mem_aligned(64, n * sizeof *t->low);
    t->c = (Conv1d){.w = t->panels, .bias = t->bias, .taps = taps, .in = in, .out = out,
        .dilation = shapes[i].dilation, .left = (taps - 1) / 2};
    conv_pack(t->w, taps, in, out, out, t->panels);
    if (in % 32 == 0) {
        conv_pack16(t->w, taps, in, out, out, t->tiles, t->low);
    }
    for (size_t r = 0; r < t->rows; r++) {
        for (uint32_t o = 0; o < out; o++) {
            double sum = t->bias[o];
            for (uint32_t j = 0; j < taps; j++) {
                for (uint32_t c = 0; c < in; c++) {
                    sum += (double)t->x[(r + (size_t)j * t->c.dilation) * in + c] *
                        t->w[((size_t)o * in + c) * taps + j];
                }
            }
            t->want[r * out + o] = (float)sum;
        }
    }
}

static void case_free(Case *t)
{
    mem_free(t->w);
    mem_free(t->panels);
    mem_free(t->bias);
    mem_free(t->x);
    mem_free(t->add);
    mem_free(t->want);
    mem_free(t->tiles);
    mem_free(t->low);
}

typedef void (*ConvFn)(const Conv1d *c, const float *x, size_t ldx, size_t rows, const ConvOut *o);

static void check(const Case *t, ConvFn conv, double tolerance)
{
    size_t n = t->rows * t->c.out;
    float *y = floats(n), *act = floats(n), *one = floats(t->c.out);
    conv(&t->c, t->x, t->c.in, t->rows, &(ConvOut){.y = y, .ld = t->c.out});
    double scale = sqrt((double)t->c.taps * t->c.in);
    for (size_t i = 0; i < n; i++) {
        assert_true(fabs((double)y[i] - t->want[i]) <= tolerance * scale);
    }
    for (size_t r = 0; r < t->rows; r++) {
        conv(&t->c, t->x + r * t->c.in, t->c.in, 1, &(ConvOut){.y = one, .ld = t->c.out});
        assert_memory_equal(one, y + r * t->c.out, t->c.out * sizeof *y);
    }
    /* twice what is added, into where it was, and the activation beside it */
    float *sum = floats(n);
    memcpy(sum, t->add, n * sizeof *sum);
    conv(&t->c, t->x, t->c.in, t->rows,
        &(ConvOut){.y = sum, .add0 = sum, .add1 = t->add, .act = act,
        .slope = 0.1f, .ld = t->c.out});
    for (size_t i = 0; i < n; i++) {
        float v = y[i] + t->add[i] + t->add[i];
        assert_true(fabsf(sum[i] - v) < 1e-5f);
        assert_true(act[i] == (sum[i] > 0 ? sum[i] : sum[i] * 0.1f));
    }
    mem_free(y);
    mem_free(act);
    mem_free(one);
    mem_free(sum);
}

static void test_levels(void **state)
{
    (void)state;
    const CpuLevel levels[] = {CPU_PLAIN, CPU_AVX2, CPU_AVX512};
    for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
        Case t;
        case_make(&t, i);
        for (size_t l = 0; l < ARRAY_LEN(levels); l++) {
            if (levels[l] <= cpu_level()) {
                check(&t, conv_ops_at(levels[l])->conv, 2e-6);
            }
        }
        case_free(&t);
    }
}

/* bf16 keeps 8 bits of each factor; in two parts, 16. */
static void test_bf16(void **state)
{
    (void)state;
    for (size_t i = 0; cpu_has_amx_bf16() && i < ARRAY_LEN(shapes); i++) {
        Case t;
        case_make(&t, i);
        if (conv_takes16(&t.c)) {
            t.c.w16 = t.tiles;
            check(&t, conv1d, 6e-3);
            t.c.low16 = t.low;
            check(&t, conv1d, 3e-5);
        }
        case_free(&t);
    }
}

static void test_between(void **state)
{
    (void)state;
    const CpuLevel levels[] = {CPU_PLAIN, CPU_AVX2, CPU_AVX512};
    float x[32 * 40], g[64], y[32 * 40], w[96], bias[32], last[33];
    for (size_t l = 0; l < ARRAY_LEN(levels); l++) {
        if (levels[l] > cpu_level()) {
            continue;
        }
        const ConvOps *ops = conv_ops_at(levels[l]);
        for (size_t i = 0; i < ARRAY_LEN(x); i++) {
            x[i] = 4 * uniform();
        }
        for (size_t i = 0; i < 64; i++) {
            g[i] = i == 3 ? 200.0f : i == 40 ? -200.0f : 6 * uniform();
        }
        for (size_t i = 0; i < 96; i++) {
            w[i] = uniform();
            bias[i % 32] = uniform();
        }
        ops->leaky(x, 0.25f, y, 32);
        for (size_t i = 0; i < 32; i++) {
            assert_true(y[i] == (x[i] > 0 ? x[i] : 0.25f * x[i]));
        }
        ops->gate(g, 32, y);
        for (size_t i = 0; i < 32; i++) {
            assert_true(fabs(y[i] - tanh(g[i]) / (1 + exp(-(double)g[32 + i]))) < 1e-6);
        }
        ops->depthwise3(x, w, bias, 9, 32, 40, 0, 40, y);
        for (size_t t = 0; t < 40; t++) {
            for (size_t c = 0; c < 32; c++) {
                double v = bias[c] + (double)w[32 + c] * x[t * 32 + c];
                v += t >= 9 ? (double)w[c] * x[(t - 9) * 32 + c] : 0;
                v += t + 9 < 40 ? (double)w[64 + c] * x[(t + 9) * 32 + c] : 0;
                assert_true(fabs(y[t * 32 + c] - v) < 1e-5);
            }
        }
        ops->last(x, 32, w, 96, 33, last);
        for (size_t t = 0; t < 33; t++) {
            double v = 0;
            for (size_t i = 0; i < 96; i++) {
                v += (double)x[t * 32 + i] * w[i];
            }
            assert_true(fabs(last[t] - tanh(v)) < 1e-5);
        }
    }
}

int main(void)
{
    Err err = ERR_INIT;
    if (!cpu_init(&err)) {
        return 1;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_levels), cmocka_unit_test(test_bf16),
        cmocka_unit_test(test_between)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
