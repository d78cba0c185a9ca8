#include "base/fair.h"

#define CONTENDED_MS 2000

FairPlace *fair_place(Fair *f, uint64_t key)
{
    return &f->places[(key * 0x9e3779b97f4a7c15u) >> 54];
}

static void forget(FairPlace *p, uint64_t now_ms)
{
    uint64_t seconds = now_ms > p->at_ms ? (now_ms - p->at_ms) / 1000 : 0;
    if (!seconds)
        return;
    p->used_ns = seconds < 63 ? p->used_ns >> seconds : 0;
    p->at_ms = p->used_ns ? p->at_ms + seconds * 1000 : now_ms;
}

uint64_t fair_used(Fair *f, uint64_t key, uint64_t now_ms)
{
    if (!key)
        return 0;
    FairPlace *p = fair_place(f, key);
    forget(p, now_ms);
    return p->used_ns;
}

static void pay(const Fair *f, FairPlace *p, uint64_t now_ns)
{
    if (now_ns <= p->debt_at)
        return;
    uint64_t since = now_ns - p->debt_at;
    uint64_t paid = since < UINT64_MAX / 1000000 ? since / 1000 * f->part : UINT64_MAX;
    p->debt_ns = p->debt_ns > paid ? p->debt_ns - paid : 0;
    p->debt_at = now_ns;
}

void fair_charge(Fair *f, uint64_t key, uint64_t ns, uint64_t now_ms)
{
    if (!key)
        return;
    FairPlace *p = fair_place(f, key);
    forget(p, now_ms);
    p->used_ns += ns;
    if (f->part)
        pay(f, p, now_ms * 1000000);
    p->debt_ns = p->debt_ns + ns < FAIR_DEBT_NS ? p->debt_ns + ns : FAIR_DEBT_NS;
}

uint64_t fair_owes(Fair *f, uint64_t key, uint64_t now_ns)
{
    FairPlace *p = fair_place(f, key);
    if (!key || !f->part || !p->debt_ns)
        return 0;
    pay(f, p, now_ns);
    return p->debt_ns > FAIR_BURST_NS ? (p->debt_ns - FAIR_BURST_NS) / f->part * 1000 + 1000 : 0;
}

void fair_seen(Fair *f, uint64_t key, uint64_t now_ms)
{
    if (!key || key == f->last_key)
        return;
    if (f->last_key)
        f->mixed_ms = now_ms;
    f->last_key = key;
}

bool fair_contended(const Fair *f, uint64_t now_ms)
{
    return f->mixed_ms && now_ms - f->mixed_ms < CONTENDED_MS;
}
