/* sound_frame.h - what the confined child answers for a sound, as bytes.
 *
 *   offset size
 *        0    4  magic "SXS2"
 *        4    4  error code (ErrCode), 0 when something was decoded
 *        8    4  rate of the samples
 *       12    4  rate of the file
 *       16    4  channels of the file
 *       20    4  1: partial
 *       24    8  number of samples; of an error: bytes of its message
 *       32   24  container, ASCII with NULs behind
 *       56   24  codec
 *       80  544  title, author (256 each) and date (32), UTF-8 with NULs behind
 *      624    -  the samples, 16 bit; or the error's message, and what was decoded before it
 *
 * Integers have the machine's own byte order: both ends are one program on one machine. The samples
 * are written as they are decoded and the header last. The reader trusts nothing: the child may
 * have been taken over by the file it read.
 * Threads: a SoundSink is the child's own; parsing is pure. */
#ifndef SOTTO_INGEST_SOUND_FRAME_H
#define SOTTO_INGEST_SOUND_FRAME_H

#include "audio/resample.h"
#include "ingest/sound.h"

#define SOUND_HEADER 624

typedef struct {
    char magic[4];
    uint32_t code, rate_hz, source_rate_hz, source_channels, partial;
    uint64_t samples;
    char container[SOUND_NAME], codec[SOUND_NAME];
    SoundTags tags;
} SoundHead;

/* Where a reader's samples go. */
typedef struct SoundSink {
    SoundHead head;
    int fd;
    uint64_t max_samples;
    uint64_t given; /* by the reader, at the rate of the file now */
    double seconds; /* of the parts before, at other rates */
    Resampler *resampler;
} SoundSink;

/* Says what the file is, before the first samples; again when the rate changes in the middle. */
bool sound_source(SoundSink *s, uint32_t rate_hz, uint32_t channels, const char *container,
                  const char *codec, Err *err);
/* What a tag of the file says, into `to` of `room` bytes: made valid UTF-8, white space squeezed,
 * cut. value NULL or empty leaves what is there. */
void sound_tag(char *to, size_t room, const char *value);
/* ERR_TOO_LARGE when that is more than the limit of seconds. */
bool sound_push(SoundSink *s, const float *mono, size_t n, Err *err);
/* Seconds pushed so far. */
double sound_pushed(const SoundSink *s);

/* The child's whole work behind confinement: runs the reader, writes the answer to fd. */
bool sound_answer(const Reader *reader, Str data, Str filename, uint32_t rate_hz,
                  uint32_t max_seconds, int fd);
/* Bytes that an answer may have. */
uint64_t sound_answer_max(uint32_t rate_hz, uint32_t max_seconds);

/* Fills *out (its pcm points into the frame; map is left alone). A failure that the frame reports
 * is returned as that failure; a frame that breaks a rule is ERR_CORRUPT. */
bool sound_frame_parse(Str frame, uint32_t rate_hz, uint32_t max_seconds, Sound *out, Err *err);

#endif
