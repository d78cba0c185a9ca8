/* Every kernel of gemm.h against sums in 64-bit integers and doubles. */
#include "support/unit.h"

#include <math.h>

#include "base/mem.h"
#include "nn/gemm.h"

static uint32_t seed = 1;
static uint32_t next(void) { return (seed = seed * 1664525u + 1013904223u) >> 8; }
static float uniform(void) { return (float)(next() % 20001) / 10000.0f - 1.0f; }

typedef struct {
    uint32_t m, k, n;
    uint8_t *a;
    int8_t *w; /* [n][k] quantised, plain */
    int8_t *panels;
    float *scale, *sum, *bias, *c;
    GemmRow *rows;
    GemmWeights weights;
} Product;

enum { RANDOM, EXTREME_SAME, EXTREME_MIXED, FILLS };

static void product_init(Product *p, uint32_t m, uint32_t k, uint32_t n, int fill)
{
    uint32_t up = GEMM_UP(m, GEMM_M_STEP);
    *p = (Product){.m = m, .k = k, .n = n};
    p->a = mem_aligned(64, (size_t)up * k);
    p->w = mem_array(n, k);
    p->panels = mem_aligned(64, gemm_packed_bytes(k, n));
    p->scale = mem_array(n, 4);
    p->sum = mem_array(n, 4);
    p->bias = mem_array(n, 4);
    p->rows = mem_array(m, sizeof *p->rows);
    p->c = mem_array((size_t)m * n, 4);
    for (size_t i = 0; i < (size_t)up * k; i++)
        p->a[i] = fill == RANDOM ? (uint8_t)next() : fill == EXTREME_SAME ? 255 :
            (uint8_t)(next() % 2 * 255);
    memset(p->panels, 0, gemm_packed_bytes(k, n));
    for (uint32_t j = 0; j < n; j++) {
        int32_t total = 0;
        for (uint32_t i = 0; i < k; i++) {
            int v = fill == RANDOM ? (int)(next() % 255) - 127 : fill == EXTREME_SAME ? -127 :
                (next() % 2 ? 127 : -127);
            p->w[(size_t)j * k + i] = (int8_t)v;
            p->panels[(size_t)(j / 16) * 16 * k + i / 4 * 64 + j % 16 * 4 + i % 4] = (int8_t)v;
            total += v;
        }
        p->sum[j] = (float)total;
        p->scale[j] = 0.001f + 0.0001f * (float)(next() % 100);
        p->bias[j] = uniform();
    }
    for (uint32_t i = 0; i < m; i++)
        p->rows[i] = (GemmRow){0.001f + 0.0001f * (float)(next() % 100), (float)(next() % 256)};
    p->weights = (GemmWeights){p->panels, p->scale, p->sum, p->bias, k, n};
}

static void product_free(Product *p)
{
    mem_free(p->a);
    mem_free(p->w);
    mem_free(p->panels);
    mem_free(p->scale);
    mem_free(p->sum);
    mem_free(p->bias);
    mem_free(p->rows);
    mem_free(p->c);
}

/* *before: without the activation. */
static double wanted(const Product *p, uint32_t i, uint32_t j, GemmAct act, double *before)
{
    int64_t sum = 0;
    for (uint32_t k = 0; k < p->k; k++)
        sum += ((int64_t)p->a[(size_t)i * p->k + k] - (int64_t)p->rows[i].zero) *
            p->w[(size_t)j * p->k + k];
    double v = (double)sum * (double)p->scale[j] * (double)p->rows[i].scale + (double)p->bias[j];
    *before = v;
    return act == GEMM_GELU ? v * 0.5 * (1 + erf(v / sqrt(2))) : v;
}

static void check_level(CpuLevel level, Product *p, GemmAct act)
{
    memset(p->c, 0xff, (size_t)p->m * p->n * 4);
    assert_true(gemm_u8s8_at(level, &p->weights, p->a, p->k, p->rows, p->m, p->c, p->n, act));
    for (uint32_t i = 0; i < p->m; i++)
        for (uint32_t j = 0; j < p->n; j++) {
            double before, want = wanted(p, i, j, act, &before),
                           got = (double)p->c[(size_t)i * p->n + j];
            double slack = 1e-5 * fabs(want) + 1e-7 * fabs(before) +
                (act == GEMM_GELU ? 4e-5 : 2e-5);
            if (!(fabs(got - want) <= slack))
                fail_msg("%s m %u k %u n %u act %d: c[%u][%u] is %.9g, not %.9g",
                    cpu_level_name(level), p->m, p->k, p->n, act, i, j, got, want);
        }
}

