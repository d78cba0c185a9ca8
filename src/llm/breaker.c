#include "llm/breaker.h"

#include <stddef.h>

bool breaker_would(const Breaker *b, uint64_t now_ns)
{
    return b->until_ns == 0 || (now_ns >= b->until_ns && !b->probing);
}

bool breaker_enter(Breaker *b, uint64_t now_ns, double *wait_s)
{
    if (breaker_would(b, now_ns)) {
        b->probing = b->until_ns != 0;
        return true;
    }
    if (wait_s)
        *wait_s = now_ns < b->until_ns ? (double)(b->until_ns - now_ns) * 1e-9 : 0;
    return false;
}

void breaker_leave(Breaker *b, uint64_t now_ns, BreakerOutcome outcome)
{
    bool probed = b->probing;
    b->probing = false;
    if (outcome == BREAKER_OK)
        *b = (Breaker){0};
    if (outcome == BREAKER_OK || outcome == BREAKER_NEITHER)
        return;
    b->failures++;
    if (!probed && outcome != BREAKER_SLOW && b->failures < BREAKER_FAILURES)
        return;
    uint64_t s = BREAKER_FIRST_S;
    for (unsigned i = 0; i < b->opened && s < BREAKER_MOST_S; i++)
        s *= 2;
    s = s < BREAKER_MOST_S ? s : BREAKER_MOST_S;
    b->opened++;
    b->until_ns = now_ns + s * 1000000000u;
}
