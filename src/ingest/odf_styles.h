/* odf_styles.h - what an OpenDocument's paragraphs and lists are, by their styles (ODF 1.3 part 3,
 * section 16), and the document's language.
 *
 * Threads: none; everything lives in the reader's arena. */
#ifndef SOTTO_INGEST_ODF_STYLES_H
#define SOTTO_INGEST_ODF_STYLES_H

#include "ingest/ooxml.h"

#define ODF_LEVELS 10

typedef struct {
    Str name, parent;
    bool is_code, is_title, is_hidden;
    int heading; /* 1..6, 0: none */
} OdfStyle;

typedef struct {
    bool numbered;
    Str format, prefix, suffix; /* format "1", "a", "A", "i", "I"; empty: no number */
    uint32_t start, shown;      /* shown: levels in the label */
} OdfLevel;

typedef struct {
    Str name;
    OdfLevel levels[ODF_LEVELS];
} OdfList;

typedef struct {
    OdfStyle *styles;
    OdfList *lists;
    size_t n_styles, cap_styles, n_lists, cap_lists;
    OdfList outline; /* of numbered headings */
    Str language;
} OdfStyles;

/* Adds the styles of a part ("styles.xml", and the automatic ones of "content.xml"). */
bool odf_styles_read(Package *p, Str part, Arena *a, OdfStyles *to, Err *err);
/* After the last part: styles have what their parents have. */
void odf_styles_finish(OdfStyles *s);
const OdfStyle *odf_style(const OdfStyles *s, Str name); /* NULL when unknown */
const OdfList *odf_list(const OdfStyles *s, Str name);
/* Appends the label of `level` (from 0) where counts[] are the numbers so far: "2.1.", "-". */
void odf_label(const OdfList *list, const uint32_t *counts, unsigned level, Buf *to);

#endif
