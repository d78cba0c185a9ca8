/* pdf_layout.h - from lines with their places on a page to running text.
 *
 *   lines -> rows of tables set side by side -> blocks -> wrapped lines joined, hyphens mended ->
 * text
 *
 * A PDF has no paragraphs and no tables, only glyphs with coordinates; the library finds lines. The
 * rest is geometry: docs/INGEST.md states each rule. Pure functions, so that tests and the fuzzer
 * can give them any geometry. Threads: pure functions. */
#ifndef SOTTO_INGEST_PDF_LAYOUT_H
#define SOTTO_INGEST_PDF_LAYOUT_H

#include "ingest/extract.h"

typedef struct {
    Str text;                /* UTF-8, one line, borrowed */
    float x0, y0, x1, y1;    /* points from the page's top left; y1 is below y0 */
    float first_word;        /* width of the first word */
    float size;              /* of its font, in points; 0 unknown */
    bool bold;
} PdfLine;

typedef struct {
    PdfLine *lines;
    size_t n;
    float width;
    Str scanned;             /* recognised in a page that is a picture; ptr NULL: it is none */
} PdfPage;

/* Takes running headers and footers out of all pages but the first that has them: one of the two
 * highest or two lowest lines of a page, the same (numbers aside) on half of the pages or more, and
 * on two at least. Returns how many lines went; none when memory is short. */
size_t pdf_drop_running(PdfPage *pages, size_t n);

/* Appends one page's text with its marks (headings, tables). `body` is the size of the document's
 * running text, 0 when unknown. ERR_NO_MEMORY. */
bool pdf_layout_page(const PdfLine *lines, size_t n, float page_width, float body, ExtractOut *out,
                     Err *err);

#endif
