/* minilm.h - sentence embeddings with all-MiniLM-L6-v2.
 *
 *   text -> WordPiece ids [n] -> 6 x BERT layer [n, 384] -> mean over n -> L2 norm -> float[384]
 *
 * Weights come from one memory-mapped file of our own (docs/MODELS.md), made once from the
 * published model.safetensors and vocab.txt by minilm_convert.
 *
 * Source: Reimers & Gurevych 2019 (arXiv:1908.10084); Wang et al. 2020 (arXiv:2002.10957); the
 * model card of sentence-transformers/all-MiniLM-L6-v2. tests/golden/minilm holds reference
 * vectors.
 * Threads: a Minilm is immutable once open and shared freely; a MinilmState is one thread's
 * scratch. */
#ifndef SOTTO_NN_MINILM_H
#define SOTTO_NN_MINILM_H

#include "base/arena.h"

#define MINILM_DIM 384
#define MINILM_MAX_TOKENS 256 /* with [CLS] and [SEP]: where the reference cuts */

#define MINILM_CLS_ID 101u
#define MINILM_SEP_ID 102u

typedef struct Minilm Minilm;
typedef struct MinilmState MinilmState;

typedef enum {
    MINILM_INT8, /* u8 activations x s8 weights; what the product uses */
    MINILM_FP32  /* the reference path, from the fp32 weights of the same file or the safetensors */
} MinilmPrecision;

/* Makes the mapped file at `out` (written whole, then renamed) from the two published files.
 * ERR_CORRUPT when a tensor is missing or has another shape, ERR_IO. */
bool minilm_convert(const char *safetensors, const char *vocab, const char *out, Err *err);

/* Maps `path` and checks its header and table of contents (not every byte: minilm_verify does).
 * ERR_NOT_FOUND, ERR_CORRUPT (also: made by another version), ERR_NO_MEMORY. For MINILM_FP32 `path`
 * is the published model.safetensors, beside its vocab.txt. */
Minilm *minilm_open(const char *path, MinilmPrecision precision, Err *err);
void minilm_close(Minilm *m);
/* Reads every byte against its checksum. */
bool minilm_verify(const Minilm *m, Err *err);
const char *minilm_name(const Minilm *m);  /* "all-MiniLM-L6-v2" */

MinilmState *minilm_state_new(const Minilm *m, Err *err);
void minilm_state_free(MinilmState *s);

/* Embeds n texts of any lengths into out [n, 384], unit length each. Texts longer than 256 tokens
 * are cut, as the reference does. `tokens` (may be NULL) gets the number of tokens each text had
 * before the cut, [CLS] and [SEP] included. Invalid UTF-8 is read as U+FFFD. */
bool minilm_embed(const Minilm *m, MinilmState *s, const Str *texts, size_t n, float *out,
    uint32_t *tokens, Err *err);

/* A part of one of the texts: bytes [start, end). */
typedef struct {
    size_t text;
    uint32_t start, end;
} MinilmPart;

/* As minilm_embed, and beside it into part_out [n_parts, 384] the mean of the tokens of each part,
 * unit length: what the part means where it stands ("late chunking", Günther et al. 2024,
 * arXiv:2409.04701). It costs nothing but the mean. Parts are in the order of their texts; one with
 * no token of its own in the window is all zeros. */
bool minilm_embed_parts(const Minilm *m, MinilmState *s, const Str *texts, size_t n, float *out,
    const MinilmPart *parts, size_t n_parts, float *part_out, Err *err);

/* As minilm_embed, from token ids: ids[i] has n_ids[i] (2..256) ids, [CLS] and [SEP] among them.
 * ERR_VALIDATION for an id past the vocabulary. */
bool minilm_embed_ids(const Minilm *m, MinilmState *s, const uint32_t *const *ids,
    const uint32_t *n_ids, size_t n, float *out, Err *err);

/* WordPiece ids of a text, [CLS] first and [SEP] last; writes at most `max` and returns how many
 * there would be without a limit. `ends` (may be NULL) gets for each id the byte offset in `text`
 * where its piece ends (0 for [CLS], text.len for [SEP]). */
size_t minilm_tokenize(const Minilm *m, Str text, uint32_t *ids, uint32_t *ends, size_t max);
/* Number of tokens without [CLS] and [SEP]. */
size_t minilm_count_tokens(const Minilm *m, Str text);

#endif
