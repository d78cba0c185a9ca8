/* spill.h - memory that the disk may have: blocks in a file without a name, mapped shared.
 *
 * For what grows with a person's data and is seldom touched as a whole. Blocks look like those of
 * mem.h, but lie in a file that nobody else can open and that goes with the process; a trim takes
 * their pages (and those of other mapped files that were put in its care) off the process again.
 * Nothing is lost by it: what is touched next comes back from the page cache, or from the disk when
 * the machine was short of memory. Room in the file is taken when a block is made, so that a full
 * disk is a block that lies in memory instead, and never a signal.
 *
 *   trim: resident mapped pages of the process > those after the last trim + budget -> let all go
 *
 * Threads: safe; blocks may be used while they are trimmed. */
#ifndef SOTTO_BASE_SPILL_H
#define SOTTO_BASE_SPILL_H

#include <stddef.h>

#include "base/err.h"

typedef struct Spill Spill;

/* The file lies in `dir`. */
Spill *spill_open(const char *dir, Err *err);
void spill_close(Spill *s); /* NULL is fine; all blocks go with it, what is watched stays */

/* count * size bytes, the old ones of `block` (NULL: none) first and zeros after them; NULL without
 * memory, and `block` stays valid. Begins on a page. */
void *spill_resize(Spill *s, void *block, size_t count, size_t size);
void spill_free(Spill *s, void *block); /* NULL is fine */

/* A mapping of somebody else's whose pages may be let go of at any time: of a file, shared, or
 * private and never written. Until spill_unwatch with the same base, which comes before munmap. */
bool spill_watch(Spill *s, void *base, size_t bytes);
void spill_unwatch(Spill *s, void *base);

void spill_cool(Spill *s);         /* lets go of all its pages */
/* The same for all of the process, when more than `budget` bytes came since it was last done.
 * Cheap enough for every passage: it looks each 8th time. */
void spill_trim(size_t budget);

#endif
