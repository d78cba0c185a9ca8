/* resample_kernel.c - the dot products of resample_int.h, four, eight or sixteen floats at a time
 * by the compiler's own vectors, once a level of base/cpu.h. */
#include <string.h>

#include "audio/resample_int.h"

typedef float V4 __attribute__((vector_size(16)));

#define VL 4
#define V V4
#define SAME 2
#define ISA
#define NAME(x) x##_plain

static inline float sum_plain(V4 v) { return (v[0] + v[2]) + (v[1] + v[3]); }

#include "audio/resample_impl.h"

static const ResampleKernels plain = {same_plain, between_plain};

#if defined(__x86_64__)

typedef float V8 __attribute__((vector_size(32)));
typedef float V16 __attribute__((vector_size(64)));

#undef VL
#undef V
#undef SAME
#undef ISA
#undef NAME
#define VL 8
#define V V8
#define SAME 4
#define ISA __attribute__((target("avx2,fma")))
#define NAME(x) x##_avx2

ISA static inline float sum_avx2(V8 v)
{
    return sum_plain(__builtin_shufflevector(v, v, 0, 1, 2, 3) +
                     __builtin_shufflevector(v, v, 4, 5, 6, 7));
}

#include "audio/resample_impl.h"

#undef VL
#undef V
#undef SAME
#undef ISA
#undef NAME
#define VL 16
#define V V16
#define SAME 8
#define ISA __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")))
#define NAME(x) x##_avx512

ISA static inline float sum_avx512(V16 v)
{
    V8 both = __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) +
              __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
    return sum_plain(__builtin_shufflevector(both, both, 0, 1, 2, 3) +
                     __builtin_shufflevector(both, both, 4, 5, 6, 7));
}

#include "audio/resample_impl.h"

static const ResampleKernels avx2 = {same_avx2, between_avx2};
static const ResampleKernels avx512 = {same_avx512, between_avx512};

#endif

const ResampleKernels *resample_kernels(CpuLevel level)
{
#if defined(__x86_64__)
    if (level >= CPU_AVX512)
        return &avx512;
    if (level >= CPU_AVX2)
        return &avx2;
#endif
    (void)level;
    return &plain;
}
