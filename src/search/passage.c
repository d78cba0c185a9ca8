/* passage.c - marks and snippets. */
#include "search/passage.h"

#include "base/utf8.h"
#include "text/sentences.h"

#define MAX_TOKENS 8192u /* of one passage: it fits the encoder's window, so it has a few hundred  \
                          */

typedef struct {
    Str stem;
    uint32_t start, end;
    uint32_t term; /* which MarkTerm, from 1; 0: none */
} Token;

typedef struct {
    Arena *a;
    Token *items;
    size_t n, cap;
    bool no_memory;
} Tokens;

static bool on_token(void *arg, Str stem, size_t start, size_t end)
{
    Tokens *t = arg;
    if (t->n == MAX_TOKENS)
        return false;
    if (!ARENA_GROW(t->a, t->items, t->n, t->cap))
        return !(t->no_memory = true);
    Token token = {arena_str(t->a, stem), (uint32_t)start, (uint32_t)end, 0};
    t->no_memory = !token.stem.ptr;
    t->items[t->n++] = token;
    return !t->no_memory;
}

static bool is_ascii(Str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] & 0x80)
            return false;
    return true;
}

/* ASCII is compared as written; for the rest the tokenizer's folding decides. */
static bool prefix_matches(const MarkTerm *m, const Token *t, Str raw)
{
    if (is_ascii(m->typed))
        return raw.len >= m->typed.len && str_eq_nocase(str_sub(raw, 0, m->typed.len), m->typed);
    return str_starts(t->stem, m->stems[m->n_stems - 1]);
}

/* How many tokens from `at` the term covers; 0 when it does not match there. */
static size_t match_at(const MarkTerm *m, const Tokens *t, size_t at, Str text)
{
    const Token *token = &t->items[at];
    if (m->kind == KW_PREFIX)
        return prefix_matches(m, token, str_sub(text, token->start, token->end));
    if (at + m->n_stems > t->n)
        return 0;
    for (size_t i = 0; i < m->n_stems; i++)
        if (!str_eq(t->items[at + i].stem, m->stems[i]))
            return 0;
    return m->n_stems;
}

static void find_terms(const Words *w, Tokens *t, Str text)
{
    for (size_t k = 0; k < w->n_marks; k++)
        for (size_t i = 0; i < t->n; i++) {
            size_t n = match_at(&w->marks[k], t, i, text);
            for (size_t j = i; j < i + n; j++)
                if (!t->items[j].term)
                    t->items[j].term = (uint32_t)k + 1;
        }
}

/* Neighbouring words of one phrase make one mark. */
static bool make_marks(const Words *w, const Tokens *t, Arena *a, Match *m)
{
    m->marks = ARENA_NEW_ARRAY(a, MarkSpan, t->n + 1);
    m->n_marks = 0;
    if (!m->marks)
        return false;
    for (size_t i = 0; i < t->n; i++) {
        const Token *x = &t->items[i];
        bool joins = x->term && i && t->items[i - 1].term == x->term &&
                     w->marks[x->term - 1].kind == KW_PHRASE;
        if (joins)
            m->marks[m->n_marks - 1].end = x->end;
        else if (x->term)
            m->marks[m->n_marks++] = (MarkSpan){x->start, x->end};
    }
    return true;
}

/* ---- the snippet ------------------------------------------------------------------------------
 */

typedef struct {
    const Tokens *t;
    Str text;
    uint64_t *seen; /* bit set over terms */
    size_t seen_words;
} Scorer;

/* Different terms first, all marks second: 64 * different + marks (at most 63). */
static uint32_t window_score(Scorer *s, size_t start, size_t end)
{
    uint32_t different = 0, marks = 0;
    memset(s->seen, 0, s->seen_words * sizeof *s->seen);
    for (size_t i = 0; i < s->t->n; i++) {
        const Token *x = &s->t->items[i];
        if (!x->term || x->start < start || x->end > end)
            continue;
        uint64_t bit = (uint64_t)1 << x->term % 64, *word = &s->seen[x->term / 64];
        different += !(*word & bit);
        *word |= bit;
        marks += marks < 63;
    }
    return 64 * different + marks;
}

/* A cut at or before `at` that does not split a word (or, in one endless word, a character). */
static size_t cut_before(Str text, size_t from, size_t at)
{
    for (size_t i = at; i > from + (at - from) / 2; i--)
        if (text.ptr[i - 1] == ' ' || text.ptr[i - 1] == '\n')
            return i - 1;
    return utf8_floor(text, at);
}

