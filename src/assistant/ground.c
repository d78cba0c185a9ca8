#include "assistant/ground.h"

#include <stdio.h>

#include "base/utf8.h"
#include "text/dates.h"
#include "text/letters.h"
#include "text/sentences.h"

#define LEAST_SHARE 0.5F
#define WORD_BYTES 48
#define SOURCE_MAX 32768u

/* ---- words ----------------------------------------------------------------------------------- */

typedef struct {
    char low[WORD_BYTES]; /* lower case, cut */
    size_t len;
    bool upper, number, first;
    size_t start, end;
} Word;

/* The next run of digits ("1,200" is 1200) or of letters at *at. */
static bool next_word(Str s, size_t *at, Word *w)
{
    size_t i = *at;
    *w = (Word){.start = i};
    while (i < s.len) {
        size_t was = i;
        uint32_t c = utf8_next(s, &i);
        if (c != UTF8_INVALID && letter_is_word(c)) {
            w->start = was;
            break;
        }
        w->start = i;
    }
    i = w->start;
    if (i >= s.len)
        return false;
    w->number = letter_is_digit((unsigned char)s.ptr[i]);
    while (i < s.len) {
        size_t was = i;
        uint32_t c = utf8_next(s, &i);
        bool digit = letter_is_digit(c);
        /* Three digits behind a comma, a point or an apostrophe are thousands. */
        bool thousands = w->number && (c == ',' || c == '.' || c == '\'') && was + 3 < s.len &&
                         letter_is_digit((unsigned char)s.ptr[was + 1]) &&
                         letter_is_digit((unsigned char)s.ptr[was + 2]) &&
                         letter_is_digit((unsigned char)s.ptr[was + 3]) &&
                         !(was + 4 < s.len && letter_is_digit((unsigned char)s.ptr[was + 4]));
        if (thousands)
            continue;
        if (c == UTF8_INVALID || !letter_is_word(c) || (w->number && !digit)) {
            i = was;
            break;
        }
        if (was == w->start)
            w->upper = letter_is_upper(c);
        if (w->number && w->len == 0 && c == '0' && i < s.len &&
            letter_is_digit((unsigned char)s.ptr[i]))
            continue; /* 03 is 3 */
        char bytes[4];
        size_t n = utf8_put(letter_lower(c), bytes);
        if (w->len + n <= sizeof w->low) {
            memcpy(w->low + w->len, bytes, n);
            w->len += n;
        }
    }
    w->end = i;
    *at = i;
    return true;
}

static Str word_text(const Word *w)
{
    return str_mem(w->low, w->len);
}

/* "plumber" and "plumbing", "invoice" and "invoices" have one root. */
static bool same_root(Str a, Str b)
{
    size_t least = a.len < b.len ? a.len : b.len, most = a.len < b.len ? b.len : a.len;
    size_t n = 0;
    while (n < least && a.ptr[n] == b.ptr[n])
        n++;
    return (n == a.len && n == b.len) || (n >= 4 && most - n <= 3 && least - n <= 2);
}

static bool has_word(Str s, const Word *w, bool exact)
{
    size_t at = 0;
    Word other;
    while (next_word(s, &at, &other))
        if (other.number == w->number &&
            (exact || w->number ? str_eq(word_text(&other), word_text(w))
                                : same_root(word_text(&other), word_text(w))))
            return true;
    return false;
}

/* Words that say nothing by themselves, and such as begin a sentence. */
static bool is_empty(const Word *w)
{
    static const char *const words[] = {"a", "about", "according", "additionally", "after", "all",
        "also", "am", "an", "and", "any", "are", "as", "at", "based", "be", "because", "been",
        "before", "both", "but", "by", "can", "could", "did", "do", "does", "document",
        "documents", "each", "either", "finally", "for", "found", "from", "had", "has", "have",
        "he", "her", "here", "his", "how", "however", "i", "if", "in", "into", "is", "it", "its",
        "just", "may", "me", "mentioned", "must", "my", "no", "not", "of", "on", "only", "or",
        "our", "per", "please", "s", "said", "says", "shall", "she", "should", "since", "so",
        "source", "sources", "states", "than", "that", "the", "their", "them", "then", "there",
        "these", "they", "this", "those", "through", "to", "until", "up", "was", "we", "were",
        "what", "when", "where", "which", "while", "who", "will", "with", "would", "yes", "you",
        "your"};
    return str_in_sorted(word_text(w), words, sizeof words / sizeof *words);
}

