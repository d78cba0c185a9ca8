/* gemm_vnni.c - u8 x s8 with VPDPBUSD: 8 rows x 3 panels of sums stay in 24 registers, and each
 * step of four k loads three rows of panels and one broadcast a row of A. */
#include "nn/gemm_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "nn/ops.h"
#include "nn/simd_target.h"

#define ROWS 8
#define PANELS 3
#define AHEAD 4096 /* bytes */

TARGET_BEGIN("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")

#define KERNEL_FN static inline __attribute__((always_inline))

/* sums [rows][48] of `panels` panels beginning at b. */
KERNEL_FN void block(const uint8_t *a, size_t lda, const int8_t *b, size_t k, int32_t *sums,
                     int rows, int panels)
{
    __m512i acc[ROWS][PANELS];
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int p = 0; p < panels; p++) {
            acc[r][p] = _mm512_setzero_si512();
        }
    }
    for (size_t i = 0; i < k; i += 4) {
        __m512i bv[PANELS];
        UNROLL
        for (int p = 0; p < panels; p++) {
            bv[p] = _mm512_load_si512(b + (size_t)p * 16 * k + i * 16);
        }
        UNROLL
        for (int r = 0; r < rows; r++) {
            int32_t four;
            memcpy(&four, a + (size_t)r * lda + i, 4);
            __m512i av = _mm512_set1_epi32(four);
            UNROLL
            for (int p = 0; p < panels; p++) {
                acc[r][p] = _mm512_dpbusd_epi32(acc[r][p], av, bv[p]);
            }
        }
    }
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int p = 0; p < panels; p++) {
            _mm512_store_si512(sums + r * 48 + p * 16, acc[r][p]);
        }
    }
}

/* sums [16] of one row and one panel, which is what decoding a token is made of: a stream through
 * memory, told of what comes next because it crosses pages. */
KERNEL_FN void row_of_panel(const uint8_t *a, const int8_t *b, size_t k, int32_t *sums)
{
    __m512i acc[4];
    UNROLL
    for (int j = 0; j < 4; j++) {
        acc[j] = _mm512_setzero_si512();
    }
    for (size_t i = 0; i < k; i += 16) {
        UNROLL
        for (int j = 0; j < 4; j++) {
            int32_t four;
            memcpy(&four, a + i + 4 * j, 4);
            _mm_prefetch((const char *)b + i * 16 + 64 * j + AHEAD, _MM_HINT_T0);
            acc[j] = _mm512_dpbusd_epi32(acc[j], _mm512_set1_epi32(four),
                _mm512_load_si512(b + i * 16 + 64 * j));
        }
    }
    _mm512_store_si512(sums, _mm512_add_epi32(_mm512_add_epi32(acc[0], acc[1]),
                                              _mm512_add_epi32(acc[2], acc[3])));
}

KERNEL_FN void block_rows(const uint8_t *a, size_t lda, const int8_t *b, size_t k, int32_t *sums,
    size_t rows, int panels)
{
    switch (rows) {
    case 1: block(a, lda, b, k, sums, 1, panels); break;
    case 2: block(a, lda, b, k, sums, 2, panels); break;
    case 3: block(a, lda, b, k, sums, 3, panels); break;
    case 4: block(a, lda, b, k, sums, 4, panels); break;
    case 5: block(a, lda, b, k, sums, 5, panels); break;
    case 6: block(a, lda, b, k, sums, 6, panels); break;
    case 7: block(a, lda, b, k, sums, 7, panels); break;
    default: block(a, lda, b, k, sums, 8, panels); break;
    }
}

GEMM_KERNEL(gemm_u8s8_vnni)
{
    _Alignas(64) int32_t sums[ROWS * 48];
    size_t step;
    for (size_t col = 0; m == 1 && col < w->n; col += 16) {
        row_of_panel(a, w->panels + col * w->k, w->k, sums);
        nn_ops_avx512.epilogue(w, col, sums, 48, rows, 1, 16, c, ldc, act);
    }
    if (m == 1) {
        return;
    }
    for (size_t col = 0; col < w->n; col += step) {
        size_t left = (w->n - col) / 16;
        const int8_t *b = w->panels + col * w->k;
        step = 16 * (left < PANELS ? left : PANELS);
        for (size_t i = 0; i < m; i += ROWS) {
            size_t rs = m - i < ROWS ? m - i : ROWS;
            if (left >= 3) {
                block_rows(a + i * lda, lda, b, w->k, sums, rs, 3);
            } else if (left == 2) {
                block_rows(a + i * lda, lda, b, w->k, sums, rs, 2);
            } else {
                block_rows(a + i * lda, lda, b, w->k, sums, rs, 1);
            }
            nn_ops_avx512.epilogue(w, col, sums, 48, rows + i, rs, step, c + i * ldc, ldc, act);
        }
    }
}

TARGET_END
#else
typedef int gemm_vnni_is_for_x86;
#endif
