/* whisper_weights.c - see whisper_weights.h. */
#include "nn/whisper_weights.h"

#include <stdio.h>

#include "base/mem.h"

typedef struct {
    WhisperWeights *w;
    const WhisperVisitor *v;
    Err *err;
    const char *part; /* "encoder" or "decoder" */
    uint32_t layer;
} Walk;

static bool visit_linear(const Walk *k, WhisperLinear *to, const char *own, WhisperLinearRef ref)
{
    ref.to = to;
    if (k->part)
        snprintf(ref.own, sizeof ref.own, "%s.%u.%s", k->part, k->layer, own);
    else
        snprintf(ref.own, sizeof ref.own, "%s", own);
    for (uint32_t i = 0; k->part && i < ref.parts; i++) {
        char name[64];
        memcpy(name, ref.part[i], sizeof name);
        snprintf(ref.part[i], sizeof ref.part[i], "%s.blocks.%u.%.40s", k->part, k->layer, name);
    }
    ref.k_padded = ref.k == 240 ? 256 : ref.k; /* 80 mels: up to what ops.h can turn */
    ref.n_padded = GEMM_UP(ref.parts * ref.n_part, (uint32_t)GEMM_N_STEP);
    if (ref.scale == 0)
        ref.scale = 1;
    return k->v->linear(k->v->arg, &ref, k->err);
}

static bool visit_vector(const Walk *k, const float **to, const char *own, const char *theirs,
                         uint32_t rows, uint32_t columns)
{
    WhisperVectorRef ref = {.to = to, .rows = rows, .columns = columns};
    if (k->part) {
        snprintf(ref.own, sizeof ref.own, "%.8s.%u.%.27s", k->part, k->layer, own);
        snprintf(ref.theirs, sizeof ref.theirs, "%.8s.blocks.%u.%.40s", k->part, k->layer, theirs);
    } else {
        snprintf(ref.own, sizeof ref.own, "%s", own);
        snprintf(ref.theirs, sizeof ref.theirs, "%s", theirs);
    }
    return k->v->vector(k->v->arg, &ref, k->err);
}

static bool visit_norm(const Walk *k, WhisperNorm *to, const char *own, const char *theirs)
{
    char name[2][48];
    uint32_t d = k->w->info.state;
    for (int i = 0; i < 2; i++) {
        snprintf(name[0], sizeof name[0], "%s.%s", own, i ? "beta" : "gamma");
        snprintf(name[1], sizeof name[1], "%s.%s", theirs, i ? "bias" : "weight");
        if (!visit_vector(k, i ? &to->beta : &to->gamma, name[0], name[1], 1, d))
            return false;
    }
    return true;
}

/* Queries are scaled by 1 / sqrt(64), which is exact. */
static bool visit_encoder(const Walk *k, WhisperEncoderLayer *l)
{
    uint32_t d = k->w->info.state;
    return visit_norm(k, &l->attention_norm, "attention_norm", "attn_ln") &&
           visit_norm(k, &l->mlp_norm, "mlp_norm", "mlp_ln") &&
           visit_linear(k, &l->qkv, "qkv",
                        (WhisperLinearRef){.part = {"attn.query", "attn.key", "attn.value"},
                                           .parts = 3, .k = d, .n_part = d, .bias = true,
                                           .scale = 0.125f}) &&
           visit_linear(k, &l->out, "out",
                        (WhisperLinearRef){.part = {"attn.out"}, .parts = 1, .k = d, .n_part = d,
                                           .bias = true}) &&
           visit_linear(k, &l->up, "up",
                        (WhisperLinearRef){.part = {"mlp.0"}, .parts = 1, .k = d, .n_part = 4 * d,
                                           .bias = true}) &&
           visit_linear(k, &l->down, "down",
                        (WhisperLinearRef){.part = {"mlp.2"}, .parts = 1, .k = 4 * d, .n_part = d,
                                           .bias = true});
}

static bool visit_decoder(const Walk *k, WhisperDecoderLayer *l)
{
    uint32_t d = k->w->info.state;
    WhisperEncoderLayer same = {0};
    if (!visit_encoder(k, &same) || !visit_norm(k, &l->cross_norm, "cross_norm", "cross_attn_ln") ||
        !visit_linear(k, &l->cross_q, "cross_q",
                      (WhisperLinearRef){.part = {"cross_attn.query"}, .parts = 1, .k = d,
                                         .n_part = d, .bias = true, .scale = 0.125f}) ||
        !visit_linear(k, &l->cross_kv, "cross_kv",
                      (WhisperLinearRef){.part = {"cross_attn.key", "cross_attn.value"},
                                         .parts = 2, .k = d, .n_part = d, .bias = true}) ||
        !visit_linear(k, &l->cross_out, "cross_out",
                      (WhisperLinearRef){.part = {"cross_attn.out"}, .parts = 1, .k = d,
                                         .n_part = d, .bias = true}))
        return false;
    l->attention_norm = same.attention_norm;
    l->mlp_norm = same.mlp_norm;
    l->qkv = same.qkv;
    l->out = same.out;
    l->up = same.up;
    l->down = same.down;
    return true;
}

