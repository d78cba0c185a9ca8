/* wordpiece.h - BERT uncased WordPiece, the same ids as the reference tokenizer gives.
 *
 *   bytes -> code points -> clean, space CJK, NFD, strip marks, lower-case
 *         -> words, punctuation apart -> greedy longest piece from the vocabulary -> ids
 *
 * A word that has no pieces is [UNK].
 * All of the Unicode part is one table look-up a code point; the table is made from the reference
 * (tools/gen_wordpiece_tables.py). The only thing between neighbours is the canonical order of the
 * few marks that survive. "[CLS]" and its kind in a text are those tokens, as in the reference.
 * Invalid UTF-8 reads as U+FFFD, which the reference drops.
 *
 * Source: Devlin et al. 2018 (arXiv:1810.04805); the BertNormalizer, BertPreTokenizer and WordPiece
 * of Hugging Face's `tokenizers`. Threads: a WordPiece is immutable and shared freely. */
#ifndef SOTTO_NN_WORDPIECE_H
#define SOTTO_NN_WORDPIECE_H

#include "base/str.h"

#define WORDPIECE_WORD_MAX 100 /* characters; a longer word is [UNK] */

typedef struct {
    const uint32_t *slots;   /* [mask + 1]: 0, or 1 + id of the token that hashes there */
    const uint32_t *offsets; /* [count + 1]: where token i begins in bytes */
    const char *bytes;       /* every token, "##" left out */
    uint32_t mask, count, n_bytes, longest; /* longest: bytes of the longest token */
    uint32_t pad, unk, cls, sep, masked;
} WordPiece;

/* Appends the look-up structure of a vocab.txt (a token a line; its number is its id) to *out.
 * Format: docs/MODELS.md. ERR_CORRUPT without the five special tokens or with a duplicate. */
bool wordpiece_build(Str vocab, Buf *out, Err *err);
/* Reads such a structure; *w borrows `blob`, which must be aligned to 4. ERR_CORRUPT. A structure
 * that is damaged in its middle gives wrong ids, never a read outside of it. */
bool wordpiece_attach(WordPiece *w, Str blob, Err *err);

/* Ids of `text`, [CLS] first and [SEP] last. Writes the first `max` and returns how many there are.
 * `ends` (may be NULL) gets for each id the offset in `text` where its piece ends. */
size_t wordpiece_encode(const WordPiece *w, Str text, uint32_t *ids, uint32_t *ends, size_t max);
/* As the reference cuts at `max` >= 2: the first max - 1 ids and [SEP]. Returns ids written (at
 * most max); *total (may be NULL) is how many there were. */
size_t wordpiece_encode_cut(const WordPiece *w, Str text, uint32_t *ids, size_t max, size_t *total);
/* The token's text without "##"; empty for an id that is none. */
Str wordpiece_token(const WordPiece *w, uint32_t id);

#endif
