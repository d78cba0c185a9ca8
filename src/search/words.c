/* words.c - from words as typed to terms and marks. */
#include "search/words.h"

#define MAX_WORDS 1024u /* of one query; what a person types has ten */

typedef struct {
    Str raw, stem;
    unsigned count;
    bool stop;
} Word;

typedef struct {
    Arena *a;
    Str text;
    Word *items;
    size_t n, typed;
    bool no_memory;
} Split;

static bool on_word(void *arg, Str stem, size_t start, size_t end)
{
    Split *s = arg;
    s->typed++;
    for (size_t i = 0; i < s->n; i++)
        if (str_eq(s->items[i].stem, stem)) {
            s->items[i].count++;
            return true;
        }
    if (s->n == MAX_WORDS)
        return true;
    Word w = {str_sub(s->text, start, end), arena_str(s->a, stem), 1, false};
    s->no_memory = !w.stem.ptr;
    s->items[s->n++] = w;
    return !s->no_memory;
}

static bool split(Store *store, Str text, Arena *a, Split *s, Err *err)
{
    *s = (Split){.a = a, .text = text, .items = ARENA_NEW_ARRAY(a, Word, MAX_WORDS)};
    if (!s->items)
        return err_set(err, ERR_NO_MEMORY, "reading the search's words: out of memory");
    if (!store_tokenize(store, text, on_word, s, err))
        return false;
    return !s->no_memory ||
           err_set(err, ERR_NO_MEMORY, "reading the search's words: out of memory");
}

static bool has_lower_case(Str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] >= 'a' && s.ptr[i] <= 'z')
            return true;
    return false;
}

/* IT, US and WHO in capitals are no stop words, unless somebody shouts the whole question. */
static bool is_stop(Str raw, bool shouting)
{
    char low[16];
    if (raw.len >= sizeof low || (raw.len > 1 && !shouting && !has_lower_case(raw)))
        return false;
    for (size_t i = 0; i < raw.len; i++)
        low[i] = (char)(raw.ptr[i] >= 'A' && raw.ptr[i] <= 'Z' ? raw.ptr[i] + 32 : raw.ptr[i]);
    return query_is_stop_word((Str){low, raw.len});
}

/* The plain words, one after the other, as one text. */
static bool plain_text(const Query *q, Arena *a, Str *out, Err *err)
{
    Buf b;
    buf_init(&b, (size_t)2 * QUERY_MAX_BYTES);
    for (size_t i = 0; i < q->n_terms; i++)
        if (q->terms[i].kind == KW_WORD && !q->terms[i].excluded) {
            buf_add(&b, q->terms[i].text);
            buf_add_char(&b, ' ');
        }
    *out = arena_buf(a, &b);
    buf_release(&b);
    return out->ptr || err_set(err, ERR_NO_MEMORY, "reading the search's words: out of memory");
}

static bool add_mark(Words *w, KwKind kind, const Split *s, Str typed, Arena *a, Err *err)
{
    MarkTerm m = {kind, ARENA_NEW_ARRAY(a, Str, s->n + 1), s->n, typed};
    if (!m.stems)
        return err_set(err, ERR_NO_MEMORY, "reading the search's words: out of memory");
    for (size_t i = 0; i < s->n; i++)
        m.stems[i] = s->items[i].stem;
    w->marks[w->n_marks++] = m;
    return true;
}

/* A phrase repeats its words in order, so it is split without counting. */
static bool on_phrase_word(void *arg, Str stem, size_t start, size_t end)
{
    Split *s = arg;
    if (s->n == MAX_WORDS)
        return false;
    Word w = {str_sub(s->text, start, end), arena_str(s->a, stem), 1, false};
    s->no_memory = !w.stem.ptr;
    s->items[s->n++] = w;
    return !s->no_memory;
}

static bool add_operator(Store *store, const KwTerm *t, Arena *a, Words *w, Err *err)
{
    Split s = {.a = a, .text = t->text, .items = ARENA_NEW_ARRAY(a, Word, MAX_WORDS)};
    if (!s.items)
        return err_set(err, ERR_NO_MEMORY, "reading the search's words: out of memory");
    if (!store_tokenize(store, t->text, on_phrase_word, &s, err))
        return false;
    if (s.no_memory)
        return err_set(err, ERR_NO_MEMORY, "reading the search's words: out of memory");
    if (s.n)
        w->terms[w->n_terms++] = *t;
    /* of "well-kn*" the index looks at the last word, and so do the marks */
    return t->excluded || !s.n || add_mark(w, t->kind, &s, s.items[s.n - 1].raw, a, err);
}

static bool add_plain(const Split *s, bool shouting, Arena *a, Words *w, Err *err)
{
    size_t kept = 0, others = w->n_marks;
    for (size_t i = 0; i < s->n; i++) {
        s->items[i].stop = is_stop(s->items[i].raw, shouting);
        kept += !s->items[i].stop;
    }
    for (size_t i = 0; i < s->n; i++) {
        const Word *word = &s->items[i];
        Split one = {.items = &s->items[i], .n = 1};
        if (word->stop && (kept || others))
            continue;
        w->terms[w->n_terms++] = (KwTerm){KW_WORD, word->raw, false, false, (float)word->count};
        w->n_kept += word->count;
        if (!add_mark(w, KW_WORD, &one, word->raw, a, err))
            return false;
    }
    return true;
}

bool words_plan(Store *store, const Query *q, Arena *a, Words *out, Err *err)
{
    Words w = {0};
    Split s;
    Str plain;
    w.terms = ARENA_NEW_ARRAY(a, KwTerm, q->n_terms + MAX_WORDS);
    w.marks = ARENA_NEW_ARRAY(a, MarkTerm, q->n_terms + MAX_WORDS);
    if (!w.terms || !w.marks)
        return err_set(err, ERR_NO_MEMORY, "reading the search's words: out of memory");
    if (!plain_text(q, a, &plain, err) || !split(store, plain, a, &s, err))
        return false;
    for (size_t i = 0; i < q->n_terms; i++)
        if ((q->terms[i].kind != KW_WORD || q->terms[i].excluded) &&
            !add_operator(store, &q->terms[i], a, &w, err))
            return false;
    if (!add_plain(&s, !has_lower_case(plain), a, &w, err))
        return false;
    w.n_typed = s.typed;
    *out = w;
    return true;
}
