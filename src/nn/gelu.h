/* gelu.h - the polynomials of gelu(x) = x * Phi(x), Phi(x) = (1 + erf(x / sqrt 2)) / 2.
 *
 *   Phi(x) = 1/2 + c P(2 c^2 / C^2 - 1), c = x clamped to [-C, C]
 *
 * Made by tools/fit_gelu.py for the least largest error of gelu itself. */
#ifndef SOTTO_NN_GELU_H
#define SOTTO_NN_GELU_H

/* Beside int8 products: C = 4.5, degree 8, error 3.6e-5, a hundredth of a quantisation step. */
#define GELU_C 4.5f
#define GELU_DEGREE 8
#define GELU_P                                                                                   \
    0.15690212f, -0.077171959f, 0.0548185669f, -0.040555764f, 0.0276294015f, -0.016744053f,      \
        0.012208527f, -0.00932853203f, 0.00335368747f

/* Of the fp32 road: C = 5, degree 12, error 1.9e-6. */
#define GELU_FINE_C 5.0f
#define GELU_FINE_DEGREE 12
#define GELU_FINE_P                                                                              \
    0.141363785f, -0.0702966526f, 0.0515214205f, -0.0404329486f, 0.0314262286f, -0.0233367309f,  \
        0.0164976567f, -0.0109732319f, 0.00616542948f, -0.00291567342f, 0.00200186134f,          \
        -0.00151415356f, 0.000492969062f

#endif