bool whisper_visit(WhisperWeights *w, const WhisperVisitor *visitor, Err *err)
{
    const WhisperInfo *i = &w->info;
    Walk k = {.w = w, .v = visitor, .err = err};
    uint32_t d = i->state;
    if (!visit_vector(&k, &w->encoder_position, "encoder.position", "encoder.positional_embedding",
                      WHISPER_POSITIONS, d) ||
        !visit_vector(&k, &w->decoder_position, "decoder.position", "decoder.positional_embedding",
                      i->text_positions, d) ||
        !visit_norm(&k, &w->encoder_norm, "encoder.norm", "encoder.ln_post") ||
        !visit_norm(&k, &w->decoder_norm, "decoder.norm", "decoder.ln") ||
        !visit_linear(&k, &w->conv1, "conv1",
                      (WhisperLinearRef){.part = {"encoder.conv1"}, .parts = 1, .k = 3 * i->mels,
                                         .n_part = d, .bias = true, .convolution = true}) ||
        !visit_linear(&k, &w->conv2, "conv2",
                      (WhisperLinearRef){.part = {"encoder.conv2"}, .parts = 1, .k = 3 * d,
                                         .n_part = d, .bias = true, .convolution = true}))
        return false;
    k.part = "encoder";
    for (k.layer = 0; k.layer < i->encoder_layers; k.layer++)
        if (!visit_encoder(&k, &w->encoder[k.layer]))
            return false;
    k.part = "decoder";
    for (k.layer = 0; k.layer < i->decoder_layers; k.layer++)
        if (!visit_decoder(&k, &w->decoder[k.layer]))
            return false;
    k.part = NULL;
    return visit_linear(&k, &w->words, "words",
                        (WhisperLinearRef){.part = {"decoder.token_embedding"}, .parts = 1, .k = d,
                                           .n_part = i->vocabulary});
}

bool whisper_take_vector(WhisperSource *s, const WhisperVectorRef *ref, float *out, Err *err)
{
    uint64_t dims[3] = {ref->rows, ref->columns, 0};
    if (ref->rows == 1)
        dims[0] = ref->columns, dims[1] = 0;
    return tensor_read(&s->table, ref->theirs, dims, out, err);
}

/* [n][c][3] -> [n][3][c]: three frames lie one after another in memory. */
static bool taps_last(float *matrix, uint32_t rows, uint32_t k, Err *err)
{
    float *row = mem_array(k, sizeof *row);
    if (!row)
        return err_set(err, ERR_NO_MEMORY, "no memory to read a convolution");
    for (uint32_t r = 0; r < rows; r++) {
        float *w = matrix + (size_t)r * k;
        memcpy(row, w, k * sizeof *row);
        for (uint32_t i = 0; i < k; i++)
            w[i % 3 * (k / 3) + i / 3] = row[i];
    }
    mem_free(row);
    return true;
}

bool whisper_take_linear(WhisperSource *s, const WhisperLinearRef *ref, float *matrix, float *bias,
    Err *err)
{
    uint64_t flat[] = {ref->n_part, ref->k, 0}, taps[] = {ref->n_part, ref->k / 3, 3, 0};
    uint64_t line[] = {ref->n_part, 0};
    char name[80];
    memset(bias, 0, ref->n_padded * sizeof *bias);
    for (uint32_t p = 0; p < ref->parts; p++) {
        float *w = matrix + (size_t)p * ref->n_part * ref->k, *b = bias + p * ref->n_part;
        snprintf(name, sizeof name, "%s.weight", ref->part[p]);
        if (!tensor_read(&s->table, name, ref->convolution ? taps : flat, w, err))
            return false;
        snprintf(name, sizeof name, "%s.bias", ref->part[p]);
        size_t len = strlen(ref->part[p]);
        bool key = len > 4 && strcmp(ref->part[p] + len - 4, ".key") == 0;
        if (ref->bias && !key && !tensor_read(&s->table, name, line, b, err))
            return false;
        for (size_t i = 0; p == 0 && i < (size_t)ref->n_part * ref->k; i++)
            w[i] *= ref->scale;
        for (uint32_t i = 0; p == 0 && i < ref->n_part; i++)
            b[i] *= ref->scale;
    }
    uint32_t rows = ref->parts * ref->n_part;
    if (ref->convolution && !taps_last(matrix, rows, ref->k, err))
        return false;
    for (uint32_t r = rows; r-- > 0 && ref->k_padded > ref->k;) {
        float *to = matrix + (size_t)r * ref->k_padded;
        memmove(to, matrix + (size_t)r * ref->k, ref->k * sizeof *to);
        memset(to + ref->k, 0, (ref->k_padded - ref->k) * sizeof *to);
    }
    memset(matrix + (size_t)rows * ref->k_padded, 0,
           (size_t)(ref->n_padded - rows) * ref->k_padded * sizeof *matrix);
    return true;
}

