/* piper_weights.h - a Piper voice's shape and tensors, and where they lie in our weights file.
 *
 * docs/MODELS.md has every tensor with its shape and what was folded into it at conversion. All
 * channel counts are multiples of 16. Threads: as weights_file.h. */
#ifndef SOTTO_NN_PIPER_WEIGHTS_H
#define SOTTO_NN_PIPER_WEIGHTS_H

#include "nn/conv1d.h"
#include "nn/weights_file.h"

#define PIPER_LAYERS_MAX 12
#define PIPER_FLOWS_MAX 8
#define PIPER_WN_MAX 8
#define PIPER_STAGES_MAX 4
#define PIPER_BLOCKS_MAX 4
#define PIPER_UNITS_MAX 3
#define PIPER_REL 16      /* places for relative positions */
#define PIPER_SPLINES 3   /* coupling layers of the duration predictor that inference uses */
#define PIPER_DDS 3       /* layers of a dilated depth-separable stack: dilations 1, 3, 9 */
#define PIPER_BINS 10     /* of a spline */
#define PIPER_SPLINE_OUT 32 /* 29 numbers a phoneme, padded */

/* Numbers that fix every tensor's shape; stored as they are, little-endian. */
typedef struct {
    uint32_t vocab, hidden, heads, layers, ffn, ffn_taps, window;
    uint32_t flows, wn, wn_taps;
    uint32_t stages, pre_taps, post_taps, pre_out, blocks, convs; /* convs of a unit: 1 or 2 */
    struct {
        uint32_t out, rate, kernel;
    } up[PIPER_STAGES_MAX];
    struct {
        uint32_t taps, units, dilation[PIPER_UNITS_MAX];
    } block[PIPER_BLOCKS_MAX];
} PiperShape;

typedef struct {
    const float *gamma, *beta; /* [hidden] */
} PiperNorm;

typedef struct {
    Conv1d qkv, out, up, down; /* the queries scaled by 1 / sqrt(head) */
    /* [head][16] transposed, [16][head]; of 16, 2 window + 1 are used */
    const float *rel_k, *rel_v;
    PiperNorm norm1, norm2;
} PiperLayer;

typedef struct {
    const float *sep, *sep_bias; /* [3][hidden], [hidden] */
    PiperNorm norm1, norm2;
    Conv1d point;
} PiperDds;

typedef struct {
    const float *pre, *pre_bias; /* [hidden]: from one channel */
    PiperDds dds[PIPER_DDS];
    Conv1d proj; /* widths 10, heights 10 (both divided by sqrt(hidden)), derivatives 9 */
} PiperSpline;

typedef struct {
    Conv1d pre, post;                     /* post negated: it is subtracted */
    Conv1d in[PIPER_WN_MAX];              /* [hidden -> 2 hidden] */
    Conv1d res[PIPER_WN_MAX], skip[PIPER_WN_MAX]; /* the last has no res */
    bool upper; /* sees channels hidden/2.. and changes 0..; else the other way round */
} PiperCoupling;

typedef struct {
    Conv1d up; /* [in -> rate * out], 2 taps, the blocks' mean of the stage before folded in */
    Conv1d conv[PIPER_BLOCKS_MAX][PIPER_UNITS_MAX][2];
} PiperStage;

typedef struct {
    PiperShape shape;
    uint32_t head, hop;
    const float *embed; /* [vocab][hidden], times sqrt(hidden) */
    PiperLayer layer[PIPER_LAYERS_MAX];
    Conv1d stats;       /* [hidden -> 2 hidden]: mean, log deviation */
    Conv1d dp_pre, dp_proj;
    PiperDds dp_dds[PIPER_DDS];
    PiperSpline spline[PIPER_SPLINES]; /* in the order in which inference takes them */
    const float *affine;               /* m0, m1, e^-s0, e^-s1 */
    PiperCoupling flow[PIPER_FLOWS_MAX]; /* in the order in which inference takes them */
    Conv1d dec_pre;
    PiperStage stage[PIPER_STAGES_MAX];
    const float *post; /* [post_taps * channels], the mean of the blocks folded in */
    const char *config; /* the voice's JSON */
    size_t config_len;
} PiperWeights;

/* ERR_CORRUPT when a number is out of what the code can do. */
bool piper_shape_check(const PiperShape *s, Err *err);
/* fast: the decoder in bf16, three quarters of the work; what is before it in pairs of bf16,
 * because durations are whole numbers that an error can tip over, and the flow hands on every
 * error. */
bool piper_bind(PiperWeights *w, const WeightsFile *f, bool fast, Err *err);
/* Number of samples a frame, and channels behind stage i. */
uint32_t piper_hop(const PiperShape *s);

#endif
