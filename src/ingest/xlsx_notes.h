/* xlsx_notes.h - what lies on a sheet beside its cells: comments, and drawings with their text
 * boxes, charts and descriptions.
 *
 * Threads: none; a child reads one file and ends. */
#ifndef SOTTO_INGEST_XLSX_NOTES_H
#define SOTTO_INGEST_XLSX_NOTES_H

#include "ingest/ooxml.h"

bool xlsx_comments(Package *p, Str part, Arena *a, Story *s, Err *err);
bool xlsx_drawing(Package *p, Str part, Arena *a, Story *s, Err *err);

#endif
