/* breaker.h - whether a server that keeps failing is worth another try.
 *
 *   closed -- three failures in a row, or one that was slow --> open for 30 s -> one probe
 *   the probe fails -> open for twice as long, five minutes at most; it succeeds -> closed
 *
 * Threads: plain data; the caller has a lock. */
#ifndef SOTTO_LLM_BREAKER_H
#define SOTTO_LLM_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#define BREAKER_FAILURES 3u
#define BREAKER_FIRST_S 30u
#define BREAKER_MOST_S 300u

typedef struct {
    unsigned failures, opened; /* in a row; how often without a success between */
    uint64_t until_ns;         /* 0: closed */
    bool probing;
} Breaker;

/* NEITHER: what happened says nothing about the server (somebody cancelled). */
typedef enum { BREAKER_OK, BREAKER_FAILED, BREAKER_SLOW, BREAKER_NEITHER } BreakerOutcome;

/* Whether a request may go out now; then breaker_leave must follow. Else *wait_s (may be NULL) is
 * how long it stays so, 0 while a probe is on its way. */
bool breaker_enter(Breaker *b, uint64_t now_ns, double *wait_s);
void breaker_leave(Breaker *b, uint64_t now_ns, BreakerOutcome outcome);
/* Whether breaker_enter would say yes. */
bool breaker_would(const Breaker *b, uint64_t now_ns);

#endif
