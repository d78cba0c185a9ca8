/* gemm_base.c - u8 x s8 with what every x86-64 (SSE2) and every aarch64 (NEON without dot products)
 * has: the kernel of old machines, of virtual ones that hide their processor, of a Raspberry Pi 4.
 *
 * 16 bytes of a panel are four columns at four k. A step multiplies them with the same four k of a
 * row, said twice, and leaves sums of pairs, [c0 k01][c0 k23][c1 k01][c1 k23]; the two of a column
 * meet at the end.
 *
 *   SSE2   both as int16 (a 0..255): PMADDWD adds the pair, exactly.
 *   NEON   both as int8 (a - 128): SMULL and SMLAL add two steps in int16, 2 * 128 * 127 fits;
 *          SADALP adds the pair. 128 times the column's sum comes back by moving the zero
 *          point. */
#include "nn/gemm_kernels.h"

#include "nn/ops.h"

#if defined(__x86_64__) || defined(__aarch64__)
#include <string.h>

#include "nn/simd_target.h"

#define ROWS 4
#define MAX_K 5120
#define FN static inline __attribute__((always_inline))

#if defined(__x86_64__)
#include <immintrin.h>

#define ZERO_MOVES 0.0f
typedef __m128i Sums;
typedef struct {
    __m128i twice[ROWS][MAX_K / 4]; /* [a0 a1 a2 a3 a0 a1 a2 a3] as int16 */
} Rows;

FN Sums sums_zero(void)
{
    return _mm_setzero_si128();
}

static void rows_prepare(Rows *x, const uint8_t *a, size_t lda, size_t rows, size_t k)
{
    for (size_t r = 0; r < rows; r++) {
        for (size_t i = 0; i < k; i += 4) {
            int32_t four;
            memcpy(&four, a + r * lda + i, 4);
            __m128i wide = _mm_unpacklo_epi8(_mm_cvtsi32_si128(four), _mm_setzero_si128());
            x->twice[r][i / 4] = _mm_unpacklo_epi64(wide, wide);
        }
    }
}

/* Four columns from `b` on at k and k + 4, for all rows. */
FN void step(const Rows *x, const int8_t *b, size_t k, Sums (*acc)[2], int rows)
{
    UNROLL
    for (int half = 0; half < 2; half++) {
        __m128i w = _mm_load_si128((const __m128i *)(b + 64 * half));
        __m128i low = _mm_srai_epi16(_mm_unpacklo_epi8(w, w), 8);
        __m128i high = _mm_srai_epi16(_mm_unpackhi_epi8(w, w), 8);
        UNROLL
        for (int r = 0; r < rows; r++) {
            __m128i four = x->twice[r][k / 4 + (size_t)half];
            acc[r][0] = _mm_add_epi32(acc[r][0], _mm_madd_epi16(low, four));
            acc[r][1] = _mm_add_epi32(acc[r][1], _mm_madd_epi16(high, four));
        }
    }
}

FN void sums_store(int32_t *to, Sums low, Sums high)
{
    __m128 a = _mm_castsi128_ps(low), b = _mm_castsi128_ps(high);
    __m128i even = _mm_castps_si128(_mm_shuffle_ps(a, b, 0x88));
    __m128i odd = _mm_castps_si128(_mm_shuffle_ps(a, b, 0xdd));
    _mm_storeu_si128((__m128i *)to, _mm_add_epi32(even, odd));
}

#else
#include <arm_neon.h>

#define ZERO_MOVES 128.0f
typedef int32x4_t Sums;
typedef struct {
    int8x8_t twice[ROWS][MAX_K / 4]; /* [a0 a1 a2 a3 a0 a1 a2 a3] - 128 */
} Rows;

FN Sums sums_zero(void)
{
    return vdupq_n_s32(0);
}

static void rows_prepare(Rows *x, const uint8_t *a, size_t lda, size_t rows, size_t k)
{
    for (size_t r = 0; r < rows; r++) {
        for (size_t i = 0; i < k; i += 4) {
            uint32_t four;
            memcpy(&four, a + r * lda + i, 4);
            x->twice[r][i / 4] = vreinterpret_s8_u32(vdup_n_u32(four ^ 0x80808080u));
        }
    }
}

FN void step(const Rows *x, const int8_t *b, size_t k, Sums (*acc)[2], int rows)
{
    int8x16_t w0 = vld1q_s8(b), w1 = vld1q_s8(b + 64);
    UNROLL
    for (int r = 0; r < rows; r++) {
        int8x8_t x0 = x->twice[r][k / 4], x1 = x->twice[r][k / 4 + 1];
        int16x8_t low = vmlal_s8(vmull_s8(vget_low_s8(w0), x0), vget_low_s8(w1), x1);
        int16x8_t high = vmlal_s8(vmull_s8(vget_high_s8(w0), x0), vget_high_s8(w1), x1);
        acc[r][0] = vpadalq_s16(acc[r][0], low);
        acc[r][1] = vpadalq_s16(acc[r][1], high);
    }
}

FN void sums_store(int32_t *to, Sums low, Sums high)
{
    vst1q_s32(to, vpaddq_s32(low, high));
}
#endif

/* sums [rows][16] of one panel. */
FN void block(const Rows *x, const int8_t *b, size_t k, int32_t *sums, int rows)
{
    for (size_t quarter = 0; quarter < 4; quarter++) {
        Sums acc[ROWS][2];
        UNROLL
        for (int r = 0; r < rows; r++) {
            acc[r][0] = acc[r][1] = sums_zero();
        }
        for (size_t i = 0; i < k; i += 8) {
            step(x, b + i * 16 + quarter * 16, i, acc, rows);
        }
        UNROLL
        for (int r = 0; r < rows; r++) {
            sums_store(sums + r * 16 + quarter * 4, acc[r][0], acc[r][1]);
        }
    }
}

GEMM_KERNEL(gemm_u8s8_base)
{
    if (w->k > MAX_K) {
        gemm_u8s8_plain(w, a, lda, rows, m, c, ldc, act);
        return;
    }
    Rows x;
    int32_t sums[ROWS * 16];
    for (size_t i = 0; i < m; i += ROWS) {
        size_t rs = m - i < ROWS ? m - i : ROWS;
        GemmRow moved[ROWS];
        for (size_t r = 0; r < rs; r++) {
            moved[r] = (GemmRow){rows[i + r].scale, rows[i + r].zero - ZERO_MOVES};
        }
        rows_prepare(&x, a + i * lda, lda, rs, w->k);
        for (size_t col = 0; col < w->n; col += 16) {
            const int8_t *b = w->panels + col * w->k;
            switch (rs) {
            case 1: block(&x, b, w->k, sums, 1); break;
            case 2: block(&x, b, w->k, sums, 2); break;
            case 3: block(&x, b, w->k, sums, 3); break;
            default: block(&x, b, w->k, sums, 4); break;
            }
            nn_ops_plain.epilogue(w, col, sums, 16, moved, rs, 16, c + i * ldc, ldc, act);
        }
    }
}

#else
GEMM_KERNEL(gemm_u8s8_base) { gemm_u8s8_plain(w, a, lda, rows, m, c, ldc, act); }
#endif
