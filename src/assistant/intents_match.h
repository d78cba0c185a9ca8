/* intents_match.h - patterns of words with slots, compiled once, tried on sentences.
 *
 *   remind me to <title>            words as they are (folded: intents_words.h); a slot takes some
 *   [a|the] (task|to do) <ref?>     [] may be missing; () one of these; <x?> may be empty
 *   $task                           a named part of a pattern (intents_rules.h)
 *   <time> <dur> <number> <pron>    slots that take only words of that class
 *
 * A pattern matches a whole sentence. A slot takes as few words as it can, but for classes, which
 * take as many. The words a pattern cannot do without are kept as 64 bits, so that nearly every
 * pattern is refused by one AND; the search behind that is bounded in steps.
 *
 * Threads: a Matcher is immutable once compiled. */
#ifndef SOTTO_ASSISTANT_INTENTS_MATCH_H
#define SOTTO_ASSISTANT_INTENTS_MATCH_H

#include "assistant/intents_rules.h"
#include "assistant/intents_words.h"

typedef struct Matcher Matcher;

enum { /* classes of words, as bits */
    WORD_NUMBER = 1,  /* "eight", "half", "a", digits */
    WORD_UNIT = 2,    /* "minutes", "hour" */
    WORD_TIME = 4,    /* what times are said with: "tomorrow", "at", "monday", "pm" */
    WORD_TIME_CORE = 8, /* of these, what makes a time by itself */
    WORD_PRONOUN = 16 /* what points: "it", "that", "one", "second" */
};

/* What a pattern took: words [from, to) of each slot; from == to when it took none. */
typedef struct {
    uint16_t from[PATTERN_SLOTS], to[PATTERN_SLOTS];
    bool set[PATTERN_SLOTS];
} Captures;

/* Compiles the table of rules. ERR_NO_MEMORY; a table with a fault is ERR_INTERNAL with the
 * pattern. */
Matcher *matcher_new(Err *err);
void matcher_free(Matcher *m);
/* Fills in the id of each word. Returns the set of their bits. */
uint64_t matcher_mark(const Matcher *m, SentenceWords *w);
/* WORD_... bits of a word. */
unsigned matcher_class(const Matcher *m, const SentenceWord *w);
/* The first rule of `tier` or better that matches words [from, to), of `action` or of any
 * (ACTION_NONE); NULL when there is none. */
const IntentRule *matcher_find(const Matcher *m, const SentenceWords *w, uint64_t bits,
    IntentAction action, IntentTier tier, Captures *out);

#endif
