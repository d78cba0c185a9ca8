#include "nn/vad.h"

#include <math.h>

#include "base/mem.h"
#include "nn/onnx.h"
#include "nn/ops.h"
#include "nn/weights_file.h"

#define WINDOW 256 /* samples of the STFT, one every STEP */
#define STEP 128
#define MIRROR 64
#define TIMES ((VAD_CONTEXT + VAD_FRAME + MIRROR - WINDOW) / STEP + 1) /* 4 */
#define BINS 129
#define PARTS 288 /* columns of the STFT: real at 0, imaginary at IMAGINARY, both padded to 144 */
#define IMAGINARY 144
#define GATES (4 * VAD_HIDDEN)
#define LOUDEST 8.0f /* beyond it is no sound */

/* What a frame goes through; every matrix is [k][n], a column an output, as gemm_f32 wants it. */
typedef enum { STFT, CONV1, CONV2, CONV3, CONV4, LSTM, OUT, LAYERS } Layer;

static const struct {
    const char *weight, *bias; /* ours; NULL: none */
    uint32_t k, n;
} layers[LAYERS] = {
    [STFT] = {"stft", NULL, WINDOW, PARTS},
    [CONV1] = {"conv1.weight", "conv1.bias", 3 * BINS, 128},
    [CONV2] = {"conv2.weight", "conv2.bias", 3 * 128, 64},
    [CONV3] = {"conv3.weight", "conv3.bias", 3 * 64, 64},
    [CONV4] = {"conv4.weight", "conv4.bias", 64, 128}, /* one time: only the middle tap matters */
    [LSTM] = {"lstm.weight", "lstm.bias", 2 * VAD_HIDDEN, GATES}, /* input above, hidden below */
    [OUT] = {"out.weight", "out.bias", VAD_HIDDEN, 1},
};

struct Vad {
    WeightsFile *file;
    const NnOps *ops;
    const float *weight[LAYERS], *bias[LAYERS];
};

/* ---- converting ---------------------------------------------------------------------------- */

/* Copies the fp32 tensor `name` of exactly this shape (closed by 0). */
static bool theirs(const Onnx *o, const char *name, const uint32_t *shape, float *copy, Err *err)
{
    const OnnxTensor *t = onnx_tensor(o, str_of(name));
    if (!t)
        return err_set(err, ERR_CORRUPT, "the speech detector has no tensor \"%s\"", name);
    uint32_t rank = 0;
    while (rank < t->rank && shape[rank] && shape[rank] == t->shape[rank])
        rank++;
    if (t->type != ONNX_F32 || rank != t->rank || shape[rank] != 0)
        return err_set(err, ERR_CORRUPT, "tensor \"%s\" is not fp32 of the shape this model has",
            name);
    memcpy(copy, t->data, (size_t)t->count * sizeof *copy);
    for (size_t i = 0; i < t->count; i++)
        if (!isfinite(copy[i]))
            return err_set(err, ERR_CORRUPT, "tensor \"%s\" holds a number that is not finite",
                name);
    return true;
}

static bool convert_stft(const Onnx *o, float *copy, float *w, Err *err)
{
    const uint32_t shape[] = {2 * BINS, 1, WINDOW, 0};
    if (!theirs(o, "model.stft.forward_basis_buffer", shape, copy, err))
        return false;
    for (size_t row = 0; row < 2 * BINS; row++)
        for (size_t i = 0; i < WINDOW; i++)
            w[i * PARTS + (row < BINS ? row : row - BINS + IMAGINARY)] = copy[row * WINDOW + i];
    return true;
}

/* theirs [n][channels][3] -> [taps * channels][n], from tap `first`. */
static bool convert_conv(const Onnx *o, const char *name, uint32_t channels, uint32_t n,
    size_t first, size_t taps, float *copy, float *w, Err *err)
{
    const uint32_t shape[] = {n, channels, 3, 0};
    if (!theirs(o, name, shape, copy, err))
        return false;
    for (size_t row = 0; row < n; row++)
        for (size_t c = 0; c < channels; c++)
            for (size_t t = 0; t < taps; t++)
                w[(t * channels + c) * n + row] = copy[(row * channels + c) * 3 + first + t];
    return true;
}

