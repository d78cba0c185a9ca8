/* piper_encoder.c - the text encoder: embeddings, then layers of self-attention that also sees how
 * far apart two phonemes are (up to `window`), then mean and log deviation of the latent.
 *
 *   score[i][j] = q_i . (k_j + rel_k[j - i]) / sqrt(head)        |j - i| <= window, else q_i . k_j
 *   out[i] = sum over j of softmax(score[i])[j] * (v_j + rel_v[j - i])
 *   x = norm1(x + out W_o); x = norm2(x + conv(relu(conv(x)))) */
#include "nn/ops.h"
#include "nn/piper_impl.h"

#define BLOCK 16 /* rows of attention at a time */

typedef struct {
    PiperState *s;
    const PiperLayer *layer;
} Job;

static size_t up16(size_t n) { return (n + 15) / 16 * 16; }

/* Keys of rows from..to, transposed: keys [heads][head][n16]. */
static void turn_keys(PiperState *s, size_t from, size_t to)
{
    size_t h = s->p->w.shape.hidden, n16 = up16(s->n);
    for (size_t t = from; t < to; t++) {
        const float *k = s->qkv.p + t * 3 * h + h;
        for (size_t c = 0; c < h; c++) {
            s->keys.p[c * n16 + t] = k[c];
        }
    }
}

/* scores [rows][n16] += q . rel_k, for rows i..i+rows. */
static void add_distance(const PiperState *s, const float *rel, size_t i, size_t rows,
    float *scores)
{
    size_t n16 = up16(s->n), w = s->p->w.shape.window;
    for (size_t r = 0; r < rows; r++) {
        for (size_t o = 0; o <= 2 * w; o++) {
            size_t j = i + r + o;
            if (j >= w && j - w < s->n) {
                scores[r * n16 + j - w] += rel[r * PIPER_REL + o];
            }
        }
    }
}

/* The weights of the neighbours, [rows][16], out of the scores. */
static void take_distance(const PiperState *s, const float *scores, size_t i, size_t rows,
    float *rel)
{
    size_t n16 = up16(s->n), w = s->p->w.shape.window;
    memset(rel, 0, rows * PIPER_REL * sizeof *rel);
    for (size_t r = 0; r < rows; r++) {
        for (size_t o = 0; o <= 2 * w; o++) {
            size_t j = i + r + o;
            if (j >= w && j - w < s->n) {
                rel[r * PIPER_REL + o] = scores[r * n16 + j - w];
            }
        }
    }
}

static void attend(PiperState *s, const PiperLayer *l, size_t i, size_t rows, float *scores)
{
    const PiperWeights *w = &s->p->w;
    size_t h = w->shape.hidden, d = w->head, n16 = up16(s->n);
    float rel[BLOCK * PIPER_REL], near[BLOCK * 512];
    for (size_t head = 0; head < w->shape.heads; head++) {
        const float *q = s->qkv.p + i * 3 * h + head * d;
        float *out = s->att.p + i * h + head * d;
        gemm_f32(q, 3 * h, s->keys.p + head * d * n16, n16, scores, n16, rows, n16, d);
        gemm_f32(q, 3 * h, l->rel_k, PIPER_REL, rel, PIPER_REL, rows, PIPER_REL, d);
        add_distance(s, rel, i, rows, scores);
        for (size_t r = 0; r < rows; r++) {
            nn_ops()->softmax(scores + r * n16, s->n, n16);
        }
        take_distance(s, scores, i, rows, rel);
        gemm_f32(scores, n16, s->qkv.p + 2 * h + head * d, 3 * h, out, h, rows, d, s->n);
        gemm_f32(rel, PIPER_REL, l->rel_v, d, near, d, rows, d, PIPER_REL);
        for (size_t r = 0; r < rows; r++) {
            for (size_t c = 0; c < d; c++) {
                out[r * h + c] += near[r * d + c];
            }
        }
    }
}