/* ---- int8 --------------------------------------------------------------------------------------
 */

static const float *need(const WeightsFile *f, const char *name, const char *what, uint32_t n,
                         Err *err)
{
    char full[64];
    snprintf(full, sizeof full, "%.48s%s", name, what);
    return weights_need(f, full, WEIGHTS_F32, 1, &n, NULL, err);
}

static bool bind_linear(void *arg, const WhisperLinearRef *ref, Err *err)
{
    const WeightsFile *f = arg;
    WhisperLinear *l = ref->to;
    uint32_t k = ref->k_padded, n = ref->n_padded;
    *l = (WhisperLinear){.k = k, .n = n, .q = {.k = k, .n = n}};
    l->q.panels = weights_need(f, ref->own, WEIGHTS_S8_PANELS, 2, (uint32_t[]){k, n}, NULL, err);
    l->q.scale = l->q.panels ? need(f, ref->own, ".scale", n, err) : NULL;
    l->q.sum = l->q.scale ? need(f, ref->own, ".sum", n, err) : NULL;
    l->q.bias = l->q.sum ? need(f, ref->own, ".bias", n, err) : NULL;
    l->bias = l->q.bias;
    return l->bias != NULL;
}

static bool bind_vector(void *arg, const WhisperVectorRef *ref, Err *err)
{
    uint32_t dims[2] = {ref->rows, ref->columns};
    *ref->to = ref->rows == 1
                   ? weights_need(arg, ref->own, WEIGHTS_F32, 1, dims + 1, NULL, err)
                   : weights_need(arg, ref->own, WEIGHTS_F32, 2, dims, NULL, err);
    return *ref->to != NULL;
}

static const void *need_silence(const WeightsFile *f, const char *part, uint32_t layer,
                                const char *what, uint64_t bytes, Err *err)
{
    char name[64];
    uint64_t is = 0;
    snprintf(name, sizeof name, "%s.%u.silent_%s", part, layer, what);
    const void *p = weights_need(f, name, WEIGHTS_BYTES, 0, (uint32_t[]){0}, &is, err);
    if (p && is != bytes) {
        err_set(err, ERR_CORRUPT, "tensor \"%s\" has another size than this model", name);
        return NULL;
    }
    return p;
}

static bool bind_silence(WhisperWeights *w, const WeightsFile *f, Err *err)
{
    uint64_t n = (uint64_t)w->info.state * WHISPER_SILENT_ROWS;
    for (uint32_t i = 0; i < w->info.encoder_layers; i++) {
        WhisperEncoderLayer *l = &w->encoder[i];
        if (!(l->silent_k = need_silence(f, "encoder", i, "k", n * sizeof(float), err)) ||
            !(l->silent_v = need_silence(f, "encoder", i, "v", n * sizeof(float), err)))
            return false;
    }
    for (uint32_t i = 0; i < w->info.decoder_layers; i++) {
        WhisperDecoderLayer *l = &w->decoder[i];
        if (!(l->silent_k = need_silence(f, "decoder", i, "k", n * sizeof(uint16_t), err)) ||
            !(l->silent_v = need_silence(f, "decoder", i, "v", n * sizeof(uint16_t), err)))
            return false;
    }
    return true;
}

