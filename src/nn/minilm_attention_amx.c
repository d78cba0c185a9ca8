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

#include "nn/amx_bf16.h"
#include "nn/minilm_file.h"

AMX_BF16_BEGIN

#define MAX_ROWS 256
#define FN AMX_FN

typedef struct {
    uint16_t q[2][MAX_ROWS * 32], k[2][MAX_ROWS * 32]; /* hi, lo */
    uint16_t v[MAX_ROWS * 32];
    float scores[16 * MAX_ROWS];
    uint16_t p[16 * MAX_ROWS];
    float out[16 * 32];
} Scratch;

_Static_assert(sizeof(Scratch) <= ATTENTION_FLOATS * sizeof(float), "the scratch is too small");

/* Packs one head; rows n .. padded (a multiple of 32) are zero. */
static void pack_head(const float *qkv, size_t n, size_t padded, Scratch *s)
{
    const __m512i pairs = pairs_of();
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
