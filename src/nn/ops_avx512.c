/* ops_avx512.c - the kernels of ops.h for AVX-512 F, BW, DQ, VL. */
#include "nn/ops.h"

#if defined(__x86_64__)
#include "nn/simd_avx512.h"

#include "nn/ops_impl.h"
#else
typedef int nn_ops_avx512_is_for_x86;
#endif
