/* sound_cache.h - spoken texts on disk, the longest unused out first.
 *
 *   DIR/OWNER/speech/KEY.snd      KEY: SHA-256 of all that the sound depends on, in hex
 *
 *   "SOTTOSND" | version 1 | rate | samples | places | voice [128] | backend [16] | checksum
 *     | places: samples, sentence, from, to, last (u32 each) | samples (s16)
 *
 * Little-endian. The checksum (checksum64) is of all behind it. A file that does not match is
 * deleted and counts as none. What is kept is a cache: nothing is lost with it. A person's files
 * are in a folder of their own and found under no other person's key.
 *
 * Threads: safe. */
#ifndef SOTTO_VOICE_SOUND_CACHE_H
#define SOTTO_VOICE_SOUND_CACHE_H

#include "base/hash.h"
#include "base/uuid.h"

#define SOUND_CACHE_NAME 128
#define SOUND_CACHE_BACKEND 16

typedef struct SoundCache SoundCache;

typedef struct {
    uint32_t samples, sentence, from, to, last;
} CachedPlace;

typedef struct {
    uint32_t rate_hz;
    char voice[SOUND_CACHE_NAME], backend[SOUND_CACHE_BACKEND];
    const CachedPlace *places; /* in their order; their samples add up to n */
    size_t n_places;
    const int16_t *pcm;
    size_t n;
} CachedSound;

/* `dir` is read at the first use. ERR_NO_MEMORY. */
SoundCache *sound_cache_new(const char *dir, uint64_t max_bytes, Err *err);
void sound_cache_free(SoundCache *c); /* NULL is allowed */

/* Into the memory of `file`, which must stay until *out is no longer used. False: none. */
bool sound_cache_get(SoundCache *c, const Uuid *owner, const Sha256 *key, Buf *file,
    CachedSound *out);
/* One larger than an eighth of the whole is not kept. A file that cannot be written is none: the
 * first such failure is logged. */
void sound_cache_put(SoundCache *c, const Uuid *owner, const Sha256 *key, const CachedSound *s);
/* owner NULL: everybody's. */
bool sound_cache_forget(SoundCache *c, const Uuid *owner, Err *err);

#endif
