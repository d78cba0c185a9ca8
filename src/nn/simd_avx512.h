/* simd_avx512.h - sixteen floats at a time; see simd_generic.h for the operations. */
#ifndef SOTTO_NN_SIMD_H
#define SOTTO_NN_SIMD_H

#include <immintrin.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "nn/gelu.h"
#include "nn/simd_target.h"

#define SIMD(name) name##_avx512
#define SIMD_BEGIN TARGET_BEGIN_AVX512
#define SIMD_END TARGET_END
#define VL 16
#define F32_ROWS 6
#define F32_VECTORS 4
#define SIMD_FN static inline __attribute__((always_inline))

SIMD_BEGIN

typedef __m512 V;
typedef __m512i VI;

SIMD_FN V v_load(const float *p) { return _mm512_loadu_ps(p); }
SIMD_FN void v_store(float *p, V v) { _mm512_storeu_ps(p, v); }
SIMD_FN V v_set(float f) { return _mm512_set1_ps(f); }
SIMD_FN V v_add(V a, V b) { return _mm512_add_ps(a, b); }
SIMD_FN V v_sub(V a, V b) { return _mm512_sub_ps(a, b); }
SIMD_FN V v_mul(V a, V b) { return _mm512_mul_ps(a, b); }
SIMD_FN V v_fma(V a, V b, V c) { return _mm512_fmadd_ps(a, b, c); }
SIMD_FN V v_fnma(V a, V b, V c) { return _mm512_fnmadd_ps(a, b, c); }
SIMD_FN V v_min(V a, V b) { return _mm512_min_ps(a, b); }
SIMD_FN V v_max(V a, V b) { return _mm512_max_ps(a, b); }
SIMD_FN float v_sum(V a) { return _mm512_reduce_add_ps(a); }
SIMD_FN float v_least(V a) { return _mm512_reduce_min_ps(a); }
SIMD_FN float v_most(V a) { return _mm512_reduce_max_ps(a); }
SIMD_FN VI v_round(V v) { return _mm512_cvtps_epi32(v); }
SIMD_FN V v_float(VI v) { return _mm512_cvtepi32_ps(v); }
SIMD_FN VI vi_load(const int32_t *p) { return _mm512_loadu_si512(p); }
SIMD_FN V v_load_s8(const int8_t *p)
{
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)p)));
}
SIMD_FN V v_load_bf16(const uint16_t *p)
{
    __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p));
    return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}
SIMD_FN void vi_store_u8(uint8_t *p, VI v)
{
    v = _mm512_max_epi32(v, _mm512_setzero_si512());
    _mm_storeu_si128((__m128i *)p, _mm512_cvtusepi32_epi8(v));
}
SIMD_FN V v_ldexp(V v, VI n) { return _mm512_scalef_ps(v, _mm512_cvtepi32_ps(n)); }
SIMD_FN V v_fill_from(V v, int from, float f)
{
    return _mm512_mask_mov_ps(_mm512_set1_ps(f), (__mmask16)((1u << from) - 1), v);
}

SIMD_END

#endif
