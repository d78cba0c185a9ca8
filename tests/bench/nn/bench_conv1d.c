/* bench_conv1d - GFLOP/s of the convolutions of a Piper voice on one core: fp32, bf16, and pairs of
 * bf16 (their three products counted once), beside what the units of the core give when nothing is
 * loaded or stored.
 *
 *   taskset -c 1 bench_conv1d */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/mem.h"
#include "nn/conv1d.h"
#include "nn/simd_target.h"

#define ROUNDS 40 /* the best counts: somebody else may use the core */

static const struct {
    const char *name;
    uint32_t taps, in, out, dilation, rows;
} shapes[] = {{"flow in", 5, 192, 384, 1, 96}, {"encoder up", 3, 192, 768, 1, 96},
    {"decoder up 0", 2, 256, 1024, 1, 48}, {"decoder 128", 7, 128, 128, 12, 320},
    {"decoder 64", 7, 64, 64, 12, 600}, {"decoder 32", 7, 32, 32, 12, 2100},
    {"decoder 32", 3, 32, 32, 1, 2100}};

#if defined(__x86_64__)
#include <immintrin.h>

#include "nn/amx_bf16.h"

TARGET_BEGIN_AVX512

static double fma_peak(void)
{
    __m512 a[24], x = _mm512_set1_ps(1.0f), y = _mm512_set1_ps(1e-9f);
    for (int i = 0; i < 24; i++) {
        a[i] = _mm512_set1_ps((float)i);
    }
    double best = 0;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t start = clock_mono_ns();
        for (int n = 0; n < 100000; n++) {
            UNROLL
            for (int i = 0; i < 24; i++) {
                a[i] = _mm512_fmadd_ps(x, y, a[i]);
            }
            __asm__ volatile("" : "+v"(x));
        }
        double rate = 1e5 * 24 * 32 / clock_seconds_since(start) * 1e-9;
        best = rate > best ? rate : best;
    }
    for (int i = 1; i < 24; i++) {
        a[0] = _mm512_add_ps(a[0], a[i]);
    }
    volatile float keep = _mm512_reduce_add_ps(a[0]);
    (void)keep;
    return best;
}

TARGET_END

AMX_BF16_BEGIN

static double tile_peak(void)
{
    static uint16_t zeros[512];
    _tile_loadconfig(&all_16x64);
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    _tile_loadd(4, zeros, 64);
    _tile_loadd(5, zeros, 64);
    _tile_loadd(6, zeros, 64);
    _tile_loadd(7, zeros, 64);
    double best = 0;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t start = clock_mono_ns();
        for (int n = 0; n < 20000; n++) {
            _tile_dpbf16ps(0, 4, 6);
            _tile_dpbf16ps(1, 4, 7);
            _tile_dpbf16ps(2, 5, 6);
            _tile_dpbf16ps(3, 5, 7);
        }
        double rate = 2e4 * 4 * 16 * 16 * 32 * 2 / clock_seconds_since(start) * 1e-9;
        best = rate > best ? rate : best;
    }
    _tile_release();
    return best;
}

TARGET_END
#endif

static double measure(const Conv1d *c, const float *x, float *y, float *act, size_t rows)
{
    double best = 0, flop = 2.0 * c->taps * c->in * c->out * (double)rows;
    for (int round = 0; round < ROUNDS; round++) {
        int times = (int)(5e7 / flop) + 1;
        uint64_t start = clock_mono_ns();
        for (int i = 0; i < times; i++) {
            conv1d(c, x, c->in, rows,
                &(ConvOut){.y = y, .add0 = y, .act = act, .slope = 0.1f, .ld = c->out});
        }
        double rate = flop * times / clock_seconds_since(start) * 1e-9;
        best = rate > best ? rate : best;
    }
    return best;
}

static void *block(size_t bytes)
{
    void *p = mem_aligned(64, bytes);
    if (p) {
        memset(p, 0, bytes);
    }
    return p;
}

static bool bench(size_t s)
{
    uint32_t taps = shapes[s].taps, in = shapes[s].in, out = shapes[s].out, rows = shapes[s].rows;
    size_t n = conv_packed(taps, in, out), halo = (size_t)(taps - 1) * shapes[s].dilation;
    float *w = block(n * 4), *x = block((rows + halo) * in * 4), *y = block((size_t)rows * out * 4);
    float *act = block((size_t)rows * out * 4), *bias = block(out * 4);
    uint16_t *high = block(n * 2), *low = block(n * 2);
    bool ok = w && x && y && act && bias && high && low;
    if (ok) {
        Conv1d c = {.w = w, .bias = bias, .taps = taps, .in = in, .out = out,
            .dilation = shapes[s].dilation};
        printf("%-14s %u x %u -> %-5u %8.0f", shapes[s].name, taps, in, out,
            measure(&c, x, y, act, rows));
        if (cpu_has_amx_bf16()) {
            c.w16 = high;
            printf(" %8.0f", measure(&c, x, y, act, rows));
            c.low16 = low;
            printf(" %8.0f", measure(&c, x, y, act, rows));
        }
        printf("\n");
    }
    mem_free(w);
    mem_free(x);
    mem_free(y);
    mem_free(act);
    mem_free(bias);
    mem_free(high);
    mem_free(low);
    return ok;
}

int main(void)
{
    Err err = ERR_INIT;
    if (!cpu_init(&err)) {
        fprintf(stderr, "bench_conv1d: %s\n", err.msg);
        return 1;
    }
    printf("GFLOP/s                        fp32     bf16    pairs\n");
#if defined(__x86_64__)
    if (cpu_level() >= CPU_AVX512) {
        printf("%-25s %10.0f", "units alone", fma_peak());
        if (cpu_has_amx_bf16()) {
            double peak = tile_peak();
            printf(" %8.0f %8.0f", peak, peak / 3);
        }
        printf("\n");
    }
#endif
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        if (!bench(s)) {
            return 1;
        }
    }
    return 0;
}
