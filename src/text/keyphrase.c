#include "text/keyphrase.h"

#include <stdlib.h>

#include "base/mem.h"
#include "text/letters.h"
#include "text/sentences.h"
#include "text/words.h"

#define LOOK_AT 200000u
#define MAX_WORDS 3
#define SLOTS_MAX 16384u /* of the table of candidates: a power of two */
#define SHORT_TEXT 150
#define RARITY_OF 96

typedef struct {
    Str phrase;             /* folded, words joined by one space; ptr NULL: free */
    uint32_t count, capitals, inside; /* inside: not at a sentence's start */
    uint32_t first_sentence, words;
    float score;
} Candidate;

typedef struct {
    Candidate *slots;
    size_t n, used;         /* n: a power of two */
    Arena *a;
} Table;

static bool no_memory(Err *err)
{
    return err_set(err, ERR_NO_MEMORY, "finding key phrases: out of memory");
}

/* The slot of a phrase, a free one when it is new; NULL when the table is three quarters full. */
static Candidate *slot_of(Table *t, Str phrase)
{
    size_t i = str_hash(phrase) & (t->n - 1);
    while (t->slots[i].phrase.ptr && !str_eq(t->slots[i].phrase, phrase))
        i = (i + 1) & (t->n - 1);
    if (t->slots[i].phrase.ptr)
        return &t->slots[i];
    if (t->used >= t->n / 4 * 3)
        return NULL;
    t->slots[i].phrase = arena_str(t->a, phrase);
    if (!t->slots[i].phrase.ptr)
        return NULL;
    t->used++;
    return &t->slots[i];
}

typedef struct {
    char text[WORD_MAX + 8];
    size_t len;
    bool capital, first; /* first of its sentence */
} Word;

/* Counts every run of one to three words that ends with the newest of `run`. */
static void count_runs(Table *t, const Word *run, size_t n, uint32_t sentence)
{
    for (size_t len = 1; len <= MAX_WORDS && len <= n; len++) {
        char phrase[MAX_WORDS * (WORD_MAX + 1)];
        size_t size = 0;
        bool capitals = true;
        for (size_t i = n - len; i < n; i++) {
            if (size)
                phrase[size++] = ' ';
            memcpy(phrase + size, run[i].text, run[i].len);
            size += run[i].len;
            capitals = capitals && run[i].capital;
        }
        Candidate *c = slot_of(t, (Str){phrase, size});
        if (!c)
            continue;
        if (c->count++ == 0)
            c->first_sentence = sentence;
        c->words = (uint32_t)len;
        c->inside += !run[n - len].first;
        c->capitals += capitals && !run[n - len].first;
    }
}

/* Worth standing in a tag: three characters (two when unspaced), not a number. */
static bool is_telling(Str folded)
{
    size_t letters = 0, digits = 0;
    bool unspaced = false;
    for (size_t at = 0; at < folded.len;) {
        uint32_t c = utf8_next(folded, &at);
        digits += letter_is_digit(c);
        letters += !letter_is_digit(c);
        unspaced = unspaced || letter_is_unspaced(c);
    }
    return letters >= (unspaced ? 2u : 3u) && digits * 2 <= letters && !word_is_stop(folded);
}

/* Whether only a space or a hyphen lies between two words: then they may be one phrase. */
static bool is_joined(Str text, size_t from, size_t to)
{
    return to - from == 1 && text.ptr[from] == ' ';
}

/* Whether text[start, end) is code. `next` moves along marks in their order; marks of strangers may
 * have none: then some code is read, nothing worse. */
static bool is_code(const Mark *marks, size_t n, size_t *next, size_t start)
{
    while (*next < n && (marks[*next].kind != MARK_CODE || marks[*next].end <= start))
        ++*next;
    return *next < n && marks[*next].start <= start;
}

/* Part of an address or a path: letters and slashes, dots or at signs without white space. */
static bool is_address(Str s, size_t from, size_t to)
{
    char before = from > 0 ? s.ptr[from - 1] : ' ', after = to < s.len ? s.ptr[to] : ' ';
    char behind = to + 1 < s.len ? s.ptr[to + 1] : ' ';
    bool dotted = after == '.' && behind != ' ' && behind != '\n' && behind != ')';
    return before == '/' || before == '@' || before == '_' || before == '\\' || after == '@' ||
           after == '_' || dotted || (after == ':' && behind == '/') ||
           (before == '.' && from > 1 && s.ptr[from - 2] != ' ' && s.ptr[from - 2] != '.');
}

static size_t count_candidates(Table *t, Str text, const Mark *marks, size_t n_marks)
{
    size_t at = 0, start, end, words = 0, mark = 0;
    uint32_t sentence = 0;
    for (; sentence_next(text, &at, &start, &end); sentence++) {
        Str s = str_sub(text, start, end);
        if (is_code(marks, n_marks, &mark, start))
            continue;
        size_t in = 0, from, to, last = 0, n = 0;
        Word run[MAX_WORDS];
        bool first = true;
        while (word_next(s, &in, &from, &to)) {
            char room[WORD_MAX + 8];
            Str folded = word_fold(str_sub(s, from, to), room);
            bool telling = is_telling(folded) && !is_address(s, from, to);
            size_t peek = from;
            bool capital = letter_is_upper(utf8_next(s, &peek));
            words++;
            if (n > 0 && !is_joined(s, last, from))
                n = 0;
            last = to;
            if (!telling) {
                n = 0;
                first = false;
                continue;
            }
            if (n == MAX_WORDS)
                memmove(run, run + 1, sizeof *run * --n);
            run[n] = (Word){.len = folded.len, .capital = capital, .first = first};
            memcpy(run[n++].text, folded.ptr, folded.len);
            first = false;
            count_runs(t, run, n, sentence);
        }
    }
    return words;
}

