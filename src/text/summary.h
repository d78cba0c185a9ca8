/* summary.h - a text's own most central sentences.
 *
 * LexRank (Erkan & Radev 2004): sentences are nodes, their tf-idf cosine is the weight of an edge,
 * and a sentence is central when it is like many that are. Sentences early in the text count up to
 * half more, list items less, and lines that do not end like a sentence much less. The best are
 * taken one by one, leaving out what says the same again (cosine over 0.5 with one that is taken),
 * and stand in the order of the text. Only whole sentences of 4 to 45 words are candidates; when
 * there is none, the text's beginning is cut at a word.
 *
 * Threads: pure functions; results live in the Arena. */
#ifndef SOTTO_TEXT_SUMMARY_H
#define SOTTO_TEXT_SUMMARY_H

#include "text/chunk.h"

/* At most `max_words` words. Looks at the first 150 sentences outside of headings, code and tables.
 * *out gets ptr NULL when the text has no word. */
bool summary_make(Str text, const Mark *marks, size_t n_marks, size_t max_words, Arena *a, Str *out,
    Err *err);

#endif
