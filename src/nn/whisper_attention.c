/* whisper_attention.c - see whisper_attention.h. In fp32, 32 queries of a head at a time. */
#include "nn/whisper_attention.h"

#include <string.h>

#include "nn/ops.h"

bool whisper_attention_is_amx(const Whisper *m)
{
    return m->precision == WHISPER_INT8 && cpu_has_amx_bf16();
}

/* keys [d][1504] from qkv [1504][3 d], 16 x 16 at a time. */
void whisper_attention_keys(WhisperState *s, uint32_t from, uint32_t to)
{
#if defined(__x86_64__)
    if (whisper_attention_is_amx(s->m)) {
        whisper_attention_keys_amx(s, from, to);
        return;
    }
#endif
    size_t d = s->m->w.info.state;
    for (size_t row = from; row < to; row += 16) {
        size_t n = to - row < 16 ? to - row : 16;
        for (size_t j = 0; j < d; j += 16) {
            const float *in = s->qkv + row * 3 * d + d + j;
            float *out = s->keys + j * WHISPER_ROWS + row;
            for (size_t c = 0; c < 16; c++)
                for (size_t r = 0; r < n; r++)
                    out[c * WHISPER_ROWS + r] = in[r * 3 * d + c];
        }
    }
}

static void attend_head(WhisperState *s, WhisperLane *lane, const WhisperEncoderLayer *l,
                        uint32_t row, size_t m, size_t head, float *out)
{
    const NnOps *ops = nn_ops();
    size_t d = s->m->w.info.state, own = GEMM_UP((size_t)s->n, (size_t)16);
    size_t silent = GEMM_UP((size_t)s->silent, (size_t)16), ld = WHISPER_KEYS;
    const float *q = s->qkv + row * 3 * d + head * 64;
    ops->gemm_f32(q, 3 * d, s->keys + head * 64 * WHISPER_ROWS, WHISPER_ROWS, lane->scores, ld, m,
                  own, 64);
    if (silent)
        ops->gemm_f32(q, 3 * d, l->silent_k + head * 64 * WHISPER_SILENT_ROWS, WHISPER_SILENT_ROWS,
                      lane->scores + own, ld, m, silent, 64);
    for (size_t r = 0; r < m; r++) {
        float *scores = lane->scores + r * ld;
        for (size_t j = own; j < own + silent; j++)
            scores[j] += WHISPER_LOG_STRIDE;
        ops->softmax(scores, s->n + s->silent, own + silent);
    }
    float rest[WHISPER_QUERIES * 64];
    ops->gemm_f32(lane->scores, ld, s->qkv + 2 * d + head * 64, 3 * d, out + head * 64, d, m, 64,
                  s->n);
    if (!silent)
        return;
    ops->gemm_f32(lane->scores + own, ld, l->silent_v + head * 64, d, rest, 64, m, 64, s->silent);
    for (size_t r = 0; r < m; r++)
        for (size_t j = 0; j < 64; j++)
            out[r * d + head * 64 + j] += rest[r * 64 + j];
}

void whisper_attention(WhisperState *s, WhisperLane *lane, uint32_t layer, uint32_t row, size_t n,
    float *out)
{
    const WhisperEncoderLayer *l = &s->m->w.encoder[layer];
#if defined(__x86_64__)
    if (whisper_attention_is_amx(s->m)) {
        whisper_attention_amx(s, lane, layer, row, n, out);
        return;
    }
#endif
    size_t d = s->m->w.info.state;
    for (size_t head = 0; head < s->m->w.info.heads; head++)
        for (size_t i = 0; i < n; i += WHISPER_QUERIES) {
            size_t m = n - i < WHISPER_QUERIES ? n - i : WHISPER_QUERIES;
            attend_head(s, lane, l, row + (uint32_t)i, m, head, out + i * d);
        }
}
