/* odf.h - what the parts of the OpenDocument reader share: read_odf.c (the document and its
 * events), odf_blocks.c (paragraphs, lists, notes, boxes), odf_sheets.c (tables and sheets).
 *
 * Threads: none; a child reads one file and ends. */
#ifndef SOTTO_INGEST_ODF_H
#define SOTTO_INGEST_ODF_H

#include "ingest/grid.h"
#include "ingest/odf_styles.h"

/* The elements that the reader knows. */
enum {
    F_P = 1, F_H, F_S, F_TAB, F_BREAK, F_LIST, F_ITEM, F_NOTE, F_CITATION, F_NOTE_BODY, F_COMMENT,
    F_CREATOR, F_LINK, F_SECTION, F_RUBY, F_SHAPE, F_DESCRIPTION, F_OBJECT, F_FRAME, F_PAGE,
    F_NOTES, F_TABLE, F_ROW, F_CELL, F_COVERED, F_SHEETS, F_MATH, F_HEADER, F_FOOTER, F_SPAN,
    F_SKIP
};

typedef struct {
    const OdfList *style;
    uint32_t counts[ODF_LEVELS];
    bool begun[ODF_LEVELS];
} OdfCounter;

typedef struct {
    Package *package;
    Arena *arena;
    OdfStyles styles;
    ExtractOut *out, header, footer;
    unsigned objects; /* depth of documents in documents */
    Err *err;
} Odf;

typedef struct {
    Odf *doc;
    Story main, cell, side; /* side: what stands beside the cells, for the sheet's end */
    Story *now;
    ExtractOut cell_out, side_out;
    Grid grid;
    bool failed, running;   /* running: only headers and footers are read */
    bool sheets, in_sheet, in_cell, in_title, in_notes, notes_said, in_description, fresh_item,
        comment_fresh, note_fresh;
    unsigned p_depth, tables, list_depth, comment_depth;
    OdfCounter list, outline;
    Buf label, value, description, citation, creator;
    bool in_citation, in_creator;
    uint64_t row, row_repeat;
    uint32_t column, repeat;
    bool in_running; /* in a header or footer */
    uint32_t page;
    size_t page_start;
    Str link;
    Str part;
} OdfReading;


/* ERR_NO_MEMORY, and nothing more is read. Returns false. */
bool odf_no_memory(OdfReading *t);

void odf_begin_list(OdfReading *t, const XmlAttributes *at);
void odf_begin_item(OdfReading *t, const XmlAttributes *at);
/* False: the paragraph is hidden. */
bool odf_begin_paragraph(OdfReading *t, int element, const XmlAttributes *at);
void odf_end_paragraph(OdfReading *t);
void odf_begin_note_body(OdfReading *t);
void odf_begin_comment(OdfReading *t);
void odf_end_comment(OdfReading *t);
void odf_begin_shape(OdfReading *t);
void odf_end_shape(OdfReading *t);
void odf_end_description(OdfReading *t);

void odf_begin_table(OdfReading *t, const XmlAttributes *at);
void odf_end_table(OdfReading *t);
void odf_begin_row(OdfReading *t, const XmlAttributes *at);
void odf_end_row(OdfReading *t);
void odf_begin_cell(OdfReading *t, const XmlAttributes *at, bool covered);
void odf_end_cell(OdfReading *t);

#endif
