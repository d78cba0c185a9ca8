/* whisper_attention_amx.c - the encoder's attention in AMX-BF16 tiles (amx_bf16.h).
 *
 * A head is 64 wide: two tiles of bf16, a product of 16 queries with 16 keys is two (times three,
 * because numbers are split). Packed once for all members:
 *
 *   K  [heads][1504/16] blocks of 16 keys: hi of dimensions 0-31, of 32-63, lo of both; each a tile
 *      of B, [16 pairs of dimensions][16 keys][2]
 *   V  [heads][1504/32] blocks of 32 keys: 4 tiles of B, [16 pairs of keys][16 dimensions][2]
 *
 * The kept silence lies in the same form behind the model. 16 queries at a time: scores in fp32,
 * weights 2^score in bf16, their product with V in four tiles, divided by the sum at the end. A
 * silent key stands for four: 2 more in a power of two. */
#include "nn/whisper_attention.h"

#if defined(__x86_64__)
#include <string.h>

#include "nn/amx_bf16.h"

AMX_BF16_BEGIN

#define TILE 512            /* bf16 of a tile */
#define KEY_BLOCK (4 * TILE)
#define VALUE_BLOCK (4 * TILE)

typedef struct {
    float scores[16 * (WHISPER_KEYS + 32)];
    uint16_t p[16 * (WHISPER_KEYS + 32)];
    uint16_t q[4 * TILE]; /* hi of dimensions 0-31, of 32-63, lo of both */
    float out[16 * 64];
} Scratch;

_Static_assert(sizeof(Scratch) <= WHISPER_QUERIES * WHISPER_KEYS * sizeof(float),
               "the scratch is too small");

static const float none[64];

/* 16 keys (rows of `ld` floats; past n: zeros) into a block. */
static void pack_keys(const float *k, size_t ld, size_t n, uint16_t *block)
{
    for (size_t half = 0; half < 2; half++) {
        __m512i rows[2][16];
        for (size_t r = 0; r < 16; r++) {
            const float *row = (r < n ? k + r * ld : none) + 32 * half;
            split(_mm512_loadu_ps(row), _mm512_loadu_ps(row + 16), &rows[0][r], &rows[1][r]);
        }
        transpose(rows[0], block + half * TILE);
        transpose(rows[1], block + (2 + half) * TILE);
    }
}

/* 16 values into the lower (half 0) or upper rows of a block's four tiles. */
static void pack_values(const float *v, size_t ld, size_t n, size_t half, uint16_t *block)
{
    const __m512i pairs = pairs_of();
    for (size_t r = 0; r < 16; r += 2) {
        const float *a = r < n ? v + r * ld : none, *b = r + 1 < n ? v + (r + 1) * ld : none;
        for (size_t t = 0; t < 4; t++) {
            __m512i both = (__m512i)_mm512_cvtne2ps_pbh(_mm512_loadu_ps(b + 16 * t),
                                                        _mm512_loadu_ps(a + 16 * t));
            _mm512_storeu_si512(block + t * TILE + (8 * half + r / 2) * 32,
                                _mm512_permutexvar_epi16(pairs, both));
        }
    }
}

void whisper_attention_keys_amx(WhisperState *s, uint32_t from, uint32_t to)
{
    size_t d = s->m->w.info.state, end = GEMM_UP((size_t)s->n, (size_t)16);
    uint16_t *keys = (uint16_t *)s->keys, *values = s->values;
    for (size_t h = 0; h < s->m->w.info.heads; h++) {
        const float *k = s->qkv + d + h * 64, *v = k + d;
        for (size_t row = from; row < to; row += 16) {
            size_t n = s->n - row < 16 ? s->n - row : 16;
            pack_keys(k + row * 3 * d, 3 * d, n, keys + (h * WHISPER_ROWS + row) / 16 * KEY_BLOCK);
            uint16_t *block = values + (h * WHISPER_ROWS + row) / 32 * VALUE_BLOCK;
            pack_values(v + row * 3 * d, 3 * d, n, row / 16 % 2, block);
            if (row + 16 >= end && row % 32 == 0)
                pack_values(none, 0, 0, 1, block);
        }
    }
}

