/* frame.h - what the confined child answers, as bytes.
 *
 *   offset size
 *        0    4  magic "SXR2"
 *        4    4  error code (ErrCode), 0 when the file was read
 *        8    4  pages
 *       12    4  number of marks
 *       16    4  number of parts
 *       20   28  lengths of text, title, author, language, date made, date changed, error message
 *       48    -  the seven strings; the marks (kind, start, end, level: 4 bytes each); of each part
 *                the lengths of its name, its media type (4 bytes each) and its bytes (8); the
 *                names and types; the bytes
 *
 * Integers have the machine's own byte order: both ends are one program on one machine. The reader
 * trusts nothing: the child may have been taken over by the file it read.
 * Threads: pure functions. */
#ifndef SOTTO_INGEST_FRAME_H
#define SOTTO_INGEST_FRAME_H

#include "base/arena.h"
#include "ingest/extract.h"

#define FRAME_HEADER 48

/* Appends the frame of an extraction, or of its failure (then `out` may be NULL). The parts' bytes
 * are to be written behind it: they need no second copy. Returns buf_ok. */
bool frame_write(Buf *to, const ExtractOut *out, const Err *failure);

typedef struct {
    Str name, media_type; /* one clean line each; the name has no "/" and is not empty */
    Str bytes;            /* in the frame's own memory */
} ExtractedPart;

typedef struct {
    Str text, title, author, language; /* valid UTF-8 without NUL */
    Str created, modified;             /* as the file writes them */
    const Mark *marks;                 /* inside the text, on character boundaries, kinds known */
    size_t n_marks;
    uint32_t pages;
    const ExtractedPart *parts;
    size_t n_parts;
    void *held;                        /* the mapping that parts lie in; NULL: none */
    size_t held_size;
} Extracted;

/* Copies what a frame holds into the arena, but for the parts' bytes. A failure that the frame
 * reports is returned as that failure; a frame that breaks a rule is ERR_CORRUPT. */
bool frame_parse(Str frame, size_t max_text, Arena *a, Extracted *out, Err *err);

#endif
