/* answer_score.h - how well a sentence answers a question, beside what the encoder says.
 *
 * Threads: pure functions, but answer_words, which asks the store's tokenizer. */
#ifndef SOTTO_ASSISTANT_ANSWER_SCORE_H
#define SOTTO_ASSISTANT_ANSWER_SCORE_H

#include "assistant/act.h"

#define ANSWER_WORDS 32 /* of a question that count */
#define ANSWER_KIN 128  /* other words for them */

/* Other words for the same thing ("bill", "invoice", "Rechnung"; answer_kin.c): groups of them,
 * with spaces between, in which `word` (in lower case) stands. *at goes on behind the one that was
 * found; false: no more. */
bool answer_kin(Str word, size_t *at, Str *group);

/* The kind of thing that is asked for. */
typedef enum { ASKS_ANYTHING, ASKS_AMOUNT, ASKS_NUMBER, ASKS_SPAN, ASKS_TIME, ASKS_DATE, ASKS_PLACE,
    ASKS_PERSON, ASKS_HEAT, ASKS_WEIGHT, ASKS_HEIGHT, ASKS_AGE, ASKS_SPEED, ASKS_PHONE,
    ASKS_MAIL } Asks;
Asks answer_asks(Str question);
/* What has a form that has to stand there: degrees, kilograms, metres, years of age, a number to
 * ring. */
bool answer_asks_unit(Asks kind);
/* 1: it holds that, -1: it does not (and should), 0: no matter. */
int answer_holds(Turn *t, Asks kind, Str question, Str sentence);
/* A heading, a line of a letter's head, a fragment: what is to be taken off, 0..0.9. */
float answer_fragment(Asks kind, Str sentence, Str title);

/* A question's own words, as the keyword index has them. */
typedef struct {
    Str stems[ANSWER_WORDS]; /* in the arena */
    size_t n;
    uint32_t twice;          /* words (bits) that count twice: those of a question that follows */
    Str kin[ANSWER_KIN];     /* stems of words of the same meaning, */
    uint32_t kin_of[ANSWER_KIN]; /* and of which words (bits) */
    size_t n_kin;
} AnswerWords;
/* Of `looked_for`; when that is longer than the question itself, the question's count twice. */
bool answer_words(Turn *t, Str looked_for, Str question, AnswerWords *out);

/* A word of the question in a text, or one of its kin: bit n is stems[n]; where it begins. */
typedef struct {
    size_t at;
    uint32_t bit, kin;
} AnswerHit;
/* Those in `text`, in order; at most max. */
bool answer_hits(Turn *t, const AnswerWords *w, Str text, AnswerHit *out, size_t max, size_t *n);
/* The share of the question's words that are set. */
float answer_share(const AnswerWords *w, uint32_t bits);

#endif
