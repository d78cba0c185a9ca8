/* passage.h - what of a passage to show, and what in it to mark.
 *
 * Marks are the words that the query asked for, found by the index's own stems (so "invoices" marks
 * "invoice"), whole phrases, and words that begin as a prefix says. The snippet is the run of
 * sentences that holds the most different ones, at most PASSAGE_SNIPPET bytes; a longer sentence is
 * cut between words around its marks. Without a mark it is the passage's beginning.
 *
 * Threads: as the store's. Results live in the Arena. */
#ifndef SOTTO_SEARCH_PASSAGE_H
#define SOTTO_SEARCH_PASSAGE_H

#include "search/search.h"
#include "search/words.h"

#define PASSAGE_SNIPPET 280u

/* Fills m->marks, m->snippet_start and m->snippet_end from m->text. */
bool passage_mark(Store *store, const Words *words, Arena *a, Match *m, Err *err);

#endif
