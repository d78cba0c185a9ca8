/* terms.c - the distinct words of a passage with their counts, as the keyword index takes them. */
#include "store/sqlite/sq_index.h"

static bool grow(SqWordSet *w)
{
    size_t cap = w->cap ? w->cap * 2 : 128;
    KindexTerm *items = ARENA_NEW_ARRAY(w->a, KindexTerm, cap);
    uint32_t *table = ARENA_NEW_ARRAY(w->a, uint32_t, cap * 2);
    if (!items || !table)
        return false;
    if (w->n)
        memcpy(items, w->items, w->n * sizeof *items);
    w->items = items;
    w->cap = cap;
    w->table = table;
    w->table_size = cap * 2;
    for (size_t i = 0; i < w->n; i++) {
        size_t h = str_hash(items[i].text) & (w->table_size - 1);
        while (table[h])
            h = (h + 1) & (w->table_size - 1);
        table[h] = (uint32_t)i + 1;
    }
    return true;
}

bool sq_words_add(SqWordSet *w, Str word, uint32_t count)
{
    if (word.len > KINDEX_TERM_MAX)
        word.len = KINDEX_TERM_MAX;
    if (w->n == w->cap && !grow(w))
        return !(w->failed = true);
    size_t h = str_hash(word) & (w->table_size - 1);
    for (; w->table[h]; h = (h + 1) & (w->table_size - 1)) {
        KindexTerm *t = &w->items[w->table[h] - 1];
        if (str_eq(t->text, word)) {
            t->tf += count;
            return true;
        }
    }
    Str copy = arena_str(w->a, word);
    if (!copy.ptr)
        return !(w->failed = true);
    w->items[w->n] = (KindexTerm){copy, count};
    w->table[h] = (uint32_t)++w->n;
    return true;
}

typedef struct {
    SqWordSet words;
    uint32_t unit, length;
} Build;

static bool on_token(void *arg, Str token, size_t start, size_t end)
{
    Build *b = arg;
    (void)start;
    (void)end;
    if (!token.len)
        return true;
    b->length += b->unit;
    return sq_words_add(&b->words, token, b->unit);
}

bool sq_terms(SqConn *c, Str body, Str context, unsigned context_weight, Arena *a, SqTerms *out,
    Err *err)
{
    Build b = {.words = {.a = a}, .unit = SQ_TF_UNIT};
    if (!sq_tokens(c, body, true, on_token, &b, err))
        return false;
    b.unit = context_weight;
    if (!b.words.failed && !sq_tokens(c, context, true, on_token, &b, err))
        return false;
    if (b.words.failed)
        return err_set(err, ERR_NO_MEMORY, "splitting a passage into words: out of memory");
    *out = (SqTerms){b.words.items, b.words.n, b.length};
    return true;
}
