/* whisper_encoder.c - log-mel to states, and the decoder's keys and values of them.
 *
 *   stem     x = gelu(conv2(gelu(conv1(mel)))) + position                  [n, d]
 *   layer    x += out(attention(norm(x)));  x += down(gelu(up(norm(x))))
 *   end      norm(x), then a layer of the decoder's keys and values at a time
 *
 * Members of the team take rows in turns; they meet before each attention, which sees every row's
 * keys, and behind it, before the next layer's keys take their place. The n rows attend to their
 * own n keys and to the kept silence of the positions behind them, every 4th of which stands for 4
 * (log 4 is added to its score). */
#include <stdatomic.h>
#include <string.h>

#include "nn/ops.h"
#include "nn/whisper_attention.h"
#include "nn/whisper_impl.h"

#define STEM_POSITIONS 32

void whisper_linear(const Whisper *m, const WhisperLinear *l, const float *x, size_t ldx,
    const uint8_t *q, const GemmRow *scales, size_t rows, float *c, size_t ldc, GemmAct act)
{
    if (m->precision == WHISPER_INT8) {
        gemm_u8s8(&l->q, q, l->k, scales, rows, c, ldc, act);
        return;
    }
    gemm_f32(x, ldx, l->f32, l->n, c, ldc, rows, l->n, l->k);
    for (size_t i = 0; i < rows; i++)
        nn_ops()->bias_act(c + i * ldc, l->bias, l->n, act);
}

static void quantise_rows(const Whisper *m, const float *x, size_t ldx, size_t rows, size_t k,
                          uint8_t *q, GemmRow *scales)
{
    for (size_t i = 0; m->precision == WHISPER_INT8 && i < rows; i++)
        nn_ops()->quantise(x + i * ldx, k, q + i * k, &scales[i]);
}

/* ---- the stem ----------------------------------------------------------------------------------
 */

/* conv1 of frames [from, from + count) into rows of d floats. s->mel begins with a row of zeros, so
 * a frame, the one before and the one behind are 3 mels floats in a row. */
static void first_convolution(WhisperState *s, WhisperLane *lane, size_t from, size_t count,
                              float *out)
{
    const Whisper *m = s->m;
    uint32_t mels = m->w.info.mels, k = m->w.conv1.k;
    GemmRow scales[2 * STEM_POSITIONS + 1];
    for (size_t i = 0; m->precision == WHISPER_INT8 && i < count; i++) {
        float x[3 * MEL_MAX] = {0};
        memcpy(x, s->mel + (from + i) * mels, 3 * (size_t)mels * sizeof *x);
        nn_ops()->quantise(x, k, lane->q + i * k, &scales[i]);
    }
    whisper_linear(m, &m->w.conv1, s->mel + from * mels, mels, lane->q, scales, count, out,
                   m->w.info.state, GEMM_GELU);
}

static void stem(WhisperState *s, WhisperLane *lane, uint32_t from, uint32_t to)
{
    const Whisper *m = s->m;
    size_t d = m->w.info.state;
    for (uint32_t p = from; p < to; p += STEM_POSITIONS) {
        size_t n = to - p < STEM_POSITIONS ? to - p : STEM_POSITIONS;
        /* Row r of the buffer is frame 2 p + r - 1; the frame before the first is zeros. */
        if (p == 0)
            memset(lane->stem, 0, d * sizeof *lane->stem);
        first_convolution(s, lane, p ? 2 * p - 1 : 0, p ? 2 * n + 1 : 2 * n,
                          lane->stem + (p ? 0 : d));
        quantise_rows(m, lane->stem, 2 * d, n, 3 * d, lane->q, lane->rows);
        float *x = s->x + p * d;
        whisper_linear(m, &m->w.conv2, lane->stem, 2 * d, lane->q, lane->rows, n, x, d, GEMM_GELU);
        const float *position = m->w.encoder_position + p * d;
        for (size_t i = 0; i < n * d; i++)
            x[i] += position[i];
    }
}

/* ---- a layer -----------------------------------------------------------------------------------
 */

/* norm(x + y) of rows into the lane, ready for a product. */
static void norm_rows(WhisperState *s, WhisperLane *lane, uint32_t row, size_t n, const float *y,
                      const WhisperNorm *norm)
{
    size_t d = s->m->w.info.state;
    bool int8 = s->m->precision == WHISPER_INT8;
    for (size_t i = 0; i < n; i++)
        nn_ops()->residual_norm(s->x + (row + i) * d, y ? y + i * d : NULL, norm->gamma, norm->beta,
                                WHISPER_EPS, d, lane->norm + i * d, int8 ? lane->q + i * d : NULL,
                                &lane->rows[i]);
}

