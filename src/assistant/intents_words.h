/* intents_words.h - a sentence as the words that rules and examples are written in.
 *
 *   "Hey Sotto, um, what's due, please?" -> what is due
 *
 * Lower case; contractions opened ("what's", "whats": what is; "don't": do not); fillers, the
 * assistant's name and polite wrapping ("could you", "i'd like you to") left out, so that one rule
 * and one example stand for all of them. Each word knows its bytes of the sentence.
 *
 * Threads: pure functions. */
#ifndef SOTTO_ASSISTANT_INTENTS_WORDS_H
#define SOTTO_ASSISTANT_INTENTS_WORDS_H

#include "base/str.h"

#define WORDS_MAX 160   /* words of a sentence that are looked at */
#define WORDS_ROOM 2048 /* bytes of their folded text */

typedef struct {
    Str text;            /* folded, in SentenceWords.room */
    uint32_t start, end; /* bytes of the sentence */
    uint16_t id;         /* of intents_match's vocabulary; 0 unknown */
} SentenceWord;

typedef struct {
    SentenceWord word[WORDS_MAX];
    size_t n;
    bool polite;    /* something polite was left out */
    bool continues; /* it began with "and", "but", "then" */
    bool question;  /* the sentence ends in a question mark */
    size_t used;
    char room[WORDS_ROOM];
} SentenceWords;

/* Splits, folds and strips. What is longer than the limits is cut. */
void sentence_words(Str text, SentenceWords *out);
/* The words joined by spaces: what the encoder sees. Writes at most `max` bytes. */
Str sentence_join(const SentenceWords *w, char *out, size_t max);

#endif
