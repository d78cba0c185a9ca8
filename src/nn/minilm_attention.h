/* minilm_attention.h - softmax(Q K^T / sqrt 32) V for a block's texts; private to minilm*.c. */
#ifndef SOTTO_NN_MINILM_ATTENTION_H
#define SOTTO_NN_MINILM_ATTENTION_H

#include <stdbool.h>
#include <stddef.h>

#define ATTENTION_ROWS 32   /* queries at a time, so that their scores stay in L1 */
#define ATTENTION_FLOATS 27136

/* qkv [n][1152]: queries (scaled), keys, values of one text, 12 heads of 32 each; n at most 256.
 * out [n][384]. scratch: ATTENTION_FLOATS, aligned to 64. */
void minilm_attention(const float *qkv, size_t n, float *out, float *scratch);
#if defined(__x86_64__)
/* The same; scores to 16 bits, weights and values to 8. AMX-BF16 only. */
void minilm_attention_amx(const float *qkv, size_t n, float *out, float *scratch);
#endif

#endif
