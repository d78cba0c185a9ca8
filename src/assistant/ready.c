/* ready.c - whether words that were spoken are a whole question already.
 *
 * Who waits for silence to be sure loses half a second of every answer. A question that changes
 * nothing may be answered at the first pause: if the person goes on, the answer stops and the rest
 * is heard. A command is never taken early. */
#include "assistant/act.h"
#include "base/mem.h"

#define SURE 0.9
#define WORDS_LEAST 3

/* Words behind which something is missing. */
static bool dangles(Str word)
{
    static const char *const open[] = {"a",    "an",   "the",  "of",   "to",   "in",   "on",
                                       "at",   "for",  "and",  "or",   "but",  "with", "my",
                                       "your", "his",  "her",  "our",  "their", "from", "by",
                                       "is",   "are",  "was",  "were", "about", "that", "this",
                                       "not",  "like", "do",   "does", "did"};
    for (size_t i = 0; i < sizeof open / sizeof *open; i++)
        if (str_eq_nocase(word, str_of(open[i])))
            return true;
    return false;
}

/* Three words at least, a mark that ends a sentence, and nothing that dangles before it. */
static bool is_whole(Str text)
{
    Str rest = str_trim(text), word = STR(""), last = STR("");
    size_t words = 0;
    if (!rest.len || (rest.ptr[rest.len - 1] != '?' && rest.ptr[rest.len - 1] != '.'))
        return false;
    if (str_ends(rest, STR("..")))
        return false;
    rest = str_sub(rest, 0, rest.len - 1);
    while (str_next(&rest, ' ', &word))
        if (word.len) {
            last = word;
            words++;
        }
    return words >= WORDS_LEAST && !dangles(last);
}

/* "Who is my manager?": four words, the first of which asks. */
static bool asks(Str text)
{
    static const char *const first[] = {"who",  "what",  "when", "where", "which",
                                        "whose", "how", "why"};
    Str rest = str_trim(text), word;
    bool ok = false;
    size_t words = 1;
    if (!str_ends(rest, STR("?")) || !str_next(&rest, ' ', &word))
        return false;
    for (size_t i = 0; i < sizeof first / sizeof *first; i++)
        ok |= str_eq_nocase(word, str_of(first[i]));
    while (str_next(&rest, ' ', &word))
        words += word.len > 0;
    return ok && words >= 4;
}

bool assistant_may_answer(Assistant *x, Str text)
{
    Err err = ERR_INIT;
    Intent i = {.kind = INTENT_UNKNOWN};
    Arena *a = is_whole(text) ? arena_new((size_t)1 << 20) : NULL;
    bool ok = a && intents_parse(assistant_intents(x), NULL, text, NULL, a, &i, &err) &&
              i.kind == INTENT_QUERY && !i.follow_up &&
              ((i.by_rule && i.confidence >= SURE) || asks(text));
    arena_free(a);
    return ok;
}
