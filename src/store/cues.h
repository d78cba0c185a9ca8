/* cues.h - when the words of a recording are said.
 *
 * A document that is a transcript has cues: pieces of its text, in order and apart from each other,
 * each with the time at which it is heard. They are written with their document
 * (DocumentPut.cues), replaced with it and go with it. Documents of other kinds have none.
 *
 * Threads: as store.h. */
#ifndef SOTTO_STORE_CUES_H
#define SOTTO_STORE_CUES_H

#include "store/store.h"

/* Those that touch bytes [start, end) of the document's text, in order; none for a document that
 * is not there, or no recording. */
bool store_cues(Store *s, const Uuid *owner, const Uuid *document, uint32_t start, uint32_t end,
    Arena *a, Cue **out, size_t *n, Err *err);

/* From when to when bytes [start, end) are said. False: the document has no cues there. An error
 * counts as none: a time is an ornament of a citation. */
bool store_said_at(Store *s, const Uuid *owner, const Uuid *document, uint32_t start, uint32_t end,
    uint32_t *from_ms, uint32_t *to_ms);

#endif
