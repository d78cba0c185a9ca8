/* gemm.h - the matrix products of every model here.
 *
 *   int8:  C[m][n] = act(rs[m] * cs[n] * (sum_k A[m][k] * W[k][n] - rz[m] * sum_k W[k][n])
 *                        + bias[n])
 *   fp32:  C[m][n] = sum_k A[m][k] * B[k][n]
 *
 * A is u8 with one scale rs and one zero point rz a row (x = rs * (a - rz)); W is s8 with one scale
 * a column. Sums are exact in int32 (K at most 65536), so every kernel gives the same sums; only
 * the float epilogue may differ in its last bit.
 *
 * W is packed in panels of 16 columns, [N/16][K/4][16][4], with K padded with zeros to 64 and N to
 * 16. A panel's row of 64 bytes is what one VPDPBUSD (AVX-512, two halves for 256 bits, four
 * quarters for NEON's SDOT) consumes, and 16 such rows are one AMX tile: one file serves every
 * machine.
 *
 * Threads: pure functions over the caller's memory. */
#ifndef SOTTO_NN_GEMM_H
#define SOTTO_NN_GEMM_H

#include <stddef.h>

#include "base/cpu.h"
#include "base/err.h"

#include <stdint.h>

#define GEMM_K_STEP 64
#define GEMM_N_STEP 16
#define GEMM_M_STEP 16
#define GEMM_K_MAX 65536
#define GEMM_UP(x, step) (((x) + (step) - 1) / (step) * (step))

typedef struct {
    const int8_t *panels; /* [N/16][K/4][16][4], aligned to 64 */
    const float *scale;   /* [n up to 16] of a column */
    const float *sum;     /* [n up to 16] sum over k of the column's int8 weights */
    const float *bias;    /* [n up to 16] */
    uint32_t k, n;        /* k as padded to 64, n as padded to 16 */
} GemmWeights;

/* x = scale * (q - zero), with an integer zero in 0..255 kept as a float. */
typedef struct {
    float scale, zero;
} GemmRow;

typedef enum { GEMM_LINEAR, GEMM_GELU } GemmAct; /* GELU: x * (1 + erf(x / sqrt 2)) / 2 */

/* a [m][lda] with lda >= w->k, a multiple of 64; rows m .. m rounded up to 16 are read (whatever is
 * there) and not used. c [m][ldc], ldc >= w->n. */
void gemm_u8s8(const GemmWeights *w, const uint8_t *a, size_t lda, const GemmRow *rows, size_t m,
    float *c, size_t ldc, GemmAct act);
/* The same by the kernel of one level (tests, bench); false when this machine has no such
 * kernel. */
bool gemm_u8s8_at(CpuLevel level, const GemmWeights *w, const uint8_t *a, size_t lda,
    const GemmRow *rows, size_t m, float *c, size_t ldc, GemmAct act);
/* Name of the kernel gemm_u8s8 uses on this machine. */
const char *gemm_kernel_name(void);

/* Bytes of the panels of a [k][n] matrix. */
size_t gemm_packed_bytes(uint32_t k, uint32_t n);
/* Quantises w [n][k] (a row an output, as PyTorch keeps it) symmetrically by column: scale[n] =
 * max|w[n]| / 127, and packs it. panels, scale and sum are as GemmWeights wants them (padded). */
void gemm_pack(const float *w, uint32_t k, uint32_t n, int8_t *panels, float *scale, float *sum);

/* fp32, row-major: c [m][ldc] = a [m][lda] * b [k][ldb]; n a multiple of 16. */
void gemm_f32(const float *a, size_t lda, const float *b, size_t ldb, float *c, size_t ldc,
              size_t m, size_t n, size_t k);

#endif
