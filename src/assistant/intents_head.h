/* intents_head.h - a softmax over classes of examples:
 *
 *   p = softmax((W [e; f] + b))    e [384] the sentence's embedding, f its words
 *
 * f has 1 x scale where the sentence has one of the words, first words or first pairs of words that
 * are frequent in the examples: the embedding knows what a sentence is about, the first words
 * whether it asks or orders. W is int8 with a scale a class; tools/fit_intents.py makes it from
 * share/intents. docs/INTENTS.md has what it is worth beside the nearest examples.
 *
 * Threads: pure functions over constant data. */
#ifndef SOTTO_ASSISTANT_INTENTS_HEAD_H
#define SOTTO_ASSISTANT_INTENTS_HEAD_H

#include "assistant/intents.h"
#include "assistant/intents_words.h"

/* Probabilities of the actions, out[ACTION_COUNT], summing to 1, from the words and their embedding
 * [384]. */
void head_score(const SentenceWords *w, const float *embedding, float *out);

/* What a probability of the softmax has proved to be worth on sentences that had no part in making
 * it: of a kind, of an action. Monotone, 0..1. */
double head_calibrate_kind(double p);
double head_calibrate_action(double p);

#endif
