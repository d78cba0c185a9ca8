/* resample.h - from one rate to another, by a windowed sinc (resample_int.h).
 *
 *   float [n] at in_hz -> float [about n * out_hz / in_hz] at out_hz, in blocks of any size
 *
 * Blocks are pushed as they come; the filter holds back some milliseconds until resample_finish,
 * after which exactly round(all * out_hz / in_hz) samples have come out, with no delay: sample 0
 * is the sound at time 0. However the input was cut into blocks, the samples are the same to the
 * bit. Flat to 0.9 of half the lower rate; what is beyond that half is 123 dB down. A sample that
 * is no number spoils what the filter reaches, 80 samples of the lower rate to both sides.
 *
 * Threads: a Resampler has one owner. */
#ifndef SOTTO_AUDIO_RESAMPLE_H
#define SOTTO_AUDIO_RESAMPLE_H

#include "base/str.h"

typedef struct Resampler Resampler;

/* What all of them share is made now (a millisecond); before a process that forks others does. */
bool resample_preload(Err *err);
/* ERR_VALIDATION for a rate outside of PCM_RATE_MIN_HZ to _MAX_HZ, ERR_NO_MEMORY. Equal rates are
 * allowed: the samples pass. All memory is taken here: 0.1 to 0.6 MB, for the furthest rates 3. */
Resampler *resample_new(uint32_t in_hz, uint32_t out_hz, Err *err);
void resample_free(Resampler *r); /* NULL is allowed */
typedef bool (*ResampleSink)(void *arg, const float *pcm, size_t n, Err *err);
/* Pushes n samples; `sink` is called with what is ready, blocks of at most RESAMPLE_BLOCK. False
 * when the sink said so. */
#define RESAMPLE_BLOCK 4096
bool resample_push(Resampler *r, const float *pcm, size_t n, ResampleSink sink, void *arg,
                   Err *err);
/* What is left; the Resampler is new afterwards. */
bool resample_finish(Resampler *r, ResampleSink sink, void *arg, Err *err);

/* All at once: out gets floats; room for resample_length(n, in, out). */
size_t resample_length(size_t n, uint32_t in_hz, uint32_t out_hz);
bool resample_all(const float *pcm, size_t n, uint32_t in_hz, uint32_t out_hz, float *out,
                  Err *err);

#endif
