/* vindex_code.c - a vector to 8 + 8 bits a component and back. */
#include <math.h>

#include "store/vindex.h"

static int8_t clamp8(float x)
{
    return (int8_t)(x > 127.0f ? 127.0f : x < -127.0f ? -127.0f : x);
}

void vindex_encode(const float v[VINDEX_DIM], VindexCode *out)
{
    float largest = 0.0f;
    for (int i = 0; i < VINDEX_DIM; i++)
        largest = fmaxf(largest, fabsf(v[i]));
    float scale = isfinite(largest) && largest >= 1e-30f ? largest / 127.0f : 0.0f;
    float inverse = scale > 0.0f ? 1.0f / scale : 0.0f;
    out->scale = scale;
    for (int i = 0; i < VINDEX_DIM; i++) {
        float x = scale > 0.0f && isfinite(v[i]) ? v[i] * inverse : 0.0f;
        out->hi[i] = clamp8(nearbyintf(x));
        out->lo[i] = clamp8(nearbyintf((x - (float)out->hi[i]) * 256.0f));
    }
}

void vindex_decode(const VindexCode *code, float v[VINDEX_DIM])
{
    for (int i = 0; i < VINDEX_DIM; i++)
        v[i] = ((float)code->hi[i] + (float)code->lo[i] * (1.0f / 256.0f)) * code->scale;
}
