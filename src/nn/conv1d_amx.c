/* conv1d_amx.c - conv1d.h in bf16 tiles with fp32 sums.
 *
 * A strip of the input is rounded to bf16 once, rows as they lie; then a tile of A is 16 rows x 32
 * channels of it, at any tap, and a tile of W is 32 channels x 16 outputs, pairs of channels side
 * by side: [out/16][tap][in/32][16][16][2]. 32 rows x 32 outputs are summed at a time.
 *
 * bf16 keeps eight bits: docs/bench/voice.md says what that does to the sound. Where that is too
 * few, numbers are two bf16 each and a product is three (nn/amx_bf16.h). */
#include "nn/conv1d_kernels.h"

#if defined(__x86_64__)
#include "nn/amx_bf16.h"

#define STRIP (CONV_STRIP16 / 2) /* numbers of a strip: 64 kB, in the second-level cache */
#define TILE 512    /* numbers of a tile */

AMX_BF16_BEGIN

/* rows x n floats -> bf16, rows one after another; n a multiple of 32. */
static void round_rows(const float *x, size_t ldx, size_t rows, size_t n, uint16_t *to)
{
    for (size_t r = 0; r < rows; r++, x += ldx) {
        for (size_t i = 0; i < n; i += 32, to += 32) {
            _mm512_storeu_si512(to, (__m512i)_mm512_cvtne2ps_pbh(_mm512_loadu_ps(x + i + 16),
                _mm512_loadu_ps(x + i)));
        }
    }
}

/* The same, and what the rounding lost. */
static void split_rows(const float *x, size_t ldx, size_t rows, size_t n, uint16_t *to,
    uint16_t *low)
{
    for (size_t r = 0; r < rows; r++, x += ldx) {
        for (size_t i = 0; i < n; i += 32, to += 32, low += 32) {
            __m512i hi, lo;
            split(_mm512_loadu_ps(x + i), _mm512_loadu_ps(x + i + 16), &hi, &lo);
            _mm512_storeu_si512(to, hi);
            _mm512_storeu_si512(low, lo);
        }
    }
}

/* 16 outputs of `rows` rows: the sums and what conv1d.h adds to them. */
AMX_FN void put(const float *sums, size_t rows, __m512 bias, size_t col, const ConvOut *o)
{
    const __m512 slope = _mm512_set1_ps(o->slope);
    for (size_t r = 0; r < rows; r++) {
        size_t at = r * o->ld + col;
        __m512 v = _mm512_add_ps(_mm512_load_ps(sums + r * 16), bias);
        if (o->add0) {
            v = _mm512_add_ps(v, _mm512_loadu_ps(o->add0 + at));
        }
        if (o->add1) {
            v = _mm512_add_ps(v, _mm512_loadu_ps(o->add1 + at));
        }
        if (o->y) {
            _mm512_storeu_ps(o->y + at, v);
        }
        if (o->act) {
            _mm512_storeu_ps(o->act + at, _mm512_max_ps(v, _mm512_mul_ps(v, slope)));
        }
    }
}

static ConvOut down(const ConvOut *o, size_t rows)
{
    size_t n = rows * o->ld;
    return (ConvOut){.y = o->y ? o->y + n : NULL, .add0 = o->add0 ? o->add0 + n : NULL,
        .add1 = o->add1 ? o->add1 + n : NULL, .act = o->act ? o->act + n : NULL,
        .slope = o->slope, .ld = o->ld};
}

/* Up to 32 rows x 32 outputs (x 16 when `narrow`) from the rounded strip; `exact` has `low` of the
 * strip and of the weights: hi hi + hi lo + lo hi. */
