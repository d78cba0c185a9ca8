/* simd_generic.h - four floats at a time by the compiler's own vectors: SSE2, NEON, anything.
 *
 * This file, simd_avx2.h and simd_avx512.h give the same small set of operations on a vector V of
 * VL floats and a vector VI of VL int32. The kernels in *_impl.h are written once over them and
 * compiled once a level; SIMD(name) is the name with the level's suffix. */
#ifndef SOTTO_NN_SIMD_H
#define SOTTO_NN_SIMD_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "nn/gelu.h"
#include "nn/simd_target.h"

#define SIMD(name) name##_plain
#define SIMD_BEGIN
#define SIMD_END
#define VL 4
#define F32_ROWS 4 /* of a block of gemm_f32, kept in registers */
#define F32_VECTORS 2
#define SIMD_FN static inline __attribute__((always_inline))

typedef float V __attribute__((vector_size(16)));
typedef int32_t VI __attribute__((vector_size(16)));

SIMD_FN V v_load(const float *p)
{
    V v;
    memcpy(&v, p, sizeof v);
    return v;
}
SIMD_FN void v_store(float *p, V v) { memcpy(p, &v, sizeof v); }
SIMD_FN V v_set(float f) { return (V){f, f, f, f}; }
SIMD_FN V v_add(V a, V b) { return a + b; }
SIMD_FN V v_sub(V a, V b) { return a - b; }
SIMD_FN V v_mul(V a, V b) { return a * b; }
SIMD_FN V v_fma(V a, V b, V c) { return a * b + c; } /* a b + c */
SIMD_FN V v_fnma(V a, V b, V c) { return c - a * b; } /* c - a b */
SIMD_FN V v_pick(VI mask, V a, V b) { return (V)((mask & (VI)a) | (~mask & (VI)b)); }
SIMD_FN V v_min(V a, V b) { return v_pick(a < b, a, b); }
SIMD_FN V v_max(V a, V b) { return v_pick(a > b, a, b); }
SIMD_FN float v_sum(V a) { return (a[0] + a[2]) + (a[1] + a[3]); }
SIMD_FN float v_least(V a)
{
    float x = a[0] < a[1] ? a[0] : a[1], y = a[2] < a[3] ? a[2] : a[3];
    return x < y ? x : y;
}
SIMD_FN float v_most(V a)
{
    float x = a[0] > a[1] ? a[0] : a[1], y = a[2] > a[3] ? a[2] : a[3];
    return x > y ? x : y;
}
/* Nearest integer, halves to even; |v| < 2^22. */
SIMD_FN VI v_round(V v)
{
    const V magic = {12582912.0f, 12582912.0f, 12582912.0f, 12582912.0f}; /* 1.5 * 2^23 */
    return (VI)(v + magic) - (VI)magic;
}
SIMD_FN V v_float(VI v) { return __builtin_convertvector(v, V); }
SIMD_FN VI vi_load(const int32_t *p)
{
    VI v;
    memcpy(&v, p, sizeof v);
    return v;
}
/* VL int8 as floats. */
SIMD_FN V v_load_s8(const int8_t *p) { return (V){p[0], p[1], p[2], p[3]}; }
/* VL bf16 as floats. */
SIMD_FN V v_load_bf16(const uint16_t *p)
{
    return (V)((VI){p[0], p[1], p[2], p[3]} << 16);
}
/* VL integers clamped to 0..255, as bytes. */
SIMD_FN void vi_store_u8(uint8_t *p, VI v)
{
    for (int i = 0; i < 4; i++) {
        p[i] = (uint8_t)(v[i] < 0 ? 0 : v[i] > 255 ? 255 : v[i]);
    }
}
/* v * 2^n for n in -126..127. */
SIMD_FN V v_ldexp(V v, VI n) { return v * (V)((n + 127) << 23); }
/* Lanes at and past `from` become `f`. */
SIMD_FN V v_fill_from(V v, int from, float f)
{
    const VI lane = {0, 1, 2, 3};
    return v_pick(lane < (VI){from, from, from, from}, v, v_set(f));
}

#endif
