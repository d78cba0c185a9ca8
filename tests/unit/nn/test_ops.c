/* Every table of kernels of ops.h against doubles. */
#include "support/unit.h"

#include <math.h>

#include "nn/minilm_attention.h"
#include "nn/minilm_file.h"
#include "nn/ops.h"

static uint32_t seed = 7;
static float uniform(void)
{
    seed = seed * 1664525u + 1013904223u;
    return (float)(seed >> 8) / 8388608.0f - 1.0f;
}

static const NnOps *levels[3];
static int n_levels;

static int setup(void **state)
{
    (void)state;
    levels[n_levels++] = nn_ops_at(CPU_PLAIN);
    if (cpu_level() >= CPU_AVX2)
        levels[n_levels++] = nn_ops_at(CPU_AVX2);
    if (cpu_level() >= CPU_AVX512)
        levels[n_levels++] = nn_ops_at(CPU_AVX512);
    return 0;
}

#define EACH_LEVEL(ops) for (int l_ = 0; l_ < n_levels; l_++) \
        for (const NnOps *ops = levels[l_]; ops; ops = NULL)

static void quantise_is_within_half_a_step(void **state)
{
    (void)state;
    EACH_LEVEL(ops) {
        for (int kind = 0; kind < 5; kind++) {
            float x[384];
            uint8_t q[384];
            GemmRow row;
            for (int i = 0; i < 384; i++)
                x[i] = kind == 0   ? uniform()
                       : kind == 1 ? uniform() + 5
                       : kind == 2 ? uniform() - 9
                       : kind == 3 ? 0
                                   : uniform() * 1e-20f;
            float turned[384];
            ops->rotate(x, 384, turned);
            ops->quantise(x, 384, q, &row);
            assert_true(row.scale > 0 && row.zero >= 0 && row.zero <= 255);
            assert_true(row.zero == floorf(row.zero));
            for (int i = 0; i < 384; i++)
                assert_true(fabsf(row.scale * ((float)q[i] - row.zero) - turned[i]) <=
                    row.scale * 0.502f);
        }
    }
}

static void add_norm_is_the_layer_norm_of_the_sum(void **state)
{
    (void)state;
    EACH_LEVEL(ops) {
        float x[384], y[384], gamma[384], beta[384], sum[384];
        uint8_t q[384];
        GemmRow row;
        for (int with_y = 0; with_y < 2; with_y++) {
            double mean = 0, variance = 0;
            for (int i = 0; i < 384; i++) {
                x[i] = uniform() * 3 + 1;
                y[i] = uniform();
                gamma[i] = uniform();
                beta[i] = uniform();
                sum[i] = with_y ? x[i] + y[i] : x[i];
                mean += (double)sum[i] / 384;
            }
            for (int i = 0; i < 384; i++)
                variance += ((double)sum[i] - mean) * ((double)sum[i] - mean) / 384;
            ops->add_norm(x, with_y ? y : NULL, gamma, beta, 1e-12f, 384, q, &row);
            float turned[384];
            ops->rotate(x, 384, turned);
            for (int i = 0; i < 384; i++) {
                double want = ((double)sum[i] - mean) / sqrt(variance + 1e-12) * (double)gamma[i] +
                    (double)beta[i];
                assert_true(fabs((double)x[i] - want) < 2e-5);
                assert_true(fabsf(row.scale * ((float)q[i] - row.zero) - turned[i]) <=
                    row.scale * 0.502f);
            }
        }
    }
}

/* T is symmetric and T T = p: turning both sides keeps the product. And it spreads what stands
 * out. */
static void rotating_keeps_products(void **state)
{
    (void)state;
    static const size_t sizes[] = {128, 256, 384, 512, 768, 1536};
    EACH_LEVEL(ops) {
        for (size_t s = 0; s < ARRAY_LEN(sizes); s++) {
            size_t n = sizes[s];
            float a[1536], b[1536], ta[1536], tb[1536], back[1536], p = n % 256 ? 8 : 16;
            double plain = 0, turned = 0;
            for (size_t i = 0; i < n; i++) {
                a[i] = uniform();
                b[i] = uniform();
            }
            a[5] = 40;
            ops->rotate(a, n, ta);
            ops->rotate(b, n, tb);
            ops->rotate(ta, n, back);
            for (size_t i = 0; i < n; i++) {
                plain += (double)a[i] * (double)b[i];
                turned += (double)ta[i] * (double)tb[i] / (double)p;
                assert_true(fabsf(back[i] / p - a[i]) < 2e-5f);
                assert_true(fabsf(ta[i] / sqrtf(p)) < 18);
            }
            assert_true(fabs(plain - turned) < 1e-3);
        }
    }
}

