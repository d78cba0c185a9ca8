/* ops_impl.h - the kernels of ops.h over the vectors of a simd_*.h, which is included before.
 * VL floats a vector; every n is a multiple of 16, which every VL divides. */

SIMD_BEGIN

SIMD_FN V SIMD(phi)(V x, const float *p, int degree, float limit)
{
    V c = v_max(v_min(x, v_set(limit)), v_set(-limit));
    V s = v_fma(v_mul(c, c), v_set(2.0f / (limit * limit)), v_set(-1.0f));
    V y = v_set(p[degree]);
    UNROLL
    for (int i = degree - 1; i >= 0; i--) {
        y = v_fma(y, s, v_set(p[i]));
    }
    return v_fma(c, y, v_set(0.5f));
}

SIMD_FN V SIMD(gelu)(V x)
{
    static const float p[] = {GELU_P};
    return v_mul(x, SIMD(phi)(x, p, GELU_DEGREE, GELU_C));
}

SIMD_FN V SIMD(gelu_fine)(V x)
{
    static const float p[] = {GELU_FINE_P};
    return v_mul(x, SIMD(phi)(x, p, GELU_FINE_DEGREE, GELU_FINE_C));
}

/* e^x for x <= 0 (clamped at -87): 2^n e^r, |r| <= ln2 / 2, e^r by a polynomial to 2e-7. */
SIMD_FN V SIMD(exp_neg)(V x)
{
    x = v_max(x, v_set(-87.0f));
    V y = v_mul(x, v_set(1.44269504f));
    VI n = v_round(y);
    V nf = v_float(n);
    V r = v_fnma(nf, v_set(0.693359375f), x);
    r = v_fnma(nf, v_set(-2.12194440e-4f), r);
    V p = v_set(1.9875691500e-4f);
    p = v_fma(p, r, v_set(1.3981999507e-3f));
    p = v_fma(p, r, v_set(8.3334519073e-3f));
    p = v_fma(p, r, v_set(4.1665795894e-2f));
    p = v_fma(p, r, v_set(1.6666665459e-1f));
    p = v_fma(p, r, v_set(5.0000001201e-1f));
    p = v_fma(v_mul(r, r), p, v_add(r, v_set(1.0f)));
    return v_ldexp(p, n);
}

SIMD_FN void SIMD(quantise_with)(const float *x, size_t n, uint8_t *q, GemmRow *row, float least,
    float most)
{
    float range = most - least;
    float scale = range > 0 ? range * (1.0f / 255.0f) : 1.0f;
    float inverse = 1.0f / scale;
    float zero = (float)(int)(-least * inverse + 0.5f);
    row->scale = scale;
    row->zero = zero;
    V k = v_set(inverse), z = v_set(zero);
    for (size_t i = 0; i < n; i += VL) {
        vi_store_u8(q + i, v_round(v_fma(v_load(x + i), k, z)));
    }
}

/* One butterfly network over `points` vectors 16 floats apart, in registers: y = H x, unscaled. */
SIMD_FN void SIMD(hadamard)(const float *x, float *y, int points)
{
    V v[16];
    UNROLL
    for (int i = 0; i < points; i++) {
        v[i] = v_load(x + 16 * i);
    }
    UNROLL
    for (int half = points / 2; half >= 1; half /= 2) {
        UNROLL
        for (int i = 0; i < points; i++) {
            if ((i & half) == 0) {
                V sum = v_add(v[i], v[i + half]), difference = v_sub(v[i], v[i + half]);
                v[i] = sum;
                v[i + half] = difference;
            }
        }
    }
    UNROLL
    for (int i = 0; i < points; i++) {
        v_store(y + 16 * i, v[i]);
    }
}

static void SIMD(op_rotate)(const float *x, size_t n, float *y)
{
    size_t group = 16 * (n % 256 ? 8 : 16), third = n / 3;
    for (size_t g = 0; g < n; g += group) {
        for (size_t lane = 0; lane < 16; lane += VL) {
            if (group == 256) {
                SIMD(hadamard)(x + g + lane, y + g + lane, 16);
            } else {
                SIMD(hadamard)(x + g + lane, y + g + lane, 8);
            }
        }
    }
    for (size_t i = 0; n == 3 * group && i < third; i += VL) {
        V a = v_load(y + i), b = v_load(y + third + i), c = v_load(y + 2 * third + i);
        V s = v_mul(v_add(v_add(a, b), c), v_set(2.0f / 3.0f));
        v_store(y + i, v_sub(a, s));
        v_store(y + third + i, v_sub(b, s));
        v_store(y + 2 * third + i, v_sub(c, s));
    }
}

