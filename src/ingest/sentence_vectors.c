#include "ingest/sentence_vectors.h"

bool sentence_vectors_init(SentenceVectors *v, Str text, const Mark *marks, size_t n_marks,
                           Arena *a, Err *err)
{
    *v = (SentenceVectors){.n = 0};
    if (!summary_collect(text, marks, n_marks, a, &v->summary, err))
        return false;
    v->spans = summary_spans(v->summary, &v->n);
    v->vectors = ARENA_NEW_ARRAY(a, float, (v->n + 1) * MINILM_DIM);
    v->means = ARENA_NEW_ARRAY(a, float, (v->n + 1) * MINILM_DIM);
    v->index = ARENA_NEW_ARRAY(a, size_t, v->n + 1);
    v->parts = ARENA_NEW_ARRAY(a, MinilmPart, v->n + 1);
    if (!v->vectors || !v->means || !v->index || !v->parts)
        return err_set(err, ERR_NO_MEMORY, "embedding sentences: out of memory");
    memset(v->vectors, 0, (v->n + 1) * MINILM_DIM * sizeof *v->vectors);
    return true;
}

void sentence_vectors_begin(SentenceVectors *v)
{
    v->n_parts = 0;
}

void sentence_vectors_passage(SentenceVectors *v, const ChunkSpan *span, size_t number, size_t skip)
{
    /* Both are in order of their starts. A sentence that begins before this passage and was in none
     * so far is cut in two: it has no vector. */
    while (v->next < v->n && v->spans[v->next].start < span->start)
        v->next++;
    for (; v->next < v->n && v->spans[v->next].end <= span->end; v->next++) {
        const SummarySpan *s = &v->spans[v->next];
        v->index[v->n_parts] = v->next;
        v->parts[v->n_parts++] = (MinilmPart){number, (uint32_t)(s->start - span->start + skip),
                                              (uint32_t)(s->end - span->start + skip)};
    }
}

void sentence_vectors_end(SentenceVectors *v)
{
    for (size_t i = 0; i < v->n_parts; i++)
        memcpy(v->vectors + v->index[i] * MINILM_DIM, v->means + i * MINILM_DIM,
               MINILM_DIM * sizeof *v->vectors);
}
