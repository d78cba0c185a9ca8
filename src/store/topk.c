#include "store/topk.h"

#include <stdlib.h>

static bool before(TopHit a, TopHit b)
{
    return a.score != b.score ? a.score > b.score : a.slot < b.slot;
}

/* Quickselect: afterwards the `keep` best of n stand first. */
static void select_best(TopHit *a, size_t n, size_t keep)
{
    ptrdiff_t low = 0, high = (ptrdiff_t)n - 1, at = (ptrdiff_t)keep;
    while (low < high) {
        TopHit pivot = a[low + (high - low) / 2];
        ptrdiff_t i = low, j = high;
        while (i <= j) {
            while (before(a[i], pivot))
                i++;
            while (before(pivot, a[j]))
                j--;
            if (i <= j) {
                TopHit swap = a[i];
                a[i++] = a[j];
                a[j--] = swap;
            }
        }
        if (at <= j)
            high = j;
        else if (at >= i)
            low = i;
        else
            return;
    }
}

void topk_shrink(TopK *t)
{
    if (t->n <= t->keep)
        return;
    select_best(t->buf, t->n, t->keep);
    t->n = t->keep;
    float least = FLT_MAX;
    for (size_t i = 0; i < t->n; i++)
        least = fminf(least, t->buf[i].score);
    t->threshold = least;
}

static int compare(const void *x, const void *y)
{
    const TopHit *a = x, *b = y;
    return before(*a, *b) ? -1 : before(*b, *a) ? 1 : 0;
}

void topk_sort(TopHit *hits, size_t n)
{
    if (n > 1)
        qsort(hits, n, sizeof *hits, compare);
}
