/* minilm_file.c - see minilm_file.h. */
#include "nn/minilm_file.h"

#include <math.h>
#include <stdio.h>

#include "base/mem.h"
#include "nn/minilm.h"
#include "nn/ops.h"

#define QUERY_SCALE 0.17677669529663687f /* 1 / sqrt(32), folded into the query's weights */

typedef struct {
    const char *name; /* ours: "layer.%d.NAME.weight" */
    const char *parts[3]; /* theirs: "encoder.layer.%d.PART.weight", rows after one another */
    uint32_t k, n;        /* n of one part */
} LinearSpec;

enum { QKV, OUT, UP, DOWN, LINEARS };
static const LinearSpec specs[LINEARS] = {
    {"qkv", {"attention.self.query", "attention.self.key", "attention.self.value"}, MINILM_HIDDEN,
        MINILM_HIDDEN},
    {"out", {"attention.output.dense"}, MINILM_HIDDEN, MINILM_HIDDEN},
    {"up", {"intermediate.dense"}, MINILM_HIDDEN, MINILM_FFN},
    {"down", {"output.dense"}, MINILM_FFN, MINILM_HIDDEN},
};
static const char *const norm_theirs[2] = {"attention.output.LayerNorm", "output.LayerNorm"};
static const char *const gamma_beta[2] = {"weight", "bias"};

typedef char Name[64];

static const char *name_of(Name out, int layer, const char *part, const char *what)
{
    snprintf(out, sizeof(Name), "encoder.layer.%d.%s.%s", layer, part, what);
    return out;
}

static const char *own_name(Name out, int layer, const char *part, const char *what)
{
    snprintf(out, sizeof(Name), "layer.%d.%s.%s", layer, part, what);
    return out;
}

static uint32_t spec_n(const LinearSpec *spec) { return spec->parts[1] ? 3 * spec->n : spec->n; }

/* Copies the fp32 tensor `name` to out (which may be NULL: only the check). */
static bool take(const Safetensors *s, const char *name, uint64_t rows, uint64_t cols, float *out,
    Err *err)
{
    const StTensor *t = safetensors_need_f32(s, name, rows, cols, err);
    if (t && out) {
        memcpy(out, t->data, t->bytes);
    }
    return t != NULL;
}

/* One linear map as [n][k] and bias [n], the query part scaled. */
static bool take_linear(const Safetensors *s, int layer, const LinearSpec *spec, float *w,
    float *bias, Err *err)
{
    Name name;
    for (int p = 0; p < 3 && spec->parts[p]; p++) {
        float *wp = w + (size_t)p * spec->n * spec->k, *bp = bias + (size_t)p * spec->n;
        if (!take(s, name_of(name, layer, spec->parts[p], "weight"), spec->n, spec->k, wp, err) ||
            !take(s, name_of(name, layer, spec->parts[p], "bias"), spec->n, 0, bp, err)) {
            return false;
        }
        bool query = spec == &specs[QKV] && p == 0;
        for (size_t i = 0; query && i < (size_t)spec->n * spec->k; i++) {
            wp[i] *= QUERY_SCALE;
        }
        for (size_t i = 0; query && i < spec->n; i++) {
            bp[i] *= QUERY_SCALE;
        }
    }
    return true;
}

/* position [256][384] with the type embedding of sentence 0 added: every token gets both. */
static bool take_position(const Safetensors *s, float *out, Err *err)
{
    const StTensor *p = safetensors_need_f32(s, "embeddings.position_embeddings.weight", 512,
        MINILM_HIDDEN, err);
    float type[2 * MINILM_HIDDEN];
    if (!p || !take(s, "embeddings.token_type_embeddings.weight", 2, MINILM_HIDDEN, type, err)) {
        return false;
    }
    memcpy(out, p->data, sizeof(float) * MINILM_POSITIONS * MINILM_HIDDEN);
    for (size_t i = 0; i < MINILM_POSITIONS * MINILM_HIDDEN; i++) {
        out[i] += type[i % MINILM_HIDDEN];
    }
    return true;
}

