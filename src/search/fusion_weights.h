/* fusion_weights.h - how far to lean towards meaning: w = sigmoid(weights . features). */
#ifndef SOTTO_SEARCH_FUSION_WEIGHTS_H
#define SOTTO_SEARCH_FUSION_WEIGHTS_H

enum { FEATURE_ONE, FEATURE_GAP, FEATURE_TOP, FEATURE_FRAGMENTS, FEATURE_COVERAGE, FEATURE_UNKNOWN, FEATURE_MEAN,
    FEATURE_EVIDENCE, FEATURE_SIZE, FEATURE_AGREE, FEATURE_STOP };

static const float fusion_weights[11] = {0};

#endif
