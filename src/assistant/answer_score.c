#include "assistant/answer_score.h"

#include "text/dates.h"
#include "text/letters.h"
#include "text/words.h"

/* ---- what is asked for ----------------------------------------------------------------------- */

#define LEN(list) (sizeof(list) / sizeof *(list))

Asks answer_asks(Str question)
{
    static const struct {
        const char *phrase;
        Asks kind;
    } signs[] = {{"how much", ASKS_AMOUNT}, {"price", ASKS_AMOUNT}, {"cost", ASKS_AMOUNT},
                 {"fee", ASKS_AMOUNT}, {"how long", ASKS_SPAN}, {"how many", ASKS_NUMBER},
                 {"where", ASKS_PLACE}, {"wo", ASKS_PLACE}, {"wohin", ASKS_PLACE},
                 {"when", ASKS_TIME}, {"what time", ASKS_TIME}, {"which day", ASKS_TIME},
                 {"what day", ASKS_TIME}, {"what date", ASKS_TIME}, {"deadline", ASKS_TIME},
                 {"wie viel kostet", ASKS_AMOUNT}, {"wie viel kosten", ASKS_AMOUNT},
                 {"wie viel kostete", ASKS_AMOUNT}, {"wie hoch", ASKS_AMOUNT},
                 {"wie teuer", ASKS_AMOUNT}, {"um wie viel", ASKS_NUMBER},
                 {"wie viele", ASKS_NUMBER}, {"wie viel", ASKS_NUMBER}, {"wie schwer", ASKS_NUMBER},
                 {"wie lange", ASKS_SPAN}, {"wann", ASKS_DATE}, {"welchem tag", ASKS_DATE},
                 {"wer", ASKS_PERSON}, {"wem", ASKS_PERSON}, {"wen", ASKS_PERSON},
                 {"wessen", ASKS_PERSON}, {"how hot", ASKS_NUMBER}, {"how fast", ASKS_NUMBER},
                 {"how heavy", ASKS_NUMBER}, {"how tall", ASKS_NUMBER}, {"how far", ASKS_NUMBER},
                 {"how big", ASKS_NUMBER}, {"how high", ASKS_NUMBER}, {"how old", ASKS_SPAN},
                 {"how often", ASKS_NUMBER}, {"bis wann", ASKS_DATE},
                 {"who", ASKS_PERSON}, {"whose", ASKS_PERSON}, {"whom", ASKS_PERSON}};
    for (size_t i = 0; i < LEN(signs); i++)
        if (words_has(question, signs[i].phrase))
            return signs[i].kind;
    return ASKS_ANYTHING;
}

static bool has_number(Str s)
{
    static const char *const words[] = {"one", "two", "three", "four", "five", "six", "seven",
        "eight", "nine", "ten", "eleven", "twelve", "twenty", "a hundred"};
    for (size_t i = 0; i < s.len; i++)
        if (letter_is_digit((unsigned char)s.ptr[i]))
            return true;
    return words_has_any(s, words, LEN(words));
}

static bool has_money(Str s)
{
    static const char *const signs[] = {"EUR", "USD", "GBP", "CHF", "euro", "euros", "dollars",
                                        "pounds", "cents"};
    static const char *const marks[] = {"$", "\342\202\254", "\302\243"};
    bool sign = words_has_any(s, signs, LEN(signs));
    for (size_t i = 0; i < LEN(marks); i++)
        sign |= str_find(s, str_of(marks[i]), 0) != SIZE_MAX;
    return sign && has_number(s);
}

static bool has_time(Turn *t, Str s, bool span)
{
    When w[8];
    WhenContext c = {.now_ms = t->now, .zone = t->zone};
    size_t n = when_find(s, &c, w, 8);
    for (size_t i = 0; i < n; i++)
        if ((w[i].kind == WHEN_DURATION) == span)
            return true;
    return false;
}

/* A preposition that says where. */
static bool has_place(Str s)
{
    static const char *const words[] = {"in the", "in a", "on the", "at the", "under the",
        "behind the", "beside the", "near", "next to", "in our", "in my", "in your", "between",
        "above the", "inside", "against the", "at", "im", "in der", "in dem", "auf dem", "auf der",
        "unter", "hinter", "neben"};
    return words_has_any(s, words, LEN(words));
}

static bool has_date(Str s)
{
    size_t at = 0, start, end;
    DocDate d;
    return date_next(s, DATE_DAY_FIRST, &at, &start, &end, &d);
}

/* A word in capitals that is not the sentence's first. */
static bool has_name(Str s)
{
    for (size_t i = 1; i < s.len; i++)
        if (s.ptr[i] >= 'A' && s.ptr[i] <= 'Z' && s.ptr[i - 1] == ' ')
            return true;
    return false;
}

int answer_holds(Turn *t, Asks kind, Str s)
{
    switch (kind) {
    case ASKS_AMOUNT:
        return has_money(s) ? 1 : -1;
    case ASKS_NUMBER:
        return has_number(s) ? 1 : -1;
    case ASKS_SPAN:
        return has_time(t, s, true) ? 1 : -1;
    case ASKS_TIME:
        return has_time(t, s, false) ? 1 : -1;
    case ASKS_PLACE:
        return has_place(s) ? 1 : 0;
    case ASKS_DATE: /* in a language whose dates only print, here */
        return has_time(t, s, false) || has_date(s) ? 1 : -1;
    case ASKS_PERSON:
        return has_name(s) ? 1 : 0;
    default:
        return 0;
    }
}