static void SIMD(op_quantise)(const float *x, size_t n, uint8_t *q, GemmRow *row)
{
    float y[OPS_ROTATE_MAX];
    SIMD(op_rotate)(x, n, y);
    V lo = v_set(0), hi = v_set(0);
    for (size_t i = 0; i < n; i += VL) {
        V v = v_load(y + i);
        lo = v_min(lo, v);
        hi = v_max(hi, v);
    }
    SIMD(quantise_with)(y, n, q, row, v_least(lo), v_most(hi));
}

/* out = gamma * (x - mean) / sqrt(variance + eps) + beta, sum being the sum of x; out may be x. */
SIMD_FN void SIMD(norm_with)(const float *x, V sum, const float *gamma, const float *beta,
    float eps, size_t n, float *out)
{
    float mean = v_sum(sum) / (float)n;
    V square = v_set(0), m = v_set(mean);
    for (size_t i = 0; i < n; i += VL) {
        V d = v_sub(v_load(x + i), m);
        square = v_fma(d, d, square);
    }
    V k = v_set(1.0f / sqrtf(v_sum(square) / (float)n + eps));
    for (size_t i = 0; i < n; i += VL) {
        V v = v_mul(v_sub(v_load(x + i), m), k);
        v_store(out + i, v_fma(v, v_load(gamma + i), v_load(beta + i)));
    }
}

SIMD_FN V SIMD(add_and_sum)(float *x, const float *y, size_t n)
{
    V sum = v_set(0);
    for (size_t i = 0; i < n; i += VL) {
        V v = v_load(x + i);
        if (y) {
            v = v_add(v, v_load(y + i));
            v_store(x + i, v);
        }
        sum = v_add(sum, v);
    }
    return sum;
}

static void SIMD(op_add_norm)(float *x, const float *y, const float *gamma, const float *beta,
    float eps, size_t n, uint8_t *q, GemmRow *row)
{
    V sum = SIMD(add_and_sum)(x, y, n);
    SIMD(norm_with)(x, sum, gamma, beta, eps, n, x);
    if (q) {
        SIMD(op_quantise)(x, n, q, row);
    }
}

static void SIMD(op_residual_norm)(float *x, const float *y, const float *gamma, const float *beta,
    float eps, size_t n, float *out, uint8_t *q, GemmRow *row)
{
    V sum = SIMD(add_and_sum)(x, y, n);
    SIMD(norm_with)(x, sum, gamma, beta, eps, n, out);
    if (q) {
        SIMD(op_quantise)(out, n, q, row);
    }
}

static void SIMD(op_row_s8)(const int8_t *q, float scale, const float *y, float *x, size_t n)
{
    V k = v_set(scale);
    for (size_t i = 0; i < n; i += VL) {
        v_store(x + i, v_fma(v_load_s8(q + i), k, v_load(y + i)));
    }
}

static void SIMD(op_bias_act)(float *x, const float *bias, size_t n, GemmAct act)
{
    for (size_t i = 0; i < n; i += VL) {
        V v = v_add(v_load(x + i), v_load(bias + i));
        v_store(x + i, act == GEMM_GELU ? SIMD(gelu_fine)(v) : v);
    }
}

static void SIMD(op_softmax)(float *x, size_t used, size_t n)
{
    size_t whole = used / VL * VL;
    V top = v_set(-3.0e38f);
    for (size_t i = 0; i < whole; i += VL) {
        top = v_max(top, v_load(x + i));
    }
    if (whole < used) {
        V v = v_fill_from(v_load(x + whole), (int)(used - whole), -3.0e38f);
        v_store(x + whole, v);
        top = v_max(top, v);
    }
    V m = v_set(v_most(top)), sum = v_set(0);
    size_t covered = (used + VL - 1) / VL * VL;
    for (size_t i = 0; i < covered; i += VL) {
        V e = SIMD(exp_neg)(v_sub(v_load(x + i), m));
        if (i == whole) {
            e = v_fill_from(e, (int)(used - whole), 0.0f);
        }
        v_store(x + i, e);
        sum = v_add(sum, e);
    }
    V k = v_set(1.0f / v_sum(sum));
    for (size_t i = 0; i < covered; i += VL) {
        v_store(x + i, v_mul(v_load(x + i), k));
    }
    memset(x + covered, 0, (n - covered) * sizeof *x);
}