static void every_level_gives_the_exact_sums(void **state)
{
    (void)state;
    static const uint32_t sizes[][3] = {{1, 64, 16}, {2, 64, 48}, {3, 128, 32}, {5, 192, 80},
        {7, 384, 96}, {8, 384, 64}, {15, 64, 112}, {16, 128, 16}, {17, 384, 32}, {31, 64, 64},
        {33, 448, 48}, {40, 1536, 32}, {64, 64, 16}, {65, 128, 32}, {3, 1600, 16}, {33, 3072, 16}};
    int levels = 0;
    for (CpuLevel level = CPU_PLAIN; level <= cpu_level(); level++) {
        levels++;
        for (size_t s = 0; s < ARRAY_LEN(sizes); s++)
            for (int fill = 0; fill < FILLS; fill++) {
                Product p;
                product_init(&p, sizes[s][0], sizes[s][1], sizes[s][2], fill);
                check_level(level, &p, GEMM_LINEAR);
                check_level(level, &p, GEMM_GELU);
                product_free(&p);
            }
    }
    print_message("%d levels up to %s\n", levels, cpu_level_name(cpu_level()));
}

static void no_kernel_writes_past_its_columns(void **state)
{
    (void)state;
    for (CpuLevel level = CPU_PLAIN; level <= cpu_level(); level++) {
        Product p;
        product_init(&p, 19, 128, 48, RANDOM);
        size_t ld = 64;
        float *c = mem_array(20 * ld, 4);
        for (size_t i = 0; i < 20 * ld; i++)
            c[i] = -7.5f;
        assert_true(gemm_u8s8_at(level, &p.weights, p.a, p.k, p.rows, p.m, c, ld, GEMM_LINEAR));
        for (size_t i = 0; i < 20 * ld; i++)
            if (i / ld >= 19 || i % ld >= 48)
                assert_true(c[i] == -7.5f);
            else
                assert_false(c[i] == -7.5f);
        mem_free(c);
        product_free(&p);
    }
}

static void a_level_that_is_not_there_is_refused(void **state)
{
    (void)state;
    Product p;
    product_init(&p, 1, 64, 16, RANDOM);
    assert_false(gemm_u8s8_at((CpuLevel)(cpu_level() + 1), &p.weights, p.a, 64, p.rows, 1, p.c, 16,
        GEMM_LINEAR));
    product_free(&p);
}

static void packing_keeps_weights_within_half_a_step(void **state)
{
    (void)state;
    enum { K = 100, N = 20 };
    float w[N * K], scale[32], sum[32];
    for (int i = 0; i < N * K; i++)
        w[i] = uniform() * (float)(i / K + 1);
    memset(w + 3 * K, 0, K * sizeof *w); /* a column of zeros */
    assert_int_equal(gemm_packed_bytes(K, N), 128 * 32);
    int8_t *panels = mem_aligned(64, gemm_packed_bytes(K, N));
    gemm_pack(w, K, N, panels, scale, sum);
    for (int j = 0; j < 32; j++) {
        float total = 0;
        for (int i = 0; i < 128; i++) {
            int8_t q = panels[j / 16 * 16 * 128 + i / 4 * 64 + j % 16 * 4 + i % 4];
            total += (float)q;
            if (j >= N || i >= K)
                assert_int_equal(q, 0);
            else
                assert_true(fabsf((float)q * scale[j] - w[j * K + i]) <= scale[j] * 0.5001f);
        }
        assert_true(total == sum[j]);
    }
    assert_true(scale[3] == 0);
    mem_free(panels);
}

static void fp32_products(void **state)
{
    (void)state;
    static const uint32_t sizes[][3] = {{1, 1, 16}, {5, 7, 32}, {6, 32, 48}, {13, 33, 64},
        {32, 384, 112}};
    for (size_t s = 0; s < ARRAY_LEN(sizes); s++) {
        uint32_t m = sizes[s][0], k = sizes[s][1], n = sizes[s][2];
        float *a = mem_array((size_t)m * k, 4), *b = mem_array((size_t)k * n, 4);
        float *c = mem_array((size_t)m * n, 4);
        for (uint32_t i = 0; i < m * k; i++)
            a[i] = uniform();
        for (uint32_t i = 0; i < k * n; i++)
            b[i] = uniform();
        gemm_f32(a, k, b, n, c, n, m, n, k);
        for (uint32_t i = 0; i < m; i++)
            for (uint32_t j = 0; j < n; j++) {
                double want = 0;
                for (uint32_t x = 0; x < k; x++)
                    want += (double)a[i * k + x] * (double)b[x * n + j];
                assert_true(fabs((double)c[i * n + j] - want) < 1e-4);
            }
        mem_free(a);
        mem_free(b);
        mem_free(c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_level_gives_the_exact_sums),
        cmocka_unit_test(no_kernel_writes_past_its_columns),
        cmocka_unit_test(a_level_that_is_not_there_is_refused),
        cmocka_unit_test(packing_keeps_weights_within_half_a_step),
        cmocka_unit_test(fp32_products),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
