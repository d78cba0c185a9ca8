/* understand.h - what can be said about a document from its text alone: title, tags, summary,
 * importance. Each is computed only when the client gave none; docs/INGEST.md states every rule.
 *
 * Threads: pure functions; results live in the Arena. */
#ifndef SOTTO_INGEST_UNDERSTAND_H
#define SOTTO_INGEST_UNDERSTAND_H

#include "ingest/frame.h"
#include "base/zone.h"
#include "nn/minilm.h"
#include "store/store.h"
#include "text/summary.h"

/* The document's own title, else its first heading, else a first line that stands like a title,
 * else its file's name made readable when that says something, else its first sentence, else any
 * file's name. Never a path, nor what programs leave in the title field. */
bool understand_title(const Extracted *e, Str filename, Arena *a, Str *out, Err *err);

/* "rental_agreement-final.pdf" -> "rental agreement-final" */
bool understand_filename(Str filename, Arena *a, Str *out, Err *err);

/* Key phrases, in lower case, most telling first; none is not an error. `model` (may be NULL) tells
 * how rare words are. The tags are the first of them. */
#define UNDERSTAND_PHRASES 16
#define UNDERSTAND_TAGS 8
bool understand_phrases(const Extracted *e, Str title, const Minilm *model, Arena *a, Str **out,
                        size_t *n, Err *err);
bool understand_tags(const Extracted *e, Str title, const Minilm *model, Arena *a, Str **out,
                     size_t *n, Err *err);

/* The document's own best sentences, in their order, 60 words at most; `vectors` are its sentences'
 * embeddings, or NULL. Sets ptr NULL when there is no word in it. */
bool understand_summary(Summary *s, const float *vectors, Arena *a, Str *out, Err *err);

/* Sentences that bind to a date (text/commitment.h), at most 200, with ids that are the same when
 * the document is read again. */
bool understand_commitments(const Extracted *e, Str title, const Uuid *document, const Zone *zone,
                            Arena *a, CommitmentNew **out, size_t *n, Err *err);

/* 0..1, from how much there is to miss in it, and each signal's part in that. */
typedef enum {
    SIGNAL_DUTY,      /* words of duties and rights */
    SIGNAL_DATES,
    SIGNAL_MONEY,     /* sums with a currency */
    SIGNAL_LENGTH,    /* words */
    SIGNAL_STRUCTURE, /* headings */
    IMPORTANCE_SIGNALS
} ImportanceSignal;
#define IMPORTANCE_BASE 0.2
#define IMPORTANCE_FOUND 5

typedef struct {
    double value, weight; /* its part of the score is value * weight; value 0..1 */
    size_t count;         /* of signs in the text */
    Str found[IMPORTANCE_FOUND]; /* the first that differ, borrowed from the text */
    size_t n_found;
} ImportanceReason;

typedef struct {
    ImportanceReason reasons[IMPORTANCE_SIGNALS];
    double score;
} Importance;

Importance understand_importance(const Extracted *e);
const char *importance_signal_name(ImportanceSignal s);

#endif