float answer_fragment(Str s, Str title)
{
    static const char *const heads[] = {"subject:", "from:", "to:", "cc:", "date:", "tags:",
                                        "tag:", "present:", "author:", "#"};
    float off = 0;
    size_t words = 0;
    for (size_t i = 0; i < s.len; i++)
        words += s.ptr[i] != ' ' && (i == 0 || s.ptr[i - 1] == ' ');
    off += words < 4 ? 0.15F : 0;
    for (size_t i = 0; i < LEN(heads); i++)
        if (str_eq_nocase(str_sub(s, 0, strlen(heads[i])), str_of(heads[i]))) {
            off += 0.3F;
            break;
        }
    return str_eq_nocase(s, title) ? off + 0.2F : off;
}

/* ---- words in common ------------------------------------------------------------------------- */

/* Words of questions that say nothing of what is asked about. */
static bool is_empty_word(Str w)
{
    static const char *const words[] = {"a", "aber", "about", "all", "als", "am", "an", "and",
        "any", "are", "as", "at", "auch", "auf", "aus", "be", "been", "bei", "beim", "bis",
        "but", "by", "can", "could", "da", "das", "dem", "den", "der", "des", "did", "die", "do",
        "does", "down", "du", "ein", "eine", "einem", "einen", "einer", "er", "es", "for",
        "from", "f\303\274r", "gab", "gibt", "habe", "haben", "had", "has", "hast", "hat",
        "have", "he", "hei\303\237t", "her", "his", "hoch", "how", "i", "ich", "if", "ihm",
        "ihn", "ihr", "im", "in", "ins", "into", "is", "ist", "it", "its", "kann", "long", "man",
        "many", "may", "me", "mein", "meine", "meinem", "meinen", "meiner", "mich", "mir", "mit",
        "much", "muss", "must", "my", "nach", "nicht", "no", "noch", "not", "oder", "of", "on",
        "or", "our", "out", "over", "s", "said", "say", "says", "schwer", "sein", "seine",
        "shall", "she", "should", "sich", "sie", "sind", "so", "soll", "tell", "tells", "than",
        "that", "the", "their", "them", "then", "there", "these", "they", "this", "those", "to",
        "told", "um", "und", "under", "uns", "unser", "unsere", "until", "up", "us", "viel",
        "viele", "vom", "von", "vor", "wann", "war", "waren", "warum", "was", "we", "welche",
        "welchem", "welchen", "welcher", "welches", "wem", "wen", "wenn", "wer", "werden",
        "were", "what", "when", "where", "which", "who", "whom", "whose", "why", "wie", "wieder",
        "wieviel", "will", "wir", "wird", "with", "wo", "wogegen", "womit", "worden", "would",
        "wozu", "wurde", "wurden", "you", "your", "zu", "zum", "zur", "\303\274ber"};
    return str_in_sorted(w, words, LEN(words));
}

typedef struct {
    Turn *t;
    Str text;
    AnswerWords *out;
    bool failed;
} Collect;

static bool collect(void *arg, Str stem, size_t start, size_t end)
{
    Collect *c = arg;
    char lower[24];
    Str word = str_sub(c->text, start, end);
    for (size_t i = 0; i < word.len && i < sizeof lower; i++)
        lower[i] = word.ptr[i] >= 'A' && word.ptr[i] <= 'Z' ? (char)(word.ptr[i] + 32)
                                                            : word.ptr[i];
    if (word.len <= sizeof lower && is_empty_word(str_mem(lower, word.len)))
        return true;
    for (size_t i = 0; i < c->out->n; i++)
        if (str_eq(c->out->stems[i], stem))
            return true;
    Str kept = arena_str(c->t->a, stem);
    c->failed = !kept.ptr;
    if (kept.ptr)
        c->out->stems[c->out->n++] = kept;
    return kept.ptr && c->out->n < ANSWER_WORDS;
}

bool answer_words(Turn *t, Str question, AnswerWords *out)
{
    Collect c = {t, question, out, false};
    out->n = 0;
    if (!store_tokenize(t->parts->store, question, collect, &c, t->err))
        return false;
    return !c.failed || turn_no_memory(t);
}

typedef struct {
    const AnswerWords *words;
    AnswerHit *out;
    size_t n, max;
} Hits;

/* "plumber" and "plumbing" have other stems by the rules of the index, and one root. */
static bool same_root(Str a, Str b)
{
    size_t least = a.len < b.len ? a.len : b.len, most = a.len < b.len ? b.len : a.len;
    return least >= 4 && most - least <= 3 && memcmp(a.ptr, b.ptr, least) == 0;
}

static bool hit(void *arg, Str stem, size_t start, size_t end)
{
    Hits *h = arg;
    (void)end;
    for (size_t i = 0; i < h->words->n; i++)
        if (str_eq(h->words->stems[i], stem) || same_root(h->words->stems[i], stem)) {
            h->out[h->n++] = (AnswerHit){start, 1u << i};
            break;
        }
    return h->n < h->max;
}

bool answer_hits(Turn *t, const AnswerWords *w, Str text, AnswerHit *out, size_t max, size_t *n)
{
    Hits h = {w, out, 0, max};
    bool ok = max == 0 || store_tokenize(t->parts->store, text, hit, &h, t->err);
    *n = h.n;
    return ok;
}

float answer_share(const AnswerWords *w, uint32_t bits)
{
    return w->n ? (float)__builtin_popcount(bits) / (float)w->n : 0;
}
