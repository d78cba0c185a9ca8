/* piper_decoder.c - HiFi-GAN (Kong, Kim, Bae 2020, arXiv:2010.05646): frames of the latent into
 * samples, in windows.
 *
 *   a = leaky(conv_pre(z))
 *   each stage: x = up(a), `rate` times as many rows; a = leaky(x)
 *     each block: u = x; each unit: u += conv(leaky(u))   (two convolutions a unit in large voices)
 *     a = leaky(sum of the blocks)                          (their mean: folded into what follows)
 *   samples = tanh(conv_post(a))
 *
 * A window computes, layer by layer, the rows that its samples need and no more: some frames on
 * either side of the first stage, less than one of the later ones. Rows outside of the sentence are
 * zeros in every layer, as they are for a run over the whole: so windows give the same samples. The
 * first stage goes over the window at once, the later ones over SUB frames at a time, whose rows
 * stay in the second-level cache. */
#include "base/mem.h"
#include "nn/piper_impl.h"

#define SUB 8
#define SLOPE 0.1f
#define SLOPE_LAST 0.01f /* before the last convolution */

typedef struct {
    int64_t from, to;
} Span;

enum { X, A, Y0, Y1, V0, V1, T, SUM, ROOMS };

struct PiperScratch {
    PiperRoom pre, rooms[ROOMS], out[PIPER_STAGES_MAX];
};

static Span grow(Span s, int64_t by)
{
    return (Span){s.from - by, s.to + by};
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a >= 0 ? a / b : -((-a + b - 1) / b);
}

static int64_t unit_pad(const PiperShape *s, uint32_t block, uint32_t unit)
{
    int64_t half = (s->block[block].taps - 1) / 2;
    return half * s->block[block].dilation[unit] + (s->convs == 2 ? half : 0);
}

/* Rows on either side that the units from `unit` on look at. */
static int64_t pad_from(const PiperShape *s, uint32_t block, uint32_t unit)
{
    int64_t pad = 0;
    for (; unit < s->block[block].units; unit++) {
        pad += unit_pad(s, block, unit);
    }
    return pad;
}

/* Rows of x that a stage needs for these rows of its result. */
static Span stage_x(const PiperShape *s, Span out)
{
    int64_t most = 0;
    for (uint32_t k = 0; k < s->blocks; k++) {
        int64_t pad = pad_from(s, k, 0);
        most = pad > most ? pad : most;
    }
    return grow(out, most);
}

/* Rows q of the transposed convolution that make these rows of x. */
static Span up_rows(const PiperShape *s, uint32_t i, Span x)
{
    int64_t rate = s->up[i].rate, pad = (s->up[i].kernel - s->up[i].rate) / 2;
    return (Span){floor_div(x.from + pad, rate), floor_div(x.to - 1 + pad, rate) + 1};
}

/* Rows of what comes before stage i that it needs. */
static Span stage_in(const PiperShape *s, uint32_t i, Span out)
{
    Span q = up_rows(s, i, stage_x(s, out));
    return (Span){q.from - (int64_t)(s->up[i].kernel / s->up[i].rate - 1), q.to};
}

/* What each stage must give for these frames: out[i], and the frames of pre. */
static Span needs(const PiperWeights *w, Span frames, Span out[PIPER_STAGES_MAX])
{
    const PiperShape *s = &w->shape;
    Span span = grow((Span){frames.from * w->hop, frames.to * w->hop}, (s->post_taps - 1) / 2);
    for (uint32_t i = s->stages; i-- > 0;) {
        out[i] = span;
        span = stage_in(s, i, span);
    }
    return span;
}

size_t piper_decoder_reach(const PiperWeights *w)
{
    Span out[PIPER_STAGES_MAX], pre = needs(w, (Span){1000, 1001}, out);
    return (size_t)(1000 - pre.from) + (w->shape.pre_taps - 1) / 2;
}

/* Scratch. */

static size_t room_rows(const PiperShape *s, uint32_t i, Span out)
{
    Span q = up_rows(s, i, stage_x(s, out));
    return (size_t)(q.to - q.from) * s->up[i].rate;
}

