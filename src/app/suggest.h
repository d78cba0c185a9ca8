/* suggest.h - "did you mean": the nearest of some names to what was typed.
 * Threads: pure functions. */
#ifndef SOTTO_APP_SUGGEST_H
#define SOTTO_APP_SUGGEST_H

#include "base/str.h"

/* Edits (insert, delete, change, swap neighbours) between a and b; at most 64 bytes of each count.
 */
size_t suggest_distance(Str a, Str b);
/* The nearest of names[n], or NULL when none is near: at most a third of its letters may differ. */
const char *suggest_nearest(Str typed, const char *const *names, size_t n);

#endif
