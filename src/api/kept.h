/* kept.h - answers that are given again: what a GET answered a moment ago, as long as nothing of
 * its owner's that could change it was written since.
 *
 *   owner, version of the owner's rows, path -> the JSON as it was sent
 *
 * So what is read again and again costs no worker and no look-up in the store; it is answered on
 * the loop. Only routes with IS_KEPT: those whose answer depends on nothing but the path and the
 * rows that store_version tells of. Who asks and what they may do was found out before, for every
 * request.
 *
 * Threads: safe. */
#ifndef SOTTO_API_KEPT_H
#define SOTTO_API_KEPT_H

#include "api/call.h"

typedef struct Kept Kept;

Kept *kept_new(Err *err);
void kept_free(Kept *k); /* NULL is allowed */
/* Fills the response; false: it has to be made. Loop thread. */
bool kept_answer(Kept *k, const ApiParts *parts, HttpExchange *x);
/* The version under which an answer that is made from now on may be kept; 0: it may not. */
uint64_t kept_version(const ApiParts *parts, const ApiRoute *route, const HttpExchange *x);
void kept_put(Kept *k, const ApiParts *parts, const HttpExchange *x, uint64_t version);

#endif
