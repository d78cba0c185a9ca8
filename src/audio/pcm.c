#include "audio/pcm.h"

#include <math.h>

size_t pcm_sample_bytes(PcmFormat format)
{
    static const unsigned char bytes[PCM_FORMATS] = {
        [PCM_U8] = 1,  [PCM_S8] = 1,  [PCM_S16] = 2,  [PCM_S24] = 3,  [PCM_S32] = 4,
        [PCM_F32] = 4, [PCM_F64] = 8, [PCM_ALAW] = 1, [PCM_MULAW] = 1};
    return format < PCM_FORMATS ? bytes[format] : 0;
}

/* ITU-T G.711: sign, three bits of exponent, four of mantissa, every other bit (A) or all of them
 * (mu) inverted. Full scale is 32768. */
static float alaw(uint8_t code)
{
    code ^= 0x55;
    int exponent = code >> 4 & 7, value = (code & 15) * 16 + 8;
    if (exponent > 0)
        value = (value + 256) << (exponent - 1);
    return (float)(code & 0x80 ? value : -value) * (1.0f / 32768);
}

static float mulaw(uint8_t code)
{
    code = (uint8_t)~code;
    int value = (((code & 15) * 8 + 132) << (code >> 4 & 7)) - 132;
    return (float)(code & 0x80 ? -value : value) * (1.0f / 32768);
}

static inline float finite_or_0(double v)
{
    /* Beyond this is no sound, and sums of squares would leave the range of a float. */
    return v >= -1e6 && v <= 1e6 ? (float)v : 0.0f;
}

static inline float sample(PcmFormat format, const uint8_t *p)
{
    int16_t s16;
    int32_t s32;
    float f32;
    double f64;
    switch (format) {
    case PCM_U8:
        return (float)((int)p[0] - 128) * (1.0f / 128);
    case PCM_S8:
        return (float)(int8_t)p[0] * (1.0f / 128);
    case PCM_S16:
        memcpy(&s16, p, sizeof s16);
        return (float)s16 * (1.0f / 32768);
    case PCM_S24:
        s32 = (int32_t)((uint32_t)p[0] << 8 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 24);
        return (float)s32 * (1.0f / 2147483648.0f);
    case PCM_S32:
        memcpy(&s32, p, sizeof s32);
        return (float)s32 * (1.0f / 2147483648.0f);
    case PCM_F32:
        memcpy(&f32, p, sizeof f32);
        return finite_or_0((double)f32);
    case PCM_F64:
        memcpy(&f64, p, sizeof f64);
        return finite_or_0(f64);
    case PCM_ALAW:
        return alaw(p[0]);
    case PCM_MULAW:
        return mulaw(p[0]);
    default:
        return 0;
    }
}

static inline void mix(PcmFormat format, const uint8_t *p, unsigned channels, size_t n, float *out)
{
    const size_t step = pcm_sample_bytes(format);
    const float each = 1.0f / (float)channels;
    for (size_t i = 0; i < n; i++) {
        float sum = 0;
        for (unsigned c = 0; c < channels; c++, p += step)
            sum += sample(format, p);
        out[i] = sum * each;
    }
}

void pcm_to_mono(PcmFormat format, const void *samples, unsigned channels, size_t n, float *out)
{
    if (channels == 0) {
        memset(out, 0, n * sizeof *out);
        return;
    }
    /* The usual ones on their own: the compiler makes vectors of them. */
    if (format == PCM_S16 && channels == 1)
        mix(PCM_S16, samples, 1, n, out);
    else if (format == PCM_S16 && channels == 2)
        mix(PCM_S16, samples, 2, n, out);
    else if (format == PCM_F32 && channels == 1)
        mix(PCM_F32, samples, 1, n, out);
    else
        mix(format, samples, channels, n, out);
}

void pcm_to_s16(const float *pcm, size_t n, int16_t *out)
{
    for (size_t i = 0; i < n; i++) {
        float v = pcm[i] * 32768.0f;
        v = v < 32767.0f ? v : 32767.0f; /* NaN is full scale here: nobody sends one */
        v = v > -32768.0f ? v : -32768.0f;
        out[i] = (int16_t)lrintf(v);
    }
}

void pcm_from_s16(const int16_t *samples, size_t n, float *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (float)samples[i] * (1.0f / 32768);
}

float pcm_level_db(const float *pcm, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)pcm[i] * (double)pcm[i];
    double mean = n ? sum / (double)n : 0;
    return mean > 1e-12 ? (float)(10 * log10(mean)) : -120.0f;
}
