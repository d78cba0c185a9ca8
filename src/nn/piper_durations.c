/* piper_durations.c - how long each phoneme lasts: noise [2][n] through three splines backwards,
 * each told by a stack of dilated convolutions what the text asks for.
 *
 *   logw = ((z_0 behind the splines) - m) e^-s;   frames = ceil(e^logw * length)
 *
 * The spline is monotonic and rational-quadratic on -5..5 with 10 bins (Durkan and others 2019,
 * arXiv:1906.04032, equations 6 to 8), the identity outside of it. */
#include <math.h>

#include "nn/ops.h"
#include "nn/piper_impl.h"

#define BOUND 5.0
#define LEAST 1e-3 /* of a bin's width, height and slope */

static const float zeros[512];

typedef struct {
    PiperState *s;
    const PiperSpline *spline;
    const float *seen; /* [n] the channel that tells */
    float *changed;    /* [n] the channel that is moved */
} Job;

/* Dilated depth-separable stack over x [n][h], in place; t1 and t2 are scratch. */
static void dds_run(PiperState *s, const PiperDds dds[PIPER_DDS], float *x, unsigned me,
    unsigned members)
{
    size_t h = s->p->w.shape.hidden, dilation = 1;
    unsigned from, to;
    team_part((unsigned)s->n, me, members, &from, &to);
    float *a = s->dds[1].p, *b = s->dds[2].p;
    for (int i = 0; i < PIPER_DDS; i++, dilation *= 3) {
        const PiperDds *d = &dds[i];
        conv_ops()->depthwise3(x, d->sep, d->sep_bias, dilation, h, s->n, from, to, a);
        for (size_t t = from; t < to; t++) {
            nn_ops()->add_norm(a + t * h, NULL, d->norm1.gamma, d->norm1.beta, PIPER_EPS, h, NULL,
                NULL);
            nn_ops()->bias_act(a + t * h, zeros, h, GEMM_GELU);
        }
        conv1d(&d->point, a + from * h, h, to - from,
            &(ConvOut){.y = b + from * h, .ld = h});
        team_barrier(s->team);
        for (size_t t = from; t < to; t++) {
            float *y = b + t * h, *out = x + t * h;
            nn_ops()->add_norm(y, NULL, d->norm2.gamma, d->norm2.beta, PIPER_EPS, h, NULL, NULL);
            nn_ops()->bias_act(y, zeros, h, GEMM_GELU);
            for (size_t c = 0; c < h; c++) {
                out[c] += y[c];
            }
        }
        team_barrier(s->team);
    }
}

/* What the text asks for: cond [n][h]. */
static void condition_run(void *arg, unsigned me, unsigned members)
{
    PiperState *s = arg;
    const PiperWeights *w = &s->p->w;
    size_t h = w->shape.hidden;
    unsigned from, to;
    team_part((unsigned)s->n, me, members, &from, &to);
    float *x = s->dds[0].p;
    conv1d(&w->dp_pre, s->x.p + (PIPER_MARGIN + from) * h, h, to - from,
        &(ConvOut){.y = x + from * h, .ld = h});
    team_barrier(s->team);
    dds_run(s, w->dp_dds, x, me, members);
    conv1d(&w->dp_proj, x + from * h, h, to - from,
        &(ConvOut){.y = s->cond.p + from * h, .ld = h});
}

typedef struct {
    double edge[PIPER_BINS + 1], size[PIPER_BINS];
} Bins;

/* Softmax of 10 numbers, none below LEAST, as bins that fill -5..5. */
static void make_bins(const float *u, Bins *b)
{
    double top = u[0], sum = 0, at = 0;
    for (int i = 1; i < PIPER_BINS; i++) {
        top = u[i] > top ? u[i] : top;
    }
    for (int i = 0; i < PIPER_BINS; i++) {
        b->size[i] = exp(u[i] - top);
        sum += b->size[i];
    }
    b->edge[0] = -BOUND;
    for (int i = 0; i < PIPER_BINS; i++) {
        at += LEAST + (1 - LEAST * PIPER_BINS) * b->size[i] / sum;
        b->edge[i + 1] = 2 * BOUND * at - BOUND;
    }
    b->edge[PIPER_BINS] = BOUND;
    for (int i = 0; i < PIPER_BINS; i++) {
        b->size[i] = b->edge[i + 1] - b->edge[i];
    }
}

/* Slope at inner edge i (1..9); 1 at both ends. */
static double slope(const float *u, int i)
{
    return i == 0 || i == PIPER_BINS ? 1.0 : LEAST + log1p(exp((double)u[i - 1]));
}

