/* ops.h - everything between the matrix products, in one table of kernels a CPU level.
 * Threads: pure functions over the caller's memory. */
#ifndef SOTTO_NN_OPS_H
#define SOTTO_NN_OPS_H

#include "nn/gemm.h"

#define OPS_ROTATE_MAX 5120

/* n is a multiple of 16 everywhere; pointers need no alignment. */
typedef struct {
    /* y = T x, where T is symmetric and T T = p: a Hadamard transform over groups of p elements
     * that are 16 apart, p = 16 when 256 divides n, else 8 (128 must divide n). When there are 3
     * groups, then also y - 2/3 (sum of the three) over the three elements at the same place of
     * them.
     *
     * Why: a few channels are much larger than the rest and would set the step of all. A turned
     * vector has none, and W x = (W T / p) (T x), so turning the weights once makes up for it. It
     * takes 6 % of the time and brings the error of the embedding down by 2.5 (after QuaRot,
     * Ashkboos et al. 2024, arXiv:2404.00456). n at most OPS_ROTATE_MAX; y is not x. */
    void (*rotate)(const float *x, size_t n, float *y);
    /* T x as u8, asymmetric by row: scale = (max - min) / 255 with 0 in the range. */
    void (*quantise)(const float *x, size_t n, uint8_t *q, GemmRow *row);
    /* x = gamma * (x + y - mean) / sqrt(variance + eps) + beta, and its quantised form. y or q
     * NULL: without. */
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
    /* x = x + y (y NULL: as it is), out = norm of x as in add_norm, and its quantised form (q NULL:
     * without). */
    void (*residual_norm)(float *x, const float *y, const float *gamma, const float *beta,
        float eps, size_t n, float *out, uint8_t *q, GemmRow *row);
    /* One query q [64] of one head and its keys in bf16, 64 keys after 64: [n / 64][64][64], a row
     * a dimension. scores [n]. */
    void (*scores_bf16)(const float *q, const uint16_t *keys, size_t n, float *scores);
    /* out [64] += sum over j < n of p[j] values[j][64], values in bf16; any n. */
    void (*values_bf16)(const float *p, const uint16_t *values, size_t n, float *out);
    /* *most = the largest of x, *sum = sum of e^(x - *most). */
    void (*log_sum)(const float *x, size_t n, float *most, float *sum);
} NnOps;

extern const NnOps nn_ops_plain;
#if defined(__x86_64__)
extern const NnOps nn_ops_avx2, nn_ops_avx512;
#endif
/* The table for a level, and for this machine. */
const NnOps *nn_ops_at(CpuLevel level);
const NnOps *nn_ops(void);

#endif
