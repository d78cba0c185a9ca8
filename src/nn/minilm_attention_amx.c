/* minilm_attention_amx.c - attention in AMX-BF16 tiles.
 *
 * A head is 32 wide, which is one tile of bf16: 16 queries x 16 keys is one product. For a head:
 *
 *   Q [n][32] bf16               tiles of A as they lie
 *   K [n/16][16][16][2] bf16     tiles of B: row = pair of dimensions, column = key
 *   V [n/32][2][16][16][2] bf16  tiles of B: row = pair of keys, column = dimension
 *
 * then 16 queries at a time: scores [16][n] in fp32, e^(score - largest) [16][n], their product
 * with V in two tiles, divided by the sum at the end.
 *
 * bf16 has eight bits, too few. So each number is two, x = hi + lo, and a product is three:
 * hi hi + lo hi + hi lo, which is good to 2^-16. The tiles are quick enough for it not to show. */
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
    uint16_t q[2][MAX_ROWS * 32], k[2][MAX_ROWS * 32], v[2][MAX_ROWS * 32]; /* hi, lo */
    float scores[16 * MAX_ROWS];
    uint16_t p[2][16 * MAX_ROWS];
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
    for (size_t i = 0; i < padded; i += 16) {
        __m512i keys[2][16];
        for (size_t j = 0; j < 16; j++) {
            const float *row = i + j < n ? qkv + (i + j) * MINILM_QKV : none;
            const float *key = row + MINILM_HIDDEN;
            __m512i hi, lo;
            split(_mm512_loadu_ps(row), _mm512_loadu_ps(row + 16), &hi, &lo);
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
                __m512i hi, lo;
                split(_mm512_loadu_ps(a + half), _mm512_loadu_ps(b + half), &hi, &lo);
                _mm512_storeu_si512(s->v[0] + at, _mm512_permutexvar_epi16(pairs, hi));
                _mm512_storeu_si512(s->v[1] + at, _mm512_permutexvar_epi16(pairs, lo));
            }
        }
    }
}

/* 2^x for x <= 0, to 3e-6. */
FN __m512 exp2_neg(__m512 x)
{
    x = _mm512_max_ps(x, _mm512_set1_ps(-126.0f));
    __m512 r = _mm512_reduce_ps(x, 0); /* x - nearest integer */
    __m512 p = _mm512_fmadd_ps(_mm512_set1_ps(9.68191e-3f), r, _mm512_set1_ps(5.591969e-2f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(2.4022021e-1f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(6.9312153e-1f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f));
    return _mm512_scalef_ps(p, _mm512_sub_ps(x, r));
}

/* p = e^(score - largest) for one query; returns 1 / sum. padded is a multiple of 32. */
FN float weights_row(const float *scores, size_t n, size_t padded, uint16_t *hi, uint16_t *lo)
{
    const __m512 log2e = _mm512_set1_ps(1.44269504f);
    __m512 top = _mm512_set1_ps(-3.0e38f), sum = _mm512_setzero_ps();
    size_t whole = n / 16 * 16;
    __mmask16 rest = (__mmask16)((1u << (n - whole)) - 1);
    for (size_t i = 0; i < whole; i += 16) {
        top = _mm512_max_ps(top, _mm512_loadu_ps(scores + i));
    }
    top = _mm512_mask_max_ps(top, rest, top, _mm512_maskz_loadu_ps(rest, scores + whole));
    __m512 m = _mm512_set1_ps(_mm512_reduce_max_ps(top) * 1.44269504f);
    for (size_t i = 0; i < padded; i += 32) {
        __m512 e[2];
        UNROLL
        for (int half = 0; half < 2; half++) {
            size_t at = i + 16 * (size_t)half;
            __mmask16 on = at < whole ? (__mmask16)0xffff : at == whole ? rest : (__mmask16)0;
            __m512 x = _mm512_fmsub_ps(_mm512_maskz_loadu_ps(on, scores + at), log2e, m);
            e[half] = _mm512_maskz_mov_ps(on, exp2_neg(x));
            sum = _mm512_add_ps(sum, e[half]);
        }
        __m512i h, l;
        split(e[0], e[1], &h, &l);
        _mm512_storeu_si512(hi + i, h);
        _mm512_storeu_si512(lo + i, l);
    }
    return 1.0f / _mm512_reduce_add_ps(sum);
}

/* Output of 16 queries from i on, m of them real. */
static void queries(Scratch *s, size_t i, size_t m, size_t n, size_t padded, float *out)
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
    float scale[16];
    for (size_t r = 0; r < m; r++) {
        scale[r] = weights_row(s->scores + r * padded, n, padded, s->p[0] + r * padded,
            s->p[1] + r * padded);
    }
    _tile_zero(2);
    _tile_zero(3);
    for (size_t j = 0; j < padded; j += 32) {
        size_t stride = padded * sizeof(uint16_t);
        _tile_loadd(4, s->p[0] + j, stride);
        _tile_loadd(5, s->p[1] + j, stride);
        _tile_loadd(6, s->v[0] + j * 32, 64);
        _tile_dpbf16ps(2, 4, 6);
        _tile_loadd(7, s->v[0] + j * 32 + 512, 64);
        _tile_dpbf16ps(3, 4, 7);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
        _tile_loadd(6, s->v[1] + j * 32, 64);
        _tile_dpbf16ps(2, 4, 6);
        _tile_loadd(7, s->v[1] + j * 32 + 512, 64);
        _tile_dpbf16ps(3, 4, 7);
    }
    _tile_stored(2, s->out, 128);
    _tile_stored(3, s->out + 16, 128);
    for (size_t r = 0; r < m; r++) {
        __m512 k = _mm512_set1_ps(scale[r]);
        float *to = out + (i + r) * MINILM_HIDDEN;
        _mm512_storeu_ps(to, _mm512_mul_ps(_mm512_loadu_ps(s->out + r * 32), k));
        _mm512_storeu_ps(to + 16, _mm512_mul_ps(_mm512_loadu_ps(s->out + r * 32 + 16), k));
    }
}

void minilm_attention_amx(const float *qkv, size_t n, float *out, float *scratch)
{
    Scratch *s = (Scratch *)(void *)scratch;
    size_t padded = GEMM_UP(n, (size_t)32);
    _tile_loadconfig(&all_16x64);
    for (size_t h = 0; h < MINILM_HEADS; h++) {
        pack_head(qkv + h * MINILM_HEAD, n, padded, s);
        for (size_t i = 0; i < n; i += 16) {
            queries(s, i, n - i < 16 ? n - i : 16, n, padded, out + h * MINILM_HEAD);
        }
    }
    _tile_release();
}

TARGET_END
#else
typedef int minilm_attention_amx_is_for_x86;
#endif
