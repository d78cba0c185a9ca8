/* turns.h - the turns of one conversation come one after another; those of others do not wait.
 *
 * A turn may last as long as a language model writes, so that nothing is shared between sessions.
 * Threads: any. */
#ifndef SOTTO_ASSISTANT_TURNS_H
#define SOTTO_ASSISTANT_TURNS_H

#include <pthread.h>

#include "base/err.h"
#include "base/uuid.h"

/* One turn on its way; the caller's, from turns_enter until turns_leave. */
typedef struct TurnHeld {
    Uuid session;
    struct TurnHeld *next;
} TurnHeld;

typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t left;
    TurnHeld *held;
} Turns;

void turns_init(Turns *t);
void turns_release(Turns *t); /* nobody is in */
/* Waits for the session's turn before. `cancelled` (may be NULL) is asked ten times a second
 * meanwhile; true: ERR_CANCELLED, and turns_leave must not follow. */
bool turns_enter(Turns *t, TurnHeld *h, const Uuid *session, bool (*cancelled)(void *arg),
    void *arg, Err *err);
void turns_leave(Turns *t, TurnHeld *h);

#endif
