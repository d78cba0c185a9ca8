/* wav.h - RIFF WAVE, RIFX no, RF64 yes: read and written without a library.
 *
 *   "RIFF" size "WAVE" | "fmt " size: tag, channels, rate, ... | any other chunks | "data" size ...
 *
 * Read: PCM of 8, 16, 24 and 32 bit, IEEE float of 32 and 64, A-law and mu-law, plain or in
 * WAVE_FORMAT_EXTENSIBLE; chunks in any order, of odd length, with or without their padding byte;
 * sizes of 0 and 0xFFFFFFFF as streams write them; a file that is cut short gives what is there
 * and says so. Other codecs in a WAVE are ERR_UNSUPPORTED_MEDIA: somebody else may know them.
 *
 * Source: Multimedia Programming Interface and Data Specifications 1.0 (Microsoft, 1991), the
 * revision with WAVE_FORMAT_EXTENSIBLE, EBU Tech 3306 (RF64). Threads: pure functions. */
#ifndef SOTTO_AUDIO_WAV_H
#define SOTTO_AUDIO_WAV_H

#include "audio/pcm.h"

typedef struct {
    PcmFormat format;
    uint32_t rate_hz, channels;
    Str data;        /* whole frames only; in the file's own bytes */
    uint64_t frames; /* data.len / bytes of a frame */
    bool cut_short;  /* the header promises more than there is, or the last frame is incomplete */
} Wav;

bool wav_is(Str file); /* begins as a WAVE does, whatever its codec */
/* ERR_VALIDATION (damaged, no samples, an impossible rate), ERR_UNSUPPORTED_MEDIA (no WAVE, or a
 * codec that is not read here). */
bool wav_parse(Str file, Wav *out, Err *err);
/* Frames [from, from + n) as mono; both are clamped, the number written is returned. */
size_t wav_read(const Wav *w, uint64_t from, size_t n, float *out);

#define WAV_HEADER 44
/* The header of 16-bit mono; `samples` UINT32_MAX / 2 or more: unknown, as for a stream (both
 * sizes are 0xFFFFFFFF then, which readers take as "to the end"). */
void wav_header(uint32_t rate_hz, uint64_t samples, uint8_t out[WAV_HEADER]);
/* Header and samples; buf_ok. */
bool wav_write(const float *pcm, size_t n, uint32_t rate_hz, Buf *out);

#endif
