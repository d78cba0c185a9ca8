/* conv1d_avx512.c - the kernels of conv1d.h for AVX-512. */
#include "nn/conv1d_kernels.h"

#if defined(__x86_64__)
#include "nn/simd_avx512.h"

#define CONV_VECTORS 4 /* vectors of outputs kept at once, and rows with as many */
#define CONV_ROWS_WIDE 6
#define CONV_HALF 2
#define CONV_ROWS_MAX 12

TARGET_BEGIN_AVX512
SIMD_FN V v_div(V a, V b) { return _mm512_div_ps(a, b); }
TARGET_END

#include "nn/conv1d_impl.h"
#else
typedef int conv1d_avx512_is_for_x86;
#endif
