/* topk.h - the `keep` best of a long stream of (slot, score), ties by lower slot.
 *
 * Appends to a buffer of twice the size; when that is full, keeps the better half and raises the
 * threshold: a fraction of a comparison and no heap moves for an item that is not among the best.
 * Threads: one owner. */
#ifndef SOTTO_STORE_TOPK_H
#define SOTTO_STORE_TOPK_H

#include <float.h>
#include <math.h>

#include "base/mem.h"
#include "base/str.h"

typedef struct {
    uint32_t slot;
    float score;
} TopHit;

typedef struct {
    TopHit *buf;
    size_t n, keep, cap;
    float threshold; /* what does not exceed it cannot be among the best (if slots come in order) */
} TopK;

static inline bool topk_init(TopK *t, size_t keep, Err *err)
{
    *t = (TopK){.keep = keep, .cap = 2 * keep + 64, .threshold = -FLT_MAX};
    t->buf = mem_array(t->cap, sizeof *t->buf);
    return t->buf || err_set(err, ERR_NO_MEMORY, "no memory for a search of %zu hits", keep);
}

static inline void topk_release(TopK *t)
{
    mem_free(t->buf);
    t->buf = NULL;
}

/* Cuts the buffer to the best `keep`, in no order. */
void topk_shrink(TopK *t);

static inline void topk_add(TopK *t, uint32_t slot, float score)
{
    t->buf[t->n++] = (TopHit){slot, score};
    if (t->n == t->cap)
        topk_shrink(t);
}

/* Best first. */
void topk_sort(TopHit *hits, size_t n);

#endif
