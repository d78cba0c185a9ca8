/* limiter.h - how often somebody may do something: a bucket for each key that leaks steadily.
 *
 *   allowed when  max(tat, now) + cost/rate - now <= burst/rate,   then tat += cost/rate
 *
 * (GCRA: one number a key, the "theoretical arrival time".) The table has a fixed size: a key that
 * finds no room takes the place of the one in its set that would be allowed most, so that a flood
 * of made-up addresses forgives at worst, and never grows. Keys are hashed with a seed of the
 * process: nobody can aim at somebody else's place.
 *
 * Source: ATM Forum Traffic Management 4.1, generic cell rate algorithm. Threads: safe. */
#ifndef SOTTO_NET_LIMITER_H
#define SOTTO_NET_LIMITER_H

#include "base/str.h"

typedef struct Limiter Limiter;

typedef struct {
    double per_second; /* in the long run; more than 0 */
    double burst;      /* at once, after a rest */
} LimiterRate;

Limiter *limiter_new(size_t keys, Err *err); /* rounded up to a power of two */
void limiter_free(Limiter *l);               /* NULL is allowed */
/* Takes `cost` of the key's share. False: it has none left, and *retry_s (may be NULL) is after how
 * many seconds it has again, 1 at least. `kind` keeps one purpose's keys from another's. */
bool limiter_take(Limiter *l, unsigned kind, Str key, LimiterRate rate, double cost,
    unsigned *retry_s);
/* An address as a key: an IPv6 one by its first 64 bits, because one host has as many. In `out`. */
Str limiter_address(Str peer, char out[48]);

#endif