static void softmax_sums_to_one_and_ignores_the_rest(void **state)
{
    (void)state;
    static const size_t used[] = {1, 2, 15, 16, 17, 100, 255, 256};
    EACH_LEVEL(ops) {
        for (size_t u = 0; u < ARRAY_LEN(used); u++) {
            float x[256], was[256];
            size_t n = GEMM_UP(used[u], (size_t)16);
            double total = 0, top = -1e30, sum = 0;
            for (size_t i = 0; i < n; i++) {
                was[i] = x[i] = i < used[u] ? uniform() * 30 : 1e30f;
                top = i < used[u] && (double)x[i] > top ? (double)x[i] : top;
            }
            for (size_t i = 0; i < used[u]; i++)
                sum += exp((double)was[i] - top);
            ops->softmax(x, used[u], n);
            for (size_t i = 0; i < n; i++) {
                total += (double)x[i];
                double want = i < used[u] ? exp((double)was[i] - top) / sum : 0;
                assert_true(fabs((double)x[i] - want) < 1e-6);
            }
            assert_true(fabs(total - 1) < 1e-5);
        }
    }
}

static void gelu_is_the_exact_one(void **state)
{
    (void)state;
    EACH_LEVEL(ops) {
        float zero[16] = {0};
        for (float from = -12; from < 12; from += 0.05f) {
            float x[16];
            for (int i = 0; i < 16; i++)
                x[i] = from + (float)i * 0.003f;
            float was[16];
            memcpy(was, x, sizeof x);
            ops->bias_act(x, zero, 16, GEMM_GELU);
            for (int i = 0; i < 16; i++) {
                double v = (double)was[i];
                assert_true(fabs((double)x[i] - v * 0.5 * (1 + erf(v / sqrt(2)))) < 3e-6);
            }
        }
    }
}

static void rows_and_pools(void **state)
{
    (void)state;
    EACH_LEVEL(ops) {
        int8_t q[16];
        float y[16], x[48], out[16];
        for (int i = 0; i < 16; i++) {
            q[i] = (int8_t)(i * 16 - 128);
            y[i] = uniform();
        }
        ops->row_s8(q, 0.25f, y, x, 16);
        for (int i = 0; i < 16; i++)
            assert_true(fabsf(x[i] - ((float)q[i] * 0.25f + y[i])) < 1e-5f);
        double mean[16], square = 0;
        for (int i = 0; i < 48; i++)
            x[i] = uniform();
        for (int i = 0; i < 16; i++) {
            mean[i] = ((double)x[i] + (double)x[16 + i] + (double)x[32 + i]) / 3;
            square += mean[i] * mean[i];
        }
        ops->pool(x, 16, 3, 16, out);
        for (int i = 0; i < 16; i++)
            assert_true(fabs((double)out[i] - mean[i] / sqrt(square)) < 1e-6);
        memset(x, 0, sizeof x);
        ops->pool(x, 16, 3, 16, out);
        for (int i = 0; i < 16; i++)
            assert_true(out[i] == 0);
    }
}

/* One text's attention in doubles. */
static void attention_in_doubles(const float *qkv, size_t n, double *out)
{
    static double p[256];
    for (size_t h = 0; h < MINILM_HEADS; h++)
        for (size_t i = 0; i < n; i++) {
            double sum = 0, top = -1e300;
            for (size_t j = 0; j < n; j++) {
                double s = 0;
                for (size_t d = 0; d < 32; d++)
                    s += (double)qkv[i * MINILM_QKV + h * 32 + d] *
                        (double)qkv[j * MINILM_QKV + MINILM_HIDDEN + h * 32 + d];
                p[j] = s;
                top = s > top ? s : top;
            }
            for (size_t j = 0; j < n; j++)
                sum += p[j] = exp(p[j] - top);
            for (size_t d = 0; d < 32; d++) {
                double v = 0;
                for (size_t j = 0; j < n; j++)
                    v += p[j] / sum * (double)qkv[j * MINILM_QKV + 2 * MINILM_HIDDEN + h * 32 + d];
                out[i * MINILM_HIDDEN + h * 32 + d] = v;
            }
        }
}

static void attention_of_every_length(void **state)
{
    (void)state;
    static const size_t lengths[] = {2, 3, 15, 16, 17, 31, 32, 33, 64, 100, 255, 256};
    static float qkv[256 * MINILM_QKV], out[257 * MINILM_HIDDEN];
    static double want[256 * MINILM_HIDDEN];
    static _Alignas(64) float scratch[ATTENTION_FLOATS];
    for (size_t l = 0; l < 2 * ARRAY_LEN(lengths); l++) {
        size_t n = lengths[l / 2];
        /* Every other time scores of some hundreds, whose powers fp32 can not hold. */
        float scale = l % 2 ? 12 : 1;
        for (size_t i = 0; i < n * MINILM_QKV; i++)
            qkv[i] = scale * uniform();
        attention_in_doubles(qkv, n, want);
        for (int way = 0; way < 1 + cpu_has_amx_bf16(); way++) {
            out[n * MINILM_HIDDEN] = -3.5f;
#if defined(__x86_64__)
            if (way == 1)
                minilm_attention_amx(qkv, n, out, scratch);
            else
#endif
                minilm_attention(qkv, n, out, scratch);
            for (size_t i = 0; i < n * MINILM_HIDDEN; i++)
                if (!(fabs((double)out[i] - want[i]) < (double)scale * (way ? 0.012 : 1e-4)))
                    fail_msg("way %d length %zu element %zu: %g, not %g", way, n, i, (double)out[i],
                        want[i]);
            assert_true(out[n * MINILM_HIDDEN] == -3.5f);
        }
    }
}

