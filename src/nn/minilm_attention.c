/* minilm_attention.c - see minilm_attention.h. */
#include "nn/minilm_attention.h"

#include "nn/minilm_file.h"
#include "nn/ops.h"

void minilm_attention(const float *qkv, size_t n, float *out, float *scratch)
{
    const NnOps *ops = nn_ops();
    float *keys = scratch, *scores = scratch + 32 * 256;
    size_t padded = GEMM_UP(n, (size_t)16);
    for (size_t h = 0; h < MINILM_HEADS; h++) {
        const float *q = qkv + h * MINILM_HEAD, *k = q + MINILM_HIDDEN, *v = k + MINILM_HIDDEN;
        for (size_t j = 0; j < padded;
             j++) { /* keys [32][padded]: a query times all keys at once */
            for (size_t d = 0; d < MINILM_HEAD; d++) {
                keys[d * padded + j] = j < n ? k[j * MINILM_QKV + d] : 0.0f;
            }
        }
        for (size_t i = 0; i < n; i += ATTENTION_ROWS) {
            size_t m = n - i < ATTENTION_ROWS ? n - i : ATTENTION_ROWS;
            ops->gemm_f32(q + i * MINILM_QKV, MINILM_QKV, keys, padded, scores, padded, m, padded,
                MINILM_HEAD);
            for (size_t r = 0; r < m; r++) {
                ops->softmax(scores + r * padded, n, padded);
            }
            ops->gemm_f32(scores, padded, v, MINILM_QKV, out + i * MINILM_HIDDEN + h * MINILM_HEAD,
                MINILM_HIDDEN, m, MINILM_HEAD, n);
        }
    }
}
