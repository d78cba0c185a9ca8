/* bench_summary - how much of an author's own abstract a summary says.
 *
 *   bench_summary FILE [--words N] [--show N]
 *
 * FILE holds documents with their abstracts: abstract, byte 1F, text without the abstract, byte 1E
 * (tools/abstracts.py makes such files from what Debian carries). For each way of choosing
 * sentences it prints ROUGE-1, ROUGE-2 and ROUGE-L (Lin 2004) as recall and F1, of folded words
 * without stop words, mean over documents. All ways choose from the same sentences under the same
 * limit of words.
 * Models: SOTTO_MODELS, or models/ of the source tree. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/os.h"
#include "ingest/sentence_vectors.h"
#include "text/letters.h"
#include "text/words.h"

#define WORDS 400 /* of an abstract or a summary that are compared */

typedef struct {
    uint64_t word[WORDS];
    size_t n;
} Bag;

static void fill(Bag *b, Str s)
{
    size_t at = 0, start, end;
    b->n = 0;
    while (b->n < WORDS && word_next(s, &at, &start, &end)) {
        char room[WORD_MAX + 8];
        Str f = word_fold(str_sub(s, start, end), room);
        if (f.len > 1 && !word_is_stop(f))
            b->word[b->n++] =
                str_hash(f.len > 5 ? str_sub(f, 0, f.len - (f.ptr[f.len - 1] == 's')) : f);
    }
}

static size_t common(const Bag *a, const Bag *b, size_t gram)
{
    bool used[WORDS] = {false};
    size_t n = 0;
    for (size_t i = 0; i + gram <= a->n; i++)
        for (size_t j = 0; j + gram <= b->n; j++)
            if (!used[j] && memcmp(a->word + i, b->word + j, gram * sizeof *a->word) == 0) {
                used[j] = true;
                n++;
                break;
            }
    return n;
}

static size_t subsequence(const Bag *a, const Bag *b)
{
    static size_t row[2][WORDS + 1];
    memset(row, 0, sizeof row);
    for (size_t i = 0; i < a->n; i++)
        for (size_t j = 0; j < b->n; j++) {
            size_t *now = row[(i + 1) % 2], *old = row[i % 2];
            now[j + 1] = a->word[i] == b->word[j] ? old[j] + 1
                         : old[j + 1] > now[j]    ? old[j + 1]
                                                  : now[j];
        }
    return row[a->n % 2][b->n];
}

typedef struct {
    const char *name;
    SummaryOptions o;
    int way; /* 0 the product's, 1 first sentences, 2 random ones, 3 words alone */
    double recall[3], f1[3];
} Way;

static void measure(Way *w, const Bag *abstract, Str summary)
{
    Bag b;
    fill(&b, summary);
    size_t hits[3] = {common(abstract, &b, 1), common(abstract, &b, 2), subsequence(abstract, &b)};
    for (size_t i = 0; i < 3; i++) {
        double total = (double)abstract->n - (i == 1), own = (double)b.n - (i == 1);
        double r = total > 0 ? (double)hits[i] / total : 0;
        double p = own > 0 ? (double)hits[i] / own : 0;
        w->recall[i] += r;
        w->f1[i] += r + p > 0 ? 2 * r * p / (r + p) : 0;
    }
}

static size_t count_words(Str s)
{
    size_t at = 0, start, end, n = 0;
    while (word_next(s, &at, &start, &end))
        n++;
    return n;
}

/* The first sentences, or random ones, under the limit of words. */
static Str plain(Str text, const SentenceVectors *v, bool random, size_t max_words, unsigned *seed,
                 Arena *a)
{
    size_t words = 0;
    Buf b;
    buf_init(&b, 1 << 16);
    for (size_t tries = 0; tries < v->n * (random ? 2 : 1); tries++) {
        *seed = *seed * 1103515245u + 12345u;
        size_t i = random ? (*seed >> 8) % v->n : tries;
        Str s = str_sub(text, v->spans[i].start, v->spans[i].end);
        size_t n = count_words(s);
        if (words + n > max_words && !random)
            break;
        if (words + n > max_words)
            continue;
        words += n;
        (void)buf_add(&b, s);
        (void)buf_add_char(&b, ' ');
    }
    Str out = arena_buf(a, &b);
    buf_release(&b);
    return out;
}

static size_t count_tokens(void *arg, Str text)
{
    return minilm_count_tokens(arg, text);
}

