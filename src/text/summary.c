#include "text/summary.h"

#include <math.h>
#include <stdlib.h>

#include "text/letters.h"
#include "text/sentences.h"
#include "text/words.h"

#define MAX_SENTENCES 150
#define MAX_TERMS 48 /* of a sentence that are compared */
#define MIN_WORDS 4
#define MAX_WORDS 45
#define DAMPING 0.85f
#define ENOUGH_WORDS 20 /* after these only whole sentences are added */
#define TAKEN 16        /* sentences of a summary at most */

typedef struct {
    Str text;
    uint32_t words, n;        /* n: telling words */
    uint32_t term[MAX_TERMS]; /* hashes, sorted, each once */
    float weight[MAX_TERMS], norm, rank;
    bool whole; /* ends like a sentence */
    bool item;  /* of a list */
} Sentence;

typedef struct {
    Sentence *items;
    size_t n;
} Sentences;

static bool no_memory(Err *err)
{
    return err_set(err, ERR_NO_MEMORY, "making a summary: out of memory");
}

static int by_hash(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* Words, and the hashes of the telling ones with how often each occurs. */
static void read_terms(Sentence *s)
{
    size_t at = 0, start, end, n = 0;
    uint32_t all[MAX_TERMS];
    while (word_next(s->text, &at, &start, &end)) {
        char room[WORD_MAX + 8];
        Str folded = word_fold(str_sub(s->text, start, end), room);
        s->words++;
        if (folded.len > 2 && n < MAX_TERMS && !word_is_stop(folded))
            all[n++] = (uint32_t)str_hash(folded);
    }
    qsort(all, n, sizeof *all, by_hash);
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || all[i] != all[i - 1]) {
            s->term[s->n] = all[i];
            s->weight[s->n++] = 0;
        }
        s->weight[s->n - 1] += 1;
    }
}

static bool ends_like_sentence(Str s)
{
    while (s.len > 0 && strchr("\"')]", s.ptr[s.len - 1]))
        s.len--;
    if (s.len == 0)
        return false;
    char c = s.ptr[s.len - 1];
    return c == '.' || c == '!' || c == '?' || str_ends(s, STR("\xE3\x80\x82")) ||
           str_ends(s, STR("\xE2\x80\xA6")) || str_ends(s, STR("\xEF\xBC\x81"));
}

/* Whether text[start, end) touches a heading, code or a table. `next` moves along the sorted
 * marks. */
static bool is_furniture(const Mark *marks, size_t n, size_t start, size_t end)
{
    for (size_t i = 0; i < n; i++)
        if ((marks[i].kind == MARK_HEADING || marks[i].kind == MARK_CODE ||
             marks[i].kind == MARK_TABLE) &&
            marks[i].start < end && marks[i].end > start)
            return true;
    return false;
}

/* Whether it reads as prose: mostly letters, no cells of a table, no dots that lead to a page
 * number, and it does not begin in the middle of a sentence that was torn apart. */
static bool is_prose(Str s)
{
    size_t letters = 0, others = 0, at = 0;
    if (str_find(s, STR(" | "), 0) != SIZE_MAX || str_find(s, STR(". . ."), 0) != SIZE_MAX ||
        str_find(s, STR("...."), 0) != SIZE_MAX)
        return false;
    uint32_t first = s.len ? utf8_next(s, &at) : 0;
    if (letter_is_lower(first))
        return false;
    for (at = 0; at < s.len;) {
        uint32_t c = utf8_next(s, &at);
        letters += letter_is_word(c) && !letter_is_digit(c);
        others += !letter_is_space(c) && (!letter_is_word(c) || letter_is_digit(c));
    }
    return letters >= 2 * others;
}

/* "- [x] pay the rent" -> "pay the rent" */
static Str without_marker(Str s)
{
    if (sentence_list_marker(s))
        s = letters_trim(str_sub(s, str_find(s, STR(" "), 0), s.len));
    if (str_starts(s, STR("[ ] ")) || str_starts(s, STR("[x] ")))
        s = letters_trim(str_sub(s, 4, s.len));
    return s;
}

