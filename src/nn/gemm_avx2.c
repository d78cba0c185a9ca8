/* gemm_avx2.c - u8 x s8 with VPMADDUBSW, exactly.
 *
 * VPMADDUBSW adds two products into int16, and 2 * 255 * 127 does not fit. With x = a - 128, which
 * lies in -128..127, it does: |x| is its unsigned operand, and the sign of x goes to the weight
 * (VPSIGNB), so that a pair is at most 2 * 128 * 127 = 32512. What is missing, 128 times the
 * column's sum, is added in the epilogue by moving the zero point. */
#include "nn/gemm_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "nn/ops.h"
#include "nn/simd_target.h"

#define ROWS 4

TARGET_BEGIN_AVX2

#define KERNEL_FN static inline __attribute__((always_inline))

/* sums [rows][16] of one panel. x: [rows][ldx] bytes a - 128. */
KERNEL_FN void block(const int8_t *x, size_t ldx, const int8_t *b, size_t k, int32_t *sums,
                     int rows)
{
    __m256i acc[ROWS][2];
    const __m256i ones = _mm256_set1_epi16(1);
    UNROLL
    for (int r = 0; r < rows; r++) {
        acc[r][0] = acc[r][1] = _mm256_setzero_si256();
    }
    for (size_t i = 0; i < k; i += 4) {
        __m256i b0 = _mm256_load_si256((const __m256i *)(b + i * 16));
        __m256i b1 = _mm256_load_si256((const __m256i *)(b + i * 16 + 32));
        UNROLL
        for (int r = 0; r < rows; r++) {
            int32_t four;
            memcpy(&four, x + (size_t)r * ldx + i, 4);
            __m256i xv = _mm256_set1_epi32(four), magnitude = _mm256_abs_epi8(xv);
            __m256i p0 = _mm256_maddubs_epi16(magnitude, _mm256_sign_epi8(b0, xv));
            __m256i p1 = _mm256_maddubs_epi16(magnitude, _mm256_sign_epi8(b1, xv));
            acc[r][0] = _mm256_add_epi32(acc[r][0], _mm256_madd_epi16(p0, ones));
            acc[r][1] = _mm256_add_epi32(acc[r][1], _mm256_madd_epi16(p1, ones));
        }
    }
    UNROLL
    for (int r = 0; r < rows; r++) {
        _mm256_store_si256((__m256i *)(sums + r * 16), acc[r][0]);
        _mm256_store_si256((__m256i *)(sums + r * 16 + 8), acc[r][1]);
    }
}

static void block_rows(const int8_t *x, size_t ldx, const int8_t *b, size_t k, int32_t *sums,
    size_t rows)
{
    switch (rows) {
    case 1: block(x, ldx, b, k, sums, 1); break;
    case 2: block(x, ldx, b, k, sums, 2); break;
    case 3: block(x, ldx, b, k, sums, 3); break;
    default: block(x, ldx, b, k, sums, 4); break;
    }
}

/* a - 128 for a strip of rows; K is cut into strips too so that it stays on the stack. */
#define STRIP_ROWS 32
#define STRIP_K 1536

static void shift(const uint8_t *a, size_t lda, size_t rows, size_t k, int8_t *x)
{
    const __m256i top = _mm256_set1_epi8((char)0x80);
    for (size_t r = 0; r < rows; r++) {
        for (size_t i = 0; i < k; i += 32) {
            __m256i v = _mm256_loadu_si256((const __m256i *)(a + r * lda + i));
            _mm256_store_si256((__m256i *)(x + r * k + i), _mm256_xor_si256(v, top));
        }
    }
}

/* All columns for a strip of rows: the strip stays in L1, the panels stream through. */
static void strip(const GemmWeights *w, const int8_t *x, const uint8_t *a, size_t lda,
    const GemmRow *rows, size_t m, float *c, size_t ldc, GemmAct act)
{
    _Alignas(64) int32_t sums[ROWS * 16], part[ROWS * 16];
    _Alignas(64) int8_t piece[ROWS * STRIP_K];
    for (size_t col = 0; col < w->n; col += 16) {
        const int8_t *b = w->panels + col * w->k;
        for (size_t i = 0; i < m; i += ROWS) {
            size_t rs = m - i < ROWS ? m - i : ROWS;
            if (x) {
                block_rows(x + i * w->k, w->k, b, w->k, sums, rs);
            } else { /* K too long for the strip: in pieces */
                memset(sums, 0, sizeof sums);
                for (size_t k = 0; k < w->k; k += STRIP_K) {
                    size_t n = w->k - k < STRIP_K ? w->k - k : STRIP_K;
                    shift(a + i * lda + k, lda, rs, n, piece);
                    block_rows(piece, n, b + k * 16, n, part, rs);
                    for (size_t j = 0; j < rs * 16; j++) {
                        sums[j] += part[j];
                    }
                }
            }
            nn_ops_avx2.epilogue(w, col, sums, 16, rows + i, rs, 16, c + i * ldc, ldc, act);
        }
    }
}

GEMM_KERNEL(gemm_u8s8_avx2)
{
    _Alignas(64) int8_t x[STRIP_ROWS * STRIP_K];
    GemmRow moved[STRIP_ROWS];
    for (size_t i = 0; i < m; i += STRIP_ROWS) {
        size_t rs = m - i < STRIP_ROWS ? m - i : STRIP_ROWS;
        for (size_t r = 0; r < rs; r++) {
            moved[r] = (GemmRow){rows[i + r].scale, rows[i + r].zero - 128.0f};
        }
        bool fits = w->k <= STRIP_K;
        if (fits) {
            shift(a + i * lda, lda, rs, w->k, x);
        }
        strip(w, fits ? x : NULL, a + i * lda, lda, moved, rs, c + i * ldc, ldc, act);
    }
}

TARGET_END
#else
typedef int gemm_avx2_is_for_x86;
#endif
