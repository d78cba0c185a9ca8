/* pcm.h - sound as this program has it: one channel of floats in -1..1 at a rate.
 *
 *   s16le, f32le, any sample format and any number of channels -> float [n]
 *
 * Several channels become their mean. What is not a finite number becomes 0, so that one broken
 * sample cannot spoil a model's state.
 *
 * Threads: pure functions over the caller's memory. */
#ifndef SOTTO_AUDIO_PCM_H
#define SOTTO_AUDIO_PCM_H

#include "base/str.h"

#define PCM_RATE_HZ 16000     /* what every model that listens here wants */
#define PCM_RATE_MIN_HZ 1000  /* rates outside of these are a broken header */
#define PCM_RATE_MAX_HZ 768000
#define PCM_CHANNELS_MAX 256

/* Little-endian samples, interleaved. */
typedef enum {
    PCM_U8, PCM_S8, PCM_S16, PCM_S24, PCM_S32, PCM_F32, PCM_F64, PCM_ALAW, PCM_MULAW,
    PCM_FORMATS
} PcmFormat;

/* Bytes of one sample of one channel. */
size_t pcm_sample_bytes(PcmFormat format);
/* n frames of `channels` samples each, wherever they lie, to out [n]. */
void pcm_to_mono(PcmFormat format, const void *samples, unsigned channels, size_t n, float *out);
/* Rounded to nearest and clipped at full scale. */
void pcm_to_s16(const float *pcm, size_t n, int16_t *out);
void pcm_from_s16(const int16_t *samples, size_t n, float *out);
/* 20 log10 of the root mean square; -120 for silence and for nothing. */
float pcm_level_db(const float *pcm, size_t n);

#endif
