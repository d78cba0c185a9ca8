/* amx_bf16.h - what attention in AMX-BF16 tiles is made of: numbers split into two bf16, blocks
 * turned over, powers of two. Private to *_amx.c; between AMX_BF16_BEGIN and TARGET_END only, and
 * to be run only where cpu_has_amx_bf16() says so.
 *
 * bf16 has eight bits, too few for a score, whose error an exponential magnifies. So a number is
 * two, x = hi + lo, and a product is three: hi hi + lo hi + hi lo, which is good to 2^-16. */
#ifndef SOTTO_NN_AMX_BF16_H
#define SOTTO_NN_AMX_BF16_H

#if defined(__x86_64__)
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#include "nn/simd_target.h"

#define AMX_BF16_BEGIN                                                                           \
    TARGET_BEGIN("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,amx-tile,amx-bf16")
#define AMX_FN static inline __attribute__((always_inline))

AMX_BF16_BEGIN

typedef struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t bytes[16];
    uint8_t rows[16];
} TileConfig;

static const TileConfig all_16x64 = {
    .palette = 1,
    .bytes = {64, 64, 64, 64, 64, 64, 64, 64},
    .rows = {16, 16, 16, 16, 16, 16, 16, 16},
};

/* 32 floats as 32 bf16 and 32 more for what is missing. */
AMX_FN void split(__m512 a, __m512 b, __m512i *hi, __m512i *lo)
{
    *hi = (__m512i)_mm512_cvtne2ps_pbh(b, a);
    __m512i high_half = _mm512_set1_epi32((int)0xffff0000u);
    __m512i wide_a = _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm512_castsi512_si256(*hi)), 16);
    __m512i wide_b = _mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(*hi, 1));
    wide_b = _mm512_and_si512(_mm512_slli_epi32(wide_b, 16), high_half);
    *lo = (__m512i)_mm512_cvtne2ps_pbh(_mm512_sub_ps(b, _mm512_castsi512_ps(wide_b)),
                                       _mm512_sub_ps(a, _mm512_castsi512_ps(wide_a)));
}

/* Rows become columns, of 16 x 16 elements of 32 bits. */
AMX_FN void transpose(__m512i r[16], uint16_t *out)
{
    __m512i t[16];
    UNROLL
    for (int i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    }
    UNROLL
    for (int i = 0; i < 16; i += 4) {
        r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
        r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
        r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
        r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    UNROLL
    for (int i = 0; i < 4; i++) { /* r[4 a + i], lane l: rows 4 a .. 4 a + 3 of column 4 l + i */
        __m512i a = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88);
        __m512i b = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xdd);
        __m512i c = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x88);
        __m512i d = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xdd);
        _mm512_storeu_si512(out + 32 * i, _mm512_shuffle_i32x4(a, c, 0x88));
        _mm512_storeu_si512(out + 32 * (i + 4), _mm512_shuffle_i32x4(b, d, 0x88));
        _mm512_storeu_si512(out + 32 * (i + 8), _mm512_shuffle_i32x4(a, c, 0xdd));
        _mm512_storeu_si512(out + 32 * (i + 12), _mm512_shuffle_i32x4(b, d, 0xdd));
    }
}

/* The order that puts element i of two rows side by side. */
AMX_FN __m512i pairs_of(void)
{
    return _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22,
                            6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
}

/* 2^x for x >= -126, 0 or nearly so below; to 3e-6. */
AMX_FN __m512 exp2_of(__m512 x)
{
    x = _mm512_max_ps(x, _mm512_set1_ps(-126.0f));
    __m512 r = _mm512_reduce_ps(x, 0); /* x - nearest integer */
    __m512 p = _mm512_fmadd_ps(_mm512_set1_ps(9.68191e-3f), r, _mm512_set1_ps(5.591969e-2f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(2.4022021e-1f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(6.9312153e-1f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f));
    return _mm512_scalef_ps(p, _mm512_sub_ps(x, r));
}

/* p = 2^(score - shift) as bf16 for one query; returns the sum. padded is a multiple of 32. */
AMX_FN float weights_shifted(const float *scores, size_t n, size_t padded, float shift, uint16_t *p)
{
    const __m512 down = _mm512_set1_ps(shift);
    __m512 sum[2] = {_mm512_setzero_ps(), _mm512_setzero_ps()};
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        __m512 a = exp2_of(_mm512_sub_ps(_mm512_loadu_ps(scores + i), down));
        __m512 b = exp2_of(_mm512_sub_ps(_mm512_loadu_ps(scores + i + 16), down));
        sum[0] = _mm512_add_ps(sum[0], a);
        sum[1] = _mm512_add_ps(sum[1], b);
        _mm512_storeu_si512(p + i, (__m512i)_mm512_cvtne2ps_pbh(b, a));
    }
    if (i < padded) {
        uint32_t there = (uint32_t)(((uint64_t)1 << (n - i)) - 1);
        __mmask16 low = (__mmask16)there, high = (__mmask16)(there >> 16);
        __m512 a = _mm512_maskz_mov_ps(
            low, exp2_of(_mm512_sub_ps(_mm512_maskz_loadu_ps(low, scores + i), down)));
        __m512 b = _mm512_maskz_mov_ps(
            high, exp2_of(_mm512_sub_ps(_mm512_maskz_loadu_ps(high, scores + i + 16), down)));
        sum[0] = _mm512_add_ps(sum[0], a);
        sum[1] = _mm512_add_ps(sum[1], b);
        _mm512_storeu_si512(p + i, (__m512i)_mm512_cvtne2ps_pbh(b, a));
    }
    return _mm512_reduce_add_ps(_mm512_add_ps(sum[0], sum[1]));
}

TARGET_END

#endif
#endif
