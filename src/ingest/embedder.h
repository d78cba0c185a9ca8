/* embedder.h - few encoders for many readers.
 *
 * The encoder is fastest with several texts at once, and a small file has one. So the workers that
 * read many files in the background hand their passages to an Embedder: whoever finds a free slot
 * encodes what has gathered, his own and the others'; the rest wait for him. With as many slots as
 * processors and a few times as many workers, every processor encodes full batches while other
 * workers are at the disk, the confined reader or the database. It also bounds memory: a slot has
 * 2.6 MB of scratch, a worker none.
 *
 * Threads: safe from any thread; embedder_run blocks. */
#ifndef SOTTO_INGEST_EMBEDDER_H
#define SOTTO_INGEST_EMBEDDER_H

#include "nn/minilm.h"

typedef struct Embedder Embedder;

Embedder *embedder_new(const Minilm *model, unsigned slots, Err *err);
void embedder_free(Embedder *e);
#define EMBEDDER_BATCH 16
typedef struct {
    const Str *texts;
    size_t n;                /* at most EMBEDDER_BATCH */
    float *out;              /* [n, MINILM_DIM] */
    const MinilmPart *parts; /* as for minilm_embed_parts */
    size_t n_parts;
    float *means;            /* [n_parts, MINILM_DIM] */
} EmbedderJob;

bool embedder_run(Embedder *e, const EmbedderJob *job, Err *err);

#endif
