/* bench_near - how well near-duplicates are told from other documents, and what that costs.
 *
 *   bench_near FILE [--scale N]
 *
 * FILE holds documents as bench_summary reads them (abstract, byte 1F, text, byte 1E); the texts
 * are cut into documents of 60 to 400 words. Of each, edits are made: another header and footer,
 * one paragraph inserted, one taken out, lines broken elsewhere with other white space and case,
 * numbers in another country's style, every tenth word replaced, half of the sentences replaced
 * (which is no near-duplicate). Prints for several thresholds the share of edits found (recall, by
 * kind) and the share of pairs found among different documents (which make precision), also for
 * documents of one template whose numbers and names differ; and the error against the exact Jaccard
 * similarity. With
 * --scale N: the time to compare one with N, and to group N. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/os.h"
#include "store/near.h"
#include "text/letters.h"
#include "text/sketch.h"
#include "text/words.h"

#define DOCS_MAX 4000

static unsigned seed = 7;
static unsigned next_random(void)
{
    seed = seed * 1103515245u + 12345u;
    return seed >> 8;
}

typedef struct {
    Str text;
    uint8_t sketch[SKETCH_BYTES];
} Doc;

static Doc docs[DOCS_MAX];
static size_t n_docs;

static void split(Str text, Arena *a)
{
    size_t at = 0, start, end, from = 0, words = 0, want = 60 + next_random() % 340;
    while (n_docs < DOCS_MAX && word_next(text, &at, &start, &end)) {
        if (++words < want)
            continue;
        Doc *d = &docs[n_docs];
        d->text = arena_str(a, str_sub(text, from, end));
        n_docs += sketch_make(d->text, d->sketch);
        from = end;
        words = 0;
        want = 60 + next_random() % 340;
    }
}

enum { HEADER, INSERT, REMOVE, REFORMAT, NUMBERS, WORDS10, HALF, KINDS };
static const char *const kind_names[KINDS] = {"other header and footer",
                                              "paragraph inserted",
                                              "paragraph removed",
                                              "reformatted",
                                              "numbers in other style",
                                              "every 10th word replaced",
                                              "half replaced (no near-duplicate)"};

static void edit(Buf *b, Str s, int kind)
{
    size_t at = 0, start, end, n = 0, last = 0, total = 0;
    for (size_t i = 0; word_next(s, &i, &start, &end);)
        total++;
    size_t hole = total > 4 ? next_random() % (total * 3 / 4) : 0, hole_n = total / 6;
    buf_clear(b);
    if (kind == HEADER)
        (void)buf_printf(b, "Copy %u - printed for internal use\n\n", next_random() % 1000);
    for (; word_next(s, &at, &start, &end); n++) {
        Str gap = str_sub(s, last, start), word = str_sub(s, start, end);
        last = end;
        bool in_hole = n >= hole && n < hole + hole_n;
        if (kind == INSERT && n == hole)
            for (size_t k = 0; k < hole_n; k++)
                (void)buf_printf(b, " added%u", next_random() % 500);
        if (kind == REMOVE && in_hole)
            continue;
        if (kind == REFORMAT) {
            (void)buf_add_c(b, n % 11 == 10 ? "\n   " : " ");
            if (n % 7 == 0)
                (void)letters_lower(b, word);
            else
                (void)buf_add(b, word);
            continue;
        }
        if (kind == NUMBERS)
            for (size_t k = 0; k < gap.len; k++) {
                char c = gap.ptr[k];
                bool inner = gap.len == 1 && letter_is_digit((unsigned char)word.ptr[0]);
                (void)buf_add_char(b, inner && c == ',' ? '.' : inner && c == '.' ? ',' : c);
            }
        else
            (void)buf_add(b, gap);
        bool other = (kind == WORDS10 && n % 10 == 5) || (kind == HALF && (n / 12) % 2 == 1);
        if (other)
            (void)buf_printf(b, "other%u", next_random() % 5000);
        else
            (void)buf_add(b, word);
    }
    if (kind == HEADER)
        (void)buf_printf(b, "\n\nPage 1 of %u", next_random() % 9);
}

/* Bills of one company: the same words but for names, dates and sums. */
static void write_bill(Buf *b, bool *first)
{
    buf_clear(b);
    (void)first;
    (void)buf_printf(b, "Invoice %u\n\nDear %u, your order %u of %u March 20%02u\n",
                     next_random() % 99999, next_random() % 5000, next_random() % 99999,
                     next_random() % 28, next_random() % 30);
    for (unsigned i = 0, n = 3 + next_random() % 8; i < n; i++)
        (void)buf_printf(b, "article%u size%u %u pieces %u.%02u EUR\n", next_random() % 2000,
                         next_random() % 90, next_random() % 20, next_random() % 900,
                         next_random() % 100);
    (void)buf_printf(b,
                     "Total %u.%02u EUR. Please pay within thirty days to our account. Thank you "
                     "for your order and your trust in us.",
                     next_random() % 9000, next_random() % 100);
}

