/* simd_avx2.h - eight floats at a time; see simd_generic.h for the operations. */
#ifndef SOTTO_NN_SIMD_H
#define SOTTO_NN_SIMD_H

#include <immintrin.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "nn/gelu.h"
#include "nn/simd_target.h"

#define SIMD(name) name##_avx2
#define SIMD_BEGIN TARGET_BEGIN_AVX2
#define SIMD_END TARGET_END
#define VL 8
#define F32_ROWS 6
#define F32_VECTORS 2
#define SIMD_FN static inline __attribute__((always_inline))

SIMD_BEGIN

typedef __m256 V;
typedef __m256i VI;

SIMD_FN V v_load(const float *p) { return _mm256_loadu_ps(p); }
SIMD_FN void v_store(float *p, V v) { _mm256_storeu_ps(p, v); }
SIMD_FN V v_set(float f) { return _mm256_set1_ps(f); }
SIMD_FN V v_add(V a, V b) { return _mm256_add_ps(a, b); }
SIMD_FN V v_sub(V a, V b) { return _mm256_sub_ps(a, b); }
SIMD_FN V v_mul(V a, V b) { return _mm256_mul_ps(a, b); }
SIMD_FN V v_fma(V a, V b, V c) { return _mm256_fmadd_ps(a, b, c); }
SIMD_FN V v_fnma(V a, V b, V c) { return _mm256_fnmadd_ps(a, b, c); }
SIMD_FN V v_min(V a, V b) { return _mm256_min_ps(a, b); }
SIMD_FN V v_max(V a, V b) { return _mm256_max_ps(a, b); }
SIMD_FN float v_sum(V a)
{
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}
SIMD_FN float v_least(V a)
{
    __m128 s = _mm_min_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    s = _mm_min_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_min_ss(s, _mm_movehdup_ps(s)));
}
SIMD_FN float v_most(V a)
{
    __m128 s = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    s = _mm_max_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}
SIMD_FN VI v_round(V v) { return _mm256_cvtps_epi32(v); }
SIMD_FN V v_float(VI v) { return _mm256_cvtepi32_ps(v); }
SIMD_FN VI vi_load(const int32_t *p) { return _mm256_loadu_si256((const __m256i *)p); }
SIMD_FN V v_load_s8(const int8_t *p)
{
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)p)));
}
SIMD_FN V v_load_bf16(const uint16_t *p)
{
    __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p));
    return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
}
SIMD_FN void vi_store_u8(uint8_t *p, VI v)
{
    __m128i h = _mm_packs_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    _mm_storel_epi64((__m128i *)p, _mm_packus_epi16(h, h));
}
SIMD_FN V v_ldexp(V v, VI n)
{
    __m256i bits = _mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23);
    return _mm256_mul_ps(v, _mm256_castsi256_ps(bits));
}
SIMD_FN V v_fill_from(V v, int from, float f)
{
    __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    __m256i keep = _mm256_cmpgt_epi32(_mm256_set1_epi32(from), lane);
    return _mm256_blendv_ps(_mm256_set1_ps(f), v, _mm256_castsi256_ps(keep));
}

SIMD_END

#endif
