/* whisper_decoder.c - tokens to logits, with the keys and values of all before kept.
 *
 *   x        word[token] + position
 *   layer    x += out(self-attention(norm(x)));  x += out(attention to the sound(norm(x)));
 *            x += down(gelu(up(norm(x))))
 *   logits   norm(x) words^T
 *
 * One token is a walk over all weights, so what counts is how fast they stream. Members of the team
 * share heads and columns, and each keeps a copy of x, so that only products are waited for: six
 * meetings a layer. What one member may still read another may not write yet, hence four buffers
 * (s->dy in quarters, s->dh, s->dz). */
#include <string.h>

#include "nn/ops.h"
#include "nn/whisper_attention.h"
#include "nn/whisper_impl.h"

#define STALLS 2       /* in a token: more are no accident */
#define ALONE_LEAST 16 /* tokens until the team is tried again; twice as many every time it fails */
#define ALONE_MOST 512

typedef struct {
    WhisperState *s;
    const uint32_t *tokens;
    uint32_t n, probe;
    bool last; /* of the prompt: logits are wanted */
} Job;

typedef struct {
    const Job *job;
    WhisperState *s;
    const Whisper *m;
    WhisperLane *lane;
    float *x;
    unsigned member, members, head0, head1;
    size_t d;
} Part;

/* Columns [from, to) of a product, multiples of 16. */
static void columns(const Part *p, const WhisperLinear *l, const float *x, size_t ldx, size_t rows,
                    size_t from, size_t to, float *c, size_t ldc, GemmAct act)
{
    if (from == to)
        return;
    if (p->m->precision == WHISPER_INT8) {
        GemmWeights w = {l->q.panels + from * l->k, l->q.scale + from, l->q.sum + from,
                         l->q.bias + from, l->k, (uint32_t)(to - from)};
        gemm_u8s8(&w, p->lane->q, l->k, p->lane->rows, rows, c + from, ldc, act);
        return;
    }
    gemm_f32(x, ldx, l->f32 + from, l->n, c + from, ldc, rows, to - from, l->k);
    for (size_t i = 0; i < rows; i++)
        nn_ops()->bias_act(c + i * ldc + from, l->bias + from, to - from, act);
}

/* This member's equal part of a product's columns. */
static void own_columns(const Part *p, const WhisperLinear *l, const float *x, size_t ldx,
                        size_t rows, float *c, size_t ldc, GemmAct act)
{
    unsigned from, to, all = l->n;
    team_part((all + 31) / 32, p->member, p->members, &from, &to);
    columns(p, l, x, ldx, rows, from * 32, to * 32 < all ? to * 32 : all, c, ldc, act);
}

static void quantise_rows(const Part *p, const float *x, size_t ldx, size_t rows, size_t k)
{
    for (size_t i = 0; p->m->precision == WHISPER_INT8 && i < rows; i++)
        nn_ops()->quantise(x + i * ldx, k, p->lane->q + i * k, &p->lane->rows[i]);
}

static void norm_rows(const Part *p, const float *y, size_t ldy, size_t rows,
                      const WhisperNorm *norm)
{
    uint8_t *q = p->m->precision == WHISPER_INT8 ? p->lane->q : NULL;
    for (size_t i = 0; i < rows; i++)
        nn_ops()->residual_norm(p->x + i * p->d, y ? y + i * ldy : NULL, norm->gamma, norm->beta,
                                WHISPER_EPS, p->d, p->lane->norm + i * p->d,
                                q ? q + i * p->d : NULL, &p->lane->rows[i]);
}

/* The word's column of the matrix of words, turned back (ops.h), and its position. */
static void embed(const Part *p, uint32_t token, uint32_t position, float *x)
{
    const WhisperLinear *l = &p->m->w.words;
    const float *at = p->m->w.decoder_position + position * p->d;
    if (p->m->precision == WHISPER_INT8) {
        float turned[WHISPER_STATE_MAX];
        const int8_t *panel = l->q.panels + (size_t)(token / 16) * 16 * l->k + token % 16 * 4;
        for (size_t i = 0; i < p->d; i++) {
            size_t in_panel = i / 4 * 64 + i % 4;
            turned[i] = l->q.scale[token] * (float)panel[in_panel];
        }
        nn_ops()->rotate(turned, p->d, x);
    } else {
        for (size_t i = 0; i < p->d; i++)
            x[i] = l->f32[i * l->n + token];
    }
    for (size_t i = 0; i < p->d; i++)
        x[i] += at[i];
}

/* ---- attention to the text ---------------------------------------------------------------------
 */

