/* gemm_amx.c - u8 x s8 in AMX tiles: 32 rows x 32 columns of sums in four tiles, and each step of
 * 64 k loads two tiles of A and two of panels for four products of 16 x 16 x 64.
 *
 * A tile of A is 16 rows of 64 bytes as they lie; a tile of B is 16 rows of a panel, 1 KiB without
 * a gap. Rows past m are computed from whatever is there and thrown away.
 *
 * The tiles alone reach 5.7 of 6.2 Top/s here even with A in the second-level cache; what costs is
 * the way from sums to floats. So the epilogue of a block is woven into the products of the
 * next: tiles and vectors work at the same time. */
#include "nn/gemm_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "nn/gelu.h"
#include "nn/ops.h"
#include "nn/simd_target.h"

TARGET_BEGIN("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,amx-tile,amx-int8")

#define KERNEL_FN static inline __attribute__((always_inline))

typedef struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t bytes[16]; /* of a row of tile i */
    uint8_t rows[16];
} TileConfig;

static const TileConfig all_16x64 = {
    .palette = 1,
    .bytes = {64, 64, 64, 64, 64, 64, 64, 64},
    .rows = {16, 16, 16, 16, 16, 16, 16, 16},
};

/* A block whose sums wait for their epilogue. */
typedef struct {
    int32_t *sums;     /* [32][32] */
    const GemmRow *rows;
    float *c;          /* where its first element goes */
    size_t m;          /* rows that are real */
    size_t done;       /* rows that went through the epilogue */
    __m512 scale[2], sum[2], bias[2];
} Block;

KERNEL_FN __m512 gelu(__m512 x)
{
    static const float p[] = {GELU_P};
    __m512 c = _mm512_range_ps(x, _mm512_set1_ps(GELU_C), 2); /* the smaller magnitude, x's sign */
    __m512 s = _mm512_fmadd_ps(_mm512_mul_ps(c, c), _mm512_set1_ps(2.0f / (GELU_C * GELU_C)),
        _mm512_set1_ps(-1.0f));
    __m512 y = _mm512_set1_ps(p[GELU_DEGREE]);
    UNROLL
    for (int i = GELU_DEGREE - 1; i >= 0; i--) {
        y = _mm512_fmadd_ps(y, s, _mm512_set1_ps(p[i]));
    }
    return _mm512_mul_ps(x, _mm512_fmadd_ps(c, y, _mm512_set1_ps(0.5f)));
}

/* Takes up to `count` rows more of the block through its epilogue. */
KERNEL_FN void advance(Block *b, size_t count, size_t ldc, GemmAct act)
{
    size_t to = b->done + count < b->m ? b->done + count : b->m;
    for (size_t r = b->done; r < to; r++) {
        __m512 scale = _mm512_set1_ps(b->rows[r].scale), zero = _mm512_set1_ps(b->rows[r].zero);
        UNROLL
        for (int j = 0; j < 2; j++) {
            __m512 v = _mm512_cvtepi32_ps(_mm512_load_si512(b->sums + r * 32 + 16 * j));
            v = _mm512_mul_ps(_mm512_fnmadd_ps(b->sum[j], zero, v), b->scale[j]);
            v = _mm512_fmadd_ps(v, scale, b->bias[j]);
            _mm512_storeu_ps(b->c + r * ldc + 16 * j, act == GEMM_GELU ? gelu(v) : v);
        }
    }
    b->done = to;
}

/* sums [32][32], while the rows of `before` go on. */
KERNEL_FN void block_2x2(const uint8_t *a, size_t lda, const int8_t *b, size_t k, int32_t *sums,
    Block *before, size_t per_step, size_t ldc, GemmAct act)
{
    const int8_t *b2 = b + 16 * k;
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (size_t i = 0; i < k; i += 64) {
        _tile_loadd(4, a + i, lda);
        _tile_loadd(6, b + i * 16, 64);
        _tile_dpbusd(0, 4, 6);
        _tile_loadd(7, b2 + i * 16, 64);
        _tile_dpbusd(1, 4, 7);
        _tile_loadd(5, a + 16 * lda + i, lda);
        _tile_dpbusd(2, 5, 6);
        _tile_dpbusd(3, 5, 7);
        advance(before, per_step, ldc, act);
    }
    _tile_stored(0, sums, 128);
    _tile_stored(1, sums + 16, 128);
    _tile_stored(2, sums + 16 * 32, 128);
    _tile_stored(3, sums + 16 * 32 + 16, 128);
}

