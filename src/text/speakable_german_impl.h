/* speakable_german_impl.h - what the files speakable_german*.c share. A rule looks at a sentence
 * from a place on, where a word may begin, and either says something and returns how many bytes
 * that was, or returns 0. Threads: pure functions. */
#ifndef SOTTO_TEXT_SPEAKABLE_GERMAN_IMPL_H
#define SOTTO_TEXT_SPEAKABLE_GERMAN_IMPL_H

#include "text/speakable_german.h"

typedef size_t (*GermanRule)(Buf *out, Str s, size_t at);

/* 1.234.567 or 1234, then ",5": bytes of it. */
typedef struct {
    uint64_t whole;
    size_t digits; /* of the whole part, without points */
    Str fraction;
    size_t len;
} GermanNumber;

/* speakable_german_numbers.c. `last`: nothing follows that is counted: "eins", not "ein". */
void german_cardinal(Buf *out, uint64_t n, bool last);
void german_year(Buf *out, uint64_t year); /* 1985 -> neunzehnhundertfuenfundachtzig */
void german_digits(Buf *out, Str digits);  /* one by one */
uint64_t german_value(Str s, size_t at, size_t n); /* of the digits in s[at, at + n) */
bool german_number_at(Str s, size_t at, GermanNumber *n);
void german_number(Buf *out, Str s, size_t at, const GermanNumber *n, bool last);

/* speakable_german_dates.c. */
/* Whether a noun that begins at `at` is feminine, as far as its end or a short list can tell. */
bool german_feminine(Str s, size_t at);
const char *german_ending(Str s, size_t at); /* of an ordinal at `at`: "er", "en" or "e" */
size_t german_date(Buf *out, Str s, size_t at);
size_t german_time(Buf *out, Str s, size_t at);
/* speakable_german_amounts.c. */
size_t german_amount(Buf *out, Str s, size_t at);
size_t german_ordinal(Buf *out, Str s, size_t at);
size_t german_phone(Buf *out, Str s, size_t at);
size_t german_fraction(Buf *out, Str s, size_t at); /* 3/4 */
size_t german_score(Buf *out, Str s, size_t at);    /* 3:1 */
size_t german_dotted(Buf *out, Str s, size_t at); /* versions, addresses of machines */
/* speakable_german_words.c. */
size_t german_word(Buf *out, Str s, size_t at);
size_t german_account(Buf *out, Str s, size_t at);
size_t german_street(Buf *out, Str s, size_t at);
size_t german_roman(Buf *out, Str s, size_t at);
size_t german_address(Buf *out, Str s, size_t at); /* URL, e-mail */

#endif