static void SIMD(op_pool)(const float *x, size_t ld, size_t rows, size_t n, float *out)
{
    V square = v_set(0), each = v_set(1.0f / (float)rows);
    for (size_t i = 0; i < n; i += VL) {
        V sum = v_load(x + i);
        for (size_t r = 1; r < rows; r++) {
            sum = v_add(sum, v_load(x + r * ld + i));
        }
        sum = v_mul(sum, each);
        square = v_fma(sum, sum, square);
        v_store(out + i, sum);
    }
    float length = sqrtf(v_sum(square));
    V k = v_set(length > 1e-12f ? 1.0f / length : 0.0f);
    for (size_t i = 0; i < n; i += VL) {
        v_store(out + i, v_mul(v_load(out + i), k));
    }
}

SIMD_FN void SIMD(epilogue_act)(const GemmWeights *w, size_t col, const int32_t *sums,
    size_t ld_sums, const GemmRow *rows, size_t m, size_t n, float *c, size_t ldc, GemmAct act)
{
    for (size_t j = 0; j < n; j += VL) {
        V cs = v_load(w->scale + col + j), sum = v_load(w->sum + col + j);
        V bias = v_load(w->bias + col + j);
        for (size_t i = 0; i < m; i++) {
            V v = v_float(vi_load(sums + i * ld_sums + j));
            v = v_mul(v_fnma(sum, v_set(rows[i].zero), v), cs);
            v = v_fma(v, v_set(rows[i].scale), bias);
            v_store(c + i * ldc + col + j, act == GEMM_GELU ? SIMD(gelu)(v) : v);
        }
    }
}

static void SIMD(op_epilogue)(const GemmWeights *w, size_t col, const int32_t *sums, size_t ld_sums,
    const GemmRow *rows, size_t m, size_t n, float *c, size_t ldc, GemmAct act)
{
    if (act == GEMM_GELU) {
        SIMD(epilogue_act)(w, col, sums, ld_sums, rows, m, n, c, ldc, GEMM_GELU);
    } else {
        SIMD(epilogue_act)(w, col, sums, ld_sums, rows, m, n, c, ldc, GEMM_LINEAR);
    }
}

/* rows x nv vectors of C at once, in registers. */
SIMD_FN void SIMD(f32_block)(const float *a, size_t lda, const float *b, size_t ldb, float *c,
    size_t ldc, size_t k, int rows, int nv)
{
    V acc[F32_ROWS][F32_VECTORS];
    UNROLL
    for (int i = 0; i < rows; i++) {
        UNROLL
        for (int j = 0; j < nv; j++) {
            acc[i][j] = v_set(0);
        }
    }
    for (size_t p = 0; p < k; p++) {
        V bv[F32_VECTORS];
        UNROLL
        for (int j = 0; j < nv; j++) {
            bv[j] = v_load(b + p * ldb + (size_t)j * VL);
        }
        UNROLL
        for (int i = 0; i < rows; i++) {
            V av = v_set(a[(size_t)i * lda + p]);
            UNROLL
            for (int j = 0; j < nv; j++) {
                acc[i][j] = v_fma(av, bv[j], acc[i][j]);
            }
        }
    }
    UNROLL
    for (int i = 0; i < rows; i++) {
        UNROLL
        for (int j = 0; j < nv; j++) {
            v_store(c + (size_t)i * ldc + (size_t)j * VL, acc[i][j]);
        }
    }
}

