/* pdf_scan.h - pages that are pictures: rendered, then read by text recognition.
 *
 *   page without text but with pictures -> 300 dpi, grey -> read_image.c -> text
 *
 * Recognition takes half a second to two seconds a page, so it stops before the file's time is
 * over; what was not read then is said in the text. Threads: none; in the confined child. */
#ifndef SOTTO_INGEST_PDF_SCAN_H
#define SOTTO_INGEST_PDF_SCAN_H

#include <poppler.h>

#include "ingest/extract.h"

/* Finds the functions in the libraries; part of the PDF reader's preload. */
bool pdf_scan_load(void *poppler, Err *err);
/* There are pictures on the page. */
bool pdf_scan_pictured(PopplerPage *page);
/* Appends what is recognised on it. ERR_NO_MEMORY, ERR_VALIDATION. */
bool pdf_scan_page(PopplerPage *page, ExtractOut *out, Err *err);

#endif