static int by_score(const void *a, const void *b)
{
    const Candidate *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return str_cmp(x->phrase, y->phrase);
}

/* Of the rarest word of a phrase, with something for the most frequent. */
static float rarity_of(const KeyphraseRarity *r, Str phrase)
{
    float most = 0;
    Str word;
    if (!r)
        return 1;
    while (str_next(&phrase, ' ', &word)) {
        float one = r->rarity(r->arg, word);
        most = one > most ? one : most;
    }
    return 0.2f + most;
}

static void score_all(Table *t, Str title, size_t words)
{
    static const float length_bonus[] = {0, 1.0f, 1.5f, 1.6f};
    Buf folded;
    buf_init(&folded, 4096);
    (void)letters_lower(&folded, letters_cut(title, 1000));
    for (size_t i = 0; i < t->used; i++) {
        Candidate *c = &t->slots[i];
        bool in_title = str_find(buf_str(&folded), c->phrase, 0) != SIZE_MAX;
        bool name = c->inside > 0 && c->capitals == c->inside;
        if (c->count < 2 && !in_title && words >= SHORT_TEXT)
            continue; /* score 0 */
        c->score = (float)c->count * length_bonus[c->words] *
                   (1.0f + 1.0f / (1.0f + (float)c->first_sentence / 4.0f));
        c->score *= (name ? 1.5f : 1.0f) * (in_title ? 2.0f : 1.0f);
        if (c->words > 1 && c->count < 2 && !in_title)
            c->score *= 0.6f; /* chance neighbours */
    }
    buf_release(&folded);
}

/* Rarity multiplies by 0.2 to 1.2, so what is far behind stays there: it is asked for the first
 * ones only, because every question costs a look into a vocabulary. */
static void weigh_rarity(Table *t, const KeyphraseRarity *rarity)
{
    size_t n = t->used < RARITY_OF ? t->used : RARITY_OF;
    for (size_t i = 0; rarity && i < n; i++)
        t->slots[i].score *= rarity_of(rarity, t->slots[i].phrase);
    qsort(t->slots, n, sizeof *t->slots, by_score);
}

/* Whether one phrase stands inside the other, at word boundaries. */
static bool is_part(Str a, Str b)
{
    Str small = a.len < b.len ? a : b, large = a.len < b.len ? b : a;
    for (size_t at = 0; (at = str_find(large, small, at)) != SIZE_MAX; at++)
        if ((at == 0 || large.ptr[at - 1] == ' ') &&
            (at + small.len == large.len || large.ptr[at + small.len] == ' '))
            return true;
    return false;
}

/* Whether half of the words of one stand in the other: "bright harbor", "harbor design". */
static bool overlaps(Str a, Str b)
{
    size_t words = 0, shared = 0;
    for (Str rest = a, word; str_next(&rest, ' ', &word); words++)
        for (Str others = b, other; str_next(&others, ' ', &other);)
            shared += str_eq(word, other);
    return words > 1 && shared * 2 >= words;
}

/* "invoice" and "invoices" are one tag. */
static bool is_plural(Str a, Str b)
{
    Str small = a.len < b.len ? a : b, large = a.len < b.len ? b : a;
    return large.len - small.len <= 2 && small.len >= 4 && str_starts(large, small);
}

bool keyphrase_find(Str text, Str title, const Mark *marks, size_t n_marks,
                    const KeyphraseRarity *rarity, size_t max, Arena *a, Str **out, size_t *n,
                    Err *err)
{
    Arena *scratch = arena_new(ARENA_DEFAULT_MAX);
    Table t = {.n = 256, .a = scratch};
    while (t.n < SLOTS_MAX && t.n < text.len)
        t.n *= 2; /* a word has some six bytes and begins three candidates: room enough */
    t.slots = scratch ? ARENA_NEW_ARRAY(scratch, Candidate, t.n) : NULL;
    Str *phrases = ARENA_NEW_ARRAY(a, Str, max + 1);
    if (!t.slots || !phrases) {
        arena_free(scratch);
        return no_memory(err);
    }
    text = str_sub(text, 0, utf8_floor(text, LOOK_AT));
    size_t words = count_candidates(&t, text, marks, n_marks), kept = 0;
    for (size_t i = 0; i < t.n; i++)
        if (t.slots[i].phrase.ptr)
            t.slots[kept++] = t.slots[i];
    score_all(&t, title, words);
    qsort(t.slots, t.used, sizeof *t.slots, by_score);
    weigh_rarity(&t, rarity);
    size_t found = 0;
    bool ok = true;
    for (size_t i = 0; ok && i < t.used && found < max && t.slots[i].score > 0; i++) {
        bool fresh = true;
        for (size_t j = 0; fresh && j < found; j++)
            fresh = !is_part(phrases[j], t.slots[i].phrase) &&
                    !overlaps(t.slots[i].phrase, phrases[j]) &&
                    !is_plural(phrases[j], t.slots[i].phrase);
        if (!fresh)
            continue;
        phrases[found] = arena_str(a, t.slots[i].phrase);
        ok = phrases[found++].ptr != NULL;
    }
    arena_free(scratch);
    if (!ok)
        return no_memory(err);
    *out = phrases;
    *n = found;
    return true;
}