static bool collect(Str text, const Mark *marks, size_t n_marks, Arena *a, Sentences *out, Err *err)
{
    size_t at = 0, start, end, seen = 0;
    out->items = ARENA_NEW_ARRAY(a, Sentence, MAX_SENTENCES);
    out->n = 0;
    if (!out->items)
        return no_memory(err);
    n_marks = n_marks < 2000 ? n_marks : 2000;
    while (out->n < MAX_SENTENCES && seen++ < (size_t)MAX_SENTENCES * 4 &&
           sentence_next(text, &at, &start, &end)) {
        Str s = str_sub(text, start, end);
        if (is_furniture(marks, n_marks, start, end) || s.len > 1000)
            continue;
        Sentence *item = &out->items[out->n];
        bool listed = sentence_list_marker(s);
        s = without_marker(s);
        *item = (Sentence){.text = s, .whole = ends_like_sentence(s), .item = listed};
        if (!is_prose(s))
            continue;
        read_terms(item);
        if (item->words >= MIN_WORDS && item->words <= MAX_WORDS && item->n >= 2)
            out->n++;
    }
    return true;
}

/* How many sentences have the term: `pool` holds the terms of all, sorted. */
static size_t frequency(const uint32_t *pool, size_t n, uint32_t term)
{
    const uint32_t *at = bsearch(&term, pool, n, sizeof *pool, by_hash), *end = pool + n,
                   *from = at;
    while (from > pool && from[-1] == term)
        from--;
    while (at < end && *at == term)
        at++;
    return (size_t)(at - from);
}

/* tf to tf-idf, and the vectors' lengths. `pool` has room for all terms. */
static void weigh(Sentences *all, uint32_t *pool)
{
    size_t n = 0;
    for (size_t i = 0; i < all->n; i++)
        for (uint32_t k = 0; k < all->items[i].n; k++)
            pool[n++] = all->items[i].term[k];
    qsort(pool, n, sizeof *pool, by_hash);
    for (size_t i = 0; i < all->n; i++) {
        Sentence *s = &all->items[i];
        float sum = 0;
        for (uint32_t k = 0; k < s->n; k++) {
            size_t in = frequency(pool, n, s->term[k]);
            s->weight[k] *= logf(1.0f + (float)all->n / (float)in);
            sum += s->weight[k] * s->weight[k];
        }
        s->norm = sqrtf(sum);
    }
}

static float cosine(const Sentence *a, const Sentence *b)
{
    float dot = 0;
    for (uint32_t i = 0, j = 0; i < a->n && j < b->n;) {
        if (a->term[i] == b->term[j])
            dot += a->weight[i++] * b->weight[j++];
        else if (a->term[i] < b->term[j])
            i++;
        else
            j++;
    }
    return dot > 0 ? dot / (a->norm * b->norm) : 0;
}

/* ---- ranks ---------------------------------------------------------------------------------- */

static float vector_cosine(const float *a, const float *b, size_t dim)
{
    float dot = 0;
    for (size_t i = 0; i < dim; i++)
        dot += a[i] * b[i];
    return dot;
}

static bool has_vector(const float *v, size_t dim)
{
    for (size_t i = 0; i < dim; i++)
        if (v[i] != 0)
            return true;
    return false;
}

/* The similarity by meaning of any two sentences, from 0 to 1: how far their cosine stands above
 * the mean of the document's. Sentences of one document are all rather similar; what counts is
 * more. */
