/* encode_int.h - what encode.c asks of a format; nobody else includes it. */
#ifndef SOTTO_AUDIO_ENCODE_INT_H
#define SOTTO_AUDIO_ENCODE_INT_H

#include "audio/encode.h"

/* One stream of one format. */
typedef struct {
    /* The rate nearest to what is asked that the format has; 0: none. NULL: any. */
    uint32_t (*rate)(uint32_t asked);
    void *(*open)(const EncodeOptions *o, Err *err); /* o->rate_hz is what `rate` said */
    /* Samples within -1..1; appends to *out, whose failure encode.c sees. */
    bool (*push)(void *state, const float *pcm, size_t n, Buf *out, Err *err);
    bool (*finish)(void *state, Buf *out, Err *err);
    void (*close)(void *state); /* NULL is allowed */
} EncodeBackend;

extern const EncodeBackend encode_flac, encode_opus, encode_mp3, encode_aac;

/* "cannot make %s: what" with ERR_UNAVAILABLE. */
bool encode_fail(const char *format, const char *what, Err *err);

#endif
