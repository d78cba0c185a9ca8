/* gemm_amx.c - u8 x s8 in AMX tiles: 32 rows x 32 columns of sums in four tiles, and each step of 64 k
 * loads two tiles of A and two of panels for four products of 16 x 16 x 64.
 *
 * A tile of A is 16 rows of 64 bytes as they lie; a tile of B is 16 rows of a panel, 1 KiB without a
 * gap. Rows past m are computed from whatever is there and thrown away. */
#include "nn/gemm_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

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

/* sums [32][32]. */
KERNEL_FN void block_2x2(const uint8_t *a, size_t lda, const int8_t *b, size_t k, int32_t *sums)
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
    }
    _tile_stored(0, sums, 128);
    _tile_stored(1, sums + 16, 128);
    _tile_stored(2, sums + 16 * 32, 128);
    _tile_stored(3, sums + 16 * 32 + 16, 128);
}

/* 16 rows, two panels. */
KERNEL_FN void block_1x2(const uint8_t *a, size_t lda, const int8_t *b, size_t k, int32_t *sums)
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
    }
    _tile_stored(0, sums, 128);
    _tile_stored(1, sums + 16, 128);
}

/* 16 rows, one panel: the last of an odd number. */
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

GEMM_KERNEL(gemm_u8s8_amx)
{
    _Alignas(64) int32_t sums[32 * 32];
    (void)cpu_level(); /* the kernel's grant of the tiles */
    _tile_loadconfig(&all_16x64);
    for (size_t col = 0; col < w->n; col += 32) {
        const int8_t *b = w->panels + col * w->k;
        size_t n = w->n - col < 32 ? 16 : 32;
        for (size_t i = 0; i < m; i += 32) {
            size_t rs = m - i < 32 ? m - i : 32;
            if (n == 16) {
                block_1x1(a + i * lda, lda, b, w->k, sums);
                if (rs > 16) {
                    block_1x1(a + (i + 16) * lda, lda, b, w->k, sums + 16 * 32);
                }
            } else if (rs > 16) {
                block_2x2(a + i * lda, lda, b, w->k, sums);
            } else {
                block_1x2(a + i * lda, lda, b, w->k, sums);
            }
            nn_ops_avx512.epilogue(w, col, sums, 32, rows + i, rs, n, c + i * ldc, ldc, act);
        }
    }
    _tile_release();
}

TARGET_END
#else
typedef int gemm_amx_is_for_x86;
#endif
