/* keyphrase.h - the phrases that tell what a text is about.
 *
 * Candidates are runs of one to three words between stop words, punctuation and line ends (as in
 * RAKE, Rose et al. 2010). A candidate's score (after the features of YAKE, Campos et al. 2020):
 *
 *   count * length bonus (1, 1.5, 1.6) * (1 + 1/(1 + first sentence / 4)) * 1.5 if it is always
 *   capitalised inside sentences * 2 if it is in the title * (0.2 + rarity of its rarest word)
 *
 * A phrase counts when it occurs twice, or is in the title, or the text is short (under 150 words).
 * What is part of a better phrase is left out.
 * Threads: pure functions; results live in the Arena. */
#ifndef SOTTO_TEXT_KEYPHRASE_H
#define SOTTO_TEXT_KEYPHRASE_H

#include "base/arena.h"
#include "text/chunk.h"

/* How rare a word is in general, 0 (the most frequent) to 1: what a text is about is said in words
 * that are not in every text. */
typedef struct {
    float (*rarity)(void *arg, Str word);
    void *arg;
} KeyphraseRarity;

/* At most `max` phrases, in lower case, best first; looks at the first 200 KB, but not at code.
 * `rarity` may be NULL: then all words weigh the same. */
bool keyphrase_find(Str text, Str title, const Mark *marks, size_t n_marks,
                    const KeyphraseRarity *rarity, size_t max, Arena *a, Str **out, size_t *n,
                    Err *err);

#endif
