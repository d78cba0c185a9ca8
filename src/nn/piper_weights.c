/* piper_weights.c - see piper_weights.h. */
#include "nn/piper_weights.h"

#include <stdarg.h>
#include <stdio.h>

static bool in(uint32_t v, uint32_t least, uint32_t most)
{
    return v >= least && v <= most;
}

static bool channels(uint32_t v)
{
    return in(v, 16, 2048) && v % 16 == 0;
}

static bool odd_taps(uint32_t v)
{
    return in(v, 1, 15) && v % 2 == 1;
}

static bool check_decoder(const PiperShape *s)
{
    bool ok = in(s->stages, 1, PIPER_STAGES_MAX) && in(s->blocks, 1, PIPER_BLOCKS_MAX) &&
        in(s->convs, 1, 2) && odd_taps(s->pre_taps) && odd_taps(s->post_taps) &&
        channels(s->pre_out);
    for (uint32_t i = 0; ok && i < s->stages; i++) {
        uint32_t rate = s->up[i].rate, kernel = s->up[i].kernel;
        ok = channels(s->up[i].out) && in(rate, 2, 16) && kernel % rate == 0 &&
            in(kernel / rate, 1, 4) && (kernel - rate) % 2 == 0;
    }
    for (uint32_t i = 0; ok && i < s->blocks; i++) {
        ok = odd_taps(s->block[i].taps) && in(s->block[i].units, 1, PIPER_UNITS_MAX);
        for (uint32_t u = 0; ok && u < s->block[i].units; u++) {
            ok = in(s->block[i].dilation[u], 1, 32);
        }
    }
    return ok;
}

bool piper_shape_check(const PiperShape *s, Err *err)
{
    bool ok = in(s->vocab, 8, 4096) && channels(s->hidden) && s->hidden % 32 == 0 &&
        in(s->hidden, 32, 512) && in(s->heads, 1, 16) && s->hidden % (16 * s->heads) == 0 &&
        in(s->layers, 1, PIPER_LAYERS_MAX) && channels(s->ffn) && odd_taps(s->ffn_taps) &&
        in(s->window, 1, (PIPER_REL - 1) / 2) && in(s->flows, 1, PIPER_FLOWS_MAX) &&
            in(s->wn, 1, PIPER_WN_MAX) &&
        odd_taps(s->wn_taps) && check_decoder(s);
    return ok || err_set(err, ERR_CORRUPT, "the voice has a shape that is not one of Piper's");
}

uint32_t piper_hop(const PiperShape *s)
{
    uint32_t hop = 1;
    for (uint32_t i = 0; i < s->stages; i++) {
        hop *= s->up[i].rate;
    }
    return hop;
}

/* The first failure is kept and everything behind it is skipped. */
typedef struct {
    const WeightsFile *file;
    Err *err;
    bool ok, fast;
    bool split; /* bf16 in two parts */
} Binder;

typedef char Name[WEIGHTS_NAME_MAX + 1];

__attribute__((format(printf, 5, 6)))
static const float *need(Binder *b, uint32_t rank, uint32_t d0, uint32_t d1, const char *fmt, ...)
{
    Name name;
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(name, sizeof name, fmt, ap);
    va_end(ap);
    const float *data = b->ok ? weights_need(b->file, name, WEIGHTS_F32, rank,
        (uint32_t[]){d0, d1}, NULL, b->err) : NULL;
    b->ok = data != NULL;
    return data;
}

/* Tiles of bf16 for one that fits. */
static const uint16_t *tiles(Binder *b, const char *name, char part, const Conv1d *c)
{
    char full[sizeof(Name) + 2];
    uint64_t bytes = 0;
    (void)snprintf(full, sizeof full, "%s.%c", name, part);
    const uint16_t *p = b->ok ? weights_need(b->file, full, WEIGHTS_BYTES, 0, (uint32_t[]){0},
        &bytes, b->err) : NULL;
    b->ok = p && (bytes == conv_packed(c->taps, c->in, c->out) * sizeof *p ||
        err_set(b->err, ERR_CORRUPT, "tensor \"%s\" has another size than this model", full));
    return p;
}