static void project(WhisperState *s, WhisperLane *lane, const WhisperEncoderLayer *l, uint32_t from,
                    uint32_t to)
{
    size_t d = s->m->w.info.state;
    for (uint32_t row = from; row < to; row += WHISPER_BLOCK) {
        size_t n = to - row < WHISPER_BLOCK ? to - row : WHISPER_BLOCK;
        norm_rows(s, lane, row, n, NULL, &l->attention_norm);
        whisper_linear(s->m, &l->qkv, lane->norm, d, lane->q, lane->rows, n, s->qkv + row * 3 * d,
                       3 * d, GEMM_LINEAR);
    }
    whisper_attention_keys(s, from, to);
}

static void attend_and_feed(WhisperState *s, WhisperLane *lane, uint32_t layer, uint32_t from,
                            uint32_t to)
{
    const Whisper *m = s->m;
    const WhisperEncoderLayer *l = &m->w.encoder[layer];
    size_t d = m->w.info.state;
    for (uint32_t row = from; row < to; row += WHISPER_BLOCK) {
        size_t n = to - row < WHISPER_BLOCK ? to - row : WHISPER_BLOCK;
        whisper_attention(s, lane, layer, row, n, lane->norm);
        quantise_rows(m, lane->norm, d, n, d, lane->q, lane->rows);
        whisper_linear(m, &l->out, lane->norm, d, lane->q, lane->rows, n, lane->y, d, GEMM_LINEAR);
        norm_rows(s, lane, row, n, lane->y, &l->mlp_norm);
        whisper_linear(m, &l->up, lane->norm, d, lane->q, lane->rows, n, lane->hidden, 4 * d,
                       GEMM_GELU);
        quantise_rows(m, lane->hidden, 4 * d, n, 4 * d, lane->q, lane->rows);
        whisper_linear(m, &l->down, lane->hidden, 4 * d, lane->q, lane->rows, n, lane->y, d,
                       GEMM_LINEAR);
        float *x = s->x + row * d;
        for (size_t i = 0; i < n * d; i++)
            x[i] += lane->y[i];
    }
}

/* ---- the decoder's keys and values -------------------------------------------------------------
 */

static uint16_t bf16_of(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, 4);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* kv [n][2 d] of rows row .. row + n, as whisper_impl.h lays them out. */
static void store_cross(WhisperState *s, uint32_t layer, uint32_t row, size_t n, const float *kv)
{
    size_t d = s->m->w.info.state, at = (size_t)layer * d * WHISPER_CROSS_ROWS;
    bool int8 = s->m->precision == WHISPER_INT8;
    float *kf = (float *)s->cross_k + at, *vf = (float *)s->cross_v + at;
    uint16_t *kh = (uint16_t *)s->cross_k + at, *vh = (uint16_t *)s->cross_v + at;
    for (size_t j = 0; j < d; j++) {
        for (size_t i = 0; i < n; i++) {
            size_t p = row + i, head = j / 64 * (WHISPER_CROSS_ROWS / 64);
            if (int8)
                kh[(head + p / 64) * 4096 + j % 64 * 64 + p % 64] = bf16_of(kv[i * 2 * d + j]);
            else
                kf[j * WHISPER_ROWS + p] = kv[i * 2 * d + j];
        }
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < d; j++) {
            size_t to = (j / 64 * WHISPER_ROWS + row + i) * 64 + j % 64;
            if (int8)
                vh[to] = bf16_of(kv[i * 2 * d + d + j]);
            else
                vf[to] = kv[i * 2 * d + d + j];
        }
}

static void finish(WhisperState *s, WhisperLane *lane, uint32_t from, uint32_t to)
{
    const Whisper *m = s->m;
    size_t d = m->w.info.state;
    for (uint32_t row = from; row < to; row += WHISPER_BLOCK) {
        size_t n = to - row < WHISPER_BLOCK ? to - row : WHISPER_BLOCK;
        norm_rows(s, lane, row, n, NULL, &m->w.encoder_norm);
        memcpy(s->encoded + row * d, lane->norm, n * d * sizeof *lane->norm);
        for (uint32_t i = 0; i < m->w.info.decoder_layers; i++) {
            whisper_linear(m, &m->w.decoder[i].cross_kv, lane->norm, d, lane->q, lane->rows, n,
                           lane->hidden, 2 * d, GEMM_LINEAR);
            store_cross(s, i, row, n, lane->hidden);
        }
    }
}

