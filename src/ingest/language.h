/* language.h - the small words of languages (language_words.c), for language.c.
 *
 * Threads: the table is made once, in the zygote; after that everything is read only. */
#ifndef SOTTO_INGEST_LANGUAGE_H
#define SOTTO_INGEST_LANGUAGE_H

#include "base/str.h"

typedef struct {
    uint32_t in[400]; /* of each of the first words: bit i is set when language i has it */
    size_t n;
} LanguageWords;

void language_words_init(void);
void language_words_count(Str text, LanguageWords *out);
/* How many of the text's words are of the language's list. */
size_t language_words_of(const LanguageWords *w, const char *code);
/* Whether more words are of a's list alone than of b's alone. */
bool language_words_more(const LanguageWords *w, const char *a, const char *b);
/* The language with the most, "" when there are none, and how many it and the next have. */
const char *language_words_best(const LanguageWords *w, size_t *count, size_t *second);

#endif
