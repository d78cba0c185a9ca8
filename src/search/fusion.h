/* fusion.h - two lists of candidates to one list of documents.
 *
 *   a passage    fused = w * V + (1 - w) * K        V: from its cosine, K: from BM25, coverage
 *   the query    w     = sigmoid(theta . features)  how far each list is to be trusted now
 *   a document   score = that of its best passage
 *
 * Which way to lean is read off the query and both score distributions; docs/SEARCH.md has the
 * study, the features and how their weights were found. Pure: the same candidates in any order give
 * the same result, ties go to the smaller document and passage number.
 *
 * Threads: pure functions. */
#ifndef SOTTO_SEARCH_FUSION_H
#define SOTTO_SEARCH_FUSION_H

#include "search/search.h"

#define FUSION_FEATURES 10

typedef struct {
    SearchMode mode;
    double threshold;    /* cosine */
    size_t max_passages; /* of a document, listed */
    /* of the query */
    float words, kept; /* plain words as typed; those that are no stop words */
    float pieces;      /* the encoder's pieces for them */
} FusionQuery;

typedef struct {
    uint64_t doc_no;
    float score;     /* 0..1 */
    uint32_t *items; /* candidates, best first */
    size_t n;
} FusedDoc;

typedef struct {
    FusedDoc *docs; /* best first */
    size_t n;
    float *fused;         /* [c->n] the passages' scores, 0..1 */
    double weight_vector; /* w; 1 in semantic mode, 0 in keyword mode */
    float features[FUSION_FEATURES];
} Fused;

/* Hybrid: a passage passes when its cosine reaches the threshold, or when it is a strong keyword
 * match: one of the ten best, holding at least a third of the idf mass of those words of the query
 * that occur anywhere. (Without the first part a word like "lecture" would let pass everything that
 * has it; without the second the tenth best of a long question would be strong.)
 * Semantic: the threshold alone. Keyword: any match. Only ERR_NO_MEMORY. */
#define FUSION_STRONG_RANK 10u
#define FUSION_STRONG_COVERAGE (1.0f / 3)
bool fusion_run(const Candidates *c, const FusionQuery *q, Arena *a, Fused *out, Err *err);

#endif