/* The best stretch of at most PASSAGE_SNIPPET bytes of one long sentence. */
static void cut_sentence(Scorer *s, size_t *start, size_t *end)
{
    size_t best_start = *start, best_end = cut_before(s->text, *start, *start + PASSAGE_SNIPPET);
    uint32_t best = window_score(s, best_start, best_end);
    for (size_t i = 0; i < s->t->n; i++) {
        const Token *x = &s->t->items[i];
        if (!x->term || x->start < *start || x->end > *end)
            continue;
        /* a few words of what comes before the mark */
        size_t lead = PASSAGE_SNIPPET / 4,
               from = x->start - *start > lead ? x->start - lead : *start;
        if (from > *start)
            while (from < x->start && s->text.ptr[from - 1] != ' ' && s->text.ptr[from - 1] != '\n')
                from++;
        size_t to = *end - from > PASSAGE_SNIPPET
                        ? cut_before(s->text, from, from + PASSAGE_SNIPPET)
                        : *end;
        uint32_t score = window_score(s, from, to);
        if (score > best) {
            best = score;
            best_start = from;
            best_end = to;
        }
    }
    *start = best_start;
    *end = best_end;
}

static bool sentences_of(Str text, Arena *a, MarkSpan **out, size_t *n)
{
    size_t at = 0, start, end, cap = 16, count = 0;
    MarkSpan *list = ARENA_NEW_ARRAY(a, MarkSpan, cap);
    while (list && sentence_next(text, &at, &start, &end)) {
        if (count == cap) {
            MarkSpan *more = ARENA_NEW_ARRAY(a, MarkSpan, cap * 2);
            if (more)
                memcpy(more, list, count * sizeof *list);
            list = more;
            cap *= 2;
        }
        if (list)
            list[count++] = (MarkSpan){(uint32_t)start, (uint32_t)end};
    }
    *out = list;
    *n = count;
    return list != NULL;
}

/* The run of sentences from number i that fits, or the best part of one that does not. */
static uint32_t window_at(Scorer *s, const MarkSpan *list, size_t n, size_t i, size_t *start,
                          size_t *end)
{
    size_t last = i;
    while (last + 1 < n && list[last + 1].end - list[i].start <= PASSAGE_SNIPPET)
        last++;
    *start = list[i].start;
    *end = list[last].end;
    if (*end - *start > PASSAGE_SNIPPET)
        cut_sentence(s, start, end);
    return window_score(s, *start, *end);
}

/* The sentence that holds the first mark inside [start, end), or `i` when none does. */
static size_t first_marked(const Scorer *s, const MarkSpan *list, size_t n, size_t i, size_t start,
                           size_t end)
{
    size_t k = 0;
    while (k < s->t->n &&
           !(s->t->items[k].term && s->t->items[k].start >= start && s->t->items[k].end <= end))
        k++;
    while (k < s->t->n && i + 1 < n && list[i + 1].start <= s->t->items[k].start)
        i++;
    return i;
}

/* The first of the best windows, moved so that it begins with the sentence of its first mark: what
 * follows a word explains it more often than what stands before. */
static bool choose_snippet(Scorer *s, Arena *a, Match *m)
{
    MarkSpan *list;
    size_t n, start = 0, end = 0, from, to;
    uint32_t best = 0;
    if (!sentences_of(s->text, a, &list, &n))
        return false;
    for (size_t i = 0; i < n; i++) {
        uint32_t score = window_at(s, list, n, i, &from, &to);
        if (i && score <= best)
            continue;
        size_t marked = first_marked(s, list, n, i, from, to);
        best = score;
        start = from;
        end = to;
        if (marked > i && (score = window_at(s, list, n, marked, &from, &to)) >= best) {
            best = score;
            start = from;
            end = to;
        }
    }
    m->snippet_start = (uint32_t)start;
    m->snippet_end = (uint32_t)end;
    return true;
}

bool passage_mark(Store *store, const Words *words, Arena *a, Match *m, Err *err)
{
    Tokens t = {.a = a};
    if (!store_tokenize(store, m->text, on_token, &t, err))
        return false;
    find_terms(words, &t, m->text);
    Scorer s = {&t, m->text, NULL, words->n_marks / 64 + 1};
    s.seen = ARENA_NEW_ARRAY(a, uint64_t, s.seen_words);
    if (t.no_memory || !s.seen || !make_marks(words, &t, a, m) || !choose_snippet(&s, a, m))
        return err_set(err, ERR_NO_MEMORY, "marking a passage: out of memory");
    return true;
}