/* x with spline(x) = y; u: widths, heights, slopes. */
static float spline_back(const float *u, float y)
{
    if (!(y >= (float)-BOUND && y <= (float)BOUND)) {
        return y;
    }
    Bins width, height;
    make_bins(u, &width);
    make_bins(u + PIPER_BINS, &height);
    int k = 0;
    while (k < PIPER_BINS - 1 && y >= height.edge[k + 1]) {
        k++;
    }
    double w = width.size[k], h = height.size[k], s = h / w;
    double d0 = slope(u + 2 * PIPER_BINS, k), d1 = slope(u + 2 * PIPER_BINS, k + 1);
    double dy = y - height.edge[k], bend = d0 + d1 - 2 * s;
    double a = dy * bend + h * (s - d0), b = h * d0 - dy * bend, c = -s * dy;
    double inside = b * b - 4 * a * c;
    double root = 2 * c / (-b - sqrt(inside > 0 ? inside : 0));
    return (float)(root * w + width.edge[k]);
}

static void spline_run(void *arg, unsigned me, unsigned members)
{
    const Job *job = arg;
    PiperState *s = job->s;
    const PiperSpline *sp = job->spline;
    size_t h = s->p->w.shape.hidden;
    unsigned from, to;
    team_part((unsigned)s->n, me, members, &from, &to);
    float *x = s->dds[0].p;
    for (size_t t = from; t < to; t++) {
        const float *cond = s->cond.p + t * h;
        for (size_t c = 0; c < h; c++) {
            x[t * h + c] = sp->pre[c] * job->seen[t] + sp->pre_bias[c] + cond[c];
        }
    }
    team_barrier(s->team);
    dds_run(s, sp->dds, x, me, members);
    conv1d(&sp->proj, x + from * h, h, to - from,
        &(ConvOut){.y = s->proj.p + from * PIPER_SPLINE_OUT, .ld = PIPER_SPLINE_OUT});
    for (size_t t = from; t < to; t++) {
        job->changed[t] = spline_back(s->proj.p + t * PIPER_SPLINE_OUT, job->changed[t]);
    }
}

/* The frames of speed 1, so many times fewer. Rounding each up again would make all of them longer
 * by half a frame, which is much at high speed: what is rounded off goes over to the next. Only a
 * blank between two phonemes may vanish. */
static size_t hurry(PiperState *s, float speed)
{
    double due = 0;
    size_t given = 0;
    for (size_t t = 0; t < s->n; t++) {
        uint32_t least = s->durations[t] && s->ids[t] != s->p->pad;
        due += (double)s->durations[t] / (double)speed;
        double left = nearbyint(due - (double)given);
        s->durations[t] = left > (double)least ? (uint32_t)left : least;
        given += s->durations[t];
    }
    return given;
}

/* Whole frames; the sum has a ceiling, since weights and text are a stranger's. */
static bool count_frames(PiperState *s, Err *err)
{
    const float *affine = s->p->w.affine;
    size_t frames = 0;
    for (size_t t = 0; t < s->n; t++) {
        float logw = (s->z_dur[0][t] - affine[0]) * affine[2];
        float w = ceilf(expf(logw) * s->params.length);
        if (!(w >= 0 && w <= PIPER_FRAMES_MAX)) {
            return err_set(err, ERR_CORRUPT, "the voice gives phoneme %zu an impossible length", t);
        }
        s->durations[t] = (uint32_t)w;
        frames += s->durations[t];
    }
    if (s->params.speed != 1) {
        frames = hurry(s, s->params.speed);
    }
    if (frames > PIPER_FRAMES_MAX) {
        return err_set(err, ERR_TOO_LARGE, "the sentence would last %zu frames; %d are the most",
            frames, PIPER_FRAMES_MAX);
    }
    if (frames == 0) {
        s->durations[s->n - 1] = 1;
        frames = 1;
    }
    s->frames = frames;
    return true;
}

bool piper_durations_run(PiperState *s, Err *err)
{
    const PiperWeights *w = &s->p->w;
    size_t h = w->shape.hidden, n = s->n;
    for (int i = 0; i < 3; i++) {
        if (!piper_room(&s->dds[i], n * h, err)) {
            return false;
        }
    }
    if (!piper_room(&s->proj, n * (PIPER_SPLINE_OUT + 2), err)) {
        return false;
    }
    piper_run(s, condition_run, s);
    for (int i = 0; i < 2; i++) {
        s->z_dur[i] = s->proj.p + n * (PIPER_SPLINE_OUT + (size_t)i);
        piper_noise(s->params.seed, 0, (uint64_t)i, s->z_dur[i], n);
        for (size_t t = 0; t < n; t++) {
            s->z_dur[i][t] *= s->params.noise_w;
        }
    }
    for (int i = 0; i < PIPER_SPLINES; i++) {
        int even = i % 2 == 0;
        Job job = {s, &w->spline[i], s->z_dur[even], s->z_dur[!even]};
        if (piper_cancelled(s)) {
            return err_set(err, ERR_CANCELLED, "speaking was stopped");
        }
        piper_run(s, spline_run, &job);
    }
    return count_frames(s, err);
}