/* Queries, keys and values of this member's heads are in quarters 0 to 2 of dy; what comes out goes
 * to quarter 3. */
static void attend_text(const Part *p, uint32_t layer, size_t rows)
{
    const NnOps *ops = nn_ops();
    WhisperState *s = p->s;
    size_t d = p->d, ld = 4 * d, text = WHISPER_TEXT_MAX;
    for (size_t h = p->head0; h < p->head1; h++) {
        float *keys = s->self_k + (layer * d + h * 64) * text;
        float *values = s->self_v + (layer * d + h * 64) * text;
        for (size_t i = 0; i < rows; i++) {
            const float *k = s->dy + i * ld + d + h * 64, *v = k + d;
            for (size_t j = 0; j < 64; j++)
                keys[j * text + s->cached + i] = k[j];
            memcpy(values + (s->cached + i) * 64, v, 64 * sizeof *v);
        }
        for (size_t i = 0; i < rows; i++) {
            size_t used = s->cached + i + 1, all = GEMM_UP(used, (size_t)16);
            float *row = s->dy + i * ld + h * 64;
            ops->gemm_f32(row, ld, keys, text, p->lane->scores, all, 1, all, 64);
            ops->softmax(p->lane->scores, used, all);
            ops->gemm_f32(p->lane->scores, all, values, 64, row + 3 * d, 64, 1, 64, used);
        }
    }
}

/* ---- attention to the sound --------------------------------------------------------------------
 */

/* Row `i`'s query of head h is at quarter 1 of dy; what comes out goes to quarter 3. */
static void attend_sound_row(const Part *p, uint32_t layer, size_t h, size_t i)
{
    const NnOps *ops = nn_ops();
    const WhisperState *s = p->s;
    const WhisperDecoderLayer *l = &p->m->w.decoder[layer];
    size_t d = p->d, own = GEMM_UP((size_t)s->n, (size_t)16);
    size_t silent = GEMM_UP((size_t)s->silent, (size_t)16);
    size_t at = layer * d * WHISPER_CROSS_ROWS, k_silent = h * 64 * WHISPER_SILENT_ROWS;
    size_t k_at = at + h * 64 * WHISPER_ROWS;
    float *scores = p->lane->scores, *q = s->dy + i * 4 * d + d + h * 64, *out = q + 2 * d;
    bool int8 = p->m->precision == WHISPER_INT8;
    if (int8) {
        ops->scores_bf16(q, (const uint16_t *)s->cross_k + at + h * 64 * WHISPER_CROSS_ROWS, own,
                         scores);
        ops->scores_bf16(q, (const uint16_t *)l->silent_k + k_silent, silent, scores + own);
    } else {
        ops->gemm_f32(q, 64, (const float *)s->cross_k + k_at, WHISPER_ROWS, scores, own, 1, own,
                      64);
        ops->gemm_f32(q, 64, (const float *)l->silent_k + k_silent, WHISPER_SILENT_ROWS,
                      scores + own, silent, 1, silent, 64);
    }
    for (size_t j = own; j < own + silent; j++)
        scores[j] += WHISPER_LOG_STRIDE;
    ops->softmax(scores, s->n + s->silent, own + silent);
    memset(out, 0, 64 * sizeof *out);
    if (int8) {
        ops->values_bf16(scores, (const uint16_t *)s->cross_v + k_at, s->n, out);
        ops->values_bf16(scores + own, (const uint16_t *)l->silent_v + k_silent, s->silent, out);
        return;
    }
    float rest[64];
    ops->gemm_f32(scores, own, (const float *)s->cross_v + k_at, 64, out, 64, 1, 64, s->n);
    ops->gemm_f32(scores + own, silent, (const float *)l->silent_v + k_silent, 64, rest, 64, 1, 64,
                  s->silent);
    for (size_t j = 0; j < 64; j++)
        out[j] += rest[j];
}

static void watch(const Part *p, uint32_t layer, size_t h, size_t i)
{
    const WhisperWeights *w = &p->m->w;
    const WhisperState *s = p->s;
    for (size_t a = 0; a < w->n_align && s->cached + i < s->watch_rows; a++)
        if (w->align[a].layer == layer && w->align[a].head == h)
            memcpy(s->watch + (a * s->watch_rows + s->cached + i) * s->n, p->lane->scores,
                   s->n * sizeof(float));
}

static void attend_sound(const Part *p, uint32_t layer, size_t rows)
{
    for (size_t h = p->head0; h < p->head1; h++)
        for (size_t i = 0; i < rows; i++) {
            attend_sound_row(p, layer, h, i);
            if (p->s->watch)
                watch(p, layer, h, i);
        }
}

