/* pdf_running.c - headers and footers that run through a document's pages.
 *
 * They would stand in the middle of sentences that go on over the page's end, and in every
 * passage. */
#include <stdlib.h>

#include "base/mem.h"
#include "ingest/pdf_layout.h"
#include "text/letters.h"

#define EDGE 2 /* lines at the top and at the bottom that are looked at */

typedef struct {
    uint64_t words;    /* hash of the text with numbers as one sign */
    uint32_t page, line;
} Edge;

static uint64_t words_of(Str s)
{
    uint64_t h = 1469598103934665603u; /* FNV-1a */
    bool in_number = false;
    for (size_t i = 0; i < s.len; i++) {
        bool digit = letter_is_digit((unsigned char)s.ptr[i]);
        if (digit && in_number)
            continue;
        in_number = digit;
        h = (h ^ (digit ? '#' : (unsigned char)s.ptr[i])) * 1099511628211u;
    }
    return h;
}

/* Appends the page's highest and lowest lines, each once. */
static size_t add_edges(const PdfPage *p, uint32_t page, Edge *out)
{
    size_t n = 0, taken[2 * EDGE];
    for (int bottom = 0; bottom < 2; bottom++) {
        for (int k = 0; k < EDGE; k++) {
            size_t best = SIZE_MAX;
            for (size_t i = 0; i < p->n; i++) {
                bool had = false;
                for (size_t t = 0; t < n; t++)
                    had = had || taken[t] == i;
                float y = bottom ? -p->lines[i].y0 : p->lines[i].y0;
                if (!had && (best == SIZE_MAX ||
                             y < (bottom ? -p->lines[best].y0 : p->lines[best].y0)))
                    best = i;
            }
            if (best == SIZE_MAX)
                return n;
            taken[n] = best;
            out[n++] = (Edge){words_of(p->lines[best].text), page, (uint32_t)best};
        }
    }
    return n;
}

static int by_words(const void *a, const void *b)
{
    const Edge *x = a, *y = b;
    if (x->words != y->words)
        return x->words < y->words ? -1 : 1;
    return x->page < y->page ? -1 : x->page > y->page;
}

static void compact(PdfPage *p)
{
    size_t kept = 0;
    for (size_t i = 0; i < p->n; i++)
        if (p->lines[i].text.ptr)
            p->lines[kept++] = p->lines[i];
    p->n = kept;
}

size_t pdf_drop_running(PdfPage *pages, size_t n)
{
    Edge *edges = n > 1 ? mem_array(n, sizeof *edges * 2 * EDGE) : NULL;
    size_t n_edges = 0, dropped = 0;
    if (!edges)
        return 0;
    for (size_t i = 0; i < n; i++)
        n_edges += add_edges(&pages[i], (uint32_t)i, edges + n_edges);
    qsort(edges, n_edges, sizeof *edges, by_words);
    for (size_t at = 0, end; at < n_edges; at = end) {
        size_t on_pages = 1;
        for (end = at + 1; end < n_edges && edges[end].words == edges[at].words; end++)
            on_pages += edges[end].page != edges[end - 1].page;
        if (on_pages < 2 || on_pages * 2 < n)
            continue;
        for (size_t i = at; i < end; i++) {
            if (edges[i].page == edges[at].page)
                continue;
            pages[edges[i].page].lines[edges[i].line].text = (Str){NULL, 0};
            dropped++;
        }
    }
    mem_free(edges);
    for (size_t i = 0; i < n && dropped > 0; i++)
        compact(&pages[i]);
    return dropped;
}
