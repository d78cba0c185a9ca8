/* words.h - the words of a text, and which of them carry no meaning.
 *
 * A word is a run of letters, digits and marks with inner apostrophes and hyphens ("don't",
 * "check-in"); where words are not spaced (Chinese, Japanese, Thai), a run of at most four
 * characters. Threads: pure functions. */
#ifndef SOTTO_TEXT_WORDS_H
#define SOTTO_TEXT_WORDS_H

#include "base/str.h"

#define WORD_MAX 64 /* bytes of a word that is looked at; longer ones are skipped as a whole */

/* Finds the next word at or after *at, which moves behind it; false at the end. */
bool word_next(Str text, size_t *at, size_t *start, size_t *end);
/* The word in lower case, in room[WORD_MAX + 8]; empty when it is longer than WORD_MAX. */
Str word_fold(Str word, char *room);
/* Articles, pronouns, prepositions, numbers, units and the like of English, German, French,
 * Spanish, Italian, Dutch and Portuguese; the most frequent ones of Russian, Ukrainian, Polish,
 * Czech, Swedish, Danish, Norwegian, Finnish, Hungarian, Romanian, Greek, Turkish and
 * Arabic. `folded` is in lower case. */
bool word_is_stop(Str folded);

/* Whether `phrase` (one word or several, not empty) stands in s as whole words; ASCII case is
 * nothing. */
bool words_has(Str s, const char *phrase);
/* Any of them. */
bool words_has_any(Str s, const char *const *phrases, size_t n);
/* The sign or the name of a currency. */
bool words_has_money(Str s);

#endif
