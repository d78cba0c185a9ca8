/* ops_avx2.c - the kernels of ops.h for AVX2 with FMA. */
#include "nn/ops.h"

#if defined(__x86_64__)
#include "nn/simd_avx2.h"

#include "nn/ops_impl.h"
#else
typedef int nn_ops_avx2_is_for_x86;
#endif
