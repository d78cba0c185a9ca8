/* ops.c - the plain kernels and the choice among levels. */
#include "nn/ops.h"

#include "nn/simd_generic.h"

#include "nn/ops_impl.h"

const NnOps *nn_ops_at(CpuLevel level)
{
#if defined(__x86_64__)
    if (level >= CPU_AVX512) {
        return &nn_ops_avx512;
    }
    if (level >= CPU_AVX2) {
        return &nn_ops_avx2;
    }
#endif
    (void)level;
    return &nn_ops_plain;
}

const NnOps *nn_ops(void) { return nn_ops_at(cpu_level()); }
