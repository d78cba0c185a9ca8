/* encode.h - sound of our own as bytes of a format: WAV, raw PCM, FLAC, Ogg Opus, MP3, AAC.
 *
 *   float pcm, mono, in blocks as they are made -> bytes, as soon as the format has them
 *
 * WAV and PCM are written here; encode_libs.c knows libFLAC, libopusenc and libmp3lame, and
 * encode_aac.c libavcodec: each is loaded when the first sound in its format is made. The lengths
 * in the headers are those of a stream (unknown), so that nothing has to be held back; a player
 * reads to the end. For sound that this program made, never for a stranger's bytes.
 *
 * Threads: an Encoder has one owner. */
#ifndef SOTTO_AUDIO_ENCODE_H
#define SOTTO_AUDIO_ENCODE_H

#include "base/str.h"

typedef enum {
    ENCODE_WAV,  /* 16 bit */
    ENCODE_PCM,  /* s16le without a header */
    ENCODE_FLAC, /* 16 bit */
    ENCODE_OPUS, /* in Ogg */
    ENCODE_MP3,
    ENCODE_AAC,  /* ADTS */
    ENCODE_FORMATS
} EncodeFormat;

typedef struct {
    const char *name;       /* "opus" */
    const char *media_type; /* "audio/ogg" */
    const char *extension;  /* "ogg" */
} EncodeInfo;

const EncodeInfo *encode_info(EncodeFormat format);
bool encode_find(Str name, EncodeFormat *out); /* false when it is none of ours */

typedef struct {
    EncodeFormat format;
    uint32_t rate_hz;      /* of the sound; encoders that lack it resample by themselves */
    uint32_t bit_rate;     /* 0: 32000 for Opus, 64000 for MP3 and AAC; others have none */
    uint64_t samples;      /* when known beforehand (WAV's header is exact then); 0: unknown */
} EncodeOptions;

typedef struct Encoder Encoder;

/* ERR_VALIDATION for a rate or bit rate the format lacks, ERR_UNAVAILABLE (with the package to
 * install), ERR_NO_MEMORY. */
Encoder *encode_new(const EncodeOptions *o, Err *err);
void encode_free(Encoder *e); /* NULL is allowed */
/* Appends to *out what is ready; may be nothing. */
bool encode_push(Encoder *e, const float *pcm, size_t n, Buf *out, Err *err);
/* The rest. Only encode_free may follow. */
bool encode_finish(Encoder *e, Buf *out, Err *err);

/* All at once. */
bool encode_all(const EncodeOptions *o, const float *pcm, size_t n, Buf *out, Err *err);

#endif