/* ---- the whole ---------------------------------------------------------------------------------
 */

/* What silence leaves in a layer: every 4th key and value, the last position first. */
static void keep_silence(WhisperState *s, const WhisperEncoderLayer *l)
{
    size_t d = s->m->w.info.state;
    float *k = (float *)l->silent_k, *v = (float *)l->silent_v; /* the fp32 model's own memory */
    for (size_t i = 0; i < WHISPER_SILENT; i++) {
        const float *row = s->qkv + WHISPER_SILENT_POSITION(i) * 3 * d;
        for (size_t j = 0; j < d; j++)
            k[j * WHISPER_SILENT_ROWS + i] = row[d + j];
        memcpy(v + i * d, row + 2 * d, d * sizeof *v);
    }
}

/* A phase's rows are taken in chunks by whoever is free: on a busy machine a member that has lost
 * its processor keeps the others waiting for one chunk only. */
typedef struct {
    WhisperState *s;
    bool keep;
    uint32_t chunk;
    _Atomic uint32_t taken[2 * WHISPER_LAYERS_MAX + 2]; /* chunks, of each phase */
} Job;

static bool take_rows(Job *job, uint32_t phase, uint32_t *from, uint32_t *to)
{
    *from = atomic_fetch_add(&job->taken[phase], 1) * job->chunk;
    *to = *from + job->chunk < job->s->n ? *from + job->chunk : job->s->n;
    return *from < job->s->n;
}

static void encode(void *arg, unsigned member, unsigned members)
{
    Job *job = arg;
    WhisperState *s = job->s;
    WhisperLane *lane = &s->lane[member];
    uint32_t from, to, phase = 0, layers = s->m->w.info.encoder_layers;
    (void)members;
    for (uint32_t i = 0; i < layers; i++) {
        for (; take_rows(job, phase, &from, &to);) {
            if (i == 0)
                stem(s, lane, from, to);
            project(s, lane, &s->m->w.encoder[i], from, to);
        }
        team_barrier(s->team);
        if (job->keep && member == 0)
            keep_silence(s, &s->m->w.encoder[i]);
        for (phase++; take_rows(job, phase, &from, &to);) {
            attend_and_feed(s, lane, i, from, to);
            if (i + 1 == layers)
                finish(s, lane, from, to);
        }
        team_barrier(s->team);
        phase++;
    }
}

/* Four chunks a member, of 32 to 96 rows: whole tiles. */
static void run(WhisperState *s, bool keep)
{
    uint32_t fair = s->n / (4 * team_members(s->team)) / 32 * 32;
    Job job = {.s = s, .keep = keep};
    job.chunk = fair < 32 ? 32 : fair > WHISPER_BLOCK ? WHISPER_BLOCK : fair;
    team_run(s->team, encode, &job);
}

void whisper_encode(WhisperState *s, uint32_t n)
{
    s->n = n;
    s->silent = (WHISPER_POSITIONS - n) / WHISPER_STRIDE;
    run(s, false);
}

void whisper_silence(const Whisper *m, WhisperState *s)
{
    size_t d = m->w.info.state, mels = m->w.info.mels;
    for (size_t i = 0; i < WHISPER_FRAMES * mels; i++)
        s->mel[mels + i] = WHISPER_FLOOR;
    s->n = WHISPER_POSITIONS;
    s->silent = 0;
    run(s, true);
    for (uint32_t layer = 0; layer < m->w.info.decoder_layers; layer++) {
        const WhisperDecoderLayer *l = &m->w.decoder[layer];
        float *k = (float *)l->silent_k, *v = (float *)l->silent_v;
        const float *from_k = (const float *)s->cross_k + layer * d * WHISPER_CROSS_ROWS;
        const float *from_v = (const float *)s->cross_v + layer * d * WHISPER_CROSS_ROWS;
        for (size_t i = 0; i < WHISPER_SILENT; i++) {
            size_t p = WHISPER_SILENT_POSITION(i);
            for (size_t j = 0; j < d; j++)
                k[j * WHISPER_SILENT_ROWS + i] = from_k[j * WHISPER_ROWS + p];
            for (size_t h = 0; h < m->w.info.heads; h++)
                memcpy(v + (h * WHISPER_SILENT_ROWS + i) * 64, from_v + (h * WHISPER_ROWS + p) * 64,
                       64 * sizeof *v);
        }
    }
}