static bool embed(const Minilm *m, MinilmState *state, Str text, Arena *a, SentenceVectors *v)
{
    Err err = ERR_INIT;
    ChunkOptions o = {CHUNK_TOKENS, CHUNK_OVERLAP_TOKENS, count_tokens, (void *)(uintptr_t)m};
    ChunkSpan *spans;
    size_t n;
    if (!chunk_text(text, STR(""), NULL, 0, &o, a, &spans, &n, &err) ||
        !sentence_vectors_init(v, text, NULL, 0, a, &err))
        return false;
    for (size_t i = 0; i < n; i++) {
        float out[MINILM_DIM];
        Str one = str_sub(text, spans[i].start, spans[i].end);
        sentence_vectors_begin(v);
        sentence_vectors_passage(v, &spans[i], 0, 0);
        if (!minilm_embed_parts(m, state, &one, 1, out, v->parts, v->n_parts, v->means, &err))
            return false;
        sentence_vectors_end(v);
    }
    return true;
}

int main(int argc, char **argv)
{
    Err err = ERR_INIT;
    size_t words = 60, show = 0, documents = 0;
    for (int i = 2; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--words") == 0)
            words = (size_t)strtoul(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--show") == 0)
            show = (size_t)strtoul(argv[i + 1], NULL, 10);
    }
    char path[4096];
    const char *models = getenv("SOTTO_MODELS");
    (void)snprintf(path, sizeof path, "%s/all-MiniLM-L6-v2.sotto",
                   models ? models : SOTTO_SOURCE_DIR "/models");
    Minilm *model = minilm_open(path, MINILM_INT8, &err);
    MinilmState *state = model ? minilm_state_new(model, &err) : NULL;
    Buf file;
    buf_init(&file, (size_t)1 << 30);
    if (!state || argc < 2 || !os_read_file(argv[1], &file, &err)) {
        fprintf(stderr, "bench_summary FILE: %s\n", err.msg);
        return 1;
    }
    SummaryOptions o = SUMMARY_DEFAULTS(words), even = o, plain_rank = o, single = o;
    even.early = 0;
    plain_rank.redundancy = 0;
    single.meaning = 1;
    Way ways[] = {
        {.name = "random", .o = o, .way = 2},      {.name = "first sentences", .o = o, .way = 1},
        {.name = "words alone", .o = o, .way = 3}, {.name = "meaning alone", .o = single},
        {.name = "both, no bonus", .o = even},     {.name = "both, no MMR", .o = plain_rank},
        {.name = "both (the product)", .o = o}};
    const size_t n_ways = sizeof ways / sizeof *ways;
    unsigned seed = 1;
    Str rest = buf_str(&file), record;
    while (str_next(&rest, '\x1e', &record)) {
        Str abstract_text, text = record;
        if (!str_next(&text, '\x1f', &abstract_text) || !text.ptr)
            continue;
        Arena *a = arena_new((size_t)1 << 30);
        SentenceVectors v;
        Bag abstract;
        fill(&abstract, abstract_text);
        if (abstract.n > 2 && embed(model, state, text, a, &v) && v.n > 3) {
            documents++;
            for (size_t i = 0; i < n_ways; i++) {
                Way *w = &ways[i];
                Str s = {0};
                if (w->way == 1 || w->way == 2)
                    s = plain(text, &v, w->way == 2, words, &seed, a);
                else
                    (void)summary_write(v.summary, w->way == 3 ? NULL : v.vectors, MINILM_DIM,
                                        &w->o, a, &s, &err);
                measure(w, &abstract, s);
                if (documents <= show && (i + 1 == n_ways || i == 1))
                    printf("%s: " STR_FMT "\n", i == 1 ? "\nfirst" : "ours", STR_ARG(s));
            }
        }
        arena_free(a);
    }
    printf("%zu documents, %zu words      R-1 rec   F1     R-2 rec   F1     R-L rec   F1\n",
           documents, words);
    for (size_t i = 0; i < n_ways && documents; i++) {
        printf("%-28s", ways[i].name);
        for (size_t k = 0; k < 3; k++)
            printf("  %.4f %.4f", ways[i].recall[k] / (double)documents,
                   ways[i].f1[k] / (double)documents);
        printf("\n");
    }
    buf_release(&file);
    minilm_state_free(state);
    minilm_close(model);
    return 0;
}
