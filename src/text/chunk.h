/* chunk.h - cuts a text into passages that fit the encoder's window.
 *
 *   text -> units (sentences; lines of code and tables) -> sections (by heading and page)
 *        -> passages
 *
 * A section is what stands between two headings on one page; headings with nothing under them join
 * the section that follows. Inside a section, units are packed into as few passages as fit, of
 * about equal length, ending at a paragraph's end where one is near. A unit is cut only when it is
 * longer than the window by itself (at white space, else between characters). Neighbours overlap by
 * whole sentences within one section, never across a heading or a page. Offsets are exact bytes
 * into the text, on character boundaries, without white space at the ends; every byte that is no
 * white space is in at least one passage; passages are in order of their start.
 *
 * The context is "Title > Heading > Heading": what stands above the passage and is not in it. It is
 * embedded and indexed before the passage, so context + "\n" + text fits max_tokens.
 *
 * Threads: pure functions; results live in the Arena. */
#ifndef SOTTO_TEXT_CHUNK_H
#define SOTTO_TEXT_CHUNK_H

#include "base/arena.h"

/* What the extractor knows about the shape of the text, in order of offset. */
typedef enum {
    MARK_PAGE,
    MARK_HEADING,
    MARK_CODE,
    MARK_TABLE,
    MARK_LIST_ITEM,
    MARK_PARAGRAPH
} MarkKind;
typedef struct {
    MarkKind kind;
    uint32_t start, end; /* bytes of the text; for MARK_PAGE where the page begins and ends */
    uint32_t level;      /* heading 1..6; page number from 1 */
} Mark;

#define CHUNK_CONTEXT_MAX 160 /* bytes */
#define CHUNK_TEXT_MAX 8192   /* bytes; matters for words of kilobytes, which are one token each */

/* What the product uses; docs/INGEST.md has the measurement. */
#define CHUNK_TOKENS 200
#define CHUNK_OVERLAP_TOKENS 30

typedef struct {
    uint32_t start, end, page; /* page 0: the text has none */
    Str context;               /* may be empty */
} ChunkSpan;

/* Number of encoder tokens of a piece of text, without [CLS] and [SEP]. */
typedef size_t (*CountTokensFn)(void *arg, Str text);

typedef struct {
    size_t max_tokens;     /* context included, at least 16; 254 at most for MiniLM */
    size_t overlap_tokens; /* at most a quarter of max_tokens is used */
    CountTokensFn count;   /* must not count less for a longer text */
    void *count_arg;
} ChunkOptions;

/* Marks need not be sorted, nested or sane: what lies outside the text is ignored. Text without any
 * word gives *n = 0. ERR_VALIDATION for impossible options or invalid UTF-8, ERR_TOO_LARGE for 4
 * GiB of text, ERR_NO_MEMORY. */
bool chunk_text(Str text, Str title, const Mark *marks, size_t n_marks, const ChunkOptions *options,
    Arena *a, ChunkSpan **out, size_t *n, Err *err);

#endif
