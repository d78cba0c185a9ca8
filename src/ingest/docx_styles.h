/* docx_styles.h - what a DOCX's paragraphs are: headings and code by their styles, list labels by
 * numbering (ECMA-376 part 1, sections 17.7 and 17.9).
 *
 * Threads: none; everything lives in the reader's arena. */
#ifndef SOTTO_INGEST_DOCX_STYLES_H
#define SOTTO_INGEST_DOCX_STYLES_H

#include "ingest/ooxml.h"

#define DOCX_LEVELS 9

typedef struct {
    Str id, name, based_on;
    int outline;      /* 0..8; -1: no heading */
    int64_t num;      /* numbering; -1: not said, 0: none */
    unsigned level;
    bool is_title, is_code;
} DocxStyle;

typedef struct DocxNumbering DocxNumbering;

typedef struct {
    DocxStyle *list;
    size_t n, cap;
    size_t normal; /* index of the paragraphs' default style; SIZE_MAX */
    Str language;
    DocxNumbering *numbering;
} DocxStyles;

/* Reads styles and numbering; an empty name stands for a part that is not there. */
bool docx_styles_read(Package *p, Str styles, Str numbering, Arena *a, DocxStyles *out, Err *err);
/* The style of that id, else the default one, else NULL. */
const DocxStyle *docx_style(const DocxStyles *s, Str id);

/* Counts one paragraph of list `num` and appends its label as it is shown: "2.1.", "b)", "-" for a
 * bullet, nothing for an unknown list. False: no label. */
bool docx_label(DocxStyles *s, int64_t num, unsigned level, Buf *label);
/* How many levels deep the style says the list is: for paragraphs that only name a style. */
bool docx_label_level(const DocxStyles *s, int64_t num, Str style_id, unsigned *level);

/* Appends n as Word's number format `format` ("lowerRoman", ...); decimal for unknown ones. */
void docx_number(Buf *to, uint64_t n, Str format);

#endif
