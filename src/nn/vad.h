/* vad.h - is somebody speaking? Silero VAD, version 6, 16 kHz.
 *
 *   frame [512] behind the last 64 samples, mirrored at the end -> [640]
 *     -> STFT [4, 129] -> 4 x conv and ReLU [1, 128] -> LSTM [128] -> ReLU -> dot -> sigmoid
 *
 * 309 thousand weights in fp32, from one memory-mapped file of our own (docs/AUDIO.md has every
 * tensor), made once by vad_convert from the published silero_vad_16k_op15.onnx.
 *
 * Source: the model's authors (Silero Team, MIT), their silero-vad 6.2.
 * Threads: a Vad is immutable once open and shared freely; a VadState is one stream's. */
#ifndef SOTTO_NN_VAD_H
#define SOTTO_NN_VAD_H

#include "base/err.h"

#define VAD_RATE_HZ 16000
#define VAD_FRAME 512   /* samples: 32 ms */
#define VAD_CONTEXT 64
#define VAD_HIDDEN 128
#define VAD_MODEL "silero-vad-16k"

typedef struct Vad Vad;

typedef struct {
    float h[VAD_HIDDEN], c[VAD_HIDDEN], context[VAD_CONTEXT];
} VadState; /* all zero at the beginning of a stream */

/* ERR_NOT_FOUND, ERR_CORRUPT (no such file, a tensor is missing or has another shape),
 * ERR_NO_MEMORY, ERR_IO. */
bool vad_convert(const char *onnx, const char *out, Err *err);
Vad *vad_open(const char *path, Err *err);
void vad_close(Vad *v); /* NULL is allowed */
bool vad_verify(const Vad *v, Err *err); /* every byte; ERR_CORRUPT */
/* Probability of speech in the next frame of the stream. Samples that are not finite, or beyond
 * any sound, do not spoil the state: they read as 0. */
float vad_frame(const Vad *v, VadState *s, const float frame[VAD_FRAME]);

#endif
