/* conv1d_avx2.c - the kernels of conv1d.h for AVX2 with FMA. */
#include "nn/conv1d_kernels.h"

#if defined(__x86_64__)
#include "nn/simd_avx2.h"

#define CONV_VECTORS 2 /* vectors of outputs kept at once, and rows with as many */
#define CONV_ROWS_WIDE 6
#define CONV_HALF 1
#define CONV_ROWS_MAX 12

TARGET_BEGIN_AVX2
SIMD_FN V v_div(V a, V b) { return _mm256_div_ps(a, b); }
TARGET_END

#include "nn/conv1d_impl.h"
#else
typedef int conv1d_avx2_is_for_x86;
#endif
