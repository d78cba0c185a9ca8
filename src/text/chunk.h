/* chunk.h - cuts a text into passages that fit the encoder's window.
 *
 * Passages follow headings, then paragraphs, then sentences; a sentence is cut only when it is longer
 * than the window by itself. Neighbours overlap by a sentence or so within one section, never across
 * a heading. Offsets are exact bytes into the text and fall on character boundaries.
 *
 * Threads: pure functions; results live in the Arena. */
#ifndef SOTTO_TEXT_CHUNK_H
#define SOTTO_TEXT_CHUNK_H

#include "base/arena.h"

/* What the extractor knows about the shape of the text, in order of offset. */
typedef enum { MARK_PAGE, MARK_HEADING, MARK_CODE, MARK_TABLE, MARK_LIST_ITEM, MARK_PARAGRAPH } MarkKind;
typedef struct {
    MarkKind kind;
    uint32_t start, end; /* bytes of the text; for MARK_PAGE where the page begins and ends */
    uint32_t level;      /* heading 1..6; page number from 1 */
} Mark;

typedef struct {
    uint32_t start, end, page; /* page 0: the text has none */
    Str context;               /* "Title > Heading > Heading", at most 160 bytes or so */
} ChunkSpan;

/* Number of encoder tokens of a piece of text, without [CLS] and [SEP]. */
typedef size_t (*CountTokensFn)(void *arg, Str text);

typedef struct {
    size_t max_tokens;     /* context included; 254 at most for MiniLM; the default is tuned */
    size_t overlap_tokens;
    CountTokensFn count;
    void *count_arg;
} ChunkOptions;

bool chunk_text(Str text, Str title, const Mark *marks, size_t n_marks, const ChunkOptions *options,
    Arena *a, ChunkSpan **out, size_t *n, Err *err);

#endif
