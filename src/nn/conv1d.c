/* conv1d.c - packing, the plain kernels, and the choice among levels. */
#include "nn/conv1d_kernels.h"

#include "nn/simd_generic.h"

#define CONV_VECTORS 2 /* vectors of outputs kept at once, and rows with as many */
#define CONV_ROWS_WIDE 4
#define CONV_HALF 1
#define CONV_ROWS_MAX 4
SIMD_FN V v_div(V a, V b) { return a / b; }

#include "nn/conv1d_impl.h"

const ConvOps *conv_ops_at(CpuLevel level)
{
#if defined(__x86_64__)
    if (level >= CPU_AVX512) {
        return &conv_ops_avx512;
    }
    if (level >= CPU_AVX2) {
        return &conv_ops_avx2;
    }
#endif
    (void)level;
    return &conv_ops_plain;
}

const ConvOps *conv_ops(void) { return conv_ops_at(cpu_level()); }

void conv1d(const Conv1d *c, const float *x, size_t ldx, size_t rows, const ConvOut *out)
{
#if defined(__x86_64__)
    if (c->w16) {
        conv1d_amx(c, x, ldx, rows, out);
        return;
    }
#endif
    conv_ops()->conv(c, x, ldx, rows, out);
}

size_t conv_packed(uint32_t taps, uint32_t in, uint32_t out) { return (size_t)taps * in * out; }

void conv_pack(const float *w, uint32_t taps, uint32_t in, uint32_t out_real, uint32_t out,
    float *panels)
{
    for (uint32_t panel = 0; panel < out; panel += CONV_PANEL) {
        uint32_t width = out - panel < CONV_PANEL ? out - panel : CONV_PANEL;
        float *p = panels + (size_t)panel * taps * in;
        for (uint32_t j = 0; j < taps; j++) {
            for (uint32_t c = 0; c < in; c++) {
                for (uint32_t o = 0; o < width; o++) {
                    size_t from = ((size_t)(panel + o) * in + c) * taps + j;
                    *p++ = panel + o < out_real ? w[from] : 0.0f;
                }
            }
        }
    }
}

/* To nearest, halves to even; weights are finite. */
static uint16_t bf16(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static float from_bf16(uint16_t h)
{
    uint32_t bits = (uint32_t)h << 16;
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

void conv_pack16(const float *w, uint32_t taps, uint32_t in, uint32_t out_real, uint32_t out,
    uint16_t *tiles, uint16_t *low)
{
    for (uint32_t panel = 0; panel < out; panel += 16) {
        for (uint32_t j = 0; j < taps; j++) {
            for (uint32_t c = 0; c < in; c += 2) {
                for (uint32_t o = panel; o < panel + 16; o++) {
                    for (uint32_t pair = 0; pair < 2; pair++) {
                        size_t from = ((size_t)o * in + c + pair) * taps + j;
                        float v = o < out_real ? w[from] : 0;
                        *tiles = bf16(v);
                        if (low) {
                            *low++ = bf16(v - from_bf16(*tiles));
                        }
                        tiles++;
                    }
                }
            }
        }
    }
}
