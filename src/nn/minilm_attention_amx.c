/* minilm_attention_amx.c - attention in AMX-BF16 tiles.
 *
 * A head is 32 wide, which is one tile of bf16: 16 queries x 16 keys is one product. For a head:
 *
 *   Q [n][32] bf16               tiles of A as they lie
 *   K [n/16][16][16][2] bf16     tiles of B: row = pair of dimensions, column = key
 *   V [n/32][2][16][16][2] bf16  tiles of B: row = pair of keys, column = dimension
 *
 * then 16 queries at a time: scores [16][n] in fp32, weights e^score [16][n] in bf16, their
 * product with V in two tiles, divided by the sum at the end.
 *
 * bf16 has eight bits, too few for a score, whose error an exponential magnifies. So a number of Q
 * and K is two, x = hi + lo, and a product is three: hi hi + lo hi + hi lo, which is good to 2^-16.
 * Weights and values are rounded once: that is less than the int8 of the product behind takes
 * away (nDCG@10 over 12 collections: 0.25 % below fp32, with pairs there too 0.26 %). */
#include "nn/minilm_attention.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#include "nn/minilm_file.h"
#include "nn/simd_target.h"

TARGET_BEGIN("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,amx-tile,amx-bf16")

#define MAX_ROWS 256
#define FN static inline __attribute__((always_inline))

typedef struct {
    uint16_t q[2][MAX_ROWS * 32], k[2][MAX_ROWS * 32]; /* hi, lo */
    uint16_t v[MAX_ROWS * 32];
    float scores[16 * MAX_ROWS];
    uint16_t p[16 * MAX_ROWS];
    float out[16 * 32];
} Scratch;

_Static_assert(sizeof(Scratch) <= ATTENTION_FLOATS * sizeof(float), "the scratch is too small");

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
FN void split(__m512 a, __m512 b, __m512i *hi, __m512i *lo)
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
FN void transpose(__m512i r[16], uint16_t *out)
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

/* Packs one head; rows n .. padded (a multiple of 32) are zero. */
static void pack_head(const float *qkv, size_t n, size_t padded, Scratch *s)
{
    const __m512i pairs =
        _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6,
                         21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    static const float none[3 * MINILM_HIDDEN];
    const __m512 log2e = _mm512_set1_ps(1.44269504f); /* so that 2^score is what e^score was */
    for (size_t i = 0; i < padded; i += 16) {
        __m512i keys[2][16];
        for (size_t j = 0; j < 16; j++) {
            const float *row = i + j < n ? qkv + (i + j) * MINILM_QKV : none;
            const float *key = row + MINILM_HIDDEN;
            __m512i hi, lo;
            split(_mm512_mul_ps(_mm512_loadu_ps(row), log2e),
                  _mm512_mul_ps(_mm512_loadu_ps(row + 16), log2e), &hi, &lo);
            _mm512_storeu_si512(s->q[0] + (i + j) * 32, hi);
            _mm512_storeu_si512(s->q[1] + (i + j) * 32, lo);
            split(_mm512_loadu_ps(key), _mm512_loadu_ps(key + 16), &keys[0][j], &keys[1][j]);
        }
        transpose(keys[0], s->k[0] + i * 32);
        transpose(keys[1], s->k[1] + i * 32);
        for (size_t j = 0; j < 16; j += 2) {
            const float *row = qkv + (i + j) * MINILM_QKV + 2 * MINILM_HIDDEN;
            const float *a = i + j < n ? row : none, *b = i + j + 1 < n ? row + MINILM_QKV : none;
            size_t at = i / 32 * 1024 + i % 32 * 16 + j * 16;
            for (size_t half = 0; half < 32; half += 16, at += 512) {
                __m512i both = (__m512i)_mm512_cvtne2ps_pbh(
                    _mm512_loadu_ps(b + half), _mm512_loadu_ps(a + half));
                _mm512_storeu_si512(s->v + at, _mm512_permutexvar_epi16(pairs, both));
            }
        }
    }
}

/* 2^x for x >= -126, 0 or nearly so below; to 3e-6. */
FN __m512 exp2_of(__m512 x)
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
FN float weights_shifted(const float *scores, size_t n, size_t padded, float shift, uint16_t *p)
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

