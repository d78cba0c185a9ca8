/* speakable_quantity.h - what amounts and fractions share; private to src/text/speakable*.c.
 * Threads: pure functions. */
#ifndef SOTTO_TEXT_SPEAKABLE_QUANTITY_H
#define SOTTO_TEXT_SPEAKABLE_QUANTITY_H

#include "text/speakable_impl.h"
#include "text/speakable_tables.h"

/* The unit behind a number that ends at `at`, with the space before it: *len bytes. NULL: none. */
const SpeakUnit *speak_unit_at(Str s, size_t at, size_t *len);

#endif
