/* whisper_weights.h - Whisper's weights in memory, in either precision, and the mapped file.
 *
 * One walk (whisper_visit) names every matrix and vector: ours, theirs and its shape. Converting,
 * binding the mapped file and binding the published fp32 weights are three visitors of it.
 * Threads: immutable once bound. Private to src/nn/whisper*.c and tests. */
#ifndef SOTTO_NN_WHISPER_WEIGHTS_H
#define SOTTO_NN_WHISPER_WEIGHTS_H

#include "nn/bpe.h"
#include "nn/gemm.h"
#include "nn/mel.h"
#include "nn/weights_file.h"
#include "nn/whisper_source.h"

#define WHISPER_MODEL "whisper"
#define WHISPER_EPS 1e-5f
#define WHISPER_ROWS 1504 /* 1500 positions up to whole tiles */

/* The silence that is kept: every 4th position, the last first, so that a clip that fills n
 * positions uses the first (1500 - n) / 4 of them, aligned. */
#define WHISPER_STRIDE 4
#define WHISPER_SILENT (WHISPER_POSITIONS / WHISPER_STRIDE)
#define WHISPER_SILENT_ROWS 384
#define WHISPER_SILENT_POSITION(i) (WHISPER_POSITIONS - WHISPER_STRIDE / 2 - WHISPER_STRIDE * (i))
#define WHISPER_FLOOR (-0.71f) /* what silence is in the scaled log-mel of that clip */

typedef struct {
    GemmWeights q;     /* int8 */
    const float *f32;  /* [k][n], the fp32 road only */
    const float *bias; /* [n] */
    uint32_t k, n;     /* n a multiple of 16; int8: k too, of 64 */
} WhisperLinear;

typedef struct {
    const float *gamma, *beta;
} WhisperNorm;

typedef struct {
    WhisperNorm attention_norm, mlp_norm;
    WhisperLinear qkv, out, up, down;
    const float *silent_k; /* [d][384]: 64 rows a head, a column a position */
    const float *silent_v; /* [384][d] */
} WhisperEncoderLayer;

typedef struct {
    WhisperNorm attention_norm, cross_norm, mlp_norm;
    WhisperLinear qkv, out, cross_q, cross_kv, cross_out, up, down;
    /* int8: bf16 in blocks of 64 keys, [heads][6][64][64], and values [heads][384][64]; else fp32,
     * [d][384] and the same. */
    const void *silent_k, *silent_v;
} WhisperDecoderLayer;

typedef struct {
    WhisperInfo info;
    WhisperHead align[WHISPER_ALIGN_MAX];
    uint32_t n_align;
    Bpe bpe;
    const float *filters; /* [mels][201] */
    WhisperLinear conv1;  /* [3 mels up to 256][d]: a frame, the one before and the one behind */
    WhisperLinear conv2;  /* [3 d][d] */
    const float *encoder_position; /* [1500][d] */
    const float *decoder_position; /* [448][d] */
    WhisperNorm encoder_norm, decoder_norm;
    WhisperLinear words; /* [d][vocabulary up to 16], also the table of words: a column a word */
    WhisperEncoderLayer encoder[WHISPER_LAYERS_MAX];
    WhisperDecoderLayer decoder[WHISPER_LAYERS_MAX];
} WhisperWeights;

/* A matrix: the rows of up to three of theirs, [n_part][k] each ([n_part][k / 3][3] of a
 * convolution), zeros to the padded shape; the first times `scale`. */
typedef struct {
    WhisperLinear *to;
    char own[48];
    char part[3][64];
    uint32_t parts, k, n_part, k_padded, n_padded;
    bool convolution, bias;
    float scale;
} WhisperLinearRef;

typedef struct {
    const float **to;
    char own[48], theirs[72];
    uint32_t rows, columns; /* rows 1: a vector */
} WhisperVectorRef;

typedef struct {
    bool (*linear)(void *arg, const WhisperLinearRef *ref, Err *err);
    bool (*vector)(void *arg, const WhisperVectorRef *ref, Err *err);
    void *arg;
} WhisperVisitor;

bool whisper_visit(WhisperWeights *w, const WhisperVisitor *visitor, Err *err);
/* One matrix as fp32 [n_padded][k_padded] and bias [n_padded]. */
bool whisper_take_linear(WhisperSource *s, const WhisperLinearRef *ref, float *matrix, float *bias,
    Err *err);
bool whisper_take_vector(WhisperSource *s, const WhisperVectorRef *ref, float *out, Err *err);

/* Points *w into the mapped file. ERR_CORRUPT. */
bool whisper_bind_int8(WhisperWeights *w, const WeightsFile *file, Err *err);
/* *memory (mem_free) holds what *w points to, all but the vocabulary, which *blob does. The silence
 * is zeros that whisper_silence fills. */
bool whisper_bind_fp32(WhisperWeights *w, WhisperSource *s, float **memory, Buf *blob, Err *err);

#endif
