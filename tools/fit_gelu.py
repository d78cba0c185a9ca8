#!/usr/bin/env python3
"""Prints the coefficients of GELU's polynomial in src/nn/ops_impl.h. Needs numpy.

gelu(x) = x (1/2 + c P(2 (c/C)^2 - 1)), c = x clamped to [-C, C]; P is fitted so that the largest
absolute error of gelu itself is least (Lawson's iteration), with P(1) = 1 / (2 C), so that the tails
are x and 0. Evaluated in fp32, as the kernel does.
"""
import sys
from math import erf

import numpy as np
from numpy.polynomial import chebyshev

C = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0
DEGREE = int(sys.argv[2]) if len(sys.argv) > 2 else 12

t = np.cos(np.pi * (np.arange(2000) + .5) / 2000)
x = np.sqrt((t + 1) / 2) * C
end = 0.5 / C
rhs = x * -end * x + x * np.array([0.5 * erf(v / 2 ** .5) for v in x])
basis = (chebyshev.chebvander(t, DEGREE)[:, 1:] - 1) * (x * x)[:, None]  # 0 at t = 1
w = np.ones(len(x)) / len(x)
for _ in range(200):
    sw = np.sqrt(w)
    co = np.linalg.lstsq(basis * sw[:, None], rhs * sw, rcond=None)[0]
    e = np.abs(basis @ co - rhs)
    w = w * (e + 1e-18)
    w /= w.sum()
p = chebyshev.cheb2poly(np.concatenate([[end - co.sum()], co])).astype(np.float32)
xs = np.linspace(-40, 40, 400001).astype(np.float32)
c = np.clip(xs, -C, C)
s = c * c * np.float32(2 / C / C) - np.float32(1)
acc = np.full_like(s, p[-1])
for k in p[-2::-1]:
    acc = acc * s + k
g = xs * (np.float32(.5) + c * acc)
ref = np.array([0.5 * v * (1 + erf(v / 2 ** .5)) for v in xs.astype(float)])
print("largest error %.2g at x = %g" % (np.abs(g - ref).max(), xs[np.abs(g - ref).argmax()]))
print(",\n".join("%.9gf" % k for k in p))
