/* minilm_attention_amx.c - attention in AMX-BF16 tiles.
 *
 * A head is 32 wide, which is one tile of bf16: 16 queries x 16 keys is one product. For a head:
 *
 *   Q [n][32] bf16               tiles of A as they lie
 *   K [n/16][16][16][2] bf16     tiles of B: row = pair of dimensions, column = key
 *   V [n/32][2][16][16][2] bf16  tiles of B: row = pair of keys, column = dimension
 *
 * then 16 queries at a time: scores [16][n] in fp32, e^(score - largest) as bf16 [16][n], their
 * product with V in two tiles, divided by the sum at the end. */
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
    uint16_t q[MAX_ROWS * 32], k[MAX_ROWS * 32], v[MAX_ROWS * 32];
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

/* 32 floats as 32 bf16. */
FN __m512i pack_row(const float *x)
{
    return (__m512i)_mm512_cvtne2ps_pbh(_mm512_loadu_ps(x + 16), _mm512_loadu_ps(x));
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
    const __m512i zero = _mm512_setzero_si512();
    const __m512i pairs =
        _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6,
                         21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    for (size_t i = 0; i < padded; i += 16) {
        __m512i keys[16];
        for (size_t j = 0; j < 16; j++) {
            const float *row = qkv + (i + j) * MINILM_QKV;
            bool there = i + j < n;
            _mm512_storeu_si512(s->q + (i + j) * 32, there ? pack_row(row) : zero);
            keys[j] = there ? pack_row(row + MINILM_HIDDEN) : zero;
        }
        transpose(keys, s->k + i * 32);
        for (size_t j = 0; j < 16; j += 2) {
            const float *v = qkv + (i + j) * MINILM_QKV + 2 * MINILM_HIDDEN;
            uint16_t *out = s->v + i / 32 * 1024 + i % 32 * 16 + j * 16;
            for (size_t half = 0; half < 32; half += 16, out += 512) {
                __m512 a = i + j < n ? _mm512_loadu_ps(v + half) : _mm512_setzero_ps();
                __m512 b = i + j + 1 < n ? _mm512_loadu_ps(v + MINILM_QKV + half) :
                    _mm512_setzero_ps();
                __m512i both = (__m512i)_mm512_cvtne2ps_pbh(b, a);
                _mm512_storeu_si512(out, _mm512_permutexvar_epi16(pairs, both));
            }
        }
    }
}

/* 2^x for x <= 0, to 3e-6, which bf16 can not tell from exact. */
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

/* p = e^(score - largest) as bf16 for one query; returns 1 / sum. */
FN float weights_row(const float *scores, size_t n, size_t padded, uint16_t *p)
{
    const __m512 log2e = _mm512_set1_ps(1.44269504f), none = _mm512_set1_ps(-3.0e38f);
    __m512 top = none, sum = _mm512_setzero_ps();
    size_t whole = n / 16 * 16;
    __mmask16 rest = (__mmask16)((1u << (n - whole)) - 1);
    for (size_t i = 0; i < whole; i += 16) {
        top = _mm512_max_ps(top, _mm512_loadu_ps(scores + i));
    }
    top = _mm512_mask_max_ps(top, rest, top, _mm512_maskz_loadu_ps(rest, scores + whole));
    __m512 m = _mm512_set1_ps(_mm512_reduce_max_ps(top) * 1.44269504f);
    for (size_t i = 0; i < padded; i += 16) {
        __mmask16 on = i < whole ? (__mmask16)0xffff : i == whole ? rest : (__mmask16)0;
        __m512 e = exp2_neg(_mm512_fmsub_ps(_mm512_maskz_loadu_ps(on, scores + i), log2e, m));
        e = _mm512_maskz_mov_ps(on, e);
        __m256i half = (__m256i)_mm512_cvtneps_pbh(e);
        /* What is divided by is the sum of what is multiplied with. */
        sum = _mm512_add_ps(
            sum, _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16)));
        _mm256_storeu_si256((__m256i *)(p + i), half);
    }
    return 1.0f / _mm512_reduce_add_ps(sum);
}

/* Output of 16 queries from i on, m of them real. */
static void queries(Scratch *s, size_t i, size_t m, size_t n, size_t padded, float *out)
{
    _tile_loadd(4, s->q + i * 32, 64);
    for (size_t j = 0; j < padded; j += 32) {
        _tile_zero(0);
        _tile_loadd(6, s->k + j * 32, 64);
        _tile_dpbf16ps(0, 4, 6);
        _tile_zero(1);
        _tile_loadd(7, s->k + (j + 16) * 32, 64);
        _tile_dpbf16ps(1, 4, 7);
        _tile_stored(0, s->scores + j, padded * sizeof(float));
        _tile_stored(1, s->scores + j + 16, padded * sizeof(float));
    }
    float scale[16];
    for (size_t r = 0; r < m; r++) {
        scale[r] = weights_row(s->scores + r * padded, n, padded, s->p + r * padded);
    }
    _tile_zero(2);
    _tile_zero(3);
    for (size_t j = 0; j < padded; j += 32) {
        _tile_loadd(5, s->p + j, padded * sizeof *s->p);
        _tile_loadd(6, s->v + j * 32, 64);
        _tile_dpbf16ps(2, 5, 6);
        _tile_loadd(7, s->v + j * 32 + 512, 64);
        _tile_dpbf16ps(3, 5, 7);
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
