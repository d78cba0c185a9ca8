/* ground.h - whether a sentence that a language model wrote is what a source says.
 *
 *   sentence, source -> every number, name and spelled number of the sentence stands in the source
 *                    -> a negation has one there -> half of its other words stand there
 *                    -> the source's own sentence that says it
 *
 * Words of the question count neither way, but no number or name is excused by it. A sentence of a
 * source that speaks to an assistant ("ignore all previous instructions") proves nothing.
 * docs/LLM.md has the rules. Threads: pure functions. */
#ifndef SOTTO_ASSISTANT_GROUND_H
#define SOTTO_ASSISTANT_GROUND_H

#include "base/str.h"

typedef struct {
    float share;       /* of the sentence's own words that stand in the source, 0..1 */
    size_t start, end; /* bytes of the source's sentence that says most of it */
} Grounding;

/* `title` counts as the source's words, and is never what says it. */
bool ground_holds(Str sentence, Str title, Str text, Str question, Grounding *out);
/* Whether every number and name of `text` stands in `source`: for summaries. */
bool ground_names(Str text, Str source);
/* How many words of `text` say something by themselves, and how many of those stand in `source`. */
void ground_words(Str text, Str source, size_t *own, size_t *there);
/* Whether `source` has this one word, exactly but for capitals. */
bool ground_has_word(Str source, Str word);
/* Whether it has anything that needs proof: "Yes." and "Here is what I found:" have not. */
bool ground_says_nothing(Str sentence);
/* Whether it reads as an order to an assistant. */
bool ground_is_order(Str sentence);

#endif