/* The same for at most 16 rows. */
KERNEL_FN void block_1x2(const uint8_t *a, size_t lda, const int8_t *b, size_t k, int32_t *sums,
    Block *before, size_t per_step, size_t ldc, GemmAct act)
{
    const int8_t *b2 = b + 16 * k;
    _tile_zero(0);
    _tile_zero(1);
    for (size_t i = 0; i < k; i += 64) {
        _tile_loadd(4, a + i, lda);
        _tile_loadd(6, b + i * 16, 64);
        _tile_dpbusd(0, 4, 6);
        _tile_loadd(7, b2 + i * 16, 64);
        _tile_dpbusd(1, 4, 7);
        advance(before, per_step, ldc, act);
    }
    _tile_stored(0, sums, 128);
    _tile_stored(1, sums + 16, 128);
}

/* 16 rows, one panel: the last of an odd number. sums [16][32]. */
KERNEL_FN void block_1x1(const uint8_t *a, size_t lda, const int8_t *b, size_t k, int32_t *sums)
{
    _tile_zero(0);
    for (size_t i = 0; i < k; i += 64) {
        _tile_loadd(4, a + i, lda);
        _tile_loadd(6, b + i * 16, 64);
        _tile_dpbusd(0, 4, 6);
    }
    _tile_stored(0, sums, 128);
}

/* Columns in pairs of panels; `act` is a constant in each copy of this. */
KERNEL_FN void pairs(const GemmWeights *w, const uint8_t *a, size_t lda, const GemmRow *rows,
                     size_t m, float *c, size_t ldc, GemmAct act)
{
    _Alignas(64) int32_t sums[2][32 * 32];
    Block before = {.sums = sums[1]}; /* nothing */
    size_t steps = w->k / 64, per_step = (32 + steps - 1) / steps;
    int turn = 0;
    for (size_t col = 0; col + 32 <= w->n; col += 32) {
        const int8_t *b = w->panels + col * w->k;
        for (size_t i = 0; i < m; i += 32) {
            if (m - i > 16) {
                block_2x2(a + i * lda, lda, b, w->k, sums[turn], &before, per_step, ldc, act);
            } else {
                block_1x2(a + i * lda, lda, b, w->k, sums[turn], &before, per_step, ldc, act);
            }
            advance(&before, 32, ldc, act);
            before.sums = sums[turn];
            before.rows = rows + i;
            before.c = c + i * ldc + col;
            before.m = m - i < 32 ? m - i : 32;
            before.done = 0;
            UNROLL
            for (int j = 0; j < 2; j++) {
                before.scale[j] = _mm512_loadu_ps(w->scale + col + 16 * j);
                before.sum[j] = _mm512_loadu_ps(w->sum + col + 16 * j);
                before.bias[j] = _mm512_loadu_ps(w->bias + col + 16 * j);
            }
            turn ^= 1;
        }
    }
    advance(&before, 32, ldc, act);
}

GEMM_KERNEL(gemm_u8s8_amx)
{
    (void)cpu_level(); /* the kernel's grant of the tiles */
    _tile_loadconfig(&all_16x64);
    if (act == GEMM_GELU) {
        pairs(w, a, lda, rows, m, c, ldc, GEMM_GELU);
    } else {
        pairs(w, a, lda, rows, m, c, ldc, GEMM_LINEAR);
    }
    if (w->n % 32) {
        _Alignas(64) int32_t sums[16 * 32];
        size_t col = w->n - 16;
        for (size_t i = 0; i < m; i += 16) {
            size_t rs = m - i < 16 ? m - i : 16;
            block_1x1(a + i * lda, lda, w->panels + col * w->k, w->k, sums);
            nn_ops_avx512.epilogue(w, col, sums, 32, rows + i, rs, 16, c + i * ldc, ldc, act);
        }
    }
    _tile_release();
}

TARGET_END
#else
typedef int gemm_amx_is_for_x86;
#endif
