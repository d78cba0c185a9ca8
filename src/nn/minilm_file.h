/* minilm_file.h - the weights of all-MiniLM-L6-v2 and the two files they come from.
 *
 * The published model.safetensors and vocab.txt become one weights file (docs/MODELS.md lists every
 * tensor); minilm_bind_int8 points a MinilmWeights into it. The fp32 road reads the published files
 * and keeps transposed copies.
 * Threads: as weights_file.h. */
#ifndef SOTTO_NN_MINILM_FILE_H
#define SOTTO_NN_MINILM_FILE_H

#include "nn/gemm.h"
#include "nn/safetensors.h"
#include "nn/weights_file.h"
#include "nn/wordpiece.h"

#define MINILM_MODEL "all-MiniLM-L6-v2"
#define MINILM_LAYERS 6
#define MINILM_HIDDEN 384
#define MINILM_HEADS 12
#define MINILM_HEAD 32
#define MINILM_QKV 1152
#define MINILM_FFN 1536
#define MINILM_POSITIONS 256 /* of the model's 512: the reference cuts at 256 */
#define MINILM_VOCAB 30522
#define MINILM_EPS 1e-12f

typedef struct {
    GemmWeights q;     /* int8 */
    const float *f32;  /* [k][n], the fp32 road only */
    const float *bias; /* [n] */
    uint32_t k, n;
} MinilmLinear;

typedef struct {
    MinilmLinear qkv, out, up, down;
    const float *norm1[2],
        *norm2[2]; /* gamma, beta [384]: after attention, after the feed-forward */
} MinilmLayer;

typedef struct {
    WordPiece words;
    const int8_t *word;      /* [30522][384] */
    const float *word_scale; /* [30522] */
    const float *word_f32;   /* [30522][384], the fp32 road only */
    const float *position;   /* [256][384], the type embedding of sentence 0 added */
    const float *norm[2];    /* gamma, beta [384] */
    MinilmLayer layer[MINILM_LAYERS];
} MinilmWeights;

bool minilm_bind_int8(MinilmWeights *w, const WeightsFile *file, Err *err);
/* *memory (mem_free) holds what *w points to. */
bool minilm_bind_fp32(MinilmWeights *w, Str safetensors, Str vocab, void **memory, Err *err);

#endif
