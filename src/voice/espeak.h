/* espeak.h - libespeak-ng: the phonemes of a text, and its own small voice. The one place that
 * knows the library, which is loaded at the first call and needs its data folder.
 *
 * Threads: safe; the library is not, so one lock is held for as long as it works. */
#ifndef SOTTO_VOICE_ESPEAK_H
#define SOTTO_VOICE_ESPEAK_H

#include "base/arena.h"

#define ESPEAK_RATE_MIN 80  /* words a minute */
#define ESPEAK_RATE_MAX 450
#define ESPEAK_RATE 170

/* ERR_UNAVAILABLE names the Debian package that is missing. */
bool espeak_available(Err *err);
/* Samples a second of its own voice; 0 when it is not available. */
uint32_t espeak_rate_hz(void);

/* Phonemes of one clause (no punctuation that ends one inside), in IPA, decomposed as Unicode's NFD
 * is, appended to out. `voice` is espeak's name: "en-us". ERR_NOT_FOUND no such voice,
 * ERR_UNAVAILABLE, ERR_NO_MEMORY. */
bool espeak_phonemes(const char *voice, Str clause, Buf *out, Err *err);

/* Phonemes of a sentence: its clauses with the punctuation that ends each, as Piper's voices were
 * trained to read them. *ends (may be NULL): offsets in out behind each clause, where a sentence
 * that is too long may be cut. */
bool espeak_sentence(const char *voice, Str sentence, Arena *a, Buf *out, size_t **ends,
    size_t *n_ends, Err *err);

/* Speaks by its own voice; the sink gets pieces of at most 50 ms and stops it by returning false
 * (ERR_CANCELLED). The sink must not call back into this file. */
typedef bool (*EspeakSink)(void *arg, const int16_t *pcm, size_t n);
bool espeak_say(const char *voice, Str text, unsigned words_a_minute, EspeakSink sink, void *arg,
    Err *err);

#endif
