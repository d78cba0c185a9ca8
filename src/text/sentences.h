/* sentences.h - where sentences begin and end.
 *
 * Rules: terminators . ! ? and their wide forms with closing quotes, not after an abbreviation, an
 * initial or inside a number; blank lines and list items end a sentence; CJK terminators need no
 * space. Threads: pure functions. */
#ifndef SOTTO_TEXT_SENTENCES_H
#define SOTTO_TEXT_SENTENCES_H

#include "base/str.h"

/* Finds the next sentence at or after *at: its bytes are text[*start, *end) without white space at
 * the ends; *at moves behind it. False when there is none. */
bool sentence_next(Str text, size_t *at, size_t *start, size_t *end);

#endif