static void fill_meaning(const Sentences *all, const float *vectors, size_t dim, float *meaning)
{
    size_t n = all->n;
    double sum = 0;
    size_t pairs = 0;
    for (size_t i = 0; i < n; i++) {
        bool known = has_vector(vectors + i * dim, dim);
        for (size_t j = 0; j < i; j++) {
            bool both = known && has_vector(vectors + j * dim, dim);
            float c = both ? vector_cosine(vectors + i * dim, vectors + j * dim, dim) : -2;
            meaning[i * n + j] = meaning[j * n + i] = c;
            sum += both ? c : 0;
            pairs += both;
        }
        meaning[i * n + i] = -2;
    }
    float mean = pairs ? (float)(sum / (double)pairs) : 0;
    for (size_t i = 0; i < n * n; i++)
        meaning[i] = meaning[i] > mean && mean < 1 ? (meaning[i] - mean) / (1 - mean) : 0;
}

/* Power iteration on the row-normalised similarities; `edges` has n * n places. `meaning` may be
 * NULL. */
static void rank(Sentences *all, const float *meaning, const SummaryOptions *o, float *edges)
{
    size_t n = all->n;
    float now[MAX_SENTENCES], next[MAX_SENTENCES], best = 0;
    for (size_t i = 0; i < n; i++) {
        float sum = 0;
        for (size_t j = 0; j < n; j++) {
            float words = i == j ? 0 : cosine(&all->items[i], &all->items[j]);
            float e = !meaning ? words : (1 - o->meaning) * words + o->meaning * meaning[i * n + j];
            sum += edges[i * n + j] = i == j ? 0 : e;
        }
        for (size_t j = 0; j < n && sum > 0; j++)
            edges[i * n + j] /= sum;
        now[i] = 1.0f / (float)n;
    }
    for (int round = 0; round < 20; round++) {
        for (size_t j = 0; j < n; j++)
            next[j] = (1 - DAMPING) / (float)n;
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++)
                next[j] += DAMPING * now[i] * edges[i * n + j];
        memcpy(now, next, n * sizeof *now);
    }
    for (size_t i = 0; i < n; i++) {
        Sentence *s = &all->items[i];
        s->rank = now[i] * (1.0f + o->early * expf(-(float)i / 4.0f)) * (s->whole ? 1.0f : 0.3f) *
                  (s->item ? 0.6f : 1.0f);
        best = s->rank > best ? s->rank : best;
    }
    for (size_t i = 0; i < n && best > 0; i++)
        all->items[i].rank /= best;
}

/* What a sentence adds: its rank, less what is like a chosen one (maximal marginal relevance).
 * Below zero when a chosen one says the same. */
static float gain(const Sentences *all, const float *meaning, const SummaryOptions *o, size_t i,
                  const size_t *taken, size_t n)
{
    float worst = 0;
    for (size_t k = 0; k < n; k++) {
        float words = cosine(&all->items[taken[k]], &all->items[i]);
        float like = meaning ? meaning[taken[k] * all->n + i] : 0;
        if (words > 0.5f || like > 0.8f)
            return -1;
        worst = words > worst ? words : worst;
        worst = like > worst ? like : worst;
    }
    float g = all->items[i].rank - o->redundancy * worst;
    return g > 0 ? g : 0;
}

/* Marks the best sentences that fit and differ; the number of them. */
static size_t choose(const Sentences *all, const float *meaning, const SummaryOptions *o,
                     size_t taken[TAKEN])
{
    size_t n = 0, words = 0;
    bool out[MAX_SENTENCES] = {false};
    while (n < TAKEN) {
        size_t best = SIZE_MAX;
        float most = -1;
        for (size_t i = 0; i < all->n; i++) {
            const Sentence *s = &all->items[i];
            if (out[i] || words + s->words > o->max_words || (!s->whole && words >= ENOUGH_WORDS))
                continue;
            float g = gain(all, meaning, o, i, taken, n);
            if (g < 0)
                out[i] = true;
            if (g > most) {
                most = g;
                best = i;
            }
        }
        if (best == SIZE_MAX || most < 0)
            break;
        out[best] = true;
        words += all->items[best].words;
        taken[n++] = best;
    }
    for (size_t i = 1; i < n; i++) /* into the order of the text */
        for (size_t j = i; j > 0 && taken[j] < taken[j - 1]; j--) {
            size_t t = taken[j];
            taken[j] = taken[j - 1];
            taken[j - 1] = t;
        }
    return n;
}

