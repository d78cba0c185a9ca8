/* resample_impl.h - the kernels of resample_int.h; before it is included: V, a vector of VL floats,
 * ISA, the attribute of a function that may use it, and NAME(x), x with the level's suffix. SAME
 * outputs at a time share what is loaded of a row; SAME * 2 sums fit the registers. */

ISA static inline V NAME(load)(const float *p)
{
    V v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* n is a constant where this is inlined. */
ISA static inline __attribute__((always_inline)) void
NAME(rows)(const float *x, size_t x_apart, const float *row, size_t taps, size_t n, float *out,
           size_t out_apart)
{
    V a[SAME] = {{0}}, b[SAME] = {{0}};
    for (size_t t = 0; t < taps; t += 2 * (size_t)VL) {
        V h = NAME(load)(row + t), k = NAME(load)(row + t + VL);
        for (size_t i = 0; i < n; i++) {
            a[i] += NAME(load)(x + i * x_apart + t) * h;
            b[i] += NAME(load)(x + i * x_apart + t + VL) * k;
        }
    }
    for (size_t i = 0; i < n; i++)
        out[i * out_apart] = NAME(sum)(a[i] + b[i]);
}

ISA static void NAME(same)(const float *x, size_t x_apart, const float *row, size_t taps, size_t n,
                           float *out, size_t out_apart)
{
    for (; n >= SAME; n -= SAME, x += SAME * x_apart, out += SAME * out_apart)
        NAME(rows)(x, x_apart, row, taps, SAME, out, out_apart);
    for (; n > 0; n--, x += x_apart, out += out_apart)
        NAME(rows)(x, x_apart, row, taps, 1, out, out_apart);
}

ISA static float NAME(between)(const float *x, const float *rows, size_t taps,
                               const float weights[4])
{
    V a = {0}, b = {0}, c = {0}, d = {0};
    for (size_t t = 0; t < taps; t += VL, rows += VL) {
        V v = NAME(load)(x + t);
        a += v * NAME(load)(rows);
        b += v * NAME(load)(rows + taps);
        c += v * NAME(load)(rows + 2 * taps);
        d += v * NAME(load)(rows + 3 * taps);
    }
    return NAME(sum)(a * weights[0] + b * weights[1] + c * weights[2] + d * weights[3]);
}
