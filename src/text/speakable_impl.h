/* speakable_impl.h - what the files speakable*.c share. A rule looks at a sentence from a place on,
 * where a word may begin, and either says something and returns how many bytes that was, or
 * returns 0. Threads: pure functions. */
#ifndef SOTTO_TEXT_SPEAKABLE_IMPL_H
#define SOTTO_TEXT_SPEAKABLE_IMPL_H

#include "text/speakable.h"

typedef struct {
    Str s;    /* the sentence, Markdown and the like taken off */
    Buf *out; /* what is said so far */
    SpeakableOrder order;
    bool shouting; /* all in capitals: capitals mean nothing */
} Speak;

typedef size_t (*SpeakRule)(const Speak *k, size_t at);

static inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
static inline bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
static inline bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
static inline bool is_letter(char c) { return is_upper(c) || is_lower(c); }
/* Also any byte of a character that is not ASCII. */
static inline bool is_wordy(char c)
{
    return is_letter(c) || is_digit(c) || (unsigned char)c >= 0x80;
}
/* Of two bytes or three, but no letter: signs of Latin-1, dashes, quotes, arrows. */
static inline bool is_mark(char c) { return (unsigned char)c == 0xc2 || (unsigned char)c == 0xe2; }
static inline char char_at(Str s, size_t i) { return i < s.len ? s.ptr[i] : '\0'; }
static inline bool has_at(Str s, size_t at, Str what)
{
    return at <= s.len && s.len - at >= what.len && memcmp(s.ptr + at, what.ptr, what.len) == 0;
}

/* Words with a space before them when there is none. */
void say(Buf *out, Str words);
void say_letters(Buf *out, Str letters); /* "PDF" -> "P.D.F" */

/* No word goes on at `at`. */
static inline bool word_ends(Str s, size_t at)
{
    return !is_wordy(char_at(s, at)) || is_mark(char_at(s, at));
}

/* A number as it is written: 1,234.50 */
typedef struct {
    uint64_t whole;
    Str digits;   /* of the whole part, without separators when `plain` */
    Str fraction; /* digits behind the point; ptr NULL: none */
    bool plain;   /* no thousands separators */
    size_t len;   /* bytes */
} SpeakNumber;

bool number_at(Str s, size_t at, SpeakNumber *n);
void say_number(Buf *out, const SpeakNumber *n); /* cardinal, point, digits */
/* "-" or a dash between numbers, and its bytes; 0 when there is none. Spaces around a dash are
 * allowed when it is no hyphen. */
size_t range_mark(Str s, size_t at);
size_t digits_at(Str s, size_t at); /* how many digits are there */
size_t spaces_at(Str s, size_t at);
/* The word that ends before `at` (skipping spaces), and the one that begins there. */
Str word_before(Str s, size_t at);
Str word_at(Str s, size_t at);
bool one_of(Str word, const char *const *list, size_t n); /* ASCII case does not matter */

/* Month 1..12 that a word names ("March", "Mar", "Mar."), else 0; *len its bytes. */
unsigned month_at(Str s, size_t at, size_t *len);

/* speakable_dates.c: dates and times. */
size_t rule_date(const Speak *k, size_t at);
size_t rule_time(const Speak *k, size_t at);
/* speakable_names.c: numbers that name something, and what stands together. */
size_t rule_named(const Speak *k, size_t at);
size_t rule_together(const Speak *k, size_t at);
/* speakable_codes.c: numbers that count nothing. */
size_t rule_phone(const Speak *k, size_t at);
size_t rule_dotted(const Speak *k, size_t at); /* versions, addresses of machines */
/* speakable_fractions.c: 3/4, 2 1/2. */
size_t rule_fraction(const Speak *k, size_t at);
/* speakable_quantity.c: everything else that begins with a number or a sign before one. */
size_t rule_quantity(const Speak *k, size_t at);
/* speakable_words.c: what is made of letters, and signs. */
size_t rule_address(const Speak *k, size_t at); /* URL, e-mail */
size_t rule_file(const Speak *k, size_t at);
size_t rule_abbreviation(const Speak *k, size_t at);
size_t rule_roman(const Speak *k, size_t at);
size_t rule_capitals(const Speak *k, size_t at);
size_t rule_sign(const Speak *k, size_t at);

/* speakable_cut.c: the sentence s[from, to) that was found ends at a full stop that is none. */
bool speakable_goes_on(SpeakableLanguage language, Str s, size_t from, size_t to);
/* Where s[from, to) is better cut in two, since it is long: behind a semicolon; else `to`. */
size_t speakable_break(Str s, size_t from, size_t to);
/* speakable_clean.c: a copy of the same length in which Markdown, citations, emoji, code and tags
 * are spaces (or 0x01 inside of a word, which is left out). NULL without memory. */
char *speakable_clean(Str text, Arena *a);

#endif
