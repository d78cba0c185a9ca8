/* simd_target.h - code between TARGET_BEGIN_x and TARGET_END is compiled for that instruction set,
 * whatever the file's flags are; dispatch (base/cpu.h) sees to it that it only runs where it
 * can. */
#ifndef SOTTO_NN_SIMD_TARGET_H
#define SOTTO_NN_SIMD_TARGET_H

#define TARGET_PRAGMA(x) _Pragma(#x)

/* Before a loop over registers: GCC leaves such arrays in memory unless the loop is unrolled
 * whole. */
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif

#if defined(__clang__)
#define TARGET_BEGIN(isa) \
    TARGET_PRAGMA(clang attribute push(__attribute__((target(isa))), apply_to = function))
#define TARGET_END TARGET_PRAGMA(clang attribute pop)
#else
#define TARGET_BEGIN(isa) TARGET_PRAGMA(GCC push_options) TARGET_PRAGMA(GCC target(isa))
#define TARGET_END TARGET_PRAGMA(GCC pop_options)
#endif

#define TARGET_BEGIN_AVX2 TARGET_BEGIN("avx2,fma,f16c")
#define TARGET_BEGIN_AVX512 TARGET_BEGIN("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl")

#endif