static bool is_negation(Str word)
{
    static const char *const words[] = {"aucun", "cannot", "jamais", "kein", "keine", "neither",
        "never", "nicht", "no", "none", "nor", "not", "pas", "without"};
    return str_in_sorted(word, words, sizeof words / sizeof *words);
}

static bool negates(Str s)
{
    size_t at = 0;
    Word w;
    while (next_word(s, &at, &w))
        if (is_negation(word_text(&w)))
            return true;
    return str_find(s, STR("n't"), 0) != SIZE_MAX ||
           str_find(s, STR("n\xE2\x80\x99t"), 0) != SIZE_MAX;
}

/* 0: not one that is spelled. */
static unsigned spelled(Str word)
{
    static const char *const words[] = {"two", "three", "four", "five", "six", "seven", "eight",
        "nine", "ten", "eleven", "twelve"};
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
        if (str_eq(word, str_of(words[i])))
            return i + 2;
    return 0;
}

/* ---- numbers, names, dates ------------------------------------------------------------------- */

static bool same_date(Str source, const DocDate *d)
{
    for (int order = DATE_DAY_FIRST; order <= DATE_MONTH_FIRST; order++) {
        size_t at = 0, start, end;
        DocDate other;
        while (date_next(source, (DateOrder)order, &at, &start, &end, &other))
            if (other.year == d->year && other.month == d->month && other.day == d->day)
                return true;
    }
    return false;
}

/* The end of a date at `from` that the source has too, however it writes it; 0: there is none. */
static size_t known_date(Str s, size_t from, Str source)
{
    for (int order = DATE_DAY_FIRST; order <= DATE_MONTH_FIRST; order++) {
        size_t at = 0, start, end;
        DocDate d;
        while (date_next(s, (DateOrder)order, &at, &start, &end, &d))
            if (start == from && same_date(source, &d))
                return end;
    }
    return 0;
}

static bool number_stands(const Word *w, Str source)
{
    bool zeros = w->len > 0;
    for (size_t i = 0; i < w->len; i++)
        zeros &= w->low[i] == '0';
    if (zeros || has_word(source, w, true)) /* the .00 of an amount */
        return true;
    size_t at = 0;
    Word other;
    uint64_t n;
    while (str_to_u64(word_text(w), &n) && next_word(source, &at, &other))
        if (!other.number && spelled(word_text(&other)) == n && n)
            return true;
    return false;
}

static bool spelled_stands(const Word *w, Str source)
{
    char digits[16];
    Word as_number = {.number = true};
    int n = snprintf(digits, sizeof digits, "%u", spelled(word_text(w)));
    memcpy(as_number.low, digits, (size_t)n);
    as_number.len = (size_t)n;
    return has_word(source, w, true) || has_word(source, &as_number, true);
}

/* False at the first that does not stand there. */
static bool names_stand(Str s, Str source)
{
    size_t at = 0;
    Word w;
    bool first = true, after_stop = true;
    while (next_word(s, &at, &w)) {
        size_t date = w.number || w.upper ? known_date(s, w.start, source) : 0;
        for (size_t i = w.start; i-- > 0 && !after_stop;) {
            if (s.ptr[i] == '.' || s.ptr[i] == '!' || s.ptr[i] == '?' || s.ptr[i] == '\n' ||
                s.ptr[i] == ':')
                after_stop = true;
            else if (s.ptr[i] != ' ' && s.ptr[i] != '"' && s.ptr[i] != '-' && s.ptr[i] != '*')
                break;
        }
        if (date > w.end) {
            at = date;
        } else if (w.number) {
            if (!number_stands(&w, source))
                return false;
        } else if (spelled(word_text(&w))) {
            if (!spelled_stands(&w, source))
                return false;
        } else if (w.upper && !((first || after_stop) && is_empty(&w)) &&
                   !(w.len == 1 && w.low[0] == 'i') && !is_negation(word_text(&w))) {
            if (!has_word(source, &w, false))
                return false;
        }
        first = after_stop = false;
    }
    return true;
}

/* ---- what holds ------------------------------------------------------------------------------ */

