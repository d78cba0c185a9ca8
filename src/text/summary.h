/* summary.h - a text's own best sentences.
 *
 *   text -> candidate sentences (no headings, code, tables; 4 to 45 words)
 *        -> graph: how alike any two are, by words (tf-idf cosine) and by meaning (embeddings)
 *        -> centrality by power iteration (LexRank) -> a bonus for early ones, less for list items
 *        -> one after the other, by rank less likeness to those chosen (maximal marginal relevance)
 *
 * Source: Erkan & Radev 2004, "LexRank"; Carbonell & Goldstein 1998 (MMR). docs/INGEST.md has the
 * weights and how they were measured.
 * Threads: pure functions; results live in the Arena. */
#ifndef SOTTO_TEXT_SUMMARY_H
#define SOTTO_TEXT_SUMMARY_H

#include "base/arena.h"
#include "text/chunk.h"

typedef struct Summary Summary; /* the candidate sentences of one text, which it borrows */

typedef struct {
    uint32_t start, end; /* bytes of the text */
} SummarySpan;

typedef struct {
    size_t max_words;
    float meaning;    /* share of the embeddings in a likeness, 0..1 */
    float redundancy; /* how much likeness to a chosen sentence costs, in ranks */
    float early;      /* bonus of the first sentence, falling by e every four sentences */
} SummaryOptions;
#define SUMMARY_DEFAULTS(words) {(words), 0.7f, 0.1f, 20.0f}

bool summary_collect(Str text, const Mark *marks, size_t n_marks, Arena *a, Summary **out,
                     Err *err);
/* The candidates in their order; at most 150. */
const SummarySpan *summary_spans(const Summary *s, size_t *n);
/* `vectors` [candidates, dim] are unit length, or all zeros where one is not known; NULL: by words
 * alone. A text without a sentence gives its first words; one without a word ptr NULL. */
bool summary_write(Summary *s, const float *vectors, size_t dim, const SummaryOptions *o, Arena *a,
                   Str *out, Err *err);

/* Both, without embeddings. */
bool summary_make(Str text, const Mark *marks, size_t n_marks, size_t max_words, Arena *a, Str *out,
    Err *err);

#endif