/* Converting. Small tensors first, then the matrices in the order a pass reads them, then what is
 * only looked up. */

static bool add_f32(WeightsWriter *w, const Safetensors *s, const char *own, const char *theirs,
    Err *err)
{
    float *out = weights_add(w, own, WEIGHTS_F32, 1, (uint32_t[]){MINILM_HIDDEN}, 0);
    return take(s, theirs, MINILM_HIDDEN, 0, out, err);
}

static bool add_norms(WeightsWriter *w, const Safetensors *s, Err *err)
{
    Name own, theirs;
    for (int g = 0; g < 2; g++) {
        snprintf(own, sizeof own, "embed.norm.%s", gamma_beta[g]);
        snprintf(theirs, sizeof theirs, "embeddings.LayerNorm.%s", gamma_beta[g]);
        if (!add_f32(w, s, own, theirs, err)) {
            return false;
        }
        for (int layer = 0; layer < MINILM_LAYERS; layer++) {
            for (int i = 0; i < 2; i++) {
                own_name(own, layer, i ? "norm2" : "norm1", gamma_beta[g]);
                name_of(theirs, layer, norm_theirs[i], gamma_beta[g]);
                if (!add_f32(w, s, own, theirs, err)) {
                    return false;
                }
            }
        }
    }
    return true;
}

static void add_vector(WeightsWriter *w, const char *name, const float *v, uint32_t n)
{
    float *out = weights_add(w, name, WEIGHTS_F32, 1, &n, 0);
    if (out) {
        memcpy(out, v, n * sizeof *v);
    }
}

/* W T / p, see ops.h. By the plain kernel, so that every machine makes the same file. */
static void rotate_row(float *w, uint32_t k)
{
    float turned[OPS_ROTATE_MAX];
    nn_ops_at(CPU_PLAIN)->rotate(w, k, turned);
    for (uint32_t i = 0; i < k; i++) {
        w[i] = turned[i] / (k % 256 ? 8.0f : 16.0f);
    }
}

static bool add_linear(WeightsWriter *w, const Safetensors *s, int layer, const LinearSpec *spec,
    Err *err)
{
    uint32_t n = spec_n(spec), dims[2] = {spec->k, n};
    float *matrix = mem_array((size_t)n * spec->k, sizeof *matrix);
    float bias[MINILM_FFN], scale[MINILM_FFN], sum[MINILM_FFN];
    bool ok = matrix != NULL || err_set(err, ERR_NO_MEMORY, "no memory to convert the weights");
    ok = ok && take_linear(s, layer, spec, matrix, bias, err);
    for (size_t row = 0; ok && row < n; row++) {
        rotate_row(matrix + row * spec->k, spec->k);
    }
    if (ok) {
        Name name;
        int8_t *panels = weights_add(w, own_name(name, layer, spec->name, "weight"),
            WEIGHTS_S8_PANELS, 2, dims, 0);
        if (panels) {
            gemm_pack(matrix, spec->k, n, panels, scale, sum);
        }
        add_vector(w, own_name(name, layer, spec->name, "scale"), scale, panels ? n : 0);
        add_vector(w, own_name(name, layer, spec->name, "sum"), sum, panels ? n : 0);
        add_vector(w, own_name(name, layer, spec->name, "bias"), bias, panels ? n : 0);
    }
    mem_free(matrix);
    return ok;
}

