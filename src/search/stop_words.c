/* stop_words.c - English words that say nothing about the subject of a question. They are dropped
 * from the keyword side when other words remain (docs/SEARCH.md: why only English, and what it is
 * worth). */
#include "search/query.h"

/* Sorted bytewise, for the binary search. What a tokenizer leaves of "don't" and "I'll" is here
 * too. */
static const char *const stop_words[] = {
    "a",       "about",     "above",     "after",   "again",  "against", "all",        "am",
    "an",      "and",       "any",       "are",     "aren",   "as",      "at",         "be",
    "because", "been",      "before",    "being",   "below",  "between", "both",       "but",
    "by",      "can",       "cannot",    "could",   "couldn", "d",       "did",        "didn",
    "do",      "does",      "doesn",     "doing",   "down",   "during",  "each",       "few",
    "for",     "from",      "further",   "had",     "hadn",   "has",     "hasn",       "have",
    "haven",   "having",    "he",        "her",     "here",   "hers",    "herself",    "him",
    "himself", "his",       "how",       "i",       "if",     "in",      "into",       "is",
    "isn",     "it",        "its",       "itself",  "just",   "ll",      "m",          "me",
    "more",    "most",      "my",        "myself",  "no",     "nor",     "not",        "of",
    "off",     "on",        "once",      "only",    "or",     "other",   "ought",      "our",
    "ours",    "ourselves", "out",       "over",    "own",    "re",      "s",          "same",
    "shall",   "she",       "should",    "shouldn", "so",     "some",    "such",       "t",
    "than",    "that",      "the",       "their",   "theirs", "them",    "themselves", "then",
    "there",   "these",     "they",      "this",    "those",  "through", "to",         "too",
    "under",   "until",     "up",        "ve",      "very",   "was",     "wasn",       "we",
    "were",    "weren",     "what",      "when",    "where",  "which",   "while",      "who",
    "whom",    "why",       "will",      "with",    "would",  "wouldn",  "you",        "your",
    "yours",   "yourself",  "yourselves"};

bool query_is_stop_word(Str folded)
{
    size_t lo = 0, hi = sizeof stop_words / sizeof *stop_words;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = str_cmp(folded, str_of(stop_words[mid]));
        if (c == 0)
            return true;
        if (c < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return false;
}
