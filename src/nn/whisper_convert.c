/* whisper_convert.c - a published model becomes the mapped file (docs/MODELS.md). */
#include <stdio.h>

#include "base/mem.h"
#include "nn/ops.h"
#include "nn/whisper.h"
#include "nn/whisper_impl.h"

typedef struct {
    WeightsWriter *writer;
    WhisperSource *source;
} Converter;

static void add_f32(WeightsWriter *w, const char *name, const char *what, const float *v,
                    uint32_t n)
{
    char full[64];
    snprintf(full, sizeof full, "%.48s%s", name, what);
    float *out = weights_add(w, full, WEIGHTS_F32, 1, &n, 0);
    if (out)
        memcpy(out, v, n * sizeof *v);
}

static void add_bytes(WeightsWriter *w, const char *name, const void *p, size_t n)
{
    void *out = weights_add(w, name, WEIGHTS_BYTES, 0, (uint32_t[]){0}, n);
    if (out)
        memcpy(out, p, n);
}

/* W T / p, see ops.h; by the plain kernel, so that every machine makes the same weights. */
static void turn_rows(float *matrix, size_t rows, size_t k)
{
    float turned[OPS_ROTATE_MAX];
    for (size_t r = 0; r < rows; r++) {
        float *row = matrix + r * k;
        nn_ops_plain.rotate(row, k, turned);
        for (size_t i = 0; i < k; i++)
            row[i] = turned[i] / (k % 256 ? 8.0f : 16.0f);
    }
}

static bool convert_linear(void *arg, const WhisperLinearRef *ref, Err *err)
{
    Converter *c = arg;
    uint32_t k = ref->k_padded, n = ref->n_padded;
    float *matrix = mem_array((size_t)k * n, sizeof *matrix);
    float *line = mem_array(n, 3 * sizeof *line);
    bool ok = matrix && line;
    if (!ok)
        err_set(err, ERR_NO_MEMORY, "no memory to convert the weights");
    float *bias = line, *scale = ok ? line + n : NULL, *sum = ok ? line + 2 * n : NULL;
    ok = ok && whisper_take_linear(c->source, ref, matrix, bias, err);
    if (ok) {
        turn_rows(matrix, n, k);
        int8_t *panels = weights_add(c->writer, ref->own, WEIGHTS_S8_PANELS, 2,
                                     (uint32_t[]){k, n}, 0);
        if (panels)
            gemm_pack(matrix, k, n, panels, scale, sum);
        add_f32(c->writer, ref->own, ".scale", scale, panels ? n : 1);
        add_f32(c->writer, ref->own, ".sum", sum, panels ? n : 1);
        add_f32(c->writer, ref->own, ".bias", bias, panels ? n : 1);
    }
    mem_free(matrix);
    mem_free(line);
    return ok;
}

static bool convert_vector(void *arg, const WhisperVectorRef *ref, Err *err)
{
    Converter *c = arg;
    size_t n = (size_t)ref->rows * ref->columns;
    float *v = mem_array(n, sizeof *v);
    if (!v)
        return err_set(err, ERR_NO_MEMORY, "no memory to convert the weights");
    bool ok = whisper_take_vector(c->source, ref, v, err);
    uint32_t dims[2] = {ref->rows, ref->columns};
    float *out = !ok ? NULL
                     : weights_add(c->writer, ref->own, WEIGHTS_F32, ref->rows == 1 ? 1 : 2,
                                   ref->rows == 1 ? dims + 1 : dims, 0);
    if (out)
        memcpy(out, v, n * sizeof *v);
    mem_free(v);
    return ok;
}

static uint16_t bf16_of(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, 4);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static void add_silence(WeightsWriter *w, const Whisper *m)
{
    char name[64];
    size_t n = (size_t)m->w.info.state * WHISPER_SILENT_ROWS;
    for (uint32_t i = 0; i < m->w.info.encoder_layers; i++) {
        snprintf(name, sizeof name, "encoder.%u.silent_k", i);
        add_bytes(w, name, m->w.encoder[i].silent_k, n * sizeof(float));
        snprintf(name, sizeof name, "encoder.%u.silent_v", i);
        add_bytes(w, name, m->w.encoder[i].silent_v, n * sizeof(float));
    }
    for (uint32_t i = 0; i < 2 * m->w.info.decoder_layers; i++) {
        const WhisperDecoderLayer *l = &m->w.decoder[i / 2];
        const float *from = i % 2 ? l->silent_v : l->silent_k;
        snprintf(name, sizeof name, "decoder.%u.silent_%c", i / 2, i % 2 ? 'v' : 'k');
        uint16_t *to = weights_add(w, name, WEIGHTS_BYTES, 0, (uint32_t[]){0},
                                   n * sizeof(uint16_t));
        for (size_t k = 0; to && k < n; k++) {
            size_t j = k / WHISPER_SILENT_ROWS, p = k % WHISPER_SILENT_ROWS; /* keys: [d][384] */
            size_t block = j / 64 * (WHISPER_SILENT_ROWS / 64) + p / 64;
            to[i % 2 ? k : block * 4096 + j % 64 * 64 + p % 64] = bf16_of(from[k]);
        }
    }
}

static void add_head(WeightsWriter *w, const Whisper *m)
{
    uint8_t head[sizeof m->w.info + sizeof m->w.n_align + sizeof m->w.align];
    memcpy(head, &m->w.info, sizeof m->w.info);
    memcpy(head + sizeof m->w.info, &m->w.n_align, sizeof m->w.n_align);
    memcpy(head + sizeof m->w.info + sizeof m->w.n_align, m->w.align, sizeof m->w.align);
    add_bytes(w, "model", head, sizeof head);
    add_bytes(w, "vocabulary", m->blob.ptr, m->blob.len);
    uint32_t dims[2] = {m->w.info.mels, MEL_BINS};
    float *filters = weights_add(w, "mel.filters", WEIGHTS_F32, 2, dims, 0);
    if (filters)
        memcpy(filters, m->w.filters, (size_t)m->w.info.mels * MEL_BINS * sizeof *filters);
}

bool whisper_convert(const char *source, const char *out, Err *err)
{
    WhisperSource s;
    WhisperWeights *names = NULL;
    Whisper *m = whisper_open(source, WHISPER_FP32, err);
    if (!m)
        return false;
    bool ok = whisper_source_open(&s, source, err);
    if (!ok) {
        whisper_close(m);
        return false;
    }
    WeightsWriter *w = weights_begin(WHISPER_MODEL, &s.hash, err);
    names = mem_zalloc(sizeof *names);
    ok = w && names;
    if (w && !names)
        err_set(err, ERR_NO_MEMORY, "no memory to convert the weights");
    if (ok) {
        Converter c = {w, &s};
        WhisperVisitor v = {convert_linear, convert_vector, &c};
        names->info = s.info;
        add_head(w, m);
        ok = whisper_visit(names, &v, err);
        if (ok)
            add_silence(w, m);
    }
    whisper_source_close(&s);
    whisper_close(m);
    mem_free(names);
    if (ok)
        return weights_finish(w, out, err);
    weights_abandon(w);
    return false;
}