/* keys [d][384] and values [384][d] of the kept silence into blocks of the same form. */
void whisper_attention_pack_silence_amx(const Whisper *m, const WhisperEncoderLayer *l,
    uint16_t *keys, uint16_t *values)
{
    size_t d = m->w.info.state;
    float rows[16 * 64];
    for (size_t h = 0; h < m->w.info.heads; h++) {
        for (size_t row = 0; row < WHISPER_SILENT_ROWS; row += 16) {
            for (size_t i = 0; i < 16 * 64; i++)
                rows[i] = l->silent_k[(h * 64 + i % 64) * WHISPER_SILENT_ROWS + row + i / 64];
            pack_keys(rows, 64, 16, keys + (h * WHISPER_SILENT_ROWS + row) / 16 * KEY_BLOCK);
            pack_values(l->silent_v + row * d + h * 64, d, 16, row / 16 % 2,
                        values + (h * WHISPER_SILENT_ROWS + row) / 32 * VALUE_BLOCK);
        }
    }
}

/* ---- 16 queries --------------------------------------------------------------------------------
 */

static void pack_queries(Scratch *s, const float *q, size_t ld, size_t n)
{
    const __m512 log2e = _mm512_set1_ps(1.44269504f);
    for (size_t r = 0; r < 16; r++) {
        const float *row = r < n ? q + r * ld : none;
        for (size_t half = 0; half < 2; half++) {
            __m512i hi, lo;
            split(_mm512_mul_ps(_mm512_loadu_ps(row + 32 * half), log2e),
                  _mm512_mul_ps(_mm512_loadu_ps(row + 32 * half + 16), log2e), &hi, &lo);
            _mm512_storeu_si512(s->q + half * TILE + r * 32, hi);
            _mm512_storeu_si512(s->q + (2 + half) * TILE + r * 32, lo);
        }
    }
}

/* scores [16][n] of n keys, a multiple of 32; the queries are in tiles 2 to 5. */
AMX_FN void scores_of(const uint16_t *keys, size_t n, float *scores, size_t ld)
{
    for (size_t j = 0; j < n; j += 32) {
        const uint16_t *a = keys + j / 16 * KEY_BLOCK, *b = a + KEY_BLOCK;
        _tile_zero(0);
        _tile_zero(1);
        _tile_loadd(6, a, 64);
        _tile_loadd(7, b, 64);
        _tile_dpbf16ps(0, 2, 6);
        _tile_dpbf16ps(1, 2, 7);
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_loadd(6, a + TILE, 64);
        _tile_loadd(7, b + TILE, 64);
        _tile_dpbf16ps(0, 3, 6);
        _tile_dpbf16ps(1, 3, 7);
        _tile_dpbf16ps(0, 5, 6);
        _tile_dpbf16ps(1, 5, 7);
        _tile_loadd(6, a + 2 * TILE, 64);
        _tile_loadd(7, b + 2 * TILE, 64);
        _tile_dpbf16ps(0, 2, 6);
        _tile_dpbf16ps(1, 2, 7);
        _tile_loadd(6, a + 3 * TILE, 64);
        _tile_loadd(7, b + 3 * TILE, 64);
        _tile_dpbf16ps(0, 3, 6);
        _tile_dpbf16ps(1, 3, 7);
        _tile_stored(0, scores + j, ld * sizeof(float));
        _tile_stored(1, scores + j + 16, ld * sizeof(float));
    }
}

typedef struct {
    size_t n, n_padded, silent, silent_padded, ld; /* padded to 32 */
} Widths;

AMX_FN float weights_of(const float *scores, const Widths *w, float shift, uint16_t *p)
{
    float sum = weights_shifted(scores, w->n, w->n_padded, shift, p);
    if (w->silent)
        sum += weights_shifted(scores + w->n_padded, w->silent, w->silent_padded, shift - 2,
                               p + w->n_padded);
    return sum;
}

/* As in minilm_attention_amx.c: the largest score need not be known as a rule. Returns 1 / sum. */
AMX_FN float weights_row(const float *scores, const Widths *w, uint16_t *p)
{
    float sum = weights_of(scores, w, 0, p);
    if (!(sum > 0x1p-80f && sum < 0x1p100f)) {
        float top = scores[0];
        for (size_t i = 1; i < w->n; i++)
            top = scores[i] > top ? scores[i] : top;
        for (size_t i = 0; i < w->silent; i++)
            top = scores[w->n_padded + i] + 2 > top ? scores[w->n_padded + i] + 2 : top;
        sum = weights_of(scores, w, top, p);
    }
    return 1.0f / sum;
}

