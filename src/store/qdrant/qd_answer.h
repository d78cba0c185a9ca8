/* qd_answer.h - the answer to a search, read without a tree: of a hit only its score and passage
 * number are wanted, and a tree of all the rest takes longer than the rest of the search.
 *
 *   {"result": [{"points": [{"score": S, "payload": {"chunk_no": N}, ...}, ...]}, ...], ...}
 *
 * Every byte is looked at: what is cut short or is no JSON is refused as a tree would. */
#ifndef SOTTO_STORE_QDRANT_QD_ANSWER_H
#define SOTTO_STORE_QDRANT_QD_ANSWER_H

#include "base/str.h"

/* A hit of the list with that number, in order. */
typedef bool (*QdHitFn)(void *arg, size_t list, uint64_t chunk_no, float score);
/* ERR_UNAVAILABLE: no JSON, or cut short. ERR_CORRUPT: a hit that is not one of Sotto's. *lists:
 * how many there were. `fn` false: nothing more is told, and the rest is only checked. */
bool qd_answer_read(Str text, QdHitFn fn, void *arg, size_t *lists, Err *err);

#endif
