/* conv1d_impl.h - the kernels of conv1d.h over the vectors of a simd_*.h, included before; v_div
 * comes with it. */

SIMD_BEGIN

/* e^x, |x| clamped to 87: 2^n e^r as in ops_impl.h. */
SIMD_FN V SIMD(conv_exp)(V x)
{
    x = v_min(v_max(x, v_set(-87.0f)), v_set(87.0f));
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

/* tanh x = 1 - 2 / (1 + e^2x); to 1.5e-7 absolutely, which is what a sample needs. */
SIMD_FN V SIMD(conv_tanh)(V x)
{
    V e = SIMD(conv_exp)(v_add(x, x));
    return v_sub(v_set(1.0f), v_div(v_set(2.0f), v_add(e, v_set(1.0f))));
}

SIMD_FN V SIMD(conv_leaky)(V v, V slope)
{
    return v_max(v, v_mul(v, slope)); /* slope < 1 */
}

/* `rows` rows of `nv` vectors of outputs, in registers from the first tap to the last. */
SIMD_FN void SIMD(conv_block)(const Conv1d *c, const float *x, size_t ldx, const float *w,
    size_t ldw, size_t col, const ConvOut *out, int rows, int nv)
{
    V acc[CONV_ROWS_MAX][CONV_VECTORS];
    UNROLL
    for (int j = 0; j < nv; j++) {
        V b = v_load(c->bias + col + (size_t)j * VL);
        UNROLL
        for (int i = 0; i < rows; i++) {
            acc[i][j] = b;
        }
    }
    for (uint32_t tap = 0; tap < c->taps; tap++) {
        const float *a = x + (size_t)tap * c->dilation * ldx;
        for (uint32_t k = 0; k < c->in; k++, w += ldw) {
            V bv[CONV_VECTORS];
            UNROLL
            for (int j = 0; j < nv; j++) {
                bv[j] = v_load(w + (size_t)j * VL);
            }
            UNROLL
            for (int i = 0; i < rows; i++) {
                V av = v_set(a[(size_t)i * ldx + k]);
                UNROLL
                for (int j = 0; j < nv; j++) {
                    acc[i][j] = v_fma(av, bv[j], acc[i][j]);
                }
            }
        }
    }
    /* volatile: else it is loaded before the loops and takes a register that they need */
    V slope = v_set(*(const volatile float *)&out->slope);
    UNROLL
    for (int i = 0; i < rows; i++) {
        UNROLL
        for (int j = 0; j < nv; j++) {
            size_t at = (size_t)i * out->ld + col + (size_t)j * VL;
            V v = acc[i][j];
            if (out->add0) {
                v = v_add(v, v_load(out->add0 + at));
            }
            if (out->add1) {
                v = v_add(v, v_load(out->add1 + at));
            }
            if (out->y) {
                v_store(out->y + at, v);
            }
            if (out->act) {
                v_store(out->act + at, SIMD(conv_leaky)(v, slope));
            }
        }
    }
}

SIMD_FN ConvOut SIMD(conv_down)(const ConvOut *o, size_t rows)
{
    ConvOut d = *o;
    size_t n = rows * o->ld;
    d.y = o->y ? o->y + n : NULL;
    d.add0 = o->add0 ? o->add0 + n : NULL;
    d.add1 = o->add1 ? o->add1 + n : NULL;
    d.act = o->act ? o->act + n : NULL;
    return d;
}

SIMD_FN void SIMD(conv_columns)(const Conv1d *c, const float *x, size_t ldx, const float *w,
    size_t ldw, size_t col, size_t rows, const ConvOut *out, int nv, int at_once)
{
    size_t i = 0;
    for (; i + (size_t)at_once <= rows; i += (size_t)at_once) {
        ConvOut o = SIMD(conv_down)(out, i);
        SIMD(conv_block)(c, x + i * ldx, ldx, w, ldw, col, &o, at_once, nv);
    }
    for (; i + 2 <= rows; i += 2) {
        ConvOut o = SIMD(conv_down)(out, i);
        SIMD(conv_block)(c, x + i * ldx, ldx, w, ldw, col, &o, 2, nv);
    }
    if (i < rows) {
        ConvOut o = SIMD(conv_down)(out, i);
        SIMD(conv_block)(c, x + i * ldx, ldx, w, ldw, col, &o, 1, nv);
    }
}

/* Rows in strips, so that a strip and a panel stay in the caches while they meet. */
#define CONV_STRIP 96

static void SIMD(conv_rows)(const Conv1d *c, const float *x, size_t ldx, size_t rows,
    const ConvOut *out)
{
    for (size_t s = 0; s < rows; s += CONV_STRIP) {
        size_t n = rows - s < CONV_STRIP ? rows - s : CONV_STRIP;
        const float *xs = x + s * ldx;
        ConvOut o = SIMD(conv_down)(out, s);
        for (size_t panel = 0; panel < c->out; panel += CONV_PANEL) {
            size_t width = c->out - panel < CONV_PANEL ? c->out - panel : CONV_PANEL, j = 0;
            const float *w = c->w + panel * c->taps * c->in;
            for (; j + CONV_VECTORS * VL <= width; j += CONV_VECTORS * VL) {
                SIMD(conv_columns)(c, xs, ldx, w + j, width, panel + j, n, &o, CONV_VECTORS,
                    CONV_ROWS_WIDE);
            }
            for (; j + CONV_HALF * VL <= width; j += CONV_HALF * VL) {
                SIMD(conv_columns)(c, xs, ldx, w + j, width, panel + j, n, &o, CONV_HALF,
                    CONV_ROWS_MAX);
            }
            for (; j < width; j += VL) {
                SIMD(conv_columns)(c, xs, ldx, w + j, width, panel + j, n, &o, 1, CONV_ROWS_MAX);
            }
        }
    }
}

static void SIMD(conv_leaky_all)(const float *x, float slope, float *act, size_t n)
{
    V s = v_set(slope);
    for (size_t i = 0; i < n; i += VL) {
        v_store(act + i, SIMD(conv_leaky)(v_load(x + i), s));
    }
}

static void SIMD(conv_gate)(const float *g, size_t half, float *y)
{
    V one = v_set(1.0f);
    for (size_t i = 0; i < half; i += VL) {
        V e = SIMD(conv_exp)(v_sub(v_set(0), v_load(g + half + i)));
        v_store(y + i, v_div(SIMD(conv_tanh)(v_load(g + i)), v_add(one, e)));
    }
}

static void SIMD(conv_depthwise3)(const float *x, const float *w, const float *bias,
    size_t dilation, size_t n, size_t rows, size_t from, size_t to, float *y)
{
    for (size_t t = from; t < to; t++) {
        const float *before = t >= dilation ? x + (t - dilation) * n : NULL;
        const float *behind = t + dilation < rows ? x + (t + dilation) * n : NULL;
        for (size_t c = 0; c < n; c += VL) {
            V v = v_fma(v_load(w + n + c), v_load(x + t * n + c), v_load(bias + c));
            if (before) {
                v = v_fma(v_load(w + c), v_load(before + c), v);
            }
            if (behind) {
                v = v_fma(v_load(w + 2 * n + c), v_load(behind + c), v);
            }
            v_store(y + t * n + c, v);
        }
    }
}

static void SIMD(conv_last)(const float *x, size_t ldx, const float *w, size_t n, size_t rows,
    float *y)
{
    float sums[16];
    for (size_t t = 0; t < rows; t += 16) {
        size_t count = rows - t < 16 ? rows - t : 16;
        for (size_t i = 0; i < 16; i++) {
            sums[i] = 0;
        }
        for (size_t i = 0; i < count; i++) {
            const float *at = x + (t + i) * ldx;
            V a = v_set(0), b = v_set(0);
            size_t k = 0;
            for (; k + 2 * VL <= n; k += 2 * VL) {
                a = v_fma(v_load(at + k), v_load(w + k), a);
                b = v_fma(v_load(at + k + VL), v_load(w + k + VL), b);
            }
            for (; k < n; k += VL) {
                a = v_fma(v_load(at + k), v_load(w + k), a);
            }
            sums[i] = v_sum(v_add(a, b));
        }
        for (size_t i = 0; i < 16; i += VL) {
            v_store(sums + i, SIMD(conv_tanh)(v_load(sums + i)));
        }
        memcpy(y + t, sums, count * sizeof *y);
    }
}

const ConvOps SIMD(conv_ops) = {SIMD(conv_rows), SIMD(conv_leaky_all), SIMD(conv_gate),
    SIMD(conv_depthwise3), SIMD(conv_last)};

SIMD_END