static void recall(const double *least, size_t n_least)
{
    Buf b;
    buf_init(&b, 1 << 20);
    for (int kind = 0; kind < KINDS; kind++) {
        size_t found[8] = {0}, n = 0;
        for (size_t i = 0; i < n_docs; i += 3, n++) {
            uint8_t sketch[SKETCH_BYTES];
            edit(&b, docs[i].text, kind);
            double s =
                sketch_make(buf_str(&b), sketch) ? near_similarity(sketch, docs[i].sketch) : 0;
            for (size_t k = 0; k < n_least; k++)
                found[k] += s >= least[k];
        }
        printf("%-36s", kind_names[kind]);
        for (size_t k = 0; k < n_least; k++)
            printf("  %6.4f", (double)found[k] / (double)n);
        printf("\n");
    }
    buf_release(&b);
}

static void others(const double *least, size_t n_least, bool bills)
{
    size_t found[8] = {0}, pairs = 0, n = n_docs;
    uint8_t(*sketches)[SKETCH_BYTES] = mem_array(n + 1, SKETCH_BYTES);
    Buf b;
    buf_init(&b, 1 << 20);
    for (size_t i = 0; sketches && i < n; i++) {
        if (bills) {
            write_bill(&b, NULL);
            (void)sketch_make(buf_str(&b), sketches[i]);
        } else {
            memcpy(sketches[i], docs[i].sketch, SKETCH_BYTES);
        }
    }
    for (size_t i = 0; sketches && i < n; i++)
        for (size_t j = i + 1; j < n && j < i + 2000; j++, pairs++) {
            double s = near_similarity(sketches[i], sketches[j]);
            for (size_t k = 0; k < n_least; k++)
                found[k] += s >= least[k];
        }
    printf("%-36s", bills ? "other bills of one company" : "other documents");
    for (size_t k = 0; k < n_least; k++)
        printf("  %6.1e", (double)found[k] / (double)pairs);
    printf("   (%zu pairs)\n", pairs);
    mem_free(sketches);
    buf_release(&b);
}

static void scale(size_t n)
{
    uint8_t *all = mem_array(n, SKETCH_BYTES);
    uint32_t *group = mem_array(n, sizeof *group);
    Err err = ERR_INIT;
    if (!all || !group)
        return;
    for (size_t i = 0; i < n; i++) {
        memcpy(all + i * SKETCH_BYTES, docs[i % n_docs].sketch, SKETCH_BYTES);
        for (size_t k = 0; i >= n_docs && k < SKETCH_BYTES; k++)
            all[i * SKETCH_BYTES + k] = (uint8_t)next_random(); /* unrelated */
    }
    uint64_t start = clock_mono_ns();
    double best = 0;
    for (int r = 0; r < 10; r++)
        for (size_t i = 1; i < n; i++) {
            double s = near_similarity(all, all + i * SKETCH_BYTES);
            best = s > best ? s : best;
        }
    double one = clock_seconds_since(start) * 100;
    start = clock_mono_ns();
    bool ok = near_groups(all, n, 0.5, group, &err);
    printf("one against %zu: %.2f ms; groups of %zu: %.0f ms%s (best %.2f)\n", n, one, n,
           clock_seconds_since(start) * 1e3, ok ? "" : " FAILED", best);
    mem_free(all);
    mem_free(group);
}

int main(int argc, char **argv)
{
    static const double least[] = {0.3, 0.4, 0.5, 0.6, 0.7, 0.8};
    const size_t n_least = sizeof least / sizeof *least;
    Buf file;
    Err err = ERR_INIT;
    buf_init(&file, (size_t)1 << 30);
    if (argc < 2 || !os_read_file(argv[1], &file, &err)) {
        fprintf(stderr, "bench_near FILE: %s\n", err.msg);
        return 1;
    }
    Arena *a = arena_new((size_t)1 << 30);
    Str rest = buf_str(&file), record, abstract;
    while (str_next(&rest, '\x1e', &record))
        if (str_next(&record, '\x1f', &abstract) && record.ptr)
            split(record, a);
    uint64_t start = clock_mono_ns(), bytes = 0;
    for (size_t i = 0; i < n_docs; i++) {
        (void)sketch_make(docs[i].text, docs[i].sketch);
        bytes += docs[i].text.len;
    }
    printf("%zu documents, %.0f bytes each; a sketch takes %.1f us\n%-36s", n_docs,
           (double)bytes / (double)n_docs, clock_seconds_since(start) * 1e6 / (double)n_docs,
           "threshold");
    for (size_t k = 0; k < n_least; k++)
        printf("  %6.1f", least[k]);
    printf("\n");
    recall(least, n_least);
    others(least, n_least, false);
    others(least, n_least, true);
    if (argc > 3 && strcmp(argv[2], "--scale") == 0)
        scale((size_t)strtoul(argv[3], NULL, 10));
    arena_free(a);
    buf_release(&file);
    return 0;
}
