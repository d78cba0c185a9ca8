/* bench_gemm - u8 x s8 products of the encoder's shapes, ours beside oneDNN's matmul primitive, in
 * turns in one process on one core. Both include the epilogue: scale, bias, GELU for `up`, fp32 out
 * (ours also the zero point of every row). "cold" goes round 24 copies of the weights, as a query
 * does.
 *
 *   taskset -c 1 bench_gemm            SOTTO_CPU=vnni ONEDNN_MAX_CPU_ISA=AVX512_CORE_VNNI
 * bench_gemm */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "bench/nn/dnnl_gemm.h"
#include "nn/gemm.h"

#define COPIES 24

static const struct {
    const char *name;
    uint32_t k, n;
    GemmAct act;
} shapes[] = {{"qkv", 384, 1152, GEMM_LINEAR}, {"out", 384, 384, GEMM_LINEAR},
    {"up+gelu", 384, 1536, GEMM_GELU}, {"down", 1536, 384, GEMM_LINEAR}};

typedef struct {
    GemmWeights own[COPIES];
    DnnlGemm other[COPIES];
    bool has_other;
    uint8_t *a;
    GemmRow *rows;
    float *c;
    uint32_t m, k, n;
    GemmAct act;
} Case;

static float uniform(void) { return (float)rand() / (float)RAND_MAX - 0.5f; }

static void case_init(Case *t, size_t shape, uint32_t m, int copies, bool other)
{
    uint32_t k = shapes[shape].k, n = shapes[shape].n;
    *t = (Case){.m = m, .k = k, .n = n, .act = shapes[shape].act};
    t->a = mem_aligned(64, (size_t)(m + 16) * k);
    t->c = mem_aligned(64, (size_t)(m + 16) * n * 4);
    t->rows = mem_array(m, sizeof *t->rows);
    float *w = mem_array((size_t)k * n, sizeof *w), *bias = mem_array(n, sizeof *bias);
    int8_t *plain = mem_array(k, n);
    for (size_t i = 0; i < (size_t)(m + 16) * k; i++) {
        t->a[i] = (uint8_t)rand();
    }
    for (size_t i = 0; i < (size_t)k * n; i++) {
        w[i] = uniform();
        plain[i] = (int8_t)(rand() % 255 - 127);
    }
    for (uint32_t i = 0; i < m; i++) {
        t->rows[i] = (GemmRow){0.01f, 120};
    }
    t->has_other = other;
    for (int i = 0; i < copies; i++) {
        int8_t *panels = mem_aligned(64, gemm_packed_bytes(k, n));
        float *scale = mem_array(n, 4), *sum = mem_array(n, 4);
        gemm_pack(w, k, n, panels, scale, sum);
        t->own[i] = (GemmWeights){panels, scale, sum, bias, k, n};
        t->has_other = t->has_other && dnnl_gemm_new(&t->other[i], t->a, plain, bias, t->c, m, n, k,
            scale, t->act == GEMM_GELU);
    }
    mem_free(w);
    mem_free(plain);
}

static void case_release(Case *t, int copies)
{
    for (int i = 0; i < copies; i++) {
        if (t->has_other) {
            dnnl_gemm_free(&t->other[i]);
        }
        mem_free((void *)(uintptr_t)t->own[i].panels);
        mem_free((void *)(uintptr_t)t->own[i].scale);
        mem_free((void *)(uintptr_t)t->own[i].sum);
    }
    mem_free((void *)(uintptr_t)t->own[0].bias);
    mem_free(t->a);
    mem_free(t->rows);
    mem_free(t->c);
}

/* Least seconds of one product. */
static double best(const Case *t, bool own, int copies, int turns)
{
    double least = 1e9;
    for (int turn = 0; turn < turns; turn++) {
        uint64_t start = clock_mono_ns();
        for (int i = 0; i < copies; i++) {
            if (own) {
                gemm_u8s8(&t->own[i], t->a, t->k, t->rows, t->m, t->c, t->n, t->act);
            } else {
                dnnl_gemm_run(&t->other[i]);
            }
        }
        least = fmin(least, clock_seconds_since(start) / copies);
    }
    return least;
}

int main(int argc, char **argv)
{
    static const uint32_t rows[] = {8, 16, 32, 128, 256, 1024};
    bool other = (argc < 2 || (int)strtol(argv[1], NULL, 10) != 0) && dnnl_load();
    printf("kernel %s%s\n\n", gemm_kernel_name(), other ? "" : "; no oneDNN to compare with");
    printf("| rows | shape | own Gop/s | oneDNN Gop/s | own / oneDNN |\n|---|---|---|---|---|\n");
    for (int cold = 0; cold < 2; cold++) {
        int copies = cold ? COPIES : 1;
        for (size_t r = 0; r < (cold ? 1 : sizeof rows / sizeof *rows); r++) {
            for (size_t s = 0; s < 4; s++) {
                Case t;
                case_init(&t, s, rows[r], copies, other);
                double own = 1e9, theirs = 1e9;
                for (int turn = 0; turn < 10; turn++) {
                    own = fmin(own, best(&t, true, copies, 20));
                    if (t.has_other) {
                        theirs = fmin(theirs, best(&t, false, copies, 20));
                    }
                }
                double gops = 2e-9 * t.m * t.k * t.n;
                printf("| %u%s | %s | %.0f | %.0f | %.2f |\n", t.m, cold ? " cold" : "",
                    shapes[s].name, gops / own, theirs < 1e8 ? gops / theirs : 0.0,
                    theirs < 1e8 ? theirs / own : 0.0);
                case_release(&t, copies);
            }
        }
    }
    return 0;
}
