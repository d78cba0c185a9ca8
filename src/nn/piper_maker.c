/* piper_maker.c - see piper_maker.h. */
#include "nn/piper_maker.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"

bool maker_fail(Maker *m, const char *fmt, ...)
{
    if (m->ok) {
        char text[200];
        va_list ap;
        va_start(ap, fmt);
        (void)vsnprintf(text, sizeof text, fmt, ap);
        va_end(ap);
        err_set(m->err, ERR_CORRUPT, "this is no voice of Piper: %s", text);
    }
    m->ok = false;
    return false;
}

void *maker_no_memory(Maker *m)
{
    if (m->ok) {
        err_set(m->err, ERR_NO_MEMORY, "no memory to convert the voice");
    }
    m->ok = false;
    return NULL;
}

/* Reading. */

const OnnxTensor *maker_find(Maker *m, Str name)
{
    const OnnxTensor *t = m->ok ? onnx_tensor(m->onnx, name) : NULL;
    return t && t->type == ONNX_F32 ? t : NULL;
}

float *maker_copy(Maker *m, const OnnxTensor *t)
{
    float *out = mem_array(t->count ? t->count : 1, sizeof *out);
    if (!out) {
        return maker_no_memory(m);
    }
    memcpy(out, t->data, t->count * sizeof *out);
    for (uint64_t i = 0; i < t->count; i++) {
        if (!isfinite(out[i])) {
            maker_fail(m, "the weights \"%.*s\" are not all numbers", STR_ARG(t->name));
            break;
        }
    }
    return out;
}

/* The fp32 tensor of this shape (0 at the end of dims: any), copied; NULL when there is none. */
float *maker_take(Maker *m, uint32_t rank, const uint32_t *dims, const char *fmt, ...)
{
    Name name;
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(name, sizeof name, fmt, ap);
    va_end(ap);
    const OnnxTensor *t = maker_find(m, str_of(name));
    if (!t || t->rank != rank || memcmp(t->shape, dims, rank * sizeof *dims) != 0) {
        maker_fail(m, "the tensor \"%s\" is missing or has another shape", name);
        return NULL;
    }
    return maker_copy(m, t);
}

/* Weights of the convolution with the bias `prefix`.bias: by name, or by the node. */
const OnnxTensor *maker_weights(Maker *m, const char *prefix)
{
    Name name;
    (void)snprintf(name, sizeof name, "%s.weight", prefix);
    const OnnxTensor *t = maker_find(m, str_of(name));
    if (t || !m->ok) {
        return t;
    }
    (void)snprintf(name, sizeof name, "%s.bias", prefix);
    const OnnxNode *n = onnx_node_with_input(m->onnx, STR("Conv"), 2, str_of(name));
    n = n ? n : onnx_node_with_input(m->onnx, STR("ConvTranspose"), 2, str_of(name));
    return n ? maker_find(m, n->input[1]) : NULL;
}

Raw maker_conv(Maker *m, const char *fmt, ...)
{
    Name prefix;
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(prefix, sizeof prefix, fmt, ap);
    va_end(ap);
    Raw r = {0};
    const OnnxTensor *t = maker_weights(m, prefix);
    if (!t || t->rank != 3 || t->count == 0 || t->count > (1u << 26)) {
        maker_fail(m, "the convolution \"%s\" is missing", prefix);
        return r;
    }
    r = (Raw){.out = t->shape[0], .in = t->shape[1], .taps = t->shape[2], .w = maker_copy(m, t)};
    r.b = maker_take(m, 1, &r.out, "%s.bias", prefix);
    return r;
}

void raw_free(Raw *r)
{
    mem_free(r->w);
    mem_free(r->b);
    *r = (Raw){0};
}

/* Writing. */

float *maker_add(Maker *m, uint32_t rank, const uint32_t *dims, const char *fmt, ...)
{
    Name name;
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(name, sizeof name, fmt, ap);
    va_end(ap);
    return m->ok && !m->panels ? weights_add(m->writer, name, WEIGHTS_F32, rank, dims, 0) : NULL;
}

