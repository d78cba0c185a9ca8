/* ops.h - everything between the matrix products, in one table of kernels a CPU level.
 * Threads: pure functions over the caller's memory. */
#ifndef SOTTO_NN_OPS_H
#define SOTTO_NN_OPS_H

#include "nn/gemm.h"

/* n is a multiple of 16 everywhere; pointers need no alignment. */
typedef struct {
    /* u8 asymmetric by row: scale = (max - min) / 255 with 0 in the range, q = x / scale + zero. */
    void (*quantise)(const float *x, size_t n, uint8_t *q, GemmRow *row);
    /* x = gamma * (x + y - mean) / sqrt(variance + eps) + beta, and its quantised form. y or q NULL:
     * without. */
    void (*add_norm)(float *x, const float *y, const float *gamma, const float *beta, float eps,
        size_t n, uint8_t *q, GemmRow *row);
    /* x = scale * s8 + y: a row of a quantised table. */
    void (*row_s8)(const int8_t *q, float scale, const float *y, float *x, size_t n);
    /* x = x + bias, then act, in place: the fp32 road's epilogue. */
    void (*bias_act)(float *x, const float *bias, size_t n, GemmAct act);
    /* Softmax over the first `used` of x [n], the rest becomes 0; in place. */
    void (*softmax)(float *x, size_t used, size_t n);
    /* out [n] = mean of x [rows][ld], then scaled to length 1 (a zero vector stays zero). */
    void (*pool)(const float *x, size_t ld, size_t rows, size_t n, float *out);
    /* c [m][n] tile of int32 sums -> float, the epilogue of gemm_u8s8 from column `col`. */
    void (*epilogue)(const GemmWeights *w, size_t col, const int32_t *sums, size_t ld_sums,
        const GemmRow *rows, size_t m, size_t n, float *c, size_t ldc, GemmAct act);
    void (*gemm_f32)(const float *a, size_t lda, const float *b, size_t ldb, float *c, size_t ldc,
        size_t m, size_t n, size_t k);
} NnOps;

extern const NnOps nn_ops_plain;
#if defined(__x86_64__)
extern const NnOps nn_ops_avx2, nn_ops_avx512;
#endif
/* The table for a level, and for this machine. */
const NnOps *nn_ops_at(CpuLevel level);
const NnOps *nn_ops(void);

#endif
