/* sentence_vectors.h - embeddings of a document's sentences, taken from its passages' on the way.
 *
 * The encoder has a vector for every token of a passage before it takes their mean. The mean over
 * the tokens of one sentence is that sentence's embedding, in its context, and costs next to
 * nothing: embedding the sentences by themselves would double the time of reading a document. A
 * sentence that no passage holds whole has none.
 *
 * Threads: plain data of one job. */
#ifndef SOTTO_INGEST_SENTENCE_VECTORS_H
#define SOTTO_INGEST_SENTENCE_VECTORS_H

#include "nn/minilm.h"
#include "text/chunk.h"
#include "text/summary.h"

typedef struct {
    Summary *summary;
    const SummarySpan *spans;
    size_t n, next;    /* next: the first sentence without a vector */
    float *vectors;    /* [n][384] */
    size_t *index;     /* [n] of the parts of one batch: which sentences they are */
    MinilmPart *parts; /* [n] */
    float *means;      /* [n][384] of the parts of one batch */
    size_t n_parts;
} SentenceVectors;

bool sentence_vectors_init(SentenceVectors *v, Str text, const Mark *marks, size_t n_marks,
                           Arena *a, Err *err);
/* Begins a batch; then each of its passages, in order, which is text `number` of the batch and has
 * its own text after `skip` bytes of context. */
void sentence_vectors_begin(SentenceVectors *v);
void sentence_vectors_passage(SentenceVectors *v, const ChunkSpan *span, size_t number,
                              size_t skip);
/* After minilm_embed_parts has filled v->means: puts them at their sentences. */
void sentence_vectors_end(SentenceVectors *v);

#endif
