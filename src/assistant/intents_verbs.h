/* intents_verbs.h - "paid" is "pay": what was done, as the task that asked for it would say it.
 * Threads: pure. */
#ifndef SOTTO_ASSISTANT_INTENTS_VERBS_H
#define SOTTO_ASSISTANT_INTENTS_VERBS_H

#include "base/str.h"

/* The base form of an English verb in the past ("sent", "called"; only when `past`) or ending in
 * -ing ("calling"), NUL-terminated in out[max]; false when `word` is neither. Regular forms are
 * undone by rule, so that a noun in -ed or -ing may become nonsense: it is for matching titles, not
 * for showing. */
bool verb_base(Str word, bool past, char *out, size_t max);

#endif
