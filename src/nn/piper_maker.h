/* piper_maker.h - a published voice's tensors read and ours written: the hands of piper_convert.c.
 *
 * The first failure is kept in the Maker and whatever comes behind it does nothing, so that a
 * conversion is written straight down and looked at once. Threads: one owner. */
#ifndef SOTTO_NN_PIPER_MAKER_H
#define SOTTO_NN_PIPER_MAKER_H

#include "nn/onnx.h"
#include "nn/piper_weights.h"

typedef struct {
    const Onnx *onnx;
    WeightsWriter *writer;
    PiperShape shape;
    Err *err;
    bool ok; /* false: *err says why, and nothing more is done */
    /* A voice is gone through twice: first the fp32 panels of what also has tiles, then the rest. A
     * machine that takes the tiles never touches the panels, and so they lie apart. */
    bool panels;
    bool split; /* bf16 weights in two parts: all but the decoder's */
} Maker;

/* A convolution as PyTorch has it: w [out][in][taps], b [out]; owned. */
typedef struct {
    float *w, *b;
    uint32_t out, in, taps;
} Raw;

typedef char Name[96];

/* "this is no voice of Piper: ..."; false. */
bool maker_fail(Maker *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void *maker_no_memory(Maker *m); /* NULL */

/* The fp32 tensor of this name; NULL when there is none. */
const OnnxTensor *maker_find(Maker *m, Str name);
/* Its numbers, owned; all must be finite. */
float *maker_copy(Maker *m, const OnnxTensor *t);
/* The numbers of the tensor of this name and shape, owned; NULL is a failure. */
float *maker_take(Maker *m, uint32_t rank, const uint32_t *dims, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* Weights of the convolution with the bias `prefix`.bias: by name, or by the node. */
const OnnxTensor *maker_weights(Maker *m, const char *prefix);
Raw maker_conv(Maker *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* How many of the tensors that fmt names with from, from + step, ... are there. */
uint32_t maker_count(Maker *m, const char *fmt, uint32_t from, uint32_t step, uint32_t most);
void raw_free(Raw *r);
/* Outputs from..to times k. */
void raw_scale(Raw *r, uint32_t from, uint32_t to, float k);

/* A tensor of ours, zeroed, to be filled before the next one; NULL behind a failure. */
float *maker_add(Maker *m, uint32_t rank, const uint32_t *dims, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void maker_put_vector(Maker *m, const char *name, const float *v, uint32_t n);
void maker_put_bytes(Maker *m, const char *name, const void *p, size_t n);
/* gamma and beta of a norm over n channels. */
void maker_put_norm(Maker *m, uint32_t n, const char *theirs, const char *ours);
/* Packs and frees r, which must have these shapes; out is padded to 16. */
void maker_put_conv(Maker *m, Raw *r, uint32_t taps, uint32_t in, uint32_t out_real,
    const char *name);

#endif
