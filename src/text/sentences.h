/* sentences.h - where sentences begin and end.
 *
 * Rules, in order:
 *   - a blank line ends a sentence; so does a line break before a list item, and one after a short
 *     line (at most 40 characters) when the next line starts like a sentence: "Rent: 950 EUR"
 * stands alone, wrapped prose does not;
 *   - the wide terminators of Chinese and Japanese end one at once;
 *   - . ! ? and an ellipsis, with closing quotes and brackets behind them, end one before white
 * space, unless a small letter follows, or a single full stop stands after an abbreviation, an
 * initial, a number that starts the line, or a day's number before a month's name.
 *
 * Every byte that is no white space belongs to exactly one sentence. Linear time.
 * Threads: pure functions. */
#ifndef SOTTO_TEXT_SENTENCES_H
#define SOTTO_TEXT_SENTENCES_H

#include "base/str.h"

/* Finds the next sentence at or after *at: its bytes are text[*start, *end) without white space at
 * the ends; *at moves behind it. False when there is none. `text` is UTF-8; broken bytes are taken
 * as characters of their own. */
bool sentence_next(Str text, size_t *at, size_t *start, size_t *end);

/* Whether a line that starts here (after white space of its own) is a list item: "- ", "1. ", "a)
 * ". */
bool sentence_list_marker(Str line);

#endif
