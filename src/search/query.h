/* query.h - the query language.
 *
 *   plain words             rank, and are embedded as they stand
 *   "exact words"           a passage must hold them, in this order
 *   word*                   a passage must hold a word that begins so
 *   -word  -"words"  -wo*   a passage must not hold it
 *   tag:T                   documents with the tag; several: all of them
 *   source:S  type:T  lang:L   several of one kind: any of them; S may end in '*'
 *   after:D  before:D       changed at or after, changed before; D is YYYY, YYYY-MM, YYYY-MM-DD or
 * an RFC 3339 time; a date begins at midnight UTC
 *
 * A value with spaces is quoted: source:"My notes". An operator begins a word: a hyphen or a colon
 * inside one is nothing special (well-known, 10:30), nor is a hyphen before another one (--help),
 * before a number (-5) or alone. So a question in plain language needs no escaping.
 * (docs/SEARCH.md)
 *
 * Threads: pure functions; results live in the Arena, or point into the text. */
#ifndef SOTTO_SEARCH_QUERY_H
#define SOTTO_SEARCH_QUERY_H

#include "store/store.h"

#define QUERY_MAX_BYTES 8192u
#define QUERY_MAX_OPERATORS 32u /* of a kind */
#define QUERY_MAX_WORDS 2048u

typedef struct {
    Str embed;     /* what is embedded: words, phrases and prefixes without their marks */
    KwTerm *terms; /* plain words as typed (with punctuation), phrases, prefixes; weight 1 */
    size_t n_terms;
    size_t n_ranking; /* of the terms, those that are not excluded */
    DocFilter filter; /* from the operators; `q` and `ids` are empty */
} Query;

/* ERR_VALIDATION with the character (from 1) where it broke: no text, text that is not UTF-8 or too
 * long, a quotation mark that is never closed, an operator without a value, an impossible date,
 * nothing to rank by (only filters or exclusions). */
bool query_parse(Str text, Arena *a, Query *out, Err *err);

/* A year, month, day or RFC 3339 time as the instant at which it begins. */
bool query_date(Str text, int64_t *ms);

/* True for words that say nothing about the subject ("the", "what"), lower-case ASCII. */
bool query_is_stop_word(Str folded);

/* Both filters hold: *out is their conjunction, in the Arena. *none is set when nothing can match
 * it (two disjoint lists of sources). False when memory is short. */
bool filter_and(const DocFilter *x, const DocFilter *y, Arena *a, DocFilter *out, bool *none,
                Err *err);

#endif
