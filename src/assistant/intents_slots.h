/* intents_slots.h - the parts of a sentence: titles without their times, references, durations.
 *
 * Times are found here by their words, for where they stand; what instants they are is when.h's
 * business. Threads: pure functions over their arguments. */
#ifndef SOTTO_ASSISTANT_INTENTS_SLOTS_H
#define SOTTO_ASSISTANT_INTENTS_SLOTS_H

#include "assistant/intents_match.h"

/* One sentence being read. */
typedef struct {
    const Matcher *matcher;
    Str sentence;
    SentenceWords words;
    uint64_t bits;
    bool timed[WORDS_MAX]; /* the word belongs to a time */
    Arena *arena;
} Reading;

/* Marks the words of times. */
void reading_mark_times(Reading *r);
/* Fills the slots, the reference and the rest of *out, whose action is known, from what `rule` (may
 * be NULL: then from the words alone) took. ERR_NO_MEMORY. */
bool reading_fill(const Reading *r, const IntentRule *rule, const Captures *took, Intent *out,
    Err *err);

#endif
