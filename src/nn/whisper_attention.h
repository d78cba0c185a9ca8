/* whisper_attention.h - the encoder's attention: 64 wide heads, n keys of the clip and the kept
 * silence behind them. Private to src/nn/whisper*.c. */
#ifndef SOTTO_NN_WHISPER_ATTENTION_H
#define SOTTO_NN_WHISPER_ATTENTION_H

#include "nn/whisper_impl.h"

#define WHISPER_LOG_STRIDE 1.3862944f /* log 4: a silent key stands for four */

/* Makes rows [from, to) of s->qkv ready to be attended to. */
void whisper_attention_keys(WhisperState *s, uint32_t from, uint32_t to);
/* out [n][d] = softmax(Q K^T) V of rows row .. row + n. */
void whisper_attention(WhisperState *s, WhisperLane *lane, uint32_t layer, uint32_t row, size_t n,
    float *out);

/* In bf16 tiles, for int8 models where the processor has them. */
bool whisper_attention_is_amx(const Whisper *m);
void whisper_attention_keys_amx(WhisperState *s, uint32_t from, uint32_t to);
void whisper_attention_amx(WhisperState *s, WhisperLane *lane, uint32_t layer, uint32_t row,
    size_t n, float *out);
void whisper_attention_pack_silence_amx(const Whisper *m, const WhisperEncoderLayer *l,
    uint16_t *keys, uint16_t *values);

#endif
