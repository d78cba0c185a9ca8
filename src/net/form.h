/* form.h - application/x-www-form-urlencoded: query strings and form bodies.
 *
 *   "q=a+b&tag=x&tag=y%20z"  ->  {q: "a b"}, {tag: "x"}, {tag: "y z"}
 *
 * Strict: a broken % escape, a NUL and invalid UTF-8 are errors, never guessed at. Empty pairs
 * ("a=1&&") are skipped. Fuzz target: fuzz_form. Source: WHATWG URL, section 5.1. Threads: pure. */
#ifndef SOTTO_NET_FORM_H
#define SOTTO_NET_FORM_H

#include "base/arena.h"

#define FORM_PAIRS_MAX 256

typedef struct {
    Str name, value; /* decoded, in the arena */
} FormPair;

typedef struct {
    FormPair *pairs;
    size_t count;
} Form;

/* ERR_VALIDATION, ERR_NO_MEMORY. An absent or empty text is a Form without pairs. */
bool form_parse(Str text, Arena *arena, Form *out, Err *err);
Str form_get(const Form *q, const char *name);  /* the first; {NULL,0} when absent */
size_t form_count(const Form *q, const char *name);
/* The pairs of that name, one after the other: *at starts at 0. */
bool form_next(const Form *q, const char *name, size_t *at, Str *value);
/* Percent-decodes a whole component; `plus` turns '+' into a space. */
bool form_decode(Str raw, bool plus, Arena *arena, Str *out, Err *err);
/* Appends s percent-encoded, everything but A-Z a-z 0-9 - . _ ~. */
bool form_encode(Buf *out, Str s);

#endif