AMX_FN void block(const Conv1d *c, const uint16_t *x, const uint16_t *low, size_t col, size_t rows,
    const ConvOut *o, int narrow, int exact)
{
    _Alignas(64) float sums[4][256];
    size_t steps = c->in / 32, stride = c->in * 2;
    const uint16_t *l0 = exact ? c->low16 + col * c->taps * c->in : NULL;
    const uint16_t *l1 = exact ? l0 + (size_t)16 * c->taps * c->in : NULL;
    const uint16_t *w0 = c->w16 + col * c->taps * c->in, *w1 = w0 + (size_t)16 * c->taps * c->in;
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (uint32_t tap = 0; tap < c->taps; tap++) {
        size_t at = (size_t)tap * c->dilation * c->in;
        for (size_t k = 0; k < steps; k++, at += 32, w0 += TILE, w1 += TILE) {
            const uint16_t *a = x + at;
            _tile_loadd(4, a, stride);
            _tile_loadd(5, a + 16 * c->in, stride);
            _tile_loadd(6, w0, 64);
            _tile_dpbf16ps(0, 4, 6);
            _tile_dpbf16ps(2, 5, 6);
            if (!narrow) {
                _tile_loadd(7, w1, 64);
                _tile_dpbf16ps(1, 4, 7);
                _tile_dpbf16ps(3, 5, 7);
            }
            if (!exact) {
                continue;
            }
            _tile_loadd(4, low + at, stride);
            _tile_loadd(5, low + at + 16 * c->in, stride);
            _tile_dpbf16ps(0, 4, 6);
            _tile_dpbf16ps(2, 5, 6);
            if (!narrow) {
                _tile_dpbf16ps(1, 4, 7);
                _tile_dpbf16ps(3, 5, 7);
            }
            _tile_loadd(4, a, stride);
            _tile_loadd(5, a + 16 * c->in, stride);
            _tile_loadd(6, l0, 64);
            _tile_dpbf16ps(0, 4, 6);
            _tile_dpbf16ps(2, 5, 6);
            l0 += TILE;
            if (!narrow) {
                _tile_loadd(7, l1, 64);
                _tile_dpbf16ps(1, 4, 7);
                _tile_dpbf16ps(3, 5, 7);
                l1 += TILE;
            }
        }
    }
    _tile_stored(0, sums[0], 64);
    _tile_stored(1, sums[1], 64);
    _tile_stored(2, sums[2], 64);
    _tile_stored(3, sums[3], 64);
    size_t first = rows < 16 ? rows : 16;
    ConvOut lower = down(o, 16);
    for (int half = 0; half < 2 - narrow; half++) {
        size_t at = col + 16 * (size_t)half;
        __m512 bias = _mm512_loadu_ps(c->bias + at);
        put(sums[half], first, bias, at, o);
        put(sums[2 + half], rows - first, bias, at, &lower);
    }
}

/* Strip by strip; `low` is the second half of the scratch when the weights have two. */
AMX_FN void run(const Conv1d *c, const float *x, size_t ldx, size_t rows, const ConvOut *out,
    uint16_t *strip, uint16_t *low, int exact)
{
    size_t halo = (size_t)(c->taps - 1) * c->dilation;
    size_t most = STRIP / c->in > halo + 32 ? STRIP / c->in - halo : 32;
    most -= most % 32;
    _tile_loadconfig(&all_16x64);
    for (size_t s = 0; s < rows; s += most) {
        size_t n = rows - s < most ? rows - s : most;
        ConvOut o = down(out, s);
        if (exact) {
            split_rows(x + s * ldx, ldx, n + halo, c->in, strip, low);
        } else {
            round_rows(x + s * ldx, ldx, n + halo, c->in, strip);
        }
        for (size_t i = 0; i < n; i += 32) {
            size_t count = n - i < 32 ? n - i : 32;
            ConvOut at = down(&o, i);
            const uint16_t *xs = strip + i * c->in, *ls = exact ? low + i * c->in : NULL;
            size_t col = 0;
            for (; col + 32 <= c->out; col += 32) {
                block(c, xs, ls, col, count, &at, 0, exact);
            }
            if (col < c->out) {
                block(c, xs, ls, col, count, &at, 1, exact);
            }
        }
    }
    _tile_release();
}

void conv1d_amx(const Conv1d *c, const float *x, size_t ldx, size_t rows, const ConvOut *out)
{
    _Alignas(64) uint16_t strip[CONV_STRIP16], low[CONV_STRIP16];
    if (c->low16) {
        run(c, x, ldx, rows, out, strip, low, 1);
    } else {
        run(c, x, ldx, rows, out, strip, NULL, 0);
    }
}

TARGET_END
#else
typedef int conv1d_amx_is_for_x86;
#endif