/* A convolution called `name`: weights "name.w" [taps][in][out] in panels, "name.b" [out]. */
static Conv1d conv(Binder *b, const char *name, uint32_t taps, uint32_t in_channels, uint32_t out,
    uint32_t dilation, uint32_t left)
{
    char full[sizeof(Name) + 2];
    Conv1d c = {.taps = taps, .in = in_channels, .out = out, .dilation = dilation, .left = left};
    (void)snprintf(full, sizeof full, "%s.w", name);
    c.w = b->ok ? weights_need(b->file, full, WEIGHTS_F32, 3, (uint32_t[]){taps, in_channels, out},
        NULL, b->err) : NULL;
    b->ok = c.w != NULL;
    /* there on every machine, so that a file of an older kind is told */
    if (in_channels % 32 == 0) {
        const uint16_t *high = tiles(b, name, 'h', &c);
        const uint16_t *low = b->split ? tiles(b, name, 'l', &c) : NULL;
        bool use = b->fast && conv_takes16(&c);
        c.w16 = use ? high : NULL;
        c.low16 = use ? low : NULL;
    }
    c.bias = need(b, 1, out, 0, "%s.b", name);
    return c;
}

__attribute__((format(printf, 6, 7)))
static Conv1d conv_at(Binder *b, uint32_t taps, uint32_t in_channels, uint32_t out,
    uint32_t dilation, const char *fmt, ...)
{
    Name name;
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(name, sizeof name, fmt, ap);
    va_end(ap);
    return conv(b, name, taps, in_channels, out, dilation, (taps - 1) / 2);
}

static PiperNorm norm(Binder *b, uint32_t n, const char *prefix, int i)
{
    return (PiperNorm){need(b, 1, n, 0, "%s.norm%d.gamma", prefix, i),
        need(b, 1, n, 0, "%s.norm%d.beta", prefix, i)};
}

static void bind_layer(Binder *b, const PiperWeights *w, PiperLayer *l, uint32_t i)
{
    const PiperShape *s = &w->shape;
    Name prefix;
    (void)snprintf(prefix, sizeof prefix, "enc.%u", i);
    l->qkv = conv_at(b, 1, s->hidden, 3 * s->hidden, 1, "%s.qkv", prefix);
    l->out = conv_at(b, 1, s->hidden, s->hidden, 1, "%s.out", prefix);
    l->up = conv_at(b, s->ffn_taps, s->hidden, s->ffn, 1, "%s.up", prefix);
    l->down = conv_at(b, s->ffn_taps, s->ffn, s->hidden, 1, "%s.down", prefix);
    l->rel_k = need(b, 2, w->head, PIPER_REL, "%s.rel_k", prefix);
    l->rel_v = need(b, 2, PIPER_REL, w->head, "%s.rel_v", prefix);
    l->norm1 = norm(b, s->hidden, prefix, 1);
    l->norm2 = norm(b, s->hidden, prefix, 2);
}

static void bind_dds(Binder *b, PiperDds dds[PIPER_DDS], uint32_t n, const char *prefix)
{
    for (int i = 0; i < PIPER_DDS; i++) {
        Name name;
        (void)snprintf(name, sizeof name, "%s.%d", prefix, i);
        dds[i].sep = need(b, 2, 3, n, "%s.sep.w", name);
        dds[i].sep_bias = need(b, 1, n, 0, "%s.sep.b", name);
        dds[i].norm1 = norm(b, n, name, 1);
        dds[i].norm2 = norm(b, n, name, 2);
        dds[i].point = conv_at(b, 1, n, n, 1, "%s.point", name);
    }
}

static void bind_durations(Binder *b, PiperWeights *w)
{
    uint32_t n = w->shape.hidden;
    w->dp_pre = conv_at(b, 1, n, n, 1, "dp.pre");
    w->dp_proj = conv_at(b, 1, n, n, 1, "dp.proj");
    bind_dds(b, w->dp_dds, n, "dp.dds");
    for (int i = 0; i < PIPER_SPLINES; i++) {
        Name name;
        PiperSpline *s = &w->spline[i];
        (void)snprintf(name, sizeof name, "dp.spline.%d", i);
        s->pre = need(b, 1, n, 0, "%s.pre.w", name);
        s->pre_bias = need(b, 1, n, 0, "%s.pre.b", name);
        s->proj = conv_at(b, 1, n, PIPER_SPLINE_OUT, 1, "%s.proj", name);
        bind_dds(b, s->dds, n, name);
    }
    w->affine = need(b, 1, 4, 0, "dp.affine");
}

