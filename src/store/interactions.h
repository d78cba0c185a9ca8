/* interactions.h - what was said aloud to the assistant and what it answered, as rows.
 *
 * An interaction is kept as the object that the client was given (body_json), beside what a list
 * is ordered and joined by. It goes with its conversation: deleting that deletes the interactions
 * of it in the same transaction, so that no word of it stays.
 *
 * Threads: as store.h. */
#ifndef SOTTO_STORE_INTERACTIONS_H
#define SOTTO_STORE_INTERACTIONS_H

#include "store/store.h"

#define INTERACTION_MAX_JSON (256u << 10)

typedef struct {
    Uuid id;
    Uuid session;  /* nil: of no conversation, as silence is */
    int64_t at;    /* ms since 1970 */
    Str body_json; /* an object: VoiceInteraction of docs/openapi */
} StoredInteraction;

typedef struct {
    StoredInteraction *items; /* the newest first */
    size_t n;
    uint64_t total;
    Str next_cursor; /* ptr NULL on the last page */
} InteractionPage;

/* New, or known by its id and written anew. ERR_VALIDATION, ERR_TOO_LARGE. */
bool store_interaction_put(Store *s, const Uuid *owner, const StoredInteraction *i, Err *err);
/* ERR_NOT_FOUND. */
bool store_interaction_get(Store *s, const Uuid *owner, const Uuid *id, Arena *a,
    StoredInteraction *out, Err *err);
/* limit 1..1000. ERR_VALIDATION for a cursor of another list. */
bool store_interaction_list(Store *s, const Uuid *owner, size_t limit, Str cursor, Arena *a,
    InteractionPage *out, Err *err);
/* id NULL: all. *n (may be NULL): how many went. ERR_NOT_FOUND for one that is not there. */
bool store_interaction_delete(Store *s, const Uuid *owner, const Uuid *id, uint64_t *n, Err *err);

#endif