bool whisper_bind_int8(WhisperWeights *w, const WeightsFile *file, Err *err)
{
    uint64_t bytes = 0;
    *w = (WhisperWeights){0};
    const uint8_t *head = weights_need(file, "model", WEIGHTS_BYTES, 0, (uint32_t[]){0}, &bytes,
                                       err);
    if (!head)
        return false;
    if (bytes != sizeof w->info + sizeof w->align + sizeof w->n_align)
        return err_set(err, ERR_CORRUPT, "the weights' description has another size");
    memcpy(&w->info, head, sizeof w->info);
    memcpy(&w->n_align, head + sizeof w->info, sizeof w->n_align);
    memcpy(w->align, head + sizeof w->info + sizeof w->n_align, sizeof w->align);
    if (!whisper_info_check(&w->info, err))
        return false;
    bool ok = w->n_align <= WHISPER_ALIGN_MAX && w->info.languages <= 100;
    for (uint32_t i = 0; ok && i < w->n_align; i++)
        ok = w->align[i].layer < w->info.decoder_layers && w->align[i].head < w->info.heads;
    if (!ok)
        return err_set(err, ERR_CORRUPT, "the weights' description makes no sense");
    WhisperVisitor v = {bind_linear, bind_vector, (void *)file};
    const void *blob = weights_need(file, "vocabulary", WEIGHTS_BYTES, 0, (uint32_t[]){0}, &bytes,
                                    err);
    return blob && bpe_attach(&w->bpe, str_mem(blob, bytes), err) &&
           (w->filters = weights_need(file, "mel.filters", WEIGHTS_F32, 2,
                                      (uint32_t[]){w->info.mels, MEL_BINS}, NULL, err)) &&
           whisper_visit(w, &v, err) && bind_silence(w, file, err);
}

/* ---- fp32 --------------------------------------------------------------------------------------
 */

typedef struct {
    WhisperSource *source;
    float *at;      /* NULL: only counts */
    size_t count;
    float *scratch; /* the largest matrix */
    size_t largest;
} Carver;

static float *carve(Carver *c, size_t n)
{
    float *p = c->at ? c->at + c->count : NULL;
    c->count += GEMM_UP(n, (size_t)16);
    return p;
}

static bool carve_linear(void *arg, const WhisperLinearRef *ref, Err *err)
{
    Carver *c = arg;
    size_t k = ref->k_padded, n = ref->n_padded;
    float *w = carve(c, k * n), *bias = carve(c, n);
    c->largest = k * n > c->largest ? k * n : c->largest;
    if (!c->at)
        return true;
    if (!whisper_take_linear(c->source, ref, c->scratch, bias, err))
        return false;
    for (size_t j = 0; j < n; j++)
        for (size_t i = 0; i < k; i++)
            w[i * n + j] = c->scratch[j * k + i];
    *ref->to = (WhisperLinear){.f32 = w, .bias = bias, .k = (uint32_t)k, .n = (uint32_t)n};
    return true;
}

static bool carve_vector(void *arg, const WhisperVectorRef *ref, Err *err)
{
    Carver *c = arg;
    float *v = carve(c, (size_t)ref->rows * ref->columns);
    *ref->to = v;
    return !c->at || whisper_take_vector(c->source, ref, v, err);
}

static bool carve_all(Carver *c, WhisperWeights *w, Err *err)
{
    WhisperVisitor v = {carve_linear, carve_vector, c};
    size_t silence = (size_t)w->info.state * WHISPER_SILENT_ROWS;
    float *filters = carve(c, (size_t)w->info.mels * MEL_BINS);
    w->filters = filters;
    if (filters)
        memcpy(filters, c->source->filters, (size_t)w->info.mels * MEL_BINS * sizeof *filters);
    for (uint32_t i = 0; i < w->info.encoder_layers; i++) {
        w->encoder[i].silent_k = carve(c, silence);
        w->encoder[i].silent_v = carve(c, silence);
    }
    for (uint32_t i = 0; i < w->info.decoder_layers; i++) {
        w->decoder[i].silent_k = carve(c, silence);
        w->decoder[i].silent_v = carve(c, silence);
    }
    return whisper_visit(w, &v, err);
}

bool whisper_bind_fp32(WhisperWeights *w, WhisperSource *s, float **memory, Buf *blob, Err *err)
{
    *w = (WhisperWeights){.info = s->info, .n_align = s->n_align};
    memcpy(w->align, s->align, sizeof w->align);
    uint32_t text = s->info.languages ? 50257 : 50256;
    uint32_t n = s->n_tokens < text ? s->n_tokens : text;
    if (!bpe_build(s->tokens, n, blob, err) || !bpe_attach(&w->bpe, buf_str(blob), err))
        return false;
    Carver c = {.source = s};
    if (!carve_all(&c, w, err))
        return false;
    size_t count = c.count;
    c = (Carver){.source = s, .scratch = mem_array(c.largest, sizeof(float)),
                 .at = mem_aligned(64, count * sizeof(float))};
    bool ok = c.scratch && c.at;
    if (!ok)
        err_set(err, ERR_NO_MEMORY, "no memory for %zu MiB of weights", count >> 18);
    if (ok) {
        memset(c.at, 0, count * sizeof(float));
        ok = carve_all(&c, w, err);
    }
    mem_free(c.scratch);
    if (!ok)
        mem_free(c.at);
    else
        *memory = c.at;
    return ok;
}