static void bind_flow(Binder *b, PiperWeights *w)
{
    const PiperShape *s = &w->shape;
    uint32_t n = s->hidden;
    for (uint32_t i = 0; i < s->flows; i++) {
        PiperCoupling *c = &w->flow[i];
        c->upper = i % 2 == 0;
        c->pre = conv_at(b, 1, n / 2, n, 1, "flow.%u.pre", i);
        c->post = conv_at(b, 1, n, n / 2, 1, "flow.%u.post", i);
        for (uint32_t k = 0; k < s->wn; k++) {
            c->in[k] = conv_at(b, s->wn_taps, n, 2 * n, 1, "flow.%u.in.%u", i, k);
            c->skip[k] = conv_at(b, 1, n, n, 1, "flow.%u.skip.%u", i, k);
            if (k + 1 < s->wn) {
                c->res[k] = conv_at(b, 1, n, n, 1, "flow.%u.res.%u", i, k);
            }
        }
    }
}

static void bind_decoder(Binder *b, PiperWeights *w)
{
    const PiperShape *s = &w->shape;
    uint32_t before = s->pre_out;
    w->dec_pre = conv_at(b, s->pre_taps, s->hidden, before, 1, "dec.pre");
    for (uint32_t i = 0; i < s->stages; i++) {
        PiperStage *stage = &w->stage[i];
        uint32_t out = s->up[i].out, taps = s->up[i].kernel / s->up[i].rate;
        Name name;
        (void)snprintf(name, sizeof name, "dec.up.%u", i);
        stage->up = conv(b, name, taps, before, out * s->up[i].rate, 1, taps - 1);
        for (uint32_t k = 0; k < s->blocks; k++) {
            for (uint32_t u = 0; u < s->block[k].units; u++) {
                for (uint32_t j = 0; j < s->convs; j++) {
                    stage->conv[k][u][j] = conv_at(b, s->block[k].taps, out, out,
                        j == 0 ? s->block[k].dilation[u] : 1, "dec.%u.%u.%u.%u", i, k, u, j);
                }
            }
        }
        before = out;
    }
    w->post = need(b, 1, s->post_taps * before, 0, "dec.post");
}

bool piper_bind(PiperWeights *w, const WeightsFile *f, bool fast, Err *err)
{
    *w = (PiperWeights){0};
    uint64_t bytes = 0;
    const void *shape = weights_need(f, "shape", WEIGHTS_BYTES, 0, (uint32_t[]){0}, &bytes, err);
    if (!shape) {
        return false;
    }
    if (bytes != sizeof w->shape) {
        return err_set(err, ERR_CORRUPT, "the voice's shape has another size than this program's");
    }
    memcpy(&w->shape, shape, sizeof w->shape);
    if (!piper_shape_check(&w->shape, err)) {
        return false;
    }
    w->head = w->shape.hidden / w->shape.heads;
    w->hop = piper_hop(&w->shape);
    w->config = weights_need(f, "config", WEIGHTS_BYTES, 0, (uint32_t[]){0}, &bytes, err);
    w->config_len = (size_t)bytes;
    Binder b = {f, err, w->config != NULL, fast, true};
    w->embed = need(&b, 2, w->shape.vocab, w->shape.hidden, "embed");
    for (uint32_t i = 0; i < w->shape.layers; i++) {
        bind_layer(&b, w, &w->layer[i], i);
    }
    w->stats = conv_at(&b, 1, w->shape.hidden, 2 * w->shape.hidden, 1, "enc.stats");
    bind_durations(&b, w);
    bind_flow(&b, w);
    b.split = false;
    bind_decoder(&b, w);
    return b.ok;
}
