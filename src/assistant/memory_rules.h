/* memory_rules.h - what people say about themselves, as patterns of words.
 *
 *   i am allergic to *    words as sentence_words folds them; a|b; may be missing before ?
 *   *                     the value: as few words as can be, one at least
 *   @                     what somebody is to the person: "manager", "daughter's birthday",
 *                         "favourite colour"; the table knows which
 *
 * A pattern is a whole clause. Subjects are templates: "my @", "i am allergic to *".
 * Threads: constant data and pure functions. */
#ifndef SOTTO_ASSISTANT_MEMORY_RULES_H
#define SOTTO_ASSISTANT_MEMORY_RULES_H

#include "assistant/intents_words.h"
#include "base/arena.h"

/* What a value must look like, so that "my manager is ill" and "call me later" are no facts. */
typedef enum {
    VALUE_ANY,     /* up to eight words, no pronoun or question word first */
    VALUE_NAME,    /* one to four words, the first with a capital, no weekday or nationality */
    VALUE_REL,     /* as the relation asks for: a name, a date, or anything short */
    VALUE_DATE,    /* has a digit or a month */
    VALUE_THING,   /* one to four words, not "the ...", "it", "to ..." */
    VALUE_NUMBER,
    VALUE_DIET, VALUE_JOB, VALUE_STATE /* one of a list */
} MemoryValue;

enum { MEMORY_ENDED = 1, MEMORY_GERMAN = 2, MEMORY_LIST = 4 /* "nuts and milk" are two facts */ };

typedef struct {
    const char *pattern, *subject;
    MemoryValue value;
    unsigned flags;
} MemoryRule;

typedef struct {
    size_t from, to;         /* words of the value */
    size_t rel_from, rel_to; /* of the relation; equal: none */
} MemoryTook;

extern const MemoryRule memory_rules[];
extern const size_t memory_rules_n;

/* Whether the pattern is the words [from, to); *took says which words it took. */
bool memory_match(const char *pattern, const SentenceWords *w, size_t from, size_t to,
    MemoryTook *took);
/* Words [from, to) with blanks between them; ptr NULL without memory or past `max` bytes. */
Str memory_words(const SentenceWords *w, size_t from, size_t to, size_t max, Arena *a);
/* "meine neue Chefin" without its first word -> "manager"; ptr NULL without memory. */
Str memory_relation(const SentenceWords *w, size_t from, size_t to, Arena *a);

typedef enum { RELATION_NONE, RELATION_PERSON, RELATION_DATE, RELATION_FAVOURITE,
    RELATION_OTHER /* an address, a number */ } RelationKind;
RelationKind memory_relation_kind(const SentenceWords *w, size_t from, size_t to);
/* "tochter" -> "daughter"; the word itself when it has no other name here. */
Str memory_same_word(Str word);

/* Whether words [from, to) of the sentence are a value of that kind. */
bool memory_value_ok(MemoryValue kind, RelationKind rel, Str sentence, const SentenceWords *w,
    size_t from, size_t to);

#endif