/* The largest score need not be known: fp32 and bf16 hold 2^score as it is while it is between
 * 2^-80 and 2^100, and a text has to be strange for it to be outside. Returns 1 / sum. */
FN float weights_row(const float *scores, size_t n, size_t padded, uint16_t *p)
{
    float sum = weights_shifted(scores, n, padded, 0, p);
    if (!(sum > 0x1p-80f && sum < 0x1p100f)) {
        float top = scores[0];
        for (size_t i = 1; i < n; i++)
            top = scores[i] > top ? scores[i] : top;
        sum = weights_shifted(scores, n, padded, top, p);
    }
    return 1.0f / sum;
}

/* scores [16][padded] of the 16 queries from i on. */
FN void scores_of(Scratch *s, size_t i, size_t padded)
{
    _tile_loadd(4, s->q[0] + i * 32, 64);
    _tile_loadd(5, s->q[1] + i * 32, 64);
    for (size_t j = 0; j < padded; j += 32) {
        _tile_zero(0);
        _tile_zero(1);
        _tile_loadd(6, s->k[0] + j * 32, 64);
        _tile_dpbf16ps(0, 4, 6);
        _tile_loadd(7, s->k[0] + (j + 16) * 32, 64);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(0, 5, 6);
        _tile_dpbf16ps(1, 5, 7);
        _tile_loadd(6, s->k[1] + j * 32, 64);
        _tile_dpbf16ps(0, 4, 6);
        _tile_loadd(7, s->k[1] + (j + 16) * 32, 64);
        _tile_dpbf16ps(1, 4, 7);
        _tile_stored(0, s->scores + j, padded * sizeof(float));
        _tile_stored(1, s->scores + j + 16, padded * sizeof(float));
    }
}

/* out = p V times scale, m rows. */
FN void values_of(Scratch *s, const float *scale, size_t m, size_t padded, float *out)
{
    _tile_zero(2);
    _tile_zero(3);
    for (size_t j = 0; j < padded; j += 32) {
        _tile_loadd(4, s->p + j, padded * sizeof(uint16_t));
        _tile_loadd(6, s->v + j * 32, 64);
        _tile_dpbf16ps(2, 4, 6);
        _tile_loadd(7, s->v + j * 32 + 512, 64);
        _tile_dpbf16ps(3, 4, 7);
    }
    _tile_stored(2, s->out, 128);
    _tile_stored(3, s->out + 16, 128);
    for (size_t r = 0; r < m; r++) {
        __m512 k = _mm512_set1_ps(scale[r]);
        float *to = out + r * MINILM_HIDDEN;
        _mm512_storeu_ps(to, _mm512_mul_ps(_mm512_loadu_ps(s->out + r * 32), k));
        _mm512_storeu_ps(to + 16, _mm512_mul_ps(_mm512_loadu_ps(s->out + r * 32 + 16), k));
    }
}

/* One head. The scores of the next queries are made before the values of these, so that the tiles
 * do not wait for weights that have only just been written. */
static void head(Scratch *s, size_t n, size_t padded, float *out)
{
    float scale[16];
    scores_of(s, 0, padded);
    for (size_t i = 0; i < n; i += 16) {
        size_t m = n - i < 16 ? n - i : 16;
        for (size_t r = 0; r < m; r++)
            scale[r] = weights_row(s->scores + r * padded, n, padded, s->p + r * padded);
        if (i + 16 < n)
            scores_of(s, i + 16, padded);
        values_of(s, scale, m, padded, out + i * MINILM_HIDDEN);
    }
}

void minilm_attention_amx(const float *qkv, size_t n, float *out, float *scratch)
{
    Scratch *s = (Scratch *)(void *)scratch;
    size_t padded = GEMM_UP(n, (size_t)32);
    _tile_loadconfig(&all_16x64);
    for (size_t h = 0; h < MINILM_HEADS; h++) {
        pack_head(qkv + h * MINILM_HEAD, n, padded, s);
        head(s, n, padded, out + h * MINILM_HEAD);
    }
    _tile_release();
}

TARGET_END
#else
typedef int minilm_attention_amx_is_for_x86;
#endif
