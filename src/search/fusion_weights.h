/* fusion_weights.h - how far to lean to the embedding side: the weights of the features in
 * fusion.c.
 *
 * Found by tests/bench/search/fit.py on material of many kinds; cranfield and cacm had no part in
 * it (docs/SEARCH.md, "How the weights were found"). A positive weight leans to the embeddings when
 * its feature is large. */
#ifndef SOTTO_SEARCH_FUSION_WEIGHTS_H
#define SOTTO_SEARCH_FUSION_WEIGHTS_H

enum {
    FEATURE_ONE,       /* always 1 */
    FEATURE_GAP,       /* how far the nearest document stands above the tenth */
    FEATURE_TOP,       /* the best cosine */
    FEATURE_FRAGMENTS, /* encoder pieces a word: foreign language, names, numbers, codes */
    FEATURE_COVERAGE,  /* how much of the query the best keyword hit holds */
    FEATURE_MEAN,      /* mean cosine of all passages: much alike, little to tell apart */
    FEATURE_EVIDENCE,  /* idf mass of that hit beyond what chance gives among so many passages */
    FEATURE_AGREE,     /* cosine of that hit */
    FEATURE_STOP,      /* share of stop words: a question in plain language */
    FEATURE_SIZE,      /* logarithm of the number of passages: more of them, more that look near */
    FEATURE_COUNT
};

_Static_assert(FEATURE_COUNT == FUSION_FEATURES, "fusion.h reports every feature");
static const float fusion_weights[FEATURE_COUNT] = {
    [FEATURE_ONE] = 0.59f,
    [FEATURE_GAP] = 0.20f,
    [FEATURE_TOP] = 0.61f,
    [FEATURE_FRAGMENTS] = -0.97f,
    [FEATURE_COVERAGE] = 0.56f,
    [FEATURE_MEAN] = -0.60f,
    [FEATURE_EVIDENCE] = -0.30f,
    [FEATURE_AGREE] = 0.60f,
    [FEATURE_STOP] = 1.27f,
    [FEATURE_SIZE] = -0.33f,
};

#endif