/* theirs [512][128] twice -> [256][512], and the two biases added. */
static bool convert_lstm(const Onnx *o, float *copy, float *w, float *bias, Err *err)
{
    const uint32_t shape[] = {GATES, VAD_HIDDEN, 0}, vector[] = {GATES, 0};
    const char *const matrices[] = {"model.decoder.rnn.weight_ih", "model.decoder.rnn.weight_hh"};
    const char *const biases[] = {"model.decoder.rnn.bias_ih", "model.decoder.rnn.bias_hh"};
    for (size_t half = 0; half < 2; half++) {
        if (!theirs(o, matrices[half], shape, copy, err))
            return false;
        for (size_t row = 0; row < GATES; row++)
            for (size_t i = 0; i < VAD_HIDDEN; i++)
                w[(half * VAD_HIDDEN + i) * GATES + row] = copy[row * VAD_HIDDEN + i];
        if (!theirs(o, biases[half], vector, copy, err))
            return false;
        for (size_t row = 0; row < GATES; row++)
            bias[row] += copy[row];
    }
    return true;
}

static bool convert_vector(const Onnx *o, const char *name, uint32_t n, float *out, Err *err)
{
    const uint32_t shape[] = {n, 0};
    return theirs(o, name, shape, out, err);
}

#define ENCODER "model.encoder."

static bool convert_layer(const Onnx *o, Layer l, float *copy, float *w, float *bias,
    Err *err)
{
    const uint32_t shape[] = {1, VAD_HIDDEN, 1, 0};
    uint32_t n = layers[l].n;
    switch (l) {
    case STFT:
        return convert_stft(o, copy, w, err);
    case CONV1:
        return convert_conv(o, ENCODER "0.reparam_conv.weight", BINS, n, 0, 3, copy, w, err) &&
               convert_vector(o, ENCODER "0.reparam_conv.bias", n, bias, err);
    case CONV2:
        return convert_conv(o, ENCODER "1.reparam_conv.weight", 128, n, 0, 3, copy, w, err) &&
               convert_vector(o, ENCODER "1.reparam_conv.bias", n, bias, err);
    case CONV3:
        return convert_conv(o, ENCODER "2.reparam_conv.weight", 64, n, 0, 3, copy, w, err) &&
               convert_vector(o, ENCODER "2.reparam_conv.bias", n, bias, err);
    case CONV4:
        return convert_conv(o, ENCODER "3.reparam_conv.weight", 64, n, 1, 1, copy, w, err) &&
               convert_vector(o, ENCODER "3.reparam_conv.bias", n, bias, err);
    case LSTM:
        return convert_lstm(o, copy, w, bias, err);
    default:
        return theirs(o, "model.decoder.decoder.2.weight", shape, w, err) &&
               convert_vector(o, "model.decoder.decoder.2.bias", n, bias, err);
    }
}

static bool convert(const Onnx *o, WeightsWriter *w, Err *err)
{
    /* The writer hands out one tensor at a time: both of a layer are made here first. */
    float *copy = mem_array(3 * 2 * VAD_HIDDEN * GATES, sizeof *copy);
    bool ok = copy || err_set(err, ERR_NO_MEMORY, "no memory to convert the weights");
    float *weight = copy ? copy + 2 * VAD_HIDDEN * GATES : NULL;
    for (Layer l = 0; ok && l < LAYERS; l++) {
        float bias[GATES] = {0};
        size_t size = (size_t)layers[l].k * layers[l].n * sizeof *weight;
        memset(weight, 0, size);
        ok = convert_layer(o, l, copy, weight, bias, err);
        void *to = ok ? weights_add(w, layers[l].weight, WEIGHTS_F32, 2,
                            (const uint32_t[]){layers[l].k, layers[l].n}, 0) : NULL;
        if (to)
            memcpy(to, weight, size);
        to = to && layers[l].bias ?
            weights_add(w, layers[l].bias, WEIGHTS_F32, 1, &layers[l].n, 0) : NULL;
        if (to)
            memcpy(to, bias, layers[l].n * sizeof *bias);
    }
    mem_free(copy);
    return ok;
}

bool vad_convert(const char *onnx, const char *out, Err *err)
{
    Mapped map = {0};
    Sha256 source;
    if (!os_map(onnx, &map, err))
        return false;
    Str file = str_mem((const char *)map.data, map.size);
    Onnx *o = sha256(file, &source, err) ? onnx_parse(file, err) : NULL;
    WeightsWriter *w = o ? weights_begin(VAD_MODEL, &source, err) : NULL;
    bool ok = w && convert(o, w, err);
    if (ok)
        ok = weights_finish(w, out, err);
    else
        weights_abandon(w);
    onnx_free(o);
    os_unmap(&map);
    return ok;
}

/* ---- opening ------------------------------------------------------------------------------- */

