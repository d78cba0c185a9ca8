/* story.h - a word processor's document on its way to text: paragraphs, headings, lists, code,
 * tables and what stands beside the text (boxes, notes, comments).
 *
 *   reader's events -> frames (the document, a table, an aside) -> ExtractOut
 *
 * A paragraph begins with its first visible character, so empty ones leave nothing. What stands
 * beside a paragraph is collected and follows it. A table is collected as a whole, because only its
 * end shows what it is for: a table of data is a line a row ("a | b"); one that arranges the page
 * (one column, long cells, cells with headings or tables) is read cell by cell.
 *
 * Threads: one owner; it lives as long as a call of a reader. */
#ifndef SOTTO_INGEST_STORY_H
#define SOTTO_INGEST_STORY_H

#include "ingest/extract.h"

#define STORY_DEPTH 24 /* frames; what is nested deeper goes into the last one */

typedef enum { STORY_BODY, STORY_HEADING, STORY_ITEM, STORY_CODE } StoryKind;

typedef struct StoryTable StoryTable;

typedef struct {
    ExtractOut own, *out;
    StoryTable *table;    /* NULL: an aside, or the document */
    ExtractOut after;     /* asides of the paragraph that is open */
    bool has_after;
    StoryKind kind, last; /* of the open paragraph, of the one before it */
    unsigned level;
    Buf label;
    bool open, started, any;
    size_t start, code_start;
    bool in_code;
} StoryFrame;

typedef struct {
    ExtractOut *out;
    StoryFrame frames[STORY_DEPTH];
    unsigned depth;    /* of the innermost frame; 0 is the document */
    unsigned overflow; /* frames that found no room */
} Story;

void story_init(Story *s, ExtractOut *out);
/* Ends what is open, and gives everything back. Failures are noted in the ExtractOut. */
void story_release(Story *s);

/* A paragraph; level: of a heading 1..6, of a list item from 1. The label ("1.", "-", "Note: ")
 * stands before its first character. An open paragraph is ended first. */
void story_begin(Story *s, StoryKind kind, unsigned level, Str label);
void story_end(Story *s);
/* Takes the open paragraph back. */
void story_forget(Story *s);
/* Running text; it opens a paragraph when none is. */
void story_text(Story *s, Str text);
void story_line(Story *s); /* a line break inside the paragraph */
void story_tab(Story *s);
/* Behind a link's words: the mail address that it leads to, unless it was shown. */
void story_mail(Story *s, Str target);
/* The text of the open paragraph so far. */
Str story_so_far(const Story *s);

/* Text that stands beside the paragraph that is open and follows it. */
void story_aside_begin(Story *s);
void story_aside_end(Story *s);
/* Puts text with its marks, such as another reader's, after the paragraph that is open. */
void story_insert(Story *s, const ExtractOut *part);

/* The same for bytes [from, end) of it, behind `lead` ("[1]", "[Comment by Ann]"); nothing when
 * they are blank. */
void story_note(Story *s, Str lead, const ExtractOut *part, size_t from, size_t end);

void story_table_begin(Story *s);
void story_table_end(Story *s);
void story_row(Story *s);  /* a row begins */
void story_cell(Story *s); /* a cell begins; an empty one counts */
bool story_in_table(const Story *s);

/* Appends bytes [from, end) of a text with the marks in them. */
void story_append(ExtractOut *to, const ExtractOut *part, size_t from, size_t end);

#endif
