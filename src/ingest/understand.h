/* understand.h - what can be said about a document from its text alone: title, tags, summary,
 * importance. Each is computed only when the client gave none; docs/INGEST.md states every rule.
 *
 * Threads: pure functions; results live in the Arena. */
#ifndef SOTTO_INGEST_UNDERSTAND_H
#define SOTTO_INGEST_UNDERSTAND_H

#include "ingest/frame.h"
#include "text/summary.h"

/* The document's own title, else its first heading, else its file's name made readable, else its
 * first sentence. Never empty when the text has a word in it. */
bool understand_title(const Extracted *e, Str filename, Arena *a, Str *out, Err *err);

/* "rental_agreement-final.pdf" -> "rental agreement-final" */
bool understand_filename(Str filename, Arena *a, Str *out, Err *err);

/* Key phrases, in lower case, most telling first, at most 8; none is not an error. */
bool understand_tags(const Extracted *e, Str title, Arena *a, Str **out, size_t *n, Err *err);

/* The document's own best sentences, in their order, 60 words at most; `vectors` are its sentences'
 * embeddings, or NULL. Sets ptr NULL when there is no word in it. */
bool understand_summary(Summary *s, const float *vectors, Arena *a, Str *out, Err *err);

/* 0..1, from how much there is to miss in it: see docs/INGEST.md. */
typedef struct {
    double duty, dates, money, length, structure; /* signals, 0..1 each */
    double score;
} Importance;
Importance understand_importance(const Extracted *e);

#endif