SIMD_FN void SIMD(f32_columns)(const float *a, size_t lda, const float *b, size_t ldb, float *c,
    size_t ldc, size_t m, size_t k, int nv)
{
    size_t i = 0;
    for (; i + F32_ROWS <= m; i += F32_ROWS) {
        SIMD(f32_block)(a + i * lda, lda, b, ldb, c + i * ldc, ldc, k, F32_ROWS, nv);
    }
    for (; i + 2 <= m; i += 2) {
        SIMD(f32_block)(a + i * lda, lda, b, ldb, c + i * ldc, ldc, k, 2, nv);
    }
    if (i < m) {
        SIMD(f32_block)(a + i * lda, lda, b, ldb, c + i * ldc, ldc, k, 1, nv);
    }
}

static void SIMD(op_gemm_f32)(const float *a, size_t lda, const float *b, size_t ldb, float *c,
    size_t ldc, size_t m, size_t n, size_t k)
{
    size_t j = 0;
    for (; j + F32_VECTORS * VL <= n; j += F32_VECTORS * VL) {
        SIMD(f32_columns)(a, lda, b + j, ldb, c + j, ldc, m, k, F32_VECTORS);
    }
    for (; j + 2 * VL <= n; j += 2 * VL) {
        SIMD(f32_columns)(a, lda, b + j, ldb, c + j, ldc, m, k, 2);
    }
    for (; j < n; j += VL) {
        SIMD(f32_columns)(a, lda, b + j, ldb, c + j, ldc, m, k, 1);
    }
}

/* `vectors` vectors of a block's scores stay in registers while the 64 dimensions go by. */
SIMD_FN void SIMD(scores_block)(const float *q, const uint16_t *keys, float *scores, int vectors)
{
    V acc[4];
    UNROLL
    for (int i = 0; i < vectors; i++) {
        acc[i] = v_set(0);
    }
    for (size_t d = 0; d < 64; d++) {
        V x = v_set(q[d]);
        UNROLL
        for (int i = 0; i < vectors; i++) {
            acc[i] = v_fma(x, v_load_bf16(keys + d * 64 + (size_t)i * VL), acc[i]);
        }
    }
    UNROLL
    for (int i = 0; i < vectors; i++) {
        v_store(scores + (size_t)i * VL, acc[i]);
    }
}

static void SIMD(op_scores_bf16)(const float *q, const uint16_t *keys, size_t n, float *scores)
{
    for (size_t j = 0; j < n; j += 16) {
        const uint16_t *at = keys + j / 64 * 4096 + j % 64;
        if (VL == 16 && j % 64 == 0 && j + 64 <= n) {
            SIMD(scores_block)(q, at, scores + j, 4);
            j += 48;
        } else {
            SIMD(scores_block)(q, at, scores + j, 16 / VL);
        }
    }
}

static void SIMD(op_values_bf16)(const float *p, const uint16_t *values, size_t n, float *out)
{
    V acc[64 / VL];
    UNROLL
    for (int i = 0; i < 64 / VL; i++) {
        acc[i] = v_load(out + i * VL);
    }
    for (size_t j = 0; j < n; j++) {
        V w = v_set(p[j]);
        UNROLL
        for (int i = 0; i < 64 / VL; i++) {
            acc[i] = v_fma(w, v_load_bf16(values + j * 64 + (size_t)i * VL), acc[i]);
        }
    }
    UNROLL
    for (int i = 0; i < 64 / VL; i++) {
        v_store(out + i * VL, acc[i]);
    }
}

/* The largest of x [n], and the sum of e^(x - largest). */
static void SIMD(op_log_sum)(const float *x, size_t n, float *most, float *sum)
{
    V top = v_set(-3.0e38f), total = v_set(0);
    for (size_t i = 0; i < n; i += VL) {
        top = v_max(top, v_load(x + i));
    }
    V m = v_set(v_most(top));
    for (size_t i = 0; i < n; i += VL) {
        V d = v_sub(v_load(x + i), m);
        total = v_add(total, SIMD(exp_neg)(d));
    }
    *most = v_most(top);
    *sum = v_sum(total);
}

const NnOps SIMD(nn_ops) = {
    SIMD(op_rotate),  SIMD(op_quantise), SIMD(op_add_norm), SIMD(op_row_s8),   SIMD(op_bias_act),
    SIMD(op_softmax), SIMD(op_pool),     SIMD(op_epilogue), SIMD(op_gemm_f32),
    SIMD(op_residual_norm), SIMD(op_scores_bf16), SIMD(op_values_bf16), SIMD(op_log_sum),
};

SIMD_END