/* ---- the whole ---------------------------------------------------------------------------------
 */

static void layer_pass(const Part *p, uint32_t layer, size_t rows)
{
    const WhisperDecoderLayer *l = &p->m->w.decoder[layer];
    WhisperState *s = p->s;
    size_t d = p->d, ld = 4 * d, from = p->head0 * 64, to = p->head1 * 64;
    norm_rows(p, layer ? s->dz : NULL, d, rows, &l->attention_norm);
    for (size_t part = 0; part < 3; part++)
        columns(p, &l->qkv, p->lane->norm, d, rows, part * d + from, part * d + to, s->dy, ld,
                GEMM_LINEAR);
    attend_text(p, layer, rows);
    team_barrier(s->team);
    quantise_rows(p, s->dy + 3 * d, ld, rows, d);
    own_columns(p, &l->out, s->dy + 3 * d, ld, rows, s->dy, ld, GEMM_LINEAR);
    team_barrier(s->team);
    norm_rows(p, s->dy, ld, rows, &l->cross_norm);
    columns(p, &l->cross_q, p->lane->norm, d, rows, from, to, s->dy + d, ld, GEMM_LINEAR);
    attend_sound(p, layer, rows);
    team_barrier(s->team);
    quantise_rows(p, s->dy + 3 * d, ld, rows, d);
    own_columns(p, &l->cross_out, s->dy + 3 * d, ld, rows, s->dy, ld, GEMM_LINEAR);
    team_barrier(s->team);
    norm_rows(p, s->dy, ld, rows, &l->mlp_norm);
    own_columns(p, &l->up, p->lane->norm, d, rows, s->dh, ld, GEMM_GELU);
    team_barrier(s->team);
    quantise_rows(p, s->dh, ld, rows, 4 * d);
    own_columns(p, &l->down, s->dh, ld, rows, s->dz, d, GEMM_LINEAR);
    team_barrier(s->team);
}

static void logits_of(const Part *p, size_t row, float *out)
{
    const float *x = p->lane->norm + row * p->d;
    quantise_rows(p, x, p->d, 1, p->d);
    own_columns(p, &p->m->w.words, x, p->d, 1, out, p->m->w.words.n, GEMM_LINEAR);
}

static void decode(void *arg, unsigned member, unsigned members)
{
    const Job *job = arg;
    WhisperState *s = job->s;
    Part p = {.job = job, .s = s, .m = s->m, .lane = &s->lane[member], .member = member,
              .members = members, .d = s->m->w.info.state};
    p.x = s->dx + member * WHISPER_PROMPT_ROWS * p.d;
    team_part(s->m->w.info.heads, member, members, &p.head0, &p.head1);
    for (uint32_t i = 0; i < job->n; i++)
        embed(&p, job->tokens[i], s->cached + i, p.x + i * p.d);
    for (uint32_t i = 0; i < s->m->w.info.decoder_layers; i++)
        layer_pass(&p, i, job->n);
    if (!job->last && job->probe >= job->n)
        return;
    norm_rows(&p, s->dz, p.d, job->n, &s->m->w.decoder_norm);
    if (job->last)
        logits_of(&p, job->n - 1, s->logits);
    if (job->probe < job->n)
        logits_of(&p, job->probe, s->probe);
}

/* A token has some forty meetings of the team. When the processors are busy with something else,
 * each can cost a turn of the scheduler, and the caller is faster alone until that has passed. */
static void run(WhisperState *s, Job *job)
{
    unsigned before = team_stalls(s->team);
    if (s->alone) {
        s->alone--;
        team_run_alone(s->team, decode, job);
        return;
    }
    team_run(s->team, decode, job);
    if (team_stalls(s->team) - before <= STALLS) {
        s->patience = ALONE_LEAST;
        return;
    }
    s->alone = s->patience > ALONE_LEAST ? s->patience : ALONE_LEAST;
    s->patience = s->alone < ALONE_MOST ? 2 * s->alone : ALONE_MOST;
}

void whisper_decode(WhisperState *s, const uint32_t *tokens, uint32_t n, uint32_t probe)
{
    for (uint32_t at = 0; at < n; at += WHISPER_PROMPT_ROWS) {
        Job job = {.s = s, .tokens = tokens + at, .last = n - at <= WHISPER_PROMPT_ROWS};
        job.n = job.last ? n - at : WHISPER_PROMPT_ROWS;
        job.probe = probe >= at ? probe - at : UINT32_MAX;
        run(s, &job);
        s->cached += job.n;
    }
}
