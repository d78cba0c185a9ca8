/* memory_hear.c - facts in what a person says in passing.
 *
 *   message -> sentences -> clauses ("..., and my boss is Dana") -> the first rule that is the
 *   whole clause and whose value looks like one -> subject, value
 *
 * Precision before recall: nothing is taken from questions, suppositions, quotations, reports of
 * what somebody said, and from messages that are longer than talk. */
#include "assistant/memory.h"
#include "assistant/memory_rules.h"
#include "assistant/secrets.h"

#include "text/sentences.h"

#define SAID_MAX 2000 /* bytes of words put together */

#define LEN(list) (sizeof(list) / sizeof *(list))
#define TALK_LONG 600 /* bytes: more is a text that was pasted */
#define LIST_MAX 6

typedef struct {
    Arena *a;
    MemoryHeard *out;
    size_t n;
    bool failed;
} Hearing;

static bool is_one_of(Str w, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(w, str_of(list[i])))
            return true;
    return false;
}
#define IN(w, list) is_one_of((w), (list), LEN(list))

/* ---- what is no statement -------------------------------------------------------------------- */

static bool is_supposed(const SentenceWords *w)
{
    static const char *const words[] = {"if", "would", "could", "might", "maybe", "perhaps",
        "suppose", "imagine", "pretend", "wish", "unless", "hypothetically", "probably", "assume",
        "almost", "joke", "joking", "kidding", "wenn", "falls", "w\303\274rde", "k\303\266nnte",
        "vielleicht", "angenommen", "w\303\244re", "h\303\244tte", "ob", "vermutlich", "fast",
        "until", "temporarily", "till", "bis", "vor\303\274bergehend"};
    for (size_t i = 0; i < w->n; i++)
        if (IN(w->word[i].text, words))
            return true;
    return false;
}

static bool is_quoted(Str s)
{
    static const char *const marks[] = {"\"", "\342\200\234", "\342\200\236", "\302\273",
                                        "\302\253", "`", "\n>", "=", "{"};
    for (size_t i = 0; i < LEN(marks); i++)
        if (str_find(s, str_of(marks[i]), 0) != SIZE_MAX)
            return true;
    return str_starts(s, STR(">"));
}

/* ---- one fact -------------------------------------------------------------------------------- */

/* "tea to coffee" after "coffee": of things that are chosen one from, the newest holds. */
static Str preference(const SentenceWords *w, size_t from, size_t to, Arena *a)
{
    static const struct {
        const char *of, *const words[8];
    } groups[] = {
        {"a drink", {"tea", "coffee", "tee", "kaffee", "espresso", "cappuccino", "cocoa", "kakao"}},
        {"a time of day", {"morning", "mornings", "afternoon", "afternoons", "evening",
                           "evenings"}},
        {"a way to be reached", {"email", "emails", "phone", "calls", "texts", "letters"}},
        {"a seat", {"window", "aisle", "fensterplatz", "gangplatz"}},
        {"a way to travel", {"train", "trains", "plane", "planes", "flying", "car", "bus",
                             "zug"}}};
    for (size_t i = 0; i < LEN(groups); i++)
        for (size_t k = 0; k < 8 && groups[i].words[k]; k++)
            if (str_eq(w->word[from].text, str_of(groups[i].words[k])) ||
                (to - from >= 2 && str_eq(w->word[from + 1].text, str_of(groups[i].words[k]))))
                return arena_str(a, str_of(groups[i].of));
    return memory_words(w, from, to, SAID_MAX, a);
}

static Str subject_of(const MemoryRule *r, const SentenceWords *w, const MemoryTook *t, Arena *a)
{
    Buf out;
    buf_init(&out, 2000);
    for (const char *p = r->subject; *p; p++) {
        Str part = str_mem(p, 1);
        if (*p == '@')
            part = memory_relation(w, t->rel_from, t->rel_to, a);
        else if (*p == '*')
            part = strstr(r->subject, "prefer") ? preference(w, t->from, t->to, a)
                                                : memory_words(w, t->from, t->to, SAID_MAX, a);
        (void)buf_add(&out, part);
    }
    Str made = arena_buf(a, &out);
    buf_release(&out);
    return made;
}

/* The words [first, last) with only one of the values between them. */
static void add(Hearing *h, Str s, const SentenceWords *w, const MemoryRule *r, size_t first,
                size_t last, const MemoryTook *all, const MemoryTook *one)
{
    if (h->n == MEMORY_HEARD)
        return;
    const SentenceWord *v = &w->word[one->from];
    Str value = str_sub(s, v->start, w->word[one->to - 1].end);
    Str head = str_sub(s, w->word[first].start, w->word[all->from].start);
    Str tail = str_sub(s, w->word[all->to - 1].end, w->word[last - 1].end);
    MemoryHeard *f = &h->out[h->n];
    Str whole = str_sub(s, w->word[first].start, w->word[last - 1].end);
    bool more = str_find(whole, STR("no longer"), 0) != SIZE_MAX ||
                str_find(whole, STR("more"), 0) != SIZE_MAX ||
                str_find(whole, STR("mehr"), 0) != SIZE_MAX;
    f->text = arena_printf(h->a, STR_FMT STR_FMT STR_FMT, STR_ARG(head), STR_ARG(value),
                           STR_ARG(tail));
    f->subject = subject_of(r, w, one, h->a);
    f->value = r->flags & MEMORY_ENDED
                   ? arena_printf(h->a, "%s " STR_FMT, more ? "no longer" : "not", STR_ARG(value))
                   : arena_str(h->a, value);
    f->german = (r->flags & MEMORY_GERMAN) != 0;
    h->failed |= !f->text.ptr || !f->subject.ptr || !f->value.ptr;
    h->n++;
}

