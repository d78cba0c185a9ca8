/* alsa.h - the microphone and the loudspeaker of this machine; the one file that knows ALSA.
 *
 *   device ("default", "hw:1") -> 16-bit samples of one channel at a rate
 *
 * libasound is loaded with the first call; PipeWire and PulseAudio stand behind its "default".
 *
 * Threads: a Mic and a Speaker have one owner. */
#ifndef SOTTO_AUDIO_ALSA_H
#define SOTTO_AUDIO_ALSA_H

#include "base/arena.h"

typedef struct {
    const char *name;  /* what mic_open takes */
    const char *about; /* for people, one line; may be "" */
} AlsaDevice;

/* Devices that one can hear with, in `a`. *n may be 0. ERR_UNAVAILABLE names the package that is
 * missing; ERR_NO_MEMORY. */
bool mic_list(Arena *a, AlsaDevice **out, size_t *n, Err *err);

typedef struct Mic Mic;
/* device NULL: "default". *rate_hz: 16000, or what the device has instead. ERR_UNAVAILABLE: there
 * is none, or it is busy: with what to do. */
Mic *mic_open(const char *device, uint32_t *rate_hz, Err *err);
void mic_close(Mic *m); /* NULL is allowed */
/* Waits for up to n samples, at most half a second; *got 0 without `end`: nothing came yet. What
 * was lost because nobody read is lost. *end: there will be no more (a file). ERR_UNAVAILABLE when
 * it was unplugged. */
bool mic_read(Mic *m, int16_t *pcm, size_t n, size_t *got, bool *end, Err *err);

typedef struct Speaker Speaker;
Speaker *speaker_open(const char *device, uint32_t rate_hz, Err *err);
void speaker_close(Speaker *s); /* NULL is allowed; what is not played is dropped */
/* Takes what fits (half a second waits at most); returns how many samples. Never blocks. */
size_t speaker_write(Speaker *s, const int16_t *pcm, size_t n);
void speaker_drop(Speaker *s); /* silent at once */

#endif
