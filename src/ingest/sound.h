/* sound.h - a stranger's sound file to 16-bit mono PCM, in the confined child.
 *
 *   bytes -> sealed memory file -> child (WAVE by our own reader, all else by FFmpeg's libraries)
 *         -> mean of the channels -> resampled -> file of s16 -> Sound
 *
 * Read: WAV of any codec, FLAC, Ogg Vorbis, Opus and Speex, MP3, AAC, M4A and MP4, 3GP with AMR,
 * WebM and Matroska (also as browsers record them, without lengths), AIFF, CAF, AU, WMA. The
 * first audio stream is taken; pictures and video are not looked at. docs/AUDIO.md has the list.
 *
 * The child writes samples as it decodes them: to memory when the limit of seconds is small, else
 * to a file on a disk that has no name (SandboxOptions.spool; 115 MB an hour at 16 kHz), of which
 * only what is being read is in memory. The Sandbox should be one of its own: FFmpeg's libraries
 * make every fork of its zygote 0.6 ms slower.
 *
 * Threads: sound_decode is safe from any thread and blocks; a Sound is immutable. */
#ifndef SOTTO_INGEST_SOUND_H
#define SOTTO_INGEST_SOUND_H

#include "audio/pcm.h"
#include "ingest/sandbox.h"

typedef struct {
    uint32_t rate_hz;     /* of the result, 0: 16000 */
    uint32_t max_seconds; /* 0: 4 hours; at most 24 hours */
    uint32_t timeout_ms;  /* 0: 120 s */
    uint64_t memory;      /* of the child beyond its libraries, 0: 256 MiB */
} SoundLimits;

#define SOUND_NAME 24
#define SOUND_TAG 256 /* bytes of a title or an author, with the NUL */
#define SOUND_DATE 32

/* What the file says about itself; valid UTF-8 without control characters, "" where it does not. */
typedef struct {
    char title[SOUND_TAG], author[SOUND_TAG];
    char created[SOUND_DATE]; /* as the file writes it: "2026", "2026-11-02T09:30:00Z" */
} SoundTags;

typedef struct {
    uint64_t samples;
    uint32_t rate_hz;
    uint32_t source_rate_hz, source_channels;
    char container[SOUND_NAME], codec[SOUND_NAME]; /* "ogg", "opus"; clean ASCII */
    bool partial;         /* cut short or damaged: this is what could be decoded */
    SoundTags tags;
    const int16_t *pcm;   /* [samples], in the mapping */
    void *map;
    size_t map_size;
} Sound;

/* limits NULL: the defaults. `name` may be empty: the bytes decide what a file is. On success *out
 * is released by sound_release; on failure it is untouched.
 *   ERR_UNSUPPORTED_MEDIA  no sound file; no audio stream in it; a codec nobody here knows;
 *                          encrypted
 *   ERR_VALIDATION         damaged so that nothing could be decoded; an empty file
 *   ERR_TOO_LARGE          longer than max_seconds (`partial` never hides that); out of memory
 *   ERR_TIMEOUT, ERR_UNAVAILABLE (no child, libraries missing) */
bool sound_decode(Sandbox *s, Str bytes, Str name, const SoundLimits *limits, Sound *out,
                  Err *err);
/* The same of a file already in a Snapshot. */
bool sound_decode_snapshot(Sandbox *s, const Snapshot *input, Str name, const SoundLimits *limits,
                           Sound *out, Err *err);
void sound_release(Sound *s);
/* Samples [from, from + n) as floats; clamped, the number written is returned. */
size_t sound_read(const Sound *s, uint64_t from, size_t n, float *out);
static inline double sound_seconds(const Sound *s)
{
    return s->rate_hz ? (double)s->samples / s->rate_hz : 0;
}

#endif
