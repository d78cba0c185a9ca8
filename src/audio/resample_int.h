/* resample_int.h - the parts of resample.c: the filter's coefficients and the dot products.
 *
 * One prototype g(t), t in samples of the lower of both rates, |t| <= RESAMPLE_HALF:
 *
 *     g(t) = 0.95 sinc(0.95 t) I0(b sqrt(1 - (t / half)^2)) / I0(b)
 *
 * (Kaiser & Schafer 1980). With c = min(1, out / in) the output at p, in samples of the input, is
 * the sum over i of x[i] c g(c (p - i)): flat to 0.9 of half the lower rate, -123 dB from its half
 * on, which is what such a window of 160 gives for a transition of 0.1.
 *
 * Threads: what is made is immutable; the prototype is made once. */
#ifndef SOTTO_AUDIO_RESAMPLE_INT_H
#define SOTTO_AUDIO_RESAMPLE_INT_H

#include "base/cpu.h"
#include "base/str.h"

#define RESAMPLE_HALF 80  /* of the prototype, in samples of the lower rate */
#define RESAMPLE_ALIGN 32 /* taps of a row are a multiple of it; those at its ends are 0 */

typedef struct {
    float *rows;      /* [out or fine + 3][taps] */
    size_t taps;      /* the output lies at taps / 2 - 1 and its phase */
    uint32_t in, out; /* the rates by their greatest common divisor: `out` phases */
    uint32_t fine;    /* 0: a row a phase; else rows at -1/fine, 0, 1/fine, ... 1 + 1/fine */
} ResampleTable;

void resample_prototype(void); /* made now, so that children that are forked have it */
/* ERR_NO_MEMORY. To be released; at most 2.5 MB, usually below 0.3. */
bool resample_table_init(ResampleTable *t, uint32_t in_hz, uint32_t out_hz, Err *err);
void resample_table_release(ResampleTable *t);
/* Between rows: which four, and what each counts (Lagrange's cubic). */
size_t resample_table_between(const ResampleTable *t, uint32_t phase, float weights[4]);

typedef struct {
    /* n outputs by one row: out[i * out_apart] from x + i * x_apart. Each output is added up in the
     * same order, however many are asked for at once. */
    void (*same)(const float *x, size_t x_apart, const float *row, size_t taps, size_t n,
                 float *out, size_t out_apart);
    /* One output by four rows, weighted. */
    float (*between)(const float *x, const float *rows, size_t taps, const float weights[4]);
} ResampleKernels;

const ResampleKernels *resample_kernels(CpuLevel level); /* the best below or at it */

#endif
