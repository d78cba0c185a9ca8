/* gemm.c - packing, the plain kernel, and the choice among kernels. */
#include "nn/gemm.h"

#include <math.h>
#include <string.h>

#include "nn/gemm_kernels.h"
#include "nn/ops.h"

size_t gemm_packed_bytes(uint32_t k, uint32_t n)
{
    return (size_t)GEMM_UP(k, GEMM_K_STEP) * GEMM_UP(n, GEMM_N_STEP);
}

void gemm_pack(const float *w, uint32_t k, uint32_t n, int8_t *panels, float *scale, float *sum)
{
    uint32_t kp = GEMM_UP(k, GEMM_K_STEP), np = GEMM_UP(n, GEMM_N_STEP);
    memset(panels, 0, (size_t)kp * np);
    for (uint32_t col = 0; col < np; col++) {
        scale[col] = sum[col] = 0;
        const float *row = w + (size_t)col * k;
        float top = 0;
        for (uint32_t i = 0; col < n && i < k; i++) {
            top = fabsf(row[i]) > top ? fabsf(row[i]) : top;
        }
        if (top == 0) {
            continue;
        }
        scale[col] = top / 127.0f;
        int8_t *panel = panels + (size_t)(col / 16) * 16 * kp + col % 16 * 4;
        int32_t total = 0;
        for (uint32_t i = 0; i < k; i++) {
            int q = (int)lrintf(row[i] / scale[col]);
            panel[i / 4 * 64 + i % 4] = (int8_t)q;
            total += q;
        }
        sum[col] = (float)total;
    }
}

/* Four rows and one panel at a time; the inner loops are what compilers vectorise. */
void gemm_u8s8_plain(const GemmWeights *w, const uint8_t *a, size_t lda, const GemmRow *rows,
    size_t m, float *c, size_t ldc, GemmAct act)
{
    for (size_t col = 0; col < w->n; col += 16) {
        const int8_t *panel = w->panels + col * w->k;
        for (size_t i = 0; i < m; i += 4) {
            int32_t sums[4][16] = {{0}};
            size_t count = m - i < 4 ? m - i : 4;
            for (size_t k = 0; k < w->k; k += 4) {
                for (size_t r = 0; r < count; r++) {
                    const uint8_t *x = a + (i + r) * lda + k;
                    const int8_t *y = panel + k * 16;
                    for (int j = 0; j < 16; j++) {
                        sums[r][j] += x[0] * y[4 * j] + x[1] * y[4 * j + 1] + x[2] * y[4 * j + 2] +
                            x[3] * y[4 * j + 3];
                    }
                }
            }
            nn_ops_plain.epilogue(w, col, sums[0], 16, rows + i, count, 16, c + i * ldc, ldc, act);
        }
    }
}

typedef void (*GemmFn)(const GemmWeights *w, const uint8_t *a, size_t lda, const GemmRow *rows,
    size_t m, float *c, size_t ldc, GemmAct act);

static GemmFn kernel(CpuLevel level)
{
#if defined(__x86_64__)
    if (level == CPU_AMX) {
        return gemm_u8s8_amx;
    }
    if (level == CPU_VNNI) {
        return gemm_u8s8_vnni;
    }
    if (level >= CPU_AVX2) {
        return gemm_u8s8_avx2; /* AVX-512 alone has no VPSIGNB: the narrow one is as fast */
    }
#elif defined(__aarch64__)
    if (level == CPU_NEON_DOT) {
        return gemm_u8s8_neon_dot;
    }
#endif
    (void)level;
    return gemm_u8s8_base;
}

void gemm_u8s8(const GemmWeights *w, const uint8_t *a, size_t lda, const GemmRow *rows, size_t m,
    float *c, size_t ldc, GemmAct act)
{
#if defined(__x86_64__)
    if (m == 1 && cpu_level() == CPU_AMX) { /* tiles would be one row in sixteen */
        gemm_u8s8_vnni(w, a, lda, rows, m, c, ldc, act);
        return;
    }
#endif
    kernel(cpu_level())(w, a, lda, rows, m, c, ldc, act);
}

bool gemm_u8s8_at(CpuLevel level, const GemmWeights *w, const uint8_t *a, size_t lda,
    const GemmRow *rows, size_t m, float *c, size_t ldc, GemmAct act)
{
    if (level > cpu_level()) {
        return false;
    }
    kernel(level)(w, a, lda, rows, m, c, ldc, act);
    return true;
}

const char *gemm_kernel_name(void) { return cpu_level_name(cpu_level()); }

void gemm_f32(const float *a, size_t lda, const float *b, size_t ldb, float *c, size_t ldc,
              size_t m, size_t n, size_t k)
{
    nn_ops()->gemm_f32(a, lda, b, ldb, c, ldc, m, n, k);
}