PiperScratch *piper_scratch_new(const PiperWeights *w, size_t window, Err *err)
{
    PiperScratch *c = mem_zalloc(sizeof *c);
    if (!c) {
        err_set(err, ERR_NO_MEMORY, "no memory for the voice's scratch");
        return NULL;
    }
    const PiperShape *s = &w->shape;
    Span whole[PIPER_STAGES_MAX], sub[PIPER_STAGES_MAX];
    size_t most = 0;
    Span pre = needs(w, (Span){1000, 1000 + (int64_t)window}, whole);
    needs(w, (Span){1000, 1000 + SUB}, sub);
    bool ok = piper_room(&c->pre, (size_t)(pre.to - pre.from) * s->pre_out, err);
    for (uint32_t i = 0; ok && i < s->stages; i++) {
        Span out = i == 0 ? whole[i] : sub[i];
        size_t floats = room_rows(s, i, out) * s->up[i].out;
        most = floats > most ? floats : most;
        ok = piper_room(&c->out[i], (size_t)(out.to - out.from) * s->up[i].out, err);
    }
    for (int i = 0; ok && i < ROOMS; i++) {
        ok = (i == T && s->convs == 1) || piper_room(&c->rooms[i], most, err);
    }
    if (!ok) {
        piper_scratch_free(c);
        return NULL;
    }
    return c;
}

void piper_scratch_free(PiperScratch *c)
{
    if (c) {
        mem_free(c->pre.p);
        for (int i = 0; i < ROOMS; i++) {
            mem_free(c->rooms[i].p);
        }
        for (int i = 0; i < PIPER_STAGES_MAX; i++) {
            mem_free(c->out[i].p);
        }
        mem_free(c);
    }
}

size_t piper_scratch_bytes(const PiperScratch *c)
{
    size_t n = c->pre.cap;
    for (int i = 0; i < ROOMS; i++) {
        n += c->rooms[i].cap;
    }
    for (int i = 0; i < PIPER_STAGES_MAX; i++) {
        n += c->out[i].cap;
    }
    return n * sizeof(float);
}

/* A window. */

static float *row(PiperRows r, int64_t t) { return r.p + (t - r.from) * (int64_t)r.ch; }

/* Rows of r that are not in 0..length become zeros. */
static void clear_outside(PiperRows r, int64_t length)
{
    int64_t lo = r.to < 0 ? r.to : 0, hi = r.from > length ? r.from : length;
    if (r.from < lo) {
        memset(r.p, 0, (size_t)(lo - r.from) * r.ch * sizeof(float));
    }
    if (hi < r.to) {
        memset(row(r, hi), 0, (size_t)(r.to - hi) * r.ch * sizeof(float));
    }
}

static PiperRows rows_in(const PiperRoom *room, Span span, uint32_t ch)
{
    return (PiperRows){room->p, span.from, span.to, ch};
}

/* One convolution over the rows `span` of a sequence of `length`; act (which covers just these
 * rows) or y may have no memory. */
static void conv_span(const Conv1d *c, PiperRows in, Span span, int64_t length, PiperRows y,
    PiperRows act, float slope, const PiperRows *add0, const PiperRows *add1)
{
    int64_t lo = span.from < 0 ? 0 : span.from, hi = span.to > length ? length : span.to;
    if (lo < hi) {
        ConvOut out = {.y = y.p ? row(y, lo) : NULL, .act = act.p ? row(act, lo) : NULL,
            .add0 = add0 ? row(*add0, lo) : NULL, .add1 = add1 ? row(*add1, lo) : NULL,
            .slope = slope, .ld = c->out};
        conv1d(c, row(in, lo - (int64_t)c->left * c->dilation), in.ch, (size_t)(hi - lo),
            &out);
    }
    if (act.p) {
        clear_outside(act, length);
    }
}

/* x and leaky(x) of a stage, from the result of what is before it. */
static void run_up(const PiperWeights *w, PiperScratch *c, uint32_t i, PiperRows in, Span q,
    int64_t length_in, PiperRows *x, PiperRows *a)
{
    const Conv1d *up = &w->stage[i].up;
    int64_t rate = w->shape.up[i].rate, pad = (w->shape.up[i].kernel - w->shape.up[i].rate) / 2;
    uint32_t ch = w->shape.up[i].out;
    Span span = {q.from * rate - pad, q.to * rate - pad};
    *x = rows_in(&c->rooms[X], span, ch);
    *a = rows_in(&c->rooms[A], span, ch);
    int64_t lo = q.from < 0 ? 0 : q.from, hi = q.to > length_in + 1 ? length_in + 1 : q.to;
    if (lo < hi) {
        conv1d(up, row(in, lo - (int64_t)up->left), in.ch, (size_t)(hi - lo),
            &(ConvOut){.y = row(*x, lo * rate - pad), .act = row(*a, lo * rate - pad),
                .slope = SLOPE, .ld = up->out});
    }
    clear_outside(*x, length_in * rate);
    clear_outside(*a, length_in * rate);
}

