/* whisper_rules.h - from logits to the next token, by the reference's rules: what is never said,
 * when a timestamp must or must not come, greedy choice or sampling, and what tells a good text
 * from a bad one. Private to src/nn/whisper*.c and tests.
 * Threads: pure over the caller's memory. */
#ifndef SOTTO_NN_WHISPER_RULES_H
#define SOTTO_NN_WHISPER_RULES_H

#include "nn/whisper_impl.h"

typedef struct {
    uint32_t id;
    float logprob;
} WhisperChoice;

/* Makes -inf of what may not follow tokens [n] (what was said so far in this window). */
void whisper_rules(const Whisper *m, float *logits, const uint32_t *tokens, size_t n,
    bool timestamps);
/* The next token: the likeliest, or drawn at a temperature. scratch: as long as logits. */
WhisperChoice whisper_choose(const Whisper *m, const float *logits, float temperature,
    uint64_t *random, float *scratch);
/* Probability of `id` without any rule. */
float whisper_probability(const Whisper *m, const float *logits, uint32_t id);
/* Bytes of a text to bytes of it by zlib's default: high when it repeats itself. 0 without text. */
float whisper_compression(Str text);
/* How often the last tokens repeat: the most whole repetitions at the end of a period of 1 to 24
 * tokens, when they cover at least 10 tokens; *period says which (0: none). */
uint32_t whisper_repeats(const uint32_t *tokens, size_t n, uint32_t *period);

#endif