void maker_put_vector(Maker *m, const char *name, const float *v, uint32_t n)
{
    float *out = v ? maker_add(m, 1, &n, "%s", name) : NULL;
    if (out) {
        memcpy(out, v, n * sizeof *v);
    }
}

/* Packs and frees r, which must have these shapes; out is padded to 16. */
/* The tiles of bf16 of a convolution, in one part or two. */
static void put_tiles(Maker *m, const Raw *r, uint32_t out, const char *name)
{
    Name full;
    size_t bytes = conv_packed(r->taps, r->in, out) * sizeof(uint16_t);
    uint16_t *low = m->split ? mem_alloc(bytes) : NULL;
    if (m->split && !low) {
        maker_no_memory(m);
        return;
    }
    (void)snprintf(full, sizeof full, "%s.h", name);
    uint16_t *tiles = weights_add(m->writer, full, WEIGHTS_BYTES, 0, (uint32_t[]){0}, bytes);
    if (tiles) {
        conv_pack16(r->w, r->taps, r->in, r->out, out, tiles, low);
    }
    (void)snprintf(full, sizeof full, "%s.l", name);
    void *more = low ? weights_add(m->writer, full, WEIGHTS_BYTES, 0, (uint32_t[]){0}, bytes) :
        NULL;
    if (more && tiles) {
        memcpy(more, low, bytes);
    }
    mem_free(low);
}

void maker_put_conv(Maker *m, Raw *r, uint32_t taps, uint32_t in, uint32_t out_real,
    const char *name)
{
    uint32_t out = (out_real + 15) / 16 * 16;
    bool tiled = in % 32 == 0;
    Name full;
    if (m->ok && (!r->w || !r->b || r->taps != taps || r->in != in || r->out != out_real)) {
        maker_fail(m, "the convolution for \"%s\" is [%u][%u][%u] and should be [%u][%u][%u]", name,
            r->out, r->in, r->taps, out_real, in, taps);
    }
    if (m->ok && tiled == m->panels) {
        (void)snprintf(full, sizeof full, "%s.w", name);
        float *w = weights_add(m->writer, full, WEIGHTS_F32, 3, (uint32_t[]){taps, in, out}, 0);
        if (w) {
            conv_pack(r->w, taps, in, out_real, out, w);
        }
    }
    if (m->ok && tiled && !m->panels) {
        put_tiles(m, r, out, name);
    }
    float *b = maker_add(m, 1, &out, "%s.b", name);
    if (b && r->b) {
        memcpy(b, r->b, out_real * sizeof *b);
    }
    raw_free(r);
}

void raw_scale(Raw *r, uint32_t from, uint32_t to, float k)
{
    size_t row = (size_t)r->in * r->taps;
    for (uint32_t o = from; r->w && r->b && o < to && o < r->out; o++) {
        r->b[o] *= k;
        for (size_t i = 0; i < row; i++) {
            r->w[o * row + i] *= k;
        }
    }
}

void maker_put_norm(Maker *m, uint32_t n, const char *theirs, const char *ours)
{
    static const char *const parts[2] = {"gamma", "beta"};
    for (int i = 0; i < 2; i++) {
        Name name;
        float *v = maker_take(m, 1, &n, "%s.%s", theirs, parts[i]);
        (void)snprintf(name, sizeof name, "%s.%s", ours, parts[i]);
        maker_put_vector(m, name, v, n);
        mem_free(v);
    }
}

uint32_t maker_count(Maker *m, const char *fmt, uint32_t from, uint32_t step, uint32_t most)
{
    uint32_t n = 0;
    for (; n < most; n++) {
        Name name;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        (void)snprintf(name, sizeof name, fmt, from + n * step);
#pragma GCC diagnostic pop
        if (!maker_find(m, str_of(name))) {
            break;
        }
    }
    return n;
}

void maker_put_bytes(Maker *m, const char *name, const void *p, size_t n)
{
    void *out = m->ok && !m->panels ?
        weights_add(m->writer, name, WEIGHTS_BYTES, 0, (uint32_t[]){0}, n) : NULL;
    if (out) {
        memcpy(out, p, n);
    }
}