/* Own words of the sentence, and how many of them stand in the source. */
static void count_words(Str s, Str source, Str question, size_t *own, size_t *there)
{
    size_t at = 0;
    Word w;
    *own = *there = 0;
    while (next_word(s, &at, &w)) {
        if (is_empty(&w))
            continue;
        bool stands = has_word(source, &w, false);
        if (!stands && has_word(question, &w, false))
            continue; /* said again; it proves nothing */
        ++*own;
        *there += stands;
    }
}

/* ---- what belongs together ------------------------------------------------------------------- */

/* What stands beside many a number and says nothing about it. */
static bool is_unit(Str word)
{
    static const char *const words[] = {"am", "april", "august", "cent", "cents", "cm", "day",
        "days", "december", "dollar", "dollars", "eur", "euro", "euros", "february", "friday",
        "gbp", "gram", "grams", "h", "hour", "hours", "january", "july", "june", "kg", "km", "m",
        "march", "may", "minute", "minutes", "mm", "monday", "month", "monthly", "months",
        "november", "o", "oclock", "october", "per", "percent", "pm", "pound", "pounds",
        "saturday", "september", "sunday", "thursday", "tuesday", "usd", "wednesday", "week",
        "weekly", "weeks", "year", "yearly", "years"};
    return str_in_sorted(word, words, sizeof words / sizeof *words);
}

/* Whether a sentence of a source only makes sense with the one before: "It is 900 EUR", "900". */
static bool leans_back(Str sentence)
{
    static const char *const words[] = {"dazu", "er", "es", "he", "her", "hers", "his", "ihr",
        "ihre", "it", "its", "sein", "seine", "she", "sie", "that", "their", "these", "they",
        "this", "those"};
    size_t at = 0;
    Word w;
    bool first = true;
    while (next_word(sentence, &at, &w)) {
        if (first && str_in_sorted(word_text(&w), words, sizeof words / sizeof *words))
            return true;
        first = false;
        if (!w.number && !is_empty(&w) && !is_unit(word_text(&w)))
            return false;
    }
    return true;
}

static bool is_closed(Str sentence)
{
    return sentence.len && strchr(".!?", sentence.ptr[sentence.len - 1]);
}

/* What a source says of one thing: a sentence with those that lean on it and with what a colon
 * announces; and the heading, or whatever line without a stop stands before it. */
typedef struct {
    Str text, head, first; /* first: its first sentence */
} Part;

static bool next_part(Str text, size_t *at, Part *p)
{
    size_t start, end;
    if (!sentence_next(text, at, &start, &end))
        return false;
    if (p->first.len && !is_closed(p->first)) /* a colon's own stands behind it */
        p->head = str_find(p->first, STR(":"), 0) != SIZE_MAX ? (Str){NULL, 0} : p->first;
    p->first = str_sub(text, start, end);
    if (!is_closed(p->first))
        p->head = (Str){NULL, 0};
    for (size_t i = 0; i < 3; i++) {
        size_t next = *at, s, e;
        if (!sentence_next(text, &next, &s, &e) ||
            (!leans_back(str_sub(text, s, e)) && text.ptr[end - 1] != ':'))
            break;
        end = e;
        *at = next;
    }
    p->text = str_sub(text, start, end);
    return true;
}

#define OTHERS 48

/* What the sentence says beside numbers, names and units, and whether the source has it at all. */
typedef struct {
    Word words[OTHERS];
    bool stands[OTHERS];
    size_t n;
} Others;

static void others_of(Str sentence, Str source, Others *o)
{
    size_t at = 0;
    Word w;
    o->n = 0;
    for (bool first = true; o->n < OTHERS && next_word(sentence, &at, &w); first = false) {
        Word next;
        size_t ahead = at;
        bool name = w.upper && (!first || (next_word(sentence, &ahead, &next) && next.upper));
        if (w.number || name || is_empty(&w) || is_unit(word_text(&w)) || spelled(word_text(&w)))
            continue;
        o->stands[o->n] = has_word(source, &w, false);
        o->words[o->n++] = w;
    }
}

/* Whether the part is about what the sentence is about; false when that stands elsewhere. */
static bool is_about(const Part *p, const Others *o)
{
    size_t elsewhere = 0;
    for (size_t i = 0; i < o->n; i++) {
        if (!o->stands[i])
            continue;
        if (has_word(p->text, &o->words[i], false) || has_word(p->head, &o->words[i], false))
            return true;
        elsewhere++;
    }
    return !elsewhere || 2 * elsewhere < o->n;
}

