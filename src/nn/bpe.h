/* bpe.h - the byte-level BPE of GPT-2 and Whisper: text to ids and back.
 *
 * A text is cut into words (a contraction; letters, numbers or other characters, each with the
 * space before them; white space); a word is its bytes, and the pair whose joint token has the
 * lowest id is joined until none is left. Ids are ranks, so no list of merges is needed.
 *
 * Source: Sennrich et al. 2016 (arXiv:1508.07909), Radford et al. 2019.
 * Threads: a Bpe is immutable once attached. */
#ifndef SOTTO_NN_BPE_H
#define SOTTO_NN_BPE_H

#include "base/str.h"

#define BPE_TOKEN_MAX 1024
#define BPE_WORD_MAX 512 /* longer words are cut here: no text has one, and joining is quadratic */

typedef struct {
    const uint32_t *slots;   /* [mask + 1] 0, or 1 + the id of a token */
    const uint32_t *offsets; /* [count + 1] into bytes */
    const char *bytes;
    uint32_t count, mask;
} Bpe;

/* Makes the structure that bpe_attach maps (docs/MODELS.md has it) from tokens in the order of
 * their ids. ERR_CORRUPT (a token too long, a single byte that has none), ERR_NO_MEMORY. */
bool bpe_build(const Str *tokens, uint32_t count, Buf *blob, Err *err);
/* blob (aligned to 4) must outlive *b. ERR_CORRUPT. */
bool bpe_attach(Bpe *b, Str blob, Err *err);
Str bpe_token(const Bpe *b, uint32_t id); /* empty for an id past the vocabulary */
bool bpe_find(const Bpe *b, Str token, uint32_t *id);
/* Writes at most max ids and returns how many there would be. */
size_t bpe_encode(const Bpe *b, Str text, uint32_t *ids, size_t max);
/* Whether there is a letter or a number in it. */
bool bpe_has_word(Str text);

#endif
