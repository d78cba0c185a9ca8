/* trim.h - the speech in a sound, from just before its first word to just behind its last.
 *
 *   pcm [n] -> the same detector and end-pointer as of a conversation (voice/session.h)
 *     -> [from, to): pre-roll before, TRIM_KEEP_MS of silence behind
 *
 * So a file and the same words said into a microphone give the recogniser the same samples, and
 * therefore the same text; and less silence costs less. What may hold speech that the detector is
 * not sure of is not cut off.
 *
 * Threads: pure functions; a Vad is shared. */
#ifndef SOTTO_VOICE_TRIM_H
#define SOTTO_VOICE_TRIM_H

#include "nn/vad.h"

#include <stddef.h>
#include <stdint.h>

#define TRIM_ROLL_MS 320 /* whole frames; a stream begins with that much silence, to be cut */
#define TRIM_KEEP_MS 160
/* Zeros that the recogniser gets behind that: of speech cut off so soon it sometimes makes up a
 * sentence's end (two of twenty clips without, none with). */
#define TRIM_PAD (TRIM_RATE_MS * 320u)
#define TRIM_RATE_MS 16u /* samples of a millisecond */

/* *from may be below 0 and *to beyond n: there silence is meant. False when there is nothing to be
 * cut safely, or no memory: take all of it. */
bool trim_find(const Vad *v, const float *pcm, size_t n, int64_t *from, int64_t *to);
/* Copies [from, to) with zeros where there is nothing. */
void trim_copy(const float *pcm, size_t n, int64_t from, int64_t to, float *out);

#endif