/* Whether some part of the source has `one` and is not about something else than the sentence. */
static bool is_said_of_it(Str one, const Others *o, Str text)
{
    size_t look = 0;
    Part p = {0};
    bool stands = false;
    while (next_part(text, &look, &p)) {
        if (!names_stand(one, p.text))
            continue;
        if (is_about(&p, o))
            return true;
        stands = true;
    }
    return !stands; /* cut in two where we part it: that is no proof against it */
}

/* No number and no name of the sentence stands in a part of the source that is about something
 * else: "The rent is due on 1 March" is not what "The lease begins on 1 March. The rent is due on
 * Monday." says. What stands in the title belongs to every part. */
static bool belongs_together(Str sentence, Str title, Str text)
{
    size_t at = 0;
    Word w;
    Others o;
    others_of(sentence, text, &o);
    for (bool first = true; next_word(sentence, &at, &w); first = false) {
        size_t date = w.number || w.upper ? known_date(sentence, w.start, text) : 0;
        bool dated = date > w.end;
        bool fact = dated || w.number || spelled(word_text(&w)) || (w.upper && !first);
        Str one = str_sub(sentence, w.start, dated ? date : w.end);
        if (dated)
            at = date;
        if (fact && (dated || !is_unit(word_text(&w))) && !names_stand(one, title) &&
            !is_said_of_it(one, &o, text))
            return false;
    }
    return true;
}

bool ground_is_order(Str s)
{
    static const char *const signs[] = {"ignore all", "ignore any", "ignore the", "ignore previous",
        "ignore your", "ignore these", "disregard", "previous instructions", "prior instructions",
        "above instructions", "system prompt", "you are now", "as an ai", "language model",
        "do not tell", "do not mention", "new instructions", "override", "assistant:", "system:",
        "you must answer", "you must say", "reply with", "respond with", "call the tool",
        "call the function"};
    char low[600];
    size_t n = s.len < sizeof low ? s.len : sizeof low;
    for (size_t i = 0; i < n; i++)
        low[i] = s.ptr[i] >= 'A' && s.ptr[i] <= 'Z' ? (char)(s.ptr[i] + 32)
                 : s.ptr[i] == '\n'                 ? ' '
                                                    : s.ptr[i];
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (str_find(str_mem(low, n), str_of(signs[i]), 0) != SIZE_MAX)
            return true;
    return false;
}

static bool best_sentence(Str sentence, Str text, Str question, Grounding *g)
{
    size_t at = 0, start, end, best = 0;
    bool found = false;
    while (sentence_next(text, &at, &start, &end)) {
        Str one = str_sub(text, start, end);
        size_t own, there;
        if (ground_is_order(one))
            continue;
        count_words(sentence, one, question, &own, &there);
        if (there > best) {
            best = there;
            g->start = start;
            g->end = end;
            found = true;
        }
    }
    return found;
}

bool ground_holds(Str sentence, Str title, Str text, Str question, Grounding *out)
{
    char all[SOURCE_MAX + 1024];
    size_t n = 0, own, there;
    Grounding g = {0};
    title = str_sub(title, 0, 1000);
    text = str_sub(text, 0, SOURCE_MAX);
    memcpy(all, title.ptr ? title.ptr : "", title.len);
    n = title.len;
    all[n++] = '\n';
    memcpy(all + n, text.ptr, text.len);
    Str source = str_mem(all, n + text.len);
    if (!names_stand(sentence, source) || (negates(sentence) && !negates(source)) ||
        !belongs_together(sentence, title, text))
        return false;
    count_words(sentence, source, question, &own, &there);
    if (!there || (float)there < LEAST_SHARE * (float)own ||
        !best_sentence(sentence, text, question, &g))
        return false;
    g.share = (float)there / (float)own;
    *out = g;
    return true;
}

bool ground_names(Str text, Str source)
{
    return names_stand(text, source);
}

void ground_words(Str text, Str source, size_t *own, size_t *there)
{
    count_words(text, source, STR(""), own, there);
}

bool ground_has_word(Str source, Str word)
{
    size_t at = 0;
    Word w;
    return next_word(word, &at, &w) && has_word(source, &w, true);
}

bool ground_says_nothing(Str sentence)
{
    size_t at = 0;
    Word w;
    while (next_word(sentence, &at, &w))
        if (!is_empty(&w))
            return false;
    return true;
}