/* The word table, int8 with a scale a row. */
static bool add_words(WeightsWriter *w, const Safetensors *s, Err *err)
{
    const StTensor *t = safetensors_need_f32(s, "embeddings.word_embeddings.weight", MINILM_VOCAB,
        MINILM_HIDDEN, err);
    float *scale = mem_array(MINILM_VOCAB, sizeof *scale);
    if (!t || !scale) {
        mem_free(scale);
        return t && err_set(err, ERR_NO_MEMORY, "no memory to convert the word table");
    }
    int8_t *q = weights_add(w, "embed.word", WEIGHTS_S8, 2,
        (uint32_t[]){MINILM_VOCAB, MINILM_HIDDEN}, 0);
    for (size_t id = 0; q && id < MINILM_VOCAB; id++) {
        float row[MINILM_HIDDEN], top = 0;
        memcpy(row, t->data + id * sizeof row, sizeof row);
        for (int i = 0; i < MINILM_HIDDEN; i++) {
            top = fabsf(row[i]) > top ? fabsf(row[i]) : top;
        }
        scale[id] = top / 127.0f;
        for (int i = 0; top > 0 && i < MINILM_HIDDEN; i++) {
            q[id * MINILM_HIDDEN + (size_t)i] = (int8_t)lrintf(row[i] / scale[id]);
        }
    }
    add_vector(w, "embed.word.scale", scale, MINILM_VOCAB);
    mem_free(scale);
    return true;
}

static bool add_vocab(WeightsWriter *w, Str vocab, Err *err)
{
    Buf blob;
    WordPiece words;
    buf_init(&blob, 16 << 20);
    bool ok = wordpiece_build(vocab, &blob, err) && wordpiece_attach(&words, buf_str(&blob), err);
    if (ok && words.count != MINILM_VOCAB) {
        ok = err_set(err, ERR_CORRUPT, "the vocabulary has %u tokens where this model has %d",
            words.count, MINILM_VOCAB);
    }
    if (ok) {
        void *out = weights_add(w, "vocabulary", WEIGHTS_BYTES, 0, (uint32_t[]){0}, blob.len);
        if (out) {
            memcpy(out, blob.ptr, blob.len);
        }
    }
    buf_release(&blob);
    return ok;
}

static bool convert(WeightsWriter *w, const Safetensors *s, Str vocab, Err *err)
{
    if (!add_norms(w, s, err)) {
        return false;
    }
    for (int layer = 0; layer < MINILM_LAYERS; layer++) {
        for (int i = 0; i < LINEARS; i++) {
            if (!add_linear(w, s, layer, &specs[i], err)) {
                return false;
            }
        }
    }
    float *position = mem_array(MINILM_POSITIONS, MINILM_HIDDEN * sizeof *position);
    if (!position || !take_position(s, position, err)) {
        bool corrupt = position != NULL;
        mem_free(position);
        return corrupt ? false : err_set(err, ERR_NO_MEMORY, "no memory to convert the weights");
    }
    void *out = weights_add(w, "embed.position", WEIGHTS_F32, 2,
        (uint32_t[]){MINILM_POSITIONS, MINILM_HIDDEN}, 0);
    if (out) {
        memcpy(out, position, sizeof(float) * MINILM_POSITIONS * MINILM_HIDDEN);
    }
    mem_free(position);
    return add_vocab(w, vocab, err) && add_words(w, s, err);
}

bool minilm_convert(const char *safetensors, const char *vocab, const char *out, Err *err)
{
    Mapped map = {0};
    Buf words;
    Sha256 source;
    Safetensors *s = NULL;
    WeightsWriter *w = NULL;
    buf_init(&words, 16 << 20);
    bool ok = os_map(safetensors, &map, err) && os_read_file(vocab, &words, err);
    if (ok) {
        Str file = str_mem((const char *)map.data, map.size);
        ok = sha256(file, &source, err) && (s = safetensors_parse(file, err)) != NULL &&
            (w = weights_begin(MINILM_MODEL, &source, err)) != NULL &&
            convert(w, s, buf_str(&words), err);
    }
    if (ok) {
        ok = weights_finish(w, out, err);
    } else {
        weights_abandon(w);
    }
    safetensors_free(s);
    buf_release(&words);
    os_unmap(&map);
    return ok;
}

/* Binding. */

static const float *need_vector(const WeightsFile *f, const char *name, uint32_t n, Err *err)
{
    return weights_need(f, name, WEIGHTS_F32, 1, &n, NULL, err);
}

