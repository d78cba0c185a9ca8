/* speakable_german.h - a sentence of German as it is said; for speakable.c and its tests.
 * Threads: pure functions. */
#ifndef SOTTO_TEXT_SPEAKABLE_GERMAN_H
#define SOTTO_TEXT_SPEAKABLE_GERMAN_H

#include "text/speakable_impl.h"

/* The sentence `s`, cleaned, appended to out. */
void speakable_german(Buf *out, Str s);
/* 3, "er" -> dritter */
void speakable_german_ordinal(Buf *out, uint64_t n, const char *ending);

#endif
