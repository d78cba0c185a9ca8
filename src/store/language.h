/* language.h - what is kept on account of a language model: the tokens of each day, and texts that
 * it made.
 *
 * A text has a key, made of everything it depends on (model, prompt, sources), so that the same
 * question is not asked twice; an empty one says that what the model made was of no use. It goes
 * with any of the documents it was made of, and the oldest go beyond STORE_MADE_MAX.
 *
 * Threads: as store.h. */
#ifndef SOTTO_STORE_LANGUAGE_H
#define SOTTO_STORE_LANGUAGE_H

#include "store/store.h"

#define STORE_MADE_MAX 2000u
#define STORE_MADE_BYTES 16384u
#define STORE_MADE_DOCUMENTS 32u

/* Adds to (delta may be negative) a day's count, which is never below 0; *total is what it is then.
 * `day`: days since 1970 in UTC. */
bool store_tokens_add(Store *s, const Uuid *owner, int64_t day, int64_t delta, uint64_t *total,
    Err *err);
bool store_tokens_used(Store *s, const Uuid *owner, int64_t day, uint64_t *total, Err *err);

typedef struct {
    Sha256 key;
    Str text;
    int64_t at;
    const Uuid *documents; /* it was made of */
    size_t n_documents;
} MadeText;

/* Takes the place of the one with the same key. A document that is gone: nothing is kept, and that
 * is no error. */
bool store_made_put(Store *s, const Uuid *owner, const MadeText *t, Err *err);
/* *found false: there is none; *text is then left alone. */
bool store_made_get(Store *s, const Uuid *owner, const Sha256 *key, Arena *a, Str *text,
    bool *found, Err *err);

#endif