static bool bind_linear(MinilmLinear *l, const WeightsFile *f, int layer, const LinearSpec *spec,
    Err *err)
{
    Name name;
    uint32_t n = spec_n(spec);
    *l = (MinilmLinear){.k = spec->k, .n = n, .q = {.k = spec->k, .n = n}};
    l->q.panels = weights_need(f, own_name(name, layer, spec->name, "weight"), WEIGHTS_S8_PANELS, 2,
        (uint32_t[]){spec->k, n}, NULL, err);
    l->q.scale = l->q.panels ? need_vector(f, own_name(name, layer, spec->name, "scale"), n, err) :
        NULL;
    l->q.sum = l->q.scale ? need_vector(f, own_name(name, layer, spec->name, "sum"), n, err) : NULL;
    l->q.bias = l->q.sum ? need_vector(f, own_name(name, layer, spec->name, "bias"), n, err) : NULL;
    l->bias = l->q.bias;
    return l->bias != NULL;
}

static bool bind_layer(MinilmLayer *l, const WeightsFile *f, int layer, Err *err)
{
    Name name;
    for (int g = 0; g < 2; g++) {
        l->norm1[g] = need_vector(f, own_name(name, layer, "norm1", gamma_beta[g]), MINILM_HIDDEN,
            err);
        l->norm2[g] = l->norm1[g] ? need_vector(f, own_name(name, layer, "norm2", gamma_beta[g]),
            MINILM_HIDDEN, err) : NULL;
        if (!l->norm2[g]) {
            return false;
        }
    }
    MinilmLinear *linears[LINEARS] = {&l->qkv, &l->out, &l->up, &l->down};
    for (int i = 0; i < LINEARS; i++) {
        if (!bind_linear(linears[i], f, layer, &specs[i], err)) {
            return false;
        }
    }
    return true;
}

bool minilm_bind_int8(MinilmWeights *w, const WeightsFile *file, Err *err)
{
    *w = (MinilmWeights){0};
    Name name;
    for (int g = 0; g < 2; g++) {
        snprintf(name, sizeof name, "embed.norm.%s", gamma_beta[g]);
        w->norm[g] = need_vector(file, name, MINILM_HIDDEN, err);
        if (!w->norm[g]) {
            return false;
        }
    }
    for (int layer = 0; layer < MINILM_LAYERS; layer++) {
        if (!bind_layer(&w->layer[layer], file, layer, err)) {
            return false;
        }
    }
    uint64_t bytes = 0;
    const void *blob;
    return (w->position = weights_need(file, "embed.position", WEIGHTS_F32, 2,
                (uint32_t[]){MINILM_POSITIONS, MINILM_HIDDEN}, NULL, err)) &&
        (w->word_scale = need_vector(file, "embed.word.scale", MINILM_VOCAB, err)) &&
        (w->word = weights_need(file, "embed.word", WEIGHTS_S8, 2,
             (uint32_t[]){MINILM_VOCAB, MINILM_HIDDEN}, NULL, err)) &&
        (blob = weights_need(file, "vocabulary", WEIGHTS_BYTES, 0, (uint32_t[]){0}, &bytes, err)) &&
        wordpiece_attach(&w->words, str_mem(blob, bytes), err) &&
        (w->words.count == MINILM_VOCAB ||
            err_set(err, ERR_CORRUPT, "the vocabulary has another size than this model's"));
}

/* The fp32 road. */

typedef struct {
    float *at, *end; /* of the one block everything is carved from; sized for the whole model */
} Carver;

static float *carve(Carver *c, size_t n)
{
    float *p = c->at;
    c->at += n;
    return c->at <= c->end ? p : NULL;
}

static bool bind_linear_f32(MinilmLinear *l, Carver *c, const Safetensors *s, int layer,
    const LinearSpec *spec, float *scratch, Err *err)
{
    uint32_t k = spec->k, n = spec_n(spec);
    float *w = carve(c, (size_t)k * n), *bias = carve(c, n);
    if (!take_linear(s, layer, spec, scratch, bias, err)) {
        return false;
    }
    for (uint32_t j = 0; j < n; j++) {
        for (uint32_t i = 0; i < k; i++) {
            w[(size_t)i * n + j] = scratch[(size_t)j * k + i];
        }
    }
    *l = (MinilmLinear){.f32 = w, .bias = bias, .k = k, .n = n};
    return true;
}