Vad *vad_open(const char *path, Err *err)
{
    Vad *v = mem_zalloc(sizeof *v);
    if (!v) {
        (void)err_set(err, ERR_NO_MEMORY, "no memory for the speech detector");
        return NULL;
    }
    v->ops = nn_ops();
    v->file = weights_open(path, VAD_MODEL, err);
    bool ok = v->file != NULL;
    for (Layer l = 0; ok && l < LAYERS; l++) {
        const uint32_t dims[] = {layers[l].k, layers[l].n};
        v->weight[l] = weights_need(v->file, layers[l].weight, WEIGHTS_F32, 2, dims, NULL, err);
        ok = v->weight[l] != NULL;
        if (ok && layers[l].bias) {
            v->bias[l] =
                weights_need(v->file, layers[l].bias, WEIGHTS_F32, 1, &layers[l].n, NULL, err);
            ok = v->bias[l] != NULL;
        }
    }
    if (ok)
        return v;
    vad_close(v);
    return NULL;
}

void vad_close(Vad *v)
{
    if (!v)
        return;
    weights_close(v->file);
    mem_free(v);
}

bool vad_verify(const Vad *v, Err *err) { return weights_verify(v->file, err); }

/* ---- a frame ------------------------------------------------------------------------------- */

/* rows of y [rows][n] = x (rows `lda` apart) W. */
static void multiply(const Vad *v, Layer l, const float *x, size_t lda, size_t rows, float *y)
{
    v->ops->gemm_f32(x, lda, v->weight[l], layers[l].n, y, layers[l].n, rows, layers[l].n,
        layers[l].k);
}

static void bias_relu(const Vad *v, Layer l, size_t rows, float *y)
{
    const float *bias = v->bias[l];
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < layers[l].n; i++, y++)
            *y = *y + bias[i] > 0 ? *y + bias[i] : 0;
}

/* A kernel of three over time is a product with three rows that lie behind each other: so the
 * times are the rows, with a row of zeros before the first and behind the last. */
static void encode(const Vad *v, const float x[VAD_CONTEXT + VAD_FRAME + MIRROR], float out[128])
{
    float parts[TIMES][PARTS], magnitude[TIMES + 2][BINS] = {0};
    float a[TIMES + 2][128] = {0}, b[2 + 2][64] = {0}, c[64];
    multiply(v, STFT, x, STEP, TIMES, parts[0]);
    for (size_t t = 0; t < TIMES; t++)
        for (size_t i = 0; i < BINS; i++) {
            float re = parts[t][i], im = parts[t][IMAGINARY + i];
            magnitude[t + 1][i] = sqrtf(re * re + im * im);
        }
    multiply(v, CONV1, magnitude[0], BINS, TIMES, a[1]);
    bias_relu(v, CONV1, TIMES, a[1]);
    multiply(v, CONV2, a[0], (size_t)2 * 128, 2, b[1]); /* every second time */
    bias_relu(v, CONV2, 2, b[1]);
    multiply(v, CONV3, b[0], (size_t)2 * 64, 1, c);
    bias_relu(v, CONV3, 1, c);
    multiply(v, CONV4, c, 64, 1, out);
    bias_relu(v, CONV4, 1, out);
}

static float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }

/* Gates in the order of PyTorch: input, forget, cell, output. */
static void remember(const Vad *v, VadState *s, float x[2 * VAD_HIDDEN])
{
    float gates[GATES];
    memcpy(x + VAD_HIDDEN, s->h, sizeof s->h);
    multiply(v, LSTM, x, (size_t)2 * VAD_HIDDEN, 1, gates);
    for (size_t i = 0; i < GATES; i++)
        gates[i] += v->bias[LSTM][i];
    for (size_t i = 0; i < VAD_HIDDEN; i++) {
        const float *g = gates + i;
        s->c[i] = sigmoid(g[VAD_HIDDEN]) * s->c[i] + sigmoid(g[0]) * tanhf(g[2 * VAD_HIDDEN]);
        s->h[i] = sigmoid(g[3 * VAD_HIDDEN]) * tanhf(s->c[i]);
    }
}

float vad_frame(const Vad *v, VadState *s, const float frame[VAD_FRAME])
{
    float x[VAD_CONTEXT + VAD_FRAME + MIRROR], features[2 * VAD_HIDDEN];
    float *now = x + VAD_CONTEXT, *end = now + VAD_FRAME;
    memcpy(x, s->context, sizeof s->context);
    for (size_t i = 0; i < VAD_FRAME; i++)
        now[i] = fabsf(frame[i]) <= LOUDEST ? frame[i] : 0; /* NaN is not */
    for (size_t i = 0; i < MIRROR; i++)
        end[i] = end[-2 - (ptrdiff_t)i];
    memcpy(s->context, end - VAD_CONTEXT, sizeof s->context);
    encode(v, x, features);
    remember(v, s, features);
    float sum = v->bias[OUT][0];
    for (size_t i = 0; i < VAD_HIDDEN; i++)
        sum += s->h[i] > 0 ? s->h[i] * v->weight[OUT][i] : 0;
    return sigmoid(sum);
}