/* The text's first words, for what has no sentences. */
static Str beginning(Str text, size_t max_words)
{
    size_t at = 0, start, end, n = 0, last = 0;
    while (n < max_words && last < 600 && word_next(text, &at, &start, &end)) {
        last = end;
        n++;
    }
    return letters_cut(letters_trim(str_sub(text, 0, last)), 600);
}

struct Summary {
    Str text;
    Sentences all;
    SummarySpan *spans;
};

bool summary_collect(Str text, const Mark *marks, size_t n_marks, Arena *a, Summary **out, Err *err)
{
    Summary *s = ARENA_NEW(a, Summary);
    if (!s)
        return no_memory(err);
    *s = (Summary){.text = text};
    if (!collect(text, marks, n_marks, a, &s->all, err))
        return false;
    s->spans = ARENA_NEW_ARRAY(a, SummarySpan, s->all.n + 1);
    if (!s->spans)
        return no_memory(err);
    for (size_t i = 0; i < s->all.n; i++) {
        size_t start = (size_t)(s->all.items[i].text.ptr - text.ptr);
        s->spans[i] = (SummarySpan){(uint32_t)start, (uint32_t)(start + s->all.items[i].text.len)};
    }
    *out = s;
    return true;
}

const SummarySpan *summary_spans(const Summary *s, size_t *n)
{
    *n = s->all.n;
    return s->spans;
}

static bool write_out(const Summary *s, const size_t *taken, size_t n, size_t max_words, Arena *a,
                      Str *out, Err *err)
{
    Buf b;
    buf_init(&b, 1 << 16);
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            (void)buf_add_char(&b, ' ');
        (void)letters_squeeze(&b, s->all.items[taken[i]].text);
    }
    if (b.len == 0)
        (void)letters_squeeze(&b, beginning(s->text, max_words));
    Str made = b.len ? arena_buf(a, &b) : (Str){NULL, 0};
    bool ok = made.ptr || b.len == 0 || no_memory(err);
    if (ok)
        *out = made;
    buf_release(&b);
    return ok;
}

bool summary_write(Summary *s, const float *vectors, size_t dim, const SummaryOptions *o, Arena *a,
                   Str *out, Err *err)
{
    size_t taken[TAKEN], n = 0, count = s->all.n;
    Arena *scratch = arena_new(ARENA_DEFAULT_MAX);
    bool ok = scratch || no_memory(err);
    if (ok && count > 0) {
        float *edges = ARENA_NEW_ARRAY(scratch, float, count *count);
        float *meaning = vectors ? ARENA_NEW_ARRAY(scratch, float, count *count) : NULL;
        uint32_t *pool = ARENA_NEW_ARRAY(scratch, uint32_t, count * MAX_TERMS);
        ok = (edges && pool && (meaning || !vectors)) || no_memory(err);
        if (ok) {
            weigh(&s->all, pool);
            if (vectors)
                fill_meaning(&s->all, vectors, dim, meaning);
            rank(&s->all, meaning, o, edges);
            n = choose(&s->all, meaning, o, taken);
        }
    }
    ok = ok && write_out(s, taken, n, o->max_words, a, out, err);
    arena_free(scratch);
    return ok;
}

bool summary_make(Str text, const Mark *marks, size_t n_marks, size_t max_words, Arena *a, Str *out,
                  Err *err)
{
    Summary *s;
    Arena *scratch = arena_new(ARENA_DEFAULT_MAX);
    SummaryOptions o = SUMMARY_DEFAULTS(max_words);
    bool ok = (scratch || no_memory(err)) &&
              summary_collect(text, marks, n_marks, scratch, &s, err) &&
              summary_write(s, NULL, 0, &o, a, out, err);
    arena_free(scratch);
    return ok;
}
