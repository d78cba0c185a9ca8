/* speakable.h - a text as a person would read it aloud, in English or German.
 *
 *   Markdown, emoji, citations off -> words, numbers and signs as tokens -> rules, first that fits
 *
 *   "The call is on 2026-03-04 at 15:30 [2]." -> "The call is on March fourth, twenty twenty-six at
 *   three thirty P.M."
 *
 * Numbers become words here and not in the synthesiser, so that every voice says the same and tests
 * can read it. Punctuation that makes a pause stays. Every output sentence knows the bytes of the
 * input that it came from. Threads: pure functions. */
#ifndef SOTTO_TEXT_SPEAKABLE_H
#define SOTTO_TEXT_SPEAKABLE_H

#include "base/arena.h"

typedef enum {
    SPEAKABLE_MDY, /* 3/4/2026 is the fourth of March */
    SPEAKABLE_DMY  /* 3/4/2026 is the third of April */
} SpeakableOrder;

typedef enum {
    SPEAKABLE_ENGLISH,
    SPEAKABLE_GERMAN, /* numbers, dates, times, money, units, abbreviations */
    SPEAKABLE_OTHER   /* nothing but Markdown and the like is taken off: the voice reads the rest */
} SpeakableLanguage;

/* BCP 47: "en-US" -> English, "de" -> German; empty: English. */
SpeakableLanguage speakable_language(Str code);

typedef struct {
    Str text;        /* in the arena; at least one letter or digit */
    size_t from, to; /* bytes of the input */
} SpeakableSentence;

/* Cuts `text` (UTF-8; anything else reads as U+FFFD and is dropped) into sentences ready for a
 * voice. *n may be 0: nothing in it can be said. Fails only without memory. */
bool speakable_sentences(Str text, SpeakableOrder order, Arena *a, SpeakableSentence **out,
    size_t *n, Err *err);

/* The same in a language. */
bool speakable_sentences_in(SpeakableLanguage language, Str text, SpeakableOrder order, Arena *a,
    SpeakableSentence **out, size_t *n, Err *err);

/* The same without changing a word: only cut, for text that is speakable already. */
bool speakable_cut(Str text, Arena *a, SpeakableSentence **out, size_t *n, Err *err);

/* One piece of text without cutting; ptr NULL without memory. */
Str speakable_text(Str text, SpeakableOrder order, Arena *a);

/* Parts, for tests and other users. Each appends to out. */
void speakable_cardinal(Buf *out, uint64_t n);      /* 1234 -> one thousand two hundred ... */
void speakable_ordinal(Buf *out, uint64_t n);       /* 21 -> twenty-first */
void speakable_year(Buf *out, unsigned year);       /* 1905 -> nineteen oh five */
void speakable_digits(Buf *out, Str digits);        /* 907 -> nine zero seven */

#endif
