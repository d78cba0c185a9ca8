/* conv1d.h - convolutions over time as matrix products that never copy their input, and what
 * stands between them in a vocoder.
 *
 *   v[t][o] = bias[o] + sum over tap j < taps, channel c < in of
 *             x[t + (j - left) * dilation][c] * W[j][c][o]     (+ add0[t][o] + add1[t][o])
 *   y[t][o] = v            act[t][o] = v > 0 ? v : slope * v
 *
 * Rows are time, so the input of a tap is the same memory some rows further: the product walks it
 * there and no im2col is made. W is packed in panels of at most 64 outputs, [o/64][j][c][64]. A
 * transposed convolution with stride u and kernel 2u is such a convolution with 2 taps and u * out
 * outputs: row t of its result is u rows of output, one after another.
 *
 * Sums run over taps and channels in order, one fused multiply-add each: a row's value does not
 * depend on the rows around it, and so not on windows or threads.
 *
 * Threads: pure functions over the caller's memory. */
#ifndef SOTTO_NN_CONV1D_H
#define SOTTO_NN_CONV1D_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cpu.h"

#define CONV_STRIP16 65536
#define CONV_PANEL 64 /* outputs of a panel; the last one may have 16, 32 or 48 */

typedef struct {
    const float *w;       /* panels, fp32 */
    const uint16_t *w16;  /* tiles of bf16 (conv1d_amx.c), taken when not NULL: only where
                             cpu_has_amx_bf16() */
    const uint16_t *low16; /* what w16 lacks to w, as tiles of bf16; then inputs are split in two
                             as well and three products make one of nearly fp32's precision */
    const float *bias;    /* [out] */
    uint32_t taps, in, out; /* in and out multiples of 16 */
    uint32_t dilation, left; /* the tap that sees the row itself */
} Conv1d;

/* Where a result goes; NULL: nowhere. Outputs and addends may be the same memory. */
typedef struct {
    float *y;
    const float *add0, *add1;
    float *act;
    float slope;     /* 0: ReLU */
    size_t ld;       /* of all of them, in elements */
} ConvOut;

typedef struct {
    /* x points at the row that the first tap of row 0 reads; ldx in floats. */
    void (*conv)(const Conv1d *c, const float *x, size_t ldx, size_t rows, const ConvOut *out);
    /* act[i] = x[i] > 0 ? x[i] : slope * x[i]; n a multiple of 16. */
    void (*leaky)(const float *x, float slope, float *act, size_t n);
    /* y[i] = tanh(g[i]) * sigmoid(g[half + i]), i < half; half a multiple of 16. */
    void (*gate)(const float *g, size_t half, float *y);
    /* y[t][c] = bias[c] + sum over j < 3 of w[j][c] * x[t + (j - 1) * dilation][c], ld = n; rows
     * outside of 0..rows read as 0. n a multiple of 16. */
    void (*depthwise3)(const float *x, const float *w, const float *bias, size_t dilation, size_t n,
        size_t rows, size_t from, size_t to, float *y);
    /* y[t] = tanh(sum over i < n of x[t * ldx + i] * w[i]), the last convolution: n = taps * in. */
    void (*last)(const float *x, size_t ldx, const float *w, size_t n, size_t rows, float *y);
} ConvOps;

/* A convolution by the best kernel for its weights; the arguments of ConvOps.conv. */
void conv1d(const Conv1d *c, const float *x, size_t ldx, size_t rows, const ConvOut *out);
const ConvOps *conv_ops_at(CpuLevel level);
const ConvOps *conv_ops(void);

/* Floats of the panels of a convolution; and its packing from w [out_real][in][taps] (PyTorch's
 * order), outputs past out_real zero. */
size_t conv_packed(uint32_t taps, uint32_t in, uint32_t out);
void conv_pack(const float *w, uint32_t taps, uint32_t in, uint32_t out_real, uint32_t out,
    float *panels);
/* Whether w16 may be given: in a multiple of 32, and what a row sees fits into the strip that is
 * rounded at a time. */
static inline bool conv_takes16(const Conv1d *c)
{
    size_t halo = (size_t)(c->taps - 1) * c->dilation;
    return c->in % 32 == 0 && c->in <= 1024 && (halo + 64) * c->in <= CONV_STRIP16;
}
/* The same as bf16 tiles, [out/16][taps][in/32][16][16][2], rounded to nearest, and what that
 * rounding lost (low may be NULL); needs in % 32 == 0. */
void conv_pack16(const float *w, uint32_t taps, uint32_t in, uint32_t out_real, uint32_t out,
    uint16_t *tiles, uint16_t *low);

#endif
