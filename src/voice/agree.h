/* agree.h - text that grows while somebody speaks, without words that flicker.
 *
 *   hypotheses of the same utterance, each of a little more sound -> settled words + the rest
 *
 * A word is settled when two hypotheses after one another agree on it and on all before it (local
 * agreement: Liu et al. 2020, arXiv:2005.11185; Macháček et al. 2023, arXiv:2307.14743). Settled
 * words are shown as they are until the final text, which may still differ. The last word of a
 * hypothesis is often cut in two by the end of the sound, so it is not shown before something
 * follows it, unless it is the only one.
 *
 * Words are the same when their letters and digits are: case and punctuation do not count.
 * Threads: an Agree has one owner. */
#ifndef SOTTO_VOICE_AGREE_H
#define SOTTO_VOICE_AGREE_H

#include "base/str.h"

#define AGREE_TEXT_MAX ((size_t)4096) /* bytes of a hypothesis that are looked at */

typedef struct {
    Buf settled;  /* words that stay */
    Buf last;     /* the last hypothesis */
    size_t words; /* of settled */
} Agree;

void agree_init(Agree *a);
void agree_release(Agree *a);
void agree_reset(Agree *a); /* another utterance */
/* Takes the next hypothesis; `whole`: nothing was cut off at its end (there is silence). Appends to
 * out what to show; *settled is how many bytes of it are settled. False without memory. */
bool agree_add(Agree *a, Str hypothesis, bool whole, Buf *out, size_t *settled);

#endif
