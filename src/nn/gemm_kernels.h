/* gemm_kernels.h - the kernels behind gemm_u8s8, one a file; private to src/nn/gemm*.c.
 * Each has the arguments of gemm_u8s8 and may only run where base/cpu.h says so. */
#ifndef SOTTO_NN_GEMM_KERNELS_H
#define SOTTO_NN_GEMM_KERNELS_H

#include "nn/gemm.h"

#define GEMM_KERNEL(name)                                                                        \
    void name(const GemmWeights *w, const uint8_t *a, size_t lda, const GemmRow *rows, size_t m, \
        float *c, size_t ldc, GemmAct act)

GEMM_KERNEL(gemm_u8s8_plain); /* C, for any machine and any K */
GEMM_KERNEL(gemm_u8s8_base);  /* what every machine of this kind has */
#if defined(__x86_64__)
GEMM_KERNEL(gemm_u8s8_avx2);
GEMM_KERNEL(gemm_u8s8_vnni);
GEMM_KERNEL(gemm_u8s8_amx);
#elif defined(__aarch64__)
GEMM_KERNEL(gemm_u8s8_neon_dot);
#endif

#endif
