/* piper_flow.c - the latent of each frame: the text's mean and deviation plus noise, then the flow
 * backwards.
 *
 *   zp[t] = mean[phoneme of t] + e^logs[phoneme of t] * noise * n[t],   n ~ N(0, 1)
 *   a coupling: half of the channels stay and tell how the others move,
 *     h = pre(x0); for each layer: g = gate(in(h)); h += res(g); o += skip(g);   x1 -= post(o)
 *
 * A frame sees wn_taps / 2 neighbours a layer, so a run of frames needs that many more on either
 * side a layer, fewer from layer to layer: 32 in all. */
#include <math.h>

#include "nn/piper_impl.h"

#define CHUNK_FIRST 48 /* frames; later ones are longer, so that less is done twice */
#define CHUNK_MOST 384

typedef struct {
    PiperState *s;
    const PiperCoupling *c;
    int64_t base;     /* frame of row PIPER_MARGIN of the work rooms */
    int64_t from, to; /* frames wanted in the end */
    uint32_t layer;   /* layers of all couplings before this one */
} Job;

static size_t flow_reach(const PiperShape *s)
{
    return (size_t)s->flows * s->wn * (s->wn_taps / 2);
}

/* Frames that are still needed behind `layer` layers of all. */
static void part(const Job *job, uint32_t layer, unsigned me, unsigned members, int64_t *from,
    int64_t *to)
{
    const PiperShape *shape = &job->s->p->w.shape;
    int64_t left = (int64_t)(shape->flows * shape->wn - layer) * (shape->wn_taps / 2);
    int64_t lo = job->from - left, hi = job->to + left;
    lo = lo < 0 ? 0 : lo;
    hi = hi > (int64_t)job->s->frames ? (int64_t)job->s->frames : hi;
    unsigned a, b;
    team_part((unsigned)(hi - lo), me, members, &a, &b);
    *from = lo + a;
    *to = lo + b;
}

static size_t row_of(const Job *job, int64_t frame)
{
    return (size_t)(frame - job->base) + PIPER_MARGIN;
}

static void coupling_run(void *arg, unsigned me, unsigned members)
{
    const Job *job = arg;
    PiperState *s = job->s;
    const PiperShape *shape = &s->p->w.shape;
    const PiperCoupling *c = job->c;
    const ConvOps *ops = conv_ops();
    size_t h = shape->hidden, seen = c->upper ? h / 2 : 0, moved = c->upper ? 0 : h / 2;
    int64_t from, to;
    part(job, job->layer, me, members, &from, &to);
    size_t at = row_of(job, from), rows = (size_t)(to - from);
    conv1d(&c->pre, s->wy.p + at * h + seen, h, rows, &(ConvOut){.y = s->wh.p + at * h, .ld = h});
    team_barrier(s->team);
    for (uint32_t k = 0; k < shape->wn; k++) {
        part(job, job->layer + k + 1, me, members, &from, &to);
        at = row_of(job, from);
        rows = (size_t)(to - from);
        float *g = s->wg.p + at * 2 * h, *a = s->wa.p + at * h, *o = s->wo.p + at * h;
        conv1d(&c->in[k], s->wh.p + (at - c->in[k].left) * h, h, rows,
            &(ConvOut){.y = g, .ld = 2 * h});
        for (size_t r = 0; r < rows; r++) {
            ops->gate(g + r * 2 * h, h, a + r * h);
        }
        conv1d(&c->skip[k], a, h, rows, &(ConvOut){.y = o, .add0 = k ? o : NULL, .ld = h});
        team_barrier(s->team);
        if (k + 1 < shape->wn) {
            float *x = s->wh.p + at * h;
            conv1d(&c->res[k], a, h, rows, &(ConvOut){.y = x, .add0 = x, .ld = h});
            team_barrier(s->team);
        }
    }
    float *x = s->wy.p + at * h + moved;
    conv1d(&c->post, s->wo.p + at * h, h, rows, &(ConvOut){.y = x, .add0 = x, .ld = h});
}

static void noise_run(void *arg, unsigned me, unsigned members)
{
    const Job *job = arg;
    PiperState *s = job->s;
    size_t h = s->p->w.shape.hidden;
    int64_t from, to;
    part(job, 0, me, members, &from, &to);
    for (int64_t t = from; t < to; t++) {
        const float *mean = s->stats.p + (size_t)s->phoneme[t] * 2 * h, *logs = mean + h;
        float *y = s->wy.p + row_of(job, t) * h;
        if (s->params.noise == 0) {
            memcpy(y, mean, h * sizeof *y);
            continue;
        }
        piper_noise(s->params.seed, 1, (uint64_t)t, y, h);
        for (size_t c = 0; c < h; c++) {
            y[c] = mean[c] + y[c] * expf(logs[c]) * s->params.noise;
        }
    }
}

/* z of frames from..to. */
static bool chunk(PiperState *s, size_t from, size_t to, Err *err)
{
    const PiperWeights *w = &s->p->w;
    size_t h = w->shape.hidden, reach = flow_reach(&w->shape);
    size_t base = from > reach ? from - reach : 0;
    size_t end = to + reach < s->frames ? to + reach : s->frames;
    size_t rows = end - base + 2 * PIPER_MARGIN;
    if (!piper_room(&s->wy, rows * h, err) || !piper_room(&s->wh, rows * h, err) ||
        !piper_room(&s->wg, rows * 2 * h, err) || !piper_room(&s->wa, rows * h, err) ||
        !piper_room(&s->wo, rows * h, err)) {
        return false;
    }
    /* what lies outside of the sentence is zero in every layer */
    memset(s->wh.p, 0, PIPER_MARGIN * h * sizeof(float));
    memset(s->wh.p + (rows - PIPER_MARGIN) * h, 0, PIPER_MARGIN * h * sizeof(float));
    Job job = {.s = s, .base = (int64_t)base, .from = (int64_t)from, .to = (int64_t)to};
    piper_run(s, noise_run, &job);
    for (uint32_t i = 0; i < w->shape.flows; i++) {
        job.c = &w->flow[i];
        job.layer = i * w->shape.wn;
        if (piper_cancelled(s)) {
            return err_set(err, ERR_CANCELLED, "speaking was stopped");
        }
        piper_run(s, coupling_run, &job);
    }
    size_t margin = piper_decoder_reach(w);
    memcpy(s->z.p + (margin + from) * h, s->wy.p + (from - base + PIPER_MARGIN) * h,
        (to - from) * h * sizeof(float));
    return true;
}

bool piper_flow_until(PiperState *s, size_t until, Err *err)
{
    until = until < s->frames ? until : s->frames;
    while (s->flow_done < until) {
        size_t n = s->flow_done == 0 ? CHUNK_FIRST : 2 * s->flow_done;
        n = n < CHUNK_MOST ? n : CHUNK_MOST;
        size_t to = s->flow_done + n < s->frames ? s->flow_done + n : s->frames;
        if (!chunk(s, s->flow_done, to, err)) {
            return false;
        }
        s->flow_done = to;
    }
    return true;
}
