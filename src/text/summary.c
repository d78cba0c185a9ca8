#include "text/summary.h"

#include <math.h>
#include <stdlib.h>

#include "text/letters.h"
#include "text/sentences.h"
#include "text/words.h"

#define MAX_SENTENCES 150
#define MAX_TERMS 48       /* of a sentence that are compared */
#define MIN_WORDS 4
#define MAX_WORDS 45
#define DAMPING 0.85f
#define ENOUGH_WORDS 20    /* after these only whole sentences are added */
#define TAKEN 16           /* sentences of a summary at most */

typedef struct {
    Str text;
    uint32_t words, n;           /* n: telling words */
    uint32_t term[MAX_TERMS];    /* hashes, sorted, each once */
    float weight[MAX_TERMS], norm, rank;
    bool whole;                  /* ends like a sentence */
    bool item;                   /* of a list */
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
    while (out->n < MAX_SENTENCES && seen++ < MAX_SENTENCES * 4 &&
           sentence_next(text, &at, &start, &end)) {
        Str s = str_sub(text, start, end);
        if (is_furniture(marks, n_marks, start, end) || s.len > 1000)
            continue;
        Sentence *item = &out->items[out->n];
        bool listed = sentence_list_marker(s);
        s = without_marker(s);
        *item = (Sentence){.text = s, .whole = ends_like_sentence(s), .item = listed};
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

/* Power iteration on the row-normalised similarities; `edges` has n * n places. */
static void rank(Sentences *all, float *edges)
{
    size_t n = all->n;
    float now[MAX_SENTENCES], next[MAX_SENTENCES];
    for (size_t i = 0; i < n; i++) {
        float sum = 0;
        for (size_t j = 0; j < n; j++)
            sum += edges[i * n + j] = i == j ? 0 : cosine(&all->items[i], &all->items[j]);
        for (size_t j = 0; j < n && sum > 0; j++)
            edges[i * n + j] /= sum;
        now[i] = 1.0f / (float)n;
    }
    for (int round = 0; round < 20; round++) {
        for (size_t j = 0; j < n; j++) {
            float sum = 0;
            for (size_t i = 0; i < n; i++)
                sum += now[i] * edges[i * n + j];
            next[j] = (1 - DAMPING) / (float)n + DAMPING * sum;
        }
        memcpy(now, next, n * sizeof *now);
    }
    for (size_t i = 0; i < n; i++)
        all->items[i].rank = now[i] * (1.0f + 0.5f * expf(-(float)i / 4.0f)) *
                             (all->items[i].whole ? 1.0f : 0.3f) *
                             (all->items[i].item ? 0.6f : 1.0f);
}

/* Marks the best sentences that fit and differ; the number of them. */
static size_t choose(const Sentences *all, size_t max_words, size_t taken[TAKEN])
{
    size_t n = 0, words = 0;
    bool out[MAX_SENTENCES] = {false};
    while (n < TAKEN) {
        size_t best = SIZE_MAX;
        for (size_t i = 0; i < all->n; i++)
            if (!out[i] && words + all->items[i].words <= max_words &&
                (all->items[i].whole || words < ENOUGH_WORDS) &&
                (best == SIZE_MAX || all->items[i].rank > all->items[best].rank))
                best = i;
        if (best == SIZE_MAX)
            break;
        out[best] = true;
        bool again = false;
        for (size_t i = 0; i < n && !again; i++)
            again = cosine(&all->items[taken[i]], &all->items[best]) > 0.5f;
        if (again)
            continue;
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

bool summary_make(Str text, const Mark *marks, size_t n_marks, size_t max_words, Arena *a, Str *out,
    Err *err)
{
    Sentences all = {NULL, 0};
    size_t taken[TAKEN], n = 0;
    Arena *scratch = arena_new(ARENA_DEFAULT_MAX);
    bool ok = scratch ? collect(text, marks, n_marks, scratch, &all, err) : no_memory(err);
    if (ok && all.n > 0) {
        float *edges = ARENA_NEW_ARRAY(scratch, float, all.n * all.n);
        uint32_t *pool = ARENA_NEW_ARRAY(scratch, uint32_t, all.n * MAX_TERMS);
        ok = (edges && pool) || no_memory(err);
        if (ok) {
            weigh(&all, pool);
            rank(&all, edges);
            n = choose(&all, max_words, taken);
        }
    }
    Buf b;
    buf_init(&b, 1 << 16);
    for (size_t i = 0; ok && i < n; i++) {
        if (i > 0)
            (void)buf_add_char(&b, ' ');
        (void)letters_squeeze(&b, all.items[taken[i]].text);
    }
    if (ok && b.len == 0)
        (void)letters_squeeze(&b, beginning(text, max_words));
    Str made = b.len ? arena_buf(a, &b) : (Str){NULL, 0};
    ok = ok && (made.ptr || b.len == 0 || no_memory(err));
    if (ok)
        *out = made;
    buf_release(&b);
    arena_free(scratch);
    return ok;
}
