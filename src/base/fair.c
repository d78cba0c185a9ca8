#include "base/fair.h"

#include <stddef.h>

#define CONTENDED_MS 2000

static bool is_busy(const FairPlace *p)
{
    return p->waiting || p->running;
}

FairPlace *fair_place(Fair *f, uint64_t key)
{
    FairPlace *set = f->places[(key * 0x9e3779b97f4a7c15u >> 32) % FAIR_SETS], *least = NULL;
    for (unsigned i = 0; i < FAIR_WAYS; i++) {
        FairPlace *p = &set[i];
        if (p->key == key)
            return p;
        if (!is_busy(p) && (!least || p->used_ns < least->used_ns))
            least = p;
    }
    if (!least)
        return set;
    *least = (FairPlace){.key = key};
    return least;
}

/* Brings the place up to now. */
static void look(FairPlace *p, uint64_t now_ms)
{
    uint64_t since = now_ms > p->at_ms ? now_ms - p->at_ms : 0;
    if (!since)
        return;
    p->at_ms = now_ms;
    if (is_busy(p)) {
        since = since < FAIR_PRESSED_MAX_MS ? since : FAIR_PRESSED_MAX_MS;
        p->pressed_ms += (uint32_t)since;
        if (p->pressed_ms > FAIR_PRESSED_MAX_MS)
            p->pressed_ms = FAIR_PRESSED_MAX_MS;
        return;
    }
    p->pressed_ms -= since < p->pressed_ms ? (uint32_t)since : p->pressed_ms;
    uint64_t idle = p->idle_ms + since, seconds = idle / 1000;
    p->idle_ms = (uint32_t)(idle % 1000);
    p->used_ns = seconds < 63 ? p->used_ns >> seconds : 0;
}

void fair_add(FairPlace *p, uint64_t ns, uint64_t now_ms)
{
    look(p, now_ms);
    if (!p->used_ns)
        p->idle_ms = 0;
    p->used_ns = ns < FAIR_MOST_NS - p->used_ns ? p->used_ns + ns : FAIR_MOST_NS;
}

void fair_wait(FairPlace *p, uint64_t now_ms)
{
    look(p, now_ms);
    p->waiting++;
    if (!p->since_ms)
        p->since_ms = now_ms;
}

void fair_run(FairPlace *p, uint64_t now_ms)
{
    look(p, now_ms);
    p->waiting--;
    p->running++;
}

void fair_done(FairPlace *p, uint64_t ns, uint64_t now_ms)
{
    fair_add(p, ns, now_ms);
    p->running--;
}

uint64_t fair_used_by(FairPlace *p, uint64_t now_ms)
{
    look(p, now_ms);
    return p->used_ns;
}

bool fair_pressing(FairPlace *p, uint64_t now_ms)
{
    look(p, now_ms);
    return p->pressed_ms >= FAIR_PRESSING_MS;
}

bool fair_is_new(const FairPlace *p, uint64_t now_ms)
{
    return now_ms - p->since_ms < FAIR_NEW_MS;
}

uint64_t fair_used(Fair *f, uint64_t key, uint64_t now_ms)
{
    return key ? fair_used_by(fair_place(f, key), now_ms) : 0;
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
    fair_add(p, ns, now_ms);
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
