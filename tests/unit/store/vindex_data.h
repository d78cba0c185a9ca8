/* vindex_data.h - vectors for the vector index's tests: unit vectors around common directions, as
 * embeddings are, from a fixed sequence; and the plain search that the index must agree with. */
#ifndef SOTTO_TESTS_VINDEX_DATA_H
#define SOTTO_TESTS_VINDEX_DATA_H

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "store/vindex.h"

static inline uint32_t data_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

/* Roughly normal: the sum of four uniform numbers. */
static inline float data_normal(uint64_t *state)
{
    float x = 0;
    for (int i = 0; i < 4; i++)
        x += (float)data_random(state) / 2147483648.0f - 0.5f;
    return x * 1.7f;
}

/* Vector `n` of the sequence: one of 200 topics, with its own deviation. */
static inline void data_vector(uint64_t n, float v[VINDEX_DIM])
{
    uint64_t topic = n * 2654435761u % 200 + 1, own = n * 0x9e3779b97f4a7c15u + 7;
    float norm = 0;
    for (int i = 0; i < VINDEX_DIM; i++) {
        v[i] = 0.8f * data_normal(&topic) + data_normal(&own);
        norm += v[i] * v[i];
    }
    for (int i = 0; i < VINDEX_DIM; i++)
        v[i] /= sqrtf(norm);
}

static inline float data_dot(const float *a, const float *b)
{
    double sum = 0;
    for (int i = 0; i < VINDEX_DIM; i++)
        sum += (double)a[i] * (double)b[i];
    return (float)sum;
}

#endif
