/* gemm_neon.c - u8 x s8 with SDOT: a - 128 fits a signed byte, and 128 times the column's sum comes
 * back in the epilogue by moving the zero point. Four rows x one panel of sums in 16 registers. */
#include "nn/gemm_kernels.h"

#if defined(__aarch64__)
#include <arm_neon.h>
#include <string.h>

#include "nn/ops.h"
#include "nn/simd_target.h"

#define ROWS 4
#define SDOT __attribute__((target("arch=armv8.2-a+dotprod")))

SDOT static inline __attribute__((always_inline)) void block(const uint8_t *a, size_t lda,
    const int8_t *b, size_t k, int32_t *sums, int rows)
{
    int32x4_t acc[ROWS][4];
    const uint8x16_t top = vdupq_n_u8(0x80);
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int j = 0; j < 4; j++) {
            acc[r][j] = vdupq_n_s32(0);
        }
    }
    for (size_t i = 0; i < k; i += 16) {
        int8x16_t x[ROWS];
        UNROLL
        for (int r = 0; r < rows; r++) {
            x[r] = vreinterpretq_s8_u8(veorq_u8(vld1q_u8(a + (size_t)r * lda + i), top));
        }
        UNROLL
        for (int j = 0; j < 4; j++) {
            int8x16_t b0 = vld1q_s8(b + i * 16 + j * 16), b1 = vld1q_s8(b + i * 16 + j * 16 + 64);
            int8x16_t b2 = vld1q_s8(b + i * 16 + j * 16 + 128);
            int8x16_t b3 = vld1q_s8(b + i * 16 + j * 16 + 192);
            UNROLL
            for (int r = 0; r < rows; r++) {
                acc[r][j] = vdotq_laneq_s32(acc[r][j], b0, x[r], 0);
                acc[r][j] = vdotq_laneq_s32(acc[r][j], b1, x[r], 1);
                acc[r][j] = vdotq_laneq_s32(acc[r][j], b2, x[r], 2);
                acc[r][j] = vdotq_laneq_s32(acc[r][j], b3, x[r], 3);
            }
        }
    }
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int j = 0; j < 4; j++) {
            vst1q_s32(sums + r * 16 + j * 4, acc[r][j]);
        }
    }
}

SDOT GEMM_KERNEL(gemm_u8s8_neon_dot)
{
    int32_t sums[ROWS * 16];
    for (size_t col = 0; col < w->n; col += 16) {
        const int8_t *b = w->panels + col * w->k;
        for (size_t i = 0; i < m; i += ROWS) {
            size_t rs = m - i < ROWS ? m - i : ROWS;
            GemmRow moved[ROWS];
            for (size_t r = 0; r < rs; r++) {
                moved[r] = (GemmRow){rows[i + r].scale, rows[i + r].zero - 128.0f};
            }
            switch (rs) {
            case 1: block(a + i * lda, lda, b, w->k, sums, 1); break;
            case 2: block(a + i * lda, lda, b, w->k, sums, 2); break;
            case 3: block(a + i * lda, lda, b, w->k, sums, 3); break;
            default: block(a + i * lda, lda, b, w->k, sums, 4); break;
            }
            nn_ops_plain.epilogue(w, col, sums, 16, moved, rs, 16, c + i * ldc, ldc, act);
        }
    }
}

#else
typedef int gemm_neon_is_for_aarch64;
#endif
