/* whisper_attention.h - the encoder's attention: 64 wide heads, n keys of the clip and the kept
 * silence behind them. Private to src/nn/whisper*.c. */
#ifndef SOTTO_NN_WHISPER_ATTENTION_H
#define SOTTO_NN_WHISPER_ATTENTION_H

#include "nn/whisper_impl.h"

#define WHISPER_LOG_STRIDE 1.3862944f /* log 4: a silent key stands for four */

/* Makes rows [from, to) of s->qkv ready to be attended to. */
void whisper_attention_keys(WhisperState *s, uint32_t from, uint32_t to);
/* out [n][d] = softmax(Q K^T) V of rows row .. row + n. */
void whisper_attention(WhisperState *s, WhisperLane *lane, const WhisperEncoderLayer *l,
    uint32_t row, size_t n, float *out);

#endif
