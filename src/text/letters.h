/* letters.h - the little that sentence, keyphrase and chunk code must know about characters: white
 * space, case, and scripts written without spaces. Not a Unicode library: it covers Latin, Greek
 * and Cyrillic case and the East Asian blocks. Threads: pure functions. */
#ifndef SOTTO_TEXT_LETTERS_H
#define SOTTO_TEXT_LETTERS_H

#include "base/utf8.h"

static inline bool letter_is_space(uint32_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200B) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
           c == 0x205F || c == 0x3000 || c == 0xFEFF;
}

bool letter_is_upper(uint32_t c);
bool letter_is_lower(uint32_t c);
uint32_t letter_lower(uint32_t c);
static inline bool letter_is_digit(uint32_t c) { return c >= '0' && c <= '9'; }
/* Part of a word: letters, digits and combining marks of any script. */
bool letter_is_word(uint32_t c);
/* Chinese, Japanese, Thai and so on: words are not separated by spaces. */
bool letter_is_unspaced(uint32_t c);
/* Appends s in lower case. */
bool letters_lower(Buf *out, Str s);
/* Cuts s to at most `max` bytes at a word's end (or, with no space in reach, a character's). */
Str letters_cut(Str s, size_t max);
/* White space of any script off both ends. */
Str letters_trim(Str s);
/* Appends s with every run of white space as one space, none at the ends. */
bool letters_squeeze(Buf *out, Str s);

#endif