static bool bind_norm_f32(const float *gb[2], Carver *c, const Safetensors *s, const char *prefix,
    Err *err)
{
    for (int g = 0; g < 2; g++) {
        char name[96];
        float *v = carve(c, MINILM_HIDDEN);
        snprintf(name, sizeof name, "%s.%s", prefix, gamma_beta[g]);
        if (!take(s, name, MINILM_HIDDEN, 0, v, err)) {
            return false;
        }
        gb[g] = v;
    }
    return true;
}

static bool bind_fp32(MinilmWeights *w, Carver *c, const Safetensors *s, float *scratch, Err *err)
{
    float *position = carve(c, MINILM_POSITIONS * MINILM_HIDDEN);
    float *word = carve(c, (size_t)MINILM_VOCAB * MINILM_HIDDEN);
    if (!take_position(s, position, err) || !take(s, "embeddings.word_embeddings.weight",
            MINILM_VOCAB, MINILM_HIDDEN, word, err) ||
        !bind_norm_f32(w->norm, c, s, "embeddings.LayerNorm", err)) {
        return false;
    }
    w->position = position;
    w->word_f32 = word;
    for (int layer = 0; layer < MINILM_LAYERS; layer++) {
        MinilmLayer *l = &w->layer[layer];
        MinilmLinear *linears[LINEARS] = {&l->qkv, &l->out, &l->up, &l->down};
        for (int i = 0; i < LINEARS; i++) {
            if (!bind_linear_f32(linears[i], c, s, layer, &specs[i], scratch, err)) {
                return false;
            }
        }
        for (int i = 0; i < 2; i++) {
            char prefix[64];
            snprintf(prefix, sizeof prefix, "encoder.layer.%d.%s", layer, norm_theirs[i]);
            if (!bind_norm_f32(i ? l->norm2 : l->norm1, c, s, prefix, err)) {
                return false;
            }
        }
    }
    return true;
}

bool minilm_bind_fp32(MinilmWeights *w, Str safetensors, Str vocab, void **memory, Err *err)
{
    *w = (MinilmWeights){0};
    Buf blob;
    buf_init(&blob, 16 << 20);
    Safetensors *s = NULL;
    float *block = NULL, *scratch = NULL;
    bool ok = wordpiece_build(vocab, &blob, err) && (s = safetensors_parse(safetensors, err));
    if (ok) {
        size_t floats = (MINILM_VOCAB + MINILM_POSITIONS + 2) * (size_t)MINILM_HIDDEN;
        for (int i = 0; i < LINEARS; i++) {
            floats += MINILM_LAYERS * ((size_t)specs[i].k + 1) * spec_n(&specs[i]);
        }
        floats += MINILM_LAYERS * 4 * MINILM_HIDDEN;
        block = mem_alloc(floats * sizeof *block + blob.len);
        scratch = mem_alloc((size_t)MINILM_FFN * MINILM_HIDDEN * sizeof *scratch);
        Carver c = {block, block ? block + floats : NULL};
        ok = (block && scratch) || err_set(err, ERR_NO_MEMORY, "no memory for the fp32 weights");
        ok = ok && bind_fp32(w, &c, s, scratch, err);
        if (ok) {
            memcpy(block + floats, blob.ptr, blob.len);
            ok =
                wordpiece_attach(&w->words, str_mem((const char *)(block + floats), blob.len), err);
        }
        if (ok && w->words.count != MINILM_VOCAB) {
            ok = err_set(err, ERR_CORRUPT, "the vocabulary has another size than this model's");
        }
    }
    mem_free(scratch);
    safetensors_free(s);
    buf_release(&blob);
    if (!ok) {
        mem_free(block);
        return false;
    }
    *memory = block;
    return true;
}
