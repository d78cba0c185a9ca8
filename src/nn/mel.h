/* mel.h - the log-mel spectrogram Whisper listens to.
 *
 *   pcm at 16 kHz -> windows of 400 samples every 160 (Hann, centred, reflected at both ends)
 *     -> |DFT|^2 [201] -> mel filters [mels] -> log10(max(., 1e-10))
 *
 * and, by mel_scale, what the model sees: max(x, largest - 8) / 4 + 1.
 *
 * The DFT is two matrix products, cosines over the window's even part and sines over its odd part:
 * at this size that is as fast as an FFT and as exact.
 *
 * Source: Radford et al. 2022 (arXiv:2212.04356), section 2.2, and the reference's audio.py.
 * Threads: a Mel is immutable; scratch is the caller's. */
#ifndef SOTTO_NN_MEL_H
#define SOTTO_NN_MEL_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

#define MEL_WINDOW 400
#define MEL_HOP 160
#define MEL_BINS 201
#define MEL_BINS_PADDED 208
#define MEL_MAX 128
#define MEL_ROWS 32 /* frames at a time */
#define MEL_SCRATCH (MEL_ROWS * 6 * MEL_BINS_PADDED) /* floats */

typedef struct Mel Mel;

/* filters [mels][201], copied; mels a multiple of 16, at most MEL_MAX. */
Mel *mel_new(const float *filters, uint32_t mels, Err *err);
void mel_free(Mel *m);
/* Frames [from, from + count) of the sound pcm [n] with zeros behind it, into out [count][mels];
 * returns the largest value. The reference pads with 30 s of zeros, so the end is never reflected.
 * scratch: MEL_SCRATCH floats. */
float mel_frames(const Mel *m, const float *pcm, size_t n, size_t from, size_t count, float *out,
    float *scratch);
/* x = (max(x, most - 8) + 4) / 4 for n values, in place. */
void mel_scale(float *x, size_t n, float most);
/* The filters of the reference: Slaney's scale, areas of 1. out [mels][201]. */
void mel_filters(uint32_t mels, float *out);

#endif
