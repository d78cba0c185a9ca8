/* about.h - what is found out about a document beside title, tags and summary: its author, its
 * dates, and why it is as important as it is; docs/INGEST.md states the rules.
 *
 * Threads: pure functions; results live in the Arena. */
#ifndef SOTTO_INGEST_ABOUT_H
#define SOTTO_INGEST_ABOUT_H

#include "ingest/understand.h"

/* The author that the file names, else the one that a line at the top does ("By ..."); empty when
 * there is none, or only what programs put there ("admin"). */
bool about_author(const Extracted *e, Arena *a, Str *out, Err *err);

/* The computed members of the metadata as a JSON object: "dates" {document, document_from, created,
 * modified, mentioned} and "importance_reasons". `given`: the client's own importance, or NULL. */
bool about_json(const Extracted *e, Str filename, const Importance *v, const double *given,
                Arena *a, Str *out, Err *err);

#endif
