/* words.h - a parsed query's words as the keyword index knows them: for ranking and for marking.
 *
 * Plain words are split as the index splits text (store_tokenize), counted, and stripped of stop
 * words when others remain. The same stems find the words to mark in a passage.
 *
 * Threads: as the store's. Results live in the Arena. */
#ifndef SOTTO_SEARCH_WORDS_H
#define SOTTO_SEARCH_WORDS_H

#include "search/query.h"

/* What marks a run of tokens: a stem, a sequence of stems, or the beginning of a word. */
typedef struct {
    KwKind kind;
    Str *stems; /* KW_WORD: one; KW_PHRASE: all of it; KW_PREFIX: the stem of what was typed */
    size_t n_stems;
    Str typed; /* KW_PREFIX */
} MarkTerm;

typedef struct {
    KwTerm *terms; /* for store_candidates */
    size_t n_terms;
    MarkTerm *marks; /* words first */
    size_t n_marks;
    size_t n_typed; /* plain words as typed, stop words and repetitions included */
    size_t n_kept;  /* of those, what ranks */
} Words;

/* ERR_VALIDATION when nothing is left to rank by (punctuation only). */
bool words_plan(Store *store, const Query *q, Arena *a, Words *out, Err *err);

#endif
