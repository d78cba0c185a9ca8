/* frame.h - what the confined child answers, as bytes.
 *
 *   offset size
 *        0    4  magic "SXR1"
 *        4    4  error code (ErrCode), 0 when the file was read
 *        8    4  pages
 *       12    4  number of marks
 *       16   28  lengths of text, title, author, language, date made, date changed, error message
 *       44    -  the seven strings, then the marks (kind, start, end, level: 4 bytes each)
 *
 * Integers have the machine's own byte order: both ends are one program on one machine. The reader
 * trusts nothing: the child may have been taken over by the file it read.
 * Threads: pure functions. */
#ifndef SOTTO_INGEST_FRAME_H
#define SOTTO_INGEST_FRAME_H

#include "base/arena.h"
#include "ingest/extract.h"

#define FRAME_HEADER 44

/* Appends the frame of an extraction, or of its failure (then `out` may be NULL). Returns
 * buf_ok. */
bool frame_write(Buf *to, const ExtractOut *out, const Err *failure);

typedef struct {
    Str text, title, author, language; /* valid UTF-8 without NUL */
    Str created, modified;             /* as the file writes them */
    const Mark *marks;                 /* inside the text, on character boundaries, kinds known */
    size_t n_marks;
    uint32_t pages;
} Extracted;

/* Copies what a frame holds into the arena. A failure that the frame reports is returned as that
 * failure; a frame that breaks a rule is ERR_CORRUPT. */
bool frame_parse(Str frame, size_t max_text, Arena *a, Extracted *out, Err *err);

#endif
