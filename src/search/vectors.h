/* vectors.h - vectors of texts that were embedded a moment ago: the sentences of the passages that
 * questions are answered from come again and again.
 *
 *   hash(text) -> one of 4,096 sets of 4; what was used longest ago gives way
 *
 * Components are kept in 16 bits (an error below 0.00002). Memory is touched when a slot is first
 * used: at most 16,384 x 800 bytes. Metrics: sentence_vectors_hits_total, _misses_total.
 * Threads: safe. */
#ifndef SOTTO_SEARCH_VECTORS_H
#define SOTTO_SEARCH_VECTORS_H

#include "base/str.h"

typedef struct Vectors Vectors;

Vectors *vectors_new(Err *err);
void vectors_free(Vectors *v); /* NULL is allowed */
/* Copies the text's vector [384] and number of tokens out; false when it is not there. */
bool vectors_get(Vectors *v, Str text, float *out, uint32_t *tokens);
void vectors_put(Vectors *v, Str text, const float *vector, uint32_t tokens);

#endif