static void residual_norm_keeps_the_sum(void **state)
{
    (void)state;
    EACH_LEVEL(ops) {
        float x[512], y[512], z[512], gamma[512], beta[512], out[512];
        uint8_t q[2][512];
        GemmRow row[2];
        for (int i = 0; i < 512; i++) {
            z[i] = x[i] = uniform() * 2 - 1;
            y[i] = uniform();
            gamma[i] = uniform();
            beta[i] = uniform();
        }
        ops->residual_norm(x, y, gamma, beta, 1e-5f, 512, out, q[0], &row[0]);
        ops->add_norm(z, y, gamma, beta, 1e-5f, 512, q[1], &row[1]);
        assert_memory_equal(out, z, sizeof out);
        assert_memory_equal(q[0], q[1], sizeof q[0]);
        for (int i = 0; i < 512; i++)
            z[i] = x[i];
        ops->residual_norm(x, NULL, gamma, beta, 1e-5f, 512, out, NULL, NULL);
        assert_memory_equal(x, z, sizeof x); /* nothing to add: untouched */
    }
}

/* Scores and sums of one head's query over keys and values in bf16, any number of them. */
static void attention_in_bf16(void **state)
{
    (void)state;
    enum { LD = 208 };
    static uint16_t keys[64 * 256], values[256 * 64];
    static const size_t counts[] = {16, 48, 64, 80, 112, 208};
    float q[64], p[LD], scores[LD], out[64];
    for (size_t i = 0; i < 64 * 256; i++) {
        float k = uniform(), v = uniform();
        uint32_t bits[2];
        memcpy(&bits[0], &k, 4);
        memcpy(&bits[1], &v, 4);
        keys[i] = (uint16_t)(bits[0] >> 16);
        values[i] = (uint16_t)(bits[1] >> 16);
    }
    for (int i = 0; i < 64; i++)
        q[i] = uniform();
    for (int i = 0; i < LD; i++)
        p[i] = uniform();
    EACH_LEVEL(ops) {
        for (size_t c = 0; c < ARRAY_LEN(counts); c++) {
            size_t n = counts[c], less = n - 3;
            ops->scores_bf16(q, keys, n, scores);
            for (size_t j = 0; j < n; j++) {
                double want = 0;
                for (size_t d = 0; d < 64; d++) {
                    uint32_t bits = (uint32_t)keys[j / 64 * 4096 + d * 64 + j % 64] << 16;
                    float k;
                    memcpy(&k, &bits, 4);
                    want += (double)q[d] * (double)k;
                }
                assert_true(fabs(want - (double)scores[j]) < 1e-5);
            }
            for (int i = 0; i < 64; i++)
                out[i] = 1;
            ops->values_bf16(p, values, less, out);
            for (size_t i = 0; i < 64; i++) {
                double want = 1;
                for (size_t j = 0; j < less; j++) {
                    uint32_t bits = (uint32_t)values[j * 64 + i] << 16;
                    float v;
                    memcpy(&v, &bits, 4);
                    want += (double)p[j] * (double)v;
                }
                assert_true(fabs(want - (double)out[i]) < 2e-5);
            }
        }
    }
}

static void log_sum_is_stable(void **state)
{
    (void)state;
    EACH_LEVEL(ops) {
        float x[160], most, sum;
        double want = 0;
        for (int i = 0; i < 160; i++)
            x[i] = i < 100 ? 500 + 10 * uniform() : -3e38f;
        ops->log_sum(x, 160, &most, &sum);
        for (int i = 0; i < 100; i++) {
            assert_true(x[i] <= most);
            want += exp((double)x[i] - (double)most);
        }
        assert_true(fabs(want - (double)sum) < 1e-5 * want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(residual_norm_keeps_the_sum),
        cmocka_unit_test(attention_in_bf16),
        cmocka_unit_test(log_sum_is_stable),
        cmocka_unit_test(quantise_is_within_half_a_step),
        cmocka_unit_test(add_norm_is_the_layer_norm_of_the_sum),
        cmocka_unit_test(rotating_keeps_products),
        cmocka_unit_test(softmax_sums_to_one_and_ignores_the_rest),
        cmocka_unit_test(gelu_is_the_exact_one),
        cmocka_unit_test(rows_and_pools),
        cmocka_unit_test(attention_of_every_length),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
