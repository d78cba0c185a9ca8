/* gelu.h - the polynomials of gelu(x) = x * Phi(x), Phi(x) = (1 + erf(x / sqrt 2)) / 2.
 *
 *   Phi(x) = 1/2 + c P(2 c^2 / C^2 - 1), c = x clamped to [-C, C]
 *
 * Made by tools/fit_gelu.py for the least largest error of gelu itself; the tails are exact. */
#ifndef SOTTO_NN_GELU_H
#define SOTTO_NN_GELU_H

/* Beside int8 products: C = 4.5, degree 8, error 3.4e-5, a hundredth of a quantisation step. */
#define GELU_C 4.5f
#define GELU_DEGREE 8
#define GELU_P                                                                                   \
    0.156902f, -0.0771725029f, 0.0548233315f, -0.0405493006f, 0.0275977459f, -0.0167620908f,     \
        0.0122732967f, -0.0093148388f, 0.00331346062f

/* Of the fp32 road: C = 5, degree 12, error 2.4e-6. */
#define GELU_FINE_C 5.0f
#define GELU_FINE_DEGREE 12
#define GELU_FINE_P                                                                              \
    0.14136377f, -0.0702953786f, 0.0515211783f, -0.040468283f, 0.0314498246f, -0.0230740961f,    \
        0.0162833966f, -0.0117431823f, 0.00684604701f, -0.00195458042f, 0.00111623621f,          \
        -0.00194092188f, 0.000895994657f

#endif