static bool is_and(Str w)
{
    static const char *const words[] = {"and", "or", "und", "oder", "nor"};
    return IN(w, words);
}

/* "nuts, milk and eggs": the ends of its items among the words [from, to). */
static size_t items(Str s, const SentenceWords *w, size_t from, size_t to, MemoryTook *out)
{
    size_t n = 0, begin = from;
    for (size_t i = from; i <= to && n < LIST_MAX; i++) {
        bool comma = i > begin && i < to &&
                     str_find(str_sub(s, w->word[i - 1].end, w->word[i].start), STR(","), 0) !=
                         SIZE_MAX;
        bool joins = i < to && is_and(w->word[i].text);
        if ((i == to || comma || joins) && i > begin)
            out[n++] = (MemoryTook){.from = begin, .to = i};
        if (comma)
            begin = i;
        if (joins)
            begin = i + 1;
    }
    return n;
}

static bool try_rule(Hearing *h, Str s, const SentenceWords *w, const MemoryRule *r, size_t first,
                     size_t last)
{
    MemoryTook took, list[LIST_MAX];
    size_t n = 1;
    if (!memory_match(r->pattern, w, first, last, &took))
        return false;
    RelationKind rel = memory_relation_kind(w, took.rel_from, took.rel_to);
    list[0] = took;
    if (is_and(w->word[took.from].text)) /* "I don't drink and drive" */
        return false;
    if (r->flags & MEMORY_LIST)
        n = items(s, w, took.from, took.to, list);
    for (size_t i = 0; i < n; i++)
        if (!memory_value_ok(r->value, rel, s, w, list[i].from, list[i].to))
            return false;
    for (size_t i = 0; i < n; i++) {
        list[i].rel_from = took.rel_from;
        list[i].rel_to = took.rel_to;
        add(h, s, w, r, first, last, &took, &list[i]);
    }
    return n > 0;
}

/* ---- clauses --------------------------------------------------------------------------------- */

static bool opens_clause(const SentenceWords *w, size_t at)
{
    static const char *const words[] = {"i", "we", "my", "our", "ich", "wir", "mein", "meine",
        "unser", "unsere", "everyone", "call", "nenn"};
    return at < w->n && IN(w->word[at].text, words);
}

/* "Dr. Who": written as a name is. By what stands there: "Im" is read as two words. */
static bool is_named(Str s, const SentenceWord *word)
{
    Str there = str_sub(s, word->start, word->end);
    if (there.len < 2 || word->start == 0)
        return false;
    char first = there.ptr[0], second = there.ptr[1];
    return first >= 'A' && first <= 'Z' && second >= 'a' && second <= 'z';
}

static bool ends_clause(Str s, const SentenceWords *w, size_t at)
{
    static const char *const words[] = {"because", "since", "so", "but", "although", "though",
        "which", "weil", "denn", "aber", "obwohl", "while", "when", "also", "where", "who"};
    static const char *const joins[] = {"and", "und"};
    static const char *const others[] = {"he", "she", "it", "they", "er", "sie", "es"};
    if (is_named(s, &w->word[at]))
        return false;
    return (IN(w->word[at].text, words) && !(str_eq(w->word[at].text, STR("also")) && at < 3)) ||
           (IN(w->word[at].text, joins) && at + 1 < w->n &&
            (opens_clause(w, at + 1) || IN(w->word[at + 1].text, others)));
}

static bool comma_before(Str s, const SentenceWords *w, size_t at)
{
    Str gap = str_sub(s, w->word[at - 1].end, w->word[at].start);
    return str_find(gap, STR(","), 0) != SIZE_MAX || str_find(gap, STR(";"), 0) != SIZE_MAX ||
           str_find(gap, STR(" - "), 0) != SIZE_MAX || str_find(gap, STR(":"), 0) != SIZE_MAX;
}

static void clause(Hearing *h, Str s, const SentenceWords *w, size_t first, size_t last)
{
    for (size_t i = 0; i < memory_rules_n && last > first; i++)
        if (try_rule(h, s, w, &memory_rules[i], first, last))
            return;
}

static void sentence(Hearing *h, Str s)
{
    SentenceWords w;
    sentence_words(s, &w);
    if (w.question || w.n < 3 || is_supposed(&w))
        return;
    size_t first = 0;
    while (first < w.n) {
        size_t last = first + 1;
        while (last < w.n && !ends_clause(s, &w, last) &&
               !(comma_before(s, &w, last) && opens_clause(&w, last)))
            last++;
        clause(h, s, &w, first, last);
        first = last;
        while (first < w.n && first > 0 && !opens_clause(&w, first))
            first++; /* what is said of why and when is no fact of its own */
    }
}

/* "my PIN is 4711": told, and not asked for. */
static bool tells_secret(Str said)
{
    SentenceWords w;
    static const char *const begins[] = {"my", "the", "our", "mein", "meine", "unser", "unsere",
                                         "der", "die", "das"};
    sentence_words(said, &w);
    return !w.question && w.n >= 3 && IN(w.word[0].text, begins) &&
           secret_find(said) != SECRET_NONE;
}

bool memory_hear(Str said, Arena *a, MemoryHeard *out, size_t *n, bool *secret)
{
    Hearing h = {.a = a, .out = out};
    size_t at = 0, start, end;
    *secret = tells_secret(said);
    *n = 0;
    if (*secret || said.len > TALK_LONG || is_quoted(said) || secret_find(said) != SECRET_NONE)
        return true;
    while (sentence_next(said, &at, &start, &end))
        sentence(&h, str_sub(said, start, end));
    *n = h.n;
    return !h.failed;
}