/* Tiles 0 to 3 += p V for n keys, a multiple of 32. */
AMX_FN void values_of(const uint16_t *p, size_t ld, const uint16_t *values, size_t n)
{
    for (size_t j = 0; j < n; j += 32) {
        const uint16_t *v = values + j / 32 * VALUE_BLOCK;
        _tile_loadd(4, p + j, ld * sizeof(uint16_t));
        _tile_loadd(5, v, 64);
        _tile_dpbf16ps(0, 4, 5);
        _tile_loadd(6, v + TILE, 64);
        _tile_dpbf16ps(1, 4, 6);
        _tile_loadd(7, v + 2 * TILE, 64);
        _tile_dpbf16ps(2, 4, 7);
        _tile_loadd(5, v + 3 * TILE, 64);
        _tile_dpbf16ps(3, 4, 5);
    }
}

typedef struct {
    const uint16_t *keys, *values, *silent_keys, *silent_values;
} Packed;

/* m queries of one head, out [m][d]. */
static void queries(Scratch *s, const Packed *k, const Widths *w, size_t m, float *out, size_t d)
{
    float scale[16];
    _tile_loadd(2, s->q, 64);
    _tile_loadd(3, s->q + TILE, 64);
    _tile_loadd(4, s->q + 2 * TILE, 64);
    _tile_loadd(5, s->q + 3 * TILE, 64);
    scores_of(k->keys, w->n_padded, s->scores, w->ld);
    scores_of(k->silent_keys, w->silent_padded, s->scores + w->n_padded, w->ld);
    for (size_t r = 0; r < m; r++)
        scale[r] = weights_row(s->scores + r * w->ld, w, s->p + r * w->ld);
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    values_of(s->p, w->ld, k->values, w->n_padded);
    values_of(s->p + w->n_padded, w->ld, k->silent_values, w->silent_padded);
    _tile_stored(0, s->out, 256);
    _tile_stored(1, s->out + 16, 256);
    _tile_stored(2, s->out + 32, 256);
    _tile_stored(3, s->out + 48, 256);
    for (size_t r = 0; r < m; r++) {
        __m512 by = _mm512_set1_ps(scale[r]);
        for (size_t t = 0; t < 64; t += 16)
            _mm512_storeu_ps(out + r * d + t,
                             _mm512_mul_ps(_mm512_loadu_ps(s->out + r * 64 + t), by));
    }
}

void whisper_attention_amx(WhisperState *s, WhisperLane *lane, uint32_t layer, uint32_t row,
    size_t n, float *out)
{
    const Whisper *m = s->m;
    size_t d = m->w.info.state, silent = (size_t)layer * d * WHISPER_SILENT_ROWS;
    Scratch *scratch = (Scratch *)(void *)lane->scores;
    Widths w = {.n = s->n, .n_padded = GEMM_UP((size_t)s->n, (size_t)32), .silent = s->silent,
                .silent_padded = GEMM_UP((size_t)s->silent, (size_t)32)};
    w.ld = w.n_padded + w.silent_padded;
    _tile_loadconfig(&all_16x64);
    for (size_t h = 0; h < m->w.info.heads; h++) {
        size_t at = h * 64 * WHISPER_SILENT_ROWS;
        Packed k = {(const uint16_t *)s->keys + h * 64 * WHISPER_ROWS * 2,
                    s->values + h * 64 * WHISPER_ROWS, m->silent_keys + 2 * (silent + at),
                    m->silent_values + silent + at};
        for (size_t i = 0; i < n; i += 16) {
            size_t count = n - i < 16 ? n - i : 16;
            pack_queries(scratch, s->qkv + (row + i) * 3 * d + h * 64, 3 * d, count);
            queries(scratch, &k, &w, count, out + i * d + h * 64, d);
        }
    }
    _tile_release();
}

TARGET_END
#else
typedef int whisper_attention_amx_is_for_x86;
#endif
