/* number_format.h - a spreadsheet's numbers as a person sees them: "4 Dec 2026", "1,250.00 EUR",
 * "12.5%" (ECMA-376 part 1, sections 18.8.30 and 18.8.31).
 *
 * Month and day names are English. The two formats that stand for "the date as your computer writes
 * it" (14 and 22) become 2026-12-04, which nobody misreads. Threads: pure functions. */
#ifndef SOTTO_INGEST_NUMBER_FORMAT_H
#define SOTTO_INGEST_NUMBER_FORMAT_H

#include "base/str.h"

/* The code of one of the formats that every spreadsheet has; "General" for unknown ones. */
Str number_format_builtin(unsigned id);

/* Appends `value` (a number as XLSX stores it) as `code` shows it. What is no number stays as it
 * is. days_1904: the dates count from 1904. */
void number_format_show(Buf *out, Str value, Str code, bool days_1904);
/* Appends a text as the fourth section of the code shows it. */
void number_format_show_text(Buf *out, Str text, Str code);

#endif
