/* conv1d_kernels.h - the tables behind conv_ops, one a level; private to src/nn/conv1d*.c. */
#ifndef SOTTO_NN_CONV1D_KERNELS_H
#define SOTTO_NN_CONV1D_KERNELS_H

#include "nn/conv1d.h"

extern const ConvOps conv_ops_plain;
#if defined(__x86_64__)
extern const ConvOps conv_ops_avx2, conv_ops_avx512;
void conv1d_amx(const Conv1d *c, const float *x, size_t ldx, size_t rows, const ConvOut *out);
#endif

#endif