/* Block k: its units, the last one adding to the sum or, in the last block, giving the result. */
static void run_block(const PiperWeights *w, PiperScratch *c, uint32_t i, uint32_t k, PiperRows x,
    PiperRows a, Span out, int64_t length, PiperRows result)
{
    const PiperShape *s = &w->shape;
    const PiperRows none = {0};
    uint32_t ch = s->up[i].out;
    PiperRows sum = rows_in(&c->rooms[SUM], out, ch);
    bool last_block = k + 1 == s->blocks;
    float slope = i + 1 == s->stages ? SLOPE_LAST : SLOPE;
    for (uint32_t u = 0; u < s->block[k].units; u++) {
        Span span = grow(out, pad_from(s, k, u + 1));
        const Conv1d *conv = w->stage[i].conv[k][u];
        if (s->convs == 2) {
            Span mid = grow(span, (s->block[k].taps - 1) / 2);
            PiperRows t = rows_in(&c->rooms[T], mid, ch);
            conv_span(&conv[0], a, mid, length, none, t, SLOPE, NULL, NULL);
            a = t;
            conv++;
        }
        if (u + 1 == s->block[k].units) {
            conv_span(conv, a, span, length, last_block ? none : sum, last_block ? result : none,
                slope, &x, k ? &sum : NULL);
            return;
        }
        PiperRows y = rows_in(&c->rooms[Y0 + u % 2], span, ch);
        PiperRows v = rows_in(&c->rooms[V0 + u % 2], span, ch);
        conv_span(conv, a, span, length, y, v, SLOPE, &x, NULL);
        x = y;
        a = v;
    }
}

/* Stage i: rows `out` of its result, from `in`; false when it was cancelled. */
static bool run_stage(const PiperState *st, PiperScratch *c, uint32_t i, PiperRows in, Span out,
    int64_t length_in, PiperRows *result)
{
    const PiperWeights *w = &st->p->w;
    int64_t length = length_in * w->shape.up[i].rate;
    PiperRows x, a;
    run_up(w, c, i, in, up_rows(&w->shape, i, stage_x(&w->shape, out)), length_in, &x, &a);
    *result = rows_in(&c->out[i], out, w->shape.up[i].out);
    for (uint32_t k = 0; k < w->shape.blocks; k++) {
        if (piper_cancelled(st)) {
            return false;
        }
        run_block(w, c, i, k, x, a, out, length, *result);
    }
    return true;
}

bool piper_decode(const PiperState *s, PiperScratch *c, size_t from, size_t to, float *out)
{
    const PiperWeights *w = &s->p->w;
    uint32_t stages = w->shape.stages;
    int64_t length = (int64_t)s->frames, reach = (int64_t)piper_decoder_reach(w);
    Span need[PIPER_STAGES_MAX] = {{0}}, pre = needs(w, (Span){(int64_t)from, (int64_t)to}, need);
    PiperRows z = {s->z.p, -reach, length + reach, w->shape.hidden}, none = {0};
    PiperRows a = rows_in(&c->pre, pre, w->shape.pre_out), first;
    conv_span(&w->dec_pre, z, pre, length, none, a, SLOPE, NULL, NULL);
    if (!run_stage(s, c, 0, a, need[0], length, &first)) {
        return false;
    }
    for (size_t sub = from; sub < to; sub += SUB) {
        size_t end = sub + SUB < to ? sub + SUB : to;
        PiperRows r = first;
        int64_t len = length * w->shape.up[0].rate;
        needs(w, (Span){(int64_t)sub, (int64_t)end}, need);
        for (uint32_t i = 1; i < stages; i++) {
            if (!run_stage(s, c, i, r, need[i], len, &r)) {
                return false;
            }
            len *= w->shape.up[i].rate;
        }
        size_t ch = w->shape.up[stages - 1].out;
        conv_ops()->last(row(r, (int64_t)(sub * w->hop) - (w->shape.post_taps - 1) / 2), ch,
            w->post,
            w->shape.post_taps * ch, (end - sub) * w->hop, out + (sub - from) * w->hop);
    }
    return true;
}