static void layer_run(void *arg, unsigned me, unsigned members)
{
    const Job *job = arg;
    PiperState *s = job->s;
    const PiperLayer *l = job->layer;
    size_t h = s->p->w.shape.hidden, f = s->p->w.shape.ffn, n16 = up16(s->n);
    unsigned from, to;
    team_part((unsigned)s->n, me, members, &from, &to);
    size_t rows = to - from;
    float *x = s->x.p + (PIPER_MARGIN + from) * h, *y = s->cond.p + from * h;
    float *mid = s->ffn.p + (PIPER_MARGIN + from) * f;
    conv1d(&l->qkv, x, h, rows, &(ConvOut){.y = s->qkv.p + from * 3 * h, .ld = 3 * h});
    turn_keys(s, from, to);
    team_barrier(s->team);
    for (size_t i = from; i < to; i += BLOCK) {
        attend(s, l, i, to - i < BLOCK ? to - i : BLOCK, s->scores.p + me * BLOCK * n16);
    }
    conv1d(&l->out, s->att.p + from * h, h, rows, &(ConvOut){.y = y, .ld = h});
    for (size_t r = 0; r < rows; r++) {
        nn_ops()->add_norm(x + r * h, y + r * h, l->norm1.gamma, l->norm1.beta, PIPER_EPS, h, NULL,
            NULL);
    }
    team_barrier(s->team);
    conv1d(&l->up, x - l->up.left * h, h, rows, &(ConvOut){.act = mid, .slope = 0, .ld = f});
    team_barrier(s->team);
    conv1d(&l->down, mid - l->down.left * f, f, rows, &(ConvOut){.y = y, .ld = h});
    for (size_t r = 0; r < rows; r++) {
        nn_ops()->add_norm(x + r * h, y + r * h, l->norm2.gamma, l->norm2.beta, PIPER_EPS, h, NULL,
            NULL);
    }
}

static void stats_run(void *arg, unsigned me, unsigned members)
{
    PiperState *s = arg;
    size_t h = s->p->w.shape.hidden;
    unsigned from, to;
    team_part((unsigned)s->n, me, members, &from, &to);
    conv1d(&s->p->w.stats, s->x.p + (PIPER_MARGIN + from) * h, h, to - from,
        &(ConvOut){.y = s->stats.p + from * 2 * h, .ld = 2 * h});
}

bool piper_encode(PiperState *s, Err *err)
{
    const PiperWeights *w = &s->p->w;
    size_t h = w->shape.hidden, f = w->shape.ffn, n = s->n, n16 = up16(n);
    size_t padded = n + 2 * PIPER_MARGIN;
    if (!piper_room(&s->x, padded * h, err) || !piper_room(&s->qkv, n * 3 * h, err) ||
        !piper_room(&s->keys, h * n16, err) || !piper_room(&s->att, n * h, err) ||
        !piper_room(&s->ffn, padded * f, err) || !piper_room(&s->cond, n * h, err) ||
        !piper_room(&s->stats, n * 2 * h, err) ||
        !piper_room(&s->scores, team_members(s->team) * BLOCK * n16, err)) {
        return false;
    }
    memset(s->x.p, 0, padded * h * sizeof(float));
    memset(s->ffn.p, 0, padded * f * sizeof(float));
    memset(s->keys.p, 0, h * n16 * sizeof(float));
    for (size_t t = 0; t < n; t++) {
        memcpy(s->x.p + (PIPER_MARGIN + t) * h, w->embed + s->ids[t] * h, h * sizeof(float));
    }
    for (uint32_t i = 0; i < w->shape.layers; i++) {
        Job job = {s, &w->layer[i]};
        if (piper_cancelled(s)) {
            return err_set(err, ERR_CANCELLED, "speaking was stopped");
        }
        piper_run(s, layer_run, &job);
    }
    piper_run(s, stats_run, s);
    return true;
}
